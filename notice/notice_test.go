package notice

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
	"translocal/i18n"
	"translocal/notice/noticetest"
	"translocal/place"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// group is a place with keepers and members, a post office, and a clock that is
// set by hand.
type group struct {
	*Notices
	t       testing.TB
	office  *noticetest.Office
	places  *place.Places
	place   *place.Place
	alder   place.Viewer // keeper
	birch   place.Viewer // keeper
	cedar   place.Viewer // member
	clock   time.Time
	remind  []Reminder
	options Config
}

const base = "https://rio.example"

func newGroup(t testing.TB, mails bool) *group {
	t.Helper()
	ctx := t.Context()
	keys, err := act.OpenKeyring(filepath.Join(t.TempDir(), "secret"))
	must(t, err)
	l := act.NewLog(dbtest.Open(t), keys, place.Vocabulary())
	t.Cleanup(func() { l.Close() })
	words, err := i18n.Load()
	must(t, err)
	g := &group{t: t, office: noticetest.Open(t), places: place.New(l, base), clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	g.options = Config{Log: l, Base: base, Words: words, Now: func() time.Time { return g.clock }}
	if mails {
		g.options.Server, err = NewServer(g.office.URL(), "site@rio.example", base)
		must(t, err)
	}
	g.restart()
	link, err := g.places.SetupLink(ctx)
	must(t, err)
	g.place, g.alder, err = g.places.Setup(ctx, link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro")
	must(t, err)
	g.birch, g.cedar = g.join("Birch", place.Keeper), g.join("Cedar", place.Member)
	return g
}

// restart makes the capability anew on the same database, as after a crash.
func (g *group) restart() {
	g.Notices = New(g.options)
	g.Sources = []Source{func(context.Context) ([]Reminder, error) { return g.remind, nil }}
}

func (g *group) join(name string, role place.Role) place.Viewer {
	g.t.Helper()
	link, err := g.places.Invite(g.t.Context(), g.alder, g.place.Stream, role)
	must(g.t, err)
	_, v, err := g.places.ComeIn(g.t.Context(), place.Viewer{}, link, place.Newcomer{Name: name, Password: "a long password"})
	must(g.t, err)
	return v
}

// sweep does what the node does now and then.
func (g *group) sweep() {
	g.t.Helper()
	must(g.t, g.Remind(g.t.Context()))
	must(g.t, g.Gather(g.t.Context()))
	must(g.t, g.Send(g.t.Context()))
}

var confirmLink = regexp.MustCompile(regexp.QuoteMeta(base) + `/confirm-address/(\S+)`)

// subscribe gives an address and confirms it.
func (g *group) subscribe(v place.Viewer, address, pace string) {
	g.t.Helper()
	must(g.t, g.Set(g.t.Context(), v, Settings{Address: address, Pace: pace}))
	must(g.t, g.Send(g.t.Context()))
	list := g.office.Got()
	if len(list) != 1 || list[0].To != address {
		g.t.Fatalf("%d mails to confirm %s", len(list), address)
	}
	must(g.t, g.Confirm(g.t.Context(), confirmLink.FindStringSubmatch(list[0].Body)[1]))
}

func (g *group) task(day string, people ...string) Reminder {
	return Reminder{Cause: "task t1", Stream: g.place.Stream, Kind: "task", Day: day, Link: g.place.ID + "/bringing/x/plan", People: people}
}

// A task's two keepers hear of it a week and a day before, each once, whatever
// happens meanwhile; who did not confirm an address gets nothing there.
func TestBothKeepersAreRemindedOnceEach(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Once)
	g.subscribe(g.cedar, "cedar@post.example", Once)
	must(t, g.Set(t.Context(), g.birch, Settings{Address: "birch@post.example", Pace: Once}))
	must(t, g.Send(t.Context()))
	g.office.Got()
	g.remind = []Reminder{g.task("2026-03-20", g.alder.Person, g.cedar.Person, g.birch.Person)}
	told := map[string][]string{}
	for day := range 40 {
		g.clock = time.Date(2026, 3, 1+day, 9, 0, 0, 0, time.UTC)
		g.sweep()
		g.restart()
		g.sweep()
		for _, l := range g.office.Got() {
			told[l.To] = append(told[l.To], g.clock.Format("01-02"))
		}
	}
	want := "[03-13 03-19 03-21]"
	if got := fmt.Sprint(told["alder@post.example"]); got != want {
		t.Errorf("Alder was told %s, want %s", got, want)
	}
	if got := fmt.Sprint(told["cedar@post.example"]); got != want {
		t.Errorf("Cedar was told %s, want %s", got, want)
	}
	if len(told) != 2 {
		t.Errorf("others were told: %v", told)
	}
}

// What is done is no longer told; what moves is told by its new date; and
// somebody who left hears nothing.
func TestWhatIsMootIsNotTold(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.cedar, "cedar@post.example", Daily)
	g.remind = []Reminder{g.task("2026-03-08", g.cedar.Person)}
	must(t, g.Remind(t.Context()))
	if list, err := g.Mine(t.Context(), g.cedar); err != nil || len(list) != 1 || list[0].Day != "2026-03-08" {
		t.Fatalf("%+v, %v", list, err)
	}
	g.remind = nil // done
	g.sweep()
	if list, _ := g.Mine(t.Context(), g.cedar); len(list) != 0 || len(g.office.Got()) != 0 {
		t.Errorf("what was done is still told: %+v", list)
	}
	g.remind = []Reminder{g.task("2026-03-07", g.cedar.Person)}
	must(t, g.places.Remove(t.Context(), g.alder, g.place.Stream, g.cedar.Person))
	g.sweep()
	if list, _ := g.Mine(t.Context(), g.cedar); len(list) != 0 || len(g.office.Got()) != 0 {
		t.Errorf("somebody who left is told: %+v", list)
	}
}

