package web

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"translocal/fault"
	"translocal/i18n"
	"translocal/limit"
	"translocal/place"
)

type viewerKey struct{}

// viewer is who asks.
func viewer(r *http.Request) place.Viewer { return viewerIn(r.Context()) }

func viewerIn(ctx context.Context) place.Viewer {
	v, _ := ctx.Value(viewerKey{}).(place.Viewer)
	return v
}

func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler: // the server ends the connection
				panic(p)
			default:
				slog.Error("request panicked", "path", pathForLog(r), "panic", p, "stack", string(debug.Stack()))
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// policy lets a page load nothing but what this node serves, and no script or
// style that stands in the page itself.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *Server) headers(next http.Handler) http.Handler {
	secure := strings.HasPrefix(s.Shown, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "interest-cohort=(), browsing-topics=(), geolocation=(), camera=(), microphone=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if strings.HasPrefix(r.URL.Path, "/api/") { // a page says so itself
			h.Set("Cache-Control", "no-store")
		}
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses changes that another site's page sends with our cookies.
// Nodes send no cookies, and sign what they send.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	p.AddInsecureBypassPattern("/fed/")
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, fault.New(fault.Forbidden, "fault.cross_origin"))
	}))
	return p.Handler(next)
}

// known finds out who asks and in which language to answer.
func (s *Server) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := i18n.With(r.Context(), s.printer(w, r))
		if secret := s.secret(r); secret != "" {
			v, err := s.asks(r, secret)
			if err != nil {
				s.refuse(w, r.WithContext(ctx), err)
				return
			}
			ctx = context.WithValue(ctx, viewerKey{}, v)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// refuse answers a request that no handler has seen yet: a program gets a
// problem in JSON, a browser a page.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
		s.fail(w, r, err)
		return
	}
	p := problem(r.Context(), pathForLog(r), err)
	if after := comeAgain(err); after != "" {
		w.Header().Set("Retry-After", after)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status(fault.KindOf(err)))
	if err := json.NewEncoder(w).Encode(p); err != nil {
		slog.Error("a problem was not sent", "path", pathForLog(r), "err", err)
	}
}

// comeAgain is after how many seconds to try again what a limit refused: those
// that its fault names, or a minute; "" for any other error.
func comeAgain(err error) string {
	f := asFault(err)
	if f == nil || f.Kind != fault.TooMany {
		return ""
	}
	if len(f.Args) == 2 && f.Args[0] == "seconds" {
		return fmt.Sprint(f.Args[1])
	}
	return "60"
}

// asks is for whom a secret speaks. A personal token opens the API alone, and
// one that reads changes nothing.
func (s *Server) asks(r *http.Request, secret string) (place.Viewer, error) {
	if !place.IsToken(secret) {
		if r.Header.Get("Translocal-Waits") != "" || strings.HasPrefix(r.URL.Path, "/events/") { // a page that lies open, not a person
			return s.Places.Waiting(r.Context(), secret)
		}
		return s.Places.Session(r.Context(), secret)
	}
	if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
		return place.Viewer{}, nil
	}
	v, err := s.Places.ByToken(r.Context(), secret)
	if err == nil && v.Person != "" && !v.Writes && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return v, fault.New(fault.Forbidden, "people.token.reads")
	}
	return v, err
}

const languageCookie = "tl_lang"

func (s *Server) printer(w http.ResponseWriter, r *http.Request) *i18n.Printer {
	prefer := r.URL.Query().Get("lang")
	if prefer != "" && s.I18n.Printer(prefer) != nil {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: prefer, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	} else if c, err := r.Cookie(languageCookie); err == nil {
		prefer = c.Value
	}
	return s.I18n.Match(r.Header.Get("Accept-Language"), prefer)
}

// sessionCookie is the name under which a browser keeps its session: over
// HTTPS one that no other host and no plain connection can set.
func (s *Server) sessionCookie() string {
	if strings.HasPrefix(s.Shown, "https://") {
		return "__Host-tl_session"
	}
	return "tl_session"
}

func (s *Server) secret(r *http.Request) string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return token
	}
	if c, err := r.Cookie(s.sessionCookie()); err == nil {
		return c.Value
	}
	return ""
}

