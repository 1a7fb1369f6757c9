// Package job does work later, and surely: a job is a row, put there in the
// transaction that causes it, and taken away only once it is done. It runs at
// least once, again after a failure, ever more rarely, until it succeeds or is
// put aside as dead for a keeper to look at.
//
// Whoever runs a job holds a lease on it. When that process dies, the lease runs
// out and another takes the job over. What a handler writes in the transaction
// that it gives to [Queue.Finish] happens exactly once. Several processes may work
// on one database.
package job

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"translocal/db"
)

// A Kind says how jobs of one name are done.
type Kind struct {
	Name string
	// Handle does the job. An error is a failed try. It must heed its context,
	// which ends after Timeout: only then is no job ever done twice at once.
	Handle  func(ctx context.Context, j Job) error
	Timeout time.Duration // of one try; a minute if 0

	// After the first failure the job waits First (10 s if 0), then twice as
	// long each time up to Longest (a day if 0), give or take a quarter.
	First, Longest time.Duration
	MaxTries       int // the job is dead after so many failures; 0: it never gives up

	// Every, if not 0, makes one job of this kind that runs again and again, this
	// long after the last time; it never gives up.
	Every time.Duration
}

// A Request is a job to be made.
type Request struct {
	Kind    string
	Payload any    // becomes JSON
	Host    string // "" or the host that the job bothers; see Queue.PerHost
	// Unique, if not "", makes the job the only waiting one of its kind with this
	// key. A second request only replaces the payload, and the job runs once more
	// if it was running just then, so that what the request came for is not missed.
	Unique string
	At     time.Time // not before; the zero time is now
}

// A Job is one that runs or is dead.
type Job struct {
	ID      string
	Kind    string
	Host    string
	Unique  string
	Payload []byte
	Created int64 // microseconds since 1970
	Tries   int64 // this one included
	Error   string
	lease   string
}

// Decode reads the payload into v.
func (j Job) Decode(v any) error {
	if err := json.Unmarshal(j.Payload, v); err != nil {
		return Permanent(fmt.Errorf("job %s: payload: %w", j.Kind, err))
	}
	return nil
}

// Permanent marks an error that no further try will mend: the job is dead at once.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Later is an error that asks for a try after d, and counts as no failure: what
// a busy host asks for.
func Later(d time.Duration) error { return later(d) }

type later time.Duration

func (l later) Error() string { return fmt.Sprintf("try again in %v", time.Duration(l)) }

// Queue is the jobs of a database.
type Queue struct {
	// PerHost is how many jobs may bother one host at a time, over all processes.
	PerHost int

	db    *db.DB
	kinds map[string]Kind
	apart string // " a b ": the kinds that a part of this queue does, or that this part does
	part  bool   // this is such a part: it does those kinds and no other
	now   func() time.Time
	wake  chan struct{}
}

// New returns the queue of a database. It panics on a kind given twice or without
// handler. A process that only enqueues gives no kinds.
func New(d *db.DB, kinds ...Kind) *Queue {
	q := &Queue{PerHost: 2, db: d, kinds: map[string]Kind{}, now: time.Now, wake: make(chan struct{}, 1)}
	for _, k := range kinds {
		if _, twice := q.kinds[k.Name]; twice || k.Handle == nil {
			panic("job: kind defined twice or without handler: " + k.Name)
		}
		setDefault(&k.Timeout, time.Minute)
		setDefault(&k.First, 10*time.Second)
		setDefault(&k.Longest, 24*time.Hour)
		if k.Every > 0 {
			k.MaxTries, k.Longest = 0, min(k.Longest, k.Every)
		}
		q.kinds[k.Name] = k
	}
	return q
}

// Part takes some kinds out of the queue, to be run with workers of their own:
// then they keep no job of another kind waiting. It is called before either runs.
func (q *Queue) Part(names ...string) *Queue {
	part := New(q.db)
	part.PerHost, part.part, part.now = q.PerHost, true, q.now
	part.apart = " " + strings.Join(names, " ") + " "
	for _, name := range names {
		if k, ok := q.kinds[name]; ok {
			part.kinds[name] = k
			delete(q.kinds, name)
		}
	}
	q.apart += part.apart
	return part
}

func setDefault(d *time.Duration, to time.Duration) {
	if *d == 0 {
		*d = to
	}
}

