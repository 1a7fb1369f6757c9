package tally

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"math/big"
)

// exactly compares rationals by value.
var exactly = cmp.Comparer(func(a, b *big.Rat) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Cmp(b) == 0
})

// trapped holds every trap that real files have, in one file.
const trapped = "\xef\xbb\xbfmeta\r\n key ; value \r\ndescription;\"Budget of \"\"here\"\"; and there\"\r\nnum_projects;4\r\nnum_votes;5\r\n" +
	"budget;1000,50\r\nvote_type;approval\r\nrule;greedy\r\ncomment;\"two\r\nlines\"\r\n;;\r\n" +
	"PROJECTS;;;;\r\nname;selected;cost;project_id;target\r\n" +
	"\"Trees; shade\";2;100.5;c14;youth\r\nBench \"by the river\";;999999999;7;\r\nNone;;1e2;2024/OBL/1;\r\nWell; 1 ; 50 ; x y ;\r\n" +
	"VOTES\r\nage;vote;voter_id\r\n34;c14,7;v1\r\n;\"c14, x y\";v2\r\n40;;v3\r\n41;None;v4\r\n42;2024/OBL/1;\"v;5\"\r\n"

func TestPabulibTraps(t *testing.T) {
	e, err := ParsePabulib([]byte(trapped))
	if err != nil {
		t.Fatal(err)
	}
	want := &Election{
		Title: `Budget of "here"; and there`, Kind: Approval, Rule: "greedy", Budget: rat("1000.5"),
		Options: []Option{
			{ID: "c14", Name: "Trees; shade", Cost: rat("100.5"), Extra: []string{"", "2", "100.5", "", "youth"}},
			{ID: "7", Name: `Bench "by the river"`, Cost: rat("999999999"), Withdrawn: true, Extra: []string{"", "", "999999999", "", ""}},
			{ID: "2024/OBL/1", Name: "None", Cost: rat("100"), Extra: []string{"", "", "1e2", "", ""}},
			{ID: "x y", Name: "Well", Cost: rat("50"), Extra: []string{"", "1", "50", "", ""}},
		},
		Ballots: []Ballot{
			{Weight: 1, Choices: []int{0, 1}, Voter: "v1", Extra: []string{"34", "", ""}},
			{Weight: 1, Choices: []int{0, 3}, Voter: "v2", Extra: []string{"", "", ""}},
			{Weight: 1, Voter: "v3", Extra: []string{"40", "", ""}},
			{Weight: 1, Voter: "v4", Extra: []string{"41", "", ""}},
			{Weight: 1, Choices: []int{2}, Voter: "v;5", Extra: []string{"42", "", ""}},
		},
		Meta: []Field{
			{"description", `Budget of "here"; and there`}, {"num_projects", "4"}, {"num_votes", "5"}, {"budget", "1000,50"},
			{"vote_type", "approval"}, {"rule", "greedy"}, {"comment", "two\r\nlines"},
		},
		OptionColumns: []string{"name", "selected", "cost", "project_id", "target"},
		BallotColumns: []string{"age", "vote", "voter_id"},
	}
	if diff := cmp.Diff(want, e, exactly); diff != "" {
		t.Error(diff)
	}
	roundTrip(t, e)
}

// roundTrip writes and reads back, and expects the same election.
func roundTrip(t *testing.T, e *Election) {
	t.Helper()
	var file bytes.Buffer
	if err := WritePabulib(&file, e); err != nil {
		t.Fatal(err)
	}
	again, err := ParsePabulib(file.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, file.String())
	}
	if diff := cmp.Diff(e, again, exactly); diff != "" {
		t.Errorf("%s\n%s", diff, file.String())
	}
}

