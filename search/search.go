// Package search finds texts by their words, in any language and script: case,
// accents and points don't matter, and the beginning of a word finds the word.
//
// An index lies in memory and is made anew when what it holds has changed; it
// knows nothing of the database, so that both engines find the same. Nothing
// that was typed is ever a pattern or a query of another language.
package search

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"translocal/fault"
)

// Limits of a question.
const (
	MaxQuery = 200 // characters
	MaxWords = 12
)

// A Field is a part of an entry that is searched.
type Field struct {
	Name   string // what it is, for the reader to be told: "title", "reason"
	Text   string
	Weight float64 // how much a word in it counts; 1 for the body
}

// An Entry is something that can be found, in one language.
type Entry struct {
	Same     string              // entries that are one thing to a reader, of which the best is shown; "" for itself alone
	Whole    bool                // a text or fact of its own, not a piece of one: found without words too
	Language string              // of its fields
	Facets   map[string][]string // what it can be chosen by: name → values
	Fields   []Field
}

// A Prepared entry has been cut into words, so that it can be put into several
// indexes one after the other.
type Prepared struct {
	Entry
	terms []fieldTerm
}

type fieldTerm struct {
	word  string
	field uint8
	n     uint16
}

// Prepare cuts an entry into words.
func Prepare(e Entry) *Prepared {
	p := &Prepared{Entry: e}
	for i, f := range e.Fields[:min(len(e.Fields), 255)] {
		words := terms(f.Text)
		slices.Sort(words)
		for j := 0; j < len(words); {
			k := j
			for k < len(words) && words[k] == words[j] {
				k++
			}
			p.terms = append(p.terms, fieldTerm{strings.Clone(words[j]), uint8(i), uint16(min(k-j, math.MaxUint16))})
			j = k
		}
	}
	return p
}

type posting struct {
	entry int32
	field uint8
	n     uint16
}

// Index is a set of entries to search. It doesn't change and serves any number
// of askers at once.
type Index struct {
	entries  []*Prepared
	words    []string // sorted
	postings [][]posting
}

// New makes an index; positions in entries are what hits name.
func New(entries []*Prepared) *Index {
	x := &Index{entries: entries}
	at := map[string]int{}
	for i, e := range entries {
		for _, t := range e.terms {
			n, known := at[t.word]
			if !known {
				n = len(x.postings)
				at[t.word] = n
				x.words = append(x.words, t.word)
				x.postings = append(x.postings, nil)
			}
			x.postings[n] = append(x.postings[n], posting{int32(i), t.field, t.n})
		}
	}
	slices.Sort(x.words)
	sorted := make([][]posting, len(x.words))
	for i, w := range x.words {
		sorted[i] = x.postings[at[w]]
	}
	x.postings = sorted
	return x
}

// Len is how many entries there are.
func (x *Index) Len() int { return len(x.entries) }

// A Query is what somebody asks for.
type Query struct {
	Words    string            // all of them must be found
	Only     map[string]string // facet → value that an entry must have
	Language string            // of the reader: of two alike, the one in it comes first
}

