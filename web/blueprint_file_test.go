package web

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"translocal/act"
	"translocal/blueprint"
	"translocal/document"
	"translocal/place"
)

// bring sends the form that begins a draft from a file, and gives the page that it leads to.
func (b *browser) bring(path string, want int, name string, data []byte, fields ...string) (body, at string) {
	b.site.t.Helper()
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	for i := 0; i+1 < len(fields); i += 2 {
		m.WriteField(fields[i], fields[i+1])
	}
	f, err := m.CreateFormFile("file", name)
	if err != nil {
		b.site.t.Fatal(err)
	}
	f.Write(data)
	m.Close()
	r, err := b.c.Post(b.site.URL+path, m.FormDataContentType(), &out)
	body = b.read(r, err, path, want)
	return body, r.Request.URL.Path
}

func (b *browser) file(path string) ([]byte, http.Header) {
	b.site.t.Helper()
	r, err := b.c.Get(path)
	if err != nil {
		b.site.t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		b.site.t.Fatal(path, r.StatusCode, err, string(data))
	}
	return data, r.Header
}

// motionOnWater has a blank, a heading, a reason and two paragraphs in a clause.
func motionOnWater() blueprint.Text {
	t := passages("The {{council}} shall publish the level of the river each month.", "Nobody may be cut off from water for a debt.\n\nThis holds in winter and in summer.", "The assembly reviews this motion each spring.")
	t.Title = "Of water"
	t.Clauses[0].Heading, t.Clauses[1].Heading = "Publication", "No cutting off"
	t.Clauses[1].Reason = "Debts are no reason."
	t.Variables = []blueprint.Variable{{Name: "council", Label: "Council", Value: "town council"}}
	return t
}

// A text leaves as a Word file, is changed in a word processor, and comes back: what stayed is known again.
func TestATextTravelsAsAFile(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(motionOnWater())
	stranger := s.browser(place.Viewer{})
	page := stranger.get(k.ID, 200)
	for _, format := range []string{"docx", "md", "txt", "json"} {
		if !strings.Contains(page, "/file/"+format+`"`) {
			t.Errorf("no link to %s", format)
		}
		data, h := stranger.file(k.ID + "/file/" + format)
		if !strings.Contains(h.Get("Content-Disposition"), `filename="of-water.`+format) {
			t.Error(h.Get("Content-Disposition"))
		}
		if format == "md" || format == "txt" {
			for _, want := range []string{"The town council shall publish", "Debts are no reason.", k.ID, "anybody has passed", "Rio"} {
				if !strings.Contains(string(data), want) {
					t.Errorf("%s lacks %q:\n%s", format, want, data)
				}
			}
		}
	}
	word, _ := stranger.file(k.ID + "/file/docx")
	text, err := document.Read("", word)
	if err != nil || strings.Contains(text.Markdown, "Debts are no reason") || strings.Contains(text.Markdown, "anybody has passed") {
		t.Fatal(err, text.Markdown)
	}
	changed := document.Doc{Blocks: []document.Block{document.Heading.Text("Of water"), document.Heading.Text("Publication"),
		document.Paragraph.Text("The town council shall publish the level of the river each month."), document.Heading.Text("No cutting off"),
		document.Paragraph.Text("Nobody may be cut off from water for a debt, or for a lack of papers."), document.Paragraph.Text("This holds in winter and in summer."),
		document.Heading.Text("Costs"), document.Paragraph.Text("The costs are borne by the municipal water company.")}}
	changed.Blocks[2].Comments = []document.Comment{{By: "Eva", Text: "hm"}}
	file, err := changed.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	body, at := stranger.bring("/drafts/new", 200, "../../x.docx", file, "language", "en", "source", k.ID)
	if !strings.Contains(body, "1 comment was left out.") || strings.Contains(body, "Eva") {
		t.Error(body)
	}
	d, err := s.server.Blueprints.ReadDraft(t.Context(), place.Viewer{}, blueprint.Link(strings.TrimPrefix(at, "/draft/")))
	if err != nil {
		t.Fatal(err)
	}
	was := motionOnWater()
	v, err := s.server.Blueprints.Find(t.Context(), place.Viewer{}, k.ID)
	if err != nil || len(d.Clauses) != 3 || len(d.From) != 1 || d.From[0].Version.URL != k.ID {
		t.Fatal(err, d.Clauses, d.From)
	}
	if c := d.Clauses[0]; c.ID != v.Clauses[0].ID || c.Text != was.Clauses[0].Text {
		t.Errorf("an unchanged clause is %+v", c)
	}
	if c := d.Clauses[1]; c.ID != v.Clauses[1].ID || !strings.Contains(c.Text, "lack of papers.\n\nThis holds") || c.Reason == "" {
		t.Errorf("a changed clause is %+v", c)
	}
	if c := d.Clauses[2]; c.ID == v.Clauses[2].ID || c.Heading != "Costs" {
		t.Errorf("a new clause is %+v", c)
	}
	if _, h := stranger.file(s.URL + at + "/file/docx"); h.Get("Cache-Control") == "" {
		t.Error("a draft's file may be cached")
	}
	secret := strings.SplitN(at, ".", 2)[1]
	if data, _ := stranger.file(s.URL + at + "/file/json"); bytes.Contains(data, []byte(secret)) {
		t.Error("the file opens the draft")
	}
	if data, _ := stranger.file(s.URL + at + "/file/md"); !bytes.Contains(data, []byte("Nobody has passed this wording")) {
		t.Errorf("%s", data)
	}
	stranger.get(at+"/file/exe", 404)
	stranger.get(strings.SplitN(at, ".", 2)[0]+"/file/docx", 404)

	// JSON reads back whole, and without saying so a text has no source.
	whole, _ := stranger.file(k.ID + "/file/json")
	_, at = stranger.bring("/drafts/new", 200, "a.json", whole, "language", "en")
	d, err = s.server.Blueprints.ReadDraft(t.Context(), place.Viewer{}, blueprint.Link(strings.TrimPrefix(at, "/draft/")))
	if err != nil || len(d.From) != 0 || len(d.Clauses) != 3 || d.Clauses[1] != v.Clauses[1] || d.Title != "Of water" {
		t.Fatalf("%v %+v", err, d)
	}
}

