package blueprint

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// deliver carries what is due from one node to another.
func (n *node) deliver(to *node) {
	n.t.Helper()
	_, err := n.log.Deliver(n.t.Context(), act.Host(to.place.ID), func(ctx context.Context, _ string, body []byte) ([]byte, error) {
		return to.log.ReceiveSubmission(ctx, body, act.Host(n.place.ID))
	})
	if err != nil {
		n.t.Fatal(err)
	}
}

// story is A's text, adapted by B with one clause changed, one added and one dropped.
type story struct {
	a, b   *node
	source VersionKey
	mine   VersionKey
	list   []SuggestedChange // what B could suggest
}

func newStory(t *testing.T) *story {
	t.Helper()
	s := &story{a: openNode(t, "Rio"), b: openNode(t, "Sierra")}
	s.source = s.a.publish(sampleText(), VersionKey{})
	s.b.hear(s.a)
	d, l := s.b.adapt(Source{Version: s.source})
	do := must[*Draft](t)
	w := d.Clauses[0].Wording
	w.Text = "{{council}} strongly endorses the call."
	d = do(s.b.b.SetClause(t.Context(), s.b.keeper, l, d.Rev, w))
	d = do(s.b.b.DropClause(t.Context(), s.b.keeper, l, d.Rev, d.Clauses[2].ID))
	if _, _, err := s.b.b.AddClause(t.Context(), s.b.keeper, l, d.Clauses[1].ID, Wording{Kind: clause.Step, Heading: "Report", Text: "Report each spring.", Who: "The clerk"}); err != nil {
		t.Fatal(err)
	}
	s.mine = s.b.publishDraft(l)
	var err error
	if s.list, err = s.b.b.Candidates(t.Context(), s.b.keeper, s.mine, s.source); err != nil {
		t.Fatal(err)
	}
	for i := range s.list {
		s.list[i].Reason = "It worked for us."
	}
	return s
}

func (s *story) suggest(public bool, changes ...SuggestedChange) string {
	s.a.t.Helper()
	id, err := s.b.b.Suggest(s.a.t.Context(), s.b.keeper, NewSuggestion{Place: s.b.place.Stream, To: s.source, From: &s.mine, Changes: changes, Note: "With thanks", Public: public})
	if err != nil {
		s.a.t.Fatal(err)
	}
	return id
}

// see reads a suggestion on one side.
func (n *node) see(id string) (Suggestion, []Talk) {
	n.t.Helper()
	x, talk, err := n.b.ReadSuggestion(n.t.Context(), n.keeper, n.place.Stream, id)
	if err != nil {
		n.t.Fatal(err)
	}
	return x, talk
}

