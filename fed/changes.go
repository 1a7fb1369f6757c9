package fed

import (
	"context"
	"fmt"

	"translocal/db"
)

type noticeCount struct {
	Stream string
	N      int64
}

var (
	noticeCounts = db.Rows[noticeCount](`select stream, count(*) from keeper_notice where not seen group by stream`)
	noticesOf    = db.Rows[noticeCount](`select stream, count(*) from keeper_notice where not seen and stream = $1 group by stream`)
)

// NoticeChange is NoticeChanges of one stream; "" while there are none.
func (n *Node) NoticeChange(ctx context.Context, stream string) (string, error) {
	rows, err := noticesOf.All(ctx, n.db, stream)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return fmt.Sprint(rows[0].N), nil
}

// NoticeChanges tells by comparison with an earlier answer where the notices for
// keepers changed: how many are open for each stream, "" for the site.
func (n *Node) NoticeChanges(ctx context.Context) (map[string]int64, error) {
	rows, err := noticeCounts.All(ctx, n.db)
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Stream] = r.N
	}
	return out, err
}
