package clause

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// short is the inverse of list.
func short(clauses []Clause) string {
	var out []string
	for _, c := range clauses {
		if c.Text == c.ID {
			out = append(out, c.ID)
		} else {
			out = append(out, c.ID+":"+c.Text)
		}
	}
	return strings.Join(out, " ")
}

func states(m Merged) string {
	var out []string
	for _, c := range m.Clauses {
		s := c.Clause.ID
		if c.State != Neither {
			s += "=" + string(c.State)
		}
		if c.Dropped {
			s += "(dropped)"
		}
		if c.Moved != Neither {
			s += "(moved " + string(c.Moved) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestMerge(t *testing.T) {
	for _, c := range []struct{ name, base, ours, theirs, want, states string }{
		{"nothing", "", "", "", "", ""},
		{"each changes one", "a b c", "a:x b c", "a b c:y", "a:x b c:y", "a=ours b c=theirs"},
		{"same change", "a", "a:x", "a:x", "a:x", "a=same"},
		{"collision", "a b", "a:x b", "a:y b", "a:x b", "a=collision b"},
		{"drop on one side", "a b c", "a c", "a b c", "a c", "a b=ours(dropped) c"},
		{"drop on both", "a b", "a", "a", "a", "a b=same(dropped)"},
		{"drop against change", "a b", "a", "a b:x", "a b:x", "a b=collision"},
		{"change against drop", "a b", "a b:x", "a", "a b:x", "a b=collision"},
		{"drop against move", "a b c", "a b", "c a b", "a b", "a b c=ours(dropped)"},
		{"additions in one place", "a z", "a m z", "a k l z", "a k l m z", "a k=theirs l=theirs m=ours z"},
		{"same addition", "a", "a n", "a n", "a n", "a n=same"},
		{"same id added, other text", "a", "a n:x", "a n:y", "a n:x", "a n=collision"},
		{"move on one side, change on the other", "a b c", "c a b", "a b c:x", "c:x a b", "c=theirs(moved ours) a b"},
		{"both move, same place", "a b c d", "d a b c", "d a b c", "d a b c", "d(moved same) a b c"},
		{"both move, two places", "a b c d", "d a b c", "a d b c", "d a b c", "d(moved collision) a b c"},
		{"each moves one", "a b c d e", "e a b c d", "b c d a e", "e b c d a", "e(moved ours) b c d a(moved theirs)"},
		{"added after what the other drops", "a b c", "a b n c", "a c", "a n c", "a b=theirs(dropped) n=ours c"},
		{"doubled ids", "a a", "a a a:new", "a:x a", "a:x a a:new", "a=theirs a a=ours"},
		{"all new", "", "a b", "c d", "a b c d", "a=ours b=ours c=theirs d=theirs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Merge(list(c.base), list(c.ours), list(c.theirs))
			if got := short(m.Result()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := states(m); got != c.states {
				t.Errorf("states\ngot  %s\nwant %s", got, c.states)
			}
		})
	}
}

func TestMergeFields(t *testing.T) {
	base := Clause{ID: "a", Kind: Step, Heading: "Meet", Text: "We meet.", When: "in May", Who: "all"}
	ours, theirs := base, base
	ours.Text, ours.When = "We meet twice.", "in June"
	theirs.Who, theirs.When = "the group", "in July"
	m := Merge([]Clause{base}, []Clause{ours}, []Clause{theirs})
	want := MergedClause{
		Clause: Clause{ID: "a", Kind: Step, Heading: "Meet", Text: "We meet twice.", When: "in June", Who: "the group"},
		State:  Clash, Base: &base, Ours: &ours, Theirs: &theirs,
		Collisions: []FieldCollision{{FieldWhen, "in May", "in June", "in July"}},
	}
	if d := cmp.Diff([]MergedClause{want}, m.Clauses); d != "" {
		t.Error(d)
	}

	theirs.When = base.When
	m = Merge([]Clause{base}, []Clause{ours}, []Clause{theirs})
	if got := states(m); got != "a=both" {
		t.Errorf("different fields of one clause: %s", got)
	}
}

func TestSettle(t *testing.T) {
	m := Merge(list("a b c d"), list("a:x c d:o"), list("a:y b:z c d:t"))
	own := Clause{ID: "ignored", Kind: Passage, Text: "own"}
	for _, c := range []struct {
		name    string
		choices map[string]Choice
		want    string
		err     string
	}{
		{"ours", map[string]Choice{"a": {Take: Ours}, "b": {Take: Ours}, "d": {Take: Ours}}, "a:x c d:o", ""},
		{"theirs", map[string]Choice{"a": {Take: Theirs}, "b": {Take: Theirs}, "d": {Take: Theirs}}, "a:y b:z c d:t", ""},
		{"own", map[string]Choice{"a": {Own: &own}, "b": {Own: &own}, "d": {Take: Theirs}}, "a:own b:own c d:t", ""},
		{"missing", map[string]Choice{"a": {Take: Ours}, "b": {Take: Ours}}, "", `clause "d": both sides changed it; choose ours, theirs or a wording of your own`},
		{"no side", map[string]Choice{"a": {Take: Both}}, "", `clause "a": "both" is not a side; choose ours or theirs`},
		{"too many", map[string]Choice{"a": {Take: Ours}, "b": {Take: Ours}, "d": {Take: Ours}, "c": {Take: Ours}}, "", `clause "c": nothing to settle`},
	} {
		got, err := m.Settle(c.choices)
		if msg := fmt.Sprint(err); (err != nil || c.err != "") && msg != c.err {
			t.Errorf("%s: error %q, want %q", c.name, msg, c.err)
		}
		if s := short(got); s != c.want {
			t.Errorf("%s: got %s, want %s", c.name, s, c.want)
		}
	}
}

// edit makes a version of base: changes, drops, moves, adds. Ids of added clauses come from a small set
// shared by both sides, so that they sometimes add the same one.
func edit(rng *rand.Rand, base []Clause) []Clause {
	out := slices.Clone(base)
	for range rng.IntN(6) {
		n := len(out)
		switch op := rng.IntN(4); {
		case op == 0 || n == 0:
			c := Clause{ID: fmt.Sprint("n", rng.IntN(6)), Kind: Passage, Text: fmt.Sprint("new", rng.IntN(2))}
			if rng.IntN(20) > 0 && slices.ContainsFunc(out, func(o Clause) bool { return o.ID == c.ID }) {
				continue // mostly unique ids
			}
			out = slices.Insert(out, rng.IntN(n+1), c)
		case op == 1:
			out[rng.IntN(n)].Set(Fields[rng.IntN(len(Fields))], fmt.Sprint("edit", rng.IntN(3)))
		case op == 2:
			i := rng.IntN(n)
			out = slices.Delete(out, i, i+1)
		default:
			i := rng.IntN(n)
			c := out[i]
			out = slices.Insert(slices.Delete(out, i, i+1), rng.IntN(n), c)
		}
	}
	return out
}

func randomBase(rng *rand.Rand) []Clause {
	base := make([]Clause, rng.IntN(9))
	for i := range base {
		base[i] = Clause{ID: fmt.Sprint("c", i), Kind: Passage, Text: fmt.Sprint("text ", i)}
		if rng.IntN(30) == 0 {
			base[i].ID = "c0"
		}
	}
	return base
}

func TestMergeLaws(t *testing.T) {
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 7))
		base := randomBase(rng)
		checkMergeLaws(t, base, edit(rng, base), edit(rng, base))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// checkMergeLaws checks what holds of every merge.
func checkMergeLaws(t *testing.T, base, ours, theirs []Clause) {
	t.Helper()
	same := func(law string, got Merged, want []Clause) {
		t.Helper()
		if !slices.Equal(got.Result(), want) {
			t.Errorf("%s\n got %s\nwant %s", law, short(got.Result()), short(want))
		}
		if n := got.Collisions(); n > 0 {
			t.Errorf("%s: %d collisions", law, n)
		}
	}
	same("merge(b, b, t) = t", Merge(base, base, theirs), theirs)
	same("merge(b, o, b) = o", Merge(base, ours, base), ours)
	same("merge(b, o, o) = o", Merge(base, ours, ours), ours)

	m, swapped := Merge(base, ours, theirs), Merge(base, theirs, ours)
	if d := cmp.Diff(m.Clauses, swapSides(swapped).Clauses); d != "" {
		t.Errorf("not symmetric: %s", d)
	}
	checkNothingLost(t, m, base, ours, theirs)
}

// swapSides renames ours and theirs in a merge.
func swapSides(m Merged) Merged {
	swap := func(s Side) Side {
		switch s {
		case Ours:
			return Theirs
		case Theirs:
			return Ours
		}
		return s
	}
	out := Merged{Clauses: []MergedClause{}}
	for _, c := range m.Clauses {
		c.State, c.Moved = swap(c.State), swap(c.Moved)
		c.Ours, c.Theirs = c.Theirs, c.Ours
		for i, f := range c.Collisions {
			c.Collisions[i].Ours, c.Collisions[i].Theirs = f.Theirs, f.Ours
			if c.Ours != nil { // a draft of a collision shows ours
				c.Clause.Set(f.Field, c.Ours.Get(f.Field))
			}
		}
		out.Clauses = append(out.Clauses, c)
	}
	return out
}

// checkNothingLost: every clause of the three texts stands in the merge once, is missing from the result
// only if a side dropped it, and every value of every field comes from one of the three.
func checkNothingLost(t *testing.T, m Merged, base, ours, theirs []Clause) {
	t.Helper()
	b, o, h := keyList(base), keyList(ours), keyList(theirs)
	left := map[key]bool{}
	for _, l := range []keyed{b, o, h} {
		for _, k := range l.keys {
			left[k] = true
		}
	}
	seen := map[string]int{}
	for _, c := range m.Clauses {
		seen[c.Clause.ID]++
		if c.Dropped && (c.Base == nil || c.Ours != nil && c.Theirs != nil) {
			t.Errorf("clause %s: dropped by nobody", c.Clause.ID)
		}
		for _, f := range Fields {
			v := c.Clause.Get(f)
			if !(c.Base != nil && c.Base.Get(f) == v || c.Ours != nil && c.Ours.Get(f) == v || c.Theirs != nil && c.Theirs.Get(f) == v) {
				t.Errorf("clause %s: %s %q comes from nowhere", c.Clause.ID, f, v)
			}
		}
		bothHave := c.Base != nil && c.Ours != nil && c.Theirs != nil
		if c.State == Clash && bothHave && (*c.Ours == *c.Base || *c.Theirs == *c.Base) {
			t.Errorf("clause %s: a collision, but only one side changed it", c.Clause.ID)
		}
	}
	want := map[string]int{}
	for k := range left {
		want[k.id]++
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("clauses lost or doubled: %s", d)
	}
}

func TestMergeDifferentClausesNeverCollide(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 11))
		base := list("a b c d e f g h")
		ours, theirs := slices.Clone(base), slices.Clone(base)
		for i := range base {
			side := ours
			if i%2 == 1 {
				side = theirs
			}
			if rng.IntN(2) == 0 {
				side[i].Text = fmt.Sprint("edit", seed)
			}
		}
		ours = slices.Delete(ours, 0, rng.IntN(2))
		theirs = slices.Insert(theirs, rng.IntN(len(theirs)+1), Clause{ID: "new", Text: "new"})
		if n := Merge(base, ours, theirs).Collisions(); n != 0 {
			t.Fatalf("seed %d: %d collisions", seed, n)
		}
	}
}

