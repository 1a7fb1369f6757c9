package opinion

import (
	"cmp"
	"math"
	"slices"
)

// significant is the z value that a test must exceed: 90 in 100, one-sided.
const significant = 1.2815515655446004

const (
	maxRepresentative = 5 // statements of one group
	maxMajority       = 5 // statements with one answer
)

// Representative is a statement that stands for a group: the group answers it
// more often so than all others do.
type Representative struct {
	Statement      int
	For            Vote    // Agree or Disagree
	Success, Votes int     // of the group: who answered so; who voted
	P              float64 // (Success + 1) / (Votes + 2)
	PTest          float64 // that more than half of the group answer so, a z value
	Repness        float64 // P divided by the same of everyone in other groups
	RepnessTest    float64 // that the two differ, a z value
	Best           bool    // the statement that the group agrees with most tellingly
}

// share is a probability with one success and one failure added, so that few
// votes weigh little.
func share(success, n int) float64 { return float64(success+1) / float64(n+2) }

// halfTest is the z value of success out of n against one half. Like the
// reference it adds one vote, a success.
func halfTest(success, n int) float64 {
	size := float64(n + 1)
	return 2 * math.Sqrt(size) * (float64(success+1)/size - 0.5)
}

// twoTest is the z value of the difference of two proportions; as in the
// reference each has one vote added, a success.
func twoTest(success, otherSuccess, n, otherN int) float64 {
	a, b := float64(success+1), float64(otherSuccess+1)
	na, nb := float64(n+1), float64(otherN+1)
	pooled := (a + b) / (na + nb)
	if pooled == 1 {
		return 0
	}
	return (a/na - b/nb) / math.Sqrt(pooled*(1-pooled)*(1/na+1/nb))
}

// answer is how a group answers a statement, one way.
func answer(statement int, v Vote, in, out Count) Representative {
	success, other := in.Agree, out.Agree
	if v == Disagree {
		success, other = in.Disagree, out.Disagree
	}
	r := Representative{Statement: statement, For: v, Success: success, Votes: in.Votes}
	r.P = share(success, in.Votes)
	r.PTest = halfTest(success, in.Votes)
	r.Repness = r.P / share(other, out.Votes)
	r.RepnessTest = twoTest(success, other, in.Votes, out.Votes)
	return r
}

func (r Representative) significant() bool {
	return r.PTest > significant && r.RepnessTest > significant
}

func (r Representative) weight() float64 { return r.Repness * r.RepnessTest * r.P * r.PTest }

// answers is how a group answers a statement, both ways.
func answers(statement int, in, all Count) (agree, disagree Representative) {
	out := Count{all.Agree - in.Agree, all.Disagree - in.Disagree, all.Votes - in.Votes}
	return answer(statement, Agree, in, out), answer(statement, Disagree, in, out)
}

// stronger is the answer that tells a group more clearly from the others.
func stronger(agree, disagree Representative) Representative {
	if agree.RepnessTest > disagree.RepnessTest {
		return agree
	}
	return disagree
}

// representative chooses the statements of one group, by the rules of the
// reference: those significant by both tests one way or the other, by their
// weight, headed by the one that the group agrees with most tellingly (shown
// by its stronger answer, even where that is no agreement); if none is
// significant, the one whose answers differ most from the others'. Agreements
// come before disagreements. in are the group's counts, all those of everyone
// in any group.
func representative(statements []Statement, in, all []Count) []Representative {
	var found []Representative
	var best, head, farthest *Representative
	for j := range statements {
		if statements[j].Removed || all[j].Votes == 0 {
			continue
		}
		agree, disagree := answers(j, in[j], all[j])
		shown := stronger(agree, disagree)
		if agree.significant() || disagree.significant() {
			found = withTop(found, shown)
		}
		if in[j].Agree+in[j].Disagree > 0 && agree.beats(best) {
			best, head = &agree, &shown
		}
		if farthest == nil || shown.RepnessTest > farthest.RepnessTest {
			farthest = &shown
		}
	}
	var out []Representative
	switch {
	case head != nil:
		head.Best = true
		out = append(out, *head)
	case len(found) == 0 && farthest != nil:
		out = append(out, *farthest)
	}
	for _, r := range found {
		if len(out) < maxRepresentative && (len(out) == 0 || out[0].Statement != r.Statement) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Representative) int { return cmp.Compare(b.For, a.For) })
	return out
}

