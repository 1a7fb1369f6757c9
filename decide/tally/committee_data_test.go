package tally

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// committee is one of abcvoting's test instances: approval ballots, seats, and
// for each rule all committees that ways of breaking ties can give.
type committee struct {
	election *Election
	seats    int
	results  map[string][][]int
}

var (
	committeeProfile = regexp.MustCompile(`(?m)^profile: (\[[\s\S]*?\])\nnum_cand: (\d+)\ncommitteesize: (\d+)`)
	committeeResult  = regexp.MustCompile(`- rule_id: (\S+)\n  result:\s*(\[[\d\s,\[\]]*\])\n  resolute: (true|false)`)
)

func readCommittee(t *testing.T, path string) committee {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := committeeProfile.FindSubmatch(text)
	if head == nil {
		t.Fatalf("%s: no profile", path)
	}
	var ballots [][]int
	if err := json.Unmarshal(head[1], &ballots); err != nil {
		t.Fatal(path, err)
	}
	candidates, _ := strconv.Atoi(string(head[2]))
	seats, _ := strconv.Atoi(string(head[3]))
	c := committee{election: &Election{Kind: Approval, Seats: seats}, seats: seats, results: map[string][][]int{}}
	for i := range candidates {
		c.election.Options = append(c.election.Options, Option{ID: strconv.Itoa(i)})
	}
	for _, b := range ballots {
		c.election.Ballots = append(c.election.Ballots, Ballot{Weight: 1, Choices: b})
	}
	for _, m := range committeeResult.FindAllSubmatch(text, -1) {
		var sets [][]int
		if err := json.Unmarshal(m[2], &sets); err != nil {
			t.Fatal(path, err)
		}
		for _, set := range sets {
			slices.Sort(set)
		}
		c.results[string(m[1])] = append(c.results[string(m[1])], sets...)
	}
	return c
}

// TestCommittees holds our committees to abcvoting's: by every way to break
// ties, ours must be among the tied ones.
func TestCommittees(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(dataDir(t), "ranked", "abcvoting-instances", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no instances", err)
	}
	rules := map[string]Rule{
		"seqphragmen":                            {Name: "phragmen"},
		"equal-shares":                           {Name: "equal-shares", Completion: CompletionPhragmen},
		"equal-shares-with-av-completion":        {Name: "equal-shares", Completion: CompletionGreedy},
		"equal-shares-with-increment-completion": {Name: "equal-shares", Completion: CompletionAdd1},
		"av":                                     {Name: "approval"},
	}
	ties := []Tie{{}, {By: TieVotesCost}, {By: TieLot, Seed: "a"}, {By: TieLot, Seed: "b"}}
	compared := map[string]int{}
	for _, file := range files {
		c := readCommittee(t, file)
		for id, r := range rules {
			if len(c.results[id]) == 0 {
				continue
			}
			for i := range ties {
				if i > 0 && id == "equal-shares-with-increment-completion" {
					break // the reference gives one committee only, with ties by number
				}
				r.Tie = ties[i]
				got, err := Count(c.election, r)
				if err != nil {
					t.Fatal(file, id, err)
				}
				compared[id]++
				if !slices.ContainsFunc(c.results[id], func(want []int) bool { return slices.Equal(numbers(got.Winners), want) }) {
					t.Errorf("%s: %s with ties by %s: %v, expected one of %v (%v)", filepath.Base(file), id, r.Tie, numbers(got.Winners), c.results[id], got.Ties)
				}
			}
		}
	}
	for id := range rules {
		if compared[id] < len(files) {
			t.Errorf("%s was compared in %d of %d instances", id, compared[id], len(files))
		}
	}
}

func numbers(ids []string) []int {
	var n []int
	for _, id := range ids {
		i, _ := strconv.Atoi(id)
		n = append(n, i)
	}
	slices.Sort(n)
	return n
}
