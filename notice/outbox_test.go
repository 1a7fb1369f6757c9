package notice

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Without a server, what would have been sent waits for a keeper, who sees whom
// to tell and what, and never an address or anything that opens something.
func TestOutboxWithoutServer(t *testing.T) {
	g := newGroup(t, false)
	ctx := t.Context()
	must(t, g.Set(ctx, g.cedar, Settings{Address: "cedar@post.example", Pace: Daily}))
	must(t, g.Set(ctx, g.birch, Settings{Pace: Never, ByHand: true}))
	secret := g.confirmToken(g.cedar)
	ask, err := g.askAbout(g.putTask("Print it"))
	must(t, err)
	g.remind = []Reminder{g.task("2026-03-05", g.alder.Person, g.birch.Person, g.cedar.Person)}
	g.sweep()
	list, err := g.Outbox(ctx, g.alder, g.place.Stream)
	must(t, err)
	why := map[string]string{}
	for _, x := range list {
		why[x.Name] = x.Why
	}
	if len(list) != 2 || why["Cedar"] != "no_server" || why["Birch"] != "by_hand" {
		t.Fatalf("%+v", list) // Alder did not ask to be told
	}
	b, err := json.Marshal(list)
	must(t, err)
	for _, never := range []string{"@", secret, ask, "confirm-address", "/answer/", "unsubscribe", "come-in", "recover", "sign-in", "setup"} {
		if strings.Contains(string(b), never) {
			t.Errorf("the outbox holds %q: %s", never, b)
		}
	}
	must(t, g.PassedOn(ctx, g.alder, g.place.Stream, list[0].ID))
	must(t, g.PassedOn(ctx, g.alder, g.place.Stream, list[0].ID))
	if list, _ := g.Outbox(ctx, g.alder, g.place.Stream); len(list) != 1 {
		t.Errorf("%d left", len(list))
	}
	if err := g.PassedOn(ctx, g.alder, g.place.Stream, act.NewToken()); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	for _, v := range []place.Viewer{g.cedar, {}} {
		if _, err := g.Outbox(ctx, v, g.place.Stream); err == nil {
			t.Error("the outbox is read by who keeps nothing")
		}
	}
}

func (g *group) confirmToken(v place.Viewer) string {
	g.t.Helper()
	row, err := addressOf.One(g.t.Context(), g.db, v.Person)
	must(g.t, err)
	return g.sign(forConfirming, row.ID)
}

var (
	putTaskRow = db.Exec(`insert into task (id, bringing, stream, title, before, keeper1, keeper2, done, created) values ($1, 'b', $2, $3, 1, '', '', 0, 1)`)
	doTask     = db.Exec(`update task set done = 1 where id = $1`)
	putRound   = db.Exec(`insert into proposal (id, stream, title, why, version_url, version_stream, version_act, rule, quorum, review, state, made_by, created, outcome)
		values ($1, $2, 'Bring it', '', '', '', '', 'consent', 1, '2027-01-01', 'consent', '', 1, '')`)
	closeRound = db.Exec(`update proposal set state = 'decided' where id = $1`)
)

func (g *group) put(s db.Statement, args ...any) {
	g.t.Helper()
	must(g.t, g.db.Write(g.t.Context(), func(tx *db.Tx) error {
		_, err := s.Run(g.t.Context(), tx, args...)
		return err
	}))
}

func (g *group) putTask(title string) string {
	g.t.Helper()
	id := act.NewToken()
	g.put(putTaskRow, id, g.place.Stream, title)
	return id
}

func (g *group) askAbout(task string) (string, error) {
	return g.AskOf(g.t.Context(), g.alder, g.place.Stream, AskTask, task, "the baker")
}

