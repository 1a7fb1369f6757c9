package place

import (
	"context"
	"fmt"
	"slices"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// MaxWhose is the longest note on whose a root key is, in characters.
const MaxWhose = 120

// RootKey is a root key of a place, and with whom it lies, which the keepers
// alone know.
type RootKey struct {
	Public string // Multikey
	Whose  string
}

// RootKeys are those of a place, and how many of them must agree; none is the
// zero value.
type RootKeys struct {
	Keys      []RootKey
	Threshold int
}

var (
	rootNotes   = db.Rows[RootKey](`select public, whose from root_note where stream = $1`)
	putRootNote = db.Exec(`insert into root_note (stream, public, whose) values ($1, $2, $3) on conflict (stream, public) do update set whose = excluded.whose`)
)

// RootKeys reads the root keys in force of a place, for its keepers.
func (p *Places) RootKeys(ctx context.Context, v Viewer, stream act.Fingerprint) (RootKeys, error) {
	if err := May(ctx, p.db, v, stream, SetRootKeys, Any); err != nil {
		return RootKeys{}, err
	}
	roots, _, err := act.RootsOf(ctx, p.db, stream)
	if err != nil || !roots.Set() {
		return RootKeys{}, err
	}
	notes, err := rootNotes.All(ctx, p.db, stream)
	r := RootKeys{Threshold: roots.Threshold}
	for _, k := range roots.Keys {
		key := RootKey{Public: k}
		if i := slices.IndexFunc(notes, func(n RootKey) bool { return n.Public == k }); i >= 0 {
			key.Whose = notes[i].Whose
		}
		r.Keys = append(r.Keys, key)
	}
	return r, err
}

// clean brings what a keeper typed into order: faults of "keys" and "threshold".
func (r *RootKeys) clean() error {
	var f fault.Fields
	switch {
	case len(r.Keys) == 0:
		f.Add("keys", "roots.keys.none")
	case len(r.Keys) > act.MaxRoots:
		f.Add("keys", "fault.too_many", "max", act.MaxRoots)
		return f.Err()
	}
	for i := range r.Keys {
		k := &r.Keys[i]
		key, err := act.DecodeKey(k.Public)
		switch {
		case err != nil || act.EncodeKey(key) != k.Public:
			f.Add("keys", "roots.keys.no_key", "n", i+1)
		case slices.ContainsFunc(r.Keys[:i], func(x RootKey) bool { return x.Public == k.Public }):
			f.Add("keys", "roots.keys.twice", "n", i+1)
		}
		k.Whose, err = fault.Line("keys", k.Whose, MaxWhose)
		f.Merge(err)
	}
	if r.Threshold < 1 || r.Threshold > len(r.Keys) {
		f.Add("threshold", "roots.threshold.range", "max", len(r.Keys))
	}
	return f.Err()
}

func (r RootKeys) publics() []string {
	list := make([]string, len(r.Keys))
	for i, k := range r.Keys {
		list[i] = k.Public
	}
	return list
}

// SetRootKeys names the root keys of a place. While it has none, that is done at
// once and the statement is ""; else it returns what holders of those in force
// have to sign before CarryOut does it.
func (p *Places) SetRootKeys(ctx context.Context, v Viewer, stream act.Fingerprint, r RootKeys) (statement string, err error) {
	if err := r.clean(); err != nil {
		return "", err
	}
	_, err = p.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := May(ctx, tx, v, stream, SetRootKeys, Any); err != nil {
			return nil, err
		}
		for _, k := range r.Keys {
			if _, err := putRootNote.Run(ctx, tx, stream, k.Public, k.Whose); err != nil {
				return nil, err
			}
		}
		roots, since, err := act.RootsOf(ctx, tx, stream)
		if err != nil {
			return nil, err
		}
		if roots.Set() {
			statement, err = written(ctx, tx, act.Statement{Type: act.SetRootsType, Stream: stream, After: since, Roots: r.publics(), Threshold: r.Threshold})
			return nil, err
		}
		statement = ""
		set := act.SetRoots{After: since, Keys: r.publics(), Threshold: r.Threshold, Proofs: []act.RootProof{}}
		return p.settingRoots(ctx, tx, v, stream, set)
	})
	return statement, err
}

