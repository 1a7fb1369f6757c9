package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"translocal/blueprint"
	"translocal/fault"
	"translocal/web/page"
)

// scale compares a clause across the texts that hold it.
func (s *Server) scale(w http.ResponseWriter, r *http.Request) error {
	v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("clause")
	c, ok := v.Text.Clause(id)
	if !ok {
		return fault.New(fault.NotFound, "fault.not_found")
	}
	x, err := s.Blueprints.Scale(r.Context(), viewer(r), v.VersionKey, id)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Scale(s.frame(r, t(r, "scale.title")), v, c, x, page.RungsOf(x, fromOf(r, "from"), r.URL.RequestURI())))
}

// rungBody is one wording of a clause.
type rungBody struct {
	Text     string   `json:"text"`
	Language string   `json:"language"`
	Status   string   `json:"status,omitempty" doc:"Of a translation: human, checked, machine"`
	Share    float64  `json:"share" doc:"-1: as the softer wording, 1: as the stronger one; 0 where it is not judged"`
	Versions []string `json:"versions" doc:"URLs of the versions that hold it"`
}

type scaleBody struct {
	Softer   string     `json:"softer,omitempty"`
	Stronger string     `json:"stronger,omitempty"`
	Ordered  []rungBody `json:"ordered" doc:"From softer to stronger"`
	Apart    []rungBody `json:"apart" doc:"Whose place can't be judged"`
}

func toRungBodies(list []blueprint.Rung) []rungBody {
	out := []rungBody{}
	for _, r := range list {
		b := rungBody{Text: r.Clause.Text, Language: r.Language, Status: string(r.Clause.Status), Share: r.Share}
		for _, h := range r.Holders {
			b.Versions = append(b.Versions, h.ID)
		}
		out = append(out, b)
	}
	return out
}

func (s *Server) scaleAPI(api huma.API) {
	operate(api, "GET", "/clauses/{clause}/scale", "scale", "The wordings of a clause in all texts, from softer to stronger",
		func(ctx context.Context, in *struct {
			Clause  string `path:"clause"`
			Version string `query:"version" required:"true" doc:"URL of the version whose softer and stronger wordings are the ends"`
		}) (*struct{ Body scaleBody }, error) {
			v, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.Version)
			if err != nil {
				return nil, err
			}
			x, err := s.Blueprints.Scale(ctx, viewerIn(ctx), v.VersionKey, in.Clause)
			if err != nil {
				return nil, err
			}
			return &struct{ Body scaleBody }{scaleBody{x.Softer, x.Stronger, toRungBodies(x.Ordered), toRungBodies(x.Apart)}}, nil
		})
}
