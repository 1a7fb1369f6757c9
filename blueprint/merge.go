package blueprint

import (
	"context"
	"slices"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// A Comparison sets two versions side by side, clause by clause.
type Comparison struct {
	Older, Newer *Version
	Changes      []clause.Change
}

// Compare compares two versions of any blueprints known here.
func (b *Blueprints) Compare(ctx context.Context, v place.Viewer, older, newer VersionKey) (*Comparison, error) {
	x, err := b.Read(ctx, v, older)
	if err != nil {
		return nil, err
	}
	y, err := b.Read(ctx, v, newer)
	if err != nil {
		return nil, err
	}
	return &Comparison{x, y, clause.Diff(x.Wordings(), y.Wordings())}, nil
}

// CompareDraft tells what a draft changed of what it came from: the version that it continues,
// or else its first source. NotFound when that can't be read here any more.
func (b *Blueprints) CompareDraft(ctx context.Context, v place.Viewer, d *Draft) ([]clause.Change, error) {
	t, err := b.Original(ctx, v, d)
	if err != nil {
		return nil, err
	}
	return clause.Diff(t.Wordings(), d.Wordings()), nil
}

// Original is the text that a draft began as: the version that it continues, or its first source.
func (b *Blueprints) Original(ctx context.Context, v place.Viewer, d *Draft) (Text, error) {
	if d.Base != "" {
		h, err := headByKey.One(ctx, b.log.DB(), d.Stream, d.Base)
		if err != nil {
			return Text{}, err
		}
		t, _, err := textOf(ctx, b.log.DB(), h)
		return t, err
	}
	if len(d.From) == 0 {
		return Text{}, db.ErrNoRow
	}
	return b.parentText(ctx, b.log.DB(), d.From[0])
}

// Translated is the text that a draft of a translation translates: what it was begun from, or else what
// the version that it continues was last made from.
func (b *Blueprints) Translated(ctx context.Context, v place.Viewer, d *Draft) (Text, error) {
	on := b.log.DB()
	list := d.From
	if d.Base != "" && !d.translates() {
		from, err := translates(ctx, on, VersionKey{d.Stream, d.Base})
		if err != nil {
			return Text{}, err
		}
		if from != nil {
			list = []Parent{*from}
		}
	}
	for _, p := range list {
		if p.Kind == Translates {
			return b.parentText(ctx, on, p)
		}
	}
	return Text{}, db.ErrNoRow
}

// translates finds what a version, or the nearest one before it that says so, translates; nil for what is no translation.
func translates(ctx context.Context, on db.Queryer, k VersionKey) (*Parent, error) {
	var from *Parent
	err := lineBack(ctx, on, k, func(list []Parent) bool {
		for _, p := range list {
			if p.Kind == Translates {
				from = &p
				return true
			}
		}
		return false
	})
	return from, err
}

func (b *Blueprints) parentText(ctx context.Context, on db.Queryer, p Parent) (Text, error) {
	if p.Library != nil {
		t, err := b.Library(p.Library.Model, p.Library.Language)
		if err == nil && t.Hash() != p.Library.Hash {
			err = db.ErrNoRow // the library has another text by now
		}
		return t, err
	}
	h, err := headByKey.One(ctx, on, p.Version.Stream, p.Version.URL)
	if err != nil {
		return Text{}, err
	}
	t, _, err := textOf(ctx, on, h)
	return t, err
}

// maxAncestors bounds how far back a common ancestor is looked for.
const maxAncestors = 2000

// ancestors walks back from a version, nearest first, along everything but translations, which have
// other words. It stops where visit says so, at what is not known here, and at maxAncestors.
func ancestors(ctx context.Context, on db.Queryer, from Parent, visit func(Parent) (stop bool)) error {
	return walkBack(ctx, on, from, func(k ParentKind) bool { return k != Translates }, visit)
}

// walkBack walks back from a version, as ancestors does, along the kinds of descent that are followed.
func walkBack(ctx context.Context, on db.Queryer, from Parent, follow func(ParentKind) bool, visit func(Parent) (stop bool)) error {
	queue, seen := []Parent{from}, map[string]bool{from.key(): true}
	for len(queue) > 0 && len(seen) <= maxAncestors {
		p := queue[0]
		queue = queue[1:]
		if visit(p) {
			return nil
		}
		if p.Version == nil {
			continue
		}
		list, err := parents(ctx, on, VersionKey{p.Version.Stream, p.Version.URL})
		if err != nil {
			return err
		}
		for _, q := range list {
			if follow(q.Kind) && !seen[q.key()] {
				seen[q.key()] = true
				queue = append(queue, q)
			}
		}
	}
	return nil
}

// common finds the nearest version or library text that both come from, or are.
func common(ctx context.Context, on db.Queryer, ours, theirs Parent) (p Parent, ok bool, err error) {
	reach := map[string]bool{}
	if err := ancestors(ctx, on, ours, func(p Parent) bool { reach[p.key()] = true; return false }); err != nil {
		return p, false, err
	}
	err = ancestors(ctx, on, theirs, func(q Parent) bool {
		if reach[q.key()] {
			p, ok = q, true
		}
		return ok
	})
	return p, ok, err
}

func parentOf(h Head, kind ParentKind) Parent {
	ref := h.Ref()
	return Parent{Kind: kind, Blueprint: h.Blueprint, Version: &ref}
}

// BringIn begins a draft of the next version of ours into which theirs is merged, three-way over
// what both come from. What can't be merged by rule stands in Collisions, to be settled clause by
// clause. Conflict: theirs has nothing that ours lacks, or is in another language.
func (b *Blueprints) BringIn(ctx context.Context, v place.Viewer, ours, theirs VersionKey) (Link, error) {
	return b.begin(ctx, v, ours.Stream, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		h, err := b.newest(ctx, tx, ours)
		if err != nil {
			return err
		}
		from, err := headByKey.One(ctx, tx, theirs.Stream, theirs.ID)
		if err != nil {
			return err
		}
		if h.Language != from.Language {
			return fault.New(fault.Conflict, "blueprint.fault.other_language")
		}
		merged, err := b.merge(ctx, tx, h, from)
		if err != nil {
			return err
		}
		d.Text, _, err = textOf(ctx, tx, h)
		if err != nil {
			return err
		}
		d.Blueprint, d.Base, d.From = h.Blueprint, h.ID, []Parent{parentOf(from, Merged)}
		d.take(merged)
		return d.cleanBlanks()
	})
}

