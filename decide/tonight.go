package decide

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// TonightLasts is how long the code for a room opens a proposal.
const TonightLasts = 6 * time.Hour

// MaxAnswers is how many browsers can answer in one room.
const MaxAnswers = 200

// MaxLight is the longest reason of a light answer, in characters: one line of the
// scribe's form.
const MaxLight = 500

// Tonight is the code that lets whoever is in the room, without an account, read
// one proposal and answer it once.
type Tonight struct {
	Secret  string `json:"secret"`
	Opened  int64  `json:"opened"`
	Expires int64  `json:"expires"`
}

// LightAnswer is what somebody without an account said: a draft for the scribe.
type LightAnswer struct {
	Kind    Kind   `json:"kind"` // agree, concern, objection
	Body    string `json:"body,omitempty"`
	Created int64  `json:"created"`
}

// InRoom is what the code for tonight shows: the proposal without what members
// said, and the answer of this browser, when it gave one.
type InRoom struct {
	Proposal
	Expires int64        `json:"expires"`
	Mine    *LightAnswer `json:"mine,omitempty"`
}

// OpenRoom makes the code for tonight. An earlier one of the same proposal ends;
// the answers that came by it stay.
func (d *Decisions) OpenRoom(ctx context.Context, v place.Viewer, proposal string) (*Tonight, error) {
	now := d.now()
	t := &Tonight{Secret: act.NewToken(), Opened: act.Micros(now), Expires: act.Micros(now.Add(TonightLasts))}
	return t, d.within(ctx, v, proposal, place.OpenRoom, func(tx *db.Tx, p Proposal) error {
		if _, err := dropOldCodes.Run(ctx, tx, act.Micros(now)); err != nil {
			return err
		}
		until, err := d.openUntil(ctx, tx, v, p, t.Expires)
		if err != nil {
			return err
		}
		t.Expires = until
		_, err = putCode.Run(ctx, tx, p.ID, t.Secret, t.Opened, t.Expires, v.Person)
		return err
	})
}

// openUntil is when a new code ends: for who is neither keeper nor scribe any more,
// and goes on as the host, no later than the code that made them so.
func (d *Decisions) openUntil(ctx context.Context, tx *db.Tx, v place.Viewer, p Proposal, expires int64) (int64, error) {
	err := place.May(ctx, tx, v, p.Stream, place.WriteNote, place.Any)
	if err == nil || !fault.Is(err, fault.Forbidden) {
		return expires, err
	}
	codes, err := codeOf.All(ctx, tx, p.ID)
	if err == nil && len(codes) > 0 {
		expires = min(expires, codes[0].Expires)
	}
	return expires, err
}

// CloseRoom ends the code for tonight at once. What came by it stays with the scribe.
func (d *Decisions) CloseRoom(ctx context.Context, v place.Viewer, proposal string) error {
	return d.within(ctx, v, proposal, place.OpenRoom, func(tx *db.Tx, p Proposal) error {
		_, err := dropCode.Run(ctx, tx, p.ID)
		return err
	})
}

// ReadInRoom reads the proposal that a code for tonight opens. browser is the
// random word in the cookie of who asks, "" for none.
func (d *Decisions) ReadInRoom(ctx context.Context, secret, browser string) (*InRoom, error) {
	x, err := d.behind(ctx, d.db, secret)
	if err != nil {
		return nil, err
	}
	list, err := answerOf.All(ctx, d.db, x.ID, browserIn(browser, x.ID))
	for i := range list {
		x.Mine = &list[i]
	}
	return x, err
}

// behind is the open proposal that a code opens. A code that ended, that of a
// proposal which is over, and one that never was look the same.
func (d *Decisions) behind(ctx context.Context, on db.Queryer, secret string) (*InRoom, error) {
	gone := fault.New(fault.NotFound, "room.tonight.over")
	code, err := codeBySecret.One(ctx, on, secret)
	if fault.Is(err, fault.NotFound) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	row, err := proposalByID.One(ctx, on, code.Proposal)
	if err != nil {
		return nil, err
	}
	if code.Expires <= act.Micros(d.now()) || kinds[row.State] == nil {
		return nil, gone
	}
	return &InRoom{Proposal: row.proposal(), Expires: code.Expires}, nil
}

// browserIn hides the word of a browser: answers in two rooms can't be joined.
func browserIn(word, proposal string) string {
	h := sha256.Sum256([]byte(proposal + "\n" + word))
	return hex.EncodeToString(h[:])
}

