package tally

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// ParseRule reads the name of a rule with what belongs to its name:
// "consensus-minus:2", "supermajority:2/3", "irv".
func ParseRule(s string) (Rule, error) {
	name, detail, detailed := strings.Cut(s, ":")
	r := Rule{Name: name}
	if _, ok := methods[name]; !ok {
		return Rule{}, refuse(noSuchRule, "value", quoted(name), "rules", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
	}
	switch {
	case name == "consensus-minus":
		n, err := strconv.Atoi(detail)
		if err != nil || n < 0 {
			return Rule{}, refuse(noObjections, "value", quoted(s))
		}
		r.Objections = n
	case name == "supermajority" && detailed:
		share, err := parseShare(detail)
		if err != nil {
			return Rule{}, refuse(noShare, "value", quoted(s))
		}
		r.Threshold = share
	case detailed:
		return Rule{}, refuse(nothingFollows, "value", quoted(s), "rule", name)
	}
	return r, nil
}

// Text gives the form that ParseRule reads.
func (r Rule) Text() string {
	switch {
	case r.Name == "consensus-minus":
		return r.Name + ":" + strconv.Itoa(r.Objections)
	case r.Name == "supermajority" && r.Threshold != nil:
		return r.Name + ":" + r.Threshold.RatString()
	}
	return r.Name
}

// parseShare reads a share from 0 to 1: "2/3", "0.5".
func parseShare(s string) (*big.Rat, error) {
	above, below, fraction := strings.Cut(s, "/")
	share, ok, expected := parseDecimal(above)
	if ok && fraction {
		var d *big.Rat
		if d, ok, expected = parseDecimal(below); !ok {
			return nil, errors.New(expected.English)
		}
		if d.Sign() == 0 {
			return nil, fmt.Errorf("a denominator that is not zero")
		}
		share.Quo(share, d)
	}
	if !ok {
		return nil, errors.New(expected.English)
	}
	if share.Sign() < 0 || share.Cmp(big.NewRat(1, 1)) > 0 {
		return nil, fmt.Errorf("a share from 0 to 1")
	}
	return share, nil
}

// ParseQuorum reads a number of voters ("12") or a share of those eligible
// ("1/2", "0.4").
func ParseQuorum(s string) (Quorum, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 {
		return Quorum{Voters: n}, nil
	}
	share, err := parseShare(s)
	if err != nil {
		return Quorum{}, refuse(noQuorum, "value", quoted(s))
	}
	return Quorum{Share: share}, nil
}

// ParseAmount reads an amount of money or points that is not negative.
func ParseAmount(s string) (*big.Rat, error) {
	r, ok, _ := parseDecimal(s)
	if !ok || r.Sign() < 0 {
		return nil, refuse(noAmount, "value", quoted(s))
	}
	return r, nil
}

// Options gives the rule's parameters by name, as text, without those that the
// rule does not use.
func (r Rule) Options() map[string]any {
	o := map[string]any{"tie": r.Tie.String()}
	for name, value := range map[string]string{"utility": r.Utility, "completion": r.Completion} {
		if value != "" {
			o[name] = value
		}
	}
	if r.Completion == CompletionAdd1 || r.Completion == CompletionAdd1Greedy {
		o["stop"], o["increment"] = r.Stop, Num(r.Increment).String()
	}
	if r.Name == "equal-shares" {
		o["integral"] = r.Integral
	}
	if r.Seats > 0 {
		o["seats"] = r.Seats
	}
	if r.MinScore != nil {
		o["min_score"] = Num(r.MinScore).String()
	}
	for name, set := range map[string]bool{"no_skip": r.NoSkip, "comparison": r.Comparison} {
		if set {
			o[name] = true
		}
	}
	if r.Eligible > 0 {
		o["eligible"] = r.Eligible
	}
	switch {
	case r.Quorum.Share != nil:
		o["quorum"] = r.Quorum.Share.RatString()
	case r.Quorum.Voters > 0:
		o["quorum"] = strconv.FormatInt(r.Quorum.Voters, 10)
	}
	return o
}
