package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/blueprint"
	"translocal/document"
	"translocal/fault"
	"translocal/i18n"
	"translocal/web/page"
)

// readTime is how long a file may wait for another to be read: one is read at a time.
const readTime = 20 * time.Second

func (s *Server) fileRoutes() []route {
	return append(object("/version/{version}/file/{format}", s.versionFile),
		route{"GET /draft/{link}/file/{format}", s.draftFile},
		route{"GET /drafts/new", s.fromFileForm},
		route{"POST /drafts/new", s.fromFile},
	)
}

// fileOf writes a text in one of the formats; body is what stands in JSON.
func fileOf(format string, d document.Doc, body any) (kind string, data []byte, err error) {
	switch format {
	case "md":
		return "text/markdown; charset=utf-8", d.Markdown(), nil
	case "txt":
		return "text/plain; charset=utf-8", d.Plain(), nil
	case "docx":
		data, err = d.DOCX()
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document", data, err
	case "json":
		data, err = json.MarshalIndent(body, "", "  ")
		return "application/json", append(data, '\n'), err
	}
	return "", nil, fault.New(fault.NotFound, "fault.not_found")
}

// disposition names a file after its title, in letters that every system takes.
func disposition(title, format string) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return ' '
	}, title)
	name = strings.Join(strings.Fields(name), "-")
	if name = name[:min(len(name), 60)]; name == "" {
		name = "text"
	}
	return `attachment; filename="` + name + "." + format + `"`
}

func send(w http.ResponseWriter, title, format, kind string, data []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition(title, format))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, err := w.Write(data)
	return err
}

func (s *Server) versionFile(w http.ResponseWriter, r *http.Request) error {
	v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	format := r.PathValue("format")
	kind, data, err := s.fileOfVersion(r.Context(), v, format)
	if err != nil {
		return err
	}
	return send(w, v.Title, format, kind, data)
}

func (s *Server) fileOfVersion(ctx context.Context, v *blueprint.Version, format string) (kind string, data []byte, err error) {
	body, err := s.versionBody(ctx, v)
	if err != nil {
		return "", nil, err
	}
	became, err := s.Advances.About(ctx, v.ID)
	if err != nil {
		return "", nil, err
	}
	passed := false
	for _, b := range became {
		for _, d := range b.Deeds {
			passed = passed || d.Legal == "adopted" || d.Legal == "in_force"
		}
	}
	return fileOf(format, page.VersionDoc(ctx, v, passed), body)
}

func (s *Server) draftFile(w http.ResponseWriter, r *http.Request) error {
	p, err := s.draftPage(r)
	if err != nil {
		return err
	}
	body, err := s.draftBody(r.Context(), p.Link, p.Draft)
	if err != nil {
		return err
	}
	body.Body.Link = "" // it opens the draft to whoever has it, and a file is passed on
	kind, data, err := fileOf(r.PathValue("format"), page.DraftDoc(r.Context(), p), body.Body)
	if err != nil {
		return err
	}
	return send(w, p.Draft.Title, r.PathValue("format"), kind, data)
}

// Incoming is a text that somebody brings.
type Incoming struct {
	Name     string `json:"name,omitempty" doc:"Of the file"`
	Data     []byte `json:"data,omitempty" doc:"The file, in base64: .docx, .odt, Markdown, plain text, or JSON as a version is given here"`
	Text     string `json:"text,omitempty" doc:"Instead of a file: Markdown or plain text"`
	Title    string `json:"title,omitempty" doc:"If the file's own is not right"`
	Language string `json:"language" doc:"BCP 47"`
}

// read takes the text out of a file or of what was pasted, in its turn. Faults are named by the fields "file", "text" and
// "language".
func (s *Server) read(ctx context.Context, in Incoming) (blueprint.Text, []document.Lost, error) {
	_, done, err := s.alone(ctx, readTime, "document.busy")
	if err != nil {
		return blueprint.Text{}, nil, err
	}
	defer done()
	return readText(in)
}

