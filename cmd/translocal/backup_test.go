package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"translocal/act"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
	"translocal/keep"
	"translocal/place/passkeytest"
)

// kept is a node with a story in it, its folder, and a keeper's age key.
type kept struct {
	dir      string
	node     *node
	rio      act.Fingerprint
	identity string // path of the secret key
	public   string
}

func newKept(t testing.TB) *kept {
	t.Helper()
	k := &kept{dir: filepath.Join(t.TempDir(), "data")}
	var err error
	k.node, err = openNode(t.Context(), nodeOptions{Data: k.dir, Base: "http://rio.test"})
	must(t, err)
	t.Cleanup(func() { k.stop() })
	rio, _, v := tellGolden(t, k.node)
	k.rio = rio.Stream
	secret, err := k.node.places.OpenSession(t.Context(), v, "Linux")
	must(t, err)
	v, err = k.node.places.Session(t.Context(), secret)
	must(t, err)
	passkeys := k.node.places.PasskeysAt("https://rio.test")
	options, err := passkeys.Begin(t.Context(), v, "phone", "a long password")
	must(t, err)
	_, err = passkeys.Add(t.Context(), v, passkeytest.New("https://rio.test").Create(options))
	must(t, err)
	_, err = passkeys.Begin(t.Context(), v, "not answered yet", "a long password")
	must(t, err)
	_, err = k.node.blobs.Put(strings.NewReader("a scanned decision"))
	must(t, err)
	id, err := age.GenerateX25519Identity()
	must(t, err)
	k.identity, k.public = filepath.Join(t.TempDir(), "key.txt"), id.Recipient().String()
	must(t, os.WriteFile(k.identity, []byte("# a comment\n"+id.String()+"\n"), 0o600))
	return k
}

func (k *kept) stop() {
	if k.node != nil {
		k.node.close()
		k.node = nil
	}
}

// backup backs the node up to a new file.
func (k *kept) backup(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup.age")
	must(t, (&BackupCmd{Data: k.dir, To: file, Recipient: []string{k.public}}).Run(t.Context()))
	return file
}

// dump is every table of a database but those that a restore changes on purpose.
func dump(t testing.TB, d *db.DB, but ...string) map[string]int {
	t.Helper()
	rows := map[string]int{}
	must(t, d.Snapshot(t.Context(), func(s *db.Snapshot) error {
		tables, err := s.Tables(t.Context())
		if err != nil {
			return err
		}
		for _, table := range tables {
			columns, list, err := s.Rows(t.Context(), table)
			if err != nil {
				return err
			}
			for row, err := range list {
				if err != nil {
					return err
				}
				var line strings.Builder
				line.WriteString(table)
				for i, c := range columns {
					if !slices.Contains(but, table) && !slices.Contains(but, table+"."+c) {
						line.WriteString(" " + c + "=" + said(row[i]))
					}
				}
				rows[line.String()]++
			}
		}
		return nil
	}))
	return rows
}

// said is a value, the same on both engines: SQLite keeps a boolean as a number.
func said(v any) string {
	if b, ok := v.(bool); ok {
		v = int64(0)
		if b {
			v = int64(1)
		}
	}
	return fmt.Sprintf("%T:%v", v, v)
}

func TestABackupOfARunningNodeComesBackWhole(t *testing.T) {
	k, ctx := newKept(t), t.Context()
	before := dump(t, k.node.db, "site_setting", "stream.held", "session")
	file := k.backup(t) // the node is open
	if last, err := keep.LastBackup(ctx, k.node.db); err != nil || last.Bytes == 0 || !last.Encrypted {
		t.Fatal(last, err)
	}
	raw, err := os.ReadFile(file)
	must(t, err)
	secret, err := os.ReadFile(filepath.Join(k.dir, "secret"))
	must(t, err)
	if strings.Contains(string(raw), "Alder") || strings.Contains(string(raw), string(secret)) {
		t.Error("the backup can be read without a key")
	}
	k.stop()

	paper := filepath.Join(t.TempDir(), "paper.txt")
	must(t, os.WriteFile(paper, []byte(strings.ToLower(keep.PrintSecret(secret))+"\n"), 0o600))
	dir := filepath.Join(t.TempDir(), "restored")
	must(t, (&RestoreCmd{File: file, Identity: k.identity, Secret: paper, Data: dir}).Run(ctx))

	n, err := openNode(ctx, nodeOptions{Data: dir, Base: "http://rio.test"})
	must(t, err)
	defer n.close()
	for line := range dump(t, n.db, "site_setting", "stream.held", "session") {
		if before[line] == 0 && !strings.HasPrefix(line, "keeper_notice") {
			t.Errorf("came new: %.200s", line)
		}
		delete(before, line)
	}
	for line := range before {
		if !strings.HasPrefix(line, "session") && !strings.HasPrefix(line, "passkey") {
			t.Errorf("was lost: %.200s", line)
		}
	}
	for line := range dump(t, n.db) {
		if strings.HasPrefix(line, "session ") || strings.HasPrefix(line, "passkey") {
			t.Errorf("a session, a passkey, or what a browser was asked, lives again: %s", line)
		}
	}
	s, err := n.log.StreamOf(ctx, k.rio)
	must(t, err)
	if !s.Held {
		t.Error("a restored stream may be written before anybody was asked")
	}
	diff, err := checkRebuild(ctx, n.log, 1, nil)
	must(t, err)
	if len(diff) > 0 {
		t.Error("the public tables differ from the streams", diff[0])
	}
	found := 0
	for _, err := range n.blobs.Each() {
		must(t, err)
		found++
	}
	if found != 2 { // the story attached one too
		t.Errorf("%d files", found)
	}
	// Its keys are there: once a keeper says so, its places write again.
	must(t, n.log.Hold(ctx, k.rio, false))
	_, err = n.log.Rotate(ctx, k.rio, func(context.Context, *db.Tx) error { return nil })
	must(t, err)
}

