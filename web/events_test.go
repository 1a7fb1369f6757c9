package web

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/decide"
	"translocal/place"
)

// A listener is an open page: what it heard, as "event cursor".
type listener struct {
	t    testing.TB
	said chan string
	end  context.CancelFunc
}

// hear listens at a path with a session; header holds pairs. It fails unless the
// answer has the status.
func hear(t testing.TB, base, path, secret string, code int, header ...string) (*listener, *http.Response) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if secret != "" {
		r.AddCookie(&http.Cookie{Name: "tl_session", Value: secret})
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(); resp.Body.Close() })
	if resp.StatusCode != code {
		t.Fatalf("%s: %d, not %d", path, resp.StatusCode, code)
	}
	l := &listener{t, make(chan string, 1000), end}
	go func() {
		defer close(l.said)
		event := ""
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			switch k, v, _ := strings.Cut(lines.Text(), ": "); k {
			case "event":
				event = v
			case "data":
				l.said <- event + " " + v
			case "retry", ":":
				l.said <- k
			}
		}
	}()
	return l, resp
}

// until waits for an event and returns its cursor; "" waits for the end.
func (l *listener) until(event string) string {
	l.t.Helper()
	wait := time.After(20 * time.Second)
	for {
		select {
		case said, open := <-l.said:
			if !open && event == "" {
				return ""
			}
			if !open {
				l.t.Fatalf("it ended before %q", event)
			}
			if k, v, _ := strings.Cut(said, " "); k == event {
				return v
			} else if k == "changed" && event != "" {
				l.t.Fatalf("%q came before %q", said, event)
			}
		case <-wait:
			l.t.Fatalf("%q never came", event)
		}
	}
}

