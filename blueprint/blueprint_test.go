package blueprint

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
	"translocal/place"
)

// node is one node of a test, with one place and its keeper.
type node struct {
	t      testing.TB
	log    *act.Log
	places *place.Places
	b      *Blueprints
	place  *place.Place
	keeper place.Viewer
}

func openLog(t testing.TB) *act.Log {
	t.Helper()
	d := dbtest.Open(t)
	keys, err := act.OpenKeyring(filepath.Join(t.TempDir(), "secret"))
	if err != nil {
		t.Fatal(err)
	}
	l := act.NewLog(d, keys, place.Vocabulary(), Vocabulary())
	t.Cleanup(l.Close)
	return l
}

func openNode(t testing.TB, name string) *node {
	t.Helper()
	l := openLog(t)
	n := &node{t: t, log: l, places: place.New(l, "http://"+strings.ToLower(name)+".test"), b: New(l)}
	link, err := n.places.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.place, n.keeper, err = n.places.Setup(t.Context(), link, place.Newcomer{Name: "Alder", Password: "a long password"}, name)
	if err != nil {
		t.Fatal(err)
	}
	// At the end of every journey the public tables are what the stream says.
	t.Cleanup(func() { n.rebuild() })
	return n
}

// join adds a person to the place.
func (n *node) join(name string, role place.Role) place.Viewer {
	n.t.Helper()
	link, err := n.places.Invite(n.t.Context(), n.keeper, n.place.Stream, role)
	if err != nil {
		n.t.Fatal(err)
	}
	_, v, err := n.places.ComeIn(n.t.Context(), place.Viewer{}, link, place.Newcomer{Name: name, Password: "a long password"})
	if err != nil {
		n.t.Fatal(err)
	}
	return v
}

// hear brings the acts of another node's place over.
func (n *node) hear(from *node) {
	n.t.Helper()
	ctx := context.Background()
	s, err := from.log.StreamOf(ctx, from.place.Stream)
	if err != nil {
		n.t.Fatal(err)
	}
	next := int64(0)
	if known, err := n.log.StreamOf(ctx, from.place.Stream); err == nil {
		next = known.Size
	}
	list, err := from.log.Entries(ctx, from.place.Stream, next, int(s.Size-next)+1)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := act.VerifyEntries(ctx, n.log.DB(), from.place.Stream, next, list); err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.log.Receive(ctx, from.place.Stream, list); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) rebuild() {
	n.t.Helper()
	ctx := context.Background() // the test's own has ended
	d, err := db.Open(ctx, filepath.Join(n.t.TempDir(), "rebuilt.db"), db.Options{Relaxed: true})
	if err != nil {
		n.t.Error(err)
		return
	}
	defer d.Close()
	into := act.NewLog(d, nil, place.Vocabulary(), Vocabulary())
	defer into.Close()
	if err := n.log.Rebuild(ctx, into, 7, nil); err != nil {
		n.t.Error(err)
		return
	}
	diff, err := act.Compare(ctx, n.log.DB(), d, n.log.Tables())
	if err != nil || len(diff) > 0 {
		n.t.Errorf("%s: rebuilt tables differ: %v %v", n.place.Name, diff, err)
	}
}

func newClause(heading, text string) Clause {
	return Clause{Wording: Wording{ID: act.NewToken(), Kind: clause.Passage, Heading: heading, Text: text}}
}

func sampleText() Text {
	step := newClause("Bring it to the clerk", "Hand the text in before the agenda closes.")
	step.Kind, step.Who, step.When, step.HowLong, step.Materials = clause.Step, "Two keepers", "ten days before", "an hour", "three copies"
	return Text{
		Title: "A motion on gas", Summary: "What our council can say.", Language: "en", Family: "ffnpt-motion", Institution: "council",
		Rests: []Rest{{"udhr", "25"}},
		Clauses: []Clause{
			newClause("Call", "{{council}} endorses the call."),
			newClause("Letter", "The mayor writes to the government within {{days}} days."),
			newClause("", "No new gas in public buildings."),
			step,
		},
		Variables: []Variable{{"council", "Name of the council", "the Council of Rio"}},
	}
}

