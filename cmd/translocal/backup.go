package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"translocal/act"
	"translocal/blob"
	"translocal/db"
	"translocal/keep"
)

// BackupCmd writes a backup, also while the node runs.
type BackupCmd struct {
	Data      string   `default:"data" type:"path" help:"Folder of the node; the node may be running."`
	DB        string   `name:"db" help:"postgres:// URL. Without it: the file in the data folder."`
	Blobs     string   `help:"Folder for files, if the node has another than the one in its data folder. Files in a bucket are not copied: the bucket has to be kept on its own."`
	To        string   `default:"." help:"File to write, which must not be there yet; or a folder, or s3://bucket/folder?endpoint=https://…, in which it is named by the time."`
	Recipient []string `help:"Public age key of a keeper, age1…; may be given several times. Without it: the keys that a keeper entered on the page."`
	Plain     bool     `help:"Don't encrypt. Whoever finds the file reads everything: accounts, members, drafts."`
}

// Run writes the backup whole or not at all.
func (c *BackupCmd) Run(ctx context.Context) error {
	d, err := db.OpenReader(ctx, databaseOf(c.Data, c.DB))
	if err != nil {
		return err
	}
	defer d.Close()
	files, err := filesOf(c.Data, c.Blobs)
	if err != nil {
		return err
	}
	to, err := c.recipients(ctx, d)
	if err != nil {
		return err
	}
	shelf, name, err := c.shelf(len(to) > 0)
	if err != nil {
		return err
	}
	size := databaseSize(c.Data, c.DB)
	bar := newProgress(os.Stderr)
	done, err := keep.WriteTo(ctx, shelf, name, keep.Node{DB: d, Files: files}, to, func(n int64) { bar.show(n, size) })
	bar.clear()
	if err != nil {
		return err
	}
	if err := noteBackup(ctx, databaseOf(c.Data, c.DB), keep.Last{At: time.Now(), Bytes: done.Size, Encrypted: len(to) > 0}); err != nil {
		return fmt.Errorf("the backup is whole, but the node could not be told of it: %w", err)
	}
	fmt.Printf("%s: %d rows and %d files, %d bytes\n", name, done.Counts.Total(), done.Counts.Files, done.Size)
	if len(to) > 0 {
		fmt.Println("Copy it to another place. To restore it you need a secret age key, and the node's secret: `translocal secret` prints that.")
	}
	return nil
}

// shelf is where the backup goes, and its name there.
func (c *BackupCmd) shelf(encrypted bool) (keep.Shelf, string, error) {
	name := keep.FileName("", time.Now(), encrypted)
	if blob.IsBucket(c.To) || isFolder(c.To) {
		s, err := keep.OpenShelf(c.To)
		return s, name, err
	}
	return keep.Folder(filepath.Dir(c.To)), filepath.Base(c.To), nil
}

func (c *BackupCmd) recipients(ctx context.Context, d *db.DB) ([]age.Recipient, error) {
	text := strings.Join(c.Recipient, "\n")
	if text == "" {
		var err error
		if text, err = keep.RecipientsText(ctx, d); err != nil {
			return nil, err
		}
	}
	to, err := keep.ParseRecipients(text)
	switch {
	case err != nil:
		return nil, err
	case c.Plain && len(c.Recipient) > 0:
		return nil, errors.New("--plain and --recipient exclude one another")
	case c.Plain:
		return nil, nil
	case len(to) == 0:
		return nil, errors.New("there is no key to encrypt the backup to. Nothing was written. Make one with age-keygen and give its public half by --recipient age1…, or enter it on the page /site/keeping; or say --plain")
	}
	return to, nil
}

