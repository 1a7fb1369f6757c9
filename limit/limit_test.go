package limit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
)

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMicro(c.at.Load()) }
func (c *clock) pass(d time.Duration)    { c.at.Add(d.Microseconds()) }
func begin() *clock                      { c := &clock{}; c.at.Store(1_800_000_000_000_000); return c }
func server(t *testing.T) *db.DB         { t.Helper(); return dbtest.Postgres(t) }
func shared(d *db.DB, c *clock) *Buckets { return Shared(d, []byte("a secret of the node"), c.now) }

// everyWay runs a test over buckets in memory and over two that share a server.
func everyWay(t *testing.T, test func(t *testing.T, c *clock, one, other *Buckets)) {
	t.Run("memory", func(t *testing.T) {
		c := begin()
		b := InMemory(c.now)
		test(t, c, b, b)
	})
	t.Run("postgres", func(t *testing.T) {
		d, c := server(t), begin()
		test(t, c, shared(d, c), shared(d, c))
	})
}

func take1(t *testing.T, b *Buckets, key string, r Rate) time.Duration {
	t.Helper()
	wait, err := b.Take(t.Context(), key, r)
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

func TestABurstAndThenOneEach(t *testing.T) {
	everyWay(t, func(t *testing.T, c *clock, one, other *Buckets) {
		r := Rate{Each: 6 * time.Second, Burst: 3}
		for i, b := range []*Buckets{one, other, one} {
			if wait := take1(t, b, "key", r); wait != 0 {
				t.Fatalf("number %d waits %v", i, wait)
			}
		}
		for _, b := range []*Buckets{one, other} {
			if wait := take1(t, b, "key", r); wait != 6*time.Second {
				t.Errorf("after the burst: %v", wait)
			}
			if wait := take1(t, b, "another key", r); wait != 0 {
				t.Errorf("another key waits %v", wait)
			}
		}
		c.pass(6*time.Second - time.Microsecond)
		if wait := take1(t, other, "key", r); wait != time.Microsecond {
			t.Errorf("a moment too early: %v", wait)
		}
		c.pass(time.Microsecond)
		if wait := take1(t, other, "key", r); wait != 0 {
			t.Errorf("in time: %v", wait)
		}
		if wait := take1(t, one, "key", r); wait != 6*time.Second {
			t.Errorf("one came back and two were taken: %v", wait)
		}
		c.pass(time.Hour) // a bucket holds no more than its burst
		for i := range 4 {
			if wait := take1(t, other, "key", r); (wait > 0) != (i == 3) {
				t.Errorf("number %d after an hour: %v", i, wait)
			}
		}
	})
}

// TestNoMoreThanTheBurstAtOnce: many who come at the same moment to two replicas
// get what one bucket holds.
func TestNoMoreThanTheBurstAtOnce(t *testing.T) {
	everyWay(t, func(t *testing.T, c *clock, one, other *Buckets) {
		var passed atomic.Int64
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				wait, err := []*Buckets{one, other}[i%2].Take(t.Context(), "key", Rate{Each: time.Minute, Burst: 7})
				if err != nil {
					t.Error(err)
				} else if wait == 0 {
					passed.Add(1)
				}
			})
		}
		all.Wait()
		if passed.Load() != 7 {
			t.Errorf("%d passed, want 7", passed.Load())
		}
	})
}

func TestWhatIsSharedIsPrunedAndNamesNobody(t *testing.T) {
	d, c := server(t), begin()
	b := shared(d, c)
	take1(t, b, "key 192.0.2.7", Rate{Each: time.Second, Burst: 3})
	take1(t, b, "key 192.0.2.8", Rate{Each: time.Hour, Burst: 3})
	rows := func() map[string]string {
		rows, err := d.Dump(t.Context(), "rate_bucket", []string{"key"})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if n := len(rows()); n != 2 {
		t.Errorf("%d rows", n)
	}
	for key, value := range rows() {
		row := key + value
		if strings.Contains(row, "192.0.2") {
			t.Errorf("a row tells an address: %s", row)
		}
	}
	c.pass(time.Minute)
	if err := b.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(rows()); n != 1 {
		t.Errorf("%d rows after pruning, want that which is not full", n)
	}
}

// TestNobodyPassesWhenTheDatabaseIsGone, and who was refused before still hears
// how long to wait, without asking it.
func TestNobodyPassesWhenTheDatabaseIsGone(t *testing.T) {
	d, c := server(t), begin()
	b := shared(d, c)
	r := Rate{Each: time.Minute, Burst: 1}
	take1(t, b, "known", r)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if wait := take1(t, b, "known", r); wait != time.Minute {
		t.Errorf("who is known to wait: %v", wait)
	}
	if _, err := b.Take(t.Context(), "new", r); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without a database: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Take(gone, "new", r); !fault.Is(err, fault.Unavailable) {
		t.Errorf("of somebody who went away: %v", err)
	}
}

func TestAFloodOfKeysTakesNoMoreMemory(t *testing.T) {
	b := InMemory(begin().now)
	for i := range 3 * most {
		take1(t, b, fmt.Sprint(i), Rate{Each: time.Minute, Burst: 1})
	}
	if len(b.full) > most {
		t.Errorf("%d keys are kept", len(b.full))
	}
}

func TestSource(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::1": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64",
		"fe80::1%eth0": "fe80::/64", "a pipe": "a pipe", "": "",
	} {
		if got := Source(address); got != want {
			t.Errorf("%q is counted by %q, want %q", address, got, want)
		}
	}
}

// BenchmarkTake is one taken, by where the bucket lies. That SQLite would cost a
// wait for the disk is why its buckets lie in memory.
func BenchmarkTake(b *testing.B) {
	r := Rate{Each: time.Microsecond, Burst: 1 << 40}
	run := func(b *testing.B, buckets *Buckets) {
		for i := 0; b.Loop(); i++ {
			if _, err := buckets.Take(b.Context(), fmt.Sprint(i%100), r); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("memory", func(b *testing.B) { run(b, InMemory(time.Now)) })
	b.Run("sqlite", func(b *testing.B) {
		d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "t.db"), db.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer d.Close()
		run(b, &Buckets{db: d, now: time.Now, full: map[string]int64{}})
	})
	b.Run("postgres", func(b *testing.B) {
		if os.Getenv("TRANSLOCAL_TEST_POSTGRES") == "" {
			b.Skip("TRANSLOCAL_TEST_POSTGRES is not set")
		}
		run(b, Shared(dbtest.Postgres(b), nil, time.Now))
	})
}
