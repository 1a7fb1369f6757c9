package fed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/record"
)

// The states of a stream of another node.
const (
	remoteFollowed = "followed"
	remoteStopped  = "stopped" // it contradicted itself; a keeper may resume
	remoteLeft     = "left"    // nobody here follows it any more
)

// remote is a stream of another node.
type remote struct {
	Stream     act.Fingerprint
	Actor      string
	Host       string
	State      string
	Trouble    string
	NextPull   int64
	LastHeard  int64
	Subscribed int64
}

const remoteColumns = `stream, actor, host, state, trouble, next_pull, last_heard, subscribed`

var (
	duePulls   = db.Rows[remote](`select ` + remoteColumns + ` from remote where host = $1 and state = 'followed' and next_pull <= $2 order by next_pull, stream`)
	pulled     = db.Exec(`update remote set last_heard = $2, trouble = '' where stream = $1`)
	pullLater  = db.Exec(`update remote set next_pull = $3, trouble = $4 where stream = $1 and next_pull = $2`)
	stopRemote = db.Exec(`update remote set state = 'stopped', trouble = $2 where stream = $1`)
	subscribed = db.Exec(`update remote set subscribed = $2 where stream = $1`)
)

const (
	pagesAtOnce = 50             // then others have their turn
	pullEvery   = time.Hour      // when no hint comes
	renewEvery  = 24 * time.Hour // that we want hints
)

// pullFrom pulls what is due from a host, and tells whether there is more.
func (n *Node) pullFrom(ctx context.Context, host string) (more bool, err error) {
	list, err := duePulls.All(ctx, n.db, host, act.Micros(n.now()))
	if err != nil {
		return false, err
	}
	for _, r := range list {
		unfinished, err := n.pull(ctx, r, pagesAtOnce)
		if err != nil {
			if err = n.judge(ctx, r, err); err != nil {
				return more, err
			}
			continue
		}
		if now, err := hintedRemote.One(ctx, n.db, r.Stream); err != nil || now.Host != host { // it moved, and is due there
			if err != nil && !fault.Is(err, fault.NotFound) {
				return more, err
			}
			continue
		}
		more = more || unfinished
		if unfinished {
			continue
		}
		if err := n.askForHints(ctx, r); err != nil {
			return more, err
		}
		if err := n.lookAgain(ctx, r, pullEvery/2+rand.N(pullEvery), ""); err != nil {
			return more, err
		}
	}
	return more, nil
}

// lookAgain sets when a stream is pulled next, unless a hint came meanwhile.
func (n *Node) lookAgain(ctx context.Context, r remote, in time.Duration, trouble string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := pullLater.Run(ctx, tx, r.Stream, r.NextPull, act.Micros(n.now().Add(in)), trouble)
		return err
	})
}

// errSpoilt marks what fails verification, as against what can't be read.
type errSpoilt struct{ err error }

func (e errSpoilt) Error() string { return e.err.Error() }
func (e errSpoilt) Unwrap() error { return e.err }

// judge decides what an error of a pull means for the stream. It returns the
// errors that are the host's, or ours.
func (n *Node) judge(ctx context.Context, r remote, err error) error {
	var spoilt errSpoilt
	switch {
	case errors.Is(err, act.ErrFork):
		return n.stop(ctx, r, "fed.notice.fork")
	case errors.Is(err, record.ErrUnproven):
		return n.stop(ctx, r, "fed.notice.unproven")
	case errors.As(err, &spoilt):
		logError("stream "+r.Stream.Short()+" of "+r.Actor, err)
		return n.stop(ctx, r, "fed.notice.signature")
	case errors.Is(err, record.ErrRewind):
		if err := n.notifyFollowers(ctx, r, "fed.notice.rewind"); err != nil {
			return err
		}
		return n.lookAgain(ctx, r, pullEvery, "fed.notice.rewind")
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden), fault.Is(err, fault.SignIn):
		return n.lookAgain(ctx, r, 24*time.Hour, faultKey(err))
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.TooLarge): // garbage
		return fault.Wrap(fault.Unavailable, err, "fault.unreadable")
	}
	return err
}

// stop ends the following of a stream until a keeper resumes it.
func (n *Node) stop(ctx context.Context, r remote, why string) error {
	err := n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := stopRemote.Run(ctx, tx, r.Stream, why)
		return err
	})
	if err != nil {
		return err
	}
	return n.notifyFollowers(ctx, r, why)
}

