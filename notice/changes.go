package notice

import (
	"context"
	"fmt"

	"translocal/db"
)

type openCount struct {
	Person    string
	N, Newest int64
}

const openColumns = `select person, count(*), max(made) from notice where seen = 0 and kind <> 'keeper' `

var (
	openCounts = db.Rows[openCount](openColumns + `group by person`)
	openOf     = db.Rows[openCount](openColumns + `and person = $1 group by person`)
)

func (c openCount) word() string { return fmt.Sprint(c.N, ".", c.Newest) }

// Change tells by comparison with an earlier answer whether a person's open notices
// changed; "" while there are none.
func (n *Notices) Change(ctx context.Context, person string) (string, error) {
	rows, err := openOf.All(ctx, n.db, person)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].word(), nil
}

// Changes tells by comparison with an earlier answer whose open notices changed: how
// many each person has, and since when the newest. One query for all who look.
func (n *Notices) Changes(ctx context.Context) (map[string]string, error) {
	rows, err := openCounts.All(ctx, n.db)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Person] = r.word()
	}
	return out, err
}
