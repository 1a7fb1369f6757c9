package i18n

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// A message is one text, or one for each plural category of its language.
type message struct {
	rule   language.Tag // whose plural rule chooses the form; a fallback keeps its own
	plural bool
	forms  [6]*pattern // by plural.Form; forms[plural.Other] is always there
}

func (m message) form(n int) *pattern {
	if !m.plural {
		return m.forms[plural.Other]
	}
	if f := m.forms[formOf(m.rule, n)]; f != nil {
		return f
	}
	return m.forms[plural.Other]
}

func formOf(tag language.Tag, n int) plural.Form {
	if n < 0 {
		n = -(n % 10_000_000) // the rules look at seven digits; the smallest int has no opposite
	}
	return plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)
}

var formNames = [6]string{
	plural.Other: "other", plural.Zero: "zero", plural.One: "one",
	plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

// categories reports which plural forms whole numbers take in a language.
func categories(tag language.Tag) (out [6]bool) {
	for n := range 1000 {
		out[formOf(tag, n)] = true
	}
	for n := 1000; n <= 10_000_000; n *= 10 {
		out[formOf(tag, n)] = true
	}
	out[plural.Other] = true
	return out
}

// A pattern is a text split at its placeholders: literal, name, literal, …
type pattern struct {
	literals []string // one more than names
	names    []string
}

var placeholder = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

func parsePattern(s string) (*pattern, error) {
	p := &pattern{}
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(s, -1) {
		p.literals = append(p.literals, s[at:m[0]])
		p.names = append(p.names, s[m[2]:m[3]])
		at = m[1]
	}
	p.literals = append(p.literals, s[at:])
	for _, literal := range p.literals {
		if strings.ContainsAny(literal, "{}") {
			return nil, fmt.Errorf("a brace that is no placeholder in %q (a placeholder is {name}, in small letters)", s)
		}
	}
	return p, nil
}

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)

// parseFile adds the messages of one file. A key given twice is an error:
// encoding/json would keep the last in silence.
func parseFile(into map[string]message, tag language.Tag, part string, data []byte) error {
	return eachField(data, func(key string, value json.RawMessage) error {
		if !keyForm.MatchString(key) || !strings.HasPrefix(key, part+".") {
			return fmt.Errorf("key %q: want %q and then small letters, digits, _ and dots", key, part+".")
		}
		if _, ok := into[key]; ok {
			return fmt.Errorf("key %q is there twice", key)
		}
		m, err := parseMessage(tag, value)
		if err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
		into[key] = m
		return nil
	})
}

func parseMessage(tag language.Tag, data json.RawMessage) (message, error) {
	m := message{rule: tag}
	var text string
	if json.Unmarshal(data, &text) == nil {
		p, err := parsePattern(text)
		m.forms[plural.Other] = p
		return m, err
	}
	m.plural = true
	err := eachField(data, func(name string, value json.RawMessage) error {
		i := slices.Index(formNames[:], name)
		if i < 0 {
			return fmt.Errorf("%q is not a plural category", name)
		}
		if m.forms[i] != nil {
			return fmt.Errorf("category %q is there twice", name)
		}
		if err := json.Unmarshal(value, &text); err != nil {
			return fmt.Errorf("category %q: %w", name, err)
		}
		p, err := parsePattern(text)
		m.forms[i] = p
		return err
	})
	if err == nil && m.forms[plural.Other] == nil {
		err = errors.New(`no "other" form`)
	}
	return m, err
}

// eachField calls f for each member of the JSON object data, in order.
func eachField(data []byte, f func(key string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(data))
	start, err := d.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return fmt.Errorf("want a JSON object, found %v", start)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		if err := f(key.(string), value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the object")
	}
	return nil
}
