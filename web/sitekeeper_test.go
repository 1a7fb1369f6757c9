package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestThePageOfTheSiteHandsItOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const alone, down = "You are the only keeper of this site.", `action="/site/step-down"`
	if a := w.do(w.site, get("/site")); !strings.Contains(a.body, alone) || strings.Contains(a.body, down) {
		t.Error("one keeper of the site:", a.body)
	}
	if a := w.do(w.site, post("/site/keepers", "pseudonym", "Nobody <b>")); a.status != 422 || !strings.Contains(a.body, `value="Nobody &lt;b&gt;"`) || !strings.Contains(a.body, "Nobody on this site") {
		t.Error("a pseudonym that nobody has:", a.status, a.body)
	}
	if a := w.do(w.site, post("/site/step-down")); a.status != http.StatusConflict || !strings.Contains(a.body, "Make another person a keeper of the site first") {
		t.Error("the only one steps down:", a.status, a.body)
	}
	if a := w.do(w.site, post("/site/keepers", "pseudonym", "Target")); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/site") {
		t.Error(a.status, a.body)
	}
	if a := w.do(w.target, get("/site")); a.status != 200 || strings.Contains(a.body, alone) || !strings.Contains(a.body, down) {
		t.Error("two keepers of the site:", a.status, a.body)
	}
	if a := w.do(w.site, post("/site/step-down")); a.status != 303 {
		t.Error(a.status, a.body)
	}
	if a := w.do(w.site, get("/site")); a.status != http.StatusForbidden {
		t.Error("who stepped down still sees the page:", a.status)
	}
	if a := w.do(w.target, api("GET", "/site/keepers", nil)); a.status != 200 || !strings.Contains(a.body, `{"pseudonym":"Target","you":true}`) {
		t.Error(a.status, a.body)
	}
}
