package tally

import (
	"math/big"
)

// noDifference marks a tie that needed no breaking: whoever of those tied goes
// first, all of them go before anyone else does.
const noDifference = "no-difference"

// countRunoff is the instant runoff (IRV): while no one has more than half of
// the votes that still name someone, the one with the fewest leaves and those
// ballots go to their next preference. A ballot that ranks two equally stops
// there, as in public elections.
//
// Rounds: "exclude" for each who leaves, "elect" for the winner.
func countRunoff(c *counting) error {
	if err := c.needCandidates(); err != nil {
		return err
	}
	if err := c.needOneSeat(); err != nil {
		return err
	}
	d := c.compare()
	r := c.newRace(false)
	r.exhausted.SetInt64(r.unmarked)
	c.explain("counting.why.irv")
	for {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		leader := r.extreme(r.with(continuing), 1)
		if r.majority(leader[0]) || len(r.with(continuing)) == 1 {
			c.out.Rounds = append(c.out.Rounds, r.round("elect", leader[0]))
			c.out.Winners = c.ids(leader[:1])
			break
		}
		leaving, ok := r.leaving(r.lowest())
		if !ok {
			c.out.Rounds = append(c.out.Rounds, r.round("tie", r.lowest()...))
			break
		}
		round := r.round("exclude", leaving...)
		for _, o := range leaving {
			r.status[o] = excluded
		}
		for _, o := range leaving {
			round.Transfers = append(round.Transfers, r.exclude(o)...)
		}
		c.out.Rounds = append(c.out.Rounds, round)
	}
	c.explainWinners()
	c.explainCondorcet(d)
	return nil
}

// majority tells whether an option has more than half of the votes that still
// name someone.
func (r *race) majority(option int) bool {
	active := new(big.Rat)
	for _, o := range r.with(continuing) {
		active.Add(active, r.votes[o])
	}
	return new(big.Rat).Add(r.votes[option], r.votes[option]).Cmp(active) > 0
}

// leaving chooses who is excluded of those with the fewest votes. An open tie
// is passed over if it makes no difference: together, those tied have fewer
// votes than anyone else, so each of them leaves before anyone else does.
func (r *race) leaving(lowest []int) (options []int, ok bool) {
	if len(lowest) > 1 && r.tieBy() == TieOpen && r.togetherLast(lowest) {
		r.out.Ties = append(r.out.Ties, TieBreak{Among: r.sortedIDs(lowest), By: noDifference, Out: true})
		return lowest, true
	}
	chosen, ok := r.lastInTie(lowest)
	return []int{chosen}, ok
}

func (r *race) togetherLast(lowest []int) bool {
	together := new(big.Rat).Mul(r.votes[lowest[0]], ratInt(int64(len(lowest))))
	others := 0
	for _, o := range r.with(continuing) {
		switch r.votes[o].Cmp(r.votes[lowest[0]]) {
		case 0:
			continue
		default:
			if together.Cmp(r.votes[o]) >= 0 {
				return false
			}
			others++
		}
	}
	return others > 0
}

// countPlurality counts first preferences alone: whoever is named first most
// often wins, with however few. It is never chosen for anyone.
func countPlurality(c *counting) error {
	if err := c.needCandidates(); err != nil {
		return err
	}
	r := c.newRace(false)
	r.exhausted.SetInt64(r.unmarked)
	c.out.Rounds = append(c.out.Rounds, r.round("count"))
	c.explain("counting.why.plurality")
	var layers [][]int
	for order := r.byVotes(r.with(continuing)); len(order) > 0; {
		equal := r.extreme(order, 1)
		layers = append(layers, equal)
		order = order[len(equal):]
	}
	if err := c.takeRanked(layers); err != nil {
		return err
	}
	if best := r.extreme(r.with(continuing), 1)[0]; !r.majority(best) {
		c.explain("counting.why.plurality_minority", "votes", Num(r.votes[best]).String(), "voters", itoa(c.election.Voters()))
	}
	return nil
}
