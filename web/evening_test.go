package web

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

// A scribe is the one who types in an evening; what is typed is counted.
type scribe struct {
	*visitor
	typed, shown int // fields filled, and fields in the forms that were sent
}

// sends fills and sends the form of a button; fields as for send, "" as a text to
// choose the field with a click.
func (s *scribe) sends(button string, fields ...string) {
	s.t.Helper()
	n, err := chromedp.Run(s.ctx, chromedp.Evaluate[int](`new Set(Array.from(document.querySelector("`+button+`").form.elements)
		.filter(e => e.name && e.type !== "hidden" && e.type !== "submit").map(e => e.type === "radio" ? e.name : e.id || e.name + e.value)).size`))
	if err != nil {
		s.t.Fatal(button, err)
	}
	s.typed, s.shown = s.typed+len(fields)/2, s.shown+n
	var steps []chromedp.Action[chromedp.Void]
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i+1] == "" {
			steps = append(steps, chromedp.Click(chromedp.CSS(fields[i])))
		} else {
			steps = append(steps, chromedp.SendKeys(chromedp.CSS(fields[i]), fields[i+1]))
		}
	}
	s.do(append(steps, chromedp.Click(chromedp.CSS(button)))...)
}

func (v *visitor) path() string {
	v.t.Helper()
	at, err := chromedp.Run(v.ctx, chromedp.Location())
	if err != nil {
		v.t.Fatal(err)
	}
	u, err := url.Parse(at)
	if err != nil {
		v.t.Fatal(err)
	}
	return u.Path
}

// The evening: six people with phones, a node that nobody set up, and one account.
// They end with an agreed text to print. At most 25 fields are typed by the scribe.
func TestBrowserEvening(t *testing.T) {
	site, link := openFreshSite(t)
	var requests, pages atomic.Int64
	inner := site.server.Handler()
	site.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if !strings.HasPrefix(r.URL.Path, "/asset/") {
			pages.Add(1)
		}
		inner.ServeHTTP(w, r)
	})
	s := &scribe{visitor: browse(t, site.URL)}
	s.width(320)
	s.open("/setup/" + link)
	s.sends("main form button", "#f-pseudonym", "Alder", "#f-password", "four words to remember", "#f-place", "Rio Claro")
	s.sees("Your place is there.")
	s.open("/library/model/how-our-group-decides")
	s.do(chromedp.Click(chromedp.CSS("form[action='/adapt'] button")))
	s.sees("This is your draft.")
	draft := s.path()
	s.fillBlanks()
	s.open(draft + "/publish")
	s.sends("main form[action$='/publish'] button", "#f-message", "Ours")
	s.sees("Published.")
	text := s.path()
	s.do(chromedp.Click(chromedp.CSS("a[href*='/propose?']")))
	s.sees("You propose that")
	s.sends("main form[action$='/propose'] button")
	s.sees("It begins with questions.")
	proposal := s.path()
	s.sends("form[action$='/open-room'] button")
	s.sees("The code is there.")
	s.shot("evening-wall-320")
	code, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`new URL(document.querySelector(".room-address").textContent.trim()).pathname`))
	if err != nil {
		t.Fatal(err)
	}
	phones := make([]*visitor, 5)
	for i := range phones {
		phones[i] = browse(t, site.URL)
		phones[i].width(320)
		phones[i].open(code)
		phones[i].sees("Read in peace.")
	}
	s.open(proposal)
	for range 2 {
		s.sends("form[action$='/next'] button")
		s.sees("The next round has begun.")
		s.open(proposal)
	}
	for i, p := range phones {
		p.open(code)
		switch i {
		case 0:
			p.do(chromedp.Click(chromedp.CSS("input[value=concern]")), chromedp.SendKeys(chromedp.CSS("#f-body"), "Who keeps the minutes?"))
		default:
			p.do(chromedp.Click(chromedp.CSS("input[value=agree]")))
		}
		p.do(chromedp.Click(chromedp.CSS("main form button")))
		p.sees("Your answer is with the person")
	}
	phones[0].shot("evening-phone-320")
	s.open(proposal)
	s.sees("Filled in from 5 answers")
	s.shot("evening-scribe-320")
	s.sends("form[action$='/room'] button")
	s.sees("The round is written down.")
	s.sends("form[action$='/say'] button", "form[action$='/say'] input[value=agree]", "")
	s.sees("Agree: 6 (with a concern: 1)")
	s.sends("form[action$='/close'] button")
	s.sees("The outcome is public now.")
	s.open(text + "?paper=1")
	s.sees("<figure class=\"qr\">")
	s.shot("evening-paper-320")
	phones[1].open(code)
	phones[1].sees("This code has ended.")
	t.Logf("the scribe filled %d fields of %d in the forms sent; all six made %d requests, %d of them for pages and forms", s.typed, s.shown, requests.Load(), pages.Load())
	if s.typed > 25 {
		t.Errorf("the scribe fills %d fields", s.typed)
	}
}

// fillBlanks gives each blank of the draft its value.
func (s *scribe) fillBlanks() {
	s.t.Helper()
	blanks, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`Array.from(document.querySelectorAll("form[action$='/variables'] input[name=value]")).filter(e => !e.value).map(e => "#" + e.id)`))
	if err != nil {
		s.t.Fatal(err)
	}
	if len(blanks) == 0 {
		return
	}
	var fields []string
	for _, b := range blanks {
		fields = append(fields, b, "seven")
	}
	s.sends("form[action$='/variables'] button", fields...)
	s.sees("Saved.")
}
