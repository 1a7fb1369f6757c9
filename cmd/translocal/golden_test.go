package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"translocal/act"
	"translocal/advance"
	"translocal/blueprint"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/decide"
	"translocal/place"
)

// The golden streams: what each release has written, kept as it was signed, and
// the public tables that follow from it. A later release must read both alike.
//
// When a type of act is added or gains a version, the newest file no longer
// holds all types, and TestGoldenStreams says so. (The fourth was made for what an act
// can embed, which is no type.) Then: raise goldenRelease, play
// the new type in goldenStory, and run
//
//	go test ./cmd/translocal -run TestGoldenStreams -update
//
// once. It writes golden-N.jsonl only where there is none: a stream that was
// released is never written anew. The dump beside it (golden-N.txt) is, so that a
// column more can be taken over; look at its difference line by line: what stood
// there before must stand there still.
const goldenRelease = 4

var update = flag.Bool("update", false, "write a golden stream that is missing, and the dumps of all")

// goldenEntry is one line of a golden stream: an envelope and its parts.
type goldenEntry struct {
	Stream   act.Fingerprint `json:"stream"`
	Envelope json.RawMessage `json:"envelope"`
	Parts    []act.Part      `json:"parts,omitempty"`
}

func goldenFile(release int, kind string) string {
	return fmt.Sprintf("testdata/golden-%d.%s", release, kind)
}

func TestGoldenStreams(t *testing.T) {
	if _, err := os.Stat(goldenFile(goldenRelease, "jsonl")); *update && os.IsNotExist(err) {
		writeGolden(t, goldenFile(goldenRelease, "jsonl"), goldenStory(t))
	}
	for release := 1; release <= goldenRelease; release++ {
		t.Run(fmt.Sprint(release), func(t *testing.T) {
			d := dbtest.Open(t)
			types := replayGolden(t, d, readGolden(t, release))
			if release == goldenRelease {
				holdsEveryType(t, types)
			}
			if release >= 4 {
				holdsSuggestion(t, d)
			}
			dump := publicTables(t, d)
			if *update {
				writeGolden(t, goldenFile(release, "txt"), dump)
			}
			want, err := os.ReadFile(goldenFile(release, "txt"))
			if err != nil {
				t.Fatal(err)
			}
			compareLines(t, string(want), string(dump))
		})
	}
}

