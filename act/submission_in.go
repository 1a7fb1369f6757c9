package act

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"translocal/db"
	"translocal/fault"
)

// delivery is what travels: a submission with the keys of its sender, or the
// receipt with those of the receiver.
type delivery struct {
	Chain      []json.RawMessage `json:"chain"`
	Receipt    json.RawMessage   `json:"receipt,omitempty"`
	Submission json.RawMessage   `json:"submission,omitempty"`
}

// ReceiptType is the type of a receipt.
const ReceiptType = "act.Receipt.v1"

// A Receipt says that a submission came, or was refused for good: signed by the
// place to which it speaks.
type Receipt struct {
	Context    json.RawMessage `json:"@context"`
	Actor      string          `json:"actor"`
	Hash       string          `json:"hash"` // hex SHA-256 of the document without its proof
	Proof      json.RawMessage `json:"proof,omitempty"`
	Received   string          `json:"received"`
	Refused    string          `json:"refused,omitempty"` // a message key
	Stream     Fingerprint     `json:"stream"`
	Submission string          `json:"submission"`
	Type       string          `json:"type"`
}

// The states of a submission that came.
const (
	InOpen      = "open"
	InAnswered  = "answered"
	InWithdrawn = "withdrawn"
	InRefused   = "refused"
)

// Incoming is a submission that came, as it stands here.
type Incoming struct {
	ID         string
	Stream     Fingerprint // ours
	FromActor  string
	FromStream Fingerprint
	Type       string
	Answers    string
	Document   []byte
	State      string
	Received   int64
	Receipt    []byte
	Answer     string // id of our answer, or ""
}

const inColumns = `id, stream, from_actor, from_stream, type, answers, document, state, received, receipt, answer`

var (
	inByID      = db.Rows[Incoming](`select ` + inColumns + ` from submission_in where id = $1`)
	inOf        = db.Rows[Incoming](`select ` + inColumns + ` from submission_in where stream = $1 and state = $2 order by received desc, id limit $3`)
	insertIn    = db.Exec(`insert into submission_in (` + inColumns + `) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')`)
	setInState  = db.Exec(`update submission_in set state = $2 where id = $1`)
	unanswered  = db.Rows[int64](`select count(*) from submission_in where stream = $1 and from_stream = $2 and state = 'open'`)
	sinceFrom   = db.Rows[int64](`select count(*) from submission_in where from_stream = $1 and received > $2`)
	answeredOut = db.Exec(`update submission_out set state = 'answered', answer = $2 where id = $1 and state in ('queued', 'delivered', 'answered', 'rested', 'given-up')`)
	againOut    = db.Exec(`update submission_out set state = 'queued', next_try = $2 where id = $1 and state = 'delivered'`)
)

// SubmissionIn reads a submission that came; NotFound where there is none.
func SubmissionIn(ctx context.Context, on db.Queryer, id string) (Incoming, error) {
	return inByID.One(ctx, on, id)
}

// SubmissionsIn lists the newest that came to one of our streams, of a state.
func SubmissionsIn(ctx context.Context, on db.Queryer, stream Fingerprint, state string, limit int) ([]Incoming, error) {
	return inOf.All(ctx, on, stream, state, limit)
}

// OpenDelivery reads a submission with its chain of keys and verifies it: the
// chain founds the sender's stream, and its last key signed the document. That
// the sender's host knows of that stream is for the caller to check.
func OpenDelivery(body []byte) (*Submission, error) {
	s, _, _, err := openDelivery(body)
	return s, err
}

// openDelivery gives, beside the submission and its chain, the node that speaks
// for its sender.
func openDelivery(body []byte) (*Submission, []json.RawMessage, string, error) {
	d, err := parseDelivery(body)
	if err != nil {
		return nil, nil, "", err
	}
	s, err := ParseSubmission(d.Submission)
	if err != nil {
		return nil, nil, "", err
	}
	address, err := verifyByChain(s.Document, d.Chain, s.Stream, s.Actor)
	return s, d.Chain, address, err
}

func parseDelivery(body []byte) (d delivery, err error) {
	if len(body) > maxDelivery {
		return d, fault.New(fault.TooLarge, "fault.document_too_large")
	}
	if err := shallow(body); err != nil {
		return d, fault.Wrap(fault.Invalid, err, "fault.envelope")
	}
	return d, Strict(body, &d)
}

// ReceiveSubmission takes a delivery that came from host, a base URL that the
// caller has authenticated, and returns the reply: a signed receipt with our
// chain of keys. The same submission again gets the same receipt and does
// nothing else. An error leaves nothing behind, and the sender tries again.
func (l *Log) ReceiveSubmission(ctx context.Context, body []byte, host string) (reply []byte, err error) {
	s, chain, address, err := openDelivery(body)
	if err != nil {
		return nil, err
	}
	if address != host {
		return nil, fault.New(fault.Forbidden, "fault.other_host")
	}
	t, ok := l.submissions[s.Type]
	if !ok { // an older program than the sender's: it may know later
		return nil, fault.New(fault.Unavailable, "fault.unknown_type")
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		reply, err = l.receiveSubmission(ctx, tx, s, chain, host, t)
		return err
	})
	return reply, err
}

func (l *Log) receiveSubmission(ctx context.Context, tx *db.Tx, s *Submission, chain []json.RawMessage, host string, t SubmissionType) ([]byte, error) {
	to, err := streamByFingerprint.One(ctx, tx, s.ToStream)
	if err != nil {
		return nil, err
	}
	if !to.Own || to.Actor != s.To {
		return nil, db.ErrNoRow
	}
	if to.Held {
		return nil, fault.New(fault.Unavailable, "fault.restored")
	}
	receipt, err := l.receiptFor(ctx, tx, s, chain, host, to, t)
	if err != nil {
		return nil, err
	}
	ours, err := chainFor(ctx, tx, to.Fingerprint)
	if err != nil {
		return nil, err
	}
	return verbatim(delivery{Chain: ours, Receipt: receipt})
}

func (l *Log) receiptFor(ctx context.Context, tx *db.Tx, s *Submission, chain []json.RawMessage, host string, to Stream, t SubmissionType) ([]byte, error) {
	in, err := inByID.One(ctx, tx, s.ID)
	if err == nil {
		return l.again(ctx, tx, s, in, to)
	}
	if !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if err := l.room(ctx, tx, s); err != nil {
		return nil, err
	}
	if err := spokenFor(ctx, tx, s, host); err != nil {
		return nil, err
	}
	if err := remember(ctx, tx, s.Stream, chain); err != nil {
		return nil, err
	}
	state, refused := InOpen, ""
	err = tx.Savepoint(ctx, func() error { return l.accept(ctx, tx, s, t) })
	switch {
	case err != nil && final(err):
		state, refused = InRefused, keyOfFault(err)
	case err != nil:
		return nil, err
	case s.Answers != "" || s.Type == WithdrawType:
		state = InAnswered // nothing to do with it any more
	}
	receipt, err := l.signReceipt(ctx, tx, s, to, refused)
	if err != nil {
		return nil, err
	}
	_, err = insertIn.Run(ctx, tx, s.ID, s.ToStream, s.Actor, s.Stream, s.Type, s.Answers, s.Document, state, Micros(l.now()), receipt)
	return receipt, err
}

// spokenFor refuses a sender under another host's name of whose stream we never
// heard: that host would have had to vouch for it once. Whoever follows its chain
// of keys alone would believe everybody who makes one up.
func spokenFor(ctx context.Context, tx *db.Tx, s *Submission, host string) error {
	if Host(s.Actor) == host {
		return nil
	}
	known, err := chainFor(ctx, tx, s.Stream)
	if err == nil && len(known) == 0 {
		err = fault.New(fault.Forbidden, "fault.other_host")
	}
	return err
}

// again answers a submission that came before. Its receipt is signed anew when
// the key changed since; an answer of ours that the sender may have lost is sent
// again.
func (l *Log) again(ctx context.Context, tx *db.Tx, s *Submission, in Incoming, to Stream) ([]byte, error) {
	if in.FromStream != s.Stream || in.Stream != s.ToStream {
		return nil, fault.New(fault.Conflict, "fault.exists")
	}
	if in.Answer != "" {
		if _, err := againOut.Run(ctx, tx, in.Answer, Micros(l.now())); err != nil {
			return nil, err
		}
		tx.AfterCommit(l.nudge)
	}
	if len(in.Receipt) == 0 { // its withdrawal came first
		return l.signReceipt(ctx, tx, s, to, "")
	}
	var r Receipt
	if err := json.Unmarshal(in.Receipt, &r); err != nil {
		return nil, err
	}
	if r.Hash != MarshalHash(s.Hash) {
		return nil, fault.New(fault.Conflict, "fault.exists")
	}
	return l.signedByCurrent(ctx, tx, to, in.Receipt)
}

// room refuses, for now, what is more than one sender may lay on our table.
func (l *Log) room(ctx context.Context, tx *db.Tx, s *Submission) error {
	day, err := sinceFrom.One(ctx, tx, s.Stream, Micros(l.now().Add(-24*time.Hour)))
	if err != nil {
		return err
	}
	if day >= MaxDaily {
		return fault.New(fault.TooMany, "fault.too_many_submissions")
	}
	if s.Answers != "" || s.Type == WithdrawType {
		return nil
	}
	open, err := unanswered.One(ctx, tx, s.ToStream, s.Stream)
	if err == nil && open >= MaxUnanswered {
		err = fault.New(fault.TooMany, "fault.too_many_submissions")
	}
	return err
}

func (l *Log) accept(ctx context.Context, tx *db.Tx, s *Submission, t SubmissionType) error {
	if s.Type == WithdrawType {
		return l.acceptWithdrawal(ctx, tx, s)
	}
	if s.Answers != "" {
		out, err := outByID.One(ctx, tx, s.Answers)
		if err != nil {
			return err
		}
		if out.Stream != s.ToStream || out.ToStream != s.Stream {
			return fault.At("answers", "fault.id")
		}
		if out.State == Withdrawn || out.State == Refused {
			return fault.New(fault.Conflict, "fault.submission_closed")
		}
		if _, err := answeredOut.Run(ctx, tx, s.Answers, s.ID); err != nil {
			return err
		}
	}
	return t.receive(ctx, tx, s)
}

// acceptWithdrawal closes an open submission of the same sender; one that has
// not come yet is noted, so that it stays closed when it comes.
func (l *Log) acceptWithdrawal(ctx context.Context, tx *db.Tx, s *Submission) error {
	var w withdraw
	if err := Strict(s.Object, &w); err != nil {
		return err
	}
	if err := checkWithdraw(s, &w); err != nil {
		return err
	}
	in, err := inByID.One(ctx, tx, w.Submission)
	if fault.Is(err, fault.NotFound) {
		_, err = insertIn.Run(ctx, tx, w.Submission, s.ToStream, s.Actor, s.Stream, s.Type, "", []byte{}, InWithdrawn, Micros(l.now()), []byte{})
		return err
	}
	if err != nil {
		return err
	}
	if in.FromStream != s.Stream || in.State != InOpen {
		return nil // answered meanwhile: the answer is on its way
	}
	if _, err := setInState.Run(ctx, tx, w.Submission, InWithdrawn); err != nil {
		return err
	}
	earlier, err := ParseSubmission(in.Document)
	if err != nil {
		return err
	}
	if t := l.submissions[earlier.Type]; t.withdrawn != nil {
		return t.withdrawn(ctx, tx, earlier)
	}
	return nil
}

// final tells whether trying again can't help.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Forbidden, fault.Conflict:
		return true
	}
	return false
}

// keyOfFault is the message key of a fault; of the first field where it has any.
func keyOfFault(err error) string {
	var e *fault.Error
	if !errors.As(err, &e) {
		return "fault.unavailable"
	}
	if len(e.Fields) > 0 {
		return e.Fields[0].Key
	}
	return e.Key
}

func (l *Log) signReceipt(ctx context.Context, on db.Queryer, s *Submission, to Stream, refused string) ([]byte, error) {
	now := l.now()
	raw, err := Canonical(Receipt{Context: Context, Actor: to.Actor, Hash: MarshalHash(s.Hash), Received: formatTime(now), Refused: refused,
		Stream: to.Fingerprint, Submission: s.ID, Type: ReceiptType})
	if err != nil {
		return nil, err
	}
	return l.signAs(ctx, on, to, raw, now)
}

// signedByCurrent gives back a document of ours as it is, or signed anew when
// its proof is by a key given up since.
func (l *Log) signedByCurrent(ctx context.Context, on db.Queryer, s Stream, raw []byte) ([]byte, error) {
	methods, err := Methods(raw)
	if err != nil {
		return nil, err
	}
	current, err := KeyAt(ctx, on, s.Fingerprint, s.Size)
	if err != nil || strings.HasSuffix(methods[0], "#"+current) {
		return raw, err
	}
	m, err := members(raw)
	if err != nil {
		return nil, err
	}
	delete(m, "proof")
	return l.signAs(ctx, on, s, join(m), l.now())
}
