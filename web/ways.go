package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) waysRoutes() []route {
	return []route{
		{"GET /p/{place}/ways", s.waysForm},
		{"POST /p/{place}/ways", s.setWays},
		{"GET /p/{place}/join", s.joinForm},
		{"POST /p/{place}/join", s.join},
		{"POST /p/{place}/ask", s.ask},
		{"GET /asked/{secret}", s.asked},
		{"GET /p/{place}/requests", s.requests},
		{"POST /p/{place}/requests/{request}/let-in", s.letIn},
		{"POST /p/{place}/requests/{request}/end", s.declineRequest},
		{"POST /p/{place}/requests/{request}/vouch", s.vouch},
	}
}

// knocks tells the forms by which a stranger comes in or asks to.
func knocks(path string) bool {
	if !strings.HasPrefix(path, "/p/") && !strings.HasPrefix(path, "/api/v1/places/") {
		return false
	}
	return strings.HasSuffix(path, "/join") || strings.HasSuffix(path, "/ask") || strings.HasPrefix(path, "/api/") && strings.HasSuffix(path, "/requests")
}

// ownPlace is the place of the path, which must be of this node.
func (s *Server) ownPlace(r *http.Request) (*place.Place, error) {
	p, err := s.placeOf(r)
	if err == nil && !p.Own {
		err = db.ErrNoRow
	}
	return p, err
}

// joinSection says on a place's page how to come in, to those who are not.
func (s *Server) joinSection(r *http.Request, p *place.Place, role place.Role) ([]page.Section, error) {
	if !p.Own || role == place.Member || role == place.Keeper {
		return nil, nil
	}
	w, err := s.Places.Ways(r.Context(), p.Stream)
	if err != nil || !w.Open && w.Asking == place.NoAsking {
		return nil, err
	}
	return []page.Section{{Title: t(r, "ways.join"), Content: page.HowToJoin(w), More: s.path(p.ID) + "/join", MoreAs: t(r, "ways.join.link")}}, nil
}

func (s *Server) waysForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.ownPlace(r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.SetWays, place.Any); err != nil {
		return err
	}
	now, err := s.Places.Ways(r.Context(), p.Stream)
	if err != nil {
		return err
	}
	form := page.Filled("asking", string(now.Asking), "vouches", strconv.Itoa(max(now.Vouches, 2)))
	if now.Open {
		form.Values.Set("open", "yes")
	}
	return s.show(w, r, page.WaysIn(s.frame(r, t(r, "ways.title")), p, form))
}

func (s *Server) setWays(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	vouches, _ := strconv.Atoi(strings.TrimSpace(form.Value("vouches"))) // no number is out of range too
	err = s.Places.SetWays(r.Context(), viewer(r), p.Stream, place.Ways{Open: form.Value("open") == "yes", Asking: place.Asking(form.Value("asking")), Vouches: vouches})
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.WaysIn(s.frame(r, t(r, "ways.title")), p, form))
	}
	return after(w, r, s.path(p.ID)+"/members", "said.ways_set")
}

func (s *Server) joinForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.ownPlace(r)
	if err != nil {
		return err
	}
	return s.showJoin(w, r, http.StatusOK, p, page.Form{}, page.Form{}, "")
}

// showJoin shows the forms of the ways that a place has. secret is of a request
// just made: shown once.
func (s *Server) showJoin(w http.ResponseWriter, r *http.Request, code int, p *place.Place, join, ask page.Form, secret string) error {
	ways, err := s.Places.Ways(r.Context(), p.Stream)
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Join(s.frame(r, t(r, "ways.join")), p, ways, join, ask, secret))
}

func (s *Server) join(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	before := viewer(r)
	v, err := s.Places.JoinOpen(r.Context(), before, p.Stream, place.Newcomer{Name: form.Value("pseudonym"), Password: form.Value("password")})
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showJoin(w, r, code, p, form, page.Form{}, "")
	}
	if before.Person != "" {
		return after(w, r, s.path(p.ID), "said.came_in")
	}
	return s.enter(w, r, v, s.path(p.ID), "said.came_in")
}

func (s *Server) ask(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	secret, err := s.Places.Ask(r.Context(), viewer(r), p.Stream, form.Value("name"), form.Value("words"))
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showJoin(w, r, code, p, page.Form{}, form, "")
	}
	return s.showJoin(w, r, http.StatusOK, p, page.Form{}, page.Form{}, secret)
}

func (s *Server) asked(w http.ResponseWriter, r *http.Request) error {
	stream, state, err := s.Places.Asked(r.Context(), r.PathValue("secret"))
	if err != nil {
		return err
	}
	p, err := s.Places.ByStream(r.Context(), stream)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Asked(s.frame(r, t(r, "ways.asked")), p, state, r.PathValue("secret")))
}

func (s *Server) requests(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	list, err := s.Places.Requests(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	ways, err := s.Places.Ways(r.Context(), p.Stream)
	if err != nil {
		return err
	}
	keeps := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.AnswerRequest, place.Any) == nil
	return s.show(w, r, page.Requests(s.frame(r, t(r, "ways.requests")), p, ways, list, keeps))
}

// onRequest does something to a request and shows the list again.
func (s *Server) onRequest(w http.ResponseWriter, r *http.Request, key string, do func(stream act.Fingerprint, request string) error) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := do(p.Stream, r.PathValue("request")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/requests", key)
}

