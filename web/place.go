package web

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"

	"translocal/fault"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) placeRoutes() []route {
	return append(object("", s.place), []route{
		{"GET /places", s.places},
		{"GET /places/new", s.foundForm},
		{"POST /places/new", s.found},
		{"GET /p/{place}/describe", s.describeForm},
		{"POST /p/{place}/describe", s.describe},
		{"GET /p/{place}/members", s.members},
		{"POST /p/{place}/invite", s.invite},
		{"POST /p/{place}/invitations/{invitation}/end", s.endInvitation},
		{"POST /p/{place}/members/{person}/role", s.setRole},
		{"POST /p/{place}/members/{person}/remove", s.remove},
		{"POST /p/{place}/leave", s.leave},
		{"GET /come-in/{secret}", s.comeInForm},
		{"POST /come-in/{secret}", s.comeIn},
	}...)
}

// path is where this node shows an object of its own.
func (s *Server) path(id string) string {
	return page.Frame{Base: s.Base, Homes: s.homes()}.Link(id)
}

// ids are the URLs that a request's path can stand for: one for an object of
// ours, two (https and http) for one of another node.
func (s *Server) ids(r *http.Request, rest string) []string {
	path := "/p/" + r.PathValue("place") + rest
	if host := r.PathValue("host"); host != "" {
		return []string{"https://" + host + path, "http://" + host + path}
	}
	ids := []string{s.Base + path}
	for _, home := range s.homes() {
		if strings.HasSuffix(home, "/p/"+r.PathValue("place")) {
			ids = append(ids, home+rest)
		}
	}
	return ids
}

// placeOf finds the place that the request's path names.
func (s *Server) placeOf(r *http.Request) (*place.Place, error) {
	var err error
	for _, id := range s.ids(r, "") {
		var p *place.Place
		if p, err = s.Places.ByID(r.Context(), id); err == nil {
			return p, nil
		}
	}
	return nil, err
}

// signedIn refuses who is not.
func signedIn(r *http.Request) error {
	if viewer(r).Person == "" {
		return fault.New(fault.SignIn, "fault.sign_in")
	}
	return nil
}

func (s *Server) places(w http.ResponseWriter, r *http.Request) error {
	own, err := s.Places.Own(r.Context())
	if err != nil {
		return err
	}
	others, err := s.heardFrom(r.Context(), viewer(r))
	if err != nil {
		return err
	}
	return s.show(w, r, page.Places(s.frame(r, t(r, "web.places")), own, others))
}

// heardFrom are the places of other nodes that are followed here, for people with
// an account here: what a place follows is nobody else's business.
func (s *Server) heardFrom(ctx context.Context, v place.Viewer) ([]*place.Place, error) {
	if v.Person == "" {
		return nil, nil
	}
	return s.Places.Others(ctx)
}

func (s *Server) place(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	role, err := place.RoleIn(r.Context(), s.Log.DB(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	sections, err := s.sections(r, p, role)
	if err != nil {
		return err
	}
	mark := ""
	if !p.Own {
		if mark, err = s.Node.Mark(r.Context(), p.Stream); err != nil {
			return err
		}
	}
	f := s.frame(r, p.Name)
	f.Feed = s.path(p.ID) + "/feed"
	return s.show(w, r, page.Place(f, p, role, mark, sections))
}

// sections asks each capability what it has to show on a place's page.
func (s *Server) sections(r *http.Request, p *place.Place, role place.Role) ([]page.Section, error) {
	var all []page.Section
	for _, part := range []func(*http.Request, *place.Place, place.Role) ([]page.Section, error){s.joinSection, s.meetingSection, s.blueprintSection, s.advanceSection, s.decideSection, s.moderationSection} {
		list, err := part(r, p, role)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func (s *Server) foundForm(w http.ResponseWriter, r *http.Request) error {
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), "", place.FoundPlace, place.Any); err != nil {
		return err
	}
	return s.show(w, r, page.FoundPlace(s.frame(r, t(r, "web.found")), page.Filled("kind", "place")))
}

func (s *Server) found(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	made, err := s.Places.Found(r.Context(), viewer(r), form.Value("kind"), place.Profile{Name: form.Value("name")})
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.FoundPlace(s.frame(r, t(r, "web.found")), form))
	}
	return after(w, r, s.path(made.ID), "said.founded")
}

func (s *Server) describeForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := place.May(r.Context(), s.Log.DB(), viewer(r), p.Stream, place.DescribePlace, place.Any); err != nil {
		return err
	}
	return s.show(w, r, page.Describe(s.explaining(r, t(r, "place.describe")), p, profileForm(p.Profile)))
}

func (s *Server) describe(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	profile, err := typedProfile(form)
	if err == nil {
		err = s.Places.Describe(r.Context(), viewer(r), p.Stream, profile)
	}
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.Describe(s.explaining(r, t(r, "place.describe")), p, form))
	}
	return after(w, r, s.path(p.ID), "said.described")
}

