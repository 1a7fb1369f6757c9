package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/blueprint"
	"translocal/blueprint/check"
	"translocal/blueprint/clause"
	"translocal/document"
	"translocal/fault"
	"translocal/i18n"
	"translocal/library"
	"translocal/place"
	"translocal/web/page"
)

// checkTime is the most that one check of a stranger's draft may take.
const checkTime = 30 * time.Second

// A checker holds the texts that drafts are laid beside: the library and what
// places published.
type checker struct {
	mu      sync.Mutex
	change  int64 // of the texts that it was made of
	library []check.Text
	corpus  *check.Corpus
}

// corpus gives the texts as of now. It is made anew where one changed.
func (s *Server) corpus(ctx context.Context) (*check.Corpus, error) {
	texts, change, err := s.publicTexts(ctx)
	if err != nil {
		return nil, err
	}
	c := &s.checker
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.corpus != nil && c.change >= change {
		return c.corpus, nil
	}
	if c.library == nil {
		c.library = CheckTexts(s.Library)
	}
	all := slices.Clone(c.library)
	for _, t := range texts {
		if t.compare != nil {
			all = append(all, *t.compare)
		}
	}
	c.change, c.corpus = change, check.NewCorpus(all)
	return c.corpus, nil
}

// checkText is a published text to lay drafts beside. Warnings come later, as
// they are given on a clause and not on a version.
func (s *Server) checkText(h blueprint.Listed, v *blueprint.Version) *check.Text {
	t := &check.Text{ID: h.Blueprint, Ref: h.ID, Source: check.Followed, Title: v.Title, Place: h.PlaceName, Ask: s.path(v.Place().URL), At: s.path(h.ID), Language: v.Head.Language, Family: v.Head.Family}
	if s.here(h.ID) {
		t.Source = check.Own
	}
	for _, p := range v.Parents {
		if p.Library != nil {
			t.Parents = append(t.Parents, libraryID(p.Library.Model))
		} else if p.Blueprint != h.Blueprint {
			t.Parents = append(t.Parents, p.Blueprint)
		}
	}
	for _, c := range v.Clauses {
		if c.Missing {
			continue
		}
		x := *c.Plain()
		for _, t := range []*string{&x.Text, &x.Softer, &x.Stronger, &x.Power} {
			*t = clause.Fill(*t, v.Values())
		}
		t.Clauses = append(t.Clauses, check.Clause{Clause: x, Anchor: c.ID})
	}
	return t
}

func libraryID(model string) string { return "library/" + model }

// CheckTexts gives the models of a library as texts to lay a draft beside, one
// in each language. The command checks with the same texts.
func CheckTexts(lib *library.Library) (out []check.Text) {
	for _, m := range lib.Models {
		for _, l := range m.Languages {
			t := check.Text{ID: libraryID(m.ID), Ref: m.ID, Source: check.Model, Title: in(m.Title, l), At: "/library/model/" + m.ID + "?in=" + l, Language: l, Family: m.Family}
			for _, a := range m.Passed {
				t.Passed = append(t.Passed, in(a.Name, l))
			}
			for _, c := range m.Clauses {
				x := check.Clause{Anchor: c.ID, Clause: clause.Clause{ID: m.Token(c.ID), Heading: in(c.Heading, l), Text: in(c.Text, l),
					Softer: in(c.Softer, l), Stronger: in(c.Stronger, l), Power: in(c.Power, l)}}
				for _, w := range c.Warnings {
					x.Warnings = append(x.Warnings, check.Note{Kind: w.Kind, Text: in(w.Text, l), Where: in(w.Where, l), When: w.Happened, Source: cited(w.Sources)})
				}
				for _, e := range c.Elsewhere {
					x.Elsewhere = append(x.Elsewhere, check.Note{Text: in(e.What, l), Source: cited(e.Sources)})
				}
				t.Clauses = append(t.Clauses, x)
			}
			out = append(out, t)
		}
	}
	return out
}

func cited(list []library.Source) string {
	var out []string
	for _, x := range list {
		at := x.At
		if x.Checked != "" {
			at += " (" + x.Checked + ")"
		}
		out = append(out, at)
	}
	return strings.Join(out, "; ")
}

