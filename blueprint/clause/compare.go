package clause

import (
	"math/bits"
	"slices"
)

// Document is a text made ready for comparison: its provisions, and the runs of five words in it.
type Document struct {
	Provisions []Provision
	clauses    []sequence // of each provision
	shingles   []uint64   // sorted, each once
}

// Read segments and normalises a text. O(n log n).
func Read(text string) Document {
	d := Document{Provisions: Segment(text)}
	var all sequence
	for _, p := range d.Provisions {
		s := sequenceOf(p.words)
		d.clauses = append(d.clauses, s)
		all.units = append(all.units, s.units...)
		all.weights = append(all.weights, s.weights...)
	}
	d.shingles = shinglesOf(all)
	return d
}

// shingleWords is the length of the runs of words by which whole texts are compared. Two writers who
// don't know of one another's text share words, and pairs of words, but hardly ever five in a row, save set phrases.
const shingleWords = 5

// shinglesOf returns the runs of about five words, hashed and sorted. A run ends where its units make up
// five words, so that it is as unlikely to come about by chance in Chinese or Thai as in English.
func shinglesOf(s sequence) []uint64 {
	var out []uint64
	for i := range s.units {
		h, weight := uint64(14695981039346656037), 0
		for j := i; j < len(s.units) && weight < 4*shingleWords; j++ {
			h = bits.RotateLeft64(h, 23) ^ uint64(s.units[j])
			h *= 1099511628211
			weight += int(s.weights[j])
		}
		if weight >= 4*shingleWords {
			out = append(out, h)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// overlap says how much two texts share, in runs of five words.
type overlap struct{ a, b, shared int }

func overlapOf(a, b Document) overlap {
	o := overlap{a: len(a.shingles), b: len(b.shingles)}
	for i, j := 0, 0; i < o.a && j < o.b; {
		x, y := a.shingles[i], b.shingles[j]
		if x == y {
			o.shared++
		}
		if x <= y {
			i++
		}
		if y <= x {
			j++
		}
	}
	return o
}

// containment is the share of the shorter text that stands word for word in the other, 0 to 1.
func (o overlap) containment() float64 { return ratio(o.shared, min(o.a, o.b)) }

// resemblance is the share that both have of all that either has, 0 to 1.
func (o overlap) resemblance() float64 { return ratio(o.shared, o.a+o.b-o.shared) }

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

const (
	// nearContainment is how much of the shorter of two texts has to stand word for word in the other for
	// them to be called near: three runs of five words in ten. It is reached by taking over about a third
	// of the text as it is, or by taking over all of it and changing no more than one word in five (of runs
	// of five words, 0.8⁵ ≈ 0.33 survive that). Beyond it neither the passages nor the sentences are the same, and what is
	// left are set phrases of the genre.
	nearContainment = 0.30
	// nearRuns is the least number of runs that have to be shared, however short a text: as many as a
	// passage of fourteen words has, longer than a set phrase.
	nearRuns = 10
)

// near reports whether two texts share enough wording for one to come from the other, or both from a third.
func (o overlap) near() bool {
	return o.shared >= nearRuns && o.containment() >= nearContainment
}

// Containment returns how much of the shorter of two texts stands word for word in the other, in runs of
// five words: 0 nothing, 1 all of it. It is symmetric.
func Containment(a, b Document) float64 { return overlapOf(a, b).containment() }

// Nearest returns the index of the text in parents from which child most likely comes, and how much of
// child stands word for word in it, 0 to 1. If none is near the index is -1, and the score that of the best.
//
// Of the candidates that are near (see docs/comparing.md) it is the one that explains most of child;
// those that explain nearly as much, nine tenths of it, are told apart by how little else they hold.
// So a small excerpt finds the code that it was taken from, and a version its own and not a later, longer one.
func Nearest(child Document, parents []Document) (index int, score float64) {
	index = -1
	var best float64
	overlaps := make([]overlap, len(parents))
	for i, p := range parents {
		o := overlapOf(child, p)
		overlaps[i] = o
		if covered := ratio(o.shared, o.a); o.near() {
			best = max(best, covered)
		} else {
			score = max(score, covered)
		}
	}
	for i, o := range overlaps {
		if !o.near() || ratio(o.shared, o.a) < 0.9*best {
			continue
		}
		if index < 0 || o.resemblance() > overlaps[index].resemblance() {
			index, score = i, ratio(o.shared, o.a)
		}
	}
	return index, score
}

// Pair is two texts that share wording.
type Pair struct {
	A, B       int     // indexes, A < B
	Similarity float64 // Containment
}

// Families finds the groups of texts that share wording: two texts are joined if they are near one
// another, and a family is what hangs together by such joins. Texts that stand alone are in none.
// Families and their members are in the order of docs; pairs are the joins, the closest first.
func Families(docs []Document) (families [][]int, pairs []Pair) {
	group := make([]int, len(docs))
	for i := range group {
		group[i] = i
	}
	root := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	for i := range docs {
		for j := i + 1; j < len(docs); j++ {
			if o := overlapOf(docs[i], docs[j]); o.near() {
				pairs = append(pairs, Pair{i, j, o.containment()})
				a, b := root(i), root(j)
				group[max(a, b)] = min(a, b)
			}
		}
	}
	slices.SortStableFunc(pairs, func(p, q Pair) int { return cmpDescending(p.Similarity, q.Similarity) })
	members := make(map[int][]int)
	for i := range docs {
		members[root(i)] = append(members[root(i)], i)
	}
	for i := range docs {
		if m := members[i]; len(m) > 1 {
			families = append(families, m)
		}
	}
	return families, pairs
}

func cmpDescending(a, b float64) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// Similarity says how alike two clauses are, 0 to 1: the share of their words, taken together, that
// stand in both in the same order (twice the longest common subsequence over the sum of the lengths).
// Both texts are normalised first, so 1 means the same wording.
func Similarity(a, b string) float64 {
	return similarity(sequenceOf(normalWords(a)), sequenceOf(normalWords(b)))
}

func similarity(a, b sequence) float64 { return newMatcher(a).similarity(b) }

// maxUnits bounds how much of a clause is compared: its first 16,000 words.
const maxUnits = 1 << 14

// matcher compares one clause with many.
type matcher struct {
	length int
	at     map[unit][]uint64 // where a unit stands, one bit a place
	row    []uint64
}

func newMatcher(s sequence) *matcher {
	s.units = s.units[:min(len(s.units), maxUnits)]
	m := &matcher{length: len(s.units), at: make(map[unit][]uint64, len(s.units)), row: make([]uint64, (len(s.units)+63)/64)}
	for i, u := range s.units {
		places := m.at[u]
		if places == nil {
			places = make([]uint64, i/64+1, len(m.row))
		}
		for len(places) <= i/64 {
			places = append(places, 0)
		}
		places[i/64] |= 1 << (i % 64)
		m.at[u] = places
	}
	return m
}

func (m *matcher) similarity(s sequence) float64 {
	s.units = s.units[:min(len(s.units), maxUnits)]
	if m.length+len(s.units) == 0 {
		return 1
	}
	return 2 * float64(m.common(s.units)) / float64(m.length+len(s.units))
}

// common is the length of a longest common subsequence, by the bit-parallel method of Hyyrö (2004).
// O(⌈m.length/64⌉ · len(b)).
func (m *matcher) common(b []unit) int {
	v := m.row
	for i := range v {
		v[i] = ^uint64(0)
	}
	for _, u := range b {
		places := m.at[u]
		if places == nil {
			continue
		}
		var carry uint64
		for i := range v {
			var here uint64
			if i < len(places) {
				here = places[i]
			} else if carry == 0 {
				break
			}
			var sum uint64
			sum, carry = bits.Add64(v[i], v[i]&here, carry)
			v[i] = sum | v[i]&^here
		}
	}
	common := 0
	for i, w := range v {
		if last := m.length - 64*i; last < 64 {
			w |= ^uint64(0) << last
		}
		common += bits.OnesCount64(^w)
	}
	return common
}
