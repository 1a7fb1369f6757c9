package blueprint

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// The types of submission that blueprints add.
const (
	SuggestType = "blueprint.Suggest.v1"
	TalkType    = "blueprint.Talk.v1"
	AnswerType  = "blueprint.Answer.v1"
)

// MaxTalk is the longest message between two places, in characters.
const MaxTalk = 4000

// ChangeKind says what a suggestion wants done with a clause.
type ChangeKind string

// The kinds of suggested change.
const (
	ToChange ChangeKind = "change"
	ToAdd    ChangeKind = "add"
	ToDrop   ChangeKind = "drop"
)

// suggested is the object of blueprint.Suggest.v1. Its texts are note (optional), r/ID with the
// reason for each change, c/ID with the wording (JSON) of each clause to change or add, and o/ID
// with the text that a wording translates.
type suggested struct {
	Blueprint string            `json:"blueprint"`
	Version   act.Ref           `json:"version"` // of the receiver's blueprint
	From      *act.Ref          `json:"from,omitempty"`
	Changes   []suggestedChange `json:"changes"`
}

type suggestedChange struct {
	Clause string     `json:"clause"`
	Kind   ChangeKind `json:"kind"`
	After  string     `json:"after,omitempty"` // of one to add: the clause that it follows, "" for the first
	Step   bool       `json:"step,omitempty"`
	Status Status     `json:"status,omitempty"` // of a wording that is a translation
	From   string     `json:"from,omitempty"`   // language that it was translated from
}

// talked is the object of blueprint.Talk.v1; its text is text.
type talked struct {
	Suggestion string `json:"suggestion"`
}

// answered is the object of blueprint.Answer.v1; its text is reason (optional unless declined).
type answered struct {
	Suggestion string   `json:"suggestion"`
	Outcome    State    `json:"outcome"`
	Clauses    []string `json:"clauses,omitempty"` // used
	Version    *act.Ref `json:"version,omitempty"` // in which they stand
}

// State is what became of a suggestion, as its place sees it.
type State string

// The states of a suggestion.
const (
	Sent         State = "sent"         // on its way
	Refused      State = "refused"      // by the other node, for a fault in it
	Acknowledged State = "acknowledged" // it came; no answer yet
	Discussing   State = "discussing"
	Used         State = "used"
	UsedInPart   State = "used-in-part"
	Declined     State = "declined"
	TakenBack    State = "withdrawn"
)

// Open tells whether an answer is still awaited.
func (s State) Open() bool { return s == Sent || s == Acknowledged || s == Discussing }

// A SuggestedChange is one change that a suggestion asks for.
type SuggestedChange struct {
	Kind    ChangeKind
	Clause  string
	After   string  // of one to add
	Wording Wording // of one to change or add
	Reason  string

	// A wording that comes from another language says how it was translated, and from what.
	Status   Status
	From     string // language of the original, "" where it is no translation
	Original string // text of the original
}

// NewSuggestion is a suggestion to be sent.
type NewSuggestion struct {
	Place   act.Fingerprint // ours
	To      VersionKey      // the version of theirs that it is for
	From    *VersionKey     // our version where the wordings stand, if there is one
	Changes []SuggestedChange
	Note    string
	Public  bool // they may publish it, unchanged, with the version that uses it
}

func (n *NewSuggestion) clean() error {
	var f fault.Fields
	n.Note = passage(&f, "note", n.Note, MaxReason, false)
	if len(n.Changes) == 0 {
		f.Add("changes", "fault.required")
	}
	if len(n.Changes) > MaxClauses {
		f.Add("changes", "fault.too_many", "max", MaxClauses)
		return f.Err()
	}
	seen := map[string]bool{}
	for i := range n.Changes {
		c, at := &n.Changes[i], "changes."+itoa(i)
		if seen[c.Clause] {
			f.Add(at+".clause", "blueprint.fault.twice")
		}
		seen[c.Clause] = true
		f.Merge(c.clean(at))
	}
	return f.Err()
}

func (c *SuggestedChange) clean(at string) error {
	var f fault.Fields
	if !act.IsToken(c.Clause) {
		f.Add(at+".clause", "fault.id")
	}
	c.Reason = passage(&f, at+".reason", c.Reason, MaxReason, true)
	switch c.Kind {
	case ToDrop:
		c.Wording, c.Status, c.From, c.Original = Wording{}, "", "", ""
	case ToChange, ToAdd:
		if c.Wording.Kind == "" {
			c.Wording.Kind = clause.Passage
		}
		x := Clause{Wording: c.Wording}
		x.ID = c.Clause
		x.Status = c.Status
		f.Merge(x.Clean(at))
		c.Wording = x.Wording
		f.Merge(c.cleanTranslation(at))
	default:
		f.Add(at+".kind", "fault.choice")
	}
	if c.After != "" && (c.Kind != ToAdd || !act.IsToken(c.After)) {
		f.Add(at+".after", "fault.id")
	}
	return f.Err()
}

func (c *SuggestedChange) cleanTranslation(at string) error {
	if c.From == "" {
		c.Original = ""
		return nil
	}
	var f fault.Fields
	f.Merge(CheckLanguage(at+".from", c.From))
	if c.Status == "" {
		f.Add(at+".status", "fault.required")
	}
	c.Original = passage(&f, at+".original", c.Original, MaxText, false)
	return f.Err()
}

