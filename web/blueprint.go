package web

import (
	"cmp"
	"net/http"
	"strconv"

	"translocal/act"
	"translocal/blueprint"
	"translocal/fault"
	"translocal/i18n"
	"translocal/place"
	"translocal/web/page"
)

func (s *Server) blueprintRoutes() []route {
	all := []route{
		{"GET /blueprints", s.blueprints},
		{"GET /compare", s.compare},
		{"POST /warn", s.warn},
		{"POST /withdraw-warning", s.withdrawWarning},
	}
	for _, o := range [][]route{
		object("/blueprint/{blueprint}", s.newestVersion),
		object("/blueprint/{blueprint}/versions", s.versions),
		object("/blueprint/{blueprint}/lineage", s.lineage),
		object("/version/{version}", s.version),
		object("/version/{version}/suggestion", s.embedded),
		object("/version/{version}/clause/{clause}", s.clause),
		object("/version/{version}/clause/{clause}/scale", s.scale),
		s.draftRoutes(),
		s.fileRoutes(),
		s.suggestionRoutes(),
		s.suggestionFileRoutes(),
	} {
		all = append(all, o...)
	}
	return all
}

// blueprintSection is what a place wrote, on its page.
func (s *Server) blueprintSection(r *http.Request, p *place.Place, role place.Role) ([]page.Section, error) {
	list, err := s.Blueprints.Of(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return nil, err
	}
	return []page.Section{{Title: t(r, "blueprint.texts"), Content: page.BlueprintsOf(s.frame(r, ""), p, list, page.RowsOf(len(list), fromOf(r, "texts"), s.path(p.ID), "texts"), role)}}, nil
}

func (s *Server) blueprints(w http.ResponseWriter, r *http.Request) error {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // no number: the newest
	list, err := s.Blueprints.Known(r.Context(), viewer(r), before)
	if err != nil {
		return err
	}
	more := ""
	if len(list) == 50 {
		more = "/blueprints?before=" + strconv.FormatInt(list[len(list)-1].At, 10)
	}
	return s.show(w, r, page.Blueprints(s.frame(r, t(r, "blueprint.known")), list, more))
}

// fromOf is the element of a long list with which the page asked for begins; no number: the first.
func fromOf(r *http.Request, name string) int {
	n, _ := strconv.Atoi(r.URL.Query().Get(name))
	return n
}

// versionOf finds the version that the request's path names.
func (s *Server) versionOf(r *http.Request) (*blueprint.Version, error) {
	var err error
	for _, id := range s.ids(r, "/version/"+r.PathValue("version")) {
		var v *blueprint.Version
		if v, err = s.Blueprints.Find(r.Context(), viewer(r), id); err == nil {
			return v, nil
		}
	}
	return nil, err
}

// keyOf finds the blueprint that the request's path names, and its versions.
func (s *Server) keyOf(r *http.Request) (blueprint.Key, []blueprint.Title, error) {
	p, err := s.placeOf(r)
	if err != nil {
		return blueprint.Key{}, nil, err
	}
	k := blueprint.Key{Stream: p.Stream, ID: p.ID + "/blueprint/" + r.PathValue("blueprint")}
	list, err := s.Blueprints.Versions(r.Context(), viewer(r), k)
	return k, list, err
}

// newestVersion leads to the newest version, in the reader's language where there is one.
func (s *Server) newestVersion(w http.ResponseWriter, r *http.Request) error {
	_, list, err := s.keyOf(r)
	if err != nil {
		return err
	}
	to := list[0]
	for _, x := range list {
		if x.Language == i18n.From(r.Context()).Lang() {
			to = x
			break
		}
	}
	http.Redirect(w, r, s.path(to.ID), http.StatusSeeOther)
	return nil
}

