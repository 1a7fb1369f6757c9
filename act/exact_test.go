package act

import "testing"

func TestMembersAreNamedExactly(t *testing.T) {
	type inner struct {
		Word string `json:"word"`
	}
	type base struct {
		Kind string `json:"kind"`
	}
	type doc struct {
		base
		Title string           `json:"title"`
		List  []inner          `json:"list,omitempty"`
		One   *inner           `json:"one,omitempty"`
		By    map[string]inner `json:"by,omitempty"`
		Tags  []string         `json:"tags,omitempty"`
	}
	for raw, good := range map[string]bool{
		`{"kind":"k","title":"t","list":[{"word":"w"}],"one":{"word":"w"},"by":{"ANY":{"word":"w"}},"tags":["A"]}`: true,
		`{"title":"t","list":null,"one":null}`: true,
		`{"Title":"t"}`:                        false,
		`{"Kind":"k"}`:                         false,
		`{"title":"t","TITLE":"u"}`:            false,
		`{"list":[{"word":"w"},{"Word":"w"}]}`: false,
		`{"one":{"WORD":"w"}}`:                 false,
		`{"by":{"a":{"wOrd":"w"}}}`:            false,
		`{"other":1}`:                          false,
		`{"title":"t"} {}`:                     false,
	} {
		var d doc
		if err := strict([]byte(raw), &d); (err == nil) != good {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
