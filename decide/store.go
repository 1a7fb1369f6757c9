package decide

import (
	"translocal/act"
	"translocal/db"
	"translocal/place"
)

type proposalRow struct {
	ID            string
	Stream        act.Fingerprint
	Title         string
	Why           string
	VersionURL    string
	VersionStream act.Fingerprint
	VersionAct    string
	Rule          string
	Quorum        int
	Review        string
	State         place.State
	Created       int64
	Outcome       string
}

func (r proposalRow) proposal() Proposal {
	return Proposal{ID: r.ID, Stream: r.Stream, Title: r.Title, Why: r.Why,
		Version: act.Ref{URL: r.VersionURL, Stream: r.VersionStream, Act: r.VersionAct},
		Rule:    r.Rule, Quorum: r.Quorum, Review: r.Review, State: r.State, Created: r.Created, Outcome: r.Outcome}
}

type voiceRow struct {
	ID         string
	Round      place.State
	Person     string
	Name       string
	Member     bool
	Kind       Kind
	Body       string
	MayRelease bool
	Integrated bool
	Created    int64
	Hidden     bool
	Waits      bool   // for a keeper to look at it
	Why        string // it is hidden
	NoName     bool   // its author's pseudonym is hidden
}

// voice is what the viewer sees of it: the words of what is hidden for its author alone.
func (r voiceRow) voice(v place.Viewer) Voice {
	x := Voice{Left: r.Person != "" && r.Name == "", ID: r.ID, Round: r.Round, Kind: r.Kind, Who: r.Name, Mine: r.Person != "" && r.Person == v.Person, Body: r.Body,
		MayRelease: r.MayRelease && !r.Hidden, Integrated: r.Integrated, Created: r.Created, Hidden: r.Hidden, Waits: r.Waits, Why: r.Why}
	if r.Hidden && !x.Mine {
		x.Body = ""
	}
	if r.NoName && !x.Mine {
		x.Who, x.NoName = "", true
	}
	return x
}

type roomRow struct {
	Present, Agree, Abstain int
	Entered                 int64
}

type outcomeRow struct {
	ID            string
	Stream        act.Fingerprint
	VersionURL    string
	VersionStream act.Fingerprint
	VersionAct    string
	Result        string
	Rule          string
	Decided       int64
	Review        string
	Counts        string
	Released      string
	Index         int64
}

const (
	proposalColumns = `select id, stream, title, why, version_url, version_stream, version_act, rule, quorum, review, state, created, outcome from proposal `
	voiceColumns    = `select v.id, v.round, v.person, coalesce(p.name, ''), m.person is not null, v.kind, v.body, v.may_release, v.integrated, v.created,
		h.thing is not null, h.thing is not null and h.hid_by = '', coalesce(h.reason, ''), n.thing is not null
		from proposal_voice v join proposal o on o.id = v.proposal
		left join person p on p.id = v.person
		left join belongs m on m.stream = o.stream and m.person = v.person
		left join hidden h on h.stream = o.stream and h.kind = 'voice' and h.thing = v.id
		left join hidden n on n.stream = o.stream and n.kind = 'person' and n.thing = v.person `
	outcomeColumns = `select id, stream, version_url, version_stream, version_act, result, rule, decided, review, counts, released, idx from outcome `
)

var (
	insertProposal = db.Exec(`insert into proposal (id, stream, title, why, version_url, version_stream, version_act, rule, quorum, review, state, made_by, created, outcome)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '')`)
	proposalByID = db.Rows[proposalRow](proposalColumns + `where id = $1`)
	proposalsOf  = db.Rows[proposalRow](proposalColumns + `where stream = $1 order by created desc, id`)
	setState     = db.Exec(`update proposal set state = $2, outcome = $3 where id = $1`)

	insertVoice = db.Exec(`insert into proposal_voice (id, proposal, round, person, kind, body, may_release, integrated, created)
		values ($1, $2, $3, $4, $5, $6, $7, false, $8)`)
	dropPosition   = db.Exec(`delete from proposal_voice where proposal = $1 and person = $2 and round = 'consent'`)
	dropRoomVoices = db.Exec(`delete from proposal_voice where proposal = $1 and person = '' and round = 'consent'`)
	integrateVoice = db.Exec(`update proposal_voice set integrated = true where id = $1 and proposal = $2 and kind = 'objection' and (person = $3 or person = '')`)
	voicesOf       = db.Rows[voiceRow](voiceColumns + `where v.proposal = $1 order by v.created, v.id`)
	voiceByID      = db.Rows[voiceRow](voiceColumns + `where v.id = $1`)
	proposalOf     = db.Rows[string](`select proposal from proposal_voice where id = $1`)
	putRoom        = db.Exec(`insert into proposal_room (proposal, present, agree, abstain, entered, scribe) values ($1, $2, $3, $4, $5, $6)
		on conflict (proposal) do update set present = excluded.present, agree = excluded.agree, abstain = excluded.abstain,
		entered = excluded.entered, scribe = excluded.scribe`)
	disposeVoices = db.Exec(`delete from proposal_voice where created < $1 and proposal in (select id from proposal where state in ('decided', 'withdrawn'))`)
	disposeRooms  = db.Exec(`delete from proposal_room where entered < $1 and proposal in (select id from proposal where state in ('decided', 'withdrawn'))`)
	roomOf        = db.Rows[roomRow](`select present, agree, abstain, entered from proposal_room where proposal = $1`)

	outcomesOf    = db.Rows[outcomeRow](outcomeColumns + `where stream = $1 order by decided desc, id`)
	outcomesAbout = db.Rows[outcomeRow](outcomeColumns + `where version_url = $1 order by decided desc, id`)
	outcomeByID   = db.Rows[outcomeRow](outcomeColumns + `where id = $1 order by stream limit 1`)
)
