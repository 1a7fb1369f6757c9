// Package webhook tells programs at addresses that a place's keepers named what
// the place published: by requests signed as Standard Webhooks describe
// (HMAC-SHA256 over id, time and body). A message names the thing and holds
// nothing of it; whoever wants to read it asks the API.
//
// A message is a row and a job, written together with the cursor of the follower
// that saw the act, and is sent until it is taken, ever more rarely, some
// days at most. An address that takes nothing for a day and more is switched off.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/job"
	"translocal/place"
)

// Events are what an address can be told of.
var Events = []string{"text.published", "outcome", "deed", "warning"}

// test is what a keeper sends to see whether it arrives.
const test = "test"

// eventOf says by the type of an act which event it is, and in which field of its
// object the URL of the thing stands.
var eventOf = map[string]struct{ event, field string }{
	"blueprint.Publish.v1": {"text.published", "version"}, "blueprint.Warn.v1": {"warning", "warning"}, "blueprint.Withdraw.v1": {"warning", "warning"},
	"decide.Outcome.v1": {"outcome", "id"}, "advance.Deed.v1": {"deed", "id"}, "advance.Status.v1": {"deed", "bringing"},
}

// Limits.
const (
	MaxHooks   = 10  // of a place
	MaxAddress = 500 // characters
	maxWaiting = 500 // messages of one address
	keptInLog  = 100 // messages that came to their end, of one address
	maxTries   = 14  // of one message: some two days
	maxTests   = 20  // of a place in an hour, and of a person in all places

	failedTries = 8 // after so many failures in a row, and so long, an address is switched off
	failedFor   = 24 * time.Hour
)

// Webhooks is the capability. Whoever makes it says how addresses are reached.
type Webhooks struct {
	// Check refuses an address that may not be reached, with a fault at the field
	// "address".
	Check func(address string) error
	// Send posts a body and returns the status of the answer.
	Send func(ctx context.Context, address string, header map[string]string, body []byte) (status int, err error)

	db    *db.DB
	queue *job.Queue
	key   []byte
	now   func() time.Time
}

// New makes the capability; key is a secret of the node from which those of the
// addresses are derived.
func New(log *act.Log, key []byte) *Webhooks {
	return &Webhooks{db: log.DB(), queue: job.New(log.DB()), key: key, now: time.Now}
}

// Hook is an address and what it is told of.
type Hook struct {
	ID           string   `json:"id"`
	Address      string   `json:"address"`
	Events       []string `json:"events"`
	Active       bool     `json:"active"`
	Why          string   `json:"why,omitempty" doc:"Why the node switched it off: failing, or gone"`
	Failures     int      `json:"failures" doc:"Tries that failed since one went well"`
	FailingSince int64    `json:"failingSince,omitempty" doc:"Microseconds since 1970"`
	Missed       int      `json:"missed,omitempty" doc:"Events left out because too many waited"`
	Created      int64    `json:"created" doc:"Microseconds since 1970"`
}

// Delivery is one message in the log: neither its body nor its signature.
type Delivery struct {
	ID      string `json:"id"`
	Event   string `json:"event"`
	State   string `json:"state" doc:"waiting, done or given_up"`
	Tries   int    `json:"tries"`
	Status  int    `json:"status,omitempty" doc:"Of the last answer; none when it could not be reached"`
	Created int64  `json:"created" doc:"Microseconds since 1970"`
	Tried   int64  `json:"tried,omitempty" doc:"Microseconds since 1970"`
}

func (ws *Webhooks) secret(id string) []byte {
	m := hmac.New(sha256.New, ws.key)
	m.Write([]byte(id))
	return m.Sum(nil)
}

