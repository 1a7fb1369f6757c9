package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// TestTriesAreCountedBySource: whoever tries too often hears for how long to wait,
// page and program alike, and an IPv6 line is one source however many addresses it has.
func TestTriesAreCountedBySource(t *testing.T) {
	s := openTextSite(t)
	h := s.server.Handler()
	try := func(path, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Forwarded-For", from)
		r.RemoteAddr = "127.0.0.1:4000"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i := range keyRate.Burst {
		if w := try("/api/v1/recover", fmt.Sprintf("2001:db8:1:1::%x", i)); w.Code == http.StatusTooManyRequests {
			t.Fatalf("number %d of %d was refused", i, keyRate.Burst)
		}
	}
	for _, path := range []string{"/api/v1/sessions", "/sign-in"} {
		w := try(path, "2001:db8:1:1::ffff")
		if after, err := strconv.Atoi(w.Header().Get("Retry-After")); w.Code != http.StatusTooManyRequests || err != nil || after < 1 || after > 6 {
			t.Errorf("%s: %d, try again after %q", path, w.Code, w.Header().Get("Retry-After"))
		}
		if !strings.Contains(w.Body.String(), "Try again in") {
			t.Errorf("%s does not say when to try again: %s", path, w.Body)
		}
	}
	if w := try("/api/v1/sessions", "2001:db8:1:2::1"); w.Code == http.StatusTooManyRequests {
		t.Error("another line is refused too")
	}
}
