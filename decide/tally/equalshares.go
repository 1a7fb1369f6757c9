package tally

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
)

// The Method of Equal Shares. Every voter gets the same endowment, and it pays
// only for what the voter supports. A project is affordable if its supporters
// hold its cost; they share it so that everybody pays at most rho for each unit
// of utility, and who has less pays all that is left. The affordable project
// with the smallest rho is bought, again and again until none is affordable.
//
// Source: Peters, Pierczyński, Skowron, "Proportional Participatory Budgeting
// with Additive Utilities", NeurIPS 2021, arXiv:2008.13276.
//
// Ties are between projects of equal rho. Projects that cost nothing and that
// somebody supports are bought first.

// Completions: what happens to the money that Equal Shares leaves.
const (
	CompletionNone       = "none"
	CompletionGreedy     = "greedy"      // buy by total utility for cost, while it fits
	CompletionAdd1       = "add1"        // give every voter more, step by step; see Rule.Stop
	CompletionAdd1Greedy = "add1+greedy" // first add1, then greedy
	CompletionPhragmen   = "phragmen"    // go on with Phragmén's rule from what each voter has left
)

// Stop rules of add1: it goes back one step from the first endowment whose
// outcome costs more than the budget; and it
const (
	StopExhaustive = "exhaustive" // also ends at the first outcome to which no supported project can be added
	StopOverspend  = "overspend"  // does not end before
)

// sharesModel is an election as Equal Shares sees it.
type sharesModel struct {
	c        *counting
	in       *interests
	weights  []int64 // of the ballots
	projects []shareProject
	seats    int // a run ends when so many are bought; -1: never
	fast     *fastShares
	plain    bool // numbers are too large for fast
}

// shareProject is a project that somebody supports and that costs something.
type shareProject struct {
	option   int
	priority int      // in the order in which ties are broken
	cost     *big.Rat // in currency units
	scale    *big.Rat // utility of one unit
	supports []support
}

// sharesRun is what Equal Shares makes of one endowment.
type sharesRun struct {
	endowment *big.Rat
	steps     []shareStep
	ties      []TieBreak
	open      []int      // indices of projects between which an open tie was left
	left      []*big.Rat // what each ballot's voter has left; only from runPlain and runDetailed
	held      []*big.Rat // what the supporters of each project hold at the end, by project
	same      *big.Int   // more steps of the increment with which the outcome is proven the same; nil: any number
}

// shareStep is one project bought.
type shareStep struct {
	project int      // index in sharesModel.projects
	price   *big.Rat // what one unit costs: rho × scale; nil in a run that sweeps
	full    int64    // voters who pay the price of each of their units
	rest    int64    // voters who pay all that they have left, but more than nothing
}

// equalShares counts by the Method of Equal Shares.
//
// Defaults: the utility that the ballots say most directly; completion none;
// stop exhaustive; increment 1.
func equalShares(c *counting) error {
	if err := c.sharesDefaults(); err != nil {
		return err
	}
	m, p, err := c.sharesModel()
	if err != nil {
		return err
	}
	endowment := c.firstEndowment()
	if endowment == nil { // no voters
		p.finish()
		return nil
	}
	run, err := m.complete(endowment)
	if err != nil {
		return err
	}
	m.report(run, p)
	if len(run.open) == 0 {
		switch c.rule.Completion {
		case CompletionGreedy, CompletionAdd1Greedy:
			c.greedy(p, c.utilityPerCost(m.in))
		case CompletionPhragmen:
			c.phragmen(p, m.in, run.left)
		case CompletionAdd1:
			c.fillSeats(p)
		}
		if c.rule.Comparison {
			if p, err = c.compareGreedy(m.in, p); err != nil {
				return err
			}
		}
	}
	p.finish()
	c.supported(m.in, p.order)
	return nil
}

