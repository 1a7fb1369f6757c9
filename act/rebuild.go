package act

import (
	"context"
	"fmt"
	"math/rand/v2"

	"translocal/db"
	"translocal/fault"
)

// Upgrade replays each stream that holds acts of a type that this program now
// knows and an older one did not. It runs at every start.
func (l *Log) Upgrade(ctx context.Context) error {
	for name := range l.types {
		streams, err := unknownOf.All(ctx, l.db, name)
		if err != nil {
			return err
		}
		for _, f := range streams {
			if err := l.Replay(ctx, f); err != nil {
				return fmt.Errorf("replay %s for %s: %w", f.Short(), name, err)
			}
		}
	}
	return nil
}

var (
	unknownOf = db.Rows[Fingerprint](`select distinct stream from act where type = $1 and state = 1`)
	setState  = db.Exec(`update act set state = $3 where stream = $1 and idx = $2`)
)

// Replay drops the public rows of a stream and applies its acts again.
func (l *Log) Replay(ctx context.Context, f Fingerprint) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		for _, s := range l.clear {
			if _, err := s.Run(ctx, tx, f); err != nil {
				return err
			}
		}
		for from := int64(0); ; {
			rows, err := actRows.All(ctx, tx, f, from, 200)
			if err != nil || len(rows) == 0 {
				return err
			}
			for _, r := range rows {
				if err := l.replayOne(ctx, tx, r); err != nil {
					return err
				}
			}
			from = rows[len(rows)-1].Index + 1
		}
	})
}

func (l *Log) replayOne(ctx context.Context, tx *db.Tx, r stored) error {
	a, err := Parse(r.Envelope)
	if err != nil {
		return err
	}
	state, apply, err := l.open(a)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return err
	}
	if state == applied {
		err = tx.Savepoint(ctx, func() error { return apply(ctx, tx) })
		if fault.Is(err, fault.Invalid) {
			state, err = void, nil
		}
		if err != nil {
			return err
		}
	}
	if int64(state) == r.State {
		return nil
	}
	_, err = setState.Run(ctx, tx, a.Stream, a.Index, state)
	return err
}

// Rebuild replays every stream of l into an empty log over another database,
// the streams interleaved at random: each act in its stream's order, the order
// between streams drawn from seed. progress, if not nil, hears of each act.
func (l *Log) Rebuild(ctx context.Context, into *Log, seed uint64, progress func(done, all int64)) error {
	streams, err := l.Streams(ctx)
	if err != nil {
		return err
	}
	var all, done int64
	var open []*replayStream
	for _, s := range streams {
		all += s.Size
		if s.Size > 0 {
			open = append(open, &replayStream{Stream: s})
		}
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for len(open) > 0 {
		i := r.IntN(len(open))
		s := open[i]
		n, err := s.step(ctx, l, into, 1+r.IntN(20))
		if err != nil {
			return fmt.Errorf("stream %s (%s): %w", s.Fingerprint.Short(), s.Actor, err)
		}
		if done += n; progress != nil {
			progress(done, all)
		}
		if s.next >= s.Size {
			open = append(open[:i], open[i+1:]...)
		}
	}
	return nil
}

type replayStream struct {
	Stream
	next int64
}

// step moves up to n acts over, verified anew.
func (s *replayStream) step(ctx context.Context, from, into *Log, n int) (int64, error) {
	list, err := from.Entries(ctx, s.Fingerprint, s.next, min(n, int(s.Size-s.next)))
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, fmt.Errorf("act %d is missing", s.next)
	}
	if err := VerifyEntries(ctx, into.db, s.Fingerprint, s.next, list); err != nil {
		return 0, err
	}
	if _, err := into.Receive(ctx, s.Fingerprint, list); err != nil {
		return 0, err
	}
	s.next += int64(len(list))
	return int64(len(list)), nil
}

// Difference is one row of a public table that differs between two databases.
type Difference struct {
	Table string
	Key   string
	A, B  string // the row in canonical form; empty where there is none
}

// Compare compares every public table of two databases by key.
func Compare(ctx context.Context, a, b *db.DB, tables []Table) ([]Difference, error) {
	var found []Difference
	for _, t := range tables {
		rows, err := a.Dump(ctx, t.Name, t.Key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		other, err := b.Dump(ctx, t.Name, t.Key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		for k, row := range rows {
			if other[k] != row {
				found = append(found, Difference{t.Name, k, row, other[k]})
			}
		}
		for k, row := range other {
			if _, ok := rows[k]; !ok {
				found = append(found, Difference{t.Name, k, "", row})
			}
		}
	}
	return found, nil
}
