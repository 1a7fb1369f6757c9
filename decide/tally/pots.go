package tally

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A budget is often split into pots before anything is counted: one for each
// district or theme, larger where more people live and where need is greater.

// Pot is a part of a budget.
type Pot struct {
	Name   string
	People int64    // who live there, or take part
	Need   *big.Rat // equity weight; nil: 1. Twice the need is twice the money for each person.
}

// SplitBudget shares a budget among pots in proportion to people × need, in
// whole multiples of unit (a cent, a thousand zloty). The shares sum to the
// budget exactly: what is less than one unit goes to the largest share.
//
// Rounding is Sainte-Laguë's (Webster's): the only kind of rounding by which
// more people or more need never mean less money, and that favours neither large
// nor small pots. (Rounding by largest remainders is not monotone.) Pots whose
// claims are equal are served in the order of their names.
//
// Source: Balinski and Young, "Fair Representation", 1982.
func SplitBudget(budget, unit *big.Rat, pots []Pot) ([]*big.Rat, error) {
	claims, err := potClaims(pots)
	switch {
	case err != nil:
		return nil, err
	case budget == nil || budget.Sign() < 0:
		return nil, fmt.Errorf("budget %s: expected zero or more", Num(budget))
	case unit == nil || unit.Sign() <= 0:
		return nil, fmt.Errorf("unit %s: expected more than zero", Num(unit))
	}
	whole := new(big.Rat).Quo(budget, unit)
	units := new(big.Int).Quo(whole.Num(), whole.Denom())
	parts := sainteLague(units, claims, pots)
	shares := make([]*big.Rat, len(pots))
	largest := 0
	for i, n := range parts {
		shares[i] = new(big.Rat).SetInt(n)
		shares[i].Mul(shares[i], unit)
		if claims[i].Cmp(claims[largest]) > 0 || claims[i].Cmp(claims[largest]) == 0 && pots[i].Name < pots[largest].Name {
			largest = i
		}
	}
	rest := new(big.Rat).Sub(budget, new(big.Rat).Mul(new(big.Rat).SetInt(units), unit))
	shares[largest].Add(shares[largest], rest)
	return shares, nil
}

// potClaims gives people × need of each pot.
func potClaims(pots []Pot) ([]*big.Rat, error) {
	claims := make([]*big.Rat, len(pots))
	names := map[string]bool{}
	claimed := false
	for i, p := range pots {
		switch {
		case names[p.Name]:
			return nil, fmt.Errorf("pot %q is named twice", p.Name)
		case p.People < 0:
			return nil, fmt.Errorf("pot %q: %d people", p.Name, p.People)
		case p.Need != nil && p.Need.Sign() < 0:
			return nil, fmt.Errorf("pot %q: need %s: it can't be negative", p.Name, Num(p.Need))
		}
		names[p.Name] = true
		claims[i] = new(big.Rat).SetInt64(p.People)
		if p.Need != nil {
			claims[i].Mul(claims[i], p.Need)
		}
		claimed = claimed || claims[i].Sign() > 0
	}
	if !claimed {
		return nil, fmt.Errorf("no pot has people and need: there is nobody to share with")
	}
	return claims, nil
}

// ParsePots reads a table of pots: a CSV file with the columns pot, people and,
// if there is one, need. Errors are [*FormatError].
func ParsePots(data []byte) ([]Pot, error) {
	text, err := plainText(data)
	if err != nil {
		return nil, err
	}
	rows := newCSVRows(text)
	wrong := func(found, expected Phrase, args ...any) error {
		return wrongAt(max(rows.first, 1), found, expected, args...)
	}
	header, err := rows.next()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(header))
	at := map[string]int{"pot": -1, "people": -1, "need": -1}
	for i, name := range header {
		names[i] = strings.ToLower(strings.TrimSpace(string(name)))
		if was, known := at[names[i]]; known && was >= 0 {
			return nil, wrong(foundColumnAgain, wantColumnOnce, "value", quoted(names[i]))
		}
		at[names[i]] = i
	}
	if at["pot"] < 0 || at["people"] < 0 {
		return nil, wrong(foundColumns, wantPotColumns, "value", quoted(strings.Join(names, ", ")))
	}
	var pots []Pot
	lines := map[string]int{}
	for {
		row, err := rows.next()
		if err != nil || row == nil {
			return pots, err
		}
		if len(row) != len(names) {
			return nil, wrong(foundFields, wantAsHeader, "count", len(row), "number", len(names))
		}
		value := func(column string) string { return strings.TrimSpace(string(row[at[column]])) }
		p := Pot{Name: value("pot")}
		if line := lines[p.Name]; line > 0 {
			return nil, wrong(foundPotAgain, wantPotOnce, "value", quoted(p.Name), "first", line)
		}
		lines[p.Name] = rows.first
		if p.People, err = strconv.ParseInt(value("people"), 10, 64); err != nil || p.People < 0 {
			return nil, wrong(foundValue, wantPeople, "value", quoted(value("people")))
		}
		if at["need"] >= 0 && value("need") != "" {
			if p.Need, err = ParseAmount(value("need")); err != nil {
				return nil, wrong(foundValue, wantNeed, "value", quoted(value("need")))
			}
		}
		pots = append(pots, p)
	}
}

// PotOutcome is what became of one pot.
type PotOutcome struct {
	Pot
	Share   *big.Rat
	Part    *Election // its projects, and the ballots that name one of them
	Outcome *Outcome  // nil: no project asks for this money
}

