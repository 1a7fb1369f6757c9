package act

import (
	"bytes"
	"context"
	"errors"
	"time"

	"translocal/db"
	"translocal/fault"
)

// The states of a submission that we sent.
const (
	Queued    = "queued"
	Delivered = "delivered" // the receiver's receipt came
	Answered  = "answered"
	Withdrawn = "withdrawn"
	Refused   = "refused"  // by a signed refusal
	Rested    = "rested"   // a remark that arrived, and to which nobody replied so far
	GivenUp   = "given-up" // a remark that never arrived
)

// How long a remark is sent (SubmissionType.AsRemark).
const (
	remarkRests = 7 * 24 * time.Hour
	remarkEnds  = 30 * 24 * time.Hour
	remarkTries = 100 // a month has some forty, more where a host comes and goes
)

// Outgoing is a submission that we sent, as it stands here.
type Outgoing struct {
	ID       string
	Stream   Fingerprint // ours
	To       string
	ToStream Fingerprint
	Host     string
	Type     string
	Answers  string
	Document []byte
	State    string
	Queued   int64
	NextTry  int64
	Tries    int64
	Trouble  string
	Receipt  []byte
	Answer   string // id of the answer, or ""
}

const outColumns = `id, stream, to_actor, to_stream, host, type, answers, document, state, queued, next_try, tries, trouble, receipt, answer`

var (
	outByID  = db.Rows[Outgoing](`select ` + outColumns + ` from submission_out where id = $1`)
	outOf    = db.Rows[Outgoing](`select ` + outColumns + ` from submission_out where stream = $1 order by queued desc, id limit $2`)
	dueHosts = db.Rows[string](`select distinct host from submission_out where state in ('queued', 'delivered') and next_try <= $1 order by host`)
	dueOne   = db.Rows[Outgoing](`select ` + outColumns + ` from submission_out
		where host = $1 and state in ('queued', 'delivered') and next_try <= $2 order by next_try, id limit 1`)
	claimOut   = db.Exec(`update submission_out set next_try = $3, tries = tries + 1, document = $4 where id = $1 and next_try = $2 and state in ('queued', 'delivered')`)
	foiled     = db.Exec(`update submission_out set next_try = $2, trouble = $3 where id = $1`)
	endRemarks = db.Exec(`update submission_out set state = case when receipt is null then 'given-up' else 'rested' end
		where host = $1 and type = $2 and state in ('queued', 'delivered') and
			(receipt is not null and queued <= $3 or receipt is null and (queued <= $4 or tries >= $5))`)
	settled = db.Exec(`update submission_out set state = $2, receipt = $3, next_try = $4, trouble = '' where id = $1 and state in ('queued', 'delivered')`)
)

// SubmissionOut reads a submission that we sent; NotFound where there is none.
func SubmissionOut(ctx context.Context, on db.Queryer, id string) (Outgoing, error) {
	return outByID.One(ctx, on, id)
}

// SubmissionsOut lists the newest that one of our streams sent.
func SubmissionsOut(ctx context.Context, on db.Queryer, stream Fingerprint, limit int) ([]Outgoing, error) {
	return outOf.All(ctx, on, stream, limit)
}

// DueHosts lists the hosts, as base URLs, for which a submission is due.
func (l *Log) DueHosts(ctx context.Context) ([]string, error) {
	return dueHosts.All(ctx, l.db, Micros(l.now()))
}

// Send carries a delivery to the host of an actor and returns its reply.
type Send func(ctx context.Context, host string, body []byte) (reply []byte, err error)

// Later is an error of send that says when to try again.
type Later struct {
	After time.Duration
	Err   error
}

func (e *Later) Error() string { return e.Err.Error() }
func (e *Later) Unwrap() error { return e.Err }

// Deliver sends what is due for one host, oldest first, and returns how many
// were settled. An error of send that is a fault of another kind than Unavailable
// concerns one submission, which waits; any other is the host's, and ends the
// round. Receivers on this node are reached without send.
func (l *Log) Deliver(ctx context.Context, host string, send Send) (n int, err error) {
	if err := l.endRemarks(ctx, host); err != nil {
		return 0, err
	}
	for {
		out, body, err := l.claim(ctx, host)
		if fault.Is(err, fault.NotFound) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		reply, err := l.carry(ctx, out, body, send)
		if err == nil {
			err = l.settle(ctx, out, reply)
		}
		if err == nil {
			n++
			continue
		}
		kind := fault.KindOf(err)
		down := kind == fault.Unavailable || kind == fault.Internal
		wait := backOff(out.Tries)
		if down {
			wait = time.Second // the caller knows when the host may be asked again
		}
		var later *Later
		if errors.As(err, &later) {
			wait = max(wait, min(later.After, 24*time.Hour))
		}
		if ferr := l.foil(ctx, out, err, wait); ferr != nil {
			return n, ferr
		}
		if down {
			return n, err
		}
	}
}

