package report

import (
	"io"
	"strings"

	"translocal/decide/tally"
	"translocal/i18n"
)

// CountText writes the outcome of a count for a terminal: who won, and why.
func CountText(w io.Writer, c Counted, p *i18n.Printer) error {
	v := newCountPage(c, p)
	var out strings.Builder
	line := func(s string) { out.WriteString(oneLine(s) + "\n") }
	line(v.Title() + ": " + v.RuleName())
	for _, id := range c.Outcome.Winners {
		s := "- " + v.label(id)
		if o := v.options[id]; o != nil && o.Cost != nil {
			s += ", " + v.money(tally.Num(o.Cost))
		}
		line(s)
	}
	if len(c.Outcome.Tied) > 0 {
		line(v.T("counting.report.tied"))
		for _, id := range c.Outcome.Tied {
			line("- " + v.label(id))
		}
	}
	for _, s := range append(v.Why(), v.Odd()...) {
		line(s)
	}
	for _, tie := range c.Outcome.Ties {
		line(v.T("counting.text.tie", "among", v.labels(tie.Among), "result", v.tieResult(tie), "by", v.p.T("counting.by."+key(tie.By))))
	}
	_, err := io.WriteString(w, out.String())
	return err
}
