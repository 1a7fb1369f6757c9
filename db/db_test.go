package db

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"translocal/fault"
)

var (
	putCursor = Exec(`insert into follower_cursor (follower, stream, next) values ($1, $2, $3)`)
	getCursor = Rows[int64](`select next from follower_cursor where follower = $2 and stream = $1`)
)

func open(t *testing.T) *DB {
	t.Helper()
	d, err := Open(t.Context(), filepath.Join(t.TempDir(), "odd name ?#%.db"), Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestSavepointTakesBackOneAndKeepsTheRest(t *testing.T) {
	d, ctx := open(t), t.Context()
	err := d.Write(ctx, func(tx *Tx) error {
		if _, err := putCursor.Run(ctx, tx, "a", "s", 1); err != nil {
			return err
		}
		err := tx.Savepoint(ctx, func() error {
			if _, err := putCursor.Run(ctx, tx, "b", "s", 2); err != nil {
				return err
			}
			_, err := putCursor.Run(ctx, tx, "a", "s", 3) // stands already
			return err
		})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("a doubled key: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := getCursor.One(ctx, d, "s", "a"); err != nil || n != 1 {
		t.Error(n, err)
	}
	if _, err := getCursor.One(ctx, d, "s", "b"); !errors.Is(err, ErrNoRow) {
		t.Error("what was taken back is there:", err)
	}
}

func TestAFailedOrPanickingWriteLeavesNothingAndFreesTheWriter(t *testing.T) {
	d, ctx := open(t), t.Context()
	boom := errors.New("boom")
	if err := d.Write(ctx, func(tx *Tx) error { putCursor.Run(ctx, tx, "a", "s", 1); return boom }); err != boom {
		t.Fatal(err)
	}
	func() {
		defer func() { recover() }()
		d.Write(ctx, func(tx *Tx) error { putCursor.Run(ctx, tx, "a", "s", 1); panic("x") })
	}()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := d.Write(cancelled, func(*Tx) error { return nil }); err == nil {
		t.Error("a cancelled context wrote")
	}
	if _, err := getCursor.One(ctx, d, "s", "a"); !errors.Is(err, ErrNoRow) {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := d.Write(ctx, func(tx *Tx) error { _, err := putCursor.Run(ctx, tx, "w", string(rune('a'+i)), i); return err }); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
}

func TestAfterCommit(t *testing.T) {
	d, ctx := open(t), t.Context()
	called, boom := 0, errors.New("boom")
	write := func(err error) error {
		return d.Write(ctx, func(tx *Tx) error {
			tx.AfterCommit(func() { called++ })
			if called != 0 {
				t.Error("called before the commit")
			}
			return err
		})
	}
	if err := write(boom); err != boom || called != 0 {
		t.Errorf("a write that failed: %v, called %d times", err, called)
	}
	if err := write(nil); err != nil || called != 1 {
		t.Errorf("a write: %v, called %d times", err, called)
	}
}

func TestCloseTwiceAndWriteAfter(t *testing.T) {
	d := open(t)
	done := make(chan error)
	go func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error("the second time:", err)
		}
		done <- d.Write(context.Background(), func(*Tx) error { return nil })
	}()
	select {
	case err := <-done:
		if !fault.Is(err, fault.Unavailable) {
			t.Error("a write on a closed database:", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("closing twice hangs")
	}
}