// submission makes what travels.
func (n *NewSuggestion) submission(to Head, from *act.Ref) (act.SubmissionDraft, error) {
	o := suggested{Blueprint: to.Blueprint, Version: to.Ref(), From: from}
	d := act.SubmissionDraft{To: act.Ref{URL: to.ID, Stream: to.Stream}, Type: SuggestType, Public: n.Public}
	if n.Note != "" {
		d.Texts = append(d.Texts, act.Inline{Name: "note", Media: "text/plain", Text: n.Note})
	}
	for _, c := range n.Changes {
		o.Changes = append(o.Changes, suggestedChange{Clause: c.Clause, Kind: c.Kind, After: c.After, Step: c.Wording.Kind == clause.Step, Status: c.Status, From: c.From})
		d.Texts = append(d.Texts, act.Inline{Name: "r/" + c.Clause, Media: "text/plain", Text: c.Reason})
		if c.Kind == ToDrop {
			continue
		}
		w := c.Wording
		w.ID, w.Kind = "", ""
		body, err := json.Marshal(w)
		if err != nil {
			return d, err
		}
		d.Texts = append(d.Texts, act.Inline{Name: "c/" + c.Clause, Media: "application/json", Text: string(body)})
		if c.Original != "" {
			d.Texts = append(d.Texts, act.Inline{Name: "o/" + c.Clause, Media: "text/plain", Text: c.Original})
		}
	}
	d.Object = o
	return d, nil
}

// changesOf reads the changes of a suggestion that came; the faults of what a stranger sent have
// the names of its document.
func changesOf(s *act.Submission, o *suggested) ([]SuggestedChange, error) {
	if len(o.Changes) == 0 {
		return nil, fault.At("object.changes", "fault.required")
	}
	if len(o.Changes) > MaxClauses {
		return nil, fault.At("object.changes", "fault.too_many", "max", MaxClauses)
	}
	var f fault.Fields
	out := make([]SuggestedChange, len(o.Changes))
	seen := map[string]bool{}
	for i, c := range o.Changes {
		at := "object.changes." + itoa(i)
		x := SuggestedChange{Kind: c.Kind, Clause: c.Clause, After: c.After, Reason: s.Text("r/" + c.Clause),
			Status: c.Status, From: c.From, Original: s.Text("o/" + c.Clause)}
		if c.Kind != ToDrop {
			if json.Unmarshal([]byte(s.Text("c/"+c.Clause)), &x.Wording) != nil {
				f.Add(at, "blueprint.fault.clause_part")
				continue
			}
			x.Wording.ID, x.Wording.Kind = c.Clause, clause.Passage
			if c.Step {
				x.Wording.Kind = clause.Step
			}
		}
		if seen[c.Clause] {
			f.Add(at, "blueprint.fault.twice")
		}
		seen[c.Clause] = true
		f.Merge(x.clean(at))
		out[i] = x
	}
	return out, f.Err()
}

func submissions() []act.SubmissionType {
	return []act.SubmissionType{
		act.DefineSubmission(SuggestType, checkSuggested, receiveSuggested).OnWithdrawn(receiveTakenBack),
		act.DefineSubmission(TalkType, checkTalked, receiveTalked).AsRemark(), // whoever reads it may leave it at that
		act.DefineSubmission(AnswerType, checkAnswered, receiveAnswered),
		act.DefineSubmission(PassOnType, checkPassedOn, receivePassedOn),
		act.DefineSubmission(HeardType, checkHeard, receiveHeard),
	}
}

func checkSuggested(s *act.Submission, o *suggested) error {
	var f fault.Fields
	f.Merge(act.CheckURL("object.blueprint", o.Blueprint))
	f.Merge(o.Version.Check("object.version"))
	if o.Version.Stream != s.ToStream {
		f.Add("object.version.stream", "fault.fingerprint")
	}
	if o.From != nil {
		f.Merge(o.From.Check("object.from"))
	}
	f.Merge(fault.Clean("parts.note", s.Text("note"), MaxReason, true))
	_, err := changesOf(s, o)
	f.Merge(err)
	return f.Err()
}

func checkTalked(s *act.Submission, o *talked) error {
	var f fault.Fields
	f.Merge(act.CheckURL("object.suggestion", o.Suggestion))
	if _, err := fault.RequiredPassage("parts.text", s.Text("text"), MaxTalk); err != nil {
		f.Merge(err)
	}
	return f.Err()
}

func checkAnswered(s *act.Submission, o *answered) error {
	var f fault.Fields
	if o.Suggestion != s.Answers {
		f.Add("object.suggestion", "fault.id")
	}
	reason := s.Text("reason")
	f.Merge(fault.Clean("parts.reason", reason, MaxReason, true))
	switch o.Outcome {
	case Used, UsedInPart:
		if o.Version == nil {
			f.Add("object.version", "fault.required")
		} else {
			f.Merge(o.Version.Check("object.version"))
		}
	case Declined:
		if strings.TrimSpace(reason) == "" {
			f.Add("parts.reason", "fault.required")
		}
	default:
		f.Add("object.outcome", "fault.choice")
	}
	if len(o.Clauses) > MaxClauses || slices.ContainsFunc(o.Clauses, func(id string) bool { return !act.IsToken(id) }) {
		f.Add("object.clauses", "fault.id")
	}
	return f.Err()
}

// suggestionBody is what both places keep of a suggestion.
type suggestionBody struct {
	Changes []SuggestedChange `json:"changes"`
	Note    string            `json:"note"`
	Public  bool              `json:"public"`
	From    *act.Ref          `json:"from,omitempty"`
	Outside *Outside          `json:"outside,omitempty"` // whose it is, of one that was entered here
}

