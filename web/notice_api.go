package web

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"translocal/i18n"
	"translocal/notice"
)

// AskBody is a question to make.
type AskBody struct {
	Kind   string `json:"kind" enum:"task,concern"`
	Object string `json:"object" doc:"Id of the task or of the open proposal"`
	Label  string `json:"label,omitempty" doc:"For whom, in the keepers' words"`
}

// PersonalNotice is a notice with its words in the caller's language.
type PersonalNotice struct {
	notice.Notice
	Text string `json:"text"`
}

// LinkToken is the secret of a link in a path.
type LinkToken struct {
	Token string `path:"token"`
}

func (s *Server) noticeAPI(api huma.API) {
	operate(api, "GET", "/account/notices", "my-notices", "What one was told and has not put away",
		func(ctx context.Context, _ *struct{}) (*struct{ Body []PersonalNotice }, error) {
			list, err := s.Notices.Mine(ctx, viewerIn(ctx))
			out := &struct{ Body []PersonalNotice }{Body: []PersonalNotice{}}
			for _, x := range list {
				out.Body = append(out.Body, PersonalNotice{x, x.Words(i18n.From(ctx))})
			}
			return out, err
		})
	operate(api, "DELETE", "/account/notices/{notice}", "see-notice", "Put a notice of one's own away",
		func(ctx context.Context, in *struct {
			Notice string `path:"notice"`
		}) (*none, error) {
			return nil, s.Notices.See(ctx, viewerIn(ctx), in.Notice)
		})
	operate(api, "GET", "/account/mail", "mail-settings", "How one is told",
		func(ctx context.Context, _ *struct{}) (*struct{ Body notice.Settings }, error) {
			set, err := s.Notices.Settings(ctx, viewerIn(ctx))
			return &struct{ Body notice.Settings }{set}, err
		})
	operate(api, "PUT", "/account/mail", "set-mail", "Say how one wants to be told; a new address gets a link to confirm it",
		func(ctx context.Context, in *struct {
			Body struct {
				Address string `json:"address,omitempty"`
				Pace    string `json:"pace" enum:"daily,once,never"`
				ByHand  bool   `json:"byHand,omitempty" doc:"A keeper tells me, by paper or phone, instead"`
			}
		}) (*none, error) {
			return nil, s.Notices.Set(ctx, viewerIn(ctx), notice.Settings{Address: in.Body.Address, Pace: in.Body.Pace, ByHand: in.Body.ByHand})
		})
	operate(api, "GET", "/places/{stream}/outbox", "outbox", "Notices that no mail brings, for keepers to pass on",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []notice.Parcel }, error) {
			list, err := s.Notices.Outbox(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body []notice.Parcel }{list}, err
		})
	operate(api, "POST", "/places/{stream}/outbox/{notice}/passed", "passed-on", "Note that somebody was told",
		func(ctx context.Context, in *struct {
			StreamPath
			Notice string `path:"notice"`
		}) (*none, error) {
			return nil, s.Notices.PassedOn(ctx, viewerIn(ctx), in.stream(), in.Notice)
		})
	s.askAPI(api)
}

func (s *Server) askAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/asks", "light-asks", "Questions to people without an account, and their answers",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []notice.Ask }, error) {
			list, err := s.Notices.Asks(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body []notice.Ask }{list}, err
		})
	operate(api, "POST", "/places/{stream}/asks", "ask-lightly", "Make a link with one question for one answer",
		func(ctx context.Context, in *struct {
			StreamPath
			Body AskBody
		}) (*struct {
			Body struct {
				Link string `json:"link" doc:"Shown only now"`
			}
		}, error) {
			token, err := s.Notices.AskOf(ctx, viewerIn(ctx), in.stream(), in.Body.Kind, in.Body.Object, in.Body.Label)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Link string `json:"link" doc:"Shown only now"`
				}
			}{}
			out.Body.Link = s.Shown + "/answer/" + token
			return out, nil
		})
	operate(api, "DELETE", "/places/{stream}/asks/{ask}", "end-light-ask", "Take a question back",
		func(ctx context.Context, in *struct {
			StreamPath
			Ask string `path:"ask"`
		}) (*none, error) {
			return nil, s.Notices.EndAsk(ctx, viewerIn(ctx), in.stream(), in.Ask)
		})
	operate(api, "GET", "/answers/{token}", "light-question", "What a link asks",
		func(ctx context.Context, in *LinkToken) (*struct{ Body notice.Question }, error) {
			q, err := s.Notices.Question(ctx, in.Token)
			return &struct{ Body notice.Question }{q}, err
		})
	operate(api, "POST", "/answers/{token}", "answer-lightly", "Answer a question by its link, once",
		func(ctx context.Context, in *struct {
			LinkToken
			Body struct {
				Answer string `json:"answer" enum:"yes,no"`
				Note   string `json:"note,omitempty"`
			}
		}) (*none, error) {
			return nil, s.Notices.Answer(ctx, in.Token, in.Body.Answer, in.Body.Note)
		})
}
