package page

import (
	"math"
	"testing"

	"translocal/place"
)

// Reference points after the formulas of the paper, on a sphere of radius 1 with
// x from -2.70663 to 2.70663 and y from -1.31737 to 1.31737.
func TestEqualEarth(t *testing.T) {
	const scale = MapWidth / 2 / 2.7066299836
	for _, c := range []struct{ lat, lon, x, y float64 }{
		{0, 0, 0, 0},
		{0, 180, 2.7066299836, 0},
		{90, 0, 0, 1.3173627591},
		{-90, 180, -0, -1.3173627591},
	} {
		x, y := EqualEarth(c.lat, c.lon)
		if c.lat == -90 || c.lat == 90 {
			// The poles are lines: only their height is known beforehand.
			x, c.x = 0, -MapWidth/2/scale
		}
		if math.Abs(x-(MapWidth/2+c.x*scale)) > 1e-6 || math.Abs(y-(MapHeight/2-c.y*scale)) > 1e-6 {
			t.Errorf("%v, %v stands at %v, %v", c.lat, c.lon, x, y)
		}
	}
	// Equal areas: narrow boxes of one size on the sphere are of one size on the map.
	area := func(lat, lon float64) float64 {
		const d = 0.01
		x0, y0 := EqualEarth(lat, lon)
		x1, y1 := EqualEarth(lat, lon+d)
		x2, y2 := EqualEarth(lat+d, lon)
		return math.Abs((x1-x0)*(y2-y0)-(x2-x0)*(y1-y0)) / math.Cos(lat*math.Pi/180)
	}
	want := area(0, 0)
	for _, p := range [][2]float64{{10, 20}, {-35, -70}, {52, 140}, {70, -100}} {
		if got := area(p[0], p[1]); math.Abs(got/want-1) > 1e-3 {
			t.Errorf("at %v an area is drawn %.4f times as large as at the equator", p, got/want)
		}
	}
}

func TestMapShowsWherePlacesAre(t *testing.T) {
	at := func(lat, lon int) *place.Place {
		return &place.Place{Profile: place.Profile{At: &place.Point{Lat: lat, Lon: lon}}}
	}
	for name, m := range map[string]MapPage{
		"none": {}, "one": {Places: []*place.Place{at(-346, -584)}}, "two far": {Places: []*place.Place{at(-900, -1800), at(900, 1800)}},
		"same spot": {Places: []*place.Place{at(405, -37), at(405, -37)}}, "edge": {Places: []*place.Place{at(0, 1800)}},
	} {
		x, y, w, h := m.frame()
		if x < 0 || y < 0 || x+w > MapWidth+1e-9 || y+h > MapHeight+1e-9 || w < minShown {
			t.Errorf("%s: shows %v, %v, %v wide, %v high", name, x, y, w, h)
		}
		for _, d := range m.dots() {
			if d.X < x || d.X > x+w || d.Y < y || d.Y > y+h {
				t.Errorf("%s: %v, %v is out of what is shown", name, d.X, d.Y)
			}
		}
	}
	if n := len((MapPage{Places: []*place.Place{at(405, -37), at(405, -37)}}).dots()); n != 1 {
		t.Errorf("one spot has %d dots", n)
	}
}
