package opinion

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The files of a Polis export.
const (
	commentsFile     = "comments.csv"
	votesFile        = "votes.csv"
	participantsFile = "participants-votes.csv"
	summaryFile      = "summary.csv"
)

// Files returns the names of the files that [ReadPolis] looks for.
func Files() []string {
	return []string{commentsFile, votesFile, participantsFile, summaryFile}
}

// maxID is the length in bytes that an id may have.
const maxID = 256

// FormatError says what is wrong with a file: nothing of it is used. Found and Expected say it in English, for programs and
// logs; Why with Args is the same for people, in any language.
type FormatError struct {
	File            string
	Line            int // from 1; 0: the file as a whole
	Found, Expected string
	Why             Why
	Args            []any // of the message: name, value, name, value, …
}

// Why is what is wrong with a file; each is the end of a message's key.
type Why string

// What can be wrong. In parentheses the arguments.
const (
	NoVotes       Why = "no_votes"          // other: the file that can stand for the one that is missing
	BadModerated  Why = "moderated"         // value
	CommentTwice  Why = "comment_twice"     // value: its id
	BadVote       Why = "vote"              // value
	BadTime       Why = "timestamp"         // value
	PersonTwice   Why = "participant_twice" // value: its id
	BadVoteOn     Why = "vote_on"           // value, other: the comment's id
	EmptyFile     Why = "empty"
	ColumnTwice   Why = "column_twice" // value: its name
	BadFields     Why = "csv"
	FewFields     Why = "fields"         // value: how many, other: how many there should be
	ColumnMissing Why = "column_missing" // value: the columns, other: the name of the one that is missing
	NoID          Why = "no_id"          // value: of which column
	LongID        Why = "long_id"        // value: of which column, other: the most bytes
	NotUTF8       Why = "encoding"       // value
)

// Whys lists them.
var Whys = []Why{NoVotes, BadModerated, CommentTwice, BadVote, BadTime, PersonTwice, BadVoteOn, EmptyFile, ColumnTwice, BadFields, FewFields, ColumnMissing, NoID, LongID, NotUTF8}

func (e *FormatError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: found %s, expected %s", e.File, e.Found, e.Expected)
	}
	return fmt.Sprintf("%s, line %d: found %s, expected %s", e.File, e.Line, e.Found, e.Expected)
}

// ReadPolis reads the folder that a Polis conversation exports:
//
//   - votes.csv (comment-id, voter-id, vote, timestamp): every vote ever cast;
//     the last of a voter on a comment counts, by timestamp, then by line. If
//     it is missing, the votes are taken from participants-votes.csv.
//   - participants-votes.csv (participant, group-id, and a column for each
//     comment): gives the groups that Polis made.
//   - comments.csv (comment-id, moderated, comment-body): the texts; moderated
//     -1 removes a statement.
//   - summary.csv: the topic.
//
// Columns may stand in any order and others may stand between them. Votes are
// 1 agree, -1 disagree, 0 pass. A vote on a comment that comments.csv does not
// list counts, and the statement has no text. An error in a file is a
// [*FormatError].
func ReadPolis(folder fs.FS) (*Conversation, error) {
	b := newBuilder()
	if _, err := present(readComments(folder, b)); err != nil {
		return nil, err
	}
	hasVotes, err := present(readVotes(folder, b))
	if err != nil {
		return nil, err
	}
	groups := map[string]string{}
	hasTable, err := present(readParticipants(folder, b, groups, !hasVotes))
	if err != nil {
		return nil, err
	}
	if !hasVotes && !hasTable {
		return nil, &FormatError{File: votesFile, Found: "no such file", Expected: votesFile + " or " + participantsFile, Why: NoVotes, Args: []any{"other", participantsFile}}
	}
	topic, err := readTopic(folder)
	if _, err := present(err); err != nil {
		return nil, err
	}
	c := b.conversation()
	c.Topic, c.Exported = topic, groups
	return c, nil
}

// present tells the absence of a file from an error.
func present(err error) (bool, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, err
}

