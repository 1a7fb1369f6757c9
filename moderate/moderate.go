// Package moderate keeps talk bearable. Whoever can read a thing may report it;
// the keepers of the place hide it, with a reason that its author sees, or leave
// it standing. Hiding takes nothing away: what was said stays where it is, and
// can be shown again. What other places published is the site's to judge, and
// hiding it is this node's alone. All of this is private.
package moderate

import (
	"cmp"
	"context"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// A Kind is what can be reported.
type Kind string

// The kinds of things.
const (
	Voice     Kind = "voice"  // what a member said in a round
	Talk      Kind = "talk"   // what two places said about a suggestion
	Pseudonym Kind = "person" // what a member is called
	Text      Kind = "text"   // a published version
)

// Kinds lists them.
var Kinds = []Kind{Voice, Talk, Pseudonym, Text}

// Categories are what can be wrong with a thing.
var Categories = []string{"spam", "insult", "threat", "exposes", "false", "other"}

// Limits, lengths in characters.
const (
	MaxWords  = 1000
	MaxOpen   = 500 // open reports in one queue
	strangers = 5   // open reports by strangers on one thing
	MaxHours  = 24 * 90
	MaxCount  = 1000
	maxShown  = 100 // things in a queue at a time
)

// A Thing is what a report is about, as a capability finds it.
type Thing struct {
	Kind   Kind
	ID     string
	Stream act.Fingerprint // whose keepers judge it; "" for the site's
	About  string          // the person who said it, "" where none is known
	Said   string
	At     string // id of the object whose page shows it, or a path
}

// A Finder finds a thing for somebody who can read it, and refuses others.
type Finder func(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, id string) (Thing, error)

// Moderation is the capability. Finders are put in by whoever wires the program.
type Moderation struct {
	db      *db.DB
	now     func() time.Time
	Finders map[Kind]Finder
}

// New makes the capability.
func New(log *act.Log) *Moderation {
	m := &Moderation{db: log.DB(), now: time.Now}
	m.Finders = map[Kind]Finder{Pseudonym: m.pseudonym}
	return m
}

var memberName = db.Rows[string](`select p.name from person p join membership m on m.person = p.id where m.stream = $1 and p.id = $2`)

func (m *Moderation) pseudonym(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, id string) (Thing, error) {
	if err := place.May(ctx, on, v, stream, place.ReadMembers, place.Any); err != nil {
		return Thing{}, err
	}
	name, err := memberName.One(ctx, on, stream, id)
	return Thing{Kind: Pseudonym, ID: id, Stream: stream, About: id, Said: name, At: "members"}, err
}

// Find is the thing that somebody can read and so report.
func (m *Moderation) Find(ctx context.Context, v place.Viewer, kind Kind, stream act.Fingerprint, id string) (Thing, error) {
	return m.find(ctx, m.db, v, kind, stream, id)
}

func (m *Moderation) find(ctx context.Context, on db.Queryer, v place.Viewer, kind Kind, stream act.Fingerprint, id string) (Thing, error) {
	f := m.Finders[kind]
	if f == nil || len(id) > act.MaxURL {
		return Thing{}, db.ErrNoRow
	}
	return f(ctx, on, v, stream, id)
}

// Report is what somebody says is wrong.
type Report struct {
	Kind     Kind
	Stream   act.Fingerprint // where it was read
	Thing    string
	Category string
	Words    string // needed where the category says nothing
}

func (r *Report) clean() error {
	var f fault.Fields
	var err error
	if !slices.Contains(Categories, r.Category) {
		f.Add("category", "fault.choice")
	}
	r.Words, err = fault.Passage("words", r.Words, MaxWords)
	f.Merge(err)
	if err == nil && r.Words == "" && r.Category == "other" {
		f.Add("words", "fault.required")
	}
	return f.Err()
}

// Report tells the keepers that something is wrong with a thing that the viewer,
// who may be a stranger, can read. Who reported is shown to nobody.
func (m *Moderation) Report(ctx context.Context, v place.Viewer, r Report) error {
	if err := r.clean(); err != nil {
		return err
	}
	return m.db.Write(ctx, func(tx *db.Tx) error {
		t, err := m.find(ctx, tx, v, r.Kind, r.Stream, r.Thing)
		if err != nil {
			return err
		}
		if err := place.May(ctx, tx, v, t.Stream, place.Report, place.Any); err != nil {
			return err
		}
		if err := m.room(ctx, tx, v, t); err != nil {
			return err
		}
		_, err = insertReport.Run(ctx, tx, act.NewToken(), t.Stream, t.Kind, t.ID, t.About, t.Said, t.At, r.Category, r.Words, v.Person, act.Micros(m.now()))
		if fault.Is(err, fault.Conflict) {
			err = fault.New(fault.Conflict, "moderation.reported_already")
		}
		return err
	})
}

// room refuses reports beyond what keepers can read: a queue can be filled, and
// then what strangers say of a thing that was reported enough adds nothing.
func (m *Moderation) room(ctx context.Context, tx *db.Tx, v place.Viewer, t Thing) error {
	if _, err := countReport.Run(ctx, tx, t.Stream); err != nil { // what is reported at once is counted one after another
		return err
	}
	n, err := openReports.One(ctx, tx, t.Stream)
	if err != nil {
		return err
	}
	same, err := openOn.One(ctx, tx, t.Stream, t.Kind, t.ID)
	if err != nil {
		return err
	}
	if n >= MaxOpen || v.Person == "" && same >= strangers {
		return fault.New(fault.Conflict, "moderation.full")
	}
	return nil
}

// may refuses who does not keep the place, or, where stream is "", the site.
func may(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint) error {
	if stream == "" {
		return place.May(ctx, on, v, "", place.KeepSite, place.Any)
	}
	return place.May(ctx, on, v, stream, place.Moderate, place.Any)
}

// notOwn refuses a keeper who would judge in their own case while another could.
func notOwn(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, about string) error {
	if about == "" || about != v.Person {
		return nil
	}
	n, err := otherKeepers.One(ctx, on, stream, v.Person)
	if err == nil && n > 0 {
		err = fault.New(fault.Forbidden, "moderation.own")
	}
	return err
}

// Hide hides the words of a thing from all but its author; that and why it is
// hidden everybody sees who could read it, and keepers have the words in their
// queue. What was reported about it is answered with that.
func (m *Moderation) Hide(ctx context.Context, v place.Viewer, stream act.Fingerprint, kind Kind, id, reason string) error {
	reason, err := fault.RequiredPassage("reason", reason, place.MaxReason)
	if err != nil {
		return err
	}
	return m.decide(ctx, v, stream, kind, id, func(tx *db.Tx, t Thing) error {
		now := act.Micros(m.now())
		if _, err := putHidden.Run(ctx, tx, stream, kind, id, t.About, t.Said, t.At, reason, v.Person, now); err != nil {
			return err
		}
		if _, err := answerReports.Run(ctx, tx, stream, kind, id, "hidden", now, v.Person, reason); err != nil {
			return err
		}
		return place.Note(ctx, tx, v, stream, now, place.HideDeed, t.About, string(kind), reason)
	})
}

// Leave answers what was reported about a thing without hiding it.
func (m *Moderation) Leave(ctx context.Context, v place.Viewer, stream act.Fingerprint, kind Kind, id, reason string) error {
	reason, err := fault.Passage("reason", reason, place.MaxReason)
	if err != nil {
		return err
	}
	return m.decide(ctx, v, stream, kind, id, func(tx *db.Tx, t Thing) error {
		now := act.Micros(m.now())
		n, err := answerReports.Run(ctx, tx, stream, kind, id, "left", now, v.Person, reason)
		if err != nil || n == 0 {
			return errorOr(err, db.ErrNoRow)
		}
		return place.Note(ctx, tx, v, stream, now, place.LeaveDeed, t.About, string(kind), reason)
	})
}

// Show shows what was hidden, or what waited for a keeper.
func (m *Moderation) Show(ctx context.Context, v place.Viewer, stream act.Fingerprint, kind Kind, id string) error {
	return m.decide(ctx, v, stream, kind, id, func(tx *db.Tx, t Thing) error {
		n, err := deleteHidden.Run(ctx, tx, stream, kind, id)
		if err != nil || n == 0 {
			return errorOr(err, db.ErrNoRow)
		}
		return place.Note(ctx, tx, v, stream, act.Micros(m.now()), place.ShowDeed, t.About, string(kind), "")
	})
}

// decide runs fn on a thing of a place when the viewer may judge it. What was
// reported or hidden and is no longer there is judged by what was kept of it.
func (m *Moderation) decide(ctx context.Context, v place.Viewer, stream act.Fingerprint, kind Kind, id string, fn func(*db.Tx, Thing) error) error {
	return m.db.Write(ctx, func(tx *db.Tx) error {
		if err := may(ctx, tx, v, stream); err != nil {
			return err
		}
		t, err := m.kept(ctx, tx, stream, kind, id)
		if fault.Is(err, fault.NotFound) {
			t, err = m.find(ctx, tx, v, kind, stream, id)
			if err == nil && t.Stream != stream {
				err = db.ErrNoRow
			}
		}
		if err != nil {
			return err
		}
		if err := notOwn(ctx, tx, v, stream, t.About); err != nil {
			return err
		}
		return fn(tx, t)
	})
}

func (m *Moderation) kept(ctx context.Context, on db.Queryer, stream act.Fingerprint, kind Kind, id string) (Thing, error) {
	row, err := hiddenThing.One(ctx, on, stream, kind, id)
	if fault.Is(err, fault.NotFound) {
		row, err = reportedThing.One(ctx, on, stream, kind, id)
	}
	return Thing{Kind: kind, ID: id, Stream: stream, About: row.About, Said: row.Said, At: row.At}, err
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Case is a thing in the queue with what was reported about it.
type Case struct {
	Kind   Kind    `json:"kind"`
	Thing  string  `json:"thing"`
	Name   string  `json:"name"` // pseudonym of who said it, as now; "" where it is unknown
	Said   string  `json:"said"`
	At     string  `json:"at"`
	Since  int64   `json:"since"`
	Claims []Claim `json:"claims"`
	Hidden *Hiding `json:"hidden,omitempty"` // nil while it is shown
	Own    bool    `json:"own"`              // it is the viewer's own, and another keeper decides
	About  string  `json:"about"`            // the person, "" where it is unknown
}

// Claim is one report as keepers see it: without who made it.
type Claim struct {
	Category string `json:"category"`
	Words    string `json:"words"`
	Stranger bool   `json:"stranger"`
	At       int64  `json:"at"`
}

// Hiding says since when and why a thing is not shown.
type Hiding struct {
	Reason string `json:"reason"`
	Waits  bool   `json:"waits"` // a newcomer's words that no keeper has looked at
	Since  int64  `json:"since"`
}

// Queue is what waits for the keepers of a place, and what they have hidden.
type Queue struct {
	Open   []Case `json:"open"`
	Hidden []Case `json:"hidden"`
	More   bool   `json:"more"` // there are older ones, shown once these are answered
}

// Queue lists what waits for a decision, the oldest first, and what is hidden,
// the newest first.
func (m *Moderation) Queue(ctx context.Context, v place.Viewer, stream act.Fingerprint) (*Queue, error) {
	if err := may(ctx, m.db, v, stream); err != nil {
		return nil, err
	}
	rows, err := reportsOf.All(ctx, m.db, stream)
	if err != nil {
		return nil, err
	}
	hides, err := hiddenOf.All(ctx, m.db, stream)
	if err != nil {
		return nil, err
	}
	q := &Queue{Open: []Case{}, Hidden: []Case{}}
	at := map[string]int{}
	for _, r := range rows {
		k := string(r.Kind) + " " + r.Thing
		i, ok := at[k]
		if !ok {
			i = len(q.Open)
			at[k] = i
			q.Open = append(q.Open, r.thing())
		}
		q.Open[i].Claims = append(q.Open[i].Claims, Claim{r.Category, r.Words, r.By == "", r.Made})
	}
	for _, h := range hides {
		if i, ok := at[string(h.Kind)+" "+h.Thing]; ok {
			q.Open[i].Hidden = h.hiding()
		} else if c := h.thing(); h.By == "" {
			q.Open = append(q.Open, c)
		} else {
			q.Hidden = append(q.Hidden, c)
		}
	}
	slices.SortStableFunc(q.Open, func(a, b Case) int { return cmp.Compare(a.Since, b.Since) })
	q.cut()
	return q, m.markOwn(ctx, v, stream, q)
}

func (q *Queue) cut() {
	for _, list := range []*[]Case{&q.Open, &q.Hidden} {
		if len(*list) > maxShown {
			*list, q.More = (*list)[:maxShown], true
		}
	}
}

func (m *Moderation) markOwn(ctx context.Context, v place.Viewer, stream act.Fingerprint, q *Queue) error {
	own := notOwn(ctx, m.db, v, stream, v.Person)
	if own != nil && !fault.Is(own, fault.Forbidden) {
		return own
	}
	for _, list := range [][]Case{q.Open, q.Hidden} {
		for i := range list {
			list[i].Own = own != nil && list[i].About == v.Person && v.Person != ""
		}
	}
	return nil
}

// Waiting counts the things that wait for the keepers of a place.
func (m *Moderation) Waiting(ctx context.Context, v place.Viewer, stream act.Fingerprint) (int, error) {
	if err := may(ctx, m.db, v, stream); err != nil {
		return 0, err
	}
	n, err := waiting.One(ctx, m.db, stream)
	return int(n), err
}

// Moved changes whenever a text is hidden or shown again; for those who keep
// something made of texts.
func (m *Moderation) Moved(ctx context.Context) (string, error) {
	list, err := hiddenTexts.All(ctx, m.db)
	s := ""
	for _, x := range list {
		s += x + "\n"
	}
	return s, err
}
