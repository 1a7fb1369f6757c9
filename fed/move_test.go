package fed

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// rooted gives the place of a peer root keys, two of three.
func rooted(t testing.TB, p *peer) (keys []ed25519.PrivateKey) {
	t.Helper()
	roots := place.RootKeys{Threshold: 2}
	for range 3 {
		public, k, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
		roots.Keys = append(roots.Keys, place.RootKey{Public: act.EncodeKey(public)})
	}
	if _, err := place.New(p.log, p.base).SetRootKeys(t.Context(), keeper, p.stream.Fingerprint, roots); err != nil {
		t.Fatal(err)
	}
	p.refresh(t, p.stream.Fingerprint)
	return keys
}

func signedAll(t testing.TB, statement string, keys []ed25519.PrivateKey) string {
	t.Helper()
	s, err := act.ParseStatement([]byte(statement))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, k := range keys {
		p, err := s.Sign(k)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p.String())
	}
	return strings.Join(list, "\n")
}

// takeUp moves a place, held at p, to p; between runs while the papers travel.
func (p *peer) takeUp(t testing.TB, f act.Fingerprint, keys []ed25519.PrivateKey, between func()) {
	t.Helper()
	places := place.New(p.log, p.base)
	statement, err := places.PrepareTakeUp(t.Context(), siteKeeper, f)
	if err != nil {
		t.Fatal(err)
	}
	between()
	if _, err := p.TakeUp(t.Context(), places, siteKeeper, f, statement, signedAll(t, statement, keys[:1])); !fault.Is(err, fault.Invalid) {
		t.Error("taken up by one of two:", err)
	}
	secret, err := p.TakeUp(t.Context(), places, siteKeeper, f, statement, signedAll(t, statement, keys[:2]))
	if err != nil || secret == "" {
		t.Fatal(err)
	}
}

func nothing() {}

// says publishes in a stream that a peer keeps, whoever founded it.
func (p *peer) says(t testing.TB, s act.Stream) error {
	t.Helper()
	_, err := p.log.Commit(t.Context(), s.Fingerprint, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: "test.Say.v1", Object: say{act.NewID(s.Actor, "note")}}}, nil
	})
	return err
}

