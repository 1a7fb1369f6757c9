package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/document"
	"translocal/fault"
	"translocal/i18n"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) suggestionFileRoutes() []route {
	return []route{
		{"GET /p/{place}/suggestion/file/{format}", s.suggestionFile},
		{"GET /p/{place}/suggestion/enter", s.enterForm},
		{"POST /p/{place}/suggestion/read", s.readSuggestion},
		{"POST /p/{place}/suggestion/enter", s.enterSuggestion},
		{"POST /p/{place}/suggestion/answered", s.enterAnswer},
	}
}

func (s *Server) suggestionFile(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	format := r.PathValue("format")
	title, kind, data, err := s.fileOfSuggestion(r.Context(), p, r.URL.Query().Get("id"), format)
	if err != nil {
		return err
	}
	return send(w, title, format, kind, data)
}

func (s *Server) fileOfSuggestion(ctx context.Context, p *place.Place, id, format string) (title, kind string, data []byte, err error) {
	v := viewerIn(ctx)
	x, _, err := s.Blueprints.ReadSuggestion(ctx, v, p.Stream, id)
	if err != nil {
		return "", "", nil, err
	}
	base, changes, err := s.Blueprints.SuggestionDiff(ctx, v, x)
	if err != nil {
		return "", "", nil, err
	}
	kind, data, err = fileOf(format, page.SuggestionDoc(ctx, p.Name, x, base, changes), toSuggestionBody(x, nil)) // what was said stays here
	return base.Title, kind, data, err
}

func (s *Server) enterForm(w http.ResponseWriter, r *http.Request) error {
	return s.showEnter(w, r, http.StatusOK, page.Filled("version", r.URL.Query().Get("version")))
}

// entering finds the place, and its version for which a suggestion is entered.
func (s *Server) entering(r *http.Request, id string) (*place.Place, *blueprint.Version, error) {
	p, err := s.placeOf(r)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.ownVersion(r.Context(), p, id)
	return p, v, err
}

// ownVersion is a version of a place for which the viewer may enter suggestions.
func (s *Server) ownVersion(ctx context.Context, p *place.Place, id string) (*blueprint.Version, error) {
	v, err := s.Blueprints.Read(ctx, viewerIn(ctx), blueprint.VersionKey{Stream: p.Stream, ID: id})
	var o place.Object
	switch {
	case err == nil:
		o.Blueprint = v.Blueprint
	case !fault.Is(err, fault.NotFound): // who may not is not told that there is none
		return nil, err
	}
	if err := place.MayOn(ctx, s.Log.DB(), viewerIn(ctx), p.Stream, o, place.AnswerSuggestion, place.Any); err != nil {
		return nil, err
	}
	return v, err
}

func (s *Server) showEnter(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	p, v, err := s.entering(r, form.Value("version"))
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.EnterSuggestion(s.frame(r, t(r, "document.enter")), p, v, form))
}

// readSuggestion shows how a text that came by file differs from a version of ours, to choose what is suggested.
func (s *Server) readSuggestion(w http.ResponseWriter, r *http.Request) error {
	form, in, err := uploaded(w, r)
	if err != nil {
		return err
	}
	_, v, err := s.entering(r, form.Value("version"))
	if err != nil {
		return err
	}
	list, lost, err := s.differences(r.Context(), v, in)
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showEnter(w, r, code, form)
	}
	body, err := json.Marshal(toSuggestedBodies(list))
	if err != nil {
		return err
	}
	form.Values.Set("changes", string(body))
	form.Values.Del("text")
	if name := strings.TrimSpace(form.Value("name")); name != "" {
		form.Values.Set("credit", t(r, "document.credit", "name", name))
	}
	for _, c := range list {
		form.Values.Set("reason-"+c.Clause, c.Reason)
		if c.Reason != "" { // it came with the suggestion
			form.Values.Add("clause", c.Clause)
		}
	}
	return s.showEntered(w, r, http.StatusOK, form, list, lost)
}

