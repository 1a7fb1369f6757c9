package blob

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
)

// bucket is one of a store in this process, which speaks S3 over HTTP.
func bucket(t *testing.T) string {
	t.Helper()
	store := s3mem.New()
	srv := httptest.NewServer(gofakes3.New(store).Server())
	t.Cleanup(srv.Close)
	if err := store.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	return "s3://files/of/rio?region=us-east-1&endpoint=" + srv.URL
}

// TestFiles holds a folder and a bucket to the same.
func TestFiles(t *testing.T) {
	for name, target := range map[string]string{"folder": t.TempDir(), "bucket": bucket(t)} {
		t.Run(name, func(t *testing.T) {
			f, err := OpenFiles(target, 100)
			if err != nil {
				t.Fatal(err)
			}
			info, err := f.Put(strings.NewReader("abc"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Put(bytes.NewReader(make([]byte, 101))); !errors.Is(err, ErrTooLarge) {
				t.Error("too large:", err)
			}
			if st, err := f.Stat(info.Hash); err != nil || st != info || st.Size != 3 {
				t.Error(st, err)
			}
			if data, err := Read(f, info.Hash, 100); err != nil || string(data) != "abc" {
				t.Errorf("%q, %v", data, err)
			}
			if _, err := Read(f, info.Hash, 1); !errors.Is(err, ErrDamaged) {
				t.Error("more than was asked for:", err)
			}
			n := 0
			for got, err := range f.Each() {
				if err != nil || got != info {
					t.Error(got, err)
				}
				n++
			}
			if n != 1 {
				t.Errorf("%d files", n)
			}
			for range 2 {
				if err := f.Delete(info.Hash); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.Open(info.Hash); !errors.Is(err, fs.ErrNotExist) {
				t.Error("open after delete:", err)
			}
			if _, err := f.Stat(info.Hash); !errors.Is(err, fs.ErrNotExist) {
				t.Error("stat after delete:", err)
			}
		})
	}
}

func TestAStoreForgetsPartsOfWhatBrokeOff(t *testing.T) {
	b, err := OpenBucket(bucket(t))
	if err != nil {
		t.Fatal(err)
	}
	core := minio.Core{Client: b.client}
	if _, err := core.NewMultipartUpload(t.Context(), b.bucket, b.prefix+"translocal-x", minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	left := func() (n int) {
		for u := range b.client.ListIncompleteUploads(t.Context(), b.bucket, b.prefix, true) {
			if u.Err != nil {
				t.Fatal(u.Err)
			}
			n++
		}
		return n
	}
	for _, at := range []struct {
		before time.Time
		left   int
	}{{time.Now().Add(-time.Hour), 1}, {time.Now().Add(time.Hour), 0}} {
		if err := b.Tidy(t.Context(), at.before); err != nil {
			t.Fatal(err)
		}
		if n := left(); n != at.left {
			t.Errorf("%d unfinished, want %d", n, at.left)
		}
	}
}
