package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"translocal/act"
	"translocal/blueprint"
	"translocal/db"
	"translocal/place"
	"translocal/search"
)

func (b *browser) find(words string) searchBody {
	b.site.t.Helper()
	var out searchBody
	if err := json.Unmarshal([]byte(b.get("/api/v1/search?"+words, http.StatusOK)), &out); err != nil {
		b.site.t.Fatal(err)
	}
	return out
}

// raw is a page as it comes, with its entities.
func (b *browser) raw(path string) string {
	b.site.t.Helper()
	r, err := b.c.Get(b.site.URL + path)
	if err != nil {
		b.site.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		b.site.t.Fatal(path, r.StatusCode, err)
	}
	return string(body)
}

func TestSearchFindsAndSaysWhy(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	stranger := s.browser(place.Viewer{})
	if got := stranger.find("q=zanjón"); got.Total != 0 {
		t.Fatalf("found before it was written: %+v", got)
	}
	k := s.publish(passages("The town opens its Zanjón to <b>swimmers</b>.", "It reports each spring."))
	got := stranger.find("q=zanjon+swim")
	if got.Total != 1 || !strings.HasPrefix(got.Results[0].ID, k.ID+"#") || got.Results[0].Kind != "own" || got.Results[0].Why[0].Field != "text" {
		t.Fatalf("a text just published: %+v", got)
	}
	body := stranger.raw("/search?q=zanjon")
	if !strings.Contains(body, "<mark>Zanjón</mark> to &lt;b&gt;swimmers&lt;/b&gt;") {
		t.Errorf("the page doesn't say why:\n%s", body)
	}
	// The library, by a word of the other language, and each filter.
	for q, want := range map[string]string{
		"q=fossil&kind=model": "/library/model/ffnpt-motion", "q=combustibles+fosiles&kind=model": "/library/model/ffnpt-motion",
		"treaty=cedaw&kind=model": "/library/model/local-cedaw-ordinance", "institution=school&kind=model": "/library/model/",
		"effort=evening&kind=model": "/library/model/", "language=es&q=reglamento&kind=model": "/library/model/participatory-budget-rulebook", "q=cedaw&kind=treaty": "/library/treaties#cedaw",
	} {
		if got := stranger.find(q); got.Total == 0 || !strings.HasPrefix(got.Results[0].ID, want) {
			t.Errorf("%s: %+v", q, got)
		}
	}
	if got := stranger.find("theme=no-such-theme"); got.Total != 0 {
		t.Errorf("a theme that is not there: %+v", got)
	}
}

