package clause

import (
	"hash/maphash"
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Normalise returns the text as it is compared: what a reader would call the same wording comes out the
// same. Letters are folded (case, ligatures, full width), markup is taken off, signs, spaces and line
// breaks don't count, nor do hyphens and apostrophes inside a word ("e-mail" is "email"), invisible
// characters, and the vowel points of Arabic and Hebrew. Accents do count, and so do the address or the name behind the
// words of a link; an address is one word, without scheme, "www." and a slash at its end. Words are joined by single spaces.
func Normalise(text string) string {
	var out []string
	for _, w := range normalWords(text) {
		out = append(out, w.text)
	}
	return strings.Join(out, " ")
}

// normalWord is a word of a normalised text, or one character of a script without spaces.
type normalWord struct {
	text  string
	grams int  // 0 for a word; for a character, how many of them are compared as one unit
	first bool // for a character: starts a run
}

// normalWords cuts a text into its normalised words.
func normalWords(text string) []normalWord {
	s := fold(unmarked(text))
	out := make([]normalWord, 0, len(s)/6+1)
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			out = append(out, normalWord{text: word.String()})
			word.Reset()
		}
	}
	before := ' ' // the last rune that was not skipped
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if word.Len() == 0 {
			if url, n := address(s[i:]); n > 0 {
				out = append(out, normalWord{text: url})
				i += n
				before = ' '
				continue
			}
		}
		i += n
		switch {
		case silent(r):
			continue
		case unspaced(r):
			end()
			if unicode.IsMark(r) && len(out) > 0 && out[len(out)-1].grams > 0 && unspaced(before) {
				if last := &out[len(out)-1]; len(last.text) < maxMarks {
					last.text += string(r)
				}
			} else {
				out = append(out, normalWord{string(r), gramLength(r), !unspaced(before)})
			}
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r):
			word.WriteRune(r)
		default:
			next, _ := utf8.DecodeRuneInString(s[i:])
			if !joinsWord(before, r, next, word.Len()) {
				end()
			} else if r == '.' && unicode.IsDigit(before) || r == ',' {
				word.WriteRune(r)
			}
		}
		before = r
	}
	end()
	return out
}

// maxMarks bounds, in bytes, how many marks on one character are compared.
const maxMarks = 64

// fold gives letters that differ only in form one form.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return cases.Fold().String(norm.NFKC.String(s))
		}
	}
	return strings.ToLower(s)
}

// joinsWord reports whether the sign r between two runes is inside a word: don't, e-mail, 3.5, 1,000, U.S.
func joinsWord(before, r, after rune, length int) bool {
	if length == 0 {
		return false
	}
	letters := unicode.IsLetter(after) && !unspaced(after)
	switch r {
	case '\'', '’', '-', '‐', '‑':
		return letters || unicode.IsDigit(before) && unicode.IsDigit(after)
	case '.':
		return unicode.IsDigit(before) && unicode.IsDigit(after) || length == 1 && letters && unicode.IsLetter(before)
	case ',':
		return unicode.IsDigit(before) && unicode.IsDigit(after)
	}
	return false
}

// silent runes are neither seen nor compared.
func silent(r rune) bool {
	if r < utf8.RuneSelf {
		return false
	}
	return unicode.Is(unicode.Cf, r) || r == 'ـ' ||
		unicode.Is(unicode.Mn, r) && (0x0590 <= r && r <= 0x05ff || 0x0600 <= r && r <= 0x06ff)
}

// gramLength says how many characters of a script without spaces make about one word; runs of that many
// are the units that are compared.
func gramLength(r rune) int {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
		return 2
	}
	return 4
}

// address reads an http address at the start of s, and returns it in short form with its length, or 0.
func address(s string) (string, int) {
	if len(s) < 5 || s[0] != 'h' && s[0] != 'w' {
		return "", 0
	}
	rest := s
	for _, prefix := range []string{"http://", "https://", "www."} {
		rest = strings.TrimPrefix(rest, prefix)
	}
	if len(rest) == len(s) {
		return "", 0
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>\"()[]{}|*`", r) })
	if n < 0 {
		n = len(rest)
	}
	return strings.TrimRight(rest[:n], "/.,;:!?'"), len(s) - len(rest) + n
}

// unmarked takes the tags, entities and escapes of HTML and Markdown off a text. Emphasis and the
// brackets of links are signs, which don't count anyway.
func unmarked(text string) string {
	if !strings.ContainsAny(text, "<&\\") {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	for i := 0; i < len(text); {
		n := 0
		switch text[i] {
		case '\\':
			n = 1
		case '<':
			n = writeTag(&out, text[i:])
		}
		if n == 0 {
			out.WriteByte(text[i])
			n = 1
		}
		i += n
	}
	return html.UnescapeString(out.String())
}

// maxTag bounds how far a tag is followed, in bytes.
const maxTag = 1000

// writeTag drops the HTML tag at the start of s, or opens an address in angle brackets. It returns the
// bytes read, 0 if there is neither.
func writeTag(out *strings.Builder, s string) int {
	end := strings.IndexByte(s[:min(len(s), maxTag)], '>')
	if end < 2 {
		return 0
	}
	inner := s[1:end]
	if c := inner[0]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '/' || c == '!') {
		return 0
	}
	out.WriteByte(' ')
	if strings.Contains(inner, "://") && !strings.Contains(inner, " ") || strings.HasPrefix(inner, "mailto:") {
		out.WriteString(inner)
	} else if strings.Contains(inner, "@") && !strings.Contains(inner, " ") {
		out.WriteString(inner)
	}
	out.WriteByte(' ')
	return end + 1
}

// unit is what comparisons count: a word, or a run of characters of a script without spaces, as a hash.
type unit uint64

var unitSeed = maphash.MakeSeed()

// sequence is a text as a sequence of units. weights says how much of a word each unit stands for, in
// quarters: 4 for a word, 2 for a pair of Chinese characters, 1 for four Thai ones.
type sequence struct {
	units   []unit
	weights []uint8
}

func sequenceOf(words []normalWord) sequence {
	s := sequence{make([]unit, 0, len(words)), make([]uint8, 0, len(words))}
	for i := 0; i < len(words); {
		if words[i].grams == 0 {
			s.units = append(s.units, unit(maphash.String(unitSeed, words[i].text)))
			s.weights = append(s.weights, 4)
			i++
			continue
		}
		end := i + 1
		for end < len(words) && words[end].grams == words[i].grams && !words[end].first {
			end++
		}
		s.addGrams(words[i:end])
		i = end
	}
	return s
}

// addGrams adds the overlapping runs of a run of characters.
func (s *sequence) addGrams(run []normalWord) {
	n := run[0].grams
	for i := 0; i == 0 || i+n <= len(run); i++ {
		var h maphash.Hash
		h.SetSeed(unitSeed)
		for _, c := range run[i:min(i+n, len(run))] {
			h.WriteString(c.text)
		}
		s.units = append(s.units, unit(h.Sum64()))
		s.weights = append(s.weights, uint8(4/n))
	}
}

// wordCount is about how many words a text has, whatever its script.
func wordCount(words []normalWord) int {
	quarters := 0
	for _, w := range words {
		if w.grams == 0 {
			quarters += 4
		} else {
			quarters += 4 / w.grams
		}
	}
	return (quarters + 3) / 4
}
