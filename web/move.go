package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/fault"
	"translocal/fed"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) moveRoutes() []route {
	return []route{
		{"GET /site/take-up/{stream}", s.takeUpForm},
		{"POST /site/take-up/{stream}/prepare", s.prepareTakeUp},
		{"POST /site/take-up/{stream}", s.takeUp},
		{"POST /site/take-up/{stream}/first-keeper", s.firstKeeper},
	}
}

// moved are the places that moved to this node and from it, kept at hand: every
// link on every page asks.
type moved struct {
	mu      sync.Mutex
	changed <-chan struct{} // closes when something was published or came here
	until   time.Time
	list    []fed.Moved
}

// movedFor is for how long what was looked up serves while nothing changes here:
// another replica may have done it.
const movedFor = 10 * time.Second

func (s *Server) movedPlaces() []fed.Moved {
	s.moved.mu.Lock()
	defer s.moved.mu.Unlock()
	now := time.Now()
	select {
	case <-s.moved.changed:
	default:
		if s.moved.changed != nil && now.Before(s.moved.until) {
			return s.moved.list
		}
	}
	changed := s.Log.Changed() // before we look, so that nothing slips by
	list, err := s.Node.Moved(context.Background())
	if err != nil {
		slog.Error("places that moved", "err", err)
		return s.moved.list
	}
	s.moved.list, s.moved.until, s.moved.changed = list, now.Add(movedFor), changed
	return list
}

// homes are the URLs of places kept here that were founded on another node.
func (s *Server) homes() (list []string) {
	for _, m := range s.movedPlaces() {
		if actor, err := act.ActorOf(m.Actor); m.Own && err == nil && actor == m.Actor {
			list = append(list, m.Actor)
		}
	}
	return list
}

// gone is where the place of a request is kept that this node kept before, or "".
func (s *Server) gone(r *http.Request) string {
	token := r.PathValue("place")
	if token == "" || r.PathValue("host") != "" {
		return ""
	}
	for _, m := range s.movedPlaces() {
		if path, ok := strings.CutPrefix(m.Actor, s.Base); ok && !m.Own && path == "/p/"+token {
			return m.Address + path
		}
	}
	return ""
}

// here tells whether an object is of a place that is kept here.
func (s *Server) here(id string) bool { return !strings.HasPrefix(s.path(id), "/at/") }

// heldPlace is the place of another node that a request names by its stream.
func (s *Server) heldPlace(r *http.Request) (*place.Place, error) {
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), "", place.KeepSite, place.Any); err != nil {
		return nil, err
	}
	f := act.Fingerprint(r.PathValue("stream"))
	if !f.Valid() {
		return nil, fault.New(fault.NotFound, "fault.not_found")
	}
	return s.Places.ByStream(r.Context(), f)
}

func (s *Server) takeUpForm(w http.ResponseWriter, r *http.Request) error {
	return s.showTakeUp(w, r, http.StatusOK, page.TakeUpPage{})
}

func (s *Server) showTakeUp(w http.ResponseWriter, r *http.Request, code int, d page.TakeUpPage) error {
	p, err := s.heldPlace(r)
	if err != nil {
		return err
	}
	at, err := s.Log.StreamOf(r.Context(), p.Stream)
	if err != nil {
		return err
	}
	roots, _, err := act.RootsOf(r.Context(), s.Log.DB(), p.Stream)
	if err != nil {
		return err
	}
	if d.Kind, err = place.KindOfSite(r.Context(), s.Log.DB()); err != nil {
		return err
	}
	if d.Unkept, err = s.Places.WithoutKeeper(r.Context(), s.Log.DB(), p.Stream); err != nil {
		return err
	}
	d.Acts, d.Need, d.All = at.Size, roots.Threshold, len(roots.Keys)
	return s.render(w, r, code, page.TakeUp(s.frame(r, t(r, "move.title")), p, d))
}

func (s *Server) prepareTakeUp(w http.ResponseWriter, r *http.Request) error {
	p, err := s.heldPlace(r)
	if err != nil {
		return err
	}
	reached, err := s.Node.ReadyToTakeUp(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	statement, err := s.Places.PrepareTakeUp(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.showTakeUp(w, r, http.StatusOK, page.TakeUpPage{Signed: page.Filled("statement", statement), Fresh: true, Silent: !reached})
}

// takeUp shows the link for the first keeper on the page that answers: it is kept
// nowhere.
func (s *Server) takeUp(w http.ResponseWriter, r *http.Request) error {
	p, err := s.heldPlace(r)
	if err != nil {
		return err
	}
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	secret, err := s.Node.TakeUp(r.Context(), s.Places, viewer(r), p.Stream, form.Value("statement"), form.Value("proofs"))
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showTakeUp(w, r, http.StatusUnprocessableEntity, page.TakeUpPage{Signed: form})
	}
	return s.showTakeUp(w, r, http.StatusOK, page.TakeUpPage{Link: s.Shown + "/come-in/" + secret})
}

// firstKeeper shows the link for the first keeper anew.
func (s *Server) firstKeeper(w http.ResponseWriter, r *http.Request) error {
	p, err := s.heldPlace(r)
	if err != nil {
		return err
	}
	secret, err := s.Places.FirstKeeper(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.showTakeUp(w, r, http.StatusOK, page.TakeUpPage{Link: s.Shown + "/come-in/" + secret})
}

// TakenUpBody is what comes of taking a place up.
type TakenUpBody struct {
	Link string `json:"link" doc:"Makes somebody the first keeper of the place here; works once"`
}

func (s *Server) moveAPI(api huma.API) {
	operate(api, "POST", "/places/{stream}/take-up/prepare", "prepare-take-up", "Prepare that this node keeps a place of another that it holds, for keepers of the site; the answer is what holders of the place's root keys have to sign",
		func(ctx context.Context, in *StreamPath) (*struct{ Body StatementBody }, error) {
			if _, err := s.Node.ReadyToTakeUp(ctx, viewerIn(ctx), in.stream()); err != nil {
				return nil, err
			}
			statement, err := s.Places.PrepareTakeUp(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			return &struct{ Body StatementBody }{StatementBody{statement}}, nil
		})
	operate(api, "POST", "/places/{stream}/take-up", "take-up", "Keep a place here from now on, by a statement that enough of its root keys signed, for keepers of the site",
		func(ctx context.Context, in *struct {
			StreamPath
			Body SignedBody
		}) (*struct{ Body TakenUpBody }, error) {
			secret, err := s.Node.TakeUp(ctx, s.Places, viewerIn(ctx), in.stream(), in.Body.Statement, in.Body.Proofs)
			if err != nil {
				return nil, err
			}
			return &struct{ Body TakenUpBody }{TakenUpBody{s.Shown + "/come-in/" + secret}}, nil
		})
	operate(api, "POST", "/places/{stream}/take-up/first-keeper", "first-keeper-link", "Make the link for the first keeper of a place that moved here anew, while it has none, for keepers of the site",
		func(ctx context.Context, in *StreamPath) (*struct{ Body TakenUpBody }, error) {
			secret, err := s.Places.FirstKeeper(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			return &struct{ Body TakenUpBody }{TakenUpBody{s.Shown + "/come-in/" + secret}}, nil
		})
}
