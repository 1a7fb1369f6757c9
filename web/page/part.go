package page

import (
	"context"
	"html"
	"net/url"
	"strconv"

	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/i18n"
)

// roomOfList is how many bytes the long part of a page may take, so that the page as a whole stays under 50 KB.
const roomOfList = 30 << 10

// A Part is the stretch of a long list that one page shows. Where everything has room, it is the whole.
type Part struct {
	Starts   []int // indexes at which the pages begin
	From, To int   // what is shown: From ≤ i < To
	Of       int
	At       int    // which page it is, from 0
	Address  string // of the page, without the choice of the part
	Name     string // of the parameter that chooses the part
	Whole    string // address at which all of it is read and printed, "" where there is none
}

// PartOf cuts a list of n elements, each of about so many bytes, into pages; that with element from is shown.
// An element that has no room even alone has a page to itself: the page is then as large as its text.
func PartOf(n, from, room int, size func(i int) int, address, name string) Part {
	p := Part{Of: n, Address: address, Name: name, Starts: []int{0}}
	left := room
	for i := range n {
		left -= size(i)
		if left < 0 && i > p.Starts[len(p.Starts)-1] {
			p.Starts = append(p.Starts, i)
			left = room - size(i)
		}
	}
	if from < 0 || from >= n {
		from = 0
	}
	for i, s := range p.Starts {
		if s <= from {
			p.At, p.From = i, s
		}
	}
	p.To = p.end(p.At)
	return p
}

func (p Part) end(at int) int {
	if at+1 < len(p.Starts) {
		return p.Starts[at+1]
	}
	return p.Of
}

// has tells whether the page shows an element.
func (p Part) has(i int) bool { return p.From <= i && i < p.To }

// Cut tells whether the list has more than this page.
func (p Part) Cut() bool { return len(p.Starts) > 1 }

