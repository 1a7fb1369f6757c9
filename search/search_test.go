package search

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"translocal/fault"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Ordenanza": "ordenanza", "PARTICIPACIÓN": "participacion", "Straße": "strasse", "Łódź": "lodz", "ΛΌΓΟΣ": "λογοσ", "λόγος": "λογοσ",
		"İstanbul": "istanbul", "ﬁre": "fire", "ＡＢＣ": "abc", "مُعَاهَدَة": "معاهدة", "שָׁלוֹם": "שלום", "नदी": "नदी", "co\u00adop": "coop", "Ёлка": "елка",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, not %q", in, got, want)
		}
	}
}

func index(texts ...string) *Index {
	var all []*Prepared
	for _, s := range texts {
		all = append(all, Prepare(Entry{Whole: true, Fields: []Field{{"text", s, 1}}}))
	}
	return New(all)
}

func found(t *testing.T, x *Index, q Query) (out []int) {
	t.Helper()
	hits, err := x.Search(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hits {
		out = append(out, h.Entry)
	}
	return out
}

func TestWordsInAnyScript(t *testing.T) {
	x := index("The river has the right to flow.", "El río tiene derecho a fluir; la participación importa.", "河流有权利流动。", "แม่น้ำมีสิทธิ", "Право реки", "حُقوق النهر", "नदी का अधिकार", "Le droit de l’eau")
	for q, want := range map[string]string{
		"RIVER": "[0]", "rio": "[1]", "RÍO": "[1]", "partic": "[1]", "flow right": "[0]", "right fluir": "[]", "权利": "[2]", "河": "[2]", "利权": "[]",
		"สิทธิ": "[3]", "реки право": "[4]", "حقوق": "[5]", "नदी": "[6]", "l'eau": "[7]", "droit eau": "[7]", "%": "[]", "'; drop table part; --": "[]",
		"iver": "[]", "r": "[]",
	} {
		if got := fmt.Sprint(found(t, x, Query{Words: q})); got != want {
			t.Errorf("%q finds %s, not %s", q, got, want)
		}
	}
}

func TestWhatIsWorthMoreComesFirst(t *testing.T) {
	x := New([]*Prepared{
		Prepare(Entry{Fields: []Field{{"title", "Parks", 3}, {"text", "The budgets of parks", 1}}}),
		Prepare(Entry{Fields: []Field{{"title", "Budget", 3}, {"text", "Who pays", 1}}}),
		Prepare(Entry{Fields: []Field{{"title", "Trees", 3}, {"text", "The budget of trees", 1}}}),
	})
	if got := fmt.Sprint(found(t, x, Query{Words: "budget"})); got != "[1 2 0]" {
		t.Error("a title before a text, a word before its beginning: got", got)
	}
}

func TestFacetsLanguageAndSame(t *testing.T) {
	of := func(lang, same, theme, text string, whole bool) *Prepared {
		return Prepare(Entry{Language: lang, Same: same, Whole: whole, Facets: map[string][]string{"theme": {theme}}, Fields: []Field{{"text", text, 1}}})
	}
	x := New([]*Prepared{of("es", "m", "water", "agua general", true), of("en", "m", "water", "water general", true), of("en", "c", "care", "water care general", false), of("en", "", "care", "other", true)})
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{Words: "general", Language: "en"}, "[1 2]"},
		{Query{Words: "general", Language: "es"}, "[0 2]"},
		{Query{Words: "general", Only: map[string]string{"theme": "care"}}, "[2]"},
		{Query{Language: "en"}, "[1 3]"},
		{Query{Language: "es"}, "[0 3]"},
		{Query{Language: "en", Only: map[string]string{"theme": "care"}}, "[3]"},
		{Query{Only: map[string]string{"theme": "none"}}, "[]"},
		{Query{Only: map[string]string{"theme": ""}, Language: "en"}, "[1 3]"},
	} {
		if got := fmt.Sprint(found(t, x, c.q)); got != c.want {
			t.Errorf("%+v finds %s, not %s", c.q, got, c.want)
		}
	}
	hits, err := x.Search(Query{Words: "general", Language: "en"})
	if err != nil || hits[0].Also != 1 {
		t.Errorf("the other language is not counted: %+v %v", hits, err)
	}
}