// What was moot and is due again is told again; what a mail brought already
// comes by no second one.
func TestWhatWasMootReturns(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.cedar, "cedar@post.example", Once)
	due := []Reminder{g.task("2026-03-08", g.cedar.Person)}
	mails := 0
	for i, step := range []struct {
		due  []Reminder
		mail bool // something is sent in this step
		want int  // notices on the page
	}{
		{due, false, 1}, // a mail waits
		{nil, true, 0},  // done: it goes nowhere
		{due, true, 1},  // opened again: told, for the first time by mail
		{nil, true, 0},
		{due, true, 1}, // and again: on the page, not by mail
	} {
		g.remind = step.due
		must(t, g.Remind(t.Context()))
		must(t, g.Gather(t.Context()))
		if step.mail {
			must(t, g.Send(t.Context()))
		}
		mails += len(g.office.Got())
		if list, err := g.Mine(t.Context(), g.cedar); err != nil || len(list) != step.want {
			t.Errorf("step %d: %d notices, %v", i, len(list), err)
		}
	}
	if mails != 1 {
		t.Errorf("%d mails", mails)
	}
}

// What a mail was to bring that was dropped waits for the next; what waited too
// long stands in the outbox; and no mail takes more along than it carries.
func TestNoNoticeIsLostWithItsMail(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.cedar, "cedar@post.example", Once)
	for i := range 130 {
		x := g.task("2026-03-08", g.cedar.Person)
		x.Cause = fmt.Sprint("task ", i)
		g.remind = append(g.remind, x)
	}
	must(t, g.Remind(t.Context()))
	must(t, g.Gather(t.Context()))
	must(t, g.Set(t.Context(), g.cedar, Settings{Address: "cedar@elsewhere.example", Pace: Once}))
	must(t, g.Send(t.Context()))
	list := g.office.Got()
	if len(list) != 1 || list[0].To != "cedar@elsewhere.example" || g.states() != dropped {
		t.Fatalf("%d mails; %s", len(list), g.states())
	}
	must(t, g.Confirm(t.Context(), confirmLink.FindStringSubmatch(list[0].Body)[1]))
	for range 3 {
		g.sweep()
	}
	told := 0
	for _, l := range g.office.Got() {
		told += strings.Count(l.Body, g.place.ID+"/bringing/x/plan")
	}
	if told != 130 {
		t.Errorf("%d of 130 were told by mail", told)
	}

	old := g.task("2026-03-08", g.cedar.Person)
	old.Cause = "task that waits"
	g.remind = append(g.remind, old)
	must(t, g.Remind(t.Context()))
	must(t, g.Gather(t.Context()))
	g.clock = g.clock.Add(mailAge + time.Hour)
	must(t, g.Send(t.Context()))
	parcels, err := g.Outbox(t.Context(), g.birch, g.place.Stream)
	if err != nil || len(parcels) != 1 || parcels[0].Why != failed {
		t.Errorf("%+v, %v", parcels, err)
	}
}