func readText(in Incoming) (blueprint.Text, []document.Lost, error) {
	t := blueprint.Text{Title: strings.TrimSpace(in.Title), Language: strings.TrimSpace(in.Language)}
	field := "file"
	if len(in.Data) == 0 {
		field, in.Data, in.Name = "text", []byte(in.Text), ""
	}
	if strings.TrimSpace(string(in.Data)) == "" {
		return t, nil, fault.At("file", "document.neither")
	}
	if err := blueprint.CheckLanguage("language", t.Language); err != nil {
		return t, nil, err
	}
	if isJSON(in.Data) {
		t, err := textOfJSON(in.Data, t)
		return t, nil, err
	}
	x, err := document.Read(in.Name, in.Data)
	if err != nil {
		return t, nil, atField(field, err)
	}
	t.Clauses = blueprint.Segmented(x.Title, x.Markdown)
	if len(t.Clauses) > blueprint.MaxClauses {
		return t, nil, fault.At(field, "document.clauses", "found", len(t.Clauses), "max", blueprint.MaxClauses)
	}
	if t.Title == "" {
		t.Title = x.Title
	}
	return t, x.Lost, nil
}

// isJSON tells an object in JSON, of no more than a file may hold, from words that begin with a brace.
func isJSON(data []byte) bool {
	head := strings.TrimSpace(string(data[:min(len(data), 64)]))
	return strings.HasPrefix(head, "{") && len(data) <= document.MaxFile && json.Valid(data)
}

// textOfJSON reads a version or a text as this program writes them. A title that was typed stands in the place of
// its own; its language is no matter of opinion.
func textOfJSON(data []byte, typed blueprint.Text) (blueprint.Text, error) {
	var whole struct {
		Text *struct {
			blueprint.Text
			Rests     few[blueprint.Rest]     `json:"rests"`
			Clauses   few[blueprint.Clause]   `json:"clauses"`
			Variables few[blueprint.Variable] `json:"variables"`
		}
	}
	err := json.Unmarshal(data, &whole)
	if errors.Is(err, errMany) {
		return typed, fault.At("file", "document.many", "max", blueprint.MaxClauses)
	}
	if err != nil || whole.Text == nil {
		return typed, fault.At("file", "document.json", "where", "text")
	}
	t := whole.Text.Text
	t.Rests, t.Clauses, t.Variables = whole.Text.Rests, whole.Text.Clauses, whole.Text.Variables
	if typed.Title != "" {
		t.Title = typed.Title
	}
	if err := t.Clean(); err != nil {
		where := "text"
		if f := asFault(err); f != nil && len(f.Fields) > 0 {
			where = "text." + f.Fields[0].Name
		}
		return typed, fault.At("file", "document.json", "where", where)
	}
	if t.Language != typed.Language {
		return typed, fault.At("language", "document.json.language", "language", i18n.Name(t.Language))
	}
	return t, nil
}

// atField puts a fault about a file at the field of the form where it was given.
func atField(field string, err error) error {
	if f := asFault(err); f != nil && len(f.Fields) == 0 && (f.Kind == fault.Invalid || f.Kind == fault.TooLarge) {
		return fault.At(field, f.Key, f.Args...)
	}
	return err
}

func (s *Server) fromFileForm(w http.ResponseWriter, r *http.Request) error {
	form := page.Filled("language", i18n.From(r.Context()).Lang(), "source", r.URL.Query().Get("source"), "stream", r.URL.Query().Get("stream"))
	return s.showFromFile(w, r, http.StatusOK, form)
}

func (s *Server) showFromFile(w http.ResponseWriter, r *http.Request, code int, form page.Form) error {
	return s.render(w, r, code, page.FromFile(s.frame(r, t(r, "document.bring")), form))
}

// fromFile begins a draft from a file or from pasted text. The file is forgotten at once.
func (s *Server) fromFile(w http.ResponseWriter, r *http.Request) error {
	form, in, err := uploaded(w, r)
	if err == nil {
		var l blueprint.Link
		var lost []document.Lost
		if l, lost, err = s.beginFrom(r.Context(), in, form.Value("stream"), form.Value("source")); err == nil {
			return after(w, r, draftPath(l)+"?lost="+page.LostQuery(lost), draftBegun(l))
		}
	}
	if err := again(r, &form, err); err != nil {
		return err
	}
	return s.showFromFile(w, r, status(fault.KindOf(err)), form)
}

