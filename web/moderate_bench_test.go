package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"translocal/act"
	"translocal/db"
	"translocal/decide"
)

var saidBefore = db.Exec(`insert into proposal_voice (id, proposal, round, person, kind, body, may_release, integrated, created)
	values ($1, $2, $3, $4, $5, $6, true, false, $7)`)

// crowded is a proposal in consent with 5,000 contributions, and its path.
func crowded(tb testing.TB, s *textSite) string {
	tb.Helper()
	ctx := tb.Context()
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	k := s.publish(passages("The council ends new gas."))
	text, err := s.server.Blueprints.Read(ctx, s.keeper, k)
	check(err)
	p, err := s.server.Decisions.Propose(ctx, s.keeper, s.place.Stream, decide.Proposal{Title: "Bring it", Rule: decide.RuleConsent, Quorum: 1,
		Review: "2040-01-01", Version: text.Ref()})
	check(err)
	check(s.server.Decisions.NextRound(ctx, s.keeper, p.ID))
	check(s.server.Decisions.NextRound(ctx, s.keeper, p.ID))
	check(s.server.Log.DB().Write(ctx, func(tx *db.Tx) error {
		for i := range 5000 {
			round, kind, body := decide.React, decide.Reaction, fmt.Sprintf("Contribution %d. %s", i, strings.Repeat("The deadline is <tight> & \"firm\". ", i%12))
			if i%50 == 0 {
				body = strings.Repeat("й & ", 1249)
			}
			if i%5 == 0 {
				round, kind = decide.Consent, decide.Concern
			}
			person := s.keeper.Person
			if round == decide.Consent {
				person = "" // of a room: a person has one position
			}
			if _, err := saidBefore.Run(ctx, tx, act.NewToken(), p.ID, round, person, kind, body, i); err != nil {
				return err
			}
		}
		return nil
	}))
	return strings.TrimPrefix(s.place.ID, s.URL) + "/proposal/" + p.ID
}

// asKeeper asks for a page as the keeper of the place, past what stands before
// every request.
func (s *textSite) asKeeper(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", path, nil)
	s.server.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), viewerKey{}, s.keeper)))
	return w
}

// BenchmarkProposalPage renders pages of a proposal with 5,000 contributions, as
// its keeper gets them: the newest, and one in the middle.
func BenchmarkProposalPage(b *testing.B) {
	s := openTextSite(b)
	path := crowded(b, s)
	for name, page := range map[string]string{"newest": "", "middle": "?page=100"} {
		b.Run(name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				w := s.asKeeper(path + page)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
				size = w.Body.Len()
			}
			b.ReportMetric(float64(size), "bytes/page")
		})
	}
}

// Of 5,000 contributions pages are under 50 KB, no contribution stands on two of
// them, and the counts are of all.
func TestProposalPagesAreLight(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	path := crowded(t, s)
	id := path[strings.LastIndex(path, "/")+1:]
	seen := map[string]int{}
	last, err := s.server.Decisions.Read(t.Context(), s.keeper, id)
	if err != nil {
		t.Fatal(err)
	}
	if last.Of < 5000/decide.PageVoices || last.N != last.Of {
		t.Fatalf("page %d of %d", last.N, last.Of)
	}
	for n := 1; n <= last.Of; n++ {
		if n > 4 && n%40 != 0 && n < last.Of-1 {
			continue // reading all would take long
		}
		x, err := s.server.Decisions.ReadPage(t.Context(), s.keeper, id, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range x.Voices {
			seen[v.ID]++
		}
		if w := s.asKeeper(fmt.Sprintf("%s?page=%d", path, n)); w.Code != http.StatusOK || w.Body.Len() > 50_000 {
			t.Errorf("page %d: %d, %d bytes", n, w.Code, w.Body.Len())
		}
	}
	for v, n := range seen {
		if n != 1 {
			t.Errorf("%s stands on %d pages", v, n)
		}
	}
	if last.Count.Concerns != 1000 {
		t.Error("the counts are not of all:", last.Count)
	}
	for _, q := range []string{"?page=0", "?page=-3", "?page=99999999999999999999", "?page=x", "?page=1%27"} {
		if w := s.asKeeper(path + q); w.Code != http.StatusOK {
			t.Errorf("%s: %d", q, w.Code)
		}
	}
}
