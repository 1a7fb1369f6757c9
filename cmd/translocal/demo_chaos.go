package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// trouble is what --chaos makes: it kills nodes while calls are under way and while
// they pull from each other and deliver, between steps, and while they start. Whom
// and when is drawn by one seed, in the order of the story; what the moment finds
// the node at, the machine decides.
type trouble struct {
	chance *rand.Rand
	left   int // kills that may still come: a bound to the time that it takes

	kills    atomic.Int64
	cut      atomic.Int64 // calls that got no answer
	took     atomic.Int64 // of these: those that had taken
	repeated atomic.Int64 // and those that were made again
}

// maxKills bounds a run: each costs a start.
const maxKills = 60

// Moments of a kill, drawn evenly from nothing to these. A call that writes takes some
// 5 to 20 ms, a pull or a delivery begins within some hundred.
const (
	withinCall  = 15 * time.Millisecond
	withinPull  = 400 * time.Millisecond
	withinStart = 250 * time.Millisecond
)

func newTrouble(seed uint64) *trouble {
	return &trouble{chance: rand.New(rand.NewPCG(seed, 1)), left: maxKills}
}

// happens draws whether something with one chance in n comes about. Nothing
// does without chaos.
func (x *trouble) happens(n int) bool { return x != nil && x.left > 0 && x.chance.IntN(n) == 0 }

func (x *trouble) within(d time.Duration) time.Duration {
	return time.Duration(x.chance.Int64N(int64(d)))
}

// strike draws how a node is killed within a while and started again: now and then
// twice, the second time while it starts. The while begins when what it returns is
// called, at most once.
func (x *trouble) strike(ctx context.Context, n *demoNode, within time.Duration) (begin func()) {
	x.left--
	after, again := x.within(within), time.Duration(0)
	if x.chance.IntN(4) == 0 {
		again = x.within(withinStart)
	}
	return sync.OnceFunc(func() {
		n.strikes.Go(func() {
			time.Sleep(after) // the moment of the kill is the chance
			n.life.Lock()
			defer n.life.Unlock()
			x.kills.Add(1)
			n.broken = errors.Join(n.broken, n.struck(ctx, again))
		})
	})
}

// struck kills the node and starts it.
func (n *demoNode) struck(ctx context.Context, again time.Duration) error {
	n.kill()
	if again > 0 {
		if err := n.startAndKill(ctx, again); err != nil {
			return err
		}
	}
	return n.start(ctx)
}

// startAndKill starts the node and kills it after a while, wherever it is by then.
func (n *demoNode) startAndKill(ctx context.Context, after time.Duration) error {
	if _, err := n.launch(ctx); err != nil {
		return err
	}
	time.Sleep(after)
	n.kill()
	return nil
}

// up waits until a node that is being killed is back. It fails when that is
// not so.
func (n *demoNode) up() error {
	n.life.Lock()
	defer n.life.Unlock()
	return n.broken
}

// duringCall may kill, while a call to a node is under way, that node or another.
func (x *trouble) duringCall(ctx context.Context, called *demoNode, all []*demoNode) (sent func()) {
	if !x.happens(3) {
		return func() {}
	}
	if x.chance.IntN(3) == 0 {
		return x.strike(ctx, all[x.chance.IntN(len(all))], withinPull)
	}
	return x.strike(ctx, called, withinCall)
}

// somewhere may kill any node within a while.
func (w *world) somewhere(ctx context.Context, within time.Duration) {
	if w.trouble.happens(2) {
		w.trouble.strike(ctx, w.nodes[w.trouble.chance.IntN(len(w.nodes))], within)()
	}
}

// calm waits until all nodes are up.
func (w *world) calm() error {
	for _, n := range w.nodes {
		n.strikes.Wait()
		if err := n.up(); err != nil {
			return fmt.Errorf("node %s did not come back: %w", n.name, err)
		}
	}
	return nil
}

// An answerError is an answer that says no; any other error of a call says that no
// answer came, and leaves open whether it took.
type answerError struct {
	status int
	text   string
}

func (e *answerError) Error() string { return e.text }

func answered(err error) bool {
	var no *answerError
	return err == nil || errors.As(err, &no)
}

// A change is a call that changes something. Took finds out, by reading, whether one
// without an answer took, and fills out as its answer would have; it is never asked
// after an answer. It may change the call that is made next.
type change struct {
	method, path string
	in, out      any
	took         func() (bool, error)
}

// mostTries bounds how often one change is made.
const mostTries = 12

// change makes a change surely once: as a person would who got an error, it looks
// first whether it took, and only then makes it again.
func (c *caller) change(ctx context.Context, x *change) error {
	var err error
	for range mostTries {
		if err = c.once(ctx, x.method, x.path, x.in, x.out); answered(err) {
			return err
		}
		t := c.node.world.trouble
		t.cut.Add(1)
		yes, looked := x.took()
		if looked != nil {
			return fmt.Errorf("whether %s %s took: %w", x.method, x.path, looked)
		}
		if yes {
			t.took.Add(1)
			return nil
		}
		t.repeated.Add(1)
	}
	return err
}

// once makes a call that may be struck.
func (c *caller) once(ctx context.Context, method, path string, in, out any) error {
	x := c.node.world.trouble
	if x == nil {
		return c.call(ctx, method, path, in, out, nil)
	}
	err := c.call(ctx, method, path, in, out, x.duringCall(ctx, c.node, c.node.world.nodes))
	if answered(err) {
		return err
	}
	if up := c.node.up(); up != nil {
		return &answerError{text: up.Error()}
	}
	return err
}

// read asks for something, again where the node was killed meanwhile.
func (c *caller) read(ctx context.Context, path string, out any) error {
	var err error
	for range mostTries {
		if err = c.call(ctx, http.MethodGet, path, nil, out, nil); answered(err) || c.node.world.trouble == nil {
			return err
		}
		if up := c.node.up(); up != nil {
			return up
		}
	}
	return err
}
