package tally

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// budget builds a small approval election: "id cost" for each project, and for
// each ballot "weight: ids".
func budget(total string, projects []string, ballots ...string) *Election {
	e := &Election{Kind: Approval, Budget: rat(total)}
	at := map[string]int{}
	for i, p := range projects {
		id, cost, _ := strings.Cut(p, " ")
		e.Options = append(e.Options, Option{ID: id, Cost: rat(cost)})
		at[id] = i
	}
	for _, b := range ballots {
		var ballot Ballot
		weight, ids, _ := strings.Cut(b, ":")
		fmt.Sscan(weight, &ballot.Weight)
		for _, id := range strings.Fields(ids) {
			ballot.Choices = append(ballot.Choices, at[id])
		}
		e.Ballots = append(e.Ballots, ballot)
	}
	return e
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

func count(t *testing.T, e *Election, r Rule) *Outcome {
	t.Helper()
	out, err := Count(e, r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Counted by hand.
func TestBudgetsByHand(t *testing.T) {
	// Two camps: six voters want a, b, c; four want d, e. Budget 100, all cost
	// 20 but e, which costs 30.
	//
	// By votes: a, b, c (60); of the 40 left d and e, equal in votes, could each
	// be paid, but not both: a tie. By votes for cost d (4/20) comes before e (4/30).
	//
	// Equal Shares, utility cost: each voter has 10. a, b, c ask 20/6 of each of
	// the six, who can pay all three (3 × 20/6 = 10). d asks 20/4 = 5 of each of
	// the four, e 30/4 = 7.5. For each unit of utility that is 1/6 for a, b, c and
	// 1/4 for d and e: ties among a, b, c; b, c; d, e. After d each has 5, and e
	// is out. With utility count, d (5) comes before e (7.5): two ties.
	//
	// Phragmén: at time t each voter has earned t. a comes at 20/6, d at 20/4 =
	// 5, b at 40/6, c at 60/6, e at 5 + 30/4: that breaks the budget (80 + 30).
	camps := budget("100", []string{"a 20", "b 20", "c 20", "d 20", "e 30"}, "6: a b c", "4: d e")
	for _, c := range []struct {
		rule Rule
		want string
		ties int
	}{
		{Rule{Name: "greedy-votes"}, "a b c d", 1},
		{Rule{Name: "greedy-votes-per-cost"}, "a b c d", 0},
		{Rule{Name: "equal-shares"}, "a b c d", 3},
		{Rule{Name: "equal-shares", Tie: Tie{By: TieVotesCost}}, "a b c d", 3},
		{Rule{Name: "equal-shares", Utility: UtilityCount}, "a b c d", 2},
		{Rule{Name: "phragmen"}, "a d b c", 2},
	} {
		got := count(t, camps, c.rule)
		if strings.Join(got.Winners, " ") != c.want || len(got.Ties) != c.ties {
			t.Errorf("%+v: %v with ties %v, expected %s with %d", c.rule, got.Winners, got.Ties, c.want, c.ties)
		}
	}
}

// Two voters, budget 20; x and y cost 11 and z 9; voter 1 wants x and z, voter
// 2 wants y. With an endowment of 10 each, only z can be paid. With 11, x (all
// that voter 1 has, rho 1, as z; a tie, by id x) and y cost 22: too much. So
// add1 goes back to 10. What is left, 11, pays one of x and y: by id x.
func TestAdd1ByHand(t *testing.T) {
	e := budget("20", []string{"x 11", "y 11", "z 9"}, "1: x z", "1: y")
	got := count(t, e, Rule{Name: "equal-shares", Completion: CompletionAdd1Greedy})
	if !slices.Equal(got.Winners, []string{"z", "x"}) || got.Endowment.String() != "10" || got.Spent.String() != "20" {
		t.Errorf("winners %v for %s, endowment %s", got.Winners, got.Spent, got.Endowment)
	}
	if want := []TieBreak{{Among: []string{"x", "y"}, Chosen: "x", By: TieByID}}; fmt.Sprint(got.Ties) != fmt.Sprint(want) {
		t.Errorf("ties %v, expected %v", got.Ties, want)
	}
}

func TestTieRules(t *testing.T) {
	e := budget("10", []string{"2 10", "10 10", "b 10"}, "1: 2", "1: 10", "1: b")
	for tie, want := range map[string]string{"id": "10", "votes-cost": "10", "lot:spring": "", "open": ""} {
		for _, rule := range []string{"greedy-votes", "greedy-votes-per-cost", "phragmen"} {
			parsed, err := ParseTie(tie)
			if err != nil {
				t.Fatal(err)
			}
			got := count(t, e, Rule{Name: rule, Tie: parsed})
			switch {
			case tie == "open":
				if len(got.Winners) != 0 || !slices.Equal(sorted(got.Tied), []string{"10", "2", "b"}) || got.Ties[0].Chosen != "" {
					t.Errorf("%s: open tie gives %v, tied %v", rule, got.Winners, got.Tied)
				}
			case want != "" && !slices.Equal(got.Winners, []string{want}):
				t.Errorf("%s by %s: %v", rule, tie, got.Winners)
			case len(got.Ties) != 1 || got.Ties[0].Chosen != got.Winners[0] || len(got.Ties[0].Among) != 3:
				t.Errorf("%s by %s: ties %v, winners %v", rule, tie, got.Ties, got.Winners)
			}
		}
	}
	// printf 'spring\nID' | sha256sum, for the three ids:
	// 3149a233… for 2, ecd5352f… for 10, 10b8f4ea… for b
	if got := count(t, e, Rule{Name: "greedy-votes", Tie: Tie{By: TieLot, Seed: "spring"}}); got.Winners[0] != "b" {
		t.Errorf("the lot gives %v", got.Winners)
	}
	for _, bad := range []string{"", "lot", "lot:", "coin", "id:3", "open:x"} {
		if _, err := ParseTie(bad); err == nil {
			t.Errorf("tie rule %q is taken", bad)
		}
	}
}

// An open tie is passed over where it makes no difference: two camps without a
// voter in common, each with two projects alike. Within a camp it does.
func TestOpenTies(t *testing.T) {
	open := Tie{By: TieOpen}
	apart := budget("40", []string{"a 20", "b 20"}, "5: a", "5: b")
	shared := budget("30", []string{"a 20", "b 20"}, "5: a b")
	for _, rule := range []string{"equal-shares", "phragmen"} {
		if got := count(t, apart, Rule{Name: rule, Tie: open}); len(got.Winners) != 2 || len(got.Tied) > 0 || got.Ties[0].By != noDifference {
			t.Errorf("%s: winners %v, tied %v, ties %v", rule, got.Winners, got.Tied, got.Ties)
		}
		if got := count(t, shared, Rule{Name: rule, Tie: open}); len(got.Winners) > 0 || len(got.Tied) != 2 {
			t.Errorf("%s: winners %v, tied %v", rule, got.Winners, got.Tied)
		}
	}
	apart.Budget, apart.Seats = nil, 1
	for _, rule := range []string{"equal-shares", "phragmen", "approval"} {
		if got := count(t, apart, Rule{Name: rule, Completion: CompletionAdd1, Tie: open}); len(got.Winners) > 0 || len(got.Tied) != 2 {
			t.Errorf("%s, one seat: winners %v, tied %v", rule, got.Winners, got.Tied)
		}
	}
}

// randomBudget makes a small election; numbers are small, so that ties and
// endowments that just suffice are common.
func randomBudget(rng *rand.Rand, kind Kind) *Election {
	e := &Election{Kind: kind, Budget: big.NewRat(int64(rng.IntN(60)), int64(1+rng.IntN(3)))}
	for i := range 1 + rng.IntN(6) {
		e.Options = append(e.Options, Option{ID: fmt.Sprint(i * 7 % 11), Cost: big.NewRat(int64(rng.IntN(25)), int64(1+rng.IntN(2)))})
	}
	for range rng.IntN(7) {
		b := Ballot{Weight: 1 + int64(rng.IntN(3))}
		b.Choices = rng.Perm(len(e.Options))[:rng.IntN(len(e.Options)+1)]
		if kind == Approval {
			slices.Sort(b.Choices)
		}
		if kind == Cumulative {
			for range b.Choices {
				b.Points = append(b.Points, big.NewRat(int64(rng.IntN(5)), int64(1+rng.IntN(2))))
			}
		}
		e.Ballots = append(e.Ballots, b)
	}
	return e
}

// budgetRules are all ways to count a budget of that kind of ballot.
func budgetRules(kind Kind) []Rule {
	utilities := []string{UtilityCost, UtilityCount}
	switch kind {
	case Cumulative:
		utilities = append(utilities, UtilityPoints)
	case Ordinal:
		utilities = append(utilities, UtilityBorda)
	}
	rules := []Rule{{Name: "greedy-votes"}, {Name: "greedy-votes", NoSkip: true}, {Name: "phragmen"}}
	for _, u := range utilities {
		rules = append(rules, Rule{Name: "greedy-votes-per-cost", Utility: u})
		for _, completion := range []string{CompletionNone, CompletionGreedy, CompletionAdd1, CompletionAdd1Greedy, CompletionPhragmen} {
			for _, stop := range []string{StopExhaustive, StopOverspend} {
				rules = append(rules, Rule{Name: "equal-shares", Utility: u, Completion: completion, Stop: stop, Integral: stop == StopOverspend})
			}
		}
	}
	return rules
}

func TestBudgetProperties(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 1))
	for i := range 150 {
		for _, kind := range []Kind{Approval, Cumulative, Ordinal} {
			e := randomBudget(rng, kind)
			permuted := permute(rng, e)
			for _, r := range budgetRules(kind) {
				r.Tie = []Tie{{}, {By: TieVotesCost}, {By: TieLot, Seed: "s"}, {By: TieOpen}}[i%4]
				got := count(t, e, r)
				checkFeasible(t, e, got)
				again := count(t, permuted, r)
				if !slices.Equal(got.Winners, again.Winners) || fmt.Sprint(got.Ties, got.Tied) != fmt.Sprint(again.Ties, again.Tied) {
					t.Fatalf("%+v: %v, and of the same ballots in another order %v\n%s", r, got, again, describeBudget(e))
				}
			}
		}
	}
}

// permute gives the same election with options and ballots in another order,
// and some ballots split into single voters.
func permute(rng *rand.Rand, e *Election) *Election {
	p := *e
	p.Options, p.Ballots = nil, nil
	place := rng.Perm(len(e.Options))
	p.Options = make([]Option, len(e.Options))
	for from, to := range place {
		p.Options[to] = e.Options[from]
	}
	for _, i := range rng.Perm(len(e.Ballots)) {
		b := e.Ballots[i]
		b.Choices = slices.Clone(b.Choices)
		for j, o := range b.Choices {
			b.Choices[j] = place[o]
		}
		for b.Weight > 1 {
			single := b
			single.Weight = 1
			p.Ballots = append(p.Ballots, single)
			b.Weight--
		}
		p.Ballots = append(p.Ballots, b)
	}
	return &p
}

func describeBudget(e *Election) string {
	s := fmt.Sprintf("%s, budget %s\n", e.Kind, e.Budget.RatString())
	for _, o := range e.Options {
		s += fmt.Sprintf("  %s costs %s\n", o.ID, o.Cost.RatString())
	}
	for _, b := range e.Ballots {
		s += fmt.Sprintf("  %d: %v %v\n", b.Weight, b.Choices, b.Points)
	}
	return s
}

// model prepares an election for runs of Equal Shares.
func model(t *testing.T, e *Election, r Rule) *sharesModel {
	c := &counting{ctx: t.Context(), election: e.Group(), rule: r, out: &Outcome{}, progress: func(int64, int64) {}}
	if err := c.sharesDefaults(); err != nil {
		t.Fatal(err)
	}
	m, _, err := c.sharesModel()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// runText says all that a run found, exactly.
func runText(run *sharesRun) string {
	s := ""
	for _, step := range run.steps {
		s += fmt.Sprintf("%d for %s: %d+%d; ", step.project, step.price.RatString(), step.full, step.rest)
	}
	for _, h := range run.held {
		if h != nil {
			s += "held " + h.RatString() + "; "
		}
	}
	return s + fmt.Sprint(run.ties, run.open)
}

// TestFastSharesAreExact holds the fast way to the definition in rationals.
func TestFastSharesAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	for i := range 1500 {
		kind := []Kind{Approval, Cumulative, Ordinal}[i%3]
		e := randomBudget(rng, kind)
		if e.Voters() == 0 {
			continue
		}
		r := Rule{Name: "equal-shares", Utility: []string{"", UtilityCost, UtilityCount}[rng.IntN(3)], Tie: Tie{By: []string{TieByID, TieOpen}[rng.IntN(2)]}}
		m := model(t, e, r)
		endowment := new(big.Rat).Quo(e.Budget, new(big.Rat).SetInt64(e.Voters()))
		endowment.Add(endowment, big.NewRat(int64(rng.IntN(20)), int64(1+rng.IntN(6))))
		if endowment.Sign() == 0 {
			continue
		}
		plain, err := m.runPlain(endowment)
		if err != nil {
			t.Fatal(err)
		}
		fast, err := m.run(endowment, false)
		if err != nil {
			t.Fatal(err)
		}
		if m.fast == nil {
			t.Fatal("the fast way was not taken")
		}
		if runText(plain) != runText(fast) {
			t.Fatalf("plain %s\nfast  %s\n%s", runText(plain), runText(fast), describeBudget(e))
		}
	}
}

// TestAdd1PassesOverNothing holds add1 to its definition, one step at a time.
func TestAdd1PassesOverNothing(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 3))
	passed := 0
	for i := range 600 {
		kind := []Kind{Approval, Cumulative, Ordinal}[i%3]
		e := randomBudget(rng, kind)
		if e.Voters() == 0 || e.Budget.Sign() == 0 {
			continue
		}
		r := Rule{Name: "equal-shares", Completion: CompletionAdd1, Stop: []string{StopExhaustive, StopOverspend}[rng.IntN(2)],
			Increment: big.NewRat(int64(1+rng.IntN(3)), int64(1+rng.IntN(12)))}
		m := model(t, e, r)
		endowment := m.c.firstEndowment()
		got, err := m.complete(endowment)
		if err != nil {
			t.Fatal(err)
		}
		want := stepwise(t, m, endowment)
		if runText(got) != runText(want) {
			t.Fatalf("complete: at %s %s\nstepwise: at %s %s\n%s", got.endowment, runText(got), want.endowment, runText(want), describeBudget(e))
		}
		if len(want.steps) < len(m.projects) && got.endowment.Cmp(want.endowment) != 0 {
			t.Fatalf("complete ends at %s, stepwise at %s\n%s", got.endowment, want.endowment, describeBudget(e))
		}
		sweep, err := m.run(endowment, true)
		if err != nil {
			t.Fatal(err)
		}
		if sweep.same != nil && sweep.same.Sign() > 0 {
			passed++
			last, err := m.runPlain(m.step(endowment, sweep.same))
			if err != nil {
				t.Fatal(err)
			}
			for j, s := range last.steps {
				if j >= len(sweep.steps) || sweep.steps[j].project != s.project {
					t.Fatalf("%s more steps are said to change nothing, and do\n%s", sweep.same, describeBudget(e))
				}
			}
		}
	}
	if passed < 100 {
		t.Errorf("only %d runs passed over anything", passed)
	}
}

