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

// pointText writes a coarse point, with words for the directions.
func pointText(ctx context.Context, at place.Point) string {
	p := i18n.From(ctx)
	lat, lon := "map.north", "map.east"
	if at.Lat < 0 {
		lat, at.Lat = "map.south", -at.Lat
	}
	if at.Lon < 0 {
		lon, at.Lon = "map.west", -at.Lon
	}
	return p.T(lat, "degrees", p.Decimal(float64(at.Lat)/10, 1)) + ", " + p.T(lon, "degrees", p.Decimal(float64(at.Lon)/10, 1))
}
