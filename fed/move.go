package fed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
	"translocal/record"
)

// A place moves when its root keys give it a new signing key and the address of
// another node (act.Recover). Its URL stays what it was founded as: it is a name,
// and every id and reference under it goes on to hold. Where the place is kept
// follows from its acts.

var (
	forgetRemote = db.Exec(`delete from remote where stream = $1`)
	forgetFollow = db.Exec(`delete from follow where followed = $1`)
	tellPeers    = db.Exec(`insert into subscriber (stream, host, told, since) select $1, host, 0, $2 from peer where host <> $3 on conflict (stream, host) do update set told = 0`)
	tellOne      = db.Exec(`insert into subscriber (stream, host, told, since) values ($1, $2, 0, $3) on conflict (stream, host) do update set told = 0`)
	relocate     = db.Exec(`update remote set host = $2, next_pull = $3, subscribed = 0 where stream = $1 and host <> $2`)
	moveRemote   = db.Exec(`insert into remote (stream, actor, host, state, trouble, next_pull, last_heard, subscribed) values ($1, $2, $3, $4, $5, $6, $6, 0)
		on conflict (stream) do update set host = excluded.host, state = excluded.state, trouble = excluded.trouble, next_pull = excluded.next_pull, subscribed = 0`)
	errNoDocument = errors.New("fed: no document of a place")

	keptByToken = db.Rows[act.Fingerprint](`select s.fp from stream s where s.actor like $1
		and (s.own or exists (select 1 from stream_address d where d.stream = s.fp and d.address = $2)) order by s.own desc, s.fp limit 1`)
)

// path is the path of an actor's URL on whichever node keeps it.
func path(actor string) string { return strings.TrimPrefix(actor, act.Host(actor)) }

// TakeUp makes a place of another node, which we hold, one of this node, by a
// statement that its root keys signed, and sees to it that the node that kept it
// and all that we know hear of it. It returns the secret of a link for the place's
// first keeper here.
func (n *Node) TakeUp(ctx context.Context, p *place.Places, v place.Viewer, f act.Fingerprint, statement, proofs string) (secret string, err error) {
	if err := n.may(ctx, n.db, v, "", place.KeepSite); err != nil {
		return "", err
	}
	s, err := n.log.StreamOf(ctx, f)
	if err != nil {
		return "", err
	}
	before, err := act.AddressOf(ctx, n.db, s)
	if err != nil {
		return "", err
	}
	secret, err = p.TakeUp(ctx, v, f, statement, proofs, func(ctx context.Context, tx *db.Tx) error {
		return n.keeps(ctx, tx, s, before)
	})
	if err != nil {
		return "", err
	}
	if err := n.record.Found(ctx, f); err != nil { // the link is shown once, so it is not lost with this
		logError("the record of a place that moved here", err)
	}
	return secret, nil
}

// ReadyToTakeUp brings what we hold of a place of another node up to date before
// its root keys sign for it to come here: what we don't hold is cut off. reached is
// false when the node that keeps it did not answer, or is not known. Of a stream
// that we stopped, because it went two ways or was spoilt, it is a Conflict.
func (n *Node) ReadyToTakeUp(ctx context.Context, v place.Viewer, f act.Fingerprint) (reached bool, err error) {
	if err := n.may(ctx, n.db, v, "", place.KeepSite); err != nil {
		return false, err
	}
	r, err := hintedRemote.One(ctx, n.db, f)
	if fault.Is(err, fault.NotFound) { // read from a file
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if r.State == remoteStopped {
		return false, fault.New(fault.Conflict, "move.stopped")
	}
	more := true
	for more && err == nil {
		more, err = n.pull(ctx, r, pagesAtOnce)
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return err == nil, nil
}

// keeps notes that a stream is ours now, and whom to tell.
func (n *Node) keeps(ctx context.Context, tx *db.Tx, s act.Stream, before string) error {
	if _, err := forgetRemote.Run(ctx, tx, s.Fingerprint); err != nil {
		return err
	}
	if _, err := forgetFollow.Run(ctx, tx, s.Fingerprint); err != nil {
		return err
	}
	now := act.Micros(n.now())
	if _, err := tellPeers.Run(ctx, tx, s.Fingerprint, now, n.base); err != nil {
		return err
	}
	for _, host := range []string{before, act.Host(s.Actor)} {
		if host == n.base {
			continue
		}
		if _, err := tellOne.Run(ctx, tx, s.Fingerprint, host, now); err != nil {
			return err
		}
	}
	tx.AfterCommit(n.Wake)
	return n.log.Retarget(ctx, tx, s.Fingerprint, n.base)
}

// theMove asks a host for the act at an index by which, it says, a stream moved to
// it. Only root keys that we hold of the stream can have made that act, wherever it
// comes from: nothing else that the host says is believed or kept before. Of a
// stream that we are behind with we may not hold them yet: Unavailable, so that the
// host says it again.
func (n *Node) theMove(ctx context.Context, s act.Stream, host string, index int64) (*act.Act, error) {
	raw, err := n.call(ctx, http.MethodGet, fmt.Sprintf("%s%s/stream?from=%d&limit=1", host, path(s.Actor), index), nil)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "fault.unreadable")
	}
	_, entries, err := parsePage(raw, s.Fingerprint, index)
	if err != nil || len(entries) == 0 {
		return nil, errorOr(err, db.ErrNoRow)
	}
	a := entries[0].Act
	if a.Stream != s.Fingerprint || a.Index != index {
		return nil, db.ErrNoRow
	}
	address, err := act.MovedTo(ctx, n.db, a)
	if err != nil || address == host {
		return a, err
	}
	if index > s.Size {
		return nil, fault.New(fault.Unavailable, "fault.unreadable")
	}
	return nil, db.ErrNoRow
}

