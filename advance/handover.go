package advance

import (
	"context"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// HeldTask is a task that is not done, and who looks after it.
type HeldTask struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Bringing string    `json:"bringing"`      // URL
	Day      string    `json:"day,omitempty"` // YYYY-MM-DD, "" while its meeting is not known
	Keepers  [2]string `json:"keepers"`       // persons who belong to the place; "" for none
}

// Other is who looks after a task beside a person, "" for nobody.
func (t HeldTask) Other(person string) string {
	for _, k := range t.Keepers {
		if k != person {
			return k
		}
	}
	return ""
}

// Alone tells whether fewer than two people look after a task.
func (t HeldTask) Alone() bool { return Task{Keepers: t.Keepers}.Alone() }

type heldRow struct {
	ID, Title, Bringing, Day string
	Cutoff, Before           int
	Keeper1, Keeper2         string
}

var (
	// Who left looks after nothing any more, though their name may still stand in a task.
	heldTasks = db.Rows[heldRow](`select t.id, t.title, t.bringing, coalesce(m.day, ''), coalesce(m.cutoff, 0), t.before, coalesce(a.person, ''), coalesce(b.person, '')
		from task t left join meeting m on m.bringing = t.bringing
		left join belongs a on a.stream = t.stream and a.person = t.keeper1 left join belongs b on b.stream = t.stream and b.person = t.keeper2
		where t.stream = $1 and t.done = 0 order by t.bringing, t.before desc, t.created, t.id limit 500`)
	setKeepers = db.Exec(`update task set keeper1 = $2, keeper2 = $3 where id = $1`)
)

// HeldTasks lists the open tasks of a place and who looks after them, for its members.
func (ad *Advances) HeldTasks(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]HeldTask, error) {
	if err := place.May(ctx, ad.db, v, stream, place.PlanTasks, place.Any); err != nil {
		return nil, err
	}
	return held(ctx, ad.db, stream)
}

func held(ctx context.Context, on db.Queryer, stream act.Fingerprint) ([]HeldTask, error) {
	rows, err := heldTasks.All(ctx, on, stream)
	if err != nil {
		return nil, err
	}
	list := make([]HeldTask, len(rows))
	for i, r := range rows {
		list[i] = HeldTask{ID: r.ID, Title: r.Title, Bringing: r.Bringing, Keepers: [2]string{r.Keeper1, r.Keeper2}}
		if day, err := time.Parse(time.DateOnly, r.Day); err == nil {
			list[i].Day = day.AddDate(0, 0, -r.Cutoff-r.Before).Format(time.DateOnly)
		}
	}
	return list, nil
}

// PassOn hands the open tasks of a keeper who steps down, or leaves, to others, in
// the transaction that does it: to has, by the id of a task, a member, place.GoOn or
// place.Nobody. A task that has another keeper may be left out: that one goes on.
// What nobody else looks after must be answered; faults of the fields "task-" and
// its id. Each handing over stands in the keepers' log.
func (ad *Advances) PassOn(ctx context.Context, tx *db.Tx, v place.Viewer, stream act.Fingerprint, leave bool, to map[string]string) error {
	list, err := held(ctx, tx, stream)
	if err != nil {
		return err
	}
	var f fault.Fields
	for _, t := range list {
		if !slices.Contains(t.Keepers[:], v.Person) {
			continue
		}
		who, ok, err := ad.successor(ctx, tx, v, stream, t, leave, to[t.ID])
		if err != nil {
			return err
		}
		if !ok {
			f.Add("task-"+t.ID, "handover.who")
			continue
		}
		if who == v.Person {
			continue
		}
		if _, err := setKeepers.Run(ctx, tx, t.ID, t.Other(v.Person), who); err != nil {
			return err
		}
		if who == "" {
			continue
		}
		if err := place.Note(ctx, tx, v, stream, act.Micros(ad.now()), place.HandTaskDeed, who, "", t.Title); err != nil {
			return err
		}
	}
	return f.Err()
}

// successor reads who is to look after a task in the place of the viewer, "" for
// nobody; not ok where that isn't said, or can't be.
func (ad *Advances) successor(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, t HeldTask, leave bool, to string) (who string, ok bool, err error) {
	switch other := t.Other(v.Person); to {
	case "":
		if leave || other == "" {
			return "", other != "", nil
		}
		return v.Person, true, nil
	case place.Nobody, other:
		return "", true, nil
	case place.GoOn:
		return v.Person, !leave, nil
	case v.Person:
		return "", false, nil
	}
	n, err := isMember.One(ctx, on, stream, to)
	return to, n > 0, err
}

// Promise tells whether an authority has taken a text on, and what follows from
// that is not over; Waits whether it has yet to say what it does.
func (b *Bringing) Promise() bool {
	return taken(b.Legal) && b.Delivery != "done_confirmed" && b.Delivery != "abandoned" && !slices.Contains([]string{"repealed", "expired"}, b.Legal)
}

// Waits tells whether the authority has yet to say what it does with the text.
func (b *Bringing) Waits() bool { return b.Legal == "tabled" || b.Legal == "referred" }
