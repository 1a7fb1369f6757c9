// Package record keeps the Merkle log over each stream: a C2SP tlog whose
// entries are the envelopes. The tree is a pure function of the leaf hashes that
// lie beside the acts; here it is held in memory, signed for our own streams,
// and for those of others compared with what their places sign, so that nothing
// can be rewritten unseen.
//
// Hashes and proofs are those of RFC 6962 (golang.org/x/mod/sumdb/tlog), signed
// heads are C2SP checkpoints (signed notes) under the stream's origin name.
package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// Record keeps the trees of the streams of a log.
type Record struct {
	// Pause is the least time between two signatures over one stream: a second.
	Pause time.Duration

	log   *act.Log
	trees *trees
	now   func() time.Time

	signing sync.Mutex // one signature at a time; guards heads
	path    string
	heads   map[act.Fingerprint]int64
}

// New opens the record of a log. heads is the path of a small file that
// remembers the size at each signature, which lies beside the database and in no
// backup; "" where there is none. Lost says what it tells.
func New(log *act.Log, heads string) (*Record, error) {
	r := &Record{Pause: time.Second, log: log, trees: newTrees(log.DB()), now: time.Now, path: heads}
	if heads == "" {
		return r, nil
	}
	raw, err := os.ReadFile(heads)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &r.heads)
	}
	if err != nil {
		return nil, fmt.Errorf("record: %s: %w", heads, err)
	}
	return r, nil
}

// Lost lists our own streams that were signed beyond what the database holds:
// those for which the file of heads says so, or all when the file is missing
// though there are acts. That is how a restored backup looks.
func (r *Record) Lost(ctx context.Context) ([]act.Stream, error) {
	own, err := r.log.OwnStreams(ctx)
	if err != nil || r.path == "" {
		return nil, err
	}
	r.signing.Lock()
	defer r.signing.Unlock()
	var lost []act.Stream
	for _, s := range own {
		if r.heads == nil || r.heads[s.Fingerprint] > s.Size {
			lost = append(lost, s)
		}
	}
	if r.heads == nil && len(own) == 0 {
		return nil, r.remember("", 0) // a new folder: from here on the file is there
	}
	return lost, nil
}

// Found notes that a stream is whole again, or that a keeper takes it as it is.
func (r *Record) Found(ctx context.Context, f act.Fingerprint) error {
	s, err := r.log.StreamOf(ctx, f)
	if err != nil {
		return err
	}
	r.signing.Lock()
	defer r.signing.Unlock()
	return r.remember(f, s.Size)
}

// remember writes the file of heads, whole, and waits for the disk.
func (r *Record) remember(f act.Fingerprint, size int64) error {
	if r.path == "" {
		return nil
	}
	if r.heads == nil {
		r.heads = map[act.Fingerprint]int64{}
	}
	if f != "" {
		r.heads[f] = size
	}
	raw, err := json.Marshal(r.heads)
	if err != nil {
		return err
	}
	if err := replaceFile(r.path, raw); err != nil {
		return fault.Wrap(fault.Unavailable, err, "fault.disk")
	}
	return nil
}

func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing once it is renamed
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

var (
	checkpointOf   = db.Rows[row](`select size, root, note, at from checkpoint where stream = $1`)
	saveCheckpoint = db.Exec(`insert into checkpoint (stream, size, root, note, at) values ($1, $2, $3, $4, $5)
		on conflict (stream) do update set size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at
		where checkpoint.size <= excluded.size`)
	insertEvidence = db.Exec(`insert into record_evidence (stream, kind, size, root, ours, theirs, at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (stream, kind, size, root) do nothing`)
	evidenceOf = db.Rows[Evidence](`select kind, size, ours, theirs, at from record_evidence where stream = $1 order by at, kind`)
)

type row struct {
	Size int64
	Root []byte
	Note []byte
	At   int64
}

func (w row) checkpoint() Checkpoint {
	c := Checkpoint{Size: w.Size, Note: w.Note}
	copy(c.Root[:], w.Root)
	return c
}

// Last is the stored checkpoint of a stream, ours or another's; NotFound before
// the first.
func (r *Record) Last(ctx context.Context, f act.Fingerprint) (Checkpoint, error) {
	w, err := checkpointOf.One(ctx, r.log.DB(), f)
	return w.checkpoint(), err
}

