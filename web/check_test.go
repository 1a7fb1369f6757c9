package web

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"translocal/blueprint"
	"translocal/blueprint/check"
	"translocal/document"
	"translocal/place"
)

func postDraft(t *testing.T, s *textSite, file string, fields ...string) (int, http.Header, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		m.WriteField(fields[i], fields[i+1])
	}
	name, data, _ := strings.Cut(file, "\n")
	f, err := m.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte(data))
	m.Close()
	r, err := http.Post(s.URL+"/check-draft", m.FormDataContentType(), &b)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	out, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, string(out)
}

func TestCheckMyDraft(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	m := s.server.Library.Models[0]
	c := m.Clauses[0]
	draft := in(c.Stronger, "en") + "\n\nNobody feeds <b>pigeons</b> in the yard after dusk on weekdays."
	code, h, body := postDraft(t, s, "", "text", draft)
	for _, want := range []string{"Stronger: 1", "New: 1", in(c.Heading, "en"), "&lt;b&gt;pigeons"} {
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Fatalf("%d without %q: %s", code, want, body)
		}
	}
	if strings.Contains(body, "<b>pigeons") || h.Get("Cache-Control") != "no-store" {
		t.Error(h)
	}
	if _, _, again := postDraft(t, s, "draft.md\n"+draft, "with", "library"); !strings.Contains(again, "Stronger: 1") {
		t.Error("a file is not read as the box is")
	}
	if _, _, none := postDraft(t, s, "", "text", draft, "with", "places"); !strings.Contains(none, "New: 2") {
		t.Error("the library was looked at, though it was not chosen")
	}
	code, h, body = postDraft(t, s, "", "text", draft, "as", "docx")
	d, err := document.Read("x.docx", []byte(body))
	if code != http.StatusOK || err != nil || !strings.Contains(d.Markdown, "pigeons") || !strings.Contains(h.Get("Content-Disposition"), "attachment") {
		t.Error(code, h, err)
	}
	if len(d.Lost) == 0 {
		t.Error("the file carries no comments")
	}
	if _, _, md := postDraft(t, s, "", "text", draft, "as", "markdown"); !strings.Contains(md, "Stronger") || !strings.Contains(md, "pigeons") {
		t.Error(md)
	}
	for _, x := range []struct{ file, text, want string }{
		{"", "", "f-text-fault"},
		{"", strings.Repeat("One clause is here.\n\n", check.MaxClauses+1), "f-text-fault"},
		{"x.pdf\n%PDF-1.4", "", "f-file-fault"},
		{"x.docx\nPK\x03\x04broken", "", "f-file-fault"},
	} {
		if code, _, body := postDraft(t, s, x.file, "text", x.text); code != http.StatusUnprocessableEntity || !strings.Contains(body, x.want) {
			t.Errorf("%.20q: %d without %s", x.file, code, x.want)
		}
	}
}

// Words of one's own are new, and still meet the warning on the matter, as a hint with its reasons.
func TestCheckHintsAtTheSameMatter(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	for draft, want := range map[string]string{
		"The lake has the right to exist, flourish and naturally evolve, and anybody can sue in its name.": "Toledo",
		"Whoever bakes bread on Mondays brings flour, yeast and a clean towel to the bakery.":              "",
	} {
		a, err := s.server.checked(t.Context(), draft, []string{"library"})
		if err != nil || a.Clauses[0].State != check.New {
			t.Fatal(a, err)
		}
		found := ""
		for _, k := range a.Clauses[0].About {
			if len(k.Shared) < 3 {
				t.Error(k.Shared)
			}
			for _, n := range k.Warnings {
				found += n.Where
			}
		}
		if !strings.Contains(found, want) || want == "" && len(a.Clauses[0].About) > 0 {
			t.Errorf("%s: %+v", draft, a.Clauses[0].About)
		}
		if _, _, body := postDraft(t, s, "", "text", draft); want != "" && !strings.Contains(body, want) {
			t.Error(body)
		}
	}
}

