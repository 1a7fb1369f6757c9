package tally

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rankings makes an election of lines "weight A>B=C"; candidates are sorted by
// id, and those after "|" in the first line stand without being ranked.
func rankings(t testing.TB, seats int, lines ...string) *Election {
	t.Helper()
	e := &Election{Kind: Ordinal, Seats: seats}
	var ids []string
	for _, line := range lines {
		_, order, _ := strings.Cut(line, " ")
		for _, id := range strings.FieldsFunc(order, func(r rune) bool { return strings.ContainsRune(">=|", r) }) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		e.Options = append(e.Options, Option{ID: id})
	}
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "|")
		weight, order, _ := strings.Cut(line, " ")
		n, err := strconv.ParseInt(weight, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		b := Ballot{Weight: n}
		if order != "" {
			for rank, equal := range strings.Split(order, ">") {
				for _, id := range strings.Split(equal, "=") {
					b.Choices = append(b.Choices, slices.Index(ids, id))
					b.Ranks = append(b.Ranks, rank)
				}
			}
		}
		e.Ballots = append(e.Ballots, b)
	}
	return e
}

// tennessee is the usual example of where to put a capital: voters of four
// cities by distance (Wikipedia, "Condorcet method", "Instant-runoff voting").
func tennessee(t testing.TB) *Election {
	return rankings(t, 0,
		"42 Memphis>Nashville>Chattanooga>Knoxville",
		"26 Nashville>Chattanooga>Knoxville>Memphis",
		"15 Chattanooga>Knoxville>Nashville>Memphis",
		"17 Knoxville>Chattanooga>Nashville>Memphis")
}

// circle has a circle A over B by 19, B over C by 21, C over A by 19, and D who
// loses to each by 1: worked out in docs/counting.md.
func circle(t testing.TB) *Election {
	return rankings(t, 0,
		"10 A>B>C>D", "10 B>C>A>D", "10 C>A>B>D",
		"10 D>A>B>C", "10 D>B>C>A", "9 D>C>A>B")
}

// schulze is the first example of Schulze, "A new monotonic, clone-independent,
// reversal symmetric, and Condorcet-consistent single-winner election method"
// (Social Choice and Welfare 36, 2011), with 45 voters.
func schulze(t testing.TB) *Election {
	return rankings(t, 0,
		"5 A>C>B>E>D", "5 A>D>E>C>B", "8 B>E>D>A>C", "3 C>A>B>E>D",
		"7 C>A>E>B>D", "2 C>B>A>D>E", "7 D>C>E>B>A", "8 E>B>A>D>C")
}

