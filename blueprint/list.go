package blueprint

import (
	"context"

	"translocal/db"
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
