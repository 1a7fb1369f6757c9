package web_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"translocal/place"
)

// TestPersonalTokenThroughTheAPI makes tokens on the page and uses them: they
// open the API within their scope, and no page.
func TestPersonalTokenThroughTheAPI(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	here, keeper := n.setUp("Here", "Keeper")
	there, err := n.places.Found(t.Context(), keeper.Viewer, "place", place.Profile{Name: "There"})
	must(t, err)
	at := func(p *place.Place) string { return "/places/" + string(p.Stream) }
	reads := person{keeper.Viewer, n.token(keeper, "read", "")}
	writes := person{keeper.Viewer, n.token(keeper, "write", string(here.Stream))}
	for what, c := range map[string]struct {
		as   person
		call call
		want int
	}{
		"reading":                  {reads, api("GET", at(here)+"/proposals", nil), 200},
		"reading elsewhere":        {writes, api("GET", at(there)+"/proposals", nil), 403},
		"writing by one for that":  {writes, api("PUT", at(here), map[string]string{"name": "Here"}), 204},
		"writing elsewhere":        {writes, api("PUT", at(there), map[string]string{"name": "x"}), 403},
		"writing by one for reads": {reads, api("PUT", at(here), map[string]string{"name": "x"}), 403},
		"a token by a token":       {writes, api("POST", "/account/tokens", map[string]any{"name": "x", "days": 1}), 403},
		"the list by a token":      {reads, api("GET", "/account/tokens", nil), 403},
		"inviting":                 {writes, api("POST", at(here)+"/invitations", map[string]string{"role": "keeper"}), 403},
		"the site":                 {reads, api("GET", "/site/keeping", nil), 403},
		"another's token":          {person{keeper.Viewer, "tlt_nobodys"}, api("GET", at(here)+"/proposals", nil), 401},
	} {
		if a := n.do(c.as, c.call); a.status != c.want {
			t.Errorf("%s: %d: %.300s", what, a.status, a.body)
		}
	}
	a := n.do(reads, api("PUT", at(here), map[string]string{"name": "x"}))
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" || !strings.Contains(a.body, "urn:translocal:fault:forbidden") {
		t.Errorf("a program is refused with %s: %.200s", kind, a.body)
	}
	page := get("/account")
	page.header = map[string]string{"Authorization": "Bearer " + writes.secret}
	if a := n.do(person{}, page); !toSignIn(a) {
		t.Error("a token opened a page:", a.status)
	}
	var list []struct{ ID, Seen string }
	must(t, json.Unmarshal([]byte(n.do(keeper, api("GET", "/account/tokens", nil)).body), &list))
	if len(list) != 2 || list[0].Seen == "" {
		t.Error(list)
	}
	for _, k := range list {
		if a := n.do(keeper, api("DELETE", "/account/tokens/"+k.ID, nil)); a.status != 204 {
			t.Error(a.status, a.body)
		}
	}
	if a := n.do(reads, api("GET", at(here)+"/proposals", nil)); a.status != 401 {
		t.Error("a token that was ended:", a.status)
	}
}

var shownCode = regexp.MustCompile(`<code>([^<]+)</code>`)

// token makes one by the form and reads it from the page.
func (n *node) token(as person, scope, stream string) string {
	n.t.Helper()
	a := n.do(as, post("/account/access/tokens", "token", "desk", "scope", scope, "stream", stream, "days", "30"))
	m := shownCode.FindStringSubmatch(a.body)
	if a.status != 200 || m == nil || !strings.HasPrefix(m[1], place.TokenPrefix) {
		n.t.Fatalf("%d %.300s", a.status, a.body)
	}
	if again := n.do(as, get("/account/access")); strings.Contains(again.body, m[1]) {
		n.t.Error("a token is shown twice")
	}
	return m[1]
}

// TestLostPassword goes from printed codes to a new password, by the forms.
func TestLostPassword(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	_, keeper := n.setUp("Here", "Keeper")
	a := n.do(keeper, post("/account/access/codes", "codes_password", "wrong"))
	if a.status != 422 || shownCode.MatchString(a.body) {
		t.Error(a.status)
	}
	codes := shownCode.FindAllStringSubmatch(n.do(keeper, post("/account/access/codes", "codes_password", password)).body, -1)
	if len(codes) != place.RecoveryCodes {
		t.Fatal(codes)
	}
	lost := post("/recover", "pseudonym", "Keeper", "code", codes[3][1], "password", "found another one")
	if a := n.do(person{}, lost); a.status != 303 || !strings.Contains(a.header.Get("Set-Cookie"), "tl_session=") {
		t.Error(a.status, a.body)
	}
	if a := n.do(person{}, lost); a.status != 422 || a.header.Get("Set-Cookie") != "" {
		t.Error("a code worked twice:", a.status)
	}
	if a := n.do(keeper, get("/account/access")); !toSignIn(a) {
		t.Error("an old session goes on:", a.status)
	}
	if a := n.do(person{}, post("/sign-in", "pseudonym", "Keeper", "password", "found another one")); a.status != 303 {
		t.Error(a.status)
	}
}

// TestSlipsCarryLabelsThatNothingKeeps prints a roll with labels, and looks for
// them in the whole database.
func TestSlipsCarryLabelsThatNothingKeeps(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	here, keeper := n.setUp("Here", "Keeper")
	at := n.path(here.ID) + "/roll"
	a := n.do(keeper, post(at, "labels", "Blue door\n\n<b>Mill</b> lane 3\n"))
	if a.status != 200 || strings.Count(a.body, `class="slip"`) != 2 || !strings.Contains(a.body, "Blue door") || strings.Contains(a.body, "<b>Mill") {
		t.Fatalf("%d %.500s", a.status, a.body)
	}
	link := regexp.MustCompile(`/come-in/[\w-]+`).FindString(a.body)
	if a := n.do(person{}, post(link, "pseudonym", "Birch", "password", password)); a.status != 303 {
		t.Error(a.status, a.body)
	}
	for where, row := range n.dump() {
		if strings.Contains(row, "Blue door") || strings.Contains(row, "Mill") {
			t.Error("a label is kept in", where)
		}
	}
	if a := n.do(keeper, get(n.path(here.ID)+"/members")); strings.Contains(a.body, "Blue door") {
		t.Error("a label stands beside the members")
	}
	if a := n.do(keeper, post(at, "count", strconv.Itoa(place.MaxRoll))); a.status != 200 || len(a.body) > 50<<10 {
		t.Errorf("%d: the largest page of slips weighs %d bytes", a.status, len(a.body))
	}
	for _, bad := range [][]string{{"labels", strings.Repeat("x\n", place.MaxRoll+1)}, {"labels", strings.Repeat("x", 200)}, {"count", "many"}, {"count", "0"}} {
		if a := n.do(keeper, post(at, bad...)); a.status != 422 || strings.Contains(a.body, "/come-in/") {
			t.Error(bad[0], a.status)
		}
	}
}
