package advance

import (
	"translocal/act"
	"translocal/db"
)

type versionRow struct {
	URL    string
	Stream act.Fingerprint
	Act    string
}

type lifecycleRow struct{ Legal, Delivery string }

type bringingRow struct {
	ID            string
	Stream        act.Fingerprint
	PlaceID       string
	Place         string
	AuthorityID   string
	AuthorityName string
	AuthorityKind string
	Outcome       string
	VersionURL    string
	VersionStream act.Fingerprint
	VersionAct    string
	Legal         string
	Delivery      string
	Brought       int64
}

func (r bringingRow) bringing() *Bringing {
	return &Bringing{ID: r.ID, Stream: r.Stream, PlaceID: r.PlaceID, Place: r.Place, Outcome: r.Outcome,
		Authority: Authority{r.AuthorityID, r.Stream, r.AuthorityName, r.AuthorityKind},
		Version:   act.Ref{URL: r.VersionURL, Stream: r.VersionStream, Act: r.VersionAct}, Legal: r.Legal, Delivery: r.Delivery, Brought: r.Brought}
}

type deedRow struct {
	ID                    string
	Kind, Number, Day     string
	For, Against, Abstain *int
	Link, Legal, Amended  string
	Reason                string
	Recorded              int64
}

func (r deedRow) deed() Deed {
	d := Deed{ID: r.ID, Kind: r.Kind, Number: r.Number, Day: r.Day, Link: r.Link, Legal: r.Legal, Amended: r.Amended, Reason: r.Reason, Recorded: r.Recorded}
	if r.For != nil && r.Against != nil && r.Abstain != nil {
		d.Votes = &Votes{*r.For, *r.Against, *r.Abstain}
	}
	return d
}

type meetingRow struct {
	Day    string
	Cutoff int
}

type taskRow struct {
	ID      string
	Title   string
	Before  int
	Keeper1 string
	Keeper2 string
	Name1   string
	Name2   string
	Done    int64
}

const bringingColumns = `select b.id, b.stream, coalesce(p.id, ''), coalesce(p.name, ''), b.authority, a.name, a.kind, b.outcome,
	b.version_url, b.version_stream, b.version_act, b.legal, b.delivery, b.brought
	from bringing b join authority a on a.stream = b.stream and a.id = b.authority left join place p on p.stream = b.stream `

// The reason is a part: gone when it was erased.
const reasonPart = `left join act a on a.stream = x.stream and a.idx = x.idx left join part r on r.stream = x.stream and r.idx = x.idx and r.name = 'reason'`

var (
	insertAuthority = db.Exec(`insert into authority (stream, id, name, kind, idx) values ($1, $2, $3, $4, $5)`)
	authorityByID   = db.Rows[string](`select name from authority where stream = $1 and id = $2`)
	authoritiesOf   = db.Rows[Authority](`select id, stream, name, kind from authority where stream = $1 order by name, id`)

	// The decision belongs to the capability decide; it is read by its id.
	decided = db.Rows[versionRow](`select version_url, version_stream, version_act from outcome where stream = $1 and id = $2 and result = 'bring'`)

	insertBringing = db.Exec(`insert into bringing (stream, id, authority, outcome, version_url, version_stream, version_act, legal, delivery, brought, idx)
		values ($1, $2, $3, $4, $5, $6, $7, 'tabled', '', $8, $9)`)
	bringingsOf    = db.Rows[bringingRow](bringingColumns + `where b.stream = $1 order by b.brought desc, b.id`)
	bringingsAbout = db.Rows[bringingRow](bringingColumns + `where b.version_url = $1 order by b.brought desc, b.id`)
	bringingByID   = db.Rows[bringingRow](bringingColumns + `where b.id = $1 order by b.stream limit 1`)
	lifecycles     = db.Rows[lifecycleRow](`select legal, delivery from bringing where stream = $1 and id = $2`)
	moveLegal      = db.Exec(`update bringing set legal = $3 where stream = $1 and id = $2`)
	moveDelivery   = db.Exec(`update bringing set delivery = $3 where stream = $1 and id = $2`)

	insertDeed = db.Exec(`insert into deed (stream, id, bringing, kind, number, day, votes_for, votes_against, votes_abstain, link, legal, version_url, idx)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)
	deedsOf = db.Rows[deedRow](`select x.id, x.kind, x.number, x.day, x.votes_for, x.votes_against, x.votes_abstain, x.link, x.legal, x.version_url, coalesce(r.body, ''), coalesce(a.published, 0)
		from deed x ` + reasonPart + ` where x.stream = $1 and x.bringing = $2 order by x.idx`)
	insertChange = db.Exec(`insert into status_change (stream, idx, bringing, lifecycle, status, day, source) values ($1, $2, $3, $4, $5, $6, $7)`)
	changesOf    = db.Rows[Change](`select x.lifecycle, x.status, x.day, x.source, coalesce(r.body, ''), coalesce(a.published, 0)
		from status_change x ` + reasonPart + ` where x.stream = $1 and x.bringing = $2 order by x.idx`)

	putMeeting = db.Exec(`insert into meeting (bringing, stream, day, cutoff) values ($1, $2, $3, $4)
		on conflict (bringing) do update set day = excluded.day, cutoff = excluded.cutoff`)
	meetingOf  = db.Rows[meetingRow](`select day, cutoff from meeting where bringing = $1`)
	insertTask = db.Exec(`insert into task (id, bringing, stream, title, before, keeper1, keeper2, done, created) values ($1, $2, $3, $4, $5, $6, $7, 0, $8)`)
	tasksOf    = db.Rows[taskRow](`select t.id, t.title, t.before, t.keeper1, t.keeper2, coalesce(p.name, ''), coalesce(q.name, ''), t.done
		from task t left join person p on p.id = t.keeper1 left join person q on q.id = t.keeper2
		where t.bringing = $1 order by t.before desc, t.created, t.id`)
	taskByID   = db.Rows[taskPlace](`select stream, bringing from task where id = $1`)
	setTask    = db.Exec(`update task set title = $2, before = $3, keeper1 = $4, keeper2 = $5 where id = $1`)
	doneTask   = db.Exec(`update task set done = $2 where id = $1`)
	deleteTask = db.Exec(`delete from task where id = $1`)
	isMember   = db.Rows[int64](`select count(*) from belongs where stream = $1 and person = $2`)
	streamOf   = db.Rows[act.Fingerprint](`select stream from bringing where id = $1 order by stream`)

	putCalendar = db.Exec(`insert into calendar_link (token, stream, person, since, expires)
		select $1, stream, person, since, $4 from belongs where stream = $2 and person = $3`)
	dropCalendars   = db.Exec(`delete from calendar_link where stream = $1 and person = $2`)
	calendarByToken = db.Rows[calendarRow](`select c.stream, c.person, p.name, p.site_keeper from calendar_link c
		join belongs b on b.stream = c.stream and b.person = c.person and b.since = c.since join person p on p.id = c.person
		where c.token = $1 and c.expires > $2`)
	bringingsMeeting = db.Rows[string](`select bringing from meeting where stream = $1 order by day, bringing`)
)

type taskPlace struct {
	Stream   act.Fingerprint
	Bringing string
}

type calendarRow struct {
	Stream act.Fingerprint
	Person string
	Name   string
	Site   bool
}
