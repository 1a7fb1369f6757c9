package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"translocal/act"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) suggestionRoutes() []route {
	return []route{
		{"GET /suggest", s.suggestForm},
		{"POST /suggest", s.suggest},
		{"GET /p/{place}/suggestion", s.suggestion},
		{"POST /p/{place}/suggestion/say", s.saySuggestion},
		{"POST /p/{place}/suggestion/use", s.useSuggestion},
		{"POST /p/{place}/suggestion/decline", s.declineSuggestion},
		{"POST /p/{place}/suggestion/take-back", s.takeBackSuggestion},
	}
}

func (s *Server) suggestForm(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if q.Get("to") == "" {
		return s.showWhom(w, r, q.Get("place"), q.Get("from"))
	}
	return s.showSuggest(w, r, http.StatusOK, q.Get("to"), q.Get("place"), q.Get("from"), page.Form{Values: url.Values{"clause": q["clause"]}})
}

// showWhom lists the texts of other places to which one of ours can be suggested: where it came from, and its sisters.
func (s *Server) showWhom(w http.ResponseWriter, r *http.Request, stream, from string) error {
	ctx, v := r.Context(), viewer(r)
	if err := place.May(ctx, s.Log.DB(), v, act.Fingerprint(stream), place.SuggestChange, place.Any); err != nil {
		return err
	}
	ours, err := s.Blueprints.Read(ctx, v, blueprint.VersionKey{Stream: act.Fingerprint(stream), ID: from})
	if err != nil {
		return err
	}
	list, err := s.Blueprints.Relatives(ctx, v, ours.VersionKey)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page.SuggestWhom(s.frame(r, t(r, "blueprint.whom")), ours, list))
}

// showSuggest sets a version of ours beside theirs; without from, the first of ours that has clauses in common, in
// their language where there is one.
func (s *Server) showSuggest(w http.ResponseWriter, r *http.Request, code int, to, stream, from string, form page.Form) error {
	ctx, v := r.Context(), viewer(r)
	if err := place.May(ctx, s.Log.DB(), v, act.Fingerprint(stream), place.SuggestChange, place.Any); err != nil {
		return err
	}
	theirs, err := s.Blueprints.Find(ctx, v, to)
	if err != nil {
		return err
	}
	choices, err := s.Blueprints.Related(ctx, v, act.Fingerprint(stream), theirs)
	if err != nil {
		return err
	}
	ours := suggestFrom(choices, theirs.Language(), from)
	f := s.frame(r, t(r, "blueprint.suggest"))
	if ours.ID == "" {
		return s.render(w, r, code, page.Suggest(f, theirs, ours, nil, nil, nil, page.Part{}, form))
	}
	list, err := s.Blueprints.Candidates(ctx, v, ours.VersionKey, theirs.VersionKey)
	if err != nil {
		return err
	}
	here := "/suggest?" + url.Values{"to": {to}, "place": {stream}, "from": {ours.ID}}.Encode()
	part, _ := strconv.Atoi(cmp.Or(form.Value("part"), r.URL.Query().Get("part"))) // no number: the first
	if ours.Language != theirs.Language() {
		mine, err := s.Blueprints.Read(ctx, v, ours.VersionKey)
		if err != nil {
			return err
		}
		p := page.AcrossPage{To: theirs, From: mine, Choices: choices, List: list}
		p.Part = page.SuggestedOf(list, p.Size, part, here)
		return s.render(w, r, code, page.SuggestAcross(f, p, form))
	}
	c, err := s.Blueprints.Compare(ctx, v, theirs.VersionKey, ours.VersionKey)
	if err != nil {
		return err
	}
	changes := map[string]clause.Change{}
	for _, x := range c.Changes {
		changes[x.ID] = x
	}
	return s.render(w, r, code, page.Suggest(f, theirs, ours, choices, list, changes, page.SuggestedOf(list, func(x blueprint.SuggestedChange) int { return page.ChangeSize(changes[x.Clause]) }, part, here), form))
}

