package moderate

import (
	"context"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Limits are what the keepers of a place let newcomers do. The zero value sets
// none. Positions in a decision are neither limited nor held: a vote is a vote.
type Limits struct {
	Hours int `json:"hours"` // how long after coming in somebody is new
	Most  int `json:"most"`  // how much a newcomer may say in that time; 0: any number
	Looks int `json:"looks"` // the first so many things wait for a keeper, whenever they are said
}

type limitRow struct{ Hours, Most, Looks int }

type memberRow struct {
	Role  place.Role
	Since int64
}

var (
	putLimits = db.Exec(`insert into newcomer_limit (stream, hours, most, looks) values ($1, $2, $3, $4)
		on conflict (stream) do update set hours = excluded.hours, most = excluded.most, looks = excluded.looks`)
	limitsOf  = db.Rows[limitRow](`select hours, most, looks from newcomer_limit where stream = $1`)
	memberOf  = db.Rows[memberRow](`select role, since from belongs where stream = $1 and person = $2`)
	countSaid = db.Exec(`insert into newcomer_said (stream, person, n) values ($1, $2, 1) on conflict (stream, person) do update set n = newcomer_said.n + 1`)
	saidBy    = db.Rows[int64](`select n from newcomer_said where stream = $1 and person = $2`)
)

// SetLimits sets what newcomers of a place may do.
func (m *Moderation) SetLimits(ctx context.Context, v place.Viewer, stream act.Fingerprint, l Limits) error {
	var f fault.Fields
	for _, x := range []struct {
		field  string
		n, max int
	}{{"hours", l.Hours, MaxHours}, {"most", l.Most, MaxCount}, {"looks", l.Looks, MaxCount}} {
		if x.n < 0 || x.n > x.max {
			f.Add(x.field, "moderation.range", "max", x.max)
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	return m.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.Moderate, place.Any); err != nil {
			return err
		}
		if _, err := putLimits.Run(ctx, tx, stream, l.Hours, l.Most, l.Looks); err != nil {
			return err
		}
		return place.Note(ctx, tx, v, stream, act.Micros(m.now()), place.LimitDeed, "", "", "")
	})
}

// Limits are those that a place has set; for its members, who are told of them.
func (m *Moderation) Limits(ctx context.Context, v place.Viewer, stream act.Fingerprint) (Limits, error) {
	if err := place.May(ctx, m.db, v, stream, place.ReadLog, place.Any); err != nil {
		return Limits{}, err
	}
	return limits(ctx, m.db, stream)
}

func limits(ctx context.Context, on db.Queryer, stream act.Fingerprint) (Limits, error) {
	row, err := limitsOf.One(ctx, on, stream)
	if fault.Is(err, fault.NotFound) {
		return Limits{}, nil
	}
	return Limits(row), err
}

// Said is told of what a member says, in the transaction that keeps it. It
// refuses a newcomer who has said enough for now, and holds back what a keeper
// is to look at first. Keepers have no limits.
func Said(ctx context.Context, tx *db.Tx, t Thing, now time.Time) error {
	// Counted first: what the same person says at once waits here and is counted after.
	if _, err := countSaid.Run(ctx, tx, t.Stream, t.About); err != nil {
		return err
	}
	return within(ctx, tx, t, now)
}

func within(ctx context.Context, tx *db.Tx, t Thing, now time.Time) error {
	l, err := limits(ctx, tx, t.Stream)
	if err != nil || l == (Limits{}) {
		return err
	}
	who, err := memberOf.One(ctx, tx, t.Stream, t.About)
	if err != nil || who.Role == place.Keeper {
		return err
	}
	n, err := saidBy.One(ctx, tx, t.Stream, t.About)
	if err != nil {
		return err
	}
	n-- // this one
	fresh := act.Micros(now)-who.Since < int64(l.Hours)*int64(time.Hour/time.Microsecond)
	if fresh && l.Most > 0 && int(n) >= l.Most {
		return fault.New(fault.Conflict, "moderation.newcomer", "count", l.Most, "hours", l.Hours)
	}
	if int(n) < l.Looks {
		return hold(ctx, tx, t, act.Micros(now))
	}
	return nil
}
