package act

import (
	"context"
	"encoding/json"

	"translocal/db"
	"translocal/fault"
)

// massErasure is how many parts another place may have erased here within one
// act before one of our keepers must agree: a captor with its key must not be
// able to wipe the copies that others hold.
const massErasure = 20

var (
	deletePart   = db.Exec(`delete from part where stream = $1 and idx = $2 and name = $3`)
	holdErasure  = db.Exec(`insert into erasure_held (stream, idx, parts) values ($1, $2, $3)`)
	dropHeld     = db.Exec(`delete from erasure_held where stream = $1 and idx = $2`)
	heldErasures = db.Rows[HeldErasure](`select stream, idx, parts from erasure_held order by stream, idx`)
	erasedSince  = db.Rows[[]byte](`select envelope from act where stream = $1 and type = '` + EraseType + `' and state = 0 and published > $2 and idx < $3`)
)

// HeldErasure is an erasure that a followed place asked for and that waits.
type HeldErasure struct {
	Stream Fingerprint
	Index  int64
	Parts  int64
}

// erase removes the parts that an Erase act names. Those of others are counted
// over a day, so that many small erasures are held like a large one.
func erase(ctx context.Context, tx *db.Tx, a *Act, own bool) error {
	var e Erase
	if err := json.Unmarshal(a.Object, &e); err != nil {
		return err
	}
	if !own {
		n, err := recentlyErased(ctx, tx, a)
		if err != nil {
			return err
		}
		if n+len(e.Parts) > massErasure {
			_, err := holdErasure.Run(ctx, tx, a.Stream, a.Index, len(e.Parts))
			return err
		}
	}
	return deleteParts(ctx, tx, a.Stream, e)
}

func recentlyErased(ctx context.Context, tx *db.Tx, a *Act) (n int, err error) {
	const day = int64(24 * 60 * 60 * 1e6)
	rows, err := erasedSince.All(ctx, tx, a.Stream, Micros(a.Published)-day, a.Index)
	if err != nil {
		return 0, err
	}
	for _, raw := range rows {
		earlier, err := Parse(raw)
		if err != nil {
			return 0, err
		}
		var e Erase
		if err := json.Unmarshal(earlier.Object, &e); err != nil {
			return 0, err
		}
		n += len(e.Parts)
	}
	return n, nil
}

func deleteParts(ctx context.Context, tx *db.Tx, f Fingerprint, e Erase) error {
	for _, p := range e.Parts {
		if _, err := deletePart.Run(ctx, tx, f, p.Index, p.Name); err != nil {
			return err
		}
	}
	return nil
}

// HeldErasures lists the erasures that wait for one of our keepers.
func (l *Log) HeldErasures(ctx context.Context) ([]HeldErasure, error) {
	return heldErasures.All(ctx, l.db)
}

// AllowErasure carries out an erasure that was held.
func (l *Log) AllowErasure(ctx context.Context, f Fingerprint, index int64) error {
	entry, err := l.Entry(ctx, f, index)
	if err != nil {
		return err
	}
	var e Erase
	if err := json.Unmarshal(entry.Act.Object, &e); err != nil {
		return fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		n, err := dropHeld.Run(ctx, tx, f, index)
		if err != nil {
			return err
		}
		if n == 0 {
			return db.ErrNoRow
		}
		return deleteParts(ctx, tx, f, e)
	})
}
