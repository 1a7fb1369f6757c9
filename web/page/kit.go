package page

import (
	"translocal/blueprint/clause"
	"translocal/library"
)

// KitPage is a model to be printed: on two pages, or whole.
type KitPage struct {
	Model   library.Model
	Lang    string
	Whole   bool
	Address string // of the model on this node
}

// filled is a text of a model with the names of its blanks in angle quotes.
func filled(m library.Model, t library.Text, lang string) string {
	labels := make(map[string]string, len(m.Variables))
	for _, v := range m.Variables {
		labels[v.Name] = "‹" + in(v.Label, lang) + "›"
	}
	return clause.Fill(in(t, lang), labels)
}
