package clause

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Provision is a clause found in a text that has no clauses of its own.
type Provision struct {
	Clause        // ID is "c1", "c2", … in order; Heading is the nearest heading above
	Label  string // its number or letter as written: "Section 3.", "(a)", "Art. 1º"
	Title  bool   // a heading that says enough to be compared by itself; its words are in Heading, Text is empty
	words  []normalWord
}

// body is what the provision says.
func (p Provision) body() string {
	if p.Title {
		return p.Heading
	}
	return p.Text
}

const (
	// minWords is the least that a provision says, its label counted as a word. Two words are a name, not
	// a statement; they head what follows.
	minWords = 3
	// maxHeading is the most words that a line without a full stop may have to be taken for a heading.
	maxHeading = 12
	// maxWords is the most words that a provision may have before it is cut at its sentences: a page
	// without a line break is not one clause.
	maxWords = 300
)

// Segment finds the clauses of a text: Markdown, or plain text with or without lines broken at a width.
// A clause is a paragraph, a list item, a numbered article, section, rule or step, a recital (WHEREAS …)
// or a resolution (RESOLVED …), in the styles of many languages; docs/comparing.md lists them. Front
// matter, comments, link definitions and rules between paragraphs are left out. Linear in the length of the text; any
// input gives a result.
func Segment(text string) []Provision {
	return provisions(splitInline(readBlocks(readLines(text))))
}

// line is one line of a text.
type line struct {
	text   string // without indent and trailing space
	indent int
	code   bool // inside a fence
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\f", "\n\n", "\v", "\n", "\u2028", "\n", "\u2029", "\n\n", "\u0085", "\n",
	"\t", "    ", "\u00a0", " ", "\u202f", " ", "\u3000", "  ", "\x00", "")

// readLines cuts a text into lines and takes out what is not for readers.
func readLines(text string) []line {
	text = strings.TrimPrefix(strings.ToValidUTF8(text, "\uFFFD"), "\uFEFF")
	text = lineEnds.Replace(text)
	raw := strings.Split(withoutComments(text), "\n")
	raw = raw[frontMatter(raw):]
	out := make([]line, 0, len(raw))
	fence := ""
	for _, s := range raw {
		l := line{text: strings.TrimSpace(s)}
		l.indent = prefixLen(s, func(r rune) bool { return r == ' ' })
		before := ""
		if len(out) > 0 {
			before = out[len(out)-1].text
		}
		switch mark := fenceMark(l.text); {
		case fence == "" && mark != "" && !underlines(l.text, before):
			fence = mark
			l.text = ""
		case fence != "" && strings.HasPrefix(mark, fence):
			fence = ""
			l.text = ""
		case fence != "":
			l.code = true
		default:
			for strings.HasPrefix(l.text, ">") {
				l.text = strings.TrimSpace(l.text[1:])
			}
			if linkDefinition(l.text) {
				continue
			}
		}
		out = append(out, l)
	}
	return out
}

// withoutComments takes out HTML comments; one that never closes stays.
func withoutComments(s string) string {
	if !strings.Contains(s, "<!--") {
		return s
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "<!--")
		_, after, closed := strings.Cut(rest, "-->")
		if !ok || !closed {
			out.WriteString(s)
			return out.String()
		}
		out.WriteString(before)
		s = after
	}
}

// frontMatter returns how many lines of metadata stand before the text, between lines of --- or +++.
func frontMatter(lines []string) int {
	if len(lines) == 0 || lines[0] != "---" && lines[0] != "+++" {
		return 0
	}
	for i, l := range lines[1:min(len(lines), 200)] {
		if l == lines[0] {
			return i + 2
		}
		if t := strings.TrimSpace(l); t != "" && !strings.ContainsAny(t, ":=#-]") {
			return 0 // a text after a rule
		}
	}
	return 0
}

func fenceMark(s string) string {
	for _, mark := range []string{"```", "~~~"} {
		if strings.HasPrefix(s, mark) {
			return mark
		}
	}
	return ""
}

// underlines reports whether a line of one sign marks the line before it as a heading, as AsciiDoc and
// reStructuredText do with ~ and ^: it is as long.
func underlines(s, before string) bool {
	if s == "" || before == "" || strings.Trim(s, s[:1]) != "" {
		return false
	}
	d := len(s) - utf8.RuneCountInString(before)
	return -2 <= d && d <= 2
}

