package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/fault"
	"translocal/place"
)

var endedMandates = db.Exec(`update mandate set until = 1 where person = $1`)

// name makes somebody steward of a text of the place here.
func (w *world) name(p person, text string) {
	w.t.Helper()
	must(w.t, w.places.GiveMandate(w.t.Context(), w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: p.Person, Role: place.Steward, Text: text, Aim: "Looks after it", Day: w.day()}))
}

// asSteward tries what a steward of the place's text does, by form and by API, and
// tells which answers there were.
func (w *world) asSteward(p person, v *blueprint.Version) (status []int) {
	w.t.Helper()
	id := v.Clauses[0].ID
	for _, c := range []func() call{
		func() call {
			return post("/warn", "place", string(w.here.Stream), "version", v.ID, "clause", id, "kind", "ignored", "text", "Nothing came of it", "cited", "Minutes")
		},
		func() call {
			return api("POST", w.s("/warnings"), map[string]any{"version": v.ID, "clause": id, "kind": "ignored", "text": "Nothing came of it", "cited": "Minutes"})
		},
		func() call {
			return api("POST", w.s("/suggestions/enter"), map[string]any{"version": v.ID, "name": "Upstream", "changes": []any{map[string]any{"kind": "drop", "clause": id, "reason": "Too long"}}})
		},
		func() call {
			return api("POST", "/drafts/"+w.continued(v)+"/publish", map[string]any{"rev": 1, "seen": w.warningsOn(v)})
		},
		func() call {
			return post("/draft/"+w.continued(v)+"/publish", append([]string{"rev", "1", "message", "Ours"}, w.seen(v)...)...)
		},
	} {
		status = append(status, w.do(p, c()).status)
	}
	return status
}

func (w *world) continued(v *blueprint.Version) string {
	w.t.Helper()
	l, err := w.blueprints.Continue(w.t.Context(), w.keeper.Viewer, v.VersionKey)
	must(w.t, err)
	return string(l)
}

