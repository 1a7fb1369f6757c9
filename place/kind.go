package place

import (
	"context"
	"slices"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// A SiteKind is what law and danger make of a site. Public bodies under records
// law and movements never share one: what the first must keep, the second must
// be able to erase.
type SiteKind string

// The kinds. A site that never chose is a movement's.
const (
	Movement SiteKind = "movement"
	Records  SiteKind = "records"
)

// SiteKinds lists them, for the form.
var SiteKinds = []SiteKind{Movement, Records}

// A Power is something that one kind of site allows and another does not.
type Power string

// The powers, asked for where they would be used: in the guard of the log,
// or by the capability.
const (
	ErasePublished Power = "erase_published" // take texts and names out of published acts
	EraseAccount   Power = "erase_account"   // forget an account and its name, when its person asks: Places.EraseAccount
	Retain         Power = "retain"          // keep private records for a period, against whoever would delete them
)

// Powers is the table of what each kind allows: what stands in no list is refused.
var Powers = map[SiteKind][]Power{
	Movement: {ErasePublished, EraseAccount},
	Records:  {Retain},
}

const siteKindSetting = "site.kind"

var (
	siteSetting    = db.Rows[string](`select value from site_setting where name = $1`)
	putSiteSetting = db.Exec(`insert into site_setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`)
	publishedActs  = db.Rows[int64](`select count(*) from act a join stream s on s.fp = a.stream where s.own and a.type <> $1 and a.type <> $2`)
)

// KindOfSite is the kind that was chosen.
func KindOfSite(ctx context.Context, on db.Queryer) (SiteKind, error) {
	text, err := siteSetting.One(ctx, on, siteKindSetting)
	if fault.Is(err, fault.NotFound) {
		return Movement, nil
	}
	return SiteKind(text), err
}

// Has is nil when the site is of a kind that allows a power; otherwise a fault
// of kind Forbidden that says why.
func Has(ctx context.Context, on db.Queryer, p Power) error {
	kind, err := KindOfSite(ctx, on)
	if err == nil && !slices.Contains(Powers[kind], p) {
		err = fault.New(fault.Forbidden, "keep.kind.refused."+string(p))
	}
	return err
}

// guardKind keeps every way to erase what was published to the kind of the site.
func guardKind(ctx context.Context, tx *db.Tx, _ act.Fingerprint, drafts []act.Draft) error {
	if slices.ContainsFunc(drafts, func(d act.Draft) bool { return d.Type == act.EraseType }) {
		return Has(ctx, tx, ErasePublished)
	}
	return nil
}

// SettledKind tells whether the kind can no longer change: something is published
// under it, and people relied on what they were told.
func SettledKind(ctx context.Context, on db.Queryer) (bool, error) {
	n, err := publishedActs.One(ctx, on, act.FoundType, DescribeType)
	return n > 0, err
}

// SetKind changes the kind of a site on which nothing is published yet.
func (p *Places) SetKind(ctx context.Context, v Viewer, kind SiteKind) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, "", KeepSite, Any); err != nil {
			return err
		}
		now, err := KindOfSite(ctx, tx)
		if err != nil || now == kind {
			return err
		}
		settled, err := SettledKind(ctx, tx)
		if err != nil {
			return err
		}
		if settled {
			return fault.New(fault.Conflict, "keep.kind.settled")
		}
		return setKind(ctx, tx, kind)
	})
}

func setKind(ctx context.Context, tx *db.Tx, kind SiteKind) error {
	if !slices.Contains(SiteKinds, kind) {
		return fault.At("kind", "fault.choice")
	}
	_, err := putSiteSetting.Run(ctx, tx, siteKindSetting, string(kind))
	return err
}
