package blueprint

import (
	"strings"
	"testing"

	"translocal/blueprint/clause"
	"translocal/fault"
	"translocal/place"
)

// entered is a suggestion of a place without a node for a text of ours.
func entered(t *testing.T, n *node, credit string) (VersionKey, string, *Version) {
	t.Helper()
	k := n.publish(sampleText(), VersionKey{})
	v := n.read(k)
	list := Matched(v.Text, []Clause{{Wording: Wording{Heading: v.Clauses[0].Heading, Text: v.Text.filled()[0].Text, Kind: clause.Passage}},
		{Wording: Wording{ID: "newnewnewnewnewn", Kind: clause.Passage, Heading: "Costs", Text: "The costs are shared by all who use the water."}},
		{Wording: Wording{Heading: v.Clauses[1].Heading, Text: v.Text.filled()[1].Text + " And in each season.", Kind: v.Clauses[1].Kind}}})
	changes := Differences(v.Text, list)
	for i := range changes {
		changes[i].Reason = "So said our assembly."
	}
	id, err := n.b.EnterSuggestion(t.Context(), n.keeper, NewOutside{To: k, Outside: Outside{Name: "Upper valley", Credit: credit}, Changes: changes})
	if err != nil {
		t.Fatal(err)
	}
	return k, id, v
}

