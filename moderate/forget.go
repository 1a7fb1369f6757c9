package moderate

import (
	"context"

	"translocal/db"
	"translocal/place"
)

// OwnReport is a report that a person made: without what others said, and
// without who decided.
type OwnReport struct {
	Place    string `json:"place"` // "" for what the site judges
	Kind     Kind   `json:"kind"`
	Category string `json:"category"`
	Words    string `json:"words"`
	Made     int64  `json:"made"`  // microseconds
	State    string `json:"state"` // open, hidden, left
}

// OwnHiding is something of a person's that is not shown at present.
type OwnHiding struct {
	Place  string `json:"place"`
	Kind   Kind   `json:"kind"`
	Said   string `json:"said"`
	Reason string `json:"reason"` // "" while it waits for a keeper
	Since  int64  `json:"since"`
}

var (
	ownReports = db.Rows[OwnReport](`select coalesce(p.name, ''), r.kind, r.category, r.words, r.made, r.state
		from report r left join place p on p.stream = r.stream where r.made_by = $1 order by r.made, r.id`)
	ownHidden = db.Rows[OwnHiding](`select coalesce(p.name, ''), h.kind, h.said, h.reason, h.since
		from hidden h left join place p on p.stream = h.stream where h.about = $1 order by h.since, h.thing`)
)

// OwnData is what the viewer reported, and what of theirs is hidden.
func (m *Moderation) OwnData(ctx context.Context, v place.Viewer) ([]OwnReport, []OwnHiding, error) {
	reports, err := ownReports.All(ctx, m.db, v.Person)
	if err != nil {
		return nil, nil, err
	}
	hidden, err := ownHidden.All(ctx, m.db, v.Person)
	return reports, hidden, err
}

var (
	forgetNames = []db.Statement{
		db.Exec(`delete from report where kind = 'person' and thing = $1`),
		db.Exec(`delete from hidden where kind = 'person' and thing = $1`),
		db.Exec(`delete from person_block where person = $1`),
		db.Exec(`delete from newcomer_said where person = $1`),
		db.Exec(`update report set made_by = '' where made_by = $1`),
	}
	forgetSaid = []db.Statement{
		db.Exec(`delete from report where about = $1`),
		db.Exec(`delete from hidden where about = $1`),
	}
	forgetAbout = []db.Statement{
		db.Exec(`update report set about = '' where about = $1`),
		db.Exec(`update hidden set about = '' where about = $1`),
	}
)

// Forget takes a person out of what was reported and hidden: as who said it and
// as who reported it; with words, the copies of what they said go too. What is
// hidden and stays stays hidden.
func (m *Moderation) Forget(ctx context.Context, tx *db.Tx, person string, words bool) error {
	list := append([]db.Statement{}, forgetNames...)
	if words {
		list = append(list, forgetSaid...)
	}
	for _, forget := range append(list, forgetAbout...) {
		if _, err := forget.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	return nil
}

// DropOld deletes reports that were answered, where the site need not keep them any more ([place.Dispose]).
func (m *Moderation) DropOld(ctx context.Context) error {
	return place.Dispose(ctx, m.db, m.now(), "reports", func(tx *db.Tx, before int64) (int64, error) { return disposeReports.Run(ctx, tx, before) })
}

var disposeReports = db.Exec(`delete from report where decided <> 0 and decided < $1`)
