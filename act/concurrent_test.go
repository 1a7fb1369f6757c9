package act

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
)

// replicas opens several logs over one schema of a PostgreSQL server, as
// replicas of a node do, with one secret between them.
func replicas(t testing.TB, n int, vocabularies ...Vocabulary) []*Log {
	t.Helper()
	url, secret := dbtest.PostgresURL(t), filepath.Join(t.TempDir(), "secret")
	url += "&application_name=" + NewToken() // so that endConnections ends these and no others
	var logs []*Log
	for range n {
		d, err := db.Open(t.Context(), url, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := createNote.Run(t.Context(), tx); return err }); err != nil {
			t.Fatal(err)
		}
		keys, err := OpenKeyring(secret)
		if err != nil {
			t.Fatal(err)
		}
		l := NewLog(d, keys, vocabularies...)
		t.Cleanup(l.Close)
		logs = append(logs, l)
	}
	return logs
}

// What the shared follower saw is written in the transaction of its cursor, as
// notes of a stream of its own: what a replica rolled back does not count.
var (
	noteSeen = db.Exec(`insert into note (stream, id, idx) values ($1, $2, $3)`)
	seenOf   = db.Rows[int64](`select idx from note where stream = $1 order by idx`)
)

func sharedFollower() Follower {
	return Follower{Name: "shared", Handle: func(ctx context.Context, tx *db.Tx, e Entry) error {
		_, err := noteSeen.Run(ctx, tx, "seen "+string(e.Act.Stream), NewToken(), e.Act.Index) // no key keeps it from being there twice
		return err
	}}
}

// TestReplicasLoseDoubleAndReorderNothing has two replicas write to the same
// streams at once, while a follower that both run reads along and the server
// ends connections in the middle. Every acknowledged act is at its index, those
// of one writer in the order in which it made them; index order is apply order;
// the follower handled each act once.
func TestReplicasLoseDoubleAndReorderNothing(t *testing.T) {
	logs := replicas(t, 2, noteVocabulary)
	var actors []string
	var streams []Fingerprint
	for range 3 {
		a, f := found(t, logs[0])
		actors, streams = append(actors, a), append(streams, f)
	}
	ctx, stop := context.WithCancel(t.Context())
	var followers sync.WaitGroup
	for _, l := range logs {
		followers.Go(func() { l.Run(ctx, sharedFollower()) })
	}

	rounds := 25
	if os.Getenv("TRANSLOCAL_TEST_LONG") != "" {
		rounds = 150
	}
	var mu sync.Mutex
	told := map[string]int64{} // note to index
	broken := 0
	var writers sync.WaitGroup
	for w := range 12 {
		writers.Go(func() {
			l, s, last := logs[w%2], w%3, int64(0)
			for i := range rounds {
				id := NewID(actors[s], "note")
				acts, err := l.Commit(t.Context(), streams[s], func(context.Context, *db.Tx) ([]Draft, error) {
					return []Draft{{Type: "test.Say.v1", Object: say{ID: id}, Parts: []Part{Text("text", fmt.Sprint(w, i))}}}, nil
				})
				mu.Lock()
				if err != nil {
					broken++
				} else {
					if acts[0].Index <= last {
						t.Errorf("writer %d: index %d after %d", w, acts[0].Index, last)
					}
					last = acts[0].Index
					told[id] = last
				}
				cut := len(told)%90 == 45 && err == nil
				mu.Unlock()
				if cut {
					endConnections(t, l.db)
				}
			}
		})
	}
	writers.Wait()
	stop()
	followers.Wait()
	t.Logf("%d acts acknowledged, %d cut off", len(told), broken)
	if len(told) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	for _, l := range logs {
		useAll(t, l)
	}
	if err := logs[1].CatchUp(t.Context(), sharedFollower()); err != nil {
		t.Fatal(err)
	}
	for s, f := range streams {
		checkStream(t, logs[0], actors[s], f, told)
	}
	rebuiltAlikeIn(t, logs[1], streams)
}

// useAll uses every connection of a pool at once and a second time: those that
// the server ended are found out and go, so that what follows meets none.
func useAll(t *testing.T, l *Log) {
	t.Helper()
	for range 2 {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() { l.Streams(t.Context()) })
		}
		all.Wait()
	}
}