// Add begins to tell an address; the secret that verifies what comes is shown once.
func (ws *Webhooks) Add(ctx context.Context, v place.Viewer, stream act.Fingerprint, address string, events []string) (id, secret string, err error) {
	var f fault.Fields
	f.Merge(fault.Clean("address", address, MaxAddress, false))
	if len(events) == 0 || slices.ContainsFunc(events, func(e string) bool { return !slices.Contains(Events, e) }) {
		f.Add("events", "fault.choice")
	}
	if err := f.Err(); err != nil {
		return "", "", err
	}
	slices.Sort(events)
	list, err := json.Marshal(slices.Compact(events))
	if err != nil {
		return "", "", err
	}
	id = act.NewToken()
	err = ws.on(ctx, v, stream, func(tx *db.Tx) error {
		if err := ws.Check(address); err != nil {
			return err
		}
		n, err := countHooks.One(ctx, tx, stream)
		if err != nil {
			return err
		}
		if n >= MaxHooks {
			return fault.At("address", "fault.too_many", "max", MaxHooks)
		}
		_, err = insertHook.Run(ctx, tx, id, stream, address, string(list), act.Micros(ws.now()))
		return err
	})
	return id, "whsec_" + base64.StdEncoding.EncodeToString(ws.secret(id)), err
}

func (ws *Webhooks) on(ctx context.Context, v place.Viewer, stream act.Fingerprint, fn func(*db.Tx) error) error {
	return ws.db.Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.KeepWebhooks, place.Any); err != nil {
			return err
		}
		return fn(tx)
	})
}

// List is the addresses of a place, for its keepers.
func (ws *Webhooks) List(ctx context.Context, v place.Viewer, stream act.Fingerprint) (list []Hook, err error) {
	if err := place.May(ctx, ws.db, v, stream, place.KeepWebhooks, place.Any); err != nil {
		return nil, err
	}
	rows, err := hooksOf.All(ctx, ws.db, stream)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		h := Hook{ID: r.ID, Address: r.URL, Active: r.Active, Why: r.Why, Failures: r.Failures, FailingSince: r.FailingSince, Missed: r.Missed, Created: r.Created}
		if err := json.Unmarshal([]byte(r.Events), &h.Events); err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}

// Log is the messages to an address, the newest first.
func (ws *Webhooks) Log(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) ([]Delivery, error) {
	if err := place.May(ctx, ws.db, v, stream, place.KeepWebhooks, place.Any); err != nil {
		return nil, err
	}
	if _, err := hookByID.One(ctx, ws.db, stream, id); err != nil {
		return nil, err
	}
	return deliveriesOf.All(ctx, ws.db, id, keptInLog)
}

// Switch turns an address on, as if nothing had failed yet, or off.
func (ws *Webhooks) Switch(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string, active bool) error {
	return ws.on(ctx, v, stream, func(tx *db.Tx) error {
		n, err := switchHook.Run(ctx, tx, id, stream, active)
		if err == nil && n == 0 {
			err = db.ErrNoRow
		}
		return err
	})
}

// Remove forgets an address, its log and what waits for it.
func (ws *Webhooks) Remove(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return ws.on(ctx, v, stream, func(tx *db.Tx) error {
		n, err := deleteHook.Run(ctx, tx, id, stream)
		if err == nil && n == 0 {
			err = db.ErrNoRow
		}
		if err == nil {
			_, err = deleteDeliveries.Run(ctx, tx, id)
		}
		return err
	})
}

// Try sends an address a message that says nothing: one at a time, and no more
// than some in an hour, counted for the place and for the person, for an address
// is soon removed and added again.
func (ws *Webhooks) Try(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return ws.on(ctx, v, stream, func(tx *db.Tx) error {
		h, err := hookByID.One(ctx, tx, stream, id)
		if err != nil {
			return err
		}
		if !h.Active {
			return fault.New(fault.Conflict, "webhook.fault.off")
		}
		open, err := testsWaiting.One(ctx, tx, id)
		if err != nil {
			return err
		}
		if open > 0 {
			return fault.New(fault.Conflict, "webhook.fault.test_waits")
		}
		if err := ws.countTest(ctx, tx, stream, v.Person); err != nil {
			return err
		}
		return ws.put(ctx, tx, h, message{Type: test, Timestamp: ws.now().UTC().Format(time.RFC3339)})
	})
}

