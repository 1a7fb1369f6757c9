package check

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// About is a known clause that has no wording near a clause of the draft and is perhaps on the same matter, told by rare words
// in both. It is a hint where to read, and no part of any judgement.
type About struct {
	Text, Clause int
	Shared       []string // the words, as the draft has them, the rarest first
}

const (
	rareIn    = 20 // a word is rare if fewer than one clause in twenty has it
	fewest    = 40 // of fewer clauses nothing is said: every word is rare there
	sharedMin = 3  // two may meet by chance
	hints     = 2  // how many are shown
	stem      = 6  // words are told by their first letters: endings differ, most of all in Spanish
)

// stems gives the words of a text that can say what it is about, by their first letters.
func stems(s string) map[string]string {
	out := map[string]string{}
	for _, w := range tokens(s) {
		if r := []rune(w); len(r) >= 4 {
			if k := string(r[:min(len(r), stem)]); out[k] == "" {
				out[k] = w
			}
		}
	}
	return out
}

// learn notes what each clause is about: its heading, its wordings and what was told of it.
func (c *Corpus) learn() {
	c.stems = map[string][]int32{}
	for i, t := range c.texts {
		for j, x := range t.Clauses {
			words := []string{x.Heading, x.Text, x.Softer, x.Stronger}
			for _, n := range x.Warnings {
				words = append(words, n.Text)
			}
			for s := range stems(strings.Join(words, " ")) {
				c.stems[s] = append(c.stems[s], int32(len(c.flat)))
			}
			c.flat = append(c.flat, [2]int{i, j})
		}
	}
}

// about finds clauses that are perhaps on the same matter as a text.
func (c *Corpus) about(text string, only func(Text) bool) []About {
	if len(c.flat) < fewest {
		return nil
	}
	type found struct {
		at     int32
		score  float64
		shared []string
	}
	by := map[int32]*found{}
	mine := stems(text)
	keys := make([]string, 0, len(mine))
	for s := range mine {
		if n := len(c.stems[s]); n > 0 && n*rareIn < len(c.flat) {
			keys = append(keys, s)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(len(c.stems[a])-len(c.stems[b]), cmp.Compare(a, b)) })
	for _, s := range keys {
		for _, at := range c.stems[s] {
			f := by[at]
			if f == nil {
				f = &found{at: at}
				by[at] = f
			}
			f.score += math.Log(float64(len(c.flat)) / float64(len(c.stems[s])))
			f.shared = append(f.shared, mine[s])
		}
	}
	var list []*found
	for _, f := range by {
		if len(f.shared) >= sharedMin && (only == nil || only(c.texts[c.flat[f.at][0]])) {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b *found) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.at, b.at)) })
	var out []About
	for _, f := range list[:min(len(list), hints)] {
		out = append(out, About{c.flat[f.at][0], c.flat[f.at][1], f.shared[:min(len(f.shared), 8)]})
	}
	return out
}
