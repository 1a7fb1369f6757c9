package moderate

import (
	"context"
	"fmt"

	"translocal/act"
	"translocal/db"
)

type hiddenChange struct {
	Stream act.Fingerprint
	N      int64
	Since  int64
}

var hiddenChanges = db.Rows[hiddenChange](`select stream, count(*), max(since) from hidden group by stream`)

// Changes tells by comparison with an earlier answer in whose place something was
// hidden or shown again.
func Changes(ctx context.Context, on db.Queryer) (map[act.Fingerprint]string, error) {
	rows, err := hiddenChanges.All(ctx, on)
	out := make(map[act.Fingerprint]string, len(rows))
	for _, r := range rows {
		out[r.Stream] = fmt.Sprintf("%d-%d", r.N, r.Since)
	}
	return out, err
}
