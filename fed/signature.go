package fed

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// HTTP message signatures (RFC 9421) with Ed25519, over @method, @target-uri and
// content-digest (RFC 9530), with created, keyid and nonce.

const (
	window    = 5 * time.Minute // how far the clocks of two nodes may differ
	signLabel = "translocal"
)

var errSignature = errors.New("http signature")

// digest is the Content-Digest of a body.
func digest(body []byte) (string, error) {
	sum := sha256.Sum256(body)
	d := httpsfv.NewDictionary()
	d.Add("sha-256", httpsfv.NewItem(sum[:]))
	return httpsfv.Marshal(d)
}

// signRequest signs a request with its body under a key id.
func signRequest(r *http.Request, body []byte, key ed25519.PrivateKey, keyID string, at time.Time) error {
	d, err := digest(body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Digest", d)
	list := httpsfv.InnerList{Params: httpsfv.NewParams()}
	for _, c := range []string{"@method", "@target-uri", "content-digest"} {
		list.Items = append(list.Items, httpsfv.NewItem(c))
	}
	list.Params.Add("created", at.Unix())
	list.Params.Add("keyid", keyID)
	list.Params.Add("nonce", rand.Text())
	list.Params.Add("alg", "ed25519")
	base, err := signatureBase(r, r.URL.String(), list)
	if err != nil {
		return err
	}
	input, signature := httpsfv.NewDictionary(), httpsfv.NewDictionary()
	input.Add(signLabel, list)
	signature.Add(signLabel, httpsfv.NewItem(ed25519.Sign(key, base)))
	for name, dict := range map[string]*httpsfv.Dictionary{"Signature-Input": input, "Signature": signature} {
		text, err := httpsfv.Marshal(dict)
		if err != nil {
			return err
		}
		r.Header.Set(name, text)
	}
	return nil
}

// signed is the one signature of a request, parsed.
type signed struct {
	list      httpsfv.InnerList
	signature []byte
	created   time.Time
	keyID     string
	nonce     string
}

// isSigned tells whether a request claims to be signed.
func isSigned(r *http.Request) bool { return r.Header.Get("Signature-Input") != "" }

func parseSignature(h http.Header) (s signed, err error) {
	inputs, err := httpsfv.UnmarshalDictionary(h.Values("Signature-Input"))
	if err != nil {
		return s, fmt.Errorf("%w: input: %v", errSignature, err)
	}
	signatures, err := httpsfv.UnmarshalDictionary(h.Values("Signature"))
	if err != nil {
		return s, fmt.Errorf("%w: %v", errSignature, err)
	}
	names := inputs.Names()
	if len(names) != 1 || len(signatures.Names()) != 1 {
		return s, fmt.Errorf("%w: exactly one is expected", errSignature)
	}
	input, _ := inputs.Get(names[0])
	value, ok := signatures.Get(names[0])
	if !ok {
		return s, fmt.Errorf("%w: labels differ", errSignature)
	}
	if s.list, ok = input.(httpsfv.InnerList); !ok {
		return s, fmt.Errorf("%w: input is no list", errSignature)
	}
	item, _ := value.(httpsfv.Item)
	if s.signature, ok = item.Value.([]byte); !ok || len(s.signature) != ed25519.SignatureSize {
		return s, fmt.Errorf("%w: not 64 bytes", errSignature)
	}
	return s, s.params()
}

func (s *signed) params() error {
	for _, name := range s.list.Params.Names() {
		v, _ := s.list.Params.Get(name)
		ok := true
		switch name {
		case "created":
			var at int64
			at, ok = v.(int64)
			s.created = time.Unix(at, 0)
		case "keyid":
			s.keyID, ok = v.(string)
		case "nonce":
			s.nonce, ok = v.(string)
		case "alg":
			ok = v == "ed25519"
		case "expires", "tag":
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("%w: parameter %s", errSignature, name)
		}
	}
	return nil
}

// covers tells whether the signature covers these components.
func (s *signed) covers(names ...string) bool {
	have := map[string]bool{}
	for _, i := range s.list.Items {
		if name, ok := i.Value.(string); ok {
			have[name] = true
		}
	}
	for _, n := range names {
		if !have[n] {
			return false
		}
	}
	return true
}

// verify checks the signature over a request that was sent to target.
func (s *signed) verify(r *http.Request, target string, key ed25519.PublicKey) error {
	base, err := signatureBase(r, target, s.list)
	if err != nil {
		return err
	}
	if !ed25519.Verify(key, base, s.signature) {
		return fmt.Errorf("%w: does not hold", errSignature)
	}
	return nil
}

// checkDigest compares a body with the Content-Digest of its request.
func checkDigest(h http.Header, body []byte) error {
	dict, err := httpsfv.UnmarshalDictionary(h.Values("Content-Digest"))
	if err != nil {
		return fmt.Errorf("%w: digest: %v", errSignature, err)
	}
	member, _ := dict.Get("sha-256")
	item, _ := member.(httpsfv.Item)
	want, _ := item.Value.([]byte)
	sum := sha256.Sum256(body)
	if !bytes.Equal(want, sum[:]) {
		return fmt.Errorf("%w: the body is not the one that was signed", errSignature)
	}
	return nil
}

// signatureBase is what is signed (RFC 9421, 2.5). target is the full URL, which
// a server behind a proxy knows better than its request does. Components with
// parameters are refused.
func signatureBase(r *http.Request, target string, list httpsfv.InnerList) ([]byte, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("%w: target: %v", errSignature, err)
	}
	var b bytes.Buffer
	seen := map[string]bool{}
	for _, item := range list.Items {
		name, ok := item.Value.(string)
		if !ok || seen[name] || len(item.Params.Names()) > 0 || name == "@signature-params" {
			return nil, fmt.Errorf("%w: component %v", errSignature, item.Value)
		}
		seen[name] = true
		value, err := component(r, u, target, name)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q: %s\n", name, value)
	}
	params, err := httpsfv.Marshal(httpsfv.List{list})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errSignature, err)
	}
	fmt.Fprintf(&b, "%q: %s", "@signature-params", params)
	return b.Bytes(), nil
}

func component(r *http.Request, u *url.URL, target, name string) (string, error) {
	switch name {
	case "@method":
		return r.Method, nil
	case "@target-uri":
		return target, nil
	case "@authority":
		return strings.ToLower(u.Host), nil
	case "@scheme":
		return strings.ToLower(u.Scheme), nil
	case "@path":
		if u.Path == "" {
			return "/", nil
		}
		return u.EscapedPath(), nil
	case "@query":
		return "?" + u.RawQuery, nil
	}
	if strings.HasPrefix(name, "@") || name != strings.ToLower(name) {
		return "", fmt.Errorf("%w: component %s", errSignature, name)
	}
	values := r.Header.Values(name)
	if len(values) == 0 {
		return "", fmt.Errorf("%w: %s is not there", errSignature, name)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.TrimSpace(v)
	}
	return strings.Join(trimmed, ", "), nil
}
