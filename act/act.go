// Package act holds the acts of places: signed envelopes with their parts, in
// one stream an actor. Commit is the one way in for our own, Receive for those
// of others; both append and apply in one transaction. What follows an act
// (delivery, search, notices) reads the streams from its own cursor.
//
// An envelope is an ActivityStreams-shaped JSON object in canonical form (JCS,
// RFC 8785) with a Data Integrity proof (FEP-8b32, eddsa-jcs-2022). It holds
// structure, references and results. What a person wrote or is called lies in
// parts, bound into the envelope by HMAC-SHA256 under a salt of their own, so
// that a part can be erased with its salt and every proof stays valid.
package act

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"translocal/fault"
)

// Sizes and counts that hold for every act.
const (
	MaxEnvelope = 60 << 10 // bytes; a C2SP log entry holds 65,535
	MaxPart     = 1 << 20  // bytes of one part
	MaxParts    = 400      // parts of one act
	MaxPartsSum = 4 << 20  // bytes of all parts of one act
)

// Fingerprint names a stream for ever: the leaf hash of its act at index 0 in
// lower-case hex. Rows are keyed by it; hosts and keys may change.
type Fingerprint string

// Hash is the RFC 6962 leaf hash of an envelope: the name of an act.
type Hash = tlog.Hash

// HashOf is the leaf hash of an envelope.
func HashOf(envelope []byte) Hash { return tlog.RecordHash(envelope) }

// Valid tells whether f has the shape of a fingerprint.
func (f Fingerprint) Valid() bool {
	if len(f) != 64 {
		return false
	}
	b, err := hex.DecodeString(string(f))
	return err == nil && hex.EncodeToString(b) == string(f)
}

// Short is enough of the fingerprint to compare by eye.
func (f Fingerprint) Short() string {
	if len(f) < 16 {
		return string(f)
	}
	return string(f[:4] + " " + f[4:8] + " " + f[8:12] + " " + f[12:16])
}

// An Act is one entry of a stream, as read back or about to be applied.
type Act struct {
	Stream    Fingerprint
	Index     int64
	ID        string // URL: the actor's, then /act/ and the index
	Type      string // "capability.Verb.v1"
	Actor     string // URL
	Published time.Time
	Object    json.RawMessage
	Parts     []PartRef
	Leaf      Hash
	Envelope  []byte
}

// PartRef is what an envelope says of a part.
type PartRef struct {
	Name  string `json:"name"`
	Media string `json:"mediaType"`
	Size  int64  `json:"size"`
	HMAC  string `json:"hmac"` // hex of HMAC-SHA256(salt, body)
}

// Part is the content of a part with its salt. Salt is made by Commit.
type Part struct {
	Name  string
	Media string
	Salt  []byte // 32 bytes
	Body  []byte
}

// A Draft is an act as a capability hands it to Commit. Object is marshalled
// to JSON without floats; Parts carry no salt yet.
type Draft struct {
	Type   string
	Object any
	Parts  []Part
}

// Text makes a part of plain text.
func Text(name, body string) Part { return Part{Name: name, Media: "text/plain", Body: []byte(body)} }

// JSON makes a part of a value. It panics only on values that can't be JSON.
func JSON(name string, v any) Part {
	b, err := json.Marshal(v)
	if err != nil {
		panic("act.JSON: " + err.Error())
	}
	return Part{Name: name, Media: "application/json", Body: b}
}

// Ref points at an object or act of a stream so that a change of host or key
// breaks nothing: its URL, the stream, and the hash of the act that made it.
type Ref struct {
	URL    string      `json:"url"`
	Stream Fingerprint `json:"stream"`
	Act    string      `json:"act,omitempty"` // hex leaf hash
}

// Check says what is wrong with a reference that came from elsewhere.
func (r Ref) Check(field string) error {
	if err := CheckURL(field+".url", r.URL); err != nil {
		return err
	}
	if !r.Stream.Valid() {
		return fault.At(field+".stream", "fault.fingerprint")
	}
	if r.Act != "" && !Fingerprint(r.Act).Valid() {
		return fault.At(field+".act", "fault.hash")
	}
	return nil
}

// MaxURL is the longest id or reference taken, in bytes.
const MaxURL = 600

// CheckURL checks an absolute http(s) URL in plain ASCII.
func CheckURL(field, u string) error {
	if len(u) > MaxURL {
		return fault.At(field, "fault.too_long", "max", MaxURL)
	}
	rest, ok := strings.CutPrefix(u, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(u, "http://")
	}
	if !ok || rest == "" || rest[0] == '/' {
		return fault.At(field, "fault.url")
	}
	for i := range len(u) {
		if c := u[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '`' || c == '@' {
			return fault.At(field, "fault.url")
		}
	}
	return nil
}

// Ids. Every id is a URL, made here and nowhere else: an actor's is its host's
// base, "/p/" and a token; an object's is its actor's, its kind and a token.
// A token is 80 random bits in base32, lower case.

const tokenLen = 16

// NewToken makes a fresh random token.
func NewToken() string {
	var b [10]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// IsToken tells whether s has the shape of a token.
func IsToken(s string) bool {
	if len(s) != tokenLen {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= '2' && c <= '7') {
			return false
		}
	}
	return true
}

// NewActorID makes the URL of a new actor on a host whose base URL has no
// slash at its end.
func NewActorID(base string) string { return base + "/p/" + NewToken() }

// NewID makes the URL of a new object of an actor; kind is one lower-case word.
func NewID(actor, kind string) string { return actor + "/" + kind + "/" + NewToken() }

// ID joins an actor, a kind and a token to the object's URL.
func ID(actor, kind, token string) string { return actor + "/" + kind + "/" + token }

// Owns tells whether id is that of an object of this kind made by the actor of
// the act: nobody can publish objects under the id of somebody else.
func (a *Act) Owns(id, kind string) bool {
	token, ok := strings.CutPrefix(id, a.Actor+"/"+kind+"/")
	return ok && IsToken(token)
}

// HasPart tells whether the envelope names a part.
func (a *Act) HasPart(name string) bool {
	for _, p := range a.Parts {
		if p.Name == name {
			return true
		}
	}
	return false
}

// MarshalHash writes a hash as hex, as it stands in references.
func MarshalHash(h Hash) string { return hex.EncodeToString(h[:]) }

const timeLayout = "2006-01-02T15:04:05.000000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// Micros is a time as it is stored: microseconds since 1970.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// FromMicros is the time back.
func FromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }
