package tally

import (
	"bytes"
	"encoding/csv"
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
	c := &csvReader{rows: newCSVRows(s.data), election: &Election{}, optionIDs: map[string]bool{}, points: map[string]*big.Rat{}}
	if err := c.header(); err != nil {
		return nil, err
	}
	c.ranked, c.pointed = c.election.Kind == Ordinal, c.election.Kind == Score || c.election.Kind == Cumulative
	c.election.Ballots = make([]Ballot, 0, bytes.Count(s.data[c.rows.at:], []byte("\n"))+1)
	for {
		row, err := c.next()
		if err != nil {
			return nil, err
		}
		if row == nil {
			return c.election, nil
		}
		if err := c.ballot(row); err != nil {
			return nil, err
		}
	}
}

type csvReader struct {
	rows     *csvRows
	election *Election
	line     int // of the row at hand

	columns   []csvColumn
	optionIDs map[string]bool
	voterIDs  voterIDs
	points    map[string]*big.Rat // numbers already read
	voters    int64
	positions bool
	ranked    bool // the options' columns hold ranks
	pointed   bool // they hold points

	marked []mark         // of the ballot at hand
	room   slab[int]      // from which the ballots' choices are cut
	shared slab[*big.Rat] // and their points
}

// mark is what a ballot says of one option.
type mark struct {
	option, rank int
	points       *big.Rat
}

// csvColumn says what a column holds.
type csvColumn struct {
	name   string
	is     columnIs
	option int // of an option's column
}

type columnIs int

const (
	isExtra columnIs = iota
	isOption
	isVoter
	isWeight
	isPosition
)

// ownColumns are those that mean something by their name alone.
var ownColumns = map[string]columnIs{columnVoter: isVoter, columnWeight: isWeight, columnPosition: isPosition}

func (c *csvReader) wrong(found, expected Phrase, args ...any) error {
	return wrongAt(c.line, found, expected, args...)
}

// next reads a row; nil after the last.
func (c *csvReader) next() ([][]byte, error) {
	row, err := c.rows.next()
	c.line = c.rows.first
	return row, err
}

func (c *csvReader) header() error {
	row, err := c.next()
	if err != nil {
		return err
	}
	if row == nil {
		c.line = 1
		return c.wrong(foundEmptyFile, wantHeader)
	}
	prefix := ""
	seen := map[string]bool{}
	for _, field := range row {
		name := strings.TrimSpace(string(field))
		column := csvColumn{name: name}
		before, id, divided := strings.Cut(name, ":")
		lower := strings.ToLower(before)
		switch kind, known := csvKinds[lower]; {
		case divided && known:
			if prefix != "" && prefix != lower {
				return c.wrong(foundColumn, wantOneKind, "value", quoted(name), "prefix", quoted(prefix+":"))
			}
			prefix = lower
			c.election.Kind = kind
			column.is, column.option = isOption, len(c.election.Options)
			if err := c.option(id); err != nil {
				return err
			}
		case ownColumns[strings.ToLower(name)] != isExtra:
			column.name = strings.ToLower(name)
			column.is = ownColumns[column.name]
			c.positions = c.positions || column.is == isPosition
		default:
			c.election.BallotColumns = append(c.election.BallotColumns, name)
		}
		if column.is != isExtra && seen[column.name] {
			return c.wrong(foundColumnAgain, wantColumnOnce, "value", quoted(name))
		}
		seen[column.name] = true
		c.columns = append(c.columns, column)
	}
	switch {
	case c.positions && prefix != "":
		return c.wrong(foundBothKinds, wantEither, "value", quoted(columnPosition))
	case c.positions:
		c.election.Kind = Positions
		c.election.Options = []Option{{ID: proposalID}}
	case prefix == "":
		return c.wrong(foundColumns, wantBallots, "value", quoted(string(bytes.Join(row, []byte(", ")))))
	}
	return nil
}

