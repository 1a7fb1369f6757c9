package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/decide"
	"translocal/fault"
	"translocal/meeting"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) meetingRoutes() []route {
	return []route{
		{"GET /p/{place}/meetings", s.meetings},
		{"GET /p/{place}/meetings/new", s.newMeeting},
		{"POST /p/{place}/meetings/new", s.planMeeting},
		{"GET /p/{place}/meetings/calendar", s.publicCalendar},
		{"POST /p/{place}/meetings/link", s.meetingsLink},
		{"GET /p/{place}/meeting/{meeting}", s.meeting},
		{"GET /p/{place}/meeting/{meeting}/edit", s.editMeeting},
		{"POST /p/{place}/meeting/{meeting}/edit", s.changeMeeting},
		{"POST /p/{place}/meeting/{meeting}/part", s.takeMeetingRole},
		{"POST /p/{place}/meeting/{meeting}/note", s.noteMeeting},
		{"POST /p/{place}/meeting/{meeting}/off", s.callOffMeeting},
		{"POST /p/{place}/meeting/{meeting}/show", s.showToAll},
		{"POST /p/{place}/meeting/{meeting}/remove", s.removeMeeting},
		{"GET /meetings/{secret}", s.meetingsCalendar},
	}
}

// meetingSection is what comes next in a place, on its page.
func (s *Server) meetingSection(r *http.Request, p *place.Place, role place.Role) ([]page.Section, error) {
	if !p.Own {
		return nil, nil
	}
	list, err := s.Meetings.List(r.Context(), viewer(r), p.Stream, false)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 && !place.Allowed(role, place.ReadMeetings, place.Any) {
		return nil, nil
	}
	return []page.Section{{Title: t(r, "meeting.title"), Content: page.MeetingList(s.frame(r, ""), p, list[:min(len(list), 3)], "meeting.none"),
		More: s.path(p.ID) + "/meetings", MoreAs: t(r, "meeting.all")}}, nil
}

func (s *Server) meetings(w http.ResponseWriter, r *http.Request) error {
	return s.showMeetings(w, r, page.CalendarAddress{})
}

func (s *Server) showMeetings(w http.ResponseWriter, r *http.Request, link page.CalendarAddress) error {
	p, role, err := s.placeRole(r)
	if err != nil {
		return err
	}
	past := r.URL.Query().Get("past") != ""
	list, err := s.Meetings.List(r.Context(), viewer(r), p.Stream, past)
	if err != nil {
		return err
	}
	link.Public = s.Shown + s.path(p.ID) + "/meetings/calendar"
	member := place.Allowed(role, place.PlanMeeting, place.Any)
	return s.show(w, r, page.Meetings(s.frame(r, t(r, "meeting.title")), p, member, past, list, link))
}

// placeRole is the place of the path and what the viewer is to it.
func (s *Server) placeRole(r *http.Request) (*place.Place, place.Role, error) {
	p, err := s.placeOf(r)
	if err != nil {
		return nil, "", err
	}
	role, err := place.RoleIn(r.Context(), s.Log.DB(), viewer(r), p.Stream)
	return p, role, err
}

func (s *Server) newMeeting(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	zone, err := s.Meetings.LastZone(r.Context(), p.Stream)
	if err != nil {
		return err
	}
	return s.meetingForm(w, r, http.StatusOK, p, "", page.Filled("zone", zone))
}

// meetingForm is the form of a meeting that is new (id is "") or there.
func (s *Server) meetingForm(w http.ResponseWriter, r *http.Request, code int, p *place.Place, id string, form page.Form) error {
	ctx, v := r.Context(), viewer(r)
	if err := place.May(ctx, s.Log.DB(), v, p.Stream, place.PlanMeeting, place.Any); err != nil {
		return err
	}
	about, err := s.meetingMatters(ctx, v, p)
	if err != nil {
		return err
	}
	title := "meeting.new"
	if id != "" {
		title = "meeting.edit"
	}
	return s.render(w, r, code, page.MeetingForm(s.frame(r, t(r, title)), p, id, form, about))
}

