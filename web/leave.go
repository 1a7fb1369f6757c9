package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) leaveRoutes() []route {
	return []route{
		{"GET /account/leaving", s.leaving},
		{"GET /account/data", s.ownDataPage},
		{"GET /account/data.json", s.ownDataFile},
		{"POST /account/end", s.eraseAccount},
	}
}

// ownData gathers what each capability keeps of a person. Nobody else is in it:
// neither who else belongs to a place nor what others said.
func (s *Server) ownData(ctx context.Context, v place.Viewer) (*page.OwnData, error) {
	d := &page.OwnData{}
	var err error
	if d.Account, err = s.Places.OwnData(ctx, v); err != nil {
		return nil, err
	}
	if d.Said, d.Proposals, err = s.Decisions.OwnData(ctx, v); err != nil {
		return nil, err
	}
	if d.Tasks, err = s.Advances.OwnData(ctx, v); err != nil {
		return nil, err
	}
	if d.Passkeys, err = s.Places.OwnPasskeys(ctx, v); err != nil {
		return nil, err
	}
	if d.Drafts, err = s.Blueprints.OwnData(ctx, v); err != nil {
		return nil, err
	}
	if d.Roles, d.Links, err = s.Meetings.OwnData(ctx, v); err != nil {
		return nil, err
	}
	if d.Reports, d.Hidden, err = s.moderation.OwnData(ctx, v); err != nil {
		return nil, err
	}
	d.Told, err = s.Notices.OwnData(ctx, v)
	return d, err
}

func (s *Server) leaving(w http.ResponseWriter, r *http.Request) error {
	return s.showLeaving(w, r, http.StatusOK, page.Form{})
}

// showLeaving shows the form only where the kind of the site lets names go.
func (s *Server) showLeaving(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	if err := signedIn(r); err != nil {
		return err
	}
	kept := place.Has(r.Context(), s.Log.DB(), place.EraseAccount)
	if kept != nil && !fault.Is(kept, fault.Forbidden) {
		return kept
	}
	blocks, err := s.Places.BlockedIn(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Leaving(s.frame(r, t(r, "leaving.title")), form, kept == nil, blocks))
}

func (s *Server) ownDataPage(w http.ResponseWriter, r *http.Request) error {
	d, err := s.ownData(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	return s.show(w, r, page.OwnDataPage(s.frame(r, t(r, "leaving.data")), d))
}

func (s *Server) ownDataFile(w http.ResponseWriter, r *http.Request) error {
	d, err := s.ownData(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="my-data.json"`)
	h.Set("Cache-Control", "no-store")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func (s *Server) forgetAccount(ctx context.Context, v place.Viewer, password string, words bool) error {
	return s.Places.EraseAccount(ctx, v, password, words, s.Decisions.Forget, s.Advances.Forget, s.Blueprints.Forget, s.Meetings.Forget, s.moderation.Forget, s.Notices.Forget)
}

func (s *Server) eraseAccount(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.forgetAccount(r.Context(), viewer(r), form.Value("erase_password"), form.Value("words") == "yes"); err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showLeaving(w, r, code, form)
	}
	s.setSession(w, "")
	return after(w, r, "/", "said.account_erased")
}

// leaveAPI is the same for programs, with a session, never with a token.
func (s *Server) leaveAPI(api huma.API) {
	operate(api, "GET", "/account/data", "own-data", "All that is kept about one's own account, to take along",
		func(ctx context.Context, _ *struct{}) (*struct{ Body *page.OwnData }, error) {
			d, err := s.ownData(ctx, viewerIn(ctx))
			return &struct{ Body *page.OwnData }{d}, err
		})
	operate(api, "POST", "/account/erase", "erase-account", "Leave all places and erase one's account and its name",
		func(ctx context.Context, in *struct {
			Body struct {
				Password string `json:"password"`
				Words    bool   `json:"words,omitempty" doc:"Also what one said in proposals"`
			}
		}) (*none, error) {
			return nil, s.forgetAccount(ctx, viewerIn(ctx), in.Body.Password, in.Body.Words)
		})
}
