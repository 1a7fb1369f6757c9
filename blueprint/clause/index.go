package clause

import (
	"cmp"
	"math"
	"slices"
)

// Index finds the clauses that are most like a given one among many. Add all clauses first; then any
// number of goroutines may search. Memory: about 16 bytes a word.
type Index struct {
	clauses  []sequence
	postings map[unit][]int32 // the clauses that hold a unit, each once
}

// NewIndex returns an index of the given clauses.
func NewIndex(clauses []Clause) *Index {
	ix := newIndex()
	for _, c := range clauses {
		text := c.Text
		if text == "" {
			text = c.Heading
		}
		ix.add(sequenceOf(normalWords(text)))
	}
	return ix
}

func newIndex() *Index { return &Index{postings: make(map[unit][]int32)} }

func (ix *Index) add(s sequence) {
	at := int32(len(ix.clauses))
	ix.clauses = append(ix.clauses, s)
	for _, u := range s.units {
		if p := ix.postings[u]; len(p) == 0 || p[len(p)-1] != at {
			ix.postings[u] = append(p, at)
		}
	}
}

// Hit is a clause that an index found.
type Hit struct {
	Index      int     // of the clause, in the order in which they were added
	Similarity float64 // see Similarity
}

// Search returns the n clauses most like text, the most similar first; those that share no word with it
// are left out.
func (ix *Index) Search(text string, n int) []Hit { return ix.SearchOnly(text, n, nil) }

// SearchOnly is [Index.Search] among the clauses that only, if not nil, says by their index.
func (ix *Index) SearchOnly(text string, n int, only func(int) bool) []Hit {
	if n <= 0 {
		return nil
	}
	return (&searcher{ix: ix, only: only}).search(sequenceOf(normalWords(text)), n, 4*n+32)
}

// maxPostings bounds how many places one search looks up: of the words of a clause, rarest first, as
// many as fit. Words that stand in every clause tell nothing.
const maxPostings = 100_000

// searcher holds what one search after the other can use again.
type searcher struct {
	ix     *Index
	only   func(int) bool // nil: all
	scores []float32
	found  []int32
}

// search weighs each word that is shared by how rare it is (inverse document frequency, over the root of
// the clause's length) to choose the given number of clauses to compare in full, and returns the n best.
func (s *searcher) search(q sequence, n, compare int) []Hit {
	s.score(q)
	m := newMatcher(q)
	best := s.best(compare)
	hits := make([]Hit, len(best))
	for i, c := range best {
		hits[i] = Hit{int(c), m.similarity(s.ix.clauses[c])}
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmpDescending(a.Similarity, b.Similarity), cmp.Compare(a.Index, b.Index))
	})
	return hits[:min(len(hits), n)]
}

// best returns the n clauses found with the highest scores, of equals the first.
func (s *searcher) best(n int) []int32 {
	order := func(a, b int32) int { return cmp.Or(cmp.Compare(s.scores[b], s.scores[a]), cmp.Compare(a, b)) }
	best := make([]int32, 0, 2*n)
	for _, c := range s.found {
		if s.only != nil && !s.only(int(c)) || len(best) >= n && order(c, best[n-1]) > 0 { // the first n are sorted
			continue
		}
		best = append(best, c)
		if len(best) == n || len(best) == 2*n {
			slices.SortFunc(best, order)
			best = best[:n]
		}
	}
	slices.SortFunc(best, order)
	return best[:min(len(best), n)]
}

func (s *searcher) score(q sequence) {
	if s.scores == nil {
		s.scores = make([]float32, len(s.ix.clauses))
	}
	for _, c := range s.found {
		s.scores[c] = 0
	}
	s.found = s.found[:0]
	units := distinct(q.units)
	slices.SortStableFunc(units, func(a, b unit) int { return cmp.Compare(len(s.ix.postings[a]), len(s.ix.postings[b])) })
	looked := 0
	for _, u := range units {
		posting := s.ix.postings[u]
		if looked > 0 && looked+len(posting) > maxPostings {
			break
		}
		looked += len(posting)
		rarity := float32(math.Log1p(float64(len(s.ix.clauses)) / float64(len(posting)+1)))
		for _, c := range posting {
			if s.scores[c] == 0 {
				s.found = append(s.found, c)
			}
			s.scores[c] += rarity
		}
	}
	for _, c := range s.found {
		s.scores[c] /= float32(math.Sqrt(float64(len(s.ix.clauses[c].units))))
	}
}

func distinct(units []unit) []unit {
	out := slices.Clone(units)
	slices.Sort(out)
	return slices.Compact(out)
}
