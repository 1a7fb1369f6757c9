package web_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"translocal/advance"
	"translocal/i18n"
	"translocal/notice"
	"translocal/notice/noticetest"
	"translocal/place"
	"translocal/web"
)

// withMail puts a second server over the same node, which gives its mail to an
// office in this process.
func (w *world) withMail() *noticetest.Office {
	w.t.Helper()
	office := noticetest.Open(w.t)
	srv := httptest.NewUnstartedServer(nil)
	w.base = "http://" + srv.Listener.Addr().String()
	words, err := i18n.Load()
	must(w.t, err)
	server, err := notice.NewServer(office.URL(), "site@rio.example", w.base)
	must(w.t, err)
	w.notices = notice.New(notice.Config{Log: w.log, Base: w.base, Words: words, Server: server})
	w.notices.Sources = web.Reminders(w.base, w.advances, w.decisions, w.blueprints, w.meetings, w.places, w.fed, time.Now)
	srv.Config.Handler = web.New(web.Config{Base: w.base, I18n: words, Log: w.log, Node: w.fed, Places: w.places,
		Blueprints: w.blueprints, Decisions: w.decisions, Advances: w.advances, Notices: w.notices}).Handler()
	srv.Start()
	w.t.Cleanup(srv.Close)
	return office
}

// changesNothing looks at a link as a program does that checks mails.
func (w *world) changesNothing(path string) {
	w.t.Helper()
	before := w.dump()
	for _, method := range []string{"GET", "HEAD"} {
		if a := w.do(person{}, call{method: method, path: path}); a.status != 200 {
			w.t.Errorf("%s %s: %d", method, path, a.status)
		}
	}
	w.unchanged(before, "looking at "+path)
}

// The way of a mail: an address, the link that confirms it, a notice, and the
// link that ends it, without signing in; looking at any of them does nothing.
func TestLinksOutOfMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.withMail()
	ctx := t.Context()
	found := func(pattern string) string {
		t.Helper()
		must(t, w.notices.Send(ctx))
		list := office.Got()
		if len(list) != 1 {
			t.Fatalf("%d mails", len(list))
		}
		path := regexp.MustCompile(regexp.QuoteMeta(w.base) + `(` + pattern + `\S+)`).FindStringSubmatch(list[0].Body)
		if path == nil {
			t.Fatalf("no link %s in\n%s", pattern, list[0].Body)
		}
		return path[1]
	}
	if a := w.do(w.keeper, post("/account/notices", "address", "keeper@post.example", "pace", "once")); a.status != 303 || !strings.Contains(a.header.Get("Location"), "said.mail_asked") {
		t.Fatal(a.status, a.header)
	}
	confirm := found("/confirm-address/")
	w.changesNothing(confirm)
	if a := w.do(person{}, post(confirm)); a.status != 303 {
		t.Fatalf("%d %.200s", a.status, a.body)
	}
	for _, c := range []call{get(confirm), post(confirm), get(confirm + "x"), get("/unsubscribe/" + strings.TrimPrefix(confirm, "/confirm-address/"))} {
		if a := w.do(person{}, c); a.status != 404 {
			t.Errorf("%s %s: %d", c.method, c.path, a.status)
		}
	}
	must(t, w.advances.SetMeeting(ctx, w.keeper.Viewer, w.bringing, time.Now().AddDate(0, 0, 3).Format(time.DateOnly), 1))
	must(t, w.advances.PutTask(ctx, w.keeper.Viewer, w.bringing, advance.Task{Title: "A secret errand", Before: 1, Keepers: [2]string{w.keeper.Person, w.second.Person}}))
	must(t, w.notices.Remind(ctx))
	must(t, w.notices.Gather(ctx))
	stop := found("/unsubscribe/")
	w.changesNothing(stop)
	if a := w.do(person{}, post(stop, "List-Unsubscribe", "One-Click")); a.status != 200 {
		t.Errorf("%d %.200s", a.status, a.body)
	}
	if s, err := w.notices.Settings(ctx, w.keeper.Viewer); err != nil || s.Pace != notice.Never {
		t.Errorf("%+v %v", s, err)
	}
}

