package clause

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ordinances reads the 47 city ordinances, in the order of their names.
func ordinances(t testing.TB) (names []string, texts []string) {
	files, _ := filepath.Glob(filepath.Join(dataDir(t, "open-data-policies-us-cities"), "*.txt"))
	slices.Sort(files)
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".txt"))
		texts = append(texts, readFile(t, f))
	}
	return names, texts
}

func readAll(texts []string) []Document {
	docs := make([]Document, len(texts))
	for i, text := range texts {
		docs[i] = Read(text)
	}
	return docs
}

func TestOrdinanceFamilies(t *testing.T) {
	var expected struct {
		Clusters [][]string
		Pairs    []struct {
			A, B        string
			Containment float64
		}
	}
	readJSON(t, filepath.Join(dataDir(t, "open-data-policies-us-cities"), "expected-similarity.json"), &expected)
	names, texts := ordinances(t)
	families, pairs := Families(readAll(texts))

	var got [][]string
	for _, f := range families {
		var members []string
		for _, i := range f {
			members = append(members, names[i])
		}
		got = append(got, members)
	}
	byFirst := func(a, b []string) int { return strings.Compare(a[0], b[0]) }
	slices.SortFunc(got, byFirst)
	slices.SortFunc(expected.Clusters, byFirst)
	if d := cmp.Diff(expected.Clusters, got); d != "" {
		t.Error(d)
	}

	joined := make(map[string]float64)
	for _, p := range pairs {
		joined[names[p.A]+", "+names[p.B]] = p.Similarity
	}
	listed := make(map[string]bool)
	for _, p := range expected.Pairs {
		pair := p.A + ", " + p.B
		listed[pair] = true
		similarity, ok := joined[pair]
		t.Logf("%-30s %.3f %.3f", pair, p.Containment, similarity)
		if p.Containment >= 0.40 && !ok {
			t.Errorf("%s: contained %.2f, not joined", pair, p.Containment)
		}
		if p.Containment < 0.20 && ok {
			t.Errorf("%s: contained %.2f, joined (%.2f)", pair, p.Containment, similarity)
		}
	}
	for pair := range joined {
		if !listed[pair] {
			t.Errorf("%s: joined, though they share almost nothing", pair)
		}
	}
}

func BenchmarkOrdinancesPairwise(b *testing.B) {
	_, texts := ordinances(b)
	for b.Loop() {
		Families(readAll(texts))
	}
}
