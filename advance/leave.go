package advance

import (
	"context"

	"translocal/db"
	"translocal/place"
)

// OwnTask is a task that a person took.
type OwnTask struct {
	Place string `json:"place"`
	Title string `json:"title"`
	Done  int64  `json:"done"` // microseconds, 0 while it is open
}

var (
	ownTasks    = db.Rows[OwnTask](`select p.name, t.title, t.done from task t join place p on p.stream = t.stream where t.keeper1 = $1 or t.keeper2 = $1 order by t.created, t.id`)
	forgetFirst = db.Exec(`update task set keeper1 = '' where keeper1 = $1`)
	forgetOther = db.Exec(`update task set keeper2 = '' where keeper2 = $1`)
	// The sweep takes them, with their bytes.
	forgetDrafts = db.Exec(`update document_draft set person = '', created = 0 where person = $1`)
	forgetLinks  = db.Exec(`delete from calendar_link where person = $1`)
)

// OwnData is the tasks that the viewer took.
func (a *Advances) OwnData(ctx context.Context, v place.Viewer) ([]OwnTask, error) {
	return ownTasks.All(ctx, a.db, v.Person)
}

// Forget takes a person out of the tasks, which stay and need somebody else.
func (a *Advances) Forget(ctx context.Context, tx *db.Tx, person string, _ bool) error {
	for _, forget := range []db.Statement{forgetFirst, forgetOther, forgetLinks, forgetDrafts} {
		if _, err := forget.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	return nil
}
