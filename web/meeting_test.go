package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"translocal/meeting"
	"translocal/place"
)

func meetingBody() map[string]any {
	return map[string]any{"title": "Assembly", "day": "2030-03-01", "begins": "18:00", "ends": "20:00", "zone": "America/Bogota", "venue": "Hall"}
}

// with is a copy of a body with one more member.
func with(body map[string]any, name string, value any) map[string]any {
	body[name] = value
	return body
}

// meeting is one of the place, for members or with all of it public.
func (w *world) meeting(public bool) string {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	id, err := w.meetings.Plan(ctx, v, w.here.Stream, meeting.Meeting{Title: "Assembly", Day: "2030-03-01", Begins: "18:00", Ends: "20:00",
		Zone: "America/Bogota", Venue: "Hall"})
	must(w.t, err)
	if public {
		must(w.t, w.meetings.Show(ctx, v, w.here.Stream, id, meeting.Showing{Public: true, Link: true, Note: true}))
	}
	return id
}

// TestMeetingFromFormToCalendar plans a meeting by form, takes a role, makes it
// public, and looks at it as a stranger, on paper and in both calendars.
func TestMeetingFromFormToCalendar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	proposal := w.here.ID + "/proposal/" + w.proposal("clarify")
	a := w.do(w.member, post(w.p("/meetings/new"), "title", "Spring <b>assembly</b>; with cake", "day", "2030-04-05", "begins", "22:30", "ends", "00:15", "zone", "America/Bogota",
		"venue", "Hall, second door", "link", "https://talk.example/room", "access", "No steps", "childcare", "From 3 years", "languages", "Spanish, Quechua",
		"item1", "Second", "item1_position", "2", "item2", "First", "item2_position", "1", "item2_minutes", "20", "item2_about", proposal,
		"item3", "Third", "item3_about", w.text.ID))
	at := a.header.Get("Location")
	if a.status != 303 || !strings.Contains(at, "/meeting/") {
		t.Fatalf("planning: %d %s %.400s", a.status, at, a.body)
	}
	at, _, _ = strings.Cut(at, "?")
	body := w.do(w.member, get(at)).body
	for _, want := range []string{"&lt;b&gt;assembly", "Friday", "22:30–00:15", "America/Bogota, UTC−5", "No steps", "From 3 years", "https://talk.example/room", "20 minutes", w.path(proposal)} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if i, j := strings.Index(body, "First"), strings.Index(body, "Second"); i < 0 || j < i {
		t.Error("the agenda is not in the order that was asked for")
	}
	if a := w.do(w.member, post(at+"/part", "part", "scribe")); a.status != 303 {
		t.Fatal("taking a role:", a.status)
	}
	if a := w.do(w.second, post(at+"/part", "part", "scribe")); a.status != 409 || !strings.Contains(a.body, "Member") {
		t.Error("a role that is taken is taken again:", a.status)
	}
	must(t, w.meetings.Note(t.Context(), w.member.Viewer, w.here.Stream, at[strings.LastIndex(at, "/")+1:], 1, "We bring it in May"))
	calendar := w.p("/meetings/calendar")
	if a := w.do(person{}, get(calendar)); strings.Contains(a.body, "assembly") {
		t.Error("the public calendar has a meeting for members")
	}
	if a := w.do(w.keeper, post(at+"/show", "do", "show")); a.status != 303 {
		t.Fatal("making it public:", a.status)
	}
	w.strangerSees(at, calendar)
	for _, path := range []string{w.s("/meetings"), w.s("/meetings/" + at[strings.LastIndex(at, "/")+1:])} {
		a := w.do(person{}, api("GET", path, nil))
		if a.status != 200 || !strings.Contains(a.body, w.text.ID) || strings.Contains(a.body, "/proposal/") {
			t.Errorf("a program of a stranger sees %d %s", a.status, a.body)
		}
	}
	if a := w.do(w.keeper, post(at+"/show", "do", "show", "show_link", "1", "show_note", "1")); a.status != 303 {
		t.Fatal("showing more:", a.status)
	}
	if body := w.do(person{}, get(at)).body; !strings.Contains(body, "talk.example") || !strings.Contains(body, "We bring it in May") {
		t.Error("what the keeper shows is not seen")
	}
}

