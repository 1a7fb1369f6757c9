package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestKindSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("pull: %w", New(NotFound, "place.gone"))
	if KindOf(err) != NotFound || KindOf(errors.New("x")) != Internal {
		t.Fatal(KindOf(err))
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct{ in, want, key string }{
		{"  Rio   Claro ", "Rio Claro", ""},
		{"e\u0301", "é", ""},
		{"می\u200cخواهم", "می\u200cخواهم", ""},
		{"abc\u202ecba", "", "fault.hidden_character"},
		{"a\x00b", "", "fault.hidden_character"},
		{"a\nb", "", "fault.hidden_character"},
		{"\xff", "", "fault.encoding"},
		{strings.Repeat("x", 21), "", "fault.too_long"},
		{strings.Repeat("x", 1<<20), "", "fault.too_long"},
	} {
		got, err := Line("name", c.in, 20)
		var e *Error
		errors.As(err, &e)
		switch {
		case c.key == "" && (err != nil || got != c.want):
			t.Errorf("%q: %q, %v", c.in, got, err)
		case c.key != "" && (e == nil || e.Fields[0].Key != c.key || e.Fields[0].Name != "name"):
			t.Errorf("%q: %v, want %s", c.in, err, c.key)
		}
	}
	if got, err := Passage("text", "one\r\ntwo\n", 20); err != nil || got != "one\ntwo" {
		t.Errorf("%q %v", got, err)
	}
}
