package tally

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// PrefLib's ranked formats (Mattei and Walsh, ADT 2013; the description at
// preflib.github.io/PrefLib-Jekyll/format): lines "# KEY: value" about the
// file, then one line for each order, "voters: 1,2,{3,4}", best first, equals
// in braces. soc and toc orders rank everyone, soi and toi orders some; only
// toc and toi hold equals.
//
// Files from before 2022 have no "#" lines: the number of alternatives, a line
// "1,name" for each, a line "voters,sum of the weights,orders", then orders with
// a comma where now a colon stands.

const (
	keyDataType    = "DATA TYPE"
	keyTitle       = "TITLE"
	keyCandidates  = "NUMBER ALTERNATIVES"
	keyVoters      = "NUMBER VOTERS"
	keyOrders      = "NUMBER UNIQUE ORDERS"
	keyName        = "ALTERNATIVE NAME "
	metaPrefLibRaw = "" // a comment line that is not "KEY: value"
)

// ParsePrefLib reads a .soc, .soi, .toc or .toi file. Options get the numbers
// of the alternatives as ids; what else the file says about itself is kept in
// order in Meta. A number of voters that does not fit the orders, or an order
// that does not fit the data type, is an error. Errors are [*FormatError].
func ParsePrefLib(data []byte) (*Election, error) {
	s, err := newScanner(data)
	if err != nil {
		return nil, err
	}
	p := &prefLibReader{scanner: s, election: &Election{Kind: Ordinal}}
	head := p.head
	if p.isOld() {
		head = p.oldHead
	}
	if err := head(); err != nil {
		return nil, err
	}
	if err := p.orders(); err != nil {
		return nil, err
	}
	if err := p.checkCounts(); err != nil {
		return nil, err
	}
	return p.election, nil
}

type prefLibReader struct {
	*scanner
	election *Election
	complete bool // every order must rank everyone
	strict   bool // no order may hold equals
	old      bool // the layout from before 2022

	voters, orderLines         int64 // as the file says; -1: it doesn't
	votersLine, orderLinesLine int
}

// head reads the lines that start with #.
func (p *prefLibReader) head() error {
	names := map[int64]string{}
	candidates, candidatesLine := int64(-1), 0
	p.voters, p.orderLines = -1, -1
	for p.peek() == '#' || p.peek() == '\n' || p.peek() == '\r' {
		line := p.line
		text := strings.TrimSpace(string(p.restOfLine()))
		if text == "" {
			continue
		}
		text = strings.TrimSpace(text[1:])
		key, value, ok := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		var err error
		switch {
		case !ok:
			p.keep(metaPrefLibRaw, text)
		case key == keyTitle:
			p.election.Title = value
			p.keep(key, value)
		case key == keyDataType:
			err = p.dataType(value, line)
			p.keep(key, value)
		case key == keyCandidates:
			candidates, err = p.count(value, line)
			candidatesLine = line
		case key == keyVoters:
			p.voters, err = p.count(value, line)
			p.votersLine = line
		case key == keyOrders:
			p.orderLines, err = p.count(value, line)
			p.orderLinesLine = line
		case strings.HasPrefix(key, keyName):
			err = p.alternative(names, key[len(keyName):], value, line)
		default:
			p.keep(key, value)
		}
		if err != nil {
			return err
		}
	}
	if candidates < 0 {
		candidates, candidatesLine = int64(len(names)), p.line
	}
	return p.options(names, candidates, candidatesLine)
}

// options makes the options of names, which must be those of 1 to candidates.
func (p *prefLibReader) options(names map[int64]string, candidates int64, line int) error {
	if candidates < 1 || candidates != int64(len(names)) {
		return wrongAt(line, foundNameless, wantAlternatives, "count", int(candidates), "names", len(names))
	}
	p.election.Options = make([]Option, candidates)
	for i := range p.election.Options {
		name, ok := names[int64(i+1)]
		if !ok {
			return wrongAt(line, foundNoName, wantAlternativeName, "value", i+1, "max", candidates)
		}
		p.election.Options[i] = Option{ID: numberID(i), Name: name}
	}
	return nil
}

// isOld tells whether the file begins with a number that stands alone.
func (p *prefLibReader) isOld() bool {
	for p.peek() == '\n' || p.peek() == '\r' {
		p.restOfLine()
	}
	p.old = p.peek() >= '0' && p.peek() <= '9'
	return p.old
}

