package moderate

import (
	"context"

	"translocal/db"
)

type keptRow struct{ About, Said, At string }

type reportRow struct {
	Kind     Kind
	Thing    string
	About    string
	Name     string
	Said     string
	At       string
	Category string
	Words    string
	By       string
	Made     int64
}

func (r reportRow) thing() Case {
	return Case{Kind: r.Kind, Thing: r.Thing, Name: r.Name, Said: r.Said, At: r.At, Since: r.Made, About: r.About}
}

type hiddenRow struct {
	Kind   Kind
	Thing  string
	About  string
	Name   string
	Said   string
	At     string
	Reason string
	By     string
	Since  int64
}

func (h hiddenRow) hiding() *Hiding {
	return &Hiding{Reason: h.Reason, Waits: h.By == "", Since: h.Since}
}

func (h hiddenRow) thing() Case {
	return Case{Kind: h.Kind, Thing: h.Thing, Name: h.Name, Said: h.Said, At: h.At, Since: h.Since, About: h.About, Claims: []Claim{}, Hidden: h.hiding()}
}

var (
	insertReport = db.Exec(`insert into report (id, stream, kind, thing, about, said, at, category, words, made_by, made, state, decided, decided_by, answer)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', 0, '', '')`)
	countReport   = db.Exec(`insert into report_queue (stream, n) values ($1, 1) on conflict (stream) do update set n = report_queue.n + 1`)
	openReports   = db.Rows[int64](`select count(*) from report where stream = $1 and state = 'open'`)
	openOn        = db.Rows[int64](`select count(*) from report where stream = $1 and kind = $2 and thing = $3 and made_by = '' and state = 'open'`)
	answerReports = db.Exec(`update report set state = $4, decided = $5, decided_by = $6, answer = $7 where stream = $1 and kind = $2 and thing = $3 and state = 'open'`)
	reportsOf     = db.Rows[reportRow](`select r.kind, r.thing, r.about, coalesce(p.name, ''), r.said, r.at, r.category, r.words, r.made_by, r.made
		from report r left join person p on p.id = r.about where r.stream = $1 and r.state = 'open' order by r.made, r.id`)
	reportedThing = db.Rows[keptRow](`select about, said, at from report where stream = $1 and kind = $2 and thing = $3 and state = 'open' order by made, id limit 1`)

	putHidden = db.Exec(`insert into hidden (stream, kind, thing, about, said, at, reason, hid_by, since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (stream, kind, thing) do update set reason = excluded.reason, hid_by = excluded.hid_by, since = excluded.since`)
	deleteHidden = db.Exec(`delete from hidden where stream = $1 and kind = $2 and thing = $3`)
	hiddenThing  = db.Rows[keptRow](`select about, said, at from hidden where stream = $1 and kind = $2 and thing = $3`)
	hiddenOf     = db.Rows[hiddenRow](`select h.kind, h.thing, h.about, coalesce(p.name, ''), h.said, h.at, h.reason, h.hid_by, h.since
		from hidden h left join person p on p.id = h.about where h.stream = $1 order by h.since desc, h.thing`)
	hiddenTexts = db.Rows[string](`select thing from hidden where kind = 'text' order by thing`)
	waiting     = db.Rows[int64](`select count(*) from (select kind, thing from report where stream = $1 and state = 'open'
		union select kind, thing from hidden where stream = $1 and hid_by = '') x`)

	otherKeepers = db.Rows[int64](`select case when $1 = '' then (select count(*) from person where site_keeper and id <> $2)
		else (select count(*) from belongs m where m.stream = $1 and m.role = 'keeper' and m.person <> $2) end`)
)

// HiddenTexts are the published versions that this node does not show, by URL.
func HiddenTexts(ctx context.Context, on db.Queryer) (map[string]bool, error) {
	list, err := hiddenTexts.All(ctx, on)
	set := make(map[string]bool, len(list))
	for _, x := range list {
		set[x] = true
	}
	return set, err
}

// hold hides what a newcomer said until a keeper has looked at it.
func hold(ctx context.Context, tx *db.Tx, t Thing, at int64) error {
	_, err := putHidden.Run(ctx, tx, t.Stream, t.Kind, t.ID, t.About, t.Said, t.At, "", "", at)
	return err
}
