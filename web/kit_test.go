package web

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"translocal/place"
)

func TestKit(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(place.Viewer{})
	two := b.raw("/library/model/ffnpt-motion/kit?in=es")
	address := s.URL + "/library/model/ffnpt-motion?in=es"
	if !strings.Contains(two, "<figcaption>"+address+"</figcaption>") || !strings.Contains(two, `role="img" aria-label="Code that leads to `+address) {
		t.Error("no code, or no address to type")
	}
	whole := b.raw("/library/model/ffnpt-motion/kit?whole=1")
	if len(whole) < len(two) || strings.Contains(whole+two, "{{") {
		t.Error("the whole is not more, or blanks have no names")
	}
	b.get("/library/model/no-such/kit", http.StatusNotFound)
	b.get("/library/model/ffnpt-motion/kit?in=%3Cb%3E", http.StatusOK)
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page[^s]`)

// "Two pages" is two sheets of A4 for each model in each language, on a real printer's terms.
func TestBrowserKitOnTwoPages(t *testing.T) {
	s := openTextSite(t)
	browse(t, s.URL) // or says why not
	program := os.Getenv("CHROME")
	if program == "" {
		t.Skip("CHROME names no browser")
	}
	for _, m := range s.server.Library.Models {
		for _, lang := range m.Languages {
			file := filepath.Join(t.TempDir(), "kit.pdf")
			out, err := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
				"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--no-pdf-header-footer", "--print-to-pdf="+file,
				s.URL+"/library/model/"+m.ID+"/kit?in="+lang).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			pdf, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(pdfPage.FindAll(pdf, -1)); n != 2 {
				t.Errorf("%s in %s is on %d pages", m.ID, lang, n)
			}
		}
	}
}
