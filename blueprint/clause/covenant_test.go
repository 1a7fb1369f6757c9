package clause

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// dataDir finds the texts to test with, or skips.
func dataDir(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TRANSLOCAL_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir = filepath.Join(dir, "texts", name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test data at %s: set TRANSLOCAL_TEST_DATA", dir)
	}
	return dir
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(readFile(t, path)), into); err != nil {
		t.Fatal(err)
	}
}

// covenant reads the parent versions and the adopters of the Contributor Covenant.
func covenant(t testing.TB) (names []string, parents []Document, adopters map[string]Document) {
	dir := dataDir(t, "contributor-covenant")
	files, _ := filepath.Glob(filepath.Join(dir, "parents", "*.md"))
	sort.Strings(files)
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".md"))
		parents = append(parents, Read(readFile(t, f)))
	}
	adopters = make(map[string]Document)
	files, _ = filepath.Glob(filepath.Join(dir, "adopters", "*.md"))
	for _, f := range files {
		adopters[filepath.Base(f)] = Read(readFile(t, f))
	}
	return names, parents, adopters
}

type lineage struct {
	Declared string `json:"declared_version"`
	Negative bool   `json:"negative_control"`
	Kept     int
	Changed  int
	Dropped  int
	Added    int
}

func expectedLineage(t *testing.T) map[string]lineage {
	expected := make(map[string]lineage)
	readJSON(t, filepath.Join(dataDir(t, "contributor-covenant"), "expected-lineage.json"), &expected)
	if len(expected) == 0 {
		t.Fatal("nothing expected")
	}
	return expected
}

func TestCovenantParents(t *testing.T) {
	names, parents, adopters := covenant(t)
	for file, want := range expectedLineage(t) {
		got, score := Nearest(adopters[file], parents)
		name := ""
		if got >= 0 {
			name = strings.TrimPrefix(names[got], "v")
		}
		if name != want.Declared {
			t.Errorf("%s: parent %q (%.2f), declared %q", file, name, score, want.Declared)
		}
	}
}

// TestCovenantStates compares the states of all clauses with those expected. Those that disagree are
// explained in docs/comparing.md.
func TestCovenantStates(t *testing.T) {
	_, parents, adopters := covenant(t)
	agree, total := 0, 0
	for file, want := range expectedLineage(t) {
		if want.Negative {
			continue
		}
		got := make(map[State]int)
		nearest, _ := Nearest(adopters[file], parents)
		if nearest < 0 {
			t.Errorf("%s: no parent", file)
			continue
		}
		for _, m := range Align(parents[nearest], adopters[file]) {
			got[m.State]++
		}
		for state, n := range map[State]int{Kept: want.Kept, Changed: want.Changed, Dropped: want.Dropped, Added: want.Added} {
			agree += min(got[state], n)
			total += n
			if got[state] != n {
				t.Logf("%s: %d %s, expected %d", file, got[state], state, n)
			}
		}
	}
	t.Logf("%d of %d clauses agree, %.1f %%", agree, total, 100*float64(agree)/float64(total))
	if total == 0 || float64(agree) < 0.95*float64(total) {
		t.Errorf("%d of %d clauses agree: fewer than 95 %%", agree, total)
	}
}
