package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"translocal/blueprint/clause"
	"translocal/document"
	"translocal/i18n"
)

// CompareCmd says where texts come from: which of the parents each child was made from and what became
// of its clauses, or which texts of a group are of one family. How that is judged: docs/comparing.md.
type CompareCmd struct {
	Parents  files `env:"-" placeholder:"FILE..." help:"Texts that the children may come from."`
	Children files `env:"-" placeholder:"FILE..." help:"Texts to look at, clause by clause."`
	Family   files `env:"-" placeholder:"FILE..." help:"Texts to sort into families that share wording."`
	JSON     bool  `env:"-" help:"Write JSON."`
}

// files takes all values up to the next flag, so that a shell can fill in names: --parents old/*.md
type files []string

// Decode implements kong.MapperValue.
func (f *files) Decode(ctx *kong.DecodeContext) error {
	tokens := ctx.Scan.PopWhile(kong.Token.IsValue)
	if len(tokens) == 0 {
		return errors.New("expected the name of a file")
	}
	for _, t := range tokens {
		*f = append(*f, t.String())
	}
	return nil
}

// Run writes the comparison to standard output.
func (c CompareCmd) Run(ctx context.Context) error {
	bundle, err := i18n.Load()
	if err != nil {
		return err
	}
	return c.run(i18n.With(ctx, bundle.Match("", "en")), os.Stdout)
}

func (c CompareCmd) run(ctx context.Context, w io.Writer) error {
	lineage := len(c.Parents) > 0 && len(c.Children) > 0 && len(c.Family) == 0
	family := len(c.Family) > 0 && len(c.Parents)+len(c.Children) == 0
	switch {
	case lineage:
		report, err := compareLineage(ctx, c.Parents, c.Children)
		if err != nil {
			return err
		}
		return c.write(w, report, report.text)
	case family:
		report, err := compareFamily(ctx, c.Family)
		if err != nil {
			return err
		}
		return c.write(w, report, report.text)
	}
	return errors.New("compare: give --parents and --children, or --family alone")
}

