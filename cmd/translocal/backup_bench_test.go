package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"translocal/db"
	"translocal/keep"
	"translocal/place"
)

var fatten = db.Exec(`insert into part (stream, idx, name, media, salt, body) values ($1, $2, 'fat', 'text/plain', $3, $4)`)

// BenchmarkBackupWhileWriting backs up a node, 32 MB of it or 1 GB with
// TRANSLOCAL_TEST_LONG, while a place writes: bytes per second, the most memory
// that the heap held, and how many acts were written meanwhile.
func BenchmarkBackupWhileWriting(b *testing.B) {
	parts := int64(8)
	if os.Getenv("TRANSLOCAL_TEST_LONG") != "" {
		parts = 256
	}
	k, ctx := newKept(b), b.Context()
	body := make([]byte, 4<<20)
	for i := range parts {
		rand.Read(body) // nothing that gzip could make small
		must(b, k.node.db.Write(ctx, func(tx *db.Tx) error { _, err := fatten.Run(ctx, tx, "fat", i, body[:16], body); return err }))
	}
	v, err := k.node.places.SignIn(ctx, "Alder", "a long password")
	must(b, err)
	to, err := keep.ParseRecipients(k.public)
	must(b, err)
	var acts atomic.Int64
	writing, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for writing.Err() == nil {
			if k.node.places.Describe(ctx, v, k.rio, place.Profile{Name: "Rio Claro"}) == nil {
				acts.Add(1)
			}
		}
	}()
	d, err := db.OpenReader(ctx, databaseOf(k.dir, "")) // as the command does
	must(b, err)
	defer d.Close()
	peak := watchHeap(writing)
	b.ResetTimer()
	began := acts.Load()
	for b.Loop() {
		sealed, err := keep.Encrypt(io.Discard, to)
		must(b, err)
		counts, err := keep.Write(ctx, sealed, keep.Node{DB: d, Files: k.node.blobs}, nil)
		must(b, err)
		must(b, sealed.Close())
		b.SetBytes(parts * int64(len(body)))
		if counts.Rows["part"] < parts {
			b.Fatal(counts)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(acts.Load()-began)/b.Elapsed().Seconds(), "acts/s")
	b.ReportMetric(float64(peak.Load())/1e6, "MB-heap")
	stop()
	<-done
}

// watchHeap notes the most that the heap held until ctx ends.
func watchHeap(ctx context.Context) *atomic.Uint64 {
	var peak atomic.Uint64
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
		}
	}()
	return &peak
}
