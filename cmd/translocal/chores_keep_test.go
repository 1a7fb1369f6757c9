package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/keep"
	"translocal/place"
)

func siteNotices(t *testing.T, n *node, v place.Viewer) (kinds []string) {
	t.Helper()
	list, err := n.fed.Notices(t.Context(), v, "")
	must(t, err)
	for _, x := range list {
		kinds = append(kinds, x.Kind)
	}
	return kinds
}

// begun is a node with a keeper and a place.
func begun(t *testing.T, kind place.SiteKind) (*node, *place.Place, place.Viewer) {
	t.Helper()
	n, err := openNode(t.Context(), nodeOptions{Data: t.TempDir(), Base: "http://rio.test"})
	must(t, err)
	t.Cleanup(n.close)
	link, err := n.places.SetupLink(t.Context())
	must(t, err)
	p, v, err := n.places.SetupSite(t.Context(), link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro", kind)
	must(t, err)
	return n, p, v
}

func TestAnOldBackupIsWarnedOf(t *testing.T) {
	n, _, v := begun(t, place.Movement)
	ctx, now := t.Context(), time.Now()
	must(t, n.warnOfBackup(ctx, now))
	if k := siteNotices(t, n, v); len(k) > 0 {
		t.Error("a site of today is told already:", k)
	}
	must(t, n.warnOfBackup(ctx, now.Add(keep.Stale+time.Minute)))
	if k := siteNotices(t, n, v); !slices.Contains(k, "keep.notice.old_backup") {
		t.Error("no backup for long, and nobody is told:", k)
	}
	must(t, keep.Note(ctx, n.db, keep.Last{At: now.Add(keep.Stale)}))
	if due, err := keep.Due(ctx, n.db, now.Add(keep.Stale+time.Minute)); err != nil || due {
		t.Error("after a backup:", due, err)
	}
	if due, err := keep.Due(ctx, n.db, now.Add(2*keep.Stale+time.Minute)); err != nil || !due {
		t.Error("long after it:", due, err)
	}
}

func TestTheDailyBackupKeepsTheNewest(t *testing.T) {
	n, _, v := begun(t, place.Movement)
	ctx, dir, now := t.Context(), t.TempDir(), time.Now()
	b := autoBackup{To: dir, Keep: 2}
	if err := n.backupDaily(ctx, b, now); err == nil {
		t.Error("a backup without a key")
	}
	if k := siteNotices(t, n, v); !slices.Contains(k, "keep.notice.backup_failed") {
		t.Error("nobody is told of the failure:", k)
	}
	must(t, n.db.Write(ctx, func(tx *db.Tx) error {
		return keep.SetRecipients(ctx, tx, "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	}))
	foreign := filepath.Join(dir, "translocal-notes.txt")
	must(t, os.WriteFile(foreign, nil, 0o600))
	for day := range 4 {
		must(t, n.backupDaily(ctx, b, now.AddDate(0, 0, day)))
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.age"))
	must(t, err)
	site, err := keep.SiteMark(ctx, n.db)
	must(t, err)
	want := []string{keep.FileName(site, now.AddDate(0, 0, 2), true), keep.FileName(site, now.AddDate(0, 0, 3), true)}
	if len(left) != 2 || filepath.Base(left[0]) != want[0] || filepath.Base(left[1]) != want[1] {
		t.Error(left, want)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("what was not ours was removed:", err)
	}
}

func TestABackupIsNotMadeAgainForWhatFollowsIt(t *testing.T) {
	n, _, v := begun(t, place.Movement)
	ctx, now := t.Context(), time.Now()
	setKey(t, n)
	// A store that lets nothing be removed, as many do on purpose.
	store := s3mem.New()
	must(t, store.CreateBucket("backups"))
	whole := gofakes3.New(store).Server()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		whole.ServeHTTP(w, r)
	}))
	defer srv.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	b := autoBackup{To: "s3://backups?region=us-east-1&endpoint=" + srv.URL, Keep: 1}
	must(t, n.backupDaily(ctx, b, now.AddDate(0, 0, -1)))
	must(t, n.backupDaily(ctx, b, now)) // nil: the job is done for today
	shelf, err := keep.OpenShelf(b.To)
	must(t, err)
	names, err := shelf.Names(ctx)
	must(t, err)
	if len(names) != 2 {
		t.Error("stored:", names)
	}
	if k := siteNotices(t, n, v); !slices.Contains(k, "keep.notice.prune_failed") || slices.Contains(k, "keep.notice.backup_failed") {
		t.Error("keepers are told:", k)
	}
}

func TestABackupThatRunsOutOfTimeIsTold(t *testing.T) {
	n, _, v := begun(t, place.Movement)
	setKey(t, n)
	over, end := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer end()
	if err := n.backupDaily(over, autoBackup{To: t.TempDir(), Keep: 1}, time.Now()); err == nil {
		t.Error("it ended well")
	}
	if k := siteNotices(t, n, v); !slices.Contains(k, "keep.notice.backup_failed") {
		t.Error("nobody is told:", k)
	}
}

func TestABackupThatEndsWithTheProgramIsNoFailure(t *testing.T) {
	n, _, v := begun(t, place.Movement)
	setKey(t, n)
	over, end := context.WithCancel(t.Context())
	end()
	if err := n.backupDaily(over, autoBackup{To: t.TempDir(), Keep: 1}, time.Now()); err == nil {
		t.Error("it ended well")
	}
	if k := siteNotices(t, n, v); len(k) > 0 {
		t.Error("told:", k)
	}
}

func setKey(t *testing.T, n *node) {
	t.Helper()
	must(t, n.db.Write(t.Context(), func(tx *db.Tx) error {
		return keep.SetRecipients(t.Context(), tx, "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	}))
}

func TestRecordsAreNeverErased(t *testing.T) {
	ctx := t.Context()
	erase := func(n *node, p *place.Place) error {
		_, err := n.log.Commit(ctx, p.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
			return []act.Draft{{Type: act.EraseType, Object: act.Erase{Parts: []act.ErasedPart{{Index: 2, Name: "story"}}}}}, nil
		})
		return err
	}
	for kind, may := range map[place.SiteKind]bool{place.Movement: true, place.Records: false} {
		n, p, v := begun(t, kind)
		must(t, n.places.Describe(ctx, v, p.Stream, place.Profile{Name: "Rio Claro", Story: "Of somebody"}))
		if err := erase(n, p); may != (err == nil) || !may && !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", kind, err)
		}
		told, err := n.places.ByStream(ctx, p.Stream)
		must(t, err)
		if (told.Story == "") != may {
			t.Errorf("%s: the story is %q", kind, told.Story)
		}
	}
}

func TestTheKindOfASiteSettlesWithTheFirstThingPublished(t *testing.T) {
	n, p, v := begun(t, place.Movement)
	ctx := t.Context()
	must(t, n.places.SetKind(ctx, v, place.Records))
	must(t, n.places.SetKind(ctx, v, place.Movement))
	if err := n.places.SetKind(ctx, v, "both"); !fault.Is(err, fault.Invalid) {
		t.Error("a third kind:", err)
	}
	if err := n.places.SetKind(ctx, place.Viewer{}, place.Records); !fault.Is(err, fault.SignIn) {
		t.Error("a stranger:", err)
	}
	_, err := n.server.Advances.NameAuthority(ctx, v, p.Stream, "Council", "council")
	must(t, err)
	if err := n.places.SetKind(ctx, v, place.Records); !fault.Is(err, fault.Conflict) {
		t.Error("after something was published:", err)
	}
	must(t, n.places.SetKind(ctx, v, place.Movement)) // no change
}

func TestLimitsOfStorageRefuseWhatIsBeyond(t *testing.T) {
	n, p, v := begun(t, place.Movement)
	ctx := t.Context()
	limit := func(l keep.Limits) {
		t.Helper()
		must(t, n.db.Write(ctx, func(tx *db.Tx) error { return keep.SetLimits(ctx, tx, l) }))
	}
	tell := func(size int) error {
		return n.places.Describe(ctx, v, p.Stream, place.Profile{Name: "Rio Claro", Story: strings.Repeat("a", size)})
	}
	used := func() (all int64) {
		list, err := keep.UseOf(ctx, n.db)
		must(t, err)
		for _, u := range list {
			all += u.Bytes
		}
		return all
	}
	must(t, tell(5000))
	must(t, keep.Measure(ctx, n.db, time.Now()))
	before := used()
	if before < 5000 || before > 20_000 {
		t.Fatalf("%d bytes measured", before)
	}
	limit(keep.Limits{Place: before + 6000})
	must(t, tell(4000))
	if err := tell(4000); !fault.Is(err, fault.TooLarge) {
		t.Error("beyond the limit of a place:", err)
	}
	counted := used()
	must(t, keep.Measure(ctx, n.db, time.Now()))
	if measured := used(); counted < measured-2000 || counted > measured+2000 {
		t.Errorf("counted %d, measured %d", counted, measured)
	}
	limit(keep.Limits{Site: before})
	if err := tell(100); !fault.Is(err, fault.TooLarge) {
		t.Error("beyond the limit of the site:", err)
	}
	_, err := n.log.Commit(ctx, p.Stream, func(context.Context, *db.Tx) ([]act.Draft, error) {
		return []act.Draft{{Type: act.EraseType, Object: act.Erase{Parts: []act.ErasedPart{{Index: 2, Name: "story"}}}}}, nil
	})
	must(t, err) // what makes room
	limit(keep.Limits{})
	must(t, tell(4000))
	if err := n.db.Write(ctx, func(tx *db.Tx) error { return keep.SetLimits(ctx, tx, keep.Limits{Place: -1}) }); !fault.Is(err, fault.Invalid) {
		t.Error("a limit below nothing:", err)
	}
}