// linkDefinition reports whether a line only says where a link leads: [name]: target.
func linkDefinition(s string) bool {
	name, target, ok := strings.Cut(s, "]:")
	return ok && strings.HasPrefix(name, "[") && !strings.ContainsAny(name[1:], "[]") && strings.TrimSpace(target) != "" && !strings.Contains(strings.TrimSpace(target), " ")
}

// block is a run of lines that belong together.
type block struct {
	heading bool // marked as one
	item    bool // of a list with bullets
	label   label
	text    string
	indent  int
	lines   int
	code    bool
}

// blockReader puts lines together to blocks.
type blockReader struct {
	lines    []line
	markdown bool
	width    int // of the page, 0 if the lines don't show one
	labels   labels
	blocks   []block
	open     bool     // the last block may go on
	parts    []string // of the text of the last block
}

func readBlocks(lines []line) []block {
	r := blockReader{lines: lines, markdown: isMarkdown(lines), width: pageWidth(lines), labels: make(labels)}
	for i, l := range lines {
		r.read(i, l)
	}
	r.join()
	return r.blocks
}

// isMarkdown reports whether a text has headings, links or emphasis of Markdown. In Markdown a line break is a space.
func isMarkdown(lines []line) bool {
	for _, l := range lines {
		if !l.code && (atx(l.text) > 0 || strings.Contains(l.text, "](") || strings.Contains(l.text, "][") || strings.Count(l.text, "**") >= 2) {
			return true
		}
	}
	return false
}

// atx returns the level of a heading of the form "## Heading", 0 if it is none.
func atx(s string) int {
	n := prefixLen(s, func(r rune) bool { return r == '#' })
	if n > 6 || n < len(s) && s[n] != ' ' {
		return 0
	}
	return n
}

func (r *blockReader) read(i int, l line) {
	switch {
	case l.text == "":
		r.open = false
	case l.code:
		if n := len(r.blocks); r.open && r.blocks[n-1].code {
			r.add(l.text, "\n")
			return
		}
		r.start(block{text: l.text, code: true, indent: l.indent})
	case rule(l.text):
		if n := len(r.blocks); r.open && r.blocks[n-1].lines == 1 && !r.blocks[n-1].item && l.text[0] != '*' && l.text[0] != '_' {
			r.blocks[n-1].heading = true
		}
		r.open = false
	case atx(l.text) > 0:
		b := block{heading: true, text: strings.Trim(l.text, "# "), indent: l.indent}
		if lab, rest, ok := readLabel(b.text); ok && rest != "" {
			b.label, b.text = lab, rest
		}
		r.start(b)
		r.open = false
	case strings.HasPrefix(l.text, "|"):
		if strings.Trim(l.text, "|:- ") != "" {
			r.start(block{text: strings.TrimSpace(strings.ReplaceAll(strings.Trim(l.text, "| "), "|", " ")), item: true, indent: l.indent})
		}
		r.open = false
	default:
		r.readText(i, l)
	}
}

// readText reads a line that starts or continues a paragraph or an item.
func (r *blockReader) readText(i int, l line) {
	b := block{text: l.text, indent: l.indent}
	if rest, ok := bullet(l.text); ok {
		b.item, b.text = true, rest
	}
	goesOn := r.open && r.continues(i)
	if !goesOn || b.item || closes(r.lines[i-1].text) {
		if lab, rest, ok := readLabel(unstarred(b.text)); ok && r.labels.believe(lab) {
			b.label, b.text = lab, rest
			r.start(b)
			return
		}
	}
	if b.item || !goesOn || recital(b.text) {
		r.start(b)
		return
	}
	r.add(l.text, joint(r.parts[len(r.parts)-1], l.text))
}

// unstarred takes emphasis and quotation marks off the start of a line, where they may stand before a label.
func unstarred(s string) string {
	t := strings.TrimLeft(s, "*_\"“„«`")
	if len(s)-len(t) > 6 {
		return s
	}
	return t
}

func (r *blockReader) start(b block) {
	r.join()
	b.lines = 1
	r.blocks = append(r.blocks, b)
	r.parts = append(r.parts, b.text)
	r.open = true
}

func (r *blockReader) add(text, between string) {
	r.blocks[len(r.blocks)-1].lines++
	r.parts = append(r.parts, between, text)
}

// join gives the last block its whole text.
func (r *blockReader) join() {
	if n := len(r.blocks); n > 0 {
		r.blocks[n-1].text = strings.Join(r.parts, "")
	}
	r.parts = r.parts[:0]
}

