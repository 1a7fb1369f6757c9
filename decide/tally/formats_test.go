package tally

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// writeAndRead writes an election and reads it back.
func writeAndRead(t testing.TB, f Format, e *Election) *Election {
	t.Helper()
	var out bytes.Buffer
	if err := f.Write(&out, e); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	again, err := f.Parse(out.Bytes())
	if err != nil {
		t.Fatalf("%s can't read what it wrote: %v\n%s", f.Name, err, out.String())
	}
	return again
}

func formatNamed(t testing.TB, name string) Format {
	t.Helper()
	for _, f := range Formats() {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no format %s", name)
	return Format{}
}

// wantElection compares two elections in everything.
func wantElection(t testing.TB, what string, got, want *Election) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got\n%s\nexpected\n%s", what, start(got), start(want))
	}
}

// start shows the start of an election.
func start(e *Election) string {
	text := fmt.Sprintf("%+v", e)
	return text[:min(len(text), 2000)]
}

const fullBLT = `# Held in the hall
4 2
[tie 3 1 2 4]
-2
3 1 3 4 0
(paper 17) 3 2 0
2 4 1=3 0   # a late comment
1 (1 2) - 4 0
2 0
0
"Ann, of the ""Mill"""
Basil "Orchard Party"
"Čárlotte" "River Party"
"Don # not a comment"
"Co-op board, 2026"
"counted twice"
"no spoilt papers"
`

