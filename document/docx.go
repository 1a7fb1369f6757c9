package document

import (
	"errors"
	"path"
	"slices"
	"strings"

	"translocal/fault"
)

// wordReader reads the main part of a Word file, with the parts that it needs.
type wordReader struct {
	*flow
	a         *archive
	styles    map[string]wordStyle
	standard  string // the style of paragraphs that name none
	numbers   map[string]*wordNumbers
	footnotes map[string]*element
	endnotes  map[string]*element
	fields    []field // that have begun, outermost first
	noting    bool    // within a footnote
}

// wordStyle is what matters of a style.
type wordStyle struct {
	name    string
	based   string
	heading int // level, 0: none
	num     string
	depth   int
	depthOK bool
	hidden  *bool
}

// wordNumbers is one use of a list. Several uses may share a list, and then go on counting.
type wordNumbers struct {
	list  *list
	start map[int]int // at its first item, levels to be started anew
}

// field is a field that has begun: its instruction is not text, and its value is unless it names somebody.
type field struct {
	code   strings.Builder
	value  bool // the value has begun
	secret bool
}

func readDOCX(a *archive) (Text, error) {
	r := &wordReader{flow: newFlow(), a: a}
	main, err := r.mainPart()
	if err != nil {
		return Text{}, err
	}
	data, err := a.part(main)
	if err != nil {
		return Text{}, err
	}
	if data == nil {
		return Text{}, broken(errors.New("no main part"))
	}
	root, err := parseMarkup(data)
	if err != nil {
		return Text{}, err
	}
	body := root.child("w:body")
	if root.name != "w:document" || body == nil {
		return Text{}, fault.New(fault.Invalid, "document.archive")
	}
	if err := r.readAround(path.Dir(main)); err != nil {
		return Text{}, err
	}
	if err := r.blocks(body); err != nil {
		return Text{}, err
	}
	if err := r.end(lead{}); err != nil { // of a last paragraph whose end was deleted
		return Text{}, err
	}
	return r.text()
}

// mainPart finds the part with the text, and refuses a file that declares macros.
func (r *wordReader) mainPart() (string, error) {
	types, err := r.markup("[Content_Types].xml")
	if err != nil {
		return "", err
	}
	macros := false
	types.walk(func(e *element) {
		kind := strings.ToLower(e.attr("ContentType"))
		macros = macros || strings.Contains(kind, "macroenabled") || strings.Contains(kind, "vbaproject") || strings.Contains(kind, "activex")
	})
	if macros {
		return "", fault.New(fault.Invalid, "document.macros")
	}
	rels, err := r.markup("_rels/.rels")
	if err != nil {
		return "", err
	}
	main := "word/document.xml"
	rels.walk(func(e *element) {
		if strings.HasSuffix(e.attr("Type"), "/relationships/officeDocument") && e.attr("TargetMode") != "External" {
			main = strings.TrimPrefix(e.attr("Target"), "/")
		}
	})
	return main, nil
}

// markup reads and parses a part; nil if it isn't there.
func (r *wordReader) markup(name string) (*element, error) {
	data, err := r.a.part(name)
	if data == nil || err != nil {
		return nil, err
	}
	return parseMarkup(data)
}

// readAround reads the parts beside the text, in dir.
func (r *wordReader) readAround(dir string) error {
	var parts [5]*element
	for i, name := range []string{"styles.xml", "numbering.xml", "footnotes.xml", "endnotes.xml", "comments.xml"} {
		e, err := r.markup(path.Join(dir, name))
		if err != nil {
			return err
		}
		parts[i] = e
	}
	r.readStyles(parts[0])
	r.readNumbers(parts[1])
	r.footnotes, r.endnotes = notesByID(parts[2], "w:footnote"), notesByID(parts[3], "w:endnote")
	parts[4].walk(func(e *element) {
		if e.name == "w:comment" {
			r.lost[LostComments]++
		}
	})
	return r.countAround(dir)
}

// countAround counts what lies beside the text and is left there.
func (r *wordReader) countAround(dir string) error {
	for _, name := range r.a.names {
		switch {
		case strings.HasPrefix(name, dir+"/header") || strings.HasPrefix(name, dir+"/footer"):
			e, err := r.markup(name)
			if err != nil {
				return err
			}
			if says(e) {
				r.lost[LostMargins]++
			}
		case name == "docProps/core.xml" || name == "docProps/app.xml" || name == "docProps/custom.xml":
			e, err := r.markup(name)
			if err != nil {
				return err
			}
			r.lost[LostAuthors] += authors(e)
		}
	}
	return nil
}

