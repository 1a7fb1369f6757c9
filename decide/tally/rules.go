package tally

import (
	"cmp"
	"context"
	"crypto/sha256"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// method is one way of counting: the kinds of ballots that it understands,
// and the function that counts.
type method struct {
	kinds []Kind
	money bool // shares out a budget
	seats bool // shares out a budget or, without one, seats
	asked bool // counts only where somebody asked for it; never proposed
	count func(*counting) error
}

// methods is the table of rules. Each rule lives in a file of its own; this
// is the one place that names them all.
var methods = map[string]method{
	"equal-shares":          {kinds: marked, money: true, seats: true, count: equalShares},
	"phragmen":              {kinds: marked, money: true, seats: true, count: phragmenRule},
	"approval":              {kinds: marked, count: approval},
	"greedy-votes":          {kinds: marked, money: true, count: greedyVotes},
	"greedy-votes-per-cost": {kinds: marked, money: true, count: greedyPerCost},

	"irv":          {kinds: ranked, count: countRunoff},
	"schulze":      {kinds: ranked, count: countSchulze},
	"ranked-pairs": {kinds: ranked, count: countRankedPairs},
	"minimax":      {kinds: ranked, count: countMinimax},
	"copeland":     {kinds: ranked, count: countCopeland},
	"split-cycle":  {kinds: ranked, count: countSplitCycle},
	"smith":        {kinds: ranked, count: countSmith},
	"stv-scottish": {kinds: ranked, count: countScottish},
	"stv-wigm":     {kinds: ranked, count: countWIGM},
	"stv-meek":     {kinds: ranked, count: countMeek},
	"plurality":    {kinds: []Kind{ChooseOne, Ordinal}, asked: true, count: countPlurality},
	"score":        {kinds: []Kind{Score, Cumulative}, count: countScore},

	"consent":         {kinds: oneProposal, count: countConsent},
	"consensus":       {kinds: oneProposal, count: countConsensus},
	"consensus-minus": {kinds: oneProposal, count: countConsensus},
	"majority":        {kinds: oneProposal, count: countMajority},
	"supermajority":   {kinds: oneProposal, count: countMajority},
}

// ranked are the ballots that order options, oneProposal those on one proposal.
var (
	ranked      = []Kind{Ordinal}
	oneProposal = []Kind{Positions}
)

// marked are the ballots that name options; they all can say who supports what.
var marked = []Kind{Approval, ChooseOne, Cumulative, Score, Ordinal}

// counting is one count under way.
type counting struct {
	ctx      context.Context
	election *Election // grouped and checked
	rule     Rule
	out      *Outcome
	progress func(done, total int64) // never nil

	votes []int64 // weight of the ballots that name each option; see approvals
}

// Count counts the election by the rule. The election is not changed.
func Count(e *Election, r Rule) (*Outcome, error) {
	return CountContext(context.Background(), e, r, nil)
}

// CountContext is [Count] for long work: it ends early with ctx's error, and
// calls progress, if not nil, with steps done of steps known.
func CountContext(ctx context.Context, e *Election, r Rule, progress func(done, total int64)) (*Outcome, error) {
	m, ok := methods[r.Name]
	if !ok {
		return nil, refuse(noSuchRule, "value", quoted(r.Name), "rules", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
	}
	if !slices.Contains(m.kinds, e.Kind) {
		return nil, refuse(noSuchBallots, "rule", r.Name, "kind", e.Kind, "rules", strings.Join(RulesFor(e), ", "))
	}
	if m.money && !m.seats && e.Budget == nil {
		return nil, refuse(noBudget, "rule", r.Name)
	}
	if err := e.Check(); err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	c := &counting{ctx: ctx, election: e.Group(), rule: r, out: &Outcome{}, progress: progress}
	if err := m.count(c); err != nil {
		return nil, err
	}
	c.explainEmptySeats()
	c.out.Rule = c.rule
	return c.out, nil
}

// RulesFor lists the rules that can count the election's ballots and that we
// propose, by name. Plurality is not among them: it counts where it was chosen.
func RulesFor(e *Election) []string {
	var names []string
	for name, m := range methods {
		if !m.asked && slices.Contains(m.kinds, e.Kind) && (m.money == (e.Budget != nil) || m.seats) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// approvals gives the voters who name each option on their ballot at all.
func (c *counting) approvals() []int64 {
	if c.votes == nil {
		c.votes = make([]int64, len(c.election.Options))
		for _, b := range c.election.Ballots {
			for _, o := range b.Choices {
				c.votes[o] += b.Weight
			}
		}
	}
	return c.votes
}

// ids gives the options' ids.
func (c *counting) ids(options []int) []string {
	ids := make([]string, len(options))
	for i, o := range options {
		ids[i] = c.election.Options[o].ID
	}
	return ids
}

// breakTie chooses one of several options that the rule finds equal, by the
// rule's way to break ties, and records it. Of one option it records nothing.
// ok is false if the tie is left open: the rule must then stop choosing.
func (c *counting) breakTie(among []int) (chosen int, ok bool) {
	if len(among) == 1 {
		return among[0], true
	}
	order := c.tieOrder(among)
	tie := TieBreak{Among: c.ids(order), By: c.tieBy()}
	if tie.By == TieOpen {
		c.out.Ties = append(c.out.Ties, tie)
		c.out.Tied = tie.Among
		return -1, false
	}
	tie.Chosen = tie.Among[0]
	slices.Sort(tie.Among)
	c.out.Ties = append(c.out.Ties, tie)
	return order[0], true
}

func (c *counting) tieBy() string { return cmp.Or(c.rule.Tie.By, TieByID) }

// tieOrder sorts equal options by the rule's way to break ties, the one to
// choose first. An open tie is listed by id.
func (c *counting) tieOrder(among []int) []int {
	options := c.election.Options
	order := slices.Clone(among)
	byID := func(a, b int) int { return cmp.Compare(options[a].ID, options[b].ID) }
	switch c.tieBy() {
	case TieVotesCost:
		votes := c.approvals()
		slices.SortFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(votes[b], votes[a]), costOf(options[a]).Cmp(costOf(options[b])), byID(a, b))
		})
	case TieLot:
		slices.SortFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(lot(c.rule.Tie.Seed, options[a].ID), lot(c.rule.Tie.Seed, options[b].ID)), byID(a, b))
		})
	default:
		slices.SortFunc(order, byID)
	}
	return order
}

// lot is an option's place in the lot of a seed: anyone can draw it again with
// printf '%s\n%s' SEED ID | sha256sum.
func lot(seed, id string) string {
	sum := sha256.Sum256([]byte(seed + "\n" + id))
	return string(sum[:])
}

func costOf(o Option) *big.Rat {
	if o.Cost == nil {
		return new(big.Rat)
	}
	return o.Cost
}
