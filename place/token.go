package place

import (
	"context"
	"strings"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// Limits of personal tokens, and the beginning by which one is known.
const (
	MaxTokens    = 20
	MaxTokenName = 60
	MaxTokenDays = 366
	TokenPrefix  = "tlt_"
)

// Token is a key with which a person's program calls the API.
type Token struct {
	ID                     string
	Name                   string
	Writes                 bool            // or reads alone
	Stream                 act.Fingerprint // the one place it is for; "" for all of the person's
	Created, Expires, Seen int64           // microseconds; Seen 0 until used
}

// NewToken is what somebody asks for. Days is how long it lasts.
type NewToken struct {
	Name   string
	Writes bool
	Stream act.Fingerprint
	Days   int
}

type tokenRow struct {
	ID      string
	Person  string
	Name    string
	Writes  bool
	Stream  act.Fingerprint
	Expires int64
	Seen    int64
}

var (
	insertToken = db.Exec(`insert into personal_token (id, token, person, name, writes, stream, created, expires, seen) values ($1, $2, $3, $4, $5, $6, $7, $8, 0)`)
	tokenByHash = db.Rows[tokenRow](`select t.id, t.person, p.name, t.writes, t.stream, t.expires, t.seen from personal_token t join person p on p.id = t.person where t.token = $1`)
	tokensOf    = db.Rows[Token](`select id, name, writes, stream, created, expires, seen from personal_token where person = $1 and expires > $2 order by created, id`)
	countTokens = db.Rows[int64](`select count(*) from personal_token where person = $1`)
	dropTokens  = db.Exec(`delete from personal_token where person = $1 and expires <= $2`)
	endToken    = db.Exec(`delete from personal_token where id = $1 and person = $2`)
	touchToken  = db.Exec(`update personal_token set seen = $2 where id = $1`)
)

// kept out of the hands of programs: who belongs to a place, the site, and what
// can't be taken back. What a token did would outlast it.
func tokenMay(a Action) bool {
	switch a {
	case Invite, SetRole, RemoveMember, Leave, BlockPerson, GiveMandate, LayDown, HandOver, SetWays, AnswerRequest, Vouch, FoundPlace, KeepSite, SetSiteKeepers, KeepWebhooks, ErasePart, RotateKey, SetRootKeys:
		return false
	case AskLightly:
		return false
	}
	return true
}

// MakeToken makes a token of the viewer's; the secret is shown once. A program
// that holds a token makes none.
func (p *Places) MakeToken(ctx context.Context, v Viewer, n NewToken) (secret string, err error) {
	if err := InPerson(v); err != nil {
		return "", err
	}
	var f fault.Fields
	n.Name, err = fault.RequiredLine("token", n.Name, MaxTokenName)
	f.Merge(err)
	if n.Days < 1 || n.Days > MaxTokenDays {
		f.Add("days", "people.token.days.range", "max", MaxTokenDays)
	}
	if err := f.Err(); err != nil {
		return "", err
	}
	text, _ := NewSecret()
	secret = TokenPrefix + text
	now := p.now()
	return secret, p.db.Write(ctx, func(tx *db.Tx) error {
		if n.Stream != "" {
			if role, err := RoleIn(ctx, tx, v, n.Stream); err != nil {
				return err
			} else if role != Member && role != Keeper {
				return fault.At("stream", "fault.choice")
			}
		}
		if err := one(lockPerson.Run(ctx, tx, v.Person)); err != nil { // tokens made at once are counted one after another
			return err
		}
		if _, err := dropTokens.Run(ctx, tx, v.Person, act.Micros(now)); err != nil {
			return err
		}
		if k, err := countTokens.One(ctx, tx, v.Person); err != nil {
			return err
		} else if k >= MaxTokens {
			return fault.At("token", "fault.too_many", "max", MaxTokens)
		}
		_, err := insertToken.Run(ctx, tx, act.NewToken(), HashSecret(secret), v.Person, n.Name, n.Writes, n.Stream,
			act.Micros(now), act.Micros(now.AddDate(0, 0, n.Days)))
		return err
	})
}

// Tokens lists the viewer's tokens that still open something.
func (p *Places) Tokens(ctx context.Context, v Viewer) ([]Token, error) {
	if err := InPerson(v); err != nil {
		return nil, err
	}
	return tokensOf.All(ctx, p.db, v.Person, act.Micros(p.now()))
}

// EndToken takes one of the viewer's own tokens back.
func (p *Places) EndToken(ctx context.Context, v Viewer, id string) error {
	if err := InPerson(v); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error { return one(endToken.Run(ctx, tx, id, v.Person)) })
}

// IsToken tells a token from the secret of a session.
func IsToken(secret string) bool { return strings.HasPrefix(secret, TokenPrefix) }

// ByToken finds for whom a token acts; the zero Viewer when for nobody. What the
// viewer may do is what the person may now, no more than the token's scope, and
// nothing as keeper of the site.
func (p *Places) ByToken(ctx context.Context, secret string) (Viewer, error) {
	row, err := tokenByHash.One(ctx, p.db, HashSecret(secret))
	now := act.Micros(p.now())
	if fault.Is(err, fault.NotFound) || err == nil && row.Expires <= now {
		return Viewer{}, nil
	}
	if err != nil {
		return Viewer{}, err
	}
	if now-row.Seen > int64(time.Hour/time.Microsecond) {
		err = p.db.Write(ctx, func(tx *db.Tx) error {
			_, err := touchToken.Run(ctx, tx, row.ID, now)
			return err
		})
	}
	return Viewer{Person: row.Person, Name: row.Name, Token: row.ID, Writes: row.Writes, Only: row.Stream}, err
}
