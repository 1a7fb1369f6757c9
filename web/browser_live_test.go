package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"translocal/place"
)

// holds waits until an expression is true in the page.
func (v *visitor) holds(what, expression string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 20*time.Second)
	defer cancel()
	for {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && ok {
			return
		}
		if ctx.Err() != nil {
			v.t.Fatalf("%s; the page is\n%.3000s", what, v.html())
		}
	}
}

func (v *visitor) signIn(name string) {
	v.t.Helper()
	v.open("/sign-in")
	v.send("main button", "#f-pseudonym", name, "#f-password", "a long password")
	v.sees(`data-me`)
}

const typedBody = `document.querySelector("form[action$='/say'] textarea").value`

// Two have a proposal open. One says something: the other sees it, and keeps the
// sentence that was begun.
func TestBrowserOpenPageIsBroughtUpToDate(t *testing.T) {
	s := openTextSite(t)
	t.Cleanup(s.server.EndEvents)
	v := browse(t, s.URL)
	member := s.member("Birch")
	id := s.proposed()
	path := strings.TrimPrefix(s.place.ID, s.URL) + "/proposal/" + id
	v.signIn("Alder")
	v.open(path)
	v.do(chromedp.SendKeys(chromedp.CSS("form[action$='/say'] textarea"), "Half a sent"))
	s.say(member, id, "Who pays for it?")
	v.sees("Who pays for it?")
	v.holds("what was typed is lost", typedBody+` === "Half a sent"`)
	v.holds("no line says so", `document.getElementById("live").textContent.includes("brought up to date")`)
	// The round moves on: the form that somebody types in stays, and a line says so.
	if err := s.server.Decisions.NextRound(t.Context(), s.keeper, id); err != nil {
		t.Fatal(err)
	}
	v.holds("no link to what is new", `document.querySelector("#live a") !== null`)
	v.holds("what was typed is lost", typedBody+` === "Half a sent"`)
	v.shot("live-new")
	// Signed out elsewhere, the page says so at the next thing that happens.
	list, err := s.server.Places.Sessions(t.Context(), s.keeper)
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	for _, x := range list {
		if err := s.server.Places.EndSession(t.Context(), s.keeper, x.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.server.Decisions.NextRound(t.Context(), s.keeper, id); err != nil {
		t.Fatal(err)
	}
	v.holds("nobody says that the page hears no more", `document.getElementById("live").textContent.includes("hears no more")`)
	v.holds("what was typed is lost", typedBody+` === "Half a sent"`)
}

// What was typed outlives a reload and a dead server; once sent, or signed out, it is
// kept no more.
func TestBrowserDraftIsKeptUntilItIsSent(t *testing.T) {
	s := openTextSite(t)
	t.Cleanup(s.server.EndEvents)
	v := browse(t, s.URL)
	id := s.proposed()
	path := strings.TrimPrefix(s.place.ID, s.URL) + "/proposal/" + id
	v.signIn("Alder")
	v.do(chromedp.Evaluate[chromedp.Void](`localStorage.setItem("draft another old", JSON.stringify({at: Date.now() - 15 * 24 * 3600 * 1000, fields: []}))`))
	kept := func(n string) string {
		return `Object.keys(localStorage).filter(k => k.startsWith("draft ")).length === ` + n
	}
	v.open(path)
	v.holds("a draft of 15 days ago is still here", kept("0"))
	v.do(chromedp.Click(chromedp.CSS("form[action$='/say'] input[value=question]")), chromedp.SendKeys(chromedp.CSS("form[action$='/say'] textarea"), "Who pays?"))
	v.holds("nothing is kept", kept("1"))
	v.open(path)
	v.holds("it is put back unasked", typedBody+` === ""`)
	v.shot("live-draft")
	v.do(chromedp.Click(chromedp.CSS("[data-offer] button")))
	v.holds("it is not put back", typedBody+` === "Who pays?" && document.querySelector("input[value=question]").checked`)

	// The server does not answer: the page says so and keeps all.
	v.do(chromedp.Evaluate[chromedp.Void](`window.answers = window.fetch; window.fetch = () => Promise.reject(new TypeError("no connection"))`))
	v.do(chromedp.Click(chromedp.CSS("form[action$='/say'] button:not([type])")))
	v.holds("nobody says that there is no connection", `document.querySelector("[data-lost]")?.textContent.includes("nothing is lost") ?? false`)
	v.holds("what was typed is lost", typedBody+` === "Who pays?"`)
	v.shot("live-lost")
	v.do(chromedp.Evaluate[chromedp.Void](`window.fetch = window.answers`))
	v.do(chromedp.Click(chromedp.CSS("form[action$='/say'] button:not([type])")))
	v.holds("it did not arrive", `document.querySelector("[data-said]") !== null`)
	v.sees("Who pays?")
	v.holds("what was sent is still kept", kept("0"))
	if x, err := s.server.Decisions.Read(t.Context(), s.keeper, id); err != nil || len(x.Voices) != 1 {
		t.Fatal("said more or less than once:", len(x.Voices), err)
	}

	// Signing out takes away what was not sent.
	v.do(chromedp.SendKeys(chromedp.CSS("form[action$='/say'] textarea"), "Unsent"))
	v.holds("nothing is kept", kept("1"))
	// What was refused is not thrown away when something else goes well.
	if err := s.server.Decisions.Withdraw(t.Context(), s.keeper, id); err != nil {
		t.Fatal(err)
	}
	v.do(chromedp.Click(chromedp.CSS("form[action$='/say'] input[value=question]")), chromedp.Click(chromedp.CSS("form[action$='/say'] button:not([type])")))
	v.holds("it is not refused", `document.querySelector("[data-said]") === null && document.querySelector("form[action$='/say'] textarea") === null`)
	v.open("/account?said=said.setup")
	v.holds("nothing is said", `document.querySelector("[data-said]") !== null`)
	v.holds("what was refused is thrown away", kept("1"))
	v.open("/account")
	v.do(chromedp.Click(chromedp.CSS("form[data-forget] button")))
	v.sees("/sign-in")
	v.holds("a draft stays on the device", kept("0"))
}

// Who is not signed in has a draft in the tab alone.
func TestBrowserDraftOfAStrangerStaysInTheTab(t *testing.T) {
	s := openTextSite(t)
	t.Cleanup(s.server.EndEvents)
	v := browse(t, s.URL)
	k := s.publish(passages("The council ends new gas."))
	text := must1(s.server.Blueprints.Read(t.Context(), place.Viewer{}, k))
	v.open("/tell?version=" + k.ID + "&clause=" + text.Clauses[0].ID)
	v.do(chromedp.SendKeys(chromedp.CSS("form[action='/tell'] textarea"), "Nobody paid"))
	v.holds("nothing is kept in the tab, or something on the device", `Object.keys(sessionStorage).some(k => k.startsWith("draft ")) && !Object.keys(localStorage).some(k => k.startsWith("draft "))`)
	v.do(chromedp.Click(chromedp.CSS("[data-note] button")))
	v.holds("switched off, it is still kept", `!Object.keys(sessionStorage).some(k => k.startsWith("draft "))`)
}