type mergeResult struct {
	clause.Merged
	theirs Text
}

// merge merges theirs into ours over their common ancestor.
func (b *Blueprints) merge(ctx context.Context, on db.Queryer, ours, theirs Head) (mergeResult, error) {
	o, t := parentOf(ours, Adapted), parentOf(theirs, Adapted)
	p, ok, err := common(ctx, on, o, t)
	if err != nil {
		return mergeResult{}, err
	}
	if ok && p.key() == t.key() {
		return mergeResult{}, fault.New(fault.Conflict, "blueprint.fault.nothing_to_bring")
	}
	var base Text
	if ok {
		if base, err = b.parentText(ctx, on, p); err != nil && !fault.Is(err, fault.NotFound) {
			return mergeResult{}, err
		}
	}
	mine, _, err := textOf(ctx, on, ours)
	if err != nil {
		return mergeResult{}, err
	}
	other, _, err := textOf(ctx, on, theirs)
	if err != nil {
		return mergeResult{}, err
	}
	return mergeTexts(base, mine, other), nil
}

// mergeTexts merges by clause; a clause that can't be read on a side counts as not touched there.
func mergeTexts(base, ours, theirs Text) mergeResult {
	return mergeResult{clause.Merge(readable(base, base), readable(ours, base), readable(theirs, base)), theirs}
}

func readable(t, base Text) []clause.Clause {
	var out []clause.Clause
	for _, c := range t.Clauses {
		if c.Missing {
			var ok bool
			if c, ok = base.Clause(c.ID); !ok || c.Missing {
				continue
			}
		}
		out = append(out, *c.Plain())
	}
	return out
}

// take makes the merged clauses the draft's own and lists what a person has to settle.
func (d *Draft) take(m mergeResult) {
	old := d.Text
	d.Clauses = nil
	for _, c := range m.Clauses {
		if c.Dropped {
			continue
		}
		ours, theirs := held(old, c.Clause.ID), held(m.theirs, c.Clause.ID)
		w := Wording(c.Clause)
		d.Clauses = append(d.Clauses, Clause{Wording: w, Status: mergedStatus(w, ours, theirs)})
		if c.Collides() {
			d.Collisions = append(d.Collisions, collision(c, ours, theirs))
		}
	}
}

// held is a clause of a text that can be read, nil where there is none.
func held(t Text, id string) *Clause {
	if c, ok := t.Clause(id); ok && !c.Missing {
		return &c
	}
	return nil
}

func collision(c clause.MergedClause, ours, theirs *Clause) Collision {
	x := Collision{ID: c.Clause.ID, Base: (*Wording)(c.Base), Ours: (*Wording)(c.Ours), Theirs: (*Wording)(c.Theirs)}
	if ours != nil {
		x.OurStatus = ours.Status
	}
	if theirs != nil {
		x.TheirStatus = theirs.Status
	}
	for _, f := range c.Collisions {
		x.Fields = append(x.Fields, f.Field)
	}
	return x
}

// status is that of a clause once a collision in it was settled.
func (x Collision) status(w Wording) Status {
	var ours, theirs *Clause
	if x.Ours != nil {
		ours = &Clause{Wording: *x.Ours, Status: x.OurStatus}
	}
	if x.Theirs != nil {
		theirs = &Clause{Wording: *x.Theirs, Status: x.TheirStatus}
	}
	return mergedStatus(w, ours, theirs)
}

// Settle settles a collision of a draft by taking one side: the colliding fields are taken from there,
// or the clause is dropped as there. A wording of one's own is set with SetClause.
func (b *Blueprints) Settle(ctx context.Context, v place.Viewer, l Link, id string, side clause.Side) (*Draft, error) {
	if side != clause.Ours && side != clause.Theirs {
		return nil, fault.At("side", "fault.choice")
	}
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		at := slices.IndexFunc(d.Collisions, func(c Collision) bool { return c.ID == id })
		i := d.index(id)
		if at < 0 || i < 0 {
			return fault.New(fault.Conflict, "blueprint.fault.settled")
		}
		c := d.Collisions[at]
		from := c.Ours
		if side == clause.Theirs {
			from = c.Theirs
		}
		if from == nil {
			d.drop(i)
			return nil
		}
		w := d.Clauses[i].Wording
		for _, f := range c.Fields {
			w.Plain().Set(f, from.Plain().Get(f))
		}
		d.Clauses[i].Wording, d.Clauses[i].Status = w, c.status(w)
		d.settled(id)
		d.touch(id)
		return d.cleanBlanks()
	})
}

// Translate begins a draft of a version in another language. Of a blueprint of the place itself it
// continues that blueprint; of another's it begins one of its own. Where the place has translated an
// earlier version already, the draft starts from that: what the source changed since is marked stale.
// Clauses not translated yet are empty.
func (b *Blueprints) Translate(ctx context.Context, v place.Viewer, s Source, stream act.Fingerprint, language string) (Link, error) {
	if err := CheckLanguage("language", language); err != nil {
		return "", err
	}
	return b.begin(ctx, v, stream, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		source, parent, err := b.source(ctx, tx, v, s)
		if err != nil {
			return err
		}
		if source.Language == language {
			return fault.At("language", "blueprint.fault.same_language")
		}
		parent.Kind = Translates
		d.From = []Parent{parent}
		earlier, ok, err := b.translated(ctx, tx, stream, parent, language)
		if err != nil {
			return err
		}
		if !ok {
			d.beginTranslation(source, language)
			if parent.Version != nil && parent.Version.Stream == stream && stream != "" {
				d.Blueprint = parent.Blueprint
			}
			return nil
		}
		return b.continueTranslation(ctx, tx, d, source, earlier)
	})
}

// beginTranslation sets empty clauses with the ids and kinds of the source.
func (d *Draft) beginTranslation(source Text, language string) {
	d.Text = Text{Language: language, Family: source.Family, Institution: source.Institution, Rests: source.Rests}
	for _, c := range source.blank().Clauses {
		d.Clauses = append(d.Clauses, untranslated(c))
	}
	for _, x := range source.Variables {
		d.Variables = append(d.Variables, Variable{Name: x.Name, Label: x.Label})
	}
}

func untranslated(c Clause) Clause { return Clause{Wording: Wording{ID: c.ID, Kind: c.Kind}} }

var translationsOf = db.Rows[string](`select h.version from blueprint_head h join blueprint_version v on v.stream = h.stream and v.blueprint = h.blueprint
	join blueprint_parent p on p.stream = v.stream and p.version = v.id
	where h.stream = $1 and h.language = $2 and v.language = $2 and p.kind = 'translates' and p.blueprint = $3 and p.in_stream = $4 and p.model = $5
	order by v.published desc, v.id limit 1`)

// translated finds the newest version in a language by which a place translates some version of the
// same blueprint, or the same model of the library.
func (b *Blueprints) translated(ctx context.Context, on db.Queryer, stream act.Fingerprint, parent Parent, language string) (Head, bool, error) {
	var in act.Fingerprint
	var model string
	if parent.Version != nil {
		in = parent.Version.Stream
	} else {
		model = parent.Library.Model
	}
	id, err := translationsOf.One(ctx, on, stream, language, parent.Blueprint, in, model)
	if fault.Is(err, fault.NotFound) {
		return Head{}, false, nil
	}
	if err != nil {
		return Head{}, false, err
	}
	h, err := headByKey.One(ctx, on, stream, id)
	return h, err == nil, err
}

