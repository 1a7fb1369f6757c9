package tally

import (
	"math"
	"math/big"
	"slices"
)

// Equal Shares, fast and still exact.
//
// runPlain keeps a rational for every voter. Here a voter's money is a float64
// with a proven bound on its error, and only what floats can't tell is worked
// out exactly. That is cheap, because of what the exact numbers are made of:
//
// What a voter has left is 0, if the voter once paid all, else the endowment e
// minus units × price of each project that the voter paid in full. A price is
//
//	price = (cost - sum over the poor of w·b) / (sum over the rich of w·units)
//
// where the poor pay all that they have (b) and the rich pay units × price. So a
// price is made of integers, e, and the prices before it: with C[k] = the sum of
// w·units over the poor who paid project k, and W = the weight of the poor who
// still have money,
//
//	price = (cost - W·e + sum over k of C[k]·price[k]) / V
//
// All prices are kept as integers over one common denominator, which each
// purchase multiplies by its V. Nothing is ever reduced, and nothing rounded.
//
// # Who is poor
//
// The voter is poor for a project if b < units × price. The partition into poor
// and rich is found by starting with the poor of an earlier round (who is poor
// for a project stays so: money only falls, the price only rises) and moving
// voters from rich to poor until none moves. Two facts make floats safe:
//
//  1. For ANY partition, (cost - sum of the poor's money) / V is a lower bound
//     of the true price, because sum min(b, units·p) <= sum_poor b + p·V. A
//     float of it, less its error bound, decides which projects can't be the
//     next one.
//  2. A partition is right if every poor voter has b <= units × price and every
//     rich one b >= units × price, with the price that follows from it. This is
//     tested with floats and their bounds; voters too close to tell are compared
//     exactly, and moved if needed, until the partition is right.
//
// Only projects whose lower bound is not above the best price get an exact
// price; those are compared exactly, so that ties are ties.
//
// # Passing over endowments
//
// add1 needs the first endowment e + n·increment at which the outcome ends or
// breaks the budget, and outcomes are not monotone in the endowment: none can be
// skipped without proof. The proof: while every choice of a run stays the same,
// all that it computes is an affine function of the endowment (above: integers,
// e, and affine prices). So each choice is an inequality f(x) >= 0 between affine
// functions of the extra endowment x, and from its value at 0 and its slope
// follows up to which x it holds:
//
//   - the partition of each purchase: units·price(x) - b(x) >= 0 for the poor,
//     and <= 0 for the rich;
//   - that a project not chosen was not cheaper: by fact 1, with the partition
//     found at x = 0, (lower bound)(x) - rho(x) >= 0, at this and at all earlier
//     rounds from that of the lower bound on (money only falls); > 0 if ties
//     would be broken in its favour, or left open;
//   - that a project was unaffordable: cost - (its supporters' money)(x) > 0.
//
// The smallest such x, less the error bounds, is proven; the steps of the
// increment below it give the same outcome, and are passed over.

// maxFast is the largest integer that the fast way lets into a float64.
const maxFast = 1 << 52

// fastShares is the state of fast runs; one is used for run after run.
type fastShares struct {
	m        *sharesModel
	sweep    bool // also work out how far the choices hold
	unit     *big.Int
	projects []fastProject
	weights  []int64

	// Of the run at hand.
	endowment        *big.Rat
	money, slope     []float64 // of each ballot's voter, and how it grows with the endowment
	dead             []bool    // has nothing left
	paid             []int32   // of each ballot: head of its list in payments; -1: none
	payments         []payment
	moneyErr         float64 // bound on the error of money
	slopeErr         float64 // bound on the error of slope
	slopeSize        float64 // bound on |slope|
	prices, priceInc []*big.Int
	denom            *big.Int // of prices: denom × endowment's denominator; of priceInc: denom
	limit            float64  // extra endowment up to which all choices so far hold
}

// payment is a project that a voter paid in full: the purchase's number.
type payment struct {
	purchase int32
	next     int32
	units    int64
}