// stepwise is add1 word for word.
func stepwise(t *testing.T, m *sharesModel, endowment *big.Rat) *sharesRun {
	run, err := m.runPlain(endowment)
	if err != nil {
		t.Fatal(err)
	}
	for !m.done(run) && len(run.open) == 0 {
		next, err := m.runPlain(m.step(run.endowment, big.NewInt(1)))
		if err != nil {
			t.Fatal(err)
		}
		if m.spent(next).Cmp(m.limit()) > 0 {
			return run
		}
		run = next
	}
	return run
}

// TestJustifiedRepresentation checks by brute force that Equal Shares satisfies
// EJR up to one project (Peters, Pierczyński, Skowron, arXiv:2008.13276, Theorem
// 2): for every group S and every set T of projects that S could afford with its
// share of the budget, where every member of S gets at least alpha(c) of each c in T,
// some member gets from the outcome at least alpha(T), or more than that with
// one more project of T.
func TestJustifiedRepresentation(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 4))
	groups := 0
	for i := range 240 {
		kind := []Kind{Approval, Cumulative}[i%2]
		e := randomBudget(rng, kind)
		for _, u := range []string{UtilityCost, UtilityCount, ""} {
			r := Rule{Name: "equal-shares", Utility: u, Tie: Tie{By: TieLot, Seed: fmt.Sprint(i)}}
			got := count(t, e, r)
			groups += checkEJR1(t, e, r, got)
		}
	}
	if groups < 1000 {
		t.Errorf("only %d cohesive groups were looked at", groups)
	}
}

