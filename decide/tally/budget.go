package tally

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
)

// What the rules for budgets share: what a voter gets from a project, what the
// projects cost, which of them can still be paid.

// Utilities: what a voter gets from a funded project.
const (
	UtilityCost   = "cost"   // its cost, if the ballot supports it: a zloty spent for me is a zloty spent for me
	UtilityCount  = "count"  // 1, if the ballot supports it
	UtilityPoints = "points" // the points that the ballot gives it
	UtilityBorda  = "borda"  // the number of options that the ballot ranks below it
)

// support is a ballot's interest in an option: the ballot's index and the
// units of utility, a positive integer after scaling.
type support struct {
	ballot int
	units  int64
}

// interests is an election seen as who gets what from which option.
//
// A voter's utility of option o is units × scale: for utility cost, scale is
// the cost of o and units 1; otherwise scale is 1 (or 1/common denominator of
// all points, which changes no comparison).
type interests struct {
	kind     string // the utility
	supports [][]support
	scale    []*big.Rat
}

// defaultUtility is what a kind of ballot says most directly.
func defaultUtility(k Kind) string {
	switch k {
	case Cumulative, Score:
		return UtilityPoints
	case Ordinal:
		return UtilityBorda
	}
	return UtilityCost
}

// interests works out the utility named by the rule, or the ballots' default.
func (c *counting) interests() (*interests, error) {
	e := c.election
	kind := cmp.Or(c.rule.Utility, defaultUtility(e.Kind))
	if e.Budget == nil && c.rule.Utility == "" && kind == UtilityCost {
		kind = UtilityCount
	}
	c.rule.Utility = kind
	in := &interests{kind: kind, supports: make([][]support, len(e.Options)), scale: make([]*big.Rat, len(e.Options))}
	one := big.NewRat(1, 1)
	for i := range e.Options {
		in.scale[i] = one
		if kind == UtilityCost {
			in.scale[i] = c.cost(i)
		}
	}
	switch {
	case kind == UtilityPoints && (e.Kind == Cumulative || e.Kind == Score):
		return in, in.addPoints(e)
	case kind == UtilityBorda && e.Kind == Ordinal:
		in.addBorda(e)
		return in, nil
	case kind == UtilityCost || kind == UtilityCount:
		in.addApprovals(e)
		return in, nil
	case kind == UtilityPoints || kind == UtilityBorda:
		return nil, refuse(utilityUnsaid, "value", kind, "kind", e.Kind)
	}
	return nil, refuse(noUtility, "value", quoted(kind))
}

// addApprovals supports every option that a ballot names, with points above
// zero where it gives points.
func (in *interests) addApprovals(e *Election) {
	for i, b := range e.Ballots {
		for j, o := range b.Choices {
			if b.Points == nil || b.Points[j].Sign() > 0 {
				in.supports[o] = append(in.supports[o], support{i, 1})
			}
		}
	}
}

// addPoints supports options by points above zero. Points are scaled by their
// common denominator to integers; a common factor changes no comparison.
func (in *interests) addPoints(e *Election) error {
	denominator := big.NewInt(1)
	for _, b := range e.Ballots {
		for _, p := range b.Points {
			lcm(denominator, p.Denom())
		}
	}
	unit := new(big.Rat).SetFrac(big.NewInt(1), denominator)
	units := new(big.Int)
	for i, b := range e.Ballots {
		for j, o := range b.Choices {
			p := b.Points[j]
			if p.Sign() <= 0 {
				continue
			}
			units.Mul(p.Num(), units.Quo(denominator, p.Denom()))
			if !units.IsInt64() {
				return refuse(manyDigits)
			}
			in.supports[o] = append(in.supports[o], support{i, units.Int64()})
		}
	}
	for i := range in.scale {
		in.scale[i] = unit
	}
	return nil
}

// lcm sets a to the least common multiple of a and b.
func lcm(a, b *big.Int) {
	g := new(big.Int).GCD(nil, nil, a, b)
	a.Mul(a, g.Quo(b, g))
}

// addBorda supports options by how many of the ballot's options rank below.
func (in *interests) addBorda(e *Election) {
	for i, b := range e.Ballots {
		below := int64(len(b.Choices))
		for _, group := range b.Ranking() {
			below -= int64(len(group))
			if below == 0 {
				break
			}
			for _, o := range group {
				in.supports[o] = append(in.supports[o], support{i, below})
			}
		}
	}
}

