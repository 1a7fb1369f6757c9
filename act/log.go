package act

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sort"
	"sync"
	"time"

	"translocal/db"
	"translocal/fault"
)

// Log is the acts of a node: every stream that it writes or follows.
type Log struct {
	db          *db.DB
	keys        *Keyring
	types       map[string]Type
	tables      []Table
	submissions map[string]SubmissionType
	clear       []db.Statement // one a table: delete the rows of a stream
	now         func() time.Time

	commands chan *command
	stopped  chan struct{}
	stop     context.CancelFunc

	mu      sync.Mutex
	changed chan struct{} // closed and replaced after each commit

	submitted chan struct{} // holds one when a submission was queued

	guards []Guard
}

// A Guard looks at the acts that a stream of ours is to get, under its lock and
// in the transaction, and refuses by an error: what holds for a whole site.
type Guard func(ctx context.Context, tx *db.Tx, stream Fingerprint, drafts []Draft) error

// Guarded adds a guard; before anything is committed.
func (l *Log) Guarded(g Guard) { l.guards = append(l.guards, g) }

// NewLog opens the acts in a database for the vocabularies of the capabilities.
// keys may be nil where nothing is to be written (a replay). Close it.
func NewLog(d *db.DB, keys *Keyring, vocabularies ...Vocabulary) *Log {
	l := &Log{db: d, keys: keys, types: map[string]Type{}, submissions: map[string]SubmissionType{}, now: time.Now, submitted: make(chan struct{}, 1),
		commands: make(chan *command), stopped: make(chan struct{}), changed: make(chan struct{})}
	for _, v := range append([]Vocabulary{vocabulary()}, vocabularies...) {
		for _, t := range v.Types {
			if _, twice := l.types[t.Name]; twice {
				panic("act: type defined twice: " + t.Name)
			}
			l.types[t.Name] = t
		}
		for _, t := range v.Submissions {
			if _, twice := l.submissions[t.Name]; twice {
				panic("act: submission type defined twice: " + t.Name)
			}
			l.submissions[t.Name] = t
		}
		for _, t := range v.Tables {
			l.tables = append(l.tables, t)
			l.clear = append(l.clear, db.Exec("delete from "+t.Name+" where stream = $1"))
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	go l.writer(ctx)
	return l
}

// Close lets the group under way finish and stops the writer.
func (l *Log) Close() {
	l.stop()
	<-l.stopped
}

// Clock sets what tells the time, before the log is used; for tests.
func (l *Log) Clock(now func() time.Time) { l.now = now }

// DB is the database beneath, for reads.
func (l *Log) DB() *db.DB { return l.db }

// Keys is the keyring.
func (l *Log) Keys() *Keyring { return l.keys }

// Tables lists the public tables.
func (l *Log) Tables() []Table { return l.tables }

// Changed returns a channel that closes at the next commit or receipt.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *Log) announce() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

// head is the row of a stream, locked inside a transaction.
type head struct {
	Stream    Fingerprint
	Actor     string
	Size      int64
	Published int64
	Own       bool
	Held      bool
}

var (
	lockHead   = db.Rows[head](`update stream set size = size where fp = $1 returning fp, actor, size, published, own, held`)
	insertHead = db.Exec(`insert into stream (fp, actor, origin, audience, own, size, published, held) values ($1, $2, $3, $4, $5, 0, 0, false)`)
	moveHead   = db.Exec(`update stream set size = $2, published = $3 where fp = $1`)
	insertAct  = db.Exec(`insert into act (stream, idx, type, published, leaf, state, envelope) values ($1, $2, $3, $4, $5, $6, $7)`)
	insertPart = db.Exec(`insert into part (stream, idx, name, media, salt, body) values ($1, $2, $3, $4, $5, $6)`)
)

// Decision is the body of a command: under the stream's lock it reads what it
// needs, refuses or writes private rows, and returns the acts to append. It may
// be run again when the database asks for it, and is alone with its savepoint.
type Decision func(ctx context.Context, tx *db.Tx) ([]Draft, error)

// Commit is the one way in for acts of our own. It takes the lock of the
// stream's head, runs decide, seals, appends and applies the acts that it
// returns, all in one transaction that waiting commands share: a command that
// fails is taken back alone. It returns when the acts are on the disk.
func (l *Log) Commit(ctx context.Context, stream Fingerprint, decide Decision) ([]*Act, error) {
	return l.submit(ctx, &command{stream: stream, decide: decide})
}

// Founding says what actor to found.
type Founding struct {
	Base string // URL of the host, without a slash at its end
	Kind string // "place" or "circle"
}

// Found makes a new actor with its key and its stream. decide gets the new
// actor's URL and fingerprint and returns the acts after index 0.
func (l *Log) Found(ctx context.Context, f Founding, decide func(ctx context.Context, tx *db.Tx, actor string, stream Fingerprint) ([]Draft, error)) ([]*Act, error) {
	return l.submit(ctx, &command{found: &f, founded: decide})
}

type command struct {
	ctx     context.Context
	stream  Fingerprint
	decide  Decision
	found   *Founding
	founded func(ctx context.Context, tx *db.Tx, actor string, stream Fingerprint) ([]Draft, error)

	acts []*Act
	err  error
	done chan struct{}
}

func (l *Log) submit(ctx context.Context, c *command) ([]*Act, error) {
	c.ctx, c.done = ctx, make(chan struct{})
	select {
	case l.commands <- c:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.stopped:
		return nil, fault.New(fault.Unavailable, "fault.stopping")
	}
	<-c.done // what was taken up is answered, whatever becomes of ctx
	return c.acts, c.err
}

// group is how many commands share one commit at most.
const group = 64

func (l *Log) writer(ctx context.Context) {
	defer close(l.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-l.commands:
			l.commit(l.gather(c))
		}
	}
}

// gather takes the commands that wait already; it does not wait for more.
func (l *Log) gather(first *command) []*command {
	batch := []*command{first}
	for len(batch) < group {
		select {
		case c := <-l.commands:
			batch = append(batch, c)
			continue
		default:
		}
		break
	}
	// In one order everywhere, so that replicas never wait for one another in a circle.
	sort.SliceStable(batch, func(i, j int) bool { return batch[i].stream < batch[j].stream })
	return batch
}

func (l *Log) commit(batch []*command) {
	ctx := context.Background()
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		for _, c := range batch {
			c.acts, c.err = nil, c.ctx.Err()
			if c.err == nil {
				c.err = tx.Savepoint(ctx, func() error { return l.run(c, tx) })
			}
			if c.err != nil && fault.Is(c.err, fault.Unavailable) {
				return c.err // a full disk or a lost server: nothing of the group holds
			}
		}
		return nil
	})
	for _, c := range batch {
		if err != nil {
			c.acts, c.err = nil, err
		}
		close(c.done)
	}
	if err == nil {
		l.announce()
	}
}