// authors counts what a part of properties says about people.
func authors(e *element) (n int) {
	e.walk(func(e *element) {
		switch e.name {
		case "dc:creator", "cp:lastModifiedBy", "ep:Company", "ep:Manager", "meta:initial-creator", "meta:printed-by", "meta:user-defined":
			if e.words() != "" {
				n++
			}
		}
	})
	return n
}

func notesByID(e *element, name string) map[string]*element {
	notes := map[string]*element{}
	if e == nil {
		return notes
	}
	for _, c := range e.children {
		if c.name == name && (c.attr("w:type") == "" || c.attr("w:type") == "normal") {
			notes[c.attr("w:id")] = c
		}
	}
	return notes
}

// on reads a switch such as <w:vanish/>: nil if it isn't there.
func on(e *element, name string) *bool {
	c := e.child(name)
	if c == nil {
		return nil
	}
	v := c.attr("w:val")
	set := v != "0" && v != "false" && v != "off"
	return &set
}

func (r *wordReader) readStyles(e *element) {
	r.styles = map[string]wordStyle{}
	if e == nil {
		return
	}
	for _, c := range e.children {
		if c.name != "w:style" {
			continue
		}
		s := wordStyle{name: strings.ToLower(c.child("w:name").attr("w:val")), based: c.child("w:basedOn").attr("w:val")}
		ppr := c.child("w:pPr")
		if o := ppr.child("w:outlineLvl"); o != nil {
			if n := integer(o.attr("w:val"), 9); n < 9 {
				s.heading = n + 1
			}
		}
		if n, ok := strings.CutPrefix(s.name, "heading "); ok {
			s.heading = min(integer(n, 1), 9)
		}
		s.num = ppr.child("w:numPr", "w:numId").attr("w:val")
		if d := ppr.child("w:numPr", "w:ilvl"); d != nil {
			s.depth, s.depthOK = min(integer(d.attr("w:val"), 0), maxLevels-1), true
		}
		s.hidden = on(c.child("w:rPr"), "w:vanish")
		id := c.attr("w:styleId")
		r.styles[id] = s
		if c.attr("w:type") == "paragraph" && (c.attr("w:default") == "1" || c.attr("w:default") == "true") {
			r.standard = id
		}
	}
}

// style returns a style with what it has from those that it is based on.
func (r *wordReader) style(id string) wordStyle {
	s := r.styles[id]
	for based, n := s.based, 0; based != "" && n < 20; n++ {
		b := r.styles[based]
		if s.heading == 0 {
			s.heading = b.heading
		}
		if s.num == "" {
			s.num = b.num
		}
		if !s.depthOK {
			s.depth, s.depthOK = b.depth, b.depthOK
		}
		if s.hidden == nil {
			s.hidden = b.hidden
		}
		based = b.based
	}
	return s
}

// readNumbers reads the lists of a file.
func (r *wordReader) readNumbers(e *element) {
	r.numbers = map[string]*wordNumbers{}
	if e == nil {
		return
	}
	lists, byStyle := map[string]*list{}, map[string]*list{}
	links := map[string]string{}
	for _, c := range e.children {
		if c.name != "w:abstractNum" {
			continue
		}
		l := &list{}
		for _, lv := range c.children {
			if lv.name == "w:lvl" {
				l.setLevel(lv)
			}
		}
		id := c.attr("w:abstractNumId")
		lists[id] = l
		if s := c.child("w:styleLink").attr("w:val"); s != "" {
			byStyle[s] = l
		}
		links[id] = c.child("w:numStyleLink").attr("w:val")
	}
	for id, s := range links {
		if l := byStyle[s]; s != "" && l != nil {
			lists[id] = l
		}
	}
	for _, c := range e.children {
		if c.name != "w:num" {
			continue
		}
		l := lists[c.child("w:abstractNumId").attr("w:val")]
		if l == nil {
			continue
		}
		r.numbers[c.attr("w:numId")] = overridden(l, c)
	}
}