// An Answer is what the other place decided.
type Answer struct {
	Outcome State    `json:"outcome"`
	Clauses []string `json:"clauses"`
	Version act.Ref  `json:"version"`
	Reason  string   `json:"reason"`
	At      int64    `json:"at"` // microseconds

	// Of an answer that a keeper entered by hand:
	Said string `json:"said,omitempty"` // who said so
	Day  string `json:"day,omitempty"`  // when, YYYY-MM-DD
}

type suggestionRow struct {
	ID        string
	Stream    act.Fingerprint
	Sent      bool
	Other     string
	OtherIn   act.Fingerprint
	Blueprint string
	Version   string
	State     State
	Created   int64
	Changed   int64
	Body      string
	Answer    string
	OtherName string
}

const suggestionColumns = `x.id, x.stream, x.sent, x.other, x.in_stream, x.blueprint, x.version, x.state, x.created, x.changed, x.body, x.answer, coalesce(pl.name, '')
	from blueprint_suggestion x left join place pl on pl.stream = x.in_stream `

var (
	insertSuggestion = db.Exec(`insert into blueprint_suggestion (id, stream, sent, other, in_stream, blueprint, version, state, created, changed, body, answer)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, '')`)
	suggestionByID  = db.Rows[suggestionRow](`select ` + suggestionColumns + `where x.stream = $1 and x.id = $2`)
	suggestionsOf   = db.Rows[suggestionRow](`select ` + suggestionColumns + `where x.stream = $1 and x.sent = $2 order by x.changed desc, x.id limit 200`)
	suggestionState = db.Exec(`update blueprint_suggestion set state = $3, changed = $4, answer = $5 where stream = $1 and id = $2`)
	suggestionEnds  = db.Exec(`update blueprint_suggestion set state = $3, changed = $4, answer = $5 where stream = $1 and id = $2 and state in ('sent', 'acknowledged', 'discussing')`)
	suggestionMoves = db.Exec(`update blueprint_suggestion set state = $3, changed = $4 where stream = $1 and id = $2 and state in ('sent', 'acknowledged', 'discussing')`)
	insertTalk      = db.Exec(`insert into blueprint_talk (stream, id, suggestion, ours, at, body) values ($1, $2, $3, $4, $5, $6)`)
	talkOf          = db.Rows[Talk](`select t.id, t.ours, t.at, case when h.thing is null then t.body else '' end, h.thing is not null, coalesce(h.reason, ''),
		case when o.id is null then '' when o.state in ('refused', 'given-up') then o.state when o.receipt is null then 'queued' else 'delivered' end
		from blueprint_talk t left join hidden h on h.stream = t.stream and h.kind = 'talk' and h.thing = t.id
		left join submission_out o on o.id = t.id and t.ours
		where t.stream = $1 and t.suggestion = $2 order by t.at, t.id`)
	talkByID = db.Rows[talkRow](`select t.suggestion, case when h.thing is null then t.body else '' end from blueprint_talk t
		left join hidden h on h.stream = t.stream and h.kind = 'talk' and h.thing = t.id where t.stream = $1 and t.id = $2`)
)

// Talk is one message about a suggestion between the two places.
type Talk struct {
	ID   string
	Ours bool
	At   int64 // microseconds
	Text string

	Hidden bool   // by a keeper of this place
	Why    string // it is hidden

	// Way is how far one of ours got: act.Queued, act.Delivered, act.GivenUp or
	// act.Refused; "" for one that came.
	Way string
}

type talkRow struct{ Suggestion, Body string }

// receiveSuggested takes a suggestion to a place of ours, for its stewards alone.
func receiveSuggested(ctx context.Context, tx *db.Tx, s *act.Submission, o *suggested) error {
	of, err := ownVersion.One(ctx, tx, s.ToStream, o.Version.URL)
	if err != nil {
		return err
	}
	if of.Blueprint != o.Blueprint || o.Version.Act != "" && of.Leaf != o.Version.Act {
		return fault.At("object.version", "blueprint.fault.parent")
	}
	changes, err := changesOf(s, o)
	if err != nil {
		return err
	}
	body, err := json.Marshal(suggestionBody{Changes: changes, Note: s.Text("note"), Public: s.Public, From: o.From})
	if err != nil {
		return err
	}
	_, err = insertSuggestion.Run(ctx, tx, s.ID, s.ToStream, false, s.Actor, s.Stream, o.Blueprint, o.Version.URL, string(Acknowledged), act.Micros(s.Published), string(body))
	return err
}

func receiveTakenBack(ctx context.Context, tx *db.Tx, s *act.Submission) error {
	if err := heed(ctx, tx, s.ToStream, s.ID); err != nil {
		return err
	}
	_, err := suggestionMoves.Run(ctx, tx, s.ToStream, s.ID, string(TakenBack), act.Micros(s.Published))
	return err
}

// between finds the suggestion that two places talk about, from the side of the receiver of s.
func between(ctx context.Context, tx *db.Tx, s *act.Submission, id string) (suggestionRow, error) {
	r, err := suggestionByID.One(ctx, tx, s.ToStream, id)
	if err == nil && r.OtherIn != s.Stream {
		err = db.ErrNoRow // somebody else's
	}
	return r, err
}

func receiveTalked(ctx context.Context, tx *db.Tx, s *act.Submission, o *talked) error {
	if _, err := between(ctx, tx, s, o.Suggestion); err != nil {
		return err
	}
	at := act.Micros(s.Published)
	if _, err := insertTalk.Run(ctx, tx, s.ToStream, s.ID, o.Suggestion, false, at, s.Text("text")); err != nil {
		return err
	}
	_, err := suggestionMoves.Run(ctx, tx, s.ToStream, o.Suggestion, string(Discussing), at)
	return err
}

