package blueprint

import (
	"context"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Blueprints is the capability over a node's acts.
type Blueprints struct {
	log *act.Log
	// Library gives a text of the library by the id of its model and a language,
	// NotFound when there is none. It is read, never changed.
	Library func(model, language string) (Text, error)
	now     func() time.Time
}

// New opens the capability. The log must have been opened with Vocabulary.
func New(log *act.Log) *Blueprints {
	return &Blueprints{log: log, now: time.Now,
		Library: func(string, string) (Text, error) { return Text{}, db.ErrNoRow }}
}

// A Publication is a version to be published.
type Publication struct {
	Place     act.Fingerprint
	Blueprint string // id; "" begins a new one
	Base      string // id of the version of it, in the same language, that was worked on; "" where there was none
	Text      Text
	From      []Parent // other parents than Base
	Credits   []Credit // for what came by suggestions; those of the parents are kept by themselves
	Message   string
}

// Publish publishes a version. A Conflict says that the blueprint has a newer
// version than Base.
func (b *Blueprints) Publish(ctx context.Context, v place.Viewer, p Publication) (VersionKey, error) {
	if err := p.clean(); err != nil {
		return VersionKey{}, err
	}
	var k VersionKey
	_, err := b.log.Commit(ctx, p.Place, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := mayOn(ctx, tx, v, Key{p.Place, p.Blueprint}, place.PublishBlueprint); err != nil {
			return nil, err
		}
		d, err := p.draft(ctx, tx, &k)
		return []act.Draft{d}, err
	})
	return k, tooLarge(err)
}

// mayOn asks the table of permissions about one text: its stewards may what they
// may for no other. A text that is not yet there (no id) has none.
func mayOn(ctx context.Context, on db.Queryer, v place.Viewer, k Key, action place.Action) error {
	return place.MayOn(ctx, on, v, k.Stream, place.Object{Blueprint: k.ID}, action, place.Any)
}

// draft makes the act of a clean publication, under the stream's lock, and tells its version.
func (p *Publication) draft(ctx context.Context, tx *db.Tx, k *VersionKey) (act.Draft, error) {
	object, err := p.object(ctx, tx)
	if err != nil {
		return act.Draft{}, err
	}
	*k = VersionKey{p.Place, object.Version}
	return act.Draft{Type: PublishType, Object: object, Parts: p.Text.parts(p.Message)}, nil
}

// tooLarge says which field makes an act of ours too large.
func tooLarge(err error) error {
	if fault.Is(err, fault.TooLarge) {
		return fault.At("clauses", "blueprint.fault.text_too_large")
	}
	return err
}

// clean checks everything by field; a clause without an id gets its first one.
func (p *Publication) clean() error {
	var f fault.Fields
	p.Text.Clauses = slices.Clone(p.Text.Clauses)
	for i := range p.Text.Clauses {
		if p.Text.Clauses[i].ID == "" {
			p.Text.Clauses[i].ID = act.NewToken()
		}
	}
	f.Merge(p.Text.Clean())
	p.Message = passage(&f, "message", p.Message, MaxMessage, false)
	return f.Err()
}

var actorOf = db.Rows[string](`select actor from stream where fp = $1`)

// object makes the act's object under the stream's lock: ids, parents and credits.
func (p *Publication) object(ctx context.Context, tx *db.Tx) (*Published, error) {
	actor, err := actorOf.One(ctx, tx, p.Place)
	if err != nil {
		return nil, err
	}
	o := &Published{Blueprint: p.Blueprint, Version: act.NewID(actor, "version"), Language: p.Text.Language, Family: p.Text.Family,
		Institution: p.Text.Institution, Rests: p.Text.Rests, Parents: p.From, Clauses: p.Text.published()}
	if o.Blueprint == "" {
		o.Blueprint = act.NewID(actor, "blueprint")
	}
	head, err := headOf.One(ctx, tx, p.Place, o.Blueprint, o.Language)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if head != p.Base {
		return nil, fault.New(fault.Conflict, "blueprint.fault.newer_version", "version", head)
	}
	if head != "" {
		h, err := headByKey.One(ctx, tx, p.Place, head)
		if err != nil {
			return nil, err
		}
		ref := h.Ref()
		o.Parents = append([]Parent{{Kind: Previous, Blueprint: h.Blueprint, Version: &ref}}, p.From...)
	}
	o.Credits, err = p.credits(ctx, tx, o.Parents)
	return o, err
}

// credits gathers what the version owes: all that its parents owed, wherever
// they were published, the places of the parents themselves, and what is new.
func (p *Publication) credits(ctx context.Context, tx *db.Tx, parents []Parent) ([]Credit, error) {
	var list []Credit
	seen := map[string]bool{}
	add := func(credits ...Credit) {
		for _, c := range credits {
			if !seen[c.key()] {
				seen[c.key()] = true
				list = append(list, c)
			}
		}
	}
	for _, parent := range parents {
		if parent.Version == nil {
			continue
		}
		owed, err := creditsOf(ctx, tx, VersionKey{parent.Version.Stream, parent.Version.URL})
		if err != nil {
			return nil, err
		}
		add(owed...)
	}
	for _, parent := range parents {
		if parent.Version == nil || parent.Version.Stream == p.Place {
			continue
		}
		actor, err := act.ActorOf(parent.Version.URL)
		if err != nil {
			return nil, err
		}
		// One credit for a place's text is enough, however often something is brought in.
		kind := CreditAdapted
		if parent.Kind == Translates {
			kind = CreditTranslated
		}
		add(Credit{Kind: kind, Place: act.Ref{URL: actor, Stream: parent.Version.Stream}})
	}
	add(p.Credits...)
	return list, nil
}