var enqueue = db.Exec(`
	insert into job (id, kind, host, uniq, payload, created, run_at, tries, lease, leased_until, again, dead, error)
	values ($1, $2, $3, $4, $5, $6, $7, 0, '', 0, false, false, '')
	on conflict (kind, uniq) where uniq <> '' and not dead do update set
		payload = excluded.payload,
		again = job.again or job.lease <> '',
		run_at = case when job.tries = 0 and excluded.run_at < job.run_at then excluded.run_at else job.run_at end`)

// Enqueue makes a job in the caller's transaction: there is no job unless it
// commits. A job that waits after a failure keeps its waiting time.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, r Request) error {
	payload, err := json.Marshal(r.Payload)
	if err != nil {
		return fmt.Errorf("job %s: payload: %w", r.Kind, err)
	}
	now := q.now()
	at := r.At
	if at.IsZero() {
		at = now
	}
	if _, err := enqueue.Run(ctx, tx, rand.Text(), r.Kind, r.Host, r.Unique, payload, now.UnixMicro(), at.UnixMicro()); err != nil {
		return err
	}
	tx.AfterCommit(q.Wake)
	return nil
}

// scheduled leaves a job that is there already as it is.
var scheduled = db.Exec(`
	insert into job (id, kind, host, uniq, payload, created, run_at, tries, lease, leased_until, again, dead, error)
	values ($1, $2, '', 'every', $3, $4, $4, 0, '', 0, false, false, '')
	on conflict (kind, uniq) where uniq <> '' and not dead do nothing`)

// Wake makes this process look for jobs now.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default: // it will look anyway
	}
}

var cancelJob = db.Exec(`delete from job where kind = $1 and uniq = $2 and uniq <> '' and not dead`)

// Cancel takes a job back by its unique key. One that runs is not interrupted,
// but will not run again.
func (q *Queue) Cancel(ctx context.Context, tx *db.Tx, kind, unique string) error {
	_, err := cancelJob.Run(ctx, tx, kind, unique)
	return err
}

var (
	deadJobs = db.Rows[Job](`select id, kind, host, uniq, payload, created, tries, error
		from job where dead order by created, id limit $1`)
	// A living job with the same key makes the dead one needless.
	revive = db.Exec(`update job set dead = false, tries = 0, run_at = $2 where id = $1 and dead
		and not exists (select 1 from job j where j.kind = job.kind and j.uniq = job.uniq and j.uniq <> '' and not j.dead)`)
	discard = db.Exec(`delete from job where id = $1 and dead`)
)

// Dead lists jobs that were given up, the oldest first.
func (q *Queue) Dead(ctx context.Context, limit int) ([]Job, error) {
	return deadJobs.All(ctx, q.db, limit)
}

// Revive gives a dead job all its tries anew, from now on. If its work waits in
// another job with the same unique key, the dead one is removed.
func (q *Queue) Revive(ctx context.Context, tx *db.Tx, id string) error {
	n, err := revive.Run(ctx, tx, id, q.now().UnixMicro())
	if err == nil && n == 0 {
		return q.Discard(ctx, tx, id)
	}
	tx.AfterCommit(q.Wake)
	return err
}

// Discard removes a dead job.
func (q *Queue) Discard(ctx context.Context, tx *db.Tx, id string) error {
	_, err := discard.Run(ctx, tx, id)
	return err
}

// grace is what a lease lasts beyond the handler's time, for a slow clock and a
// slow commit.
const grace = 30 * time.Second

var (
	lockClaims = db.Exec(`update job_claim set one = one`)
	claim      = db.Rows[Job](`
	with due as (
		select id, host, run_at, row_number() over (partition by host order by run_at, id) as nth
		from job where not dead and run_at <= $1 and leased_until <= $1 and ` + ours("$6", "$7") + `
	), busy as (
		select host, count(*) as n from job where not dead and leased_until > $1 group by host
	)
	update job set lease = $2, leased_until = $3, tries = tries + 1
	where id in (
		select due.id from due left join busy on busy.host = due.host
		where due.host = '' or due.nth + coalesce(busy.n, 0) <= $4
		order by due.run_at, due.id limit $5)
	returning id, kind, host, uniq, payload, created, tries, error`)
	setLease = db.Exec(`update job set leased_until = $3 where id = $1 and lease = $2`)
)