// joint is what stands between two lines that are one: a space, or nothing in a script without spaces.
func joint(before, after string) string {
	a, _ := utf8.DecodeLastRuneInString(before)
	b, _ := utf8.DecodeRuneInString(after)
	if unspaced(a) && unspaced(b) {
		return ""
	}
	return " "
}

// rule reports whether a line is a rule (---, * * *) or the underline of a heading.
func rule(s string) bool {
	if len(s) < 3 || !strings.ContainsRune("-=_*~^", rune(s[0])) {
		return false
	}
	return strings.Trim(s, s[:1]+" ") == ""
}

// bullet cuts the bullet off a list item.
func bullet(s string) (string, bool) {
	r, n := utf8.DecodeRuneInString(s)
	if !strings.ContainsRune("-*+•‣◦▪●○■–—·∙", r) || n == len(s) || s[n] != ' ' {
		return s, false
	}
	rest := strings.TrimSpace(s[n:])
	for _, box := range []string{"[ ] ", "[x] ", "[X] "} {
		rest = strings.TrimPrefix(rest, box)
	}
	return rest, true
}

const (
	// maxWidth is the widest page that lines are broken for; a longer line is a paragraph by itself.
	maxWidth = 140
	minWidth = 40
	// ragged is how much the widest lines of one page may differ.
	ragged = 12
	// nearby is how many lines before and after a line show how wide the page is there.
	nearby = 6
	// pageLines is how many lines as wide as the page a text has, for its lines to count as broken at a width.
	pageLines = 5
)

// pageWidth returns the width at which the lines of a text are broken: that of the widest lines, if
// there are enough of them. It is 0 if there are not.
func pageWidth(lines []line) int {
	var count [maxWidth + 1]int
	for _, l := range lines {
		if n := utf8.RuneCountInString(l.text); n <= maxWidth {
			count[n]++
		}
	}
	for width := maxWidth; width >= minWidth; width-- {
		wide := 0
		for n := width; n > width-ragged; n-- {
			wide += count[n]
		}
		if count[width] > 0 && wide >= pageLines {
			return width
		}
	}
	return 0
}

// continues reports whether line i goes on with the paragraph of the line before it. In Markdown it
// does. In plain text it does if a sentence goes on in a small letter, or if the line before is full: the next
// word would not have fitted on it.
func (r *blockReader) continues(i int) bool {
	if i == 0 {
		return false
	}
	if r.markdown {
		return true
	}
	before, next := r.lines[i-1].text, r.lines[i].text
	first, _ := utf8.DecodeRuneInString(next)
	if unicode.IsLower(first) && !closes(before) {
		return true
	}
	width := r.widthAt(i)
	if !stopped(before) || unicode.IsLower(first) {
		width -= width / 10 // letters differ in width, so a full line of print may have fewer of them
	}
	length := utf8.RuneCountInString(before)
	word := prefixLen(next, func(c rune) bool { return !unicode.IsSpace(c) && !unspaced(c) })
	return width > 0 && length <= maxWidth && length+1+max(utf8.RuneCountInString(next[:word]), 1) > width
}

// widthAt returns how wide the page is around line i, as two lines nearby show, or else as the whole text does.
func (r *blockReader) widthAt(i int) int {
	widest, second := 0, 0
	for j := max(0, i-nearby); j < min(len(r.lines), i+nearby); j++ {
		if n := utf8.RuneCountInString(r.lines[j].text); n > maxWidth {
			continue
		} else if n > widest {
			widest, second = n, widest
		} else if n > second {
			second = n
		}
	}
	if second >= minWidth && widest-second <= ragged {
		return widest
	}
	return r.width
}

// stops end a sentence, or a part of one.
const stops = ".;:,!?。；：，．、！？؛،؟।۔።។။"

// closes reports whether a line ends as a provision can: with a stop, or before the last item of a list.
func closes(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "\"'”’)*_ "))
	return strings.ContainsRune(stops, r) || slices.Contains([]string{"and", "or", "y", "e", "o", "et", "ou", "und", "oder", "ed"}, lastWord(s))
}

func lastWord(s string) string {
	return s[strings.LastIndexByte(s, ' ')+1:]
}

