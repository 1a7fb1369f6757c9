package web

import (
	"net/http"
	"strings"
	"testing"

	"translocal/place"
)

func TestMapShowsWhoSaidSo(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(place.Viewer{})
	if page := b.get("/map", http.StatusOK); strings.Contains(page, "<circle") || !strings.Contains(page, "No place has said where it is yet") {
		t.Error("the map shows a place that never said where it is")
	}
	if err := s.server.Places.Describe(t.Context(), s.keeper, s.place.Stream, place.Profile{Name: `Río "1" <b>`, At: &place.Point{Lat: -346, Lon: -584}}); err != nil {
		t.Fatal(err)
	}
	page := b.get("/map", http.StatusOK)
	for _, want := range []string{"<circle", "34.6° south, 58.4° west", `<title>Río "1" <b></title>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the map lacks %q", want)
		}
	}
}
