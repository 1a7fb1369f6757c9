package opinion

import (
	"cmp"
	"encoding/json"
	"io/fs"
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

// byID returns the index of each statement.
func byID(c *Conversation) map[string]int {
	out := map[string]int{}
	for j, s := range c.statements {
		out[s.ID] = j
	}
	return out
}

func TestAxesAreTheReference(t *testing.T) {
	for _, name := range conversations(t) {
		t.Run(name, func(t *testing.T) {
			c, r := loadReference(t, name)
			m := mustMake(t, c, Options{})
			if len(m.Participants) != r.Participants || m.Votes != r.Votes || m.Votes+m.Superseded != r.Events || m.Grouped != r.Clustered {
				t.Errorf("%d participants, %d votes, %d superseded, %d grouped: the reference has %d, %d, %d, %d",
					len(m.Participants), m.Votes, m.Superseded, m.Grouped, r.Participants, r.Votes, r.Events-r.Votes, r.Clustered)
			}
			index := byID(c)
			for id, want := range r.PCA.Mean {
				near(t, "mean of "+id, m.Mean[index[id]], want, 1e-9)
			}
			for a := range 2 {
				var product float64
				for i, id := range r.PCA.IDs {
					product += m.Components[a][index[id.String()]] * r.PCA.Components[a][i]
				}
				if math.Abs(product) < 0.9999 {
					t.Errorf("component %d: |cosine| %g with the reference's", a+1, math.Abs(product))
				}
				near(t, "variance", m.Variance[a], r.PCA.Variance[a], 1e-6)
				near(t, "variance explained", m.Explained[a], r.PCA.Ratio[a], 1e-6)
			}
			// Of large conversations the reference computes its axes by chance
			// and in part (a randomized SVD): places agree to three digits.
			for i, p := range m.Points {
				want := r.XY[m.Participants[i]]
				near(t, "x of "+m.Participants[i], math.Abs(p.X), math.Abs(*want[0]), 1e-3)
				near(t, "y of "+m.Participants[i], math.Abs(p.Y), math.Abs(*want[1]), 1e-3)
			}
		})
	}
}

// exported returns the groups of a map and those of the export, of participants
// that have both.
func exported(c *Conversation, m *Map) (ours, theirs []int) {
	numbers := interner{index: map[string]int32{}}
	for i, p := range m.Points {
		if g, ok := c.Exported[m.Participants[i]]; ok && p.Group >= 0 {
			ours, theirs = append(ours, p.Group), append(theirs, int(numbers.of(g)))
		}
	}
	return ours, theirs
}

func TestGroupsAreThoseOfTheExport(t *testing.T) {
	// The others' exported groups are no truth: the reference too agrees with
	// them no more than by half.
	for _, name := range []string{
		"bg2050-volunteers", "scoop-hivemind.taxes", "canadian-electoral-reform", "brexit-consensus", "vtaiwan.uberx",
	} {
		c, _ := loadReference(t, name)
		ours, theirs := exported(c, mustMake(t, c, Options{}))
		ari := AdjustedRand(ours, theirs)
		t.Logf("%s: adjusted Rand index %.3f, %d participants", name, ari, len(ours))
		if ari < 0.8 {
			t.Errorf("%s: adjusted Rand index %.3f with the export's groups", name, ari)
		}
	}
}

// referenceGroups returns the reference's groups as labels of the map's grouped
// participants, with their places.
func referenceGroups(t *testing.T, m *Map, r *reference) (places []xy, labels []uint8) {
	for i, p := range m.Points {
		label := r.XY[m.Participants[i]][2]
		if (label == nil) != (p.Group < 0) {
			t.Errorf("participant %s is grouped here or there alone", m.Participants[i])
			continue
		}
		if label != nil {
			places, labels = append(places, xy{p.X, p.Y}), append(labels, uint8(*label))
		}
	}
	return places, labels
}

func TestSilhouetteIsNotBelowTheReference(t *testing.T) {
	for _, name := range conversations(t) {
		c, r := loadReference(t, name)
		m := mustMake(t, c, Options{})
		places, labels := referenceGroups(t, m, r)
		fits, _ := silhouettes(places, [][]uint8{labels})
		t.Logf("%s: %d groups, %.4f; the reference's %d groups, %.4f", name, m.K, m.Silhouette, r.Groups, fits[0].mean)
		if m.Silhouette < fits[0].mean-0.02 {
			t.Errorf("%s: silhouette %.4f, the reference's groups have %.4f", name, m.Silhouette, fits[0].mean)
		}
		// The reference's table is of other runs than its groups. In one of them
		// a single participant of bg2050 is a group, and the other 106 are the
		// other: a silhouette that no division into groups of three reaches.
		best := 0.0
		for _, s := range r.Silhouette {
			best = max(best, s)
		}
		if name != "bg2050-volunteers" && m.Silhouette < best-0.02 {
			t.Errorf("%s: silhouette %.4f, the best of the reference's is %.4f", name, m.Silhouette, best)
		}
	}
}

// countsByLabel counts the votes of grouped participants.
func countsByLabel(c *Conversation, m *Map, labels []uint8, k int) [][]Count {
	groups := make([][]Count, k)
	for g := range groups {
		groups[g] = make([]Count, len(c.statements))
	}
	i := 0
	for p := range m.Points {
		if m.Points[p].Group >= 0 {
			countRow(groups[labels[i]], c.rows[p], 1)
			i++
		}
	}
	return groups
}

func TestStatisticsOfTheReferencesGroups(t *testing.T) {
	for _, name := range conversations(t) {
		t.Run(name, func(t *testing.T) {
			c, r := loadReference(t, name)
			m := mustMake(t, c, Options{})
			index := byID(c)
			_, labels := referenceGroups(t, m, r)
			groups := countsByLabel(c, m, labels, r.Groups)
			agree, disagree := Consensus(groups)
			for id, want := range r.GroupAware.Agree {
				near(t, "agreement of all groups with "+id, agree[index[id]], want, 1e-6)
			}
			for id, want := range r.GroupAware.Disagree {
				near(t, "disagreement of all groups with "+id, disagree[index[id]], want, 1e-6)
			}
			together := sum(groups)
			for g := range groups {
				want := r.Repness[strconv.Itoa(g)]
				got := representative(c.statements, groups[g], together)
				if len(got) != len(want) {
					t.Fatalf("group %d: %d representative statements, want %d", g, len(got), len(want))
				}
				for i := range want {
					sameStatement(t, c, got[i], want[i])
				}
			}
			sameMajority(t, c, m.Majority.Agree, r.Consensus.Agree)
			sameMajority(t, c, m.Majority.Disagree, r.Consensus.Disagree)
		})
	}
}

func sameStatement(t *testing.T, c *Conversation, got Representative, want referenceStatement) {
	t.Helper()
	if id := c.statements[got.Statement].ID; id != want.ID.String() || got.For.String() != want.For ||
		got.Success != want.Success || got.Votes != want.Trials {
		t.Errorf("statement %s, %s by %d of %d: want %s, %s by %d of %d",
			id, got.For, got.Success, got.Votes, want.ID, want.For, want.Success, want.Trials)
		return
	}
	near(t, "p", got.P, want.P, 1e-9)
	near(t, "p test", got.PTest, want.PTest, 1e-9)
	near(t, "repness", got.Repness, want.Repness, 1e-9)
	near(t, "repness test", got.RepnessTest, want.RepnessTest, 1e-9)
}

func sameMajority(t *testing.T, c *Conversation, got []Majority, want []referenceStatement) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d majority statements, want %d", len(got), len(want))
		return
	}
	for i, w := range want {
		if id := c.statements[got[i].Statement].ID; id != w.ID.String() || got[i].Success != w.Success || got[i].Votes != w.Trials {
			t.Errorf("majority statement %s by %d of %d: want %s by %d of %d", id, got[i].Success, got[i].Votes, w.ID, w.Success, w.Trials)
			continue
		}
		near(t, "p", got[i].P, w.P, 1e-9)
		near(t, "p test", got[i].Test, w.PTest, 1e-9)
	}
}

// The table of participants holds the same last votes as the list of all votes.
func TestBothFilesOfVotesGiveOneConversation(t *testing.T) {
	for _, name := range conversations(t) {
		c, _ := loadReference(t, name)
		other, err := ReadPolis(without{os.DirFS(testData(t, "opinion", "polis-opendata", name)), votesFile})
		if err != nil {
			t.Fatal(err)
		}
		a, b := mustMake(t, c, Options{}), mustMake(t, other, Options{})
		b.Superseded = a.Superseded
		if diff := cmp.Or(sameMap(a, b), sameGroups(a, b)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// without is a folder that lacks one file.
type without struct {
	fs.FS
	file string
}

func (w without) Open(name string) (fs.File, error) {
	if name == w.file {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return w.FS.Open(name)
}
