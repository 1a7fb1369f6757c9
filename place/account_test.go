package place

import (
	"slices"
	"strings"
	"testing"
	"time"

	"translocal/fault"
)

func TestANewPasswordEndsWhatTheOldOneOpened(t *testing.T) {
	p := openTest(t)
	_, v := setUp(t, p)
	ctx := t.Context()
	here, err := p.OpenSession(ctx, v, "phone")
	must(t, err)
	there, err := p.OpenSession(ctx, v, "library")
	must(t, err)
	token, err := p.MakeToken(ctx, v, NewToken{Name: "desk", Days: 30})
	must(t, err)
	v, err = p.Session(ctx, here)
	must(t, err)
	if err := p.ChangePassword(ctx, v, "not the password", "another password"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if err := p.ChangePassword(ctx, v, "a long password", "short"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if got, _ := p.Session(ctx, there); got.Person == "" {
		t.Error("a refused change ended a session")
	}
	must(t, p.ChangePassword(ctx, v, "a long password", "another password"))
	if got, _ := p.Session(ctx, here); got.Person != v.Person {
		t.Error("the session in which it was changed ended")
	}
	if got, _ := p.Session(ctx, there); got.Person != "" {
		t.Error("another session goes on")
	}
	if got, _ := p.ByToken(ctx, token); got.Person != "" {
		t.Error("a token goes on")
	}
	if _, err := p.SignIn(ctx, "Alder", "a long password"); !fault.Is(err, fault.Invalid) {
		t.Error("the old password opens:", err)
	}
	if _, err := p.SignIn(ctx, "Alder", "another password"); err != nil {
		t.Error(err)
	}
}

func TestARecoveryCodeWorksOnceForItsPerson(t *testing.T) {
	p := openTest(t)
	pl, v := setUp(t, p)
	ctx := t.Context()
	other := member(t, p, v, pl, "Birch")
	if _, err := p.NewRecoveryCodes(ctx, v, "wrong"); !fault.Is(err, fault.Invalid) {
		t.Error("codes without the password:", err)
	}
	old, err := p.NewRecoveryCodes(ctx, v, "a long password")
	must(t, err)
	codes, err := p.NewRecoveryCodes(ctx, v, "a long password")
	must(t, err)
	if len(codes) != RecoveryCodes || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != RecoveryCodes {
		t.Fatal(codes)
	}
	session, err := p.OpenSession(ctx, v, "")
	must(t, err)
	for what, try := range map[string][2]string{"an earlier code": {"Alder", old[0]}, "for somebody else": {"Birch", codes[0]},
		"for nobody": {"Nobody", codes[0]}, "none": {"Alder", ""}, "endless": {"Alder", strings.Repeat("a", 10_000)}} {
		_, err := p.Recover(ctx, try[0], try[1], "a newer password")
		if f, ok := err.(*fault.Error); !ok || f.Key != "people.recover.wrong" {
			t.Error(what, err)
		}
	}
	if _, err := p.SignIn(ctx, "Birch", "a long password"); err != nil || other.Person == v.Person {
		t.Error("somebody else's password changed:", err)
	}
	got, err := p.Recover(ctx, "alder", strings.ToUpper(strings.ReplaceAll(codes[0], "-", " ")), "a newer password")
	if err != nil || got.Person != v.Person {
		t.Fatal(got, err)
	}
	if s, _ := p.Session(ctx, session); s.Person != "" {
		t.Error("a session outlived the recovery")
	}
	if _, err := p.Recover(ctx, "Alder", codes[0], "yet another password"); !fault.Is(err, fault.Invalid) {
		t.Error("a code worked twice:", err)
	}
	if n, _ := p.RecoveryLeft(ctx, v); n != RecoveryCodes-1 {
		t.Error(n)
	}
}

func TestATokenDoesNoMoreThanItsScope(t *testing.T) {
	p := openTest(t)
	pl, v := setUp(t, p)
	ctx := t.Context()
	more, err := p.Found(ctx, v, "place", Profile{Name: "More"})
	must(t, err)
	for _, n := range []NewToken{{Days: 30}, {Name: "x"}, {Name: "x", Days: MaxTokenDays + 1}, {Name: "x", Days: 1, Stream: "elsewhere"}} {
		if _, err := p.MakeToken(ctx, v, n); !fault.Is(err, fault.Invalid) {
			t.Error(n, err)
		}
	}
	secret, err := p.MakeToken(ctx, v, NewToken{Name: "desk", Writes: true, Stream: pl.Stream, Days: 30})
	must(t, err)
	k, err := p.ByToken(ctx, secret)
	if err != nil || k.Person != v.Person || k.Site || !k.Writes {
		t.Fatal(k, err)
	}
	if err := p.Describe(ctx, k, pl.Stream, Profile{Name: "Rio"}); err != nil {
		t.Error("in its place:", err)
	}
	if err := p.Describe(ctx, k, more.Stream, Profile{Name: "More"}); !fault.Is(err, fault.Forbidden) {
		t.Error("in another place:", err)
	}
	if mine, _ := p.Mine(ctx, k); len(mine) != 1 || mine[0].Stream != pl.Stream {
		t.Error(mine)
	}
	_, e1 := p.MakeToken(ctx, k, NewToken{Name: "child", Days: 1})
	_, e2 := p.OpenSession(ctx, k, "")
	_, e3 := p.Invite(ctx, k, pl.Stream, Keeper)
	_, e4 := p.NewRecoveryCodes(ctx, k, "a long password")
	_, e5 := p.Found(ctx, k, "place", Profile{Name: "Third"})
	_, _, e6 := p.ComeIn(ctx, k, "any", Newcomer{})
	for i, err := range []error{e1, e2, e3, e4, e5, e6, p.ChangePassword(ctx, k, "a long password", "another password"), p.Leave(ctx, k, pl.Stream)} {
		if !fault.Is(err, fault.Forbidden) {
			t.Error(i+1, err)
		}
	}
}

// TestWhatExpiredOrEndedStaysDead: neither a recovery, nor a change of role, nor
// a new start brings back an invitation, a token or a code.
func TestWhatExpiredOrEndedStaysDead(t *testing.T) {
	p := openTest(t)
	pl, v := setUp(t, p)
	ctx := t.Context()
	m := member(t, p, v, pl, "Birch")
	codes, err := p.NewRecoveryCodes(ctx, m, "a long password")
	must(t, err)
	invitation, err := p.Invite(ctx, v, pl.Stream, Member)
	must(t, err)
	late, err := p.MakeToken(ctx, m, NewToken{Name: "late", Days: 1})
	must(t, err)
	ended, err := p.MakeToken(ctx, m, NewToken{Name: "ended", Days: 300})
	must(t, err)
	list, err := p.Tokens(ctx, m)
	must(t, err)
	for _, k := range list {
		if err := p.EndToken(ctx, v, k.ID); !fault.Is(err, fault.NotFound) {
			t.Error("somebody else's token ended:", err)
		}
		if k.Name == "ended" {
			must(t, p.EndToken(ctx, m, k.ID))
		}
	}
	later := func() time.Time { return time.Now().Add(InvitationLasts + time.Minute) }
	p.now = later
	dead := func(after string) {
		t.Helper()
		if err := p.CheckInvitation(ctx, invitation); !fault.Is(err, fault.NotFound) {
			t.Error("the invitation, after", after, err)
		}
		if _, _, err := p.ComeIn(ctx, Viewer{}, invitation, Newcomer{"Cedar", "a long password"}); !fault.Is(err, fault.NotFound) {
			t.Error("the invitation, after", after, err)
		}
		for _, k := range []string{late, ended} {
			if got, _ := p.ByToken(ctx, k); got.Person != "" {
				t.Error("a token, after", after)
			}
		}
	}
	dead("their time")
	_, err = p.Recover(ctx, "Birch", codes[0], "another password")
	must(t, err)
	dead("a recovery")
	must(t, p.SetRole(ctx, v, pl.Stream, m.Person, Keeper))
	dead("a change of role")
	if _, err := p.MakeToken(ctx, m, NewToken{Name: "new", Days: 9}); err != nil {
		t.Error(err)
	}
	dead("a new token")
	p = New(p.log, p.base)
	p.now = later
	dead("a new start")
	if _, err := p.Recover(ctx, "Birch", codes[0], "another password"); !fault.Is(err, fault.Invalid) {
		t.Error("a used code, after a new start:", err)
	}
}

// member brings somebody in by an invitation.
func member(t *testing.T, p *Places, by Viewer, pl *Place, name string) Viewer {
	t.Helper()
	link, err := p.Invite(t.Context(), by, pl.Stream, Member)
	must(t, err)
	_, v, err := p.ComeIn(t.Context(), Viewer{}, link, Newcomer{name, "a long password"})
	must(t, err)
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
