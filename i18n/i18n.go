// Package i18n holds every text of the interface: messages with plurals,
// numbers, dates with their time zone, languages in their own name, and the
// direction of writing.
//
// Messages lie in locale/<language>/<part>.json, in the shape that go-i18n v2
// gave to JSON and that translation tools read:
//
//	{
//	  "site.save": "Save",
//	  "site.notices": {"one": "{count} notice", "other": "{count} notices"}
//	}
//
// A key begins with the name of its file and a dot, so that a part can be
// translated apart. A placeholder is a name in braces, never a position. Plural
// categories are CLDR's for whole numbers, as golang.org/x/text knows them
// (CLDR 32, which has no "many" for Spanish or French millions yet).
//
// English is whole. A message that another language lacks is shown in English;
// a key that English lacks too is shown as its last words, or, in a [Bundle]
// made by [Bundle.Strict] for tests, in brackets that cannot be overlooked.
//
// Results are plain text: who puts them into HTML escapes them.
package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

//go:embed locale/*/*.json
var embedded embed.FS

// source is the language in which messages are written first and in which a
// message missing elsewhere is shown.
const source = "en"

// A Bundle holds the messages of every language. It does not change once it is
// made and may be used by many goroutines.
type Bundle struct {
	printers []*Printer // the source language first
	matcher  language.Matcher
}

// Load returns the messages built into the program. It reads them once.
func Load() (*Bundle, error) { return loadEmbedded() }

var loadEmbedded = sync.OnceValues(func() (*Bundle, error) {
	sub, err := fs.Sub(embedded, "locale")
	if err != nil {
		return nil, err
	}
	return load(sub)
})

// load reads <language>/<part>.json files; the first error names the file and
// the key.
func load(fsys fs.FS) (*Bundle, error) {
	files, err := fs.Glob(fsys, "*/*.json")
	if err != nil {
		return nil, err
	}
	byLang := map[string]map[string]message{}
	for _, name := range files {
		lang := path.Dir(name)
		tag, err := language.Parse(lang)
		if err != nil || tag.String() != lang {
			return nil, fmt.Errorf("%s: %q is not a language tag in its usual form", name, lang)
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if byLang[lang] == nil {
			byLang[lang] = map[string]message{}
		}
		part := strings.TrimSuffix(path.Base(name), ".json")
		if err := parseFile(byLang[lang], tag, part, data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return newBundle(byLang)
}

// newBundle completes each language with the source language's messages.
func newBundle(byLang map[string]map[string]message) (*Bundle, error) {
	if byLang[source] == nil {
		return nil, fmt.Errorf("no messages in %q, the language that all others fall back to", source)
	}
	langs := []string{source}
	for lang := range byLang {
		if lang != source {
			langs = append(langs, lang)
		}
	}
	slices.Sort(langs[1:])

	b := &Bundle{}
	for _, lang := range langs {
		own := byLang[lang]
		all := make(map[string]message, len(byLang[source]))
		for key, m := range byLang[source] {
			all[key] = m
		}
		for key, m := range own {
			all[key] = m
		}
		p, err := newPrinter(lang, own, all)
		if err != nil {
			return nil, err
		}
		b.printers = append(b.printers, p)
	}
	b.index()
	return b, nil
}

func (b *Bundle) index() {
	tags := make([]language.Tag, len(b.printers))
	for i, p := range b.printers {
		tags[i] = p.tag
	}
	b.matcher = language.NewMatcher(tags)
}

// Languages returns the BCP 47 tags of the interface's languages, the source
// language first.
func (b *Bundle) Languages() []string {
	out := make([]string, len(b.printers))
	for i, p := range b.printers {
		out[i] = p.lang
	}
	return out
}

// Keys returns the message keys of the source language, sorted.
func (b *Bundle) Keys() []string { return b.printers[0].keys() }

// Strict returns a copy of b that shows a message missing from its language as
// its key between ⟦ and ⟧. It is for tests.
func (b *Bundle) Strict() *Bundle {
	out := &Bundle{matcher: b.matcher}
	for _, p := range b.printers {
		q := *p
		q.all, q.strict = p.own, true
		out.printers = append(out.printers, &q)
	}
	return out
}

// Printer returns the printer of exactly lang, or nil if the interface isn't in
// that language.
func (b *Bundle) Printer(lang string) *Printer {
	for _, p := range b.printers {
		if strings.EqualFold(p.lang, lang) {
			return p
		}
	}
	return nil
}

// maxAccept bounds the header that [Bundle.Match] reads, in bytes.
const maxAccept = 1000

// Match returns the printer that suits a reader: prefer, the tag that the reader
// chose (from a query or a cookie; it may be empty or nonsense), goes before the
// Accept-Language header; English is the last resort.
//
// A language in another script than the one asked for doesn't match: who reads
// simplified Chinese may not read traditional. A related language that CLDR
// lists for bilingual readers (Spanish for Quechua) matches after all that were
// asked for by name.
func (b *Bundle) Match(accept, prefer string) *Printer {
	if tag, err := language.Parse(prefer); prefer != "" && err == nil {
		if p := b.find(tag, false); p != nil {
			return p
		}
	}
	if len(accept) > maxAccept {
		return b.printers[0]
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return b.printers[0]
	}
	for _, related := range []bool{false, true} {
		for _, tag := range tags {
			if p := b.find(tag, related); p != nil {
				return p
			}
		}
	}
	return b.printers[0]
}

// find returns the printer of the language asked for or, if related, of one that
// its readers mostly read too. It uses the matcher's index: the tag that the
// matcher returns carries extensions of the one asked for.
func (b *Bundle) find(asked language.Tag, related bool) *Printer {
	_, i, confidence := b.matcher.Match(asked)
	if confidence == language.No {
		return nil
	}
	p := b.printers[i]
	askedBase, _ := asked.Base()
	base, _ := p.tag.Base()
	if base != askedBase {
		if related {
			return p
		}
		return nil
	}
	askedScript, _ := asked.Script()
	script, _ := p.tag.Script()
	if script != askedScript {
		return nil
	}
	return p
}

// Name returns a language in its own name ("español" for "es"), as CLDR writes
// it, or the tag itself if CLDR knows no name.
func Name(lang string) string {
	tag, err := language.Parse(lang)
	if err != nil {
		return lang
	}
	if name := display.Self.Name(tag); name != "" {
		return name
	}
	return lang
}

// rightToLeft lists the scripts written from right to left.
var rightToLeft = []string{"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"}

// Dir returns "rtl" or "ltr", the direction of a language's usual script or of
// the one that its tag names. It is "ltr" for what is no language tag.
func Dir(lang string) string {
	tag, err := language.Parse(lang)
	if err != nil {
		return "ltr"
	}
	script, _ := tag.Script()
	if slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}
