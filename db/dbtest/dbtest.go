// Package dbtest opens throw-away databases for tests: SQLite as a rule, and
// PostgreSQL, in a schema of its own, where TRANSLOCAL_TEST_POSTGRES names a
// server and TRANSLOCAL_TEST_ENGINE is "postgres". The same tests run on both,
// which keeps the promise of one SQL text.
package dbtest

import (
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"translocal/db"
)

// Each runs a test on every engine at hand.
func Each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, filepath.Join(t.TempDir(), "test.db"))) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// Open makes an empty database that goes with the test.
func Open(t testing.TB) *db.DB {
	t.Helper()
	if os.Getenv("TRANSLOCAL_TEST_ENGINE") == "postgres" {
		return Postgres(t)
	}
	return open(t, filepath.Join(t.TempDir(), "test.db"))
}

// Postgres makes an empty schema on the server that the environment names, or
// skips the test.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t))
}

// PostgresURL is the URL of an empty schema, for a program that opens it itself.
func PostgresURL(t testing.TB) string {
	t.Helper()
	url := os.Getenv("TRANSLOCAL_TEST_POSTGRES")
	if url == "" {
		t.Skip("TRANSLOCAL_TEST_POSTGRES is not set")
	}
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	schema := "t_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec("create schema " + schema); err != nil {
		t.Fatal(err)
	}
	join := "?"
	if strings.Contains(url, "?") {
		join = "&"
	}
	return url + join + "search_path=" + schema
}

func open(t testing.TB, target string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), target, db.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