// mattersOffered is how many proposals and texts the form of an agenda offers.
const mattersOffered = 40

// meetingMatters are the open proposals and the texts of a place: what an
// agenda can be about.
func (s *Server) meetingMatters(ctx context.Context, v place.Viewer, p *place.Place) (list []page.Option, err error) {
	proposals, err := s.Decisions.Proposals(ctx, v, p.Stream)
	if err != nil {
		return nil, err
	}
	for _, x := range proposals {
		if x.State != decide.Decided && x.State != decide.Withdrawn {
			list = append(list, page.Option{Value: p.ID + "/proposal/" + x.ID, Text: x.Title})
		}
	}
	texts, err := s.Blueprints.Of(ctx, v, p.Stream)
	if err != nil {
		return nil, err
	}
	for _, x := range texts {
		list = append(list, page.Option{Value: x.ID, Text: x.Title})
	}
	return list[:min(len(list), mattersOffered)], nil
}

// typedMeeting reads the form; items of the agenda without a title fall away,
// and the rest stand in the order of their numbers.
func typedMeeting(form page.Form) (meeting.Meeting, error) {
	var f fault.Fields
	m := meeting.Meeting{Title: form.Value("title"), Day: form.Value("day"), Begins: form.Value("begins"), Ends: form.Value("ends"),
		Zone: strings.TrimSpace(form.Value("zone")), Venue: form.Value("venue"), Link: strings.TrimSpace(form.Value("link")), Access: form.Value("access"),
		Childcare: form.Value("childcare"), Languages: form.Value("languages"), Rev: number(&f, form, "rev")}
	for _, n := range page.AgendaRows(form) {
		prefix := "item" + strconv.Itoa(n)
		if strings.TrimSpace(form.Value(prefix)) == "" {
			continue
		}
		m.Agenda = append(m.Agenda, meeting.Item{Title: form.Value(prefix), Minutes: number(&f, form, prefix+"_minutes"), About: strings.TrimSpace(form.Value(prefix + "_about"))})
	}
	return m, f.Err()
}

// agendaFields gives faults of the agenda the names of the rows of the form.
func agendaFields(form page.Form, err error) error {
	names, i := map[string]string{}, 0
	for _, n := range page.AgendaRows(form) {
		prefix := "item" + strconv.Itoa(n)
		if strings.TrimSpace(form.Value(prefix)) == "" {
			continue
		}
		at := "agenda." + strconv.Itoa(i)
		names[at+".title"], names[at+".minutes"], names[at+".about"] = prefix, prefix+"_minutes", prefix+"_about"
		i++
	}
	return rename(err, names)
}

func (s *Server) planMeeting(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	m, err := typedMeeting(form)
	id := ""
	if err == nil {
		id, err = s.Meetings.Plan(r.Context(), viewer(r), p.Stream, m)
	}
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, agendaFields(form, err)); err != nil {
			return err
		}
		return s.meetingForm(w, r, code, p, "", form)
	}
	return after(w, r, s.meetingPath(p, id), "said.meeting_planned")
}

func (s *Server) meetingPath(p *place.Place, id string) string {
	return s.path(p.ID) + "/meeting/" + url.PathEscape(id)
}

// meetingOf reads the meeting of the path.
func (s *Server) meetingOf(r *http.Request) (*place.Place, *meeting.Meeting, error) {
	p, err := s.placeOf(r)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.Meetings.Read(r.Context(), viewer(r), p.Stream, r.PathValue("meeting"))
	return p, m, err
}

func (s *Server) meeting(w http.ResponseWriter, r *http.Request) error {
	return s.showMeeting(w, r, http.StatusOK, page.Form{})
}

func (s *Server) showMeeting(w http.ResponseWriter, r *http.Request, code int, note page.Form) error {
	p, m, err := s.meetingOf(r)
	if err != nil {
		return err
	}
	_, role, err := s.placeRole(r)
	if err != nil {
		return err
	}
	if !note.Values.Has("note") { // another form of the page was wrong, or none
		filled := page.Filled("note", m.Note, "rev", itoa(m.Rev))
		filled.Whole = note.Whole
		note = filled
	}
	return s.render(w, r, code, page.Meeting(s.frame(r, m.Title), p, m, role, s.Meetings.MayNote(r.Context(), viewer(r), p.Stream, m), note))
}

