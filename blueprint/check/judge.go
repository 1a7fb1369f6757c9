package check

import (
	"slices"
	"strings"
	"unicode"

	"translocal/blueprint/clause"
)

// judge says what a text is beside a clause, given its wordings, and by what that was told.
func judge(text string, wordings []entry) (State, How) {
	var nearest [variants]float64
	var best [variants]string
	for _, e := range wordings {
		s := clause.Similarity(text, e.wording)
		if e.variant == asIs && clause.Fills(text, e.wording) {
			s = 1
		}
		if s > nearest[e.variant] {
			nearest[e.variant], best[e.variant] = s, e.wording
		}
	}
	if nearest[asIs] == 1 {
		return Kept, BySame
	}
	v := recorded(text, nearest, best)
	if notDiffers(text, best[v]) {
		return Changed, OpenNot
	}
	switch v {
	case softer:
		return Weaker, BySofter
	case stronger:
		return Stronger, ByStronger
	}
	if len(numbers(best[asIs])) > 0 && !slices.Equal(numbers(text), numbers(best[asIs])) && !strings.Contains(best[asIs], "{{") {
		return Changed, OpenNumber
	}
	switch modal(text, best[asIs]) {
	case 1:
		return Stronger, ByModal
	case -1:
		return Weaker, ByModal
	}
	return Changed, Open
}

// recorded gives the wording that a text is nearest to. To be called nearer to the softer or the stronger
// one, it has to be at least half alike, and to lead the others by more than one word of the two texts.
func recorded(text string, nearest [variants]float64, best [variants]string) variant {
	for _, v := range []variant{softer, stronger} {
		lead := nearest[v] - max(nearest[asIs], nearest[softer+stronger-v])
		if nearest[v] >= half && lead > 2/float64(words(text)+words(best[v])) {
			return v
		}
	}
	return asIs
}

// Words that bind and that allow, and words that turn a sentence round. Only what is plain in nearly
// every legal text of the language: "will", "puede" and "ha de" are left out. English and Spanish alone:
// in other languages nothing is judged by words. None of them means one thing in one of the two and
// another in the other.
var (
	binding  = set("shall must debe deben deberá deberán")
	allowing = set("may should could debería deberían podrá podrán podría podrían")
	turning  = set("not no never nor cannot unless except without nunca ni jamás sin salvo excepto")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

func tokens(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}

func count(toks []string, in map[string]bool) (n int) {
	for _, t := range toks {
		if in[t] {
			n++
		}
	}
	return n
}

// notDiffers tells whether words that turn a sentence round came or went.
func notDiffers(a, b string) bool { return count(tokens(a), turning) != count(tokens(b), turning) }

// modal is 1 where words that allow gave way to words that bind, -1 for the reverse, and 0 where that
// can't be told. A clause that forbids ("may not", "no podrá") is never judged so.
func modal(text, from string) int {
	a, b := tokens(text), tokens(from)
	if count(a, turning)+count(b, turning) > 0 {
		return 0
	}
	bind := count(a, binding) - count(b, binding)
	allow := count(a, allowing) - count(b, allowing)
	switch {
	case bind > 0 && allow < 0:
		return 1
	case bind < 0 && allow > 0:
		return -1
	}
	return 0
}

// numbers are the numbers of a text, sorted, as they are written in digits.
func numbers(s string) []string {
	out := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
	slices.Sort(out)
	return out
}
