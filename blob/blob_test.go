package blob

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

func open(t *testing.T, max int64) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "blobs"), max)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files lists all regular files below the store's folder.
func files(t *testing.T, s *Store) (out []string) {
	t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, s *Store, h Hash) string {
	t.Helper()
	f, err := s.Open(h)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestLife(t *testing.T) {
	s := open(t, 100)
	info, err := s.Put(strings.NewReader("abc"))
	if err != nil {
		t.Fatal(err)
	}
	// FIPS 180-2, appendix B.1
	if got := info.Hash.String(); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" || info.Size != 3 {
		t.Errorf("put gave %s, %d bytes", got, info.Size)
	}
	h, err := ParseHash(info.Hash.String())
	if err != nil || h != info.Hash {
		t.Fatalf("parsed %v, %v", h, err)
	}
	if st, err := s.Stat(h); err != nil || st != info {
		t.Errorf("stat gave %v, %v", st, err)
	}

	// Another store on the folder sees it; content there already is mended.
	again, err := Open(s.dir, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(h), []byte("ab"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Put(strings.NewReader("abc")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, again, h); got != "abc" {
		t.Errorf("read %q", got)
	}
	if n := len(files(t, s)); n != 1 {
		t.Errorf("%d files, want 1", n)
	}

	for range 2 {
		if err := s.Delete(h); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(h); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open after delete: %v", err)
	}
	if _, err := s.Stat(h); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat after delete: %v", err)
	}
}

func TestSizes(t *testing.T) {
	s := open(t, 10)
	for n, ok := range map[int]bool{0: true, 1: true, 10: true, 11: false, 100_000: false} {
		info, err := s.Put(bytes.NewReader(make([]byte, n)))
		if ok && (err != nil || info.Size != int64(n)) {
			t.Errorf("%d bytes: %v, %v", n, info, err)
		}
		if !ok && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: error %v, want too large", n, err)
		}
	}
	if n := len(files(t, s)); n != 3 {
		t.Errorf("%d files, want the 3 that fit", n)
	}
}

// fullDisk takes some bytes and then has no room; or fails at a later step.
type fullDisk struct {
	*os.File
	room                int
	failSync, failClose bool
}

func (f *fullDisk) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n, _ := f.File.Write(b[:f.room])
		f.room = 0
		return n, syscall.ENOSPC
	}
	f.room -= len(b)
	return f.File.Write(b)
}

func (f *fullDisk) Sync() error {
	if f.failSync {
		return syscall.EIO
	}
	return f.File.Sync()
}

func (f *fullDisk) Close() error {
	err := f.File.Close()
	if f.failClose {
		return syscall.EDQUOT
	}
	return err
}

func TestFailureLeavesNothing(t *testing.T) {
	content := strings.Repeat("x", 100_000)
	torn := errors.New("the network went away")
	for _, c := range []struct {
		name string
		disk fullDisk
		r    io.Reader
		want error
	}{
		{"no room at all", fullDisk{}, strings.NewReader(content), syscall.ENOSPC},
		{"no room later", fullDisk{room: 40_000}, strings.NewReader(content), syscall.ENOSPC},
		{"sync", fullDisk{room: 1e6, failSync: true}, strings.NewReader(content), syscall.EIO},
		{"close", fullDisk{room: 1e6, failClose: true}, strings.NewReader(content), syscall.EDQUOT},
		{"reader", fullDisk{room: 1e6}, io.MultiReader(strings.NewReader(content), iotest.ErrReader(torn)), torn},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, 1e6)
			working := s.temporary
			s.temporary = func(dir string) (temporaryFile, error) {
				f, err := os.CreateTemp(dir, "put-")
				c.disk.File = f
				return &c.disk, err
			}
			if info, err := s.Put(c.r); !errors.Is(err, c.want) || info != (Info{}) {
				t.Errorf("put: %v, %v; want %v", info, err, c.want)
			}
			if left := files(t, s); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			s.temporary = working
			if _, err := s.Put(strings.NewReader(content)); err != nil {
				t.Errorf("with room again: %v", err)
			}
		})
	}
}

func TestFolderInTheWay(t *testing.T) {
	s := open(t, 100)
	// A file where the folder of hashes ba… should be: the rename must fail.
	if err := os.WriteFile(filepath.Join(s.dir, "ba"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(strings.NewReader("abc")); err == nil {
		t.Fatal("put succeeded")
	}
	if left := files(t, s); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := Open(filepath.Join(s.dir, "ba"), 100); err == nil {
		t.Error("a file was opened as a folder")
	}
}

func TestOpenRemovesWhatCrashesLeft(t *testing.T) {
	s := open(t, 100)
	old, young := filepath.Join(s.unfinished(), "put-1"), filepath.Join(s.unfinished(), "put-2")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(s.dir, 100); err != nil {
		t.Fatal(err)
	}
	if left := files(t, s); len(left) != 1 || left[0] != young {
		t.Errorf("left: %v, want only the young one", left)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := open(t, 100)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			content := string(rune('a' + i%4))
			info, err := s.Put(strings.NewReader(content))
			if err != nil {
				t.Error(err)
				return
			}
			f, err := s.Open(info.Hash)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if got, err := io.ReadAll(f); err != nil || string(got) != content {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := len(files(t, s)); n != 4 {
		t.Errorf("%d files, want 4", n)
	}
}

func TestParseHash(t *testing.T) {
	good := strings.Repeat("0a", 32)
	for _, bad := range []string{"", "0a", good + "0", strings.ToUpper(good), "../" + good[3:], "zz" + good[2:], good[:63] + "\x00"} {
		if h, err := ParseHash(bad); err == nil || h != (Hash{}) {
			t.Errorf("%q was read as %v", bad, h)
		}
	}
}
