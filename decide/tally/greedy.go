package tally

import (
	"fmt"
	"math/big"
)

// greedyVotes funds by most votes, skipping what no longer fits. On ballots
// with points it goes by points; on ranked ballots by Borda points as Pabulib
// and the cities count them, with 1 for the last rank.
//
// Rule.NoSkip ends at the first project that doesn't fit; Rule.MinScore is the
// score that a project needs at least.
func greedyVotes(c *counting) error {
	p, err := c.newPurse()
	if err != nil {
		return err
	}
	score := c.votesScore()
	c.greedy(p, score)
	p.finish()
	return c.greedySupported(p)
}

// greedyPerCost funds by most utility for each unit of money. With utility
// cost this is the order by votes.
func greedyPerCost(c *counting) error {
	if c.rule.Utility == "" && defaultUtility(c.election.Kind) == UtilityCost {
		c.rule.Utility = UtilityCount
	}
	p, err := c.newPurse()
	if err != nil {
		return err
	}
	in, err := c.interests()
	if err != nil {
		return err
	}
	c.greedy(p, c.utilityPerCost(in))
	p.finish()
	return c.greedySupported(p)
}

func (c *counting) greedySupported(p *purse) error {
	in := &interests{supports: make([][]support, len(c.election.Options))}
	in.addApprovals(c.election)
	c.supported(in, p.order)
	return nil
}

// votesScore is the score that cities publish beside each project.
func (c *counting) votesScore() []*big.Rat {
	score := make([]*big.Rat, len(c.election.Options))
	for i := range score {
		score[i] = new(big.Rat)
	}
	for i := range c.election.Ballots {
		b := &c.election.Ballots[i]
		if c.election.Kind == Ordinal {
			b.addBordaFromOne(score)
			continue
		}
		for j, o := range b.Choices {
			term := new(big.Rat).SetInt64(b.Weight)
			if b.Points != nil {
				term.Mul(term, b.Points[j])
			}
			score[o].Add(score[o], term)
		}
	}
	return score
}

// addBordaFromOne adds Borda points with 1 for the last rank.
func (b *Ballot) addBordaFromOne(score []*big.Rat) {
	points := int64(len(b.Choices)) + 1
	for _, group := range b.Ranking() {
		points -= int64(len(group))
		for _, o := range group {
			term := new(big.Rat).SetInt64(b.Weight)
			score[o].Add(score[o], term.Mul(term, new(big.Rat).SetInt64(points)))
		}
	}
}

// utilityPerCost divides each option's total utility by its cost. What costs
// nothing and somebody wants comes before all else.
func (c *counting) utilityPerCost(in *interests) []*big.Rat {
	score := make([]*big.Rat, len(c.election.Options))
	best := new(big.Rat)
	var free []int
	for o := range score {
		score[o] = new(big.Rat)
		switch {
		case len(in.supports[o]) == 0:
		case c.cost(o).Sign() == 0:
			free = append(free, o)
		default:
			score[o].Quo(c.total(in, o), c.cost(o))
			if score[o].Cmp(best) > 0 {
				best = score[o]
			}
		}
	}
	for _, o := range free {
		score[o].Add(best, big.NewRat(1, 1))
	}
	return score
}

// greedy buys by score while money is left. Options of equal score are a tie
// only if not all of them can be bought.
func (c *counting) greedy(p *purse, score []*big.Rat) {
	var options []int
	for o := range score {
		if p.open(o) {
			options = append(options, o)
		}
	}
	for _, group := range byScore(options, score) {
		if least := c.rule.MinScore; least != nil && score[group[0]].Cmp(least) < 0 {
			c.skip(group, score, "counting.round.below_threshold")
			continue
		}
		order := c.tieOrder(group)
		if contested := p.contested(group); len(contested) > 1 {
			tie := TieBreak{Among: c.ids(c.tieOrder(contested)), By: c.tieBy()}
			if tie.By == TieOpen {
				c.out.Tied = tie.Among
				c.out.Ties = append(c.out.Ties, tie)
				return
			}
			tie.Chosen = tie.Among[0]
			c.out.Ties = append(c.out.Ties, tie)
		}
		for _, o := range order {
			if !p.fits(o) {
				c.skip([]int{o}, score, "counting.round.does_not_fit")
				if c.rule.NoSkip {
					return
				}
				continue
			}
			p.buy(o)
			c.out.Rounds = append(c.out.Rounds, Round{
				Action: "fund", Options: c.ids([]int{o}), Cost: Num(c.cost(o)), Left: Num(new(big.Rat).Set(p.left)),
				Counts: []Tally{{c.election.Options[o].ID, Num(score[o])}},
			})
		}
	}
}

// contested gives those of a group that each fit, if they don't fit together.
func (p *purse) contested(group []int) []int {
	var fitting []int
	sum := new(big.Rat)
	for _, o := range group {
		if p.fits(o) {
			fitting = append(fitting, o)
			sum.Add(sum, p.c.cost(o))
		}
	}
	if sum.Cmp(p.left) <= 0 && (!p.c.rule.NoSkip || len(fitting) == len(group)) {
		return nil
	}
	return fitting
}

func (c *counting) skip(options []int, score []*big.Rat, why string) {
	for _, o := range options {
		id := c.election.Options[o].ID
		note := Msg(why, "option", id)
		c.out.Rounds = append(c.out.Rounds, Round{
			Action: "skip", Options: []string{id}, Cost: Num(c.cost(o)), Counts: []Tally{{id, Num(score[o])}}, Note: &note,
		})
	}
}

// approval elects the options with the most approvals, as many as there are
// seats. Points above zero and ranks count as approval.
func approval(c *counting) error {
	seats, err := c.seats()
	if err != nil {
		return err
	}
	in := &interests{supports: make([][]support, len(c.election.Options))}
	in.addApprovals(c.election)
	score := make([]*big.Rat, len(c.election.Options))
	for o := range score {
		score[o] = new(big.Rat)
		for _, s := range in.supports[o] {
			score[o].Add(score[o], new(big.Rat).SetInt64(c.election.Ballots[s.ballot].Weight))
		}
	}
	c.electByScore(score, seats)
	return nil
}

// electByScore fills seats by score, best first, and gives the whole ranking.
// The options that compete for the last seats with equal scores are a tie.
func (c *counting) electByScore(score []*big.Rat, seats int) {
	var options []int
	round := Round{Action: "count"}
	for o := range score {
		if !c.election.Options[o].Withdrawn {
			options = append(options, o)
		}
	}
	for _, group := range byScore(options, score) {
		order := c.tieOrder(group)
		c.out.Ranking = append(c.out.Ranking, c.ids(order))
		for _, o := range order {
			round.Counts = append(round.Counts, Tally{c.election.Options[o].ID, Num(score[o])})
		}
		if len(c.out.Tied) > 0 {
			continue
		}
		if free := seats - len(c.out.Winners); free > 0 && len(group) > free {
			tie := TieBreak{Among: c.ids(order), By: c.tieBy()}
			if tie.By == TieOpen {
				c.out.Tied = tie.Among
				c.out.Ties = append(c.out.Ties, tie)
				continue
			}
			tie.Chosen = tie.Among[0]
			c.out.Ties = append(c.out.Ties, tie)
			order = order[:free]
		} else if free <= 0 {
			continue
		}
		c.out.Winners = append(c.out.Winners, c.ids(order)...)
	}
	c.out.Rounds = append(c.out.Rounds, round)
	c.out.Explanation = append(c.out.Explanation, Msg("counting.why.most", "seats", fmt.Sprint(seats)))
}
