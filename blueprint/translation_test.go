package blueprint

import (
	"testing"

	"translocal/fault"
)

// A place whose text is in Spanish suggests to one whose text is in English: the wording comes as a
// translation, with how it was made and what it translates; a machine's can't be used before somebody
// has put it into words.
func TestSuggestionAcrossLanguages(t *testing.T) {
	a, b := openNode(t, "Rio"), openNode(t, "Sierra")
	ctx := t.Context()
	text := sampleText()
	source := a.publish(text, VersionKey{})
	b.hear(a)
	mine := text
	mine.Language, mine.Title = "es", "Una moción sobre el gas"
	mine.Clauses = append([]Clause(nil), text.Clauses...)
	mine.Clauses[2].Text, mine.Clauses[2].Status = "Ningún gas nuevo, en ningún edificio.", Human
	ref := a.read(source).Ref()
	ours := b.publish(mine, VersionKey{}, Parent{Kind: Translates, Blueprint: a.read(source).Blueprint, Version: &ref})

	change := SuggestedChange{Kind: ToChange, Clause: text.Clauses[2].ID, Wording: Wording{Text: "No new gas in any building."}, Reason: "We did it"}
	send := func(c SuggestedChange) (string, error) {
		return b.b.Suggest(ctx, b.keeper, NewSuggestion{Place: b.place.Stream, To: source, From: &ours, Changes: []SuggestedChange{c}})
	}
	if _, err := send(change); !hasField(err, "changes.0.status") {
		t.Errorf("no word of how it was translated: %v", err)
	}
	same := change
	same.Status, same.Wording.Text = Human, "Ningún gas nuevo, en ningún edificio."
	if _, err := send(same); !hasField(err, "changes.0.text") {
		t.Errorf("not translated at all: %v", err)
	}
	odd := change
	odd.Status = "guessed"
	if _, err := send(odd); !hasField(err, "changes.0.status") {
		t.Errorf("a status that there is not: %v", err)
	}

	change.Status, change.Original = Machine, "what somebody claims"
	id, err := send(change)
	if err != nil {
		t.Fatal(err)
	}
	b.deliver(a)
	s, _ := a.see(id)
	if c := s.Changes[0]; c.Status != Machine || c.From != "es" || c.Original != "Ningún gas nuevo, en ningún edificio." {
		t.Fatalf("what came: %+v", c)
	}
	if _, err := a.b.Use(ctx, a.keeper, a.place.Stream, id, Using{}); !hasField(err, "clauses") {
		t.Errorf("a machine's words are used: %v", err)
	}
	l, err := a.b.UseInDraft(ctx, a.keeper, a.place.Stream, id, Using{})
	if err != nil {
		t.Fatal(err)
	}
	d := a.draft(l)
	if c, _ := d.Text.Clause(change.Clause); c.Status != Machine {
		t.Fatalf("the draft hides that it is a machine's: %q", c.Status)
	}
	if _, err := a.b.PublishDraft(ctx, a.keeper, l, Publishing{Rev: d.Rev}); !hasField(err, "clauses") {
		t.Errorf("by way of a draft: %v", err)
	}
	if s, _ := a.see(id); s.State != Acknowledged {
		t.Errorf("a refusal changed the suggestion: %s", s.State)
	}
	c, _ := d.Text.Clause(change.Clause)
	w := c.Wording
	w.Text = "No new gas in any building of the town."
	if _, err := a.b.SetClause(ctx, a.keeper, l, d.Rev, w); err != nil {
		t.Fatal(err)
	}
	k := a.publishDraft(l)
	if c, _ := a.read(k).Clause(change.Clause); c.Status != Human || c.Text != w.Text {
		t.Errorf("%+v", c)
	}
	if s, _ := a.see(id); s.State != Used {
		t.Error(s.State)
	}
}

// A person's translation is used as it came, and stays marked as one.
func TestTranslatedByAPersonIsUsed(t *testing.T) {
	s := newStory(t)
	c := s.list[0]
	c.Status = Human
	id := s.suggest(false, c)
	s.b.deliver(s.a)
	k, err := s.a.b.Use(t.Context(), s.a.keeper, s.a.place.Stream, id, Using{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := s.a.read(k).Clause(c.Clause); got.Status != Human {
		t.Errorf("%+v", got)
	}
}

// What a machine translated in our own text doesn't become a person's by being suggested.
func TestMachineStaysMachineInTheSameLanguage(t *testing.T) {
	a, b := openNode(t, "Rio"), openNode(t, "Sierra")
	text := sampleText()
	source := a.publish(text, VersionKey{})
	b.hear(a)
	mine := text
	mine.Clauses = append([]Clause(nil), text.Clauses...)
	mine.Clauses[0].Text, mine.Clauses[0].Status = "The council applauds the call.", Machine
	ref := a.read(source).Ref()
	ours := b.publish(mine, VersionKey{}, Parent{Kind: Adapted, Blueprint: a.read(source).Blueprint, Version: &ref})
	list, err := b.b.Candidates(t.Context(), b.keeper, ours, source)
	if err != nil || len(list) != 1 || list[0].Status != Machine {
		t.Fatalf("%+v %v", list, err)
	}
	c := list[0]
	c.Reason, c.Status = "Better", "" // as a form that says nothing of it
	id, err := b.b.Suggest(t.Context(), b.keeper, NewSuggestion{Place: b.place.Stream, To: source, From: &ours, Changes: []SuggestedChange{c}})
	if err != nil {
		t.Fatal(err)
	}
	b.deliver(a)
	if _, err := a.b.Use(t.Context(), a.keeper, a.place.Stream, id, Using{}); !hasField(err, "clauses") {
		t.Error(err)
	}
}

func TestMachineIsNotForDeciding(t *testing.T) {
	n := openNode(t, "Rio")
	text := sampleText()
	good := n.read(n.publish(text, VersionKey{}))
	text.Clauses[1].Status = Machine
	bad := n.read(n.publish(text, VersionKey{}))
	if err := n.b.Decidable(t.Context(), n.log.DB(), good.Ref()); err != nil {
		t.Error(err)
	}
	if err := n.b.Decidable(t.Context(), n.log.DB(), bad.Ref()); !hasField(err, "version") || !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