func TestRulesOnKnownElections(t *testing.T) {
	all := func(ids ...string) []string { return ids }
	for _, test := range []struct {
		name     string
		election *Election
		rule     string
		tie      string
		winners  []string
		tied     []string
		ranking  string
	}{
		{"tennessee", tennessee(t), "plurality", "", all("Memphis"), nil, "Memphis>Nashville>Knoxville>Chattanooga"},
		{"tennessee", tennessee(t), "irv", "", all("Knoxville"), nil, ""},
		{"tennessee", tennessee(t), "schulze", "", all("Nashville"), nil, "Nashville>Chattanooga>Knoxville>Memphis"},
		{"tennessee", tennessee(t), "ranked-pairs", "", all("Nashville"), nil, "Nashville>Chattanooga>Knoxville>Memphis"},
		{"tennessee", tennessee(t), "minimax", "", all("Nashville"), nil, ""},
		{"tennessee", tennessee(t), "copeland", "", all("Nashville"), nil, "Nashville>Chattanooga>Knoxville>Memphis"},
		{"tennessee", tennessee(t), "split-cycle", "", all("Nashville"), nil, ""},
		{"tennessee", tennessee(t), "smith", "", all("Nashville"), nil, ""},

		{"schulze 2011", schulze(t), "schulze", "", all("E"), nil, "E>A>C>B>D"},

		{"circle", circle(t), "schulze", "open", nil, all("A", "B"), ""},
		{"circle", circle(t), "schulze", "id", all("A"), nil, "A=B>C>D"},
		{"circle", circle(t), "ranked-pairs", "id", all("A"), nil, "A>B>C>D"},
		{"circle", circle(t), "ranked-pairs", "open", nil, all("A", "B"), ""},
		{"circle", circle(t), "minimax", "", all("D"), nil, "D>A=B>C"},
		{"circle", circle(t), "copeland", "open", nil, all("A", "B", "C"), ""},
		{"circle", circle(t), "split-cycle", "open", nil, all("A", "B"), ""},
		{"circle", circle(t), "smith", "open", all("A", "B", "C"), nil, ""},
	} {
		t.Run(test.name+" "+test.rule+" "+test.tie, func(t *testing.T) {
			out := mustCount(t, test.election, Rule{Name: test.rule, Tie: Tie{By: test.tie}})
			if !slices.Equal(out.Winners, test.winners) || !slices.Equal(out.Tied, test.tied) {
				t.Errorf("winners %v, tied %v; expected %v, %v", out.Winners, out.Tied, test.winners, test.tied)
			}
			var ranking []string
			for _, equal := range out.Ranking {
				ranking = append(ranking, strings.Join(equal, "="))
			}
			if got := strings.Join(ranking, ">"); test.ranking != "" && got != test.ranking {
				t.Errorf("ranking %s; expected %s", got, test.ranking)
			}
			if open := len(test.tied) > 0; open != explained(out, "counting.why.tied") {
				t.Errorf("explains an open tie: %v, expected %v", !open, open)
			}
		})
	}
}

