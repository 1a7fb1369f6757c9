package advance

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"translocal/act"
	"translocal/blob"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

func (g *group) withDeed(t testing.TB) (deed string, files *blob.Store) {
	t.Helper()
	b := g.bring(t)
	must(t, g.RecordDeed(t.Context(), g.keeper, g.place.Stream, b.ID, Deed{Kind: "referral", Day: "2026-03-02", Legal: "referred", Reason: "To the committee"}))
	files, err := blob.Open(t.TempDir(), 1<<20)
	must(t, err)
	g.Files = Files{Store: files, Quota: 1 << 20}
	list, err := g.Of(t.Context(), g.place.Stream)
	must(t, err)
	return list[0].Deeds[0].ID, files
}

func (g *group) attach(t testing.TB, deed string, a Attachment) *Document {
	t.Helper()
	d, err := g.PutIn(t.Context(), g.keeper, g.place.Stream, deed, a)
	must(t, err)
	out, err := g.Attach(t.Context(), g.keeper, d.ID)
	must(t, err)
	return out
}

func key(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) == 1 {
		return f.Fields[0].Key
	}
	return ""
}

func lies(files *blob.Store, hash string) bool {
	h, err := blob.ParseHash(hash)
	if err != nil {
		return false
	}
	_, err = files.Stat(h)
	return !errors.Is(err, fs.ErrNotExist)
}

func TestADocumentFromPuttingInToErasing(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	deed, files := g.withDeed(t)
	doc := g.attach(t, deed, Attachment{Name: "../acta\u202e.pdf", Description: "The minutes", Data: []byte(pdf)})
	twin := g.attach(t, deed, Attachment{Name: "the same.pdf", Data: []byte(pdf)})
	list, err := g.Of(ctx, g.place.Stream)
	must(t, err)
	if ds := list[0].Deeds[0].Documents; len(ds) != 2 || ds[0].Name != "acta.pdf" || ds[0].Description != "The minutes" || ds[0].Size != int64(len(pdf)) || ds[0].Erased {
		t.Fatalf("%+v", ds)
	}
	_, data, err := g.ReadDocument(ctx, doc.ID)
	must(t, err)
	if !bytes.Equal(data, []byte(pdf)) || doc.SHA256 != twin.SHA256 {
		t.Error("other bytes than were put in")
	}
	d2, err := db.Open(ctx, filepath.Join(t.TempDir(), "r.db"), db.Options{Relaxed: true})
	must(t, err)
	defer d2.Close()
	into := act.NewLog(d2, nil, place.Vocabulary(), Vocabulary(), outcomes)
	defer into.Close()
	must(t, g.log.Rebuild(ctx, into, 7, nil))
	if diff, err := act.Compare(ctx, g.log.DB(), d2, g.log.Tables()); err != nil || len(diff) > 0 {
		t.Error("rebuilt as another:", err, diff)
	}
	// What two documents share stays until the second is erased.
	texts, err := g.places.Published(ctx, g.keeper, g.place.Stream, act.ErasedPart{})
	must(t, err)
	for _, x := range texts {
		if x.Name != "name" {
			continue
		}
		if !lies(files, doc.SHA256) {
			t.Error("the bytes went while a document needed them")
		}
		must(t, g.places.Erase(ctx, g.keeper, g.place.Stream, []act.ErasedPart{{Index: x.Index, Name: "name"}}))
		must(t, g.SweepFiles(ctx))
	}
	if lies(files, doc.SHA256) {
		t.Error("the bytes of an erased document are still here")
	}
	for _, id := range []string{doc.ID, twin.ID} {
		if _, _, err := g.ReadDocument(ctx, id); !fault.Is(err, fault.NotFound) {
			t.Error("an erased document is read:", err)
		}
	}
}

