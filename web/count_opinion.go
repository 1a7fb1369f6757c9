package web

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"

	"translocal/decide/opinion"
	"translocal/decide/report"
	"translocal/fault"
	"translocal/i18n"
	"translocal/web/page"
)

// The files of a conversation are bounded as ballots are, and so is what a zip
// unpacks to. More statements than maxSaid make the work, and the page, long.
const (
	maxExport   = 8 << 20  // bytes as sent
	maxUnpacked = 32 << 20 // bytes of the files that are read
	maxSaid     = 1000
	maxZipped   = 100 // files in a zip
)

func (s *Server) opinionForm(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.CountOpinion(s.frame(r, t(r, "count.opinion.title")), page.Form{}))
}

// mapOpinion maps an uploaded conversation and answers with the report. Nothing of
// it is stored.
func (s *Server) mapOpinion(w http.ResponseWriter, r *http.Request) error {
	form, m, err := s.mapped(w, r)
	if err == nil {
		return s.showReport(w, r, func(to io.Writer) error { return report.Opinion(to, m, i18n.From(r.Context())) })
	}
	if err := again(r, &form, err); err != nil {
		return err
	}
	return s.render(w, r, http.StatusUnprocessableEntity, page.CountOpinion(s.frame(r, t(r, "count.opinion.title")), form))
}

func (s *Server) mapped(w http.ResponseWriter, r *http.Request) (page.Form, *opinion.Map, error) {
	form, files, err := exported(w, r)
	if err != nil {
		return form, nil, err
	}
	var f fault.Fields
	options := opinion.Options{K: number(&f, form, "k")}
	if options.K != 0 && (options.K < 2 || options.K > opinion.MaxK) {
		f.Add("k", "count.opinion.k", "max", opinion.MaxK)
	}
	if err := f.Err(); err != nil {
		return form, nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), countTime)
	defer cancel()
	select {
	case s.counting <- struct{}{}:
		defer func() { <-s.counting }()
	case <-ctx.Done():
		return form, nil, fault.New(fault.Unavailable, "count.busy")
	}
	c, err := opinion.ReadPolis(files)
	var broken *opinion.FormatError
	switch {
	case errors.As(err, &broken):
		return form, nil, fault.At("file", "count.opinion.broken."+string(broken.Why), append([]any{"file", broken.File, "line", broken.Line}, broken.Args...)...)
	case err != nil:
		return form, nil, fault.At("file", "count.cannot", "why", err.Error())
	case len(c.Statements()) > maxSaid:
		return form, nil, fault.At("file", "count.opinion.many", "max", maxSaid)
	}
	m, err := opinion.Make(c, options)
	if err != nil {
		err = fault.At("file", "count.cannot", "why", err.Error())
	}
	return form, m, err
}

// exportedFiles are the files of a conversation, in memory, by name.
type exportedFiles map[string][]byte

// exported reads the form with its files, all in memory: those that a
// conversation exports, or a zip of them.
func exported(w http.ResponseWriter, r *http.Request) (form page.Form, files exportedFiles, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxExport+64<<10)
	err = r.ParseMultipartForm(maxExport + 64<<10)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return form, nil, fault.At("file", "count.opinion.large", "max", maxExport>>20)
	}
	if err != nil {
		return form, nil, fault.Wrap(fault.Invalid, err, "fault.form")
	}
	form = page.Form{Values: r.PostForm}
	sent := r.MultipartForm.File["file"]
	if len(sent) == 0 {
		return form, nil, fault.At("file", "fault.required")
	}
	files = exportedFiles{}
	for _, head := range sent {
		if err := files.take(head); err != nil {
			return form, nil, err
		}
	}
	if len(files) == 0 {
		return form, nil, fault.At("file", "count.opinion.none")
	}
	return form, files, nil
}

// take takes one file of the form.
func (f exportedFiles) take(head *multipart.FileHeader) error {
	file, err := head.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	if strings.EqualFold(path.Ext(head.Filename), ".zip") {
		return f.unpack(file, head.Size)
	}
	return f.add(head.Filename, file)
}

// unpack takes the files of a zip, in whatever folder they lie.
func (f exportedFiles) unpack(from io.ReaderAt, size int64) error {
	z, err := zip.NewReader(from, size)
	if err != nil || len(z.File) > maxZipped {
		return fault.At("file", "count.opinion.zip")
	}
	for _, entry := range z.File {
		if !slices.Contains(opinion.Files(), exportedName(entry.Name)) {
			continue
		}
		packed, err := entry.Open()
		if err != nil {
			return fault.At("file", "count.opinion.zip")
		}
		err = f.add(entry.Name, packed)
		packed.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// exportedName is the name by which a file of an export is known: its last part,
// without what some programs put before it ("2026-01-02-topic-votes.csv").
func exportedName(name string) string {
	name = strings.ToLower(path.Base(strings.ReplaceAll(name, "\\", "/")))
	known := opinion.Files()
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) }) // "participants-votes.csv" before "votes.csv"
	for _, k := range known {
		if before, ok := strings.CutSuffix(name, k); ok && (before == "" || strings.HasSuffix(before, "-") || strings.HasSuffix(before, ".")) && !strings.HasPrefix(name, ".") {
			return k
		}
	}
	return ""
}

// add keeps a file that belongs to an export; others are passed over.
func (f exportedFiles) add(name string, from io.Reader) error {
	name = exportedName(name)
	if name == "" {
		return nil
	}
	if f[name] != nil {
		return fault.At("file", "count.opinion.twice", "file", name)
	}
	room := int64(maxUnpacked)
	for _, have := range f {
		room -= int64(len(have))
	}
	data, err := io.ReadAll(io.LimitReader(from, room+1))
	switch {
	case int64(len(data)) > room:
		return fault.At("file", "count.opinion.unpacked", "max", maxUnpacked>>20)
	case err != nil:
		return fault.At("file", "count.opinion.zip")
	}
	f[name] = append([]byte{}, data...)
	return nil
}

// Open opens a file, as fs.FS asks.
func (f exportedFiles) Open(name string) (fs.File, error) {
	data, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return exportedFile{bytes.NewReader(data)}, nil
}

// exportedFile is an open file, of which nothing but its bytes is known.
type exportedFile struct{ *bytes.Reader }

func (exportedFile) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
func (exportedFile) Close() error               { return nil }
