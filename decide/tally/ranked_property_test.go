package tally

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Random elections are small, so that ties and circles are common, and the
// same on every run.
func randomRankings(r *rand.Rand, candidates, ballots int, equals bool) *Election {
	e := &Election{Kind: Ordinal, Seats: 1 + r.IntN(candidates)}
	for i := range candidates {
		e.Options = append(e.Options, Option{ID: fmt.Sprint(i + 1), Withdrawn: candidates > 3 && r.IntN(12) == 0})
	}
	for range ballots {
		b := Ballot{Weight: 1 + r.Int64N(6), Choices: r.Perm(candidates)[:r.IntN(candidates+1)]}
		if equals {
			rank := 0
			for range b.Choices {
				b.Ranks = append(b.Ranks, rank)
				rank += r.IntN(3)
			}
		}
		e.Ballots = append(e.Ballots, b)
	}
	return e
}

// eachRandom runs a property on random elections, more of them in long tests.
func eachRandom(t *testing.T, property func(t *testing.T, r *rand.Rand, e *Election)) {
	n := 300
	if long() {
		n = 5000
	}
	for seed := range n {
		r := rand.New(rand.NewPCG(5, uint64(seed)))
		e := randomRankings(r, 2+r.IntN(5), 1+r.IntN(12), seed%2 == 1)
		if ok := t.Run(fmt.Sprint(seed), func(t *testing.T) { property(t, r, e) }); !ok {
			t.Logf("election %d: %s", seed, blt(e))
			return
		}
	}
}

// tryCount counts; where an election can't be counted, ok is false.
func tryCount(e *Election, r Rule) (*Outcome, bool) {
	out, err := Count(e, r)
	return out, err == nil
}

func TestSTVKeepsTheVotes(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		for _, rule := range []string{"stv-scottish", "stv-wigm", "stv-meek"} {
			out, ok := tryCount(e, Rule{Name: rule})
			if !ok {
				continue
			}
			first := votesOf(out.Rounds[0])
			if !first.IsInt() {
				t.Errorf("%s: %s votes at first", rule, first.RatString())
			}
			for i, round := range out.Rounds {
				if votes := votesOf(round); votes.Cmp(first) != 0 {
					t.Errorf("%s: %s votes in round %d, %s at first", rule, votes.RatString(), i+1, first.RatString())
				}
				if round.Lost.Rat != nil && rule != "stv-scottish" {
					t.Errorf("%s lost %s votes", rule, round.Lost)
				}
			}
		}
	})
}

// votesOf is all votes of a round: with candidates, exhausted or lost.
func votesOf(r Round) *big.Rat {
	sum := new(big.Rat).Set(r.Exhausted.Rat)
	if r.Lost.Rat != nil {
		sum.Add(sum, r.Lost.Rat)
	}
	for _, c := range r.Counts {
		sum.Add(sum, c.Value.Rat)
	}
	return sum
}

func TestSTVFillsTheSeats(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		standing := 0
		for _, o := range e.Options {
			if !o.Withdrawn {
				standing++
			}
		}
		for _, rule := range []string{"stv-scottish", "stv-wigm", "stv-meek"} {
			out, ok := tryCount(e, Rule{Name: rule})
			if ok && len(out.Winners) != min(e.Seats, standing) {
				t.Errorf("%s: %d elected for %d seats by %d candidates", rule, len(out.Winners), e.Seats, standing)
			}
		}
	})
}

func TestOrderOfVotersChangesNothing(t *testing.T) {
	t.Parallel()
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		shuffled := *e
		shuffled.Ballots = slices.Clone(e.Ballots)
		r.Shuffle(len(shuffled.Ballots), func(i, j int) {
			shuffled.Ballots[i], shuffled.Ballots[j] = shuffled.Ballots[j], shuffled.Ballots[i]
		})
		for rule, m := range methods {
			if !slices.Contains(m.kinds, Ordinal) {
				continue
			}
			a, ok := tryCount(e, Rule{Name: rule})
			if !ok {
				continue
			}
			b := mustCount(t, &shuffled, Rule{Name: rule})
			if x, y := asJSON(t, a), asJSON(t, b); x != y {
				t.Errorf("%s: %s\nwith the voters in another order %s", rule, x, y)
			}
		}
	})
}

