package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math/big"
	"strings"

	"translocal/decide/tally"
	"translocal/i18n"
)

//go:embed pots.html
var potsHTML string

var potsTemplate = template.Must(template.Must(countTemplate.Clone()).New("pots").Parse(potsHTML))

// Split is a budget that was split into pots, each counted by itself.
type Split struct {
	Election *tally.Election // the whole
	Column   string          // of the projects, which names the pot
	Unit     *big.Rat        // shares are multiples of it
	Pots     []tally.PotOutcome
	File     string // name of the file of ballots
	Data     []byte // its content
	Table    string // name of the file of pots
}

// Pots writes the outcome as one page, as [Count] does: how the budget was
// shared and why, and each pot's projects.
func Pots(w io.Writer, s Split, p *i18n.Printer) error {
	return potsTemplate.Execute(w, newPotsPage(s, p))
}

// PotsText writes the outcome for a terminal: each pot's share and projects.
func PotsText(w io.Writer, s Split, p *i18n.Printer) error {
	v := newPotsPage(s, p)
	var out strings.Builder
	line := func(s string) { out.WriteString(oneLine(s) + "\n") }
	line(v.Title() + ": " + v.RuleName())
	for i, pot := range v.Pots {
		line(v.T("counting.pots.line", "pot", pot.Name, "share", v.money(tally.Num(s.Pots[i].Share))))
		if pot.Page == nil {
			line("- " + v.T("counting.pots.nothing"))
			continue
		}
		for _, id := range pot.Page.Outcome.Winners {
			line("- " + pot.Page.label(id) + ", " + v.money(tally.Num(pot.Page.options[id].Cost)))
		}
		for _, why := range pot.Page.Why() {
			line("  " + why)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// potsPage is what the template asks for.
type potsPage struct {
	*countPage
	split Split
	Pots  []potView
}

type potView struct {
	Name string
	Page *countPage // nil: no project asks for its money
}

func newPotsPage(s Split, p *i18n.Printer) *potsPage {
	v := &potsPage{split: s}
	v.countPage = newCountPage(Counted{Election: s.Election, Outcome: &tally.Outcome{}, File: s.File, Data: s.Data}, p)
	for i, pot := range s.Pots {
		one := potView{Name: pot.Name}
		if pot.Outcome != nil {
			one.Page = newCountPage(Counted{Election: pot.Part, Outcome: pot.Outcome, File: s.File}, p)
			one.Page.part = fmt.Sprintf("pot%d-", i+1)
			v.Outcome = pot.Outcome // for the rule, which is the same in all
		}
		v.Pots = append(v.Pots, one)
	}
	return v
}

// Shared says how the budget was shared.
func (v *potsPage) Shared() []string {
	return []string{
		v.T("counting.pots.claim"),
		v.T("counting.pots.rounded", "unit", v.money(tally.Num(v.split.Unit))),
		v.T("counting.pots.apart"),
	}
}

// Shares is the table of pots.
func (v *potsPage) Shares() *table {
	t := &table{Caption: v.T("counting.pots.table", "budget", v.money(tally.Num(v.Election.Budget)))}
	for _, head := range []string{"pot", "people", "need", "share", "person", "spent"} {
		t.Head = append(t.Head, v.p.T("counting.pots."+head))
	}
	for _, pot := range v.split.Pots {
		need, person, spent := tally.Int(1), "–", tally.Int(0)
		if pot.Need != nil {
			need = tally.Num(pot.Need)
		}
		if pot.People > 0 {
			each, _ := new(big.Rat).Quo(pot.Share, new(big.Rat).SetInt64(pot.People)).Float64()
			person = v.p.Decimal(each, 2)
		}
		if pot.Outcome != nil {
			spent = pot.Outcome.Spent
		}
		t.Rows = append(t.Rows, []cell{
			{Text: pot.Name, Named: true}, text(v.count(pot.People)), text(v.number(need)), text(v.money(tally.Num(pot.Share))), text(person), text(v.money(spent)),
		})
	}
	return t
}

// How is the rule in plain words.
func (v *potsPage) How() []string {
	return append(v.byRule(), v.p.N("counting.report.ballots", int(v.Election.Voters())), v.T("counting.report.exact"))
}

// Check says how to count again.
func (v *potsPage) Check() string {
	return v.countPage.Check() + " " + v.T("counting.pots.check", "table", v.split.Table)
}

// Command is the line that counts again.
func (v *potsPage) Command() string {
	return v.command("pots", quoted(v.split.Table), "--by", quoted(v.split.Column), "--unit", tally.Num(v.split.Unit).String())
}