// holds tells whether an act is the one that we hold at its index.
func (n *Node) holds(ctx context.Context, a *act.Act) (bool, error) {
	index, err := n.log.IndexOf(ctx, a.Stream, a.Leaf)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return index == a.Index, err
}

// heardOfMove takes the word of a host that a stream that we know moved to it: its
// root keys must have said so. Until that is seen, nothing changes here.
func (n *Node) heardOfMove(ctx context.Context, host string, h hintDocument) error {
	s, err := n.log.StreamOf(ctx, h.Stream)
	if err != nil {
		return err
	}
	if s.Own {
		return n.giveUp(ctx, s, host, h.Moved)
	}
	r, err := hintedRemote.One(ctx, n.db, h.Stream)
	if err != nil || r.State != remoteFollowed {
		return errorOr(err, db.ErrNoRow)
	}
	a, err := n.theMove(ctx, s, host, h.Moved)
	if err != nil {
		return err
	}
	if a.Index < s.Size { // our history, and it may have moved on since; or we went another way
		held, err := n.holds(ctx, a)
		if err == nil && !held {
			err = n.stop(ctx, r, "fed.notice.fork")
		}
		return errorOr(err, db.ErrNoRow)
	}
	r.Host = host
	_, err = n.pull(ctx, r, pagesAtOnce)
	switch {
	case errors.Is(err, act.ErrFork):
		return n.stop(ctx, r, "fed.notice.fork")
	case err != nil:
		return fault.Wrap(fault.Unavailable, err, "fault.unreadable")
	}
	if r, err = hintedRemote.One(ctx, n.db, h.Stream); err == nil && r.Host != host {
		err = db.ErrNoRow
	}
	return err
}

// giveUp ends that a stream is ours when its root keys gave it to the node at
// host, by the act at index. Acts that we wrote beside that one are a fork, which
// nobody follows but we who hold it: its keepers are told.
func (n *Node) giveUp(ctx context.Context, s act.Stream, host string, index int64) error {
	a, err := n.theMove(ctx, s, host, index)
	if err != nil {
		return err
	}
	if index < s.Size {
		if held, err := n.holds(ctx, a); err != nil || held { // it moved there and came back, or here, since
			return errorOr(err, db.ErrNoRow)
		}
		return n.log.GiveUp(ctx, s.Fingerprint, nil, func(ctx context.Context, tx *db.Tx) error {
			return n.gaveUp(ctx, tx, s, host, remoteStopped, "fed.notice.moved_fork")
		})
	}
	raw, err := n.call(ctx, http.MethodGet, fmt.Sprintf("%s%s/stream?from=%d&limit=%d", host, path(s.Actor), s.Size, maxActs), nil)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "fault.unreadable")
	}
	_, entries, err := parsePage(raw, s.Fingerprint, s.Size)
	if err != nil {
		return err
	}
	if err := act.VerifyEntries(ctx, n.db, s.Fingerprint, s.Size, entries); err != nil {
		return err
	}
	return n.log.GiveUp(ctx, s.Fingerprint, entries, func(ctx context.Context, tx *db.Tx) error { // the rest is pulled
		return n.gaveUp(ctx, tx, s, host, remoteFollowed, "fed.notice.moved")
	})
}

// gaveUp follows from now on what was ours, and tells its keepers and the site's.
func (n *Node) gaveUp(ctx context.Context, tx *db.Tx, s act.Stream, host, state, kind string) error {
	now := act.Micros(n.now())
	trouble := ""
	if state == remoteStopped {
		trouble = kind
	}
	if _, err := moveRemote.Run(ctx, tx, s.Fingerprint, s.Actor, host, state, trouble, now); err != nil {
		return err
	}
	if _, err := insertFollow.Run(ctx, tx, "", s.Fingerprint, now); err != nil {
		return err
	}
	for _, to := range []act.Fingerprint{"", s.Fingerprint} {
		if err := n.notifyIn(ctx, tx, to, kind, map[string]string{"actor": s.Actor, "host": host}); err != nil {
			return err
		}
	}
	tx.AfterCommit(n.Wake)
	return n.log.Retarget(ctx, tx, s.Fingerprint, host)
}

