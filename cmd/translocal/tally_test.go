package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

const treesFile = "META\nkey;value\ndescription;Trees\nbudget;10,5\nvote_type;approval\nrule;greedy\n" +
	"PROJECTS\nproject_id;cost\nc1;4\nc2;4\nc3;4\nVOTES\nvoter_id;vote\n1;c1\n2;c2\n3;c3\n4;c2\n"

// write writes a file into a folder of the test.
func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tallyArgs runs the command as its arguments say.
func tallyArgs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var cli struct {
		Tally TallyCmd `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"tally"}, args...)); err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = cli.Tally.run(context.Background(), &out)
	return out.String(), err
}

func TestTallyJSON(t *testing.T) {
	out, err := tallyArgs(t, write(t, "trees.pb", treesFile), "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, more := range []string{"explanation", "supported", "rounds"} {
		if got[more] == nil {
			t.Errorf("no %s in %s", more, out)
		}
		delete(got, more)
	}
	want := map[string]any{
		"file": "trees.pb", "rule": "greedy-votes", "options": map[string]any{"tie": "id"},
		"winners": []any{"c2", "c1"}, "tied": []any{}, "spent": "8", "budget": "10.5",
		"ties": []any{map[string]any{"among": []any{"c1", "c3"}, "chosen": "c1", "by": "id"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTallyOptions(t *testing.T) {
	file := write(t, "trees.pb", treesFile)
	for args, want := range map[string]string{
		"--rule equal-shares --completion add1 --stop overspend --integral --increment 0.5 --tie votes-cost --utility count": `"options":{"completion":"add1","increment":"0.5","integral":true,"stop":"overspend","tie":"votes-cost","utility":"count"}`,
		"--tie open":                         `"winners":["c2"],"tied":["c1","c3"]`,
		"--tie lot:spring":                   `"tie":"lot:spring"`,
		"--rule approval":                    `"winners":["c2"]`,
		"--rule approval --seats 2 --tie id": `"winners":["c2","c1"]`,
		"--min-score 2":                      `"winners":["c2"]`,
		"--no-skip":                          `"no_skip":true`,
		"--rule phragmen":                    `"rule":"phragmen"`,
	} {
		out, err := tallyArgs(t, append([]string{file, "--json"}, strings.Fields(args)...)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v %s\nlacks %s", args, err, out, want)
		}
	}
	positions := write(t, "dam.csv", "voter,position\n1,agree\n2,agree\n3,object\n")
	for args, want := range map[string]string{
		"--rule consensus-minus:1":                           `"rule":"consensus-minus:1"`,
		"--rule supermajority:2/3 --eligible 4 --quorum 1/2": `"winners":["proposal"]`,
		"--rule majority --eligible 9 --quorum 1/2":          `"action":"no-quorum"`,
		"--rule majority --quorum 3":                         `"quorum":"3"`,
	} {
		out, err := tallyArgs(t, append([]string{positions, "--json"}, strings.Fields(args)...)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v %s\nlacks %s", args, err, out, want)
		}
	}
}

func TestTallyRefuses(t *testing.T) {
	file := write(t, "trees.pb", treesFile)
	for args, says := range map[string]string{
		"--rule coin":                       `no rule "coin"; the rules are approval`,
		"--rule irv":                        "does not count approval ballots",
		"--rule irv:2":                      "nothing after a colon",
		"--rule supermajority:3/0":          "expected a share",
		"--rule supermajority:3/2":          "expected a share",
		"--rule consensus-minus":            "how many may stand against",
		"--rule consensus-minus:-1":         "how many may stand against",
		"--tie lot:":                        "published seed",
		"--tie coin":                        "expected id, votes-cost",
		"--increment x":                     "decimal number",
		"--increment -1":                    "",
		"--rule equal-shares --increment 0": "more than zero",
		"--quorum x":                        "a number of voters",
		"--lang xx":                         "the languages are",
		"--rule approval --seats 9":         "9 seats for 3",
		"--utility joy --rule equal-shares": "expected cost, count, points or borda",
	} {
		out, err := tallyArgs(t, append([]string{file}, strings.Fields(args)...)...)
		if err == nil || out != "" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, output %q; expected %q", args, err, out, says)
		}
	}
	for name, c := range map[string]struct{ content, says string }{
		"trees.txt":   {treesFile, "must end in one of"},
		"broken.pb":   {strings.Replace(treesFile, "3;c3", "3;c9", 1), `line 16: found a vote for "c9", expected the id of a project`},
		"unknown.pb":  {strings.Replace(treesFile, "greedy", "greedy-custom", 1), "rules that fit its approval ballots: equal-shares, greedy-votes, greedy-votes-per-cost, phragmen"},
		"declares.pb": {strings.Replace(treesFile, "rule;greedy", "rule;unknown", 1), "declares no rule; rules that fit"},
	} {
		out, err := tallyArgs(t, write(t, name, c.content))
		if err == nil || out != "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, output %q; expected %q", name, err, out, c.says)
		}
	}
}

func TestTallyReport(t *testing.T) {
	file := write(t, "trees.pb", treesFile)
	page := filepath.Join(filepath.Dir(file), "out.html")
	out, err := tallyArgs(t, file, "--report", page, "--lang", "es")
	if err != nil || out != "" {
		t.Fatalf("%v, output %q", err, out)
	}
	data, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(data, []byte(`<html lang="es"`)) || !bytes.Contains(data, []byte("<svg")) {
		t.Errorf("%v: %s", err, data)
	}
	text, err := tallyArgs(t, file, "--lang", "es")
	if err != nil || !strings.HasPrefix(text, "Trees: Por votos\n- c2, 4\n- c1, 4\n") {
		t.Errorf("%v: %s", err, text)
	}
}

// An interrupt ends the count, and leaves no file.
func TestTallyInterrupted(t *testing.T) {
	file := write(t, "trees.pb", treesFile)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	page := filepath.Join(filepath.Dir(file), "out.html")
	c := TallyCmd{File: file, Rule: "equal-shares", Report: page, Lang: "en"}
	var out bytes.Buffer
	if err := c.run(ctx, &out); err == nil || out.Len() > 0 {
		t.Errorf("%v, output %q", err, out.String())
	}
	if _, err := os.Stat(page); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a page was written: %v", err)
	}
}

func TestConvert(t *testing.T) {
	ctx := context.Background()
	from := write(t, "trees.pb", treesFile)
	dir := filepath.Dir(from)
	csv := filepath.Join(dir, "trees.csv")
	if err := (&ConvertCmd{From: from, To: csv, Lang: "en"}).Run(ctx); err != nil {
		t.Fatal(err)
	}
	out, err := tallyArgs(t, csv, "--rule", "approval", "--json")
	if err != nil || !strings.Contains(out, `"winners":["c2"]`) {
		t.Errorf("%v %s", err, out)
	}
	back := filepath.Join(dir, "back.pb")
	if err := (&ConvertCmd{From: csv, To: back, Lang: "en"}).Run(ctx); err == nil || !strings.Contains(err.Error(), "needs a budget") {
		t.Errorf("an election without costs becomes a budget: %v", err)
	}
	if _, err := os.Stat(back); !errors.Is(err, os.ErrNotExist) {
		t.Error("a file was written of what can't be")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left in the folder: %v %v", entries, err)
	}
}

// A name that promises more than the orders keep is told.
func TestHoldsOrders(t *testing.T) {
	for ending, written := range map[string]string{".soc": "soc", ".toc": "soc", ".soi": "soc", ".TOI": "toi", "toi": "soc"} {
		if !holdsOrders(ending, written) {
			t.Errorf("%s holds no %s", ending, written)
		}
	}
	for ending, written := range map[string]string{".soc": "soi", ".soi": "toi", ".toc": "soi", ".SOC": "toc"} {
		if holdsOrders(ending, written) {
			t.Errorf("%s holds %s", ending, written)
		}
	}
}

func TestProgressOnlyOnATerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	bar := newProgress(f)
	bar.show(1, 2)
	bar.clear()
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("a bar was drawn into a file: %v", err)
	}
	var drawn bytes.Buffer
	bar = &progress{to: &drawn}
	for _, done := range []int64{-1, 0, 5, 5, 3, 20, 10} {
		bar.show(done, 10)
	}
	bar.clear()
	if got := strings.Count(drawn.String(), "["); got != 2 || strings.Contains(drawn.String(), "\n") {
		t.Errorf("drawn %d times: %q", got, drawn.String())
	}
}
