package webhook

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/db/dbtest"
	"translocal/fault"
	"translocal/job"
	"translocal/place"
)

// site is a place with an address, at a clock that the test moves.
func site(t *testing.T) (ws *Webhooks, v place.Viewer, stream act.Fingerprint, clock *time.Time) {
	t.Helper()
	keys, err := act.OpenKeyring(filepath.Join(t.TempDir(), "secret"))
	must(t, err)
	log := act.NewLog(dbtest.Open(t), keys, place.Vocabulary())
	t.Cleanup(func() { log.Close() })
	places := place.New(log, "http://here.example")
	link, err := places.SetupLink(t.Context())
	must(t, err)
	p, v, err := places.Setup(t.Context(), link, place.Newcomer{Name: "Keeper", Password: "three places one text"}, "Here")
	must(t, err)
	now := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	ws = New(log, []byte("key"))
	ws.now = func() time.Time { return now }
	ws.Check = func(string) error { return nil }
	return ws, v, p.Stream, &now
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// try makes the try of a message that the queue would make.
func (ws *Webhooks) try(t *testing.T, id string) error {
	t.Helper()
	return ws.deliver(t.Context(), job.Job{Kind: JobName, Payload: []byte(`"` + id + `"`)})
}

func TestAddressThatTakesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		err    error
		off    int // try after which it is switched off
		why    string
	}{{"broken", 500, nil, 8, "failing"}, {"sent on", 302, nil, 8, "failing"}, {"unreached", 0, errors.New("no route"), 8, "failing"}, {"gone", 410, nil, 1, "gone"}} {
		t.Run(c.name, func(t *testing.T) {
			ws, v, stream, clock := site(t)
			ws.Send = func(context.Context, string, map[string]string, []byte) (int, error) { return c.status, c.err }
			id, _, err := ws.Add(t.Context(), v, stream, "https://program.example/token", []string{"deed"})
			must(t, err)
			must(t, ws.Try(t.Context(), v, stream, id))
			list, err := ws.Log(t.Context(), v, stream, id)
			must(t, err)
			for n := 1; ; n++ {
				err := ws.try(t, list[0].ID)
				hooks, e := ws.List(t.Context(), v, stream)
				must(t, e)
				if !hooks[0].Active {
					if n != c.off || hooks[0].Why != c.why {
						t.Errorf("switched off after %d tries: %q", n, hooks[0].Why)
					}
					break
				}
				if n > 20 || err == nil {
					t.Fatalf("try %d: %v", n, err)
				}
				*clock = clock.Add(4 * time.Hour)
			}
			must(t, ws.try(t, list[0].ID)) // what waits is given up
			list, err = ws.Log(t.Context(), v, stream, id)
			must(t, err)
			if list[0].State != "given_up" {
				t.Error(list[0])
			}
			if err := ws.Try(t.Context(), v, stream, id); err == nil {
				t.Error("one that is off is tried")
			}
		})
	}
}

// A short failure switches nothing off, and what went well forgets it.
func TestShortFailure(t *testing.T) {
	ws, v, stream, clock := site(t)
	status := 503
	ws.Send = func(context.Context, string, map[string]string, []byte) (int, error) { return status, nil }
	id, _, err := ws.Add(t.Context(), v, stream, "https://program.example/", []string{"deed"})
	must(t, err)
	must(t, ws.Try(t.Context(), v, stream, id))
	list, err := ws.Log(t.Context(), v, stream, id)
	must(t, err)
	for range 10 {
		if err := ws.try(t, list[0].ID); err == nil {
			t.Fatal("a failure is no failure")
		}
		*clock = clock.Add(time.Minute)
	}
	status = 204
	must(t, ws.try(t, list[0].ID))
	must(t, ws.try(t, list[0].ID)) // done is done
	hooks, err := ws.List(t.Context(), v, stream)
	must(t, err)
	list, err = ws.Log(t.Context(), v, stream, id)
	must(t, err)
	if !hooks[0].Active || hooks[0].Failures != 0 || list[0].State != "done" || list[0].Tries != 11 || list[0].Status != 204 {
		t.Errorf("%+v %+v", hooks[0], list[0])
	}
}

