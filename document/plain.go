package document

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"translocal/fault"
)

// readPlain reads Markdown or plain text; both stay as they are.
func readPlain(data []byte) (Text, error) {
	lost := map[string]int{}
	s, err := decode(data, lost)
	if err != nil {
		return Text{}, err
	}
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return finish(titleOf(s), s, lost)
}

// decode brings a text to UTF-8.
func decode(data []byte, lost map[string]int) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		return "", fault.New(fault.Invalid, "document.encoding")
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return utf16Text(data[2:], 0, 1)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return utf16Text(data[2:], 1, 0)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(data, 0) >= 0 {
		return "", fault.New(fault.Invalid, "document.binary")
	}
	if utf8.Valid(data) {
		return string(data), nil
	}
	for _, b := range data {
		// These mean nothing in Windows-1252, so it is something else.
		if b < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1a", rune(b)) || b == 0x81 || b == 0x8d || b == 0x8f || b == 0x90 || b == 0x9d {
			return "", fault.New(fault.Invalid, "document.encoding")
		}
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "document.encoding")
	}
	lost[LostGuessed] = 1
	return string(out), nil
}

// utf16Text reads UTF-16 with the low byte of each unit at lo and the high one at hi.
func utf16Text(data []byte, lo, hi int) (string, error) {
	if len(data)%2 != 0 {
		return "", fault.New(fault.Invalid, "document.encoding")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = uint16(data[2*i+lo]) | uint16(data[2*i+hi])<<8
	}
	s := string(utf16.Decode(units))
	if strings.ContainsAny(s, "\x00\uFFFD") {
		return "", fault.New(fault.Invalid, "document.encoding")
	}
	return s, nil
}

// visible takes out the characters that package fault refuses in a text, and says how many; a soft hyphen,
// a byte order mark, a form feed or a direction mark is no loss to a reader and isn't counted.
func visible(s string) (string, int) {
	n := 0
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\f' || r == '\v' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case r == '\u00ad' || r == '\ufeff' || r == '\u200e' || r == '\u200f' || r == '\u061c' || r == '\u2060' || r == '\u200b':
			return -1
		case fault.Clean("", string(r), 1, true) != nil && norm.NFC.String(string(r)) == string(r):
			n++
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(s), n
}

// titleOf returns the first heading of a Markdown text, or the first line of a plain one if it is short
// and no sentence.
func titleOf(s string) string {
	first := ""
	for l := range strings.Lines(s) {
		l = strings.TrimSpace(l)
		if rest := strings.TrimLeft(l, "#"); rest != l && strings.HasPrefix(rest, " ") && len(l)-len(rest) <= 2 {
			return strings.Trim(rest, "# *_")
		}
		if first == "" && l != "" && strings.ContainsFunc(l, unicode.IsLetter) {
			first = l
		}
	}
	if len(strings.Fields(first)) > 12 || strings.HasPrefix(first, "|") || strings.ContainsAny(first[max(0, len(first)-1):], ".;:,") {
		return ""
	}
	return strings.Trim(first, "*_ ")
}
