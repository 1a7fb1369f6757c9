package blueprint

import (
	"strings"
	"testing"

	"translocal/fault"
	"translocal/place"
)

func TestScaleFromSofterToStronger(t *testing.T) {
	n := openNode(t, "Rio")
	text := sampleText()
	c := &text.Clauses[2]
	c.Text, c.Softer, c.Stronger = "No new gas in public buildings.", "The town considers less gas where feasible.", "The town removes all gas from every building by 2030."
	source := n.publish(text, VersionKey{})
	ref := n.read(source).Ref()
	adapted := func(language, wording string) {
		x := text
		x.Language = language
		x.Clauses = append([]Clause(nil), text.Clauses...)
		x.Clauses[2].Text = wording
		n.publish(x, VersionKey{}, Parent{Kind: Adapted, Blueprint: n.read(source).Blueprint, Version: &ref})
	}
	for _, w := range []string{"All gas is removed from every building by 2030.", "The town considers gas a problem, where feasible.", "All gas is removed from every building by 2030.", "Trees are planted."} {
		adapted("en", w)
	}
	adapted("es", "Ningún edificio tiene gas.")
	s, err := n.b.Scale(t.Context(), place.Viewer{}, source, text.Clauses[2].ID)
	if err != nil {
		t.Fatal(err)
	}
	say := func(list []Rung) string {
		var out []string
		for _, r := range list {
			out = append(out, strings.Fields(r.Clause.Text)[0]+"…"+itoa(len(r.Holders)))
		}
		return strings.Join(out, " ")
	}
	if got := say(s.Ordered); got != "The…1 All…2" {
		t.Errorf("in order: %s", got)
	}
	if len(s.Apart) != 3 {
		t.Errorf("apart: %s", say(s.Apart))
	}
	// Without ends nothing is judged.
	s, err = n.b.Scale(t.Context(), place.Viewer{}, source, text.Clauses[0].ID)
	if err != nil || len(s.Ordered) != 0 || len(s.Apart) != 2 {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := n.b.Scale(t.Context(), place.Viewer{}, source, "no-such"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}
