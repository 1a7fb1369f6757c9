package blueprint

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// A Listed is a version in force and how many of its parts are here: together
// they tell whether what it says has changed, also by an erasure.
type Listed struct {
	Head
	Parts int64
}

var listed = db.Rows[Listed](`select ` + headColumns + `, (select count(*) from part where part.stream = v.stream and part.idx = v.idx)` + headFrom + `
	join blueprint_head h on h.stream = v.stream and h.version = v.id where s.audience = 'public' order by v.published desc, v.id`)

// Public lists the newest version in each language of every blueprint known here that
// anybody may read: what search looks through. Drafts and what lies in rounds are no versions.
func (b *Blueprints) Public(ctx context.Context) ([]Listed, error) {
	return listed.All(ctx, b.log.DB())
}

var machineMade = db.Rows[int64](`select count(*) from blueprint_clause c join blueprint_version v on v.stream = c.stream and v.id = c.version
	where v.stream = $1 and v.id = $2 and c.status = 'machine'`)

// Decidable is nil where a version can be put to a decision. One of which a machine translated a clause
// can't: nobody has read whether it says what people are asked to agree to. A version not known here is
// not judged.
func (b *Blueprints) Decidable(ctx context.Context, on db.Queryer, version act.Ref) error {
	n, err := machineMade.One(ctx, on, version.Stream, version.URL)
	if err == nil && n > 0 {
		err = fault.At("version", "blueprint.fault.not_for_deciding", "count", n)
	}
	return err
}

var isBlueprint = db.Rows[int64](`select count(*) from blueprint where stream = $1 and id = $2`)

// HasText tells whether a place has published a text with that id.
func HasText(ctx context.Context, on db.Queryer, stream act.Fingerprint, text string) (bool, error) {
	n, err := isBlueprint.One(ctx, on, stream, text)
	return n > 0, err
}
