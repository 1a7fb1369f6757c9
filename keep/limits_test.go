package keep

import (
	"testing"
	"time"

	"translocal/db"
	"translocal/db/dbtest"
)

var (
	putStream = db.Exec(`insert into stream (fp, actor, origin, audience, own, size, published, held) values ('s', 'http://a.test/p/a', 'o', 'public', true, 1, 1, false)`)
	putPart   = db.Exec(`insert into part (stream, idx, name, media, salt, body) values ('s', $1, 'text', 'text/plain', $2, $3)`)
	waiters   = db.Rows[int64](`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
)

// TestWhatIsCommittedWhileMeasuringIsCounted has a commit be under way, as Guard
// and the log make one, while the use of its stream is measured.
func TestWhatIsCommittedWhileMeasuringIsCounted(t *testing.T) {
	d, ctx := dbtest.Postgres(t), t.Context()
	body := make([]byte, 1000)
	put := func(tx *db.Tx, idx int64) error {
		if _, err := lockStream.Run(ctx, tx, "s"); err != nil {
			return err
		}
		if _, err := addUse.Run(ctx, tx, "s", len(body)); err != nil {
			return err
		}
		_, err := putPart.Run(ctx, tx, idx, body[:16], body)
		return err
	}
	if err := d.Write(ctx, func(tx *db.Tx) error {
		if _, err := putStream.Run(ctx, tx); err != nil {
			return err
		}
		return put(tx, 0)
	}); err != nil {
		t.Fatal(err)
	}
	measured := make(chan error, 1)
	err := d.Write(ctx, func(tx *db.Tx) error {
		if err := put(tx, 1); err != nil {
			return err
		}
		go func() { measured <- Measure(ctx, d, time.Now()) }()
		for { // until it waits for this transaction
			if n, err := waiters.One(ctx, d); err != nil || n > 0 {
				return err
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-measured; err != nil {
		t.Fatal(err)
	}
	if used, err := usedBy.One(ctx, d, "s"); err != nil || used != 2000 {
		t.Errorf("%d bytes of 2000 are counted: %v", used, err)
	}
}
