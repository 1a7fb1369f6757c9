package act

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"translocal/db"
)

// A durable log, as a node has it: every commit waits for the disk.
func openDurable(b *testing.B) *Log {
	b.Helper()
	dir := b.TempDir()
	d, err := db.Open(b.Context(), filepath.Join(dir, "t.db"), db.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := d.Write(b.Context(), func(tx *db.Tx) error { _, err := createNote.Run(b.Context(), tx); return err }); err != nil {
		b.Fatal(err)
	}
	keys, err := OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		b.Fatal(err)
	}
	l := NewLog(d, keys, noteVocabulary)
	b.Cleanup(func() { l.Close(); d.Close() })
	return l
}

// BenchmarkSeal is signing: the envelope, its canonical form, its proof, a part.
func BenchmarkSeal(b *testing.B) {
	_, key, _ := ed25519.GenerateKey(nil)
	actor := "http://a.test/p/aaaaaaaaaaaaaaaa"
	stream := Fingerprint(MarshalHash(HashOf(nil)))
	for b.Loop() {
		if _, _, err := seal(Draft{Type: "test.Say.v1", Object: say{ID: NewID(actor, "note")}, Parts: []Part{Text("text", "hello")}}, actor, stream, 7, time.Now(), key); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend is a transaction of 100 acts, an act each: seal, append and
// apply; what it has beyond BenchmarkSeal is append and apply.
func BenchmarkAppend(b *testing.B) {
	l := openDurable(b)
	actor, f := found(b, l)
	for n := 0; n < b.N; n += 100 {
		_, err := l.Commit(b.Context(), f, func(context.Context, *db.Tx) ([]Draft, error) {
			drafts := make([]Draft, 100)
			for i := range drafts {
				drafts[i] = Draft{Type: "test.Say.v1", Object: say{ID: NewID(actor, "note")}, Parts: []Part{Text("text", "hello")}}
			}
			return drafts, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply is the public row alone, in transactions of 100.
func BenchmarkApply(b *testing.B) {
	l := openDurable(b)
	_, f := found(b, l)
	for n := 0; n < b.N; n += 100 {
		rows(b, l, f, 100)
	}
}

func rows(b *testing.B, l *Log, f Fingerprint, n int) {
	err := l.db.Write(b.Context(), func(tx *db.Tx) error {
		for range n {
			if _, err := insertNote.Run(b.Context(), tx, f, NewToken()+NewToken(), 1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCommit16 is 16 writers, an act a command, as forms and calls come in;
// it tells how many waits for the disk there are for each act.
func BenchmarkCommit16(b *testing.B) {
	l := openDurable(b)
	actor, f := found(b, l)
	before := l.db.Commits()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := l.Commit(b.Context(), f, sayNote(actor, Text("text", "hello"))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(l.db.Commits()-before)/float64(b.N), "fsyncs/act")
}

// BenchmarkRows16 is the same rows without acts: 16 writers, a transaction each.
func BenchmarkRows16(b *testing.B) {
	l := openDurable(b)
	_, f := found(b, l)
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				rows(b, l, f, 1)
			}
		})
	}
	all.Wait()
}
