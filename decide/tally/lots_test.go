package tally

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// town is a pool with a scarce quarter and few of the young, as volunteers for
// an assembly are.
func town(people int) Pool {
	r := rand.New(rand.NewPCG(3, 9))
	pool := Pool{Categories: []string{"gender", "age", "quarter"}}
	for i := range people {
		pick := func(values ...string) string { return values[min(r.IntN(len(values)+2), len(values)-1)] }
		pool.People = append(pool.People, Person{
			ID:     fmt.Sprintf("p%03d", i),
			Values: []string{pick("man", "other", "woman"), pick("16-29", "30-59", "60+"), pick("harbour", "hill", "centre")},
		})
	}
	return pool
}

func assembly() Lot {
	return Lot{Size: 24, Panels: 200, Quotas: []Quota{
		{"gender", "man", 10, 12}, {"gender", "woman", 10, 12}, {"gender", "other", 1, 4},
		{"age", "16-29", 6, 8}, {"age", "30-59", 8, 10}, {"age", "60+", 7, 9},
		{"quarter", "harbour", 6, 9}, {"quarter", "hill", 6, 9}, {"quarter", "centre", 8, 12},
	}}
}

func TestLotMeetsQuotas(t *testing.T) {
	pool, lot := town(300), assembly()
	panels, err := lot.Make(pool, "a seed")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]string{}
	for _, p := range pool.People {
		values[p.ID] = p.Values
	}
	if len(panels.Members) != lot.Panels {
		t.Fatalf("%d panels", len(panels.Members))
	}
	for n, members := range panels.Members {
		if len(members) != lot.Size || len(slices.Compact(slices.Clone(members))) != lot.Size {
			t.Fatalf("panel %d: %v", n, members)
		}
		for _, q := range lot.Quotas {
			has := 0
			for _, id := range members {
				if values[id][slices.Index(pool.Categories, q.Category)] == q.Value {
					has++
				}
			}
			if has < q.Min || has > q.Max {
				t.Fatalf("panel %d: %d of %s %s, expected %d to %d", n, has, q.Category, q.Value, q.Min, q.Max)
			}
		}
	}
	sum := new(big.Rat)
	for _, c := range panels.Chances {
		sum.Add(sum, c.Chance.Rat)
		if c.Chance.Cmp(panels.Lowest.Rat) < 0 {
			t.Errorf("%s has a chance of %s, below the lowest %s", c.ID, c.Chance, panels.Lowest)
		}
	}
	if sum.Cmp(big.NewRat(int64(lot.Size), 1)) != 0 {
		t.Errorf("the chances sum to %s, expected the size of the panel", sum.RatString())
	}
	if panels.Lowest.Cmp(panels.Bound.Rat) > 0 {
		t.Errorf("lowest chance %s above the bound %s", panels.Lowest, panels.Bound)
	}
}

// Alike people have alike chances: they differ by one panel at most.
func TestLotTreatsAlikeAlike(t *testing.T) {
	pool, lot := town(300), assembly()
	panels, err := lot.Make(pool, "a seed")
	if err != nil {
		t.Fatal(err)
	}
	least, most := map[string]*big.Rat{}, map[string]*big.Rat{}
	for _, c := range panels.Chances {
		i := slices.IndexFunc(pool.People, func(p Person) bool { return p.ID == c.ID })
		key := strings.Join(pool.People[i].Values, " ")
		if least[key] == nil || c.Chance.Cmp(least[key]) < 0 {
			least[key] = c.Chance.Rat
		}
		if most[key] == nil || c.Chance.Cmp(most[key]) > 0 {
			most[key] = c.Chance.Rat
		}
	}
	one := big.NewRat(1, int64(lot.Panels))
	for key := range least {
		if d := new(big.Rat).Sub(most[key], least[key]); d.Cmp(one) > 0 {
			t.Errorf("%s: chances from %s to %s", key, least[key].RatString(), most[key].RatString())
		}
	}
}

// Without quotas everyone's chance is the same, to one panel.
func TestLotWithoutQuotasIsEven(t *testing.T) {
	panels, err := Lot{Size: 7, Panels: 300}.Make(town(100), "s")
	if err != nil {
		t.Fatal(err)
	}
	if panels.Lowest.String() != "0.07" || panels.Bound.String() != "0.07" {
		t.Errorf("lowest %s, bound %s; expected 0.07", panels.Lowest, panels.Bound)
	}
}

