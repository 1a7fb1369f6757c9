package job

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"translocal/db"
)

// onBoth runs a test on SQLite and, if a server is named, on PostgreSQL, in a
// schema of its own.
func onBoth(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, open(t, filepath.Join(t.TempDir(), "job.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		url := os.Getenv("TRANSLOCAL_TEST_POSTGRES")
		if url == "" {
			t.Skip("TRANSLOCAL_TEST_POSTGRES is not set")
		}
		admin, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		schema := strings.ToLower("job_" + rand.Text())
		if _, err := admin.Exec("create schema " + schema); err != nil {
			t.Fatal(err)
		}
		test(t, open(t, url+"&search_path="+schema))
	})
}

func open(t *testing.T, target string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), target, db.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// start runs the queue until the test ends.
func start(t *testing.T, q *Queue, workers int) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		q.Run(ctx, workers)
		close(ended)
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

func put(t *testing.T, d *db.DB, q *Queue, requests ...Request) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, r := range requests {
			if err := q.Enqueue(t.Context(), tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// receive fails the test when nothing comes.
func receive[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came in 20 s")
	}
	return v
}

// until fails the test when ok doesn't come true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 20 s: not %s", what)
		}
	}
}

type row struct {
	Tries int64
	Dead  bool
	Lease string
	RunAt int64
	Error string
}

var allRows = db.Rows[row](`select tries, dead, lease, run_at, error from job order by created, id`)

func rows(t *testing.T, d *db.DB) []row {
	t.Helper()
	list, err := allRows.All(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAJobRunsAndGoes(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		ran := make(chan Job, 10)
		q := New(d, Kind{Name: "greet", Handle: func(_ context.Context, j Job) error { ran <- j; return nil }})
		start(t, q, 2)
		put(t, d, q, Request{Kind: "greet", Payload: map[string]int{"n": 7}, Host: "a.test"})
		j := receive(t, ran)
		var payload struct{ N int }
		if err := j.Decode(&payload); err != nil || payload.N != 7 || j.Host != "a.test" || j.Tries != 1 {
			t.Errorf("ran %+v, %v, %v", j, payload, err)
		}
		until(t, "gone", func() bool { return len(rows(t, d)) == 0 })
		// One write each to put, claim and finish it: an idle queue writes nothing.
		if d.Engine() == db.SQLite && d.Commits() != 3 {
			t.Errorf("%d commits for one job, want 3", d.Commits())
		}
	})
}

func TestNoJobOfAFailedTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		q := New(d)
		boom := errors.New("boom")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := q.Enqueue(t.Context(), tx, Request{Kind: "x"}); err != nil {
				return err
			}
			return boom
		})
		if err != boom || len(rows(t, d)) != 0 || len(q.wake) != 0 {
			t.Errorf("error %v, %d jobs, %d wakes", err, len(rows(t, d)), len(q.wake))
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error {
			return q.Enqueue(t.Context(), tx, Request{Kind: "x", Payload: func() {}})
		}); err == nil {
			t.Error("a payload that can't be JSON was taken")
		}
	})
}

func TestFailuresThenDeathThenRevival(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		var tries atomic.Int64
		var well atomic.Bool
		q := New(d, Kind{Name: "push", MaxTries: 3, First: time.Millisecond, Handle: func(context.Context, Job) error {
			tries.Add(1)
			if well.Load() {
				return nil
			}
			return errors.New("the host said \xff\x00 no")
		}})
		start(t, q, 2)
		put(t, d, q, Request{Kind: "push", Payload: 1})
		until(t, "dead", func() bool { r := rows(t, d); return len(r) == 1 && r[0].Dead })
		dead, err := q.Dead(t.Context(), 10)
		if err != nil || len(dead) != 1 || tries.Load() != 3 || dead[0].Tries != 3 || dead[0].Error != "the host said ?? no" {
			t.Fatalf("%d tries, dead %+v, %v", tries.Load(), dead, err)
		}
		well.Store(true)
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return q.Revive(t.Context(), tx, dead[0].ID) }); err != nil {
			t.Fatal(err)
		}
		until(t, "done after revival", func() bool { return len(rows(t, d)) == 0 })
	})
}

