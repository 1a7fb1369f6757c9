// Package fault holds the errors that reach people: each has a kind, which
// the web turns into a status and a page, and a message key with arguments,
// which i18n turns into words. It knows neither HTTP nor any language.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of thing went wrong.
type Kind string

// The kinds of fault. Anything that is not an *Error is Internal.
const (
	Invalid     Kind = "invalid"     // the input is wrong; Fields say where
	NotFound    Kind = "not_found"   // there is no such thing, or not for you
	SignIn      Kind = "sign_in"     // this needs somebody signed in
	Forbidden   Kind = "forbidden"   // signed in, but not allowed
	Conflict    Kind = "conflict"    // something changed in between, or stands in the way
	TooMany     Kind = "too_many"    // a limit was reached; try later
	TooLarge    Kind = "too_large"   // more bytes than are taken
	Unavailable Kind = "unavailable" // a peer, the disk or the database can't serve now
	Internal    Kind = "internal"    // a bug or a broken machine
)

// Field is one thing wrong with one field of a form, call or document.
// Name is the field's name there (a dotted path in a document).
type Field struct {
	Name string
	Key  string
	Args []any // name, value, name, value, …
}

// Error is a fault with its kind, a message key and, for Invalid, the fields.
type Error struct {
	Kind   Kind
	Key    string
	Args   []any
	Fields []Field
	Err    error // the cause, for the log; never shown
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Key != "" {
		fmt.Fprintf(&b, ": %s", e.Key)
	}
	for i, f := range e.Fields {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %s=%s", f.Name, f.Key)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// New makes a fault of a kind with a message key; args are name, value pairs.
func New(kind Kind, key string, args ...any) *Error {
	return &Error{Kind: kind, Key: key, Args: args}
}

// Wrap makes a fault that keeps its cause for the log.
func Wrap(kind Kind, err error, key string, args ...any) *Error {
	return &Error{Kind: kind, Key: key, Args: args, Err: err}
}

// At is an Invalid fault on one field.
func At(field, key string, args ...any) *Error {
	return &Error{Kind: Invalid, Key: "fault.invalid", Fields: []Field{{field, key, args}}}
}

// KindOf tells the kind of an error; Internal where it has none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is tells whether err is a fault of that kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Fields gathers what is wrong with several fields. Its zero value is ready.
type Fields struct{ list []Field }

// Add notes a fault on a field.
func (f *Fields) Add(name, key string, args ...any) {
	f.list = append(f.list, Field{name, key, args})
}

// Merge takes over the fields of an Invalid error; it returns any other error.
func (f *Fields) Merge(err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) && e.Kind == Invalid {
		f.list = append(f.list, e.Fields...)
		return nil
	}
	return err
}

// Err is nil when nothing was noted, else one Invalid fault with all fields.
func (f *Fields) Err() error {
	if len(f.list) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Key: "fault.invalid", Fields: f.list}
}
