package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"translocal/blueprint"
	"translocal/document"
	"translocal/fault"
	"translocal/web/page"
)

// uploaded reads a form that may hold a file, all in memory; nothing of it is kept. A slow sender keeps nobody
// waiting: the turn to read comes after.
func uploaded(w http.ResponseWriter, r *http.Request) (page.Form, Incoming, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") { // a form without a place for a file
		form, err := typed(w, r)
		return form, Incoming{Text: form.Value("text"), Title: form.Value("title"), Language: form.Value("language")}, err
	}
	const most = document.MaxFile + document.MaxText + 64<<10
	r.Body = http.MaxBytesReader(w, r.Body, most)
	err := r.ParseMultipartForm(most)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return page.Filled(), Incoming{}, fault.At("file", "document.too_large", "max", document.MaxFile>>20)
	}
	if err != nil {
		return page.Filled(), Incoming{}, fault.Wrap(fault.Invalid, err, "fault.form")
	}
	form := page.Form{Values: r.PostForm}
	in := Incoming{Text: form.Value("text"), Title: form.Value("title"), Language: form.Value("language")}
	f, head, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return form, in, nil
	}
	if err != nil {
		return form, in, fault.Wrap(fault.Invalid, err, "fault.form")
	}
	defer f.Close()
	in.Name = filepath.Base(head.Filename)
	in.Data, err = io.ReadAll(io.LimitReader(f, document.MaxFile+1)) // Read refuses the one byte too many
	return form, in, err
}

// alone waits for the turn to read or check what a stranger sent, one at a time, and gives it a limit of time, in which
// waiting counts. Where the turn doesn't come the fault says busy, the key of a message.
func (s *Server) alone(ctx context.Context, most time.Duration, busy string) (context.Context, func(), error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	select {
	case s.reading <- struct{}{}:
		return ctx, func() { <-s.reading; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return ctx, nil, fault.New(fault.Unavailable, busy)
	}
}

// few is a list in JSON from a stranger: no more of it is taken into memory than the clauses of a text.
type few[T any] []T

// errMany is the error of a list that is longer.
var errMany = errors.New("more than a text has clauses")

// UnmarshalJSON reads element by element and stops at the first that is too many.
func (f *few[T]) UnmarshalJSON(data []byte) error {
	*f = nil
	if string(data) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(err, errors.New("not a list"))
	}
	for d.More() {
		if len(*f) == blueprint.MaxClauses {
			return errMany
		}
		var x T
		if err := d.Decode(&x); err != nil {
			return err
		}
		*f = append(*f, x)
	}
	return nil
}
