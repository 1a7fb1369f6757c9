package fed

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
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
	// What went two ways is not taken up by a node that holds one of them.
	if _, err := reader.ReadyToTakeUp(t.Context(), siteKeeper, f); err != nil {
		t.Error(err)
	}
	if err := reader.stop(t.Context(), reader.state(t, a), "fed.notice.fork"); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.ReadyToTakeUp(t.Context(), siteKeeper, f); !fault.Is(err, fault.Conflict) {
		t.Error("it readies what it stopped:", err)
	}
	if _, err := reader.ReadyToTakeUp(t.Context(), keeper, f); !fault.Is(err, fault.Forbidden) {
		t.Error("anybody readies it:", err)
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

// stolen lets a peer do what a thief of its signing key could: it names root keys
// of the thief's, and by them says that the place moved to host. It returns the
// index of the act that says so.
func (p *peer) stolen(t testing.TB, host string) int64 {
	t.Helper()
	f, keys := p.stream.Fingerprint, rooted(t, p)
	s := act.Statement{Type: act.RecoverType, Stream: f, Place: p.stream.Actor, Address: host}
	err := p.db.Write(t.Context(), func(tx *db.Tx) error {
		at, err := act.StreamIn(t.Context(), tx, f)
		if err != nil {
			return err
		}
		if s.After, err = act.HeadOf(t.Context(), tx, at); err != nil {
			return err
		}
		s.Key, err = p.log.PrepareKey(t.Context(), tx, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var proofs []act.RootProof
	for _, k := range keys[:2] {
		proof, err := s.Sign(k)
		if err != nil {
			t.Fatal(err)
		}
		proofs = append(proofs, proof)
	}
	if err := p.log.Recover(t.Context(), s, proofs, func(context.Context, *db.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return s.After.Index + 1
}

// A thief has the signing key of a place and a host of their own. There they serve
// acts that the key signs: other root keys, and by them a move to that host. Who
// follows the place takes nothing of it, with root keys of the place or without.
func TestAThiefOfTheKeyMovesNothing(t *testing.T) {
	for _, own := range []bool{false, true} {
		c := &clock{at: time.Now()}
		a, bad, reader := newPeer(t, c), newPeer(t, c), newPeer(t, c)
		f := a.stream.Fingerprint
		if own {
			rooted(t, a)
		}
		reader.follow(t, a)
		work(t, a, reader)
		before := reader.size(t, f)
		if own { // the thief can't name others, so only writes on
			a.say(t, 3)
		}
		moved := before.Size + 1
		if !own {
			moved = a.stolen(t, bad.base)
		}
		var served atomic.Int64
		bad.behave(func(mine http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.URL.Path, path(a.stream.Actor)) {
					mine.ServeHTTP(w, r)
					return
				}
				copied, err := http.Get(a.base + r.URL.String())
				if err != nil {
					t.Error(err)
					return
				}
				defer copied.Body.Close()
				if copied.StatusCode != http.StatusOK {
					t.Error("the thief has nothing to serve:", copied.Status)
				}
				served.Add(1)
				if _, err := io.Copy(w, copied.Body); err != nil {
					t.Error(err)
				}
			})
		})
		body, err := json.Marshal(hintDocument{Stream: f, Size: 9, Moved: moved})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bad.call(t.Context(), http.MethodPost, reader.base+"/fed/hint", body); err == nil {
			t.Error("it was taken")
		}
		if served.Load() == 0 {
			t.Error("the thief was not asked for anything")
		}
		if s := reader.size(t, f); s.Size != before.Size {
			t.Errorf("with root keys %v: %d acts of the thief's came in", own, s.Size-before.Size)
		}
		if r := reader.state(t, a); r.Host != a.base || r.State != remoteFollowed {
			t.Errorf("with root keys %v: %+v", own, r)
		}
	}
}

// A place moves on, and on again. A node in between says once more that it moved
// there: that is history, and whoever keeps it now goes on. Those who followed it
// in between find it through that node.
func TestAPlaceMovesTwice(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b, d, reader := newPeer(t, c), newPeer(t, c), newPeer(t, c), newPeer(t, c)
	f, keys := a.stream.Fingerprint, rooted(t, a)
	b.followsAsSite(t, a.stream.Actor)
	b.takeUp(t, f, keys, nothing)
	work(t, b, a)
	moved := b.size(t, f).Size - 1
	if _, err := reader.Follow(t.Context(), keeper, reader.stream.Fingerprint, b.base+path(a.stream.Actor)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Follow(t.Context(), siteKeeper, "", b.base+path(a.stream.Actor)); err != nil {
		t.Fatal(err)
	}
	work(t, reader, d)
	reader.behave(away) // it hears no hint
	d.takeUp(t, f, keys, nothing)
	work(t, d, b, a)
	if s := b.size(t, f); s.Own {
		t.Error("the node in between keeps it still")
	}
	for range 2 {
		if err := d.heardOfMove(t.Context(), b.base, hintDocument{Stream: f, Size: moved + 1, Moved: moved}); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if s := d.size(t, f); !s.Own {
			t.Fatal("an old move took it away from the node that keeps it")
		}
	}
	if err := d.says(t, a.stream); err != nil {
		t.Fatal(err)
	}
	reader.behave(nil)
	a.behave(away)
	c.forward(25 * time.Hour)
	work(t, reader, d)
	if r := reader.state(t, a); r.Host != d.base {
		t.Errorf("who followed it in between looks at %s", r.Host)
	}
	if got, want := reader.size(t, f).Size, d.size(t, f).Size; got != want {
		t.Errorf("who followed it in between has %d of %d", got, want)
	}
}
