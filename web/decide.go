package web

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/decide"
	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) decideRoutes() []route {
	return append(object("/outcome/{id}", s.outcome), []route{
		{"GET /p/{place}/proposals", s.proposals},
		{"GET /p/{place}/propose", s.proposeForm},
		{"POST /p/{place}/propose", s.propose},
		{"GET /p/{place}/proposal/{id}", s.proposal},
		{"POST /p/{place}/proposal/{id}/say", s.say},
		{"POST /p/{place}/proposal/{id}/room", s.enterRoom},
		{"POST /p/{place}/proposal/{id}/integrate", s.integrate},
		{"POST /p/{place}/proposal/{id}/next", s.nextRound},
		{"POST /p/{place}/proposal/{id}/close", s.closeProposal},
		{"POST /p/{place}/proposal/{id}/withdraw", s.withdrawProposal},
	}...)
}

// textTitle is what a version is called, as on its page where its title was erased; its address when this node
// has not heard of it.
func (s *Server) textTitle(r *http.Request, ref act.Ref) string {
	v, err := s.Blueprints.Find(r.Context(), viewer(r), ref.URL)
	if err != nil {
		return ref.URL
	}
	return cmp.Or(v.Title, t(r, "blueprint.no_title"))
}

// decideSection is what a place decided, on its page; members find the way to
// their proposals there.
func (s *Server) decideSection(r *http.Request, p *place.Place, role place.Role) ([]page.Section, error) {
	list, err := s.Decisions.Outcomes(r.Context(), p.Stream)
	if err != nil {
		return nil, err
	}
	sec := page.Section{Title: t(r, "decide.outcomes"), Content: page.Decisions(s.frame(r, ""), list)}
	if place.Allowed(role, place.ReadProposal, decide.Clarify) {
		sec.More, sec.MoreAs = s.path(p.ID)+"/proposals", t(r, "decide.proposals")
	}
	if len(list) == 0 && sec.More == "" {
		return nil, nil
	}
	return []page.Section{sec}, nil
}

func (s *Server) proposals(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	list, err := s.Decisions.Proposals(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Proposals(s.frame(r, t(r, "decide.proposals")), p, list))
}

func (s *Server) proposeForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	v := viewer(r)
	if err := place.May(r.Context(), s.Log.DB(), v, p.Stream, place.Propose, place.Any); err != nil {
		return err
	}
	text, err := s.Blueprints.Find(r.Context(), v, r.URL.Query().Get("version"))
	if err != nil {
		return err
	}
	members, err := s.Places.Members(r.Context(), v, p.Stream)
	if err != nil {
		return err
	}
	half := (len(members) + 1) / 2 // to be changed by who proposes
	form := page.Filled("quorum", itoa(half), "version", text.ID, "rule", decide.RuleConsent, "review", time.Now().AddDate(1, 0, 0).Format(time.DateOnly), "title", text.Title)
	return s.show(w, r, page.Propose(s.frame(r, t(r, "decide.propose")), p, form, text.Title))
}

func (s *Server) propose(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	text, err := s.Blueprints.Find(r.Context(), viewer(r), form.Value("version"))
	if err != nil {
		return err
	}
	quorum, _ := strconv.Atoi(strings.TrimSpace(form.Value("quorum"))) // no number is out of range too
	made, err := s.Decisions.Propose(r.Context(), viewer(r), p.Stream, decide.Proposal{Title: form.Value("title"), Why: form.Value("why"),
		Rule: form.Value("rule"), Quorum: quorum, Review: form.Value("review"), Version: text.Ref()})
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.Propose(s.frame(r, t(r, "decide.propose")), p, form, text.Title))
	}
	return after(w, r, s.path(p.ID)+"/proposal/"+made.ID, "said.proposed")
}

func (s *Server) proposal(w http.ResponseWriter, r *http.Request) error {
	return s.showProposal(w, r, http.StatusOK, page.Form{})
}

func (s *Server) showProposal(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	since := s.since(r.Context(), ofProposal, r.PathValue("id"))
	x, err := s.proposalIn(r, p)
	if err != nil {
		return err
	}
	if form.Values == nil {
		form = drafted(x)
	}
	f := listens(r, s.explaining(r, x.Title), "/events/proposal/"+x.ID, since)
	return s.render(w, r, code, page.Proposal(f, p, x, s.textTitle(r, x.Version), form))
}

// proposalIn reads the proposal of the path, which must be that place's.
func (s *Server) proposalIn(r *http.Request, p *place.Place) (*decide.Page, error) {
	n, _ := strconv.Atoi(r.URL.Query().Get("page")) // no number: the newest
	x, err := s.Decisions.ReadPage(r.Context(), viewer(r), r.PathValue("id"), n)
	if err == nil && x.Stream != p.Stream {
		return nil, fault.New(fault.NotFound, "fault.not_found")
	}
	return x, err
}