// suggestFrom is the version that was asked for, else the first in a language, else the first.
func suggestFrom(choices []blueprint.Title, language, from string) blueprint.Title {
	var best blueprint.Title
	for _, x := range choices {
		switch {
		case x.ID == from:
			return x
		case best.ID == "" || best.Language != language && x.Language == language:
			best = x
		}
	}
	return best
}

func (s *Server) suggest(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	id, err := s.sendSuggestion(r, form)
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showSuggest(w, r, code, form.Value("to"), form.Value("place"), form.Value("from"), form)
	}
	p, err := s.Places.ByStream(r.Context(), act.Fingerprint(form.Value("place")))
	if err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/suggestion?"+url.Values{"id": {id}}.Encode(), "said.suggested")
}

// sendSuggestion suggests the changes that were ticked, each with its reason.
func (s *Server) sendSuggestion(r *http.Request, form page.Form) (string, error) {
	ctx, v := r.Context(), viewer(r)
	theirs, err := s.Blueprints.Find(ctx, v, form.Value("to"))
	if err != nil {
		return "", err
	}
	ours := blueprint.VersionKey{Stream: act.Fingerprint(form.Value("place")), ID: form.Value("from")}
	list, err := s.Blueprints.Candidates(ctx, v, ours, theirs.VersionKey)
	if err != nil {
		return "", err
	}
	n := blueprint.NewSuggestion{Place: ours.Stream, To: theirs.VersionKey, From: &ours, Note: form.Value("note"), Public: form.Value("public") != ""}
	mine, err := s.Blueprints.Read(ctx, v, ours)
	if err != nil {
		return "", err
	}
	n.Changes = blueprint.Chosen(list, func(id string) bool { return form.Checked("clause", id) })
	var faults fault.Fields
	for i := range n.Changes {
		faults.Merge(fillSuggested(form, &n.Changes[i], mine.Text))
	}
	if len(n.Changes) == 0 {
		faults.Add("clause", "blueprint.fault.nothing_chosen")
	}
	if err := faults.Err(); err != nil {
		return "", err
	}
	id, err := s.Blueprints.Suggest(ctx, v, n)
	return id, onClauses(err, n.Changes)
}

// fillSuggested takes from a form the reason of a change and, where it comes from another language, the translation
// of what stands in our text.
func fillSuggested(form page.Form, x *blueprint.SuggestedChange, mine blueprint.Text) error {
	var faults fault.Fields
	x.Reason = form.Value("reason-" + x.Clause)
	_, err := fault.RequiredPassage("reason-"+x.Clause, x.Reason, blueprint.MaxReason)
	faults.Merge(err)
	if x.From == "" {
		return faults.Err()
	}
	x.Wording.Heading, x.Wording.Text = form.Value("heading-"+x.Clause), form.Value("text-"+x.Clause)
	x.Status = blueprint.Status(form.Value("status-" + x.Clause))
	if x.Status == "" {
		faults.Add("status-"+x.Clause, "blueprint.fault.how_translated")
	}
	own, _ := mine.Clause(x.Clause)
	if own.Heading != "" && strings.TrimSpace(x.Wording.Heading) == "" {
		faults.Add("heading-"+x.Clause, "fault.required")
	}
	if own.Text != "" && strings.TrimSpace(x.Wording.Text) == "" {
		faults.Add("text-"+x.Clause, "fault.required")
	}
	return faults.Err()
}

// onClauses gives the faults of changes, which are numbered, the names of the form's fields: text-ID for changes.0.text.
func onClauses(err error, changes []blueprint.SuggestedChange) error {
	f := asFault(err)
	if f == nil {
		return err
	}
	named := *f
	named.Fields = slices.Clone(f.Fields)
	for i, x := range named.Fields {
		at, ok := strings.CutPrefix(x.Name, "changes.")
		number, field, ok2 := strings.Cut(at, ".")
		n, bad := strconv.Atoi(number)
		if ok && ok2 && bad == nil && n >= 0 && n < len(changes) {
			named.Fields[i].Name = field + "-" + changes[n].Clause
		}
	}
	return &named
}

