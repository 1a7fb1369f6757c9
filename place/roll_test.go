package place

import (
	"testing"
	"time"

	"translocal/fault"
)

func TestARollIsWholeAndEachSlipOpensOnce(t *testing.T) {
	p := openTest(t)
	pl, v := setUp(t, p)
	ctx := t.Context()
	m := member(t, p, v, pl, "Birch")
	for _, n := range []int{0, -1, MaxRoll + 1} {
		if _, err := p.Roll(ctx, v, pl.Stream, n); !fault.Is(err, fault.Invalid) {
			t.Error(n, err)
		}
	}
	if _, err := p.Roll(ctx, m, pl.Stream, 2); !fault.Is(err, fault.Forbidden) {
		t.Error("a member made a roll:", err)
	}
	if open, _ := p.Invitations(ctx, v, pl.Stream); len(open) != 0 {
		t.Error("a refused roll left", len(open))
	}
	slips, err := p.Roll(ctx, v, pl.Stream, 3)
	must(t, err)
	if open, _ := p.Invitations(ctx, v, pl.Stream); len(slips) != 3 || len(open) != 3 {
		t.Fatal(len(slips), len(open))
	}
	_, _, err = p.ComeIn(ctx, Viewer{}, slips[0], Newcomer{"Cedar", "a long password"})
	must(t, err)
	if _, _, err := p.ComeIn(ctx, Viewer{}, slips[0], Newcomer{"Dogwood", "a long password"}); !fault.Is(err, fault.NotFound) {
		t.Error("a slip opened twice:", err)
	}
	p.now = func() time.Time { return time.Now().Add(InvitationLasts + time.Minute) }
	if _, _, err := p.ComeIn(ctx, Viewer{}, slips[1], Newcomer{"Elm", "a long password"}); !fault.Is(err, fault.NotFound) {
		t.Error("a late slip opened:", err)
	}
}
