package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority speaks as much of ACME (RFC 8555) as a node needs, and does what the
// real ones do: it gives a certificate only once the node has shown, by a TLS
// connection to it (RFC 8737), that it holds the name.
type authority struct {
	*httptest.Server
	t    *testing.T
	node string // where the name is said to lead

	mu     sync.Mutex
	key    *ecdsa.PrivateKey
	root   *x509.Certificate
	name   string
	proved bool
	chain  []byte
	orders int
	thumb  string // of the account's key, learnt when it is registered
}

const challengeToken = "dG9rZW4tb2YtdGhlLWNoYWxsZW5nZQ"

func newAuthority(t *testing.T, node string) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of the test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, node: node, key: key, root: root}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	payload, thumb := a.payload(r)
	answer := func(code int, location string, v any) {
		if location != "" {
			w.Header().Set("Location", a.URL+location)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(v)
	}
	state := func(done bool) string {
		if done {
			return "valid"
		}
		return "pending"
	}
	order := func() map[string]any {
		o := map[string]any{"status": "pending", "identifiers": []any{map[string]string{"type": "dns", "value": a.name}}, "authorizations": []string{a.URL + "/authz"}, "finalize": a.URL + "/finalize"}
		if a.proved {
			o["status"] = "ready"
		}
		if a.chain != nil {
			o["status"], o["certificate"] = "valid", a.URL+"/certificate"
		}
		return o
	}
	challenge := func() map[string]string {
		return map[string]string{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": challengeToken, "status": state(a.proved)}
	}
	switch r.URL.Path {
	case "/":
		answer(200, "", map[string]string{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/order"})
	case "/nonce":
	case "/account":
		answer(201, "/account/1", map[string]string{"status": "valid"})
	case "/order":
		var in struct{ Identifiers []struct{ Value string } }
		if json.Unmarshal(payload, &in) != nil || len(in.Identifiers) != 1 {
			http.Error(w, "order", 400)
			return
		}
		a.name, a.proved, a.chain = in.Identifiers[0].Value, false, nil
		a.orders++
		answer(201, "/order/1", order())
	case "/order/1":
		answer(200, "/order/1", order())
	case "/authz":
		answer(200, "", map[string]any{"status": state(a.proved), "identifier": map[string]string{"type": "dns", "value": a.name}, "challenges": []any{challenge()}})
	case "/challenge":
		if err := a.prove(thumb); err != nil {
			a.t.Error(err)
		} else {
			a.proved = true
		}
		answer(200, "", challenge())
	case "/finalize":
		var in struct{ CSR string }
		json.Unmarshal(payload, &in)
		if err := a.sign(in.CSR); err != nil {
			a.t.Error(err)
		}
		answer(200, "/order/1", order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Write(a.chain)
	default:
		http.NotFound(w, r)
	}
}

// payload takes what is in a signed request, and the thumbprint of the account's
// key (RFC 7638), which the first one carries.
func (a *authority) payload(r *http.Request) ([]byte, string) {
	var jws struct{ Protected, Payload string }
	if r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&jws) != nil {
		return nil, a.thumb
	}
	head, _ := base64.RawURLEncoding.DecodeString(jws.Protected)
	var h struct {
		JWK *struct{ Crv, X, Y string }
	}
	if json.Unmarshal(head, &h) == nil && h.JWK != nil {
		sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, h.JWK.Crv, h.JWK.X, h.JWK.Y))
		a.thumb = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	payload, _ := base64.RawURLEncoding.DecodeString(jws.Payload)
	return payload, a.thumb
}

// prove looks, as the protocol says, whether who answers for the name holds the account.
func (a *authority) prove(thumb string) error {
	conn, err := tls.Dial("tcp", a.node, &tls.Config{ServerName: a.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}) // its certificate is the proof itself
	if err != nil {
		return err
	}
	defer conn.Close()
	cert := conn.ConnectionState().PeerCertificates[0]
	sum := sha256.Sum256([]byte(challengeToken + "." + thumb))
	want, err := asn1.Marshal(sum[:])
	if err != nil {
		return err
	}
	for _, e := range cert.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && string(e.Value) == string(want) {
			return nil
		}
	}
	return fmt.Errorf("the node did not prove that it holds %s", a.name)
}

func (a *authority) sign(csr string) error {
	der, err := base64.RawURLEncoding.DecodeString(csr)
	if err != nil {
		return err
	}
	req, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(int64(2 + a.orders)), DNSNames: req.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	out, err := x509.CreateCertificate(rand.Reader, leaf, a.root, req.PublicKey.(crypto.PublicKey), a.key)
	if err != nil {
		return err
	}
	a.chain = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: out}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})...)
	return nil
}

// A node gets its own certificate by itself, once, keeps it, serves with it what
// belongs over an encrypted link, and gets none for a name that isn't its own.
func TestOwnCertificate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t, l.Addr().String())
	c := &ServeCmd{Data: t.TempDir(), URL: "https://rio.example", ACME: true, ACMEDirectory: a.URL + "/"}
	m, err := c.certificates()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plainAddr := plain.Addr().String()
	plain.Close()
	encrypted, err := encrypt(ctx, l, m, plainAddr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := openNode(ctx, nodeOptions{Data: c.Data, Base: c.URL})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.serve(ctx, encrypted) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		n.close()
	})
	roots := x509.NewCertPool()
	roots.AddCert(a.root)
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	for range 2 {
		r, err := client.Get(c.URL + "/")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if r.StatusCode != http.StatusOK || r.ProtoMajor != 2 || r.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%d over %s, HSTS %q", r.StatusCode, r.Proto, r.Header.Get("Strict-Transport-Security"))
		}
	}
	if a.orders != 1 {
		t.Errorf("%d certificates were ordered for one name", a.orders)
	}
	if _, err := client.Get("https://somebody-else.example/"); err == nil || a.orders != 1 {
		t.Errorf("another's name: %v, %d orders", err, a.orders)
	}
	// Plain HTTP leads to the same page over TLS.
	noFollow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, _ := http.NewRequest(http.MethodGet, "http://"+plainAddr+"/places", nil)
	req.Host = "rio.example"
	r, err := noFollow.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if got := r.Header.Get("Location"); got != "https://rio.example/places" {
		t.Errorf("plain HTTP leads to %q", got)
	}
}

func TestOwnCertificateNeedsAName(t *testing.T) {
	for _, url := range []string{"", "http://rio.example", "https://rio.example:8443", "https://203.0.113.7", "https://localhost"} {
		if _, err := (&ServeCmd{ACME: true, URL: url}).certificates(); err == nil || !strings.Contains(err.Error(), "--acme needs") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if m, err := (&ServeCmd{}).certificates(); m != nil || err != nil {
		t.Errorf("not asked for: %v, %v", m, err)
	}
}
