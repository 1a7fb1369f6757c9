package page

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"translocal/blueprint/check"
	"translocal/document"
	"translocal/i18n"
	"translocal/place"
)

// CheckPage is what the page of a checked draft shows.
type CheckPage struct {
	Packed string   // the text, to be sent again
	Title  string   // of the draft, "" for none
	With   []string // beside what: library, places; empty for both
	Lost   []document.Lost
	Answer check.Answer

	Whole    bool // all on one page, to be printed
	From, To int  // the clauses that are shown
}

// roomForClauses is about how many bytes of clauses go on a page: a page stays below 50 KB, of which the text that it carries
// may take half, and its frame the rest. A clause takes about the bytes of its own words three times (the draft's, the nearest, those of
// notes are counted), and clauseFrame for what stands around them.
const (
	roomForClauses = 44 << 10
	clauseFrame    = 1100
)

// Show chooses the clauses that are shown: from one on, as many as a page holds, or all.
func (p *CheckPage) Show(from int) {
	n := len(p.Answer.Clauses)
	if p.Whole {
		p.From, p.To = 0, n
		return
	}
	if from < 0 || from >= n {
		from = 0
	}
	room := roomForClauses - len(p.Packed)
	if from == 0 {
		room -= lacksSize(p.Answer.Lacks)
	}
	p.From, p.To = from, from
	for p.To < n {
		room -= clauseSize(p.Answer.Clauses[p.To])
		if room < 0 && p.To > from {
			return
		}
		p.To++
	}
}

func clauseSize(c check.Checked) int {
	size := clauseFrame + len(c.Text)
	for i, k := range c.Near {
		size += len(k.Heading) + len(k.Title) + 300 + noteSize(k)
		if i == 0 {
			size += 2*len(k.Wording) + len(c.Text) + len(k.Itself)
		} else {
			size += len(k.Wording)
		}
	}
	for _, k := range c.About {
		size += len(k.Heading) + len(k.Title) + 400 + noteSize(k)
	}
	return size + 200*len(c.Went)
}

func lacksSize(list []check.Known) (size int) {
	for _, k := range list[:min(len(list), maxLacks)] {
		size += 500 + len(k.Wording)/2 + noteSize(k)
	}
	return size
}

func noteSize(k check.Known) (size int) {
	for _, n := range append(append([]check.Note{}, k.Warnings...), k.Elsewhere...) {
		size += 120 + len(n.Text) + len(n.Source)
	}
	return size
}

// maxLacks is how many clauses that the draft lacks a page shows; the print has all.
const maxLacks = 8

func (p CheckPage) lacks() []check.Known {
	if p.Whole {
		return p.Answer.Lacks
	}
	return p.Answer.Lacks[:min(len(p.Answer.Lacks), maxLacks)]
}

// begins tells whether a heading of the draft begins at a clause.
func (p CheckPage) begins(n int) bool {
	h := p.Answer.Clauses[n].Heading
	return h != "" && (n == 0 || p.Answer.Clauses[n-1].Heading != h)
}

// ownNumber is a heading that has a number itself: "1. Purpose", "Article 3", "§ 2 Costs".
var ownNumber = regexp.MustCompile(`^(\S+\s+)?\d{1,3}([.):\s]|$)`)

// numbered tells whether a draft numbers its clauses itself. Then two numbers on one clause would confuse.
func (p CheckPage) numbered() bool {
	return slices.ContainsFunc(p.Answer.Clauses, func(c check.Checked) bool { return ownNumber.MatchString(c.Heading) })
}

// called is what a clause is called on the page: its heading, with our number where the draft has none. again says its heading
// though it began before.
func (p CheckPage) called(n int, again bool) string {
	c, name := p.Answer.Clauses[n], ""
	if p.begins(n) || again {
		name = c.Heading
	}
	if !p.numbered() {
		return strings.TrimSpace(itoa(n+1) + ". " + name)
	}
	if name == "" {
		name = firstWords(c.Text)
	}
	return name
}

// A telling clause is one to look at first.
type telling struct {
	N    int // from 0
	Name string
	Why  []string // ends of message keys
}

func (t telling) reasons(ctx context.Context) string {
	out := make([]string, len(t.Why))
	for i, w := range t.Why {
		out[i] = i18n.T(ctx, "check."+w)
	}
	return strings.Join(out, " · ")
}

// maxFirst is how many clauses are named to be looked at first.
const maxFirst = 10

