package place

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// MaxKeyNote is the longest note on who holds which keys, in characters.
const MaxKeyNote = 1000

// What can be answered to who goes on, beside a person: oneself, as a member; or
// nobody, and it ends or stays open.
const (
	GoOn   = "go-on"
	Nobody = "nobody"
)

// Handing is what a keeper hands over when stepping down, or leaving.
type Handing struct {
	Leave    bool
	Mandates map[string]string // id of each of one's own → a person, GoOn or Nobody
}

// StandingTokens are the programs that reach a place for its people.
type StandingTokens struct {
	Count int64
	Last  int64 // microseconds: when the last of them ends
}

var (
	keyNote    = db.Rows[string](`select words from key_note where stream = $1`)
	putKeyNote = db.Exec(`insert into key_note (stream, words, at) values ($1, $2, $3) on conflict (stream) do update set words = excluded.words, at = excluded.at`)
	tokensIn   = db.Rows[StandingTokens](`select count(*), cast(coalesce(max(t.expires), 0) as bigint) from personal_token t
		join belongs m on m.person = t.person and m.stream = $1 where (t.stream = $1 or t.stream = '') and t.expires > $2`)
	mandatesHeld = db.Rows[mandateRow](`select a.id, a.person, '', a.role, a.scope, a.aim, a.since, a.until from mandate a
		where a.stream = $1 and a.person = $2 and a.ended = 0 and a.until > $3 order by a.until, a.id`)
)

// KeyNote is what the keepers of a place wrote on who holds which keys; "" for nothing.
func (p *Places) KeyNote(ctx context.Context, v Viewer, stream act.Fingerprint) (string, error) {
	if err := May(ctx, p.db, v, stream, HandOver, Any); err != nil {
		return "", err
	}
	words, err := keyNote.One(ctx, p.db, stream)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return words, err
}

// SetKeyNote writes it anew.
func (p *Places) SetKeyNote(ctx context.Context, v Viewer, stream act.Fingerprint, words string) error {
	words, err := fault.Passage("words", words, MaxKeyNote)
	if err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, HandOver, Any); err != nil {
			return err
		}
		_, err := putKeyNote.Run(ctx, tx, stream, words, act.Micros(p.now()))
		return err
	})
}

// TokensIn counts the tokens of programs that reach a place, for its keepers.
// Whose they are nobody but their makers sees.
func (p *Places) TokensIn(ctx context.Context, v Viewer, stream act.Fingerprint) (StandingTokens, error) {
	if err := May(ctx, p.db, v, stream, HandOver, Any); err != nil {
		return StandingTokens{}, err
	}
	return tokensIn.One(ctx, p.db, stream, act.Micros(p.now()))
}

// StepDown makes the viewer a member again, or ends the membership, once for each
// of their mandates it is said who goes on; faults of the fields "mandate-" and its
// id. What else is handed over is done by also, in the same transaction. The last
// keeper stays.
func (p *Places) StepDown(ctx context.Context, v Viewer, stream act.Fingerprint, h Handing, also func(context.Context, *db.Tx) error) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, HandOver, Any); err != nil {
			return err
		}
		if err := one(lockRole.Run(ctx, tx, stream, v.Person)); err != nil {
			return err
		}
		var f fault.Fields
		if err := f.Merge(p.passMandates(ctx, tx, v, stream, h)); err != nil {
			return err
		}
		if err := f.Merge(also(ctx, tx)); err != nil {
			return err
		}
		if err := f.Err(); err != nil {
			return err
		}
		if h.Leave {
			return p.endIn(ctx, tx, v, stream, v.Person, Leave)
		}
		return p.setRole(ctx, tx, v, stream, v.Person, Member)
	})
}

// passMandates gives each mandate of the viewer to whom they named, until the same day.
func (p *Places) passMandates(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint, h Handing) error {
	rows, err := mandatesHeld.All(ctx, tx, stream, v.Person, act.Micros(p.now()))
	if err != nil {
		return err
	}
	var f fault.Fields
	for _, r := range rows {
		if err := p.passMandate(ctx, tx, v, stream, r, h); err != nil {
			if !fault.Is(err, fault.Invalid) {
				return err
			}
			f.Add("mandate-"+r.ID, "handover.who")
		}
	}
	return f.Err()
}

func (p *Places) passMandate(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint, r mandateRow, h Handing) error {
	to := h.Mandates[r.ID]
	switch {
	case to == GoOn && !h.Leave:
		return nil
	case to == Nobody:
		return p.endOne(ctx, tx, v, stream, r.ID, func(mandateRow) bool { return true })
	case to == "" || to == GoOn || to == v.Person:
		return fault.At("mandate", "handover.who")
	}
	now := act.Micros(p.now())
	if err := p.canHold(ctx, tx, stream, NewMandate{Person: to, Text: r.Scope}); err != nil {
		return err
	}
	if err := p.endOne(ctx, tx, v, stream, r.ID, func(mandateRow) bool { return true }); err != nil {
		return err
	}
	if k, err := running.One(ctx, tx, stream, to, r.Role, r.Scope, now); err != nil || k > 0 { // they do it already
		return err
	}
	if _, err := insertMandate.Run(ctx, tx, act.NewToken(), stream, to, r.Role, r.Scope, r.Aim, now, r.Until, v.Person); err != nil {
		return err
	}
	return Note(ctx, tx, v, stream, now, nameDeed(r.Role), to, r.Scope, r.Aim)
}
