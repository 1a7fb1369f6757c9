package tally

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Names of the Meta fields that a BLT file can hold.
const (
	metaComment = "comment" // a # or /* */ comment
	metaSource  = "source"  // the quoted text after the title
	metaRemark  = "remark"  // the quoted text after that
	metaOption  = "option"  // the inside of a line in brackets, such as "tie 2 1 3"
)

const (
	maxSeats    = 1 << 20
	columnParty = "party"
)

// ParseBLT reads ranked ballots in the format of Hill, Wichmann and Woodall
// ("Algorithm 123", The Computer Journal 30, 1987) with what later programs
// added to it: numbers of candidates and seats; withdrawn candidates as
// negative numbers; ballots as weight, candidates and 0; a 0; the names, one a
// line, and the title.
//
// Also read: equal ranks as 1=2 or (1 2), a skipped rank as "-", a voter's id
// in parentheses instead of the weight, comments from # to the end of the line
// or between /* and */, bracketed option lines, names without quotes, names
// with doubled quotes, a second quoted text after a name (the party, an
// Extra), and source and comment after the title.
//
// Options get the candidate numbers as ids. Errors are [*FormatError].
func ParseBLT(data []byte) (*Election, error) {
	s, err := newScanner(data)
	if err != nil {
		return nil, err
	}
	b := &bltReader{scanner: s, election: &Election{Kind: Ordinal}}
	for _, part := range []func() error{b.header, b.optionLines, b.ballots, b.names} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return b.election, nil
}

type bltReader struct {
	*scanner
	election *Election
}

// skipSpace passes blanks, line ends and comments, which it keeps.
func (b *bltReader) skipSpace() error {
	for {
		b.skipBlanks()
		switch {
		case b.peek() == '\n':
			b.at++
			b.line++
		case b.peek() == '\r': // alone: an old line end
			b.at++
		default:
			comment, err := b.comment()
			if err != nil || !comment {
				return err
			}
		}
	}
}

// comment passes a comment, if one is at hand, and keeps it.
func (b *bltReader) comment() (bool, error) {
	switch {
	case b.peek() == '#':
		b.at++
		end := len(b.data)
		if n := bytes.IndexByte(b.data[b.at:], '\n'); n >= 0 {
			end = b.at + n
		}
		b.keep(metaComment, string(b.data[b.at:end]))
		b.at = end
		return true, nil
	case bytes.HasPrefix(b.data[b.at:], []byte("/*")):
		n := bytes.Index(b.data[b.at:], []byte("*/"))
		if n < 0 {
			return false, b.wrong(foundOpenComment, wantCommentEnd)
		}
		text := b.data[b.at+2 : b.at+n]
		for line := range bytes.Lines(text) {
			b.keep(metaComment, string(line))
		}
		b.line += bytes.Count(text, []byte("\n"))
		b.at += n + 2
		return true, nil
	}
	return false, nil
}

func (b *bltReader) keep(name, value string) {
	b.election.Meta = append(b.election.Meta, Field{name, strings.TrimSpace(value)})
}

// header reads the numbers of candidates and of seats.
func (b *bltReader) header() error {
	if err := b.skipSpace(); err != nil {
		return err
	}
	n, ok := b.whole()
	if !ok {
		return b.expected(wantCandidates)
	}
	// Each name has a line or quotes of its own.
	names := 1 + bytes.Count(b.data, []byte("\n")) + bytes.Count(b.data, []byte(`"`))/2
	if n < 1 || n > int64(names) {
		return b.wrong(foundCandidates, wantSomeCandidates, "count", int(n))
	}
	b.skipBlanks()
	at := b.at
	seats, ok := b.whole()
	if !ok || seats > maxSeats {
		b.at = at
		return b.expected(wantSeats, "max", maxSeats)
	}
	b.election.Seats = int(seats)
	b.election.Options = make([]Option, n)
	for i := range b.election.Options {
		b.election.Options[i].ID = numberID(i)
	}
	return nil
}

