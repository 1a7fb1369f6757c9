package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"translocal/place"
)

func (s *Server) addSiteKeeper(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.Places.AddSiteKeeper(r.Context(), viewer(r), form.Value("pseudonym")); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showSite(w, r, http.StatusUnprocessableEntity, form)
	}
	return after(w, r, "/site", "said.site_keeper")
}

// stepDownFromSite leads to the account: the page of the site is closed now.
func (s *Server) stepDownFromSite(w http.ResponseWriter, r *http.Request) error {
	if _, err := typed(w, r); err != nil {
		return err
	}
	if err := s.Places.StepDownFromSite(r.Context(), viewer(r)); err != nil {
		return err
	}
	return after(w, r, "/account", "said.site_step_down")
}

// SiteKeeperBody is one of those who keep the site, for programs.
type SiteKeeperBody struct {
	Pseudonym string `json:"pseudonym"`
	You       bool   `json:"you" doc:"Who asks"`
}

func (s *Server) siteKeepersAPI(api huma.API) {
	operate(api, "GET", "/site/keepers", "site-keepers", "Who keeps the site, for its keepers",
		func(ctx context.Context, _ *struct{}) (*struct{ Body []SiteKeeperBody }, error) {
			list, err := s.Places.SiteKeepers(ctx, viewerIn(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []SiteKeeperBody }{Body: []SiteKeeperBody{}}
			for _, k := range list {
				out.Body = append(out.Body, SiteKeeperBody{k.Name, k.You})
			}
			return out, nil
		})
	operate(api, "GET", "/site/keepers-log", "site-keepers-log", "Who was made keeper of the site and who stepped down, for its keepers",
		func(ctx context.Context, in *struct {
			Before int64 `query:"before" doc:"Microseconds: entries from before this time; without it the newest" minimum:"0"`
		}) (*struct{ Body []place.Entry }, error) {
			list, err := s.Places.SiteDeeds(ctx, viewerIn(ctx), in.Before)
			if err != nil {
				return nil, err
			}
			return &struct{ Body []place.Entry }{list}, nil
		})
	operate(api, "POST", "/site/keepers", "add-site-keeper", "Make somebody with an account here a keeper of the site too; with a session, never with a token",
		func(ctx context.Context, in *struct {
			Body struct {
				Pseudonym string `json:"pseudonym"`
			}
		}) (*none, error) {
			return nil, s.Places.AddSiteKeeper(ctx, viewerIn(ctx), in.Body.Pseudonym)
		})
	operate(api, "POST", "/site/step-down", "step-down-from-site", "Keep the site no more; the last keeper stays",
		func(ctx context.Context, _ *struct{}) (*none, error) {
			return nil, s.Places.StepDownFromSite(ctx, viewerIn(ctx))
		})
}