// Nobody is pestered with tests: one waits at a time, and an hour has few.
func TestTestsAreFew(t *testing.T) {
	ws, v, stream, clock := site(t)
	ws.Send = func(context.Context, string, map[string]string, []byte) (int, error) { return 204, nil }
	var hooks []string
	for range 2 {
		id, _, err := ws.Add(t.Context(), v, stream, "https://program.example/", []string{"deed"})
		must(t, err)
		hooks = append(hooks, id)
	}
	for n := range maxTests {
		id := hooks[n%2]
		must(t, ws.Try(t.Context(), v, stream, id))
		if err := ws.Try(t.Context(), v, stream, id); !fault.Is(err, fault.Conflict) {
			t.Fatal("a second one while one waits:", err)
		}
		list, err := ws.Log(t.Context(), v, stream, id)
		must(t, err)
		must(t, ws.try(t, list[0].ID))
		*clock = clock.Add(time.Second)
	}
	for _, id := range hooks {
		if err := ws.Try(t.Context(), v, stream, id); !fault.Is(err, fault.TooMany) {
			t.Error("one too many in an hour:", err)
		}
	}
	*clock = clock.Add(time.Hour)
	must(t, ws.Try(t.Context(), v, stream, hooks[0]))
}

// An address that goes and comes again brings no new tests, and neither does another
// place of the same person.
func TestTestsAreCountedForPlaceAndPerson(t *testing.T) {
	ws, v, stream, clock := site(t)
	ws.Send = func(context.Context, string, map[string]string, []byte) (int, error) { return 204, nil }
	again := func(in act.Fingerprint) error {
		id, _, err := ws.Add(t.Context(), v, in, "https://program.example/", []string{"deed"})
		must(t, err)
		err = ws.Try(t.Context(), v, in, id)
		must(t, ws.Remove(t.Context(), v, in, id))
		*clock = clock.Add(time.Second)
		return err
	}
	for range maxTests {
		must(t, again(stream))
	}
	if err := again(stream); !fault.Is(err, fault.TooMany) {
		t.Error("one too many, after the address went and came:", err)
	}
	count := func(in act.Fingerprint, person string) error {
		return ws.db.Write(t.Context(), func(tx *db.Tx) error { return ws.countTest(t.Context(), tx, in, person) })
	}
	if err := count("another place", v.Person); !fault.Is(err, fault.TooMany) {
		t.Error("one too many, by another place of the same person:", err)
	}
	if err := count(stream, "another keeper"); !fault.Is(err, fault.TooMany) {
		t.Error("one too many, by another keeper of the same place:", err)
	}
	must(t, count("another place", "another keeper"))
	*clock = clock.Add(time.Hour)
	must(t, again(stream))
	if n, err := db.Rows[int64](`select count(*) from webhook_test`).One(t.Context(), ws.db); err != nil || n != 1 {
		t.Error("what is older than an hour is kept:", n, err)
	}
}

// What waits for one address, and how many there are, has an end.
func TestBounds(t *testing.T) {
	ws, v, stream, _ := site(t)
	id := ""
	for range MaxHooks {
		var err error
		id, _, err = ws.Add(t.Context(), v, stream, "https://program.example/", []string{"deed", "deed"})
		must(t, err)
	}
	if _, _, err := ws.Add(t.Context(), v, stream, "https://program.example/", []string{"deed"}); err == nil {
		t.Error("one too many")
	}
	must(t, ws.db.Write(t.Context(), func(tx *db.Tx) error {
		h, err := hookByID.One(t.Context(), tx, stream, id)
		for range maxWaiting + 3 {
			if err == nil {
				err = ws.put(t.Context(), tx, h, message{Type: "deed"})
			}
		}
		return err
	}))
	hooks, err := ws.List(t.Context(), v, stream)
	must(t, err)
	for _, h := range hooks {
		if want := map[bool]int{true: 3}[h.ID == id]; h.Missed != want || len(h.Events) != 1 {
			t.Errorf("%+v, want %d missed", h, want)
		}
	}
}
