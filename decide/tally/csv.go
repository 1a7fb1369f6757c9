package tally

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// The CSV format has one row a ballot under a header that names the columns,
// in any order:
//
//	voter      the voter's id, each at most once; may be left out
//	weight     how many voters the ballot stands for; may be left out: 1
//	position   of ballots on one proposal: agree, abstain, object, block or stand-aside
//	rank:ID    of ranked ballots, one column an option: 1 is best, equal numbers are equal, empty is unranked
//	approve:ID 1, x, yes or true; empty, 0, no or false
//	choose:ID  the same, on at most one option
//	score:ID   a decimal number; empty is no score
//	points:ID  the same, of points that are shared out
//
// After the ID may stand | and the option's name. Any other column is kept. All
// option columns are of one kind. Fields are separated by commas, semicolons
// or tabs, whichever the header uses most.

// proposalID is the id of the option that positions are about.
const proposalID = "proposal"

// maxCSVRank bounds a rank, so that skipped ranks stay writable everywhere.
const maxCSVRank = 1000

const (
	columnVoter    = "voter"
	columnWeight   = "weight"
	columnPosition = "position"
)

// csvKinds gives the kind of ballots for the prefix of an option's column.
var csvKinds = map[string]Kind{
	"rank": Ordinal, "approve": Approval, "choose": ChooseOne, "score": Score, "points": Cumulative,
}

// ParseCSV reads ballots in the CSV format. Errors are [*FormatError].
func ParseCSV(data []byte) (*Election, error) {
	s, err := newScanner(data)
	if err != nil {
		return nil, err
	}
	header, _, _ := bytes.Cut(s.data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(s.data))
	r.Comma = separator(header)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	c := &csvReader{rows: r, election: &Election{}, optionIDs: map[string]bool{}, voterAt: map[string]int{}, points: map[string]*big.Rat{}}
	if err := c.header(); err != nil {
		return nil, err
	}
	for {
		row, err := c.next()
		if errors.Is(err, io.EOF) {
			return c.election, nil
		}
		if err != nil {
			return nil, err
		}
		if err := c.ballot(row); err != nil {
			return nil, err
		}
	}
}

// separator gives the separator that a header uses most; a comma if none.
func separator(header []byte) rune {
	best := ','
	for _, s := range ";\t" {
		if bytes.Count(header, []byte(string(s))) > bytes.Count(header, []byte(string(best))) {
			best = s
		}
	}
	return best
}

type csvReader struct {
	rows     *csv.Reader
	election *Election
	line     int // of the row at hand

	columns   []csvColumn
	optionIDs map[string]bool
	voterAt   map[string]int      // voter id → line
	points    map[string]*big.Rat // numbers already read
	voters    int64
	positions bool

	marked []mark // of the ballot at hand
	room   []int  // from which the ballots' choices are cut
}

// mark is what a ballot says of one option.
type mark struct {
	option, rank int
	points       *big.Rat
}

// csvColumn says what a column holds.
type csvColumn struct {
	name   string
	option int // of an option's column; else -1
	extra  bool
}

func (c *csvReader) errorf(expected, found string, args ...any) error {
	return &FormatError{Line: c.line, Found: fmt.Sprintf(found, args...), Expected: expected}
}

// next reads a row; io.EOF after the last.
func (c *csvReader) next() ([]string, error) {
	row, err := c.rows.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		c.line = broken.Line
		return nil, c.errorf(`quotes around a whole field, doubled within it`, "a misplaced or unclosed quote")
	case err != nil:
		return nil, err
	}
	c.line, _ = c.rows.FieldPos(0)
	return row, nil
}

func (c *csvReader) header() error {
	row, err := c.next()
	if errors.Is(err, io.EOF) {
		c.line = 1
		return c.errorf("a header that names the columns", "an empty file")
	}
	if err != nil {
		return err
	}
	prefix := ""
	seen := map[string]bool{}
	for _, name := range row {
		name = strings.TrimSpace(name)
		column := csvColumn{name: name, option: -1}
		before, id, isOption := strings.Cut(name, ":")
		lower := strings.ToLower(before)
		switch kind, known := csvKinds[lower]; {
		case isOption && known:
			if prefix != "" && prefix != lower {
				return c.errorf(`option columns that all begin with "`+prefix+`:"`, "column %s", quoted(name))
			}
			prefix = lower
			c.election.Kind = kind
			column.option = len(c.election.Options)
			if err := c.option(id); err != nil {
				return err
			}
		case slices.Contains([]string{columnVoter, columnWeight, columnPosition}, strings.ToLower(name)):
			column.name = strings.ToLower(name)
			c.positions = c.positions || column.name == columnPosition
		default:
			column.extra = true
			c.election.BallotColumns = append(c.election.BallotColumns, name)
		}
		if !column.extra && seen[column.name] {
			return c.errorf("each column once", "column %s again", quoted(name))
		}
		seen[column.name] = true
		c.columns = append(c.columns, column)
	}
	switch {
	case c.positions && prefix != "":
		return c.errorf("positions on one proposal, or options", "a column %q and columns of options", columnPosition)
	case c.positions:
		c.election.Kind = Positions
		c.election.Options = []Option{{ID: proposalID}}
	case prefix == "":
		return c.errorf(`a column "position", or a column for each option such as "rank:ID"`, "columns %s", quoted(strings.Join(row, ", ")))
	}
	return nil
}