// Both people who look after a task, and nobody else, are told of it; a round
// asks those who have not spoken; and no notice holds a title or a name.
func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	must(t, w.advances.SetMeeting(ctx, w.keeper.Viewer, w.bringing, time.Now().AddDate(0, 0, 8).Format(time.DateOnly), 1))
	must(t, w.advances.PutTask(ctx, w.keeper.Viewer, w.bringing, advance.Task{Title: "A secret errand", Before: 2, Keepers: [2]string{w.second.Person, w.target.Person}}))
	round := w.proposal("consent") // in which Second has spoken
	must(t, w.notices.Remind(ctx))
	for _, c := range []struct {
		person
		want string
	}{{w.keeper, "agenda round"}, {w.second, "agenda task"}, {w.target, "round task"}, {w.member, "round"}, {w.outsider, ""}, {w.site, ""}} {
		list, err := w.notices.Mine(ctx, c.Viewer)
		must(t, err)
		kinds := map[string]bool{}
		for _, x := range list {
			kinds[x.Kind] = true
			if x.Link != w.base+strings.TrimPrefix(x.Link, w.base) || w.do(c.person, get(strings.TrimPrefix(x.Link, w.base))).status != 200 {
				t.Errorf("%s is led to %s", c.Name, x.Link)
			}
		}
		var got []string
		for _, k := range notice.Kinds {
			if kinds[k] {
				got = append(got, k)
			}
		}
		if s := sortedWords(got); s != c.want {
			t.Errorf("%s is told %q, want %q", c.Name, s, c.want)
		}
		a := w.do(c.person, get("/notices"))
		for _, never := range []string{"secret errand", "Bring it", ">Target<", "Second"} {
			if section := regexp.MustCompile(`(?s)<main.*</main>`).FindString(a.body); strings.Contains(section, never) && c.Name != "Second" && c.Name != "Target" {
				t.Errorf("the notices of %s hold %q", c.Name, never)
			}
		}
	}
	must(t, w.decisions.Say(ctx, w.member.Viewer, round, "agree", "", false))
	must(t, w.notices.Remind(ctx))
	if list, err := w.notices.Mine(ctx, w.member.Viewer); err != nil || len(list) != 0 {
		t.Errorf("who has spoken is still asked: %+v %v", list, err)
	}
	list, err := w.notices.Mine(ctx, w.target.Viewer)
	must(t, err)
	before := len(list)
	if a := w.do(w.target, post("/notices/mine/"+list[0].ID+"/seen")); a.status != 303 {
		t.Error(a.status)
	}
	w.do(w.member, post("/notices/mine/"+list[1].ID+"/seen")) // somebody else's
	if list, _ = w.notices.Mine(ctx, w.target.Viewer); len(list) != before-1 {
		t.Errorf("%d left of %d", len(list), before)
	}
}

func sortedWords(list []string) string {
	m := map[string]bool{}
	for _, x := range list {
		m[x] = true
	}
	var out []string
	for _, k := range []string{"agenda", "review", "round", "task"} {
		if m[k] {
			out = append(out, k)
		}
	}
	return strings.Join(out, " ")
}