func (n *node) publish(text Text, base VersionKey, from ...Parent) VersionKey {
	n.t.Helper()
	p := Publication{Place: n.place.Stream, Text: text, From: from, Message: "A reason"}
	if base.ID != "" {
		old := n.read(base)
		p.Blueprint, p.Base = old.Blueprint, base.ID
	}
	k, err := n.b.Publish(n.t.Context(), n.keeper, p)
	if err != nil {
		n.t.Fatal(err)
	}
	return k
}

func (n *node) read(k VersionKey) *Version {
	n.t.Helper()
	v, err := n.b.Read(n.t.Context(), place.Viewer{}, k)
	if err != nil {
		n.t.Fatal(err)
	}
	return v
}

func TestPublishAndReadOnTwoNodes(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	text := sampleText()
	k := a.publish(text, VersionKey{})
	c.hear(a)
	for _, n := range []*node{a, c} {
		v := n.read(k)
		if v.Title != text.Title || len(v.Clauses) != 4 || v.Clauses[3].Who != "Two keepers" || v.Clauses[3].Kind != clause.Step {
			t.Errorf("%s reads %+v", n.place.Name, v.Text)
		}
		if got := v.Values()["council"]; got != "the Council of Rio" {
			t.Errorf("council is %q", got)
		}
		if len(v.Variables) != 2 || v.Variables[1].Label != "days" {
			t.Errorf("a blank without a label: %+v", v.Variables)
		}
		if v.PlaceName != "Rio" || v.N != 1 || !v.Current() || v.Message != "A reason" || v.Rests[0] != (Rest{"udhr", "25"}) {
			t.Errorf("%+v", v.Head)
		}
	}
	text.Clauses[2].Text = "No new gas anywhere."
	second := a.publish(text, k)
	if _, err := a.b.Publish(t.Context(), a.keeper, Publication{Place: a.place.Stream, Blueprint: a.read(k).Blueprint, Base: k.ID, Text: text}); !fault.Is(err, fault.Conflict) {
		t.Error("a version after an older one:", err)
	}
	old := a.read(k)
	if old.Current() || old.Clauses[2].Text != "No new gas in public buildings." {
		t.Error("the old version changed or says that it is the newest")
	}
	list, err := a.b.Versions(t.Context(), place.Viewer{}, old.Key())
	if err != nil || len(list) != 2 || list[0].ID != second.ID || list[0].Title != text.Title {
		t.Fatal(list, err)
	}
}

func TestWhoMayPublish(t *testing.T) {
	a := openNode(t, "Rio")
	member := a.join("Birch", place.Member)
	for _, c := range []struct {
		v    place.Viewer
		want fault.Kind
	}{{place.Viewer{}, fault.SignIn}, {member, fault.Forbidden}} {
		if _, err := a.b.Publish(t.Context(), c.v, Publication{Place: a.place.Stream, Text: sampleText()}); !fault.Is(err, c.want) {
			t.Errorf("%q: %v", c.v.Name, err)
		}
	}
	if list, _ := a.b.Of(t.Context(), a.keeper, a.place.Stream); len(list) != 0 {
		t.Error("a refused command published something")
	}
}

