package decide

import (
	"context"

	"translocal/db"
	"translocal/place"
)

// OwnVoice is what one person said in a proposal, for the person to take along.
type OwnVoice struct {
	Proposal   string      `json:"proposal"` // its title
	Round      place.State `json:"round"`
	Kind       Kind        `json:"kind"`
	Body       string      `json:"body"`
	MayRelease bool        `json:"may_release"`
	Created    int64       `json:"created"` // microseconds
}

var (
	ownVoices      = db.Rows[OwnVoice](`select o.title, v.round, v.kind, v.body, v.may_release, v.created from proposal_voice v join proposal o on o.id = v.proposal where v.person = $1 order by v.created, v.id`)
	ownProposals   = db.Rows[string](`select title from proposal where made_by = $1 order by created, id`)
	forgetProposer = db.Exec(`update proposal set made_by = '' where made_by = $1`)
	forgetScribe   = db.Exec(`update proposal_room set scribe = '' where scribe = $1`)
	forgetHost     = db.Exec(`update room_code set opened_by = '' where opened_by = $1`)
	forgetSpeaker  = db.Exec(`update proposal_voice set person = id where person = $1`)
	forgetWords    = db.Exec(`delete from proposal_voice where person = $1`)
)

// OwnData is all that the viewer said and proposed, wherever that was.
func (d *Decisions) OwnData(ctx context.Context, v place.Viewer) (voices []OwnVoice, proposals []string, err error) {
	if voices, err = ownVoices.All(ctx, d.db, v.Person); err != nil {
		return nil, nil, err
	}
	proposals, err = ownProposals.All(ctx, d.db, v.Person)
	return voices, proposals, err
}

// Forget takes a person out of the proposals. What was said stays without its
// author, nothing to tell that two things were said by one person; with words it goes.
func (d *Decisions) Forget(ctx context.Context, tx *db.Tx, person string, words bool) error {
	if words {
		if _, err := forgetWords.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	for _, forget := range []db.Statement{forgetSpeaker, forgetProposer, forgetScribe, forgetHost} {
		if _, err := forget.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	return nil
}

// DropOld deletes what was said in rounds that ended, where the site need not keep it any more ([place.Dispose]). The
// proposal and what came of it stay.
func (d *Decisions) DropOld(ctx context.Context) error {
	return place.Dispose(ctx, d.db, d.now(), "rounds", func(tx *db.Tx, before int64) (int64, error) {
		voices, err := disposeVoices.Run(ctx, tx, before)
		if err != nil {
			return 0, err
		}
		rooms, err := disposeRooms.Run(ctx, tx, before)
		return voices + rooms, err
	})
}
