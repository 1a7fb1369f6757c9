package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) rootRoutes() []route {
	return []route{
		{"GET /p/{place}/roots", s.roots},
		{"POST /p/{place}/roots", s.setRoots},
		{"POST /p/{place}/roots/recover", s.prepareRecovery},
		{"POST /p/{place}/roots/carry-out", s.carryOut},
	}
}

func (s *Server) roots(w http.ResponseWriter, r *http.Request) error {
	return s.showRoots(w, r, http.StatusOK, page.RootsPage{})
}

// showRoots shows the page; what was typed, and a statement to be signed, stand in it.
func (s *Server) showRoots(w http.ResponseWriter, r *http.Request, code int, d page.RootsPage) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if d.Now, err = s.Places.RootKeys(r.Context(), viewer(r), p.Stream); err != nil { // authorises
		return err
	}
	if d.Name.Values == nil {
		threshold := d.Now.Threshold
		if threshold == 0 {
			threshold = 2
		}
		d.Name = page.Filled("keys", rootLines(d.Now), "threshold", strconv.Itoa(threshold))
	}
	return s.render(w, r, code, page.Roots(s.frame(r, t(r, "roots.title")), p, d))
}

// rootLines and typedRoots are each other's inverse: a key a line, with whose it
// is before it.
func rootLines(k place.RootKeys) string {
	var lines []string
	for _, x := range k.Keys {
		if x.Whose != "" {
			x.Whose += ": "
		}
		lines = append(lines, x.Whose+x.Public)
	}
	return strings.Join(lines, "\n")
}

func typedRoots(form page.Form) (k place.RootKeys, err error) {
	for line := range strings.Lines(form.Value("keys")) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		whose, key := "", line
		if i := strings.LastIndexAny(line, " :\t"); i >= 0 {
			whose, key = strings.TrimRight(line[:i+1], " :\t"), line[i+1:]
		}
		k.Keys = append(k.Keys, place.RootKey{Public: key, Whose: whose})
	}
	if k.Threshold, err = strconv.Atoi(strings.TrimSpace(form.Value("threshold"))); err != nil {
		return k, fault.At("threshold", "fault.number")
	}
	return k, nil
}

func (s *Server) setRoots(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.SetRootKeys, place.Any); err != nil {
		return err
	}
	statement := ""
	keys, err := typedRoots(form)
	if err == nil {
		statement, err = s.Places.SetRootKeys(r.Context(), viewer(r), p.Stream, keys)
	}
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showRoots(w, r, http.StatusUnprocessableEntity, page.RootsPage{Name: form})
	}
	if statement == "" {
		return after(w, r, s.path(p.ID)+"/roots", "said.roots_set")
	}
	return s.showRoots(w, r, http.StatusOK, page.RootsPage{Name: form, Signed: page.Filled("statement", statement), Fresh: true})
}

func (s *Server) prepareRecovery(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	statement, err := s.Places.PrepareRecovery(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.showRoots(w, r, http.StatusOK, page.RootsPage{Signed: page.Filled("statement", statement), Fresh: true})
}

func (s *Server) carryOut(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.SetRootKeys, place.Any); err != nil {
		return err
	}
	if err := s.Places.CarryOut(r.Context(), viewer(r), p.Stream, form.Value("statement"), form.Value("proofs")); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showRoots(w, r, http.StatusUnprocessableEntity, page.RootsPage{Signed: form})
	}
	return after(w, r, s.path(p.ID)+"/roots", "said.roots_done")
}

// RootKeyBody is a root key of a place.
type RootKeyBody struct {
	Public string `json:"public" maxLength:"128" doc:"Multikey"`
	Whose  string `json:"whose,omitempty" maxLength:"480" doc:"With whom it lies; for keepers alone"`
}

// RootKeysBody are the root keys of a place.
type RootKeysBody struct {
	Keys      []RootKeyBody `json:"keys" nullable:"false" maxItems:"32"`
	Threshold int           `json:"threshold" doc:"How many of them must agree; 0 while there are none"`
}

// StatementBody is what holders of root keys have to sign.
type StatementBody struct {
	Statement string `json:"statement" doc:"To be signed with translocal root-key sign; empty when it was done at once"`
}

// SignedBody is a statement with its proofs.
type SignedBody struct {
	Statement string `json:"statement" maxLength:"8192"`
	Proofs    string `json:"proofs" maxLength:"8192" doc:"As translocal root-key sign prints them, one after the other"`
}

func (s *Server) rootsAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/roots", "root-keys", "The root keys of a place and with whom they lie, for its keepers",
		func(ctx context.Context, in *StreamPath) (*struct{ Body RootKeysBody }, error) {
			k, err := s.Places.RootKeys(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			out := RootKeysBody{Keys: []RootKeyBody{}, Threshold: k.Threshold}
			for _, x := range k.Keys {
				out.Keys = append(out.Keys, RootKeyBody(x))
			}
			return &struct{ Body RootKeysBody }{out}, nil
		})
	operate(api, "POST", "/places/{stream}/roots", "set-root-keys", "Name the root keys of a place: done at once while it has none, else the answer is what holders of those in force have to sign",
		func(ctx context.Context, in *struct {
			StreamPath
			Body RootKeysBody
		}) (*struct{ Body StatementBody }, error) {
			k := place.RootKeys{Threshold: in.Body.Threshold}
			for _, x := range in.Body.Keys {
				k.Keys = append(k.Keys, place.RootKey(x))
			}
			statement, err := s.Places.SetRootKeys(ctx, viewerIn(ctx), in.stream(), k)
			if err != nil {
				return nil, err
			}
			return &struct{ Body StatementBody }{StatementBody{statement}}, nil
		})
	operate(api, "POST", "/places/{stream}/roots/recover", "prepare-recovery", "Prepare a new signing key that the root keys are to give a place; the answer is what their holders have to sign",
		func(ctx context.Context, in *StreamPath) (*struct{ Body StatementBody }, error) {
			statement, err := s.Places.PrepareRecovery(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			return &struct{ Body StatementBody }{StatementBody{statement}}, nil
		})
	operate(api, "POST", "/places/{stream}/roots/carry-out", "carry-out", "Do what a statement says that enough holders of root keys signed",
		func(ctx context.Context, in *struct {
			StreamPath
			Body SignedBody
		}) (*none, error) {
			return nil, s.Places.CarryOut(ctx, viewerIn(ctx), in.stream(), in.Body.Statement, in.Body.Proofs)
		})
}