func (s *Server) editMeeting(w http.ResponseWriter, r *http.Request) error {
	p, m, err := s.meetingOf(r)
	if err != nil {
		return err
	}
	_, role, err := s.placeRole(r)
	if err != nil {
		return err
	}
	if !m.MayChange(role) {
		return place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.ShowMeeting, place.Any)
	}
	form := page.Filled("title", m.Title, "day", m.Day, "begins", m.Begins, "ends", m.Ends, "zone", m.Zone, "venue", m.Venue, "link", m.Link,
		"access", m.Access, "childcare", m.Childcare, "languages", m.Languages, "rev", itoa(m.Rev))
	for i, x := range m.Agenda {
		prefix := "item" + itoa(i+1)
		form.Values.Set(prefix, x.Title)
		form.Values.Set(prefix+"_about", x.About)
		if x.Minutes > 0 {
			form.Values.Set(prefix+"_minutes", itoa(x.Minutes))
		}
	}
	return s.meetingForm(w, r, http.StatusOK, p, m.ID, form)
}

func (s *Server) changeMeeting(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	m, err := typedMeeting(form)
	m.ID = r.PathValue("meeting")
	if err == nil {
		err = s.Meetings.Change(r.Context(), viewer(r), p.Stream, m)
	}
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, agendaFields(form, err)); err != nil {
			return err
		}
		return s.meetingForm(w, r, code, p, m.ID, form)
	}
	return after(w, r, s.meetingPath(p, m.ID), "said.meeting_saved")
}

// onMeeting does what a form on the page of a meeting asks for.
func (s *Server) onMeeting(w http.ResponseWriter, r *http.Request, said string, do func(v place.Viewer, stream act.Fingerprint, id string, form page.Form) error) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := do(viewer(r), p.Stream, r.PathValue("meeting"), form); err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		if len(form.Faults) > 0 && form.Faults["note"] == "" {
			return err
		}
		return s.showMeeting(w, r, code, form)
	}
	return after(w, r, s.meetingPath(p, r.PathValue("meeting")), said)
}

func (s *Server) takeMeetingRole(w http.ResponseWriter, r *http.Request) error {
	return s.onMeeting(w, r, "said.meeting_saved", func(v place.Viewer, stream act.Fingerprint, id string, form page.Form) error {
		return s.Meetings.Take(r.Context(), v, stream, id, form.Value("part"), form.Value("do") != "give_back")
	})
}

func (s *Server) noteMeeting(w http.ResponseWriter, r *http.Request) error {
	return s.onMeeting(w, r, "said.meeting_saved", func(v place.Viewer, stream act.Fingerprint, id string, form page.Form) error {
		var f fault.Fields
		rev := number(&f, form, "rev")
		if err := f.Err(); err != nil {
			return err
		}
		return s.Meetings.Note(r.Context(), v, stream, id, rev, form.Value("note"))
	})
}

func (s *Server) callOffMeeting(w http.ResponseWriter, r *http.Request) error {
	return s.onMeeting(w, r, "said.meeting_saved", func(v place.Viewer, stream act.Fingerprint, id string, form page.Form) error {
		return s.Meetings.CallOff(r.Context(), v, stream, id, form.Value("do") != "hold")
	})
}

func (s *Server) showToAll(w http.ResponseWriter, r *http.Request) error {
	return s.onMeeting(w, r, "said.meeting_saved", func(v place.Viewer, stream act.Fingerprint, id string, form page.Form) error {
		return s.Meetings.Show(r.Context(), v, stream, id, meeting.Showing{Public: form.Value("do") != "hide",
			Link: form.Value("show_link") != "", Note: form.Value("show_note") != ""})
	})
}

