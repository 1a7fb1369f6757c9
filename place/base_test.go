package place

import (
	"testing"

	"translocal/db"
)

// A node keeps the name of its first address once a place has it.
func TestNamingBase(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	is := func(what, now, want string) {
		t.Helper()
		if got, err := NamingBase(ctx, s.db, now); err != nil || got != want {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	is("before the first place", "http://127.0.0.1:7080", "http://127.0.0.1:7080")
	is("another start before it", s.base, s.base)
	setUp(t, s)
	is("the same address", s.base, s.base)
	is("another address", "http://192.168.1.9:7080", s.base)
	if err := s.db.Write(ctx, func(tx *db.Tx) error { _, err := putSiteSetting.Run(ctx, tx, baseSetting, ""); return err }); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Write(ctx, func(tx *db.Tx) error { _, err := dropBase.Run(ctx, tx, baseSetting); return err }); err != nil {
		t.Fatal(err)
	}
	is("a node older than the setting", "http://10.0.0.1:7080", s.base)
}

var dropBase = db.Exec(`delete from site_setting where name = $1`)
