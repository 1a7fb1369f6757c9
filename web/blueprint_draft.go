package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"translocal/act"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/fault"
	"translocal/i18n"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) draftRoutes() []route {
	return []route{
		{"POST /drafts", s.newDraft},
		{"POST /adapt", s.adaptModel},
		{"GET /draft/{link}", s.draft},
		{"GET /draft/{link}/head", s.draftHeadForm},
		{"POST /draft/{link}/head", s.draftHead},
		{"POST /draft/{link}/variables", s.draftVariables},
		{"GET /draft/{link}/clause/{clause}", s.draftClauseForm},
		{"POST /draft/{link}/clause/{clause}", s.draftClause},
		{"GET /draft/{link}/add", s.draftAddForm},
		{"POST /draft/{link}/add", s.draftAdd},
		{"POST /draft/{link}/do", s.draftDo},
		{"GET /draft/{link}/check", s.draftCheckForm},
		{"POST /draft/{link}/check", s.draftCheck},
		{"POST /draft/{link}/give", s.draftGive},
		{"POST /draft/{link}/discard", s.draftDiscard},
		{"GET /draft/{link}/print", s.draftPrint},
		{"GET /draft/{link}/publish", s.draftPublishForm},
		{"POST /draft/{link}/publish", s.draftPublish},
		{"GET /p/{place}/work", s.work},
		{"POST /p/{place}/put-aside", s.putAside},
	}
}

func linkOf(r *http.Request) blueprint.Link { return blueprint.Link(r.PathValue("link")) }

func draftPath(l blueprint.Link) string { return "/draft/" + string(l) }

// draftBegun says, after a draft was begun, who sees it.
func draftBegun(l blueprint.Link) string {
	if l.Loose() {
		return "said.draft_begun.loose"
	}
	return "said.draft_begun.place"
}

// newDraft begins a draft; nobody needs an account for one of their own.
func (s *Server) newDraft(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	l, err := s.beginDraft(r.Context(), draftOrder{How: form.Value("how"), Stream: form.Value("stream"), Version: form.Value("version"),
		Model: form.Value("model"), ModelIn: form.Value("modelLanguage"), Language: strings.TrimSpace(form.Value("language")), Into: form.Value("into")})
	if err != nil {
		return err
	}
	path := draftPath(l)
	switch {
	case form.Value("how") == "new":
		path += "/head"
	case form.Value("then") == "check":
		path += "/check"
	}
	return after(w, r, path, draftBegun(l))
}

// adaptModel begins a draft from a model of the library.
func (s *Server) adaptModel(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	l, err := s.beginDraft(r.Context(), draftOrder{How: "adapt", Stream: form.Value("place"), Model: form.Value("model"), ModelIn: form.Value("language")})
	if err != nil {
		return err
	}
	return after(w, r, draftPath(l), draftBegun(l))
}

// draftPage gathers what the pages of a draft show.
func (s *Server) draftPage(r *http.Request) (page.DraftPage, error) {
	ctx, v := r.Context(), viewer(r)
	p := page.DraftPage{Link: linkOf(r), Lost: page.QueryLost(r.URL.Query().Get("lost"))}
	var err error
	if p.Draft, err = s.Blueprints.ReadDraft(ctx, v, p.Link); err != nil {
		return p, err
	}
	if p.Warnings, err = s.Blueprints.DraftWarnings(ctx, p.Draft); err != nil {
		return p, err
	}
	if t, err := s.Blueprints.Translated(ctx, v, p.Draft); err == nil {
		p.Original = &t
	} else if !fault.Is(err, fault.NotFound) {
		return p, err
	}
	if p.Draft.Stream == "" {
		return p, nil
	}
	of, err := s.Places.ByStream(ctx, p.Draft.Stream)
	if err != nil {
		return p, err
	}
	p.Place = of.Name
	p.Publish = place.MayOn(ctx, s.Log.DB(), v, p.Draft.Stream, place.Object{Blueprint: p.Draft.Blueprint}, place.PublishBlueprint, place.Any) == nil
	return p, nil
}

func (s *Server) draft(w http.ResponseWriter, r *http.Request) error {
	return s.showDraft(w, r, http.StatusOK, page.Form{})
}

func (s *Server) showDraft(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	p.Part = page.DraftOf(p, page.IndexIn(p.Draft.Text, r.URL.Query()))
	return s.render(w, r, code, page.Draft(s.frame(r, t(r, "blueprint.draft")), p, form))
}

