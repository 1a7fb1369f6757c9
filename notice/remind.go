package notice

import (
	"context"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// A Reminder is what a source says that people are to be told.
type Reminder struct {
	Cause  string          // what it is about, and this alone: "task abc…"
	Stream act.Fingerprint // "" for the site
	Kind   string          // one of Kinds
	Day    string          // YYYY-MM-DD to count back from, or "" to tell it now
	Link   string          // URL of the page about it
	People []string        // whom; when empty, all keepers of the stream
	Also   []string        // whom beside the keepers, when People is empty
}

// A Source lists what there is to remind of. What it no longer lists (because it
// is done, or the day moved) is moot, and waits for nobody any more.
type Source func(ctx context.Context) ([]Reminder, error)

// stages are the days before a date on which people are reminded, the earliest
// first; a negative one comes after it.
var stages = map[string][]int{
	"task":    {7, 1, -1},
	"agenda":  {14, 3},
	"review":  {30, 7, 0},
	"meeting": {7, 1},
	"mandate": {14},
}

// Kinds are the kinds of notice: each has a message "mail.kind.…".
var Kinds = []string{"task", "task_late", "agenda", "review", "meeting", "round", "suggestion", "answer", "keeper", "named", "unnamed", "mandate"}

// late is for how many days after its date something is still told.
const late = 14

// stage finds what is due today of a reminder: the last of its stages that has
// come. What somebody was too far away to hear in time is told late, but only
// once, and not long after its date.
func stage(r Reminder, today time.Time) (kind string, nth int, due bool) {
	if r.Day == "" {
		return r.Kind, 0, true
	}
	day, err := time.Parse(time.DateOnly, r.Day)
	if err != nil {
		return "", 0, false
	}
	left := int(day.Sub(today).Hours() / 24)
	of := stages[r.Kind]
	for i := len(of) - 1; i >= 0; i-- {
		if left > of[i] || left < -late {
			continue
		}
		switch {
		case of[i] < 0:
			return r.Kind + "_late", i, true
		case left < 0 && r.Kind != "review": // past, and nothing is to be done about it
			return "", 0, false
		}
		return r.Kind, i, true
	}
	return "", 0, false
}

type openRow struct {
	ID     string
	Person string
	Cause  string
}

var (
	insertNotice = db.Exec(`insert into notice (id, person, stream, kind, day, link, cause, made, seen, handed, mail)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '') on conflict (person, cause) do update set seen = 0, made = excluded.made where notice.seen = -1`)
	allOpen = db.Rows[openRow](`select id, person, cause from notice where seen = 0`)
	// What is moot may come back, so it is told apart from what was put away: -1. A
	// mail that still waits, and is held so that nobody hands it over, lets go of it.
	mootNotice   = db.Exec(`update notice set seen = -1 where id = $1 and seen = 0`)
	holdMail     = db.Exec(`update mail set changed = changed where state = 'waiting' and id in (select mail from notice where id = $1)`)
	letGo        = db.Exec(`update notice set mail = '' where id = $1`)
	keepersOf    = db.Rows[string](`select person from belongs where stream = $1 and role = 'keeper' order by person`)
	siteKeepers  = db.Rows[string](`select id from person where site_keeper order by id`)
	membersOf    = db.Rows[string](`select person from belongs where stream = $1 order by person`)
	forgetSeen   = db.Exec(`delete from notice where seen <> 0 and made < $1 and mail not in (select id from mail where state in ('waiting', 'handed'))`)
	forgetMails  = db.Exec(`delete from mail where made < $1 and state not in ('waiting', 'handed')`)
	forgetPeople = db.Exec(`delete from mail_address where person not in (select id from person)`)
)

// told is one notice as a sweep finds that it should be.
type told struct {
	Reminder
	person, cause string
}

// Remind asks every source, tells people what is new, each once, and takes back
// what is moot. It can run at any time, as often as one likes and in several
// processes.
func (n *Notices) Remind(ctx context.Context) error {
	due, err := n.due(ctx)
	if err != nil {
		return err
	}
	now := n.now()
	open, err := allOpen.All(ctx, n.db)
	if err != nil {
		return err
	}
	standing := map[[2]string]bool{}
	var gone []openRow
	for _, o := range open {
		key := [2]string{o.Person, o.Cause}
		if _, ok := due[key]; ok {
			standing[key] = true
		} else {
			gone = append(gone, o)
		}
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		for _, o := range gone {
			if err := moot(ctx, tx, o.ID); err != nil {
				return err
			}
		}
		for key, x := range due {
			if standing[key] {
				continue
			}
			if _, err := insertNotice.Run(ctx, tx, act.NewToken(), x.person, x.Stream, x.Kind, x.Day, x.Link, x.cause, act.Micros(now)); err != nil {
				return err
			}
		}
		return n.forget(ctx, tx, now)
	})
}

