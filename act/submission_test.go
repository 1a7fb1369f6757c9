package act

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"translocal/db"
	"translocal/fault"
)

// The tests' capability of offers: offer something, answer it.
type offer struct {
	About string `json:"about"`
}

type offers struct {
	offered, answered, withdrawn, remarked []*Submission

	fail error
}

func (o *offers) vocabulary() Vocabulary {
	check := func(s *Submission, f *offer) error {
		if f.About == "" {
			return fault.At("object.about", "fault.required")
		}
		return nil
	}
	keep := func(list *[]*Submission) func(context.Context, *db.Tx, *Submission, *offer) error {
		return func(_ context.Context, _ *db.Tx, s *Submission, f *offer) error {
			if o.fail != nil {
				return o.fail
			}
			*list = append(*list, s)
			return nil
		}
	}
	return Vocabulary{Submissions: []SubmissionType{
		DefineSubmission("test.Offer.v1", check, keep(&o.offered)).
			OnWithdrawn(func(_ context.Context, _ *db.Tx, s *Submission) error {
				o.withdrawn = append(o.withdrawn, s)
				return nil
			}),
		DefineSubmission("test.Answer.v1", check, keep(&o.answered)),
		DefineSubmission("test.Remark.v1", check, keep(&o.remarked)).AsRemark(),
	}}
}

// party is a log with one place and a clock of its own.
type party struct {
	*Log
	offers
	Ref
	at time.Time
}

