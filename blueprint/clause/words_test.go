package clause

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// sides joins the spans back to the two texts.
func sides(spans []Span) (a, b string) {
	var x, y strings.Builder
	for _, s := range spans {
		if s.Op != Insert {
			x.WriteString(s.Text)
		}
		if s.Op != Delete {
			y.WriteString(s.Text)
		}
	}
	return x.String(), y.String()
}

// show writes a difference as [-old-]{+new+}.
func show(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		switch s.Op {
		case Equal:
			b.WriteString(s.Text)
		case Delete:
			b.WriteString("[-" + s.Text + "-]")
		case Insert:
			b.WriteString("{+" + s.Text + "+}")
		}
	}
	return b.String()
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""},
		{"same", "same", "same"},
		{"", "new", "{+new+}"},
		{"old", "", "[-old-]"},
		{"The council shall act.", "The council may act.", "The council [-shall-]{+may+} act."},
		{"Shall act within ninety days", "Shall act within thirty working days", "Shall act within [-ninety-]{+thirty working+} days"},
		{"one old word", "one new text", "one [-old word-]{+new text+}"},
		{"don't stop", "do stop", "[-don't-]{+do+} stop"},
		{"by-law 3.5", "by-law 3.6", "by-law [-3.5-]{+3.6+}"},
		{"The end", "The end.", "The end{+.+}"},
		{"Año nuevo", "Ano nuevo", "[-Año-]{+Ano+} nuevo"},
		{"市议会应当公开数据。", "市议会可以公开数据。", "市议会[-应当-]{+可以+}公开数据。"},
		{"สภาต้องเปิดเผยข้อมูล", "สภาควรเปิดเผยข้อมูล", "สภา[-ต้อง-]{+ควร+}เปิดเผยข้อมูล"},
		{"a\n\nb", "c\n\nd", "[-a-]{+c+}\n\n[-b-]{+d+}"},
		{"x \xff y", "x \xfe y", "x [-\xff-]{+\xfe+} y"},
	} {
		got := Words(c.a, c.b)
		if s := show(got); s != c.want {
			t.Errorf("Words(%q, %q)\n got %s\nwant %s", c.a, c.b, s, c.want)
		}
	}
}

// TestWordsShortest compares with the length of a longest common subsequence counted the slow way.
func TestWordsShortest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := randomWords(rng, rng.IntN(14), 3), randomWords(rng, rng.IntN(14), 3)
		ta, tb := tokens(a), tokens(b)
		d := newDiffer(ta, tb)
		d.diff(0, len(ta), 0, len(tb))
		kept := 0
		for _, k := range d.keepA {
			if k {
				kept++
			}
		}
		if want := commonLength(ta, tb); kept != want {
			t.Fatalf("%q, %q: %d tokens kept, longest common subsequence has %d", a, b, kept, want)
		}
		if x, y := sides(Words(a, b)); x != a || y != b {
			t.Fatalf("%q, %q: spans give %q, %q", a, b, x, y)
		}
	}
}

func randomWords(rng *rand.Rand, n, kinds int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = string(rune('a' + rng.IntN(kinds)))
	}
	return strings.Join(words, ",")
}

func commonLength(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			diagonal, row[j+1] = row[j+1], max(row[j], row[j+1], bumpIf(diagonal, x == y))
		}
	}
	return row[len(b)]
}

func bumpIf(n int, yes bool) int {
	if yes {
		return n + 1
	}
	return 0
}

// hostile are pairs of texts of size bytes made to be costly.
func hostile(size int) map[string][2]string {
	rng := rand.New(rand.NewPCG(3, 4))
	random := func(kinds int) string { return randomWords(rng, size/2, kinds) }
	distinct := func() string {
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(" w")
			for range 4 {
				b.WriteByte(byte('a' + rng.IntN(26)))
			}
		}
		return b.String()
	}
	repeat := func(s string) string { return strings.Repeat(s, size/len(s)) }
	big := distinct()
	words := strings.Fields(big)
	rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return map[string][2]string{
		"two letters":      {random(2), random(2)},
		"many letters":     {random(26), random(26)},
		"nothing shared":   {distinct(), repeat("x y ")},
		"distinct words":   {distinct(), distinct()},
		"shuffled":         {big, strings.Join(words, " ")},
		"period 2 and 3":   {repeat("ab,"), repeat("ab,c,")},
		"signs":            {repeat("{}"), repeat("{{}")},
		"marks":            {"a" + repeat("\u0301"), "b" + repeat("\u0301")},
		"invalid":          {repeat("\xff\xfe"), repeat("\xfe\xfe\xff")},
		"Chinese, random":  {randomHan(rng, size/3), randomHan(rng, size/3)},
		"one long, 1 word": {big, "w"},
	}
}

func randomHan(rng *rand.Rand, n int) string {
	out := make([]rune, n)
	for i := range out {
		out[i] = rune(0x4e00 + rng.IntN(3000))
	}
	return string(out)
}

func TestWordsHostile(t *testing.T) {
	for name, c := range hostile(1 << 16) {
		a, b := sides(Words(c[0], c[1]))
		if a != c[0] || b != c[1] {
			t.Errorf("%s: the spans don't give the texts back", name)
		}
	}
}

func BenchmarkWordsHostile(b *testing.B) {
	for name, c := range hostile(1 << 20) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Words(c[0], c[1])
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add("The council shall act.", "The council may act, soon.")
	f.Add("市议会应当", "市议会可以")
	f.Add("a\n b\tc", "\xff\xfe a b")
	f.Fuzz(func(t *testing.T, a, b string) {
		spans := Words(a, b)
		if x, y := sides(spans); x != a || y != b {
			t.Fatalf("spans give %q, %q", x, y)
		}
		for i, s := range spans {
			if s.Text == "" {
				t.Fatal("an empty span")
			}
			if i > 0 && s.Op == spans[i-1].Op {
				t.Fatalf("spans %d and %d have the same operation", i-1, i)
			}
			if i > 0 && s.Op == Delete && spans[i-1].Op == Insert {
				t.Fatalf("span %d: inserted before deleted", i)
			}
		}
	})
}
