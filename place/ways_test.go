package place

import (
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// withMember is a place with its keeper Alder and its member Birch.
func withMember(t *testing.T) (*Places, *Place, Viewer, Viewer) {
	t.Helper()
	p := openTest(t)
	pl, keeper := setUp(t, p)
	return p, pl, keeper, member(t, p, keeper, pl, "Birch")
}

// ask makes a request and gives its secret and id.
func ask(t *testing.T, p *Places, keeper Viewer, stream act.Fingerprint, name string) (secret, id string) {
	t.Helper()
	secret, err := p.Ask(t.Context(), Viewer{}, stream, name, "From the choir")
	must(t, err)
	list, err := p.Requests(t.Context(), keeper, stream)
	must(t, err)
	if len(list) == 0 {
		t.Fatal("nobody waits")
	}
	return secret, list[len(list)-1].ID
}

func state(t *testing.T, p *Places, secret string) string {
	t.Helper()
	_, s, err := p.Asked(t.Context(), secret)
	if err != nil && !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	return s
}

// gone checks that a link opens nothing, however it is tried.
func gone(t *testing.T, p *Places, what, secret string) {
	t.Helper()
	if err := p.CheckInvitation(t.Context(), secret); !fault.Is(err, fault.NotFound) {
		t.Errorf("%s: %v", what, err)
	}
	if _, _, err := p.ComeIn(t.Context(), Viewer{}, secret, Newcomer{Name: "Too late", Password: "a long password"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("%s: somebody came in: %v", what, err)
	}
}

func TestEveryWayIsClosedUntilKeepersOpenIt(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	n := Newcomer{Name: "Elm", Password: "a long password"}
	if _, err := p.JoinOpen(t.Context(), Viewer{}, pl.Stream, n); !fault.Is(err, fault.Conflict) {
		t.Error("a closed door:", err)
	}
	if _, err := p.Ask(t.Context(), Viewer{}, pl.Stream, "Elm", "Hello"); !fault.Is(err, fault.Conflict) {
		t.Error("nobody asked to be asked:", err)
	}
	if err := p.SetWays(t.Context(), birch, pl.Stream, Ways{Open: true}); !fault.Is(err, fault.Forbidden) {
		t.Error("a member opened the door:", err)
	}
	for _, w := range []Ways{{Asking: "lot"}, {Asking: AskVouches}, {Asking: AskVouches, Vouches: MaxVouches + 1}, {Asking: AskVouches, Vouches: -1}} {
		if err := p.SetWays(t.Context(), keeper, pl.Stream, w); !fault.Is(err, fault.Invalid) {
			t.Error(w, err)
		}
	}
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Open: true}))
	v, err := p.JoinOpen(t.Context(), Viewer{}, pl.Stream, n)
	must(t, err)
	if role, err := RoleIn(t.Context(), p.db, v, pl.Stream); role != Member || err != nil {
		t.Error(role, err)
	}
	if _, err := p.JoinOpen(t.Context(), Viewer{}, pl.Stream, n); !fault.Is(err, fault.Invalid) {
		t.Error("a pseudonym twice:", err)
	}
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{}))
	if _, err := p.JoinOpen(t.Context(), Viewer{}, pl.Stream, Newcomer{Name: "Fir", Password: n.Password}); !fault.Is(err, fault.Conflict) {
		t.Error("the door was closed again:", err)
	}
}

// someone is an account to which no password is hashed.
func someone(t *testing.T, p *Places, id string) Viewer {
	t.Helper()
	v := Viewer{Person: id, Name: id}
	must(t, p.db.Write(t.Context(), func(tx *db.Tx) error { return p.insert(t.Context(), tx, v, "-") }))
	return v
}

func TestAnOpenDoorLetsInSoManyADay(t *testing.T) {
	p, pl, keeper, _ := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Open: true}))
	for range MaxOpenADay { // without an account each: hashing takes its time
		must(t, as(t, p, pl, act.NewToken()))
	}
	if err := as(t, p, pl, act.NewToken()); !fault.Is(err, fault.TooMany) {
		t.Error(err)
	}
	later := p.now().Add(25 * time.Hour)
	p.now = func() time.Time { return later }
	must(t, as(t, p, pl, act.NewToken()))
}

