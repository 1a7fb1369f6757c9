package page

import (
	"image/color"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is how many modules of white stand around a code, as its standard asks.
const quiet = 4

// qrPath draws a text as a QR code: its dark modules as strokes one module wide,
// a run of them at a time, and how many modules the square measures with its
// border. An empty path: the text does not fit into a code.
func qrPath(text string) (path string, size int) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0
	}
	n := code.Bounds().Dx()
	dark := func(x, y int) bool { return x < n && color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128 }
	var b strings.Builder
	for y := range n {
		at, row := 0, strconv.Itoa(y+quiet)+".5" // rows are lines, one module wide
		for x := 0; x < n; x++ {
			from := x
			for dark(x, y) {
				x++
			}
			switch {
			case x == from:
				continue
			case at == 0:
				b.WriteString("M" + strconv.Itoa(from+quiet) + " " + row)
			default:
				b.WriteString("m" + strconv.Itoa(from-at) + " 0")
			}
			b.WriteString("h" + strconv.Itoa(x-from))
			at = x
		}
	}
	return b.String(), n + 2*quiet
}
