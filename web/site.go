package web

import (
	"net/http"
	"net/url"
	"strings"

	"translocal/i18n"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) siteRoutes() []route {
	return []route{
		{"GET /{$}", s.home},
		{"GET /setup/{secret}", s.setupForm},
		{"POST /setup/{secret}", s.setup},
		{"GET /sign-in", s.signInForm},
		{"POST /sign-in", s.signIn},
		{"GET /account", s.account},
		{"POST /account/sessions/{session}/end", s.endSession},
		{"GET /who-may", s.whoMay},
		{"GET /room", s.room},
	}
}

// t is a message in the reader's language.
func t(r *http.Request, key string, args ...any) string {
	return i18n.From(r.Context()).T(key, args...)
}

func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	places, err := s.Places.Own(r.Context())
	if err != nil {
		return err
	}
	newest, err := s.Blueprints.Known(r.Context(), viewer(r), 0)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Home(s.frame(r, t(r, "web.home")), places, newest[:min(len(newest), 6)], s.Library.Models))
}

func (s *Server) setupForm(w http.ResponseWriter, r *http.Request) error {
	secret := r.PathValue("secret")
	if err := s.Places.CheckInvitation(r.Context(), secret); err != nil {
		return err
	}
	form := page.Form{Values: url.Values{"kind": {string(place.Movement)}}}
	return s.show(w, r, page.Setup(s.frame(r, t(r, "web.setup")), form, secret))
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	secret := r.PathValue("secret")
	made, v, err := s.Places.SetupSite(r.Context(), secret, place.Newcomer{Name: form.Value("pseudonym"), Password: form.Value("password")},
		form.Value("place"), place.SiteKind(form.Value("kind")))
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.Setup(s.frame(r, t(r, "web.setup")), form, secret))
	}
	return s.enter(w, r, v, s.path(made.ID), "said.setup")
}

// enter opens a session in this browser and leads on.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, v place.Viewer, path, key string) error {
	secret, err := s.Places.OpenSession(r.Context(), v, device(r))
	if err != nil {
		return err
	}
	s.setSession(w, secret)
	return after(w, r, path, key)
}

// device names a browser by its system, so that its owner knows it again; no
// more of it is kept.
func device(r *http.Request) string {
	agent := r.UserAgent()
	for _, known := range []string{"Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"} {
		if strings.Contains(agent, known) {
			return known
		}
	}
	return ""
}

// showSignIn shows the form, and which ways there are for who has no account.
func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, code int, form page.Form, next string) error {
	open, asking, err := s.Places.AnyWays(r.Context())
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.SignIn(s.frame(r, t(r, "site.sign_in")), form, next, open, asking))
}

func (s *Server) signInForm(w http.ResponseWriter, r *http.Request) error {
	return s.showSignIn(w, r, http.StatusOK, page.Form{}, local(r.URL.Query().Get("next")))
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	next := local(form.Value("next"))
	v, err := s.Places.SignIn(r.Context(), form.Value("pseudonym"), form.Value("password"))
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showSignIn(w, r, http.StatusUnprocessableEntity, form, next)
	}
	return s.enter(w, r, v, next, "")
}

func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	if err := signedIn(r); err != nil {
		return err
	}
	sessions, err := s.Places.Sessions(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	return s.show(w, r, page.Account(s.frame(r, t(r, "web.account")), sessions))
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := signedIn(r); err != nil {
		return err
	}
	id := r.PathValue("session")
	if err := s.Places.EndSession(r.Context(), viewer(r), id); err != nil {
		return err
	}
	if id == viewer(r).Session {
		s.setSession(w, "")
		return after(w, r, "/", "said.signed_out")
	}
	return after(w, r, "/account", "said.session_ended")
}

func (s *Server) whoMay(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.WhoMay(s.frame(r, t(r, "web.who_may")), place.Table, place.Roles))
}