// follows goes to where the acts of a stream say that it is kept. A node that is
// blocked here is not gone to: nothing more comes then.
func (n *Node) follows(ctx context.Context, r remote) (remote, error) {
	s, err := n.log.StreamOf(ctx, r.Stream)
	if err != nil {
		return r, err
	}
	address, err := act.AddressOf(ctx, n.db, s)
	if err != nil {
		return r, err
	}
	known, err := hintedRemote.One(ctx, n.db, r.Stream)
	if fault.Is(err, fault.NotFound) { // followed for the first time
		r.Host = address
		return r, nil
	}
	if err != nil || known.Host == address {
		r.Host = address
		return r, err
	}
	if err := n.notBlocked(ctx, n.db, "", address, r.Stream); err != nil {
		return r, err
	}
	r.Host = address
	return r, n.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := relocate.Run(ctx, tx, r.Stream, address, act.Micros(n.now())); err != nil {
			return err
		}
		tx.AfterCommit(n.Wake)
		return n.log.Retarget(ctx, tx, r.Stream, address)
	})
}

// served is the stream at the path of a request: one of ours, by the URL that it
// has or by that under which it was founded elsewhere; or one that was kept here and
// moved on, as far as we hold it, so that who looks for it here learns where it is.
func (n *Node) served(r *http.Request) (act.Stream, error) {
	token := r.PathValue("place")
	if !act.IsToken(token) {
		return act.Stream{}, db.ErrNoRow
	}
	s, err := n.log.StreamByActor(r.Context(), n.base+"/p/"+token)
	if err == nil && !s.Own {
		moved, merr := act.MovedAt(r.Context(), n.db, s.Fingerprint)
		if merr != nil {
			return s, merr
		}
		if moved < 0 {
			err = db.ErrNoRow
		}
	}
	if !fault.Is(err, fault.NotFound) {
		return s, err
	}
	f, err := keptByToken.One(r.Context(), n.db, "%/p/"+token, n.base)
	if err != nil {
		return act.Stream{}, err
	}
	return n.log.StreamOf(r.Context(), f)
}

// headOf is a signed head of a stream that we serve, over at least size acts as
// far as there are: of one that moved away the last that came.
func (n *Node) headOf(ctx context.Context, s act.Stream, size int64) (record.Checkpoint, error) {
	if s.Own {
		return n.record.Head(ctx, s.Fingerprint, size)
	}
	return n.record.Last(ctx, s.Fingerprint)
}

// vouched is nil when the host that a place's URL names says, too, that the place
// is this stream: else anybody could make one up that moved to them.
func (n *Node) vouched(ctx context.Context, actor string, f act.Fingerprint) error {
	known, err := n.log.StreamOf(ctx, f)
	if err == nil && known.Actor == actor {
		return nil // heard of before
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	d, err := n.document(ctx, actor+"/actor.json")
	if err != nil {
		return fault.At("address", "fault.other_host")
	}
	if d.ID != actor || d.Stream != f {
		return fault.At("address", "fault.other_host")
	}
	return nil
}

// keptAt tells whether a node keeps a stream, or kept it before: those may ask for
// what we hold of it.
func (n *Node) keptAt(ctx context.Context, s act.Stream, host string) (bool, error) {
	if host == n.base {
		return false, nil
	}
	before, err := act.AddressesOf(ctx, n.db, s)
	return slices.Contains(before, host), err
}

// movedMeanwhile gives a held stream up when what others gave back of it says that
// it moved: the backup is from before.
func (n *Node) movedMeanwhile(ctx context.Context, s act.Stream) (bool, error) {
	address, err := act.AddressOf(ctx, n.db, s)
	if err != nil || address == n.base {
		return false, err
	}
	if moved, err := act.MovedAt(ctx, n.db, s.Fingerprint); err != nil || moved < 0 { // a node's own address may change
		return false, err
	}
	return true, n.log.GiveUp(ctx, s.Fingerprint, nil, func(ctx context.Context, tx *db.Tx) error {
		return n.gaveUp(ctx, tx, s, address, remoteFollowed, "fed.notice.moved")
	})
}

// Moved is a place that moved: to this node, or from it.
type Moved struct {
	Actor   string // its URL, which names the node that founded it
	Own     bool   // it is kept here now
	Address string // base URL of the node that keeps it, where that is another
}

var movedPlaces = db.Rows[Moved](`select s.actor, s.own, coalesce((select r.host from remote r where r.stream = s.fp), '') from stream s
	where exists (select 1 from stream_address d where d.stream = s.fp) or exists (select 1 from remote r where r.stream = s.fp and r.trouble = 'fed.notice.moved_fork') order by s.actor`)

// Moved lists the places that moved here, and those that were kept here before.
func (n *Node) Moved(ctx context.Context) ([]Moved, error) {
	all, err := movedPlaces.All(ctx, n.db)
	var list []Moved
	for _, m := range all {
		here := act.Host(m.Actor) == n.base
		if m.Own && !here || !m.Own && here && m.Address != "" && m.Address != n.base {
			list = append(list, m)
		}
	}
	return list, err
}
