package clause

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitInline cuts blocks that hold several provisions in running text.
func splitInline(blocks []block) []block {
	out := make([]block, 0, len(blocks))
	for _, b := range blocks {
		if b.code || b.heading {
			out = append(out, b)
			continue
		}
		for _, part := range splitRecitals(b) {
			for _, item := range splitItems(part) {
				out = append(out, splitSentences(item)...)
			}
		}
	}
	return out
}

// at cuts a block before the given bytes of its text; the first part keeps its label.
func (b block) at(cuts []int) []block {
	if len(cuts) == 0 {
		return []block{b}
	}
	var out []block
	start := 0
	for _, cut := range append(cuts, len(b.text)) {
		if text := strings.TrimSpace(b.text[start:cut]); text != "" {
			part := b
			part.text = text
			if start > 0 {
				part.label, part.item = label{}, false
			}
			out = append(out, part)
		}
		start = cut
	}
	return out
}

// splitRecitals cuts before a recital or resolution that stands in capitals within a paragraph.
func splitRecitals(b block) []block {
	var cuts []int
	for i := range boundaries(b.text) {
		if before := strings.TrimRight(b.text[:i], " "); !strings.HasSuffix(before, ",") && inlineRecital(b.text[i:]) {
			cuts = append(cuts, i)
		}
	}
	return b.at(cuts)
}

func inlineRecital(s string) bool {
	return recital(s) && strings.HasPrefix(s, strings.ToUpper(firstWord(s)))
}

func firstWord(s string) string {
	return s[:prefixLen(s, unicode.IsLetter)]
}

// boundaries yields where, within a text, a provision could start: after a stop, a comma, "and" or "or", and a space.
func boundaries(s string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; ; {
			n := strings.IndexByte(s[i:], ' ')
			if n < 0 {
				return
			}
			before := s[max(0, i+n-8) : i+n]
			i += n + 1
			for i < len(s) && s[i] == ' ' {
				i++
			}
			if i < len(s) && closes(before) && !yield(i) {
				return
			}
		}
	}
}

// minItem is the least words that the items of a list in running text have on average, to be provisions of their own.
const minItem = 8

// splitItems cuts a list in running text, "(a) …; (b) …" or "Section 1. … Section 2. …", at its items if
// the labels follow one another from the first on.
func splitItems(b block) []block {
	if strings.Count(b.text, " ") < 3*minItem {
		return []block{b}
	}
	type start struct{ at, text int }
	var found []start
	var labels []label
	last, style := 0, ""
	for i := range boundaries(b.text) {
		rest := b.text[i:]
		l, after, ok := readLabel(rest[:min(len(rest), 64)])
		if !ok || l.value != last+1 && l.roman != last+1 || style != "" && l.style != style || !surelyLabel(l) {
			continue
		}
		last, style = last+1, l.style
		found = append(found, start{i, i + min(len(rest), 64) - len(after)})
		labels = append(labels, l)
	}
	if len(found) < 2 || strings.Count(b.text[found[0].at:], " ") < minItem*len(found) {
		return []block{b}
	}
	cuts := make([]int, len(found))
	for i, f := range found {
		cuts[i] = f.at
	}
	parts := b.at(cuts)
	skip := len(parts) - len(found)
	for i := range found {
		p := &parts[skip+i]
		p.label = labels[i]
		p.text = strings.TrimSpace(strings.TrimPrefix(p.text, labels[i].text))
	}
	return parts
}

// surelyLabel leaves out what in running text is more often something else: "1." and "a." end sentences.
func surelyLabel(l label) bool {
	return l.part != "" || strings.HasPrefix(l.style, "(") || strings.HasSuffix(l.style, ")")
}

// splitSentences cuts a block of more than maxWords words at its sentences. Cutting at each, and not
// after so many words, keeps the pieces the same when something is put in before them.
func splitSentences(b block) []block {
	if strings.Count(b.text, " ") < maxWords && utf8.RuneCountInString(b.text) < 8*maxWords {
		return []block{b}
	}
	var cuts []int
	for i, r := range b.text {
		if strings.ContainsRune("。！？؟।", r) {
			cuts = append(cuts, i+utf8.RuneLen(r))
		}
	}
	if len(cuts) == 0 {
		for i := range boundaries(b.text) {
			first, _ := utf8.DecodeRuneInString(b.text[i:])
			before := strings.TrimRight(b.text[:i], " \"'”’)")
			if !unicode.IsLower(first) && strings.ContainsAny(before[max(0, len(before)-1):], ".;!?") && !abbreviated(before) {
				cuts = append(cuts, i)
			}
		}
	}
	var out []block
	for _, part := range b.at(cuts) {
		out = append(out, splitWords(part)...)
	}
	return out
}

// splitWords cuts what even as one sentence is too long, after every maxWords words.
func splitWords(b block) []block {
	var cuts []int
	words, chars := 0, 0
	for i, r := range b.text {
		chars++
		if r == ' ' {
			words++
		}
		if words == maxWords && r == ' ' || chars == 16*maxWords {
			cuts = append(cuts, i)
			words, chars = 0, 0
		}
	}
	return b.at(cuts)
}

// abbreviated reports whether a text ends in a short form rather than a sentence: "No.", "Art.", "c."
func abbreviated(s string) bool {
	if !strings.HasSuffix(s, ".") {
		return false
	}
	w := lastWord(s)
	return utf8.RuneCountInString(w) <= 4 && strings.ToLower(w) != w || utf8.RuneCountInString(w) <= 2
}
