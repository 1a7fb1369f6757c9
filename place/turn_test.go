package place

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"translocal/fault"
)

// queue is one turn, taken, and who waits for it.
type queue struct {
	*turns
	t   *testing.T
	end func()
	out chan string
}

func newQueue(t *testing.T) *queue {
	q := &queue{turns: newTurns(1), t: t, out: make(chan string, 200)}
	q.tried.hash = apart()
	now := time.Now()
	q.now = func() time.Time { return now }
	end, err := q.take(t.Context(), source{"first", "first"})
	must(t, err)
	q.end = end
	return q
}

// apart is a hash by which no two of a test share a count.
func apart() func(string) uint64 {
	known := map[string]uint64{}
	return func(s string) uint64 {
		if _, ok := known[s]; !ok {
			known[s] = uint64(len(known))
		}
		return known[s]
	}
}

// comes has somebody wait, and returns when they stand in the queue.
func (q *queue) comes(name string, s source) {
	q.t.Helper()
	waiter, err := q.join(s)
	must(q.t, err)
	go func() {
		if err := q.wait(context.Background(), waiter); err != nil {
			q.out <- name + " " + string(fault.KindOf(err))
			return
		}
		q.out <- name
		q.turns.end(s, time.Millisecond)
	}()
}

func (q *queue) order(want ...string) {
	q.t.Helper()
	q.end()
	for i, w := range want {
		if got := <-q.out; got != w {
			q.t.Errorf("number %d is %q, want %q", i, got, w)
		}
	}
}

func TestWhoFailedLeastComesFirst(t *testing.T) {
	for name, c := range map[string]struct{ guesser, other source }{
		"one address, many accounts":  {source{"a", "storm"}, source{"b", "storm"}},
		"one account, many addresses": {source{"target", "x"}, source{"target", "y"}},
		"at the account of who knows": {source{"knows", "x"}, source{"knows", "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQueue(t)
			for range 2 {
				q.failed(c.guesser)
				q.failed(c.other)
			}
			q.comes("guess", c.guesser)
			q.comes("another guess", c.other)
			q.comes("who knows", source{"knows", "home"})
			q.comes("who knows too", source{"else", "home of others"})
			got := []string{}
			q.end()
			for range 4 {
				got = append(got, <-q.out)
			}
			for _, i := range []int{2, 3} {
				if got[i] != "guess" && got[i] != "another guess" {
					t.Errorf("the order is %q", got)
				}
			}
		})
	}
}

func TestEqualsComeInTheirOrder(t *testing.T) {
	q := newQueue(t)
	q.comes("one", source{"a", "1"})
	q.comes("two", source{"b", "2"})
	q.comes("three", source{"c", "3"})
	q.order("one", "two", "three")
}

func TestAQueueIsBounded(t *testing.T) {
	q := newQueue(t)
	s := source{"a", "1"}
	for i := range mostOfSource {
		q.comes(strconv.Itoa(i), s)
	}
	_, err := q.join(s)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.TooMany || f.Key != "limit.busy" || f.Args[1].(int64) < 1 {
		t.Errorf("one more of the same: %v", err)
	}
	for i := range mostWaiting - mostOfSource {
		q.comes("many", source{"b" + strconv.Itoa(i), "2"})
	}
	if _, err := q.join(source{"another", "2"}); !fault.Is(err, fault.TooMany) {
		t.Errorf("one more than all: %v", err)
	}
	// One who failed never is let in, in the place of one of the many.
	q.comes("who knows", source{"knows", "home"})
	if got := <-q.out; got != "many too_many" {
		t.Errorf("out came %q", got)
	}
	if n := len(q.waiting); n != mostWaiting {
		t.Errorf("%d wait", n)
	}
	q.order("who knows")
}

func TestWhoGoesAwayLeavesTheQueue(t *testing.T) {
	q := newQueue(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.take(ctx, source{"a", "1"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(q.waiting) != 0 || q.rank(source{"a", "1"}) != 0 {
		t.Error("somebody who went away still waits")
	}
	q.end()
	if q.free != 1 {
		t.Error("a turn was lost")
	}
}

func TestWhatFailedIsForgotten(t *testing.T) {
	q := newTurns(1)
	q.tried.hash = apart()
	now := time.Now()
	q.now = func() time.Time { return now }
	s := source{"a", "1"}
	for range 8 {
		q.failed(s)
	}
	if n := q.rank(s); n != 16 {
		t.Errorf("after eight: %d", n)
	}
	now = now.Add(2 * time.Minute)
	q.failed(source{"other", "other"})
	if n := q.rank(s); n != 4 {
		t.Errorf("two minutes later: %d", n)
	}
	now = now.Add(1000 * time.Hour)
	q.failed(source{"other", "other"})
	if n := q.rank(s); n != 0 {
		t.Errorf("long after: %d", n)
	}
}
