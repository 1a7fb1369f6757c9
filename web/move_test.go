package web_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"translocal/blueprint"
	"translocal/fault"
	"translocal/place"
)

var comeInLink = regexp.MustCompile(`/come-in/([A-Za-z0-9_-]+)`)

// A place moves to another node by the pages: its keeper there publishes on under
// the old names, and the old node says where it is and takes nothing more.
func TestAPlaceIsTakenUpElsewhere(t *testing.T) {
	t.Parallel()
	a, d := openNode(t), openNode(t)
	river, ana := a.setUp("River", "Ana")
	_, dora := d.setUp("Delta", "Dora")
	other := d.join(dora, mineOf(t, d, dora), place.Keeper, "Other")
	text := a.publish(ana, river, motion("Before"))
	keys, lines := rootHolders(t, "Ana", "Ben", "Caro")
	if x := a.do(ana, post(a.path(river.ID)+"/roots", "keys", strings.Join(lines, "\n"), "threshold", "2")); x.status != 303 {
		t.Fatalf("%d %.2000s", x.status, x.body)
	}
	d.hear(a, river)
	at := "/site/take-up/" + string(river.Stream)
	for who, p := range map[string]person{"a stranger": {}, "a keeper of a place": other} {
		for _, c := range []call{get(at), post(at + "/prepare"), post(at, "statement", "{}", "proofs", ""), api("POST", "/places/"+string(river.Stream)+"/take-up/prepare", nil),
			api("POST", "/places/"+string(river.Stream)+"/take-up", map[string]string{"statement": "{}", "proofs": ""})} {
			if x := d.do(p, c); x.status != 401 && x.status != 403 && x.status != 303 {
				t.Errorf("%s: %d %.300s", who, x.status, x.body)
			}
		}
	}
	if x := d.do(dora, get("/at/"+strings.TrimPrefix(river.ID, "http://"))); !strings.Contains(x.body, at) {
		t.Errorf("no way to take it up: %.2000s", x.body)
	}
	for _, list := range []call{get("/places"), api("GET", "/places", nil)} { // what is followed is nobody else's business
		if x, mine := d.do(person{}, list), d.do(dora, list); strings.Contains(x.body, "River") || !strings.Contains(mine.body, "River") {
			t.Errorf("%s: a stranger reads what is followed, or who has an account doesn't", list.path)
		}
	}
	prepared := d.do(dora, post(at+"/prepare"))
	if !strings.Contains(prepared.body, "The node that kept it didn&#39;t answer") { // heard without a network here
		t.Errorf("%.3000s", prepared.body)
	}
	statement := statementOn(t, prepared)
	if x := d.do(dora, post(at, "statement", statement, "proofs", signs(t, statement, keys[0]))); x.status != 422 || !strings.Contains(x.body, "1 of the 2") {
		t.Errorf("%d %.2000s", x.status, x.body)
	}
	if err := a.places.CarryOut(t.Context(), ana.Viewer, river.Stream, statement, signs(t, statement, keys...)); !fault.Is(err, fault.Invalid) {
		t.Error("the old node carried it out:", err)
	}
	done := d.do(dora, post(at, "statement", statement, "proofs", signs(t, statement, keys[0], keys[2])))
	link := comeInLink.FindStringSubmatch(done.body)
	if done.status != 200 || link == nil {
		t.Fatalf("%d %.2000s", done.status, done.body)
	}
	// The link is lost: another is made, and the first one opens nothing any more.
	if x := d.do(dora, get(at)); !strings.Contains(x.body, at+"/first-keeper") {
		t.Errorf("%.3000s", x.body)
	}
	anew := comeInLink.FindStringSubmatch(d.do(dora, post(at+"/first-keeper")).body)
	if anew == nil || anew[1] == link[1] {
		t.Fatal(anew)
	}
	if _, _, err := d.places.ComeIn(t.Context(), place.Viewer{}, link[1], place.Newcomer{Name: "Eve", Password: password}); err == nil {
		t.Error("the link that was lost opens the place still")
	}
	link = anew
	_, v, err := d.places.ComeIn(t.Context(), place.Viewer{}, link[1], place.Newcomer{Name: "Ana", Password: password})
	must(t, err)
	if x := d.do(dora, post(at+"/first-keeper")); x.status != 409 {
		t.Error("a place with a keeper gets another by the site's:", x.status)
	}
	livesOn(t, d, river, d.session(v), text)

	// The old node hears of it.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ran := make(chan struct{})
	go func() { defer close(ran); d.fed.Run(ctx) }()
	for changed := a.log.Changed(); ; changed = a.log.Changed() {
		if s, err := a.log.StreamOf(t.Context(), river.Stream); err != nil || !s.Own {
			must(t, err)
			break
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatal("the old node never hears of it")
		}
	}
	stop()
	<-ran
	goneFrom(t, a, d, river, ana, text)
}

