package web_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"translocal/act"
	"translocal/advance"
	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/notice"
	"translocal/place"
)

// rebuilt replays all streams into another database and tells where it differs.
func (n *node) rebuilt() []act.Difference {
	n.t.Helper()
	ctx := n.t.Context()
	d, err := db.Open(ctx, filepath.Join(n.t.TempDir(), "rebuilt.db"), db.Options{Relaxed: true})
	must(n.t, err)
	defer d.Close()
	into := act.NewLog(d, nil, place.Vocabulary(), blueprint.Vocabulary(), decide.Vocabulary(), advance.Vocabulary())
	defer into.Close()
	must(n.t, n.log.Rebuild(ctx, into, 1, nil))
	diff, err := act.Compare(ctx, n.log.DB(), d, n.log.Tables())
	must(n.t, err)
	return diff
}

var comeIn = regexp.MustCompile(`/come-in/[\w-]+`)

// TestTheWholeLifeOfAMember goes by the forms: invited, asks, votes, objects,
// takes a task, leaves one place, takes the data along, erases the account. After
// that nothing in the database knows the person, the decision stands, and the
// streams give the same tables.
func TestTheWholeLifeOfAMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(w.keeper, post(w.p("/invite"), "role", "member"))
	link := comeIn.FindString(a.body)
	if a = w.do(person{}, post(link, "pseudonym", "Rowanberry", "password", password)); a.status != 303 {
		t.Fatal(a.status, a.body)
	}
	rowan := w.signIn("Rowanberry")
	id := w.proposal(decide.Clarify)
	at := w.p("/proposal/" + id)
	say := func(kind, body string) {
		t.Helper()
		if a := w.do(rowan, post(at+"/say", "kind", kind, "body", body, "release", "yes")); a.status != 303 {
			t.Fatalf("%s: %d %.300s", kind, a.status, a.body)
		}
	}
	next := func() { t.Helper(); must(t, w.decisions.NextRound(t.Context(), w.keeper.Viewer, id)) }
	say("question", "Who pays for the paper?")
	next()
	say("reaction", "I like the second half")
	next()
	say("objection", "The river is missing")
	x, err := w.decisions.Read(t.Context(), rowan.Viewer, id)
	must(t, err)
	objection := x.Voices[len(x.Voices)-1].ID
	if x.Count.Objections != 1 {
		t.Fatal(x.Count)
	}
	if a := w.do(rowan, post(at+"/integrate", "voice", objection)); a.status != 303 {
		t.Fatal(a.status, a.body)
	}
	must(t, w.advances.PutTask(t.Context(), rowan.Viewer, w.bringing, advance.Task{Title: "Carry the tables", Before: 2, Keepers: [2]string{rowan.Person}}))
	draft, err := w.blueprints.Begin(t.Context(), rowan.Viewer, w.here.Stream, "en")
	must(t, err)

	gathering := w.meeting(false)
	if a := w.do(rowan, post(w.p("/meeting/"+gathering+"/part"), "part", "scribe")); a.status != 303 {
		t.Fatal(a.status, a.body)
	}
	if a := w.do(rowan, post(w.p("/meetings/link"))); a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	must(t, w.places.SetWays(t.Context(), w.outsider.Viewer, w.there.Stream, place.Ways{Asking: place.AskKeepers}))
	if _, err := w.places.Ask(t.Context(), rowan.Viewer, w.there.Stream, "", "I move there in spring"); err != nil {
		t.Fatal(err)
	}
	must(t, w.notices.Set(t.Context(), rowan.Viewer, notice.Settings{Address: "tree@post.example", Pace: notice.Once}))
	w.proposal(decide.React)
	must(t, w.notices.Remind(t.Context()))
	if a := w.do(rowan, post("/report", "of", "person", "in", string(w.here.Stream), "thing", w.second.Person, "category", "other", "words", "It is my street's name")); a.status != 303 {
		t.Fatal(a.status, a.body)
	}
	must(t, w.places.SetWays(t.Context(), w.keeper.Viewer, w.here.Stream, place.Ways{Asking: place.AskVouches, Vouches: 3}))
	_, err = w.places.Ask(t.Context(), person{}.Viewer, w.here.Stream, "Willow", "From the choir")
	must(t, err)
	waiting, err := w.places.Requests(t.Context(), rowan.Viewer, w.here.Stream)
	must(t, err)
	must(t, w.places.VouchFor(t.Context(), rowan.Viewer, w.here.Stream, waiting[0].ID))

	var own struct {
		Account struct {
			Name   string
			Places []struct{ Name string }

			Vouches  []struct{ Place string }
			Requests []struct{ Words string }
		}
		Roles   []struct{ Meeting, Role string } `json:"meeting_roles"`
		Links   []struct{ Place string }         `json:"calendar_addresses"`
		Reports []struct{ Words string }
		Told    struct {
			Address, Pace string
			Notices       []struct{ Kind string }
		}
		Said  []struct{ Body string }
		Tasks []struct{ Title string }
	}
	file := w.do(rowan, get("/account/data.json"))
	must(t, json.Unmarshal([]byte(file.body), &own))
	if own.Account.Name != "Rowanberry" || len(own.Account.Places) != 1 || len(own.Said) != 3 || len(own.Tasks) != 1 || strings.Contains(file.body, "Second") {
		t.Errorf("%.800s", file.body)
	}
	if len(own.Account.Vouches) != 1 || len(own.Account.Requests) != 1 || own.Account.Requests[0].Words != "I move there in spring" || len(own.Roles) != 1 || len(own.Links) != 1 ||
		len(own.Reports) != 1 || own.Told.Address != "tree@post.example" || own.Told.Pace != notice.Once || len(own.Told.Notices) == 0 {
		t.Errorf("not all that is kept is told: %s", file.body)
	}
	shown := w.do(rowan, get("/account/data")).body
	for _, want := range []string{"I move there in spring", "Assembly", "tree@post.example", "It is my street&#39;s name", "a secret address of the meetings", "your word for somebody who waits"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page of one's own data lacks %q", want)
		}
	}
	if a := w.do(rowan, get("/account/data")); a.status != 200 || !strings.Contains(a.body, "The river is missing") || !strings.Contains(a.body, "Carry the tables") {
		t.Errorf("%d %.300s", a.status, a.body)
	}

	if a := w.do(rowan, post(w.p("/leave"))); a.status != 303 {
		t.Fatal(a.status, a.body)
	}
	for _, path := range []string{at, w.p("/members"), "/draft/" + string(draft)} {
		if a := w.do(rowan, get(path)); a.status != 403 && a.status != 404 {
			t.Errorf("after leaving, %s: %d", path, a.status)
		}
	}
	must(t, w.decisions.Say(t.Context(), w.keeper.Viewer, id, decide.Agree, "", false))
	o, err := w.decisions.Close(t.Context(), w.keeper.Viewer, id, decide.Release{Voices: []string{objection}})
	must(t, err)
	erase := post("/account/end", "erase_password", password)
	if a := w.do(rowan, post("/account/end", "erase_password", "wrong")); a.status != 422 {
		t.Error(a.status)
	}
	if a := w.do(rowan, erase); a.status != 303 || !strings.Contains(a.header.Get("Location"), "account_erased") {
		t.Fatal(a.status, a.body)
	}
	for where, row := range w.dump() {
		if strings.Contains(row, "I move there") || strings.Contains(row, "tree@post") || strings.Contains(row, rowan.Person) || strings.Contains(strings.ToLower(row), "rowanberry") {
			t.Error("the person is still in", where)
		}
	}
	if a := w.do(rowan, get("/account")); !toSignIn(a) {
		t.Error("the session goes on:", a.status)
	}
	if a := w.do(person{}, post("/sign-in", "pseudonym", "Rowanberry", "password", password)); a.status != 422 {
		t.Error("the password opens:", a.status)
	}
	if a := w.do(person{}, get(link)); a.status != 404 {
		t.Error("the invitation opens again:", a.status)
	}
	if x, err := w.meetings.Read(t.Context(), w.keeper.Viewer, w.here.Stream, gathering); err != nil || len(x.Roles) != 0 {
		t.Error("somebody who is no more has a role:", x, err)
	}
	if a := w.do(w.keeper, get(at)); a.status != 200 || !strings.Contains(a.body, "somebody who left") || !strings.Contains(a.body, "Who pays") {
		t.Errorf("the members lost what was said: %d", a.status)
	}
	if got, err := w.decisions.Outcome(t.Context(), o.ID); err != nil || got.Result != decide.Bring || len(got.Concerns) != 1 {
		t.Error(got, err)
	}
	if diff := w.rebuilt(); len(diff) > 0 {
		t.Error(diff[0])
	}
}

