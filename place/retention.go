package place

import (
	"context"
	"strconv"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// Public bodies keep their private records for a period that law or a schedule
// sets: what was said in rounds, meetings, reports, letters. Until it is over
// nobody deletes them; then the node does, and notes what went. A movement's
// site has no such period: there people erase what is theirs.

// MaxRetention is the longest period, in years; longer is for good.
const MaxRetention = 100

const retentionSetting = "site.retention"

// A Disposal is what went when its period was over.
type Disposal struct {
	At     int64  `json:"at" doc:"Microseconds"`
	What   string `json:"what" enum:"rounds,meetings,reports,letters"`
	N      int64  `json:"n"`
	Before int64  `json:"before" doc:"All that were older than this, in microseconds"`
}

var (
	insertDisposal = db.Exec(`insert into disposal (at, what, n, before) values ($1, $2, $3, $4)`)
	disposals      = db.Rows[Disposal](`select at, what, n, before from disposal order by at desc, what limit $1`)
)

// Retention is for how many years the site keeps its private records; 0 is for
// good, as it is until somebody says otherwise.
func Retention(ctx context.Context, on db.Queryer) (years int, err error) {
	text, err := siteSetting.One(ctx, on, retentionSetting)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// SetRetention sets the period of a public body's site, in years; 0 is for good. On a
// movement's site it is a Conflict.
func (p *Places) SetRetention(ctx context.Context, v Viewer, years int) error {
	if years < 0 || years > MaxRetention {
		return fault.At("years", "keep.fault.years", "max", MaxRetention)
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, "", KeepSite, Any); err != nil {
			return err
		}
		err := Has(ctx, tx, Retain)
		if fault.Is(err, fault.Forbidden) { // nothing that this person lacks
			return fault.New(fault.Conflict, "keep.kind.refused."+string(Retain))
		}
		if err != nil {
			return err
		}
		_, err = putSiteSetting.Run(ctx, tx, retentionSetting, strconv.Itoa(years))
		return err
	})
}

// Disposals lists the newest disposals, for who keeps the site.
func (p *Places) Disposals(ctx context.Context, v Viewer, limit int) ([]Disposal, error) {
	if err := May(ctx, p.db, v, "", KeepSite, Any); err != nil {
		return nil, err
	}
	return disposals.All(ctx, p.db, limit)
}

// Retained tells whether the site must keep its private records, and which of
// them it need not any more at a time: those older than before, in microseconds;
// 0 is none.
func Retained(ctx context.Context, on db.Queryer, now time.Time) (before int64, must bool, err error) {
	err = Has(ctx, on, Retain)
	if fault.Is(err, fault.Forbidden) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	years, err := Retention(ctx, on)
	if err != nil || years == 0 {
		return 0, true, err
	}
	return act.Micros(now.AddDate(-years, 0, 0)), true, nil
}

// Dispose deletes what a site that keeps records need not keep any more, and
// notes how many of what went. On other sites it does nothing. drop deletes all
// that is older than before and gives how many there were.
func Dispose(ctx context.Context, d *db.DB, now time.Time, what string, drop func(tx *db.Tx, before int64) (int64, error)) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		before, _, err := Retained(ctx, tx, now)
		if err != nil || before == 0 {
			return err
		}
		n, err := drop(tx, before)
		if err != nil || n == 0 {
			return err
		}
		_, err = insertDisposal.Run(ctx, tx, act.Micros(now), what, n, before)
		return err
	})
}
