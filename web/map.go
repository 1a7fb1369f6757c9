package web

import (
	"net/http"
	"slices"
	"strings"

	"translocal/place"
	"translocal/web/page"
)

func (s *Server) mapRoutes() []route { return []route{{"GET /map", s.worldMap}} }

// maxOnMap is how many places the map shows; a page of more would be too heavy.
const maxOnMap = 400

// worldMap shows the places that said where they are: those of this node and
// those that it hears from.
func (s *Server) worldMap(w http.ResponseWriter, r *http.Request) error {
	own, err := s.Places.Own(r.Context())
	if err != nil {
		return err
	}
	others, err := s.Places.Others(r.Context())
	if err != nil {
		return err
	}
	m := page.MapPage{Whole: r.URL.Query().Get("whole") != ""}
	byName := func(a, b *place.Place) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) }
	slices.SortStableFunc(own, byName)
	slices.SortStableFunc(others, byName)
	m.Places = slices.DeleteFunc(slices.Concat(own, others), func(p *place.Place) bool { return p.At == nil })
	if m.Left = len(m.Places) - maxOnMap; m.Left > 0 { // those of this node stay
		m.Places = m.Places[:maxOnMap]
	}
	slices.SortStableFunc(m.Places, byName)
	return s.show(w, r, page.Map(s.frame(r, t(r, "map.title")), m))
}
