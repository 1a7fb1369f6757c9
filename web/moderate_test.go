package web_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"translocal/act"
	"translocal/advance"
	"translocal/place"
)

// A text that is hidden is read through no door of the node, its acts stay as
// they are, and it can be shown again.
func TestAHiddenTextIsReadNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := motion("Zwetschgenbaum")
	v := w.publish(w.keeper, w.here, text)
	words := v.Clauses[0].Text
	if len(words) < 10 {
		t.Fatal("no words to look for")
	}
	if a := w.do(person{}, post("/report", "of", "text", "thing", v.ID, "category", "exposes", "words", "It names my street")); a.status != 303 {
		t.Fatal("a stranger's report is answered", a.status)
	}
	if a := w.do(w.keeper, get(w.p("/moderation"))); !strings.Contains(a.body, "It names my street") || !strings.Contains(a.body, "Zwetschgenbaum") {
		t.Error("the keeper does not see the report")
	}
	before, err := w.log.Stamp(t.Context())
	must(t, err)
	doors := map[string]call{
		"its page":       get(w.path(v.ID)),
		"a clause":       get(w.path(v.ID) + "/clause/" + v.Clauses[0].ID),
		"the file":       get(w.path(v.ID) + "/file/md"),
		"the versions":   get(w.path(v.Blueprint) + "/versions"),
		"the place":      get(w.p("")),
		"all texts":      get("/blueprints"),
		"the search":     get("/search?q=Zwetschgenbaum"),
		"the feed":       get(w.p("/feed")),
		"the API":        api("GET", "/versions?id="+url.QueryEscape(v.ID), nil),
		"the API search": api("GET", "/search?q=Zwetschgenbaum", nil),
		"a comparison":   get("/compare?older=" + url.QueryEscape(w.text.ID) + "&newer=" + url.QueryEscape(v.ID)),
	}
	has := func(body string) bool {
		return strings.Contains(strings.ReplaceAll(body, `value="Zwetschgenbaum"`, ""), ">Zwetschgenbaum<") || strings.Contains(body, `"Zwetschgenbaum"`) && strings.HasPrefix(body, "{")
	}
	shownBefore := 0
	for _, c := range doors {
		if a := w.do(person{}, c); has(a.body) {
			shownBefore++
		}
	}
	if shownBefore < 5 {
		t.Fatalf("only %d doors show the text at first", shownBefore)
	}
	if a := w.do(w.keeper, post(w.p("/moderation/decide"), "of", "text", "thing", v.ID, "do", "hide", "reason", "A street is named")); a.status != 303 {
		t.Fatalf("hiding is answered %d: %.400s", a.status, a.body)
	}
	for name, c := range doors {
		if a := w.do(person{}, c); has(a.body) || a.status >= 500 {
			t.Errorf("%s shows what is hidden, or fails: %d", name, a.status)
		}
	}
	if a := w.do(person{}, get(w.path(v.ID))); !strings.Contains(a.body, "A street is named") {
		t.Error("the page does not say why")
	}
	if after, err := w.log.Stamp(t.Context()); err != nil || after != before {
		t.Error("hiding changed the record")
	}
	part, err := act.PartOf(t.Context(), w.log.DB(), v.Stream, v.Index, "title")
	if err != nil || string(part.Body) != "Zwetschgenbaum" {
		t.Error("hiding erased the text:", err)
	}
	if a := w.do(w.keeper, post(w.p("/moderation/decide"), "of", "text", "thing", v.ID, "do", "show")); a.status != 303 {
		t.Error("showing again is answered", a.status)
	}
	if a := w.do(person{}, get("/search?q=Zwetschgenbaum")); !has(a.body) {
		t.Error("shown again, it is not found")
	}
	if a := w.do(w.member, get(w.p("/keepers-log"))); !strings.Contains(a.body, "A street is named") {
		t.Error("members don't read of it")
	}
}

