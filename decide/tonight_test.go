package decide

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/fault"
	"translocal/place"
)

func (g *group) inConsent(t testing.TB) *Proposal {
	t.Helper()
	p := g.propose(t, RuleConsent, 1)
	must(t, g.NextRound(t.Context(), g.members[0], p.ID))
	must(t, g.NextRound(t.Context(), g.members[0], p.ID))
	return p
}

// What comes by the code is a draft: the count stays as it was until a scribe
// writes the round down.
func TestLightAnswersCountForNothing(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	p := g.inConsent(t)
	code, err := g.OpenRoom(ctx, g.keeper, p.ID)
	must(t, err)
	phones := []string{act.NewToken(), act.NewToken(), act.NewToken()}
	must(t, g.AnswerInRoom(ctx, code.Secret, phones[0], Agree, "not needed"))
	must(t, g.AnswerInRoom(ctx, code.Secret, phones[1], Concern, "Who\npays?"))
	must(t, g.AnswerInRoom(ctx, code.Secret, phones[2], Concern, "Too soon"))
	must(t, g.AnswerInRoom(ctx, code.Secret, phones[2], Objection, "Far too soon")) // changed
	x, err := g.Read(ctx, g.members[1], p.ID)
	must(t, err)
	if x.Count.Part() != 0 || len(x.Voices) != 0 || x.Room != nil {
		t.Fatalf("answers count before anybody wrote them down: %+v", x)
	}
	r := Drafted(x.Answers)
	if r.Present != 3 || r.Agree != 2 || fmt.Sprint(r.Concerns, r.Objections) != "[Who pays?] [Far too soon]" {
		t.Fatalf("drafted %+v", r)
	}
	must(t, g.EnterRoom(ctx, g.keeper, p.ID, r))
	if x, err = g.Read(ctx, g.members[1], p.ID); err != nil || x.Count.Part() != 3 || x.Count.Objections != 1 {
		t.Fatalf("written down, it counts %+v: %v", x.Count, err)
	}
	mine, err := g.ReadInRoom(ctx, code.Secret, phones[2])
	must(t, err)
	if other, err := g.ReadInRoom(ctx, code.Secret, act.NewToken()); err != nil || mine.Mine == nil || mine.Mine.Kind != Objection || other.Mine != nil {
		t.Error("an answer is shown to another browser, or not to its own", err)
	}
	_, err = g.Close(ctx, g.keeper, p.ID, Release{})
	must(t, err)
	if _, err := g.ReadInRoom(ctx, code.Secret, ""); !fault.Is(err, fault.NotFound) {
		t.Error("a decided proposal stays open to the room:", err)
	}
	if n, err := answersOf.All(ctx, g.db, p.ID); err != nil || len(n) != 0 {
		t.Error("answers are kept after the decision:", n, err)
	}
}

func TestCodeForTonightEnds(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	p := g.inConsent(t)
	first, err := g.OpenRoom(ctx, g.keeper, p.ID)
	must(t, err)
	second, err := g.OpenRoom(ctx, g.keeper, p.ID)
	must(t, err)
	over := func(what, secret string) {
		t.Helper()
		_, read := g.ReadInRoom(ctx, secret, "")
		said := g.AnswerInRoom(ctx, secret, act.NewToken(), Agree, "")
		if !fault.Is(read, fault.NotFound) || !fault.Is(said, fault.NotFound) {
			t.Errorf("%s: %v, %v", what, read, said)
		}
	}
	over("replaced", first.Secret)
	over("never made", act.NewToken())
	over("empty", "")
	over("a pattern", "%")
	must(t, g.AnswerInRoom(ctx, second.Secret, act.NewToken(), Agree, ""))
	g.now = func() time.Time { return time.Now().Add(TonightLasts) }
	over("six hours old", second.Secret)
	g.now = time.Now
	must(t, g.CloseRoom(ctx, g.keeper, p.ID))
	over("ended", second.Secret)
	if x, err := g.Read(ctx, g.keeper, p.ID); err != nil || len(x.Answers) != 1 || x.Tonight != nil {
		t.Errorf("after the end: %+v, %v", x, err)
	}
	if _, err := g.OpenRoom(ctx, place.Viewer{}, p.ID); !fault.Is(err, fault.SignIn) {
		t.Error("a stranger opens a room:", err)
	}
}