// pull fetches up to a number of pages of a stream from where we are, and tells
// whether there is more. Each page is verified whole before anything of it is
// applied.
func (n *Node) pull(ctx context.Context, r remote, pages int) (more bool, err error) {
	for range pages {
		s, err := n.log.StreamOf(ctx, r.Stream)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return false, err
		}
		raw, err := n.call(ctx, http.MethodGet, fmt.Sprintf("%s%s/stream?from=%d&limit=%d", r.Host, path(r.Actor), s.Size, maxActs), nil)
		if err != nil {
			return false, err
		}
		size, err := n.take(ctx, r, s.Size, raw)
		if err != nil {
			return false, err
		}
		if err := n.notePulled(ctx, r); err != nil {
			return false, err
		}
		from := r.Host
		if r, err = n.follows(ctx, r); err != nil {
			return false, err
		}
		if r.Host != from {
			continue // there may be more where it is kept now
		}
		if size.held >= size.signed {
			return false, nil
		}
		if size.held == s.Size {
			return false, fault.New(fault.Unavailable, "fault.unreadable") // a page without acts though there are some
		}
	}
	return true, nil
}

func (n *Node) notePulled(ctx context.Context, r remote) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := pulled.Run(ctx, tx, r.Stream, act.Micros(n.now()))
		return err
	})
}

type sizes struct{ held, signed int64 }

// take verifies a page that continues a stream at from and applies it: each act
// by its key, then all with what we hold against the signed head.
func (n *Node) take(ctx context.Context, r remote, from int64, raw []byte) (sizes, error) {
	p, entries, err := parsePage(raw, r.Stream, from)
	if err != nil {
		return sizes{}, err
	}
	if from == 0 && (len(entries) == 0 || entries[0].Act.Actor != r.Actor) {
		return sizes{}, errSpoilt{fault.At("actor", "fault.other_actor")}
	}
	if err := act.VerifyEntries(ctx, n.db, r.Stream, from, entries); err != nil {
		return sizes{}, spoilt(err)
	}
	proof, err := p.hashes()
	if err != nil {
		return sizes{}, err
	}
	keyAt, err := act.KeyAfter(ctx, n.db, r.Stream, from, entries, p.Keys)
	if err != nil {
		return sizes{}, spoilt(err)
	}
	origin, err := n.originOf(ctx, r.Stream, entries)
	if err != nil {
		return sizes{}, err
	}
	leaves := make([]act.Hash, len(entries))
	for i, e := range entries {
		leaves[i] = e.Act.Leaf
	}
	head, err := n.record.Verify(ctx, r.Stream, origin, from, leaves, record.Page{Checkpoint: []byte(p.Checkpoint), Proof: proof, KeyAt: keyAt})
	if err != nil {
		return sizes{}, spoilt(err)
	}
	held := from
	if len(entries) > 0 {
		if held, err = n.log.Receive(ctx, r.Stream, entries); err != nil {
			return sizes{}, err
		}
	}
	return sizes{held, head.Size}, n.record.Keep(ctx, r.Stream, head)
}

// spoilt marks an error of verification that speaks against the stream; those of
// our own database don't.
func spoilt(err error) error {
	if fault.Is(err, fault.Invalid) || errors.Is(err, act.ErrProof) {
		return errSpoilt{err}
	}
	return err
}

// originOf is the name of a stream's log: ours, or as the first act founds it.
func (n *Node) originOf(ctx context.Context, f act.Fingerprint, entries []act.Entry) (string, error) {
	s, err := n.log.StreamOf(ctx, f)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return s.Origin, err
	}
	var found act.Found
	if err := json.Unmarshal(entries[0].Act.Object, &found); err != nil {
		return "", fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return found.Origin, nil
}

// askForHints asks a stream's node to tell us when it grows, once a day.
func (n *Node) askForHints(ctx context.Context, r remote) error {
	now := n.now()
	if now.Sub(act.FromMicros(r.Subscribed)) < renewEvery {
		return nil
	}
	s, err := n.log.StreamOf(ctx, r.Stream)
	if err != nil {
		return err
	}
	body, err := json.Marshal(subscribeDocument{Stream: r.Stream, Held: s.Size})
	if err != nil {
		return err
	}
	_, err = n.call(ctx, http.MethodPost, r.Host+"/fed/subscribe", body)
	if err != nil {
		if down(err) && !fault.Is(err, fault.TooMany) {
			return err
		}
		return nil // we pull every hour all the same
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := subscribed.Run(ctx, tx, r.Stream, act.Micros(now))
		return err
	})
}
