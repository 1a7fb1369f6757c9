package report

import (
	"fmt"
	"io"
	"strings"

	"translocal/decide/opinion"
	"translocal/i18n"
)

// OpinionText writes the gist of an opinion map as plain text: how it came
// about, common ground, what divides, the groups.
func OpinionText(w io.Writer, m *opinion.Map, p *i18n.Printer) error {
	v := &opinionPage{m: m, p: p}
	var b strings.Builder
	line := func(text string) { b.WriteString(oneLine(text) + "\n") }
	line(v.Title())
	for _, s := range v.How() {
		line(s)
	}
	if s := v.Alike(); s != "" {
		line(s)
	}
	if v.Grouped() {
		v.sectionText(&b, "opinion.common", v.Common(), "opinion.common.none")
		v.sectionText(&b, "opinion.divides", v.Divides(), "opinion.divides.none")
		for _, g := range v.Groups() {
			b.WriteString("\n")
			line(g.Name + " · " + g.Share)
			v.saysText(&b, "opinion.groups.agree", g.Agree)
			v.saysText(&b, "opinion.groups.disagree", g.Reject)
			if g.Hidden {
				line(p.T("opinion.groups.hidden"))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sectionText writes statements with the share of each group.
func (v *opinionPage) sectionText(b *strings.Builder, title string, rows []statementRow, none string) {
	fmt.Fprintf(b, "\n%s\n", v.p.T(title))
	if len(rows) == 0 {
		fmt.Fprintln(b, v.p.T(none))
	}
	for _, r := range rows {
		shares := make([]string, len(r.Bars))
		for g, bar := range r.Bars {
			shares[g] = letter(g) + " " + bar.Text
		}
		fmt.Fprintf(b, "- %s (%s)\n", oneLine(r.Said), strings.Join(shares, ", "))
	}
}

func (v *opinionPage) saysText(b *strings.Builder, title string, rows []groupSays) {
	if len(rows) > 0 {
		fmt.Fprintln(b, v.p.T(title))
	}
	for _, r := range rows {
		fmt.Fprintf(b, "- %s %s\n", oneLine(r.Said), r.Shares)
	}
}

// oneLine joins the lines of a text and drops what could steer a terminal.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
