package fed

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"translocal/fault"
	"translocal/limit"
)

// What one host (or, unsigned, one address) may ask of us. More is refused with
// 429 and told to the keepers of the site once, not queued. Submissions, which
// people have to read, are counted over all replicas; pulls and hints are held
// back for the sake of one process's time, and are counted in its memory.
const (
	pullsPerSecond = 50
	hintsPerSecond = 5
	submitsPerDay  = 1000
	maxHosts       = 5000 // of whom we keep count
)

var submitRate = limit.Rate{Each: 24 * time.Hour / submitsPerDay, Burst: submitsPerDay / 4}

type limits struct {
	now func() time.Time
	mu  sync.Mutex
	m   map[string]*allowance
}

type allowance struct {
	pulls, hints *rate.Limiter
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, m: map[string]*allowance{}}
}

func (l *limits) of(host string) *allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.m[host]
	if a == nil {
		if len(l.m) >= maxHosts { // a flood from many: everybody begins anew
			clear(l.m)
		}
		a = &allowance{pulls: rate.NewLimiter(pullsPerSecond, 10*pullsPerSecond), hints: rate.NewLimiter(hintsPerSecond, 20*hintsPerSecond)}
		l.m[host] = a
	}
	return a
}

func (n *Node) allow(ctx context.Context, host, what string, limiter *rate.Limiter) error {
	if limiter.AllowN(n.now(), 1) {
		return nil
	}
	return n.flooded(ctx, host, what)
}

func (n *Node) allowSubmission(ctx context.Context, host string) error {
	wait, err := n.submits.Take(ctx, "submit "+host, submitRate)
	if err != nil || wait == 0 {
		return err
	}
	return n.flooded(ctx, host, "submissions")
}

// flooded tells the keepers of a host that asks too much, and refuses it.
func (n *Node) flooded(ctx context.Context, host, what string) error {
	if host != "" {
		if err := n.notify(ctx, "", "fed.notice.flood_"+what, map[string]string{"host": host}); err != nil {
			return err
		}
	}
	return fault.New(fault.TooMany, "fault.too_many_requests")
}