func checkEJR1(t *testing.T, e *Election, r Rule, got *Outcome) (groups int) {
	c := &counting{ctx: t.Context(), election: e, rule: r, out: &Outcome{}}
	in, err := c.interests()
	if err != nil {
		t.Fatal(err)
	}
	utility := make([][]*big.Rat, len(e.Ballots))
	for i := range utility {
		utility[i] = make([]*big.Rat, len(e.Options))
		for o := range utility[i] {
			utility[i][o] = new(big.Rat)
		}
	}
	for o, supports := range in.supports {
		for _, s := range supports {
			utility[s.ballot][o].Mul(in.scale[o], new(big.Rat).SetInt64(s.units))
		}
	}
	won := make([]bool, len(e.Options))
	for o := range e.Options {
		won[o] = slices.Contains(got.Winners, e.Options[o].ID)
	}
	share := new(big.Rat)
	if n := e.Voters(); n > 0 {
		share.Quo(e.Budget, new(big.Rat).SetInt64(n))
	}
	for s := 1; s < 1<<len(e.Ballots); s++ {
		for set := 1; set < 1<<len(e.Options); set++ {
			if cohesive(e, utility, share, s, set) {
				groups++
				if !represented(e, utility, won, s, set) {
					t.Fatalf("%+v: winners %v leave ballots %b without their projects %b\n%s", r, got.Winners, s, set, describeBudget(e))
				}
			}
		}
	}
	return groups
}

