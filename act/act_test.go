package act

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
)

// The tests speak a tiny vocabulary of notes: say one, and count them.
type say struct {
	ID   string `json:"id"`
	Void bool   `json:"void"`
}

var (
	insertNote = db.Exec(`insert into note (stream, id, idx) values ($1, $2, $3)`)
	notes      = db.Rows[string](`select id from note where stream = $1 order by idx`)
)

var noteVocabulary = Vocabulary{
	Types: []Type{Define("test.Say.v1", func(a *Act, s *say) error {
		if !a.Owns(s.ID, "note") {
			return fault.At("object.id", "fault.id")
		}
		return nil
	}, func(ctx context.Context, tx *db.Tx, a *Act, s *say) error {
		if _, err := insertNote.Run(ctx, tx, a.Stream, s.ID, a.Index); err != nil {
			return err
		}
		if s.Void {
			return fault.At("object.void", "fault.number")
		}
		return nil
	})},
	Tables: []Table{{"note", []string{"stream", "id"}}},
}

var createNote = db.Exec(`create table if not exists note (stream text not null, id text not null, idx bigint not null, primary key (stream, id))`)

func openTest(t testing.TB, vocabularies ...Vocabulary) *Log {
	t.Helper()
	dir := t.TempDir()
	d := dbtest.Open(t)
	if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := createNote.Run(t.Context(), tx); return err }); err != nil {
		t.Fatal(err)
	}
	keys, err := OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	l := NewLog(d, keys, vocabularies...)
	t.Cleanup(func() { l.Close() })
	return l
}

