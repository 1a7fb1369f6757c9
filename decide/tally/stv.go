package tally

import (
	"math/big"
	"slices"
	"strconv"
)

// byEarlierRound marks a tie broken by how the tied stood at an earlier stage.
const byEarlierRound = "earlier-round"

// stv is a single transferable vote count by the weighted inclusive Gregory
// method: a candidate's surplus leaves in all of the candidate's papers, each
// worth the same part of what it was worth.
//
// Rounds: "elect" for those who reached the quota, "surplus" and "exclude" for
// what moves votes, "fill" when as many are left as seats, "tie" where an open
// tie ends the count. In every round the counts, the exhausted and the lost
// votes together are the valid votes.
type stv struct {
	*race
	seats    int
	quota    *big.Rat
	reaches  func(votes, quota *big.Rat) bool
	worth    func(old, surplus, votes *big.Rat) *big.Rat // of a paper, after its candidate's surplus moved it
	surplus  []int                                       // elected, with a surplus not yet moved
	history  [][]*big.Rat                                // votes at the end of each stage
	lookBack bool                                        // ties go by earlier stages first
}

// countScottish counts by schedule 1, rules 45 to 53, of the Scottish Local
// Government Elections Order 2011 (SSI 2011/399; rules 45 to 52 of SSI
// 2007/42): the quota is whole, a paper's worth is cut after five decimals,
// ties go by the latest earlier stage at which the tied were unequal. Where
// the Order draws a lot, the stated rule for ties decides.
func countScottish(c *counting) error {
	s := &stv{
		race: c.newRace(false), lookBack: true,
		reaches: func(votes, quota *big.Rat) bool { return votes.Cmp(quota) >= 0 },
		worth:   scottishWorth,
	}
	if err := s.prepare(); err != nil {
		return err
	}
	valid := c.election.Voters() - s.unmarked
	s.quota = ratInt(valid/int64(s.seats+1) + 1)
	c.explain("counting.why.stv_scottish")
	return s.run()
}

// countWIGM counts by the same method without rounding: the quota is the exact
// votes/(seats+1), which a candidate must exceed, and papers are worth exact
// fractions. Equally ranked candidates share a paper.
func countWIGM(c *counting) error {
	s := &stv{
		race:    c.newRace(true),
		reaches: func(votes, quota *big.Rat) bool { return votes.Cmp(quota) > 0 },
		worth: func(old, surplus, votes *big.Rat) *big.Rat {
			w := new(big.Rat).Mul(old, surplus)
			return w.Quo(w, votes)
		},
	}
	if err := s.prepare(); err != nil {
		return err
	}
	valid := c.election.Voters() - s.unmarked
	s.quota = new(big.Rat).SetFrac64(valid, int64(s.seats+1))
	c.explain("counting.why.stv_wigm")
	return s.run()
}

// scottishWorth is surplus × old worth / votes, to five decimal places, any
// remainder ignored (rule 48(3)).
func scottishWorth(old, surplus, votes *big.Rat) *big.Rat {
	w := new(big.Rat).Mul(old, surplus)
	w.Quo(w, votes)
	scaled := new(big.Int).Mul(w.Num(), big.NewInt(100_000))
	return w.SetFrac(scaled.Quo(scaled, w.Denom()), big.NewInt(100_000))
}

// prepare reads the number of seats and refuses what can't be counted.
func (s *stv) prepare() error {
	seats, err := s.seatsToFill()
	if err != nil {
		return err
	}
	s.seats = seats
	if s.unmarked == s.election.Voters() {
		return refuse(nobodyNamed, "rule", s.rule.Name)
	}
	if s.unmarked > 0 {
		s.explain("counting.why.stv_unmarked", "count", itoa(s.unmarked))
	}
	return nil
}

// seatsToFill gives the seats that the rule names, else the election, else 1.
func (c *counting) seatsToFill() (int, error) {
	if err := c.needCandidates(); err != nil {
		return 0, err
	}
	switch {
	case c.rule.Seats < 0:
		return 0, refuse(noSeats, "number", c.rule.Seats)
	case c.rule.Seats == 0:
		c.rule.Seats = max(c.election.Seats, 1)
	}
	return c.rule.Seats, nil
}

func (s *stv) run() error {
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		s.progress(int64(len(s.out.Winners)), int64(s.seats))
		s.remember()
		if s.finished() {
			break
		}
		s.electReached()
		if s.finished() || !s.move() {
			break
		}
	}
	s.explainSTV()
	return nil
}

func (s *stv) explainSTV() {
	s.explain("counting.why.stv_quota", "quota", Num(s.quota).String(), "seats", strconv.Itoa(s.seats))
	if s.lost.Sign() > 0 {
		s.explain("counting.why.stv_lost", "votes", Num(s.lost).String())
	}
	s.explainWinners()
}

func (s *stv) round(action string, options ...int) Round {
	round := s.race.round(action, options...)
	round.Quota = Num(s.quota)
	if s.lost.Sign() > 0 {
		round.Lost = Num(new(big.Rat).Set(s.lost))
	}
	return round
}

