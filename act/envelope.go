package act

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"translocal/fault"
)

// Context is the @context of every document that we sign. It is never fetched.
var Context = json.RawMessage(`["https://www.w3.org/ns/activitystreams","https://w3id.org/security/data-integrity/v2",{"tl":"urn:translocal:ns#"}]`)

// envelope is the JSON of an act. Stream is missing at index 0, whose hash it is.
type envelope struct {
	Context   json.RawMessage `json:"@context"`
	Actor     string          `json:"actor"`
	ID        string          `json:"id"`
	Index     int64           `json:"index"`
	Object    json.RawMessage `json:"object"`
	Parts     []PartRef       `json:"parts,omitempty"`
	Proof     json.RawMessage `json:"proof,omitempty"`
	Published string          `json:"published"`
	Stream    Fingerprint     `json:"stream,omitempty"`
	Type      string          `json:"type"`
}

// seal makes the signed envelope of a draft at its place in the stream and
// gives each part its salt. stream is empty at index 0.
func seal(d Draft, actor string, stream Fingerprint, index int64, published time.Time, key ed25519.PrivateKey) (*Act, []Part, error) {
	object, err := json.Marshal(d.Object)
	if err != nil {
		return nil, nil, fmt.Errorf("act %s: %w", d.Type, err)
	}
	e := envelope{Context: Context, Actor: actor, ID: actor + "/act/" + strconv.FormatInt(index, 10), Index: index,
		Object: object, Published: formatTime(published), Stream: stream, Type: d.Type}
	parts := slices.Clone(d.Parts)
	sum := 0
	for i := range parts {
		p := &parts[i]
		p.Salt = make([]byte, 32)
		rand.Read(p.Salt)
		e.Parts = append(e.Parts, p.ref())
		sum += len(p.Body)
		if len(p.Body) > MaxPart {
			return nil, nil, fault.New(fault.TooLarge, "fault.part_too_large", "name", p.Name)
		}
	}
	if len(parts) > MaxParts || sum > MaxPartsSum {
		return nil, nil, fault.New(fault.TooLarge, "fault.act_too_large")
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, nil, fmt.Errorf("act %s: %w", d.Type, err)
	}
	if raw, err = jcs.Transform(raw); err != nil {
		return nil, nil, fmt.Errorf("act %s: %w", d.Type, err)
	}
	method := actor + "#" + EncodeKey(key.Public().(ed25519.PublicKey))
	if raw, err = Sign(raw, key, method, published); err != nil {
		return nil, nil, err
	}
	a, err := Parse(raw)
	return a, parts, err
}

func (p *Part) ref() PartRef {
	return PartRef{Name: p.Name, Media: p.Media, Size: int64(len(p.Body)), HMAC: hex.EncodeToString(p.mac())}
}

func (p *Part) mac() []byte {
	m := hmac.New(sha256.New, p.Salt)
	m.Write(p.Body)
	return m.Sum(nil)
}

// Fits tells whether the content is the one that the envelope names.
func (r PartRef) Fits(p Part) bool {
	want, err := hex.DecodeString(r.HMAC)
	return err == nil && p.Name == r.Name && p.Media == r.Media && int64(len(p.Body)) == r.Size && len(p.Salt) == 32 &&
		hmac.Equal(p.mac(), want)
}