func TestSuggestTalkAndUseAPart(t *testing.T) {
	s := newStory(t)
	ctx, a, b := t.Context(), s.a, s.b
	if len(s.list) != 3 || s.list[0].Kind != ToChange || s.list[1].Kind != ToDrop || s.list[2].Kind != ToAdd || s.list[2].Wording.Who != "The clerk" {
		t.Fatalf("%+v", s.list)
	}
	id := s.suggest(true, s.list...)
	if x, _ := b.see(id); x.State != Sent {
		t.Error(x.State)
	}
	b.deliver(a)
	if x, _ := b.see(id); x.State != Acknowledged {
		t.Error(x.State)
	}
	in, err := a.b.Suggestions(ctx, a.keeper, a.place.Stream, false)
	if err != nil || len(in) != 1 || in[0].State != Acknowledged || in[0].Note != "With thanks" || in[0].Other.URL != b.place.ID || len(in[0].Changes) != 3 {
		t.Fatalf("%+v %v", in, err)
	}
	base, diff, err := a.b.SuggestionDiff(ctx, a.keeper, in[0])
	if err != nil || base.ID != s.source.ID {
		t.Fatal(err)
	}
	states := map[clause.State]int{}
	for _, c := range diff {
		states[c.State]++
	}
	if states[clause.Changed] != 1 || states[clause.Added] != 1 || states[clause.Dropped] != 1 || states[clause.Kept] != 2 {
		t.Errorf("%v", states)
	}
	// They talk.
	for _, say := range []struct {
		from, to *node
		text     string
	}{{a, b, "What does it cost?"}, {b, a, "Two hours a year."}, {b, a, "And a stamp."}, {a, b, "Good."}} {
		if err := say.from.b.Say(ctx, say.from.keeper, say.from.place.Stream, id, say.text); err != nil {
			t.Fatal(err)
		}
		say.from.deliver(say.to)
	}
	for _, n := range []*node{a, b} {
		x, talk := n.see(id)
		if x.State != Discussing || len(talk) != 4 || talk[1].Text != "Two hours a year." || talk[0].Ours != (n == a) {
			t.Errorf("%s: %s %+v", n.place.Name, x.State, talk)
		}
	}
	// A uses the change and the addition, not the dropping.
	k, err := a.b.Use(ctx, a.keeper, a.place.Stream, id, Using{Clauses: []string{s.list[0].Clause, s.list[2].Clause}, Message: "From Sierra", Note: "We keep the gas clause."})
	if err != nil {
		t.Fatal(err)
	}
	v := a.read(k)
	if len(v.Clauses) != 5 || v.Clauses[0].Text != "{{council}} strongly endorses the call." || v.Clauses[2].Who != "The clerk" || v.Clauses[2].Kind != clause.Step {
		t.Errorf("%+v", v.Clauses)
	}
	if len(v.Credits) != 1 || v.Credits[0].Kind != CreditSuggested || v.Credits[0].Submission != id || v.Credits[0].Place.Stream != b.place.Stream || len(v.Credits[0].Clauses) != 2 {
		t.Errorf("%+v", v.Credits)
	}
	a.deliver(b)
	x, _ := b.see(id)
	if x.State != UsedInPart || x.Answer == nil || x.Answer.Version.URL != k.ID || x.Answer.Reason != "We keep the gas clause." {
		t.Errorf("%+v", x)
	}
	if _, err := a.b.Use(ctx, a.keeper, a.place.Stream, id, Using{}); !fault.Is(err, fault.Conflict) {
		t.Error("used twice:", err)
	}
	if err := b.b.TakeBack(ctx, b.keeper, b.place.Stream, id); !fault.Is(err, fault.Conflict) {
		t.Error("taken back after the answer:", err)
	}
	// The suggestion stands in the version, signed by its sender, and everybody who follows can read it.
	b.hear(a)
	e, err := b.b.Embedded(ctx, place.Viewer{}, k)
	if err != nil || e.ID != id || e.Other.URL != b.place.ID || len(e.Changes) != 3 {
		t.Errorf("%+v %v", e, err)
	}
	// What B brings in now is what it suggested: nothing collides, and the gas clause that it dropped stays dropped.
	d := b.draft(must[Link](t)(b.b.BringIn(ctx, b.keeper, s.mine, k)))
	if len(d.Collisions) != 0 || len(d.Clauses) != 4 {
		t.Errorf("%+v", d.Collisions)
	}
}

