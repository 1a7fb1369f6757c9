package web

import (
	"strings"
	"testing"
)

func TestAmbiguousBodiesAreRefused(t *testing.T) {
	t.Parallel()
	for body, good := range map[string]bool{
		`{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`: true,
		`{"a":"a","b":["a","a",{"a":"a"}]}`:         true,
		`"words"`:                                   true,
		`{"a":1,"a":2}`:                             false,
		`{"a":1,"\u0061":2}`:                        false,
		`{"b":[{"c":{"a":1,"a":1}}]}`:               false,
		`{"a":1} {"b":2}`:                           true, // encoding/json refuses it next
		"{\"a\":\"\xff\"}":                          false,
		strings.Repeat("[", maxNesting+1):           false,
		strings.Repeat("[", maxNesting) + strings.Repeat("]", maxNesting):     true,
		strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000): false,
		`{"a":1`: false,
		`}`:      false,
	} {
		if err := unambiguous([]byte(body)); (err == nil) != good {
			t.Errorf("%.60s: %v", body, err)
		}
		var v any
		if err := strictJSON.Unmarshal([]byte(body), &v); err == nil && !good {
			t.Errorf("%.60s was read", body)
		}
	}
	var v any
	if strictJSON.Unmarshal([]byte(`{"a":1} {"b":2}`), &v) == nil {
		t.Error("two documents were read as one")
	}
}