var (
	typeShape  = regexp.MustCompile(`^[a-z]+\.[A-Z][A-Za-z]*\.v[1-9][0-9]?$`)
	partShape  = regexp.MustCompile(`^[a-z0-9][a-z0-9._/-]{0,79}$`)
	mediaShape = regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]{1,60}$`)
)

// Parse reads an envelope that must be in canonical form, and checks its shape;
// it does not check the proof, nor what its type demands. It never panics.
func Parse(raw []byte) (*Act, error) {
	if len(raw) > MaxEnvelope {
		return nil, fault.New(fault.TooLarge, "fault.act_too_large")
	}
	if err := canonical(raw); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return parse(raw)
}

// parse is Parse for bytes that are known to be in canonical form.
func parse(raw []byte) (*Act, error) {
	var e envelope
	if err := strict(raw, &e); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	published, err := time.Parse(timeLayout, e.Published)
	if err != nil || formatTime(published) != e.Published {
		return nil, fault.At("published", "fault.time")
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	a := &Act{Stream: e.Stream, Index: e.Index, ID: e.ID, Type: e.Type, Actor: e.Actor, Published: published,
		Object: e.Object, Parts: e.Parts, Leaf: HashOf(raw), Envelope: raw}
	if e.Index == 0 {
		a.Stream = Fingerprint(MarshalHash(a.Leaf))
	}
	return a, nil
}

func (e *envelope) check() error {
	if !bytes.Equal(e.Context, Context) {
		return fault.At("@context", "fault.context")
	}
	if err := CheckURL("actor", e.Actor); err != nil {
		return err
	}
	switch {
	case e.Index < 0 || e.Index > 1<<40:
		return fault.At("index", "fault.number")
	case e.Index == 0 && e.Stream != "", e.Index > 0 && !e.Stream.Valid():
		return fault.At("stream", "fault.fingerprint")
	case e.ID != e.Actor+"/act/"+strconv.FormatInt(e.Index, 10):
		return fault.At("id", "fault.id")
	case !typeShape.MatchString(e.Type) || len(e.Type) > 60:
		return fault.At("type", "fault.type")
	case len(e.Object) == 0 || e.Object[0] != '{':
		return fault.At("object", "fault.object")
	case len(e.Parts) > MaxParts:
		return fault.At("parts", "fault.too_many_parts", "max", MaxParts)
	}
	return checkParts(e.Parts)
}

func checkParts(parts []PartRef) error {
	seen, sum := map[string]bool{}, int64(0)
	for i, p := range parts {
		field := fmt.Sprintf("parts.%d", i)
		switch {
		case !partShape.MatchString(p.Name) || seen[p.Name]:
			return fault.At(field+".name", "fault.part_name")
		case !mediaShape.MatchString(p.Media):
			return fault.At(field+".mediaType", "fault.media_type")
		case p.Size < 0 || p.Size > MaxPart:
			return fault.At(field+".size", "fault.number")
		case !Fingerprint(p.HMAC).Valid():
			return fault.At(field+".hmac", "fault.hash")
		}
		seen[p.Name] = true
		sum += p.Size
	}
	if sum > MaxPartsSum {
		return fault.At("parts", "fault.act_too_large")
	}
	return nil
}

const maxDepth = 24

// canonical checks that raw equals its own JCS form, nests no deeper than
// maxDepth and holds no fraction: duplicate keys, odd numbers, white space and
// wrong order all show as a difference.
func canonical(raw []byte) error {
	if err := shallow(raw); err != nil {
		return err
	}
	c, err := jcs.Transform(raw)
	if err != nil {
		return err
	}
	if !bytes.Equal(c, raw) {
		return fmt.Errorf("not in canonical form")
	}
	return nil
}

// shallow scans the bytes outside strings before any recursive parser sees them.
func shallow(raw []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("nested deeper than %d", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		case c == '.':
			return fmt.Errorf("a number with a fraction at byte %d", i)
		case (c == 'e' || c == 'E') && i > 0 && raw[i-1] >= '0' && raw[i-1] <= '9':
			return fmt.Errorf("a number with an exponent at byte %d", i)
		}
	}
	return nil
}

// Canonical brings a JSON object that we made ourselves into canonical form.
func Canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// CheckCanonical is canonical for documents other than envelopes (submissions,
// receipts): at most max bytes, canonical, no fractions, not too deep.
func CheckCanonical(raw []byte, max int) error {
	if len(raw) > max {
		return fault.New(fault.TooLarge, "fault.document_too_large")
	}
	if err := canonical(raw); err != nil {
		return fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return nil
}

// Strict decodes a document into v and refuses unknown members.
func Strict(raw []byte, v any) error {
	if err := strict(raw, v); err != nil {
		return fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return nil
}

// verifyBy checks the proof of an act by the key that its stream has at its index.
func (a *Act) verifyBy(multikey string) error {
	key, err := DecodeKey(multikey)
	if err != nil {
		return err
	}
	return Verify(a.Envelope, key, a.Actor+"#"+multikey)
}

// Host is the base URL of an id: scheme and host.
func Host(id string) string {
	i := strings.Index(id, "://")
	if i < 0 {
		return ""
	}
	if j := strings.IndexByte(id[i+3:], '/'); j >= 0 {
		return id[:i+3+j]
	}
	return id
}