func TestBLT(t *testing.T) {
	e, err := ParseBLT([]byte(fullBLT))
	if err != nil {
		t.Fatal(err)
	}
	want := &Election{
		Title: "Co-op board, 2026", Kind: Ordinal, Seats: 2,
		Options: []Option{
			{ID: "1", Name: `Ann, of the "Mill"`, Extra: []string{""}},
			{ID: "2", Name: `Basil "Orchard Party"`, Withdrawn: true, Extra: []string{""}},
			{ID: "3", Name: "Čárlotte", Extra: []string{"River Party"}},
			{ID: "4", Name: "Don # not a comment", Extra: []string{""}},
		},
		Ballots: []Ballot{
			{Weight: 3, Choices: []int{0, 2, 3}},
			{Weight: 1, Choices: []int{2, 1}, Voter: "paper 17"},
			{Weight: 2, Choices: []int{3, 0, 2}, Ranks: []int{0, 1, 1}},
			{Weight: 1, Choices: []int{0, 1, 3}, Ranks: []int{0, 0, 2}},
			{Weight: 2, Choices: []int{}},
		},
		Meta: []Field{
			{"comment", "Held in the hall"}, {"option", "tie 3 1 2 4"}, {"comment", "a late comment"},
			{"source", "counted twice"}, {"remark", "no spoilt papers"},
		},
		OptionColumns: []string{"party"},
	}
	wantElection(t, "parsed", e, want)
	again := writeAndRead(t, formatNamed(t, "blt"), e)
	// Comments move to the top; everything else stays where it was.
	for _, e := range []*Election{want, again} {
		slices.SortStableFunc(e.Meta, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	}
	wantElection(t, "written and read back", again, want)
	if lost := BLTLosses(e); len(lost) > 0 {
		t.Errorf("says that a BLT file can't hold what came from one: %v", lost)
	}
}

func TestBLTDialects(t *testing.T) {
	small := "2 1\n3 1 2 0\n0\n\"A\"\n\"B\"\n\"T\"\n"
	for name, text := range map[string]string{
		"byte order mark":        "\xef\xbb\xbf" + small,
		"carriage returns":       strings.ReplaceAll(small, "\n", "\r\n"),
		"all in one line":        "2 1 3 1 2 0 0 \"A\" \"B\" \"T\"",
		"names without quotes":   "2 1\n3 1 2 0\n0\nA\nB\nT",
		"blank lines":            "\n2 1\n\n3 1 2 0\n\n0\n\nA\n\nB\n\nT\n\n",
		"comments":               "/* made\nby hand */ 2 1 # so\n3 1 /* then */ 2 0 # so\n0 # end\nA\n# so\nB\nT\n",
		"tabs and outer blanks":  "\t2\t1\n  3\t1  2 0  \n0\n A \n  B\nT\n",
		"a ballot with its zero": "2 1\n1 1 2 0 2 1 2 0\n0\nA\nB\nT\n",
	} {
		e, err := ParseBLT([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(e.Options) != 2 || e.Options[0].Name != "A" || e.Options[1].Name != "B" || e.Title != "T" || e.Voters() != 3 || !slices.Equal(e.Ballots[0].Choices, []int{0, 1}) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

const fullPrefLib = `# FILE NAME: 00001-00000001.toi
# TITLE: Town: which path?
# DESCRIPTION: 
# DATA TYPE: toi
# MODIFICATION TYPE: original
# a line of its own
# PUBLICATION DATE: 2026-01-02
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 12
# NUMBER UNIQUE ORDERS: 4
# ALTERNATIVE NAME 1: By the river, "wide"
# ALTERNATIVE NAME 2: Bosque
# ALTERNATIVE NAME 3: None
6: 1,2,3
3: {1,3},2
2: 2
1: {2,3}
`

func TestPrefLib(t *testing.T) {
	e, err := ParsePrefLib([]byte(fullPrefLib))
	if err != nil {
		t.Fatal(err)
	}
	want := &Election{
		Title: "Town: which path?", Kind: Ordinal,
		Options: []Option{{ID: "1", Name: `By the river, "wide"`}, {ID: "2", Name: "Bosque"}, {ID: "3", Name: "None"}},
		Ballots: []Ballot{
			{Weight: 6, Choices: []int{0, 1, 2}},
			{Weight: 3, Choices: []int{0, 2, 1}, Ranks: []int{0, 0, 1}},
			{Weight: 2, Choices: []int{1}},
			{Weight: 1, Choices: []int{1, 2}, Ranks: []int{0, 0}},
		},
		Meta: []Field{
			{"FILE NAME", "00001-00000001.toi"}, {"TITLE", "Town: which path?"}, {"DESCRIPTION", ""}, {"DATA TYPE", "toi"},
			{"MODIFICATION TYPE", "original"}, {"", "a line of its own"}, {"PUBLICATION DATE", "2026-01-02"},
		},
	}
	wantElection(t, "parsed", e, want)
	wantElection(t, "written and read back", writeAndRead(t, formatNamed(t, "preflib"), e), want)
	if lost := PrefLibLosses(e); len(lost) > 0 {
		t.Errorf("says that a PrefLib file can't hold what came from one: %v", lost)
	}
}

// TestOldPrefLib reads the layout from before 2022, on the same votes.
func TestOldPrefLib(t *testing.T) {
	const old = "3\n1,By the river, \"wide\"\n2,Bosque\n3,None\n12,12,4\n6,1,2,3\n3,{1,3},2\n2,2\n1,{2,3}\n"
	e, err := ParsePrefLib([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	same, err := ParsePrefLib([]byte(fullPrefLib))
	if err != nil {
		t.Fatal(err)
	}
	wantElection(t, "old", e, &Election{Kind: Ordinal, Options: same.Options, Ballots: same.Ballots})
	for text, line := range map[string]int{
		"2\n1,A\n":                     3, // a name is missing
		"2\n1,A\n1,B\n1,1,1\n1,1\n":    3, // twice
		"2\n1,A\n3,B\n1,1,1\n1,1\n":    1, // not 1 to 2
		"2\n1,A\n2,B\n1,1\n1,1\n":      4,
		"2\n1,A\n2,B\n5,5,1\n4,1,2\n":  4, // five voters, four in the orders
		"2\n1,A\n2,B\n4,4,1\n4: 1,2\n": 5,
		"2\n1,A\n2,B\n4,4,1\n4,1,7\n":  5,
		"99999999999\n1,A\n":           3,
	} {
		var wrong *FormatError
		if _, err := ParsePrefLib([]byte(text)); !errors.As(err, &wrong) || wrong.Line != line {
			t.Errorf("%q: %v, expected an error in line %d", text, err, line)
		}
	}
}

func TestPrefLibTypes(t *testing.T) {
	for want, lines := range map[string][]string{
		"soc": {"1 A>B", "1 B>A"}, "soi": {"1 A>B", "1 B"}, "toc": {"1 A=B", "1 B>A"}, "toi": {"1 A=B", "1 B"},
	} {
		e := rankings(t, 0, lines...)
		if got := PrefLibType(e); got != want {
			t.Errorf("%v is %s, expected %s", lines, got, want)
		}
		if again := writeAndRead(t, formatNamed(t, "preflib"), e); again.MetaValue("DATA TYPE") != want {
			t.Errorf("%v is written as %s", lines, again.MetaValue("DATA TYPE"))
		}
	}
}

func TestCSV(t *testing.T) {
	points := func(n int64) *big.Rat { return big.NewRat(n, 2) }
	for _, test := range []struct {
		name, text string
		want       *Election
	}{
		{"positions", "voter,position,weight,why\nana,Agree,2,\nben,stand-aside,1,\"too dear; too late\"\n,block,1,\n", &Election{
			Kind: Positions, Options: []Option{{ID: "proposal"}}, BallotColumns: []string{"why"},
			Ballots: []Ballot{
				{Weight: 2, Position: Agree, Voter: "ana", Extra: []string{""}},
				{Weight: 1, Position: StandAside, Voter: "ben", Extra: []string{"too dear; too late"}},
				{Weight: 1, Position: Block, Extra: []string{""}},
			}}},
		{"ranks", "voter;rank:a|Path, wide;rank:b;rank:10\nx;2;1;\ny;1;1;3\nz;;;\n", &Election{
			Kind: Ordinal, Options: []Option{{ID: "a", Name: "Path, wide"}, {ID: "b"}, {ID: "10"}},
			Ballots: []Ballot{
				{Weight: 1, Choices: []int{1, 0}, Voter: "x"},
				{Weight: 1, Choices: []int{0, 1, 2}, Ranks: []int{0, 0, 2}, Voter: "y"},
				{Weight: 1, Voter: "z"},
			}}},
		{"approvals", "approve:a\tapprove:b\tweight\nx\t\t3\n0\tyes\t1\n", &Election{
			Kind: Approval, Options: []Option{{ID: "a"}, {ID: "b"}},
			Ballots: []Ballot{{Weight: 3, Choices: []int{0}}, {Weight: 1, Choices: []int{1}}},
		}},
		{"one choice", "choose:a,choose:b\n1,\n,1\n0,0\n", &Election{
			Kind: ChooseOne, Options: []Option{{ID: "a"}, {ID: "b"}},
			Ballots: []Ballot{{Weight: 1, Choices: []int{0}}, {Weight: 1, Choices: []int{1}}, {Weight: 1}},
		}},
		{"scores", "score:a,score:b\n\"2,5\",-1\n,0\n", &Election{
			Kind: Score, Options: []Option{{ID: "a"}, {ID: "b"}},
			Ballots: []Ballot{
				{Weight: 1, Choices: []int{0, 1}, Points: []*big.Rat{points(5), points(-2)}},
				{Weight: 1, Choices: []int{1}, Points: []*big.Rat{points(0)}},
			}}},
		{"points", "points:a,points:b\n2.5,0.5\n", &Election{
			Kind: Cumulative, Options: []Option{{ID: "a"}, {ID: "b"}},
			Ballots: []Ballot{{Weight: 1, Choices: []int{0, 1}, Points: []*big.Rat{points(5), points(1)}}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, text := range []string{test.text, "\xef\xbb\xbf" + test.text, strings.ReplaceAll(test.text, "\n", "\r\n")} {
				e, err := ParseCSV([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				wantElection(t, "parsed", e, test.want)
			}
			wantElection(t, "written and read back", writeAndRead(t, formatNamed(t, "csv"), test.want), test.want)
			if lost := CSVLosses(test.want); len(lost) > 0 {
				t.Errorf("says that a CSV file can't hold what came from one: %v", lost)
			}
		})
	}
}

// How spreadsheets write the same ballots: each reads alike.
func TestCSVAsSpreadsheetsWriteIt(t *testing.T) {
	want, err := ParseCSV([]byte("voter,score:a|Park; big,why\n1,2.5,\"x \"\"y\"\"\nz\"\n2,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"semicolons and decimal commas": "voter;\"score:a|Park; big\";why\n1;2,5;\"x \"\"y\"\"\nz\"\n2;;\n",
		"quotes everywhere":             "\"voter\",\"score:a|Park; big\",\"why\"\n\"1\",\"2,5\",\"x \"\"y\"\"\nz\"\n\"2\",\"\",\"\"",
		"sep":                           "\xef\xbb\xbfsep=;\r\nvoter;\"score:a|Park; big\";why\r\n1;2,5;\"x \"\"y\"\"\r\nz\"\r\n\r\n2;;\r\n",
		"blanks around quotes":          "voter, \"score:a|Park; big\" , why\n 1 ,\t\"2.50\" ,\"x \"\"y\"\"\nz\"\n2, ,\n",
		"tabs":                          "voter\tscore:a|Park; big\twhy\n1\t2.5\t\"x \"\"y\"\"\nz\"\n2\t\t\n",
	} {
		e, err := ParseCSV([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantElection(t, name, e, want)
	}
}

// A ballot that marks nothing in the only column is a ballot all the same.
func TestCSVKeepsAnEmptyBallot(t *testing.T) {
	e := &Election{Kind: Approval, Options: []Option{{ID: "a"}}, Ballots: []Ballot{{Weight: 1}, {Weight: 1, Choices: []int{0}}}}
	wantElection(t, "written and read back", writeAndRead(t, formatNamed(t, "csv"), e), e)
}

// unfilled finds a placeholder for which an error has no argument.
var unfilled = regexp.MustCompile(`\{[a-z]+\}`)

// Each broken file is refused with its line, what is there and what should be.
func TestBrokenFiles(t *testing.T) {
	const preflib = "# DATA TYPE: soc\n# NUMBER ALTERNATIVES: 2\n# ALTERNATIVE NAME 1: A\n# ALTERNATIVE NAME 2: B\n"
	for _, test := range []struct {
		format, name, text string
		line               int
		found, expected    string
	}{
		{"blt", "empty", "", 1, "the end of the file", "number of candidates"},
		{"blt", "no seats", "2\n", 1, "the end of the line", "number of seats"},
		{"blt", "no candidates", "0 1\n0\n", 1, "0 candidates", "at least one"},
		{"blt", "a billion candidates", "1000000000 1\n0\n", 1, "1000000000 candidates", "a name for each"},
		{"blt", "too many seats", "2 99999999999\n0\n", 1, "99999999999", "number of seats"},
		{"blt", "weight of three and a half", "2 1\n3.5 1 2 0\n", 2, `"3.5"`, "weight"},
		{"blt", "words", "2 1\none 1 2 0\n", 2, `"one"`, "weight"},
		{"blt", "weight of NaN", "2 1\nNaN 1 2 0\n", 2, `"NaN"`, "weight"},
		{"blt", "weight of a half", "2 1\n0.5 1 2 0\n", 2, `"0.5"`, "weight"},
		{"blt", "negative weight after ballots", "2 1\n1 1 0\n-2 1 0\n0\n", 3, `"-2"`, "weight"},
		{"blt", "weight above 64 bits", "2 1\n9223372036854775808 1 0\n0\nA\nB\nT\n", 2, "9223372036854775808", "weight"},
		{"blt", "weights that overflow together", "2 1\n9223372036854775807 1 0\n1 2 0\n0\nA\nB\nT\n", 3, "weight 1", "together"},
		{"blt", "no such candidate", "2 1\n1 3 0\n0\n", 2, `"3"`, "from 1 to 2"},
		{"blt", "the same candidate twice", "2 1\n1 1 2 1 0\n0\n", 2, "candidate 1 twice", "once"},
		{"blt", "twice within equals", "2 1\n1 1=1 0\n0\n", 2, "candidate 1 twice", "once"},
		{"blt", "a ballot without its zero", "2 1\n3 1 2\n4 2 0\n0\n", 2, "the end of the line", "0 at the end"},
		{"blt", "cut off within a ballot", "2 1\n3 1 2", 2, "the end of the file", "0 at the end"},
		{"blt", "cut off after the ballots", "2 1\n3 1 2 0\n", 3, "the end of the file", "0 after the last"},
		{"blt", "a number that begins with zero", "2 1\n3 1 02 0\n0\n", 2, `"02"`, "candidate's number"},
		{"blt", "too few names", "2 1\n3 1 2 0\n0\nA\n", 5, "1 names", "2 candidates"},
		{"blt", "too many lines at the end", "1 1\n0\nA\nT\nS\nR\nmore\n", 7, `"more"`, "nothing more"},
		{"blt", "withdrawn stranger", "2 1\n-3\n0\n", 2, `"3"`, "withdrawn"},
		{"blt", "unknown option", "2 1\n[nick a b]\n0\n", 2, `"nick"`, "tie"},
		{"blt", "comment without end", "2 1\n/* so\n0\n", 2, "without end", "*/"},
		{"blt", "not UTF-8", "1 1\n0\nJos\xe9\n", 3, "not UTF-8", "UTF-8"},
		{"blt", "UTF-16", "\xff\xfe1\x00 \x001\x00", 1, "not UTF-8", "UTF-8"},

		{"preflib", "empty", "", 1, "0 alternatives", "at least one"},
		{"preflib", "data type", "# DATA TYPE: cat\n", 1, `"cat"`, "soc"},
		{"preflib", "number", "# NUMBER VOTERS: many\n", 1, `"many"`, "whole number"},
		{"preflib", "a name too few", "# NUMBER ALTERNATIVES: 2\n# ALTERNATIVE NAME 1: A\n", 1, "1 names", "a name for each"},
		{"preflib", "a name twice", "# ALTERNATIVE NAME 1: A\n# ALTERNATIVE NAME 1: A\n", 2, "alternative 1 again", "once"},
		{"preflib", "a gap in the names", "# ALTERNATIVE NAME 1: A\n# ALTERNATIVE NAME 3: A\n", 3, "no name of alternative 2", "1 to 2"},
		{"preflib", "no colon", preflib + "1 1,2\n", 5, `"1,2"`, `":"`},
		{"preflib", "no number of voters", preflib + "x: 1,2\n", 5, `"x:"`, "number of voters"},
		{"preflib", "zero voters", preflib + "0: 1,2\n", 5, "", "at least 1"},
		{"preflib", "no such alternative", preflib + "1: 1,3\n", 5, `"3"`, "from 1 to 2"},
		{"preflib", "twice", preflib + "1: 1,1\n", 5, "candidate 1 twice", "once"},
		{"preflib", "incomplete", preflib + "1: 1,2\n1: 2\n", 6, "1 alternatives", "all 2"},
		{"preflib", "equals in a strict file", preflib + "1: {1,2}\n", 5, `"{1,2}"`, "no equal"},
		{"preflib", "brace without end", strings.Replace(preflib, "soc", "toc", 1) + "1: {1,2\n", 5, "the end of the line", "closing brace"},
		{"preflib", "rubbish after", preflib + "1: 1,2 x\n", 5, `"x"`, "end of the line"},
		{"preflib", "fewer voters than it says", "# NUMBER VOTERS: 3\n" + preflib + "1: 1,2\n1: 2,1\n", 1, "2 voters", "3, as this line says"},
		{"preflib", "fewer orders than it says", "# NUMBER UNIQUE ORDERS: 3\n" + preflib + "1: 1,2\n1: 2,1\n", 1, "2 orders", "3, as this line says"},
		{"preflib", "overflow", preflib + "9223372036854775807: 1,2\n1: 2,1\n", 6, "weight 1", "together"},

		{"csv", "empty", "", 1, "an empty file", "header"},
		{"csv", "no option", "voter,vote\na,b\n", 1, "voter, vote", "position"},
		{"csv", "two kinds", "rank:a,score:b\n", 1, `"score:b"`, `"rank:"`},
		{"csv", "positions and options", "position,rank:b\n", 1, "position", "or options"},
		{"csv", "an option twice", "rank:a,rank:a|x\n", 1, `"a" again`, "once"},
		{"csv", "an option without id", "rank:\n", 1, "without id", "id"},
		{"csv", "the voter column twice", "voter,Voter,position\n", 1, `"Voter" again`, "once"},
		{"csv", "position", "voter,position\na,agree\nb,maybe\n", 3, `"maybe"`, "abstain"},
		{"csv", "no position", "voter,position\na,\n", 2, `""`, "abstain"},
		{"csv", "a voter twice", "voter,position\na,agree\nb,agree\na,block\n", 4, `"a" again (first on line 2)`, "one ballot"},
		{"csv", "weight of NaN", "voter,position,weight\na,agree,NaN\n", 2, `"NaN"`, "whole number"},
		{"csv", "weight of a half", "position,weight\nagree,\"0,5\"\n", 2, `"0,5"`, "whole number"},
		{"csv", "no weight", "position,weight\nagree,\n", 2, `""`, "whole number"},
		{"csv", "negative weight", "position,weight\nagree,-1\n", 2, `"-1"`, "whole number"},
		{"csv", "overflow", "position,weight\nagree,9223372036854775807\nagree,1\n", 3, "weight 1", "together"},
		{"csv", "too few fields", "voter,position\na\n", 2, "1 fields", "2, as in the header"},
		{"csv", "too many fields", "voter,position\na,agree,x\n", 2, "3 fields", "2, as in the header"},
		{"csv", "rank", "rank:a\n0\n", 2, `"0"`, "from 1"},
		{"csv", "rank of a half", "rank:a\n1.5\n", 2, `"1.5"`, "from 1"},
		{"csv", "score", "score:a\nNaN\n", 2, `"NaN"`, "decimal number"},
		{"csv", "infinite score", "score:a\n1e999\n", 2, `"1e999"`, "decimal number"},
		{"csv", "approval", "approve:a\n2\n", 2, `"2"`, "1, x, yes"},
		{"csv", "two chosen", "choose:a,choose:b\nx,x\n", 2, "second choice", "at most one"},
		{"csv", "quotes", "voter,position\n\"a,agree\n", 2, "quote", "doubled"},
		{"csv", "a quote that is never closed", "voter,position\na,agree\n\"b,agree\nc,agree\n", 3, "quote that is not closed", "doubled"},
		{"csv", "after a field of two lines", "voter,position,why\na,agree,\"one\r\ntwo\"\nb,maybe,\n", 4, `"maybe"`, "abstain"},
		{"csv", "UTF-16 without mark", "r\x00a\x00", 1, "zero byte", "UTF-8"},
		{"csv", "lines that end in CR", "voter,position\ra,agree\rb,maybe\r", 3, `"maybe"`, "abstain"},
		{"csv", "stray quote", "voter,position\na\"b,agree\n", 2, "quote", "doubled"},
	} {
		t.Run(test.format+" "+test.name, func(t *testing.T) {
			e, err := formatNamed(t, test.format).Parse([]byte(test.text))
			var broken *FormatError
			if !errors.As(err, &broken) {
				t.Fatalf("read %+v, error %v", e, err)
			}
			if unfilled.MatchString(err.Error()) {
				t.Errorf("an argument is missing: %v", err)
			}
			if e != nil {
				t.Error("gave an election of a broken file")
			}
			if broken.Line != test.line || !strings.Contains(broken.Found.fill(broken.Args), test.found) || !strings.Contains(broken.Expected.fill(broken.Args), test.expected) {
				t.Errorf("%v\nexpected line %d: found %s, expected %s", err, test.line, test.found, test.expected)
			}
		})
	}
}

// What a format can't hold is said before it is lost.
func TestLosses(t *testing.T) {
	e := rankings(t, 2, "1 A>B", "1 B=C")
	e.Title = "T"
	e.Options[0].Withdrawn = true
	e.Options[1].Extra, e.OptionColumns = []string{"red"}, []string{"colour"}
	e.Ballots[0].Voter = "ana"
	e.Ballots[1].Ranks = []int{1, 1}
	e.Meta = []Field{{"unit", "Town"}}
	for name, want := range map[string][]string{
		"blt":     {"ids", "meta", "option_columns"},
		"preflib": {"ids", "seats", "withdrawn", "voters", "option_columns", "skipped_ranks"},
		"csv":     {"title", "meta", "seats", "withdrawn", "option_columns"},
	} {
		var got []string
		for _, m := range formatNamed(t, name).Losses(e) {
			got = append(got, strings.TrimPrefix(m.Key, "counting.loss."))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s loses %v, expected %v", name, got, want)
		}
	}
	for _, name := range []string{"blt", "preflib"} {
		if err := formatNamed(t, name).Write(&bytes.Buffer{}, positions(1, 0, 0, 0, 0)); err == nil {
			t.Errorf("%s wrote positions", name)
		}
	}
}

// What an election says twice is not told twice, nor told as lost where the
// format holds it in its own way.
func TestLossesOfABudget(t *testing.T) {
	e, err := ParsePabulib([]byte("META\nkey;value\ndescription;T\nbudget;10\nvote_type;ordinal\nrule;greedy\nPROJECTS\nproject_id;cost\n1;4\n2;5\nVOTES\nage;voter_id;vote\n7;ana;2,1\n8;ben;\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"blt":     "[budget meta:rule ballot_columns:age]",
		"preflib": "[budget voters ballot_columns:age]",
		"csv":     "[budget title meta:rule]",
	} {
		var got []string
		for _, m := range formatNamed(t, name).Losses(e) {
			key := strings.TrimPrefix(m.Key, "counting.loss.")
			if names := m.Args["names"]; names != "" {
				key += ":" + names
			}
			got = append(got, key)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s loses %v, expected %s", name, got, want)
		}
	}
	var out strings.Builder
	if err := WriteCSV(&out, e); err != nil || out.String() != "voter,age,rank:1,rank:2\nana,7,2,1\nben,8,,\n" {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestFormatOf(t *testing.T) {
	for file, want := range map[string]string{"a.pb": "pabulib", "x/B.BLT": "blt", "c.toi": "preflib", "d.soc": "preflib", "e.csv": "csv"} {
		if f, err := FormatOf(file); err != nil || f.Name != want {
			t.Errorf("%s: %s, %v", file, f.Name, err)
		}
	}
	if _, err := FormatOf("a.xlsx"); err == nil {
		t.Error("found a format for a spreadsheet")
	}
}

// Every real file reads back as it was, and counts alike.
func TestRealRankedFilesRoundTrip(t *testing.T) {
	t.Parallel()
	for _, f := range rankedFiles(t) {
		e := readRanked(t, f)
		format, err := FormatOf(f.name)
		if err != nil {
			t.Fatal(err)
		}
		again := writeAndRead(t, format, e)
		if format.Name == "preflib" && e.MetaValue(keyDataType) == "" { // one file has lost its head
			again.Meta = slices.DeleteFunc(again.Meta, func(f Field) bool { return f.Name == keyDataType })
		}
		wantElection(t, f.name, again, e)
		if lost := format.Losses(e); len(lost) > 0 {
			t.Errorf("%s: says that its own format loses %v", f.name, lost)
		}
		for _, other := range []string{"blt", "preflib", "csv"} {
			a, b := mustCount(t, e, Rule{Name: "schulze"}), mustCount(t, writeAndRead(t, formatNamed(t, other), e), Rule{Name: "schulze"})
			if x, y := asJSON(t, a), asJSON(t, b); x != y {
				t.Errorf("%s: counts otherwise as %s", f.name, other)
			}
		}
	}
}

// A fuzz target a format: whatever is read is countable, and what is written
// of it reads back the same.
func fuzzFormat(f *testing.F, name string, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	format := formatNamed(f, name)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := format.Parse(data)
		if err != nil {
			var broken *FormatError
			if !errors.As(err, &broken) || broken.Found.English == "" || broken.Expected.English == "" {
				t.Fatalf("error %v", err)
			}
			return
		}
		if err := e.Check(); err != nil {
			t.Fatalf("read what can't be counted: %v", err)
		}
		if lost := format.Losses(e); len(lost) > 0 {
			return // said, so no round trip is promised
		}
		var out bytes.Buffer
		if err := format.Write(&out, e); err != nil {
			t.Fatalf("can't write what was read: %v", err)
		}
		again, err := format.Parse(out.Bytes())
		if err != nil {
			t.Fatalf("can't read what was written: %v\n%s", err, out.String())
		}
		var twice bytes.Buffer
		if err := format.Write(&twice, again); err != nil || !bytes.Equal(out.Bytes(), twice.Bytes()) {
			t.Fatalf("written twice: %v\n%s\nthen\n%s", err, out.String(), twice.String())
		}
		if fmt.Sprint(e.Options) != fmt.Sprint(again.Options) || e.Voters() != again.Voters() || e.Title != again.Title {
			t.Fatalf("read %v %q, then %v %q", e.Options, e.Title, again.Options, again.Title)
		}
	})
}

func FuzzBLT(f *testing.F) {
	fuzzFormat(f, "blt", fullBLT, "2 1\n1 1=2 0\n0\nA\nB\nT", "1 1\n-1\n0\n\"\"\"\"\n")
}

func FuzzPrefLib(f *testing.F) {
	fuzzFormat(f, "preflib", fullPrefLib, "# ALTERNATIVE NAME 1: A\n1: 1\n", "2\n1,A\n2,B\n4,4,1\n4,1,2\n")
}

func FuzzCSV(f *testing.F) {
	fuzzFormat(f, "csv", "voter,position,weight\na,agree,1\n", "rank:a|A;rank:b\n1;1\n", "score:a\n\"1,5\"\n")
}
