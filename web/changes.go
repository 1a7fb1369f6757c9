package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

// The log of changes: all that a place published, in the order of its record, for
// everybody. It shows no text; what was hidden or erased is not told again.

func (s *Server) changesRoutes() []route { return object("/changes", s.changes) }

func (s *Server) changes(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	var before int64
	if text := r.URL.Query().Get("before"); text != "" {
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before < 1 {
			return fault.At("before", "fault.number")
		}
	}
	list, err := s.Places.Changes(r.Context(), viewer(r), p.Stream, before)
	if err != nil {
		return err
	}
	return s.show(w, r, page.ChangeLog(s.frame(r, t(r, "changes.title")), p, list))
}

func (s *Server) changesAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/changes", "place-changes", "All that a place published, in the order of its record, newest first",
		func(ctx context.Context, in *struct {
			StreamPath
			Before int64 `query:"before" minimum:"0" doc:"Only what has a smaller number; 0 begins with the newest"`
		}) (*struct{ Body []place.PublicChange }, error) {
			list, err := s.Places.Changes(ctx, viewerIn(ctx), in.stream(), in.Before)
			return &struct{ Body []place.PublicChange }{list}, err
		})
}