// fastProject is a project in a run. supporters[:rich] are rich,
// [rich:alive] poor but not without money, [alive:] without money.
type fastProject struct {
	supporters  []fastSupport
	cost        *big.Int // in units of sharesModel
	costF       float64
	scale       float64
	rich, alive int
	units       float64 // of the rich: sum of w·units, an integer
	allUnits    float64

	out   bool    // bought, or unaffordable
	round int     // in which low was found
	low   float64 // proven lower bound of rho
	// For sweeps: low as a function of the extra endowment, low(x) >= low + x·lowInc.
	lowInc float64
}

type fastSupport struct {
	ballot int32
	weight int64
	units  int64
}

// newFastShares prepares fast runs; nil if the election's numbers are too large
// for them.
func newFastShares(m *sharesModel) *fastShares {
	f := &fastShares{m: m, weights: m.weights, unit: big.NewInt(1)}
	for _, p := range m.projects {
		lcm(f.unit, p.cost.Denom())
	}
	var voters int64
	for _, w := range m.weights {
		voters += w
	}
	for _, p := range m.projects {
		cost := new(big.Int).Mul(p.cost.Num(), new(big.Int).Quo(f.unit, p.cost.Denom()))
		costF, _ := new(big.Float).SetInt(cost).Float64()
		scale, _ := p.scale.Float64()
		q := fastProject{cost: cost, costF: costF, scale: scale, supporters: make([]fastSupport, len(p.supports))}
		var most int64
		for i, s := range p.supports {
			most = max(most, s.units)
			q.supporters[i] = fastSupport{int32(s.ballot), m.weights[s.ballot], s.units}
		}
		if voters > maxFast || most > maxFast/voters || costF > 1e300 || scale < 1e-300 || scale > 1e300 {
			return nil
		}
		for _, s := range q.supporters {
			q.allUnits += float64(s.weight * s.units)
		}
		f.projects = append(f.projects, q)
	}
	n := len(m.weights)
	f.money, f.slope, f.dead, f.paid = make([]float64, n), make([]float64, n), make([]bool, n), make([]int32, n)
	return f
}

// run runs Equal Shares with an endowment. With sweep it also fills
// sharesRun.same.
func (m *sharesModel) run(endowment *big.Rat, sweep bool) (*sharesRun, error) {
	if m.fast == nil && !m.plain {
		m.fast = newFastShares(m)
		m.plain = m.fast == nil
	}
	if m.plain || endowment.Sign() == 0 {
		return m.runPlain(endowment)
	}
	return m.fast.run(endowment, sweep)
}

// reset begins a run.
func (f *fastShares) reset(endowment *big.Rat, sweep bool) {
	f.sweep = sweep
	f.endowment = new(big.Rat).Mul(endowment, new(big.Rat).SetInt(f.unit))
	e, _ := f.endowment.Float64()
	for i := range f.money {
		f.money[i], f.slope[i], f.dead[i], f.paid[i] = e, 1, false, -1
	}
	f.payments = f.payments[:0]
	f.prices, f.priceInc = f.prices[:0], f.priceInc[:0]
	f.denom = big.NewInt(1)
	f.limit = math.Inf(1)
	f.slopeSize = 1
	f.bounds()
	for i := range f.projects {
		p := &f.projects[i]
		p.rich, p.alive, p.units = len(p.supporters), len(p.supporters), p.allUnits
		p.out, p.round, p.lowInc = false, -1, 0
		p.low = below(p.costF / p.units / p.scale)
	}
}

const epsilon = 1.0 / (1 << 53) // relative error of one float64 operation

// below gives a float64 below a quotient of few roundings.
func below(x float64) float64 { return x * (1 - 16*epsilon) }

// bounds sets the error bounds of money and slope for the purchases so far.
//
// money starts as the rounded endowment e and loses rounded units·price at most
// once for each purchase: each time at most epsilon·e for the subtraction and
// 2·epsilon·units·price for the product and the price, and all payments of a
// voter together are at most e. So the error is at most epsilon·e·(purchases +
// 3), here doubled. The same for slope, with slopeSize in place of e.
func (f *fastShares) bounds() {
	e, _ := f.endowment.Float64()
	n := float64(2*len(f.prices) + 8)
	f.moneyErr = epsilon * e * n
	f.slopeErr = epsilon * f.slopeSize * n
}

