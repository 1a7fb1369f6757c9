package place

import (
	"sync"
	"testing"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// atOnce lets all begin together and gives their faults in order. What of this
// can go wrong goes wrong on PostgreSQL: SQLite has one writer.
func atOnce(calls ...func() error) []error {
	out := make([]error, len(calls))
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i, call := range calls {
		wait.Go(func() {
			<-start
			out[i] = call()
		})
	}
	close(start)
	wait.Wait()
	return out
}

func TestTheLastTwoWhoVouchAtOnceLetSomebodyIn(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Asking: AskVouches, Vouches: 2}))
	for range 12 {
		secret, id := ask(t, p, keeper, pl.Stream, "Elm tree")
		for _, err := range atOnce(
			func() error { return p.VouchFor(t.Context(), birch, pl.Stream, id) },
			func() error { return p.VouchFor(t.Context(), keeper, pl.Stream, id) },
		) {
			must(t, err)
		}
		if s := state(t, p, secret); s != "let_in" {
			t.Fatal("two vouched at once, and the request is", s)
		}
	}
}

// A link that a keeper makes while the role is taken away ends with the role, or
// is refused.
func TestNoLinkOutlivesTheKeeperWhoMakesItMeanwhile(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	ctx := t.Context()
	back := func() {
		must(t, p.SetRole(ctx, keeper, pl.Stream, birch.Person, Keeper))
	}
	for what, x := range map[string]struct{ take, give func() error }{
		"demoted": {func() error { return p.SetRole(ctx, keeper, pl.Stream, birch.Person, Member) }, func() error { return nil }},
		"blocked": {func() error { return p.BlockPerson(ctx, keeper, pl.Stream, birch.Person, "Tired") },
			func() error { return p.UnblockPerson(ctx, keeper, pl.Stream, birch.Person) }},
		"removed": {func() error { return p.Remove(ctx, keeper, pl.Stream, birch.Person) }, func() error {
			link, err := p.Invite(ctx, keeper, pl.Stream, Member)
			must(t, err)
			_, _, err = p.ComeIn(ctx, birch, link, Newcomer{})
			return err
		}},
	} {
		for range 8 {
			back()
			var link string
			var slips []string
			errs := atOnce(x.take,
				func() (err error) { link, err = p.Invite(ctx, birch, pl.Stream, Keeper); return err },
				func() (err error) { slips, err = p.Roll(ctx, birch, pl.Stream, 3); return err })
			must(t, errs[0])
			for _, err := range errs[1:] {
				if err != nil && !fault.Is(err, fault.Forbidden) {
					t.Fatal(what, err)
				}
			}
			for _, secret := range append(slips, link) {
				if err := p.CheckInvitation(ctx, secret); !fault.Is(err, fault.NotFound) {
					t.Fatalf("%s: a link made meanwhile still opens: %v", what, err)
				}
			}
			must(t, x.give())
		}
	}
}

func TestTheDayOfAnOpenDoorIsCountedAlsoAtOnceAndForWhoLeaves(t *testing.T) {
	p, pl, keeper, _ := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Open: true}))
	v := someone(t, p, act.NewToken())
	for range 8 {
		must(t, p.db.Write(t.Context(), func(tx *db.Tx) error {
			if _, err := dropOpenJoins.Run(t.Context(), tx, act.Micros(p.now())); err != nil {
				return err
			}
			for range MaxOpenADay - 2 {
				if _, err := insertOpenJoin.Run(t.Context(), tx, act.NewToken(), pl.Stream, act.Micros(p.now())); err != nil {
					return err
				}
			}
			return nil
		}))
		_, err := p.JoinOpen(t.Context(), v, pl.Stream, Newcomer{})
		must(t, err)
		must(t, p.Leave(t.Context(), v, pl.Stream))
		joins := func() error { return as(t, p, pl, act.NewToken()) }
		checkTaken(t, atOnce(joins, joins, joins), 1, fault.TooMany)
	}
}

// checkTaken checks that so many were taken and the others refused in that way.
func checkTaken(t *testing.T, errs []error, want int, kind fault.Kind) {
	t.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		} else if !fault.Is(err, kind) {
			t.Error(err)
		}
	}
	if n != want {
		t.Errorf("%d were taken, not %d", n, want)
	}
}

func TestRequestsAreCountedAlsoAtOnce(t *testing.T) {
	p, pl, keeper, _ := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Asking: AskKeepers}))
	asks := func() error { _, err := p.Ask(t.Context(), Viewer{}, pl.Stream, "Elm", "Hello"); return err }
	for range MaxRequests - 1 {
		must(t, asks())
	}
	for range 8 {
		checkTaken(t, atOnce(asks, asks, asks), 1, fault.TooMany)
		list, err := p.Requests(t.Context(), keeper, pl.Stream)
		must(t, err)
		must(t, p.Answer(t.Context(), keeper, pl.Stream, list[0].ID, false))
	}
}