// Many who ask at once for a mail to one person's address get three.
func TestConfirmationsAtOnce(t *testing.T) {
	g := newGroup(t, true)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			err := g.Set(t.Context(), g.cedar, Settings{Address: fmt.Sprintf("cedar%d@post.example", i), Pace: Once})
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	must(t, g.Send(t.Context()))
	asked, err := confirmsLately.One(t.Context(), g.db, 0, g.cedar.Person, "")
	if err != nil || asked != maxConfirms {
		t.Errorf("%d mails were asked for, %v", asked, err)
	}
}

// Somebody who leaves between the making of a mail and its sending gets none.
func TestWhoLeftMeanwhileGetsNoMail(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.cedar, "cedar@post.example", Once)
	g.remind = []Reminder{g.task("2026-03-07", g.cedar.Person)}
	must(t, g.Remind(t.Context()))
	must(t, g.Gather(t.Context()))
	must(t, g.places.Leave(t.Context(), g.cedar, g.place.Stream))
	must(t, g.Send(t.Context()))
	if n := len(g.office.Got()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// A day's notices make one mail, after six, and no second one that day.
func TestDigest(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Daily)
	other := g.task("2026-03-02")
	other.Cause = "task t2"
	g.clock = time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC)
	g.remind = []Reminder{g.task("2026-03-02"), other}
	g.sweep()
	if n := len(g.office.Got()); n != 0 {
		t.Fatalf("%d mails before six", n)
	}
	g.clock = g.clock.Add(2 * time.Hour)
	g.sweep()
	list := g.office.Got()
	if len(list) != 1 || strings.Count(list[0].Body, "* Rio Claro:") != 2 {
		t.Fatalf("%d mails: %+v", len(list), list)
	}
	more := g.task("2026-03-02")
	more.Cause = "task t3"
	g.remind = append(g.remind, more)
	g.sweep()
	if n := len(g.office.Got()); n != 0 {
		t.Errorf("%d more mails on the same day", n)
	}
	g.clock = g.clock.Add(24 * time.Hour)
	g.sweep()
	if n := len(g.office.Got()); n != 1 {
		t.Errorf("%d mails on the next day", n)
	}
}

