package library

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What a model must keep to, in words of each language; a reader must be able to
// take a clause in at once, and to print a kit on two pages.
const (
	minClauses, maxClauses = 8, 14
	minText, maxText       = 60, 150
	minReason, maxReason   = 30, 60
	minSpeech, maxSpeech   = 200, 330 // about two minutes
	objections             = 6
	shortText              = 6 // a text of more words can't read the same in two languages
)

var (
	slugShape     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)
	languageShape = regexp.MustCompile(`^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$`)
	variableShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	blankShape    = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)
	dateShape     = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)
	confidences   = []Confidence{"V", "K", "Q", "V/K", "V/Q", "K/Q"}
)

// unspaced are languages that put no space between words: there, words can't be
// counted so, and lengths are not checked.
var unspaced = []string{"zh", "ja", "th", "lo", "km", "my", "bo", "dz"}

// checker gathers the faults of one entry of one file.
type checker struct {
	library   *Library
	file      string
	languages []string        // that every text must be in; nil: any
	declared  map[string]bool // variables; nil: none
	used      map[string]bool
	faults    Faults
}

func (c *checker) fault(field, format string, args ...any) {
	c.faults = append(c.faults, Fault{c.file, field, fmt.Sprintf(format, args...)})
}

func (l *Library) addInstruments(f instrumentsFile) (faults Faults) {
	for n, i := range f.Instruments {
		c := &checker{library: l, file: instrumentsName}
		at := "instruments." + strconv.Itoa(n)
		c.walk(at, reflect.ValueOf(i))
		c.slug(at+".id", i.ID)
		if _, twice := l.Instrument(i.ID); twice {
			c.fault(at+".id", "%q is there already", i.ID)
		}
		c.choice(at+".status", i.Status, Statuses)
		c.needsSource(at, i.Confidence, i.Sources)
		if len(i.Parts) == 0 {
			c.fault(at+".parts", "is empty")
		}
		if len(c.faults) == 0 {
			l.Instruments = append(l.Instruments, i)
		}
		faults = append(faults, c.faults...)
	}
	return append(faults, l.addReserve(instrumentsName, f.Reserve, &l.ReserveInstruments)...)
}

func (l *Library) addReserve(file string, all []Reserve, into *[]Reserve) (faults Faults) {
	for n, r := range all {
		c := &checker{library: l, file: file}
		at := "reserve." + strconv.Itoa(n)
		c.walk(at, reflect.ValueOf(r))
		c.needsSource(at, r.Confidence, r.Sources)
		if len(c.faults) == 0 {
			*into = append(*into, r)
		}
		faults = append(faults, c.faults...)
	}
	return faults
}

func (l *Library) addFamilies(f familiesFile) (faults Faults) {
	for n, t := range f.Themes {
		c := &checker{library: l, file: familiesName}
		at := "themes." + strconv.Itoa(n)
		c.walk(at, reflect.ValueOf(t))
		c.slug(at+".id", t.ID)
		if l.hasTheme(t.ID) {
			c.fault(at+".id", "%q is there already", t.ID)
		}
		if len(c.faults) == 0 {
			l.Themes = append(l.Themes, t)
		}
		faults = append(faults, c.faults...)
	}
	for n, one := range f.Families {
		c := &checker{library: l, file: familiesName}
		c.family("families."+strconv.Itoa(n), one)
		if len(c.faults) == 0 {
			l.Families = append(l.Families, one)
		}
		faults = append(faults, c.faults...)
	}
	for n, s := range f.Shelves {
		c := &checker{library: l, file: familiesName}
		at := "shelves." + strconv.Itoa(n)
		c.walk(at, reflect.ValueOf(s))
		c.slug(at+".id", s.ID)
		c.instruments(at+".instruments", s.Instruments)
		if slices.ContainsFunc(l.Shelves, func(o Shelf) bool { return o.ID == s.ID }) {
			c.fault(at+".id", "%q is there already", s.ID)
		}
		if len(c.faults) == 0 {
			l.Shelves = append(l.Shelves, s)
		}
		faults = append(faults, c.faults...)
	}
	return append(faults, l.addReserve(familiesName, f.Reserve, &l.ReserveFamilies)...)
}

