package place

import (
	"context"

	"translocal/act"
	"translocal/db"
)

// OwnAccount is what the node keeps about an account, for the person to take along.
type OwnAccount struct {
	Name     string    `json:"name"`
	Created  int64     `json:"created"` // microseconds
	Places   []OwnRole `json:"places"`
	Sessions int       `json:"sessions"`
	Tokens   int       `json:"tokens"`
	Codes    int       `json:"recovery_codes"` // unused

	Blocks   []OwnBlock   `json:"blocked_by"`
	Vouches  []OwnVouch   `json:"vouches"`
	Requests []OwnRequest `json:"requests"`
	Mandates []OwnMandate `json:"mandates"`
}

// OwnRole is the person's role in a place.
type OwnRole struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Since int64  `json:"since"`
}

// OwnVouch is the person's word for somebody who waits to come in.
type OwnVouch struct {
	Place string `json:"place"`
	Made  int64  `json:"made"`
}

// OwnRequest is what the person wrote to come into another place, while it waits.
type OwnRequest struct {
	Place   string `json:"place"`
	Words   string `json:"words"`
	Created int64  `json:"created"`
}

// Forget takes a person out of what a capability keeps: as its author, and with
// words also what the person wrote. It runs in the transaction of EraseAccount.
type Forget func(ctx context.Context, tx *db.Tx, person string, words bool) error

type ownRow struct {
	Name    string
	Created int64
}

var (
	ownAccount      = db.Rows[ownRow](`select name, created from person where id = $1`)
	ownRoles        = db.Rows[OwnRole](`select p.id, p.name, m.role, m.since from membership m join place p on p.stream = m.stream where m.person = $1 order by p.name, p.stream`)
	streamsOf       = db.Rows[act.Fingerprint](`select stream from membership where person = $1 order by stream`)
	ownVouches      = db.Rows[OwnVouch](`select p.name, v.made from vouch v join entry_request r on r.id = v.request join place p on p.stream = r.stream where v.person = $1 order by v.made, v.request`)
	ownRequests     = db.Rows[OwnRequest](`select p.name, r.words, r.created from entry_request r join place p on p.stream = r.stream where r.person = $1 and r.expires > $2 order by r.created, r.id`)
	eraseRequests   = db.Exec(`delete from entry_request where person = $1`)
	erasePerson     = db.Exec(`delete from person where id = $1`)
	eraseSessions   = db.Exec(`delete from session where person = $1`)
	eraseRoles      = db.Exec(`delete from membership where person = $1`)
	eraseLinks      = db.Exec(`delete from invitation where made_by = $1 and used = 0`)
	eraseInviter    = db.Exec(`update invitation set made_by = '' where made_by = $1`)
	eraseVouches    = db.Exec(`delete from vouch where person = $1`)
	ofPersonErasing = []db.Statement{eraseSessions, endTokens, endPasskeys, dropChallenges, dropCodes, eraseRoles, eraseLinks, eraseInviter, eraseVouches, eraseRequests, dropExplained, eraseMandates, eraseGiver, erasePerson}
)

// OwnData reads what is kept about the viewer's account.
func (p *Places) OwnData(ctx context.Context, v Viewer) (*OwnAccount, error) {
	if err := InPerson(v); err != nil {
		return nil, err
	}
	row, err := ownAccount.One(ctx, p.db, v.Person)
	if err != nil {
		return nil, err
	}
	o := &OwnAccount{Name: row.Name, Created: row.Created}
	if o.Places, err = ownRoles.All(ctx, p.db, v.Person); err != nil {
		return nil, err
	}
	sessions, err := p.Sessions(ctx, v)
	if err != nil {
		return nil, err
	}
	tokens, err := p.Tokens(ctx, v)
	if err != nil {
		return nil, err
	}
	o.Sessions, o.Tokens = len(sessions), len(tokens)
	if o.Codes, err = p.RecoveryLeft(ctx, v); err != nil {
		return nil, err
	}
	if o.Blocks, err = p.BlockedIn(ctx, v); err != nil {
		return nil, err
	}
	if o.Vouches, err = ownVouches.All(ctx, p.db, v.Person); err != nil {
		return nil, err
	}
	if o.Mandates, err = ownMandates.All(ctx, p.db, v.Person); err != nil {
		return nil, err
	}
	o.Requests, err = ownRequests.All(ctx, p.db, v.Person, act.Micros(p.now()))
	return o, err
}

// EraseAccount takes the viewer out of all places and forgets the account and
// its name, by the password. A place's last keeper and the site's have to hand
// over first; a public body's site keeps its accounts.
func (p *Places) EraseAccount(ctx context.Context, v Viewer, password string, words bool, also ...Forget) error {
	if err := InPerson(v); err != nil {
		return err
	}
	row, err := p.checkPassword(ctx, v, "erase_password", password)
	if err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := Has(ctx, tx, EraseAccount); err != nil {
			return err
		}
		if err := stillPassword(ctx, tx, "erase_password", row); err != nil {
			return err
		}
		if err := lockSiteKeepers(ctx, tx); err != nil {
			return err
		}
		streams, err := streamsOf.All(ctx, tx, v.Person)
		if err != nil {
			return err
		}
		for _, forget := range also {
			if err := forget(ctx, tx, v.Person, words); err != nil {
				return err
			}
		}
		for _, erase := range ofPersonErasing {
			if _, err := erase.Run(ctx, tx, v.Person); err != nil {
				return err
			}
		}
		if _, err := dropVouches.Run(ctx, tx); err != nil { // for the requests that went
			return err
		}
		for _, stream := range streams {
			if err := kept(ctx, tx, stream); err != nil {
				return err
			}
		}
		return siteKept(ctx, tx, "leaving.last_site")
	})
}
