package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/advance"
	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) advanceRoutes() []route {
	return append(object("/bringing/{id}", s.bringing), []route{
		{"POST /p/{place}/bring", s.bring},
		{"POST /p/{place}/bringing/{id}/deed", s.recordDeed},
		{"POST /p/{place}/bringing/{id}/status", s.recordStatus},
		{"GET /p/{place}/bringing/{id}/plan", s.plan},
		{"POST /p/{place}/bringing/{id}/plan/meeting", s.setMeeting},
		{"POST /p/{place}/bringing/{id}/plan/task", s.putTask},
		{"POST /p/{place}/bringing/{id}/plan/usual", s.usualTasks},
		{"POST /p/{place}/bringing/{id}/plan/task/{task}", s.doTask},
		{"POST /p/{place}/bringing/{id}/plan/calendar", s.calendarLink},
		{"GET /calendar/{secret}", s.calendar},
	}...)
}

// advanceSection is what a place has brought, on its page.
func (s *Server) advanceSection(r *http.Request, p *place.Place, _ place.Role) ([]page.Section, error) {
	list, err := s.Advances.Of(r.Context(), p.Stream)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return []page.Section{{Title: t(r, "advance.became"), Content: page.Became(s.frame(r, ""), list)}}, nil
}

// bringingOf finds the bringing of the path.
func (s *Server) bringingOf(r *http.Request) (*place.Place, *advance.Bringing, error) {
	p, err := s.placeOf(r)
	if err != nil {
		return nil, nil, err
	}
	b, err := s.Advances.ByID(r.Context(), p.ID+"/bringing/"+r.PathValue("id"))
	return p, b, err
}

func (s *Server) bring(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	b, err := s.bringTo(r, p, form)
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showOutcome(w, r, http.StatusUnprocessableEntity, form.Value("outcome"), form)
	}
	return after(w, r, s.path(b.ID), "said.brought")
}

// bringTo brings a decision's text to an authority that is known or named now.
func (s *Server) bringTo(r *http.Request, p *place.Place, form page.Form) (*advance.Bringing, error) {
	if form.Value("authority") == "" {
		return s.Advances.BringToNew(r.Context(), viewer(r), p.Stream, form.Value("outcome"), form.Value("name"), form.Value("kind"))
	}
	return s.Advances.Bring(r.Context(), viewer(r), p.Stream, form.Value("outcome"), form.Value("authority"))
}

func (s *Server) bringing(w http.ResponseWriter, r *http.Request) error {
	return s.showBringing(w, r, http.StatusOK, page.Form{}, page.Form{}, page.Form{})
}

