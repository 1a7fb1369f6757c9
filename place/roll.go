package place

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// MaxRoll is the most links that are made at a time: as many slips as a page
// carries below 50 KB.
const MaxRoll = 12

// Roll makes n single-use links for members at a time, to hand out on paper:
// all or none. Who gets which is nowhere kept, so that nobody can look up who
// came in by which slip. The secrets are shown once.
func (p *Places) Roll(ctx context.Context, v Viewer, stream act.Fingerprint, n int) (secrets []string, err error) {
	if n < 1 || n > MaxRoll {
		return nil, fault.At("count", "people.roll.range", "max", MaxRoll)
	}
	now := p.now()
	err = p.db.Write(ctx, func(tx *db.Tx) error {
		secrets = nil
		if err := mayInvite(ctx, tx, v, stream); err != nil {
			return err
		}
		for range n {
			secret, hash := NewSecret()
			if _, err := insertInvitation.Run(ctx, tx, act.NewToken(), hash, stream, Member, v.Person, act.Micros(now), act.Micros(now.Add(InvitationLasts))); err != nil {
				return err
			}
			secrets = append(secrets, secret)
		}
		return nil
	})
	return secrets, err
}