// first names the clauses of which most is known that should give pause: warnings above all, a weaker wording, a place that
// dropped or changed them.
func (p CheckPage) first() (out []telling) {
	for i, c := range p.Answer.Clauses {
		t := telling{N: i, Name: p.called(i, false)}
		if !p.begins(i) && !p.numbered() {
			t.Name += " " + firstWords(c.Text)
		}
		if len(c.Near) > 0 && len(c.Near[0].Warnings) > 0 {
			t.Why = append(t.Why, "first.warned")
		}
		if slices.ContainsFunc(c.About, func(k check.Known) bool { return len(k.Warnings) > 0 }) {
			t.Why = append(t.Why, "first.about")
		}
		if c.State == check.Weaker {
			t.Why = append(t.Why, "state.weaker")
		}
		if slices.ContainsFunc(c.Went, func(w check.Went) bool { return w.State != "kept" }) {
			t.Why = append(t.Why, "first.went")
		}
		if len(t.Why) > 0 {
			out = append(out, t)
		}
	}
	weight := func(t telling) int {
		n := len(t.Why)
		if t.Why[0] == "first.warned" {
			n += 2
		}
		return n
	}
	slices.SortStableFunc(out, func(a, b telling) int { return weight(b) - weight(a) })
	return out[:min(len(out), maxFirst)]
}

// recordedAsIs tells whether a clause is the recorded softer or stronger wording, word for word: then the clause
// itself says more beside it than the same words again.
func recordedAsIs(c check.Checked) bool {
	return c.Near[0].Itself != "" && c.Near[0].Similarity == 1
}

// besideKey says what stands beside a clause.
func besideKey(c check.Checked) string {
	switch {
	case c.State == check.Kept:
		return "check.beside.same"
	case recordedAsIs(c):
		return "check.beside.itself"
	}
	return "check.nearest"
}

// passed gives, once each, the texts near the clauses that are shown that somebody passed something like.
func (p CheckPage) passed() (out []check.Known) {
	for _, c := range p.Answer.Clauses[p.From:p.To] {
		for _, k := range c.Near[:min(len(c.Near), 1)] {
			if len(k.Passed) > 0 && !slices.ContainsFunc(out, func(o check.Known) bool { return o.Ref == k.Ref && o.Language == k.Language }) {
				out = append(out, k)
			}
		}
	}
	return out
}

func firstWords(s string) string {
	w := strings.Fields(s)
	if len(w) > 7 {
		return strings.Join(w[:7], " ") + " …"
	}
	return strings.Join(w, " ")
}

// here tells whether a clause stands on this page.
func (p CheckPage) here(n int) bool { return n >= p.From && n < p.To }

// Source is the text, in one language, to which most of the draft is near; the zero value if none is.
func (p CheckPage) Source() (best check.Known) {
	type key struct{ ref, language string }
	sum, most := map[key]float64{}, 0.0
	for _, c := range p.Answer.Clauses {
		for _, k := range c.Near {
			if k.Clause == "" || k.Ref == "" {
				continue
			}
			at := key{k.Ref, k.Language}
			if sum[at] += k.Similarity; sum[at] > most {
				most, best = sum[at], k
			}
		}
	}
	return best
}

// sameIn is the clause of the source to which a clause of the draft is near.
func sameIn(src check.Known, c check.Checked) (check.Known, bool) {
	for _, k := range c.Near {
		if k.Ref == src.Ref && k.Language == src.Language && k.Clause != "" {
			return k, true
		}
	}
	return check.Known{}, false
}

// confirmedIn tells whether a clause is ticked: all are before the form was sent.
func confirmedIn(form Form, value string) bool {
	return len(form.Faults) == 0 && form.Whole == "" || form.Checked("same", value)
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
	for _, k := range append(append([]check.Known{}, c.Near...), c.About...) {
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

// noteLine is what happened in one line, for files.
func noteLine(ctx context.Context, n check.Note) string {
	s := n.Text + " " + noteRest(ctx, n)
	if n.Kind != "" {
		s = i18n.T(ctx, "library.warning."+snake(n.Kind)) + " " + s
	}
	return s
}

// noteRest says where and when it happened, and how that is known.
func noteRest(ctx context.Context, n check.Note) string {
	var parts []string
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
	return "(" + strings.Join(parts, " · ") + ")"
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
	for i, k := range c.Near {
		lines = append(lines, fmt.Sprintf("%s: %s (%s)", sourceName(k), k.Heading, i18n.T(ctx, "check.alike", "percent", percent(k.Similarity))))
		if i == 0 && c.State != check.Kept {
			lines = append(lines, "“"+k.Wording+"”")
		}
		for _, n := range append(append([]check.Note{}, k.Warnings...), k.Elsewhere...) {
			lines = append(lines, noteLine(ctx, n))
		}
	}
	for _, k := range c.About {
		lines = append(lines, i18n.T(ctx, "check.about")+": "+sourceName(k)+": "+k.Heading+" ("+strings.Join(k.Shared, ", ")+")")
		for _, n := range k.Warnings {
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

// suggestClausePath leads a keeper to suggest their wording to the place of a clause, "" where there is nothing to lead to.
func suggestClausePath(f Frame, k check.Known) string {
	if k.Source != check.Own && k.Source != check.Followed {
		return ""
	}
	for _, m := range f.Mine {
		if m.Name == k.Place {
			return ""
		}
	}
	for _, m := range f.Mine {
		if place.Allowed(m.Role, place.SuggestChange, place.Any) {
			return "/suggest?" + url.Values{"to": {k.Ref}, "place": {string(m.Stream)}}.Encode()
		}
	}
	return ""
}
