package keep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"filippo.io/age"
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
}

// FileName is the name of a backup made at a time; names sort as times do.
func FileName(at time.Time, encrypted bool) string {
	name := "translocal-" + at.UTC().Format("20060102-150405") + ".tar.gz"
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

// ours is what FileName gives for encrypted backups; other names on a shelf are
// none of our business.
var ours = regexp.MustCompile(`^translocal-[0-9]{8}-[0-9]{6}\.tar\.gz\.age$`)

// Prune removes the oldest encrypted backups of a shelf beyond a number.
func Prune(ctx context.Context, shelf Shelf, keep int) error {
	names, err := shelf.Names(ctx)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !ours.MatchString(n) })
	slices.Sort(names) // by time
	for ; len(names) > keep; names = names[1:] {
		if err := shelf.Remove(ctx, names[0]); err != nil {
			return fmt.Errorf("remove an old backup: %w", err)
		}
	}
	return nil
}

// Folder is a shelf that is a folder. Its files are for their owner alone.
type Folder string

// Put writes to a file without a name of its own first.
func (d Folder) Put(_ context.Context, name string, fill func(io.Writer) error) error {
	path := filepath.Join(string(d), name)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already. Nothing was written", path)
	}
	f, err := os.CreateTemp(string(d), ".unfinished-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once renamed it is no longer there
	err = fill(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
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
