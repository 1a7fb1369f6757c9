package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"translocal/decide/opinion"
	"translocal/i18n"
)

// camps makes a map of people in camps of the sizes given, who agree with the
// statements of their own camp and hardly with others', and all with the last.
func camps(t *testing.T, sizes ...int) *opinion.Map {
	t.Helper()
	const each = 8
	chance := rand.New(rand.NewPCG(1, 1))
	var statements []opinion.Statement
	for j := range each*len(sizes) + 1 {
		statements = append(statements, opinion.Statement{ID: fmt.Sprint(j), Text: fmt.Sprintf("Sentence number %d", j)})
	}
	statements[0].Text = `</th><script>alert("x")</script> & more`
	var casts []opinion.Cast
	person := 0
	for camp, size := range sizes {
		for range size {
			person++
			for j := range statements {
				vote := opinion.Disagree
				if j/each == camp || j == len(statements)-1 {
					vote = opinion.Agree
				}
				if chance.IntN(10) == 0 {
					vote = opinion.Pass
				}
				casts = append(casts, opinion.Cast{Participant: fmt.Sprintf("secret-%d", person), Statement: statements[j].ID, Vote: vote})
			}
		}
	}
	c, err := opinion.NewConversation(statements, casts)
	if err != nil {
		t.Fatal(err)
	}
	c.Topic = "Trees <b>& us</b>"
	m, err := opinion.Make(c, opinion.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// render writes the page in a language, in which no message may be missing.
func render(t *testing.T, m *opinion.Map, lang string) string {
	t.Helper()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	var page, text bytes.Buffer
	p := bundle.Strict().Printer(lang)
	if err := Opinion(&page, m, p); err != nil {
		t.Fatal(err)
	}
	if err := OpinionText(&text, m, p); err != nil {
		t.Fatal(err)
	}
	unfilled := regexp.MustCompile(`⟦|\{[a-z_]+\}|%!`)
	for _, out := range []string{withoutStyle(page.String()), text.String()} {
		if found := unfilled.FindString(out); found != "" {
			t.Errorf("%s: the report holds %q", lang, found)
		}
		if strings.Contains(out, "secret-") {
			t.Errorf("%s: the report names a participant", lang)
		}
	}
	return page.String()
}

func withoutStyle(page string) string {
	before, rest, _ := strings.Cut(page, "<style>")
	_, after, _ := strings.Cut(rest, "</style>")
	return before + after
}

// elements counts the elements of a page and looks into their attributes.
func elements(t *testing.T, page string) map[string]int {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		for _, a := range n.Attr {
			if a.Key == "src" || a.Key == "href" || a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "th" && !has(n, "scope") || n.Data == "svg" && !has(n, "role") && !has(n, "aria-hidden") {
			t.Errorf("<%s> without what a screen reader needs", n.Data)
		}
	}
	return count
}

func has(n *html.Node, attribute string) bool {
	for _, a := range n.Attr {
		if a.Key == attribute {
			return true
		}
	}
	return false
}

func TestReport(t *testing.T) {
	m := camps(t, 60, 40)
	if m.K != 2 {
		t.Fatalf("%d groups", m.K)
	}
	for _, lang := range []string{"en", "es"} {
		page := render(t, m, lang)
		count := elements(t, page)
		if count["script"]+count["img"]+count["link"]+count["b"] != 0 || count["h1"] != 1 {
			t.Errorf("%s: elements %v", lang, count)
		}
		if count["polygon"] != 2 || count["circle"] < 10 || count["circle"] > 100 {
			t.Errorf("%s: %d outlines and %d dots for 2 groups of 100 people", lang, count["polygon"], count["circle"])
		}
		if count["caption"] != count["table"] {
			t.Errorf("%s: %d tables, %d captions", lang, count["table"], count["caption"])
		}
		for _, want := range []string{"Trees &lt;b&gt;&amp; us&lt;/b&gt;", "&lt;script&gt;", "Sentence number 16"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %s", lang, want)
			}
		}
	}
	if page := render(t, m, "en"); !strings.Contains(page, "60%") || !strings.Contains(page, ">60<") {
		t.Error("the page lacks the size of the greater group")
	}
}

func TestSmallMapsHaveNoDots(t *testing.T) {
	m := camps(t, 25, 20)
	for _, lang := range []string{"en", "es"} {
		page := render(t, m, lang)
		count := elements(t, page)
		if count["circle"]+count["polygon"] != 0 || count["table"] < 3 {
			t.Errorf("%s: %d dots, %d outlines, %d tables", lang, count["circle"], count["polygon"], count["table"])
		}
	}
	if page := render(t, m, "en"); strings.Contains(page, ">25<") || !strings.Contains(page, "fewer than 50 people") {
		t.Error("a small map gives numbers, or does not say why it has no dots")
	}
}

func TestSmallGroupsKeepTheirAnswers(t *testing.T) {
	m := camps(t, 60, 4)
	if m.K != 2 || m.Groups[1].Size != 4 {
		t.Fatalf("groups %v", m.Groups)
	}
	page := render(t, m, "en")
	if !strings.Contains(page, "too small to show its answers") {
		t.Error("a group of four is shown in detail")
	}
	v := &opinionPage{m: m, p: mustPrinter(t)}
	for _, row := range append(v.Common(), v.Divides()...) {
		if row.Bars[1] != (bar{Text: "–"}) {
			t.Errorf("%s: the group of four is shown with %+v", row.Said, row.Bars[1])
		}
	}
}

func mustPrinter(t *testing.T) *i18n.Printer {
	t.Helper()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Printer("en")
}

func TestPlainCount(t *testing.T) {
	m := camps(t, 4, 3)
	page := render(t, m, "en")
	if !strings.Contains(page, "plain count") || elements(t, page)["table"] != 1 {
		t.Error("a map of seven people is no plain count")
	}
	empty, err := opinion.NewConversation(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = opinion.Make(empty, opinion.Options{}); err != nil {
		t.Fatal(err)
	}
	if page := render(t, m, "es"); !strings.Contains(page, "Nadie ha votado") {
		t.Error("a map of nobody does not say so")
	}
}

func TestConvexHull(t *testing.T) {
	square := []place{{0, 0}, {4, 0}, {4, 4}, {0, 4}}
	inner := append([]place{{2, 2}, {1, 3}, {2, 0}, {4, 4}}, square...)
	if got := convexHull(inner); fmt.Sprint(got) != fmt.Sprint(square) {
		t.Errorf("hull %v, want %v", got, square)
	}
	for _, few := range [][]place{nil, {{1, 1}}, {{1, 1}, {2, 2}}} {
		if got := convexHull(few); len(got) != len(few) {
			t.Errorf("hull of %v: %v", few, got)
		}
	}
	if got := convexHull([]place{{0, 0}, {1, 1}, {2, 2}}); len(got) != 2 {
		t.Errorf("hull of a line: %v", got)
	}
}

func TestOneLineHidesWhatSteersATerminal(t *testing.T) {
	if got, want := oneLine("a\x1b[31m\n\u009b2Jb  c"), "a [31m 2Jb c"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
