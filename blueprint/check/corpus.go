// Package check lays a draft beside texts that are known: for each clause the nearest ones, whether it
// was kept, changed, made stronger or weaker, what happened to such clauses elsewhere, and what
// comparable texts have that the draft lacks.
//
// It is pure: it reads no clock, no file and no network, and stores nothing. How it judges, and what it
// leaves open, is written in docs/comparing.md.
package check

import (
	"strings"

	"translocal/blueprint/clause"
)

// Source says where a text was found.
type Source string

// The sources.
const (
	Model    Source = "model"    // of the library
	Own      Source = "own"      // published by a place of this node
	Followed Source = "followed" // published by a place that this node hears from
	File     Source = "file"     // loaded for this check
)

// Text is a text to compare with.
type Text struct {
	ID       string // the same for all versions and languages; Parent refers to it
	Source   Source
	Title    string
	Ref      string   // what names this text to its source: the URL of a version, the id of a model; "" for files
	Place    string   // whose text it is, "" for the library and files
	Ask      string   // where to read about that place, "" for nowhere
	At       string   // where to read it, "" for nowhere
	Language string   // BCP 47, "" if not known
	Family   string   // texts of one family are comparable, "" for none
	Parents  []string // ids of the texts that it was adapted from
	Passed   []string // who passed something like it
	Clauses  []Clause
}

// Clause is one clause of a text and what is known of it. Softer and Stronger are recorded wordings that
// ask less and more; clauses that came from one another have the same ID.
type Clause struct {
	clause.Clause
	Anchor    string // its place in the page At, "" for none
	Warnings  []Note
	Elsewhere []Note
}

// Note is something that happened to a clause somewhere.
type Note struct {
	Kind   string `json:"kind,omitempty"` // of a warning: struck-down, unfunded, ignored, other
	Text   string `json:"text"`
	Where  string `json:"where,omitempty"`
	When   string `json:"when,omitempty"`
	Source string `json:"source,omitempty"` // "" where none is recorded
}

// FileText makes a text of a file's words.
func FileText(name, text string) Text {
	t := Text{ID: name, Source: File, Title: name}
	for _, p := range clause.Segment(text) {
		if !p.Title {
			t.Clauses = append(t.Clauses, Clause{Clause: p.Clause})
		}
	}
	return t
}

// variant is one of the wordings of a clause.
type variant uint8

const (
	asIs variant = iota
	softer
	stronger
	variants
)

// entry is one wording in the index, or one paragraph of it.
type entry struct {
	text, clause int // indexes in Corpus.texts and in Text.Clauses
	variant      variant
	wording      string
}

// Corpus is texts made ready for checking. It doesn't change; any number of goroutines may check with it.
type Corpus struct {
	texts    []Text
	entries  []entry
	first    [][]int // of text and clause: its first entry
	index    *clause.Index
	children map[string][]int   // texts adapted from one with this id
	stems    map[string][]int32 // by the beginning of a word: the clauses that have it, indexes in flat
	flat     [][2]int           // all clauses, by text and clause
}

// NewCorpus indexes texts. Memory: about 50 bytes a word of all wordings.
func NewCorpus(texts []Text) *Corpus {
	c := &Corpus{texts: texts, first: make([][]int, len(texts)), children: map[string][]int{}}
	for i, t := range texts {
		for _, p := range t.Parents {
			c.children[p] = append(c.children[p], i)
		}
		for j, x := range t.Clauses {
			c.first[i] = append(c.first[i], len(c.entries))
			c.add(i, j, asIs, x.Text)
			c.add(i, j, softer, x.Softer)
			c.add(i, j, stronger, x.Stronger)
		}
	}
	all := make([]clause.Clause, len(c.entries))
	for i, e := range c.entries {
		all[i].Text = e.wording
	}
	c.index = clause.NewIndex(all)
	c.learn()
	return c
}

// add puts a wording into the index, paragraph by paragraph, as drafts are cut.
func (c *Corpus) add(text, n int, v variant, wording string) {
	for p := range strings.SplitSeq(wording, "\n\n") {
		if strings.TrimSpace(p) != "" {
			c.entries = append(c.entries, entry{text, n, v, p})
		}
	}
}

// of returns the entries of one clause.
func (c *Corpus) of(text, n int) []entry {
	from := c.first[text][n]
	to := from
	for to < len(c.entries) && c.entries[to].text == text && c.entries[to].clause == n {
		to++
	}
	return c.entries[from:to]
}

// Texts is how many texts there are to compare with.
func (c *Corpus) Texts() int { return len(c.texts) }