// heed notes that what the other place said about a suggestion so far waits for
// nothing any more: a reply is to all of it, and so is the answer. What waits is
// limited for each sender.
func heed(ctx context.Context, tx *db.Tx, stream act.Fingerprint, suggestion string) error {
	list, err := talkOf.All(ctx, tx, stream, suggestion)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.Ours {
			continue
		}
		if err := act.SubmissionHeard(ctx, tx, t.ID); err != nil {
			return err
		}
	}
	return nil
}

func receiveAnswered(ctx context.Context, tx *db.Tx, s *act.Submission, o *answered) error {
	r, err := between(ctx, tx, s, o.Suggestion)
	if err != nil {
		return err
	}
	if !r.Sent {
		return fault.New(fault.Forbidden, "fault.forbidden")
	}
	if err := heed(ctx, tx, r.Stream, r.ID); err != nil {
		return err
	}
	a := Answer{Outcome: o.Outcome, Clauses: o.Clauses, Reason: s.Text("reason"), At: act.Micros(s.Published)}
	if o.Version != nil {
		a.Version = *o.Version
	}
	return r.settle(ctx, tx, a)
}

// settle notes an answer that the other place signed; it takes the place of whatever stood.
func (r suggestionRow) settle(ctx context.Context, tx *db.Tx, a Answer) error {
	_, err := r.note(ctx, tx, suggestionState, a)
	return err
}

// end notes the answer of a suggestion that waits for one. Of two people who answer at once the first counts:
// the second gets Conflict, and what else its transaction did is undone with it.
func (r suggestionRow) end(ctx context.Context, tx *db.Tx, a Answer) error {
	n, err := r.note(ctx, tx, suggestionEnds, a)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "blueprint.fault.suggestion_closed")
	}
	return err
}

func (r suggestionRow) note(ctx context.Context, tx *db.Tx, by db.Statement, a Answer) (int64, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return 0, err
	}
	return by.Run(ctx, tx, r.Stream, r.ID, string(a.Outcome), a.At, string(body))
}

// Candidates lists what a place could suggest to another: how its version differs from theirs, as
// changes without reasons yet; between two languages without translated wordings too.
func (b *Blueprints) Candidates(ctx context.Context, v place.Viewer, ours, theirs VersionKey) ([]SuggestedChange, error) {
	c, err := b.Compare(ctx, v, theirs, ours)
	if err != nil {
		return nil, err
	}
	mine, err := b.Read(ctx, v, ours)
	if err != nil {
		return nil, err
	}
	if c.Older.Language() != c.Newer.Language() {
		their, err := b.Read(ctx, v, theirs)
		if err != nil {
			return nil, err
		}
		return toTranslate(mine.Text, their.Text), nil
	}
	var out []SuggestedChange
	last := ""
	for _, x := range c.Changes {
		switch x.State {
		case clause.Changed:
			out = append(out, SuggestedChange{Kind: ToChange, Clause: x.ID, Wording: Wording(x.After), Status: statusOf(mine.Text, x.ID)})
		case clause.Added:
			out = append(out, SuggestedChange{Kind: ToAdd, Clause: x.ID, After: last, Wording: Wording(x.After), Status: statusOf(mine.Text, x.ID)})
		case clause.Dropped:
			out = append(out, SuggestedChange{Kind: ToDrop, Clause: x.ID})
			continue // nothing can be put after what goes
		}
		last = x.ID
	}
	return out, nil
}

func statusOf(t Text, id string) Status {
	c, _ := t.Clause(id)
	return c.Status
}

// Language of the version.
func (v *Version) Language() string { return v.Head.Language }

// Suggest sends chosen changes with reasons to the place of a version known here, on whatever
// node. It is queued with the commit and tried until it arrives.
func (b *Blueprints) Suggest(ctx context.Context, v place.Viewer, n NewSuggestion) (id string, err error) {
	if err := n.clean(); err != nil {
		return "", err
	}
	err = b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, n.Place, place.SuggestChange, place.Any); err != nil {
			return err
		}
		to, err := headByKey.One(ctx, tx, n.To.Stream, n.To.ID)
		if err != nil {
			return err
		}
		if to.Stream == n.Place {
			return fault.New(fault.Conflict, "blueprint.fault.own_blueprint")
		}
		if err := n.fits(ctx, tx, to); err != nil {
			return err
		}
		from, err := n.origin(ctx, tx, to)
		if err != nil {
			return err
		}
		d, err := n.submission(to, from)
		if err != nil {
			return err
		}
		s, err := b.log.Submit(ctx, tx, n.Place, d)
		if err != nil {
			return tooLong(err)
		}
		body, err := json.Marshal(suggestionBody{Changes: n.Changes, Note: n.Note, Public: n.Public, From: from})
		if err != nil {
			return err
		}
		id = s.ID
		_, err = insertSuggestion.Run(ctx, tx, s.ID, n.Place, true, s.To, to.Stream, to.Blueprint, to.ID, string(Sent), act.Micros(s.Published), string(body))
		return err
	})
	return id, err
}

// tooLong names the field where a document can't hold what was written.
func tooLong(err error) error {
	if fault.Is(err, fault.TooLarge) {
		return fault.At("changes", "blueprint.fault.text_too_large")
	}
	return err
}

// fits checks that what is to be changed or dropped stands in the version, and what is to be added doesn't.
func (n *NewSuggestion) fits(ctx context.Context, on db.Queryer, to Head) error {
	rows, err := clausesOf.All(ctx, on, to.Stream, to.ID)
	if err != nil {
		return err
	}
	holds := map[string]bool{}
	for _, r := range rows {
		holds[r.ID] = true
	}
	var f fault.Fields
	for i, c := range n.Changes {
		if holds[c.Clause] == (c.Kind == ToAdd) {
			f.Add("changes."+itoa(i)+".clause", "fault.not_found")
		}
	}
	return f.Err()
}