func TestKindsOfFailure(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		fail := map[string]error{
			"permanent": fmt.Errorf("push: %w", Permanent(errors.New("gone for good"))),
			"later":     fmt.Errorf("push: %w", Later(time.Hour)),
			"ordinary":  errors.New("no"),
		}
		q := New(d, Kind{Name: "x", MaxTries: 5, First: 8 * time.Minute, Handle: func(_ context.Context, j Job) error {
			if j.Unique == "panic" {
				panic("at the disco")
			}
			return fail[j.Unique]
		}})
		q.now = func() time.Time { return now }
		for name, want := range map[string]row{
			"permanent": {Tries: 1, Dead: true, Error: "push: gone for good"},
			"later":     {Tries: 0, RunAt: now.Add(time.Hour).UnixMicro(), Error: "push: try again in 1h0m0s"},
			"ordinary":  {Tries: 1, Error: "no"},
			"panic":     {Tries: 1, Error: "panic: at the disco"},
			"unknown":   {Tries: 0, RunAt: now.Add(time.Hour).UnixMicro(), Error: `this version knows no job "unknown"`},
		} {
			kind := "x"
			if name == "unknown" {
				kind = name
			}
			put(t, d, q, Request{Kind: kind, Unique: name})
			jobs, err := q.claim(t.Context(), 5)
			if err != nil || len(jobs) != 1 {
				t.Fatalf("%s: claimed %v, %v", name, jobs, err)
			}
			q.write(t.Context(), end{jobs[0], q.handle(t.Context(), jobs[0])}, nil)
			got := rows(t, d)[0]
			if want.RunAt == 0 && !want.Dead { // eight minutes, give or take a quarter
				if wait := time.UnixMicro(got.RunAt).Sub(now); wait < 6*time.Minute || wait > 10*time.Minute {
					t.Errorf("%s: waits %v", name, wait)
				}
			}
			if want.RunAt == 0 {
				want.RunAt = got.RunAt
			}
			if got != want {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				if err := q.Cancel(t.Context(), tx, kind, name); err != nil {
					return err
				}
				dead, err := deadJobs.All(t.Context(), tx, 10)
				for _, j := range dead {
					err = errors.Join(err, q.Discard(t.Context(), tx, j.ID))
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if left := rows(t, d); len(left) != 0 {
				t.Fatalf("%s: left %v", name, left)
			}
		}
	})
}

func TestBackoff(t *testing.T) {
	k := Kind{First: 10 * time.Second, Longest: 24 * time.Hour}
	for tries, want := range map[int64]time.Duration{
		1: 10 * time.Second, 2: 20 * time.Second, 5: 160 * time.Second,
		14: 81920 * time.Second, 15: 24 * time.Hour, 60: 24 * time.Hour, 1 << 40: 24 * time.Hour,
	} {
		for range 50 {
			if got := k.backoff(tries); got < want*3/4 || got > want*5/4+1 {
				t.Errorf("try %d waits %v, want about %v", tries, got, want)
			}
		}
	}
}

func TestUniqueJobsJoin(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		began, goOn := make(chan string, 10), make(chan error)
		q := New(d, Kind{Name: "hint", MaxTries: 1, First: time.Millisecond, Handle: func(_ context.Context, j Job) error {
			began <- string(j.Payload)
			return <-goOn
		}})
		put(t, d, q,
			Request{Kind: "hint", Unique: "k", Payload: 1, At: time.Now().Add(time.Hour)},
			Request{Kind: "hint", Unique: "k", Payload: 2},
			Request{Kind: "hint", Unique: "k", Payload: 3, At: time.Now().Add(time.Hour)})
		if n := len(rows(t, d)); n != 1 {
			t.Fatalf("%d jobs, want 1", n)
		}
		start(t, q, 4)
		if got := receive(t, began); got != "3" {
			t.Errorf("payload %s, want the latest", got)
		}
		// Asked for while it runs: it runs again, with what it was asked for.
		put(t, d, q, Request{Kind: "hint", Unique: "k", Payload: 4})
		goOn <- nil
		if got := receive(t, began); got != "4" {
			t.Errorf("payload %s, want the one enqueued meanwhile", got)
		}
		// The same when that run fails for the last time.
		put(t, d, q, Request{Kind: "hint", Unique: "k", Payload: 5})
		goOn <- errors.New("no")
		if got := receive(t, began); got != "5" {
			t.Errorf("payload %s, want the one enqueued meanwhile", got)
		}
		goOn <- errors.New("no")
		until(t, "dead", func() bool { r := rows(t, d); return len(r) == 1 && r[0].Dead })

		// A dead job is in nobody's way; revived beside a living one it is needless.
		put(t, d, q, Request{Kind: "hint", Unique: "k", Payload: 6, At: time.Now().Add(time.Hour)})
		dead, err := q.Dead(t.Context(), 2)
		if err != nil || len(dead) != 1 {
			t.Fatal(dead, err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return q.Revive(t.Context(), tx, dead[0].ID) }); err != nil {
			t.Fatal(err)
		}
		if r := rows(t, d); len(r) != 1 || r[0].Dead {
			t.Errorf("left %+v", r)
		}
	})
}

