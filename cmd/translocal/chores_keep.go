package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"translocal/job"
	"translocal/keep"
)

// autoBackup is a daily backup to a folder or bucket: the newest few are kept.
type autoBackup struct {
	To   string // as keep.OpenShelf reads it
	Keep int
}

// keepingChores are what a node does for its keepers.
func (n *node) keepingChores(b autoBackup) []job.Kind {
	list := []job.Kind{{
		Name: "measure-storage", Every: time.Hour, Timeout: 10 * time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return keep.Measure(ctx, n.db, time.Now()) },
	}, {
		Name: "warn-of-backup", Every: 24 * time.Hour, Timeout: time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return n.warnOfBackup(ctx, time.Now()) },
	}}
	if b.To != "" {
		list = append(list, job.Kind{
			Name: "backup", Every: 24 * time.Hour, Timeout: 6 * time.Hour,
			Handle: func(ctx context.Context, _ job.Job) error { return n.backupDaily(ctx, b, time.Now()) },
		})
	}
	return list
}

// warnOfBackup tells keepers, in the log and on the page, that the last backup
// is old.
func (n *node) warnOfBackup(ctx context.Context, now time.Time) error {
	due, err := keep.Due(ctx, n.db, now)
	if err != nil || !due {
		return err
	}
	slog.Warn("the last backup is more than a week old, or there is none: see `translocal backup --help`")
	return n.fed.NoteSite(ctx, "keep.notice.old_backup", nil)
}

// backupDaily writes a backup and removes the oldest ones beyond the number that
// is kept. A failure is told to keepers, who would else learn of it too late.
func (n *node) backupDaily(ctx context.Context, b autoBackup, now time.Time) error {
	err := n.backupTo(ctx, b, now)
	if err == nil || ctx.Err() != nil {
		return err
	}
	slog.Error("the daily backup failed", "err", err)
	return errors.Join(err, n.fed.NoteSite(ctx, "keep.notice.backup_failed", map[string]string{"why": err.Error()}))
}

func (n *node) backupTo(ctx context.Context, b autoBackup, now time.Time) error {
	text, err := keep.RecipientsText(ctx, n.db)
	if err != nil {
		return err
	}
	to, err := keep.ParseRecipients(text)
	if err != nil {
		return err
	}
	if len(to) == 0 {
		return errors.New("no key is stored to encrypt it to: enter one on the page /site/keeping")
	}
	shelf, err := keep.OpenShelf(b.To)
	if err != nil {
		return err
	}
	w, err := keep.WriteTo(ctx, shelf, keep.FileName(now, true), keep.Node{DB: n.db, Files: n.blobs}, to, nil)
	if err != nil {
		return err
	}
	if err := keep.Note(ctx, n.db, keep.Last{At: now, Bytes: w.Size, Encrypted: true}); err != nil {
		return err
	}
	return keep.Prune(ctx, shelf, b.Keep)
}
