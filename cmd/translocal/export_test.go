package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// exported is the story's first place in a file, and another node to read it.
type exported struct {
	*kept
	file  string
	other string // folder
}

func newExported(t *testing.T) *exported {
	t.Helper()
	e := &exported{kept: newKept(t), file: filepath.Join(t.TempDir(), "place.jsonl"), other: filepath.Join(t.TempDir(), "other")}
	e.stop()
	must(t, e.export(t, e.file))
	return e
}

func (e *exported) export(t *testing.T, file string) error {
	t.Helper()
	return (&ExportCmd{Data: e.dir, Place: string(e.rio), To: file}).Run(t.Context())
}

func (e *exported) bring(t *testing.T, file string) error {
	t.Helper()
	return (&ImportPlaceCmd{File: file, Data: e.other, URL: "http://delta.test"}).Run(t.Context())
}

// at opens the node that reads.
func (e *exported) at(t *testing.T, do func(n *node)) {
	t.Helper()
	n, err := openNode(t.Context(), nodeOptions{Data: e.other, Base: "http://delta.test"})
	must(t, err)
	defer n.close()
	do(n)
}

func TestAnExportedPlaceIsReadElsewhere(t *testing.T) {
	e, ctx := newExported(t), t.Context()
	must(t, e.bring(t, e.file))
	var size int64
	e.at(t, func(n *node) {
		s, err := n.log.StreamOf(ctx, e.rio)
		must(t, err)
		size = s.Size
		if s.Own || s.Size < 10 {
			t.Errorf("%+v", s)
		}
		must(t, n.record.Check(ctx, e.rio))
		others, err := n.places.Others(ctx)
		must(t, err)
		if len(others) != 1 || others[0].Name != "Río Claro" {
			t.Error("the place is not seen:", others)
		}
		diff, err := checkRebuild(ctx, n.log, 1, nil)
		must(t, err)
		if len(diff) > 0 {
			t.Error(diff[0])
		}
		if erased, err := n.places.ByStream(ctx, e.rio); err != nil || erased.Story != "" {
			t.Error("what was erased came along:", erased, err)
		}
	})
	// It grows; what is there already is passed over.
	n, err := openNode(ctx, nodeOptions{Data: e.dir, Base: "http://rio.test"})
	must(t, err)
	v, err := n.places.SignIn(ctx, "Alder", "a long password")
	must(t, err)
	must(t, n.places.Describe(ctx, v, e.rio, place.Profile{Name: "Río Claro", Story: "Grown"}))
	n.close()
	longer := filepath.Join(t.TempDir(), "longer.jsonl")
	must(t, e.export(t, longer))
	must(t, e.bring(t, longer))
	must(t, e.bring(t, e.file)) // an older one changes nothing
	e.at(t, func(n *node) {
		if s, err := n.log.StreamOf(ctx, e.rio); err != nil || s.Size != size+1 {
			t.Errorf("%d acts after %d: %v", s.Size, size, err)
		}
	})
}

func TestAnExportThatWasChangedIsRefusedWhole(t *testing.T) {
	e := newExported(t)
	raw, err := os.ReadFile(e.file)
	must(t, err)
	lines := bytes.SplitAfter(raw, []byte("\n"))
	if len(lines) < 3 {
		t.Fatal(len(lines), "lines")
	}
	change := func(old, new string) []byte {
		b := bytes.Replace(raw, []byte(old), []byte(new), 1)
		if bytes.Equal(b, raw) {
			t.Fatalf("%q is not in the file", old)
		}
		return b
	}
	text := base64.StdEncoding.EncodeToString([]byte("With one clause changed"))
	for name, b := range map[string][]byte{
		"an envelope":       change(`"published"`, `"publishes"`),
		"a part":            change(text[:20], strings.ToLower(text[:20])),
		"the checkpoint":    change(`"checkpoint":"`, `"checkpoint":"x`),
		"cut in a line":     raw[:len(raw)-10],
		"a line less":       bytes.Join(lines[:len(lines)-2], nil),
		"a line twice":      append(bytes.Clone(raw), lines[1]...),
		"another size":      change(`"size":`, `"size":1`),
		"another actor":     change(`"actor":"http://rio.test/p/`, `"actor":"http://foe.test/p/`),
		"nothing":           nil,
		"another file":      []byte("{}\n"),
		"one of the reader": bytes.ReplaceAll(raw, []byte("http://rio.test"), []byte("http://delta.test")),
	} {
		file := filepath.Join(t.TempDir(), "changed.jsonl")
		must(t, os.WriteFile(file, b, 0o600))
		if err := e.bring(t, file); err == nil {
			t.Errorf("%s: imported", name)
		}
	}
	e.at(t, func(n *node) {
		if list, err := n.log.Streams(t.Context()); err != nil || len(list) > 0 {
			t.Error("left behind:", list, err)
		}
	})
	c := ImportPlaceCmd{File: e.file, Data: e.other, URL: "http://delta.test", Stream: strings.Repeat("ab", 32)}
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "not the one") {
		t.Error("another stream than the one asked for:", err)
	}
	if err := (&ImportPlaceCmd{File: e.file, Data: e.dir, URL: "http://rio.test"}).Run(t.Context()); err == nil {
		t.Error("a node took its own place for another's")
	}
	if err := e.export(t, e.file); err == nil {
		t.Error("an earlier file was overwritten")
	}
}

