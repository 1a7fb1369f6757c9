package db_test

import (
	"slices"
	"testing"

	"translocal/db"
	"translocal/db/dbtest"
)

var makeView = db.Exec(`create view seen_from_afar as select fp from stream`)

// TestAViewIsNoTable: what is copied to a backup or another engine are tables.
func TestAViewIsNoTable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		if err := d.Write(ctx, func(tx *db.Tx) error { _, err := makeView.Run(ctx, tx); return err }); err != nil {
			t.Fatal(err)
		}
		all, err := d.Tables(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var copied []string
		if err := d.Snapshot(ctx, func(s *db.Snapshot) error { copied, err = s.Tables(ctx); return err }); err != nil {
			t.Fatal(err)
		}
		for _, list := range [][]string{all, copied} {
			if slices.Contains(list, "seen_from_afar") || !slices.Contains(list, "stream") {
				t.Error(list)
			}
		}
		if err := d.Load(ctx, func(*db.Loader) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