func (s *Server) removeMeeting(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Meetings.Remove(r.Context(), viewer(r), p.Stream, r.PathValue("meeting")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/meetings", "said.meeting_removed")
}

// meetingsLink shows the new address on the page that answers: it is kept nowhere.
func (s *Server) meetingsLink(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	secret, expires, err := s.Meetings.CalendarLink(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.showMeetings(w, r, page.CalendarAddress{Secret: s.Shown + "/meetings/" + secret, Expires: act.Micros(expires)})
}

func (s *Server) meetingsCalendar(w http.ResponseWriter, r *http.Request) error {
	text, err := s.Meetings.Calendar(r.Context(), r.PathValue("secret"), s.meetingURL(r.Context()))
	if err != nil {
		return err
	}
	return sendCalendar(w, text, "private, max-age=600")
}

func (s *Server) publicCalendar(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	text, err := s.Meetings.PublicCalendar(r.Context(), p.Stream, s.meetingURL(r.Context()))
	if err != nil {
		return err
	}
	return sendCalendar(w, text, "public, max-age=600")
}

func sendCalendar(w http.ResponseWriter, text, cache string) error {
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Cache-Control", cache)
	_, err := w.Write([]byte(text))
	return err
}

// meetingURL gives the page of a meeting of one place.
func (s *Server) meetingURL(ctx context.Context) func(act.Fingerprint, string) string {
	id := ""
	return func(stream act.Fingerprint, m string) string {
		if id == "" {
			if p, err := s.Places.ByStream(ctx, stream); err == nil {
				id = p.ID
			}
		}
		return id + "/meeting/" + m
	}
}

// MeetingBody is a meeting as a program writes it.
type MeetingBody struct {
	Title     string         `json:"title"`
	Day       string         `json:"day" doc:"YYYY-MM-DD"`
	Begins    string         `json:"begins" doc:"HH:MM, in 24 hours"`
	Ends      string         `json:"ends" doc:"HH:MM; earlier than the beginning: on the day after"`
	Zone      string         `json:"zone" doc:"Time zone, as America/Bogota"`
	Venue     string         `json:"venue,omitempty"`
	Link      string         `json:"link,omitempty" doc:"To join from elsewhere"`
	Access    string         `json:"access,omitempty"`
	Childcare string         `json:"childcare,omitempty"`
	Languages string         `json:"languages,omitempty" doc:"Languages and interpretation"`
	Agenda    []meeting.Item `json:"agenda,omitempty"`
}

func (b MeetingBody) meeting() meeting.Meeting {
	return meeting.Meeting{Title: b.Title, Day: b.Day, Begins: b.Begins, Ends: b.Ends, Zone: b.Zone, Venue: b.Venue, Link: b.Link, Access: b.Access,
		Childcare: b.Childcare, Languages: b.Languages, Agenda: b.Agenda}
}

// MeetingPath is a meeting in the path of an operation.
type MeetingPath struct {
	StreamPath
	Meeting string `path:"meeting" doc:"Its id"`
}

// meetingAPI is the same for programs.
func (s *Server) meetingAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/meetings", "meetings", "Meetings of a place that are to come, or that went; the public ones unless one is a member",
		func(ctx context.Context, in *struct {
			StreamPath
			Past bool `query:"past" doc:"Those that went"`
		}) (*struct{ Body []*meeting.Meeting }, error) {
			list, err := s.Meetings.List(ctx, viewerIn(ctx), in.stream(), in.Past)
			if list == nil {
				list = []*meeting.Meeting{}
			}
			return &struct{ Body []*meeting.Meeting }{list}, err
		})
	operate(api, "GET", "/places/{stream}/meetings/{meeting}", "meeting", "One meeting",
		func(ctx context.Context, in *MeetingPath) (*struct{ Body *meeting.Meeting }, error) {
			m, err := s.Meetings.Read(ctx, viewerIn(ctx), in.stream(), in.Meeting)
			return &struct{ Body *meeting.Meeting }{m}, err
		})
	operate(api, "POST", "/places/{stream}/meetings", "plan-meeting", "Put a meeting into the calendar, for members",
		func(ctx context.Context, in *struct {
			StreamPath
			Body MeetingBody
		}) (*idBody, error) {
			id, err := s.Meetings.Plan(ctx, viewerIn(ctx), in.stream(), in.Body.meeting())
			if err != nil {
				return nil, err
			}
			return newID(id), nil
		})
	operate(api, "PUT", "/places/{stream}/meetings/{meeting}", "change-meeting", "Say a meeting anew",
		func(ctx context.Context, in *struct {
			MeetingPath
			Body struct {
				MeetingBody
				Rev int `json:"rev" doc:"As it was read"`
			}
		}) (*none, error) {
			m := in.Body.meeting()
			m.ID, m.Rev = in.Meeting, in.Body.Rev
			return nil, s.Meetings.Change(ctx, viewerIn(ctx), in.stream(), m)
		})
	operate(api, "PUT", "/places/{stream}/meetings/{meeting}/note", "note-meeting", "Write down what came of a meeting",
		func(ctx context.Context, in *struct {
			MeetingPath
			Body struct {
				Note string `json:"note"`
				Rev  int    `json:"rev" doc:"Of the meeting, as it was read"`
			}
		}) (*none, error) {
			return nil, s.Meetings.Note(ctx, viewerIn(ctx), in.stream(), in.Meeting, in.Body.Rev, in.Body.Note)
		})
	operate(api, "PUT", "/places/{stream}/meetings/{meeting}/called-off", "call-off-meeting", "Call a meeting off, or hold it after all",
		func(ctx context.Context, in *struct {
			MeetingPath
			Body struct {
				Off bool `json:"off"`
			}
		}) (*none, error) {
			return nil, s.Meetings.CallOff(ctx, viewerIn(ctx), in.stream(), in.Meeting, in.Body.Off)
		})
	operate(api, "PUT", "/places/{stream}/meetings/{meeting}/showing", "show-meeting", "Make a meeting public, or take it back to the members",
		func(ctx context.Context, in *struct {
			MeetingPath
			Body meeting.Showing
		}) (*none, error) {
			return nil, s.Meetings.Show(ctx, viewerIn(ctx), in.stream(), in.Meeting, in.Body)
		})
	operate(api, "DELETE", "/places/{stream}/meetings/{meeting}", "remove-meeting", "Remove a meeting for good",
		func(ctx context.Context, in *MeetingPath) (*none, error) {
			return nil, s.Meetings.Remove(ctx, viewerIn(ctx), in.stream(), in.Meeting)
		})
	s.meetingRolesAPI(api)
}

