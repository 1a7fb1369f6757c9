package main

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
)

func checkFormat(r *repository) (found []problem, err error) {
	for _, name := range r.with(".go") {
		src, err := r.read(name)
		if err != nil {
			return nil, err
		}
		formatted, err := format.Source(src)
		if err != nil {
			found = append(found, problem{name, err.Error()})
		} else if !bytes.Equal(src, formatted) {
			found = append(found, problem{name, "not formatted (gofmt -w)"})
		}
	}
	return found, nil
}

func checkVet(r *repository) ([]problem, error) {
	return complaints(r.dir, "go", "vet", "./...")
}

func checkStaticcheck(r *repository) ([]problem, error) {
	return complaints(r.dir, "go", "tool", "-modfile=tools.mod", "staticcheck", "./...")
}

// checkGenerated makes the code of every template anew, in a folder of its own,
// and compares.
func checkGenerated(r *repository) (found []problem, err error) {
	dir, err := os.MkdirTemp("", "generated")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	templates := r.with(".templ")
	for _, name := range templates {
		src, err := r.read(name)
		if err != nil {
			return nil, err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, src, 0o600); err != nil {
			return nil, err
		}
	}
	if len(templates) > 0 {
		if _, err := output(r.dir, "go", "tool", "-modfile=tools.mod", "templ", "generate", "-path", dir); err != nil {
			return nil, err
		}
	}
	want := map[string]bool{}
	for _, name := range templates {
		code := strings.TrimSuffix(name, ".templ") + "_templ.go"
		want[code] = true
		fresh, err := os.ReadFile(filepath.Join(dir, code))
		if err != nil {
			return nil, err
		}
		committed, err := r.read(code)
		if err != nil || !bytes.Equal(fresh, committed) {
			found = append(found, problem{code, "is not what its template gives (make generate)"})
		}
	}
	for _, code := range r.with("_templ.go") {
		if !want[code] {
			found = append(found, problem{code, "has no template"})
		}
	}
	return found, nil
}