func (f *fastShares) run(endowment *big.Rat, sweep bool) (*sharesRun, error) {
	f.reset(endowment, sweep)
	run := &sharesRun{endowment: endowment}
	for len(run.steps) != f.m.seats {
		if err := f.m.c.ctx.Err(); err != nil {
			return nil, err
		}
		best, exact := f.cheapest(len(run.steps))
		if best == nil {
			break
		}
		chosen, ok := f.m.choose(best, run)
		if !ok {
			return run, nil
		}
		price := exact[chosen]
		f.limitOthers(chosen, exact)
		run.steps = append(run.steps, f.pay(chosen, price))
	}
	if sweep {
		run.same = f.steps()
		return run, nil
	}
	f.finish(run)
	return run, nil
}

// exactPrice is a project's price: num / (units × denom × the endowment's
// denominator), growing with the endowment by inc / (units × denom).
type exactPrice struct {
	num, inc *big.Int
	units    *big.Int
	value    float64 // price, correctly rounded but for a few units in the last place
	slope    float64
}

// cheapest gives the affordable projects of smallest rho, and the exact prices
// of all projects that were close.
func (f *fastShares) cheapest(round int) ([]int, map[int]*exactPrice) {
	exact := map[int]*exactPrice{}
	for {
		first := f.lowest(exact)
		if first < 0 {
			break
		}
		p := &f.projects[first]
		if p.round != round {
			f.evaluate(first, round)
			continue
		}
		if price := f.price(first); price != nil {
			exact[first] = price
			p.low = below(price.value / p.scale)
			p.lowInc = price.slope/p.scale - math.Abs(price.slope/p.scale)*16*epsilon
		} else {
			f.drop(first)
		}
	}
	return f.smallest(exact), exact
}

// lowest gives the project of the lowest bound among those that may still be
// the cheapest and have no exact price; -1 if there is none.
func (f *fastShares) lowest(exact map[int]*exactPrice) int {
	ceiling := math.Inf(1)
	for i, price := range exact {
		ceiling = min(ceiling, price.value/f.projects[i].scale*(1+16*epsilon))
	}
	first := -1
	for i := range f.projects {
		p := &f.projects[i]
		if p.out || p.low > ceiling || exact[i] != nil {
			continue
		}
		if first < 0 || p.low < f.projects[first].low {
			first = i
		}
	}
	return first
}

// smallest compares exact prices: rho = price / scale.
func (f *fastShares) smallest(exact map[int]*exactPrice) []int {
	var best []int
	for i := range f.projects {
		if exact[i] == nil {
			continue
		}
		if best == nil {
			best = []int{i}
			continue
		}
		switch f.compareRho(i, exact[i], best[0], exact[best[0]]) {
		case -1:
			best = []int{i}
		case 0:
			best = append(best, i)
		}
	}
	return best
}

// compareRho compares a.num/(a.units·scale a) with b's.
func (f *fastShares) compareRho(i int, a *exactPrice, j int, b *exactPrice) int {
	return f.rhoTerm(a.num, b, i, j).Cmp(f.rhoTerm(b.num, a, j, i))
}

// rhoTerm gives num × other.units × scale of j, all over common denominators of
// the scales.
func (f *fastShares) rhoTerm(num *big.Int, other *exactPrice, i, j int) *big.Int {
	own, others := f.m.projects[i].scale, f.m.projects[j].scale
	t := new(big.Int).Mul(num, other.units)
	t.Mul(t, others.Num())
	return t.Mul(t, own.Denom())
}

// drop takes a project out of the run: its supporters can't pay it.
func (f *fastShares) drop(project int) {
	p := &f.projects[project]
	p.out = true
	if !f.sweep {
		return
	}
	// cost - money(x) > 0
	var money, slope, weight float64
	for _, s := range p.supporters[:p.alive] {
		w := float64(s.weight)
		money += w * f.money[s.ballot]
		slope += w * f.slope[s.ballot]
		weight += w
	}
	n := float64(p.alive + 4)
	f.holds(p.costF-money, weight*f.moneyErr+epsilon*n*(money+p.costF), -slope, weight*(f.slopeErr+epsilon*n*f.slopeSize))
}

// holds lowers the limit to where value + x·inc falls to zero, given bounds on
// the errors of both. Where value is not proven above zero nothing is left.
func (f *fastShares) holds(value, valueErr, inc, incErr float64) {
	low, slope := value-valueErr, inc-incErr
	switch {
	case low <= 0 || math.IsNaN(low) || math.IsNaN(slope):
		f.limit = 0
	case slope < 0:
		f.limit = min(f.limit, below(low/-slope))
	}
}

// evaluate finds, in floats, who is poor for a project, and from that the lower
// bound of its rho.
func (f *fastShares) evaluate(project, round int) {
	p := &f.projects[project]
	p.round = round
	poor, poorWeight := f.sweepPoor(p)
	for p.rich > 0 {
		price := (p.costF - poor) / p.units
		moved := false
		for i := 0; i < p.rich; {
			s := p.supporters[i]
			if f.money[s.ballot] >= float64(s.units)*price {
				i++
				continue
			}
			moved = true
			p.units -= float64(s.weight * s.units)
			p.rich--
			p.supporters[i], p.supporters[p.rich] = p.supporters[p.rich], s
			if f.dead[s.ballot] {
				p.alive--
				p.supporters[p.rich], p.supporters[p.alive] = p.supporters[p.alive], s
				continue
			}
			poor += float64(s.weight) * f.money[s.ballot]
			poorWeight += float64(s.weight)
		}
		if !moved {
			f.bound(p, price, poor, poorWeight)
			return
		}
	}
	// Nobody is left who could pay a share: together they can't pay, unless
	// floats are too coarse to say.
	err := poorWeight*f.moneyErr + epsilon*float64(p.alive+4)*(poor+p.costF)
	if poor+err < p.costF || f.exactlyHeld(p).Cmp(f.exactCost(p)) < 0 {
		f.drop(project)
		return
	}
	f.allRich(p)
}

// sweepPoor sums up what the poor of a project have, and moves to the end of
// the list who has nothing.
func (f *fastShares) sweepPoor(p *fastProject) (money, weight float64) {
	for i := p.rich; i < p.alive; {
		s := p.supporters[i]
		if f.dead[s.ballot] {
			p.alive--
			p.supporters[i], p.supporters[p.alive] = p.supporters[p.alive], s
			continue
		}
		money += float64(s.weight) * f.money[s.ballot]
		weight += float64(s.weight)
		i++
	}
	return money, weight
}

// allRich begins the partition anew.
func (f *fastShares) allRich(p *fastProject) {
	p.rich, p.alive, p.units = len(p.supporters), len(p.supporters), p.allUnits
}

// bound sets the lower bound of rho that a partition gives.
func (f *fastShares) bound(p *fastProject, price, poor, poorWeight float64) {
	n := float64(p.alive - p.rich + 4)
	err := (poorWeight*f.moneyErr + epsilon*n*(poor+p.costF)) / p.units
	if low := below((price - err) / p.scale); low > p.low {
		p.low, p.lowInc = low, 0
		if f.sweep {
			p.lowInc = f.poorSlope(p)
		}
		return
	}
	// The bound of an earlier round is no lower, and still holds.
}

// poorSlope gives a lower bound of how the bound of rho changes with the
// endowment: minus what more the poor have, over the units of the rich.
func (f *fastShares) poorSlope(p *fastProject) float64 {
	var slope, weight float64
	for _, s := range p.supporters[p.rich:p.alive] {
		slope += float64(s.weight) * f.slope[s.ballot]
		weight += float64(s.weight)
	}
	n := float64(p.alive - p.rich + 8)
	err := weight * (f.slopeErr + epsilon*n*f.slopeSize)
	inc := -(slope + err) / p.units / p.scale
	return inc - math.Abs(inc)*16*epsilon
}

// exactMoney gives what a ballot's voter has, over denom × the endowment's
// denominator.
func (f *fastShares) exactMoney(ballot int32) *big.Int {
	if f.dead[ballot] {
		return new(big.Int)
	}
	money := new(big.Int).Mul(f.endowment.Num(), f.denom)
	term := new(big.Int)
	for at := f.paid[ballot]; at >= 0; at = f.payments[at].next {
		pay := f.payments[at]
		money.Sub(money, term.Mul(f.prices[pay.purchase], term.SetInt64(pay.units)))
	}
	return money
}

// exactSlope gives how that grows with the endowment, over denom.
func (f *fastShares) exactSlope(ballot int32) *big.Int {
	if f.dead[ballot] {
		return new(big.Int)
	}
	slope := new(big.Int).Set(f.denom)
	term := new(big.Int)
	for at := f.paid[ballot]; at >= 0; at = f.payments[at].next {
		pay := f.payments[at]
		slope.Sub(slope, term.Mul(f.priceInc[pay.purchase], term.SetInt64(pay.units)))
	}
	return slope
}

// exactCost gives a project's cost over the same denominator as exactMoney.
func (f *fastShares) exactCost(p *fastProject) *big.Int {
	cost := new(big.Int).Mul(p.cost, f.denom)
	return cost.Mul(cost, f.endowment.Denom())
}

// exactSums adds up, exactly, the money and its slope of some supporters.
func (f *fastShares) exactSums(supporters []fastSupport) (money, slope *big.Int) {
	counts := make([]int64, len(f.prices))
	var weight int64
	for _, s := range supporters {
		if f.dead[s.ballot] {
			continue
		}
		weight += s.weight
		for at := f.paid[s.ballot]; at >= 0; at = f.payments[at].next {
			counts[f.payments[at].purchase] += s.weight * f.payments[at].units
		}
	}
	w := big.NewInt(weight)
	money = new(big.Int).Mul(f.endowment.Num(), f.denom)
	money.Mul(money, w)
	slope = w.Mul(w, f.denom)
	count, term := new(big.Int), new(big.Int)
	for k, n := range counts {
		if n == 0 {
			continue
		}
		count.SetInt64(n)
		money.Sub(money, term.Mul(f.prices[k], count))
		if f.sweep {
			slope.Sub(slope, term.Mul(f.priceInc[k], count))
		}
	}
	return money, slope
}

// exactlyHeld gives what all supporters of a project have together.
func (f *fastShares) exactlyHeld(p *fastProject) *big.Int {
	money, _ := f.exactSums(p.supporters)
	return money
}

// price gives a project's exact price, and leaves the right partition in p; nil
// if its supporters can't pay it.
func (f *fastShares) price(project int) *exactPrice {
	p := &f.projects[project]
	for {
		if p.rich == 0 {
			if f.exactlyHeld(p).Cmp(f.exactCost(p)) < 0 {
				return nil
			}
			f.allRich(p)
		}
		price := f.priceOf(p)
		if !f.movePoor(p, price) && !f.moveRich(p, price) {
			return price
		}
	}
}

// priceOf gives the exact price that follows from the partition at hand.
func (f *fastShares) priceOf(p *fastProject) *exactPrice {
	money, slope := f.exactSums(p.supporters[p.rich:p.alive])
	price := &exactPrice{units: big.NewInt(int64(p.units)), inc: slope.Neg(slope)}
	price.num = money.Sub(f.exactCost(p), money)
	price.value = quotient(price.num, new(big.Int).Mul(new(big.Int).Mul(price.units, f.denom), f.endowment.Denom()))
	if f.sweep {
		price.slope = quotient(price.inc, new(big.Int).Mul(price.units, f.denom))
	}
	return price
}

// quotient gives a/b with a relative error of at most 2 epsilon.
func quotient(a, b *big.Int) float64 {
	x := new(big.Float).SetPrec(64).SetInt(a)
	y := new(big.Float).SetPrec(64).SetInt(b)
	v, _ := x.Quo(x, y).Float64()
	return v
}

// poorer compares, exactly where needed, what a supporter has with what the
// price asks of it: -1 if it has less.
func (f *fastShares) poorer(s fastSupport, price *exactPrice) int {
	asked := float64(s.units) * price.value
	tolerance := f.moneyErr + 16*epsilon*asked
	switch diff := f.money[s.ballot] - asked; {
	case diff < -tolerance:
		return -1
	case diff > tolerance:
		return 1
	}
	has := f.exactMoney(s.ballot)
	has.Mul(has, price.units)
	return has.Cmp(new(big.Int).Mul(price.num, big.NewInt(s.units)))
}

