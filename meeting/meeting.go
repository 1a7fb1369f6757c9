// Package meeting keeps the calendar in which a place says when and where its
// people meet, and what makes it possible to come: access, childcare, languages.
// A meeting has an agenda, roles that members take, and afterwards a note of
// what came of it.
//
// All of it is private to the members. A keeper may make a meeting public: then
// this node shows a page about it to everybody, without the names of those who
// took a role. No act is made of it (docs/decisions/0110-meetings-are-no-acts.md).
package meeting

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a node may run where no time zones are installed

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Meetings is the capability.
type Meetings struct {
	db  *db.DB
	now func() time.Time
}

// New makes the capability.
func New(log *act.Log) *Meetings { return &Meetings{db: log.DB(), now: time.Now} }

// Limits: texts in characters, the rest in pieces.
const (
	MaxTitle    = 160
	MaxVenue    = 300
	MaxLink     = 500
	MaxText     = 2000
	MaxNote     = 20_000
	MaxItems    = 30
	MaxMinutes  = 24 * 60
	MaxMeetings = 2000 // of a place
	MaxListed   = 100  // that came and went, in one list
)

// Roles are those that a member can take in a meeting.
var Roles = []string{"facilitator", "scribe", "timekeeper", "welcome"}

// Meeting is one, with the clock of the place where it is held: that clock
// counts, whatever becomes of the zone's distance from UTC until then.
type Meeting struct {
	ID         string          `json:"id"`
	Stream     act.Fingerprint `json:"stream"`
	Title      string          `json:"title"`
	Day        string          `json:"day"`    // YYYY-MM-DD
	Begins     string          `json:"begins"` // HH:MM
	Ends       string          `json:"ends"`   // HH:MM, earlier than Begins: on the day after
	Zone       string          `json:"zone"`   // IANA name
	Venue      string          `json:"venue,omitempty"`
	Link       string          `json:"link,omitempty"`
	Access     string          `json:"access,omitempty"`
	Childcare  string          `json:"childcare,omitempty"`
	Languages  string          `json:"languages,omitempty"`
	Agenda     []Item          `json:"agenda,omitempty"`
	Note       string          `json:"note,omitempty"`
	Public     bool            `json:"public"`
	PublicLink bool            `json:"publicLink"`
	PublicNote bool            `json:"publicNote"`
	CalledOff  bool            `json:"calledOff"`
	Rev        int             `json:"rev"`
	Roles      []Taken         `json:"roles,omitempty"` // for members alone
}

// Item is one point of an agenda.
type Item struct {
	Title   string `json:"title"`
	Minutes int    `json:"minutes,omitempty"` // 0: not said
	About   string `json:"about,omitempty"`   // URL of a proposal or a text
}

// Taken is a role and who has taken it.
type Taken struct {
	Role   string `json:"role"`
	Person string `json:"person"`
	Name   string `json:"name"`
	NoName bool   `json:"name_hidden,omitempty"` // the pseudonym is hidden
}

// Taker is who has taken a role, the zero value while nobody has.
func (m *Meeting) Taker(role string) Taken {
	for _, t := range m.Roles {
		if t.Role == role {
			return t
		}
	}
	return Taken{Role: role}
}

// Start and End are moments, by what is known of the zone now.
func (m *Meeting) Start() time.Time { at, _ := moment(m.Day, m.Begins, m.Zone); return at }

// End is when it ends.
func (m *Meeting) End() time.Time {
	at, _ := moment(m.lastDay(), m.Ends, m.Zone)
	return at
}

// lastDay is the day on which it ends, YYYY-MM-DD.
func (m *Meeting) lastDay() string {
	if m.Ends >= m.Begins {
		return m.Day
	}
	day, err := time.Parse(time.DateOnly, m.Day)
	if err != nil {
		return m.Day
	}
	return day.AddDate(0, 0, 1).Format(time.DateOnly)
}

// moment is when a clock on the wall in a zone shows a time. ok is false when
// it never does: in the hour that is left out in spring.
func moment(day, clock, zone string) (at time.Time, ok bool) {
	loc, err := location(zone)
	if err != nil {
		return time.Time{}, false
	}
	at, err = time.ParseInLocation("2006-01-02 15:04", day+" "+clock, loc)
	return at, err == nil && at.Format("2006-01-02 15:04") == day+" "+clock
}

var zoneShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]{0,40}(/[A-Za-z][A-Za-z0-9_+-]{0,40}){0,2}$`)

// location finds a zone by its IANA name; the zone of this machine is none.
func location(zone string) (*time.Location, error) {
	if !zoneShape.MatchString(zone) || zone == "Local" {
		return nil, fault.At("zone", "meeting.fault.zone")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fault.At("zone", "meeting.fault.zone")
	}
	return loc, nil
}

var clockShape = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// clean brings what somebody typed into order; faults by field.
func (m *Meeting) clean() error {
	var f fault.Fields
	var err error
	m.Title, err = fault.RequiredLine("title", m.Title, MaxTitle)
	f.Merge(err)
	m.Venue, err = fault.Line("venue", m.Venue, MaxVenue)
	f.Merge(err)
	f.Merge(address("link", m.Link))
	for name, text := range map[string]*string{"access": &m.Access, "childcare": &m.Childcare, "languages": &m.Languages} {
		*text, err = fault.Passage(name, *text, MaxText)
		f.Merge(err)
	}
	if m.Venue == "" && m.Link == "" {
		f.Add("venue", "meeting.fault.where")
	}
	f.Merge(m.cleanTime())
	f.Merge(m.cleanAgenda())
	return f.Err()
}

func (m *Meeting) cleanTime() error {
	var f fault.Fields
	if t, err := time.Parse(time.DateOnly, m.Day); err != nil || t.Year() < 2000 || t.Year() > 2200 {
		f.Add("day", "fault.date")
	}
	for name, clock := range map[string]string{"begins": m.Begins, "ends": m.Ends} {
		if !clockShape.MatchString(clock) {
			f.Add(name, "meeting.fault.clock")
		}
	}
	_, err := location(m.Zone)
	f.Merge(err)
	if err := f.Err(); err != nil {
		return err
	}
	if m.Begins == m.Ends {
		return fault.At("ends", "meeting.fault.no_time")
	}
	if _, ok := moment(m.Day, m.Begins, m.Zone); !ok {
		return fault.At("begins", "meeting.fault.left_out")
	}
	if _, ok := moment(m.lastDay(), m.Ends, m.Zone); !ok {
		return fault.At("ends", "meeting.fault.left_out")
	}
	return nil
}

func (m *Meeting) cleanAgenda() error {
	var f fault.Fields
	if len(m.Agenda) > MaxItems {
		return fault.At("agenda", "fault.too_many", "max", MaxItems)
	}
	for i := range m.Agenda {
		x := &m.Agenda[i]
		var err error
		x.Title, err = fault.RequiredLine(fmt.Sprintf("agenda.%d.title", i), x.Title, MaxTitle)
		f.Merge(err)
		if x.Minutes < 0 || x.Minutes > MaxMinutes {
			f.Add(fmt.Sprintf("agenda.%d.minutes", i), "fault.number")
		}
		f.Merge(address(fmt.Sprintf("agenda.%d.about", i), x.About))
	}
	return f.Err()
}

// address takes an http or https URL without anybody's password, or nothing.
func address(field, s string) error {
	if s == "" {
		return nil
	}
	if err := fault.Clean(field, s, MaxLink, false); err != nil {
		return err
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return fault.At(field, "fault.url")
	}
	return nil
}

// Plan puts a meeting into the calendar and returns its id.
func (ms *Meetings) Plan(ctx context.Context, v place.Viewer, stream act.Fingerprint, m Meeting) (id string, err error) {
	m.Public, m.Note = false, ""
	if err := m.clean(); err != nil {
		return "", err
	}
	agenda, err := json.Marshal(m.Agenda)
	if err != nil {
		return "", err
	}
	id = act.NewToken()
	return id, ms.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.PlanMeeting, place.Any); err != nil {
			return err
		}
		n, err := countMeetings.One(ctx, tx, stream)
		if err != nil {
			return err
		}
		if n >= MaxMeetings {
			return fault.New(fault.TooMany, "meeting.fault.too_many")
		}
		_, err = insertMeeting.Run(ctx, tx, id, stream, m.Title, m.Day, m.Begins, m.Ends, m.Zone, act.Micros(m.Start()), m.Venue, m.Link,
			m.Access, m.Childcare, m.Languages, string(agenda), act.Micros(ms.now()))
		return err
	})
}

// Change says a meeting anew; m.Rev is what the changer has read. A public one
// is changed by keepers alone: everybody sees it at once.
func (ms *Meetings) Change(ctx context.Context, v place.Viewer, stream act.Fingerprint, m Meeting) error {
	if err := m.clean(); err != nil {
		return err
	}
	agenda, err := json.Marshal(m.Agenda)
	if err != nil {
		return err
	}
	return ms.on(ctx, v, stream, m.ID, changing, func(tx *db.Tx, _ *Meeting) error {
		return unchanged(setMeeting.Run(ctx, tx, m.ID, m.Rev, m.Title, m.Day, m.Begins, m.Ends, m.Zone, act.Micros(m.Start()), m.Venue, m.Link,
			m.Access, m.Childcare, m.Languages, string(agenda)))
	})
}

// unchanged is what came of saying a meeting anew by its rev: an error when
// somebody else said it anew meanwhile.
func unchanged(rows int64, err error) error {
	if err == nil && rows == 0 {
		return fault.New(fault.Conflict, "meeting.fault.changed")
	}
	return err
}

// Note writes down what came of a meeting; rev is what the writer has read.
func (ms *Meetings) Note(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, rev int, note string) error {
	note, err := fault.Passage("note", note, MaxNote)
	if err != nil {
		return err
	}
	return ms.on(ctx, v, stream, id, noting, func(tx *db.Tx, _ *Meeting) error {
		return unchanged(setNote.Run(ctx, tx, id, rev, note))
	})
}

// CallOff says that a meeting isn't held, or that it is after all.
func (ms *Meetings) CallOff(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, off bool) error {
	return ms.on(ctx, v, stream, id, changing, func(tx *db.Tx, m *Meeting) error {
		return unchanged(setOff.Run(ctx, tx, id, m.Rev, off))
	})
}

// Showing is what strangers see of a meeting.
type Showing struct {
	Public bool `json:"public"`
	Link   bool `json:"link" doc:"The link to join as well"`
	Note   bool `json:"note" doc:"And what came of it"`
}

// Show makes a meeting public, or takes it back to the members.
func (ms *Meetings) Show(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, s Showing) error {
	return ms.on(ctx, v, stream, id, showing, func(tx *db.Tx, m *Meeting) error {
		return unchanged(setPublic.Run(ctx, tx, id, m.Rev, s.Public, s.Public && s.Link, s.Public && s.Note))
	})
}

// Remove takes a meeting out for good. A site that must keep what was public
// refuses it.
func (ms *Meetings) Remove(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return ms.on(ctx, v, stream, id, showing, func(tx *db.Tx, _ *Meeting) error {
		if err := place.Has(ctx, tx, place.ErasePublished); err != nil {
			return err
		}
		if _, err := dropRoles.Run(ctx, tx, id); err != nil {
			return err
		}
		_, err := deleteMeeting.Run(ctx, tx, id)
		return err
	})
}

// DropOld deletes meetings with their notes, where the site need not keep them any more ([place.Dispose]).
func (ms *Meetings) DropOld(ctx context.Context) error {
	return place.Dispose(ctx, ms.db, ms.now(), "meetings", func(tx *db.Tx, before int64) (int64, error) {
		if _, err := disposeRoles.Run(ctx, tx, before); err != nil {
			return 0, err
		}
		return disposeMeetings.Run(ctx, tx, before)
	})
}

// Take gives the viewer a role that nobody has; with take false it is given back.
func (ms *Meetings) Take(ctx context.Context, v place.Viewer, stream act.Fingerprint, id, role string, take bool) error {
	if !slices.Contains(Roles, role) {
		return fault.At("role", "fault.choice")
	}
	return ms.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.TakeRole, place.Any); err != nil {
			return err
		}
		m, err := ms.read(ctx, tx, v, stream, id)
		if err != nil {
			return err
		}
		if !take {
			_, err := dropRole.Run(ctx, tx, id, role, v.Person)
			return err
		}
		if m.Taker(role).Person == "" {
			if k, err := takeRole.Run(ctx, tx, id, role, stream, v.Person); err != nil || k > 0 {
				return err
			}
			if m, err = ms.read(ctx, tx, v, stream, id); err != nil { // somebody was first
				return err
			}
		}
		switch t := m.Taker(role); {
		case t.Person == v.Person:
			return nil
		case t.NoName:
			return fault.New(fault.Conflict, "meeting.fault.taken_by_somebody")
		default:
			return fault.New(fault.Conflict, "meeting.fault.taken", "name", t.Name)
		}
	})
}

// What it takes to do something to a meeting: what everybody would see is for
// keepers.
func changing(m *Meeting) place.Action { return keepersWhen(m.Public, place.PlanMeeting) }
func noting(m *Meeting) place.Action   { return keepersWhen(m.PublicNote, place.WriteNote) }
func showing(*Meeting) place.Action    { return place.ShowMeeting }

func keepersWhen(public bool, otherwise place.Action) place.Action {
	if public {
		return place.ShowMeeting
	}
	return otherwise
}

// MayChange tells whether a role may change a meeting.
func (m *Meeting) MayChange(role place.Role) bool { return place.Allowed(role, changing(m), place.Any) }

// MayNote tells whether a viewer may write what came of a meeting.
func (ms *Meetings) MayNote(ctx context.Context, v place.Viewer, stream act.Fingerprint, m *Meeting) bool {
	return m.may(ctx, ms.db, v, stream, noting(m)) == nil
}

// may asks the table of permissions. Who took the part of scribe in a meeting is
// its scribe, with or without a mandate for the place.
func (m *Meeting) may(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, a place.Action) error {
	var o place.Object
	if v.Person != "" && m.Taker("scribe").Person == v.Person {
		o.As = []place.Role{place.Scribe}
	}
	return place.MayOn(ctx, on, v, stream, o, a, place.Any)
}

// on runs fn on a meeting to which the viewer may do this. Another may change it
// at the same time: what fn writes counts by the rev that it was given.
func (ms *Meetings) on(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, needs func(*Meeting) place.Action, fn func(*db.Tx, *Meeting) error) error {
	return ms.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.PlanMeeting, place.Any); err != nil {
			return err
		}
		m, err := ms.read(ctx, tx, v, stream, id)
		if err != nil {
			return err
		}
		if err := m.may(ctx, tx, v, stream, needs(m)); err != nil {
			return err
		}
		return fn(tx, m)
	})
}

// Read reads one meeting: whole for a member, as it is public for others.
func (ms *Meetings) Read(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) (*Meeting, error) {
	m, err := ms.read(ctx, ms.db, v, stream, id)
	if fault.Is(err, fault.NotFound) { // that there is none is for members to know
		if err := place.May(ctx, ms.db, v, stream, place.ReadMeetings, place.Any); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	may := place.May(ctx, ms.db, v, stream, place.ReadMeetings, place.Any)
	switch {
	case may == nil:
		return m, nil
	case !refused(may) || !m.Public:
		return nil, may
	}
	m.outside()
	return m, nil
}

// refused tells a refusal from a database that doesn't answer.
func refused(err error) bool {
	return fault.Is(err, fault.SignIn) || fault.Is(err, fault.Forbidden)
}

// outside takes away what strangers don't see of a public meeting.
func (m *Meeting) outside() {
	m.Roles = nil
	if !m.PublicLink {
		m.Link = ""
	}
	if !m.PublicNote {
		m.Note = ""
	}
	for i := range m.Agenda {
		if forMembers(m.Agenda[i].About) {
			m.Agenda[i].About = ""
		}
	}
}

// forMembers tells whether the page to which a point of an agenda leads is for
// members: a proposal is.
func forMembers(about string) bool {
	u, err := url.Parse(about)
	return err != nil || strings.Contains(u.Path, "/proposal/")
}

func (ms *Meetings) read(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, id string) (*Meeting, error) {
	row, err := meetingByID.One(ctx, on, stream, id)
	if err != nil {
		return nil, err
	}
	m, err := row.meeting()
	if err != nil {
		return nil, err
	}
	rows, err := rolesOf.All(ctx, on, id)
	if err != nil {
		return nil, err
	}
	names, err := place.NamesIn(ctx, on, v, stream)
	for _, r := range rows {
		t := Taken{Role: r.Role, Person: r.Person, Name: r.Name}
		t.NoName = names.Hide(r.Person, &t.Name)
		m.Roles = append(m.Roles, t)
	}
	return m, err
}

// List is the meetings of a place: those to come, the next one first, or those
// that went, the last one first. Others than members see the public ones.
func (ms *Meetings) List(ctx context.Context, v place.Viewer, stream act.Fingerprint, past bool) ([]*Meeting, error) {
	member := true
	if err := place.May(ctx, ms.db, v, stream, place.ReadMeetings, place.Any); refused(err) {
		member = false
	} else if err != nil {
		return nil, err
	}
	q := upcoming
	if past {
		q = gone
	}
	return ms.list(ctx, q, stream, member)
}

// today is the moment from which meetings are still to come: one that began
// some hours ago may be going on.
func (ms *Meetings) today() int64 { return act.Micros(ms.now().Add(-6 * time.Hour)) }

func (ms *Meetings) list(ctx context.Context, q db.Query[meetingRow], stream act.Fingerprint, member bool) (list []*Meeting, err error) {
	rows, err := q.All(ctx, ms.db, stream, ms.today(), member, MaxListed)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		m, err := r.meeting()
		if err != nil {
			return nil, err
		}
		if !member {
			m.outside()
		}
		list = append(list, m)
	}
	return list, nil
}

// LastZone is the zone of the place's newest meeting, "" when it has none.
func (ms *Meetings) LastZone(ctx context.Context, stream act.Fingerprint) (string, error) {
	zone, err := lastZone.One(ctx, ms.db, stream)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return zone, err
}
