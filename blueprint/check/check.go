package check

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"translocal/blueprint/clause"
	"translocal/fault"
)

// Limits of a draft.
const (
	MaxBytes   = 256 << 10
	MaxClauses = 400
	MaxWords   = 2000 // of one clause
)

// State says what a clause of a draft is beside the nearest known one.
type State string

// The states.
const (
	Kept     State = "kept"
	Changed  State = "changed"
	Stronger State = "stronger"
	Weaker   State = "weaker"
	New      State = "new"
)

// States lists them in the order of a summary.
var States = []State{Kept, Changed, Stronger, Weaker, New}

// How says by what a state was judged; each is the end of a message's key.
type How string

// The ways to judge.
const (
	BySame     How = "same"     // the same wording, or its blanks filled
	ByNone     How = "none"     // nothing known is half alike
	BySofter   How = "softer"   // nearer to the recorded softer wording than to the clause itself
	ByStronger How = "stronger" // nearer to the recorded stronger wording
	ByModal    How = "modal"    // words that bind were put for words that allow, or the reverse
	OpenNot    How = "not"      // a "not" came or went: it may mean the reverse
	OpenNumber How = "number"   // numbers differ: whether that is more or less depends on what they count
	Open       How = "open"     // nothing recorded tells
)

// Near is a known clause beside one of a draft.
type Near struct {
	Text       int // index in Report.Texts
	Clause     int // index in its clauses
	Similarity float64
	Wording    string // the recorded wording that is nearest
}

// Lineage says what a place that adapted a text did with a clause.
type Lineage struct {
	Text  int    // index in Report.Texts of the adaptation
	State string // kept, changed, stronger, weaker, or dropped
}

// Item is one clause of a draft.
type Item struct {
	ID, Heading, Label, Text string
	State                    State
	How                      How
	Near                     []Near // at least half alike, the nearest first; at most three
	Closest                  float64
	Lineage                  []Lineage
	About                    []About // of a new clause: perhaps on the same matter
}

// Lack is a clause that comparable texts have and the draft has not.
type Lack struct {
	Text, Clause int // where it can be read
	In, Of       int // how many of the comparable texts have it
}

// Report is what a check found. Texts are those of the corpus; it is shared and not to be changed.
type Report struct {
	Texts      []Text
	Items      []Item
	Comparable []int // texts, the nearest first
	Lacks      []Lack
}

// Clause is a clause that the report speaks of.
func (r Report) Clause(text, n int) Clause { return r.Texts[text].Clauses[n] }

// Count is how many clauses of the draft are in a state.
func (r Report) Count(s State) (n int) {
	for _, x := range r.Items {
		if x.State == s {
			n++
		}
	}
	return n
}

// half is from where a clause is called a changed form of another: as much stayed as went or came. It is
// the same as in clause.Align.
const half = 0.5

const (
	look  = 48 // how many wordings are looked at for a clause
	shown = 3  // how many clauses are shown
)

// Check lays a draft beside the corpus. only, if not nil, says which texts to look at. Faults name the
// field "text". The draft is in Markdown or plain text; nothing of it is kept.
func (c *Corpus) Check(ctx context.Context, draft string, only func(Text) bool) (Report, error) {
	r := Report{Texts: c.texts}
	provisions, err := read(draft)
	if err != nil {
		return r, err
	}
	score := make([]float64, len(c.texts))
	for _, p := range provisions {
		if err := ctx.Err(); err != nil {
			return r, fault.Wrap(fault.Unavailable, err, "check.too_long")
		}
		item := Item{ID: p.ID, Heading: p.Heading, Label: p.Label, Text: p.Text, State: New, How: ByNone}
		near := c.near(p.Text, only, &item.Closest)
		if len(near) > 0 {
			n := near[0]
			item.State, item.How = judge(p.Text, c.of(n.Text, n.Clause))
			item.Lineage = c.lineage(n, only)
		} else {
			item.About = c.about(p.Text, only)
		}
		seen := map[int]bool{}
		for _, n := range near {
			if !seen[n.Text] {
				seen[n.Text] = true
				score[n.Text] += n.Similarity
			}
		}
		item.Near = near[:min(len(near), shown)]
		r.Items = append(r.Items, item)
	}
	r.Comparable = c.comparable(score, only)
	r.Lacks = c.lacks(ctx, provisions, r.Comparable)
	return r, nil
}

func read(draft string) ([]clause.Provision, error) {
	if len(draft) > MaxBytes {
		return nil, fault.At("text", "check.fault.long", "max", MaxBytes>>10)
	}
	var out []clause.Provision
	for _, p := range clause.Segment(draft) {
		if p.Title {
			continue
		}
		if len(out) == MaxClauses {
			return nil, fault.At("text", "check.fault.clauses", "max", MaxClauses)
		}
		if words(p.Text) > MaxWords {
			return nil, fault.At("text", "check.fault.words", "max", MaxWords)
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, fault.At("text", "check.fault.nothing")
	}
	return out, nil
}

// few tells whether a text has fewer than five words. Two people who write about one subject share that many by chance
// (docs/comparing.md, "Parent"), so such a clause is the same as another or it is new: "Open data" is no changed "Open data policy".
func few(s string) bool {
	n := len(strings.Fields(s))
	for _, r := range s {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan) {
			return utf8.RuneCountInString(s) < 10 // written without spaces: about two characters a word
		}
	}
	return n < 5
}

