package document

import (
	"strings"
	"time"
)

// Doc is a text to be written as a file. The same Doc gives the same bytes.
type Doc struct {
	Title    string
	Language string // a BCP 47 tag, "" if not known
	RTL      bool   // the language is written from right to left (i18n.Dir knows)
	// Header and Footer stand on each page of a Word file, where Read leaves them out, and before and behind
	// the text of others: what is said about the text, and isn't of it.
	Header []string
	Footer []string
	Blocks []Block
}

// Kind is what a block is.
type Kind int

// The kinds of block.
const (
	Paragraph Kind = iota
	Heading        // of Level 1 to 6; the title is one of level 1
	Item           // of a list: with Label as it stands, else with a bullet; Level 0 is outermost
	Quote          // set apart: a notice, the wording of somebody else
)

// Block is a paragraph, heading or item.
type Block struct {
	Kind  Kind
	Level int
	Label string // the number of an item or heading: "Article 3.", "2."
	Runs  []Run
	// Change is Inserted or Deleted if the whole paragraph is, with its end; then so are its runs.
	Change Change
	// By says who proposes the changes in this block (Word wants a name), and When, if known.
	By   string
	When time.Time
	// Comments are anchored to the whole block, in order.
	Comments []Comment
}

// Run is a piece of text in a block; a line break in it is a line break there.
type Run struct {
	Text   string
	Change Change
	Strong bool
}

// Change says whether text stays, or is proposed to come or go.
type Change int

// The changes.
const (
	Kept Change = iota
	Inserted
	Deleted
)

// Comment is a remark on a block. Empty lines part its paragraphs.
type Comment struct {
	By   string // who says it; "" if nobody in particular
	When time.Time
	Text string
}

// Text is a block with one run.
func (k Kind) Text(s string) Block { return Block{Kind: k, Runs: []Run{{Text: s}}} }

// Markdown writes d as Markdown. What is proposed to go stands in <del>, what is to come in <ins>, and
// comments follow their block as quotations.
func (d Doc) Markdown() []byte {
	var b strings.Builder
	for _, h := range d.Header {
		writeLines(&b, "> ", "> ", h)
		b.WriteString("\n")
	}
	for i, bl := range d.Blocks {
		if i > 0 {
			b.WriteString("\n")
		}
		bl.markdown(&b)
	}
	if len(d.Footer) > 0 {
		b.WriteString("\n---\n")
	}
	for _, l := range d.Footer {
		b.WriteString("\n")
		writeLines(&b, "", "", l)
	}
	return []byte(b.String())
}

// Plain writes d as plain text: as it reads if all changes are accepted, with comments set in.
func (d Doc) Plain() []byte {
	var b strings.Builder
	for _, h := range d.Header {
		writeLines(&b, "", "", h)
		b.WriteString("\n")
	}
	for _, bl := range d.Blocks {
		if bl.Change == Deleted {
			continue
		}
		bl.plain(&b)
	}
	for _, l := range d.Footer {
		writeLines(&b, "", "", l)
	}
	return []byte(b.String())
}

func (bl Block) plain(b *strings.Builder) {
	first := ""
	if bl.Kind == Item {
		first = strings.Repeat("  ", min(bl.Level, 8))
		if bl.Label == "" {
			first += "- "
		}
	}
	if bl.Label != "" {
		first += bl.Label + " "
	}
	var text strings.Builder
	for _, r := range bl.Runs {
		if r.Change != Deleted {
			text.WriteString(r.Text)
		}
	}
	writeLines(b, first, "", text.String())
	b.WriteString("\n")
	for _, c := range bl.Comments {
		lead := "    "
		if c.By != "" {
			lead += oneLine(c.By) + ": "
		}
		writeLines(b, lead, "    ", c.Text)
		b.WriteString("\n")
	}
}

func (bl Block) markdown(b *strings.Builder) {
	before, in := "", "" // the first line, and those that follow
	switch bl.Kind {
	case Heading:
		before = strings.Repeat("#", min(max(bl.Level, 1), 6)) + " "
	case Item:
		in = strings.Repeat("  ", min(bl.Level, 8))
		if before = in; bl.Label == "" {
			before += "- "
			in += "  "
		}
	case Quote:
		before, in = "> ", "> "
	}
	if bl.Label != "" {
		before += bl.Label + " "
	}
	text := bl.inline()
	if bl.Kind == Heading {
		text = strings.ReplaceAll(text, "\n", " ")
	}
	writeLines(b, before, in, text)
	for _, c := range bl.Comments {
		b.WriteString("\n")
		text := c.Text
		if c.By != "" {
			text = "**" + oneLine(c.By) + ":** " + text
		}
		writeLines(b, "> ", "> ", text)
	}
}

// inline writes the runs of a block, with their changes as HTML, which Markdown allows.
func (bl Block) inline() string {
	var b strings.Builder
	for _, r := range bl.Runs {
		open, end := "", ""
		if r.Strong {
			open, end = "**", "**"
		}
		switch max(r.Change, bl.Change) {
		case Inserted:
			open, end = "<ins>"+open, end+"</ins>"
		case Deleted:
			open, end = "<del>"+open, end+"</del>"
		}
		if r.Text != "" {
			b.WriteString(open + r.Text + end)
		}
	}
	return b.String()
}

func writeLines(b *strings.Builder, first, rest, text string) {
	for i, l := range strings.Split(text, "\n") {
		lead := rest
		if i == 0 {
			lead = first
		}
		b.WriteString(strings.TrimRight(lead+l, " ") + "\n")
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
