package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"translocal/db"
	"translocal/keep"
)

// MoveCmd brings a node from its SQLite file to a PostgreSQL server.
type MoveCmd struct {
	Data string `default:"data" type:"path" help:"Folder of the node; the node must not be running."`
	To   string `required:"" help:"postgres:// URL of an empty database."`
}

// movedName is what the old file is called once the node has moved: to start on
// it again would write another history.
const movedName = "translocal.db.moved"

// Run copies every row in one transaction.
func (c *MoveCmd) Run(ctx context.Context) error {
	lock, err := lockFolder(c.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	counts, err := c.copy(ctx)
	if err != nil {
		return err
	}
	from := databaseOf(c.Data, "")
	if err := os.Rename(from, filepath.Join(c.Data, movedName)); err != nil {
		return fmt.Errorf("everything was copied, but the old file could not be set aside: %w. Don't start the node on it again", err)
	}
	fmt.Printf("%d rows moved; the old file is now %s. Start the node with --db from now on, with the same --data: its secret lies there.\n", counts.Total(), movedName)
	return nil
}

func (c *MoveCmd) copy(ctx context.Context) (counts keep.Counts, err error) {
	from, err := db.OpenReader(ctx, databaseOf(c.Data, ""))
	if err != nil {
		return counts, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := db.Open(ctx, c.To, db.Options{})
	if err != nil {
		return counts, err
	}
	defer to.Close()
	if to.Engine() != db.PostgreSQL {
		return counts, errors.New("--to needs a postgres:// URL")
	}
	return pour(ctx, keep.Node{DB: from}, keep.Node{DB: to})
}

// pour copies by a backup that is read while it is written. Files stay in their
// folder.
func pour(ctx context.Context, from, to keep.Node) (counts keep.Counts, err error) {
	r, w := io.Pipe()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := keep.Write(ctx, w, from, nil)
		w.CloseWithError(err)
		return err
	})
	g.Go(func() error {
		var err error
		_, counts, err = keep.Read(ctx, r, to, nil, nil)
		r.CloseWithError(err)
		return err
	})
	return counts, g.Wait()
}