func (l *Library) hasTheme(id string) bool {
	return slices.ContainsFunc(l.Themes, func(t Theme) bool { return t.ID == id })
}

func (c *checker) family(at string, f Family) {
	c.walk(at, reflect.ValueOf(f))
	c.slug(at+".id", f.ID)
	if _, twice := c.library.Family(f.ID); twice {
		c.fault(at+".id", "%q is there already", f.ID)
	}
	c.kinds(at, f.Institutions, f.Themes, f.Effort)
	c.instruments(at+".instruments", f.Instruments)
	c.needsSource(at, f.Confidence, f.Sources)
	for i, a := range f.Adopters {
		if len(a.Sources) == 0 {
			c.needsSource(fmt.Sprintf("%s.adopters.%d", at, i), a.Confidence, f.Sources)
		}
	}
	if len(f.Essential) == 0 {
		c.fault(at+".essential", "is empty")
	}
}

func (l *Library) checkModel(file string, m Model) Faults {
	c := &checker{library: l, file: file, declared: map[string]bool{}, used: map[string]bool{}, languages: m.Languages}
	if len(m.Languages) == 0 {
		c.languages = []string{}
	}
	for i, v := range m.Variables {
		at := "variables." + strconv.Itoa(i)
		if !variableShape.MatchString(v.Name) {
			c.fault(at+".name", "%q is no name: small letters, digits and _", v.Name)
		}
		if c.declared[v.Name] {
			c.fault(at+".name", "%q is there already", v.Name)
		}
		c.declared[v.Name] = true
		c.choice(at+".kind", v.Kind, VariableKinds)
	}
	c.walk("", reflect.ValueOf(m))
	c.head(m)
	c.clauses(m.Clauses)
	c.kit(m.Kit)
	for i, a := range m.Passed {
		c.needsSource("passed_something_like."+strconv.Itoa(i), a.Confidence, a.Sources)
	}
	for i, v := range m.Variables {
		if !c.used[v.Name] {
			c.fault("variables."+strconv.Itoa(i), "no text uses {{%s}}", v.Name)
		}
	}
	return c.faults
}

func (c *checker) head(m Model) {
	c.slug("id", m.ID)
	if m.ID != base(c.file) {
		c.fault("id", "is %q, but the file is called %s.json", m.ID, base(c.file))
	}
	if _, twice := c.library.Model(m.ID); twice {
		c.fault("id", "%q is there already", m.ID)
	}
	if len(m.Languages) == 0 {
		c.fault("languages", "names none")
	}
	for i, l := range m.Languages {
		if !languageShape.MatchString(l) || slices.Contains(m.Languages[:i], l) {
			c.fault("languages."+strconv.Itoa(i), "%q is no language tag in small letters, or is there twice", l)
		}
	}
	if m.Family != "" {
		if _, known := c.library.Family(m.Family); !known {
			c.fault("family", "there is no family %q", m.Family)
		}
	}
	c.kinds("", m.Institutions, m.Themes, m.Effort)
	if len(m.RestsOn) == 0 {
		c.fault("rests_on", "is empty")
	}
}

func (c *checker) clauses(all []Clause) {
	if n := len(all); n < minClauses || n > maxClauses {
		c.fault("clauses", "has %d, not %d to %d", n, minClauses, maxClauses)
	}
	ids := map[string]bool{}
	for i, x := range all {
		at := "clauses." + strconv.Itoa(i)
		c.slug(at+".id", x.ID)
		if ids[x.ID] {
			c.fault(at+".id", "%q is there already", x.ID)
		}
		ids[x.ID] = true
		c.choice(at+".kind", x.Kind, []string{"passage", "step"})
		for name, t := range map[string]Text{"who": x.Who, "when": x.When, "how_long": x.HowLong, "materials": x.Materials} {
			if step := x.Kind == "step"; step != (t != nil) {
				c.fault(at+"."+name, "is for steps, and each step has it")
			}
		}
		c.words(at+".text", x.Text, minText, maxText)
		c.words(at+".reason", x.Reason, minReason, maxReason)
		if len(x.RestsOn) == 0 {
			c.fault(at+".rests_on", "is empty")
		}
		for j, e := range x.Elsewhere {
			c.needsSource(fmt.Sprintf("%s.elsewhere.%d", at, j), e.Confidence, e.Sources)
		}
	}
}