// Who asks while the way is changed waits by the new one, or not at all.
func TestNobodyWaitsByAWayThatIsChangedMeanwhile(t *testing.T) {
	p, pl, keeper, _ := withMember(t)
	ctx := t.Context()
	for range 12 {
		must(t, p.SetWays(ctx, keeper, pl.Stream, Ways{Asking: AskKeepers}))
		var secret string
		errs := atOnce(
			func() (err error) { secret, err = p.Ask(ctx, Viewer{}, pl.Stream, "Elm", "Hello"); return err },
			func() error { return p.SetWays(ctx, keeper, pl.Stream, Ways{}) })
		must(t, errs[1])
		if _, state, err := p.Asked(ctx, secret); errs[0] == nil && err == nil {
			t.Fatalf("nobody is asked any more, and a request is %s", state)
		}
	}
}

func TestTokensAreCountedAlsoAtOnce(t *testing.T) {
	p, _, keeper, _ := withMember(t)
	makes := func() error {
		_, err := p.MakeToken(t.Context(), keeper, NewToken{Name: "Script", Days: 3})
		return err
	}
	for range MaxTokens - 1 {
		must(t, makes())
	}
	for range 8 {
		checkTaken(t, atOnce(makes, makes, makes), 1, fault.Invalid)
		list, err := p.Tokens(t.Context(), keeper)
		must(t, err)
		must(t, p.EndToken(t.Context(), keeper, list[0].ID))
	}
}

// Codes printed with an old password open nothing after a new one, made before
// the change or at the moment of it.
func TestANewPasswordEndsTheCodesMadeWithTheOldOne(t *testing.T) {
	p, _, keeper, _ := withMember(t)
	ctx, old := t.Context(), "a long password"
	before, err := p.NewRecoveryCodes(ctx, keeper, old)
	must(t, err)
	must(t, p.ChangePassword(ctx, keeper, old, "another password"))
	if n, err := p.RecoveryLeft(ctx, keeper); n != 0 || err != nil {
		t.Error(n, "codes are left", err)
	}
	if _, err := p.Recover(ctx, keeper.Name, before[0], "a fourth password"); !fault.Is(err, fault.Invalid) {
		t.Error("a code of before opens:", err)
	}
	row, err := p.checkPassword(ctx, keeper, "codes_password", "another password")
	must(t, err)
	must(t, p.ChangePassword(ctx, keeper, "another password", "a third password"))
	if codes, err := p.makeCodes(ctx, row); !fault.Is(err, fault.Invalid) {
		t.Error("codes are made by a password that is none any more:", codes, err)
	}
}

// However those who keep the site go at once, one stays.
func TestASiteKeepsAKeeperWhenTwoGoAtOnce(t *testing.T) {
	p, pl, alder, birch := withMember(t)
	ctx := t.Context()
	stays, other := alder, birch
	for range 12 {
		must(t, p.AddSiteKeeper(ctx, stays, other.Name))
		other.Site = true
		errs := atOnce(
			func() error { return p.StepDownFromSite(ctx, stays) },
			func() error { return p.StepDownFromSite(ctx, other) })
		checkTaken(t, errs, 1, fault.Conflict)
		if errs[0] == nil {
			stays, other = other, stays
		}
		if got := sitesKeepers(t, p); got != stays.Name+" " {
			t.Fatal("the site is kept by", got)
		}
	}
	if stays.Person != alder.Person { // who keeps the place can't be erased
		must(t, p.AddSiteKeeper(ctx, stays, alder.Name))
		must(t, p.StepDownFromSite(ctx, stays))
	}
	for _, name := range []string{"Cedar", "Elm", "Fir", "Hazel", "Oak", "Pine"} {
		v := member(t, p, alder, pl, name)
		must(t, p.AddSiteKeeper(ctx, alder, name))
		v.Site = true
		errs := atOnce(
			func() error { return p.StepDownFromSite(ctx, alder) },
			func() error { return p.EraseAccount(ctx, v, "a long password", false) })
		checkTaken(t, errs, 1, fault.Conflict)
		if errs[0] == nil {
			must(t, p.AddSiteKeeper(ctx, v, alder.Name))
			must(t, p.StepDownFromSite(ctx, v))
		}
		if got := sitesKeepers(t, p); got != "Alder " {
			t.Fatal("the site is kept by", got)
		}
	}
}

// TestWhoIsErasedComesInNowhere: a session read before the account was erased
// leaves no membership, request or place behind.
func TestWhoIsErasedComesInNowhere(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	must(t, p.SetWays(t.Context(), keeper, pl.Stream, Ways{Open: true, Asking: AskKeepers}))
	link, err := p.Invite(t.Context(), keeper, pl.Stream, Keeper)
	must(t, err)
	must(t, p.EraseAccount(t.Context(), birch, "a long password", false))
	for what, do := range map[string]func() error{
		"an invitation": func() error { _, _, err := p.ComeIn(t.Context(), birch, link, Newcomer{}); return err },
		"an open door":  func() error { _, err := p.JoinOpen(t.Context(), birch, pl.Stream, Newcomer{}); return err },
		"a request":     func() error { _, err := p.Ask(t.Context(), birch, pl.Stream, "", "Let me in"); return err },
		"a session":     func() error { _, err := p.OpenSession(t.Context(), birch, "phone"); return err },
	} {
		if err := do(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
