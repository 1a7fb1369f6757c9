package tally

import (
	"cmp"
	"math/big"
	"slices"
)

// standing of an option in a race.
type status uint8

const (
	continuing status = iota
	elected
	excluded
	withdrawn
)

// race is a count in which papers lie in piles, one a candidate, and move on
// to the next preference when a candidate is excluded or has more than needed:
// runoff and the STV rules that transfer parcels.
type race struct {
	*counting
	share  bool // equal ranks: split the paper between them; else it stops there
	status []status
	piles  [][]parcel
	votes  []*big.Rat // by option

	exhausted *big.Rat // votes that name no one left
	lost      *big.Rat // votes lost by rounding
	unmarked  int64    // papers that never named anyone who stands
}

// parcel is papers that are worth the same.
type parcel struct {
	value  *big.Rat
	papers []paper
}

// paper is a ballot of the election, standing at one of its ranks.
type paper struct {
	ballot int
	rank   int // index into the ballot's Choices where the rank starts
}

// newRace lays every ballot on the pile of its first preference.
func (c *counting) newRace(share bool) *race {
	n := len(c.election.Options)
	r := &race{
		counting: c, share: share,
		status: make([]status, n), piles: make([][]parcel, n), votes: make([]*big.Rat, n),
		exhausted: new(big.Rat), lost: new(big.Rat),
	}
	for i, o := range c.election.Options {
		r.votes[i] = new(big.Rat)
		if o.Withdrawn {
			r.status[i] = withdrawn
		}
	}
	papers := make([]paper, len(c.election.Ballots))
	for i := range papers {
		papers[i] = paper{ballot: i}
	}
	_, unmarked := r.lay(parcel{ratInt(1), papers})
	r.unmarked = unmarked
	return r
}

// next finds who of the continuing a paper goes to, from the given rank on.
// Several share it. None: it is exhausted.
func (r *race) next(p paper, to []int) (paper, []int) {
	b := &r.election.Ballots[p.ballot]
	for start, end := p.rank, 0; start < len(b.Choices); start = end {
		end = b.endOfRank(start)
		if end-start > 1 && !r.share {
			break
		}
		for _, o := range b.Choices[start:end] {
			if r.status[o] == continuing {
				to = append(to, o)
			}
		}
		if len(to) > 0 {
			return paper{p.ballot, start}, to
		}
	}
	return p, nil
}

// heap is where papers go that move together: to one candidate, each split
// between the same number of candidates.
type heap struct{ to, parts int }

// lay moves the papers of a parcel to the next continuing candidates, and
// gives what each received and the weight of the papers that were exhausted.
func (r *race) lay(from parcel) (received map[int]*big.Rat, exhausted int64) {
	heaps := make(map[heap]*parcel)
	weights := make(map[heap]int64)
	var to []int
	for _, p := range from.papers {
		p, to = r.next(p, to[:0])
		weight := r.election.Ballots[p.ballot].Weight
		if len(to) == 0 {
			exhausted += weight
			continue
		}
		for _, o := range to {
			h := heap{o, len(to)}
			if heaps[h] == nil {
				heaps[h] = &parcel{value: new(big.Rat).Quo(from.value, ratInt(int64(len(to))))}
			}
			heaps[h].papers = append(heaps[h].papers, p)
			weights[h] += weight
		}
	}
	received = make(map[int]*big.Rat)
	for h, part := range heaps {
		votes := new(big.Rat).Mul(part.value, ratInt(weights[h]))
		if received[h.to] == nil {
			received[h.to] = new(big.Rat)
		}
		received[h.to].Add(received[h.to], votes)
		r.votes[h.to].Add(r.votes[h.to], votes)
		r.put(h.to, *part)
	}
	return received, exhausted
}

// put adds a parcel to a pile, to the papers of the same worth if there are any.
func (r *race) put(option int, p parcel) {
	for i := range r.piles[option] {
		if have := &r.piles[option][i]; have.value.Cmp(p.value) == 0 {
			have.papers = append(have.papers, p.papers...)
			return
		}
	}
	r.piles[option] = append(r.piles[option], p)
}

// moveOn empties an option's pile: its papers go to the continuing candidates
// at the value that revalue makes of each paper's old one. It gives the
// transfers, sorted by the order of options, exhausted votes last.
func (r *race) moveOn(option int, revalue func(old *big.Rat) *big.Rat) []Transfer {
	pile := r.piles[option]
	r.piles[option] = nil
	moved := make(map[int]*big.Rat)
	gone := new(big.Rat)
	for _, p := range pile {
		value := revalue(p.value)
		received, exhausted := r.lay(parcel{value, p.papers})
		gone.Add(gone, new(big.Rat).Mul(value, ratInt(exhausted)))
		for to, votes := range received {
			if moved[to] == nil {
				moved[to] = new(big.Rat)
			}
			moved[to].Add(moved[to], votes)
		}
	}
	r.exhausted.Add(r.exhausted, gone)

	var transfers []Transfer
	for to := range r.votes {
		if votes := moved[to]; votes != nil && votes.Sign() > 0 {
			transfers = append(transfers, Transfer{From: r.id(option), To: r.id(to), Value: Num(votes)})
		}
	}
	if gone.Sign() > 0 {
		transfers = append(transfers, Transfer{From: r.id(option), Value: Num(gone)})
	}
	return transfers
}

// exclude takes an option out of the race and moves its papers on at the value
// they have.
func (r *race) exclude(option int) []Transfer {
	r.status[option] = excluded
	transfers := r.moveOn(option, func(old *big.Rat) *big.Rat { return old })
	r.votes[option] = new(big.Rat)
	return transfers
}

// with lists the options of a status, in the election's order.
func (r *race) with(s status) []int {
	var options []int
	for i, have := range r.status {
		if have == s {
			options = append(options, i)
		}
	}
	return options
}

// lowest lists the continuing options with the fewest votes.
func (r *race) lowest() []int { return r.extreme(r.with(continuing), -1) }

// extreme lists those of the options whose votes are the most (sign 1) or the
// fewest (sign -1).
func (r *race) extreme(options []int, sign int) []int {
	var best []int
	for _, o := range options {
		switch {
		case len(best) == 0 || sign*r.votes[o].Cmp(r.votes[best[0]]) > 0:
			best = append(best[:0], o)
		case r.votes[o].Cmp(r.votes[best[0]]) == 0:
			best = append(best, o)
		}
	}
	return best
}

// round starts the record of an action with how everyone stands before it.
func (r *race) round(action string, options ...int) Round {
	round := Round{Action: action, Options: r.ids(options), Exhausted: Num(new(big.Rat).Set(r.exhausted))}
	for i, s := range r.status {
		if s == continuing || s == elected {
			round.Counts = append(round.Counts, Tally{r.id(i), Num(new(big.Rat).Set(r.votes[i]))})
		}
	}
	return round
}

// byVotes sorts options by votes, most first, equals by the rule's tie order.
func (r *race) byVotes(options []int) []int {
	order := r.tieOrder(options)
	slices.SortStableFunc(order, func(a, b int) int { return r.votes[b].Cmp(r.votes[a]) })
	return order
}

// sortedIDs gives ids as strings in order.
func (c *counting) sortedIDs(options []int) []string {
	ids := c.ids(options)
	slices.SortFunc(ids, cmp.Compare[string])
	return ids
}