func marked(list []Why) string {
	var b strings.Builder
	for _, w := range list {
		b.WriteString(w.Field + ": ")
		for _, s := range w.Spans {
			if s.Mark {
				b.WriteString("[" + s.Text + "]")
			} else {
				b.WriteString(s.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestWhy(t *testing.T) {
	x := New([]*Prepared{Prepare(Entry{Fields: []Field{
		{"title", "Ríos y <b>aguas</b>", 3},
		{"text", strings.Repeat("palabra ", 50) + "el agua corre " + strings.Repeat("más ", 100), 1},
		{"reason", "河流有权利流动", 1},
	}})})
	for q, want := range map[string]string{
		"rio":     "title: [Ríos] y <b>aguas</b>\n",
		"agua":    "title: Ríos y <b>[aguas]</b>\n",
		"有权利":     "reason: 河流[有权利]流动\n",
		"rio mas": "title: [Ríos] y <b>aguas</b>\ntext: … ",
	} {
		if got := marked(x.Why(0, Query{Words: q})); !strings.HasPrefix(got, want) || want[len(want)-1] == '\n' && got != want {
			t.Errorf("%q: %q, not %q", q, got, want)
		}
	}
	if x.Why(0, Query{}) != nil {
		t.Error("a question without words has no reason in words")
	}
}

func TestTooLong(t *testing.T) {
	x := index("a text")
	for _, q := range []string{strings.Repeat("a", MaxQuery+1), "a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4"} {
		if _, err := x.Search(Query{Words: q}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", q, err)
		}
	}
}

// Whatever is written and asked: no panic, passages stay readable, and a text
// is found by each of its words.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"The river", "河流有权利", "แม่น้ำ", "l’eau\x00", "\xff\xfe", "e\u0301\u0301", "\u0640\u0640", "ᄀ각"} {
		f.Add(s, s)
		f.Add(s, "ri")
	}
	f.Fuzz(func(t *testing.T, text, asked string) {
		x := index(text)
		q := Query{Words: asked}
		if hits, err := x.Search(q); err == nil && len(hits) > 0 && len(q.words()) > 0 {
			list := x.Why(0, q)
			if len(list) == 0 {
				t.Errorf("%q is found in %q and nobody can say where", asked, text)
			}
			for _, w := range list {
				for _, s := range w.Spans {
					if utf8.ValidString(text) && !utf8.ValidString(s.Text) {
						t.Errorf("a sign of %q was cut in two", text)
					}
				}
			}
		}
		for _, w := range tokens(text) {
			q := Query{Words: text[w.from:w.to]}
			if q.Check() == nil && len(found(t, x, q)) != 1 {
				t.Errorf("%q is not found by %q", text, q.Words)
			}
		}
	})
}

func many(n int) []*Prepared {
	rng := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 6000)
	for i := range words {
		b := make([]byte, 3+rng.IntN(8))
		for j := range b {
			b[j] = byte('a' + rng.IntN(26))
		}
		words[i] = string(b)
	}
	zipf := rand.NewZipf(rng, 1.1, 4, uint64(len(words)-1))
	all := make([]*Prepared, n)
	for i := range all {
		var b strings.Builder
		for range 100 {
			b.WriteString(words[zipf.Uint64()] + " ")
		}
		all[i] = Prepare(Entry{Language: "en", Fields: []Field{{"heading", words[zipf.Uint64()], 2}, {"text", b.String(), 1}}})
	}
	words[0], words[1] = words[3], words[4]
	return all
}

// Questions of one to three words, often common ones, put to 10,000 clauses of
// 100 words; with the reasons for the first twenty.
func BenchmarkSearch(b *testing.B) {
	all := many(10_000)
	x := New(all)
	asked := make([]string, 64)
	for i := range asked {
		words := strings.Fields(all[i*31].Fields[1].Text)
		asked[i] = strings.Join(words[:1+i%3], " ")
	}
	i := 0
	for b.Loop() {
		q := Query{Words: asked[i%len(asked)], Language: "en"}
		hits, err := x.Search(q)
		if err != nil {
			b.Fatal(err)
		}
		for _, h := range hits[:min(len(hits), 20)] {
			x.Why(h.Entry, q)
		}
		i++
	}
}

// Making the index of 10,000 clauses that were cut into words before.
func BenchmarkNew(b *testing.B) {
	all := many(10_000)
	for b.Loop() {
		New(all)
	}
}
