package fed

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
	"translocal/record"
)

// The tests' capability: notes are said, and offered to other places.
type say struct {
	ID string `json:"id"`
}

type offer struct {
	About string `json:"about"`
}

var (
	createNote = db.Exec(`create table if not exists note (stream text not null, id text not null, idx bigint not null, primary key (stream, id))`)
	insertNote = db.Exec(`insert into note (stream, id, idx) values ($1, $2, $3)`)
	noteIndex  = db.Rows[int64](`select idx from note where stream = $1 order by idx`)
)

// clock is a time that all nodes of a test share and that the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) forward(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// peer is a node under test with one place.
type peer struct {
	*Node
	dir    string
	stream act.Stream
	server *httptest.Server
	close  func()

	mu       sync.Mutex
	offered  []*act.Submission
	answered []*act.Submission
	instead  func(http.Handler) http.Handler // stands before the node's handlers
}

var siteKeeper = place.Viewer{Person: "site", Site: true}
var keeper = place.Viewer{Person: "keeper"}

func (p *peer) vocabulary() act.Vocabulary {
	ok := func(*act.Submission, *offer) error { return nil }
	keep := func(list *[]*act.Submission) func(context.Context, *db.Tx, *act.Submission, *offer) error {
		return func(_ context.Context, _ *db.Tx, s *act.Submission, _ *offer) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			*list = append(*list, s)
			return nil
		}
	}
	return act.Vocabulary{
		Types: []act.Type{act.Define("test.Say.v1", func(a *act.Act, s *say) error {
			if !a.Owns(s.ID, "note") {
				return fault.At("object.id", "fault.id")
			}
			return nil
		}, func(ctx context.Context, tx *db.Tx, a *act.Act, s *say) error {
			_, err := insertNote.Run(ctx, tx, a.Stream, s.ID, a.Index)
			return err
		})},
		Tables:      []act.Table{{Name: "note", Key: []string{"stream", "id"}}},
		Submissions: []act.SubmissionType{act.DefineSubmission("test.Offer.v1", ok, keep(&p.offered)), act.DefineSubmission("test.Answer.v1", ok, keep(&p.answered))},
	}
}

