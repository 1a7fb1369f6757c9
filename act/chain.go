package act

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"translocal/db"
	"translocal/fault"
)

// A chain of keys is the Found envelope of a stream and those that changed its key
// or its root keys, in order: enough for somebody who holds nothing of the stream
// to know its key, and the node that keeps it.

var (
	chainRows   = db.Rows[[]byte](`select envelope from act where stream = $1 and idx >= $2 and state = 0 and type in ('` + FoundType + `', '` + SetKeyType + `', '` + SetRootsType + `', '` + RecoverType + `') order by idx`)
	senderChain = db.Rows[[]byte](`select chain from submission_sender where stream = $1`)
	saveChain   = db.Exec(`insert into submission_sender (stream, chain) values ($1, $2) on conflict (stream) do update set chain = excluded.chain`)
)

// verifyByChain checks a document by the key to which a chain leads, and gives
// the base URL of the node that speaks for its stream.
func verifyByChain(document []byte, chain []json.RawMessage, f Fingerprint, actor string) (address string, err error) {
	_, last, err := keysOf(chain, f, actor)
	if err != nil {
		return "", err
	}
	key, err := DecodeKey(last.key)
	if err == nil {
		err = Verify(document, key, actor+"#"+last.key)
	}
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "fault.proof")
	}
	return cmp.Or(last.address, Host(actor)), nil
}

// keysOf follows a chain: the Found envelope whose hash is the fingerprint, then
// each that changes the key or the root keys, rightly. keys has the signing key
// after each link.
func keysOf(chain []json.RawMessage, f Fingerprint, actor string) (keys []string, u authority, err error) {
	if len(chain) == 0 || len(chain) > maxChain {
		return nil, u, fault.At("chain", "fault.chain")
	}
	index := int64(-1)
	for i, raw := range chain {
		if len(raw) > maxChainLink {
			return nil, u, fault.At(fmt.Sprintf("chain.%d", i), "fault.document_too_large")
		}
		a, err := Parse(raw)
		if err != nil {
			return nil, u, err
		}
		if a.Stream != f || a.Actor != actor || a.Index <= index || (a.Index == 0) != (i == 0) {
			return nil, u, fault.At(fmt.Sprintf("chain.%d", i), "fault.chain")
		}
		if err := u.link(a); err != nil {
			return nil, u, fault.Wrap(fault.Invalid, err, "fault.chain")
		}
		keys, index = append(keys, u.key), a.Index
	}
	return keys, u, nil
}

// link takes an envelope of a chain, which must be signed and change something.
func (u *authority) link(a *Act) error {
	if a.Index == 0 {
		var f Found
		if err := strict(a.Object, &f); err != nil || a.Type != FoundType {
			return fault.At("type", "fault.type")
		}
		if err := checkFound(a, &f); err != nil {
			return err
		}
		*u = founded(a, &f)
		return a.verifyBy(f.Key)
	}
	if err := a.verifyBy(u.signer(a, nil)); err != nil {
		return err
	}
	if !u.take(a, nil) {
		return fault.At("type", "fault.type")
	}
	return nil
}

// chainFor is the chain of keys of a stream as far as we know it.
func chainFor(ctx context.Context, on db.Queryer, f Fingerprint) (chain []json.RawMessage, err error) {
	rows, err := chainRows.All(ctx, on, f, 0)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		chain = append(chain, r)
	}
	saved, err := senderChain.All(ctx, on, f)
	if err != nil || len(saved) == 0 {
		return chain, err
	}
	var known []json.RawMessage
	if err := json.Unmarshal(saved[0], &known); err != nil {
		return nil, err
	}
	if len(known) > len(chain) {
		chain = known
	}
	return chain, nil
}

// remember compares a chain with what we know of the stream: the longer must
// continue the shorter, and a shorter one than ours is of a key given up.
func remember(ctx context.Context, tx *db.Tx, f Fingerprint, chain []json.RawMessage) error {
	known, err := chainFor(ctx, tx, f)
	if err != nil {
		return err
	}
	if len(chain) < len(known) {
		return fault.New(fault.Forbidden, "fault.old_key")
	}
	for i, raw := range known {
		if !bytes.Equal(raw, chain[i]) {
			return fault.Wrap(fault.Forbidden, ErrFork, "fault.old_key")
		}
	}
	if len(chain) == len(known) {
		return nil
	}
	body, err := verbatim(chain)
	if err != nil {
		return err
	}
	_, err = saveChain.Run(ctx, tx, f, body)
	return err
}

// KeyChanges reads the envelopes of a stream's chain of keys from an index on.
func KeyChanges(ctx context.Context, on db.Queryer, f Fingerprint, from int64) ([]json.RawMessage, error) {
	rows, err := chainRows.All(ctx, on, f, from)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	for _, r := range rows {
		list = append(list, r)
	}
	return list, nil
}

// KeyAfter tells which key a stream has at any size past the acts that we hold:
// as the acts in list change it, which continue ours at index from and have been
// verified, and then the envelopes in later, which are verified here.
func KeyAfter(ctx context.Context, on db.Queryer, f Fingerprint, from int64, list []Entry, later []json.RawMessage) (func(size int64) (string, error), error) {
	v, err := newVerifier(ctx, on, f, from)
	if err != nil {
		return nil, err
	}
	changes := []keyChange{{0, v.authority.key}}
	for _, e := range list {
		v.passed(e.Act)
		changes = noted(changes, e.Act.Index+1, v.authority.key)
	}
	if len(later) > maxChain {
		return nil, fault.At("keys", "fault.chain")
	}
	after := from + int64(len(list))
	for i, raw := range later {
		a, err := Parse(raw)
		if err != nil {
			return nil, err
		}
		if a.Stream != f || a.Actor != v.actor || a.Index < after || a.Index == 0 {
			return nil, fault.At(fmt.Sprintf("keys.%d", i), "fault.chain")
		}
		if err := v.authority.link(a); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "fault.chain")
		}
		changes, after = noted(changes, a.Index+1, v.authority.key), a.Index+1
	}
	return func(size int64) (string, error) {
		key := ""
		for _, c := range changes {
			if c.from <= size {
				key = c.key
			}
		}
		return key, nil
	}, nil
}

// keyChange says which key a stream has from a size on.
type keyChange struct {
	from int64
	key  string
}

func noted(changes []keyChange, from int64, key string) []keyChange {
	if changes[len(changes)-1].key == key {
		return changes
	}
	return append(changes, keyChange{from, key})
}
