package meeting

import (
	"context"
	"strings"
	"time"

	"translocal/act"
	"translocal/calendar"
	"translocal/db"
	"translocal/place"
)

// CalendarLink makes a secret by which a calendar program reads a place's
// meetings as the viewer does; an earlier one ends. It lasts until expires, and
// no longer than the membership. Programs can't make one: it would outlive their token.
func (ms *Meetings) CalendarLink(ctx context.Context, v place.Viewer, stream act.Fingerprint) (secret string, expires time.Time, err error) {
	if err := place.InPerson(v); err != nil {
		return "", time.Time{}, err
	}
	secret, hash := place.NewSecret()
	expires = ms.now().Add(place.CalendarLasts)
	return secret, expires, ms.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.ReadMeetings, place.Any); err != nil {
			return err
		}
		if _, err := dropLinks.Run(ctx, tx, stream, v.Person); err != nil {
			return err
		}
		_, err := putLink.Run(ctx, tx, hash, stream, v.Person, act.Micros(expires))
		return err
	})
}

// Calendar writes a place's meetings as iCalendar for who holds a secret. A
// secret that is too late, or whose holder left, is as if it had never been.
// path gives the page of a meeting.
func (ms *Meetings) Calendar(ctx context.Context, secret string, path func(stream act.Fingerprint, id string) string) (string, error) {
	row, err := linkByToken.One(ctx, ms.db, place.HashSecret(secret), act.Micros(ms.now()))
	if err != nil {
		return "", err
	}
	v := place.Viewer{Person: row.Person, Name: row.Name, Site: row.Site}
	if err := place.May(ctx, ms.db, v, row.Stream, place.ReadMeetings, place.Any); refused(err) {
		return "", db.ErrNoRow
	} else if err != nil {
		return "", err
	}
	return ms.calendar(ctx, row.Stream, true, path)
}

// PublicCalendar writes what everybody may know of a place's meetings.
func (ms *Meetings) PublicCalendar(ctx context.Context, stream act.Fingerprint, path func(stream act.Fingerprint, id string) string) (string, error) {
	return ms.calendar(ctx, stream, false, path)
}

func (ms *Meetings) calendar(ctx context.Context, stream act.Fingerprint, member bool, path func(act.Fingerprint, string) string) (string, error) {
	past, err := ms.list(ctx, gone, stream, member)
	if err != nil {
		return "", err
	}
	coming, err := ms.list(ctx, upcoming, stream, member)
	if err != nil {
		return "", err
	}
	c := calendar.New(ms.now(), "")
	for _, m := range append(past, coming...) {
		at := path(stream, m.ID)
		c.Add(calendar.Event{UID: at, From: m.Start(), Till: m.End(), Title: m.Title, Where: where(m), Description: m.agenda(), URL: at,
			Off: m.CalledOff, Changed: m.Rev - 1})
	}
	return c.String(), nil
}

func where(m *Meeting) string {
	if m.Venue == "" {
		return m.Link
	}
	return m.Venue
}

// agenda is the agenda as lines of text, the link to join before it.
func (m *Meeting) agenda() string {
	var lines []string
	if m.Link != "" {
		lines = append(lines, m.Link)
	}
	for _, x := range m.Agenda {
		lines = append(lines, "- "+x.Title)
	}
	return strings.Join(lines, "\n")
}