func (n *node) signIn(name string) person {
	n.t.Helper()
	v, err := n.places.SignIn(n.t.Context(), name, password)
	must(n.t, err)
	return n.session(v)
}

// TestWhoCanNotBeErased tries to erase those on whom others depend, and on a
// site that keeps its records.
func TestWhoCanNotBeErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	member := w.do(w.member, api("POST", "/account/erase", map[string]any{"password": password, "words": true}))
	if member.status != 204 {
		t.Error(member.status, member.body)
	}
	must(t, w.places.Leave(t.Context(), w.second.Viewer, w.here.Stream))
	before := w.dump()
	for what, c := range map[string]struct {
		as   person
		want int
		says string
	}{
		"the last keeper of a place": {w.keeper, 409, "keeps it"},
		"the site's last":            {w.site, 409, "only one who looks after this site"},
		"nobody":                     {person{}, 401, ""},
	} {
		if a := w.do(c.as, post("/account/end", "erase_password", password)); a.status != c.want || !strings.Contains(a.body, c.says) {
			t.Errorf("%s: %d %.200s", what, a.status, a.body)
		}
	}
	w.unchanged(before, "erasing somebody who is needed")

	n := openNode(t)
	link, err := n.places.SetupLink(t.Context())
	must(t, err)
	office, v, err := n.places.SetupSite(t.Context(), link, place.Newcomer{Name: "Clerk", Password: password}, "Office", place.Records)
	must(t, err)
	staff := n.join(person{Viewer: v}, office, place.Member, "Staff")
	if a := n.do(staff, get("/account/leaving")); a.status != 200 || strings.Contains(a.body, "/account/end") {
		t.Error("a public body's site offers to erase:", a.status)
	}
	kept := n.dump()
	if a := n.do(staff, post("/account/end", "erase_password", password)); a.status != 403 {
		t.Error(a.status)
	}
	n.unchanged(kept, "erasing on a site that keeps records")
}

