// Package library is the content that a node starts with: treaties and
// declarations, families of local practice as facts, and models, which are texts
// that a group can take and make its own.
//
// All of it is data. instruments.json and families.json hold the facts; models/
// holds one file a model, with every language inside. A community adds its own
// in a folder of the same layout and touches no code: README.md says how. Every
// file is read strictly (an unknown or repeated key is refused) and checked whole
// before it is shown.
//
// Facts carry a confidence and their sources. Who passed something like a model
// stands there as an inspiration; nobody passed the wording itself, and nothing
// here claims that a text came from theirs.
package library

import (
	"crypto/sha256"
	"embed"
	"encoding/base32"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

//go:embed instruments.json families.json models/*.json
var embedded embed.FS

// Embedded is the content that comes with the program.
func Embedded() fs.FS { return embedded }

// Library is all content that was found sound, in the order of its files.
type Library struct {
	Instruments        []Instrument
	ReserveInstruments []Reserve // known of, not yet written up
	Families           []Family
	ReserveFamilies    []Reserve
	Shelves            []Shelf
	Themes             []Theme
	Models             []Model // by id
}

// Text is what people read, by language (a BCP 47 tag in lower case). A name that
// is the same in every language stands under "" alone; in JSON it is a plain string.
type Text map[string]string

// In gives the text in a language, or failing that in a wider one ("es" for
// "es-mx"), or in English, or in the first one there is. It also says which
// language that is, "" for one that serves all.
func (t Text) In(language string) (text, in string) {
	language = strings.ToLower(language)
	for l := language; l != ""; l = wider(l) {
		if s, ok := t[l]; ok {
			return s, l
		}
	}
	for _, l := range []string{"", "en"} {
		if s, ok := t[l]; ok {
			return s, l
		}
	}
	for _, l := range slices.Sorted(maps.Keys(t)) {
		return t[l], l
	}
	return "", ""
}

func wider(language string) string {
	i := strings.LastIndexByte(language, '-')
	return language[:max(i, 0)]
}

// Confidence says how far a fact can be relied on. Two joined by "/" say that
// part of the fact is the one, part the other.
type Confidence string

// The marks that confidences are made of.
const (
	Seen      Confidence = "V" // seen in an excerpt of a public page
	Known     Confidence = "K" // background knowledge, confident
	Unchecked Confidence = "Q" // check before relying on it
)

// ToCheck reports whether some of the fact must be checked before anybody relies on it.
func (c Confidence) ToCheck() bool { return strings.Contains(string(c), string(Unchecked)) }

// Source says where a fact was found: a site, a page or a body.
type Source struct {
	At      string `json:"at"`
	Checked string `json:"checked,omitempty"` // 2020, 2020-02 or 2020-02-27; "" where the day was not recorded
}

// Instrument is a treaty, a declaration or a proposal for one.
type Instrument struct {
	ID         string     `json:"id"`
	Name       Text       `json:"name"`
	Year       int        `json:"year"` // in which it was agreed, first proposed, or negotiation began
	Dates      Text       `json:"dates,omitempty"`
	Body       Text       `json:"body"`
	Status     string     `json:"status"` // one of Statuses
	Parts      []Part     `json:"parts"`
	LocalUse   Text       `json:"local_use"`
	Note       Text       `json:"note,omitempty"`
	Confidence Confidence `json:"confidence"`
	ToCheck    bool       `json:"to_check,omitempty"`
	Sources    []Source   `json:"sources"` // empty: no source recorded
}

// Statuses lists what an instrument can be.
var Statuses = []string{"treaty", "declaration", "resolution", "commitment", "principles", "mandate", "draft", "proposal"}

// Part is an article or a section, and what it is about in our own words: a
// pointer, not a quotation. Article is "" where there is none to cite.
type Part struct {
	Article string `json:"article,omitempty"`
	Gist    Text   `json:"gist"`
}

// Reserve is something that is known of and not yet written up.
type Reserve struct {
	Name       Text       `json:"name"`
	Dates      Text       `json:"dates"`
	Origin     Text       `json:"origin"` // place or body
	Confidence Confidence `json:"confidence"`
	Sources    []Source   `json:"sources"`
}

// Family is a practice as it is found in the world: facts, no text.
type Family struct {
	ID           string     `json:"id"`
	Name         Text       `json:"name"`
	Origin       Text       `json:"origin"`
	Year         int        `json:"year"`
	Dates        Text       `json:"dates,omitempty"`
	Institutions []string   `json:"institutions"` // of Institutions, the foremost first
	Themes       []string   `json:"themes"`       // ids
	Effort       string     `json:"effort"`       // one of Efforts
	Essential    []Text     `json:"essential"`    // what texts of this family hold
	Kit          []Text     `json:"kit"`          // the documents that go with it
	Adopters     []Adopter  `json:"adopters"`
	Warnings     []Warning  `json:"warnings"`
	Instruments  []string   `json:"instruments"` // ids
	Next         Text       `json:"next"`        // what to do while there is no model of it here
	ReadingOnly  bool       `json:"reading_only,omitempty"`
	Confidence   Confidence `json:"confidence"`
	ToCheck      bool       `json:"to_check,omitempty"`
	Sources      []Source   `json:"sources"`
}

// Institutions lists the kinds of body that a text can change.
var Institutions = []string{"council", "school", "union", "media", "court", "assembly", "household", "enterprise", "group", "other"}

// Efforts lists how long a group of volunteers is at it, shortest first.
var Efforts = []string{"evening", "weeks", "months", "years"}

// Adopter is a place that passed or held something of the kind. It inspired a
// text; no text here comes from it.
type Adopter struct {
	Name       Text       `json:"name"`
	When       Text       `json:"when"`
	Note       Text       `json:"note,omitempty"`
	Confidence Confidence `json:"confidence"`
	ToCheck    bool       `json:"to_check,omitempty"`
	Sources    []Source   `json:"sources,omitempty"` // in a family: its own, where there are none
}

// Warning is a failure that is known of, told where it would be repeated.
type Warning struct {
	Kind       string     `json:"kind"` // one of WarningKinds
	Text       Text       `json:"text"`
	Where      Text       `json:"where,omitempty"`
	Happened   string     `json:"happened,omitempty"` // 2020, 2020-02 or 2020-02-27
	Confidence Confidence `json:"confidence"`
	Sources    []Source   `json:"sources"`
}

// WarningKinds lists what can become of a clause that was agreed on.
var WarningKinds = []string{"struck-down", "unfunded", "ignored", "other"}

// Shelf is a place kept free for those whose text it is to write.
type Shelf struct {
	ID          string   `json:"id"`
	Name        Text     `json:"name"`
	Whose       Text     `json:"whose"`
	Begin       Text     `json:"begin"` // how they, or those who stand with them, can begin
	Instruments []string `json:"instruments"`
}

// Theme is what a text is about.
type Theme struct {
	ID   string `json:"id"`
	Name Text   `json:"name"`
}

// Model is a text to take and make one's own, whole in each of its languages.
type Model struct {
	ID           string     `json:"id"`
	Languages    []string   `json:"languages"` // every text of the model is in each of them
	Family       string     `json:"family,omitempty"`
	Title        Text       `json:"title"`
	Summary      Text       `json:"summary"`
	Institutions []string   `json:"institutions"`
	Themes       []string   `json:"themes"`
	Effort       string     `json:"effort"`
	Banner       Text       `json:"banner"`
	Front        Front      `json:"front"`
	Variables    []Variable `json:"variables"`
	Clauses      []Clause   `json:"clauses"`
	Kit          Kit        `json:"kit"`
	Passed       []Adopter  `json:"passed_something_like"`
	RestsOn      []Basis    `json:"rests_on"`
}

// Front is the page before the text: what it takes, and what it can't do.
type Front struct {
	Hours     Text `json:"hours"`
	Money     Text `json:"money"`
	Authority Text `json:"authority"`
	WontDo    Text `json:"wont_do"`
}

// Variable is a blank, {{name}} in the texts.
type Variable struct {
	Name    string `json:"name"`
	Label   Text   `json:"label"`
	Example Text   `json:"example"`
	Kind    string `json:"kind"` // one of VariableKinds
}

// VariableKinds lists what goes into a blank.
var VariableKinds = []string{"name", "text", "number", "money", "date", "duration", "list"}

// Clause is the smallest unit of a text: a passage to agree on, or a step to take.
type Clause struct {
	ID        string      `json:"id"`   // a slug, stable over all versions of the model
	Kind      string      `json:"kind"` // "passage" or "step"
	Heading   Text        `json:"heading"`
	Text      Text        `json:"text"`
	Who       Text        `json:"who,omitempty"` // the next four: steps alone, and there always
	When      Text        `json:"when,omitempty"`
	HowLong   Text        `json:"how_long,omitempty"`
	Materials Text        `json:"materials,omitempty"`
	Reason    Text        `json:"reason"`
	Softer    Text        `json:"softer"`
	Stronger  Text        `json:"stronger"`
	Power     Text        `json:"power"`              // who has the power to do it
	RestsOn   []Basis     `json:"rests_on"`           // at least one
	Elsewhere []Elsewhere `json:"elsewhere"`          // empty: no source recorded
	Warnings  []Warning   `json:"warnings,omitempty"` // failures that concern this clause
}

// Basis is what a clause rests on: an instrument (with an article, or "" for the
// whole), or a principle in plain words.
type Basis struct {
	Instrument string `json:"instrument,omitempty"`
	Article    string `json:"article,omitempty"`
	Principle  Text   `json:"principle,omitempty"`
}

// Elsewhere is what happened to a clause like this one in another place.
type Elsewhere struct {
	What       Text       `json:"what"`
	Confidence Confidence `json:"confidence"`
	Sources    []Source   `json:"sources"`
}

// Kit is what goes with a text on its way to those who decide.
type Kit struct {
	Letter     Text        `json:"letter"` // to a member of the body that decides
	Speech     Text        `json:"speech"` // two minutes
	Objections []Objection `json:"objections"`
	Promises   []Text      `json:"promises"` // what should follow, to be kept track of
}

// Objection is what people say against a text, and what can be answered.
type Objection struct {
	Objection Text `json:"objection"`
	Answer    Text `json:"answer"`
}

// Instrument finds a treaty or declaration by its id.
func (l *Library) Instrument(id string) (Instrument, bool) {
	return find(l.Instruments, func(i Instrument) bool { return i.ID == id })
}

// Family finds a family by its id.
func (l *Library) Family(id string) (Family, bool) {
	return find(l.Families, func(f Family) bool { return f.ID == id })
}

// Model finds a model by its id.
func (l *Library) Model(id string) (Model, bool) {
	return find(l.Models, func(m Model) bool { return m.ID == id })
}

// Of gives the models of a family.
func (l *Library) Of(family string) []Model {
	var out []Model
	for _, m := range l.Models {
		if m.Family == family {
			out = append(out, m)
		}
	}
	return out
}

func find[T any](all []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], true
	}
	var none T
	return none, false
}

// Clause finds a clause of a model by its id.
func (m Model) Clause(id string) (Clause, bool) {
	return find(m.Clauses, func(c Clause) bool { return c.ID == id })
}

// Token is the id of a clause outside the library: 16 characters of a to z and 2
// to 7, the same on every node and in every language, so that a warning on the
// clause in one place meets it in all others. It never changes for a clause whose
// model and slug stay the same.
func (m Model) Token(clause string) string {
	sum := sha256.Sum256([]byte("translocal library\n" + m.ID + "\n" + clause))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}
