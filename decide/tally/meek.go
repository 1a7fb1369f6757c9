package tally

import (
	"encoding/binary"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
)

// Meek's method counts in whole units of 10⁻¹⁸ votes.
const meekUnit = 1_000_000_000_000_000_000

// meekSettled is the surplus, in units, at which the keep values are taken as
// settled, and the difference below which votes are taken as equal: a
// billionth of a vote. Above a million votes it grows to 10⁻¹⁵ of them, because
// each paper's share is cut to a whole unit.
const (
	meekSettled      = 1_000_000_000
	meekSettledShare = 1000 // units for each vote
)

// meekRounds bounds the iterations between two decisions. Each makes the
// surplus smaller; real elections need some tens.
const meekRounds = 20_000

// meek is a count by Meek's method (B. L. Meek 1969; Hill, Wichmann and
// Woodall, "Algorithm 123", The Computer Journal 30, 1987): every candidate
// keeps a part of each vote that arrives and passes on the rest, those elected
// just enough to hold the quota, those in the race all of it, those excluded
// nothing; the quota falls as votes are exhausted. A keep value is adjusted
// until the surplus is settled; whoever exceeds the quota on the way is
// elected. When no more can be elected so, the lowest is excluded.
//
// All arithmetic is on whole numbers, so that it is the same everywhere: votes
// and keep values have 18 decimals. A part that is kept is rounded down and the
// rest passed on, so that no vote is lost. Equally ranked candidates who are
// not excluded share what arrives; what those elected don't keep goes to the
// next rank.
//
// Rounds: "elect", "exclude" and "fill", as in the other STV rules, with the
// keep values.
type meek struct {
	*counting
	seats  int
	status []status
	keep   []uint64 // by option, in units: at most meekUnit
	bundle []bundle // the ballots by what they mean while no status changes

	valid     int64 // papers that rank anyone who stands
	votes     []uint128
	exhausted *big.Int // in units, as the two that follow
	quota     *big.Int
	surplus   *big.Int // of those elected
	settled   *big.Int
}

// bundle is all papers that go the same way: through those elected to the
// first candidate who keeps all.
type bundle struct {
	ranks  [][]int
	weight int64
}

func countMeek(c *counting) error {
	m := &meek{counting: c, exhausted: new(big.Int), quota: new(big.Int), surplus: new(big.Int)}
	seats, err := c.seatsToFill()
	if err != nil {
		return err
	}
	m.seats = seats
	m.start()
	if m.valid == 0 {
		return refuse(nobodyNamed, "rule", c.rule.Name)
	}
	if unmarked := c.election.Voters() - m.valid; unmarked > 0 {
		c.explain("counting.why.stv_unmarked", "count", itoa(unmarked))
	}
	c.explain("counting.why.stv_meek")
	return m.run()
}

func (m *meek) start() {
	n := len(m.election.Options)
	m.status, m.keep, m.votes = make([]status, n), make([]uint64, n), make([]uint128, n)
	for i, o := range m.election.Options {
		m.keep[i] = meekUnit
		if o.Withdrawn {
			m.status[i], m.keep[i] = withdrawn, 0
		}
	}
	m.gather()
	for _, b := range m.bundle {
		m.valid += b.weight
	}
	m.settled = big.NewInt(m.valid)
	m.settled.Mul(m.settled, big.NewInt(meekSettledShare))
	if least := big.NewInt(meekSettled); m.settled.Cmp(least) < 0 {
		m.settled = least
	}
}

func (m *meek) run() error {
	for !m.finished() {
		m.progress(int64(len(m.out.Winners)), int64(m.seats))
		m.gather()
		reached, err := m.settle()
		if err != nil {
			return err
		}
		if len(reached) > 0 {
			m.out.Rounds = append(m.out.Rounds, m.round("elect", reached...))
			m.electAll(reached)
			continue
		}
		leaving, ok := m.leaving()
		if !ok {
			m.out.Rounds = append(m.out.Rounds, m.round("tie", leaving...))
			break
		}
		m.out.Rounds = append(m.out.Rounds, m.round("exclude", leaving...))
		for _, o := range leaving {
			m.status[o], m.keep[o] = excluded, 0
		}
	}
	m.explain("counting.why.stv_quota", "quota", m.number(m.quota).String(), "seats", strconv.Itoa(m.seats))
	m.explainWinners()
	return nil
}

