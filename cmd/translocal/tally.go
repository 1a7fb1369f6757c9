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
	"strings"

	"golang.org/x/term"

	"translocal/decide/report"
	"translocal/decide/tally"
	"translocal/i18n"
)

// TallyCmd counts the ballots of a file.
type TallyCmd struct {
	File       string `arg:"" type:"path" help:"Ballots: Pabulib (.pb), BLT (.blt), PrefLib (.soi .soc .toi .toc) or CSV (.csv)."`
	Rule       string `placeholder:"R" help:"Rule to count by, such as equal-shares, irv, consensus-minus:1 or supermajority:2/3. Without it: the rule that the file declares, or a list of those that fit its ballots."`
	Utility    string `placeholder:"U" help:"Budgets: what voters get from a funded project: cost, count, points or borda."`
	Completion string `placeholder:"C" help:"Equal Shares: what happens to money left over: none, greedy, add1 or add1+greedy; for committees also phragmen."`
	Stop       string `placeholder:"S" help:"add1: ends when nothing more fits (exhaustive) or only before it overspends (overspend)."`
	Integral   *bool  `negatable:"" help:"Equal Shares: begin with whole currency units for each voter."`
	Increment  string `placeholder:"N" help:"add1: what each step gives every voter (1)."`
	Comparison *bool  `negatable:"" help:"Equal Shares: let greedy-votes stand instead if more voters have more winners by it."`
	NoSkip     *bool  `negatable:"" help:"Greedy: end at the first project that doesn't fit."`
	MinScore   string `placeholder:"N" help:"Greedy: votes or points that a project needs."`
	Seats      int    `placeholder:"N" help:"How many to elect."`
	Eligible   int64  `placeholder:"N" help:"One proposal: members who may vote."`
	Quorum     string `placeholder:"1/2|N" help:"One proposal: the share of members or the number of voters that must take part."`
	Tie        string `placeholder:"T" help:"How ties are broken: id, votes-cost, lot:SEED or open (id)."`
	JSON       bool   `name:"json" help:"Print the outcome as JSON."`
	Report     string `type:"path" placeholder:"OUT.html" help:"Write a page to be printed, or pinned on a wall."`
	Lang       string `default:"en" help:"Language of the page and of the text, such as en or es."`
}

// Run counts and writes. Nothing is written of a count that did not end.
func (c *TallyCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c *TallyCmd) run(ctx context.Context, out io.Writer) error {
	p, err := printer(c.Lang)
	if err != nil {
		return err
	}
	counted, err := c.count(ctx, p)
	if err != nil {
		return err
	}
	if c.Report != "" {
		if err := writeWhole(c.Report, func(w io.Writer) error { return report.Count(w, counted, p) }); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	switch {
	case c.JSON:
		return printJSON(out, counted)
	case c.Report != "":
		return nil
	}
	return report.CountText(out, counted, p)
}

// count reads the file and counts it.
func (c *TallyCmd) count(ctx context.Context, p *i18n.Printer) (counted report.Counted, err error) {
	counted.File = filepath.Base(c.File)
	if counted.Election, counted.Data, err = readElection(c.File, p); err != nil {
		return counted, err
	}
	rule, err := c.rule(counted.Election)
	if err != nil {
		return counted, inFile(c.File, err, p)
	}
	bar := newProgress(os.Stderr)
	counted.Outcome, err = tally.CountContext(ctx, counted.Election, rule, bar.show)
	bar.clear()
	switch {
	case ctx.Err() != nil:
		return counted, errors.New("interrupted; nothing was written")
	case err != nil:
		return counted, inFile(c.File, err, p)
	}
	return counted, nil
}

// readElection reads a file of ballots by the format that its name says.
func readElection(file string, p *i18n.Printer) (*tally.Election, []byte, error) {
	format, err := tally.FormatOf(file)
	if err != nil {
		return nil, nil, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	election, err := format.Parse(data)
	return election, data, inFile(file, err, p)
}

// inFile names the file that an error is about; what is wrong with the file is
// said in the reader's language.
func inFile(file string, err error, p *i18n.Printer) error {
	if err == nil {
		return nil
	}
	if why, broken := report.Broken(file, err, p); broken {
		return errors.New(why)
	}
	return fmt.Errorf("%s: %s", file, report.Refused(err, p))
}

// rule is the one asked for, or the one that the file declares, with the
// parameters given.
func (c *TallyCmd) rule(e *tally.Election) (r tally.Rule, err error) {
	if c.Rule == "" {
		r, err = tally.DeclaredRule(e)
	} else {
		r, err = tally.ParseRule(c.Rule)
	}
	if err != nil {
		return r, err
	}
	for to, given := range map[*string]string{&r.Utility: c.Utility, &r.Completion: c.Completion, &r.Stop: c.Stop} {
		if given != "" {
			*to = given
		}
	}
	for to, given := range map[*bool]*bool{&r.Integral: c.Integral, &r.Comparison: c.Comparison, &r.NoSkip: c.NoSkip} {
		if given != nil {
			*to = *given
		}
	}
	for to, given := range map[**big.Rat]string{&r.Increment: c.Increment, &r.MinScore: c.MinScore} {
		if given == "" {
			continue
		}
		if *to, err = tally.ParseAmount(given); err != nil {
			return r, err
		}
	}
	if c.Seats != 0 {
		r.Seats = c.Seats
	}
	r.Eligible = c.Eligible
	if c.Quorum != "" {
		if r.Quorum, err = tally.ParseQuorum(c.Quorum); err != nil {
			return r, err
		}
	}
	if c.Tie != "" {
		r.Tie, err = tally.ParseTie(c.Tie)
	}
	return r, err
}

// printJSON prints the outcome for other programs.
func printJSON(w io.Writer, c report.Counted) error {
	outcome, err := json.Marshal(c.Outcome)
	if err != nil {
		return err
	}
	name, err := json.Marshal(c.File)
	if err != nil {
		return err
	}
	// The outcome's members follow that of the file.
	_, err = fmt.Fprintf(w, "{\"file\":%s,%s\n", name, outcome[1:])
	return err
}

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct {
	to    io.Writer // nil: no terminal
	shown int       // of barWidth
}

const barWidth = 40

func newProgress(f *os.File) *progress {
	if !term.IsTerminal(int(f.Fd())) {
		return &progress{}
	}
	return &progress{to: f}
}

// show draws the bar anew when it has grown.
func (p *progress) show(done, total int64) {
	if p.to == nil || total <= 0 {
		return
	}
	width := int(min(max(done, 0), total) * barWidth / total)
	if width <= p.shown {
		return
	}
	p.shown = width
	fmt.Fprintf(p.to, "\r[%s%s]", strings.Repeat("=", width), strings.Repeat(" ", barWidth-width))
}

func (p *progress) clear() {
	if p.shown > 0 {
		fmt.Fprintf(p.to, "\r%s\r", strings.Repeat(" ", barWidth+2))
	}
}
