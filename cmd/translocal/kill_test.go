package main

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"
)

// TestKilledUnderLoadLosesNothing kills a node at random while several people
// write, starts it again, and looks for each act and each private row that it
// had acknowledged: there once, under the id that it gave. What was under way
// may be there or not, but not twice. (A killed process leaves the system's
// caches whole: what a power cut does to a disk this can't show.)
func TestKilledUnderLoadLosesNothing(t *testing.T) {
	kills := 3
	if os.Getenv("TRANSLOCAL_TEST_LONG") != "" {
		kills = 100
	} else if testing.Short() {
		t.Skip("kills processes")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	at := newTarget(t, t.TempDir())
	c := start(t, at)
	site := c.setUp(t)
	version := publish(t, newSpeaker(c.base, site.Token, "192.0.2.2"), site)
	told := &acknowledged{acts: map[string]string{}, proposals: map[string]string{}}
	for k := range kills {
		stop := load(c.base, site, version, k, told)
		time.Sleep(time.Duration(20+chance.IntN(200)) * time.Millisecond) // the moment of the kill is the chance
		c.kill()
		stop()
		c = start(t, at)
		told.check(t, at, site.Stream)
		if t.Failed() {
			t.Fatalf("after kill %d", k+1)
		}
	}
	t.Logf("%d kills; %d acts and %d proposals acknowledged, %d calls cut off", kills, len(told.acts), len(told.proposals), told.cut)
	if len(told.acts) < kills || told.cut == 0 {
		t.Errorf("too little was under way to show anything")
	}
	c.kill()
	out, err := command(t.Context(), append([]string{"rebuild", "--check"}, at.args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("rebuild --check: %v\n%s", err, out)
	}
}

// publish makes the version that proposals speak of.
func publish(t testing.TB, c *speaker, site opened) (version string) {
	t.Helper()
	var made struct{ ID string }
	err := c.call("POST", "/places/"+site.Stream+"/versions", map[string]any{"text": motion1}, &made)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// motion1 is a text of one clause.
var motion1 = map[string]any{"title": "A motion for the river", "summary": "", "language": "en", "family": "", "institution": "council",
	"rests": []any{}, "variables": []any{}, "clauses": []any{map[string]string{"id": "aaaaaaaaaaaaaaaa", "kind": "passage", "text": "The council publishes every contract."}}}

// acknowledged is what a node said yes to: id by name, the name made up once.
type acknowledged struct {
	mu        sync.Mutex
	acts      map[string]string
	proposals map[string]string
	cut       int // calls without an answer
	refused   error
}

func (a *acknowledged) note(to map[string]string, name, id string, err error) (goOn bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		to[name] = id
		return true
	}
	var r *refusal
	if !errors.As(err, &r) {
		a.cut++
		return false
	}
	if r.Status < 500 { // a node that goes down may say that it does
		a.refused = r
	}
	return false
}

// load writes acts and private rows from several goroutines until the node is
// gone; the function that it returns waits for them.
func load(base string, site opened, version string, round int, told *acknowledged) (wait func()) {
	var writers sync.WaitGroup
	for w := range 6 {
		writers.Go(func() {
			c := newSpeaker(base, site.Token, fmt.Sprintf("192.0.2.%d", 10+w))
			defer c.http.CloseIdleConnections()
			for i := 0; ; i++ {
				name, made := fmt.Sprintf("body %d %d %d", round, w, i), struct{ ID string }{}
				into := told.acts
				var err error
				if w == 0 {
					into = told.proposals
					err = c.call("POST", "/places/"+site.Stream+"/proposals", map[string]any{"title": name, "rule": "consent", "quorum": 1, "review": "2199-01-01",
						"version": version}, &made)
				} else {
					err = c.call("POST", "/places/"+site.Stream+"/authorities", map[string]string{"name": name, "kind": "council"}, &made)
				}
				if !told.note(into, name, made.ID, err) {
					return
				}
			}
		})
	}
	return writers.Wait
}

// check compares what was acknowledged with what the database holds.
func (a *acknowledged) check(t *testing.T, at target, stream string) {
	t.Helper()
	if a.refused != nil {
		t.Fatalf("refused under load: %v", a.refused)
	}
	d, err := sql.Open(at.driver, at.name)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	compareRows(t, d, "acts", a.acts, "select name, id from authority")
	compareRows(t, d, "proposals", a.proposals, "select title, id from proposal")
	var acts, top, size int64
	if err := d.QueryRowContext(t.Context(), "select count(*), max(idx), (select size from stream where fp = '"+stream+"') from act where stream = '"+stream+"'").
		Scan(&acts, &top, &size); err != nil {
		t.Fatal(err)
	}
	if acts != top+1 || acts != size {
		t.Errorf("%d acts up to index %d in a stream of %d", acts, top, size)
	}
}

func compareRows(t *testing.T, d *sql.DB, what string, told map[string]string, query string) {
	t.Helper()
	rows, err := d.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	there := map[string]string{}
	for rows.Next() {
		var name, id string
		if err := rows.Scan(&name, &id); err != nil {
			t.Fatal(err)
		}
		if _, twice := there[name]; twice {
			t.Errorf("%s: %q stands twice", what, name)
		}
		there[name] = id
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for name, id := range told {
		if there[name] != id {
			t.Errorf("%s: %q was acknowledged as %s and is %q", what, name, id, there[name])
		}
	}
}
