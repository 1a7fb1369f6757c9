package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/blueprint"
	"translocal/decide"
	"translocal/fault"
	"translocal/web/page"
)

func (s *Server) tonightRoutes() []route {
	return []route{
		{"POST /p/{place}/proposal/{id}/open-room", s.openRoom},
		{"POST /p/{place}/proposal/{id}/close-room", s.closeRoom},
		{"GET /tonight/{secret}", s.tonight},
		{"POST /tonight/{secret}", s.answerTonight},
	}
}

// tonightPath is where a code for tonight leads.
func tonightPath(secret string) string { return "/tonight/" + secret }

// wall shows members the code of a proposal, for those in the room.
func (s *Server) wall(w http.ResponseWriter, r *http.Request, proposal string) error {
	since := s.since(r.Context(), ofProposal, proposal)
	x, err := s.Decisions.Read(r.Context(), viewer(r), proposal)
	if err != nil {
		return err
	}
	p, err := s.Places.ByStream(r.Context(), x.Stream)
	if err != nil {
		return err
	}
	f := listens(r, s.frame(r, t(r, "room.tonight")), "/events/proposal/"+x.ID, since)
	return s.show(w, r, page.Wall(f, s.path(p.ID)+"/proposal/"+x.ID, x))
}

func (s *Server) openRoom(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	x, err := s.proposalIn(r, p)
	if err != nil {
		return err
	}
	if _, err := s.Decisions.OpenRoom(r.Context(), viewer(r), x.ID); err != nil {
		return err
	}
	return after(w, r, "/room?proposal="+x.ID, "said.room_opened")
}

func (s *Server) closeRoom(w http.ResponseWriter, r *http.Request) error {
	return s.onProposal(w, r, "said.room_closed", func(_ page.Form, id string) error { return s.Decisions.CloseRoom(r.Context(), viewer(r), id) })
}

// The cookie by which a browser gives one answer. It names nobody, and goes
// nowhere but to the pages of a room.
const roomCookie = "tl_room"

func roomBrowser(r *http.Request) string {
	if c, err := r.Cookie(roomCookie); err == nil && act.IsToken(c.Value) {
		return c.Value
	}
	return ""
}

func (s *Server) tonight(w http.ResponseWriter, r *http.Request) error {
	if roomBrowser(r) == "" {
		http.SetCookie(w, &http.Cookie{Name: roomCookie, Value: act.NewToken(), Path: "/tonight/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
			Secure: strings.HasPrefix(s.Shown, "https://"), MaxAge: int(decide.TonightLasts.Seconds())})
	}
	return s.showTonight(w, r, http.StatusOK, page.Form{})
}

func (s *Server) showTonight(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	secret := r.PathValue("secret")
	about, err := s.aboutTonight(r, viewer(r))
	if err != nil {
		return err
	}
	since := s.since(r.Context(), ofRoom, about.Key)
	x, err := s.Decisions.ReadInRoom(r.Context(), secret, roomBrowser(r))
	if err != nil {
		return err
	}
	if form.Values == nil && x.Mine != nil {
		form = page.Filled("kind", string(x.Mine.Kind), "body", x.Mine.Body)
	}
	var text *blueprint.Version
	if v, err := s.Blueprints.Find(r.Context(), viewer(r), x.Version.URL); err == nil {
		text = v
	}
	f := listens(r, s.frame(r, x.Title), "/events"+tonightPath(secret), since)
	w.Header().Set("Referrer-Policy", "no-referrer") // the address opens something
	return s.render(w, r, code, page.Tonight(f, tonightPath(secret), x, text, form))
}

func (s *Server) answerTonight(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	secret := r.PathValue("secret")
	err = s.Decisions.AnswerInRoom(r.Context(), secret, roomBrowser(r), decide.Kind(form.Value("kind")), form.Value("body"))
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showTonight(w, r, status(fault.KindOf(err)), form)
	}
	return after(w, r, tonightPath(secret), "said.answered_tonight")
}

// drafted fills the scribe's form with what came by the code for tonight, unless
// all of it was written down already.
func drafted(x *decide.Page) page.Form {
	n := len(x.Answers)
	if x.State != decide.Consent || n == 0 || x.Room != nil && x.Room.Entered >= x.Answers[n-1].Created {
		return page.Form{}
	}
	r := decide.Drafted(x.Answers)
	return page.Filled("present", itoa(r.Present), "agree", itoa(r.Agree), "abstain", itoa(r.Abstain),
		"concerns", strings.Join(r.Concerns, "\n"), "objections", strings.Join(r.Objections, "\n"))
}

// TonightPath is the link of a code for tonight in the API.
type TonightPath struct {
	Secret string `path:"secret" doc:"The code for tonight"`
}

// tonightAPI is the same for programs.
func (s *Server) tonightAPI(api huma.API) {
	type ProposalPath struct {
		ID string `path:"id" doc:"Token of the proposal"`
	}
	operate(api, "PUT", "/proposals/{id}/tonight", "open-room", "Open a proposal to the people in a room, for six hours",
		func(ctx context.Context, in *ProposalPath) (*struct{ Body *decide.Tonight }, error) {
			x, err := s.Decisions.OpenRoom(ctx, viewerIn(ctx), in.ID)
			return &struct{ Body *decide.Tonight }{x}, err
		})
	operate(api, "DELETE", "/proposals/{id}/tonight", "close-room", "End the code for a room",
		func(ctx context.Context, in *ProposalPath) (*none, error) {
			return nil, s.Decisions.CloseRoom(ctx, viewerIn(ctx), in.ID)
		})
	operate(api, "GET", "/tonight/{secret}", "read-tonight", "Read what a code for tonight opens",
		func(ctx context.Context, in *TonightPath) (*struct{ Body *decide.InRoom }, error) {
			x, err := s.Decisions.ReadInRoom(ctx, in.Secret, "")
			return &struct{ Body *decide.InRoom }{x}, err
		})
	operate(api, "POST", "/tonight/{secret}", "answer-tonight", "Give one light answer; the scribe confirms it, and it counts for nothing until then",
		func(ctx context.Context, in *struct {
			TonightPath
			Body struct {
				Browser string `json:"browser" doc:"16 letters a–z and digits 2–7 of your own making; the same ones again change the answer"`
				Kind    string `json:"kind" enum:"agree,concern,objection"`
				Body    string `json:"body,omitempty" doc:"The reason of a concern or an objection"`
			}
		}) (*none, error) {
			return nil, s.Decisions.AnswerInRoom(ctx, in.Secret, in.Body.Browser, decide.Kind(in.Body.Kind), in.Body.Body)
		})
}