// run runs one command; a panic in it must not take the others along.
func (l *Log) run(c *command, tx *db.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("command panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("command panicked: %v", p)
		}
	}()
	if c.found != nil {
		c.acts, err = l.runFound(c, tx)
		return err
	}
	h, err := lockHead.One(c.ctx, tx, c.stream)
	if err != nil {
		return err
	}
	switch {
	case !h.Own:
		return fault.New(fault.Forbidden, "fault.not_own_stream")
	case h.Held:
		return fault.New(fault.Conflict, "fault.restored")
	}
	drafts, err := c.decide(c.ctx, tx)
	if err != nil {
		return err
	}
	if len(drafts) == 0 {
		return nil
	}
	key, err := l.keys.current(c.ctx, tx, h.Stream)
	if err != nil {
		return err
	}
	c.acts, err = l.append(c.ctx, tx, h, key, drafts)
	return err
}

func (l *Log) runFound(c *command, tx *db.Tx) ([]*Act, error) {
	key := newKey()
	actor := NewActorID(c.found.Base)
	f := Found{Key: EncodeKey(key.Public().(ed25519.PublicKey)), RootKeys: []string{}, Origin: "translocal/" + NewToken() + NewToken(),
		Audience: "public", Kind: c.found.Kind}
	a, parts, err := seal(Draft{Type: FoundType, Object: f}, actor, "", 0, l.now(), key)
	if err != nil {
		return nil, err
	}
	if _, err := insertHead.Run(c.ctx, tx, a.Stream, actor, f.Origin, f.Audience, true); err != nil {
		return nil, err
	}
	wrapped, err := l.keys.wrap(key, a.Stream)
	if err != nil {
		return nil, err
	}
	if _, err := insertActorKey.Run(c.ctx, tx, a.Stream, f.Key, wrapped); err != nil {
		return nil, err
	}
	if err := l.put(c.ctx, tx, a, parts, true); err != nil {
		return nil, err
	}
	if _, err := moveHead.Run(c.ctx, tx, a.Stream, 1, Micros(a.Published)); err != nil {
		return nil, err
	}
	drafts, err := c.founded(c.ctx, tx, actor, a.Stream)
	if err != nil {
		return nil, err
	}
	h := head{Stream: a.Stream, Actor: actor, Size: 1, Published: Micros(a.Published), Own: true}
	rest, err := l.append(c.ctx, tx, h, key, drafts)
	return append([]*Act{a}, rest...), err
}

