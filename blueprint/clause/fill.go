package clause

import (
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
