package keep

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"filippo.io/age"

	"translocal/blob"
	"translocal/db"
)

// A Shelf is where backups lie: a folder, or a bucket of an object store.
type Shelf interface {
	// Put stores what fill writes under a name that is not taken yet, whole or
	// not at all.
	Put(ctx context.Context, name string, fill func(io.Writer) error) error
	// Names lists what lies there, in no order.
	Names(ctx context.Context) ([]string, error)
	Open(ctx context.Context, name string) (r io.ReadCloser, size int64, err error)
	Remove(ctx context.Context, name string) error
	// Tidy removes what Puts that broke off before a time have left.
	Tidy(ctx context.Context, before time.Time) error
}

// SiteMark is a short word by which the backups of a site are known among those
// of others: made of its own key, so that a restored site has the same.
func SiteMark(ctx context.Context, on db.Queryer) (string, error) {
	key, err := siteKey.One(ctx, on)
	sum := sha256.Sum256([]byte("translocal mark " + key))
	return hex.EncodeToString(sum[:4]), err
}

var siteKey = db.Rows[string](`select public from site_key order by made, public limit 1`)

// FileName is the name of a backup made at a time; names of one site sort as
// times do. site is the mark of the site in a backup that is removed when enough
// newer ones lie there, "" in one that stays.
func FileName(site string, at time.Time, encrypted bool) string {
	name := "translocal-"
	if site != "" {
		name += site + "-"
	}
	name += at.UTC().Format("20060102-150405") + ".tar.gz"
	if encrypted {
		name += ".age"
	}
	return name
}

// Written is a backup that lies on a shelf.
type Written struct {
	Counts Counts
	Size   int64 // as stored, in bytes
}

// WriteTo writes an archive of a node to a shelf, encrypted when there are
// recipients.
func WriteTo(ctx context.Context, shelf Shelf, name string, n Node, to []age.Recipient, progress Progress) (w Written, err error) {
	err = shelf.Put(ctx, name, func(out io.Writer) error {
		w, err = writeTo(ctx, out, n, to, progress)
		return err
	})
	return w, err
}

func writeTo(ctx context.Context, f io.Writer, n Node, to []age.Recipient, progress Progress) (w Written, err error) {
	out := &counted{w: f}
	if len(to) == 0 {
		w.Counts, err = Write(ctx, out, n, progress)
		w.Size = out.n
		return w, err
	}
	sealed, err := Encrypt(out, to)
	if err != nil {
		return w, err
	}
	if w.Counts, err = Write(ctx, sealed, n, progress); err != nil {
		return w, err
	}
	err = sealed.Close()
	w.Size = out.n
	return w, err
}

// daily is what FileName gives for encrypted backups with a mark; other names on a
// shelf are none of our business.
var daily = regexp.MustCompile(`^translocal-([0-9a-f]{8})-[0-9]{8}-[0-9]{6}\.tar\.gz\.age$`)

// brokenOff is how long nothing was heard of a Put that goes on no more.
const brokenOff = 24 * time.Hour

// Prune removes the oldest encrypted backups with a site's mark from a shelf,
// beyond a number, and what was left unfinished there.
func Prune(ctx context.Context, shelf Shelf, site string, keep int) error {
	names, err := shelf.Names(ctx)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool { m := daily.FindStringSubmatch(n); return m == nil || m[1] != site })
	slices.Sort(names) // by time
	for ; len(names) > keep; names = names[1:] {
		if err := shelf.Remove(ctx, names[0]); err != nil {
			return fmt.Errorf("remove an old backup: %w", err)
		}
	}
	if err := shelf.Tidy(ctx, time.Now().Add(-brokenOff)); err != nil {
		return fmt.Errorf("remove an unfinished backup: %w", err)
	}
	return nil
}

// Folder is a shelf that is a folder. Its files are for their owner alone.
type Folder string

// unfinished begins the name of a file that has no name of its own yet.
const unfinished = ".translocal-unfinished-"

// Put writes to a file without a name of its own first.
func (d Folder) Put(_ context.Context, name string, fill func(io.Writer) error) error {
	path := filepath.Join(string(d), name)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already. Nothing was written", path)
	}
	f, err := os.CreateTemp(string(d), unfinished) // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once renamed it is no longer there
	b := bufio.NewWriter(f)
	err = fill(b)
	if err = errors.Join(err, b.Flush(), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return d.sync()
}

// sync brings the names in the folder to the disk. Where a folder can't be
// opened or synced (Windows, some network disks) the system has its own way.
func (d Folder) sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return nil
	}
	defer f.Close()
	if err := f.Sync(); errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}

// Tidy removes unfinished files that were last written before a time.
func (d Folder) Tidy(_ context.Context, before time.Time) error {
	list, err := os.ReadDir(string(d))
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), unfinished) || !e.Type().IsRegular() {
			continue
		}
		if info, gone := e.Info(); gone == nil && info.ModTime().Before(before) {
			err = errors.Join(err, os.Remove(filepath.Join(string(d), e.Name())))
		}
	}
	return err
}

// Names lists files, not folders.
func (d Folder) Names(context.Context) ([]string, error) {
	list, err := os.ReadDir(string(d))
	var names []string
	for _, e := range list {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Open opens a file.
func (d Folder) Open(_ context.Context, name string) (io.ReadCloser, int64, error) {
	f, err := os.Open(filepath.Join(string(d), name))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// Remove removes a file.
func (d Folder) Remove(_ context.Context, name string) error {
	return os.Remove(filepath.Join(string(d), name))
}

// OpenShelf opens a folder or a bucket.
func OpenShelf(target string) (Shelf, error) {
	if blob.IsBucket(target) {
		return blob.OpenBucket(target)
	}
	return Folder(target), nil
}