func writeGolden(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func readGolden(t *testing.T, release int) []goldenEntry {
	t.Helper()
	raw, err := os.ReadFile(goldenFile(release, "jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []goldenEntry
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var e goldenEntry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	return all
}

// replayGolden verifies and receives the streams as those of another node, and
// tells which types they hold. Every act must be applied: none unknown or void.
func replayGolden(t *testing.T, d *db.DB, all []goldenEntry) (types map[string]bool) {
	t.Helper()
	l := act.NewLog(d, nil, vocabularies()...)
	defer l.Close()
	types, next := map[string]bool{}, map[act.Fingerprint]int64{}
	for i, g := range all {
		a, err := act.Parse(g.Envelope)
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		list := []act.Entry{{Act: a, Parts: g.Parts}}
		if err := act.VerifyEntries(t.Context(), d, g.Stream, next[g.Stream], list); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if next[g.Stream], err = l.Receive(t.Context(), g.Stream, list); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		types[a.Type] = true
	}
	passed, err := passedOver.All(t.Context(), d)
	if err != nil || len(passed) > 0 {
		t.Fatalf("passed over: %v %v", passed, err)
	}
	return types
}

var passedOver = db.Rows[string](`select type from act where state <> 0 order by type`)

func holdsEveryType(t *testing.T, types map[string]bool) {
	t.Helper()
	known := []string{act.FoundType, act.SetKeyType, act.EraseType, act.SetRootsType, act.RecoverType}
	for _, v := range vocabularies() {
		for _, x := range v.Types {
			known = append(known, x.Name)
		}
	}
	for _, name := range known {
		if !types[name] {
			t.Errorf("no act of type %s in %s: see goldenRelease", name, goldenFile(goldenRelease, "jsonl"))
		}
	}
}

var versionsWith = db.Rows[blueprint.VersionKey](`select v.stream, v.id from blueprint_version v join part p on p.stream = v.stream and p.idx = v.idx where p.name = 'suggestion'`)

// holdsSuggestion reads the suggestion that an act embeds, and verifies it by the keys
// that stand beside it, as a node does that never heard of its sender.
func holdsSuggestion(t *testing.T, d *db.DB) {
	t.Helper()
	list, err := versionsWith.All(t.Context(), d)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d versions embed a suggestion", len(list))
	}
	l := act.NewLog(d, nil, vocabularies()...)
	defer l.Close()
	x, err := blueprint.New(l).Embedded(t.Context(), place.Viewer{}, list[0])
	must(t, err)
	if x.Note != "From the delta" || len(x.Changes) != 2 || x.Changes[0].Reason != "So that it can be read on the water" || x.Changes[0].Wording.Text == "" ||
		x.Changes[1].Kind != blueprint.ToDrop || x.Other.Name != "Delta" || len(x.Answer.Clauses) != 1 || x.Answer.Clauses[0] != x.Changes[0].Clause {
		t.Errorf("%+v %+v", x, x.Answer)
	}
}

// publicTables writes every public table, row by row, the same on both engines.
func publicTables(t testing.TB, d *db.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	var tables []act.Table
	for _, name := range []string{"stream_key", "stream_root", "stream_address"} {
		tables = append(tables, act.Table{Name: name, Key: []string{"stream", "idx"}})
	}
	for _, v := range vocabularies() {
		tables = append(tables, v.Tables...)
	}
	sort.Slice(tables, func(i, j int) bool { return tables[i].Name < tables[j].Name })
	for _, table := range tables {
		rows, err := d.Dump(t.Context(), table.Name, table.Key)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range slices.Sorted(maps.Keys(rows)) {
			fmt.Fprintf(&b, "%s %s\n", table.Name, rows[k])
		}
	}
	return b.Bytes()
}

func compareLines(t *testing.T, want, got string) {
	t.Helper()
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, line := range a {
		if !slices.Contains(b, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			t.Errorf("not in the golden dump: %s", line)
		}
	}
	if want != got && !t.Failed() {
		t.Error("the same rows in another order or number")
	}
}

// goldenStory plays one act of each type, through the methods that a node has
// for them, and returns the streams.
func goldenStory(t *testing.T) []byte {
	t.Helper()
	ctx := t.Context()
	n, err := openNode(ctx, nodeOptions{Data: t.TempDir(), Base: "http://golden.test"})
	must(t, err)
	defer n.close()
	rio, delta, keeper := tellGolden(t, n)
	goldenSuggestion(t, n, keeper, rio, delta)

	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	for _, f := range []act.Fingerprint{rio.Stream, delta.Stream} {
		list, err := n.log.Entries(ctx, f, 0, 1000)
		must(t, err)
		for _, e := range list {
			must(t, lines.Encode(goldenEntry{f, e.Act.Envelope, e.Parts}))
		}
	}
	return b.Bytes()
}

// goldenSuggestion has the one place suggest two changes to the other, publicly, and
// that one use the first, in a version that embeds the suggestion.
func goldenSuggestion(t testing.TB, n *node, v place.Viewer, rio, delta *place.Place) {
	t.Helper()
	ctx, b := t.Context(), n.server.Blueprints
	list, err := b.Of(ctx, v, rio.Stream)
	must(t, err)
	i := slices.IndexFunc(list, func(x blueprint.Title) bool { return x.Language == "en" })
	text, err := b.Read(ctx, v, list[i].VersionKey)
	must(t, err)
	w := text.Clauses[0].Wording
	w.Text += " It fits on one sheet."
	id, err := b.Suggest(ctx, v, blueprint.NewSuggestion{Place: delta.Stream, To: text.VersionKey, Note: "From the delta", Public: true, Changes: []blueprint.SuggestedChange{
		{Kind: blueprint.ToChange, Clause: w.ID, Wording: w, Reason: "So that it can be read on the water"},
		{Kind: blueprint.ToDrop, Clause: text.Clauses[1].ID, Reason: "We know it by now"}}})
	must(t, err)
	_, err = n.log.Deliver(ctx, n.base, nil) // both are of this node, so nothing is sent
	must(t, err)
	_, err = b.Use(ctx, v, rio.Stream, id, blueprint.Using{Clauses: []string{w.ID}, Message: "With a sentence of the delta"})
	must(t, err)
}

// tellGolden plays the story on a node that was opened just now.
func tellGolden(t testing.TB, n *node) (*place.Place, *place.Place, place.Viewer) {
	t.Helper()
	ctx := t.Context()
	tick := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	n.log.Clock(func() time.Time { tick = tick.Add(time.Minute); return tick })

	link, err := n.places.SetupLink(ctx)
	must(t, err)
	rio, keeper, err := n.places.Setup(ctx, link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro")
	must(t, err)
	must(t, n.places.Describe(ctx, keeper, rio.Stream, place.Profile{Name: "Río Claro", Names: []place.Name{{Lang: "en", Name: "Clear River"}}, What: "watershed",
		Languages: []string{"es", "en"}, At: &place.Point{Lat: -345, Lon: -584}, Living: "El río", Story: "Una historia"}))
	delta, err := n.places.Found(ctx, keeper, "circle", place.Profile{Name: "Delta"})
	must(t, err)
	version := goldenBlueprint(t, n, keeper, rio.Stream, delta.Stream)
	goldenAdvance(t, n, keeper, rio.Stream, version)
	_, err = n.log.Rotate(ctx, rio.Stream, func(context.Context, *db.Tx) error { return nil })
	must(t, err)
	_, err = n.log.Commit(ctx, rio.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: act.EraseType, Object: act.Erase{Parts: []act.ErasedPart{{Index: 2, Name: "story"}}}}}, nil
	})
	must(t, err)
	goldenRoots(t, n, keeper, delta)
	return rio, delta, keeper
}