func TestLotIsRerunnable(t *testing.T) {
	pool, lot := town(120), assembly()
	a, err := lot.Make(pool, "the seed")
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(pool.People)
	b, err := lot.Make(pool, "the seed")
	if err != nil {
		t.Fatal(err)
	}
	if asJSON(t, a) != asJSON(t, b) {
		t.Error("the same pool in another order gives other panels")
	}
	other, err := lot.Make(pool, "another seed")
	if err != nil {
		t.Fatal(err)
	}
	if asJSON(t, a.Members) == asJSON(t, other.Members) {
		t.Error("another seed gives the same panels")
	}
	number, members, err := a.Draw("revealed")
	if err != nil || number < 0 || number >= len(a.Members) || !slices.Equal(members, a.Members[number]) {
		t.Errorf("drew %d %v, %v", number, members, err)
	}
	again, _, _ := b.Draw("revealed")
	if again != number {
		t.Errorf("drew %d, then %d by the same seed", number, again)
	}
}

// The numbers of a seed can be made again by anyone: this one with
// printf 'seed\n0' | sha256sum | cut -c1-16.
func TestLotStream(t *testing.T) {
	s := &lotStream{seed: "seed"}
	const first = 0xc12a2033cab01382
	if got, want := s.intn(1000), int(uint64(first)%1000); got != want {
		t.Errorf("%d, expected %d", got, want)
	}
	if got := Commitment("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("commitment %s is not the SHA-256 that FIPS 180-2 gives for abc", got)
	}
}

func TestLotRefused(t *testing.T) {
	pool := town(40)
	two := Pool{Categories: []string{"age"}, People: []Person{{"a", []string{"young"}}, {"b", []string{"old"}}, {"c", []string{"old"}}}}
	// Quotas that can each be met, but not together.
	square := Pool{Categories: []string{"x", "y"}, People: []Person{{"a", []string{"1", "1"}}, {"b", []string{"1", "1"}}, {"c", []string{"2", "2"}}, {"d", []string{"2", "2"}}}}
	for name, test := range map[string]struct {
		pool Pool
		lot  Lot
		want string
	}{
		"more than there are":            {pool, Lot{Size: 41}, "too few"},
		"nobody":                         {pool, Lot{}, "at least one"},
		"a person twice":                 {Pool{People: []Person{{ID: "a"}, {ID: "a"}}}, Lot{Size: 1}, "twice"},
		"a person without id":            {Pool{People: []Person{{}}}, Lot{Size: 1}, "no id"},
		"a value missing":                {Pool{Categories: []string{"age"}, People: []Person{{ID: "a"}}}, Lot{Size: 1}, "0 values for 1"},
		"no such category":               {two, Lot{Size: 1, Quotas: []Quota{{"height", "tall", 0, 1}}}, "no such category"},
		"two quotas for one value":       {two, Lot{Size: 1, Quotas: []Quota{{"age", "old", 0, 1}, {"age", "old", 0, 1}}}, "two quotas"},
		"from two to one":                {two, Lot{Size: 1, Quotas: []Quota{{"age", "old", 2, 1}}}, "from 2 to 1"},
		"more young than there are":      {two, Lot{Size: 2, Quotas: []Quota{{"age", "young", 2, 2}}}, "the pool has 1"},
		"minimums above the size":        {two, Lot{Size: 1, Quotas: []Quota{{"age", "young", 1, 1}, {"age", "old", 1, 1}}}, "more than the panel's 1"},
		"maximums below the size":        {two, Lot{Size: 3, Quotas: []Quota{{"age", "old", 0, 1}}}, "fewer than the panel's 3"},
		"quotas that exclude each other": {square, Lot{Size: 2, Quotas: []Quota{{"x", "1", 1, 1}, {"y", "1", 2, 2}}}, "found no panel"},
	} {
		if _, err := test.lot.Make(test.pool, "s"); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, expected %q", name, err, test.want)
		}
	}
	if _, _, err := (&Panels{}).Draw("s"); err == nil {
		t.Error("drew from no panels")
	}
}

// How even a lot is: the smallest chance of anyone, beside what no method could
// exceed.
func BenchmarkLot(b *testing.B) {
	for _, people := range []int{120, 300, 1000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			pool, lot := town(people), assembly()
			lot.Panels = 1000
			for b.Loop() {
				panels, err := lot.Make(pool, "x")
				if err != nil {
					b.Fatal(err)
				}
				lowest, _ := panels.Lowest.Float64()
				bound, _ := panels.Bound.Float64()
				b.ReportMetric(lowest, "lowest")
				b.ReportMetric(bound, "bound")
			}
		})
	}
}
