package place

import (
	"regexp"
	"testing"

	"translocal/db"
	"translocal/fault"
)

func TestABlockedPersonStaysAStrangerWhateverTheyUse(t *testing.T) {
	p, ctx := openTest(t), t.Context()
	pl, keeper := setUp(t, p)
	v := member(t, p, keeper, pl, "Birch")
	must(t, p.SetRole(ctx, keeper, pl.Stream, v.Person, Keeper))
	theirs, err := p.Invite(ctx, v, pl.Stream, Member)
	must(t, err)
	other, err := p.Invite(ctx, keeper, pl.Stream, Keeper)
	must(t, err)
	if err := p.BlockPerson(ctx, keeper, pl.Stream, keeper.Person, "Tired"); !fault.Is(err, fault.Invalid) {
		t.Error("a keeper blocks themself:", err)
	}
	if err := p.BlockPerson(ctx, keeper, pl.Stream, "nobody", "Unknown"); !fault.Is(err, fault.NotFound) {
		t.Error("somebody who is no member is blocked:", err)
	}
	must(t, p.BlockPerson(ctx, keeper, pl.Stream, v.Person, "Threats"))
	if err := p.BlockPerson(ctx, keeper, pl.Stream, v.Person, "Threats"); !fault.Is(err, fault.Conflict) {
		t.Error("blocked twice:", err)
	}
	stranger := func(when string) {
		t.Helper()
		if role, err := RoleIn(ctx, p.db, v, pl.Stream); err != nil || role != Stranger {
			t.Errorf("%s the blocked person is %s: %v", when, role, err)
		}
		if mine, _ := p.Mine(ctx, v); len(mine) != 0 {
			t.Errorf("%s the place is still theirs", when)
		}
	}
	stranger("at once")
	if err := p.CheckInvitation(ctx, theirs); !fault.Is(err, fault.NotFound) {
		t.Error("a link of a blocked keeper opens:", err)
	}
	if _, _, err := p.ComeIn(ctx, v, other, Newcomer{}); !fault.Is(err, fault.Forbidden) {
		t.Error("an invitation welcomes the blocked person:", err)
	}
	must(t, p.CheckInvitation(ctx, other)) // and is for somebody else
	must(t, p.SetWays(ctx, keeper, pl.Stream, Ways{Open: true, Asking: AskKeepers}))
	if _, err := p.JoinOpen(ctx, v, pl.Stream, Newcomer{}); !fault.Is(err, fault.Forbidden) {
		t.Error("an open door welcomes the blocked person:", err)
	}
	if _, err := p.Ask(ctx, v, pl.Stream, "", "Let me in"); !fault.Is(err, fault.Forbidden) {
		t.Error("the blocked person asks to come in:", err)
	}
	stranger("after another invitation")
	if err := p.Leave(ctx, keeper, pl.Stream); !fault.Is(err, fault.Conflict) {
		t.Error("the last keeper who is not blocked leaves:", err)
	}
	must(t, p.UnblockPerson(ctx, keeper, pl.Stream, v.Person))
	if role, _ := RoleIn(ctx, p.db, v, pl.Stream); role != Keeper {
		t.Error("unblocked, the person is", role)
	}
	if err := p.CheckInvitation(ctx, theirs); !fault.Is(err, fault.NotFound) {
		t.Error("unblocking revives a link:", err)
	}
}

func TestTheLastKeeperIsNotBlocked(t *testing.T) {
	p, ctx := openTest(t), t.Context()
	pl, keeper := setUp(t, p)
	v := member(t, p, keeper, pl, "Birch")
	must(t, p.SetRole(ctx, keeper, pl.Stream, v.Person, Keeper))
	must(t, p.BlockPerson(ctx, v, pl.Stream, keeper.Person, "Gone"))
	if err := p.BlockPerson(ctx, keeper, pl.Stream, v.Person, "Revenge"); !fault.Is(err, fault.Forbidden) {
		t.Error("a blocked keeper blocks:", err)
	}
	if err := p.SetRole(ctx, v, pl.Stream, v.Person, Member); !fault.Is(err, fault.Conflict) {
		t.Error("the last one steps down:", err)
	}
}

