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