// onProposal does something to the proposal of the path and shows it again.
func (s *Server) onProposal(w http.ResponseWriter, r *http.Request, key string, do func(form page.Form, id string) error) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if _, err := s.proposalIn(r, p); err != nil {
		return err
	}
	id := r.PathValue("id")
	if err := do(form, id); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showProposal(w, r, status(fault.KindOf(err)), form)
	}
	return after(w, r, s.path(p.ID)+"/proposal/"+id, key)
}

func (s *Server) say(w http.ResponseWriter, r *http.Request) error {
	return s.onProposal(w, r, "said.spoken", func(form page.Form, id string) error {
		return s.Decisions.Say(r.Context(), viewer(r), id, decide.Kind(form.Value("kind")), form.Value("body"), form.Value("release") == "yes")
	})
}

func (s *Server) enterRoom(w http.ResponseWriter, r *http.Request) error {
	return s.onProposal(w, r, "said.room_entered", func(form page.Form, id string) error {
		var f fault.Fields
		room := decide.Room{Present: number(&f, form, "present"), Agree: number(&f, form, "agree"), Abstain: number(&f, form, "abstain"),
			Concerns: lines(form.Value("concerns")), Objections: lines(form.Value("objections"))}
		if err := f.Err(); err != nil {
			return err
		}
		return s.Decisions.EnterRoom(r.Context(), viewer(r), id, room)
	})
}

// number reads a whole number, 0 for an empty field.
func number(f *fault.Fields, form page.Form, field string) int {
	text := strings.TrimSpace(form.Value(field))
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		f.Add(field, "fault.whole_number")
	}
	return n
}

// lines are the lines of a field that are not empty.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (s *Server) integrate(w http.ResponseWriter, r *http.Request) error {
	return s.onProposal(w, r, "said.integrated", func(form page.Form, id string) error {
		return s.Decisions.Integrate(r.Context(), viewer(r), id, form.Value("voice"))
	})
}

func (s *Server) nextRound(w http.ResponseWriter, r *http.Request) error {
	return s.onProposal(w, r, "said.next_round", func(_ page.Form, id string) error { return s.Decisions.NextRound(r.Context(), viewer(r), id) })
}

func (s *Server) withdrawProposal(w http.ResponseWriter, r *http.Request) error {
	return s.onProposal(w, r, "said.withdrawn", func(_ page.Form, id string) error { return s.Decisions.Withdraw(r.Context(), viewer(r), id) })
}

func (s *Server) closeProposal(w http.ResponseWriter, r *http.Request) error {
	return s.onProposal(w, r, "said.closed", func(form page.Form, id string) error {
		_, err := s.Decisions.Close(r.Context(), viewer(r), id, decide.Release{Note: form.Value("note"), Counts: form.Value("counts") == "yes", Voices: form.Values["voices"]})
		return err
	})
}

func (s *Server) outcome(w http.ResponseWriter, r *http.Request) error {
	return s.showOutcome(w, r, http.StatusOK, "", page.Form{})
}

func (s *Server) showOutcome(w http.ResponseWriter, r *http.Request, code int, id string, form page.Form) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if id == "" {
		id = p.ID + "/outcome/" + r.PathValue("id")
	}
	o, err := s.Decisions.Outcome(r.Context(), id)
	if err != nil {
		return err
	}
	mayBring := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.BringText, place.Any) == nil
	var known []page.Option
	if mayBring {
		list, err := s.Advances.Authorities(r.Context(), p.Stream)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			known = append(known, page.Option{Text: t(r, "advance.authority.other")})
		}
		for _, a := range list {
			known = append(known, page.Option{Value: a.ID, Text: a.Name})
		}
	}
	return s.render(w, r, code, page.Outcome(s.explaining(r, t(r, "decide.outcome")), p, o, s.textTitle(r, o.Version), known, mayBring, form))
}

