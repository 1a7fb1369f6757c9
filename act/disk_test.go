package act

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"translocal/db"
	"translocal/fault"
)

// room sets how many pages an SQLite file may have: at its present size the
// disk is full, as far as SQLite can tell.
func room(t testing.TB, d *db.DB, pages int) {
	t.Helper()
	set := db.Rows[int64](fmt.Sprintf("pragma max_page_count = %d", pages))
	if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := set.One(t.Context(), tx); return err }); err != nil {
		t.Fatal(err)
	}
}

// everything is every row of every table, to see that nothing was written.
func everything(t testing.TB, d *db.DB) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for table, key := range map[string][]string{"stream": {"fp"}, "act": {"stream", "idx"}, "part": {"stream", "idx", "name"}, "note": {"stream", "id"},
		"stream_key": {"stream", "idx"}, "actor_key": {"stream", "public"}, "follower_cursor": {"follower", "stream"}} {
		rows, err := d.Dump(t.Context(), table, key)
		if err != nil {
			t.Fatal(err)
		}
		all[table] = rows
	}
	return all
}

// TestFullDisk fills the disk under writers: each is refused as Unavailable,
// nothing of a refused command stays, what was acknowledged is there, reading
// goes on; when there is room, so does writing.
func TestFullDisk(t *testing.T) {
	l := openTest(t, noteVocabulary)
	if l.db.Engine() != db.SQLite {
		t.Skip("a full disk of the server can't be made from here")
	}
	actor, f := found(t, l)
	room(t, l.db, 1) // never below what is used already
	var mu sync.Mutex
	said := map[int64]bool{}
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for range 200 {
				acts, err := l.Commit(t.Context(), f, sayNote(actor, Text("text", fmt.Sprintf("%2000d", 1))))
				if err != nil {
					if !fault.Is(err, fault.Unavailable) {
						t.Errorf("a full disk is told as %v", err)
					}
					return
				}
				mu.Lock()
				said[acts[0].Index] = true
				mu.Unlock()
			}
			t.Error("the disk never filled")
		})
	}
	writers.Wait()
	before := everything(t, l.db)
	if n := len(before["note"]); n != len(said) || len(before["act"]) != n+1 || len(before["part"]) != n {
		t.Fatalf("%d acknowledged; %d notes, %d acts, %d parts", len(said), n, len(before["act"]), len(before["part"]))
	}

	large := Text("text", fmt.Sprintf("%900000d", 1))
	refused := map[string]func() error{
		"commit": func() error { _, err := l.Commit(t.Context(), f, sayNote(actor, large)); return err },
		"found": func() error {
			_, err := l.Found(t.Context(), Founding{Base: "http://a.test", Kind: "place"}, func(_ context.Context, _ *db.Tx, a string, _ Fingerprint) ([]Draft, error) {
				return sayNote(a, large)(t.Context(), nil)
			})
			return err
		},
		"several acts, the last too much": func() error {
			_, err := l.Commit(t.Context(), f, func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
				small, err := sayNote(actor)(ctx, tx)
				last, _ := sayNote(actor, large)(ctx, tx)
				return append(small, last...), err
			})
			return err
		},
		"private": func() error {
			return l.db.Write(t.Context(), func(tx *db.Tx) error {
				for i := range 10_000 {
					if _, err := insertNote.Run(t.Context(), tx, f, fmt.Sprintf("private %200d", i), i); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	for name, try := range refused {
		if err := try(); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		same(t, name, before, everything(t, l.db))
	}

	// A stream that is pulled meets the same.
	other := openTest(t, noteVocabulary)
	speaker, g := found(t, other)
	if _, err := other.Commit(t.Context(), g, sayNote(speaker, large)); err != nil {
		t.Fatal(err)
	}
	list, err := other.Entries(t.Context(), g, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Receive(t.Context(), g, list); !fault.Is(err, fault.Unavailable) {
		t.Errorf("receive: %v", err)
	}
	same(t, "receive", before, everything(t, l.db))

	room(t, l.db, 1<<30)
	if acts, err := l.Commit(t.Context(), f, sayNote(actor, large)); err != nil || acts[0].Index != int64(len(said))+1 {
		t.Fatalf("with room again: %v", err)
	}
	if size, err := l.Receive(t.Context(), g, list); err != nil || size != 2 {
		t.Fatalf("with room again: %d, %v", size, err)
	}
	rebuiltAlike(t, l)
}

func same(t *testing.T, what string, before, after map[string]map[string]string) {
	t.Helper()
	for table, rows := range before {
		for k, row := range rows {
			if after[table][k] != row {
				t.Errorf("%s: %s %s changed", what, table, k)
			}
		}
		if len(after[table]) != len(rows) {
			t.Errorf("%s: %d rows more in %s", what, len(after[table])-len(rows), table)
		}
	}
}

// rebuiltAlike replays every stream elsewhere and compares the public tables.
func rebuiltAlike(t testing.TB, l *Log) {
	t.Helper()
	into := openTest(t, noteVocabulary)
	if err := l.Rebuild(t.Context(), into, 1, nil); err != nil {
		t.Fatal(err)
	}
	if diff, err := Compare(t.Context(), l.db, into.db, l.Tables()); err != nil || len(diff) > 0 {
		t.Fatal(diff, err)
	}
}

// TestSecretIsMadeWhole wants one secret for good, and an error where it can't be kept.
func TestSecretIsMadeWhole(t *testing.T) {
	dir := t.TempDir()
	first, err := OpenKeyring(dir + "/secret")
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenKeyring(dir + "/secret")
	if err != nil || string(again.Derive("x")) != string(first.Derive("x")) {
		t.Fatal("the secret changed", err)
	}
	if _, err := OpenKeyring(dir + "/no such folder/secret"); err == nil {
		t.Error("a secret that can't be kept was taken")
	}
}