// recitals are the words that open a recital or a resolution, in capitals.
var recitals = []string{
	"WHEREAS", "NOW THEREFORE", "NOW, THEREFORE", "THEREFORE BE IT", "THEREFORE, BE IT", "BE IT RESOLVED", "BE IT FURTHER", "BE IT ORDAINED", "BE IT ENACTED", "RESOLVED", "FURTHER RESOLVED", "AND BE IT",
	"CONSIDERANDO", "VISTO", "VISTOS", "RESULTANDO", "POR CUANTO", "POR TANTO", "POR LO TANTO", "RESUELVE", "SE RESUELVE", "ACUERDA", "DECRETA", "ORDENA",
	"CONSIDÉRANT", "ATTENDU", "VU", "DÉCIDE", "ARRÊTE", "IL EST RÉSOLU", "RESOLVE", "TENDO EM VISTA", "CONSIDERATO", "PREMESSO", "DELIBERA",
	"IN ERWÄGUNG", "IN ANBETRACHT", "BESCHLIESST", "OVERWEGENDE", "BESLUIT", "УЧИТЫВАЯ", "ПРИНИМАЯ ВО ВНИМАНИЕ", "ПОСТАНОВЛЯЕТ", "РЕШИЛ",
}

// recital reports whether a line opens a recital or a resolution: the words stand in capitals, or with a
// capital before a comma or a colon.
func recital(s string) bool {
	s = unstarred(s)
	r, _ := utf8.DecodeRuneInString(s)
	if !unicode.IsUpper(r) {
		return false
	}
	head := s[:min(len(s), 64)]
	upper := strings.ToUpper(head)
	for _, words := range recitals {
		if !strings.HasPrefix(upper, words) {
			continue
		}
		if strings.HasPrefix(head, words) {
			after, _ := utf8.DecodeRuneInString(head[len(words):])
			return !unicode.IsLetter(after)
		}
		return strings.HasPrefix(upper[len(words):], ",") || strings.HasPrefix(upper[len(words):], ":")
	}
	return false
}

// provisions turns blocks into provisions: short ones and headings head what follows.
func provisions(blocks []block) []Provision {
	var out []Provision
	heading, part := "", ""     // above; the article that has begun
	outer, leadIndent := "", -1 // of a short item that leads into those below it
	for i, b := range blocks {
		var before, next block
		if i > 0 {
			before = blocks[i-1]
		}
		if i+1 < len(blocks) {
			next = blocks[i+1]
		}
		if leadIndent >= 0 && b.indent <= leadIndent { // what a short item led into is over
			heading, leadIndent = outer, -1
		}
		words := normalWords(b.text)
		if !b.says(words) {
			continue
		}
		count := wordCount(words)
		if b.label.text != "" {
			count++
		}
		if n := len(out); count < minWords && n > 0 && b.isTail(out[n-1]) {
			out[n-1].Text += " " + b.text
			out[n-1].words = append(out[n-1].words, words...)
			continue
		}
		p := Provision{Label: b.label.text, words: words}
		p.Kind, p.Heading = Passage, heading
		if b.label.step {
			p.Kind = Step
		}
		if part != "" && b.label.part == "" {
			p.Heading = part
		}
		lead := count < minWords && b.lead(next)
		switch {
		case lead && !b.heading && next.indent > b.indent:
			outer, leadIndent, heading = heading, b.indent, b.asHeading()
			continue
		case lead, b.isHeading(before, next), len(out) == 0 && heading == "" && b.titles(next), count < minWords && b.names(next):
			heading, part, leadIndent = b.asHeading(), "", -1
			if count < minWords || len(words) == 0 {
				continue
			}
			p.Heading, p.Title = heading, true
		default:
			p.Text = b.text
			h := runIn(b)
			if h != "" {
				p.Heading = h
			}
			if b.label.part != "" {
				part = cmp.Or(h, b.label.text)
			}
		}
		p.ID = fmt.Sprintf("c%d", len(out)+1)
		out = append(out, p)
	}
	return out
}

// titles reports whether the first block of a text is its title: one line without a stop.
func (b block) titles(next block) bool {
	return b.lines == 1 && !b.item && b.label.text == "" && next.text != "" && !stopped(b.text) && strings.Count(b.text, " ") < maxHeading && !recital(b.text)
}

// isTail reports whether a block is the last word or two of the provision before it.
func (b block) isTail(before Provision) bool {
	first, _ := utf8.DecodeRuneInString(b.text)
	return b.label.text == "" && !b.item && !b.heading && unicode.IsLower(first) && !before.Title && !stopped(before.Text)
}

