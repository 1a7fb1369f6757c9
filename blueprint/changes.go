package blueprint

import (
	"context"
	"fmt"
	"strings"

	"translocal/act"
	"translocal/db"
)

type suggestionChange struct {
	Stream act.Fingerprint
	N      int64
	Sum    int64 // of when each changed, wrapped: times of other nodes come in no order
}

const (
	suggestionCounts = `select stream, count(*), cast(sum(changed % 1000000007) as bigint) from blueprint_suggestion `
	talkCounts       = `select stream, count(*), cast(sum(at % 1000000007) as bigint) from blueprint_talk `
)

var (
	suggestionChanges = db.Rows[suggestionChange](suggestionCounts + `group by stream`)
	talkChanges       = db.Rows[suggestionChange](talkCounts + `group by stream`)
	suggestionsIn     = db.Rows[suggestionChange](suggestionCounts + `where stream = $1 group by stream`)
	talkIn            = db.Rows[suggestionChange](talkCounts + `where stream = $1 group by stream`)
)

// SuggestionChanges tells by comparison with an earlier answer in which place of
// ours something about suggestions changed: one came, was answered or spoken of.
func (b *Blueprints) SuggestionChanges(ctx context.Context) (map[act.Fingerprint]string, error) {
	suggestions, err := suggestionChanges.All(ctx, b.log.DB())
	if err != nil {
		return nil, err
	}
	talk, err := talkChanges.All(ctx, b.log.DB())
	return inPlaces(suggestions, talk), err
}

// SuggestionChange is SuggestionChanges of one place.
func (b *Blueprints) SuggestionChange(ctx context.Context, stream act.Fingerprint) (string, error) {
	suggestions, err := suggestionsIn.All(ctx, b.log.DB(), stream)
	if err != nil {
		return "", err
	}
	talk, err := talkIn.All(ctx, b.log.DB(), stream)
	return inPlaces(suggestions, talk)[stream], err
}

func inPlaces(suggestions, talk []suggestionChange) map[act.Fingerprint]string {
	out := map[act.Fingerprint]string{}
	for _, r := range append(suggestions, talk...) {
		out[r.Stream] += fmt.Sprintf("%d-%d.", r.N, r.Sum)
	}
	return out
}

// suggestionMoved is where one suggestion stands: how far it got, what was said about
// it, what of that a keeper hides, and what of ours has arrived.
type suggestionMoved struct {
	Stream         act.Fingerprint
	ID             string
	State          State
	Changed        int64
	Way            string
	Talk           int64
	Hidden, Hiding int64
	Ways           int64
}

func (m suggestionMoved) word() string {
	return fmt.Sprintf("%s-%d-%s.%d.%d-%d.%d", m.State, m.Changed, m.Way, m.Talk, m.Hidden, m.Hiding, m.Ways)
}

// A message is way 0 while it is on its way; only the difference counts.
const movedSuggestion = `select x.stream, x.id, x.state, x.changed, coalesce(o.state, ''), count(t.id), count(h.thing), coalesce(max(h.since), 0),
	cast(coalesce(sum(case when w.id is null then 0 when w.state in ('refused', 'given-up') then 2 when w.receipt is null then 0 else 1 end), 0) as bigint)
	from blueprint_suggestion x
	left join submission_out o on o.id = x.id
	left join blueprint_talk t on t.stream = x.stream and t.suggestion = x.id
	left join submission_out w on w.id = t.id and t.ours
	left join hidden h on h.stream = t.stream and h.kind = 'talk' and h.thing = t.id `

var (
	suggestionMovedOne = db.Rows[suggestionMoved](movedSuggestion + `where x.stream = $1 and x.id = $2 group by x.stream, x.id, x.state, x.changed, o.state`)
	suggestionMovedAll = db.Rows[suggestionMoved](movedSuggestion + `group by x.stream, x.id, x.state, x.changed, o.state`)
)

// A SuggestionKey names a suggestion as one of the two places has it: a fingerprint, a
// space and its URL.
func SuggestionKey(stream act.Fingerprint, id string) string { return string(stream) + " " + id }

// OneChange tells by comparison with an earlier answer whether anything about one
// suggestion changed that its page shows; "" of one that is not there.
func (b *Blueprints) OneChange(ctx context.Context, key string) (string, error) {
	stream, id, _ := strings.Cut(key, " ")
	rows, err := suggestionMovedOne.All(ctx, b.log.DB(), stream, id)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].word(), nil
}

// OneChanges is OneChange of all suggestions.
func (b *Blueprints) OneChanges(ctx context.Context) (map[string]string, error) {
	rows, err := suggestionMovedAll.All(ctx, b.log.DB())
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[SuggestionKey(r.Stream, r.ID)] = r.word()
	}
	return out, err
}