// overridden is a use of list l, with what the use itself says of its levels.
func overridden(l *list, num *element) *wordNumbers {
	n := &wordNumbers{list: l, start: map[int]int{}}
	for _, o := range num.children {
		if o.name != "w:lvlOverride" {
			continue
		}
		depth := min(integer(o.attr("w:ilvl"), 0), maxLevels-1)
		if lv := o.child("w:lvl"); lv != nil {
			own := *n.list
			n.list = &own
			n.list.setLevel(lv)
		}
		if s := o.child("w:startOverride"); s != nil {
			n.start[depth] = integer(s.attr("w:val"), 1)
		}
	}
	return n
}

func (l *list) setLevel(e *element) {
	lv := level{format: e.child("w:numFmt").attr("w:val"), pattern: e.child("w:lvlText").attr("w:val"), start: 1, restart: -1}
	if lv.format == "" {
		lv.format = "decimal"
		if f := e.child("mc:AlternateContent", "mc:Fallback", "w:numFmt"); f != nil {
			lv.format = f.attr("w:val")
		}
	}
	if s := e.child("w:start"); s != nil {
		lv.start = integer(s.attr("w:val"), 1)
	}
	if s := e.child("w:lvlRestart"); s != nil {
		lv.restart = integer(s.attr("w:val"), 0)
	}
	if legal := on(e, "w:isLgl"); legal != nil {
		lv.legal = *legal
	}
	l.levels[min(integer(e.attr("w:ilvl"), 0), maxLevels-1)] = lv
}

// next counts an item at depth.
func (n *wordNumbers) next(depth int) (label string, bullet bool) {
	if s, ok := n.start[depth]; ok {
		n.list.count[depth], n.list.started[depth] = s-1, true
		delete(n.start, depth)
	}
	label = n.list.next(depth)
	return label, n.list.levels[depth].format == "bullet"
}

