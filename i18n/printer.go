package i18n

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// A Printer writes for readers of one language. It does not change and may be
// used by many goroutines.
type Printer struct {
	lang   string
	tag    language.Tag
	own    map[string]message // this language alone
	all    map[string]message // completed by the source language
	strict bool

	decimal, group string // between whole and fraction; between groups of three digits
	groupFrom      int    // the least number of whole digits that is grouped
}

func newPrinter(lang string, own, all map[string]message) (*Printer, error) {
	tag, err := language.Parse(lang)
	if err != nil {
		return nil, err
	}
	p := &Printer{lang: lang, tag: tag, own: own, all: all}
	for _, key := range []string{"format.decimal", "format.group", "format.group_from"} {
		if _, ok := all[key]; !ok {
			return nil, fmt.Errorf("%s: no %q", lang, key)
		}
	}
	p.decimal, p.group = p.T("format.decimal"), p.T("format.group")
	if p.groupFrom, err = strconv.Atoi(p.T("format.group_from")); err != nil {
		return nil, fmt.Errorf("%s: format.group_from: %w", lang, err)
	}
	return p, nil
}

// Lang returns the BCP 47 tag, for the lang attribute.
func (p *Printer) Lang() string { return p.lang }

// Dir returns "ltr" or "rtl", for the dir attribute.
func (p *Printer) Dir() string { return Dir(p.lang) }

// Has reports whether there is such a message, be it in the source language.
func (p *Printer) Has(key string) bool { _, ok := p.all[key]; return ok }

func (p *Printer) keys() []string { return slices.Sorted(maps.Keys(p.own)) }

// T returns the message with its placeholders filled. args are pairs of a name
// and a value: p.T("site.greeting", "name", n). A string stands as it is, an
// integer or float64 is written as [Printer.Number] writes it (give a year or
// an identifier as a string), anything else as fmt.Sprint does. A placeholder
// without value stays visible.
func (p *Printer) T(key string, args ...any) string {
	m, ok := p.all[key]
	if !ok {
		return p.missing(key)
	}
	return p.fill(m.form(0), args)
}

// N is [Printer.T] for a message that depends on a number: it chooses the plural
// form for n and fills {count} with it.
func (p *Printer) N(key string, n int, args ...any) string {
	m, ok := p.all[key]
	if !ok {
		return p.missing(key)
	}
	form := m.form(n)
	if len(form.names) == 0 {
		return form.literals[0]
	}
	return p.fill(form, append(args[:len(args):len(args)], "count", n))
}

// Around returns what stands before and after the placeholder name, so that a
// component can put a link or a field there. The other placeholders are filled
// from args. before is the whole message if the placeholder is not in it.
func (p *Printer) Around(key, name string, args ...any) (before, after string) {
	m, ok := p.all[key]
	if !ok {
		return p.missing(key), ""
	}
	form := m.form(0)
	i := slices.Index(form.names, name)
	if i < 0 {
		return p.fill(form, args), ""
	}
	left := &pattern{literals: form.literals[:i+1], names: form.names[:i]}
	right := &pattern{literals: form.literals[i+1:], names: form.names[i+1:]}
	return p.fill(left, args), p.fill(right, args)
}

func (p *Printer) fill(form *pattern, args []any) string {
	if len(form.names) == 0 {
		return form.literals[0]
	}
	var space [128]byte // most messages fit: one allocation, for the result
	out := space[:0]
	for i, name := range form.names {
		out = append(out, form.literals[i]...)
		out = p.appendValue(out, name, args)
	}
	return string(append(out, form.literals[len(form.names)]...))
}

func (p *Printer) appendValue(out []byte, name string, args []any) []byte {
	for i := 0; i+1 < len(args); i += 2 {
		if s, ok := args[i].(string); !ok || s != name {
			continue
		}
		var space [32]byte
		switch v := args[i+1].(type) {
		case string:
			return append(out, v...)
		case int:
			return p.appendNumber(out, strconv.AppendInt(space[:0], int64(v), 10))
		case int64:
			return p.appendNumber(out, strconv.AppendInt(space[:0], v, 10))
		case float64:
			return p.appendNumber(out, strconv.AppendFloat(space[:0], v, 'f', -1, 64))
		default:
			return fmt.Append(out, v)
		}
	}
	return fmt.Appendf(out, "{%s}", name)
}

