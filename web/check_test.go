package web

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"translocal/blueprint"
	"translocal/blueprint/check"
	"translocal/document"
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

// What a place published is looked at from then on, with warnings given later.
func TestCheckKnowsWhatPlacesPublish(t *testing.T) {
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
