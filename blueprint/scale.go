package blueprint

import (
	"cmp"
	"context"
	"slices"

	"translocal/fault"
	"translocal/place"
	"translocal/search"
)

// A Rung is one wording of a clause and who holds it, word for word.
type Rung struct {
	Clause   Clause
	Language string
	Holders  []Title
	Share    float64 // -1: as the softer wording, 1: as the stronger one
}

// A Scale sets the wordings of one clause in all texts known here between its
// softer and its stronger wording.
type Scale struct {
	Softer, Stronger string // the ends; "" where nobody has written one
	Ordered          []Rung // from softer to stronger
	Apart            []Rung // whose place can't be judged
}

// Scale compares a clause of a version across the texts that hold it. A wording
// is judged by the words that stand in the one end and not in the other: the
// larger its share of the stronger end's own words, and the smaller that of the
// softer one's, the further up it stands. One that has none of either, or is in
// another language, stands apart, and so do all where an end is missing: words
// say nothing of it.
func (b *Blueprints) Scale(ctx context.Context, v place.Viewer, k VersionKey, id string) (*Scale, error) {
	of, err := b.Read(ctx, v, k)
	if err != nil {
		return nil, err
	}
	c, ok := of.Text.Clause(id)
	if !ok {
		return nil, fault.New(fault.NotFound, "fault.not_found")
	}
	holders, err := b.Holding(ctx, v, id)
	if err != nil {
		return nil, err
	}
	rungs := []Rung{}
	for _, h := range holders {
		err := place.May(ctx, b.log.DB(), v, h.Stream, place.ReadBlueprint, place.Any)
		if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.SignIn) {
			continue // not for this person
		}
		if err != nil {
			return nil, err
		}
		t, _, err := textOf(ctx, b.log.DB(), h.Head)
		if err != nil {
			return nil, err
		}
		if x, ok := t.Clause(id); ok && !x.Missing {
			rungs = addRung(rungs, x, h)
		}
	}
	s := &Scale{Softer: c.Softer, Stronger: c.Stronger}
	s.order(rungs, of.Head.Language)
	return s, nil
}

func addRung(rungs []Rung, c Clause, h Title) []Rung {
	for i, r := range rungs {
		if r.Language == h.Language && r.Clause.Text == c.Text {
			rungs[i].Holders = append(r.Holders, h)
			return rungs
		}
	}
	return append(rungs, Rung{Clause: c, Language: h.Language, Holders: []Title{h}})
}

func (s *Scale) order(rungs []Rung, language string) {
	soft, strong := apart(s.Softer, s.Stronger), apart(s.Stronger, s.Softer)
	for _, r := range rungs {
		has := wordSet(r.Clause.Text)
		up, down := shareOf(strong, has), shareOf(soft, has)
		if s.Softer == "" || s.Stronger == "" || r.Language != language || up == 0 && down == 0 {
			s.Apart = append(s.Apart, r)
			continue
		}
		r.Share = up - down
		s.Ordered = append(s.Ordered, r)
	}
	slices.SortStableFunc(s.Ordered, func(a, b Rung) int { return cmp.Compare(a.Share, b.Share) })
}

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range search.Words(s) {
		out[w] = true
	}
	return out
}

// apart are the words of one text that another doesn't have.
func apart(of, from string) map[string]bool {
	out := wordSet(of)
	for w := range wordSet(from) {
		delete(out, w)
	}
	return out
}

// shareOf is how much of some words is in a set, 0 to 1.
func shareOf(words, in map[string]bool) float64 {
	if len(words) == 0 {
		return 0
	}
	n := 0
	for w := range words {
		if in[w] {
			n++
		}
	}
	return float64(n) / float64(len(words))
}
