package library

import (
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func mustLoad(t *testing.T) *Library {
	t.Helper()
	l, err := Load()
	if err != nil {
		t.Fatal("\n" + err.Error())
	}
	return l
}

func TestEmbeddedIsSound(t *testing.T) {
	l := mustLoad(t)
	if len(l.Instruments) != 25 || len(l.Families) != 15 {
		t.Errorf("%d treaties and declarations, %d families; want 25 and 15", len(l.Instruments), len(l.Families))
	}
	for _, id := range []string{"ffnpt-motion", "how-our-group-decides", "local-cedaw-ordinance", "participatory-budget-rulebook", "future-design-evening", "twin-river-resolutions"} {
		if _, ok := l.Model(id); !ok {
			t.Errorf("there is no model %q", id)
		}
	}
	if len(l.Shelves) != 3 || len(l.ReserveFamilies) == 0 || len(l.ReserveInstruments) == 0 {
		t.Errorf("%d shelves, %d and %d in reserve", len(l.Shelves), len(l.ReserveFamilies), len(l.ReserveInstruments))
	}
	files, err := fs.Glob(Embedded(), "models/*.json")
	if err != nil || len(files) != len(l.Models) {
		t.Errorf("%d files, %d models, %v", len(files), len(l.Models), err)
	}
}

// What ships is whole in English and Spanish, facts too, and keeps the words that
// the project avoids out.
func TestEmbeddedInEnglishAndSpanish(t *testing.T) {
	avoid := map[string]*regexp.Regexp{
		"en": regexp.MustCompile(`(?i)\b(user-generated|followers?|leaderboards?|citizens?|citizenry|beneficiar(y|ies)|stakeholders?|masters?|verified|official|adopted)\b`),
		"es": regexp.MustCompile(`(?i)(^|[^\pL])(ciudadan[oa]s?|ciudadanía|beneficiari[oa]s?|seguidor(es|as?)?|guardi[aá]n(a|as|es)?|actas?|verificad[oa]s?|oficial(es)?|adoptad[oa]s?)($|[^\pL])`),
	}
	var texts int
	eachText(reflect.ValueOf(*mustLoad(t)), "", func(at string, x Text) {
		texts++
		if _, same := x[""]; !same && (len(x) != 2 || x["en"] == "" || x["es"] == "") {
			t.Errorf("%s is in %d languages", at, len(x))
		}
		for language, re := range avoid {
			if hit := re.FindString(blankShape.ReplaceAllString(x[language], "")); hit != "" {
				t.Errorf("%s.%s says %q", at, language, strings.TrimSpace(hit))
			}
		}
	})
	if texts < 500 {
		t.Errorf("only %d texts were looked at", texts)
	}
}

func eachText(v reflect.Value, at string, do func(string, Text)) {
	switch x := v.Interface().(type) {
	case Text:
		if x != nil {
			do(at, x)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			eachText(v.Field(i), join(at, v.Type().Field(i).Name), do)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachText(v.Index(i), at+"."+strconv.Itoa(i), do)
		}
	}
}

// Nothing here claims a date on which a fact was looked at where none was recorded,
// and what is doubtful says so.
func TestEmbeddedIsHonest(t *testing.T) {
	l := mustLoad(t)
	for _, f := range l.Families {
		for _, a := range f.Adopters {
			if a.Confidence.ToCheck() != a.ToCheck {
				t.Errorf("%s: %s: to_check is %t with confidence %s", f.ID, a.Name["en"], a.ToCheck, a.Confidence)
			}
		}
	}
	for _, m := range l.Models {
		for _, language := range m.Languages {
			if b, _ := m.Banner.In(language); b == "" {
				t.Errorf("%s has no banner in %s", m.ID, language)
			}
		}
	}
	if tribunal, _ := l.Family("peoples-tribunal"); !tribunal.ReadingOnly {
		t.Error("the tribunal is for reading only")
	}
}

// The failures that are known of stand on the clauses that they concern, so that
// nobody can take such a clause without reading them.
func TestFailuresStandOnTheirClauses(t *testing.T) {
	l := mustLoad(t)
	for _, c := range []struct {
		model, kind, says string
		clauses           []string
	}{
		{"twin-river-resolutions", "struck-down", "Toledo", []string{"named-whole", "living-whole", "rights", "own-duty", "court", "repair", "reading"}},
		{"twin-river-resolutions", "struck-down", "Mora", []string{"own-duty"}},
		{"twin-river-resolutions", "other", "Magpie", []string{"two-authorities"}},
		{"twin-river-resolutions", "unfunded", "", []string{"voices", "fund"}},
		{"local-cedaw-ordinance", "ignored", "Pittsburgh", []string{"body", "report"}},
		{"local-cedaw-ordinance", "unfunded", "", []string{"money"}},
		{"ffnpt-motion", "other", "Toronto", []string{"agenda"}},
		{"ffnpt-motion", "ignored", "", []string{"support", "report"}},
		{"participatory-budget-rulebook", "ignored", "Delivery", []string{"delivery"}},
		{"participatory-budget-rulebook", "unfunded", "", []string{"pot"}},
		{"future-design-evening", "ignored", "", []string{"reasons", "hand-over"}},
		{"how-our-group-decides", "ignored", "chat", []string{"record"}},
	} {
		m, _ := l.Model(c.model)
		for _, id := range c.clauses {
			clause, _ := m.Clause(id)
			if !slices.ContainsFunc(clause.Warnings, func(w Warning) bool {
				return w.Kind == c.kind && strings.Contains(w.Text["en"]+w.Where["en"]+w.Where[""], c.says)
			}) {
				t.Errorf("%s: the clause %q has no warning (%s) about %q", c.model, id, c.kind, c.says)
			}
		}
	}
}

// A model survives being written out and read again: what we read is all there is.
func TestRoundTrip(t *testing.T) {
	for _, m := range mustLoad(t).Models {
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again Model
		if err := decode(data, &again); err != nil {
			t.Fatal(m.ID, err)
		}
		if !reflect.DeepEqual(m, again) {
			t.Errorf("%s changed on its way", m.ID)
		}
	}
}

func TestTextIn(t *testing.T) {
	x := Text{"en": "one", "es": "uno", "pt-br": "um"}
	for _, c := range []struct{ ask, text, in string }{
		{"es", "uno", "es"}, {"es-MX", "uno", "es"}, {"ES", "uno", "es"}, {"pt-BR", "um", "pt-br"},
		{"pt", "one", "en"}, {"", "one", "en"}, {"xx-", "one", "en"},
	} {
		if text, in := x.In(c.ask); text != c.text || in != c.in {
			t.Errorf("In(%q) = %q, %q", c.ask, text, in)
		}
	}
	if text, in := (Text{"": "Toledo"}).In("es"); text != "Toledo" || in != "" {
		t.Errorf("a name: %q, %q", text, in)
	}
	if text, in := (Text{"qu": "huk", "ay": "maya"}).In("es"); text != "maya" || in != "ay" {
		t.Errorf("neither asked for nor English: %q, %q", text, in)
	}
	if text, in := Text(nil).In("es"); text != "" || in != "" {
		t.Errorf("nothing: %q, %q", text, in)
	}
}

// Clause ids outside the library are for good: these must never change.
func TestToken(t *testing.T) {
	m := Model{ID: "ffnpt-motion"}
	if got := m.Token("support"); got != "qgk7jjdusbcdtbpe" {
		t.Error(got)
	}
	seen := map[string]string{}
	for _, m := range mustLoad(t).Models {
		for _, c := range m.Clauses {
			token := m.Token(c.ID)
			if !regexp.MustCompile(`^[a-z2-7]{16}$`).MatchString(token) || seen[token] != "" {
				t.Errorf("%s/%s: %s, also of %q", m.ID, c.ID, token, seen[token])
			}
			seen[token] = m.ID + "/" + c.ID
		}
	}
}

// changed gives the program's own content, with one model changed as JSON.
func changed(t *testing.T, id string, change func(m map[string]any)) fstest.MapFS {
	t.Helper()
	name := "models/" + id + ".json"
	var m map[string]any
	if err := json.Unmarshal(file(t, name), &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return withFile(t, name, data)
}

func withFile(t *testing.T, name string, data []byte) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for _, n := range []string{instrumentsName, familiesName, "models/ffnpt-motion.json"} {
		out[n] = &fstest.MapFile{Data: file(t, n)}
	}
	out[name] = &fstest.MapFile{Data: data}
	return out
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(Embedded(), name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func list(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case int:
			v = v.([]any)[p]
		case string:
			v = v.(map[string]any)[p]
		}
	}
	return v
}

func object(v any, path ...any) map[string]any { return list(v, path...).(map[string]any) }

func TestFaultsOfAModel(t *testing.T) {
	long := strings.Repeat("word ", 151)
	for name, c := range map[string]struct {
		change func(m map[string]any)
		field  string
		says   string
	}{
		"language missing": {func(m map[string]any) { delete(object(m, "title"), "es") }, "title", "is in [en]"},
		"language extra":   {func(m map[string]any) { object(m, "title")["fr"] = "Titre" }, "title", "is in [en es fr]"},
		"same in both": {func(m map[string]any) {
			s := object(m, "summary")
			s["es"] = s["en"]
		}, "summary.es", "reads the same as en"},
		"prose for all languages": {func(m map[string]any) { m["summary"] = "One two three four five six seven." }, "summary", "too long for a name"},
		"no title":                {func(m map[string]any) { delete(m, "title") }, "title", "is missing"},
		"empty text":              {func(m map[string]any) { object(m, "title")["en"] = " " }, "title.en", "is empty"},
		"text too long":           {func(m map[string]any) { object(m, "clauses", 0, "text")["en"] = strings.TrimSpace(long) }, "clauses.0.text.en", "has 151 words"},
		"text too short":          {func(m map[string]any) { object(m, "clauses", 1, "text")["es"] = "Corto." }, "clauses.1.text.es", "has 1 words"},
		"reason too short":        {func(m map[string]any) { object(m, "clauses", 1, "reason")["en"] = "Because." }, "clauses.1.reason.en", "has 1 words"},
		"no softer":               {func(m map[string]any) { delete(object(m, "clauses", 2), "softer") }, "clauses.2.softer", "is missing"},
		"no stronger":             {func(m map[string]any) { delete(object(m, "clauses", 2), "stronger") }, "clauses.2.stronger", "is missing"},
		"no power":                {func(m map[string]any) { delete(object(m, "clauses", 2), "power") }, "clauses.2.power", "is missing"},
		"nothing to rest on":      {func(m map[string]any) { object(m, "clauses", 2)["rests_on"] = []any{} }, "clauses.2.rests_on", "is empty"},
		"elsewhere left out":      {func(m map[string]any) { delete(object(m, "clauses", 2), "elsewhere") }, "clauses.2.elsewhere", "[] says"},
		"seen, but where": {func(m map[string]any) { object(m, "clauses", 1, "elsewhere", 0)["sources"] = []any{} },
			"clauses.1.elsewhere.0.sources", "seen on a page"},
		"confidence": {func(m map[string]any) { object(m, "clauses", 1, "elsewhere", 0)["confidence"] = "sure" }, "clauses.1.elsewhere.0.confidence", "sure"},
		"date of source": {func(m map[string]any) {
			object(m, "clauses", 1, "elsewhere", 0, "sources", 0)["checked"] = "2026-02-30"
		}, "clauses.1.elsewhere.0.sources.0.checked", "no date"},
		"warning kind": {func(m map[string]any) { object(m, "clauses", 1, "warnings", 0)["kind"] = "bad" }, "clauses.1.warnings.0.kind", `"bad"`},
		"clause twice": {func(m map[string]any) { object(m, "clauses", 1)["id"] = "why-here" }, "clauses.1.id", "there already"},
		"clause id":    {func(m map[string]any) { object(m, "clauses", 1)["id"] = "Why Here" }, "clauses.1.id", "is no id"},
		"kind":         {func(m map[string]any) { object(m, "clauses", 1)["kind"] = "poem" }, "clauses.1.kind", `"poem"`},
		"passage with who": {func(m map[string]any) { object(m, "clauses", 0)["who"] = map[string]any{"en": "we", "es": "todas"} },
			"clauses.0.who", "is for steps"},
		"step without materials": {func(m map[string]any) { delete(object(m, "clauses", 10), "materials") }, "clauses.10.materials", "is for steps"},
		"too few clauses":        {func(m map[string]any) { m["clauses"] = m["clauses"].([]any)[:7] }, "clauses", "has 7"},
		"undeclared blank":       {func(m map[string]any) { object(m, "title")["en"] = "For {{mayor}}" }, "title.en", "{{mayor}} is not declared"},
		"blank lost in translation": {func(m map[string]any) {
			object(m, "title")["en"], object(m, "title")["es"] = "For {{council}}", "Para el concejo"
		}, "title.es", "has the blanks []"},
		"unused variable": {func(m map[string]any) {
			m["variables"] = append(m["variables"].([]any), map[string]any{"name": "river", "kind": "name",
				"label": map[string]any{"en": "River", "es": "Río"}, "example": "Tinto"})
		}, "variables.10", "no text uses {{river}}"},
		"variable twice":        {func(m map[string]any) { object(m, "variables", 1)["name"] = "council" }, "variables.1.name", "there already"},
		"variable name":         {func(m map[string]any) { object(m, "variables", 1)["name"] = "The Town" }, "variables.1.name", "is no name"},
		"broken braces":         {func(m map[string]any) { object(m, "title")["en"] = "For {{council" }, "title.en", "braces"},
		"five objections":       {func(m map[string]any) { object(m, "kit")["objections"] = list(m, "kit", "objections").([]any)[:5] }, "kit.objections", "has 5"},
		"no promises":           {func(m map[string]any) { object(m, "kit")["promises"] = []any{} }, "kit.promises", "is empty"},
		"short speech":          {func(m map[string]any) { object(m, "kit", "speech")["en"] = "Please." }, "kit.speech.en", "has 1 words"},
		"no front":              {func(m map[string]any) { delete(m, "front") }, "front", "is missing"},
		"no money":              {func(m map[string]any) { delete(object(m, "front"), "money") }, "front.money", "is missing"},
		"no banner":             {func(m map[string]any) { delete(m, "banner") }, "banner", "is missing"},
		"unknown instrument":    {func(m map[string]any) { object(m, "clauses", 1, "rests_on", 0)["instrument"] = "magna-carta" }, "clauses.1.rests_on.0.instrument", "magna-carta"},
		"instrument, principle": {func(m map[string]any) { object(m, "clauses", 1, "rests_on", 0)["principle"] = "both" }, "clauses.1.rests_on.0", "one of the two"},
		"unknown family":        {func(m map[string]any) { m["family"] = "x" }, "family", "no family"},
		"unknown theme":         {func(m map[string]any) { m["themes"] = []any{"x"} }, "themes.0", "no theme"},
		"unknown institution":   {func(m map[string]any) { m["institutions"] = []any{"x"} }, "institutions.0", `"x"`},
		"effort":                {func(m map[string]any) { m["effort"] = "little" }, "effort", `"little"`},
		"id and file":           {func(m map[string]any) { m["id"] = "other" }, "id", "ffnpt-motion.json"},
		"control character":     {func(m map[string]any) { object(m, "title")["en"] = "A\x00B" }, "title.en", "U+0000"},
		"turned around":         {func(m map[string]any) { object(m, "title")["en"] = "A\u202eB" }, "title.en", "U+202E"},
		"to check or not": {func(m map[string]any) { object(m, "passed_something_like", 0)["to_check"] = true },
			"passed_something_like.0.to_check", "is true"},
		"no languages": {func(m map[string]any) { m["languages"] = []any{} }, "languages", "names none"},
		"language tag": {func(m map[string]any) { m["languages"] = []any{"en", "es", "12"} }, "languages.2", "no language tag"},
	} {
		l, faults := load(changed(t, "ffnpt-motion", c.change))
		if !hasFault(faults, "models/ffnpt-motion.json", c.field, c.says) {
			t.Errorf("%s: no fault at %s that says %q, but\n%v", name, c.field, c.says, faults)
		}
		if len(l.Models) != 0 {
			t.Errorf("%s: the model was kept", name)
		}
	}
	if _, faults := load(changed(t, "ffnpt-motion", func(map[string]any) {})); len(faults) > 0 {
		t.Errorf("unchanged, but %v", faults)
	}
}

func hasFault(all Faults, file, field, says string) bool {
	for _, f := range all {
		if f.File == file && f.Field == field && strings.Contains(f.Problem, says) {
			return true
		}
	}
	return false
}

func TestStrictJSON(t *testing.T) {
	for name, c := range map[string]struct{ json, says string }{
		"unknown key":        {"{\n \"id\": \"x\",\n \"colour\": 1}", `line 3: json: unknown field "colour"`},
		"key twice":          {"{\n \"id\": \"x\",\n \"id\": \"y\"}", "line 3: id: this key is there twice"},
		"deep key twice":     {`{"clauses": [{"id": "a"}, {"text": {"en": "a", "en": "b"}}]}`, "clauses.1.text.en: this key is there twice"},
		"capital":            {`{"ID": "x"}`, "not a key"},
		"empty language":     {`{"title": {"": "x"}}`, "not a key"},
		"text as number":     {`{"title": 3}`, "a text is a string"},
		"clauses as text":    {`{"clauses": "none"}`, "cannot unmarshal"},
		"cut off":            {"{\n\n \"id\": ", "line 3"},
		"empty":              {"", "EOF"},
		"two documents":      {"{} {}", "something follows"},
		"not UTF-8":          {"{\"id\": \"\xff\"}", "is not UTF-8"},
		"deep":               {strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested more than"},
		"a list":             {"[]", "cannot unmarshal"},
		"comment":            {"{ // no\n}", "invalid character"},
		"too large":          {strings.Repeat(" ", maxFile+1), "is larger"},
		"language as a list": {`{"title": {"en": ["x"]}}`, "a text is a string"},
	} {
		l, faults := load(withFile(t, "models/ffnpt-motion.json", []byte(c.json)))
		if !hasFault(faults, "models/ffnpt-motion.json", "", c.says) {
			t.Errorf("%s: %v", name, faults)
		}
		if len(l.Models) != 0 {
			t.Errorf("%s: kept", name)
		}
	}
}

func TestFaultsOfFacts(t *testing.T) {
	change := func(name string, change func(m map[string]any)) fstest.MapFS {
		var m map[string]any
		if err := json.Unmarshal(file(t, name), &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return withFile(t, name, data)
	}
	for name, c := range map[string]struct {
		folder            fstest.MapFS
		file, field, says string
	}{
		"instrument twice": {change(instrumentsName, func(m map[string]any) { object(m, "instruments", 1)["id"] = "udhr" }), instrumentsName, "instruments.1.id", "there already"},
		"status":           {change(instrumentsName, func(m map[string]any) { object(m, "instruments", 1)["status"] = "law" }), instrumentsName, "instruments.1.status", `"law"`},
		"doubt not marked": {change(instrumentsName, func(m map[string]any) { object(m, "instruments", 0)["confidence"] = "Q" }), instrumentsName, "instruments.0.to_check", "is false"},
		"no year":          {change(instrumentsName, func(m map[string]any) { delete(object(m, "instruments", 0), "year") }), instrumentsName, "instruments.0.year", "is missing"},
		"sources left out": {change(instrumentsName, func(m map[string]any) { delete(object(m, "instruments", 0), "sources") }), instrumentsName, "instruments.0.sources", "[] says"},
		"family twice":     {change(familiesName, func(m map[string]any) { object(m, "families", 1)["id"] = "cedaw-ordinance" }), familiesName, "families.1.id", "there already"},
		"family's treaty":  {change(familiesName, func(m map[string]any) { object(m, "families", 1)["instruments"] = []any{"x"} }), familiesName, "families.1.instruments.0", "no treaty"},
		"adopter seen where": {change(familiesName, func(m map[string]any) { object(m, "families", 3)["sources"] = []any{} }),
			familiesName, "families.3.adopters.0.sources", "seen on a page"},
		"theme twice":    {change(familiesName, func(m map[string]any) { object(m, "themes", 1)["id"] = "climate" }), familiesName, "themes.1.id", "there already"},
		"shelf's treaty": {change(familiesName, func(m map[string]any) { object(m, "shelves", 0)["instruments"] = []any{"x"} }), familiesName, "shelves.0.instruments.0", "no treaty"},
		"blank in facts": {change(familiesName, func(m map[string]any) { object(m, "families", 0)["next"] = "See {{x}}" }), familiesName, "families.0.next", "not declared"},
	} {
		if _, faults := load(c.folder); !hasFault(faults, c.file, c.field, c.says) {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// A community's folder adds to the library; what is wrong in it is named and left
// out, and takes nothing else down.
func TestLoadMore(t *testing.T) {
	whole := mustLoad(t)
	var m map[string]any
	if err := json.Unmarshal(file(t, "models/ffnpt-motion.json"), &m); err != nil {
		t.Fatal(err)
	}
	m["id"] = "our-motion"
	ours, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	folder := fstest.MapFS{
		"models/our-motion.json":   {Data: ours},
		"models/broken.json":       {Data: []byte("{")},
		"models/ffnpt-motion.json": {Data: file(t, "models/ffnpt-motion.json")},
		"notes.txt":                {Data: []byte("not ours to read")},
	}
	l, err := Load(folder)
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != 2 ||
		!hasFault(faults, "models/broken.json", "", "line 1") || !hasFault(faults, "models/ffnpt-motion.json", "id", "there already") {
		t.Errorf("faults: %v", err)
	}
	if _, ok := l.Model("our-motion"); !ok || len(l.Models) != len(whole.Models)+1 {
		t.Errorf("%d models, ours among them: %t", len(l.Models), ok)
	}
	if got := Check(folder); !reflect.DeepEqual(got, faults) {
		t.Errorf("Check: %v", got)
	}
	delete(folder, "models/broken.json")
	delete(folder, "models/ffnpt-motion.json")
	if _, err := Load(folder); err != nil {
		t.Errorf("a sound folder: %v", err)
	}
	if got := Check(folder); len(got) != 0 {
		t.Errorf("a sound folder: %v", got)
	}
}

// A model may be in a community's own language alone, also in one without spaces.
func TestOneLanguage(t *testing.T) {
	folder := changed(t, "ffnpt-motion", func(m map[string]any) {
		m["languages"] = []any{"ja"}
		inJapanese(m)
	})
	if _, faults := load(folder); len(faults) > 0 {
		t.Errorf("%v", faults)
	}
}

// inJapanese keeps the Spanish texts' blanks and puts a line of Japanese before them.
func inJapanese(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			inJapanese(x)
		}
	case map[string]any:
		if es, ok := v["es"]; ok {
			delete(v, "en")
			delete(v, "es")
			v["ja"] = "私たちの町 " + strings.Join(blankShape.FindAllString(es.(string), -1), "")
			v["ja"] = strings.TrimSpace(v["ja"].(string))
			return
		}
		for _, x := range v {
			inJapanese(x)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id": "x", "title": {"en": "a"}}`))
	f.Add([]byte(`{"a": {"a": [{}]}}`))
	f.Add([]byte("[[[["))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m Model
		if decode(data, &m) != nil {
			return
		}
		l := &Library{}
		l.checkModel("models/x.json", m) // must not panic, whatever was decoded
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var n Model
		if err := json.Unmarshal(again, &n); err != nil {
			t.Fatalf("%v: %s", err, again)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}
