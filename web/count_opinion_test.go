package web

import (
	"archive/zip"
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"translocal/decide/opinion"
)

// conversation makes the files of a conversation of two camps of people each, who
// answer ten statements in opposite ways, with one answer of each left out.
func conversation(people int) map[string]string {
	var comments, votes strings.Builder
	comments.WriteString("comment-id,moderated,comment-body\n")
	for s := range 10 {
		fmt.Fprintf(&comments, "%d,1,Statement <b>%d</b>\n", s, s)
	}
	votes.WriteString("timestamp,comment-id,voter-id,vote\n")
	for p := range 2 * people {
		for s := range 10 {
			vote := 1 - 2*(p%2)
			if s == 9 {
				vote = 1 // all agree
			}
			if (p/2+s)%10 != 3 {
				fmt.Fprintf(&votes, "%d,%d,%d,%d\n", p, s, p, vote)
			}
		}
	}
	return map[string]string{"comments.csv": comments.String(), "votes.csv": votes.String(), "summary.csv": "topic,Our river\n"}
}

func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(content))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sendConversation sends files as a browser does.
func sendConversation(t *testing.T, s *textSite, k string, files map[string]string) (int, http.Header, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	m.WriteField("k", k)
	for name, content := range files {
		f, err := m.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(content))
	}
	m.Close()
	r, err := http.Post(s.URL+"/count/opinion", m.FormDataContentType(), &b)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, out.String()
}

func TestMapOurOpinions(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	files := conversation(30)
	code, h, loose := sendConversation(t, s, "", files)
	if code != http.StatusOK || !strings.Contains(loose, "Our river") || strings.Contains(loose, "<b>") || !strings.Contains(loose, "<circle") {
		t.Fatal(code, loose)
	}
	if p := h.Get("Content-Security-Policy"); !strings.Contains(p, "'sha256-") || strings.Contains(p, "unsafe") || h.Get("Cache-Control") != "no-store" {
		t.Error(h)
	}
	packed := map[string]string{"export/notes.txt": "x"}
	for name, content := range files {
		packed["export/2026-river-"+name] = content
	}
	if _, _, body := sendConversation(t, s, "", map[string]string{"export.zip": zipped(t, packed)}); body != loose {
		t.Error("a zip gives another page than its files")
	}
	if code, _, body := sendConversation(t, s, "", conversation(20)); code != http.StatusOK || strings.Contains(body, "<circle") {
		t.Error("forty people have dots", code)
	}
}

func TestMapOurOpinionsRefuses(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	good := conversation(5)
	var many strings.Builder
	many.WriteString("comment-id\n")
	for i := range maxSaid + 1 {
		fmt.Fprintln(&many, i)
	}
	for name, c := range map[string]struct {
		k     string
		files map[string]string
		want  string
	}{
		"no file":          {"", nil, "f-file-fault"},
		"another file":     {"", map[string]string{"trees.blt": threeWay}, "votes.csv"},
		"comments alone":   {"", map[string]string{"comments.csv": good["comments.csv"]}, "There is neither votes.csv nor participants-votes.csv"},
		"a wrong vote":     {"", map[string]string{"votes.csv": "comment-id,voter-id,vote\n1,1,7\n"}, "line 2: the vote is &#34;7&#34;"},
		"groups":           {"99", good, "f-k-fault"},
		"groups in words":  {"two", good, "f-k-fault"},
		"no zip":           {"", map[string]string{"a.zip": "PK"}, "f-file-fault"},
		"twice":            {"", map[string]string{"a-votes.csv": good["votes.csv"], "b-votes.csv": good["votes.csv"]}, "votes.csv is there twice"},
		"too large":        {"", map[string]string{"votes.csv": strings.Repeat("x", maxExport+1<<17)}, "f-file-fault"},
		"a bomb":           {"", map[string]string{"a.zip": zipped(t, map[string]string{"votes.csv": strings.Repeat("0", maxUnpacked+1)})}, "Unpacked"},
		"many statements":  {"", map[string]string{"comments.csv": many.String(), "votes.csv": good["votes.csv"]}, "more than"},
		"a million fields": {"", map[string]string{"participants-votes.csv": "participant" + strings.Repeat(",1", 1_000_000) + "\n"}, "is there twice"},
	} {
		if code, _, body := sendConversation(t, s, c.k, c.files); code != http.StatusUnprocessableEntity || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d without %s", name, code, c.want)
		}
	}
}

// What is wrong with a file is said in the reader's language, each thing in words of its own.
func TestFaultsOfAConversationAreSaidInSpanish(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	seen := map[string]bool{}
	for _, why := range opinion.Whys {
		key := "count.opinion.broken." + string(why)
		said := s.server.I18n.Printer("es").T(key, "file", "votes.csv", "line", 2, "value", "x", "other", "y")
		if english := s.server.I18n.Printer("en").T(key, "file", "votes.csv", "line", 2, "value", "x", "other", "y"); said == english || strings.Contains(said, key) || strings.Contains(said, "{") || seen[said] {
			t.Errorf("%s: %s", why, said)
		}
		seen[said] = true
	}
}