// alpha is what every member of the group gets at least from a project.
func alpha(utility [][]*big.Rat, group, option int) *big.Rat {
	var least *big.Rat
	for i := range utility {
		if group>>i&1 == 1 && (least == nil || utility[i][option].Cmp(least) < 0) {
			least = utility[i][option]
		}
	}
	return least
}

func cohesive(e *Election, utility [][]*big.Rat, share *big.Rat, group, set int) bool {
	cost, money := new(big.Rat), new(big.Rat)
	for o := range e.Options {
		if set>>o&1 == 1 {
			if alpha(utility, group, o).Sign() == 0 {
				return false
			}
			cost.Add(cost, e.Options[o].Cost)
		}
	}
	for i, b := range e.Ballots {
		if group>>i&1 == 1 {
			money.Add(money, new(big.Rat).Mul(share, new(big.Rat).SetInt64(b.Weight)))
		}
	}
	return money.Cmp(cost) >= 0
}

func represented(e *Election, utility [][]*big.Rat, won []bool, group, set int) bool {
	due := new(big.Rat)
	for o := range e.Options {
		if set>>o&1 == 1 {
			due.Add(due, alpha(utility, group, o))
		}
	}
	for i := range e.Ballots {
		if group>>i&1 == 0 {
			continue
		}
		has := new(big.Rat)
		for o := range e.Options {
			if won[o] {
				has.Add(has, utility[i][o])
			}
		}
		if has.Cmp(due) >= 0 {
			return true
		}
		for o := range e.Options {
			if set>>o&1 == 1 && !won[o] && new(big.Rat).Add(has, utility[i][o]).Cmp(due) > 0 {
				return true
			}
		}
	}
	return false
}

