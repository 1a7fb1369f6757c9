package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"translocal/i18n"
	"translocal/library"
	"translocal/web/page"
)

// guided is how many things the guide proposes.
const guided = 12

// worth is how much each answer counts: whom a group can reach and what it cares
// for more than how long it takes and what it rests on.
var worth = map[string]int{"institution": 4, "theme": 4, "effort": 2, "treaty": 3}

// guide ranks what the library and places have by four answers, "" for one left
// out: the kind of institution, the theme, the time at most, and a treaty.
// Nothing that meets none of them is proposed.
func (s *Server) guide(ctx context.Context, answers map[string]string) ([]page.Guided, error) {
	f, err := s.findings(ctx)
	if err != nil {
		return nil, err
	}
	type ranked struct {
		page.Guided
		score, order int
	}
	lang := i18n.From(ctx).Lang()
	best := map[string]ranked{}
	for i, x := range f.list {
		if !x.entry.Whole || x.Kind == "treaty" || x.Kind == "facts" && len(s.Library.Of(familyOf(x.Path))) > 0 {
			continue // where there is a text of a family, the text is proposed
		}
		g := ranked{Guided: page.Guided{Found: x.Found}, order: i}
		for _, q := range page.Questions {
			g.score += fit(&g.Guided, q, answers[q], x.entry.Facets[q])
		}
		if g.score == 0 {
			continue
		}
		if x.Kind != "facts" {
			g.score++ // there is a text to begin with
		}
		g.Warnings = s.failures(x.Path)
		old, seen := best[x.entry.Same]
		if !seen || x.entry.Language == lang && old.Language != lang {
			best[x.entry.Same] = g
		}
	}
	all := make([]ranked, 0, len(best))
	for _, g := range best {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.order, b.order)) })
	var out []page.Guided
	for _, g := range all[:min(guided, len(all))] {
		out = append(out, g.Guided)
	}
	return out, nil
}

// fit notes whether an answer is met and returns what that counts.
func fit(g *page.Guided, question, answer string, has []string) int {
	if answer == "" {
		return 0
	}
	met := slices.Contains(has, answer)
	if question == "effort" {
		most := slices.Index(library.Efforts, answer)
		takes := slices.Index(library.Efforts, g.Effort)
		if most < 0 || takes < 0 {
			return 0 // nobody has said how long it takes
		}
		met = takes <= most
	}
	if !met {
		g.Misses = append(g.Misses, question)
		return 0
	}
	g.Meets = append(g.Meets, question)
	return worth[question]
}

// familyOf is the family in the path of its page, "" for another page.
func familyOf(path string) string {
	const at = "/library/family/"
	if len(path) > len(at) && path[:len(at)] == at {
		return path[len(at):]
	}
	return ""
}

// failures counts the failures that the library knows of what stands at a path of its.
func (s *Server) failures(path string) (n int) {
	if x, ok := s.Library.Family(familyOf(path)); ok {
		return len(x.Warnings)
	}
	for _, m := range s.Library.Models {
		if u, err := url.Parse(path); err == nil && u.Path == "/library/model/"+m.ID {
			for _, c := range m.Clauses {
				n += len(c.Warnings)
			}
		}
	}
	return n
}

func (s *Server) whatWeCouldDo(w http.ResponseWriter, r *http.Request) error {
	form := page.Form{Values: r.URL.Query()}
	answers := map[string]string{}
	asked := false
	for _, q := range page.Questions {
		answers[q] = form.Value(q)
		asked = asked || answers[q] != ""
	}
	p := page.GuidePage{Form: form, Library: s.Library, Answers: answers, Asked: asked}
	if asked {
		var err error
		if p.List, err = s.guide(r.Context(), answers); err != nil {
			return err
		}
	}
	return s.show(w, r, page.Guide(s.frame(r, t(r, "guide.title")), p))
}

// guidedBody is one thing that a group could do.
type guidedBody struct {
	Path     string   `json:"path" doc:"Where this node shows it"`
	Kind     string   `json:"kind" enum:"model,facts,own,followed"`
	Title    string   `json:"title"`
	Place    string   `json:"place,omitempty"`
	Language string   `json:"language,omitempty"`
	Effort   string   `json:"effort,omitempty"`
	Meets    []string `json:"meets" doc:"Questions whose answer it fits"`
	Misses   []string `json:"misses,omitempty" doc:"Questions whose answer it doesn't fit"`
	Warnings int      `json:"warnings,omitempty" doc:"How many failures of it the library knows"`
}

func (s *Server) guideAPI(api huma.API) {
	operate(api, "GET", "/guide", "guide", "What a group could do, by four answers",
		func(ctx context.Context, in *struct {
			Institution string `query:"institution" doc:"That the group can reach"`
			Theme       string `query:"theme"`
			Effort      string `query:"effort" doc:"At most: evening, weeks, months, years"`
			Treaty      string `query:"treaty" doc:"Id of a treaty or declaration in the library"`
		}) (*struct{ Body []guidedBody }, error) {
			list, err := s.guide(ctx, map[string]string{"institution": in.Institution, "theme": in.Theme, "effort": in.Effort, "treaty": in.Treaty})
			if err != nil {
				return nil, err
			}
			out := &struct{ Body []guidedBody }{Body: []guidedBody{}}
			for _, g := range list {
				out.Body = append(out.Body, guidedBody{g.Path, g.Kind, g.Title, g.Place, g.Language, g.Effort, g.Meets, g.Misses, g.Warnings})
			}
			return out, nil
		})
}
