package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
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