func asJSON(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOrderOfCandidatesChangesNothing(t *testing.T) {
	t.Parallel()
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		to := r.Perm(len(e.Options))
		moved := *e
		moved.Options = make([]Option, len(e.Options))
		for i, o := range e.Options {
			moved.Options[to[i]] = o
		}
		moved.Ballots = nil
		for _, b := range e.Ballots {
			b.Choices = slices.Clone(b.Choices)
			for i, c := range b.Choices {
				b.Choices[i] = to[c]
			}
			moved.Ballots = append(moved.Ballots, b)
		}
		for rule, m := range methods {
			if !slices.Contains(m.kinds, Ordinal) {
				continue
			}
			for _, tie := range []string{TieByID, TieOpen} {
				a, ok := tryCount(e, Rule{Name: rule, Tie: Tie{By: tie}})
				if !ok {
					continue
				}
				b := mustCount(t, &moved, Rule{Name: rule, Tie: Tie{By: tie}})
				if !slices.Equal(sorted(a.Winners), sorted(b.Winners)) || !slices.Equal(sorted(a.Tied), sorted(b.Tied)) {
					t.Errorf("%s, ties %s: %v %v, with the candidates in another order %v %v", rule, tie, a.Winners, a.Tied, b.Winners, b.Tied)
				}
			}
		}
	})
}

func TestCondorcetRules(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		smith, ok := tryCount(e, Rule{Name: "smith"})
		if !ok {
			return
		}
		for _, rule := range []string{"schulze", "ranked-pairs", "minimax", "copeland", "split-cycle"} {
			open := mustCount(t, e, Rule{Name: rule, Tie: Tie{By: TieOpen}})
			set := append(slices.Clone(open.Winners), open.Tied...)
			if len(smith.Winners) == 1 && explained(smith, "counting.why.condorcet_winner") && !slices.Equal(set, smith.Winners) {
				t.Errorf("%s: %v, but %v beats everyone", rule, set, smith.Winners)
			}
			inside := !slices.ContainsFunc(set, func(id string) bool { return !slices.Contains(smith.Winners, id) })
			if rule != "minimax" && !inside {
				t.Errorf("%s: %v, not all in the Smith set %v", rule, set, smith.Winners)
			}
			decided := mustCount(t, e, Rule{Name: rule})
			if len(decided.Winners) != 1 || !slices.Contains(set, decided.Winners[0]) {
				t.Errorf("%s: %v by id, but the tied are %v", rule, decided.Winners, set)
			}
		}
	})
}

// The rules against their definitions, worked out in the plainest way.
func TestCondorcetRulesByDefinition(t *testing.T) {
	t.Parallel()
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		out, ok := tryCount(e, Rule{Name: "smith"})
		if !ok || len(out.Pairwise.Options) > 5 {
			return
		}
		p := plain{ids: out.Pairwise.Options, margin: plainMargins(e)}
		definitions := map[string][]string{"smith": p.smith(), "schulze": p.schulze(), "split-cycle": p.splitCycle()}
		if pairs, all := p.rankedPairs(); all {
			definitions["ranked-pairs"] = pairs
		}
		for rule, want := range definitions {
			out := mustCount(t, e, Rule{Name: rule, Tie: Tie{By: TieOpen}})
			if got := sorted(append(slices.Clone(out.Winners), out.Tied...)); !slices.Equal(got, sorted(want)) {
				t.Errorf("%s: %v, by definition %v", rule, got, want)
			}
		}
	})
}

// plain works on margins by trying everything.
type plain struct {
	ids    []string
	margin [][]int64
}

