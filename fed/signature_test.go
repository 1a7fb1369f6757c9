package fed

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"translocal/fault"
)

// The key and the request of RFC 9421, B.1.4 and B.2, and its Ed25519 example B.2.6.
const (
	rfcPublic    = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
	rfcInput     = `sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`
	rfcSignature = `sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:`
	rfcTarget    = "https://example.com/foo?param=Value&Pet=dog"
)

func rfcRequest() *http.Request {
	r := httptest.NewRequest(http.MethodPost, rfcTarget, strings.NewReader(`{"hello": "world"}`))
	r.Header = http.Header{"Date": {"Tue, 20 Apr 2021 02:07:55 GMT"}, "Content-Type": {"application/json"}, "Content-Length": {"18"},
		"Signature-Input": {rfcInput}, "Signature": {rfcSignature}}
	return r
}

func TestTheRFCsExampleHolds(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString(rfcPublic)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSignature(rfcRequest().Header)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.verify(rfcRequest(), rfcTarget, key); err != nil {
		t.Fatal(err)
	}
	if s.keyID != "test-key-ed25519" || s.created.Unix() != 1618884473 {
		t.Fatal(s)
	}
	for name, value := range map[string]string{"Date": "Tue, 20 Apr 2021 02:07:56 GMT", "Content-Type": "text/plain", "Content-Length": "19"} {
		r := rfcRequest()
		r.Header.Set(name, value)
		if err := s.verify(r, rfcTarget, key); err == nil {
			t.Errorf("%s changed", name)
		}
	}
	for _, target := range []string{"https://example.com/bar", "https://example.org/foo?param=Value&Pet=dog", "://"} {
		if err := s.verify(rfcRequest(), target, key); err == nil {
			t.Error(target)
		}
	}
	r := rfcRequest()
	r.Method = http.MethodPut
	if err := s.verify(r, rfcTarget, key); err == nil {
		t.Error("method changed")
	}
}

