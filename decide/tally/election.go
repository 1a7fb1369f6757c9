package tally

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// Check says what makes the election uncountable: options without id or with
// the same one, costs below zero, ballots that name options that don't exist
// or name one twice, weights that are not positive or overflow together.
func (e *Election) Check() error {
	if err := e.checkOptions(); err != nil {
		return err
	}
	if e.Budget != nil && e.Budget.Sign() < 0 {
		return fmt.Errorf("budget %s: it can't be negative", Num(e.Budget))
	}
	if e.Seats < 0 {
		return fmt.Errorf("seats %d: the number can't be negative", e.Seats)
	}
	var voters int64
	lastBallot := make([]int, len(e.Options)) // 1 + the last ballot that named the option
	for i := range e.Ballots {
		b := &e.Ballots[i]
		if b.Weight < 1 {
			return fmt.Errorf("ballot %d: weight %d: expected at least 1", i+1, b.Weight)
		}
		if voters > math.MaxInt64-b.Weight {
			return fmt.Errorf("ballot %d: the weights together exceed %d", i+1, int64(math.MaxInt64))
		}
		voters += b.Weight
		if err := e.checkBallot(b, i+1, lastBallot); err != nil {
			return fmt.Errorf("ballot %d: %w", i+1, err)
		}
	}
	return nil
}

func (e *Election) checkOptions() error {
	seen := make(map[string]bool, len(e.Options))
	for i, o := range e.Options {
		switch {
		case o.ID == "":
			return fmt.Errorf("option %d has no id", i+1)
		case seen[o.ID]:
			return fmt.Errorf("option %q is listed twice", o.ID)
		case o.Cost != nil && o.Cost.Sign() < 0:
			return fmt.Errorf("option %q: cost %s: it can't be negative", o.ID, Num(o.Cost))
		case e.Budget != nil && o.Cost == nil:
			return fmt.Errorf("option %q has no cost", o.ID)
		}
		seen[o.ID] = true
	}
	return nil
}

func (e *Election) checkBallot(b *Ballot, number int, lastBallot []int) error {
	for _, o := range b.Choices {
		if o < 0 || o >= len(e.Options) {
			return fmt.Errorf("names option number %d of %d", o+1, len(e.Options))
		}
		if lastBallot[o] == number {
			return fmt.Errorf("names option %q twice", e.Options[o].ID)
		}
		lastBallot[o] = number
	}
	switch {
	case e.Kind == ChooseOne && len(b.Choices) > 1:
		return fmt.Errorf("names %d options where one may be chosen", len(b.Choices))
	case b.Ranks != nil && len(b.Ranks) != len(b.Choices):
		return errors.New("has not one rank for each choice")
	case (e.Kind == Cumulative || e.Kind == Score) && len(b.Points) != len(b.Choices):
		return errors.New("has not one number of points for each choice")
	}
	for i := 1; i < len(b.Ranks); i++ {
		if b.Ranks[i] < b.Ranks[i-1] {
			return errors.New("is not sorted by rank")
		}
	}
	return nil
}

// Voters gives the number of voters: the weights together.
func (e *Election) Voters() int64 {
	var n int64
	for i := range e.Ballots {
		n += e.Ballots[i].Weight
	}
	return n
}

// Group gives the election with each way to vote once, in the order of its
// first ballot, weighted by its voters. Who voted so is left behind. Options
// and everything else are shared with e.
func (e *Election) Group() *Election {
	grouped := *e
	grouped.BallotColumns = nil
	grouped.Ballots = make([]Ballot, 0, min(len(e.Ballots), 1024))
	place := make(map[string]int, min(len(e.Ballots), 1024))
	var key []byte
	for i := range e.Ballots {
		b := e.Ballots[i].normal(e.Kind)
		key = b.appendKey(key[:0])
		if at, ok := place[string(key)]; ok {
			grouped.Ballots[at].Weight += b.Weight
			continue
		}
		place[string(key)] = len(grouped.Ballots)
		grouped.Ballots = append(grouped.Ballots, Ballot{
			Weight: b.Weight, Choices: b.Choices, Ranks: b.Ranks, Points: b.Points, Position: b.Position,
		})
	}
	return &grouped
}

// normal gives the ballot with its choices by index, where their order means
// nothing.
func (b *Ballot) normal(k Kind) *Ballot {
	if k == Ordinal || slices.IsSorted(b.Choices) {
		return b
	}
	n := *b
	order := make([]int, len(b.Choices))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return b.Choices[i] - b.Choices[j] })
	n.Choices = make([]int, len(order))
	if b.Points != nil {
		n.Points = make([]*big.Rat, len(order))
	}
	for to, from := range order {
		n.Choices[to] = b.Choices[from]
		if b.Points != nil {
			n.Points[to] = b.Points[from]
		}
	}
	return &n
}

// appendKey appends bytes that two ballots share only if they say the same in
// the same order of choices.
func (b *Ballot) appendKey(key []byte) []byte {
	key = binary.AppendUvarint(key, uint64(len(b.Choices)))
	for _, c := range b.Choices {
		key = binary.AppendUvarint(key, uint64(c))
	}
	key = binary.AppendUvarint(key, uint64(len(b.Ranks)))
	for _, r := range b.Ranks {
		key = binary.AppendUvarint(key, uint64(r))
	}
	for _, p := range b.Points {
		key = append(append(key, p.RatString()...), ' ')
	}
	return append(key, b.Position...)
}
