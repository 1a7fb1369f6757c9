package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMetricsAreForTheMachineAndTheToken(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	s.server.MetricsToken = "a token of the monitor"
	ask := func(remote string, header ...string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = remote
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.server.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for name, c := range map[string]struct {
		remote string
		header []string
		want   int
	}{
		"this machine":               {"127.0.0.1:5000", nil, 200},
		"this machine, IPv6":         {"[::1]:5000", nil, 200},
		"through a proxy on it":      {"127.0.0.1:5000", []string{"X-Forwarded-For", "203.0.113.9"}, 404},
		"another machine":            {"203.0.113.9:5000", nil, 404},
		"another, with the token":    {"203.0.113.9:5000", []string{"Authorization", "Bearer a token of the monitor"}, 200},
		"another, with a wrong one":  {"203.0.113.9:5000", []string{"Authorization", "Bearer a token of the monitoR"}, 404},
		"proxied, with the token":    {"127.0.0.1:5000", []string{"Authorization", "Bearer a token of the monitor", "X-Forwarded-For", "203.0.113.9"}, 200},
		"a nonsense remote address":  {"nowhere", nil, 404},
		"another, with an empty one": {"203.0.113.9:5000", []string{"Authorization", "Bearer "}, 404},
	} {
		if code, _ := ask(c.remote, c.header...); code != c.want {
			t.Errorf("%s: %d, want %d", name, code, c.want)
		}
	}
	before := s.server.counters.answers[4].Load()
	s.browser(s.keeper).get("/no-such-page", http.StatusNotFound)
	if now := s.server.counters.answers[4].Load(); now != before+1 {
		t.Errorf("%d answers 4xx after one more, were %d", now, before)
	}
	_, body := ask("127.0.0.1:5000")
	for _, want := range []string{"\ntranslocal_streams 1\n", "\ntranslocal_requests_under_way 1\n", "# TYPE translocal_jobs_waiting gauge", "translocal_answers_total{status=\"4xx\"}"} {
		if !strings.Contains(body, want) {
			t.Errorf("the metrics lack %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "Rio") || strings.Contains(body, "Alder") {
		t.Error("the metrics name a place or a person")
	}
}