func TestABackupInAnObjectStoreComesBack(t *testing.T) {
	store := s3mem.New()
	must(t, store.CreateBucket("backups"))
	srv := httptest.NewServer(gofakes3.New(store).Server())
	defer srv.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	where := "?region=us-east-1&endpoint=" + srv.URL
	k, ctx := newKept(t), t.Context()
	must(t, (&BackupCmd{Data: k.dir, To: "s3://backups/rio" + where, Recipient: []string{k.public}}).Run(ctx))
	shelf, err := keep.OpenShelf("s3://backups/rio" + where)
	must(t, err)
	names, err := shelf.Names(ctx)
	must(t, err)
	if len(names) != 1 {
		t.Fatal(names)
	}
	c := RestoreCmd{File: "s3://backups/rio/" + names[0] + where, Identity: k.identity, Secret: filepath.Join(k.dir, "secret"), Data: filepath.Join(t.TempDir(), "new")}
	must(t, c.Run(ctx))
	d, err := db.OpenReader(ctx, databaseOf(c.Data, ""))
	must(t, err)
	defer d.Close()
	if n, err := act.NewLog(d, nil).StreamOf(ctx, k.rio); err != nil || !n.Held {
		t.Error(n, err)
	}
}

func TestADamagedBackupLeavesNothingBehind(t *testing.T) {
	k, ctx := newKept(t), t.Context()
	file := k.backup(t)
	plain := filepath.Join(t.TempDir(), "plain.tar.gz")
	must(t, (&BackupCmd{Data: k.dir, To: plain, Plain: true}).Run(ctx))
	other, err := age.GenerateX25519Identity()
	must(t, err)
	wrong := filepath.Join(t.TempDir(), "wrong.txt")
	must(t, os.WriteFile(wrong, []byte(other.String()), 0o600))

	spoil := func(of string, change func([]byte) []byte) string {
		raw, err := os.ReadFile(of)
		must(t, err)
		path := filepath.Join(t.TempDir(), "spoilt")
		must(t, os.WriteFile(path, change(raw), 0o600))
		return path
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 0xff; return b } // a whole byte: gzip has single bits that mean nothing
	short := func(b []byte) []byte { return b[:len(b)-1] }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	restore := func(c RestoreCmd) error {
		c.Secret, c.Data = filepath.Join(k.dir, "secret"), filepath.Join(t.TempDir(), "new", "data")
		err := c.Run(ctx)
		if left, _ := os.ReadDir(filepath.Dir(c.Data)); len(left) > 0 && err != nil {
			t.Errorf("left behind: %v", left)
		}
		return err
	}
	for name, path := range map[string]string{"encrypted, a byte": spoil(file, flip), "encrypted, last byte": spoil(file, short), "encrypted, half": spoil(file, half),
		"plain, a byte": spoil(plain, flip), "plain, last byte": spoil(plain, short), "plain, half": spoil(plain, half),
		"empty": spoil(plain, func([]byte) []byte { return nil }), "something else": spoil(plain, func([]byte) []byte { return []byte("PK\x03\x04 a zip, say") })} {
		if err := restore(RestoreCmd{File: path, Identity: k.identity}); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	if err := restore(RestoreCmd{File: file, Identity: wrong}); err == nil || !strings.Contains(err.Error(), "other keys") {
		t.Error("by another key:", err)
	}
	if err := restore(RestoreCmd{File: file}); err == nil || !strings.Contains(err.Error(), "--identity") {
		t.Error("without a key:", err)
	}
	if err := restore(RestoreCmd{File: plain}); err != nil {
		t.Error("an unharmed one:", err)
	}
	err = (&RestoreCmd{File: file, Identity: k.identity, Secret: filepath.Join(k.dir, "secret"), Data: k.dir}).Run(ctx)
	if err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Error("over a node:", err)
	}
}

