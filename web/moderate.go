package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/moderate"
	"translocal/place"
	"translocal/web/page"
)

// newModeration makes the capability with a finder for each kind of thing.
func newModeration(c Config) *moderate.Moderation {
	m := moderate.New(c.Log)
	m.Finders[moderate.Voice] = c.Decisions.FindVoice
	m.Finders[moderate.Talk] = c.Blueprints.FindTalk
	m.Finders[moderate.Text] = c.Blueprints.FindText
	return m
}

func (s *Server) moderateRoutes() []route {
	return []route{
		{"GET /report", s.reportForm},
		{"POST /report", s.report},
		{"GET /p/{place}/moderation", s.queue},
		{"POST /p/{place}/moderation/decide", s.decideCase},
		{"POST /p/{place}/moderation/newcomers", s.setNewcomers},
		{"POST /p/{place}/moderation/unblock", s.unblockPerson},
		{"GET /p/{place}/members/{person}/block", s.blockForm},
		{"POST /p/{place}/members/{person}/block", s.blockPerson},
		{"GET /p/{place}/keepers-log", s.keepersLog},
		{"GET /site/moderation", s.queue},
		{"POST /site/moderation/decide", s.decideCase},
	}
}

// thingIn is the thing that a query or a form names, if the viewer can read it.
func (s *Server) thingIn(r *http.Request, values url.Values) (moderate.Thing, error) {
	return s.moderation.Find(r.Context(), viewer(r), moderate.Kind(values.Get("of")), act.Fingerprint(values.Get("in")), values.Get("thing"))
}

func (s *Server) reportForm(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return s.showReportForm(w, r, http.StatusOK, page.Filled("of", q.Get("of"), "in", q.Get("in"), "thing", q.Get("thing")))
}

func (s *Server) showReportForm(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	x, err := s.thingIn(r, form.Values)
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Report(s.frame(r, t(r, "moderation.report")), x, s.whereIs(r.Context(), x.Stream, x.At), form))
}

// whereIs is the path of the page on which a thing stands.
func (s *Server) whereIs(ctx context.Context, stream act.Fingerprint, at string) string {
	if strings.Contains(at, "://") {
		return s.path(at)
	}
	p, err := s.Places.ByStream(ctx, stream)
	if err != nil || at == "" {
		return "/"
	}
	path, query, _ := strings.Cut(at, "?id=")
	if query != "" {
		path += "?" + url.Values{"id": {query}}.Encode()
	}
	return s.path(p.ID) + "/" + path
}

func (s *Server) report(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	x, err := s.thingIn(r, form.Values)
	if err != nil {
		return err
	}
	err = s.moderation.Report(r.Context(), viewer(r), moderate.Report{Kind: x.Kind, Stream: act.Fingerprint(form.Value("in")), Thing: x.ID,
		Category: form.Value("category"), Words: form.Value("words")})
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showReportForm(w, r, code, form)
	}
	return after(w, r, s.whereIs(r.Context(), x.Stream, x.At), "said.reported")
}

// judged is the place whose queue the path names; nil for the site's.
func (s *Server) judged(r *http.Request) (*place.Place, act.Fingerprint, error) {
	if r.PathValue("place") == "" {
		return nil, "", nil
	}
	p, err := s.placeOf(r)
	if err != nil {
		return nil, "", err
	}
	return p, p.Stream, nil
}

func (s *Server) queue(w http.ResponseWriter, r *http.Request) error {
	return s.showQueue(w, r, http.StatusOK, page.Form{}, page.Form{})
}

// showQueue shows the page; form is one that was refused, of the case that it
// names, limits that of the limits.
func (s *Server) showQueue(w http.ResponseWriter, r *http.Request, code int, form, limits page.Form) error {
	ctx, v := r.Context(), viewer(r)
	p, stream, err := s.judged(r)
	if err != nil {
		return err
	}
	q, err := s.moderation.Queue(ctx, v, stream)
	if err != nil {
		return err
	}
	x := page.Moderation{Place: p, Queue: q, Form: form, Limits: limits, Where: func(at string) string { return s.whereIs(ctx, stream, at) }}
	if p != nil {
		if x.Blocked, err = s.Places.BlockedPeople(ctx, v, stream); err != nil {
			return err
		}
		if limits.Values == nil {
			l, err := s.moderation.Limits(ctx, v, stream)
			if err != nil {
				return err
			}
			x.Limits = page.Filled("hours", itoa(l.Hours), "most", itoa(l.Most), "looks", itoa(l.Looks))
		}
	}
	return s.render(w, r, code, page.Queue(s.frame(r, t(r, "moderation.queue")), x))
}

