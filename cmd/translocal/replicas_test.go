package main

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"translocal/act"
	"translocal/blueprint"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/decide"
	"translocal/job"
	"translocal/limit"
	"translocal/place"
)

// replica is one of two programs on one server, with a folder of its own.
type replica struct {
	*node
	api *speaker
}

// openReplicas opens two, of which the second has a copy of the first one's secret.
func openReplicas(t *testing.T) [2]replica {
	t.Helper()
	if os.Getenv("TRANSLOCAL_TEST_ENGINE") != "postgres" {
		t.Skip("TRANSLOCAL_TEST_ENGINE is not postgres")
	}
	url := dbtest.PostgresURL(t)
	var both [2]replica
	dirs := [2]string{t.TempDir(), t.TempDir()}
	for i := range both {
		if i == 1 {
			if n, err := openNode(t.Context(), nodeOptions{Data: dirs[1], DB: url, Base: childBase}); err == nil || !strings.Contains(err.Error(), "secret") {
				n.close()
				t.Fatal("a replica began with a secret of its own:", err)
			}
			secret, err := os.ReadFile(filepath.Join(dirs[0], "secret"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dirs[1], "secret"), secret, 0o600))
		}
		n, err := openNode(t.Context(), nodeOptions{Data: dirs[i], DB: url, Base: childBase})
		must(t, err)
		t.Cleanup(n.close)
		srv := httptest.NewServer(n.server.Handler())
		t.Cleanup(srv.Close)
		both[i] = replica{n, newSpeaker(srv.URL, "", "192.0.2.1")}
	}
	return both
}

