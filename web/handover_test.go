package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"translocal/advance"
	"translocal/meeting"
	"translocal/place"
)

// The list has what is to be handed on of each kind, with its link, and neither a
// key nor the path of a webhook's address; an empty place has its empty states.
func TestTheHandOverListHasWhatStands(t *testing.T) {
	w := newWorld(t)
	ctx, v := t.Context(), w.keeper.Viewer
	must(t, w.advances.SetMeeting(ctx, v, w.bringing, "2030-05-01", 7))
	must(t, w.advances.PutTask(ctx, v, w.bringing, advance.Task{Title: "Print <it>", Before: 2, Keepers: [2]string{w.keeper.Person, ""}}))
	w.name(w.member, w.text.Blueprint)
	w.received()
	w.sentOne()
	w.told()
	w.proposal("")
	_, err := w.meetings.Plan(ctx, v, w.here.Stream, meeting.Meeting{Title: "Assembly", Day: "2030-03-01", Begins: "18:00", Ends: "20:00", Zone: "UTC", Venue: "Hall"})
	must(t, err)
	w.webhook()
	w.invitation()
	must(t, w.places.SetKeyNote(ctx, v, w.here.Stream, "Second has a backup key at home"))
	for lang, words := range map[string][]string{
		"en": {"Second has a backup key at home", "The key with which the place signs", "There are no root keys", "There is no backup of the site yet", "program.example",
			"Print &lt;it&gt;", "22 April 2030", "one person only", "A steward of a text", "An agenda closes", "A meeting:", "unused link", "An open proposal", "Brought, and not answered yet", "waits for your answer", "that you sent", "told of a clause"},
		"es": {"La clave con la que firma el lugar", "Una tarea:", "solo una persona"},
	} {
		c := get(w.p("/hand-over"))
		c.header = map[string]string{"Accept-Language": lang}
		a := w.do(w.keeper, c)
		for _, want := range words {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s: the list lacks %q", lang, want)
			}
		}
		if strings.Contains(a.body, "program.example/in") {
			t.Error("the list shows the path of an address")
		}
	}
	a := w.do(w.outsider, get(w.path(w.there.ID)+"/hand-over"))
	if strings.Contains(a.body, "Print &lt;it") || !strings.Contains(a.body, "No day is set") {
		t.Error("an emptier place shows what is another's, or no empty state:", a.status)
	}
	if a := w.do(w.member, get(w.p("/roles"))); strings.Contains(a.body, "/hand-over") {
		t.Error("a member is led to the list")
	}
}

