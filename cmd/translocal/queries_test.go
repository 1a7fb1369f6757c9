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
	"act",
	"actor_key",
	"block",
	"blueprint_draft",
	"blueprint_notice",
	"blueprint_suggestion",
	"blueprint_talk",
	"blueprint_told",
	"calendar_link",
	"checkpoint",
	"disposal",
	"document_draft",
	"entry_request",
	"erasure_held",
	"explained",
	"follow",
	"follower_cursor",
	"goose_db_version",
	"hidden",
	"invitation",
	"job",
	"job_claim",
	"keeper_log",
	"keeper_notice",
	"key_note",
	"light_ask",
	"mail",
	"mail_address",
	"mandate",
	"meeting",
	"membership",
	"newcomer_limit",
	"newcomer_said",
	"notice",
	"open_join",
	"part",
	"passkey",
	"passkey_challenge",
	"peer",
	"person",
	"person_block",
	"personal_token",
	"place_meeting",
	"place_meeting_link",
	"place_meeting_role",
	"place_ways",
	"proposal",
	"proposal_change",
	"proposal_moved",
	"proposal_room",
	"proposal_voice",
	"rate_bucket",
	"record_evidence",
	"recovery_code",
	"remote",
	"report",
	"report_queue",
	"room_answer",
	"room_code",
	"root_note",
	"session",
	"site_key",
	"site_setting",
	"storage_use",
	"stream",
	"submission_in",
	"submission_out",
	"submission_sender",
	"subscriber",
	"task",
	"vouch",
	"webhook",
	"webhook_delivery",
	"webhook_test",
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