// append seals drafts at the head, puts them and moves the head on.
func (l *Log) append(ctx context.Context, tx *db.Tx, h head, key ed25519.PrivateKey, drafts []Draft) ([]*Act, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	for _, g := range l.guards {
		if err := g(ctx, tx, h.Stream, drafts); err != nil {
			return nil, err
		}
	}
	acts := make([]*Act, 0, len(drafts))
	for _, d := range drafts {
		published := FromMicros(max(Micros(l.now()), h.Published))
		a, parts, err := seal(d, h.Actor, h.Stream, h.Size, published, key)
		if err != nil {
			return nil, err
		}
		if err := l.put(ctx, tx, a, parts, true); err != nil {
			return nil, err
		}
		h.Size, h.Published = h.Size+1, Micros(published)
		acts = append(acts, a)
	}
	_, err := moveHead.Run(ctx, tx, h.Stream, h.Size, h.Published)
	return acts, err
}

// The states of an act.
const (
	applied = 0
	unknown = 1
	void    = 2
)

// put stores one act with its parts and applies it. Of our own, a type that we
// don't know or a broken rule is an error; of others it becomes the state.
func (l *Log) put(ctx context.Context, tx *db.Tx, a *Act, parts []Part, own bool) error {
	state, apply, err := l.open(a)
	if own && err == nil && state == unknown {
		err = fmt.Errorf("act: type %s is not registered", a.Type)
	}
	if err != nil && (own || !fault.Is(err, fault.Invalid)) {
		return err
	}
	if _, err := insertAct.Run(ctx, tx, a.Stream, a.Index, a.Type, Micros(a.Published), a.Leaf[:], state, a.Envelope); err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := insertPart.Run(ctx, tx, a.Stream, a.Index, p.Name, p.Media, p.Salt, p.Body); err != nil {
			return err
		}
	}
	if state == applied {
		if err := apply(ctx, tx); err != nil {
			return err
		}
	}
	if a.Type == EraseType && state == applied {
		return erase(ctx, tx, a, own)
	}
	return nil
}

// open finds the type of an act and checks the act against it.
func (l *Log) open(a *Act) (state int, apply applier, err error) {
	t, ok := l.types[a.Type]
	if !ok {
		return unknown, nil, nil
	}
	if a.Index == 0 != (a.Type == FoundType) {
		return void, nil, fault.At("type", "fault.type")
	}
	apply, err = t.open(a)
	if err != nil {
		return void, nil, err
	}
	return applied, apply, nil
}

// Rotate gives one of our actors a new signing key.
func (l *Log) Rotate(ctx context.Context, stream Fingerprint, authorise func(ctx context.Context, tx *db.Tx) error) (*Act, error) {
	var fresh ed25519.PrivateKey
	var rotated *Act
	_, err := l.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]Draft, error) {
		if err := authorise(ctx, tx); err != nil {
			return nil, err
		}
		fresh = newKey()
		var err error
		rotated, err = l.rotate(ctx, tx, stream, fresh)
		return nil, err
	})
	return rotated, err
}

// rotate appends a SetKey act, which alone needs two proofs, by hand.
func (l *Log) rotate(ctx context.Context, tx *db.Tx, stream Fingerprint, fresh ed25519.PrivateKey) (*Act, error) {
	h, err := lockHead.One(ctx, tx, stream)
	if err != nil {
		return nil, err
	}
	old, err := l.keys.current(ctx, tx, stream)
	if err != nil {
		return nil, err
	}
	public := EncodeKey(fresh.Public().(ed25519.PublicKey))
	published := FromMicros(max(Micros(l.now()), h.Published))
	a, _, err := seal(Draft{Type: SetKeyType, Object: SetKey{Key: public}}, h.Actor, stream, h.Size, published, old)
	if err != nil {
		return nil, err
	}
	raw, err := Sign(a.Envelope, fresh, h.Actor+"#"+public, published)
	if err != nil {
		return nil, err
	}
	if a, err = Parse(raw); err != nil {
		return nil, err
	}
	wrapped, err := l.keys.wrap(fresh, stream)
	if err != nil {
		return nil, err
	}
	if _, err := insertActorKey.Run(ctx, tx, stream, public, wrapped); err != nil {
		return nil, err
	}
	if err := l.put(ctx, tx, a, nil, true); err != nil {
		return nil, err
	}
	_, err = moveHead.Run(ctx, tx, stream, h.Size+1, Micros(published))
	return a, err
}
