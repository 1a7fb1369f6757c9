package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"

	"translocal/decide/report"
	"translocal/decide/tally"
	"translocal/i18n"
)

// PotsCmd shares a budget among pots and counts each by itself.
type PotsCmd struct {
	TallyCmd
	Pots string `arg:"" type:"path" help:"Table of pots, a CSV file with the columns pot, people and need. Need is the equity weight: 2 is twice the money for each person; without it, 1."`
	By   string `required:"" placeholder:"COLUMN" help:"Column of the projects that names the pot, such as district or category."`
	Unit string `default:"1" placeholder:"N" help:"Shares are whole multiples of this."`
}

// Run shares, counts and writes. Nothing is written of a count that did not end.
func (c *PotsCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c *PotsCmd) run(ctx context.Context, out io.Writer) error {
	p, err := printer(c.Lang)
	if err != nil {
		return err
	}
	split, err := c.count(ctx, p)
	if err != nil {
		return err
	}
	if c.Report != "" {
		if err := writeWhole(c.Report, func(w io.Writer) error { return report.Pots(w, split, p) }); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	switch {
	case c.JSON:
		return json.NewEncoder(out).Encode(potsJSON(split))
	case c.Report != "":
		return nil
	}
	return report.PotsText(out, split, p)
}

// count reads the files, shares the budget and counts.
func (c *PotsCmd) count(ctx context.Context, p *i18n.Printer) (s report.Split, err error) {
	s.Column, s.File, s.Table = c.By, filepath.Base(c.File), filepath.Base(c.Pots)
	if s.Election, s.Data, err = readElection(c.File, p); err != nil {
		return s, err
	}
	table, err := os.ReadFile(c.Pots)
	if err != nil {
		return s, err
	}
	pots, err := tally.ParsePots(table)
	if err != nil {
		return s, inFile(c.Pots, err, p)
	}
	if s.Unit, err = tally.ParseAmount(c.Unit); err != nil {
		return s, inFile("--unit", err, p)
	}
	rule, err := c.rule(s.Election)
	if err != nil {
		return s, inFile(c.File, err, p)
	}
	bar := newProgress(os.Stderr)
	s.Pots, err = tally.CountPots(ctx, s.Election, c.By, pots, s.Unit, rule, bar.show)
	bar.clear()
	switch {
	case ctx.Err() != nil:
		return s, errors.New("interrupted; nothing was written")
	case err != nil:
		return s, inFile(c.File, err, p)
	}
	return s, nil
}

// potJSON is one pot for other programs; its outcome has the shape of
// translocal tally.
type potJSON struct {
	Pot     string         `json:"pot"`
	People  int64          `json:"people"`
	Need    tally.Number   `json:"need"`
	Share   tally.Number   `json:"share"`
	Outcome *tally.Outcome `json:"outcome"` // null: no project asks for its money
}

func potsJSON(s report.Split) any {
	pots := make([]potJSON, len(s.Pots))
	for i, p := range s.Pots {
		pots[i] = potJSON{Pot: p.Name, People: p.People, Need: tally.Int(1), Share: tally.Num(p.Share), Outcome: p.Outcome}
		if p.Need != nil {
			pots[i].Need = tally.Num(p.Need)
		}
	}
	return struct {
		File   string       `json:"file"`
		By     string       `json:"by"`
		Budget tally.Number `json:"budget"`
		Unit   tally.Number `json:"unit"`
		Pots   []potJSON    `json:"pots"`
	}{s.File, s.Column, tally.Num(new(big.Rat).Set(s.Election.Budget)), tally.Num(s.Unit), pots}
}