// path is the address of a page of the list.
func (p Part) path(at int) string {
	u, err := url.Parse(p.Address)
	if err != nil {
		return p.Address
	}
	q := u.Query()
	q.Del(p.Name)
	q.Del("at")
	q.Del("said")
	if at > 0 {
		q.Set(p.Name, strconv.Itoa(p.Starts[at]))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// to leads to an element with an id, on this page or another.
func (p Part) to(i int, id string) string {
	if p.has(i) {
		return "#" + id
	}
	for at := range p.Starts {
		if p.Starts[at] <= i && i < p.end(at) {
			return p.path(at) + "#" + id
		}
	}
	return "#" + id
}

// near are the pages to which there are links: the first, the last, and those around this one; -1 stands for what is left out.
func (p Part) near() (out []int) {
	last := -1
	for i := range p.Starts {
		if i == 0 || i == len(p.Starts)-1 || max(i-p.At, p.At-i) <= 2 {
			if last >= 0 && i > last+1 {
				out = append(out, -1)
			}
			out = append(out, i)
			last = i
		}
	}
	return out
}

// ClausesOf cuts a text into pages of whole clauses. whole reads it on one page: that page is as large as the text.
func ClausesOf(t blueprint.Text, warnings map[string][]blueprint.Warning, from int, whole bool, frame int, address string) Part {
	size := func(i int) int {
		c := t.Clauses[i]
		n := frame + wordingSize(c.Wording)
		for _, w := range first(warnings[c.ID], maxWarnings) {
			n += warningSize(w)
		}
		return n
	}
	if whole {
		size = func(int) int { return 0 }
	}
	p := PartOf(len(t.Clauses), from, roomOfList, size, address, "from")
	if !whole {
		p.Whole = withQuery(address, "whole", "1")
	}
	return p
}

// DraftOf cuts a draft into pages, with what stands beside each clause while it is worked on.
func DraftOf(p DraftPage, from int) Part {
	return PartOf(len(p.Draft.Clauses), from, roomOfList-700*len(p.Draft.Variables), func(i int) int {
		c := p.Draft.Clauses[i]
		n := workFrame + wordingSize(c.Wording)
		if o := p.original(c.ID); o != nil {
			n += weight(o.Text)
		}
		for _, w := range first(p.Warnings[c.ID], maxWarnings) {
			n += warningSize(w)
		}
		for _, x := range p.Draft.Collisions {
			if x.ID == c.ID {
				n += collisionSize(x)
			}
		}
		return n
	}, p.path(), "from")
}

func collisionSize(x blueprint.Collision) int {
	n := 1500
	for _, w := range []*blueprint.Wording{x.Base, x.Ours, x.Theirs} {
		if w != nil {
			n += 2 * wordingSize(*w) // both sides show what they changed of the same
		}
	}
	return n
}

// all is a text on one page.
func all(t blueprint.Text) Part { return ClausesOf(t, nil, 0, true, 0, "") }

// IndexIn is the index that a request asks for: of the clause at, or the number from.
func IndexIn(t blueprint.Text, q url.Values) int {
	if i := clauseIndex(t, q.Get("at")); i >= 0 {
		return i
	}
	n, _ := strconv.Atoi(q.Get("from")) // no number: the beginning
	return n
}

func withQuery(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// Frames of a clause in bytes: what stands around its words.
const (
	ReadFrame = 700
	workFrame = 2200 // with the buttons of a draft
	listFrame = 600
)

// maxWarnings is how many warnings stand with a clause in a text; its own page has all.
const maxWarnings = 3

func first[T any](list []T, n int) []T { return list[:min(n, len(list))] }

// weight is what a text weighs in a page.
func weight(s string) int { return len(html.EscapeString(s)) }

func wordingSize(w blueprint.Wording) (n int) {
	for _, f := range clause.Fields {
		if v := get(w, f); v != "" {
			n += weight(v) + 120
		}
	}
	return n
}

// SuggestedOf cuts what could be suggested into pages; each is a form of its own.
func SuggestedOf(list []blueprint.SuggestedChange, size func(blueprint.SuggestedChange) int, from int, address string) Part {
	return PartOf(len(list), from, roomOfList, func(i int) int { return 900 + size(list[i]) }, address, "part")
}

// WarningsOf cuts the warnings on a clause into pages.
func WarningsOf(list []blueprint.Warning, from int, address string) Part {
	return PartOf(len(list), from, roomOfList*2/3, func(i int) int { return warningSize(list[i]) + 600 }, address, "from")
}

// MovesOf cuts what moved elsewhere into pages: each line has a form.
func MovesOf(n, from int, address string) Part {
	return PartOf(n, from, 10, func(int) int { return 1 }, address, "moves")
}

// rows is how many lines of a table or list a page has.
const rows = 50

// RowsOf cuts a list of short lines into pages.
func RowsOf(n, from int, address, name string) Part {
	return PartOf(n, from, rows, func(int) int { return 1 }, address, name)
}

func warningSize(w blueprint.Warning) int {
	return 500 + weight(w.Text) + weight(w.Where) + weight(w.Cited) + len(w.Source) + weight(w.Reason)
}

// ChangesOf cuts what changed into pages.
func ChangesOf(list []clause.Change, from int, address string) Part {
	return PartOf(len(list), from, roomOfList, func(i int) int { return ChangeSize(list[i]) }, address, "from")
}

// ChangeSize is about what a change weighs, word by word.
func ChangeSize(c clause.Change) int {
	switch c.State {
	case clause.Kept, clause.Moved:
		return 250 + weight(c.After.Heading)
	case clause.Added:
		return listFrame + weight(c.After.Heading) + weight(c.After.Text)
	case clause.Dropped:
		return listFrame + weight(c.Before.Heading) + weight(c.Before.Text)
	}
	n := listFrame
	for _, x := range c.Fields {
		n += 100
		for _, w := range x.Words() {
			n += weight(w.Text) + 11
		}
	}
	return n
}

// name is what a page of the list is called: its first and its last element.
func (p Part) name(ctx context.Context, at int) string {
	from, to := p.Starts[at]+1, p.end(at)
	if from == to {
		return i18n.From(ctx).Number(from)
	}
	return i18n.From(ctx).Number(from) + "–" + i18n.From(ctx).Number(to)
}
