package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/fault"
	"translocal/keep"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) handOverRoutes() []route {
	return []route{
		{"GET /p/{place}/hand-over", s.handOver},
		{"POST /p/{place}/hand-over", s.stepDown},
		{"POST /p/{place}/hand-over/words", s.setKeyNote},
	}
}

func (s *Server) handOver(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	return s.showHandOver(w, r, http.StatusOK, p, page.Form{}, page.Form{})
}

func (s *Server) showHandOver(w http.ResponseWriter, r *http.Request, code int, p *place.Place, note, leave page.Form) error {
	ctx, v := r.Context(), viewer(r)
	list, err := s.readHandOver(ctx, v, p)
	if err != nil {
		return err
	}
	members, err := s.Places.Members(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	keepers, err := s.Places.Keepers(ctx, p.Stream)
	if err != nil {
		return err
	}
	if note.Values == nil {
		note = page.Filled("words", list.Words)
	}
	return s.render(w, r, code, page.HandOverList(s.frame(r, t(r, "handover.title")),
		page.HandOverPage{HandOver: *list, Place: p, Members: members, Alone: keepers < 2, Note: note, Leave: leave}))
}

// readHandOver gathers the list; it asks who may.
func (s *Server) readHandOver(ctx context.Context, v place.Viewer, p *place.Place) (*page.HandOver, error) {
	h := &page.HandOver{Keys: []page.HandItem{}, Clocks: []page.HandItem{}, Promises: []page.HandItem{}}
	var err error
	if h.Words, err = s.Places.KeyNote(ctx, v, p.Stream); err != nil { // authorises
		return nil, err
	}
	members, err := s.Places.Members(ctx, v, p.Stream)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, m := range members {
		names[m.Person] = m.Name
	}
	for _, gather := range []func(context.Context, place.Viewer, *place.Place, *page.HandOver, map[string]string) error{
		s.handKeys, s.handBackups, s.handDecisions, s.handTasks, s.handMeetings, s.handRoles, s.handTexts, s.handQueues,
	} {
		if err := gather(ctx, v, p, h, names); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(h.Clocks, func(a, b page.HandItem) int { return strings.Compare(lastly(a.Day), lastly(b.Day)) })
	return h, nil
}

// lastly puts what has no day after what has one.
func lastly(day string) string {
	if day == "" {
		return "9999"
	}
	return day
}

func dayAt(micros int64) string { return act.FromMicros(micros).Format(time.DateOnly) }

func (s *Server) handKeys(ctx context.Context, v place.Viewer, p *place.Place, h *page.HandOver, _ map[string]string) error {
	keys, err := s.Places.Keys(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	if len(keys) > 0 { // the first is the one in use
		h.Keys = append(h.Keys, page.HandItem{Kind: "signing_key", Day: dayAt(keys[0].Since), Link: s.path(p.ID) + "/published"})
	}
	h.Keys = append(h.Keys, page.HandItem{Kind: "secret"})
	roots, err := s.Places.RootKeys(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	for _, k := range roots.Keys {
		h.Keys = append(h.Keys, page.HandItem{Kind: "root_key", Title: k.Whose, Link: s.path(p.ID) + "/roots"})
	}
	if len(roots.Keys) == 0 {
		h.Keys = append(h.Keys, page.HandItem{Kind: "no_root_keys", Link: s.path(p.ID) + "/roots"})
	}
	tokens, err := s.Places.TokensIn(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	if tokens.Count > 0 {
		h.Keys = append(h.Keys, page.HandItem{Kind: "tokens", Count: int(tokens.Count), Day: dayAt(tokens.Last)})
	}
	hooks, err := s.Webhooks.List(ctx, v, p.Stream)
	for _, x := range hooks {
		if x.Active {
			h.Keys = append(h.Keys, page.HandItem{Kind: "webhook", Title: hostOf(x.Address), Day: dayAt(x.Created), Link: s.path(p.ID) + "/webhooks"})
		}
	}
	return err
}

// hostOf is the host of an address, whose path can hold a secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// handBackups says how old the last backup is and to how many keys it is encrypted:
// those of the whole site, which its keepers look after.
func (s *Server) handBackups(ctx context.Context, v place.Viewer, _ *place.Place, h *page.HandOver, _ map[string]string) error {
	d, link := s.Log.DB(), ""
	if v.Site {
		link = "/site/keeping"
	}
	last, err := keep.LastBackup(ctx, d)
	if err != nil {
		return err
	}
	x := page.HandItem{Kind: "no_backup", Link: link}
	if !last.At.IsZero() {
		x.Kind, x.Day = "backup", last.At.Format(time.DateOnly)
	}
	text, err := keep.RecipientsText(ctx, d)
	if err != nil {
		return err
	}
	keys, err := keep.ParseRecipients(text)
	if err != nil {
		return err
	}
	k := page.HandItem{Kind: "no_backup_keys", Link: link}
	if len(keys) > 0 {
		k.Kind, k.Count = "backup_keys", len(keys)
	}
	h.Keys = append(h.Keys, x, k)
	return nil
}

func (s *Server) handDecisions(ctx context.Context, v place.Viewer, p *place.Place, h *page.HandOver, _ map[string]string) error {
	outcomes, err := s.Decisions.Outcomes(ctx, p.Stream)
	if err != nil {
		return err
	}
	since := time.Now().AddDate(0, 0, -31).Format(time.DateOnly)
	for _, o := range outcomes {
		if o.Review >= since {
			h.Clocks = append(h.Clocks, page.HandItem{Kind: "review", Title: o.Title, Day: o.Review, Link: o.ID})
		}
	}
	open, err := s.Decisions.Proposals(ctx, v, p.Stream)
	for _, x := range open {
		if len(decide.Kinds(x.State)) > 0 {
			h.Clocks = append(h.Clocks, page.HandItem{Kind: "proposal", Title: x.Title, Day: dayAt(x.Created), Link: s.path(p.ID) + "/proposal/" + x.ID})
		}
	}
	return err
}

func (s *Server) handTasks(ctx context.Context, v place.Viewer, p *place.Place, h *page.HandOver, names map[string]string) error {
	tasks, err := s.Advances.HeldTasks(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		x := page.HandItem{Kind: "task", Title: t.Title, Day: t.Day, Link: t.Bringing + "/plan", Alone: t.Alone()}
		for _, k := range t.Keepers {
			if k != "" {
				x.People = append(x.People, names[k])
			}
		}
		if slices.Contains(t.Keepers[:], v.Person) {
			h.Tasks = append(h.Tasks, t)
		}
		h.Clocks = append(h.Clocks, x)
	}
	clocks, err := s.Advances.Clocks(ctx)
	if err != nil {
		return err
	}
	today := time.Now().UTC().Format(time.DateOnly)
	for _, c := range clocks {
		if c.Stream == p.Stream && c.Task == "" && c.Day >= today {
			h.Clocks = append(h.Clocks, page.HandItem{Kind: "agenda", Day: c.Day, Link: c.Bringing + "/plan"})
		}
	}
	brought, err := s.Advances.Of(ctx, p.Stream)
	for _, b := range brought {
		x := page.HandItem{Kind: "brought", Title: b.Authority.Name, Day: dayAt(b.Brought), Link: b.ID}
		if b.Promise() {
			x.Kind = "promise"
		}
		if b.Promise() || b.Waits() {
			h.Promises = append(h.Promises, x)
		}
	}
	return err
}

func (s *Server) handMeetings(ctx context.Context, v place.Viewer, p *place.Place, h *page.HandOver, names map[string]string) error {
	list, err := s.Meetings.List(ctx, v, p.Stream, false)
	for _, m := range list {
		x := page.HandItem{Kind: "meeting", Title: m.Title, Day: m.Day, Link: s.meetingPath(p, m.ID)}
		for _, t := range m.Roles {
			if name := names[t.Person]; name != "" && !slices.Contains(x.People, name) {
				x.People = append(x.People, name)
			}
		}
		h.Clocks = append(h.Clocks, x)
	}
	return err
}

func (s *Server) handRoles(ctx context.Context, v place.Viewer, p *place.Place, h *page.HandOver, names map[string]string) error {
	mandates, err := s.Places.Mandates(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	for _, m := range mandates {
		h.Clocks = append(h.Clocks, page.HandItem{Kind: string(m.Role), Title: m.Aim, Day: dayAt(m.Until - 1), Link: s.path(p.ID) + "/roles", People: []string{names[m.Person]}})
		if m.Person == v.Person {
			h.Mandates = append(h.Mandates, m)
		}
	}
	open, err := s.Places.Invitations(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	if n := len(open); n > 0 {
		last := slices.MaxFunc(open, func(a, b place.Invitation) int { return int(a.Expires/1_000_000 - b.Expires/1_000_000) })
		h.Clocks = append(h.Clocks, page.HandItem{Kind: "invitation", Count: n, Day: dayAt(last.Expires), Link: s.path(p.ID) + "/members"})
	}
	ways, err := s.Places.Ways(ctx, p.Stream)
	if err != nil || ways.Asking == place.NoAsking {
		return err
	}
	waiting, err := s.Places.Requests(ctx, v, p.Stream)
	if n := len(waiting); n > 0 {
		h.Promises = append(h.Promises, page.HandItem{Kind: "request", Count: n, Link: s.path(p.ID) + "/requests"})
	}
	return err
}

func (s *Server) handTexts(ctx context.Context, v place.Viewer, p *place.Place, h *page.HandOver, _ map[string]string) error {
	for _, sent := range []bool{false, true} {
		list, err := s.Blueprints.Suggestions(ctx, v, p.Stream, sent)
		if err != nil {
			return err
		}
		for _, x := range list {
			if !x.State.Open() && x.State != blueprint.Sent {
				continue
			}
			kind := "received"
			if sent {
				kind = "sent"
			}
			name := x.Other.Name
			if name == "" {
				name = x.Other.URL
			}
			h.Promises = append(h.Promises, page.HandItem{Kind: kind, Title: name, Day: dayAt(x.Created), Link: s.path(p.ID) + "/suggestion?" + url.Values{"id": {x.ID}}.Encode()})
		}
	}
	told, err := s.Blueprints.ToldTo(ctx, v, p.Stream)
	if n := len(told); n > 0 {
		h.Promises = append(h.Promises, page.HandItem{Kind: "told", Count: n, Link: s.path(p.ID) + "/told"})
	}
	return err
}

func (s *Server) handQueues(ctx context.Context, v place.Viewer, p *place.Place, h *page.HandOver, _ map[string]string) error {
	n, err := s.moderation.Waiting(ctx, v, p.Stream)
	if err != nil {
		return err
	}
	if n > 0 {
		h.Promises = append(h.Promises, page.HandItem{Kind: "reports", Count: n, Link: s.path(p.ID) + "/moderation"})
	}
	held, err := s.Log.HeldErasures(ctx)
	if n := len(held); v.Site && n > 0 {
		h.Promises = append(h.Promises, page.HandItem{Kind: "held", Count: n, Link: "/site"})
	}
	return err
}

func (s *Server) setKeyNote(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Places.SetKeyNote(r.Context(), viewer(r), p.Stream, form.Value("words")); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showHandOver(w, r, http.StatusUnprocessableEntity, p, form, page.Form{})
	}
	return after(w, r, s.path(p.ID)+"/hand-over", "said.key_note")
}

func (s *Server) stepDown(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	leave, err := form.Value("then") == "leave", error(nil)
	if then := form.Value("then"); then != "leave" && then != "member" {
		err = fault.At("then", "fault.choice")
	}
	if err == nil {
		err = s.stepDownWith(r.Context(), viewer(r), p.Stream, leave, answers(form, "task-"), answers(form, "mandate-"))
	}
	if err != nil {
		if may := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.HandOver, place.Any); may != nil {
			return may
		}
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showHandOver(w, r, code, p, page.Form{}, form)
	}
	if leave {
		return after(w, r, s.path(p.ID), "said.left")
	}
	return after(w, r, s.path(p.ID)+"/roles", "said.stepped_down")
}

// answers are the fields of a form whose names begin so, by the rest of the name.
func answers(form page.Form, prefix string) map[string]string {
	out := map[string]string{}
	for name := range form.Values {
		if id, ok := strings.CutPrefix(name, prefix); ok {
			out[id] = form.Value(name)
		}
	}
	return out
}

func (s *Server) stepDownWith(ctx context.Context, v place.Viewer, stream act.Fingerprint, leave bool, tasks, mandates map[string]string) error {
	return s.Places.StepDown(ctx, v, stream, place.Handing{Leave: leave, Mandates: mandates}, func(ctx context.Context, tx *db.Tx) error {
		return s.Advances.PassOn(ctx, tx, v, stream, leave, tasks)
	})
}

// leavePlace ends the viewer's membership. A keeper who looks after something hands
// it over first: a Conflict.
func (s *Server) leavePlace(ctx context.Context, v place.Viewer, stream act.Fingerprint) error {
	role, err := place.RoleIn(ctx, s.Log.DB(), v, stream)
	if err != nil {
		return err
	}
	if role == place.Keeper && v.Token == "" {
		holds, err := s.holdsSomething(ctx, v, stream)
		if err != nil {
			return err
		}
		if holds {
			return fault.New(fault.Conflict, "handover.first")
		}
	}
	return s.Places.Leave(ctx, v, stream)
}

func (s *Server) holdsSomething(ctx context.Context, v place.Viewer, stream act.Fingerprint) (bool, error) {
	tasks, err := s.Advances.HeldTasks(ctx, v, stream)
	if err != nil {
		return false, err
	}
	for _, t := range tasks {
		if slices.Contains(t.Keepers[:], v.Person) {
			return true, nil
		}
	}
	mandates, err := s.Places.Mandates(ctx, v, stream)
	return slices.ContainsFunc(mandates, func(m place.Mandate) bool { return m.Person == v.Person }), err
}

func (s *Server) handOverAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/hand-over", "hand-over-list", "What keepers of a place hand on: keys, clocks and promises, and what is the viewer's of it; with a session, never with a token",
		func(ctx context.Context, in *StreamPath) (*struct{ Body *page.HandOver }, error) {
			p, err := s.Places.ByStream(ctx, in.stream())
			if err != nil {
				return nil, err
			}
			list, err := s.readHandOver(ctx, viewerIn(ctx), p)
			if err != nil {
				return nil, err
			}
			return &struct{ Body *page.HandOver }{list}, nil
		})
	operate(api, "PUT", "/places/{stream}/hand-over/words", "note-keys", "Say who holds which keys, for the keepers; never a key itself",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Words string `json:"words" doc:"At most 1000 characters"`
			}
		}) (*none, error) {
			return nil, s.Places.SetKeyNote(ctx, viewerIn(ctx), in.stream(), in.Body.Words)
		})
	operate(api, "POST", "/places/{stream}/hand-over", "step-down", "Stop being keeper of a place, as member or leaving it, and hand over one's tasks and roles; the last keeper stays",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Leave    bool              `json:"leave,omitempty" doc:"Leave the place; otherwise one stays as a member"`
				Tasks    map[string]string `json:"tasks,omitempty" doc:"By the id of each of one's open tasks: a person, \"nobody\", or \"go-on\" for oneself as a member; needed where nobody else looks after it"`
				Mandates map[string]string `json:"mandates,omitempty" doc:"The same for each of one's roles"`
			}
		}) (*none, error) {
			b := in.Body
			return nil, s.stepDownWith(ctx, viewerIn(ctx), in.stream(), b.Leave, b.Tasks, b.Mandates)
		})
}