func (s *Server) showBringing(w http.ResponseWriter, r *http.Request, code int, deed, change, file page.Form) error {
	p, b, err := s.bringingOf(r)
	if err != nil {
		return err
	}
	role, err := place.RoleIn(r.Context(), s.Log.DB(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	text := s.textTitle(r, b.Version)
	keeper, member := place.Allowed(role, place.RecordDeed, place.Any), place.Allowed(role, place.PlanTasks, place.Any)
	return s.render(w, r, code, page.Bringing(s.explaining(r, b.Authority.Name), p, b, text, keeper, member, deed, change, file))
}

func (s *Server) recordDeed(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	p, b, err := s.bringingOf(r)
	if err != nil {
		return err
	}
	d, err := typedDeed(form)
	if err == nil {
		err = s.Advances.RecordDeed(r.Context(), viewer(r), p.Stream, b.ID, d)
	}
	if err != nil {
		kind := fault.KindOf(err)
		if err := again(r, &form, rename(err, map[string]string{"kind": "deed_kind", "legal": "deed_legal", "status": "deed_legal", "day": "deed_day", "reason": "deed_reason"})); err != nil {
			return err
		}
		return s.showBringing(w, r, status(kind), form, page.Form{}, page.Form{})
	}
	return after(w, r, s.path(b.ID), "said.deed")
}

// rename gives the fields of a fault the names that a form has for them.
func rename(err error, names map[string]string) error {
	f := asFault(err)
	if f == nil {
		return err
	}
	g := *f
	g.Fields = append([]fault.Field{}, f.Fields...)
	for i, x := range g.Fields {
		if n, ok := names[x.Name]; ok {
			g.Fields[i].Name = n
		}
	}
	return &g
}

func typedDeed(form page.Form) (advance.Deed, error) {
	var f fault.Fields
	d := advance.Deed{Kind: form.Value("deed_kind"), Legal: form.Value("deed_legal"), Day: form.Value("deed_day"), Number: form.Value("number"),
		Link: strings.TrimSpace(form.Value("link")), Amended: strings.TrimSpace(form.Value("amended")), Reason: form.Value("deed_reason")}
	if form.Value("for")+form.Value("against")+form.Value("abstain") != "" {
		d.Votes = &advance.Votes{For: number(&f, form, "for"), Against: number(&f, form, "against"), Abstain: number(&f, form, "abstain")}
	}
	return d, f.Err()
}

func (s *Server) recordStatus(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	p, b, err := s.bringingOf(r)
	if err != nil {
		return err
	}
	lifecycle, step, _ := strings.Cut(form.Value("step"), "/")
	err = s.Advances.SetStatus(r.Context(), viewer(r), p.Stream, b.ID, advance.Change{Lifecycle: lifecycle, Status: step,
		Day: form.Value("day"), Source: form.Value("source"), Reason: form.Value("reason")})
	if err != nil {
		kind := fault.KindOf(err)
		if err := again(r, &form, rename(err, map[string]string{"status": "step", "lifecycle": "step"})); err != nil {
			return err
		}
		return s.showBringing(w, r, status(kind), page.Form{}, form, page.Form{})
	}
	return after(w, r, s.path(b.ID), "said.status")
}

func (s *Server) plan(w http.ResponseWriter, r *http.Request) error {
	return s.showPlan(w, r, http.StatusOK, page.Form{}, page.Form{}, page.CalendarAddress{})
}

func (s *Server) showPlan(w http.ResponseWriter, r *http.Request, code int, meeting, task page.Form, calendar page.CalendarAddress) error {
	p, b, err := s.bringingOf(r)
	if err != nil {
		return err
	}
	plan, err := s.Advances.Plan(r.Context(), viewer(r), b.ID)
	if err != nil {
		return err
	}
	members, err := s.Places.Members(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	if meeting.Values == nil && plan.Meeting != "" {
		meeting = page.Filled("meeting", plan.Meeting, "cutoff", itoa(plan.Cutoff))
	}
	return s.render(w, r, code, page.Plan(s.frame(r, t(r, "advance.plan")), p, plan, s.textTitle(r, b.Version), members, meeting, task, calendar))
}

// onPlan does something to the plan of the path and shows it again; place says
// to which of its two forms a fault belongs.
func (s *Server) onPlan(w http.ResponseWriter, r *http.Request, key string, ofMeeting bool, do func(form page.Form, id string) error) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	_, b, err := s.bringingOf(r)
	if err != nil {
		return err
	}
	if err := do(form, b.ID); err != nil {
		kind := fault.KindOf(err)
		if err := again(r, &form, err); err != nil {
			return err
		}
		if ofMeeting {
			return s.showPlan(w, r, status(kind), form, page.Form{}, page.CalendarAddress{})
		}
		return s.showPlan(w, r, status(kind), page.Form{}, form, page.CalendarAddress{})
	}
	return after(w, r, s.path(b.ID)+"/plan", key)
}

func (s *Server) setMeeting(w http.ResponseWriter, r *http.Request) error {
	return s.onPlan(w, r, "said.meeting", true, func(form page.Form, id string) error {
		var f fault.Fields
		cutoff := number(&f, form, "cutoff")
		if err := f.Err(); err != nil {
			return err
		}
		return s.Advances.SetMeeting(r.Context(), viewer(r), id, form.Value("meeting"), cutoff)
	})
}

func (s *Server) putTask(w http.ResponseWriter, r *http.Request) error {
	return s.onPlan(w, r, "said.task", false, func(form page.Form, id string) error {
		var f fault.Fields
		task := advance.Task{ID: form.Value("id"), Title: form.Value("title"), Before: number(&f, form, "before"),
			Keepers: [2]string{form.Value("keeper1"), form.Value("keeper2")}}
		if err := f.Err(); err != nil {
			return err
		}
		return s.Advances.PutTask(r.Context(), viewer(r), id, task)
	})
}

// usual are the tasks that getting a text onto an agenda usually takes, with
// the days before it closes.
var usual = []struct {
	key    string
	before int
}{
	{"advance.usual.find", 42}, {"advance.usual.letter", 35}, {"advance.usual.talk", 28}, {"advance.usual.allies", 21},
	{"advance.usual.print", 10}, {"advance.usual.hand_in", 1}, {"advance.usual.speak", -6}, {"advance.usual.record", -9},
}

func (s *Server) usualTasks(w http.ResponseWriter, r *http.Request) error {
	return s.onPlan(w, r, "said.task", false, func(_ page.Form, id string) error {
		tasks := make([]advance.Task, len(usual))
		for i, u := range usual {
			tasks[i] = advance.Task{Title: t(r, u.key), Before: u.before}
		}
		return s.Advances.PutTasks(r.Context(), viewer(r), id, tasks)
	})
}

func (s *Server) doTask(w http.ResponseWriter, r *http.Request) error {
	return s.onPlan(w, r, "said.task", false, func(form page.Form, id string) error {
		task := r.PathValue("task")
		if form.Value("do") == "drop" {
			return s.Advances.DropTask(r.Context(), viewer(r), id, task)
		}
		return s.Advances.Done(r.Context(), viewer(r), id, task, form.Value("do") == "done")
	})
}

func (s *Server) calendarLink(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.bringingOf(r)
	if err != nil {
		return err
	}
	secret, expires, err := s.Advances.CalendarLink(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.showPlan(w, r, http.StatusOK, page.Form{}, page.Form{}, page.CalendarAddress{Secret: s.Shown + "/calendar/" + url.PathEscape(secret), Expires: act.Micros(expires)})
}

func (s *Server) calendar(w http.ResponseWriter, r *http.Request) error {
	text, err := s.Advances.Calendar(r.Context(), r.PathValue("secret"), func(authority string) advance.Words {
		return advance.Words{Meeting: t(r, "advance.calendar.meets", "authority", authority), Closes: t(r, "advance.calendar.closes", "authority", authority)}
	})
	if fault.Is(err, fault.SignIn) || fault.Is(err, fault.Forbidden) {
		err = fault.New(fault.NotFound, "fault.not_found") // whoever held it has left
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=600")
	_, err = w.Write([]byte(text))
	return err
}

// advanceAPI is the same for programs.
func (s *Server) advanceAPI(api huma.API) {
	type BringingPath struct {
		StreamPath
		ID string `query:"id" doc:"URL of the bringing" required:"true"`
	}
	operate(api, "POST", "/places/{stream}/authorities", "name-authority", "Name a body to which texts can be brought",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Name string `json:"name"`
				Kind string `json:"kind"`
			}
		}) (*idBody, error) {
			a, err := s.Advances.NameAuthority(ctx, viewerIn(ctx), in.stream(), in.Body.Name, in.Body.Kind)
			if err != nil {
				return nil, err
			}
			return newID(a.ID), nil
		})
	operate(api, "GET", "/places/{stream}/authorities", "authorities", "Bodies that a place has named",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []advance.Authority }, error) {
			list, err := s.Advances.Authorities(ctx, in.stream())
			return &struct{ Body []advance.Authority }{list}, err
		})
	operate(api, "POST", "/places/{stream}/bringings", "bring", "Record that the text of a decision is brought to an authority",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Outcome   string `json:"outcome" doc:"URL of the decision"`
				Authority string `json:"authority" doc:"URL of the authority"`
			}
		}) (*idBody, error) {
			b, err := s.Advances.Bring(ctx, viewerIn(ctx), in.stream(), in.Body.Outcome, in.Body.Authority)
			if err != nil {
				return nil, err
			}
			return newID(b.ID), nil
		})
	operate(api, "GET", "/places/{stream}/bringings", "bringings", "What a place has brought, and what became of it",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []*advance.Bringing }, error) {
			list, err := s.Advances.Of(ctx, in.stream())
			return &struct{ Body []*advance.Bringing }{list}, err
		})
	operate(api, "GET", "/became", "became", "What became of a version in every place known here",
		func(ctx context.Context, in *struct {
			Version string `query:"version" required:"true" doc:"URL of the version"`
		}) (*struct{ Body []*advance.Bringing }, error) {
			list, err := s.Advances.About(ctx, in.Version)
			return &struct{ Body []*advance.Bringing }{list}, err
		})
	operate(api, "POST", "/places/{stream}/bringings/deeds", "record-deed", "Record what an authority did",
		func(ctx context.Context, in *struct {
			BringingPath
			Body struct {
				Kind    string         `json:"kind"`
				Legal   string         `json:"legal" doc:"The legal status that it gave"`
				Day     string         `json:"day" doc:"YYYY-MM-DD"`
				Number  string         `json:"number,omitempty"`
				Votes   *advance.Votes `json:"votes,omitempty"`
				Link    string         `json:"link,omitempty"`
				Amended string         `json:"amended,omitempty" doc:"URL of the version as amended"`
				Reason  string         `json:"reason"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.Advances.RecordDeed(ctx, viewerIn(ctx), in.stream(), in.ID, advance.Deed{Kind: b.Kind, Number: b.Number, Day: b.Day,
				Votes: b.Votes, Link: b.Link, Legal: b.Legal, Amended: b.Amended, Reason: b.Reason})
		})
	operate(api, "POST", "/places/{stream}/bringings/statuses", "record-status", "Record one step of a lifecycle",
		func(ctx context.Context, in *struct {
			BringingPath
			Body struct {
				Lifecycle string `json:"lifecycle" enum:"legal,delivery"`
				Status    string `json:"status"`
				Day       string `json:"day" doc:"YYYY-MM-DD"`
				Source    string `json:"source"`
				Reason    string `json:"reason"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.Advances.SetStatus(ctx, viewerIn(ctx), in.stream(), in.ID, advance.Change{Lifecycle: b.Lifecycle, Status: b.Status, Day: b.Day, Source: b.Source, Reason: b.Reason})
		})
	operate(api, "GET", "/places/{stream}/bringings/plan", "plan", "Meeting and tasks, for members",
		func(ctx context.Context, in *BringingPath) (*struct{ Body *advance.Plan }, error) {
			p, err := s.Advances.Plan(ctx, viewerIn(ctx), in.ID)
			return &struct{ Body *advance.Plan }{p}, err
		})
	operate(api, "PUT", "/places/{stream}/bringings/plan/meeting", "set-meeting", "Say when the authority meets",
		func(ctx context.Context, in *struct {
			BringingPath
			Body struct {
				Day    string `json:"day" doc:"YYYY-MM-DD"`
				Cutoff int    `json:"cutoff" doc:"Days before it on which the agenda closes"`
			}
		}) (*none, error) {
			return nil, s.Advances.SetMeeting(ctx, viewerIn(ctx), in.ID, in.Body.Day, in.Body.Cutoff)
		})
	operate(api, "POST", "/places/{stream}/bringings/plan/tasks", "put-task", "Add a task or change one",
		func(ctx context.Context, in *struct {
			BringingPath
			Body struct {
				Task    string    `json:"task,omitempty" doc:"Id, to change one"`
				Title   string    `json:"title"`
				Before  int       `json:"before" doc:"Days before the agenda closes; negative: after"`
				Keepers [2]string `json:"keepers,omitempty"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.Advances.PutTask(ctx, viewerIn(ctx), in.ID, advance.Task{ID: b.Task, Title: b.Title, Before: b.Before, Keepers: b.Keepers})
		})
}
