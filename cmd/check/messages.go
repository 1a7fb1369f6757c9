package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const localeDir = "i18n/locale/"

var (
	messageKey  = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)
	placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)
)

// notOnScreen holds words that our texts avoid, by language: docs/translation.md
// says what to write instead.
var notOnScreen = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`(?i)\b(user-generated|followers|leaderboards?|beneficiar(y|ies)|stakeholders?|master|lineage)\b`),
	"es": regexp.MustCompile(`(?i)(^|[^\p{L}])(guardianas?|actas?|beneficiari[oa]s?|seguidor(es|as?)?)([^\p{L}]|$)`),
}

// texts of one language by key: the message's forms by plural category, a plain
// message under "".
type texts map[string]map[string]string

// checkMessages wants each key that code uses to exist, each that exists to be
// used, and each language to have the same keys and placeholders as English.
// (The tests of i18n also look at plural categories.)
func checkMessages(r *repository) (found []problem, err error) {
	languages, err := readTexts(r)
	if err != nil {
		return nil, err
	}
	english := languages["en"]
	for _, lang := range slices.Sorted(maps.Keys(languages)) {
		if lang != "en" {
			found = append(found, compare(lang, languages[lang], english)...)
		}
		found = append(found, avoided(lang, languages[lang])...)
	}
	used, err := usedKeys(r, messageParts(english))
	if err != nil {
		return nil, err
	}
	for _, use := range used.called {
		if _, ok := english[use.what]; !ok {
			found = append(found, problem{use.where, "uses the message " + use.what + ", which is not in English"})
		}
	}
	for _, use := range used.plain {
		if plural(english, use.what) {
			found = append(found, problem{use.where, "reads " + use.what + " with T: a message with plural forms needs N and its number"})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(english)) {
		if !used.covers(key) {
			found = append(found, problem{localeDir + "en", key + " is used nowhere"})
		}
	}
	return found, nil
}

// plural tells whether a message, or one of those that begin with a prefix, has
// a form for each number. A prefix that is the name of a part tells too little.
func plural(english texts, key string) bool {
	for k, forms := range english {
		if k == key || strings.HasSuffix(key, ".") && strings.Count(key, ".") > 1 && strings.HasPrefix(k, key) {
			if _, plain := forms[""]; !plain && len(forms) > 0 {
				return true
			}
		}
	}
	return false
}

func readTexts(r *repository) (map[string]texts, error) {
	out := map[string]texts{"en": {}}
	for _, name := range r.with(".json") {
		rest, ok := strings.CutPrefix(name, localeDir)
		if !ok {
			continue
		}
		data, err := r.read(name)
		if err != nil {
			return nil, err
		}
		var file map[string]any
		if err := json.Unmarshal(data, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		lang := path.Dir(rest)
		if out[lang] == nil {
			out[lang] = texts{}
		}
		for key, value := range file {
			out[lang][key] = forms(value)
		}
	}
	return out, nil
}

func forms(value any) map[string]string {
	switch v := value.(type) {
	case string:
		return map[string]string{"": v}
	case map[string]any:
		out := map[string]string{}
		for category, text := range v {
			out[category] = fmt.Sprint(text)
		}
		return out
	}
	return nil // i18n's own loading says what is wrong with it
}

func compare(lang string, have, english texts) (found []problem) {
	where := localeDir + lang
	for _, key := range slices.Sorted(maps.Keys(english)) {
		if have[key] == nil {
			found = append(found, problem{where, key + " is missing"})
		} else if a, b := placeholders(have[key]), placeholders(english[key]); !slices.Equal(a, b) {
			found = append(found, problem{where, fmt.Sprintf("%s has the placeholders %v, in English %v", key, a, b)})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		if english[key] == nil {
			found = append(found, problem{where, key + " is not in English"})
		}
	}
	return found
}

// placeholders lists those of a message's forms; a plural form may leave its
// {count} out ("one day").
func placeholders(forms map[string]string) (out []string) {
	for category, text := range forms {
		out = append(out, placeholder.FindAllString(text, -1)...)
		if category != "" {
			out = append(out, "{count}")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func avoided(lang string, have texts) (found []problem) {
	avoid := notOnScreen[lang]
	if avoid == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		for _, text := range have[key] {
			if word := avoid.FindString(text); word != "" {
				found = append(found, problem{localeDir + lang, fmt.Sprintf("%s says %q (docs/translation.md)", key, strings.TrimSpace(word))})
			}
		}
	}
	return found
}

// messageParts returns the parts whose name begins keys and nothing else: the
// name of a capability or of the site also begins the names of what one may do.
func messageParts(english texts) map[string]bool {
	parts := map[string]bool{}
	for key := range english {
		if part, _, _ := strings.Cut(key, "."); part != "site" && !slices.Contains(capabilities, part) {
			parts[part] = true
		}
	}
	return parts
}

// uses is what the code does with keys.
type uses struct {
	parts    map[string]bool
	files    *token.FileSet
	called   []problem       // where, and the key that must exist
	plain    []problem       // where, and the key or prefix of keys that T reads
	literals map[string]bool // every string constant of the code
	prefixes []string        // "error." where the code says "error." + kind
	begun    map[ast.Node]bool
}

func (u *uses) covers(key string) bool {
	return u.literals[key] || slices.ContainsFunc(u.prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// usedKeys reads all Go code but tests. Templates are read as the code made of
// them.
func usedKeys(r *repository, parts map[string]bool) (*uses, error) {
	u := &uses{parts: parts, files: token.NewFileSet(), literals: map[string]bool{}, begun: map[ast.Node]bool{}}
	for _, name := range r.with(".go") {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "cmd/check/") {
			continue
		}
		src, err := r.read(name)
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(u.files, name, src, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			u.look(n)
			return true
		})
	}
	for _, name := range r.with(".html") {
		src, err := r.read(name)
		if err != nil {
			return nil, err
		}
		u.lookTemplate(name, src)
	}
	return u, nil
}

// inTemplate is how a template of html/template asks for a message.
var inTemplate = regexp.MustCompile(`\bT "([^"]*)"`)

func (u *uses) lookTemplate(name string, src []byte) {
	n := 0
	for line := range bytes.Lines(src) {
		n++
		for _, key := range inTemplate.FindAllSubmatch(line, -1) {
			u.literals[string(key[1])] = true
			u.called = append(u.called, problem{fmt.Sprintf("%s:%d", name, n), string(key[1])})
		}
	}
}

// look sees a node before those that it is made of.
func (u *uses) look(n ast.Node) {
	switch n := n.(type) {
	case *ast.BasicLit:
		text, ok := literal(n)
		if !ok {
			return
		}
		u.literals[text] = true
		if part, _, _ := strings.Cut(text, "."); u.parts[part] && !u.begun[n] {
			u.call(n, text)
		}
	case *ast.BinaryExpr:
		if text, ok := literal(n.X); ok && n.Op == token.ADD && keyPrefix.MatchString(text) {
			u.prefixes = append(u.prefixes, text)
			u.begun[n.X] = true
		}
	case *ast.CallExpr:
		u.readPlain(n)
		for _, i := range keyArguments(n.Fun) {
			if i >= len(n.Args) {
				continue
			}
			if text, ok := literal(n.Args[i]); ok {
				u.call(n.Args[i], text)
				u.begun[n.Args[i]] = true // once is enough
			}
		}
	}
}

// readPlain notes a call of T, or of web's t, with a key or the beginning of one.
func (u *uses) readPlain(n *ast.CallExpr) {
	name := ""
	switch f := n.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	if name != "T" && name != "t" {
		return
	}
	for _, arg := range n.Args[:min(2, len(n.Args))] {
		if sum, ok := arg.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
			arg = sum.X
		}
		if text, ok := literal(arg); ok && (messageKey.MatchString(text) || keyPrefix.MatchString(text)) {
			u.plain = append(u.plain, problem{u.files.Position(n.Pos()).String(), text})
		}
	}
}

func (u *uses) call(n ast.Node, text string) {
	if messageKey.MatchString(text) {
		u.called = append(u.called, problem{u.files.Position(n.Pos()).String(), text})
	}
}

var keyPrefix = regexp.MustCompile(`^[a-z][a-z0-9_]*\.([a-z0-9_]+[._])*$`)

func literal(n ast.Expr) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// takingKeys says for the functions and methods of i18n and fault which of their
// arguments may be the key of a message, counted from 0.
var takingKeys = map[string][]int{
	"T": {0, 1}, "N": {0, 1}, "Around": {0}, "Has": {0}, // of a printer, or after a context
	"t":         {1}, // web's helper: of a request
	"Add":       {1}, // of fault.Fields
	"fault.New": {1}, "fault.At": {1}, "fault.Wrap": {2},
}

func keyArguments(fun ast.Expr) []int {
	if f, ok := fun.(*ast.Ident); ok { // a helper, or within fault
		return slices.Concat(takingKeys[f.Name], takingKeys["fault."+f.Name])
	}
	s, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	if x, ok := s.X.(*ast.Ident); ok && x.Name == "fault" {
		return takingKeys["fault."+s.Sel.Name]
	}
	return takingKeys[s.Sel.Name]
}