// A mail says a place, a day and links; it can be ended by its header.
func TestWhatAMailSays(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Once)
	g.remind = []Reminder{g.task("2026-03-08", g.alder.Person, g.birch.Person)}
	g.sweep()
	list := g.office.Got()
	if len(list) != 1 {
		t.Fatal(len(list))
	}
	m := list[0]
	for _, name := range []string{"Alder", "Birch", "Cedar"} {
		if strings.Contains(m.Raw, name) {
			t.Errorf("the mail names %s:\n%s", name, m.Raw)
		}
	}
	for _, want := range []string{"8 March 2026", g.place.ID + "/bringing/x/plan", base + "/account/notices"} {
		if !strings.Contains(m.Body, want) {
			t.Errorf("no %q in\n%s", want, m.Body)
		}
	}
	stop := strings.Trim(m.Head.Get("List-Unsubscribe"), "<>")
	if m.Head.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.HasPrefix(stop, base+"/unsubscribe/") || !strings.Contains(m.Body, stop) {
		t.Errorf("the headers that end it: %v", m.Head)
	}
	if m.Head.Get("Auto-Submitted") != "auto-generated" || m.Head.Get("Subject") != "1 notice for you" {
		t.Errorf("%v", m.Head)
	}
	token := strings.TrimPrefix(stop, base+"/unsubscribe/")
	must(t, g.CanUnsubscribe(t.Context(), token))
	if s, _ := g.Settings(t.Context(), g.alder); s.Pace != Once {
		t.Error("looking at the link ended the mails")
	}
	must(t, g.Unsubscribe(t.Context(), token))
	must(t, g.Unsubscribe(t.Context(), token))
	g.clock = g.clock.Add(6 * 24 * time.Hour)
	g.sweep()
	if n := len(g.office.Got()); n != 0 {
		t.Errorf("%d mails after the end", n)
	}
}

// A mail is in the language of its reader.
func TestLanguageOfTheReader(t *testing.T) {
	g := newGroup(t, true)
	ctx := i18n.With(t.Context(), g.words.Printer("es"))
	must(t, g.Set(ctx, g.alder, Settings{Address: "alder@post.example", Pace: Once}))
	must(t, g.Send(t.Context()))
	if l := g.office.Got(); len(l) != 1 || l[0].Head.Get("Content-Language") != "es" || !strings.Contains(l[0].Body, "Si no es así") {
		t.Errorf("%+v", l)
	}
}

var spoilName = db.Exec(`update place set name = $1`)
var spoilLink = db.Exec(`update notice set link = $1`)

// Names that came from elsewhere, and links, can't add a header, a line of the
// protocol, or turn the reading direction of a mail.
func TestNothingIsInjected(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Once)
	for i, name := range []string{"Rio\r\nBcc: spy@evil.example\r\n\r\nNew body", "Rio\n.\nMAIL FROM:<x@evil.example>", "Rio\u202egpj.exe\u2066", "Rio\x01\x1b[2J\u200b", strings.Repeat("Rio\r\n", 5000)} {
		r := g.task("2026-03-05", g.alder.Person)
		r.Cause = fmt.Sprint("task ", i)
		g.remind = []Reminder{r}
		must(t, g.Remind(t.Context()))
		must(t, g.db.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := spoilLink.Run(t.Context(), tx, base+"/x\r\nBcc: spy@evil.example"); err != nil {
				return err
			}
			_, err := spoilName.Run(t.Context(), tx, name)
			return err
		}))
		must(t, g.Gather(t.Context()))
		must(t, g.Send(t.Context()))
		list := g.office.Got()
		if len(list) != 1 || list[0].To != "alder@post.example" {
			t.Fatalf("%q: %d mails", name, len(list))
		}
		m := list[0]
		for k := range m.Head {
			if k == "Bcc" {
				t.Errorf("%q: a header was added", name)
			}
		}
		if strings.Contains(m.Body, "\nBcc") || strings.Contains(m.Body, "\nNew body") || strings.Contains(m.Body, "\n.\n") || strings.ContainsAny(m.Body, "\u202e\u2066\x00\x1b\u200b") || len(m.Body) > 2000 {
			t.Errorf("%q came through:\n%q", name, m.Body)
		}
	}
	for _, c := range g.office.Commands() {
		if strings.Contains(c, "evil") {
			t.Errorf("the server was told %q", c)
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"alder@post.example":                     "alder@post.example",
		" Alder.B+x@POST.example ":               "Alder.B+x@post.example",
		"alder@bücher.example":                   "alder@xn--bcher-kva.example",
		"":                                       "",
		"alder":                                  "!",
		"alder@localhost":                        "!",
		"@post.example":                          "!",
		"a@b@post.example":                       "!",
		"Alder <alder@post.example>":             "!",
		"a@post.example, b@post.example":         "!",
		"alder@post.example\r\nBcc: x@evil.test": "!",
		"alder@post.example\nRCPT TO:<x>":        "!",
		"al\u202eder@post.example":               "!",
		"\"a b\"@post.example":                   "!",
		"alder@[127.0.0.1]":                      "!",
		"alder@post.example>":                    "!",
		"a..b@post.example":                      "!",
		"älder@post.example":                     "!",
		strings.Repeat("a", 65) + "@p.example":   "!",
		"a@" + strings.Repeat("a.", 200) + "com": "!",
	} {
		got, err := cleanAddress(in)
		if want == "!" && !fault.Is(err, fault.Invalid) || want != "!" && (err != nil || got != want) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("alder@post.example")
	f.Add("a\r\nb@x.example")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := cleanAddress(s)
		if err == nil && strings.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>,;:\"()[]\\", r) }) {
			t.Errorf("%q became %q", s, got)
		}
		if again, err2 := cleanAddress(got); err == nil && (err2 != nil || again != got) {
			t.Errorf("%q became %q, and that %q: %v", s, got, again, err2)
		}
	})
}

