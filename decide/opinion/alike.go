package opinion

import (
	"math"
	"slices"
)

// Alike counts participants who gave exactly the same votes on exactly the
// same statements, at least MinVotes of them, in numbers that chance does not
// explain. They may be one person with many accounts, or people who copied a
// list; they may also be neither. They stay on the map and in every count.
type Alike struct {
	Voters  int // in all such sets
	Sets    int
	Largest int // voters in the largest set
}

const (
	minAlike  = 3    // voters in a set
	byChance  = 1e-3 // the greatest probability at which a set is no chance
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

// ballots finds equal rows of votes. It keeps two hashes of each row: of the
// votes, and of the statements voted on.
type ballots struct {
	votes, statements         []uint64 // by participant; 0: fewer than MinVotes
	sameVotes, sameStatements map[uint64]int
	many                      map[uint64]bool // hashes of votes that minAlike rows have
}

func newBallots(rows [][]cell) *ballots {
	b := &ballots{sameVotes: map[uint64]int{}, sameStatements: map[uint64]int{}, many: map[uint64]bool{}}
	for p, row := range rows {
		b.set(p, row)
	}
	return b
}

// set notes the row of a participant, old or the next new one.
func (b *ballots) set(p int, row []cell) {
	if p == len(b.votes) {
		b.votes, b.statements = append(b.votes, 0), append(b.statements, 0)
	}
	if drop(b.sameVotes, b.votes[p]) < minAlike {
		delete(b.many, b.votes[p])
	}
	drop(b.sameStatements, b.statements[p])
	b.votes[p], b.statements[p] = 0, 0
	if len(row) < MinVotes {
		return
	}
	var v, s uint64 = hashStart, hashStart
	for _, c := range row {
		v = (v ^ uint64(c)) * hashPrime
		s = (s ^ uint64(c.statement())) * hashPrime
	}
	b.votes[p], b.statements[p] = v|1, s|1
	b.sameStatements[s|1]++
	if b.sameVotes[v|1]++; b.sameVotes[v|1] >= minAlike {
		b.many[v|1] = true
	}
}

// drop takes one from a count and returns what is left.
func drop(counts map[uint64]int, hash uint64) int {
	left := counts[hash] - 1
	if left > 0 {
		counts[hash] = left
	} else {
		delete(counts, hash)
	}
	return left
}

// sets returns the participants of each set of equal rows. Rows of equal hash
// are compared: somebody may have sought them.
func (b *ballots) sets(rows [][]cell) [][]int {
	if len(b.many) == 0 {
		return nil
	}
	many := map[uint64][][]int{}
	var order []uint64
	for p, hash := range b.votes {
		if !b.many[hash] {
			continue
		}
		sets := many[hash]
		if sets == nil {
			order = append(order, hash)
		}
		i := slices.IndexFunc(sets, func(set []int) bool { return slices.Equal(rows[set[0]], rows[p]) })
		if i < 0 {
			many[hash] = append(sets, []int{p})
		} else {
			sets[i] = append(sets[i], p)
		}
	}
	var out [][]int
	for _, hash := range order {
		for _, set := range many[hash] {
			if len(set) >= minAlike {
				out = append(out, set)
			}
		}
	}
	return out
}

// findAlike counts the sets that are no chance: of those who voted on the same
// statements, far more gave these votes than would if each answered each
// statement as all participants do, whatever they said to the others. People of
// one mind do not answer so, but in real conversations even they hardly ever
// give seven equal answers.
func (w *work) findAlike() Alike {
	var a Alike
	rows := w.conversation.rows
	for _, set := range w.ballots.sets(rows) {
		among := w.ballots.sameStatements[w.ballots.statements[set[0]]]
		if !unlikely(len(set), float64(among)*chance(rows[set[0]], w.counts)) {
			continue
		}
		a.Voters += len(set)
		a.Sets++
		a.Largest = max(a.Largest, len(set))
	}
	return a
}

// chance is the product of the shares of all participants who voted on a
// statement as row does.
func chance(row []cell, counts []Count) float64 {
	p := 1.0
	for _, c := range row {
		all := counts[c.statement()]
		same := all.Passed()
		switch c.vote() {
		case Agree:
			same = all.Agree
		case Disagree:
			same = all.Disagree
		}
		p *= float64(same) / float64(all.Votes)
	}
	return p
}

// unlikely says whether n or more are too many where so many are expected, by
// Chernoff's bound on the tail of a Poisson distribution.
func unlikely(n int, expected float64) bool {
	size := float64(n)
	if size <= expected {
		return false
	}
	if expected == 0 {
		return true
	}
	return size-expected+size*math.Log(expected/size) < math.Log(byChance)
}
