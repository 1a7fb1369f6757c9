package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"translocal/act"
	"translocal/fault"
	"translocal/i18n"
	"translocal/place"
)

// restAPI is the JSON API and its description.
type restAPI struct {
	mux         *http.ServeMux
	description *huma.OpenAPI
}

// mountAPI answers what is asked below /api/v1. The API is made when somebody first
// asks for it or reads its manual: the description of all its operations is a third
// of what an idle node would hold, and many are never asked.
func (s *Server) mountAPI() {
	s.api = sync.OnceValue(s.newAPI)
	s.mux.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) { s.api().mux.ServeHTTP(w, r) })
}

// newAPI makes the JSON API below /api/v1, with its OpenAPI description beside
// it. Each operation calls the method that the page calls. A caller shows its
// session, or a
// personal token, as a bearer token.
func (s *Server) newAPI() *restAPI {
	c := huma.DefaultConfig("Translocal", "1")
	c.DocsPath = "" // the usual page would load a script from elsewhere
	c.OpenAPIPath = "/api/v1/openapi"
	c.SchemasPath = "/api/v1/schemas"
	c.Formats = map[string]huma.Format{"application/json": strictJSON, "json": strictJSON}
	c.Servers = []*huma.Server{{URL: s.Shown}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"session": {Type: "http", Scheme: "bearer"}}
	mux := http.NewServeMux()
	mux.Handle("/", s.page(nothingHere))
	api := humago.New(mux, c)
	for _, part := range []func(huma.API){
		s.placeAPI, s.membersAPI, s.publishedAPI, s.changesAPI, s.rootsAPI, s.moveAPI,
		s.peopleAPI, s.moderateAPI,
		s.blueprintAPI, s.guideAPI, s.scaleAPI, s.searchAPI, s.checkAPI, s.tellAPI,
		s.decideAPI, s.tonightAPI, s.meetingAPI,
		s.advanceAPI, s.documentAPI,
		s.fedAPI, s.webhookAPI, s.keepAPI,
	} {
		part(api)
	}
	return &restAPI{mux, api.OpenAPI()}
}

// operate registers one operation whose faults become RFC 9457 problems with a
// location for each field.
func operate[I, O any](api huma.API, method, path, id, summary string, fn func(context.Context, *I) (*O, error)) {
	operateUpTo(api, maxForm, method, path, id, summary, fn)
}

// operateUpTo is operate for a call whose body may weigh most bytes.
func operateUpTo[I, O any](api huma.API, most int64, method, path, id, summary string, fn func(context.Context, *I) (*O, error)) {
	op := huma.Operation{OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, MaxBodyBytes: most,
		Security: []map[string][]string{{"session": {}}}}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, in)
		if err != nil {
			return nil, withHeaders(problem(ctx, id, err), err)
		}
		return out, nil
	})
}

// withHeaders adds to a problem when to try again.
func withHeaders(problem, err error) error {
	if after := comeAgain(err); after != "" {
		return huma.ErrorWithHeaders(problem, http.Header{"Retry-After": {after}})
	}
	return problem
}

func problem(ctx context.Context, id string, err error) error {
	p, kind := i18n.From(ctx), fault.KindOf(err)
	if kind == fault.Internal || kind == fault.Unavailable {
		slog.Error("call failed", "operation", id, "err", err)
	}
	m := &huma.ErrorModel{Status: status(kind), Title: http.StatusText(status(kind)), Type: "urn:translocal:fault:" + string(kind),
		Detail: p.T("site.error." + string(kind))}
	if d := said(p, err); d != "" {
		m.Detail = d
	}
	if f := asFault(err); f != nil {
		for _, x := range f.Fields {
			m.Errors = append(m.Errors, &huma.ErrorDetail{Location: "body." + x.Name, Message: p.T(x.Key, x.Args...)})
		}
	}
	return m
}

// none is the body of an answer that has nothing to say.
type none struct{}

// sessionBody is what opens the API to its holder.
type sessionBody struct {
	Body struct {
		Token  string `json:"token" doc:"Show it as a bearer token"`
		Person string `json:"person"`
		Place  string `json:"place,omitempty" doc:"URL of the place just made or come into"`
		Stream string `json:"stream,omitempty" doc:"Fingerprint of its stream"`
	}
}

// NameAndPassword is what one signs in with. (Embedded types are exported, or
// their fields are not seen.)
type NameAndPassword struct {
	Pseudonym string `json:"pseudonym"`
	Password  string `json:"password"`
}

// placeBody is a place as the API shows it.
type placeBody struct {
	ID        string       `json:"id"`
	Stream    string       `json:"stream"`
	Kind      string       `json:"kind"`
	Own       bool         `json:"own" doc:"Kept on this node"`
	Name      string       `json:"name"`
	Names     []place.Name `json:"names,omitempty"`
	What      string       `json:"what,omitempty"`
	Languages []string     `json:"languages,omitempty"`
	At        *place.Point `json:"at,omitempty" doc:"Tenths of a degree"`
	Living    string       `json:"living,omitempty"`
	Story     string       `json:"story,omitempty"`
}

func toPlaceBody(p *place.Place) placeBody {
	return placeBody{p.ID, string(p.Stream), p.Kind, p.Own, p.Name, p.Names, p.What, p.Languages, p.At, p.Living, p.Story}
}