func (s *Server) letIn(w http.ResponseWriter, r *http.Request) error {
	return s.onRequest(w, r, "said.let_in", func(stream act.Fingerprint, request string) error {
		return s.Places.Answer(r.Context(), viewer(r), stream, request, true)
	})
}

func (s *Server) declineRequest(w http.ResponseWriter, r *http.Request) error {
	return s.onRequest(w, r, "said.not_let_in", func(stream act.Fingerprint, request string) error {
		return s.Places.Answer(r.Context(), viewer(r), stream, request, false)
	})
}

func (s *Server) vouch(w http.ResponseWriter, r *http.Request) error {
	return s.onRequest(w, r, "said.vouched", func(stream act.Fingerprint, request string) error {
		return s.Places.VouchFor(r.Context(), viewer(r), stream, request)
	})
}

// WaysBody is how people come into a place.
type WaysBody struct {
	Open    bool   `json:"open" doc:"Anybody makes an account and is a member"`
	Asking  string `json:"asking,omitempty" enum:",keepers,vouching" doc:"Who answers those who ask"`
	Vouches int    `json:"vouches,omitempty" doc:"How many members have to vouch"`
}

// RequestBody is somebody who asks to come in.
type RequestBody struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Words   string    `json:"words"`
	Expires time.Time `json:"expires"`
	Vouched int       `json:"vouched" doc:"How many members vouched so far"`
}

// waysAPI is the same for programs.
func (s *Server) waysAPI(api huma.API) {
	type RequestPath struct {
		StreamPath
		Request string `path:"request" doc:"Its id, from the list"`
	}
	operate(api, "GET", "/places/{stream}/ways", "ways", "How people come into a place, beside by invitation",
		func(ctx context.Context, in *StreamPath) (*struct{ Body WaysBody }, error) {
			w, err := s.Places.Ways(ctx, in.stream())
			return &struct{ Body WaysBody }{WaysBody{w.Open, string(w.Asking), w.Vouches}}, err
		})
	operate(api, "PUT", "/places/{stream}/ways", "set-ways", "Choose how people come in; with another way of asking, who waits has to ask again",
		func(ctx context.Context, in *struct {
			StreamPath
			Body WaysBody
		}) (*none, error) {
			return nil, s.Places.SetWays(ctx, viewerIn(ctx), in.stream(), place.Ways{Open: in.Body.Open, Asking: place.Asking(in.Body.Asking), Vouches: in.Body.Vouches})
		})
	operate(api, "POST", "/places/{stream}/join", "join", "Come in through an open door",
		func(ctx context.Context, in *struct {
			StreamPath
			Body NameAndPassword
		}) (*sessionBody, error) {
			v, err := s.Places.JoinOpen(ctx, viewerIn(ctx), in.stream(), place.Newcomer{Name: in.Body.Pseudonym, Password: in.Body.Password})
			if err != nil {
				return nil, err
			}
			return s.token(ctx, v, nil)
		})
	operate(api, "POST", "/places/{stream}/requests", "ask", "Ask to come in; the secret tells the answer and, after a yes, is the invitation",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Name  string `json:"name"`
				Words string `json:"words"`
			}
		}) (*secretBody, error) {
			secret, err := s.Places.Ask(ctx, viewerIn(ctx), in.stream(), in.Body.Name, in.Body.Words)
			out := &secretBody{}
			out.Body.Secret = secret
			return out, err
		})
	operate(api, "GET", "/asked/{secret}", "asked", "What became of a request: waiting, let_in or declined",
		func(ctx context.Context, in *struct {
			Secret string `path:"secret"`
		}) (*stateBody, error) {
			stream, state, err := s.Places.Asked(ctx, in.Secret)
			out := &stateBody{}
			out.Body.Stream, out.Body.State = string(stream), state
			return out, err
		})
	operate(api, "GET", "/places/{stream}/requests", "requests", "Who waits to come in, for those who answer",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []RequestBody }, error) {
			list, err := s.Places.Requests(ctx, viewerIn(ctx), in.stream())
			out := &struct{ Body []RequestBody }{[]RequestBody{}}
			for _, x := range list {
				out.Body = append(out.Body, RequestBody{x.ID, x.Name, x.Words, time.UnixMicro(x.Expires).UTC(), x.Vouched})
			}
			return out, err
		})
	operate(api, "POST", "/places/{stream}/requests/{request}/answer", "answer-request", "Let in who asks, or decline",
		func(ctx context.Context, in *struct {
			RequestPath
			Body struct {
				LetIn bool `json:"let_in"`
			}
		}) (*none, error) {
			return nil, s.Places.Answer(ctx, viewerIn(ctx), in.stream(), in.Request, in.Body.LetIn)
		})
	operate(api, "POST", "/places/{stream}/requests/{request}/vouch", "vouch", "Vouch for who asks",
		func(ctx context.Context, in *RequestPath) (*none, error) {
			return nil, s.Places.VouchFor(ctx, viewerIn(ctx), in.stream(), in.Request)
		})
}

type secretBody struct {
	Body struct {
		Secret string `json:"secret" doc:"Shown only now"`
	}
}

type stateBody struct {
	Body struct {
		Stream string `json:"stream"`
		State  string `json:"state" enum:"waiting,let_in,declined"`
	}
}
