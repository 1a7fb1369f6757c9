package web

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"translocal/fault"
	"translocal/web/page"
)

// The manual of the JSON API is written from its own description, so that it
// never says anything else than what the node does.

func (s *Server) manualRoutes() []route {
	return []route{{"GET /api", s.manual}, {"GET /api/{operation}", s.manualOperation}}
}

func (s *Server) manual(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page.Manual(s.frame(r, t(r, "manual.title")), s.operations(every)))
}

func (s *Server) manualOperation(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("operation")
	all := s.operations(func(o *huma.Operation) bool { return o.OperationID == id })
	if len(all) == 0 {
		return fault.New(fault.NotFound, "fault.not_found")
	}
	return s.show(w, r, page.ManualOperation(s.frame(r, all[0].Summary), all[0]))
}

func every(*huma.Operation) bool { return true }

// operations is what the API can do, by path: those that are wanted.
func (s *Server) operations(wanted func(*huma.Operation) bool) (all []page.Operation) {
	for path, item := range s.api().description.Paths {
		for method, o := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if o != nil && wanted(o) {
				all = append(all, s.operation(method, path, o))
			}
		}
	}
	slices.SortFunc(all, func(a, b page.Operation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	return all
}

func (s *Server) operation(method, path string, o *huma.Operation) page.Operation {
	out := page.Operation{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary}
	for _, p := range o.Parameters {
		f := s.described(p.Name, p.Schema)
		f.Required, f.Doc = p.Required, cmp.Or(p.Description, f.Doc)
		out.Parameters = append(out.Parameters, f)
	}
	if o.RequestBody != nil {
		for media, m := range o.RequestBody.Content {
			out.Media = media
			out.Body = s.fieldsOf("", m.Schema, 0)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(o.Responses)) {
		if !strings.HasPrefix(code, "2") {
			continue
		}
		for media, m := range o.Responses[code].Content {
			if media == "application/json" {
				out.Answer = s.fieldsOf("", m.Schema, 0)
			}
		}
	}
	return out
}

// maxNested is how deep the manual looks into what is inside of what.
const maxNested = 4

// fieldsOf lists the members of an object and, below each, those inside of it.
func (s *Server) fieldsOf(before string, schema *huma.Schema, depth int) (all []page.ManualField) {
	schema = s.resolved(schema)
	if schema == nil || depth > maxNested {
		return nil
	}
	if schema.Type == huma.TypeArray {
		return s.fieldsOf(before+"[]", schema.Items, depth)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		if name == "$schema" {
			continue
		}
		p := schema.Properties[name]
		f := s.described(strings.TrimPrefix(before+"."+name, "."), p)
		f.Required = slices.Contains(schema.Required, name)
		all = append(append(all, f), s.fieldsOf(f.Name, p, depth+1)...)
	}
	return all
}

func (s *Server) described(name string, schema *huma.Schema) page.ManualField {
	f := page.ManualField{Name: name}
	if schema != nil {
		f.Doc = schema.Description
	}
	if schema = s.resolved(schema); schema == nil {
		return f
	}
	f.Type, f.Doc = schema.Type, cmp.Or(f.Doc, schema.Description)
	for _, x := range schema.Enum {
		if b, err := json.Marshal(x); err == nil {
			f.Of = append(f.Of, string(b))
		}
	}
	return f
}

func (s *Server) resolved(schema *huma.Schema) *huma.Schema {
	if schema != nil && schema.Ref != "" {
		return s.api().description.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}