// noteBackup tells the node when it was last backed up. The file may be written
// by the running node too: each waits for the other.
func noteBackup(ctx context.Context, target string, last keep.Last) error {
	d, err := db.Open(ctx, target, db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	return keep.Note(ctx, d, last)
}

func databaseOf(data, url string) string {
	if url != "" {
		return url
	}
	return filepath.Join(data, "translocal.db")
}

// filesOf opens a node's folder of files for reading; nil when it has none yet.
func filesOf(data, blobs string) (blob.Files, error) {
	blobs = blobsOf(data, blobs)
	if blob.IsBucket(blobs) {
		fmt.Fprintln(os.Stderr, "The files lie in a bucket and are not in this backup: keep the bucket on its own.")
		return nil, nil
	}
	if !isFolder(blobs) {
		return nil, nil
	}
	return blob.OpenFiles(blobs, maxBlob)
}

// databaseSize is about how much there is to write, for the bar; 0 is unknown.
func databaseSize(data, url string) int64 {
	if url != "" {
		return 0
	}
	info, err := os.Stat(databaseOf(data, ""))
	if err != nil {
		return 0
	}
	return info.Size()
}

// RestoreCmd makes a node of a backup.
type RestoreCmd struct {
	File     string `arg:"" help:"The backup: a file, or s3://bucket/folder/file?endpoint=https://…."`
	Identity string `type:"path" help:"File with your secret age key, as age-keygen writes it."`
	Secret   string `required:"" type:"path" help:"File with the node's secret: a copy of the file \"secret\" of its data folder, or what translocal secret printed. - reads it from the keyboard."`
	Data     string `required:"" type:"path" help:"Folder for the node; it must be missing or empty."`
	DB       string `name:"db" help:"postgres:// URL of an empty database. Without it: a file in the data folder."`
}

// Run restores the whole backup, or leaves nothing behind.
func (c *RestoreCmd) Run(ctx context.Context) (err error) {
	secret, err := c.secret(os.Stdin)
	if err != nil {
		return err
	}
	in, size, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	return intoNewFolder(c.Data, func(dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "secret"), secret, 0o600); err != nil {
			return err
		}
		bar := newProgress(os.Stderr)
		in := &passing{r: in, show: func(n int64) { bar.show(n, size) }}
		m, counts, err := c.restore(ctx, in, dir)
		bar.clear()
		if err != nil {
			return err
		}
		fmt.Printf("%d rows and %d files as of %s.\n", counts.Total(), counts.Files, m.Made.Format(time.RFC3339))
		fmt.Println("Everybody has to sign in anew. Open invitations, tokens of programs, passkeys, recovery codes, secret calendar addresses, codes of a room and")
		fmt.Println("questions to people without an account have ended. Mail and calls to other programs that waited are not sent.")
		fmt.Println("What was done after the backup was made has to be done again: accounts erased, members removed or their role changed, people blocked,")
		fmt.Println("passwords changed, texts hidden. Ask your keepers what they remember.")
		fmt.Println("Until those who follow its places have been asked for what the backup lacks, the node writes nothing; a keeper can decide otherwise on the page /site.")
		return nil
	})
}

func (c *RestoreCmd) secret(keyboard io.Reader) ([]byte, error) {
	var b []byte
	var err error
	if filepath.Base(c.Secret) == "-" {
		fmt.Fprintln(os.Stderr, "Type the node's secret, then Ctrl-D on a line of its own:")
		b, err = io.ReadAll(io.LimitReader(keyboard, 4096))
	} else {
		b, err = os.ReadFile(c.Secret)
	}
	if err != nil {
		return nil, err
	}
	return keep.ParseSecret(b)
}

func (c *RestoreCmd) open(ctx context.Context) (in io.ReadCloser, size int64, err error) {
	dir, name := filepath.Split(c.File)
	if blob.IsBucket(c.File) {
		path, query, _ := strings.Cut(c.File, "?")
		i := strings.LastIndexByte(path, '/')
		dir, name = path[:i]+"?"+query, path[i+1:]
	} else if dir == "" {
		dir = "."
	}
	shelf, err := keep.OpenShelf(dir)
	if err != nil {
		return nil, 0, err
	}
	return shelf.Open(ctx, name)
}

