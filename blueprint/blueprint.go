// Package blueprint is what places write, find, adapt and improve together:
// ordered clauses with ids that are the same in every place, the versions of a
// text, what each came from, and the warnings on its clauses.
//
// A blueprint belongs to one place and lies in its stream. Another place makes
// its own of it (Adapt), takes in what the source changed since (BringIn), and
// suggests its better wording to the source or sideways (Suggest); the source
// uses it, a part of it, or declines with a reason. What a version came from and
// whom it owes a wording is in the signed act and can't be taken out later.
//
// Published texts are parts of the act; the tables hold structure alone. Drafts,
// suggestions and what two places say about them are private.
package blueprint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/fault"
)

// Limits of a text, in characters where not said otherwise.
const (
	MaxClauses   = 300
	MaxTitle     = 200
	MaxSummary   = 2000
	MaxMessage   = 1000
	MaxHeading   = 200
	MaxText      = 12000 // of the text, softer and stronger wording of a clause
	MaxDetail    = 2000  // of the other fields of a clause
	MaxVariables = 100
	MaxValue     = 500
	MaxRests     = 40
	MaxReason    = 4000
	MaxParents   = 8
	MaxCredits   = 100
)

// Institution is the kind of body that a blueprint changes.
type Institution string

// Institutions lists them; the last is for all others.
var Institutions = []Institution{"council", "school", "union", "media", "court", "assembly", "household", "enterprise", "group", "other"}

// Status says how a clause of a translation came about.
type Status string

// The statuses; "" where the clause is no translation.
const (
	Human   Status = "human"   // translated by a person
	Checked Status = "checked" // and checked by another
	Machine Status = "machine" // made by a machine: not for deciding
)

// Text is what a version says, apart from where it stands.
type Text struct {
	Title       string      `json:"title"`
	Summary     string      `json:"summary"`
	Language    string      `json:"language"` // BCP 47
	Family      string      `json:"family"`   // id in the library or URL, "" for none
	Institution Institution `json:"institution"`
	Rests       []Rest      `json:"rests"`
	Clauses     []Clause    `json:"clauses"`
	Variables   []Variable  `json:"variables"`
}

// Clause is one clause with the status of its translation.
type Clause struct {
	Wording
	Status  Status `json:"status,omitempty"`
	Missing bool   `json:"missing,omitempty"` // its text was erased, never came, or can't be shown
}

// Wording is what a clause says: a clause.Clause with its names in JSON, as it
// stands in parts (there without id and kind), drafts and suggestions.
type Wording struct {
	ID        string `json:"id,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Heading   string `json:"heading,omitempty"`
	Text      string `json:"text,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Softer    string `json:"softer,omitempty"`
	Stronger  string `json:"stronger,omitempty"`
	Power     string `json:"power,omitempty"`
	Rests     string `json:"rests,omitempty"`
	Who       string `json:"who,omitempty"`
	When      string `json:"when,omitempty"`
	HowLong   string `json:"howLong,omitempty"`
	Materials string `json:"materials,omitempty"`
}

// Plain is the wording as it is compared and merged.
func (w *Wording) Plain() *clause.Clause { return (*clause.Clause)(w) }

// Rest is an article of a treaty or declaration that a text rests on.
type Rest struct {
	Instrument string `json:"instrument"` // id in the library or URL
	Article    string `json:"article"`    // "2", "7(b)"; "" for the whole
}

// Variable is a blank of a text, {{name}}, with its label and what this place
// filled in, "" for nothing.
type Variable struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// Wordings returns the clauses without their status, for comparing.
func (t Text) Wordings() []clause.Clause {
	out := make([]clause.Clause, len(t.Clauses))
	for i, c := range t.Clauses {
		out[i] = *c.Plain()
	}
	return out
}

// Values returns what was filled in, by name.
func (t Text) Values() map[string]string {
	out := make(map[string]string, len(t.Variables))
	for _, v := range t.Variables {
		out[v.Name] = v.Value
	}
	return out
}

// Clause finds a clause by its id.
func (t Text) Clause(id string) (Clause, bool) {
	if i := t.index(id); i >= 0 {
		return t.Clauses[i], true
	}
	return Clause{}, false
}

func (t Text) index(id string) int {
	return slices.IndexFunc(t.Clauses, func(c Clause) bool { return c.ID == id })
}

// Clean checks and cleans every field of a text, and names the fields at fault:
// "title", "clauses.3.text". Blanks that occur in it and have no label get their name as one.
func (t *Text) Clean() error {
	var f fault.Fields
	t.Title = line(&f, "title", t.Title, MaxTitle, true)
	t.Summary = passage(&f, "summary", t.Summary, MaxSummary, false)
	f.Merge(CheckLanguage("language", t.Language))
	f.Merge(checkLibraryID("family", t.Family, true))
	f.Merge(checkInstitution("institution", t.Institution))
	if len(t.Rests) > MaxRests {
		f.Add("rests", "fault.too_many", "max", MaxRests)
		t.Rests = nil
	}
	for i := range t.Rests {
		f.Merge(t.Rests[i].clean("rests." + itoa(i)))
	}
	if len(t.Clauses) == 0 {
		f.Add("clauses", "fault.required")
	}
	if len(t.Clauses) > MaxClauses {
		f.Add("clauses", "fault.too_many", "max", MaxClauses)
		return f.Err()
	}
	seen := map[string]bool{}
	for i := range t.Clauses {
		c := &t.Clauses[i]
		at := "clauses." + itoa(i)
		f.Merge(c.Clean(at))
		if seen[c.ID] {
			f.Add(at+".id", "blueprint.fault.twice")
		}
		seen[c.ID] = true
	}
	t.cleanVariables(&f)
	return f.Err()
}

