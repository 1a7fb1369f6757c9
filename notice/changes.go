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

var openCounts = db.Rows[openCount](`select person, count(*), max(made) from notice where seen = 0 and kind <> 'keeper' group by person`)

// Changes tells by comparison with an earlier answer whose open notices changed: how
// many each person has, and since when the newest. One query for all who look.
func (n *Notices) Changes(ctx context.Context) (map[string]string, error) {
	rows, err := openCounts.All(ctx, n.db)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Person] = fmt.Sprint(r.N, ".", r.Newest)
	}
	return out, err
}
