package tally

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rankedFile is a real election with what the references make of it.
type rankedFile struct {
	name     string
	data     []byte
	expected expectedRanked
}

// expectedRanked names candidates; candidate is the number of each.
type expectedRanked struct {
	File       string
	Candidates []string
	Seats      int
	Ballots    int64
	Pairwise   [][]int64
	Condorcet  *string `json:"condorcet_winner"`
	IRV        struct {
		Winner []string
		Rounds []struct {
			Tally     map[string]int64
			Exhausted int64
		}
		Ambiguous bool `json:"ambiguous_tie"`
	}
	Rules map[string]struct{ Winners []string } `json:"pref_voting"`
	STV   map[string]expectedSTV                `json:"-"`
}

type expectedSTV struct {
	Elected []string
	Order   []string `json:"election_order"`
	Quota   string
}

// ids gives candidates' numbers as text, sorted.
func (e *expectedRanked) ids(names []string) []string {
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = numberID(slices.Index(e.Candidates, name))
	}
	return ids
}

func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

// rankedFiles reads every real election that has an expected result.
func rankedFiles(t testing.TB) []rankedFile {
	dir := filepath.Join(dataDir(t), "ranked")
	paths, err := filepath.Glob(filepath.Join(dir, "expected", "*.expected.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no expected results in %s: %v", dir, err)
	}
	var files []rankedFile
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := rankedFile{name: strings.TrimSuffix(filepath.Base(path), ".expected.json")}
		if err := json.Unmarshal(text, &f.expected); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var rest map[string]json.RawMessage
		if err := json.Unmarshal(text, &rest); err != nil {
			t.Fatal(err)
		}
		f.expected.STV = map[string]expectedSTV{}
		for key, value := range rest {
			if strings.HasPrefix(key, "stv_") {
				var stv expectedSTV
				if err := json.Unmarshal(value, &stv); err != nil {
					t.Fatal(err)
				}
				f.expected.STV[key] = stv
			}
		}
		found, err := filepath.Glob(filepath.Join(dir, "*", f.name))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: found %d files of that name", f.name, len(found))
		}
		if f.data, err = os.ReadFile(found[0]); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func readRanked(t testing.TB, f rankedFile) *Election {
	t.Helper()
	parse := ParsePrefLib
	if strings.HasSuffix(f.name, ".blt") {
		parse = ParseBLT
	}
	e, err := parse(f.data)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustCount(t testing.TB, e *Election, r Rule) *Outcome {
	t.Helper()
	out, err := Count(e, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRealRankedElections(t *testing.T) {
	t.Parallel()
	for _, f := range rankedFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			e := readRanked(t, f)
			if len(e.Options) != len(f.expected.Candidates) || e.Voters() != f.expected.Ballots {
				t.Fatalf("read %d candidates and %d ballots, expected %d and %d", len(e.Options), e.Voters(), len(f.expected.Candidates), f.expected.Ballots)
			}
			checkRunoff(t, e, &f.expected)
			checkCondorcet(t, e, &f.expected)
			checkSTV(t, e, &f.expected)
		})
	}
}

func checkRunoff(t *testing.T, e *Election, want *expectedRanked) {
	out := mustCount(t, e, Rule{Name: "irv"})
	for i, expected := range want.IRV.Rounds {
		got := out.Rounds[i]
		if got.Exhausted.String() != Int(expected.Exhausted).String() || len(got.Counts) != len(expected.Tally) {
			t.Errorf("irv round %d: %d candidates, %s exhausted; expected %d, %d", i+1, len(got.Counts), got.Exhausted, len(expected.Tally), expected.Exhausted)
		}
		for name, votes := range expected.Tally {
			id := want.ids([]string{name})[0]
			if n := countOf(got, id); n != Int(votes).String() {
				t.Errorf("irv round %d: candidate %s has %s, expected %d", i+1, id, n, votes)
			}
		}
	}
	if !want.IRV.Ambiguous {
		if len(out.Rounds) != len(want.IRV.Rounds) {
			t.Errorf("irv: %d rounds, expected %d", len(out.Rounds), len(want.IRV.Rounds))
		}
		if !slices.Equal(out.Winners, want.ids(want.IRV.Winner)) {
			t.Errorf("irv: %v won, expected %v", out.Winners, want.ids(want.IRV.Winner))
		}
	}
	if possible := want.ids(want.Rules["irv_truncated"].Winners); !slices.Contains(possible, out.Winners[0]) {
		t.Errorf("irv: %v won, expected one of %v", out.Winners, possible)
	}
}

func countOf(r Round, id string) string {
	for _, c := range r.Counts {
		if c.Option == id {
			return c.Value.String()
		}
	}
	return "nothing"
}

