package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"translocal/blueprint"
	"translocal/i18n"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) rolesRoutes() []route {
	return []route{
		{"GET /p/{place}/roles", s.roles},
		{"POST /p/{place}/roles", s.giveMandate},
		{"POST /p/{place}/roles/{mandate}/end", s.endMandate},
		{"POST /p/{place}/roles/{mandate}/lay-down", s.layDown},
	}
}

func (s *Server) roles(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	return s.showRoles(w, r, http.StatusOK, p, page.Form{})
}

func (s *Server) showRoles(w http.ResponseWriter, r *http.Request, code int, p *place.Place, form page.Form) error {
	v := viewer(r)
	mandates, err := s.Places.Mandates(r.Context(), v, p.Stream)
	if err != nil {
		return err
	}
	members, err := s.Places.Members(r.Context(), v, p.Stream)
	if err != nil {
		return err
	}
	role, err := place.RoleIn(r.Context(), s.Log.DB(), v, p.Stream)
	if err != nil {
		return err
	}
	texts, err := s.textsOf(r, p)
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Roles(s.frame(r, t(r, "roles.title")),
		page.RolesPage{Place: p, Role: role, Members: members, Mandates: mandates, Texts: texts, Form: form}))
}

// textsOf lists the texts of a place, each once, in the reader's language where it
// has it.
func (s *Server) textsOf(r *http.Request, p *place.Place) ([]blueprint.Title, error) {
	all, err := s.Blueprints.Of(r.Context(), viewer(r), p.Stream)
	lang := i18n.From(r.Context()).Lang()
	at := map[string]int{}
	var list []blueprint.Title
	for _, x := range all {
		i, seen := at[x.Head.Blueprint]
		switch {
		case !seen:
			at[x.Head.Blueprint] = len(list)
			list = append(list, x)
		case x.Language == lang:
			list[i] = x
		}
	}
	return list, err
}

func (s *Server) giveMandate(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	n := place.NewMandate{Person: form.Value("person"), Role: place.Role(form.Value("role")), Text: form.Value("text"), Aim: form.Value("aim"), Day: form.Value("until")}
	if err := s.Places.GiveMandate(r.Context(), viewer(r), p.Stream, n); err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showRoles(w, r, http.StatusUnprocessableEntity, p, form)
	}
	return after(w, r, s.path(p.ID)+"/roles", "said.mandate_given")
}

func (s *Server) endMandate(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := s.Places.EndMandate(r.Context(), viewer(r), p.Stream, r.PathValue("mandate")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/roles", "said.mandate_ended")
}

func (s *Server) layDown(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := s.Places.LayDown(r.Context(), viewer(r), p.Stream, r.PathValue("mandate")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/roles", "said.mandate_ended")
}

// MandatePath is a place and one of its mandates in the path of an operation.
type MandatePath struct {
	StreamPath
	Mandate string `path:"mandate" doc:"Id of the mandate, from the list"`
}

func (s *Server) rolesAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/roles", "mandates", "Who is scribe or steward of a text, for what and until when, for members",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []place.Mandate }, error) {
			list, err := s.Places.Mandates(ctx, viewerIn(ctx), in.stream())
			if err != nil {
				return nil, err
			}
			return &struct{ Body []place.Mandate }{list}, nil
		})
	operate(api, "POST", "/places/{stream}/roles", "give-mandate", "Make a member scribe, or steward of a text, until the end of a day",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Person string     `json:"person"`
				Role   place.Role `json:"role,omitempty" enum:"scribe,steward" default:"scribe"`
				Text   string     `json:"text,omitempty" doc:"URL of the text of the place that a steward looks after"`
				Aim    string     `json:"aim" doc:"What for, at most 500 characters"`
				Until  string     `json:"until" doc:"The last day, as 2027-01-31, at most two years ahead"`
			}
		}) (*none, error) {
			return nil, s.Places.GiveMandate(ctx, viewerIn(ctx), in.stream(), place.NewMandate{Person: in.Body.Person, Role: in.Body.Role, Text: in.Body.Text, Aim: in.Body.Aim, Day: in.Body.Until})
		})
	operate(api, "DELETE", "/places/{stream}/roles/{mandate}", "end-mandate", "End a mandate before its time",
		func(ctx context.Context, in *MandatePath) (*none, error) {
			return nil, s.Places.EndMandate(ctx, viewerIn(ctx), in.stream(), in.Mandate)
		})
	operate(api, "POST", "/places/{stream}/roles/{mandate}/lay-down", "lay-down-mandate", "End a mandate of one's own",
		func(ctx context.Context, in *MandatePath) (*none, error) {
			return nil, s.Places.LayDown(ctx, viewerIn(ctx), in.stream(), in.Mandate)
		})
}
