package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/blueprint"
	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) tellRoutes() []route {
	return []route{
		{"GET /tell", s.tellForm},
		{"POST /tell", s.tell},
		{"GET /p/{place}/told", s.told},
		{"POST /p/{place}/told", s.dealWithTold},
	}
}

// tells are the paths where somebody without an account writes to keepers.
func tells(p string) bool { return p == "/tell" || p == "/api/v1/told" }

// How often one address may tell something.
const (
	tellEach  = 5 * time.Minute
	tellBurst = 6
)

// tellForm names the clause by its id, and by a version that holds it if there is one. No words of a draft
// stand in the address.
func (s *Server) tellForm(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	form := page.Filled("version", q.Get("version"), "clause", q.Get("clause"))
	p, err := s.tellPage(r, form)
	if err != nil {
		return err
	}
	form.Values.Set("about", p.About)
	return s.showTell(w, r, http.StatusOK, p, form)
}

// tellPage gathers to whom something can be told, and what the clause is called.
func (s *Server) tellPage(r *http.Request, form page.Form) (p page.TellPage, err error) {
	ctx := r.Context()
	if p.Places, err = s.Places.Own(ctx); err != nil {
		return p, err
	}
	id := form.Value("clause")
	p.About = s.libraryClause(r, id)
	u := form.Value("version")
	if u == "" {
		return p, nil
	}
	v, err := s.Blueprints.Find(ctx, viewer(r), u)
	if err != nil {
		return p, err
	}
	c, ok := v.Clause(id)
	if !ok {
		return p, fault.New(fault.NotFound, "fault.not_found")
	}
	p.About = v.Title
	if c.Heading != "" {
		p.About = c.Heading + " · " + v.Title
	}
	for _, x := range p.Places {
		if x.Stream == v.Stream {
			p.Places, p.Its = []*place.Place{x}, true
			break
		}
	}
	return p, nil
}

// libraryClause names a clause of the library by its id, "" where it has none.
func (s *Server) libraryClause(r *http.Request, id string) string {
	if id == "" {
		return ""
	}
	for _, m := range s.Library.Models {
		for _, c := range m.Clauses {
			if m.Token(c.ID) == id {
				l := page.Lang(r.Context())
				return in(c.Heading, l) + " · " + in(m.Title, l)
			}
		}
	}
	return ""
}

func (s *Server) showTell(w http.ResponseWriter, r *http.Request, code int, p page.TellPage, form page.Form) error {
	var err error
	if p.Kept, err = s.retains(r.Context()); err != nil {
		return err
	}
	return s.render(w, r, code, page.Tell(s.frame(r, t(r, "told.title")), p, form))
}

func (s *Server) tell(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	err = s.Blueprints.Tell(r.Context(), viewer(r), blueprint.NewTale{Place: act.Fingerprint(form.Value("place")), Version: form.Value("version"), Clause: form.Value("clause"),
		Tale: blueprint.Tale{About: form.Value("about"), Text: form.Value("text"), Where: form.Value("where"), Happened: form.Value("happened"),
			Cited: form.Value("cited"), Contact: form.Value("contact")}})
	if err == nil {
		return after(w, r, "/check-draft", "said.told")
	}
	code := status(fault.KindOf(err))
	if f := asFault(err); f != nil && f.Kind == fault.TooMany {
		form.Whole = t(r, f.Key, f.Args...)
	} else if err := again(r, &form, err); err != nil {
		return err
	}
	p, err := s.tellPage(r, form)
	if err != nil {
		return err
	}
	return s.showTell(w, r, code, p, form)
}

// told shows keepers what people told their place.
func (s *Server) told(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	ctx, v := r.Context(), viewer(r)
	list, err := s.Blueprints.ToldTo(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	out := make([]page.ToldItem, len(list))
	for i, x := range list {
		if out[i], err = s.toldItem(ctx, v, x); err != nil {
			return err
		}
	}
	done, err := s.Blueprints.HeardOut(ctx, v, p.Stream, maxDone)
	if err != nil {
		return err
	}
	kept, err := s.retains(ctx)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Told(s.frame(r, t(r, "told.to", "place", p.Name)), p, out, done, kept))
}

// maxDone is how much of what was dealt with is shown, the newest.
const maxDone = 40

// retains tells whether this is the site of a public body, which keeps what it is told.
func (s *Server) retains(ctx context.Context) (bool, error) {
	kind, err := place.KindOfSite(ctx, s.Log.DB())
	return kind == place.Records, err
}

