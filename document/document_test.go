package document

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"translocal/fault"
)

// packed makes an archive of parts, given as name, text, name, text, …
func packed(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		f, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(parts[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	wNS = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"`
	oNS = `xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" ` +
		`xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"`
)

// word makes a Word file of a body and further parts.
func word(t testing.TB, body string, more ...string) []byte {
	return packed(t, append([]string{"[Content_Types].xml", `<Types/>`, "word/document.xml", `<w:document ` + wNS + `><w:body>` + body + `</w:body></w:document>`}, more...)...)
}

// open makes an OpenDocument file of a text and its automatic styles.
func open(t testing.TB, styles, text string, more ...string) []byte {
	return packed(t, append([]string{"mimetype", "application/vnd.oasis.opendocument.text", "content.xml",
		`<office:document-content ` + oNS + `><office:automatic-styles>` + styles + `</office:automatic-styles><office:body><office:text>` + text + `</office:text></office:body></office:document-content>`}, more...)...)
}

// p is a paragraph of Word.
func p(text string) string { return `<w:p><w:r><w:t>` + text + `</w:t></w:r></w:p>` }

func read(t *testing.T, data []byte) Text {
	t.Helper()
	x, err := Read("", data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func wants(t *testing.T, x Text, markdown string, lost ...Lost) {
	t.Helper()
	if strings.TrimSpace(x.Markdown) != strings.TrimSpace(markdown) {
		t.Errorf("text is\n%s\nwant\n%s", x.Markdown, markdown)
	}
	if !slices.Equal(x.Lost, lost) {
		t.Errorf("lost %v, want %v", x.Lost, lost)
	}
}

const numbering = `<w:numbering ` + wNS + `><w:abstractNum w:abstractNumId="4">
	<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="Article %1."/></w:lvl>
	<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%2)"/></w:lvl>
	<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%1.%2.%3"/></w:lvl></w:abstractNum>
	<w:abstractNum w:abstractNumId="5"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val=""/></w:lvl></w:abstractNum>
	<w:num w:numId="1"><w:abstractNumId w:val="4"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="5"/></w:num>
	<w:num w:numId="3"><w:abstractNumId w:val="4"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="10"/></w:lvlOverride></w:num></w:numbering>`

const styles = `<w:styles ` + wNS + `><w:style w:type="paragraph" w:default="1" w:styleId="N"><w:name w:val="Normal"/></w:style>
	<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>
	<w:style w:type="paragraph" w:styleId="Ttulo1"><w:name w:val="heading 1"/></w:style>
	<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Ours"/><w:basedOn w:val="Ttulo1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
	<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
	<w:style w:type="character" w:styleId="H"><w:name w:val="Secret"/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>`

func item(num, depth int, text string) string {
	return fmt.Sprintf(`<w:p><w:pPr><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr></w:pPr><w:r><w:t>%s</w:t></w:r></w:p>`, depth, num, text)
}

func styled(id, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + id + `"/></w:pPr><w:r><w:t>` + text + `</w:t></w:r></w:p>`
}

func TestWordNumbersArticles(t *testing.T) {
	x := read(t, word(t, styled("T", "Of  water")+styled("Ttulo1", "General")+item(1, 0, "Water is a right.")+item(1, 1, "for people")+item(1, 1, "for rivers")+
		item(1, 2, "each one")+item(1, 0, "Nobody owns it.")+item(1, 1, "again")+item(2, 0, "a point")+styled("Own", "Duties")+item(3, 0, "Ten")+styled("Loop", "Plain &amp; simple"),
		"word/numbering.xml", numbering, "word/styles.xml", styles))
	if x.Title != "Of water" {
		t.Errorf("title %q", x.Title)
	}
	wants(t, x, `# Of water

# General

Article 1. Water is a right.

 (a) for people

 (b) for rivers

  1.b.i each one

Article 2. Nobody owns it.

 (a) again

- a point

# Article 3. Duties

Article 10. Ten

Plain & simple`)
}

func TestWordIsReadAsAccepted(t *testing.T) {
	x := read(t, word(t, `<w:p><w:r><w:t xml:space="preserve">The council </w:t></w:r><w:del w:id="1" w:author="Eva"><w:r><w:delText>may</w:delText></w:r></w:del>`+
		`<w:ins w:id="2" w:author="Eva"><w:r><w:t>shall</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> pay</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t> nobody</w:t></w:r>`+
		`<w:r><w:rPr><w:rStyle w:val="H"/></w:rPr><w:t> secretly</w:t></w:r><w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>.</w:t></w:r><w:commentRangeStart w:id="3"/></w:p>`+
		`<w:p><w:pPr><w:rPr><w:del w:id="4"/></w:rPr></w:pPr><w:r><w:t xml:space="preserve">One line </w:t></w:r></w:p>`+p("with the next.")+
		`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> AUTHOR </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>Eva</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`+
		`<w:fldSimple w:instr="DATE"><w:r><w:t>on Monday</w:t></w:r></w:fldSimple><w:r><w:t>, noted</w:t></w:r><w:r><w:footnoteReference w:id="7"/></w:r><w:r><w:footnoteReference w:id="7"/></w:r></w:p>`+
		`<w:p><w:r><w:drawing/></w:r><w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent>`+p("boxed")+`</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict/></mc:Fallback></mc:AlternateContent></w:r></w:p>`,
		"word/styles.xml", styles, "word/comments.xml", `<w:comments `+wNS+`><w:comment w:id="3" w:author="Eva">`+p("hm")+`</w:comment></w:comments>`,
		"word/footnotes.xml", `<w:footnotes `+wNS+`><w:footnote w:id="0" w:type="separator">`+p("x")+`</w:footnote><w:footnote w:id="7">`+p("The source.")+`</w:footnote></w:footnotes>`,
		"word/header1.xml", `<w:hdr `+wNS+`>`+p("Draft of Eva")+`</w:hdr>`, "word/footer1.xml", `<w:ftr `+wNS+`>`+p("12")+`</w:ftr>`,
		"docProps/core.xml", `<c xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Eva</dc:creator></c>`))
	wants(t, x, "The council shall pay.\n\nOne line with the next.\n\non Monday, noted[^1]\n\n[^1]: The source.",
		Lost{LostTracked, 3}, Lost{LostHidden, 2}, Lost{LostComments, 1}, Lost{LostAuthors, 2}, Lost{LostFootnotes, 1}, Lost{LostTextBoxes, 1}, Lost{LostImages, 1}, Lost{LostMargins, 1}, Lost{LostFields, 2})
	if strings.Contains(x.Markdown, "Eva") {
		t.Error("a name is left")
	}
}

func TestWordTables(t *testing.T) {
	cell := func(s string) string { return `<w:tc>` + s + `</w:tc>` }
	x := read(t, word(t, `<w:tbl><w:tr>`+cell(p("Who|"))+cell(p("What")+p("and when"))+`</w:tr><w:tr><w:trPr><w:del/></w:trPr>`+cell(p("gone"))+`</w:tr><w:tr>`+cell(p("We"))+cell(`<w:tbl><w:tr>`+cell(p("in"))+`</w:tr></w:tbl>`)+`</w:tr></w:tbl>`+
		`<w:tbl><w:tr>`+cell(p("framed"))+`</w:tr></w:tbl>`))
	wants(t, x, "| Who/ | What  and when |\n| --- | --- |\n| We | in |\n\nframed", Lost{LostTracked, 1}, Lost{LostTables, 2})
}

func TestOpenDocument(t *testing.T) {
	x := read(t, open(t, `<text:list-style style:name="L"> <text:list-level-style-number text:level="1" style:num-format="1" style:num-prefix="Art. " style:num-suffix="."/>
		<text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")"/></text:list-style>
		<style:style style:name="S" style:family="text"><style:text-properties text:display="none"/></style:style>
		<style:style style:name="P" style:family="paragraph" style:parent-style-name="Title"/>`,
		`<text:tracked-changes><text:changed-region><text:deletion><office:change-info><dc:creator>Eva</dc:creator></office:change-info><text:p>struck out</text:p></text:deletion></text:changed-region></text:tracked-changes>
		<text:p text:style-name="P">Of water</text:p><text:h text:outline-level="2">General</text:h>
		<text:list text:style-name="L"><text:list-item><text:p>First<text:span text:style-name="S"> hidden</text:span><text:s text:c="2"/>one.</text:p>
			<text:list><text:list-item><text:p>part</text:p></text:list-item></text:list></text:list-item></text:list>
		<text:p>Between<office:annotation><dc:creator>Eva</dc:creator><text:p>hm</text:p></office:annotation>, said <text:author-name>Eva</text:author-name>they<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Source.</text:p></text:note-body></text:note></text:p>
		<text:list text:style-name="L" text:continue-numbering="true"><text:list-item><text:p>Second</text:p></text:list-item></text:list>
		<text:list text:style-name="L"><text:list-item><text:p>Anew</text:p></text:list-item></text:list>
		<text:section text:display="none"><text:p>secret</text:p></text:section>
		<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table-header-rows></table:table>
		<text:p><draw:frame><draw:image/></draw:frame></text:p>`))
	if x.Title != "Of water" {
		t.Errorf("title %q", x.Title)
	}
	wants(t, x, "# Of water\n\n## General\n\nArt. 1. First one.\n\n a) part\n\nBetween, said they[^1]\n\nArt. 2. Second\n\nArt. 1. Anew\n\n| a | b |\n| --- | --- |\n\n[^1]: Source.",
		Lost{LostTracked, 1}, Lost{LostHidden, 2}, Lost{LostComments, 1}, Lost{LostAuthors, 1}, Lost{LostFootnotes, 1}, Lost{LostTables, 1}, Lost{LostImages, 1})
}

func TestPlainText(t *testing.T) {
	for _, c := range []struct {
		name, in, want, title string
		lost                  []Lost
	}{
		{"UTF-8", "\xef\xbb\xbf# Título\r\n\r\nUno.", "# Título\n\nUno.", "Título", nil},
		{"UTF-16 LE", "\xff\xfeA\x00\xf1\x00o\x00", "Año", "Año", nil},
		{"UTF-16 BE", "\xfe\xff\x00A\x00\xf1\x00o", "Año", "Año", nil},
		{"Windows-1252", "Ma\xf1ana \x93hoy\x94.", "Mañana “hoy”.", "", []Lost{{LostGuessed, 1}}},
		{"hidden", "pay \u202enobody\u202c\x1b and\u200b so on.", "pay nobody and so on.", "", []Lost{{LostCharacters, 3}}},
		{"joiners", "می\u200cخواهم.", "می\u200cخواهم.", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := read(t, []byte(c.in))
			wants(t, x, c.want, c.lost...)
			if x.Title != c.title {
				t.Errorf("title %q, want %q", x.Title, c.title)
			}
		})
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	locked := packed(t, "word/document.xml", "x")
	locked[6] |= 1 // of the file's own header …
	locked[bytes.Index(locked, []byte("PK\x01\x02"))+8] |= 1
	whole := word(t, p("whole"))
	lying := word(t, strings.Repeat(p("Everybody pays."), 1000))
	at := bytes.LastIndex(lying, []byte("PK\x01\x02"))
	copy(lying[at+24:], []byte{10, 0, 0, 0}) // says that it unpacks to ten bytes
	many := []string{}
	for i := range maxEntries + 1 {
		many = append(many, fmt.Sprintf("f%d", i), "")
	}
	rows := strings.Repeat(`<w:tr><w:tc>`+p("x")+`</w:tc></w:tr>`, maxRows+1)
	for _, c := range []struct {
		name, file string
		data       []byte
		key        string
	}{
		{"nothing", "a.txt", []byte(" \n"), "document.empty"},
		{"large", "a.txt", make([]byte, MaxFile+1), "document.too_large"},
		{"too much text", "a.txt", bytes.Repeat([]byte("word "), MaxText/5+1), "document.too_long"},
		{"binary", "a.txt", []byte("a\x00b"), "document.binary"},
		{"some other encoding", "a.txt", []byte("\x8f\x81\xff"), "document.encoding"},
		{"odd UTF-16", "a.txt", []byte("\xff\xfea"), "document.encoding"},
		{"broken UTF-16", "a.txt", []byte("\xff\xfe\x00\xd8a\x00"), "document.encoding"},
		{"UTF-32", "a.txt", []byte("\xff\xfe\x00\x00a\x00\x00\x00"), "document.encoding"},
		{"PDF", "a.docx", []byte("%PDF-1.7"), "document.pdf"},
		{"old Word", "a.docx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "document.old_word"},
		{"RTF", "a.docx", []byte(`{\rtf1`), "document.rtf"},
		{"HTML", "a.txt", []byte("\xef\xbb\xbf\n<!DOCTYPE html>"), "document.markup"},
		{"macros by name", "a.DOCM", whole, "document.macros"},
		{"macros inside", "a.docx", word(t, p("x"), "word/vbaProject.bin", "x"), "document.macros"},
		{"macros declared", "a.docx", packed(t, "[Content_Types].xml", `<Types><Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>`, "word/document.xml", "<x/>"), "document.macros"},
		{"macros of an .odt", "a.odt", open(t, "", "<text:p>x</text:p>", "Basic/Standard/Module1.xml", "x"), "document.macros"},
		{"password", "a.docx", locked, "document.password"},
		{"password of an .odt", "a.odt", open(t, "", "x", "META-INF/manifest.xml", `<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>`), "document.password"},
		{"a way out", "a.docx", word(t, p("x"), "../../etc/passwd", "x"), "document.paths"},
		{"an absolute path", "a.docx", word(t, p("x"), "/etc/passwd", "x"), "document.paths"},
		{"a part twice", "a.docx", word(t, p("x"), "word/document.xml", "<x/>"), "document.broken"},
		{"another archive", "a.docx", packed(t, "a.docx", string(whole)), "document.archive"},
		{"a spreadsheet", "a.ods", packed(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml", "<x/>"), "document.archive"},
		{"cut off", "a.docx", whole[:len(whole)/2], "document.broken"},
		{"many parts", "a.docx", packed(t, many...), "document.bomb"},
		{"bomb", "a.docx", word(t, strings.Repeat(" ", maxPart)), "document.bomb"},
		{"bomb by ratio", "a.docx", word(t, strings.Repeat(" ", 8<<20)), "document.bomb"},
		{"a lie about its size", "a.docx", lying, "document.broken"},
		{"entities", "a.docx", packed(t, "[Content_Types].xml", `<Types/>`, "word/document.xml", `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`), "document.entities"},
		{"an entity of nobody", "a.docx", word(t, `<w:p>&a;</w:p>`), "document.broken"},
		{"another encoding", "a.docx", packed(t, "[Content_Types].xml", `<Types/>`, "word/document.xml", `<?xml version="1.0" encoding="UTF-7"?><x/>`), "document.broken"},
		{"invalid UTF-8", "a.docx", word(t, p("\xff")), "document.broken"},
		{"deep", "a.docx", word(t, strings.Repeat("<w:sdt><w:sdtContent>", maxDepth)), "document.nested"},
		{"many elements", "a.docx", word(t, strings.Repeat("<w:p/>", maxElements)), "document.bomb"},
		{"a long attribute", "a.docx", word(t, `<w:p w:x="`+strings.Repeat("x", maxAttribute+1)+`"/>`), "document.nested"},
		{"a long tag", "a.docx", word(t, `<w:p `+strings.Repeat(`a="" `, maxSpan/5)+`/>`), "document.nested"},
		{"many attributes", "a.docx", word(t, `<w:p `+strings.Repeat(`a="" `, maxAttributes+1)+`/>`), "document.nested"},
		{"a long table", "a.docx", word(t, `<w:tbl>`+rows+`</w:tbl>`), "document.table"},
		{"a wide table", "a.docx", word(t, `<w:tbl><w:tr>`+strings.Repeat(`<w:tc/>`, maxColumns+1)+`</w:tr></w:tbl>`), "document.table"},
		{"no text", "a.docx", word(t, `<w:p/>`), "document.no_text"},
		{"no body", "a.docx", packed(t, "[Content_Types].xml", `<Types/>`, "word/document.xml", `<x/>`), "document.archive"},
		{"no main part", "a.docx", packed(t, "[Content_Types].xml", `<Types/>`), "document.broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(c.file, c.data)
			var e *fault.Error
			if !errors.As(err, &e) || e.Key != c.key {
				t.Errorf("got %v, want %s", err, c.key)
			}
		})
	}
}

// sample is a text with all that Doc can say.
func sample() Doc {
	day := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	return Doc{Title: "Of water & light", Language: "en", Blocks: []Block{
		{Kind: Heading, Level: 1, Runs: []Run{{Text: "Of water & light"}}},
		{Kind: Quote, Runs: []Run{{Text: "Nobody has passed this."}}},
		{Kind: Heading, Level: 2, Label: "1.", Runs: []Run{{Text: "General"}}},
		{Kind: Item, Label: "Article 1.", By: "Rio Claro", When: day, Runs: []Run{{Text: "The council "}, {Text: "may", Change: Deleted}, {Text: "shall", Change: Inserted}, {Text: " pay <all>.", Strong: true}},
			Comments: []Comment{{By: "Rio Claro", When: day, Text: "Because “may” is nothing.\n\nTwo paragraphs."}, {Text: "Another."}}},
		{Kind: Paragraph, By: "Rio Claro", Change: Deleted, Runs: []Run{{Text: "It goes."}}},
		{Kind: Paragraph, By: "Rio Claro", Change: Inserted, Runs: []Run{{Text: "It comes\nin two lines."}}},
		{Kind: Item, Runs: []Run{{Text: "A point"}}},
		{Kind: Item, Level: 1, Runs: []Run{{Text: "below it"}}},
	}}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	data, err := sample().DOCX()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := sample().DOCX()
	if !bytes.Equal(data, again) {
		t.Error("the same text gives other bytes")
	}
	x := read(t, data)
	if x.Title != "Of water & light" {
		t.Errorf("title %q", x.Title)
	}
	wants(t, x, "# Of water & light\n\nNobody has passed this.\n\n## 1. General\n\nArticle 1. The council shall pay <all>.\n\nIt comes\nin two lines.\n\n- A point\n\n  - below it",
		Lost{LostTracked, 6}, Lost{LostComments, 2})
}

func TestMarkdownOut(t *testing.T) {
	want := `# Of water & light

> Nobody has passed this.

## 1. General

Article 1. The council <del>may</del><ins>shall</ins>** pay <all>.**

> **Rio Claro:** Because “may” is nothing.
>
> Two paragraphs.

> Another.

<del>It goes.</del>

<ins>It comes
in two lines.</ins>

- A point

  - below it
`
	if got := string(sample().Markdown()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRightToLeft(t *testing.T) {
	d := Doc{Language: "ar", RTL: true, Blocks: []Block{{Runs: []Run{{Text: "الماء حق"}}}}}
	data, err := d.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	a, err := openArchive(data)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := a.part("word/document.xml")
	sheet, _ := a.part("word/styles.xml")
	if !bytes.Contains(body, []byte(`<w:bidi/>`)) || !bytes.Contains(body, []byte(`<w:rtl/>`)) || !bytes.Contains(sheet, []byte(`w:bidi="ar"`)) {
		t.Errorf("%s\n%s", body, sheet)
	}
}

// fuzzed reads whatever comes and looks at the promises of Text.
func fuzzed(t *testing.T, data []byte) {
	x, err := Read("", data)
	if err != nil {
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooLarge) {
			t.Fatalf("not a fault of the file: %v", err)
		}
		return
	}
	if len(x.Markdown) > MaxText+1 || strings.TrimSpace(x.Markdown) == "" {
		t.Fatalf("%d bytes of text", len(x.Markdown))
	}
	for l := range strings.Lines(x.Markdown) {
		if err := fault.Clean("", strings.TrimSuffix(l, "\n"), MaxText, true); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
	}
	if err := fault.Clean("", x.Title, maxTitle, false); err != nil {
		t.Fatalf("title %q: %v", x.Title, err)
	}
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("# Title\n\nOne."))
	f.Add([]byte("\xff\xfeA\x00"))
	f.Add([]byte("Ma\xf1ana"))
	f.Fuzz(fuzzed)
}

// The parts are fuzzed rather than the archive: of chance bytes, hardly any are one.
func FuzzWord(f *testing.F) {
	f.Add(p("text")+item(1, 0, "one"), numbering, styles)
	f.Add(`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r></w:p><w:tbl><w:tr><w:tc>`+p("x")+`</w:tc></w:tr></w:tbl>`, "", "<x/>")
	f.Fuzz(func(t *testing.T, body, numbers, styles string) {
		fuzzed(t, word(t, body, "word/numbering.xml", numbers, "word/styles.xml", styles))
	})
}

func FuzzOpenDocument(f *testing.F) {
	f.Add(`<text:list-style style:name="L"/>`, `<text:list text:style-name="L"><text:list-item><text:p>x</text:p></text:list-item></text:list>`)
	f.Add("", `<text:p>a<text:note><text:note-body><text:p>b</text:p></text:note-body></text:note></text:p><table:table><table:table-row><table:table-cell/></table:table-row></table:table>`)
	f.Fuzz(func(t *testing.T, styles, text string) { fuzzed(t, open(t, styles, text)) })
}

func FuzzArchive(f *testing.F) {
	f.Add(word(f, p("text")))
	f.Add(open(f, "", "<text:p>x</text:p>"))
	f.Fuzz(fuzzed)
}

// A parser's memory is bounded by elements and by the stretches of text between them.
func TestStretchesOfTextAreCounted(t *testing.T) {
	few := `<x>` + strings.Repeat("a<!---->", 1000) + `</x>`
	if _, err := parseMarkup([]byte(few)); err != nil {
		t.Error(err)
	}
	many := `<x>` + strings.Repeat("a<!---->", maxElements) + `</x>`
	if _, err := parseMarkup([]byte(many)); !fault.Is(err, fault.TooLarge) {
		t.Error(err)
	}
}
