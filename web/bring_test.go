package web

import (
	"context"
	"encoding/json"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/document"
	"translocal/fault"
	"translocal/place"
)

// taken is how many bytes a function has asked for.
func taken(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A file of nothing but brackets costs a few times its size, not a hundred times.
func TestJSONOfStrangersTakesLittleMemory(t *testing.T) {
	s := openTextSite(t)
	k := s.publish(motionOnWater())
	v, err := s.server.Blueprints.Read(t.Context(), s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{`{"text":{"clauses":[`, `{"text":{"variables":[`, `{"text":{"rests":[`, `{"changes":[`} {
		n := (document.MaxFile - 100) / 3
		in := Incoming{Language: "en", Data: []byte(at + strings.Repeat("{},", n) + "{}]" + strings.Repeat("}", strings.Count(at, "{")))}
		if used := taken(func() { _, _, err = s.server.differences(t.Context(), v, in) }); used > 4*document.MaxFile {
			t.Errorf("%s: %d MB for a file of %d", at, used>>20, len(in.Data)>>20)
		}
		if !hasFault(err, "file", "document.many") {
			t.Errorf("%s: %v", at, err)
		}
	}
	// JSON waits for its turn, as every file does.
	s.server.reading <- struct{}{}
	defer func() { <-s.server.reading }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := Incoming{Language: "en", Data: []byte(`{"text":{}}`)}
	if _, _, err := s.server.read(ctx, in); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if _, _, err := s.server.differences(ctx, v, in); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func hasFault(err error, field, key string) bool {
	f := asFault(err)
	return f != nil && len(f.Fields) == 1 && f.Fields[0].Name == field && f.Fields[0].Key == key
}

// What was typed beside a file in JSON is not passed over: the title counts, and a language that is not the file's is refused.
func TestWhatIsTypedBesideJSON(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(motionOnWater())
	stranger := s.browser(place.Viewer{})
	whole, _ := stranger.file(k.ID + "/file/json")
	_, at := stranger.bring("/drafts/new", 200, "a.json", whole, "language", "en", "title", "Of our water")
	d, err := s.server.Blueprints.ReadDraft(t.Context(), place.Viewer{}, blueprint.Link(strings.TrimPrefix(at, "/draft/")))
	if err != nil || d.Title != "Of our water" {
		t.Errorf("%v %+v", err, d)
	}
	if page, _ := stranger.bring("/drafts/new", 422, "a.json", whole, "language", "es"); !strings.Contains(page, "f-language-fault") || !strings.Contains(page, "This file is in another language: English.") {
		t.Error(page)
	}
}

// What a machine translated stays a machine's when it comes by file, by form and by call.
func TestAMachineTranslationEntersAsOne(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(motionOnWater())
	v, err := s.server.Blueprints.Read(t.Context(), s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	w := blueprint.Wording{ID: v.Clauses[2].ID, Kind: clause.Passage, Text: "The assembly reviews this motion each autumn."}
	list := []suggestedBody{{Kind: "change", Clause: w.ID, Wording: w, Reason: "Harvest is over then.", Status: "machine", From: "es", Original: "La asamblea revisa esta moción cada otoño."}}
	file, err := json.Marshal(map[string]any{"changes": list})
	if err != nil {
		t.Fatal(err)
	}
	keeper := s.browser(s.keeper)
	page, _ := keeper.bring(strings.TrimPrefix(s.place.ID, s.URL)+"/suggestion/read", 200, "s.json", file, "version", k.ID, "name", "Sierra")
	changes := page[strings.Index(page, `name="changes" value="`)+len(`name="changes" value="`):]
	changes = changes[:strings.Index(changes, `"><`)]
	_, at := keeper.post(s.place.ID+"/suggestion/enter", 200, "version", k.ID, "changes", changes, "name", "Sierra", "clause", w.ID, "reason-"+w.ID, "Harvest is over then.")
	in, err := s.server.Blueprints.Suggestions(t.Context(), s.keeper, s.place.Stream, false)
	if err != nil || len(in) != 1 {
		t.Fatal(err, at, in)
	}
	if c := in[0].Changes[0]; c.Status != blueprint.Machine || c.From != "es" || c.Original != list[0].Original {
		t.Errorf("%+v", c)
	}
	if _, err := s.server.Blueprints.Use(t.Context(), s.keeper, s.place.Stream, in[0].ID, blueprint.Using{}); !fault.Is(err, fault.Invalid) {
		t.Error("what no person has checked was published:", err)
	}
	var body struct{ Changes []suggestedBody }
	raw, _ := keeper.file(s.place.ID + "/suggestion/file/json?" + url.Values{"id": {in[0].ID}}.Encode())
	if err := json.Unmarshal(raw, &body); err != nil || len(body.Changes) != 1 || fromSuggestedBodies(body.Changes)[0] != in[0].Changes[0] {
		t.Errorf("%v %+v", err, body)
	}
}
