package blueprint

import (
	"path/filepath"
	"testing"

	"translocal/act"
	"translocal/db"
	"translocal/db/dbtest"
)

// TestChangesOfSuggestionsAreSeenInAnyOrder: the time of a change is the other
// node's where that made it, and may lie before the newest.
func TestChangesOfSuggestionsAreSeenInAnyOrder(t *testing.T) {
	keys, err := act.OpenKeyring(filepath.Join(t.TempDir(), "secret"))
	if err != nil {
		t.Fatal(err)
	}
	l := act.NewLog(dbtest.Open(t), keys, Vocabulary())
	t.Cleanup(func() { l.Close() })
	b, ctx := New(l), t.Context()
	put := db.Exec(`insert into blueprint_suggestion (id, stream, sent, other, in_stream, blueprint, version, state, created, changed, body, answer)
		values ($1, 's', false, '', '', '', '', 'acknowledged', 1, $2, '', '')`)
	change := db.Exec(`update blueprint_suggestion set changed = $2 where id = $1`)
	run := func(s db.Statement, args ...any) string {
		t.Helper()
		if err := l.DB().Write(ctx, func(tx *db.Tx) error { _, err := s.Run(ctx, tx, args...); return err }); err != nil {
			t.Fatal(err)
		}
		now, err := b.SuggestionChanges(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if one, err := b.SuggestionChange(ctx, "s"); err != nil || one != now["s"] {
			t.Errorf("%q alone, %q among all: %v", one, now["s"], err)
		}
		return now["s"]
	}
	const day = 24 * 3600 * 1_000_000
	seen := map[string]bool{run(put, "a", 20_000*day): true, run(put, "b", 20_009*day): true, run(change, "a", 20_005*day): true}
	if len(seen) != 3 {
		t.Errorf("three changes show as %d", len(seen))
	}
}
