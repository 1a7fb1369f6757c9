package opinion

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func mustMake(t testing.TB, c *Conversation, o Options) *Map {
	t.Helper()
	m, err := Make(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance || math.IsNaN(got) {
		t.Errorf("%s: %.12g, want %.12g", what, got, want)
	}
}

// sameMap says how two maps of the same votes differ beyond rounding, their
// groups aside, or "".
// Participants and statements may stand in different orders.
func sameMap(a, b *Map) string {
	statement := map[string]int{}
	for j, s := range b.Statements {
		statement[s.ID] = j
	}
	participant := map[string]int{}
	for p, id := range b.Participants {
		participant[id] = p
	}
	if len(a.Participants) != len(b.Participants) || a.Votes != b.Votes || a.Superseded != b.Superseded || a.Grouped != b.Grouped || a.K != b.K {
		return fmt.Sprintf("%d participants, %d votes, %d superseded, %d grouped, %d groups; and %d, %d, %d, %d, %d",
			len(a.Participants), a.Votes, a.Superseded, a.Grouped, a.K, len(b.Participants), b.Votes, b.Superseded, b.Grouped, b.K)
	}
	width := 0.0
	for _, p := range a.Points {
		width = max(width, math.Abs(p.X), math.Abs(p.Y))
	}
	for axis := range 2 {
		for j, x := range a.Components[axis] {
			if y := b.Components[axis][statement[a.Statements[j].ID]]; math.Abs(x-y) > 1e-6 {
				return fmt.Sprintf("component %d, statement %s: %g and %g", axis+1, a.Statements[j].ID, x, y)
			}
		}
	}
	for i, p := range a.Points {
		q := b.Points[participant[a.Participants[i]]]
		if math.Abs(p.X-q.X) > 1e-5*width || math.Abs(p.Y-q.Y) > 1e-5*width {
			return fmt.Sprintf("participant %s: %+v and %+v", a.Participants[i], p, q)
		}
	}
	return ""
}

// sameGroups says how two maps of the same votes differ in their groups, or "".
func sameGroups(a, b *Map) string {
	if x, y := groupsOf(a, b); !slices.Equal(x, y) {
		return fmt.Sprintf("groups: adjusted Rand index %g", AdjustedRand(x, y))
	}
	for g := range a.Groups {
		for i, r := range a.Groups[g].Representative {
			s := b.Groups[g].Representative[i]
			s.Statement = r.Statement
			if a.Statements[r.Statement].ID != b.Statements[b.Groups[g].Representative[i].Statement].ID || r != s {
				return fmt.Sprintf("group %d, representative statement %d: %+v and %+v", g, i, r, s)
			}
		}
	}
	for i, r := range a.CommonGround {
		if q := b.CommonGround[i]; r.Value != q.Value {
			return fmt.Sprintf("common ground %d: %+v and %+v", i, r, q)
		}
	}
	if math.Abs(a.Silhouette-b.Silhouette) > 1e-6 || a.Alike != b.Alike {
		return fmt.Sprintf("silhouette %g, alike %v; and %g, %v", a.Silhouette, a.Alike, b.Silhouette, b.Alike)
	}
	return ""
}

// groupsOf returns the groups of a's participants in a and in b.
func groupsOf(a, b *Map) (x, y []int) {
	participant := map[string]int{}
	for p, id := range b.Participants {
		participant[id] = p
	}
	for i, p := range a.Points {
		x, y = append(x, p.Group), append(y, b.Points[participant[a.Participants[i]]].Group)
	}
	return x, y
}

// castsOf returns a conversation as votes, in the order of participants.
func castsOf(c *Conversation) []Cast {
	var out []Cast
	for p, row := range c.rows {
		for _, v := range row {
			out = append(out, Cast{c.participants[p], c.statements[v.statement()].ID, v.vote()})
		}
	}
	return out
}

func TestOrderMakesNoDifference(t *testing.T) {
	c := synthetic(150, 30, 15, 3)
	casts, statements := castsOf(c), slices.Clone(c.statements)
	want := mustMake(t, c, Options{})
	chance := rand.New(rand.NewPCG(5, 5))
	for range 3 {
		chance.Shuffle(len(casts), func(i, j int) { casts[i], casts[j] = casts[j], casts[i] })
		chance.Shuffle(len(statements), func(i, j int) { statements[i], statements[j] = statements[j], statements[i] })
		other, err := NewConversation(statements, casts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Or(sameMap(want, mustMake(t, other, Options{})), sameGroups(want, mustMake(t, other, Options{}))); diff != "" {
			t.Error(diff)
		}
	}
}

// New names put participants and statements in another order within the
// computation: the map stays the same to rounding.
func TestNamesMakeNoDifference(t *testing.T) {
	c := synthetic(150, 30, 15, 3)
	want := mustMake(t, c, Options{})
	chance := rand.New(rand.NewPCG(6, 6))
	people, sentences := chance.Perm(len(c.participants)), chance.Perm(len(c.statements))
	var statements []Statement
	for j := range c.statements {
		statements = append(statements, Statement{ID: fmt.Sprint(sentences[j])})
	}
	casts := castsOf(c)
	for i, v := range casts {
		var p, s int
		fmt.Sscan(v.Participant, &p)
		fmt.Sscan(v.Statement, &s)
		casts[i].Participant, casts[i].Statement = fmt.Sprint(people[p]), fmt.Sprint(sentences[s])
	}
	renamed, err := NewConversation(statements, casts)
	if err != nil {
		t.Fatal(err)
	}
	got := mustMake(t, renamed, Options{})
	back := make([]string, len(people))
	for old, renamed := range people {
		back[renamed] = c.participants[old]
	}
	named := *got
	named.Participants, named.Statements = nil, slices.Clone(got.Statements)
	for _, id := range got.Participants {
		var p int
		fmt.Sscan(id, &p)
		named.Participants = append(named.Participants, back[p])
	}
	for j := range named.Statements {
		var s int
		fmt.Sscan(named.Statements[j].ID, &s)
		named.Statements[j].ID = c.statements[slices.Index(sentences, s)].ID
	}
	if diff := cmp.Or(sameMap(want, &named), sameGroups(want, &named)); diff != "" {
		t.Error(diff)
	}
}

func TestSameVotesGiveTheSameBytes(t *testing.T) {
	c := synthetic(300, 40, 15, 3)
	first, err := json.Marshal(mustMake(t, c, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := json.Marshal(mustMake(t, c, Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if string(first) != string(again) {
			t.Fatal("the same votes gave another map")
		}
	}
}

// Two axes tell three camps apart, not more: their leanings lie in a plane.
func TestCampsAreFound(t *testing.T) {
	for camps := 2; camps <= 3; camps++ {
		c := synthetic(400, 60, 30, camps)
		m := mustMake(t, c, Options{})
		var truth, got []int
		for i, p := range m.Points {
			if p.Group >= 0 {
				truth, got = append(truth, i%camps), append(got, p.Group)
			}
		}
		if ari := AdjustedRand(truth, got); m.K != camps || ari < 0.9 {
			t.Errorf("%d camps: %d groups, adjusted Rand index %.3f", camps, m.K, ari)
		}
	}
}

func TestLiveMapIsTheMapOfItsVotes(t *testing.T) {
	for _, name := range []string{"canadian-electoral-reform", "vtaiwan.uberx", "london.youth.policing"} {
		c, _ := loadReference(t, name)
		liveFollows(t, c, 6)
	}
	liveFollows(t, synthetic(300, 40, 15, 3), 12)
}

// liveFollows casts votes and compares the live map with one made from scratch.
func liveFollows(t *testing.T, c *Conversation, votes int) {
	t.Helper()
	l, err := NewLive(c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	l.Map()
	statements, casts := slices.Clone(c.statements), castsOf(c)
	chance := rand.New(rand.NewPCG(9, 9))
	for i := range votes {
		v := Cast{
			c.participants[chance.IntN(len(c.participants))], c.statements[chance.IntN(len(c.statements))].ID,
			Vote(chance.IntN(3) - 1),
		}
		switch i % 4 {
		case 1:
			v.Participant = fmt.Sprintf("new %d", i)
		case 2: // a changed vote
			old := casts[chance.IntN(len(casts))]
			v = Cast{old.Participant, old.Statement, -old.Vote}
		case 3:
			added := Statement{ID: fmt.Sprintf("new %d", i), Text: "One more"}
			if err := l.Add(added); err != nil {
				t.Fatal(err)
			}
			statements = append(statements, added)
			v.Statement = added.ID
		}
		if err := l.Cast(v); err != nil {
			t.Fatal(err)
		}
		casts = append(casts, v)
		scratch, err := NewConversation(statements, casts)
		if err != nil {
			t.Fatal(err)
		}
		got, want := l.Map(), mustMake(t, scratch, Options{})
		got.Superseded = want.Superseded // the live one has those of before
		if diff := sameMap(want, got); diff != "" {
			t.Errorf("after vote %d (%+v): %s", i+1, v, diff)
		}
		// A participant between two groups may go to either: k-means has more
		// than one answer.
		if ari := AdjustedRand(groupsOf(want, got)); ari < 0.95 {
			t.Errorf("after vote %d (%+v): adjusted Rand index %.3f of the groups", i+1, v, ari)
		}
	}
}

func TestAMapStaysAsItWasMade(t *testing.T) {
	l, err := NewLive(synthetic(100, 20, 12, 2), Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := l.Map()
	before, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if err := l.Cast(Cast{fmt.Sprint(i), fmt.Sprint(i % 20), Agree}); err != nil {
			t.Fatal(err)
		}
		if err := l.Add(Statement{ID: fmt.Sprint("new ", i)}); err != nil {
			t.Fatal(err)
		}
		l.Map()
	}
	after, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("a map changed after it was made")
	}
}

func TestLiveRefusesWhatItCantCount(t *testing.T) {
	l, err := NewLive(synthetic(20, 10, 8, 2), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		vote Cast
		want string
	}{
		{Cast{"1", "no such", Agree}, `there is no statement "no such"`},
		{Cast{"", "1", Agree}, "the participant has no id"},
		{Cast{"1", "1", 2}, "found vote 2, expected -1, 0 or 1"},
	} {
		if err := l.Cast(c.vote); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", c.vote, err, c.want)
		}
	}
	if err := l.Add(Statement{ID: "1"}); err == nil {
		t.Error("a statement was added twice")
	}
	if err := l.Add(Statement{}); err == nil {
		t.Error("a statement without id was added")
	}
}

// all gives everyone the same votes on n statements.
func all(people, n int, vote func(person, statement int) Vote) *Conversation {
	c := &Conversation{}
	for j := range n {
		c.statements = append(c.statements, Statement{ID: fmt.Sprint(j)})
	}
	for p := range people {
		var row []cell
		for j := range n {
			row = append(row, newCell(j, vote(p, j)))
		}
		c.participants, c.rows = append(c.participants, fmt.Sprint(p)), append(c.rows, row)
	}
	return c
}

func TestFewOrEqualVotesGiveAPlainCount(t *testing.T) {
	agree := func(int, int) Vote { return Agree }
	camps := func(p, j int) Vote { return Vote(1 - 2*(p%2)) }
	for _, c := range []struct {
		name         string
		conversation *Conversation
		options      Options
		why          string
	}{
		{"nobody", all(0, 0, nil), Options{}, "opinion.why.few"},
		{"statements without votes", all(0, 9, nil), Options{}, "opinion.why.few"},
		{"one voter", all(1, 9, agree), Options{}, "opinion.why.few"},
		{"nine voters", all(9, 9, camps), Options{}, "opinion.why.few"},
		{"six statements", all(50, 6, camps), Options{}, "opinion.why.few"},
		{"all agree", all(60, 9, agree), Options{}, "opinion.why.alike"},
		{"two with an opinion of their own", all(60, 9, func(p, _ int) Vote {
			if p < 2 {
				return Disagree
			}
			return Agree
		}), Options{}, "opinion.why.apart"},
		{"two opinions, three groups", all(60, 9, camps), Options{K: 3}, "opinion.why.fewer_places"},
	} {
		m := mustMake(t, c.conversation, c.options)
		if m.K != 0 || len(m.Groups) != 0 || m.Silhouette != 0 {
			t.Errorf("%s: %d groups", c.name, m.K)
		}
		if !slices.ContainsFunc(m.Explanation, func(e Message) bool { return e.Key == c.why }) {
			t.Errorf("%s: explained by %v, want %s", c.name, m.Explanation, c.why)
		}
		if text, err := json.Marshal(m); err != nil || strings.Contains(string(text), "NaN") {
			t.Errorf("%s: %s, %v", c.name, text, err)
		}
	}
	if m := mustMake(t, all(60, 9, camps), Options{}); m.K != 2 || m.Groups[0].Size != 30 || m.Silhouette != 1 {
		t.Errorf("two opinions: %d groups, silhouette %g", m.K, m.Silhouette)
	}
}

func TestNoGroupIsSmallerThanThree(t *testing.T) {
	c := synthetic(200, 30, 15, 2)
	for loner := range 2 { // two people far from everybody, and from one another
		row := make([]cell, 7)
		for j := range row {
			row[j] = newCell(7*loner+j, Vote(1-2*(j%2)))
		}
		c.participants, c.rows = append(c.participants, fmt.Sprint("loner ", loner)), append(c.rows, row)
	}
	m := mustMake(t, c, Options{})
	for _, g := range m.Groups {
		if g.Size < minGroup {
			t.Errorf("a group of %d", g.Size)
		}
	}
	if m.K == 0 {
		t.Error("no groups")
	}
}

func TestGroupsAskedFor(t *testing.T) {
	c := synthetic(200, 30, 15, 3)
	for k := minK; k <= MaxK; k++ {
		if m := mustMake(t, c, Options{K: k}); m.K != k || len(m.Groups) != k {
			t.Errorf("asked for %d groups, got %d", k, m.K)
		}
	}
	for _, k := range []int{-1, 1, MaxK + 1} {
		if _, err := Make(c, Options{K: k}); err == nil {
			t.Errorf("%d groups: no error", k)
		}
	}
}

func TestRemovedStatements(t *testing.T) {
	c := synthetic(120, 20, 15, 2)
	c.statements[3].Removed = true
	m := mustMake(t, c, Options{})
	if m.Mean[3] != 0 || m.Components[0][3] != 0 || m.Components[1][3] != 0 {
		t.Errorf("a removed statement has mean %g, components %g and %g", m.Mean[3], m.Components[0][3], m.Components[1][3])
	}
	shown := func(statement int) {
		if statement == 3 {
			t.Error("a removed statement is shown")
		}
	}
	for _, g := range m.Groups {
		for _, r := range g.Representative {
			shown(r.Statement)
		}
	}
	for _, list := range [][]Ranked{m.CommonGround, m.CommonNo} {
		for _, r := range list {
			shown(r.Statement)
		}
	}
	for _, d := range m.Divides {
		shown(d.Statement)
	}
	for _, v := range append(m.Majority.Agree, m.Majority.Disagree...) {
		shown(v.Statement)
	}
}

// Arithmetic by hand: of a group of 9, 8 agree; of the 10 others, 2.
func TestTestsByHand(t *testing.T) {
	r := answer(0, Agree, Count{Agree: 8, Disagree: 1, Votes: 9}, Count{Agree: 2, Disagree: 7, Votes: 10})
	near(t, "p", r.P, 9.0/11, 1e-15)
	near(t, "p test", r.PTest, 2*math.Sqrt(10)*(9.0/10-0.5), 1e-15)
	near(t, "repness", r.Repness, (9.0/11)/(3.0/12), 1e-15)
	near(t, "repness test", r.RepnessTest, (9.0/10-3.0/11)/math.Sqrt((12.0/21)*(9.0/21)*(1.0/10+1.0/11)), 1e-14)
	agree, disagree := Consensus([][]Count{{{8, 1, 9}}, {{2, 7, 10}}})
	near(t, "agreement of both", agree[0], 9.0/11*3/12, 1e-15)
	near(t, "disagreement of both", disagree[0], 2.0/11*8/12, 1e-15)
	near(t, "everyone", twoTest(4, 6, 4, 6), 0, 0)
	d := divides(make([]Statement, 1), [][]Count{{{8, 1, 9}}, {{2, 7, 10}}})
	if len(d) != 1 || d[0].Most != 0 || d[0].Least != 1 {
		t.Fatalf("divides: %+v", d)
	}
	near(t, "most", d[0].MostP, 9.0/11, 1e-15)
	near(t, "least", d[0].LeastP, 3.0/12, 1e-15)
}

func TestTopTwoAgainstJacobi(t *testing.T) {
	chance := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{1, 2, 3, 7, 30, 80} {
		c := synthetic(5+n, n, max(1, n/2), 2)
		mean := means(c.statements, c.counts())
		rows := rowProducts{c.rows, newCentred(c.statements, mean)}
		dense := make([][]float64, n)
		for j := range dense {
			unit := make([]float64, n)
			unit[j] = 1
			dense[j] = make([]float64, n)
			rows.multiply(dense[j], unit)
		}
		p := newProducts(c.rows, n)
		p.centre(mean, c.statements)
		v, byRows, byProducts := make([]float64, n), make([]float64, n), make([]float64, n)
		for j := range v {
			v[j] = chance.Float64()
		}
		rows.multiply(byRows, v)
		p.multiply(byProducts, v)
		for j := range v {
			near(t, "product", byProducts[j], byRows[j], 1e-9)
		}
		values, vectors, _ := topTwo(rows, n, nil)
		want, turn := jacobi(dense)
		for i := range min(2, n) {
			near(t, fmt.Sprintf("eigenvalue %d of %d", i+1, n), values[i], max(0, want[i]), 1e-7)
			if want[i] < 1e-9 {
				continue
			}
			var product float64
			for j := range n {
				product += vectors[i][j] * turn[j][i]
			}
			near(t, fmt.Sprintf("eigenvector %d of %d", i+1, n), math.Abs(product), 1, 1e-6)
		}
	}
}

func TestSilhouetteAgainstItsDefinition(t *testing.T) {
	chance := rand.New(rand.NewPCG(4, 4))
	points := make([]xy, 60)
	labels := [][]uint8{make([]uint8, 60), make([]uint8, 60)}
	for i := range points {
		points[i] = xy{chance.Float64(), chance.Float64()}
		labels[0][i], labels[1][i] = uint8(chance.IntN(3)), uint8(chance.IntN(2))
	}
	labels[1][7] = 2 // alone
	fits, n := silhouettes(points, labels)
	if n != 60 {
		t.Errorf("looked at %d of 60 points", n)
	}
	for l := range labels {
		var total float64
		for i, p := range points {
			sums, sizes := map[uint8]float64{}, map[uint8]float64{}
			for j, q := range points {
				if i != j {
					sums[labels[l][j]] += math.Hypot(p.x-q.x, p.y-q.y)
					sizes[labels[l][j]]++
				}
			}
			own := labels[l][i]
			if sizes[own] == 0 {
				continue
			}
			a, b := sums[own]/sizes[own], math.Inf(1)
			for other := range sums {
				if other != own {
					b = min(b, sums[other]/sizes[other])
				}
			}
			total += (b - a) / max(a, b)
		}
		near(t, "silhouette", fits[l].mean, total/60, 1e-12)
	}
}

// The sampled silhouette of very many points lies near the whole one's.
func TestSampledSilhouette(t *testing.T) {
	chance := rand.New(rand.NewPCG(8, 8))
	points, labels := make([]xy, 2*maxPairs), make([]uint8, 2*maxPairs)
	for i := range points {
		labels[i] = uint8(i % 3)
		points[i] = xy{chance.NormFloat64() + 4*float64(i%3), chance.NormFloat64()}
	}
	sampled, n := silhouettes(points, [][]uint8{labels})
	if n != samplePairs {
		t.Fatalf("looked at %d points", n)
	}
	exact, _ := silhouettes(points[:maxPairs], [][]uint8{labels[:maxPairs]})
	near(t, "sampled silhouette", sampled[0].mean, exact[0].mean, 4*math.Hypot(sampled[0].err, exact[0].err))
}

func TestAdjustedRand(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want float64
	}{
		{[]int{0, 0, 1, 1}, []int{5, 5, 2, 2}, 1},
		{[]int{0, 0, 1, 1}, []int{0, 1, 0, 1}, -0.5},
		// Hubert and Arabie's formula by hand: index 2, rows 3+3, columns 2·... of 15 pairs.
		{[]int{0, 0, 0, 1, 1, 1}, []int{0, 0, 1, 1, 2, 2}, (2 - 6*3/15.0) / ((6+3)/2.0 - 6*3/15.0)},
		{[]int{0}, []int{0}, 1},
		{nil, nil, 1},
	} {
		near(t, fmt.Sprint(c.a, c.b), AdjustedRand(c.a, c.b), c.want, 1e-12)
	}
}

func TestAlike(t *testing.T) {
	c := synthetic(200, 40, 20, 2)
	if a := mustMake(t, c, Options{}).Alike; a != (Alike{}) {
		t.Errorf("chance alone gave %+v", a)
	}
	// Twelve times the votes of one participant, under other names; and, apart,
	// an opinion that nobody else has.
	for i := range 12 {
		c.participants, c.rows = append(c.participants, fmt.Sprint("copy ", i)), append(c.rows, c.rows[5])
	}
	against := make([]cell, 40)
	for j := range against {
		against[j] = newCell(j, Vote(1-2*(j%2)))
	}
	for i := range 30 {
		c.participants, c.rows = append(c.participants, fmt.Sprint("list ", i)), append(c.rows, against)
	}
	m := mustMake(t, c, Options{})
	if want := (Alike{Voters: 13 + 30, Sets: 2, Largest: 30}); m.Alike != want {
		t.Errorf("%+v, want %+v", m.Alike, want)
	}
	if len(m.Points) != 242 {
		t.Errorf("%d participants on the map, want all 242", len(m.Points))
	}
	// Where nearly everyone agrees with everything, equal votes are no wonder.
	chance := rand.New(rand.NewPCG(1, 2))
	agreed := mustMake(t, all(200, 8, func(int, int) Vote {
		if chance.IntN(20) == 0 {
			return Disagree
		}
		return Agree
	}), Options{})
	if agreed.Alike != (Alike{}) {
		t.Errorf("a common opinion gave %+v", agreed.Alike)
	}
}

func TestNaturalOrder(t *testing.T) {
	ids := []string{"10", "9", "c14", "007", "7", "99999999999999999999999999", "c2", "é", "0", "-1", ""}
	slices.SortFunc(ids, compareNatural)
	want := []string{"0", "007", "7", "9", "10", "99999999999999999999999999", "", "-1", "c14", "c2", "é"}
	if !slices.Equal(ids, want) {
		t.Errorf("%q, want %q", ids, want)
	}
}
