package act

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/gowebpki/jcs"
)

// Proofs: FEP-8b32 with the cryptosuite eddsa-jcs-2022; keys are written as
// Multikey (FEP-521a): 'z', base58btc of 0xed 0x01 and the 32 bytes.

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// EncodeBase58 writes bytes in base58btc with the multibase prefix 'z'.
func EncodeBase58(b []byte) string {
	zeros := 0
	for zeros < len(b) && b[zeros] == 0 {
		zeros++
	}
	n, rem, base := new(big.Int).SetBytes(b), new(big.Int), big.NewInt(58)
	var out []byte
	for n.Sign() > 0 {
		n.DivMod(n, base, rem)
		out = append(out, base58Alphabet[rem.Int64()])
	}
	for range zeros {
		out = append(out, '1')
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return "z" + string(out)
}

// DecodeBase58 reads what EncodeBase58 writes; at most 128 characters.
func DecodeBase58(s string) ([]byte, error) {
	if len(s) < 2 || len(s) > 128 || s[0] != 'z' {
		return nil, errors.New("multibase: not base58btc of a fitting length")
	}
	s = s[1:]
	n, base := new(big.Int), big.NewInt(58)
	for i := range len(s) {
		d := strings.IndexByte(base58Alphabet, s[i])
		if d < 0 {
			return nil, fmt.Errorf("multibase: character %q is not of base58", s[i])
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(d)))
	}
	zeros := 0
	for zeros < len(s) && s[zeros] == '1' {
		zeros++
	}
	return append(make([]byte, zeros), n.Bytes()...), nil
}

// EncodeKey writes an Ed25519 public key as a Multikey.
func EncodeKey(k ed25519.PublicKey) string {
	return EncodeBase58(append([]byte{0xed, 0x01}, k...))
}

// DecodeKey reads a Multikey that holds an Ed25519 public key.
func DecodeKey(s string) (ed25519.PublicKey, error) {
	b, err := DecodeBase58(s)
	if err != nil {
		return nil, err
	}
	if len(b) != 2+ed25519.PublicKeySize || b[0] != 0xed || b[1] != 0x01 {
		return nil, errors.New("multikey: not an Ed25519 public key")
	}
	return ed25519.PublicKey(b[2:]), nil
}

// proof is a Data Integrity proof. Its JSON members stand in canonical order.
type proof struct {
	Context            json.RawMessage `json:"@context,omitempty"`
	Created            string          `json:"created,omitempty"`
	Cryptosuite        string          `json:"cryptosuite"`
	ProofPurpose       string          `json:"proofPurpose"`
	ProofValue         string          `json:"proofValue,omitempty"`
	Type               string          `json:"type"`
	VerificationMethod string          `json:"verificationMethod"`
}

// Sign adds a proof to a JSON object and returns its canonical form. method is
// the verification method, the actor's URL, '#' and the Multikey. Proofs that
// the document has already are kept: the set grows.
func Sign(document []byte, key ed25519.PrivateKey, method string, created time.Time) ([]byte, error) {
	members, err := members(document)
	if err != nil {
		return nil, err
	}
	earlier := members["proof"]
	delete(members, "proof")
	p := proof{Context: members["@context"], Created: created.UTC().Format(time.RFC3339), Cryptosuite: "eddsa-jcs-2022",
		ProofPurpose: "assertionMethod", Type: "DataIntegrityProof", VerificationMethod: method}
	sum, err := p.sum(join(members))
	if err != nil {
		return nil, err
	}
	p.ProofValue = EncodeBase58(ed25519.Sign(key, sum))
	members["proof"], err = addProof(earlier, p)
	if err != nil {
		return nil, err
	}
	return join(members), nil
}