func TestPabulibKinds(t *testing.T) {
	head := func(voteType string) string {
		return "META\nkey;value\nbudget;10\nvote_type;" + voteType + "\nPROJECTS\nproject_id;cost\na;1\nb;2\nc;3\nVOTES\n"
	}
	for _, c := range []struct {
		file string
		kind Kind
		want Ballot
	}{
		{head("choose-1") + "voter_id;vote\n1;b\n", ChooseOne, Ballot{Weight: 1, Choices: []int{1}, Voter: "1"}},
		{head("Ordinal") + "voter_id;vote\n1;c,a\n", Ordinal, Ballot{Weight: 1, Choices: []int{2, 0}, Voter: "1"}},
		{head("cumulative") + "voter_id;vote;points\n1;c,a;2.5,0\n", Cumulative, Ballot{Weight: 1, Choices: []int{2, 0}, Points: []*big.Rat{rat("2.5"), rat("0")}, Voter: "1"}},
		{head("scoring") + "points;voter_id;vote\n\"3,-1\";1;a,b\n", Score, Ballot{Weight: 1, Choices: []int{0, 1}, Points: []*big.Rat{rat("3"), rat("-1")}, Voter: "1"}},
		{head("cumulative") + "voter_id;vote;points\n1;None;None\n", Cumulative, Ballot{Weight: 1, Voter: "1"}},
		{head("cumulative") + "voter_id;vote;points\n1;;\n", Cumulative, Ballot{Weight: 1, Voter: "1"}},
	} {
		e, err := ParsePabulib([]byte(c.file))
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if e.Kind != c.kind {
			t.Errorf("kind %s, expected %s", e.Kind, c.kind)
		}
		if diff := cmp.Diff([]Ballot{c.want}, e.Ballots, exactly); diff != "" {
			t.Error(diff)
		}
		roundTrip(t, e)
	}
}

// A broken file names its line, and gives no election.
func TestPabulibBroken(t *testing.T) {
	const good = "META\nkey;value\nbudget;10\nvote_type;approval\nPROJECTS\nproject_id;cost;name\na;1;A\nb;2;B\nVOTES\nvoter_id;vote\n1;a\n2;a,b\n"
	if _, err := ParsePabulib([]byte(good)); err != nil {
		t.Fatal(err)
	}
	scored := strings.NewReplacer("vote_type;approval", "vote_type;cumulative", "voter_id;vote", "voter_id;vote;points", "1;a\n", "1;a;1\n", "2;a,b", "2;a,b;1,2").Replace(good)
	if _, err := ParsePabulib([]byte(scored)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file, old, new string
		line                 int
		says                 string // in the message
	}{
		{"nothing", good, good, "", 1, "section META"},
		{"no title", good, "META\n", "", 1, `"key"`},
		{"no projects", good, "PROJECTS\nproject_id;cost;name\na;1;A\nb;2;B\n", "", 5, "META and PROJECTS before VOTES"},
		{"no votes", good, "VOTES\nvoter_id;vote\n1;a\n2;a,b\n", "", 9, "a section VOTES"},
		{"a section twice", good, "VOTES\n", "PROJECTS\n", 9, "second section PROJECTS (the first is on line 5)"},
		{"no budget", good, "budget;10\n", "", 1, "META without budget"},
		{"empty budget", good, "budget;10", "budget;", 3, "no value for the budget"},
		{"words for a budget", good, "budget;10", "budget;plenty", 3, `"plenty"`},
		{"infinite budget", good, "budget;10", "budget;Inf", 3, `"Inf"`},
		{"NaN", good, "b;2;B", "b;NaN;B", 8, `"NaN"`},
		{"negative cost", good, "b;2;B", "b;-2;B", 8, "zero or more"},
		{"missing cost", good, "b;2;B", "b;;B", 8, `no value for the cost of project "b"`},
		{"hexadecimal", good, "b;2;B", "b;0x10;B", 8, `"0x10"`},
		{"a fraction", good, "b;2;B", "b;1/3;B", 8, `"1/3"`},
		{"thousands by comma", good, "b;2;B", "b;1,000;B", 8, "decimal point"},
		{"thousands twice", good, "b;2;B", "b;1,000,000;B", 8, "thousands"},
		{"thousands by space", good, "b;2;B", "b;1 000;B", 8, "thousands"},
		{"a number to choke on", good, "b;2;B", "b;1e999999999;B", 8, "decimal number"},
		{"too many digits", good, "b;2;B", "b;" + strings.Repeat("9", 100) + ";B", 8, "decimal number"},
		{"no vote type", good, "vote_type;approval\n", "", 1, "META without vote_type"},
		{"unknown vote type", good, "vote_type;approval", "vote_type;telepathy", 4, `"telepathy"`},
		{"no id column", good, "project_id;cost;name", "id;cost;name", 6, `"id;cost;name"`},
		{"column twice", good, "project_id;cost;name", "project_id;cost;cost", 6, `"cost"`},
		{"no id", good, "b;2;B", ";2;B", 8, "none"},
		{"id twice", good, "b;2;B", "a;2;B", 8, `project "a" again`},
		{"id with comma", good, "b;2;B", "\"b,c\";2;B", 8, "comma"},
		{"a field too many", good, "b;2;B", "b;2;B;3", 8, "4 fields"},
		{"a field too few", good, "b;2;B", "b", 8, "1 fields"},
		{"unquoted semicolon", good, "budget;10", "budget;10;5", 3, "quotes"},
		{"key twice", good, "budget;10", "budget;10\nbudget;20", 4, "first on line 3"},
		{"unknown project", good, "2;a,b", "2;a,z", 12, `a vote for "z"`},
		{"project twice in a vote", good, "2;a,b", "2;a,a", 12, `project "a" again`},
		{"empty id in a vote", good, "2;a,b", "2;a,,b", 12, "single commas"},
		{"voter twice", good, "2;a,b", "1;a,b", 12, `voter "1" again (first on line 11)`},
		{"no vote column", good, "2;a,b", "2", 12, "1 fields"},
		{"open quote", good, "b;2;B", "b;2;\"B", 8, "not closed"},
		{"text after a quote", good, "b;2;B", "b;2;\"B\"x", 8, "after a closing quote"},
		{"not UTF-8", good, "b;2;B", "b;2;B\xff", 8, "UTF-8"},
		{"UTF-16", good, "META", "\xff\xfeM", 1, "UTF-16"},
		{"two of choose-1", strings.Replace(good, "approval", "choose-1", 1), "", "", 12, "2 projects"},
		{"points missing", scored, "2;a,b;1,2", "2;a,b;", 12, "points for each of 2"},
		{"a point missing", scored, "2;a,b;1,2", "2;a,b;1", 12, "points for each of 2"},
		{"points without a vote", scored, "2;a,b;1,2", "2;;1", 12, "points for each of 0"},
		{"negative points", scored, "2;a,b;1,2", "2;a,b;1,-2", 12, `"-2"`},
		{"points NaN", scored, "2;a,b;1,2", "2;a,b;1,NaN", 12, `"NaN"`},
		{"no points column", scored, "voter_id;vote;points", "voter_id;vote;point", 10, "points"},
	} {
		file := strings.Replace(c.file, c.old, c.new, 1)
		e, err := ParsePabulib([]byte(file))
		var broken *FormatError
		switch {
		case e != nil || err == nil:
			t.Errorf("%s is read", c.name)
		case !errors.As(err, &broken) || broken.Line != c.line || broken.Found.English == "" || broken.Expected.English == "" || !strings.Contains(err.Error(), c.says):
			t.Errorf("%s: %v; expected line %d and %q", c.name, err, c.line, c.says)
		case unfilled.MatchString(err.Error()):
			t.Errorf("%s: an argument is missing: %v", c.name, err)
		}
	}
}