func (c CompareCmd) write(w io.Writer, report any, text func() string) error {
	if !c.JSON {
		_, err := io.WriteString(w, text())
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(report)
}

// lineageReport is what became of the clauses of texts that were made from others.
type lineageReport struct {
	Children []childReport `json:"children"`
}

type childReport struct {
	File    string         `json:"file"`
	Parent  *string        `json:"parent"` // null if none is near
	Score   float64        `json:"score"`  // how much of the child stands word for word in the parent, 0 to 1
	Clauses []clauseReport `json:"clauses"`
}

// clauseReport is one clause: of the child, "c" with its place; or dropped from the parent, "p" with its place there.
type clauseReport struct {
	ID         string       `json:"id"`
	Heading    string       `json:"heading"`
	State      clause.State `json:"state"`
	Similarity float64      `json:"similarity"`
}

func compareLineage(ctx context.Context, parentFiles, childFiles []string) (lineageReport, error) {
	report := lineageReport{Children: []childReport{}}
	parents, err := readDocuments(ctx, parentFiles)
	if err != nil {
		return report, err
	}
	children, err := readDocuments(ctx, childFiles)
	if err != nil {
		return report, err
	}
	for i, child := range children {
		r := childReport{File: childFiles[i], Clauses: []clauseReport{}}
		nearest, score := clause.Nearest(child, parents)
		r.Score = round(score)
		var parent clause.Document
		if nearest >= 0 {
			r.Parent = &parentFiles[nearest]
			parent = parents[nearest]
		}
		for _, m := range clause.Align(parent, child) {
			r.Clauses = append(r.Clauses, reportClause(m, parent, child))
		}
		report.Children = append(report.Children, r)
	}
	return report, nil
}

func reportClause(m clause.Match, parent, child clause.Document) clauseReport {
	p, id := clause.Provision{}, ""
	if m.Child >= 0 {
		p = child.Provisions[m.Child]
		id = p.ID
	} else {
		p = parent.Provisions[m.Parent]
		id = "p" + strings.TrimPrefix(p.ID, "c")
	}
	return clauseReport{ID: id, Heading: p.Heading, State: m.State, Similarity: round(m.Similarity)}
}

func (r lineageReport) text() string {
	var b strings.Builder
	for _, c := range r.Children {
		if c.Parent == nil {
			fmt.Fprintf(&b, "%s\n  none of the parents is near\n", c.File)
			continue
		}
		count := make(map[clause.State]int)
		for _, cl := range c.Clauses {
			count[cl.State]++
		}
		fmt.Fprintf(&b, "%s\n  from %s (%.0f %% of its wording)\n  %d clauses kept, %d changed, %d dropped, %d added\n", c.File, *c.Parent, 100*c.Score,
			count[clause.Kept], count[clause.Changed], count[clause.Dropped], count[clause.Added])
		for _, cl := range c.Clauses {
			if cl.State != clause.Kept {
				fmt.Fprintf(&b, "    %-8s %-5s %3.0f %%  %s\n", cl.State, cl.ID, 100*cl.Similarity, cl.Heading)
			}
		}
	}
	return b.String()
}

// familyReport is which texts share wording.
type familyReport struct {
	Families [][]string   `json:"families"`
	Pairs    []pairReport `json:"pairs"`
}

// pairReport is two texts that are joined; Similarity is how much of the shorter stands word for word in the other.
type pairReport struct {
	A          string  `json:"a"`
	B          string  `json:"b"`
	Similarity float64 `json:"similarity"`
}

func compareFamily(ctx context.Context, names []string) (familyReport, error) {
	report := familyReport{Families: [][]string{}, Pairs: []pairReport{}}
	docs, err := readDocuments(ctx, names)
	if err != nil {
		return report, err
	}
	families, pairs := clause.Families(docs)
	for _, f := range families {
		var members []string
		for _, i := range f {
			members = append(members, names[i])
		}
		report.Families = append(report.Families, members)
	}
	for _, p := range pairs {
		report.Pairs = append(report.Pairs, pairReport{names[p.A], names[p.B], round(p.Similarity)})
	}
	return report, nil
}

func (r familyReport) text() string {
	var b strings.Builder
	for i, f := range r.Families {
		fmt.Fprintf(&b, "family %d\n", i+1)
		for _, name := range f {
			fmt.Fprintf(&b, "  %s\n", name)
		}
	}
	if len(r.Families) == 0 {
		b.WriteString("no two of these texts share enough wording\n")
	}
	for _, p := range r.Pairs {
		fmt.Fprintf(&b, "%3.0f %%  %s, %s\n", 100*p.Similarity, p.A, p.B)
	}
	return b.String()
}

// round keeps four places, enough to tell two texts apart.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// maxText is the largest text that is read, in bytes.
const maxText = 16 << 20

func readDocuments(ctx context.Context, names []string) ([]clause.Document, error) {
	docs := make([]clause.Document, len(names))
	for i, name := range names {
		text, err := readText(ctx, name)
		if err != nil {
			return nil, err
		}
		docs[i] = clause.Read(text)
	}
	return docs, nil
}

// readText reads a file: Markdown or plain text in UTF-8, UTF-16 with its mark, or else Windows-1252,
// which old files often are; Word (.docx) or OpenDocument (.odt).
func readText(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxText {
		return "", fmt.Errorf("%s: longer than %d MiB", name, maxText>>20)
	}
	if bytes.HasPrefix(b, []byte("PK")) { // Word or OpenDocument
		d, err := document.Read(name, b)
		if err != nil {
			return "", fmt.Errorf("%s: %s", name, told(ctx, err))
		}
		return d.Markdown, nil
	}
	text := string(b)
	switch {
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		text, err = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().String(text)
	case !utf8.ValidString(text) && !strings.Contains(text, "\x00"):
		text, err = charmap.Windows1252.NewDecoder().String(text)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if strings.Contains(text, "\x00") {
		return "", fmt.Errorf("%s: not a text; save it as Markdown or plain text first", name)
	}
	return text, nil
}
