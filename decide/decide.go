// Package decide lets the members of a place decide together whether to bring
// a text to an authority. A proposal goes through rounds: clarify, react,
// consent. Who said what stays with the members; the outcome, with what is
// released of it, is an act. What a group decides is to *bring* a text: only an
// authority can adopt it.
package decide

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"translocal/act"
	"translocal/db"
	"translocal/decide/tally"
	"translocal/fault"
	"translocal/moderate"
	"translocal/place"
)

// Decisions is the capability.
type Decisions struct {
	log *act.Log
	db  *db.DB
	now func() time.Time

	// Decidable says whether a version can be put to a decision; nil: any can. It
	// is package blueprint's, which this one doesn't know.
	Decidable func(ctx context.Context, on db.Queryer, version act.Ref) error
}

// New makes the capability.
func New(log *act.Log) *Decisions { return &Decisions{log: log, db: log.DB(), now: time.Now} }

// The rounds of a proposal and how it ends; they are the states of the table of
// permissions.
const (
	Clarify   place.State = "clarify"
	React     place.State = "react"
	Consent   place.State = "consent"
	Decided   place.State = "decided"
	Withdrawn place.State = "withdrawn"
)

// next is the round that follows a round.
var next = map[place.State]place.State{Clarify: React, React: Consent}

// The rules that a proposal can go by.
const (
	RuleConsent  = "consent"
	RuleMajority = "majority"
)

// A Kind is what somebody says in a round.
type Kind string

// In the first two rounds people ask, answer and react; in the last each member
// takes one position, which can be changed until the end.
const (
	Question  Kind = "question"
	Answer    Kind = "answer"
	Reaction  Kind = "reaction"
	Agree     Kind = "agree"
	Abstain   Kind = "abstain"
	Concern   Kind = "concern"   // agrees, and wants a worry recorded
	Objection Kind = "objection" // does not agree; to be integrated
)

// kinds are what can be said in which round.
var kinds = map[place.State][]Kind{
	Clarify: {Question, Answer},
	React:   {Reaction},
	Consent: {Agree, Abstain, Concern, Objection},
}

// Kinds lists what can be said in a round.
func Kinds(round place.State) []Kind { return kinds[round] }

// Longest texts, in characters, and the largest number of a room.
const (
	MaxTitle = 200
	MaxText  = 5000
	MaxRoom  = 100_000
	MaxNotes = 50 // concerns or objections that a scribe enters at once
)

// Proposal asks the members of a place whether to bring a version.
type Proposal struct {
	ID      string          `json:"id"` // token
	Stream  act.Fingerprint `json:"stream"`
	Title   string          `json:"title"`
	Why     string          `json:"why"`
	Version act.Ref         `json:"version"`
	Rule    string          `json:"rule"`
	Quorum  int             `json:"quorum"` // how many must take part at least
	Review  string          `json:"review"` // YYYY-MM-DD: when the decision is looked at again
	State   place.State     `json:"state"`
	Created int64           `json:"created"`
	Outcome string          `json:"outcome,omitempty"` // URL, once decided
}

// Voice is one thing said. Mine tells that the viewer said it.
type Voice struct {
	ID         string      `json:"id"`
	Round      place.State `json:"round"`
	Kind       Kind        `json:"kind"`
	Who        string      `json:"who"` // pseudonym; "" for a room, or somebody who left
	Mine       bool        `json:"mine"`
	Left       bool        `json:"left,omitempty"` // its author is no account here any more
	Body       string      `json:"body"`
	MayRelease bool        `json:"mayRelease"`
	Integrated bool        `json:"integrated"`
	Created    int64       `json:"created"`
	Hidden     bool        `json:"hidden,omitempty"` // by a keeper; its author alone has the words
	Waits      bool        `json:"waits,omitempty"`  // until a keeper has looked at it
	Why        string      `json:"why,omitempty"`    // it is hidden
	NoName     bool        `json:"noName,omitempty"` // the pseudonym is hidden
}

