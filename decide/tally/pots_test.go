package tally

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// Balinski and Young's example is of Sainte-Laguë's method, by hand: 10 units
// for claims 57, 33 and 10 have the quotas 5.7, 3.3, 1.0, rounded 6, 3, 1.
func TestSplitBudgetByHand(t *testing.T) {
	for _, c := range []struct {
		budget, unit string
		pots         []Pot
		want         string
	}{
		{"10", "1", []Pot{{"a", 57, nil}, {"b", 33, nil}, {"c", 10, nil}}, "[6 3 1]"},
		// Quotas 0.5 each: rounded 1, 1; one is to be taken, from the last name.
		{"1", "1", []Pot{{"b", 1, nil}, {"a", 1, nil}}, "[0 1]"},
		// Need 2 doubles the claim: 100 and 200 of 300.
		{"3000", "1", []Pot{{"rich", 100, nil}, {"poor", 100, big.NewRat(2, 1)}}, "[1000 2000]"},
		// Ten thousands to share, 500 over: to the largest.
		{"10500", "1000", []Pot{{"a", 1, nil}, {"b", 2, nil}, {"empty", 0, nil}}, "[3000 7500 0]"},
		{"0.07", "0.01", []Pot{{"a", 1, nil}, {"b", 1, nil}}, "[0.04 0.03]"},
	} {
		shares, err := SplitBudget(rat(c.budget), rat(c.unit), c.pots)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range shares {
			got = append(got, Num(s).String())
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s in %s: %v, expected %s", c.budget, c.unit, got, c.want)
		}
	}
	for name, pots := range map[string][]Pot{
		"none": nil, "nobody": {{"a", 0, nil}}, "no need": {{"a", 5, new(big.Rat)}}, "negative need": {{"a", 5, rat("-1")}},
		"negative people": {{"a", -5, nil}, {"b", 9, nil}}, "name twice": {{"a", 5, nil}, {"a", 6, nil}},
	} {
		if _, err := SplitBudget(rat("10"), rat("1"), pots); err == nil {
			t.Errorf("%s is shared", name)
		}
	}
	if _, err := SplitBudget(rat("10"), rat("0"), []Pot{{"a", 1, nil}}); err == nil {
		t.Error("units of nothing are shared")
	}
}

func TestSplitBudgetProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for range 2000 {
		budget := big.NewRat(int64(rng.IntN(1000)), int64(1+rng.IntN(4)))
		var pots []Pot
		for i := range 1 + rng.IntN(6) {
			pots = append(pots, Pot{fmt.Sprint("p", i), int64(rng.IntN(40)), big.NewRat(int64(rng.IntN(9)), int64(1+rng.IntN(3)))})
		}
		pots[0].People, pots[0].Need = 1+pots[0].People, nil
		shares, err := SplitBudget(budget, big.NewRat(1, 1), pots)
		if err != nil {
			t.Fatal(err)
		}
		sum := new(big.Rat)
		for i, s := range shares {
			sum.Add(sum, s)
			if s.Sign() < 0 {
				t.Fatalf("%v: %v", pots, shares)
			}
			if pots[i].People == 0 && s.Sign() > 0 {
				t.Fatalf("%v: money for nobody: %v", pots, shares)
			}
		}
		if sum.Cmp(budget) != 0 {
			t.Fatalf("shares %v of %v sum to %v", shares, budget, sum)
		}
		which := rng.IntN(len(pots))
		more := slices.Clone(pots)
		more[which].Need = big.NewRat(1, 1)
		if pots[which].Need != nil {
			more[which].Need = new(big.Rat).Add(pots[which].Need, big.NewRat(int64(rng.IntN(5)), 2))
		} else {
			more[which].Need.Add(more[which].Need, big.NewRat(int64(rng.IntN(5)), 2))
		}
		after, err := SplitBudget(budget, big.NewRat(1, 1), more)
		if err != nil {
			t.Fatal(err)
		}
		if after[which].Cmp(shares[which]) < 0 {
			t.Fatalf("%v: %v; with more need %v: %v", pots[which], shares, more[which], after)
		}
		for i := range pots {
			if i != which && after[i].Cmp(new(big.Rat).Add(shares[i], big.NewRat(1, 1))) > 0 {
				t.Fatalf("%v: more need of %s gives more to %s: %v, %v", pots, pots[which].Name, pots[i].Name, shares, after)
			}
		}
	}
}

func TestSplitBy(t *testing.T) {
	e := budget("100", []string{"a 10", "b 20", "c 30"}, "2: a b c", "1: c", "1:")
	e.OptionColumns = []string{"project_id", "cost", "district"}
	for i, district := range []string{"north", "south", "north"} {
		e.Options[i].Extra = []string{"", "", district}
	}
	parts, err := e.SplitBy("district", map[string]*big.Rat{"north": rat("40"), "south": rat("60")})
	if err != nil {
		t.Fatal(err)
	}
	// Three voters with 40/3 each: c asks 10 of each; then two have 10/3 each for a, which costs 10.
	north := count(t, parts["north"], Rule{Name: "equal-shares"})
	if got := fmt.Sprint(north.Winners, north.Endowment, parts["north"].Voters(), parts["north"].Ballots[0].Choices); got != "[c] 40/3 3 [0 1]" {
		t.Errorf("north: %s", got)
	}
	if south := count(t, parts["south"], Rule{Name: "equal-shares"}); fmt.Sprint(south.Winners, south.Budget) != "[b] 60" {
		t.Errorf("south: %v of %v", south.Winners, south.Budget)
	}
	if _, err := e.SplitBy("theme", nil); err == nil {
		t.Error("a column that is not there splits")
	}
	if _, err := e.SplitBy("district", map[string]*big.Rat{"north": rat("1")}); err == nil {
		t.Error("a pot without a budget is counted")
	}
}