// plainMargins asks each ballot about each two candidates who stand.
func plainMargins(e *Election) [][]int64 {
	var standing []int
	for i, o := range e.Options {
		if !o.Withdrawn {
			standing = append(standing, i)
		}
	}
	rank := func(b *Ballot, option int) int {
		for r, equal := range b.Ranking() {
			if slices.Contains(equal, option) {
				return r
			}
		}
		return len(b.Choices) + 1
	}
	margins := square(len(standing))
	for i := range e.Ballots {
		b := &e.Ballots[i]
		for x, o := range standing {
			for y, p := range standing {
				switch rx, ry := rank(b, o), rank(b, p); {
				case rx < ry:
					margins[x][y] += b.Weight
				case rx > ry:
					margins[x][y] -= b.Weight
				}
			}
		}
	}
	return margins
}

func (p plain) where(wins func(i int) bool) (ids []string) {
	for i, id := range p.ids {
		if wins(i) {
			ids = append(ids, id)
		}
	}
	return ids
}

// smith tries all sets, smaller ones first.
func (p plain) smith() []string {
	n := len(p.ids)
	var best []string
	for set := 1; set < 1<<n; set++ {
		in := func(i int) bool { return set>>i&1 == 1 }
		dominates := true
		for i := range n {
			for j := range n {
				dominates = dominates && (!in(i) || in(j) || p.margin[i][j] > 0)
			}
		}
		if ids := p.where(in); dominates && (best == nil || len(ids) < len(best)) {
			best = ids
		}
	}
	return best
}

// strongest tries all chains of won duels from i to j.
func (p plain) strongest(i, j int, passed int) int64 {
	best := max(p.margin[i][j], 0)
	for k := range p.ids {
		if k != i && k != j && passed>>k&1 == 0 && p.margin[i][k] > 0 {
			best = max(best, min(p.margin[i][k], p.strongest(k, j, passed|1<<i|1<<k)))
		}
	}
	return best
}

func (p plain) schulze() []string {
	return p.where(func(i int) bool {
		for j := range p.ids {
			if j != i && p.strongest(j, i, 1<<j) > p.strongest(i, j, 1<<i) {
				return false
			}
		}
		return true
	})
}

func (p plain) splitCycle() []string {
	return p.where(func(i int) bool {
		for j := range p.ids {
			if j != i && p.margin[j][i] > p.strongest(i, j, 1<<i) {
				return false
			}
		}
		return true
	})
}

// rankedPairs tries every order of the won duels that sorts them by margin. It
// reports false where they are too many to try.
func (p plain) rankedPairs() (winners []string, all bool) {
	var won []duel
	for i := range p.ids {
		for j := range p.ids {
			if p.margin[i][j] > 0 {
				won = append(won, duel{i, j, p.margin[i][j]})
			}
		}
	}
	possible := map[int]bool{}
	budget := 200_000
	var try func(done []duel, left []duel)
	try = func(done, left []duel) {
		if budget--; budget < 0 { // too many orders
			return
		}
		if len(left) == 0 {
			for i := range p.ids {
				if !slices.ContainsFunc(done, func(d duel) bool { return d.loser == i }) {
					possible[i] = true
				}
			}
			return
		}
		strongest := slices.MaxFunc(left, func(a, b duel) int { return int(a.margin - b.margin) }).margin
		for i, d := range left {
			if d.margin != strongest {
				continue
			}
			rest := slices.Delete(slices.Clone(left), i, i+1)
			if leads(done, d.loser, d.winner) {
				try(done, rest)
			} else {
				try(append(slices.Clip(done), d), rest)
			}
		}
	}
	try(nil, won)
	return p.where(func(i int) bool { return possible[i] }), budget >= 0
}

// leads tells whether locked duels lead from one candidate to another.
func leads(locked []duel, from, to int) bool {
	for _, d := range locked {
		if d.winner == from && (d.loser == to || leads(locked, d.loser, to)) {
			return true
		}
	}
	return false
}

// Exact WIGM against a count that keeps every single paper with its worth.
func TestWIGMPaperByPaper(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		if slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return b.hasEquals() }) {
			return
		}
		out, ok := tryCount(e, Rule{Name: "stv-wigm"})
		if !ok || len(out.Ties) > 0 {
			return
		}
		if got, want := sorted(out.Winners), sorted(plainWIGM(e)); !slices.Equal(got, want) {
			t.Errorf("%v, paper by paper %v", got, want)
		}
	})
}