// What keepers pass on never holds what lets somebody in: on the page, in the
// API, with every kind of such link alive.
func TestOutboxOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for _, p := range []person{w.keeper, w.second, w.member, w.target} {
		must(t, w.notices.Set(ctx, p.Viewer, notice.Settings{Address: strings.ToLower(p.Name) + "@post.example", Pace: notice.Daily}))
	}
	invitation, err := w.places.Invite(ctx, w.keeper.Viewer, w.here.Stream, place.Member)
	must(t, err)
	codes, err := w.places.NewRecoveryCodes(ctx, w.member.Viewer, password)
	must(t, err)
	token, err := w.notices.AskOf(ctx, w.keeper.Viewer, w.here.Stream, notice.AskTask, w.task(), "")
	must(t, err)
	must(t, w.notices.Answer(ctx, token, notice.Yes, "A note"))
	w.proposal("react")
	w.received()
	must(t, w.notices.Remind(ctx))
	must(t, w.notices.Gather(ctx))
	list, err := w.notices.Outbox(ctx, w.keeper.Viewer, w.here.Stream)
	must(t, err)
	if len(list) < 6 {
		t.Fatalf("only %d things to pass on", len(list))
	}
	page := w.do(w.keeper, get(w.p("/outbox"))).body
	main := regexp.MustCompile(`(?s)<main.*</main>`).FindString(page)
	for what, text := range map[string]string{"page": main, "API": w.do(w.keeper, api("GET", w.s("/outbox"), nil)).body} {
		if !strings.Contains(text, "Member") {
			t.Fatalf("%s: %d bytes and no Member", what, len(text))
		}
		for _, never := range append(codes, invitation, token, "@post.example", "/come-in/", "/recover", "/sign-in", "/setup/", "/confirm-address/", "/unsubscribe/", "/answer/", w.member.secret, w.keeper.secret) {
			if strings.Contains(text, never) {
				t.Errorf("%s: holds %q", what, never)
			}
		}
	}
	for _, x := range list {
		if a := w.do(person{}, get(strings.TrimPrefix(x.Link, w.base))); a.status == 200 && x.Kind != "review" {
			t.Errorf("%s opens without an account: %s", x.Kind, x.Link)
		}
	}
	before := len(list)
	if a := w.do(w.keeper, post(w.p("/outbox/"+list[0].ID+"/passed"))); a.status != 303 {
		t.Error(a.status)
	}
	if list, _ = w.notices.Outbox(ctx, w.keeper.Viewer, w.here.Stream); len(list) != before-1 {
		t.Errorf("%d left of %d", len(list), before)
	}
}

// A light answer by its page: looking changes nothing, the button counts once,
// and it enters no round.
func TestLightAnswerByItsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	round := w.proposal("consent")
	a := w.do(w.keeper, post(w.p("/asks"), "object", "concern "+round, "label", "The baker"))
	path := regexp.MustCompile(`/answer/[\w.-]+`).FindString(a.body)
	if a.status != 200 || path == "" {
		t.Fatalf("%d %.300s", a.status, a.body)
	}
	if again := w.do(w.keeper, get(w.p("/asks"))); strings.Contains(again.body, "/answer/") {
		t.Error("the link is shown a second time")
	}
	w.changesNothing(path)
	before, err := w.decisions.Read(ctx, w.keeper.Viewer, round)
	must(t, err)
	if a := w.do(person{}, post(path, "answer", "maybe")); a.status != 422 {
		t.Error(a.status)
	}
	if a := w.do(person{}, post(path, "answer", "yes", "note", hostile)); a.status != 200 {
		t.Errorf("%d %.300s", a.status, a.body)
	}
	for _, c := range []call{get(path), post(path, "answer", "no"), api("POST", "/answers/"+strings.TrimPrefix(path, "/answer/"), map[string]string{"answer": "no"})} {
		if a := w.do(person{}, c); a.status != 404 {
			t.Errorf("a second time: %s %d", c.method, a.status)
		}
	}
	after, err := w.decisions.Read(ctx, w.keeper.Viewer, round)
	must(t, err)
	if fmt.Sprint(before.Count) != fmt.Sprint(after.Count) || len(before.Voices) != len(after.Voices) {
		t.Errorf("the round changed: %+v, %+v", before.Count, after.Count)
	}
	list := w.do(w.second, get(w.p("/asks"))).body
	if !strings.Contains(list, "said without an account") || !strings.Contains(list, "The baker") || strings.Contains(list, "<script>alert") {
		t.Error("the keepers don't see it as what it is")
	}
	if a := w.do(w.member, get(w.p("/asks"))); a.status != 403 {
		t.Error("a member reads the answers:", a.status)
	}
}