// differences reads what came by file, in its turn: a changed text, or a suggestion in JSON with its reasons.
func (s *Server) differences(ctx context.Context, v *blueprint.Version, in Incoming) ([]blueprint.SuggestedChange, []document.Lost, error) {
	_, done, err := s.alone(ctx, readTime, "document.busy")
	if err != nil {
		return nil, nil, err
	}
	defer done()
	in.Language = v.Language()
	data := in.Data
	if len(data) == 0 {
		data = []byte(in.Text)
	}
	if isJSON(data) {
		var sent struct{ Changes few[suggestedBody] }
		err := json.Unmarshal(data, &sent)
		if errors.Is(err, errMany) {
			return nil, nil, fault.At("file", "document.many", "max", blueprint.MaxClauses)
		}
		if err == nil && len(sent.Changes) > 0 {
			return fromSuggestedBodies(sent.Changes), nil, nil
		}
	}
	text, lost, err := readText(in)
	if f := asFault(err); f != nil && len(f.Fields) == 1 && f.Fields[0].Name == "language" { // nobody typed one: it is the file's
		err = fault.At("file", f.Fields[0].Key, f.Fields[0].Args...)
	}
	if err != nil {
		return nil, nil, err
	}
	list := blueprint.Differences(v.Text, blueprint.Matched(v.Text, text.Clauses))
	if len(list) == 0 {
		err = fault.At("file", "document.enter.same")
	}
	return list, lost, err
}

func (s *Server) showEntered(w http.ResponseWriter, r *http.Request, code int, form page.Form, list []blueprint.SuggestedChange, lost []document.Lost) error {
	p, v, err := s.entering(r, form.Value("version"))
	if err != nil {
		return err
	}
	changes := map[string]clause.Change{}
	for _, c := range v.Preview(list) {
		changes[c.ID] = c
	}
	return s.render(w, r, code, page.ChooseEntered(s.frame(r, t(r, "document.enter")), p, v, list, changes, lost, form))
}

func (s *Server) enterSuggestion(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	p, v, err := s.entering(r, form.Value("version"))
	if err != nil {
		return err
	}
	var bodies []suggestedBody
	if json.Unmarshal([]byte(form.Value("changes")), &bodies) != nil || len(bodies) > 2*blueprint.MaxClauses {
		return fault.New(fault.Invalid, "fault.form")
	}
	list := fromSuggestedBodies(bodies)
	id, err := s.entered(r, form, v, list)
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showEntered(w, r, code, form, list, nil)
	}
	return after(w, r, s.path(p.ID)+"/suggestion?"+url.Values{"id": {id}}.Encode(), "said.entered")
}

// entered enters the changes that were ticked, each with its reason.
func (s *Server) entered(r *http.Request, form page.Form, v *blueprint.Version, list []blueprint.SuggestedChange) (string, error) {
	n := blueprint.NewOutside{To: v.VersionKey, Outside: blueprint.Outside{Name: form.Value("name")}, Note: form.Value("note")}
	if form.Value("named") != "" {
		n.Outside.Credit = form.Value("credit")
	}
	var faults fault.Fields
	for _, x := range list {
		if !form.Checked("clause", x.Clause) {
			continue
		}
		field := "reason-" + x.Clause
		x.Reason = form.Value(field)
		_, err := fault.RequiredPassage(field, x.Reason, blueprint.MaxReason)
		faults.Merge(err)
		n.Changes = append(n.Changes, x)
	}
	if len(n.Changes) == 0 {
		faults.Add("clause", "blueprint.fault.nothing_chosen")
	}
	if err := faults.Err(); err != nil {
		return "", err
	}
	return s.Blueprints.EnterSuggestion(r.Context(), viewer(r), n)
}

