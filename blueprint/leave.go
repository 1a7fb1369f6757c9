package blueprint

import (
	"context"
	"encoding/json"

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
	checkedDrafts = db.Rows[draftBody](`select id, body from blueprint_draft where body like '%"checked":"' || $1 || '"%'`)
	putBody       = db.Exec(`update blueprint_draft set body = $2 where id = $1`)
	forgetHands   = db.Exec(`update blueprint_draft set body = replace(body, $1, $2) where body like '%' || $1 || '%'`)
)

type draftBody struct{ ID, Body string }

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
	if err := b.forgetChecker(ctx, tx, person); err != nil {
		return err
	}
	_, err := forgetHands.Run(ctx, tx, person, act.NewToken())
	return err
}

// forgetChecker takes out the name that somebody gave for having checked clauses.
func (b *Blueprints) forgetChecker(ctx context.Context, tx *db.Tx, person string) error {
	rows, err := checkedDrafts.All(ctx, tx, person)
	if err != nil {
		return err
	}
	for _, r := range rows {
		var d map[string]json.RawMessage
		var hands map[string]Hand
		if err := json.Unmarshal([]byte(r.Body), &d); err != nil {
			return err
		}
		if err := json.Unmarshal(d["hands"], &hands); err != nil {
			return err
		}
		for id, h := range hands {
			if h.Checked == person {
				h.Name = ""
				hands[id] = h
			}
		}
		if d["hands"], err = json.Marshal(hands); err != nil {
			return err
		}
		body, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if _, err := putBody.Run(ctx, tx, r.ID, string(body)); err != nil {
			return err
		}
	}
	return nil
}