// words is about how many words a text has, also where no space parts them.
func words(s string) int { return max(len(strings.Fields(s)), utf8.RuneCountInString(s)/10) }

// wordingsOf says which entries are of the texts to look at; nil: all.
func (c *Corpus) wordingsOf(only func(Text) bool) func(int) bool {
	if only == nil {
		return nil
	}
	return func(entry int) bool { return only(c.texts[c.entries[entry].text]) }
}

// near finds the clauses that are at least half alike in any of their wordings, or whose blanks the text fills.
func (c *Corpus) near(text string, only func(Text) bool, closest *float64) []Near {
	best := map[[2]int]Near{}
	for _, h := range c.index.SearchOnly(text, look, c.wordingsOf(only)) {
		e := c.entries[h.Index]
		similarity := h.Similarity
		if e.variant == asIs && similarity < 1 && clause.Fills(text, e.wording) {
			similarity = 1
		}
		*closest = max(*closest, similarity)
		if similarity < 1 && (few(text) || few(e.wording)) {
			continue
		}
		k := [2]int{e.text, e.clause}
		if similarity >= half && similarity > best[k].Similarity {
			best[k] = Near{e.text, e.clause, similarity, e.wording}
		}
	}
	out := make([]Near, 0, len(best))
	for _, n := range best {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b Near) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Clause, b.Clause))
	})
	return out
}

// lineage tells what was done with a clause by those who adapted its text, of the texts to look at.
func (c *Corpus) lineage(n Near, only func(Text) bool) (out []Lineage) {
	t := c.texts[n.Text]
	id := t.Clauses[n.Clause].ID
	if t.ID == "" || id == "" {
		return nil
	}
	for _, i := range c.children[t.ID] {
		child := c.texts[i]
		if only != nil && !only(child) {
			continue
		}
		at := slices.IndexFunc(child.Clauses, func(x Clause) bool { return x.ID == id })
		switch {
		case at < 0:
			out = append(out, Lineage{i, "dropped"})
		case child.Language == t.Language:
			s, _ := judge(child.Clauses[at].Text, c.of(n.Text, n.Clause))
			out = append(out, Lineage{i, string(s)})
		}
	}
	return out
}

// maxComparable bounds with how many texts a draft is compared as a whole.
const maxComparable = 60

// comparable gives the texts that answer to the draft: the nearest and those of its family, and those
// that share at least two clauses with the draft, the nearest first.
func (c *Corpus) comparable(score []float64, only func(Text) bool) (out []int) {
	nearest := -1
	for i, s := range score {
		if s > 0 && (nearest < 0 || s > score[nearest]) {
			nearest = i
		}
	}
	if nearest < 0 {
		return nil
	}
	top := c.texts[nearest]
	for i, t := range c.texts {
		kin := top.Family != "" && t.Family == top.Family || score[i] > 1
		if i == nearest || kin && t.Language == top.Language && (only == nil || only(t)) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	return out[:min(len(out), maxComparable)]
}

// maxLacks bounds how many clauses of comparable texts are looked for in the draft.
const maxLacks = 400

// lacks gives the clauses that more than half of the comparable texts have and the draft has none near.
func (c *Corpus) lacks(ctx context.Context, draft []clause.Provision, texts []int) (out []Lack) {
	own := make([]clause.Clause, len(draft))
	for i, p := range draft {
		own[i] = p.Clause
	}
	mine := clause.NewIndex(own)
	in := map[int]bool{}
	for _, t := range texts {
		in[t] = true
	}
	covered := map[[2]int]bool{} // clauses that were met as like an earlier one
	looked := 0
	for _, t := range texts {
		for n, x := range c.texts[t].Clauses {
			if covered[[2]int{t, n}] || words(x.Text) < 2 {
				continue
			}
			if looked++; looked > maxLacks || ctx.Err() != nil {
				return out
			}
			like := c.like(t, n, in)
			missing := true
			held := map[int]bool{}
			for _, m := range like {
				covered[m], held[m[0]] = true, true
				missing = missing && !c.has(mine, draft, m[0], m[1])
			}
			if missing && 2*len(held) > len(texts) {
				out = append(out, Lack{t, n, len(held), len(texts)})
			}
		}
	}
	return out
}

// has tells whether a draft holds a clause in any of its wordings.
func (c *Corpus) has(mine *clause.Index, draft []clause.Provision, t, n int) bool {
	for _, e := range c.of(t, n) {
		for _, h := range mine.Search(e.wording, 3) {
			if h.Similarity >= half || clause.Fills(draft[h.Index].Text, e.wording) {
				return true
			}
		}
	}
	return false
}

// like gives this clause and those of other texts that come from it or say nearly the same.
func (c *Corpus) like(t, n int, in map[int]bool) (out [][2]int) {
	out = append(out, [2]int{t, n})
	x := c.texts[t].Clauses[n]
	for _, h := range c.index.Search(x.Text, 2*maxComparable) {
		e := c.entries[h.Index]
		if in[e.text] && e.text != t && e.variant == asIs && h.Similarity >= half {
			out = append(out, [2]int{e.text, e.clause})
		}
	}
	if x.ID == "" || c.texts[t].Source == File {
		return out
	}
	for i := range in {
		at := slices.IndexFunc(c.texts[i].Clauses, func(y Clause) bool { return y.ID == x.ID })
		if at >= 0 && i != t && c.texts[i].Source != File {
			out = append(out, [2]int{i, at})
		}
	}
	return out
}
