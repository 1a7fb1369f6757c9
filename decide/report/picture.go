package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"translocal/decide/opinion"
)

// The picture's size and grid, in SVG units. Participants of one group in one
// cell of the grid share a dot, which grows with their number, so that a
// picture of very many stays small and nobody is told from a neighbour.
const (
	pictureWidth, pictureHeight = 640, 480
	pictureMargin               = 28
	pictureCell                 = 7
	maxDot                      = 12
)

// place is a point of the picture; y grows downwards.
type place struct{ x, y float64 }

// Dot is one or more participants.
type Dot struct{ X, Y, R, Class string }

// Hull is the outline of a group, with the place of its letter.
type Hull struct{ Points, X, Y, Letter, Class string }

// Picture is the map for the template.
type Picture struct {
	Width, Height int
	X0, Y0        string // where the axes cross
	Hulls         []Hull
	Dots          []Dot
}

// Picture draws the participants who are in groups.
func (v *opinionPage) Picture() *Picture {
	toPicture := v.scaling()
	out := &Picture{Width: pictureWidth, Height: pictureHeight}
	origin := toPicture(opinion.Point{})
	out.X0, out.Y0 = digits(origin.x), digits(origin.y)
	for g, group := range v.m.Groups {
		var places []place
		for _, p := range v.m.Points {
			if p.Group == g {
				places = append(places, toPicture(p))
			}
		}
		centre := toPicture(opinion.Point{X: group.X, Y: group.Y})
		hull := Hull{X: digits(centre.x), Y: digits(centre.y), Letter: letter(g), Class: class(g)}
		for i, p := range convexHull(places) {
			if i > 0 {
				hull.Points += " "
			}
			hull.Points += digits(p.x) + "," + digits(p.y)
		}
		out.Hulls = append(out.Hulls, hull)
		out.Dots = append(out.Dots, dots(places, class(g))...)
	}
	return out
}

// scaling fits the map into the picture, both axes by the same measure.
func (v *opinionPage) scaling() func(opinion.Point) place {
	var low, high place // the middle of the map is always in the picture
	for _, p := range v.m.Points {
		if p.Group >= 0 {
			low = place{min(low.x, p.X), min(low.y, p.Y)}
			high = place{max(high.x, p.X), max(high.y, p.Y)}
		}
	}
	room := func(size, from, to float64) float64 {
		if to == from {
			return math.Inf(1)
		}
		return (size - 2*pictureMargin) / (to - from)
	}
	scale := min(room(pictureWidth, low.x, high.x), room(pictureHeight, low.y, high.y))
	if math.IsInf(scale, 1) {
		scale = 1
	}
	return func(p opinion.Point) place {
		return place{
			pictureWidth/2 + scale*(p.X-(low.x+high.x)/2),
			pictureHeight/2 - scale*(p.Y-(low.y+high.y)/2),
		}
	}
}

// dots gathers places by the cells of the grid.
func dots(places []place, class string) (out []Dot) {
	type cell struct{ x, y int }
	number := map[cell]int{}
	for _, p := range places {
		number[cell{int(p.x / pictureCell), int(p.y / pictureCell)}]++
	}
	cells := make([]cell, 0, len(number))
	for c := range number {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(a, b cell) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	for _, c := range cells {
		out = append(out, Dot{
			digits((float64(c.x) + 0.5) * pictureCell), digits((float64(c.y) + 0.5) * pictureCell),
			digits(min(maxDot, 2.2*math.Sqrt(float64(number[c])))), class,
		})
	}
	return out
}

// convexHull returns the corners of the least convex outline of places, around
// it once (Andrew's monotone chain, 1979).
func convexHull(places []place) []place {
	sorted := slices.Clone(places)
	slices.SortFunc(sorted, func(a, b place) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	sorted = slices.Compact(sorted)
	if len(sorted) < 3 {
		return sorted
	}
	half := func(points []place) (chain []place) {
		for _, p := range points {
			for len(chain) > 1 && turn(chain[len(chain)-2], chain[len(chain)-1], p) <= 0 {
				chain = chain[:len(chain)-1]
			}
			chain = append(chain, p)
		}
		return chain[:len(chain)-1]
	}
	lower := half(sorted)
	slices.Reverse(sorted)
	return append(lower, half(sorted)...)
}

// turn is positive if the way from a over b to c turns one way, negative if the
// other, 0 if it is straight.
func turn(a, b, c place) float64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// class is the style of a group; there are six, and letters tell groups apart
// where colours repeat or can't be seen.
func class(g int) string { return "g" + strconv.Itoa(g%6) }

func digits(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
