package tally

import (
	"math/big"
	"strconv"
	"strings"
)

// id gives an option's id.
func (c *counting) id(option int) string { return c.election.Options[option].ID }

// explain adds a sentence to the outcome's explanation.
func (c *counting) explain(key string, nameValue ...string) {
	c.out.Explanation = append(c.out.Explanation, Msg(key, nameValue...))
}

// explainEmptySeats says how many seats nobody fills: because nobody is left, or
// because the rule gives seats for support alone. Positions on one proposal fill none.
func (c *counting) explainEmptySeats() {
	empty := c.rule.Seats - len(c.out.Winners)
	if c.election.Budget != nil || c.election.Kind == Positions || empty <= 0 || len(c.out.Tied) > 0 {
		return
	}
	key := "counting.why.empty_seats"
	if len(c.out.Winners) < len(c.standing()) {
		key = "counting.why.unfilled_seats"
	}
	c.explain(key, "count", strconv.Itoa(empty))
}

// joinIDs puts ids into one argument of a message, a line each: an id can hold
// any other character.
func joinIDs(ids []string) string { return strings.Join(ids, "\n") }

func ratInt(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// lastInTie chooses who is left behind of several options that the rule finds
// equal: the last by the rule's way to break ties, where breakTie takes the
// first. It records the tie; ok is false if it is left open.
func (c *counting) lastInTie(among []int) (chosen int, ok bool) {
	if len(among) == 1 {
		return among[0], true
	}
	order := c.tieOrder(among)
	tie := TieBreak{Among: c.sortedIDs(among), By: c.tieBy(), Out: true}
	if tie.By == TieOpen {
		c.out.Ties = append(c.out.Ties, tie)
		c.out.Tied = tie.Among
		return -1, false
	}
	chosen = order[len(order)-1]
	tie.Chosen = c.id(chosen)
	c.out.Ties = append(c.out.Ties, tie)
	return chosen, true
}

// numberID is the id of an option in a format that only numbers its options.
func numberID(index int) string { return strconv.Itoa(index + 1) }
