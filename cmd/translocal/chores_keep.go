package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"translocal/blob"
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
// is kept. A failure is told to keepers, who would else learn of it too late; only
// the end of the program is none. Once the backup is stored it is not made again.
func (n *node) backupDaily(ctx context.Context, b autoBackup, now time.Time) error {
	why, err := "keep.notice.backup_failed", n.backupTo(ctx, b, now)
	_, stored := errors.AsType[afterStored](err)
	if stored {
		why = "keep.notice.prune_failed"
	}
	if err == nil || stored && errors.Is(ctx.Err(), context.Canceled) { // what is stored is not made again; the next one prunes
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	slog.Error("the daily backup failed", "err", err)
	told := n.fed.NoteSite(context.WithoutCancel(ctx), why, map[string]string{"why": err.Error()}) // also when its time ran out
	if stored {
		return told
	}
	return errors.Join(err, told)
}

// afterStored is a failure of what follows a backup that lies there whole.
type afterStored struct{ error }

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
	site, err := keep.SiteMark(ctx, n.db)
	if err != nil {
		return err
	}
	w, err := keep.WriteTo(ctx, shelf, keep.FileName(site, now, true), keep.Node{DB: n.db, Files: n.folderOfFiles()}, to, nil)
	if err != nil {
		return err
	}
	err = keep.Note(ctx, n.db, keep.Last{At: now, Bytes: w.Size, Encrypted: true})
	if err = errors.Join(err, keep.Prune(ctx, shelf, site, b.Keep)); err != nil {
		return afterStored{err}
	}
	return nil
}

// folderOfFiles are the files that go into a backup: those of a folder. A bucket
// is kept on its own.
func (n *node) folderOfFiles() blob.Files {
	if _, folder := n.blobs.(*blob.Store); folder {
		return n.blobs
	}
	return nil
}

// disposing deletes what the site of a public body need not keep any more.
func (n *node) disposing() job.Kind {
	return job.Kind{Name: "dispose-records", Every: 24 * time.Hour, Timeout: 30 * time.Minute,
		Handle: func(ctx context.Context, _ job.Job) error { return n.server.Dispose(ctx) }}
}