// gather bundles the ballots anew for the present statuses.
func (m *meek) gather() {
	m.bundle = m.bundle[:0]
	at := make(map[string]int)
	var key []byte
	var ranks []int // choices that take part; each rank ends with -1
	for i := range m.election.Ballots {
		b := &m.election.Ballots[i]
		ranks, key = m.way(b, ranks[:0]), key[:0]
		if len(ranks) == 0 {
			continue
		}
		for _, o := range ranks {
			key = binary.AppendUvarint(key, uint64(o+1))
		}
		place, ok := at[string(key)]
		if !ok {
			place = len(m.bundle)
			at[string(key)] = place
			m.bundle = append(m.bundle, bundle{ranks: splitRanks(ranks)})
		}
		m.bundle[place].weight += b.Weight
	}
}

// way lists whom a ballot's vote passes: the candidates of each rank who are
// not excluded, up to the first rank at which all keep everything.
func (m *meek) way(b *Ballot, ranks []int) []int {
	for start, end := 0, 0; start < len(b.Choices); start = end {
		end = b.endOfRank(start)
		passes, stands := false, false
		for _, o := range b.Choices[start:end] {
			if s := m.status[o]; s == continuing || s == elected {
				ranks = append(ranks, o)
				stands = true
				passes = passes || s == elected
			}
		}
		if stands {
			ranks = append(ranks, -1)
			if !passes {
				break
			}
		}
	}
	return ranks
}

// splitRanks turns ranks that end with -1 into a list each.
func splitRanks(flat []int) [][]int {
	var ranks [][]int
	for len(flat) > 0 {
		end := slices.Index(flat, -1)
		ranks = append(ranks, slices.Clone(flat[:end]))
		flat = flat[end+1:]
	}
	return ranks
}

// settle adjusts the keep values until someone exceeds the quota, and gives
// who does, or until the surplus is settled or can't save the lowest.
func (m *meek) settle() (reached []int, err error) {
	last := new(big.Int)
	for round := range meekRounds {
		if err := m.ctx.Err(); err != nil {
			return nil, err
		}
		m.distribute()
		m.reckon()
		if reached = m.aboveQuota(); len(reached) > 0 {
			return reached, nil
		}
		if m.surplus.Cmp(m.settled) <= 0 || m.lowestIsLost() || round > 0 && m.surplus.Cmp(last) >= 0 {
			return nil, nil
		}
		last.Set(m.surplus)
		m.adjust()
	}
	return nil, nil
}

// distribute gives every vote to those who keep it.
func (m *meek) distribute() {
	clear(m.votes)
	for i := range m.bundle {
		b := &m.bundle[i]
		left := uint64(meekUnit)
		for _, rank := range b.ranks {
			share := left / uint64(len(rank))
			for _, o := range rank {
				kept := mulUnit(share, m.keep[o])
				m.votes[o].addProduct(kept, uint64(b.weight))
				left -= kept
			}
		}
	}
}

// reckon sets what is exhausted: the votes that no one keeps; the quota: the
// votes that someone keeps / (seats+1); and the surplus.
func (m *meek) reckon() {
	kept := new(big.Int)
	for _, v := range m.votes {
		kept.Add(kept, v.big())
	}
	m.exhausted.Mul(big.NewInt(m.valid), big.NewInt(meekUnit))
	m.exhausted.Sub(m.exhausted, kept)
	m.quota.Quo(kept, big.NewInt(int64(m.seats+1)))
	m.surplus.SetInt64(0)
	for o, s := range m.status {
		if s == elected {
			m.surplus.Add(m.surplus, m.votes[o].big())
			m.surplus.Sub(m.surplus, m.quota)
		}
	}
}

// aboveQuota lists those in the race who exceed the quota, in the order of the
// file.
func (m *meek) aboveQuota() []int {
	least := new(big.Int).Add(m.quota, m.settled)
	var above []int
	for o, s := range m.status {
		if s == continuing && m.votes[o].big().Cmp(least) > 0 {
			above = append(above, o)
		}
	}
	return above
}

// adjust lowers the keep values of those elected towards the quota, rounding
// up so that none falls below it.
func (m *meek) adjust() {
	for o, s := range m.status {
		if s != elected {
			continue
		}
		votes := m.votes[o].big()
		keep := new(big.Int).SetUint64(m.keep[o])
		keep.Mul(keep, m.quota)
		keep.Add(keep, votes).Sub(keep, big.NewInt(1))
		if keep.Quo(keep, votes); keep.IsUint64() {
			m.keep[o] = min(keep.Uint64(), meekUnit)
		}
	}
}

