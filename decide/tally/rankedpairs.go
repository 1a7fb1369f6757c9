package tally

import (
	"cmp"
	"context"
	"slices"
	"strconv"
)

// duel is one pair of candidates and by how much the first beats the second.
type duel struct {
	winner, loser int // places in duels.standing
	margin        int64
}

// maxOpenWork bounds the ways of locking equal duels that are followed when
// ties stay open, in cells of the relation looked at; beyond it the count asks
// for another way to break ties.
const maxOpenWork = 50_000_000

// countRankedPairs locks won duels from the strongest margin down, leaving out
// each that would close a circle (Tideman, Social Choice and Welfare 4, 1987).
// Equally strong duels are taken by the rule's order of ties: first by the
// winner, its first before others, then by the loser, its last before others
// (Zavist and Tideman 1989). With open ties, every order is followed: whoever
// wins by some order is tied.
func countRankedPairs(c *counting) error {
	d, err := c.startCondorcet()
	if err != nil {
		return err
	}
	c.explain("counting.why.ranked_pairs")
	won := d.wonDuels(c.tieOrder(d.standing))
	locked := newLocks(len(d.standing))
	for len(won) > 0 {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		equal := won[:equallyStrong(won)]
		if c.tieBy() == TieOpen && locked.orderMatters(equal) {
			return c.leaveOrderOpen(d, locked, won)
		}
		c.lockAll(d, locked, equal)
		won = won[len(equal):]
	}
	return c.takeRanked(d.layers(func(i, j int) bool { return locked.ahead[i][j] }))
}

// wonDuels lists the duels with a winner in the order of locking.
func (d *duels) wonDuels(tieOrder []int) []duel {
	rank := make([]int, len(d.standing)) // a candidate's place in the order of ties
	for i, o := range d.standing {
		rank[i] = slices.Index(tieOrder, o)
	}
	var won []duel
	for i, row := range d.margin {
		for j, m := range row {
			if m > 0 {
				won = append(won, duel{i, j, m})
			}
		}
	}
	slices.SortFunc(won, func(a, b duel) int {
		return cmp.Or(cmp.Compare(b.margin, a.margin), cmp.Compare(rank[a.winner], rank[b.winner]), cmp.Compare(rank[b.loser], rank[a.loser]))
	})
	return won
}

// equallyStrong gives how many duels at the start share the first one's margin.
func equallyStrong(sorted []duel) int {
	n := 1
	for n < len(sorted) && sorted[n].margin == sorted[0].margin {
		n++
	}
	return n
}

// lockAll locks equally strong duels in their order, one round each, and
// records a tie where another order would lock others.
func (c *counting) lockAll(d *duels, locked *locks, equal []duel) {
	if locked.orderMatters(equal) {
		var among []string
		for _, p := range equal {
			for _, place := range []int{p.winner, p.loser} {
				if id := c.id(d.standing[place]); !slices.Contains(among, id) {
					among = append(among, id)
				}
			}
		}
		slices.Sort(among)
		c.out.Ties = append(c.out.Ties, TieBreak{Among: among, Chosen: c.id(d.standing[equal[0].winner]), By: c.tieBy()})
	}
	for _, p := range equal {
		round := Round{Action: "lock", Options: c.ids([]int{d.standing[p.winner], d.standing[p.loser]}), Voters: p.margin}
		if !locked.lock(p) {
			round.Action = "skip"
		}
		c.out.Rounds = append(c.out.Rounds, round)
	}
}

// leaveOrderOpen finds who wins by some order of the equal duels in rest.
func (c *counting) leaveOrderOpen(d *duels, locked *locks, rest []duel) error {
	search := &orderSearch{ctx: c.ctx, winners: make([]bool, len(d.standing)), room: maxOpenWork, seen: map[string]bool{}}
	if err := search.follow(locked, rest); err != nil {
		return err
	}
	var possible []int
	for i, wins := range search.winners {
		if wins {
			possible = append(possible, d.standing[i])
		}
	}
	c.explain("counting.why.ranked_pairs_open", "count", strconv.Itoa(len(possible)))
	if err := c.needOneSeat(); err != nil {
		return err
	}
	c.elect(possible, 1)
	c.explainWinners()
	return nil
}

