package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// alike are letters that people type as others and that no normal form takes apart.
var alike = map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ı': "i", 'ς': "σ"}

// Fold writes a text as it is compared: small letters, without accents and
// points, ligatures and wide forms taken apart. Vowel signs of Indic scripts
// stay, for they are no decoration.
func Fold(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if decoration(r) {
			continue
		}
		// Both ways, for letters whose small forms are several (ſ, K as a sign).
		r = unicode.ToLower(unicode.ToUpper(unicode.ToLower(r)))
		if as, ok := alike[r]; ok {
			b.WriteString(as)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decoration tells whether a sign is left out in comparing: combining accents,
// points of Arabic and Hebrew, the Arabic stretch, and what has no width.
func decoration(r rune) bool {
	switch {
	case r < 0x300:
		return r == 0xad
	case r <= 0x36f, r >= 0x591 && r <= 0x5c7, r >= 0x610 && r <= 0x61a, r >= 0x64b && r <= 0x65f, r == 0x670, r >= 0x6d6 && r <= 0x6ed:
		return unicode.IsMark(r)
	case r == 0x640:
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// token is one word of a text: where it stands, and as it is compared.
type token struct {
	from, to int
	word     string
	unspaced bool // one sign of a script that puts no space between words
}

var unspacedScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

func unspaced(r rune) bool { return r >= 0xe00 && unicode.In(r, unspacedScripts...) }

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || decoration(r)
}

// tokens cuts a text into its words. What stands between them is passed over.
func tokens(s string) (out []token) {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			i += size
			continue
		}
		from, alone := i, unspaced(r)
		for i += size; i < len(s); i += size {
			r, size = utf8.DecodeRuneInString(s[i:])
			if alone && !unicode.IsMark(r) || !alone && (!inWord(r) || unspaced(r) && !unicode.IsMark(r)) {
				break
			}
		}
		if w := Fold(s[from:i]); w != "" {
			out = append(out, token{from, i, w, alone})
		}
	}
	return out
}

// terms are what a text is found by: its words, and in scripts without spaces
// each sign and each pair of neighbours.
func terms(s string) (out []string) {
	all := tokens(s)
	for i, t := range all {
		out = append(out, t.word)
		if t.unspaced && i+1 < len(all) && all[i+1].unspaced && all[i+1].from == t.to {
			out = append(out, t.word+all[i+1].word)
		}
	}
	return out
}

// Words are the words of a text, folded, in their order.
func Words(s string) []string {
	all := tokens(s)
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = t.word
	}
	return out
}
