package page

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"translocal/i18n"
	"translocal/meeting"
)

// CalendarAddress is where a calendar program finds the dates of a place.
type CalendarAddress struct {
	Public  string
	Secret  string // just made: shown once, "" otherwise
	Expires int64  // microseconds
}

// emptyRows is how many rows of an agenda wait to be filled.
const emptyRows = 3

// AgendaRows are the numbers of the rows of an agenda in a form, in the order
// that their positions give, with empty ones after those that are filled.
func AgendaRows(form Form) []int {
	filled := 0
	for n := 1; n <= meeting.MaxItems+emptyRows; n++ {
		if strings.TrimSpace(form.Value("item"+strconv.Itoa(n))) != "" {
			filled = n
		}
	}
	rows := make([]int, min(filled+emptyRows, meeting.MaxItems+emptyRows))
	for i := range rows {
		rows[i] = i + 1
	}
	position := func(n int) int {
		if p, err := strconv.Atoi(strings.TrimSpace(form.Value("item" + strconv.Itoa(n) + "_position"))); err == nil && p > 0 && p < 1000 {
			return p
		}
		return n
	}
	slices.SortStableFunc(rows, func(a, b int) int { return position(a) - position(b) })
	return rows
}

// when writes a meeting's beginning and end, with the day of the week and the
// zone by its name and its distance from UTC.
func when(ctx context.Context, m *meeting.Meeting) string {
	p, start := i18n.From(ctx), m.Start()
	clock := p.Time(start, start.Location())
	zone := clock[strings.LastIndex(clock, "UTC"):]
	return p.T("meeting.when", "day", p.FullDate(start), "begins", m.Begins, "ends", m.Ends, "zone", m.Zone, "distance", zone)
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// zones are those offered first; any IANA name is taken.
var zones = []string{"Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "America/Bogota", "America/Buenos_Aires", "America/Chicago",
	"America/Denver", "America/La_Paz", "America/Lima", "America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Sao_Paulo",
	"Asia/Dhaka", "Asia/Jakarta", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Manila", "Asia/Tokyo", "Australia/Sydney", "Europe/Athens", "Europe/Berlin",
	"Europe/Istanbul", "Europe/London", "Europe/Madrid", "Pacific/Auckland", "UTC"}
