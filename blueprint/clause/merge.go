package clause

import (
	"cmp"
	"fmt"
	"slices"
)

// Side names where something in a merge comes from.
type Side string

// The sides of a merge.
const (
	Neither Side = ""     // both kept what the base has
	Ours    Side = "ours" // only our side changed it
	Theirs  Side = "theirs"
	Same    Side = "same"      // both sides made the same change
	Both    Side = "both"      // both changed it, and the changes fit together: they touch different fields
	Clash   Side = "collision" // both changed it in ways that don't fit: a person settles it
)

// Merged is the result of a three-way merge.
type Merged struct {
	// Clauses holds every clause of base, ours and theirs exactly once, in merged order; a dropped one
	// stands after the clause that it followed in the base.
	Clauses []MergedClause
}

// MergedClause is one clause of a merge.
type MergedClause struct {
	Clause  Clause // the merged content; where fields collide, ours (where ours has dropped it, theirs)
	State   Side   // what happened to its content: Neither, Ours, Theirs, Same, Both or Clash
	Dropped bool   // taken out by the side that State names; Clause is then its content in the base
	Moved   Side   // who moved it: Neither, Ours, Theirs, Same (to the same place) or Clash (the earlier place was taken)

	Base, Ours, Theirs *Clause          // what each has, nil if it doesn't have the clause
	Collisions         []FieldCollision // if State is Clash and neither side dropped it
}

// FieldCollision is a field that both sides changed, differently.
type FieldCollision struct {
	Field              Field
	Base, Ours, Theirs string
}

// Collides reports whether a person has to settle this clause.
func (m MergedClause) Collides() bool { return m.State == Clash }

// Choice settles one collision.
type Choice struct {
	Take Side    // Ours or Theirs: the fields that collide are taken from there, or the clause is dropped as there; ignored if Own is set
	Own  *Clause // a wording of one's own; its id is ignored
}

// Merge brings together what ours and theirs made of base, clause by clause (by id) and field by field. A change
// made on one side only is taken, and so is one that both made alike. Changing a clause that the other side dropped is
// a collision; moving it is not, and it is dropped. Additions on both sides are all kept.
//
// Order is merged too. Clauses that nobody moved keep the order of the base; one that a side moved or
// added stands after the unmoved clause that it follows there, together with what else that side put
// there. Where both put something in the same place, ids decide which comes first, so that two places
// that merge one another's text get the same text, whichever calls itself "ours".
//
// Merge(b, b, t) is t, Merge(b, o, b) is o, Merge(b, x, x) is x, and edits that touch different clauses
// never collide. O(n log n).
func Merge(base, ours, theirs []Clause) Merged {
	m := merger{base: keyList(base), ours: keyList(ours), theirs: keyList(theirs)}
	return m.merge()
}

// Collisions returns how many clauses a person has to settle.
func (m Merged) Collisions() int {
	n := 0
	for _, c := range m.Clauses {
		if c.Collides() {
			n++
		}
	}
	return n
}

// Result returns the merged text. Where clauses collide it holds MergedClause.Clause, as a draft to settle.
func (m Merged) Result() []Clause {
	out := make([]Clause, 0, len(m.Clauses))
	for _, c := range m.Clauses {
		if !c.Dropped {
			out = append(out, c.Clause)
		}
	}
	return out
}

// Settle returns the merged text with each collision settled by the choice made for its id. A collision
// without a choice, or a choice for a clause that doesn't collide, is an error that names the clause.
func (m Merged) Settle(choices map[string]Choice) ([]Clause, error) {
	out := make([]Clause, 0, len(m.Clauses))
	used := make(map[string]bool, len(choices))
	for _, c := range m.Clauses {
		if !c.Collides() {
			if !c.Dropped {
				out = append(out, c.Clause)
			}
			continue
		}
		choice, ok := choices[c.Clause.ID]
		if !ok {
			return nil, fmt.Errorf("clause %q: both sides changed it; choose ours, theirs or a wording of your own", c.Clause.ID)
		}
		used[c.Clause.ID] = true
		settled, kept, err := c.settle(choice)
		if err != nil {
			return nil, err
		}
		if kept {
			out = append(out, settled)
		}
	}
	for id := range choices {
		if !used[id] {
			return nil, fmt.Errorf("clause %q: nothing to settle", id)
		}
	}
	return out, nil
}