// mineOf is the one place of a person.
func mineOf(t *testing.T, n *node, p person) *place.Place {
	t.Helper()
	mine, err := n.places.Mine(t.Context(), p.Viewer)
	must(t, err)
	at, err := n.places.ByStream(t.Context(), mine[0].Stream)
	must(t, err)
	return at
}

// livesOn sees that a place that moved here is like any other of this node.
func livesOn(t *testing.T, d *node, river *place.Place, keeper person, before *blueprint.Version) {
	t.Helper()
	here := river.ID[strings.LastIndex(river.ID, "/p/"):]
	shown := d.do(keeper, get(here))
	if shown.status != 200 || !strings.Contains(shown.body, `href="`+here+`/describe"`) || strings.Contains(shown.body, "take-up") {
		t.Errorf("%d %.3000s", shown.status, shown.body)
	}
	if x := d.do(keeper, post(here+"/describe", "name", "River, moved")); x.status != 303 || !strings.HasPrefix(x.header.Get("Location"), here) {
		t.Errorf("%d %.2000s", x.status, x.body)
	}
	after := d.publish(keeper, river, motion("After"))
	for _, v := range []*blueprint.Version{before, after} {
		path := v.ID[strings.LastIndex(v.ID, "/p/"):]
		if x := d.do(person{}, get(path)); x.status != 200 || !strings.Contains(x.body, v.Title) {
			t.Errorf("%s: %d %.1000s", path, x.status, x.body)
		}
	}
	if !strings.HasPrefix(after.ID, river.ID+"/") {
		t.Error("it is called", after.ID)
	}
	var places []struct{ ID string }
	must(t, json.Unmarshal([]byte(d.do(person{}, api("GET", "/places", nil)).body), &places))
	found := false
	for _, p := range places {
		found = found || p.ID == river.ID
	}
	if !found {
		t.Errorf("it is not among the places: %v", places)
	}
}

// goneFrom sees that the old node says where a place is, and takes nothing for it.
func goneFrom(t *testing.T, a, d *node, river *place.Place, ana person, text *blueprint.Version) {
	t.Helper()
	at := d.base + a.path(river.ID)
	for _, path := range []string{a.path(river.ID), a.path(text.ID)} {
		if x := a.do(person{}, get(path)); x.status != 200 || !strings.Contains(x.body, "This place moved") || !strings.Contains(x.body, `href="`+at+`"`) {
			t.Errorf("%s: %d %.2000s", path, x.status, x.body)
		}
	}
	shown := a.do(ana, get(a.path(river.ID)))
	if strings.Contains(shown.body, a.path(river.ID)+"/describe") || strings.Contains(shown.body, `name="how" value="new"`) || strings.Contains(shown.body, "/site/take-up") {
		t.Errorf("%.3000s", shown.body)
	}
	if x := a.do(ana, post(a.path(river.ID)+"/describe", "name", "Still here")); x.status != 403 {
		t.Errorf("it is described there still: %d %.500s", x.status, x.body)
	}
	if x := a.do(ana, get("/notices")); !strings.Contains(x.body, "moved to "+d.base) {
		t.Errorf("its keeper was not told: %.2000s", x.body)
	}
}
