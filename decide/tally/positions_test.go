package tally

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// positions makes an election of the numbers who agree, abstain, stand aside,
// object and block.
func positions(agree, abstain, aside, object, block int64) *Election {
	e := &Election{Kind: Positions, Options: []Option{{ID: proposalID}}}
	for i, n := range []int64{agree, abstain, aside, object, block} {
		if n > 0 {
			e.Ballots = append(e.Ballots, Ballot{Weight: n, Position: positionOrder[i]})
		}
	}
	return e
}

func TestPositions(t *testing.T) {
	half, twoThirds := big.NewRat(1, 2), big.NewRat(2, 3)
	quorum := func(share *big.Rat) Rule {
		return Rule{Name: "majority", Eligible: 10, Quorum: Quorum{Share: share}}
	}
	for _, test := range []struct {
		name     string
		election *Election
		rule     Rule
		want     string
	}{
		{"no one objects", positions(3, 2, 1, 0, 0), Rule{Name: "consent"}, "accept"},
		{"silence is consent", positions(0, 2, 0, 0, 0), Rule{Name: "consent"}, "accept"},
		{"one objection", positions(90, 0, 0, 1, 0), Rule{Name: "consent"}, "reject"},
		{"one block", positions(90, 0, 0, 0, 1), Rule{Name: "consent"}, "reject"},
		{"no one came", positions(0, 0, 0, 0, 0), Rule{Name: "consent"}, "no-quorum"},

		{"standing aside does not hinder", positions(2, 0, 3, 0, 0), Rule{Name: "consensus"}, "accept"},
		{"someone must agree", positions(0, 3, 3, 0, 0), Rule{Name: "consensus"}, "reject"},
		{"one against", positions(5, 0, 0, 1, 0), Rule{Name: "consensus"}, "reject"},
		{"two against of two", positions(5, 0, 0, 1, 1), Rule{Name: "consensus-minus", Objections: 2}, "accept"},
		{"three against of two", positions(50, 0, 0, 2, 1), Rule{Name: "consensus-minus", Objections: 2}, "reject"},

		{"more than half", positions(3, 5, 1, 2, 0), Rule{Name: "majority"}, "accept"},
		{"half is no majority", positions(3, 0, 0, 2, 1), Rule{Name: "majority"}, "reject"},
		{"only abstentions", positions(0, 4, 1, 0, 0), Rule{Name: "majority"}, "reject"},
		{"two thirds exactly", positions(4, 9, 0, 2, 0), Rule{Name: "supermajority", Threshold: twoThirds}, "accept"},
		{"two thirds if not said", positions(4, 0, 0, 2, 0), Rule{Name: "supermajority"}, "accept"},
		{"just below", positions(66, 0, 0, 34, 0), Rule{Name: "supermajority", Threshold: twoThirds}, "reject"},
		{"all", positions(5, 1, 0, 0, 0), Rule{Name: "supermajority", Threshold: big.NewRat(1, 1)}, "accept"},
		{"only abstentions", positions(0, 5, 0, 0, 0), Rule{Name: "supermajority"}, "reject"},

		{"five of ten, those who abstain too", positions(3, 2, 0, 0, 0), quorum(half), "accept"},
		{"four of ten", positions(4, 0, 0, 0, 0), quorum(half), "no-quorum"},
		{"a share rounds up", positions(3, 0, 0, 0, 0), quorum(big.NewRat(1, 3)), "no-quorum"},
		{"four of ten are a third", positions(4, 0, 0, 0, 0), quorum(big.NewRat(1, 3)), "accept"},
		{"a number of voters", positions(7, 0, 0, 0, 0), Rule{Name: "consent", Quorum: Quorum{Voters: 8}}, "no-quorum"},
		{"enough voters", positions(7, 1, 0, 0, 0), Rule{Name: "consent", Quorum: Quorum{Voters: 8}}, "accept"},
		{"weights beyond 2^53", positions(math.MaxInt64/2+1, 0, 0, math.MaxInt64/2, 0), Rule{Name: "majority"}, "accept"},
	} {
		t.Run(test.rule.Name+": "+test.name, func(t *testing.T) {
			out := mustCount(t, test.election, test.rule)
			if got := out.Rounds[0].Action; got != test.want {
				t.Errorf("%s, expected %s: %v", got, test.want, out.Explanation)
			}
			if accepted := slices.Equal(out.Winners, []string{proposalID}); accepted != (test.want == "accept") {
				t.Errorf("winners %v", out.Winners)
			}
		})
	}
}

func TestPositionsRefused(t *testing.T) {
	e := positions(5, 0, 0, 0, 0)
	for name, rule := range map[string]Rule{
		"more voted than are eligible":  {Name: "consent", Eligible: 4},
		"a share of unknown members":    {Name: "consent", Quorum: Quorum{Share: big.NewRat(1, 2)}},
		"a share above all":             {Name: "consent", Eligible: 9, Quorum: Quorum{Share: big.NewRat(3, 2)}},
		"a threshold of half":           {Name: "supermajority", Threshold: big.NewRat(1, 2)},
		"a threshold above all":         {Name: "supermajority", Threshold: big.NewRat(4, 3)},
		"a threshold for a majority":    {Name: "majority", Threshold: big.NewRat(2, 3)},
		"consensus with an objection":   {Name: "consensus", Objections: 1},
		"fewer than no objections":      {Name: "consensus-minus", Objections: -1},
		"a rule for rankings":           {Name: "irv"},
		"a negative number of eligible": {Name: "consent", Eligible: -1},
		"a negative quorum":             {Name: "consent", Quorum: Quorum{Voters: -1}},
		"a rule that does not exist":    {Name: "acclamation"},
	} {
		if out, err := Count(e, rule); err == nil {
			t.Errorf("%s: counted as %s", name, out.Rounds[0].Action)
		}
	}
	e.Ballots = append(e.Ballots, Ballot{Weight: 1, Position: "maybe"})
	if _, err := Count(e, Rule{Name: "consent"}); err == nil {
		t.Error("counted a position that does not exist")
	}
	e = positions(math.MaxInt64, 1, 0, 0, 0)
	if _, err := Count(e, Rule{Name: "consent"}); err == nil {
		t.Error("counted weights that overflow")
	}
}

// A proposal has no seats, whatever the rule says of them.
func TestPositionsFillNoSeats(t *testing.T) {
	for _, e := range []*Election{positions(3, 0, 0, 0, 0), positions(0, 0, 0, 3, 0)} {
		out := mustCount(t, e, Rule{Name: "majority", Seats: 2})
		if slices.ContainsFunc(out.Explanation, func(m Message) bool { return strings.Contains(m.Key, "_seats") }) {
			t.Errorf("%+v", out.Explanation)
		}
	}
}