// decideOn does what keepers can do with a thing.
func (s *Server) decideOn(ctx context.Context, v place.Viewer, stream act.Fingerprint, do string, kind moderate.Kind, thing, reason string) error {
	switch do {
	case "hide":
		return s.moderation.Hide(ctx, v, stream, kind, thing, reason)
	case "leave":
		return s.moderation.Leave(ctx, v, stream, kind, thing, reason)
	case "show":
		return s.moderation.Show(ctx, v, stream, kind, thing)
	}
	return fault.At("do", "fault.choice")
}

func (s *Server) decideCase(w http.ResponseWriter, r *http.Request) error {
	_, stream, err := s.judged(r)
	if err != nil {
		return err
	}
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	err = s.decideOn(r.Context(), viewer(r), stream, form.Value("do"), moderate.Kind(form.Value("of")), form.Value("thing"), form.Value("reason"))
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showQueue(w, r, code, form, page.Form{})
	}
	return after(w, r, strings.TrimSuffix(r.URL.Path, "/decide"), "said.decided."+form.Value("do"))
}

func (s *Server) setNewcomers(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	var f fault.Fields
	l := moderate.Limits{Hours: number(&f, form, "hours"), Most: number(&f, form, "most"), Looks: number(&f, form, "looks")}
	if err = f.Err(); err == nil {
		err = s.moderation.SetLimits(r.Context(), viewer(r), p.Stream, l)
	}
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showQueue(w, r, http.StatusUnprocessableEntity, page.Form{}, form)
	}
	return after(w, r, s.path(p.ID)+"/moderation", "said.newcomers_set")
}

func (s *Server) blockForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	return s.showBlock(w, r, http.StatusOK, p, page.Form{})
}

func (s *Server) showBlock(w http.ResponseWriter, r *http.Request, code int, p *place.Place, form page.Form) error {
	v := viewer(r)
	if err := place.May(r.Context(), s.Log.DB(), v, p.Stream, place.BlockPerson, place.Any); err != nil {
		return err
	}
	members, err := s.Places.Members(r.Context(), v, p.Stream)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Person == r.PathValue("person") {
			return s.render(w, r, code, page.BlockPerson(s.frame(r, t(r, "moderation.block")), p, m, form))
		}
	}
	return db.ErrNoRow
}

func (s *Server) blockPerson(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Places.BlockPerson(r.Context(), viewer(r), p.Stream, r.PathValue("person"), form.Value("reason")); err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showBlock(w, r, code, p, form)
	}
	return after(w, r, s.path(p.ID)+"/moderation", "said.person_blocked")
}

func (s *Server) unblockPerson(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Places.UnblockPerson(r.Context(), viewer(r), p.Stream, form.Value("person")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/moderation", "said.person_unblocked")
}

func (s *Server) keepersLog(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // no number: the newest
	list, err := s.Places.Deeds(r.Context(), viewer(r), p.Stream, before)
	if err != nil {
		return err
	}
	more := ""
	if len(list) == place.LogPage {
		more = s.path(p.ID) + "/keepers-log?before=" + strconv.FormatInt(list[len(list)-1].At, 10)
	}
	return s.show(w, r, page.KeepersLog(s.frame(r, t(r, "moderation.log")), p, list, more))
}

// moderationSection is the way for members to what their keepers did, and for
// keepers to what waits for them.
func (s *Server) moderationSection(r *http.Request, p *place.Place, role place.Role) ([]page.Section, error) {
	if !place.Allowed(role, place.ReadLog, place.Any) {
		return nil, nil
	}
	n := 0
	keeps := place.Allowed(role, place.Moderate, place.Any)
	if keeps {
		var err error
		if n, err = s.moderation.Waiting(r.Context(), viewer(r), p.Stream); err != nil {
			return nil, err
		}
	}
	return []page.Section{{Title: t(r, "moderation.title"), Content: page.ModerationLinks(s.frame(r, ""), p, keeps, n)}}, nil
}