// names reports whether a short block is the name of what follows: it has no label, or it is a part of
// the text followed by something else than the next such part.
func (b block) names(next block) bool {
	if b.label.text == "" {
		return !b.item
	}
	return b.label.part != "" && next.text != "" && next.label.part != b.label.part
}

// says reports whether a block says anything: it has a letter, or a label, and is not an entry of a table
// of contents.
func (b block) says(words []normalWord) bool {
	if strings.HasPrefix(b.text, "[") && strings.HasSuffix(b.text, ")") && strings.Count(b.text, "](") == 1 && strings.Contains(b.text, "](#") {
		return false
	}
	if len(words) == 0 {
		return b.label.strong
	}
	for _, w := range words {
		if strings.ContainsFunc(w.text, unicode.IsLetter) {
			return true
		}
	}
	return false
}

var emphasis = strings.NewReplacer("**", "", "__", "", "`", "")

func (b block) asHeading() string {
	text := unmarked(strings.TrimSpace(b.label.text + " " + b.text))
	return strings.TrimSpace(emphasis.Replace(text))
}

// lead reports whether a short block leads into the next one, which stands below it.
func (b block) lead(next block) bool {
	return strings.HasSuffix(b.text, ":") || next.text != "" && next.indent > b.indent && (next.item || next.label.text != "")
}

// isHeading reports whether a block heads the one after it: it is marked as a heading, stands in bold or
// in capitals, or is a few words without a stop after the number of an article.
func (b block) isHeading(before, next block) bool {
	text := strings.TrimSpace(b.text)
	spaces := strings.Count(text, " ")
	bold := strings.HasPrefix(text, "**") && strings.HasSuffix(text, "**") && strings.Count(text, "**") == 2
	part := b.label.part != ""
	switch {
	case b.heading, text == "" && part:
		return true
	case b.code, next.text == "" && next.label.text == "", b.item && b.label.text == "", spaces >= maxHeading:
		return false
	case bold:
		return true
	case capitals(text):
		return !stopped(text) || part && spaces < maxHeading/2
	case b.lines > 1:
		return false
	case stopped(text):
		return spaces < maxHeading/2 && b.label.text != "" && strings.HasSuffix(text, ".") && next.label.style != b.label.style && (titleCase(text) || part && b.rubric(next))
	case part:
		return next.label.part != b.label.part
	case b.label.style == "1.1" || b.label.value > 0 || b.label.roman > 0:
		first, _ := utf8.DecodeRuneInString(text)
		inList := before.label.style == b.label.style || next.label.style == b.label.style
		return !inList && (!unicode.IsLower(first) || spaces == 0) && next.indent >= b.indent && spaces < maxHeading/2
	}
	return false
}

// rubric reports whether a short sentence after the number of a part is what the part is called, as in Spanish and
// Portuguese laws, where it has a stop and no capitals: a line of its own above words that are twice as long.
func (b block) rubric(next block) bool {
	return next.label.text == "" && !next.item && !next.heading && len(next.text) > 2*len(b.text)
}

// stopped reports whether a text ends with a stop.
func stopped(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "\"'”’) "))
	return strings.ContainsRune(stops, r)
}

// titleCase reports whether each long word of a text starts with a capital, as in "Required Notices."
func titleCase(s string) bool {
	for _, w := range strings.Fields(s) {
		if first, n := utf8.DecodeRuneInString(w); n < len(w)-3 && !unicode.IsUpper(first) {
			return false
		}
	}
	return true
}

// capitals reports whether a text has capital letters and no small ones.
func capitals(s string) bool {
	upper := 0
	for _, r := range s {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsUpper(r) {
			upper++
		}
	}
	return upper > 1
}

// runIn returns the heading inside a numbered provision: "Definitions" of "Section 1. Definitions. As used in …".
func runIn(b block) string {
	if b.label.text == "" {
		return ""
	}
	text := strings.TrimLeft(b.text, "*_")
	end := strings.IndexAny(text, ".:—")
	if end <= 0 || end > 80 || !strings.Contains(text[end:], " ") {
		return ""
	}
	if sign, n := utf8.DecodeRuneInString(text[end:]); sign != '—' && !strings.ContainsRune(" *_—", rune(text[end+n])) {
		return "" // 3.5, 10:30
	}
	head := strings.Trim(text[:end], "*_ ")
	if first, _ := utf8.DecodeRuneInString(head); unicode.IsLower(first) || strings.Count(head, " ") >= maxHeading/2 {
		return ""
	}
	return strings.TrimSpace(b.label.text + " " + head)
}