// TestWhatIsSeenIsSaidOnce looks for the explanation above the forms by which
// something becomes public, until it was read, by that person alone.
func TestWhatIsSeenIsSaidOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said := func(as person, at string) bool {
		a := w.do(as, get(at))
		if a.status != 200 {
			t.Fatal(at, a.status)
		}
		return strings.Contains(a.body, `action="/what-is-seen"`)
	}
	pages := []string{w.p("/describe"), "/draft/" + w.draft() + "/publish", w.p("/proposal/" + w.proposal(decide.Consent)),
		w.path(w.outcome), w.path(w.bringing), w.path(w.text.ID) + "/clause/" + w.text.Clauses[0].ID}
	for _, at := range pages {
		if !said(w.keeper, at) {
			t.Error("nothing says who will see what on", at)
		}
	}
	a := w.do(w.keeper, post("/what-is-seen", "next", pages[0]))
	if a.status != 303 || a.header.Get("Location") != pages[0] {
		t.Error(a.status, a.header)
	}
	for _, at := range pages {
		if said(w.keeper, at) {
			t.Error("it is said again on", at)
		}
		if !said(w.second, at) {
			t.Error("somebody else has not read it, on", at)
		}
	}
	if a := w.do(w.keeper, post("/what-is-seen", "next", "https://elsewhere.example/")); a.header.Get("Location") != "/" {
		t.Error(a.header)
	}
	if a := w.do(person{}, post("/what-is-seen")); a.status != 401 {
		t.Error("a stranger:", a.status)
	}
}

