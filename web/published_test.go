package web_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"translocal/act"
	"translocal/fault"
	"translocal/place"
)

// A keeper finds a text on the page, has it erased, and it is read nowhere any
// more; without the box ticked, or for a text that is not there, nothing changes.
func TestAPublishedTextIsErasedByItsPlace(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	must(t, n.places.Describe(t.Context(), keeper.Viewer, p.Stream, place.Profile{Name: "Here", Story: "Somebody's secret", Living: "A river"}))
	at := n.path(p.ID) + "/published"
	shown := n.do(keeper, get(at))
	list, err := n.places.Published(t.Context(), keeper.Viewer, p.Stream, act.ErasedPart{})
	must(t, err)
	if len(list) != 2 || !strings.Contains(shown.body, "Somebody&#39;s secret") || !strings.Contains(shown.body, "what the place says of itself") {
		t.Fatalf("%d texts, and the page is %.2000s", len(list), shown.body)
	}
	story := fmt.Sprintf("%d/story", list[0].Index)
	before := n.dump()
	for what, c := range map[string]call{
		"not understood":      post(at+"/erase", "parts", story),
		"none":                post(at+"/erase", "understood", "yes"),
		"twice":               post(at+"/erase", "parts", story, "parts", story, "understood", "yes"),
		"not there":           post(at+"/erase", "parts", "0/story", "understood", "yes"),
		"no number":           post(at+"/erase", "parts", "x/story", "understood", "yes"),
		"a negative number":   post(at+"/erase", "parts", "-1/story", "understood", "yes"),
		"a huge number":       post(at+"/erase", "parts", "99999999999999999999/story", "understood", "yes"),
		"no name":             post(at+"/erase", "parts", "1", "understood", "yes"),
		"no UTF-8":            post(at+"/erase", "parts", "1/\xff\x00", "understood", "yes"),
		"more than one can":   api("POST", "/places/"+string(p.Stream)+"/erasures", map[string]any{"parts": make([]act.ErasedPart, act.MaxParts+1)}),
		"none, by the API":    api("POST", "/places/"+string(p.Stream)+"/erasures", map[string]any{"parts": []int{}}),
		"of no place":         api("POST", "/places/"+strings.Repeat("ab", 32)+"/erasures", map[string]any{"parts": []act.ErasedPart{{Index: 1, Name: "story"}}}),
		"the key, unticked":   post(at + "/key"),
		"the key, in a guess": post(at+"/key", "understood", "on"),
		"an address":          get(at + "?after=x"),
	} {
		if a := n.do(keeper, c); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: answered %d", what, a.status)
		}
		n.unchanged(before, what)
	}
	if a := n.do(keeper, post(at+"/erase", "parts", story, "understood", "yes")); a.status != 303 {
		t.Fatalf("erasing: %d %.500s", a.status, a.body)
	}
	if a := n.do(person{}, get(n.path(p.ID))); strings.Contains(a.body, "secret") || !strings.Contains(a.body, "A river") {
		t.Errorf("after erasing the page is %.2000s", a.body)
	}
	for k, row := range n.dump() {
		if strings.Contains(row, "Somebody's secret") {
			t.Errorf("%s still holds it", k)
		}
	}
}

// A form that was refused on a later page shows that page again.
func TestARefusedErasureStaysOnItsPage(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	for i := range place.MaxShown + 2 {
		must(t, n.places.Describe(t.Context(), keeper.Viewer, p.Stream, place.Profile{Name: "Here", Story: fmt.Sprintf("Story %02d.", i)}))
	}
	at := n.path(p.ID) + "/published"
	first, err := n.places.Published(t.Context(), keeper.Viewer, p.Stream, act.ErasedPart{})
	must(t, err)
	last := first[len(first)-1]
	after := fmt.Sprintf("%d/%s", last.Index, last.Name)
	older := n.do(keeper, get(at+"?after="+after))
	if !strings.Contains(older.body, "Story 00.") || !strings.Contains(older.body, fmt.Sprintf(`name="after" value="%s"`, after)) {
		t.Fatalf("%.3000s", older.body)
	}
	again := n.do(keeper, post(at+"/erase", "after", after, "parts", "0/none"))
	if again.status != 422 || !strings.Contains(again.body, "Story 00.") || strings.Contains(again.body, string(first[0].Body)) {
		t.Errorf("%d %.3000s", again.status, again.body)
	}
}

// A site that must keep everything says so, and keeps it.
func TestARecordsSiteErasesNothing(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	must(t, n.places.SetKind(t.Context(), keeper.Viewer, place.Records))
	must(t, n.places.Describe(t.Context(), keeper.Viewer, p.Stream, place.Profile{Name: "Here", Story: "On record"}))
	if a := n.do(keeper, get(n.path(p.ID)+"/published")); a.status != 200 || strings.Contains(a.body, "/published/erase") {
		t.Errorf("the page offers to erase: %d", a.status)
	}
	list, err := n.places.Published(t.Context(), keeper.Viewer, p.Stream, act.ErasedPart{})
	must(t, err)
	part := act.ErasedPart{Index: list[0].Index, Name: list[0].Name}
	if err := n.places.Erase(t.Context(), keeper.Viewer, p.Stream, []act.ErasedPart{part}); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
}

