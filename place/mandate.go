package place

import (
	"cmp"
	"context"
	"slices"
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

// MandateRoles are those that a mandate gives. A scribe writes down, for the
// others, what a round held in a room and a meeting came to; a steward looks after
// one text. What each may stands in the Table.
var MandateRoles = []Role{Scribe, Steward}

// A Mandate is what somebody does for a place, for what and until when. It ends
// by itself, and with the membership.
type Mandate struct {
	ID     string `json:"id"`
	Person string `json:"person"`
	Name   string `json:"name"`
	NoName bool   `json:"name_hidden,omitempty"` // the pseudonym is hidden
	Role   Role   `json:"role"`
	Text   string `json:"text,omitempty"` // URL of the text of a steward
	Aim    string `json:"aim"`
	Since  int64  `json:"since"` // microseconds
	Until  int64  `json:"until"` // microseconds: the end of its last day, UTC
}

// NewMandate is what a keeper gives. Day is its last day, as 2027-01-31.
type NewMandate struct {
	Person string
	Role   Role   // Scribe where none is said
	Text   string // URL of the text, for a steward
	Aim    string
	Day    string
}

// OwnMandate is one that the person has or had.
type OwnMandate struct {
	Place string `json:"place"`
	Role  Role   `json:"role"`
	Text  string `json:"text,omitempty"`
	Aim   string `json:"aim"`
	Since int64  `json:"since"`
	Until int64  `json:"until"`
	Ended int64  `json:"ended"` // 0 unless it was ended before its time
}

type mandateRow struct {
	ID, Person, Name string
	Role             Role
	Scope, Aim       string
	Since, Until     int64
}

var (
	mandatesOf = db.Rows[mandateRow](`select a.id, a.person, p.name, a.role, a.scope, a.aim, a.since, a.until from mandate a
		join belongs m on m.stream = a.stream and m.person = a.person join person p on p.id = a.person
		where a.stream = $1 and a.ended = 0 and a.until > $2 order by a.until, a.id`)
	running       = db.Rows[int64](`select count(*) from mandate where stream = $1 and person = $2 and role = $3 and scope = $4 and ended = 0 and until > $5`)
	insertMandate = db.Exec(`insert into mandate (id, stream, person, role, scope, aim, since, until, given_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	endMandate    = db.Exec(`update mandate set ended = $3 where stream = $1 and id = $2 and ended = 0 and until > $3`)
	mandateByID   = db.Rows[mandateRow](`select a.id, a.person, '', a.role, a.scope, a.aim, a.since, a.until from mandate a
		where a.stream = $1 and a.id = $2 and a.ended = 0 and a.until > $3`)
	endMandates = db.Exec(`update mandate set ended = $3 where stream = $1 and person = $2 and ended = 0 and until > $3`)
	ownMandates = db.Rows[OwnMandate](`select p.name, a.role, a.scope, a.aim, a.since, a.until, a.ended from mandate a join place p on p.stream = a.stream
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
		m := Mandate{ID: r.ID, Person: r.Person, Name: r.Name, Role: r.Role, Text: r.Scope, Aim: r.Aim, Since: r.Since, Until: r.Until}
		m.NoName = names.Hide(m.Person, &m.Name)
		list = append(list, m)
	}
	return list, err
}

// clean checks everything by field, and gives the end.
func (n *NewMandate) clean(now time.Time) (until time.Time, err error) {
	var f fault.Fields
	n.Aim, err = fault.RequiredPassage("aim", n.Aim, MaxAim)
	f.Merge(err)
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(n.Day))
	until = day.AddDate(0, 0, 1)
	if err != nil || !until.After(now) || day.After(now.AddDate(MaxMandateYears, 0, 0)) {
		f.Add("until", "roles.until.range")
	}
	switch n.Role = cmp.Or(n.Role, Scribe); {
	case n.Role == Scribe && n.Text != "":
		f.Add("text", "roles.text.none")
	case n.Role == Steward && n.Text == "":
		f.Add("text", "roles.text.choose")
	case !slices.Contains(MandateRoles, n.Role):
		f.Add("role", "fault.choice")
	}
	return until, f.Err()
}