func (s *Server) enterAnswer(w http.ResponseWriter, r *http.Request) error {
	return s.onSuggestion(w, r, "said.answer_entered", func(v place.Viewer, p *place.Place, id string, form page.Form) error {
		return s.Blueprints.EnterAnswer(r.Context(), v, p.Stream, id, blueprint.HandAnswer{Outcome: blueprint.State(form.Value("outcome")), Clauses: form.Values["clause"],
			Reason: form.Value("answer"), Said: form.Value("said"), Day: form.Value("day")})
	})
}

func (s *Server) suggestionFileAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/suggestion/file", "suggestion-file", "A suggestion as a file; in Word with tracked changes, and the reasons as comments",
		func(ctx context.Context, in *struct {
			OfPlace
			FormatQuery
		}) (*fileBody, error) {
			p, err := s.Places.ByStream(ctx, in.stream())
			if err != nil {
				return nil, err
			}
			title, kind, data, err := s.fileOfSuggestion(ctx, p, in.ID, in.Format)
			return &fileBody{kind, disposition(title, in.Format), data}, err
		})
	type differing struct {
		Changes []suggestedBody `json:"changes"`
		Lost    []lostBody      `json:"lost"`
	}
	operateUpTo(api, 8<<20, "POST", "/places/{stream}/suggestions/from-file", "suggestion-from-file", "How a text that came by file differs from a version of this place; nothing is stored",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Version string `json:"version" doc:"URL of a version of this place"`
				Name    string `json:"name,omitempty"`
				Data    []byte `json:"data,omitempty" doc:"The file, in base64"`
				Text    string `json:"text,omitempty"`
			}
		}) (*struct{ Body differing }, error) {
			p, err := s.Places.ByStream(ctx, in.stream())
			if err != nil {
				return nil, err
			}
			v, err := s.ownVersion(ctx, p, in.Body.Version)
			if err != nil {
				return nil, err
			}
			list, lost, err := s.differences(ctx, v, Incoming{Name: in.Body.Name, Data: in.Body.Data, Text: in.Body.Text})
			return &struct{ Body differing }{differing{toSuggestedBodies(list), lostBodies(ctx, lost)}}, err
		})
	operate(api, "POST", "/places/{stream}/suggestions/enter", "enter-suggestion", "Enter a suggestion of a place without a node",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Version string          `json:"version" doc:"URL of a version of this place"`
				Name    string          `json:"name" doc:"Of the place that suggests"`
				Named   bool            `json:"named,omitempty" doc:"It wants to be named in a version that uses it"`
				Changes []suggestedBody `json:"changes"`
				Note    string          `json:"note,omitempty"`
			}
		}) (*idBody, error) {
			n := blueprint.NewOutside{To: blueprint.VersionKey{Stream: in.stream(), ID: in.Body.Version}, Outside: blueprint.Outside{Name: in.Body.Name},
				Changes: fromSuggestedBodies(in.Body.Changes), Note: in.Body.Note}
			if in.Body.Named {
				n.Outside.Credit = i18n.T(ctx, "document.credit", "name", strings.TrimSpace(in.Body.Name))
			}
			return idOf(s.Blueprints.EnterSuggestion(ctx, viewerIn(ctx), n))
		})
	operate(api, "POST", "/places/{stream}/suggestion/answered", "enter-answer", "Enter what a place that answers through no node decided about a suggestion of this place",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				ID      string   `json:"id"`
				Outcome string   `json:"outcome" enum:"used,used-in-part,declined"`
				Clauses []string `json:"clauses,omitempty" doc:"Used; none: all"`
				Reason  string   `json:"reason,omitempty"`
				Said    string   `json:"said" doc:"Who said so"`
				Day     string   `json:"day" format:"date"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.Blueprints.EnterAnswer(ctx, viewerIn(ctx), in.stream(), b.ID,
				blueprint.HandAnswer{Outcome: blueprint.State(b.Outcome), Clauses: b.Clauses, Reason: b.Reason, Said: b.Said, Day: b.Day})
		})
}
