package tally

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// spread makes ballots that each rank some of the candidates, nearly all in
// different ways: random walks along a line, as in an election with a left, a
// right and much between. The figures of docs/performance-counting.md use it.
func spread(candidates, ballots int) *Election {
	r := rand.New(rand.NewPCG(2026, 11))
	e := &Election{Title: "spread", Kind: Ordinal, Seats: 5}
	for i := range candidates {
		e.Options = append(e.Options, Option{ID: fmt.Sprint(i + 1), Name: fmt.Sprintf("Candidate %d", i+1)})
	}
	near := make([]float64, candidates)
	for range ballots {
		at := r.Float64() * float64(candidates)
		choices := make([]int, candidates)
		for c := range choices {
			choices[c] = c
			d := float64(c) - at
			near[c] = d*d + r.Float64()*float64(4*candidates)
		}
		sortBy(choices, near)
		e.Ballots = append(e.Ballots, Ballot{Weight: 1, Choices: choices[:candidates/2+r.IntN(candidates/2+1)]})
	}
	return e
}

func sortBy(choices []int, key []float64) {
	for i := 1; i < len(choices); i++ {
		for j := i; j > 0 && key[choices[j]] < key[choices[j-1]]; j-- {
			choices[j], choices[j-1] = choices[j-1], choices[j]
		}
	}
}

// 100,000 ballots, 20 candidates, 5 seats where the rule has seats.
func BenchmarkRanked(b *testing.B) {
	e := spread(20, 100_000)
	for _, rule := range []string{"stv-meek", "schulze", "ranked-pairs", "minimax", "copeland", "split-cycle", "irv", "stv-scottish", "stv-wigm"} {
		b.Run(rule, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Count(e, Rule{Name: rule}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(e.Group().Ballots)), "ballots")
		})
	}
}

// Files of 100,000 ballots; the figure to read is MB/s.
func BenchmarkParse(b *testing.B) {
	e := spread(20, 100_000)
	for _, name := range []string{"blt", "preflib", "csv"} {
		b.Run(name, func(b *testing.B) {
			f := formatNamed(b, name)
			var file bytes.Buffer
			if err := f.Write(&file, e); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Parse(file.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
