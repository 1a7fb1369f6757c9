package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// here is the repository that this test lies in.
func here(t *testing.T) *repository {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return &repository{dir: dir}
}

// The design's arrows hold.
func TestArrows(t *testing.T) {
	r := here(t)
	for name, check := range map[string]func(*repository) ([]problem, error){
		"arrows": checkArrows, "comments": checkComments, "dependencies": checkDependencies,
	} {
		found, err := check(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found {
			t.Errorf("%s: %s: %s", name, p.where, p.what)
		}
	}
}

// badRepository writes testdata/bad.txtar out, as a git repository if there is git.
func badRepository(t *testing.T) *repository {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/bad.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := txtar.Write(archive, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("git"); err == nil {
		if _, err := output(dir, "git", "init", "--quiet"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := openRepository(dir)
	if err != nil {
		t.Fatal(err)
	}
	walked, err := walk(dir)
	if err != nil || len(walked) != len(archive.Files) || len(r.files) != len(archive.Files) {
		t.Fatalf("%d files, %d walked, of %d: %v", len(r.files), len(walked), len(archive.Files), err)
	}
	return r
}

// Each check finds what is wrong on purpose, and nothing else.
func TestChecksFind(t *testing.T) {
	r := badRepository(t)
	for name, want := range map[string][]string{
		"format": {"cmd/bad/main.go: not formatted (gofmt -w)"},
		"arrows": {
			"decide: must not import advance",
			"decide: must not import net/http",
			"decide/tally: must not import db",
			"elsewhere: is in no row of the table in cmd/check/arrows.go",
		},
		"comments": {
			`bad/fed: has no package comment that begins with "Package fed "`,
			`bad/place: has no package comment that begins with "Package place "`,
			`bad/web/page: has no package comment that begins with "Package page "`,
		},
		"dependencies": {"docs/decisions/0002-dependencies.md: is not there"},
		"messages": {
			`i18n/locale/es: site.error.conflict has the placeholders [{nombre}], in English [{name}]`,
			`i18n/locale/es: site.forgotten is missing`,
			`i18n/locale/es: site.more is not in English`,
			`i18n/locale/es: site.save says "acta" (docs/translation.md)`,
			`web/web.go:17:18: uses the message site.sav, which is not in English`,
			`web/web.go:18:29: uses the message site.name_missing, which is not in English`,
			`web/web.go:23:41: uses the message said.sade, which is not in English`,
			`web/report.html:2: uses the message said.not_there, which is not in English`,
			`web/web.go:21:6: reads site.error. with T: a message with plural forms needs N and its number`,
			`web/web.go:22:6: reads site.error.invalid with T: a message with plural forms needs N and its number`,
			`i18n/locale/en: said.never is used nowhere`,
			`i18n/locale/en: site.forgotten is used nowhere`,
		},
		"links": {
			"README.md:3: links to #another, but no heading is called so",
			"README.md:4: links to docs/there.md#part-three, but no heading is called so",
			"README.md:5: links to docs/nowhere.md, which is not there",
			"README.md:5: links to ../outside.md, which is not there",
			"README.md:12: links to docs/gone.md, which is not there",
		},
		"words": {
			`notes.txt:1: says " /` + `home/s"`,
			`notes.txt:3: says "registry` + `.npmjs"`,
			`notes.txt:4: says "TO` + `DO:"`,
		},
	} {
		t.Run(name, func(t *testing.T) { compareFound(t, r, name, want) })
	}
}

func compareFound(t *testing.T, r *repository, name string, want []string) {
	t.Helper()
	for _, c := range checks {
		if c.name != name {
			continue
		}
		found, err := c.run(r)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range found {
			got = append(got, strings.ReplaceAll(fmt.Sprintf("%s: %s", p.where, p.what), r.dir, ""))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want (-), got (+):\n%s", diff)
		}
		return
	}
	t.Fatalf("no check is called %q", name)
}

func TestUnexplainedDependency(t *testing.T) {
	packages, err := here(t).listPackages()
	if err != nil {
		t.Fatal(err)
	}
	if found := unexplained(packages, "| `golang.org/x/text/more` |"); len(found) == 0 {
		t.Error("i18n imports golang.org/x/text, and no line says why, but nothing was found")
	}
}

// The tools of tools.mod are built for this, which takes a while the first time.
func TestToolsFind(t *testing.T) {
	if os.Getenv("TRANSLOCAL_TEST_LONG") == "" {
		t.Skip("long: set TRANSLOCAL_TEST_LONG=1")
	}
	r := badRepository(t)
	for _, name := range []string{"tools.mod", "tools.sum"} {
		data, err := here(t).read(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compareFound(t, r, "generated", []string{
		"web/page/page_templ.go: is not what its template gives (make generate)",
		"web/page/orphan_templ.go: has no template",
	})
	compareFound(t, r, "vet", []string{"go vet ./...: cmd/bad/main.go:8:6: append with no values"})
	found, err := checkStaticcheck(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Error("staticcheck found nothing")
	}
}
