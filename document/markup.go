package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"

	"translocal/fault"
)

// Limits of one XML part.
const (
	maxDepth      = 200     // elements within elements
	maxElements   = 500_000 // elements of a part, and stretches of text between them
	maxAttributes = 100     // of an element
	maxAttribute  = 16 << 10
	maxSpan       = 256 << 10 // bytes from one < to the next: a tag with its attributes and the text behind it
)

// element is a node of a parsed part: an element with its name, or text.
type element struct {
	name     string // "w:p" with the prefix that we give its namespace; "" for text
	text     string
	attrs    []attribute
	children []*element
}

type attribute struct{ name, value string }

// namespaces gives short names to those that are read; what is in another has the prefix "?".
var namespaces = map[string]string{
	"http://schemas.openxmlformats.org/wordprocessingml/2006/main":              "w",
	"http://purl.oclc.org/ooxml/wordprocessingml/main":                          "w",
	"http://schemas.openxmlformats.org/officeDocument/2006/math":                "m",
	"http://purl.oclc.org/ooxml/officeDocument/math":                            "m",
	"http://schemas.openxmlformats.org/markup-compatibility/2006":               "mc",
	"http://schemas.openxmlformats.org/officeDocument/2006/relationships":       "r",
	"http://purl.oclc.org/ooxml/officeDocument/relationships":                   "r",
	"http://schemas.openxmlformats.org/package/2006/relationships":              "rel",
	"http://schemas.openxmlformats.org/package/2006/content-types":              "ct",
	"http://schemas.openxmlformats.org/package/2006/metadata/core-properties":   "cp",
	"http://purl.org/dc/elements/1.1/":                                          "dc",
	"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties": "ep",
	"http://schemas.openxmlformats.org/drawingml/2006/main":                     "a",
	"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing":    "wp",
	"http://schemas.openxmlformats.org/drawingml/2006/picture":                  "pic",
	"urn:schemas-microsoft-com:vml":                                             "v",
	"urn:schemas-microsoft-com:office:office":                                   "o",
	"http://schemas.microsoft.com/office/word/2010/wordprocessingShape":         "wps",
	"http://www.w3.org/XML/1998/namespace":                                      "xml",
	"urn:oasis:names:tc:opendocument:xmlns:office:1.0":                          "office",
	"urn:oasis:names:tc:opendocument:xmlns:text:1.0":                            "text",
	"urn:oasis:names:tc:opendocument:xmlns:table:1.0":                           "table",
	"urn:oasis:names:tc:opendocument:xmlns:style:1.0":                           "style",
	"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0":                         "draw",
	"urn:oasis:names:tc:opendocument:xmlns:meta:1.0":                            "meta",
	"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0":                        "manifest",
	"urn:oasis:names:tc:opendocument:xmlns:script:1.0":                          "script",
	"urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0":      "loext",
}

func shortName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	if p, ok := namespaces[n.Space]; ok {
		return p + ":" + n.Local
	}
	return "?:" + n.Local
}

// parseMarkup reads one XML part. It takes no document type, so no entity but XML's own five, and no
// encoding but UTF-8.
func parseMarkup(data []byte) (*element, error) {
	for rest := data; len(rest) > maxSpan; { // before a parser holds a million attributes
		n := bytes.LastIndexByte(rest[:maxSpan], '<')
		if n <= 0 {
			return nil, fault.New(fault.TooLarge, "document.nested")
		}
		rest = rest[n:]
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	root := &element{}
	stack := []*element{root}
	for elements := 0; ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.Directive:
			return nil, fault.New(fault.Invalid, "document.entities")
		case xml.StartElement:
			elements++
			if len(stack) > maxDepth || elements > maxElements {
				return nil, fault.New(fault.TooLarge, "document.nested")
			}
			e, err := newElement(t)
			if err != nil {
				return nil, err
			}
			top.children = append(top.children, e)
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 1 && (len(bytes.TrimSpace(t)) > 0 || keepsSpace(top.name)) {
				if elements++; elements > maxElements {
					return nil, fault.New(fault.TooLarge, "document.nested")
				}
				top.children = append(top.children, &element{text: string(t)})
			}
		}
	}
	if len(root.children) != 1 {
		return nil, broken(errors.New("no root element"))
	}
	return root.children[0], nil
}

// keepsSpace tells the elements in which white space alone is text.
func keepsSpace(name string) bool {
	switch name {
	case "w:t", "text:p", "text:h", "text:span", "text:a", "text:ruby-base", "text:meta", "text:meta-field":
		return true
	}
	return false
}

func newElement(t xml.StartElement) (*element, error) {
	e := &element{name: shortName(t.Name)}
	if len(t.Attr) > maxAttributes {
		return nil, fault.New(fault.TooLarge, "document.nested")
	}
	for _, a := range t.Attr {
		if len(a.Value) > maxAttribute {
			return nil, fault.New(fault.TooLarge, "document.nested")
		}
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
			e.attrs = append(e.attrs, attribute{shortName(a.Name), a.Value})
		}
	}
	return e, nil
}

// attr returns an attribute's value, "" if it isn't there.
func (e *element) attr(name string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

// child returns the first child of that name, or nil; so with more names, the child of that child.
func (e *element) child(names ...string) *element {
	for _, name := range names {
		if e == nil {
			return nil
		}
		var found *element
		for _, c := range e.children {
			if c.name == name {
				found = c
				break
			}
		}
		e = found
	}
	return e
}

// walk calls f on e and all that is in it, before what is in it.
func (e *element) walk(f func(*element)) {
	if e == nil {
		return
	}
	f(e)
	for _, c := range e.children {
		c.walk(f)
	}
}

// words returns all text in an element.
func (e *element) words() string {
	var b strings.Builder
	e.walk(func(c *element) { b.WriteString(c.text) })
	return strings.TrimSpace(b.String())
}

// says reports whether an element holds more than numbers of pages.
func says(e *element) bool { return strings.ContainsFunc(e.words(), unicode.IsLetter) }

// integer reads a small number that is not negative; otherwise it is def.
func integer(s string, def int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<20 {
		return def
	}
	return n
}