// checked lays a draft beside what is known here, one draft at a time. with
// says beside what: "library", "places"; nothing means both.
func (s *Server) checked(ctx context.Context, draft string, with []string) (check.Answer, error) {
	corpus, err := s.corpus(ctx)
	if err != nil {
		return check.Answer{}, err
	}
	report, err := corpus.Check(ctx, draft, func(t check.Text) bool {
		kind := "places"
		if t.Source == check.Model {
			kind = "library"
		}
		for _, w := range with {
			if w == kind {
				return true
			}
		}
		return len(with) == 0
	})
	if err != nil {
		return check.Answer{}, err
	}
	var failed error
	seen := map[string][]check.Note{}
	a := report.Answer(func(id string) []check.Note {
		if _, ok := seen[id]; !ok && failed == nil {
			seen[id], failed = s.warnedOn(ctx, id)
		}
		return seen[id]
	})
	return a, failed
}

// warnedOn gives the warnings in force that places published on a clause.
func (s *Server) warnedOn(ctx context.Context, id string) (out []check.Note, err error) {
	list, err := s.Blueprints.WarningsOn(ctx, place.Viewer{}, id)
	if err != nil {
		return nil, err
	}
	for _, w := range list {
		if w.Withdrawn {
			continue
		}
		n := check.Note{Kind: string(w.Kind), Text: w.Text, Where: w.Where, When: w.Happened, Source: w.Source}
		if n.Source == "" {
			n.Source = w.Cited
		}
		out = append(out, n)
	}
	return out, nil
}

func (s *Server) checkRoutes() []route {
	return []route{{"GET /check-draft", s.checkForm}, {"POST /check-draft", s.checkDraft}, {"POST /check-draft/adapt", s.adaptChecked}}
}

func (s *Server) checkForm(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.CheckForm(s.frame(r, t(r, "check.title")), page.Filled("with", "library", "with", "places")))
}

// checkDraft answers with what is known beside each clause. Nothing is stored:
// the page carries the text, to be sent again for an export.
func (s *Server) checkDraft(w http.ResponseWriter, r *http.Request) error {
	form, p, err := s.checkPosted(w, r)
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.CheckForm(s.frame(r, t(r, "check.title")), form))
	}
	w.Header().Set("Cache-Control", "no-store")
	switch form.Value("as") {
	case "docx":
		return s.exportCheck(w, r, "docx", p)
	case "markdown":
		return s.exportCheck(w, r, "md", p)
	case "adapt":
		return s.show(w, r, page.CheckAdapt(s.frame(r, t(r, "check.adapt.title")), p, adaptForm(r, p)))
	case "print":
		p.Whole = true
	}
	from, _ := strconv.Atoi(form.Value("from")) // no number: from the first
	p.Show(from)
	return s.show(w, r, page.CheckedDraft(s.frame(r, t(r, "check.result")), p))
}

func (s *Server) checkPosted(w http.ResponseWriter, r *http.Request) (form page.Form, p page.CheckPage, err error) {
	form, in, err := uploaded(w, r)
	if err != nil {
		return form, p, err
	}
	ctx, done, err := s.alone(r.Context(), checkTime, "check.busy")
	if err != nil {
		return form, p, err
	}
	defer done()
	if len(in.Data) > 0 {
		d, err := document.Read(in.Name, in.Data)
		if x := asFault(err); x != nil {
			return form, p, fault.At("file", x.Key, x.Args...)
		}
		if err != nil {
			return form, p, err
		}
		form.Values.Set("text", d.Markdown)
		p.Lost = d.Lost
	}
	if packed := form.Value("packed"); packed != "" {
		text, err := unpack(packed)
		if err != nil {
			return form, p, err
		}
		form.Values.Set("text", text)
		form.Values.Del("packed")
	}
	text := form.Value("text")
	p.Packed, p.With = pack(text), form.Values["with"]
	p.Answer, err = s.checked(ctx, text, p.With)
	p.Title = titleOf(text)
	return form, p, err
}

// exportCheck gives the result as a file.
func (s *Server) exportCheck(w http.ResponseWriter, r *http.Request, format string, p page.CheckPage) error {
	pr := i18n.From(r.Context())
	doc := page.CheckDocument(r.Context(), p)
	doc.Language, doc.RTL = pr.Lang(), pr.Dir() == "rtl"
	kind, data, err := fileOf(format, doc, nil)
	if err != nil {
		return err
	}
	return send(w, "draft", format, kind, data)
}

// titleOf is the first heading of a text, "" where it has none.
func titleOf(text string) string {
	for _, p := range clause.Segment(text) {
		if p.Heading != "" {
			return p.Heading
		}
	}
	return ""
}

// adaptForm is filled with the source that the draft is nearest to.
func adaptForm(r *http.Request, p page.CheckPage) page.Form {
	form := page.Filled("title", p.Title, "language", page.Lang(r.Context()))
	if src := p.Source(); src.Language != "" {
		form.Values.Set("language", src.Language)
	}
	return form
}

