package web

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"translocal/advance"
	"translocal/blueprint"
	"translocal/decide"
)

// readFeed fetches a feed as a stranger and reads it strictly.
func readFeed(t *testing.T, s *textSite, path string) (f atomFeed, etag string) {
	t.Helper()
	r, err := http.Get(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/atom+xml") {
		t.Fatalf("%s: %d %s", path, r.StatusCode, r.Header.Get("Content-Type"))
	}
	if err := xml.NewDecoder(r.Body).Decode(&f); err != nil {
		t.Fatalf("%s is not XML: %v", path, err)
	}
	return f, r.Header.Get("ETag")
}

func TestFeeds(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	hostile := passages("The council ends new gas.", "It reports each spring.")
	hostile.Title = `River & <script>alert(1)</script> "treaty"`
	k := s.publish(hostile)
	ctx, srv := t.Context(), s.server
	v, err := srv.Blueprints.Read(ctx, s.keeper, k)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Blueprints.Warn(ctx, s.keeper, blueprint.NewWarning{Place: s.place.Stream, Version: k, Clause: v.Clauses[0].ID, Kind: "unfunded",
		Text: "No money came", Cited: "The minutes"}); err != nil {
		t.Fatal(err)
	}
	secret := "a proposal that only members read"
	if _, err := srv.Decisions.Propose(ctx, s.keeper, s.place.Stream, decide.Proposal{Title: secret, Rule: decide.RuleConsent, Quorum: 1,
		Review: time.Now().AddDate(1, 0, 0).Format(time.DateOnly), Version: v.Ref()}); err != nil {
		t.Fatal(err)
	}
	at := strings.TrimPrefix(s.place.ID, s.URL)
	for path, want := range map[string]int{at + "/feed": 2, strings.TrimPrefix(v.Blueprint, s.URL) + "/feed": 2,
		"/search/feed?q=" + url.QueryEscape("council gas"): 1, "/search/feed?q=nowhere": 0} {
		f, etag := readFeed(t, s, path)
		if len(f.Entries) != want {
			t.Errorf("%s: %d entries, want %d", path, len(f.Entries), want)
		}
		for _, e := range f.Entries {
			if strings.Contains(e.Title+e.Summary, secret) {
				t.Errorf("%s tells of a closed proposal", path)
			}
			if e.ID == "" || e.Updated == "" || !strings.HasPrefix(e.Link.Href, s.URL+"/") {
				t.Errorf("%s: entry %+v", path, e)
			}
		}
		// A reader that has this feed already gets nothing again.
		again, _ := http.NewRequest(http.MethodGet, s.URL+path, nil)
		again.Header.Set("If-None-Match", etag)
		r, err := http.DefaultClient.Do(again)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusNotModified {
			t.Errorf("%s again: %d", path, r.StatusCode)
		}
	}
	// What is told late, and what is withdrawn, is new on the day that it is told.
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	b := &advance.Bringing{ID: s.place.ID + "/bringing/x", Brought: 1, Version: v.Ref(), Deeds: []advance.Deed{{ID: "d", Day: "2001-01-01", Recorded: 7}},
		Changes: []advance.Change{{Day: "2001-01-01", Recorded: 9}}}
	for i, e := range srv.broughtEntries(r, b) {
		if want := []int64{1, 7, 9}[i]; e.at != want {
			t.Errorf("%s is dated %d, want %d", e.ID, e.at, want)
		}
	}
	if e := srv.warningEntry(r, blueprint.Warning{At: 3, Withdrawn: true, Ended: 11}); e.at != 11 {
		t.Errorf("a withdrawal is dated %d", e.at)
	}
	f, _ := readFeed(t, s, at+"/feed")
	if !slices.ContainsFunc(f.Entries, func(e *atomEntry) bool { return strings.Contains(e.Title, hostile.Title) }) {
		t.Errorf("no entry has the title as it was written: %+v", f.Entries)
	}
	if page := s.browser(s.keeper).get(at, http.StatusOK); !strings.Contains(page, `type="application/atom+xml"`) {
		t.Error("the page of the place doesn't name its feed")
	}
	s.browser(s.keeper).get("/search/feed", http.StatusNotFound)
}