// AnswerInRoom takes one light answer: Agree for no objection, or a Concern or an
// Objection with its reason. It waits for the scribe and counts for nothing until
// then. The same browser answering again changes its answer.
func (d *Decisions) AnswerInRoom(ctx context.Context, secret, browser string, kind Kind, body string) error {
	var f fault.Fields
	body, err := fault.Line("body", strings.Join(strings.Fields(body), " "), MaxLight)
	f.Merge(err)
	if !act.IsToken(browser) {
		f.Add("browser", "room.tonight.browser")
	}
	switch {
	case kind != Agree && kind != Concern && kind != Objection:
		f.Add("kind", "fault.choice")
	case kind == Agree:
		body = ""
	case body == "" && err == nil:
		f.Add("body", "decide.reason_needed")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return d.db.Write(ctx, func(tx *db.Tx) error {
		x, err := d.behindLocked(ctx, tx, secret)
		if err != nil {
			return err
		}
		if x.State != Consent {
			return fault.New(fault.Conflict, "room.tonight.not_yet")
		}
		return d.takeAnswer(ctx, tx, x, browserIn(browser, x.ID), kind, body)
	})
}

// behindLocked is behind with everything else that changes proposals of the place
// waiting: no two answers slip in above the limit, and none comes to a proposal
// that is closed or a code that is ended meanwhile.
func (d *Decisions) behindLocked(ctx context.Context, tx *db.Tx, secret string) (*InRoom, error) {
	x, err := d.behind(ctx, tx, secret)
	if err != nil {
		return nil, err
	}
	if err := markChange(ctx, tx, x.Stream, x.ID); err != nil {
		return nil, err
	}
	return d.behind(ctx, tx, secret)
}

// takeAnswer keeps the answer when it is the browser's own once more, or there is
// room for another one.
func (d *Decisions) takeAnswer(ctx context.Context, tx *db.Tx, x *InRoom, browser string, kind Kind, body string) error {
	n, err := otherAnswers.One(ctx, tx, x.ID, browser)
	if err != nil {
		return err
	}
	if n.All >= MaxAnswers || kind == Concern && n.Concerns >= MaxNotes || kind == Objection && n.Objections >= MaxNotes {
		return fault.New(fault.Conflict, "room.tonight.full")
	}
	_, err = putAnswer.Run(ctx, tx, act.NewToken(), x.ID, browser, kind, body, act.Micros(d.now()))
	return err
}

// Drafted adds light answers up to a round of a room, for the scribe to correct
// and confirm.
func Drafted(list []LightAnswer) Room {
	r := Room{Present: len(list)}
	for _, a := range list {
		switch a.Kind {
		case Objection:
			r.Objections = append(r.Objections, a.Body)
			continue
		case Concern:
			r.Concerns = append(r.Concerns, a.Body)
		}
		r.Agree++
	}
	return r
}

// roomOpened reads what members see of the room: the code while it lasts, the
// answers, and whether any came after the round was written down.
func (d *Decisions) roomOpened(ctx context.Context, page *Page) error {
	codes, err := codeOf.All(ctx, d.db, page.ID)
	if err != nil {
		return err
	}
	for _, c := range codes {
		if c.Expires > act.Micros(d.now()) && kinds[page.State] != nil {
			page.Tonight = &c
		}
	}
	page.Answers, err = answersOf.All(ctx, d.db, page.ID)
	return err
}

// forgetRoom drops code and answers once a proposal is over.
func (d *Decisions) forgetRoom(ctx context.Context, tx *db.Tx, p Proposal) error {
	if _, err := dropCode.Run(ctx, tx, p.ID); err != nil {
		return err
	}
	_, err := dropAnswers.Run(ctx, tx, p.ID)
	return err
}

type codeRow struct {
	Proposal string
	Expires  int64
}

type answerCount struct{ All, Concerns, Objections int }

var (
	putCode = db.Exec(`insert into room_code (proposal, secret, opened, expires, opened_by) values ($1, $2, $3, $4, $5)
		on conflict (proposal) do update set secret = excluded.secret, opened = excluded.opened, expires = excluded.expires, opened_by = excluded.opened_by`)
	hosts        = db.Rows[int64](`select count(*) from room_code where proposal = $1 and opened_by = $2 and expires > $3`)
	codeOf       = db.Rows[Tonight](`select secret, opened, expires from room_code where proposal = $1`)
	codeBySecret = db.Rows[codeRow](`select proposal, expires from room_code where secret = $1`)
	dropCode     = db.Exec(`delete from room_code where proposal = $1`)
	dropOldCodes = db.Exec(`delete from room_code where expires <= $1`)

	putAnswer = db.Exec(`insert into room_answer (id, proposal, browser, kind, body, created) values ($1, $2, $3, $4, $5, $6)
		on conflict (proposal, browser) do update set kind = excluded.kind, body = excluded.body, created = excluded.created`)
	answersOf    = db.Rows[LightAnswer](`select kind, body, created from room_answer where proposal = $1 order by created, id`)
	answerOf     = db.Rows[LightAnswer](`select kind, body, created from room_answer where proposal = $1 and browser = $2`)
	otherAnswers = db.Rows[answerCount](`select count(*), cast(coalesce(sum(case when kind = 'concern' then 1 else 0 end), 0) as bigint),
		cast(coalesce(sum(case when kind = 'objection' then 1 else 0 end), 0) as bigint) from room_answer where proposal = $1 and browser <> $2`)
	dropAnswers = db.Exec(`delete from room_answer where proposal = $1`)
)