type plainPaper struct {
	choices []int
	worth   *big.Rat
}

func plainWIGM(e *Election) []string {
	var papers []*plainPaper
	gone := map[int]bool{} // elected, excluded or withdrawn
	for i, o := range e.Options {
		gone[i] = o.Withdrawn
	}
	top := func(p *plainPaper) int {
		for _, c := range p.choices {
			if !gone[c] {
				return c
			}
		}
		return -1
	}
	for _, b := range e.Ballots {
		for range b.Weight {
			if p := (&plainPaper{b.Choices, big.NewRat(1, 1)}); top(p) >= 0 {
				papers = append(papers, p)
			}
		}
	}
	quota := big.NewRat(int64(len(papers)), int64(e.Seats+1))
	var winners []string
	holds := map[*plainPaper]int{} // where a paper lies
	for _, p := range papers {
		holds[p] = top(p)
	}
	elected := map[int]bool{}
	moved := map[int]bool{} // surplus moved
	for {
		votes := make([]*big.Rat, len(e.Options))
		for i := range votes {
			votes[i] = new(big.Rat)
		}
		for _, p := range papers {
			if at := holds[p]; at >= 0 {
				votes[at].Add(votes[at], p.worth)
			}
		}
		var left []int
		for i := range e.Options {
			if !gone[i] {
				left = append(left, i)
			}
		}
		if len(left) <= e.Seats-len(winners) {
			for _, i := range left {
				winners = append(winners, e.Options[i].ID)
			}
			return winners
		}
		for _, i := range left {
			if votes[i].Cmp(quota) > 0 {
				gone[i], elected[i] = true, true
				winners = append(winners, e.Options[i].ID)
			}
		}
		if len(winners) == e.Seats {
			return winners
		}
		from := -1
		for i := range e.Options {
			if elected[i] && !moved[i] && (from < 0 || votes[i].Cmp(votes[from]) > 0) {
				from = i
			}
		}
		part := big.NewRat(1, 1)
		if from >= 0 {
			moved[from] = true
			part.Sub(votes[from], quota).Quo(part, votes[from])
		} else {
			for _, i := range left {
				if !gone[i] && (from < 0 || votes[i].Cmp(votes[from]) < 0) {
					from = i
				}
			}
			gone[from] = true
		}
		for _, p := range papers {
			if holds[p] == from {
				p.worth = new(big.Rat).Mul(p.worth, part)
				holds[p] = top(p)
			}
		}
	}
}

// Meek's method ends at its fixed point: those elected hold the quota, and the
// quota is what is kept, divided by the seats and one more.
func TestMeekFixedPoint(t *testing.T) {
	eachRandom(t, func(t *testing.T, r *rand.Rand, e *Election) {
		out, ok := tryCount(e, Rule{Name: "stv-meek"})
		if !ok {
			return
		}
		small := big.NewRat(1, 1_000_000)
		for _, round := range out.Rounds {
			kept := new(big.Rat)
			for _, c := range round.Counts {
				kept.Add(kept, c.Value.Rat)
			}
			quota := kept.Quo(kept, big.NewRat(int64(out.Rule.Seats+1), 1))
			if d := new(big.Rat).Sub(quota, round.Quota.Rat); d.Abs(d).Cmp(small) > 0 {
				t.Errorf("%s: quota %s, the votes kept give %s", round.Action, round.Quota, quota.FloatString(9))
			}
			for _, k := range round.Keep {
				votes := countOf(round, k.Option)
				v, _ := new(big.Rat).SetString(votes)
				if short := new(big.Rat).Sub(round.Quota.Rat, v); short.Cmp(small) > 0 {
					t.Errorf("%s: %s holds %s, less than the quota %s", round.Action, k.Option, votes, round.Quota)
				}
			}
		}
	})
}

func blt(e *Election) string {
	var b strings.Builder
	if err := WriteBLT(&b, e); err != nil {
		return err.Error()
	}
	return b.String()
}