// remember keeps the votes at the end of a stage, for ties to come.
func (s *stv) remember() {
	votes := make([]*big.Rat, len(s.votes))
	for i, v := range s.votes {
		votes[i] = new(big.Rat).Set(v)
	}
	s.history = append(s.history, votes)
}

// electReached elects those with the quota, most votes first.
func (s *stv) electReached() {
	var reached []int
	for _, o := range s.with(continuing) {
		if s.reaches(s.votes[o], s.quota) {
			reached = append(reached, o)
		}
	}
	if len(reached) == 0 {
		return
	}
	reached = s.byVotes(reached)
	s.out.Rounds = append(s.out.Rounds, s.round("elect", reached...))
	s.electAll(reached)
	for _, o := range reached {
		if s.votes[o].Cmp(s.quota) > 0 {
			s.surplus = append(s.surplus, o)
		}
	}
}

func (s *stv) electAll(options []int) {
	for _, o := range options {
		s.status[o] = elected
		s.out.Winners = append(s.out.Winners, s.id(o))
	}
}

// finished tells whether no choice is left, and fills the last seats when as
// many candidates are left: all at once, in the order of the file, whether or
// not some of them have reached the quota.
func (s *stv) finished() bool {
	left := s.seats - len(s.out.Winners)
	if left == 0 {
		return true
	}
	rest := s.with(continuing)
	if len(rest) > left {
		return false
	}
	if len(rest) > 0 {
		s.out.Rounds = append(s.out.Rounds, s.round("fill", rest...))
		s.electAll(rest)
	}
	return true
}

// move is one stage: the largest surplus, or the exclusion of the lowest. It
// reports false if an open tie stops the count.
func (s *stv) move() bool {
	if len(s.surplus) > 0 {
		return s.moveSurplus()
	}
	leaving, ok := s.leaving(s.lowest())
	if !ok {
		s.out.Rounds = append(s.out.Rounds, s.round("tie", s.lowest()...))
		return false
	}
	round := s.round("exclude", leaving...)
	for _, o := range leaving {
		round.Transfers = append(round.Transfers, s.exclude(o)...)
	}
	s.out.Rounds = append(s.out.Rounds, round)
	return true
}

func (s *stv) moveSurplus() bool {
	from, ok := s.one(s.earlier(s.extreme(s.surplus, 1), 1), s.breakTie)
	if !ok {
		s.out.Rounds = append(s.out.Rounds, s.round("tie", from...))
		return false
	}
	o := from[0]
	s.surplus = slices.DeleteFunc(s.surplus, func(p int) bool { return p == o })
	round := s.round("surplus", o)
	before := s.sum()
	votes, surplus := s.votes[o], new(big.Rat).Sub(s.votes[o], s.quota)
	round.Transfers = s.moveOn(o, func(old *big.Rat) *big.Rat { return s.worth(old, surplus, votes) })
	s.votes[o] = new(big.Rat).Set(s.quota)
	s.lost.Add(s.lost, before.Sub(before, s.sum()))
	s.out.Rounds = append(s.out.Rounds, round)
	return true
}

// sum is all votes with candidates or exhausted.
func (s *stv) sum() *big.Rat {
	sum := new(big.Rat).Set(s.exhausted)
	for _, v := range s.votes {
		sum.Add(sum, v)
	}
	return sum
}

// leaving chooses who is excluded of those with the fewest votes. An open tie
// between those without any vote is passed over: nothing moves, so they can
// leave together.
func (s *stv) leaving(lowest []int) (options []int, ok bool) {
	left := s.seats - len(s.out.Winners)
	noVotes := s.votes[lowest[0]].Sign() == 0
	if len(lowest) > 1 && s.tieBy() == TieOpen && noVotes && len(s.with(continuing))-len(lowest) >= left {
		s.out.Ties = append(s.out.Ties, TieBreak{Among: s.sortedIDs(lowest), By: noDifference, Out: true})
		return lowest, true
	}
	return s.one(s.earlier(lowest, -1), s.lastInTie)
}

func (s *stv) one(among []int, choose func([]int) (int, bool)) ([]int, bool) {
	o, ok := choose(among)
	if !ok {
		return among, false
	}
	return []int{o}, true
}

// earlier narrows a tie to those who had the most (sign 1) or the fewest votes
// (sign -1) at the latest earlier stage at which the tied were unequal, and
// goes on back while several are left.
func (s *stv) earlier(tied []int, sign int) []int {
	if !s.lookBack || len(tied) == 1 {
		return tied
	}
	left := tied
	for stage := len(s.history) - 2; stage >= 0 && len(left) > 1; stage-- {
		then := &race{votes: s.history[stage]}
		left = then.extreme(left, sign)
	}
	if len(left) == 1 {
		s.out.Ties = append(s.out.Ties, TieBreak{Among: s.sortedIDs(tied), Chosen: s.id(left[0]), By: byEarlierRound, Out: sign < 0})
	}
	return left
}
