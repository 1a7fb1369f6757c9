package advance

import (
	"context"
	"fmt"
	"time"

	"translocal/act"
	"translocal/calendar"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Plan is how a place gets a text onto an authority's table: the meeting, when
// its agenda closes, and tasks counted back from that, each with two keepers.
type Plan struct {
	Bringing *Bringing `json:"bringing,omitempty"`
	Meeting  string    `json:"meeting,omitempty"` // YYYY-MM-DD, "" while not known
	Cutoff   int       `json:"cutoff"`            // days before the meeting
	Closes   string    `json:"closes,omitempty"`  // YYYY-MM-DD: when the agenda closes
	Tasks    []Task    `json:"tasks,omitempty"`   // the earliest first
}

// Task is something to be done before, or after, the agenda closes.
type Task struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Before  int       `json:"before"` // days before the agenda closes; negative: after
	Day     string    `json:"day"`    // YYYY-MM-DD, "" while the meeting is not known
	Keepers [2]string `json:"keepers"`
	Names   [2]string `json:"names"`
	NoName  [2]bool   `json:"names_hidden"` // the pseudonym is hidden
	Done    bool      `json:"done"`
}

// Alone tells whether fewer than two people look after a task.
func (t Task) Alone() bool {
	return t.Keepers[0] == "" || t.Keepers[1] == "" || t.Keepers[0] == t.Keepers[1]
}

// maxDays bounds offsets: two years.
const maxDays = 730

