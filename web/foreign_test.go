package web_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/decide"
	"translocal/place"
)

// foreign is another node as far as its signatures go: its key stands where
// keys of nodes stand.
type foreign struct {
	base, id string
	key      ed25519.PrivateKey
}

func openForeign(t *testing.T) *foreign {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	f := &foreign{key: key}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/fed/site" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"@context": []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/multikey/v1"},
			"id": f.base + "/fed/site", "type": "Application", "assertionMethod": []any{map[string]string{"id": f.id, "type": "Multikey",
				"controller": f.base + "/fed/site", "publicKeyMultibase": act.EncodeKey(public)}}})
	}))
	t.Cleanup(srv.Close)
	f.base = srv.URL
	f.id = f.base + "/fed/site#" + act.EncodeKey(public)
	return f
}

// sign is a call with this node's signature on it (RFC 9421), made by hand.
func (f *foreign) sign(t *testing.T, base string, c call) call {
	t.Helper()
	body := c.raw
	switch {
	case c.form != nil:
		body = c.form.Encode()
	case c.json != nil:
		body = quoted(t, c.json)
	}
	sum := sha256.Sum256([]byte(body))
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	params := fmt.Sprintf(`("@method" "@target-uri" "content-digest");created=%d;keyid="%s";nonce="%s";alg="ed25519"`, time.Now().Unix(), f.id, rand.Text())
	signed := fmt.Sprintf("\"@method\": %s\n\"@target-uri\": %s\n\"content-digest\": %s\n\"@signature-params\": %s", c.method, base+c.path, digest, params)
	c.header = map[string]string{"Content-Digest": digest, "Signature-Input": "sig=" + params,
		"Signature": "sig=:" + base64.StdEncoding.EncodeToString(ed25519.Sign(f.key, []byte(signed))) + ":"}
	return c
}

// TestAnotherNodeIsAStranger sends everything that the table refuses to
// strangers with the good signature of another node: that opens no page, no form
// and no call. What nodes may ask of one another it may, and no more.
func TestAnotherNodeIsAStranger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := openForeign(t)
	// First that the signature is one: without it the same is refused as unsigned.
	held := get("/fed/held?stream=" + string(w.here.Stream))
	if a := w.do(person{}, held); a.status != 401 {
		t.Fatalf("unsigned: %d %.300s", a.status, a.body)
	}
	if a := w.do(person{}, f.sign(t, w.base, held)); a.status != 404 {
		t.Fatalf("the signature is not taken: %d %.300s", a.status, a.body)
	}
	var calls []call
	for _, action := range actions() {
		if place.Allowed(place.Stranger, action, place.Any) {
			continue
		}
		for _, d := range probes[action] {
			s := stateFor(action)
			if s == place.Any && stateful(action) {
				s = decide.Clarify
			}
			calls = append(calls, d(w, s))
		}
	}
	before := w.dump()
	for _, c := range calls {
		a := w.do(person{}, f.sign(t, w.base, c))
		link := a.status == 404 && strings.Contains(c.path, "/draft")
		if !refusedStranger(a) && !link {
			t.Errorf("%s %s: %d: %.300s", c.method, c.path, a.status, a.body)
		}
	}
	w.unchanged(before, "another node")
	if len(calls) < 80 {
		t.Error("only", len(calls), "doors")
	}
	w.foreignHints(f)
}

// foreignHints are documents between nodes about what is not the sender's.
func (w *world) foreignHints(f *foreign) {
	w.t.Helper()
	t, before := w.t.(*testing.T), w.dump()
	for what, c := range map[string]call{
		"a hint about our stream":       {method: "POST", path: "/fed/hint", raw: quoted(t, map[string]any{"stream": w.here.Stream, "size": 1 << 30})},
		"following what is not there":   {method: "POST", path: "/fed/subscribe", raw: quoted(t, map[string]any{"stream": strings.Repeat("ab", 32)})},
		"a submission that is none":     {method: "POST", path: "/fed/submit", raw: "{}"},
		"our stream as if it were held": get("/fed/held?stream=" + url.QueryEscape(string(w.there.Stream))),
	} {
		if a := w.do(person{}, c); a.status != 401 {
			t.Errorf("%s, unsigned: %d", what, a.status)
		}
		if a := w.do(person{}, f.sign(t, w.base, c)); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %d %.200s", what, a.status, a.body)
		}
	}
	w.unchanged(before, "another node's documents")
}
