package notice

import (
	"context"
	"net/mail"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/i18n"
	"translocal/place"
)

// How often somebody is told by mail.
const (
	Daily = "daily" // one mail a day at most, when there is something
	Once  = "once"  // a mail each time
	Never = "never"
)

// Paces lists them, the usual one first.
var Paces = []string{Daily, Once, Never}

const (
	maxAddress   = 254 // RFC 5321
	maxLocal     = 64
	confirmLasts = 3 * 24 * time.Hour
	// So that nobody is pestered through us, so many mails that ask for a
	// confirmation go out in a day, by one account or to one address.
	maxConfirms = 3
)

// Settings are how somebody wants to be told.
type Settings struct {
	Address   string `json:"address,omitempty"`
	Confirmed bool   `json:"confirmed"` // its owner followed the link
	Pace      string `json:"pace"`
	ByHand    bool   `json:"byHand"` // a keeper tells them, by paper or phone
}

type addressRow struct {
	Person    string
	ID        string
	Address   string
	Asked     int64
	Confirmed int64
	Pace      string
	ByHand    bool
	Lang      string
	Digest    string
}

const addressColumns = `select person, id, address, asked, confirmed, pace, by_hand, lang, digest from mail_address `

var (
	addressOf  = db.Rows[addressRow](addressColumns + `where person = $1`)
	addressBy  = db.Rows[addressRow](addressColumns + `where id = $1`)
	putAddress = db.Exec(`insert into mail_address (person, id, address, asked, confirmed, pace, by_hand, lang, digest) values ($1, $2, $3, $4, $5, $6, $7, $8, '')
		on conflict (person) do update set id = excluded.id, address = excluded.address, asked = excluded.asked, confirmed = excluded.confirmed,
		pace = excluded.pace, by_hand = excluded.by_hand, lang = excluded.lang`)
	lockPerson     = db.Exec(`update person set login = login where id = $1`)
	confirmAddress = db.Exec(`update mail_address set confirmed = $2 where id = $1 and confirmed = 0`)
	neverAgain     = db.Exec(`update mail_address set pace = 'never', by_hand = false where id = $1`)
	dropAddress    = db.Exec(`delete from mail_address where person = $1`)
	dropNotices    = db.Exec(`delete from notice where person = $1`)
	dropMails      = db.Exec(`delete from mail where person = $1`)
	confirmsLately = db.Rows[int64](`select count(*) from mail where kind = 'confirm' and made > $1 and (person = $2 or address = $3)`)
	insertMail     = db.Exec(`insert into mail (id, person, kind, address, made, state, tries, due, changed, error) values ($1, $2, $3, $4, $5, 'waiting', 0, $5, $5, '')`)
)

// Settings reads how the viewer wants to be told; who never said is not told
// outside of the pages.
func (n *Notices) Settings(ctx context.Context, v place.Viewer) (Settings, error) {
	if err := place.InPerson(v); err != nil {
		return Settings{}, err
	}
	row, err := addressOf.One(ctx, n.db, v.Person)
	if fault.Is(err, fault.NotFound) {
		return Settings{Pace: Daily}, nil
	}
	return Settings{Address: row.Address, Confirmed: row.Confirmed > 0, Pace: row.Pace, ByHand: row.ByHand}, err
}

