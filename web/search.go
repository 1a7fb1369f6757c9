package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/i18n"
	"translocal/library"
	"translocal/search"
	"translocal/web/page"
)

// A finder holds the index of all that can be found on this node: the library
// and the published texts.
type finder struct {
	mu      sync.Mutex
	change  int64 // of the texts that it was made of
	library []*finding
	now     *findings
}

// findings is one state of the index; it doesn't change.
type findings struct {
	index *search.Index
	list  []*finding
}

// A finding is an entry of the index and how it is shown.
type finding struct {
	entry *search.Prepared
	page.Found
	ID string // of the object, for the API: a URL, or a path of the library
	At int64  // when it was published, microseconds; 0 for what the library holds
}

// findings gives the index as of now. It is made anew where a text changed.
func (s *Server) findings(ctx context.Context) (*findings, error) {
	texts, change, err := s.publicTexts(ctx)
	if err != nil {
		return nil, err
	}
	f := &s.finder
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now != nil && f.change >= change {
		return f.now, nil
	}
	if f.library == nil {
		f.library = s.libraryFindings()
	}
	all := slices.Clone(f.library)
	for _, t := range texts {
		all = append(all, t.found...)
	}
	entries := make([]*search.Prepared, len(all))
	for i, x := range all {
		entries[i] = x.entry
	}
	f.change, f.now = change, &findings{search.New(entries), all}
	return f.now, nil
}

// libraryFindings are the models with their clauses, the families, and the
// treaties, once in each language that they have.
func (s *Server) libraryFindings() (all []*finding) {
	lib := s.Library
	for _, m := range lib.Models {
		for _, l := range m.Languages {
			all = append(all, modelFindings(lib, m, l)...)
		}
	}
	for _, x := range lib.Families {
		for _, l := range languages(x.Next, x.Name) {
			name, more := in(x.Name, l), []library.Text{x.Origin, x.Next}
			more = append(append(more, x.Essential...), x.Kit...)
			for _, a := range x.Adopters {
				more = append(more, a.Name, a.Note)
			}
			went, kinds := became(x.Warnings)
			all = append(all, newFinding(search.Entry{Same: "family/" + x.ID, Whole: true, Language: l,
				Facets: facets("facts", l, x.Institutions, x.Themes, x.Effort, x.Instruments, kinds),
				Fields: fields("title", name, "what", joined(l, more), "warning", joined(l, went))},
				page.Found{Kind: "facts", Title: name, Path: "/library/family/" + x.ID, Effort: x.Effort, Became: kinds}, "/library/family/"+x.ID))
		}
	}
	for _, x := range lib.Instruments {
		for _, l := range languages(x.LocalUse, x.Name) {
			name, parts := in(x.Name, l), []library.Text{x.LocalUse, x.Note, x.Body}
			for _, p := range x.Parts {
				parts = append(parts, p.Gist)
			}
			path := "/library/treaties#" + x.ID
			all = append(all, newFinding(search.Entry{Same: path, Whole: true, Language: l,
				Facets: facets("treaty", l, nil, nil, "", []string{x.ID}, nil), Fields: fields("title", name, "what", joined(l, parts))},
				page.Found{Kind: "treaty", Title: name, Path: path}, path))
		}
	}
	return all
}

