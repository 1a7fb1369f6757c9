package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Every kind of page from right to left, at the width of a phone, in the made-up
// language ar-XB: the page says its direction, nothing sticks out at either side,
// and its beginning stands at the right.
func TestBrowserRightToLeft(t *testing.T) {
	s := openTextSite(t)
	v := browse(t, s.URL)
	bundle, err := s.server.I18n.Pseudo()
	if err != nil {
		t.Fatal(err)
	}
	s.server.I18n = bundle
	paths := populated(t, s)
	v.open("/sign-in")
	v.send("main button", "#f-pseudonym", "Alder", "#f-password", "a long password")
	v.sees("Alder")
	v.width(320)
	v.open("/?lang=ar-XB")
	for _, path := range paths {
		v.open(path)
		v.runsFromTheRight(path)
		if strings.HasSuffix(path, "/plan") || strings.HasSuffix(path, "/published") {
			v.shot("ar-XB-320-" + strings.Trim(strings.ReplaceAll(shortPath(path), "/", "_"), "_"))
		}
	}
}

func (v *visitor) runsFromTheRight(path string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, time.Minute)
	defer cancel()
	type seen struct {
		Dir   string   `json:"dir"`
		Wide  int      `json:"wide"`
		Out   []string `json:"out"`
		Start string   `json:"start"`
	}
	// Out is what begins left of the page: scrollWidth alone does not count it everywhere.
	// Where something is cut off or scrolls in a box of its own, it is no fault; what only a screen reader
	// hears (.skip) stands outside.
	page, err := chromedp.Run(ctx, chromedp.Evaluate[seen](`(() => {
		const boxed = e => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== "visible") return true; return false }
		return {
			dir: getComputedStyle(document.documentElement).direction + " " + document.documentElement.dir,
			wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
			out: [...document.querySelectorAll("main :not(.skip)")].filter(e => { const r = e.getBoundingClientRect(); return r.width > 0 && (r.left < -1 || r.right > innerWidth + 1) && !boxed(e) }).slice(0, 3).map(e => e.outerHTML.slice(0, 80)),
			start: getComputedStyle(document.querySelector("h1")).textAlign}
	})()`))
	if err != nil {
		v.t.Fatalf("%s: %v", path, err)
	}
	if page.Dir != "rtl rtl" || page.Wide > 0 || len(page.Out) > 0 || page.Start == "left" {
		v.t.Errorf("%s: %+v", path, page)
	}
}
