package page

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"translocal/place"
)

// The world on the map: MapWidth by MapHeight units, as land.svg is drawn.
const (
	MapWidth  = 1000.0
	MapHeight = 487.0
)

// EqualEarth projects degrees onto the map: areas keep their proportions, so
// that the south isn't drawn small. After Šavrič, Patterson and Jenny, "The Equal
// Earth map projection", International Journal of Geographical Information Science
// 33 (2019). x grows to the east, y to the south; both within the map.
func EqualEarth(lat, lon float64) (x, y float64) {
	const a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
	lat, lon = max(-90, min(90, lat)), max(-180, min(180, lon))
	m := math.Sqrt(3) / 2
	t := math.Asin(m * math.Sin(lat*math.Pi/180))
	t2 := t * t
	t6 := t2 * t2 * t2
	px := lon * math.Pi / 180 * math.Cos(t) / (m * (a1 + 3*a2*t2 + t6*(7*a3+9*a4*t2)))
	py := t * (a1 + a2*t2 + t6*(a3+a4*t2))
	scale := MapWidth / 2 / 2.7066299836 // x of the antimeridian on the equator
	return max(0, min(MapWidth, MapWidth/2+px*scale)), MapHeight/2 - py*scale
}

// MapPage is the map of places that said where they are, and their list.
type MapPage struct {
	Places []*place.Place // in the order of the list
	Left   int            // how many more there are than a page can hold
	Whole  bool           // the whole world, however near to one another they are
}

// A dot is one spot of the map and the places there.
type dot struct {
	X, Y   float64
	Places []*place.Place
}

func (d dot) label() string {
	var names []string
	for _, p := range d.Places {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// dots are the spots with places, those of the same spot together.
func (m MapPage) dots() (all []dot) {
	at := map[place.Point]int{}
	for _, p := range m.Places {
		i, ok := at[*p.At]
		if !ok {
			i = len(all)
			at[*p.At] = i
			x, y := EqualEarth(float64(p.At.Lat)/10, float64(p.At.Lon)/10)
			all = append(all, dot{X: x, Y: y})
		}
		all[i].Places = append(all[i].Places, p)
	}
	slices.SortFunc(all, func(a, b dot) int { return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X)) })
	return all
}

// minShown is the least width shown: outlines this coarse say nothing nearer.
const minShown = MapWidth / 5

// frame is the part of the map to show: left, top, width and height.
func (m MapPage) frame() (x, y, w, h float64) {
	all := m.dots()
	if m.Whole || len(all) == 0 {
		return 0, 0, MapWidth, MapHeight
	}
	left, right, top, bottom := all[0].X, all[0].X, all[0].Y, all[0].Y
	for _, d := range all {
		left, right, top, bottom = min(left, d.X), max(right, d.X), min(top, d.Y), max(bottom, d.Y)
	}
	w = min(MapWidth, max(minShown, 1.4*(right-left), 1.4*(bottom-top)*MapWidth/MapHeight))
	h = w * MapHeight / MapWidth
	x = max(0, min(MapWidth-w, (left+right-w)/2))
	y = max(0, min(MapHeight-h, (top+bottom-h)/2))
	return x, y, w, h
}

func (m MapPage) viewBox() string {
	x, y, w, h := m.frame()
	return units(x) + " " + units(y) + " " + units(w) + " " + units(h)
}

// part tells whether less than the whole world is shown.
func (m MapPage) part() bool {
	_, _, w, _ := m.frame()
	return w < MapWidth
}

// radius is that of a dot: the same on the screen, whatever is shown.
func (m MapPage) radius() string {
	_, _, w, _ := m.frame()
	return units(w / 110)
}

func units(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
