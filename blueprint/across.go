package blueprint

import (
	"context"

	"translocal/db"
	"translocal/place"
)

// toTranslate lists what a place could suggest to a version in another language, whose clauses have the same
// ids: each with our text as the original, and without a heading and a text until somebody has translated ours.
// What else stands with a clause (its reason, who does it) stays as it is there: nobody translates it here.
func toTranslate(mine, theirs Text) []SuggestedChange {
	var out []SuggestedChange
	last := ""
	for _, own := range mine.Clauses {
		there, ok := theirs.Clause(own.ID)
		if own.Missing || ok && there.Heading == own.Heading && there.Text == own.Text {
			if ok {
				last = own.ID
			}
			continue
		}
		c := SuggestedChange{Kind: ToAdd, Clause: own.ID, After: last, From: mine.Language}
		c.Original, _ = own.original(Wording{})
		c.Wording.ID, c.Wording.Kind = own.ID, own.Kind
		if ok {
			c.Kind, c.After, c.Wording = ToChange, "", there.Wording
			c.Wording.Heading, c.Wording.Text = "", ""
		}
		out = append(out, c)
		last = own.ID
	}
	for _, there := range theirs.Clauses {
		if _, ok := mine.Clause(there.ID); !ok {
			out = append(out, SuggestedChange{Kind: ToDrop, Clause: there.ID})
		}
	}
	return out
}

// original is what a translation of a clause has to translate, and what it says there: the text, or the
// heading where the clause is no more than that.
func (c Clause) original(translated Wording) (own, there string) {
	if c.Text == "" {
		return c.Heading, translated.Heading
	}
	return c.Text, translated.Text
}

// Chosen are the changes of a list whose clauses are wanted. What was to follow an addition that is not wanted
// follows what that was to follow.
func Chosen(list []SuggestedChange, wanted func(clause string) bool) []SuggestedChange {
	var out []SuggestedChange
	left := map[string]string{}
	for _, x := range list { // an addition stands behind what it follows
		if after, ok := left[x.After]; ok {
			x.After = after
		}
		if wanted(x.Clause) {
			out = append(out, x)
		} else if x.Kind == ToAdd {
			left[x.Clause] = x.After
		}
	}
	return out
}

// The newest texts of other places that have a clause in common with a version.
var relatives = db.Rows[Head](`select ` + headColumns + headFrom + `join blueprint_head h on h.stream = v.stream and h.version = v.id
	where h.stream <> $1 and exists (select 1 from blueprint_clause x join blueprint_clause y on y.clause = x.clause
		where x.stream = v.stream and x.version = v.id and y.stream = $1 and y.version = $2) order by v.published desc, v.id limit 100`)

// Relatives lists the texts of other places, on this node or followed, to which a place could suggest what a
// version of its says: those that it came from first.
func (b *Blueprints) Relatives(ctx context.Context, v place.Viewer, k VersionKey) ([]Move, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, k.Stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	h, err := headByKey.One(ctx, on, k.Stream, k.ID)
	if err != nil {
		return nil, err
	}
	sources := map[Key]bool{}
	if err := walkBack(ctx, on, parentOf(h, Adapted), func(ParentKind) bool { return true }, func(p Parent) bool {
		if p.Version != nil {
			sources[Key{p.Version.Stream, p.Blueprint}] = true
		}
		return false
	}); err != nil {
		return nil, err
	}
	heads, err := relatives.All(ctx, on, k.Stream, k.ID)
	if err != nil {
		return nil, err
	}
	list, err := titles(ctx, on, heads)
	if err != nil {
		return nil, err
	}
	var first, then []Move
	for _, t := range list {
		switch m := (Move{t, sources[Key{t.Stream, t.Blueprint}]}); {
		case t.Title == "": // hidden here: nothing is suggested to what is not shown
		case m.Source:
			first = append(first, m)
		default:
			then = append(then, m)
		}
	}
	return append(first, then...), nil
}

// Unchecked tells whether a machine made the wording and no person has checked it: it is read, not used.
func (c SuggestedChange) Unchecked() bool { return c.Status == Machine && c.Kind != ToDrop }