// sharesDefaults fills in the rule's parameters and refuses wrong ones.
func (c *counting) sharesDefaults() error {
	r := &c.rule
	r.Completion = cmp.Or(r.Completion, CompletionNone)
	if !slices.Contains([]string{CompletionNone, CompletionGreedy, CompletionAdd1, CompletionAdd1Greedy, CompletionPhragmen}, r.Completion) {
		return refuse(noCompletion, "value", quoted(r.Completion))
	}
	r.Stop = cmp.Or(r.Stop, StopExhaustive)
	if r.Stop != StopExhaustive && r.Stop != StopOverspend {
		return refuse(noStop, "value", quoted(r.Stop))
	}
	if r.Increment == nil {
		r.Increment = big.NewRat(1, 1)
		if voters := c.election.Voters(); c.election.Budget == nil && voters > 0 {
			r.Increment = big.NewRat(1, voters) // one more seat's worth, shared by all
		}
	}
	if r.Increment.Sign() <= 0 {
		return refuse(noIncrement, "value", Num(r.Increment))
	}
	return nil
}

// firstEndowment is what each voter gets: the budget (or the seats) over the
// number of voters. Nil if there are no voters.
func (c *counting) firstEndowment() *big.Rat {
	voters := c.election.Voters()
	if voters == 0 {
		return nil
	}
	total := c.election.Budget
	if total == nil {
		total = new(big.Rat).SetInt64(int64(c.rule.Seats))
	}
	e := new(big.Rat).Quo(total, new(big.Rat).SetInt64(voters))
	if c.rule.Integral {
		e.SetInt(new(big.Int).Quo(e.Num(), e.Denom()))
	}
	return e
}

// sharesModel prepares the count, and buys what costs nothing.
func (c *counting) sharesModel() (*sharesModel, *purse, error) {
	p, err := c.newPurse()
	if err != nil {
		return nil, nil, err
	}
	in, err := c.interests()
	if err != nil {
		return nil, nil, err
	}
	m := &sharesModel{c: c, in: in, seats: p.seats, weights: make([]int64, len(c.election.Ballots))}
	for i := range m.weights {
		m.weights[i] = c.election.Ballots[i].Weight
	}
	all := make([]int, len(c.election.Options))
	for i := range all {
		all[i] = i
	}
	for priority, o := range c.tieOrder(all) {
		if !p.open(o) || len(in.supports[o]) == 0 {
			continue
		}
		if c.cost(o).Sign() == 0 {
			p.buy(o)
			c.out.Rounds = append(c.out.Rounds, Round{Action: "fund", Options: c.ids([]int{o}), Cost: Num(c.cost(o)), Left: Num(new(big.Rat).Set(p.left))})
			continue
		}
		m.projects = append(m.projects, shareProject{option: o, priority: priority, cost: c.cost(o), scale: in.scale[o], supports: in.supports[o]})
	}
	return m, p, nil
}

// complete runs Equal Shares, and for add1 again with more and more money for
// each voter.
//
// Steps are not all run: a run also finds for how many more steps every choice
// that it made is proven to be made again (see fastshares.go), and those are
// passed over. The last endowment passed over is run again at the end, so that
// what is reported is the run that decided.
func (m *sharesModel) complete(endowment *big.Rat) (*sharesRun, error) {
	rule := &m.c.rule
	if rule.Completion != CompletionAdd1 && rule.Completion != CompletionAdd1Greedy {
		return m.run(endowment, false)
	}
	run, err := m.run(endowment, true)
	for err == nil && len(run.open) == 0 && !m.done(run) && run.same != nil {
		m.c.progress(m.progressOf(run))
		endowment = m.step(run.endowment, run.same)
		run, err = m.run(m.step(endowment, big.NewInt(1)), true)
		if err == nil && m.spent(run).Cmp(m.limit()) > 0 {
			break
		}
		if err == nil {
			endowment = run.endowment
		}
	}
	if err != nil {
		return nil, err
	}
	return m.run(endowment, false)
}

// step gives each voter n increments more.
func (m *sharesModel) step(endowment *big.Rat, n *big.Int) *big.Rat {
	more := new(big.Rat).SetInt(n)
	return more.Add(endowment, more.Mul(more, m.c.rule.Increment))
}

// limit is the budget, or the number of seats.
func (m *sharesModel) limit() *big.Rat {
	if m.c.election.Budget != nil {
		return m.c.election.Budget
	}
	return new(big.Rat).SetInt64(int64(m.seats))
}

