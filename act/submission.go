package act

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"translocal/db"
	"translocal/fault"
)

// A submission is what somebody else says to an object of a place: an offer, an
// objection, a reply, an answer. It is signed by the place that sends it, and
// private: it enters no stream unless its sender allowed that and the receiver
// embeds it unchanged (SubmissionPart). It is queued in the transaction of the command
// that makes it, tried until the receiver's signed receipt comes, then daily
// until it is answered or withdrawn; sender and receiver may be on one node.

// Limits of submissions.
const (
	MaxSubmission      = 512 << 10 // bytes of a document
	MaxSubmissionTexts = 256 << 10 // bytes of its texts
	MaxUnanswered      = 50        // open ones of one sender to one place
	MaxDaily           = 200       // of one sender to all our places, in a day
	maxDelivery        = 1 << 20   // bytes of a document with its chain of keys
	maxChain           = 64        // envelopes in a chain of keys
	maxChainLink       = 16 << 10  // bytes of each: 32 root keys with their proofs
)

// Inline is a text that a submission carries.
type Inline struct {
	Name  string `json:"name"`
	Media string `json:"mediaType"`
	Text  string `json:"text"`
}

// A Submission as it was signed.
type Submission struct {
	ID        string // URL: the sender's, then /submission/ and a token
	Type      string // "capability.Verb.v1"
	Actor     string // who sends
	Stream    Fingerprint
	To        string // the actor to whom it speaks
	ToStream  Fingerprint
	Answers   string // id of the submission that it answers, or ""
	Published time.Time
	Object    json.RawMessage
	Texts     []Inline
	Public    bool // the receiver may publish it, unchanged
	Hash      Hash // SHA-256 of the document without its proof
	Document  []byte
}

// submissionDocument is the JSON of a submission.
type submissionDocument struct {
	Context   json.RawMessage `json:"@context"`
	Actor     string          `json:"actor"`
	Answers   string          `json:"answers,omitempty"`
	ID        string          `json:"id"`
	Object    json.RawMessage `json:"object"`
	Parts     []Inline        `json:"parts,omitempty"`
	Proof     json.RawMessage `json:"proof,omitempty"`
	Public    bool            `json:"public"`
	Published string          `json:"published"`
	Stream    Fingerprint     `json:"stream"`
	To        string          `json:"to"`
	ToStream  Fingerprint     `json:"toStream"`
	Type      string          `json:"type"`
}

// Text finds a text by its name, "" where there is none.
func (s *Submission) Text(name string) string {
	for _, t := range s.Texts {
		if t.Name == name {
			return t.Text
		}
	}
	return ""
}

// ParseSubmission reads a document in canonical form and checks its shape, not
// its proof. It never panics.
func ParseSubmission(raw []byte) (*Submission, error) {
	if err := CheckCanonical(raw, MaxSubmission); err != nil {
		return nil, err
	}
	var d submissionDocument
	if err := Strict(raw, &d); err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	published, err := time.Parse(timeLayout, d.Published)
	if err != nil || formatTime(published) != d.Published {
		return nil, fault.At("published", "fault.time")
	}
	hash, err := unsignedHash(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return &Submission{ID: d.ID, Type: d.Type, Actor: d.Actor, Stream: d.Stream, To: d.To, ToStream: d.ToStream, Answers: d.Answers,
		Published: published, Object: d.Object, Texts: d.Parts, Public: d.Public, Hash: hash, Document: raw}, nil
}

func (d *submissionDocument) check() error {
	if !bytes.Equal(d.Context, Context) {
		return fault.At("@context", "fault.context")
	}
	for field, u := range map[string]string{"actor": d.Actor, "to": d.To} {
		if err := CheckURL(field, u); err != nil {
			return err
		}
		if actor, err := ActorOf(u); err != nil || actor != u {
			return fault.At(field, "fault.url")
		}
	}
	if d.Answers != "" && !isSubmissionID(d.Answers, d.To) {
		return fault.At("answers", "fault.id")
	}
	switch {
	case !d.Stream.Valid():
		return fault.At("stream", "fault.fingerprint")
	case !d.ToStream.Valid():
		return fault.At("toStream", "fault.fingerprint")
	case !isSubmissionID(d.ID, d.Actor):
		return fault.At("id", "fault.id")
	case !typeShape.MatchString(d.Type) || len(d.Type) > 60:
		return fault.At("type", "fault.type")
	case len(d.Object) == 0 || d.Object[0] != '{':
		return fault.At("object", "fault.object")
	case len(d.Parts) > MaxParts:
		return fault.At("parts", "fault.too_many_parts", "max", MaxParts)
	}
	return checkInline(d.Parts)
}

func checkInline(texts []Inline) error {
	seen, sum := map[string]bool{}, 0
	for i, t := range texts {
		field := fmt.Sprintf("parts.%d", i)
		switch {
		case !partShape.MatchString(t.Name) || seen[t.Name]:
			return fault.At(field+".name", "fault.part_name")
		case !mediaShape.MatchString(t.Media):
			return fault.At(field+".mediaType", "fault.media_type")
		}
		seen[t.Name] = true
		sum += len(t.Text)
	}
	if sum > MaxSubmissionTexts {
		return fault.At("parts", "fault.document_too_large")
	}
	return nil
}

func isSubmissionID(id, actor string) bool {
	token, ok := strings.CutPrefix(id, actor+"/submission/")
	return ok && IsToken(token)
}

// unsignedHash is the SHA-256 of a canonical document without its proof: the
// same when it is signed anew after a change of key.
func unsignedHash(raw []byte) (Hash, error) {
	m, err := members(raw)
	if err != nil {
		return Hash{}, err
	}
	delete(m, "proof")
	return sha256.Sum256(join(m)), nil
}

// A SubmissionType is one released version of a kind of submission.
type SubmissionType struct {
	Name      string // "capability.Verb.v1"
	check     func(*Submission) error
	receive   func(ctx context.Context, tx *db.Tx, s *Submission) error
	withdrawn func(ctx context.Context, tx *db.Tx, s *Submission) error
	remark    bool
}

// DefineSubmission makes a kind of submission whose object is a T. check says
// what a sender may say: shape and size; it sees no database. receive writes the
// private rows of the receiving capability, once for each id. A fault of kind
// Invalid, NotFound, Forbidden or Conflict from either refuses the submission
// for good, with a signed refusal; any other error lets the sender try again.
func DefineSubmission[T any](name string, check func(*Submission, *T) error, receive func(context.Context, *db.Tx, *Submission, *T) error) SubmissionType {
	open := func(s *Submission) (*T, error) {
		object := new(T)
		if err := Strict(s.Object, object); err != nil {
			return nil, err
		}
		return object, check(s, object)
	}
	return SubmissionType{Name: name,
		check: func(s *Submission) error { _, err := open(s); return err },
		receive: func(ctx context.Context, tx *db.Tx, s *Submission) error {
			object, err := open(s)
			if err != nil {
				return err
			}
			return receive(ctx, tx, s, object)
		}}
}

// OnWithdrawn adds what the receiving capability does when the sender takes a
// submission back that was open.
func (t SubmissionType) OnWithdrawn(f func(ctx context.Context, tx *db.Tx, s *Submission) error) SubmissionType {
	t.withdrawn = f
	return t
}

// AsRemark says that nobody owes an answer to submissions of this type: a message
// about something else, say. That a submission is tried daily until it is answered or
// withdrawn is meant for what waits for a decision of the other place, and comes to
// its end by one. Of a remark only the receipt is surely awaited, so it would be sent
// for ever to whoever has nothing to reply, or is gone. It is Rested a week after it
// was made, once it has arrived, and GivenUp after a month, or so many tries, without a
// receipt. (The week is for a receiver who puts back a backup: those are daily.)
func (t SubmissionType) AsRemark() SubmissionType {
	t.remark = true
	return t
}

// SubmissionDraft is a submission as a capability hands it to Submit. To is an
// actor or one of its objects. Object is marshalled to JSON without floats.
type SubmissionDraft struct {
	To     Ref
	Type   string
	Object any
	Texts  []Inline
	Public bool // the receiver may publish it, unchanged
}

// WithdrawType takes an earlier submission of the same sender back.
const WithdrawType = "act.Withdraw.v1"

type withdraw struct {
	Submission string `json:"submission"`
}

func checkWithdraw(s *Submission, w *withdraw) error {
	if !isSubmissionID(w.Submission, s.Actor) {
		return fault.At("object.submission", "fault.id")
	}
	return nil
}

var (
	insertOut = db.Exec(`insert into submission_out (id, stream, to_actor, to_stream, host, type, answers, document, state, queued, next_try, tries, trouble, receipt, answer)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $9, 0, '', null, '')`)
	answerIn    = db.Exec(`update submission_in set state = 'answered', answer = $2 where id = $1`)
	heardIn     = db.Exec(`update submission_in set state = 'answered' where id = $1 and state = 'open'`)
	withdrawOut = db.Exec(`update submission_out set state = 'withdrawn' where id = $1`)
)

// Submit signs a submission by one of our streams and queues it, in the
// transaction of the caller: it goes out when that commits.
func (l *Log) Submit(ctx context.Context, tx *db.Tx, from Fingerprint, d SubmissionDraft) (*Submission, error) {
	return l.queue(ctx, tx, from, d, "")
}

// AnswerSubmission answers one that came to us: the answer is a submission back
// to its sender, whose capability gets it by its type. A later answer may follow.
func (l *Log) AnswerSubmission(ctx context.Context, tx *db.Tx, id string, d SubmissionDraft) (*Submission, error) {
	in, err := inByID.One(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if in.State != InOpen && in.State != InAnswered {
		return nil, fault.New(fault.Conflict, "fault.submission_closed")
	}
	d.To = Ref{URL: in.FromActor, Stream: in.FromStream}
	s, err := l.queue(ctx, tx, in.Stream, d, id)
	if err != nil {
		return nil, err
	}
	_, err = answerIn.Run(ctx, tx, id, s.ID)
	return s, err
}

// SubmissionHeard notes that one which came waits for nothing any more, without an
// answer to it alone: somebody replied to a later one, or what it spoke of is settled.
func SubmissionHeard(ctx context.Context, tx *db.Tx, id string) error {
	_, err := heardIn.Run(ctx, tx, id)
	return err
}

// WithdrawSubmission takes one of ours back, and tells the receiver unless it
// was never tried. One that is closed already can't be taken back.
func (l *Log) WithdrawSubmission(ctx context.Context, tx *db.Tx, id string) error {
	out, err := outByID.One(ctx, tx, id)
	if err != nil {
		return err
	}
	if out.State != Queued && out.State != Delivered {
		return fault.New(fault.Conflict, "fault.submission_closed")
	}
	if _, err := withdrawOut.Run(ctx, tx, id); err != nil || out.Tries == 0 {
		return err
	}
	_, err = l.queue(ctx, tx, out.Stream, SubmissionDraft{To: Ref{URL: out.To, Stream: out.ToStream}, Type: WithdrawType,
		Object: withdraw{Submission: id}}, "")
	return err
}

func (l *Log) queue(ctx context.Context, tx *db.Tx, from Fingerprint, d SubmissionDraft, answers string) (*Submission, error) {
	sender, err := streamByFingerprint.One(ctx, tx, from)
	if err != nil {
		return nil, err
	}
	switch {
	case !sender.Own:
		return nil, fault.New(fault.Forbidden, "fault.not_own_stream")
	case sender.Held:
		return nil, fault.New(fault.Conflict, "fault.restored")
	}
	s, err := l.sealSubmission(ctx, tx, sender, d, answers)
	if err != nil {
		return nil, err
	}
	host, err := AddressOf(ctx, tx, Stream{Fingerprint: s.ToStream, Actor: s.To})
	if err != nil {
		return nil, err
	}
	_, err = insertOut.Run(ctx, tx, s.ID, s.Stream, s.To, s.ToStream, host, s.Type, answers, s.Document, Micros(l.now()))
	if err == nil {
		tx.AfterCommit(l.nudge)
	}
	return s, err
}

func (l *Log) sealSubmission(ctx context.Context, tx *db.Tx, sender Stream, d SubmissionDraft, answers string) (*Submission, error) {
	t, ok := l.submissions[d.Type]
	if !ok {
		return nil, fmt.Errorf("act: submission type %s is not registered", d.Type)
	}
	to, err := ActorOf(d.To.URL)
	if err != nil {
		return nil, fault.At("to", "fault.url")
	}
	object, err := json.Marshal(d.Object)
	if err != nil {
		return nil, fmt.Errorf("submission %s: %w", d.Type, err)
	}
	now := l.now()
	raw, err := Canonical(submissionDocument{Context: Context, Actor: sender.Actor, Answers: answers, ID: NewID(sender.Actor, "submission"),
		Object: object, Parts: d.Texts, Public: d.Public, Published: formatTime(now), Stream: sender.Fingerprint, To: to,
		ToStream: d.To.Stream, Type: d.Type})
	if err != nil {
		return nil, fmt.Errorf("submission %s: %w", d.Type, err)
	}
	if raw, err = l.signAs(ctx, tx, sender, raw, now); err != nil {
		return nil, err
	}
	s, err := ParseSubmission(raw)
	if err != nil {
		return nil, err
	}
	return s, t.check(s)
}

// signAs signs a document by the current key of one of our streams.
func (l *Log) signAs(ctx context.Context, on db.Queryer, s Stream, raw []byte, at time.Time) ([]byte, error) {
	key, err := l.keys.current(ctx, on, s.Fingerprint)
	if err != nil {
		return nil, err
	}
	return Sign(raw, key, s.Actor+"#"+EncodeKey(key.Public().(ed25519.PublicKey)), at)
}

// Submitted returns a channel that gets a value when a submission was queued.
func (l *Log) Submitted() <-chan struct{} { return l.submitted }

func (l *Log) nudge() {
	select {
	case l.submitted <- struct{}{}:
	default:
	}
}

// SubmissionPart makes a part, for an act of the receiver, of a submission that
// came: the document unchanged, with the keys that prove it. It fails with
// Forbidden when the sender did not allow that. OpenDelivery reads it back.
func SubmissionPart(ctx context.Context, on db.Queryer, name, id string) (Part, error) {
	in, err := inByID.One(ctx, on, id)
	if err != nil {
		return Part{}, err
	}
	s, err := ParseSubmission(in.Document)
	if err != nil {
		return Part{}, err
	}
	if !s.Public {
		return Part{}, fault.New(fault.Forbidden, "fault.submission_private")
	}
	chain, err := chainFor(ctx, on, s.Stream)
	if err != nil {
		return Part{}, err
	}
	if chain, err = upToSigner(chain, s); err != nil {
		return Part{}, err
	}
	body, err := verbatim(delivery{Chain: chain, Submission: s.Document})
	return Part{Name: name, Media: "application/json", Body: body}, err
}

// upToSigner cuts what came after the key that signed the submission.
func upToSigner(chain []json.RawMessage, s *Submission) ([]json.RawMessage, error) {
	methods, err := Methods(s.Document)
	if err != nil {
		return nil, err
	}
	keys, _, err := keysOf(chain, s.Stream, s.Actor)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		if methods[0] == s.Actor+"#"+k {
			return chain[:i+1], nil
		}
	}
	return nil, ErrProof
}

// verbatim marshals without touching the documents inside.
func verbatim(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
