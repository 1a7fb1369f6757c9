package check

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"translocal/blueprint/clause"
	"translocal/fault"
)

const (
	report     = "The council shall publish a report on the budget each year before the end of March, and shall answer questions about it in a public meeting."
	softReport = "The council is invited to publish some report on the budget when it finds the time to write one."
	hardReport = "The council shall publish a report on the budget every month, and any resident can ask a court to order it if the report is late by a week."
	informe    = "El concejo debe publicar un informe sobre el presupuesto cada año antes de terminar marzo y responder las preguntas en una sesión pública."
	waters     = "Everybody who lives beside the river can ask the guardians to inspect works that change its course or its waters."
)

func known() *Corpus {
	model := Text{ID: "m", Source: Model, Title: "Budget", Language: "en", Family: "b", Clauses: []Clause{
		{Clause: clause.Clause{ID: "aa", Heading: "Report", Text: report, Softer: softReport, Stronger: hardReport}, Warnings: []Note{{Kind: "unfunded", Text: "There was no money."}}},
		{Clause: clause.Clause{ID: "bb", Heading: "River", Text: waters}},
		{Clause: clause.Clause{ID: "cc", Text: "The {{body}} meets on the first day of {{month}} in a hall that everybody can enter without a step."}},
	}}
	adapted := Text{ID: "a", Source: Own, Title: "Ours", Language: "en", Family: "b", Parents: []string{"m"}, Clauses: []Clause{
		{Clause: clause.Clause{ID: "aa", Text: hardReport}},
	}}
	spanish := Text{ID: "s", Source: Model, Language: "es", Clauses: []Clause{{Clause: clause.Clause{ID: "aa", Text: informe}}}}
	return NewCorpus([]Text{model, adapted, spanish})
}

func TestStates(t *testing.T) {
	// The adaptation and the model hold the harder wording both; without the former the source judges.
	only := func(x Text) bool { return x.Source == Model }
	for _, c := range []struct {
		name, draft string
		state       State
		how         How
	}{
		{"the same", report, Kept, BySame},
		{"the same in capitals", strings.ToUpper(report), Kept, BySame},
		{"blanks filled", "The town assembly meets on the first day of October in a hall that everybody can enter without a step.", Kept, BySame},
		{"softer", softReport, Weaker, BySofter},
		{"softer, edited", strings.Replace(softReport, "some report", "a short report", 1), Weaker, BySofter},
		{"stronger", hardReport, Stronger, ByStronger},
		{"words that allow", strings.ReplaceAll(report, "shall", "may"), Weaker, ByModal},
		{"a prohibition", strings.Replace(report, "shall", "shall not", 1), Changed, OpenNot},
		{"the stronger turned round", strings.Replace(hardReport, "shall", "shall not", 1), Changed, OpenNot},
		{"other words", strings.Replace(report, "budget", "accounts", 1), Changed, Open},
		{"new", "Dogs are welcome in the library on Sundays.", New, ByNone},
		{"permite", strings.Replace(informe, "debe", "podrá", 1), Weaker, ByModal},
		{"no", strings.Replace(informe, "debe", "no debe", 1), Changed, OpenNot},
		{"otra palabra", strings.Replace(informe, "presupuesto", "gasto", 1), Changed, Open},
	} {
		r, err := known().Check(t.Context(), c.draft, only)
		if err != nil || len(r.Items) != 1 {
			t.Fatalf("%s: %v, %d clauses", c.name, err, len(r.Items))
		}
		if x := r.Items[0]; x.State != c.state || x.How != c.how {
			t.Errorf("%s: %s by %s, wanted %s by %s", c.name, x.State, x.How, c.state, c.how)
		}
	}
}

func TestFewWordsAreTheSameOrNew(t *testing.T) {
	c := NewCorpus([]Text{{Clauses: []Clause{
		{Clause: clause.Clause{Text: "Open data policy."}},
		{Clause: clause.Clause{Text: "The council keeps a list."}},
		{Clause: clause.Clause{Text: "市政府每年三月公布预算报告。"}},
	}}})
	for text, want := range map[string]bool{
		"Open data.":                    false,
		"OPEN DATA POLICY":              true,
		"The council keeps a long list": true,
		"市政府每年五月公布预算报告。":                true,
	} {
		var closest float64
		if near := c.near(text, nil, &closest); len(near) > 0 != want || closest < half {
			t.Errorf("%s: near %v, closest %v", text, near, closest)
		}
	}
}

func TestNumbersAreLeftOpen(t *testing.T) {
	c := NewCorpus([]Text{FileText("x.md", "A vote needs 40 of the members to be present in the hall and counted.")})
	r, err := c.Check(t.Context(), "A vote needs 60 of the members to be present in the hall and counted.", nil)
	if err != nil || r.Items[0].State != Changed || r.Items[0].How != OpenNumber {
		t.Error(r.Items, err)
	}
}