// refused shows the draft again with what was wrong with a change.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, err error) error {
	var form page.Form
	if err := again(r, &form, err); err != nil {
		return err
	}
	for _, m := range form.Faults { // the page has no field for it
		form.Whole = m
	}
	return s.showDraft(w, r, status(fault.KindOf(err)), form)
}

func revOf(form page.Form) int64 {
	n, _ := strconv.ParseInt(form.Value("rev"), 10, 64) // no number: older than everything
	return n
}

func (s *Server) draftHeadForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	d := p.Draft
	form := page.Filled("rev", strconv.FormatInt(d.Rev, 10), "title", d.Title, "summary", d.Summary, "institution", string(d.Institution),
		"family", d.Family, "rests", restLines(d.Rests))
	return s.show(w, r, page.DraftHead(s.frame(r, t(r, "blueprint.draft.head")), p, form))
}

// restLines and typedRests are each other's inverse: one a line, "instrument: article".
func restLines(list []blueprint.Rest) string {
	var lines []string
	for _, x := range list {
		line := x.Instrument
		if x.Article != "" {
			line += " : " + x.Article
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func typedRests(s string) []blueprint.Rest {
	var out []blueprint.Rest
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		instrument, article := line, ""
		// An address holds colons of its own: what follows the last one after a space, or after a plain id.
		if i := strings.LastIndex(line, ": "); i > 0 {
			instrument, article = line[:i], line[i+2:]
		}
		out = append(out, blueprint.Rest{Instrument: strings.TrimSpace(instrument), Article: strings.TrimSpace(article)})
	}
	return out
}

func (s *Server) draftHead(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	_, err = s.Blueprints.SetHead(r.Context(), viewer(r), linkOf(r), revOf(form), blueprint.DraftHead{Title: form.Value("title"),
		Summary: form.Value("summary"), Family: strings.TrimSpace(form.Value("family")), Institution: blueprint.Institution(form.Value("institution")),
		Rests: typedRests(form.Value("rests"))})
	if err == nil {
		return after(w, r, draftPath(linkOf(r)), "said.draft_saved")
	}
	kind := fault.KindOf(err)
	if err := again(r, &form, err); err != nil {
		return err
	}
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	if kind == fault.Conflict { // sent once more, it is meant
		form.Values.Set("rev", strconv.FormatInt(p.Draft.Rev, 10))
	}
	return s.render(w, r, status(kind), page.DraftHead(s.frame(r, t(r, "blueprint.draft.head")), p, form))
}

func (s *Server) draftVariables(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	names, labels, values := form.Values["name"], form.Values["label"], form.Values["value"]
	if len(names) != len(labels) || len(names) != len(values) {
		return fault.New(fault.Invalid, "fault.form")
	}
	list := make([]blueprint.Variable, len(names))
	for i := range names {
		list[i] = blueprint.Variable{Name: names[i], Label: labels[i], Value: values[i]}
	}
	if _, err := s.Blueprints.SetVariables(r.Context(), viewer(r), linkOf(r), revOf(form), list); err != nil {
		return s.refused(w, r, err)
	}
	return after(w, r, draftPath(linkOf(r)), "said.draft_saved")
}

// wordingForm and typedWording are each other's inverse.
func wordingForm(x blueprint.Wording) page.Form {
	form := page.Filled()
	for _, f := range clause.Fields {
		form.Values.Set(string(f), x.Plain().Get(f))
	}
	return form
}

func typedWording(form page.Form) blueprint.Wording {
	var x blueprint.Wording
	for _, f := range clause.Fields {
		x.Plain().Set(f, form.Value(string(f)))
	}
	return x
}

func (s *Server) draftClauseForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	c, ok := p.Draft.Clause(r.PathValue("clause"))
	if !ok {
		return fault.New(fault.NotFound, "fault.not_found")
	}
	form := wordingForm(c.Wording)
	form.Values.Set("rev", strconv.FormatInt(p.Draft.Rev, 10))
	return s.show(w, r, page.DraftClause(s.frame(r, t(r, "blueprint.clause.edit")), p, c.ID, form, nil))
}

func (s *Server) draftClause(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	x := typedWording(form)
	x.ID = r.PathValue("clause")
	_, err = s.Blueprints.SetClause(r.Context(), viewer(r), linkOf(r), revOf(form), x)
	if err == nil {
		return after(w, r, draftPath(linkOf(r))+"?at="+x.ID+"#"+x.ID, "said.draft_saved")
	}
	return s.clauseAgain(w, r, x.ID, form, err)
}

// clauseAgain shows the form of a clause again: what was typed is still there, and where somebody else
// was quicker, what stands there now.
func (s *Server) clauseAgain(w http.ResponseWriter, r *http.Request, id string, form page.Form, cause error) error {
	code := status(fault.KindOf(cause))
	if err := again(r, &form, cause); err != nil {
		return err
	}
	for name, m := range form.Faults {
		form.Faults[strings.TrimPrefix(name, "clause.")] = m
	}
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	var stale *blueprint.Stale
	if errors.As(cause, &stale) { // sent once more, it is meant
		form.Values.Set("rev", strconv.FormatInt(p.Draft.Rev, 10))
	}
	key := "blueprint.clause.edit"
	if id == "" {
		key = "blueprint.clause.new"
	}
	return s.render(w, r, code, page.DraftClause(s.frame(r, t(r, key)), p, id, form, stale))
}

func (s *Server) draftAddForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	form := page.Filled("kind", clause.Passage, "after", r.URL.Query().Get("after"))
	return s.show(w, r, page.DraftClause(s.frame(r, t(r, "blueprint.clause.new")), p, "", form, nil))
}

