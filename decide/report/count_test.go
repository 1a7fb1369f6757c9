package report

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"translocal/decide/tally"
	"translocal/i18n"
)

// unfilled is what a page must not hold: a missing message, a placeholder.
var unfilled = regexp.MustCompile(`⟦|\{[a-z_]+\}|%!|<nil>`)

// counted counts a file's text by a rule.
func counted(t *testing.T, file, content string, r tally.Rule) Counted {
	t.Helper()
	format, err := tally.FormatOf(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := format.Parse([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	o, err := tally.Count(e, r)
	if err != nil {
		t.Fatalf("%s by %s: %v", file, r.Text(), err)
	}
	return Counted{Election: e, Outcome: o, File: file, Data: []byte(content)}
}

// renderCount writes page and text in a language in which no message may be
// missing.
func renderCount(t *testing.T, c Counted, lang string) (page, text string) {
	t.Helper()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := bundle.Strict().Printer(lang)
	var html, plain bytes.Buffer
	if err := Count(&html, c, p); err != nil {
		t.Fatal(err)
	}
	if err := CountText(&plain, c, p); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{withoutStyle(html.String()), plain.String()} {
		if found := unfilled.FindString(out); found != "" {
			t.Errorf("%s, %s: the report holds %q", c.Outcome.Rule.Text(), lang, found)
		}
	}
	return html.String(), plain.String()
}

// checkPage holds a page to what every page must be: whole in itself, without
// script, with what a screen reader needs.
func checkPage(t *testing.T, page string) map[string]int {
	t.Helper()
	count := elements(t, page)
	if count["script"]+count["img"]+count["link"]+count["iframe"]+count["form"] != 0 || count["h1"] != 1 {
		t.Errorf("elements %v", count)
	}
	if count["caption"] != count["table"] || count["svg"] != count["title"]-1 || count["svg"] != count["desc"] {
		t.Errorf("%d tables with %d captions, %d pictures with %d titles and %d descriptions", count["table"], count["caption"], count["svg"], count["title"]-1, count["desc"])
	}
	return count
}

const budgetFile = "META\nkey;value\ndescription;Trees <b>& us</b>\nbudget;100\ncurrency;EUR\nvote_type;approval\nnum_votes;11\n" +
	"PROJECTS\nproject_id;cost;name\na;20;</h1><script>alert(1)</script>\nb;20;Bench\nc;20;\nd;20;Dam\ne;30;Elms\nf;90;Fountain\n" +
	"VOTES\nvoter_id;vote\nsecret-1;a,b,c\nsecret-2;a,b,c\nsecret-3;a,b,c\nsecret-4;a,b,c\nsecret-5;a,b,c\nsecret-6;a,b,c,f\nsecret-7;d,e\nsecret-8;d,e\nsecret-9;d,e\nsecret-10;d,e\n"

func TestBudgetReport(t *testing.T) {
	for _, r := range []tally.Rule{
		{Name: "equal-shares"}, {Name: "equal-shares", Completion: "add1+greedy", Stop: "overspend", Integral: true, Comparison: true},
		{Name: "equal-shares", Utility: "count", Completion: "phragmen"}, {Name: "equal-shares", Tie: tally.Tie{By: tally.TieOpen}},
		{Name: "phragmen", Tie: tally.Tie{By: tally.TieLot, Seed: "<spring>"}}, {Name: "greedy-votes", NoSkip: true}, {Name: "greedy-votes-per-cost", Tie: tally.Tie{By: tally.TieVotesCost}},
	} {
		c := counted(t, "trees.pb", budgetFile, r)
		for _, lang := range []string{"en", "es"} {
			page, text := renderCount(t, c, lang)
			count := checkPage(t, page)
			if count["b"] != 0 || strings.Contains(page, "secret-") || strings.Contains(text, "secret-") {
				t.Errorf("%s: the page lets through what it must not", r.Text())
			}
			if count["svg"] == 0 && len(c.Outcome.Tied) == 0 {
				t.Errorf("%s: no picture", r.Text())
			}
			for _, want := range []string{"Trees &lt;b&gt;&amp; us&lt;/b&gt;", "translocal tally trees.pb --rule " + r.Name} {
				if !strings.Contains(page, want) {
					t.Errorf("%s: the page lacks %q", r.Text(), want)
				}
			}
		}
	}
	// Of 100 the file announces 11 votes and has 10; a, b, c cost 60 and each of six pays 3 1/3 for each.
	page, text := renderCount(t, counted(t, "trees.pb", budgetFile, tally.Rule{Name: "equal-shares"}), "en")
	for _, want := range []string{"announces 11 votes and has 10", "about 3.33", "80\u00a0EUR of 100\u00a0EUR", "Each of 10 voters could spend 10\u00a0EUR"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.Contains(text, "- Bench (b), 20 EUR\n") {
		t.Errorf("the text lacks a winner:\n%s", text)
	}
}

// A tie that made no difference says that all tied win.
func TestTieWithoutDifference(t *testing.T) {
	const file = "META\nkey;value\nbudget;40\nvote_type;approval\nPROJECTS\nproject_id;cost\na;20\nb;20\nVOTES\nvoter_id;vote\n1;a\n2;b\n"
	page, _ := renderCount(t, counted(t, "two.pb", file, tally.Rule{Name: "phragmen", Tie: tally.Tie{By: tally.TieOpen}}), "en")
	if !strings.Contains(page, "all of them win") {
		t.Error("the page does not say what came of the tie")
	}
}

func TestRankedReports(t *testing.T) {
	const ballots = "4 1\n5 1 2 3 0\n4 2 3 1 0\n3 3 1 2 0\n2 4 3=2 0\n0\n\"Ana\"\n\"Bea, \"\"B\"\"\"\n\"Cai\"\n\"Dov\"\n\"Chair\"\n"
	for _, name := range []string{"irv", "schulze", "ranked-pairs", "minimax", "copeland", "split-cycle", "smith", "plurality", "stv-scottish", "stv-wigm", "stv-meek", "approval"} {
		for _, tie := range []tally.Tie{{}, {By: tally.TieOpen}} {
			content := ballots
			if strings.HasPrefix(name, "stv") || name == "irv" || name == "plurality" {
				content = strings.Replace(content, "3=2", "3 2", 1)
			}
			c := counted(t, "chair.blt", content, tally.Rule{Name: name, Tie: tie})
			for _, lang := range []string{"en", "es"} {
				page, text := renderCount(t, c, lang)
				checkPage(t, page)
				if !strings.Contains(page, "Ana") || text == "" {
					t.Errorf("%s: no candidate is named", name)
				}
			}
		}
	}
}

func TestPositionReports(t *testing.T) {
	const ballots = "voter,position\n1,agree\n2,agree\n3,object\n4,abstain\n5,stand-aside\n"
	for _, s := range []string{"consent", "consensus", "consensus-minus:1", "majority", "supermajority:2/3"} {
		r, err := tally.ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, r.Quorum.Voters = range []int64{0, 4, 9} {
			c := counted(t, "dam.csv", ballots, r)
			for _, lang := range []string{"en", "es"} {
				page, _ := renderCount(t, c, lang)
				checkPage(t, page)
			}
		}
	}
}

// TestRealReports writes a report of every kind of real file.
func TestRealReports(t *testing.T) {
	dir := os.Getenv("TRANSLOCAL_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	for pattern, rules := range map[string][]string{
		"pb/*.pb": {"equal-shares", "greedy-votes"}, "ranked/us/*.toi": {"irv", "schulze"}, "ranked/scotland/*.blt": {"stv-scottish"}, "ranked/debian/*.soi": {"ranked-pairs"},
	} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Skip("the real elections are not here: set TRANSLOCAL_TEST_DATA, or put them into ../shared/data")
		}
		for i, file := range files {
			if i%8 > 0 {
				continue // a few are enough: pages differ in length only
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range rules {
				page, _ := renderCount(t, counted(t, filepath.Base(file), string(data), tally.Rule{Name: rule}), "es")
				checkPage(t, page)
			}
		}
	}
}

func TestCommand(t *testing.T) {
	r := tally.Rule{Name: "equal-shares", Completion: "add1", Integral: true, Tie: tally.Tie{By: tally.TieLot, Seed: "it's me"}}
	v := newCountPage(counted(t, "my trees.pb", budgetFile, r), nil)
	want := `translocal tally 'my trees.pb' --rule equal-shares --utility cost --completion add1 --stop exhaustive --integral --increment 1 --tie 'lot:it'\''s me'`
	if got := v.Command(); got != want {
		t.Errorf("%s\nexpected %s", got, want)
	}
}

// A tie over who leaves does not read like one over who wins.
func TestTieResults(t *testing.T) {
	c := counted(t, "chair.blt", "3 1\n4 1 0\n3 2 3 0\n3 3 2 0\n0\nAna\nBen\nCleo\nChair\n", tally.Rule{Name: "irv"})
	if _, text := renderCount(t, c, "en"); !strings.Contains(text, "Tie among Ben, Cleo: Cleo is out (by id)") {
		t.Errorf("%s", text)
	}
}

// What became of a proposal stands first, in words; so many people that the bar's
// number is long are not cut off.
func TestProposalReport(t *testing.T) {
	const file = "voter,position,weight\na,agree,9000000000000\nb,block,1\n"
	for rule, want := range map[string]string{
		"consensus": "The proposal does not pass.", "majority": "The proposal passes.",
	} {
		page, _ := renderCount(t, counted(t, "dam.csv", file, tally.Rule{Name: rule}), "en")
		if checkPage(t, page)["svg"] != 1 || !strings.Contains(page, want) || strings.Index(page, want) > strings.Index(page, "Agree: 9,000,000,000,000. Object or block: 1") {
			t.Errorf("%s: %q does not stand before the numbers", rule, want)
		}
	}
	f := figure{}
	f.add("x", tally.Int(5), strings.Repeat("9", 20), tally.Number{})
	bar := f.Bars()[0]
	if x, err := strconv.ParseFloat(bar.ValueX, 64); err != nil || x+20*letterWidth > figureWidth {
		t.Errorf("a value of 20 letters begins at %s of %d", bar.ValueX, figureWidth)
	}
}

// A circle of three: A over B and B over C by 3, C over A by 1, which is the weakest.
// Tables say what they count, and Split Cycle which defeats stand.
func TestRankedReportsSayWhatTheyCount(t *testing.T) {
	const file = "3 1\n3 1 2 3 0\n2 2 3 1 0\n2 3 1 2 0\n0\n\"A\"\n\"B\"\n\"C\"\n\"T\"\n"
	for rule, want := range map[string]string{
		"schulze": ">Strength</th>", "minimax": ">Margin</th>", "copeland": ">Duels won</th>", "irv": ">Votes</th>",
		"split-cycle": `<th scope="row" lang="" dir="auto">A</th><td lang="" dir="auto">B</td></tr>`,
	} {
		page, _ := renderCount(t, counted(t, "three.blt", file, tally.Rule{Name: rule}), "en")
		checkPage(t, page)
		if !strings.Contains(page, want) {
			t.Errorf("%s: the page lacks %s", rule, want)
		}
	}
}
