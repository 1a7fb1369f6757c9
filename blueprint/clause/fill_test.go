package clause

import (
	"slices"
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	values := map[string]string{"council": "Town Council", "órgano": "el Consejo", "a-b.c_1": "x", "empty": "", "loop": "{{council}}"}
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"no variables", "no variables"},
		{"The {{council}} acts.", "The Town Council acts."},
		{"{{ council }} and {{\tcouncil}}", "Town Council and Town Council"},
		{"Que {{órgano}} decida", "Que el Consejo decida"},
		{"{{a-b.c_1}}", "x"},
		{"{{unknown}} stays", "{{unknown}} stays"},
		{"{{empty}} stays", "{{empty}} stays"},
		{"{{loop}}", "{{council}}"},
		{"{{{council}}}", "{Town Council}"},
		{"{{{{council}}}}", "{{Town Council}}"},
		{"{{council", "{{council"},
		{"{{}}{{ }}{{-a}}{{a-}}{{a b}}", "{{}}{{ }}{{-a}}{{a-}}{{a b}}"},
		{"{{un{{council}}", "{{unTown Council"},
		{"{{council}{{council}}", "{{council}Town Council"},
		{"{{coun\ncil}}", "{{coun\ncil}}"},
	} {
		if got := Fill(c.text, values); got != c.want {
			t.Errorf("Fill(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestVariables(t *testing.T) {
	text := "{{b}} {{a}} {{ b }} {{{c}}} {{not one}} {{" + strings.Repeat("x", maxName+1) + "}} {{市}}"
	if got, want := Variables(text), []string{"b", "a", "c", "市"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Variables(strings.Repeat("{", 1<<20)); got != nil {
		t.Errorf("a megabyte of braces gave %q", got)
	}
}

func TestFills(t *testing.T) {
	const model = "The {{council}} publishes every contract within {{days}} days, and {{river}} is heard."
	for _, c := range []struct {
		text, model string
		want        bool
	}{
		{"The Town Council publishes every contract within thirty days, and the Ouse is heard.", model, true},
		{"the council publishes every contract within 30 days and Old Man River is heard", model, true},
		{model, model, true},
		{"The Town Council publishes every contract within thirty working days, and the Ouse is heard.", model, true},
		{"The Town Council publishes most contracts within thirty days, and the Ouse is heard.", model, false},
		{"The publishes every contract within thirty days, and the Ouse is heard.", model, false},
		{"The Town Council publishes every contract within thirty days, and the Ouse is heard at once.", model, false},
		{"The " + strings.Repeat("very ", maxFill) + "old council publishes every contract within thirty days, and the Ouse is heard.", model, false},
		{"no variables", "no variables", false},
		{"x", "{{a}}", true},
		{"", "{{a}}", false},
		{"x y z", "{{a}}{{b}}", true},
		{"x", "{{a}}{{b}}", false},
		{"市议会应当在三十天内公开合同", "{{council}}应当在{{days}}天内公开合同", true},
		{"市议会可以在三十天内公开合同", "{{council}}应当在{{days}}天内公开合同", false},
	} {
		if got := Fills(c.text, c.model); got != c.want {
			t.Errorf("Fills(%q, %q) = %v", c.text, c.model, got)
		}
	}
	long := strings.Repeat("{{a}} x ", 1000)
	if !Fills(strings.Repeat("y x ", 1000), long) {
		t.Error("a thousand variables")
	}
}
