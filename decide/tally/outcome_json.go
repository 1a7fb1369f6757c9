package tally

import "encoding/json"

// outcomeJSON is the shape of an outcome for other programs.
type outcomeJSON struct {
	Rule        string         `json:"rule"`
	Options     map[string]any `json:"options"`
	Winners     []string       `json:"winners"`
	Tied        []string       `json:"tied"`
	Spent       Number         `json:"spent,omitzero"`
	Budget      Number         `json:"budget,omitzero"`
	Endowment   Number         `json:"endowment,omitzero"`
	Ties        []TieBreak     `json:"ties"`
	Ranking     [][]string     `json:"ranking,omitempty"`
	Supported   []int64        `json:"supported,omitempty"`
	Pairwise    *Pairwise      `json:"pairwise,omitempty"`
	Inexact     bool           `json:"inexact,omitempty"`
	Explanation []Message      `json:"explanation,omitempty"`
	Rounds      []Round        `json:"rounds"`
}

// MarshalJSON gives ids as in the file, and money as exact text: decimals, or a
// fraction where no decimal is exact.
func (o *Outcome) MarshalJSON() ([]byte, error) {
	return json.Marshal(outcomeJSON{
		Rule: o.Rule.Text(), Options: o.Rule.Options(), Winners: list(o.Winners), Tied: list(o.Tied),
		Spent: o.Spent, Budget: o.Budget, Endowment: o.Endowment, Ties: list(o.Ties), Ranking: o.Ranking, Supported: o.Supported,
		Pairwise: o.Pairwise, Inexact: o.Inexact, Explanation: o.Explanation, Rounds: list(o.Rounds),
	})
}

// list makes no list an empty one.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