// blocks reads paragraphs and tables.
func (r *wordReader) blocks(e *element) error {
	for _, c := range e.children {
		var err error
		switch c.name {
		case "w:p":
			err = r.readParagraph(c)
		case "w:tbl":
			err = r.readTable(c)
		case "w:sdt":
			if isContents(c) {
				r.lost[LostContents]++
				continue
			}
			if content := c.child("w:sdtContent"); content != nil {
				err = r.blocks(content)
			}
		case "w:ins", "w:moveTo":
			r.lost[LostTracked]++
			err = r.blocks(c)
		case "w:del", "w:moveFrom":
			r.lost[LostTracked]++
		case "w:customXml", "w:smartTag":
			err = r.blocks(c)
		case "mc:AlternateContent":
			if choice := c.child("mc:Choice"); choice != nil {
				err = r.blocks(choice)
			}
		case "w:altChunk":
			r.lost[LostEmbedded]++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func isContents(sdt *element) bool {
	gallery := strings.ToLower(sdt.child("w:sdtPr", "w:docPartObj", "w:docPartGallery").attr("w:val"))
	return gallery == "table of contents" || gallery == "bibliographies" || strings.HasPrefix(gallery, "cover")
}

func (r *wordReader) readParagraph(p *element) error {
	ppr := p.child("w:pPr")
	id := ppr.child("w:pStyle").attr("w:val")
	if id == "" {
		id = r.standard
	}
	s := r.style(id)
	if strings.HasPrefix(s.name, "toc ") || s.name == "table of figures" {
		r.lost[LostContents] = max(r.lost[LostContents], 1)
		err := r.runs(p, s) // a field may begin or end here
		r.paragraph.Reset()
		return err
	}
	if err := r.runs(p, s); err != nil {
		return err
	}
	if ppr.child("w:pPrChange") != nil || ppr.child("w:rPr", "w:ins") != nil || ppr.child("w:rPr", "w:del") != nil {
		r.lost[LostTracked]++
	}
	if ppr.child("w:rPr", "w:del") != nil || ppr.child("w:rPr", "w:moveFrom") != nil { // the end is deleted: the next goes on
		return nil
	}
	if r.noting {
		r.paragraph.WriteString("\n")
		return nil
	}
	if strings.TrimSpace(r.paragraph.String()) == "" { // Word numbers it, and nobody reads the number
		if ppr.child("w:numPr") == nil {
			return r.end(lead{})
		}
	}
	return r.end(r.lead(ppr, s))
}

// lead tells the place of a paragraph in headings and lists, and counts it in its list.
func (r *wordReader) lead(ppr *element, s wordStyle) lead {
	l := lead{heading: s.heading, title: s.name == "title"}
	if l.title {
		l.heading = 1
	}
	if o := ppr.child("w:outlineLvl"); o != nil {
		l.heading = 0
		if n := integer(o.attr("w:val"), 9); n < 9 {
			l.heading = n + 1
		}
	}
	num, depth := s.num, s.depth
	if own := ppr.child("w:numPr"); own != nil {
		if id := own.child("w:numId").attr("w:val"); id != "" {
			num = id
		}
		if d := own.child("w:ilvl"); d != nil {
			depth = min(integer(d.attr("w:val"), 0), maxLevels-1)
		}
	}
	if n := r.numbers[num]; n != nil && num != "0" {
		l.label, l.bullet = n.next(depth)
		l.bullet = l.bullet && l.heading == 0
		l.depth = depth
	}
	return l
}

// runs reads what stands in a paragraph.
func (r *wordReader) runs(e *element, s wordStyle) error {
	for _, c := range e.children {
		var err error
		switch c.name {
		case "w:r":
			err = r.run(c, s)
		case "w:ins", "w:moveTo":
			r.lost[LostTracked]++
			err = r.runs(c, s)
		case "w:del", "w:moveFrom":
			r.lost[LostTracked]++
			r.deletedFields(c)
		case "w:hyperlink":
			if c.attr("r:id") != "" {
				r.lost[LostLinks]++
			}
			err = r.runs(c, s)
		case "w:fldSimple":
			r.lost[LostFields]++
			if !names(c.attr("w:instr")) {
				err = r.runs(c, s)
			} else {
				r.lost[LostAuthors]++
			}
		case "w:sdt":
			if content := c.child("w:sdtContent"); content != nil {
				err = r.runs(content, s)
			}
		case "w:smartTag", "w:customXml", "w:dir", "w:bdo":
			err = r.runs(c, s)
		case "m:oMath", "m:oMathPara":
			r.lost[LostEquations]++
			r.paragraph.WriteString(c.words())
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

// deletedFields follows the begin and end of fields within what is left out.
func (r *wordReader) deletedFields(e *element) {
	e.walk(func(c *element) {
		if c.name == "w:fldChar" {
			r.fieldChar(c)
		}
	})
}

// hiddenRun reports whether a run is hidden, by itself, its style or that of its paragraph.
func (r *wordReader) hiddenRun(rpr *element, s wordStyle) bool {
	if h := on(rpr, "w:vanish"); h != nil {
		return *h
	}
	if id := rpr.child("w:rStyle").attr("w:val"); id != "" {
		if h := r.style(id).hidden; h != nil {
			return *h
		}
	}
	return s.hidden != nil && *s.hidden
}

func (r *wordReader) run(e *element, s wordStyle) error {
	rpr := e.child("w:rPr")
	if rpr.child("w:rPrChange") != nil {
		r.lost[LostTracked]++
	}
	hidden := r.hiddenRun(rpr, s)
	dropped := false
	for _, c := range e.children {
		if c.name == "w:fldChar" {
			r.fieldChar(c)
			continue
		}
		if c.name == "w:instrText" {
			if n := len(r.fields); n > 0 && r.fields[n-1].code.Len() < 1000 {
				r.fields[n-1].code.WriteString(c.words())
			}
			continue
		}
		if hidden {
			dropped = dropped || c.name == "w:t" || c.name == "w:sym"
			continue
		}
		if !r.fieldShows() {
			continue
		}
		if err := r.piece(c); err != nil {
			return err
		}
	}
	if dropped {
		r.lost[LostHidden]++
	}
	return nil
}

// piece reads one thing in a run.
func (r *wordReader) piece(c *element) error {
	switch c.name {
	case "w:t":
		for _, t := range c.children {
			r.paragraph.WriteString(strings.ReplaceAll(t.text, "\n", " "))
		}
	case "w:tab", "w:ptab":
		r.paragraph.WriteString(" ")
	case "w:br", "w:cr":
		r.paragraph.WriteString("\n")
	case "w:noBreakHyphen":
		r.paragraph.WriteString("\u2011")
	case "w:sym":
		r.lost[LostCharacters]++
	case "w:ruby":
		if base := c.child("w:rubyBase"); base != nil {
			return r.runs(base, wordStyle{})
		}
	case "w:footnoteReference":
		return r.footnote(r.footnotes, c.attr("w:id"))
	case "w:endnoteReference":
		return r.footnote(r.endnotes, c.attr("w:id"))
	case "w:drawing", "w:pict", "w:object":
		r.picture(c)
	case "mc:AlternateContent":
		if choice := c.child("mc:Choice"); choice != nil {
			for _, cc := range choice.children {
				if err := r.piece(cc); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// picture counts what stands in a drawing, once.
func (r *wordReader) picture(e *element) {
	key := LostImages
	if e.name == "w:object" {
		key = LostEmbedded
	}
	e.walk(func(c *element) {
		if c.name == "w:txbxContent" && c.words() != "" {
			key = LostTextBoxes
		}
	})
	r.lost[key]++
}

// footnote reads a note where it is first referred to.
func (r *wordReader) footnote(notes map[string]*element, id string) error {
	e := notes[id]
	if e == nil || r.noting {
		return nil
	}
	delete(notes, id)
	r.noting = true
	defer func() { r.noting = false }()
	return r.aside(func() error { return r.blocks(e) })
}

// maxFields is how many fields may stand one within the other.
const maxFields = 20

func (r *wordReader) fieldChar(c *element) {
	n := len(r.fields)
	switch c.attr("w:fldCharType") {
	case "begin":
		if n < maxFields {
			r.fields = append(r.fields, field{})
		}
		r.lost[LostFields]++
	case "separate":
		if n > 0 {
			r.fields[n-1].value = true
			code := r.fields[n-1].code.String()
			if names(code) {
				r.fields[n-1].secret = true
				r.lost[LostAuthors]++
			}
			if strings.HasPrefix(strings.TrimSpace(code), "HYPERLINK") {
				r.lost[LostLinks]++
				r.lost[LostFields]--
			}
		}
	case "end":
		if n > 0 {
			r.fields = r.fields[:n-1]
		}
	}
}

// fieldShows reports whether text here is shown: not within the instruction of a field, nor in the value
// of one that names somebody.
func (r *wordReader) fieldShows() bool {
	for i := range r.fields {
		if !r.fields[i].value || r.fields[i].secret {
			return false
		}
	}
	return true
}

// names reports whether a field is about the people or the machine that made the file.
func names(code string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(strings.ToUpper(code)), " ")
	return slices.Contains([]string{"AUTHOR", "LASTSAVEDBY", "USERNAME", "USERINITIALS", "USERADDRESS", "FILENAME", "TEMPLATE", "DOCPROPERTY", "INFO"}, word)
}

func (r *wordReader) readTable(e *element) error {
	t := &table{}
	if r.cells != nil { // in a cell: its text is the cell's
		return r.nested(e)
	}
	for row := range children(e, "w:tr") {
		trPr := row.child("w:trPr")
		if trPr.child("w:del") != nil {
			r.lost[LostTracked]++
			continue
		}
		if trPr.child("w:ins") != nil {
			r.lost[LostTracked]++
		}
		var cells []string
		for cell := range children(row, "w:tc") {
			var texts []string
			r.cells = &texts
			err := r.blocks(cell)
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

// nested reads the cells of a table in a cell one after the other.
func (r *wordReader) nested(e *element) error {
	for row := range children(e, "w:tr") {
		for cell := range children(row, "w:tc") {
			if err := r.blocks(cell); err != nil {
				return err
			}
		}
	}
	return nil
}

// children yields the children of that name, also those wrapped in what says nothing about the text.
func children(e *element, name string) func(yield func(*element) bool) {
	return func(yield func(*element) bool) { eachChild(e, name, yield) }
}

var wrappers = map[string]bool{"w:sdt": true, "w:sdtContent": true, "w:customXml": true, "w:ins": true, "table:table-header-rows": true, "table:table-rows": true, "table:table-row-group": true}

func eachChild(e *element, name string, yield func(*element) bool) bool {
	for _, c := range e.children {
		if c.name == name && !yield(c) || wrappers[c.name] && !eachChild(c, name, yield) {
			return false
		}
	}
	return true
}
