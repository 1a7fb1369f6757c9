package tally

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Format is one way to keep an election in a file.
type Format struct {
	Name       string   // pabulib, blt, preflib, csv
	Extensions []string // with the dot, the usual one first

	Parse func(data []byte) (*Election, error) // errors about the file are *FormatError
	Write func(w io.Writer, e *Election) error

	// Losses says what of an election a file of this format can't hold and
	// Write leaves out.
	Losses func(e *Election) []Message
}

// Formats lists the formats that elections are read from and written to.
func Formats() []Format {
	return []Format{
		{"pabulib", []string{".pb"}, ParsePabulib, WritePabulib, PabulibLosses},
		{"blt", []string{".blt"}, ParseBLT, WriteBLT, BLTLosses},
		{"preflib", []string{".soi", ".soc", ".toi", ".toc"}, ParsePrefLib, WritePrefLib, PrefLibLosses},
		{"csv", []string{".csv", ".tsv"}, ParseCSV, WriteCSV, CSVLosses},
	}
}

// FormatOf finds the format of a file by the end of its name.
func FormatOf(file string) (Format, error) {
	var known []string
	for _, f := range Formats() {
		if slices.Contains(f.Extensions, strings.ToLower(path.Ext(file))) {
			return f, nil
		}
		known = append(known, f.Extensions...)
	}
	return Format{}, fmt.Errorf("file %q: its name must end in one of %s", file, strings.Join(known, " "))
}

// BLTLosses says what of an election a BLT file can't hold.
func BLTLosses(e *Election) []Message {
	l := &losses{election: e}
	l.money()
	l.numbered()
	l.note("counting.loss.meta", l.foreignMeta(func(f Field) bool {
		return slices.Contains([]string{metaComment, metaSource, metaRemark, metaOption}, f.Name)
	}))
	l.note("counting.loss.option_columns", slices.DeleteFunc(slices.Clone(e.OptionColumns), func(c string) bool { return c == columnParty || l.ownColumn(c) }))
	l.note("counting.loss.ballot_columns", slices.DeleteFunc(slices.Clone(e.BallotColumns), l.ownColumn))
	if slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return b.Voter != "" && (b.Weight > 1 || strings.ContainsAny(b.Voter, ")\r\n")) }) {
		l.say("counting.loss.voters")
	}
	return l.messages
}

// PrefLibLosses says what of an election a PrefLib file can't hold.
func PrefLibLosses(e *Election) []Message {
	l := &losses{election: e}
	l.money()
	l.numbered()
	l.note("counting.loss.meta", l.foreignMeta(func(f Field) bool { return holdsPrefLib(f) && oneLine(f.Value) == f.Value }))
	l.seats()
	l.withdrawn()
	l.voters()
	l.note("counting.loss.option_columns", slices.DeleteFunc(slices.Clone(e.OptionColumns), l.ownColumn))
	l.note("counting.loss.ballot_columns", slices.DeleteFunc(slices.Clone(e.BallotColumns), l.ownColumn))
	if slices.ContainsFunc(e.Ballots, func(b Ballot) bool { return b.skipsRanks() }) {
		l.say("counting.loss.skipped_ranks")
	}
	return l.messages
}

// CSVLosses says what of an election a CSV file can't hold.
func CSVLosses(e *Election) []Message {
	l := &losses{election: e}
	l.money()
	if e.Title != "" {
		l.say("counting.loss.title")
	}
	l.note("counting.loss.meta", l.foreignMeta(func(Field) bool { return false }))
	l.seats()
	l.withdrawn()
	l.note("counting.loss.option_columns", slices.DeleteFunc(slices.Clone(e.OptionColumns), l.ownColumn))
	return l.messages
}

// losses collects what a format can't hold.
type losses struct {
	election *Election
	messages []Message
}

func (l *losses) say(key string, nameValue ...string) {
	l.messages = append(l.messages, Msg(key, nameValue...))
}

// note says that the named things are lost, if there are any.
func (l *losses) note(key string, names []string) {
	if len(names) > 0 {
		l.say(key, "names", strings.Join(names, ", "))
	}
}

func (l *losses) money() {
	if l.election.Budget != nil || slices.ContainsFunc(l.election.Options, func(o Option) bool { return o.Cost != nil }) {
		l.say("counting.loss.budget")
	}
}

func (l *losses) seats() {
	if l.election.Seats > 0 {
		l.say("counting.loss.seats", "seats", strconv.Itoa(l.election.Seats))
	}
}

func (l *losses) withdrawn() {
	if slices.ContainsFunc(l.election.Options, func(o Option) bool { return o.Withdrawn }) {
		l.say("counting.loss.withdrawn")
	}
}

func (l *losses) voters() {
	if csvHasVoters(l.election) {
		l.say("counting.loss.voters")
	}
}

// numbered is for formats that number options: ids become numbers.
func (l *losses) numbered() {
	for i, o := range l.election.Options {
		if o.ID != numberID(i) {
			l.say("counting.loss.ids")
			return
		}
	}
}

// ownMeta are those Meta fields that say again what the election has as its
// title, its kind or its budget: what becomes of them is said there.
var ownMeta = []string{"description", keyTitle, "vote_type", keyDataType, "budget"}

// foreignMeta lists the names of Meta fields that the format does not hold.
func (l *losses) foreignMeta(holds func(Field) bool) []string {
	var names []string
	for _, f := range l.election.Meta {
		if !holds(f) && !slices.Contains(names, f.Name) && !slices.Contains(ownMeta, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

// ownColumn tells whether a column of a .pb file has a field of its own.
func (l *losses) ownColumn(column string) bool {
	return slices.Contains([]string{"project_id", "cost", "name", "voter_id", "vote", "points"}, column)
}

// skipsRanks tells whether the ballot leaves a rank empty.
func (b *Ballot) skipsRanks() bool {
	for i, rank := range b.Ranks {
		if i == 0 && rank > 0 || i > 0 && rank > b.Ranks[i-1]+1 {
			return true
		}
	}
	return false
}
