package clause

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Op says what a span of a difference is.
type Op uint8

// The operations of a difference.
const (
	Equal Op = iota
	Insert
	Delete
)

// String returns "equal", "insert" or "delete".
func (o Op) String() string {
	switch o {
	case Insert:
		return "insert"
	case Delete:
		return "delete"
	}
	return "equal"
}

// Span is a run of text with one operation.
type Span struct {
	Op   Op
	Text string
}

// Words returns the difference between two texts, word by word: the equal and deleted spans joined are a,
// the equal and inserted ones b, byte for byte. A word is a run of letters, marks and digits with the
// apostrophes and hyphens inside it; a sign stands alone; scripts written without spaces between words
// (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) are compared character by character. In a changed passage the
// deleted span comes before the inserted one.
//
// The difference is the shortest there is (Myers 1986, in linear space) as long as that is affordable.
// Very different long texts are first anchored on the words that occur once in both, and what then is
// still too costly is shown as replaced whole, so that no input takes more than a fixed multiple of its length.
func Words(a, b string) []Span {
	if a == b {
		if a == "" {
			return nil
		}
		return []Span{{Equal, a}}
	}
	ta, tb := tokens(a), tokens(b)
	d := newDiffer(ta, tb)
	d.diff(0, len(ta), 0, len(tb))
	return joinBlanks(spans(ta, tb, d.keepA, d.keepB))
}

// tokens cuts a text into words, single signs and runs of space. Joined they give the text.
func tokens(s string) []string {
	out := make([]string, 0, len(s)/4+1)
	for len(s) > 0 {
		n := tokenLen(s)
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

func tokenLen(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == '\n':
		return n
	case unicode.IsSpace(r):
		return n + prefixLen(s[n:], func(r rune) bool { return unicode.IsSpace(r) && r != '\n' })
	case unspaced(r):
		return n + prefixLen(s[n:], unicode.IsMark)
	case wordRune(r):
		return wordLen(s)
	}
	return n + prefixLen(s[n:], unicode.IsMark)
}

func wordLen(s string) int {
	n := 0
	for {
		n += prefixLen(s[n:], func(r rune) bool { return wordRune(r) && !unspaced(r) })
		r, size := utf8.DecodeRuneInString(s[n:])
		if !inner(r) {
			return n
		}
		if next, _ := utf8.DecodeRuneInString(s[n+size:]); !wordRune(next) || unspaced(next) {
			return n
		}
		n += size
	}
}

func prefixLen(s string, is func(rune) bool) int {
	for i, r := range s {
		if !is(r) {
			return i
		}
	}
	return len(s)
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}

// inner signs join the two halves of one word: don't, aujourd’hui, by-law, 3.5.
func inner(r rune) bool {
	return r == '\'' || r == '’' || r == '-' || r == '‐' || r == '.' || r == '·'
}

var unspacedScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// unspaced reports whether r belongs to a script that puts no space between words.
func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unspacedScripts...)
}

// spans joins the tokens kept and not kept on both sides to spans.
func spans(ta, tb []string, keepA, keepB []bool) []Span {
	var out []Span
	i, j := 0, 0
	for i < len(ta) || j < len(tb) {
		out = add(out, Delete, ta, &i, func(i int) bool { return !keepA[i] })
		out = add(out, Insert, tb, &j, func(j int) bool { return !keepB[j] })
		start := i
		out = add(out, Equal, ta, &i, func(i int) bool { return keepA[i] && keepB[j+i-start] })
		j += i - start
	}
	return out
}

// add appends the run of tokens from *at on for which in holds.
func add(out []Span, op Op, toks []string, at *int, in func(int) bool) []Span {
	start := *at
	for *at < len(toks) && in(*at) {
		*at++
	}
	if start == *at {
		return out
	}
	return append(out, Span{op, strings.Join(toks[start:*at], "")})
}

