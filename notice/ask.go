package notice

import (
	"context"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// The kinds of light question.
const (
	AskTask    = "task"    // I can do this task
	AskConcern = "concern" // no concern about this proposal
)

// The answers: what they mean depends on the kind.
const (
	Yes = "yes" // I can do it; I have no concern
	No  = "no"  // I can't; I have something to say
)

const (
	askLasts     = 14 * 24 * time.Hour
	maxAsks      = 200 // open ones of a place
	maxAskLabel  = 60
	maxAskNote   = 300
	answeredTold = 14 * 24 * time.Hour // keepers are told of an answer for so long
)

// An Ask is a question to somebody without an account, as keepers see it.
type Ask struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Object   string `json:"object"`             // id of the task or proposal
	Title    string `json:"title,omitempty"`    // "" when it is gone or closed
	Label    string `json:"label,omitempty"`    // for whom, in the keepers' words
	Created  int64  `json:"created"`            // microseconds
	Expires  int64  `json:"expires"`            // microseconds
	Ended    int64  `json:"ended,omitempty"`    // microseconds, or 0
	Answered int64  `json:"answered,omitempty"` // microseconds, or 0
	Answer   string `json:"answer,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Open tells whether its link still takes an answer.
func (a Ask) Open(now time.Time) bool {
	return a.Title != "" && a.Ended == 0 && a.Answered == 0 && a.Expires > act.Micros(now)
}

// A Question is what somebody sees who holds the link.
type Question struct {
	Kind  string `json:"kind"`
	Place string `json:"place"` // its name
	Title string `json:"title"`
}

type askRow struct {
	Ask
	Stream act.Fingerprint
	Place  string
}

// Tasks and proposals belong to their capabilities; each is read by its id, and
// only while it is open: the title of what was closed is nobody's here.
const askColumns = `select q.id, q.kind, q.object, coalesce(t.title, o.title, ''), q.label, q.created, q.expires, q.ended, q.answered, q.answer, q.note, q.stream, coalesce(p.name, '')
	from light_ask q left join place p on p.stream = q.stream
	left join task t on q.kind = 'task' and t.id = q.object and t.stream = q.stream and t.done = 0
	left join proposal o on q.kind = 'concern' and o.id = q.object and o.stream = q.stream and o.state in ('clarify', 'react', 'consent') `

var (
	insertAsk   = db.Exec(`insert into light_ask (id, stream, kind, object, label, made_by, created, expires, ended, answered, answer, note) values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '', '')`)
	asksOf      = db.Rows[askRow](askColumns + `where q.stream = $1 order by q.created desc, q.id limit 500`)
	askByID     = db.Rows[askRow](askColumns + `where q.id = $1`)
	countAsks   = db.Rows[int64](`select count(*) from light_ask where stream = $1 and ended = 0 and answered = 0 and expires > $2`)
	openTask    = db.Rows[int64](`select count(*) from task where id = $1 and stream = $2 and done = 0`)
	openRound   = db.Rows[int64](`select count(*) from proposal where id = $1 and stream = $2 and state in ('clarify', 'react', 'consent')`)
	endAsk      = db.Exec(`update light_ask set ended = $3 where id = $1 and stream = $2 and ended = 0`)
	answerAsk   = db.Exec(`update light_ask set answered = $2, answer = $3, note = $4 where id = $1 and answered = 0 and ended = 0 and expires > $2`)
	answersOpen = db.Rows[answeredRow](`select q.id, q.stream, p.id from light_ask q join place p on p.stream = q.stream where q.answered > $1`)
	forgetAsks  = db.Exec(`delete from light_ask where expires < $1`)
)

type answeredRow struct {
	ID     string
	Stream act.Fingerprint
	Place  string // URL
}

// AskOf makes a question about a task or an open proposal of a place, and the
// token of its link, which is shown now and can't be shown again.
func (n *Notices) AskOf(ctx context.Context, v place.Viewer, stream act.Fingerprint, kind, object, label string) (token string, err error) {
	var f fault.Fields
	label, err = fault.Line("label", label, maxAskLabel)
	f.Merge(err)
	find, ok := map[string]db.Query[int64]{AskTask: openTask, AskConcern: openRound}[kind]
	if !ok {
		f.Add("kind", "fault.choice")
	}
	if err := f.Err(); err != nil {
		return "", err
	}
	id, now := act.NewToken(), n.now()
	return n.sign(forAnswering, id), n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.AskLightly); err != nil {
			return err
		}
		if k, err := find.One(ctx, tx, object, stream); err != nil {
			return err
		} else if k == 0 {
			return fault.At("object", "fault.choice")
		}
		if k, err := countAsks.One(ctx, tx, stream, act.Micros(now)); err != nil {
			return err
		} else if k >= maxAsks {
			return fault.At("object", "fault.too_many", "max", maxAsks)
		}
		_, err := insertAsk.Run(ctx, tx, id, stream, kind, object, label, v.Person, act.Micros(now), act.Micros(now.Add(askLasts)))
		return err
	})
}

// Asks lists the questions of a place with their answers, the newest first.
func (n *Notices) Asks(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Ask, error) {
	if err := n.may(ctx, n.db, v, stream, place.AskLightly); err != nil {
		return nil, err
	}
	rows, err := asksOf.All(ctx, n.db, stream)
	list := make([]Ask, len(rows))
	for i, r := range rows {
		list[i] = r.Ask
	}
	return list, err
}

// EndAsk takes a question back: its link opens nothing any more.
func (n *Notices) EndAsk(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.AskLightly); err != nil {
			return err
		}
		k, err := endAsk.Run(ctx, tx, id, stream, act.Micros(n.now()))
		if err == nil && k == 0 {
			err = fault.New(fault.NotFound, "fault.not_found")
		}
		return err
	})
}

// Question reads what a link asks; it changes nothing.
func (n *Notices) Question(ctx context.Context, token string) (Question, error) {
	row, err := n.question(ctx, n.db, token)
	return Question{row.Kind, row.Place, row.Title}, err
}

func (n *Notices) question(ctx context.Context, on db.Queryer, token string) (askRow, error) {
	id, err := n.signed(forAnswering, token)
	if err != nil {
		return askRow{}, err
	}
	row, err := askByID.One(ctx, on, id)
	if fault.Is(err, fault.NotFound) || err == nil && !row.Open(n.now()) {
		return askRow{}, errGone
	}
	return row, err
}

// Answer takes the one answer to a question. It is no vote and no promise of a
// member: keepers see it as what somebody said who holds the link.
func (n *Notices) Answer(ctx context.Context, token, answer, note string) error {
	var f fault.Fields
	note, err := fault.Line("note", note, maxAskNote)
	f.Merge(err)
	if !slices.Contains([]string{Yes, No}, answer) {
		f.Add("answer", "fault.choice")
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		row, err := n.question(ctx, tx, token)
		if err != nil {
			return err
		}
		if err := f.Err(); err != nil {
			return err
		}
		k, err := answerAsk.Run(ctx, tx, row.ID, act.Micros(n.now()), answer, note)
		if err == nil && k == 0 {
			err = errGone
		}
		return err
	})
}

// answered tells keepers of answers: a source of reminders.
func (n *Notices) answered(ctx context.Context) ([]Reminder, error) {
	rows, err := answersOpen.All(ctx, n.db, act.Micros(n.now().Add(-answeredTold)))
	if err != nil {
		return nil, err
	}
	list := make([]Reminder, len(rows))
	for i, r := range rows {
		list[i] = Reminder{Cause: "answer " + r.ID, Stream: r.Stream, Kind: "answer", Link: r.Place + "/asks"}
	}
	return list, nil
}