// A long talk in which each place replies now and then fills nobody's table: of what one
// sender may lay there unanswered, messages that were followed by a reply are no part.
func TestALongTalkIsNotCutOff(t *testing.T) {
	s := newStory(t)
	ctx, a, b := t.Context(), s.a, s.b
	id := s.suggest(false, s.list[0])
	b.deliver(a)
	say := func(n, to *node, text string) {
		t.Helper()
		if err := n.b.Say(ctx, n.keeper, n.place.Stream, id, text); err != nil {
			t.Fatal(err)
		}
		n.deliver(to)
	}
	const rounds = act.MaxUnanswered/2 + 1
	for range rounds {
		say(b, a, "One more thing.")
		say(b, a, "And another.")
		say(a, b, "Yes.")
	}
	_, talk := b.see(id)
	for _, x := range talk {
		if x.Ours && x.Way != act.Delivered || !x.Ours && x.Way != "" {
			t.Fatalf("%+v", x)
		}
	}
	if _, there := a.see(id); len(there) != 3*rounds {
		t.Fatalf("%d of %d messages came", len(there), 3*rounds)
	}
	b.b.Say(ctx, b.keeper, b.place.Stream, id, "The last one.")
	if _, talk := b.see(id); talk[len(talk)-1].Way != act.Queued {
		t.Error("on its way:", talk[len(talk)-1].Way)
	}
}

func TestDeclineNeedsAReasonAndReachesTheSender(t *testing.T) {
	s := newStory(t)
	id := s.suggest(false, s.list[1])
	s.b.deliver(s.a)
	ctx, a := t.Context(), s.a
	if err := a.b.Decline(ctx, a.keeper, a.place.Stream, id, " "); !hasField(err, "reason") {
		t.Error(err)
	}
	if err := a.b.Decline(ctx, a.keeper, a.place.Stream, id, "We need it."); err != nil {
		t.Fatal(err)
	}
	a.deliver(s.b)
	if x, _ := s.b.see(id); x.State != Declined || x.Answer.Reason != "We need it." {
		t.Errorf("%+v", x)
	}
	if list, _ := a.b.Versions(ctx, a.keeper, a.read(s.source).Key()); len(list) != 1 {
		t.Error("declining made a version")
	}
}

func TestTakeBackBeforeAndAfterItArrived(t *testing.T) {
	s := newStory(t)
	ctx, b := t.Context(), s.b
	early := s.suggest(false, s.list[0])
	if err := b.b.TakeBack(ctx, b.keeper, b.place.Stream, early); err != nil {
		t.Fatal(err)
	}
	late := s.suggest(false, s.list[1])
	b.deliver(s.a)
	if err := b.b.TakeBack(ctx, b.keeper, b.place.Stream, late); err != nil {
		t.Fatal(err)
	}
	b.deliver(s.a)
	in, err := s.a.b.Suggestions(ctx, s.a.keeper, s.a.place.Stream, false)
	if err != nil || len(in) != 1 || in[0].ID != late || in[0].State != TakenBack {
		t.Errorf("%+v %v", in, err)
	}
	if _, err := s.a.b.Use(ctx, s.a.keeper, s.a.place.Stream, late, Using{}); !fault.Is(err, fault.Conflict) {
		t.Error("used after it was taken back:", err)
	}
}