// movePoor moves to the poor who can't pay the price in full; it tells whether
// there was anyone.
func (f *fastShares) movePoor(p *fastProject, price *exactPrice) bool {
	moved := false
	for i := 0; i < p.rich; {
		s := p.supporters[i]
		if f.poorer(s, price) >= 0 {
			i++
			continue
		}
		moved = true
		p.units -= float64(s.weight * s.units)
		p.rich--
		p.supporters[i], p.supporters[p.rich] = p.supporters[p.rich], s
	}
	return moved
}

// moveRich begins the partition anew if somebody poor could pay the price in
// full: floats were too coarse.
func (f *fastShares) moveRich(p *fastProject, price *exactPrice) bool {
	for _, s := range p.supporters[p.rich:p.alive] {
		if f.poorer(s, price) > 0 {
			f.allRich(p)
			return true
		}
	}
	return false
}

// limitOthers lowers the limit to where another project could have been chosen.
func (f *fastShares) limitOthers(chosen int, exact map[int]*exactPrice) {
	if !f.sweep {
		return
	}
	scale := f.projects[chosen].scale
	price := exact[chosen]
	rho, rhoInc := price.value/scale, price.slope/scale
	for i := range f.projects {
		p := &f.projects[i]
		if p.out || i == chosen {
			continue
		}
		if other := exact[i]; other != nil {
			f.limitExact(i, other, chosen, price)
			continue
		}
		f.holds(p.low-rho, 16*epsilon*rho, p.lowInc-rhoInc, 16*epsilon*math.Abs(rhoInc))
	}
}

// limitExact lowers the limit to where the rho of another project, compared
// exactly, falls below that of the chosen one; where ties would be broken in
// its favour, to where it falls to it.
func (f *fastShares) limitExact(i int, other *exactPrice, chosen int, price *exactPrice) {
	value := new(big.Int).Sub(f.rhoTerm(other.num, price, i, chosen), f.rhoTerm(price.num, other, chosen, i))
	inc := new(big.Int).Sub(f.rhoTerm(other.inc, price, i, chosen), f.rhoTerm(price.inc, other, chosen, i))
	preferred := f.m.projects[i].priority < f.m.projects[chosen].priority
	if value.Sign() == 0 && inc.Sign() == 0 && !preferred {
		return // a tie at every endowment, broken alike
	}
	if value.Sign() == 0 {
		f.limit = 0
		return
	}
	if inc.Sign() >= 0 {
		return
	}
	// value is over denom·units·… × the endowment's denominator, inc without it.
	inc.Neg(inc).Mul(inc, f.endowment.Denom())
	f.limit = min(f.limit, below(quotient(value, inc)))
}

// pay buys a project: its price leaves its supporters' money.
func (f *fastShares) pay(project int, price *exactPrice) shareStep {
	p := &f.projects[project]
	p.out = true
	step := shareStep{project: project}
	if !f.sweep {
		step.price = f.rat(price)
	}
	number := int32(len(f.prices))
	for _, s := range p.supporters[p.rich:p.alive] {
		if f.dead[s.ballot] {
			continue
		}
		if f.sweep {
			asked := float64(s.units) * price.value
			f.limitVoter(s, price, asked-f.money[s.ballot], float64(s.units)*price.slope-f.slope[s.ballot], 1)
		}
		step.rest += s.weight
		f.money[s.ballot], f.slope[s.ballot], f.dead[s.ballot] = 0, 0, true
	}
	var most int64
	for _, s := range p.supporters[:p.rich] {
		asked, inc := float64(s.units)*price.value, float64(s.units)*price.slope
		step.full += s.weight
		if f.sweep {
			f.limitVoter(s, price, f.money[s.ballot]-asked, f.slope[s.ballot]-inc, -1)
		}
		if f.poorer(s, price) == 0 {
			f.money[s.ballot], f.slope[s.ballot], f.dead[s.ballot] = 0, 0, true
			continue
		}
		most = max(most, s.units)
		f.money[s.ballot] = max(f.money[s.ballot]-asked, math.SmallestNonzeroFloat64)
		f.slope[s.ballot] -= inc
		f.payments = append(f.payments, payment{number, f.paid[s.ballot], s.units})
		f.paid[s.ballot] = int32(len(f.payments) - 1)
	}
	f.addPrice(price)
	f.slopeSize += float64(most) * math.Abs(price.slope) * (1 + 4*epsilon)
	f.bounds()
	return step
}

