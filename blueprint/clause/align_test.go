package clause

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"The Council SHALL act.", "the council shall act"},
		{"**Consequence**: a _written_ warning", "Consequence – a written warning"},
		{"an official e-mail address", "an official email address"},
		{"the maintainers’ don’t", "the maintainers' don't"},
		{"of\u00adﬁce co\u200boperate", "office cooperate"},
		{"line\nbroken   here", "line broken here"},
		{"see https://www.example.org/a/b/.", "see http://example.org/a/b"},
		{"a &amp; b<br>c", "a & b c"},
		{"Straße", "STRASSE"},
		{"ﻣﺪﻳﻨﺔ السَّلام", "مدينة السلام"},
		{"ＡＢＣ１２", "abc12"},
		{"市议会应当公开数据。", "市议会，应当公开数据"},
	} {
		if a, b := Normalise(c.a), Normalise(c.b); a != b {
			t.Errorf("%q and %q differ: %q, %q", c.a, c.b, a, b)
		}
	}
	for _, c := range []struct{ a, b string }{
		{"año", "ano"}, {"shall", "shall not"}, {"3.5", "35"}, {"90 days", "9 0 days"}, {"https://example.org/a", "https://example.org/b"},
	} {
		if Normalise(c.a) == Normalise(c.b) {
			t.Errorf("%q and %q are the same: %q", c.a, c.b, Normalise(c.a))
		}
	}
}

func TestSimilarity(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"", "", 1},
		{"one two three four", "one two three four", 1},
		{"one two three four", "", 0},
		{"one two three four", "five six seven eight", 0},
		{"one two three four", "one two three five", 0.75},
		{"one two three four", "one two", 2.0 * 2 / 6},
		{"a b c d e f", "f e d c b a", 2.0 * 1 / 12},
		{"公开数据", "公开数据库", 2.0 * 3 / 7}, // pairs of characters
	} {
		if got := Similarity(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// TestCommonUnits compares with the slow way, beyond one machine word.
func TestCommonUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		a, b := strings.Split(randomWords(rng, 1+rng.IntN(300), 4), ","), strings.Split(randomWords(rng, 1+rng.IntN(300), 4), ",")
		x, y := sequenceOf(normalWords(strings.Join(a, " "))), sequenceOf(normalWords(strings.Join(b, " ")))
		if got, want := newMatcher(x).common(y.units), commonLength(a, b); got != want {
			t.Fatalf("%d units in common, want %d", got, want)
		}
	}
}

func TestAlign(t *testing.T) {
	const (
		one   = "The council publishes every contract within thirty days of signing it.\n\n"
		two   = "Any resident may put a question to the council at any open session.\n\n"
		three = "The river has two guardians, who speak for it before the council.\n\n"
		four  = "This ordinance takes effect on the first day of the next year.\n\n"
	)
	for _, c := range []struct {
		name, parent, child string
		want                string
	}{
		{"same", one + two, one + two, "kept kept"},
		{"moved", one + two + three, three + one + two, "kept(moved) kept kept"},
		{"dropped and added", one + two + four, one + three + four, "kept dropped added kept"},
		{"changed", one + two, strings.Replace(one, "thirty", "ninety", 1) + two, "changed kept"},
		{"renumbered", "Section 1. " + one + "Section 2. " + two, "Section 4. " + one + "Section 7. " + two, "kept kept"},
		{"filled", strings.Replace(one, "council", "{{council}}", 1), one, "kept"},
		{"twice", one + two + one, one + one, "kept dropped kept"},
		{"moved and changed", one + two + three, strings.Replace(three, "two", "three", 1) + one + two, "changed(moved) kept kept"},
		{"nothing left", one + two, three + four, "dropped dropped added added"},
		{"from nothing", "", one, "added"},
		{"to nothing", one, "", "dropped"},
	} {
		var got []string
		for _, m := range Align(Read(c.parent), Read(c.child)) {
			s := string(m.State)
			if m.Moved {
				s += "(moved)"
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: got %s, want %s", c.name, s, c.want)
		}
	}
}

type declaration struct {
	Title    string    `xml:"title"`
	Preamble article   `xml:"preamble"`
	Articles []article `xml:"article"`
}

type article struct {
	Title string   `xml:"title"`
	Paras []string `xml:"para"`
	Items []string `xml:"orderedlist>listitem>para"`
}

func (a article) lines() []string {
	return append(append([]string{a.Title}, a.Paras...), a.Items...)
}

// declarations reads the Universal Declaration of Human Rights in many languages and scripts.
func declarations(t *testing.T) map[string]declaration {
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(dataDir(t, "")), "rights", "udhr", "*.xml"))
	if len(files) == 0 {
		t.Skip("no test data: rights/udhr")
	}
	out := make(map[string]declaration)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var d declaration
		if err := xml.Unmarshal(b, &d); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".xml")] = d
	}
	return out
}

