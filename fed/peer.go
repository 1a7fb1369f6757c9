package fed

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// A Peer is another node as we know it; for keepers alone.
type Peer struct {
	Host      string
	Failures  int64
	NextTry   int64 // microseconds
	LastHeard int64
	Trouble   string
}

const peerColumns = `host, failures, next_try, last_heard, trouble`

var (
	peerByHost = db.Rows[Peer](`select ` + peerColumns + ` from peer where host = $1`)
	peerAll    = db.Rows[Peer](`select ` + peerColumns + ` from peer order by host`)
	peerFailed = db.Exec(`insert into peer (host, key, failures, next_try, last_heard, trouble) values ($1, '', 1, $2, 0, $3)
		on conflict (host) do update set failures = peer.failures + 1, next_try = excluded.next_try, trouble = excluded.trouble`)
	peerHeard = db.Exec(`insert into peer (host, key, failures, next_try, last_heard, trouble) values ($1, '', 0, 0, $2, '')
		on conflict (host) do update set failures = 0, next_try = 0, last_heard = excluded.last_heard, trouble = ''
		where peer.failures > 0 or peer.last_heard < $2 - 60000000`)
)

// heard notes a sign of life of a host; whatever waits for it may go at once.
func (n *Node) heard(ctx context.Context, host string) error {
	p, err := peerByHost.One(ctx, n.db, host)
	now := act.Micros(n.now())
	if err == nil && p.Failures == 0 && now-p.LastHeard < int64(time.Minute/time.Microsecond) {
		return nil // not a write for each request
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := peerHeard.Run(ctx, tx, host, now)
		if p.Failures > 0 {
			tx.AfterCommit(n.Wake)
		}
		return err
	})
}

// failed notes that a host can't be reached, and for how long it is left alone:
// longer each time, up to a day, with some chance so that not all come at once,
// and no less than it asked for.
func (n *Node) failed(ctx context.Context, host string, cause error) error {
	p, err := peerByHost.One(ctx, n.db, host)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	wait := jitter(backOff(p.Failures + 1))
	var later *act.Later
	if errors.As(cause, &later) {
		wait = max(wait, later.After)
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := peerFailed.Run(ctx, tx, host, act.Micros(n.now().Add(wait)), faultKey(cause))
		return err
	})
}

// backOff is how long a host is left alone after failures in a row: n⁴ + 1 s, at
// most a day: 2 s, 17 s, 82 s, 4 min, 10 min, 22 min, …
func backOff(failures int64) time.Duration {
	n := min(failures, 18)
	return min(time.Duration(n*n*n*n+1)*time.Second, 24*time.Hour)
}

// jitter takes up to a quarter off.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/4+1) }

// resting tells whether a host is to be left alone now.
func (n *Node) resting(ctx context.Context, host string) (bool, error) {
	p, err := peerByHost.One(ctx, n.db, host)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return p.NextTry > act.Micros(n.now()), err
}

// down tells whether an error is a host's and not that of one request.
func down(err error) bool { return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.TooMany) }

func faultKey(err error) string {
	var e *fault.Error
	if errors.As(err, &e) {
		if len(e.Fields) > 0 {
			return e.Fields[0].Key
		}
		return e.Key
	}
	return "fault.unreachable"
}
