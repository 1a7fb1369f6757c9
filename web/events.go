package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"translocal/act"
	"translocal/blueprint"
	"translocal/db"
	"translocal/fault"
	"translocal/live"
	"translocal/place"
	"translocal/web/page"
)

// eventRoutes are the addresses at which open pages hear that something changed.
// What changed they never say: the page is fetched again the ordinary way.
func (s *Server) eventRoutes() []route {
	return []route{
		{"GET /events/notices", s.events(s.aboutNotices)},
		{"GET /events/proposal/{id}", s.events(s.aboutProposal)},
		{"GET /events/tonight/{secret}", s.events(s.aboutTonight)},
		{"GET /events/suggestions/{stream}", s.events(s.aboutSuggestions)},
		{"GET /events/suggestion/{stream}", s.events(s.aboutSuggestion)},
	}
}

// How many listen at a time. A room has one address, and its phones no accounts;
// whoever is signed in has a browser or two with some tabs in sight.
const (
	mostEvents    = 1000
	mostOfPerson  = 12
	mostOfAddress = 250
)

// The kinds of topics.
const (
	ofProposal    = "proposal"    // by its token
	ofRoom        = "room"        // what a code for tonight shows, by proposal
	ofSuggestion  = "suggestion"  // as a place has it: blueprint.SuggestionKey
	ofSuggestions = "suggestions" // the list of a place, by its stream
	ofNotices     = "notices"     // of a person
	ofKeeping     = "keeping"     // notices for the keepers of a stream
)

// listening says how long things take; tests are less patient.
type listening struct {
	beat     time.Duration // the shortest time between two signs of life; the longest is a quarter more
	patience time.Duration // how long a reader has to take one
	retry    time.Duration // after which a browser comes back
}

func newWatcher(c Config) *live.Watcher {
	w := live.Config{Most: mostEvents, Every: time.Second, Sources: map[string]live.Source{
		ofProposal:    {One: c.Decisions.Change, All: c.Decisions.Changes},
		ofRoom:        {One: c.Decisions.RoomChange, All: c.Decisions.RoomChanges},
		ofSuggestion:  {One: c.Blueprints.OneChange, All: c.Blueprints.OneChanges},
		ofSuggestions: {One: ofStream(c.Blueprints.SuggestionChange), All: worded(c.Blueprints.SuggestionChanges)},
		ofNotices:     {One: c.Notices.Change, All: c.Notices.Changes},
		ofKeeping:     {One: c.Node.NoticeChange, All: worded(c.Node.NoticeChanges)},
	}}
	if d := c.Log.DB(); d.Engine() == db.SQLite { // nobody else writes into a file, so asking costs nothing
		w.Written, w.Every = d.Commits, 250*time.Millisecond
	}
	return live.New(w)
}

func ofStream(source func(context.Context, act.Fingerprint) (string, error)) func(context.Context, string) (string, error) {
	return func(ctx context.Context, key string) (string, error) { return source(ctx, act.Fingerprint(key)) }
}

func worded[K ~string, V any](source func(context.Context) (map[K]V, error)) func(context.Context) (map[string]string, error) {
	return func(ctx context.Context) (map[string]string, error) {
		changes, err := source(ctx)
		out := make(map[string]string, len(changes))
		for k, v := range changes {
			out[string(k)] = fmt.Sprint(v)
		}
		return out, err
	}
}

// EndEvents lets all who listen go, so that a node can stop.
func (s *Server) EndEvents() { s.live.Close() }

// An about finds the topic of a request, or says why its sender may not know of it.
type about func(r *http.Request, v place.Viewer) (live.Topic, error)

func (s *Server) aboutNotices(_ *http.Request, v place.Viewer) (live.Topic, error) {
	if v.Person == "" {
		return live.Topic{}, fault.New(fault.SignIn, "fault.sign_in")
	}
	return live.Topic{}, nil // news are told to everybody who is signed in
}

func (s *Server) aboutProposal(r *http.Request, v place.Viewer) (live.Topic, error) {
	id := r.PathValue("id")
	return live.Topic{Kind: ofProposal, Key: id}, s.Decisions.MayRead(r.Context(), v, id)
}

func (s *Server) aboutTonight(r *http.Request, _ place.Viewer) (live.Topic, error) {
	x, err := s.Decisions.ReadInRoom(r.Context(), r.PathValue("secret"), "")
	if err != nil {
		return live.Topic{}, err
	}
	return live.Topic{Kind: ofRoom, Key: x.ID}, nil
}

func (s *Server) aboutSuggestions(r *http.Request, v place.Viewer) (live.Topic, error) {
	stream := act.Fingerprint(r.PathValue("stream"))
	return live.Topic{Kind: ofSuggestions, Key: string(stream)}, place.May(r.Context(), s.Log.DB(), v, stream, place.ReadSuggestions, place.Any)
}

func (s *Server) aboutSuggestion(r *http.Request, v place.Viewer) (live.Topic, error) {
	stream, id := act.Fingerprint(r.PathValue("stream")), r.URL.Query().Get("id")
	if err := place.May(r.Context(), s.Log.DB(), v, stream, place.ReadSuggestions, place.Any); err != nil {
		return live.Topic{}, err
	}
	return live.Topic{Kind: ofSuggestion, Key: blueprint.SuggestionKey(stream, id)}, nil
}

