package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// maxNesting is how deep a body of the API may be nested; the deepest that a
// call takes has about ten levels.
const maxNesting = 40

// The case of names is a switch of the whole program; huma has no other.
func init() { huma.ValidateStrictCasing = true }

// strictJSON reads the bodies of the API: what two readers could understand
// differently is refused. Names of members are told apart by their case.
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if err := unambiguous(data); err != nil {
			return err
		}
		return json.Unmarshal(data, v)
	},
}

// unambiguous refuses a document that is no UTF-8, is nested too deeply, names
// a member twice or goes on after its end.
func unambiguous(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []map[string]bool // names seen of each object that is open; nil for a list
	name := false              // the next token names a member
	for {
		t, err := d.Token()
		if err == io.EOF && len(open) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if s, ok := t.(string); ok && name {
			seen := open[len(open)-1]
			if seen[s] {
				return fmt.Errorf("the member %q stands twice", s)
			}
			seen[s], name = true, false
			continue
		}
		switch t {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > maxNesting {
			return fmt.Errorf("nested more than %d deep", maxNesting)
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}
