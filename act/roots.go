package act

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"translocal/db"
	"translocal/fault"
)

// Root keys lie with people, offline. So many of them together say which they
// are, and can give a stream another signing key and another host: when its key
// was lost or stolen, or its node is gone. What they sign is a Statement, made
// before the act that carries it. The signing key alone can do none of that once
// root keys are set.

// Point names an act of a stream.
type Point struct {
	Hash  string `json:"hash"` // hex leaf hash
	Index int64  `json:"index"`
}

// Roots are root keys and how many of them must agree; the zero value is none.
type Roots struct {
	Keys      []string // Multikeys
	Threshold int
}

// Set tells whether there are any.
func (r Roots) Set() bool { return len(r.Keys) > 0 && r.Threshold > 0 }

// RootProof is the proof by a root key of a statement: a Data Integrity proof
// (FEP-8b32) of which all other members are fixed, and so left out.
type RootProof struct {
	Key       string `json:"key"`       // Multikey
	Signature string `json:"signature"` // base58btc
}

// SetRoots is the object of the act that names the root keys. The stream's
// signing key suffices while there are none; then so many of those in force.
type SetRoots struct {
	After     Point       `json:"after"` // the last act that set or used root keys; the first while none did
	Keys      []string    `json:"keys"`
	Proofs    []RootProof `json:"proofs"`
	Threshold int         `json:"threshold"`
}

// Recover is the object of the act that gives a stream a new signing key by the
// word of its root keys. The new key signs it; the one before need not be there.
type Recover struct {
	Address string      `json:"address,omitempty"` // base URL of the node that keeps the place from here on
	After   Point       `json:"after"`             // the act before this one
	Key     string      `json:"key"`
	Proofs  []RootProof `json:"proofs"`
}

// The types that root keys have to do with.
const (
	SetRootsType = "act.SetRoots.v1"
	RecoverType  = "act.Recover.v1"
)

// MaxRoots is how many root keys a stream has at most.
const MaxRoots = 32

// maxStatement is the most bytes of a statement: 32 keys, with room.
const maxStatement = 8 << 10

// Statement is what holders of root keys sign: what is to be done, to which
// stream, and after which of its acts, so that it serves once and nowhere else.
type Statement struct {
	Address   string      `json:"address,omitempty"`
	After     Point       `json:"after"`
	Key       string      `json:"key,omitempty"`   // of Recover
	Place     string      `json:"place"`           // its URL
	Roots     []string    `json:"roots,omitempty"` // of SetRoots
	Stream    Fingerprint `json:"stream"`
	Threshold int         `json:"threshold,omitempty"`
	Type      string      `json:"type"` // of the act
}

// ParseStatement reads a statement as people hand it on: white space around its
// members does no harm. It checks the shape alone, and never panics.
func ParseStatement(raw []byte) (s Statement, err error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > maxStatement {
		return s, fault.At("statement", "fault.too_long", "max", maxStatement)
	}
	if err := shallow(raw); err != nil {
		return s, fault.At("statement", "roots.statement.unreadable")
	}
	if err := strict(raw, &s); err != nil {
		return Statement{}, fault.At("statement", "roots.statement.unreadable")
	}
	return s, s.check()
}

func (s Statement) check() error {
	unfit := fault.At("statement", "roots.statement.unfit")
	if CheckURL("place", s.Place) != nil || !s.Stream.Valid() || s.After.check("after") != nil {
		return unfit
	}
	switch s.Type {
	case SetRootsType:
		if s.Key != "" || s.Address != "" || checkRoots(s.Roots, s.Threshold) != nil {
			return unfit
		}
	case RecoverType:
		if len(s.Roots) > 0 || s.Threshold != 0 || checkKey("key", s.Key) != nil || checkAddress(s.Address) != nil {
			return unfit
		}
	default:
		return unfit
	}
	return nil
}

// Document is the canonical form, which is what is signed.
func (s Statement) Document() ([]byte, error) { return Canonical(s) }

// Sign makes the proof of a statement by a root key.
func (s Statement) Sign(key ed25519.PrivateKey) (RootProof, error) {
	document, err := s.Document()
	if err != nil {
		return RootProof{}, err
	}
	p := RootProof{Key: EncodeKey(key.Public().(ed25519.PublicKey))}
	sum, err := p.full().sum(document)
	if err != nil {
		return RootProof{}, err
	}
	p.Signature = EncodeBase58(ed25519.Sign(key, sum))
	return p, nil
}

// full is the Data Integrity proof that p stands for.
func (p RootProof) full() proof {
	return proof{Cryptosuite: "eddsa-jcs-2022", ProofPurpose: "assertionMethod", ProofValue: p.Signature,
		Type: "DataIntegrityProof", VerificationMethod: "did:key:" + p.Key + "#" + p.Key}
}

