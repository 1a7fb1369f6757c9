package report

import (
	"strconv"

	"translocal/decide/tally"
)

// maxBars bounds the bars of a picture; its table has all.
const maxBars = 60

// Sizes of a bar chart, in its own units.
const (
	figureWidth = 720
	labelWidth  = 250
	valueWidth  = 130
	letterWidth = 9 // of a value
	rowHeight   = 26
	maxLabel    = 30 // characters
)

// figure is a chart of horizontal bars with a label before and a value after
// each.
type figure struct {
	ID, Title, Text string
	bars            []figureBar
}

type figureBar struct {
	label, value string
	length, line float64 // line: a mark that the bar should reach; 0: none
}

func (v *countPage) figure(id, title string) *figure {
	return &figure{ID: v.part + id, Title: title, Text: v.T("counting.report.picture")}
}

func (f *figure) add(label string, length tally.Number, value string, line tally.Number) {
	if len(f.bars) == maxBars {
		return
	}
	b := figureBar{label: label, value: value}
	b.length, _ = length.Float64()
	if !line.IsZero() {
		b.line, _ = line.Float64()
	}
	if letters := []rune(label); len(letters) > maxLabel {
		b.label = string(letters[:maxLabel-1]) + "…"
	}
	f.bars = append(f.bars, b)
}

// Width and Height are the picture's size.
func (f *figure) Width() int  { return figureWidth }
func (f *figure) Height() int { return rowHeight*len(f.bars) + 8 }

// drawnBar is a bar in the picture's units.
type drawnBar struct {
	Label, Value           string
	Y, TextY, X, W, ValueX string
	Line                   string // x of the mark; "": none
	LineTop, LineBottom    string
}

// Bars places the bars.
func (f *figure) Bars() (out []drawnBar) {
	longest, room := 0.0, float64(valueWidth)
	for _, b := range f.bars {
		longest = max(longest, b.length, b.line)
		room = max(room, float64(len([]rune(b.value))*letterWidth+6))
	}
	scale := 0.0
	if longest > 0 {
		scale = max(figureWidth-labelWidth-room, 40) / longest
	}
	for i, b := range f.bars {
		top := float64(4 + rowHeight*i)
		d := drawnBar{
			Label: b.label, Value: b.value, X: units(labelWidth), Y: units(top + 4), TextY: units(top + 17),
			W: units(max(b.length, 0) * scale), ValueX: units(labelWidth + max(b.length, b.line, 0)*scale + 6),
		}
		if b.line > 0 {
			d.Line, d.LineTop, d.LineBottom = units(labelWidth+b.line*scale), units(top+1), units(top+rowHeight-3)
		}
		out = append(out, d)
	}
	return out
}

// units writes a length with one decimal, which is alike on every machine.
func units(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
