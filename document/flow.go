package document

import (
	"strings"

	"translocal/fault"
)

// Limits of a table.
const (
	maxRows    = 2000
	maxColumns = 64
)

// flow is the text as a reader meets it; both importers write it.
type flow struct {
	out       strings.Builder
	paragraph *strings.Builder // the one that is being read
	title     string
	marked    bool // title comes from a paragraph that says that it is the title
	first     bool // a heading was met
	lost      map[string]int
	notes     []string // texts of footnotes, in order
	noted     int      // their bytes
	cells     *[]string
}

func newFlow() *flow { return &flow{paragraph: &strings.Builder{}, lost: map[string]int{}} }

// lead is what stands before a paragraph: its place in headings or lists.
type lead struct {
	heading int // level, 0 if it is none
	title   bool
	label   string // a computed number, with its signs: "Article 3.", "(a)"
	bullet  bool
	depth   int // of the list, 0 outermost
}

// end writes the paragraph that was read.
func (f *flow) end(l lead) error {
	text := harmless(f.paragraph.String())
	f.paragraph.Reset()
	if text == "" || onlyMarks(text) {
		return nil
	}
	if f.cells != nil {
		if l.label != "" {
			text = l.label + " " + text
		}
		*f.cells = append(*f.cells, text)
		return nil
	}
	if l.title && !f.marked {
		f.title, f.marked = strings.ReplaceAll(text, "\n", " "), true
	}
	if l.heading > 0 && !f.first {
		f.first = true
		if !f.marked && l.heading == 1 {
			f.title = strings.ReplaceAll(text, "\n", " ")
		}
	}
	switch {
	case l.heading > 0:
		f.out.WriteString(strings.Repeat("#", min(l.heading, 6)) + " ")
		text = strings.ReplaceAll(text, "\n", " ")
	case l.bullet:
		f.out.WriteString(strings.Repeat("  ", min(l.depth, 8)) + "- ")
		text = strings.ReplaceAll(text, "\n", " ")
	case l.label != "":
		f.out.WriteString(strings.Repeat(" ", min(l.depth, 3)))
	}
	if l.label != "" && !l.bullet {
		f.out.WriteString(l.label + " ")
	}
	f.out.WriteString(text)
	f.out.WriteString("\n\n")
	return f.check()
}

func (f *flow) check() error {
	if f.out.Len()+f.paragraph.Len()+f.noted > MaxText {
		return tooLong()
	}
	return nil
}

// harmless trims the lines of a paragraph and keeps its text from being read as marks of Markdown that
// would hide it or what follows.
func harmless(s string) string {
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, l := range lines {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			kept = append(kept, l)
		}
	}
	s = strings.Join(kept, "\n")
	for _, mark := range []string{"<!--", "```", "~~~"} {
		for strings.Contains(s, mark) {
			s = strings.ReplaceAll(s, mark, mark[:1]+" "+mark[1:])
		}
	}
	if strings.HasPrefix(s, "#") {
		s = `\` + s
	}
	return s
}

// onlyMarks reports whether a paragraph is but a line drawn of signs.
func onlyMarks(s string) bool { return len(s) >= 3 && strings.Trim(s, "-=_*~^. \n") == "" }

// aside reads a footnote by read, and puts what it wrote behind the text, with a mark where it belongs.
func (f *flow) aside(read func() error) error {
	outer := f.paragraph
	f.paragraph = &strings.Builder{}
	err := read()
	text := strings.Join(strings.Fields(harmless(f.paragraph.String())), " ")
	f.paragraph = outer
	if err != nil || text == "" {
		return err
	}
	f.notes = append(f.notes, text)
	f.noted += len(text)
	f.paragraph.WriteString("[^" + decimal(len(f.notes)) + "]")
	f.lost[LostFootnotes]++
	return f.check()
}

// text returns all that was read.
func (f *flow) text() (Text, error) {
	f.noted = 0
	for i, n := range f.notes {
		f.out.WriteString("[^" + decimal(i+1) + "]: " + n + "\n\n")
		if err := f.check(); err != nil {
			return Text{}, err
		}
	}
	return finish(f.title, f.out.String(), f.lost)
}

// table is being read; its rows become lines.
type table struct {
	rows [][]string // cells
	wide int
}

// row adds a row of cells.
func (t *table) row(cells []string) error {
	if len(t.rows) == maxRows || len(cells) > maxColumns {
		return fault.New(fault.TooLarge, "document.table", "rows", maxRows, "columns", maxColumns)
	}
	t.rows = append(t.rows, cells)
	t.wide = max(t.wide, len(cells))
	return nil
}

// endTable writes a table: rows as lines between bars, or, if it has one column, its cells as paragraphs,
// for then it is a frame around text.
func (f *flow) endTable(t *table) error {
	f.lost[LostTables]++
	for i, cells := range t.rows {
		if strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue
		}
		if t.wide == 1 {
			f.out.WriteString(cells[0] + "\n\n")
		} else {
			for n, c := range cells {
				cells[n] = strings.ReplaceAll(strings.ReplaceAll(c, "\n", " "), "|", "/")
			}
			f.out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
			if i == 0 {
				f.out.WriteString("|" + strings.Repeat(" --- |", len(cells)) + "\n")
			}
		}
		if err := f.check(); err != nil {
			return err
		}
	}
	f.out.WriteString("\n")
	return f.check()
}