func addProof(earlier json.RawMessage, p proof) (json.RawMessage, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	if b, err = jcs.Transform(b); err != nil || earlier == nil {
		return b, err
	}
	earlier = bytes.TrimPrefix(bytes.TrimSuffix(earlier, []byte("]")), []byte("["))
	return fmt.Appendf(nil, "[%s,%s]", earlier, b), nil
}

// sum is what is signed: SHA-256 of the proof's options, then of the document.
func (p proof) sum(unsecured []byte) ([]byte, error) {
	p.ProofValue = ""
	options, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	if options, err = jcs.Transform(options); err != nil {
		return nil, err
	}
	a, b := sha256.Sum256(options), sha256.Sum256(unsecured)
	return append(a[:], b[:]...), nil
}

// ErrProof is a proof that is missing, malformed, or does not fit.
var ErrProof = errors.New("proof does not hold")

// Verify checks that a canonical document carries a valid proof by the key
// under the verification method; other proofs of a set are not looked at.
func Verify(document []byte, key ed25519.PublicKey, method string) error {
	members, err := members(document)
	if err != nil {
		return err
	}
	proofs, err := splitProofs(members["proof"])
	if err != nil {
		return err
	}
	delete(members, "proof")
	unsecured := join(members)
	for _, raw := range proofs {
		var p proof
		if err := strict(raw, &p); err != nil {
			return fmt.Errorf("%w: %v", ErrProof, err)
		}
		if p.VerificationMethod != method {
			continue
		}
		return p.verify(unsecured, members["@context"], key)
	}
	return fmt.Errorf("%w: none by %s", ErrProof, method)
}

func (p proof) verify(unsecured []byte, context json.RawMessage, key ed25519.PublicKey) error {
	if p.Type != "DataIntegrityProof" || p.Cryptosuite != "eddsa-jcs-2022" || p.ProofPurpose != "assertionMethod" {
		return fmt.Errorf("%w: type, suite or purpose", ErrProof)
	}
	if p.Context != nil && !bytes.Equal(p.Context, context) {
		return fmt.Errorf("%w: context differs from the document's", ErrProof)
	}
	sig, err := DecodeBase58(p.ProofValue)
	if err != nil || len(sig) != ed25519.SignatureSize {
		return fmt.Errorf("%w: proofValue", ErrProof)
	}
	sum, err := p.sum(unsecured)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, sum, sig) {
		return fmt.Errorf("%w: signature", ErrProof)
	}
	return nil
}

// Methods lists the verification methods of a document's proofs.
func Methods(document []byte) ([]string, error) {
	members, err := members(document)
	if err != nil {
		return nil, err
	}
	proofs, err := splitProofs(members["proof"])
	if err != nil {
		return nil, err
	}
	var methods []string
	for _, raw := range proofs {
		var p proof
		if err := strict(raw, &p); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrProof, err)
		}
		methods = append(methods, p.VerificationMethod)
	}
	return methods, nil
}

const maxProofs = 8

func splitProofs(raw json.RawMessage) ([]json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, fmt.Errorf("%w: missing", ErrProof)
	}
	if raw[0] != '[' {
		return []json.RawMessage{raw}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 || len(list) > maxProofs {
		return nil, fmt.Errorf("%w: set", ErrProof)
	}
	return list, nil
}

// members splits a canonical object into its members, values as they stand.
func members(document []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(document, &m); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	if m == nil {
		return nil, errors.New("document: not an object")
	}
	return m, nil
}

// join is the inverse of members. Keys sort by UTF-16 code units in JCS; the
// top-level keys of what we sign are ASCII, for which bytes sort alike, and a
// document with others fails the comparison with its canonical form.
func join(m map[string]json.RawMessage) []byte {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(k) // a string always marshals
		b.Write(name)
		b.WriteByte(':')
		b.Write(m[k])
	}
	b.WriteByte('}')
	return b.Bytes()
}

// strict decodes JSON and refuses unknown members, members whose names differ
// by case from those that v has, and trailing data.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return exact(b, reflect.TypeOf(v))
}
