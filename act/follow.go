package act

import (
	"context"
	"log/slog"
	"time"

	"translocal/db"
)

// A Follower reads every stream in order, from a cursor of its own for each,
// and does something with each act: deliver, index, notify. Handle runs in the
// transaction that moves the cursor, so that what it writes and how far it read
// stand or fall together; it may be run again after a failure.
type Follower struct {
	Name   string
	Handle func(ctx context.Context, tx *db.Tx, e Entry) error
}

type behind struct {
	Stream Fingerprint
	Size   int64
	Next   int64
}

var (
	streamsBehind = db.Rows[behind](`select s.fp, s.size, coalesce(c.next, 0) from stream s
		left join follower_cursor c on c.stream = s.fp and c.follower = $1
		where s.size > coalesce(c.next, 0) order by s.fp`)
	moveCursor = db.Exec(`insert into follower_cursor (follower, stream, next) values ($1, $2, $3)
		on conflict (follower, stream) do update set next = excluded.next`)
	lockCursor = db.Rows[int64](`insert into follower_cursor (follower, stream, next) values ($1, $2, 0)
		on conflict (follower, stream) do update set next = follower_cursor.next returning next`)
)

const followBatch = 50

// Run reads for the follower until ctx ends: at once what came while it was
// away, then after each commit.
func (l *Log) Run(ctx context.Context, f Follower) {
	for pause := time.Duration(0); ; {
		changed := l.Changed()
		err := l.CatchUp(ctx, f)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			pause = min(max(2*pause, time.Second), time.Minute)
			slog.Error("follower stumbled; it will try again", "follower", f.Name, "in", pause, "err", err)
		} else {
			pause = 0
		}
		if err == nil {
			// Another replica's commits don't reach our channel: look now and then.
			pause = 10 * time.Second
			select {
			case <-changed:
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = 0
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// CatchUp reads for the follower until no stream has more.
func (l *Log) CatchUp(ctx context.Context, f Follower) error {
	for {
		list, err := streamsBehind.All(ctx, l.db, f.Name)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, b := range list {
			if err := l.step(ctx, f, b); err != nil {
				return err
			}
		}
	}
}

func (l *Log) step(ctx context.Context, f Follower, b behind) error {
	list, err := entries(ctx, l.db, b.Stream, b.Next, followBatch)
	if err != nil || len(list) == 0 {
		return err
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		// Replicas that read for the same follower wait for one another here.
		at, err := lockCursor.One(ctx, tx, f.Name, b.Stream)
		if err != nil {
			return err
		}
		if at != b.Next { // another one was here
			return nil
		}
		for _, e := range list {
			if err := f.Handle(ctx, tx, e); err != nil {
				return err
			}
		}
		_, err = moveCursor.Run(ctx, tx, f.Name, b.Stream, b.Next+int64(len(list)))
		return err
	})
}