func (p *Printer) missing(key string) string {
	if p.strict {
		return "⟦" + key + "⟧"
	}
	return strings.ReplaceAll(key[strings.LastIndexByte(key, '.')+1:], "_", " ")
}

// Number writes a whole number with the language's groups of digits.
func (p *Printer) Number(n int) string {
	var space, out [32]byte
	return string(p.appendNumber(out[:0], strconv.AppendInt(space[:0], int64(n), 10)))
}

// Decimal writes f with the given number of digits after the decimal sign.
func (p *Printer) Decimal(f float64, digits int) string {
	return string(p.appendNumber(nil, strconv.AppendFloat(nil, f, 'f', digits, 64)))
}

// appendNumber puts the language's signs into a number as strconv writes it.
func (p *Printer) appendNumber(out, number []byte) []byte {
	if number[0] == '-' {
		out, number = append(out, "−"...), number[1:]
	}
	whole, fraction, hasFraction := bytes.Cut(number, []byte{'.'})
	grouped := len(whole) >= p.groupFrom && '0' <= whole[0] && whole[0] <= '9' // not Inf, NaN
	for i, digit := range whole {
		if grouped && i > 0 && (len(whole)-i)%3 == 0 {
			out = append(out, p.group...)
		}
		out = append(out, digit)
	}
	if hasFraction {
		out = append(append(out, p.decimal...), fraction...)
	}
	return out
}

// Date writes the day that t shows in t's own zone: "24 November 2026".
func (p *Printer) Date(t time.Time) string { return p.date("format.date", t) }

// FullDate is [Printer.Date] with the day of the week.
func (p *Printer) FullDate(t time.Time) string { return p.date("format.full_date", t) }

func (p *Printer) date(key string, t time.Time) string {
	return p.T(key,
		"weekday", p.T(weekdayKeys[t.Weekday()]),
		"day", strconv.Itoa(t.Day()),
		"month", p.T(monthKeys[t.Month()-1]),
		"year", strconv.Itoa(t.Year()))
}

// Time writes date and hour of t in zone, and the zone as its distance from UTC,
// which unlike "CST" means one thing everywhere. A nil zone is UTC.
func (p *Printer) Time(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	return p.T("format.time", "date", p.Date(t), "clock", t.Format("15:04"), "zone", zoneName(t))
}

func zoneName(t time.Time) string {
	_, seconds := t.Zone()
	if seconds == 0 {
		return "UTC"
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	hours, minutes := seconds/3600, seconds/60%60
	if minutes == 0 {
		return "UTC" + sign + strconv.Itoa(hours)
	}
	return fmt.Sprintf("UTC%s%d:%02d", sign, hours, minutes)
}

// The keys are written out, so that the check for unused messages finds them.
var monthKeys = [12]string{
	"format.january", "format.february", "format.march", "format.april",
	"format.may", "format.june", "format.july", "format.august",
	"format.september", "format.october", "format.november", "format.december",
}

var weekdayKeys = [7]string{
	"format.sunday", "format.monday", "format.tuesday", "format.wednesday",
	"format.thursday", "format.friday", "format.saturday",
}

type contextKey struct{}

// With returns a context that carries p.
func With(ctx context.Context, p *Printer) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the printer that ctx carries, or else the source language's.
func From(ctx context.Context) *Printer {
	if p, ok := ctx.Value(contextKey{}).(*Printer); ok && p != nil {
		return p
	}
	if b, err := Load(); err == nil {
		return b.printers[0]
	}
	return &Printer{lang: source, tag: language.English} // the build's tests rule this out
}

// T is [Printer.T] of the printer in ctx.
func T(ctx context.Context, key string, args ...any) string { return From(ctx).T(key, args...) }

// N is [Printer.N] of the printer in ctx.
func N(ctx context.Context, key string, n int, args ...any) string {
	return From(ctx).N(key, n, args...)
}