func TestTheLogOutlastsTheKeeperAndIsOnlyAddedTo(t *testing.T) {
	p, ctx := openTest(t), t.Context()
	pl, keeper := setUp(t, p)
	v := member(t, p, keeper, pl, "Birch")
	target := member(t, p, keeper, pl, "Cedar")
	must(t, p.SetRole(ctx, keeper, pl.Stream, v.Person, Keeper))
	must(t, p.Remove(ctx, v, pl.Stream, target.Person))
	must(t, p.Leave(ctx, v, pl.Stream))
	if _, err := p.Deeds(ctx, v, pl.Stream, 0); !fault.Is(err, fault.Forbidden) {
		t.Error("who left reads the log:", err)
	}
	reader := member(t, p, keeper, pl, "Dogwood")
	log, err := p.Deeds(ctx, reader, pl.Stream, 0)
	must(t, err)
	if len(log) != 2 || log[0].Deed != RemoveDeed || log[0].Who != "Birch" || log[0].Whom != "Cedar" || log[1].Deed != RoleDeed || log[1].What != "keeper" {
		t.Errorf("the log has %+v", log)
	}
	changes := regexp.MustCompile(`(?is)(update|delete from|drop table|truncate)\s+keeper_log`)
	inserts := 0
	for _, q := range db.All() {
		if changes.MatchString(q.Text) {
			t.Errorf("%s changes the log: %s", q.Where, q.Text)
		}
		if regexp.MustCompile(`insert into keeper_log`).MatchString(q.Text) {
			inserts++
		}
	}
	if inserts != 1 {
		t.Errorf("%d queries add to the log", inserts)
	}
}

// Who is blocked vouches for nobody any more, and can leave, and stays blocked.
func TestABlockedMemberCanLeaveAndCountsNowhere(t *testing.T) {
	p, pl, keeper, birch := withMember(t)
	ctx := t.Context()
	must(t, p.SetWays(ctx, keeper, pl.Stream, Ways{Asking: AskVouches, Vouches: 2}))
	secret, id := ask(t, p, keeper, pl.Stream, "Elm tree")
	must(t, p.VouchFor(ctx, birch, pl.Stream, id))
	must(t, p.BlockPerson(ctx, keeper, pl.Stream, birch.Person, "Threats"))
	list, err := p.Requests(ctx, keeper, pl.Stream)
	must(t, err)
	if list[0].Vouched != 0 {
		t.Errorf("%d vouch, of whom one is blocked", list[0].Vouched)
	}
	must(t, p.VouchFor(ctx, keeper, pl.Stream, id))
	gone(t, p, "the word of somebody blocked", secret)
	mine, err := p.BlockedIn(ctx, birch)
	must(t, err)
	if len(mine) != 1 || mine[0].Reason != "Threats" || !mine[0].Stays {
		t.Errorf("the blocked person is told %+v", mine)
	}
	if err := p.Leave(ctx, Viewer{Person: birch.Person, Token: "token", Writes: true}, pl.Stream); !fault.Is(err, fault.Forbidden) {
		t.Error("a program leaves for its person:", err)
	}
	must(t, p.Leave(ctx, birch, pl.Stream))
	if err := p.Leave(ctx, birch, pl.Stream); !fault.Is(err, fault.NotFound) {
		t.Error("left twice:", err)
	}
	own, err := p.OwnData(ctx, birch)
	must(t, err)
	if len(own.Places) != 0 {
		t.Errorf("a member still of %+v", own.Places)
	}
	must(t, p.SetWays(ctx, keeper, pl.Stream, Ways{Open: true}))
	if _, err := p.JoinOpen(ctx, birch, pl.Stream, Newcomer{}); !fault.Is(err, fault.Forbidden) {
		t.Error("leaving ends the block:", err)
	}
}
