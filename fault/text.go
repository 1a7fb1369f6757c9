package fault

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text rules. A line has no line breaks; a passage may have them. Both must be
// valid UTF-8 without control characters, and without the invisible characters
// that reorder or hide text (bidirectional overrides and isolates, zero-width
// and tag characters), which can make a name or clause read as another one.
// Zero-width joiners stay: Persian and Indic scripts and many others need them.

// Line cleans a single line: trims it, folds runs of spaces, brings it to NFC.
// It fails on field when the text is longer than max characters or hostile.
func Line(field, s string, max int) (string, error) {
	s, err := clean(field, s, max, false)
	return strings.Join(strings.Fields(s), " "), err
}

// RequiredLine is Line, and fails when nothing is left.
func RequiredLine(field, s string, max int) (string, error) {
	s, err := Line(field, s, max)
	if err == nil && s == "" {
		err = At(field, "fault.required")
	}
	return s, err
}

// Passage cleans a text of several lines: line ends become \n, trailing space
// goes, NFC. It fails on field when longer than max characters or hostile.
func Passage(field, s string, max int) (string, error) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	s, err := clean(field, s, max, true)
	return strings.TrimSpace(s), err
}

// RequiredPassage is Passage, and fails when nothing is left.
func RequiredPassage(field, s string, max int) (string, error) {
	s, err := Passage(field, s, max)
	if err == nil && s == "" {
		err = At(field, "fault.required")
	}
	return s, err
}

func clean(field, s string, max int, lines bool) (string, error) {
	// Bytes first: never normalise or count what is far too long.
	if len(s) > 4*max+4 {
		return "", At(field, "fault.too_long", "max", max)
	}
	if !utf8.ValidString(s) {
		return "", At(field, "fault.encoding")
	}
	for _, r := range s {
		if hidden(r) && !(lines && (r == '\n' || r == '\t')) && r != '\t' {
			return "", At(field, "fault.hidden_character", "code", codePoint(r))
		}
	}
	s = norm.NFC.String(s)
	if utf8.RuneCountInString(s) > max {
		return "", At(field, "fault.too_long", "max", max)
	}
	return s, nil
}

// Clean tells whether a text that came from elsewhere already obeys the rules
// of Line (lines=false) or Passage, up to max characters, without changing it.
func Clean(field, s string, max int, lines bool) error {
	_, err := clean(field, s, max, lines)
	return err
}

func hidden(r rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d':
		return false
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff', r == '\u200b', r == '\u2060', r == '\u00ad':
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f', r == '\u061c':
		return true
	case r >= 0xe0000 && r <= 0xe007f, r == unicode.ReplacementChar:
		return true
	case r >= 0xfff9 && r <= 0xfffb:
		return true
	}
	return unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r)
}

func codePoint(r rune) string {
	const hex = "0123456789ABCDEF"
	b := []byte("U+0000")
	if r > 0xffff {
		b = []byte("U+00000")
	}
	for i := len(b) - 1; i > 1; i-- {
		b[i] = hex[r&15]
		r >>= 4
	}
	return string(b)
}