func (c *RestoreCmd) restore(ctx context.Context, in io.Reader, dir string) (m keep.Manifest, counts keep.Counts, err error) {
	var identities io.Reader
	if c.Identity != "" {
		f, err := os.Open(c.Identity)
		if err != nil {
			return m, counts, err
		}
		defer f.Close()
		identities = f
	}
	plain, err := keep.Decrypt(in, identities)
	if err != nil {
		return m, counts, err
	}
	d, err := db.Open(ctx, databaseOf(dir, c.DB), db.Options{})
	if err != nil {
		return m, counts, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	files, err := blob.Open(filepath.Join(dir, "blobs"), maxBlob)
	if err != nil {
		return m, counts, err
	}
	keys, err := act.OpenKeyring(filepath.Join(dir, "secret"))
	if err != nil {
		return m, counts, err
	}
	return keep.Read(ctx, plain, keep.Node{DB: d, Files: files}, nil, func(ctx context.Context, l *db.Loader) error {
		if err := keys.OpensAll(ctx, l.Tx()); err != nil {
			return fmt.Errorf("the secret is that of another node: it does not open the keys in this backup. Nothing was restored (%w)", err)
		}
		return keep.Awaken(ctx, l)
	})
}

// passing shows how far a file has been read.
type passing struct {
	r    io.Reader
	n    int64
	show func(int64)
}

func (p *passing) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	p.show(p.n)
	return n, err
}

// lostAndFound is what some disks have in their first folder.
const lostAndFound = "lost+found"

// intoNewFolder has fill work in a folder with a name of its own, and gives what it
// made its place once it is whole. A target in which anything lies is refused. Fill
// works inside a target that exists: it may be a disk of its own, or the one folder
// that this program may write; else beside it. Either way the place in which names
// change in the end has been written before fill begins.
func intoNewFolder(target string, fill func(dir string) error) error {
	list, err := os.ReadDir(target)
	if errors.Is(err, fs.ErrNotExist) {
		return besideFolder(target, fill)
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() != lostAndFound }) {
		return fmt.Errorf("%s is not empty. Nothing was changed. Name a new folder with --data", target)
	}
	dir, err := os.MkdirTemp(target, ".unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := fill(dir); err != nil {
		return err
	}
	return moveUp(dir, target)
}

func besideFolder(target string, fill func(dir string) error) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(target), filepath.Base(target)+".unfinished-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // once renamed it is no longer there
	if err := fill(dir); err != nil {
		return err
	}
	return os.Rename(dir, target)
}

// moveUp moves all that lies in dir to target, or nothing of it.
func moveUp(dir, target string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for i, e := range list {
		err := os.Rename(filepath.Join(dir, e.Name()), filepath.Join(target, e.Name()))
		if err == nil {
			continue
		}
		for _, moved := range list[:i] {
			err = errors.Join(err, os.Rename(filepath.Join(target, moved.Name()), filepath.Join(dir, moved.Name())))
		}
		return err
	}
	return nil
}

// SecretCmd prints the node's secret, for the safe.
type SecretCmd struct {
	Data string `default:"data" type:"path" help:"Folder of the node."`
}

// Run prints a page.
func (c *SecretCmd) Run(context.Context) error {
	b, err := os.ReadFile(filepath.Join(c.Data, "secret"))
	if err != nil {
		return fmt.Errorf("%w. The secret is made when the node first starts", err)
	}
	secret, err := keep.ParseSecret(b)
	if err != nil {
		return err
	}
	fmt.Print("The secret of this node. Print it, or write it down, and keep it where the backups are not:\n" +
		"who has both can write as its places, and without it a backup can't be brought to life.\n\n" + inLines(keep.PrintSecret(secret)))
	return nil
}

// inLines puts seven groups on a line.
func inLines(text string) string {
	words := strings.Fields(text)
	return "    " + strings.Join(words[:7], " ") + "\n    " + strings.Join(words[7:], " ") + "\n"
}
