package blueprint

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Segmented finds the clauses of a text that comes from a file: Markdown as package document gives it.
// A heading stands on the first clause below it; title is left out where it heads the text. Each clause has a new id.
func Segmented(title, markdown string) []Clause {
	out, _ := segmented(title, markdown)
	return out
}

// segmented also says which provision each clause is, by the id that clause.Segment gives it.
func segmented(title, markdown string) (out []Clause, provisions []string) {
	list := clause.Segment(markdown)
	last := ""
	for i, p := range list {
		c := Clause{Wording: Wording(p.Clause)}
		c.ID = act.NewToken()
		if p.Title {
			leads := i+1 < len(list) && list[i+1].Heading == p.Heading && !list[i+1].Title
			if leads || i == 0 && sameName(p.Heading, title) {
				continue
			}
			c.Text = ""
		}
		if p.Heading == last || sameName(p.Heading, title) || c.Text != "" && strings.HasPrefix(c.Text, p.Heading) {
			c.Heading = ""
		}
		last = p.Heading
		c.label(p.Label)
		if utf8.RuneCountInString(c.Heading) > MaxHeading {
			c.Heading, c.Text = "", c.Heading+"\n\n"+c.Text
		}
		out, provisions = append(out, c), append(provisions, p.ID)
	}
	return out, provisions
}

// label puts the number of a provision where it reads best: the name of an article is a heading, "(a)" is not.
func (c *Clause) label(label string) {
	label = strings.TrimSpace(label)
	named := len(strings.FieldsFunc(label, func(r rune) bool { return !unicode.IsLetter(r) })) > 0 && utf8.RuneCountInString(label) > 5
	switch {
	case label == "":
	case named && c.Heading == "":
		c.Heading = strings.TrimRight(label, ".:-–— ")
	case c.Text != "":
		c.Text = label + " " + c.Text
	default:
		c.Heading = label + " " + c.Heading
	}
}

// sameName tells whether two headings say the same, whatever their case, numbers and signs.
func sameName(a, b string) bool {
	name := func(s string) string {
		return strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }), " "))
	}
	a = name(a)
	return a != "" && a == name(b)
}

// Matched gives the clauses of a text that came from a file the ids of those in base to which they answer, with
// what base says of them beside their wording. A clause that stands unchanged keeps its blanks. What base has
// and the file doesn't is simply not there.
func Matched(base Text, list []Clause) []Clause {
	filled := base.filled()
	list = gathered(filled, list)
	partner := make([]int, len(list)) // index in base, -1: new
	taken := map[int]bool{}
	for i := range partner {
		partner[i] = -1
	}
	for _, m := range clause.Align(clause.Whole(filled), clause.Whole(Text{Clauses: list}.Wordings())) {
		if m.Parent >= 0 && m.Child >= 0 {
			partner[m.Child], taken[m.Parent] = m.Parent, true
		}
	}
	for i, c := range list { // rewritten throughout, under its old heading
		for j, b := range filled {
			if partner[i] < 0 && !taken[j] && sameName(c.Heading, b.Heading) {
				partner[i], taken[j] = j, true
			}
		}
	}
	out := slices.Clone(list)
	for i, j := range partner {
		if j >= 0 {
			out[i] = base.Clauses[j].as(filled[j], list[i])
		}
	}
	return out
}

// filled are the clauses as a reader sees them, with their blanks filled.
func (t Text) filled() []clause.Clause {
	values := t.Values()
	for _, v := range t.Variables {
		if v.Value == "" {
			values[v.Name] = "‹" + v.Label + "›"
		}
	}
	out := t.Wordings()
	for i := range out {
		out[i].Heading, out[i].Text = clause.Fill(out[i].Heading, values), clause.Fill(out[i].Text, values)
	}
	return out
}

// as is the clause with the wording of came, which answers to it; was is how it reads.
func (c Clause) as(was clause.Clause, came Clause) Clause {
	if came.Heading != "" && !sameName(came.Heading, was.Heading) && came.Heading != was.Heading {
		c.Heading = came.Heading
	}
	if plainWords(came.Text) != plainWords(was.Text) {
		c.Text = came.Text
	}
	return c
}

// plainWords are the words of a text, without marks of lists and emphasis, for telling whether it changed.
func plainWords(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`*_#>\-•`, r) }), " ")
}

