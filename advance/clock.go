package advance

import (
	"context"
	"time"

	"translocal/act"
	"translocal/db"
)

// A Clock is a date in the plans of this node's places that people are to be
// reminded of: the day on which an agenda closes, or that of a task not done.
type Clock struct {
	Bringing string // URL
	Stream   act.Fingerprint
	Task     string   // "" for the agenda
	Day      string   // YYYY-MM-DD
	Keepers  []string // persons who look after the task; none for the agenda
}

type clockRow struct {
	Bringing string
	Stream   act.Fingerprint
	Day      string
	Cutoff   int
	Task     string
	Before   int
	Keeper1  string
	Keeper2  string
}

var clockRows = db.Rows[clockRow](`select m.bringing, m.stream, m.day, m.cutoff, coalesce(t.id, ''), coalesce(t.before, 0), coalesce(t.keeper1, ''), coalesce(t.keeper2, '')
	from meeting m left join task t on t.bringing = m.bringing and t.done = 0 where m.day >= $1 order by m.day, m.bringing, t.id`)

// Clocks lists them, for the node itself: nobody is asked who may.
func (ad *Advances) Clocks(ctx context.Context) (list []Clock, err error) {
	since := ad.now().AddDate(0, 0, -2*maxDays).Format(time.DateOnly) // a task may come two years after its meeting
	last := ""
	for r, err := range clockRows.Each(ctx, ad.db, since) {
		if err != nil {
			return nil, err
		}
		day, err := time.Parse(time.DateOnly, r.Day)
		if err != nil {
			return nil, err
		}
		closes := day.AddDate(0, 0, -r.Cutoff)
		if r.Bringing != last {
			last = r.Bringing
			list = append(list, Clock{Bringing: r.Bringing, Stream: r.Stream, Day: closes.Format(time.DateOnly)})
		}
		if r.Task == "" {
			continue
		}
		c := Clock{Bringing: r.Bringing, Stream: r.Stream, Task: r.Task, Day: closes.AddDate(0, 0, -r.Before).Format(time.DateOnly)}
		for _, k := range []string{r.Keeper1, r.Keeper2} {
			if k != "" {
				c.Keepers = append(c.Keepers, k)
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// OpenTask is a task of a place that is not done.
type OpenTask struct {
	ID       string
	Title    string
	Bringing string // URL
}

var openTasks = db.Rows[OpenTask](`select id, title, bringing from task where stream = $1 and done = 0 order by created, id limit 500`)

// OpenTasks lists them; the caller has asked who may.
func (ad *Advances) OpenTasks(ctx context.Context, stream act.Fingerprint) ([]OpenTask, error) {
	return openTasks.All(ctx, ad.db, stream)
}