// oldHead reads the lines before the orders of an old file.
func (p *prefLibReader) oldHead() error {
	line := p.line
	candidates, err := p.count(strings.TrimSpace(string(p.restOfLine())), line)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for int64(len(names)) < candidates {
		line := p.line
		number, name, ok := strings.Cut(string(p.restOfLine()), ",")
		if !ok {
			return wrongAt(line, foundValue, wantAlternativeLine, "value", quoted(number))
		}
		if err := p.alternative(names, strings.TrimSpace(number), strings.TrimSpace(name), line); err != nil {
			return err
		}
	}
	p.votersLine, p.orderLinesLine = p.line, p.line
	counts := strings.Split(string(p.restOfLine()), ",")
	if len(counts) != 3 {
		return wrongAt(p.votersLine, foundValues, wantCounts, "count", len(counts))
	}
	if p.voters, err = p.count(strings.TrimSpace(counts[0]), p.votersLine); err != nil {
		return err
	}
	if p.orderLines, err = p.count(strings.TrimSpace(counts[2]), p.votersLine); err != nil {
		return err
	}
	return p.options(names, candidates, line)
}

func (p *prefLibReader) keep(name, value string) {
	p.election.Meta = append(p.election.Meta, Field{name, value})
}

func (p *prefLibReader) dataType(value string, line int) error {
	switch value {
	case "soc", "soi", "toc", "toi":
		p.complete = value[2] == 'c'
		p.strict = value[0] == 's'
		return nil
	}
	return wrongAt(line, foundDataType, wantDataType, "value", quoted(value))
}

func (p *prefLibReader) count(value string, line int) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return 0, wrongAt(line, foundValue, wantWhole, "value", quoted(value))
	}
	return n, nil
}

func (p *prefLibReader) alternative(names map[int64]string, number, name string, line int) error {
	n, err := p.count(number, line)
	if err != nil {
		return err
	}
	if _, again := names[n]; again {
		return wrongAt(line, foundAgain, wantAlternativeOnce, "value", n)
	}
	names[n] = name
	return nil
}

// orders reads the lines "voters: order" up to the end.
func (p *prefLibReader) orders() error {
	pile := newBallotPile(p.scanner, len(p.election.Options))
	for {
		p.skipBlanks()
		switch {
		case p.end():
			p.election.Ballots = pile.ballots
			return nil
		case p.peek() == '\r' || p.peek() == '\n':
			p.restOfLine()
			continue
		}
		if err := p.order(pile); err != nil {
			return err
		}
	}
}

func (p *prefLibReader) order(pile *ballotPile) error {
	weight, ok := p.whole()
	if !ok || weight == 0 {
		return p.expected(wantOrderVoters)
	}
	p.skipBlanks()
	mark := byte(':')
	if p.old {
		mark = ','
	}
	if p.peek() != mark {
		return p.expected(wantMark, "mark", string(mark))
	}
	p.at++
	if err := pile.begin(weight); err != nil {
		return err
	}
	for {
		p.skipBlanks()
		if c := p.peek(); p.end() || c == '\n' || c == '\r' {
			break // a voter who ranked no one, or a comma at the end
		}
		if err := p.rank(pile); err != nil {
			return err
		}
		p.skipBlanks()
		if p.peek() != ',' {
			break
		}
		p.at++
	}
	if c := p.peek(); !p.end() && c != '\n' && c != '\r' {
		return p.expected(wantOrderEnd)
	}
	pile.finish("")
	last := &pile.ballots[len(pile.ballots)-1]
	if p.complete && len(last.Choices) < pile.candidates {
		return p.wrong(foundAlternatives, wantOrderOfAll, "count", len(last.Choices), "number", pile.candidates)
	}
	p.restOfLine()
	return nil
}

// rank reads one alternative, or several equal ones in braces.
func (p *prefLibReader) rank(pile *ballotPile) error {
	if p.peek() != '{' {
		if err := pile.choice(); err != nil {
			return err
		}
		pile.rank++
		return nil
	}
	if p.strict {
		return p.expected(wantNoEquals)
	}
	for p.at++; ; p.at++ {
		p.skipBlanks()
		if err := pile.choice(); err != nil {
			return err
		}
		p.skipBlanks()
		switch p.peek() {
		case ',':
		case '}':
			p.at++
			pile.rank++
			return nil
		default:
			return p.expected(wantBrace)
		}
	}
}

// checkCounts compares what the head says with what the file holds.
func (p *prefLibReader) checkCounts() error {
	if n := p.election.Voters(); p.voters >= 0 && p.voters != n {
		return wrongAt(p.votersLine, foundVoters, wantAsThisLine, "value", n, "number", p.voters)
	}
	if n := int64(len(p.election.Ballots)); p.orderLines >= 0 && p.orderLines != n {
		return wrongAt(p.orderLinesLine, foundOrders, wantAsThisLine, "count", int(n), "number", p.orderLines)
	}
	return nil
}