func (m MergedClause) settle(choice Choice) (settled Clause, kept bool, err error) {
	settled = m.Clause
	if choice.Own != nil {
		settled = *choice.Own
		settled.ID = m.Clause.ID
		return settled, true, nil
	}
	side := m.Ours
	switch choice.Take {
	case Ours:
	case Theirs:
		side = m.Theirs
	default:
		return Clause{}, false, fmt.Errorf("clause %q: %q is not a side; choose ours or theirs", m.Clause.ID, choice.Take)
	}
	if side == nil {
		return Clause{}, false, nil
	}
	for _, f := range m.Collisions {
		settled.Set(f.Field, side.Get(f.Field))
	}
	return settled, true, nil
}

type merger struct{ base, ours, theirs keyed }

func (m merger) merge() Merged {
	entries := make(map[key]MergedClause)
	for _, l := range []keyed{m.base, m.ours, m.theirs} {
		for _, k := range l.keys {
			if _, done := entries[k]; !done {
				entries[k] = mergeClause(m.base.get(k), m.ours.get(k), m.theirs.get(k))
			}
		}
	}
	order := m.order(entries)
	out := Merged{Clauses: make([]MergedClause, 0, len(entries))}
	for _, k := range order {
		out.Clauses = append(out.Clauses, entries[k])
	}
	return out
}

// mergeClause merges the content of one clause; at least one of the three is not nil.
func mergeClause(base, ours, theirs *Clause) MergedClause {
	m := MergedClause{Base: base, Ours: ours, Theirs: theirs}
	switch {
	case base != nil && ours == nil && theirs == nil:
		m.Clause, m.State, m.Dropped = *base, Same, true
	case base != nil && ours == nil:
		m.drop(*theirs, Ours)
	case base != nil && theirs == nil:
		m.drop(*ours, Theirs)
	case theirs == nil:
		m.Clause, m.State = *ours, Ours
	case ours == nil:
		m.Clause, m.State = *theirs, Theirs
	default:
		m.mergeFields()
	}
	return m
}

// drop settles a clause that side by dropped: it goes, unless the other side changed it to left.
func (m *MergedClause) drop(left Clause, by Side) {
	m.Clause, m.State = left, Clash
	if left == *m.Base {
		m.State, m.Dropped = by, true
	}
}

// mergeFields merges a clause that both sides have, with an empty base if both added it.
func (m *MergedClause) mergeFields() {
	var base Clause
	if m.Base != nil {
		base = *m.Base
	} else {
		base.ID = m.Ours.ID
	}
	m.Clause = *m.Ours
	for _, f := range Fields {
		b, o, t := base.Get(f), m.Ours.Get(f), m.Theirs.Get(f)
		switch {
		case o == t, t == b:
		case o == b:
			m.Clause.Set(f, t)
		default:
			m.Collisions = append(m.Collisions, FieldCollision{f, b, o, t})
		}
	}
	switch {
	case len(m.Collisions) > 0:
		m.State = Clash
	case *m.Ours == base && *m.Theirs == base:
		m.State = Neither
	case *m.Ours == *m.Theirs:
		m.State = Same
	case *m.Theirs == base:
		m.State = Ours
	case *m.Ours == base:
		m.State = Theirs
	default:
		m.State = Both
	}
}

// placed is a clause that one side moved or added: it hangs after a clause that nobody moved.
type placed struct {
	after int // index in the unmoved clauses, -1 for the start
	index int // its index in that side's text
}