func (m *sharesModel) spent(run *sharesRun) *big.Rat {
	sum := new(big.Rat)
	for _, s := range run.steps {
		sum.Add(sum, m.projects[s.project].cost)
	}
	return sum
}

// done tells whether add1 ends with this outcome: nothing more can be bought,
// or nothing that would be bought is left.
func (m *sharesModel) done(run *sharesRun) bool {
	if len(run.steps) == len(m.projects) || len(run.steps) == m.seats {
		return true
	}
	if m.c.rule.Stop != StopExhaustive {
		return false
	}
	left := new(big.Rat).Sub(m.limit(), m.spent(run))
	bought := make([]bool, len(m.projects))
	for _, s := range run.steps {
		bought[s.project] = true
	}
	for i, p := range m.projects {
		if !bought[i] && p.cost.Cmp(left) <= 0 {
			return false
		}
	}
	return true
}

func (m *sharesModel) progressOf(run *sharesRun) (done, total int64) {
	limit, _ := m.limit().Float64()
	spent, _ := m.spent(run).Float64()
	if limit == 0 {
		return 1, 1
	}
	return int64(1000 * spent / limit), 1000
}

// report writes a run into the outcome, and buys what it bought.
func (m *sharesModel) report(run *sharesRun, p *purse) {
	c := m.c
	c.out.Endowment = Num(run.endowment)
	c.out.Ties = append(c.out.Ties, run.ties...)
	for _, s := range run.steps {
		o := m.projects[s.project].option
		p.buy(o)
		c.out.Rounds = append(c.out.Rounds, Round{
			Action: "fund", Options: c.ids([]int{o}), Cost: Num(c.cost(o)), Left: Num(new(big.Rat).Set(p.left)),
			Price: Num(rounded(s.price)), Voters: s.full + s.rest, Full: s.full,
		})
	}
	if len(run.open) > 0 {
		var open []int
		for _, i := range run.open {
			open = append(open, m.projects[i].option)
		}
		c.out.Tied = c.ids(open)
		return
	}
	for i, proj := range m.projects {
		if run.held[i] != nil {
			c.out.Rounds = append(c.out.Rounds, Round{
				Action: "short", Options: c.ids([]int{proj.option}), Cost: Num(proj.cost), Held: Num(rounded(run.held[i])),
			})
		}
	}
	c.out.Explanation = append(c.out.Explanation, Msg("counting.why.equal_shares",
		"endowment", c.out.Endowment.String(), "voters", strconv.FormatInt(c.election.Voters(), 10)))
}

// rounded cuts a number that is only shown to six decimals, half up. The count
// goes on with the exact one, whose fraction may have hundreds of digits.
func rounded(r *big.Rat) *big.Rat {
	const million = 1_000_000
	scaled := new(big.Rat).Mul(r, big.NewRat(million, 1))
	scaled.Add(scaled, big.NewRat(1, 2))
	floor := new(big.Int).Div(scaled.Num(), scaled.Denom())
	return scaled.SetFrac(floor, big.NewInt(million))
}

// runPlain is the definition of the rule, word for word, in exact rationals.
// It is used where numbers are too large for the fast way, and as the measure
// of the fast way in tests.
func (m *sharesModel) runPlain(endowment *big.Rat) (*sharesRun, error) {
	run := &sharesRun{endowment: endowment, same: new(big.Int)}
	run.left = make([]*big.Rat, len(m.weights))
	for i := range run.left {
		run.left[i] = new(big.Rat).Set(endowment)
	}
	bought := make([]bool, len(m.projects))
	for len(run.steps) != m.seats {
		if err := m.c.ctx.Err(); err != nil {
			return nil, err
		}
		var best []int
		var rho *big.Rat
		for i := range m.projects {
			if bought[i] {
				continue
			}
			price := m.plainPrice(i, run.left)
			if price == nil {
				continue
			}
			r := new(big.Rat).Quo(price, m.projects[i].scale)
			switch {
			case rho == nil || r.Cmp(rho) < 0:
				best, rho = []int{i}, r
			case r.Cmp(rho) == 0:
				best = append(best, i)
			}
		}
		if best == nil {
			break
		}
		chosen, ok := m.choose(best, run)
		if !ok {
			return run, nil
		}
		bought[chosen] = true
		run.steps = append(run.steps, m.plainPay(chosen, rho, run.left))
	}
	run.held = make([]*big.Rat, len(m.projects))
	for i, p := range m.projects {
		if !bought[i] {
			run.held[i] = new(big.Rat)
			for _, s := range p.supports {
				run.held[i].Add(run.held[i], new(big.Rat).Mul(run.left[s.ballot], new(big.Rat).SetInt64(m.weights[s.ballot])))
			}
		}
	}
	return run, nil
}