// countTest notes a test, or refuses it where the last hour had enough of them. The
// person stands there as a word of which only this node can tell whose it is.
func (ws *Webhooks) countTest(ctx context.Context, tx *db.Tx, stream act.Fingerprint, person string) error {
	person = base64.RawURLEncoding.EncodeToString(ws.secret("tests of " + person))
	hourAgo := act.Micros(ws.now().Add(-time.Hour))
	if _, err := forgetTests.Run(ctx, tx, hourAgo); err != nil {
		return err
	}
	ofPlace, err := testsOfPlace.One(ctx, tx, stream)
	if err != nil {
		return err
	}
	ofPerson, err := testsOfPerson.One(ctx, tx, person)
	if err != nil {
		return err
	}
	if max(ofPlace, ofPerson) >= maxTests {
		return fault.New(fault.TooMany, "webhook.fault.tests", "max", maxTests)
	}
	_, err = insertTest.Run(ctx, tx, act.NewToken(), stream, person, act.Micros(ws.now()))
	return err
}

// message is the body of a request.
type message struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

type data struct {
	Place string `json:"place,omitempty"` // URL
	ID    string `json:"id,omitempty"`    // URL of the version, outcome, deed, bringing or warning
	Act   int64  `json:"act"`             // its index in the place's stream
}

// Follower writes the messages that acts cause.
func (ws *Webhooks) Follower() act.Follower { return act.Follower{Name: "webhooks", Handle: ws.follow} }

func (ws *Webhooks) follow(ctx context.Context, tx *db.Tx, e act.Entry) error {
	kind, ok := eventOf[e.Act.Type]
	if !ok {
		return nil
	}
	hooks, err := hooksOf.All(ctx, tx, e.Act.Stream)
	if err != nil || len(hooks) == 0 {
		return err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(e.Act.Object, &object); err != nil {
		return err
	}
	id := ""
	if err := json.Unmarshal(object[kind.field], &id); err != nil {
		return err
	}
	m := message{Type: kind.event, Timestamp: e.Act.Published.UTC().Format(time.RFC3339), Data: data{Place: e.Act.Actor, ID: id, Act: e.Act.Index}}
	for _, h := range hooks {
		var events []string
		if err := json.Unmarshal([]byte(h.Events), &events); err != nil {
			return err
		}
		if h.Active && h.First <= e.Act.Index && slices.Contains(events, kind.event) {
			if err := ws.put(ctx, tx, h, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// put writes a message and the job that sends it.
func (ws *Webhooks) put(ctx context.Context, tx *db.Tx, h hookRow, m message) error {
	n, err := countWaiting.One(ctx, tx, h.ID)
	if err != nil {
		return err
	}
	if n >= maxWaiting {
		_, err := missed.Run(ctx, tx, h.ID)
		return err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	u, err := url.Parse(h.URL)
	if err != nil {
		return err
	}
	id := act.NewToken()
	if _, err := insertDelivery.Run(ctx, tx, id, h.ID, m.Type, string(body), act.Micros(ws.now())); err != nil {
		return err
	}
	return ws.queue.Enqueue(ctx, tx, job.Request{Kind: JobName, Payload: id, Host: u.Hostname(), Unique: id})
}

// header is what a request carries beside its body, as Standard Webhooks say.
func (ws *Webhooks) header(hook, id string, body []byte) map[string]string {
	stamp := strconv.FormatInt(ws.now().Unix(), 10)
	m := hmac.New(sha256.New, ws.secret(hook))
	m.Write([]byte(id + "." + stamp + "."))
	m.Write(body)
	return map[string]string{"Webhook-Id": id, "Webhook-Timestamp": stamp,
		"Webhook-Signature": "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil)), "Content-Type": "application/json"}
}
