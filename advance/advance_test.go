package advance

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
	"translocal/place"
)

// In place of the capability decide, whose acts these tests only refer to.
type outcome struct {
	ID      string  `json:"id"`
	Version act.Ref `json:"version"`
	Result  string  `json:"result"`
}

var insertOutcome = db.Exec(`insert into outcome (stream, id, proposal, version_url, version_stream, version_act, result, rule, decided, review, counts, released, idx)
	values ($1, $2, '', $3, $4, $5, $6, '', 0, '', '{}', '[]', $7)`)

var outcomes = act.Vocabulary{Types: []act.Type{act.Define("test.Outcome.v1", func(*act.Act, *outcome) error { return nil },
	func(ctx context.Context, tx *db.Tx, a *act.Act, o *outcome) error {
		_, err := insertOutcome.Run(ctx, tx, a.Stream, o.ID, o.Version.URL, o.Version.Stream, o.Version.Act, o.Result, a.Index)
		return err
	})}, Tables: []act.Table{{Name: "outcome", Key: []string{"stream", "id"}}}}

type group struct {
	*Advances
	log     *act.Log
	places  *place.Places
	place   *place.Place
	keeper  place.Viewer
	outcome string
	version act.Ref
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newGroup(t testing.TB, result string) *group {
	t.Helper()
	dir, ctx := t.TempDir(), t.Context()
	d := dbtest.Open(t)
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	must(t, err)
	l := act.NewLog(d, keys, place.Vocabulary(), Vocabulary(), outcomes)
	t.Cleanup(func() { l.Close() })
	g := &group{Advances: New(l), log: l, places: place.New(l, "http://rio.test")}
	link, err := g.places.SetupLink(ctx)
	must(t, err)
	g.place, g.keeper, err = g.places.Setup(ctx, link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro")
	must(t, err)
	g.outcome = act.NewID(g.place.ID, "outcome")
	g.version = act.Ref{URL: act.NewID(g.place.ID, "version"), Stream: g.place.Stream}
	_, err = l.Commit(ctx, g.place.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: "test.Outcome.v1", Object: outcome{g.outcome, g.version, result}}}, nil
	})
	must(t, err)
	return g
}

func (g *group) bring(t testing.TB) *Bringing {
	t.Helper()
	a, err := g.NameAuthority(t.Context(), g.keeper, g.place.Stream, "Town council", "council")
	must(t, err)
	b, err := g.Bring(t.Context(), g.keeper, g.place.Stream, g.outcome, a.ID)
	must(t, err)
	return b
}

func TestFromTheDecisionToWhatHappenedSince(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	b := g.bring(t)
	deed := Deed{Kind: "referral", Day: "2026-03-02", Legal: "referred", Reason: "To the committee"}
	must(t, g.RecordDeed(ctx, g.keeper, g.place.Stream, b.ID, deed))
	if err := g.SetStatus(ctx, g.keeper, g.place.Stream, b.ID, Change{Lifecycle: Delivery, Status: "promised", Day: "2026-03-03", Source: "minutes", Reason: "They said so"}); !fault.Is(err, fault.Invalid) {
		t.Error("delivery before anything was taken on:", err)
	}
	must(t, g.RecordDeed(ctx, g.keeper, g.place.Stream, b.ID, Deed{Kind: "motion", Number: "12/2026", Day: "2026-04-01", Legal: "adopted",
		Votes: &Votes{7, 2, 1}, Link: "https://council.test/12", Amended: g.version.URL + "x", Reason: "Passed with one clause changed"}))
	if err := g.RecordDeed(ctx, g.keeper, g.place.Stream, b.ID, deed); !fault.Is(err, fault.Invalid) {
		t.Error("referred after it was adopted:", err)
	}
	for _, s := range []string{"promised", "stalled", "done_claimed", "done_confirmed"} {
		must(t, g.SetStatus(ctx, g.keeper, g.place.Stream, b.ID, Change{Lifecycle: Delivery, Status: s, Day: "2026-06-01", Source: "https://news.test", Reason: "Seen"}))
	}
	list, err := g.About(ctx, g.version.URL)
	must(t, err)
	if len(list) != 1 || list[0].Legal != "adopted" || list[0].Delivery != "done_confirmed" || len(list[0].Deeds) != 2 || len(list[0].Changes) != 6 || list[0].Place != "Rio Claro" {
		t.Fatalf("%+v", list)
	}
	if d, c := list[0].Deeds[0], list[0].Changes[5]; d.Recorded < list[0].Brought || c.Recorded < d.Recorded {
		t.Errorf("recorded at %d and %d, brought at %d", d.Recorded, c.Recorded, list[0].Brought)
	}
	if d := list[0].Deeds[1]; d.Votes == nil || *d.Votes != (Votes{7, 2, 1}) || d.Reason == "" || d.Number != "12/2026" {
		t.Fatalf("%+v", d)
	}
	d2, err := db.Open(ctx, filepath.Join(t.TempDir(), "r.db"), db.Options{Relaxed: true})
	must(t, err)
	defer d2.Close()
	into := act.NewLog(d2, nil, place.Vocabulary(), Vocabulary(), outcomes)
	defer into.Close()
	must(t, g.log.Rebuild(ctx, into, 7, nil))
	diff, err := act.Compare(ctx, g.log.DB(), d2, g.log.Tables())
	if err != nil || len(diff) > 0 {
		t.Fatal(err, diff)
	}
}