func (w *world) strangerSees(at, calendar string) {
	w.t.Helper()
	body := w.do(person{}, get(at)).body
	for _, want := range []string{"assembly", "No steps", "First", w.path(w.text.ID)} {
		if !strings.Contains(body, want) {
			w.t.Errorf("the public page lacks %q", want)
		}
	}
	for _, not := range []string{"talk.example", "Member", "/proposal/", "We bring it"} {
		if strings.Contains(body, not) {
			w.t.Errorf("the public page shows %q", not)
		}
	}
	for _, path := range []string{w.p(""), w.p("/meetings")} {
		if !strings.Contains(w.do(person{}, get(path)).body, "assembly") {
			w.t.Errorf("%s does not list it", path)
		}
	}
	a := w.do(person{}, get(calendar))
	for _, want := range []string{"DTSTART:20300406T033000Z", "DTEND:20300406T051500Z", `SUMMARY:Spring <b>assembly</b>\; with cake`, `LOCATION:Hall\, second door`} {
		if !strings.Contains(strings.ReplaceAll(a.body, "\r\n ", ""), want) {
			w.t.Errorf("the public calendar lacks %s:\n%s", want, a.body)
		}
	}
	if strings.Contains(a.body, "talk.example") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/calendar") {
		w.t.Errorf("the public calendar: %s\n%s", a.header.Get("Content-Type"), a.body)
	}
}

// TestMeetingLinkEndsWithMembership follows the secret address of a member who
// leaves and comes back: it opens nothing ever again.
func TestMeetingLinkEndsWithMembership(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.meeting(false)
	a := w.do(w.member, post(w.p("/meetings/link")))
	m := regexp.MustCompile(`/meetings/[A-Za-z0-9_-]{20,}`).FindString(a.body)
	if m == "" {
		t.Fatalf("no address: %.500s", a.body)
	}
	if a := w.do(person{}, get(m)); a.status != 200 || !strings.Contains(a.body, id) {
		t.Fatal("the address does not open the calendar:", a.status)
	}
	if a := w.do(w.member, post(w.p("/meeting/"+id+"/part"), "part", "welcome")); a.status != 303 {
		t.Fatal(a.status)
	}
	must(t, w.places.Leave(t.Context(), w.member.Viewer, w.here.Stream))
	if a := w.do(person{}, get(m)); a.status != 404 {
		t.Error("after leaving:", a.status)
	}
	link, err := w.places.Invite(t.Context(), w.keeper.Viewer, w.here.Stream, place.Member)
	must(t, err)
	_, _, err = w.places.ComeIn(t.Context(), w.member.Viewer, link, place.Newcomer{})
	must(t, err)
	if a := w.do(person{}, get(m)); a.status != 404 {
		t.Error("after coming back:", a.status)
	}
	x, err := w.meetings.Read(t.Context(), w.keeper.Viewer, w.here.Stream, id)
	must(t, err)
	if len(x.Roles) != 0 {
		t.Error("the role outlived the membership:", x.Roles)
	}
}

// TestMeetingsOfAnotherPlace reaches for a meeting through another place.
func TestMeetingsOfAnotherPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.meeting(true)
	before := w.dump()
	for _, c := range []call{get(w.path(w.there.ID) + "/meeting/" + id), post(w.path(w.there.ID) + "/meeting/" + id + "/remove"), post(w.path(w.there.ID)+"/meeting/"+id+"/note", "note", "x"),
		api("DELETE", "/places/"+string(w.there.Stream)+"/meetings/"+id, nil), api("PUT", "/places/"+string(w.there.Stream)+"/meetings/"+url.PathEscape(id)+"/roles/scribe", nil)} {
		if a := w.do(w.outsider, c); a.status != 404 {
			t.Errorf("%s %s: %d", c.method, c.path, a.status)
		}
	}
	w.unchanged(before, "another place")
}