// What nobody has published is never found; what was erased is found no more.
func TestSearchKnowsNoDraftsAndNothingErased(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(s.keeper)
	link, err := s.server.Blueprints.Begin(t.Context(), s.keeper, s.place.Stream, "en")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.server.Blueprints.AddClause(t.Context(), s.keeper, link, "", blueprint.Wording{Kind: "passage", Text: "The quagga is protected."}); err != nil {
		t.Fatal(err)
	}
	if got := b.find("q=quagga"); got.Total != 0 {
		t.Fatalf("a draft is found: %+v", got)
	}
	k := s.publish(passages("The quagga is protected.", "It is counted."))
	if got := b.find("q=quagga"); got.Total != 1 {
		t.Fatalf("%+v", got)
	}
	v, err := s.server.Blueprints.Read(t.Context(), s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.log.Commit(t.Context(), s.place.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: act.EraseType, Object: act.Erase{Parts: []act.ErasedPart{{Index: v.Index, Name: "c/" + v.Clauses[0].ID}}}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.find("q=quagga"); got.Total != 0 {
		t.Fatalf("what was erased is found: %+v", got)
	}
}

func TestHostileSearches(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(place.Viewer{})
	if body := b.get("/search?q="+strings.Repeat("a", 201), http.StatusUnprocessableEntity); !strings.Contains(body, `aria-invalid="true"`) {
		t.Error("the field at fault is not named")
	}
	b.get("/api/v1/search?q="+strings.Repeat("a+b", 300), http.StatusUnprocessableEntity)
	for _, q := range []string{"q=%00", "q=%ff%fe", "q=%25", "q=%27%3B+drop+table+part", "q=a&from=-5", "q=a&from=99999999999999999999", "q=a&from=999999",
		"q=%3Cscript%3Ealert(1)%3C/script%3E", "kind=%3Cb%3E", "q=&theme=&kind="} {
		if body := b.raw("/search?" + q); strings.Contains(body, "<script>alert") || strings.Contains(body, "<b>") {
			t.Errorf("%s comes back as HTML", q)
		}
	}
	if body := b.get("/search?q=no+such+wordzz", http.StatusOK); !strings.Contains(body, "/places") || !strings.Contains(body, "fewer words") {
		t.Error("an empty result doesn't say what to do")
	}
}

// A search on a node with 10,000 clauses in 200 texts beside the library, nothing having moved.
func BenchmarkSearch(b *testing.B) {
	s := openTextSite(b)
	for i := range 200 {
		texts := make([]string, 50)
		for j := range texts {
			texts[j] = fmt.Sprintf("Clause %d of %d. %s", j, i, strings.Repeat("The council reports on the river and what it did for it each spring. ", 6))
		}
		s.publish(passages(texts...))
	}
	if _, err := s.server.findings(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		list, _, _, err := s.server.searched(b.Context(), search.Query{Words: "council river", Language: "en"}, 0)
		if err != nil || len(list) != pageOf {
			b.Fatal(len(list), err)
		}
	}
}

// A version of which a machine translated a clause is shown as such, and not put
// to a decision, by form or call.
func TestMachineTranslationIsNotForDeciding(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	text := passages("El consejo pone fin al gas.", "Informa cada primavera.")
	text.Clauses[1].Status = blueprint.Machine
	k := s.publish(text)
	b := s.browser(s.keeper)
	at := strings.TrimPrefix(s.place.ID, s.URL)
	if body := b.get(strings.TrimPrefix(k.ID, s.URL), http.StatusOK); !strings.Contains(body, "not for deciding") {
		t.Error("the page doesn't say so")
	}
	body, _ := b.post(at+"/propose", http.StatusUnprocessableEntity, "title", "Bring it", "version", k.ID, "rule", "consent", "quorum", "1", "review", "2100-01-01")
	if !strings.Contains(body, "not for deciding") {
		t.Errorf("the form doesn't say why:\n%s", body)
	}
}

func TestScalePageAndCall(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	text := passages("All gas goes by 2030.")
	text.Clauses[0].Softer, text.Clauses[0].Stronger = "The town considers less gas.", "All gas goes from every house by 2030."
	k := s.publish(text)
	b := s.browser(place.Viewer{})
	at := strings.TrimPrefix(k.ID, s.URL) + "/clause/" + text.Clauses[0].ID
	if !strings.Contains(b.get(at, http.StatusOK), at+"/scale") || !strings.Contains(b.get(at+"/scale", http.StatusOK), "All gas goes by 2030.") {
		t.Error("nothing leads to the comparison, or it lacks the clause itself")
	}
	b.get(at+"x/scale", http.StatusNotFound)
	var out scaleBody
	if err := json.Unmarshal([]byte(b.get("/api/v1/clauses/"+text.Clauses[0].ID+"/scale?version="+url.QueryEscape(k.ID), http.StatusOK)), &out); err != nil || len(out.Ordered) != 1 || out.Ordered[0].Share <= 0 {
		t.Errorf("%+v %v", out, err)
	}
}

// One clause filled in two ways is two things to a reader; its other wordings are filled too.
func TestFilledBlanksTellResultsApart(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	motion := passages("Everybody may see the zanjón book within {{days}} days.")
	motion.Clauses[0].Softer, motion.Clauses[0].Stronger, motion.Clauses[0].Power = "Within {{days}} wet days.", "Within {{days}} dry days.", "Fined after {{days}} cold days."
	motion.Variables = []blueprint.Variable{{Name: "days", Label: "Days", Value: "thirty"}}
	k := s.publish(motion)
	v, err := s.server.Blueprints.Read(t.Context(), s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	stranger := s.browser(place.Viewer{})
	total := func(q string) int { return stranger.find("q=" + q).Total }
	for _, q := range []string{"zanjon", "thirty+wet", "thirty+dry", "thirty+cold"} {
		if n := total(q); n != 1 {
			t.Errorf("%s: %d", q, n)
		}
	}
	motion.Clauses[0].ID = v.Clauses[0].ID
	s.publish(motion)
	if n := total("zanjon"); n != 1 {
		t.Errorf("the same twice: %d", n)
	}
	motion.Variables[0].Value = "sixty"
	s.publish(motion)
	if n := total("zanjon"); n != 2 {
		t.Errorf("thirty and sixty days: %d", n)
	}
	a, err := s.server.checked(t.Context(), "Within sixty dry days.", []string{"places"})
	if err != nil || len(a.Clauses[0].Near) == 0 || a.Clauses[0].Near[0].Similarity < 1 {
		t.Errorf("%v %+v", err, a.Clauses)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := s.server.textLanguages(ctx); err == nil {
		t.Error("an error reads as no languages:", list)
	}
}

// What happened to a clause elsewhere is found by its words and by what became of it, as soon as it was said and no
// longer than it stands; one whose words were erased is found no more.
func TestSearchKnowsWhatHappened(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	ctx, b := t.Context(), s.browser(place.Viewer{})
	k := s.publish(passages("The town may sue for its river.", "It counts the fish."))
	v, err := s.server.Blueprints.Read(ctx, s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	warn := func(kind blueprint.WarningKind, clause int, text string) string {
		t.Helper()
		id, err := s.server.Blueprints.Warn(ctx, s.keeper, blueprint.NewWarning{Place: s.place.Stream, Version: k, Clause: v.Clauses[clause].ID, Kind: kind,
			Text: text, Where: "Montaña", Happened: "2021", Cited: "Ruling 7"})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	only := func(q string, clause int) {
		t.Helper()
		got := b.find(q)
		if got.Total != 1 || got.Results[0].ID != k.ID+"#"+v.Clauses[clause].ID {
			t.Errorf("%s: %+v", q, got)
		}
	}
	none := func(q string) {
		t.Helper()
		if got := b.find(q); got.Total != 0 {
			t.Errorf("%s: %+v", q, got)
		}
	}
	none("q=zebra+judge")
	first := warn("struck-down", 0, "The zebra judge called it void.")
	only("q=zebra+judge", 0)
	only("q=zebra+montana&status=struck-down", 0)
	none("q=zebra&status=unfunded")
	if got := b.find("q=zebra"); got.Results[0].Why[0].Field != "warning" || len(got.Results[0].Became) != 1 || got.Results[0].Became[0] != "struck-down" {
		t.Errorf("%+v", got)
	}
	if got := b.find("kind=own&status=struck-down"); got.Total != 1 || got.Results[0].ID != k.ID {
		t.Errorf("without words the text as a whole: %+v", got)
	}
	if body := b.raw("/search?q=zebra"); !strings.Contains(body, "In what happened elsewhere:") || !strings.Contains(body, `<span class="tag warn">A court or authority struck it down`) {
		t.Errorf("the page doesn't say why:\n%s", body)
	}
	// One is taken back and another given in one breath: as many as before, and others.
	if err := s.server.Blueprints.Withdraw(ctx, s.keeper, s.place.Stream, first, "It was another river"); err != nil {
		t.Fatal(err)
	}
	warn("unfunded", 1, "The okapi budget had no line for it.")
	none("q=zebra")
	none("status=struck-down&kind=own")
	only("q=okapi", 1)
	only("q=fish&status=unfunded", 1)
	list, err := s.server.Blueprints.WarningsOn(ctx, s.keeper, v.Clauses[1].ID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	_, err = s.log.Commit(ctx, s.place.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: act.EraseType, Object: act.Erase{Parts: []act.ErasedPart{{Index: list[0].Index, Name: "text"}}}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	none("q=okapi")
	none("status=unfunded&kind=own")
	// The library's own, each kind that it has.
	for _, kind := range []string{"struck-down", "unfunded", "ignored"} {
		if got := b.find("kind=model&status=" + kind); got.Total == 0 {
			t.Errorf("no model warns of %s", kind)
		}
	}
}

// Each filter keeps what has the value and nothing else, on what the library holds and on what a place published.
func TestEachFilterKeepsWhatItSays(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(place.Viewer{})
	text := passages("The school plants a bosquet.", "It waters it.")
	text.Institution, text.Family, text.Language = "school", "child-friendly-city", "fr"
	text.Rests = []blueprint.Rest{{Instrument: "crc", Article: "12"}}
	k := s.publish(text)
	f, ok := s.server.Library.Family(text.Family)
	if !ok {
		t.Fatal("no such family")
	}
	for name, values := range map[string][2]string{"institution": {"school", "court"}, "treaty": {"crc", "cedaw"}, "language": {"fr", "es"}, "kind": {"own", "model"},
		"theme": {f.Themes[0], "no-theme"}, "effort": {f.Effort, "no-effort"}} {
		if got := b.find("q=bosquet&" + name + "=" + values[0]); got.Total != 1 || !strings.HasPrefix(got.Results[0].ID, k.ID) {
			t.Errorf("%s=%s: %+v", name, values[0], got)
		}
		if got := b.find("q=bosquet&" + name + "=" + values[1]); got.Total != 0 {
			t.Errorf("%s=%s: %+v", name, values[1], got)
		}
	}
}
