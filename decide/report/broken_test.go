package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"translocal/decide/opinion"
	"translocal/decide/tally"
	"translocal/i18n"
)

var placeholders = regexp.MustCompile(`\{[a-z]+\}`)

// inBraces gives for each argument of a phrase its placeholder, so that the
// message comes out as it was written.
func inBraces(p tally.Phrase) []any {
	args := []any{}
	for _, b := range placeholders.FindAllString(p.English, -1) {
		if name := strings.Trim(b, "{}"); name != "count" {
			args = append(args, name, b)
		}
	}
	return args
}

// What programs are told in English is what people read in English, and every
// other language has it too, with the same arguments.
func TestEveryPhraseOfABrokenFileIsAMessage(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	bundle = bundle.Strict()
	seen := map[string]bool{}
	for _, phrase := range tally.Phrases() {
		if seen[phrase.Key] {
			t.Errorf("two phrases have the key %s", phrase.Key)
		}
		seen[phrase.Key] = true
		key := "count.broken." + phrase.Key
		english := strings.ReplaceAll(phrase.English, "{count}", "5")
		if said := bundle.Printer("en").N(key, 5, inBraces(phrase)...); said != english {
			t.Errorf("%s: %q in the messages, %q in the code", key, said, english)
		}
		want := placeholders.FindAllString(english, -1)
		slices.Sort(want)
		for _, lang := range bundle.Languages() {
			got := placeholders.FindAllString(bundle.Printer(lang).N(key, 5, inBraces(phrase)...), -1)
			slices.Sort(got)
			if said := bundle.Printer(lang).N(key, 5); strings.Contains(said, "⟦") || !slices.Equal(got, want) {
				t.Errorf("%s in %s: %q with %v, expected %v", key, lang, said, got, want)
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d phrases", len(seen))
	}
}

func TestBroken(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	_, fields := tally.ParseCSV([]byte("voter,position\na\n"))
	_, weight := tally.ParseBLT([]byte("2 1\n9223372036854775807 1 0\n1 2 0\n0\nA\nB\nT\n"))
	for _, c := range []struct {
		err    error
		en, es string
	}{
		{fields, "v.csv, line 2: found 1 field, expected 2, as in the header.", "v.csv, línea 2. Hay: 1 campo. Se esperaba: 2, como en el encabezado."},
		{weight, "v.csv, line 3: found weight 1, expected weights that together stay below 9223372036854775807.", "v.csv, línea 3. Hay: peso 1. Se esperaba: pesos que juntos no pasen de 9223372036854775807."},
		{&opinion.FormatError{File: "votes.csv", Line: 1, Why: opinion.EmptyFile}, "votes.csv, line 1: the file is empty; its first line names the columns. Nothing was mapped.", "votes.csv, línea 1: el archivo está vacío; su primera línea nombra las columnas. No se hizo ningún mapa."},
	} {
		for lang, want := range map[string]string{"en": c.en, "es": c.es} {
			if got, ok := Broken("v.csv", c.err, bundle.Printer(lang)); !ok || got != want {
				t.Errorf("%s: %q, %v; expected %q", lang, got, ok, want)
			}
		}
	}
	if _, ok := Broken("v.csv", nil, bundle.Printer("en")); ok {
		t.Error("nothing is broken")
	}
}

// Why ballots can't be counted is said in the reader's language too.
func TestRefused(t *testing.T) {
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	e, err := tally.ParseCSV([]byte("voter,position\na,agree\nb,agree\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, rule := tally.Count(e, tally.Rule{Name: "irv"})
	_, members := tally.Count(e, tally.Rule{Name: "majority", Eligible: 1})
	_, tie := tally.ParseTie("coin")
	for _, c := range []struct {
		err    error
		en, es string
	}{
		{rule, "rule irv does not count positions ballots; rules that do: consensus, consensus-minus, consent, majority, supermajority", "la regla irv no cuenta papeletas de tipo positions; reglas que sí: consensus, consensus-minus, consent, majority, supermajority"},
		{members, "rule majority: 2 took part, but only 1 are eligible", "regla majority: participaron 2, pero solo 1 pueden votar"},
		{tie, `tie rule "coin": expected id, votes-cost, lot:SEED or open`, `desempate "coin": se esperaba id, votes-cost, lot:SEMILLA u open`},
	} {
		if c.err.Error() != c.en {
			t.Errorf("programs read %q; expected %q", c.err, c.en)
		}
		for lang, want := range map[string]string{"en": c.en, "es": c.es} {
			if got := Refused(c.err, bundle.Printer(lang)); got != want {
				t.Errorf("%s: %q; expected %q", lang, got, want)
			}
		}
	}
}