func (c *checker) kit(k Kit) {
	c.words("kit.speech", k.Speech, minSpeech, maxSpeech)
	if len(k.Objections) != objections {
		c.fault("kit.objections", "has %d, not %d", len(k.Objections), objections)
	}
	if len(k.Promises) == 0 {
		c.fault("kit.promises", "is empty")
	}
}

// kinds checks what families and models are found by.
func (c *checker) kinds(at string, institutions, themes []string, effort string) {
	if len(institutions) == 0 {
		c.fault(join(at, "institutions"), "is empty")
	}
	for i, x := range institutions {
		c.choice(join(at, "institutions."+strconv.Itoa(i)), x, Institutions)
	}
	if len(themes) == 0 {
		c.fault(join(at, "themes"), "is empty")
	}
	for i, x := range themes {
		if !c.library.hasTheme(x) {
			c.fault(join(at, "themes."+strconv.Itoa(i)), "there is no theme %q", x)
		}
	}
	c.choice(join(at, "effort"), effort, Efforts)
}

func (c *checker) instruments(at string, ids []string) {
	for i, id := range ids {
		if _, known := c.library.Instrument(id); !known {
			c.fault(at+"."+strconv.Itoa(i), "there is no treaty or declaration %q", id)
		}
	}
}

// walk checks what is the same wherever it stands: that a field is there (unless
// its tag says omitempty), that every text is whole, and the small types.
func (c *checker) walk(at string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case Text:
		c.text(at, x)
		return
	case Confidence:
		if !slices.Contains(confidences, x) {
			c.fault(at, "%q is none of %v", x, confidences)
		}
		return
	case Source:
		c.date(at+".checked", x.Checked)
	case Adopter:
		c.toCheck(at, x.Confidence, x.ToCheck)
	case Instrument:
		c.toCheck(at, x.Confidence, x.ToCheck)
	case Family:
		c.toCheck(at, x.Confidence, x.ToCheck)
	case Warning:
		c.choice(at+".kind", x.Kind, WarningKinds)
		c.date(at+".happened", x.Happened)
		c.needsSource(at, x.Confidence, x.Sources)
	case Basis:
		c.basis(at, x)
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			field := v.Field(i)
			switch {
			case field.IsZero() && options == "omitempty", field.Kind() == reflect.Bool:
			case field.IsZero() && field.Kind() == reflect.Slice:
				c.fault(join(at, name), "is missing: [] says that there is none")
			case field.IsZero():
				c.fault(join(at, name), "is missing")
			default:
				c.walk(join(at, name), field)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.walk(at+"."+strconv.Itoa(i), v.Index(i))
		}
	case reflect.String:
		c.characters(at, v.String())
	}
}

// text checks one text: its languages, its characters, its blanks.
func (c *checker) text(at string, t Text) {
	if len(t) == 0 {
		c.fault(at, "is in no language")
	}
	one, same := t[""]
	switch {
	case same && len(words(one)) > shortText:
		c.fault(at, "is one string for all languages, and too long for a name")
	case !same && c.languages != nil && !sameSet(slices.Collect(maps.Keys(t)), c.languages):
		c.fault(at, "is in %v, not in %v", slices.Sorted(maps.Keys(t)), c.languages)
	}
	said := map[string]string{}
	var blanks []string
	for i, language := range slices.Sorted(maps.Keys(t)) {
		s, field := t[language], strings.TrimSuffix(at+"."+language, ".")
		if language != "" && !languageShape.MatchString(language) {
			c.fault(field, "%q is no language tag in small letters", language)
		}
		if strings.TrimSpace(s) != s || s == "" {
			c.fault(field, "is empty, or begins or ends with a space")
		}
		c.characters(field, s)
		if other, twice := said[s]; twice && len(words(s)) > shortText {
			c.fault(field, "reads the same as %s", other)
		}
		said[s] = language
		b := c.blanks(field, s)
		if i > 0 && !sameSet(b, blanks) {
			c.fault(field, "has the blanks %v, another language %v", b, blanks)
		}
		blanks = b
	}
}

