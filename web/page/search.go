package page

import (
	"context"

	"translocal/blueprint"
	"translocal/i18n"
	"translocal/library"
	"translocal/search"
)

// Filters are the names of what results can be chosen by.
var Filters = []string{"theme", "treaty", "institution", "effort", "language", "kind", "status"}

// Kinds are what a result can be: of the library, or a place's text.
var Kinds = []string{"model", "facts", "treaty", "own", "followed"}

// Found is one result of a search.
type Found struct {
	Kind     string // one of Kinds
	Title    string
	Clause   string // heading, where it is a clause
	Path     string
	Place    string
	Language string // of Title and Clause, "" for the reader's
	Effort   string
	Became   []string // kinds of the warnings that stand on it
	Machine  bool     // the clause was translated by a machine
	Also     int      // how many others read the same
	Why      []search.Why
}

// SearchPage is what the page of a search shows.
type SearchPage struct {
	Form      Form
	Library   *library.Library
	Languages []string
	Asked     bool
	List      []Found
	Total     int
	From      int
	More      string // path of the next page, "" on the last
}

// filtered tells whether more than words was asked for.
func (p SearchPage) filtered() bool {
	for _, name := range Filters {
		if p.Form.Value(name) != "" {
			return true
		}
	}
	return false
}

func anything(ctx context.Context) []Option { return []Option{{"", i18n.T(ctx, "search.any")}} }

func themeOptions(ctx context.Context, lib *library.Library) []Option {
	out := anything(ctx)
	for _, x := range lib.Themes {
		out = append(out, Option{x.ID, in(x.Name, i18n.From(ctx).Lang())})
	}
	return out
}

func treatyOptions(ctx context.Context, lib *library.Library) []Option {
	out := anything(ctx)
	for _, x := range lib.Instruments {
		out = append(out, Option{x.ID, in(x.Name, i18n.From(ctx).Lang())})
	}
	return out
}

func effortOptions(ctx context.Context) []Option {
	out := anything(ctx)
	for _, x := range library.Efforts {
		out = append(out, Option{x, i18n.T(ctx, "library.effort."+x)})
	}
	return out
}

func bodyOptions(ctx context.Context) []Option {
	out := anything(ctx)
	for _, x := range blueprint.Institutions {
		out = append(out, Option{string(x), i18n.T(ctx, "blueprint.institution."+string(x))})
	}
	return out
}

func languageOptions(ctx context.Context, list []string) []Option {
	out := anything(ctx)
	for _, l := range list {
		out = append(out, Option{l, i18n.Name(l)})
	}
	return out
}

func becameOptions(ctx context.Context) []Option {
	out := anything(ctx)
	for _, k := range blueprint.WarningKinds {
		out = append(out, Option{string(k), i18n.T(ctx, "blueprint.warning."+wordKey(string(k)))})
	}
	return out
}

func standOptions(ctx context.Context) []Option {
	out := anything(ctx)
	for _, k := range Kinds {
		out = append(out, Option{k, i18n.T(ctx, "search.kind."+k)})
	}
	return out
}