// moot takes back a notice that waits for somebody.
func moot(ctx context.Context, tx *db.Tx, id string) error {
	held, err := holdMail.Run(ctx, tx, id)
	if err != nil {
		return err
	}
	if held > 0 {
		if _, err := letGo.Run(ctx, tx, id); err != nil {
			return err
		}
	}
	_, err = mootNotice.Run(ctx, tx, id)
	return err
}

// due gathers what everybody should have been told by now.
func (n *Notices) due(ctx context.Context) (map[[2]string]told, error) {
	today := n.now().UTC().Truncate(24 * time.Hour)
	all := map[[2]string]told{}
	for _, source := range append(n.Sources[:len(n.Sources):len(n.Sources)], n.answered) {
		list, err := source(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			kind, nth, ok := stage(r, today)
			if !ok {
				continue
			}
			people, err := n.audience(ctx, r)
			if err != nil {
				return nil, err
			}
			cause := r.Cause
			if r.Day != "" { // another day, or a later stage, is another reminder
				cause += " " + r.Day + " " + string(rune('a'+nth))
			}
			r.Kind = kind
			for _, p := range people {
				all[[2]string{p, cause}] = told{r, p, cause}
			}
		}
	}
	return all, nil
}

// audience is whom a reminder is for; those named only as long as they belong.
func (n *Notices) audience(ctx context.Context, r Reminder) ([]string, error) {
	keepers := func() ([]string, error) {
		if r.Stream == "" {
			return siteKeepers.All(ctx, n.db)
		}
		return keepersOf.All(ctx, n.db, r.Stream)
	}
	if len(r.People) == 0 && len(r.Also) == 0 {
		return keepers()
	}
	belongs, err := keepers()
	if r.Stream != "" && err == nil {
		belongs, err = membersOf.All(ctx, n.db, r.Stream)
	}
	if err != nil {
		return nil, err
	}
	people := r.People
	if len(people) == 0 {
		if people, err = keepers(); err != nil {
			return nil, err
		}
		people = append(people, r.Also...)
	}
	return slices.DeleteFunc(slices.Clone(people), func(p string) bool { return !slices.Contains(belongs, p) }), nil
}

// keptFor is how long what was told and sent is remembered.
const keptFor = 400 * 24 * time.Hour

// forget drops what is long past, and addresses of accounts that are gone.
func (n *Notices) forget(ctx context.Context, tx *db.Tx, now time.Time) error {
	if _, err := forgetSeen.Run(ctx, tx, act.Micros(now.Add(-keptFor))); err != nil {
		return err
	}
	if _, err := forgetMails.Run(ctx, tx, act.Micros(now.Add(-mailKept))); err != nil {
		return err
	}
	if _, err := forgetAsks.Run(ctx, tx, act.Micros(now.Add(-keptFor))); err != nil {
		return err
	}
	_, err := forgetPeople.Run(ctx, tx)
	return err
}

// may asks the table of permissions.
func (n *Notices) may(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, a place.Action) error {
	return place.May(ctx, on, v, stream, a, place.Any)
}