// The link that confirms works once, for three days, for its address alone, and
// looking at it does nothing.
func TestConfirmingOnce(t *testing.T) {
	g := newGroup(t, true)
	ctx := t.Context()
	token := func(address string) string {
		t.Helper()
		must(t, g.Set(ctx, g.cedar, Settings{Address: address, Pace: Daily}))
		must(t, g.Send(ctx))
		l := g.office.Got()
		if len(l) != 1 {
			t.Fatal(len(l))
		}
		return confirmLink.FindStringSubmatch(l[0].Body)[1]
	}
	first := token("one@post.example")
	second := token("two@post.example")
	if err := g.Confirm(ctx, first); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link of the address before: %v", err)
	}
	for range 3 {
		must(t, g.ToConfirm(ctx, second))
	}
	id, mac, _ := strings.Cut(second, ".")
	for _, forged := range []string{"", ".", id, id + ".", id + "." + strings.Repeat("A", len(mac)), second + "A", strings.ToUpper(second), g.sign(forUnsubscribing, id), g.sign(forAnswering, id), act.NewToken() + "." + mac} {
		if err := g.Confirm(ctx, forged); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", forged, err)
		}
	}
	if s, _ := g.Settings(ctx, g.cedar); s.Confirmed {
		t.Fatal("confirmed by nothing")
	}
	must(t, g.Confirm(ctx, second))
	if err := g.Confirm(ctx, second); !fault.Is(err, fault.NotFound) {
		t.Errorf("a second time: %v", err)
	}
	third := token("three@post.example")
	g.clock = g.clock.Add(confirmLasts + time.Second)
	if err := g.Confirm(ctx, third); !fault.Is(err, fault.NotFound) {
		t.Errorf("after three days: %v", err)
	}
	g.clock = g.clock.Add(-confirmLasts)
	err := g.Set(ctx, g.cedar, Settings{Address: "four@post.example", Pace: Daily})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a fourth address within a day: %v", err)
	}
	if s, _ := g.Settings(ctx, g.cedar); s.Address != "three@post.example" {
		t.Errorf("a refused address was kept: %+v", s)
	}
}

// A program that acts for somebody can't change where their mail goes.
func TestTokensCantMoveMail(t *testing.T) {
	g := newGroup(t, true)
	v := g.alder
	v.Token, v.Writes = "x", true
	if err := g.Set(t.Context(), v, Settings{Address: "x@post.example", Pace: Once}); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	if err := g.Set(t.Context(), place.Viewer{}, Settings{Pace: Once}); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
}

var stateOfMail = db.Rows[string](`select state from mail where kind = 'notices' order by made, id`)

