// Package tally counts ballots: budgets, committees, rankings and plain
// decisions, exactly, by a rule that the community chose.
//
// An [Election] is what was asked and what was answered; a [Rule] is a value
// (a name and its parameters); [Count] turns both into an [Outcome] that holds
// who won, every round, every tie with what broke it, and an explanation as
// message keys with arguments. The package keeps nothing, knows no network and
// no language, and gives the same outcome on every machine: all arithmetic is
// on integers and exact rationals unless an outcome says otherwise
// ([Outcome.Inexact]).
//
// tally.go holds the types that every rule shares, rules.go the table of rules.
package tally

import (
	"math/big"
	"strings"
)

// Kind says what a ballot of an election holds.
type Kind string

// The kinds of ballots. A pile of ballots has one kind.
const (
	Approval   Kind = "approval"   // a set of options that the voter supports (a knapsack ballot is one too)
	ChooseOne  Kind = "choose-1"   // at most one option
	Cumulative Kind = "cumulative" // points spread over options
	Score      Kind = "score"      // a grade for each option, independent of the others
	Ordinal    Kind = "ordinal"    // options by rank, best first; equal ranks allowed
	Positions  Kind = "positions"  // a position on one proposal
)

// Position is what a member says to one proposal.
type Position string

// The positions of consent and consensus procedures.
const (
	Agree      Position = "agree"
	Abstain    Position = "abstain"
	Object     Position = "object"
	Block      Position = "block"
	StandAside Position = "stand-aside"
)

// Election is a question with its options and the ballots cast on it. Readers
// of files fill it, one ballot a voter; [Election.Group] merges equal ballots.
type Election struct {
	Title  string
	Kind   Kind
	Rule   string   // the rule that the file declares, in the file's words; "" if none
	Seats  int      // how many to elect; 0 where a budget limits or one wins
	Budget *big.Rat // what may be spent, in currency units; nil where no money is given out

	Options []Option
	Ballots []Ballot

	Notes []Message // what its reader found odd, but could read

	Meta          []Field  // what else the file says about itself, in its order
	OptionColumns []string // header of the file's table of options, if it has one: names Option.Extra
	BallotColumns []string // header of the file's table of votes, if it has one: names Ballot.Extra
}

// Field is one named value of a file, as it was written.
type Field struct{ Name, Value string }

// Option is one thing that can be voted for: a candidate, a project, a text.
type Option struct {
	ID        string   // as in the file; never read as a number
	Name      string   // may be empty
	Cost      *big.Rat // in currency units; nil where options cost nothing
	Withdrawn bool     // cannot win; ballots that name it stay valid
	Extra     []string // values under Election.OptionColumns; "" where the column has a field of its own here
}

// Ballot is one way to vote and the number of voters who voted so.
type Ballot struct {
	Weight   int64      // voters who cast it; at least 1
	Choices  []int      // indices into Election.Options, no index twice; by rank for Ordinal, else in any order
	Ranks    []int      // Ordinal with equal or skipped ranks: rank of each choice, from 0, never falling; nil: 0, 1, 2, …
	Points   []*big.Rat // Cumulative and Score: points of each choice; shared between ballots, so never written to
	Position Position   // Positions
	Voter    string     // the voter's id in the file; "" once grouped
	Extra    []string   // values under Election.BallotColumns; nil once grouped
}

// Ranking gives an ordinal ballot as groups of equally ranked options, best
// first. Skipped ranks give no group.
func (b *Ballot) Ranking() [][]int {
	var groups [][]int
	for i, c := range b.Choices {
		if i > 0 && b.Ranks != nil && b.Ranks[i] == b.Ranks[i-1] {
			last := len(groups) - 1
			groups[last] = append(groups[last], c)
			continue
		}
		groups = append(groups, []int{c})
	}
	return groups
}

// Rule is a way of counting: a name from the table in rules.go and the
// parameters that this rule reads. The zero value of a parameter is the
// default that the rule documents.
type Rule struct {
	Name string

	// Budgets.
	Utility    string   // cost, count, points, borda
	Completion string   // none, greedy, add1, add1+greedy; on committees also phragmen
	Stop       string   // exhaustive, overspend
	Integral   bool     // start Equal Shares from whole currency units
	Increment  *big.Rat // what one step of add1 gives each voter; nil: 1
	Comparison bool     // Equal Shares: greedy-votes stands instead if more voters have more winners by it
	NoSkip     bool     // greedy: end at the first project that doesn't fit
	MinScore   *big.Rat // greedy: the score that a project needs; nil: none

	// Committees and rankings.
	Seats int // 0: as the election says, else 1

	// One proposal.
	Threshold  *big.Rat // supermajority: the share needed, such as 2/3
	Objections int      // consensus-minus: how many may stand against
	Eligible   int64    // members who may vote; 0: unknown
	Quorum     Quorum

	Tie Tie
}

// Quorum is the least participation that makes a decision valid: a share of
// those eligible, or a number of voters. The zero value asks for none.
type Quorum struct {
	Share  *big.Rat // of Rule.Eligible; nil: none
	Voters int64
}

// Tie says how ties are broken. The zero value is [TieByID].
type Tie struct {
	By   string // id, votes-cost, lot, open
	Seed string // of the lot: published before it is used
}

// Ways to break a tie.
const (
	TieByID      = "id"         // the smallest id, compared as a string ("10" < "2")
	TieVotesCost = "votes-cost" // most votes, then least cost, then the smallest id
	TieLot       = "lot"        // the smallest SHA-256 of seed, newline, id
	TieOpen      = "open"       // not broken: the outcome says who is tied
)

