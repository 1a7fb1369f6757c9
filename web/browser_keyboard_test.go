package web

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"translocal/place"
)

// watchFocus notes each stop of the focus: whether it is seen to be there, and
// whether anything of it can be seen (WCAG 2.4.7 and 2.4.11).
const watchFocus = `(() => {
	window.stops = []
	const name = e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (e.name ? "[name=" + e.name + "]" : "") + " " + (e.textContent || e.value || "").trim().slice(0, 40)
	const seen = e => {
		const s = getComputedStyle(e)
		return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none"
	}
	const bare = e => Array.from(e.getClientRects()).some(r => [[.5, .5], [.1, .2], [.9, .2], [.1, .8], [.9, .8]].some(([x, y]) => {
		const left = Math.max(r.left, 0), right = Math.min(r.right, innerWidth), top = Math.max(r.top, 0), bottom = Math.min(r.bottom, innerHeight)
		const at = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y)
		return at && (e.contains(at) || at.contains(e) && at.tagName === "LABEL")
	}))
	const of = e => e.type === "radio" ? e.form?.id + e.form?.action + e.name : e
	window.expected = () => {
		const all = Array.from(document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"))
			.filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility())
		const passed = new Set(window.met.map(of))
		return all.filter(e => !passed.has(of(e))).map(name)
	}
	window.met = []
	document.addEventListener("focusin", ({target: e}) => {
		window.met.push(e)
		if (!seen(e)) window.stops.push("no sign of the focus: " + name(e))
		else if (!bare(e)) window.stops.push("focused and out of sight: " + name(e))
	})
	const parts = document.querySelectorAll("input[type=date], input[type=time]").length // each is up to six stops
	return document.querySelectorAll("a[href], button, input, select, textarea, summary, .scroll").length + 5 * parts
})()`

// Every kind of page is walked through with the tab key alone: all that can be
// pressed or filled is reached, each stop shows where one is, and none is behind
// something else; and the walk comes out at the end.
func TestBrowserTabsThroughEveryPage(t *testing.T) {
	s := openTextSite(t)
	v := browse(t, s.URL)
	paths := populated(t, s)
	v.open("/sign-in")
	v.send("main button", "#f-pseudonym", "Alder", "#f-password", "a long password")
	v.sees("Alder")
	v.open("/library")
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("main").insertAdjacentHTML("beforeend", "<button class=spoilt tabindex=-1>A</button><a href='/' id=bare>B</a>");
		document.styleSheets[0].insertRule("#bare:focus-visible { outline: none; box-shadow: none }")`))
	if found := v.tabs(); len(found) != 1 || !strings.HasPrefix(found[0], "no sign of the focus: a#bare") {
		t.Fatalf("on a page that was spoilt: %q", found)
	}
	for i, path := range paths {
		v.width([]int64{320, 1280}[i%2])
		v.open(path)
		for _, x := range v.tabs() {
			t.Errorf("%s: %s", path, x)
		}
	}
}

// tabs presses tab until the focus has left the page, and gives what was wrong.
func (v *visitor) tabs() (found []string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 2*time.Minute)
	defer cancel()
	most, err := chromedp.Run(ctx, chromedp.Evaluate[int](watchFocus))
	if err != nil {
		v.t.Fatal(err)
	}
	for range most + 1 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			v.t.Fatal(err)
		}
	}
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[string](`JSON.stringify(window.stops.concat(window.expected().map(e => "never reached: " + e)))`))
	if err != nil {
		v.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		v.t.Fatal(err)
	}
	return found
}

// to presses tab until the focus is on what is meant, as somebody without a mouse does.
func (v *visitor) to(selector string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	var passed []string
	for range 400 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			v.t.Fatal(err)
		}
		at, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.activeElement.matches(%q) ? "" : document.activeElement.tagName + " " + document.activeElement.textContent.trim().slice(0, 30)`, selector)))
		if err != nil {
			v.t.Fatal(err)
		}
		if at == "" {
			return
		}
		passed = append(passed, at)
	}
	v.t.Fatalf("the tab key never came to %s; it passed %q", selector, passed[:min(len(passed), 60)])
}

// types goes to each field and types, and presses the button with the key.
func (v *visitor) types(button string, fields ...string) {
	v.t.Helper()
	for i := 0; i+1 < len(fields); i += 2 {
		v.to(fields[i])
		v.do(chromedp.KeyEvent(fields[i+1]))
	}
	v.presses(button)
}

func (v *visitor) presses(what string) {
	v.t.Helper()
	v.to(what)
	v.do(chromedp.KeyEvent(kb.Enter))
}

// A group's first text, from the invitation to what the council did, by the
// keyboard alone: tab, the arrows, space and enter; with and without script.
func TestBrowserKeyboardAlone(t *testing.T) {
	for _, script := range []bool{true, false} {
		t.Run(fmt.Sprintf("script=%v", script), func(t *testing.T) {
			s := openTextSite(t)
			v := browse(t, s.URL)
			v.script(script)
			v.width(map[bool]int64{true: 320, false: 1280}[script])
			link, err := s.server.Places.Invite(t.Context(), s.keeper, s.place.Stream, place.Keeper)
			if err != nil {
				t.Fatal(err)
			}
			v.open("/come-in/" + link)
			v.types("main button", "#f-pseudonym", "Birch", "#f-password", "four words to remember")
			v.sees("Welcome.")
			v.open("/library/model/how-our-group-decides")
			v.presses("form[action='/adapt'] button")
			v.sees("This is your draft.")
			draft := v.path()
			v.open(draft + "/publish")
			v.types("main form[action$='/publish'] button", "#f-message", "Ours")
			v.sees("Published.")
			v.presses("a[href*='/propose?']")
			v.sees("You propose that")
			v.presses("main form[action$='/propose'] button")
			v.sees("It begins with questions.")
			proposal := v.path()
			for range 2 {
				v.presses("form[action$='/next'] button")
				v.sees("The next round has begun.")
				v.open(proposal)
			}
			v.to("form[action$='/say'] input[type=radio]")
			v.do(chromedp.KeyEvent(" "))
			v.presses("form[action$='/say'] button")
			v.sees("Agree: 1")
			v.presses("form[action$='/close'] button")
			v.sees("The outcome is public now.")
			v.presses("a[href*='/outcome/']")
			v.sees(`name="outcome"`)
			v.types("form[action$='/bring'] button", "form[action$='/bring'] input[name=name]", "Town council")
			v.sees("Town council")
			v.to("details:has(form[action$='/deed']) > summary")
			v.do(chromedp.KeyEvent(kb.Enter))
			v.types("form[action$='/deed'] button", "[name=deed_legal]", "adopted", "[name=deed_day]", "04012026", "[name=deed_reason]", "The council passed it.")
			v.sees("The council passed it.")
		})
	}
}