func (d declaration) text(articles []article) string {
	lines := append([]string{d.Title}, d.Preamble.lines()...)
	for _, a := range articles {
		lines = append(lines, a.lines()...)
	}
	return strings.Join(lines, "\n\n")
}

// TestDeclarations: in each language and script every paragraph of the declaration is found, as itself,
// under the number of its article.
func TestDeclarations(t *testing.T) {
	for name, d := range declarations(t) {
		found := make(map[string]string) // text to heading
		for _, p := range Segment(d.text(d.Articles)) {
			found[Normalise(p.body())] = p.Heading
		}
		paragraphs, headed := 0, 0
		for _, a := range d.Articles {
			for _, para := range append(a.Paras, a.Items...) {
				if wordCount(normalWords(para)) < minWords {
					continue
				}
				paragraphs++
				heading, ok := found[Normalise(para)]
				if !ok {
					t.Errorf("%s: not found: %s", name, para)
				}
				if heading == strings.TrimSpace(a.Title) {
					headed++
				}
			}
		}
		if paragraphs < 45 {
			t.Errorf("%s: only %d paragraphs in the data", name, paragraphs)
		}
		if headed < paragraphs*9/10 { // one translation misspells the word for "article" here and there
			t.Errorf("%s: %d of %d paragraphs stand under their article", name, headed, paragraphs)
		}
	}
}

// TestDeclarationsAdapted: in each language a text that drops, moves and changes some articles still has
// the whole declaration in that language as its parent, and the states are those that were made.
func TestDeclarationsAdapted(t *testing.T) {
	all := declarations(t)
	var names []string
	var parents []Document
	for name, d := range all {
		names = append(names, name)
		parents = append(parents, Read(d.text(d.Articles)))
	}
	for i, name := range names {
		d := all[name]
		articles := slices.Clone(d.Articles)
		articles = append(articles[:3:3], articles[5:]...) // drop two
		articles = append(articles[4:8:8], append(articles[:4:4], articles[8:]...)...)
		child := Read(d.text(articles))
		got, score := Nearest(child, parents)
		if got != i {
			t.Errorf("%s: nearest is %d (%.2f)", name, got, score)
			continue
		}
		count := make(map[State]int)
		for _, m := range Align(parents[i], child) {
			count[m.State]++
		}
		if want := len(parents[i].Provisions) - len(child.Provisions); count[Dropped] != want || count[Added] != 0 || count[Changed] != 0 {
			t.Errorf("%s: %v, want %d dropped and all others kept", name, count, want)
		}
	}
	if families, _ := Families(parents); len(families) != 0 {
		for _, f := range families {
			for _, i := range f {
				t.Log(names[i])
			}
		}
		t.Errorf("translations share wording: %v", families)
	}
}

func TestNearest(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	sentence := func() string {
		words := make([]string, 14)
		for i := range words {
			words[i] = fmt.Sprint("word", rng.IntN(500))
		}
		return strings.Join(words, " ") + ".\n\n"
	}
	chapter := func(n int) (out string) {
		for range n {
			out += sentence()
		}
		return out
	}
	base := chapter(10)
	later := base + chapter(8)
	code := chapter(300) + base + chapter(300)
	other := chapter(30)
	for _, c := range []struct {
		name    string
		child   string
		parents []string
		want    int
	}{
		{"itself", base, []string{other, base, later}, 1},
		{"the version that it has, not the longer one", base + sentence(), []string{later, base}, 1},
		{"an excerpt of a long code", base + sentence(), []string{other, code}, 1},
		{"a child that says much more", base + chapter(60), []string{other, base}, 1},
		{"unrelated", other, []string{base, later, code}, -1},
		{"one sentence is not a parent", chapter(8) + sentence(), []string{chapter(8) + "Whereas a word was said.\n"}, -1},
		{"too short to tell", "Be kind to all.", []string{"Be kind to all."}, -1},
		{"no candidates", base, nil, -1},
	} {
		var parents []Document
		for _, p := range c.parents {
			parents = append(parents, Read(p))
		}
		if got, score := Nearest(Read(c.child), parents); got != c.want {
			t.Errorf("%s: %d (%.2f), want %d", c.name, got, score, c.want)
		}
	}
}
