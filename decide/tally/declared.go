package tally

import (
	"strconv"
	"strings"
)

// DeclaredRule gives the rule that the election's file declares, with the
// parameters of its META. The rules are those of Pabulib; its "equalshares"
// rules are counted as the cities that used them did: cost utility, ties by
// votes and then cost, add1 in whole currency units until the next step would
// overspend. The error says why a declared rule can't be applied; without a
// declaration it names the rules that fit the ballots.
func DeclaredRule(e *Election) (Rule, error) {
	name := strings.ToLower(e.Rule)
	switch name {
	case "greedy", "greedy-no-skip", "greedy-threshold":
		r := Rule{Name: "greedy-votes", NoSkip: name == "greedy-no-skip"}
		if least := e.MetaValue("min_project_score_threshold"); least != "" {
			amount, ok, _ := parseDecimal(least)
			if !ok {
				return Rule{}, refuse(noThreshold, "value", quoted(least))
			}
			r.MinScore = amount
		}
		return r, nil
	case "equalshares", "equalshares-comparison", "equalshares/add1", "equalshares/add1-comparison":
		r := Rule{Name: "equal-shares", Tie: Tie{By: TieVotesCost}, Comparison: strings.HasSuffix(name, "-comparison")}
		if e.Kind == Approval || e.Kind == ChooseOne {
			r.Utility = UtilityCost
		}
		if strings.Contains(name, "add1") {
			r.Completion, r.Stop, r.Integral = CompletionAdd1, StopOverspend, true
		}
		return r, nil
	case "":
		return Rule{}, refuse(noDeclared, "kind", e.Kind, "rules", strings.Join(RulesFor(e), ", "))
	}
	if _, ok := methods[name]; ok {
		return Rule{Name: name}, nil
	}
	return Rule{}, refuse(noDefined, "value", quoted(e.Rule), "kind", e.Kind, "rules", strings.Join(RulesFor(e), ", "))
}

// compareGreedy lets the voters choose between the outcome of Equal Shares and that
// of greedy-votes: if more of them have more funded projects on their ballot
// under the latter, it stands. Wieliczka used this step in 2023.
func (c *counting) compareGreedy(in *interests, p *purse) (*purse, error) {
	greedy := &counting{ctx: c.ctx, election: c.election, rule: Rule{Name: "greedy-votes", Tie: c.rule.Tie}, out: &Outcome{}, progress: c.progress}
	other, err := greedy.newPurse()
	if err != nil {
		return nil, err
	}
	greedy.greedy(other, greedy.votesScore())
	shares, rest := c.prefer(in, p.order, other.order)
	c.out.Rounds = append(c.out.Rounds, Round{Action: "compare", Counts: []Tally{{"equal-shares", Int(shares)}, {"greedy-votes", Int(rest)}}})
	if rest <= shares {
		return p, nil
	}
	c.out.Explanation = append(c.out.Explanation, Msg("counting.why.comparison", "greedy", strconv.FormatInt(rest, 10), "shares", strconv.FormatInt(shares, 10)))
	c.out.Rounds = append(c.out.Rounds, greedy.out.Rounds...)
	c.out.Ties = append(c.out.Ties, greedy.out.Ties...)
	c.out.Tied = greedy.out.Tied
	other.c = c
	return other, nil
}

// prefer counts the voters with more of their options in a than in b, and those
// with more in b.
func (c *counting) prefer(in *interests, a, b []int) (first, second int64) {
	more := make([]int, len(c.election.Ballots))
	for _, o := range a {
		for _, s := range in.supports[o] {
			more[s.ballot]++
		}
	}
	for _, o := range b {
		for _, s := range in.supports[o] {
			more[s.ballot]--
		}
	}
	for i, n := range more {
		switch w := c.election.Ballots[i].Weight; {
		case n > 0:
			first += w
		case n < 0:
			second += w
		}
	}
	return first, second
}