func (g *group) states() string {
	g.t.Helper()
	list, err := stateOfMail.All(g.t.Context(), g.db)
	must(g.t, err)
	return strings.Join(list, " ")
}

// A server that is busy gets the mail again, ever more rarely, and not for ever;
// one that refuses does not.
func TestTriesAreBounded(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Once)
	g.remind = []Reminder{g.task("2026-03-05", g.alder.Person)}
	tries := 0
	g.office.Hooks(func(string) string { tries++; return "451 4.2.0 later" }, nil)
	g.sweep()
	for range 40 {
		g.clock = g.clock.Add(time.Hour)
		must(t, g.Send(t.Context()))
	}
	if tries != maxTries || g.states() != failed {
		t.Errorf("%d tries, and then %s", tries, g.states())
	}
	g.office.Hooks(func(string) string { tries++; return "550 5.1.1 nobody here" }, nil)
	g.remind[0].Cause, tries = "task t2", 0
	g.sweep()
	g.clock = g.clock.Add(48 * time.Hour)
	must(t, g.Send(t.Context()))
	if tries != 1 {
		t.Errorf("%d tries of what was refused", tries)
	}
	// What mail did not bring, a keeper can pass on.
	list, err := g.Outbox(t.Context(), g.birch, g.place.Stream)
	if err != nil || len(list) == 0 || list[0].Why != failed || list[0].Name != "Alder" {
		t.Errorf("%+v, %v", list, err)
	}
}

// A server that can't be reached spends no try.
func TestServerAway(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Once)
	g.remind = []Reminder{g.task("2026-03-05", g.alder.Person)}
	must(t, g.Remind(t.Context()))
	must(t, g.Gather(t.Context()))
	there := g.server
	away, err := NewServer("smtp://127.0.0.1:1", "site@rio.example", base)
	must(t, err)
	g.server = away
	for range 20 {
		if err := g.Send(t.Context()); err == nil || strings.Contains(err.Error(), "@") {
			t.Fatalf("nobody answers, and it says %v", err)
		}
	}
	g.server = there
	must(t, g.Send(t.Context()))
	if n := len(g.office.Got()); n != 1 {
		t.Errorf("%d mails once it is back", n)
	}
}

// When the connection ends after the whole mail and before the answer, the mail
// may have arrived: it is never sent again, and a keeper is told.
func TestNeverTwiceWhenTheConnectionBreaks(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Once)
	g.subscribe(g.cedar, "cedar@post.example", Once)
	g.remind = []Reminder{g.task("2026-03-05", g.alder.Person, g.cedar.Person)}
	g.office.Hooks(nil, func(n int) string {
		if n == 1 {
			return noticetest.HangUp
		}
		return ""
	})
	g.sweep()
	for range 30 {
		g.clock = g.clock.Add(time.Hour)
		g.restart()
		must(t, g.Send(t.Context()))
	}
	count := map[string]int{}
	for _, l := range g.office.Got() {
		count[l.To]++
	}
	if count["alder@post.example"] != 1 || count["cedar@post.example"] != 1 {
		t.Errorf("mails: %v", count)
	}
	if s := g.states(); !strings.Contains(s, doubtful) || !strings.Contains(s, sent) {
		t.Error(s)
	}
	if list, err := g.Outbox(t.Context(), g.birch, g.place.Stream); err != nil || len(list) != 1 || list[0].Why != doubtful {
		t.Errorf("%+v, %v", list, err)
	}
}

// A program that dies between marking a mail and noting what came of it (here:
// the note is lost) does not send it again when it comes back.
func TestNeverTwiceAfterACrash(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.alder, "alder@post.example", Once)
	g.remind = []Reminder{g.task("2026-03-05", g.alder.Person)}
	must(t, g.Remind(t.Context()))
	must(t, g.Gather(t.Context()))
	m, ok, err := g.next(t.Context(), nil)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	c, err := g.server.connect(t.Context())
	must(t, err)
	if e := g.hand(t.Context(), c, m); e.state != sent {
		t.Fatal(e)
	}
	c.close()
	g.restart() // and what hand returned is gone
	g.sweep()
	if g.states() != handed {
		t.Errorf("at once: %s", g.states())
	}
	g.clock = g.clock.Add(answerTime + time.Minute)
	g.sweep()
	if n := len(g.office.Got()); n != 1 || g.states() != doubtful {
		t.Errorf("%d mails, %s", n, g.states())
	}
}