func TestReplicasBehaveAsOne(t *testing.T) {
	both, ctx := openReplicas(t), t.Context()
	one, two := both[0], both[1]
	link, err := one.places.SetupLink(ctx)
	must(t, err)
	var site opened
	must(t, one.api.call("POST", "/setup/"+link, map[string]string{"pseudonym": "Alder", "password": "a long password", "place": "Rio Claro"}, &site))

	t.Run("a session of one is one of the other", func(t *testing.T) {
		var in opened
		must(t, one.api.call("POST", "/sessions", map[string]string{"pseudonym": "Alder", "password": "a long password"}, &in))
		two.api.token = in.Token
		must(t, two.api.call("GET", "/site/keeping", nil, nil))
		v, err := two.places.Session(ctx, in.Token)
		must(t, err)
		must(t, two.places.EndSession(ctx, v, v.Session))
		one.api.token = in.Token
		if err := one.api.call("GET", "/site/keeping", nil, nil); err == nil {
			t.Error("it ended on one, and lives on the other")
		}
	})

	t.Run("limits of one are limits of the other", func(t *testing.T) {
		began, refused := time.Now(), 0
		for range 20 { // forty tries where twenty may be at once
			for _, r := range both {
				err := newSpeaker(r.api.base, "", "192.0.2.99").call("POST", "/recover", map[string]string{"pseudonym": "", "code": "", "password": ""}, nil)
				var told *refusal
				if !errors.As(err, &told) {
					t.Fatal("a guess was taken:", err)
				}
				if told.Status == http.StatusTooManyRequests {
					refused++
				}
			}
		}
		back := 1 + int(time.Since(began)/(6*time.Second))
		if refused > 20 || refused < 20-back {
			t.Errorf("%d of 40 tries were refused in %v", refused, time.Since(began))
		}
		if err := newSpeaker(two.api.base, "", "192.0.2.98").call("POST", "/sessions", map[string]string{"pseudonym": "Alder", "password": "a long password"}, nil); err != nil {
			t.Error("another address has to wait:", err)
		}
		must(t, one.limits.Prune(ctx))
	})

	t.Run("a host's submissions are counted by both", func(t *testing.T) {
		passed := 0
		for i := range 3 {
			wait, err := both[i%2].limits.Take(ctx, "submit https://elsewhere.example", limit.Rate{Each: time.Hour, Burst: 2})
			must(t, err)
			if wait == 0 {
				passed++
			}
		}
		if passed != 2 {
			t.Errorf("%d of 3 passed, want 2", passed)
		}
	})

	t.Run("acts of both make one stream", func(t *testing.T) {
		stream := act.Fingerprint(site.Stream)
		before, err := one.log.StreamOf(ctx, stream)
		must(t, err)
		v, err := one.places.SignIn(ctx, "Alder", "a long password")
		must(t, err)
		var all sync.WaitGroup
		for _, r := range both {
			all.Go(func() {
				for range 10 {
					if err := r.places.Describe(ctx, v, stream, place.Profile{Name: "Rio Claro"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		after, err := two.log.StreamOf(ctx, stream)
		must(t, err)
		if after.Size != before.Size+20 {
			t.Errorf("%d acts after %d", after.Size, before.Size)
		}
		must(t, two.record.Check(ctx, stream))
		// Each signs heads; neither goes back behind the other's.
		for range 2 {
			for _, r := range both {
				head, err := r.record.Head(ctx, stream, after.Size)
				must(t, err)
				if head.Size != after.Size {
					t.Errorf("a head of %d acts", head.Size)
				}
			}
		}
	})

	t.Run("each follower reads an act once", func(t *testing.T) {
		var seen sync.Map
		var twice atomic.Int64
		follower := act.Follower{Name: "test-once", Handle: func(_ context.Context, _ *db.Tx, e act.Entry) error {
			if _, was := seen.LoadOrStore(e.Act.Leaf, true); was {
				twice.Add(1)
			}
			return nil
		}}
		var all sync.WaitGroup
		for _, r := range both {
			all.Go(func() {
				if err := r.log.CatchUp(ctx, follower); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		n := 0
		seen.Range(func(any, any) bool { n++; return true })
		if n < 20 || twice.Load() > 0 {
			t.Errorf("%d acts read, %d twice", n, twice.Load())
		}
	})

	t.Run("a page open on one hears of what is said on the other", func(t *testing.T) {
		v, err := one.places.SignIn(ctx, "Alder", "a long password")
		must(t, err)
		k, err := one.server.Blueprints.Publish(ctx, v, blueprint.Publication{Place: act.Fingerprint(site.Stream), Text: blueprint.Text{Title: "A text", Language: "en", Institution: "council",
			Clauses: []blueprint.Clause{{Wording: blueprint.Wording{ID: act.NewToken(), Kind: clause.Passage, Text: "We ask."}}}}})
		must(t, err)
		text, err := one.server.Blueprints.Read(ctx, v, k)
		must(t, err)
		p, err := one.server.Decisions.Propose(ctx, v, act.Fingerprint(site.Stream), decide.Proposal{Title: "Bring it", Rule: decide.RuleConsent, Quorum: 1, Review: "2040-01-01", Version: text.Ref()})
		must(t, err)
		secret, err := one.places.OpenSession(ctx, v, "test")
		must(t, err)
		srv := httptest.NewServer(two.server.Handler())
		defer srv.Close()
		defer two.server.EndEvents()
		r, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/events/proposal/"+p.ID, nil)
		must(t, err)
		r.AddCookie(&http.Cookie{Name: "tl_session", Value: secret})
		resp, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		defer resp.Body.Close()
		timeout := time.AfterFunc(20*time.Second, two.server.EndEvents)
		defer timeout.Stop()
		heard := ""
		for lines := bufio.NewScanner(resp.Body); heard != "event: changed" && lines.Scan(); {
			if line := lines.Text(); strings.HasPrefix(line, "event: ") {
				if heard = line; heard == "event: here" {
					must(t, one.server.Decisions.Say(ctx, v, p.ID, decide.Question, "Who pays?", false))
				}
			}
		}
		if heard != "event: changed" {
			t.Errorf("heard %q last", heard)
		}
	})

	t.Run("a job is done once", func(t *testing.T) {
		var done, daily atomic.Int64
		finished := make(chan struct{})
		kinds := []job.Kind{
			{Name: "test-one", Handle: func(context.Context, job.Job) error {
				if done.Add(1) == 20 {
					close(finished)
				}
				return nil
			}},
			{Name: "test-daily", Every: 24 * time.Hour, Handle: func(context.Context, job.Job) error { daily.Add(1); return nil }},
		}
		running, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		q, other := job.New(one.db, kinds...), job.New(two.db, kinds...)
		all.Go(func() { q.Run(running, 2) })
		all.Go(func() { other.Run(running, 2) })
		must(t, one.db.Write(ctx, func(tx *db.Tx) error {
			for range 20 {
				if err := q.Enqueue(ctx, tx, job.Request{Kind: "test-one"}); err != nil {
					return err
				}
			}
			return nil
		}))
		other.Wake()
		select {
		case <-finished:
		case <-time.After(20 * time.Second):
			t.Errorf("%d of 20 jobs were done", done.Load())
		}
		stop()
		all.Wait()
		if done.Load() != 20 || daily.Load() != 1 {
			t.Errorf("%d of 20 jobs, %d of one daily", done.Load(), daily.Load())
		}
	})
}
