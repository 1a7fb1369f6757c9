package notice

import (
	"context"

	"translocal/db"
)

type openCount struct {
	Person string
	N      int64
}

var openCounts = db.Rows[openCount](`select person, count(*) from notice where seen = 0 and kind <> 'keeper' group by person`)

// Changes tells by comparison with an earlier answer whose open notices changed: how
// many each person has. One query for all who look.
func (n *Notices) Changes(ctx context.Context) (map[string]int64, error) {
	rows, err := openCounts.All(ctx, n.db)
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Person] = r.N
	}
	return out, err
}