func (s *Server) meetingRolesAPI(api huma.API) {
	type RolePath struct {
		MeetingPath
		Role string `path:"role" enum:"facilitator,scribe,timekeeper,welcome"`
	}
	operate(api, "PUT", "/places/{stream}/meetings/{meeting}/roles/{role}", "take-meeting-role", "Take a role in a meeting",
		func(ctx context.Context, in *RolePath) (*none, error) {
			return nil, s.Meetings.Take(ctx, viewerIn(ctx), in.stream(), in.Meeting, in.Role, true)
		})
	operate(api, "DELETE", "/places/{stream}/meetings/{meeting}/roles/{role}", "give-back-meeting-role", "Give back a role that one took",
		func(ctx context.Context, in *RolePath) (*none, error) {
			return nil, s.Meetings.Take(ctx, viewerIn(ctx), in.stream(), in.Meeting, in.Role, false)
		})
	operate(api, "POST", "/places/{stream}/meetings/calendar", "meetings-calendar", "Make a secret address for a calendar program; an earlier one ends",
		func(ctx context.Context, in *StreamPath) (*struct {
			Body struct {
				Address string `json:"address" doc:"Shown only now"`
				Expires string `json:"expires" doc:"RFC 3339"`
			}
		}, error) {
			secret, expires, err := s.Meetings.CalendarLink(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Address string `json:"address" doc:"Shown only now"`
					Expires string `json:"expires" doc:"RFC 3339"`
				}
			}{}
			out.Body.Address, out.Body.Expires = s.Shown+"/meetings/"+secret, rfc3339(act.Micros(expires))
			return out, nil
		})
}