func (w *world) warningsOn(v *blueprint.Version) []string {
	w.t.Helper()
	ids := []string{}
	for _, c := range v.Clauses {
		list, err := w.blueprints.WarningsOn(w.t.Context(), w.keeper.Viewer, c.ID)
		must(w.t, err)
		for _, x := range list {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

func (w *world) seen(v *blueprint.Version) (pairs []string) {
	for _, id := range w.warningsOn(v) {
		pairs = append(pairs, "seen", id)
	}
	return pairs
}

func all(list []int, of ...int) bool {
	return !slices.ContainsFunc(list, func(x int) bool { return !slices.Contains(of, x) })
}

// A steward may for the text of the mandate what the table says, and nothing for
// another text, another place, or once the mandate is over in whatever way.
func TestAStewardActsOnOneTextAlone(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	other := w.publish(w.keeper, w.here, motion("Another of ours"))
	refused := func(when string, v *blueprint.Version) {
		t.Helper()
		if got := w.asSteward(w.member, v); !all(got, http.StatusForbidden, http.StatusNotFound) || got[0] != http.StatusForbidden {
			t.Errorf("%s: answered %v", when, got)
		}
	}
	refused("no mandate", w.text)
	w.name(w.member, w.text.Blueprint)
	if got := w.asSteward(w.member, w.text); !all(got, http.StatusOK, http.StatusNoContent, http.StatusCreated, http.StatusSeeOther) {
		t.Errorf("a steward of the text: answered %v", got)
	}
	refused("another text of the place", other)
	if err := w.blueprints.Decline(ctx, w.member.Viewer, w.here.Stream, w.suggest(w.outsider, w.there, w.theirs, other), "No"); !fault.Is(err, fault.Forbidden) && err != nil {
		t.Error("a suggestion for another text:", err)
	} else if err == nil {
		t.Error("a suggestion for another text was answered")
	}
	for _, c := range []call{
		api("POST", "/places/"+string(w.there.Stream)+"/warnings", map[string]any{"version": w.text.ID, "clause": w.text.Clauses[0].ID, "kind": "ignored", "text": "x", "cited": "y"}),
		api("POST", "/places/"+string(w.there.Stream)+"/versions", map[string]any{"text": motion("Theirs"), "blueprint": w.text.Blueprint}),
		api("POST", w.s("/versions"), map[string]any{"text": motion("A first version")}),
		api("POST", w.s("/warnings"), map[string]any{"version": w.theirs.ID, "clause": w.theirs.Clauses[0].ID, "kind": "ignored", "text": "x", "cited": "y"}),
		post(w.p("/suggestion/take-back"), "id", w.sentOne()),
		post("/warn", "place", string(w.here.Stream), "version", w.text.ID, "clause", w.text.Clauses[0].ID, "kind", "ignored", "text", "x", "cited", "y", "told", w.told()),
		post(w.p("/roles"), "person", w.target.Person, "role", "steward", "text", w.text.Blueprint, "aim", "Help", "until", w.day()),
	} {
		if a := w.do(w.member, c); a.status != http.StatusForbidden {
			t.Errorf("%s %s by a steward: answered %d: %s", c.method, c.path, a.status, a.body)
		}
	}
	must(t, w.log.DB().Write(ctx, func(tx *db.Tx) error { _, err := endedMandates.Run(ctx, tx, w.member.Person); return err }))
	refused("expired", w.text)
	for when, end := range map[string]func(){
		"ended": func() {
			list, err := w.places.Mandates(ctx, w.keeper.Viewer, w.here.Stream)
			must(t, err)
			must(t, w.places.EndMandate(ctx, w.keeper.Viewer, w.here.Stream, list[0].ID))
		},
		"removed and back": func() {
			must(t, w.places.Remove(ctx, w.keeper.Viewer, w.here.Stream, w.member.Person))
			refused("removed", w.text)
			w.mend()
		},
		"blocked and back": func() {
			must(t, w.places.BlockPerson(ctx, w.keeper.Viewer, w.here.Stream, w.member.Person, "Threats"))
			refused("blocked", w.text)
			must(t, w.places.UnblockPerson(ctx, w.keeper.Viewer, w.here.Stream, w.member.Person))
		},
	} {
		w.name(w.member, w.text.Blueprint)
		end()
		refused(when, w.text)
	}
}

// A steward answers the suggestions for the text, and hears of them; of those for
// another text neither.
func TestAStewardHearsOfSuggestionsForTheText(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.name(w.member, w.text.Blueprint)
	id := w.received()
	must(t, w.notices.Remind(ctx))
	kinds := func(p person) (list []string) {
		all, err := w.notices.Mine(ctx, p.Viewer)
		must(t, err)
		for _, n := range all {
			list = append(list, n.Kind)
		}
		slices.Sort(list)
		return list
	}
	if got := kinds(w.member); !slices.Equal(got, []string{"named", "suggestion"}) {
		t.Errorf("the steward was told of %v", got)
	}
	if got := kinds(w.target); len(got) > 0 {
		t.Errorf("a member who is no steward was told of %v", got)
	}
	page := w.do(w.member, get(w.p("/suggestion?id="+url.QueryEscape(id))))
	if !strings.Contains(page.body, "/suggestion/decline") {
		t.Error("the steward is shown no way to answer")
	}
	if page := w.do(w.target, get(w.p("/suggestion?id="+url.QueryEscape(id)))); strings.Contains(page.body, "/suggestion/decline") {
		t.Error("a member who is no steward is shown a way to answer")
	}
	must(t, w.blueprints.Decline(ctx, w.member.Viewer, w.here.Stream, id, "Not for us"))
}

// Naming and ending stand in the log, and the person is told; of what was taken
// back since only the last.
func TestNamingIsToldAndLogged(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	told := func(p person, want ...string) {
		t.Helper()
		must(t, w.notices.Remind(ctx))
		all, err := w.notices.Mine(ctx, p.Viewer)
		must(t, err)
		var got []string
		for _, n := range all {
			got = append(got, n.Kind)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("told of %v, not %v", got, want)
		}
	}
	w.name(w.member, w.text.Blueprint)
	told(w.member, "named")
	list, err := w.places.Mandates(ctx, w.member.Viewer, w.here.Stream)
	must(t, err)
	must(t, w.places.EndMandate(ctx, w.keeper.Viewer, w.here.Stream, list[0].ID))
	told(w.member, "unnamed")
	log := w.do(w.target, get(w.p("/keepers-log")))
	for _, want := range []string{"Keeper made Member steward of a text", "Keeper ended that Member is steward", w.path(w.text.Blueprint), "Looks after it"} {
		if !strings.Contains(log.body, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	must(t, w.places.SetRole(ctx, w.keeper.Viewer, w.here.Stream, w.target.Person, place.Keeper))
	told(w.target, "named")
	must(t, w.places.AddSiteKeeper(ctx, w.site.Viewer, "Outsider"))
	told(w.outsider, "named")
	if site := w.do(w.site, get("/site")); !strings.Contains(site.body, "made Outsider a keeper of the site") {
		t.Error("the page of the site does not say who was made its keeper")
	}
	if a := w.do(w.outsider, api("GET", "/site/keepers-log", nil)); a.status != http.StatusOK && a.status != http.StatusForbidden {
		t.Error("the log of the site:", a.status)
	}
}

// Fourteen days before its end who has a mandate and the keepers are told, once.
func TestTheEndOfAMandateIsToldBefore(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	must(t, w.places.GiveMandate(ctx, w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: w.member.Person, Aim: "Notes", Day: day(10)}))
	must(t, w.places.GiveMandate(ctx, w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: w.target.Person, Aim: "Notes", Day: day(40)}))
	count := func(p person) (n int) {
		must(t, w.notices.Remind(ctx))
		all, err := w.notices.Mine(ctx, p.Viewer)
		must(t, err)
		for _, x := range all {
			if x.Kind == "mandate" {
				n++
			}
		}
		return n
	}
	if count(w.member)+count(w.target)+count(w.keeper) != 0 {
		t.Error("told of the end of a mandate of ten days, or forty days before")
	}
	must(t, w.log.DB().Write(ctx, func(tx *db.Tx) error { // as if it had been given a month ago
		_, err := longAgo.Run(ctx, tx, w.member.Person, (30 * 24 * time.Hour).Microseconds())
		return err
	}))
	for range 2 {
		if a, b, c, d := count(w.member), count(w.keeper), count(w.second), count(w.target); a != 1 || b != 1 || c != 1 || d != 0 {
			t.Errorf("the person was told %d times, the keepers %d and %d, another member %d", a, b, c, d)
		}
	}
	must(t, w.log.DB().Write(ctx, func(tx *db.Tx) error { _, err := endedMandates.Run(ctx, tx, w.member.Person); return err }))
	if count(w.member) != 0 {
		t.Error("told of what has ended")
	}
}

var longAgo = db.Exec(`update mandate set since = since - $2 where person = $1`)

// What a steward's form can't be: a text of another place, none, or one for a scribe.
func TestBadMandatesAreRefusedByField(t *testing.T) {
	w := newWorld(t)
	for field, m := range map[string]map[string]string{
		"body.text": {"role": "steward", "text": w.theirs.Blueprint},
		"no text":   {"role": "steward"},
		"a scribe":  {"role": "scribe", "text": w.text.Blueprint},
		"a keeper":  {"role": "keeper"},
		"long":      {"role": "steward", "text": w.text.Blueprint, "until": "2099-01-01"},
	} {
		body := map[string]string{"person": w.member.Person, "aim": "Notes", "until": w.day()}
		for k, v := range m {
			body[k] = v
		}
		w.writesNothing(field, func() {
			if a := w.do(w.keeper, api("POST", w.s("/roles"), body)); a.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: answered %d: %s", field, a.status, a.body)
			}
		})
	}
}

// Who opened the room goes on in it when the mandate ends, as long as the code lasts.
func TestTheHostGoesOn(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.proposal(decide.Consent)
	must(t, w.places.GiveMandate(ctx, w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: w.member.Person, Aim: "Notes", Day: w.day()}))
	if _, err := w.decisions.OpenRoom(ctx, w.member.Viewer, id); err != nil {
		t.Fatal(err)
	}
	list, err := w.places.Mandates(ctx, w.member.Viewer, w.here.Stream)
	must(t, err)
	must(t, w.places.LayDown(ctx, w.member.Viewer, w.here.Stream, list[0].ID))
	x, err := w.decisions.Read(ctx, w.member.Viewer, id)
	must(t, err)
	again, err := w.decisions.OpenRoom(ctx, w.member.Viewer, id)
	must(t, err)
	if again.Expires != x.Tonight.Expires {
		t.Errorf("the host opens the room for %d s longer", (again.Expires-x.Tonight.Expires)/1e6)
	}
	must(t, w.decisions.EnterRoom(ctx, w.member.Viewer, id, decide.Room{Present: 5, Agree: 5}))
	if err := w.decisions.EnterRoom(ctx, w.target.Viewer, id, decide.Room{Present: 5, Agree: 5}); !fault.Is(err, fault.Forbidden) {
		t.Error("another member enters the round:", err)
	}
	if err := w.decisions.EnterRoom(ctx, w.member.Viewer, w.proposal(decide.Consent), decide.Room{Present: 5, Agree: 5}); !fault.Is(err, fault.Forbidden) {
		t.Error("the host of one room enters the round of another:", err)
	}
	must(t, w.decisions.CloseRoom(ctx, w.member.Viewer, id))
	if err := w.decisions.EnterRoom(ctx, w.member.Viewer, id, decide.Room{Present: 6, Agree: 6}); !fault.Is(err, fault.Forbidden) {
		t.Error("the host enters a round after the room was closed:", err)
	}
}