func TestComponentsOfARequest(t *testing.T) { // RFC 9421, 2.2
	r := httptest.NewRequest(http.MethodGet, "https://WWW.Example.com/path?param=value", nil)
	r.Header["X-Twice"] = []string{" one ", "two"}
	for name, want := range map[string]string{
		"@method": "GET", "@authority": "www.example.com", "@scheme": "https", "@path": "/path", "@query": "?param=value",
		"@target-uri": "https://WWW.Example.com/path?param=value", "x-twice": "one, two",
	} {
		if got, err := component(r, r.URL, r.URL.String(), name); err != nil || got != want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	for _, name := range []string{"@status", "@unknown", "X-Twice", "x-missing", ""} {
		if got, err := component(r, r.URL, r.URL.String(), name); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestDigests(t *testing.T) { // RFC 9530, B.1: sha-256 of {"hello": "world"} and a line feed
	body := []byte("{\"hello\": \"world\"}\n")
	if d, err := digest(body); err != nil || d != "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:" {
		t.Fatal(d, err)
	}
	for _, bad := range []string{"", "sha-256", "sha-256=1", "sha-256=:AAAA:", "sha-512=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", "sha-256=(:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:)"} {
		if err := checkDigest(http.Header{"Content-Digest": {bad}}, body); err == nil {
			t.Errorf("%q", bad)
		}
	}
}

// TestRequestsThatAreRefused sends requests that are spoilt in one way each.
func TestRequestsThatAreRefused(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b, other := newPeer(t, c), newPeer(t, c), newPeer(t, c)
	b.follow(t, a)
	work(t, a, b)
	body := []byte(`{"size":1,"stream":"` + string(a.stream.Fingerprint) + `"}`)
	fresh := func() *http.Request {
		r, err := http.NewRequest(http.MethodPost, b.base+"/fed/hint", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := signRequest(r, body, a.key, a.keyID(), c.now()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	do := func(r *http.Request) int {
		t.Helper()
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if code := do(fresh()); code != http.StatusAccepted {
		t.Fatal("a good one:", code)
	}
	replayed := fresh()
	if code := do(replayed); code != http.StatusAccepted {
		t.Fatal(code)
	}
	_, stranger, _ := ed25519.GenerateKey(nil)
	resign := func(r *http.Request, key ed25519.PrivateKey, id string, at time.Time) {
		if err := signRequest(r, body, key, id, at); err != nil {
			t.Fatal(err)
		}
	}
	edit := func(r *http.Request, header, from, to string) {
		was := r.Header.Get(header)
		if !strings.Contains(was, from) {
			t.Fatalf("%s has no %s", was, from)
		}
		r.Header.Set(header, strings.Replace(was, from, to, 1))
	}
	for what, spoil := range map[string]func(r *http.Request){
		"sent before": func(r *http.Request) { r.Header = replayed.Header },
		"other body": func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), "1", "9", 1)))
		},
		"other digest": func(r *http.Request) {
			r.Header.Set("Content-Digest", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:")
		},
		"no digest":          func(r *http.Request) { r.Header.Del("Content-Digest") },
		"other path":         func(r *http.Request) { r.URL.Path = "/fed/subscribe" },
		"other host":         func(r *http.Request) { r.URL.Host = other.addr() },
		"too old":            func(r *http.Request) { resign(r, a.key, a.keyID(), c.now().Add(-window-time.Second)) },
		"from the future":    func(r *http.Request) { resign(r, a.key, a.keyID(), c.now().Add(window+2*time.Second)) },
		"by a stranger":      func(r *http.Request) { resign(r, stranger, a.keyID(), c.now()) },
		"by another node":    func(r *http.Request) { resign(r, other.key, other.base+sitePath+"#"+a.public, c.now()) },
		"in another's name":  func(r *http.Request) { resign(r, other.key, a.base+sitePath+"#"+other.public, c.now()) },
		"in our own name":    func(r *http.Request) { resign(r, other.key, b.base+sitePath+"#"+other.public, c.now()) },
		"key id no URL":      func(r *http.Request) { resign(r, a.key, "a#"+a.public, c.now()) },
		"key id private":     func(r *http.Request) { resign(r, stranger, "http://10.0.0.1/fed/site#"+a.public, c.now()) },
		"created edited":     func(r *http.Request) { edit(r, "Signature-Input", "created=1", "created=2") },
		"nonce edited":       func(r *http.Request) { edit(r, "Signature-Input", `nonce="`, `nonce="x`) },
		"no nonce":           func(r *http.Request) { edit(r, "Signature-Input", `nonce=`, `tag=`) },
		"another algorithm":  func(r *http.Request) { edit(r, "Signature-Input", "ed25519", "hmac-sha256") },
		"less is covered":    func(r *http.Request) { edit(r, "Signature-Input", ` "content-digest"`, "") },
		"method not covered": func(r *http.Request) { edit(r, "Signature-Input", `"@method" `, "") },
		"a component twice":  func(r *http.Request) { edit(r, "Signature-Input", `"@method"`, `"@method" "@method"`) },
		"a parameter more":   func(r *http.Request) { edit(r, "Signature-Input", `"@method"`, `"@method";req`) },
		"two signatures":     func(r *http.Request) { r.Header.Set("Signature-Input", r.Header.Get("Signature-Input")+`, b=()`) },
		"labels differ":      func(r *http.Request) { edit(r, "Signature", "translocal", "other") },
		"cut short":          func(r *http.Request) { r.Header.Set("Signature", "translocal=:AAAA:") },
		"no signature":       func(r *http.Request) { r.Header.Del("Signature") },
		"not signed":         func(r *http.Request) { r.Header.Del("Signature"); r.Header.Del("Signature-Input") },
		"garbage":            func(r *http.Request) { r.Header.Set("Signature-Input", strings.Repeat("(", 5000)) },
	} {
		r := fresh()
		spoil(r)
		if code := do(r); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, code)
		}
	}
}

func TestANewKeyOfANodeIsTaken(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	a.offer(t, b)
	work(t, a, b)
	a.key, a.public = nil, ""
	fresh, err := a.makeSiteKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.openSiteKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = fresh
	c.forward(2 * time.Minute)
	a.offer(t, b)
	work(t, a, b)
	if len(b.offered) != 2 {
		t.Fatal(len(b.offered))
	}
}

func TestAnEndlessBodyIsCutOff(t *testing.T) {
	c := &clock{at: time.Now()}
	a, b := newPeer(t, c), newPeer(t, c)
	_, err := a.call(t.Context(), http.MethodPost, b.base+"/fed/hint", bytes.Repeat([]byte(" "), 1<<20))
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "413") {
		t.Fatal(err)
	}
}

func FuzzSignature(f *testing.F) {
	f.Add(rfcInput, rfcSignature)
	f.Add(`a=("@method" "@target-uri");created=1;nonce="x"`, `a=:AAAA:`)
	f.Add(`a=();created=1.5`, `a=1`)
	key, _ := base64.StdEncoding.DecodeString(rfcPublic)
	f.Fuzz(func(t *testing.T, input, signature string) {
		r := rfcRequest()
		r.Header.Set("Signature-Input", input)
		r.Header.Set("Signature", signature)
		s, err := parseSignature(r.Header)
		if err != nil {
			return
		}
		if err := s.verify(r, rfcTarget, key); err == nil && !bytes.Equal(s.signature, mustSignature(t)) {
			t.Fatalf("forged: %q %q", input, signature)
		}
	})
}

func mustSignature(t *testing.T) []byte {
	s, err := parseSignature(rfcRequest().Header)
	if err != nil {
		t.Fatal(err)
	}
	return s.signature
}