// topics are what a request listens to: its own topic first, then what makes the
// count of notices in the head of the page.
func (s *Server) topics(r *http.Request, v place.Viewer, of about) ([]live.Topic, error) {
	first, err := of(r, v)
	if err != nil || v.Person == "" {
		return []live.Topic{first}, err
	}
	mine, err := s.Places.Mine(r.Context(), v)
	if err != nil {
		return nil, err
	}
	all := []live.Topic{first, {Kind: ofNotices, Key: v.Person}}
	for _, m := range mine {
		if m.Role == place.Keeper {
			all = append(all, live.Topic{Kind: ofKeeping, Key: string(m.Stream)})
		}
	}
	if v.Site {
		all = append(all, live.Topic{Kind: ofKeeping})
	}
	return all, nil
}

// A cursor is one word about the page and one about the notices. A page knows the
// first from when it was rendered.
func cursorOf(values []string) string {
	return cmp.Or(values[0], "0") + "~" + strings.Join(values[1:], ".")
}

// newerThan tells that what a browser knew is not what is so now. What it knew nothing
// of is no news.
func newerThan(known, now string) bool {
	if known == "" {
		return false
	}
	k, kn, both := strings.Cut(known, "~")
	n, nn, _ := strings.Cut(now, "~")
	return k != n || both && kn != nn
}

// known is the cursor up to which the browser has heard: after a lost connection it
// says so itself, at first the page does.
func known(r *http.Request) string {
	id := r.Header.Get("Last-Event-ID")
	if id == "" {
		id = r.URL.Query().Get("after")
	}
	if len(id) > 4096 {
		return "~" // no cursor of ours: something is new
	}
	return id
}

// since gives the cursor of the thing that a page shows which is about to be
// rendered: read before its content, so that no change falls between the two.
func (s *Server) since(ctx context.Context, kind, key string) string {
	now, err := s.live.Sources[kind].One(ctx, key)
	if err != nil {
		slog.Error("where a page stands", "err", err)
		return ""
	}
	return cmp.Or(now, "0")
}

// listens makes a page one that hears of changes since a cursor.
func listens(r *http.Request, f page.Frame, path, since string) page.Frame {
	if r.Method == http.MethodGet { // what was refused stays as it is
		f.Live, f.Since = path, since
	}
	return f
}

// events answers with a stream that ends when its reader may no longer read the
// page, and says "changed" with a cursor when something changed.
func (s *Server) events(of about) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := viewer(r)
		topics, err := s.topics(r, v, of)
		if err != nil {
			return notHeard(w, status(fault.KindOf(err)), err)
		}
		owner, most := "person "+v.Person, mostOfPerson
		if v.Person == "" {
			owner, most = "address "+s.address(r), mostOfAddress
		}
		reader, err := s.live.Join(r.Context(), owner, most, topics...)
		switch {
		case errors.Is(err, live.ErrFull), errors.Is(err, live.ErrEnded):
			w.Header().Set("Retry-After", "60")
			return notHeard(w, http.StatusServiceUnavailable, nil)
		case err != nil:
			return notHeard(w, http.StatusServiceUnavailable, err)
		}
		defer reader.Leave()
		if r.Method == http.MethodHead {
			return nil
		}
		e := &eventStream{w: w, rc: http.NewResponseController(w), listening: s.listening}
		return s.tellOf(e, r, v, reader, of)
	}
}

// notHeard answers a program, not a person: a browser's page goes on without.
func notHeard(w http.ResponseWriter, code int, err error) error {
	if code == http.StatusInternalServerError {
		slog.Error("events", "err", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(code), code)
	return nil
}

// tellOf tells one reader until it goes or may hear no more. A reader who went
// shows as an error of writing, which is nobody's fault.
func (s *Server) tellOf(e *eventStream, r *http.Request, v place.Viewer, reader *live.Reader, of about) error {
	now := cursorOf(reader.Cursors())
	if e.begin() != nil || e.say(kindOf(newerThan(known(r), now)), now) != nil {
		return nil
	}
	beat := time.NewTimer(e.next())
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-s.live.Ended():
			return nil
		case <-reader.Changed:
			if !s.mayStillHear(r, v, of) {
				e.say("ended", now)
				return nil
			}
			now = cursorOf(reader.Cursors())
			if e.say("changed", now) != nil {
				return nil
			}
		case <-beat.C:
			if !s.mayStillHear(r, v, of) {
				e.say("ended", now)
				return nil
			}
			if e.write(":\n\n") != nil {
				return nil
			}
		}
		beat.Reset(e.next())
	}
}

func kindOf(isNew bool) string {
	if isNew {
		return "changed"
	}
	return "here"
}

// mayStillHear asks anew who the reader is and whether the page is theirs to read.
func (s *Server) mayStillHear(r *http.Request, v place.Viewer, of about) bool {
	if v.Person != "" {
		now, err := s.Places.Waiting(r.Context(), s.secret(r))
		if err != nil || now.Person != v.Person {
			return false
		}
		v = now
	}
	_, err := of(r, v)
	return err == nil
}

// eventStream writes server-sent events, each with a deadline of its own.
type eventStream struct {
	listening
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (e *eventStream) begin() error {
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy that gathers answers would keep this one for ever
	if err := e.rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return e.write(fmt.Sprintf("retry: %d\n\n", (e.retry + rand.N(e.retry)).Milliseconds()))
}

func (e *eventStream) say(event, cursor string) error {
	return e.write("event: " + event + "\nid: " + cursor + "\ndata: " + cursor + "\n\n")
}

func (e *eventStream) write(text string) error {
	if err := e.rc.SetWriteDeadline(time.Now().Add(e.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	return e.rc.Flush()
}

// next is when to give a sign of life: not for all at once.
func (e *eventStream) next() time.Duration { return e.beat + rand.N(e.beat/4+1) }
