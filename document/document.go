// Package document carries texts between files and this program: Read takes the words out of a file
// that somebody brings (Markdown, plain text, Word, OpenDocument), Doc writes a text as Markdown or as
// a Word file, with comments and tracked changes.
//
// It is pure: it reads no clock, no disk and no network, and stores nothing. A file from a stranger is
// hostile until read: its size, that of each part once unpacked, the depth and the number of its elements
// and its tables are limited, it may define no entities, and a file with macros or a password is
// refused. What is carried, what is dropped and every limit is written in docs/importing.md.
package document

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"translocal/fault"
)

const (
	// MaxFile is the most bytes that a file may have.
	MaxFile = 4 << 20
	// MaxText is the most bytes that the text taken from a file may have.
	MaxText = 1 << 20
)

// Text is what was taken out of a file.
type Text struct {
	// Title is the text's own title, "" if none stands out. It is also in Markdown.
	Title string
	// Markdown is the text in paragraphs with an empty line between them: headings begin with #, numbered
	// articles with their numbers as a reader of the file saw them, items of lists with "-" or their number,
	// and each row of a table is a line between bars. At most MaxText bytes of valid UTF-8 without control
	// characters or signs that hide or reorder text; made for blueprint/clause.Segment.
	Markdown string
	// Lost tells what was in the file and is not in Markdown, or what was decided in reading it; in a fixed
	// order, each key once.
	Lost []Lost
}

// Lost is one kind of thing that was not carried, and how often it was there.
type Lost struct {
	Key   string // of a message, "document.lost.…", which takes Count as its number
	Count int
}

// What can be lost; each is the key of a message with a number.
const (
	LostAuthors    = "document.lost.authors"    // names and other data about who made the file
	LostComments   = "document.lost.comments"   // comments
	LostTracked    = "document.lost.tracked"    // tracked changes, all taken as accepted
	LostHidden     = "document.lost.hidden"     // pieces of hidden text
	LostImages     = "document.lost.images"     // pictures and drawings
	LostTextBoxes  = "document.lost.text_boxes" // text boxes
	LostFootnotes  = "document.lost.footnotes"  // notes; they are carried, at the end of the text
	LostMargins    = "document.lost.margins"    // headers and footers of pages
	LostTables     = "document.lost.tables"     // tables; their rows are carried, as lines
	LostFields     = "document.lost.fields"     // fields; their last value is carried
	LostContents   = "document.lost.contents"   // tables of contents and indexes
	LostLinks      = "document.lost.links"      // addresses behind words
	LostEmbedded   = "document.lost.embedded"   // embedded objects and other files
	LostEquations  = "document.lost.equations"  // equations; their letters are carried in a row
	LostCharacters = "document.lost.characters" // characters that can't be seen, or that hide or reorder text
	LostGuessed    = "document.lost.guessed"    // the encoding was guessed: Windows-1252
)

var lostOrder = []string{
	LostGuessed, LostTracked, LostHidden, LostComments, LostAuthors, LostFootnotes, LostTables, LostTextBoxes, LostImages, LostMargins,
	LostFields, LostContents, LostLinks, LostEmbedded, LostEquations, LostCharacters,
}

// IsLost tells whether a key is one of those of Lost.
func IsLost(key string) bool { return slices.Contains(lostOrder, key) }

// Read takes the text out of a file: Markdown or plain text (UTF-8; UTF-16 with a byte order mark;
// Windows-1252), Word (.docx) or OpenDocument (.odt). The content says what the file is; name, which may
// be "", is only looked at for kinds that can't be told by content.
//
// Tracked changes are taken as accepted, hidden text is left out, and Text.Lost says so. Everything that
// can't be read is a fault with a key "document.…" of its own: Invalid where the file is of a wrong kind,
// broken or forbidden (macros, password, entities), TooLarge where it passes a limit.
func Read(name string, data []byte) (Text, error) {
	if len(data) > MaxFile {
		return Text{}, fault.New(fault.TooLarge, "document.too_large", "max", MaxFile>>20)
	}
	if key := refused(name, data); key != "" {
		return Text{}, fault.New(fault.Invalid, key)
	}
	if bytes.HasPrefix(data, []byte("PK")) {
		return readArchive(data)
	}
	return readPlain(data)
}

// refused returns the key of a message for a file of a kind that is known and not read, "" for any other.
func refused(name string, data []byte) string {
	ext := strings.ToLower(path.Ext(name))
	head := data[:min(len(data), 512)]
	text := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")))
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "document.empty"
	case ext == ".docm" || ext == ".dotm":
		return "document.macros"
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "document.old_word"
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return "document.pdf"
	case strings.HasPrefix(text, `{\rtf`):
		return "document.rtf"
	case strings.HasPrefix(text, "<!doctype") || strings.HasPrefix(text, "<html") || strings.HasPrefix(text, "<?xml"):
		return "document.markup"
	}
	return ""
}

// text cleans what a reader wrote and puts the report together.
func finish(title, markdown string, lost map[string]int) (Text, error) {
	markdown, n := visible(markdown)
	title, _ = visible(title)
	lost[LostCharacters] += n
	if strings.TrimSpace(markdown) == "" {
		return Text{}, fault.New(fault.Invalid, "document.no_text")
	}
	if len(markdown) > MaxText {
		return Text{}, tooLong()
	}
	t := Text{Title: strings.Join(strings.Fields(title), " "), Markdown: strings.TrimSpace(markdown) + "\n"}
	if utf8.RuneCountInString(t.Title) > maxTitle {
		t.Title = ""
	}
	for _, key := range lostOrder {
		if lost[key] > 0 {
			t.Lost = append(t.Lost, Lost{key, lost[key]})
		}
	}
	return t, nil
}

// maxTitle is the most characters of a title; what is longer is a paragraph.
const maxTitle = 200

func tooLong() error { return fault.New(fault.TooLarge, "document.too_long", "max", MaxText>>10) }
