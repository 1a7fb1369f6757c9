package page

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/document"
	"translocal/i18n"
)

// LostQuery and QueryLost carry a report of what was lost in an address, since it is stored nowhere.
func LostQuery(list []document.Lost) string {
	var parts []string
	for _, l := range list {
		parts = append(parts, strings.TrimPrefix(l.Key, lostPrefix)+"."+strconv.Itoa(l.Count))
	}
	return strings.Join(parts, "-")
}

const lostPrefix = "document.lost."

// QueryLost reads what LostQuery wrote; what it doesn't know it leaves out.
func QueryLost(s string) []document.Lost {
	var out []document.Lost
	for _, part := range strings.Split(s, "-") {
		name, count, _ := strings.Cut(part, ".")
		n, err := strconv.Atoi(count)
		if err == nil && n > 0 && n < 1_000_000 && document.IsLost(lostPrefix+name) && len(out) < 32 {
			out = append(out, document.Lost{Key: lostPrefix + name, Count: n})
		}
	}
	return out
}

func lostLine(ctx context.Context, l document.Lost) string { return i18n.N(ctx, l.Key, l.Count) }

// VersionDoc is a version as a file: its wording as text, all that is said about it as comments, and whose it
// is on every page. passed says that some authority is known to have adopted it.
func VersionDoc(ctx context.Context, v *blueprint.Version, passed bool) document.Doc {
	d := textDoc(ctx, v.Text, v.Warnings)
	if !passed {
		d.Header = append(d.Header, i18n.T(ctx, "document.banner"))
	}
	if !v.Current() {
		d.Header = append(d.Header, i18n.T(ctx, "blueprint.old_version"))
	}
	d.Footer = append(d.Footer, placeLabel(ctx, v.Place())+" · "+i18n.T(ctx, "blueprint.version_n", "n", v.N)+" · "+day(ctx, v.At)+" · "+v.ID)
	for _, p := range v.Parents {
		from := ""
		if p.Library != nil {
			from = i18n.T(ctx, "blueprint.from_library", "model", p.Library.Model)
		} else {
			from = p.Version.URL
		}
		d.Footer = append(d.Footer, i18n.T(ctx, "blueprint.parent."+string(p.Kind))+" "+from)
	}
	for _, c := range v.Credits {
		d.Footer = append(d.Footer, i18n.T(ctx, "blueprint.credit."+string(c.Kind))+" "+placeLabel(ctx, blueprint.PlaceName{URL: c.Place.URL, Name: c.Name})+" ("+c.Place.URL+")")
	}
	if v.Message != "" {
		d.Footer = append(d.Footer, v.Message)
	}
	return d
}

// DraftDoc is a draft as a file.
func DraftDoc(ctx context.Context, p DraftPage) document.Doc {
	d := textDoc(ctx, p.Draft.Text, p.Warnings)
	d.Header = []string{i18n.T(ctx, "document.banner.draft")}
	d.Footer = []string{i18n.T(ctx, "blueprint.draft") + " · " + day(ctx, p.Draft.Updated)}
	for _, x := range p.Draft.From {
		if x.Library != nil {
			d.Footer = append(d.Footer, i18n.T(ctx, "blueprint.parent."+string(x.Kind))+" "+i18n.T(ctx, "blueprint.from_library", "model", x.Library.Model))
		} else {
			d.Footer = append(d.Footer, i18n.T(ctx, "blueprint.parent."+string(x.Kind))+" "+x.Version.URL)
		}
	}
	return d
}

func textDoc(ctx context.Context, t blueprint.Text, warnings map[string][]blueprint.Warning) document.Doc {
	title := document.Heading.Text(cmp.Or(t.Title, i18n.T(ctx, "blueprint.no_title")))
	title.Level = 1
	if t.Summary != "" {
		title.Comments = append(title.Comments, document.Comment{Text: t.Summary})
	}
	if len(t.Rests) > 0 {
		var list []string
		for _, r := range t.Rests {
			list = append(list, strings.TrimSpace(r.Instrument+" "+r.Article))
		}
		title.Comments = append(title.Comments, document.Comment{Text: i18n.T(ctx, "blueprint.rests") + " " + strings.Join(list, "; ")})
	}
	d := document.Doc{Title: t.Title, Language: t.Language, RTL: i18n.Dir(t.Language) == "rtl", Blocks: []document.Block{title}}
	for _, c := range t.Clauses {
		d.Blocks = append(d.Blocks, clauseBlocks(ctx, t, c, warnings[c.ID])...)
	}
	return d
}

