package page

import (
	"strings"
	"testing"

	"translocal/i18n"
	"translocal/place"
)

// Who asks to come in is given the address at which the node is reached, which
// is not the one by which its things are named.
func TestARequestIsAnsweredWhereTheNodeIsReached(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := Frame{Base: "http://named.example", Shown: "http://192.168.7.1:8080"}
	var page strings.Builder
	ctx := i18n.With(t.Context(), words.Printer("en"))
	if err := Join(f, &place.Place{ID: "http://named.example/p/here"}, place.Ways{}, Form{}, Form{}, "secret").Render(ctx, &page); err != nil {
		t.Fatal(err)
	}
	if got := page.String(); !strings.Contains(got, "<code>http://192.168.7.1:8080/asked/secret</code>") || strings.Contains(got, "<code>http://named.example") {
		t.Error("the address of the answer is another")
	}
}
