package opinion

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// testData returns a folder of the shared test data, or skips the test.
func testData(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("TRANSLOCAL_TEST_DATA")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if filepath.Dir(dir) == dir {
				t.Skip("no go.mod above the test's folder")
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared", "data")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("real data is absent (%s); set TRANSLOCAL_TEST_DATA", path)
	}
	return path
}

// reference is what red-dwarf made of a conversation.
type reference struct {
	Participants, Statements, Clustered, Groups int
	Votes                                       int                `json:"n_votes"`
	Events                                      int                `json:"n_vote_events"`
	Silhouette                                  map[string]float64 `json:"silhouette_kmeans_by_k"`
	PCA                                         struct {
		Mean       map[string]float64
		Components [][]float64
		IDs        []json.Number `json:"statement_ids"`
		Variance   []float64     `json:"explained_variance"`
		Ratio      []float64     `json:"explained_variance_ratio"`
	}
	XY        map[string][]*float64 `json:"participants_xy"`
	Consensus struct {
		Agree, Disagree []referenceStatement
	}
	GroupAware struct{ Agree, Disagree map[string]float64 } `json:"group_aware_consensus"`
	Repness    map[string][]referenceStatement
}

type referenceStatement struct {
	ID          json.Number `json:"tid"`
	Success     int         `json:"n-success"`
	Trials      int         `json:"n-trials"`
	P           float64     `json:"p-success"`
	PTest       float64     `json:"p-test"`
	Repness     float64
	RepnessTest float64 `json:"repness-test"`
	For         string  `json:"repful-for"`
}

func loadReference(t testing.TB, name string) (*Conversation, *reference) {
	t.Helper()
	c, err := ReadPolis(os.DirFS(testData(t, "opinion", "polis-opendata", name)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(testData(t, "opinion", "expected-reddwarf", name+".reddwarf.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return c, &r
}

// conversations returns the names of the real conversations.
func conversations(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(testData(t, "opinion", "polis-opendata"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestX(t *testing.T) {
	for _, name := range conversations(t) {
		c, r := loadReference(t, name)
		m, err := Make(c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(name, len(m.Participants), r.Participants, m.Votes, r.Votes, m.Grouped, r.Clustered, "K", m.K, r.Groups, m.Silhouettes, r.Silhouette)
		t.Log(m.Variance, r.PCA.Variance, m.Explained, r.PCA.Ratio)
		for a := range 2 {
			var d float64
			for i, id := range r.PCA.IDs {
				for j, s := range m.Statements {
					if s.ID == id.String() {
						d += m.Components[a][j] * r.PCA.Components[a][i]
					}
				}
			}
			t.Log("cos", math.Abs(d)-1)
		}
		var worst float64
		var ours, theirs, mine, exp []int
		for i, p := range m.Points {
			q := r.XY[m.Participants[i]]
			worst = max(worst, math.Abs(math.Abs(p.X)-math.Abs(*q[0])), math.Abs(math.Abs(p.Y)-math.Abs(*q[1])))
			if q[2] != nil && p.Group >= 0 {
				ours, theirs = append(ours, p.Group), append(theirs, int(*q[2]))
			}
			if g, ok := c.Exported[m.Participants[i]]; ok && p.Group >= 0 {
				gi, _ := strconv.Atoi(g)
				mine, exp = append(mine, p.Group), append(exp, gi)
			}
		}
		t.Log("xy worst", worst, "ARI ref", AdjustedRand(ours, theirs), "export", AdjustedRand(mine, exp), len(mine))
		t.Log(m.Explanation)
	}
}