func TestLineageAndLacks(t *testing.T) {
	r, err := known().Check(t.Context(), report, nil)
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Items[0].Lineage; len(l) != 1 || l[0].Text != 1 || l[0].State != "stronger" {
		t.Error(l)
	}
	if w := r.Clause(r.Items[0].Near[0].Text, r.Items[0].Near[0].Clause).Warnings; len(w) != 1 || w[0].Kind != "unfunded" {
		t.Error(w)
	}
	// Two texts are comparable; the river stands in one of them, which is not most.
	if len(r.Comparable) != 2 || len(r.Lacks) != 0 {
		t.Error(r.Comparable, r.Lacks)
	}
	r, err = known().Check(t.Context(), waters, nil)
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Items[0].Lineage; len(l) != 1 || l[0].State != "dropped" {
		t.Error(l)
	}
	if len(r.Lacks) != 1 || r.Clause(r.Lacks[0].Text, r.Lacks[0].Clause).ID != "aa" || r.Lacks[0].In != 2 {
		t.Error(r.Lacks)
	}
}

func TestHostileDrafts(t *testing.T) {
	c := known()
	for name, draft := range map[string]string{
		"nothing":      " \n\n",
		"too long":     strings.Repeat("x", MaxBytes+1),
		"many clauses": strings.Repeat("One clause is here.\n\n", MaxClauses+1),
		"a long word":  strings.Repeat("x", MaxBytes),
	} {
		if _, err := c.Check(t.Context(), draft, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Check(gone, report, nil); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(report + "\n\n" + informe)
	f.Add("# A\n\n1. {{x}}\n2. {{\n\x00\xff")
	more := Text{ID: "z", Source: Model}
	for i := range fewest { // enough that words can be rare
		more.Clauses = append(more.Clauses, Clause{Clause: clause.Clause{ID: fmt.Sprint(i), Text: fmt.Sprintf("Every filler%d clause talks of matter%d alone.", i, i/2)}})
	}
	c := NewCorpus(append(known().texts, more))
	f.Add("filler3 matter1 report budget publish\n\nfiller3 clause and matter1 talks")
	f.Fuzz(func(t *testing.T, draft string) {
		r, err := c.Check(t.Context(), draft, nil)
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatal(err)
			}
			return
		}
		n := 0
		for _, s := range States {
			n += r.Count(s)
		}
		if n != len(r.Items) {
			t.Errorf("%d clauses in states, of %d", n, len(r.Items))
		}
	})
}

// BenchmarkCheck checks drafts of 20 clauses of 80 words against 10,000 such clauses, each with a softer
// and a stronger wording.
func BenchmarkCheck(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		w := make([]string, 80)
		for i := range w {
			w[i] = fmt.Sprint("w", int(4000*r.Float64()*r.Float64()*r.Float64()))
		}
		return strings.Join(w, " ") + "."
	}
	var texts []Text
	for i := range 500 {
		t := Text{ID: fmt.Sprint(i)}
		for j := range 20 {
			t.Clauses = append(t.Clauses, Clause{Clause: clause.Clause{ID: fmt.Sprint(j), Text: text(), Softer: text(), Stronger: text()}})
		}
		texts = append(texts, t)
	}
	c := NewCorpus(texts)
	var draft strings.Builder
	for j := range 20 {
		draft.WriteString(texts[25*j].Clauses[j].Text + "\n\n")
	}
	for b.Loop() {
		if _, err := c.Check(b.Context(), draft.String(), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/20/1000, "ms/clause")
}

// What is not to be looked at hides nothing that is: neither by standing nearer, nor by what was made of it.
func TestOnlySomeTextsAreLookedAt(t *testing.T) {
	texts := []Text{{ID: "m", Source: Model, Clauses: []Clause{{Clause: clause.Clause{ID: "aa", Text: report}}}}}
	nearer := strings.Replace(report, "each year", "every year", 1)
	for i := range 3 * look {
		texts = append(texts, Text{ID: fmt.Sprint(i), Source: Own, Parents: []string{"m"}, Clauses: []Clause{{Clause: clause.Clause{ID: "aa", Text: nearer}}}})
	}
	r, err := NewCorpus(texts).Check(t.Context(), nearer, func(x Text) bool { return x.Source == Model })
	if err != nil || len(r.Items) != 1 || len(r.Items[0].Near) != 1 || r.Items[0].Near[0].Text != 0 || r.Items[0].State == New {
		t.Fatal(err, r.Items)
	}
	if l := r.Items[0].Lineage; len(l) != 0 {
		t.Error("texts that were not to be looked at:", l)
	}
	if r, err = NewCorpus(texts).Check(t.Context(), report, nil); err != nil || len(r.Items[0].Lineage) != 3*look {
		t.Error(err, len(r.Items[0].Lineage))
	}
}