func newParty(t testing.TB, base string) *party {
	p := &party{at: time.Now()}
	p.Log = openTest(t, noteVocabulary, p.vocabulary())
	p.now = func() time.Time { return p.at }
	_, err := p.Found(t.Context(), Founding{Base: base, Kind: "place"}, func(_ context.Context, _ *db.Tx, a string, s Fingerprint) ([]Draft, error) {
		p.Ref = Ref{URL: a, Stream: s}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *party) offer(t testing.TB, to *party, public bool) (s *Submission) {
	t.Helper()
	err := p.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		s, err = p.Submit(t.Context(), tx, p.Stream, SubmissionDraft{To: to.Ref, Type: "test.Offer.v1", Object: offer{"clause 3"}, Public: public,
			Texts: []Inline{{"reason", "text/plain", "Clearer <b>&</b> \"shorter\" \u2028 élan"}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *party) answer(t testing.TB, id string) (s *Submission) {
	t.Helper()
	err := p.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		s, err = p.AnswerSubmission(t.Context(), tx, id, SubmissionDraft{Type: "test.Answer.v1", Object: offer{"yes"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// to is a Send that hands deliveries straight to another log.
func (p *party) to(other *party) Send {
	return func(ctx context.Context, host string, body []byte) ([]byte, error) {
		if host != Host(other.URL) {
			return nil, errors.New("sent to " + host)
		}
		return other.ReceiveSubmission(ctx, body, Host(p.URL))
	}
}

func (p *party) deliver(t testing.TB, other *party, want int) {
	t.Helper()
	n, err := p.Deliver(t.Context(), Host(other.URL), p.to(other))
	if err != nil || n != want {
		t.Fatalf("%d delivered, want %d: %v", n, want, err)
	}
}

func (p *party) stateOut(t testing.TB, id string) string {
	t.Helper()
	out, err := SubmissionOut(t.Context(), p.db, id)
	if err != nil {
		t.Fatal(err)
	}
	return out.State
}

func (p *party) stateIn(t testing.TB, id string) string {
	t.Helper()
	in, err := SubmissionIn(t.Context(), p.db, id)
	if err != nil {
		t.Fatal(err)
	}
	return in.State
}

func (p *party) newKey(t testing.TB) {
	t.Helper()
	if _, err := p.Rotate(t.Context(), p.Stream, func(context.Context, *db.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestASubmissionIsTakenOnceAndAnswered(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	s := a.offer(t, b, true)
	if hosts, err := a.DueHosts(t.Context()); err != nil || len(hosts) != 1 || hosts[0] != "http://b.test" {
		t.Fatal(hosts, err)
	}
	a.deliver(t, b, 1)
	if a.stateOut(t, s.ID) != Delivered || b.stateIn(t, s.ID) != InOpen {
		t.Fatal(a.stateOut(t, s.ID), b.stateIn(t, s.ID))
	}
	a.deliver(t, b, 0) // nothing is due
	a.at = a.at.Add(25 * time.Hour)
	a.deliver(t, b, 1) // a day later it asks again, in case that the other lost it
	if len(b.offered) != 1 || b.offered[0].Text("reason") != "Clearer <b>&</b> \"shorter\" \u2028 élan" {
		t.Fatalf("received %d times: %+v", len(b.offered), b.offered)
	}
	answer := b.answer(t, s.ID)
	b.deliver(t, a, 1)
	if a.stateOut(t, s.ID) != Answered || b.stateIn(t, s.ID) != InAnswered || b.stateOut(t, answer.ID) != Answered {
		t.Fatal(a.stateOut(t, s.ID), b.stateIn(t, s.ID), b.stateOut(t, answer.ID))
	}
	if len(a.answered) != 1 || a.answered[0].Answers != s.ID {
		t.Fatal(a.answered)
	}
	a.at = a.at.Add(48 * time.Hour)
	a.deliver(t, b, 0) // an answered one is not asked about any more
}

func TestAnAnswerThatGotLostIsSentAgain(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	s := a.offer(t, b, false)
	a.deliver(t, b, 1)
	answer := b.answer(t, s.ID)
	// b believes that the answer was delivered, but a was restored from a backup.
	if err := b.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := settled.Run(t.Context(), tx, answer.ID, Delivered, []byte{}, Micros(b.at.Add(time.Hour)))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	a.at = a.at.Add(25 * time.Hour)
	a.deliver(t, b, 1)
	b.deliver(t, a, 1)
	if a.stateOut(t, s.ID) != Answered {
		t.Fatal(a.stateOut(t, s.ID))
	}
}

func TestWithdrawing(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	withdraw := func(id string) error {
		return a.db.Write(t.Context(), func(tx *db.Tx) error { return a.WithdrawSubmission(t.Context(), tx, id) })
	}
	untried := a.offer(t, b, false)
	if err := withdraw(untried.ID); err != nil {
		t.Fatal(err)
	}
	a.deliver(t, b, 0) // the other never hears of it
	s := a.offer(t, b, false)
	a.deliver(t, b, 1)
	if err := withdraw(s.ID); err != nil {
		t.Fatal(err)
	}
	a.deliver(t, b, 1)
	if b.stateIn(t, s.ID) != InWithdrawn || len(b.withdrawn) != 1 {
		t.Fatal(b.stateIn(t, s.ID), len(b.withdrawn))
	}
	// One whose withdrawal overtakes it stays closed.
	late := a.offer(t, b, false)
	var held []byte
	_, err := a.Deliver(t.Context(), "http://b.test", func(_ context.Context, _ string, body []byte) ([]byte, error) {
		held = body
		return nil, errors.New("the line went dead")
	})
	if err == nil || a.stateOut(t, late.ID) != Queued {
		t.Fatal(err, a.stateOut(t, late.ID))
	}
	if err := withdraw(late.ID); err != nil {
		t.Fatal(err)
	}
	a.deliver(t, b, 1)
	if _, err := b.ReceiveSubmission(t.Context(), held, "http://a.test"); err != nil {
		t.Fatal(err)
	}
	if len(b.offered) != 1 || b.stateIn(t, late.ID) != InWithdrawn {
		t.Fatal(len(b.offered), b.stateIn(t, late.ID))
	}
	if err := withdraw(late.ID); !fault.Is(err, fault.Conflict) {
		t.Error("withdrawn twice:", err)
	}
	// An answer to what was withdrawn is refused, not taken.
	if err := b.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := b.AnswerSubmission(t.Context(), tx, late.ID, SubmissionDraft{Type: "test.Answer.v1", Object: offer{"yes"}})
		return err
	}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

func TestARefusalIsFinalAndSigned(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	b.fail = fault.New(fault.NotFound, "fault.not_found")
	s := a.offer(t, b, false)
	a.deliver(t, b, 1)
	out, err := SubmissionOut(t.Context(), a.db, s.ID)
	if err != nil || out.State != Refused || !strings.Contains(string(out.Receipt), `"refused":"fault.not_found"`) {
		t.Fatal(out.State, string(out.Receipt), err)
	}
	b.fail = fault.New(fault.Unavailable, "fault.disk")
	s = a.offer(t, b, false)
	if _, err := a.Deliver(t.Context(), "http://b.test", a.to(b)); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	if a.stateOut(t, s.ID) != Queued {
		t.Fatal("a passing trouble closed it")
	}
	if _, err := SubmissionIn(t.Context(), b.db, s.ID); !fault.Is(err, fault.NotFound) {
		t.Fatal("something was half-written:", err)
	}
	b.fail = nil
	a.at = a.at.Add(time.Minute)
	a.deliver(t, b, 1)
	// A receipt by another place, or for another document, settles nothing.
	c := newParty(t, "http://b.test")
	s = a.offer(t, b, false)
	_, err = a.Deliver(t.Context(), "http://b.test", func(ctx context.Context, _ string, body []byte) ([]byte, error) {
		forged := strings.ReplaceAll(string(body), string(b.Stream), string(c.Stream))
		if reply, err := c.ReceiveSubmission(ctx, []byte(forged), "http://a.test"); err == nil {
			return reply, nil
		}
		return []byte(`{"chain":[],"receipt":{}}`), nil
	})
	if err != nil || a.stateOut(t, s.ID) != Queued {
		t.Fatal(err, a.stateOut(t, s.ID))
	}
}

func TestOneNodeTalksToItself(t *testing.T) {
	a := newParty(t, "http://a.test")
	first := a.Ref
	if _, err := a.Found(t.Context(), Founding{Base: "http://a.test", Kind: "place"}, func(_ context.Context, _ *db.Tx, actor string, s Fingerprint) ([]Draft, error) {
		a.Ref = Ref{URL: actor, Stream: s}
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	s := a.offer(t, &party{Ref: first}, true)
	n, err := a.Deliver(t.Context(), "http://a.test", func(context.Context, string, []byte) ([]byte, error) {
		t.Error("went over the network")
		return nil, errors.New("no")
	})
	if err != nil || n != 1 || len(a.offered) != 1 || a.offered[0].ID != s.ID {
		t.Fatal(n, err, a.offered)
	}
}

func TestKeysOfSubmissions(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	a.deliver(t, b, 0)
	s := a.offer(t, b, true)
	var before []byte
	a.Deliver(t.Context(), "http://b.test", func(_ context.Context, _ string, body []byte) ([]byte, error) {
		before = body
		return nil, errors.New("down")
	})
	a.newKey(t)
	a.at = a.at.Add(time.Hour)
	a.deliver(t, b, 1) // signed anew by the new key, same submission
	if in, _ := SubmissionIn(t.Context(), b.db, s.ID); in.State != InOpen {
		t.Fatal(in.State)
	}
	// With the key given up nobody speaks for a any more.
	other := a.offer(t, b, true)
	forged := strings.Replace(string(before), s.ID, other.ID, 1)
	if _, err := b.ReceiveSubmission(t.Context(), []byte(forged), "http://a.test"); err == nil {
		t.Error("a changed document was taken")
	}
	stolen, chain := resignedByOldKey(t, a, other)
	body, _ := verbatim(delivery{Chain: chain[:1], Submission: stolen})
	if _, err := b.ReceiveSubmission(t.Context(), body, "http://a.test"); !fault.Is(err, fault.Forbidden) {
		t.Error("the old key still speaks:", err)
	}
	a.deliver(t, b, 1)
	// What came can be published, and verified by anybody, after another change too.
	part, err := SubmissionPart(t.Context(), b.db, "offer", other.ID)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := OpenDelivery(part.Body); err != nil || back.ID != other.ID || back.Hash != other.Hash {
		t.Fatal(err)
	}
	private := a.offer(t, b, false)
	a.deliver(t, b, 1)
	if _, err := SubmissionPart(t.Context(), b.db, "offer", private.ID); !fault.Is(err, fault.Forbidden) {
		t.Error("a private one was to be published:", err)
	}
	b.newKey(t) // and the receiver's change of key hurts no receipt
	a.at = a.at.Add(25 * time.Hour)
	a.deliver(t, b, 3)
}

func resignedByOldKey(t *testing.T, a *party, s *Submission) (document []byte, chain []json.RawMessage) {
	t.Helper()
	publics, err := db.Rows[string](`select public from stream_key where stream = $1 order by idx`).All(t.Context(), a.db, a.Stream)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := db.Rows[[]byte](`select wrapped from actor_key where public = $1`).One(t.Context(), a.db, publics[0])
	if err != nil {
		t.Fatal(err)
	}
	key, err := a.keys.unwrap(wrapped, a.Stream)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := members(s.Document)
	delete(m, "proof")
	document, err = Sign(join(m), key, a.URL+"#"+publics[0], a.at)
	if err != nil {
		t.Fatal(err)
	}
	chain, err = chainFor(t.Context(), a.db, a.Stream)
	if err != nil {
		t.Fatal(err)
	}
	return document, chain
}

func TestAnImpostorsSubmissionIsRefused(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	a.offer(t, b, false)
	var body string
	a.Deliver(t.Context(), "http://b.test", func(_ context.Context, _ string, raw []byte) ([]byte, error) {
		body = string(raw)
		return nil, errors.New("down")
	})
	try := func(what, body, host string) {
		t.Helper()
		if _, err := b.ReceiveSubmission(t.Context(), []byte(body), host); err == nil {
			t.Error("taken:", what)
		}
		if len(b.offered) > 0 {
			t.Fatal("received:", what)
		}
	}
	try("from another host", body, "http://evil.test")
	try("changed text", strings.Replace(body, "Clearer", "Worse", 1), "http://a.test")
	try("made public", strings.Replace(body, `"public":false`, `"public":true`, 1), "http://a.test")
	try("spaces", strings.Replace(body, `"public":false`, `"public": false`, 1), "http://a.test")
	try("another member", strings.Replace(body, `"public":false`, `"public":false,"publik":true`, 1), "http://a.test")
	try("no chain", `{"chain":[],`+body[strings.Index(body, `"submission"`):], "http://a.test")
	try("another's chain", strings.Replace(body, a.URL, strings.Replace(a.URL, "a.test", "c.test", 1), 1), "http://a.test")
	try("deep", `{"chain":`+strings.Repeat("[", 5000), "http://a.test")
	try("nothing", "", "http://a.test")
	try("null", "null", "http://a.test")
	try("too large", body+strings.Repeat(" ", maxDelivery), "http://a.test")
}

func TestTooManySubmissionsWait(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	for range MaxUnanswered {
		a.offer(t, b, false)
	}
	a.deliver(t, b, MaxUnanswered)
	last := a.offer(t, b, false)
	a.deliver(t, b, 0)
	out, err := SubmissionOut(t.Context(), a.db, last.ID)
	if err != nil || out.State != Queued || out.Trouble != "fault.too_many_submissions" {
		t.Fatal(out, err)
	}
	b.answer(t, b.offered[0].ID)
	a.at = a.at.Add(time.Minute)
	a.deliver(t, b, 1)
	if a.stateOut(t, last.ID) != Delivered {
		t.Fatal(a.stateOut(t, last.ID))
	}
}

func (p *party) remark(t testing.TB, to *party) (s *Submission) {
	t.Helper()
	err := p.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		s, err = p.Submit(t.Context(), tx, p.Stream, SubmissionDraft{To: to.Ref, Type: "test.Remark.v1", Object: offer{"clause 3"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A remark to which nobody replies is not sent for ever, while an offer is.
func TestARemarkRests(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	r, o := a.remark(t, b), a.offer(t, b, false)
	a.deliver(t, b, 2)
	if a.stateOut(t, r.ID) != Delivered {
		t.Fatal(a.stateOut(t, r.ID))
	}
	for range 6 { // for some days it is said again, like all else
		a.at = a.at.Add(25 * time.Hour)
		a.deliver(t, b, 2)
	}
	for range 30 {
		a.at = a.at.Add(25 * time.Hour)
		a.deliver(t, b, 1)
	}
	if a.stateOut(t, r.ID) != Rested || a.stateOut(t, o.ID) != Delivered || len(b.remarked) != 1 {
		t.Fatal(a.stateOut(t, r.ID), a.stateOut(t, o.ID), len(b.remarked))
	}
	late := b.answer(t, r.ID) // a reply comes when it comes
	b.deliver(t, a, 1)
	if a.stateOut(t, r.ID) != Answered || a.answered[0].ID != late.ID {
		t.Fatal(a.stateOut(t, r.ID))
	}
}

// One that never arrives ends by its age, also while its host is so far gone that
// another one is tried, or by how often it was tried.
func TestARemarkIsGivenUp(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	down := func(context.Context, string, []byte) ([]byte, error) { return nil, errors.New("nobody is there") }
	o, first, second := a.offer(t, b, false), a.remark(t, b), a.remark(t, b)
	for range 29 {
		a.at = a.at.Add(24 * time.Hour)
		if _, err := a.Deliver(t.Context(), "http://b.test", down); err == nil {
			t.Fatal("it was delivered")
		}
	}
	if a.stateOut(t, first.ID) != Queued || a.stateOut(t, second.ID) != Queued {
		t.Fatal("given up too soon")
	}
	a.at = a.at.Add(25 * time.Hour)
	a.Deliver(t.Context(), "http://b.test", down)
	if a.stateOut(t, first.ID) != GivenUp || a.stateOut(t, second.ID) != GivenUp || a.stateOut(t, o.ID) != Queued {
		t.Fatal(a.stateOut(t, first.ID), a.stateOut(t, second.ID), a.stateOut(t, o.ID))
	}
	a.at = a.at.Add(time.Hour)
	a.deliver(t, b, 1) // the offer alone
	often := a.remark(t, b)
	for range remarkTries + 1 {
		a.at = a.at.Add(2 * time.Second)
		a.Deliver(t.Context(), "http://b.test", down)
	}
	if out, err := SubmissionOut(t.Context(), a.db, often.ID); err != nil || out.State != GivenUp || out.Tries != remarkTries {
		t.Fatal(out.State, out.Tries, err)
	}
}

// What was heard takes no room from its sender.
func TestWhatWasHeardWaitsForNothing(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	r := a.remark(t, b)
	a.deliver(t, b, 1)
	if err := b.db.Write(t.Context(), func(tx *db.Tx) error { return SubmissionHeard(t.Context(), tx, r.ID) }); err != nil {
		t.Fatal(err)
	}
	if n, err := unanswered.One(t.Context(), b.db, b.Stream, a.Stream); err != nil || n != 0 || b.stateIn(t, r.ID) != InAnswered {
		t.Fatal(n, err)
	}
	b.answer(t, r.ID)
	b.deliver(t, a, 1)
	if a.stateOut(t, r.ID) != Answered {
		t.Fatal(a.stateOut(t, r.ID))
	}
}

func TestSubmitRefusesWhatBreaksItsType(t *testing.T) {
	a, b := newParty(t, "http://a.test"), newParty(t, "http://b.test")
	for _, d := range []SubmissionDraft{
		{To: b.Ref, Type: "test.Offer.v1", Object: offer{}},
		{To: Ref{URL: "http://b.test/elsewhere", Stream: b.Stream}, Type: "test.Offer.v1", Object: offer{"x"}},
		{To: Ref{URL: b.URL, Stream: "short"}, Type: "test.Offer.v1", Object: offer{"x"}},
		{To: b.Ref, Type: "test.Offer.v1", Object: offer{"x"}, Texts: []Inline{{"big", "text/plain", strings.Repeat("x", MaxSubmissionTexts+1)}}},
		{To: b.Ref, Type: "test.Offer.v1", Object: offer{"x"}, Texts: []Inline{{"a", "text/plain", ""}, {"a", "text/plain", ""}}},
	} {
		err := a.db.Write(t.Context(), func(tx *db.Tx) error { _, err := a.Submit(t.Context(), tx, a.Stream, d); return err })
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", d.Object, err)
		}
	}
	if hosts, _ := a.DueHosts(t.Context()); len(hosts) > 0 {
		t.Error(hosts)
	}
}

func FuzzOpenDelivery(f *testing.F) {
	a, b := newParty(f, "http://a.test"), newParty(f, "http://b.test")
	s := a.offer(f, b, true)
	a.Deliver(f.Context(), "http://b.test", func(_ context.Context, _ string, body []byte) ([]byte, error) {
		f.Add(body)
		reply, err := b.ReceiveSubmission(f.Context(), body, "http://a.test")
		f.Add(reply)
		return reply, err
	})
	f.Add([]byte(`{"chain":[{}],"submission":{}}`))
	out, err := SubmissionOut(f.Context(), a.db, s.ID)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if got, chain, _, err := openDelivery(body); err == nil {
			if canonical(got.Document) != nil || Fingerprint(MarshalHash(HashOf(chain[0]))) != got.Stream || !isSubmissionID(got.ID, got.Actor) {
				t.Fatalf("taken: %s", body)
			}
		}
		if r, _, err := openReceipt(body, out); err == nil && r.Refused != "" {
			t.Fatalf("forged receipt: %s", body)
		}
	})
}