func TestASuggestionThatCollidesIsSettledInADraft(t *testing.T) {
	s := newStory(t)
	ctx, a := t.Context(), s.a
	id := s.suggest(false, s.list[0], s.list[2])
	s.b.deliver(a)
	text := a.read(s.source).Text
	text.Clauses[0].Text = "{{council}} mildly endorses the call."
	a.publish(text, s.source)
	if _, err := a.b.Use(ctx, a.keeper, a.place.Stream, id, Using{}); !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
	l := must[Link](t)(a.b.UseInDraft(ctx, a.keeper, a.place.Stream, id, Using{}))
	d := a.draft(l)
	if len(d.Collisions) != 1 || d.Collisions[0].Ours.Text != "{{council}} mildly endorses the call." {
		t.Fatalf("%+v", d.Collisions)
	}
	must[*Draft](t)(a.b.Settle(ctx, a.keeper, l, s.list[0].Clause, clause.Theirs))
	v := a.read(a.publishDraft(l))
	if v.Clauses[0].Text != "{{council}} strongly endorses the call." || len(v.Credits) != 1 || v.N != 3 {
		t.Errorf("%+v %+v", v.Clauses[0], v.Credits)
	}
	a.deliver(s.b)
	if x, _ := s.b.see(id); x.State != Used || x.Answer.Version.URL != v.ID {
		t.Errorf("%+v", x)
	}
	// The sender did not allow that the suggestion itself be published.
	if _, err := a.b.Embedded(ctx, place.Viewer{}, v.VersionKey); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func TestADraftOfASuggestionTakenBackIsNotPublished(t *testing.T) {
	s := newStory(t)
	ctx, a, b := t.Context(), s.a, s.b
	id := s.suggest(false, s.list[0])
	b.deliver(a)
	l := must[Link](t)(a.b.UseInDraft(ctx, a.keeper, a.place.Stream, id, Using{}))
	if err := b.b.TakeBack(ctx, b.keeper, b.place.Stream, id); err != nil {
		t.Fatal(err)
	}
	b.deliver(a)
	if _, err := a.b.PublishDraft(ctx, a.keeper, l, Publishing{Rev: 1}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

func TestSuggestToAPlaceOnTheSameNode(t *testing.T) {
	s := newStory(t)
	ctx, a := t.Context(), s.a
	sister, err := a.places.Found(ctx, a.keeper, "place", place.Profile{Name: "Sister"})
	if err != nil {
		t.Fatal(err)
	}
	w := s.list[0]
	id, err := a.b.Suggest(ctx, a.keeper, NewSuggestion{Place: sister.Stream, To: s.source, Changes: []SuggestedChange{w}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.log.Deliver(ctx, act.Host(a.place.ID), nil); err != nil {
		t.Fatal(err)
	}
	k := must[VersionKey](t)(a.b.Use(ctx, a.keeper, a.place.Stream, id, Using{}))
	if _, err := a.log.Deliver(ctx, act.Host(a.place.ID), nil); err != nil {
		t.Fatal(err)
	}
	x, _, err := a.b.ReadSuggestion(ctx, a.keeper, sister.Stream, id)
	if err != nil || x.State != Used || x.Answer.Version.URL != k.ID {
		t.Errorf("%+v %v", x, err)
	}
	if _, err := a.b.Suggest(ctx, a.keeper, NewSuggestion{Place: a.place.Stream, To: s.source, Changes: []SuggestedChange{w}}); !fault.Is(err, fault.Conflict) {
		t.Error("a place suggested to itself:", err)
	}
}

// Who is not a steward of either place sees and does nothing.
func TestWhoMayAnswer(t *testing.T) {
	s := newStory(t)
	ctx, a := t.Context(), s.a
	id := s.suggest(false, s.list[0])
	s.b.deliver(a)
	member := a.join("Birch", place.Member)
	at := a.place.Stream
	for _, c := range []struct {
		v    place.Viewer
		want fault.Kind
	}{{place.Viewer{}, fault.SignIn}, {member, fault.Forbidden}} {
		_, use := a.b.Use(ctx, c.v, at, id, Using{})
		_, draft := a.b.UseInDraft(ctx, c.v, at, id, Using{})
		_, suggest := a.b.Suggest(ctx, c.v, NewSuggestion{Place: at, To: s.source, Changes: s.list[:1]})
		for i, err := range []error{use, draft, suggest, a.b.Decline(ctx, c.v, at, id, "No"), a.b.Say(ctx, c.v, at, id, "Hm"), a.b.TakeBack(ctx, c.v, at, id)} {
			if !fault.Is(err, c.want) {
				t.Errorf("%q, %d: %v", c.v.Name, i, err)
			}
		}
	}
	if _, _, err := a.b.ReadSuggestion(ctx, place.Viewer{}, at, id); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
	if _, _, err := a.b.ReadSuggestion(ctx, member, at, id); err != nil {
		t.Error("a member can't read what the place was sent:", err)
	}
	if x, talk := a.see(id); x.State != Acknowledged || len(talk) != 0 {
		t.Errorf("%+v %+v", x, talk)
	}
}

// What a stranger sends is refused by field, and nothing of it is kept.
func TestHostileSubmissions(t *testing.T) {
	s := newStory(t)
	a, b := s.a, s.b
	h := a.read(s.source).Head
	good := func() (suggested, []act.Inline) {
		n := NewSuggestion{Changes: s.list, Note: "n"}
		d, err := n.submission(h, nil)
		if err != nil {
			t.Fatal(err)
		}
		return d.Object.(suggested), d.Texts
	}
	text := func(list []act.Inline, name, body string) []act.Inline {
		for i := range list {
			if list[i].Name == name {
				list[i].Text = body
			}
		}
		return list
	}
	first := s.list[0].Clause
	for why, spoil := range map[string]func(*suggested, []act.Inline) []act.Inline{
		"no change":          func(o *suggested, l []act.Inline) []act.Inline { o.Changes = nil; return l },
		"another's version":  func(o *suggested, l []act.Inline) []act.Inline { o.Version.Stream = b.place.Stream; return l },
		"a wrong blueprint":  func(o *suggested, l []act.Inline) []act.Inline { o.Blueprint += "x"; return l },
		"unknown kind":       func(o *suggested, l []act.Inline) []act.Inline { o.Changes[0].Kind = "burn"; return l },
		"a clause twice":     func(o *suggested, l []act.Inline) []act.Inline { o.Changes[1] = o.Changes[0]; return l },
		"no reason":          func(o *suggested, l []act.Inline) []act.Inline { return text(l, "r/"+first, "") },
		"hidden characters":  func(o *suggested, l []act.Inline) []act.Inline { return text(l, "r/"+first, "a\u202eb") },
		"hidden in the note": func(o *suggested, l []act.Inline) []act.Inline { return text(l, "note", "a\u200bb") },
		"no JSON":            func(o *suggested, l []act.Inline) []act.Inline { return text(l, "c/"+first, "{") },
		"JSON of another kind": func(o *suggested, l []act.Inline) []act.Inline {
			return text(l, "c/"+first, `{"text":["a"]}`)
		},
		"a text too long": func(o *suggested, l []act.Inline) []act.Inline {
			body, _ := json.Marshal(Wording{Text: strings.Repeat("x", MaxText+1)})
			return text(l, "c/"+first, string(body))
		},
		"a path for an id": func(o *suggested, l []act.Inline) []act.Inline { o.Changes[0].Clause = "../../x"; return l },
		"a bad place":      func(o *suggested, l []act.Inline) []act.Inline { o.Changes[1].After = "<script>"; return l },
	} {
		o, texts := good()
		texts = spoil(&o, texts)
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		x := &act.Submission{ID: act.NewID(b.place.ID, "submission"), Type: SuggestType, Actor: b.place.ID, Stream: b.place.Stream, To: a.place.ID, ToStream: a.place.Stream, Object: raw, Texts: texts}
		err = checkSuggested(x, &o)
		if err == nil { // what only the database can tell
			err = a.log.DB().Write(t.Context(), func(tx *db.Tx) error { return receiveSuggested(t.Context(), tx, x, &o) })
		}
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if in, _ := a.b.Suggestions(t.Context(), a.keeper, a.place.Stream, false); len(in) != 0 {
		t.Errorf("kept: %+v", in)
	}
	for why, n := range map[string]NewSuggestion{
		"changes":          {},
		"changes.0.reason": {Changes: []SuggestedChange{{Kind: ToDrop, Clause: first}}},
		"changes.0.text":   {Changes: []SuggestedChange{{Kind: ToChange, Clause: first, Reason: "r"}}},
		"changes.0.clause": {Changes: []SuggestedChange{{Kind: ToDrop, Clause: act.NewToken(), Reason: "r"}}},
		"changes.0.kind":   {Changes: []SuggestedChange{{Kind: "burn", Clause: first, Reason: "r"}}},
		"note":             {Changes: s.list, Note: "\x00"},
	} {
		n.Place, n.To = b.place.Stream, s.source
		if _, err := b.b.Suggest(t.Context(), b.keeper, n); !hasField(err, why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// A third place can neither answer nor talk into what two others speak about.
func TestAThirdPlaceCannotAnswer(t *testing.T) {
	s := newStory(t)
	c := openNode(t, "Costa")
	id := s.suggest(false, s.list[0])
	s.b.deliver(s.a)
	// C claims that it answers B's suggestion to A.
	for _, d := range []act.SubmissionDraft{
		{Type: TalkType, Object: talked{id}, Texts: []act.Inline{{Name: "text", Media: "text/plain", Text: "Hi"}}},
	} {
		d.To = act.Ref{URL: s.b.place.ID, Stream: s.b.place.Stream}
		var sent *act.Submission
		if err := c.log.DB().Write(t.Context(), func(tx *db.Tx) (err error) {
			sent, err = c.log.Submit(t.Context(), tx, c.place.Stream, d)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		c.deliver(s.b)
		out, err := act.SubmissionOut(t.Context(), c.log.DB(), sent.ID)
		if err != nil || out.State != act.Refused {
			t.Errorf("%s is %s, %v", d.Type, out.State, err)
		}
	}
	forged := &act.Submission{ID: act.NewID(c.place.ID, "submission"), Answers: id, Actor: c.place.ID, Stream: c.place.Stream, To: s.b.place.ID, ToStream: s.b.place.Stream}
	err := s.b.log.DB().Write(t.Context(), func(tx *db.Tx) error {
		return receiveAnswered(t.Context(), tx, forged, &answered{Suggestion: id, Outcome: Declined})
	})
	if !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if x, talk := s.b.see(id); x.State != Acknowledged || len(talk) != 0 {
		t.Errorf("%+v %+v", x, talk)
	}
}

func TestNoticeOfWhatMovedElsewhere(t *testing.T) {
	s := newStory(t)
	ctx := t.Context()
	catchUp := func(n *node) []Notice {
		t.Helper()
		if err := n.log.CatchUp(ctx, n.b.Notices()); err != nil {
			t.Fatal(err)
		}
		return must[[]Notice](t)(n.b.NoticesOf(ctx, n.keeper, n.place.Stream))
	}
	if list := catchUp(s.b); len(list) != 0 {
		t.Fatalf("what was there before is no news: %+v", list)
	}
	s.a.hear(s.b)
	if list := catchUp(s.a); len(list) != 1 || list[0].Kind != AdaptedByOne || list[0].URL != s.mine.ID || list[0].Name != "Sierra" || list[0].Title != "A motion on gas" {
		t.Errorf("%+v", list)
	}
	text := s.a.read(s.source).Text
	text.Clauses[1].Text = "Another letter."
	k := s.a.publish(text, s.source)
	w := NewWarning{Place: s.a.place.Stream, Version: k, Kind: "ignored", Text: "Nobody answered.", Cited: "Letter of June"}
	for _, c := range []string{text.Clauses[0].ID, text.Clauses[2].ID} { // B holds the first and dropped the other
		w.Clause = c
		must[string](t)(s.a.b.Warn(ctx, s.a.keeper, w))
	}
	s.b.hear(s.a)
	list := catchUp(s.b)
	if len(list) != 2 || list[0].Kind != WarnedOf || list[1].Kind != SourceMoved || list[1].URL != k.ID {
		t.Fatalf("%+v", list)
	}
	if err := s.b.b.PutAside(ctx, place.Viewer{}, s.b.place.Stream, k.ID); !fault.Is(err, fault.SignIn) {
		t.Error(err)
	}
	if err := s.b.b.PutAside(ctx, s.b.keeper, s.b.place.Stream, k.ID); err != nil {
		t.Fatal(err)
	}
	if list := catchUp(s.b); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}