func (s *Server) draftAdd(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if _, _, err = s.Blueprints.AddClause(r.Context(), viewer(r), linkOf(r), form.Value("after"), typedWording(form)); err != nil {
		return s.clauseAgain(w, r, "", form, err)
	}
	return after(w, r, draftPath(linkOf(r)), "said.clause_added")
}

// draftDo is every button that stands beside a clause.
func (s *Server) draftDo(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	ctx, v, l, b := r.Context(), viewer(r), linkOf(r), s.Blueprints
	id, rev := form.Value("clause"), revOf(form)
	switch form.Value("what") {
	case "up":
		_, err = b.ShiftClause(ctx, v, l, id, -1)
	case "down":
		_, err = b.ShiftClause(ctx, v, l, id, 1)
	case "drop":
		_, err = b.DropClause(ctx, v, l, rev, id)
	case "restore":
		err = s.restore(r, id)
	case "ours", "theirs":
		_, err = b.Settle(ctx, v, l, id, clause.Side(form.Value("what")))
	case "check":
		_, err = b.Checked(ctx, v, l, rev, id, "")
	case "confirm":
		_, err = b.Confirm(ctx, v, l, rev, id)
	default:
		err = fault.At("what", "fault.choice")
	}
	if err != nil {
		return s.refused(w, r, err)
	}
	http.Redirect(w, r, draftPath(l)+"?at="+url.QueryEscape(id)+"#"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}

// draftCheckForm goes through what a person could check, one clause at a time: the one asked for, or the first.
func (s *Server) draftCheckForm(w http.ResponseWriter, r *http.Request) error {
	return s.showCheck(w, r, http.StatusOK, r.URL.Query().Get("clause"), page.Form{})
}

func (s *Server) showCheck(w http.ResponseWriter, r *http.Request, code int, id string, form page.Form) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	c := page.Checking{DraftPage: p, Left: p.Draft.ToCheck(viewer(r).Person)}
	if i := slices.Index(c.Left, id); i >= 0 {
		c.Clause = id
	} else if len(c.Left) > 0 {
		c.Clause = c.Left[0]
	}
	if p.Draft.Base != "" { // what was published, and its original moved since
		behind, err := s.Blueprints.StaleClauses(r.Context(), viewer(r), blueprint.VersionKey{Stream: p.Draft.Stream, ID: p.Draft.Base})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		c.Behind = slices.Contains(behind, c.Clause)
	}
	if form.Values == nil {
		form = page.Filled("name", p.Draft.Named(viewer(r).Person))
	}
	form.Values.Set("rev", strconv.FormatInt(p.Draft.Rev, 10))
	return s.render(w, r, code, page.DraftChecking(s.frame(r, t(r, "blueprint.checking")), c, form))
}