// clauseBlocks are the heading and the wording of a clause, with what is said about it as comments on the first of them.
func clauseBlocks(ctx context.Context, t blueprint.Text, c blueprint.Clause, warnings []blueprint.Warning) []document.Block {
	var out []document.Block
	if c.Heading != "" {
		h := document.Heading.Text(clause.Fill(c.Heading, values(t)))
		h.Level = 2
		out = append(out, h)
	}
	text := clause.Fill(c.Text, values(t))
	if c.Missing {
		text = i18n.T(ctx, "blueprint.missing")
	}
	out = append(out, proseBlocks(text)...)
	if len(out) == 0 {
		out = []document.Block{document.Paragraph.Text("—")}
	}
	out[0].Comments = clauseComments(ctx, t, c, warnings)
	return out
}

func clauseComments(ctx context.Context, t blueprint.Text, c blueprint.Clause, warnings []blueprint.Warning) (out []document.Comment) {
	say := func(s string) { out = append(out, document.Comment{Text: s}) }
	for _, w := range warnings {
		s := strings.Join(strings.FieldsFunc(fmt.Sprint(i18n.T(ctx, "blueprint.warning."+wordKey(string(w.Kind))), "\n", w.Where, "\n", w.Happened), func(r rune) bool { return r == '\n' }), ", ")
		s = i18n.T(ctx, "document.warning") + " (" + s + "): " + w.Text
		if source := cmp.Or(w.Source, w.Cited); source != "" {
			s += "\n\n" + source
		}
		out = append(out, document.Comment{By: placeLabel(ctx, w.Place), Text: s})
	}
	if c.Status == blueprint.Machine {
		say(i18n.T(ctx, "document.unchecked"))
	}
	for _, x := range append(append([]clause.Field{}, stepFields...), clause.FieldReason, clause.FieldPower, clause.FieldRests, clause.FieldSofter, clause.FieldStronger) {
		if s := get(c.Wording, x); s != "" {
			say(i18n.T(ctx, "blueprint.field."+wordKey(string(x))) + ": " + clause.Fill(s, values(t)))
		}
	}
	return out
}

// proseBlocks are the paragraphs and items of a clause's Markdown.
func proseBlocks(text string) (out []document.Block) {
	for _, para := range strings.Split(text, "\n\n") {
		for _, l := range strings.Split(strings.TrimSpace(para), "\n") {
			t := strings.TrimSpace(l)
			rest, item := strings.CutPrefix(t, "- ")
			if !item {
				rest, item = strings.CutPrefix(t, "* ")
			}
			n := len(out)
			switch {
			case t == "":
			case item:
				out = append(out, document.Item.Text(unmarked(rest)))
				out[n].Level = (len(l) - len(strings.TrimLeft(l, " "))) / 2
			case strings.HasPrefix(t, "#"):
				h := document.Heading.Text(unmarked(strings.TrimLeft(t, "# ")))
				h.Level = 3
				out = append(out, h)
			case n > 0 && l != strings.Split(strings.TrimSpace(para), "\n")[0] && out[n-1].Kind == document.Paragraph && !numbered(t):
				out[n-1].Runs[0].Text += "\n" + unmarked(t)
			default:
				out = append(out, document.Paragraph.Text(unmarked(t)))
			}
		}
	}
	return out
}

// numbered tells whether a line begins an item with a number.
func numbered(s string) bool {
	rest := strings.TrimLeft(s, "0123456789")
	return rest != s && (strings.HasPrefix(rest, ". ") || strings.HasPrefix(rest, ") "))
}

// unmarked takes the marks of strong text off; Word has its own.
func unmarked(s string) string { return strings.NewReplacer("**", "", "__", "").Replace(s) }