// ParseTie reads "id", "votes-cost", "lot:SEED" or "open".
func ParseTie(s string) (Tie, error) {
	by, seed, lot := strings.Cut(s, ":")
	switch {
	case by == TieLot && seed != "":
		return Tie{By: TieLot, Seed: seed}, nil
	case by == TieLot:
		return Tie{}, refuse(noSeed, "value", quoted(s))
	case !lot && (by == TieByID || by == TieVotesCost || by == TieOpen):
		return Tie{By: by}, nil
	}
	return Tie{}, refuse(noTie, "value", quoted(s))
}

// String gives the form that [ParseTie] reads.
func (t Tie) String() string {
	switch t.By {
	case "":
		return TieByID
	case TieLot:
		return TieLot + ":" + t.Seed
	}
	return t.By
}

// Outcome is what a rule makes of an election.
type Outcome struct {
	Rule    Rule     // as it was applied, defaults filled in
	Winners []string // ids; in rank order where the rule ranks, else in the order in which they won
	Tied    []string // ids between which an open tie was left; no one of them is a winner by it

	Spent     Number // what the winners cost together
	Budget    Number // what could be spent
	Endowment Number // Equal Shares: what each voter could spend, in the run that decided

	Ties   []TieBreak
	Rounds []Round

	// Ranking lists all options in the order that the rule gives them, best
	// first, equals together. Empty where the rule does not rank.
	Ranking [][]string
	// Pairwise holds, for rules that compare in pairs, the voters who prefer
	// Options[i] to Options[j].
	Pairwise *Pairwise

	// Supported counts the voters by the number of winners on their ballots:
	// Supported[2] voters have two. Nil where ballots have no such meaning.
	Supported []int64

	Inexact     bool      // floating-point numbers took part
	Explanation []Message // why this outcome, for people
}

// TieBreak is one tie and how it was broken.
type TieBreak struct {
	Among  []string `json:"among"`
	Chosen string   `json:"chosen,omitempty"` // empty: left open
	By     string   `json:"by"`               // one of the Tie constants, or a rule's own such as "earlier-round"
	Out    bool     `json:"out,omitempty"`    // Chosen is the one who leaves the race, not the one who is ahead
}

// Round is one step of a count. A rule fills what it has.
type Round struct {
	Action    string     `json:"action"`              // fund, skip, elect, exclude, lock, …: documented by each rule
	Options   []string   `json:"options,omitempty"`   // whom the action befalls
	Counts    []Tally    `json:"counts,omitempty"`    // how the options stand when the action is decided
	Transfers []Transfer `json:"transfers,omitempty"` // votes that move because of it
	Quota     Number     `json:"quota,omitzero"`
	Exhausted Number     `json:"exhausted,omitzero"` // votes that name no one left
	Lost      Number     `json:"lost,omitzero"`      // votes lost by rounding
	Keep      []Tally    `json:"keep,omitempty"`     // Meek: the part of each vote that an elected option keeps
	Cost      Number     `json:"cost,omitzero"`
	Left      Number     `json:"left,omitzero"`    // budgets: what is left to spend afterwards
	Price     Number     `json:"price,omitzero"`   // what one voter pays at most (Equal Shares: for each point, where ballots give points)
	Held      Number     `json:"held,omitzero"`    // what the supporters of a project that was not bought still hold
	Voters    int64      `json:"voters,omitempty"` // who pay
	Full      int64      `json:"full,omitempty"`   // of those, who pay the whole price; the others all that they had left
	Note      *Message   `json:"note,omitempty"`
}

// Tally is where one option stands.
type Tally struct {
	Option string `json:"option"`
	Value  Number `json:"value"`
}

// Transfer is votes that pass from one option to another; To is empty for
// votes that name no one left.
type Transfer struct {
	From  string `json:"from"`
	To    string `json:"to,omitempty"`
	Value Number `json:"value"`
}

// Pairwise is the table of pairwise preferences.
type Pairwise struct {
	Options []string  `json:"options"`
	Prefer  [][]int64 `json:"prefer"` // [i][j]: voters who rank i above j
}

// Message is a sentence for people: a key of the message files, and what to
// put into it. Arguments are ids, exact numbers as text, and counts.
type Message struct {
	Key  string            `json:"key"`
	Args map[string]string `json:"args,omitempty"`
}

// Msg makes a Message of a key and name, value, name, value, …
func Msg(key string, nameValue ...string) Message {
	m := Message{Key: key}
	for i := 0; i+1 < len(nameValue); i += 2 {
		if m.Args == nil {
			m.Args = make(map[string]string, len(nameValue)/2)
		}
		m.Args[nameValue[i]] = nameValue[i+1]
	}
	return m
}

// Number is an exact rational. As text it is a decimal where that is exact
// ("1709.5"), else a fraction in lowest terms ("200000/117"). The zero Number
// means "not given".
type Number struct{ *big.Rat }

// Num wraps r.
func Num(r *big.Rat) Number { return Number{r} }

// Int wraps an integer.
func Int(n int64) Number { return Number{new(big.Rat).SetInt64(n)} }

// IsZero tells encoding/json that no number is given.
func (n Number) IsZero() bool { return n.Rat == nil }

// String gives the exact text; "" if no number is given.
func (n Number) String() string {
	if n.Rat == nil {
		return ""
	}
	digits, exact := n.FloatPrec()
	if !exact {
		return n.RatString()
	}
	return n.FloatString(digits)
}

// MarshalText gives String.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }
