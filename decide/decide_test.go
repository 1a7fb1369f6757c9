package decide

import (
	"path/filepath"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
	"translocal/place"
)

type group struct {
	*Decisions
	places  *place.Places
	log     *act.Log
	place   *place.Place
	keeper  place.Viewer
	members []place.Viewer
}

// newGroup is a place with a keeper and three members on a node of its own.
func newGroup(t testing.TB) *group {
	t.Helper()
	dir, ctx := t.TempDir(), t.Context()
	d := dbtest.Open(t)
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	l := act.NewLog(d, keys, place.Vocabulary(), Vocabulary())
	t.Cleanup(func() { l.Close() })
	g := &group{Decisions: New(l), places: place.New(l, "http://rio.test"), log: l}
	link, err := g.places.SetupLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if g.place, g.keeper, err = g.places.Setup(ctx, link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Birch", "Cedar", "Dogwood"} {
		link, err := g.places.Invite(ctx, g.keeper, g.place.Stream, place.Member)
		if err != nil {
			t.Fatal(err)
		}
		_, v, err := g.places.ComeIn(ctx, place.Viewer{}, link, place.Newcomer{Name: name, Password: "a long password"})
		if err != nil {
			t.Fatal(err)
		}
		g.members = append(g.members, v)
	}
	return g
}