// What a file says of itself and gets wrong is noted, not refused: cities'
// files do.
func TestPabulibNotes(t *testing.T) {
	e, err := ParsePabulib([]byte("META\nkey;value\nbudget;10\nnum_votes;3\nnum_projects;1\nvote_type;approval\nPROJECTS\nproject_id;cost\na;1\nVOTES\nvoter_id;vote\n1;a\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Message{Msg("counting.note.num_votes", "said", "3", "found", "1")}
	if diff := cmp.Diff(want, e.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestParseDecimal(t *testing.T) {
	for s, want := range map[string]string{
		"0": "0", "5": "5", "-5": "-5", "+5": "5", "1.50": "3/2", "1,5": "3/2", "400000.0": "400000", ".5": "1/2", "5.": "5", "2000189,87": "200018987/100",
		"1e3": "1000", "1.5E+03": "1500", "25e-2": "1/4", "1,2345": "2469/2000", "007": "7",
	} {
		if r, ok, expected := parseDecimal(s); !ok || r.RatString() != want {
			t.Errorf("%q: %v, as expected %v; want %s", s, r, expected, want)
		}
	}
	for _, s := range []string{"", " ", "-", "--5", "+-5", ".", ",", "1.2.3", "1,2,3", "1.000,50", "1_000", "0x1p3", "1e", "e5", "1e1e1", "1e+", "1e5x", "1e100", "inf", "NaN", "٣", "1,000"} {
		if r, ok, expected := parseDecimal(s); ok || expected.English == "" {
			t.Errorf("%q is read as %v, expected is %v", s, r, expected)
		}
	}
}

// TestPabulibRealFilesRoundTrip writes every real file back: what is read again
// is the same to the last field, and counts alike.
func TestPabulibRealFilesRoundTrip(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(dataDir(t), "pb", "*.pb"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		e := readPabulib(t, filepath.Base(file))
		if len(e.Notes) > 0 {
			t.Errorf("%s: notes %v", file, e.Notes)
		}
		var out bytes.Buffer
		if err := WritePabulib(&out, e); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		again, err := ParsePabulib(out.Bytes())
		if err != nil {
			t.Fatalf("%s written back: %v", file, err)
		}
		if !sameElection(e, again) {
			t.Errorf("%s: what is read back differs", file)
		}
		before, after := count(t, e, Rule{Name: "greedy-votes"}), count(t, again, Rule{Name: "greedy-votes"})
		if fmt.Sprint(before.Winners, before.Ties) != fmt.Sprint(after.Winners, after.Ties) {
			t.Errorf("%s counts differently after a round trip", file)
		}
	}
}

// sameElection compares by the text of all fields: cmp is slow on 50,000 votes.
func sameElection(a, b *Election) bool {
	return electionText(a) == electionText(b)
}

func electionText(e *Election) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%q %q %q %d %v %q %q %q\n", e.Title, e.Kind, e.Rule, e.Seats, Num(e.Budget), e.Meta, e.OptionColumns, e.BallotColumns)
	for _, o := range e.Options {
		fmt.Fprintf(&s, "%q %q %v %v %q\n", o.ID, o.Name, Num(o.Cost), o.Withdrawn, o.Extra)
	}
	for _, b := range e.Ballots {
		fmt.Fprintf(&s, "%d %v %v %v %q %q\n", b.Weight, b.Choices, b.Ranks, b.Points, b.Voter, b.Extra)
	}
	return s.String()
}

// Elections from elsewhere become votes with numbers; what .pb can't hold is said.
func TestPabulibOfOthers(t *testing.T) {
	e := budget("10", []string{"a 1", "b 2.5"}, "2: a b", "1: b")
	var out bytes.Buffer
	if err := WritePabulib(&out, e); err != nil {
		t.Fatal(err)
	}
	want := "META\nkey;value\nnum_projects;2\nnum_votes;3\nbudget;10\nvote_type;approval\nPROJECTS\nproject_id;cost;name\na;1;\nb;2.5;\nVOTES\nvoter_id;vote\n1;a,b\n2;a,b\n3;b\n"
	if out.String() != want {
		t.Errorf("%q\nexpected %q", out.String(), want)
	}
	for name, spoil := range map[string]func(*Election){
		"no budget":   func(e *Election) { e.Budget = nil },
		"positions":   func(e *Election) { e.Kind = Positions },
		"equal ranks": func(e *Election) { e.Kind, e.Ballots[0].Ranks = Ordinal, []int{0, 0} },
	} {
		other := *e
		other.Ballots = append([]Ballot(nil), e.Ballots...)
		spoil(&other)
		if err := WritePabulib(&out, &other); err == nil || len(PabulibLosses(&other)) == 0 {
			t.Errorf("%s is written", name)
		}
	}
	comma := budget("10", []string{"a,b 1"}, "1: a,b")
	if err := WritePabulib(&out, comma); err == nil {
		t.Error("an id with a comma is written")
	}
}

// FuzzPabulib: no input makes the reader panic; a broken file has a line or
// concerns the whole; what is read can be written and read back the same, and
// counted.
func FuzzPabulib(f *testing.F) {
	f.Add([]byte(trapped))
	f.Add([]byte("META\nkey;value\nbudget;10\nvote_type;cumulative\nPROJECTS\nproject_id;cost\n\"META\";1\nVOTES\nvoter_id;vote;points\n\"VOTES\";META;2\n\"\";;\n"))
	f.Add([]byte("VOTES\n\nMETA\nkey;value\nvote_type;ordinal\nbudget;1e3\nPROJECTS\ncost;project_id\n1,5;a\nVOTES\nvote;voter_id\na;\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParsePabulib(data)
		if err != nil {
			if e != nil {
				t.Fatal("a broken file gives an election")
			}
			return
		}
		var out bytes.Buffer
		if err := WritePabulib(&out, e); err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		again, err := ParsePabulib(out.Bytes())
		if err != nil {
			t.Fatalf("written, but not read: %v\n%q", err, out.String())
		}
		e.Meta, again.Meta = nil, nil // counts of rows and the budget's spelling may be put right
		if !sameElection(e, again) {
			t.Fatalf("%s\nread back as\n%s\n%q", electionText(e), electionText(again), out.String())
		}
		if len(e.Options) > 12 || len(e.Ballots) > 50 {
			return
		}
		for _, name := range []string{"greedy-votes", "equal-shares", "phragmen"} {
			got, err := Count(e, Rule{Name: name})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got.Spent.Cmp(e.Budget) > 0 {
				t.Fatalf("%s spends %s of %s", name, got.Spent, Num(e.Budget))
			}
		}
	})
}