// verify checks the proof over a statement's canonical form.
func (p RootProof) verify(document []byte) error {
	key, err := DecodeKey(p.Key)
	if err != nil {
		return err
	}
	return p.full().verify(document, nil, key)
}

// String is a proof as people paste it; ParseRootProofs reads it.
func (p RootProof) String() string { return p.Key + " " + p.Signature }

// ParseRootProofs reads proofs as people paste them: keys and signatures in turn,
// with any white space between.
func ParseRootProofs(text string) ([]RootProof, error) {
	words := strings.Fields(text)
	if len(words) > 2*MaxRoots {
		return nil, fault.At("proofs", "fault.too_many", "max", MaxRoots)
	}
	if len(words)%2 != 0 {
		return nil, fault.At("proofs", "roots.proofs.pairs")
	}
	list := []RootProof{}
	for i := 0; i < len(words); i += 2 {
		list = append(list, RootProof{Key: words[i], Signature: words[i+1]})
	}
	return list, checkRootProofs(list)
}

func checkRootProofs(list []RootProof) error {
	if len(list) > MaxRoots {
		return fault.At("proofs", "fault.too_many", "max", MaxRoots)
	}
	for _, p := range list {
		sig, err := DecodeBase58(p.Signature)
		if err != nil || len(sig) != ed25519.SignatureSize || checkKey("proofs", p.Key) != nil {
			return fault.At("proofs", "roots.proofs.shape")
		}
	}
	return nil
}

// agree is nil when as many of the keys as must have signed the document, each
// counted once. A proof by no root key, or one that does not hold, spoils it.
func (r Roots) agree(document []byte, proofs []RootProof) error {
	if err := checkRootProofs(proofs); err != nil {
		return err
	}
	agreed := map[string]bool{}
	for _, p := range proofs {
		if !slices.Contains(r.Keys, p.Key) {
			return fault.At("proofs", "roots.proofs.no_root", "key", p.Key)
		}
		if err := p.verify(document); err != nil {
			return fault.At("proofs", "roots.proofs.wrong", "key", p.Key)
		}
		agreed[p.Key] = true
	}
	if len(agreed) < r.Threshold {
		return fault.At("proofs", "roots.proofs.few", "have", len(agreed), "need", r.Threshold)
	}
	return nil
}

// checkKey takes a key in the one form that it has.
func checkKey(field, multikey string) error {
	key, err := DecodeKey(multikey)
	if err != nil || EncodeKey(key) != multikey {
		return fault.At(field, "fault.key")
	}
	return nil
}

func checkRoots(keys []string, threshold int) error {
	if len(keys) == 0 || len(keys) > MaxRoots {
		return fault.At("object.keys", "fault.number")
	}
	for i, k := range keys {
		if checkKey("", k) != nil || slices.Contains(keys[:i], k) {
			return fault.At(fmt.Sprintf("object.keys.%d", i), "fault.key")
		}
	}
	if threshold < 1 || threshold > len(keys) {
		return fault.At("object.threshold", "fault.number")
	}
	return nil
}

// checkAddress takes "" or the base URL of a node.
func checkAddress(base string) error {
	if base == "" {
		return nil
	}
	if err := CheckURL("object.address", base); err != nil {
		return err
	}
	if Host(base) != base || strings.ToLower(base) != base || strings.ContainsAny(base, "?#") {
		return fault.At("object.address", "fault.url")
	}
	return nil
}

func (p Point) check(field string) error {
	if p.Index < 0 || p.Index > 1<<40 || !Fingerprint(p.Hash).Valid() {
		return fault.At(field, "fault.hash")
	}
	return nil
}

func checkSetRoots(a *Act, s *SetRoots) error {
	if err := s.After.check("object.after"); err != nil {
		return err
	}
	if err := checkRoots(s.Keys, s.Threshold); err != nil {
		return err
	}
	return checkRootProofs(s.Proofs)
}

func checkRecover(a *Act, r *Recover) error {
	if err := r.After.check("object.after"); err != nil {
		return err
	}
	if r.After.Index != a.Index-1 {
		return fault.At("object.after", "roots.statement.late")
	}
	if err := checkKey("object.key", r.Key); err != nil {
		return err
	}
	if err := checkAddress(r.Address); err != nil {
		return err
	}
	if err := checkRootProofs(r.Proofs); err != nil {
		return err
	}
	if err := a.verifyBy(r.Key); err != nil {
		return fault.At("object.key", "fault.key_not_shown")
	}
	return nil
}