func (p *peer) size(t testing.TB, f act.Fingerprint) act.Stream {
	t.Helper()
	s, err := p.log.StreamOf(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *peer) followsAsSite(t testing.TB, address string) {
	t.Helper()
	if _, err := p.Follow(t.Context(), siteKeeper, "", address); err != nil {
		t.Fatal(err)
	}
}

func (p *peer) offers(t testing.TB, to act.Stream) string {
	t.Helper()
	var s *act.Submission
	err := p.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		s, err = p.log.Submit(t.Context(), tx, p.stream.Fingerprint, act.SubmissionDraft{To: act.Ref{URL: to.Actor, Stream: to.Fingerprint}, Type: "test.Offer.v1", Object: offer{"it"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

// A place moves from a to d while c follows it: c reads on at d, what c suggests
// reaches d, a writes nothing more, reads on too, and says where it is.
func TestAPlaceMovesToAnotherNode(t *testing.T) {
	c := &clock{at: time.Now()}
	a, d, reader := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	f := a.stream.Fingerprint
	keys := rooted(t, a)
	a.say(t, 2)
	reader.follow(t, a)
	d.followsAsSite(t, a.stream.Actor)
	early := reader.offers(t, a.stream)
	work(t, a, d, reader)
	reader.holds(t, a)
	d.takeUp(t, f, keys, nothing)
	if err := d.says(t, a.stream); err != nil {
		t.Fatal("the place can't publish where it is now:", err)
	}
	work(t, d, a, reader)
	for name, p := range map[string]*peer{"its node": d, "the old one": a, "who follows": reader} {
		if s := p.size(t, f); s.Size != 6 || s.Own != (p == d) || s.Actor != a.stream.Actor {
			t.Errorf("%s has %+v", name, s)
		}
	}
	if err := a.says(t, a.stream); !fault.Is(err, fault.Forbidden) {
		t.Error("the old node writes on:", err)
	}
	if r := reader.state(t, a); r.Host != d.base || r.State != remoteFollowed {
		t.Errorf("%+v", r)
	}
	if list, err := a.Moved(t.Context()); err != nil || len(list) != 1 || list[0].Own || list[0].Address != d.base {
		t.Error(list, err)
	}
	if list, err := d.Moved(t.Context()); err != nil || len(list) != 1 || !list[0].Own {
		t.Error(list, err)
	}
	kinds := noticeKinds(t, a, f)
	if !strings.Contains(kinds, "fed.notice.moved ") {
		t.Error("its keepers there were told", kinds)
	}

	// The old node away, all goes on between the two.
	a.behave(away)
	if err := d.says(t, a.stream); err != nil {
		t.Fatal(err)
	}
	late := reader.offers(t, a.stream)
	work(t, d, reader)
	if s := reader.size(t, f); s.Size != 7 {
		t.Error("who follows has", s.Size)
	}
	c.forward(25 * time.Hour)
	work(t, d, reader)
	got := ""
	for _, s := range d.offered {
		got += s.ID + " "
	}
	if !strings.Contains(got, late) || !strings.Contains(got, early) { // the early one was not answered where it was
		t.Error("offered:", got)
	}
	if out, err := act.SubmissionOut(t.Context(), reader.db, late); err != nil || out.State != act.Delivered {
		t.Error(out.State, err)
	}
}

func noticeKinds(t testing.TB, p *peer, f act.Fingerprint) (kinds string) {
	t.Helper()
	list, err := p.Notices(t.Context(), keeper, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		kinds += n.Kind + " "
	}
	return kinds
}

// What a place that moved sends is taken by who knows it, and by nobody else under
// another host's name.
func TestAPlaceThatMovedSpeaksFromItsNewNode(t *testing.T) {
	c := &clock{at: time.Now()}
	a, d, knows, stranger := newPeer(t, c), newPeer(t, c), newPeer(t, c), newPeer(t, c)
	f, keys := a.stream.Fingerprint, rooted(t, a)
	knows.follow(t, a)
	d.followsAsSite(t, a.stream.Actor)
	d.takeUp(t, f, keys, nothing)
	work(t, d, a, knows)
	for _, to := range []*peer{knows, stranger} {
		err := d.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := d.log.Submit(t.Context(), tx, f, act.SubmissionDraft{To: act.Ref{URL: to.stream.Actor, Stream: to.stream.Fingerprint}, Type: "test.Offer.v1", Object: offer{"it"}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	work(t, d, knows, stranger)
	if len(knows.offered) != 1 || len(stranger.offered) != 0 {
		t.Error(len(knows.offered), len(stranger.offered))
	}
}

// The old node is gone for ever: who followed the place there finds it by its new
// address, and who never heard of it is not to take anybody's word for it.
func TestTheOldNodeIsGone(t *testing.T) {
	c := &clock{at: time.Now()}
	a, d, reader, late := newPeer(t, c), newPeer(t, c), newPeer(t, c), newPeer(t, c)
	f, keys := a.stream.Fingerprint, rooted(t, a)
	reader.follow(t, a)
	d.followsAsSite(t, a.stream.Actor)
	a.behave(away)
	d.takeUp(t, f, keys, nothing)
	at := d.base + path(a.stream.Actor)
	if _, err := late.Follow(t.Context(), siteKeeper, "", at); !fault.Is(err, fault.Invalid) {
		t.Error("nobody vouches for it, and it is followed:", err)
	}
	if _, err := late.log.StreamOf(t.Context(), f); !fault.Is(err, fault.NotFound) {
		t.Error("something of it was taken:", err)
	}
	if _, err := reader.Follow(t.Context(), keeper, reader.stream.Fingerprint, at); err != nil {
		t.Fatal(err)
	}
	if err := d.says(t, a.stream); err != nil {
		t.Fatal(err)
	}
	work(t, d, reader)
	if s := reader.size(t, f); s.Size != 4 {
		t.Error("who followed has", s.Size)
	}
	// Back again, it hears of it, and vouches.
	a.behave(nil)
	c.forward(25 * time.Hour)
	work(t, d, a)
	if s := a.size(t, f); s.Own || s.Size != 4 {
		t.Errorf("%+v", s)
	}
	if _, err := late.Follow(t.Context(), siteKeeper, "", at); err != nil {
		t.Error(err)
	}
	work(t, late)
	if r := late.state(t, a); r.Host != d.base {
		t.Errorf("%+v", r)
	}
	if _, err := d.Follow(t.Context(), siteKeeper, "", a.stream.Actor); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
		t.Error("it follows itself:", err)
	}
}

// The old node wrote on after the statement was made: that is a fork. Who took
// what it wrote stops and is told; so is the old node, which writes nothing more.
func TestTheOldNodeWroteOn(t *testing.T) {
	c := &clock{at: time.Now()}
	a, d, reader := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	f, keys := a.stream.Fingerprint, rooted(t, a)
	d.followsAsSite(t, a.stream.Actor)
	reader.follow(t, a)
	work(t, a, d, reader)
	d.behave(away)
	d.takeUp(t, f, keys, func() {
		a.say(t, 1)
		work(t, a, reader)
	})
	if s := reader.size(t, f); s.Size != 3 {
		t.Fatal(s.Size)
	}
	d.behave(nil)
	c.forward(25 * time.Hour)
	work(t, d, a)
	if s := a.size(t, f); s.Own || s.Size != 3 {
		t.Errorf("the old node: %+v", s)
	}
	if kinds := noticeKinds(t, a, f); !strings.Contains(kinds, "fed.notice.moved_fork") {
		t.Error("it was told", kinds)
	}
	if list, err := a.Moved(t.Context()); err != nil || len(list) != 1 || list[0].Address != d.base {
		t.Error("it says nothing of the new address", list, err)
	}
	if _, err := reader.Follow(t.Context(), keeper, reader.stream.Fingerprint, d.base+path(a.stream.Actor)); !fault.Is(err, fault.Conflict) {
		t.Error("it takes both:", err)
	}
	if s := reader.size(t, f); s.Size != 3 {
		t.Error(s.Size)
	}
}

// Somebody makes up a stream under a good host's name that moved to them.
func TestAMadeUpMoveIsBelievedByNobody(t *testing.T) {
	c := &clock{at: time.Now()}
	good, bad, reader := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	good.say(t, 1)
	// A hint that the stream moved changes nothing, at its own node or elsewhere.
	reader.follow(t, good)
	for _, to := range []*peer{good, reader} {
		body, err := json.Marshal(hintDocument{Stream: good.stream.Fingerprint, Size: 9, Moved: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bad.call(t.Context(), "POST", to.base+"/fed/hint", body); err == nil {
			t.Error("a move that was none was taken")
		}
	}
	if s := good.size(t, good.stream.Fingerprint); !s.Own || s.Held {
		t.Errorf("%+v", s)
	}
	if r := reader.state(t, good); r.Host != good.base || r.State != remoteFollowed {
		t.Errorf("%+v", r)
	}
}

// A backup of the old node from before the move must not begin a second history.
func TestARestoredNodeLearnsThatItsPlaceMoved(t *testing.T) {
	c := &clock{at: time.Now()}
	a, d, reader := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	f, keys := a.stream.Fingerprint, rooted(t, a)
	reader.follow(t, a)
	d.followsAsSite(t, a.stream.Actor)
	work(t, a, d, reader)
	d.takeUp(t, f, keys, nothing)
	a.behave(away) // it never hears of it
	work(t, d, reader)
	if _, err := reader.Follow(t.Context(), keeper, reader.stream.Fingerprint, d.base+path(a.stream.Actor)); err != nil {
		t.Fatal(err)
	}
	if err := a.log.Hold(t.Context(), f, true); err != nil { // as restoring does
		t.Fatal(err)
	}
	a.behave(nil)
	c.forward(2 * time.Minute)
	if err := a.restoreHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := a.size(t, f); s.Own || s.Held || s.Size != 3 {
		t.Errorf("%+v", s)
	}
}
