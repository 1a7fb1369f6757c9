package tally

import (
	"fmt"
	"math"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// reference is one outcome of a reference implementation.
type reference struct {
	Winners    []string         `json:"winners"`
	Order      []string         `json:"order"`
	Cost       string           `json:"cost"`
	TiesBroken [][]string       `json:"ties_broken"`
	Error      string           `json:"error"`
	Seconds    float64          `json:"seconds"`
	TotalCost  float64          `json:"totalCost"`
	Endowment  float64          `json:"endowment"`
	Utility    map[string]int64 `json:"utilityDistribution"`
}

// pabutoolsRule gives the rule behind a key of expected-pabutools.
func pabutoolsRule(t *testing.T, key string) Rule {
	utility := map[string]string{"cost": UtilityCost, "card": UtilityCount, "points": UtilityPoints, "borda": UtilityBorda}
	name, completion, _ := strings.Cut(key, "+")
	switch {
	case key == "phragmen":
		return Rule{Name: "phragmen"}
	case key == "greedy_cost":
		return Rule{Name: "greedy-votes"}
	case strings.HasPrefix(key, "greedy_"):
		return Rule{Name: "greedy-votes-per-cost", Utility: utility[strings.TrimPrefix(key, "greedy_")]}
	case strings.HasPrefix(key, "mes_"):
		name, add1, _ := strings.Cut(strings.TrimPrefix(name, "mes_"), "_")
		r := Rule{Name: "equal-shares", Utility: utility[name], Completion: strings.Trim(add1+"+"+completion, "+")}
		if r.Utility != "" {
			return r
		}
	}
	t.Fatalf("no rule for %q", key)
	return Rule{}
}

func TestBudgetsAsPabutools(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(dataDir(t), "pb", "expected-pabutools", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no reference outcomes", err)
	}
	for _, file := range files {
		var expected struct {
			File  string               `json:"file"`
			Rules map[string]reference `json:"rules"`
		}
		readJSON(t, file, &expected)
		t.Run(expected.File, func(t *testing.T) {
			t.Parallel()
			e := readPabulib(t, expected.File).Group() // once, for all rules
			for key, want := range expected.Rules {
				t.Run(key, func(t *testing.T) { checkPabutools(t, e, pabutoolsRule(t, key), want) })
			}
		})
	}
}

func checkPabutools(t *testing.T, e *Election, r Rule, want reference) {
	got, err := Count(e, r)
	if err != nil {
		t.Fatal(err)
	}
	if want.Error != "" {
		t.Logf("the reference has none (%s); ours: %d winners for %s at %s", want.Error, len(got.Winners), got.Spent, got.Endowment)
		checkFeasible(t, e, got)
		return
	}
	if w := sorted(got.Winners); !slices.Equal(w, sorted(want.Winners)) {
		t.Errorf("winners %v\nexpected %v", w, sorted(want.Winners))
	}
	if got.Spent.String() != want.Cost {
		t.Errorf("spent %s, expected %s", got.Spent, want.Cost)
	}
	if r.Name != "phragmen" && !slices.Equal(got.Winners, want.Order) { // its order is by id
		t.Errorf("order %v\nexpected %v", got.Winners, want.Order)
	}
	for _, tie := range got.Ties {
		if r.Name == "equal-shares" && want.TiesBroken != nil && !slices.ContainsFunc(want.TiesBroken, func(among []string) bool { return slices.Equal(sorted(among), sorted(tie.Among)) }) {
			t.Errorf("a tie among %v that the reference has not", tie.Among)
		}
		if tie.Chosen != slices.Min(tie.Among) {
			t.Errorf("of %v chose %s, not the smallest id", tie.Among, tie.Chosen)
		}
	}
	if r.Completion == CompletionNone && len(want.TiesBroken) != len(got.Ties) {
		t.Errorf("%d ties, expected %v", len(got.Ties), want.TiesBroken)
	}
}

// checkFeasible holds an outcome to what any outcome must be.
func checkFeasible(t *testing.T, e *Election, got *Outcome) {
	t.Helper()
	sum := new(big.Rat)
	for _, id := range got.Winners {
		i := slices.IndexFunc(e.Options, func(o Option) bool { return o.ID == id })
		if i < 0 {
			t.Fatalf("winner %q is no option", id)
		}
		sum.Add(sum, e.Options[i].Cost)
	}
	if sum.Cmp(got.Spent.Rat) != 0 {
		t.Errorf("spent is given as %s, and is %s", got.Spent, Num(sum))
	}
	if sum.Cmp(e.Budget) > 0 {
		t.Errorf("%s spent of %s", Num(sum), Num(e.Budget))
	}
}

// equalSharesJSRule gives the rule behind a key of expected-equalshares-js.
func equalSharesJSRule(t *testing.T, key string) Rule {
	_, completion, _ := strings.Cut(key, "_")
	r := Rule{Name: "equal-shares", Utility: UtilityCost, Tie: Tie{By: TieVotesCost}}
	switch completion {
	case "none":
		r.Completion = CompletionNone
	case "utilitarian":
		r.Completion = CompletionGreedy
	case "add1":
		r.Completion, r.Integral = CompletionAdd1, true
	case "add1u":
		r.Completion, r.Integral = CompletionAdd1Greedy, true
	default:
		t.Fatalf("no rule for %q", key)
	}
	return r
}

func TestBudgetsAsEqualSharesJS(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(dataDir(t), "pb", "expected-equalshares-js", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no reference outcomes", err)
	}
	for _, file := range files {
		var expected struct {
			File  string               `json:"file"`
			Rules map[string]reference `json:"rules"`
		}
		readJSON(t, file, &expected)
		t.Run(expected.File, func(t *testing.T) {
			t.Parallel()
			e := readPabulib(t, expected.File).Group()
			for _, completion := range []string{"none", "utilitarian", "add1", "add1u"} {
				got, err := Count(e, equalSharesJSRule(t, "_"+completion))
				if err != nil {
					t.Fatal(err)
				}
				for _, arithmetic := range []string{"floats_", "fractions_"} {
					if want, ok := expected.Rules[arithmetic+completion]; ok {
						t.Run(arithmetic+completion, func(t *testing.T) { checkEqualSharesJS(t, len(e.Options), got, want) })
					}
				}
			}
		})
	}
}

func checkEqualSharesJS(t *testing.T, options int, got *Outcome, want reference) {
	if !slices.Equal(sorted(got.Winners), sorted(want.Winners)) {
		t.Errorf("winners %v\nexpected %v", sorted(got.Winners), sorted(want.Winners))
	}
	if want.Order != nil && !slices.Equal(got.Winners, want.Order) {
		t.Errorf("order %v\nexpected %v", got.Winners, want.Order)
	}
	if spent, _ := got.Spent.Float64(); spent != want.TotalCost {
		t.Errorf("spent %v, expected %v", spent, want.TotalCost)
	}
	expected := want.Endowment
	if len(got.Winners) == options && got.Rule.Integral {
		expected = math.Floor(expected) // when all projects fit, the reference answers before it rounds
	}
	if e, _ := got.Endowment.Float64(); e != expected {
		t.Errorf("endowment %v, expected %v", e, expected)
	}
	for k, n := range want.Utility {
		var i int
		fmt.Sscan(k, &i)
		if i < len(got.Supported) && got.Supported[i] != n || i >= len(got.Supported) && n != 0 {
			t.Errorf("%s winners approved by %d voters, not as in %v", k, n, got.Supported)
		}
	}
}

func TestOverspendStop(t *testing.T) {
	t.Parallel()
	expected := map[string]reference{}
	readJSON(t, filepath.Join(dataDir(t), "pb", "expected-equalshares-js-add1-overspend-stop.json"), &expected)
	for file, want := range expected {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			r := equalSharesJSRule(t, "floats_add1")
			r.Stop = StopOverspend
			e := readPabulib(t, file)
			got, err := Count(e, r)
			if err != nil {
				t.Fatal(err)
			}
			checkEqualSharesJS(t, len(e.Options), got, want)
		})
	}
}