func modelFindings(lib *library.Library, m library.Model, l string) (all []*finding) {
	path := "/library/model/" + m.ID
	labels := map[string]string{}
	for _, v := range m.Variables {
		labels[v.Name] = "‹" + in(v.Label, l) + "›"
	}
	say := func(t library.Text) string { return clause.Fill(in(t, l), labels) }
	title := in(m.Title, l)
	of := func(kinds []string) map[string][]string {
		return facets("model", l, m.Institutions, m.Themes, m.Effort, modelInstruments(m), kinds)
	}
	var whole []string
	for _, c := range m.Clauses {
		_, kinds := became(c.Warnings)
		whole = append(whole, kinds...)
	}
	whole = distinct(whole)
	shown := page.Found{Kind: "model", Title: title, Path: path + "?in=" + l, Effort: m.Effort, Language: l, Became: whole}
	all = append(all, newFinding(search.Entry{Same: path, Whole: true, Language: l, Facets: of(whole),
		Fields: fields("title", title, "summary", in(m.Summary, l), "what", joined(l, []library.Text{m.Front.Authority, m.Front.WontDo}))}, shown, path))
	for _, c := range m.Clauses {
		x := shown
		went, kinds := became(c.Warnings)
		x.Clause, x.Path, x.Became = in(c.Heading, l), path+"?in="+l+"#"+c.ID, kinds
		for _, e := range c.Elsewhere {
			went = append(went, e.What)
		}
		all = append(all, newFinding(search.Entry{Same: path + "#" + c.ID, Language: l, Facets: of(kinds),
			Fields: fields("heading", x.Clause, "text", say(c.Text), "reason", say(c.Reason), "softer", say(c.Softer), "stronger", say(c.Stronger),
				"power", say(c.Power), "warning", joined(l, went))}, x, path+"#"+c.ID))
	}
	return all
}

// became are the words of warnings of the library, and what kinds of them there are.
func became(list []library.Warning) (went []library.Text, kinds []string) {
	for _, w := range list {
		went, kinds = append(went, w.Text, w.Where), append(kinds, w.Kind)
	}
	return went, distinct(kinds)
}

// maxWarned is how many warnings on a clause can be found by their words: the newest ones.
const maxWarned = 20

// becameOf is the same of warnings that places gave. One whose words were erased says nothing and is not found.
func becameOf(list []blueprint.Warning) (words string, kinds []string) {
	var said []string
	for i := len(list) - 1; i >= 0 && len(said) < maxWarned; i-- {
		if w := list[i]; w.Text != "" && !w.Withdrawn {
			said = append(said, strings.Join(slices.DeleteFunc([]string{w.Text, w.Where, w.Happened, w.Cited, w.Place.Name}, func(s string) bool { return s == "" }), " · "))
			kinds = append(kinds, string(w.Kind))
		}
	}
	return strings.Join(said, " · "), distinct(kinds)
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// textFindings are a published text and its clauses.
func (s *Server) textFindings(h blueprint.Listed, v *blueprint.Version) (out []*finding) {
	kind := "followed"
	if s.here(h.ID) {
		kind = "own"
	}
	var themes []string
	effort := ""
	if x, ok := s.Library.Family(v.Head.Family); ok {
		themes, effort = x.Themes, x.Effort
	}
	var rests []string
	for _, r := range v.Rests {
		rests = append(rests, r.Instrument)
	}
	l := v.Head.Language
	of := func(kinds []string) map[string][]string {
		return facets(kind, l, []string{string(v.Head.Institution)}, themes, effort, rests, kinds)
	}
	var whole []string
	for _, c := range v.Clauses {
		if !c.Missing {
			_, kinds := becameOf(v.Warnings[c.ID])
			whole = append(whole, kinds...)
		}
	}
	whole = distinct(whole)
	shown := page.Found{Kind: kind, Title: v.Title, Path: s.path(h.ID), Effort: effort, Language: l, Place: h.PlaceName, Became: whole}
	out = append(out, newFinding(search.Entry{Same: h.Blueprint, Whole: true, Language: l, Facets: of(whole),
		Fields: fields("title", v.Title, "summary", v.Summary, "place", h.PlaceName)}, shown, h.ID))
	for _, c := range v.Clauses {
		if c.Missing {
			continue
		}
		x := shown
		x.Clause, x.Path, x.Machine = named(c.Wording), shown.Path+"?at="+c.ID+"#"+c.ID, c.Status == blueprint.Machine
		var went string
		went, x.Became = becameOf(v.Warnings[c.ID])
		fill := func(t string) string { return clause.Fill(t, v.Values()) }
		// The same clause word for word in two places, its blanks filled alike, is one thing to a reader.
		out = append(out, newFinding(search.Entry{Same: c.ID + "\n" + l + "\n" + fill(c.Text), Language: l, Facets: of(x.Became),
			Fields: fields("heading", c.Heading, "text", fill(c.Text), "reason", fill(c.Reason), "softer", fill(c.Softer), "stronger", fill(c.Stronger), "power", fill(c.Power), "warning", went)},
			x, h.ID+"#"+c.ID))
	}
	for _, x := range out {
		x.At = h.At
	}
	return out
}

func newFinding(e search.Entry, shown page.Found, id string) *finding {
	return &finding{entry: search.Prepare(e), Found: shown, ID: id}
}

// weights are how much a word counts by where it stands.
var weights = map[string]float64{"title": 4, "heading": 2.5, "summary": 1.5, "text": 1.2}

// fields makes fields of names and texts in turn, without those that say nothing.
func fields(pairs ...string) (out []search.Field) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			weight, ok := weights[pairs[i]]
			if !ok {
				weight = 1
			}
			out = append(out, search.Field{Name: pairs[i], Text: pairs[i+1], Weight: weight})
		}
	}
	return out
}