// Set says how the viewer wants to be told, in the language of the context. A
// new address counts once its owner followed the link that it gets.
func (n *Notices) Set(ctx context.Context, v place.Viewer, s Settings) error {
	if err := place.InPerson(v); err != nil {
		return err
	}
	var f fault.Fields
	var err error
	s.Address, err = cleanAddress(s.Address)
	f.Merge(err)
	if !slices.Contains(Paces, s.Pace) {
		f.Add("pace", "fault.choice")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return n.db.Write(ctx, func(tx *db.Tx) error { return n.set(ctx, tx, v, s) })
}

func (n *Notices) set(ctx context.Context, tx *db.Tx, v place.Viewer, s Settings) error {
	if _, err := lockPerson.Run(ctx, tx, v.Person); err != nil { // mails asked for at once are counted one after another
		return err
	}
	old, err := addressOf.One(ctx, tx, v.Person)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	row := addressRow{ID: act.NewToken(), Address: s.Address}
	if old.ID != "" && old.Address == s.Address {
		row = old
	}
	now := n.now()
	expired := act.Micros(now)-row.Asked > confirmLasts.Microseconds()
	if s.Address != "" && row.Confirmed == 0 && n.server != nil && (row.Asked == 0 || expired) {
		row.ID, row.Asked = act.NewToken(), act.Micros(now)
		if err := n.askToConfirm(ctx, tx, v.Person, s.Address, now); err != nil {
			return err
		}
	}
	_, err = putAddress.Run(ctx, tx, v.Person, row.ID, s.Address, row.Asked, row.Confirmed, s.Pace, s.ByHand, i18n.From(ctx).Lang())
	return err
}

func (n *Notices) askToConfirm(ctx context.Context, tx *db.Tx, person, address string, now time.Time) error {
	k, err := confirmsLately.One(ctx, tx, act.Micros(now.Add(-24*time.Hour)), person, address)
	if err != nil {
		return err
	}
	if k >= maxConfirms {
		return fault.At("address", "mail.too_many_confirms", "max", maxConfirms)
	}
	_, err = insertMail.Run(ctx, tx, act.NewToken(), person, "confirm", address, act.Micros(now))
	return err
}

// cleanAddress takes a plain address, name@host, with nothing around it and
// nothing that a header or a command of SMTP could read as more than that. A
// host in letters of any script becomes its form in ASCII.
func cleanAddress(s string) (string, error) {
	s, err := fault.Line("address", s, maxAddress)
	if err != nil || s == "" {
		return "", err
	}
	wrong := fault.At("address", "mail.address.shape")
	local, host, ok := cutLast(s, "@")
	if !ok || local == "" || len(local) > maxLocal || strings.ContainsFunc(local, notInLocal) {
		return "", wrong
	}
	host, err = idna.Lookup.ToASCII(host)
	if err != nil || !strings.Contains(host, ".") {
		return "", wrong
	}
	s = local + "@" + strings.ToLower(host)
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s || a.Name != "" || len(s) > maxAddress {
		return "", wrong
	}
	return s, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// notInLocal: the characters of an atom of RFC 5322 and the dot. Quoted names
// and other scripts before the @ are not taken; few servers would.
func notInLocal(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r))
}

// ToConfirm tells whether a link can still confirm an address; it changes
// nothing, since programs that check mails follow links.
func (n *Notices) ToConfirm(ctx context.Context, token string) error {
	_, err := n.toConfirm(ctx, n.db, token)
	return err
}

func (n *Notices) toConfirm(ctx context.Context, on db.Queryer, token string) (addressRow, error) {
	row, err := n.byLink(ctx, on, forConfirming, token)
	if err == nil && (row.Confirmed > 0 || row.Asked == 0 || act.Micros(n.now())-row.Asked > confirmLasts.Microseconds()) {
		err = errGone
	}
	return row, err
}

func (n *Notices) byLink(ctx context.Context, on db.Queryer, use, token string) (addressRow, error) {
	id, err := n.signed(use, token)
	if err != nil {
		return addressRow{}, err
	}
	row, err := addressBy.One(ctx, on, id)
	if fault.Is(err, fault.NotFound) {
		err = errGone
	}
	return row, err
}

// Confirm spends the link that was sent to an address.
func (n *Notices) Confirm(ctx context.Context, token string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		row, err := n.toConfirm(ctx, tx, token)
		if err != nil {
			return err
		}
		k, err := confirmAddress.Run(ctx, tx, row.ID, act.Micros(n.now()))
		if err == nil && k == 0 {
			err = errGone
		}
		return err
	})
}

// CanUnsubscribe tells whether a link out of a mail is one of ours.
func (n *Notices) CanUnsubscribe(ctx context.Context, token string) error {
	_, err := n.byLink(ctx, n.db, forUnsubscribing, token)
	return err
}

// Unsubscribe ends all mail to an address, for who holds a link out of a mail to
// it. It works as often as one likes.
func (n *Notices) Unsubscribe(ctx context.Context, token string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		row, err := n.byLink(ctx, tx, forUnsubscribing, token)
		if err != nil {
			return err
		}
		_, err = neverAgain.Run(ctx, tx, row.ID)
		return err
	})
}

// Forget drops all that is kept here about somebody whose account ends.
func (n *Notices) Forget(ctx context.Context, tx *db.Tx, person string, _ bool) error {
	for _, s := range []db.Statement{dropNotices, dropMails, dropAddress, forgetAsker} {
		if _, err := s.Run(ctx, tx, person); err != nil {
			return err
		}
	}
	return nil
}
