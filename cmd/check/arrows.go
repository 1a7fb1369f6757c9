package main

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The dependency arrows: which of our packages a package may import. A package
// that isn't in the table has its parent's row and may import its parent's other
// children and be imported by its parent, unless those have rows of their own.
//
// Everybody may import fault; a program under cmd may import everything. Nobody
// imports a program.
var arrows = map[string][]string{
	"fault": nil,
	"db":    nil,
	"blob":  nil,
	"i18n":  nil,

	"document": nil, // words in and out of files
	"calendar": nil, // iCalendar, for whoever has dates

	"live": nil, // what it looks at is given to it

	"library": nil, // content as data; whoever starts a node puts it into blueprint

	"decide/tally":     nil,
	"decide/opinion":   nil,
	"blueprint/clause": nil,
	"blueprint/check":  {"blueprint/clause"}, // web gives it the library and the places' texts, so it knows of neither

	"act":    {"db"},
	"job":    {"db"},
	"record": {"act", "db"},
	"search": {"act", "db"},
	"keep":   {"act", "blob", "db"},
	"limit":  {"db"},

	"place":         carriers,
	"moderate":      append([]string{"place"}, carriers...), // asked by those whose words can be hidden
	"blueprint":     append([]string{"place", "moderate", "blueprint/clause"}, carriers...),
	"decide":        append([]string{"place", "moderate", "decide/tally", "decide/opinion"}, carriers...),
	"decide/report": {"i18n", "decide/tally", "decide/opinion"},

	"advance":  append([]string{"place", "calendar"}, carriers...),
	"meeting":  append([]string{"place", "calendar"}, carriers...),
	"webhook":  append([]string{"place"}, carriers...),         // fed sends for it
	"notice":   append([]string{"place", "i18n"}, carriers...), // it writes mails, in the language of their readers
	"testify":  append([]string{"place"}, carriers...),
	"converge": append([]string{"place"}, carriers...),
	"atlas":    append([]string{"place"}, carriers...),

	"fed":       append(capabilities, append([]string{"record", "limit"}, carriers...)...),
	"web":       append(capabilities, append([]string{"record", "fed", "keep", "decide/report", "i18n", "library", "limit", "live", "web/page", "web/asset"}, carriers...)...),
	"web/page":  append(capabilities, append([]string{"record", "fed", "keep", "i18n", "library", "web/asset"}, carriers...)...),
	"web/asset": nil,
}

var (
	carriers     = []string{"act", "job", "blob", "search", "db"}
	capabilities = slices.Clip([]string{
		"notice",
		"place", "moderate", "blueprint", "blueprint/clause", "blueprint/check", "decide", "decide/tally", "decide/opinion",
		"advance", "meeting", "webhook", "testify", "converge", "atlas", "document",
	})
)

// Only these serve: nobody else may know of HTTP or of HTML.
var (
	serving   = []string{"web", "fed", "cmd"}
	forServed = []string{"net/http", "github.com/a-h/templ"}
)

// goPackage is what we read of the output of go list -json.
type goPackage struct {
	ImportPath string
	Dir        string
	Name       string
	GoFiles    []string
	Imports    []string
	Module     *struct {
		Path string
		Main bool
	}
}

// listPackages returns the module's own packages and all that they are built of.
func (r *repository) listPackages() ([]goPackage, error) {
	if r.packages != nil {
		return r.packages, nil
	}
	text, err := output(r.dir, "go", "list", "-deps", "-json=ImportPath,Dir,Name,GoFiles,Imports,Module", "./...")
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		r.packages = append(r.packages, p)
	}
	slices.SortFunc(r.packages, func(a, b goPackage) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return r.packages, nil
}

func (p goPackage) ours() bool { return p.Module != nil && p.Module.Main }

func checkArrows(r *repository) (found []problem, err error) {
	packages, err := r.listPackages()
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		if !p.ours() {
			continue
		}
		prefix := p.Module.Path + "/"
		from := strings.TrimPrefix(p.ImportPath, prefix)
		if _, ok := row(from); !ok && !isProgram(from) {
			found = append(found, problem{from, "is in no row of the table in cmd/check/arrows.go"})
			continue
		}
		for _, imported := range p.Imports {
			if to, ours := strings.CutPrefix(imported, prefix); ours {
				if !allowed(from, to) {
					found = append(found, problem{from, "must not import " + to})
				}
			} else if slices.Contains(forServed, imported) && !slices.Contains(serving, first(from)) {
				found = append(found, problem{from, "must not import " + imported})
			}
		}
	}
	return found, nil
}

func first(name string) string { head, _, _ := strings.Cut(name, "/"); return head }

func isProgram(name string) bool { return first(name) == "cmd" }

// row finds the nearest package upwards that has a row.
func row(name string) (string, bool) {
	for ; name != "."; name = path.Dir(name) {
		if _, ok := arrows[name]; ok {
			return name, true
		}
	}
	return "", false
}

func allowed(from, to string) bool {
	switch {
	case isProgram(from):
		return !isProgram(to) || path.Dir(from) == path.Dir(to) || strings.HasPrefix(to, from+"/")
	case isProgram(to):
		return false
	case to == "fault":
		return true
	}
	fromRow, ok := row(from)
	toRow, known := row(to)
	if !ok || !known {
		return false
	}
	return fromRow == toRow || slices.Contains(arrows[fromRow], toRow)
}

// checkComments wants each package to say what it is for.
func checkComments(r *repository) (found []problem, err error) {
	packages, err := r.listPackages()
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		if !p.ours() || len(p.GoFiles) == 0 { // with tests alone
			continue
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command " + path.Base(p.ImportPath) + " "
		}
		doc, err := packageDoc(p)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(doc, want) {
			found = append(found, problem{p.ImportPath, fmt.Sprintf("has no package comment that begins with %q", want)})
		}
	}
	return found, nil
}

func packageDoc(p goPackage) (doc string, err error) {
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return "", err
		}
		if f.Doc != nil && !strings.HasPrefix(f.Doc.Text(), "templ: ") {
			doc += f.Doc.Text()
		}
	}
	return doc, nil
}

const dependencyRecord = "docs/decisions/0002-dependencies.md"

// checkDependencies wants a line with reasons for each module that the program
// imports.
func checkDependencies(r *repository) ([]problem, error) {
	packages, err := r.listPackages()
	if err != nil {
		return nil, err
	}
	record, err := r.read(dependencyRecord)
	if err != nil {
		return []problem{{dependencyRecord, "is not there"}}, nil
	}
	return unexplained(packages, string(record)), nil
}

// unexplained returns the modules that our packages import and that record does
// not name between backquotes.
func unexplained(packages []goPackage, record string) (found []problem) {
	moduleOf := map[string]string{}
	for _, p := range packages {
		if p.Module != nil && !p.ours() {
			moduleOf[p.ImportPath] = p.Module.Path
		}
	}
	seen := map[string]bool{}
	for _, p := range packages {
		if !p.ours() {
			continue
		}
		for _, imported := range p.Imports {
			module := moduleOf[imported]
			if module == "" || seen[module] || strings.Contains(record, "`"+module+"`") {
				continue
			}
			seen[module] = true
			found = append(found, problem{dependencyRecord, "has no line for `" + module + "`, which " + p.ImportPath + " imports"})
		}
	}
	return found
}
