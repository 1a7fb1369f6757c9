package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

const quartersFile = "META\nkey;value\ndescription;Quarters\nbudget;300\nvote_type;approval\nrule;greedy\ncurrency;EUR\n" +
	"PROJECTS\nproject_id;cost;district;name\n1;90;North;Bench\n2;60;North;Tree\n3;150;South;Fountain\n4;60;South;Swing <b>\n" +
	"VOTES\nvoter_id;vote\na;1,3\nb;1,4\nc;2,4\nd;\n"

// potsArgs runs the command as its arguments say.
func potsArgs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var cli struct {
		Pots PotsCmd `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"pots"}, args...)); err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = cli.Pots.run(context.Background(), &out)
	return out.String(), err
}

// By hand: claims 100 and 50 × 4 = 200 of a budget of 300 are 100 and 200. In the
// north the bench has two votes and costs 90, so the tree no longer fits; in
// the south the swing has two votes, and after its 60 the fountain's 150 are too much.
func TestPots(t *testing.T) {
	file := write(t, "quarters.pb", quartersFile)
	pots := write(t, "pots.csv", "pot;people;need\nNorth;100;\nSouth;50;4\nWest;0;1\n")
	out, err := potsArgs(t, file, pots, "--by", "district", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Budget string
		Pots   []struct {
			Pot, Need, Share string
			Outcome          *struct {
				Winners []string
				Spent   string
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err, out)
	}
	north, south, west := got.Pots[0], got.Pots[1], got.Pots[2]
	if got.Budget != "300" || north.Share != "100" || south.Share != "200" || south.Need != "4" || west.Share != "0" || west.Outcome != nil {
		t.Error(out)
	}
	if strings.Join(north.Outcome.Winners, " ") != "1" || strings.Join(south.Outcome.Winners, " ") != "4" || south.Outcome.Spent != "60" {
		t.Error(out)
	}
	page := filepath.Join(t.TempDir(), "pots.html")
	if _, err := potsArgs(t, file, pots, "--by", "district", "--report", page, "--lang", "es"); err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Swing &lt;b&gt;", "<h2 lang=\"\" dir=\"auto\">South</h2>", "100 EUR", "Ningún proyecto", "translocal pots quarters.pb pots.csv --by district --unit 1 --rule greedy-votes", `id="pot2-money-title"`} {
		if !strings.Contains(strings.ReplaceAll(string(html), "\u00a0", " "), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestPotsRefuses(t *testing.T) {
	file := write(t, "quarters.pb", quartersFile)
	for table, want := range map[string]string{
		"":                                     "line 1: found columns",
		"pot,need\nNorth,1\n":                  "expected columns pot, people",
		"pot,people\nNorth,1\n":                `no budget for "South"`,
		"pot,people\nNorth,1\nNorth,2\n":       "line 3: found pot \"North\" again (first on line 2)",
		"pot,people\nNorth,-1\nSouth,2\n":      `line 2: found "-1"`,
		"pot,people,need\nNorth,1,NaN\n":       `line 2: found "NaN"`,
		"pot,people,need\nNorth,1\n":           "line 2: found 2 fields",
		"pot,people,need\nNorth,1,0\nSouth,0,": "nobody to share with",
		"pot,people,people\nNorth,1,0\n":       "again",
	} {
		if _, err := potsArgs(t, file, write(t, "pots.csv", table), "--by", "district"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %s", table, err, want)
		}
	}
	pots := write(t, "pots.csv", "pot,people\nNorth,1\nSouth,1\n")
	for _, args := range [][]string{{"--by", "quarter"}, {"--by", "district", "--unit", "0"}, {"--by", "district", "--rule", "irv"}} {
		if out, err := potsArgs(t, append([]string{file, pots}, args...)...); err == nil {
			t.Errorf("%v: %s", args, out)
		}
	}
}