// Room is a round that a scribe entered for people in one room: no names.
type Room struct {
	Present    int      `json:"present"`
	Agree      int      `json:"agree"`
	Abstain    int      `json:"abstain"`
	Concerns   []string `json:"concerns,omitempty"`
	Objections []string `json:"objections,omitempty"`
	Entered    int64    `json:"entered,omitempty"`
}

// Count is how a proposal stands.
type Count struct {
	Agree      int `json:"agree"` // concerns among them
	Abstain    int `json:"abstain"`
	Concerns   int `json:"concerns"`
	Objections int `json:"objections"` // not integrated
}

// Part is how many took part.
func (c Count) Part() int { return c.Agree + c.Abstain + c.Objections }

// Propose puts a question to the members of a place.
func (d *Decisions) Propose(ctx context.Context, v place.Viewer, stream act.Fingerprint, p Proposal) (*Proposal, error) {
	if err := d.clean(&p); err != nil {
		return nil, err
	}
	p.ID, p.Stream, p.State, p.Created = act.NewToken(), stream, Clarify, act.Micros(d.now())
	return &p, d.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.Propose, place.Any); err != nil {
			return err
		}
		if d.Decidable != nil {
			if err := d.Decidable(ctx, tx, p.Version); err != nil {
				return err
			}
		}
		_, err := insertProposal.Run(ctx, tx, p.ID, stream, p.Title, p.Why, p.Version.URL, p.Version.Stream, p.Version.Act,
			p.Rule, p.Quorum, p.Review, p.State, v.Person, p.Created)
		if err == nil {
			err = markChange(ctx, tx, stream, p.ID)
		}
		return err
	})
}

func (d *Decisions) clean(p *Proposal) error {
	var f fault.Fields
	var err error
	p.Title, err = fault.RequiredLine("title", p.Title, MaxTitle)
	f.Merge(err)
	p.Why, err = fault.Passage("why", p.Why, MaxText)
	f.Merge(err)
	f.Merge(p.Version.Check("version"))
	if p.Rule != RuleConsent && p.Rule != RuleMajority {
		f.Add("rule", "fault.choice")
	}
	if p.Quorum < 1 || p.Quorum > MaxRoom {
		f.Add("quorum", "decide.quorum_range", "max", MaxRoom)
	}
	day, err := time.Parse(time.DateOnly, p.Review)
	if err != nil || !day.After(d.now()) {
		f.Add("review", "decide.review_ahead")
	}
	return f.Err()
}

// Say adds to a round of a proposal. In the consent round it sets the viewer's
// one position anew; a concern or objection needs its reason.
func (d *Decisions) Say(ctx context.Context, v place.Viewer, proposal string, kind Kind, body string, mayRelease bool) error {
	body, err := fault.Passage("body", body, MaxText)
	if err != nil {
		return err
	}
	if body == "" && kind != Agree && kind != Abstain {
		return fault.At("body", "decide.reason_needed")
	}
	return d.within(ctx, v, proposal, place.Speak, func(tx *db.Tx, p Proposal) error {
		if !allowed(p.State, kind) {
			return fault.At("kind", "decide.not_in_this_round")
		}
		if p.State == Consent {
			if _, err := dropPosition.Run(ctx, tx, p.ID, v.Person); err != nil {
				return err
			}
		}
		id := act.NewToken()
		if p.State != Consent { // a position is a vote, and no keeper's to hold back
			if err := moderate.Said(ctx, tx, d.thing(p, id, v.Person, body), d.now()); err != nil {
				return err
			}
		}
		_, err := insertVoice.Run(ctx, tx, id, p.ID, p.State, v.Person, kind, body, mayRelease, act.Micros(d.now()))
		return err
	})
}

// thing is a voice as it can be reported and hidden.
func (d *Decisions) thing(p Proposal, id, person, body string) moderate.Thing {
	return moderate.Thing{Kind: moderate.Voice, ID: id, Stream: p.Stream, About: person, Said: body, At: "proposal/" + p.ID}
}

