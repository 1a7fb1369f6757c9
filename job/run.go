package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"translocal/db"
)

// longestSleep bounds how late this process hears of jobs that another process
// on the same database enqueued.
const longestSleep = 10 * time.Second

var errStopped = errors.New("the node was stopped meanwhile")

// An end is what came of a run: nil is success.
type end struct {
	job Job
	why error
}

// Run does jobs, at most workers at a time, until ctx ends; then it cancels the
// handlers, waits for them, and gives back what they didn't finish. While nothing
// is due it sleeps until the next job, an [Queue.Enqueue] in this process, or ten
// seconds have passed.
func (q *Queue) Run(ctx context.Context, workers int) {
	ended := make(chan end, workers)
	running := 0
	defer func() {
		for running > 0 {
			running -= q.write(ctx, <-ended, ended)
		}
	}()
	q.schedule(ctx)
	for ctx.Err() == nil {
		sleep := longestSleep
		if free := workers - running; free > 0 {
			var began int
			began, sleep = q.begin(ctx, free, ended)
			running += began
		}
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
		case e := <-ended:
			running -= q.write(ctx, e, ended)
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// schedule makes the jobs that come again and again.
func (q *Queue) schedule(ctx context.Context) {
	for _, k := range q.kinds {
		if k.Every == 0 {
			continue
		}
		err := q.db.Write(ctx, func(tx *db.Tx) error {
			_, err := scheduled.Run(ctx, tx, rand.Text(), k.Name, []byte("null"), q.now().UnixMicro())
			return err
		})
		if err != nil && ctx.Err() == nil {
			slog.Error("job not scheduled", "kind", k.Name, "err", err)
		}
	}
}

// begin starts jobs that are due, at most free of them, and returns how many,
// and how long it will be until others come due. Jobs that are due and were
// not begun wait for their host, and so for a job that ends.
func (q *Queue) begin(ctx context.Context, free int, ended chan<- end) (began int, sleep time.Duration) {
	view, err := look.One(ctx, q.db, q.now().UnixMicro(), q.apart, q.part)
	var jobs []Job
	if err == nil && view.Due {
		jobs, err = q.claim(ctx, free)
	}
	if err != nil && ctx.Err() == nil {
		slog.Error("jobs not claimed", "err", err)
	}
	for _, j := range jobs {
		go func() {
			ended <- end{j, q.handle(ctx, j)}
		}()
	}
	sleep = longestSleep
	for _, at := range []int64{view.NextDue, view.LeaseEnd} {
		if at > 0 {
			sleep = min(sleep, max(0, time.UnixMicro(at).Sub(q.now())))
		}
	}
	return len(jobs), sleep
}

// write writes down first and all other ends that wait already, in one transaction,
// and returns how many. If that fails, their leases run out and they run again.
func (q *Queue) write(ctx context.Context, first end, ended <-chan end) int {
	ends := []end{first}
	for len(ended) > 0 {
		ends = append(ends, <-ended)
	}
	stopped := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	err := q.db.Write(ctx, func(tx *db.Tx) error {
		for _, e := range ends {
			if err := q.writeOne(ctx, tx, e, stopped); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		slog.Error("ends of jobs not written down", "jobs", len(ends), "err", err)
	}
	return len(ends)
}

func (q *Queue) writeOne(ctx context.Context, tx *db.Tx, e end, stopped bool) error {
	if e.why == nil {
		err := q.Finish(ctx, tx, e.job)
		if errors.Is(err, ErrLost) { // or finished by the handler itself
			return nil
		}
		return err
	}
	if stopped {
		e.why = errStopped
	} else {
		slog.Warn("job failed", "kind", e.job.Kind, "job", e.job.ID, "host", e.job.Host, "try", e.job.Tries, "err", e.why)
	}
	return q.fail(ctx, tx, e.job, e.why)
}

// handle calls the handler. A job whose last run took the process down with it
// is not begun once more than its kind allows.
func (q *Queue) handle(ctx context.Context, j Job) (err error) {
	k, ok := q.kinds[j.Kind]
	if !ok {
		return fmt.Errorf("this version knows no job %q", j.Kind)
	}
	if k.MaxTries > 0 && j.Tries > int64(k.MaxTries) {
		return fmt.Errorf("begun %d times and never ended: %s", j.Tries-1, j.Error)
	}
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			slog.Error("job panicked", "kind", j.Kind, "job", j.ID, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return k.Handle(ctx, j)
}
