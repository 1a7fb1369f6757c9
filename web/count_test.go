package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// sendBallots sends a file of ballots as a browser does and returns what comes back.
func sendBallots(t *testing.T, s *textSite, name, body string, fields ...string) (int, http.Header, string) {
	t.Helper()
	return sendBallotsIn(t, s, "en", name, body, fields...)
}

// sendBallotsIn is sendBallots by a reader of a language.
func sendBallotsIn(t *testing.T, s *textSite, lang, name, body string, fields ...string) (int, http.Header, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		m.WriteField(fields[i], fields[i+1])
	}
	f, err := m.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte(body))
	m.Close()
	q, err := http.NewRequest(http.MethodPost, s.URL+"/count", &b)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", m.FormDataContentType())
	q.Header.Set("Accept-Language", lang)
	r, err := http.DefaultClient.Do(q)
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

const threeWay = "3 1\n4 1 2 3 0\n3 2 3 1 0\n2 3 2 1 0\n0\n\"Ash & <b>\"\n\"Birch\"\n\"Cedar\"\n\"Trees\"\n"

func TestCountOurVote(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	code, h, body := sendBallots(t, s, "trees.blt", threeWay, "rule", "irv")
	// Cedar goes first, its two ballots to Birch: five against four.
	if code != http.StatusOK || !strings.Contains(body, "Birch") || strings.Contains(body, "<b>") || !strings.Contains(body, "Ash &amp; &lt;b&gt;") {
		t.Fatal(code, body)
	}
	if p := h.Get("Content-Security-Policy"); !strings.Contains(p, "'sha256-") || strings.Contains(p, "unsafe") {
		t.Error(p)
	}
	if strings.Contains(body, "<script") || strings.Contains(body, " style=") {
		t.Error("the report has a script or a style that its policy forbids")
	}
	for _, c := range []struct{ name, body, rule, want string }{
		{"trees.txt", threeWay, "irv", "f-file-fault"},
		{"trees.blt", "3 1\n4 1 9 0\n0\n", "irv", "f-file-fault"},
		{"trees.blt", "", "irv", "f-file-fault"},
		{"trees.blt", threeWay, "no-such", "f-rule-fault"},
		{"trees.blt", threeWay, "", "f-rule-fault"},
		{"trees.blt", threeWay, "consent", "f-rule-fault"},
		{"trees.blt", strings.Repeat("x", maxBallots+1), "irv", "f-file-fault"},
	} {
		if code, _, body := sendBallots(t, s, c.name, c.body, "rule", c.rule); code != http.StatusUnprocessableEntity || !strings.Contains(body, c.want) {
			t.Errorf("%s by %q: %d without %s", c.name, c.rule, code, c.want)
		}
	}
}

// What is wrong with a file is said in the reader's language, with its line.
func TestABrokenFileIsToldInTheReadersLanguage(t *testing.T) {
	s := openTextSite(t)
	for lang, want := range map[string]string{
		"en": "trees.blt, line 2: found &#34;9&#34;, expected a candidate from 1 to 3. Nothing was counted.",
		"es": "trees.blt, línea 2. Hay: &#34;9&#34;. Se esperaba: una candidatura del 1 al 3. No se contó nada.",
	} {
		code, _, body := sendBallotsIn(t, s, lang, "trees.blt", "3 1\n4 1 9 0\n0\n", "rule", "irv")
		if code != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("%s: %d without %s", lang, code, want)
		}
	}
}

// Who chose no rule reads the labels of the list, and that the file is to be chosen again.
func TestARuleThatIsLackingIsAskedForByItsLabel(t *testing.T) {
	s := openTextSite(t)
	for lang, want := range map[string][]string{
		"en": {"Ranked: instant runoff; Ranked: Schulze", "Several seats: ", "Choose the file again"},
		"es": {"; Orden de preferencia: segunda vuelta instantánea; ", "Elija el archivo otra vez"},
	} {
		code, _, body := sendBallotsIn(t, s, lang, "trees.blt", threeWay)
		for _, w := range want {
			if code != http.StatusUnprocessableEntity || !strings.Contains(body, w) {
				t.Errorf("%s: %d without %s", lang, code, w)
			}
		}
		if _, said, _ := strings.Cut(body, "f-rule-fault\">"); strings.Contains(strings.Split(said, "<")[0], "stv-") {
			t.Errorf("%s: the names of the program stand in the message", lang)
		}
	}
}
