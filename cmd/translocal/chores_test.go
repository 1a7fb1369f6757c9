package main

import (
	"testing"

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