func (s *Server) version(w http.ResponseWriter, r *http.Request) error {
	v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	f := s.frame(r, v.Title)
	f.Feed = s.path(v.Blueprint) + "/feed"
	p := page.VersionPage{Version: v, Paper: r.URL.Query().Get("paper") == "1", Adapters: f.Mine, Stale: map[string]bool{}, Names: map[string]string{}}
	stale, err := s.Blueprints.StaleClauses(r.Context(), viewer(r), v.VersionKey)
	if err != nil {
		return err
	}
	for _, id := range stale {
		p.Stale[id] = true
	}
	for _, x := range v.Rests {
		if i, ok := s.Library.Instrument(x.Instrument); ok {
			p.Names[x.Instrument], _ = i.Name.In(i18n.From(r.Context()).Lang())
		}
	}
	s.nameParents(r, v.Parents, p.Names)
	if p.Adaptations, err = s.Blueprints.Adaptations(r.Context(), v.Key()); err != nil {
		return err
	}
	if p.Became, err = s.Advances.About(r.Context(), v.ID); err != nil {
		return err
	}
	if p.Embedded, err = s.Blueprints.HasEmbedded(r.Context(), v); err != nil {
		return err
	}
	if p.Role, err = place.RoleIn(r.Context(), s.Log.DB(), viewer(r), v.Stream); err != nil {
		return err
	}
	p.MayAnswer = s.mayOn(r, v, place.AnswerSuggestion)
	if p.Role == place.Member || p.Role == place.Keeper {
		p.Moves, err = s.Blueprints.Moves(r.Context(), viewer(r), v.VersionKey)
	} else {
		p.Ours, err = s.relatives(r, v, f.Mine)
	}
	if err != nil {
		return err
	}
	q := r.URL.Query()
	p.Moved = page.MovesOf(len(p.Moves), fromOf(r, "moves"), s.path(v.ID))
	p.Part = page.ClausesOf(v.Text, v.Warnings, page.IndexIn(v.Text, q), p.Paper || q.Get("whole") == "1", page.ReadFrame, s.path(v.ID))
	return s.show(w, r, page.Version(f, p))
}

// embedded shows the suggestion that a version uses, as its sender signed it: public, because the
// sender allowed that and the place published it unchanged.
func (s *Server) embedded(w http.ResponseWriter, r *http.Request) error {
	v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	x, err := s.Blueprints.Embedded(r.Context(), viewer(r), v.VersionKey)
	if err != nil {
		return err
	}
	base, changes, err := s.Blueprints.SuggestionDiff(r.Context(), viewer(r), *x)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Embedded(s.frame(r, t(r, "blueprint.embedded")), v, *x, base, changes))
}