// withTop adds r to those of greatest weight, heaviest first, if it is one.
func withTop(top []Representative, r Representative) []Representative {
	at := len(top)
	for at > 0 && r.weight() > top[at-1].weight() {
		at--
	}
	if at == maxRepresentative {
		return top
	}
	return slices.Insert(top, at, r)[:min(len(top)+1, maxRepresentative)]
}

// beats says whether an agreement is more telling than the best so far.
func (r Representative) beats(best *Representative) bool {
	switch {
	case best == nil:
		return r.PTest > significant || (r.Repness > 1 && r.P > 0.5)
	case best.Repness > 1:
		return r.weight() > best.weight()
	}
	return r.P*r.PTest > best.P*best.PTest
}

// Consensus returns the group-aware consensus of each statement: the product
// over all groups of (agrees + 1) / (votes + 2), and the same of disagrees.
// groups holds the counts of each group by statement.
func Consensus(groups [][]Count) (agree, disagree []float64) {
	if len(groups) == 0 {
		return nil, nil
	}
	agree, disagree = make([]float64, len(groups[0])), make([]float64, len(groups[0]))
	for j := range agree {
		agree[j], disagree[j] = 1, 1
		for _, g := range groups {
			agree[j] *= share(g[j].Agree, g[j].Votes)
			disagree[j] *= share(g[j].Disagree, g[j].Votes)
		}
	}
	return agree, disagree
}

// sum returns the counts of all groups together.
func sum(groups [][]Count) []Count {
	all := make([]Count, len(groups[0]))
	for _, g := range groups {
		for j, n := range g {
			all[j] = Count{all[j].Agree + n.Agree, all[j].Disagree + n.Disagree, all[j].Votes + n.Votes}
		}
	}
	return all
}

// ranked lists the statements that were not removed and have votes in every
// group, greatest value first.
func ranked(statements []Statement, groups [][]Count, values []float64) []Ranked {
	var out []Ranked
	for j, v := range values {
		if statements[j].Removed || !votedInAll(groups, j) {
			continue
		}
		out = append(out, Ranked{j, v})
	}
	slices.SortStableFunc(out, func(a, b Ranked) int { return cmp.Compare(b.Value, a.Value) })
	return out
}

func votedInAll(groups [][]Count, statement int) bool {
	for _, g := range groups {
		if g[statement].Votes == 0 {
			return false
		}
	}
	return true
}

// divides lists the statements on which the group that agrees most and the one
// that agrees least differ beyond chance, the widest gap between their shares
// first.
func divides(statements []Statement, groups [][]Count) []Divisive {
	var out []Divisive
	for j := range statements {
		if statements[j].Removed || !votedInAll(groups, j) {
			continue
		}
		d := Divisive{Statement: j, MostP: -1, LeastP: 2}
		for g := range groups {
			p := share(groups[g][j].Agree, groups[g][j].Votes)
			if p > d.MostP {
				d.Most, d.MostP = g, p
			}
			if p < d.LeastP {
				d.Least, d.LeastP = g, p
			}
		}
		most, least := groups[d.Most][j], groups[d.Least][j]
		d.Test = twoTest(most.Agree, least.Agree, most.Votes, least.Votes)
		if d.Test > significant {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b Divisive) int {
		return cmp.Compare(b.MostP-b.LeastP, a.MostP-a.LeastP)
	})
	return out
}

// majority lists the statements that more than half of all participants
// answer one way, beyond chance: what the reference calls consensus.
func majority(statements []Statement, counts []Count) MajorityView {
	pick := func(success func(Count) int) []Majority {
		var out []Majority
		for j, n := range counts {
			s := success(n)
			m := Majority{j, s, n.Votes, share(s, n.Votes), halfTest(s, n.Votes)}
			if !statements[j].Removed && m.P > 0.5 && m.Test > significant {
				out = append(out, m)
			}
		}
		slices.SortStableFunc(out, func(a, b Majority) int { return cmp.Compare(b.P*b.Test, a.P*a.Test) })
		return out[:min(len(out), maxMajority)]
	}
	return MajorityView{
		Agree:    pick(func(n Count) int { return n.Agree }),
		Disagree: pick(func(n Count) int { return n.Disagree }),
	}
}