func TestOnlyWhatWasDecidedIsBrought(t *testing.T) {
	g, ctx := newGroup(t, "no"), t.Context()
	if _, err := g.BringToNew(ctx, g.keeper, g.place.Stream, g.outcome, "Board", "board"); !fault.Is(err, fault.Invalid) {
		t.Error("brought what was not agreed:", err)
	}
	if list, err := g.Authorities(ctx, g.place.Stream); err != nil || len(list) != 0 {
		t.Error("an authority stayed of a command that was refused:", list, err)
	}
	a, err := g.NameAuthority(ctx, g.keeper, g.place.Stream, "Assembly", "assembly")
	must(t, err)
	if _, err := g.Bring(ctx, g.keeper, g.place.Stream, g.outcome, a.ID); !fault.Is(err, fault.Invalid) {
		t.Error("brought what was not agreed:", err)
	}
	if _, err := g.NameAuthority(ctx, place.Viewer{}, g.place.Stream, "x", "council"); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
}

func TestBringToNew(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	b, err := g.BringToNew(ctx, g.keeper, g.place.Stream, g.outcome, "Board", "board")
	must(t, err)
	got, err := g.ByID(ctx, b.ID)
	must(t, err)
	if got.Authority.Name != "Board" || got.Legal != "tabled" {
		t.Fatalf("%+v", got)
	}
}

func TestBadInputByField(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	b := g.bring(t)
	fields := func(err error) int {
		if f, ok := err.(*fault.Error); ok {
			return len(f.Fields)
		}
		return -1
	}
	if n := fields(g.RecordDeed(ctx, g.keeper, g.place.Stream, b.ID, Deed{Kind: "x", Number: strings.Repeat("1", 200), Day: "yesterday",
		Votes: &Votes{-1, 0, 0}, Link: "javascript:alert(1)", Legal: "x", Amended: "x", Reason: ""})); n != 8 {
		t.Error(n)
	}
	if n := fields(g.SetStatus(ctx, g.keeper, g.place.Stream, b.ID, Change{Lifecycle: "x", Status: "y", Day: "z"})); n != 4 {
		t.Error(n)
	}
	if n := fields(g.PutTask(ctx, g.keeper, b.ID, Task{Title: "", Before: 9999, Keepers: [2]string{"a", "a"}})); n != 3 {
		t.Error(n)
	}
	if n := fields(g.SetMeeting(ctx, g.keeper, b.ID, "2026-02-30", -1)); n != 2 {
		t.Error(n)
	}
}

