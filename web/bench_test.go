package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"translocal/blueprint"
)

// BenchmarkBlueprintPage renders the page of a text with 60 clauses of which 200
// adaptations are known, as a stranger gets it: nothing is cached.
func BenchmarkBlueprintPage(b *testing.B) {
	s := openTextSite(b)
	texts := make([]string, 60)
	for i := range texts {
		texts[i] = fmt.Sprintf("Clause %d. %s", i, strings.Repeat("The council reports on what it did. ", 10))
	}
	text := passages(texts...)
	source := s.publish(text)
	v, err := s.server.Blueprints.Read(b.Context(), s.keeper, source)
	if err != nil {
		b.Fatal(err)
	}
	ref := v.Ref()
	for range 200 {
		_, err := s.server.Blueprints.Publish(b.Context(), s.keeper, blueprint.Publication{Place: s.place.Stream, Text: text,
			From: []blueprint.Parent{{Kind: blueprint.Adapted, Blueprint: v.Blueprint, Version: &ref}}})
		if err != nil {
			b.Fatal(err)
		}
	}
	path := strings.TrimPrefix(source.ID, s.URL)
	h := s.server.page(func(w http.ResponseWriter, r *http.Request) error { s.server.mux.ServeHTTP(w, r); return nil })
	var size int
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "bytes/page")
}
