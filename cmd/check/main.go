// Command check holds the repository to its own rules: formatting, vet,
// staticcheck, generated code, the dependency arrows, package comments,
// messages in every language, links between documents, and what no committed
// file may say. It prints one line for each problem and exits with 1 if there is
// any. "make check" runs it.
//
// Usage: go run ./cmd/check [name ...], to run only the checks named.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A problem is something to put right: where (a file, with its line if there is
// one, or a package), and what is wrong.
type problem struct{ where, what string }

// A repository is a folder that holds one Go module.
type repository struct {
	dir   string
	files []string // slash-separated, relative to dir: committed or about to be

	packages []goPackage // see listPackages
}

type check struct {
	name string
	run  func(*repository) ([]problem, error)
}

var checks = []check{
	{"format", checkFormat},
	{"arrows", checkArrows},
	{"comments", checkComments},
	{"dependencies", checkDependencies},
	{"messages", checkMessages},
	{"links", checkLinks},
	{"words", checkWords},
	{"generated", checkGenerated},
	{"vet", checkVet},
	{"staticcheck", checkStaticcheck},
}

func main() {
	n, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	if n > 0 {
		fmt.Printf("%d to put right\n", n)
		os.Exit(1)
	}
}

func run(names []string) (problems int, err error) {
	repo, err := openRepository(".")
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.name == name }) {
			return 0, fmt.Errorf("no check is called %q", name)
		}
	}
	for _, c := range checks {
		if len(names) > 0 && !slices.Contains(names, c.name) {
			continue
		}
		start := time.Now()
		found, err := c.run(repo)
		if err != nil {
			return problems, fmt.Errorf("%s: %w", c.name, err)
		}
		for _, p := range found {
			fmt.Printf("%s: %s\n", p.where, p.what)
		}
		fmt.Printf("%-12s %4d to put right  %6.1fs\n", c.name, len(found), time.Since(start).Seconds())
		problems += len(found)
	}
	return problems, nil
}

// openRepository lists what git keeps, and what is new and not ignored; or every
// file, in a copy that is no git work tree.
func openRepository(dir string) (*repository, error) {
	top, err := output(dir, "go", "env", "GOMOD")
	if err != nil {
		return nil, err
	}
	r := &repository{dir: filepath.Dir(strings.TrimSpace(top))}
	list, err := output(r.dir, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		r.files, err = walk(r.dir)
		return r, err
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		if _, err := os.Stat(filepath.Join(r.dir, name)); err == nil && !slices.Contains(r.files, name) {
			r.files = append(r.files, name)
		}
	}
	return r, nil
}

func walk(dir string) (files []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules", "bin", "data", "dist", "screenshots"}, d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular():
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

// with returns the files whose names end in suffix, without the fixtures of
// this command, which are wrong on purpose.
func (r *repository) with(suffix string) (out []string) {
	for _, name := range r.files {
		if strings.HasSuffix(name, suffix) && !strings.HasPrefix(name, "cmd/check/testdata/") {
			out = append(out, name)
		}
	}
	return out
}

func (r *repository) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(r.dir, name))
}

// output runs a program in dir and returns what it prints. The error holds what
// it says on its standard error.
func output(dir string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out), err
}

// complaints runs a tool that prints a line for each problem and exits with a
// failure if there is one.
func complaints(dir string, name string, args ...string) ([]problem, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil, nil
	}
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		return nil, err
	}
	var found []problem
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "exit status") {
			found = append(found, problem{name + " " + strings.Join(args, " "), line})
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s %s: %w, without a word", name, strings.Join(args, " "), err)
	}
	return found, nil
}