// GiveMandate makes a member scribe of the place, or steward of a text of it, until
// the end of a day. Conflict when the member is that already. It stands in the log.
func (p *Places) GiveMandate(ctx context.Context, v Viewer, stream act.Fingerprint, n NewMandate) error {
	now := p.now()
	until, err := n.clean(now)
	if err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, GiveMandate, Any); err != nil {
			return err
		}
		if err := p.canHold(ctx, tx, stream, n); err != nil {
			return err
		}
		if k, err := running.One(ctx, tx, stream, n.Person, n.Role, n.Text, act.Micros(now)); err != nil {
			return err
		} else if k > 0 {
			return fault.New(fault.Conflict, "roles.already")
		}
		if _, err := insertMandate.Run(ctx, tx, act.NewToken(), stream, n.Person, n.Role, n.Text, n.Aim, act.Micros(now), act.Micros(until), v.Person); err != nil {
			return err
		}
		return Note(ctx, tx, v, stream, act.Micros(now), nameDeed(n.Role), n.Person, n.Text, n.Aim)
	})
}

// canHold refuses who is no member, and a text that is none of the place's.
func (p *Places) canHold(ctx context.Context, tx *db.Tx, stream act.Fingerprint, n NewMandate) error {
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
	if n.Text == "" {
		return nil
	}
	ok, err := p.HasText(ctx, tx, stream, n.Text)
	if err == nil && !ok {
		err = fault.At("text", "roles.text.choose")
	}
	return err
}

// EndMandate ends one before its time, for keepers. It stands in the log.
func (p *Places) EndMandate(ctx context.Context, v Viewer, stream act.Fingerprint, id string) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, GiveMandate, Any); err != nil {
			return err
		}
		return p.endOne(ctx, tx, v, stream, id, func(mandateRow) bool { return true })
	})
}

// LayDown ends a mandate of the viewer's own. It stands in the log.
func (p *Places) LayDown(ctx context.Context, v Viewer, stream act.Fingerprint, id string) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, LayDown, Any); err != nil {
			return err
		}
		return p.endOne(ctx, tx, v, stream, id, func(r mandateRow) bool { return r.Person == v.Person })
	})
}

func (p *Places) endOne(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint, id string, theirs func(mandateRow) bool) error {
	now := act.Micros(p.now())
	r, err := mandateByID.One(ctx, tx, stream, id, now)
	if err == nil && !theirs(r) {
		err = db.ErrNoRow
	}
	if err != nil {
		return err
	}
	if err := one(endMandate.Run(ctx, tx, stream, id, now)); err != nil { // ended at the same moment
		return err
	}
	return Note(ctx, tx, v, stream, now, endDeed(r.Role), r.Person, r.Scope, "")
}

// StewardOf is who looks after a text now, for the node itself.
type StewardOf struct {
	Stream act.Fingerprint
	Text   string
	Person string
}

var stewardsNow = db.Rows[StewardOf](`select a.stream, a.scope, a.person from mandate a
	join belongs m on m.stream = a.stream and m.person = a.person
	where a.role = 'steward' and a.ended = 0 and a.until > $1 order by a.stream, a.scope, a.person`)

// Stewards lists who looks after which text now, in every place of the node.
func (p *Places) Stewards(ctx context.Context) ([]StewardOf, error) {
	return stewardsNow.All(ctx, p.db, act.Micros(p.now()))
}

// An Ending is a mandate that ends soon.
type Ending struct {
	ID     string
	Stream act.Fingerprint
	Place  string // URL
	Person string
	Until  int64 // microseconds: the end of its last day
}

// endingNotice is how long a mandate must last to have its end told of before.
const endingNotice = 14 * 24 * time.Hour

var endingSoon = db.Rows[Ending](`select a.id, a.stream, p.id, a.person, a.until from mandate a
	join belongs m on m.stream = a.stream and m.person = a.person join place p on p.stream = a.stream
	where a.ended = 0 and a.until > $1 and a.until <= $2 and a.until - a.since > $3 order by a.until, a.id`)

// Endings lists, in every place of the node, the mandates that end before a time.
// One that was given for two weeks or less is not among them: who has it knows.
func (p *Places) Endings(ctx context.Context, before time.Time) ([]Ending, error) {
	return endingSoon.All(ctx, p.db, act.Micros(p.now()), act.Micros(before), endingNotice.Microseconds())
}