// joinBlanks takes a space that stands alone between two changes into both of them: "old words" to "new
// text" reads as one change, not as two with an unchanged space between.
func joinBlanks(in []Span) []Span {
	var out []Span
	for i := 0; i < len(in); {
		if in[i].Op == Equal {
			out = append(out, in[i])
			i++
			continue
		}
		var del, ins strings.Builder
		for ; i < len(in); i++ {
			s := in[i]
			if s.Op == Equal {
				if i+1 == len(in) || strings.TrimSpace(s.Text) != "" || strings.Contains(s.Text, "\n") {
					break
				}
				del.WriteString(s.Text)
				ins.WriteString(s.Text)
			} else if s.Op == Delete {
				del.WriteString(s.Text)
			} else {
				ins.WriteString(s.Text)
			}
		}
		out = appendChange(out, del.String(), ins.String())
	}
	return out
}

func appendChange(out []Span, del, ins string) []Span {
	if del != "" {
		out = append(out, Span{Delete, del})
	}
	if ins != "" {
		out = append(out, Span{Insert, ins})
	}
	return out
}

const (
	// diffBudget bounds the steps of one comparison beyond those that grow with its length: some tens of
	// milliseconds. Some 2,000 scattered edits in a text of any length fit.
	diffBudget = 1 << 23
	// maxEdits bounds the search for the shortest difference of one stretch before anchors are tried.
	maxEdits = 1024
)

// differ compares two sequences of numbered tokens and marks those that both keep, in order.
type differ struct {
	a, b         []int32
	keepA, keepB []bool
	vf, vb       []int // furthest x on each diagonal, forward and backward
	budget       int
}

func newDiffer(ta, tb []string) *differ {
	n := numbering{words: make(map[string]int32)}
	return &differ{
		a: n.number(ta), b: n.number(tb),
		keepA: make([]bool, len(ta)), keepB: make([]bool, len(tb)),
		budget: diffBudget,
	}
}

// numbering gives equal tokens equal numbers: a single byte its own, a longer token the next free one.
type numbering struct{ words map[string]int32 }

func (n numbering) number(toks []string) []int32 {
	out := make([]int32, len(toks))
	for i, t := range toks {
		if len(t) == 1 {
			out[i] = int32(t[0])
			continue
		}
		id, ok := n.words[t]
		if !ok {
			id = int32(256 + len(n.words))
			n.words[t] = id
		}
		out[i] = id
	}
	return out
}

// diff compares a[a0:a1] with b[b0:b1].
func (d *differ) diff(a0, a1, b0, b1 int) {
	for a0 < a1 && b0 < b1 && d.a[a0] == d.b[b0] {
		d.keep(a0, b0, 1)
		a0, b0 = a0+1, b0+1
	}
	for a0 < a1 && b0 < b1 && d.a[a1-1] == d.b[b1-1] {
		a1, b1 = a1-1, b1-1
		d.keep(a1, b1, 1)
	}
	if a0 == a1 || b0 == b1 {
		return
	}
	if x, y, n, ok := d.middle(d.a[a0:a1], d.b[b0:b1], maxEdits); ok {
		d.split(a0, a1, b0, b1, a0+x, b0+y, n)
		return
	}
	if d.anchor(a0, a1, b0, b1) {
		return
	}
	if x, y, n, ok := d.middle(d.a[a0:a1], d.b[b0:b1], 4*maxEdits); ok {
		d.split(a0, a1, b0, b1, a0+x, b0+y, n)
	}
}

// split keeps n tokens at x, y and compares what is before and after them.
func (d *differ) split(a0, a1, b0, b1, x, y, n int) {
	d.keep(x, y, n)
	d.diff(a0, x, b0, y)
	d.diff(x+n, a1, y+n, b1)
}

func (d *differ) keep(x, y, n int) {
	for i := range n {
		d.keepA[x+i], d.keepB[y+i] = true, true
	}
}