func (s *Server) setSession(w http.ResponseWriter, secret string) {
	c := &http.Cookie{Name: s.sessionCookie(), Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(s.Shown, "https://"), MaxAge: int(place.SessionLasts / time.Second)}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Limits on each source of requests. What protects people (from guessed
// passwords and codes, false reports, crowded rooms) is counted over all
// replicas. Reading and plain changing are held back for the sake of one process's
// time alone: they are counted in its memory, for a look at the database
// would cost more than most of what is read.
var (
	keyRate    = limit.Rate{Each: 6 * time.Second, Burst: 20}
	tellRate   = limit.Rate{Each: tellEach, Burst: tellBurst}
	doorRate   = limit.Rate{Each: 2 * time.Minute, Burst: 30} // a room full of people has one address
	roomRate   = limit.Rate{Each: time.Second, Burst: 60}     // people behind one address answer at once
	reportRate = limit.Rate{Each: 30 * time.Second, Burst: 20}
	changeRate = limit.Rate{Each: 200 * time.Millisecond, Burst: 200}
	readRate   = limit.Rate{Each: 20 * time.Millisecond, Burst: 500}
)

// limited slows down whoever asks too much: reading gently, changing more, and
// trying passwords or links most. What nodes send has limits of its own.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := s.address(r)
		r = r.WithContext(place.From(r.Context(), address))
		if wait, err := s.mayAsk(r, limit.Source(address)); err != nil || wait > 0 {
			if err == nil {
				err = limit.Refused(wait)
			}
			s.refuse(w, r.WithContext(i18n.With(r.Context(), s.printer(w, r))), err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mayAsk is 0 for a request that may go on, else how long to wait.
func (s *Server) mayAsk(r *http.Request, from string) (time.Duration, error) {
	ctx, own := r.Context(), s.ownLimits
	switch p := r.URL.Path; {
	case strings.HasPrefix(p, "/fed/"), strings.HasPrefix(p, "/asset/"):
		return 0, nil
	case guarded(p) && r.Method != http.MethodGet:
		return s.Limits.Take(ctx, "key "+from, keyRate)
	case tells(p) && r.Method == http.MethodPost:
		return s.Limits.Take(ctx, "tell "+from, tellRate)
	case knocks(p) && r.Method == http.MethodPost:
		return s.Limits.Take(ctx, "door "+from, doorRate)
	case inRoom(p) && r.Method != http.MethodGet:
		return s.Limits.Take(ctx, "room "+from, roomRate)
	case (p == "/report" || p == "/api/v1/reports") && r.Method == http.MethodPost:
		return s.Limits.Take(ctx, "report "+from, reportRate)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return own.Take(ctx, "change "+from, changeRate)
	default:
		return own.Take(ctx, "read "+from, readRate)
	}
}

// guarded are the paths where a password, a code or a link is tried.
func guarded(p string) bool {
	switch p {
	case "/sign-in", "/sign-in/passkey", "/api/v1/sessions/passkey", "/api/v1/sessions/passkey/begin", "/recover", "/account/end", "/api/v1/sessions", "/api/v1/recover":
		return true
	}
	for _, prefix := range []string{"/come-in/", "/setup/", "/account/access/", "/api/v1/setup/", "/api/v1/come-in/", "/api/v1/account/"} {
		if strings.HasPrefix(p, prefix) {
			return true
		}
	}
	return linkOut(p) != "" || p == "/account/notices"
}

// inRoom are the paths of what people answer without an account.
func inRoom(p string) bool {
	return strings.HasPrefix(p, "/tonight/") || strings.HasPrefix(p, "/api/v1/tonight/")
}

// address is where a request comes from. Behind a proxy that we trust it is the
// last address that the proxy vouches for; what a browser wrote before it counts
// for nothing.
func (s *Server) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip, err := netip.ParseAddr(host); err == nil && s.trusts(ip.Unmap()) {
		if f := r.Header.Values("X-Forwarded-For"); len(f) > 0 {
			parts := strings.Split(f[len(f)-1], ",")
			if ip := net.ParseIP(strings.TrimSpace(parts[len(parts)-1])); ip != nil {
				return ip.String()
			}
		}
	}
	return host
}

// trusts tells whether an address is that of a proxy whose word is taken: one on
// this machine, or one that was named at the start.
func (s *Server) trusts(ip netip.Addr) bool {
	return ip.IsLoopback() || slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// pathForLog is the path without what opens something: secrets of links never
// reach a log.
func pathForLog(r *http.Request) string {
	for _, prefix := range []string{"/setup/", "/come-in/", "/asked/", "/draft/", "/calendar/", "/meetings/", "/tonight/", "/events/tonight/",
		"/api/v1/setup/", "/api/v1/asked/", "/api/v1/come-in/", "/api/v1/drafts/", "/api/v1/tonight/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return prefix + "…"
		}
	}
	if prefix := linkOut(r.URL.Path); prefix != "" {
		return prefix + "…"
	}
	return r.URL.Path
}