// Two processes on one database don't hand the same mail over.
func TestTwoSendersOneMail(t *testing.T) {
	g := newGroup(t, true)
	const people = 20
	for i := range people {
		g.person(i)
	}
	g.remind = []Reminder{g.all("task t1")}
	must(t, g.Remind(t.Context()))
	must(t, g.Gather(t.Context()))
	other := New(g.options)
	done := make(chan error, 2)
	for _, n := range []*Notices{g.Notices, other} {
		go func() { done <- n.Send(t.Context()) }()
	}
	must(t, errors.Join(<-done, <-done))
	seen := map[string]int{}
	for _, l := range g.office.Got() {
		seen[l.To]++
	}
	if len(seen) != people {
		t.Errorf("%d got a mail", len(seen))
	}
	for to, n := range seen {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
}

var (
	putMember  = db.Exec(`insert into membership (stream, person, role, since) values ($1, $2, 'member', 1)`)
	putPerson  = db.Exec(`insert into person (id, login, name, password, site_keeper, created) values ($1, $1, $1, '', false, 1)`)
	putMailbox = db.Exec(`insert into mail_address (person, id, address, asked, confirmed, pace, by_hand, lang, digest) values ($1, $1, $2, 1, 1, 'once', false, 'en', '')`)
)

func (g *group) person(i int) {
	g.t.Helper()
	ctx, id := context.Background(), fmt.Sprintf("person%06d", i)
	must(g.t, g.db.Write(ctx, func(tx *db.Tx) error {
		_, err1 := putPerson.Run(ctx, tx, id)
		_, err2 := putMember.Run(ctx, tx, g.place.Stream, id)
		_, err3 := putMailbox.Run(ctx, tx, id, id+"@post.example")
		return errors.Join(err1, err2, err3)
	}))
}

func (g *group) all(cause string) Reminder {
	people, err := membersOf.All(context.Background(), g.db, g.place.Stream)
	must(g.t, err)
	return Reminder{Cause: cause, Stream: g.place.Stream, Kind: "round", Link: g.place.ID, People: people}
}

// BenchmarkQueue tells ten thousand people by mail, from the reminder to the
// server's answer, on one connection.
func BenchmarkQueue(b *testing.B) {
	const people = 10_000
	g := newGroup(b, true)
	for i := range people {
		g.person(i)
	}
	for n := range b.N {
		g.remind = []Reminder{g.all(fmt.Sprint("round ", n))}
		began := time.Now()
		g.sweep()
		if k := len(g.office.Got()); k != people {
			b.Fatal(k, " mails")
		}
		b.ReportMetric(people/time.Since(began).Seconds(), "mails/s")
	}
}

func TestServerURLs(t *testing.T) {
	for raw, ok := range map[string]bool{
		"smtps://user:secret@mail.example":     true,
		"smtp://mail.example:587":              true,
		"smtp://127.0.0.1":                     true,
		"http://mail.example":                  false,
		"smtp://":                              false,
		"smtp://user:secret@mail.example:port": false,
		"smtp://user:secret@mail.example/path": false,
		"mail.example":                         false,
		"smtp://user:sec%zzret@mail.example":   false,
	} {
		_, err := NewServer(raw, "site@rio.example", base)
		if (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "sec%zz")) {
			t.Errorf("the password stands in %q", err)
		}
	}
	if _, err := NewServer("smtps://mail.example", "no address", base); err == nil {
		t.Error("mails come from no address")
	}
}
