package web

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"translocal/blueprint"
	"translocal/document"
	"translocal/place"
)

// A place without a node takes part: it gets our text as a Word file, sends it back changed, and a keeper enters
// what it suggests, which is used like any other suggestion.
func TestASuggestionComesByFile(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(motionOnWater())
	keeper, stranger := s.browser(s.keeper), s.browser(place.Viewer{})
	at := s.place.ID + "/suggestion/enter?" + url.Values{"version": {k.ID}}.Encode()
	if page := keeper.get(k.ID, 200); !strings.Contains(page, "/suggestion/enter?") {
		t.Error("a keeper finds no way to enter a suggestion")
	}
	keeper.get(at, 200)
	if page := stranger.get(at, 200); !strings.Contains(page, "f-password") {
		t.Error(page)
	}
	changed := document.Doc{Blocks: []document.Block{document.Heading.Text("Of water"), document.Heading.Text("Publication"),
		{By: "Eva", Runs: []document.Run{{Text: "The town council shall publish the level of the river each "}, {Text: "month", Change: document.Deleted}, {Text: "week", Change: document.Inserted}, {Text: "."}}},
		document.Heading.Text("No cutting off"), document.Paragraph.Text("Nobody may be cut off from water for a debt."), document.Paragraph.Text("This holds in winter and in summer."),
		document.Paragraph.Text("The assembly reviews this motion each spring.")}}
	file, err := changed.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	read := strings.TrimPrefix(s.place.ID, s.URL) + "/suggestion/read"
	stranger.bring(read, 401, "x.docx", file, "version", k.ID, "name", "Upper valley")
	keeper.bring(read, 422, "x.pdf", []byte("%PDF-"), "version", k.ID, "name", "Upper valley")
	whole, _ := keeper.file(k.ID + "/file/docx")
	if page, _ := keeper.bring(read, 422, "x.docx", whole, "version", k.ID, "name", "Upper valley"); !strings.Contains(page, "No clause in this file differs") {
		t.Error(page)
	}
	page, _ := keeper.bring(read, 200, "x.docx", file, "version", k.ID, "name", "Upper valley")
	if !strings.Contains(page, "<del>month") || strings.Contains(page, "Eva") || !strings.Contains(page, "With wording suggested by Upper valley.") {
		t.Error(page)
	}
	v, err := s.server.Blueprints.Read(t.Context(), s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	id := v.Clauses[0].ID
	changes := page[strings.Index(page, `name="changes" value="`)+len(`name="changes" value="`):]
	changes = changes[:strings.Index(changes, `"><`)]
	if !json.Valid([]byte(changes)) || strings.Count(changes, `"kind":"change"`) != 1 {
		t.Fatal(changes)
	}
	fields := []string{"version", k.ID, "changes", changes, "name", "Upper valley", "named", "1", "credit", "With thanks to Upper valley."}
	keeper.post(s.place.ID+"/suggestion/enter", 422, fields...)
	keeper.post(s.place.ID+"/suggestion/enter", 422, append(fields, "clause", id)...) // no reason
	stranger.post(s.place.ID+"/suggestion/enter", 401, append(fields, "clause", id, "reason-"+id, "r")...)
	page, _ = keeper.post(s.place.ID+"/suggestion/enter", 200, append(fields, "clause", id, "reason-"+id, "A month is too long.")...)
	if !strings.Contains(page, "Upper valley has no node") || !strings.Contains(page, "A month is too long.") {
		t.Error(page)
	}
	in, err := s.server.Blueprints.Suggestions(t.Context(), s.keeper, s.place.Stream, false)
	if err != nil || len(in) != 1 {
		t.Fatal(err, in)
	}
	if work := keeper.get(s.place.ID+"/work", 200); !strings.Contains(work, "Upper valley") {
		t.Error(work)
	}
	page, _ = keeper.post(s.place.ID+"/suggestion/use", 200, "id", in[0].ID, "clause", id, "how", "now", "message", "Each week")
	if !strings.Contains(page, "each week") || !strings.Contains(page, "With thanks to Upper valley.") {
		t.Error(page)
	}
}

// A suggestion leaves as a Word file with its changes and reasons; its answer comes back by word of mouth.
func TestASuggestionLeavesAsAFileAndIsAnsweredByHand(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(motionOnWater())
	sister, err := s.server.Places.Found(t.Context(), s.keeper, "place", place.Profile{Name: "Sierra"})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := s.server.Blueprints.Read(t.Context(), s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	w := theirs.Clauses[1].Wording
	w.Text = "Nobody may be cut off from water for a debt or a lack of papers.\n\nThis holds in winter and in summer."
	id, err := s.server.Blueprints.Suggest(t.Context(), s.keeper, blueprint.NewSuggestion{Place: sister.Stream, To: k, Changes: []blueprint.SuggestedChange{
		{Kind: blueprint.ToChange, Clause: w.ID, Wording: w, Reason: "Papers were asked for here."}, {Kind: blueprint.ToDrop, Clause: theirs.Clauses[2].ID, Reason: "Nobody came."}}})
	if err != nil {
		t.Fatal(err)
	}
	keeper := s.browser(s.keeper)
	q := "?" + url.Values{"id": {id}}.Encode()
	word, _ := keeper.file(sister.ID + "/suggestion/file/docx" + q)
	x, err := document.Read("", word)
	if err != nil || !strings.Contains(x.Markdown, "a debt or a lack of papers.") || strings.Contains(x.Markdown, "each spring") || strings.Contains(x.Markdown, "Papers were asked") {
		t.Fatal(err, x.Markdown)
	}
	lost := map[string]int{}
	for _, l := range x.Lost {
		lost[l.Key] = l.Count
	}
	if lost[document.LostComments] != 2 || lost[document.LostTracked] < 3 {
		t.Error(lost)
	}
	md, _ := keeper.file(sister.ID + "/suggestion/file/md" + q)
	for _, want := range []string{"<ins>", "<del>The assembly reviews", "> **Sierra:** Papers were asked for here.", "The town council"} {
		if !strings.Contains(string(md), want) {
			t.Errorf("no %q in\n%s", want, md)
		}
	}
	if page := s.browser(place.Viewer{}).get(sister.ID+"/suggestion/file/docx"+q, 200); !strings.Contains(page, "f-password") {
		t.Error(page)
	}

	// What it says in JSON can be entered elsewhere with its reasons.
	raw, _ := keeper.file(sister.ID + "/suggestion/file/json" + q)
	page, _ := keeper.bring(strings.TrimPrefix(s.place.ID, s.URL)+"/suggestion/read", 200, "s.json", raw, "version", k.ID, "name", "Sierra")
	if !strings.Contains(page, "Papers were asked for here.") || strings.Count(page, " checked") != 2 {
		t.Error(page)
	}

	page = keeper.get(sister.ID+"/suggestion"+q, 200)
	if !strings.Contains(page, "Enter the answer by hand") {
		t.Error(page)
	}
	answered := sister.ID + "/suggestion/answered"
	keeper.post(answered, 422, "id", id, "outcome", "used", "day", time.Now().Format(time.DateOnly), "said", "")
	page, _ = keeper.post(answered, 200, "id", id, "outcome", "used-in-part", "clause", w.ID, "said", "the clerk", "day", time.Now().Format(time.DateOnly))
	if !strings.Contains(page, "Entered by hand: the clerk") {
		t.Error(page)
	}
	keeper.post(answered, 409, "id", id, "outcome", "used", "said", "the clerk", "day", time.Now().Format(time.DateOnly))
}