// readComments takes the statements from comments.csv.
func readComments(folder fs.FS, b *builder) error {
	return readTable(folder, commentsFile, func(t *table) error {
		id, moderated, text := t.column("comment-id"), t.column("moderated"), t.column("comment-body")
		if err := t.need("comment-id"); err != nil {
			return err
		}
		for t.next() {
			s := Statement{ID: strings.Clone(t.field(id)), Text: strings.ToValidUTF8(strings.Clone(t.field(text)), "\ufffd")}
			if err := t.checkID(s.ID, "comment-id"); err != nil {
				return err
			}
			switch found := strings.TrimSpace(t.field(moderated)); found {
			case "-1":
				s.Removed = true
			case "", "0", "1":
			default:
				return t.wrong(BadModerated, "moderated "+quote(found), "-1, 0 or 1", "value", quote(found))
			}
			if err := b.add(s); err != nil {
				return t.wrong(CommentTwice, "comment-id "+quote(s.ID)+" again", "each comment once", "value", quote(s.ID))
			}
		}
		return t.err
	})
}

// readVotes takes the votes from votes.csv, superseded ones among them.
func readVotes(folder fs.FS, b *builder) error {
	return readTable(folder, votesFile, func(t *table) error {
		if err := t.need("comment-id", "voter-id", "vote"); err != nil {
			return err
		}
		const lineBytes, most = 32, 1 << 22 // room for a vote every 32 bytes saves most copying
		b.events = slices.Grow(b.events, int(min(t.size/lineBytes, most)))
		comment, voter, vote, at := t.column("comment-id"), t.column("voter-id"), t.column("vote"), t.column("timestamp")
		for t.next() {
			e := event{}
			if err := cmp.Or(t.checkID(t.field(comment), "comment-id"), t.checkID(t.field(voter), "voter-id")); err != nil {
				return err
			}
			v, ok := parseVote(t.field(vote))
			if !ok {
				return t.wrong(BadVote, "vote "+quote(t.field(vote)), "-1, 0 or 1", "value", quote(t.field(vote)))
			}
			if found := strings.TrimSpace(t.field(at)); found != "" {
				when, err := strconv.ParseInt(found, 10, 64)
				if err != nil {
					return t.wrong(BadTime, "timestamp "+quote(found), "a whole number of milliseconds", "value", quote(found))
				}
				e.at = when
			}
			e.statement, e.participant, e.vote = b.statement(t.field(comment)), b.participants.of(t.field(voter)), v
			b.events = append(b.events, e)
		}
		return t.err
	})
}

// readParticipants takes from participants-votes.csv the groups that were
// exported and, if asked for, the votes.
func readParticipants(folder fs.FS, b *builder, groups map[string]string, votes bool) error {
	return readTable(folder, participantsFile, func(t *table) error {
		if err := t.need("participant"); err != nil {
			return err
		}
		participant, group := t.column("participant"), t.column("group-id")
		seen := map[string]bool{}
		for t.next() {
			id := strings.Clone(t.field(participant))
			if err := t.checkID(id, "participant"); err != nil {
				return err
			}
			if seen[id] {
				return t.wrong(PersonTwice, "participant "+quote(id)+" again", "each participant once", "value", quote(id))
			}
			seen[id] = true
			if g := strings.TrimSpace(t.field(group)); g != "" {
				groups[id] = strings.Clone(g)
			}
			if votes {
				if err := readRow(t, b, id); err != nil {
					return err
				}
			}
		}
		return t.err
	})
}

// named are the columns of participants-votes.csv that are no comments.
var named = []string{"participant", "xid", "group-id", "n-comments", "n-votes", "n-agree", "n-disagree"}

// readRow takes the votes of one participant.
func readRow(t *table, b *builder, participant string) error {
	for i, comment := range t.header {
		found := t.field(i)
		if found == "" || slices.Contains(named, comment) {
			continue
		}
		v, ok := parseVote(found)
		if !ok {
			return t.wrong(BadVoteOn, "vote "+quote(found)+" on comment "+quote(comment), "-1, 0, 1 or nothing", "value", quote(found), "other", quote(comment))
		}
		if err := t.checkID(comment, "comment in the header"); err != nil {
			return err
		}
		b.events = append(b.events, event{participant: b.participants.of(participant), statement: b.statement(comment), vote: v})
	}
	return nil
}

// readTopic takes the topic from summary.csv, whose lines are names and values.
func readTopic(folder fs.FS) (topic string, err error) {
	f, err := folder.Open(summaryFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	t := newTable(f, summaryFile)
	for t.next() {
		if strings.TrimSpace(t.field(0)) == "topic" {
			topic = strings.ToValidUTF8(strings.TrimSpace(t.field(1)), "\ufffd")
		}
	}
	return topic, t.err
}

func parseVote(s string) (Vote, bool) {
	switch strings.TrimSpace(s) {
	case "1":
		return Agree, true
	case "0":
		return Pass, true
	case "-1":
		return Disagree, true
	}
	return 0, false
}

// table is a CSV file whose first line names its columns.
type table struct {
	file   string
	csv    *csv.Reader
	header []string
	fields []string // of the present line, until the next
	size   int64    // of the file in bytes; 0: unknown
	err    error
}

// readTable opens a file, reads its header and calls rows.
func readTable(folder fs.FS, name string, rows func(*table) error) error {
	f, err := folder.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	t := newTable(f, name)
	if info, err := f.Stat(); err == nil {
		t.size = info.Size()
	}
	if !t.next() {
		if t.err != nil {
			return t.err
		}
		return &FormatError{File: name, Line: 1, Found: "nothing", Expected: "a line that names the columns", Why: EmptyFile}
	}
	seen := map[string]bool{}
	for i, name := range t.fields {
		name = strings.TrimSpace(name)
		if isNumber(name) || !slices.Contains(named, strings.ToLower(name)) {
			t.header = append(t.header, strings.Clone(name))
		} else {
			t.header = append(t.header, strings.ToLower(name))
		}
		if seen[t.header[i]] && name != "" {
			return t.wrong(ColumnTwice, "column "+quote(name)+" twice", "each column once", "value", quote(name))
		}
		seen[t.header[i]] = true
	}
	return rows(t)
}

func newTable(r io.Reader, name string) *table {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		buffered.Discard(3)
	}
	t := &table{file: name, csv: csv.NewReader(buffered)}
	t.csv.ReuseRecord = true
	t.csv.FieldsPerRecord = -1
	return t
}

// next reads a line; false at the end of the file or at what is wrong with it,
// which is then in t.err.
func (t *table) next() bool {
	fields, err := t.csv.Read()
	if err == io.EOF {
		return false
	}
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		t.err = &FormatError{File: t.file, Line: bad.Line, Found: bad.Err.Error(), Expected: "fields between commas, quoted where they hold quotes", Why: BadFields}
	case err != nil:
		t.err = fmt.Errorf("%s: %w", t.file, err)
	case t.header != nil && len(fields) < len(t.header):
		t.fields = fields
		t.err = t.wrong(FewFields, fmt.Sprintf("%d fields", len(fields)), fmt.Sprintf("%d, as the first line has", len(t.header)), "value", len(fields), "other", len(t.header))
	default:
		t.fields = fields
		return true
	}
	return false
}

// column returns the place of a column, -1 if there is none.
func (t *table) column(name string) int {
	return slices.IndexFunc(t.header, func(h string) bool { return strings.EqualFold(h, name) })
}

// need says which of the columns are missing.
func (t *table) need(names ...string) error {
	for _, name := range names {
		if t.column(name) < 0 {
			return t.wrong(ColumnMissing, "columns "+quote(strings.Join(t.header, ",")), "a column "+quote(name)+" among them",
				"value", quote(strings.Join(t.header, ",")), "other", quote(name))
		}
	}
	return nil
}

// field returns a field of the present line, "" if there is none.
func (t *table) field(i int) string {
	if i < 0 || i >= len(t.fields) {
		return ""
	}
	return t.fields[i]
}

func (t *table) wrong(why Why, found, expected string, args ...any) error {
	line, _ := t.csv.FieldPos(0)
	return &FormatError{File: t.file, Line: line, Found: found, Expected: expected, Why: why, Args: args}
}

func (t *table) checkID(id, what string) error {
	switch {
	case id == "":
		return t.wrong(NoID, "no "+what, "an id", "value", what)
	case len(id) > maxID:
		return t.wrong(LongID, fmt.Sprintf("%s of %d bytes", what, len(id)), fmt.Sprintf("at most %d", maxID), "value", what, "other", maxID)
	case !utf8.ValidString(id):
		return t.wrong(NotUTF8, what+" "+quote(id), "valid UTF-8", "value", quote(id))
	}
	return nil
}

// quote shows what was found, as much of it as a line of text bears.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