// limitVoter lowers the limit to where a supporter changes from poor to rich
// (sign 1) or from rich to poor (sign -1); value and inc are the difference
// between what it has and what is asked, as floats, positive as things are.
func (f *fastShares) limitVoter(s fastSupport, price *exactPrice, value, inc float64, sign int) {
	asked := float64(s.units) * price.value
	valueErr := f.moneyErr + 16*epsilon*asked
	incErr := f.slopeErr + 16*epsilon*math.Abs(float64(s.units)*price.slope)
	if value > valueErr {
		f.holds(value, valueErr, inc, incErr)
		return
	}
	// Too close for floats: value = sign × (units × price - money), exactly.
	units := big.NewInt(s.units)
	exact := new(big.Int).Mul(price.num, units)
	exact.Sub(exact, new(big.Int).Mul(f.exactMoney(s.ballot), price.units))
	slope := units.Mul(price.inc, units)
	slope.Sub(slope, new(big.Int).Mul(f.exactSlope(s.ballot), price.units))
	if sign < 0 {
		exact.Neg(exact)
		slope.Neg(slope)
	}
	switch {
	case exact.Sign() <= 0: // has just what is asked: any change is a change of choice
		f.limit = 0
	case slope.Sign() < 0:
		slope.Neg(slope).Mul(slope, f.endowment.Denom())
		f.limit = min(f.limit, below(quotient(exact, slope)))
	}
}

// addPrice brings all prices over the new common denominator.
func (f *fastShares) addPrice(price *exactPrice) {
	for k := range f.prices {
		f.prices[k].Mul(f.prices[k], price.units)
		if f.sweep {
			f.priceInc[k].Mul(f.priceInc[k], price.units)
		}
	}
	f.denom.Mul(f.denom, price.units)
	f.prices = append(f.prices, price.num)
	f.priceInc = append(f.priceInc, price.inc)
}

// rat gives a price in currency units.
func (f *fastShares) rat(price *exactPrice) *big.Rat {
	d := new(big.Int).Mul(price.units, f.denom)
	d.Mul(d, f.endowment.Denom())
	return new(big.Rat).SetFrac(price.num, d.Mul(d, f.unit))
}

// steps gives the number of increments below the limit; nil if there is none.
func (f *fastShares) steps() *big.Int {
	if math.IsInf(f.limit, 1) {
		return nil
	}
	increment := new(big.Rat).Mul(f.m.c.rule.Increment, new(big.Rat).SetInt(f.unit))
	steps := new(big.Rat).SetFloat64(f.limit)
	steps.Quo(steps, increment)
	return new(big.Int).Quo(steps.Num(), steps.Denom())
}

// finish works out what was left over: by voters and by projects.
func (f *fastShares) finish(run *sharesRun) {
	d := new(big.Int).Mul(f.denom, f.endowment.Denom())
	d.Mul(d, f.unit)
	bought := make([]bool, len(f.projects))
	for _, s := range run.steps {
		bought[s.project] = true
	}
	run.held = make([]*big.Rat, len(f.projects))
	for i := range f.projects {
		if !bought[i] {
			run.held[i] = new(big.Rat).SetFrac(f.exactlyHeld(&f.projects[i]), d)
		}
	}
	if f.m.c.rule.Completion == CompletionPhragmen {
		run.left = make([]*big.Rat, len(f.money))
		for i := range run.left {
			run.left[i] = new(big.Rat).SetFrac(f.exactMoney(int32(i)), d)
		}
	}
	run.same = new(big.Int)
	run.steps = slices.Clip(run.steps)
}
