package place

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// KeeperOfSite is one of those who keep the site, as they see each other.
type KeeperOfSite struct {
	Name string
	You  bool // the viewer
}

type siteKeeperRow struct {
	ID   string
	Name string
}

const siteKeepersLock = "site.keepers"

var (
	allSiteKeepers = db.Rows[siteKeeperRow](`select id, name from person where site_keeper order by name, id`)
	setSiteKeeper  = db.Exec(`update person set site_keeper = $2 where id = $1 and site_keeper <> $2`)
	keepsSite      = db.Rows[bool](`select site_keeper from person where id = $1`)
)

// lockSiteKeepers makes whoever else changes the keepers of the site wait: else
// the last two could go at once on PostgreSQL, each counting the other. It holds
// one row, not theirs, which two could take in different orders.
func lockSiteKeepers(ctx context.Context, tx *db.Tx) error {
	_, err := putSiteSetting.Run(ctx, tx, siteKeepersLock, "")
	return err
}

// siteKept refuses what would leave a site without a keeper, by that message.
func siteKept(ctx context.Context, tx *db.Tx, message string) error {
	n, err := siteKeepers.One(ctx, tx)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, message)
	}
	return err
}

// SiteKeepers lists who keeps the site, for those who do.
func (p *Places) SiteKeepers(ctx context.Context, v Viewer) ([]KeeperOfSite, error) {
	if err := May(ctx, p.db, v, "", SetSiteKeepers, Any); err != nil {
		return nil, err
	}
	rows, err := allSiteKeepers.All(ctx, p.db)
	list := make([]KeeperOfSite, len(rows))
	for i, r := range rows {
		list[i] = KeeperOfSite{Name: r.Name, You: r.ID == v.Person}
	}
	return list, err
}

// AddSiteKeeper makes somebody with an account here a keeper of the site too. A
// pseudonym that nobody has, or whose bearer keeps the site already, is a fault
// of the field "pseudonym".
func (p *Places) AddSiteKeeper(ctx context.Context, v Viewer, name string) error {
	return p.changeSiteKeepers(ctx, v, func(tx *db.Tx) error {
		name, err := fault.RequiredLine("pseudonym", name, MaxPseudonym)
		if err != nil {
			return err
		}
		row, err := personByLogin.One(ctx, tx, fold(name))
		switch {
		case fault.Is(err, fault.NotFound):
			return fault.At("pseudonym", "sitekeep.keepers.unknown")
		case err != nil:
			return err
		case row.SiteKeeper:
			return fault.At("pseudonym", "sitekeep.keepers.already")
		}
		if err := one(setSiteKeeper.Run(ctx, tx, row.ID, true)); err != nil {
			return err
		}
		return Note(ctx, tx, v, "", act.Micros(p.now()), SiteKeeperDeed, row.ID, "", "")
	})
}

// StepDownFromSite ends that the viewer keeps the site; the last keeper stays,
// by a fault of kind Conflict.
func (p *Places) StepDownFromSite(ctx context.Context, v Viewer) error {
	return p.changeSiteKeepers(ctx, v, func(tx *db.Tx) error {
		if err := one(setSiteKeeper.Run(ctx, tx, v.Person, false)); err != nil {
			return err
		}
		if err := Note(ctx, tx, v, "", act.Micros(p.now()), SiteStepDeed, v.Person, "", ""); err != nil {
			return err
		}
		return siteKept(ctx, tx, "sitekeep.keepers.last")
	})
}

// changeSiteKeepers asks who may before it waits, and again when nobody else can
// change it: who stepped down in another window a moment ago names nobody.
func (p *Places) changeSiteKeepers(ctx context.Context, v Viewer, do func(tx *db.Tx) error) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, "", SetSiteKeepers, Any); err != nil {
			return err
		}
		if err := lockSiteKeepers(ctx, tx); err != nil {
			return err
		}
		still, err := keepsSite.One(ctx, tx, v.Person)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if !still {
			return fault.New(fault.Forbidden, "fault.forbidden")
		}
		return do(tx)
	})
}