// newPeer starts a node with a place on loopback.
func newPeer(t testing.TB, c *clock) *peer {
	t.Helper()
	p := openPeer(t, c, t.TempDir(), "127.0.0.1:0")
	acts, err := p.log.Found(t.Context(), act.Founding{Base: p.base, Kind: "place"}, func(context.Context, *db.Tx, string, act.Fingerprint) ([]act.Draft, error) {
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	member := db.Exec(`insert into membership (stream, person, role, since) values ($1, 'keeper', 'keeper', 0)`)
	if err := p.db.Write(t.Context(), func(tx *db.Tx) error { _, err := member.Run(t.Context(), tx, acts[0].Stream); return err }); err != nil {
		t.Fatal(err)
	}
	p.refresh(t, acts[0].Stream)
	return p
}

func (p *peer) refresh(t testing.TB, f act.Fingerprint) {
	t.Helper()
	var err error
	if p.stream, err = p.log.StreamOf(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// openPeer opens a node's folder and serves it at an address.
func openPeer(t testing.TB, c *clock, dir, addr string) *peer {
	t.Helper()
	d, err := db.Open(t.Context(), target(t, dir), db.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := createNote.Run(t.Context(), tx); return err }); err != nil {
		t.Fatal(err)
	}
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{dir: dir}
	log := act.NewLog(d, keys, p.vocabulary())
	log.Clock(c.now)
	r, err := record.New(log, filepath.Join(dir, "heads"))
	if err != nil {
		t.Fatal(err)
	}
	r.Pause = 0
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	p.Node, err = newNode(t.Context(), Config{Base: "http://" + l.Addr().String(), Log: log, Record: r, Allow: []string{"127.0.0.0/8"}}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, h := range p.Routes() {
		mux.Handle(pattern, h)
	}
	p.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		instead := p.instead
		p.mu.Unlock()
		if instead != nil {
			instead(mux).ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})}}
	p.server.Start()
	p.close = sync.OnceFunc(func() {
		p.server.CloseClientConnections()
		p.server.Close()
		p.client.http.CloseIdleConnections()
		log.Close()
		d.Close()
	})
	t.Cleanup(p.close)
	return p
}

// target is where the database of a folder is: a file in it, or, when a server is
// named in the environment, a schema of its own there.
func target(t testing.TB, dir string) string {
	t.Helper()
	server := os.Getenv("TRANSLOCAL_TEST_POSTGRES")
	if server == "" {
		return filepath.Join(dir, "t.db")
	}
	note := filepath.Join(dir, "schema")
	name, err := os.ReadFile(note)
	if err == nil {
		return server + "&search_path=" + string(name)
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name = []byte("fed_" + act.NewToken())
	if _, err := admin.Exec("create schema " + string(name)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(note, name, 0o600); err != nil {
		t.Fatal(err)
	}
	return server + "&search_path=" + string(name)
}

func (p *peer) addr() string { return strings.TrimPrefix(p.base, "http://") }

// behave puts a handler before the node's, nil takes it away.
func (p *peer) behave(f func(http.Handler) http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead = f
}

// away lets a node answer nothing at all.
func away(http.Handler) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

func (p *peer) say(t testing.TB, count int) {
	t.Helper()
	for count > 0 {
		some := min(count, 100)
		_, err := p.log.Commit(t.Context(), p.stream.Fingerprint, func(context.Context, *db.Tx) (drafts []act.Draft, err error) {
			for range some {
				drafts = append(drafts, act.Draft{Type: "test.Say.v1", Object: say{act.NewID(p.stream.Actor, "note")}, Parts: []act.Part{act.Text("text", "una <i>nota</i> & more")}})
			}
			return drafts, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		count -= some
	}
	p.refresh(t, p.stream.Fingerprint)
}

func (p *peer) follow(t testing.TB, other *peer) {
	t.Helper()
	if _, err := p.Follow(t.Context(), keeper, p.stream.Fingerprint, other.stream.Actor); err != nil {
		t.Fatal(err)
	}
}

// work lets nodes do all that is due, until nothing is left that may be done now.
func work(t testing.TB, peers ...*peer) {
	t.Helper()
	for range 6 {
		for _, p := range peers {
			for again := true; again; {
				if err := p.round(t.Context()); err != nil {
					t.Fatal(err)
				}
				p.busy.Wait()
				select {
				case <-p.wake:
				default:
					again = false
				}
			}
		}
	}
}

// holds compares what a node has of another's stream with the original.
func (p *peer) holds(t testing.TB, other *peer) {
	t.Helper()
	other.refresh(t, other.stream.Fingerprint)
	ours, err := p.log.StreamOf(t.Context(), other.stream.Fingerprint)
	if err != nil || ours.Size != other.stream.Size {
		t.Fatalf("holds %d of %d acts: %v", ours.Size, other.stream.Size, err)
	}
	for from := int64(0); from < ours.Size; from += 500 {
		a, err := p.log.Entries(t.Context(), other.stream.Fingerprint, from, 500)
		if err != nil {
			t.Fatal(err)
		}
		b, err := other.log.Entries(t.Context(), other.stream.Fingerprint, from, 500)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if !bytes.Equal(a[i].Act.Envelope, b[i].Act.Envelope) || !slices.EqualFunc(a[i].Parts, b[i].Parts, func(x, y act.Part) bool {
				return x.Name == y.Name && bytes.Equal(x.Body, y.Body) && bytes.Equal(x.Salt, y.Salt)
			}) {
				t.Fatalf("act %d differs", from+int64(i))
			}
		}
	}
	notes, err := noteIndex.All(t.Context(), p.db, other.stream.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	original, err := noteIndex.All(t.Context(), other.db, other.stream.Fingerprint)
	if err != nil || fmt.Sprint(notes) != fmt.Sprint(original) {
		t.Fatalf("applied %v, want %v", notes, original)
	}
}

func (p *peer) state(t testing.TB, other *peer) remote {
	t.Helper()
	r, err := hintedRemote.One(t.Context(), p.db, other.stream.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (p *peer) noticed(t testing.TB, stream act.Fingerprint, kind string) bool {
	t.Helper()
	v := keeper
	if stream == "" {
		v = siteKeeper
	}
	list, err := p.Notices(t.Context(), v, stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		if n.Kind == kind {
			return true
		}
	}
	return false
}

func TestTwoNodesFollowOneAnother(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	a.say(t, 250)
	b.say(t, 3)
	b.follow(t, a)
	a.follow(t, b)
	work(t, a, b)
	b.holds(t, a)
	a.holds(t, b)
	// From here on hints bring what is new, in the same hour.
	a.say(t, 2)
	work(t, a, b)
	b.holds(t, a)
	if _, err := a.log.Rotate(t.Context(), a.stream.Fingerprint, func(context.Context, *db.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	a.say(t, 2)
	work(t, a, b)
	b.holds(t, a)
	list, err := b.Following(t.Context(), keeper, b.stream.Fingerprint)
	if err != nil || len(list) != 1 || list[0].Actor != a.stream.Actor || list[0].State != remoteFollowed || list[0].LastHeard != act.Micros(c.now()) {
		t.Fatal(list, err)
	}
	if _, err := b.Following(t.Context(), place.Viewer{}, b.stream.Fingerprint); err == nil {
		t.Error("a stranger sees what a place follows")
	}
}

func TestAKeyChangedManyPagesAhead(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	for range 3 {
		a.say(t, 150)
		if _, err := a.log.Rotate(t.Context(), a.stream.Fingerprint, func(context.Context, *db.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	a.say(t, 10)
	b.follow(t, a)
	work(t, a, b)
	b.holds(t, a)
}

func TestLargePartsTravelInSmallPages(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	for range 6 {
		_, err := a.log.Commit(t.Context(), a.stream.Fingerprint, func(context.Context, *db.Tx) ([]act.Draft, error) {
			d := act.Draft{Type: "test.Say.v1", Object: say{act.NewID(a.stream.Actor, "note")}}
			for _, name := range []string{"a", "b", "c"} {
				d.Parts = append(d.Parts, act.Part{Name: name, Media: "application/octet-stream", Body: bytes.Repeat([]byte{0xff, 0}, act.MaxPart/2)})
			}
			return []act.Draft{d}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	b.follow(t, a)
	work(t, a, b)
	b.holds(t, a)
}

func TestAWeekAway(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	work(t, a, b)
	b.behave(away)
	var ids []string
	for range 7 {
		a.say(t, 3)
		ids = append(ids, a.offer(t, b).ID)
		work(t, a)
		c.forward(24 * time.Hour)
	}
	b.behave(nil)
	c.forward(24 * time.Hour)
	work(t, a, b)
	b.holds(t, a)
	if len(b.offered) != len(ids) {
		t.Fatalf("%d of %d submissions came", len(b.offered), len(ids))
	}
	// b answers while a is away; a was restarted meanwhile.
	a.close()
	for _, id := range ids {
		b.answer(t, id)
	}
	work(t, b)
	c.forward(7 * 24 * time.Hour)
	again := openPeer(t, c, a.dir, a.addr())
	work(t, again, b)
	for _, id := range ids {
		out, err := act.SubmissionOut(t.Context(), again.db, id)
		if err != nil || out.State != act.Answered {
			t.Fatal(out.State, err)
		}
	}
	if len(again.answered) != len(ids) {
		t.Fatalf("%d answers came", len(again.answered))
	}
}

func (p *peer) offer(t testing.TB, to *peer) (s *act.Submission) {
	t.Helper()
	err := p.db.Write(t.Context(), func(tx *db.Tx) (err error) {
		s, err = p.log.Submit(t.Context(), tx, p.stream.Fingerprint, act.SubmissionDraft{
			To: act.Ref{URL: to.stream.Actor, Stream: to.stream.Fingerprint}, Type: "test.Offer.v1", Object: offer{"clause 3"}, Public: true,
			Texts: []act.Inline{{Name: "why", Media: "text/plain", Text: "it <b>works</b>"}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (p *peer) answer(t testing.TB, id string) {
	t.Helper()
	err := p.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := p.log.AnswerSubmission(t.Context(), tx, id, act.SubmissionDraft{Type: "test.Answer.v1", Object: offer{"used"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestThreeNodesOffersAnswersBetweenStrangers(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b, d := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	fromA, fromD := a.offer(t, b), d.offer(t, b) // b follows neither
	work(t, a, b, d)
	if len(b.offered) != 2 {
		t.Fatal(b.offered)
	}
	b.answer(t, fromA.ID)
	b.answer(t, fromD.ID)
	work(t, a, b, d)
	if len(a.answered) != 1 || len(d.answered) != 1 || a.answered[0].Answers != fromA.ID || d.answered[0].Answers != fromD.ID {
		t.Fatal(a.answered, d.answered)
	}
}

func TestFollowingByAddress(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	path := strings.TrimPrefix(a.stream.Actor, "http://")
	for _, address := range []string{a.stream.Actor, " " + path + " ", path + "/blueprint/abcdefghijklmnop?x=1#y", a.stream.Actor + "/", b.base + "/at/" + path, strings.ToUpper(path[:strings.Index(path, "/")]) + path[strings.Index(path, "/"):]} {
		if s, err := b.Follow(t.Context(), keeper, b.stream.Fingerprint, address); err != nil || s.Fingerprint != a.stream.Fingerprint {
			t.Errorf("%q: %v", address, err)
		}
	}
	for address, kind := range map[string]fault.Kind{
		"":                                       fault.Invalid,
		a.base:                                   fault.Invalid,
		a.base + "/p/short":                      fault.Invalid,
		a.base + "/p/" + act.NewToken():          fault.Invalid,
		"ftp" + a.stream.Actor[4:]:               fault.Invalid,
		"http://example.org/p/" + act.NewToken(): fault.Invalid, // not https
		"javascript:alert(1)":                    fault.Invalid,
		"http://u:p@" + path:                     fault.Invalid,
		strings.Repeat("x", 5000):                fault.Invalid,
		b.stream.Actor:                           fault.Conflict,
		"http://127.0.0.1:1/p/" + act.NewToken(): fault.Unavailable,
	} {
		if _, err := b.Follow(t.Context(), keeper, b.stream.Fingerprint, address); !fault.Is(err, kind) {
			t.Errorf("%q: %v, want %s", address, err, kind)
		}
	}
	if _, err := b.Follow(t.Context(), place.Viewer{Person: "somebody"}, b.stream.Fingerprint, a.stream.Actor); !fault.Is(err, fault.Forbidden) {
		t.Error("anybody can follow for a place:", err)
	}
	if _, err := b.Follow(t.Context(), siteKeeper, "", a.stream.Actor); err != nil {
		t.Error("for the site:", err)
	}
}

// TestNobodySpeaksForAnotherHost has a liar serve the stream of a as its own.
func TestNobodySpeaksForAnotherHost(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b, liar := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	a.say(t, 3)
	liar.behave(func(own http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/p/") {
				own.ServeHTTP(w, r)
				return
			}
			path := strings.Replace(r.URL.RequestURI(), liar.stream.Actor[len(liar.base):], a.stream.Actor[len(a.base):], 1)
			res, err := http.Get(a.base + path)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			if strings.HasSuffix(r.URL.Path, "actor.json") {
				body = bytes.ReplaceAll(body, []byte(a.base), []byte(liar.base))
				body = bytes.ReplaceAll(body, []byte(a.stream.Actor[len(a.base):]), []byte(liar.stream.Actor[len(liar.base):]))
			}
			w.Write(body)
		})
	})
	if _, err := b.Follow(t.Context(), keeper, b.stream.Fingerprint, liar.stream.Actor); err == nil {
		t.Fatal("followed a's stream at the liar's address")
	}
	b.follow(t, a)
	if _, err := b.Follow(t.Context(), keeper, b.stream.Fingerprint, liar.stream.Actor); !fault.Is(err, fault.Invalid) {
		t.Fatal("followed a's stream, held already, at the liar's address:", err)
	}
}

func TestUnfollowingIsQuiet(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	work(t, a, b)
	var seen []string
	a.behave(func(own http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = append(seen, r.URL.Path); own.ServeHTTP(w, r) })
	})
	if err := b.Unfollow(t.Context(), keeper, b.stream.Fingerprint, a.stream.Fingerprint); err != nil {
		t.Fatal(err)
	}
	if err := b.Unfollow(t.Context(), keeper, b.stream.Fingerprint, a.stream.Fingerprint); !fault.Is(err, fault.NotFound) {
		t.Fatal(err)
	}
	a.behave(nil)
	a.say(t, 2)
	work(t, a, b)
	c.forward(48 * time.Hour)
	work(t, a, b)
	if s, err := b.log.StreamOf(t.Context(), a.stream.Fingerprint); err != nil || s.Size != 1 {
		t.Fatal("still pulled:", s.Size, err)
	}
	if n, err := subscribers.One(t.Context(), a.db, a.stream.Fingerprint); err != nil || n != 0 || len(seen) > 0 {
		t.Fatal(n, seen, err)
	}
}

func TestBlocking(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	a.follow(t, b)
	work(t, a, b)
	// A place takes no submissions from a stream.
	if err := b.Block(t.Context(), keeper, b.stream.Fingerprint, string(a.stream.Fingerprint)); err != nil {
		t.Fatal(err)
	}
	a.offer(t, b)
	a.say(t, 1)
	work(t, a, b)
	if len(b.offered) != 0 {
		t.Error("a blocked stream's submission came")
	}
	if list, _ := b.Following(t.Context(), keeper, b.stream.Fingerprint); len(list) != 0 {
		t.Error("still followed:", list)
	}
	if err := b.Unblock(t.Context(), keeper, b.stream.Fingerprint, string(a.stream.Fingerprint)); err != nil {
		t.Fatal(err)
	}
	c.forward(time.Hour)
	work(t, a, b)
	if len(b.offered) != 1 {
		t.Error("after the block was taken back it did not come")
	}
	// The site serves a host no more.
	if err := b.Block(t.Context(), keeper, "", a.base); err == nil {
		t.Error("a keeper of a place blocked for the whole site")
	}
	if err := b.Block(t.Context(), siteKeeper, "", a.base+"/"); err != nil {
		t.Fatal(err)
	}
	b.say(t, 3)
	a.offer(t, b)
	c.forward(3 * time.Hour)
	work(t, a, b)
	if s, _ := a.log.StreamOf(t.Context(), b.stream.Fingerprint); s.Size != 1 || len(b.offered) != 1 {
		t.Error("served a blocked host:", s.Size, len(b.offered))
	}
	if err := b.Block(t.Context(), siteKeeper, "", "not a host"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// changing lets a node's pages through a function.
func changing(change func(*page)) func(http.Handler) http.Handler {
	return func(own http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/stream") {
				own.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			own.ServeHTTP(rec, r)
			var p page
			if rec.Code != http.StatusOK || json.Unmarshal(rec.Body.Bytes(), &p) != nil {
				w.WriteHeader(rec.Code)
				w.Write(rec.Body.Bytes())
				return
			}
			change(&p)
			writeJSON(w, p)
		})
	}
}

// told is what the keeper of a place reads beside one that it follows.
func (p *peer) told(t testing.TB, about *peer) string {
	t.Helper()
	list, err := p.Following(t.Context(), keeper, p.stream.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.Stream == about.stream.Fingerprint {
			return f.Trouble
		}
	}
	t.Fatal("it is not followed")
	return ""
}

// troubleWith is what the keeper of the site reads beside another node.
func (p *peer) troubleWith(t testing.TB, other *peer) string {
	t.Helper()
	list, err := p.Peers(t.Context(), siteKeeper)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Host == other.base {
			return x.Trouble
		}
	}
	return ""
}

func TestALyingPeerIsStopped(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	a.say(t, 1)
	b.follow(t, a)
	work(t, a, b)
	for what, change := range map[string]func(*page){
		"an act left out":   func(p *page) { p.Acts = append(p.Acts[:1], p.Acts[2:]...) },
		"two swapped":       func(p *page) { p.Acts[0], p.Acts[1] = p.Acts[1], p.Acts[0] },
		"a text changed":    func(p *page) { p.Acts[1].Parts[0].Body = []byte("lie") },
		"a part of another": func(p *page) { p.Acts[1].Parts = p.Acts[0].Parts },
		"an envelope edited": func(p *page) {
			p.Acts[0].Envelope = bytes.Replace(p.Acts[0].Envelope, []byte(`test.Say.v1`), []byte(`test.Lie.v1`), 1)
		},
		"signature edited": func(p *page) {
			p.Acts[1].Envelope = bytes.Replace(p.Acts[1].Envelope, []byte(`"proofValue":"z`), []byte(`"proofValue":"z2`), 1)
		},
		"an unsigned head": func(p *page) { p.Checkpoint = strings.Replace(p.Checkpoint, "— ", "— x", 1) },
		"no proof":         func(p *page) { p.Acts, p.Proof = p.Acts[:2], nil },
	} {
		t.Run(what, func(t *testing.T) {
			before := a.stream.Size
			a.behave(changing(func(p *page) {
				if len(p.Acts) > 0 {
					change(p)
				}
			}))
			a.say(t, 3)
			work(t, a, b)
			if s, _ := b.log.StreamOf(t.Context(), a.stream.Fingerprint); s.Size != before {
				t.Fatalf("took %d acts", s.Size-before)
			}
			why := "fed.notice.signature"
			if what == "no proof" {
				why = "fed.notice.unproven"
			}
			if r := b.state(t, a); r.State != remoteStopped || !b.noticed(t, b.stream.Fingerprint, why) || b.told(t, a) != why {
				t.Fatal("stopped, and the keeper told why:", r, b.told(t, a))
			}
			a.behave(nil)
			if err := b.Resume(t.Context(), keeper, b.stream.Fingerprint, a.stream.Fingerprint); err != nil {
				t.Fatal(err)
			}
			work(t, a, b)
			b.holds(t, a)
		})
	}
}

func TestGarbageIsContained(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	work(t, a, b)
	for what, f := range map[string]http.HandlerFunc{
		"no json":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"null":        func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "null") },
		"other shape": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"acts":7}`) },
		"deep":        func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(`{"acts":[`, 100_000)) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		"too large": func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), maxResponse+1)) },
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, "{")
		},
		"500":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"away": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"loop":         func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) },
		"no acts":      func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"acts":[]}`) },
		"many headers": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) },
	} {
		t.Run(what, func(t *testing.T) {
			before := a.stream.Size
			a.say(t, 3)
			a.behave(func(own http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/stream") {
						f(w, r)
						return
					}
					own.ServeHTTP(w, r)
				})
			})
			c.forward(2 * time.Hour)
			work(t, b)
			if s, _ := b.log.StreamOf(t.Context(), a.stream.Fingerprint); s.Size != before || b.state(t, a).State != remoteFollowed {
				t.Fatal(s.Size, b.state(t, a))
			}
			if rest, err := b.resting(t.Context(), a.base); err != nil || !rest {
				t.Fatal("troubled again at once", err)
			}
			if why := b.troubleWith(t, a); why == "" {
				t.Fatal("the keeper of the site is not told")
			}
			a.behave(nil)
			c.forward(time.Minute)
			work(t, a, b)
			b.holds(t, a)
			if why := b.troubleWith(t, a); why != "" {
				t.Fatal("told of a trouble that is over:", why)
			}
		})
	}
}

// A peer that answers too slowly is left alone for a while, and the keeper of the site
// sees why.
func TestASlowPeerIsTold(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	work(t, a, b)
	release := make(chan struct{})
	a.behave(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	})
	defer close(release)
	b.client.http.Timeout = 100 * time.Millisecond
	c.forward(3 * time.Hour)
	work(t, b)
	if rest, err := b.resting(t.Context(), a.base); err != nil || !rest || b.troubleWith(t, a) != "fault.unreachable" {
		t.Fatal(rest, b.troubleWith(t, a), err)
	}
}

func TestASlowPeerHoldsUpNobodyElse(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b, slow := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	b.follow(t, slow)
	work(t, a, b, slow)
	release := make(chan struct{})
	slow.behave(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	})
	a.say(t, 3)
	slow.say(t, 3)
	c.forward(3 * time.Hour)
	if err := b.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		changed := b.log.Changed()
		if s, err := b.log.StreamOf(t.Context(), a.stream.Fingerprint); err != nil || s.Size == 4 {
			break
		}
		select {
		case <-changed:
		case <-time.After(time.Until(deadline)):
			t.Fatal("waited for the slow one")
		}
	}
	close(release)
	b.busy.Wait()
}

// split closes a node and opens it again beside a copy of it as it was, which is
// not served: what a thief of the key, or a restored backup, could write.
func split(t *testing.T, c *clock, p *peer) (same, copied *peer) {
	t.Helper()
	if os.Getenv("TRANSLOCAL_TEST_POSTGRES") != "" {
		t.Skip("copies a database file")
	}
	addr := p.addr()
	p.close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
	same = openPeer(t, c, p.dir, addr)
	same.refresh(t, p.stream.Fingerprint)
	return same, &peer{dir: dir, stream: p.stream}
}

func TestForksAndRewinds(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	a.say(t, 3)
	b.follow(t, a)
	work(t, a, b)
	a, copied := split(t, c, a)
	a.say(t, 4)
	c.forward(2 * time.Hour)
	work(t, a, b)
	b.holds(t, a)
	// The copy goes on in a's place: first it is merely behind.
	addr := a.addr()
	a.close()
	a = openPeer(t, c, copied.dir, addr)
	a.refresh(t, copied.stream.Fingerprint)
	c.forward(2 * time.Hour)
	work(t, b)
	if r := b.state(t, a); r.State != remoteFollowed || !b.noticed(t, b.stream.Fingerprint, "fed.notice.rewind") {
		t.Fatal(r)
	}
	// Then it tells another story.
	a.say(t, 6)
	c.forward(2 * time.Hour)
	work(t, b)
	if r := b.state(t, a); r.State != remoteStopped || !b.noticed(t, b.stream.Fingerprint, "fed.notice.fork") {
		t.Fatal(r)
	}
	evidence, err := b.record.EvidenceOf(t.Context(), a.stream.Fingerprint)
	if err != nil || len(evidence) != 2 {
		t.Fatal(evidence, err)
	}
	if s, _ := b.log.StreamOf(t.Context(), a.stream.Fingerprint); s.Size != 8 {
		t.Fatal(s.Size)
	}
	// Resuming changes nothing while the fork is there.
	if err := b.Resume(t.Context(), keeper, b.stream.Fingerprint, a.stream.Fingerprint); err != nil {
		t.Fatal(err)
	}
	work(t, b)
	if r := b.state(t, a); r.State != remoteStopped {
		t.Fatal(r)
	}
}

func TestARestoredBackupAsksThoseWhoFollow(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b, d := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	a.say(t, 3)
	b.follow(t, a)
	d.follow(t, a)
	work(t, a, b, d)
	a, backup := split(t, c, a)
	a.say(t, 5)
	work(t, a, b)
	a.say(t, 2)
	work(t, a, d) // d alone has them all
	last := a.stream.Size
	addr := a.addr()
	a.close()
	if err := os.Remove(filepath.Join(backup.dir, "heads")); err != nil { // no backup holds it
		t.Fatal(err)
	}
	a = openPeer(t, c, backup.dir, addr)
	a.refresh(t, backup.stream.Fingerprint)
	if !a.stream.Held || a.stream.Size != 4 {
		t.Fatal(a.stream)
	}
	_, err := a.log.Commit(t.Context(), a.stream.Fingerprint, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: "test.Say.v1", Object: say{act.NewID(a.stream.Actor, "note")}}}, nil
	})
	if !fault.Is(err, fault.Conflict) {
		t.Fatal("wrote before it asked:", err)
	}
	if !a.noticed(t, "", "fed.notice.restored") {
		t.Error("the keepers were not told")
	}
	// Those who follow see no rewind meanwhile.
	c.forward(2 * time.Hour)
	work(t, b)
	if evidence, _ := b.record.EvidenceOf(t.Context(), a.stream.Fingerprint); len(evidence) > 0 {
		t.Error(evidence)
	}
	c.forward(2 * time.Minute)
	work(t, a)
	a.refresh(t, a.stream.Fingerprint)
	if a.stream.Held || a.stream.Size != last {
		t.Fatal(a.stream)
	}
	a.say(t, 1)
	c.forward(2 * time.Hour)
	work(t, a, b, d)
	b.holds(t, a)
	d.holds(t, a)
	again, err := record.New(a.log, filepath.Join(a.dir, "heads"))
	if err != nil {
		t.Fatal(err)
	}
	if lost, err := again.Lost(t.Context()); err != nil || len(lost) > 0 {
		t.Fatal("held again at the next start:", lost, err)
	}
}

func TestARestoredBackupWaitsForAKeeperWhenNobodyAnswers(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	work(t, a, b)
	a.say(t, 2)
	addr := a.addr()
	a.close()
	b.behave(away)
	os.Remove(filepath.Join(a.dir, "heads"))
	a = openPeer(t, c, a.dir, addr)
	for range 3 {
		c.forward(time.Hour)
		work(t, a)
	}
	held, err := a.Held(t.Context(), siteKeeper)
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	if err := a.Override(t.Context(), keeper, held[0].Fingerprint); err == nil {
		t.Error("a keeper of a place decided for the site")
	}
	if err := a.Override(t.Context(), siteKeeper, held[0].Fingerprint); err != nil {
		t.Fatal(err)
	}
	a.refresh(t, held[0].Fingerprint)
	a.say(t, 1)
	b.behave(nil)
	c.forward(25 * time.Hour)
	work(t, a, b)
	b.holds(t, a)
}

func TestARestoredBackupThatOthersContradictStaysHeld(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b, d := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	a.say(t, 2)
	b.follow(t, a)
	d.follow(t, a)
	work(t, a, b, d)
	a, copied := split(t, c, a)
	a.say(t, 2)
	work(t, a, b) // b has one story
	addr := a.addr()
	a.close()
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(copied.dir)); err != nil {
		t.Fatal(err)
	}
	a = openPeer(t, c, copied.dir, addr)
	a.refresh(t, copied.stream.Fingerprint)
	a.say(t, 2)
	c.forward(2 * time.Hour)
	work(t, a, d) // d has another
	a.close()
	os.Remove(filepath.Join(backup, "heads"))
	a = openPeer(t, c, backup, addr)
	c.forward(time.Hour)
	work(t, a)
	if held, err := a.Held(t.Context(), siteKeeper); err != nil || len(held) != 1 {
		t.Fatal("released though its followers disagree", held, err)
	}
	if !a.noticed(t, "", "fed.notice.restored_fork") {
		t.Error("the keepers were not told")
	}
}

func TestFloodsAreRefusedAndTold(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	for range act.MaxUnanswered + 20 {
		a.offer(t, b)
	}
	work(t, a, b)
	if len(b.offered) != act.MaxUnanswered || !b.noticed(t, b.stream.Fingerprint, "fed.notice.flood_submissions") {
		t.Fatal(len(b.offered))
	}
	refused := 0
	for range 30 * hintsPerSecond {
		_, err := a.call(t.Context(), http.MethodPost, b.base+"/fed/hint", []byte(`{"size":1,"stream":"`+string(a.stream.Fingerprint)+`"}`))
		if fault.Is(err, fault.TooMany) {
			refused++
			var later *act.Later
			if !errors.As(err, &later) || later.After != time.Minute {
				t.Fatal("without Retry-After")
			}
		}
	}
	if refused < 9*hintsPerSecond || !b.noticed(t, "", "fed.notice.flood_hints") {
		t.Fatal(refused)
	}
	// Others are served as before.
	d := newPeer(t, c)
	d.offer(t, b)
	work(t, d, b)
	if len(b.offered) != act.MaxUnanswered+1 {
		t.Error("a third suffers")
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	work(t, a, b)
	asked := 0
	a.behave(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(http.StatusServiceUnavailable)
		})
	})
	c.forward(2 * time.Hour)
	work(t, b)
	c.forward(119 * time.Minute)
	work(t, b)
	if asked != 1 {
		t.Fatalf("asked %d times", asked)
	}
	c.forward(2 * time.Minute)
	work(t, b)
	if asked != 2 {
		t.Fatalf("asked %d times", asked)
	}
}

func TestBackOffGrowsToADay(t *testing.T) {
	last := time.Duration(0)
	for n := int64(1); n < 40; n++ {
		d := backOff(n)
		if d < last || d > 24*time.Hour {
			t.Fatal(n, d)
		}
		last = d
		if j := jitter(d); j > d || j < d*3/4-1 {
			t.Fatal(j, d)
		}
	}
	if last != 24*time.Hour {
		t.Fatal(last)
	}
}

func TestRunServesUntilItIsStopped(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, p := range []*peer{a, b} {
		running.Go(func() { p.Run(ctx) })
	}
	b.follow(t, a)
	a.say(t, 5)
	for deadline := time.After(20 * time.Second); ; {
		changed := b.log.Changed()
		if s, err := b.log.StreamOf(t.Context(), a.stream.Fingerprint); err == nil && s.Size == 6 {
			break
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatal("nothing came")
		}
	}
	stop()
	running.Wait()
	b.holds(t, a)
}

func TestPlacesForPrograms(t *testing.T) {
	c := &clock{at: time.Now()}
	a := newPeer(t, c)
	pages := a.Negotiate(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") }))
	path := strings.TrimPrefix(a.stream.Actor, a.base)
	for _, ask := range []struct{ path, accept, want string }{
		{path, "text/html,application/xhtml+xml,*/*;q=0.8", "page"}, {path, "", "page"}, {path, "application/json", "actor"}, {path + ".json", "text/html", "actor"},
		{path, `application/ld+json; profile="https://www.w3.org/ns/activitystreams"`, "actor"}, {path, "application/activity+json", "actor"},
		{path + "/settings", "application/json", "page"}, {"/p/" + act.NewToken() + ".json", "", "missing"}, {"/p/x.json", "", "page"}, {"/", "application/json", "page"},
	} {
		r := httptest.NewRequest(http.MethodGet, a.base+ask.path, nil)
		r.Header.Set("Accept", ask.accept)
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		got := "page"
		var d actorDocument
		switch {
		case w.Code == http.StatusNotFound:
			got = "missing"
		case json.Unmarshal(w.Body.Bytes(), &d) == nil && d.ID == a.stream.Actor && d.Stream == a.stream.Fingerprint:
			got = "actor"
		}
		if got != ask.want {
			t.Errorf("%s for %q: %s %d %s", ask.path, ask.accept, got, w.Code, w.Body)
		}
	}
}
