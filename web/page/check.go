package page

import (
	"context"
	"fmt"
	"math"
	"strings"

	"translocal/blueprint/check"
	"translocal/document"
	"translocal/i18n"
)

// CheckPage is what the page of a checked draft shows.
type CheckPage struct {
	Text   string
	With   []string // beside what: library, places; empty for both
	Lost   []document.Lost
	Answer check.Answer
}

func percent(x float64) int { return int(math.Round(100 * x)) }

// states lists the states of which the draft has a clause.
func (p CheckPage) states() (out []check.State) {
	for _, s := range check.States {
		if p.Answer.Summary[s] > 0 {
			out = append(out, s)
		}
	}
	return out
}

// untold tells whether nothing happened to a clause that anybody told of.
func untold(c check.Checked) bool {
	for _, k := range c.Near {
		if len(k.Warnings)+len(k.Elsewhere) > 0 {
			return false
		}
	}
	return true
}

// source names where a clause stands: the text, and the place whose it is.
func sourceName(k check.Known) string {
	if k.Place != "" {
		return k.Title + " · " + k.Place
	}
	return k.Title
}

func noteLine(ctx context.Context, n check.Note) string {
	var parts []string
	if n.Kind != "" {
		parts = append(parts, i18n.T(ctx, "library.warning."+snake(n.Kind)))
	}
	parts = append(parts, n.Text)
	for _, x := range []string{n.Where, n.When} {
		if x != "" {
			parts = append(parts, x)
		}
	}
	if n.Source == "" {
		parts = append(parts, i18n.T(ctx, "library.no_source"))
	} else {
		parts = append(parts, i18n.T(ctx, "library.sources")+" "+n.Source)
	}
	return strings.Join(parts, " · ")
}

// CheckDocument is the result as a text with comments, to be written as a file.
func CheckDocument(ctx context.Context, p CheckPage) document.Doc {
	by := i18n.T(ctx, "site.name")
	d := document.Doc{Title: i18n.T(ctx, "check.result")}
	heading := ""
	for _, c := range p.Answer.Clauses {
		if c.Heading != "" && c.Heading != heading {
			d.Blocks = append(d.Blocks, withLevel(document.Heading.Text(c.Heading), 2))
		}
		heading = c.Heading
		b := document.Paragraph.Text(c.Text)
		b.Comments = append(b.Comments, document.Comment{By: by, Text: clauseComment(ctx, c)})
		d.Blocks = append(d.Blocks, b)
	}
	if len(p.Answer.Lacks) > 0 {
		d.Blocks = append(d.Blocks, withLevel(document.Heading.Text(i18n.T(ctx, "check.lacks")), 2))
	}
	for _, k := range p.Answer.Lacks {
		b := document.Quote.Text(k.Wording)
		b.Comments = []document.Comment{{By: by, Text: strings.TrimSpace(k.Heading + "\n\n" + sourceName(k) + " · " + i18n.T(ctx, "check.in", "in", k.In, "of", k.Of))}}
		d.Blocks = append(d.Blocks, b)
	}
	return d
}

func withLevel(b document.Block, level int) document.Block { b.Level = level; return b }

func clauseComment(ctx context.Context, c check.Checked) string {
	lines := []string{i18n.T(ctx, "check.state."+string(c.State)) + ". " + i18n.T(ctx, "check.how."+string(c.How))}
	for _, k := range c.Near {
		lines = append(lines, fmt.Sprintf("%s: %s (%s)", sourceName(k), k.Heading, i18n.T(ctx, "check.alike", "percent", percent(k.Similarity))))
		for _, n := range append(append([]check.Note{}, k.Warnings...), k.Elsewhere...) {
			lines = append(lines, noteLine(ctx, n))
		}
	}
	for _, w := range c.Went {
		lines = append(lines, i18n.T(ctx, "check.went."+w.State, "place", wentName(w)))
	}
	if untold(c) {
		lines = append(lines, i18n.T(ctx, "check.untold"))
	}
	return strings.Join(lines, "\n\n")
}

func wentName(w check.Went) string {
	if w.Place == "" {
		return w.Title
	}
	return w.Place
}

// askPath is where somebody can tell what became of a clause like this.
func askPath(c check.Checked) string {
	if len(c.Near) == 0 {
		return tellPath("", "")
	}
	k := c.Near[0]
	if k.Source == check.Model {
		return tellPath("", k.Clause)
	}
	return tellPath(k.Ref, k.Clause)
}
