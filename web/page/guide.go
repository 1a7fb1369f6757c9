package page

import (
	"context"

	"translocal/blueprint"
	"translocal/i18n"
	"translocal/library"
)

// Questions are what the guide asks, by the facet that an answer chooses.
var Questions = []string{"institution", "theme", "effort", "treaty"}

// Guided is one thing that a group could do, and why.
type Guided struct {
	Found
	Meets    []string // of Questions
	Misses   []string
	Warnings int // failures that the library knows of
}

// GuidePage is what the page of the guide shows.
type GuidePage struct {
	Form    Form
	Library *library.Library
	Answers map[string]string
	Asked   bool
	List    []Guided
}

// notKnown puts an open answer first.
func notKnown(ctx context.Context, list []Option) []Option {
	return append([]Option{{"", i18n.T(ctx, "guide.any")}}, list[1:]...)
}

// reachOptions are the kinds of institution, without the one for all others.
func reachOptions(ctx context.Context) []Option {
	list := bodyOptions(ctx)
	return list[:len(blueprint.Institutions)]
}
