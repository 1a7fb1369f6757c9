// Package blob keeps files in a folder or in a bucket of an object store, each
// named by the SHA-256 of its content. A file is there whole or not at all, whatever fails while it is
// written, and a name never comes to mean another content.
//
// The store knows nothing of who may read a file or who still needs it: that is
// for the capability that put it there.
package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// ErrTooLarge is what [Store.Put] returns, wrapped, for more bytes than the
// store takes in one file. A file that isn't there is [fs.ErrNotExist].
var ErrTooLarge = errors.New("blob: file too large")

// ErrDamaged is a stored file whose content is another than its name says.
var ErrDamaged = errors.New("the stored file is damaged")

// Hash is the SHA-256 of a file's content and its name.
type Hash [sha256.Size]byte

// String returns 64 hexadecimal digits in small letters.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what [Hash.String] writes, and nothing else: one file, one name.
func ParseHash(s string) (h Hash, err error) {
	if len(s) != 2*len(h) {
		return h, fmt.Errorf("blob: a name has %d hexadecimal digits, not %d", 2*len(h), len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil || h.String() != s {
		return Hash{}, fmt.Errorf("blob: %q is not a name in small hexadecimal digits", s)
	}
	return h, nil
}

// Files is a store of files: a folder ([Store]) or a bucket ([BucketStore]).
type Files interface {
	// Put stores what r gives until its end; without an error, to stay.
	Put(r io.Reader) (Info, error)
	// Open opens a file for reading; the caller closes it.
	Open(h Hash) (io.ReadCloser, error)
	// Stat says how large a file is, or that it isn't there.
	Stat(h Hash) (Info, error)
	// Each yields every stored file, in no order of meaning.
	Each() iter.Seq2[Info, error]
	// Delete removes a file for good; one that isn't there is no error.
	Delete(h Hash) error
}

// OpenFiles opens a folder, or a bucket as [OpenBucket] names it, for files of at
// most max bytes each.
func OpenFiles(target string, max int64) (Files, error) {
	if !IsBucket(target) {
		return Open(target, max)
	}
	b, err := OpenBucket(target)
	if err != nil {
		return nil, err
	}
	return &BucketStore{b, max}, nil
}

// Read reads a file whole and checks that it is the one that its name says. One
// that was damaged is [ErrDamaged].
func Read(f Files, h Hash, max int64) ([]byte, error) {
	r, err := f.Open(h)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, max+1))
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	if sha256.Sum256(data) != h {
		return nil, fmt.Errorf("blob: %s: %w", h, ErrDamaged)
	}
	return data, nil
}

// Info describes a stored file.
type Info struct {
	Hash Hash
	Size int64 // bytes
}

// A Store is a folder of files. Several goroutines and several processes may use
// one folder at once.
type Store struct {
	dir string
	max int64

	// temporary makes the file that Put writes to; tests put a failing one here.
	temporary func(dir string) (temporaryFile, error)
}

type temporaryFile interface {
	io.WriteCloser
	Sync() error
	Name() string
}

// abandoned is the age at which a half-written file can belong to no upload that
// still runs, but only to one that a crash ended.
const abandoned = 24 * time.Hour

// Open makes the folder if need be and returns a store of files of at most
// max bytes each. It removes what crashes left half-written.
func Open(dir string, max int64) (*Store, error) {
	s := &Store{dir: dir, max: max, temporary: func(dir string) (temporaryFile, error) {
		return os.CreateTemp(dir, "put-")
	}}
	if err := os.MkdirAll(s.unfinished(), 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	left, err := os.ReadDir(s.unfinished())
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	for _, entry := range left {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			os.Remove(filepath.Join(s.unfinished(), entry.Name()))
		}
	}
	return s, nil
}

func (s *Store) unfinished() string { return filepath.Join(s.dir, "unfinished") }

// folder spreads the files over 256 folders by the first byte of their hash.
func (s *Store) folder(h Hash) string { return filepath.Join(s.dir, h.String()[:2]) }

func (s *Store) path(h Hash) string { return filepath.Join(s.folder(h), h.String()) }

// Put stores what r gives until its end. When it returns without error, the file
// is on the disk to stay. After an error nothing half-written is left. Content that is
// there already is written anew, which mends a damaged file.
func (s *Store) Put(r io.Reader) (Info, error) {
	info, err := s.put(r)
	if err != nil {
		return Info{}, fmt.Errorf("blob: put: %w", err)
	}
	return info, nil
}

func (s *Store) put(r io.Reader) (info Info, err error) {
	f, err := s.temporary(s.unfinished())
	if err != nil {
		return info, err
	}
	open := true
	defer func() {
		if open {
			f.Close()
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}()

	hash := sha256.New()
	info.Size, err = io.Copy(io.MultiWriter(f, hash), io.LimitReader(r, s.max+1))
	if err != nil {
		return info, err
	}
	if info.Size > s.max {
		return info, fmt.Errorf("more than %d bytes: %w", s.max, ErrTooLarge)
	}
	hash.Sum(info.Hash[:0])
	if err := f.Sync(); err != nil {
		return info, err
	}
	open = false
	if err := f.Close(); err != nil {
		return info, err
	}
	return info, s.publish(f.Name(), info.Hash)
}

// publish gives a finished file its name, and makes the name last.
func (s *Store) publish(from string, h Hash) error {
	if err := os.Mkdir(s.folder(h), 0o700); err == nil {
		if err := syncFolder(s.dir); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(from, s.path(h)); err != nil {
		return err
	}
	return syncFolder(s.folder(h))
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Open opens a file for reading; the caller closes it.
func (s *Store) Open(h Hash) (io.ReadCloser, error) {
	f, err := os.Open(s.path(h))
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return f, nil
}

// Stat says how large a file is, or that it isn't there.
func (s *Store) Stat(h Hash) (Info, error) {
	st, err := os.Stat(s.path(h))
	if err != nil {
		return Info{}, fmt.Errorf("blob: %w", err)
	}
	return Info{Hash: h, Size: st.Size()}, nil
}

// Each yields every stored file, in no order of meaning. One that is put or
// deleted meanwhile may come or not.
func (s *Store) Each() iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		names, err := filepath.Glob(filepath.Join(s.dir, "[0-9a-f][0-9a-f]", "*"))
		if err != nil {
			yield(Info{}, fmt.Errorf("blob: %w", err))
			return
		}
		for _, name := range names {
			h, err := ParseHash(filepath.Base(name))
			if err != nil {
				continue // no file of ours
			}
			info, err := s.Stat(h)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

// Delete removes a file for good. One that isn't there is no error, so that an
// erasure can be repeated.
func (s *Store) Delete(h Hash) error {
	if err := os.Remove(s.path(h)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("blob: %w", err)
	}
	return syncFolder(s.folder(h))
}
