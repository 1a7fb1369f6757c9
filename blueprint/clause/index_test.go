package clause

import (
	"fmt"
	"testing"
)

// manyClauses are n clauses made of the sentences of the ordinances, so that words are as common as they really are.
func manyClauses(t testing.TB, n int) (clauses []Clause, queries []string) {
	_, texts := ordinances(t)
	for _, d := range readAll(texts) {
		for _, p := range d.Provisions {
			queries = append(queries, p.body())
		}
	}
	for i := range n {
		text := queries[i%len(queries)]
		if i >= len(queries) {
			text = fmt.Sprint(text, " variant ", i/len(queries))
		}
		clauses = append(clauses, Clause{Text: text})
	}
	return clauses, queries
}

func TestIndex(t *testing.T) {
	clauses, queries := manyClauses(t, 6000)
	ix := NewIndex(clauses)
	for i := 0; i < len(queries); i += 50 {
		hits := ix.Search(queries[i], 5)
		if len(hits) == 0 || hits[0].Similarity != 1 || Normalise(clauses[hits[0].Index].Text) != Normalise(queries[i]) {
			t.Errorf("query %d: not found itself: %v", i, hits)
		}
		for j := 1; j < len(hits); j++ {
			if hits[j].Similarity > hits[j-1].Similarity {
				t.Errorf("query %d: hits out of order: %v", i, hits)
			}
		}
	}
	if hits := ix.Search("zzzz qqqq", 5); len(hits) != 0 {
		t.Errorf("found %v for words that no clause has", hits)
	}
	if hits := NewIndex(nil).Search("anything", 5); len(hits) != 0 {
		t.Errorf("found %v in an empty index", hits)
	}
	if hits := ix.Search("city", 0); hits != nil {
		t.Errorf("asked for none, got %v", hits)
	}
}

// TestIndexComplete: the most similar clause of all is among those found.
func TestIndexComplete(t *testing.T) {
	clauses, queries := manyClauses(t, 1500)
	ix := NewIndex(clauses)
	missed, asked := 0, 0
	for i := 0; i < len(queries); i += 40 {
		m := newMatcher(sequenceOf(normalWords(queries[i] + " and more words that were put in")))
		best := 0.0
		for _, c := range ix.clauses {
			best = max(best, m.similarity(c))
		}
		asked++
		if hits := ix.Search(queries[i]+" and more words that were put in", 1); best >= changedAtLeast && (len(hits) == 0 || hits[0].Similarity < best) {
			missed++
			t.Logf("query %d: best is %.2f, found %v", i, best, hits)
		}
	}
	if missed > 0 {
		t.Errorf("%d of %d searches missed the most similar clause", missed, asked)
	}
}

func BenchmarkIndexSearch(b *testing.B) {
	clauses, queries := manyClauses(b, 10_000)
	ix := NewIndex(clauses)
	i := 0
	for b.Loop() {
		ix.Search(queries[i%len(queries)], 10)
		i++
	}
}

func BenchmarkIndexBuild(b *testing.B) {
	clauses, _ := manyClauses(b, 10_000)
	for b.Loop() {
		NewIndex(clauses)
	}
}
