package act

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"testing"

	"translocal/db"
	"translocal/db/dbtest"
)

func anybody(context.Context, *db.Tx) error { return nil }

// twoLogs are two programs on one database, with one secret between them.
func twoLogs(t *testing.T) (one, two *Log) {
	t.Helper()
	d, secret := dbtest.Open(t), filepath.Join(t.TempDir(), "secret")
	if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := createNote.Run(t.Context(), tx); return err }); err != nil {
		t.Fatal(err)
	}
	open := func() *Log {
		keys, err := OpenKeyring(secret)
		if err != nil {
			t.Fatal(err)
		}
		l := NewLog(d, keys, noteVocabulary)
		t.Cleanup(l.Close)
		return l
	}
	return open(), open()
}

// followed fails unless somebody who follows the stream takes all of it.
func followed(t *testing.T, l *Log, f Fingerprint) {
	t.Helper()
	list, err := l.Entries(t.Context(), f, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	other := openTest(t, noteVocabulary)
	if err := VerifyEntries(t.Context(), other.db, f, 0, list); err != nil {
		t.Fatal("the stream is broken for who follows it:", err)
	}
	if n, err := other.Receive(t.Context(), f, list); err != nil || n != int64(len(list)) {
		t.Fatal(n, err)
	}
}

func TestAKeyChangedByOneReplicaIsTheKeyOfAll(t *testing.T) {
	one, two := twoLogs(t)
	actor, f := found(t, one)
	for _, l := range []*Log{one, two} { // both know the first key
		if _, err := l.Commit(t.Context(), f, sayNote(actor)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := one.Rotate(t.Context(), f, anybody); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Commit(t.Context(), f, sayNote(actor)); err != nil {
		t.Fatal(err)
	}
	fresh, err := one.keys.current(t.Context(), one.db, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*Log{one, two} {
		s, err := l.StreamOf(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		public, err := KeyAt(t.Context(), l.db, f, s.Size)
		if err != nil || public != EncodeKey(fresh.Public().(ed25519.PublicKey)) {
			t.Fatal("not the new key", err)
		}
		note := make([]byte, 100)
		signed, err := l.SignNote(t.Context(), f, public, note)
		if err != nil || !ed25519.Verify(fresh.Public().(ed25519.PublicKey), note, signed) {
			t.Error("a note is not signed by the key that it names", err)
		}
	}
	if key, err := two.keys.current(t.Context(), two.db, f); err != nil || !key.Equal(fresh) {
		t.Error("a submission would be signed by the old key", err)
	}
	followed(t, one, f)
}

// TestACommandAfterAChangeOfKeyInOneGroup has the group be the writer's, so that
// both commands share a transaction for certain.
func TestACommandAfterAChangeOfKeyInOneGroup(t *testing.T) {
	l := openTest(t, noteVocabulary)
	actor, f := found(t, l)
	if _, err := l.Commit(t.Context(), f, sayNote(actor)); err != nil {
		t.Fatal(err)
	}
	asked := func(d Decision) *command {
		return &command{ctx: t.Context(), stream: f, decide: d, done: make(chan struct{})}
	}
	change := asked(func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
		_, err := l.rotate(ctx, tx, f, newKey())
		return nil, err
	})
	after := asked(sayNote(actor))
	l.commit([]*command{change, after})
	if change.err != nil || after.err != nil {
		t.Fatal(change.err, after.err)
	}
	if _, err := l.Commit(t.Context(), f, sayNote(actor)); err != nil {
		t.Fatal(err)
	}
	followed(t, l, f)
	// A change of key that is taken back leaves the key as it was.
	back := asked(func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
		if _, err := l.rotate(ctx, tx, f, newKey()); err != nil {
			return nil, err
		}
		if _, err := l.keys.current(ctx, tx, f); err != nil { // unwraps the new one
			return nil, err
		}
		return nil, context.Canceled
	})
	l.commit([]*command{back, asked(sayNote(actor))})
	if back.err == nil {
		t.Fatal("it was not taken back")
	}
	followed(t, l, f)
}
