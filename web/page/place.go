package page

import (
	"context"

	"translocal/i18n"
	"translocal/place"
)

func whatOptions(ctx context.Context) []Option {
	options := []Option{{"", i18n.T(ctx, "place.what.none")}}
	for _, w := range place.Whats {
		options = append(options, Option{w, i18n.T(ctx, "place.what."+w)})
	}
	return options
}