// gathered puts together the paragraphs that stand under the heading of one clause of base, but for those
// that answer to a clause without a heading.
func gathered(base []clause.Clause, list []Clause) []Clause {
	unnamed := slices.DeleteFunc(slices.Clone(base), func(c clause.Clause) bool { return c.Heading != "" })
	alone := map[int]bool{}
	for _, m := range clause.Align(clause.Whole(unnamed), clause.Whole(Text{Clauses: list}.Wordings())) {
		if m.Parent >= 0 && m.Child >= 0 {
			alone[m.Child] = true
		}
	}
	var out []Clause
	open := false // the last clause is one of base, by its heading
	for i, c := range list {
		if c.Heading != "" {
			open = slices.ContainsFunc(base, func(b clause.Clause) bool { return sameName(b.Heading, c.Heading) })
		} else if alone[i] {
			open = false
		} else if open {
			last := &out[len(out)-1]
			last.Text = strings.TrimSpace(last.Text + "\n\n" + c.Text)
			continue
		}
		out = append(out, c)
	}
	return out
}

// BeginFrom begins a draft from a text that came from a file; faults are named by its fields. With a source, because the
// person says that the text was made from it, clauses keep the ids of those that they answer to, and the
// source stands as parent. stream "": for whoever has the link.
func (b *Blueprints) BeginFrom(ctx context.Context, v place.Viewer, stream act.Fingerprint, t Text, source *Source) (Link, error) {
	if !slices.Contains(Institutions, t.Institution) {
		t.Institution = Institutions[0]
	}
	return b.begin(ctx, v, stream, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		if source != nil {
			base, parent, err := b.source(ctx, tx, v, *source)
			if err != nil {
				return err
			}
			t.Clauses = Matched(base, t.Clauses)
			t.Variables, t.Family, t.Rests, t.Institution = base.blank().Variables, base.Family, base.Rests, base.Institution
			d.From = []Parent{parent}
		}
		if err := t.cleanIncoming(); err != nil {
			return err
		}
		d.Text = t
		return d.cleanBlanks()
	})
}

// cleanIncoming is Clean for a text that may still lack a title.
func (t *Text) cleanIncoming() error {
	title := t.Title
	if strings.TrimSpace(title) == "" {
		t.Title = "-"
	}
	err := t.Clean()
	if strings.TrimSpace(title) == "" {
		t.Title = ""
	}
	if err == nil && len(t.Clauses) == 0 {
		err = fault.At("clauses", "fault.required")
	}
	return err
}

// BeginChecked begins a draft from a text, in Markdown, that was laid beside a source. same says which clause of the source
// each provision of the text is, by the ids that clause.Segment gives to provisions: what the person confirmed. These
// keep the ids of the source, so that what becomes of them is known on both sides; neighbours that are one clause are put
// together. Without source, or with nothing in common, the draft has no parent. stream "": for whoever has the link.
func (b *Blueprints) BeginChecked(ctx context.Context, v place.Viewer, stream act.Fingerprint, t Text, markdown string, source *Source, same map[string]string) (Link, error) {
	if !slices.Contains(Institutions, t.Institution) {
		t.Institution = Institutions[0]
	}
	list, provisions := segmented(t.Title, markdown)
	return b.begin(ctx, v, stream, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		t.Clauses = list
		if source != nil && len(same) > 0 {
			base, parent, err := b.source(ctx, tx, v, *source)
			if err != nil {
				return err
			}
			if t.Clauses, err = confirmed(base, list, provisions, same); err != nil {
				return err
			}
			t.Variables, t.Family, t.Rests, t.Institution = base.blank().Variables, base.Family, base.Rests, base.Institution
			d.From = []Parent{parent}
		}
		if err := t.cleanIncoming(); err != nil {
			return err
		}
		d.Text = t
		return d.cleanBlanks()
	})
}

// confirmed gives the clauses of a text the ids that a person confirmed.
func confirmed(base Text, list []Clause, provisions []string, same map[string]string) ([]Clause, error) {
	for _, id := range same {
		if base.index(id) < 0 {
			return nil, fault.At("same", "fault.not_found")
		}
	}
	var out []Clause
	from := []int{} // index in base for each of out, -1: new
	used := map[string]bool{}
	last := "" // what the clause before is, "" for new
	for i, c := range list {
		id := same[provisions[i]]
		if id != "" && id == last {
			n := &out[len(out)-1]
			n.Text = strings.TrimSpace(n.Text + "\n\n" + c.Text)
			continue
		}
		j := -1
		if id != "" && !used[id] {
			j, used[id] = base.index(id), true
		}
		if last = id; j < 0 {
			last = ""
		}
		out, from = append(out, c), append(from, j)
	}
	filled := base.filled()
	for i, j := range from {
		if j >= 0 {
			out[i] = base.Clauses[j].as(filled[j], out[i])
		}
	}
	return out, nil
}