func TestABackupIsNotWrittenInTheOpenByMistake(t *testing.T) {
	k, ctx := newKept(t), t.Context()
	file := filepath.Join(t.TempDir(), "b")
	refused := func(what string, c BackupCmd) {
		t.Helper()
		c.Data, c.To = k.dir, file
		if err := c.Run(ctx); err == nil {
			t.Error(what)
		}
		if _, err := os.Stat(file); err == nil {
			t.Error(what, "a file was written")
		}
	}
	id, err := os.ReadFile(k.identity)
	must(t, err)
	refused("without a key", BackupCmd{})
	refused("to what is no key", BackupCmd{Recipient: []string{"age1nonsense"}})
	refused("to a secret key", BackupCmd{Recipient: []string{strings.Fields(string(id))[3]}})
	refused("plain and encrypted", BackupCmd{Recipient: []string{k.public}, Plain: true})

	must(t, k.node.db.Write(ctx, func(tx *db.Tx) error { return keep.SetRecipients(ctx, tx, k.public) }))
	must(t, (&BackupCmd{Data: k.dir, To: file}).Run(ctx)) // to the keys of the page
	if err := (&BackupCmd{Data: k.dir, To: file}).Run(ctx); err == nil {
		t.Error("an earlier backup was overwritten")
	}
	if err := k.node.db.Write(ctx, func(tx *db.Tx) error { return keep.SetRecipients(ctx, tx, "age1 no") }); !fault.Is(err, fault.Invalid) {
		t.Error("a wrong key was stored:", err)
	}
}

func TestANodeWithoutItsSecretDoesNotMakeAnother(t *testing.T) {
	k := newKept(t)
	k.stop()
	must(t, os.Rename(filepath.Join(k.dir, "secret"), filepath.Join(k.dir, "elsewhere")))
	if n, err := openNode(t.Context(), nodeOptions{Data: k.dir, Base: "http://rio.test"}); err == nil || !strings.Contains(err.Error(), "secret") {
		n.close()
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(k.dir, "secret")); err == nil {
		t.Error("a new secret was made")
	}
}

func TestMovingToPostgreSQLLosesNothing(t *testing.T) {
	if os.Getenv("TRANSLOCAL_TEST_ENGINE") != "postgres" {
		t.Skip("TRANSLOCAL_TEST_ENGINE is not postgres")
	}
	url, ctx := dbtest.PostgresURL(t), t.Context()
	k := newKept(t)
	if err := (&MoveCmd{Data: k.dir, To: url}).Run(ctx); err == nil || !strings.Contains(err.Error(), "running") {
		t.Fatal("a running node was moved:", err)
	}
	before := dump(t, k.node.db)
	k.stop()
	must(t, (&MoveCmd{Data: k.dir, To: url}).Run(ctx))
	if n, err := openNode(ctx, nodeOptions{Data: k.dir, Base: "http://rio.test"}); err == nil {
		n.close()
		t.Error("the node started on what it had left")
	}
	n, err := openNode(ctx, nodeOptions{Data: k.dir, DB: url, Base: "http://rio.test"})
	must(t, err)
	defer n.close()
	after := dump(t, n.db)
	for line, k := range before {
		if after[line] != k {
			t.Errorf("was lost: %.200s", line)
		}
		delete(after, line)
	}
	for line := range after {
		t.Errorf("came new: %.200s", line)
	}
	diff, err := checkRebuild(ctx, n.log, 1, nil)
	must(t, err)
	if len(diff) > 0 {
		t.Error("the public tables differ from the streams", diff[0])
	}
	// A backup of the server becomes a file again.
	file, dir := filepath.Join(t.TempDir(), "back"), filepath.Join(t.TempDir(), "restored")
	must(t, (&BackupCmd{Data: k.dir, DB: url, To: file, Recipient: []string{k.public}}).Run(ctx))
	must(t, (&RestoreCmd{File: file, Identity: k.identity, Secret: filepath.Join(k.dir, "secret"), Data: dir}).Run(ctx))
	back, err := db.OpenReader(ctx, databaseOf(dir, ""))
	must(t, err)
	defer back.Close()
	again := dump(t, back, "stream.held", "site_setting")
	for line := range dump(t, n.db, "stream.held", "site_setting") {
		if again[line] == 0 && !strings.HasPrefix(line, "session ") && !strings.HasPrefix(line, "passkey") && line != "site_setting" {
			t.Errorf("was lost: %.200s", line)
		}
	}

	must(t, os.Rename(filepath.Join(k.dir, movedName), databaseOf(k.dir, "")))
	n.lock.Close()
	if err := (&MoveCmd{Data: k.dir, To: url}).Run(ctx); !errors.Is(err, db.ErrNotEmpty) {
		t.Error("rows were mixed with others:", err)
	}
}

func TestASecretSurvivesPaper(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	text := keep.PrintSecret(secret)
	for _, written := range []string{text, strings.ToLower(text), strings.ReplaceAll(text, " ", "-\n"), string(secret)} {
		if got, err := keep.ParseSecret([]byte(written)); err != nil || string(got) != string(secret) {
			t.Errorf("%q: %v", written, err)
		}
	}
	for i := range text {
		slip := []byte(text)
		if slip[i] == ' ' {
			continue
		}
		if slip[i] = 'A'; text[i] == 'A' {
			slip[i] = 'C'
		}
		if _, err := keep.ParseSecret(slip); err == nil {
			t.Errorf("a slip at %d is not seen", i)
		}
	}
}