// SetMeeting says when the authority meets and how many days before its agenda
// closes. Tasks move along.
func (ad *Advances) SetMeeting(ctx context.Context, v place.Viewer, bringing, day string, cutoff int) error {
	var f fault.Fields
	f.Merge(checkDay("meeting", day))
	if cutoff < 0 || cutoff > maxDays {
		f.Add("cutoff", "fault.number")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return ad.private(ctx, v, bringing, place.PlanTasks, func(tx *db.Tx, stream act.Fingerprint) error {
		_, err := putMeeting.Run(ctx, tx, bringing, stream, day, cutoff)
		return err
	})
}

// private runs fn on the plan of one of our own bringings.
func (ad *Advances) private(ctx context.Context, v place.Viewer, bringing string, action place.Action, fn func(*db.Tx, act.Fingerprint) error) error {
	return ad.db.Write(ctx, func(tx *db.Tx) error {
		stream, err := ad.owner(ctx, tx, v, bringing, action)
		if err != nil {
			return err
		}
		return fn(tx, stream)
	})
}

// owner finds the stream of a bringing on which the viewer may act: an id that
// somebody else's stream claims as well gives nobody a right.
func (ad *Advances) owner(ctx context.Context, on db.Queryer, v place.Viewer, bringing string, action place.Action) (act.Fingerprint, error) {
	streams, err := streamOf.All(ctx, on, bringing)
	if err != nil {
		return "", err
	}
	err = db.ErrNoRow
	for _, s := range streams {
		if err = place.May(ctx, on, v, s, action, place.Any); err == nil {
			return s, nil
		}
	}
	return "", err
}

func (t *Task) clean() error {
	var f fault.Fields
	var err error
	t.Title, err = fault.RequiredLine("title", t.Title, MaxTask)
	f.Merge(err)
	if t.Before < -maxDays || t.Before > maxDays {
		f.Add("before", "fault.number")
	}
	if t.Keepers[0] != "" && t.Keepers[0] == t.Keepers[1] {
		f.Add("keeper2", "advance.two_keepers")
	}
	return f.Err()
}

// PutTask adds a task, or changes it when it has an id.
func (ad *Advances) PutTask(ctx context.Context, v place.Viewer, bringing string, t Task) error {
	return ad.PutTasks(ctx, v, bringing, []Task{t})
}

// PutTasks does the same with several, all or none.
func (ad *Advances) PutTasks(ctx context.Context, v place.Viewer, bringing string, tasks []Task) error {
	for i := range tasks {
		if err := tasks[i].clean(); err != nil {
			return err
		}
	}
	return ad.private(ctx, v, bringing, place.PlanTasks, func(tx *db.Tx, stream act.Fingerprint) error {
		for i, t := range tasks {
			if err := ad.putTask(ctx, tx, bringing, stream, t, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// putTask writes one task; nth keeps those written together in their order.
func (ad *Advances) putTask(ctx context.Context, tx *db.Tx, bringing string, stream act.Fingerprint, t Task, nth int) error {
	for i, person := range t.Keepers {
		if person == "" {
			continue
		}
		n, err := isMember.One(ctx, tx, stream, person)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.At(fmt.Sprintf("keeper%d", i+1), "fault.choice")
		}
	}
	if t.ID == "" {
		_, err := insertTask.Run(ctx, tx, act.NewToken(), bringing, stream, t.Title, t.Before, t.Keepers[0], t.Keepers[1], act.Micros(ad.now())+int64(nth))
		return err
	}
	if err := ad.belongs(ctx, tx, t.ID, bringing); err != nil {
		return err
	}
	_, err := setTask.Run(ctx, tx, t.ID, t.Title, t.Before, t.Keepers[0], t.Keepers[1])
	return err
}

func (ad *Advances) belongs(ctx context.Context, on db.Queryer, task, bringing string) error {
	row, err := taskByID.One(ctx, on, task)
	if err == nil && row.Bringing != bringing {
		err = db.ErrNoRow
	}
	return err
}

// Done marks a task as done, or as open again.
func (ad *Advances) Done(ctx context.Context, v place.Viewer, bringing, task string, done bool) error {
	when := int64(0)
	if done {
		when = act.Micros(ad.now())
	}
	return ad.private(ctx, v, bringing, place.PlanTasks, func(tx *db.Tx, _ act.Fingerprint) error {
		if err := ad.belongs(ctx, tx, task, bringing); err != nil {
			return err
		}
		_, err := doneTask.Run(ctx, tx, task, when)
		return err
	})
}

// DropTask removes a task.
func (ad *Advances) DropTask(ctx context.Context, v place.Viewer, bringing, task string) error {
	return ad.private(ctx, v, bringing, place.PlanTasks, func(tx *db.Tx, _ act.Fingerprint) error {
		if err := ad.belongs(ctx, tx, task, bringing); err != nil {
			return err
		}
		_, err := deleteTask.Run(ctx, tx, task)
		return err
	})
}

// Plan reads the plan of a bringing, for members.
func (ad *Advances) Plan(ctx context.Context, v place.Viewer, bringing string) (*Plan, error) {
	stream, err := ad.owner(ctx, ad.db, v, bringing, place.PlanTasks)
	if err != nil {
		return nil, err
	}
	names, err := place.NamesIn(ctx, ad.db, v, stream)
	if err != nil {
		return nil, err
	}
	p, err := ad.plan(ctx, bringing)
	if err != nil {
		return nil, err
	}
	for i := range p.Tasks {
		t := &p.Tasks[i]
		for k := range t.Names {
			t.NoName[k] = names.Hide(t.Keepers[k], &t.Names[k])
		}
	}
	return p, nil
}

func (ad *Advances) plan(ctx context.Context, bringing string) (*Plan, error) {
	b, err := ad.ByID(ctx, bringing)
	if err != nil {
		return nil, err
	}
	p := &Plan{Bringing: b}
	meetings, err := meetingOf.All(ctx, ad.db, bringing)
	if err != nil {
		return nil, err
	}
	var closes time.Time
	for _, m := range meetings {
		day, err := time.Parse(time.DateOnly, m.Day)
		if err != nil {
			return nil, err
		}
		closes = day.AddDate(0, 0, -m.Cutoff)
		p.Meeting, p.Cutoff, p.Closes = m.Day, m.Cutoff, closes.Format(time.DateOnly)
	}
	rows, err := tasksOf.All(ctx, ad.db, bringing)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		t := Task{ID: r.ID, Title: r.Title, Before: r.Before, Keepers: [2]string{r.Keeper1, r.Keeper2}, Names: [2]string{r.Name1, r.Name2}, Done: r.Done > 0}
		if p.Meeting != "" {
			t.Day = closes.AddDate(0, 0, -r.Before).Format(time.DateOnly)
		}
		p.Tasks = append(p.Tasks, t)
	}
	return p, nil
}

// CalendarLink makes a secret by which a calendar program reads the viewer's
// view of a place's meetings and tasks; an earlier one ends. It lasts until
// expires, and no longer than the membership. Programs can't make one: it would
// outlive their token.
func (ad *Advances) CalendarLink(ctx context.Context, v place.Viewer, stream act.Fingerprint) (secret string, expires time.Time, err error) {
	if err := place.InPerson(v); err != nil {
		return "", time.Time{}, err
	}
	secret, hash := place.NewSecret()
	expires = ad.now().Add(place.CalendarLasts)
	return secret, expires, ad.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.PlanTasks, place.Any); err != nil {
			return err
		}
		if _, err := dropCalendars.Run(ctx, tx, stream, v.Person); err != nil {
			return err
		}
		_, err := putCalendar.Run(ctx, tx, hash, stream, v.Person, act.Micros(expires))
		return err
	})
}

// Words are what a calendar needs in the reader's language.
type Words struct {
	Meeting string // "{authority} meets"
	Closes  string // "Agenda of {authority} closes"
}

// Calendar writes a place's meetings and tasks as iCalendar (RFC 5545) for who
// holds a secret. One that is too late, or whose holder left, is as if it had
// never been. words gives the titles of an entry about an authority.
func (ad *Advances) Calendar(ctx context.Context, secret string, words func(authority string) Words) (string, error) {
	row, err := calendarByToken.One(ctx, ad.db, place.HashSecret(secret), act.Micros(ad.now()))
	if err != nil {
		return "", err
	}
	v := place.Viewer{Person: row.Person, Name: row.Name, Site: row.Site}
	if err := place.May(ctx, ad.db, v, row.Stream, place.PlanTasks, place.Any); err != nil {
		return "", err
	}
	ids, err := bringingsMeeting.All(ctx, ad.db, row.Stream)
	if err != nil {
		return "", err
	}
	c := calendar.New(ad.now(), "")
	for _, id := range ids {
		p, err := ad.plan(ctx, id)
		if err != nil {
			return "", err
		}
		w := words(p.Bringing.Authority.Name)
		c.Day(p.Bringing.ID+"#meeting", p.Meeting, w.Meeting)
		c.Day(p.Bringing.ID+"#closes", p.Closes, w.Closes)
		for _, t := range p.Tasks {
			if !t.Done {
				c.Day(p.Bringing.ID+"#"+t.ID, t.Day, t.Title)
			}
		}
	}
	return c.String(), nil
}
