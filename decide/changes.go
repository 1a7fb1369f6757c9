package decide

import (
	"context"
	"fmt"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// moved is where a proposal stands: how often something about it changed, and what
// keepers hide of what was said in it, or of who speaks in its place.
type moved struct {
	Proposal         string
	N, Hidden, Since int64
}

func (m moved) word() string { return fmt.Sprintf("%d.%d-%d", m.N, m.Hidden, m.Since) }

const movedColumns = `select p.id, coalesce(m.n, 0), count(h.thing), coalesce(max(h.since), 0) from proposal p
	left join proposal_moved m on m.proposal = p.id
	left join hidden h on h.stream = p.stream and (h.kind = 'person' or h.kind = 'voice' and exists
		(select 1 from proposal_voice v where v.id = h.thing and v.proposal = p.id)) `

type roomState struct {
	Proposal string
	State    place.State
	Opened   int64
}

func (s roomState) word() string { return fmt.Sprintf("%s-%d", s.State, s.Opened) }

const roomColumns = `select c.proposal, p.state, c.opened from room_code c join proposal p on p.id = c.proposal `

var (
	markPlace = db.Exec(`insert into proposal_change (stream, n) values ($1, 1) on conflict (stream) do update set n = proposal_change.n + 1`)
	markMoved = db.Exec(`insert into proposal_moved (proposal, n) values ($1, 1) on conflict (proposal) do update set n = proposal_moved.n + 1`)

	movedOne   = db.Rows[moved](movedColumns + `where p.id = $1 group by p.id, m.n`)
	movedAll   = db.Rows[moved](movedColumns + `group by p.id, m.n`)
	roomOne    = db.Rows[roomState](roomColumns + `where c.proposal = $1`)
	roomStates = db.Rows[roomState](roomColumns)
)

// markChange notes that a proposal changes. Whoever else changes one of its place
// waits until the transaction has ended.
func markChange(ctx context.Context, tx *db.Tx, stream act.Fingerprint, proposal string) error {
	if _, err := markPlace.Run(ctx, tx, stream); err != nil {
		return err
	}
	_, err := markMoved.Run(ctx, tx, proposal)
	return err
}

// Change tells by comparison with an earlier answer whether anything about one
// proposal changed; "" of one that is not there.
func (d *Decisions) Change(ctx context.Context, proposal string) (string, error) {
	rows, err := movedOne.All(ctx, d.db, proposal)
	return wordOf(rows, err)
}

// Changes is Change of all proposals.
func (d *Decisions) Changes(ctx context.Context) (map[string]string, error) {
	rows, err := movedAll.All(ctx, d.db)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Proposal] = r.word()
	}
	return out, err
}

// RoomChange tells by comparison with an earlier answer whether what a room sees
// of a proposal changed: answers of others are not shown there, so they don't count.
func (d *Decisions) RoomChange(ctx context.Context, proposal string) (string, error) {
	rows, err := roomOne.All(ctx, d.db, proposal)
	return wordOf(rows, err)
}

// RoomChanges is RoomChange of all proposals that have a code.
func (d *Decisions) RoomChanges(ctx context.Context) (map[string]string, error) {
	rows, err := roomStates.All(ctx, d.db)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Proposal] = r.word()
	}
	return out, err
}

func wordOf[R interface{ word() string }](rows []R, err error) (string, error) {
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].word(), nil
}

// MayRead fails unless the viewer may read a proposal.
func (d *Decisions) MayRead(ctx context.Context, v place.Viewer, proposal string) error {
	_, err := d.open(ctx, d.db, v, proposal, place.ReadProposal)
	return err
}
