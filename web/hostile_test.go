package web_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"translocal/decide"
	"translocal/place"
)

// bad are values that no field takes as they are.
var bad = map[string]string{
	"too long":        strings.Repeat("long ", 60_000),
	"control":         "a\x00b\x1bc",
	"bidi":            "a\u202eb\u2066c",
	"no UTF-8":        "a\xff\xfeb",
	"a huge number":   "999999999999999999999999999999",
	"a negative one":  "-1",
	"a date too much": "2030-02-31",
}

// sometimes gives a function that is true always in the long tests and, for
// speed, one time in four in the short ones.
func sometimes() func() bool {
	all, n := os.Getenv("TRANSLOCAL_TEST_LONG") != "", 0
	return func() bool { n++; return all || n%4 == 0 }
}

// TestNoFormTakesWhatIsBad puts each bad value into each field of each form
// that a keeper reaches, hidden ones too. What is refused writes nothing and
// says so; what is taken was taken without the bad part.
func TestNoFormTakesWhatIsBad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.received()
	seeds := []string{"/", "/places/new", "/site", w.p("/describe"), w.p("/work"), w.p("/meetings/new"), w.p("/meeting/" + w.meeting(false)), w.p("/members"), w.p("/following"), w.p("/propose?version=" + url.QueryEscape(w.text.ID)),
		w.atBringing(), w.atBringing() + "/plan", "/draft/" + w.draft(), w.path(w.text.ID), w.path(w.text.ID) + "/clause/" + w.text.Clauses[0].ID,
		w.p("/proposal/" + w.proposal(decide.Clarify)), w.p("/proposal/" + w.proposal(decide.React)), w.p("/proposal/" + w.proposal(decide.Consent))}
	forms := w.crawl(w.keeper, seeds...).forms
	tried, before, due := 0, w.dump(), sometimes()
	for _, action := range slices.Sorted(maps.Keys(forms)) {
		f := forms[action]
		if leaving.MatchString(action) {
			continue
		}
		for _, hit := range f.fields {
			for what, value := range bad {
				if !due() {
					continue
				}
				a := w.do(w.keeper, f.with(func(x field) string {
					if x.name == hit.name {
						return value
					}
					return x.plausible()
				}))
				tried++
				before = w.refusedOrClean(fmt.Sprintf("%s, %s %s", action, hit.name, what), a, before)
			}
		}
	}
	if len(forms) < 25 || tried < 100 {
		t.Errorf("%d forms and %d tries: the walk misses most", len(forms), tried)
	}
}

// refusedOrClean looks at the database after an answer, and gives it back.
func (w *world) refusedOrClean(what string, a answer, before map[string]string) map[string]string {
	w.t.Helper()
	if a.status >= 500 && a.status != 503 {
		w.t.Errorf("%s: %d: %.200s", what, a.status, a.body)
	}
	if a.status == 422 && strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && !saysWhy(parsed(w.t, a.body)) {
		w.t.Errorf("%s: the page does not say what is wrong", what)
	}
	after := w.dump()
	for k, row := range after {
		if before[k] == row {
			continue
		}
		if a.status >= 400 {
			w.t.Errorf("%s was refused with %d and wrote %s", what, a.status, k)
		}
		if p := unclean(row); p != "" {
			w.t.Errorf("%s: %s stands in %s", what, p, k)
		}
	}
	return after
}

// saysWhy tells whether a page has a fault at a field or over the whole. One
// that has no form to type into any more (it was not the time) says it in words.
func saysWhy(doc *html.Node) bool {
	asks := false
	for e := range doc.Descendants() {
		asks = asks || e.Data == "textarea"
	}
	if !asks {
		return true
	}
	for e := range doc.Descendants() {
		if attribute(e, "aria-invalid") == "true" || attribute(e, "role") == "alert" || slices.Contains(strings.Fields(attribute(e, "class")), "fault") {
			return true
		}
	}
	return false
}

func unclean(row string) string {
	switch {
	case !utf8.ValidString(row):
		return "text that is no UTF-8"
	case strings.Contains(row, bad["too long"][:100_000]):
		return "what is too long"
	case strings.ContainsFunc(row, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) && r != '\u200e' }), strings.Contains(row, "a\x00b"):
		return "a hidden character"
	}
	return ""
}

// TestNoCallTakesWhatIsBad changes the body of each call of the API that the
// walk over the permissions makes (which misses none): each value becomes bad
// or of another type, names stand twice or in another case, and the whole is
// broken.
func TestNoCallTakesWhatIsBad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tried, due := 0, sometimes()
	for _, action := range actions() {
		for _, d := range probes[action] {
			c := d(w, stateFor(action))
			body, err := json.Marshal(c.json)
			must(t, err)
			if c.json == nil {
				continue
			}
			before := w.dump()
			for what, raw := range spoiled(t, body) {
				if !strings.HasPrefix(what, "!") && !due() {
					continue
				}
				a := w.do(w.keeper, call{method: c.method, path: c.path, raw: raw})
				tried++
				whole := strings.HasPrefix(what, "!")
				if whole && (a.status < 400 || a.status >= 500) {
					t.Errorf("%s %s, %s: %d", c.method, c.path, what, a.status)
				}
				before = w.refusedOrClean(c.method+" "+c.path+", "+what, a, before)
			}
			w.mend()
		}
	}
	if tried < 400 {
		t.Error("tried only", tried)
	}
}

// stateFor is a state in which an action can be done.
func stateFor(a place.Action) place.State {
	for _, r := range place.Table {
		if r.Action == a {
			return r.State
		}
	}
	return place.Any
}

// spoiled are the ways to spoil a body; those marked with "!" are always refused.
func spoiled(t *testing.T, body []byte) map[string]string {
	t.Helper()
	var whole map[string]any
	must(t, json.Unmarshal(body, &whole))
	out := map[string]string{
		"!no JSON": "{", "!a list": "[]", "!a number": "1", "!nothing after": string(body) + string(body),
		"!deep": strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), "!no UTF-8": `{"name":"` + "\xff" + `"}`,
	}
	for k, v := range whole {
		name, value := quoted(t, k), quoted(t, v)
		out["!twice "+k] = "{" + name + ":" + value + "," + strings.TrimPrefix(string(body), "{")
		changed := func(what string, x any) {
			m := maps.Clone(whole)
			m[k] = x
			out[what] = quoted(t, m)
		}
		m := maps.Clone(whole)
		delete(m, k)
		m[strings.ToUpper(k[:1])+k[1:]] = v
		out["!case "+k] = quoted(t, m)
		m = maps.Clone(whole)
		m["unheardOf"] = 1
		out["!unknown"] = quoted(t, m)
		changed("!an object for "+k, map[string]any{"x": 1})
		if _, truth := v.(bool); truth {
			changed("!a word for "+k, "yes")
		} else {
			changed("!a truth for "+k, true)
		}
		for what, x := range bad {
			changed(k+" "+what, x)
		}
		changed(k+" a huge number", json.Number("1e999"))
		changed(k+" a big number", json.Number("99999999999999999999"))
	}
	return out
}

func quoted(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}
