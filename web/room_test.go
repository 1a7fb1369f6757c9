package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"translocal/web/page"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	body := s.browser(s.keeper).get("/room", http.StatusOK)
	if !strings.Contains(body, "not encrypted") || !strings.Contains(body, `<svg class="room"`) || !strings.Contains(body, s.server.Base) || !strings.Contains(body, "same network as this site") {
		t.Error("address, code or warning is missing:", body)
	}
	s.server.Shown = "https://example.org" // as a node that moved: its texts keep their names
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/room", nil))
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "not encrypted") ||
		strings.Contains(w.Body.String(), "same network") || !strings.Contains(w.Body.String(), "<strong dir=\"ltr\">https://example.org<") {
		t.Error("a public, encrypted link is warned of, or not shown:", w.Code)
	}
}

func TestTerminalQR(t *testing.T) {
	t.Parallel()
	code := page.TerminalQR("http://192.168.1.7:7080")
	lines := strings.Split(strings.TrimSuffix(code, "\n"), "\n")
	for _, l := range lines {
		if n, m := len([]rune(l)), len(lines); n != 29 || (n+1)/2 != m {
			t.Fatalf("a line of %d in %d lines", n, m)
		}
	}
	if page.TerminalQR(strings.Repeat("x", 5000)) != "" {
		t.Error("a text too long for a code got one")
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	ask := func(ctx context.Context, path string) int {
		w := httptest.NewRecorder()
		s.server.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
		return w.Code
	}
	if h, r := ask(t.Context(), "/healthz"), ask(t.Context(), "/readyz"); h != 200 || r != 200 {
		t.Fatal("a node that runs is not ready:", h, r)
	}
	// A database that gives no answer in time.
	late, stop := context.WithCancel(t.Context())
	stop()
	if h, r := ask(late, "/healthz"), ask(late, "/readyz"); h != 200 || r != 503 {
		t.Error("without a database:", h, r)
	}
}

func TestForwardedAddress(t *testing.T) {
	t.Parallel()
	s := &Server{Config: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/32")}}}
	for _, c := range []struct{ from, forwarded, want string }{
		{"127.0.0.1:9", "203.0.113.1", "203.0.113.1"},
		{"127.0.0.1:9", "1.1.1.1, 203.0.113.1", "203.0.113.1"},
		{"10.0.0.2:9", "203.0.113.1", "203.0.113.1"},
		{"[::ffff:10.0.0.2]:9", "203.0.113.1", "203.0.113.1"},
		{"10.0.0.3:9", "203.0.113.1", "10.0.0.3"},
		{"192.0.2.1:9", "127.0.0.1", "192.0.2.1"},
		{"127.0.0.1:9", "nonsense", "127.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		r.Header.Set("X-Forwarded-For", c.forwarded)
		if got := s.address(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