func TestDocumentsHaveLimits(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	deed, files := g.withDeed(t)
	put := func(text string) (*Draft, error) {
		return g.PutIn(ctx, g.keeper, g.place.Stream, deed, Attachment{Name: "a.txt", Data: []byte(text)})
	}
	if _, err := g.PutIn(ctx, g.keeper, g.place.Stream, deed+"x", Attachment{Name: "a.txt", Data: []byte("a")}); !fault.Is(err, fault.NotFound) {
		t.Error("attached to nothing:", err)
	}
	if _, err := g.PutIn(ctx, place.Viewer{Person: "somebody"}, g.place.Stream, deed, Attachment{Name: "a.txt", Data: []byte("a")}); err == nil {
		t.Error("anybody attaches")
	}
	first, err := put("first")
	must(t, err)
	for range maxDrafts - 1 {
		_, err := put("another")
		must(t, err)
	}
	if _, err := put("one too many"); key(err) != "file.too_many_drafts" {
		t.Error(err)
	}
	must(t, g.DropDraft(ctx, g.keeper, first.ID))
	if lies(files, first.SHA256) {
		t.Error("what was thrown away is still here")
	}
	if _, err := g.Attach(ctx, g.keeper, first.ID); !fault.Is(err, fault.NotFound) {
		t.Error("what was thrown away is published:", err)
	}
	g.Files.Quota = int64(4*len("another")) + 3
	if _, err := put("more"); key(err) != "file.no_room" {
		t.Error("beyond the quota:", err)
	}
	g.Files.Quota = 1 << 20
	last, err := put("last")
	must(t, err)
	g.now = func() time.Time { return time.Now().Add(draftLasts + time.Minute) }
	must(t, g.SweepFiles(ctx))
	if lies(files, last.SHA256) {
		t.Error("a draft lies for more than a day")
	}
}

func TestADocumentThatIsMissingOrDamagedIsSaidSo(t *testing.T) {
	g, ctx := newGroup(t, "bring"), t.Context()
	deed, files := g.withDeed(t)
	doc := g.attach(t, deed, Attachment{Name: "a.txt", Data: []byte("the true text")})
	h, err := blob.ParseHash(doc.SHA256)
	must(t, err)
	must(t, files.Delete(h))
	if _, _, err := g.ReadDocument(ctx, doc.ID); !fault.Is(err, fault.Unavailable) {
		t.Error("missing:", err)
	}
	if err := g.KeepFetched(ctx, g.place.Stream, doc.SHA256, []byte("another text!")); err == nil || lies(files, doc.SHA256) {
		t.Error("another content was kept:", err)
	}
	must(t, g.KeepFetched(ctx, g.place.Stream, doc.SHA256, []byte("the true text")))
	if _, data, err := g.ReadDocument(ctx, doc.ID); err != nil || string(data) != "the true text" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestHostileDocumentsOfOthersAreRefused as an act that another node sends would be.
func TestHostileDocumentsOfOthersAreRefused(t *testing.T) {
	g := newGroup(t, "bring")
	deed, _ := g.withDeed(t)
	good := documentObject{ID: act.NewID(g.place.ID, "document"), Deed: deed, SHA256: string(bytes.Repeat([]byte("0a"), 32)), Size: 3, Media: "text/plain"}
	name := []act.Part{act.Text("name", "a.txt")}
	for what, c := range map[string]func(o documentObject) (documentObject, []act.Part){
		"good":           func(o documentObject) (documentObject, []act.Part) { return o, name },
		"a path as hash": func(o documentObject) (documentObject, []act.Part) { o.SHA256 = "../../secret"; return o, name },
		"a page":         func(o documentObject) (documentObject, []act.Part) { o.Media = "text/html"; return o, name },
		"too large":      func(o documentObject) (documentObject, []act.Part) { o.Size = MaxFile + 1; return o, name },
		"of no size":     func(o documentObject) (documentObject, []act.Part) { o.Size = 0; return o, name },
		"without a name": func(o documentObject) (documentObject, []act.Part) { return o, nil },
		"another part":   func(o documentObject) (documentObject, []act.Part) { return o, append(name, act.Text("file", "x")) },
		"of no deed":     func(o documentObject) (documentObject, []act.Part) { o.Deed += "x"; return o, name },
		"of another node": func(o documentObject) (documentObject, []act.Part) {
			o.ID = "http://else.test/p/x/document/y"
			return o, name
		},
	} {
		o, parts := c(good)
		_, err := g.log.Commit(t.Context(), g.place.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
			return []act.Draft{{Type: DocumentType, Object: o, Parts: parts}}, nil
		})
		if (err == nil) != (what == "good") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
