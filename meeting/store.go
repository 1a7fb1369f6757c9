package meeting

import (
	"encoding/json"

	"translocal/act"
	"translocal/db"
)

type meetingRow struct {
	ID                           string
	Stream                       act.Fingerprint
	Title                        string
	Day, Begins, Ends, Zone      string
	Venue, Link                  string
	Access, Childcare, Languages string
	Agenda                       string
	Note                         string
	Public, PublicLink           bool
	PublicNote, CalledOff        bool
	Rev                          int
}

func (r meetingRow) meeting() (*Meeting, error) {
	m := &Meeting{ID: r.ID, Stream: r.Stream, Title: r.Title, Day: r.Day, Begins: r.Begins, Ends: r.Ends, Zone: r.Zone, Venue: r.Venue, Link: r.Link,
		Access: r.Access, Childcare: r.Childcare, Languages: r.Languages, Note: r.Note, Public: r.Public, PublicLink: r.PublicLink,
		PublicNote: r.PublicNote, CalledOff: r.CalledOff, Rev: r.Rev}
	return m, json.Unmarshal([]byte(r.Agenda), &m.Agenda)
}

const meetingColumns = `select id, stream, title, day, begins, ends, zone, venue, link, access, childcare, languages, agenda, note,
	public, public_link, public_note, called_off, rev from place_meeting `

var (
	countMeetings = db.Rows[int64](`select count(*) from place_meeting where stream = $1`)
	insertMeeting = db.Exec(`insert into place_meeting (id, stream, title, day, begins, ends, zone, at, venue, link, access, childcare, languages, agenda,
		note, public, public_link, public_note, called_off, rev, made)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', false, false, false, false, 1, $15)`)
	// Each says anew what was read: where another was first, no row is changed.
	setMeeting = db.Exec(`update place_meeting set title = $3, day = $4, begins = $5, ends = $6, zone = $7, at = $8, venue = $9, link = $10, access = $11,
		childcare = $12, languages = $13, agenda = $14, rev = rev + 1 where id = $1 and rev = $2`)
	setNote         = db.Exec(`update place_meeting set note = $3, rev = rev + 1 where id = $1 and rev = $2`)
	setOff          = db.Exec(`update place_meeting set called_off = $3, rev = rev + 1 where id = $1 and rev = $2`)
	setPublic       = db.Exec(`update place_meeting set public = $3, public_link = $4, public_note = $5, rev = rev + 1 where id = $1 and rev = $2`)
	disposeRoles    = db.Exec(`delete from place_meeting_role where meeting in (select id from place_meeting where at < $1)`)
	disposeMeetings = db.Exec(`delete from place_meeting where at < $1`)
	deleteMeeting   = db.Exec(`delete from place_meeting where id = $1`)
	meetingByID     = db.Rows[meetingRow](meetingColumns + `where stream = $1 and id = $2`)
	upcoming        = db.Rows[meetingRow](meetingColumns + `where stream = $1 and at >= $2 and (public or $3) order by at, id limit $4`)
	gone            = db.Rows[meetingRow](meetingColumns + `where stream = $1 and at < $2 and (public or $3) order by at desc, id limit $4`)
	lastZone        = db.Rows[string](`select zone from place_meeting where stream = $1 order by made desc, id limit 1`)

	// A role counts as long as the membership under which it was taken.
	rolesOf = db.Rows[takenRow](`select r.role, r.person, p.name from place_meeting_role r join place_meeting m on m.id = r.meeting
		join belongs b on b.stream = m.stream and b.person = r.person and b.since = r.since join person p on p.id = r.person
		where r.meeting = $1 order by r.role`)
	takeRole = db.Exec(`insert into place_meeting_role (meeting, role, person, since)
		select $1, $2, person, since from belongs where stream = $3 and person = $4
		on conflict (meeting, role) do update set person = excluded.person, since = excluded.since
		where not exists (select 1 from belongs h where h.stream = $3 and h.person = place_meeting_role.person and h.since = place_meeting_role.since)`)
	dropRole  = db.Exec(`delete from place_meeting_role where meeting = $1 and role = $2 and person = $3`)
	dropRoles = db.Exec(`delete from place_meeting_role where meeting = $1`)

	putLink = db.Exec(`insert into place_meeting_link (token, stream, person, since, expires)
		select $1, stream, person, since, $4 from belongs where stream = $2 and person = $3`)
	dropLinks   = db.Exec(`delete from place_meeting_link where stream = $1 and person = $2`)
	linkByToken = db.Rows[linkRow](`select l.stream, l.person, p.name, p.site_keeper from place_meeting_link l
		join belongs b on b.stream = l.stream and b.person = l.person and b.since = l.since join person p on p.id = l.person
		where l.token = $1 and l.expires > $2`)
)

type takenRow struct{ Role, Person, Name string }

type linkRow struct {
	Stream act.Fingerprint
	Person string
	Name   string
	Site   bool
}
