package check

import (
	"math"
	"strings"
)

// Answer is a report with all that a reader needs, by value: as JSON it is what the API and the command give.
type Answer struct {
	Clauses []Checked     `json:"clauses"`
	Summary map[State]int `json:"summary"`
	Lacks   []Known       `json:"lacks"`
	Texts   int           `json:"texts"` // how many were looked at, each language counted
}

// Checked is one clause of the draft.
type Checked struct {
	ID      string  `json:"id"`
	Heading string  `json:"heading,omitempty"`
	Text    string  `json:"text"`
	State   State   `json:"state"`
	How     How     `json:"how"`
	Closest float64 `json:"closest"` // how alike the nearest wording is, also where it is not near
	Near    []Known `json:"near"`
	Went    []Went  `json:"lineage"`
	About   []Known `json:"about"` // of a new clause: perhaps on the same matter, by rare words in both
}

// Known is a clause that is known, and what happened to it.
type Known struct {
	Clause     string   `json:"clause,omitempty"` // id outside the file that it stands in
	Source     Source   `json:"source"`
	Ref        string   `json:"ref,omitempty"` // URL of the version, or id of the model
	Title      string   `json:"title"`
	Place      string   `json:"place,omitempty"`
	Ask        string   `json:"ask,omitempty"` // where to read about the place
	At         string   `json:"at,omitempty"`
	Language   string   `json:"language,omitempty"`
	Heading    string   `json:"heading,omitempty"`
	Wording    string   `json:"wording"`          // the recorded one that is nearest
	Itself     string   `json:"itself,omitempty"` // the clause as it stands, where the nearest is its softer or stronger wording
	Similarity float64  `json:"similarity,omitempty"`
	Warnings   []Note   `json:"warnings"`
	Elsewhere  []Note   `json:"elsewhere"`
	Passed     []string `json:"passed"`
	Shared     []string `json:"shared,omitempty"` // of a clause perhaps on the same matter: the words in both
	In         int      `json:"in,omitempty"`     // of a clause that is lacking: how many comparable texts have it
	Of         int      `json:"of,omitempty"`     // and how many there are
}

// Went is what a place that adapted the text did with the clause.
type Went struct {
	Title string `json:"title"`
	Place string `json:"place,omitempty"`
	At    string `json:"at,omitempty"`
	State string `json:"state"`
}

// Answer gives a report by value. warnings, if not nil, gives those that places published on the clause
// with an id, beside those that the corpus holds.
func (r Report) Answer(warnings func(id string) []Note) Answer {
	a := Answer{Clauses: []Checked{}, Summary: map[State]int{}, Lacks: []Known{}, Texts: len(r.Texts)}
	for _, s := range States {
		a.Summary[s] = r.Count(s)
	}
	known := func(text, n int, wording string) Known {
		t, c := r.Texts[text], r.Clause(text, n)
		k := Known{Source: t.Source, Ref: t.Ref, Title: t.Title, Place: t.Place, Ask: t.Ask, At: t.at(c), Language: t.Language, Heading: c.Heading, Wording: wording,
			Warnings: append([]Note{}, c.Warnings...), Elsewhere: append([]Note{}, c.Elsewhere...), Passed: append([]string{}, t.Passed...)}
		if !strings.Contains(c.Text, wording) {
			k.Itself = c.Text
		}
		if t.Source != File {
			k.Clause = c.ID
			if warnings != nil {
				k.Warnings = append(k.Warnings, warnings(c.ID)...)
			}
		}
		return k
	}
	for _, x := range r.Items {
		y := Checked{ID: x.ID, Heading: x.Heading, Text: x.Text, State: x.State, How: x.How, Closest: round(x.Closest), Near: []Known{}, Went: []Went{}, About: []Known{}}
		for _, n := range x.Near {
			k := known(n.Text, n.Clause, n.Wording)
			k.Similarity = round(n.Similarity)
			y.Near = append(y.Near, k)
		}
		for _, n := range x.About {
			k := known(n.Text, n.Clause, r.Clause(n.Text, n.Clause).Text)
			k.Shared = n.Shared
			y.About = append(y.About, k)
		}
		for _, l := range x.Lineage {
			t := r.Texts[l.Text]
			y.Went = append(y.Went, Went{t.Title, t.Place, t.At, l.State})
		}
		a.Clauses = append(a.Clauses, y)
	}
	for _, l := range r.Lacks {
		k := known(l.Text, l.Clause, r.Clause(l.Text, l.Clause).Text)
		k.In, k.Of = l.In, l.Of
		a.Lacks = append(a.Lacks, k)
	}
	return a
}

// at is where a clause of the text can be read.
func (t Text) at(c Clause) string {
	if t.At == "" || c.Anchor == "" {
		return t.At
	}
	return t.At + "#" + c.Anchor
}

// round keeps four places, enough to tell two texts apart.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }
