package tally

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// scanner walks through the bytes of a ballot file and knows the line.
type scanner struct {
	data []byte
	at   int
	line int // from 1

	choices []int // room from which the ballots' choices are cut
}

// newScanner skips a byte order mark and refuses what is not UTF-8.
func newScanner(data []byte) (*scanner, error) {
	data, err := plainText(data)
	if err != nil {
		return nil, err
	}
	return &scanner{data: data, line: 1}, nil
}

// plainText gives the text of a file without byte order mark. What is not UTF-8
// is refused. Where lines end in CR alone, as old spreadsheets wrote them, LF
// stands in its place; the data given is not changed.
func plainText(data []byte) ([]byte, error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, wrongAt(1, foundUTF16, wantUTF8)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(data, '\n') < 0 {
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	at := bytes.IndexByte(data, 0)
	if at >= 0 {
		return nil, wrongAt(1+bytes.Count(data[:at], []byte("\n")), foundZeroByte, wantUTF8)
	}
	if utf8.Valid(data) {
		return data, nil
	}
	for line, text := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(text) {
			return nil, wrongAt(line+1, foundNotUTF8, wantUTF8, "value", fmt.Sprintf("%.40q", text))
		}
	}
	return data, nil
}

func (s *scanner) end() bool { return s.at >= len(s.data) }

// peek gives the byte at hand, 0 at the end.
func (s *scanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.data[s.at]
}

// skipBlanks passes spaces and tabs, and carriage returns before a line feed.
func (s *scanner) skipBlanks() {
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == ' ' || c == '\t':
		case c == '\r' && (s.at+1 == len(s.data) || s.data[s.at+1] == '\n'):
		default:
			return
		}
		s.at++
	}
}

// restOfLine gives what is left of the line, without line end, and passes it.
func (s *scanner) restOfLine() []byte {
	rest := s.data[s.at:]
	n := bytes.IndexByte(rest, '\n')
	if n < 0 {
		s.at = len(s.data)
	} else {
		s.at += n + 1
		s.line++
		rest = rest[:n]
	}
	return bytes.TrimSuffix(rest, []byte("\r"))
}

// whole reads a whole number without sign. ok is false if there is none here
// or it exceeds an int64: nothing is passed then.
func (s *scanner) whole() (n int64, ok bool) {
	at := s.at
	for at < len(s.data) {
		d := s.data[at] - '0'
		if d > 9 {
			break
		}
		if n > (math.MaxInt64-int64(d))/10 {
			return 0, false
		}
		n = n*10 + int64(d)
		at++
	}
	if at == s.at {
		return 0, false
	}
	s.at = at
	return n, true
}

// expected says that what is at hand is not what should be.
func (s *scanner) expected(what Phrase, args ...any) error {
	if s.end() {
		return s.wrong(foundEndFile, what, args...)
	}
	if c := s.data[s.at]; c == '\n' || c == '\r' {
		return s.wrong(foundEndLine, what, args...)
	}
	word := s.data[s.at:]
	if n := bytes.IndexAny(word, " \t\r\n"); n > 0 {
		word = word[:n]
	}
	return s.wrong(foundValue, what, append(args, "value", quoted(string(word)))...)
}

func (s *scanner) wrong(found, expected Phrase, args ...any) error {
	return wrongAt(s.line, found, expected, args...)
}

// quoted puts text of a file into an error, shortened.
func quoted(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}

// ballotPile collects the ballots of a file with numbered candidates and
// checks them as they come.
type ballotPile struct {
	*scanner
	candidates int
	ballots    []Ballot
	voters     int64
	named      []int // number of the last ballot that named the candidate

	// The ballot at hand.
	number int // from 1
	start  int // of its choices in scanner.choices
	rank   int
	ranks  []int // nil while each choice has the next rank
	weight int64
}

func newBallotPile(s *scanner, candidates int) *ballotPile {
	return &ballotPile{
		scanner: s, candidates: candidates,
		named:   make([]int, candidates),
		ballots: make([]Ballot, 0, len(s.data)/24),
	}
}

// begin starts a ballot.
func (p *ballotPile) begin(weight int64) error {
	if p.voters > math.MaxInt64-weight {
		return p.wrong(foundWeight, wantWeights, "value", weight, "max", int64(math.MaxInt64))
	}
	p.voters += weight
	if cap(p.choices)-len(p.choices) < p.candidates {
		p.choices = make([]int, 0, max(8192, p.candidates))
	}
	p.number++
	p.weight, p.start, p.rank, p.ranks = weight, len(p.choices), 0, nil
	return nil
}

// choice reads one candidate number and ranks it at the rank at hand. The
// number must stand here.
func (p *ballotPile) choice() error {
	n, at := 0, p.at
	for at < len(p.data) && n <= p.candidates { // so it can't overflow
		digit := p.data[at] - '0'
		if digit > 9 {
			break
		}
		n = n*10 + int(digit)
		at++
	}
	c := n - 1
	if at == p.at || uint(c) >= uint(p.candidates) {
		return p.expected(wantCandidate, "max", p.candidates)
	}
	if p.named[c] == p.number {
		return p.wrong(foundTwice, wantOnce, "value", n)
	}
	p.named[c] = p.number
	p.at = at
	if ranked := len(p.choices) - p.start; p.ranks != nil || p.rank != ranked {
		p.keepRank(ranked)
	}
	p.choices = append(p.choices, c)
	return nil
}

// keepRank notes the rank of the next choice where it is not simply its place.
func (p *ballotPile) keepRank(ranked int) {
	if p.ranks == nil {
		p.ranks = make([]int, ranked, ranked+4)
		for i := range p.ranks {
			p.ranks[i] = i
		}
	}
	p.ranks = append(p.ranks, p.rank)
}

// finish adds the ballot to the pile.
func (p *ballotPile) finish(voter string) {
	end := len(p.choices)
	p.ballots = append(p.ballots, Ballot{Weight: p.weight, Choices: p.choices[p.start:end:end], Ranks: p.ranks, Voter: voter})
}
