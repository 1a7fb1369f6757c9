package blueprint

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// adapt makes a draft of a source in the node's place and returns it.
func (n *node) adapt(s Source) (*Draft, Link) {
	n.t.Helper()
	l, err := n.b.Adapt(n.t.Context(), n.keeper, s, n.place.Stream)
	if err != nil {
		n.t.Fatal(err)
	}
	return n.draft(l), l
}

func (n *node) draft(l Link) *Draft {
	n.t.Helper()
	d, err := n.b.ReadDraft(n.t.Context(), n.keeper, l)
	if err != nil {
		n.t.Fatal(err)
	}
	return d
}

func (n *node) publishDraft(l Link) VersionKey {
	n.t.Helper()
	k, err := n.b.PublishDraft(n.t.Context(), n.keeper, l, Publishing{Rev: n.draft(l).Rev, Message: "As we need it"})
	if err != nil {
		n.t.Fatal(err)
	}
	return k
}

// must fails the test on an error of a change.
func must[T any](t testing.TB) func(T, error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func TestAdaptADraftClauseByClause(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	k := a.publish(sampleText(), VersionKey{})
	c.hear(a)
	source := c.read(k)
	d, l := c.adapt(Source{Version: k})
	if d.Values()["council"] != "" || len(d.Clauses) != 4 {
		t.Fatalf("an adaptation begins with what the source filled in: %+v", d.Variables)
	}
	ctx, do := t.Context(), must[*Draft](t)
	w := d.Clauses[1].Wording
	w.Text = "The assembly writes to {{ministry}}."
	d = do(c.b.SetClause(ctx, c.keeper, l, d.Rev, w))
	do(c.b.DropClause(ctx, c.keeper, l, d.Rev, source.Clauses[2].ID))
	_, added, err := c.b.AddClause(ctx, c.keeper, l, d.Clauses[0].ID, Wording{Kind: clause.Passage, Heading: "Report", Text: "It reports each spring."})
	if err != nil {
		t.Fatal(err)
	}
	do(c.b.ShiftClause(ctx, c.keeper, l, added, -1))
	d = do(c.b.MoveClause(ctx, c.keeper, l, source.Clauses[3].ID, added))
	d = do(c.b.SetVariables(ctx, c.keeper, l, d.Rev, []Variable{{"council", "Council", "the Assembly of Sierra"}, {"days", "Days", "30"}}))
	d = do(c.b.SetHead(ctx, c.keeper, l, d.Rev, DraftHead{Title: "Our motion", Institution: "assembly", Family: d.Family}))
	ids := []string{added, source.Clauses[3].ID, source.Clauses[0].ID, source.Clauses[1].ID}
	for i, x := range d.Clauses {
		if x.ID != ids[i] {
			t.Fatalf("order: %v", d.Clauses)
		}
	}
	d = do(c.b.RestoreClause(ctx, c.keeper, l, source.Clauses[2].ID, added))
	d = do(c.b.DropClause(ctx, c.keeper, l, d.Rev, source.Clauses[2].ID))
	changes, err := c.b.CompareDraft(ctx, c.keeper, d)
	if err != nil || len(changes) != 5 {
		t.Fatal(changes, err)
	}
	mine := c.publishDraft(l)
	v := c.read(mine)
	if v.Title != "Our motion" || len(v.Credits) != 1 || v.Credits[0].Place.Stream != a.place.Stream || v.Parents[0].Kind != Adapted ||
		v.Parents[0].Version.Act != source.Leaf || v.Values()["days"] != "30" {
		t.Errorf("%+v", v)
	}
	if _, err := c.b.ReadDraft(ctx, c.keeper, l); !fault.Is(err, fault.NotFound) {
		t.Error("the draft is still there:", err)
	}
	cmp, err := c.b.Compare(ctx, place.Viewer{}, k, mine)
	if err != nil {
		t.Fatal(err)
	}
	states := map[clause.State]int{}
	for _, x := range cmp.Changes {
		states[x.State]++
	}
	if states[clause.Changed] != 1 || states[clause.Dropped] != 1 || states[clause.Added] != 1 {
		t.Errorf("%v", states)
	}
}

func TestStaleFormOverwritesNothing(t *testing.T) {
	a := openNode(t, "Rio")
	other := a.join("Birch", place.Member)
	l := must[Link](t)(a.b.Continue(t.Context(), a.keeper, a.publish(sampleText(), VersionKey{})))
	d := a.draft(l)
	rev := d.Rev
	first, second := d.Clauses[0].Wording, d.Clauses[0].Wording
	first.Text, second.Text = "Mine.", "Theirs."
	if _, err := a.b.SetClause(t.Context(), other, l, rev, first); err != nil {
		t.Fatal(err)
	}
	_, err := a.b.SetClause(t.Context(), a.keeper, l, rev, second)
	var stale *Stale
	if !fault.Is(err, fault.Conflict) || !errors.As(err, &stale) || stale.Now.Text != "Mine." || stale.Sent.Text != "Theirs." || len(stale.Fields) != 1 {
		t.Fatalf("%v %+v", err, stale)
	}
	if _, err := a.b.DropClause(t.Context(), a.keeper, l, rev, first.ID); !fault.Is(err, fault.Conflict) {
		t.Error("a changed clause was dropped unseen:", err)
	}
	// Another clause of the same draft is free.
	w := d.Clauses[1].Wording
	w.Text = "Both at once."
	if _, err := a.b.SetClause(t.Context(), a.keeper, l, rev, w); err != nil {
		t.Error(err)
	}
	if d := a.draft(l); d.Clauses[0].Text != "Mine." || d.Clauses[1].Text != "Both at once." {
		t.Errorf("%+v", d.Clauses)
	}
	if _, err := a.b.PublishDraft(t.Context(), a.keeper, l, Publishing{Rev: rev}); !fault.Is(err, fault.Conflict) {
		t.Error("published what was not read through:", err)
	}
	for _, set := range []func() error{
		func() error {
			_, err := a.b.SetHead(t.Context(), a.keeper, l, rev, DraftHead{Title: "T", Institution: "council"})
			return err
		},
		func() error { _, err := a.b.SetVariables(t.Context(), a.keeper, l, rev, nil); return err },
	} {
		if err := set(); err != nil {
			t.Fatal(err)
		}
		if err := set(); !fault.Is(err, fault.Conflict) {
			t.Error("an outdated form was taken:", err)
		}
	}
	// Forms sent at the same moment: one of each revision wins.
	rev = a.draft(l).Rev
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for range 8 {
		wg.Go(func() {
			x := first
			x.Text = "Race " + act.NewToken()
			_, err := a.b.SetClause(t.Context(), a.keeper, l, rev, x)
			won <- err == nil
		})
	}
	wg.Wait()
	close(won)
	n := 0
	for ok := range won {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of eight forms of one revision were taken", n)
	}
}

func TestWhoSeesADraft(t *testing.T) {
	a := openNode(t, "Rio")
	k := a.publish(sampleText(), VersionKey{})
	ctx, nobody := t.Context(), place.Viewer{}
	member := a.join("Birch", place.Member)
	loose, err := a.b.Adapt(ctx, nobody, Source{Version: k}, "")
	if err != nil {
		t.Fatal(err)
	}
	id, secret, _ := strings.Cut(string(loose), ".")
	for _, l := range []Link{Link(id), Link(id + "."), Link(id + "." + secret[1:]), Link(id + "." + secret + "x"), "", "." + Link(secret)} {
		if _, err := a.b.ReadDraft(ctx, nobody, l); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q opens a draft: %v", l, err)
		}
	}
	d, err := a.b.ReadDraft(ctx, nobody, loose)
	if err != nil {
		t.Fatal(err)
	}
	w := d.Clauses[0].Wording
	w.Text = "By somebody without an account."
	if _, err := a.b.SetClause(ctx, nobody, loose, d.Rev, w); err != nil {
		t.Fatal(err)
	}
	if _, err := a.b.PublishDraft(ctx, a.keeper, loose, Publishing{Rev: d.Rev + 1}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	if _, err := a.b.GiveDraft(ctx, nobody, loose, a.place.Stream); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
	if _, err := a.b.GiveDraft(ctx, member, loose, a.place.Stream); err != nil {
		t.Fatal(err)
	}
	if _, err := a.b.ReadDraft(ctx, nobody, loose); !fault.Is(err, fault.SignIn) {
		t.Error("the link still opens a draft of a place:", err)
	}
	if _, err := a.b.PublishDraft(ctx, member, Link(id), Publishing{Rev: d.Rev + 2}); !fault.Is(err, fault.Forbidden) {
		t.Error("a member published:", err)
	}
	if got := a.read(a.publishDraft(Link(id))); got.Clauses[0].Text != w.Text {
		t.Error(got.Clauses[0].Text)
	}

	// A loose draft ends a month after its last change.
	late := must[Link](t)(a.b.Adapt(ctx, nobody, Source{Version: k}, ""))
	a.b.now = func() time.Time { return time.Now().Add(LooseLasts + time.Minute) }
	if _, err := a.b.ReadDraft(ctx, nobody, late); !fault.Is(err, fault.NotFound) {
		t.Error("an expired link opens:", err)
	}
	must[Link](t)(a.b.Adapt(ctx, nobody, Source{Version: k}, ""))
	lateID, _ := late.split()
	if _, err := draftByID.One(ctx, a.log.DB(), lateID); !fault.Is(err, fault.NotFound) {
		t.Error("what expired is still stored:", err)
	}
}

func TestWarningsAreShownBeforePublishing(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	k := a.publish(sampleText(), VersionKey{})
	c.hear(a)
	d, l := c.adapt(Source{Version: k})
	id := must[string](t)(a.b.Warn(t.Context(), a.keeper, NewWarning{Place: a.place.Stream, Version: k, Clause: d.Clauses[0].ID, Kind: "unfunded", Text: "Nobody paid.", Cited: "Minutes of May"}))
	c.hear(a)
	w, err := c.b.DraftWarnings(t.Context(), d)
	if err != nil || len(w[d.Clauses[0].ID]) != 1 || w[d.Clauses[0].ID][0].Cited != "Minutes of May" {
		t.Fatal(w, err)
	}
	if _, err := c.b.PublishDraft(t.Context(), c.keeper, l, Publishing{Rev: d.Rev}); !fault.Is(err, fault.Conflict) {
		t.Error("published without the warning having been seen:", err)
	}
	if _, err := c.b.PublishDraft(t.Context(), c.keeper, l, Publishing{Rev: d.Rev, Seen: []string{id}}); err != nil {
		t.Error(err)
	}
}

func TestBringInWhatTheSourceChanged(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	ctx, do := t.Context(), must[*Draft](t)
	k1 := a.publish(sampleText(), VersionKey{})
	c.hear(a)
	d, l := c.adapt(Source{Version: k1})
	w := d.Clauses[0].Wording
	w.Text = "{{council}} strongly endorses the call."
	d = do(c.b.SetClause(ctx, c.keeper, l, d.Rev, w))
	w2 := d.Clauses[1].Wording
	w2.Text = "Our own letter."
	do(c.b.SetClause(ctx, c.keeper, l, d.Rev, w2))
	mine := c.publishDraft(l)
	if _, err := c.b.BringIn(ctx, c.keeper, mine, k1); !fault.Is(err, fault.Conflict) {
		t.Error("brought in what is there already:", err)
	}
	text := a.read(k1).Text
	text.Clauses[1].Text, text.Clauses[2].Text = "The mayor phones the government.", "No new gas at all."
	extra := newClause("Report", "Report back in a year.")
	text.Clauses = append(text.Clauses, extra)
	k2 := a.publish(text, k1)
	c.hear(a)

	moves, err := c.b.Moves(ctx, c.keeper, mine)
	if err != nil || len(moves) != 1 || moves[0].ID != k2.ID || !moves[0].Source {
		t.Fatalf("%+v %v", moves, err)
	}
	l = must[Link](t)(c.b.BringIn(ctx, c.keeper, mine, k2))
	d = c.draft(l)
	if len(d.Collisions) != 1 || d.Collisions[0].ID != w2.ID || d.Collisions[0].Theirs.Text != "The mayor phones the government." {
		t.Fatalf("%+v", d.Collisions)
	}
	if d.Clauses[0].Text != w.Text || d.Clauses[2].Text != "No new gas at all." || d.Clauses[4].ID != extra.ID {
		t.Errorf("%+v", d.Clauses)
	}
	if _, err := c.b.PublishDraft(ctx, c.keeper, l, Publishing{Rev: d.Rev}); !fault.Is(err, fault.Conflict) {
		t.Error("published with a collision:", err)
	}
	do(c.b.Settle(ctx, c.keeper, l, w2.ID, clause.Theirs))
	if _, err := c.b.Settle(ctx, c.keeper, l, w2.ID, clause.Ours); !fault.Is(err, fault.Conflict) {
		t.Error("settled twice:", err)
	}
	next := c.publishDraft(l)
	v := c.read(next)
	if v.Clauses[1].Text != "The mayor phones the government." || len(v.Parents) != 2 || v.Parents[0].Kind != Previous || v.Parents[1].Kind != Merged ||
		v.Parents[1].Version.URL != k2.ID {
		t.Errorf("%+v", v.Parents)
	}
	if moves, _ := c.b.Moves(ctx, c.keeper, next); len(moves) != 0 {
		t.Errorf("still something to bring in: %+v", moves)
	}
	// The source takes it back in: nothing collides, for it is the common ancestor's change that came round.
	a.hear(c)
	back := a.draft(must[Link](t)(a.b.BringIn(ctx, a.keeper, k2, next)))
	if len(back.Collisions) != 0 || back.Clauses[0].Text != w.Text {
		t.Errorf("%+v", back.Collisions)
	}
}

func TestADroppedClauseThatTheSourceChangedCollides(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	ctx, do := t.Context(), must[*Draft](t)
	k1 := a.publish(sampleText(), VersionKey{})
	c.hear(a)
	d, l := c.adapt(Source{Version: k1})
	gone := d.Clauses[2].ID
	do(c.b.DropClause(ctx, c.keeper, l, d.Rev, gone))
	mine := c.publishDraft(l)
	text := a.read(k1).Text
	text.Clauses[2].Text = "No new gas at all."
	k2 := a.publish(text, k1)
	c.hear(a)
	l = must[Link](t)(c.b.BringIn(ctx, c.keeper, mine, k2))
	if d := c.draft(l); len(d.Collisions) != 1 || d.Collisions[0].Ours != nil {
		t.Fatalf("%+v", d.Collisions)
	}
	d = do(c.b.Settle(ctx, c.keeper, l, gone, clause.Ours))
	if slices.ContainsFunc(d.Clauses, func(c Clause) bool { return c.ID == gone }) || len(d.Collisions) != 0 {
		t.Errorf("%+v", d.Clauses)
	}
	c.publishDraft(l)
}

func TestTranslateCheckAndFallBehind(t *testing.T) {
	a, c := openNode(t, "Rio"), openNode(t, "Sierra")
	ctx, do := t.Context(), must[*Draft](t)
	second := c.join("Birch", place.Keeper)
	k1 := a.publish(sampleText(), VersionKey{})
	c.hear(a)
	if _, err := c.b.Translate(ctx, c.keeper, Source{Version: k1}, c.place.Stream, "en"); !hasField(err, "language") {
		t.Error("translated into its own language:", err)
	}
	l := must[Link](t)(c.b.Translate(ctx, c.keeper, Source{Version: k1}, c.place.Stream, "es"))
	d := do(c.b.SetHead(ctx, c.keeper, l, 1, DraftHead{Title: "Una moción", Institution: "council"}))
	if _, err := c.b.PublishDraft(ctx, c.keeper, l, Publishing{Rev: d.Rev}); !hasField(err, "clauses.0.text") {
		t.Error("published an empty translation:", err)
	}
	for i, x := range d.Clauses {
		w := x.Wording
		w.Text = "Traducción " + itoa(i)
		d = do(c.b.SetClause(ctx, c.keeper, l, d.Rev, w))
	}
	first := d.Clauses[0].ID
	if _, err := c.b.Checked(ctx, c.keeper, l, d.Rev, first, ""); !fault.Is(err, fault.Forbidden) {
		t.Error("the translator checked her own work:", err)
	}
	d = do(c.b.Checked(ctx, second, l, d.Rev, first, ""))
	if d.Clauses[0].Status != Checked || d.Clauses[1].Status != Human {
		t.Errorf("%+v", d.Clauses)
	}
	es := c.publishDraft(l)
	v := c.read(es)
	if v.Parents[0].Kind != Translates || v.Credits[0].Kind != CreditTranslated || v.Clauses[0].Status != Checked {
		t.Errorf("%+v %+v", v.Parents, v.Credits)
	}
	if s, err := c.b.StaleClauses(ctx, c.keeper, es); err != nil || len(s) != 0 {
		t.Error(s, err)
	}
	// The source moves: one clause changes, one is new.
	text := a.read(k1).Text
	text.Clauses[0].Text = "Changed since."
	extra := newClause("New", "A new clause.")
	text.Clauses = slices.Insert(text.Clauses, 1, extra)
	k2 := a.publish(text, k1)
	c.hear(a)
	if s, err := c.b.StaleClauses(ctx, c.keeper, es); err != nil || len(s) != 1 || s[0] != first {
		t.Error(s, err)
	}
	l = must[Link](t)(c.b.Translate(ctx, c.keeper, Source{Version: k2}, c.place.Stream, "es"))
	d = c.draft(l)
	if d.Base != es.ID || len(d.Stale) != 1 || len(d.Clauses) != 5 || d.Clauses[1].ID != extra.ID || d.Clauses[1].Text != "" {
		t.Fatalf("%+v", d.DraftBody)
	}
	w := d.Clauses[1].Wording
	w.Text = "Una cláusula nueva."
	d = do(c.b.SetClause(ctx, c.keeper, l, d.Rev, w))
	if _, err := c.b.PublishDraft(ctx, c.keeper, l, Publishing{Rev: d.Rev}); !fault.Is(err, fault.Conflict) {
		t.Error("published with a stale clause:", err)
	}
	do(c.b.Confirm(ctx, c.keeper, l, d.Rev, first))
	next := c.publishDraft(l)
	if s, _ := c.b.StaleClauses(ctx, c.keeper, next); len(s) != 0 {
		t.Error(s)
	}
	// A place's own blueprint gets its other language in the same blueprint.
	l = must[Link](t)(a.b.Translate(ctx, a.keeper, Source{Version: k2}, a.place.Stream, "es"))
	d = do(a.b.SetHead(ctx, a.keeper, l, 1, DraftHead{Title: "Moción", Institution: "council"}))
	for _, x := range d.Clauses {
		w := x.Wording
		w.Text = "Texto."
		d = do(a.b.SetClause(ctx, a.keeper, l, d.Rev, w))
	}
	own := a.read(a.publishDraft(l))
	if own.Blueprint != a.read(k2).Blueprint || len(own.Newest) != 2 || own.N != 3 {
		t.Errorf("%+v", own.Newest)
	}
}

func TestLibraryTextsAreAdaptedLikeVersions(t *testing.T) {
	a := openNode(t, "Rio")
	model := sampleText()
	a.b.Library = func(id, language string) (Text, error) {
		if id != "ffnpt-motion" || language != "en" {
			return Text{}, db.ErrNoRow
		}
		return model, nil
	}
	if _, err := a.b.Adapt(t.Context(), a.keeper, Source{Model: "none", Lang: "en"}, a.place.Stream); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	_, l := a.adapt(Source{Model: "ffnpt-motion", Lang: "en"})
	k := a.publishDraft(l)
	v := a.read(k)
	if p := v.Parents[0]; p.Library == nil || p.Library.Model != "ffnpt-motion" || p.Library.Hash != model.Hash() {
		t.Errorf("%+v", v.Parents)
	}
	line, err := a.b.Lineage(t.Context(), place.Viewer{}, v.Key())
	if err != nil || len(line.Nodes) != 2 || line.Nodes[0].Model != "ffnpt-motion" || line.At != 1 {
		t.Errorf("%+v %v", line, err)
	}
}

func TestLineageAcrossThreePlaces(t *testing.T) {
	a, b, c := openNode(t, "Rio"), openNode(t, "Sierra"), openNode(t, "Costa")
	k := a.publish(sampleText(), VersionKey{})
	b.hear(a)
	_, l := b.adapt(Source{Version: k})
	kb := b.publishDraft(l)
	c.hear(b) // c does not hear from a
	_, l = c.adapt(Source{Version: kb})
	kc := c.publishDraft(l)
	v := c.read(kc)
	if len(v.Credits) != 2 {
		t.Errorf("credit of the first place is lost on the way: %+v", v.Credits)
	}
	line, err := c.b.Lineage(t.Context(), place.Viewer{}, v.Key())
	if err != nil || len(line.Nodes) != 3 || line.At != 2 || line.Nodes[0].Known || line.Nodes[0].Place.URL != a.place.ID ||
		line.Nodes[1].Place.Name != "Sierra" || line.Nodes[2].Depth != 2 {
		t.Fatalf("%+v %v", line, err)
	}
	a.hear(b)
	a.hear(c)
	line, err = a.b.Lineage(t.Context(), place.Viewer{}, a.read(k).Key())
	if err != nil || len(line.Nodes) != 3 || line.At != 0 || line.Nodes[2].Place.Name != "Costa" || line.Nodes[2].Kind != "adapted" {
		t.Errorf("%+v %v", line, err)
	}
	if n, err := a.b.Adaptations(t.Context(), a.read(k).Key()); n != 1 || err != nil {
		t.Error(n, err)
	}
}