// WritePrefLib writes ranked ballots in the format that [ParsePrefLib] reads,
// under the narrowest data type that holds them. Options are numbered in their
// order. What the format can't hold is left out: see [PrefLibLosses].
func WritePrefLib(w io.Writer, e *Election) error {
	if e.Kind != Ordinal {
		return fmt.Errorf("a PrefLib file holds ranked ballots, not %s ballots", e.Kind)
	}
	out := bufio.NewWriter(w)
	writePrefLibHead(out, e)
	fmt.Fprintf(out, "# %s: %d\n# %s: %d\n# %s: %d\n", keyCandidates, len(e.Options), keyVoters, e.Voters(), keyOrders, len(e.Ballots))
	for i, o := range e.Options {
		fmt.Fprintf(out, "# %s%d: %s\n", keyName, i+1, oneLine(o.Name))
	}
	var line []byte
	for i := range e.Ballots {
		line = appendOrder(line[:0], &e.Ballots[i])
		out.Write(line)
	}
	return out.Flush()
}

// writePrefLibHead writes what the file says about itself, in the order in
// which it was read; title and data type first where they were not.
func writePrefLibHead(out io.Writer, e *Election) {
	fields := slices.Clone(e.Meta)
	for _, own := range []Field{{keyDataType, ""}, {keyTitle, e.Title}} {
		has := slices.ContainsFunc(fields, func(f Field) bool { return f.Name == own.Name })
		if !has && (own.Value != "" || own.Name == keyDataType) {
			fields = slices.Insert(fields, 0, own)
		}
	}
	for _, f := range fields {
		switch {
		case !holdsPrefLib(f):
			continue
		case f.Name == metaPrefLibRaw:
			fmt.Fprintf(out, "# %s\n", oneLine(f.Value))
			continue
		case f.Name == keyTitle:
			f.Value = e.Title
		case f.Name == keyDataType:
			f.Value = widerType(f.Value, PrefLibType(e))
		}
		fmt.Fprintf(out, "# %s: %s\n", f.Name, oneLine(f.Value))
	}
}

// holdsPrefLib tells whether a field can stand in the head of a PrefLib file
// and be read from there as it was.
func holdsPrefLib(f Field) bool {
	if f.Name == metaPrefLibRaw {
		return !strings.Contains(f.Value, ":")
	}
	counted := []string{keyCandidates, keyVoters, keyOrders}
	return !slices.Contains(counted, f.Name) && !strings.HasPrefix(f.Name, keyName) &&
		!strings.ContainsAny(f.Name, ":\r\n") && strings.TrimSpace(f.Name) == f.Name
}

// PrefLibType gives the narrowest PrefLib data type, and so file extension,
// that holds the ballots: soc, soi, toc or toi.
func PrefLibType(e *Election) string {
	kind := []byte("soc")
	for i := range e.Ballots {
		b := &e.Ballots[i]
		if b.hasEquals() {
			kind[0] = 't'
		}
		if len(b.Choices) < len(e.Options) {
			kind[2] = 'i'
		}
	}
	return string(kind)
}

// widerType gives the type that holds what both hold; the first may be empty.
func widerType(a, b string) string {
	if a == "" {
		return b
	}
	kind := []byte("soc")
	if a[0] == 't' || b[0] == 't' {
		kind[0] = 't'
	}
	if a[2] == 'i' || b[2] == 'i' {
		kind[2] = 'i'
	}
	return string(kind)
}

// hasEquals tells whether two choices share a rank.
func (b *Ballot) hasEquals() bool {
	for i := 1; i < len(b.Ranks); i++ {
		if b.Ranks[i] == b.Ranks[i-1] {
			return true
		}
	}
	return false
}

func appendOrder(line []byte, b *Ballot) []byte {
	line = append(strconv.AppendInt(line, b.Weight, 10), ':')
	separator := byte(' ')
	for start, end := 0, 0; start < len(b.Choices); start = end {
		end = b.endOfRank(start)
		line = append(line, separator)
		separator = ','
		if end-start > 1 {
			line = append(line, '{')
		}
		for i, o := range b.Choices[start:end] {
			if i > 0 {
				line = append(line, ',')
			}
			line = strconv.AppendInt(line, int64(o)+1, 10)
		}
		if end-start > 1 {
			line = append(line, '}')
		}
	}
	return append(line, '\n')
}