func (t *Text) cleanVariables(f *fault.Fields) {
	if len(t.Variables) > MaxVariables {
		f.Add("variables", "fault.too_many", "max", MaxVariables)
		return
	}
	known := map[string]bool{}
	for i := range t.Variables {
		v, at := &t.Variables[i], "variables."+itoa(i)
		if names := clause.Variables("{{" + v.Name + "}}"); len(names) != 1 || names[0] != v.Name {
			f.Add(at+".name", "blueprint.fault.variable")
		}
		if known[v.Name] {
			f.Add(at+".name", "blueprint.fault.twice")
		}
		known[v.Name] = true
		v.Label = line(f, at+".label", v.Label, MaxTitle, false)
		v.Value = passage(f, at+".value", v.Value, MaxValue, false)
	}
	for _, name := range t.blanks() {
		if !known[name] {
			t.Variables = append(t.Variables, Variable{Name: name, Label: name})
		}
	}
	if len(t.Variables) > MaxVariables {
		f.Add("variables", "fault.too_many", "max", MaxVariables)
	}
}

// blanks returns the names of the variables of all clauses, in the order of their first use.
func (t Text) blanks() []string {
	var names []string
	seen := map[string]bool{}
	for _, c := range t.Clauses {
		for _, field := range clause.Fields {
			for _, n := range clause.Variables(c.Plain().Get(field)) {
				if !seen[n] {
					seen[n] = true
					names = append(names, n)
				}
			}
		}
	}
	return names
}

// Unfilled returns the blanks that occur in the clauses and that nobody has filled in, in the order of the variables.
func (t Text) Unfilled() (list []Variable) {
	used := t.blanks()
	for _, v := range t.Variables {
		if strings.TrimSpace(v.Value) == "" && slices.Contains(used, v.Name) {
			list = append(list, v)
		}
	}
	return list
}

// Clean checks and cleans one clause; at is the field under which faults are named.
func (c *Clause) Clean(at string) error {
	var f fault.Fields
	if !act.IsToken(c.ID) {
		f.Add(at+".id", "fault.id")
	}
	if c.Kind != clause.Passage && c.Kind != clause.Step {
		f.Add(at+".kind", "fault.choice")
	}
	f.Merge(checkStatus(at+".status", c.Status))
	c.Heading = line(&f, at+".heading", c.Heading, MaxHeading, false)
	if c.Missing {
		f.Add(at+".text", "blueprint.fault.clause_missing")
	} else {
		c.Text = passage(&f, at+".text", c.Text, MaxText, c.Heading == "")
	}
	for _, x := range []clause.Field{clause.FieldSofter, clause.FieldStronger} {
		c.Plain().Set(x, passage(&f, at+"."+string(x), c.Plain().Get(x), MaxText, false))
	}
	for _, x := range []clause.Field{clause.FieldReason, clause.FieldPower, clause.FieldRests, clause.FieldWho, clause.FieldWhen, clause.FieldHowLong, clause.FieldMaterials} {
		c.Plain().Set(x, passage(&f, at+"."+string(x), c.Plain().Get(x), MaxDetail, false))
	}
	return f.Err()
}

func (r *Rest) clean(at string) error {
	var f fault.Fields
	f.Merge(checkLibraryID(at+".instrument", r.Instrument, false))
	r.Article = line(&f, at+".article", r.Article, 60, false)
	return f.Err()
}

func line(f *fault.Fields, name, s string, max int, required bool) string {
	clean := fault.Line
	if required {
		clean = fault.RequiredLine
	}
	out, err := clean(name, s, max)
	f.Merge(err)
	return out
}

func passage(f *fault.Fields, name, s string, max int, required bool) string {
	clean := fault.Passage
	if required {
		clean = fault.RequiredPassage
	}
	out, err := clean(name, s, max)
	f.Merge(err)
	return out
}

var (
	languageShape = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)
	libraryShape  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	dateShape     = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)
)

// CheckLanguage checks the shape of a BCP 47 tag.
func CheckLanguage(field, s string) error {
	if !languageShape.MatchString(s) {
		return fault.At(field, "fault.language")
	}
	return nil
}

func checkLibraryID(field, s string, optional bool) error {
	switch {
	case s == "" && optional, libraryShape.MatchString(s):
		return nil
	case s == "":
		return fault.At(field, "fault.required")
	}
	return act.CheckURL(field, s)
}

func checkInstitution(field string, i Institution) error {
	if !slices.Contains(Institutions, i) {
		return fault.At(field, "fault.choice")
	}
	return nil
}

func checkStatus(field string, s Status) error {
	switch s {
	case "", Human, Checked, Machine:
		return nil
	}
	return fault.At(field, "fault.choice")
}

// checkDate checks a year, month or day that may be left out: 2020, 2020-02, 2020-02-27.
func checkDate(field, s string) error {
	if s == "" {
		return nil
	}
	if dateShape.MatchString(s) {
		if _, err := time.Parse("2006-01-02"[:len(s)], s); err == nil {
			return nil
		}
	}
	return fault.At(field, "blueprint.fault.date")
}

func itoa(i int) string { return strconv.Itoa(i) }
