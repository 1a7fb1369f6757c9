package document

import (
	"strings"

	"translocal/fault"
)

// openReader reads the content of an OpenDocument text.
type openReader struct {
	*flow
	styles  map[string]openStyle // by family and name
	lists   map[string]*list     // by the name of their style: the last that used it
	byID    map[string]*list
	outline *list
	current []*list // that have begun, one within the other: all levels of one list are one
	noting  bool
}

type openStyle struct {
	parent string
	list   string
	title  bool
	hidden bool
}

func readODT(a *archive) (Text, error) {
	r := &openReader{flow: newFlow(), styles: map[string]openStyle{}, lists: map[string]*list{}, byID: map[string]*list{}, outline: &list{}}
	if kind, err := a.part("mimetype"); err != nil {
		return Text{}, err
	} else if k := strings.TrimSpace(string(kind)); k != "" && k != "application/vnd.oasis.opendocument.text" && k != "application/vnd.oasis.opendocument.text-template" {
		return Text{}, fault.New(fault.Invalid, "document.archive")
	}
	if err := r.readManifest(a); err != nil {
		return Text{}, err
	}
	for _, name := range []string{"styles.xml", "meta.xml"} {
		data, err := a.part(name)
		if err != nil {
			return Text{}, err
		}
		if data == nil {
			continue
		}
		e, err := parseMarkup(data)
		if err != nil {
			return Text{}, err
		}
		r.readStyles(e)
		r.readMargins(e)
		r.lost[LostAuthors] += authors(e)
	}
	data, err := a.part("content.xml")
	if err != nil {
		return Text{}, err
	}
	root, err := parseMarkup(data)
	if err != nil {
		return Text{}, err
	}
	r.readStyles(root)
	body := root.child("office:body", "office:text")
	if body == nil {
		return Text{}, fault.New(fault.Invalid, "document.archive")
	}
	if s := root.child("office:scripts"); s != nil && s.child("office:script") != nil {
		return Text{}, fault.New(fault.Invalid, "document.macros")
	}
	if err := r.blocks(body, lead{}); err != nil {
		return Text{}, err
	}
	return r.text()
}

// readManifest refuses a file with a password.
func (r *openReader) readManifest(a *archive) error {
	data, err := a.part("META-INF/manifest.xml")
	if data == nil || err != nil {
		return err
	}
	e, err := parseMarkup(withoutDoctype(data))
	if err != nil {
		return err
	}
	locked := false
	e.walk(func(c *element) { locked = locked || c.name == "manifest:encryption-data" })
	if locked {
		return fault.New(fault.Invalid, "document.password")
	}
	return nil
}

// withoutDoctype takes the one document type that old OpenOffice wrote out of a manifest.
func withoutDoctype(data []byte) []byte {
	const old = `<!DOCTYPE manifest:manifest PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "Manifest.dtd">`
	return []byte(strings.Replace(string(data), old, "", 1))
}

func (r *openReader) readStyles(root *element) {
	for _, group := range []string{"office:styles", "office:automatic-styles"} {
		e := root.child(group)
		if e == nil {
			continue
		}
		for _, c := range e.children {
			switch c.name {
			case "style:style":
				r.readStyle(c)
			case "text:list-style":
				r.lists[c.attr("style:name")] = openList(c)
			case "text:outline-style":
				r.outline = openList(c)
			}
		}
	}
}

func (r *openReader) readStyle(c *element) {
	name := c.attr("style:name")
	r.styles[c.attr("style:family")+" "+name] = openStyle{
		parent: c.attr("style:parent-style-name"),
		list:   c.attr("style:list-style-name"),
		title:  name == "Title",
		hidden: c.child("style:text-properties").attr("text:display") == "none",
	}
}