// CheckedDraft is a draft to begin from a text that was checked.
type CheckedDraft struct {
	Text          string            `json:"text" doc:"Markdown or plain text, as it was checked"`
	Title         string            `json:"title,omitempty"`
	Language      string            `json:"language" doc:"BCP 47"`
	Version       string            `json:"version,omitempty" doc:"URL of the version that it was made from"`
	Model         string            `json:"model,omitempty" doc:"Or the id of a model of the library"`
	ModelLanguage string            `json:"modelLanguage,omitempty"`
	Same          map[string]string `json:"same,omitempty" doc:"Which clause of the source each clause of the draft is, both by their ids in the answer to a check: what a person confirmed"`
}

// beginChecked begins a draft that belongs to whoever has its link.
func (s *Server) beginChecked(ctx context.Context, c CheckedDraft) (blueprint.Link, error) {
	if len(c.Text) > check.MaxBytes {
		return "", fault.At("text", "check.fault.long", "max", check.MaxBytes>>10)
	}
	v := viewerIn(ctx)
	var source *blueprint.Source
	switch {
	case c.Version != "":
		of, err := s.Blueprints.Find(ctx, v, c.Version)
		if err != nil {
			return "", err
		}
		source = &blueprint.Source{Version: of.VersionKey}
	case c.Model != "":
		source = &blueprint.Source{Model: c.Model, Lang: c.ModelLanguage}
	}
	ctx, done, err := s.alone(ctx, checkTime, "check.busy")
	if err != nil {
		return "", err
	}
	defer done()
	return s.Blueprints.BeginChecked(ctx, v, "", blueprint.Text{Title: strings.TrimSpace(c.Title), Language: strings.TrimSpace(c.Language)}, c.Text, source, c.Same)
}

// adaptChecked goes on with a checked text as a draft.
func (s *Server) adaptChecked(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	c := CheckedDraft{Title: form.Value("title"), Language: form.Value("language"), Version: form.Value("version"), Model: form.Value("model"),
		ModelLanguage: form.Value("modelLanguage"), Same: map[string]string{}}
	for _, x := range form.Values["same"] {
		draft, of, ok := strings.Cut(x, " ")
		if !ok {
			return fault.New(fault.Invalid, "fault.form")
		}
		c.Same[draft] = of
	}
	if c.Text, err = unpack(form.Value("packed")); err != nil {
		return err
	}
	l, err := s.beginChecked(r.Context(), c)
	if err == nil {
		return after(w, r, draftPath(l), draftBegun(l))
	}
	code := status(fault.KindOf(err))
	if err := again(r, &form, err); err != nil {
		return err
	}
	ctx, done, err := s.alone(r.Context(), checkTime, "check.busy")
	if err != nil {
		return err
	}
	defer done()
	p := page.CheckPage{Packed: form.Value("packed"), With: form.Values["with"]}
	if p.Answer, err = s.checked(ctx, c.Text, p.With); err != nil {
		return err
	}
	return s.render(w, r, code, page.CheckAdapt(s.frame(r, t(r, "check.adapt.title")), p, form))
}

func (s *Server) checkAPI(api huma.API) {
	operate(api, "POST", "/check/drafts", "draft-from-check", "Begin a draft from a text that was checked; clauses that a person confirmed keep the ids of their source",
		func(ctx context.Context, in *struct{ Body CheckedDraft }) (*struct{ Body draftBody }, error) {
			l, err := s.beginChecked(ctx, in.Body)
			if err != nil {
				return nil, err
			}
			d, err := s.Blueprints.ReadDraft(ctx, viewerIn(ctx), l)
			if err != nil {
				return nil, err
			}
			return s.draftBody(ctx, l, d)
		})
	operate(api, "POST", "/check", "check-draft", "Lay a draft beside what is known; nothing of it is stored",
		func(ctx context.Context, in *struct {
			Body struct {
				Text string   `json:"text" doc:"Markdown or plain text, 256 KiB at most"`
				With []string `json:"with,omitempty" enum:"library,places" doc:"Beside what to lay it; left out: all"`
			}
		}) (*struct{ Body check.Answer }, error) {
			ctx, done, err := s.alone(ctx, checkTime, "check.busy")
			if err != nil {
				return nil, err
			}
			defer done()
			a, err := s.checked(ctx, in.Body.Text, in.Body.With)
			if err != nil {
				return nil, err
			}
			return &struct{ Body check.Answer }{a}, nil
		})
}