func TestBudgetEdges(t *testing.T) {
	projects := []string{"a 10", "b 10"}
	all := []Rule{{Name: "greedy-votes"}, {Name: "greedy-votes-per-cost"}, {Name: "phragmen"}, {Name: "equal-shares"},
		{Name: "equal-shares", Completion: CompletionAdd1}, {Name: "equal-shares", Completion: CompletionAdd1, Stop: StopOverspend}, {Name: "equal-shares", Completion: CompletionAdd1Greedy}}
	huge := budget("1e30", []string{"a 1e29", "b 3e28"}, "9000000000000000000: a b", "200000000000000000: b")
	for name, c := range map[string]struct {
		e    *Election
		want []string // winners by any rule; nil: greedy and the others differ
	}{
		"no voters":                          {budget("0", projects), []string{}},
		"zero budget":                        {budget("0", projects, "3: a", "2: b"), []string{}},
		"all tied":                           {budget("10", projects, "1: a", "1: b", "1: a b"), nil},
		"free project":                       {budget("0", []string{"a 0", "b 1"}, "1: a b"), []string{"a"}},
		"empty ballots":                      {budget("0", projects, "5:"), []string{}},
		"no project":                         {budget("10", nil, "5:"), []string{}},
		"numbers too large for the fast way": {huge, []string{"b", "a"}},
	} {
		for _, r := range all {
			got := count(t, c.e, r)
			checkFeasible(t, c.e, got)
			if c.want != nil && !slices.Equal(sorted(got.Winners), sorted(c.want)) {
				t.Errorf("%s: %+v: winners %v", name, r, got.Winners)
			}
		}
	}
}

