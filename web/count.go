package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"translocal/decide/report"
	"translocal/decide/tally"
	"translocal/fault"
	"translocal/i18n"
	"translocal/web/page"
)

// Counting for whoever asks is bounded: a file's size, the time of one count,
// and one count at once, so that nobody can keep the node from its work.
const (
	maxBallots = 4 << 20 // bytes
	countTime  = 30 * time.Second
)

func (s *Server) countRoutes() []route {
	return []route{
		{"GET /count", s.countForm}, {"POST /count", s.count},
		{"GET /count/opinion", s.opinionForm}, {"POST /count/opinion", s.mapOpinion},
	}
}

func (s *Server) countForm(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.Count(s.frame(r, t(r, "count.title")), page.Filled("tie", tally.TieByID)))
}

// count counts an uploaded file of ballots and answers with the report. Nothing
// of the file is stored.
func (s *Server) count(w http.ResponseWriter, r *http.Request) error {
	form, counted, err := s.counted(w, r)
	if err == nil {
		return s.showReport(w, r, func(to io.Writer) error { return report.Count(to, counted, i18n.From(r.Context())) })
	}
	if err := again(r, &form, err); err != nil {
		return err
	}
	if form.Faults["file"] == "" {
		form.Faults["file"] = t(r, "count.file.again")
	}
	return s.render(w, r, http.StatusUnprocessableEntity, page.Count(s.frame(r, t(r, "count.title")), form))
}

func (s *Server) counted(w http.ResponseWriter, r *http.Request) (page.Form, report.Counted, error) {
	var c report.Counted
	form, name, data, err := upload(w, r)
	if err != nil {
		return form, c, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), countTime)
	defer cancel()
	select {
	case s.counting <- struct{}{}:
		defer func() { <-s.counting }()
	case <-ctx.Done():
		return form, c, fault.New(fault.Unavailable, "count.busy")
	}
	c.File, c.Data = name, data
	if c.Election, err = ballots(name, data, i18n.From(r.Context())); err != nil {
		return form, c, err
	}
	rule, err := typedRule(r.Context(), form, c.Election)
	if err != nil {
		return form, c, err
	}
	c.Outcome, err = tally.CountContext(ctx, c.Election, rule, nil)
	switch {
	case ctx.Err() != nil:
		err = fault.At("file", "count.too_long", "seconds", int(countTime/time.Second))
	case err != nil:
		err = fault.At("rule", "count.cannot", "why", report.Refused(err, i18n.From(r.Context())))
	}
	return form, c, err
}

// upload reads the form with its file, all in memory.
func upload(w http.ResponseWriter, r *http.Request) (form page.Form, name string, data []byte, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBallots+64<<10)
	err = r.ParseMultipartForm(maxBallots + 64<<10)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return form, "", nil, fault.At("file", "count.too_large", "max", maxBallots>>20)
	}
	if err != nil {
		return form, "", nil, fault.Wrap(fault.Invalid, err, "fault.form")
	}
	form = page.Form{Values: r.PostForm}
	f, head, err := r.FormFile("file")
	if err != nil {
		return form, "", nil, fault.At("file", "fault.required")
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, maxBallots+1))
	if err == nil && len(data) > maxBallots {
		err = fault.At("file", "count.too_large", "max", maxBallots>>20)
	}
	name, bad := fault.RequiredLine("file", filepath.Base(head.Filename), 200)
	return form, name, data, errors.Join(err, bad)
}

// ballots reads the file by the format that its name says; what is wrong with it
// is told by line.
func ballots(name string, data []byte, p *i18n.Printer) (*tally.Election, error) {
	format, err := tally.FormatOf(name)
	if err != nil {
		return nil, fault.At("file", "count.format")
	}
	e, err := format.Parse(data)
	if why, broken := report.Broken(name, err, p); broken {
		return nil, fault.At("file", "count.broken", "why", why)
	}
	if err != nil {
		return nil, fault.At("file", "count.cannot", "why", err.Error())
	}
	return e, nil
}

func typedRule(ctx context.Context, form page.Form, e *tally.Election) (tally.Rule, error) {
	rule, err := tally.DeclaredRule(e)
	if name := form.Value("rule"); name != "" {
		rule, err = tally.ParseRule(name)
	}
	if err != nil {
		return rule, fault.At("rule", "count.choose", "rules", strings.Join(page.CountRules(ctx, tally.RulesFor(e)), "; "))
	}
	var f fault.Fields
	if c := form.Value("completion"); c != "" {
		rule.Completion = c
	}
	rule.Seats = max(rule.Seats, number(&f, form, "seats"))
	rule.Eligible = int64(number(&f, form, "eligible"))
	if q := strings.TrimSpace(form.Value("quorum")); q != "" {
		if rule.Quorum, err = tally.ParseQuorum(q); err != nil {
			f.Add("quorum", "count.quorum")
		}
	}
	if tie := strings.TrimSpace(form.Value("tie")); tie != "" {
		if rule.Tie, err = tally.ParseTie(tie); err != nil {
			f.Add("tie", "count.tie.shape")
		}
	}
	return rule, f.Err()
}

var styleBlock = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

// showReport sends the report, which carries its own style: the policy of this
// one page names that style by its hash.
func (s *Server) showReport(w http.ResponseWriter, r *http.Request, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src"
	for _, m := range styleBlock.FindAllSubmatch(b.Bytes(), -1) {
		sum := sha256.Sum256(m[1])
		policy += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-store")
	if _, err := w.Write(b.Bytes()); err != nil {
		slog.Debug("report not taken", "err", err)
	}
	return nil
}