// goldenRoots names root keys, names others by them, and gets a signing key by these.
func goldenRoots(t testing.TB, n *node, v place.Viewer, at *place.Place) {
	t.Helper()
	ctx := t.Context()
	var keys []ed25519.PrivateKey
	roots := place.RootKeys{Threshold: 2}
	for range 3 {
		_, k, err := ed25519.GenerateKey(nil)
		must(t, err)
		keys = append(keys, k)
		roots.Keys = append(roots.Keys, place.RootKey{Public: act.EncodeKey(k.Public().(ed25519.PublicKey)), Whose: "Alder"})
	}
	carryOut := func(text string, err error) {
		must(t, err)
		s, err := act.ParseStatement([]byte(text))
		must(t, err)
		proofs := ""
		for _, k := range keys[1:] {
			p, err := s.Sign(k)
			must(t, err)
			proofs += p.String() + "\n"
		}
		must(t, n.places.CarryOut(ctx, v, at.Stream, text, proofs))
	}
	statement, err := n.places.SetRootKeys(ctx, v, at.Stream, roots)
	must(t, err)
	if statement != "" {
		t.Fatal("there were root keys before the first")
	}
	roots.Keys = roots.Keys[1:]
	carryOut(n.places.SetRootKeys(ctx, v, at.Stream, roots))
	carryOut(n.places.PrepareRecovery(ctx, v, at.Stream))
	must(t, n.places.Describe(ctx, v, at.Stream, place.Profile{Name: "Delta", Story: "By another key"}))
}