// A withdrawn project wins by no rule, and its voters keep their share.
func TestWithdrawnProject(t *testing.T) {
	e := budget("2000000000", []string{"gone 999999999", "a 10"}, "5: gone", "1: a gone", "4: a")
	e.Options[0].Withdrawn = true
	for _, r := range budgetRules(Approval) {
		if got := count(t, e, r); !slices.Equal(got.Winners, []string{"a"}) {
			t.Errorf("%+v: winners %v", r, got.Winners)
		}
	}
	if got := count(t, e, Rule{Name: "equal-shares"}); got.Endowment.String() != "200000000" {
		t.Errorf("endowment %s: the voters of a withdrawn project lost their share", got.Endowment)
	}
}

func TestBadElections(t *testing.T) {
	good := func() *Election { return budget("10", []string{"a 1", "b 2"}, "1: a b") }
	for name, spoil := range map[string]func(*Election){
		"negative cost":    func(e *Election) { e.Options[0].Cost = rat("-1") },
		"missing cost":     func(e *Election) { e.Options[0].Cost = nil },
		"negative budget":  func(e *Election) { e.Budget = rat("-1") },
		"weight of zero":   func(e *Election) { e.Ballots[0].Weight = 0 },
		"negative weight":  func(e *Election) { e.Ballots[0].Weight = -5 },
		"weights overflow": func(e *Election) { e.Ballots = append(e.Ballots, Ballot{Weight: 1<<63 - 1}) },
		"unknown option":   func(e *Election) { e.Ballots[0].Choices = []int{7} },
		"negative option":  func(e *Election) { e.Ballots[0].Choices = []int{-1} },
		"option twice":     func(e *Election) { e.Ballots[0].Choices = []int{0, 0} },
		"same id twice":    func(e *Election) { e.Options[1].ID = "a" },
		"no id":            func(e *Election) { e.Options[1].ID = "" },
		"no points":        func(e *Election) { e.Kind = Cumulative },
		"two of one":       func(e *Election) { e.Kind = ChooseOne },
		"negative seats":   func(e *Election) { e.Seats = -1 },
	} {
		e := good()
		spoil(e)
		if out, err := Count(e, Rule{Name: "equal-shares", Utility: UtilityCount}); err == nil {
			t.Errorf("%s is counted: %v", name, out.Winners)
		}
	}
	for name, r := range map[string]Rule{
		"unknown rule": {Name: "coin"}, "unknown utility": {Name: "equal-shares", Utility: "joy"}, "points of approvals": {Name: "equal-shares", Utility: UtilityPoints},
		"unknown completion": {Name: "equal-shares", Completion: "more"}, "unknown stop": {Name: "equal-shares", Stop: "never"},
		"no increment": {Name: "equal-shares", Increment: new(big.Rat)}, "negative increment": {Name: "equal-shares", Increment: rat("-1")},
	} {
		if _, err := Count(good(), r); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	noBudget := good()
	noBudget.Budget = nil
	if _, err := Count(noBudget, Rule{Name: "greedy-votes"}); err == nil {
		t.Error("greedy counts without a budget")
	}
	if _, err := Count(noBudget, Rule{Name: "equal-shares", Seats: 3}); err == nil {
		t.Error("three seats for two candidates are taken")
	}
}
