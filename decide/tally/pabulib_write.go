package tally

import (
	"bufio"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// PabulibLosses says what of an election the .pb format cannot hold; empty if
// it holds all. [WritePabulib] refuses only what would change the count.
func PabulibLosses(e *Election) []Message {
	var losses []Message
	if e.Budget == nil {
		losses = append(losses, Msg("counting.loss.no_budget"))
	}
	if e.Seats > 0 {
		losses = append(losses, Msg("counting.loss.seats", "seats", strconv.Itoa(e.Seats)))
	}
	if e.Kind == Positions {
		losses = append(losses, Msg("counting.loss.positions"))
	}
	for _, b := range e.Ballots {
		if b.Ranks != nil && e.Kind == Ordinal {
			losses = append(losses, Msg("counting.loss.equal_ranks"))
			break
		}
	}
	return losses
}

// WritePabulib writes the election as a .pb file. What [ParsePabulib] read it
// writes back: every column, every line of META, in order, with the spelling
// of amounts; num_projects and num_votes are counted anew. Ballots with a
// weight become as many votes.
func WritePabulib(w io.Writer, e *Election) error {
	if err := writablePabulib(e); err != nil {
		return err
	}
	p := &pabulibWriter{out: bufio.NewWriter(w), election: e}
	p.meta()
	p.projects()
	p.votes()
	return p.out.Flush()
}

func writablePabulib(e *Election) error {
	switch {
	case e.Budget == nil:
		return fmt.Errorf("a .pb file needs a budget and costs, and this election has none")
	case e.Kind == Positions:
		return fmt.Errorf("a .pb file holds no positions on one proposal")
	}
	for _, o := range e.Options {
		if o.ID != strings.TrimSpace(o.ID) || strings.ContainsRune(o.ID, ',') {
			return fmt.Errorf("option %q: a .pb file separates ids by commas, so an id can hold none", o.ID)
		}
	}
	for _, b := range e.Ballots {
		if e.Kind == Ordinal && b.Ranks != nil {
			return fmt.Errorf("a .pb file holds no equal or skipped ranks")
		}
	}
	if err := e.Check(); err != nil {
		return err
	}
	if e.Voters() > maxVotes {
		return fmt.Errorf("%d votes: a .pb file has a line for each, and more than %d are not written", e.Voters(), maxVotes)
	}
	return nil
}

// maxVotes bounds a file's lines: a short file can claim a ballot cast by
// quintillions.
const maxVotes = 20_000_000

type pabulibWriter struct {
	out      *bufio.Writer
	election *Election
}

func (p *pabulibWriter) row(fields ...string) {
	empty := true
	for _, f := range fields {
		empty = empty && f == ""
	}
	for i, f := range fields {
		if i > 0 {
			p.out.WriteByte(';')
		}
		first := i == 0 && (empty || slices.Contains([]string{"META", "PROJECTS", "VOTES"}, strings.ToUpper(f)))
		if first || f != trimBlanks(f) || strings.ContainsAny(f, ";\"\n\r") {
			f = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
		}
		p.out.WriteString(f)
	}
	p.out.WriteByte('\n')
}

// spelled gives the text of an amount as the file wrote it, if it still says
// the same, else exactly.
func spelled(written string, amount *big.Rat) string {
	if r, ok, _ := parseDecimal(written); ok && r.Cmp(amount) == 0 {
		return written
	}
	return Num(amount).String()
}

func (p *pabulibWriter) meta() {
	e := p.election
	p.out.WriteString("META\nkey;value\n")
	own := []Field{
		{"description", e.Title},
		{"num_projects", strconv.Itoa(len(e.Options))},
		{"num_votes", strconv.FormatInt(e.Voters(), 10)},
		{"budget", spelled(e.MetaValue("budget"), e.Budget)},
		{"vote_type", pabulibVoteType(e)},
		{"rule", e.Rule},
	}
	written := map[string]bool{}
	for _, f := range e.Meta {
		for _, o := range own {
			if o.Name == f.Name && o.Value != "" {
				f.Value = o.Value
			}
		}
		written[f.Name] = true
		p.row(f.Name, f.Value)
	}
	for _, f := range own {
		counted := strings.HasPrefix(f.Name, "num_") && len(e.Meta) > 0 // a file that doesn't count its rows needn't
		if !written[f.Name] && f.Value != "" && !counted {
			p.row(f.Name, f.Value)
		}
	}
}

// pabulibVoteType keeps the file's own spelling of its kind.
func pabulibVoteType(e *Election) string {
	if written := e.MetaValue("vote_type"); pabulibKinds[strings.ToLower(written)] == e.Kind {
		return written
	}
	for name, kind := range pabulibKinds {
		if kind == e.Kind {
			return name
		}
	}
	return string(e.Kind)
}

func (p *pabulibWriter) projects() {
	e := p.election
	columns := e.OptionColumns
	if columns == nil {
		columns = []string{"project_id", "cost", "name"}
	}
	columns = withColumns(columns, "project_id", "cost")
	p.out.WriteString("PROJECTS\n")
	p.row(columns...)
	row := make([]string, len(columns))
	for _, o := range e.Options {
		for i, column := range columns {
			written := field(o.Extra, i)
			switch column {
			case "project_id":
				written = o.ID
			case "cost":
				written = spelled(written, o.Cost)
			case "name":
				written = o.Name
			}
			row[i] = written
		}
		p.row(row...)
	}
}

func (p *pabulibWriter) votes() {
	e := p.election
	number := !slices.Contains(e.BallotColumns, "voter_id") || slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return b.Weight > 1 })
	columns := withColumns(e.BallotColumns, "voter_id", "vote")
	if e.Kind == Cumulative || e.Kind == Score {
		columns = withColumns(columns, "points")
	}
	p.out.WriteString("VOTES\n")
	p.row(columns...)
	row := make([]string, len(columns))
	voter := 0
	for _, b := range e.Ballots {
		for range b.Weight {
			voter++
			for i, column := range columns {
				row[i] = p.voteField(&b, column, i, voter, number)
			}
			p.row(row...)
		}
	}
}

// withColumns adds the columns that a table must have, after those it has: so
// the places of the others stay.
func withColumns(columns []string, required ...string) []string {
	columns = slices.Clone(columns)
	for _, name := range required {
		if !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	return columns
}

func (p *pabulibWriter) voteField(b *Ballot, column string, i, voter int, number bool) string {
	switch column {
	case "voter_id":
		if number {
			return strconv.Itoa(voter)
		}
		return b.Voter
	case "vote":
		ids := make([]string, len(b.Choices))
		for i, c := range b.Choices {
			ids[i] = p.election.Options[c].ID
		}
		return strings.Join(ids, ",")
	case "points":
		if b.Points != nil || p.election.Kind == Cumulative || p.election.Kind == Score {
			points := make([]string, len(b.Points))
			for i, r := range b.Points {
				points[i] = Num(r).String()
			}
			return strings.Join(points, ",")
		}
	}
	return field(b.Extra, i)
}
