package page

import (
	"cmp"
	"context"

	"translocal/act"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/document"
	"translocal/i18n"
)

// SuggestionDoc is a suggestion as a file: the whole text with what it changes marked, and the reasons as comments. ours is
// the name of the place that looks at it.
func SuggestionDoc(ctx context.Context, ours string, s blueprint.Suggestion, base *blueprint.Version, changes []clause.Change) document.Doc {
	by := ours
	if !s.Sent {
		by = placeLabel(ctx, s.Other)
	}
	title := document.Heading.Text(cmp.Or(base.Title, i18n.T(ctx, "blueprint.no_title")))
	title.Level = 1
	if s.Note != "" {
		title.Comments = []document.Comment{{By: by, When: act.FromMicros(s.Created), Text: s.Note}}
	}
	d := document.Doc{Title: base.Title, Language: base.Language(), RTL: i18n.Dir(base.Language()) == "rtl", Blocks: []document.Block{title},
		Header: []string{i18n.T(ctx, "document.suggested", "by", by)},
		Footer: []string{placeLabel(ctx, base.Place()) + " · " + i18n.T(ctx, "blueprint.version_n", "n", base.N) + " · " + day(ctx, base.At) + " · " + base.ID}}
	reasons := map[string]string{}
	for _, c := range s.Changes {
		reasons[c.Clause] = c.Reason
	}
	for _, c := range changes {
		list := changeBlocks(ctx, base.Text, c)
		for i := range list {
			list[i].By, list[i].When = by, act.FromMicros(s.Created)
		}
		if r := reasons[c.ID]; r != "" && len(list) > 0 {
			list[0].Comments = append(list[0].Comments, document.Comment{By: by, When: act.FromMicros(s.Created), Text: r})
		}
		d.Blocks = append(d.Blocks, list...)
	}
	return d
}

// changeBlocks is a clause with what would become of it.
func changeBlocks(ctx context.Context, t blueprint.Text, c clause.Change) []document.Block {
	before, after := blueprint.Clause{Wording: blueprint.Wording(c.Before)}, blueprint.Clause{Wording: blueprint.Wording(c.After)}
	switch c.State {
	case clause.Added:
		return wholly(clauseBlocks(ctx, t, after, nil), document.Inserted)
	case clause.Dropped:
		return wholly(clauseBlocks(ctx, t, before, nil), document.Deleted)
	case clause.Changed:
		return changedBlocks(ctx, t, c)
	}
	list := clauseBlocks(ctx, t, after, nil)
	list[0].Comments = nil
	return list
}

func wholly(list []document.Block, as document.Change) []document.Block {
	for i := range list {
		list[i].Change = as
	}
	return list
}

// changedBlocks marks what changes in a clause word by word; fields beside its heading and text stand in a comment.
func changedBlocks(ctx context.Context, t blueprint.Text, c clause.Change) []document.Block {
	runs := func(before, after string) (out []document.Run) {
		for _, w := range clause.Words(clause.Fill(before, values(t)), clause.Fill(after, values(t))) {
			r := document.Run{Text: w.Text}
			switch w.Op {
			case clause.Insert:
				r.Change = document.Inserted
			case clause.Delete:
				r.Change = document.Deleted
			}
			out = append(out, r)
		}
		return out
	}
	var list []document.Block
	if c.Before.Heading != "" || c.After.Heading != "" {
		list = append(list, document.Block{Kind: document.Heading, Level: 2, Runs: runs(c.Before.Heading, c.After.Heading)})
	}
	list = append(list, document.Block{Runs: runs(c.Before.Text, c.After.Text)})
	for _, f := range c.Fields {
		if f.Field != clause.FieldHeading && f.Field != clause.FieldText && f.Field != clause.FieldKind {
			list[0].Comments = append(list[0].Comments, document.Comment{Text: i18n.T(ctx, "blueprint.field."+wordKey(string(f.Field))) + ": " + cmp.Or(f.Before, "–") + " → " + cmp.Or(f.After, "–")})
		}
	}
	return list
}