// toldItem finds where a warning could be attached, and to whom it could be passed on.
func (s *Server) toldItem(ctx context.Context, v place.Viewer, x blueprint.Told) (page.ToldItem, error) {
	item := page.ToldItem{Told: x}
	at := x.Version.ID
	if at != "" {
		of, err := s.Blueprints.Find(ctx, v, at)
		if fault.Is(err, fault.NotFound) {
			at = ""
		} else if err != nil {
			return item, err
		} else if x.Elsewhere() {
			item.Owner = of.Place()
		}
	}
	if at == "" && x.Clause != "" {
		holders, err := s.Blueprints.Holding(ctx, v, x.Clause)
		if err != nil {
			return item, err
		}
		if len(holders) > 0 {
			at = holders[0].ID
		}
	}
	if at != "" {
		item.Warn = s.path(at) + "/clause/" + x.Clause + "?" + url.Values{"place": {string(x.Stream)}, "told": {x.ID}}.Encode() + "#warn"
	}
	if x.From != "" {
		item.From = x.From
		if p, err := s.Places.ByID(ctx, x.From); err == nil {
			item.From = p.Name
		}
	}
	return item, nil
}

// dealWithTold passes on what was told, or dismisses it.
func (s *Server) dealWithTold(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	said := "said.told_dismissed"
	switch form.Value("do") {
	case "pass-on":
		said = "said.told_passed_on"
		err = s.Blueprints.PassOn(r.Context(), viewer(r), p.Stream, form.Value("id"))
	case "dismiss":
		err = s.Blueprints.Dismiss(r.Context(), viewer(r), p.Stream, form.Value("id"))
	default:
		err = fault.New(fault.Invalid, "fault.form")
	}
	if err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/told", said)
}

// toldWarning fills the form of a warning with what was told, for a keeper who came from there.
func (s *Server) toldWarning(r *http.Request) (page.Form, error) {
	q := r.URL.Query()
	if q.Get("told") == "" {
		return page.Form{}, nil
	}
	x, err := s.Blueprints.ReadTold(r.Context(), viewer(r), act.Fingerprint(q.Get("place")), q.Get("told"))
	if err != nil {
		return page.Form{}, err
	}
	return page.Filled("told", x.ID, "place", string(x.Stream), "text", x.Text, "where", x.Where, "happened", x.Happened, "cited", x.Cited), nil
}

// TaleBody is what somebody tells.
type TaleBody struct {
	About    string `json:"about" doc:"The clause, in words"`
	Text     string `json:"text" doc:"What became of it"`
	Where    string `json:"where,omitempty"`
	Happened string `json:"happened,omitempty" doc:"2020, 2020-02 or 2020-02-27"`
	Cited    string `json:"cited,omitempty" doc:"How it is known"`
	Contact  string `json:"contact,omitempty" doc:"How to reach who tells; it is never passed on"`
}

type toldBody struct {
	ID      string `json:"id"`
	At      string `json:"at" format:"date-time"`
	Clause  string `json:"clause,omitempty"`
	Version string `json:"version,omitempty"`
	From    string `json:"from,omitempty" doc:"URL of the place that passed it on"`
	TaleBody
}

func (s *Server) tellAPI(api huma.API) {
	operate(api, "POST", "/told", "tell", "Tell the keepers of a place of this node what became of a clause; no account is needed",
		func(ctx context.Context, in *struct {
			Body struct {
				Place   string `json:"place,omitempty" doc:"Fingerprint of the stream of a place of this node; left out if the version is of one"`
				Version string `json:"version,omitempty" doc:"URL of a version that holds the clause"`
				Clause  string `json:"clause,omitempty" doc:"Its id"`
				TaleBody
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.Blueprints.Tell(ctx, viewerIn(ctx), blueprint.NewTale{Place: act.Fingerprint(b.Place), Version: b.Version, Clause: b.Clause, Tale: blueprint.Tale(b.TaleBody)})
		})
	operate(api, "GET", "/places/{stream}/told", "told", "What people told the keepers of a place",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []toldBody }, error) {
			list, err := s.Blueprints.ToldTo(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			out := make([]toldBody, len(list))
			for i, x := range list {
				out[i] = toldBody{x.ID, time.UnixMicro(x.At).UTC().Format(time.RFC3339), x.Clause, x.Version.ID, x.From, TaleBody(x.Tale)}
			}
			return &struct{ Body []toldBody }{out}, nil
		})
	operate(api, "POST", "/places/{stream}/told/pass-on", "pass-on-told", "Pass on what was told to the place in whose text the clause stands",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				ID string `json:"id"`
			}
		}) (*none, error) {
			return nil, s.Blueprints.PassOn(ctx, viewerIn(ctx), in.stream(), in.Body.ID)
		})
	operate(api, "POST", "/places/{stream}/told/dismiss", "dismiss-told", "Delete what was told",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				ID string `json:"id"`
			}
		}) (*none, error) {
			return nil, s.Blueprints.Dismiss(ctx, viewerIn(ctx), in.stream(), in.Body.ID)
		})
}
