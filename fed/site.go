package fed

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// The node ("site") has a key of its own that signs requests between nodes; it
// is published at {base}/fed/site and its id is that URL, '#' and the Multikey.

const sitePath = "/fed/site"

// siteDocument is what stands at /fed/site: a controller of keys (FEP-521a).
type siteDocument struct {
	Context         []string   `json:"@context"`
	ID              string     `json:"id"`
	Type            string     `json:"type"`
	AssertionMethod []multikey `json:"assertionMethod"`
}

type multikey struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Controller string `json:"controller"`
	Public     string `json:"publicKeyMultibase"`
}

var controllerContext = []string{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/multikey/v1"}

func keyOf(controller, public string) multikey {
	return multikey{ID: controller + "#" + public, Type: "Multikey", Controller: controller, Public: public}
}

type siteKeyRow struct {
	Public  string
	Wrapped []byte
}

var (
	siteKey       = db.Rows[siteKeyRow](`select public, wrapped from site_key order by made desc, public limit 1`)
	insertSiteKey = db.Exec(`insert into site_key (public, wrapped, made) values ($1, $2, $3)`)
	peerKey       = db.Rows[string](`select key from peer where host = $1`)
	savePeerKey   = db.Exec(`insert into peer (host, key, failures, next_try, last_heard, trouble) values ($1, $2, 0, 0, $3, '')
		on conflict (host) do update set key = excluded.key, last_heard = excluded.last_heard`)
)

// openSiteKey reads the node's key, and makes it when there is none.
func (n *Node) openSiteKey(ctx context.Context) error {
	row, err := siteKey.One(ctx, n.db)
	if err == nil {
		n.key, err = n.log.Keys().Unwrap(row.Wrapped, "site")
	} else if fault.Is(err, fault.NotFound) {
		n.key, err = n.makeSiteKey(ctx)
	}
	if err == nil {
		n.public = act.EncodeKey(n.key.Public().(ed25519.PublicKey))
	}
	return err
}

func (n *Node) makeSiteKey(ctx context.Context) (ed25519.PrivateKey, error) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	wrapped, err := n.log.Keys().Wrap(key, "site")
	if err != nil {
		return nil, err
	}
	return key, n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := insertSiteKey.Run(ctx, tx, act.EncodeKey(public), wrapped, act.Micros(n.now()))
		return err
	})
}

func (n *Node) keyID() string { return n.base + sitePath + "#" + n.public }

func (n *Node) site(w http.ResponseWriter, _ *http.Request) error {
	id := n.base + sitePath
	return writeJSON(w, siteDocument{Context: controllerContext, ID: id, Type: "Service", AssertionMethod: []multikey{keyOf(id, n.public)}})
}

// call sends a signed request and reads the response.
func (n *Node) call(ctx context.Context, method, url string, body []byte) ([]byte, error) {
	reply, err := n.client.do(ctx, request{method: method, url: url, body: body, key: n.key, keyID: n.keyID()})
	if err != nil {
		return nil, err
	}
	return reply, n.heard(ctx, act.Host(url))
}

