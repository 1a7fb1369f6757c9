package record

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

type say struct {
	N int `json:"n"`
}

var vocabulary = act.Vocabulary{Types: []act.Type{act.Define("test.Say.v1",
	func(*act.Act, *say) error { return nil },
	func(context.Context, *db.Tx, *act.Act, *say) error { return nil })}}

// node is a log with one place and its record.
type node struct {
	dir    string
	log    *act.Log
	record *Record
	stream act.Stream
	close  func()
}

func openNode(t testing.TB, dir string) *node {
	t.Helper()
	d, err := db.Open(t.Context(), filepath.Join(dir, "t.db"), db.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	n := &node{dir: dir, log: act.NewLog(d, keys, vocabulary)}
	n.close = sync.OnceFunc(func() { n.log.Close(); d.Close() })
	t.Cleanup(n.close)
	if n.record, err = New(n.log, filepath.Join(dir, "heads")); err != nil {
		t.Fatal(err)
	}
	return n
}

func newNode(t testing.TB) *node {
	n := openNode(t, t.TempDir())
	acts, err := n.log.Found(t.Context(), act.Founding{Base: "http://a.test", Kind: "place"}, func(context.Context, *db.Tx, string, act.Fingerprint) ([]act.Draft, error) {
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.refresh(t, acts[0].Stream)
	return n
}

func (n *node) refresh(t testing.TB, f act.Fingerprint) {
	t.Helper()
	var err error
	if n.stream, err = n.log.StreamOf(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (n *node) say(t testing.TB, count int) {
	t.Helper()
	for count > 0 {
		some := min(count, 200)
		_, err := n.log.Commit(t.Context(), n.stream.Fingerprint, func(context.Context, *db.Tx) (drafts []act.Draft, err error) {
			for i := range some {
				drafts = append(drafts, act.Draft{Type: "test.Say.v1", Object: say{i}})
			}
			return drafts, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		count -= some
	}
	n.refresh(t, n.stream.Fingerprint)
}

// head signs without waiting for the second to pass.
func (n *node) head(t testing.TB) Checkpoint {
	t.Helper()
	n.record.now = func() time.Time { return time.Now().Add(time.Hour) }
	c, err := n.record.Head(t.Context(), n.stream.Fingerprint, n.stream.Size)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (n *node) leaves(t testing.TB, from, to int64) []act.Hash {
	t.Helper()
	list, err := act.Leaves(t.Context(), n.log.DB(), n.stream.Fingerprint, from, int(to-from))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (n *node) keyAt(t testing.TB) func(int64) (string, error) {
	return func(size int64) (string, error) {
		return act.KeyAt(t.Context(), n.log.DB(), n.stream.Fingerprint, size)
	}
}

func (n *node) page(t testing.TB, c Checkpoint, end int64) Page {
	t.Helper()
	proof, err := n.record.Prove(t.Context(), n.stream.Fingerprint, c.Size, end)
	if err != nil {
		t.Fatal(err)
	}
	return Page{Checkpoint: c.Note, Proof: proof, KeyAt: n.keyAt(t)}
}

// give hands the acts [from, to) of n's stream to another node.
func (n *node) give(t testing.TB, to *node, from, end int64) {
	t.Helper()
	list, err := n.log.Entries(t.Context(), n.stream.Fingerprint, from, int(end-from))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.log.Receive(t.Context(), n.stream.Fingerprint, list); err != nil {
		t.Fatal(err)
	}
}

// naive is the tree hash straight from the definition in RFC 6962, 2.1.
func naive(leaves []act.Hash) act.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(naive(leaves[:k]), naive(leaves[k:]))
}

func TestRootsAndProofsAtEverySize(t *testing.T) {
	n := newNode(t)
	n.say(t, 70)
	f := n.stream.Fingerprint
	all := n.leaves(t, 0, n.stream.Size)
	roots := make([]act.Hash, len(all)+1)
	for size := 1; size <= len(all); size++ {
		root, err := n.record.Root(t.Context(), f, int64(size))
		if err != nil || root != naive(all[:size]) {
			t.Fatalf("size %d: %v %v", size, root, err)
		}
		roots[size] = root
	}
	for large := 1; large <= len(all); large++ {
		for small := 1; small <= large; small++ {
			proof, err := n.record.Prove(t.Context(), f, int64(large), int64(small))
			if err != nil {
				t.Fatal(large, small, err)
			}
			if large != small {
				if err := tlog.CheckTree(proof, int64(large), roots[large], int64(small), roots[small]); err != nil {
					t.Fatal(large, small, err)
				}
			}
			// A tree that has only the first acts, and the rest on top, gives the same root.
			root, err := n.record.rootWith(t.Context(), f, int64(small), all[small:large])
			if err != nil || root != roots[large] {
				t.Fatal(small, large, err)
			}
		}
	}
	if _, err := n.record.Root(t.Context(), f, n.stream.Size+1); err == nil {
		t.Error("a root beyond the end")
	}
	for _, p := range [][2]int64{{10, 0}, {10, 11}, {10, -1}} {
		if _, err := n.record.Prove(t.Context(), f, p[0], p[1]); err == nil {
			t.Error("a proof from", p)
		}
	}
}

func TestACheckpointIsWhatOutsideToolsRead(t *testing.T) {
	n := newNode(t)
	n.say(t, 4)
	c := n.head(t)
	multikey, err := n.keyAt(t)(c.Size)
	if err != nil {
		t.Fatal(err)
	}
	key, err := act.DecodeKey(multikey)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := VerifierKey(n.stream.Origin, key)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(c.Note, note.VerifierList(v))
	if err != nil || len(opened.Sigs) != 1 || opened.Sigs[0].Name != n.stream.Origin {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s\n5\n%s\n", n.stream.Origin, naive(n.leaves(t, 0, 5)))
	if opened.Text != want {
		t.Fatalf("%q, want %q", opened.Text, want)
	}
	if back, err := OpenCheckpoint(c.Note, n.stream.Origin, n.keyAt(t)); err != nil || back.Root != c.Root || back.Size != 5 {
		t.Fatal(back, err)
	}
}

// Between the moment when a replica read the head of a stream and that in which it
// signs, another one changes the key: the order is forced by calling the two parts.
func TestACheckpointIsSignedByTheKeyThatItNames(t *testing.T) {
	n := newNode(t)
	n.say(t, 4)
	replica, err := New(n.log, "")
	if err != nil {
		t.Fatal(err)
	}
	seen := n.stream // as the replica read it
	old, err := n.keyAt(t)(seen.Size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.log.Rotate(t.Context(), seen.Fingerprint, func(context.Context, *db.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if now, err := n.keyAt(t)(seen.Size + 1); err != nil || now == old {
		t.Fatal("the key did not change", err)
	}
	c, err := replica.sign(t.Context(), seen)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenCheckpoint(c.Note, seen.Origin, n.keyAt(t)); err != nil || got.Size != seen.Size {
		t.Fatal("a follower would take it for forged:", err)
	}
	n.refresh(t, seen.Fingerprint)
	next := n.head(t)
	if _, err := OpenCheckpoint(next.Note, seen.Origin, n.keyAt(t)); err != nil || next.Size != seen.Size+1 {
		t.Fatal(next.Size, err)
	}
}

// The other moment: the note names its key already when another replica changes it,
// and then signs. placeSigner is asked in between, as note.Sign asks it.
func TestAKeyChangedWhileANoteIsBeingSigned(t *testing.T) {
	n := newNode(t)
	c := Checkpoint{Origin: n.stream.Origin, Size: n.stream.Size}
	public, err := n.keyAt(t)(c.Size)
	if err != nil {
		t.Fatal(err)
	}
	signer := &placeSigner{log: n.log, ctx: t.Context(), stream: n.stream.Fingerprint, public: public}
	if signer.Verifier, err = verifier(c.Origin, public); err != nil {
		t.Fatal(err)
	}
	if _, err := n.log.Rotate(t.Context(), n.stream.Fingerprint, func(context.Context, *db.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if c.Note, err = note.Sign(&note.Note{Text: c.text()}, signer); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCheckpoint(c.Note, c.Origin, n.keyAt(t)); err != nil {
		t.Fatal("one key is named, another signed:", err)
	}
}

func TestSpoiltCheckpointsAreRefused(t *testing.T) {
	n, other := newNode(t), newNode(t)
	n.say(t, 4)
	good := string(n.head(t).Note)
	lines := strings.SplitN(good, "\n", 4)
	for what, bad := range map[string]string{
		"empty":          "",
		"another size":   strings.Replace(good, "\n5\n", "\n6\n", 1),
		"leading zero":   strings.Replace(good, "\n5\n", "\n05\n", 1),
		"plus":           strings.Replace(good, "\n5\n", "\n+5\n", 1),
		"nothing in it":  strings.Replace(good, "\n5\n", "\n0\n", 1),
		"negative":       strings.Replace(good, "\n5\n", "\n-5\n", 1),
		"huge":           strings.Replace(good, "\n5\n", "\n99999999999999999999\n", 1),
		"an extension":   lines[0] + "\n" + lines[1] + "\n" + lines[2] + "\nextra\n" + lines[3],
		"another origin": strings.ReplaceAll(good, n.stream.Origin, other.stream.Origin),
		"no signature":   strings.Join(lines[:3], "\n") + "\n\n",
		"short root":     strings.Replace(good, lines[2], lines[2][:20], 1),
		"too long":       good + strings.Repeat("— x y\n", 2000),
		"only newlines":  strings.Repeat("\n", 10),
		"carriage":       strings.ReplaceAll(good, "\n", "\r\n"),
	} {
		if _, err := OpenCheckpoint([]byte(bad), n.stream.Origin, n.keyAt(t)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, stranger, _ := ed25519.GenerateKey(nil)
	_, err := OpenCheckpoint([]byte(good), n.stream.Origin, func(int64) (string, error) {
		return act.EncodeKey(stranger.Public().(ed25519.PublicKey)), nil
	})
	if !errors.Is(err, ErrSignature) {
		t.Error("by another key:", err)
	}
}

func TestSigningAtMostOnceASecond(t *testing.T) {
	n := newNode(t)
	at := time.Now()
	n.record.now = func() time.Time { return at }
	f := n.stream.Fingerprint
	first, err := n.record.Head(t.Context(), f, 1)
	if err != nil || first.Size != 1 {
		t.Fatal(first, err)
	}
	n.say(t, 3)
	if c, err := n.record.Head(t.Context(), f, 1); err != nil || string(c.Note) != string(first.Note) {
		t.Fatalf("signed again within the second: %d %v", c.Size, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := n.record.Head(gone, f, 4); err == nil && c.Size != 1 {
		t.Fatal("did not wait", c.Size)
	}
	at = at.Add(n.record.Pause)
	second, err := n.record.Head(t.Context(), f, 4)
	if err != nil || second.Size != 4 {
		t.Fatal(second.Size, err)
	}
	if last, err := n.record.Last(t.Context(), f); err != nil || string(last.Note) != string(second.Note) {
		t.Fatal("what was shown is not what is stored:", err)
	}
	raw, err := os.ReadFile(filepath.Join(n.dir, "heads"))
	if err != nil || !strings.Contains(string(raw), `:4`) {
		t.Fatal(string(raw), err)
	}
}

func TestNothingIsSignedThatTheDiskDidNotTake(t *testing.T) {
	n := newNode(t)
	n.record.path = filepath.Join(n.dir, "missing", "heads")
	if c, err := n.record.Head(t.Context(), n.stream.Fingerprint, 1); !fault.Is(err, fault.Unavailable) || c.Note != nil && err == nil {
		t.Fatal(c, err)
	}
}

func TestAPageContinuesOrIsRefused(t *testing.T) {
	a, b := newNode(t), openNode(t, t.TempDir())
	a.say(t, 20)
	f, origin := a.stream.Fingerprint, a.stream.Origin
	c := a.head(t)
	if _, err := b.record.Verify(t.Context(), f, origin, 0, a.leaves(t, 0, 8), a.page(t, c, 8)); err != nil {
		t.Fatal(err)
	}
	a.give(t, b, 0, 8)
	if got, err := b.record.Verify(t.Context(), f, origin, 8, a.leaves(t, 8, 21), a.page(t, c, 21)); err != nil || got.Size != 21 {
		t.Fatal(got, err)
	}
	// An act left out, one changed, one twice: whatever the proof says.
	leaves := a.leaves(t, 8, 15)
	leaves[2][0] ^= 1
	if _, err := b.record.Verify(t.Context(), f, origin, 8, leaves, a.page(t, c, 15)); !errors.Is(err, ErrUnproven) {
		t.Fatal(err)
	}
	if _, err := b.record.Verify(t.Context(), f, origin, 8, a.leaves(t, 9, 16), a.page(t, c, 15)); !errors.Is(err, ErrUnproven) {
		t.Fatal(err)
	}
	if _, err := b.record.Verify(t.Context(), f, origin, 8, a.leaves(t, 8, 15), Page{Checkpoint: c.Note, KeyAt: a.keyAt(t)}); !errors.Is(err, ErrUnproven) {
		t.Fatal(err)
	}
	// Acts beyond their own signed head.
	a.give(t, b, 8, 21)
	if err := b.record.Keep(t.Context(), f, c); err != nil {
		t.Fatal(err)
	}
	a.say(t, 3)
	if _, err := b.record.Verify(t.Context(), f, origin, 21, a.leaves(t, 21, 24), Page{Checkpoint: c.Note, KeyAt: a.keyAt(t)}); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	evidence, err := b.record.EvidenceOf(t.Context(), f)
	if err != nil || len(evidence) != 1 || evidence[0].Kind != "unproven" {
		t.Fatal(evidence, err)
	}
}

// TestForkAndRewind gives one node two histories of the same place: the second
// from a copy of the database taken earlier.
func TestForkAndRewind(t *testing.T) {
	a, b := newNode(t), openNode(t, t.TempDir())
	a.say(t, 5)
	f, origin := a.stream.Fingerprint, a.stream.Origin
	a, copied := split(t, a)
	early := copied.head(t) // 6 acts
	a.say(t, 4)
	c := a.head(t)
	if _, err := b.record.Verify(t.Context(), f, origin, 0, a.leaves(t, 0, 10), a.page(t, c, 10)); err != nil {
		t.Fatal(err)
	}
	a.give(t, b, 0, 10)
	if err := b.record.Keep(t.Context(), f, c); err != nil {
		t.Fatal(err)
	}
	if _, err := b.record.Verify(t.Context(), f, origin, 10, nil, Page{Checkpoint: early.Note, KeyAt: a.keyAt(t)}); !errors.Is(err, ErrRewind) {
		t.Fatal("went back:", err)
	}
	copied.say(t, 1) // another act 6
	short := copied.head(t)
	if _, err := b.record.Verify(t.Context(), f, origin, 10, nil, Page{Checkpoint: short.Note, KeyAt: a.keyAt(t)}); !errors.Is(err, act.ErrFork) {
		t.Fatal("another history, shorter:", err)
	}
	copied.say(t, 5) // 12 acts in all
	long := copied.head(t)
	if _, err := b.record.Verify(t.Context(), f, origin, 10, copied.leaves(t, 10, 12), copied.page(t, long, 12)); !errors.Is(err, act.ErrFork) {
		t.Fatal("another history, longer:", err)
	}
	evidence, err := b.record.EvidenceOf(t.Context(), f)
	if err != nil || len(evidence) != 3 {
		t.Fatal(evidence, err)
	}
	for _, e := range evidence { // anybody can verify both heads
		for _, signed := range [][]byte{e.Ours, e.Theirs} {
			if _, err := OpenCheckpoint(signed, origin, a.keyAt(t)); err != nil {
				t.Error(e.Kind, err)
			}
		}
	}
}

// split closes a node and opens it and a copy of it: two nodes with one key.
func split(t *testing.T, n *node) (same, copied *node) {
	t.Helper()
	n.close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(n.dir)); err != nil {
		t.Fatal(err)
	}
	same, copied = openNode(t, n.dir), openNode(t, dir)
	same.refresh(t, n.stream.Fingerprint)
	copied.refresh(t, n.stream.Fingerprint)
	return same, copied
}

func TestCheckFindsAnEdit(t *testing.T) {
	n, other := split(t, newNode(t))
	n.say(t, 2)
	other.say(t, 2)
	n.head(t)
	if err := n.record.Check(t.Context(), n.stream.Fingerprint); err != nil {
		t.Fatal(err)
	}
	e, err := other.log.Entry(t.Context(), n.stream.Fingerprint, 1)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(text string, args ...any) {
		t.Helper()
		s := db.Exec(text)
		if err := n.log.DB().Write(t.Context(), func(tx *db.Tx) error { _, err := s.Run(t.Context(), tx, args...); return err }); err != nil {
			t.Fatal(err)
		}
	}
	edit(`update act set envelope = $1 where idx = 1`, e.Act.Envelope)
	if err := n.record.Check(t.Context(), n.stream.Fingerprint); err == nil {
		t.Error("an envelope that is not its leaf's passed")
	}
	edit(`update act set leaf = $1 where idx = 1`, e.Act.Leaf[:])
	fresh, err := New(n.log, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh.Check(t.Context(), n.stream.Fingerprint); err == nil {
		t.Error("another act, rightly signed, in the place of one that was signed over passed")
	}
}

func TestTreesAreBounded(t *testing.T) {
	n := newNode(t)
	n.record.trees.max = 10
	n.say(t, 7)
	streams := []act.Stream{n.stream}
	for range 3 {
		acts, err := n.log.Found(t.Context(), act.Founding{Base: "http://a.test", Kind: "place"}, func(context.Context, *db.Tx, string, act.Fingerprint) ([]act.Draft, error) {
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		n.refresh(t, acts[0].Stream)
		n.say(t, 7)
		streams = append(streams, n.stream)
	}
	for range 2 {
		for _, s := range streams {
			size := s.Size
			if s.Fingerprint == streams[0].Fingerprint {
				size = 8
			}
			if _, err := n.record.Root(t.Context(), s.Fingerprint, size); err != nil {
				t.Fatal(err)
			}
			if kept := n.record.trees.lru.Len(); kept != 1 {
				t.Fatalf("%d trees of 8 leaves where 10 leaves are allowed", kept)
			}
		}
	}
}

func TestARestoredBackupIsSeen(t *testing.T) {
	n := newNode(t)
	if lost, err := openNode(t, t.TempDir()).record.Lost(t.Context()); err != nil || len(lost) != 0 {
		t.Fatal("a new folder is no backup:", lost, err)
	}
	n.say(t, 3)
	n.head(t)
	again, err := New(n.log, filepath.Join(n.dir, "heads"))
	if err != nil {
		t.Fatal(err)
	}
	if lost, err := again.Lost(t.Context()); err != nil || len(lost) != 0 {
		t.Fatal(lost, err)
	}
	if err := os.WriteFile(filepath.Join(n.dir, "heads"), fmt.Appendf(nil, `{"%s":5}`, n.stream.Fingerprint), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err = New(n.log, filepath.Join(n.dir, "heads")); err != nil {
		t.Fatal(err)
	}
	if lost, err := again.Lost(t.Context()); err != nil || len(lost) != 1 {
		t.Fatal("five were signed, four are there:", lost, err)
	}
	if err := again.Found(t.Context(), n.stream.Fingerprint); err != nil {
		t.Fatal(err)
	}
	if lost, err := again.Lost(t.Context()); err != nil || len(lost) != 0 {
		t.Fatal(lost, err)
	}
	os.Remove(filepath.Join(n.dir, "heads"))
	if again, err = New(n.log, filepath.Join(n.dir, "heads")); err != nil {
		t.Fatal(err)
	}
	if lost, err := again.Lost(t.Context()); err != nil || len(lost) != 1 {
		t.Fatal("a database without its file of heads:", lost, err)
	}
}

func BenchmarkRootAfterOneMoreAct(b *testing.B) {
	n := newNode(b)
	n.say(b, 20000)
	f := n.stream.Fingerprint
	for b.Loop() {
		if _, err := n.record.Root(b.Context(), f, n.stream.Size); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProve(b *testing.B) {
	n := newNode(b)
	n.say(b, 20000)
	f := n.stream.Fingerprint
	for i := int64(1); b.Loop(); i++ {
		if _, err := n.record.Prove(b.Context(), f, n.stream.Size, 1+i%n.stream.Size); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTreeOf100000(b *testing.B) {
	leaves := make([]act.Hash, 100_000)
	for i := range leaves {
		leaves[i] = tlog.RecordHash(fmt.Append(nil, i))
	}
	for b.Loop() {
		t := &tree{}
		for _, leaf := range leaves {
			if err := t.add(leaf); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := tlog.TreeHash(t.n, t); err != nil {
			b.Fatal(err)
		}
	}
}
