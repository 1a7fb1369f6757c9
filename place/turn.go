package place

import (
	"cmp"
	"context"
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"
	"time"

	"translocal/fault"
)

// turns lets a few at once hash a password; the others wait. Whoever failed
// least of late comes first, by the account that is tried and the address that it is
// tried from together. So a storm of guesses, from one address or many, at one
// account or many, stands behind who comes for the first time and knows the password,
// also when it is at their own account: there the guessers' addresses tell.
// It is no limit on guessing (web counts tries): it is about who waits for whom.
//
// What is kept is bounded: who waits, and two tables of counts that hold neither
// names nor addresses.
type turns struct {
	slots int
	now   func() time.Time

	mu      sync.Mutex
	free    int
	waiting []*turn // in the order in which they came
	took    time.Duration
	tried   counts
}

// source is what a try is counted by.
type source struct{ account, address string }

type turn struct {
	source
	given chan error // nil: it is their turn
}

// Bounds on waiting. The whole queue is hashed in a few seconds.
const (
	mostOfSource = 4   // of one account from one address
	mostWaiting  = 100 // for each slot
	longestWait  = 10 * time.Second
)

func newTurns(slots int) *turns {
	return &turns{slots: slots, free: slots, now: time.Now, tried: counts{hash: hasher()}}
}

type fromKey struct{}

// From notes the address that a request comes from: who waits for a turn to sign
// in is told apart by it.
func From(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, fromKey{}, address)
}

func sourceOf(ctx context.Context, account string) source {
	address, _ := ctx.Value(fromKey{}).(string)
	return source{account, address}
}

// take waits for a turn and returns what ends it. Whoever can't have one soon is
// told when to come again, by a fault of kind TooMany.
func (q *turns) take(ctx context.Context, s source) (end func(), err error) {
	t, err := q.join(s)
	if err != nil {
		return nil, err
	}
	began := q.now()
	if t != nil {
		if err := q.wait(ctx, t); err != nil {
			return nil, err
		}
		began = q.now()
	}
	return func() { q.end(s, q.now().Sub(began)) }, nil
}

// join gives a turn at once (nil), or a place in the queue.
func (q *turns) join(s source) (*turn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		q.tried.add(s, q.now(), 1)
		return nil, nil
	}
	same := 0
	for _, t := range q.waiting {
		if t.source == s {
			same++
		}
	}
	if same >= mostOfSource {
		return nil, q.busy()
	}
	if len(q.waiting) >= mostWaiting*q.slots {
		last := slices.MaxFunc(q.waiting, q.compare) // the first of those who failed most
		if q.rank(last.source) <= q.rank(s)+2 {      // as if it stood there already
			return nil, q.busy()
		}
		q.drop(last)
		last.given <- q.busy()
	}
	q.tried.add(s, q.now(), 1)
	t := &turn{source: s, given: make(chan error, 1)}
	q.waiting = append(q.waiting, t)
	return t, nil
}

func (q *turns) wait(ctx context.Context, t *turn) error {
	patience := time.NewTimer(longestWait)
	defer patience.Stop()
	var err error
	select {
	case err := <-t.given:
		return err
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !slices.Contains(q.waiting, t) { // it was given at the same moment
		return <-t.given
	}
	q.drop(t)
	return cmp.Or(err, q.busy())
}

// drop takes somebody out of the queue.
func (q *turns) drop(t *turn) {
	q.waiting = slices.DeleteFunc(q.waiting, func(o *turn) bool { return o == t })
	q.tried.add(t.source, q.now(), -1)
}

// end hands the turn to who failed least, and of those to who came first.
func (q *turns) end(s source, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.took = took
	q.tried.add(s, q.now(), -1)
	if len(q.waiting) == 0 {
		q.free++
		return
	}
	next := slices.MinFunc(q.waiting, q.compare)
	q.waiting = slices.DeleteFunc(q.waiting, func(o *turn) bool { return o == next })
	next.given <- nil
}

// failed remembers a try that was wrong.
func (q *turns) failed(s source) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tried.add(s, q.now(), 1)
}

func (q *turns) rank(s source) int { return q.tried.of(s) }

func (q *turns) compare(a, b *turn) int { return cmp.Compare(q.rank(a.source), q.rank(b.source)) }

// busy says when the queue of now will be done, rounded up.
func (q *turns) busy() error {
	left := q.took * time.Duration(len(q.waiting)+1) / time.Duration(q.slots)
	return fault.New(fault.TooMany, "limit.busy", "seconds", 1+int64(left/time.Second))
}

// counts are how many tries were wrong of late or are under way, by account and
// by address, each in a table by a hash with a seed of this process: some share
// a count, and nobody can choose with whom. All are halved each minute.
type counts struct {
	hash             func(string) uint64
	account, address [countSize]int32
	halved           time.Time
}

const countSize = 1 << 12

func hasher() func(string) uint64 {
	seed := maphash.MakeSeed()
	return func(s string) uint64 { return maphash.String(seed, s) }
}

func (c *counts) at(s source) (account, address *int32) {
	return &c.account[c.hash(s.account)%countSize], &c.address[c.hash(s.address)%countSize]
}

func (c *counts) of(s source) int {
	account, address := c.at(s)
	return int(*account) + int(*address)
}

func (c *counts) add(s source, now time.Time, n int32) {
	c.halve(now)
	account, address := c.at(s)
	*account, *address = max(0, *account+n), max(0, *address+n)
}

func (c *counts) halve(now time.Time) {
	minutes := now.Sub(c.halved) / time.Minute
	if minutes <= 0 {
		return
	}
	by := min(int(minutes), bits.UintSize/2-1)
	for i := range c.account {
		c.account[i] >>= by
		c.address[i] >>= by
	}
	c.halved = now
}