func TestPlanCountsBackAndCalendarFolds(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	b := g.bring(t)
	must(t, g.PutTask(ctx, g.keeper, b.ID, Task{Title: "Write to the clerk, " + strings.Repeat("año ", 30), Before: 3, Keepers: [2]string{g.keeper.Person, ""}}))
	must(t, g.PutTask(ctx, g.keeper, b.ID, Task{Title: "Print", Before: 10}))
	if err := g.PutTask(ctx, g.keeper, b.ID, Task{Title: "x", Keepers: [2]string{"stranger", ""}}); !fault.Is(err, fault.Invalid) {
		t.Error("a task for somebody who is no member:", err)
	}
	must(t, g.SetMeeting(ctx, g.keeper, b.ID, "2027-03-01", 7))
	p, err := g.Plan(ctx, g.keeper, b.ID)
	must(t, err)
	if p.Closes != "2027-02-22" || len(p.Tasks) != 2 || p.Tasks[0].Day != "2027-02-12" || p.Tasks[1].Day != "2027-02-19" || !p.Tasks[1].Alone() {
		t.Fatalf("%+v", p)
	}
	must(t, g.Done(ctx, g.keeper, b.ID, p.Tasks[0].ID, true))
	secret, _, err := g.CalendarLink(ctx, g.keeper, g.place.Stream)
	must(t, err)
	text, err := g.Calendar(ctx, secret, func(a string) Words { return Words{a + " meets", a + " closes"} })
	must(t, err)
	for _, line := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 {
			t.Errorf("%d octets: %s", len(line), line)
		}
	}
	if strings.Count(text, "BEGIN:VEVENT") != 3 || strings.Contains(text, "Print") || !strings.Contains(text, "DTSTART;VALUE=DATE:20270219") || !strings.Contains(text, `clerk\,`) {
		t.Fatal(text)
	}
	if _, err := g.Plan(ctx, place.Viewer{}, b.ID); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
	if _, err := g.Calendar(ctx, "guess", nil); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// A secret address ends with the membership under which it was made, and after a
// year; a program that holds a token makes none.
func TestACalendarAddressEnds(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	birch := g.join(t, place.Viewer{}, "Birch")
	program := birch
	program.Token = "token"
	if _, _, err := g.CalendarLink(ctx, program, g.place.Stream); !fault.Is(err, fault.Forbidden) {
		t.Error("a program made one:", err)
	}
	opens := func(secret string) bool {
		t.Helper()
		_, err := g.Calendar(ctx, secret, nil)
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	old, _, err := g.CalendarLink(ctx, birch, g.place.Stream)
	must(t, err)
	secret, expires, err := g.CalendarLink(ctx, birch, g.place.Stream)
	must(t, err)
	if opens(old) || !opens(secret) {
		t.Error("the new one does not open, or the old one does")
	}
	now := g.now
	g.now = func() time.Time { return expires }
	if opens(secret) {
		t.Error("it opens after its end")
	}
	g.now = now
	must(t, g.places.Leave(ctx, birch, g.place.Stream))
	if opens(secret) {
		t.Error("it opens for who left")
	}
	g.join(t, birch, "Birch")
	if opens(secret) {
		t.Error("it opens again for who came back")
	}
}

// join lets somebody in, or somebody who left in again.
func (g *group) join(t testing.TB, v place.Viewer, name string) place.Viewer {
	t.Helper()
	link, err := g.places.Invite(t.Context(), g.keeper, g.place.Stream, place.Member)
	must(t, err)
	_, v, err = g.places.ComeIn(t.Context(), v, link, place.Newcomer{Name: name, Password: "a long password"})
	must(t, err)
	return v
}

// What happened has a day that has come: tomorrow still counts, for those who live where it began already.
func TestWhatHappenedIsNotInTheFuture(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	b := g.bring(t)
	g.now = func() time.Time { return time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC) }
	deed := Deed{Kind: "referral", Day: "2027-01-02", Legal: "referred", Reason: "To the committee"}
	step := Change{Lifecycle: Legal, Status: "adopted", Day: "2027-01-02", Source: "minutes", Reason: "Passed"}
	for name, err := range map[string]error{"deed": g.RecordDeed(ctx, g.keeper, g.place.Stream, b.ID, deed), "status": g.SetStatus(ctx, g.keeper, g.place.Stream, b.ID, step)} {
		f, ok := err.(*fault.Error)
		if !ok || len(f.Fields) != 1 || f.Fields[0].Name != "day" || f.Fields[0].Key != "advance.fault.later" {
			t.Errorf("a %s of the day after tomorrow: %v", name, err)
		}
	}
	deed.Day, step.Day = "2027-01-01", "2027-01-01"
	must(t, g.RecordDeed(ctx, g.keeper, g.place.Stream, b.ID, deed))
	must(t, g.SetStatus(ctx, g.keeper, g.place.Stream, b.ID, step))
}
