package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) rollRoutes() []route {
	return []route{
		{"GET /p/{place}/roll", s.rollForm},
		{"POST /p/{place}/roll", s.roll},
	}
}

func (s *Server) rollForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.Invite, place.Any); err != nil {
		return err
	}
	return s.showRoll(w, r, http.StatusOK, p, page.Form{}, nil)
}

func (s *Server) showRoll(w http.ResponseWriter, r *http.Request, code int, p *place.Place, form page.Form, slips []page.Slip) error {
	return s.render(w, r, code, page.Roll(s.frame(r, t(r, "people.roll")), p, form, slips))
}

// roll shows the slips on the page that answers the form: neither their secrets
// nor what is printed on them is kept.
func (s *Server) roll(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	labels, n, err := typedRoll(form)
	var secrets []string
	if err == nil {
		secrets, err = s.Places.Roll(r.Context(), viewer(r), p.Stream, n)
	}
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showRoll(w, r, http.StatusUnprocessableEntity, p, form, nil)
	}
	var slips []page.Slip
	for i, secret := range secrets {
		slip := page.Slip{Address: s.Shown + "/come-in/" + secret}
		if i < len(labels) {
			slip.Label = labels[i]
		}
		slips = append(slips, slip)
	}
	return s.showRoll(w, r, http.StatusOK, p, form, slips)
}

// maxLabel is the longest label of a slip, in characters.
const maxLabel = 80

// typedRoll reads labels, one a line, or else how many slips without any.
func typedRoll(form page.Form) (labels []string, n int, err error) {
	for line := range strings.Lines(form.Value("labels")) {
		label, err := fault.Line("labels", strings.TrimSpace(line), maxLabel)
		if err != nil {
			return nil, 0, err
		}
		if label != "" {
			labels = append(labels, label)
		}
		if len(labels) > place.MaxRoll {
			return nil, 0, fault.At("labels", "fault.too_many", "max", place.MaxRoll)
		}
	}
	if len(labels) > 0 {
		return labels, len(labels), nil
	}
	n, err = strconv.Atoi(strings.TrimSpace(form.Value("count")))
	if err != nil {
		return nil, 0, fault.At("count", "fault.whole_number")
	}
	return nil, n, nil
}

func (s *Server) rollAPI(api huma.API) {
	operate(api, "POST", "/places/{stream}/roll", "roll", "Make many single-use invitations for members, all or none",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Count int `json:"count"`
			}
		}) (*struct {
			Body struct {
				Links []string `json:"links" doc:"Shown only now"`
			}
		}, error) {
			secrets, err := s.Places.Roll(ctx, viewerIn(ctx), in.stream(), in.Body.Count)
			if err != nil {
				return nil, err
			}
			out := &struct {
				Body struct {
					Links []string `json:"links" doc:"Shown only now"`
				}
			}{}
			for _, secret := range secrets {
				out.Body.Links = append(out.Body.Links, s.Shown+"/come-in/"+secret)
			}
			return out, nil
		})
}