// ours is the condition that a queue does jobs of a kind, by the parameters that
// are its apart and part.
func ours(apart, part string) string {
	return `(replace(` + apart + `, ' ' || kind || ' ', '') <> ` + apart + `) = ` + part
}

// claim leases up to n jobs that are due, fairly between hosts.
func (q *Queue) claim(ctx context.Context, n int) (jobs []Job, err error) {
	lease := rand.Text()
	err = q.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := lockClaims.Run(ctx, tx); err != nil {
			return err
		}
		now := q.now()
		jobs, err = claim.All(ctx, tx, now.UnixMicro(), lease, now.Add(grace).UnixMicro(), q.PerHost, n, q.apart, q.part)
		if err != nil {
			return err
		}
		for _, j := range jobs { // for as long as its own kind may take: another's may be hours
			if _, err := setLease.Run(ctx, tx, j.ID, lease, now.Add(q.kinds[j.Kind].Timeout+grace).UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range jobs {
		jobs[i].lease = lease
	}
	return jobs, err
}

// outlook is what waits: whether anything is due, when the next thing comes due,
// and when the next lease runs out. 0 is never.
type outlook struct {
	Due      bool
	NextDue  int64
	LeaseEnd int64
}

var look = db.Rows[outlook](`select
	exists (select 1 from job where not dead and run_at <= $1 and leased_until <= $1 and ` + ours("$2", "$3") + `),
	coalesce((select min(run_at) from job where not dead and run_at > $1 and ` + ours("$2", "$3") + `), 0),
	coalesce((select min(leased_until) from job where lease <> '' and leased_until > $1), 0)`)

// ErrLost is what [Queue.Finish] returns when the lease ran out and another may
// run the job: the transaction must not commit.
var ErrLost = errors.New("job: the lease is lost")

var (
	repeat = db.Exec(`update job set run_at = $3, tries = 0, lease = '', leased_until = 0, again = false, error = ''
		where id = $1 and lease = $2 and (again or $4)`)
	remove = db.Exec(`delete from job where id = $1 and lease = $2`)
	// A request that came while the last try failed deserves tries of its own.
	retry = db.Exec(`update job set run_at = $3, tries = case when again and $5 then 0 else $4 end,
		dead = ($5 and not again), again = false, lease = '', leased_until = 0, error = $6
		where id = $1 and lease = $2`)
)

// Finish marks a job as done in the handler's own transaction, so that the job's
// effect and its end commit together. Who doesn't call it returns nil instead.
func (q *Queue) Finish(ctx context.Context, tx *db.Tx, j Job) error {
	every := q.kinds[j.Kind].Every
	n, err := repeat.Run(ctx, tx, j.ID, j.lease, q.now().Add(every).UnixMicro(), every > 0)
	if err == nil && n == 0 {
		n, err = remove.Run(ctx, tx, j.ID, j.lease)
	}
	if err == nil && n == 0 {
		return ErrLost
	}
	return err
}

// fail lets a job wait for its next try, or buries it.
func (q *Queue) fail(ctx context.Context, tx *db.Tx, j Job, why error) error {
	k, known := q.kinds[j.Kind]
	wait, tries, dead := time.Duration(0), j.Tries, false
	switch l := later(0); {
	case !known: // for a newer version of the program
		wait, tries = time.Hour, tries-1
	case errors.As(why, &l):
		wait, tries = time.Duration(l), tries-1
	case errors.Is(why, errStopped):
		tries--
	default:
		wait = k.backoff(tries)
		dead = k.Every == 0 && (errors.As(why, new(permanent)) || k.MaxTries > 0 && tries >= int64(k.MaxTries))
	}
	_, err := retry.Run(ctx, tx, j.ID, j.lease, q.now().Add(wait).UnixMicro(), tries, dead, storable(why))
	return err
}

// storable is an error's text, which a foreign host may have shaped, as every
// database takes it.
func storable(err error) string {
	return strings.ReplaceAll(strings.ToValidUTF8(fmt.Sprintf("%.1000v", err), "?"), "\x00", "?")
}

func (k Kind) backoff(tries int64) time.Duration {
	wait := k.Longest
	if doublings := tries - 1; doublings < 40 && k.First<<doublings>>doublings == k.First {
		wait = min(wait, k.First<<doublings)
	}
	return wait*3/4 + mathrand.N(wait/2+1)
}
