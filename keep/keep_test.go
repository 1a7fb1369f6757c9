package keep

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"translocal/blob"
)

// bucket is one of a store in this process, which speaks S3 over HTTP.
func bucket(t *testing.T) string {
	t.Helper()
	store := s3mem.New()
	srv := httptest.NewServer(gofakes3.New(store).Server())
	t.Cleanup(srv.Close)
	if err := store.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	return "s3://backups/of/rio?region=us-east-1&endpoint=" + srv.URL
}

// TestShelves holds a folder and a bucket to the same.
func TestShelves(t *testing.T) {
	for name, target := range map[string]string{"folder": t.TempDir(), "bucket": bucket(t)} {
		t.Run(name, func(t *testing.T) {
			shelf, err := OpenShelf(target)
			if err != nil {
				t.Fatal(err)
			}
			holdsShelf(t, shelf)
		})
	}
}

func holdsShelf(t *testing.T, shelf Shelf) {
	ctx := t.Context()
	put := func(name string, b []byte, fail error) error {
		return shelf.Put(ctx, name, func(w io.Writer) error {
			_, err := w.Write(b)
			return errors.Join(err, fail)
		})
	}
	names := func() []string {
		t.Helper()
		list, err := shelf.Names(ctx)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(list)
		return list
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 3<<19) // 24 MB: more than one part
	if err := put("a", large, nil); err != nil {
		t.Fatal(err)
	}
	r, size, err := shelf.Open(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	back, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(back, large) || size != int64(len(large)) {
		t.Error("it came back as another:", err, len(back), size)
	}
	if err := put("a", []byte("b"), nil); err == nil {
		t.Error("an earlier one was overwritten")
	}
	broken := errors.New("broken")
	for _, b := range [][]byte{[]byte("short"), large} {
		if err := put("b", b, broken); err == nil {
			t.Error("a broken one was stored")
		}
	}
	if list := names(); !slices.Equal(list, []string{"a"}) {
		t.Error("left behind:", list)
	}
	if _, _, err := shelf.Open(ctx, "b"); err == nil {
		t.Error("what is not there was opened")
	}
	begin := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for day := range 4 {
		for _, site := range []string{"aaaa1111", "bbbb2222", ""} {
			if err := put(FileName(site, begin.AddDate(0, 0, day), true), []byte("x"), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := Prune(ctx, shelf, "aaaa1111", 2); err != nil {
		t.Fatal(err)
	}
	want := []string{"a"}
	for day := range 4 {
		for _, site := range []string{"aaaa1111", "bbbb2222", ""} {
			if site != "aaaa1111" || day >= 2 { // those of another site, and those made by hand, stay
				want = append(want, FileName(site, begin.AddDate(0, 0, day), true))
			}
		}
	}
	slices.Sort(want)
	if list := names(); !slices.Equal(list, want) {
		t.Error("kept:", list)
	}
}

func TestWhatBrokeOffLongAgoIsRemoved(t *testing.T) {
	dir := t.TempDir()
	old, young := filepath.Join(dir, unfinished+"1"), filepath.Join(dir, unfinished+"2")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * brokenOff)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	if err := Prune(t.Context(), Folder(dir), "aaaa1111", 2); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("it still lies there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("one that may still be written is gone:", err)
	}
}

func TestABucketIsNamedWhole(t *testing.T) {
	for _, target := range []string{"s3://", "s3://b/f", "s3://b/f?endpoint=example.org", "s3://user:word@b/f?endpoint=https://s3.example", "https://b"} {
		if _, err := blob.OpenBucket(target); err == nil {
			t.Errorf("%q was opened", target)
		}
	}
}

func TestAStoreThatIsAwayIsTold(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	b, err := blob.OpenBucket("s3://backups?region=us-east-1&endpoint=http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(ctx, "a", func(w io.Writer) error { _, err := w.Write([]byte("a")); return err }); err == nil {
		t.Error("stored nowhere")
	}
}

func TestRecipients(t *testing.T) {
	const key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	list, err := ParseRecipients("# keepers\n" + key + "\n\n  " + key + " ")
	if err != nil || len(list) != 2 {
		t.Error(list, err)
	}
	for _, text := range []string{"age1", key[:60], "AGE-SECRET-KEY-1" + strings.Repeat("Q", 58), strings.Repeat(key+"\n", MaxRecipients+1), "ssh-ed25519 AAAA"} {
		if _, err := ParseRecipients(text); err == nil {
			t.Errorf("%.40q was taken", text)
		}
	}
}

// FuzzParseRow: a line that can be read is written back the same.
func FuzzParseRow(f *testing.F) {
	f.Add([]byte(`[1,true,null,"a",{"b":"AA=="},{"t":"/w=="}]`))
	f.Add([]byte(`[[],{},1.5,-1e9]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var b bytes.Buffer
		row, err := parseLine(raw)
		if err != nil {
			return
		}
		if err := writeRow(&b, row); err != nil {
			t.Fatal(err)
		}
		again, err := parseLine(b.Bytes())
		if err != nil || !reflect.DeepEqual(again, row) {
			t.Fatalf("%q became %q: %v", raw, b.Bytes(), err)
		}
	})
}