// origin is our version where the wordings stand. Where it is in another language each wording must
// say how it was translated, and carries the original; and a wording that a machine made there stays so.
func (n *NewSuggestion) origin(ctx context.Context, on db.Queryer, to Head) (*act.Ref, error) {
	if n.From == nil {
		return nil, nil
	}
	h, err := headByKey.One(ctx, on, n.From.Stream, n.From.ID)
	if err != nil {
		return nil, err
	}
	if h.Stream != n.Place {
		return nil, fault.At("from", "blueprint.fault.parent")
	}
	mine, _, err := textOf(ctx, on, h)
	if err != nil {
		return nil, err
	}
	var f fault.Fields
	for i := range n.Changes {
		f.Merge(n.Changes[i].standsIn(mine, to.Language, "changes."+itoa(i)))
	}
	ref := h.Ref()
	return &ref, f.Err()
}

func (c *SuggestedChange) standsIn(mine Text, language, at string) error {
	if c.Kind == ToDrop {
		return nil
	}
	own, ok := mine.Clause(c.Clause)
	if mine.Language == language {
		c.From, c.Original = "", ""
		if ok && own.Status == Machine && own.Text == c.Wording.Text {
			c.Status = Machine
		}
		return nil
	}
	if c.Status == "" {
		return fault.At(at+".status", "blueprint.fault.how_translated")
	}
	if !ok || own.Missing {
		return fault.At(at+".clause", "fault.not_found")
	}
	original, there := own.original(c.Wording)
	if there == original {
		return fault.At(at+".text", "blueprint.fault.not_translated")
	}
	c.From, c.Original = mine.Language, original
	return nil
}

// A Suggestion as one of the two places sees it.
type Suggestion struct {
	ID        string
	Stream    act.Fingerprint // the place that looks
	Sent      bool            // by it; else to it
	Other     PlaceName
	Blueprint Key        // which it is for
	Version   VersionKey // which it was made for
	State     State
	Trouble   string // message key: why it has not arrived yet
	Created   int64  // microseconds
	Changed   int64
	Changes   []SuggestedChange
	Note      string
	Public    bool
	From      *act.Ref
	Answer    *Answer
	Outside   *Outside // whose it is, where a keeper here entered it
}

func (b *Blueprints) suggestion(ctx context.Context, on db.Queryer, r suggestionRow) (Suggestion, error) {
	s := Suggestion{ID: r.ID, Stream: r.Stream, Sent: r.Sent, Other: PlaceName{r.OtherIn, r.Other, r.OtherName}, State: r.State, Created: r.Created, Changed: r.Changed}
	owner := r.Stream
	if r.Sent {
		owner = r.OtherIn
	}
	s.Blueprint, s.Version = Key{owner, r.Blueprint}, VersionKey{owner, r.Version}
	var body suggestionBody
	if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
		return s, err
	}
	s.Changes, s.Note, s.Public, s.From, s.Outside = body.Changes, body.Note, body.Public, body.From, body.Outside
	if s.Outside != nil {
		s.Other.Name = s.Outside.Name
	}
	if r.Answer != "" {
		s.Answer = new(Answer)
		if err := json.Unmarshal([]byte(r.Answer), s.Answer); err != nil {
			return s, err
		}
	}
	if s.State != Sent {
		return s, nil
	}
	out, err := act.SubmissionOut(ctx, on, r.ID) // has the receipt come?
	if err != nil {
		return s, err
	}
	switch out.State {
	case act.Delivered:
		s.State = Acknowledged
	case act.Refused:
		s.State = Refused
	}
	s.Trouble = out.Trouble
	return s, nil
}