func (s *SetRoots) statement(a *Act) Statement {
	return Statement{Type: SetRootsType, Place: a.Actor, Stream: a.Stream, After: s.After, Roots: s.Keys, Threshold: s.Threshold}
}

func (r *Recover) statement(a *Act) Statement {
	return Statement{Type: RecoverType, Place: a.Actor, Stream: a.Stream, After: r.After, Key: r.Key, Address: r.Address}
}

// authority is who may speak for a stream at an index: its signing key, its root
// keys, and the node that keeps it. It follows from the acts before alone.
type authority struct {
	key     string
	roots   Roots
	since   Point  // the last act that set or used root keys
	address string // base URL of the node; "" while it is that of the actor's URL
}

// founded is the authority after the first act.
func founded(a *Act, f *Found) authority {
	return authority{key: f.Key, roots: Roots{f.RootKeys, f.Threshold}, since: Point{Hash: string(a.Stream)}}
}

// maySet is nil when an act names root keys rightly.
func (u *authority) maySet(a *Act, s *SetRoots) error {
	if err := checkSetRoots(a, s); err != nil {
		return err
	}
	if s.After != u.since {
		return fault.At("statement", "roots.statement.late")
	}
	if slices.Contains(s.Keys, u.key) {
		return fault.At("keys", "roots.keys.signing")
	}
	if !u.roots.Set() {
		if len(s.Proofs) > 0 {
			return fault.At("proofs", "roots.proofs.none_set")
		}
		return nil
	}
	return u.agreed(s.statement(a), s.Proofs)
}

// mayRecover is nil when an act gives a new key rightly. before is the hash of
// the act before it, nil where that is not known.
func (u *authority) mayRecover(a *Act, r *Recover, before *Hash) error {
	if err := checkRecover(a, r); err != nil {
		return err
	}
	switch {
	case before != nil && MarshalHash(*before) != r.After.Hash:
		return fault.At("statement", "roots.statement.late")
	case !u.roots.Set():
		return fault.At("proofs", "roots.none_set")
	case r.Key == u.key || slices.Contains(u.roots.Keys, r.Key):
		return fault.At("object.key", "fault.key")
	}
	return u.agreed(r.statement(a), r.Proofs)
}

func (u *authority) agreed(s Statement, proofs []RootProof) error {
	document, err := s.Document()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return u.roots.agree(document, proofs)
}

// signer is the key that has to have signed an act: the stream's, unless the
// act rightly gives it a new one by its root keys.
func (u *authority) signer(a *Act, before *Hash) string {
	var r Recover
	if a.Type == RecoverType && strict(a.Object, &r) == nil && u.mayRecover(a, &r, before) == nil {
		return r.Key
	}
	return u.key
}

// take takes over what an act changes, whose signature was verified, and tells
// whether it changed anything: what its type would find void does not.
func (u *authority) take(a *Act, before *Hash) bool {
	switch a.Type {
	case SetKeyType:
		var s SetKey
		if strict(a.Object, &s) != nil || checkSetKey(a, &s) != nil {
			return false
		}
		u.key = s.Key
	case SetRootsType:
		var s SetRoots
		if strict(a.Object, &s) != nil || u.maySet(a, &s) != nil {
			return false
		}
		u.roots, u.since = Roots{s.Keys, s.Threshold}, a.point()
	case RecoverType:
		var r Recover
		if strict(a.Object, &r) != nil || u.mayRecover(a, &r, before) != nil {
			return false
		}
		u.key, u.since = r.Key, a.point()
		if r.Address != "" {
			u.address = r.Address
		}
	default:
		return false
	}
	return true
}

func (a *Act) point() Point { return Point{Hash: MarshalHash(a.Leaf), Index: a.Index} }

type rootRow struct {
	Index     int64
	Leaf      []byte
	Keys      string // JSON list
	Threshold int
}

var (
	rootsBefore   = db.Rows[rootRow](`select r.idx, a.leaf, r.keys, r.threshold from stream_root r join act a on a.stream = r.stream and a.idx = r.idx where r.stream = $1 and r.idx < $2 order by r.idx desc limit 1`)
	addressBefore = db.Rows[string](`select address from stream_address where stream = $1 and idx < $2 order by idx desc limit 1`)
	addressesOf   = db.Rows[string](`select address from stream_address where stream = $1 order by idx`)
	insertRoots   = db.Exec(`insert into stream_root (stream, idx, keys, threshold) values ($1, $2, $3, $4)`)
	insertAddress = db.Exec(`insert into stream_address (stream, idx, address) values ($1, $2, $3)`)
)