// orderSearch follows every order in which equal duels can be locked.
type orderSearch struct {
	ctx     context.Context
	winners []bool
	room    int             // of maxOpenWork
	seen    map[string]bool // states met: what is locked, and how many weaker duels are left
}

func (s *orderSearch) follow(locked *locks, rest []duel) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for len(rest) > 0 {
		n := equallyStrong(rest)
		equal := slices.DeleteFunc(slices.Clone(rest[:n]), locked.decided)
		if len(equal) > 0 && locked.orderMatters(equal) {
			return s.branch(locked, equal, rest[n:])
		}
		for _, p := range equal {
			locked.lock(p)
		}
		rest = rest[n:]
	}
	for i := range s.winners {
		s.winners[i] = s.winners[i] || locked.behindNone(i)
	}
	return nil
}

// branch tries each of the equal duels as the next to lock.
func (s *orderSearch) branch(locked *locks, equal, rest []duel) error {
	for i, p := range equal {
		if s.room -= len(locked.ahead) * len(locked.ahead); s.room < 0 {
			return refuse(manyOrders, "rule", "ranked-pairs")
		}
		next := locked.clone()
		next.lock(p)
		others := slices.Concat(slices.Delete(slices.Clone(equal), i, i+1), rest)
		state := next.key(len(rest))
		if s.seen[state] {
			continue
		}
		s.seen[state] = true
		if err := s.follow(next, others); err != nil {
			return err
		}
	}
	return nil
}

// locks is the order that the locked duels give, with all that follows from
// it: a relation without circles.
type locks struct{ ahead [][]bool }

func newLocks(n int) *locks {
	l := &locks{make([][]bool, n)}
	for i := range l.ahead {
		l.ahead[i] = make([]bool, n)
	}
	return l
}

func (l *locks) clone() *locks {
	c := &locks{make([][]bool, len(l.ahead))}
	for i := range l.ahead {
		c.ahead[i] = slices.Clone(l.ahead[i])
	}
	return c
}

// lock adds a duel and what follows from it, unless it would close a circle.
func (l *locks) lock(p duel) bool {
	if l.ahead[p.loser][p.winner] {
		return false
	}
	for i := range l.ahead {
		if i != p.winner && !l.ahead[i][p.winner] || l.ahead[i][p.loser] {
			continue
		}
		l.ahead[i][p.loser] = true
		for j := range l.ahead {
			l.ahead[i][j] = l.ahead[i][j] || l.ahead[p.loser][j]
		}
	}
	return true
}

// decided tells whether the order between the two already follows.
func (l *locks) decided(p duel) bool {
	return l.ahead[p.winner][p.loser] || l.ahead[p.loser][p.winner]
}

// orderMatters tells whether equal duels close a circle among themselves and
// what is locked: only then does their order decide which of them is left out.
func (l *locks) orderMatters(equal []duel) bool {
	undecided := slices.DeleteFunc(slices.Clone(equal), l.decided)
	if len(undecided) < 2 {
		return false
	}
	all := l.clone()
	return slices.ContainsFunc(undecided, func(p duel) bool { return !all.lock(p) })
}

func (l *locks) behindNone(i int) bool {
	for j := range l.ahead {
		if l.ahead[j][i] {
			return false
		}
	}
	return true
}

func (l *locks) key(left int) string {
	key := make([]byte, 0, len(l.ahead)*len(l.ahead)+4)
	for _, row := range l.ahead {
		for _, a := range row {
			if a {
				key = append(key, 1)
			} else {
				key = append(key, 0)
			}
		}
	}
	return string(strconv.AppendInt(key, int64(left), 10))
}
