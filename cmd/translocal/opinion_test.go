package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// export writes a small Polis export: two camps of people who disagree on all
// statements but the first.
func export(t *testing.T, people int) string {
	t.Helper()
	votes := "timestamp,datetime,comment-id,voter-id,vote\n"
	for p := range people {
		for s := range 9 {
			vote := 1
			if s > 0 && p%2 == 1 {
				vote = -1
			}
			if s == 1+p%7 {
				vote = 0
			}
			votes += fmt.Sprintf("%d,x,%d,%d,%d\n", s, s, p, vote)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"votes.csv":    votes,
		"comments.csv": "comment-id,moderated,comment-body\n0,1,Water for all\n1,1,A dam\n",
		"summary.csv":  "topic,The river\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpinionCommand(t *testing.T) {
	page := filepath.Join(t.TempDir(), "map.html")
	var out bytes.Buffer
	c := OpinionCmd{Dir: export(t, 60), JSON: true, Report: page, Lang: "es"}
	if err := c.run(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Participants, Statements, Votes, K int
		Silhouette                         float64
		Axes                               struct {
			Components [][]float64
			Variance   []float64
		}
		Points []struct {
			Participant string
			X, Y        float64
			Group       *int
		}
		Groups []struct {
			ID, Size       int
			Representative []struct {
				Statement, For string
				P              float64
			}
		}
		CommonGround []struct {
			Statement string
			Value     float64
		} `json:"common_ground"`
	}
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	if m.Participants != 60 || m.Statements != 9 || m.Votes != 540 || m.K != 2 || len(m.Points) != 60 || len(m.Groups) != 2 {
		t.Errorf("%+v", m)
	}
	if len(m.Axes.Components) != 2 || len(m.Axes.Components[0]) != 9 || len(m.Axes.Variance) != 2 {
		t.Errorf("axes %+v", m.Axes)
	}
	if m.Groups[0].Size != 30 || len(m.Groups[0].Representative) == 0 || m.CommonGround[0].Statement != "0" {
		t.Errorf("groups %+v, common ground %+v", m.Groups, m.CommonGround)
	}
	// All 30 of either camp agree: 31 of 32, twice.
	if want := 31.0 * 31 / 32 / 32; m.CommonGround[0].Value < want-1e-12 || m.CommonGround[0].Value > want+1e-12 {
		t.Errorf("common ground %g, want %g", m.CommonGround[0].Value, want)
	}
	html, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(html, []byte("The river")) || !bytes.Contains(html, []byte("Terreno común")) {
		t.Errorf("page %.80q, %v", html, err)
	}
}

func TestOpinionCommandSaysWhatIsWrong(t *testing.T) {
	good := export(t, 60)
	bad := export(t, 60)
	if err := os.WriteFile(filepath.Join(bad, "votes.csv"), []byte("comment-id,voter-id,vote\n1,a,5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "map.html")
	for _, c := range []struct {
		command OpinionCmd
		want    string
	}{
		{OpinionCmd{Dir: bad, Lang: "en", Report: page}, `votes.csv, line 2: the vote is "5"; it can be -1, 0 or 1`},
		{OpinionCmd{Dir: good, Lang: "en", K: 1, Report: page}, "1 groups: expected 2 to 12"},
		{OpinionCmd{Dir: good, Lang: "xx", Report: page}, "--lang xx: the languages are en, es"},
		{OpinionCmd{Dir: t.TempDir(), Lang: "en", Report: page}, "There is neither votes.csv nor participants-votes.csv"},
		{OpinionCmd{Dir: good, Lang: "en", Report: filepath.Join(page, "no", "such")}, "--report: "},
	} {
		var out bytes.Buffer
		err := c.command.run(context.Background(), &out)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.command, err, c.want)
		}
		if _, err := os.Stat(page); err == nil || out.Len() > 0 {
			t.Errorf("%+v: something was written", c.command)
		}
	}
}

func TestOpinionCommandEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	page := filepath.Join(t.TempDir(), "map.html")
	c := OpinionCmd{Dir: export(t, 60), Lang: "en", Report: page}
	if err := c.run(ctx, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("ended with %v", err)
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("an interrupted command wrote its page")
	}
}
