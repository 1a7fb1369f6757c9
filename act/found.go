package act

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"translocal/db"
	"translocal/fault"
)

// Found is the object of the act at index 0.
type Found struct {
	Key       string   `json:"key"`       // Multikey that signs from here on
	RootKeys  []string `json:"rootKeys"`  // of people, offline; may be set later
	Threshold int      `json:"threshold"` // how many of them must agree
	Origin    string   `json:"origin"`    // name of the log: random, knows no host
	Audience  string   `json:"audience"`  // "public"
	Kind      string   `json:"kind"`      // "place" or "circle"
}

// SetKey is the object of the act that changes the signing key: signed by the
// old key and by the new one. The new key signs from the next index on.
type SetKey struct {
	Key string `json:"key"`
}

// Erase is the object of the act that erases parts of earlier acts.
type Erase struct {
	Parts []ErasedPart `json:"parts"`
}

// ErasedPart names one part of an act of the same stream.
type ErasedPart struct {
	Index int64  `json:"index"`
	Name  string `json:"name"`
}

// The types that every stream may carry.
const (
	FoundType  = "act.Found.v1"
	SetKeyType = "act.SetKey.v1"
	EraseType  = "act.Erase.v1"
)

var insertStreamKey = db.Exec(`insert into stream_key (stream, idx, public) values ($1, $2, $3)`)

func vocabulary() Vocabulary {
	return Vocabulary{
		Types: []Type{
			Define(FoundType, checkFound, applyFound),
			Define(SetKeyType, checkSetKey, applySetKey),
			Define(EraseType, checkErase, applyErase),
			Define(SetRootsType, checkSetRoots, applySetRoots),
			Define(RecoverType, checkRecover, applyRecover),
		},
		Tables: []Table{{"stream_key", []string{"stream", "idx"}}, {"stream_root", []string{"stream", "idx"}},
			{"stream_address", []string{"stream", "idx"}}},
		Submissions: []SubmissionType{DefineSubmission(WithdrawType, checkWithdraw, nil)},
	}
}

func checkFound(a *Act, f *Found) error {
	if a.Index != 0 {
		return fault.At("index", "fault.number")
	}
	if _, err := DecodeKey(f.Key); err != nil {
		return fault.At("object.key", "fault.key")
	}
	for i, k := range f.RootKeys {
		if _, err := DecodeKey(k); err != nil {
			return fault.At(fmt.Sprintf("object.rootKeys.%d", i), "fault.key")
		}
	}
	switch {
	case len(f.RootKeys) > 32 || f.Threshold < 0 || f.Threshold > len(f.RootKeys):
		return fault.At("object.threshold", "fault.number")
	case len(f.Origin) != len("translocal/")+2*tokenLen || f.Origin[:11] != "translocal/":
		return fault.At("object.origin", "fault.origin")
	case !IsToken(f.Origin[11:27]) || !IsToken(f.Origin[27:]):
		return fault.At("object.origin", "fault.origin")
	case f.Audience != "public":
		return fault.At("object.audience", "fault.audience")
	case f.Kind != "place" && f.Kind != "circle":
		return fault.At("object.kind", "fault.kind")
	}
	return nil
}

func applyFound(ctx context.Context, tx *db.Tx, a *Act, f *Found) error {
	_, err := insertStreamKey.Run(ctx, tx, a.Stream, 0, f.Key)
	return err
}

func checkSetKey(a *Act, s *SetKey) error {
	key, err := DecodeKey(s.Key)
	if err != nil {
		return fault.At("object.key", "fault.key")
	}
	if err := Verify(a.Envelope, key, a.Actor+"#"+s.Key); err != nil {
		return fault.At("object.key", "fault.key_not_shown")
	}
	return nil
}

func applySetKey(ctx context.Context, tx *db.Tx, a *Act, s *SetKey) error {
	_, err := insertStreamKey.Run(ctx, tx, a.Stream, a.Index+1, s.Key)
	return err
}

func checkErase(a *Act, e *Erase) error {
	if len(e.Parts) == 0 || len(e.Parts) > MaxParts {
		return fault.At("object.parts", "fault.number")
	}
	for i, p := range e.Parts {
		if p.Index < 0 || p.Index >= a.Index || !partShape.MatchString(p.Name) {
			return fault.At(fmt.Sprintf("object.parts.%d", i), "fault.part_name")
		}
	}
	return nil
}

// applyErase changes no public table: parts are not in them. The parts go when
// the act is appended (erase in erase.go), not when it is replayed.
func applyErase(context.Context, *db.Tx, *Act, *Erase) error { return nil }

func newKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil { // the system's randomness never fails in Go
		panic(err)
	}
	return key
}

func hmacSHA256(key, msg []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(msg)
	return m.Sum(nil)
}