func (s *Server) suggestion(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	return s.showSuggestion(w, r, http.StatusOK, p, r.URL.Query().Get("id"), page.Form{})
}

func (s *Server) showSuggestion(w http.ResponseWriter, r *http.Request, code int, p *place.Place, id string, form page.Form) error {
	ctx, v := r.Context(), viewer(r)
	since := s.since(ctx, ofSuggestion, blueprint.SuggestionKey(p.Stream, id))
	x, talk, err := s.Blueprints.ReadSuggestion(ctx, v, p.Stream, id)
	if err != nil {
		return err
	}
	base, changes, err := s.Blueprints.SuggestionDiff(ctx, v, x)
	if err != nil {
		return err
	}
	action := place.AnswerSuggestion
	if x.Sent {
		action = place.SuggestChange
	}
	steward := place.MayOn(ctx, s.Log.DB(), v, p.Stream, place.Object{Blueprint: ofOurs(x)}, action, place.Any) == nil
	f := listens(r, s.frame(r, t(r, "blueprint.suggestion")), "/events/suggestion/"+string(p.Stream)+"?id="+url.QueryEscape(x.ID), since)
	return s.render(w, r, code, page.Suggestion(f, p, x, base, changes, talk, steward, form))
}

// ofOurs is the text of ours that a suggestion is for, "" of one that we sent.
func ofOurs(x blueprint.Suggestion) string {
	if x.Sent {
		return ""
	}
	return x.Blueprint.ID
}

// onSuggestion runs what a form of a suggestion's page asks for and leads back there.
func (s *Server) onSuggestion(w http.ResponseWriter, r *http.Request, said string, do func(v place.Viewer, p *place.Place, id string, form page.Form) error) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	id := form.Value("id")
	if err := do(viewer(r), p, id, form); err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showSuggestion(w, r, code, p, id, form)
	}
	return after(w, r, s.path(p.ID)+"/suggestion?"+url.Values{"id": {id}}.Encode(), said)
}

func (s *Server) saySuggestion(w http.ResponseWriter, r *http.Request) error {
	return s.onSuggestion(w, r, "said.talked", func(v place.Viewer, p *place.Place, id string, form page.Form) error {
		return s.Blueprints.Say(r.Context(), v, p.Stream, id, form.Value("text"))
	})
}

func (s *Server) declineSuggestion(w http.ResponseWriter, r *http.Request) error {
	return s.onSuggestion(w, r, "said.declined", func(v place.Viewer, p *place.Place, id string, form page.Form) error {
		return s.Blueprints.Decline(r.Context(), v, p.Stream, id, form.Value("reason"))
	})
}

func (s *Server) takeBackSuggestion(w http.ResponseWriter, r *http.Request) error {
	return s.onSuggestion(w, r, "said.taken_back", func(v place.Viewer, p *place.Place, id string, _ page.Form) error {
		return s.Blueprints.TakeBack(r.Context(), v, p.Stream, id)
	})
}

// useSuggestion publishes at once, or leads to a draft to go on in.
func (s *Server) useSuggestion(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	id, u := form.Value("id"), blueprint.Using{Clauses: form.Values["clause"], Message: form.Value("message"), Note: form.Value("note")}
	path, said := "", "said.used"
	switch {
	case len(u.Clauses) == 0:
		err = fault.At("clause", "blueprint.fault.nothing_chosen")
	case form.Value("how") == "draft":
		var l blueprint.Link
		l, err = s.Blueprints.UseInDraft(r.Context(), viewer(r), p.Stream, id, u)
		path, said = draftPath(l), draftBegun(l)
	default:
		var k blueprint.VersionKey
		k, err = s.Blueprints.Use(r.Context(), viewer(r), p.Stream, id, u)
		path = s.path(k.ID)
	}
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		if m := form.Faults["clause"]; m != "" {
			form.Whole = m
		}
		return s.showSuggestion(w, r, code, p, id, form)
	}
	return after(w, r, path, said)
}