func (g *group) propose(t testing.TB, rule string, quorum int) *Proposal {
	t.Helper()
	p, err := g.Propose(t.Context(), g.members[0], g.place.Stream, Proposal{Title: "Bring the motion", Rule: rule, Quorum: quorum,
		Review:  time.Now().AddDate(0, 6, 0).Format(time.DateOnly),
		Version: act.Ref{URL: g.place.ID + "/version/" + act.NewToken(), Stream: g.place.Stream}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConsentWithAnObjectionIntegrated(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	p := g.propose(t, RuleConsent, 3)
	must(t, g.Say(ctx, g.members[1], p.ID, Question, "What does it cost?", false))
	if err := g.Say(ctx, g.members[1], p.ID, Agree, "", false); !fault.Is(err, fault.Invalid) {
		t.Error("a position in the first round:", err)
	}
	must(t, g.NextRound(ctx, g.members[0], p.ID))
	must(t, g.Say(ctx, g.members[2], p.ID, Reaction, "Good", false))
	must(t, g.NextRound(ctx, g.members[0], p.ID))
	must(t, g.Say(ctx, g.members[0], p.ID, Agree, "", false))
	must(t, g.Say(ctx, g.members[0], p.ID, Agree, "", false)) // twice is once
	must(t, g.Say(ctx, g.members[1], p.ID, Concern, "The date is tight", true))
	if err := g.Say(ctx, g.members[2], p.ID, Objection, " ", false); !fault.Is(err, fault.Invalid) {
		t.Error("an objection without a reason:", err)
	}
	must(t, g.Say(ctx, g.members[2], p.ID, Objection, "It leaves out the school", false))

	page, err := g.Read(ctx, g.members[0], p.ID)
	must(t, err)
	if page.Count != (Count{Agree: 2, Concerns: 1, Objections: 1}) {
		t.Fatalf("%+v", page.Count)
	}
	var objection, concern string
	for _, v := range page.Voices {
		switch v.Kind {
		case Objection:
			objection = v.ID
		case Concern:
			concern = v.ID
		}
	}
	if err := g.Integrate(ctx, g.members[0], p.ID, objection); !fault.Is(err, fault.Forbidden) {
		t.Error("somebody else took an objection back:", err)
	}
	must(t, g.Integrate(ctx, g.members[2], p.ID, objection))
	if _, err := g.Close(ctx, g.members[0], p.ID, Release{}); !fault.Is(err, fault.Forbidden) {
		t.Error("a member closed it:", err)
	}
	if _, err := g.Close(ctx, g.keeper, p.ID, Release{Counts: true}); !fault.Is(err, fault.Invalid) {
		t.Error("the split of a small group was published:", err)
	}
	if _, err := g.Close(ctx, g.keeper, p.ID, Release{Voices: []string{objection}}); !fault.Is(err, fault.Invalid) {
		t.Error("released what its author did not allow:", err)
	}
	out, err := g.Close(ctx, g.keeper, p.ID, Release{Note: "We bring it.", Voices: []string{concern}})
	must(t, err)
	got, err := g.Outcome(ctx, out.ID)
	must(t, err)
	if got.Result != Bring || got.Counts != nil || got.Note != "We bring it." || len(got.Concerns) != 1 || got.Title != "Bring the motion" {
		t.Fatalf("%+v", got)
	}
	if err := g.Say(ctx, g.members[0], p.ID, Agree, "", false); !fault.Is(err, fault.Conflict) {
		t.Error("said after the close:", err)
	}
	rebuilt(t, g.log)
}

// rebuilt replays every stream elsewhere and compares the public tables.
func rebuilt(t testing.TB, l *act.Log) {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "r.db"), db.Options{Relaxed: true})
	must(t, err)
	defer d.Close()
	into := act.NewLog(d, nil, place.Vocabulary(), Vocabulary())
	defer into.Close()
	must(t, l.Rebuild(t.Context(), into, uint64(time.Now().UnixNano()), nil))
	diff, err := act.Compare(t.Context(), l.DB(), d, l.Tables())
	must(t, err)
	if len(diff) > 0 {
		t.Fatalf("%+v", diff)
	}
}

func TestMajorityWithARoom(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	p := g.propose(t, RuleMajority, 10)
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	if _, err := g.Close(ctx, g.keeper, p.ID, Release{}); !fault.Is(err, fault.Conflict) {
		t.Error("closed without a quorum:", err)
	}
	for _, bad := range []Room{{Present: 0}, {Present: 20, Agree: 12}, {Present: -1, Agree: -1}, {Present: 2, Agree: 1, Objections: []string{""}}, {Present: 1, Agree: 1, Concerns: []string{"a", "b"}}} {
		if err := g.EnterRoom(ctx, g.keeper, p.ID, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	must(t, g.EnterRoom(ctx, g.keeper, p.ID, Room{Present: 5, Agree: 5}))
	must(t, g.EnterRoom(ctx, g.keeper, p.ID, Room{Present: 20, Agree: 12, Abstain: 6, Concerns: []string{"costs"}, Objections: []string{"too soon", "too late"}}))
	must(t, g.Say(ctx, g.members[1], p.ID, Objection, "no", false))
	out, err := g.Close(ctx, g.keeper, p.ID, Release{Counts: true})
	must(t, err)
	got, err := g.Outcome(ctx, out.ID)
	must(t, err)
	if got.Result != Bring || got.Counts == nil || *got.Counts != (Count{Agree: 12, Abstain: 6, Concerns: 1, Objections: 3}) {
		t.Fatalf("%+v %+v", got, got.Counts)
	}
	rebuilt(t, g.log)
}

func TestConsentIsRefusedByOneObjectionAndWhoLeftDoesNotCount(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	p := g.propose(t, RuleConsent, 1)
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.Say(ctx, g.members[0], p.ID, Agree, "", false))
	must(t, g.Say(ctx, g.members[1], p.ID, Objection, "no", false))
	must(t, g.Say(ctx, g.members[2], p.ID, Objection, "no", false))
	must(t, g.places.Leave(ctx, g.members[2], g.place.Stream))
	if _, err := g.Read(ctx, g.members[2], p.ID); !fault.Is(err, fault.Forbidden) {
		t.Error("who left still reads:", err)
	}
	out, err := g.Close(ctx, g.keeper, p.ID, Release{})
	must(t, err)
	if out.Result != No {
		t.Fatal(out.Result)
	}
	page, err := g.Read(ctx, g.keeper, p.ID)
	must(t, err)
	if page.Count.Objections != 1 || page.State != Decided {
		t.Fatalf("%+v", page.Count)
	}
}

func TestProposeBadInput(t *testing.T) {
	g := newGroup(t)
	_, err := g.Propose(t.Context(), g.members[0], g.place.Stream, Proposal{Title: "", Why: "a\u202e", Rule: "lot", Quorum: 0, Review: "2001-01-01"})
	var n int
	if f, ok := err.(*fault.Error); ok {
		n = len(f.Fields)
	}
	if n != 6 {
		t.Fatalf("%d fields: %v", n, err)
	}
	if _, err := g.Propose(t.Context(), place.Viewer{}, g.place.Stream, Proposal{Title: "x", Rule: RuleConsent, Quorum: 1, Review: "2999-01-01",
		Version: act.Ref{URL: "http://x.test/v", Stream: g.place.Stream}}); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
}
