package decide

import (
	"strings"
	"testing"
	"time"

	"translocal/fault"
	"translocal/moderate"
	"translocal/place"
)

// moderated is the group with reports on what is said in its rounds.
func moderated(t *testing.T) (*group, *moderate.Moderation) {
	g := newGroup(t)
	m := moderate.New(g.log)
	m.Finders[moderate.Voice] = g.FindVoice
	return g, m
}

func (g *group) read(t *testing.T, v place.Viewer, p *Proposal) *Page {
	t.Helper()
	x, err := g.Read(t.Context(), v, p.ID)
	must(t, err)
	return x
}

func TestWhatIsHiddenKeepsItsWordsForItsAuthorAndItsVote(t *testing.T) {
	ctx := t.Context()
	g, m := moderated(t)
	p, author, other := g.propose(t, RuleConsent, 1), g.members[0], g.members[1]
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.Say(ctx, author, p.ID, Objection, "Only fools want this", true))
	id := g.read(t, author, p).Voices[0].ID

	for name, v := range map[string]place.Viewer{"a stranger": {}, "a keeper of another place": g.elsewhere(t)} {
		if err := m.Report(ctx, v, moderate.Report{Kind: moderate.Voice, Stream: g.place.Stream, Thing: id, Category: "insult"}); fault.Is(err, fault.NotFound) || err == nil {
			t.Errorf("%s reports what they can't read: %v", name, err)
		}
	}
	r := moderate.Report{Kind: moderate.Voice, Stream: g.place.Stream, Thing: id, Category: "insult"}
	must(t, m.Report(ctx, other, r))
	if err := m.Report(ctx, other, r); !fault.Is(err, fault.Conflict) {
		t.Error("one person reports a thing twice:", err)
	}
	q, err := m.Queue(ctx, g.keeper, g.place.Stream)
	must(t, err)
	if len(q.Open) != 1 || len(q.Open[0].Claims) != 1 || q.Open[0].Said != "Only fools want this" || q.Open[0].Own {
		t.Fatalf("the queue has %+v", q.Open)
	}
	if err := m.Hide(ctx, g.keeper, g.place.Stream, moderate.Voice, id, " "); !fault.Is(err, fault.Invalid) {
		t.Error("hidden without a reason:", err)
	}
	if err := m.Hide(ctx, other, g.place.Stream, moderate.Voice, id, "I don't like it"); !fault.Is(err, fault.Forbidden) {
		t.Error("a member hides:", err)
	}
	must(t, m.Hide(ctx, g.keeper, g.place.Stream, moderate.Voice, id, "It insults people"))

	if v := g.read(t, author, p).Voices[0]; v.Body != "Only fools want this" || !v.Hidden || v.Why != "It insults people" {
		t.Errorf("its author sees %+v", v)
	}
	for _, v := range []place.Viewer{other, g.keeper} {
		x := g.read(t, v, p)
		if got := x.Voices[0]; got.Body != "" || !got.Hidden || got.Why != "It insults people" || got.MayRelease {
			t.Errorf("others see %+v", got)
		}
		if x.Count.Objections != 1 {
			t.Error("a hidden objection no longer stands against:", x.Count)
		}
	}
	if _, err := g.Close(ctx, g.keeper, p.ID, Release{Voices: []string{id}}); !fault.Is(err, fault.Invalid) {
		t.Error("what is hidden is published:", err)
	}
	must(t, m.Show(ctx, g.keeper, g.place.Stream, moderate.Voice, id))
	if v := g.read(t, other, p).Voices[0]; v.Body != "Only fools want this" || v.Hidden {
		t.Errorf("shown again, others see %+v", v)
	}
	log, err := g.places.Deeds(ctx, other, g.place.Stream, 0)
	must(t, err)
	if len(log) != 2 || log[0].Deed != place.ShowDeed || log[1].Deed != place.HideDeed || log[1].Whom != author.Name || log[1].Reason != "It insults people" {
		t.Errorf("the log has %+v", log)
	}
}

// elsewhere keeps another place of the same node.
func (g *group) elsewhere(t *testing.T) place.Viewer {
	t.Helper()
	p, err := g.places.Found(t.Context(), g.keeper, "place", place.Profile{Name: "Elsewhere"})
	must(t, err)
	link, err := g.places.Invite(t.Context(), g.keeper, p.Stream, place.Keeper)
	must(t, err)
	_, v, err := g.places.ComeIn(t.Context(), place.Viewer{}, link, place.Newcomer{Name: "Elsewhere", Password: "a long password"})
	must(t, err)
	return v
}

