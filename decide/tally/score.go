package tally

import (
	"math/big"
	"slices"
)

// countScore adds up the points that ballots give each option; most points
// win. An option without points on a ballot has none from it.
//
// Rounds: "count", with the sums.
func countScore(c *counting) error {
	if err := c.needCandidates(); err != nil {
		return err
	}
	sums := make([]*big.Rat, len(c.election.Options))
	for i := range sums {
		sums[i] = new(big.Rat)
	}
	for i := range c.election.Ballots {
		b := &c.election.Ballots[i]
		for j, o := range b.Choices {
			sums[o].Add(sums[o], new(big.Rat).Mul(b.Points[j], ratInt(b.Weight)))
		}
	}
	round := Round{Action: "count"}
	order := c.standing()
	for _, o := range order {
		round.Counts = append(round.Counts, Tally{c.id(o), Num(sums[o])})
	}
	c.out.Rounds = append(c.out.Rounds, round)
	c.explain("counting.why.score")
	slices.SortStableFunc(order, func(a, b int) int { return sums[b].Cmp(sums[a]) })
	var layers [][]int
	for len(order) > 0 {
		n := 1
		for n < len(order) && sums[order[n]].Cmp(sums[order[0]]) == 0 {
			n++
		}
		layers = append(layers, order[:n])
		order = order[n:]
	}
	return c.takeRanked(layers)
}
