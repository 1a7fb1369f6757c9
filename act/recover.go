package act

import (
	"context"
	"crypto/ed25519"

	"translocal/db"
	"translocal/fault"
)

var dropUnused = db.Exec(`delete from actor_key where stream = $1 and public not in (select public from stream_key where stream = $1)`)

// PrepareKey makes a signing key for a stream that its root keys are to give it,
// wraps it and returns its Multikey. One that was prepared before and never used
// is thrown away: what was signed for it serves no more.
func (l *Log) PrepareKey(ctx context.Context, tx *db.Tx, f Fingerprint) (public string, err error) {
	if _, err := lockHead.One(ctx, tx, f); err != nil { // another may be using the one before in this moment
		return "", err
	}
	if _, err := dropUnused.Run(ctx, tx, f); err != nil {
		return "", err
	}
	key := newKey()
	wrapped, err := l.keys.wrap(key, f)
	if err != nil {
		return "", err
	}
	public = EncodeKey(key.Public().(ed25519.PublicKey))
	_, err = insertActorKey.Run(ctx, tx, f, public, wrapped)
	return public, err
}

// HeadOf names the newest act of a stream, after which a recovery has to come.
func HeadOf(ctx context.Context, on db.Queryer, s Stream) (Point, error) {
	leaf, err := leafBefore(ctx, on, s.Fingerprint, s.Size)
	if err != nil {
		return Point{}, err
	}
	return Point{Hash: MarshalHash(*leaf), Index: s.Size - 1}, nil
}

// Recover gives one of our own streams the key that a statement of its root keys
// names, and PrepareKey made. also runs in the same transaction.
func (l *Log) Recover(ctx context.Context, s Statement, proofs []RootProof, also func(ctx context.Context, tx *db.Tx) error) error {
	_, err := l.Commit(ctx, s.Stream, func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
		if err := also(ctx, tx); err != nil {
			return nil, err
		}
		h, err := lockHead.One(ctx, tx, s.Stream)
		if err != nil {
			return nil, err
		}
		return nil, l.recover(ctx, tx, h, s, proofs)
	})
	return err
}

// recover appends a Recover act, which the new key signs, by hand.
func (l *Log) recover(ctx context.Context, tx *db.Tx, h head, s Statement, proofs []RootProof) error {
	if s.Type != RecoverType || s.Stream != h.Stream || s.Place != h.Actor {
		return fault.At("statement", "roots.statement.other")
	}
	if s.After.Index != h.Size-1 {
		return fault.At("statement", "roots.statement.late")
	}
	wrapped, err := actorKey.One(ctx, tx, h.Stream, s.Key)
	if fault.Is(err, fault.NotFound) {
		return fault.At("statement", "roots.statement.late")
	}
	if err != nil {
		return err
	}
	key, err := l.keys.unwrap(wrapped, h.Stream)
	if err != nil {
		return err
	}
	published := FromMicros(max(Micros(l.now()), h.Published))
	a, _, err := seal(Draft{Type: RecoverType, Object: Recover{Address: s.Address, After: s.After, Key: s.Key, Proofs: proofs}},
		h.Actor, h.Stream, h.Size, published, key)
	if err != nil {
		return err
	}
	if err := l.put(ctx, tx, a, nil, true); err != nil {
		return err
	}
	_, err = moveHead.Run(ctx, tx, h.Stream, h.Size+1, Micros(published))
	return err
}

var (
	ownStream  = db.Exec(`update stream set own = $2, held = false where fp = $1`)
	retarget   = db.Exec(`update submission_out set host = $2, next_try = $3 where to_stream = $1 and host <> $2 and state in ('queued', 'delivered')`)
	endOutOf   = db.Exec(`update submission_out set state = 'withdrawn' where stream = $1 and state in ('queued', 'delivered')`)
	movedIndex = db.Rows[int64](`select idx from stream_address where stream = $1 order by idx desc limit 1`)
)

// TakeUp makes a stream that we hold and don't write one of ours: by a statement
// of its root keys that names the key which PrepareKey made here, and the address
// of this node. What others published of it and we don't hold is cut off. Erasures
// that are held here stay so until a keeper allows them: a thief of the old key may
// have asked for them. also runs in the same transaction.
func (l *Log) TakeUp(ctx context.Context, s Statement, proofs []RootProof, also func(ctx context.Context, tx *db.Tx) error) error {
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		h, err := lockHead.One(ctx, tx, s.Stream)
		if err != nil {
			return err
		}
		if h.Own {
			return fault.New(fault.Conflict, "fault.own_stream")
		}
		if err := l.recover(ctx, tx, h, s, proofs); err != nil {
			return err
		}
		if _, err := ownStream.Run(ctx, tx, s.Stream, true); err != nil {
			return err
		}
		return also(ctx, tx)
	})
	if err == nil {
		l.announce()
	}
	return err
}

// GiveUp ends that a stream is ours: its root keys gave it to another node. list
// are the acts that say so, verified, which follow ours; it is empty when ours
// went another way, and then the stream stays as we hold it. also runs in the same
// transaction.
func (l *Log) GiveUp(ctx context.Context, f Fingerprint, list []Entry, also func(ctx context.Context, tx *db.Tx) error) error {
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		h, err := lockHead.One(ctx, tx, f)
		if err != nil {
			return err
		}
		if !h.Own {
			return fault.New(fault.Conflict, "fault.not_own_stream")
		}
		if len(list) > 0 && list[0].Act.Index != h.Size {
			return fault.New(fault.Conflict, "fault.gap") // written to in this moment
		}
		if _, err := ownStream.Run(ctx, tx, f, false); err != nil {
			return err
		}
		if _, err := endOutOf.Run(ctx, tx, f); err != nil {
			return err
		}
		if _, err := l.receive(ctx, tx, f, list, true); err != nil {
			return err
		}
		return also(ctx, tx)
	})
	if err == nil {
		l.announce()
	}
	return err
}

// Retarget sends what waits for a stream to the node that keeps it now.
func (l *Log) Retarget(ctx context.Context, tx *db.Tx, f Fingerprint, host string) error {
	_, err := retarget.Run(ctx, tx, f, host, Micros(l.now()))
	tx.AfterCommit(l.nudge)
	return err
}

// MovedTo is the address to which an act, verified, moves its stream, "" where it
// moves it nowhere.
func MovedTo(ctx context.Context, on db.Queryer, a *Act) (address string, err error) {
	var r Recover
	if a.Type != RecoverType || strict(a.Object, &r) != nil || r.Address == "" {
		return "", nil
	}
	u, err := authorityAt(ctx, on, a.Stream, a.Index)
	if err != nil || u.mayRecover(a, &r, nil) != nil {
		return "", err
	}
	return r.Address, nil
}

// MovedAt is the index of the act that moved a stream last, -1 where none did.
func MovedAt(ctx context.Context, on db.Queryer, f Fingerprint) (int64, error) {
	index, err := movedIndex.One(ctx, on, f)
	if fault.Is(err, fault.NotFound) {
		return -1, nil
	}
	return index, err
}