func TestMergeManyClauses(t *testing.T) {
	// Reversed on one side and doubled ids throughout: nothing here may be quadratic.
	var base []Clause
	for i := range 5000 {
		base = append(base, Clause{ID: fmt.Sprint(i / 2), Text: fmt.Sprint(i)})
	}
	reversed := slices.Clone(base)
	slices.Reverse(reversed)
	if got := len(Merge(base, reversed, base).Clauses); got != len(base) {
		t.Errorf("%d clauses of %d", got, len(base))
	}
}

func FuzzMerge(f *testing.F) {
	f.Add("a b c", "a:x b n c", "c a b:y")
	f.Add("a a b", "b a", "a:x a:y b c")
	f.Add("", "a b", "b a")
	f.Fuzz(func(t *testing.T, base, ours, theirs string) {
		checkMergeLaws(t, list(base), list(ours), list(theirs))
	})
}

func BenchmarkMerge300(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	base := make([]Clause, 300)
	for i := range base {
		base[i] = Clause{ID: fmt.Sprint("clause-", i), Kind: Passage, Heading: fmt.Sprint("Heading ", i), Text: randomWords(rng, 100, 26)}
	}
	ours, theirs := slices.Clone(base), slices.Clone(base)
	for range 60 {
		ours[rng.IntN(300)].Text = "ours"
		theirs[rng.IntN(300)].Text = "theirs"
		i, j := rng.IntN(300), rng.IntN(300)
		ours[i], ours[j] = ours[j], ours[i]
	}
	for b.Loop() {
		Merge(base, ours, theirs)
	}
}

func BenchmarkDiff300(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	base := make([]Clause, 300)
	for i := range base {
		base[i] = Clause{ID: fmt.Sprint("clause-", i), Text: randomWords(rng, 100, 26)}
	}
	next := slices.Clone(base)
	for i := 0; i < 300; i += 5 {
		next[i].Text += " and more"
	}
	for b.Loop() {
		for _, c := range Diff(base, next) {
			for _, f := range c.Fields {
				f.Words()
			}
		}
	}
}
