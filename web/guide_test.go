package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"translocal/place"
)

func (b *browser) guided(query string) (out []guidedBody) {
	b.site.t.Helper()
	if err := json.Unmarshal([]byte(b.get("/api/v1/guide?"+query, http.StatusOK)), &out); err != nil {
		b.site.t.Fatal(err)
	}
	return out
}

// Four answers lead to what fits them, with the reason, for somebody without an account.
func TestGuide(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	text := passages("The school asks its pupils.")
	text.Institution, text.Family, text.Title = "school", "participatory-budget", "Our school's budget"
	s.publish(text)
	b := s.browser(place.Viewer{})
	for q, want := range map[string]string{
		"institution=council&theme=women&effort=years&treaty=cedaw": "/library/model/local-cedaw-ordinance",
		"theme=climate&effort=weeks&institution=union":              "/library/model/ffnpt-motion",
		"theme=deciding&effort=evening&institution=enterprise":      "/library/model/how-our-group-decides",
		"theme=children&treaty=crc":                                 "/library/family/child-friendly-city",
	} {
		list := b.guided(q)
		if len(list) == 0 || !strings.HasPrefix(list[0].Path, want) || len(list[0].Misses) > 0 {
			t.Errorf("%s: %+v", q, list)
		}
	}
	list := b.guided("institution=school&theme=money")
	at := slices.IndexFunc(list, func(g guidedBody) bool { return g.Kind == "own" && g.Title == "Our school's budget" })
	if at < 0 || !slices.Equal(list[at].Meets, []string{"institution", "theme"}) {
		t.Errorf("a place's own text is not proposed: %+v", list)
	}
	// An evening is not enough for an ordinance, and that is said.
	list = b.guided("theme=women&effort=evening")
	if len(list) == 0 || !slices.Equal(list[slices.IndexFunc(list, func(g guidedBody) bool { return strings.HasPrefix(g.Path, "/library/model/local-cedaw") })].Misses, []string{"effort"}) {
		t.Errorf("%+v", list)
	}
	for _, q := range []string{"", "theme=", "theme=<b>", "effort=forever", "treaty=" + strings.Repeat("x", 5000)} {
		if list := b.guided(strings.ReplaceAll(q, "<", "%3C")); len(list) != 0 {
			t.Errorf("%.20s proposes %d", q, len(list))
		}
	}
	page := b.get("/what-we-could-do?theme=women&effort=evening", http.StatusOK)
	if !strings.Contains(page, "it takes longer than you said") || !strings.Contains(b.get("/", http.StatusOK), `href="/what-we-could-do"`) {
		t.Error("the page doesn't say why, or nothing leads to it")
	}
	if !strings.Contains(b.get("/what-we-could-do?theme=none", http.StatusOK), "Nothing here fits") {
		t.Error("an empty result doesn't say what to do")
	}
}