// Each field of a text refuses what is too long, hidden or of a wrong kind, by its name.
func TestHostileText(t *testing.T) {
	a := openNode(t, "Rio")
	long := strings.Repeat("x", MaxText+1)
	bad := []struct {
		field string
		spoil func(*Text)
	}{
		{"title", func(x *Text) { x.Title = "" }},
		{"title", func(x *Text) { x.Title = "a\u202eb" }},
		{"title", func(x *Text) { x.Title = strings.Repeat("é", MaxTitle+1) }},
		{"summary", func(x *Text) { x.Summary = "a\x00b" }},
		{"language", func(x *Text) { x.Language = "English" }},
		{"language", func(x *Text) { x.Language = "en\"><script>" }},
		{"family", func(x *Text) { x.Family = "javascript:alert(1)" }},
		{"institution", func(x *Text) { x.Institution = "king" }},
		{"rests.0.instrument", func(x *Text) { x.Rests[0].Instrument = "" }},
		{"rests.0.article", func(x *Text) { x.Rests[0].Article = "2\u200b" }},
		{"clauses", func(x *Text) { x.Clauses = nil }},
		{"clauses", func(x *Text) { x.Clauses = slices.Repeat(x.Clauses[:1], MaxClauses+1) }},
		{"clauses.1.id", func(x *Text) { x.Clauses[1].ID = "../../etc" }},
		{"clauses.1.id", func(x *Text) { x.Clauses[1].ID = x.Clauses[0].ID }},
		{"clauses.1.kind", func(x *Text) { x.Clauses[1].Kind = "poem" }},
		{"clauses.1.status", func(x *Text) { x.Clauses[1].Status = "perfect" }},
		{"clauses.0.heading", func(x *Text) { x.Clauses[0].Heading = "a\xffb" }},
		{"clauses.0.text", func(x *Text) { x.Clauses[0].Text = long }},
		{"clauses.2.text", func(x *Text) { x.Clauses[2].Text = " \n " }},
		{"clauses.0.softer", func(x *Text) { x.Clauses[0].Softer = long }},
		{"clauses.0.stronger", func(x *Text) { x.Clauses[0].Stronger = "\ufeff" }},
		{"clauses.0.reason", func(x *Text) { x.Clauses[0].Reason = "a\u2066b" }},
		{"clauses.0.power", func(x *Text) { x.Clauses[0].Power = long }},
		{"clauses.0.rests", func(x *Text) { x.Clauses[0].Rests = long }},
		{"clauses.3.who", func(x *Text) { x.Clauses[3].Who = "\x1b[31m" }},
		{"clauses.3.when", func(x *Text) { x.Clauses[3].When = long }},
		{"clauses.3.howLong", func(x *Text) { x.Clauses[3].HowLong = long }},
		{"clauses.3.materials", func(x *Text) { x.Clauses[3].Materials = "\U000e0041" }},
		{"variables.0.name", func(x *Text) { x.Variables[0].Name = "}}<b>" }},
		{"variables.0.label", func(x *Text) { x.Variables[0].Label = "a\u2029b" }},
		{"variables.0.value", func(x *Text) { x.Variables[0].Value = long }},
		{"variables.1.name", func(x *Text) { x.Variables = append(x.Variables, x.Variables[0]) }},
	}
	for _, c := range bad {
		text := sampleText()
		c.spoil(&text)
		_, err := a.b.Publish(t.Context(), a.keeper, Publication{Place: a.place.Stream, Text: text})
		if !hasField(err, c.field) {
			t.Errorf("want a fault at %s, got %v", c.field, err)
		}
	}
	if _, err := a.b.Publish(t.Context(), a.keeper, Publication{Place: a.place.Stream, Text: sampleText(), Message: "a\x07"}); !hasField(err, "message") {
		t.Error(err)
	}
	if list, _ := a.b.Of(t.Context(), a.keeper, a.place.Stream); len(list) != 0 {
		t.Error("bad input published something")
	}
}