// relatives are the texts of the viewer's places that belong to the same tree as a version.
func (s *Server) relatives(r *http.Request, v *blueprint.Version, mine []place.Mine) ([]blueprint.Title, error) {
	var out []blueprint.Title
	for _, m := range mine {
		list, err := s.Blueprints.Related(r.Context(), viewer(r), m.Stream, v)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func (s *Server) versions(w http.ResponseWriter, r *http.Request) error {
	_, list, err := s.keyOf(r)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Versions(s.frame(r, t(r, "blueprint.versions")), list))
}

func (s *Server) lineage(w http.ResponseWriter, r *http.Request) error {
	k, list, err := s.keyOf(r)
	if err != nil {
		return err
	}
	l, err := s.Blueprints.Lineage(r.Context(), viewer(r), k)
	if err != nil {
		return err
	}
	for i, n := range l.Nodes {
		if n.Model != "" {
			l.Nodes[i].Title = s.modelTitle(r, n.Model)
		}
	}
	return s.show(w, r, page.Lineage(s.frame(r, t(r, "blueprint.lineage")), l, list[0].Title, page.RowsOf(len(l.Nodes), fromOf(r, "from"), r.URL.RequestURI(), "from")))
}

// modelTitle is what a model of the library is called, or its id where this
// node's library has none.
func (s *Server) modelTitle(r *http.Request, id string) string {
	m, ok := s.Library.Model(id)
	if !ok {
		return id
	}
	title, _ := m.Title.In(i18n.From(r.Context()).Lang())
	return title
}

// nameParents names what a version came from: models by their title, versions by
// their title and place.
func (s *Server) nameParents(r *http.Request, parents []blueprint.Parent, names map[string]string) {
	for _, x := range parents {
		if x.Library != nil {
			names[x.Library.Model] = s.modelTitle(r, x.Library.Model)
			continue
		}
		if v, err := s.Blueprints.Find(r.Context(), viewer(r), x.Version.URL); err == nil {
			names[x.Version.URL] = cmp.Or(v.Title, t(r, "blueprint.no_title")) + " · " + v.PlaceName + " · " + t(r, "blueprint.version_n", "n", v.N)
		}
	}
}

func (s *Server) compare(w http.ResponseWriter, r *http.Request) error {
	older, err := s.Blueprints.Find(r.Context(), viewer(r), r.URL.Query().Get("older"))
	if err != nil {
		return err
	}
	newer, err := s.Blueprints.Find(r.Context(), viewer(r), r.URL.Query().Get("newer"))
	if err != nil {
		return err
	}
	c, err := s.Blueprints.Compare(r.Context(), viewer(r), older.VersionKey, newer.VersionKey)
	if err != nil {
		return err
	}
	return s.show(w, r, page.Compare(s.frame(r, t(r, "blueprint.compare.title")), c, page.ChangesOf(c.Changes, fromOf(r, "from"), r.URL.RequestURI())))
}

func (s *Server) clause(w http.ResponseWriter, r *http.Request) error {
	v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	form, err := s.toldWarning(r)
	if err != nil {
		return err
	}
	return s.showClause(w, r, http.StatusOK, v, r.PathValue("clause"), form)
}

func (s *Server) showClause(w http.ResponseWriter, r *http.Request, code int, v *blueprint.Version, id string, form page.Form) error {
	at := -1
	for i, c := range v.Clauses {
		if c.ID == id {
			at = i
		}
	}
	if at < 0 {
		return fault.New(fault.NotFound, "fault.not_found")
	}
	warnings, err := s.Blueprints.WarningsOn(r.Context(), viewer(r), id)
	if err != nil {
		return err
	}
	holders, err := s.Blueprints.Holding(r.Context(), viewer(r), id)
	if err != nil {
		return err
	}
	f, here := s.explaining(r, t(r, "blueprint.clause")), s.path(v.ID)+"/clause/"+id
	var warners []place.Mine
	for _, m := range f.Mine {
		if place.Allowed(m.Role, place.WarnBlueprint, place.Any) || m.Stream == v.Stream && s.mayOn(r, v, place.WarnBlueprint) {
			warners = append(warners, m)
		}
	}
	return s.render(w, r, code, page.ClausePage(f, v, v.Clauses[at], at, warnings, page.WarningsOf(warnings, fromOf(r, "from"), here), holders, page.RowsOf(len(holders), fromOf(r, "held"), here, "held"), warners,
		s.withdrawable(r, f.Mine, warnings), form))
}

// mayOn tells whether the viewer may do something to the text of a version, in the
// name of its place: also its stewards.
func (s *Server) mayOn(r *http.Request, v *blueprint.Version, action place.Action) bool {
	return place.MayOn(r.Context(), s.Log.DB(), viewer(r), v.Stream, place.Object{Blueprint: v.Head.Blueprint}, action, place.Any) == nil
}

// withdrawable are the warnings that the viewer can take back, by id.
func (s *Server) withdrawable(r *http.Request, mine []place.Mine, warnings []blueprint.Warning) map[string]bool {
	out := map[string]bool{}
	for _, w := range warnings {
		for _, m := range mine {
			if m.Stream == w.Stream && !w.Withdrawn {
				out[w.ID] = s.Blueprints.MayWithdraw(r.Context(), viewer(r), w)
			}
		}
	}
	return out
}

func (s *Server) warn(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	v, err := s.Blueprints.Find(r.Context(), viewer(r), form.Value("version"))
	if err != nil {
		return err
	}
	_, err = s.Blueprints.Warn(r.Context(), viewer(r), blueprint.NewWarning{Place: act.Fingerprint(form.Value("place")), Version: v.VersionKey,
		Clause: form.Value("clause"), Kind: blueprint.WarningKind(form.Value("kind")), Text: form.Value("text"), Where: form.Value("where"),
		Happened: form.Value("happened"), Source: form.Value("source"), Cited: form.Value("cited"), Told: form.Value("told")})
	if err != nil {
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showClause(w, r, http.StatusUnprocessableEntity, v, form.Value("clause"), form)
	}
	return after(w, r, s.path(v.ID)+"/clause/"+form.Value("clause"), "said.warned")
}

func (s *Server) withdrawWarning(w http.ResponseWriter, r *http.Request) error {
	form, err := typed(w, r)
	if err != nil {
		return err
	}
	err = s.Blueprints.Withdraw(r.Context(), viewer(r), act.Fingerprint(form.Value("place")), form.Value("warning"), form.Value("reason"))
	if err != nil {
		return err
	}
	return after(w, r, local(form.Value("next")), "said.warning_withdrawn")
}