// CountPots shares the election's budget among pots, in whole multiples of unit,
// and counts each pot by itself. The pot of a project is its value in the given
// column. The outcomes are in the order of the pots.
func CountPots(ctx context.Context, e *Election, column string, pots []Pot, unit *big.Rat, r Rule, progress func(done, total int64)) ([]PotOutcome, error) {
	if e.Budget == nil {
		return nil, fmt.Errorf("there is no budget to share")
	}
	if len(e.Options) == 0 {
		return nil, fmt.Errorf("there are no projects")
	}
	shares, err := SplitBudget(e.Budget, unit, pots)
	if err != nil {
		return nil, err
	}
	byName := map[string]*big.Rat{}
	for i, p := range pots {
		byName[p.Name] = shares[i]
	}
	parts, err := e.SplitBy(column, byName)
	if err != nil {
		return nil, err
	}
	var out []PotOutcome
	for i, p := range pots {
		one := PotOutcome{Pot: p, Share: shares[i], Part: parts[p.Name]}
		if one.Part != nil {
			if one.Outcome, err = CountContext(ctx, one.Part, r, nil); err != nil {
				return nil, fmt.Errorf("pot %q: %w", p.Name, err)
			}
		}
		out = append(out, one)
		if progress != nil {
			progress(int64(i+1), int64(len(pots)))
		}
	}
	return out, nil
}

// sainteLague shares units: as if they were given one by one, each to the pot
// with the largest claim / (2·units that it has + 1). It begins near the end, with
// each claim's rounded quota, from which at most one unit for each pot is to be
// given or taken.
func sainteLague(units *big.Int, claims []*big.Rat, pots []Pot) []*big.Int {
	total := new(big.Rat)
	for _, c := range claims {
		total.Add(total, c)
	}
	parts := make([]*big.Int, len(claims))
	missing := new(big.Int).Set(units)
	for i, c := range claims {
		quota := new(big.Rat).Quo(new(big.Rat).Mul(c, new(big.Rat).SetInt(units)), total)
		quota.Add(quota, big.NewRat(1, 2))
		parts[i] = new(big.Int).Quo(quota.Num(), quota.Denom())
		missing.Sub(missing, parts[i])
	}
	// after gives claim / (2·parts + step): with step 1 the claim to the next
	// unit, with step -1 to the last one.
	after := func(i int, step int64) *big.Rat {
		d := new(big.Int).Lsh(parts[i], 1)
		return new(big.Rat).Quo(claims[i], new(big.Rat).SetInt(d.Add(d, big.NewInt(step))))
	}
	one := big.NewInt(1)
	for ; missing.Sign() > 0; missing.Sub(missing, one) {
		next := slices.MaxFunc(indices(len(parts)), func(i, j int) int {
			if c := after(i, 1).Cmp(after(j, 1)); c != 0 {
				return c
			}
			return strings.Compare(pots[j].Name, pots[i].Name)
		})
		parts[next].Add(parts[next], one)
	}
	for ; missing.Sign() < 0; missing.Add(missing, one) {
		var having []int
		for _, i := range indices(len(parts)) {
			if parts[i].Sign() > 0 {
				having = append(having, i)
			}
		}
		last := slices.MinFunc(having, func(i, j int) int {
			if c := after(i, -1).Cmp(after(j, -1)); c != 0 {
				return c
			}
			return strings.Compare(pots[j].Name, pots[i].Name)
		})
		parts[last].Sub(parts[last], one)
	}
	return parts
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// SplitBy gives an election for each value of a column of the options (a
// district, a theme), by name: its options, and the ballots that name any of
// them, without the others. A voter who names options of several takes part in
// each. Budgets are those given by name.
func (e *Election) SplitBy(column string, budgets map[string]*big.Rat) (map[string]*Election, error) {
	at := slices.Index(e.OptionColumns, column)
	if at < 0 {
		return nil, fmt.Errorf("the options have no column %q; they have %q", column, e.OptionColumns)
	}
	parts := map[string]*Election{}
	place := make([]int, len(e.Options)) // in its part
	for i, o := range e.Options {
		name := field(o.Extra, at)
		part := parts[name]
		if part == nil {
			if budgets[name] == nil {
				return nil, fmt.Errorf("option %q: no budget for %q", o.ID, name)
			}
			copied := *e
			part = &copied
			part.Options, part.Ballots, part.Budget = nil, nil, budgets[name]
			parts[name] = part
		}
		place[i] = len(part.Options)
		part.Options = append(part.Options, o)
	}
	for i := range e.Ballots {
		for name, choices := range e.Ballots[i].byColumn(e, at) {
			parts[name].Ballots = append(parts[name].Ballots, e.Ballots[i].only(choices, place))
		}
	}
	return parts, nil
}

// byColumn sorts a ballot's choices by the value of a column: positions on the
// ballot.
func (b *Ballot) byColumn(e *Election, at int) map[string][]int {
	groups := map[string][]int{}
	for i, o := range b.Choices {
		name := field(e.Options[o].Extra, at)
		groups[name] = append(groups[name], i)
	}
	return groups
}

// only gives the ballot with some of its choices, renumbered.
func (b *Ballot) only(choices, place []int) Ballot {
	part := Ballot{Weight: b.Weight, Voter: b.Voter, Extra: b.Extra}
	for _, i := range choices {
		part.Choices = append(part.Choices, place[b.Choices[i]])
		if b.Ranks != nil {
			part.Ranks = append(part.Ranks, b.Ranks[i])
		}
		if b.Points != nil {
			part.Points = append(part.Points, b.Points[i])
		}
	}
	return part
}