// Suggestions lists those that a place received, or sent, last changed first.
func (b *Blueprints) Suggestions(ctx context.Context, v place.Viewer, stream act.Fingerprint, sent bool) ([]Suggestion, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, stream, place.ReadSuggestions, place.Any); err != nil {
		return nil, err
	}
	rows, err := suggestionsOf.All(ctx, on, stream, sent)
	if err != nil {
		return nil, err
	}
	out := make([]Suggestion, len(rows))
	for i, r := range rows {
		if out[i], err = b.suggestion(ctx, on, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ReadSuggestion reads one with what the two places said about it.
func (b *Blueprints) ReadSuggestion(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) (Suggestion, []Talk, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, stream, place.ReadSuggestions, place.Any); err != nil {
		return Suggestion{}, nil, err
	}
	r, err := suggestionByID.One(ctx, on, stream, id)
	if err != nil {
		return Suggestion{}, nil, err
	}
	s, err := b.suggestion(ctx, on, r)
	if err != nil {
		return s, nil, err
	}
	talk, err := talkOf.All(ctx, on, stream, id)
	return s, talk, err
}

// apply makes the changes of a suggestion in a text: those of the clauses chosen, all where none are named.
func apply(t Text, changes []SuggestedChange, chosen []string) Text {
	t.Clauses = slices.Clone(t.Clauses)
	for _, c := range changes {
		if len(chosen) > 0 && !slices.Contains(chosen, c.Clause) {
			continue
		}
		i := t.index(c.Clause)
		switch {
		case c.Kind == ToAdd && i < 0:
			at := t.index(c.After) + 1 // first, where what it should follow is gone
			t.Clauses = slices.Insert(t.Clauses, at, Clause{Wording: c.Wording, Status: c.Status})
		case c.Kind == ToDrop && i >= 0:
			t.Clauses = slices.Delete(t.Clauses, i, i+1)
		case c.Kind == ToChange && i >= 0:
			t.Clauses[i].Wording, t.Clauses[i].Status = c.Wording, c.Status
		}
	}
	return t
}

// SuggestionDiff sets a suggestion beside the version that it was made for.
func (b *Blueprints) SuggestionDiff(ctx context.Context, v place.Viewer, s Suggestion) (*Version, []clause.Change, error) {
	base, err := b.Read(ctx, v, s.Version)
	if err != nil {
		return nil, nil, err
	}
	return base, clause.Diff(base.Wordings(), apply(base.Text, s.Changes, nil).Wordings()), nil
}

// Using says what of a suggestion is used.
type Using struct {
	Clauses []string // none: all
	Message string   // of the new version
	Note    string   // to the place that suggested it
}

// clean checks the choice against the suggestion and names the clauses that are used.
func (u *Using) clean(changes []SuggestedChange) error {
	var f fault.Fields
	u.Message = passage(&f, "message", u.Message, MaxMessage, false)
	u.Note = passage(&f, "note", u.Note, MaxReason, false)
	var all []string
	for _, c := range changes {
		all = append(all, c.Clause)
	}
	if len(u.Clauses) == 0 {
		u.Clauses = all
	}
	slices.Sort(u.Clauses)
	u.Clauses = slices.Compact(u.Clauses)
	for _, id := range u.Clauses {
		if !slices.Contains(all, id) {
			f.Add("clauses", "fault.not_found")
		}
	}
	return f.Err()
}

// Answering is what publishing a draft answers.
type Answering struct {
	Suggestion string   `json:"suggestion"`
	Clauses    []string `json:"clauses"`
	Note       string   `json:"note"`
}

// open reads a suggestion that a place received and has not answered.
func (b *Blueprints) open(ctx context.Context, tx *db.Tx, v place.Viewer, stream act.Fingerprint, id string) (suggestionRow, Suggestion, error) {
	r, err := suggestionByID.One(ctx, tx, stream, id)
	if err == nil || fault.Is(err, fault.NotFound) { // who may not is not told whether there is one
		if err := mayOn(ctx, tx, v, Key{stream, r.Blueprint}, place.AnswerSuggestion); err != nil {
			return r, Suggestion{}, err
		}
	}
	if err != nil {
		return r, Suggestion{}, err
	}
	if r.Sent || !r.State.Open() {
		return r, Suggestion{}, fault.New(fault.Conflict, "blueprint.fault.suggestion_closed")
	}
	s, err := b.suggestion(ctx, tx, r)
	return r, s, err
}

// using makes a draft of the next version with the chosen changes merged into the newest one.
func (b *Blueprints) using(ctx context.Context, tx *db.Tx, s Suggestion, u *Using) (*Draft, error) {
	if err := u.clean(s.Changes); err != nil {
		return nil, err
	}
	base, err := headByKey.One(ctx, tx, s.Version.Stream, s.Version.ID)
	if err != nil {
		return nil, err
	}
	head, err := b.newest(ctx, tx, s.Version)
	if err != nil {
		return nil, err
	}
	then, _, err := textOf(ctx, tx, base)
	if err != nil {
		return nil, err
	}
	now, _, err := textOf(ctx, tx, head)
	if err != nil {
		return nil, err
	}
	d := &Draft{Stream: s.Stream}
	d.Text, d.Blueprint, d.Base = now, head.Blueprint, head.ID
	m := mergeTexts(then, now, apply(then, s.Changes, u.Clauses))
	d.take(m)
	for _, c := range s.Changes {
		if i := d.index(c.Clause); i >= 0 && c.Kind == ToChange && slices.Contains(u.Clauses, c.Clause) {
			before, _ := now.Clause(c.Clause)
			d.Clauses[i].Status = c.statusIn(before.Status)
		}
	}
	if s.Outside == nil { // a place without a node has no address; the message of the version names it
		d.Credits = []Credit{{Kind: CreditSuggested, Place: act.Ref{URL: s.Other.URL, Stream: s.Other.Stream}, Submission: s.ID, Clauses: u.Clauses}}
	}
	d.Answers = &Answering{s.ID, u.Clauses, u.Note}
	return d, d.cleanBlanks()
}

// statusIn is the status of a clause once a suggestion is used in it, where it had another before: what a
// person wrote in the place of a machine is a person's.
func (c SuggestedChange) statusIn(before Status) Status {
	if c.Status == "" && before != "" {
		return Human
	}
	return c.Status
}

// unchecked refuses to answer a suggestion by what no person has checked: a clause used from it that a machine
// translated must be put into words by somebody first, in a draft.
func (d *Draft) unchecked() error {
	for _, id := range d.Answers.Clauses {
		if c, ok := d.Text.Clause(id); ok && c.Status == Machine {
			return fault.At("clauses", "blueprint.fault.machine")
		}
	}
	return nil
}

// Use publishes a version in which a suggestion, or the chosen part of it, is used, with credit to
// the place that made it, and sends the answer. Conflict: the clauses changed since in a way that
// somebody has to settle; then UseInDraft.
func (b *Blueprints) Use(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, u Using) (VersionKey, error) {
	var k VersionKey
	_, err := b.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		_, s, err := b.open(ctx, tx, v, stream, id)
		if err != nil {
			return nil, err
		}
		if err := mayOn(ctx, tx, v, s.Blueprint, place.PublishBlueprint); err != nil {
			return nil, err
		}
		d, err := b.using(ctx, tx, s, &u)
		if err != nil {
			return nil, err
		}
		if n := len(d.Collisions); n > 0 {
			return nil, fault.New(fault.Conflict, "blueprint.fault.suggestion_collides", "count", n)
		}
		draft, err := b.publication(ctx, tx, d, u.Message, &k)
		return []act.Draft{draft}, err
	})
	return k, tooLarge(err)
}

