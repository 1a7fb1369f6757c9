package tally

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
)

// This file holds the rules that look at nothing but the pairwise table:
// schulze, ranked-pairs, minimax, copeland, split-cycle and smith. Each names
// the Condorcet winner and the Smith set in its explanation.

// startCondorcet makes the table and explains what it shows by itself.
func (c *counting) startCondorcet() (*duels, error) {
	if err := c.needCandidates(); err != nil {
		return nil, err
	}
	d := c.compare()
	c.explainCondorcet(d)
	return d, nil
}

// options turns places among those standing into indices of options.
func (d *duels) options(places []int) []int {
	options := make([]int, len(places))
	for i, p := range places {
		options[i] = d.standing[p]
	}
	return options
}

// layers sorts all candidates by a relation "ahead of" without cycles: first
// those behind no one, then those behind no one of the rest, and so on. A
// relation that leaves two candidates unrelated can put them into one layer.
func (d *duels) layers(ahead func(i, j int) bool) [][]int {
	var layers [][]int
	rest := make([]int, len(d.standing))
	for i := range rest {
		rest[i] = i
	}
	for len(rest) > 0 {
		var first, behind []int
		for _, i := range rest {
			if slices.ContainsFunc(rest, func(j int) bool { return ahead(j, i) }) {
				behind = append(behind, i)
			} else {
				first = append(first, i)
			}
		}
		layers = append(layers, d.options(first))
		rest = behind
	}
	return layers
}

// countSchulze counts by the beatpath rule on margins (Schulze, Social Choice
// and Welfare 36, 2011): a candidate is ahead of another if the strongest
// chain of won duels towards the other is stronger than the strongest back.
func countSchulze(c *counting) error {
	d, err := c.startCondorcet()
	if err != nil {
		return err
	}
	path := d.widestPaths()
	for i := range path {
		round := Round{Action: "strongest-paths", Options: []string{c.id(d.standing[i])}}
		for j := range path {
			if j != i {
				round.Counts = append(round.Counts, Tally{c.id(d.standing[j]), Int(path[i][j])})
			}
		}
		c.out.Rounds = append(c.out.Rounds, round)
	}
	c.explain("counting.why.schulze")
	return c.takeRanked(d.layers(func(i, j int) bool { return path[i][j] > path[j][i] }))
}

// countMinimax counts by margins: the winner's worst defeat is the smallest
// (Simpson 1969, Kramer 1977). One who loses no duel has a worst defeat of 0
// or less, so a Condorcet winner wins.
func countMinimax(c *counting) error {
	d, err := c.startCondorcet()
	if err != nil {
		return err
	}
	worst := make([]int64, len(d.standing))
	if len(worst) == 1 {
		return c.takeRanked([][]int{d.standing}) // no duel at all
	}
	for i := range worst {
		worst[i] = math.MinInt64
		for j := range worst {
			if j != i {
				worst[i] = max(worst[i], d.margin[j][i])
			}
		}
	}
	round := Round{Action: "worst-defeats"}
	for i, o := range d.standing {
		round.Counts = append(round.Counts, Tally{c.id(o), Int(worst[i])})
	}
	c.out.Rounds = append(c.out.Rounds, round)
	c.explain("counting.why.minimax")
	return c.takeRanked(d.layers(func(i, j int) bool { return worst[i] < worst[j] }))
}

// countCopeland counts duels won, a drawn one for half (Copeland 1951).
func countCopeland(c *counting) error {
	d, err := c.startCondorcet()
	if err != nil {
		return err
	}
	halves := make([]int64, len(d.standing))
	for i := range halves {
		for j, m := range d.margin[i] {
			if j != i {
				halves[i] += int64(cmp.Compare(m, 0) + 1)
			}
		}
	}
	round := Round{Action: "duels-won"}
	for i, o := range d.standing {
		round.Counts = append(round.Counts, Tally{c.id(o), Num(big.NewRat(halves[i], 2))})
	}
	c.out.Rounds = append(c.out.Rounds, round)
	c.explain("counting.why.copeland")
	return c.takeRanked(d.layers(func(i, j int) bool { return halves[i] > halves[j] }))
}