func TestFairBetweenHosts(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		began, goOn := make(chan string, 100), make(chan struct{})
		handle := func(_ context.Context, j Job) error {
			began <- j.Host
			<-goOn
			return nil
		}
		// Two processes, and a host that everything goes to before anything else.
		one, two := New(d, Kind{Name: "x", Handle: handle}), New(d, Kind{Name: "x", Handle: handle})
		requests := make([]Request, 0, 50)
		for range 40 {
			requests = append(requests, Request{Kind: "x", Host: "slow.test"})
		}
		for _, host := range []string{"b.test", "c.test", "d.test", "", "", ""} {
			requests = append(requests, Request{Kind: "x", Host: host})
		}
		put(t, d, one, requests...)
		start(t, one, 20)
		start(t, two, 20)
		t.Cleanup(func() { close(goOn) }) // before the queues stop
		count := map[string]int{}
		for range 8 {
			count[receive(t, began)]++
		}
		if count["slow.test"] != 2 || count["b.test"] != 1 || count["c.test"] != 1 || count["d.test"] != 1 || count[""] != 3 {
			t.Errorf("running at once: %v", count)
		}
		goOn <- struct{}{}
		goOn <- struct{}{}
		for range 2 {
			// Whichever ended, only slow.test has more; it goes on while under its limit.
			select {
			case host := <-began:
				if host != "slow.test" {
					t.Errorf("began one for %q", host)
				}
			case goOn <- struct{}{}:
			}
		}
	})
}

func TestALeaseRunsOut(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		clock := func() time.Time { return now }
		finished := 0
		kind := Kind{Name: "x", MaxTries: 2, Handle: func(context.Context, Job) error { finished++; return nil }}
		crashed, q := New(d, kind), New(d, kind)
		crashed.now, q.now = clock, clock
		put(t, d, q, Request{Kind: "x"})
		claim := func(q *Queue) []Job {
			t.Helper()
			jobs, err := q.claim(t.Context(), 5)
			if err != nil {
				t.Fatal(err)
			}
			return jobs
		}
		lost := claim(crashed)
		if len(lost) != 1 || len(claim(q)) != 0 {
			t.Fatal("the lease doesn't hold")
		}
		now = now.Add(time.Minute + grace)
		taken := claim(q)
		if len(taken) != 1 || taken[0].Tries != 2 {
			t.Fatalf("taken over: %+v", taken)
		}
		// Who lost the lease can neither finish nor fail the job.
		err := d.Write(t.Context(), func(tx *db.Tx) error { return crashed.Finish(t.Context(), tx, lost[0]) })
		if !errors.Is(err, ErrLost) {
			t.Errorf("finish without lease: %v", err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return crashed.fail(t.Context(), tx, lost[0], err) }); err != nil {
			t.Error(err)
		}
		if r := rows(t, d); len(r) != 1 || r[0].Lease != taken[0].lease {
			t.Errorf("after the loser's end: %+v", r)
		}
		// That process died too: a third run would be one too many.
		now = now.Add(time.Minute + grace)
		third := claim(q)
		q.write(t.Context(), end{third[0], q.handle(t.Context(), third[0])}, nil)
		if r := rows(t, d); len(r) != 1 || !r[0].Dead || finished != 0 {
			t.Errorf("%d runs, job %+v; want it dead", finished, r)
		}
	})
}

// A kind that takes long makes no other wait long for a process that died.
func TestALeaseLastsAsItsOwnKind(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		handle := func(context.Context, Job) error { return nil }
		q := New(d, Kind{Name: "backup", Timeout: 6 * time.Hour, Handle: handle}, Kind{Name: "mail", Handle: handle})
		q.now = func() time.Time { return now }
		put(t, d, q, Request{Kind: "backup"}, Request{Kind: "mail"}, Request{Kind: "unknown"})
		if jobs, err := q.claim(t.Context(), 9); err != nil || len(jobs) != 3 {
			t.Fatal(jobs, err)
		}
		leases, err := leasesByKind.All(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Duration{6 * time.Hour, time.Minute, 0} { // backup, mail, unknown
			if got := time.UnixMicro(leases[i]).Sub(now.Truncate(time.Microsecond)); got != want+grace {
				t.Errorf("lease %d lasts %v, want %v", i, got, want+grace)
			}
		}
	})
}

var leasesByKind = db.Rows[int64](`select leased_until from job order by kind`)

// A part does its kinds alone, and with workers of its own.
func TestAPartKeepsNobodyWaiting(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		began, release, mails := make(chan string, 9), make(chan struct{}), make(chan string, 9)
		slow := Kind{Name: "slow", Handle: func(_ context.Context, j Job) error { began <- j.Host; <-release; return nil }}
		q := New(d, slow, Kind{Name: "mail", Handle: func(_ context.Context, j Job) error { mails <- j.Host; return nil }})
		part := q.Part("slow")
		part.PerHost = 1
		put(t, d, q, Request{Kind: "slow", Host: "a"}, Request{Kind: "slow", Host: "a"}, Request{Kind: "slow", Host: "b"})
		start(t, part, 2)
		start(t, q, 1)
		if a, b := receive(t, began), receive(t, began); a == b {
			t.Error("two at once bother one host")
		}
		put(t, d, q, Request{Kind: "mail", Host: "m"})
		receive(t, mails)
		if len(began) != 0 {
			t.Error("a worker of the whole did a job of the part")
		}
		close(release)
		receive(t, began)
		until(t, "all done", func() bool { return len(rows(t, d)) == 0 })
	})
}

