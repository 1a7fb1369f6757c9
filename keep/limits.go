package keep

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

const limitsSetting = "storage.limits"

// Limits say how much may be published; 0 is no limit.
type Limits struct {
	Site  int64 `json:"site"`  // bytes of all streams, followed ones too
	Place int64 `json:"place"` // bytes of the stream of each place here
}

// MaxLimit is the highest limit that makes sense: a petabyte, in bytes.
const MaxLimit = 1 << 50

// LimitsOf reads the limits of a site.
func LimitsOf(ctx context.Context, on db.Queryer) (l Limits, err error) {
	text, err := setting.One(ctx, on, limitsSetting)
	if fault.Is(err, fault.NotFound) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	return l, json.Unmarshal([]byte(text), &l)
}

// SetLimits stores them; who may is for the caller to ask.
func SetLimits(ctx context.Context, tx *db.Tx, l Limits) error {
	var f fault.Fields
	for name, n := range map[string]int64{"site": l.Site, "place": l.Place} {
		if n < 0 || n > MaxLimit {
			f.Add(name, "fault.number")
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = putSetting.Run(ctx, tx, limitsSetting, string(text))
	return err
}

// Use is how much room the acts of a stream take.
type Use struct {
	Stream act.Fingerprint
	Actor  string // URL
	Own    bool
	Bytes  int64
}

var (
	useOf     = db.Rows[Use](`select s.fp, s.actor, s.own, coalesce(u.bytes, 0) from stream s left join storage_use u on u.stream = s.fp order by 4 desc, s.fp`)
	usedBy    = db.Rows[int64](`select bytes from storage_use where stream = $1`)
	usedByAll = db.Rows[int64](`select cast(coalesce(sum(bytes), 0) as bigint) from storage_use`)
	addUse    = db.Exec(`insert into storage_use (stream, bytes, measured) values ($1, $2, 0)
		on conflict (stream) do update set bytes = storage_use.bytes + excluded.bytes`)
	setUse = db.Exec(`insert into storage_use (stream, bytes, measured) values ($1, $2, $3)
		on conflict (stream) do update set bytes = excluded.bytes, measured = excluded.measured`)
	lockStream   = db.Exec(`update stream set size = size where fp = $1`)
	measureActs  = db.Rows[int64](`select cast(coalesce(sum(length(envelope)), 0) as bigint) from act where stream = $1`)
	measureParts = db.Rows[int64](`select cast(coalesce(sum(length(body)), 0) as bigint) from part where stream = $1`)
)

// UseOf lists every stream by the room that it takes, the largest first, as last
// measured.
func UseOf(ctx context.Context, on db.Queryer) ([]Use, error) { return useOf.All(ctx, on) }

// Measure measures every stream anew.
func Measure(ctx context.Context, d *db.DB, now time.Time) error {
	list, err := UseOf(ctx, d)
	if err != nil {
		return err
	}
	for _, u := range list {
		// Under the lock that every commit to the stream takes first: nothing is
		// committed, or counted by Guard, between the measuring and the row.
		err := d.Write(ctx, func(tx *db.Tx) error {
			if _, err := lockStream.Run(ctx, tx, u.Stream); err != nil {
				return err
			}
			acts, err := measureActs.One(ctx, tx, u.Stream)
			if err != nil {
				return err
			}
			parts, err := measureParts.One(ctx, tx, u.Stream)
			if err != nil {
				return err
			}
			_, err = setUse.Run(ctx, tx, u.Stream, acts+parts, act.Micros(now))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Guard refuses acts of our own places beyond the limits of the site, with a
// fault that says which. Erasing is always allowed: it is what makes room. The
// limit of a place holds exactly as counted. That of the site is approximate on
// PostgreSQL: what another replica commits at the same moment is not seen, so it
// may be gone beyond by what is under way, once.
func Guard(ctx context.Context, tx *db.Tx, stream act.Fingerprint, drafts []act.Draft) error {
	limits, err := LimitsOf(ctx, tx)
	if err != nil || limits == (Limits{}) {
		return err
	}
	size := weigh(drafts)
	if _, err := addUse.Run(ctx, tx, stream, size); err != nil { // taken back when refused
		return err
	}
	if slices.ContainsFunc(drafts, func(d act.Draft) bool { return d.Type == act.EraseType }) {
		return nil
	}
	used, err := usedBy.One(ctx, tx, stream)
	if err != nil {
		return err
	}
	if limits.Place > 0 && used > limits.Place {
		return fault.New(fault.TooLarge, "keep.fault.place_full", "max", megabytes(limits.Place))
	}
	all, err := usedByAll.One(ctx, tx)
	if err == nil && limits.Site > 0 && all > limits.Site {
		err = fault.New(fault.TooLarge, "keep.fault.site_full", "max", megabytes(limits.Site))
	}
	return err
}

// weigh is about how many bytes drafts will take: an envelope has a signature
// and names besides its object.
func weigh(drafts []act.Draft) (n int64) {
	const around = 1000
	for _, d := range drafts {
		n += around
		if raw, err := json.Marshal(d.Object); err == nil {
			n += int64(len(raw))
		}
		for _, p := range d.Parts {
			n += int64(len(p.Body))
		}
	}
	return n
}

// megabytes is a limit in a message, rounded up: none that holds is 0.
func megabytes(n int64) int { return int((n + 999_999) / 1_000_000) }
