package record

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"translocal/act"
	"translocal/fault"
)

// What a stream can do to those who follow it.
var (
	// ErrSignature is a checkpoint that its place did not sign.
	ErrSignature = errors.New("the checkpoint is not signed by the key of the stream")
	// ErrRewind is a signed head that is shorter than one signed before; what it
	// holds agrees with ours. A restored backup looks like that.
	ErrRewind = errors.New("the stream went back behind what it signed before")
	// ErrUnproven is a longer signed head with no proof that it continues what we
	// hold: of a fork, or of whoever served it.
	ErrUnproven = errors.New("the signed head is not proven to continue what we hold")
)

// A Page is what a place says of its stream beside the acts themselves.
type Page struct {
	Checkpoint []byte     // signed
	Proof      []act.Hash // that the acts so far are the beginning of the checkpoint's
	KeyAt      func(size int64) (string, error)
}

// Verify checks acts that continue what we hold of a stream, from index from on,
// against the signed head that came with them: the root is computed from our own
// leaves and the new ones, and proven consistent with the head. leaves may be
// empty. A head that contradicts ours is kept as evidence and gives act.ErrFork,
// one that went back ErrRewind, one that proves nothing ErrUnproven; what is not
// signed rightly is a fault of kind Invalid and no evidence of anything.
func (r *Record) Verify(ctx context.Context, f act.Fingerprint, origin string, from int64, leaves []act.Hash, p Page) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, origin, p.KeyAt)
	if err != nil {
		return c, err
	}
	end := from + int64(len(leaves))
	if c.Size < end {
		if len(leaves) > 0 {
			return c, fault.New(fault.Invalid, "fault.checkpoint") // acts that their own head does not cover
		}
		return c, r.behind(ctx, f, c)
	}
	if end == 0 {
		return c, nil
	}
	root, err := r.rootWith(ctx, f, from, leaves)
	if err != nil {
		return c, err
	}
	if err := consistent(p.Proof, c, end, root); err == nil {
		return c, nil
	}
	if c.Size == end {
		return c, r.fork(ctx, f, c)
	}
	if err := r.testify(ctx, f, "unproven", c); err != nil {
		return c, err
	}
	return c, fmt.Errorf("stream %s, from %d to %d acts: %w", f.Short(), end, c.Size, ErrUnproven)
}

func consistent(proof []act.Hash, c Checkpoint, size int64, root act.Hash) error {
	if size == c.Size {
		if root != c.Root {
			return act.ErrFork
		}
		return nil
	}
	return tlog.CheckTree(proof, c.Size, c.Root, size, root)
}

func (r *Record) fork(ctx context.Context, f act.Fingerprint, c Checkpoint) error {
	if err := r.testify(ctx, f, "fork", c); err != nil {
		return err
	}
	return fmt.Errorf("stream %s at %d acts: %w", f.Short(), c.Size, act.ErrFork)
}

// behind judges a head that is shorter than what we hold.
func (r *Record) behind(ctx context.Context, f act.Fingerprint, c Checkpoint) error {
	root, err := r.Root(ctx, f, c.Size)
	if err != nil {
		return err
	}
	if root != c.Root {
		return r.fork(ctx, f, c)
	}
	if err := r.testify(ctx, f, "rewind", c); err != nil {
		return err
	}
	return fmt.Errorf("stream %s: %w", f.Short(), ErrRewind)
}

func (r *Record) rootWith(ctx context.Context, f act.Fingerprint, from int64, leaves []act.Hash) (act.Hash, error) {
	t, done, err := r.trees.open(ctx, f, from)
	if err != nil {
		return act.Hash{}, err
	}
	defer done()
	b, err := t.over(from, leaves)
	if err != nil {
		return act.Hash{}, err
	}
	return tlog.TreeHash(b.n, b)
}

// Keep stores the checkpoint of a stream of another, verified and its acts
// received.
func (r *Record) Keep(ctx context.Context, f act.Fingerprint, c Checkpoint) error {
	return r.store(ctx, f, c)
}
