package blueprint

import (
	"context"
	"fmt"

	"translocal/act"
	"translocal/db"
)

type suggestionChange struct {
	Stream act.Fingerprint
	N      int64
	Sum    int64 // of when each changed, wrapped: times of other nodes come in no order
}

var (
	suggestionChanges = db.Rows[suggestionChange](`select stream, count(*), cast(sum(changed % 1000000007) as bigint) from blueprint_suggestion group by stream`)
	talkChanges       = db.Rows[suggestionChange](`select stream, count(*), cast(sum(at % 1000000007) as bigint) from blueprint_talk group by stream`)
)

// SuggestionChanges tells by comparison with an earlier answer in which place of
// ours something about suggestions changed: one came, was answered or spoken of.
func (b *Blueprints) SuggestionChanges(ctx context.Context) (map[act.Fingerprint]string, error) {
	out := map[act.Fingerprint]string{}
	for _, q := range []db.Query[suggestionChange]{suggestionChanges, talkChanges} {
		rows, err := q.All(ctx, b.log.DB())
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.Stream] += fmt.Sprintf("%d-%d.", r.N, r.Sum)
		}
	}
	return out, nil
}
