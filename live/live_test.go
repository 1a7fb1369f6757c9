package live

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// things count how they are asked for.
type things struct {
	mu   sync.Mutex
	now  map[string]string
	ones map[string]int
	alls int
}

func (x *things) source() Source {
	return Source{
		One: func(_ context.Context, key string) (string, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.ones[key]++
			return x.now[key], nil
		},
		All: func(context.Context) (map[string]string, error) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.alls++
			out := map[string]string{}
			for k, v := range x.now {
				out[k] = v
			}
			return out, nil
		},
	}
}

func (x *things) set(key, cursor string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now[key] = cursor
}

// watching is a watcher that looks when the test says so.
func watching(t *testing.T) (*Watcher, *things) {
	t.Helper()
	x := &things{now: map[string]string{}, ones: map[string]int{}}
	w := New(Config{Sources: map[string]Source{"thing": x.source()}, Every: 1 << 60, Most: 1000})
	t.Cleanup(w.Close)
	return w, x
}

func (w *Watcher) join(t *testing.T, key string) *Reader {
	t.Helper()
	r, err := w.Join(t.Context(), key, 1000, Topic{Kind: "thing", Key: key}, Topic{Kind: "unknown"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func woken(r *Reader) bool {
	select {
	case <-r.Changed:
		return true
	default:
		return false
	}
}

// Who listens to one thing hears of no other, which is not even asked for.
func TestOnlyWhatIsListenedToIsAskedFor(t *testing.T) {
	w, x := watching(t)
	x.set("a", "1")
	x.set("b", "1")
	first, second := w.join(t, "a"), w.join(t, "a")
	before := x.ones["a"]
	x.set("b", "2")
	if err := w.lookAgain(t.Context()); err != nil || woken(first) || woken(second) {
		t.Fatal("woken by another thing", err)
	}
	x.set("a", "2")
	if err := w.lookAgain(t.Context()); err != nil || !woken(first) || !woken(second) || first.Cursors()[0] != "2" {
		t.Fatal("not woken", err)
	}
	if n := x.ones["a"] - before; n != 2 || x.ones["b"] != 0 || x.alls != 0 {
		t.Errorf("asked %d times for two looks, %d times for what nobody listens to, %d times for all", n, x.ones["b"], x.alls)
	}
	x.mu.Lock()
	delete(x.now, "a")
	x.mu.Unlock()
	if err := w.lookAgain(t.Context()); err != nil || !woken(first) || first.Cursors()[0] != "" {
		t.Error("what goes is a change too:", err)
	}
}

// Many things cost one question, and nobody notices when few become many.
func TestManyThingsAreAskedForAtOnce(t *testing.T) {
	w, x := watching(t)
	var all []*Reader
	for i := range Few + 5 {
		key := fmt.Sprint(i)
		x.set(key, "1")
		all = append(all, w.join(t, key))
	}
	for _, r := range all {
		if woken(r) || r.Cursors()[0] != "1" {
			t.Fatal("woken by who came later, or it does not know where it stands:", r.Cursors())
		}
	}
	ones, alls := len(x.ones), x.alls
	x.set("3", "2")
	if err := w.lookAgain(t.Context()); err != nil || !woken(all[3]) || woken(all[4]) {
		t.Fatal(err)
	}
	if len(x.ones) != ones || x.alls != alls+1 {
		t.Errorf("%d things were asked for one by one, all %d times", len(x.ones)-ones, x.alls-alls)
	}
	for _, r := range all[1:] {
		r.Leave()
	}
	if err := w.lookAgain(t.Context()); err != nil || woken(all[0]) {
		t.Error("many became few, and that woke somebody", err)
	}
}