// choose breaks a tie between projects; ok is false if it is left open.
func (m *sharesModel) choose(best []int, run *sharesRun) (chosen int, ok bool) {
	slices.SortFunc(best, func(a, b int) int { return m.projects[a].priority - m.projects[b].priority })
	if len(best) == 1 {
		return best[0], true
	}
	tie := TieBreak{By: m.c.tieBy()}
	for _, i := range best {
		tie.Among = append(tie.Among, m.c.election.Options[m.projects[i].option].ID)
	}
	switch {
	case tie.By != TieOpen:
		tie.Chosen = tie.Among[0]
	case (m.seats < 0 || len(run.steps)+len(best) <= m.seats) && m.apart(best):
		tie.By = noDifference
	default:
		run.open = best
	}
	slices.Sort(tie.Among)
	run.ties = append(run.ties, tie)
	return best[0], run.open == nil
}

// apart tells whether no ballot supports two of the projects. Buying one of them
// then takes no money from the supporters of another: each stays the cheapest,
// and is bought next. So it makes no difference which is first.
func (m *sharesModel) apart(projects []int) bool {
	seen := make([]bool, len(m.weights))
	for _, i := range projects {
		for _, s := range m.projects[i].supports {
			if seen[s.ballot] {
				return false
			}
			seen[s.ballot] = true
		}
	}
	return true
}

// plainPrice gives the price of one unit of a project when its supporters share
// the cost; nil if they can't pay it.
func (m *sharesModel) plainPrice(project int, left []*big.Rat) *big.Rat {
	p := m.projects[project]
	held, units := new(big.Rat), new(big.Rat)
	for _, s := range p.supports {
		w := new(big.Rat).SetInt64(m.weights[s.ballot])
		held.Add(held, new(big.Rat).Mul(w, left[s.ballot]))
		units.Add(units, w.Mul(w, new(big.Rat).SetInt64(s.units)))
	}
	if held.Cmp(p.cost) < 0 {
		return nil
	}
	// From the voter with the least money for each unit upwards: does the rest
	// of the cost, shared by the rest of the voters, exceed what this one has?
	perUnit := func(s support) *big.Rat {
		return new(big.Rat).Quo(left[s.ballot], new(big.Rat).SetInt64(s.units))
	}
	order := slices.Clone(p.supports)
	slices.SortFunc(order, func(a, b support) int { return perUnit(a).Cmp(perUnit(b)) })
	rest := new(big.Rat).Set(p.cost)
	for _, s := range order {
		price := new(big.Rat).Quo(rest, units)
		if price.Cmp(perUnit(s)) <= 0 {
			return price
		}
		w := new(big.Rat).SetInt64(m.weights[s.ballot])
		rest.Sub(rest, new(big.Rat).Mul(w, left[s.ballot]))
		units.Sub(units, w.Mul(w, new(big.Rat).SetInt64(s.units)))
	}
	return nil
}

// plainPay takes the money from the supporters.
func (m *sharesModel) plainPay(project int, rho *big.Rat, left []*big.Rat) shareStep {
	p := m.projects[project]
	step := shareStep{project: project, price: new(big.Rat).Mul(rho, p.scale)}
	for _, s := range p.supports {
		pay := new(big.Rat).Mul(step.price, new(big.Rat).SetInt64(s.units))
		switch {
		case pay.Cmp(left[s.ballot]) <= 0:
			step.full += m.weights[s.ballot]
		case left[s.ballot].Sign() > 0:
			step.rest += m.weights[s.ballot]
			pay.Set(left[s.ballot])
		default:
			pay.Set(left[s.ballot])
		}
		left[s.ballot].Sub(left[s.ballot], pay)
	}
	return step
}
