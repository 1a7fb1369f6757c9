package web_test

import (
	"net/url"
	"strings"
	"testing"

	"translocal/act"
	"translocal/blueprint"
	"translocal/place"
)

// hear gives a node what a place of another published.
func (n *node) hear(from *node, p *place.Place) {
	n.t.Helper()
	ctx := n.t.Context()
	s, err := from.log.StreamOf(ctx, p.Stream)
	must(n.t, err)
	next := int64(0)
	if known, err := n.log.StreamOf(ctx, p.Stream); err == nil {
		next = known.Size
	}
	list, err := from.log.Entries(ctx, p.Stream, next, int(s.Size-next)+1)
	must(n.t, err)
	must(n.t, act.VerifyEntries(ctx, n.log.DB(), p.Stream, next, list))
	_, err = n.log.Receive(ctx, p.Stream, list)
	must(n.t, err)
}

// A place whose text is in Spanish suggests, by the form, to one on another node whose text is in English. What a
// machine translated offers no way to be used but by a draft in which somebody puts it into words; what a person
// translated is used, and the answer comes back.
func TestSuggestAcrossLanguagesByForm(t *testing.T) {
	t.Parallel()
	a, b := openNode(t), openNode(t)
	river, ana := a.setUp("Rio", "Ana")
	sierra, berta := b.setUp("Sierra", "Berta")
	ctx := t.Context()
	text := motion("Ours")
	theirs := a.publish(ana, river, text)
	b.hear(a, river)
	mine := text
	mine.Language, mine.Title = "es", "La nuestra"
	mine.Clauses = append([]blueprint.Clause(nil), text.Clauses...)
	mine.Clauses[0].Heading, mine.Clauses[0].Text = "Pedimos", "El concejo respalda el tratado ya."
	mine.Clauses[1].Heading, mine.Clauses[1].Text = "Luego", "Escribe una carta al ministerio."
	ref := theirs.Ref()
	k, err := b.blueprints.Publish(ctx, berta.Viewer, blueprint.Publication{Place: sierra.Stream, Text: mine,
		From: []blueprint.Parent{{Kind: blueprint.Translates, Blueprint: theirs.Blueprint, Version: &ref}}})
	must(t, err)
	one, two := text.Clauses[0].ID, text.Clauses[1].ID

	// From one's own text one comes to whom it can be suggested, and on to the clauses.
	query := url.Values{"place": {string(sierra.Stream)}, "from": {k.ID}}
	if page := b.do(berta, get(b.path(k.ID))); !strings.Contains(page.body, "/suggest?") {
		t.Error("no way from one's own text")
	}
	whom := b.do(berta, get("/suggest?"+query.Encode()))
	if whom.status != 200 || !strings.Contains(whom.body, "Rio: ") || !strings.Contains(whom.body, "yours came from it") || strings.Contains(whom.body, "La nuestra</span>") {
		t.Errorf("%d %s", whom.status, whom.body)
	}
	if x := b.do(person{}, get("/suggest?"+query.Encode())); strings.Contains(x.body, "yours came from it") {
		t.Error("a stranger is asked whom to suggest to")
	}
	query.Set("to", theirs.ID)
	choose := b.do(berta, get("/suggest?"+query.Encode()))
	if choose.status != 200 || !strings.Contains(choose.body, `value="`+one+`"`) || strings.Contains(choose.body, "text-"+one) {
		t.Errorf("%d %s", choose.status, choose.body)
	}
	query.Set("clause", one)
	form := b.do(berta, get("/suggest?"+query.Encode()))
	for _, want := range []string{"text-" + one, "status-" + one, `lang="es">El concejo respalda el tratado ya.`, `lang="en">The council endorses the treaty.`, "can be read, but not used"} {
		if !strings.Contains(form.body, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	if strings.Contains(form.body, "text-"+two) {
		t.Error("a clause that was not chosen is asked for")
	}

	// Errors stand at their fields, and what was typed stays.
	send := func(pairs ...string) answer {
		return b.do(berta, post("/suggest", append([]string{"to", theirs.ID, "place", string(sierra.Stream), "from", k.ID}, pairs...)...))
	}
	if x := send(); x.status != 422 || !strings.Contains(x.body, `value="`+two+`"`) {
		t.Error("nothing chosen:", x.status)
	}
	x := send("clause", one, "reason-"+one, "We did it")
	for _, field := range []string{"heading-", "text-"} {
		if !strings.Contains(x.body, "f-"+field+one+"-fault") {
			t.Errorf("%d: no fault at %s", x.status, field)
		}
	}
	if x.status != 422 || !strings.Contains(x.body, "f-status-"+one+"-fault") || !strings.Contains(x.body, "We did it") {
		t.Error(x.status, x.body)
	}
	x = send("clause", one, "reason-"+one, "We did it", "heading-"+one, "We ask", "text-"+one, "El concejo respalda el tratado ya.", "status-"+one, "human")
	if x.status != 422 || !strings.Contains(x.body, "f-text-"+one+"-fault") || !strings.Contains(x.body, "This is still the original") {
		t.Error("the original for a translation:", x.status)
	}
	if x = send("clause", one, "reason-"+one, "We did it", "heading-"+one, "We ask", "text-"+one, "At once.", "status-"+one, "guessed"); x.status != 422 || !strings.Contains(x.body, "f-status-"+one+"-fault") {
		t.Error("a status that there is not:", x.status)
	}

	// What a machine translated can be read there, not used.
	sent := func(x answer) string {
		t.Helper()
		at, err := url.Parse(x.header.Get("Location"))
		if err != nil || x.status != 303 {
			t.Fatal(x.status, err, x.body)
		}
		b.deliver(a)
		return at.Query().Get("id")
	}
	machine := sent(send("clause", one, "reason-"+one, "We did it", "heading-"+one, "We ask", "text-"+one, "The council backs the treaty already.", "status-"+one, "machine"))
	at := func(id string) string { return a.path(river.ID) + "/suggestion?" + url.Values{"id": {id}}.Encode() }
	use := a.path(river.ID) + "/suggestion/use"
	came := a.do(ana, get(at(machine)))
	for _, want := range []string{`lang="es">El concejo respalda el tratado ya.`, "translated by a machine", "somebody who reads both languages", `value="draft"`} {
		if !strings.Contains(came.body, want) {
			t.Errorf("what came lacks %q", want)
		}
	}
	if strings.Contains(came.body, `name="how" value="now"`) {
		t.Error("what nobody has checked can be used")
	}
	if x := a.do(ana, post(use, "id", machine, "clause", one, "how", "now")); x.status != 422 {
		t.Error("by hand it can:", x.status)
	}
	draft := a.do(ana, post(use, "id", machine, "clause", one, "how", "draft"))
	if draft.status != 303 {
		t.Fatal(draft.status, draft.body)
	}
	if page := a.do(ana, get(draft.header.Get("Location"))); !strings.Contains(page.body, "translated by a machine") {
		t.Error("the draft hides how it was translated")
	}

	// A clause that a person checked goes with one that nobody did: only the first is ready to be used.
	both := sent(send("clause", one, "reason-"+one, "We did it", "heading-"+one, "We ask", "text-"+one, "The council endorses the treaty now.", "status-"+one, "checked",
		"clause", two, "reason-"+two, "Shorter", "heading-"+two, "Then", "text-"+two, "Write letter ministry.", "status-"+two, "machine"))
	came = a.do(ana, get(at(both)))
	if !strings.Contains(came.body, `name="how" value="now"`) || !strings.Contains(came.body, `value="`+one+`" checked`) || strings.Contains(came.body, `value="`+two+`" checked`) {
		t.Error(came.body)
	}
	if x := a.do(ana, post(use, "id", both, "clause", one, "how", "now", "note", "Thank you")); x.status != 303 {
		t.Fatal(x.status, x.body)
	}
	a.deliver(b)
	back := b.do(berta, get(b.path(sierra.ID)+"/suggestion?"+url.Values{"id": {both}}.Encode()))
	if !strings.Contains(back.body, "used in part") || !strings.Contains(back.body, "Thank you") {
		t.Error("the answer did not come back:", back.status)
	}
	newest, err := a.blueprints.Related(ctx, ana.Viewer, river.Stream, theirs)
	must(t, err)
	v, err := a.blueprints.Read(ctx, ana.Viewer, newest[0].VersionKey)
	must(t, err)
	if c, _ := v.Text.Clause(one); c.Text != "The council endorses the treaty now." || c.Status != blueprint.Checked {
		t.Errorf("%+v", c)
	}
}
