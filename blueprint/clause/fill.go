package clause

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name of a variable, in bytes, with the spaces around it; it bounds how far a
// pair of open braces is followed.
const maxName = 128

// Fill replaces each variable {{name}} of text by its value. A variable without a value, or with an
// empty one, stays as it is, so that a reader sees what is still to be filled. Values are put in as they
// are and never looked through again; what only looks like a variable stays text.
func Fill(text string, values map[string]string) string {
	var out strings.Builder
	done := 0
	eachVariable(text, func(start, end int, name string) {
		if v := values[name]; v != "" {
			out.WriteString(text[done:start])
			out.WriteString(v)
			done = end
		}
	})
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// Variables returns the names of the variables of text, each once, in the order of their first use.
func Variables(text string) []string {
	var names []string
	seen := make(map[string]bool)
	eachVariable(text, func(_, _ int, name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	})
	return names
}

// eachVariable calls found for each {{name}} of text, with the bytes that it takes.
func eachVariable(text string, found func(start, end int, name string)) {
	for at := 0; ; {
		i := strings.Index(text[at:], "{{")
		if i < 0 {
			return
		}
		start := at + i
		name, end := variableAt(text, start)
		if end < 0 {
			at = start + 1
			continue
		}
		found(start, end, name)
		at = end
	}
}

// variableAt reads the variable whose braces open at start; end is -1 if there is none. A name holds
// letters, marks and digits of any script, and - _ . between them; spaces may stand around it.
func variableAt(text string, start int) (name string, end int) {
	rest := text[start+2:]
	if len(rest) > maxName+2 {
		rest = rest[:maxName+2]
	}
	inner, _, ok := strings.Cut(rest, "}}")
	if !ok {
		return "", -1
	}
	name = strings.Trim(inner, " \t")
	if name == "" || !utf8.ValidString(name) {
		return "", -1
	}
	for i, r := range name {
		word := unicode.IsLetter(r) || unicode.IsDigit(r) || i > 0 && unicode.IsMark(r)
		joint := i > 0 && i < len(name)-1 && (r == '-' || r == '_' || r == '.')
		if !word && !joint {
			return "", -1
		}
	}
	return name, start + 2 + len(inner) + 2
}

// maxFill is the most words that a value of a variable may have to be recognised by Fills.
const maxFill = 12

// Fills reports whether text is model with each variable filled by one to twelve words: a text that
// keeps the wording of a model, with its own names and numbers put in. It is false if model has no variables.
func Fills(text, model string) bool {
	return patternOf(model).fits(sequenceOf(normalWords(text)).units)
}

// pattern is the wording of a text between its variables.
type pattern [][]unit

// patternOf returns nil if the text has no variables.
func patternOf(text string) pattern {
	var p pattern
	done := 0
	add := func(end int) { p = append(p, sequenceOf(normalWords(text[done:end])).units) }
	eachVariable(text, func(start, end int, _ string) {
		add(start)
		done = end
	})
	if p != nil {
		add(len(text))
	}
	return p
}

// fits reports whether units are the wording of p in order, with one to maxFill units for each variable.
// O(len(units) · variables · maxFill).
func (p pattern) fits(units []unit) bool {
	if p == nil || !startsWith(units, p[0]) {
		return false
	}
	ends := map[int]bool{len(p[0]): true}
	for i, wording := range p[1:] {
		next := make(map[int]bool)
		for end := range ends {
			for start := end + 1; start <= min(end+maxFill, len(units)); start++ {
				if startsWith(units[start:], wording) && (i < len(p)-2 || start+len(wording) == len(units)) {
					next[start+len(wording)] = true
				}
			}
		}
		ends = next
	}
	return ends[len(units)]
}

func startsWith(units, prefix []unit) bool {
	return len(units) >= len(prefix) && slices.Equal(units[:len(prefix)], prefix)
}
