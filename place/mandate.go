package place

import (
	"context"
	"strings"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// MaxAim is the longest text of a mandate, in characters; MaxMandateYears how
// long one lasts at most.
const (
	MaxAim          = 500
	MaxMandateYears = 2
)

// Scribe is the mandate of who writes down, for the others, what a round held in
// a room came to. It gives no right that members don't have: it says who sees to it.
const Scribe = "scribe"

// A Mandate is what somebody does for a place, for what and until when. It ends
// by itself, and with the membership.
type Mandate struct {
	ID     string `json:"id"`
	Person string `json:"person"`
	Name   string `json:"name"`
	NoName bool   `json:"name_hidden,omitempty"` // the pseudonym is hidden
	Role   string `json:"role"`
	Aim    string `json:"aim"`
	Since  int64  `json:"since"` // microseconds
	Until  int64  `json:"until"` // microseconds: the end of its last day, UTC
}

// NewMandate is what a keeper gives. Day is its last day, as 2027-01-31.
type NewMandate struct {
	Person string
	Aim    string
	Day    string
}

// OwnMandate is one that the person has or had.
type OwnMandate struct {
	Place string `json:"place"`
	Role  string `json:"role"`
	Aim   string `json:"aim"`
	Since int64  `json:"since"`
	Until int64  `json:"until"`
	Ended int64  `json:"ended"` // 0 unless it was ended before its time
}

type mandateRow struct {
	ID, Person, Name, Role, Aim string
	Since, Until                int64
}

var (
	mandatesOf = db.Rows[mandateRow](`select a.id, a.person, p.name, a.role, a.aim, a.since, a.until from mandate a
		join belongs m on m.stream = a.stream and m.person = a.person join person p on p.id = a.person
		where a.stream = $1 and a.ended = 0 and a.until > $2 order by a.until, a.id`)
	running       = db.Rows[int64](`select count(*) from mandate where stream = $1 and person = $2 and role = $3 and ended = 0 and until > $4`)
	insertMandate = db.Exec(`insert into mandate (id, stream, person, role, aim, since, until, given_by) values ($1, $2, $3, $4, $5, $6, $7, $8)`)
	endMandate    = db.Exec(`update mandate set ended = $3 where stream = $1 and id = $2 and ended = 0 and until > $3`)
	layDown       = db.Exec(`update mandate set ended = $4 where stream = $1 and id = $2 and person = $3 and ended = 0 and until > $4`)
	endMandates   = db.Exec(`update mandate set ended = $3 where stream = $1 and person = $2 and ended = 0 and until > $3`)
	ownMandates   = db.Rows[OwnMandate](`select p.name, a.role, a.aim, a.since, a.until, a.ended from mandate a join place p on p.stream = a.stream
		where a.person = $1 order by a.since, a.id`)
	eraseMandates = db.Exec(`delete from mandate where person = $1`)
	eraseGiver    = db.Exec(`update mandate set given_by = '' where given_by = $1`)
)

// Mandates lists those that run, the one that ends first first, for members.
func (p *Places) Mandates(ctx context.Context, v Viewer, stream act.Fingerprint) ([]Mandate, error) {
	if err := May(ctx, p.db, v, stream, ReadRoles, Any); err != nil {
		return nil, err
	}
	rows, err := mandatesOf.All(ctx, p.db, stream, act.Micros(p.now()))
	if err != nil {
		return nil, err
	}
	names, err := NamesIn(ctx, p.db, v, stream)
	list := []Mandate{}
	for _, r := range rows {
		m := Mandate{ID: r.ID, Person: r.Person, Name: r.Name, Role: r.Role, Aim: r.Aim, Since: r.Since, Until: r.Until}
		m.NoName = names.Hide(m.Person, &m.Name)
		list = append(list, m)
	}
	return list, err
}

// GiveMandate makes a member scribe until the end of a day. Conflict when the
// member is scribe already.
func (p *Places) GiveMandate(ctx context.Context, v Viewer, stream act.Fingerprint, n NewMandate) error {
	now := p.now()
	var f fault.Fields
	aim, err := fault.RequiredPassage("aim", n.Aim, MaxAim)
	f.Merge(err)
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(n.Day))
	until := day.AddDate(0, 0, 1)
	if err != nil || !until.After(now) || day.After(now.AddDate(MaxMandateYears, 0, 0)) {
		f.Add("until", "roles.until.range")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, GiveMandate, Any); err != nil {
			return err
		}
		// Who leaves or is given another at once waits here, or is waited for.
		if err := one(lockRole.Run(ctx, tx, stream, n.Person)); fault.Is(err, fault.NotFound) {
			return fault.At("person", "roles.person.member")
		} else if err != nil {
			return err
		}
		if k, err := isBlocked.One(ctx, tx, stream, n.Person); err != nil {
			return err
		} else if k > 0 {
			return fault.At("person", "roles.person.member")
		}
		if k, err := running.One(ctx, tx, stream, n.Person, Scribe, act.Micros(now)); err != nil {
			return err
		} else if k > 0 {
			return fault.New(fault.Conflict, "roles.already")
		}
		_, err := insertMandate.Run(ctx, tx, act.NewToken(), stream, n.Person, Scribe, aim, act.Micros(now), act.Micros(until), v.Person)
		return err
	})
}

// EndMandate ends one before its time, for keepers.
func (p *Places) EndMandate(ctx context.Context, v Viewer, stream act.Fingerprint, id string) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, GiveMandate, Any); err != nil {
			return err
		}
		return one(endMandate.Run(ctx, tx, stream, id, act.Micros(p.now())))
	})
}

// LayDown ends a mandate of the viewer's own.
func (p *Places) LayDown(ctx context.Context, v Viewer, stream act.Fingerprint, id string) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, LayDown, Any); err != nil {
			return err
		}
		return one(layDown.Run(ctx, tx, stream, id, v.Person, act.Micros(p.now())))
	})
}
