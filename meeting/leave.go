package meeting

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// OwnPart is a role that a person took in a meeting.
type OwnPart struct {
	Place   string `json:"place"`
	Meeting string `json:"meeting"` // its title
	Day     string `json:"day"`     // YYYY-MM-DD
	Role    string `json:"role"`
}

// OwnLink is a secret address of a place's calendar that still opens it.
type OwnLink struct {
	Place   string `json:"place"`
	Expires int64  `json:"expires"` // microseconds
}

var (
	ownRoles = db.Rows[OwnPart](`select p.name, m.title, m.day, r.role from place_meeting_role r join place_meeting m on m.id = r.meeting
		join place p on p.stream = m.stream where r.person = $1 order by m.at, m.id, r.role`)
	ownLinks    = db.Rows[OwnLink](`select p.name, l.expires from place_meeting_link l join place p on p.stream = l.stream where l.person = $1 and l.expires > $2 order by p.name, l.expires`)
	forgetRoles = db.Exec(`delete from place_meeting_role where person = $1`)
	forgetLinks = db.Exec(`delete from place_meeting_link where person = $1`)
)

// OwnData is the roles that the viewer took in meetings, and the addresses of calendars.
func (ms *Meetings) OwnData(ctx context.Context, v place.Viewer) ([]OwnPart, []OwnLink, error) {
	roles, err := ownRoles.All(ctx, ms.db, v.Person)
	if err != nil {
		return nil, nil, err
	}
	links, err := ownLinks.All(ctx, ms.db, v.Person, act.Micros(ms.now()))
	return roles, links, err
}

// Forget takes a person out of the meetings: the roles need somebody else, and the
// addresses of calendars open nothing.
func (ms *Meetings) Forget(ctx context.Context, tx *db.Tx, person string, _ bool) error {
	for _, forget := range []db.Statement{forgetRoles, forgetLinks} {
		if _, err := forget.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	return nil
}