func (c *csvReader) option(id string) error {
	id, name, _ := strings.Cut(id, "|")
	o := Option{ID: strings.TrimSpace(id), Name: strings.TrimSpace(name)}
	if o.ID == "" {
		return c.errorf("an id after the colon", "a column without id")
	}
	if c.optionIDs[o.ID] {
		return c.errorf("each option once", "option %s again", quoted(o.ID))
	}
	c.optionIDs[o.ID] = true
	c.election.Options = append(c.election.Options, o)
	return nil
}

// ballot reads one row.
func (c *csvReader) ballot(row []string) error {
	if len(row) == 1 && strings.TrimSpace(row[0]) == "" {
		return nil // a line of blanks
	}
	if len(row) != len(c.columns) {
		return c.errorf(fmt.Sprintf("%d, as in the header", len(c.columns)), "%d fields", len(row))
	}
	b := Ballot{Weight: 1}
	c.marked = c.marked[:0]
	for i, value := range row {
		column := &c.columns[i]
		value = strings.TrimSpace(value)
		var err error
		switch {
		case column.extra:
			b.Extra = append(b.Extra, strings.Clone(row[i]))
		case column.option >= 0:
			err = c.mark(column, value)
		case column.name == columnVoter:
			err = c.voter(&b, value)
		case column.name == columnWeight:
			err = c.weight(&b, value)
		case column.name == columnPosition:
			err = c.position(&b, value)
		}
		if err != nil {
			return err
		}
	}
	if c.voters > math.MaxInt64-b.Weight {
		return c.errorf(fmt.Sprintf("weights that together stay below %d", int64(math.MaxInt64)), "weight %d", b.Weight)
	}
	c.voters += b.Weight
	c.setChoices(&b)
	c.election.Ballots = append(c.election.Ballots, b)
	return nil
}

func (c *csvReader) voter(b *Ballot, value string) error {
	if line, ok := c.voterAt[value]; ok && value != "" {
		return c.errorf("one ballot a voter", "voter %s again (first on line %d)", quoted(value), line)
	}
	b.Voter = strings.Clone(value)
	c.voterAt[b.Voter] = c.line
	return nil
}

func (c *csvReader) weight(b *Ballot, value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 1 {
		return c.errorf("a whole number from 1 on", "weight %s", quoted(value))
	}
	b.Weight = n
	return nil
}

func (c *csvReader) position(b *Ballot, value string) error {
	switch p := Position(strings.ToLower(value)); p {
	case Agree, Abstain, Object, Block, StandAside:
		b.Position = p
		return nil
	}
	return c.errorf("agree, abstain, object, block or stand-aside", "position %s", quoted(value))
}

// mark reads what a ballot says of one option.
func (c *csvReader) mark(column *csvColumn, value string) error {
	m := mark{option: column.option}
	switch c.election.Kind {
	case Ordinal:
		if value == "" {
			return nil
		}
		rank, err := strconv.Atoi(value)
		if err != nil || rank < 1 || rank > maxCSVRank {
			return c.errorf(fmt.Sprintf("a rank from 1 to %d, or nothing", maxCSVRank), "%s for %s", quoted(value), column.name)
		}
		m.rank = rank - 1
	case Score, Cumulative:
		if value == "" {
			return nil
		}
		points, err := c.number(value)
		if err != nil {
			return c.errorf(err.Error(), "%s for %s", quoted(value), column.name)
		}
		m.points = points
	default:
		switch strings.ToLower(value) {
		case "1", "x", "yes", "true":
		case "", "0", "no", "false":
			return nil
		default:
			return c.errorf("1, x, yes or true; 0, no, false or nothing", "%s for %s", quoted(value), column.name)
		}
		if c.election.Kind == ChooseOne && len(c.marked) > 0 {
			return c.errorf("at most one", "a second choice, %s", column.name)
		}
	}
	c.marked = append(c.marked, m)
	return nil
}