// baseShape is what a base URL looks like: lower case, no path, no user.
var baseShape = regexp.MustCompile(`^https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)

// authenticate finds out which node sent a request, by its signature, and reads
// the body, at most max bytes. A request that is not signed gives "".
func (n *Node) authenticate(w http.ResponseWriter, r *http.Request, max int64) (host string, body []byte, err error) {
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, max))
	if err != nil {
		return "", nil, fault.Wrap(fault.TooLarge, err, "fault.document_too_large")
	}
	if !isSigned(r) {
		return "", body, nil
	}
	s, err := parseSignature(r.Header)
	if err != nil {
		return "", nil, unsigned(err)
	}
	host, public, ok := strings.Cut(s.keyID, sitePath+"#")
	switch {
	case !ok || !baseShape.MatchString(host) || len(host) > act.MaxURL || host == n.base:
		return "", nil, unsigned(fmt.Errorf("%w: key id", errSignature))
	case !s.covers("@method", "@target-uri", "content-digest") || s.nonce == "" || len(s.nonce) > 100:
		return "", nil, unsigned(fmt.Errorf("%w: covers too little", errSignature))
	case n.now().Sub(s.created).Abs() > window:
		return "", nil, unsigned(fmt.Errorf("%w: made at another time", errSignature))
	}
	if err := checkDigest(r.Header, body); err != nil {
		return "", nil, unsigned(err)
	}
	if err := n.verifyBy(r, &s, host, public); err != nil {
		return "", nil, err
	}
	if !n.nonces.first(host+" "+s.nonce, n.now()) {
		return "", nil, unsigned(fmt.Errorf("%w: sent before", errSignature))
	}
	return host, body, n.heard(r.Context(), host)
}

func unsigned(err error) error { return fault.Wrap(fault.SignIn, err, "fault.signature") }

// verifyBy checks a signature by the key in its id, once it is known to be the
// host's: as we knew, or as its site document says now.
func (n *Node) verifyBy(r *http.Request, s *signed, host, public string) error {
	key, err := act.DecodeKey(public)
	if err != nil {
		return unsigned(err)
	}
	if err := s.verify(r, n.base+r.URL.RequestURI(), key); err != nil {
		return unsigned(err) // before we trouble anybody for the key
	}
	known, err := peerKey.One(r.Context(), n.db, host)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if known == public {
		return nil
	}
	return n.fetchKey(r.Context(), host, public)
}

// fetchKey asks a host for its key; a host that gave another one is not asked
// again for a minute.
func (n *Node) fetchKey(ctx context.Context, host, public string) error {
	if !n.doubts.first(host, n.now()) {
		return fault.New(fault.TooMany, "fault.too_many_requests")
	}
	select {
	case n.fetches <- struct{}{}:
		defer func() { <-n.fetches }()
	default: // a flood of strangers must not make us one for others
		return fault.New(fault.TooMany, "fault.too_many_requests")
	}
	raw, err := n.client.do(ctx, request{method: http.MethodGet, url: host + sitePath, max: 64 << 10})
	if err != nil {
		return unsigned(err)
	}
	var d siteDocument
	if err := json.Unmarshal(raw, &d); err != nil || d.ID != host+sitePath {
		return unsigned(fmt.Errorf("%w: %s is no site document", errSignature, host))
	}
	for _, k := range d.AssertionMethod {
		if k.Public == public {
			n.doubts.forget(host)
			return n.db.Write(ctx, func(tx *db.Tx) error {
				_, err := savePeerKey.Run(ctx, tx, host, public, act.Micros(n.now()))
				return err
			})
		}
	}
	return unsigned(fmt.Errorf("%w: not a key of %s", errSignature, host))
}

// memory remembers what it has seen for a while, up to a number of things: of
// more it forgets the oldest half.
type memory struct {
	mu   sync.Mutex
	keep time.Duration
	max  int
	seen map[string]time.Time
}

func newMemory(keep time.Duration, max int) *memory {
	return &memory{keep: keep, max: max, seen: map[string]time.Time{}}
}

// first tells whether what is not remembered, and remembers it from now on.
func (m *memory) first(what string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, ok := m.seen[what]; ok && now.Sub(at) < m.keep {
		return false
	}
	if len(m.seen) >= m.max {
		m.prune(now)
	}
	m.seen[what] = now
	return true
}

func (m *memory) prune(now time.Time) {
	for age := m.keep; len(m.seen) > m.max/2; age /= 2 {
		for what, at := range m.seen {
			if now.Sub(at) >= age {
				delete(m.seen, what)
			}
		}
	}
}

func (m *memory) forget(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, what)
}

// Answers.

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // envelopes go as they were signed
	return e.Encode(v)
}

type failure struct {
	Error string `json:"error"`
}

var messageKey = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)

// keyIn is the message key in another node's refusal, "" where there is none.
func keyIn(body []byte) string {
	var f failure
	if len(body) > 4096 || json.Unmarshal(body, &f) != nil || len(f.Error) > 80 || !messageKey.MatchString(f.Error) {
		return ""
	}
	return f.Error
}

var statusOf = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.NotFound: http.StatusNotFound, fault.SignIn: http.StatusUnauthorized,
	fault.Forbidden: http.StatusForbidden, fault.Conflict: http.StatusConflict, fault.TooMany: http.StatusTooManyRequests,
	fault.TooLarge: http.StatusRequestEntityTooLarge, fault.Unavailable: http.StatusServiceUnavailable,
}

// handle makes an http.Handler of a function that returns why it refuses.
func handle(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := f(w, r)
		if err == nil {
			return
		}
		status, ok := statusOf[fault.KindOf(err)]
		if !ok {
			status = http.StatusInternalServerError
			logError("request of another node failed", err)
		}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "60")
		}
		key := "fault.internal"
		var e *fault.Error
		if errors.As(err, &e) {
			key = e.Key
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(failure{key})
	})
}

// hostOf is the base URL of a URL, in the form that we store.
func hostOf(u *url.URL) string {
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