// blanks returns the variables of a text, each once, and notes that they are used.
func (c *checker) blanks(at, s string) []string {
	if !strings.Contains(s, "{{") && !strings.Contains(s, "}}") {
		return nil
	}
	var names []string
	for _, m := range blankShape.FindAllStringSubmatch(s, -1) {
		if slices.Contains(names, m[1]) {
			continue
		}
		names = append(names, m[1])
		if !c.declared[m[1]] {
			c.fault(at, "{{%s}} is not declared", m[1])
		} else {
			c.used[m[1]] = true
		}
	}
	if rest := blankShape.ReplaceAllString(s, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		c.fault(at, "has braces that are no {{blank}}")
	}
	return names
}

// characters refuses what can't be seen, or turns a line around.
func (c *checker) characters(at, s string) {
	for _, r := range s {
		if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			c.fault(at, "has the character %U", r)
			return
		}
	}
}

func (c *checker) basis(at string, b Basis) {
	if (b.Instrument == "") == (b.Principle == nil) {
		c.fault(at, "names an instrument or a principle, one of the two")
	}
	if b.Instrument == "" && b.Article != "" {
		c.fault(at+".article", "of which instrument?")
	}
	if b.Instrument != "" {
		if _, known := c.library.Instrument(b.Instrument); !known {
			c.fault(at+".instrument", "there is no treaty or declaration %q", b.Instrument)
		}
	}
}

func (c *checker) slug(at, s string) {
	if !slugShape.MatchString(s) {
		c.fault(at, "%q is no id: small letters, digits and -", s)
	}
}

func (c *checker) choice(at, s string, of []string) {
	if !slices.Contains(of, s) {
		c.fault(at, "%q is none of %v", s, of)
	}
}

func (c *checker) date(at, s string) {
	if s == "" {
		return
	}
	if dateShape.MatchString(s) {
		if _, err := time.Parse("2006-01-02"[:len(s)], s); err == nil {
			return
		}
	}
	c.fault(at, "%q is no date: 2020, 2020-02 or 2020-02-27", s)
}

// needsSource: what was seen on a page must say which.
func (c *checker) needsSource(at string, confidence Confidence, sources []Source) {
	if confidence == Seen && len(sources) == 0 {
		c.fault(at+".sources", "is empty, but the confidence says that it was seen on a page")
	}
}

func (c *checker) toCheck(at string, confidence Confidence, said bool) {
	if said != confidence.ToCheck() {
		c.fault(at+".to_check", "is %t, but the confidence is %s", said, confidence)
	}
}

// words checks the length of a text in each language.
func (c *checker) words(at string, t Text, least, most int) {
	for _, language := range slices.Sorted(maps.Keys(t)) {
		first, _, _ := strings.Cut(language, "-")
		if slices.Contains(unspaced, first) {
			continue
		}
		if n := len(words(t[language])); n < least || n > most {
			c.fault(at+"."+language, "has %d words, not %d to %d", n, least, most)
		}
	}
}

// words are what stands between spaces and holds a letter or a digit.
func words(s string) []string {
	return slices.DeleteFunc(strings.Fields(s), func(w string) bool {
		return !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	})
}

func sameSet(a, b []string) bool {
	in := map[string]bool{}
	for _, x := range a {
		in[x] = true
	}
	for _, x := range b {
		if !in[x] {
			return false
		}
		delete(in, x)
	}
	return len(in) == 0
}
