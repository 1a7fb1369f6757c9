package web

import (
	"net/http"
	"slices"
	"strconv"

	"translocal/act"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) peopleRoutes() []route {
	return append(slices.Concat(s.rollRoutes(), s.rolesRoutes(), s.handOverRoutes(), s.waysRoutes(), s.leaveRoutes(), s.seenRoutes(), s.passkeyRoutes()), []route{
		{"GET /account/access", s.access},
		{"POST /account/access/password", s.changePassword},
		{"POST /account/access/codes", s.newCodes},
		{"POST /account/access/tokens", s.makeToken},
		{"POST /account/access/tokens/{token}/end", s.endToken},
		{"GET /recover", s.recoverForm},
		{"POST /recover", s.recover},
	}...)
}

func (s *Server) access(w http.ResponseWriter, r *http.Request) error {
	return s.showAccess(w, r, http.StatusOK, page.Access{})
}

// showAccess fills in what the page shows besides what was just made or typed.
func (s *Server) showAccess(w http.ResponseWriter, r *http.Request, code int, a page.Access) (err error) {
	if a.Tokens, err = s.Places.Tokens(r.Context(), viewer(r)); err != nil {
		return err
	}
	if a.Left, err = s.Places.RecoveryLeft(r.Context(), viewer(r)); err != nil {
		return err
	}
	if a.Passkeys, err = s.Places.Passkeys(r.Context(), viewer(r)); err != nil {
		return err
	}
	if a.TokenForm.Values == nil {
		a.TokenForm = page.Filled("scope", "read")
	}
	return s.render(w, r, code, page.AccountAccess(s.frame(r, t(r, "people.access")), a))
}

// refuseAccess shows the page again with what was wrong in one of its forms.
func (s *Server) refuseAccess(w http.ResponseWriter, r *http.Request, form page.Form, err error, into func(*page.Access) *page.Form) error {
	if err := again(r, &form, err); err != nil {
		return err
	}
	var a page.Access
	*into(&a) = form
	return s.showAccess(w, r, http.StatusUnprocessableEntity, a)
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.Places.ChangePassword(r.Context(), viewer(r), form.Value("old"), form.Value("password")); err != nil {
		return s.refuseAccess(w, r, form, err, func(a *page.Access) *page.Form { return &a.Password })
	}
	return after(w, r, "/account/access", "said.password_changed")
}

// newCodes shows the codes on the page that answers the form, as invite does.
func (s *Server) newCodes(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	codes, err := s.Places.NewRecoveryCodes(r.Context(), viewer(r), form.Value("codes_password"))
	if err != nil {
		return s.refuseAccess(w, r, form, err, func(a *page.Access) *page.Form { return &a.CodesForm })
	}
	return s.showAccess(w, r, http.StatusOK, page.Access{Codes: codes})
}

func (s *Server) makeToken(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	days, _ := strconv.Atoi(form.Value("days")) // what is no number is out of range
	secret, err := s.Places.MakeToken(r.Context(), viewer(r), place.NewToken{Name: form.Value("token"), Writes: form.Value("scope") == "write",
		Stream: act.Fingerprint(form.Value("stream")), Days: days})
	if err != nil {
		return s.refuseAccess(w, r, form, err, func(a *page.Access) *page.Form { return &a.TokenForm })
	}
	return s.showAccess(w, r, http.StatusOK, page.Access{Token: secret})
}

func (s *Server) endToken(w http.ResponseWriter, r *http.Request) error {
	if err := s.Places.EndToken(r.Context(), viewer(r), r.PathValue("token")); err != nil {
		return err
	}
	return after(w, r, "/account/access", "said.token_ended")
}

func (s *Server) recoverForm(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.Recover(s.frame(r, t(r, "people.recover")), page.Form{}))
}

func (s *Server) recover(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	v, err := s.Places.Recover(r.Context(), form.Value("pseudonym"), form.Value("code"), form.Value("password"))
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.Recover(s.frame(r, t(r, "people.recover")), form))
	}
	return s.enter(w, r, v, "/account/access", "said.recovered")
}
