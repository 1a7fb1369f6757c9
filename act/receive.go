package act

import (
	"context"
	"errors"
	"fmt"

	"translocal/db"
	"translocal/fault"
)

// ErrFork says that a stream holds another act than ours at an index: its
// writer has rewritten or split its history.
var ErrFork = errors.New("the stream differs from what it was")

// VerifyEntries checks that acts continue a stream at an index: canonical, dense, of
// one actor, times that never go back, each signed by the key that the stream
// has there, each part fitting its envelope. At index 0 the first act founds the
// stream. Parts may be missing: they can have been erased. It reads the keys
// from on and changes nothing.
func VerifyEntries(ctx context.Context, on db.Queryer, f Fingerprint, from int64, list []Entry) error {
	v, err := newVerifier(ctx, on, f, from)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := v.next(e); err != nil {
			return fmt.Errorf("act %d of stream %s: %w", v.index, f.Short(), err)
		}
	}
	return nil
}

type verifier struct {
	stream    Fingerprint
	index     int64
	actor     string
	authority authority
	before    *Hash // of the act before; nil at index 0
	published int64
}

func newVerifier(ctx context.Context, on db.Queryer, f Fingerprint, from int64) (*verifier, error) {
	v := &verifier{stream: f, index: from}
	if from == 0 {
		return v, nil
	}
	s, err := streamByFingerprint.One(ctx, on, f)
	if err != nil {
		return nil, err
	}
	v.actor = s.Actor
	if v.published, err = publishedAt.One(ctx, on, f, from-1); err != nil {
		return nil, err
	}
	if v.before, err = leafBefore(ctx, on, f, from); err != nil {
		return nil, err
	}
	v.authority, err = authorityAt(ctx, on, f, from)
	return v, err
}

func (v *verifier) next(e Entry) error {
	a := e.Act
	if a.Index != v.index || a.Stream != v.stream {
		return fault.At("index", "fault.out_of_order")
	}
	if a.Index == 0 {
		var f Found
		if err := strict(a.Object, &f); err != nil || a.Type != FoundType {
			return fault.At("type", "fault.type")
		}
		if err := checkFound(a, &f); err != nil {
			return err // else the stream would have neither name nor key
		}
		v.actor, v.authority = a.Actor, founded(a, &f)
	}
	if a.Actor != v.actor {
		return fault.At("actor", "fault.other_actor")
	}
	if Micros(a.Published) < v.published {
		return fault.At("published", "fault.time_went_back")
	}
	if err := a.verifyBy(v.authority.signer(a, v.before)); err != nil {
		return err
	}
	if err := fitting(e); err != nil {
		return err
	}
	v.passed(a)
	return nil
}

// passed goes on to what comes after an act that was verified.
func (v *verifier) passed(a *Act) {
	var f Found
	if a.Index == 0 && strict(a.Object, &f) == nil {
		v.actor, v.authority = a.Actor, founded(a, &f)
	}
	v.authority.take(a, v.before)
	v.index, v.published, v.before = a.Index+1, Micros(a.Published), &a.Leaf
}

func fitting(e Entry) error {
	refs := map[string]PartRef{}
	for _, r := range e.Act.Parts {
		refs[r.Name] = r
	}
	for _, p := range e.Parts {
		r, ok := refs[p.Name]
		if !ok || !r.Fits(p) {
			return fault.At("parts."+p.Name, "fault.part_differs")
		}
		delete(refs, p.Name) // a part given twice fits once
	}
	return nil
}

// Receive appends verified acts of somebody else's stream in one transaction,
// applies them, and returns the size of the stream afterwards. Acts that we have
// already are compared and passed over; a different one is ErrFork; a gap is a
// Conflict. The caller has checked the acts with VerifyEntries and against a signed
// checkpoint (package record): Receive trusts neither less nor more than that.
func (l *Log) Receive(ctx context.Context, f Fingerprint, list []Entry) (size int64, err error) {
	// First without savepoints, which cost two round trips an act; a void act,
	// which is rare, is found again in a second run with them.
	for _, careful := range []bool{false, true} {
		err = l.db.Write(ctx, func(tx *db.Tx) error {
			size, err = l.receive(ctx, tx, f, list, careful)
			return err
		})
		if !fault.Is(err, fault.Invalid) {
			break
		}
	}
	if err == nil {
		l.announce()
	}
	return size, err
}

func (l *Log) receive(ctx context.Context, tx *db.Tx, f Fingerprint, list []Entry, careful bool) (int64, error) {
	h, err := lockHead.One(ctx, tx, f)
	if fault.Is(err, fault.NotFound) && len(list) > 0 && list[0].Act.Index == 0 {
		h, err = l.meet(ctx, tx, list[0].Act)
	}
	if err != nil {
		return 0, err
	}
	if h.Own && !h.Held {
		return 0, fault.New(fault.Forbidden, "fault.own_stream")
	}
	for _, e := range list {
		a := e.Act
		switch {
		case a.Index < h.Size:
			if err := l.same(ctx, tx, a); err != nil {
				return 0, err
			}
			continue
		case a.Index > h.Size:
			return 0, fault.New(fault.Conflict, "fault.gap")
		}
		if err := l.take(ctx, tx, e, careful); err != nil {
			return 0, err
		}
		h.Size, h.Published = h.Size+1, Micros(a.Published)
	}
	_, err = moveHead.Run(ctx, tx, f, h.Size, h.Published)
	return h.Size, err
}

// meet makes the head row of a stream heard of for the first time.
func (l *Log) meet(ctx context.Context, tx *db.Tx, a *Act) (head, error) {
	var f Found
	if err := strict(a.Object, &f); err != nil {
		return head{}, fault.Wrap(fault.Conflict, err, "fault.envelope")
	}
	if _, err := insertHead.Run(ctx, tx, a.Stream, a.Actor, f.Origin, f.Audience, false); err != nil {
		return head{}, err
	}
	return head{Stream: a.Stream, Actor: a.Actor}, nil
}

func (l *Log) same(ctx context.Context, tx *db.Tx, a *Act) error {
	ours, err := Leaves(ctx, tx, a.Stream, a.Index, 1)
	if err != nil {
		return err
	}
	if len(ours) != 1 || ours[0] != a.Leaf {
		return fmt.Errorf("act %d of stream %s: %w", a.Index, a.Stream.Short(), ErrFork)
	}
	return nil
}

func (l *Log) take(ctx context.Context, tx *db.Tx, e Entry, careful bool) error {
	if !careful {
		return l.put(ctx, tx, e.Act, e.Parts, false)
	}
	err := tx.Savepoint(ctx, func() error { return l.put(ctx, tx, e.Act, e.Parts, false) })
	if fault.Is(err, fault.Invalid) { // void: its content breaks a rule of its type
		return l.putVoid(ctx, tx, e)
	}
	return err
}

func (l *Log) putVoid(ctx context.Context, tx *db.Tx, e Entry) error {
	a := e.Act
	if _, err := insertAct.Run(ctx, tx, a.Stream, a.Index, a.Type, Micros(a.Published), a.Leaf[:], void, a.Envelope); err != nil {
		return err
	}
	for _, p := range e.Parts {
		if _, err := insertPart.Run(ctx, tx, a.Stream, a.Index, p.Name, p.Media, p.Salt, p.Body); err != nil {
			return err
		}
	}
	return nil
}