func TestFinishWithTheEffect(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		var q *Queue
		ended := make(chan error, 1)
		q = New(d, Kind{Name: "x", Handle: func(ctx context.Context, j Job) error {
			err := d.Write(ctx, func(tx *db.Tx) error { return q.Finish(ctx, tx, j) })
			ended <- err
			return err
		}})
		stop := start(t, q, 1)
		put(t, d, q, Request{Kind: "x"})
		if err := receive(t, ended); err != nil {
			t.Error(err)
		}
		stop()
		if r := rows(t, d); len(r) != 0 {
			t.Errorf("left %+v", r)
		}
	})
}

func TestManyProcessesDoEachJobOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		const n = 300
		var mu sync.Mutex
		times := map[string]int{}
		all := make(chan struct{}, n)
		kind := Kind{Name: "x", Handle: func(_ context.Context, j Job) error {
			mu.Lock()
			times[string(j.Payload)]++
			mu.Unlock()
			all <- struct{}{}
			return nil
		}}
		queues := []*Queue{New(d, kind), New(d, kind), New(d, kind)}
		for i, q := range queues {
			q.PerHost = 3
			for k := range n / len(queues) {
				put(t, d, q, Request{Kind: "x", Payload: k*len(queues) + i, Host: []string{"", "a", "b"}[k%3]})
			}
			start(t, q, 5)
		}
		for range n {
			receive(t, all)
		}
		until(t, "all gone", func() bool { return len(rows(t, d)) == 0 })
		if len(times) != n {
			t.Errorf("%d jobs ran, want %d", len(times), n)
		}
		for payload, k := range times {
			if k != 1 {
				t.Errorf("job %s ran %d times", payload, k)
			}
		}
	})
}

func TestSchedule(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		ran := make(chan struct{}, 100)
		kind := Kind{Name: "tidy", Every: 5 * time.Millisecond, MaxTries: 2, Handle: func(context.Context, Job) error {
			ran <- struct{}{}
			return errors.New("never well")
		}}
		stop := start(t, New(d, kind), 2)
		start(t, New(d, kind), 2)
		for range 5 {
			receive(t, ran)
		}
		stop()
		if r := rows(t, d); len(r) != 1 || r[0].Dead {
			t.Errorf("rows %+v, want one, not dead", r)
		}
	})
}

func TestStopGivesBack(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		began := make(chan struct{})
		q := New(d, Kind{Name: "x", MaxTries: 1, Handle: func(ctx context.Context, j Job) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		}})
		stop := start(t, q, 2)
		put(t, d, q, Request{Kind: "x"})
		receive(t, began)
		stop()
		if r := rows(t, d); len(r) != 1 || r[0].Tries != 0 || r[0].Dead || r[0].Lease != "" {
			t.Errorf("after the stop: %+v, want it back as if it had not begun", r)
		}
	})
}

func TestATryEndsAfterItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		q := New(d, Kind{Name: "x", MaxTries: 1, Timeout: time.Millisecond, Handle: func(ctx context.Context, j Job) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		start(t, q, 1)
		put(t, d, q, Request{Kind: "x"})
		until(t, "dead", func() bool { r := rows(t, d); return len(r) == 1 && r[0].Dead })
	})
}

func TestPayloadThatIsNone(t *testing.T) {
	var v struct{ N int }
	if err := (Job{Payload: []byte(`{"n":"x"}`)}).Decode(&v); !errors.As(err, new(permanent)) {
		t.Errorf("error %v, want a permanent one", err)
	}
}

func TestKindsMustBeClear(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "job.db"))
	handle := func(context.Context, Job) error { return nil }
	for _, kinds := range [][]Kind{{{Name: "x"}}, {{Name: "x", Handle: handle}, {Name: "x", Handle: handle}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v was accepted", kinds)
				}
			}()
			New(d, kinds...)
		}()
	}
}

func BenchmarkJobs(b *testing.B) {
	d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "job.db"), db.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	done := make(chan struct{}, 1000)
	q := New(d, Kind{Name: "x", Handle: func(context.Context, Job) error { done <- struct{}{}; return nil }})
	go q.Run(b.Context(), 16)
	for b.Loop() {
		err := d.Write(b.Context(), func(tx *db.Tx) error {
			for range 100 {
				if err := q.Enqueue(b.Context(), tx, Request{Kind: "x"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		for range 100 {
			<-done
		}
	}
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "jobs/s")
}
