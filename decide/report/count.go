package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"translocal/decide/tally"
	"translocal/i18n"
)

//go:embed count.html
var countHTML string

var countTemplate = template.Must(template.New("count").Parse(countHTML))

// Counted is an election with its outcome, and the file that it was read from.
type Counted struct {
	Election *tally.Election
	Outcome  *tally.Outcome
	File     string // its name
	Data     []byte // its content, of which the page shows the SHA-256
}

// Count writes the outcome of a count as one page that needs nothing else: the
// rule in plain words, who won and why, the rounds as pictures with a table
// beside each, and how anybody can count again. It shows numbers of voters, and
// never a voter.
func Count(w io.Writer, c Counted, p *i18n.Printer) error {
	return countTemplate.Execute(w, newCountPage(c, p))
}

func newCountPage(c Counted, p *i18n.Printer) *countPage {
	v := &countPage{Counted: c, p: p, options: map[string]*tally.Option{}}
	for i := range c.Election.Options {
		v.options[c.Election.Options[i].ID] = &c.Election.Options[i]
	}
	return v
}

// countPage is what the template asks for.
type countPage struct {
	Counted
	p       *i18n.Printer
	options map[string]*tally.Option

	part string // of a page of several counts: tells their pictures apart
}

// section is a part of the page under a heading.
type section struct {
	Title   string
	Under   bool // the title stands below that of a pot
	Text    []string
	Warning bool // the text is a warning
	Figure  *figure
	Table   *table
}

// table has a header for each column; the first cell of a row is its header.
type table struct {
	Caption string
	Head    []string
	Rows    [][]cell
}

type cell struct {
	Text   string
	Named  bool // a name in the voters' language
	Strong bool
}

func text(s string) cell { return cell{Text: s} }

func (v *countPage) T(key string, args ...any) string { return v.p.T(key, args...) }
func (v *countPage) Lang() string                     { return v.p.Lang() }
func (v *countPage) Dir() string                      { return v.p.Dir() }

func (v *countPage) Title() string {
	if v.Election.Title != "" {
		return v.Election.Title
	}
	return v.T("counting.report.title")
}

// key makes a name of the package tally part of a message's key.
func key(name string) string {
	return strings.NewReplacer("-", "_", "+", "_").Replace(name)
}

// RuleName is the rule's short name on the page.
func (v *countPage) RuleName() string { return v.p.T("counting.name." + key(v.Outcome.Rule.Name)) }

// label names an option for people: by its name, and by its id where options
// are projects, whose ids people know from the ballot.
func (v *countPage) label(id string) string {
	o := v.options[id]
	switch {
	case o == nil && slices.Contains([]tally.Position{tally.Agree, tally.Abstain, tally.Object, tally.Block, tally.StandAside}, tally.Position(id)):
		return v.p.T("counting.position." + key(id))
	case o == nil && (id == "equal-shares" || id == "greedy-votes"):
		return v.p.T("counting.name." + key(id))
	case o == nil || o.Name == "":
		return id
	case o.Cost != nil:
		return o.Name + " (" + id + ")"
	}
	return o.Name
}

func (v *countPage) named(id string) cell {
	return cell{Text: v.label(id), Named: v.options[id] != nil}
}

func (v *countPage) labels(ids []string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = v.label(id)
	}
	return strings.Join(names, ", ")
}

// number writes an exact number in the language's way; a fraction that no
// decimal says exactly is rounded, and said to be.
func (v *countPage) number(n tally.Number) string {
	if n.IsZero() {
		return ""
	}
	return v.upTo(6, n)
}

// upTo writes an exact number if it has no more decimals than that.
func (v *countPage) upTo(decimals int, n tally.Number) string {
	digits, exact := n.FloatPrec()
	f, _ := n.Float64()
	switch {
	case !exact || digits > decimals:
		return v.T("counting.report.about", "amount", v.p.Decimal(f, 2))
	case n.IsInt() && n.Num().IsInt64():
		return v.p.Number(int(n.Num().Int64()))
	case new(big.Rat).Abs(n.Rat).Cmp(big.NewRat(1<<33, 1)) < 0: // a float64 has six decimals more
		return v.p.Decimal(f, digits)
	}
	return n.String()
}

// money is a number in the election's currency, to the hundredth.
func (v *countPage) money(n tally.Number) string {
	if n.IsZero() {
		return ""
	}
	amount := v.upTo(2, n)
	if currency := v.Election.MetaValue("currency"); currency != "" {
		return amount + "\u00a0" + currency // never apart
	}
	return amount
}