// endRemarks ends, for one host, the remarks that were sent long enough. It looks at
// all of them and not at the one that is tried: where a host is down nothing else
// of it is tried in that round.
func (l *Log) endRemarks(ctx context.Context, host string) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		now := l.now()
		for name, t := range l.submissions {
			if !t.remark {
				continue
			}
			if _, err := endRemarks.Run(ctx, tx, host, name, Micros(now.Add(-remarkRests)), Micros(now.Add(-remarkEnds)), remarkTries); err != nil {
				return err
			}
		}
		return nil
	})
}

// claim takes the next one that is due: it is counted as tried, and set aside
// for a while, before it is sent, so that a crash can't make it look untried.
func (l *Log) claim(ctx context.Context, host string) (out Outgoing, body []byte, err error) {
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		now := l.now()
		if out, err = dueOne.One(ctx, tx, host, Micros(now)); err != nil {
			return err
		}
		from, err := streamByFingerprint.One(ctx, tx, out.Stream)
		if err != nil {
			return err
		}
		if out.Document, err = l.signedByCurrent(ctx, tx, from, out.Document); err != nil {
			return err
		}
		chain, err := chainFor(ctx, tx, out.Stream)
		if err != nil {
			return err
		}
		if body, err = verbatim(delivery{Chain: chain, Submission: out.Document}); err != nil {
			return err
		}
		taken, err := claimOut.Run(ctx, tx, out.ID, out.NextTry, Micros(now.Add(30*time.Second)), out.Document)
		if err == nil && taken == 0 { // another replica was here
			err = fault.New(fault.NotFound, "fault.not_found")
		}
		out.Tries++
		return err
	})
	return out, body, err
}

func (l *Log) carry(ctx context.Context, out Outgoing, body []byte, send Send) ([]byte, error) {
	s, err := l.StreamOf(ctx, out.ToStream)
	switch {
	case err == nil && s.Own:
		return l.receiveOwn(ctx, out, body)
	case err != nil && !fault.Is(err, fault.NotFound):
		return nil, err
	}
	return send(ctx, out.Host, body)
}

// receiveOwn hands a submission to one of our own streams.
func (l *Log) receiveOwn(ctx context.Context, out Outgoing, body []byte) ([]byte, error) {
	from, err := l.StreamOf(ctx, out.Stream)
	if err != nil {
		return nil, err
	}
	address, err := AddressOf(ctx, l.db, from)
	if err != nil {
		return nil, err
	}
	return l.ReceiveSubmission(ctx, body, address)
}

// settle verifies the receipt and moves the submission on.
func (l *Log) settle(ctx context.Context, out Outgoing, reply []byte) error {
	r, raw, err := openReceipt(reply, out)
	if err != nil {
		return err
	}
	state, next := Delivered, l.now().Add(24*time.Hour)
	switch {
	case r.Refused != "":
		state = Refused
	case out.Answers != "" || out.Type == WithdrawType:
		state = Answered // nothing more is awaited
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := settled.Run(ctx, tx, out.ID, state, raw, Micros(next))
		return err
	})
}

func openReceipt(reply []byte, out Outgoing) (r Receipt, raw []byte, err error) {
	d, err := parseDelivery(reply)
	if err != nil {
		return r, nil, err
	}
	if err := CheckCanonical(d.Receipt, MaxEnvelope); err != nil {
		return r, nil, err
	}
	if err := Strict(d.Receipt, &r); err != nil {
		return r, nil, err
	}
	hash, err := unsignedHash(out.Document)
	if err != nil {
		return r, nil, err
	}
	switch {
	case !bytes.Equal(r.Context, Context) || r.Type != ReceiptType:
		return r, nil, fault.At("receipt.type", "fault.type")
	case r.Stream != out.ToStream || r.Actor != out.To || r.Submission != out.ID || r.Hash != MarshalHash(hash):
		return r, nil, fault.At("receipt", "fault.receipt")
	}
	_, err = verifyByChain(d.Receipt, d.Chain, r.Stream, r.Actor)
	return r, d.Receipt, err
}

func (l *Log) foil(ctx context.Context, out Outgoing, cause error, wait time.Duration) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := foiled.Run(ctx, tx, out.ID, Micros(l.now().Add(wait)), keyOfFault(cause))
		return err
	})
}

// backOff is how long to wait after a number of tries: n⁴ + 15 s, at most a day.
func backOff(tries int64) time.Duration {
	n := min(tries, 18)
	return min(time.Duration(n*n*n*n+15)*time.Second, 24*time.Hour)
}