func (s *textSite) session(v place.Viewer) string {
	s.t.Helper()
	secret, err := s.server.Places.OpenSession(s.t.Context(), v, "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

func (s *textSite) member(name string) place.Viewer {
	s.t.Helper()
	link, err := s.server.Places.Invite(s.t.Context(), s.keeper, s.place.Stream, place.Member)
	if err != nil {
		s.t.Fatal(err)
	}
	_, v, err := s.server.Places.ComeIn(s.t.Context(), place.Viewer{}, link, place.Newcomer{Name: name, Password: "a long password"})
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// proposed is an open proposal of the place.
func (s *textSite) proposed() string {
	s.t.Helper()
	text, err := s.server.Blueprints.Read(s.t.Context(), s.keeper, s.publish(passages("The council ends new gas.")))
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := s.server.Decisions.Propose(s.t.Context(), s.keeper, s.place.Stream, decide.Proposal{Title: "Bring it", Rule: decide.RuleConsent, Quorum: 1, Review: "2040-01-01", Version: text.Ref()})
	if err != nil {
		s.t.Fatal(err)
	}
	return p.ID
}

func (s *textSite) say(v place.Viewer, proposal, body string) {
	s.t.Helper()
	if err := s.server.Decisions.Say(s.t.Context(), v, proposal, decide.Question, body, false); err != nil {
		s.t.Fatal(err)
	}
}

// lively makes beats short, so that nobody waits for them.
func lively(t testing.TB) *textSite {
	s := openTextSite(t)
	s.server.listening.beat = 50 * time.Millisecond
	t.Cleanup(s.server.EndEvents)
	return s
}

func TestEventsSayThatSomethingChangedAndNotWhat(t *testing.T) {
	s := lively(t)
	member := s.member("Birch")
	id := s.proposed()
	path := "/events/proposal/" + id
	l, resp := hear(t, s.URL, path, s.session(member), 200)
	if h := resp.Header; h.Get("Content-Type") != "text/event-stream" || h.Get("X-Accel-Buffering") != "no" || h.Get("Cache-Control") != "no-store" {
		t.Error("headers:", h)
	}
	l.until("retry")
	before := l.until("here")
	s.say(s.keeper, id, "a secret among members")
	after := l.until("changed")
	if after == before || strings.Contains(after, "secret") {
		t.Errorf("a change from %q to %q", before, after)
	}
	l.until(":") // and lives on

	// Who lost the connection hears what came meanwhile, and nothing twice.
	l.end()
	back, _ := hear(t, s.URL, path, s.session(member), 200, "Last-Event-ID", before)
	if got := back.until("changed"); got != after {
		t.Errorf("%q after coming back, not %q", got, after)
	}
	same, _ := hear(t, s.URL, path, s.session(member), 200, "Last-Event-ID", after)
	same.until("here")
	hostile, _ := hear(t, s.URL, path, s.session(member), 200, "Last-Event-ID", strings.Repeat("9", 5000))
	hostile.until("changed")

	// A page knows where it stands: what comes between it and listening is not lost.
	page := s.browser(member).get(strings.TrimPrefix(s.place.ID, s.URL)+"/proposal/"+id, 200)
	_, since, ok := strings.Cut(page, `data-since="`)
	since, _, _ = strings.Cut(since, `"`)
	if !ok || !strings.HasPrefix(after, since+"~") || !strings.Contains(page, `data-live="`+path+`"`) {
		t.Fatalf("the page stands at %q, events at %q", since, after)
	}
	s.say(s.keeper, id, "meanwhile")
	late, _ := hear(t, s.URL, path+"?after="+since, s.session(member), 200)
	late.until("changed")
}

// A change of one object wakes no page of another, in the same place.
func TestEventsAreAsNarrowAsTheirObject(t *testing.T) {
	t.Parallel()
	s := lively(t)
	secret := s.session(s.keeper)
	one, other := s.proposed(), s.proposed()
	first, _ := hear(t, s.URL, "/events/proposal/"+one, secret, 200)
	before := first.until("here")
	second, _ := hear(t, s.URL, "/events/proposal/"+other, secret, 200)
	second.until("here")
	s.say(s.keeper, other, "about the other")
	second.until("changed")
	if now, err := s.server.live.Sources[ofProposal].One(t.Context(), one); err != nil || now+"~" != before[:len(now)+1] {
		t.Fatalf("%q became %q: %v", before, now, err)
	}
	s.say(s.keeper, one, "about the one")
	if after := first.until("changed"); after == before {
		t.Error("it heard of nothing:", after)
	}
	select { // one word for one change, though two were made
	case said := <-first.said:
		if strings.HasPrefix(said, "changed") {
			t.Error("woken by another proposal:", said)
		}
	default:
	}
}

// What a page knows, which is read for it alone, is what the watcher tells, which may
// read all at once.
func TestOneCursorIsTheSameAmongAll(t *testing.T) {
	t.Parallel()
	s := lively(t)
	id := s.proposed()
	s.say(s.keeper, id, "something")
	if _, err := s.server.Decisions.OpenRoom(t.Context(), s.keeper, id); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for kind, source := range s.server.live.Sources {
		all, err := source.All(t.Context())
		if err != nil {
			t.Fatal(kind, err)
		}
		for key, cursor := range all {
			seen++
			if one, err := source.One(t.Context(), key); err != nil || one != cursor {
				t.Errorf("%s %s: %q alone, %q among all: %v", kind, key, one, cursor, err)
			}
		}
		if none, err := source.One(t.Context(), "nothing of the kind"); err != nil || none != "" {
			t.Errorf("%s: a thing that is not there has %q: %v", kind, none, err)
		}
	}
	if seen < 2 {
		t.Error("too little is there to compare:", seen)
	}
}

func TestEventsAreForWhoReadsThePage(t *testing.T) {
	s := lively(t)
	member := s.member("Birch")
	id := s.proposed()
	code, err := s.server.Decisions.OpenRoom(t.Context(), s.keeper, id)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := s.server.Places.ComeIn(t.Context(), place.Viewer{}, must1(s.server.Places.Invite(t.Context(), s.keeper, s.place.Stream, place.Member)), place.Newcomer{Name: "Cedar", Password: "a long password"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.Places.Leave(t.Context(), other, s.place.Stream); err != nil {
		t.Fatal(err)
	}
	outside := s.session(other)
	for _, c := range []struct {
		path, secret string
		code         int
	}{
		{"/events/proposal/" + id, "", 401},
		{"/events/proposal/" + id, outside, 403},
		{"/events/proposal/" + act.NewToken(), s.session(member), 404},
		{"/events/suggestions/" + string(s.place.Stream), "", 401},
		{"/events/suggestions/" + string(s.place.Stream), outside, 403},
		{"/events/suggestions/" + string(s.place.Stream), s.session(member), 200},
		{"/events/suggestion/" + string(s.place.Stream) + "?id=x", "", 401},
		{"/events/suggestion/" + string(s.place.Stream) + "?id=x", outside, 403},
		{"/events/suggestion/" + string(s.place.Stream) + "?id=x", s.session(member), 200},
		{"/events/tonight/" + act.NewToken(), "", 404},
		{"/events/tonight/" + code.Secret, "", 200},
		{"/events/notices", "", 401},
		{"/events/notices", outside, 200},
		{"/events/nothing", outside, 404},
	} {
		hear(t, s.URL, c.path, c.secret, c.code)
	}
	// What is said among members is no event for the room; the next round is.
	room, _ := hear(t, s.URL, "/events/tonight/"+code.Secret, "", 200)
	first := room.until("here")
	s.say(member, id, "among members")
	if err := s.server.Decisions.NextRound(t.Context(), s.keeper, id); err != nil {
		t.Fatal(err)
	}
	if now := room.until("changed"); !strings.HasPrefix(now, "react") || first == now {
		t.Errorf("the room hears %q after %q", now, first)
	}
	if err := s.server.Decisions.CloseRoom(t.Context(), s.keeper, id); err != nil {
		t.Fatal(err)
	}
	room.until("ended")
	room.until("")
}

func must1[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func TestEventsEndWithTheRightToRead(t *testing.T) {
	s := lively(t)
	id := s.proposed()
	for name, end := range map[string]func(place.Viewer) error{
		"blocked": func(v place.Viewer) error {
			return s.server.Places.BlockPerson(t.Context(), s.keeper, s.place.Stream, v.Person, "Threats")
		},
		"left": func(v place.Viewer) error { return s.server.Places.Leave(t.Context(), v, s.place.Stream) },
		"signed out": func(v place.Viewer) error {
			list, err := s.server.Places.Sessions(t.Context(), v)
			for _, x := range list {
				err = s.server.Places.EndSession(t.Context(), v, x.ID)
			}
			return err
		},
	} {
		v := s.member(name)
		l, _ := hear(t, s.URL, "/events/proposal/"+id, s.session(v), 200)
		l.until("here")
		if err := end(v); err != nil {
			t.Fatal(err)
		}
		l.until("ended")
		l.until("")
	}
	if n := s.server.live.Count(); n != 0 {
		t.Errorf("%d still listen", n)
	}
}

func TestEventsHaveLimits(t *testing.T) {
	s := lively(t)
	secret := s.session(s.keeper)
	var all []*listener
	for range mostOfPerson {
		l, _ := hear(t, s.URL, "/events/notices", secret, 200)
		l.until("here")
		all = append(all, l)
	}
	_, resp := hear(t, s.URL, "/events/notices", s.session(s.keeper), 503) // another session is the same person
	if resp.Header.Get("Retry-After") == "" {
		t.Error("nobody is told when to come again")
	}
	hear(t, s.URL, "/events/notices", s.session(s.member("Birch")), 200)
	all[0].end()
	for s.server.live.Count() > mostOfPerson {
		runtime.Gosched()
	}
	hear(t, s.URL, "/events/notices", secret, 200)
	s.server.live.Most = 1
	hear(t, s.URL, "/events/notices", s.session(s.member("Cedar")), 503)
}

// Streams outlive the deadlines of the server, and don't hold up its end.
func TestEventsOutliveDeadlinesAndEndWithTheServer(t *testing.T) {
	s := lively(t)
	id := s.proposed()
	srv := httptest.NewUnstartedServer(s.server.Handler())
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	srv.Config.RegisterOnShutdown(s.server.EndEvents)
	srv.Start()
	defer srv.Close()
	l, _ := hear(t, srv.URL, "/events/proposal/"+id, s.session(s.keeper), 200)
	l.until("here")
	for range 10 { // half a second at least
		l.until(":")
	}
	s.say(s.keeper, id, "late")
	l.until("changed")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := srv.Config.Shutdown(ctx); err != nil {
		t.Error("the server did not end:", err)
	}
	l.until("")
}

// A reader who takes nothing is let go.
func TestEventsLetDeadReadersGo(t *testing.T) {
	s := lively(t)
	s.server.listening.beat, s.server.listening.patience = time.Microsecond, 100*time.Millisecond
	srv := httptest.NewUnstartedServer(s.server.Handler())
	srv.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { // little lies on the way
		if err := c.(*net.TCPConn).SetWriteBuffer(4096); err != nil {
			t.Error(err)
		}
		return ctx
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /events/notices HTTP/1.1\r\nHost: x\r\nCookie: tl_session=%s\r\n\r\n", s.session(s.keeper))
	gone := time.Now().Add(20 * time.Second)
	for came := false; !came || s.server.live.Count() > 0; came = came || s.server.live.Count() > 0 {
		if time.Now().After(gone) {
			t.Fatal("a reader who takes nothing is still there")
		}
		time.Sleep(time.Millisecond)
	}
}

// BenchmarkEventReaders has 200 people with one proposal open: the memory of each on
// this side and in the test's client together, and how long until all heard of a
// change.
func BenchmarkEventReaders(b *testing.B) {
	s := openTextSite(b)
	b.Cleanup(s.server.EndEvents)
	id := s.proposed()
	const readers = 200
	secrets := make([]string, readers)
	for i := range secrets {
		if i%mostOfPerson == 0 {
			secrets[i] = s.session(s.member(fmt.Sprint("Reader ", i)))
		} else {
			secrets[i] = secrets[i-1]
		}
	}
	before := memory()
	all := make([]*listener, readers)
	for i := range all {
		all[i], _ = hear(b, s.URL, "/events/proposal/"+id, secrets[i], 200)
		all[i].until("here")
	}
	each := (memory() - before) / readers
	for b.Loop() {
		s.say(s.keeper, id, "again")
		for _, l := range all {
			l.until("changed")
		}
	}
	b.ReportMetric(float64(each), "bytes/reader")
}

func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// TestAPageThatLiesOpenRenewsNoSession: looking is not using, also when the page
// is fetched again because something changed.
func TestAPageThatLiesOpenRenewsNoSession(t *testing.T) {
	t.Parallel()
	s := lively(t)
	secret := s.session(s.keeper)
	stale := db.Exec(`update session set seen = 1`)
	if err := s.server.Log.DB().Write(t.Context(), func(tx *db.Tx) error { _, err := stale.Run(t.Context(), tx); return err }); err != nil {
		t.Fatal(err)
	}
	seen := func(waits string) int64 {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, s.URL+"/notices", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "tl_session", Value: secret})
		if waits != "" {
			r.Header.Set("Translocal-Waits", waits)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatal(answer.Status)
		}
		at, err := db.Rows[int64](`select max(seen) from session`).One(t.Context(), s.server.Log.DB())
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	l, _ := hear(t, s.URL, "/events/notices", secret, 200)
	l.until("here")
	if at := seen("yes"); at != 1 {
		t.Error("an open page renewed a session")
	}
	if at := seen(""); at == 1 {
		t.Error("a person renewed none")
	}
}