// The key changes; the place goes on to publish, and what it signed before is
// as valid as what it signs now.
func TestAKeyIsChanged(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	at := n.path(p.ID) + "/published"
	if a := n.do(keeper, post(at+"/key", "understood", "yes")); a.status != 303 {
		t.Fatalf("%d %.500s", a.status, a.body)
	}
	n.publish(keeper, p, motion("After"))
	if a := n.do(keeper, api("POST", "/places/"+string(p.Stream)+"/keys", nil)); a.status >= 300 {
		t.Fatalf("%d %.500s", a.status, a.body)
	}
	n.publish(keeper, p, motion("After again"))
	var keys []struct {
		Public string
		From   int64
	}
	a := n.do(keeper, api("GET", "/places/"+string(p.Stream)+"/keys", nil))
	must(t, json.Unmarshal([]byte(a.body), &keys))
	if len(keys) != 3 || keys[0].From < keys[1].From || keys[2].From != 0 || keys[0].Public == keys[1].Public {
		t.Fatalf("%+v", keys)
	}
	entries, err := n.log.Entries(t.Context(), p.Stream, 0, 100)
	must(t, err)
	for _, e := range entries {
		public, err := act.KeyAt(t.Context(), n.log.DB(), p.Stream, e.Act.Index)
		must(t, err)
		key, err := act.DecodeKey(public)
		must(t, err)
		if err := act.Verify(e.Act.Envelope, key, e.Act.Actor+"#"+public); err != nil {
			t.Errorf("act %d: %v", e.Act.Index, err)
		}
	}
	if shown := n.do(keeper, get(at)); !strings.Contains(shown.body, keys[0].Public) {
		t.Error("the page does not show the key")
	}
}

// Members are seen, given roles and removed through the API as on the page; the
// last keeper stays, and a personal token does none of it.
func TestMembersThroughTheAPI(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	member := n.join(keeper, p, place.Member, "Member")
	at := "/places/" + string(p.Stream)
	var list []struct{ Person, Name, Role string }
	must(t, json.Unmarshal([]byte(n.do(member, api("GET", at+"/members", nil)).body), &list))
	if len(list) != 2 || list[1].Name != "Member" || list[1].Role != "member" {
		t.Fatalf("%+v", list)
	}
	secret, err := n.places.MakeToken(t.Context(), keeper.Viewer, place.NewToken{Name: "a program", Writes: true, Days: 1})
	must(t, err)
	program := person{keeper.Viewer, secret}
	one := at + "/members/" + member.Person
	before := n.dump()
	for what, c := range map[string]call{
		"a role by a token":    api("PUT", one, map[string]string{"role": "keeper"}),
		"removing by a token":  api("DELETE", one, nil),
		"leaving by a token":   api("POST", at+"/leave", nil),
		"erasing by a token":   api("POST", at+"/erasures", map[string]any{"parts": []act.ErasedPart{{Index: 1, Name: "story"}}}),
		"a new key by a token": api("POST", at+"/keys", nil),
	} {
		if a := n.do(program, c); a.status != 403 {
			t.Errorf("%s: %d", what, a.status)
		}
	}
	for what, c := range map[string]call{
		"the last keeper leaves":          api("POST", at+"/leave", nil),
		"the last keeper becomes member":  api("PUT", at+"/members/"+keeper.Person, map[string]string{"role": "member"}),
		"the last keeper removes herself": api("DELETE", at+"/members/"+keeper.Person, nil),
	} {
		if a := n.do(keeper, c); a.status != 409 {
			t.Errorf("%s: %d", what, a.status)
		}
	}
	for what, c := range map[string]call{"no such role": api("PUT", one, map[string]string{"role": "site_keeper"}), "nobody": api("DELETE", at+"/members/"+act.NewToken(), nil)} {
		if a := n.do(keeper, c); a.status != 422 && a.status != 404 {
			t.Errorf("%s: %d", what, a.status)
		}
	}
	after := n.dump()
	for k, row := range after {
		if before[k] != row && !strings.HasPrefix(k, "personal_token ") {
			t.Errorf("what was refused wrote %s: %s", k, row)
		}
	}
	if a := n.do(keeper, api("PUT", one, map[string]string{"role": "keeper"})); a.status >= 300 {
		t.Fatal(a.status, a.body)
	}
	if a := n.do(keeper, api("POST", at+"/leave", nil)); a.status >= 300 {
		t.Fatal(a.status, a.body)
	}
	if a := n.do(keeper, api("GET", at+"/members", nil)); a.status != 403 {
		t.Error("who has left still reads:", a.status)
	}
}
