package main

import (
	"bytes"
	"context"
	"fmt"
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
	target, err := tally.FormatOf(c.To)
	if err != nil {
		return err
	}
	election, err := readElection(c.From)
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
	if err := writeWhole(c.To, out.Bytes()); err != nil {
		return err
	}
	messages, err := i18n.Load()
	if err != nil {
		return err
	}
	p := messages.Printer(c.Lang)
	for _, loss := range target.Losses(election) {
		fmt.Fprintln(os.Stderr, say(p, loss))
	}
	return nil
}

// say gives a message's sentence.
func say(p *i18n.Printer, m tally.Message) string {
	var args []any
	for _, name := range slices.Sorted(maps.Keys(m.Args)) {
		args = append(args, name, strings.ReplaceAll(m.Args[name], "\n", ", "))
	}
	return p.T(m.Key, args...)
}

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(file string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(0o644)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