func TestPastedTextAndWhatIsRefused(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	stranger := s.browser(place.Viewer{})
	stranger.get("/drafts/new?source="+url.QueryEscape("https://else.example/version/1"), 200)
	_, at := stranger.bring("/drafts/new", 200, "", nil, "language", "es", "text", "# Ordenanza\n\nArtículo 1. El municipio publica sus cuentas cada mes.\n\nArtículo 2. Cualquier persona puede pedirlas.")
	d, err := s.server.Blueprints.ReadDraft(t.Context(), place.Viewer{}, blueprint.Link(strings.TrimPrefix(at, "/draft/")))
	if err != nil || len(d.Clauses) != 2 || d.Title != "Ordenanza" || d.Clauses[1].Heading != "Artículo 2" || d.Clauses[1].Text != "Cualquier persona puede pedirlas." || d.Language != "es" {
		t.Fatalf("%v %+v", err, d.Text)
	}
	for _, c := range []struct {
		name, want string
		data       string
		fields     []string
	}{
		{"a.docx", "f-file-fault", "PK\x03\x04 cut off", nil},
		{"a.pdf", "This is a PDF", "%PDF-1.4", nil},
		{"a.docm", "macros", "PK", nil},
		{"", "f-file-fault", "", nil},
		{"a.json", "look at text", `{"title":"x"}`, nil},
		{"a.json", "look at text.title", `{"text":{"title":""}}`, nil},
		{"a.txt", "at most 300", strings.Repeat("Everybody may speak here once.\n\n", 301), nil},
		{"a.txt", "f-source-fault", "Everybody may speak here once.", []string{"source", "https://nowhere.example/x"}},
		{"a.txt", "f-language-fault", "Everybody may speak here once.", []string{"language", "English"}},
		{"a.txt", "up to 4 megabytes", strings.Repeat("x", document.MaxFile+1), nil},
	} {
		fields := c.fields
		if len(fields) == 0 || fields[0] != "language" {
			fields = append(fields, "language", "en")
		}
		if body, _ := stranger.bring("/drafts/new", 422, c.name, []byte(c.data), fields...); !strings.Contains(body, c.want) {
			t.Errorf("%s: no %q in\n%s", c.name, c.want, body)
		}
	}
	stranger.bring("/drafts/new", 401, "a.txt", []byte("Everybody may speak here once."), "language", "en", "stream", string(s.place.Stream))
}

func TestFilesByCall(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(motionOnWater())
	data, h := s.browser(place.Viewer{}).file(s.URL + "/api/v1/versions/file?format=docx&id=" + url.QueryEscape(k.ID))
	if !strings.Contains(h.Get("Content-Type"), "wordprocessingml") {
		t.Error(h)
	}
	body, _ := json.Marshal(map[string]any{"name": "a.docx", "data": data, "language": "en", "source": k.ID})
	r, err := http.Post(s.URL+"/api/v1/drafts/from-file", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var out struct {
		Draft struct {
			Link string
			Text blueprint.Text
			From []blueprint.Parent
		}
		Lost []struct {
			What  string
			Count int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&out); err != nil || r.StatusCode != 200 {
		t.Fatal(r.StatusCode, err)
	}
	if len(out.Draft.Text.Clauses) != 3 || len(out.Draft.From) != 1 || len(out.Lost) == 0 || !act.IsToken(out.Draft.Text.Clauses[0].ID) {
		t.Fatalf("%+v", out)
	}
	v, err := s.server.Blueprints.Find(t.Context(), place.Viewer{}, k.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range out.Draft.Text.Clauses {
		if c.Wording != v.Clauses[i].Wording {
			t.Errorf("clause %d came back as %+v", i, c)
		}
	}
	data, _ = s.browser(place.Viewer{}).file(s.URL + "/api/v1/drafts/" + out.Draft.Link + "/file?format=txt")
	if !strings.Contains(string(data), "town council") && !strings.Contains(string(data), "‹Council›") {
		t.Errorf("%s", data)
	}
}
