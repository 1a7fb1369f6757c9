package decide

import (
	"context"
	"sync"
	"testing"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/moderate"
	"translocal/place"
)

// atOnce lets all begin together and gives their faults in order. What of this
// can go wrong goes wrong on PostgreSQL: SQLite has one writer.
func atOnce(calls ...func() error) []error {
	out := make([]error, len(calls))
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i, call := range calls {
		wait.Go(func() {
			<-start
			out[i] = call()
		})
	}
	close(start)
	wait.Wait()
	return out
}

// What is said while a proposal is closed was counted, or is refused.
func TestNothingLandsInAProposalThatIsClosedMeanwhile(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	for range 12 {
		p := g.inConsent(t)
		code, err := g.OpenRoom(ctx, g.keeper, p.ID)
		must(t, err)
		must(t, g.Say(ctx, g.members[0], p.ID, Agree, "", false))
		var out *Outcome
		errs := atOnce(
			func() (err error) { out, err = g.Close(ctx, g.keeper, p.ID, Release{}); return err },
			func() error { return g.Say(ctx, g.members[1], p.ID, Objection, "Not so", false) },
			func() error { return g.AnswerInRoom(ctx, code.Secret, act.NewToken(), Objection, "Not so") })
		must(t, errs[0])
		for _, err := range errs[1:] {
			if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
		}
		x, err := g.Read(ctx, g.keeper, p.ID)
		must(t, err)
		if len(x.Answers) > 0 {
			t.Fatal("an answer came into a room that was closed")
		}
		if objected := x.Count.Objections > 0; objected == (out.Result == Bring) {
			t.Fatalf("decided is %q, and %d object", out.Result, x.Count.Objections)
		}
	}
}

func TestWhatNewcomersSayIsCountedAlsoAtOnce(t *testing.T) {
	g, m := moderated(t)
	ctx, v := t.Context(), g.members[0]
	must(t, m.SetLimits(ctx, g.keeper, g.place.Stream, moderate.Limits{Hours: 24, Most: 1}))
	var calls []func() error
	for range 6 {
		p := g.propose(t, RuleConsent, 1)
		calls = append(calls, func() error { return g.Say(ctx, v, p.ID, Question, "Why?", false) })
	}
	taken := 0
	for _, err := range atOnce(calls...) {
		if err == nil {
			taken++
		} else if !fault.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("%d were taken of one that a newcomer may say", taken)
	}
}

// Who is blocked is waited for in no round.
func TestNobodyWaitsForABlockedMember(t *testing.T) {
	g, ctx := newGroup(t), t.Context()
	g.propose(t, RuleConsent, 1)
	waits := func() (n int) {
		list, err := g.Waits(ctx)
		must(t, err)
		for _, x := range list {
			if x.Person == g.members[0].Person {
				n++
			}
		}
		return n
	}
	if waits() != 1 {
		t.Fatal("a member is not waited for")
	}
	must(t, g.places.BlockPerson(ctx, g.keeper, g.place.Stream, g.members[0].Person, "Threats"))
	if waits() != 0 {
		t.Error("a blocked member is waited for")
	}
}

// Strangers at once report a thing no more often than one after another.
func TestReportsAreCountedAlsoAtOnce(t *testing.T) {
	g, m := moderated(t)
	ctx, stream := t.Context(), g.place.Stream
	m.Finders[moderate.Text] = func(_ context.Context, _ db.Queryer, _ place.Viewer, _ act.Fingerprint, id string) (moderate.Thing, error) {
		return moderate.Thing{Kind: moderate.Text, ID: id, Stream: stream, Said: "A text", At: "version"}, nil
	}
	reports := func() error {
		return m.Report(ctx, place.Viewer{}, moderate.Report{Kind: moderate.Text, Stream: stream, Thing: "text", Category: "spam"})
	}
	for range 8 {
		for range 4 {
			must(t, reports())
		}
		atOnce(reports, reports, reports)
		q, err := m.Queue(ctx, g.keeper, stream)
		must(t, err)
		if n := len(q.Open[0].Claims); n != 5 {
			t.Fatalf("%d reports of one thing by strangers were taken, not 5", n)
		}
		must(t, m.Leave(ctx, g.keeper, stream, moderate.Text, "text", ""))
	}
}