func TestNoKeeperDecidesInTheirOwnCaseWhileAnotherCould(t *testing.T) {
	ctx := t.Context()
	g, m := moderated(t)
	p, stream := g.propose(t, RuleConsent, 1), g.place.Stream
	must(t, g.Say(ctx, g.keeper, p.ID, Question, "Are you all asleep?", false))
	id := g.read(t, g.keeper, p).Voices[0].ID
	report := moderate.Report{Kind: moderate.Voice, Stream: stream, Thing: id, Category: "insult"}
	must(t, m.Report(ctx, g.members[0], report))

	must(t, g.places.SetRole(ctx, g.keeper, stream, g.members[2].Person, place.Keeper))
	second := g.members[2]
	for what, err := range map[string]error{
		"leave": m.Leave(ctx, g.keeper, stream, moderate.Voice, id, ""),
		"hide":  m.Hide(ctx, g.keeper, stream, moderate.Voice, id, "I say so"),
	} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s in one's own case: %v", what, err)
		}
	}
	q, err := m.Queue(ctx, g.keeper, stream)
	must(t, err)
	if len(q.Open) != 1 || !q.Open[0].Own {
		t.Errorf("the keeper's own case is not marked: %+v", q.Open)
	}
	must(t, m.Hide(ctx, second, stream, moderate.Voice, id, "It mocks people"))
	if err := m.Show(ctx, g.keeper, stream, moderate.Voice, id); !fault.Is(err, fault.Forbidden) {
		t.Error("a keeper shows their own hidden words:", err)
	}

	// Alone again, the keeper has to.
	must(t, g.places.BlockPerson(ctx, g.keeper, stream, second.Person, "Gone astray"))
	must(t, m.Show(ctx, g.keeper, stream, moderate.Voice, id))
}

func TestNewcomersAreLimitedInWordsAndNeverInVotes(t *testing.T) {
	ctx := t.Context()
	g, m := moderated(t)
	p, v, other, stream := g.propose(t, RuleConsent, 1), g.members[0], g.members[1], g.place.Stream
	if err := m.SetLimits(ctx, v, stream, moderate.Limits{Hours: 1}); !fault.Is(err, fault.Forbidden) {
		t.Error("a member sets limits:", err)
	}
	if err := m.SetLimits(ctx, g.keeper, stream, moderate.Limits{Hours: -1, Most: moderate.MaxCount + 1}); !fault.Is(err, fault.Invalid) {
		t.Error("limits out of range:", err)
	}
	must(t, m.SetLimits(ctx, g.keeper, stream, moderate.Limits{Hours: 24, Most: 2, Looks: 1}))
	must(t, g.Say(ctx, v, p.ID, Question, "First", false))
	must(t, g.Say(ctx, v, p.ID, Question, "Second", false))
	if err := g.Say(ctx, v, p.ID, Question, "Third", false); !fault.Is(err, fault.Conflict) {
		t.Error("a third contribution on the first day:", err)
	}
	must(t, g.Say(ctx, g.keeper, p.ID, Question, "One", false))
	must(t, g.Say(ctx, g.keeper, p.ID, Question, "Two", false))
	must(t, g.Say(ctx, g.keeper, p.ID, Question, "Three", false)) // keepers have no limits
	seen := func(by place.Viewer) (list []string) {
		for _, x := range g.read(t, by, p).Voices {
			if x.Who == v.Name {
				list = append(list, x.Body)
			}
		}
		return list
	}
	if got := strings.Join(seen(other), ","); got != ",Second" {
		t.Errorf("others see %q of the newcomer", got)
	}
	if got := strings.Join(seen(v), ","); got != "First,Second" {
		t.Errorf("the newcomer sees %q", got)
	}
	q, err := m.Queue(ctx, g.keeper, stream)
	must(t, err)
	if len(q.Open) != 1 || !q.Open[0].Hidden.Waits || q.Open[0].Said != "First" {
		t.Fatalf("the queue has %+v", q.Open)
	}
	must(t, m.Show(ctx, g.keeper, stream, moderate.Voice, q.Open[0].Thing))
	if got := strings.Join(seen(other), ","); got != "First,Second" {
		t.Errorf("shown by a keeper, others see %q", got)
	}

	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.Say(ctx, v, p.ID, Objection, "Not like this", false))
	if x := g.read(t, other, p); x.Count.Objections != 1 || x.Voices[len(x.Voices)-1].Body != "Not like this" {
		t.Error("a newcomer's vote is limited or held back")
	}

	// Who has been here for long is no newcomer.
	again := g.propose(t, RuleConsent, 1)
	g.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	must(t, g.Say(ctx, v, again.ID, Question, "A day later", false))
}

