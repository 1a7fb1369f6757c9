package web

import (
	"net/http"
	"strings"
	"testing"

	"translocal/place"
)

// Each call has its page, which names what is sent and what comes back.
func TestManualNamesEveryCall(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(place.Viewer{})
	list := b.get("/api", http.StatusOK)
	all := s.server.operations(every)
	if len(all) < 30 {
		t.Fatalf("the manual has %d calls", len(all))
	}
	for _, o := range all {
		if o.Summary == "" {
			t.Errorf("%s has no summary", o.ID)
		}
		if !strings.Contains(list, `"/api/`+o.ID+`"`) {
			t.Errorf("the list lacks %s", o.ID)
		}
		page := b.get("/api/"+o.ID, http.StatusOK)
		for _, f := range append(o.Parameters, o.Body...) {
			if !strings.Contains(page, f.Name) {
				t.Errorf("the page of %s lacks %s", o.ID, f.Name)
			}
		}
		if n := len(page); n > 50<<10 {
			t.Errorf("the page of %s has %d bytes", o.ID, n)
		}
	}
	if page := b.get("/api/describe-place", http.StatusOK); !strings.Contains(page, "names[].lang") {
		t.Error("what lies inside a list is not described")
	}
	if page := b.get("/api/come-in", http.StatusOK); !strings.Contains(page, "Show it as a bearer token") {
		t.Error("what a member means is not said")
	}
	b.get("/api/no-such-call", http.StatusNotFound)
}
