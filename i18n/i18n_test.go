package i18n

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

func loaded(t testing.TB) *Bundle {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// english is the least that a bundle needs, with some messages of every kind.
const english = `{
	"format.decimal": ".", "format.group": ",", "format.group_from": "4",
	"format.plain": "Save",
	"format.hello": "Good day, {name}.",
	"format.link": "Read {link} of {name} first.",
	"format.days": {"one": "{count} day", "other": "{count} days"},
	"format.late": {"one": "{name} is {count} day late", "other": "{name} is {count} days late"}
}`

func testBundle(t testing.TB, more map[string]string) *Bundle {
	t.Helper()
	fsys := fstest.MapFS{"en/format.json": {Data: []byte(english)}}
	for name, text := range more {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	b, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// problems says what a language lacks, has too much, or has otherwise than
// English: keys, plural categories, placeholders.
func problems(b *Bundle) (out []string) {
	want := b.printers[0].own
	for _, p := range b.printers {
		for key, m := range want {
			if _, ok := p.own[key]; !ok {
				out = append(out, p.lang+": "+key+" is missing")
			} else if p.own[key].plural != m.plural {
				out = append(out, p.lang+": "+key+" has plural forms in one language only")
			}
		}
		for key, m := range p.own {
			if _, ok := want[key]; !ok {
				out = append(out, p.lang+": "+key+" is not in English")
				continue
			}
			out = append(out, formProblems(p, key, m, want[key])...)
		}
	}
	slices.Sort(out)
	return out
}

func formProblems(p *Printer, key string, m, want message) (out []string) {
	names := map[string]bool{}
	for _, form := range want.forms {
		if form != nil {
			for _, name := range form.names {
				names[name] = true
			}
		}
	}
	needed := categories(p.tag)
	for i, form := range m.forms {
		if m.plural && needed[i] != (form != nil) {
			out = append(out, p.lang+": "+key+": category "+formNames[i]+" is missing or too much")
		}
		if form == nil {
			continue
		}
		got := map[string]bool{}
		for _, name := range form.names {
			got[name] = true
		}
		if m.plural { // "one day" may do without its number
			got["count"] = true
			if !maps.Equal(got, withCount(names)) {
				out = append(out, p.lang+": "+key+": placeholders differ from English")
			}
		} else if !maps.Equal(got, names) {
			out = append(out, p.lang+": "+key+": placeholders differ from English")
		}
	}
	return out
}

func withCount(names map[string]bool) map[string]bool {
	out := maps.Clone(names)
	out["count"] = true
	return out
}

func TestEveryLanguageIsWhole(t *testing.T) {
	b := loaded(t)
	for _, p := range problems(b) {
		t.Error(p)
	}
	if got := b.Languages(); !slices.Equal(got, []string{"en", "es"}) {
		t.Errorf("languages %q, want English and Spanish", got)
	}
	if len(b.Keys()) < 50 {
		t.Errorf("%d keys: the files were not read", len(b.Keys()))
	}
}

// The check above must be able to fail.
func TestProblemsAreFound(t *testing.T) {
	b := testBundle(t, map[string]string{
		"ar/format.json": `{
			"format.decimal": ".", "format.group": ",", "format.group_from": "4",
			"format.plain": {"zero": "a", "one": "a", "two": "a", "few": "a", "many": "a", "other": "a"},
			"format.hello": "{nombre}",
			"format.days": {"one": "{count}", "other": "{count}"},
			"format.more": "x"
		}`,
	})
	want := []string{
		"ar: format.days: category few is missing or too much",
		"ar: format.days: category many is missing or too much",
		"ar: format.days: category two is missing or too much",
		"ar: format.days: category zero is missing or too much",
		"ar: format.hello: placeholders differ from English",
		"ar: format.late is missing",
		"ar: format.link is missing",
		"ar: format.more is not in English",
		"ar: format.plain has plural forms in one language only",
	}
	if got := problems(b); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFiles(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"twice", `{"p.a": "x", "p.a": "y"}`, "there twice"},
		{"category twice", `{"p.a": {"one": "x", "one": "y", "other": "z"}}`, "there twice"},
		{"other part", `{"q.a": "x"}`, `want "p."`},
		{"no part", `{"a": "x"}`, `want "p."`},
		{"capitals", `{"p.A": "x"}`, "small letters"},
		{"number", `{"p.a": 1}`, "p.a"},
		{"null category", `{"p.a": {"other": 1}}`, `category "other"`},
		{"category", `{"p.a": {"several": "x", "other": "y"}}`, "not a plural category"},
		{"no other", `{"p.a": {"one": "x"}}`, `no "other"`},
		{"brace", `{"p.a": "use {{council}}"}`, "a brace that is no placeholder"},
		{"open brace", `{"p.a": "use {council"}`, "a brace that is no placeholder"},
		{"list", `["p.a"]`, "want a JSON object"},
		{"empty", ``, "EOF"},
		{"cut", `{"p.a": "x"`, "EOF"},
		{"more", `{} {}`, "follows the object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(fstest.MapFS{
				"en/format.json": {Data: []byte(english)},
				"en/p.json":      {Data: []byte(c.file)},
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "en/p.json") {
				t.Errorf("error %v, want one with the file's name and %q", err, c.want)
			}
		})
	}
	if _, err := load(fstest.MapFS{"english/p.json": {Data: []byte(`{}`)}}); err == nil {
		t.Error("a folder that is no language was accepted")
	}
	if _, err := load(fstest.MapFS{"es/format.json": {Data: []byte(english)}}); err == nil {
		t.Error("a bundle without English was accepted")
	}
}

