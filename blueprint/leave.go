package blueprint

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// OwnDraft is a draft that a person began.
type OwnDraft struct {
	Title   string `json:"title"`
	Updated int64  `json:"updated"` // microseconds
	Body    string `json:"body"`    // the draft as JSON
}

var (
	ownDrafts     = db.Rows[OwnDraft](`select title, updated, body from blueprint_draft where person = $1 order by created, id`)
	dropOwnDrafts = db.Exec(`delete from blueprint_draft where person = $1 and stream = ''`)
	forgetDrafter = db.Exec(`update blueprint_draft set person = '' where person = $1`)
	forgetHands   = db.Exec(`update blueprint_draft set body = replace(body, $1, $2) where body like '%' || $1 || '%'`)
)

// OwnData is the drafts that the viewer began.
func (b *Blueprints) OwnData(ctx context.Context, v place.Viewer) ([]OwnDraft, error) {
	return ownDrafts.All(ctx, b.log.DB(), v.Person)
}

// Forget takes a person out of the drafts. A draft that belongs to no place goes
// with its person; in those of places who translated and who checked stay two
// hands, without being anybody's.
func (b *Blueprints) Forget(ctx context.Context, tx *db.Tx, person string, _ bool) error {
	for _, forget := range []db.Statement{dropOwnDrafts, forgetDrafter} {
		if _, err := forget.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	_, err := forgetHands.Run(ctx, tx, person, act.NewToken())
	return err
}