// UseInDraft begins a draft with the chosen changes merged in, to be edited, settled and published;
// publishing it sends the answer.
func (b *Blueprints) UseInDraft(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, u Using) (Link, error) {
	return b.begin(ctx, v, stream, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		_, s, err := b.open(ctx, tx, v, stream, id)
		if err != nil {
			return err
		}
		made, err := b.using(ctx, tx, s, &u)
		if err == nil {
			d.DraftBody = made.DraftBody
		}
		return err
	})
}

// publication turns a draft into the act that publishes it, and answers the suggestion that it uses.
func (b *Blueprints) publication(ctx context.Context, tx *db.Tx, d *Draft, message string, k *VersionKey) (act.Draft, error) {
	message, err := b.crediting(ctx, tx, d, message)
	if err != nil {
		return act.Draft{}, err
	}
	p := Publication{Place: d.Stream, Blueprint: d.Blueprint, Base: d.Base, Text: d.Text, From: d.From, Credits: d.Credits, Message: message}
	if err := p.clean(); err != nil {
		return act.Draft{}, err
	}
	draft, err := p.draft(ctx, tx, k)
	if err != nil || d.Answers == nil {
		return draft, err
	}
	if err := d.unchecked(); err != nil {
		return draft, err
	}
	r, err := suggestionByID.One(ctx, tx, d.Stream, d.Answers.Suggestion)
	if err != nil {
		return draft, err
	}
	if !r.State.Open() { // taken back, or declined, while the draft was open
		return draft, fault.New(fault.Conflict, "blueprint.fault.suggestion_closed")
	}
	s, err := b.suggestion(ctx, tx, r)
	if err != nil {
		return draft, err
	}
	if s.Public {
		part, err := act.SubmissionPart(ctx, tx, suggestionPart, r.ID)
		if err != nil {
			return draft, err
		}
		draft.Parts = append(draft.Parts, part)
	}
	outcome := Used
	if len(d.Answers.Clauses) < len(s.Changes) {
		outcome = UsedInPart
	}
	ref := act.Ref{URL: k.ID, Stream: k.Stream}
	return draft, b.answer(ctx, tx, r, Answer{Outcome: outcome, Clauses: d.Answers.Clauses, Version: ref, Reason: d.Answers.Note})
}

// crediting adds to the message of a version the credit of a place without a node whose suggestion it uses.
func (b *Blueprints) crediting(ctx context.Context, tx *db.Tx, d *Draft, message string) (string, error) {
	if d.Answers == nil {
		return message, nil
	}
	r, err := suggestionByID.One(ctx, tx, d.Stream, d.Answers.Suggestion)
	if err != nil {
		return message, err
	}
	s, err := b.suggestion(ctx, tx, r)
	if err != nil || s.Outside == nil || s.Outside.Credit == "" {
		return message, err
	}
	return strings.TrimSpace(message + "\n\n" + s.Outside.Credit), nil
}

// answer sends an answer and notes it here. To a place without a node a keeper brings it.
func (b *Blueprints) answer(ctx context.Context, tx *db.Tx, r suggestionRow, a Answer) error {
	if r.OtherIn == "" {
		a.At = act.Micros(b.now())
		return r.end(ctx, tx, a)
	}
	if err := heed(ctx, tx, r.Stream, r.ID); err != nil {
		return err
	}
	o := answered{Suggestion: r.ID, Outcome: a.Outcome, Clauses: a.Clauses}
	if a.Version.URL != "" {
		o.Version = &a.Version
	}
	d := act.SubmissionDraft{Type: AnswerType, Object: o}
	if a.Reason != "" {
		d.Texts = []act.Inline{{Name: "reason", Media: "text/plain", Text: a.Reason}}
	}
	s, err := b.log.AnswerSubmission(ctx, tx, r.ID, d)
	if err != nil {
		return err
	}
	a.At = act.Micros(s.Published)
	return r.end(ctx, tx, a)
}

// Decline answers a suggestion with the reason why it is not used.
func (b *Blueprints) Decline(ctx context.Context, v place.Viewer, stream act.Fingerprint, id, reason string) error {
	reason, err := fault.RequiredPassage("reason", reason, MaxReason)
	if err != nil {
		return err
	}
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		r, _, err := b.open(ctx, tx, v, stream, id)
		if err != nil {
			return err
		}
		return b.answer(ctx, tx, r, Answer{Outcome: Declined, Reason: reason})
	})
}

// TakeBack withdraws a suggestion that was not answered yet.
func (b *Blueprints) TakeBack(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.SuggestChange, place.Any); err != nil {
			return err
		}
		r, err := suggestionByID.One(ctx, tx, stream, id)
		if err != nil {
			return err
		}
		if !r.Sent || !r.State.Open() {
			return fault.New(fault.Conflict, "blueprint.fault.suggestion_closed")
		}
		if err := b.log.WithdrawSubmission(ctx, tx, id); err != nil {
			return err
		}
		n, err := suggestionMoves.Run(ctx, tx, stream, id, string(TakenBack), act.Micros(b.now()))
		if err == nil && n == 0 { // answered at the same moment
			err = fault.New(fault.Conflict, "blueprint.fault.suggestion_closed")
		}
		return err
	})
}

// Say sends a message about a suggestion to the other place. It answers the last message that
// came from there, so that neither waits for a reply to it.
func (b *Blueprints) Say(ctx context.Context, v place.Viewer, stream act.Fingerprint, id, text string) error {
	text, err := fault.RequiredPassage("text", text, MaxTalk)
	if err != nil {
		return err
	}
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		r, err := suggestionByID.One(ctx, tx, stream, id)
		if err == nil || fault.Is(err, fault.NotFound) {
			if err := mayTalk(ctx, tx, v, stream, r); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if r.OtherIn == "" {
			return fault.New(fault.Conflict, "blueprint.fault.no_node")
		}
		s, err := b.talk(ctx, tx, r, text)
		if err != nil {
			return err
		}
		at := act.Micros(s.Published)
		if _, err := insertTalk.Run(ctx, tx, stream, s.ID, id, true, at, text); err != nil {
			return err
		}
		_, err = suggestionMoves.Run(ctx, tx, stream, id, string(Discussing), at)
		return err
	})
}

// mayTalk lets those speak of a suggestion who may send one, or answer it.
func mayTalk(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, r suggestionRow) error {
	if r.Sent {
		return place.May(ctx, on, v, stream, place.SuggestChange, place.Any)
	}
	return mayOn(ctx, on, v, Key{stream, r.Blueprint}, place.AnswerSuggestion)
}

func (b *Blueprints) talk(ctx context.Context, tx *db.Tx, r suggestionRow, text string) (*act.Submission, error) {
	d := act.SubmissionDraft{To: act.Ref{URL: r.Other, Stream: r.OtherIn}, Type: TalkType, Object: talked{r.ID},
		Texts: []act.Inline{{Name: "text", Media: "text/plain", Text: text}}}
	list, err := talkOf.All(ctx, tx, r.Stream, r.ID)
	if err != nil {
		return nil, err
	}
	if err := heed(ctx, tx, r.Stream, r.ID); err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(list) {
		if !t.Ours {
			return b.log.AnswerSubmission(ctx, tx, t.ID, d)
		}
	}
	return b.log.Submit(ctx, tx, r.Stream, d)
}

// suggestionPart is the part of a version that holds the suggestion it uses, unchanged and signed,
// where its sender allowed that.
const suggestionPart = "suggestion"

// HasEmbedded tells whether a version says that a suggestion stands in it. Whether it holds is for
// Embedded to check.
func (b *Blueprints) HasEmbedded(ctx context.Context, v *Version) (bool, error) {
	if v.Hidden != "" || !slices.ContainsFunc(v.Credits, func(c CreditLine) bool { return c.Kind == CreditSuggested }) {
		return false, nil
	}
	return act.HasPart(ctx, b.log.DB(), v.Stream, v.Index, suggestionPart)
}

// Embedded reads the suggestion that stands in a version, after its proof was checked; NotFound when
// there is none, or when a keeper here hides the version. Its answer says which of its clauses the
// version credits to it, and nothing of what the owner wrote to the sender.
func (b *Blueprints) Embedded(ctx context.Context, v place.Viewer, k VersionKey) (*Suggestion, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, k.Stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	h, err := headByKey.One(ctx, on, k.Stream, k.ID)
	if err != nil {
		return nil, err
	}
	if why, err := whyHidden.All(ctx, on, h.ID); err != nil || len(why) > 0 {
		return nil, cmp.Or(err, error(db.ErrNoRow))
	}
	p, err := act.PartOf(ctx, on, h.Stream, h.Index, suggestionPart)
	if err != nil {
		return nil, err
	}
	sent, err := act.OpenDelivery(p.Body)
	if err != nil {
		return nil, err
	}
	var o suggested
	if err := json.Unmarshal(sent.Object, &o); err != nil || sent.Type != SuggestType || sent.ToStream != k.Stream || !sent.Public {
		return nil, db.ErrNoRow
	}
	changes, err := changesOf(sent, &o)
	if err != nil {
		return nil, err
	}
	credits, err := creditLines(ctx, on, k)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(credits, func(c CreditLine) bool {
		return c.Kind == CreditSuggested && c.Submission == sent.ID && c.Place.Stream == sent.Stream
	})
	if i < 0 { // a suggestion that the version doesn't credit is none that it uses
		return nil, db.ErrNoRow
	}
	return &Suggestion{ID: sent.ID, Stream: k.Stream, Other: PlaceName{Stream: sent.Stream, URL: sent.Actor, Name: credits[i].Name},
		Answer: &Answer{Outcome: Used, Clauses: credits[i].Clauses, Version: h.Ref(), At: h.At}, Blueprint: Key{k.Stream, o.Blueprint},
		Version: VersionKey{k.Stream, o.Version.URL}, State: Used, Created: act.Micros(sent.Published), Changes: changes,
		Note: shown([]byte(sent.Text("note")), MaxReason, true), Public: true, From: o.From}, nil
}

// Unanswered is a suggestion that came to a place of this node and waits for it.
type Unanswered struct {
	ID        string // URL
	Stream    act.Fingerprint
	Place     string // URL
	Blueprint string // URL: which it is for
}

var unanswered = db.Rows[Unanswered](`select x.id, x.stream, p.id, x.blueprint from blueprint_suggestion x join place p on p.stream = x.stream
	where not x.sent and x.state in ('acknowledged', 'discussing') order by x.created, x.id`)

// Unanswered lists them, for the node itself.
func (b *Blueprints) Unanswered(ctx context.Context) ([]Unanswered, error) {
	return unanswered.All(ctx, b.log.DB())
}