// What a place published is looked at from then on, with warnings given later.
func TestCheckKnowsWhatPlacesPublish(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	text := "Everybody who lives beside the canal may ask the wardens to close the upper lock for one night."
	before, err := s.server.checked(t.Context(), text, nil)
	if err != nil || before.Clauses[0].State != check.New {
		t.Fatal(before.Clauses, err)
	}
	key := s.publish(passages(text))
	after, err := s.server.checked(t.Context(), text, nil)
	if err != nil || after.Clauses[0].State != check.Kept || after.Clauses[0].Near[0].Source != check.Own {
		t.Fatal(after.Clauses, err)
	}
	_, err = s.server.Blueprints.Warn(t.Context(), s.keeper, blueprint.NewWarning{Place: s.place.Stream, Version: key, Clause: after.Clauses[0].Near[0].Clause,
		Kind: "ignored", Text: "The wardens never came.", Cited: "Minutes of the meeting in May"})
	if err != nil {
		t.Fatal(err)
	}
	after, err = s.server.checked(t.Context(), text, []string{"places"})
	if err != nil || len(after.Clauses[0].Near[0].Warnings) != 1 || after.Clauses[0].Near[0].Warnings[0].Text != "The wardens never came." {
		t.Error(after.Clauses, err)
	}
}