func TestASuggestionOfAPlaceWithoutANodeIsUsed(t *testing.T) {
	n := openNode(t, "Rio")
	k, id, v := entered(t, n, "With wording suggested by Upper valley.")
	x, _ := n.see(id)
	kinds := map[ChangeKind]int{}
	for _, c := range x.Changes {
		kinds[c.Kind]++
	}
	if x.Other.Name != "Upper valley" || x.State != Acknowledged || kinds[ToAdd] != 1 || kinds[ToChange] != 1 || kinds[ToDrop] != len(v.Clauses)-2 {
		t.Fatalf("%+v", x)
	}
	if err := n.b.Say(t.Context(), n.keeper, n.place.Stream, id, "Hello"); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	used, err := n.b.Use(t.Context(), n.keeper, n.place.Stream, id, Using{Clauses: []string{"newnewnewnewnewn"}, Message: "Costs"})
	if err != nil {
		t.Fatal(err)
	}
	now := n.read(used)
	if now.Message != "Costs\n\nWith wording suggested by Upper valley." || len(now.Clauses) != len(v.Clauses)+1 || now.Clauses[1].Heading != "Costs" || len(now.Credits) != 0 {
		t.Errorf("%q %+v", now.Message, now.Clauses)
	}
	if x, _ = n.see(id); x.State != UsedInPart || x.Answer.Version.URL != used.ID || used == k {
		t.Errorf("%+v", x.Answer)
	}
	if _, err := n.b.Use(t.Context(), n.keeper, n.place.Stream, id, Using{}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	n.rebuild() // what is private is no part of it
}

func TestAPlaceThatIsNotToBeNamedIsNot(t *testing.T) {
	n := openNode(t, "Rio")
	_, id, _ := entered(t, n, "")
	used, err := n.b.Use(t.Context(), n.keeper, n.place.Stream, id, Using{Clauses: []string{"newnewnewnewnewn"}, Message: "Costs"})
	if err != nil {
		t.Fatal(err)
	}
	if m := n.read(used).Message; m != "Costs" {
		t.Error(m)
	}
	_, id, _ = entered(t, n, "")
	if err := n.b.Decline(t.Context(), n.keeper, n.place.Stream, id, "Not for us"); err != nil {
		t.Fatal(err)
	}
	if x, _ := n.see(id); x.State != Declined || x.Answer.Reason != "Not for us" {
		t.Errorf("%+v", x)
	}
}

func TestWhatCannotBeEntered(t *testing.T) {
	n := openNode(t, "Rio")
	k := n.publish(sampleText(), VersionKey{})
	c := n.read(k).Clauses[0].Wording
	ok := NewOutside{To: k, Outside: Outside{Name: "Upper valley"}, Changes: []SuggestedChange{{Kind: ToChange, Clause: c.ID, Wording: c, Reason: "R"}}}
	member := n.join("Fern", place.Member)
	if _, err := n.b.EnterSuggestion(t.Context(), member, ok); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	if _, err := n.b.EnterSuggestion(t.Context(), place.Viewer{}, ok); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
	for field, bad := range map[string]NewOutside{
		"name":             {To: k, Changes: ok.Changes},
		"changes":          {To: k, Outside: ok.Outside},
		"changes.0.reason": {To: k, Outside: ok.Outside, Changes: []SuggestedChange{{Kind: ToDrop, Clause: c.ID}}},
		"changes.0.clause": {To: k, Outside: ok.Outside, Changes: []SuggestedChange{{Kind: ToDrop, Clause: "aaaaaaaaaaaaaaaa", Reason: "R"}}},
		"credit":           {To: k, Outside: Outside{Name: "x", Credit: strings.Repeat("x", 400)}, Changes: ok.Changes},
	} {
		if _, err := n.b.EnterSuggestion(t.Context(), n.keeper, bad); !hasField(err, field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestAnAnswerEnteredByHandGivesWayToASignedOne(t *testing.T) {
	s := newStory(t)
	id := s.suggest(false, s.list...)
	by := func(v place.Viewer, h HandAnswer) error {
		return s.b.b.EnterAnswer(t.Context(), v, s.b.place.Stream, id, h)
	}
	good := HandAnswer{Outcome: UsedInPart, Clauses: []string{s.list[0].Clause}, Said: "the clerk", Day: s.b.b.now().Format("2006-01-02")}
	for field, spoil := range map[string]func(*HandAnswer){
		"outcome":  func(h *HandAnswer) { h.Outcome = Sent },
		"said":     func(h *HandAnswer) { h.Said = "" },
		"day":      func(h *HandAnswer) { h.Day = "9999-01-01" },
		"reason":   func(h *HandAnswer) { h.Outcome = Declined },
		"clauses":  func(h *HandAnswer) { h.Clauses = nil },  // all is no part
		"clauses ": func(h *HandAnswer) { h.Outcome = Used }, // a part is not all
	} {
		h := good
		if spoil(&h); !hasField(by(s.b.keeper, h), strings.TrimSpace(field)) {
			t.Errorf("%s: %v", field, by(s.b.keeper, h))
		}
	}
	if err := by(s.b.join("Fern", place.Member), good); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	if err := by(s.b.keeper, good); err != nil {
		t.Fatal(err)
	}
	if x, _ := s.b.see(id); x.State != UsedInPart || x.Answer.Said != "the clerk" || x.Answer.Day != good.Day || len(x.Answer.Clauses) != 1 {
		t.Errorf("%+v", x.Answer)
	}
	if err := by(s.b.keeper, good); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	s.b.deliver(s.a)
	if err := s.a.b.Decline(t.Context(), s.a.keeper, s.a.place.Stream, id, "Not for us"); err != nil {
		t.Fatal(err)
	}
	s.a.deliver(s.b)
	if x, _ := s.b.see(id); x.State != Declined || x.Answer.Said != "" {
		t.Errorf("%+v", x.Answer)
	}
}

// What a person confirmed keeps the id of its source; neighbours that are one clause are put together, and the same clause
// further down is a new one.
func TestBeginChecked(t *testing.T) {
	n := openNode(t, "Rio")
	k := n.publish(sampleText(), VersionKey{})
	v := n.read(k)
	call, letter := v.Clauses[0].ID, v.Clauses[1].ID
	draft := "The Council of Rio endorses the call.\n\nIt does so gladly and with all its voice.\n\nNobody asked for this clause.\n\nThe mayor writes to the government within nine days.\n\nThe call is endorsed once more here."
	same := map[string]string{"c1": call, "c2": call, "c4": letter, "c5": call}
	l, err := n.b.BeginChecked(t.Context(), n.keeper, "", Text{Title: "Ours", Language: "en"}, draft, &Source{Version: k}, same)
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.b.ReadDraft(t.Context(), n.keeper, l)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Clauses) != 4 || d.Clauses[0].ID != call || d.Clauses[2].ID != letter || d.Clauses[1].ID == call || d.Clauses[3].ID == call ||
		d.Clauses[0].Text != "The Council of Rio endorses the call.\n\nIt does so gladly and with all its voice." || len(d.From) != 1 || d.From[0].Version.URL != k.ID {
		t.Errorf("%+v", d.DraftBody)
	}
	if _, err := n.b.BeginChecked(t.Context(), n.keeper, "", Text{Language: "en"}, draft, &Source{Version: k}, map[string]string{"c1": "none"}); !hasField(err, "same") {
		t.Error(err)
	}
	if _, err := n.b.BeginChecked(t.Context(), n.keeper, "", Text{Language: "en"}, "", nil, nil); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