// beginFrom begins the draft; source is the URL of the version that the person says it was made from, or "".
func (s *Server) beginFrom(ctx context.Context, in Incoming, stream, source string) (blueprint.Link, []document.Lost, error) {
	text, lost, err := s.read(ctx, in)
	if err != nil {
		return "", nil, err
	}
	var from *blueprint.Source
	if source = strings.TrimSpace(source); source != "" {
		v, err := s.Blueprints.Find(ctx, viewerIn(ctx), source)
		if fault.Is(err, fault.NotFound) {
			err = fault.At("source", "document.source.unknown")
		}
		if err != nil {
			return "", nil, err
		}
		if v.Language() != text.Language {
			return "", nil, fault.At("source", "document.source.language", "language", i18n.Name(v.Language()))
		}
		from = &blueprint.Source{Version: v.VersionKey}
	}
	l, err := s.Blueprints.BeginFrom(ctx, viewerIn(ctx), act.Fingerprint(stream), text, from)
	if f := asFault(err); f != nil && f.Kind == fault.Invalid && len(f.Fields) > 0 && !slices.ContainsFunc(f.Fields, func(x fault.Field) bool { return x.Name == "language" }) {
		err = fault.At("file", "document.unfit", "where", f.Fields[0].Name, "why", i18n.From(ctx).T(f.Fields[0].Key, f.Fields[0].Args...))
	}
	return l, lost, err
}

type lostBody struct {
	What    string `json:"what" doc:"Its key"`
	Count   int    `json:"count"`
	Message string `json:"message"`
}

func lostBodies(ctx context.Context, list []document.Lost) []lostBody {
	out := make([]lostBody, len(list))
	for i, l := range list {
		out[i] = lostBody{strings.TrimPrefix(l.Key, "document.lost."), l.Count, i18n.N(ctx, l.Key, l.Count)}
	}
	return out
}

// fileBody is a file in an answer.
type fileBody struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// FormatQuery is the format of a file.
type FormatQuery struct {
	Format string `query:"format" enum:"md,txt,docx,json" required:"true"`
}

func (s *Server) fileAPI(api huma.API) {
	operate(api, "GET", "/versions/file", "version-file", "A version as a file: Markdown, plain text, Word or JSON",
		func(ctx context.Context, in *struct {
			IDQuery
			FormatQuery
		}) (*fileBody, error) {
			v, err := s.Blueprints.Find(ctx, viewerIn(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			kind, data, err := s.fileOfVersion(ctx, v, in.Format)
			return &fileBody{kind, disposition(v.Title, in.Format), data}, err
		})
	operate(api, "GET", "/drafts/{link}/file", "draft-file", "A draft as a file",
		func(ctx context.Context, in *struct {
			LinkPath
			FormatQuery
		}) (*fileBody, error) {
			d, err := s.Blueprints.ReadDraft(ctx, viewerIn(ctx), in.link())
			if err != nil {
				return nil, err
			}
			body, err := s.draftBody(ctx, "", d)
			if err != nil {
				return nil, err
			}
			p := page.DraftPage{Draft: d}
			if p.Warnings, err = s.Blueprints.DraftWarnings(ctx, d); err != nil {
				return nil, err
			}
			kind, data, err := fileOf(in.Format, page.DraftDoc(ctx, p), body.Body)
			return &fileBody{kind, disposition(d.Title, in.Format), data}, err
		})
	type begun struct {
		Draft draftBody  `json:"draft"`
		Lost  []lostBody `json:"lost" doc:"What of the file was not carried, or was decided in reading it"`
	}
	operateUpTo(api, 8<<20, "POST", "/drafts/from-file", "draft-from-file", "Begin a draft from a file or a pasted text; the file is not stored",
		func(ctx context.Context, in *struct {
			Body struct {
				Incoming
				Stream string `json:"stream,omitempty" doc:"The place that it is for; none: for whoever has the link"`
				Source string `json:"source,omitempty" doc:"URL of the version that it was made from, if you say so: it stands as its source then"`
			}
		}) (*struct{ Body begun }, error) {
			l, lost, err := s.beginFrom(ctx, in.Body.Incoming, in.Body.Stream, in.Body.Source)
			if err != nil {
				return nil, err
			}
			d, err := s.Blueprints.ReadDraft(ctx, viewerIn(ctx), l)
			if err != nil {
				return nil, err
			}
			body, err := s.draftBody(ctx, l, d)
			if err != nil {
				return nil, err
			}
			return &struct{ Body begun }{begun{body.Body, lostBodies(ctx, lost)}}, nil
		})
}
