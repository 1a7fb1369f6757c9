package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"translocal/decide/opinion"
	"translocal/decide/report"
	"translocal/i18n"
)

// OpinionCmd maps the opinions in the files that a Polis conversation exports.
type OpinionCmd struct {
	Dir    string `arg:"" type:"existingdir" help:"Folder with comments.csv, votes.csv, participants-votes.csv and summary.csv, as Polis exports them."`
	K      int    `help:"Groups to make; by default the number from 2 to 5 that the silhouette says." placeholder:"N"`
	JSON   bool   `name:"json" help:"Write the map as JSON."`
	Report string `type:"path" help:"Write a page to be printed or passed on." placeholder:"OUT.html"`
	Lang   string `default:"en" help:"Language of the page and of the text, such as en or es."`
}

// Run reads, maps and writes.
func (c *OpinionCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c *OpinionCmd) run(ctx context.Context, out io.Writer) error {
	bundle, err := i18n.Load()
	if err != nil {
		return err
	}
	p := bundle.Printer(c.Lang)
	if p == nil {
		return fmt.Errorf("--lang %s: the languages are %s", c.Lang, strings.Join(bundle.Languages(), ", "))
	}
	m, err := c.makeMap(ctx)
	if why, broken := report.Broken(c.Dir, err, p); broken {
		return errors.New(why)
	}
	if err != nil {
		return err
	}
	if c.Report != "" {
		if err := writeWhole(c.Report, func(w io.Writer) error { return report.Opinion(w, m, p) }); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(m)
	}
	if c.Report != "" {
		return nil
	}
	return report.OpinionText(out, m, p)
}

// makeMap works apart, so that an interrupt ends the command at once.
func (c *OpinionCmd) makeMap(ctx context.Context) (*opinion.Map, error) {
	type result struct {
		m   *opinion.Map
		err error
	}
	done := make(chan result, 1)
	bar := newProgress(os.Stderr)
	go func() {
		conversation, err := opinion.ReadPolis(newWatchedFolder(c.Dir, bar))
		if err != nil {
			done <- result{nil, err}
			return
		}
		m, err := opinion.Make(conversation, opinion.Options{K: c.K})
		done <- result{m, err}
	}()
	var r result
	select {
	case r = <-done:
		bar.clear()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, errors.New("interrupted: nothing was written")
	}
	return r.m, r.err
}

// watchedFolder shows on a bar how much of a folder's files has been read.
type watchedFolder struct {
	fs.FS
	bar         *progress
	read, total int64
}

func newWatchedFolder(dir string, bar *progress) *watchedFolder {
	w := &watchedFolder{FS: os.DirFS(dir), bar: bar}
	for _, name := range opinion.Files() {
		if info, err := fs.Stat(w.FS, name); err == nil {
			w.total += info.Size()
		}
	}
	return w
}

// Open opens a file whose reading shows.
func (w *watchedFolder) Open(name string) (fs.File, error) {
	f, err := w.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return watchedFile{f, w}, nil
}

type watchedFile struct {
	fs.File
	folder *watchedFolder
}

// Read reads on and moves the bar; its last eighth is for the map.
func (f watchedFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.folder.read += int64(n)
	f.folder.bar.show(f.folder.read, f.folder.total+f.folder.total/7)
	return n, err
}

// writeWhole writes a file that is there whole or not at all.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".report-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
