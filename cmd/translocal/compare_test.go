package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"translocal/document"
)

const (
	motion = `# A motion for the river

The council publishes every contract within thirty days of signing it, with the name of who signed.

Any resident may put a question to the council at any open session, and has an answer in writing.

The river has two guardians, who speak for it before the council whenever its water is at stake.
`
	adapted = `# A motion for the river

The council publishes every contract within ninety days of signing it, with the name of who signed.

The river has two guardians, who speak for it before the council whenever its water is at stake.

Cats are welcome.
`
	stranger = `Nothing here has been heard before. A recipe for bread asks for flour, water, salt and a great deal of patience from whoever bakes it.
`
)

// compareFiles writes the texts to files, runs the command with their names, and returns what it writes.
func compareFiles(t *testing.T, files map[string]string, args ...string) (string, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var cli struct {
		Compare CompareCmd `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"compare"}, args...)); err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = cli.Compare.run(t.Context(), &out)
	return out.String(), err
}

func TestCompareLineage(t *testing.T) {
	files := map[string]string{"motion.md": motion, "other.md": stranger, "child one.md": adapted, "decoy.md": stranger + stranger}
	got, err := compareFiles(t, files, "--json", "--parents", "motion.md", "--children", "child one.md", "decoy.md")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"children":[{"file":"child one.md","parent":"motion.md","score":0.6923,"clauses":[` +
		`{"id":"c1","heading":"A motion for the river","state":"kept","similarity":1},` +
		`{"id":"c2","heading":"A motion for the river","state":"changed","similarity":0.9412},` +
		`{"id":"p3","heading":"A motion for the river","state":"dropped","similarity":0.1111},` +
		`{"id":"c3","heading":"A motion for the river","state":"kept","similarity":1},` +
		`{"id":"c4","heading":"A motion for the river","state":"added","similarity":0}]},` +
		`{"file":"decoy.md","parent":null,"score":0,"clauses":[` +
		`{"id":"c1","heading":"","state":"added","similarity":0}]}]}` + "\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	got, err = compareFiles(t, files, "--parents", "motion.md", "other.md", "--children", "child one.md", "decoy.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"from motion.md (69 % of its wording)", "2 clauses kept, 1 changed, 1 dropped, 1 added", "from other.md"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in\n%s", line, got)
		}
	}
}

func TestCompareFamily(t *testing.T) {
	files := map[string]string{"a.md": motion, "b.md": adapted, "c.md": stranger}
	got, err := compareFiles(t, files, "--family", "a.md", "c.md", "b.md", "--json")
	if want := `{"families":[["a.md","b.md"]],"pairs":[{"a":"a.md","b":"b.md","similarity":0.6923}]}` + "\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	got, err = compareFiles(t, files, "--json", "--family", "c.md")
	if want := `{"families":[],"pairs":[]}` + "\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestCompareEncodings(t *testing.T) {
	const text = "El Concejo publicará cada año el presupuesto municipal, con toda la información que cualquier vecina pueda pedir."
	utf16, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	old, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := compareFiles(t, map[string]string{"u8.txt": text, "u16.txt": utf16, "old.txt": old}, "--json", "--family", "u8.txt", "u16.txt", "old.txt")
	if err != nil {
		t.Fatal(err)
	}
	var report familyReport
	if err := json.Unmarshal([]byte(got), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Families) != 1 || len(report.Families[0]) != 3 || report.Pairs[0].Similarity != 1 {
		t.Errorf("the same text in three encodings: %s", got)
	}
}

func TestCompareErrors(t *testing.T) {
	files := map[string]string{"a.md": motion, "b.bin": "PK\x03\x04\x00\x00"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "give --parents and --children, or --family alone"},
		{[]string{"--parents", "a.md"}, "give --parents and --children, or --family alone"},
		{[]string{"--family", "a.md", "--children", "a.md"}, "give --parents and --children, or --family alone"},
		{[]string{"--parents", "--children", "a.md"}, "--parents: expected the name of a file"},
		{[]string{"--family", "a.md", "missing.md"}, "missing.md: no such file"},
		{[]string{"--family", "a.md", "b.bin"}, "b.bin: The file is damaged"},
		{[]string{"--family", "."}, "is a directory"},
	} {
		out, err := compareFiles(t, files, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.args, err, c.want)
		}
		if out != "" {
			t.Errorf("%v: wrote %q", c.args, out)
		}
	}
	large := filepath.Join(t.TempDir(), "large.txt")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxText+1); err != nil {
		t.Fatal(err)
	}
	if _, err := compareFiles(t, nil, "--family", large); err == nil || !strings.Contains(err.Error(), "longer than 16 MiB") {
		t.Errorf("a file that is too long: %v", err)
	}
}

// A Word file is compared as its words are; what only looks like one is refused by its name.
func TestCompareReadsWord(t *testing.T) {
	d := document.Doc{}
	for _, p := range strings.Split(motion, "\n\n") {
		d.Blocks = append(d.Blocks, document.Paragraph.Text(p))
	}
	data, err := d.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	got, err := compareFiles(t, map[string]string{"motion.docx": string(data), "motion.md": motion, "x.docx": "PK\x03\x04broken"}, "--json", "--parents", "motion.md", "--children", "motion.docx")
	if err != nil || !strings.Contains(got, `"parent":"motion.md"`) {
		t.Error(got, err)
	}
	if _, err := compareFiles(t, map[string]string{"x.docx": "PK\x03\x04broken", "motion.md": motion}, "--parents", "motion.md", "--children", "x.docx"); err == nil || !strings.Contains(err.Error(), "x.docx") {
		t.Error(err)
	}
}
