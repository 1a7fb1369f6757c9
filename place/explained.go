package place

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

var (
	explainedTo   = db.Rows[int64](`select at from explained where person = $1`)
	putExplained  = db.Exec(`insert into explained (person, at) values ($1, $2) on conflict (person) do nothing`)
	dropExplained = db.Exec(`delete from explained where person = $1`)
)

// Explained tells whether the viewer has read what is seen by whom.
func (p *Places) Explained(ctx context.Context, v Viewer) (bool, error) {
	_, err := explainedTo.One(ctx, p.db, v.Person)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Read remembers that the viewer has read it.
func (p *Places) Read(ctx context.Context, v Viewer) error {
	if err := InPerson(v); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		_, err := putExplained.Run(ctx, tx, v.Person, act.Micros(p.now()))
		return err
	})
}