// authorityAt reads who may speak for a stream at an index, which is not 0.
func authorityAt(ctx context.Context, on db.Queryer, f Fingerprint, index int64) (u authority, err error) {
	if u.key, err = KeyAt(ctx, on, f, index); err != nil {
		return u, err
	}
	if u.roots, u.since, err = rootsAt(ctx, on, f, index); err != nil {
		return u, err
	}
	u.address, err = addressBefore.One(ctx, on, f, index)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return u, err
}

// rootsAt reads the root keys that a stream has at an index, and the last act
// before it that set or used some.
func rootsAt(ctx context.Context, on db.Queryer, f Fingerprint, index int64) (Roots, Point, error) {
	row, err := rootsBefore.One(ctx, on, f, index)
	if fault.Is(err, fault.NotFound) {
		return foundRoots(ctx, on, f)
	}
	if err != nil {
		return Roots{}, Point{}, err
	}
	r, since := Roots{Threshold: row.Threshold}, Point{Index: row.Index}
	var leaf Hash
	copy(leaf[:], row.Leaf)
	since.Hash = MarshalHash(leaf)
	return r, since, json.Unmarshal([]byte(row.Keys), &r.Keys)
}

// foundRoots are those that the first act names.
func foundRoots(ctx context.Context, on db.Queryer, f Fingerprint) (Roots, Point, error) {
	rows, err := actRows.All(ctx, on, f, 0, 1)
	if err == nil && (len(rows) == 0 || rows[0].Index != 0) {
		err = db.ErrNoRow
	}
	if err != nil {
		return Roots{}, Point{}, err
	}
	a, err := parse(rows[0].Envelope)
	if err != nil {
		return Roots{}, Point{}, err
	}
	var found Found
	if err := strict(a.Object, &found); err != nil {
		return Roots{}, Point{}, fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	u := founded(a, &found)
	return u.roots, u.since, nil
}

// RootsOf reads the root keys in force of a stream, and the act after which a
// statement that names others has to be made.
func RootsOf(ctx context.Context, on db.Queryer, f Fingerprint) (Roots, Point, error) {
	return rootsAt(ctx, on, f, 1<<41)
}

// AddressOf is the base URL of the node that keeps a stream: as its acts say, or
// that of its actor's URL, which stays what it was founded as.
func AddressOf(ctx context.Context, on db.Queryer, s Stream) (string, error) {
	address, err := addressBefore.One(ctx, on, s.Fingerprint, int64(1)<<41)
	if fault.Is(err, fault.NotFound) {
		return Host(s.Actor), nil
	}
	return address, err
}

// AddressesOf are the base URLs of the nodes that kept a stream, the first first.
func AddressesOf(ctx context.Context, on db.Queryer, s Stream) ([]string, error) {
	moved, err := addressesOf.All(ctx, on, s.Fingerprint)
	return append([]string{Host(s.Actor)}, moved...), err
}

func applySetRoots(ctx context.Context, tx *db.Tx, a *Act, s *SetRoots) error {
	u, err := authorityAt(ctx, tx, a.Stream, a.Index)
	if err != nil {
		return err
	}
	if err := u.maySet(a, s); err != nil {
		return err
	}
	return putRoots(ctx, tx, a, Roots{s.Keys, s.Threshold})
}

func putRoots(ctx context.Context, tx *db.Tx, a *Act, r Roots) error {
	keys, err := json.Marshal(r.Keys)
	if err != nil {
		return err
	}
	_, err = insertRoots.Run(ctx, tx, a.Stream, a.Index, string(keys), r.Threshold)
	return err
}

// applyRecover notes the root keys anew, so that what they signed serves once.
func applyRecover(ctx context.Context, tx *db.Tx, a *Act, r *Recover) error {
	u, err := authorityAt(ctx, tx, a.Stream, a.Index)
	if err != nil {
		return err
	}
	before, err := leafBefore(ctx, tx, a.Stream, a.Index)
	if err != nil {
		return err
	}
	if err := u.mayRecover(a, r, before); err != nil {
		return err
	}
	if err := putRoots(ctx, tx, a, u.roots); err != nil {
		return err
	}
	if r.Address != "" {
		if _, err := insertAddress.Run(ctx, tx, a.Stream, a.Index, r.Address); err != nil {
			return err
		}
	}
	_, err = insertStreamKey.Run(ctx, tx, a.Stream, a.Index+1, r.Key)
	return err
}

// leafBefore is the hash of the act before an index that is not 0.
func leafBefore(ctx context.Context, on db.Queryer, f Fingerprint, index int64) (*Hash, error) {
	list, err := Leaves(ctx, on, f, index-1, 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("act: the act before is missing")
	}
	return &list[0], nil
}
