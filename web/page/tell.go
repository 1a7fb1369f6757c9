package page

import (
	"context"
	"net/url"

	"translocal/blueprint"
	"translocal/i18n"
	"translocal/place"
)

// TellPage is what the form shows by which somebody tells what became of a clause.
type TellPage struct {
	Places []*place.Place // to whom it can be told
	Its    bool           // the one place is that in whose text the clause stands
	About  string         // what the clause is called, "" where it isn't known
	Kept   bool           // the site must keep what it is told
}

func (p TellPage) options() (out []Option) {
	for _, x := range p.Places {
		out = append(out, Option{string(x.Stream), x.Name})
	}
	return out
}

// ToldItem is one thing that was told, as keepers see it.
type ToldItem struct {
	blueprint.Told
	From  string              // the place that passed it on, by name or address
	Warn  string              // path of the form for a warning, "" where no text holds the clause
	Owner blueprint.PlaceName // in whose text the clause stands, zero for our own
}

// Lang is the language in which the page is shown.
func Lang(ctx context.Context) string { return i18n.From(ctx).Lang() }

// tellPath is the form for telling what became of a clause; version and clause may be "".
func tellPath(version, clause string) string {
	q := url.Values{}
	if version != "" {
		q.Set("version", version)
	}
	if clause != "" {
		q.Set("clause", clause)
	}
	if len(q) == 0 {
		return "/tell"
	}
	return "/tell?" + q.Encode()
}
