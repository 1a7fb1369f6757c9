package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"translocal/db"
	"translocal/db/dbtest"
)

// TestEveryQueryOnBothEngines prepares each query of the program and compares
// its columns with the type that takes its rows. What one engine alone can say
// is marked by its text.
func TestEveryQueryOnBothEngines(t *testing.T) {
	queries := db.All()
	if len(queries) < 100 {
		t.Fatalf("only %d queries are registered", len(queries))
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, q := range queries {
			if strings.Contains(q.Text, "skip locked") && d.Engine() == db.SQLite {
				continue
			}
			n, err := d.Prepare(t.Context(), q)
			if err != nil {
				t.Errorf("%s: %v\n%s", q.Where, err, q.Text)
				continue
			}
			if n != q.Columns {
				t.Errorf("%s: %d columns for a row of %d\n%s", q.Where, n, q.Columns, q.Text)
			}
		}
	})
}

// TestBlockedIsAsAStrangerInEveryQuery: who somebody is to a place is asked of the
// view that knows blocks. The table of memberships is for changing it, for what
// somebody may know and end of their own, and for reporting what a member is called.
func TestBlockedIsAsAStrangerInEveryQuery(t *testing.T) {
	change := regexp.MustCompile(`^\s*(update|delete from|insert into) membership\b`)
	reads := regexp.MustCompile(`(?i)\b(from|join)\s+membership\b`)
	for _, q := range db.All() {
		file, _, _ := strings.Cut(filepath.Base(q.Where), ":")
		own := strings.Contains(q.Where, "/place/") && slices.Contains([]string{"leave.go", "block.go"}, file)
		if reads.MatchString(q.Text) && !change.MatchString(q.Text) && !own && !strings.Contains(q.Where, "/moderate/moderate.go") {
			t.Errorf("%s asks memberships, not who belongs: %s", q.Where, q.Text)
		}
		if strings.Contains(q.Text, "not exists (select 1 from person_block") {
			t.Errorf("%s says anew what the view says: %s", q.Where, q.Text)
		}
	}
}

// private are the tables that are not rebuilt from streams: what lies in them
// never leaves the node. A new table is either here or in a vocabulary.
var private = []string{
	"act", "part", "stream", "follower_cursor", "actor_key", "erasure_held", "goose_db_version",
	"notice", "mail_address", "mail", "light_ask",
	"site_setting", "person", "membership", "session", "invitation", "recovery_code", "personal_token", "passkey", "passkey_challenge",
	"job", "job_claim", "submission_out", "submission_in", "submission_sender", "checkpoint", "record_evidence",
	"site_key", "follow", "remote", "peer", "subscriber", "block", "keeper_notice",
	"blueprint_draft", "blueprint_suggestion", "blueprint_talk", "blueprint_notice", "blueprint_told",
	"proposal", "proposal_voice", "proposal_room", "meeting", "task", "calendar_link",
	"proposal_change", "proposal_moved", "room_code", "room_answer",
	"storage_use",
	"place_ways", "entry_request", "vouch", "explained", "open_join", "report_queue",
	"place_meeting", "place_meeting_role", "place_meeting_link", "webhook", "webhook_delivery", "webhook_test",
	"place_meeting", "place_meeting_role", "place_meeting_link", "webhook", "webhook_delivery",
	"disposal",
	"report", "hidden", "person_block", "newcomer_limit", "newcomer_said", "keeper_log", "mandate",
	"place_meeting", "place_meeting_role", "place_meeting_link", "webhook", "webhook_delivery",
	"report", "hidden", "person_block", "newcomer_limit", "newcomer_said", "keeper_log", "mandate", "root_note",
	"rate_bucket", "document_draft",
	"report", "hidden", "person_block", "newcomer_limit", "newcomer_said", "keeper_log", "mandate", "key_note",
	"rate_bucket",
	"root_note",
}

func TestEveryTableIsPublicOrPrivate(t *testing.T) {
	known := slices.Clone(private)
	for _, v := range vocabularies() {
		for _, table := range v.Tables {
			known = append(known, table.Name)
		}
	}
	known = append(known, "stream_key", "stream_root", "stream_address")
	slices.Sort(known)
	for i := range known[1:] {
		if known[i] == known[i+1] {
			t.Errorf("table %s stands in two lists", known[i])
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tables, err := d.Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			if !slices.Contains(known, table) {
				t.Errorf("table %s stands in no vocabulary and in no list of private tables", table)
			}
		}
	})
}