// FindVoice finds what somebody said, for who can read it; it is a moderate.Finder.
func (d *Decisions) FindVoice(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, id string) (moderate.Thing, error) {
	of, err := proposalOf.One(ctx, on, id)
	if err != nil {
		return moderate.Thing{}, err
	}
	p, err := d.open(ctx, on, v, of, place.ReadProposal)
	if err != nil {
		return moderate.Thing{}, err
	}
	row, err := voiceByID.One(ctx, on, id)
	if err == nil && p.Stream != stream {
		err = db.ErrNoRow
	}
	return d.thing(p, id, row.Person, row.voice(v).Body), err
}

func allowed(round place.State, kind Kind) bool {
	for _, k := range kinds[round] {
		if k == kind {
			return true
		}
	}
	return false
}

// within runs fn on a proposal when the viewer may do so in its present state.
func (d *Decisions) within(ctx context.Context, v place.Viewer, proposal string, action place.Action, fn func(*db.Tx, Proposal) error) error {
	return d.db.Write(ctx, func(tx *db.Tx) error {
		p, err := d.openLocked(ctx, tx, v, proposal, action)
		if err != nil {
			return err
		}
		return fn(tx, p)
	})
}

// openLocked is open with everything else that changes proposals of the place
// waiting: what is said while a proposal is closed comes before it, and is
// counted, or after it, and is refused.
func (d *Decisions) openLocked(ctx context.Context, tx *db.Tx, v place.Viewer, proposal string, action place.Action) (Proposal, error) {
	row, err := proposalByID.One(ctx, tx, proposal)
	if err != nil {
		return Proposal{}, err
	}
	if err := markChange(ctx, tx, row.Stream, row.ID); err != nil {
		return Proposal{}, err
	}
	return d.open(ctx, tx, v, proposal, action)
}

func (d *Decisions) open(ctx context.Context, on db.Queryer, v place.Viewer, proposal string, action place.Action) (Proposal, error) {
	row, err := proposalByID.One(ctx, on, proposal)
	if err != nil {
		return Proposal{}, err
	}
	p := row.proposal()
	err = d.may(ctx, on, v, p, action, p.State)
	if fault.Is(err, fault.Forbidden) && d.may(ctx, on, v, p, action, anyOpen(action)) == nil {
		err = fault.New(fault.Conflict, "decide.not_in_this_round")
	}
	return p, err
}

// may asks the table of permissions. Who opened the room for tonight stays its host
// while the code lasts, also when a mandate ends in the middle of the evening.
func (d *Decisions) may(ctx context.Context, on db.Queryer, v place.Viewer, p Proposal, action place.Action, s place.State) error {
	var o place.Object
	if v.Person != "" && place.Allowed(place.Host, action, s) {
		n, err := hosts.One(ctx, on, p.ID, v.Person, act.Micros(d.now()))
		if err != nil {
			return err
		}
		if n > 0 {
			o.As = []place.Role{place.Host}
		}
	}
	return place.MayOn(ctx, on, v, p.Stream, o, action, s)
}

// anyOpen is a state in which the action is possible at all: who may do it then
// is told that the time for it is over, not that they may not.
func anyOpen(action place.Action) place.State {
	if action == place.Close || action == place.EnterRoom || action == place.Integrate {
		return Consent
	}
	return Clarify
}

// Integrate marks the viewer's own objection, or one written down for a room,
// as met: the text was changed, or the objection was taken back.
func (d *Decisions) Integrate(ctx context.Context, v place.Viewer, proposal, voice string) error {
	return d.within(ctx, v, proposal, place.Integrate, func(tx *db.Tx, p Proposal) error {
		n, err := integrateVoice.Run(ctx, tx, voice, p.ID, v.Person)
		if err == nil && n == 0 {
			err = fault.New(fault.Forbidden, "decide.not_your_objection")
		}
		return err
	})
}