func TestBadLightAnswers(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	p := g.propose(t, RuleConsent, 1)
	code, err := g.OpenRoom(ctx, g.keeper, p.ID)
	must(t, err)
	phone := act.NewToken()
	if err := g.AnswerInRoom(ctx, code.Secret, phone, Agree, ""); !fault.Is(err, fault.Conflict) {
		t.Error("an answer before the round of answers:", err)
	}
	must(t, g.NextRound(ctx, g.members[0], p.ID))
	must(t, g.NextRound(ctx, g.members[0], p.ID))
	for what, try := range map[string]struct {
		browser string
		kind    Kind
		body    string
	}{
		"no browser":            {"", Agree, ""},
		"a browser of its own":  {"<script>", Agree, ""},
		"another kind":          {phone, Abstain, ""},
		"no kind":               {phone, "", ""},
		"no reason":             {phone, Concern, " \n"},
		"too long":              {phone, Objection, strings.Repeat("x", MaxLight+1)},
		"a hidden character":    {phone, Objection, "a\u202eb"},
		"broken UTF-8":          {phone, Concern, "a\xff"},
		"hidden in what's said": {phone, Agree, "a\u202eb"},
	} {
		if err := g.AnswerInRoom(ctx, code.Secret, try.browser, try.kind, try.body); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if x, err := g.Read(ctx, g.keeper, p.ID); err != nil || len(x.Answers) != 0 {
		t.Error("a refused answer is kept:", x.Answers, err)
	}
}

// A flood by one code stays within what a room can have, also at once.
func TestRoomIsBounded(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	p := g.inConsent(t)
	code, err := g.OpenRoom(ctx, g.keeper, p.ID)
	must(t, err)
	phone := act.NewToken()
	must(t, g.AnswerInRoom(ctx, code.Secret, phone, Concern, "first"))
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for range MaxNotes {
				if err := g.AnswerInRoom(ctx, code.Secret, act.NewToken(), Concern, "flood"); err != nil && !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	x, err := g.Read(ctx, g.keeper, p.ID)
	must(t, err)
	if len(x.Answers) != MaxNotes {
		t.Errorf("%d concerns", len(x.Answers))
	}
	must(t, g.AnswerInRoom(ctx, code.Secret, phone, Concern, "changed")) // one's own can still be changed
	r := Drafted(x.Answers)
	must(t, g.EnterRoom(ctx, g.keeper, p.ID, r))
}

func TestChanges(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	count := func(p *Proposal) string {
		t.Helper()
		one, err := g.Change(ctx, p.ID)
		must(t, err)
		all, err := g.Changes(ctx)
		must(t, err)
		if one == "" || all[p.ID] != one {
			t.Errorf("%q alone and %q among all", one, all[p.ID])
		}
		return one
	}
	p, other := g.propose(t, RuleConsent, 1), g.propose(t, RuleConsent, 1)
	before, still := count(p), count(other)
	must(t, g.Say(ctx, g.members[0], p.ID, Question, "Who pays?", false))
	said := count(p)
	if said == before || g.Say(ctx, g.members[0], p.ID, Agree, "", false) == nil || count(p) != said {
		t.Error("what was said changed nothing, or what was refused did:", before, said, count(p))
	}
	if count(other) != still {
		t.Error("another proposal of the place changed with it")
	}
	if none, err := g.Change(ctx, "nothing"); err != nil || none != "" {
		t.Error(none, err)
	}
}