// decideAPI is the same for programs.
func (s *Server) decideAPI(api huma.API) {
	type ProposalPath struct {
		ID string `path:"id" doc:"Token of the proposal"`
	}
	operate(api, "POST", "/places/{stream}/proposals", "propose", "Propose to bring a version",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Title   string `json:"title"`
				Why     string `json:"why,omitempty"`
				Version string `json:"version" doc:"URL of the version"`
				Rule    string `json:"rule" enum:"consent,majority"`
				Quorum  int    `json:"quorum" doc:"How many must take part at least"`
				Review  string `json:"review" doc:"YYYY-MM-DD"`
			}
		}) (*idBody, error) {
			b := in.Body
			text, err := s.Blueprints.Find(ctx, viewerIn(ctx), b.Version)
			if err != nil {
				return nil, err
			}
			p, err := s.Decisions.Propose(ctx, viewerIn(ctx), in.stream(), decide.Proposal{Title: b.Title, Why: b.Why, Rule: b.Rule, Quorum: b.Quorum, Review: b.Review, Version: text.Ref()})
			if err != nil {
				return nil, err
			}
			return newID(p.ID), nil
		})
	operate(api, "GET", "/places/{stream}/proposals", "proposals", "Proposals of a place, for its members",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []decide.Proposal }, error) {
			list, err := s.Decisions.Proposals(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body []decide.Proposal }{list}, err
		})
	operate(api, "GET", "/proposals/{id}", "proposal", "A proposal with its rounds, for members",
		func(ctx context.Context, in *struct {
			ID   string `path:"id" doc:"Token of the proposal"`
			Page int    `query:"page" doc:"Which page of what was said, from 1; none: the newest"`
		}) (*struct{ Body *decide.Page }, error) {
			x, err := s.Decisions.ReadPage(ctx, viewerIn(ctx), in.ID, in.Page)
			return &struct{ Body *decide.Page }{x}, err
		})
	operate(api, "POST", "/proposals/{id}/voices", "say", "Ask, react or take a position",
		func(ctx context.Context, in *struct {
			ProposalPath
			Body struct {
				Kind       string `json:"kind" enum:"question,answer,reaction,agree,abstain,concern,objection"`
				Body       string `json:"body,omitempty"`
				MayRelease bool   `json:"may_release,omitempty" doc:"May be published, without a name"`
			}
		}) (*none, error) {
			return nil, s.Decisions.Say(ctx, viewerIn(ctx), in.ID, decide.Kind(in.Body.Kind), in.Body.Body, in.Body.MayRelease)
		})
	operate(api, "POST", "/proposals/{id}/integrated", "integrate", "Say that an objection is met",
		func(ctx context.Context, in *struct {
			ProposalPath
			Body struct {
				Voice string `json:"voice"`
			}
		}) (*none, error) {
			return nil, s.Decisions.Integrate(ctx, viewerIn(ctx), in.ID, in.Body.Voice)
		})
	operate(api, "PUT", "/proposals/{id}/room", "enter-room", "Write down a round held in a room, without names",
		func(ctx context.Context, in *struct {
			ProposalPath
			Body struct {
				Present    int      `json:"present"`
				Agree      int      `json:"agree"`
				Abstain    int      `json:"abstain,omitempty"`
				Concerns   []string `json:"concerns,omitempty"`
				Objections []string `json:"objections,omitempty"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.Decisions.EnterRoom(ctx, viewerIn(ctx), in.ID, decide.Room{Present: b.Present, Agree: b.Agree, Abstain: b.Abstain, Concerns: b.Concerns, Objections: b.Objections})
		})
	operate(api, "POST", "/proposals/{id}/next", "next-round", "Move to the next round",
		func(ctx context.Context, in *ProposalPath) (*none, error) {
			return nil, s.Decisions.NextRound(ctx, viewerIn(ctx), in.ID)
		})
	operate(api, "POST", "/proposals/{id}/withdraw", "withdraw-proposal", "End a proposal without a decision",
		func(ctx context.Context, in *ProposalPath) (*none, error) {
			return nil, s.Decisions.Withdraw(ctx, viewerIn(ctx), in.ID)
		})
	operate(api, "POST", "/proposals/{id}/close", "close-proposal", "Count, and publish the outcome",
		func(ctx context.Context, in *struct {
			ProposalPath
			Body struct {
				Note   string   `json:"note,omitempty"`
				Counts bool     `json:"counts,omitempty"`
				Voices []string `json:"voices,omitempty"`
			}
		}) (*struct{ Body *decide.Outcome }, error) {
			o, err := s.Decisions.Close(ctx, viewerIn(ctx), in.ID, decide.Release{Note: in.Body.Note, Counts: in.Body.Counts, Voices: in.Body.Voices})
			return &struct{ Body *decide.Outcome }{o}, err
		})
	operate(api, "GET", "/places/{stream}/outcomes", "outcomes", "What a place decided",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []*decide.Outcome }, error) {
			list, err := s.Decisions.Outcomes(ctx, in.stream())
			return &struct{ Body []*decide.Outcome }{list}, err
		})
}

// idBody is the answer to a call that made something.
type idBody struct {
	Body struct {
		ID string `json:"id"`
	}
}

func newID(id string) *idBody {
	out := &idBody{}
	out.Body.ID = id
	return out
}
