package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"translocal/blueprint/check"
	"translocal/blueprint/clause"
	"translocal/document"
	"translocal/fault"
	"translocal/i18n"
	"translocal/library"
	"translocal/web"
)

// CheckCmd lays a draft beside known texts: the library that comes with the program, or the given files
// alone. It asks no network. How it judges: docs/comparing.md.
type CheckCmd struct {
	Draft    string `arg:"" help:"The draft: Markdown, plain text, .docx or .odt."`
	Against  files  `env:"-" placeholder:"FILE..." help:"Texts to lay it beside, in place of the library."`
	JSON     bool   `env:"-" help:"Write JSON, as the API answers."`
	Language string `env:"-" default:"en" help:"Language of the report: en or es."`
}

// Run writes the report to standard output.
func (c CheckCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c CheckCmd) run(ctx context.Context, w io.Writer) error {
	bundle, err := i18n.Load()
	if err != nil {
		return err
	}
	ctx = i18n.With(ctx, bundle.Match("", c.Language))
	draft, err := readDraft(ctx, c.Draft)
	if err != nil {
		return err
	}
	texts, err := c.texts(ctx)
	if err != nil {
		return err
	}
	report, err := check.NewCorpus(texts).Check(ctx, draft, nil)
	if err != nil {
		return fmt.Errorf("%s: %s", c.Draft, told(ctx, err))
	}
	a := report.Answer(nil)
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(a)
	}
	_, err = io.WriteString(w, checkText(ctx, a))
	return err
}

func (c CheckCmd) texts(ctx context.Context) ([]check.Text, error) {
	if len(c.Against) == 0 {
		lib, err := library.Load()
		if err != nil {
			return nil, err
		}
		return web.CheckTexts(lib), nil
	}
	var texts []check.Text
	for _, name := range c.Against {
		text, err := readDraft(ctx, name)
		if err != nil {
			return nil, err
		}
		texts = append(texts, check.FileText(name, text))
	}
	return texts, nil
}

// readDraft takes the words out of a file.
func readDraft(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, document.MaxFile+1))
	if err != nil {
		return "", err
	}
	d, err := document.Read(name, data)
	if err != nil {
		return "", fmt.Errorf("%s: %s", name, told(ctx, err))
	}
	return d.Markdown, nil
}

// told is what is wrong, in words: of fields, the first.
func told(ctx context.Context, err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	if len(f.Fields) > 0 {
		return i18n.T(ctx, f.Fields[0].Key, f.Fields[0].Args...)
	}
	return i18n.T(ctx, f.Key, f.Args...)
}

// checkText is the report as lines for a terminal.
func checkText(ctx context.Context, a check.Answer) string {
	var b strings.Builder
	t := func(key string, args ...any) string { return i18n.T(ctx, "check."+key, args...) }
	b.WriteString(i18n.N(ctx, "check.clauses", len(a.Clauses)))
	for _, s := range check.States {
		if a.Summary[s] > 0 {
			fmt.Fprintf(&b, " · %s: %d", t("state."+string(s)), a.Summary[s])
		}
	}
	b.WriteString("\n")
	for i, c := range a.Clauses {
		if len(c.Near) == 0 { // many a draft has more of these than of all others
			fmt.Fprintf(&b, "\n%d. %s: %s\n", i+1, t("state."+string(c.State)), begins(c.Text))
			for _, k := range c.About {
				fmt.Fprintf(&b, "   ? %s: %s (%s)\n", t("about"), strings.Trim(k.Title+": "+k.Heading, ": "), strings.Join(k.Shared, ", "))
				for _, n := range k.Warnings {
					fmt.Fprintf(&b, "   ! %s\n", noteText(n))
				}
			}
			continue
		}
		fmt.Fprintf(&b, "\n%d. %s: %s\n   %s\n", i+1, t("state."+string(c.State)), begins(c.Text), t("how."+string(c.How)))
		for _, k := range c.Near {
			fmt.Fprintf(&b, "   = %s (%s)\n", strings.Trim(k.Title+": "+k.Heading, ": "), t("alike", "percent", int(100*k.Similarity+.5)))
		}
		if d := differs(c.Near[0].Wording, c.Text); d != "" && c.State != check.Kept {
			fmt.Fprintf(&b, "   ~ %s\n", d)
		}
		for _, n := range c.Near[0].Warnings {
			fmt.Fprintf(&b, "   ! %s\n", noteText(n))
		}
		for _, n := range c.Near[0].Elsewhere {
			fmt.Fprintf(&b, "   > %s\n", noteText(n))
		}
	}
	if len(a.Lacks) > 0 {
		fmt.Fprintf(&b, "\n%s\n", t("lacks"))
	}
	for _, k := range a.Lacks {
		fmt.Fprintf(&b, "   - %s (%s; %s)\n", strings.Trim(k.Heading+": "+begins(k.Wording), ": "), k.Title, t("in", "in", k.In, "of", k.Of))
	}
	return b.String()
}

// shownChanges is how many places where two wordings differ stand in a line.
const shownChanges = 4

// differs names the first places where the words differ: [was → is], [+ came] or [− went]. What differs by signs and
// capitals alone is left out.
func differs(was, is string) string {
	var out []string
	gone, came := "", ""
	flush := func() {
		g, c := begins(gone), begins(came)
		switch {
		case letters(gone) == letters(came):
		case g == "":
			out = append(out, "[+ "+c+"]")
		case c == "":
			out = append(out, "[− "+g+"]")
		default:
			out = append(out, "["+g+" → "+c+"]")
		}
		gone, came = "", ""
	}
	for _, w := range clause.Words(was, is) {
		switch {
		case w.Op == clause.Delete:
			gone += w.Text
		case w.Op == clause.Insert:
			came += w.Text
		case strings.TrimSpace(w.Text) != "":
			flush()
		default: // a space alone parts no change
			gone, came = gone+" ", came+" "
		}
	}
	flush()
	if len(out) > shownChanges {
		out = append(out[:shownChanges], "…")
	}
	return strings.Join(out, " ")
}

// letters is what is left of a text without its signs and capitals.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func noteText(n check.Note) string {
	s := n.Text
	for _, x := range []string{n.Where, n.When, n.Source} {
		if x != "" {
			s += " · " + x
		}
	}
	return s
}

// begins gives the first words of a text, on one line.
func begins(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > 90 {
		return string(r[:90]) + "…"
	}
	return string(r)
}