// draftCheck takes what somebody says of a clause, that it is right, and goes on to the next one.
func (s *Server) draftCheck(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	v, l, id := viewer(r), linkOf(r), form.Value("clause")
	before, err := s.Blueprints.ReadDraft(r.Context(), v, l)
	if err != nil {
		return err
	}
	if _, err = s.Blueprints.Checked(r.Context(), v, l, revOf(form), id, form.Value("name")); err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showCheck(w, r, code, id, form)
	}
	path := draftPath(l) + "/check"
	if next := page.After(before.ToCheck(v.Person), id); next != "" {
		path += "?clause=" + next
	}
	return after(w, r, path, "said.checked")
}

// restore puts a dropped clause back at the end, from where it can be moved.
func (s *Server) restore(r *http.Request, id string) error {
	d, err := s.Blueprints.ReadDraft(r.Context(), viewer(r), linkOf(r))
	if err != nil {
		return err
	}
	last := ""
	if n := len(d.Clauses); n > 0 {
		last = d.Clauses[n-1].ID
	}
	_, err = s.Blueprints.RestoreClause(r.Context(), viewer(r), linkOf(r), id, last)
	return err
}

func (s *Server) draftGive(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	d, err := s.Blueprints.GiveDraft(r.Context(), viewer(r), linkOf(r), act.Fingerprint(form.Value("stream")))
	if err != nil {
		return err
	}
	return after(w, r, "/draft/"+d.ID, "said.draft_given")
}

func (s *Server) draftDiscard(w http.ResponseWriter, r *http.Request) error {
	if err := s.Blueprints.Discard(r.Context(), viewer(r), linkOf(r)); err != nil {
		return err
	}
	return after(w, r, "/blueprints", "said.draft_discarded")
}

func (s *Server) draftPrint(w http.ResponseWriter, r *http.Request) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	return s.show(w, r, page.DraftPrint(s.frame(r, t(r, "blueprint.draft")), p))
}

func (s *Server) draftPublishForm(w http.ResponseWriter, r *http.Request) error {
	return s.showPublish(w, r, http.StatusOK, page.Form{})
}

func (s *Server) showPublish(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	if p.Original == nil { // a translation has other words throughout
		if p.Changes, err = s.Blueprints.CompareDraft(r.Context(), viewer(r), p.Draft); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	p.Part = page.ChangesOf(p.Changes, fromOf(r, "from"), draftPath(p.Link)+"/publish")
	if names := p.Draft.CheckedBy(); len(names) > 0 && form.Values == nil {
		form = page.Filled("message", t(r, "blueprint.checking.message", "names", strings.Join(names, ", ")))
	}
	return s.render(w, r, code, page.DraftPublish(s.explaining(r, t(r, "blueprint.publish")), p, form))
}

func (s *Server) draftPublish(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	k, err := s.Blueprints.PublishDraft(r.Context(), viewer(r), linkOf(r), blueprint.Publishing{Rev: revOf(form), Message: form.Value("message"), Seen: form.Values["seen"]})
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		if len(form.Faults) > 0 && form.Faults["message"] == "" { // a fault of the text, not of this form
			form.Whole = i18n.From(r.Context()).T("blueprint.fault.unfinished")
			for name, m := range form.Faults {
				form.Whole += " (" + name + ": " + m + ")"
			}
		}
		return s.showPublish(w, r, code, form)
	}
	return after(w, r, s.path(k.ID), "said.published")
}

// work is what the members of a place have in hand.
func (s *Server) work(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	ctx, v, b := r.Context(), viewer(r), s.Blueprints
	since := s.since(ctx, ofSuggestions, string(p.Stream))
	notices, err := b.NoticesOf(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	drafts, err := b.Drafts(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	received, err := b.Suggestions(ctx, v, p.Stream, false)
	if err != nil {
		return err
	}
	sent, err := b.Suggestions(ctx, v, p.Stream, true)
	if err != nil {
		return err
	}
	told, err := b.ToldTo(ctx, v, p.Stream)
	if err != nil && !fault.Is(err, fault.Forbidden) { // it is for keepers alone
		return err
	}
	return s.show(w, r, page.Work(listens(r, s.frame(r, t(r, "blueprint.work")), "/events/suggestions/"+string(p.Stream), since), p, notices, drafts, received, sent, len(told)))
}

func (s *Server) putAside(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Blueprints.PutAside(r.Context(), viewer(r), p.Stream, form.Value("url")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/work", "")
}