// words are the terms of a question. A single letter is passed over where there
// is more to go by (l'eau).
func (q Query) words() (list []string) {
	all := tokens(q.Words)
	for i, t := range all {
		next := i+1 < len(all) && all[i+1].unspaced && all[i+1].from == t.to
		before := i > 0 && all[i-1].unspaced && all[i-1].to == t.from
		switch {
		case t.unspaced && next:
			list = append(list, t.word+all[i+1].word)
		case t.unspaced && before:
		case !t.unspaced && len(all) > 1 && utf8.RuneCountInString(t.word) == 1 && t.word > "9":
		default:
			list = append(list, t.word)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Check refuses a question that is too long.
func (q Query) Check() error {
	if utf8.RuneCountInString(q.Words) > MaxQuery {
		return fault.At("q", "fault.too_long", "max", MaxQuery)
	}
	if len(q.words()) > MaxWords {
		return fault.At("q", "fault.too_many", "max", MaxWords)
	}
	return nil
}

// A Hit is an entry that was found.
type Hit struct {
	Entry int // position
	Score float64
	Also  int // how many others are the same thing to a reader
}

// Search returns what has all the words and facets of a question, best first.
// Without words it returns the whole entries that have the facets, in their order.
func (x *Index) Search(q Query) ([]Hit, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	words := q.words()
	if len(words) == 0 {
		if strings.TrimSpace(q.Words) != "" {
			return nil, nil // signs alone
		}
		return x.browse(q), nil
	}
	var scores map[int32]float64
	for _, w := range words {
		found := x.having(w)
		if scores != nil {
			for e, s := range found {
				if before, both := scores[e]; both {
					found[e] = before + s
				} else {
					delete(found, e)
				}
			}
		}
		if scores = found; len(scores) == 0 {
			return nil, nil
		}
	}
	hits := make([]Hit, 0, len(scores))
	for e, s := range scores {
		if p := x.entries[e]; p.has(q.Only) {
			if p.Language == q.Language || p.Language == "" {
				s *= 1.25
			}
			hits = append(hits, Hit{Entry: int(e), Score: s})
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Entry, b.Entry)) })
	return x.once(hits), nil
}

func (x *Index) browse(q Query) (hits []Hit) {
	for i, p := range x.entries {
		if p.Whole && p.has(q.Only) && (p.Language == "" || p.Language == q.Language) {
			hits = append(hits, Hit{Entry: i})
		}
	}
	for i, p := range x.entries { // what isn't there in the reader's language comes after
		if p.Whole && p.has(q.Only) && p.Language != "" && p.Language != q.Language {
			hits = append(hits, Hit{Entry: i})
		}
	}
	return x.once(hits)
}

// once keeps the best of those that are the same thing to a reader.
func (x *Index) once(hits []Hit) (out []Hit) {
	at := map[string]int{}
	for _, h := range hits {
		same := x.entries[h.Entry].Same
		if i, seen := at[same]; seen && same != "" {
			out[i].Also++
			continue
		}
		at[same] = len(out)
		out = append(out, h)
	}
	return out
}

func (p *Prepared) has(only map[string]string) bool {
	for facet, value := range only {
		if value != "" && !slices.Contains(p.Facets[facet], value) {
			return false
		}
	}
	return true
}

// whole is how a word at full length counts beside one that was only begun.
const whole = 2.0

// having returns the entries with a word, or with one that begins so, and what each is worth.
func (x *Index) having(word string) map[int32]float64 {
	scores := map[int32]float64{}
	from, _ := slices.BinarySearch(x.words, word)
	for i := from; i < len(x.words) && strings.HasPrefix(x.words[i], word); i++ {
		exact := x.words[i] == word
		if !exact && utf8.RuneCountInString(word) < 2 {
			break
		}
		worth := math.Log1p(float64(len(x.entries)) / float64(len(x.postings[i])))
		if exact {
			worth *= whole
		}
		for _, p := range x.postings[i] {
			n := float64(p.n)
			s := worth * x.entries[p.entry].Fields[p.field].Weight * n / (n + 1)
			scores[p.entry] = max(scores[p.entry], s)
		}
	}
	return scores
}

// A Span is a run of text, marked where it is what was asked for.
type Span struct {
	Text string
	Mark bool
}

// A Why says where an entry has what was asked for.
type Why struct {
	Field string
	Spans []Span // a passage of the field, cut at words
}

// around is how many bytes of text stand about a match at most, on either side.
const around = 90

// Why says why an entry was found: up to two fields, those with the most of the
// words first. It is nil for a question without words.
func (x *Index) Why(entry int, q Query) []Why {
	words := q.words()
	if len(words) == 0 {
		return nil
	}
	type part struct {
		field Field
		marks []token
		words map[string]bool
	}
	var parts []part
	for _, f := range x.entries[entry].Fields {
		p := part{field: f, words: map[string]bool{}}
		all := tokens(f.Text)
		for i, t := range all {
			for _, w := range words {
				if to, ok := matches(all, i, w); ok {
					p.marks = append(p.marks, token{from: t.from, to: to})
					p.words[w] = true
					break
				}
			}
		}
		if len(p.marks) > 0 {
			parts = append(parts, p)
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(len(b.words), len(a.words)), cmp.Compare(b.field.Weight, a.field.Weight))
	})
	var out []Why
	said := map[string]bool{}
	for _, p := range parts {
		more := false
		for w := range p.words {
			more = more || !said[w]
			said[w] = true
		}
		if more && len(out) < 2 {
			out = append(out, Why{p.field.Name, passage(p.field.Text, p.marks)})
		}
	}
	return out
}

// matches tells whether the word at i is one that was asked for, and where what matches ends.
func matches(all []token, i int, word string) (to int, ok bool) {
	t := all[i]
	if t.word == word || !t.unspaced && utf8.RuneCountInString(word) >= 2 && strings.HasPrefix(t.word, word) {
		return t.to, true
	}
	if t.unspaced && i+1 < len(all) && all[i+1].from == t.to && t.word+all[i+1].word == word {
		return all[i+1].to, true
	}
	return 0, false
}

// passage cuts a text about its first match and marks the matches in it.
func passage(text string, marks []token) (out []Span) {
	from, to := edge(text, marks[0].from-around, false), edge(text, marks[0].to+2*around, true)
	add := func(a, b int, mark bool) {
		if a < b {
			out = append(out, Span{text[a:b], mark})
		}
	}
	if from > 0 {
		out = append(out, Span{"… ", false})
	}
	at := from
	for _, m := range marks {
		if m.to > to {
			break
		}
		if m.from < at { // pairs of signs overlap
			if m.to > at {
				out[len(out)-1].Text += text[at:m.to]
				at = m.to
			}
			continue
		}
		add(at, m.from, false)
		add(m.from, m.to, true)
		at = m.to
	}
	add(at, to, false)
	if to < len(text) {
		out = append(out, Span{" …", false})
	}
	return out
}

// edge moves a place in a text to the nearest space, or at least to between two signs.
func edge(text string, at int, forward bool) int {
	if at <= 0 {
		return 0
	}
	if at >= len(text) {
		return len(text)
	}
	for i := range 30 {
		j := at + i
		if forward {
			j = at - i
		}
		if j > 0 && j < len(text) && (text[j] == ' ' || text[j] == '\n') {
			if forward {
				return j
			}
			return j + 1
		}
	}
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}
