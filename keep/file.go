package keep

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
)

// FileName is the name of a backup made at a time; names sort as times do.
func FileName(at time.Time, encrypted bool) string {
	name := "translocal-" + at.UTC().Format("20060102-150405") + ".tar.gz"
	if encrypted {
		name += ".age"
	}
	return name
}

// Written is a backup that lies in a file.
type Written struct {
	Counts Counts
	Size   int64 // of the file, in bytes
}

// WriteFile writes an archive of a node to a new file, encrypted when there are
// recipients. The file is there whole or not at all, for its owner alone, and
// no earlier one is overwritten.
func WriteFile(ctx context.Context, path string, n Node, to []age.Recipient, progress Progress) (w Written, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return w, fmt.Errorf("%s is there already. Nothing was written", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".unfinished-") // mode 0600
	if err != nil {
		return w, err
	}
	defer os.Remove(f.Name()) // once renamed it is no longer there
	w, err = writeTo(ctx, f, n, to, progress)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return w, err
	}
	return w, os.Rename(f.Name(), path)
}

func writeTo(ctx context.Context, f *os.File, n Node, to []age.Recipient, progress Progress) (w Written, err error) {
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
