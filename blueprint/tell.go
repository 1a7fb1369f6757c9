package blueprint

import (
	"context"
	"encoding/json"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Limits of what people tell.
const (
	MaxTold   = 200                  // that wait in one place; then nobody can tell it more
	ToldLasts = 180 * 24 * time.Hour // it may hold how somebody can be reached, so nothing is kept for good
)

// The types of submission by which what was told goes on to the place whose clause it concerns.
const (
	PassOnType = "blueprint.PassOn.v1"
	HeardType  = "blueprint.Heard.v1"
)

// A Tale is what somebody knows of a clause.
type Tale struct {
	About    string `json:"about"` // the clause, in words
	Text     string `json:"text"`  // what became of it
	Where    string `json:"where,omitempty"`
	Happened string `json:"happened,omitempty"` // 2020, 2020-02 or 2020-02-27
	Cited    string `json:"cited,omitempty"`    // how it is known
	Contact  string `json:"contact,omitempty"`  // how to reach who told; it is never passed on
}

func (t *Tale) clean(at string) error {
	var f fault.Fields
	t.About = passage(&f, at+"about", t.About, MaxReason, true)
	t.Text = passage(&f, at+"text", t.Text, MaxReason, true)
	t.Where = line(&f, at+"where", t.Where, MaxTitle, false)
	t.Cited = passage(&f, at+"cited", t.Cited, MaxDetail, false)
	t.Contact = line(&f, at+"contact", t.Contact, MaxTitle, false)
	f.Merge(checkDate(at+"happened", t.Happened))
	return f.Err()
}

// NewTale is something to be told.
type NewTale struct {
	Place   act.Fingerprint // of ours, to whose keepers; the place of Version if that is ours
	Version string          // URL of a version that holds the clause, "" where none does
	Clause  string          // its id, "" where none is known
	Tale
}

// Told is a tale that waits for the keepers of a place.
type Told struct {
	ID      string
	Stream  act.Fingerprint // the place
	At      int64           // microseconds
	Clause  string
	Version VersionKey // zero where none is known
	From    string     // URL of the place that passed it on, "" of what was told here
	Tale
}

// Elsewhere tells whether the clause stands in a text of another place, to which it can be passed on.
func (t Told) Elsewhere() bool { return t.Version.Stream != "" && t.Version.Stream != t.Stream }

type toldRow struct {
	ID         string
	Stream     act.Fingerprint
	At         int64
	Clause     string
	Version    string
	In         act.Fingerprint
	Submission string
	From       string
	Body       string
}

const toldColumns = `id, stream, at, clause, version, in_stream, submission, from_actor, body`

var (
	insertTold  = db.Exec(`insert into blueprint_told (` + toldColumns + `) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	toldOf      = db.Rows[toldRow](`select ` + toldColumns + ` from blueprint_told where stream = $1 and done = 0 and at > $2 order by at desc, id`)
	toldDone    = db.Rows[toldRow](`select ` + toldColumns + ` from blueprint_told where stream = $1 and done <> 0 order by done desc, id limit $2`)
	toldByID    = db.Rows[toldRow](`select ` + toldColumns + ` from blueprint_told where stream = $1 and id = $2 and done = 0 and at > $3`)
	countTold   = db.Rows[int64](`select count(*) from blueprint_told where stream = $1 and done = 0 and (submission = '') = $2`)
	deleteTold  = db.Exec(`delete from blueprint_told where stream = $1 and id = $2`)
	endTold     = db.Exec(`update blueprint_told set done = $3 where stream = $1 and id = $2 and done = 0`)
	dropOldTold = db.Exec(`delete from blueprint_told where done = 0 and at <= $1`)
	dropEnded   = db.Exec(`delete from blueprint_told where done <> 0 and done <= $1`)
	ownStream   = db.Rows[bool](`select own from stream where fp = $1`)
)

func (r toldRow) told() (Told, error) {
	t := Told{ID: r.ID, Stream: r.Stream, At: r.At, Clause: r.Clause, Version: VersionKey{r.In, r.Version}, From: r.From}
	return t, json.Unmarshal([]byte(r.Body), &t.Tale)
}

// Tell keeps what somebody knows of a clause for the keepers of a place, and for nobody else. It asks for
// no account and notes none. The caller limits how often.
func (b *Blueprints) Tell(ctx context.Context, v place.Viewer, n NewTale) error {
	if err := n.clean(""); err != nil {
		return err
	}
	r := toldRow{ID: act.NewToken(), Stream: n.Place, Clause: n.Clause, At: act.Micros(b.now())}
	if n.Clause != "" && !act.IsToken(n.Clause) {
		return fault.At("clause", "fault.id")
	}
	if n.Version != "" {
		of, err := b.Find(ctx, v, n.Version)
		if err != nil {
			return err
		}
		if _, ok := of.Clause(n.Clause); !ok {
			return fault.At("clause", "fault.not_found")
		}
		r.Version, r.In = of.ID, of.Stream
	}
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if own, err := ownStream.One(ctx, tx, r.In); err == nil && own {
			r.Stream = r.In
		} else if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		own, err := ownStream.One(ctx, tx, r.Stream)
		if fault.Is(err, fault.NotFound) || err == nil && !own {
			return fault.At("place", "fault.choice")
		}
		if err != nil {
			return err
		}
		return r.keep(ctx, tx, n.Tale)
	})
}

// lapsed is the time from which on what was told is deleted, in microseconds: 0, which is never, on a site that must keep
// what it was told.
func lapsed(ctx context.Context, on db.Queryer, now time.Time) (int64, error) {
	_, must, err := place.Retained(ctx, on, now)
	if err != nil || must {
		return 0, err
	}
	return act.Micros(now) - ToldLasts.Microseconds(), nil
}

// DropTold deletes what waited for longer than ToldLasts. A node does it each day, whether or not somebody tells more. Where
// records are kept it deletes what was dealt with and whose period is over, and nothing that waits.
func (b *Blueprints) DropTold(ctx context.Context) error {
	err := b.log.DB().Write(ctx, func(tx *db.Tx) error {
		at, err := lapsed(ctx, tx, b.now())
		if err == nil {
			_, err = dropOldTold.Run(ctx, tx, at)
		}
		return err
	})
	if err != nil {
		return err
	}
	return place.Dispose(ctx, b.log.DB(), b.now(), "letters", func(tx *db.Tx, before int64) (int64, error) { return dropEnded.Run(ctx, tx, before) })
}

// keep stores a tale. What is told here and what other places pass on have room each, so that neither shuts out the other;
// what has waited too long takes none.
func (r toldRow) keep(ctx context.Context, tx *db.Tx, t Tale) error {
	at, err := lapsed(ctx, tx, act.FromMicros(r.At))
	if err != nil {
		return err
	}
	if _, err := dropOldTold.Run(ctx, tx, at); err != nil {
		return err
	}
	n, err := countTold.One(ctx, tx, r.Stream, r.Submission == "")
	if err != nil {
		return err
	}
	if n >= MaxTold {
		return fault.New(fault.TooMany, "told.fault.full")
	}
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = insertTold.Run(ctx, tx, r.ID, r.Stream, r.At, r.Clause, r.Version, r.In, r.Submission, r.From, string(body))
	return err
}

// ToldTo lists what was told to a place, newest first.
func (b *Blueprints) ToldTo(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Told, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, stream, place.HearTold, place.Any); err != nil {
		return nil, err
	}
	at, err := lapsed(ctx, on, b.now())
	if err != nil {
		return nil, err
	}
	rows, err := toldOf.All(ctx, on, stream, at)
	if err != nil {
		return nil, err
	}
	return tales(rows)
}

// HeardOut lists the newest of what a place was told and dealt with, where the site keeps that.
func (b *Blueprints) HeardOut(ctx context.Context, v place.Viewer, stream act.Fingerprint, limit int) ([]Told, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, stream, place.HearTold, place.Any); err != nil {
		return nil, err
	}
	rows, err := toldDone.All(ctx, on, stream, limit)
	if err != nil {
		return nil, err
	}
	return tales(rows)
}

func tales(rows []toldRow) (out []Told, err error) {
	out = make([]Told, len(rows))
	for i, r := range rows {
		if out[i], err = r.told(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ReadTold reads one thing that was told to a place.
func (b *Blueprints) ReadTold(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) (Told, error) {
	if err := place.May(ctx, b.log.DB(), v, stream, place.HearTold, place.Any); err != nil {
		return Told{}, err
	}
	r, err := b.toldRow(ctx, b.log.DB(), stream, id)
	if err != nil {
		return Told{}, err
	}
	return r.told()
}

func (b *Blueprints) toldRow(ctx context.Context, on db.Queryer, stream act.Fingerprint, id string) (toldRow, error) {
	at, err := lapsed(ctx, on, b.now())
	if err != nil {
		return toldRow{}, err
	}
	return toldByID.One(ctx, on, stream, id, at)
}

// Dismiss deletes what was told; where records are kept it takes it off the list.
func (b *Blueprints) Dismiss(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.HearTold, place.Any); err != nil {
			return err
		}
		_, err := b.heardOut(ctx, tx, stream, id)
		return err
	})
}

// heardOut takes a tale out that is dealt with. Of two who do so at once one gets NotFound. The place that passed it on hears
// that it was read, and no more.
func (b *Blueprints) heardOut(ctx context.Context, tx *db.Tx, stream act.Fingerprint, id string) (toldRow, error) {
	r, err := b.toldRow(ctx, tx, stream, id)
	if err != nil {
		return r, err
	}
	n, err := b.takeOut(ctx, tx, stream, id)
	if err == nil && n == 0 {
		err = db.ErrNoRow
	}
	if err != nil || r.Submission == "" {
		return r, err
	}
	_, err = b.log.AnswerSubmission(ctx, tx, r.Submission, act.SubmissionDraft{Type: HeardType, Object: heard{r.Submission}})
	if fault.Is(err, fault.Conflict) { // taken back meanwhile
		return r, nil
	}
	return r, err
}

func (b *Blueprints) takeOut(ctx context.Context, tx *db.Tx, stream act.Fingerprint, id string) (int64, error) {
	_, must, err := place.Retained(ctx, tx, b.now())
	switch {
	case err != nil:
		return 0, err
	case must:
		return endTold.Run(ctx, tx, stream, id, act.Micros(b.now()))
	}
	return deleteTold.Run(ctx, tx, stream, id)
}

// passedOn is the object of blueprint.PassOn.v1. Its texts are about and text, and where and cited if they are known.
type passedOn struct {
	Clause   string  `json:"clause"`
	Version  act.Ref `json:"version"` // of the receiver
	Happened string  `json:"happened,omitempty"`
}

// heard is the object of blueprint.Heard.v1: somebody read it.
type heard struct {
	Submission string `json:"submission"`
}

// PassOn sends what was told, in the name of a place, to the place in whose text the clause stands. Who told it and how to
// reach them stays here.
func (b *Blueprints) PassOn(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.HearTold, place.Any); err != nil {
			return err
		}
		r, err := b.heardOut(ctx, tx, stream, id) // first, so that it goes on once
		if err != nil {
			return err
		}
		t, err := r.told()
		if err != nil {
			return err
		}
		if !t.Elsewhere() {
			return fault.New(fault.Conflict, "told.fault.ours")
		}
		h, err := headByKey.One(ctx, tx, t.Version.Stream, t.Version.ID)
		if err != nil {
			return err
		}
		_, err = b.log.Submit(ctx, tx, stream, t.submission(h))
		return err
	})
}

// submission makes what travels.
func (t Told) submission(to Head) act.SubmissionDraft {
	d := act.SubmissionDraft{To: act.Ref{URL: to.ID, Stream: to.Stream}, Type: PassOnType, Object: passedOn{t.Clause, to.Ref(), t.Happened}}
	for _, x := range []act.Inline{{Name: "about", Text: t.About}, {Name: "text", Text: t.Text}, {Name: "where", Text: t.Where}, {Name: "cited", Text: t.Cited}} {
		if x.Text != "" {
			x.Media = "text/plain"
			d.Texts = append(d.Texts, x)
		}
	}
	return d
}

func taleOf(s *act.Submission, o *passedOn) Tale {
	return Tale{About: s.Text("about"), Text: s.Text("text"), Where: s.Text("where"), Cited: s.Text("cited"), Happened: o.Happened}
}

func checkPassedOn(s *act.Submission, o *passedOn) error {
	var f fault.Fields
	f.Merge(o.Version.Check("object.version"))
	if o.Version.Stream != s.ToStream {
		f.Add("object.version.stream", "fault.fingerprint")
	}
	if !act.IsToken(o.Clause) {
		f.Add("object.clause", "fault.id")
	}
	t := taleOf(s, o)
	f.Merge(t.clean("parts."))
	return f.Err()
}

func receivePassedOn(ctx context.Context, tx *db.Tx, s *act.Submission, o *passedOn) error {
	if _, err := ownVersion.One(ctx, tx, s.ToStream, o.Version.URL); err != nil {
		return err
	}
	if err := holds(ctx, tx, VersionKey{s.ToStream, o.Version.URL}, o.Clause); err != nil {
		return err
	}
	t := taleOf(s, o)
	if err := t.clean("parts."); err != nil {
		return err
	}
	r := toldRow{ID: act.NewToken(), Stream: s.ToStream, Clause: o.Clause, Version: o.Version.URL, In: s.ToStream, Submission: s.ID, From: s.Actor,
		At: act.Micros(time.Now())} // when it came: the sender's clock neither keeps it longer nor deletes what others told
	return r.keep(ctx, tx, t)
}

func checkHeard(s *act.Submission, o *heard) error {
	if o.Submission != s.Answers || s.Answers == "" {
		return fault.At("object.submission", "fault.id")
	}
	return nil
}

// receiveHeard has nothing to write: that it was answered stands with the submission.
func receiveHeard(context.Context, *db.Tx, *act.Submission, *heard) error { return nil }