func as(t *testing.T, p *Places, pl *Place, person string) error {
	t.Helper()
	v := someone(t, p, person)
	_, err := p.JoinOpen(t.Context(), v, pl.Stream, Newcomer{})
	return err
}

func TestAKeeperAnswersARequest(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Asking: AskKeepers}))
	secret, id := ask(t, p, keeper, pl.Stream, "Elm tree")
	gone(t, p, "an invitation before the answer", secret)
	for what, err := range map[string]error{
		"a member reads": func() error { _, err := p.Requests(t.Context(), birch, pl.Stream); return err }(),
		"a member":       p.Answer(t.Context(), birch, pl.Stream, id, true),
		"a member vouch": p.VouchFor(t.Context(), birch, pl.Stream, id),
	} {
		if !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Conflict) {
			t.Error(what, err)
		}
	}
	must(t, p.Answer(t.Context(), keeper, pl.Stream, id, true))
	if state(t, p, secret) != "let_in" {
		t.Error(state(t, p, secret))
	}
	if err := p.Answer(t.Context(), keeper, pl.Stream, id, false); !fault.Is(err, fault.NotFound) {
		t.Error("answered twice:", err)
	}
	_, v, err := p.ComeIn(t.Context(), Viewer{}, secret, Newcomer{Name: "Elm", Password: "a long password"})
	must(t, err)
	if role, _ := RoleIn(t.Context(), p.db, v, pl.Stream); role != Member {
		t.Error(role)
	}
	gone(t, p, "the answer a second time", secret)

	no, id := ask(t, p, keeper, pl.Stream, "Fir tree")
	must(t, p.Answer(t.Context(), keeper, pl.Stream, id, false))
	if state(t, p, no) != "declined" {
		t.Error(state(t, p, no))
	}
	if err := p.Answer(t.Context(), keeper, pl.Stream, id, true); !fault.Is(err, fault.NotFound) {
		t.Error("a no became a yes:", err)
	}
	gone(t, p, "a declined request", no)
	dump, err := p.db.Dump(t.Context(), "entry_request", []string{"id"})
	must(t, err)
	for _, row := range dump {
		if strings.Contains(row, "Elm tree") || strings.Contains(row, "Fir tree") || strings.Contains(row, "choir") {
			t.Error("what somebody wrote outlasts the answer:", row)
		}
	}
}

func TestMembersVouch(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Open: true, Asking: AskVouches, Vouches: 2}))
	fresh, err := p.JoinOpen(t.Context(), Viewer{}, pl.Stream, Newcomer{Name: "Puppet", Password: "a long password"})
	must(t, err)
	secret, id := ask(t, p, keeper, pl.Stream, "Elm tree")
	if err := p.Answer(t.Context(), keeper, pl.Stream, id, true); !fault.Is(err, fault.Conflict) {
		t.Error("a keeper alone:", err)
	}
	if err := p.VouchFor(t.Context(), fresh, pl.Stream, id); !fault.Is(err, fault.Conflict) {
		t.Error("who just came through the door vouches:", err)
	}
	must(t, p.VouchFor(t.Context(), birch, pl.Stream, id))
	must(t, p.VouchFor(t.Context(), birch, pl.Stream, id))
	gone(t, p, "one voice twice", secret)
	must(t, p.Leave(t.Context(), birch, pl.Stream))
	must(t, p.VouchFor(t.Context(), keeper, pl.Stream, id))
	gone(t, p, "the word of somebody who left", secret)
	later := p.now().Add(NewcomerBefore + time.Hour)
	p.now = func() time.Time { return later }
	must(t, p.VouchFor(t.Context(), fresh, pl.Stream, id))
	must(t, p.CheckInvitation(t.Context(), secret))
	if n, err := p.db.Dump(t.Context(), "vouch", []string{"request", "person"}); err != nil || len(n) != 0 {
		t.Error("who vouched for whom is kept:", n, err)
	}
}

