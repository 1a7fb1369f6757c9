package page

import "translocal/blueprint"

// shortText is the longest text, in characters, that is shown in full beside the
// form of a light answer: the page stays small for an old phone.
const shortText = 12_000

func short(t blueprint.Text) bool {
	n := 0
	for _, c := range t.Clauses {
		n += len(c.Heading) + len(c.Text)
	}
	return n <= shortText
}
