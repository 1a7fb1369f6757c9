package page

import "strings"

// Operation is one thing that the JSON API does, for its manual.
type Operation struct {
	ID, Method, Path, Summary string
	Parameters                []ManualField // of the path and the query
	Media                     string        // of what is sent, "" for nothing
	Body, Answer              []ManualField
}

// ManualField is a parameter or a member of what is sent or answered.
type ManualField struct {
	Name     string // "talk[].text" for a member inside a list
	Type     string // of JSON
	Doc      string
	Of       []string // the values that it can have, as JSON; nil for any
	Required bool
}

// subject is what an operation is about: the first step of its path.
func (o Operation) subject() string {
	rest := strings.TrimPrefix(o.Path, "/api/v1/")
	step, _, _ := strings.Cut(rest, "/")
	return step
}
