package meeting

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
	"translocal/place"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// group is a place with a keeper and members, and a clock that is set by hand.
type group struct {
	*Meetings
	t      testing.TB
	places *place.Places
	stream act.Fingerprint
	keeper place.Viewer
	clock  time.Time
}

func newGroup(t testing.TB) *group {
	t.Helper()
	keys, err := act.OpenKeyring(filepath.Join(t.TempDir(), "secret"))
	must(t, err)
	l := act.NewLog(dbtest.Open(t), keys, place.Vocabulary())
	t.Cleanup(func() { l.Close() })
	g := &group{Meetings: New(l), t: t, places: place.New(l, "https://rio.example"), clock: time.Date(2030, 2, 27, 12, 0, 0, 0, time.UTC)}
	g.now = func() time.Time { return g.clock }
	link, err := g.places.SetupLink(t.Context())
	must(t, err)
	p, keeper, err := g.places.Setup(t.Context(), link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro")
	must(t, err)
	g.stream, g.keeper = p.Stream, keeper
	return g
}

// join lets somebody in, or somebody who left in again.
func (g *group) join(v place.Viewer, name string) place.Viewer {
	g.t.Helper()
	link, err := g.places.Invite(g.t.Context(), g.keeper, g.stream, place.Member)
	must(g.t, err)
	_, v, err = g.places.ComeIn(g.t.Context(), v, link, place.Newcomer{Name: name, Password: "a long password"})
	must(g.t, err)
	return v
}

func typed() Meeting {
	return Meeting{Title: "Assembly", Day: "2030-03-01", Begins: "18:00", Ends: "20:00", Zone: "America/Bogota", Venue: "Hall"}
}

func (g *group) plan() string {
	g.t.Helper()
	id, err := g.Plan(g.t.Context(), g.keeper, g.stream, typed())
	must(g.t, err)
	return id
}

func (g *group) read(id string) *Meeting {
	g.t.Helper()
	m, err := g.Read(g.t.Context(), g.keeper, g.stream, id)
	must(g.t, err)
	return m
}

// atOnce runs what several do at the same time, and tells how many of them were
// told that it was done; the others must have heard that somebody was first.
func (g *group) atOnce(do ...func(context.Context) error) (done int) {
	g.t.Helper()
	errs := make([]error, len(do))
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i, f := range do {
		all.Go(func() { <-begin; errs[i] = f(g.t.Context()) })
	}
	close(begin)
	all.Wait()
	for _, err := range errs {
		if err == nil {
			done++
		} else if !fault.Is(err, fault.Conflict) {
			g.t.Fatal(err)
		}
	}
	return done
}

const rounds = 15

// Of two who say a meeting anew at the same time, one is told that the other did:
// nothing that somebody was told is saved is lost.
func TestNoChangeIsLost(t *testing.T) {
	g := newGroup(t)
	for range rounds {
		id := g.plan()
		change := func(title string) func(context.Context) error {
			m := typed()
			m.ID, m.Rev, m.Title = id, 1, title
			return func(ctx context.Context) error { return g.Change(ctx, g.keeper, g.stream, m) }
		}
		note := func(text string) func(context.Context) error {
			return func(ctx context.Context) error { return g.Note(ctx, g.keeper, g.stream, id, 1, text) }
		}
		if k := g.atOnce(change("One"), note("Two"), change("Three"), note("Four")); k != 1 {
			t.Fatalf("%d of four were saved over one another", k)
		}
		if m := g.read(id); m.Rev != 2 || (m.Title == "Assembly") == (m.Note == "") {
			t.Fatalf("%+v", m)
		}
	}
}

// A member changes what no stranger sees. When a keeper makes it public at the
// same time, what everybody reads is not what a member wrote after that.
func TestWhatBecamePublicIsForKeepers(t *testing.T) {
	g := newGroup(t)
	cedar := g.join(place.Viewer{}, "Cedar")
	for range rounds {
		id := g.plan()
		k := g.atOnce(
			func(ctx context.Context) error { return g.Show(ctx, g.keeper, g.stream, id, Showing{Public: true}) },
			func(ctx context.Context) error {
				if err := g.CallOff(ctx, cedar, g.stream, id, true); !fault.Is(err, fault.Forbidden) {
					return err
				}
				return fault.New(fault.Conflict, "meeting.fault.changed")
			})
		if m := g.read(id); m.Rev != 1+k {
			t.Fatalf("%d were told that it was saved, and it was %d times: %+v", k, m.Rev-1, m)
		}
	}
	// What a member was about to write when it became public writes nothing.
	id := g.plan()
	must(t, g.Show(t.Context(), g.keeper, g.stream, id, Showing{Public: true}))
	for what, s := range map[string]func(*db.Tx) (int64, error){
		"called off": func(tx *db.Tx) (int64, error) { return setOff.Run(t.Context(), tx, id, 1, true) },
		"hidden":     func(tx *db.Tx) (int64, error) { return setPublic.Run(t.Context(), tx, id, 1, false, false, false) },
	} {
		err := g.db.Write(t.Context(), func(tx *db.Tx) error { return unchanged(s(tx)) })
		if m := g.read(id); !fault.Is(err, fault.Conflict) || m.Rev != 2 || !m.Public || m.CalledOff {
			t.Errorf("%s: %v, %+v", what, err, m)
		}
	}
}

// Of those who take a role at the same time one has it; the others hear who.
func TestARoleIsTakenByOne(t *testing.T) {
	g := newGroup(t)
	people := []place.Viewer{g.keeper, g.join(place.Viewer{}, "Birch"), g.join(place.Viewer{}, "Cedar"), g.join(place.Viewer{}, "Dogwood")}
	for range rounds {
		id := g.plan()
		var takes []func(context.Context) error
		got := make(chan string, len(people))
		for _, v := range people {
			takes = append(takes, func(ctx context.Context) error {
				err := g.Take(ctx, v, g.stream, id, "scribe", true)
				if err == nil {
					got <- v.Person
				}
				return err
			})
		}
		if k := g.atOnce(takes...); k != 1 {
			t.Fatalf("%d were told that they have the role", k)
		}
		if who := <-got; g.read(id).Taker("scribe").Person != who {
			t.Fatal("somebody else has the role")
		}
	}
}

// A role whose holder left is free; one that its holder took twice is theirs.
func TestARoleOfWhoLeftIsFree(t *testing.T) {
	g := newGroup(t)
	ctx, id, cedar := t.Context(), g.plan(), g.join(place.Viewer{}, "Cedar")
	must(t, g.Take(ctx, cedar, g.stream, id, "scribe", true))
	must(t, g.Take(ctx, cedar, g.stream, id, "scribe", true))
	if err := g.Take(ctx, g.keeper, g.stream, id, "scribe", true); !fault.Is(err, fault.Conflict) {
		t.Error("a role that is taken is taken again:", err)
	}
	must(t, g.places.Leave(ctx, cedar, g.stream))
	must(t, g.Take(ctx, g.keeper, g.stream, id, "scribe", true))
	if got := g.read(id).Taker("scribe").Person; got != g.keeper.Person {
		t.Error("the role is of", got)
	}
}

// A program that holds a token makes no address that would outlive it.
func TestATokenMakesNoAddress(t *testing.T) {
	g := newGroup(t)
	program := g.keeper
	program.Token = "token"
	if _, _, err := g.CalendarLink(t.Context(), program, g.stream); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	secret, expires, err := g.CalendarLink(t.Context(), g.keeper, g.stream)
	must(t, err)
	path := func(act.Fingerprint, string) string { return "x" }
	if _, err := g.Calendar(t.Context(), secret, path); err != nil {
		t.Error(err)
	}
	g.clock = expires
	if _, err := g.Calendar(t.Context(), secret, path); !fault.Is(err, fault.NotFound) {
		t.Error("an address that is too late opens the calendar:", err)
	}
}

// Strangers see no way to a proposal, whatever they ask with.
func TestStrangersSeeNoProposal(t *testing.T) {
	g := newGroup(t)
	m := typed()
	m.Agenda = []Item{{Title: "Vote", About: "https://rio.example/p/rio/proposal/abc"}, {Title: "Hidden", About: "https://rio.example/p/rio/%70roposal/abc"},
		{Title: "Read", About: "https://rio.example/p/rio/blueprint/abc"}}
	id, err := g.Plan(t.Context(), g.keeper, g.stream, m)
	must(t, err)
	must(t, g.Show(t.Context(), g.keeper, g.stream, id, Showing{Public: true, Link: true, Note: true}))
	read, err := g.Read(t.Context(), place.Viewer{}, g.stream, id)
	must(t, err)
	list, err := g.List(t.Context(), place.Viewer{}, g.stream, false)
	must(t, err)
	for _, m := range append(list, read) {
		if a := m.Agenda; len(a) != 3 || a[0].About != "" || a[1].About != "" || a[2].About == "" {
			t.Errorf("%+v", a)
		}
	}
	if m := g.read(id); m.Agenda[0].About == "" {
		t.Error("members don't see it either")
	}
}

// The clocks of Madrid go from 2:00 to 3:00 in the morning of 2030-03-31.
func TestAnHourThatClocksLeaveOut(t *testing.T) {
	for _, c := range []struct{ day, begins, ends, field string }{
		{"2030-03-31", "02:30", "05:00", "begins"}, {"2030-03-31", "01:00", "02:30", "ends"}, {"2030-03-30", "23:00", "02:30", "ends"},
		{"2030-03-31", "01:00", "03:30", ""}, {"2030-03-30", "01:00", "02:30", ""},
	} {
		m := typed()
		m.Zone, m.Day, m.Begins, m.Ends = "Europe/Madrid", c.day, c.begins, c.ends
		err := m.clean()
		if c.field == "" && err != nil || c.field != "" && !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
		if got := fields(err); c.field != "" && got != c.field {
			t.Errorf("%+v: at %s", c, got)
		}
	}
}

// fields names what is at fault.
func fields(err error) (list string) {
	if e, ok := err.(*fault.Error); ok {
		for _, f := range e.Fields {
			list += fmt.Sprint(f.Name)
		}
	}
	return list
}

// Those with a role are told of a meeting that comes, as long as it is held and
// they belong.
func TestComing(t *testing.T) {
	g := newGroup(t)
	ctx, id, cedar := t.Context(), g.plan(), g.join(place.Viewer{}, "Cedar")
	who := func() string {
		t.Helper()
		list, err := g.Coming(ctx, 9)
		must(t, err)
		if len(list) == 0 {
			return "nobody"
		}
		if len(list) != 1 || list[0].ID != id || list[0].Day != "2030-03-01" || list[0].Stream != g.stream || list[0].Place == "" {
			t.Fatalf("%+v", list)
		}
		return fmt.Sprint(list[0].People)
	}
	if got := who(); got != "nobody" {
		t.Error("without a role:", got)
	}
	for _, role := range []string{"scribe", "welcome"} {
		must(t, g.Take(ctx, cedar, g.stream, id, role, true))
	}
	if got := who(); got != fmt.Sprint([]string{cedar.Person}) {
		t.Error(got)
	}
	must(t, g.CallOff(ctx, g.keeper, g.stream, id, true))
	if got := who(); got != "nobody" {
		t.Error("called off:", got)
	}
	must(t, g.CallOff(ctx, g.keeper, g.stream, id, false))
	for _, at := range []time.Time{g.clock.AddDate(0, 0, -8), g.clock.AddDate(0, 0, 8)} {
		now := g.clock
		if g.clock = at; who() != "nobody" {
			t.Error("on", at)
		}
		g.clock = now
	}
	must(t, g.places.Leave(ctx, cedar, g.stream))
	if got := who(); got != "nobody" {
		t.Error("after leaving:", got)
	}
}
