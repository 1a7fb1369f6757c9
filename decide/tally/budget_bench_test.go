package tally

import (
	"math/big"
	"os"
	"path/filepath"
	"testing"
)

const lodz = "Poland_Lodz_2020.pb" // 51,472 voters, 151 projects

func benchmarkCount(b *testing.B, file string, r Rule) {
	e := readPabulib(b, file)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Count(e, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEqualSharesLodz(b *testing.B) {
	benchmarkCount(b, lodz, Rule{Name: "equal-shares"})
}

func BenchmarkEqualSharesAdd1Lodz(b *testing.B) {
	benchmarkCount(b, lodz, Rule{Name: "equal-shares", Completion: CompletionAdd1})
}

func BenchmarkEqualSharesAdd1OverspendLodz(b *testing.B) {
	benchmarkCount(b, lodz, Rule{Name: "equal-shares", Completion: CompletionAdd1, Stop: StopOverspend})
}

// The forint budget makes add1 tens of thousands of steps.
func BenchmarkEqualSharesAdd1Forint(b *testing.B) {
	benchmarkCount(b, "Hungary_Budapest_2024_VIII_Jozsefvaros.pb", Rule{Name: "equal-shares", Completion: CompletionAdd1})
}

func BenchmarkPhragmenLodz(b *testing.B) { benchmarkCount(b, lodz, Rule{Name: "phragmen"}) }

func BenchmarkGreedyLodz(b *testing.B) { benchmarkCount(b, lodz, Rule{Name: "greedy-votes"}) }

// BenchmarkEqualSharesPlainWieliczka measures what the fast way is compared
// with: the definition in rationals.
func BenchmarkEqualSharesPlain(b *testing.B) {
	e := readPabulib(b, "Poland_Warszawa_2019_Przywisle.pb")
	for b.Loop() {
		c := &counting{ctx: b.Context(), election: e.Group(), rule: Rule{Name: "equal-shares"}, out: &Outcome{}}
		if err := c.sharesDefaults(); err != nil {
			b.Fatal(err)
		}
		m, _, err := c.sharesModel()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.runPlain(new(big.Rat).Quo(e.Budget, new(big.Rat).SetInt64(e.Voters()))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParsePabulib(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(dataDir(b), "pb", lodz))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePabulib(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEqualSharesAdd1Praga(b *testing.B) {
	benchmarkCount(b, "Poland_Warszawa_2024_Praga-Poludnie.pb", Rule{Name: "equal-shares", Completion: CompletionAdd1})
}
