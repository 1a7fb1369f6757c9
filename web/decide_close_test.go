package web_test

import (
	"fmt"
	"strings"
	"testing"

	"translocal/decide"
)

// Whatever page of what was said is shown, the form that closes a proposal has all
// that can be published, and a refusal leaves what was ticked.
func TestClosingListsWhatWasSaidOnEveryPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.proposal(decide.Consent)
	room := decide.Room{Present: 40, Agree: 40}
	for i := range decide.MaxNotes {
		room.Concerns = append(room.Concerns, fmt.Sprintf("Concern %d of many: %s", i, strings.Repeat("who pays? ", 40)))
	}
	room.Concerns = room.Concerns[:min(40, len(room.Concerns))]
	must(t, w.decisions.EnterRoom(t.Context(), w.keeper.Viewer, id, room))
	first, err := w.decisions.ReadPage(t.Context(), w.keeper.Viewer, id, 1)
	must(t, err)
	if first.Of < 2 || len(first.Releasable) != len(room.Concerns) || len(first.Voices) >= len(room.Concerns) {
		t.Fatalf("%d pages, %d can be published of %d", first.Of, len(first.Releasable), len(room.Concerns))
	}
	if x, err := w.decisions.Read(t.Context(), w.member.Viewer, id); err != nil || x.Releasable != nil {
		t.Error("who can't close it is asked what to publish", err)
	}
	box := func(voice string, ticked bool) string {
		s := `name="voices" value="` + voice + `"`
		if ticked {
			s += " checked"
		}
		return s + ">"
	}
	at := w.p("/proposal/" + id)
	for _, page := range []string{"", "?page=1"} {
		a := w.do(w.keeper, get(at+page))
		for _, v := range first.Releasable {
			if !strings.Contains(a.body, box(v.ID, false)) {
				t.Fatalf("%s lacks what stands on another page", page)
			}
		}
		if len(a.body) > 50_000 {
			t.Errorf("%s weighs %d bytes", page, len(a.body))
		}
	}
	early, late := first.Releasable[0].ID, first.Releasable[len(first.Releasable)-1].ID
	tooLong := strings.Repeat("x", decide.MaxText+1)
	a := w.do(w.keeper, post(at+"/close", "note", tooLong, "voices", early, "voices", late))
	if a.status != 422 || !strings.Contains(a.body, box(early, true)) || !strings.Contains(a.body, box(late, true)) || !strings.Contains(a.body, box(first.Releasable[1].ID, false)) {
		t.Errorf("%d: the ticks are lost with a refusal", a.status)
	}
	if a := w.do(w.keeper, post(at+"/close", "note", "", "voices", early, "voices", late)); a.status != 303 {
		t.Fatalf("%d %.300s", a.status, a.body)
	}
	list, err := w.decisions.Outcomes(t.Context(), w.here.Stream)
	must(t, err)
	if len(list[0].Concerns)+len(list[len(list)-1].Concerns) != 2 {
		t.Error("not what was ticked is published")
	}
}
