// Package page holds the pages as typed components: what a handler found out
// goes in, HTML comes out. No page asks the database or knows a request.
package page

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"translocal/i18n"
	"translocal/place"
)

// Frame is what every page carries around its content.
type Frame struct {
	Title  string // already in the reader's language
	Base   string // URL of this node, with which its objects are named
	Shown  string // URL at which it is reached now, when that is another
	Path   string // of the page, for the choice of language
	Viewer place.Viewer
	Mine   []place.Mine // places in which the viewer has a role
	Alone  []place.Mine // of these, those with a single keeper
	Demo   bool
	Said   string   // what was just done, in words; "" for nothing
	Langs  []string // languages of the interface
	News   int      // notices that wait for this keeper
	// Explain: what is seen by whom stands above the form, not read yet.
	Explain bool
	Live    string // path at which the page hears that something changed, or ""
	Since   string // cursor of what it shows, or ""
	Feed    string // path of the Atom feed of what the page shows, or ""
	// Passkeys is the address at which browsers use passkeys of this node, "" where
	// there are none; PasskeyHost is the name for which they keep them.
	Passkeys, PasskeyHost string
	// Homes are the URLs of places kept here that were founded on another node.
	Homes []string
	// Gone is where a place is kept that this node kept before, on its pages; or "".
	Gone string
}

// Form is what was typed and what is wrong with it, to show a form again.
type Form struct {
	Values url.Values
	Faults map[string]string // field name → message in the reader's language
	Whole  string            // what is wrong with the form as a whole
}

// Value is what was typed into a field.
func (f Form) Value(name string) string { return f.Values.Get(name) }

// Checked tells whether a box or choice was ticked.
func (f Form) Checked(name, value string) bool {
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Filled is a form with values to begin with: name, value, name, value, …
func Filled(pairs ...string) Form {
	f := Form{Values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// Link is the path on this node at which an object is shown, by its id: one of
// ours at its own path, also when it moved here, one of another node at /at/ and its
// address.
func (f Frame) Link(id string) string {
	if rest, ok := strings.CutPrefix(id, f.Base+"/"); ok {
		return "/" + rest
	}
	for _, home := range f.Homes {
		if rest, ok := strings.CutPrefix(id, home); ok && (rest == "" || rest[0] == '/') {
			return home[strings.LastIndex(home, "/p/"):] + rest
		}
	}
	if _, rest, ok := strings.Cut(id, "://"); ok {
		return "/at/" + rest
	}
	return "/"
}

// away tells whether an object is of another node: what this node has not heard of is found there alone.
func (f Frame) away(id string) bool { return strings.HasPrefix(f.Link(id), "/at/") }

// listening is what the script needs to know of a page: whose writing it keeps, and
// where it hears of changes.
func (f Frame) listening() templ.Attributes {
	a := templ.Attributes{}
	if f.Viewer.Person != "" {
		h := sha256.Sum256([]byte("drafts of " + f.Viewer.Person))
		a["data-me"] = hex.EncodeToString(h[:8])
	}
	if f.Live != "" {
		a["data-live"] = f.Live
		if f.Since != "" {
			a["data-since"] = f.Since
		}
	}
	return a
}

// day writes a stored time as a day in the reader's language.
func day(ctx context.Context, micros int64) string {
	return i18n.From(ctx).Date(time.UnixMicro(micros).UTC())
}

// moment writes a stored time with its zone.
func moment(ctx context.Context, micros int64) string {
	return i18n.From(ctx).Time(time.UnixMicro(micros), nil)
}
