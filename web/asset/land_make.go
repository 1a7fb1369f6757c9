//go:build ignore

// land_make draws land.svg, the outlines of land on the map of places, from
// Natural Earth's land at 1:110 million (naturalearthdata.com, public domain) in
// the TopoJSON form of the package world-atlas:
//
//	go run web/asset/land_make.go land-110m.json > web/asset/land.svg
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"

	"translocal/web/page"
)

type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]float64
	Objects   struct {
		Land struct {
			Geometries []struct{ Arcs [][][]int }
		}
	}
}

func main() {
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var t topology
	if err := json.Unmarshal(raw, &t); err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriter(os.Stdout)
	fmt.Fprintf(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %v %v\">\n", page.MapWidth, page.MapHeight)
	fmt.Fprintln(w, "<!-- Land: Natural Earth, 1:110 million, public domain. Equal Earth projection. Drawn by land_make.go. -->")
	fmt.Fprint(w, `<path fill="#8f8a7e" fill-opacity=".55" fill-rule="evenodd" d="`)
	for _, g := range t.Objects.Land.Geometries {
		for _, polygon := range g.Arcs {
			for _, ring := range polygon {
				for _, part := range t.rings(ring) {
					draw(w, part)
				}
			}
		}
	}
	fmt.Fprintln(w, `"/>`)
	fmt.Fprintln(w, "</svg>")
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
}

// rings are the parts of a ring on the map, projected, in tenths of a unit. A
// ring that crosses the antimeridian is cut there into parts.
func (t *topology) rings(ring []int) (out [][][2]int) {
	var line [][2]float64
	for _, a := range ring {
		for _, p := range t.arc(a) {
			if n := len(line); n > 0 { // unrolled: no step is longer than half around
				p[0] -= 360 * math.Round((p[0]-line[n-1][0])/360)
			}
			line = append(line, p)
		}
	}
	first, last := line[0], line[len(line)-1]
	if math.Abs(last[0]-first[0]) > 180 { // around a pole: closed along it
		line = append(line, [2]float64{last[0], -90}, [2]float64{first[0], -90})
	}
	for shift := -360.0; shift <= 360; shift += 360 {
		part := clip(clip(line, shift-180, 1), shift+180, -1)
		var pts [][2]int
		for _, p := range part {
			x, y := page.EqualEarth(p[1], p[0]-shift)
			q := [2]int{int(math.Round(x * 10)), int(math.Round(y * 10))}
			if n := len(pts); n == 0 || pts[n-1] != q {
				pts = append(pts, q)
			}
		}
		out = append(out, pts)
	}
	return out
}

// clip keeps what of a ring lies east (side 1) or west (-1) of a meridian, after
// Sutherland and Hodgman.
func clip(ring [][2]float64, at, side float64) (out [][2]float64) {
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		in, next := side*(p[0]-at) >= 0, side*(q[0]-at) >= 0
		if in {
			out = append(out, p)
		}
		if in != next {
			f := (at - p[0]) / (q[0] - p[0])
			out = append(out, [2]float64{at, p[1] + f*(q[1]-p[1])})
		}
	}
	return out
}

// arc is one line in degrees; a negative number names one drawn backwards.
func (t *topology) arc(a int) (out [][2]float64) {
	back := a < 0
	if back {
		a = ^a
	}
	x, y := 0.0, 0.0
	for _, d := range t.Arcs[a] {
		x, y = x+d[0], y+d[1]
		p := [2]float64{x*t.Transform.Scale[0] + t.Transform.Translate[0], y*t.Transform.Scale[1] + t.Transform.Translate[1]}
		if back {
			out = append([][2]float64{p}, out...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// draw writes a ring as steps from corner to corner.
func draw(w *bufio.Writer, ring [][2]int) {
	if len(ring) < 4 {
		return
	}
	fmt.Fprintf(w, "M%s %sl", tenths(ring[0][0]), tenths(ring[0][1]))
	for i := 1; i < len(ring); i++ {
		if i > 1 {
			w.WriteByte(' ')
		}
		fmt.Fprintf(w, "%s %s", tenths(ring[i][0]-ring[i-1][0]), tenths(ring[i][1]-ring[i-1][1]))
	}
	w.WriteByte('z')
}

// tenths writes a number of tenths as short as can be.
func tenths(n int) string {
	if n%10 == 0 {
		return fmt.Sprint(n / 10)
	}
	return fmt.Sprint(float64(n) / 10)
}