func facets(kind, language string, institutions, themes []string, effort string, instruments, became []string) map[string][]string {
	return map[string][]string{"kind": {kind}, "language": {language}, "institution": institutions, "theme": themes, "effort": {effort}, "treaty": instruments,
		"status": became}
}

func in(t library.Text, language string) string { s, _ := t.In(language); return s }

func joined(language string, list []library.Text) string {
	var out []string
	for _, t := range list {
		if s := in(t, language); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " · ")
}

// languages are those that the first text is in that is in more than one.
func languages(list ...library.Text) []string {
	for _, t := range list {
		if _, same := t[""]; !same && len(t) > 0 {
			return slices.Sorted(maps.Keys(t))
		}
	}
	return []string{""}
}

func modelInstruments(m library.Model) (out []string) {
	for _, b := range m.RestsOn {
		out = append(out, b.Instrument)
	}
	for _, c := range m.Clauses {
		for _, b := range c.RestsOn {
			out = append(out, b.Instrument)
		}
	}
	return out
}

// pageOf is how many results stand on a page; maxFrom how far one can go on.
const (
	pageOf  = 20
	maxFrom = 1000
)

// searched looks for what a question asks, and says why each result was found.
func (s *Server) searched(ctx context.Context, q search.Query, from int) (list []page.Found, ids []string, total int, err error) {
	if err := q.Check(); err != nil {
		return nil, nil, 0, err
	}
	f, err := s.findings(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	hits, err := f.index.Search(q)
	if err != nil {
		return nil, nil, 0, err
	}
	from = min(max(from, 0), maxFrom, len(hits))
	for _, h := range hits[from:min(from+pageOf, len(hits))] {
		x := f.list[h.Entry]
		shown := x.Found
		shown.Also, shown.Why = h.Also, f.index.Why(h.Entry, q)
		list, ids = append(list, shown), append(ids, x.ID)
	}
	return list, ids, len(hits), nil
}

func asked(lang string, v url.Values) search.Query {
	q := search.Query{Words: v.Get("q"), Language: lang, Only: map[string]string{}}
	for _, name := range page.Filters {
		if x := v.Get(name); x != "" {
			q.Only[name] = x
		}
	}
	return q
}

func (s *Server) searchRoutes() []route {
	return []route{{"GET /search", s.search}, {"GET /what-we-could-do", s.whatWeCouldDo}}
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	lang := i18n.From(r.Context()).Lang()
	form := page.Form{Values: r.URL.Query()}
	q := asked(lang, form.Values)
	languages, err := s.textLanguages(r.Context())
	if err != nil {
		return err
	}
	p := page.SearchPage{Form: form, Library: s.Library, Languages: languages, Asked: q.Words != "" || len(q.Only) > 0}
	code := http.StatusOK
	if p.Asked {
		from, _ := strconv.Atoi(form.Value("from")) // no number: from the first
		list, _, total, err := s.searched(r.Context(), q, from)
		if err != nil {
			if err := again(r, &p.Form, err); err != nil {
				return err
			}
			code = http.StatusUnprocessableEntity
		}
		p.List, p.Total, p.From = list, total, min(max(from, 0), maxFrom)
		if next := p.From + pageOf; next < total && next <= maxFrom {
			p.More = "/search?" + question(form.Values, "from", strconv.Itoa(next))
		}
	}
	f := s.frame(r, t(r, "search.title"))
	if p.Asked && code == http.StatusOK {
		f.Feed = "/search/feed?" + question(form.Values)
	}
	return s.render(w, r, code, page.Search(f, p))
}

// question writes what was asked for an address, with more names and values.
func question(asked url.Values, more ...string) string {
	out := url.Values{}
	for _, name := range append([]string{"q"}, page.Filters...) {
		if x := asked.Get(name); x != "" {
			out.Set(name, x)
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		out.Set(more[i], more[i+1])
	}
	return out.Encode()
}

// textLanguages are the languages of what can be found.
func (s *Server) textLanguages(ctx context.Context) (out []string, err error) {
	f, err := s.findings(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range f.list {
		if l := x.entry.Language; l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out, nil
}

type foundBody struct {
	ID       string    `json:"id" doc:"URL of the text, with its clause behind #; a path for what stands in the library"`
	Path     string    `json:"path" doc:"Where this node shows it"`
	Kind     string    `json:"kind" enum:"model,facts,treaty,own,followed"`
	Title    string    `json:"title"`
	Clause   string    `json:"clause,omitempty" doc:"Heading of the clause, where it is one"`
	Place    string    `json:"place,omitempty"`
	Language string    `json:"language,omitempty"`
	Machine  bool      `json:"machine,omitempty" doc:"Translated by a machine: not for deciding"`
	Became   []string  `json:"became,omitempty" doc:"Kinds of the warnings that stand on it: struck-down, unfunded, ignored, other"`
	Also     int       `json:"also,omitempty" doc:"How many others read the same"`
	Why      []whyBody `json:"why,omitempty"`
}

type whyBody struct {
	Field string     `json:"field"`
	Spans []spanBody `json:"spans"`
}

type spanBody struct {
	Text string `json:"text"`
	Mark bool   `json:"mark,omitempty" doc:"This is what was asked for"`
}

func toFoundBody(x page.Found, id string) foundBody {
	b := foundBody{ID: id, Path: x.Path, Kind: x.Kind, Title: x.Title, Clause: x.Clause, Place: x.Place, Language: x.Language, Machine: x.Machine, Became: x.Became, Also: x.Also}
	for _, w := range x.Why {
		y := whyBody{Field: w.Field}
		for _, span := range w.Spans {
			y.Spans = append(y.Spans, spanBody{span.Text, span.Mark})
		}
		b.Why = append(b.Why, y)
	}
	return b
}

type searchBody struct {
	Total   int         `json:"total"`
	Results []foundBody `json:"results" doc:"Twenty at most, the best first"`
}

func (s *Server) searchAPI(api huma.API) {
	operate(api, "GET", "/search", "search", "Find texts, clauses, families and treaties by their words",
		func(ctx context.Context, in *struct {
			Q           string `query:"q" doc:"Words, all of which must be found; the beginning of a word is enough"`
			Theme       string `query:"theme"`
			Treaty      string `query:"treaty"`
			Institution string `query:"institution"`
			Effort      string `query:"effort"`
			Language    string `query:"language"`
			Kind        string `query:"kind"`
			Status      string `query:"status" doc:"What became of it somewhere: struck-down, unfunded, ignored or other"`
			From        int    `query:"from" doc:"How many results to pass over"`
		}) (*struct{ Body searchBody }, error) {
			q := asked(i18n.From(ctx).Lang(), url.Values{"q": {in.Q}, "theme": {in.Theme}, "treaty": {in.Treaty}, "institution": {in.Institution},
				"effort": {in.Effort}, "language": {in.Language}, "kind": {in.Kind}, "status": {in.Status}})
			list, ids, total, err := s.searched(ctx, q, in.From)
			if err != nil {
				return nil, err
			}
			out := &struct{ Body searchBody }{searchBody{total, []foundBody{}}}
			for i, x := range list {
				out.Body.Results = append(out.Body.Results, toFoundBody(x, ids[i]))
			}
			return out, nil
		})
}

// named is what a clause is called in a list: its heading, or how it begins.
func named(w blueprint.Wording) string {
	if w.Heading != "" {
		return w.Heading
	}
	if r := []rune(w.Text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return w.Text
}