// style returns a style with what it has from its parents.
func (r *openReader) style(family, name string) openStyle {
	s := r.styles[family+" "+name]
	s.title = s.title || family == "paragraph" && name == "Title" // also where it is defined nowhere
	for parent, n := s.parent, 0; parent != "" && n < 20; n++ {
		p := r.styles[family+" "+parent]
		if s.list == "" {
			s.list = p.list
		}
		s.title = s.title || p.title || family == "paragraph" && parent == "Title"
		s.hidden = s.hidden || p.hidden
		parent = p.parent
	}
	return s
}

// openFormats are the formats of numbers by the sign that stands for them.
var openFormats = map[string]string{"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "": "none"}

func openList(e *element) *list {
	l := &list{}
	for _, c := range e.children {
		depth := integer(c.attr("text:level"), 1) - 1
		if depth < 0 || depth >= maxLevels {
			continue
		}
		lv := level{start: integer(c.attr("text:start-value"), 1), restart: -1}
		switch c.name {
		case "text:list-level-style-number", "text:outline-level-style":
			lv.format = "decimal"
			if f, ok := openFormats[c.attr("style:num-format")]; ok {
				lv.format = f
			}
			lv.pattern = openPattern(c, depth, lv.format)
		case "text:list-level-style-bullet", "text:list-level-style-image":
			lv.format = "bullet"
		default:
			continue
		}
		l.levels[depth] = lv
	}
	return l
}

// openPattern returns the pattern of a level's label.
func openPattern(c *element, depth int, format string) string {
	for _, name := range []string{"style:num-list-format", "loext:num-list-format"} {
		if p := c.attr(name); p != "" {
			for d := range maxLevels {
				p = strings.ReplaceAll(p, "%"+decimal(d+1)+"%", "%"+decimal(d+1))
			}
			return p
		}
	}
	if format == "none" {
		return ""
	}
	shown := min(max(integer(c.attr("text:display-levels"), 1), 1), depth+1)
	var numbers []string
	for d := depth + 1 - shown; d <= depth; d++ {
		numbers = append(numbers, "%"+decimal(d+1))
	}
	return c.attr("style:num-prefix") + strings.Join(numbers, ".") + c.attr("style:num-suffix")
}

// readMargins counts headers and footers with text.
func (r *openReader) readMargins(root *element) {
	root.child("office:master-styles").walk(func(c *element) {
		switch c.name {
		case "style:header", "style:footer", "style:header-left", "style:footer-left", "style:header-first", "style:footer-first":
			if says(c) {
				r.lost[LostMargins]++
			}
		}
	})
}

// blocks reads paragraphs, lists and tables; l is the place of the next paragraph, if it is an item.
func (r *openReader) blocks(e *element, l lead) error {
	for _, c := range e.children {
		var err error
		switch c.name {
		case "text:p", "text:h":
			err = r.readParagraph(c, l)
			l.label, l.bullet = "", false // a second paragraph of an item has no label
		case "text:list":
			err = r.readList(c)
		case "text:numbered-paragraph":
			err = r.readNumbered(c)
		case "table:table":
			err = r.readTable(c)
		case "text:section":
			if c.attr("text:display") != "none" {
				err = r.blocks(c, lead{})
			} else if c.words() != "" {
				r.lost[LostHidden]++
			}
		case "text:tracked-changes":
			for range children(c, "text:changed-region") {
				r.lost[LostTracked]++
			}
		case "text:table-of-content", "text:illustration-index", "text:table-index", "text:object-index", "text:user-index", "text:alphabetical-index", "text:bibliography":
			r.lost[LostContents]++
		default:
			r.around(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// around counts what isn't text.
func (r *openReader) around(c *element) {
	switch c.name {
	case "draw:frame", "draw:custom-shape", "draw:g", "draw:rect", "draw:line", "draw:path", "draw:polygon", "draw:ellipse", "draw:connector":
		key := LostImages
		c.walk(func(d *element) {
			switch {
			case d.name == "draw:object" || d.name == "draw:object-ole" || d.name == "draw:plugin" || d.name == "draw:floating-frame":
				key = LostEmbedded
			case d.name == "text:p" && d.words() != "":
				key = LostTextBoxes
			}
		})
		r.lost[key]++
	case "office:annotation":
		r.lost[LostComments]++
	}
}

func (r *openReader) readParagraph(p *element, l lead) error {
	s := r.style("paragraph", p.attr("text:style-name"))
	if s.hidden {
		if p.words() != "" {
			r.lost[LostHidden]++
		}
		return nil
	}
	if err := r.inline(p); err != nil {
		return err
	}
	if r.noting {
		r.paragraph.WriteString("\n")
		return nil
	}
	if strings.TrimSpace(r.paragraph.String()) == "" {
		return r.end(lead{})
	}
	if p.name == "text:h" {
		l.heading = min(max(integer(p.attr("text:outline-level"), 1), 1), maxLevels)
		l.bullet = false
		if l.label == "" && p.attr("text:is-list-header") != "true" {
			l.label = r.outline.next(l.heading - 1)
		}
	}
	if s.title {
		l.title, l.heading, l.label = true, 1, ""
	}
	return r.end(l)
}

// readList reads a list. The levels of one list are those of the outermost.
func (r *openReader) readList(e *element) error {
	depth := len(r.current)
	name := e.attr("text:style-name")
	if name == "" {
		name = r.itemStyle(e)
	}
	l := r.lists[name]
	switch {
	case depth > 0 && (l == nil || l == r.current[depth-1]):
		l = r.current[depth-1]
	case l == nil:
		l = &list{}
		for d := range l.levels {
			l.levels[d].format = "bullet"
		}
	default:
		if other := r.byID[e.attr("text:continue-list")]; other != nil {
			l = other
		} else if e.attr("text:continue-numbering") != "true" && depth == 0 {
			l.started = [maxLevels]bool{}
		}
	}
	if id := e.attr("xml:id"); id != "" {
		r.byID[id] = l
	}
	r.current = append(r.current, l)
	defer func() { r.current = r.current[:depth] }()
	for _, item := range e.children {
		if item.name != "text:list-item" && item.name != "text:list-header" {
			continue
		}
		at := lead{depth: min(depth, maxLevels-1)}
		if first := firstChild(item); item.name == "text:list-item" && first != nil && first.name != "text:list" {
			if v := item.attr("text:start-value"); v != "" {
				l.count[at.depth], l.started[at.depth] = integer(v, 1)-1, true
			}
			at.label = l.next(at.depth)
			at.bullet = l.levels[at.depth].format == "bullet"
		}
		if err := r.blocks(item, at); err != nil {
			return err
		}
	}
	return nil
}

// itemStyle finds the list of a list that names none in the style of its first paragraph.
func (r *openReader) itemStyle(e *element) string {
	p := e.child("text:list-item", "text:p")
	if p == nil {
		p = e.child("text:list-item", "text:h")
	}
	return r.style("paragraph", p.attr("text:style-name")).list
}

func firstChild(e *element) *element {
	for _, c := range e.children {
		if c.name != "text:soft-page-break" && c.name != "" {
			return c
		}
	}
	return nil
}

// readNumbered reads a paragraph that is an item by itself.
func (r *openReader) readNumbered(e *element) error {
	l := r.lists[e.attr("text:style-name")]
	at := lead{depth: min(max(integer(e.attr("text:level"), 1), 1), maxLevels) - 1}
	if l != nil {
		at.label = l.next(at.depth)
		at.bullet = l.levels[at.depth].format == "bullet"
	}
	return r.blocks(e, at)
}

// about are fields that name people or the machine that made the file.
var about = map[string]bool{
	"text:author-name": true, "text:author-initials": true, "text:initial-creator": true, "text:creator": true, "text:printed-by": true,
	"text:sender-firstname": true, "text:sender-lastname": true, "text:sender-initials": true, "text:sender-title": true, "text:sender-position": true,
	"text:sender-email": true, "text:sender-phone-private": true, "text:sender-phone-work": true, "text:sender-fax": true, "text:sender-company": true,
	"text:sender-street": true, "text:sender-city": true, "text:sender-postal-code": true, "text:sender-country": true, "text:sender-state-or-province": true,
	"text:file-name": true, "text:template-name": true, "text:user-defined": true,
}

// plainFields are those whose value is text.
var plainFields = map[string]bool{
	"text:date": true, "text:time": true, "text:page-number": true, "text:page-count": true, "text:title": true, "text:subject": true, "text:chapter": true,
	"text:sequence": true, "text:sequence-ref": true, "text:reference-ref": true, "text:bookmark-ref": true, "text:note-ref": true, "text:variable-get": true,
	"text:variable-set": true, "text:user-field-get": true, "text:text-input": true, "text:placeholder": true, "text:expression": true, "text:conditional-text": true,
	"text:database-display": true, "text:drop-down": true, "text:word-count": true, "text:modification-date": true, "text:creation-date": true,
}

// inline reads what stands in a paragraph.
func (r *openReader) inline(e *element) error {
	for _, c := range e.children {
		var err error
		switch {
		case c.name == "":
			r.paragraph.WriteString(strings.ReplaceAll(c.text, "\n", " "))
		case c.name == "text:span":
			if !r.style("text", c.attr("text:style-name")).hidden {
				err = r.inline(c)
			} else if c.words() != "" {
				r.lost[LostHidden]++
			}
		case c.name == "text:s" || c.name == "text:tab":
			r.paragraph.WriteString(" ")
		case c.name == "text:line-break":
			r.paragraph.WriteString("\n")
		case c.name == "text:a":
			r.lost[LostLinks]++
			err = r.inline(c)
		case c.name == "text:note":
			err = r.readNote(c)
		case c.name == "text:hidden-text" || c.name == "text:hidden-paragraph":
			r.lost[LostHidden]++
		case c.name == "text:ruby":
			if base := c.child("text:ruby-base"); base != nil {
				err = r.inline(base)
			}
		case c.name == "text:meta" || c.name == "text:meta-field":
			err = r.inline(c)
		case about[c.name]:
			r.lost[LostAuthors]++
		case plainFields[c.name]:
			r.lost[LostFields]++
			err = r.inline(c)
		default:
			r.around(c)
		}
		if err != nil {
			return err
		}
		if err := r.check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *openReader) readNote(e *element) error {
	body := e.child("text:note-body")
	if body == nil || r.noting {
		return nil
	}
	current := r.current
	r.noting, r.current = true, nil
	defer func() { r.noting, r.current = false, current }()
	return r.aside(func() error { return r.blocks(body, lead{}) })
}

func (r *openReader) readTable(e *element) error {
	if r.cells != nil || r.noting {
		return r.nested(e)
	}
	t := &table{}
	for row := range children(e, "table:table-row") {
		if integer(row.attr("table:number-rows-repeated"), 1) > maxRows {
			if row.words() == "" { // the empty rest of a sheet
				continue
			}
			return fault.New(fault.TooLarge, "document.table", "rows", maxRows, "columns", maxColumns)
		}
		var cells []string
		for cell := range children(row, "table:table-cell") {
			var texts []string
			r.cells = &texts
			err := r.blocks(cell, lead{})
			r.cells = nil
			if err != nil {
				return err
			}
			cells = append(cells, strings.Join(texts, "\n\n"))
		}
		if err := t.row(cells); err != nil {
			return err
		}
	}
	return r.endTable(t)
}

func (r *openReader) nested(e *element) error {
	for row := range children(e, "table:table-row") {
		for cell := range children(row, "table:table-cell") {
			if err := r.blocks(cell, lead{}); err != nil {
				return err
			}
		}
	}
	return nil
}