// checkStream compares a stream with what writers were told, and with what the
// shared follower saw.
func checkStream(t *testing.T, l *Log, actor string, f Fingerprint, told map[string]int64) {
	t.Helper()
	all, err := l.Entries(t.Context(), f, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyEntries(t.Context(), l.db, f, 0, all); err != nil {
		t.Fatal(err)
	}
	head, err := l.StreamOf(t.Context(), f)
	if err != nil || head.Size != int64(len(all)) {
		t.Fatalf("%d acts in a stream of %d: %v", len(all), head.Size, err)
	}
	ids, err := notes.All(t.Context(), l.db, f) // in the order of their indexes
	if err != nil || len(ids) != len(all)-1 {
		t.Fatalf("%d notes of %d acts: %v", len(ids), len(all)-1, err)
	}
	for id, index := range told {
		if len(id) > len(actor) && id[:len(actor)] == actor && ids[index-1] != id {
			t.Errorf("%s was acknowledged at %d, where %s stands", id, index, ids[index-1])
		}
	}
	seen, err := seenOf.All(t.Context(), l.db, "seen "+string(f))
	if err != nil {
		t.Fatal(err)
	}
	want := make([]int64, len(all))
	for i := range want {
		want[i] = int64(i)
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the follower saw %d of %d acts", len(seen), len(all))
	}
}

// rebuiltAlikeIn replays on SQLite what PostgreSQL holds of some streams.
func rebuiltAlikeIn(t testing.TB, l *Log, streams []Fingerprint) {
	t.Helper()
	into := openTest(t, noteVocabulary)
	if err := l.Rebuild(t.Context(), into, 1, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range streams {
		ours, err := notes.All(t.Context(), l.db, f)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := notes.All(t.Context(), into.db, f)
		if err != nil || !slices.Equal(ours, theirs) {
			t.Fatalf("rebuilt otherwise: %v", err)
		}
	}
}

var endOthers = db.Rows[bool](`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
	and application_name = current_setting('application_name')`)

// endConnections has the server end the other connections of this program.
func endConnections(t *testing.T, d *db.DB) {
	if _, err := endOthers.All(t.Context(), d); err != nil && !fault.Is(err, fault.Unavailable) {
		t.Logf("ending connections: %v", err)
	}
}

// naive is a log by a plain sequence, as it is often built.
var (
	createNaive = db.Exec(`create table naive (seq bigint generated always as identity primary key, id text not null)`)
	insertNaive = db.Exec(`insert into naive (id) values ($1)`)
	naiveAfter  = db.Rows[struct {
		Seq int64
		ID  string
	}](`select seq, id from naive where seq > $1 order by seq`)
)

// TestAPlainSequenceLosesActs shows why the index is given under the lock of
// the head: the order in which a sequence gives numbers is not that in which
// transactions commit, so who reads "after the last that I saw" passes over the
// slower one for good. In the same setting ours loses nothing.
func TestAPlainSequenceLosesActs(t *testing.T) {
	logs := replicas(t, 2, noteVocabulary)
	d := logs[0].db
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(d.Write(t.Context(), func(tx *db.Tx) error { _, err := createNaive.Run(t.Context(), tx); return err }))

	// The slower writer has its number, the faster commits, the reader reads.
	var read []string
	last := int64(0)
	follow := func() {
		rows, err := naiveAfter.All(t.Context(), d, last)
		must(err)
		for _, r := range rows {
			read, last = append(read, r.ID), r.Seq
		}
	}
	interleave(t, func(numbered func()) error {
		return logs[0].db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := insertNaive.Run(t.Context(), tx, "slow")
			numbered()
			return err
		})
	}, func() {
		must(logs[1].db.Write(t.Context(), func(tx *db.Tx) error { _, err := insertNaive.Run(t.Context(), tx, "fast"); return err }))
		follow()
	})
	follow()
	if all, err := naiveAfter.All(t.Context(), d, 0); err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if !slices.Equal(read, []string{"fast"}) {
		t.Fatalf("the plain sequence was read as %v: the setting shows nothing", read)
	}

	// Ours, the two writers on two streams, and then on one.
	actor, f := found(t, logs[0])
	other, g := found(t, logs[0])
	must(logs[0].CatchUp(t.Context(), sharedFollower()))
	interleave(t, func(numbered func()) error {
		_, err := logs[0].Commit(t.Context(), f, func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
			numbered()
			return sayNote(actor)(ctx, tx)
		})
		return err
	}, func() {
		_, err := logs[1].Commit(t.Context(), g, sayNote(other))
		must(err)
		must(logs[1].CatchUp(t.Context(), sharedFollower()))
	})
	var waiting sync.WaitGroup
	interleave(t, func(numbered func()) error {
		_, err := logs[0].Commit(t.Context(), f, func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
			numbered()
			return sayNote(actor)(ctx, tx)
		})
		return err
	}, func() {
		waiting.Go(func() { // waits for the head's lock
			if _, err := logs[1].Commit(t.Context(), f, sayNote(actor)); err != nil {
				t.Error(err)
			}
		})
		must(logs[1].CatchUp(t.Context(), sharedFollower()))
	})
	waiting.Wait()
	must(logs[1].CatchUp(t.Context(), sharedFollower()))
	checkStream(t, logs[0], actor, f, nil)
	checkStream(t, logs[0], other, g, nil)
	for f, want := range map[Fingerprint]int{f: 4, g: 2} {
		if seen, err := seenOf.All(t.Context(), d, "seen "+string(f)); err != nil || len(seen) != want {
			t.Errorf("the follower saw %d of %d: %v", len(seen), want, err)
		}
	}
}

// interleave runs slow up to where it calls numbered, then meanwhile to its
// end, then the rest of slow.
func interleave(t *testing.T, slow func(numbered func()) error, meanwhile func()) {
	t.Helper()
	at, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error)
	var once sync.Once
	go func() {
		done <- slow(func() { once.Do(func() { close(at) }); <-goOn })
	}()
	select {
	case <-at:
	case err := <-done:
		t.Fatalf("it ended before it was numbered: %v", err)
	}
	meanwhile()
	close(goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
