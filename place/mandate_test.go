package place

import (
	"strings"
	"testing"
	"time"

	"translocal/fault"
)

func TestAMandateEndsByItselfAndNeverBeginsAgain(t *testing.T) {
	p, ctx := openTest(t), t.Context()
	pl, keeper := setUp(t, p)
	v := member(t, p, keeper, pl, "Birch")
	start := p.now()
	day := func(years, days int) string { return start.UTC().AddDate(years, 0, days).Format(time.DateOnly) }
	give := func(aim, day string) error {
		return p.GiveMandate(ctx, keeper, pl.Stream, NewMandate{Person: v.Person, Aim: aim, Day: day})
	}
	runs := func(when string, want int) {
		t.Helper()
		if list, err := p.Mandates(ctx, keeper, pl.Stream); err != nil || len(list) != want {
			t.Errorf("%s %d mandates run, not %d: %v", when, len(list), want, err)
		}
	}
	for _, bad := range []error{give("", day(0, 9)), give(strings.Repeat("a", MaxAim+1), day(0, 9)), give("Notes", day(0, -1)), give("Notes", day(2, 1)), give("Notes", "soon"),
		p.GiveMandate(ctx, keeper, pl.Stream, NewMandate{Person: "nobody", Aim: "Notes", Day: day(0, 9)})} {
		if !fault.Is(bad, fault.Invalid) {
			t.Error("taken, or not by field:", bad)
		}
	}
	runs("after bad input", 0)
	must(t, give("Notes", day(0, 0)))
	if err := give("Notes", day(0, 9)); !fault.Is(err, fault.Conflict) {
		t.Error("given twice:", err)
	}
	runs("on its last day", 1)
	p.now = func() time.Time { return start.AddDate(0, 0, 1) }
	runs("the day after", 0)
	must(t, give("Notes", day(0, 9)))
	must(t, p.BlockPerson(ctx, keeper, pl.Stream, v.Person, "Threats"))
	runs("of a blocked person", 0)
	if err := give("Notes", day(0, 9)); !fault.Is(err, fault.Invalid) {
		t.Error("given to a blocked person:", err)
	}
	must(t, p.UnblockPerson(ctx, keeper, pl.Stream, v.Person))
	runs("after the block", 0)
	must(t, give("Notes", day(0, 9)))
	list, err := p.Mandates(ctx, v, pl.Stream)
	must(t, err)
	if err := p.EndMandate(ctx, v, pl.Stream, list[0].ID); !fault.Is(err, fault.Forbidden) {
		t.Error("a member ends a mandate as keepers do:", err)
	}
	if err := p.LayDown(ctx, keeper, pl.Stream, list[0].ID); !fault.Is(err, fault.NotFound) {
		t.Error("somebody else lays it down:", err)
	}
	must(t, p.LayDown(ctx, v, pl.Stream, list[0].ID))
	runs("laid down", 0)
	must(t, give("Notes", day(0, 9)))
	must(t, p.Leave(ctx, v, pl.Stream))
	runs("of who left", 0)
	again, err := p.Invite(ctx, keeper, pl.Stream, Member)
	must(t, err)
	_, _, err = p.ComeIn(ctx, v, again, Newcomer{})
	must(t, err)
	runs("of who came back", 0)
	own, err := p.OwnData(ctx, v)
	must(t, err)
	if len(own.Mandates) != 4 || own.Mandates[0].Ended != 0 || own.Mandates[3].Ended == 0 {
		t.Errorf("own data has %+v", own.Mandates)
	}
}
