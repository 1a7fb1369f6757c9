package blueprint

import (
	"slices"
	"testing"
)

// Between two languages every clause is to be translated, but those that nobody has; an addition comes
// without words, and what else stands with a clause of theirs stays.
func TestCandidatesAcrossLanguages(t *testing.T) {
	theirs := Text{Language: "en", Clauses: []Clause{
		{Wording: Wording{ID: "a", Kind: "step", Heading: "One", Text: "First.", Reason: "why", Who: "the mill"}},
		{Wording: Wording{ID: "b", Kind: "passage", Text: "RFC 9421"}},
		{Wording: Wording{ID: "c", Kind: "passage", Text: "Third."}}}}
	mine := Text{Language: "es", Clauses: []Clause{
		{Wording: Wording{ID: "a", Kind: "step", Heading: "Uno", Text: "Primero.", Reason: "por qué", Who: "el molino"}},
		{Wording: Wording{ID: "b", Kind: "passage", Text: "RFC 9421"}},
		{Wording: Wording{ID: "x", Kind: "passage", Heading: "Solo un título"}},
		{Wording: Wording{ID: "y", Kind: "passage", Text: "Nuevo.", Reason: "porque sí"}},
		{Wording: Wording{ID: "z", Kind: "passage"}, Missing: true}}}
	want := []SuggestedChange{
		{Kind: ToChange, Clause: "a", Wording: Wording{ID: "a", Kind: "step", Reason: "why", Who: "the mill"}, From: "es", Original: "Primero."},
		{Kind: ToAdd, Clause: "x", After: "b", Wording: Wording{ID: "x", Kind: "passage"}, From: "es", Original: "Solo un título"},
		{Kind: ToAdd, Clause: "y", After: "x", Wording: Wording{ID: "y", Kind: "passage"}, From: "es", Original: "Nuevo."},
		{Kind: ToDrop, Clause: "c"}}
	list := toTranslate(mine, theirs)
	if !slices.Equal(list, want) {
		t.Fatalf("%+v", list)
	}
	chosen := Chosen(list, func(id string) bool { return id == "y" })
	if len(chosen) != 1 || chosen[0].After != "b" {
		t.Errorf("what follows an addition that is not wanted goes astray: %+v", chosen)
	}
}