func (s *Server) placeAPI(api huma.API) {
	operate(api, "POST", "/setup/{secret}", "setup", "Set up the site with the link that the first start prints",
		func(ctx context.Context, in *struct {
			Secret string `path:"secret"`
			Body   struct {
				NameAndPassword
				Place string `json:"place" doc:"Name of the first place"`
				Kind  string `json:"kind,omitempty" enum:"movement,records" default:"movement" doc:"Records: a public body that must keep everything; it can't erase"`
			}
		}) (*sessionBody, error) {
			made, v, err := s.Places.SetupSite(ctx, in.Secret, place.Newcomer{Name: in.Body.Pseudonym, Password: in.Body.Password}, in.Body.Place, place.SiteKind(in.Body.Kind))
			if err != nil {
				return nil, err
			}
			return s.token(ctx, v, made)
		})
	operate(api, "POST", "/sessions", "sign-in", "Open a session",
		func(ctx context.Context, in *struct{ Body NameAndPassword }) (*sessionBody, error) {
			v, err := s.Places.SignIn(ctx, in.Body.Pseudonym, in.Body.Password)
			if err != nil {
				return nil, err
			}
			return s.token(ctx, v, nil)
		})
	operate(api, "POST", "/come-in/{secret}", "come-in", "Come in by an invitation",
		func(ctx context.Context, in *struct {
			Secret string `path:"secret"`
			Body   NameAndPassword
		}) (*sessionBody, error) {
			stream, v, err := s.Places.ComeIn(ctx, viewerIn(ctx), in.Secret, place.Newcomer{Name: in.Body.Pseudonym, Password: in.Body.Password})
			if err != nil {
				return nil, err
			}
			p, err := s.Places.ByStream(ctx, stream)
			if err != nil {
				return nil, err
			}
			return s.token(ctx, v, p)
		})
	operate(api, "GET", "/places", "places", "Places of this node and, for people with an account here, those that it hears from",
		func(ctx context.Context, _ *struct{}) (*struct{ Body []placeBody }, error) {
			own, err := s.Places.Own(ctx)
			if err != nil {
				return nil, err
			}
			others, err := s.heardFrom(ctx, viewerIn(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []placeBody }{Body: []placeBody{}}
			for _, p := range append(own, others...) {
				out.Body = append(out.Body, toPlaceBody(p))
			}
			return out, nil
		})
	operate(api, "POST", "/places", "found-place", "Make one place or circle more on this node",
		func(ctx context.Context, in *struct {
			Body struct {
				Kind string `json:"kind" enum:"place,circle"`
				Name string `json:"name"`
			}
		}) (*struct{ Body placeBody }, error) {
			p, err := s.Places.Found(ctx, viewerIn(ctx), in.Body.Kind, place.Profile{Name: in.Body.Name})
			if err != nil {
				return nil, err
			}
			return &struct{ Body placeBody }{toPlaceBody(p)}, nil
		})
	operate(api, "GET", "/places/{stream}", "place", "One place by its fingerprint",
		func(ctx context.Context, in *StreamPath) (*struct{ Body placeBody }, error) {
			p, err := s.Places.ByStream(ctx, in.stream())
			if err != nil {
				return nil, err
			}
			return &struct{ Body placeBody }{toPlaceBody(p)}, nil
		})
	operate(api, "PUT", "/places/{stream}", "describe-place", "Say anew what a place is",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Name      string       `json:"name"`
				Names     []place.Name `json:"names,omitempty"`
				What      string       `json:"what,omitempty"`
				Languages []string     `json:"languages,omitempty"`
				At        *place.Point `json:"at,omitempty"`
				Living    string       `json:"living,omitempty"`
				Story     string       `json:"story,omitempty"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.Places.Describe(ctx, viewerIn(ctx), in.stream(), place.Profile{Name: b.Name, Names: b.Names, What: b.What,
				Languages: b.Languages, At: b.At, Living: b.Living, Story: b.Story})
		})
	operate(api, "POST", "/places/{stream}/invitations", "invite", "Make a single-use invitation",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Role string `json:"role" enum:"member,keeper"`
			}
		}) (*struct {
			Body struct {
				Link string `json:"link"`
			}
		}, error) {
			secret, err := s.Places.Invite(ctx, viewerIn(ctx), in.stream(), place.Role(in.Body.Role))
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Link string `json:"link"`
				}
			}{}
			out.Body.Link = s.Shown + "/come-in/" + secret
			return out, nil
		})
}

// StreamPath is the place in the path of an operation, by its fingerprint.
type StreamPath struct {
	Stream string `path:"stream" doc:"Fingerprint of the place's stream"`
}

func (p StreamPath) stream() act.Fingerprint { return act.Fingerprint(p.Stream) }

func (s *Server) token(ctx context.Context, v place.Viewer, p *place.Place) (*sessionBody, error) {
	secret, err := s.Places.OpenSession(ctx, v, "API")
	if err != nil {
		return nil, err
	}
	out := &sessionBody{}
	out.Body.Token, out.Body.Person = secret, v.Person
	if p != nil {
		out.Body.Place, out.Body.Stream = p.ID, string(p.Stream)
	}
	return out, nil
}
