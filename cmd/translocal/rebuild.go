package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"translocal/act"
	"translocal/db"
)

// RebuildCmd replays every stream and compares, or writes anew, the public tables.
type RebuildCmd struct {
	Data  string `default:"data" type:"path" help:"Folder of the node; the node must not be running."`
	DB    string `name:"db" help:"postgres:// URL. Without it: the file in the data folder."`
	Check bool   `help:"Replay into a fresh database and compare every public table; change nothing."`
	Seed  uint64 `help:"Order in which the streams are interleaved. Without it: at random, and printed."`
}

// Run ends with an error when a table differs.
func (c *RebuildCmd) Run(ctx context.Context) error {
	n, err := openNode(ctx, nodeOptions{Data: c.Data, DB: c.DB, Base: "http://rebuild.invalid"})
	if err != nil {
		return err
	}
	defer n.close()
	if !c.Check {
		return replayAll(ctx, n.log)
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	fmt.Printf("Replaying with seed %d\n", c.Seed)
	bar := newProgress(os.Stderr)
	diff, err := checkRebuild(ctx, n.log, c.Seed, bar.show)
	bar.clear()
	if err != nil {
		return err
	}
	for _, d := range diff {
		fmt.Printf("%s %s\n  stands:  %s\n  replays: %s\n", d.Table, d.Key, d.A, d.B)
	}
	if len(diff) > 0 {
		return fmt.Errorf("%d rows differ. Nothing was changed. `translocal rebuild` without --check writes the tables anew from the streams", len(diff))
	}
	fmt.Println("Every public table is what the streams say.")
	return nil
}

func replayAll(ctx context.Context, l *act.Log) error {
	streams, err := l.Streams(ctx)
	if err != nil {
		return err
	}
	for _, s := range streams {
		if err := l.Replay(ctx, s.Fingerprint); err != nil {
			return fmt.Errorf("stream %s (%s): %w", s.Fingerprint.Short(), s.Actor, err)
		}
		fmt.Printf("%s: %d acts replayed\n", s.Actor, s.Size)
	}
	return nil
}

// checkRebuild replays every stream of l into a database of its own that goes
// afterwards, and tells which rows differ.
func checkRebuild(ctx context.Context, l *act.Log, seed uint64, progress func(done, all int64)) ([]act.Difference, error) {
	dir, err := os.MkdirTemp("", "translocal-rebuild-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	d, err := db.Open(ctx, filepath.Join(dir, "rebuilt.db"), db.Options{Relaxed: true})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	into := act.NewLog(d, nil, vocabularies()...)
	defer into.Close()
	if err := l.Rebuild(ctx, into, seed, progress); err != nil {
		return nil, err
	}
	return act.Compare(ctx, l.DB(), d, l.Tables())
}