// written is a statement for a place that stands here, to be handed on.
func written(ctx context.Context, on db.Queryer, s act.Statement) (string, error) {
	at, err := act.StreamIn(ctx, on, s.Stream)
	if err != nil {
		return "", err
	}
	s.Place = at.Actor
	document, err := s.Document()
	return string(document), err
}

// settingRoots notes it where members read what keepers did.
func (p *Places) settingRoots(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint, set act.SetRoots) ([]act.Draft, error) {
	err := Note(ctx, tx, v, stream, act.Micros(p.now()), SetRootsDeed, "", fmt.Sprintf("%d/%d", set.Threshold, len(set.Keys)), "")
	return []act.Draft{{Type: act.SetRootsType, Object: set}}, err
}

// PrepareRecovery makes a signing key for a place that is to get it by its root
// keys, and returns what their holders have to sign. What was prepared before
// serves no more; nor does this once the place has published something else.
func (p *Places) PrepareRecovery(ctx context.Context, v Viewer, stream act.Fingerprint) (statement string, err error) {
	_, err = p.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := May(ctx, tx, v, stream, SetRootKeys, Any); err != nil {
			return nil, err
		}
		roots, _, err := act.RootsOf(ctx, tx, stream)
		if err == nil && !roots.Set() {
			err = fault.New(fault.Conflict, "roots.none_set")
		}
		if err != nil {
			return nil, err
		}
		statement, err = p.recovery(ctx, tx, stream, "")
		return nil, err
	})
	return statement, err
}

// recovery prepares a key and writes the statement that gives it to a stream, at
// an address, or "" for where it is.
func (p *Places) recovery(ctx context.Context, tx *db.Tx, stream act.Fingerprint, address string) (string, error) {
	at, err := act.StreamIn(ctx, tx, stream)
	if err != nil {
		return "", err
	}
	s := act.Statement{Type: act.RecoverType, Stream: stream, Address: address}
	if s.After, err = act.HeadOf(ctx, tx, at); err != nil {
		return "", err
	}
	if s.Key, err = p.log.PrepareKey(ctx, tx, stream); err != nil {
		return "", err
	}
	return written(ctx, tx, s)
}

// CarryOut does what a statement says, once as many root keys as must have signed
// it: other root keys, or a new signing key. proofs are as people paste them.
func (p *Places) CarryOut(ctx context.Context, v Viewer, stream act.Fingerprint, statement, proofs string) error {
	if err := May(ctx, p.db, v, stream, SetRootKeys, Any); err != nil {
		return err
	}
	s, list, err := signedStatement(stream, statement, proofs)
	if err != nil {
		return err
	}
	allowed := func(ctx context.Context, tx *db.Tx) error { return May(ctx, tx, v, stream, SetRootKeys, Any) }
	if s.Type == act.RecoverType {
		if s.Address != "" {
			return fault.At("statement", "roots.statement.other")
		}
		return p.log.Recover(ctx, s, list, func(ctx context.Context, tx *db.Tx) error {
			if err := allowed(ctx, tx); err != nil {
				return err
			}
			return Note(ctx, tx, v, stream, act.Micros(p.now()), RecoverDeed, "", "", "")
		})
	}
	_, err = p.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := allowed(ctx, tx); err != nil {
			return nil, err
		}
		return p.settingRoots(ctx, tx, v, stream, act.SetRoots{After: s.After, Keys: s.Roots, Threshold: s.Threshold, Proofs: list})
	})
	return err
}

// signedStatement reads what was pasted: faults of "statement" and "proofs".
func signedStatement(stream act.Fingerprint, statement, proofs string) (act.Statement, []act.RootProof, error) {
	var f fault.Fields
	s, err := act.ParseStatement([]byte(statement))
	if err == nil && s.Stream != stream {
		err = fault.At("statement", "roots.statement.other")
	}
	f.Merge(err)
	list, err := act.ParseRootProofs(proofs)
	f.Merge(err)
	return s, list, f.Err()
}

