package decide

import (
	"context"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// A Review is a decision of this node's places that says when it is looked at again.
type Review struct {
	Outcome string // URL
	Stream  act.Fingerprint
	Day     string // YYYY-MM-DD
}

// Waiting is a round of a proposal in which somebody has not spoken yet.
type Waiting struct {
	Proposal string // its id
	Place    string // URL
	Stream   act.Fingerprint
	Round    place.State
	Person   string
}

var (
	reviews = db.Rows[Review](`select o.id, o.stream, o.review from outcome o join stream s on s.fp = o.stream and s.own
		where o.review >= $1 and o.review <= $2 order by o.review, o.id`)
	waiting = db.Rows[Waiting](`select o.id, p.id, o.stream, o.state, m.person
		from proposal o join place p on p.stream = o.stream join belongs m on m.stream = o.stream
		where o.state in ('clarify', 'react', 'consent')
			and not exists (select 1 from proposal_voice v where v.proposal = o.id and v.round = o.state and v.person = m.person)
		order by o.created, o.id, m.person`)
)

// Reviews lists the decisions whose day lies between two days, both included;
// for the node itself.
func (d *Decisions) Reviews(ctx context.Context, from, until time.Time) ([]Review, error) {
	return reviews.All(ctx, d.db, from.Format(time.DateOnly), until.Format(time.DateOnly))
}

// Waits lists whom each open round waits for; for the node itself.
func (d *Decisions) Waits(ctx context.Context) ([]Waiting, error) { return waiting.All(ctx, d.db) }
