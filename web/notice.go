package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"translocal/notice"
	"translocal/place"
	"translocal/web/page"
)

// noticeRoutes: a link out of a mail shows a page and changes nothing; its
// button does, since programs that check mails follow links.
func (s *Server) noticeRoutes() []route {
	return []route{
		{"POST /notices/mine/{notice}/seen", s.seeMine},
		{"GET /account/notices", s.noticeSettings},
		{"POST /account/notices", s.setNotices},
		{"GET /confirm-address/{token}", s.confirmForm},
		{"POST /confirm-address/{token}", s.confirm},
		{"GET /unsubscribe/{token}", s.unsubscribeForm},
		{"POST /unsubscribe/{token}", s.unsubscribe},
		{"GET /p/{place}/outbox", s.outbox},
		{"POST /p/{place}/outbox/{notice}/passed", s.passedOn},
		{"GET /p/{place}/asks", s.askList},
		{"POST /p/{place}/asks", s.askLightly},
		{"POST /p/{place}/asks/{ask}/end", s.endAsk},
		{"GET /answer/{token}", s.question},
		{"POST /answer/{token}", s.answer},
	}
}

// linkOut is how the path of a link begins that was given out with a secret, or
// "" for any other path.
func linkOut(path string) string {
	for _, prefix := range []string{"/confirm-address/", "/unsubscribe/", "/answer/", "/api/v1/answers/"} {
		if strings.HasPrefix(path, prefix) {
			return prefix
		}
	}
	return ""
}

func (s *Server) seeMine(w http.ResponseWriter, r *http.Request) error {
	if err := s.Notices.See(r.Context(), viewer(r), r.PathValue("notice")); err != nil {
		return err
	}
	return after(w, r, "/notices", "")
}

func (s *Server) noticeSettings(w http.ResponseWriter, r *http.Request) error {
	set, err := s.Notices.Settings(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	form := page.Filled("address", set.Address, "pace", set.Pace)
	if set.ByHand {
		form.Values.Set("by_hand", "yes")
	}
	return s.showSettings(w, r, http.StatusOK, set, form)
}

func (s *Server) showSettings(w http.ResponseWriter, r *http.Request, code int, set notice.Settings, form page.Form) error {
	return s.render(w, r, code, page.NoticeSettings(s.frame(r, t(r, "mail.title")), s.Notices.Mails(), set, form))
}

func (s *Server) setNotices(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	want := notice.Settings{Address: form.Value("address"), Pace: form.Value("pace"), ByHand: form.Value("by_hand") == "yes"}
	if err := s.Notices.Set(r.Context(), viewer(r), want); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		set, err := s.Notices.Settings(r.Context(), viewer(r))
		if err != nil {
			return err
		}
		return s.showSettings(w, r, http.StatusUnprocessableEntity, set, form)
	}
	set, err := s.Notices.Settings(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	if set.Address != "" && !set.Confirmed && s.Notices.Mails() {
		return after(w, r, "/account/notices", "said.mail_asked")
	}
	return after(w, r, "/account/notices", "said.mail_set")
}

func (s *Server) confirmForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.Notices.ToConfirm(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	f := s.frame(r, t(r, "mail.confirm.title"))
	return s.show(w, r, page.Press(f, r.URL.Path, t(r, "mail.confirm.lead"), t(r, "mail.confirm.do")))
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	if err := s.Notices.Confirm(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return after(w, r, "/", "said.mail_confirmed")
}

func (s *Server) unsubscribeForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.Notices.CanUnsubscribe(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	f := s.frame(r, t(r, "mail.unsubscribe.title"))
	return s.show(w, r, page.Press(f, r.URL.Path, t(r, "mail.unsubscribe.lead"), t(r, "mail.unsubscribe.do")))
}

// unsubscribe answers people and, after RFC 8058, the programs that post for them.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	if err := s.Notices.Unsubscribe(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return s.show(w, r, page.Done(s.frame(r, t(r, "mail.unsubscribe.title")), t(r, "mail.unsubscribe.done")))
}

func (s *Server) outbox(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	list, err := s.Notices.Outbox(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Outbox(s.frame(r, t(r, "mail.outbox")), p, list))
}

func (s *Server) passedOn(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := s.Notices.PassedOn(r.Context(), viewer(r), p.Stream, r.PathValue("notice")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/outbox", "said.passed_on")
}

func (s *Server) askList(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	return s.showAsks(w, r, http.StatusOK, p, page.Form{}, "")
}

func (s *Server) showAsks(w http.ResponseWriter, r *http.Request, code int, p *place.Place, form page.Form, token string) error {
	ctx, v := r.Context(), viewer(r)
	list, err := s.Notices.Asks(ctx, v, p.Stream) // authorises
	if err != nil {
		return err
	}
	about, err := s.askable(ctx, v, p)
	if err != nil {
		return err
	}
	link := ""
	if token != "" {
		link = s.Shown + "/answer/" + token
	}
	return s.render(w, r, code, page.Asks(s.frame(r, t(r, "mail.asks")), p, list, about, time.Now(), form, link))
}

// askable is what one can ask about: tasks that are not done, open proposals.
func (s *Server) askable(ctx context.Context, v place.Viewer, p *place.Place) (list []page.Option, err error) {
	tasks, err := s.Advances.OpenTasks(ctx, p.Stream)
	if err != nil {
		return nil, err
	}
	for _, x := range tasks {
		list = append(list, page.Option{Value: notice.AskTask + " " + x.ID, Text: x.Title})
	}
	proposals, err := s.Decisions.Proposals(ctx, v, p.Stream)
	for _, x := range proposals {
		if place.Allowed(place.Member, place.Speak, x.State) {
			list = append(list, page.Option{Value: notice.AskConcern + " " + x.ID, Text: x.Title})
		}
	}
	return list, err
}

// askLightly shows the link on the page that answers the form, as invite does.
func (s *Server) askLightly(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	kind, object, _ := strings.Cut(form.Value("object"), " ")
	token, err := s.Notices.AskOf(r.Context(), viewer(r), p.Stream, kind, object, form.Value("label"))
	if err != nil {
		if err := again(r, &form, rename(err, map[string]string{"kind": "object"})); err != nil {
			return err
		}
		return s.showAsks(w, r, http.StatusUnprocessableEntity, p, form, "")
	}
	return s.showAsks(w, r, http.StatusOK, p, page.Form{}, token)
}

func (s *Server) endAsk(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := s.Notices.EndAsk(r.Context(), viewer(r), p.Stream, r.PathValue("ask")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/asks", "said.ask_ended")
}

func (s *Server) question(w http.ResponseWriter, r *http.Request) error {
	return s.showQuestion(w, r, http.StatusOK, page.Form{Values: url.Values{}})
}

func (s *Server) showQuestion(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	q, err := s.Notices.Question(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Question(s.frame(r, t(r, "mail.answer.title")), q, r.URL.Path, form))
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	if err := s.Notices.Answer(r.Context(), r.PathValue("token"), form.Value("answer"), form.Value("note")); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showQuestion(w, r, http.StatusUnprocessableEntity, form)
	}
	return s.show(w, r, page.Done(s.frame(r, t(r, "mail.answer.thanks")), t(r, "mail.answer.done")))
}
