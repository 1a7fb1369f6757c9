package fed

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"code.dny.dev/ssrf"

	"translocal/fault"
)

// TestNoPrivateAddressIsReached tries what a hostile address could be: nothing may
// be dialled, and the reason must be the guard.
func TestNoPrivateAddressIsReached(t *testing.T) {
	hit := false
	local := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit = true }))
	defer local.Close()
	_, port, _ := net.SplitHostPort(local.Listener.Addr().String())
	c, err := newClient(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"127.0.0.1:" + port, "localhost:" + port, "127.0.0.1", "127.1.2.3", "0.0.0.0", "[::1]", "[::]",
		"[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]",
		"[2002:7f00:1::]", "[2001::1]", "[2001:db8::1]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[100::1]", "[::7f00:1]",
		"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
		"192.0.2.1", "203.0.113.1", "100.100.100.200",
		"1.1.1.1:22", "1.1.1.1:80", "1.1.1.1:8080", "[2606:4700::1111]:25", // public, but no place for a node
	} {
		_, err := c.do(t.Context(), request{method: http.MethodGet, url: "https://" + address + "/fed/site"})
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "prohibited") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if hit {
		t.Error("reached it")
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	c, err := newClient(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []string{
		"http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org", "https://", "https:///x", "https://user@example.org/",
		"https://user:word@example.org/", "https:example.org", "//example.org/", "", "x", "https://exa mple.org/", "http://[::1", "data:text/plain,x", "https://:443/",
		"http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://localhost/",
	} {
		if _, err := c.do(t.Context(), request{method: http.MethodGet, url: u}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", u, err)
		}
	}
	// Odd spellings of an address are names to us, and names are looked up and judged.
	for _, u := range []string{"https://0177.0.0.1/", "https://0x7f000001/", "https://127.0.0.1./"} {
		if _, err := c.do(t.Context(), request{method: http.MethodGet, url: u}); err == nil {
			t.Errorf("%q was reached", u)
		}
	}
}

func TestTheAllowListOpensWhatItNamesAndNoMore(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") })
	one, two := httptest.NewServer(answer), httptest.NewServer(answer)
	defer one.Close()
	defer two.Close()
	c, err := newClient([]string{one.Listener.Addr().String(), "10.1.0.0/16", "fd00::/8"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.do(t.Context(), request{method: http.MethodGet, url: one.URL}); err != nil {
		t.Error(err)
	}
	if _, err := c.do(t.Context(), request{method: http.MethodGet, url: two.URL}); err == nil {
		t.Error("another port of the same address")
	}
	for address, want := range map[string]bool{"10.1.2.3:9": true, "[::ffff:10.1.2.3]:9": true, "[fd00::1%eth0]:9": true, "10.2.0.1:9": false, "10.1.2.3": false, "x:9": false} {
		if got := c.allowsAddress(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	for _, bad := range []string{"", "host", "10.0.0.0/99", ":80", "host:"} {
		if _, err := newClient([]string{bad}, time.Now); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRedirects(t *testing.T) {
	var target string
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "secret") }))
	defer secret.Close()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			io.WriteString(w, "end")
			return
		}
		http.Redirect(w, r, target, http.StatusFound)
	}))
	defer front.Close()
	c, err := newClient([]string{"127.0.0.0/8"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, target = range []string{secret.URL, "https://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://example.org/", "https://" + front.Listener.Addr().String() + "/end", front.URL + "/again"} {
		if body, err := c.do(t.Context(), request{method: http.MethodGet, url: front.URL}); err == nil {
			t.Errorf("sent on to %s: %s", target, body)
		}
	}
	target = front.URL + "/end"
	if body, err := c.do(t.Context(), request{method: http.MethodGet, url: front.URL}); err != nil || string(body) != "end" {
		t.Error("within the host:", err)
	}
}

func TestRetryAfterIsRead(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "x": 0, "-5": 0, "120": 2 * time.Minute, "999999999": 24 * time.Hour, "99999999999999999999": 0,
		"Tue, 24 Nov 2026 08:10:00 GMT": 10 * time.Minute, "Tue, 24 Nov 2020 08:10:00 GMT": 0, "Tue, 24 Nov 2099 08:10:00 GMT": 24 * time.Hour,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

// TestTheGuardKnowsItsNetworks keeps an update of the guard from losing what we
// rely on.
func TestTheGuardKnowsItsNetworks(t *testing.T) {
	g := ssrf.New(ssrf.WithPorts(443))
	for _, a := range []string{"127.0.0.1:443", "[::ffff:127.0.0.1]:443", "[64:ff9b::7f00:1]:443", "169.254.169.254:443", "1.1.1.1:80"} {
		network := "tcp4"
		if strings.HasPrefix(a, "[") {
			network = "tcp6"
		}
		if err := g.Safe(network, a, nil); err == nil {
			t.Error(a)
		}
	}
	if err := g.Safe("tcp4", "1.1.1.1:443", nil); err != nil {
		t.Error(err)
	}
}

func FuzzAddress(f *testing.F) {
	c := &client{names: map[string]bool{}, now: time.Now}
	n := &Node{base: "https://here.example", client: c}
	for _, s := range []string{"https://a.example/p/abcdefghijklmnop", "a.example/p/abcdefghijklmnop/x", "https://here.example/at/a.example/p/abcdefghijklmnop", "https://a.example@b/p/abcdefghijklmnop"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		actor, err := n.actorAt(address)
		if err != nil {
			return
		}
		u, err := url.Parse(actor)
		if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(u.Path) != len("/p/")+16 || hostOf(u) != u.Scheme+"://"+u.Host {
			t.Fatalf("%q: %q", address, actor)
		}
	})
}

func FuzzPage(f *testing.F) {
	const stream = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	f.Add([]byte(`{"stream":"` + stream + `","actor":"","origin":"","from":0,"size":1,"acts":[{"envelope":{},"parts":[{"name":"a","salt":"AA==","body":""}]}],"checkpoint":"","proof":["AA=="],"keys":[{}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, entries, err := parsePage(raw, stream, 0)
		if err != nil {
			return
		}
		if len(entries) != len(p.Acts) {
			t.Fatal(len(entries))
		}
		p.hashes()
	})
}
