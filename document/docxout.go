package document

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// DOCX writes d as a Word file (Office Open XML), with comments and tracked changes as Word keeps them.
// It says nothing of who wrote the file or when, but what the blocks and comments say themselves.
func (d Doc) DOCX() ([]byte, error) {
	w := wordWriter{doc: d}
	for _, b := range d.Blocks {
		w.block(b)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", wordTypes},
		{"_rels/.rels", wordRoot},
		{"docProps/core.xml", w.properties()},
		{"word/_rels/document.xml.rels", wordRels},
		{"word/document.xml", w.document()},
		{"word/styles.xml", w.styleSheet()},
		{"word/numbering.xml", xmlHead + wordBullets},
		{"word/header1.xml", w.margin("w:hdr", d.Header)},
		{"word/footer1.xml", w.margin("w:ftr", d.Footer)},
		{"word/comments.xml", xmlHead + `<w:comments ` + wordSpaces + `>` + w.comments.String() + `</w:comments>`},
	} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate}) // no time: the same bytes every day
		if err == nil {
			_, err = f.Write([]byte(part.text))
		}
		if err != nil {
			return nil, fmt.Errorf("document: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return out.Bytes(), nil
}

const (
	xmlHead    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	wordSpaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

	packageTypes = "application/vnd.openxmlformats-"
	relations    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

	wordTypes = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="` + packageTypes + `package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="` + packageTypes + `officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="` + packageTypes + `officedocument.wordprocessingml.styles+xml"/>` +
		`<Override PartName="/word/numbering.xml" ContentType="` + packageTypes + `officedocument.wordprocessingml.numbering+xml"/>` +
		`<Override PartName="/word/comments.xml" ContentType="` + packageTypes + `officedocument.wordprocessingml.comments+xml"/>` +
		`<Override PartName="/word/header1.xml" ContentType="` + packageTypes + `officedocument.wordprocessingml.header+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="` + packageTypes + `officedocument.wordprocessingml.footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="` + packageTypes + `package.core-properties+xml"/></Types>`

	wordRoot = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + relations + `officeDocument" Target="word/document.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`

	wordRels = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + relations + `styles" Target="styles.xml"/>` +
		`<Relationship Id="rId2" Type="` + relations + `numbering" Target="numbering.xml"/>` +
		`<Relationship Id="rId3" Type="` + relations + `comments" Target="comments.xml"/>` +
		`<Relationship Id="rId4" Type="` + relations + `header" Target="header1.xml"/>` +
		`<Relationship Id="rId5" Type="` + relations + `footer" Target="footer1.xml"/></Relationships>`
)

// wordBullets is the one list: bullets, on nine levels.
var wordBullets = func() string {
	var b strings.Builder
	b.WriteString(`<w:numbering ` + wordSpaces + `><w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="hybridMultilevel"/>`)
	for l := range 9 {
		fmt.Fprintf(&b, `<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/>`+
			`<w:pPr><w:ind w:left="%d" w:hanging="360"/></w:pPr></w:lvl>`, l, 720+360*l)
	}
	b.WriteString(`</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`)
	return b.String()
}()

// wordWriter writes the parts of one file.
type wordWriter struct {
	doc      Doc
	body     strings.Builder
	comments strings.Builder
	ids      int // of changes and comments, each once in the file
}

// escape writes a text for XML; what XML can't hold becomes U+FFFD.
func escape(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a bytes.Buffer doesn't fail
	return b.String()
}

func (w *wordWriter) properties() string {
	s := xmlHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">` +
		`<dc:title>` + escape(w.doc.Title) + `</dc:title>`
	if w.doc.Language != "" {
		s += `<dc:language>` + escape(w.doc.Language) + `</dc:language>`
	}
	return s + `</cp:coreProperties>`
}

func (w *wordWriter) document() string {
	section := `<w:sectPr><w:headerReference w:type="default" r:id="rId4"/><w:footerReference w:type="default" r:id="rId5"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="708" w:footer="708" w:gutter="0"/>`
	if w.doc.RTL {
		section += `<w:bidi/>`
	}
	return xmlHead + `<w:document ` + wordSpaces + `><w:body>` + w.body.String() + section + `</w:sectPr></w:body></w:document>`
}

// margin writes what stands above or below the text of each page.
func (w *wordWriter) margin(name string, lines []string) string {
	b := strings.Builder{}
	b.WriteString(xmlHead + `<` + name + ` ` + wordSpaces + `>`)
	for _, l := range append(lines, "")[:max(len(lines), 1)] { // Word wants a paragraph
		bidi := ""
		if w.doc.RTL {
			bidi = `<w:bidi/>`
		}
		b.WriteString(`<w:p><w:pPr><w:pStyle w:val="Margin"/>` + bidi + `</w:pPr>` + wordRun(l, "w:t", false, w.doc.RTL) + `</w:p>`)
	}
	b.WriteString(`</` + name + `>`)
	return b.String()
}

// styleSheet names the styles that blocks use, by the names that Word knows in every language.
func (w *wordWriter) styleSheet() string {
	lang := ""
	if tag := escape(w.doc.Language); tag != "" {
		lang = `<w:lang w:val="` + tag + `" w:eastAsia="` + tag + `" w:bidi="` + tag + `"/>`
	}
	var b strings.Builder
	b.WriteString(xmlHead + `<w:styles ` + wordSpaces + `><w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/><w:szCs w:val="22"/>` + lang + `</w:rPr></w:rPrDefault>` +
		`<w:pPrDefault><w:pPr><w:spacing w:after="160" w:line="276" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>` +
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>`)
	for l, size := range []int{36, 30, 26, 24, 22, 22} {
		fmt.Fprintf(&b, `<w:style w:type="paragraph" w:styleId="Heading%d"><w:name w:val="heading %d"/><w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/>`+
			`<w:pPr><w:keepNext/><w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="%d"/></w:pPr><w:rPr><w:b/><w:bCs/><w:sz w:val="%d"/><w:szCs w:val="%d"/></w:rPr></w:style>`,
			l+1, l+1, l, size, size)
	}
	b.WriteString(`<w:style w:type="paragraph" w:styleId="ListParagraph"><w:name w:val="List Paragraph"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr><w:ind w:left="720"/></w:pPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Quote"><w:name w:val="Quote"/><w:basedOn w:val="Normal"/><w:qFormat/>` +
		`<w:pPr><w:pBdr><w:left w:val="single" w:sz="12" w:space="8" w:color="808080"/></w:pBdr><w:ind w:left="360" w:right="360"/></w:pPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="Margin"><w:name w:val="footer"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="60"/></w:pPr><w:rPr><w:sz w:val="16"/><w:szCs w:val="16"/></w:rPr></w:style>` +
		`<w:style w:type="paragraph" w:styleId="CommentText"><w:name w:val="annotation text"/><w:basedOn w:val="Normal"/><w:rPr><w:sz w:val="20"/><w:szCs w:val="20"/></w:rPr></w:style>` +
		`</w:styles>`)
	return b.String()
}

// block writes a paragraph with its changes and the anchors of its comments.
func (w *wordWriter) block(bl Block) {
	b := &w.body
	b.WriteString(`<w:p><w:pPr>` + bl.wordStyle())
	if w.doc.RTL {
		b.WriteString(`<w:bidi/>`)
	}
	if bl.Kind == Item && bl.Label != "" {
		fmt.Fprintf(b, `<w:ind w:left="%d"/>`, 360*(1+min(bl.Level, 8)))
	}
	if bl.Change != Kept {
		b.WriteString(`<w:rPr>` + w.mark(bl, bl.Change) + `/></w:rPr>`)
	}
	b.WriteString(`</w:pPr>`)
	var ids []int
	for _, c := range bl.Comments {
		ids = append(ids, w.comment(c))
		fmt.Fprintf(b, `<w:commentRangeStart w:id="%d"/>`, w.ids)
	}
	if bl.Label != "" {
		w.run(bl, Run{Text: bl.Label + " "})
	}
	for _, r := range bl.Runs {
		w.run(bl, r)
	}
	for _, id := range ids {
		fmt.Fprintf(b, `<w:commentRangeEnd w:id="%d"/><w:r><w:commentReference w:id="%d"/></w:r>`, id, id)
	}
	b.WriteString("</w:p>\n")
}

func (bl Block) wordStyle() string {
	switch bl.Kind {
	case Heading:
		return fmt.Sprintf(`<w:pStyle w:val="Heading%d"/>`, min(max(bl.Level, 1), 6))
	case Item:
		if bl.Label == "" {
			return fmt.Sprintf(`<w:pStyle w:val="ListParagraph"/><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="1"/></w:numPr>`, min(max(bl.Level, 0), 8))
		}
		return `<w:pStyle w:val="ListParagraph"/>`
	case Quote:
		return `<w:pStyle w:val="Quote"/>`
	}
	return ""
}

// mark opens the element of a change, up to its attributes.
func (w *wordWriter) mark(bl Block, c Change) string {
	w.ids++
	name := "w:ins"
	if c == Deleted {
		name = "w:del"
	}
	return fmt.Sprintf(`<%s w:id="%d" w:author="%s"%s`, name, w.ids, escape(oneLine(bl.By)), wordDate(bl.When))
}

func wordDate(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ` w:date="` + t.UTC().Format("2006-01-02T15:04:05Z") + `"`
}

func (w *wordWriter) run(bl Block, r Run) {
	if r.Text == "" {
		return
	}
	change, element := max(r.Change, bl.Change), "w:t"
	if change == Deleted {
		element = "w:delText"
	}
	if change != Kept {
		w.body.WriteString(w.mark(bl, change) + `>`)
	}
	w.body.WriteString(wordRun(r.Text, element, r.Strong, w.doc.RTL))
	switch change {
	case Inserted:
		w.body.WriteString(`</w:ins>`)
	case Deleted:
		w.body.WriteString(`</w:del>`)
	}
}

func wordRun(text, element string, strong, rtl bool) string {
	var b strings.Builder
	b.WriteString(`<w:r>`)
	if strong || rtl {
		b.WriteString(`<w:rPr>`)
		if strong {
			b.WriteString(`<w:b/><w:bCs/>`)
		}
		if rtl {
			b.WriteString(`<w:rtl/>`)
		}
		b.WriteString(`</w:rPr>`)
	}
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteString(`<w:br/>`)
		}
		b.WriteString(`<` + element + ` xml:space="preserve">` + escape(l) + `</` + element + `>`)
	}
	b.WriteString(`</w:r>`)
	return b.String()
}

// comment writes a comment and returns its id.
func (w *wordWriter) comment(c Comment) int {
	w.ids++
	fmt.Fprintf(&w.comments, `<w:comment w:id="%d" w:author="%s"%s w:initials="">`, w.ids, escape(oneLine(c.By)), wordDate(c.When))
	for _, p := range strings.Split(strings.TrimSpace(c.Text), "\n\n") {
		bidi := ""
		if w.doc.RTL {
			bidi = `<w:bidi/>`
		}
		w.comments.WriteString(`<w:p><w:pPr><w:pStyle w:val="CommentText"/>` + bidi + `</w:pPr>` + wordRun(strings.TrimSpace(p), "w:t", false, w.doc.RTL) + `</w:p>`)
	}
	w.comments.WriteString(`</w:comment>`)
	return w.ids
}