func TestCheckAPI(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	send := func(body string) (int, []byte) {
		r, err := http.Post(s.URL+"/api/v1/check", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, b
	}
	draft, _ := json.Marshal(map[string]any{"text": in(s.server.Library.Models[0].Clauses[0].Text, "es"), "with": []string{"library"}})
	code, b := send(string(draft))
	var a check.Answer
	if err := json.Unmarshal(b, &a); err != nil || code != http.StatusOK || len(a.Clauses) != 1 || a.Summary[check.Kept] != 1 || a.Clauses[0].Near[0].Language != "es" {
		t.Error(code, err, string(b))
	}
	if code, b := send(`{"text":""}`); code != http.StatusUnprocessableEntity || !strings.Contains(string(b), "body.text") {
		t.Error(code, string(b))
	}
	if code, b := send(`{"text":"One clause is here.","with":["attic"]}`); code != http.StatusUnprocessableEntity || !strings.Contains(string(b), "body.with") {
		t.Error(code, string(b))
	}
}

var packedInput = regexp.MustCompile(`name="packed" value="([^"]+)"`)

// The result of a long draft comes in pages below 50 KB, which together show all clauses; the print has them at once.
func TestLongDraftsComeInPages(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	var list []string
	for _, m := range s.server.Library.Models {
		for _, c := range m.Clauses {
			list = append(list, in(c.Stronger, "en"), in(c.Text, "en"))
		}
	}
	list = list[:60]
	draft := strings.Join(list, "\n\n")
	const most = 50 << 10
	b := s.browser(place.Viewer{})
	shown := map[string]bool{}
	fields := []string{"text", draft}
	packed, n := "", 0
	for from := 0; from >= 0; n++ {
		_, _, body := postDraft(t, s, "", append(fields, "from", itoa(from))...)
		if len(body) > most {
			t.Errorf("from %d: %d bytes", from, len(body))
		}
		for _, id := range regexp.MustCompile(`<section id="(c[0-9]+)"`).FindAllStringSubmatch(body, -1) {
			shown[id[1]] = true
		}
		packed = html.UnescapeString(packedInput.FindStringSubmatch(body)[1])
		fields = []string{"packed", packed}
		next := regexp.MustCompile(`<button form="again" name="from" value="([0-9]+)"`).FindStringSubmatch(body)
		from = -1
		if next != nil {
			from, _ = strconv.Atoi(next[1])
		}
	}
	if n < 2 || len(shown) < 60 {
		t.Errorf("%d pages with %d clauses", n, len(shown))
	}
	whole, _ := b.post("/check-draft", http.StatusOK, "packed", packed, "as", "print")
	if got := strings.Count(whole, "<section id="); got != len(shown) {
		t.Errorf("%d of %d clauses are printed", got, len(shown))
	}
	// What is sent as packed is a stranger's too.
	for _, bad := range []string{"%", "AAAA", pack(strings.Repeat("x ", check.MaxBytes)), pack("")} {
		b.post("/check-draft", http.StatusUnprocessableEntity, "packed", bad)
	}
}

// From a checked text to a draft: what the person confirmed keeps the ids of the source, and its warnings; the rest is new.
func TestAdaptCheckedDraft(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(place.Viewer{})
	m := s.server.Library.Models[0]
	first, second := m.Clauses[0], m.Clauses[1]
	draft := "# Ours\n\n" + in(first.Stronger, "en") + "\n\n" + in(second.Text, "en") + "\n\nNobody feeds pigeons in the yard after dusk on weekdays."
	ask, _ := b.post("/check-draft", http.StatusOK, "text", draft, "as", "adapt")
	boxes := regexp.MustCompile(`name="same" value="(c[0-9]+) ([^"]+)" checked`).FindAllStringSubmatch(ask, -1)
	if len(boxes) < 2 || !strings.Contains(ask, `name="model" value="`+m.ID+`"`) || !strings.Contains(ask, `value="Ours"`) {
		t.Fatal(ask)
	}
	packed := packedInput.FindStringSubmatch(ask)[1]
	fields := []string{"packed", packed, "title", "Ours", "language", "en", "model", m.ID, "modelLanguage", "en"}
	for _, x := range boxes {
		if x[2] == m.Token(first.ID) { // the second is said to be alike by chance
			fields = append(fields, "same", x[1]+" "+x[2])
		}
	}
	_, at := b.post("/check-draft/adapt", http.StatusOK, fields...)
	d, err := s.server.Blueprints.ReadDraft(t.Context(), place.Viewer{}, blueprint.Link(strings.TrimPrefix(at, s.URL+"/draft/")))
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]string{}
	for _, c := range d.Clauses {
		held[c.ID] = c.Text
	}
	if !strings.Contains(held[m.Token(first.ID)], in(first.Stronger, "en")[:40]) || held[m.Token(second.ID)] != "" || len(d.From) != 1 || d.From[0].Library.Model != m.ID {
		t.Errorf("%+v", d.DraftBody)
	}
	if !strings.Contains(strings.Join(slices.Collect(maps.Values(held)), "\n"), "pigeons") {
		t.Error("a new clause is lost")
	}
	b.post("/check-draft/adapt", http.StatusUnprocessableEntity, "packed", packed, "language", "en", "model", m.ID, "modelLanguage", "en", "same", "c1 nothing")
	b.post("/check-draft/adapt", http.StatusUnprocessableEntity, "packed", packed, "language", "nonsense!")
	_, at = b.post("/check-draft/adapt", http.StatusOK, "packed", packed, "language", "en") // nothing comes from anywhere
	if d, err = s.server.Blueprints.ReadDraft(t.Context(), place.Viewer{}, blueprint.Link(strings.TrimPrefix(at, s.URL+"/draft/"))); err != nil || len(d.From) != 0 || len(d.Clauses) < 3 {
		t.Error(d, err)
	}
}

// A draft that numbers its clauses gets no second number on each.
func TestAClauseHasOneNumber(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	_, _, own := postDraft(t, s, "", "text", "## 1. Purpose\n\nThe wardens feed the ducks of the lower lock.\n\nThey do so with care and each day.\n\n## 2. Costs\n\nThe bakery gives the bread that is left.")
	if strings.Contains(own, "1. 1. Purpose") || strings.Count(own, "<h2>1. Purpose <") != 1 || !strings.Contains(own, "<h2>They do so with care") || !strings.Contains(own, "<h2>2. Costs <") {
		t.Error(own)
	}
	_, _, none := postDraft(t, s, "", "text", "## Purpose\n\nThe wardens feed the ducks of the lower lock.\n\nThey do so with care and each day.")
	if !strings.Contains(none, "<h2>1. Purpose <") || !strings.Contains(none, "<h2>2. <") {
		t.Error(none)
	}
}