// EnterRoom writes down a consent round that was held in a room: how many were
// there, and what was said, without names. Entering it again replaces it.
func (d *Decisions) EnterRoom(ctx context.Context, v place.Viewer, proposal string, r Room) error {
	if err := r.clean(); err != nil {
		return err
	}
	return d.within(ctx, v, proposal, place.EnterRoom, func(tx *db.Tx, p Proposal) error {
		if _, err := putRoom.Run(ctx, tx, p.ID, r.Present, r.Agree, r.Abstain, act.Micros(d.now()), v.Person); err != nil {
			return err
		}
		if _, err := dropRoomVoices.Run(ctx, tx, p.ID); err != nil {
			return err
		}
		for kind, texts := range map[Kind][]string{Concern: r.Concerns, Objection: r.Objections} {
			for i, text := range texts {
				if _, err := insertVoice.Run(ctx, tx, act.NewToken(), p.ID, Consent, "", kind, text, true, act.Micros(d.now())+int64(i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (r *Room) clean() error {
	var f fault.Fields
	for field, n := range map[string]int{"present": r.Present, "agree": r.Agree, "abstain": r.Abstain} {
		if n < 0 || n > MaxRoom {
			f.Add(field, "decide.number_range", "max", MaxRoom)
		}
	}
	for field, texts := range map[string][]string{"concerns": r.Concerns, "objections": r.Objections} {
		if len(texts) > MaxNotes {
			f.Add(field, "fault.too_many", "max", MaxNotes)
			continue
		}
		for i := range texts {
			text, err := fault.RequiredPassage(field, texts[i], MaxText)
			f.Merge(err)
			texts[i] = text
		}
	}
	if f.Err() == nil && (r.Present == 0 || r.Agree+r.Abstain+len(r.Objections) != r.Present) {
		f.Add("present", "decide.room_sum", "present", r.Present, "sum", r.Agree+r.Abstain+len(r.Objections))
	}
	if f.Err() == nil && len(r.Concerns) > r.Agree {
		f.Add("concerns", "decide.room_concerns")
	}
	return f.Err()
}

// NextRound moves a proposal on: clarify, react, consent.
func (d *Decisions) NextRound(ctx context.Context, v place.Viewer, proposal string) error {
	return d.within(ctx, v, proposal, place.NextRound, func(tx *db.Tx, p Proposal) error {
		_, err := setState.Run(ctx, tx, p.ID, next[p.State], "")
		return err
	})
}

// Withdraw ends a proposal without a decision.
func (d *Decisions) Withdraw(ctx context.Context, v place.Viewer, proposal string) error {
	return d.within(ctx, v, proposal, place.Withdraw, func(tx *db.Tx, p Proposal) error {
		if _, err := setState.Run(ctx, tx, p.ID, Withdrawn, ""); err != nil {
			return err
		}
		return d.forgetRoom(ctx, tx, p)
	})
}

// SmallGroup is the number of voters under which no split is published: who
// knows the group would know who stood where.
const SmallGroup = 12

// Release is what a keeper lets out of a decision, beyond its result.
type Release struct {
	Note   string   // in the place's words
	Counts bool     // how many agreed, abstained, objected; not in a small group
	Voices []string // concerns and objections whose authors allow it
}

// Outcome is a decision as everybody sees it.
type Outcome struct {
	ID       string          `json:"id"` // URL
	Stream   act.Fingerprint `json:"stream"`
	Version  act.Ref         `json:"version"`
	Result   string          `json:"result"` // "bring" or "no"
	Rule     string          `json:"rule"`
	Decided  int64           `json:"decided"`
	Review   string          `json:"review"`
	Counts   *Count          `json:"counts,omitempty"` // nil when not released
	Title    string          `json:"title"`            // "" when erased
	Note     string          `json:"note,omitempty"`
	Concerns []string        `json:"concerns,omitempty"`
}

// The results of a decision.
const (
	Bring = "bring"
	No    = "no"
)

// Close counts the consent round by the proposal's rule and publishes the
// outcome with what is released of it.
func (d *Decisions) Close(ctx context.Context, v place.Viewer, proposal string, r Release) (*Outcome, error) {
	note, err := fault.Passage("note", r.Note, MaxText)
	if err != nil {
		return nil, err
	}
	r.Note = note
	row, err := proposalByID.One(ctx, d.db, proposal)
	if err != nil {
		return nil, err
	}
	var out *Outcome
	_, err = d.log.Commit(ctx, row.Stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		p, err := d.openLocked(ctx, tx, v, proposal, place.Close)
		if err != nil {
			return nil, err
		}
		var draft act.Draft
		if out, draft, err = d.conclude(ctx, tx, p, r); err != nil {
			return nil, err
		}
		if _, err = setState.Run(ctx, tx, p.ID, Decided, out.ID); err != nil {
			return nil, err
		}
		return []act.Draft{draft}, d.forgetRoom(ctx, tx, p)
	})
	return out, err
}

func (d *Decisions) conclude(ctx context.Context, tx *db.Tx, p Proposal, r Release) (*Outcome, act.Draft, error) {
	count, voices, err := d.count(ctx, tx, p)
	if err != nil {
		return nil, act.Draft{}, err
	}
	if count.Part() < p.Quorum {
		return nil, act.Draft{}, fault.New(fault.Conflict, "decide.no_quorum", "took", count.Part(), "quorum", p.Quorum)
	}
	accepted, err := accepts(p, count)
	if err != nil {
		return nil, act.Draft{}, err
	}
	actor, err := d.log.StreamOf(ctx, p.Stream)
	if err != nil {
		return nil, act.Draft{}, err
	}
	o := &Outcome{ID: act.NewID(actor.Actor, "outcome"), Stream: p.Stream, Version: p.Version, Result: No, Rule: p.Rule,
		Decided: act.Micros(d.now()), Review: p.Review, Title: p.Title, Note: r.Note}
	if accepted {
		o.Result = Bring
	}
	if r.Counts {
		if count.Part() < SmallGroup {
			return nil, act.Draft{}, fault.At("counts", "decide.small_group", "min", SmallGroup)
		}
		o.Counts = &count
	}
	for _, id := range r.Voices {
		body, err := releasable(voices, id)
		if err != nil {
			return nil, act.Draft{}, err
		}
		o.Concerns = append(o.Concerns, body)
	}
	return o, o.draft(p.ID), nil
}

// releasable tells what can be published with the decision: what its author lets
// go, and no keeper hid.
func (r voiceRow) releasable() bool {
	return (r.Kind == Concern || r.Kind == Objection) && r.MayRelease && !r.Hidden
}

func releasable(voices []voiceRow, id string) (string, error) {
	for _, v := range voices {
		if v.ID == id && v.releasable() {
			return v.Body, nil
		}
	}
	return "", fault.At("voices", "decide.not_released_by_author")
}

// accepts counts by the same package that counts elections.
func accepts(p Proposal, c Count) (bool, error) {
	e := &tally.Election{Kind: tally.Positions, Options: []tally.Option{{ID: p.ID}}}
	for position, n := range map[tally.Position]int{tally.Agree: c.Agree, tally.Abstain: c.Abstain, tally.Object: c.Objections} {
		if n > 0 {
			e.Ballots = append(e.Ballots, tally.Ballot{Weight: int64(n), Position: position})
		}
	}
	out, err := tally.Count(e, tally.Rule{Name: p.Rule, Quorum: tally.Quorum{Voters: int64(p.Quorum)}})
	if err != nil {
		return false, err
	}
	return len(out.Winners) == 1, nil
}

// count adds up the positions of members who are still members, and of the room.
func (d *Decisions) count(ctx context.Context, on db.Queryer, p Proposal) (Count, []voiceRow, error) {
	var c Count
	voices, err := voicesOf.All(ctx, on, p.ID)
	if err != nil {
		return c, nil, err
	}
	rooms, err := roomOf.All(ctx, on, p.ID)
	if err != nil {
		return c, nil, err
	}
	integrated := 0
	for _, v := range voices {
		if v.Round != Consent || v.Person != "" && !v.Member {
			continue
		}
		room := v.Person == ""
		switch {
		case v.Kind == Concern:
			c.Concerns++
			if !room {
				c.Agree++
			}
		case v.Kind == Agree:
			c.Agree++
		case v.Kind == Abstain:
			c.Abstain++
		case v.Kind == Objection && v.Integrated:
			integrated++
		case v.Kind == Objection:
			c.Objections++
		}
	}
	c.Agree += integrated // an objection that was met no longer stands against
	for _, r := range rooms {
		c.Agree += r.Agree
		c.Abstain += r.Abstain
	}
	return c, voices, nil
}

// Page is a proposal with all that its members see of it.
type Page struct {
	Proposal
	Voices []Voice    `json:"voices"`
	Room   *Room      `json:"room,omitempty"`
	Count  Count      `json:"count"`
	Role   place.Role `json:"role"`

	MayEnter bool `json:"may_enter"` // whether the viewer may write down a round held in a room

	Tonight *Tonight      `json:"tonight,omitempty"` // while a code for the room lasts
	Answers []LightAnswer `json:"answers,omitempty"` // that came by it; they count for nothing
	N       int           `json:"n"`                 // which page of its voices this is, from 1
	Of      int           `json:"of"`                // how many there are

	// What can be published with the decision, for who can close it now: of all
	// pages or, where that is more than MaxReleasable, of this one.
	Releasable []Voice `json:"releasable,omitempty"`
	OfPage     bool    `json:"releasable_of_page,omitempty"`
}

// MaxReleasable is how much stands in the form that closes a proposal.
const MaxReleasable = 100

// A page of voices holds so many, or fewer where they are long, so that it
// weighs little on a phone.
const (
	PageVoices = 25
	pageRunes  = 8000
)

// pages cuts voices, in their order, into pages: where each begins. There is
// always one.
func pages(voices []voiceRow) []int {
	starts, n, size := []int{0}, 0, 0
	for i, v := range voices {
		runes := utf8.RuneCountInString(v.Body)
		if n > 0 && (n == PageVoices || size+runes > pageRunes) {
			starts = append(starts, i)
			n, size = 0, 0
		}
		n, size = n+1, size+runes
	}
	return starts
}

// onPage are the voices of page n, or of the nearest that there is; 0 is the last.
func (p *Page) onPage(voices []voiceRow, n int) []voiceRow {
	starts := pages(voices)
	p.Of = len(starts)
	if n < 1 || n > p.Of {
		n = p.Of
	}
	p.N = n
	if n == p.Of {
		return voices[starts[n-1]:]
	}
	return voices[starts[n-1]:starts[n]]
}

// release lists what can be published of all that was said or, where that is too
// much for a form, of what stands here.
func (p *Page) release(all, here []voiceRow, v place.Viewer) {
	listed := func(rows []voiceRow) (list []Voice) {
		for _, r := range rows {
			if r.releasable() {
				list = append(list, r.voice(v))
			}
		}
		return list
	}
	if p.Releasable = listed(all); len(p.Releasable) > MaxReleasable {
		p.Releasable, p.OfPage = listed(here), true
	}
}

// Read shows a proposal to a member, with the newest page of what was said.
func (d *Decisions) Read(ctx context.Context, v place.Viewer, proposal string) (*Page, error) {
	return d.ReadPage(ctx, v, proposal, 0)
}

// ReadPage is Read with a page of what was said, from 1 in the order in which it
// was; 0 for the newest. The counts are of all.
func (d *Decisions) ReadPage(ctx context.Context, v place.Viewer, proposal string, n int) (*Page, error) {
	p, err := d.open(ctx, d.db, v, proposal, place.ReadProposal)
	if err != nil {
		return nil, err
	}
	page := &Page{Proposal: p}
	var rows []voiceRow
	if page.Count, rows, err = d.count(ctx, d.db, p); err != nil {
		return nil, err
	}
	here := page.onPage(rows, n)
	for _, r := range here {
		page.Voices = append(page.Voices, r.voice(v))
	}
	if place.May(ctx, d.db, v, p.Stream, place.Close, p.State) == nil {
		page.release(rows, here, v)
	}
	rooms, err := roomOf.All(ctx, d.db, p.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range rooms {
		page.Room = &Room{Present: r.Present, Agree: r.Agree, Abstain: r.Abstain, Entered: r.Entered}
	}
	if err := d.roomOpened(ctx, page); err != nil {
		return nil, err
	}
	page.MayEnter = d.may(ctx, d.db, v, p, place.EnterRoom, Consent) == nil
	page.Role, err = place.RoleIn(ctx, d.db, v, p.Stream)
	return page, err
}

// Proposals lists those of a place for its members, the newest first.
func (d *Decisions) Proposals(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Proposal, error) {
	if err := place.May(ctx, d.db, v, stream, place.ReadProposal, Clarify); err != nil {
		return nil, err
	}
	rows, err := proposalsOf.All(ctx, d.db, stream)
	if err != nil {
		return nil, err
	}
	list := make([]Proposal, len(rows))
	for i, r := range rows {
		list[i] = r.proposal()
	}
	return list, nil
}

// Outcomes lists the decisions of a place, the newest first.
func (d *Decisions) Outcomes(ctx context.Context, stream act.Fingerprint) ([]*Outcome, error) {
	return d.outcomes(ctx, outcomesOf, stream)
}

// About lists the decisions about a version that any place known here has made.
func (d *Decisions) About(ctx context.Context, version string) ([]*Outcome, error) {
	return d.outcomes(ctx, outcomesAbout, version)
}

// Outcome reads one decision by its URL.
func (d *Decisions) Outcome(ctx context.Context, id string) (*Outcome, error) {
	list, err := d.outcomes(ctx, outcomeByID, id)
	if err == nil && len(list) == 0 {
		err = db.ErrNoRow
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (d *Decisions) outcomes(ctx context.Context, q db.Query[outcomeRow], arg any) ([]*Outcome, error) {
	rows, err := q.All(ctx, d.db, arg)
	if err != nil {
		return nil, err
	}
	list := make([]*Outcome, len(rows))
	for i, r := range rows {
		if list[i], err = d.outcome(ctx, r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (d *Decisions) outcome(ctx context.Context, r outcomeRow) (*Outcome, error) {
	o := &Outcome{ID: r.ID, Stream: r.Stream, Version: act.Ref{URL: r.VersionURL, Stream: r.VersionStream, Act: r.VersionAct},
		Result: r.Result, Rule: r.Rule, Decided: r.Decided, Review: r.Review}
	if r.Counts != "{}" {
		o.Counts = &Count{}
		if err := json.Unmarshal([]byte(r.Counts), o.Counts); err != nil {
			return nil, err
		}
	}
	var names []string
	if err := json.Unmarshal([]byte(r.Released), &names); err != nil {
		return nil, err
	}
	for _, name := range names {
		part, err := act.PartOf(ctx, d.db, r.Stream, r.Index, name)
		if fault.Is(err, fault.NotFound) {
			continue // erased
		}
		if err != nil {
			return nil, err
		}
		switch body := string(part.Body); {
		case name == "title":
			o.Title = body
		case name == "note":
			o.Note = body
		case strings.HasPrefix(name, "concern/"):
			o.Concerns = append(o.Concerns, body)
		}
	}
	return o, nil
}
