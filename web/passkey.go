package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/place"
	"translocal/web/page"
)

func (s *Server) passkeyRoutes() []route {
	return []route{
		{"POST /account/access/passkeys", s.addPasskey},
		{"POST /account/access/passkeys/{passkey}/end", s.endPasskey},
		{"POST /sign-in/passkey", s.signInByPasskey},
	}
}

// addPasskey takes what the script put into the form, after it began through the
// API: there the name and the password were asked.
func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if _, err := s.passkeys.Add(r.Context(), viewer(r), []byte(form.Value("credential"))); err != nil {
		return s.refuseAccess(w, r, form, err, func(a *page.Access) *page.Form { return &a.PasskeyForm })
	}
	return after(w, r, "/account/access", "said.passkey_added")
}

func (s *Server) endPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := s.Places.EndPasskey(r.Context(), viewer(r), r.PathValue("passkey")); err != nil {
		return err
	}
	return after(w, r, "/account/access", "said.passkey_ended")
}

func (s *Server) signInByPasskey(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	next, secret := local(form.Value("next")), ""
	if c, err := r.Cookie(s.passkeyCookie()); err == nil {
		secret = c.Value
	}
	v, err := s.passkeys.SignIn(r.Context(), secret, []byte(form.Value("credential")))
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showSignIn(w, r, http.StatusUnprocessableEntity, form, next)
	}
	return s.enter(w, r, v, next, "")
}

// The names of the cookie that ties a sign-in to the browser in which it began.
const (
	passkeyPlain  = "tl_passkey"
	passkeySecure = "__Host-tl_passkey"
)

func (s *Server) passkeyCookie() string {
	if strings.HasPrefix(s.Shown, "https://") {
		return passkeySecure
	}
	return passkeyPlain
}

// PasskeyBody is a passkey as the API lists it; the key is not told.
type PasskeyBody struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Host    string     `json:"host" doc:"Name of the site at which browsers offer it"`
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used,omitempty"`
	Stopped *time.Time `json:"stopped,omitempty" doc:"Since when it opens nothing: its counter went back"`
}

func toPasskeyBody(k place.Passkey) PasskeyBody {
	at := func(micros int64) *time.Time {
		if micros == 0 {
			return nil
		}
		x := time.UnixMicro(micros).UTC()
		return &x
	}
	return PasskeyBody{ID: k.ID, Name: k.Name, Host: k.Host, Created: time.UnixMicro(k.Created).UTC(), Used: at(k.Used), Stopped: at(k.Stopped)}
}

// PasskeyAsked is what a browser has to sign.
type PasskeyAsked struct {
	Options map[string]any `json:"options" doc:"The publicKey of navigator.credentials.create or get, with bytes in base64url"`
}

// PasskeyAnswered is what a browser signed.
type PasskeyAnswered struct {
	Credential map[string]any `json:"credential" doc:"What the browser answered: id, rawId, type and response, with bytes in base64url"`
}

func askedOf(options json.RawMessage) (a PasskeyAsked, err error) {
	return a, json.Unmarshal(options, &a.Options)
}

func (s *Server) passkeyAPI(api huma.API) {
	operate(api, "GET", "/account/passkeys", "passkeys", "One's own passkeys",
		func(ctx context.Context, _ *struct{}) (*struct{ Body []PasskeyBody }, error) {
			list, err := s.Places.Passkeys(ctx, viewerIn(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []PasskeyBody }{Body: []PasskeyBody{}}
			for _, k := range list {
				out.Body = append(out.Body, toPasskeyBody(k))
			}
			return out, nil
		})
	operate(api, "DELETE", "/account/passkeys/{passkey}", "end-passkey", "Remove a passkey",
		func(ctx context.Context, in *struct {
			Passkey string `path:"passkey" doc:"Its id, from the list"`
		}) (*none, error) {
			return nil, s.Places.EndPasskey(ctx, viewerIn(ctx), in.Passkey)
		})
	operate(api, "POST", "/account/passkeys/begin", "begin-passkey", "Ask for a new passkey, by the password; in the same session its answer is taken once within five minutes",
		func(ctx context.Context, in *struct {
			Body struct {
				Name     string `json:"name"`
				Password string `json:"password"`
			}
		}) (*struct{ Body PasskeyAsked }, error) {
			options, err := s.passkeys.Begin(ctx, viewerIn(ctx), in.Body.Name, in.Body.Password)
			if err != nil {
				return nil, err
			}
			a, err := askedOf(options)
			return &struct{ Body PasskeyAsked }{a}, err
		})
	operate(api, "POST", "/account/passkeys", "add-passkey", "Keep the passkey that a browser made",
		func(ctx context.Context, in *struct{ Body PasskeyAnswered }) (*struct{ Body PasskeyBody }, error) {
			credential, err := json.Marshal(in.Body.Credential)
			if err != nil {
				return nil, err
			}
			k, err := s.passkeys.Add(ctx, viewerIn(ctx), credential)
			if err != nil {
				return nil, err
			}
			return &struct{ Body PasskeyBody }{toPasskeyBody(*k)}, nil
		})
	s.passkeySessionAPI(api)
}

func (s *Server) passkeySessionAPI(api huma.API) {
	operate(api, "POST", "/sessions/passkey/begin", "begin-passkey-sign-in", "Ask for a passkey to sign in with; the answer is taken once within five minutes, with the cookie that is set here",
		func(ctx context.Context, _ *struct{}) (*struct {
			SetCookie http.Cookie `header:"Set-Cookie"`
			Body      PasskeyAsked
		}, error) {
			secret, options, err := s.passkeys.BeginSignIn(ctx)
			if err != nil {
				return nil, err
			}
			a, err := askedOf(options)
			return &struct {
				SetCookie http.Cookie `header:"Set-Cookie"`
				Body      PasskeyAsked
			}{http.Cookie{Name: s.passkeyCookie(), Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
				Secure: s.passkeyCookie() == passkeySecure, MaxAge: int(place.PasskeyTakes / time.Second)}, a}, err
		})
	operate(api, "POST", "/sessions/passkey", "sign-in-by-passkey", "Open a session with what the passkey answered",
		func(ctx context.Context, in *struct {
			Secure string `cookie:"__Host-tl_passkey" doc:"As it was set, over HTTPS"`
			Plain  string `cookie:"tl_passkey" doc:"As it was set, at localhost"`
			Body   PasskeyAnswered
		}) (*sessionBody, error) {
			secret := in.Plain
			if s.passkeyCookie() == passkeySecure {
				secret = in.Secure
			}
			credential, err := json.Marshal(in.Body.Credential)
			if err != nil {
				return nil, err
			}
			v, err := s.passkeys.SignIn(ctx, secret, credential)
			if err != nil {
				return nil, err
			}
			return s.token(ctx, v, nil)
		})
}