// goldenBlueprint publishes, continues, adapts in another place, translates and
// warns; it returns the version that is brought.
func goldenBlueprint(t testing.TB, n *node, v place.Viewer, rio, delta act.Fingerprint) blueprint.VersionKey {
	t.Helper()
	ctx, b := t.Context(), n.server.Blueprints
	text := blueprint.Text{Title: "A motion for the river", Summary: "Contracts in the open", Language: "en", Institution: "council",
		Rests:     []blueprint.Rest{{Instrument: "escazu", Article: "5"}},
		Variables: []blueprint.Variable{{Name: "council", Label: "Name of the council", Value: "Town council"}},
		Clauses: []blueprint.Clause{
			{Wording: blueprint.Wording{ID: "aaaaaaaaaaaaaaaa", Kind: "passage", Heading: "Contracts", Text: "{{council}} publishes every contract.", Reason: "So that we know"}},
			{Wording: blueprint.Wording{ID: "bbbbbbbbbbbbbbbb", Kind: "step", Text: "Ask for the file.", Who: "two of us", When: "in spring"}}}}
	first, err := b.Publish(ctx, v, blueprint.Publication{Place: rio, Text: text, Message: "First"})
	must(t, err)
	read, err := b.Read(ctx, v, first)
	must(t, err)
	text.Clauses[0].Text = "{{council}} publishes every contract within ninety days."
	second, err := b.Publish(ctx, v, blueprint.Publication{Place: rio, Blueprint: read.Blueprint, Base: first.ID, Text: text})
	must(t, err)
	publishDraft := func(link blueprint.Link, edit func(d *blueprint.Draft) *blueprint.Draft) blueprint.VersionKey {
		d, err := b.ReadDraft(ctx, v, link)
		must(t, err)
		d = edit(d)
		k, err := b.PublishDraft(ctx, v, link, blueprint.Publishing{Rev: d.Rev, Message: "Ours"})
		must(t, err)
		return k
	}
	adapted, err := b.Adapt(ctx, v, blueprint.Source{Version: second}, delta)
	must(t, err)
	publishDraft(adapted, func(*blueprint.Draft) *blueprint.Draft {
		d, _, err := b.AddClause(ctx, v, adapted, "bbbbbbbbbbbbbbbb", blueprint.Wording{Kind: "passage", Text: "The delta has a voice."})
		must(t, err)
		return d
	})
	translated, err := b.Translate(ctx, v, blueprint.Source{Version: second}, rio, "es")
	must(t, err)
	publishDraft(translated, func(d *blueprint.Draft) *blueprint.Draft {
		d, err := b.SetHead(ctx, v, translated, d.Rev, blueprint.DraftHead{Title: "Moción por el río", Institution: "council"})
		must(t, err)
		for _, c := range text.Clauses {
			d, err = b.SetClause(ctx, v, translated, d.Rev, blueprint.Wording{ID: c.ID, Kind: c.Kind, Text: "En español: " + c.ID})
			must(t, err)
		}
		return d
	})
	for i, kind := range []blueprint.WarningKind{"struck-down", "unfunded"} {
		id, err := b.Warn(ctx, v, blueprint.NewWarning{Place: delta, Version: second, Clause: "aaaaaaaaaaaaaaaa", Kind: kind, Text: "It did not hold.",
			Where: "The delta", Happened: "2026-02", Source: "https://court.test/12"})
		must(t, err)
		if i == 1 {
			must(t, b.Withdraw(ctx, v, delta, id, "It was funded after all"))
		}
	}
	return second
}

// goldenAdvance decides, brings and records.
func goldenAdvance(t testing.TB, n *node, v place.Viewer, rio act.Fingerprint, version blueprint.VersionKey) {
	t.Helper()
	ctx, d, ad := t.Context(), n.server.Decisions, n.server.Advances
	read, err := n.server.Blueprints.Read(ctx, v, version)
	must(t, err)
	p, err := d.Propose(ctx, v, rio, decide.Proposal{Title: "Bring the motion", Rule: decide.RuleMajority, Quorum: 12, Review: "2199-06-01", Version: read.Ref()})
	must(t, err)
	must(t, d.NextRound(ctx, v, p.ID))
	must(t, d.NextRound(ctx, v, p.ID))
	must(t, d.EnterRoom(ctx, v, p.ID, decide.Room{Present: 20, Agree: 17, Abstain: 2, Concerns: []string{"The date is tight"}, Objections: []string{"Too soon"}}))
	page, err := d.Read(ctx, v, p.ID)
	must(t, err)
	release := decide.Release{Note: "We bring it.", Counts: true}
	for _, x := range page.Voices {
		release.Voices = append(release.Voices, x.ID)
	}
	out, err := d.Close(ctx, v, p.ID, release)
	must(t, err)
	body, err := ad.NameAuthority(ctx, v, rio, "Town council", "council")
	must(t, err)
	b, err := ad.Bring(ctx, v, rio, out.ID, body.ID)
	must(t, err)
	must(t, ad.RecordDeed(ctx, v, rio, b.ID, advance.Deed{Kind: "motion", Number: "12/2026", Day: "2026-04-01", Legal: "adopted",
		Votes: &advance.Votes{For: 7, Against: 2, Abstain: 1}, Link: "https://council.test/12", Amended: version.ID, Reason: "With one clause changed"}))
	b, err = ad.ByID(ctx, b.ID)
	must(t, err)
	draft, err := ad.PutIn(ctx, v, rio, b.Deeds[0].ID, advance.Attachment{Name: "minutes.txt", Description: "The minutes of the meeting", Data: []byte("Motion 12/2026: adopted.")})
	must(t, err)
	_, err = ad.Attach(ctx, v, draft.ID)
	must(t, err)
	must(t, ad.SetStatus(ctx, v, rio, b.ID, advance.Change{Lifecycle: advance.Delivery, Status: "promised", Day: "2026-06-01", Source: "minutes of June", Reason: "They said so"}))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