// lowestIsLost tells whether the surplus can no longer lift the lowest over the
// next. What reaches the lowest can be no more than the surplus: a unit that is
// exhausted instead lowers the quota by 1/(seats+1), and so frees less than one
// new unit from those elected. No one in the race ever loses votes. So the
// lowest would be excluded once all is settled, and is excluded now.
func (m *meek) lowestIsLost() bool {
	var votes []*big.Int
	for o, s := range m.status {
		if s == continuing {
			votes = append(votes, m.votes[o].big())
		}
	}
	slices.SortFunc(votes, (*big.Int).Cmp)
	reach := new(big.Int).Add(m.surplus, m.settled)
	reach.Add(reach, votes[0])
	return reach.Cmp(votes[1]) < 0
}

// leaving chooses whom to exclude. Whoever is no more above the lowest than
// what is not settled is tied with the lowest.
func (m *meek) leaving() (options []int, ok bool) {
	var lowest *big.Int
	for o, s := range m.status {
		if v := m.votes[o].big(); s == continuing && (lowest == nil || v.Cmp(lowest) < 0) {
			lowest = v
		}
	}
	none := lowest.Sign() == 0
	most := new(big.Int).Add(lowest, m.settled)
	var tied []int
	for o, s := range m.status {
		if s == continuing && m.votes[o].big().Cmp(most) <= 0 {
			tied = append(tied, o)
		}
	}
	if none && len(tied) > 1 && m.tieBy() == TieOpen && m.continuing()-len(tied) >= m.seats-len(m.out.Winners) {
		m.out.Ties = append(m.out.Ties, TieBreak{Among: m.sortedIDs(tied), By: noDifference, Out: true})
		return tied, true
	}
	chosen, ok := m.lastInTie(tied)
	if !ok {
		return tied, false
	}
	return []int{chosen}, true
}

func (m *meek) continuing() int {
	n := 0
	for _, s := range m.status {
		if s == continuing {
			n++
		}
	}
	return n
}

// finished tells whether no choice is left, and fills the last seats when as
// many candidates are left.
func (m *meek) finished() bool {
	left := m.seats - len(m.out.Winners)
	if left == 0 {
		return true
	}
	if m.continuing() > left {
		return false
	}
	var rest []int
	for o, s := range m.status {
		if s == continuing {
			rest = append(rest, o)
		}
	}
	if len(rest) > 0 {
		m.gather()
		m.distribute()
		m.reckon()
		m.out.Rounds = append(m.out.Rounds, m.round("fill", rest...))
		m.electAll(rest)
	}
	return true
}

func (m *meek) electAll(options []int) {
	for _, o := range options {
		m.status[o] = elected
		m.out.Winners = append(m.out.Winners, m.id(o))
	}
}

func (m *meek) round(action string, options ...int) Round {
	round := Round{Action: action, Options: m.ids(options), Quota: m.number(m.quota), Exhausted: m.number(m.exhausted)}
	for o, s := range m.status {
		if s == continuing || s == elected {
			round.Counts = append(round.Counts, Tally{m.id(o), m.number(m.votes[o].big())})
		}
		if s == elected {
			round.Keep = append(round.Keep, Tally{m.id(o), m.number(new(big.Int).SetUint64(m.keep[o]))})
		}
	}
	return round
}

// number turns units into votes.
func (m *meek) number(units *big.Int) Number {
	return Num(new(big.Rat).SetFrac(units, big.NewInt(meekUnit)))
}

// mulUnit multiplies two numbers of at most one in units, rounding down.
func mulUnit(a, b uint64) uint64 {
	if b == meekUnit {
		return a
	}
	hi, lo := bits.Mul64(a, b)
	quotient, _ := bits.Div64(hi, lo, meekUnit)
	return quotient
}

// uint128 is a sum of products that exceeds 64 bits: 2⁶³ votes in units fit.
type uint128 struct{ hi, lo uint64 }

func (u *uint128) addProduct(a, b uint64) {
	hi, lo := bits.Mul64(a, b)
	var carry uint64
	u.lo, carry = bits.Add64(u.lo, lo, 0)
	u.hi, _ = bits.Add64(u.hi, hi, carry)
}

func (u uint128) big() *big.Int {
	n := new(big.Int).SetUint64(u.hi)
	return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(u.lo))
}