func checkCondorcet(t *testing.T, e *Election, want *expectedRanked) {
	for rule, key := range map[string]string{
		"schulze": "schulze_beat_path", "ranked-pairs": "ranked_pairs", "minimax": "minimax_margins",
		"split-cycle": "split_cycle", "copeland": "copeland", "smith": "smith_set",
	} {
		out := mustCount(t, e, Rule{Name: rule, Tie: Tie{By: TieOpen}})
		winners := sorted(append(slices.Clone(out.Winners), out.Tied...))
		if expected := sorted(want.ids(want.Rules[key].Winners)); !slices.Equal(winners, expected) {
			t.Errorf("%s: %v, expected %v", rule, winners, expected)
		}
		for i := range want.Pairwise {
			if !slices.Equal(out.Pairwise.Prefer[i], want.Pairwise[i]) {
				t.Errorf("%s: pairwise row %d is %v, expected %v", rule, i+1, out.Pairwise.Prefer[i], want.Pairwise[i])
			}
		}
		if want.Condorcet != nil {
			if id := want.ids([]string{*want.Condorcet}); !slices.Equal(out.Winners, id) {
				t.Errorf("%s: %v won, expected the Condorcet winner %v", rule, out.Winners, id)
			}
		}
		if said := explained(out, "counting.why.condorcet_winner"); said != (want.Condorcet != nil) {
			t.Errorf("%s: says that there is a Condorcet winner: %v", rule, said)
		}
	}
}

func explained(out *Outcome, key string) bool {
	return slices.ContainsFunc(out.Explanation, func(m Message) bool { return m.Key == key })
}

func checkSTV(t *testing.T, e *Election, want *expectedRanked) {
	for rule, key := range map[string]string{"stv-scottish": "stv_scotland", "stv-wigm": "stv_wigm", "stv-meek": "stv_meek"} {
		expected, ok := want.STV[key]
		if !ok {
			continue
		}
		out := mustCount(t, e, Rule{Name: rule})
		if !slices.Equal(out.Winners, want.ids(expected.Order)) {
			t.Errorf("%s: elected %v, expected %v", rule, out.Winners, want.ids(expected.Order))
		}
		if len(out.Ties) > 0 {
			t.Logf("%s: ties %v", rule, out.Ties)
		}
	}
}

// Glasgow 2007, stage by stage: votes and non-transferable votes after every
// transfer, to the fifth decimal.
func TestGlasgowStageByStage(t *testing.T) {
	dir := filepath.Join(dataDir(t), "ranked", "scotland-2007-glasgow")
	dumps, err := filepath.Glob(filepath.Join(dir, "droop-round-dumps", "*-scotland-fixed-p5-d5.txt"))
	if err != nil || len(dumps) == 0 {
		t.Fatalf("no dumps: %v", err)
	}
	for _, dump := range dumps {
		ward, _, _ := strings.Cut(filepath.Base(dump), "-scotland-")
		t.Run(ward, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, ward+".blt"))
			if err != nil {
				t.Fatal(err)
			}
			e, err := ParseBLT(data)
			if err != nil {
				t.Fatal(err)
			}
			rounds := mustCount(t, e, Rule{Name: "stv-scottish"}).Rounds
			text, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			var got []Round // each the one after a transfer
			for i, r := range rounds {
				if r.Action == "surplus" || r.Action == "exclude" {
					got = append(got, rounds[i+1])
				}
			}
			stage := 0
			for line := range strings.Lines(string(text)) {
				cells := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
				if cells[1] != "transfer" {
					continue
				}
				if stage == len(got) {
					t.Fatalf("ended after %d transfers, expected more", stage)
				}
				compareStage(t, got[stage], stage+1, cells)
				stage++
			}
			if stage != len(got) {
				t.Errorf("%d transfers, expected %d", len(got), stage)
			}
		})
	}
}

// compareStage compares with a row of a dump: round, action, quota, votes not
// transferable, then name, state and votes of each candidate.
func compareStage(t *testing.T, got Round, stage int, cells []string) {
	t.Helper()
	if got.Quota.FloatString(5) != cells[2] || got.Exhausted.FloatString(5) != cells[3] {
		t.Errorf("stage %d: quota %s, not transferable %s; expected %s, %s", stage, got.Quota, got.Exhausted, cells[2], cells[3])
	}
	for i := 4; i+2 < len(cells); i += 3 {
		votes := "0.00000" // excluded
		for _, c := range got.Counts {
			if c.Option == numberID((i-4)/3) {
				votes = c.Value.FloatString(5)
			}
		}
		if votes != cells[i+2] {
			t.Errorf("stage %d: candidate %d has %s, expected %s", stage, (i-4)/3+1, votes, cells[i+2])
		}
	}
}
