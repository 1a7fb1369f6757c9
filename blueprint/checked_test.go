package blueprint

import (
	"slices"
	"testing"

	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// What a machine translated and is right as it is becomes checked without a change of a word: a person says so, and
// the next version shows it, on every node. Who it was stands there only where they wanted to be named.
func TestMachineTranslationThatIsRightIsChecked(t *testing.T) {
	a, b := openNode(t, "Rio"), openNode(t, "Sierra")
	ctx := t.Context()
	source := a.publish(sampleText(), VersionKey{})
	mine := sampleText()
	mine.Language, mine.Clauses = "es", slices.Clone(a.read(source).Clauses)
	for i := range mine.Clauses {
		mine.Clauses[i].Text, mine.Clauses[i].Status = "Texto "+itoa(i), Machine
	}
	ref := a.read(source).Ref()
	k, err := a.b.Publish(ctx, a.keeper, Publication{Place: a.place.Stream, Blueprint: a.read(source).Blueprint, Text: mine,
		From: []Parent{{Kind: Translates, Blueprint: a.read(source).Blueprint, Version: &ref}}})
	if err != nil {
		t.Fatal(err)
	}
	member := a.join("Ana", place.Member)
	l := must[Link](t)(a.b.Continue(ctx, member, k))
	d := a.draft(l)
	if got, err := a.b.Translated(ctx, member, d); err != nil || got.Language != "en" {
		t.Fatalf("a draft that continues a translation has no original: %v %v", got.Language, err)
	}
	if n := len(d.ToCheck(member.Person)); n != len(mine.Clauses) {
		t.Fatalf("%d clauses to check", n)
	}
	first := d.Clauses[0].ID
	if _, err := a.b.Checked(ctx, place.Viewer{}, l, d.Rev, first, ""); !fault.Is(err, fault.SignIn) {
		t.Errorf("nobody checked it: %v", err)
	}
	if _, err := a.b.Checked(ctx, b.keeper, l, d.Rev, first, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody of another place: %v", err)
	}
	if _, err := a.b.Checked(ctx, member, l, d.Rev, first, string(make([]byte, 5))); !hasField(err, "name") {
		t.Errorf("a name of no letters: %v", err)
	}
	names := []string{"Ana the teacher", "", "Ana the teacher"}
	for i, c := range d.Clauses {
		if d, err = a.b.Checked(ctx, member, l, d.Rev, c.ID, names[i%3]); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.ToCheck(member.Person)) != 0 || len(d.CheckedBy()) != 1 || d.Named(member.Person) != "Ana the teacher" {
		t.Errorf("%v %v", d.ToCheck(member.Person), d.CheckedBy())
	}
	if _, err := a.b.Checked(ctx, member, l, d.Rev, first, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("checked twice: %v", err)
	}
	next := a.publishDraft(l)
	b.hear(a)
	for _, n := range []*node{a, b} {
		v := n.read(next)
		for i, c := range v.Clauses {
			if c.Status != Checked || c.Text != mine.Clauses[i].Text {
				t.Errorf("%+v", c)
			}
		}
		if err := n.b.Decidable(ctx, n.log.DB(), v.Ref()); err != nil {
			t.Error(err)
		}
	}
	if v := a.read(k); v.Clauses[0].Status != Machine {
		t.Error("the version before it changed")
	}
}

// A suggestion whose words a machine translated is used as it came once somebody has checked it in a draft.
func TestMachineSuggestionIsUsedOnceChecked(t *testing.T) {
	s := newStory(t)
	c := s.list[0]
	c.Status = Machine
	id := s.suggest(false, c)
	s.b.deliver(s.a)
	l, err := s.a.b.UseInDraft(t.Context(), s.a.keeper, s.a.place.Stream, id, Using{Clauses: []string{c.Clause}})
	if err != nil {
		t.Fatal(err)
	}
	d := s.a.draft(l)
	if _, err := s.a.b.PublishDraft(t.Context(), s.a.keeper, l, Publishing{Rev: d.Rev}); !hasField(err, "clauses") {
		t.Errorf("unchecked: %v", err)
	}
	if _, err := s.a.b.Checked(t.Context(), s.a.keeper, l, d.Rev, c.Clause, ""); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.a.read(s.a.publishDraft(l)).Clause(c.Clause); got.Status != Checked || got.Text != c.Wording.Text {
		t.Errorf("%+v", got)
	}
}

// A clause that was checked and takes the other side's unchecked words in a merge is not checked any more; the own
// words stay so, and a mixture has the weaker status.
func TestStatusFollowsTheWords(t *testing.T) {
	id := "aaaaaaaaaaaaaaaa"
	text := func(words, reason string, s Status) Text {
		return Text{Clauses: []Clause{{Wording: Wording{ID: id, Kind: clause.Passage, Text: words, Reason: reason}, Status: s}}}
	}
	base := text("Uno.", "Porque sí.", Checked)
	for name, x := range map[string]struct {
		ours, theirs Text
		want         Status
	}{
		"theirs alone changed": {base, text("Dos.", "Porque sí.", Machine), Machine},
		"ours alone changed":   {text("Dos.", "Porque sí.", Checked), text("Uno.", "Porque sí.", Machine), Checked},
		"each another field":   {text("Dos.", "Porque sí.", Checked), text("Uno.", "Porque no.", Machine), Machine},
		"of a person":          {text("Dos.", "Porque sí.", Human), text("Uno.", "Porque no.", Checked), Human},
	} {
		d := &Draft{DraftBody: DraftBody{Text: x.ours}}
		d.take(mergeTexts(base, x.ours, x.theirs))
		if len(d.Clauses) != 1 || d.Clauses[0].Status != x.want || len(d.Collisions) != 0 {
			t.Errorf("%s: %+v", name, d.Clauses)
		}
	}
	d := &Draft{DraftBody: DraftBody{Text: text("Dos.", "", Checked)}}
	d.take(mergeTexts(base, text("Dos.", "", Checked), text("Tres.", "", Machine)))
	if len(d.Collisions) != 1 {
		t.Fatalf("%+v", d)
	}
	x := d.Collisions[0]
	if got := x.status(*x.Ours); got != Checked {
		t.Error(got)
	}
	if got := x.status(*x.Theirs); got != Machine {
		t.Error(got)
	}
	if len(d.ToCheck("somebody")) != 0 {
		t.Error("what has to be settled can be checked")
	}
}

// The name that somebody gave for having checked a clause goes with their account; that it was checked stays, and so
// do the names of others.
func TestANameForCheckingGoesWithTheAccount(t *testing.T) {
	a := openNode(t, "Rio")
	ctx := t.Context()
	source := a.publish(sampleText(), VersionKey{})
	mine := sampleText()
	mine.Language, mine.Clauses = "es", slices.Clone(a.read(source).Clauses)
	for i := range mine.Clauses {
		mine.Clauses[i].Text, mine.Clauses[i].Status = "Texto "+itoa(i), Machine
	}
	ref := a.read(source).Ref()
	k := must[VersionKey](t)(a.b.Publish(ctx, a.keeper, Publication{Place: a.place.Stream, Blueprint: a.read(source).Blueprint, Text: mine,
		From: []Parent{{Kind: Translates, Blueprint: a.read(source).Blueprint, Version: &ref}}}))
	ana, ben := a.join("Ana", place.Member), a.join("Ben", place.Member)
	l := must[Link](t)(a.b.Continue(ctx, ana, k))
	d := a.draft(l)
	for i, who := range []place.Viewer{ana, ben} {
		d = must[*Draft](t)(a.b.Checked(ctx, who, l, d.Rev, d.Clauses[i].ID, []string{"Ana the teacher", "Ben the baker"}[i]))
	}
	err := a.log.DB().Write(ctx, func(tx *db.Tx) error { return a.b.Forget(ctx, tx, ana.Person, false) })
	if err != nil {
		t.Fatal(err)
	}
	d = a.draft(l)
	if got := d.CheckedBy(); !slices.Equal(got, []string{"Ben the baker"}) {
		t.Errorf("named: %q", got)
	}
	if d.Clauses[0].Status != Checked || d.Clauses[1].Status != Checked || d.Clauses[2].Status != Machine {
		t.Errorf("%v %v %v", d.Clauses[0].Status, d.Clauses[1].Status, d.Clauses[2].Status)
	}
}
