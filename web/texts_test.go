package web

import (
	"testing"

	"translocal/blueprint"
	"translocal/place"
)

// A text is read once for search and check together, and not again while it stays; both follow what is published.
func TestTextsAreReadOnce(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	now := func() (map[string]*finding, int64) {
		t.Helper()
		if _, err := s.server.findings(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.server.corpus(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, change, err := s.server.publicTexts(t.Context())
		if err != nil || s.server.finder.change != change || s.server.checker.change != change {
			t.Fatal(err, change, s.server.finder.change, s.server.checker.change)
		}
		out := map[string]*finding{}
		for _, x := range list {
			if x.compare == nil || len(x.found) < 2 {
				t.Fatalf("%+v", x.listed)
			}
			out[x.listed.ID] = x.found[0]
		}
		return out, change
	}
	k := s.publish(passages("The wardens feed the ducks."))
	first, one := now()
	index, corpus := s.server.finder.now, s.server.checker.corpus
	if len(first) != 1 {
		t.Fatal(first)
	}
	v, err := s.server.Blueprints.Read(t.Context(), s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.Places.Describe(t.Context(), s.keeper, s.place.Stream, place.Profile{Name: "Rio", Story: "Its wardens meet on Mondays"}); err != nil {
		t.Fatal(err)
	}
	if again, same := now(); again[k.ID] != first[k.ID] || same != one || s.server.finder.now != index || s.server.checker.corpus != corpus {
		t.Error("a stream moved and no text: they were made anew")
	}
	s.publish(passages("The bakery gives the bread."))
	if both, two := now(); len(both) != 2 || both[k.ID] != first[k.ID] || two == one || s.server.finder.now == index || s.server.checker.corpus == corpus {
		t.Error("a new text", len(both), two)
	}
	// A warning is read and found with the clause.
	if _, err := s.server.Blueprints.Warn(t.Context(), s.keeper, blueprint.NewWarning{Place: s.place.Stream, Version: k, Clause: v.Clauses[0].ID, Kind: "ignored", Text: "They did not.", Cited: "Minutes"}); err != nil {
		t.Fatal(err)
	}
	if warned, three := now(); len(warned) != 2 || warned[k.ID] == first[k.ID] || three <= one {
		t.Error("a warning changed nothing")
	}
}
