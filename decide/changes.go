package decide

import (
	"context"
	"fmt"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

type roomState struct {
	Proposal string
	State    place.State
	Opened   int64
}

var roomStates = db.Rows[roomState](`select c.proposal, p.state, c.opened from room_code c join proposal p on p.id = c.proposal`)

// RoomChanges tells by comparison with an earlier answer whether what a room sees
// of a proposal changed: answers of others are not shown there, so they don't count.
func (d *Decisions) RoomChanges(ctx context.Context) (map[string]string, error) {
	rows, err := roomStates.All(ctx, d.db)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Proposal] = fmt.Sprintf("%s-%d", r.State, r.Opened)
	}
	return out, err
}

// PlaceOf is the place of a proposal, for who may read it.
func (d *Decisions) PlaceOf(ctx context.Context, v place.Viewer, proposal string) (act.Fingerprint, error) {
	p, err := d.open(ctx, d.db, v, proposal, place.ReadProposal)
	return p.Stream, err
}
