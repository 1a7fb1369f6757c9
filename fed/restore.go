package fed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
	"translocal/record"
)

// A restored backup lacks the newest acts of our own streams, which others have
// seen signed: to write on would be a fork. So such streams are held: nothing is
// written or signed until those who follow have given back what they hold and
// agree, or a keeper decides.

// holdLost holds the streams that the record finds short, and tells keepers of
// those and of what restoring has held already.
func (n *Node) holdLost(ctx context.Context) error {
	lost, err := n.record.Lost(ctx)
	if err != nil {
		return err
	}
	for _, s := range lost {
		if err := n.log.Hold(ctx, s.Fingerprint, true); err != nil {
			return err
		}
	}
	own, err := n.log.OwnStreams(ctx)
	if err != nil {
		return err
	}
	for _, s := range own {
		if !s.Held {
			continue
		}
		for _, to := range []act.Fingerprint{"", s.Fingerprint} {
			if err := n.notify(ctx, to, "fed.notice.restored", map[string]string{"actor": s.Actor}); err != nil {
				return err
			}
		}
	}
	return nil
}

// held gives a node what we hold of its own stream: GET /fed/held?stream=&from=.
func (n *Node) held(w http.ResponseWriter, r *http.Request) error {
	host, err := n.caller(w, r)
	if err != nil {
		return err
	}
	if host == "" {
		return fault.New(fault.SignIn, "fault.signature")
	}
	s, err := n.log.StreamOf(r.Context(), act.Fingerprint(r.URL.Query().Get("stream")))
	if err == nil && s.Size == 0 {
		err = db.ErrNoRow
	}
	if err != nil {
		return err
	}
	kept, err := n.keptAt(r.Context(), s, host)
	if err == nil && !kept {
		err = db.ErrNoRow
	}
	if err != nil {
		return err
	}
	from, err := number(r, "from", 0, 0, 1<<40)
	if err != nil {
		return err
	}
	head, err := n.record.Last(r.Context(), s.Fingerprint)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	p, err := n.pageOf(r.Context(), s, from, maxActs, s.Size)
	if err != nil {
		return err
	}
	p.Checkpoint = string(head.Note)
	return writeJSON(w, p)
}

var askable = db.Rows[string](`select host from subscriber where stream = $1 union select host from peer order by host`)

// askEvery is how often those who may hold our acts are asked.
const askEvery = time.Minute

func (n *Node) timeToAsk() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now().Sub(n.asked) < askEvery {
		return false
	}
	n.asked = n.now()
	return true
}

// restoreHeld asks for what our held streams lack, and releases those that are
// whole again.
func (n *Node) restoreHeld(ctx context.Context) error {
	own, err := n.log.OwnStreams(ctx)
	if err != nil {
		return err
	}
	for _, s := range own {
		if !s.Held {
			continue
		}
		if err := n.restore(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) restore(ctx context.Context, s act.Stream) error {
	hosts, err := askable.All(ctx, n.db, s.Fingerprint)
	if err != nil {
		return err
	}
	var heads []record.Checkpoint
	answered := 0
	for _, host := range hosts {
		if moved, err := n.movedMeanwhile(ctx, s); err != nil || moved {
			return err
		}
		if host == n.base || n.notBlocked(ctx, n.db, "", host, "") != nil {
			continue
		}
		head, err := n.takeBack(ctx, s, host)
		switch {
		case errors.Is(err, act.ErrFork):
			return n.disagree(ctx, s, host)
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			logError("asking "+host+" for our acts", err)
			continue
		}
		answered++
		heads = append(heads, head...)
	}
	if moved, err := n.movedMeanwhile(ctx, s); err != nil || moved {
		return err
	}
	if answered == 0 {
		return nil // nobody yet; a keeper may decide
	}
	if ok, err := n.agree(ctx, s, heads); err != nil || !ok {
		return err
	}
	return n.release(ctx, s.Fingerprint)
}

// takeBack takes the acts of our stream that a host holds and we don't, and
// returns the signed head that it saw last, if any.
func (n *Node) takeBack(ctx context.Context, s act.Stream, host string) ([]record.Checkpoint, error) {
	for {
		now, err := n.log.StreamOf(ctx, s.Fingerprint)
		if err != nil {
			return nil, err
		}
		raw, err := n.call(ctx, http.MethodGet, fmt.Sprintf("%s/fed/held?stream=%s&from=%d", host, s.Fingerprint, now.Size), nil)
		if err != nil {
			return nil, err
		}
		p, entries, err := parsePage(raw, s.Fingerprint, now.Size)
		if err != nil {
			return nil, err
		}
		if err := act.VerifyEntries(ctx, n.db, s.Fingerprint, now.Size, entries); err != nil {
			return nil, err
		}
		if len(entries) > 0 {
			if _, err := n.log.Receive(ctx, s.Fingerprint, entries); err != nil {
				return nil, err
			}
			continue
		}
		if p.Checkpoint == "" {
			return nil, nil
		}
		head, err := record.OpenCheckpoint([]byte(p.Checkpoint), s.Origin, func(size int64) (string, error) {
			return act.KeyAt(ctx, n.db, s.Fingerprint, size)
		})
		return []record.Checkpoint{head}, err
	}
}

// agree tells whether what we hold now is what each of the heads, signed by us
// before the loss, was signed over.
func (n *Node) agree(ctx context.Context, s act.Stream, heads []record.Checkpoint) (bool, error) {
	now, err := n.log.StreamOf(ctx, s.Fingerprint)
	if err != nil {
		return false, err
	}
	for _, h := range heads {
		if h.Size > now.Size { // seen signed, and held by nobody who answered
			return false, nil
		}
		root, err := n.record.Root(ctx, s.Fingerprint, h.Size)
		if err != nil {
			return false, err
		}
		if root != h.Root {
			return false, n.disagree(ctx, s, "")
		}
	}
	return true, nil
}

func (n *Node) disagree(ctx context.Context, s act.Stream, host string) error {
	return n.notify(ctx, "", "fed.notice.restored_fork", map[string]string{"actor": s.Actor, "host": host})
}

func (n *Node) release(ctx context.Context, f act.Fingerprint) error {
	if err := n.record.Found(ctx, f); err != nil {
		return err
	}
	return n.log.Hold(ctx, f, false)
}

// Held lists our streams that wait for what a backup lacked.
func (n *Node) Held(ctx context.Context, v place.Viewer) ([]act.Stream, error) {
	if err := n.may(ctx, n.db, v, "", place.KeepSite); err != nil {
		return nil, err
	}
	own, err := n.log.OwnStreams(ctx)
	var held []act.Stream
	for _, s := range own {
		if s.Held {
			held = append(held, s)
		}
	}
	return held, err
}

// Override releases a held stream as it is: a keeper knows that nothing is
// missing, or takes it upon themselves that others will see a fork.
func (n *Node) Override(ctx context.Context, v place.Viewer, stream act.Fingerprint) error {
	if err := n.may(ctx, n.db, v, "", place.KeepSite); err != nil {
		return err
	}
	return n.release(ctx, stream)
}