// Where a title was erased, what hangs on the text is headed by words, not by an address.
func TestATextWithoutATitleIsCalledSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	texts, err := w.places.Published(t.Context(), w.keeper.Viewer, w.here.Stream, act.ErasedPart{})
	must(t, err)
	for _, x := range texts {
		if x.Name == "title" && strings.HasPrefix(x.Type, "blueprint.") {
			must(t, w.places.Erase(t.Context(), w.keeper.Viewer, w.here.Stream, []act.ErasedPart{{Index: x.Index, Name: x.Name}}))
		}
	}
	for _, at := range []string{w.path(w.bringing), w.path(w.outcome)} {
		if a := w.do(person{}, get(at)); a.status != 200 || !strings.Contains(a.body, "A text without a title") || strings.Contains(a.body, ">"+w.text.ID+"<") {
			t.Errorf("%s: %d", at, a.status)
		}
	}
}

// The only keeper is told what to do first, and offered no button that is refused.
func TestTheLastKeeperIsNotOfferedToLeave(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	at := n.path(p.ID)
	if a := n.do(keeper, get(at+"/members")); strings.Contains(a.body, at+"/leave\"") || !strings.Contains(a.body, "Make somebody else keeper first.") {
		t.Error("the last keeper is offered to leave")
	}
	if a := n.do(keeper, post(at+"/leave")); a.status != 409 || !strings.Contains(a.body, "Make somebody else keeper first.") || strings.Contains(a.body, "Somebody else changed this") {
		t.Errorf("%d %.2000s", a.status, a.body)
	}
}

// A credit of a place that this node does not follow leads to where the place is: here is no page of it.
func TestACreditOfAPlaceNotFollowedLeadsOut(t *testing.T) {
	t.Parallel()
	n := openNode(t)
	p, keeper := n.setUp("Here", "Keeper")
	away := act.Ref{URL: "https://river.example/p/rio", Stream: act.Fingerprint(strings.Repeat("ab", 32))}
	k, err := n.blueprints.Publish(t.Context(), keeper.Viewer, blueprint.Publication{Place: p.Stream, Text: motion("Ours"),
		Credits: []blueprint.Credit{{Kind: blueprint.CreditSuggested, Place: away, Submission: away.URL + "/suggestion/1"}}})
	must(t, err)
	if a := n.do(person{}, get(n.path(k.ID))); !strings.Contains(a.body, `<a href="`+away.URL+`"`) || strings.Contains(a.body, `"/at/river.example`) {
		t.Error("the credit leads to a page that is not there")
	}
}

// Who has no account reads at the sign-in form which ways the places here have.
func TestSigningInNamesTheWaysThatThereAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	has := func(open, asking bool) {
		t.Helper()
		body := w.do(person{}, get("/sign-in")).body
		for text, want := range map[string]bool{"has an open door": open, "can be asked": asking, "See the places of this site": open || asking} {
			if strings.Contains(body, text) != want {
				t.Errorf("%q stands there: %v", text, !want)
			}
		}
	}
	has(false, false)
	must(t, w.places.SetWays(t.Context(), w.keeper.Viewer, w.here.Stream, place.Ways{Asking: place.AskKeepers}))
	has(false, true)
	must(t, w.places.SetWays(t.Context(), w.keeper.Viewer, w.here.Stream, place.Ways{Open: true}))
	has(true, false)
}