// countSplitCycle keeps a won duel as a defeat unless a chain of won duels, all
// at least as strong, leads back (Holliday and Pacuit, Public Choice 197,
// 2023). Those without a defeat win; several undefeated are a tie.
func countSplitCycle(c *counting) error {
	d, err := c.startCondorcet()
	if err != nil {
		return err
	}
	if err := c.needOneSeat(); err != nil {
		return err
	}
	path := d.widestPaths()
	defeats := func(i, j int) bool { return d.margin[i][j] > path[j][i] }
	for i := range d.margin {
		var over []int
		for j := range d.margin {
			if defeats(i, j) {
				over = append(over, d.standing[j])
			}
		}
		if len(over) > 0 {
			c.out.Rounds = append(c.out.Rounds, Round{Action: "defeats", Options: append([]string{c.id(d.standing[i])}, c.ids(over)...)})
		}
	}
	c.explain("counting.why.split_cycle")
	undefeated := d.layers(defeats)[0]
	return c.takeRanked([][]int{undefeated})
}

// countSmith gives the whole Smith set (Good 1971, Smith 1973): a set of
// winners, not a choice between them.
func countSmith(c *counting) error {
	d, err := c.startCondorcet()
	if err != nil {
		return err
	}
	if err := c.needOneSeat(); err != nil {
		return err
	}
	c.out.Winners = c.sortedIDs(d.options(d.smithSet()))
	c.explain("counting.why.smith", "count", strconv.Itoa(len(c.out.Winners)))
	return nil
}

// takeRanked sets the ranking and elects from it, best first: one, or as many
// as the rule was told to. Where a layer holds more than the seats left, the
// rule's way to break ties chooses.
func (c *counting) takeRanked(layers [][]int) error {
	seats := max(c.rule.Seats, 1)
	c.rule.Seats = seats
	for _, layer := range layers {
		c.out.Ranking = append(c.out.Ranking, c.sortedIDs(layer))
	}
	for _, layer := range layers {
		left := seats - len(c.out.Winners)
		if left == 0 {
			break
		}
		if !c.elect(layer, left) {
			break
		}
	}
	c.explainWinners()
	return nil
}

// elect elects equals for at most the given number of seats. It reports false
// if they are more than the seats and the tie is left open.
func (c *counting) elect(equals []int, seats int) bool {
	if len(equals) <= seats {
		c.out.Winners = append(c.out.Winners, c.ids(c.tieOrder(equals))...)
		return true
	}
	rest := slices.Clone(equals)
	for range seats {
		chosen, ok := c.breakTie(rest)
		if !ok {
			return false
		}
		c.out.Winners = append(c.out.Winners, c.id(chosen))
		rest = slices.DeleteFunc(rest, func(o int) bool { return o == chosen })
	}
	return true
}

// maxCandidates bounds what comparing each two, and keeping every round, cost:
// both grow with the square of the candidates, a file only with their number.
const maxCandidates = 1000

// needCandidates refuses what no rule on candidates can count.
func (c *counting) needCandidates() error {
	switch n := len(c.standing()); {
	case n == 0:
		return refuse(noCandidate, "rule", c.rule.Name)
	case n > maxCandidates:
		return refuse(manyStand, "rule", c.rule.Name, "number", n, "max", maxCandidates)
	case len(c.election.Ballots) == 0:
		return refuse(noBallots, "rule", c.rule.Name)
	}
	return nil
}

// needOneSeat refuses to fill several seats by a rule that gives no order.
func (c *counting) needOneSeat() error {
	if c.rule.Seats > 1 {
		return refuse(oneSeat, "rule", c.rule.Name, "number", c.rule.Seats)
	}
	c.rule.Seats = 1
	return nil
}

// explainWinners says who won, or between whom it is open.
func (c *counting) explainWinners() {
	switch {
	case len(c.out.Tied) > 0:
		c.explain("counting.why.tied", "options", joinIDs(c.out.Tied), "count", strconv.Itoa(len(c.out.Tied)))
	case len(c.out.Winners) == 1:
		c.explain("counting.why.winner", "option", c.out.Winners[0])
	case len(c.out.Winners) > 1:
		c.explain("counting.why.winners", "options", joinIDs(c.out.Winners), "count", strconv.Itoa(len(c.out.Winners)))
	}
}

// explainCondorcet names the Condorcet winner, or that there is none.
func (c *counting) explainCondorcet(d *duels) {
	if w := d.condorcetWinner(); w >= 0 {
		c.explain("counting.why.condorcet_winner", "option", c.id(d.standing[w]))
		return
	}
	c.explain("counting.why.condorcet_none", "smith", joinIDs(c.sortedIDs(d.options(d.smithSet()))))
}
