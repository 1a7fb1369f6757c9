// Package live tells readers who wait that something changed, and nothing of
// what. One watcher a node looks at the change cursors of the database while
// somebody listens: at those of the things that are listened to, each once for all
// its readers, or where these are many at all in one query. So a hundred readers of a
// thing cost no more than one, and a
// change made by another program on the same server is seen like one of ours. It
// knows no page and no person: who may listen to what is judged by who calls it.
package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// A Topic is a thing that can change: Kind names a source, Key a thing in it.
type Topic struct{ Kind, Key string }

// A Source reads the cursors of things of one kind: short words of which only the
// difference counts. A thing that is missing has the cursor "". One and All give the
// same cursor of a thing.
type Source struct {
	One func(ctx context.Context, key string) (string, error)
	All func(ctx context.Context) (map[string]string, error)
}

// Few is up to how many things of a kind are asked for one by one.
const Few = 20

// read gives the cursors of the keys at least.
func (s Source) read(ctx context.Context, keys map[string]bool) (map[string]string, error) {
	if len(keys) > Few {
		return s.All(ctx)
	}
	out := make(map[string]string, len(keys))
	for key := range keys {
		now, err := s.One(ctx, key)
		if err != nil {
			return nil, err
		}
		out[key] = now
	}
	return out, nil
}

// Config is what a watcher is made of.
type Config struct {
	Sources map[string]Source // by kind
	Every   time.Duration     // between two looks while somebody listens
	// Written says how often this program wrote, where nobody else can write: as long
	// as it stays the same there is no need to look. Nil: others write too.
	Written func() int64
	Most    int // readers at a time; each costs memory
}

// Why somebody can't listen.
var (
	ErrFull  = errors.New("too many listen")
	ErrEnded = errors.New("the watcher has ended")
)

// Watcher looks for all readers of a node.
type Watcher struct {
	Config
	ended chan struct{}

	looking sync.Mutex // one look at a time
	began   time.Time  // of the last look
	written int64      // as it was then

	mu      sync.Mutex
	readers map[*Reader]struct{}
	owners  map[string]int
	running bool
	closed  bool
	seen    map[string]map[string]string // kind → key → cursor, of things that somebody listens to
}

// New makes a watcher; it does nothing until somebody listens.
func New(c Config) *Watcher {
	return &Watcher{Config: c, ended: make(chan struct{}), readers: map[*Reader]struct{}{}, owners: map[string]int{}, seen: map[string]map[string]string{}}
}

// Reader is one who listens.
type Reader struct {
	// Changed gets a word when a cursor of a topic became another. Several changes may
	// make one word.
	Changed chan struct{}

	w      *Watcher
	owner  string
	topics []Topic
	last   []string
}

// Join lets somebody listen to topics until Leave. owner is who it counts for, of
// whom at most most listen at a time. It fails with ErrFull or ErrEnded, or when
// the cursors can't be read.
func (w *Watcher) Join(ctx context.Context, owner string, most int, topics ...Topic) (*Reader, error) {
	r := &Reader{Changed: make(chan struct{}, 1), w: w, owner: owner, topics: topics}
	if err := w.enter(r, most); err != nil {
		return nil, err
	}
	if err := w.look(ctx, time.Now()); err != nil {
		r.Leave()
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r.last = w.cursors(topics)
	if !w.running && !w.closed {
		w.running = true
		go w.run()
	}
	return r, nil
}

func (w *Watcher) enter(r *Reader, most int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrEnded
	}
	if len(w.readers) >= w.Most || w.owners[r.owner] >= most {
		return ErrFull
	}
	w.readers[r] = struct{}{}
	w.owners[r.owner]++
	return nil
}

// Leave ends listening; a second call does nothing.
func (r *Reader) Leave() {
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, in := w.readers[r]; !in {
		return
	}
	delete(w.readers, r)
	if w.owners[r.owner]--; w.owners[r.owner] == 0 {
		delete(w.owners, r.owner)
	}
}

// Cursors are those of the reader's topics, in their order, as last seen.
func (r *Reader) Cursors() []string {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.w.cursors(r.topics)
}

// Ended is closed when the watcher ends, and readers should.
func (w *Watcher) Ended() <-chan struct{} { return w.ended }

// Count is how many listen.
func (w *Watcher) Count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.readers)
}

// Close ends the watcher: nobody can join, and those who listen are told to go.
func (w *Watcher) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		close(w.ended)
	}
}

// run looks again and again until nobody listens.
func (w *Watcher) run() {
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	for {
		select {
		case <-w.ended:
			return
		case <-tick.C:
		}
		if w.idle() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if err := w.lookAgain(ctx); err != nil {
			slog.Warn("changes for open pages were not read", "err", err)
		}
		cancel()
	}
}

// idle tells that nobody listens, and forgets what was seen.
func (w *Watcher) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.readers) > 0 {
		return false
	}
	w.running = false
	clear(w.seen)
	return true
}

func (w *Watcher) lookAgain(ctx context.Context) error {
	if w.Written == nil {
		return w.look(ctx, time.Now())
	}
	w.looking.Lock()
	same := w.Written() == w.written
	w.looking.Unlock()
	if same {
		return nil
	}
	return w.look(ctx, time.Now())
}

// look reads the cursors of the things that somebody listens to, unless another did
// since. Many who come at once share a look.
func (w *Watcher) look(ctx context.Context, since time.Time) error {
	w.looking.Lock()
	defer w.looking.Unlock()
	if w.began.After(since) {
		return nil
	}
	began, written := time.Now(), int64(0)
	if w.Written != nil {
		written = w.Written() // before reading: what is written meanwhile is looked for again
	}
	for kind, keys := range w.wanted() {
		now, err := w.Sources[kind].read(ctx, keys)
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.seen[kind] = now
		w.mu.Unlock()
	}
	w.began, w.written = began, written
	w.tell()
	return nil
}

// wanted are the things that somebody listens to, by kind.
func (w *Watcher) wanted() map[string]map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	kinds := map[string]map[string]bool{}
	for r := range w.readers {
		for _, t := range r.topics {
			if _, known := w.Sources[t.Kind]; !known {
				continue
			}
			if kinds[t.Kind] == nil {
				kinds[t.Kind] = map[string]bool{}
			}
			kinds[t.Kind][t.Key] = true
		}
	}
	return kinds
}

// tell wakes the readers whose topics changed.
func (w *Watcher) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for r := range w.readers {
		if r.last == nil || !r.changed() {
			continue
		}
		select {
		case r.Changed <- struct{}{}:
		default: // it has a word that it didn't hear yet
		}
	}
}

func (r *Reader) changed() (yes bool) {
	for i, t := range r.topics {
		if now := r.w.seen[t.Kind][t.Key]; now != r.last[i] {
			r.last[i], yes = now, true
		}
	}
	return yes
}

func (w *Watcher) cursors(topics []Topic) []string {
	out := make([]string, len(topics))
	for i, t := range topics {
		out[i] = w.seen[t.Kind][t.Key]
	}
	return out
}