// PrepareTakeUp readies this node to keep a place of another that it holds: it
// makes a signing key and returns what holders of the place's root keys have to
// sign. Conflict when it is ours, or has no root keys.
func (p *Places) PrepareTakeUp(ctx context.Context, v Viewer, stream act.Fingerprint) (statement string, err error) {
	err = p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, "", KeepSite, Any); err != nil {
			return err
		}
		at, err := act.StreamIn(ctx, tx, stream)
		if err != nil {
			return err
		}
		if at.Own {
			return fault.New(fault.Conflict, "fault.own_stream")
		}
		roots, _, err := act.RootsOf(ctx, tx, stream)
		if err == nil && !roots.Set() {
			err = fault.New(fault.Conflict, "roots.none_set")
		}
		if err != nil {
			return err
		}
		statement, err = p.recovery(ctx, tx, stream, p.base)
		return err
	})
	return statement, err
}

// TakeUp makes a place that we hold one of ours, once as many root keys as must
// signed the statement that PrepareTakeUp gave. It returns the secret of a link
// for its first keeper here. also runs in the same transaction.
func (p *Places) TakeUp(ctx context.Context, v Viewer, stream act.Fingerprint, statement, proofs string, also func(ctx context.Context, tx *db.Tx) error) (secret string, err error) {
	if err := May(ctx, p.db, v, "", KeepSite, Any); err != nil {
		return "", err
	}
	s, list, err := signedStatement(stream, statement, proofs)
	if err != nil {
		return "", err
	}
	if s.Type != act.RecoverType || s.Address != p.base {
		return "", fault.At("statement", "roots.statement.other")
	}
	secret, hash := NewSecret()
	err = p.log.TakeUp(ctx, s, list, func(ctx context.Context, tx *db.Tx) error {
		if err := May(ctx, tx, v, "", KeepSite, Any); err != nil {
			return err
		}
		now := p.now()
		if _, err := insertInvitation.Run(ctx, tx, act.NewToken(), hash, stream, Keeper, v.Person, act.Micros(now), act.Micros(now.Add(InvitationLasts))); err != nil {
			return err
		}
		return also(ctx, tx)
	})
	return secret, err
}

var dropLinks = db.Exec(`delete from invitation where stream = $1 and used = 0`)

// FirstKeeper makes the link for the first keeper of a place that moved here anew,
// for a keeper of the site: it is shown once and lasts as long as an invitation, and
// without it nobody could ever keep the place. Earlier links end. Conflict once the
// place has a keeper, and where it did not move here.
func (p *Places) FirstKeeper(ctx context.Context, v Viewer, stream act.Fingerprint) (secret string, err error) {
	secret, hash := NewSecret()
	return secret, p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, "", KeepSite, Any); err != nil {
			return err
		}
		without, err := p.WithoutKeeper(ctx, tx, stream)
		if err == nil && !without {
			err = fault.New(fault.Conflict, "move.kept")
		}
		if err != nil {
			return err
		}
		if _, err := dropLinks.Run(ctx, tx, stream); err != nil {
			return err
		}
		now := p.now()
		if err := Note(ctx, tx, v, "", act.Micros(now), FirstKeeperDeed, "", string(stream), ""); err != nil {
			return err
		}
		_, err = insertInvitation.Run(ctx, tx, act.NewToken(), hash, stream, Keeper, v.Person, act.Micros(now), act.Micros(now.Add(InvitationLasts)))
		return err
	})
}

// WithoutKeeper tells whether a place moved here and nobody keeps it yet.
func (p *Places) WithoutKeeper(ctx context.Context, on db.Queryer, stream act.Fingerprint) (bool, error) {
	at, err := act.StreamIn(ctx, on, stream)
	if err != nil || !at.Own {
		return false, err
	}
	moved, err := act.MovedAt(ctx, on, stream)
	if err != nil || moved < 0 {
		return false, err
	}
	n, err := keepersOf.One(ctx, on, stream)
	return n == 0, err
}
