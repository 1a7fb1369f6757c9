package web_test

import (
	"net/http"
	"strings"
	"testing"

	"translocal/act"
	"translocal/decide"
	"translocal/place"
)

// phone keeps the cookie that the page of a room sets.
func (w *world) phone(secret string) map[string]string {
	w.t.Helper()
	a := w.do(person{}, get("/tonight/"+secret))
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "tl_room" && c.HttpOnly && c.Path == "/tonight/" {
			return map[string]string{"Cookie": c.Name + "=" + c.Value}
		}
	}
	w.t.Fatalf("no cookie for the room: %d %v", a.status, a.header)
	return nil
}

// From the code to the scribe's form, and to the count when it is confirmed.
func TestRoomAnswersReachTheScribe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.proposal(decide.Consent)
	must(t, w.decisions.Say(t.Context(), w.second.Viewer, id, decide.Concern, "said among members", false))
	if page := w.do(w.member, get(w.p("/proposal/"+id))); strings.Contains(page.body, "/open-room") || strings.Contains(page.body, id+"/room") ||
		!strings.Contains(page.body, "ask a keeper to make you scribe") {
		t.Error("who is no scribe is shown the forms of one, or not told what to do")
	}
	must(t, w.places.GiveMandate(t.Context(), w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: w.member.Person, Aim: "Notes", Day: w.day()}))
	a := w.do(w.member, post(w.p("/proposal/"+id+"/open-room")))
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/room?proposal="+id) {
		t.Fatal("not opened:", a.status, a.header.Get("Location"))
	}
	x, err := w.decisions.Read(t.Context(), w.member.Viewer, id)
	must(t, err)
	link := "/tonight/" + x.Tonight.Secret
	if wall := w.do(w.member, get("/room?proposal="+id)); !strings.Contains(wall.body, w.base+link) || !strings.Contains(wall.body, "<svg") {
		t.Error("the wall shows no code:", wall.status)
	}
	phone := w.phone(x.Tonight.Secret)
	page := w.do(person{}, call{method: "GET", path: link, header: phone})
	if !strings.Contains(page.body, "Bring it") || strings.Contains(page.body, "said among members") || strings.Contains(page.body, "Second") {
		t.Error("a phone reads no proposal, or what members said:", page.status)
	}
	c := post(link, "kind", "objection", "body", "<script>alert(1)</script> Not yet")
	c.header = phone
	if a := w.do(person{}, c); a.status != http.StatusSeeOther {
		t.Fatal("the answer is refused:", a.status)
	}
	scribe := w.do(w.member, get(w.p("/proposal/"+id)))
	if !strings.Contains(scribe.body, "&lt;script&gt;alert(1)&lt;/script&gt; Not yet") || strings.Contains(scribe.body, "<script>alert") {
		t.Error("the draft is not in the scribe's form")
	}
	if x, err = w.decisions.Read(t.Context(), w.member.Viewer, id); err != nil || x.Count.Objections != 0 {
		t.Error("it counts by itself:", x.Count, err)
	}
	// The form as it stands in the page, sent.
	for _, f := range w.crawl(w.member, w.p("/proposal/"+id)).forms {
		if strings.HasSuffix(f.action, id+"/room") {
			if a := w.do(w.member, f.with(func(x field) string { return x.value })); a.status != http.StatusSeeOther {
				t.Fatal("the prefilled form is refused:", a.status)
			}
		}
	}
	if x, err = w.decisions.Read(t.Context(), w.member.Viewer, id); err != nil || x.Count.Objections != 1 {
		t.Error("confirmed, it does not count:", x.Count, err)
	}
}

// Without a cookie, by another's code, by an account of another place: nothing is
// taken, and nothing read.
func TestCodeForTonightOpensOneProposalAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, other := w.proposal(decide.Consent), w.proposal(decide.Consent)
	code, err := w.decisions.OpenRoom(t.Context(), w.keeper.Viewer, one)
	must(t, err)
	before := w.dump()
	for _, c := range []struct {
		call
		want int
	}{
		{post("/tonight/"+code.Secret, "kind", "agree"), 422},                           // no cookie
		{post("/tonight/"+act.NewToken(), "kind", "agree"), 404},                        // no such code
		{get("/tonight/" + other), 404},                                                 // a proposal's token opens nothing
		{get("/room?proposal=" + one), 303},                                             // the wall is for members
		{get("/room?proposal=" + code.Secret), 404},                                     // and shown by the proposal's token
		{api("POST", "/tonight/"+code.Secret, map[string]string{"kind": "agree"}), 422}, // no browser
		{api("GET", "/tonight/"+act.NewToken(), nil), 404},
		{api("POST", "/tonight/"+code.Secret, map[string]string{"browser": act.NewToken(), "kind": "abstain"}), 422},
	} {
		if a := w.do(person{}, c.call); a.status != c.want {
			t.Errorf("%s %s: %d, not %d", c.method, c.path, a.status, c.want)
		}
	}
	if a := w.do(w.outsider, get("/room?proposal="+one)); a.status != 403 {
		t.Error("a keeper of another place sees the wall:", a.status)
	}
	w.unchanged(before, "refused answers")
	if a := w.do(person{}, api("GET", "/tonight/"+code.Secret, nil)); a.status != 200 || strings.Contains(a.body, other) {
		t.Error("the code shows too little or too much:", a.body)
	}
}