func hasField(err error, name string) bool {
	e, ok := err.(*fault.Error)
	if !ok || e.Kind != fault.Invalid {
		return false
	}
	for _, f := range e.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

func TestThreeHundredClausesFit(t *testing.T) {
	a := openNode(t, "Rio")
	text := sampleText()
	for i := len(text.Clauses); i < MaxClauses; i++ {
		c := newClause(fmt.Sprint("Clause ", i), strings.Repeat("words of a long clause ", 20))
		c.Kind = clause.Step
		text.Clauses = append(text.Clauses, c)
	}
	k := a.publish(text, VersionKey{})
	if v := a.read(k); len(v.Clauses) != MaxClauses {
		t.Fatal(len(v.Clauses))
	}
	for i := range text.Clauses {
		text.Clauses[i].Status = Machine
	}
	// With a status on each the envelope can't hold them: said by field, nothing changed.
	_, err := a.b.Publish(t.Context(), a.keeper, Publication{Place: a.place.Stream, Text: text})
	if !hasField(err, "clauses") {
		t.Errorf("an act that is too large: %v", err)
	}
}

// A rightly signed act that takes a credit out, skips a version or claims an id
// of another place is void at every reader.
func TestForgedVersionsAreVoid(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	k := a.publish(sampleText(), VersionKey{})
	c.hear(a)
	source := c.read(k)
	ref := source.Ref()
	mine := c.publish(source.Text, VersionKey{}, Parent{Kind: Adapted, Blueprint: source.Blueprint, Version: &ref})
	v := c.read(mine)
	if len(v.Credits) != 1 || v.Credits[0].Place.Stream != a.place.Stream || v.Credits[0].Name != "Rio" {
		t.Fatalf("credits %+v", v.Credits)
	}
	next := c.publish(v.Text, mine)
	if got := c.read(next).Credits; len(got) != 1 {
		t.Fatalf("the credit went with the next version: %+v", got)
	}
	object := func() *Published {
		h := c.read(next).Head
		r := h.Ref()
		return &Published{Blueprint: h.Blueprint, Version: act.NewID(c.place.ID, "version"), Language: "en", Institution: "council",
			Parents: []Parent{{Kind: Previous, Blueprint: h.Blueprint, Version: &r}}, Clauses: v.Text.published(), Credits: []Credit{v.Credits[0].Credit}}
	}
	for _, bad := range []struct {
		why   string
		field string
		spoil func(*Published)
	}{
		{"credit taken out", "object.credits", func(p *Published) { p.Credits = nil }},
		{"not after the newest", "object.parents", func(p *Published) {
			h := c.read(mine).Head
			r := h.Ref()
			p.Parents[0].Version = &r
		}},
		{"no parent", "object.parents", func(p *Published) { p.Parents = nil }},
		{"a blueprint of another place", "object.blueprint", func(p *Published) { p.Blueprint = source.Blueprint }},
		{"a version id of another place", "object.version", func(p *Published) { p.Version = source.ID + "" }},
		{"a parent that is not there", "object.parents.0", func(p *Published) { p.Parents[0].Version.URL = act.NewID(c.place.ID, "version") }},
		{"a version id used before", "object.version", func(p *Published) { p.Version = next.ID }},
		{"a clause without its part", "object.clauses.4", func(p *Published) { p.Clauses = append(p.Clauses, PublishedClause{ID: act.NewToken()}) }},
		{"a parent elsewhere without credit", "object.parents.1", func(p *Published) {
			r := act.Ref{URL: "http://x.test/p/aaaaaaaaaaaaaaaa/version/aaaaaaaaaaaaaaaa", Stream: act.Fingerprint(strings.Repeat("0a", 32)), Act: strings.Repeat("0b", 32)}
			p.Parents = append(p.Parents, Parent{Kind: Merged, Blueprint: "http://x.test/p/aaaaaaaaaaaaaaaa/blueprint/aaaaaaaaaaaaaaaa", Version: &r})
		}},
	} {
		o := object()
		bad.spoil(o)
		_, err := c.log.Commit(t.Context(), c.place.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
			return []act.Draft{{Type: PublishType, Object: o, Parts: v.Text.parts("")}}, nil
		})
		if !hasField(err, bad.field) {
			t.Errorf("%s: %v", bad.why, err)
		}
	}
	_, err := c.log.Commit(t.Context(), c.place.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: PublishType, Object: object(), Parts: v.Text.parts("")}}, nil
	})
	if err != nil {
		t.Error("the unspoilt act is refused too:", err)
	}
}