// profileForm and typedProfile are each other's inverse: names stand one a
// line as "language: name", a point in degrees with one decimal.
func profileForm(p place.Profile) page.Form {
	var names []string
	for _, n := range p.Names {
		names = append(names, n.Lang+": "+n.Name)
	}
	f := page.Filled("name", p.Name, "names", strings.Join(names, "\n"), "what", p.What, "languages", strings.Join(p.Languages, ", "),
		"living", p.Living, "story", p.Story)
	if p.At != nil {
		f.Values.Set("lat", strconv.FormatFloat(float64(p.At.Lat)/10, 'f', 1, 64))
		f.Values.Set("lon", strconv.FormatFloat(float64(p.At.Lon)/10, 'f', 1, 64))
	}
	return f
}

func typedProfile(form page.Form) (place.Profile, error) {
	var faults fault.Fields
	p := place.Profile{Name: form.Value("name"), What: form.Value("what"), Languages: list(form.Value("languages")),
		Living: form.Value("living"), Story: form.Value("story")}
	for _, line := range list(form.Value("names")) {
		lang, name, ok := strings.Cut(line, ":")
		if !ok {
			faults.Add("names", "place.names.shape", "line", line)
			break
		}
		p.Names = append(p.Names, place.Name{Lang: strings.TrimSpace(lang), Name: strings.TrimSpace(name)})
	}
	lat, lon := form.Value("lat"), form.Value("lon")
	if lat != "" || lon != "" {
		p.At = &place.Point{Lat: degrees(&faults, "lat", lat), Lon: degrees(&faults, "lon", lon)}
	}
	return p, faults.Err()
}

// degrees reads degrees, with a point or a comma, into tenths.
func degrees(f *fault.Fields, field, s string) int {
	x, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(s), ",", ".", 1), 64)
	if err != nil || math.IsNaN(x) || math.Abs(x) > 180 || field == "lat" && math.Abs(x) > 90 {
		f.Add(field, "fault.coordinates")
		return 0
	}
	return int(math.Round(x * 10))
}

func (s *Server) members(w http.ResponseWriter, r *http.Request) error {
	return s.showMembers(w, r, "")
}

func (s *Server) showMembers(w http.ResponseWriter, r *http.Request, secret string) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	v := viewer(r)
	members, err := s.Places.Members(r.Context(), v, p.Stream)
	if err != nil {
		return err
	}
	role, err := place.RoleIn(r.Context(), s.Log.DB(), v, p.Stream)
	if err != nil {
		return err
	}
	ways, err := s.Places.Ways(r.Context(), p.Stream)
	if err != nil {
		return err
	}
	var open []place.Invitation
	if place.Allowed(role, place.Invite, place.Any) {
		if open, err = s.Places.Invitations(r.Context(), v, p.Stream); err != nil {
			return err
		}
	}
	return s.show(w, r, page.Members(s.frame(r, t(r, "place.members")), p, role, ways, members, open, secret))
}

// invite shows the new link on the page that answers the form: it is kept
// nowhere, so there is nothing to redirect to.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	secret, err := s.Places.Invite(r.Context(), viewer(r), p.Stream, place.Role(form.Value("role")))
	if err != nil {
		return err
	}
	return s.showMembers(w, r, secret)
}

// placeForm reads the place of the path and the posted form.
func (s *Server) placeForm(w http.ResponseWriter, r *http.Request) (*place.Place, page.Form, error) {
	p, err := s.placeOf(r)
	if err != nil {
		return nil, page.Form{}, err
	}
	form, err := typed(w, r)
	return p, form, err
}

func (s *Server) endInvitation(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := s.Places.EndInvitation(r.Context(), viewer(r), p.Stream, r.PathValue("invitation")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/members", "said.invitation_ended")
}

func (s *Server) setRole(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	if err := s.Places.SetRole(r.Context(), viewer(r), p.Stream, r.PathValue("person"), place.Role(form.Value("role"))); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/members", "said.role_set")
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	if err := s.Places.Remove(r.Context(), viewer(r), p.Stream, r.PathValue("person")); err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/members", "said.removed")
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	err = s.leavePlace(r.Context(), viewer(r), p.Stream)
	if f := asFault(err); f != nil && f.Key == "handover.first" { // where it is asked who goes on
		return after(w, r, s.path(p.ID)+"/hand-over", "said.hand_over_first")
	}
	if err != nil {
		return err
	}
	return after(w, r, s.path(p.ID), "said.left")
}

func (s *Server) comeInForm(w http.ResponseWriter, r *http.Request) error {
	secret := r.PathValue("secret")
	p, err := s.Places.InvitedTo(r.Context(), secret)
	if err != nil {
		return err
	}
	return s.show(w, r, page.ComeIn(s.frame(r, t(r, "place.come_in")), p, page.Form{}, secret))
}

func (s *Server) comeIn(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	secret, before := r.PathValue("secret"), viewer(r)
	stream, v, err := s.Places.ComeIn(r.Context(), before, secret, place.Newcomer{Name: form.Value("pseudonym"), Password: form.Value("password")})
	if err != nil {
		p, gone := s.Places.InvitedTo(r.Context(), secret)
		if gone != nil {
			return gone
		}
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, page.ComeIn(s.frame(r, t(r, "place.come_in")), p, form, secret))
	}
	p, err := s.Places.ByStream(r.Context(), stream)
	if err != nil {
		return err
	}
	if before.Person != "" {
		return after(w, r, s.path(p.ID), "said.came_in")
	}
	return s.enter(w, r, v, s.path(p.ID), "said.came_in")
}
