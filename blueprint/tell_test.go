package blueprint

import (
	"strings"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Somebody tells B of a clause of A's; B passes it on; A makes a warning of it, which names neither who told nor B.
func TestToldPassedOnAndWarned(t *testing.T) {
	s := newStory(t)
	ctx, a, b := t.Context(), s.a, s.b
	theirs, err := b.b.Find(ctx, place.Viewer{}, s.source.ID)
	if err != nil {
		t.Fatal(err)
	}
	id := theirs.Clauses[0].ID
	tale := Tale{About: "The call", Text: "The court struck it down.", Where: "Sierra", Happened: "2021-03", Cited: "Ruling 7", Contact: "at the market"}
	if err := b.b.Tell(ctx, place.Viewer{}, NewTale{Place: b.place.Stream, Version: s.source.ID, Clause: id, Tale: tale}); err != nil {
		t.Fatal(err)
	}
	list, err := b.b.ToldTo(ctx, b.keeper, b.place.Stream)
	if err != nil || len(list) != 1 || list[0].Tale != tale || !list[0].Elsewhere() {
		t.Fatalf("%+v %v", list, err)
	}
	if _, err := b.b.ToldTo(ctx, place.Viewer{}, b.place.Stream); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
	if err := b.b.PassOn(ctx, b.keeper, b.place.Stream, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := b.b.PassOn(ctx, b.keeper, b.place.Stream, list[0].ID); !fault.Is(err, fault.NotFound) {
		t.Error("passed on twice:", err)
	}
	b.deliver(a)
	got, err := a.b.ToldTo(ctx, a.keeper, a.place.Stream)
	tale.Contact = ""
	if err != nil || len(got) != 1 || got[0].Tale != tale || got[0].From != b.place.ID || got[0].Clause != id || got[0].Elsewhere() {
		t.Fatalf("%+v %v", got, err)
	}
	if err := a.b.PassOn(ctx, a.keeper, a.place.Stream, got[0].ID); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	w := NewWarning{Place: a.place.Stream, Version: s.source, Clause: id, Kind: "struck-down", Text: tale.Text, Cited: tale.Cited, Told: got[0].ID}
	if _, err := a.b.Warn(ctx, a.keeper, w); err != nil {
		t.Fatal(err)
	}
	if _, err := a.b.Warn(ctx, a.keeper, w); !fault.Is(err, fault.NotFound) {
		t.Error("one tale, two warnings:", err)
	}
	if list, err := a.b.WarningsOn(ctx, place.Viewer{}, id); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
	// B's node hears that it was read, and stops asking.
	a.deliver(b)
	out, err := act.SubmissionsOut(ctx, b.log.DB(), b.place.Stream, 10)
	if err != nil || len(out) != 1 || out[0].Type != PassOnType || out[0].State != act.Answered {
		t.Errorf("%+v %v", out, err)
	}
}

func TestTellRefuses(t *testing.T) {
	n := openNode(t, "Rio")
	ctx := t.Context()
	k := n.publish(sampleText(), VersionKey{})
	good := func() NewTale {
		return NewTale{Place: n.place.Stream, Tale: Tale{About: "A clause", Text: "It was never paid for."}}
	}
	for name, c := range map[string]struct {
		spoil func(*NewTale)
		field string
	}{
		"nothing":         {func(x *NewTale) { x.Text = " " }, "text"},
		"about nothing":   {func(x *NewTale) { x.About = "" }, "about"},
		"too long":        {func(x *NewTale) { x.Text = strings.Repeat("x", MaxReason+1) }, "text"},
		"lines":           {func(x *NewTale) { x.Contact = "a\nb" }, "contact"},
		"no date":         {func(x *NewTale) { x.Happened = "yesterday" }, "happened"},
		"no place":        {func(x *NewTale) { x.Place = "" }, "place"},
		"other place":     {func(x *NewTale) { x.Place = act.Fingerprint(strings.Repeat("ab", 32)) }, "place"},
		"no id":           {func(x *NewTale) { x.Clause = "../x" }, "clause"},
		"not its clause":  {func(x *NewTale) { x.Version, x.Clause = k.ID, act.NewToken() }, "clause"},
		"hostile letters": {func(x *NewTale) { x.Where = "a\x00b" }, "where"},
	} {
		x := good()
		c.spoil(&x)
		err := n.b.Tell(ctx, place.Viewer{}, x)
		if !hasField(err, c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := n.b.ToldTo(ctx, n.keeper, n.place.Stream); err != nil || len(list) != 0 {
		t.Error("something was kept:", list, err)
	}
	for range MaxTold {
		if err := n.b.Tell(ctx, place.Viewer{}, good()); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.b.Tell(ctx, place.Viewer{}, good()); !fault.Is(err, fault.TooMany) {
		t.Error(err)
	}
	// After half a year there is room again, and nothing of it is left.
	at := n.b.now().Add(ToldLasts + time.Hour)
	n.b.now = func() time.Time { return at }
	if list, err := n.b.ToldTo(ctx, n.keeper, n.place.Stream); err != nil || len(list) != 0 {
		t.Error(len(list), err)
	}
	if err := n.b.Tell(ctx, place.Viewer{}, good()); err != nil {
		t.Error(err)
	}
}

// Two keepers who deal with one thing at once: it goes on once.
func TestToldIsPassedOnOnce(t *testing.T) {
	s := newStory(t)
	ctx, b := t.Context(), s.b
	theirs := must[*Version](t)(b.b.Find(ctx, place.Viewer{}, s.source.ID))
	for round := range 10 {
		n := NewTale{Place: b.place.Stream, Version: s.source.ID, Clause: theirs.Clauses[0].ID, Tale: Tale{About: "The call", Text: "It was struck down."}}
		if err := b.b.Tell(ctx, place.Viewer{}, n); err != nil {
			t.Fatal(err)
		}
		list := must[[]Told](t)(b.b.ToldTo(ctx, b.keeper, b.place.Stream))
		errs := make([]error, 4)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() { errs[i] = b.b.PassOn(ctx, b.keeper, b.place.Stream, list[0].ID) })
		}
		wait.Wait()
		for _, err := range errs {
			if err != nil && !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
		out, err := act.SubmissionsOut(ctx, b.log.DB(), b.place.Stream, 100)
		if err != nil || len(out) != round+1 {
			t.Fatalf("%d went out of %d: %v", len(out), round+1, err)
		}
	}
}

var allTold = db.Rows[int64](`select count(*) from blueprint_told`)

// What waited for half a year can't be read or dealt with any more, takes no room, and is deleted whether or not somebody tells again.
func TestToldLapses(t *testing.T) {
	s := newStory(t)
	ctx, a, b := t.Context(), s.a, s.b
	theirs := must[*Version](t)(b.b.Find(ctx, place.Viewer{}, s.source.ID))
	kept := func(n *node) int64 { return must[int64](t)(allTold.One(ctx, n.log.DB())) }
	tell := func(n *node) {
		t.Helper()
		x := NewTale{Place: n.place.Stream, Version: s.source.ID, Clause: theirs.Clauses[0].ID, Tale: Tale{About: "The call", Text: "It was struck down.", Contact: "at the market"}}
		if err := n.b.Tell(ctx, place.Viewer{}, x); err != nil {
			t.Fatal(err)
		}
	}
	at := func(n *node, d time.Duration) {
		then := time.Now().Add(d)
		n.b.now = func() time.Time { return then }
	}
	at(a, -ToldLasts-time.Hour)
	tell(a)
	old := must[[]Told](t)(a.b.ToldTo(ctx, a.keeper, a.place.Stream))[0].ID
	at(a, 0)
	if _, err := a.b.ReadTold(ctx, a.keeper, a.place.Stream, old); !fault.Is(err, fault.NotFound) {
		t.Error("read:", err)
	}
	if err := a.b.Dismiss(ctx, a.keeper, a.place.Stream, old); !fault.Is(err, fault.NotFound) {
		t.Error("dismissed:", err)
	}
	w := NewWarning{Place: a.place.Stream, Version: s.source, Clause: theirs.Clauses[0].ID, Kind: "struck-down", Text: "Gone", Cited: "Ruling 7", Told: old}
	if _, err := a.b.Warn(ctx, a.keeper, w); !fault.Is(err, fault.NotFound) {
		t.Error("made a warning:", err)
	}
	// What another place passes on makes it go.
	tell(b)
	if err := b.b.PassOn(ctx, b.keeper, b.place.Stream, must[[]Told](t)(b.b.ToldTo(ctx, b.keeper, b.place.Stream))[0].ID); err != nil {
		t.Fatal(err)
	}
	if b.deliver(a); kept(a) != 1 {
		t.Errorf("%d are kept", kept(a))
	}
	// And so does the day.
	if err := a.b.DropTold(ctx); err != nil || kept(a) != 1 {
		t.Error(err, kept(a))
	}
	at(a, ToldLasts+time.Hour)
	if err := a.b.DropTold(ctx); err != nil || kept(a) != 0 {
		t.Error(err, kept(a))
	}
}