func (c *csvReader) option(id string) error {
	id, name, _ := strings.Cut(id, "|")
	o := Option{ID: strings.TrimSpace(id), Name: strings.TrimSpace(name)}
	if o.ID == "" {
		return c.wrong(foundColumnNoID, wantOptionID)
	}
	if c.optionIDs[o.ID] {
		return c.wrong(foundOptionAgain, wantOptionOnce, "value", quoted(o.ID))
	}
	c.optionIDs[o.ID] = true
	c.election.Options = append(c.election.Options, o)
	return nil
}

// ballot reads one row.
func (c *csvReader) ballot(row [][]byte) error {
	if len(row) == 1 && !c.rows.quotedFirst && len(bytes.TrimSpace(row[0])) == 0 {
		return nil // a line of blanks
	}
	if len(row) != len(c.columns) {
		return c.wrong(foundFields, wantAsHeader, "count", len(row), "number", len(c.columns))
	}
	b := Ballot{Weight: 1}
	c.marked = c.marked[:0]
	for i, value := range row {
		column := &c.columns[i]
		if column.is == isExtra {
			b.Extra = append(b.Extra, string(value))
			continue
		}
		if len(value) == 0 && column.is == isOption {
			continue
		}
		if n := len(value); n > 0 && (edge(value[0]) || edge(value[n-1])) {
			value = bytes.TrimSpace(value)
		}
		var err error
		switch column.is {
		case isOption:
			err = c.mark(column, value)
		case isVoter:
			err = c.voter(&b, value)
		case isWeight:
			err = c.weight(&b, value)
		case isPosition:
			err = c.position(&b, value)
		}
		if err != nil {
			return err
		}
	}
	if c.voters > math.MaxInt64-b.Weight {
		return c.wrong(foundWeight, wantWeights, "value", b.Weight, "max", int64(math.MaxInt64))
	}
	c.voters += b.Weight
	c.setChoices(&b)
	c.election.Ballots = append(c.election.Ballots, b)
	return nil
}

// edge tells whether a byte may belong to a blank around a value.
func edge(b byte) bool { return b <= ' ' || b >= 0x80 }

func (c *csvReader) voter(b *Ballot, value []byte) error {
	b.Voter = string(value)
	if line := c.voterIDs.add(b.Voter, c.line); line > 0 {
		return c.wrong(foundVoterAgain, wantOneBallot, "value", quoted(b.Voter), "first", line)
	}
	return nil
}

func (c *csvReader) weight(b *Ballot, value []byte) error {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 1 {
		return c.wrong(foundWeight, wantFromOne, "value", quoted(string(value)))
	}
	b.Weight = n
	return nil
}

func (c *csvReader) position(b *Ballot, value []byte) error {
	for _, p := range positionOrder {
		if strings.EqualFold(string(value), string(p)) {
			b.Position = p
			return nil
		}
	}
	return c.wrong(foundPosition, wantPosition, "value", quoted(string(value)))
}

// mark reads what a ballot says of one option.
func (c *csvReader) mark(column *csvColumn, value []byte) error {
	m := mark{option: column.option}
	if len(value) == 0 {
		return nil
	}
	switch {
	case c.ranked:
		rank, ok := csvRank(value)
		if !ok {
			return c.wrong(foundValueFor, wantRank, "value", quoted(string(value)), "column", quoted(column.name), "max", maxCSVRank)
		}
		m.rank = rank - 1
	case c.pointed:
		points, ok, expected := c.number(value)
		if !ok {
			return c.wrong(foundValueFor, expected, "value", quoted(string(value)), "column", quoted(column.name))
		}
		m.points = points
	default:
		marked, ok := csvMarked(value)
		switch {
		case !ok:
			return c.wrong(foundValueFor, wantApproval, "value", quoted(string(value)), "column", quoted(column.name))
		case !marked:
			return nil
		case c.election.Kind == ChooseOne && len(c.marked) > 0:
			return c.wrong(foundSecondChoice, wantOne, "column", quoted(column.name))
		}
	}
	c.marked = append(c.marked, m)
	return nil
}

