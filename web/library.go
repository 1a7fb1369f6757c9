package web

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/i18n"
	"translocal/library"
	"translocal/web/page"
)

func (s *Server) libraryRoutes() []route {
	return []route{
		{"GET /library", s.libraryHome},
		{"GET /library/treaties", s.treaties},
		{"GET /library/family/{id}", s.family},
		{"GET /library/model/{id}", s.model},
		{"GET /library/model/{id}/kit", s.kit},
	}
}

func (s *Server) libraryHome(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.LibraryHome(s.frame(r, t(r, "web.library")), s.Library))
}

func (s *Server) treaties(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.Treaties(s.frame(r, t(r, "library.treaties")), s.Library))
}

func (s *Server) family(w http.ResponseWriter, r *http.Request) error {
	x, ok := s.Library.Family(r.PathValue("id"))
	if !ok {
		return db.ErrNoRow
	}
	var rests []library.Instrument
	for _, id := range x.Instruments {
		if i, ok := s.Library.Instrument(id); ok {
			rests = append(rests, i)
		}
	}
	name, _ := x.Name.In(i18n.From(r.Context()).Lang())
	return s.show(w, r, page.Family(s.frame(r, name), x, s.Library.Of(x.ID), rests))
}

func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	m, ok := s.Library.Model(r.PathValue("id"))
	if !ok {
		return db.ErrNoRow
	}
	lang := modelLanguage(r, m)
	title, _ := m.Title.In(lang)
	f := s.frame(r, title)
	known, err := s.Blueprints.InFamily(r.Context(), viewer(r), m.Family)
	if err != nil {
		return err
	}
	var versions templ.Component
	if len(known) > 0 {
		versions = page.Titles(f, known, true)
	}
	return s.show(w, r, page.Model(f, m, s.Library, lang, versions, f.Mine))
}

// modelLanguage is the language in which a model is asked for, or the reader's, or one that it has.
func modelLanguage(r *http.Request, m library.Model) string {
	if lang := r.URL.Query().Get("in"); slices.Contains(m.Languages, lang) {
		return lang
	}
	_, lang := m.Title.In(i18n.From(r.Context()).Lang())
	return lang
}

func (s *Server) kit(w http.ResponseWriter, r *http.Request) error {
	m, ok := s.Library.Model(r.PathValue("id"))
	if !ok {
		return db.ErrNoRow
	}
	p := page.KitPage{Model: m, Lang: modelLanguage(r, m), Whole: r.URL.Query().Get("whole") != ""}
	p.Address = s.Shown + "/library/model/" + m.ID + "?in=" + p.Lang
	title, _ := m.Title.In(p.Lang)
	return s.show(w, r, page.Kit(s.frame(r, title), p))
}

// LibraryText gives the models of a library to package blueprint as texts that
// can be adapted.
func LibraryText(lib *library.Library) func(model, language string) (blueprint.Text, error) {
	return func(model, language string) (blueprint.Text, error) {
		m, ok := lib.Model(model)
		if !ok || !slices.Contains(m.Languages, language) {
			return blueprint.Text{}, db.ErrNoRow
		}
		in := func(t library.Text) string { s, _ := t.In(language); return s }
		t := blueprint.Text{Title: in(m.Title), Summary: in(m.Summary), Language: language, Family: m.Family,
			Institution: blueprint.Institution(m.Institutions[0])}
		for _, b := range m.RestsOn {
			if b.Instrument != "" {
				t.Rests = append(t.Rests, blueprint.Rest{Instrument: b.Instrument, Article: b.Article})
			}
		}
		for _, v := range m.Variables {
			t.Variables = append(t.Variables, blueprint.Variable{Name: v.Name, Label: in(v.Label)})
		}
		for _, c := range m.Clauses {
			w := blueprint.Wording{ID: m.Token(c.ID), Kind: clause.Passage, Heading: in(c.Heading), Text: in(c.Text), Reason: in(c.Reason),
				Softer: in(c.Softer), Stronger: in(c.Stronger), Power: in(c.Power), Who: in(c.Who), When: in(c.When),
				HowLong: in(c.HowLong), Materials: in(c.Materials)}
			if c.Kind == "step" {
				w.Kind = clause.Step
			}
			t.Clauses = append(t.Clauses, blueprint.Clause{Wording: w})
		}
		return t, nil
	}
}