// optionLines reads withdrawals and bracketed lines, up to the first ballot.
func (b *bltReader) optionLines() error {
	for {
		if err := b.skipSpace(); err != nil {
			return err
		}
		switch b.peek() {
		case '-':
			b.at++
			if err := b.withdraw(); err != nil {
				return err
			}
		case '[':
			if err := b.bracketed(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// withdraw reads the number of a withdrawn candidate.
func (b *bltReader) withdraw() error {
	at := b.at
	n, ok := b.whole()
	if !ok || n < 1 || n > int64(len(b.election.Options)) {
		b.at = at
		return b.expected(wantWithdrawn, "max", len(b.election.Options))
	}
	b.election.Options[n-1].Withdrawn = true
	return nil
}

// bracketed reads an option line such as [tie 3 1 2] or [withdrawn 2].
func (b *bltReader) bracketed() error {
	end := bytes.IndexByte(b.data[b.at:], ']')
	if newline := bytes.IndexByte(b.data[b.at:], '\n'); end < 0 || newline >= 0 && newline < end {
		return b.wrong(foundOpenOption, wantOptionEnd)
	}
	text := string(b.data[b.at+1 : b.at+end])
	name, list, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch name {
	case "withdrawn":
		for _, number := range strings.Fields(list) {
			n, err := strconv.Atoi(number)
			if err != nil || n < 1 || n > len(b.election.Options) {
				return b.wrong(foundValue, wantWithdrawnIn, "value", quoted(number))
			}
			b.election.Options[n-1].Withdrawn = true
		}
	case "tie", "droop":
		b.keep(metaOption, text)
	default:
		return b.wrong(foundOption, wantOption, "value", quoted(name))
	}
	b.at += end + 1
	return nil
}

// ballots reads the ballots and the 0 that ends them.
func (b *bltReader) ballots() error {
	pile := newBallotPile(b.scanner, len(b.election.Options))
	for {
		if err := b.skipSpace(); err != nil {
			return err
		}
		var voter string
		weight := int64(1)
		if b.peek() == '(' {
			id, err := b.voter()
			if err != nil {
				return err
			}
			voter = id
		} else {
			at := b.at
			n, ok := b.whole()
			if !ok || !b.separated() {
				b.at = at
				return b.expected(wantWeight)
			}
			if n == 0 {
				b.election.Ballots = pile.ballots
				return nil
			}
			weight = n
		}
		if err := b.ballot(pile, weight, voter); err != nil {
			return err
		}
	}
}

// separated tells whether the number just read ends here.
func (b *bltReader) separated() bool {
	return b.end() || strings.IndexByte(" \t\r\n#/(\"", b.peek()) >= 0
}

// voter reads a voter's id in parentheses.
func (b *bltReader) voter() (string, error) {
	rest := b.data[b.at:]
	end := bytes.IndexByte(rest, ')')
	if newline := bytes.IndexByte(rest, '\n'); end < 0 || newline >= 0 && newline < end {
		return "", b.wrong(foundOpenVoter, wantVoterEnd)
	}
	b.at += end + 1
	id := strings.TrimSpace(string(rest[1:end]))
	if id == "" {
		return "", b.wrong(foundValue, wantVoter, "value", "()")
	}
	return id, nil
}

// ballot reads the ranks of one ballot and the 0 at its end, all in one line.
func (b *bltReader) ballot(pile *ballotPile, weight int64, voter string) error {
	if err := pile.begin(weight); err != nil {
		return err
	}
	for {
		b.skipBlanks()
		switch c := b.peek(); {
		case c == '0':
			b.at++
			if d := b.peek() - '0'; d <= 9 {
				b.at--
				return b.expected(wantBallot)
			}
			pile.finish(voter)
			return nil
		case c == '-':
			b.at++
			pile.rank++
		case c == '(':
			if err := b.equals(pile); err != nil {
				return err
			}
		case c >= '1' && c <= '9':
			if err := pile.choice(); err != nil {
				return err
			}
			for b.peek() == '=' {
				b.at++
				if err := pile.choice(); err != nil {
					return err
				}
			}
			pile.rank++
		default:
			comment := false
			if c == '/' {
				var err error
				if comment, err = b.comment(); err != nil {
					return err
				}
			}
			if !comment {
				return b.expected(wantBallot)
			}
		}
	}
}

// equals reads equally ranked candidates between parentheses.
func (b *bltReader) equals(pile *ballotPile) error {
	for b.at++; ; {
		b.skipBlanks()
		if b.peek() == ')' {
			b.at++
			pile.rank++
			return nil
		}
		if err := pile.choice(); err != nil {
			return err
		}
	}
}

// names reads the candidates' names and the title, one a line, or all as
// quoted texts however they stand.
func (b *bltReader) names() error {
	b.skipBlanks()
	if b.peek() == '#' {
		if _, err := b.comment(); err != nil {
			return err
		}
	}
	if b.peek() == '\n' {
		b.at++
		b.line++
	}
	type namedLine struct {
		number int
		texts  []string
	}
	var lines []namedLine
	for !b.end() {
		number := b.line
		text := strings.TrimSpace(string(b.restOfLine()))
		switch {
		case text == "":
		case text[0] == '#':
			b.keep(metaComment, text[1:])
		default:
			texts, comment := bltTexts(text)
			if comment != "" {
				b.keep(metaComment, comment)
			}
			lines = append(lines, namedLine{number, texts})
		}
	}
	if len(lines) < len(b.election.Options) { // not one a line: every text is a name
		var each []namedLine
		for _, l := range lines {
			for _, text := range l.texts {
				each = append(each, namedLine{l.number, []string{text}})
			}
		}
		lines = each
	}
	if n := len(b.election.Options); len(lines) < n {
		return b.wrong(foundNames, wantNames, "count", len(lines), "candidates", n)
	}
	for i := range b.election.Options {
		b.name(i, lines[i].texts)
	}
	var after []string
	for _, l := range lines[len(b.election.Options):] {
		after = append(after, l.texts...)
	}
	for i, text := range after {
		switch i {
		case 0:
			b.election.Title = text
		case 1:
			b.keep(metaSource, text)
		case 2:
			b.election.Meta = append(b.election.Meta, Field{metaRemark, text})
		default:
			return wrongAt(lines[len(lines)-1].number, foundValue, wantNoMore, "value", quoted(text))
		}
	}
	return nil
}

// name sets a candidate's name, and the party if a second text follows it.
func (b *bltReader) name(option int, texts []string) {
	e := b.election
	e.Options[option].Name = texts[0]
	if len(texts) == 1 {
		return
	}
	if e.OptionColumns == nil {
		e.OptionColumns = []string{columnParty}
		for i := range e.Options {
			e.Options[i].Extra = []string{""}
		}
	}
	e.Options[option].Extra[0] = strings.Join(texts[1:], " ")
}

// bltTexts splits a line into quoted texts, in which a quote is doubled, and a
// comment after them. A line that is not so is one text: without its outer
// quotes, if it has them.
func bltTexts(line string) (texts []string, comment string) {
	rest := line
	for strings.HasPrefix(rest, `"`) {
		text, after, ok := cutQuoted(rest)
		if !ok {
			break
		}
		texts = append(texts, text)
		rest = strings.TrimLeft(after, " \t")
		if rest == "" {
			return texts, ""
		}
		if rest[0] == '#' {
			return texts, strings.TrimSpace(rest[1:])
		}
	}
	if len(line) > 1 && line[0] == '"' && line[len(line)-1] == '"' {
		line = strings.ReplaceAll(line[1:len(line)-1], `""`, `"`)
	}
	return []string{line}, ""
}

// cutQuoted cuts the quoted text at the start of s. ok is false if it does not
// end, or something other than a blank follows it.
func cutQuoted(s string) (text, after string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		after = s[i+1:]
		return b.String(), after, after == "" || after[0] == ' ' || after[0] == '\t'
	}
	return "", "", false
}

// WriteBLT writes ranked ballots in the format that [ParseBLT] reads. Options
// are numbered in their order. What the format can't hold is left out: see
// [BLTLosses].
func WriteBLT(w io.Writer, e *Election) error {
	if e.Kind != Ordinal {
		return fmt.Errorf("a BLT file holds ranked ballots, not %s ballots", e.Kind)
	}
	out := bufio.NewWriter(w)
	source, remark := "", ""
	for _, f := range e.Meta {
		switch f.Name {
		case metaComment:
			fmt.Fprintf(out, "# %s\n", oneLine(f.Value))
		case metaSource:
			source = f.Value
		case metaRemark:
			remark = f.Value
		}
	}
	fmt.Fprintf(out, "%d %d\n", len(e.Options), max(e.Seats, 1)) // other programs refuse 0 seats
	for _, f := range e.Meta {
		if f.Name == metaOption {
			fmt.Fprintf(out, "[%s]\n", oneLine(f.Value))
		}
	}
	for i, o := range e.Options {
		if o.Withdrawn {
			fmt.Fprintf(out, "-%d\n", i+1)
		}
	}
	var line []byte
	for i := range e.Ballots {
		line = appendBLTBallot(line[:0], &e.Ballots[i])
		out.Write(line)
	}
	out.WriteString("0\n")
	party := slices.Index(e.OptionColumns, columnParty)
	for _, o := range e.Options {
		out.WriteString(bltQuote(o.Name))
		if party >= 0 && party < len(o.Extra) && o.Extra[party] != "" {
			out.WriteString(" " + bltQuote(o.Extra[party]))
		}
		out.WriteByte('\n')
	}
	out.WriteString(bltQuote(e.Title) + "\n")
	if source != "" || remark != "" {
		out.WriteString(bltQuote(source) + "\n")
	}
	if remark != "" {
		out.WriteString(bltQuote(remark) + "\n")
	}
	return out.Flush()
}

// appendBLTBallot writes one ballot: equal ranks with =, a skipped rank as -.
func appendBLTBallot(line []byte, b *Ballot) []byte {
	if b.Weight == 1 && b.Voter != "" && !strings.ContainsAny(b.Voter, ")\r\n") {
		line = append(append(append(line, '('), b.Voter...), ')')
	} else {
		line = strconv.AppendInt(line, b.Weight, 10)
	}
	rank := 0
	for start, end := 0, 0; start < len(b.Choices); start = end {
		end = b.endOfRank(start)
		for b.Ranks != nil && rank < b.Ranks[start] {
			line = append(line, " -"...)
			rank++
		}
		for i, o := range b.Choices[start:end] {
			line = append(line, " ="[min(i, 1)])
			line = strconv.AppendInt(line, int64(o)+1, 10)
		}
		rank++
	}
	return append(line, " 0\n"...)
}

// bltQuote quotes a text for a BLT file.
func bltQuote(text string) string {
	return `"` + strings.ReplaceAll(oneLine(text), `"`, `""`) + `"`
}

// oneLine puts a blank for each line end, for formats in which a text ends
// with its line.
func oneLine(text string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(text)
}