// Who steps down says for each task and role who goes on: what nobody answers for is
// refused by its field and changes nothing; what is handed on stands in the log.
func TestAKeeperHandsOver(t *testing.T) {
	w := newWorld(t)
	ctx, v := t.Context(), w.keeper.Viewer
	put := func(title, other string) string {
		must(t, w.advances.PutTask(ctx, v, w.bringing, advance.Task{Title: title, Before: 2, Keepers: [2]string{w.keeper.Person, other}}))
		list, err := w.advances.HeldTasks(ctx, v, w.here.Stream)
		must(t, err)
		for _, x := range list {
			if x.Title == title {
				return x.ID
			}
		}
		t.Fatal("no task")
		return ""
	}
	alone, shared := put("Alone", ""), put("Shared", w.second.Person)
	w.name(w.keeper, w.text.Blueprint)
	mandates, err := w.places.Mandates(ctx, v, w.here.Stream)
	must(t, err)
	role := mandates[0].ID
	if a := w.do(w.keeper, post(w.p("/leave"))); a.status != http.StatusSeeOther || !strings.Contains(a.header.Get("Location"), "/hand-over") {
		t.Error("a keeper who looks after something leaves without being asked:", a.status, a.header.Get("Location"))
	}
	if a := w.do(w.keeper, api("POST", w.s("/leave"), nil)); a.status != http.StatusConflict {
		t.Error("the same by the API:", a.status)
	}
	for name, pairs := range map[string][]string{
		"nothing answered":    {"then", "leave"},
		"no end chosen":       {"task-" + alone, w.member.Person, "mandate-" + role, place.Nobody},
		"the role left out":   {"then", "leave", "task-" + alone, w.member.Person},
		"who leaves goes on":  {"then", "leave", "task-" + alone, place.GoOn, "mandate-" + role, place.GoOn},
		"to a stranger":       {"then", "leave", "task-" + alone, w.outsider.Person, "mandate-" + role, w.outsider.Person},
		"to oneself":          {"then", "leave", "task-" + alone, w.keeper.Person, "mandate-" + role, w.keeper.Person},
		"the role to nothing": {"then", "leave", "task-" + alone, w.member.Person, "mandate-" + role, ""},
	} {
		w.writesNothing(name, func() {
			if a := w.do(w.keeper, post(w.p("/hand-over"), pairs...)); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "aria-invalid") && !strings.Contains(a.body, `class="fault"`) {
				t.Errorf("%s: answered %d", name, a.status)
			}
		})
	}
	if a := w.do(w.keeper, post(w.p("/hand-over"), "then", "leave", "task-"+alone, w.member.Person, "mandate-"+role, w.target.Person)); a.status != http.StatusSeeOther {
		t.Fatal("handing over:", a.status, a.body)
	}
	list, err := w.advances.HeldTasks(ctx, w.second.Viewer, w.here.Stream)
	must(t, err)
	for _, x := range list {
		if x.ID == alone && x.Other("") != w.member.Person || x.ID == shared && x.Other("") != w.second.Person || x.Other(w.member.Person) == w.keeper.Person {
			t.Errorf("%s is looked after by %v", x.Title, x.Keepers)
		}
	}
	mandates, err = w.places.Mandates(ctx, w.second.Viewer, w.here.Stream)
	must(t, err)
	if len(mandates) != 1 || mandates[0].Person != w.target.Person || mandates[0].Role != place.Steward || mandates[0].Text != w.text.Blueprint {
		t.Errorf("the role went to %+v", mandates)
	}
	if a := w.do(w.keeper, get(w.p("/members"))); a.status != http.StatusForbidden {
		t.Error("who left still reads:", a.status)
	}
	log := w.do(w.member, get(w.p("/keepers-log")))
	if !strings.Contains(log.body, "Keeper handed a task to Member:") || !strings.Contains(log.body, "Keeper made Target steward") {
		t.Error("the log does not say what was handed over")
	}
}

// Stepping down one can go on with what one has as a member; the last keeper stays,
// and is told so, and nothing was handed over.
func TestTheLastKeeperHandsNothingOver(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	must(t, w.advances.PutTask(ctx, w.keeper.Viewer, w.bringing, advance.Task{Title: "Alone", Before: 2, Keepers: [2]string{w.second.Person, ""}}))
	list, err := w.advances.HeldTasks(ctx, w.keeper.Viewer, w.here.Stream)
	must(t, err)
	body := map[string]any{"tasks": map[string]string{list[0].ID: place.GoOn}}
	if a := w.do(w.second, api("POST", w.s("/hand-over"), body)); a.status >= 400 {
		t.Fatal("stepping down:", a.status, a.body)
	}
	if list, err = w.advances.HeldTasks(ctx, w.keeper.Viewer, w.here.Stream); err != nil || list[0].Other("") != w.second.Person {
		t.Error("who goes on as a member lost the task:", list, err)
	}
	must(t, w.places.GiveMandate(ctx, w.keeper.Viewer, w.here.Stream, place.NewMandate{Person: w.keeper.Person, Aim: "Notes", Day: time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}))
	mandates, err := w.places.Mandates(ctx, w.keeper.Viewer, w.here.Stream)
	must(t, err)
	w.writesNothing("the last keeper stepping down", func() {
		if a := w.do(w.keeper, post(w.p("/hand-over"), "then", "member", "mandate-"+mandates[0].ID, w.member.Person)); a.status != http.StatusConflict {
			t.Error("answered", a.status)
		}
	})
}