// total gives what all voters together get from an option.
func (c *counting) total(in *interests, option int) *big.Rat {
	sum := new(big.Int)
	for _, s := range in.supports[option] {
		sum.Add(sum, new(big.Int).Mul(big.NewInt(c.election.Ballots[s.ballot].Weight), big.NewInt(s.units)))
	}
	return new(big.Rat).Mul(new(big.Rat).SetInt(sum), in.scale[option])
}

// cost is an option's cost; on a committee each seat costs one.
func (c *counting) cost(option int) *big.Rat {
	if c.election.Budget == nil {
		return big.NewRat(1, 1)
	}
	return c.election.Options[option].Cost
}

// purse is the budget and what was bought from it.
type purse struct {
	c      *counting
	left   *big.Rat
	seats  int // still to fill; -1 where money alone limits
	bought []bool
	order  []int
}

// newPurse opens the budget, or the seats of a committee as units of money.
func (c *counting) newPurse() (*purse, error) {
	p := &purse{c: c, seats: -1, bought: make([]bool, len(c.election.Options))}
	if c.election.Budget != nil {
		p.left = new(big.Rat).Set(c.election.Budget)
		c.out.Budget = Num(new(big.Rat).Set(c.election.Budget))
		return p, nil
	}
	seats, err := c.seats()
	if err != nil {
		return nil, err
	}
	p.seats = seats
	p.left = new(big.Rat).SetInt64(int64(seats))
	return p, nil
}

// seats gives how many to elect: the rule's number, else the election's, else 1.
func (c *counting) seats() (int, error) {
	if c.rule.Seats < 0 {
		return 0, refuse(noSeats, "number", c.rule.Seats)
	}
	c.rule.Seats = cmp.Or(c.rule.Seats, c.election.Seats, 1)
	if n := len(c.election.Options); c.rule.Seats > n {
		return 0, refuse(manySeats, "number", c.rule.Seats, "candidates", n)
	}
	return c.rule.Seats, nil
}

// open tells whether the option can still be bought.
func (p *purse) open(option int) bool {
	return !p.bought[option] && !p.c.election.Options[option].Withdrawn
}

// fits tells whether the option is open and within what is left.
func (p *purse) fits(option int) bool {
	return p.open(option) && p.seats != 0 && p.c.cost(option).Cmp(p.left) <= 0
}

func (p *purse) buy(option int) {
	p.bought[option] = true
	p.order = append(p.order, option)
	p.left.Sub(p.left, p.c.cost(option))
	if p.seats > 0 {
		p.seats--
	}
}

// finish writes winners and sums into the outcome.
func (p *purse) finish() {
	c := p.c
	c.out.Winners = c.ids(p.order)
	if c.election.Budget == nil {
		return
	}
	c.out.Spent = Num(new(big.Rat).Sub(c.election.Budget, p.left))
	c.out.Explanation = append(c.out.Explanation, Msg("counting.why.spent",
		"spent", c.out.Spent.String(), "budget", c.out.Budget.String(), "projects", strconv.Itoa(len(p.order)), "of", strconv.Itoa(len(c.election.Options))))
}

// supported fills Outcome.Supported: how many voters have how many of the
// winners on their ballot.
func (c *counting) supported(in *interests, order []int) {
	winners := make([]int, len(c.election.Ballots))
	for _, o := range order {
		for _, s := range in.supports[o] {
			winners[s.ballot]++
		}
	}
	most := 0
	for _, n := range winners {
		most = max(most, n)
	}
	c.out.Supported = make([]int64, most+1)
	for i, n := range winners {
		c.out.Supported[n] += c.election.Ballots[i].Weight
	}
}

// byScore groups options of equal score, best first.
func byScore(options []int, score []*big.Rat) [][]int {
	sorted := slices.Clone(options)
	slices.SortStableFunc(sorted, func(a, b int) int { return score[b].Cmp(score[a]) })
	var groups [][]int
	for i, o := range sorted {
		if i > 0 && score[o].Cmp(score[sorted[i-1]]) == 0 {
			groups[len(groups)-1] = append(groups[len(groups)-1], o)
			continue
		}
		groups = append(groups, []int{o})
	}
	return groups
}