// middle finds the middle snake of a shortest edit script: n equal tokens at x, y (n may be 0) through
// which it runs. It gives up after limit edits in each direction, or when the budget is spent.
func (d *differ) middle(a, b []int32, limit int) (x, y, n int, ok bool) {
	n1, n2 := len(a), len(b)
	delta := n1 - n2
	limit = min(limit, (n1+n2+1)/2)
	if size := 2*limit + 3; len(d.vf) < size {
		d.vf, d.vb = make([]int, size), make([]int, size)
	}
	vf, vb, off := d.vf, d.vb, limit+1
	const none = -1 << 30
	at := func(v []int, k, e int) int { // furthest point of diagonal k before edit e
		if k < -e || k > e {
			return none
		}
		return v[off+k]
	}
	for e := 0; e <= limit; e++ {
		if d.budget <= 0 {
			return 0, 0, 0, false
		}
		d.budget -= 2 * (e + 1)
		for k := -e; k <= e; k += 2 {
			x0 := advance(at(vf, k+1, e-1), at(vf, k-1, e-1), k, e, n1, n2)
			if x0 < 0 {
				vf[off+k] = none
				continue
			}
			x := x0
			for x < n1 && x-k < n2 && a[x] == b[x-k] {
				x++
			}
			d.budget -= x - x0
			vf[off+k] = x
			if r := delta - k; delta&1 != 0 && r >= -(e-1) && r <= e-1 && (r+e-1)&1 == 0 && x+vb[off+r] >= n1 {
				return x0, x0 - k, x - x0, true
			}
		}
		for k := -e; k <= e; k += 2 {
			x0 := advance(at(vb, k+1, e-1), at(vb, k-1, e-1), k, e, n1, n2)
			if x0 < 0 {
				vb[off+k] = none
				continue
			}
			x := x0
			for x < n1 && x-k < n2 && a[n1-1-x] == b[n2-1-(x-k)] {
				x++
			}
			d.budget -= x - x0
			vb[off+k] = x
			if r := delta - k; delta&1 == 0 && r >= -e && r <= e && (r+e)&1 == 0 && x+vf[off+r] >= n1 {
				return n1 - x, n2 - (x - k), x - x0, true
			}
		}
	}
	return 0, 0, 0, false
}

// advance takes one step onto diagonal k: down from the diagonal above it or right from the one below,
// whichever is inside and further. It returns -1 if neither is.
func advance(above, below, k, e, n1, n2 int) int {
	if e == 0 {
		return 0
	}
	x := -1
	if above >= 0 && above-k <= n2 {
		x = above
	}
	if below >= 0 && below+1 <= n1 && below+1 > x {
		x = below + 1
	}
	return x
}

// anchor splits the stretch at the tokens that occur exactly once on both sides, as far as they stand in
// the same order. It reports whether there were any.
func (d *differ) anchor(a0, a1, b0, b1 int) bool {
	d.budget -= 4 * (a1 - a0 + b1 - b0)
	if d.budget <= 0 {
		return false
	}
	type place struct{ inA, inB, x, y int }
	places := make(map[int32]place)
	for x := a0; x < a1; x++ {
		p := places[d.a[x]]
		p.inA, p.x = p.inA+1, x
		places[d.a[x]] = p
	}
	for y := b0; y < b1; y++ {
		if p, ok := places[d.b[y]]; ok {
			p.inB, p.y = p.inB+1, y
			places[d.b[y]] = p
		}
	}
	var xs, ys []int
	for x := a0; x < a1; x++ {
		if p := places[d.a[x]]; p.inA == 1 && p.inB == 1 {
			xs, ys = append(xs, x), append(ys, p.y)
		}
	}
	run := increasing(ys)
	for _, i := range run {
		if xs[i] < a0 || ys[i] < b0 {
			continue // already kept as part of the stretch before
		}
		d.diff(a0, xs[i], b0, ys[i])
		d.keep(xs[i], ys[i], 1)
		a0, b0 = xs[i]+1, ys[i]+1
	}
	if len(run) > 0 {
		d.diff(a0, a1, b0, b1)
	}
	return len(run) > 0
}
