package clause

import (
	"cmp"
	"slices"
)

// changedAtLeast is how alike two clauses have to be for one to be called a changed form of the other: at
// least half of their words, taken together, stand in both in the same order. Below it more of the
// clause is new, or gone, than stayed.
const changedAtLeast = 0.5

// Match is what became of one clause on the way from a parent text to a child.
type Match struct {
	State      State   // Kept, Changed, Dropped or Added
	Moved      bool    // it stands in another order among the clauses that both have
	Parent     int     // index in the parent's provisions, -1 if added
	Child      int     // index in the child's provisions, -1 if dropped
	Similarity float64 // of the two; for a dropped or added clause, to the most similar one left on the other side
}

// Align says which clause of child answers to which of parent: each to one at most. Clauses of the same
// wording are paired first, those in order before those that moved; then the most similar pairs, if at
// least half alike. Numbers and headings play no part, so renumbering changes nothing; nor does filling
// the variables of the parent.
// The matches stand in the order of child; a dropped clause stands after the one that it followed in parent.
func Align(parent, child Document) []Match {
	a := aligner{parent: parent.clauses, child: child.clauses, patterns: patterns(parent.Provisions)}
	a.toChild, a.toParent = unmatched(len(a.parent)), unmatched(len(a.child))
	a.same()
	a.similar()
	return a.matches()
}

type aligner struct {
	parent, child     []sequence
	patterns          map[int]pattern // of the parent's clauses that have variables
	toChild, toParent []int           // the partner of each clause, -1 if it has none
	best              map[side]float64
}

func patterns(ps []Provision) map[int]pattern {
	out := make(map[int]pattern)
	for i, p := range ps {
		if pattern := patternOf(p.body()); pattern != nil {
			out[i] = pattern
		}
	}
	return out
}

// side is a clause of the parent or of the child.
type side struct {
	child bool
	index int
}

func unmatched(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

func (a *aligner) pair(p, c int) { a.toChild[p], a.toParent[c] = c, p }

// same pairs clauses of the same wording: first along a shortest difference of the two lists, then
// wherever they stand.
func (a *aligner) same() {
	ids := make(map[string]int32)
	number := func(clauses []sequence) []int32 {
		out := make([]int32, len(clauses))
		for i, c := range clauses {
			k := string(unitBytes(c.units))
			if _, ok := ids[k]; !ok {
				ids[k] = int32(len(ids))
			}
			out[i] = ids[k]
		}
		return out
	}
	d := &differ{a: number(a.parent), b: number(a.child), budget: diffBudget}
	d.keepA, d.keepB = make([]bool, len(d.a)), make([]bool, len(d.b))
	d.diff(0, len(d.a), 0, len(d.b))
	c := 0
	for p, kept := range d.keepA {
		if kept {
			for !d.keepB[c] {
				c++
			}
			a.pair(p, c)
			c++
		}
	}
	left := make(map[int32][]int)
	for p, id := range d.a {
		if a.toChild[p] < 0 {
			left[id] = append(left[id], p)
		}
	}
	for c, id := range d.b {
		if ps := left[id]; a.toParent[c] < 0 && len(ps) > 0 {
			a.pair(ps[0], c)
			left[id] = ps[1:]
		}
	}
}

func unitBytes(units []unit) []byte {
	out := make([]byte, 0, 8*len(units))
	for _, u := range units {
		for s := 0; s < 64; s += 8 {
			out = append(out, byte(u>>s))
		}
	}
	return out
}

const (
	// compared is how many of the parent's clauses are compared in full with each clause of the child.
	compared = 32
	// remembered is how many of them remain, in case a better pair takes the first away.
	remembered = 16
)

// similar pairs what is left, the most similar first; of equally similar pairs those first that stand at
// about the same place.
func (a *aligner) similar() {
	var rest []int
	ix := newIndex()
	for p, c := range a.toChild {
		if c < 0 {
			rest = append(rest, p)
			ix.add(a.parent[p])
		}
	}
	type scored struct {
		p, c       int
		similarity float64
	}
	var pairs []scored
	find := &searcher{ix: ix}
	a.best = make(map[side]float64)
	for c, p := range a.toParent {
		if p >= 0 {
			continue
		}
		for _, hit := range find.search(a.child[c], remembered, compared) {
			p := rest[hit.Index]
			if hit.Similarity >= changedAtLeast {
				pairs = append(pairs, scored{p, c, hit.Similarity})
			}
			a.best[side{false, p}] = max(a.best[side{false, p}], hit.Similarity)
			a.best[side{true, c}] = max(a.best[side{true, c}], hit.Similarity)
		}
	}
	shift := func(s scored) float64 {
		d := float64(s.p)/float64(len(a.parent)) - float64(s.c)/float64(len(a.child))
		return max(d, -d)
	}
	slices.SortFunc(pairs, func(x, y scored) int {
		return cmp.Or(cmpDescending(x.similarity, y.similarity), cmp.Compare(shift(x), shift(y)), cmp.Compare(x.p, y.p), cmp.Compare(x.c, y.c))
	})
	for _, s := range pairs {
		if a.toChild[s.p] < 0 && a.toParent[s.c] < 0 {
			a.pair(s.p, s.c)
		}
	}
}

func (a *aligner) matches() []Match {
	var order, places []int
	for c, p := range a.toParent {
		if p >= 0 {
			order, places = append(order, c), append(places, p)
		}
	}
	inOrder := make(map[int]bool)
	for _, i := range increasing(places) {
		inOrder[order[i]] = true
	}

	dropped := make(map[int][]int) // behind the clause of the parent that they followed
	last := -1
	for p, c := range a.toChild {
		if c >= 0 {
			last = p
		} else {
			dropped[last] = append(dropped[last], p)
		}
	}
	out := make([]Match, 0, len(a.child))
	drop := func(after int) {
		for _, p := range dropped[after] {
			out = append(out, Match{State: Dropped, Parent: p, Child: -1, Similarity: a.best[side{false, p}]})
		}
	}
	drop(-1)
	for c, p := range a.toParent {
		if p < 0 {
			out = append(out, Match{State: Added, Parent: -1, Child: c, Similarity: a.best[side{true, c}]})
			continue
		}
		m := Match{State: Changed, Parent: p, Child: c, Moved: !inOrder[c], Similarity: similarity(a.parent[p], a.child[c])}
		if slices.Equal(a.parent[p].units, a.child[c].units) || a.patterns[p].fits(a.child[c].units) {
			m.State = Kept
		}
		out = append(out, m)
		drop(p)
	}
	return out
}
