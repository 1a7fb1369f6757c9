package place

import (
	"context"
	"strings"
	"time"

	"translocal/act"
	"translocal/db"
)

// A Deed is what a keeper did to somebody else, or to what is everybody's.
type Deed string

// The deeds that members can read of.
const (
	RoleDeed        Deed = "role"
	RemoveDeed      Deed = "remove"
	BlockDeed       Deed = "block"
	UnblockDeed     Deed = "unblock"
	BlockHostDeed   Deed = "block_host"
	UnblockHostDeed Deed = "unblock_host"
	HideDeed        Deed = "hide"
	ShowDeed        Deed = "show"
	LeaveDeed       Deed = "leave_standing" // a report looked at, and nothing hidden
	LimitDeed       Deed = "limit"
	EraseDeed       Deed = "erase"     // how many published texts
	KeyDeed         Deed = "key"       // a new signing key
	SetRootsDeed    Deed = "set_roots" // which root keys the place has
	RecoverDeed     Deed = "recover"   // a new signing key by the root keys

	NameScribeDeed  Deed = "name_scribe"
	EndScribeDeed   Deed = "end_scribe"
	NameStewardDeed Deed = "name_steward" // what it was done about is the URL of the text
	EndStewardDeed  Deed = "end_steward"
	HandTaskDeed    Deed = "hand_task"   // a task, by its title
	SiteKeeperDeed  Deed = "site_keeper" // this and the next are of the site
	SiteStepDeed    Deed = "site_step_down"
	FirstKeeperDeed Deed = "first_keeper" // a link for the first keeper of a place that moved here; what is its fingerprint
)

// nameDeed and endDeed are to give a mandate with that role, and to end it.
func nameDeed(r Role) Deed { return Deed("name_" + string(r)) }
func endDeed(r Role) Deed  { return Deed("end_" + string(r)) }

// Entry is one deed in the log of a place's keepers. Names are those of now: ""
// for an account that is no more.
type Entry struct {
	ID     string `json:"id"`
	At     int64  `json:"at"`
	Who    string `json:"who"`
	NoWho  bool   `json:"who_hidden,omitempty"` // the keeper's pseudonym is hidden
	Deed   Deed   `json:"deed"`
	Whom   string `json:"whom"`
	NoWhom bool   `json:"whom_hidden,omitempty"` // theirs is
	Some   bool   `json:"some"`                  // it was done to a person, named or not
	What   string `json:"what"`
	Reason string `json:"reason"`
}

type deedRow struct {
	ID          string
	At          int64
	Who, Name   string
	Deed        Deed
	Whom, Name2 string
	What        string
	Reason      string
}

// LogPage is how many entries are shown at a time.
const LogPage = 50

// The log is only ever added to: there is no query that changes it.
var (
	insertDeed = db.Exec(`insert into keeper_log (id, stream, at, who, deed, whom, what, reason) values ($1, $2, $3, $4, $5, $6, $7, $8)`)
	deedsOf    = db.Rows[deedRow](`select l.id, l.at, l.who, coalesce(k.name, ''), l.deed, l.whom, coalesce(p.name, ''), l.what, l.reason
		from keeper_log l left join person k on k.id = l.who left join person p on p.id = l.whom
		where l.stream = $1 and ($2 = 0 or l.at < $2) order by l.at desc, l.id limit $3`)
)

// Note enters a deed in the log of the place, in the transaction that does it.
// whom is a person or ""; what is shown as it stands, or is the key of a word.
func Note(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint, at int64, deed Deed, whom, what, reason string) error {
	_, err := insertDeed.Run(ctx, tx, act.NewToken(), stream, at, v.Person, deed, whom, what, reason)
	return err
}

// Named is a role that somebody was given, or that another ended. It is the last
// that was done about it.
type Named struct {
	ID     string // of the entry in the log
	Stream act.Fingerprint
	Place  string // URL, "" of the site
	Person string
	Given  bool // not ended
}

type namedRow struct {
	ID     string
	Stream act.Fingerprint
	Place  string
	Who    string
	Deed   Deed
	Whom   string
	What   string
}

var namedSince = db.Rows[namedRow](`select l.id, l.stream, coalesce(p.id, ''), l.who, l.deed, l.whom, l.what from keeper_log l
	left join place p on p.stream = l.stream where l.at > $1 and l.whom <> ''
	and l.deed in ('role', 'name_scribe', 'end_scribe', 'name_steward', 'end_steward', 'site_keeper', 'site_step_down') order by l.at, l.id`)

// about is what a deed was done about: of two about the same the later one counts.
func (r namedRow) about() [4]string {
	kind := strings.TrimPrefix(strings.TrimPrefix(string(r.Deed), "name_"), "end_")
	what := r.What
	switch r.Deed {
	case RoleDeed:
		what = ""
	case SiteStepDeed:
		kind = string(SiteKeeperDeed)
	}
	return [4]string{string(r.Stream), r.Whom, kind, what}
}

// Named lists, in every place of the node and for the site, whose role was given or
// ended after a time by somebody else.
func (p *Places) Named(ctx context.Context, after time.Time) ([]Named, error) {
	rows, err := namedSince.All(ctx, p.db, act.Micros(after))
	if err != nil {
		return nil, err
	}
	last := map[[4]string]string{}
	for _, r := range rows {
		last[r.about()] = r.ID
	}
	var list []Named
	for _, r := range rows {
		if r.Who == r.Whom || last[r.about()] != r.ID {
			continue
		}
		given := r.Deed == SiteKeeperDeed || r.Deed == NameScribeDeed || r.Deed == NameStewardDeed || r.Deed == RoleDeed && r.What == string(Keeper)
		list = append(list, Named{ID: r.ID, Stream: r.Stream, Place: r.Place, Person: r.Whom, Given: given})
	}
	return list, nil
}

// Deeds lists what the keepers did to others, the newest first, before a time
// in microseconds (0: all). It is for members, and outlasts the keeper's leaving.
func (p *Places) Deeds(ctx context.Context, v Viewer, stream act.Fingerprint, before int64) ([]Entry, error) {
	if err := May(ctx, p.db, v, stream, ReadLog, Any); err != nil {
		return nil, err
	}
	return p.deeds(ctx, v, stream, before)
}

// SiteDeeds lists who was made keeper of the site and who stepped down, the newest
// first, before a time in microseconds (0: all), for those who keep it.
func (p *Places) SiteDeeds(ctx context.Context, v Viewer, before int64) ([]Entry, error) {
	if err := May(ctx, p.db, v, "", SetSiteKeepers, Any); err != nil {
		return nil, err
	}
	return p.deeds(ctx, v, "", before)
}

func (p *Places) deeds(ctx context.Context, v Viewer, stream act.Fingerprint, before int64) ([]Entry, error) {
	rows, err := deedsOf.All(ctx, p.db, stream, before, LogPage)
	if err != nil {
		return nil, err
	}
	names, err := NamesIn(ctx, p.db, v, stream)
	list := make([]Entry, len(rows))
	for i, r := range rows {
		list[i] = Entry{ID: r.ID, At: r.At, Who: r.Name, Deed: r.Deed, Whom: r.Name2, Some: r.Whom != "", What: r.What, Reason: r.Reason}
		list[i].NoWho, list[i].NoWhom = names.Hide(r.Who, &list[i].Who), names.Hide(r.Whom, &list[i].Whom)
	}
	return list, err
}
