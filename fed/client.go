package fed

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"translocal/act"
	"translocal/fault"
)

// Limits of one fetch.
const (
	maxResponse  = 8 << 20
	fetchTimeout = 20 * time.Second
	maxRedirects = 3
)

// client fetches from other nodes: over https from public addresses alone, and
// from what the allow list names.
type client struct {
	http  *http.Client
	names map[string]bool // host:port
	nets  []netip.Prefix
	now   func() time.Time
}

// newClient makes a client. allow holds host:port, an address or a CIDR that may
// be reached though it is private, and without https: for tests, for a demo on
// one machine, for a network of one's own.
func newClient(allow []string, now func() time.Time) (*client, error) {
	c := &client{names: map[string]bool{}, now: now}
	for _, a := range allow {
		if p, err := netip.ParsePrefix(a); err == nil {
			c.nets = append(c.nets, p.Masked())
		} else if ip, err := netip.ParseAddr(a); err == nil {
			c.nets = append(c.nets, netip.PrefixFrom(ip, ip.BitLen()))
		} else if host, port, err := net.SplitHostPort(a); err == nil && host != "" && port != "" {
			c.names[strings.ToLower(a)] = true
		} else {
			return nil, fmt.Errorf("fed: %q is neither host:port nor a network", a)
		}
	}
	guard := ssrf.New(ssrf.WithPorts(443))
	guarded := &net.Dialer{Timeout: 10 * time.Second, Control: func(network, address string, conn syscall.RawConn) error {
		if c.allowsAddress(address) {
			return nil
		}
		return guard.Safe(network, address, conn)
	}}
	free := &net.Dialer{Timeout: 10 * time.Second}
	c.http = &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if c.names[strings.ToLower(addr)] {
					return free.DialContext(ctx, network, addr)
				}
				return guarded.DialContext(ctx, network, addr)
			},
			Proxy:                  nil, // a proxy would dial for us, past the guard
			DisableCompression:     true,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        time.Minute,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  15 * time.Second,
			MaxResponseHeaderBytes: 32 << 10,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme || isSigned(via[0]) {
				return errRedirect
			}
			return nil
		},
	}
	return c, nil
}

var errRedirect = errors.New("sent on to another address")

func (c *client) allowsAddress(address string) bool {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	ip := ap.Addr().Unmap().WithZone("")
	for _, p := range c.nets {
		if p.Contains(ip) {
			return true
		}
	}
	return c.names[net.JoinHostPort(ip.String(), strconv.Itoa(int(ap.Port())))]
}

// mayFetch checks a URL before anything is dialled.
func (c *client) mayFetch(u *url.URL) error {
	if u.User != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" {
		return fault.At("address", "fault.url")
	}
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		if c.plain(u) {
			return nil
		}
	}
	return fault.At("address", "fault.https")
}

// plain tells whether a host may be reached without https.
func (c *client) plain(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	address := net.JoinHostPort(u.Hostname(), port)
	return c.names[strings.ToLower(address)] || c.allowsAddress(address)
}

// statusError is an answer other than success.
type statusError struct {
	status int
	key    string // what the other node says: a message key
	wait   time.Duration
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d %s", e.status, e.key) }

// request is one request to another node; with key it is signed.
type request struct {
	method string
	url    string
	body   []byte
	key    ed25519.PrivateKey
	keyID  string
	max    int64 // bytes of the response; 0 is maxResponse
}

// do sends a request and reads the response whole. The error is a fault of kind
// Unavailable when the host can't be reached or is in trouble, TooMany when it
// asks to wait, NotFound, Forbidden or Invalid when it refuses this request.
func (c *client) do(ctx context.Context, q request) ([]byte, error) {
	u, err := url.Parse(q.url)
	if err != nil {
		return nil, fault.At("address", "fault.url")
	}
	if err := c.mayFetch(u); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader(q.body))
	if err != nil {
		return nil, fault.At("address", "fault.url")
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "translocal")
	if len(q.body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.key != nil {
		if err := signRequest(r, q.body, q.key, q.keyID, c.now()); err != nil {
			return nil, err
		}
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "fault.unreachable")
	}
	defer res.Body.Close()
	return c.read(res, q.max)
}

func (c *client) read(res *http.Response, limit int64) ([]byte, error) {
	if limit == 0 {
		limit = maxResponse
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "fault.unreachable")
	}
	if int64(len(body)) > limit {
		return nil, fault.New(fault.Unavailable, "fault.document_too_large")
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return body, nil
	}
	return nil, c.refusal(res, body)
}

func (c *client) refusal(res *http.Response, body []byte) error {
	e := &statusError{status: res.StatusCode, key: keyIn(body), wait: retryAfter(res.Header.Get("Retry-After"), c.now())}
	key := "fault.peer_refuses"
	if e.key == "fault.restored" {
		key = e.key
	}
	kind := fault.Unavailable
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		kind = fault.TooMany
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		kind = fault.NotFound
	case res.StatusCode == http.StatusForbidden || res.StatusCode == http.StatusUnauthorized:
		kind = fault.Forbidden
	case res.StatusCode >= 400 && res.StatusCode < 500 || res.StatusCode == http.StatusNotImplemented:
		kind = fault.Invalid
	}
	err := error(fault.Wrap(kind, e, key))
	if e.wait > 0 {
		err = &act.Later{After: e.wait, Err: err}
	}
	return err
}

// retryAfter reads seconds or a date, at most a day.
func retryAfter(value string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		wait = time.Duration(min(n, 24*3600)) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), 24*time.Hour)
}
