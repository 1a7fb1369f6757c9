package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"translocal/decide/tally"
	"translocal/i18n"
)

// ConvertCmd writes an election in another format.
type ConvertCmd struct {
	From string `arg:"" type:"path" help:"File to read: .pb, .blt, .soi .soc .toi .toc or .csv."`
	To   string `arg:"" type:"path" help:"File to write, in the format that its name says."`
	Lang string `default:"en" help:"Language of what is said about losses: en or es."`
}

// Run converts, and says what the target can't hold. The target is written
// whole or not at all.
func (c *ConvertCmd) Run(ctx context.Context) error {
	p, err := printer(c.Lang)
	if err != nil {
		return err
	}
	target, err := tally.FormatOf(c.To)
	if err != nil {
		return err
	}
	election, _, err := readElection(c.From, p)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := target.Write(&out, election); err != nil {
		return fmt.Errorf("%s: %w", c.To, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := writeWhole(c.To, func(w io.Writer) error {
		_, err := w.Write(out.Bytes())
		return err
	}); err != nil {
		return err
	}
	losses := target.Losses(election)
	if written := tally.PrefLibType(election); target.Name == "preflib" && !holdsOrders(filepath.Ext(c.To), written) {
		losses = append(losses, tally.Msg("counting.loss.data_type", "type", written))
	}
	for _, loss := range losses {
		fmt.Fprintln(os.Stderr, say(p, loss))
	}
	return nil
}

// holdsOrders tells whether the end of a PrefLib file's name promises no more
// than its orders keep: s is without equals, c complete.
func holdsOrders(ending, written string) bool {
	ending = strings.ToLower(strings.TrimPrefix(ending, "."))
	return (ending[0] == 't' || written[0] == 's') && (ending[2] == 'i' || written[2] == 'c')
}

// printer gives the messages of a language.
func printer(lang string) (*i18n.Printer, error) {
	bundle, err := i18n.Load()
	if err != nil {
		return nil, err
	}
	p := bundle.Printer(lang)
	if p == nil {
		return nil, fmt.Errorf("--lang %s: the languages are %s", lang, strings.Join(bundle.Languages(), ", "))
	}
	return p, nil
}

// say gives a message's sentence.
func say(p *i18n.Printer, m tally.Message) string {
	var args []any
	for _, name := range slices.Sorted(maps.Keys(m.Args)) {
		args = append(args, name, strings.ReplaceAll(m.Args[name], "\n", ", "))
	}
	return p.T(m.Key, args...)
}
