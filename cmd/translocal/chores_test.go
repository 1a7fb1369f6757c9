package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/blueprint"
	"translocal/db"
	"translocal/job"
	"translocal/place"
)

var spoil = db.Exec(`update act set envelope = $2 where stream = $1 and idx = 1`)

// TestADamagedRecordIsTold edits an act in the database, as nobody should.
func TestADamagedRecordIsTold(t *testing.T) {
	ctx := t.Context()
	n, err := openNode(ctx, nodeOptions{Data: t.TempDir(), Base: "http://rio.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	link, err := n.places.SetupLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, v, err := n.places.Setup(ctx, link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro")
	if err != nil {
		t.Fatal(err)
	}
	told := func() int {
		if err := checkRecord(ctx, n.log, n.record, n.fed); err != nil {
			t.Fatal(err)
		}
		list, err := n.fed.Notices(ctx, v, act.Fingerprint(""))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if k := told(); k != 0 {
		t.Fatalf("%d notices about a sound record", k)
	}
	if err := n.db.Write(ctx, func(tx *db.Tx) error { _, err := spoil.Run(ctx, tx, p.Stream, []byte("{}")); return err }); err != nil {
		t.Fatal(err)
	}
	if k := told(); k != 1 {
		t.Fatalf("%d notices about a damaged one", k)
	}
}

var remindAt = db.Rows[int64](`select count(*) from job where kind = 'remind' and run_at > $1 and lease = ''`)

// TestSlowAddressesKeepNoChoreWaiting lets more addresses than there are workers
// take their time, and asks whether people are still reminded.
func TestSlowAddressesKeepNoChoreWaiting(t *testing.T) {
	n, p, v := begun(t, place.Movement)
	release, began := make(chan struct{}), make(chan struct{}, 20)
	n.webhooks.Check = func(string) error { return nil }
	n.webhooks.Send = func(context.Context, string, map[string]string, []byte) (int, error) {
		began <- struct{}{}
		<-release
		return 204, nil
	}
	for i := range 8 {
		id, _, err := n.webhooks.Add(t.Context(), v, p.Stream, fmt.Sprintf("https://slow%d.example/", i), []string{"deed"})
		must(t, err)
		must(t, n.webhooks.Try(t.Context(), v, p.Stream, id))
	}
	begin := act.Micros(time.Now())
	jobs, hooks := n.jobs()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { hooks.Run(ctx, 4) })
	defer running.Wait()
	defer stop()
	defer close(release)
	<-began
	running.Go(func() { jobs.Run(ctx, 2) })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		done, err := remindAt.One(t.Context(), n.db, begin+time.Minute.Microseconds())
		must(t, err)
		if done == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("while addresses are slow nobody is reminded")
		}
	}
}

var (
	ageTold   = db.Exec(`update blueprint_told set at = 1`)
	countTold = db.Rows[int64](`select count(*) from blueprint_told`)
)

// TestChoresDropWhatWasTold: the node itself deletes what waited for half a year, also where nobody tells again.
func TestChoresDropWhatWasTold(t *testing.T) {
	ctx := t.Context()
	n, err := openNode(ctx, nodeOptions{Data: t.TempDir(), Base: "http://rio.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	link, err := n.places.SetupLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := n.places.Setup(ctx, link, place.Newcomer{Name: "Alder", Password: "a long password"}, "Rio Claro")
	if err != nil {
		t.Fatal(err)
	}
	tale := blueprint.NewTale{Place: p.Stream, Tale: blueprint.Tale{About: "A clause", Text: "It was never paid for.", Contact: "at the market"}}
	if err := n.server.Blueprints.Tell(ctx, place.Viewer{}, tale); err != nil {
		t.Fatal(err)
	}
	day := func() int64 {
		for _, k := range chores(n.log, n.record, n.fed, n.server.Blueprints, n.places, n.limits, n.server.Advances) {
			if err := k.Handle(ctx, job.Job{}); err != nil || k.Every > 24*time.Hour {
				t.Fatal(k.Name, k.Every, err)
			}
		}
		left, err := countTold.One(ctx, n.db)
		if err != nil {
			t.Fatal(err)
		}
		return left
	}
	if left := day(); left != 1 {
		t.Fatalf("%d are left of what was told today", left)
	}
	if err := n.db.Write(ctx, func(tx *db.Tx) error { _, err := ageTold.Run(ctx, tx); return err }); err != nil {
		t.Fatal(err)
	}
	if left := day(); left != 0 {
		t.Fatalf("%d are left of what was told long ago", left)
	}
}
