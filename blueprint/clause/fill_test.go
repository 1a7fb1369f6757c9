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