// exportFields are all members of an export outside the envelopes, which are
// public as they were signed. A new one is leaked to everybody: think, then add it.
var exportFields = []string{
	"format", "stream", "actor", "size", "origin", "from", "acts", "checkpoint", "proof", "keys",
	"files", "sha256", "data", // of published documents
	"acts.envelope", "acts.parts", "acts.parts.name", "acts.parts.mediaType", "acts.parts.salt", "acts.parts.body",
}

// exportColumns are the columns of the tables from which an export is made, and
// whether it gives them away. A new column stands here before it stands there.
var exportColumns = map[string]bool{
	"stream.fp": true, "stream.actor": true, "stream.origin": true, "stream.audience": false, "stream.own": false, "stream.size": true,
	"stream.published": false, "stream.held": false,
	"act.stream": true, "act.idx": true, "act.type": true, "act.published": true, "act.leaf": true, "act.state": false, "act.envelope": true,
	"part.stream": true, "part.idx": true, "part.name": true, "part.media": true, "part.salt": true, "part.body": true,
	"checkpoint.stream": true, "checkpoint.size": true, "checkpoint.root": true, "checkpoint.note": true, "checkpoint.at": false,
	"stream_key.stream": true, "stream_key.idx": true, "stream_key.public": true,
}

func TestAnExportLeaksNothing(t *testing.T) {
	e := newExported(t)
	raw, err := os.ReadFile(e.file)
	must(t, err)
	for i, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		var v any
		must(t, json.Unmarshal(line, &v))
		for _, f := range fieldsIn(v, "") {
			if !slices.Contains(exportFields, f) {
				t.Errorf("line %d has a member %q that nobody thought about", i+1, f)
			}
		}
	}
	d, err := db.OpenReader(t.Context(), databaseOf(e.dir, ""))
	must(t, err)
	defer d.Close()
	readable := readableForm(raw)
	public, found := publicValues(t, d, e.rio), 0
	must(t, d.Snapshot(t.Context(), func(s *db.Snapshot) error {
		tables, err := s.Tables(t.Context())
		must(t, err)
		for _, table := range tables {
			columns, rows, err := s.Rows(t.Context(), table)
			must(t, err)
			for _, c := range columns {
				if _, known := exportColumns[table+"."+c]; !known && slices.Contains([]string{"stream", "act", "part", "checkpoint", "stream_key"}, table) {
					t.Errorf("column %s.%s is in no list: does an export give it away?", table, c)
				}
			}
			for row, err := range rows {
				must(t, err)
				if !slices.Contains(private, table) || table == "act" || table == "part" || table == "stream" || table == "checkpoint" {
					continue
				}
				for i, v := range row {
					for _, text := range forms(v) {
						found++
						if strings.Contains(readable, text) && !strings.Contains(public, text) {
							t.Errorf("%s.%s leaks: %.80q", table, columns[i], text)
						}
					}
				}
			}
		}
		return nil
	}))
	if found < 30 {
		t.Errorf("only %d private values were looked for", found)
	}
	for _, secret := range []string{"Alder", "argon2", "Delta"} {
		if strings.Contains(readable, secret) {
			t.Errorf("%s is in the export", secret)
		}
	}
}

// fieldsIn lists the paths of members, but not those within envelopes and keys.
func fieldsIn(v any, at string) (list []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			path := strings.TrimPrefix(at+"."+name, ".")
			list = append(list, path)
			if path != "acts.envelope" && path != "keys" {
				list = append(list, fieldsIn(x, path)...)
			}
		}
	case []any:
		for _, x := range v {
			list = append(list, fieldsIn(x, at)...)
		}
	}
	return list
}

// readableForm is an export with what stands in it in base64 beside it.
func readableForm(raw []byte) string {
	var b strings.Builder
	b.Write(raw)
	for _, piece := range strings.Split(string(raw), `"`) {
		if text, err := base64.StdEncoding.DecodeString(piece); err == nil && len(text) > 3 {
			b.Write(text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// publicValues is all that the stream itself says.
func publicValues(t *testing.T, d *db.DB, f act.Fingerprint) string {
	t.Helper()
	l := act.NewLog(d, nil, vocabularies()...)
	defer l.Close()
	list, err := l.Entries(t.Context(), f, 0, 1000)
	must(t, err)
	var b strings.Builder
	for _, e := range list {
		b.Write(e.Act.Envelope)
		for _, p := range e.Parts {
			b.Write(p.Body)
		}
	}
	return b.String()
}

// forms are the ways in which a private value could stand in a file; those that
// are too short to be anybody's are left out.
func forms(v any) (list []string) {
	switch v := v.(type) {
	case string:
		list = []string{v}
	case []byte:
		list = []string{string(v), hex.EncodeToString(v), base64.StdEncoding.EncodeToString(v), base64.RawURLEncoding.EncodeToString(v)}
	case int64:
		if v > 1e15 { // a time in microseconds
			list = []string{fmt.Sprint(v)}
		}
	}
	return slices.DeleteFunc(list, func(s string) bool { return len(s) < 8 })
}
