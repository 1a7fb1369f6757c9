package blueprint

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// A Listed is a version in force, how many of its parts are here, and as much of the warnings in force on its
// clauses as tells one set of them from another: together they tell whether what is read there has changed, also
// by an erasure or a withdrawal.
type Listed struct {
	Head
	Parts   int64
	Warned  int64 // how many warnings
	Moments int64 // of their publication, added up without the larger places
	Said    int64 // how many of their parts are here
}

const warnedHere = ` from blueprint_clause c join blueprint_warning w on w.clause = c.clause and w.withdrawn < 0
	where c.stream = v.stream and c.version = v.id`

var listed = db.Rows[Listed](`select ` + headColumns + `, (select count(*) from part where part.stream = v.stream and part.idx = v.idx),
	(select count(*)` + warnedHere + `), (select cast(coalesce(sum(w.published % 1000000007), 0) as bigint)` + warnedHere + `),
	(select count(*) from blueprint_clause c join blueprint_warning w on w.clause = c.clause and w.withdrawn < 0
		join part p on p.stream = w.stream and p.idx = w.idx where c.stream = v.stream and c.version = v.id)` + headFrom + `
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
