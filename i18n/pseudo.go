package i18n

import "strings"

// Pseudo returns a copy of b with two languages more, made from English, for
// tests of layout: en-XA has accents and is two fifths longer, ar-XB runs from
// right to left. A text that stays plain English in them is not a message.
func (b *Bundle) Pseudo() (*Bundle, error) {
	english := b.printers[0]
	byLang := map[string]map[string]message{}
	for _, p := range b.printers {
		byLang[p.lang] = p.own
	}
	byLang["en-XA"] = english.rewrite(lengthen, func(s string) string { return "[" + s + "]" })
	byLang["ar-XB"] = english.rewrite(mirror, func(s string) string { return s })
	return newBundle(byLang)
}

// rewrite returns p's messages with each literal passed through change, and
// each whole text's ends through frame; numbers' signs stay.
func (p *Printer) rewrite(change, frame func(string) string) map[string]message {
	out := make(map[string]message, len(p.own))
	for key, m := range p.own {
		switch key {
		case "format.decimal", "format.group", "format.group_from":
			out[key] = m
			continue
		}
		for f, form := range m.forms {
			if form != nil {
				m.forms[f] = form.rewrite(change, frame)
			}
		}
		out[key] = m
	}
	return out
}

func (form *pattern) rewrite(change, frame func(string) string) *pattern {
	out := &pattern{names: form.names}
	for _, literal := range form.literals {
		out.literals = append(out.literals, change(literal))
	}
	const mark = "\x00"
	open, shut, _ := strings.Cut(frame(mark), mark)
	last := len(out.literals) - 1
	out.literals[0] = open + out.literals[0]
	out.literals[last] += shut
	return out
}

var accents = strings.NewReplacer(
	"a", "á", "e", "é", "i", "í", "o", "ó", "u", "ú", "c", "ç", "n", "ñ", "s", "š", "y", "ý", "z", "ž",
	"A", "Å", "E", "É", "I", "Î", "O", "Ö", "U", "Û", "C", "Ç", "N", "Ñ", "S", "Š", "Y", "Ý", "Z", "Ž")

func lengthen(s string) string {
	words := len(strings.Fields(s))
	if words == 0 {
		return s
	}
	return accents.Replace(s) + strings.Repeat(" ~~~", (len(s)*2/5+3)/4)
}

// mirror puts each word under a right-to-left override, ended after the word.
func mirror(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if w != "" {
			words[i] = "\u202e" + w + "\u202c"
		}
	}
	return strings.Join(words, " ")
}
