package record

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"translocal/act"
	"translocal/db"
)

// maxLeaves bounds the trees in memory: 64 bytes a leaf, so 16 MiB.
const maxLeaves = 256 << 10

// trees are the trees used last. A tree is a prefix of its stream, which only
// grows: it is never wrong, only short.
type trees struct {
	db  *db.DB
	mu  sync.Mutex
	m   map[act.Fingerprint]*list.Element // of *entry
	lru *list.List                        // used last in front
	max int64
}

func newTrees(d *db.DB) *trees {
	return &trees{db: d, m: map[act.Fingerprint]*list.Element{}, lru: list.New(), max: maxLeaves}
}

// tree holds the stored hashes of a stream in tlog's order.
type tree struct {
	stream act.Fingerprint
	mu     sync.Mutex
	n      int64 // leaves
	hashes []tlog.Hash
}

// ReadHashes implements tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("record: hash %d of %d", x, len(t.hashes))
		}
		out[i] = t.hashes[x]
	}
	return out, nil
}

func (t *tree) add(leaf tlog.Hash) error {
	more, err := tlog.StoredHashesForRecordHash(t.n, leaf, t)
	if err != nil {
		return err
	}
	t.hashes = append(t.hashes, more...)
	t.n++
	return nil
}

// open gives the tree of a stream with at least size leaves, locked until done
// is called. It fails when the stream has fewer.
func (ts *trees) open(ctx context.Context, f act.Fingerprint, size int64) (t *tree, done func(), err error) {
	t = ts.get(f)
	t.mu.Lock()
	if err := t.grow(ctx, ts.db, size); err != nil {
		t.mu.Unlock()
		return nil, nil, err
	}
	n := t.n
	return t, func() { t.mu.Unlock(); ts.trim(f, n) }, nil
}

func (ts *trees) get(f act.Fingerprint) *tree {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if e := ts.m[f]; e != nil {
		ts.lru.MoveToFront(e)
		return e.Value.(*entry).tree
	}
	t := &tree{stream: f}
	ts.m[f] = ts.lru.PushFront(&entry{tree: t})
	return t
}

// entry is a tree with its size as last seen, which trim may read unlocked.
type entry struct {
	tree   *tree
	leaves int64
}

// trim forgets the trees used longest ago until the rest fits; the one just used
// stays, however large.
func (ts *trees) trim(f act.Fingerprint, leaves int64) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if e := ts.m[f]; e != nil {
		e.Value.(*entry).leaves = leaves
	}
	var sum int64
	for e := ts.lru.Front(); e != nil; e = e.Next() {
		sum += e.Value.(*entry).leaves
	}
	for sum > ts.max && ts.lru.Len() > 1 {
		e := ts.lru.Back()
		old := e.Value.(*entry)
		sum -= old.leaves
		delete(ts.m, old.tree.stream)
		ts.lru.Remove(e)
	}
}

const leafBatch = 4096

func (t *tree) grow(ctx context.Context, on db.Queryer, size int64) error {
	for t.n < size {
		leaves, err := act.Leaves(ctx, on, t.stream, t.n, int(min(size-t.n, leafBatch)))
		if err != nil {
			return err
		}
		if len(leaves) == 0 {
			return fmt.Errorf("record: stream %s has %d acts, not %d", t.stream.Short(), t.n, size)
		}
		for _, leaf := range leaves {
			if err := t.add(leaf); err != nil {
				return err
			}
		}
	}
	return nil
}

// beyond is a tree with leaves on top that are not in it yet.
type beyond struct {
	*tree
	base int64 // how many leaves of the tree count
	more []tlog.Hash
	n    int64
}

// over looks at the tree as if it had only base leaves, and then those.
func (t *tree) over(base int64, leaves []tlog.Hash) (*beyond, error) {
	b := &beyond{tree: t, base: tlog.StoredHashCount(base), n: base}
	for _, leaf := range leaves {
		more, err := tlog.StoredHashesForRecordHash(b.n, leaf, b)
		if err != nil {
			return nil, err
		}
		b.more = append(b.more, more...)
		b.n++
	}
	return b, nil
}

// ReadHashes implements tlog.HashReader.
func (b *beyond) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		switch {
		case x >= 0 && x < b.base && x < int64(len(b.hashes)):
			out[i] = b.hashes[x]
		case x >= b.base && x < b.base+int64(len(b.more)):
			out[i] = b.more[x-b.base]
		default:
			return nil, fmt.Errorf("record: hash %d is not there", x)
		}
	}
	return out, nil
}