// Of two who write down what came of a meeting at once, the second one hears of
// the first, and what they typed is still there. What else is wrong on the page
// leaves the note in its form.
func TestNotesAreNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.p("/meeting/" + w.meeting(false))
	must(t, w.places.GiveMandate(t.Context(), w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: w.member.Person, Aim: "Notes", Day: w.day()}))
	for _, c := range []struct {
		who    person
		note   string
		status int
	}{{w.member, "We bring it", 303}, {w.keeper, "We wait", 409}} {
		if a := w.do(c.who, post(at+"/note", "rev", "1", "note", c.note)); a.status != c.status || c.status == 409 &&
			!(strings.Contains(a.body, "Somebody changed this meeting") && strings.Contains(a.body, "We bring it") && strings.Contains(a.body, ">We wait<")) {
			t.Errorf("%s: %d %s", c.note, a.status, a.body)
		}
	}
	if a := w.do(w.keeper, post(at+"/part", "part", "scribe")); a.status != 303 {
		t.Fatal(a.status)
	}
	if a := w.do(w.member, post(at+"/part", "part", "scribe")); a.status != 409 || strings.Count(a.body, "We bring it") != 2 || !strings.Contains(a.body, `name="rev" value="2"`) {
		t.Errorf("%d, the note's form lost the note: %s", a.status, a.body)
	}
}

// Who has a role in a meeting is reminded of it.
func TestRemindedOfAMeeting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, v := t.Context(), w.member.Viewer
	id, err := w.meetings.Plan(ctx, v, w.here.Stream, meeting.Meeting{Title: "Assembly", Day: time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly),
		Begins: "12:00", Ends: "13:00", Zone: "UTC", Venue: "Hall"})
	must(t, err)
	must(t, w.meetings.Take(ctx, v, w.here.Stream, id, "scribe", true))
	must(t, w.notices.Remind(ctx))
	for who, want := range map[*person]int{&w.member: 1, &w.second: 0} {
		list, err := w.notices.Mine(ctx, who.Viewer)
		must(t, err)
		told := 0
		for _, x := range list {
			if x.Kind == "meeting" && x.Link == w.here.ID+"/meeting/"+id {
				told++
			}
		}
		if told != want {
			t.Errorf("%s is told %d times: %+v", who.Name, told, list)
		}
	}
}

func TestMeetingFormSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := []string{"title", "A", "day", "2030-03-31", "begins", "18:00", "ends", "19:00", "zone", "Europe/Madrid", "venue", "Hall"}
	for field, value := range map[string]string{"title": "", "day": "2030-02-30", "begins": "25:00", "ends": "18:00", "zone": "../../etc/passwd", "link": "javascript:alert(1)", "venue": "",
		"item1_about": "https://user:secret@talk.example/", "item1_minutes": "-5"} {
		a := w.do(w.member, post(w.p("/meetings/new"), append([]string{field, value, "item1", "Point"}, good...)...))
		if a.status != 422 || !strings.Contains(a.body, `id="f-`+field+`-fault"`) {
			t.Errorf("%s %q: %d", field, value, a.status)
		}
	}
	for _, zone := range []string{"Local", "", "Mars/Base", "right/../UTC", "localtime/x"} {
		if a := w.do(w.member, post(w.p("/meetings/new"), append([]string{"zone", zone}, good...)...)); a.status != 422 {
			t.Errorf("zone %q: %d", zone, a.status)
		}
	}
	// The clocks of Madrid go from 2:00 to 3:00 on that day.
	if a := w.do(w.member, post(w.p("/meetings/new"), append([]string{"begins", "02:30"}, good...)...)); a.status != 422 {
		t.Error("an hour that does not exist:", a.status)
	}
	// Two who change it at once: the second one hears of the first.
	id := w.meeting(false)
	edit := append([]string{"rev", "1"}, good...)
	if a := w.do(w.member, post(w.p("/meeting/"+id+"/edit"), edit...)); a.status != 303 {
		t.Fatal(a.status)
	}
	if a := w.do(w.keeper, post(w.p("/meeting/"+id+"/edit"), edit...)); a.status != 409 || !strings.Contains(a.body, "Somebody changed this meeting") {
		t.Errorf("%d %.300s", a.status, a.body)
	}
}
