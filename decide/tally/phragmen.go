package tally

import (
	"math/big"
	"slices"
	"strconv"
)

// Phragmén's sequential rule. Every voter earns money at the same steady rate.
// As soon as the supporters of a project together have its cost, it is bought,
// and its supporters start again from nothing. The rule ends at the first
// moment at which a project that could be bought would break the budget.
//
// Source: Brill, Freeman, Janson, Lackner, "Phragmén's Voting Methods and
// Justified Representation", AAAI 2017; for budgets Los, Christoff, Grossi,
// "Proportional Budget Allocations", IJCAI 2022.

// phragmenRule counts by Phragmén's rule, for a budget or for seats.
func phragmenRule(c *counting) error {
	p, err := c.newPurse()
	if err != nil {
		return err
	}
	in := &interests{kind: UtilityCount, supports: make([][]support, len(c.election.Options))}
	in.addApprovals(c.election)
	c.phragmen(p, in, nil)
	p.finish()
	c.supported(in, p.order)
	return nil
}

// purses holds each voter's last spending as an index into moments, which are
// fractions over one common denominator: a voter whose last project was bought
// at moment t has, at time T, T-t. So all that a project's supporters have is a
// sum of few moments, each times an integer, and every comparison is exact.
type earning struct {
	c        *counting
	in       *interests
	ballots  [][]int    // projects that each ballot supports
	since    []int      // for each ballot the index of its moment
	moments  []*big.Int // over denominator; moment 0 is the start
	denom    *big.Int
	voters   []int64   // of each project
	atMoment [][]int64 // [project][moment]: voters of the project whose moment it is
}

// phragmen buys from the purse by Phragmén's rule. start, if not nil, is what
// the voter of each ballot already has.
func (c *counting) phragmen(p *purse, in *interests, start []*big.Rat) {
	e := newEarning(c, in, start)
	var open []int
	for o := range c.election.Options {
		if p.open(o) && len(in.supports[o]) > 0 && (p.seats >= 0 || c.cost(o).Cmp(p.c.election.Budget) <= 0) {
			open = append(open, o)
		}
	}
	for len(open) > 0 && p.seats != 0 {
		best, when := e.next(open)
		if slices.ContainsFunc(best, func(o int) bool { return !p.fits(o) }) {
			note := Msg("counting.round.phragmen_stop")
			c.out.Rounds = append(c.out.Rounds, Round{Action: "stop", Options: c.ids(c.tieOrder(best)), Left: Num(new(big.Rat).Set(p.left)), Note: &note})
			return
		}
		chosen, ok := c.phragmenTie(p, e, best)
		if !ok {
			return
		}
		p.buy(chosen)
		c.out.Rounds = append(c.out.Rounds, Round{
			Action: "fund", Options: c.ids([]int{chosen}), Cost: Num(c.cost(chosen)), Left: Num(new(big.Rat).Set(p.left)),
			Price: Num(rounded(when)), Voters: e.voters[chosen],
		})
		e.pay(chosen, when)
		open = slices.DeleteFunc(open, func(o int) bool { return o == chosen })
	}
	c.out.Explanation = append(c.out.Explanation, Msg("counting.why.phragmen", "voters", strconv.FormatInt(c.election.Voters(), 10)))
	c.fillSeats(p)
}

// fillSeats gives the seats of a committee that are left when nobody supports
// any candidate left to whom the ties give them.
func (c *counting) fillSeats(p *purse) {
	if p.seats <= 0 {
		return
	}
	nobody := make([]*big.Rat, len(c.election.Options))
	for o := range nobody {
		nobody[o] = new(big.Rat)
	}
	c.greedy(p, nobody)
}

// phragmenTie breaks a tie; an open one is passed over if all tied can be paid
// and no voter supports two of them: then each is bought at this moment, in
// whatever order.
func (c *counting) phragmenTie(p *purse, e *earning, best []int) (chosen int, ok bool) {
	if len(best) > 1 && c.tieBy() == TieOpen && p.contested(best) == nil && e.apart(best) {
		order := c.tieOrder(best)
		c.out.Ties = append(c.out.Ties, TieBreak{Among: c.ids(order), By: noDifference})
		return order[0], true
	}
	return c.breakTie(best)
}

// apart tells whether no ballot supports two of the options.
func (e *earning) apart(options []int) bool {
	seen := make([]bool, len(e.ballots))
	for _, o := range options {
		for _, s := range e.in.supports[o] {
			if seen[s.ballot] {
				return false
			}
			seen[s.ballot] = true
		}
	}
	return true
}

func newEarning(c *counting, in *interests, start []*big.Rat) *earning {
	e := &earning{
		c: c, in: in, denom: big.NewInt(1), ballots: make([][]int, len(c.election.Ballots)), since: make([]int, len(c.election.Ballots)),
		voters: make([]int64, len(c.election.Options)), atMoment: make([][]int64, len(c.election.Options)),
	}
	e.begin(start)
	for o, supports := range in.supports {
		e.atMoment[o] = make([]int64, len(e.moments))
		for _, s := range supports {
			w := c.election.Ballots[s.ballot].Weight
			e.ballots[s.ballot] = append(e.ballots[s.ballot], o)
			e.voters[o] += w
			e.atMoment[o][e.since[s.ballot]] += w
		}
	}
	return e
}

// begin gives voters who already have money a moment before the start.
func (e *earning) begin(start []*big.Rat) {
	if start == nil {
		e.moments = []*big.Int{new(big.Int)}
		return
	}
	for _, s := range start {
		lcm(e.denom, s.Denom())
	}
	index := map[string]int{}
	for i, s := range start {
		moment := new(big.Int).Mul(s.Num(), new(big.Int).Quo(e.denom, s.Denom()))
		moment.Neg(moment)
		key := moment.String()
		if _, ok := index[key]; !ok {
			index[key] = len(e.moments)
			e.moments = append(e.moments, moment)
		}
		e.since[i] = index[key]
	}
}

// next gives the projects that can be bought first, and when: the sum of the
// moments of its voters and its cost, over the number of its voters.
func (e *earning) next(open []int) (best []int, when *big.Rat) {
	term := new(big.Int)
	for _, o := range open {
		sum := new(big.Int)
		for k, w := range e.atMoment[o] {
			if w != 0 {
				sum.Add(sum, term.Mul(e.moments[k], term.SetInt64(w)))
			}
		}
		at := new(big.Rat).SetFrac(sum, e.denom)
		at.Add(at, e.c.cost(o))
		at.Quo(at, new(big.Rat).SetInt64(e.voters[o]))
		switch {
		case when == nil || at.Cmp(when) < 0:
			best, when = []int{o}, at
		case at.Cmp(when) == 0:
			best = append(best, o)
		}
	}
	return best, when
}

// pay makes this the moment of all who support the project.
func (e *earning) pay(project int, when *big.Rat) {
	old := new(big.Int).Set(e.denom)
	lcm(e.denom, when.Denom())
	factor := old.Quo(e.denom, old)
	for _, m := range e.moments {
		m.Mul(m, factor)
	}
	now := len(e.moments)
	e.moments = append(e.moments, new(big.Int).Mul(when.Num(), new(big.Int).Quo(e.denom, when.Denom())))
	for o := range e.atMoment {
		e.atMoment[o] = append(e.atMoment[o], 0)
	}
	for _, s := range e.in.supports[project] {
		w := e.c.election.Ballots[s.ballot].Weight
		for _, o := range e.ballots[s.ballot] {
			e.atMoment[o][e.since[s.ballot]] -= w
			e.atMoment[o][now] += w
		}
		e.since[s.ballot] = now
	}
}