func (v *countPage) count(n int64) string { return v.p.Number(int(n)) }

// moneyArgs and nameArgs are the arguments of tally's messages that are money,
// and those that are ids, a line each.
var (
	moneyArgs = []string{"spent", "budget", "endowment"}
	nameArgs  = []string{"option", "options", "smith"}
)

// say gives the sentence of a message.
func (v *countPage) say(m tally.Message) string {
	var args []any
	count, plural := 0, false
	for name, value := range m.Args {
		if name == "count" {
			if n, err := strconv.Atoi(value); err == nil {
				count, plural = n, true
				continue
			}
		}
		args = append(args, name, v.arg(name, value))
	}
	if plural {
		return v.p.N(m.Key, count, args...)
	}
	return v.p.T(m.Key, args...)
}

func (v *countPage) arg(name, value string) string {
	if slices.Contains(nameArgs, name) {
		return v.labels(strings.Split(value, "\n"))
	}
	r, ok := new(big.Rat).SetString(value)
	if !ok || name == "threshold" || name == "names" || name == "said" {
		return value
	}
	if slices.Contains(moneyArgs, name) {
		return v.money(tally.Num(r))
	}
	return v.number(tally.Num(r))
}

// How is the rule in plain words.
func (v *countPage) How() []string {
	out := v.byRule()
	out = append(out, v.p.N("counting.report.ballots", int(v.Election.Voters())))
	if v.Outcome.Inexact {
		return append(out, v.T("counting.report.inexact"))
	}
	return append(out, v.T("counting.report.exact"))
}

func (v *countPage) byRule() (out []string) {
	r := v.Outcome.Rule
	out = append(out, v.p.T("counting.rule."+key(r.Name)))
	if r.Utility != "" {
		out = append(out, v.p.T("counting.utility."+key(r.Utility)))
	}
	if r.Completion != "" {
		out = append(out, v.p.T("counting.completion."+key(r.Completion)))
	}
	if strings.HasPrefix(r.Completion, tally.CompletionAdd1) {
		out = append(out, v.p.T("counting.stop."+key(r.Stop)))
	}
	if r.Integral {
		out = append(out, v.T("counting.integral"))
	}
	for _, round := range v.rounds("compare") {
		out = append(out, v.T("counting.comparison", "shares", v.number(round.Counts[0].Value), "greedy", v.number(round.Counts[1].Value)))
	}
	if r.NoSkip {
		out = append(out, v.T("counting.no_skip"))
	}
	if r.MinScore != nil {
		out = append(out, v.T("counting.min_score", "score", v.number(tally.Num(r.MinScore))))
	}
	if v.Election.Kind != tally.Positions {
		by, _, _ := strings.Cut(r.Tie.String(), ":")
		out = append(out, v.p.T("counting.tie."+key(by), "seed", r.Tie.Seed))
	}
	return out
}

// Why are the outcome's own sentences.
func (v *countPage) Why() (out []string) {
	for _, m := range v.Outcome.Explanation {
		out = append(out, v.say(m))
	}
	return out
}

// Odd says what the file gets wrong about itself.
func (v *countPage) Odd() (out []string) {
	for _, m := range v.Election.Notes {
		out = append(out, v.say(m))
	}
	return out
}

// Check says how to count again.
func (v *countPage) Check() string {
	sum := sha256.Sum256(v.Data)
	return v.T("counting.report.check.text", "file", v.File, "digest", hex.EncodeToString(sum[:]))
}

// Command is the line that counts again.
func (v *countPage) Command() string {
	return v.command("tally")
}

// command is the line of a subcommand with what belongs to it before the rule.
func (v *countPage) command(name string, more ...string) string {
	line := append([]string{"translocal", name, quoted(v.File)}, more...)
	line = append(line, "--rule", quoted(v.Outcome.Rule.Text()))
	options := v.Outcome.Rule.Options()
	for _, name := range []string{"utility", "completion", "stop", "integral", "increment", "comparison", "no_skip", "min_score", "seats", "eligible", "quorum", "tie"} {
		switch value := options[name].(type) {
		case nil:
		case bool:
			if value {
				line = append(line, "--"+strings.ReplaceAll(name, "_", "-"))
			}
		default:
			line = append(line, "--"+strings.ReplaceAll(name, "_", "-"), quoted(fmt.Sprint(value)))
		}
	}
	return strings.Join(line, " ")
}

// quoted quotes a word for a shell where it must.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/:+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
