package place

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// MaxReason is the longest reason that a keeper gives, in characters.
const MaxReason = 1000

// BlockedPerson is somebody who is as a stranger to a place.
type BlockedPerson struct {
	Person string `json:"person"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Since  int64  `json:"since"`
}

// OwnBlock is a place that blocked somebody, as the person is told.
type OwnBlock struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Since  int64  `json:"since"`
	Stays  bool   `json:"member"` // the membership is still there, and can be ended
}

var (
	insertPersonBlock = db.Exec(`insert into person_block (stream, person, reason, blocked_by, since) values ($1, $2, $3, $4, $5) on conflict (stream, person) do nothing`)
	deletePersonBlock = db.Exec(`delete from person_block where stream = $1 and person = $2`)
	blockedPeople     = db.Rows[BlockedPerson](`select b.person, coalesce(p.name, ''), b.reason, b.since from person_block b left join person p on p.id = b.person
		where b.stream = $1 order by b.since desc, b.person`)
	blockedIn = db.Rows[OwnBlock](`select p.id, p.name, b.reason, b.since, m.person is not null from person_block b join place p on p.stream = b.stream
		left join membership m on m.stream = b.stream and m.person = b.person where b.person = $1 order by p.name, p.stream`)
	isBlocked = db.Rows[int64](`select count(*) from person_block where stream = $1 and person = $2`)
)

// BlockPerson makes a member as a stranger to the place until UnblockPerson,
// whatever invitation they use. The links that they made end for good. The last
// keeper stays.
func (p *Places) BlockPerson(ctx context.Context, v Viewer, stream act.Fingerprint, person, reason string) error {
	reason, err := fault.RequiredPassage("reason", reason, MaxReason)
	if err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, BlockPerson, Any); err != nil {
			return err
		}
		if person == v.Person {
			return fault.At("person", "moderation.not_oneself")
		}
		if err := one(lockRole.Run(ctx, tx, stream, person)); err != nil {
			return err
		}
		now := act.Micros(p.now())
		if err := one(insertPersonBlock.Run(ctx, tx, stream, person, reason, v.Person, now)); err != nil {
			if fault.Is(err, fault.NotFound) { // blocked already
				err = fault.New(fault.Conflict, "moderation.blocked_already")
			}
			return err
		}
		if _, err := endInvitations.Run(ctx, tx, stream, person); err != nil {
			return err
		}
		if _, err := endMandates.Run(ctx, tx, stream, person, now); err != nil {
			return err
		}
		if err := kept(ctx, tx, stream); err != nil {
			return err
		}
		return Note(ctx, tx, v, stream, now, BlockDeed, person, "", reason)
	})
}

// UnblockPerson gives somebody back the role that they had, if they still have one.
func (p *Places) UnblockPerson(ctx context.Context, v Viewer, stream act.Fingerprint, person string) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, BlockPerson, Any); err != nil {
			return err
		}
		if err := one(deletePersonBlock.Run(ctx, tx, stream, person)); err != nil {
			return err
		}
		return Note(ctx, tx, v, stream, act.Micros(p.now()), UnblockDeed, person, "", "")
	})
}

// unblocked refuses somebody whom the place blocked.
func unblocked(ctx context.Context, on db.Queryer, v Viewer, stream act.Fingerprint) error {
	if v.Person == "" {
		return nil
	}
	n, err := isBlocked.One(ctx, on, stream, v.Person)
	if err == nil && n > 0 {
		err = fault.New(fault.Forbidden, "place.blocked")
	}
	return err
}

// BlockedIn lists the places that blocked the viewer.
func (p *Places) BlockedIn(ctx context.Context, v Viewer) ([]OwnBlock, error) {
	if err := InPerson(v); err != nil {
		return nil, err
	}
	return blockedIn.All(ctx, p.db, v.Person)
}

// BlockedPeople lists who is blocked in a place, for its keepers.
func (p *Places) BlockedPeople(ctx context.Context, v Viewer, stream act.Fingerprint) ([]BlockedPerson, error) {
	if err := May(ctx, p.db, v, stream, BlockPerson, Any); err != nil {
		return nil, err
	}
	list, err := blockedPeople.All(ctx, p.db, stream)
	return orEmpty(list), err
}