// csvRank reads a rank from 1 to maxCSVRank.
func csvRank(value []byte) (rank int, ok bool) {
	for _, b := range value {
		digit := b - '0'
		if digit > 9 || rank > maxCSVRank {
			return 0, false
		}
		rank = 10*rank + int(digit)
	}
	return rank, rank >= 1 && rank <= maxCSVRank
}

// csvMarked reads a mark or none.
func csvMarked(value []byte) (marked, ok bool) {
	if len(value) > len("false") {
		return false, false
	}
	switch strings.ToLower(string(value)) {
	case "1", "x", "yes", "true":
		return true, true
	case "0", "no", "false":
		return false, true
	}
	return false, false
}

func (c *csvReader) number(value []byte) (r *big.Rat, ok bool, expected Phrase) {
	if r := c.points[string(value)]; r != nil {
		return r, true, expected
	}
	r, ok, expected = parseDecimal(string(value))
	if ok {
		c.points[string(value)] = r
	}
	return r, ok, expected
}

// setChoices gives the ballot what it marks: by rank where it ranks, with
// Ranks where they are not simply 0, 1, 2, …
func (c *csvReader) setChoices(b *Ballot) {
	n := len(c.marked)
	if n == 0 {
		return
	}
	b.Choices = c.room.take(n)
	if c.election.Kind == Ordinal && c.strict(b.Choices) {
		return
	}
	slices.SortStableFunc(c.marked, func(x, y mark) int { return x.rank - y.rank })
	for i, m := range c.marked {
		b.Choices[i] = m.option
	}
	switch c.election.Kind {
	case Score, Cumulative:
		b.Points = c.shared.take(n)
		for i, m := range c.marked {
			b.Points[i] = m.points
		}
	case Ordinal:
		b.Ranks = make([]int, n)
		for i, m := range c.marked {
			b.Ranks[i] = m.rank
		}
	}
}

// strict puts each marked option at its rank among choices; false if the ranks
// are not 0, 1, 2, …, each once.
func (c *csvReader) strict(choices []int) bool {
	for i := range choices {
		choices[i] = -1
	}
	for _, m := range c.marked {
		if m.rank >= len(choices) || choices[m.rank] >= 0 {
			return false
		}
		choices[m.rank] = m.option
	}
	return true
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
	kept := csvExtra(e)
	row := make([]string, 0, len(header))
	for i := range e.Ballots {
		b := &e.Ballots[i]
		row = row[:0]
		if voters {
			row = append(row, b.Voter)
		}
		for _, j := range kept {
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

// csvHasWeights also asks for a second column where there would be but one: in it
// an empty ballot would be an empty line.
func csvHasWeights(e *Election) bool {
	if len(e.Options) == 1 && len(csvExtra(e)) == 0 && !csvHasVoters(e) && e.Kind != Positions {
		return true
	}
	return slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return b.Weight != 1 })
}

// csvExtra gives the ballots' further columns by their places: not those of a .pb
// file that say what the voter's and the options' columns say here.
func csvExtra(e *Election) []int {
	var kept []int
	for j, name := range e.BallotColumns {
		said := e.Budget != nil && slices.Contains([]string{"voter_id", "vote", "points"}, name) &&
			!slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return field(b.Extra, j) != "" })
		if !said {
			kept = append(kept, j)
		}
	}
	return kept
}

func csvHeader(e *Election) ([]string, error) {
	var header []string
	if csvHasVoters(e) {
		header = append(header, columnVoter)
	}
	for _, j := range csvExtra(e) {
		name := e.BallotColumns[j]
		before, _, isOption := strings.Cut(name, ":")
		if _, known := csvKinds[strings.ToLower(before)]; known && isOption || ownColumns[strings.ToLower(name)] != isExtra {
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