func TestABlockedMemberNeitherReadsNorCounts(t *testing.T) {
	ctx := t.Context()
	g, _ := moderated(t)
	p, v, stream := g.propose(t, RuleConsent, 1), g.members[0], g.place.Stream
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.NextRound(ctx, g.keeper, p.ID))
	must(t, g.Say(ctx, v, p.ID, Objection, "No", false))
	must(t, g.Say(ctx, g.members[1], p.ID, Agree, "", false))
	must(t, g.places.BlockPerson(ctx, g.keeper, stream, v.Person, "Threats"))
	if _, err := g.Read(ctx, v, p.ID); !fault.Is(err, fault.Forbidden) {
		t.Error("a blocked member reads:", err)
	}
	if err := g.Say(ctx, v, p.ID, Agree, "", false); !fault.Is(err, fault.Forbidden) {
		t.Error("a blocked member speaks:", err)
	}
	if c := g.read(t, g.keeper, p).Count; c.Objections != 0 || c.Agree != 1 {
		t.Error("a blocked member counts:", c)
	}
	must(t, g.places.UnblockPerson(ctx, g.keeper, stream, v.Person))
	if c := g.read(t, v, p).Count; c.Objections != 1 {
		t.Error("unblocked, the objection stands again:", c)
	}
}

func TestAnErasedAccountLeavesNoNameInReports(t *testing.T) {
	for _, words := range []bool{false, true} {
		ctx := t.Context()
		g, m := moderated(t)
		p, v, stream := g.propose(t, RuleConsent, 1), g.members[1], g.place.Stream
		must(t, g.Say(ctx, v, p.ID, Question, "Are you fools?", false))
		id := g.read(t, v, p).Voices[0].ID
		must(t, m.Report(ctx, g.members[2], moderate.Report{Kind: moderate.Pseudonym, Stream: stream, Thing: v.Person, Category: "insult"}))
		must(t, m.Hide(ctx, g.keeper, stream, moderate.Voice, id, "It insults"))
		must(t, g.places.EraseAccount(ctx, v, "a long password", words, g.Forget, m.Forget))
		q, err := m.Queue(ctx, g.keeper, stream)
		must(t, err)
		if len(q.Open) != 0 {
			t.Errorf("the pseudonym is still in the queue: %+v", q.Open)
		}
		if words && len(q.Hidden) != 0 || !words && (len(q.Hidden) != 1 || q.Hidden[0].About != "" || q.Hidden[0].Name != "") {
			t.Errorf("words %v: hidden are %+v", words, q.Hidden)
		}
		for _, x := range g.read(t, g.keeper, p).Voices {
			if x.ID == id && (x.Body != "" || !x.Hidden) {
				t.Errorf("erasing the account shows what was hidden: %+v", x)
			}
		}
		log, err := g.places.Deeds(ctx, g.keeper, stream, 0)
		must(t, err)
		if len(log) != 1 || log[0].Whom != "" || !log[0].Some {
			t.Errorf("the log has %+v", log)
		}
	}
}

// What waits for a keeper stands in the order in which it came, reported or held.
func TestTheQueueShowsTheOldestFirst(t *testing.T) {
	ctx := t.Context()
	g, m := moderated(t)
	p, v, other := g.propose(t, RuleConsent, 1), g.members[0], g.members[1]
	at := time.Now()
	tick := func() time.Time { at = at.Add(time.Minute); return at }
	g.now = tick
	must(t, m.SetLimits(ctx, g.keeper, g.place.Stream, moderate.Limits{Looks: 2}))
	must(t, g.Say(ctx, v, p.ID, Question, "First", false))
	must(t, g.Say(ctx, v, p.ID, Question, "Second", false))
	must(t, m.SetLimits(ctx, g.keeper, g.place.Stream, moderate.Limits{}))
	must(t, g.Say(ctx, other, p.ID, Question, "Zeroth", false))
	said := g.read(t, v, p).Voices
	must(t, m.Report(ctx, v, moderate.Report{Kind: moderate.Voice, Stream: g.place.Stream, Thing: said[2].ID, Category: "spam"}))
	q, err := m.Queue(ctx, g.keeper, g.place.Stream)
	must(t, err)
	var order []string
	for _, c := range q.Open {
		order = append(order, c.Said)
	}
	if got := strings.Join(order, ", "); got != "Zeroth, First, Second" { // the report is made now, the others minutes later
		t.Errorf("the queue begins with %s", got)
	}
}
