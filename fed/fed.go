// Package fed carries acts and submissions between nodes. Push is a hint, pull
// is the truth: a node tells those who asked that a stream grew, and they fetch
// the acts, verify each signature and the whole against a signed checkpoint, and
// apply them in order. Submissions go out with a receipt for each. Everything
// that waits lies in tables, so that a node that was away for a week, this one
// or the other, loses nothing.
//
// Requests between nodes are signed (RFC 9421) by a key of the node; fetching is
// kept off private addresses; each host is left alone for longer after each
// failure. What a host may lay on us is limited, and more is refused, not queued.
package fed

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"translocal/act"
	"translocal/advance"
	"translocal/db"
	"translocal/limit"
	"translocal/record"
)

// Config is what a Node is made of.
type Config struct {
	Base   string // URL of this node, without a slash at its end
	Log    *act.Log
	Record *record.Record
	// Allow lists host:port, addresses and CIDRs that may be reached though they
	// are private, and without https.
	Allow []string
	// Limits are shared by all replicas; of this process alone if nil.
	Limits *limit.Buckets
}

// Node speaks with other nodes.
type Node struct {
	// Documents are the files that places published; without them none is given,
	// exported or taken. It is set before anything runs.
	Documents *advance.Advances

	base   string
	log    *act.Log
	db     *db.DB
	record *record.Record
	client *client
	key    ed25519.PrivateKey
	public string // Multikey
	now    func() time.Time

	nonces  *memory // of requests that came
	doubts  *memory // hosts whose key we asked for
	limits  *limits
	submits *limit.Buckets
	wake    chan struct{}
	fetches chan struct{} // of strangers' keys, a few at a time

	mu      sync.Mutex
	running map[string]bool // hosts that are being served; "" while held streams are asked for
	asked   time.Time       // when held streams were last asked for
	busy    sync.WaitGroup
	slots   chan struct{}
}

// New opens a node's dealings with others. Streams that a restored backup may
// lack acts of are held from here on, before anything can be written.
func New(ctx context.Context, c Config) (*Node, error) { return newNode(ctx, c, time.Now) }

func newNode(ctx context.Context, c Config, now func() time.Time) (*Node, error) {
	u, err := url.Parse(c.Base)
	if err != nil || hostOf(u) != c.Base || !baseShape.MatchString(c.Base) {
		return nil, fmt.Errorf("fed: %q is no base URL: scheme and host in lower case, nothing more", c.Base)
	}
	n := &Node{base: c.Base, log: c.Log, db: c.Log.DB(), record: c.Record, now: now,
		nonces: newMemory(2*window, 50_000), doubts: newMemory(time.Minute, 5_000), limits: newLimits(now), submits: c.Limits,
		wake: make(chan struct{}, 1), running: map[string]bool{}, slots: make(chan struct{}, 8),
		fetches: make(chan struct{}, 4)}
	if n.submits == nil {
		n.submits = limit.InMemory(now)
	}
	if n.client, err = newClient(c.Allow, now); err != nil {
		return nil, err
	}
	if err := n.openSiteKey(ctx); err != nil {
		return nil, fmt.Errorf("fed: %w", err)
	}
	if err := n.holdLost(ctx); err != nil {
		return nil, fmt.Errorf("fed: %w", err)
	}
	return n, nil
}

// Routes are the handlers of the node by their patterns.
func (n *Node) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /fed/site":                handle(n.site),
		"GET /p/{place}/actor.json":    handle(n.actor),
		"GET /p/{place}/stream":        handle(n.stream),
		"GET /p/{place}/file/{sha256}": handle(n.file),
		"POST /fed/hint":               handle(n.hint),
		"POST /fed/subscribe":          handle(n.subscribe),
		"POST /fed/submit":             handle(n.submit),
		"GET /fed/held":                handle(n.held),
	}
}

const (
	idle   = 10 * time.Second       // at the latest we look again
	settle = 100 * time.Millisecond // commits that come together cause one round
)

// Run delivers and pulls until ctx ends.
func (n *Node) Run(ctx context.Context) {
	for {
		changed := n.log.Changed()
		if err := n.round(ctx); err != nil && ctx.Err() == nil {
			logError("dealing with other nodes", err)
		}
		select {
		case <-ctx.Done():
			n.busy.Wait()
			return
		case <-changed:
		case <-n.log.Submitted():
		case <-n.wake:
		case <-time.After(idle):
		}
		select {
		case <-ctx.Done():
		case <-time.After(settle):
		}
	}
}

// Wake makes Run look for work now.
func (n *Node) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

var (
	hintHosts = db.Rows[string](`select distinct u.host from subscriber u join stream s on s.fp = u.stream where ` + hintedOf + ` and s.size > u.told`)
	pullHosts = db.Rows[string](`select distinct host from remote where state = 'followed' and next_pull <= $1`)
)

// round starts serving each host for which there is something to do, unless it
// is being served or left alone.
func (n *Node) round(ctx context.Context) error {
	if n.timeToAsk() {
		n.once(ctx, "", n.restoreHeld)
	}
	due, err := n.log.DueHosts(ctx)
	if err != nil {
		return err
	}
	hints, err := hintHosts.All(ctx, n.db)
	if err != nil {
		return err
	}
	pulls, err := pullHosts.All(ctx, n.db, act.Micros(n.now()))
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, host := range append(append(due, hints...), pulls...) {
		if seen[host] {
			continue
		}
		seen[host] = true
		rest, err := n.resting(ctx, host)
		if err != nil {
			return err
		}
		if !rest {
			n.begin(ctx, host)
		}
	}
	return nil
}

// begin serves a host in the background, one at a time of each and a few in all.
func (n *Node) begin(ctx context.Context, host string) {
	n.once(ctx, host, func(ctx context.Context) error {
		select {
		case n.slots <- struct{}{}:
			defer func() { <-n.slots }()
			if n.serve(ctx, host) {
				n.Wake()
			}
		case <-ctx.Done():
		}
		return nil
	})
}

// once does something in the background unless the same is being done.
func (n *Node) once(ctx context.Context, what string, f func(context.Context) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.running[what] {
		return
	}
	n.running[what] = true
	n.busy.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			logError("dealing with other nodes", err)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.running, what)
	})
}

// serve does what is due for one host, quick things first, and tells whether
// there is more.
func (n *Node) serve(ctx context.Context, host string) (more bool) {
	_, err := n.log.Deliver(ctx, host, n.send)
	if err == nil && host != n.base {
		err = n.sendHints(ctx, host)
	}
	if err == nil && host != n.base {
		more, err = n.pullFrom(ctx, host)
	}
	if err == nil || ctx.Err() != nil {
		return more
	}
	if !down(err) {
		logError("serving "+host, err)
	}
	if err := n.failed(ctx, host, err); err != nil && ctx.Err() == nil {
		logError("noting that "+host+" failed", err)
	}
	return false
}

func logError(what string, err error) { slog.Error(what, "err", err) }