func TestWarningsReachEveryAdaptation(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	k := a.publish(sampleText(), VersionKey{})
	c.hear(a)
	source := c.read(k)
	ref := source.Ref()
	text := source.Text
	text.Clauses = text.Clauses[:2]
	mine := c.publish(text, VersionKey{}, Parent{Kind: Adapted, Blueprint: source.Blueprint, Version: &ref})
	held, dropped := source.Clauses[0].ID, source.Clauses[3].ID
	warn := NewWarning{Place: a.place.Stream, Version: k, Clause: held, Kind: "struck-down", Text: "A court found it too vague.", Where: "Ohio", Happened: "2020-02", Source: "https://court.example/1"}
	id, err := a.b.Warn(t.Context(), a.keeper, warn)
	if err != nil {
		t.Fatal(err)
	}
	warn.Clause = dropped
	if _, err := a.b.Warn(t.Context(), a.keeper, warn); err != nil {
		t.Fatal(err)
	}
	c.hear(a)
	w := c.read(mine).Warnings
	if len(w) != 1 || len(w[held]) != 1 || w[held][0].Text != "A court found it too vague." || w[held][0].Place.Name != "Rio" || w[held][0].Where != "Ohio" {
		t.Fatalf("%+v", w)
	}
	if err := a.b.Withdraw(t.Context(), a.keeper, a.place.Stream, id, "An appeal won."); err != nil {
		t.Fatal(err)
	}
	if err := a.b.Withdraw(t.Context(), a.keeper, a.place.Stream, id, "Again."); !fault.Is(err, fault.Conflict) {
		t.Error("withdrawn twice:", err)
	}
	c.hear(a)
	if w := c.read(mine).Warnings; len(w) != 0 {
		t.Errorf("a withdrawn warning still stands: %+v", w)
	}
	all, err := c.b.WarningsOn(t.Context(), place.Viewer{}, held)
	if err != nil || len(all) != 1 || !all[0].Withdrawn || all[0].Reason != "An appeal won." {
		t.Fatal(all, err)
	}
	for field, spoil := range map[string]func(*NewWarning){
		"text":     func(w *NewWarning) { w.Text = "" },
		"kind":     func(w *NewWarning) { w.Kind = "cursed" },
		"happened": func(w *NewWarning) { w.Happened = "2020-13" },
		"source":   func(w *NewWarning) { w.Source = "javascript:x" },
		"where":    func(w *NewWarning) { w.Where = "a\u202eb" },
		"cited":    func(w *NewWarning) { w.Cited = "a\x00" },
		"clause":   func(w *NewWarning) { w.Clause = act.NewToken() },
	} {
		bad := warn
		spoil(&bad)
		if _, err := a.b.Warn(t.Context(), a.keeper, bad); !hasField(err, field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestErasedClauseIsMarked(t *testing.T) {
	a := openNode(t, "Rio")
	k := a.publish(sampleText(), VersionKey{})
	v := a.read(k)
	_, err := a.log.Commit(t.Context(), a.place.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: act.EraseType, Object: act.Erase{Parts: []act.ErasedPart{{Index: v.Index, Name: "c/" + v.Clauses[1].ID}}}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := a.read(k)
	if !got.Clauses[1].Missing || got.Clauses[1].Text != "" || got.Clauses[0].Missing {
		t.Errorf("%+v", got.Clauses)
	}
	if _, err := a.b.Publish(t.Context(), a.keeper, Publication{Place: a.place.Stream, Blueprint: v.Blueprint, Base: k.ID, Text: got.Text}); !hasField(err, "clauses.1.text") {
		t.Error("an erased clause was published again:", err)
	}
}