func found(t testing.TB, l *Log) (actor string, f Fingerprint) {
	t.Helper()
	_, err := l.Found(t.Context(), Founding{Base: "http://a.test", Kind: "place"}, func(_ context.Context, _ *db.Tx, a string, s Fingerprint) ([]Draft, error) {
		actor, f = a, s
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return actor, f
}

func sayNote(actor string, parts ...Part) Decision {
	return func(context.Context, *db.Tx) ([]Draft, error) {
		return []Draft{{Type: "test.Say.v1", Object: say{ID: NewID(actor, "note")}, Parts: parts}}, nil
	}
}

func TestCommitIsDenseAndAppliedInOrder(t *testing.T) {
	l := openTest(t, noteVocabulary)
	actor, f := found(t, l)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if i%4 == 3 {
				_, err := l.Commit(t.Context(), f, func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
					if _, err := insertNote.Run(ctx, tx, f, fmt.Sprint("lost", i), -1); err != nil {
						return nil, err
					}
					return nil, fault.New(fault.Forbidden, "test.no")
				})
				if !fault.Is(err, fault.Forbidden) {
					t.Error(err)
				}
				return
			}
			if _, err := l.Commit(t.Context(), f, sayNote(actor, Text("text", "hello"))); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	list, err := l.Entries(t.Context(), f, 0, 100)
	if err != nil || len(list) != 31 {
		t.Fatal(len(list), err)
	}
	for i, e := range list {
		if e.Act.Index != int64(i) {
			t.Fatalf("index %d at %d", e.Act.Index, i)
		}
	}
	ids, err := notes.All(t.Context(), l.db, f)
	if err != nil || len(ids) != 30 {
		t.Fatalf("%d notes, %v: a refused command left something behind", len(ids), err)
	}
	if err := VerifyEntries(t.Context(), l.db, f, 0, list); err != nil {
		t.Fatal(err)
	}
}

func TestReceiveRefusesWhatDoesNotFit(t *testing.T) {
	a, b := openTest(t, noteVocabulary), openTest(t, noteVocabulary)
	actor, f := found(t, a)
	for range 3 {
		if _, err := a.Commit(t.Context(), f, sayNote(actor, Text("text", "hello"))); err != nil {
			t.Fatal(err)
		}
	}
	list, err := a.Entries(t.Context(), f, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := append([]Entry{}, list...)
	spoilt[2].Parts = []Part{{Name: "text", Media: "text/plain", Salt: list[2].Parts[0].Salt, Body: []byte("other")}}
	if err := VerifyEntries(t.Context(), b.db, f, 0, spoilt); err == nil {
		t.Error("a changed part was taken")
	}
	if _, err := b.Receive(t.Context(), f, append(list[:1:1], list[2])); !fault.Is(err, fault.Conflict) {
		t.Errorf("gap: %v", err)
	}
	for range 2 { // the second time all is known already
		if n, err := b.Receive(t.Context(), f, list); err != nil || n != 4 {
			t.Fatal(n, err)
		}
	}
	ids, _ := notes.All(t.Context(), b.db, f)
	if len(ids) != 3 {
		t.Fatalf("%d notes", len(ids))
	}
	// Another history by the same key is a fork.
	key, _ := a.keys.current(t.Context(), a.db, f)
	forged, _, err := seal(Draft{Type: "test.Say.v1", Object: say{ID: NewID(actor, "note")}}, actor, f, 2, time.Now(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Receive(t.Context(), f, []Entry{{Act: forged}}); !errors.Is(err, ErrFork) {
		t.Errorf("fork: %v", err)
	}
}

func TestVoidUnknownEraseRotateRebuild(t *testing.T) {
	a, b := openTest(t, noteVocabulary), openTest(t) // b doesn't know notes yet
	actor, f := found(t, a)
	key, _ := a.keys.current(t.Context(), a.db, f)
	if _, err := a.Commit(t.Context(), f, sayNote(actor, Text("text", "one"), Text("name", "Rosa"))); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Rotate(t.Context(), f, func(context.Context, *db.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if k, _ := a.keys.current(t.Context(), a.db, f); k.Equal(key) {
		t.Error("the key did not change")
	}
	if _, err := a.Commit(t.Context(), f, sayNote(actor)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Commit(t.Context(), f, func(context.Context, *db.Tx) ([]Draft, error) {
		return []Draft{{Type: EraseType, Object: Erase{Parts: []ErasedPart{{1, "name"}}}}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := PartOf(t.Context(), a.db, f, 1, "name"); !fault.Is(err, fault.NotFound) {
		t.Error("erased part is still there", err)
	}
	list, err := a.Entries(t.Context(), f, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	// A void act: rightly signed, but its Apply refuses it after writing.
	fresh, _ := a.keys.current(t.Context(), a.db, f)
	bad, _, err := seal(Draft{Type: "test.Say.v1", Object: say{ID: NewID(actor, "note"), Void: true}}, actor, f, 5, time.Now(), fresh)
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, Entry{Act: bad})
	if err := VerifyEntries(t.Context(), b.db, f, 0, list); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Receive(t.Context(), f, list); err != nil || n != 6 {
		t.Fatal(n, err)
	}
	upgraded := NewLog(b.db, b.keys, noteVocabulary)
	defer upgraded.Close()
	if err := upgraded.Upgrade(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids, _ := notes.All(t.Context(), b.db, f); len(ids) != 2 {
		t.Fatalf("%d notes after the upgrade, want 2 (the void one passed over)", len(ids))
	}
	c := openTest(t, noteVocabulary)
	if err := upgraded.Rebuild(t.Context(), c, 1, nil); err != nil {
		t.Fatal(err)
	}
	if d, err := Compare(t.Context(), b.db, c.db, upgraded.Tables()); err != nil || len(d) > 0 {
		t.Fatal(d, err)
	}
	if err := b.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := insertNote.Run(t.Context(), tx, f, "stray", 9)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if d, _ := Compare(t.Context(), b.db, c.db, upgraded.Tables()); len(d) != 1 {
		t.Fatalf("a stray row gives %d differences", len(d))
	}
}

func TestFollowerSeesEachActOnce(t *testing.T) {
	l := openTest(t, noteVocabulary)
	actor, f := found(t, l)
	var seen []int64
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	got := make(chan int64, 100)
	go l.Run(ctx, Follower{Name: "test", Handle: func(_ context.Context, _ *db.Tx, e Entry) error { got <- e.Act.Index; return nil }})
	for range 5 {
		if _, err := l.Commit(t.Context(), f, sayNote(actor)); err != nil {
			t.Fatal(err)
		}
	}
	for range 6 {
		seen = append(seen, <-got)
	}
	for i, n := range seen {
		if n != int64(i) {
			t.Fatal(seen)
		}
	}
}