func TestMessages(t *testing.T) {
	b := testBundle(t, map[string]string{
		"es/format.json": `{"format.decimal": ",", "format.group": ".", "format.group_from": "5",
			"format.days": {"one": "{count} día", "other": "{count} días"}}`,
	})
	en, es := b.Printer("en"), b.Printer("es")
	for _, c := range []struct{ got, want string }{
		{en.T("format.plain"), "Save"},
		{en.T("format.hello", "name", "<b>Ana</b>"), "Good day, <b>Ana</b>."},
		{en.T("format.hello", "name", 12345), "Good day, 12,345."},
		{en.T("format.hello", "name", int64(-12345)), "Good day, −12,345."},
		{es.T("format.hello", "name", 0.5), "Good day, 0,5."},
		{en.T("format.hello", "name", time.Second), "Good day, 1s."},
		{en.T("format.hello"), "Good day, {name}."},
		{en.T("format.hello", "other", "x", "name"), "Good day, {name}."},
		{en.T("format.hello", "name", "{name}"), "Good day, {name}."},
		{en.N("format.days", 1), "1 day"},
		{en.N("format.days", 0), "0 days"},
		{en.N("format.days", -1), "−1 day"},
		{es.N("format.days", 1), "1 día"},
		{es.N("format.days", 12345), "12.345 días"},
		{en.N("format.late", 2, "name", "The council"), "The council is 2 days late"},
		{es.N("format.late", 1, "name", "x"), "x is 1 day late"}, // English text, English rule
		{en.T("format.not_there"), "not there"},
		{en.N("format.not_there", 3), "not there"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	before, after := en.Around("format.link", "link", "name", "Ostana")
	if before != "Read " || after != " of Ostana first." {
		t.Errorf("around: %q, %q", before, after)
	}
	if before, after := en.Around("format.plain", "link"); before != "Save" || after != "" {
		t.Errorf("around nothing: %q, %q", before, after)
	}
	if en.Has("format.not_there") || !es.Has("format.plain") {
		t.Error("Has is wrong")
	}
}

func TestStrictShowsWhatIsMissing(t *testing.T) {
	b := testBundle(t, map[string]string{"es/p.json": `{"p.a": "x"}`}).Strict()
	if got := b.Printer("es").T("format.plain"); got != "⟦format.plain⟧" {
		t.Errorf("got %q", got)
	}
	if got := b.Match("es", "").T("p.a"); got != "x" {
		t.Errorf("got %q", got)
	}
}

// Forms after the rules of CLDR, one number for each category and those where
// other libraries err.
func TestPluralForms(t *testing.T) {
	for lang, want := range map[string]map[int]string{
		"en": {0: "other", 1: "one", 2: "other", 1_000_000: "other"},
		"fr": {0: "one", 1: "one", 2: "other"},
		"ru": {1: "one", 2: "few", 5: "many", 11: "many", 21: "one", 112: "many", 1_000_001: "one"},
		"ar": {0: "zero", 1: "one", 2: "two", 3: "few", 11: "many", 100: "other", 1_234_567: "many", -2: "two"},
		"ja": {0: "other", 1: "other"},
		"cy": {0: "zero", 1: "one", 2: "two", 3: "few", 6: "many", 7: "other"},
	} {
		tag := language.MustParse(lang)
		seen := [6]bool{plural.Other: true} // for fractions, if for nothing else
		for n, name := range want {
			form := formOf(tag, n)
			seen[form] = true
			if formNames[form] != name {
				t.Errorf("%s %d: %s, want %s", lang, n, formNames[form], name)
			}
		}
		if categories(tag) != seen {
			t.Errorf("%s: categories %v, want %v", lang, categories(tag), seen)
		}
	}
}

func TestMatch(t *testing.T) {
	b := testBundle(t, map[string]string{
		"es/p.json": `{}`, "pt/p.json": `{}`, "zh-Hant/p.json": `{}`, "ar/p.json": `{}`,
	})
	for _, c := range []struct{ accept, prefer, want string }{
		{"", "", "en"},
		{"es", "", "es"},
		{"es-MX,es;q=0.9,en;q=0.5", "", "es"},
		{"en;q=0.5, es", "", "es"},
		{"de, es;q=0.1", "", "es"},
		{"pt-PT", "", "pt"},
		{"qu", "", "es"},           // CLDR: who reads Quechua mostly reads Spanish
		{"qu, en;q=0.1", "", "en"}, // but who names English gets English
		{"zh-CN", "", "en"},        // another script
		{"zh-TW", "", "zh-Hant"},
		{"ar-EG", "", "ar"},
		{"de", "", "en"},
		{"*", "", "en"},
		{"es", "en", "en"},
		{"en", "es", "es"},
		{"es", "xx-nonsense-☃", "es"},
		{"es", "de", "es"},
		{"\x00;;;,,q=", "", "en"},
		{strings.Repeat("es,", 1000), "", "en"},
	} {
		if got := b.Match(c.accept, c.prefer).Lang(); got != c.want {
			t.Errorf("accept %.40q, prefer %q: %s, want %s", c.accept, c.prefer, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	b := loaded(t)
	en, es := b.Printer("en"), b.Printer("es")
	for _, c := range []struct{ got, want string }{
		{en.Number(0), "0"},
		{en.Number(999), "999"},
		{en.Number(1000), "1,000"},
		{en.Number(-1234567), "−1,234,567"},
		{es.Number(1000), "1000"},
		{es.Number(10000), "10.000"},
		{en.Decimal(1234.5, 2), "1,234.50"},
		{es.Decimal(0.125, 3), "0,125"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	b := loaded(t)
	at := time.Date(2026, time.March, 1, 2, 30, 0, 0, time.UTC)
	bogota := time.FixedZone("-05", -5*3600)
	kathmandu := time.FixedZone("+0545", 5*3600+45*60)
	en, es := b.Printer("en"), b.Printer("es")
	for _, c := range []struct{ got, want string }{
		{en.Date(at), "1 March 2026"},
		{es.Date(at), "1 de marzo de 2026"},
		{en.FullDate(at), "Sunday 1 March 2026"},
		{es.FullDate(at), "domingo, 1 de marzo de 2026"},
		{en.Time(at, nil), "1 March 2026, 02:30 UTC"},
		{en.Time(at, bogota), "28 February 2026, 21:30 UTC−5"},
		{es.Time(at, kathmandu), "1 de marzo de 2026, 08:15 UTC+5:45"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	for lang, want := range map[string][2]string{
		"en": {"English", "ltr"}, "es": {"español", "ltr"}, "ar": {"العربية", "rtl"},
		"pt-BR": {"português", "ltr"}, "az-Arab": {"az-Arab", "rtl"}, "he": {"עברית", "rtl"},
		"ar-XB": {"العربية", "rtl"}, "not a language": {"not a language", "ltr"}, "zap": {"zap", "ltr"},
	} {
		if got := Name(lang); !strings.HasPrefix(got, want[0]) && lang != "az-Arab" {
			t.Errorf("%s is called %q, want %q", lang, got, want[0])
		}
		if got := Dir(lang); got != want[1] {
			t.Errorf("%s runs %s, want %s", lang, got, want[1])
		}
	}
}

func TestPseudo(t *testing.T) {
	b, err := loaded(t).Pseudo()
	if err != nil {
		t.Fatal(err)
	}
	long, mirrored := b.Match("en", "en-XA"), b.Match("en", "ar-XB")
	if long.Lang() != "en-XA" || mirrored.Lang() != "ar-XB" || mirrored.Dir() != "rtl" {
		t.Fatalf("matched %s and %s", long.Lang(), mirrored.Lang())
	}
	for _, key := range b.Keys() {
		switch key {
		case "format.decimal", "format.group", "format.group_from":
			continue
		}
		plain := b.Printer("en").T(key)
		if got := long.T(key); len(got) <= len(plain) || got[0] != '[' {
			t.Errorf("%s: %q is not longer than %q", key, got, plain)
		}
		if got := mirrored.T(key); got == plain && strings.Trim(plain, "{}abcdefghijklmnopqrstuvwxyz_ ,") != "" {
			t.Errorf("%s: %q is not mirrored", key, got)
		}
	}
	if got := long.N("site.errors", 3); !strings.Contains(got, "3 ") {
		t.Errorf("the number is lost in %q", got)
	}
	if got := loaded(t).Match("", "ar-XB").Lang(); got != "en" {
		t.Errorf("%s is offered outside tests", got)
	}
}

func TestContext(t *testing.T) {
	ctx := context.Background()
	if got := T(ctx, "site.save"); got != "Save" {
		t.Errorf("without a printer: %q", got)
	}
	ctx = With(ctx, loaded(t).Printer("es"))
	if got := T(ctx, "site.save"); got != "Guardar" {
		t.Errorf("with the Spanish printer: %q", got)
	}
	if got := N(ctx, "site.errors", 2); got != "Hay 2 puntos que revisar" {
		t.Errorf("with the Spanish printer: %q", got)
	}
}

func BenchmarkPlain(b *testing.B) {
	p := loaded(b).Printer("es")
	for b.Loop() {
		p.T("site.save")
	}
}

func BenchmarkPlural(b *testing.B) {
	p := testBundle(b, nil).Printer("en")
	for b.Loop() {
		p.N("format.days", 1234567)
	}
}

func BenchmarkNamed(b *testing.B) {
	p := testBundle(b, nil).Printer("en")
	for b.Loop() {
		p.T("format.hello", "name", "Ostana")
	}
}