// A question is answered once, by who holds its link, within two weeks, while it
// is open and not taken back; keepers see the answer as what it is.
func TestLightAnswer(t *testing.T) {
	g := newGroup(t, true)
	ctx := t.Context()
	task := g.putTask("Print it")
	token, err := g.askAbout(task)
	must(t, err)
	for range 3 { // a program that checks mails looks
		q, err := g.Question(ctx, token)
		if err != nil || q.Title != "Print it" || q.Place != "Rio Claro" || q.Kind != AskTask {
			t.Fatal(q, err)
		}
	}
	id, mac, _ := strings.Cut(token, ".")
	for _, forged := range []string{"", id, id + "." + strings.Repeat("A", len(mac)), g.sign(forConfirming, id), g.sign(forUnsubscribing, id), act.NewToken() + "." + mac, token + "x"} {
		if err := g.Answer(ctx, forged, Yes, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", forged, err)
		}
		if err := g.Confirm(ctx, token); !fault.Is(err, fault.NotFound) {
			t.Error("a link for an answer confirmed an address:", err)
		}
	}
	if err := g.Answer(ctx, token, "maybe", "a\u202eb"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	must(t, g.Answer(ctx, token, Yes, "From six on"))
	if err := g.Answer(ctx, token, No, ""); !fault.Is(err, fault.NotFound) {
		t.Error("answered twice:", err)
	}
	list, err := g.Asks(ctx, g.birch, g.place.Stream)
	if err != nil || len(list) != 1 || list[0].Answer != Yes || list[0].Note != "From six on" || list[0].Label != "the baker" || list[0].Open(g.clock) {
		t.Errorf("%+v, %v", list, err)
	}
	must(t, g.Remind(ctx))
	if mine, _ := g.Mine(ctx, g.birch); len(mine) != 1 || mine[0].Kind != "answer" {
		t.Errorf("keepers are not told: %+v", mine)
	}
	if mine, _ := g.Mine(ctx, g.cedar); len(mine) != 0 {
		t.Errorf("a member is told: %+v", mine)
	}
}

func TestQuestionsEnd(t *testing.T) {
	g := newGroup(t, true)
	ctx := t.Context()
	task := g.putTask("Print it")
	gone := func(what, token string) {
		t.Helper()
		if q, err := g.Question(ctx, token); !fault.Is(err, fault.NotFound) || q.Title != "" {
			t.Errorf("%s: %+v, %v", what, q, err)
		}
		if err := g.Answer(ctx, token, Yes, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s takes an answer: %v", what, err)
		}
	}
	token, err := g.askAbout(task)
	must(t, err)
	list, err := g.Asks(ctx, g.alder, g.place.Stream)
	must(t, err)
	must(t, g.EndAsk(ctx, g.birch, g.place.Stream, list[0].ID))
	gone("taken back", token)

	token, err = g.askAbout(task)
	must(t, err)
	g.clock = g.clock.Add(askLasts + time.Second)
	gone("expired", token)
	g.clock = g.clock.Add(-askLasts - time.Second)
	g.put(doTask, task)
	gone("done", token)
	if _, err := g.askAbout(task); !fault.Is(err, fault.Invalid) {
		t.Error("a question about what is done:", err)
	}

	round := act.NewToken()
	g.put(putRound, round, g.place.Stream)
	token, err = g.AskOf(ctx, g.alder, g.place.Stream, AskConcern, round, "")
	must(t, err)
	if q, err := g.Question(ctx, token); err != nil || q.Title != "Bring it" {
		t.Error(q, err)
	}
	g.put(closeRound, round)
	gone("closed", token)
	list, err = g.Asks(ctx, g.alder, g.place.Stream)
	must(t, err)
	for _, a := range list {
		if a.Title != "" {
			t.Errorf("the title of what is closed: %+v", a)
		}
	}
	// A task or proposal of another place can't be asked about.
	if _, err := g.AskOf(ctx, g.alder, act.Fingerprint(strings.Repeat("ab", 32)), AskTask, task, ""); err == nil {
		t.Error("asked in a place of others")
	}
	if _, err := g.AskOf(ctx, g.cedar, g.place.Stream, AskTask, g.putTask("More"), ""); !fault.Is(err, fault.Forbidden) {
		t.Error("a member asks:", err)
	}
}

// An account that ends leaves nothing here.
func TestForget(t *testing.T) {
	g := newGroup(t, true)
	g.subscribe(g.cedar, "cedar@post.example", Once)
	g.remind = []Reminder{g.task("2026-03-05", g.cedar.Person)}
	must(t, g.Remind(t.Context()))
	must(t, g.Gather(t.Context()))
	must(t, g.places.SetRole(t.Context(), g.alder, g.place.Stream, g.cedar.Person, place.Keeper))
	_, err := g.AskOf(t.Context(), g.cedar, g.place.Stream, AskTask, g.putTask("More"), "")
	must(t, err)
	must(t, g.db.Write(t.Context(), func(tx *db.Tx) error { return g.Forget(t.Context(), tx, g.cedar.Person, true) }))
	must(t, g.Send(t.Context()))
	if n := len(g.office.Got()); n != 0 {
		t.Errorf("%d mails", n)
	}
	for _, table := range []string{"notice", "mail", "light_ask", "mail_address"} {
		rows, err := g.db.Dump(t.Context(), table, map[string][]string{"mail_address": {"person"}}[table])
		if table != "mail_address" {
			rows, err = g.db.Dump(t.Context(), table, []string{"id"})
		}
		must(t, err)
		for k, row := range rows {
			if strings.Contains(row, g.cedar.Person) || strings.Contains(row, "cedar@") {
				t.Errorf("%s %s: %s", table, k, row)
			}
		}
	}
}
