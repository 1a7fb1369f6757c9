package page

import (
	"context"
	"slices"
	"strings"

	"translocal/i18n"
)

// countRules are the rules that the form offers: budgets, committees and ranked
// ballots, one proposal. Plurality is not among them unless it is asked for by name.
func countRules(ctx context.Context) []Option {
	out := []Option{{"", i18n.T(ctx, "count.rule.declared")}}
	for _, r := range []string{"equal-shares", "phragmen", "greedy-votes", "greedy-votes-per-cost", "approval", "score", "irv", "schulze", "ranked-pairs",
		"minimax", "copeland", "split-cycle", "smith", "stv-scottish", "stv-wigm", "stv-meek", "plurality",
		"consent", "consensus", "consensus-minus:1", "consensus-minus:2", "majority", "supermajority:2/3", "supermajority:3/4"} {
		out = append(out, Option{r, i18n.T(ctx, "count.rule."+countKey(r))})
	}
	return out
}

// CountRules gives the labels, as the form lists them, of rules by their names.
// A rule that is listed with several numbers has a label for each.
func CountRules(ctx context.Context, names []string) (labels []string) {
	for _, o := range countRules(ctx) {
		if name, _, _ := strings.Cut(o.Value, ":"); slices.Contains(names, name) {
			labels = append(labels, o.Text)
		}
	}
	return labels
}

// countKey is the end of the message key of a rule: its name in letters.
func countKey(rule string) string {
	b := []byte(rule)
	for i, c := range b {
		if c == '-' || c == ':' || c == '/' {
			b[i] = '_'
		}
	}
	return string(b)
}