// official is what a city published, and what its rule is called.
type official struct {
	Rule     string   `json:"rule"`
	Selected []string `json:"official_selected"`
	Matches  *bool    `json:"recomputed_matches_official"`
}

// The cities' own winners, by the rule that the file declares. Where the file
// says that the winners were found otherwise (on paper ballots, with a budget
// that grew later, by a rule of categories) docs/counting.md says why they
// can't be found from it.
func TestOfficialWinners(t *testing.T) {
	t.Parallel()
	cities := map[string]official{}
	readJSON(t, filepath.Join(dataDir(t), "pb", "expected-official-selected.json"), &cities)
	matched := 0
	for file, city := range cities {
		if city.Selected == nil || city.Matches == nil && city.Rule != "equalshares/add1-comparison" {
			continue
		}
		matched++
		t.Run(file, func(t *testing.T) {
			e := readPabulib(t, file)
			r, err := DeclaredRule(e)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Count(e, r)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(sorted(got.Winners), sorted(city.Selected)) {
				t.Errorf("by %+v winners %v\nofficial %v", r, sorted(got.Winners), sorted(city.Selected))
			}
		})
	}
	if matched < 20 {
		t.Errorf("only %d cities were compared", matched)
	}
}

// Cities whose rule has a name of its own, but whose winners are those of the
// greedy rule: Poznań's before its reserve (see docs/counting.md), and Praga-Południe,
// where no two projects exclude one another.
func TestOfficialWinnersByOtherNames(t *testing.T) {
	cities := map[string]official{}
	readJSON(t, filepath.Join(dataDir(t), "pb", "expected-official-selected.json"), &cities)
	for file, noSkip := range map[string]bool{
		"Poland_Poznan_2023_3_-_Piatkowo_Polnoc_Piatkowo.pb": true, "Poland_Poznan_2025_3_-_Piatkowo_Polnoc_Piatkowo__small.pb": true,
		"Poland_Warszawa_2024_Praga-Poludnie.pb": false,
	} {
		e := readPabulib(t, file)
		if _, err := DeclaredRule(e); err == nil {
			t.Errorf("%s: %s is counted as if the file defined it", file, e.Rule)
		}
		got := count(t, e, Rule{Name: "greedy-votes", NoSkip: noSkip})
		if !slices.Equal(sorted(got.Winners), sorted(cities[file].Selected)) {
			t.Errorf("%s: winners %v, official %v", file, got.Winners, cities[file].Selected)
		}
	}
}
