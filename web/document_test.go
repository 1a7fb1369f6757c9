package web_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"translocal/act"
	"translocal/advance"
	"translocal/blob"
)

// putIn sends the form with a file and gives the answer.
func (w *world) putInFile(who person, name, data string) *httptest.ResponseRecorder {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	m.WriteField("deed", w.deed())
	m.WriteField("description", "What was <b>decided</b>")
	f, err := m.CreateFormFile("file", name)
	must(w.t, err)
	f.Write([]byte(data))
	m.Close()
	r := httptest.NewRequest("POST", w.atBringing()+"/document", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: "tl_session", Value: who.secret})
	out := httptest.NewRecorder()
	w.handler.ServeHTTP(out, r)
	return out
}

// TestADocumentByTheForms goes from the file to its page, and to its end.
func TestADocumentByTheForms(t *testing.T) {
	w := newWorld(t)
	const hostile = "\"><script>alert(1)</script>"
	a := w.putInFile(w.keeper, "..\\"+hostile+".html", "Decided: yes\n"+hostile)
	at := a.Header().Get("Location")
	if a.Code != http.StatusSeeOther || !strings.Contains(at, "/document/") {
		t.Fatal(a.Code, at, a.Body.String())
	}
	preview := w.do(w.keeper, get(at))
	for _, want := range []string{"be taken back", "plain text", "What was &lt;b&gt;decided"} {
		if !strings.Contains(preview.body, want) {
			t.Errorf("the preview lacks %q", want)
		}
	}
	if strings.Contains(preview.body, "<script>alert") {
		t.Error("the name of a file came through")
	}
	if c := w.do(w.keeper, post(at)); c.status != http.StatusUnprocessableEntity {
		t.Error("published without a look:", c.status)
	}
	if c := w.do(person{}, get(at+"/file")); c.status == http.StatusOK {
		t.Error("a stranger reads what is not published")
	}
	if c := w.do(w.keeper, post(at, "understood", "yes")); c.status != http.StatusSeeOther {
		t.Fatal(c.status, c.body)
	}
	b, err := w.advances.ByID(t.Context(), w.bringing)
	must(t, err)
	doc := b.Deeds[0].Documents[0]
	if page := w.do(person{}, get(w.atBringing())); !strings.Contains(page.body, w.path(doc.ID)) || !strings.Contains(page.body, "plain text, 1 kB") {
		t.Error("the page of the deed lacks it")
	}
	file := w.do(person{}, get(w.path(doc.ID)))
	for h, want := range map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"} {
		if got := file.header.Get(h); got != want {
			t.Errorf("%s: %q", h, got)
		}
	}
	if d := file.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment;") || strings.ContainsAny(d, "<>") || strings.Contains(d, ".html;") {
		t.Errorf("it is sent as %s", d)
	}
	if p := file.header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "sandbox;") {
		t.Errorf("under the policy %s", p)
	}
	if elsewhere := w.do(person{}, get(w.p("/file/"+doc.SHA256))); elsewhere.status != http.StatusOK || elsewhere.body != file.body {
		t.Error("another node gets something else:", elsewhere.status)
	}
	for _, hash := range []string{strings.Repeat("0a", 32), "..%2f..%2fsecret"} {
		if c := w.do(person{}, get(w.p("/file/"+hash))); c.status != http.StatusNotFound {
			t.Error(hash, c.status)
		}
	}
	texts, err := w.places.Published(t.Context(), w.keeper.Viewer, w.here.Stream, act.ErasedPart{})
	must(t, err)
	for _, x := range texts {
		if x.Name == "name" && strings.HasPrefix(x.Type, "advance.Document") {
			must(t, w.places.Erase(t.Context(), w.keeper.Viewer, w.here.Stream, []act.ErasedPart{{Index: x.Index, Name: x.Name}}))
		}
	}
	if c := w.do(person{}, get(w.path(doc.ID))); c.status != http.StatusNotFound {
		t.Error("erased, and still read:", c.status)
	}
	if c := w.do(person{}, get(w.p("/file/"+doc.SHA256))); c.status != http.StatusNotFound {
		t.Error("erased, and still given to nodes:", c.status)
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	w := newWorld(t)
	var bomb bytes.Buffer
	must(t, png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 19_000, 6_000))))
	for name, data := range map[string]string{"page.pdf": "<html><script>alert(1)</script>", "none.txt": "", "large.txt": strings.Repeat("a", 10<<20+1), "bomb.png": bomb.String()} {
		a := w.putInFile(w.keeper, name, data)
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "Nothing was published") {
			t.Errorf("%s: %d", name, a.Code)
		}
	}
}

// A document of a place on another node is fetched when it is first read, kept from
// then on, and taken only as it was published; where it can't be had, the page says so.
func TestADocumentIsFetchedFromItsNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attach := func(text string) advance.Document {
		t.Helper()
		at := w.putInFile(w.keeper, "minutes.txt", text).Header().Get("Location")
		if c := w.do(w.keeper, post(at, "understood", "yes")); c.status != http.StatusSeeOther {
			t.Fatal(c.status, c.body)
		}
		b, err := w.advances.ByID(t.Context(), w.bringing)
		must(t, err)
		list := b.Deeds[0].Documents
		return list[len(list)-1]
	}
	first, second, spoilt := attach("The first minutes"), attach("The second minutes"), attach("The third minutes")
	d := openNode(t)
	d.hear(w.node, w.here)
	there := func(x advance.Document) call { return get("/at/" + strings.TrimPrefix(x.ID, "http://")) }
	hash, err := blob.ParseHash(spoilt.SHA256)
	must(t, err)
	must(t, w.advances.Files.Store.Delete(hash)) // as a disk may lose it
	if a := d.do(person{}, there(spoilt)); a.status != http.StatusServiceUnavailable || d.advances.Held(spoilt) {
		t.Errorf("what its node lost: %d %.500s", a.status, a.body)
	}
	if d.advances.Held(first) {
		t.Fatal("it was fetched before anybody read it")
	}
	for range 2 {
		if a := d.do(person{}, there(first)); a.status != http.StatusOK || a.body != "The first minutes" {
			t.Errorf("%d %.500s", a.status, a.body)
		}
	}
	if !d.advances.Held(first) {
		t.Error("it was not kept")
	}
	w.stop()
	if a := d.do(person{}, there(first)); a.status != http.StatusOK || a.body != "The first minutes" {
		t.Errorf("its node is gone, and what is held is not shown: %d", a.status)
	}
	if a := d.do(person{}, there(second)); a.status != http.StatusServiceUnavailable || d.advances.Held(second) {
		t.Errorf("its node is gone: %d %.500s", a.status, a.body)
	}
}
