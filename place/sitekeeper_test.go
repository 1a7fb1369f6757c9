package place

import (
	"testing"

	"translocal/fault"
)

// sitesKeepers are the names of who keeps the site.
func sitesKeepers(t *testing.T, p *Places) (names string) {
	t.Helper()
	rows, err := allSiteKeepers.All(t.Context(), p.db)
	must(t, err)
	for _, r := range rows {
		names += r.Name + " "
	}
	return names
}

func TestTheSiteIsHandedOver(t *testing.T) {
	p, pl, alder, birch := withMember(t)
	ctx := t.Context()
	must(t, p.SetRole(ctx, alder, pl.Stream, birch.Person, Keeper))
	if err := p.StepDownFromSite(ctx, alder); !fault.Is(err, fault.Conflict) {
		t.Error("the only keeper of the site stepped down:", err)
	}
	if err := p.EraseAccount(ctx, alder, "a long password", false); !fault.Is(err, fault.Conflict) {
		t.Error("the only keeper of the site was erased:", err)
	}
	for what, name := range map[string]string{"nobody's": "Elm", "empty": " ", "one's own": "Alder", "hostile": "Birch\x00", "long": string(make([]rune, MaxPseudonym+1))} {
		if err := p.AddSiteKeeper(ctx, alder, name); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s pseudonym: %v", what, err)
		}
	}
	byToken := alder
	byToken.Token, byToken.Writes = "token", true
	for what, v := range map[string]Viewer{"a keeper of a place": birch, "a program": byToken} {
		if err := p.AddSiteKeeper(ctx, v, "Birch"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s names a keeper of the site: %v", what, err)
		}
		if err := p.StepDownFromSite(ctx, v); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s steps down: %v", what, err)
		}
		if _, err := p.SiteKeepers(ctx, v); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s reads who keeps the site: %v", what, err)
		}
	}
	if got := sitesKeepers(t, p); got != "Alder " {
		t.Fatal("what was refused changed the keepers:", got)
	}

	must(t, p.AddSiteKeeper(ctx, alder, " bIRCH ")) // compared as at signing in
	list, err := p.SiteKeepers(ctx, alder)
	if err != nil || len(list) != 2 || list[0] != (KeeperOfSite{"Alder", true}) || list[1] != (KeeperOfSite{"Birch", false}) {
		t.Fatal(list, err)
	}
	if err := p.AddSiteKeeper(ctx, alder, "Birch"); !fault.Is(err, fault.Invalid) {
		t.Error("named twice:", err)
	}
	must(t, p.StepDownFromSite(ctx, alder))
	if err := p.AddSiteKeeper(ctx, alder, "Alder"); !fault.Is(err, fault.Forbidden) { // a window opened before
		t.Error("who stepped down came back alone:", err)
	}
	must(t, p.EraseAccount(ctx, alder, "a long password", false))
	if got := sitesKeepers(t, p); got != "Birch " {
		t.Error("the site is kept by", got)
	}
}
