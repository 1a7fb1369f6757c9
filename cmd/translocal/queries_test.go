package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"translocal/db"
)

// databases are those that a test of both engines runs on: always SQLite, and
// PostgreSQL where TRANSLOCAL_TEST_POSTGRES gives one.
func databases(t *testing.T) map[string]*db.DB {
	t.Helper()
	all := map[string]*db.DB{}
	open := func(name, target string) {
		d, err := db.Open(t.Context(), target, db.Options{Relaxed: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		all[name] = d
	}
	open("sqlite", filepath.Join(t.TempDir(), "t.db"))
	if url := os.Getenv("TRANSLOCAL_TEST_POSTGRES"); url != "" {
		open("postgres", url)
	}
	return all
}

// TestEveryQueryOnBothEngines prepares each query of the program and compares
// its columns with the type that takes its rows. What one engine alone can say
// is marked by its text.
func TestEveryQueryOnBothEngines(t *testing.T) {
	queries := db.All()
	if len(queries) < 100 {
		t.Fatalf("only %d queries are registered", len(queries))
	}
	for name, d := range databases(t) {
		for _, q := range queries {
			if strings.Contains(q.Text, "skip locked") && name == "sqlite" {
				continue
			}
			n, err := d.Prepare(t.Context(), q)
			if err != nil {
				t.Errorf("%s: %s: %v\n%s", name, q.Where, err, q.Text)
				continue
			}
			if n != q.Columns {
				t.Errorf("%s: %s: %d columns for a row of %d\n%s", name, q.Where, n, q.Columns, q.Text)
			}
		}
	}
}

// private are the tables that are not rebuilt from streams: what lies in them
// never leaves the node. A new table is either here or in a vocabulary.
var private = []string{
	"act", "part", "stream", "follower_cursor", "actor_key", "erasure_held", "goose_db_version",
	"site_setting", "person", "membership", "session", "invitation",
	"job", "job_claim", "submission_out", "submission_in", "submission_sender", "checkpoint", "record_evidence",
	"blueprint_draft", "blueprint_suggestion", "blueprint_talk", "blueprint_notice",
	"proposal", "proposal_voice", "proposal_room", "meeting", "task", "calendar_link",
}

func TestEveryTableIsPublicOrPrivate(t *testing.T) {
	known := slices.Clone(private)
	for _, v := range vocabularies() {
		for _, table := range v.Tables {
			known = append(known, table.Name)
		}
	}
	known = append(known, "stream_key")
	for name, d := range databases(t) {
		tables, err := d.Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			if !slices.Contains(known, table) {
				t.Errorf("%s: table %s stands in no vocabulary and in no list of private tables", name, table)
			}
		}
	}
}