func (c *csvReader) number(value string) (*big.Rat, error) {
	if r := c.points[value]; r != nil {
		return r, nil
	}
	r, err := parseDecimal(value)
	if err != nil {
		return nil, err
	}
	c.points[strings.Clone(value)] = r
	return r, nil
}

// setChoices gives the ballot what it marks: by rank where it ranks, with
// Ranks where they are not simply 0, 1, 2, …
func (c *csvReader) setChoices(b *Ballot) {
	n := len(c.marked)
	if n == 0 {
		return
	}
	slices.SortStableFunc(c.marked, func(x, y mark) int { return x.rank - y.rank })
	if cap(c.room)-len(c.room) < n {
		c.room = make([]int, 0, max(8192, n))
	}
	start := len(c.room)
	plain := true
	for i, m := range c.marked {
		c.room = append(c.room, m.option)
		plain = plain && m.rank == i
	}
	b.Choices = c.room[start:len(c.room):len(c.room)]
	switch c.election.Kind {
	case Score, Cumulative:
		for _, m := range c.marked {
			b.Points = append(b.Points, m.points)
		}
	case Ordinal:
		for i := 0; !plain && i < n; i++ {
			b.Ranks = append(b.Ranks, c.marked[i].rank)
		}
	}
}

// WriteCSV writes ballots in the format that [ParseCSV] reads. What the format
// can't hold is left out: see [CSVLosses].
func WriteCSV(w io.Writer, e *Election) error {
	out := csv.NewWriter(w)
	header, err := csvHeader(e)
	if err != nil {
		return err
	}
	if err := out.Write(header); err != nil {
		return err
	}
	voters, weights := csvHasVoters(e), csvHasWeights(e)
	row := make([]string, 0, len(header))
	for i := range e.Ballots {
		b := &e.Ballots[i]
		row = row[:0]
		if voters {
			row = append(row, b.Voter)
		}
		for j := range e.BallotColumns {
			row = append(row, field(b.Extra, j))
		}
		if weights {
			row = append(row, strconv.FormatInt(b.Weight, 10))
		}
		if e.Kind == Positions {
			row = append(row, string(b.Position))
		} else {
			row = appendMarks(row, e, b)
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func csvHasVoters(e *Election) bool {
	return slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return b.Voter != "" })
}

func csvHasWeights(e *Election) bool {
	return slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return b.Weight != 1 })
}

func csvHeader(e *Election) ([]string, error) {
	var header []string
	if csvHasVoters(e) {
		header = append(header, columnVoter)
	}
	for _, name := range e.BallotColumns {
		before, _, isOption := strings.Cut(name, ":")
		if _, known := csvKinds[strings.ToLower(before)]; known && isOption || slices.Contains([]string{columnVoter, columnWeight, columnPosition}, strings.ToLower(name)) {
			return nil, fmt.Errorf("the ballots have a column %q, which means something else in a CSV file", name)
		}
		header = append(header, name)
	}
	if csvHasWeights(e) {
		header = append(header, columnWeight)
	}
	if e.Kind == Positions {
		return append(header, columnPosition), nil
	}
	prefix := csvPrefix(e.Kind)
	for _, o := range e.Options {
		if strings.Contains(o.ID, "|") || strings.TrimSpace(o.ID) != o.ID {
			return nil, fmt.Errorf("option %q: a CSV file holds no id with | or outer blanks", o.ID)
		}
		column := prefix + ":" + o.ID
		if o.Name != "" {
			column += "|" + o.Name
		}
		header = append(header, column)
	}
	return header, nil
}

func csvPrefix(k Kind) string {
	for prefix, kind := range csvKinds {
		if kind == k {
			return prefix
		}
	}
	return ""
}

// appendMarks writes what a ballot says of each option.
func appendMarks(row []string, e *Election, b *Ballot) []string {
	start := len(row)
	for range e.Options {
		row = append(row, "")
	}
	for i, o := range b.Choices {
		mark := "1"
		switch e.Kind {
		case Ordinal:
			rank := i
			if b.Ranks != nil {
				rank = b.Ranks[i]
			}
			mark = strconv.Itoa(rank + 1)
		case Score, Cumulative:
			mark = Num(b.Points[i]).String()
		}
		row[start+o] = mark
	}
	return row
}
