package keep

import (
	"context"
	"encoding/json"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

var (
	setting    = db.Rows[string](`select value from site_setting where name = $1`)
	putSetting = db.Exec(`insert into site_setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`)
)

// The settings of the site that this package keeps.
const (
	recipientsSetting = "backup.recipients"
	lastSetting       = "backup.last"
)

// Stale is the age at which a backup is old, and keepers are warned.
const Stale = 8 * 24 * time.Hour

// Last is the newest backup that was written whole.
type Last struct {
	At        time.Time `json:"at"`
	Bytes     int64     `json:"bytes"`
	Encrypted bool      `json:"encrypted"`
}

// LastBackup is what [Note] noted; the zero Last before the first.
func LastBackup(ctx context.Context, on db.Queryer) (l Last, err error) {
	text, err := setting.One(ctx, on, lastSetting)
	if fault.Is(err, fault.NotFound) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	return l, json.Unmarshal([]byte(text), &l)
}

// begun is when the first of our streams was founded, in microseconds.
var begun = db.Rows[int64](`select a.published from act a join stream s on s.fp = a.stream where s.own and a.idx = 0 order by a.published limit 1`)

// Due tells whether keepers should be warned: the last backup is older than
// [Stale], or there is none though the site is older than that.
func Due(ctx context.Context, on db.Queryer, now time.Time) (bool, error) {
	last, err := LastBackup(ctx, on)
	if err != nil {
		return false, err
	}
	if last.At.IsZero() {
		first, err := begun.One(ctx, on)
		if fault.Is(err, fault.NotFound) {
			return false, nil
		}
		return now.Sub(act.FromMicros(first)) > Stale, err
	}
	return now.Sub(last.At) > Stale, nil
}

// Note remembers that a backup was written.
func Note(ctx context.Context, d *db.DB, l Last) error {
	l.At = l.At.UTC().Truncate(time.Second)
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return d.Write(ctx, func(tx *db.Tx) error {
		_, err := putSetting.Run(ctx, tx, lastSetting, string(text))
		return err
	})
}

// RecipientsText is the public age keys to which backups are encrypted, one a
// line, as a keeper entered them; "" for none.
func RecipientsText(ctx context.Context, on db.Queryer) (string, error) {
	text, err := setting.One(ctx, on, recipientsSetting)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return text, err
}

// SetRecipients stores them; who may is for the caller to ask.
func SetRecipients(ctx context.Context, tx *db.Tx, text string) error {
	if len(text) > 10_000 {
		return fault.At("recipients", "fault.too_long", "max", 10_000)
	}
	if _, err := ParseRecipients(text); err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "fault.invalid", Err: err, Fields: []fault.Field{{Name: "recipients", Key: "keep.fault.recipients"}}}
	}
	_, err := putSetting.Run(ctx, tx, recipientsSetting, text)
	return err
}

var holdOwn = db.Exec(`update stream set held = true where own`)

// ended are what a restore ends: what opens something to who holds it, as it may
// have been taken back since the backup was made, and what is still to be sent,
// as it may have been sent since.
var ended = []db.Statement{
	db.Exec(`delete from session`),
	db.Exec(`delete from passkey`), // the password is there; who had lost a device can't be left with its key
	db.Exec(`delete from passkey_challenge`),
	db.Exec(`delete from invitation where used = 0`),
	db.Exec(`delete from personal_token`),
	db.Exec(`delete from recovery_code`),
	db.Exec(`delete from calendar_link`),
	db.Exec(`delete from place_meeting_link`),
	db.Exec(`delete from room_code`),
	db.Exec(`delete from light_ask where answered = 0`), // what was answered opens nothing more
	db.Exec(`update mail set state = 'dropped' where state in ('waiting', 'handed')`),
	db.Exec(`delete from webhook_delivery where state = 'waiting'`),
	db.Exec(`update job set lease = '', leased_until = 0 where lease <> ''`),
}

// Awaken readies what was restored for a life after the one it was taken from.
// Own streams are held until those who follow were asked for what the backup
// lacks. What had ended since the backup was made must not live again: all that
// opens something ends, and nothing is sent a second time.
func Awaken(ctx context.Context, l *db.Loader) error {
	for _, s := range append([]db.Statement{holdOwn}, ended...) {
		if err := l.Then(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