func TestRunoffRounds(t *testing.T) {
	out := mustCount(t, tennessee(t), Rule{Name: "irv"})
	want := []string{
		"exclude Chattanooga: Chattanooga 15, Knoxville 17, Memphis 42, Nashville 26; Chattanooga to Knoxville 15",
		"exclude Nashville: Knoxville 32, Memphis 42, Nashville 26; Nashville to Knoxville 26",
		"elect Knoxville: Knoxville 58, Memphis 42",
	}
	if got := describe(out); !slices.Equal(got, want) {
		t.Errorf("rounds\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// describe writes the rounds of a count as lines.
func describe(out *Outcome) []string {
	var lines []string
	for _, r := range out.Rounds {
		var counts, transfers []string
		for _, c := range r.Counts {
			counts = append(counts, c.Option+" "+c.Value.String())
		}
		for _, tr := range r.Transfers {
			to := tr.To
			if to == "" {
				to = "no one"
			}
			transfers = append(transfers, tr.From+" to "+to+" "+tr.Value.String())
		}
		line := r.Action + " " + strings.Join(r.Options, " ") + ": " + strings.Join(counts, ", ")
		if len(transfers) > 0 {
			line += "; " + strings.Join(transfers, ", ")
		}
		lines = append(lines, line)
	}
	return lines
}

// The arithmetic of this case is done by hand in docs/counting.md.
func TestScottishByHand(t *testing.T) {
	e := rankings(t, 2, "7 A>B", "4 A>C", "3 B", "2 C")
	out := mustCount(t, e, Rule{Name: "stv-scottish"})
	want := []string{
		"elect A: A 11, B 3, C 2",
		"surplus A: A 11, B 3, C 2; A to B 3.18178, A to C 1.81816",
		"elect B: A 6, B 6.18178, C 3.81816",
	}
	if got := describe(out); !slices.Equal(got, want) {
		t.Errorf("rounds\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	last := out.Rounds[2]
	if last.Quota.String() != "6" || last.Lost.String() != "0.00006" || last.Exhausted.String() != "0" {
		t.Errorf("quota %s, lost %s, exhausted %s; expected 6, 0.00006, 0", last.Quota, last.Lost, last.Exhausted)
	}
}

// The same papers by exact fractions: quota 16/3, surplus 17/3, each of A's
// papers worth 17/33.
func TestWIGMByHand(t *testing.T) {
	e := rankings(t, 2, "7 A>B", "4 A>C", "3 B", "2 C")
	out := mustCount(t, e, Rule{Name: "stv-wigm"})
	want := []string{
		"elect A: A 11, B 3, C 2",
		"surplus A: A 11, B 3, C 2; A to B 119/33, A to C 68/33",
		"elect B: A 16/3, B 218/33, C 134/33",
	}
	if got := describe(out); !slices.Equal(got, want) {
		t.Errorf("rounds\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// C has 25 votes of 90 for two seats: less than the quota of 30, but more than
// the quota of 24 that is left once A's surplus is exhausted or passed on.
func TestMeekLowersTheQuota(t *testing.T) {
	out := mustCount(t, rankings(t, 2, "30 A", "30 A>B", "5 B", "25 C"), Rule{Name: "stv-meek"})
	if !slices.Equal(out.Winners, []string{"A", "C"}) {
		t.Fatalf("elected %v, expected A and C", out.Winners)
	}
	last := out.Rounds[len(out.Rounds)-1]
	if q := last.Quota.Rat; last.Action != "elect" || q.Cmp(big.NewRat(24, 1)) < 0 || q.Cmp(big.NewRat(25, 1)) >= 0 {
		t.Errorf("%s at quota %s, expected C elected at a quota from 24 to below 25", last.Action, last.Quota)
	}
}

// The equations of both cases are solved by hand in docs/counting.md.
func TestMeekByHand(t *testing.T) {
	for _, test := range []struct {
		seats              int
		d                  string
		quota, keepA, tied string
	}{
		{2, "23 D", "23.600000", "0.393333", "12.100000"},
		{3, "24 D", "14.400000", "0.240000", "14.400000"}, // four at the quota for three seats
	} {
		e := rankings(t, test.seats, "30 A", "30 A>B=C", "3 B", "3 C", test.d)
		out := mustCount(t, e, Rule{Name: "stv-meek", Tie: Tie{By: TieOpen}})
		last := out.Rounds[len(out.Rounds)-1]
		if last.Action != "tie" || !slices.Equal(out.Tied, []string{"B", "C"}) {
			t.Fatalf("%v: expected the last tie between B and C", describe(out))
		}
		six := func(tallies []Tally, id string) string {
			for _, tally := range tallies {
				if tally.Option == id {
					return tally.Value.FloatString(6)
				}
			}
			return "nothing"
		}
		got := []string{last.Quota.FloatString(6), six(last.Keep, "A"), six(last.Counts, "A"), six(last.Counts, "B"), six(last.Counts, "C")}
		if want := []string{test.quota, test.keepA, test.quota, test.tied, test.tied}; !slices.Equal(got, want) {
			t.Errorf("quota, keep of A, votes of A, B and C are %v, expected %v", got, want)
		}
	}
}

func TestScottishTieByEarlierStage(t *testing.T) {
	// C and D are equal when one must go, but C was behind at the first stage.
	e := rankings(t, 1, "10 A", "9 B", "4 C", "5 D", "1 E>C", "2 F>A")
	out := mustCount(t, e, Rule{Name: "stv-scottish"})
	i := slices.IndexFunc(out.Ties, func(tie TieBreak) bool { return tie.By == byEarlierRound })
	if i < 0 || out.Ties[i].Chosen != "C" || !slices.Equal(out.Ties[i].Among, []string{"C", "D"}) {
		t.Errorf("ties %+v: expected C to leave before D by an earlier stage", out.Ties)
	}
}

func TestRunoffOpenTies(t *testing.T) {
	// C and D together are behind B: which of them leaves first is no matter.
	out := mustCount(t, rankings(t, 0, "10 A", "8 B", "3 C>B", "3 D>A"), Rule{Name: "irv", Tie: Tie{By: TieOpen}})
	if !slices.Equal(out.Winners, []string{"A"}) || len(out.Ties) != 1 || out.Ties[0].By != noDifference {
		t.Errorf("winners %v, ties %+v: expected A, and one tie without a difference", out.Winners, out.Ties)
	}
	// B and C are tied, and who leaves decides whether A wins.
	out = mustCount(t, rankings(t, 0, "4 A", "3 B>C", "3 C>B"), Rule{Name: "irv", Tie: Tie{By: TieOpen}})
	if len(out.Winners) != 0 || !slices.Equal(out.Tied, []string{"B", "C"}) {
		t.Errorf("winners %v, tied %v: expected the tie of B and C to stay open", out.Winners, out.Tied)
	}
}

func TestEqualRanks(t *testing.T) {
	e := rankings(t, 1, "3 A=B", "2 C", "1 B")
	// As on public ballots, IRV and the Scottish rules don't count A=B.
	out := mustCount(t, e, Rule{Name: "irv"})
	if got := out.Rounds[0].Exhausted.String(); got != "3" {
		t.Errorf("irv: %s votes exhausted, expected the three that rank A and B equally", got)
	}
	if out = mustCount(t, e, Rule{Name: "stv-scottish"}); !explained(out, "counting.why.stv_unmarked") || out.Rounds[0].Quota.String() != "2" {
		t.Errorf("stv-scottish: quota %s; expected 2, of three valid papers", out.Rounds[0].Quota)
	}
	// Exact WIGM and Meek share them: A 1.5, B 2.5, C 2.
	for _, rule := range []string{"stv-wigm", "stv-meek"} {
		out = mustCount(t, e, Rule{Name: rule})
		first := describe(out)[0]
		if !strings.Contains(first, "A 1.5, B 2.5, C 2") || !slices.Equal(out.Winners, []string{"B"}) {
			t.Errorf("%s: %s, elected %v; expected A 1.5, B 2.5, C 2 and B", rule, first, out.Winners)
		}
	}
}

func TestWithdrawn(t *testing.T) {
	e := tennessee(t)
	for i := range e.Options {
		e.Options[i].Withdrawn = e.Options[i].ID == "Nashville"
	}
	for _, rule := range []string{"irv", "schulze", "ranked-pairs", "minimax", "copeland", "split-cycle", "smith", "plurality", "stv-scottish", "stv-wigm", "stv-meek"} {
		out := mustCount(t, e, Rule{Name: rule})
		want := "Chattanooga" // beats Memphis 58 to 42 and Knoxville 83 to 17
		switch rule {
		case "irv":
			// 41 for Chattanooga once Nashville's voters go there, 42 for Memphis, 17 leave.
		case "plurality":
			want = "Memphis"
		}
		if !slices.Equal(out.Winners, []string{want}) {
			t.Errorf("%s: %v, expected %s", rule, out.Winners, want)
		}
	}
}

func TestTwoSeatsFromARanking(t *testing.T) {
	out := mustCount(t, tennessee(t), Rule{Name: "schulze", Seats: 2})
	if !slices.Equal(out.Winners, []string{"Nashville", "Chattanooga"}) {
		t.Errorf("%v", out.Winners)
	}
	for _, rule := range []string{"irv", "split-cycle", "smith"} {
		if _, err := Count(tennessee(t), Rule{Name: rule, Seats: 2}); err == nil {
			t.Errorf("%s filled two seats", rule)
		}
	}
}

func TestNothingToCount(t *testing.T) {
	for _, rule := range slices.Sorted(maps.Keys(methods)) {
		m := methods[rule]
		if m.kinds[0] == Positions || slices.Equal(m.kinds, marked) {
			continue // an answer of their own: no quorum, or no one has votes
		}
		e := &Election{Kind: m.kinds[0], Options: []Option{{ID: "A"}}}
		if _, err := Count(e, Rule{Name: rule}); err == nil {
			t.Errorf("%s counted no ballots", rule)
		}
		e = &Election{Kind: m.kinds[0], Ballots: []Ballot{{Weight: 1}}}
		if _, err := Count(e, Rule{Name: rule}); err == nil {
			t.Errorf("%s counted no candidates", rule)
		}
	}
}

// All tied: everyone is as good, so an open tie names all of them, and the id
// decides otherwise.
func TestAllTied(t *testing.T) {
	e := rankings(t, 1, "1 A>B>C", "1 B>C>A", "1 C>A>B")
	for _, rule := range []string{"irv", "schulze", "ranked-pairs", "minimax", "copeland", "split-cycle", "plurality", "stv-scottish", "stv-wigm", "stv-meek"} {
		out := mustCount(t, e, Rule{Name: rule, Tie: Tie{By: TieOpen}})
		if len(out.Winners) != 0 || !slices.Equal(out.Tied, []string{"A", "B", "C"}) {
			t.Errorf("%s: winners %v, tied %v; expected all three tied", rule, out.Winners, out.Tied)
		}
		for _, tie := range []string{"id", "votes-cost", "lot:a published seed"} {
			by, err := ParseTie(tie)
			if err != nil {
				t.Fatal(err)
			}
			out := mustCount(t, e, Rule{Name: rule, Tie: by})
			if len(out.Winners) != 1 || len(out.Tied) != 0 || len(out.Ties) == 0 {
				t.Errorf("%s, tie %s: winners %v, tied %v, ties %v", rule, tie, out.Winners, out.Tied, out.Ties)
			}
			if tie == "id" && rule != "irv" && !strings.HasPrefix(rule, "stv") && out.Winners[0] != "A" {
				t.Errorf("%s: %v, expected A by its id", rule, out.Winners)
			}
		}
	}
	out := mustCount(t, e, Rule{Name: "smith"})
	if len(out.Winners) != 3 {
		t.Errorf("smith: %v", out.Winners)
	}
}

func TestFewerCandidatesThanSeats(t *testing.T) {
	e := rankings(t, 5, "2 A>B", "1 B")
	for _, rule := range []string{"stv-scottish", "stv-wigm", "stv-meek"} {
		out := mustCount(t, e, Rule{Name: rule})
		if !slices.Equal(out.Winners, []string{"A", "B"}) || !explained(out, "counting.why.empty_seats") {
			t.Errorf("%s: %v", rule, out.Winners)
		}
	}
}

func TestOutcomeAsJSON(t *testing.T) {
	out := mustCount(t, circle(t), Rule{Name: "copeland"})
	text, err := json.Marshal(out.Rounds)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"action":"duels-won","counts":[{"option":"A","value":"2"},{"option":"B","value":"2"},{"option":"C","value":"2"},{"option":"D","value":"0"}]}]`
	if string(text) != want {
		t.Errorf("%s", text)
	}
}

func TestScore(t *testing.T) {
	e := &Election{Kind: Score, Options: []Option{{ID: "A"}, {ID: "B"}, {ID: "C", Withdrawn: true}}, Ballots: []Ballot{
		{Weight: 2, Choices: []int{0, 1}, Points: []*big.Rat{big.NewRat(1, 10), big.NewRat(2, 10)}},
		{Weight: 1, Choices: []int{0, 2}, Points: []*big.Rat{big.NewRat(3, 10), big.NewRat(9, 1)}},
	}}
	out := mustCount(t, e, Rule{Name: "score"})
	if got := describe(out)[0]; got != "count : A 0.5, B 0.4" || !slices.Equal(out.Winners, []string{"A"}) {
		t.Errorf("%s: %v", got, out.Winners)
	}
}

// A tie says whether the chosen one is ahead or leaves.
func TestTieSaysWhoLeaves(t *testing.T) {
	out := mustCount(t, rankings(t, 1, "4 A", "3 B>C", "3 C>B"), Rule{Name: "irv"})
	if len(out.Ties) != 1 || !out.Ties[0].Out || out.Ties[0].Chosen != "C" || !slices.Equal(out.Winners, []string{"B"}) {
		t.Errorf("winners %v, ties %+v: expected C, the last by id, to leave, and B to win", out.Winners, out.Ties)
	}
	out = mustCount(t, rankings(t, 1, "3 B", "3 C"), Rule{Name: "plurality"})
	if len(out.Ties) != 1 || out.Ties[0].Out || out.Ties[0].Chosen != "B" {
		t.Errorf("ties %+v: expected B, the first by id, to win", out.Ties)
	}
}

// A small file can name many candidates: what would need the square of them is
// refused, not begun.
func TestTooManyCandidates(t *testing.T) {
	e := &Election{Kind: Ordinal, Ballots: []Ballot{{Weight: 1, Choices: []int{0}}}}
	for i := range maxCandidates + 1 {
		e.Options = append(e.Options, Option{ID: numberID(i)})
	}
	for rule, m := range methods {
		if !slices.Equal(m.kinds, ranked) {
			continue
		}
		if _, err := Count(e, Rule{Name: rule}); err == nil || !strings.Contains(err.Error(), "up to 1000") {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, rule := range []string{"irv", "ranked-pairs", "stv-scottish", "stv-wigm", "stv-meek"} {
		if out, err := CountContext(ctx, tennessee(t), Rule{Name: rule}, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s went on: %v, %v", rule, out, err)
		}
	}
}

// Many equally strong duels in circles: their orders are too many to follow,
// and the count says so.
func TestTooManyOpenOrders(t *testing.T) {
	t.Parallel()
	e := &Election{Kind: Ordinal}
	const n = 23
	for i := range n {
		e.Options = append(e.Options, Option{ID: numberID(i)})
		b := Ballot{Weight: 1}
		for j := range n {
			b.Choices = append(b.Choices, (i+j)%n)
		}
		e.Ballots = append(e.Ballots, b)
	}
	_, err := Count(e, Rule{Name: "ranked-pairs", Tie: Tie{By: TieOpen}})
	if err == nil || !strings.Contains(err.Error(), "too many to leave open") {
		t.Errorf("%v", err)
	}
	if out := mustCount(t, e, Rule{Name: "ranked-pairs"}); len(out.Winners) != 1 {
		t.Errorf("by id: %v", out.Winners)
	}
}

// Seats that nobody fills are said, by whatever rule.
func TestEmptySeats(t *testing.T) {
	withdrawn := &Election{Kind: Approval, Options: []Option{{ID: "a"}, {ID: "b", Withdrawn: true}, {ID: "c"}}, Ballots: []Ballot{{Weight: 3, Choices: []int{0, 1}}, {Weight: 1, Choices: []int{2}}}}
	for _, rule := range []string{"approval", "phragmen", "equal-shares"} {
		out := mustCount(t, withdrawn, Rule{Name: rule, Seats: 3, Completion: map[string]string{"equal-shares": CompletionGreedy}[rule]})
		if !slices.Equal(out.Winners, []string{"a", "c"}) || !explained(out, "counting.why.empty_seats") {
			t.Errorf("%s: %v, %v", rule, out.Winners, out.Explanation)
		}
	}
	// Two seats, four voters: a seat costs two, which the three for a have and the one for c has not.
	out := mustCount(t, withdrawn, Rule{Name: "equal-shares", Seats: 2, Completion: CompletionNone})
	if !slices.Equal(out.Winners, []string{"a"}) || !explained(out, "counting.why.unfilled_seats") {
		t.Errorf("%v, %v", out.Winners, out.Explanation)
	}
	out = mustCount(t, rankings(t, 1, "2 A>B"), Rule{Name: "schulze", Seats: 3})
	if !explained(out, "counting.why.empty_seats") {
		t.Error(out.Explanation)
	}
}

// Plurality counts where it is asked for, and is proposed to nobody.
func TestPluralityIsNotProposed(t *testing.T) {
	e := rankings(t, 1, "2 A>B")
	if slices.Contains(RulesFor(e), "plurality") {
		t.Error(RulesFor(e))
	}
	if _, err := DeclaredRule(e); err == nil || strings.Contains(err.Error(), "plurality") {
		t.Error(err)
	}
	mustCount(t, e, Rule{Name: "plurality"})
}