// Head is a signed checkpoint of one of our streams that covers at least size
// acts, as far as the stream has them. It signs when the stream has grown, at
// most once a second, for which it waits; a new one lies on the disk, and in the
// file of heads, before anybody sees it.
func (r *Record) Head(ctx context.Context, f act.Fingerprint, size int64) (Checkpoint, error) {
	for {
		last, at, err := r.head(ctx, f)
		if err != nil || last.Size >= size {
			return last, err
		}
		wait := at.Add(r.Pause).Sub(r.now())
		if wait <= 0 { // freshly signed: the stream has no more
			return last, nil
		}
		select {
		case <-ctx.Done():
			return last, nil // the older one is as true
		case <-time.After(wait):
		}
	}
}

// head returns the stored checkpoint, after signing a new one when that is due,
// and when it was signed; the zero time when it covers the whole stream.
func (r *Record) head(ctx context.Context, f act.Fingerprint) (Checkpoint, time.Time, error) {
	r.signing.Lock()
	defer r.signing.Unlock()
	s, err := r.log.StreamOf(ctx, f)
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	w, err := checkpointOf.One(ctx, r.log.DB(), f)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Checkpoint{}, time.Time{}, err
	}
	at := act.FromMicros(w.At)
	switch {
	case !s.Own:
		return Checkpoint{}, time.Time{}, fault.New(fault.Forbidden, "fault.not_own_stream")
	case w.Size == s.Size:
		return w.checkpoint(), time.Time{}, nil
	case w.Size > s.Size, s.Held: // a restored backup signs nothing
		return Checkpoint{}, time.Time{}, fault.New(fault.Unavailable, "fault.restored")
	case w.Size > 0 && r.now().Sub(at) < r.Pause:
		return w.checkpoint(), at, nil
	}
	c, err := r.sign(ctx, s)
	return c, time.Time{}, err
}

func (r *Record) sign(ctx context.Context, s act.Stream) (Checkpoint, error) {
	root, err := r.Root(ctx, s.Fingerprint, s.Size)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Origin: s.Origin, Size: s.Size, Root: root}
	if err := c.sign(ctx, r.log, s); err != nil {
		return Checkpoint{}, err
	}
	if err := r.store(ctx, s.Fingerprint, c); err != nil {
		return Checkpoint{}, err
	}
	return c, r.remember(s.Fingerprint, s.Size)
}

func (r *Record) store(ctx context.Context, f act.Fingerprint, c Checkpoint) error {
	return r.log.DB().Write(ctx, func(tx *db.Tx) error {
		_, err := saveCheckpoint.Run(ctx, tx, f, c.Size, c.Root[:], c.Note, act.Micros(r.now()))
		return err
	})
}

// Root is the tree hash over the first size acts of a stream that we hold.
func (r *Record) Root(ctx context.Context, f act.Fingerprint, size int64) (act.Hash, error) {
	t, done, err := r.trees.open(ctx, f, size)
	if err != nil {
		return act.Hash{}, err
	}
	defer done()
	return tlog.TreeHash(size, t)
}

// Prove makes the proof that the first small acts of a stream are the beginning
// of its first large ones; nil when they are equal.
func (r *Record) Prove(ctx context.Context, f act.Fingerprint, large, small int64) ([]act.Hash, error) {
	if small == large {
		return nil, nil
	}
	if small < 1 || small > large {
		return nil, fault.At("from", "fault.number")
	}
	t, done, err := r.trees.open(ctx, f, large)
	if err != nil {
		return nil, err
	}
	defer done()
	return tlog.ProveTree(large, small, t)
}

// Check reads a stream whole and compares each envelope with its leaf, and the
// leaves with the last signed head: what an edit in the database would break.
func (r *Record) Check(ctx context.Context, f act.Fingerprint) error {
	for from := int64(0); ; {
		list, err := r.log.Entries(ctx, f, from, 500)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		leaves, err := act.Leaves(ctx, r.log.DB(), f, from, len(list))
		if err != nil {
			return err
		}
		for i, e := range list {
			if i >= len(leaves) || e.Act.Leaf != leaves[i] || e.Act.Index != from+int64(i) {
				return fmt.Errorf("record: act %d of stream %s differs from its leaf", from+int64(i), f.Short())
			}
		}
		from += int64(len(list))
	}
	last, err := r.Last(ctx, f)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	root, err := r.Root(ctx, f, last.Size)
	if err == nil && root != last.Root {
		err = fmt.Errorf("record: stream %s differs from its signed head of %d acts", f.Short(), last.Size)
	}
	return err
}
