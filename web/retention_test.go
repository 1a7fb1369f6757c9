package web_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/fault"
	"translocal/place"
	"translocal/web"
)

var (
	asRecords  = db.Exec(`insert into site_setting (name, value) values ('site.kind', $1) on conflict (name) do update set value = excluded.value`)
	saidLong   = db.Exec(`update proposal_voice set created = $1 where proposal = $2`)
	countSaid  = db.Rows[int64](`select count(*) from proposal_voice where proposal = $1`)
	lettersOld = db.Exec(`update blueprint_told set at = cast($1 as bigint), done = case when done = 0 then 0 else cast($1 as bigint) end`)
	letters    = db.Rows[int64](`select count(*) from blueprint_told`)
)

// letter tells a place something.
func (w *world) letter(about string) {
	w.t.Helper()
	must(w.t, w.blueprints.Tell(w.t.Context(), place.Viewer{}, blueprint.NewTale{Place: w.here.Stream, Tale: blueprint.Tale{About: about, Text: "It was not paid for"}}))
}

// The site of a public body keeps what was said and what it was told: nobody
// deletes it, the clock that deletes letters elsewhere doesn't, and after the
// period that its keepers chose it goes, and a note says so.
func TestAPublicBodyKeepsItsRecordsForAPeriod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, d := t.Context(), w.log.DB()
	must(t, d.Write(ctx, func(tx *db.Tx) error {
		_, err := asRecords.Run(ctx, tx, string(place.Records))
		return err
	}))
	ended, open := w.proposal(decide.Consent), w.proposal(decide.Consent)
	for _, id := range []string{ended, open} {
		must(t, w.decisions.Say(ctx, w.member.Viewer, id, decide.Concern, "The date is tight", false))
	}
	_, err := w.decisions.Close(ctx, w.keeper.Viewer, ended, decide.Release{})
	must(t, err)
	w.letter("Dealt with")
	told, err := w.blueprints.ToldTo(ctx, w.keeper.Viewer, w.here.Stream)
	must(t, err)
	at := w.path(w.here.ID) + "/told"
	if a := w.do(w.keeper, get(at)); !strings.Contains(a.body, "It stays among what was dealt with") {
		t.Errorf("%.3000s", a.body)
	}
	if a := w.do(w.keeper, post(at, "id", told[0].ID, "do", "dismiss")); a.status != 303 {
		t.Fatalf("%d %.500s", a.status, a.body)
	}
	if a := w.do(w.keeper, get(at)); !strings.Contains(a.body, "<summary>Dealt with</summary>") || strings.Contains(a.body, `value="dismiss"`) {
		t.Errorf("%.3000s", a.body)
	}
	w.letter("Waits")
	ago := act.Micros(time.Now().AddDate(-4, 0, 0))
	must(t, d.Write(ctx, func(tx *db.Tx) error {
		for _, id := range []string{ended, open} {
			if _, err := saidLong.Run(ctx, tx, ago, id); err != nil {
				return err
			}
		}
		_, err := lettersOld.Run(ctx, tx, ago)
		return err
	}))
	server := web.New(w.config)
	left := func() (n [3]int64) {
		t.Helper()
		must(t, server.Dispose(ctx))
		must(t, w.blueprints.DropTold(ctx))
		for i, id := range []string{ended, open} {
			n[i], err = countSaid.One(ctx, d, id)
			must(t, err)
		}
		n[2], err = letters.One(ctx, d)
		must(t, err)
		return n
	}
	whole := left()
	if whole[0] == 0 || whole[1] == 0 || whole[2] != 2 {
		t.Fatalf("kept for good: %v", whole)
	}
	for _, wrong := range []string{"0", "-1", "101", "1.5", "ever"} {
		if a := w.do(w.site, post("/site/keeping/retention", "years", wrong)); a.status != 422 || !strings.Contains(a.body, "whole number of years") {
			t.Errorf("%s: %d", wrong, a.status)
		}
	}
	must(t, w.places.SetRetention(ctx, w.site.Viewer, 5))
	if n := left(); n != whole {
		t.Errorf("before the period is over: %v, then %v", whole, n)
	}
	if a := w.do(w.site, post("/site/keeping/retention", "years", "3")); a.status != 303 {
		t.Fatalf("%d %.500s", a.status, a.body)
	}
	if n, want := left(), [3]int64{0, whole[1], 1}; n != want {
		t.Errorf("after the period: %v, wanted %v", n, want)
	}
	page := w.do(w.site, get("/site/keeping")).body
	for _, row := range []string{"answers in rounds", "1: letters"} {
		if !strings.Contains(page, row) {
			t.Errorf("the page doesn't say that it went: %s", row)
		}
	}
}

// A movement's site has no such period, and letters go by their own.
func TestAMovementHasNoRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.places.SetRetention(t.Context(), w.site.Viewer, 3); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	if a := w.do(w.site, get("/site/keeping")); strings.Contains(a.body, "keeping/retention") {
		t.Error("the form is shown")
	}
}

// The log of changes names every entry of a place's record in order, with a link
// to what it is about; it holds no text, and it comes in pages.
func TestLogOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.path(w.here.ID) + "/changes"
	for range place.MaxChanges {
		must(t, w.places.Describe(t.Context(), w.keeper.Viewer, w.here.Stream, place.Profile{Name: "Here", Story: "A secret story"}))
	}
	head, err := w.log.StreamOf(t.Context(), w.here.Stream)
	must(t, err)
	first := w.do(person{}, get(at))
	older := w.do(person{}, get(at+"?before="+strconv.FormatInt(head.Size-place.MaxChanges, 10)))
	if first.status != 200 || strings.Count(first.body, "<tr>") != place.MaxChanges+1 || strings.Contains(first.body, "A secret story") {
		t.Errorf("%d, %d rows", first.status, strings.Count(first.body, "<tr>"))
	}
	for _, of := range []string{"the place began", "a version of a text", "an outcome", "a text brought to an authority", w.path(w.text.ID), w.path(w.outcome)} {
		if !strings.Contains(older.body, of) {
			t.Errorf("%q is not there", of)
		}
	}
	if strings.Contains(first.body+older.body, "another entry") {
		t.Error("an act has no name of its own")
	}
	for _, wrong := range []string{"0", "-3", "x", "99999999999999999999"} {
		if a := w.do(person{}, get(at+"?before="+wrong)); a.status != 422 && a.status != 400 {
			t.Errorf("%s: %d", wrong, a.status)
		}
	}
}
