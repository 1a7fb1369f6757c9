package clause

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// list makes clauses from a short form: "a b:text" is clause a with text "a", clause b with text "text".
func list(short string) []Clause {
	var out []Clause
	for _, w := range strings.Fields(short) {
		id, text, ok := strings.Cut(w, ":")
		if !ok {
			text = id
		}
		out = append(out, Clause{ID: id, Kind: Passage, Text: text})
	}
	return out
}

func TestDiff(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""},
		{"a b", "a b", "kept a, kept b"},
		{"a b c", "a c", "kept a, dropped b, kept c"},
		{"a c", "a b c", "kept a, added b, kept c"},
		{"a b", "a b:x", "kept a, changed b"},
		{"a b c d", "d a b c", "moved d, kept a, kept b, kept c"},
		{"a b c", "c:x a b", "changed c moved, kept a, kept b"},
		{"a b", "c d", "dropped a, dropped b, added c, added d"},
		{"a b c", "", "dropped a, dropped b, dropped c"},
		{"a a", "a a:x a", "kept a, changed a, added a"},
	} {
		var got []string
		for _, ch := range Diff(list(c.a), list(c.b)) {
			s := fmt.Sprint(ch.State, " ", ch.ID)
			if ch.State == Changed && ch.Moved {
				s += " moved"
			}
			got = append(got, s)
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("Diff(%q, %q)\n got %s\nwant %s", c.a, c.b, s, c.want)
		}
	}
}

func TestDiffFields(t *testing.T) {
	a := Clause{ID: "a", Kind: Step, Heading: "Meet", Text: "We meet.", When: "in May"}
	b := a
	b.Text, b.When = "We meet twice.", "in June"
	got := Diff([]Clause{a}, []Clause{b})
	want := []Change{{ID: "a", State: Changed, From: 0, To: 0, Before: a, After: b, Fields: []FieldChange{
		{FieldText, "We meet.", "We meet twice."}, {FieldWhen, "in May", "in June"},
	}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if s := show(got[0].Fields[0].Words()); s != "We meet{+ twice+}." {
		t.Error(s)
	}
}

// TestFieldsWhole: every field but the id can be read, written and told apart.
func TestFieldsWhole(t *testing.T) {
	var c Clause
	for _, f := range Fields {
		before := c
		c.Set(f, "x")
		if c.Get(f) != "x" || c == before {
			t.Errorf("field %s can't be set", f)
		}
	}
	if want := (Clause{"", "x", "x", "x", "x", "x", "x", "x", "x", "x", "x", "x", "x"}); c != want {
		t.Errorf("after setting every field: %+v", c)
	}
}