// Strangers can't fill a queue, and nobody learns by a report what they can't read.
func TestReportsAreLimitedAndOpenNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	codes := map[int]int{}
	for range 8 {
		codes[w.do(person{}, post("/report", "of", "text", "thing", w.text.ID, "category", "spam")).status]++
	}
	if codes[303] != 5 || codes[409] != 3 {
		t.Error("eight strangers report one text:", codes)
	}
	from := map[string]string{"X-Forwarded-For": "203.0.113.7"}
	last := 0
	for range 25 {
		c := post("/report", "of", "text", "thing", w.text.ID, "category", "spam")
		c.header = from
		last = w.do(person{}, c).status
	}
	if last != 429 {
		t.Error("one address is slowed down after 25 reports, answered", last)
	}
	for _, who := range []person{{}, w.outsider, w.site} {
		a := w.do(who, get("/report?of=person&in="+string(w.here.Stream)+"&thing="+w.target.Person))
		if strings.Contains(a.body, w.target.Name) || a.status == 200 {
			t.Errorf("%q reads a member's pseudonym by reporting it: %d", who.Name, a.status)
		}
	}
	a := w.do(w.member, post("/report", "of", "person", "in", string(w.there.Stream), "thing", w.target.Person, "category", "insult"))
	if a.status != 403 {
		t.Error("a member reports to a place that is not theirs:", a.status)
	}
}

// Who is blocked is told by which place and why, and leaves it.
func TestWhoIsBlockedIsToldAndLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.places.BlockPerson(t.Context(), w.keeper.Viewer, w.here.Stream, w.member.Person, "Threats by night"))
	leave := `action="` + w.p("/leave") + `"`
	if a := w.do(w.member, get("/account/leaving")); !strings.Contains(a.body, "Threats by night") || !strings.Contains(a.body, leave) {
		t.Errorf("%d: the blocked person is not told, or can't leave", a.status)
	}
	if a := w.do(w.member, post(w.p("/leave"))); a.status != 303 {
		t.Errorf("leaving is answered %d: %.300s", a.status, a.body)
	}
	if a := w.do(w.member, get("/account/leaving")); !strings.Contains(a.body, "Threats by night") || strings.Contains(a.body, leave) {
		t.Error("the block is gone, or the membership is not")
	}
}

// A pseudonym that is hidden is shown on no page of its place, but to its bearer
// and the keepers.
func TestAHiddenPseudonymIsReadNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, loud := t.Context(), w.join(w.keeper, w.here, place.Member, "Krummholz")
	must(t, w.advances.PutTask(ctx, w.keeper.Viewer, w.bringing, advance.Task{Title: "Carry the tables", Before: 2, Keepers: [2]string{loud.Person, w.keeper.Person}}))
	id := w.meeting(false)
	must(t, w.meetings.Take(ctx, loud.Viewer, w.here.Stream, id, "scribe", true))
	must(t, w.places.SetRole(ctx, w.keeper.Viewer, w.here.Stream, loud.Person, place.Keeper))
	must(t, w.places.SetRole(ctx, w.keeper.Viewer, w.here.Stream, loud.Person, place.Member))
	doors := map[string]call{
		"the members":     get(w.p("/members")),
		"the log":         get(w.p("/keepers-log")),
		"the log by API":  api("GET", w.s("/keepers-log"), nil),
		"the plan":        get(w.atBringing() + "/plan"),
		"the plan by API": api("GET", w.s("/bringings/plan"+w.byBringing()), nil),
		"a meeting":       get(w.p("/meeting/" + id)),
		"it by API":       api("GET", w.s("/meetings/"+id), nil),
	}
	shown := func(as person) (list []string) {
		for name, c := range doors {
			a := w.do(as, c)
			if a.status != 200 {
				t.Fatalf("%s: %d", name, a.status)
			}
			if strings.Contains(a.body, "Krummholz") {
				list = append(list, name)
			}
		}
		slices.Sort(list)
		return list
	}
	if list := shown(w.member); len(list) != len(doors) {
		t.Fatal("at first it is shown by", list)
	}
	if a := w.do(w.keeper, post(w.p("/moderation/decide"), "of", "person", "thing", loud.Person, "do", "hide", "reason", "It mocks somebody")); a.status != 303 {
		t.Fatal("hiding is answered", a.status)
	}
	if list := shown(w.member); len(list) > 0 {
		t.Error("hidden, it is shown by", list)
	}
	for _, who := range []person{loud, w.keeper} {
		if list := shown(who); len(list) != len(doors) {
			t.Error("its bearer and the keepers see it only by", list)
		}
	}
}

// Lists through the API are lists when nothing is in them.
func TestNothingIsAnEmptyList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, at := range []string{"/blocked-people", "/keepers-log"} {
		if a := w.do(w.keeper, api("GET", w.s(at), nil)); a.status != 200 || strings.TrimSpace(a.body) != "[]" {
			t.Errorf("%s: %d %s", at, a.status, a.body)
		}
	}
}
