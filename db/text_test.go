package db_test

import (
	"testing"

	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
)

type slug string

var (
	sameText  = db.Rows[string](`select cast($1 as text)`)
	keepsText = db.Exec(`update site_setting set value = $1 where name = $2`)
)

// Both engines refuse the same strings, before they see them.
func TestStringsAreText(t *testing.T) { dbtest.Each(t, stringsAreText) }

func stringsAreText(t *testing.T, d *db.DB) {
	for _, bad := range []any{"a\x00b", "\xff\xfe", slug("\x00"), slug("a\x80")} {
		if _, err := sameText.One(t.Context(), d, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is asked for: %v", bad, err)
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := keepsText.Run(t.Context(), tx, bad, "name")
			return err
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is written: %v", bad, err)
		}
	}
	for _, good := range []any{"", "ñandú 🌊", slug("a\nb")} {
		if _, err := sameText.One(t.Context(), d, good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}
