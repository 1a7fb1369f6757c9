package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"translocal/db"
)

var aHash = []any{[]byte("a hash")}

// living are rows that a restore must not bring to life again, and what it may
// leave of them.
var living = []struct {
	put  db.Statement
	args []any
	left db.Query[int64]
}{
	{db.Exec(`insert into personal_token (id, token, person, name, writes, stream, created, expires, seen) values ('t', $1, 'p', '', true, '', 1, 9, 0)`), aHash,
		db.Rows[int64](`select count(*) from personal_token`)},
	{db.Exec(`insert into passkey (id, person, host, credential, name, public_key, flags, counter, created, used, stopped) values ('t', 'p', 'h', $1, '', '', 0, 0, 1, 0, 0)`), aHash,
		db.Rows[int64](`select count(*) from passkey`)},
	{db.Exec(`insert into recovery_code (id, person, code, made, used) values ('t', 'p', $1, 1, 0)`), aHash,
		db.Rows[int64](`select count(*) from recovery_code`)},
	{db.Exec(`insert into calendar_link (token, stream, person) values ($1, 's', 'p')`), aHash,
		db.Rows[int64](`select count(*) from calendar_link`)},
	{db.Exec(`insert into place_meeting_link (token, stream, person, since, expires) values ($1, 's', 'p', 1, 9)`), aHash,
		db.Rows[int64](`select count(*) from place_meeting_link`)},
	{db.Exec(`insert into webhook_delivery (id, webhook, event, body, state, tries, status, created, tried) values ('t', 'w', 'e', '', 'waiting', 0, 0, 1, 0)`), nil,
		db.Rows[int64](`select count(*) from webhook_delivery where state = 'waiting'`)},
	{db.Exec(`insert into mail (id, person, kind, address, made, state, tries, due, changed, error) values ('t', 'p', 'notices', 'a', 1, 'waiting', 0, 1, 1, '')`), nil,
		db.Rows[int64](`select count(*) from mail where state in ('waiting', 'handed')`)},
	{db.Exec(`insert into room_code (proposal, secret, opened, expires) values ('p', 's', 1, 9)`), nil,
		db.Rows[int64](`select count(*) from room_code`)},
	{db.Exec(`insert into light_ask (id, stream, kind, object, label, made_by, created, expires, ended, answered, answer, note) values ('t', 's', 'task', 'o', '', 'p', 1, 9, 0, 0, '', '')`), nil,
		db.Rows[int64](`select count(*) from light_ask where answered = 0`)},
}

func TestARestoreBringsNothingBackThatHadEnded(t *testing.T) {
	k, ctx := newKept(t), t.Context()
	must(t, k.node.db.Write(ctx, func(tx *db.Tx) error {
		for _, l := range living {
			if _, err := l.put.Run(ctx, tx, l.args...); err != nil {
				return err
			}
		}
		return nil
	}))
	for i, l := range living {
		if n, err := l.left.One(ctx, k.node.db); err != nil || n == 0 {
			t.Fatal(i, n, err)
		}
	}
	dir := filepath.Join(t.TempDir(), "new")
	must(t, (&RestoreCmd{File: k.backup(t), Identity: k.identity, Secret: filepath.Join(k.dir, "secret"), Data: dir}).Run(ctx))
	d, err := db.OpenReader(ctx, databaseOf(dir, ""))
	must(t, err)
	defer d.Close()
	for i, l := range living {
		if n, err := l.left.One(ctx, d); err != nil || n != 0 {
			t.Errorf("%d: %d live again, %v", i, n, err)
		}
	}
}

func TestARestoreWithTheSecretOfAnotherNodeIsRefused(t *testing.T) {
	k := newKept(t)
	other := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(other, []byte("0123456789abcdef0123456789abcdef"), 0o600))
	parent := t.TempDir()
	err := (&RestoreCmd{File: k.backup(t), Identity: k.identity, Secret: other, Data: filepath.Join(parent, "new")}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another node") {
		t.Error(err)
	}
	if left, _ := os.ReadDir(parent); len(left) > 0 {
		t.Error("left behind:", left)
	}
}

// TestANewFolderMayBeADisk: a folder that is there may not be replaced, only
// filled, as one that is the root of a disk can't be.
func TestANewFolderMayBeADisk(t *testing.T) {
	parent := t.TempDir()
	disk := filepath.Join(parent, "disk")
	must(t, os.Mkdir(disk, 0o755))
	must(t, os.Mkdir(filepath.Join(disk, lostAndFound), 0o700))
	must(t, os.Chmod(parent, 0o555)) // which holds nobody back who is root
	t.Cleanup(func() { os.Chmod(parent, 0o700) })
	before, err := os.Stat(disk)
	must(t, err)
	fill := func(fail error) error {
		return intoNewFolder(disk, func(dir string) error {
			if beside, _ := os.ReadDir(parent); len(beside) != 1 {
				t.Error("beside the folder lies", beside)
			}
			return errors.Join(os.WriteFile(filepath.Join(dir, "secret"), nil, 0o600), os.Mkdir(filepath.Join(dir, "blobs"), 0o700), fail)
		})
	}
	holds := func(n int) {
		t.Helper()
		if list, err := os.ReadDir(disk); err != nil || len(list) != n {
			t.Error(list, err)
		}
	}
	if err := fill(errors.New("broken")); err == nil {
		t.Error("a broken one was taken")
	}
	holds(1)
	must(t, fill(nil))
	holds(3)
	if after, err := os.Stat(disk); err != nil || !os.SameFile(before, after) {
		t.Error("the folder was replaced:", err)
	}
	if err := fill(nil); err == nil {
		t.Error("a folder in which a node lies was filled")
	}
}

func TestWhatCanNotBeMovedUpWholeIsMovedBack(t *testing.T) {
	target := t.TempDir()
	dir := filepath.Join(target, ".unfinished")
	must(t, os.MkdirAll(filepath.Join(dir, "a"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "b"), nil, 0o600))
	must(t, os.MkdirAll(filepath.Join(target, "b"), 0o700)) // came meanwhile; a file does not take its place
	if err := moveUp(dir, target); err == nil {
		t.Fatal("moved over what lay there")
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); err != nil {
		t.Error("half of it stays moved:", err)
	}
}