// What expired or was ended never opens anything again, whatever happens later
// to the place, its keepers, or the way by which it came.
func TestNothingEndedRevives(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	second := member(t, p, keeper, pl, "Second")
	must(t, p.SetRole(t.Context(), keeper, pl.Stream, second.Person, Keeper))
	link := func(v Viewer) string {
		s, err := p.Invite(t.Context(), v, pl.Stream, Keeper)
		must(t, err)
		return s
	}
	links := map[string]string{"of a keeper who stepped down": link(second)}
	must(t, p.SetRole(t.Context(), keeper, pl.Stream, second.Person, Member))
	gone(t, p, "stepped down", links["of a keeper who stepped down"])
	must(t, p.SetRole(t.Context(), keeper, pl.Stream, second.Person, Keeper))
	links["of a keeper who was removed"] = link(second)
	must(t, p.Remove(t.Context(), keeper, pl.Stream, second.Person))
	again, err := p.Invite(t.Context(), keeper, pl.Stream, Keeper)
	must(t, err)
	_, _, err = p.ComeIn(t.Context(), second, again, Newcomer{})
	must(t, err)
	links["of a keeper who left"] = link(second)
	must(t, p.Leave(t.Context(), second, pl.Stream))
	links["used"] = again

	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Asking: AskKeepers}))
	waiting, id := ask(t, p, keeper, pl.Stream, "Elm tree")
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{}))
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Asking: AskKeepers}))
	if err := p.Answer(t.Context(), keeper, pl.Stream, id, true); !fault.Is(err, fault.NotFound) {
		t.Error("a request of before:", err)
	}
	links["asked before the way was closed"] = waiting
	late, lateID := ask(t, p, keeper, pl.Stream, "Fir tree")
	yes, yesID := ask(t, p, keeper, pl.Stream, "Oak")
	must(t, p.Answer(t.Context(), keeper, pl.Stream, yesID, true))
	must(t, p.ChangePassword(t.Context(), keeper, "a long password", "another password"))
	must(t, p.SetRole(t.Context(), keeper, pl.Stream, birch.Person, Keeper))

	past := p.now().Add(RequestLasts + time.Hour)
	p.now = func() time.Time { return past }
	if err := p.Answer(t.Context(), keeper, pl.Stream, lateID, true); !fault.Is(err, fault.NotFound) {
		t.Error("a request too late:", err)
	}
	links["a request too late"], links["a yes too late"] = late, yes
	for what, secret := range links {
		gone(t, p, what, secret)
	}
	if _, _, err := p.Asked(t.Context(), late); err == nil {
		t.Error("a request too late is still shown")
	}
}

// What somebody wrote to come in goes after its time also where nobody asks again,
// and who vouched with it.
func TestRequestsThatAreOverAreSwept(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Open: true, Asking: AskVouches, Vouches: 3}))
	_, id := ask(t, p, keeper, pl.Stream, "Elm tree")
	must(t, p.VouchFor(t.Context(), birch, pl.Stream, id))
	must(t, as(t, p, pl, act.NewToken()))
	kept := func() (n int) {
		for _, table := range []string{"entry_request", "vouch", "open_join"} {
			rows, err := p.db.Dump(t.Context(), table, map[string][]string{"vouch": {"request", "person"}, "entry_request": {"id"}, "open_join": {"id"}}[table])
			must(t, err)
			n += len(rows)
		}
		return n
	}
	must(t, p.Sweep(t.Context()))
	if n := kept(); n != 3 {
		t.Error("swept too early:", n)
	}
	past := p.now().Add(RequestLasts + time.Hour)
	p.now = func() time.Time { return past }
	must(t, p.Sweep(t.Context()))
	if n := kept(); n != 0 {
		t.Error(n, "rows outlast their time")
	}
}
