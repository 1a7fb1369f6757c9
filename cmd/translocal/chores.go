package main

import (
	"context"
	"log/slog"
	"time"

	"translocal/act"
	"translocal/advance"
	"translocal/blueprint"
	"translocal/fed"
	"translocal/job"
	"translocal/limit"
	"translocal/place"
	"translocal/record"
)

// chores are what a node does now and then by itself.
func chores(l *act.Log, r *record.Record, n *fed.Node, b *blueprint.Blueprints, p *place.Places, limits *limit.Buckets, ad *advance.Advances) []job.Kind {
	return []job.Kind{{
		// Whoever edits the database breaks the record: the node looks itself,
		// once a day, before others find out.
		Name: "check-record", Every: 24 * time.Hour, Timeout: 30 * time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return checkRecord(ctx, l, r, n) },
	}, {
		// What was told may hold how somebody can be reached: it goes when its time is over, also where nobody tells again.
		Name: "drop-told", Every: 24 * time.Hour, Timeout: time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return b.DropTold(ctx) },
	}, {
		// What people wrote to come in is kept for as long as it says, and no longer.
		Name: "sweep-requests", Every: 24 * time.Hour, Timeout: time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return p.Sweep(ctx) },
	}, {
		Name: "prune-limits", Every: time.Hour, Timeout: time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return limits.Prune(ctx) },
	}, {
		// Also what was erased by a place elsewhere.
		Name: "sweep-files", Every: time.Hour, Timeout: 10 * time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return ad.SweepFiles(ctx) },
	}}
}

func checkRecord(ctx context.Context, l *act.Log, r *record.Record, n *fed.Node) error {
	streams, err := l.Streams(ctx)
	if err != nil {
		return err
	}
	for _, s := range streams {
		err := r.Check(ctx, s.Fingerprint)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			continue
		}
		slog.Error("the record of a stream is damaged", "actor", s.Actor, "err", err)
		if err := n.NoteDamage(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
