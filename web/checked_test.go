package web_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"translocal/blueprint"
)

// A member reads what a machine translated beside its original and says, one clause after the other, that it is right;
// the version that a keeper then publishes says so of each, and names who wanted to be named.
func TestCheckTranslationClauseByClause(t *testing.T) {
	n := openNode(t)
	river, ana := n.setUp("Rio", "Ana")
	ctx := t.Context()
	source := n.publish(ana, river, motion("Ours"))
	text := source.Text
	text.Language, text.Title, text.Clauses = "es", "La nuestra", slices.Clone(text.Clauses)
	for i := range text.Clauses {
		text.Clauses[i].Text, text.Clauses[i].Status = "Palabras de una máquina.", blueprint.Machine
	}
	ref := source.Ref()
	k, err := n.blueprints.Publish(ctx, ana.Viewer, blueprint.Publication{Place: river.Stream, Blueprint: source.Blueprint, Text: text,
		From: []blueprint.Parent{{Kind: blueprint.Translates, Blueprint: source.Blueprint, Version: &ref}}})
	must(t, err)
	if x := n.do(ana, get(n.path(k.ID))); !strings.Contains(x.body, `name="then" value="check"`) {
		t.Error("no way from the text")
	}
	if x := n.do(person{}, get(n.path(k.ID))); strings.Contains(x.body, `name="then" value="check"`) {
		t.Error("a stranger is asked to check")
	}
	at := n.do(ana, post("/drafts", "how", "continue", "version", k.ID, "then", "check")).header.Get("Location")
	at = strings.TrimSuffix(strings.SplitN(at, "?", 2)[0], "/check")
	for i, c := range text.Clauses {
		x := n.do(ana, get(at+"/check"))
		for _, want := range []string{`value="` + c.ID + `"`, source.Clauses[i].Text, "Palabras de una máquina.", "translated by a machine"} {
			if !strings.Contains(x.body, want) {
				t.Errorf("the page for clause %d lacks %q: %d", i, want, x.status)
			}
		}
		d, err := n.blueprints.ReadDraft(ctx, ana.Viewer, blueprint.Link(strings.TrimPrefix(at, "/draft/")))
		must(t, err)
		if x := n.do(ana, post(at+"/check", "rev", fmt.Sprint(d.Rev), "clause", c.ID, "name", strings.Repeat("x", 101))); x.status != 422 || !strings.Contains(x.body, "f-name-fault") {
			t.Error("a name without end:", x.status)
		}
		if x := n.do(ana, post(at+"/check", "rev", fmt.Sprint(d.Rev), "clause", c.ID, "name", "Ana, teacher")); x.status != 303 {
			t.Fatal(x.status, x.body)
		}
	}
	if x := n.do(ana, get(at+"/check")); !strings.Contains(x.body, "nothing left here that you can check") {
		t.Error(x.body)
	}
	publish := n.do(ana, get(at+"/publish"))
	if !strings.Contains(publish.body, "Translation checked by Ana, teacher.") {
		t.Error("who wants to be named is not proposed for the message")
	}
	d, err := n.blueprints.ReadDraft(ctx, ana.Viewer, blueprint.Link(strings.TrimPrefix(at, "/draft/")))
	must(t, err)
	done := n.do(ana, post(at+"/publish", "rev", fmt.Sprint(d.Rev), "message", ""))
	if done.status != 303 {
		t.Fatal(done.status, done.body)
	}
	to, err := url.Parse(done.header.Get("Location"))
	must(t, err)
	shown := n.do(person{}, get(to.Path))
	if strings.Count(shown.body, "translated and checked") != len(text.Clauses) || strings.Contains(shown.body, "Ana, teacher") {
		t.Error(shown.body)
	}
}
