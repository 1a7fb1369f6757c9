package web

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/place"
)

// TokenBody is a personal token as the API lists it; its secret is not kept.
type TokenBody struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Writes  bool       `json:"writes" doc:"It may change things; otherwise it reads alone"`
	Stream  string     `json:"stream,omitempty" doc:"Fingerprint of the one place that it is for"`
	Expires time.Time  `json:"expires"`
	Seen    *time.Time `json:"seen,omitempty" doc:"When it was last used, to the hour"`
}

func toTokenBody(k place.Token) TokenBody {
	b := TokenBody{ID: k.ID, Name: k.Name, Writes: k.Writes, Stream: string(k.Stream), Expires: time.UnixMicro(k.Expires).UTC()}
	if k.Seen > 0 {
		seen := time.UnixMicro(k.Seen).UTC()
		b.Seen = &seen
	}
	return b
}

func (s *Server) peopleAPI(api huma.API) {
	operate(api, "PUT", "/account/password", "change-password", "Set a new password; all other sessions and all tokens end",
		func(ctx context.Context, in *struct {
			Body struct {
				Old      string `json:"old"`
				Password string `json:"password"`
			}
		}) (*none, error) {
			return nil, s.Places.ChangePassword(ctx, viewerIn(ctx), in.Body.Old, in.Body.Password)
		})
	operate(api, "POST", "/account/recovery-codes", "new-recovery-codes", "Make new recovery codes; earlier ones end",
		func(ctx context.Context, in *struct {
			Body struct {
				Password string `json:"password"`
			}
		}) (*struct{ Body []string }, error) {
			codes, err := s.Places.NewRecoveryCodes(ctx, viewerIn(ctx), in.Body.Password)
			if err != nil {
				return nil, err
			}
			return &struct{ Body []string }{codes}, nil
		})
	operate(api, "POST", "/recover", "recover", "Set a new password by a recovery code and open a session",
		func(ctx context.Context, in *struct {
			Body struct {
				NameAndPassword
				Code string `json:"code"`
			}
		}) (*sessionBody, error) {
			v, err := s.Places.Recover(ctx, in.Body.Pseudonym, in.Body.Code, in.Body.Password)
			if err != nil {
				return nil, err
			}
			return s.token(ctx, v, nil)
		})
	s.tokenAPI(api)
	s.passkeyAPI(api)
	s.rollAPI(api)
	s.rolesAPI(api)
	s.handOverAPI(api)
	s.waysAPI(api)
	s.leaveAPI(api)
}

func (s *Server) tokenAPI(api huma.API) {
	operate(api, "GET", "/account/tokens", "tokens", "One's own personal tokens",
		func(ctx context.Context, _ *struct{}) (*struct{ Body []TokenBody }, error) {
			list, err := s.Places.Tokens(ctx, viewerIn(ctx))
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []TokenBody }{Body: []TokenBody{}}
			for _, k := range list {
				out.Body = append(out.Body, toTokenBody(k))
			}
			return out, nil
		})
	operate(api, "POST", "/account/tokens", "make-token", "Make a personal token; with a session, never with a token",
		func(ctx context.Context, in *struct {
			Body struct {
				Name   string `json:"name"`
				Writes bool   `json:"writes,omitempty"`
				Stream string `json:"stream,omitempty" doc:"Fingerprint of the one place that it is for"`
				Days   int    `json:"days" doc:"How long it lasts"`
			}
		}) (*struct {
			Body struct {
				Token string `json:"token" doc:"Shown only now"`
			}
		}, error) {
			secret, err := s.Places.MakeToken(ctx, viewerIn(ctx), place.NewToken{Name: in.Body.Name, Writes: in.Body.Writes,
				Stream: act.Fingerprint(in.Body.Stream), Days: in.Body.Days})
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Token string `json:"token" doc:"Shown only now"`
				}
			}{}
			out.Body.Token = secret
			return out, nil
		})
	operate(api, "DELETE", "/account/tokens/{token}", "end-token", "Take a personal token back",
		func(ctx context.Context, in *struct {
			Token string `path:"token" doc:"Its id, from the list"`
		}) (*none, error) {
			return nil, s.Places.EndToken(ctx, viewerIn(ctx), in.Token)
		})
}
