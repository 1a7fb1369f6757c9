// Package calendar writes iCalendar files (RFC 5545), which calendar programs
// read. It is pure: whoever calls it says what is in them and in which words.
package calendar

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Calendar is being written; make it with [New].
type Calendar struct {
	b     strings.Builder
	stamp string
}

// An Event lasts from one moment to another.
type Event struct {
	UID         string // the same for ever
	From, Till  time.Time
	Title       string
	Where       string // "" when not known
	Description string // may have several lines
	URL         string // of the page about it, or ""
	Off         bool   // called off
	Changed     int    // how often it was changed: a program takes the highest
}

// New begins a calendar; now stamps its entries. name is what programs call it,
// "" for nothing.
func New(now time.Time, name string) *Calendar {
	c := &Calendar{stamp: utc(now)}
	c.line("BEGIN:VCALENDAR")
	c.line("VERSION:2.0")
	c.line("PRODID:-//Translocal//Translocal//EN")
	if name != "" {
		c.line("X-WR-CALNAME:" + escape(name))
	}
	return c
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// Day adds something that takes a whole day (YYYY-MM-DD); what is no day is left
// out, for it is not known yet.
func (c *Calendar) Day(uid, day, title string) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return
	}
	c.line("BEGIN:VEVENT")
	c.line("UID:" + escape(uid))
	c.line("DTSTAMP:" + c.stamp)
	c.line("DTSTART;VALUE=DATE:" + t.Format("20060102"))
	c.line("DTEND;VALUE=DATE:" + t.AddDate(0, 0, 1).Format("20060102"))
	c.line("SUMMARY:" + escape(title))
	c.line("TRANSP:TRANSPARENT")
	c.line("END:VEVENT")
}

// Add adds an event. Its moments are written in UTC, which each program shows
// in its reader's zone.
func (c *Calendar) Add(e Event) {
	c.line("BEGIN:VEVENT")
	c.line("UID:" + escape(e.UID))
	c.line("DTSTAMP:" + c.stamp)
	c.line("DTSTART:" + utc(e.From))
	c.line("DTEND:" + utc(e.Till))
	c.line("SUMMARY:" + escape(e.Title))
	if e.Where != "" {
		c.line("LOCATION:" + escape(e.Where))
	}
	if e.Description != "" {
		c.line("DESCRIPTION:" + escape(e.Description))
	}
	if e.URL != "" {
		c.line("URL:" + withoutBreaks.Replace(e.URL)) // a URI, which has no escapes of its own
	}
	if e.Off {
		c.line("STATUS:CANCELLED")
	}
	if e.Changed > 0 {
		c.line("SEQUENCE:" + strconv.Itoa(e.Changed))
	}
	c.line("END:VEVENT")
}

var (
	escaper       = strings.NewReplacer("\\", "\\\\", ";", "\\;", ",", "\\,", "\r\n", "\\n", "\n", "\\n", "\r", "\\n")
	withoutBreaks = strings.NewReplacer("\r", "", "\n", "")
)

func escape(s string) string { return escaper.Replace(s) }

// line folds at 75 octets without cutting a character (RFC 5545 section 3.1).
func (c *Calendar) line(s string) {
	width := 75
	for len(s) > width {
		cut := width
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		c.b.WriteString(s[:cut] + "\r\n ")
		s, width = s[cut:], 74
	}
	c.b.WriteString(s + "\r\n")
}

// String ends the calendar and returns it.
func (c *Calendar) String() string { return c.b.String() + "END:VCALENDAR\r\n" }