// continueTranslation starts from an earlier translation and marks what moved in the source since.
func (b *Blueprints) continueTranslation(ctx context.Context, on db.Queryer, d *Draft, source Text, earlier Head) error {
	mine, _, err := textOf(ctx, on, earlier)
	if err != nil {
		return err
	}
	moved, err := b.movedSince(ctx, on, earlier, source)
	if err != nil {
		return err
	}
	d.Text, d.Blueprint, d.Base = mine, earlier.Blueprint, earlier.ID
	d.Clauses = nil
	held := map[string]bool{}
	for _, c := range mine.Clauses {
		if !c.Missing {
			held[c.ID] = true
			d.Clauses = append(d.Clauses, c)
		}
	}
	for i, c := range source.blank().Clauses {
		switch {
		case !held[c.ID] && moved[c.ID]: // new in the source
			d.Clauses = slices.Insert(d.Clauses, min(i, len(d.Clauses)), untranslated(c))
		case held[c.ID] && moved[c.ID]:
			d.Stale = append(d.Stale, c.ID)
		}
	}
	return nil
}

// movedSince tells which clauses of a source differ from, or were not in, the version of it that a
// translation was last made from.
func (b *Blueprints) movedSince(ctx context.Context, on db.Queryer, translation Head, source Text) (map[string]bool, error) {
	moved := map[string]bool{}
	from, err := translates(ctx, on, translation.VersionKey)
	if err != nil || from == nil {
		return moved, err
	}
	old, err := b.parentText(ctx, on, *from)
	if fault.Is(err, fault.NotFound) {
		return moved, nil // nothing to compare with: nothing can be said
	}
	if err != nil {
		return nil, err
	}
	for _, c := range clause.Diff(old.Wordings(), source.Wordings()) {
		if c.State == clause.Changed || c.State == clause.Added {
			moved[c.ID] = true
		}
	}
	return moved, nil
}

// lineBack walks from a version to the one before it and so on, until stop says so of its parents.
func lineBack(ctx context.Context, on db.Queryer, k VersionKey, stop func([]Parent) bool) error {
	for range maxAncestors {
		list, err := parents(ctx, on, k)
		if err != nil || stop(list) {
			return err
		}
		i := slices.IndexFunc(list, func(p Parent) bool { return p.Kind == Previous })
		if i < 0 {
			return nil
		}
		k = VersionKey{k.Stream, list[i].Version.URL}
	}
	return nil
}

// Confirm says that a stale clause of a translation is still right as it is.
func (b *Blueprints) Confirm(ctx context.Context, v place.Viewer, l Link, rev int64, id string) (*Draft, error) {
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		i := d.index(id)
		if i < 0 || d.stale(id, rev) {
			return fault.New(fault.Conflict, "blueprint.fault.stale")
		}
		d.fresh(id)
		d.touch(id)
		return nil
	})
}

// StaleClauses tells which clauses of a translation are behind: their original changed in the newest
// version of what it translates. Empty for what is no translation.
func (b *Blueprints) StaleClauses(ctx context.Context, v place.Viewer, k VersionKey) ([]string, error) {
	on := b.log.DB()
	h, err := headByKey.One(ctx, on, k.Stream, k.ID)
	if err != nil {
		return nil, err
	}
	var from *act.Ref
	err = lineBack(ctx, on, k, func(list []Parent) bool {
		for _, p := range list {
			if p.Kind == Translates && p.Version != nil {
				from = p.Version
				return true
			}
		}
		return false
	})
	if err != nil || from == nil {
		return nil, err
	}
	source, err := b.newest(ctx, on, VersionKey{from.Stream, from.URL})
	if err != nil || source.ID == from.URL {
		if fault.Is(err, fault.NotFound) {
			err = nil
		}
		return nil, err
	}
	t, _, err := textOf(ctx, on, source)
	if err != nil {
		return nil, err
	}
	moved, err := b.movedSince(ctx, on, h, t)
	if err != nil {
		return nil, err
	}
	rows, err := clausesOf.All(ctx, on, k.Stream, k.ID)
	var out []string
	for _, r := range rows {
		if moved[r.ID] {
			out = append(out, r.ID)
		}
	}
	return out, err
}