// order returns all keys in merged order and notes in entries who moved what.
func (m merger) order(entries map[key]MergedClause) []key {
	stays := func(k key) bool { return !entries[k].Dropped }
	ourMoves, theirMoves := m.base.moved(m.ours, stays), m.base.moved(m.theirs, stays)
	fixedAt := make(map[key]int)
	var fixed []key
	for _, k := range m.base.keys {
		if stays(k) && !ourMoves[k] && !theirMoves[k] {
			fixedAt[k] = len(fixed)
			fixed = append(fixed, k)
		}
	}
	put := func(moves map[key]bool) func(key) bool {
		return func(k key) bool { return moves[k] || !m.base.has(k) }
	}
	ours := place(m.ours, fixedAt, put(ourMoves))
	theirs := place(m.theirs, fixedAt, put(theirMoves))
	m.noteMoves(entries, ours, theirs, ourMoves, theirMoves)

	slots := make([][2][]key, len(fixed)+1)
	fillSlots(slots, 0, m.ours, ours, theirs)
	fillSlots(slots, 1, m.theirs, theirs, ours)
	out := weave(slots[0][0], slots[0][1])
	for i, k := range fixed {
		out = append(out, k)
		out = append(out, weave(slots[i+1][0], slots[i+1][1])...)
	}
	return m.withDropped(out, stays)
}

// place finds, for each clause of one side that it moved or added, the unmoved clause that it follows.
func place(side keyed, fixedAt map[key]int, put func(key) bool) map[key]placed {
	out := make(map[key]placed)
	after := -1
	for i, k := range side.keys {
		if at, ok := fixedAt[k]; ok {
			after = at
		} else if put(k) {
			out[k] = placed{after, i}
		}
	}
	return out
}

// noteMoves writes into entries who moved each clause of the base.
func (m merger) noteMoves(entries map[key]MergedClause, ours, theirs map[key]placed, ourMoves, theirMoves map[key]bool) {
	for _, k := range m.base.keys {
		e := entries[k]
		switch {
		case e.Dropped:
		case ourMoves[k] && theirMoves[k] && ours[k].after == theirs[k].after:
			e.Moved = Same
		case ourMoves[k] && theirMoves[k]:
			e.Moved = Clash
		case ourMoves[k]:
			e.Moved = Ours
		case theirMoves[k]:
			e.Moved = Theirs
		}
		entries[k] = e
	}
}

// fillSlots lists what one side puts after each unmoved clause. What both sides put somewhere stays only
// in the earlier of the two places.
func fillSlots(slots [][2][]key, which int, side keyed, own, other map[key]placed) {
	for _, k := range side.keys {
		p, ok := own[k]
		if !ok {
			continue
		}
		if q, both := other[k]; both && q.after < p.after {
			continue
		}
		slots[p.after+1][which] = append(slots[p.after+1][which], k)
	}
}

// weave joins what two sides put in one place. What both have stands in an order that one of them gave it;
// between, each side's own clauses stay together and in their order. Where only chance could decide, the
// smaller id comes first.
func weave(ours, theirs []key) []key {
	first, second := ours, theirs
	if slices.CompareFunc(ours, theirs, compareKeys) > 0 {
		first, second = theirs, ours
	}
	inSecond := make(map[key]int, len(second))
	for i, k := range second {
		inSecond[k] = i
	}
	shared := make(map[key]bool)
	for _, k := range first {
		if _, ok := inSecond[k]; ok {
			shared[k] = true
		}
	}
	// Before each shared clause come the own clauses of the second side that lead up to it.
	lead := make(map[key][]key)
	var run []key
	for _, k := range second {
		if shared[k] {
			lead[k], run = run, nil
		} else {
			run = append(run, k)
		}
	}
	var out []key
	for _, k := range first {
		if shared[k] {
			out = append(out, lead[k]...)
		}
		out = append(out, k)
	}
	return append(out, run...)
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.nth, b.nth))
}

// withDropped puts each dropped clause after the clause that it followed in the base.
func (m merger) withDropped(order []key, stays func(key) bool) []key {
	dropped := make(map[key][]key)
	var start []key
	var last *key
	for _, k := range m.base.keys {
		switch {
		case stays(k):
			last = &k
		case last == nil:
			start = append(start, k)
		default:
			dropped[*last] = append(dropped[*last], k)
		}
	}
	out := start
	for _, k := range order {
		out = append(out, k)
		out = append(out, dropped[k]...)
	}
	return out
}
