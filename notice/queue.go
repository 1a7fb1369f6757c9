package notice

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// The states of a mail. It is marked as handed before the server gets it, and
// never handed twice: when the program or the connection ends just then, nobody
// knows whether it arrived, and it stays doubtful.
const (
	waiting  = "waiting"
	handed   = "handed"
	sent     = "sent"
	failed   = "failed"   // refused for good, or tried too often
	doubtful = "doubtful" // handed over, and no answer came
	dropped  = "dropped"  // no longer wanted when its turn came
)

const (
	maxTries   = 8                   // over about ten hours
	firstWait  = 5 * time.Minute     // after a failed try, then twice as long each time
	answerTime = 15 * time.Minute    // a mail handed longer ago will hear no answer
	mailAge    = 7 * 24 * time.Hour  // an older one is given up
	mailKept   = 30 * 24 * time.Hour // what became of mails is remembered
	digestHour = 6                   // UTC: daily mails go from then on
	oldNotice  = 30 * 24 * time.Hour // what is older is not mailed any more
)

type mailRow struct {
	ID      string
	Person  string
	Kind    string
	Address string
	Made    int64
	Tries   int64
}

var (
	// Whom there is something to tell by mail.
	toMail = db.Rows[addressRow](addressColumns + `a where a.confirmed > 0 and not a.by_hand and a.pace <> 'never' and (a.pace = 'once' or a.digest < $1)
		and exists (select 1 from notice n where n.person = a.person and n.seen = 0 and n.handed = 0 and n.mail = '' and n.made > $2 and ` + stillTheirs + `) order by a.person`)
	// A mail takes along as much as it will carry; the rest waits for the next.
	takeAlong = db.Exec(`update notice set mail = $2 where mail = '' and seen = 0 and id in (select n.id from notice n
		where n.person = $1 and n.seen = 0 and n.handed = 0 and n.mail = '' and n.made > $3 and ` + stillTheirs + ` order by n.made, n.id limit 100)`)
	setDigest = db.Exec(`update mail_address set digest = $2 where person = $1`)
	nextMail  = db.Rows[mailRow](`select id, person, kind, address, made, tries from mail where state = 'waiting' and due <= $1 order by due, id limit 1`)
	handMail  = db.Exec(`update mail set state = 'handed', tries = tries + 1, changed = $2 where id = $1 and state = 'waiting'`)
	endMail   = db.Exec(`update mail set state = $2, due = $3, changed = $4, error = $5 where id = $1 and state = 'handed'`)
	passOver  = db.Exec(`update mail set state = $3, changed = $2 where id = $1 and state = 'waiting'`)
	giveBack  = db.Exec(`update notice set mail = '' where mail = $1`)
	doubtMail = db.Exec(`update mail set state = 'doubtful' where state = 'handed' and changed < $1`)
	carried   = db.Rows[Notice](noticeColumns + `where n.mail = $1 and n.seen = 0 and ` + stillTheirs + `order by n.made, n.id limit 100`)
)

// Gather makes mails of what people have not been told: for each person one,
// with all that waits for them. At once for those who want it so; for the
// others on a new day (UTC), from six o'clock.
func (n *Notices) Gather(ctx context.Context) error {
	if n.server == nil {
		return nil
	}
	now := n.now().UTC()
	today, before := now.Format(time.DateOnly), "" // nothing sorts before ""
	if now.Hour() >= digestHour {
		before = today
	}
	people, err := toMail.All(ctx, n.db, before, act.Micros(now.Add(-oldNotice)))
	if err != nil {
		return err
	}
	const batch = 200 // in one transaction
	for len(people) > 0 {
		k := min(batch, len(people))
		err := n.db.Write(ctx, func(tx *db.Tx) error {
			for _, a := range people[:k] {
				if err := n.gather(ctx, tx, a, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		people = people[k:]
	}
	return nil
}

func (n *Notices) gather(ctx context.Context, tx *db.Tx, a addressRow, now time.Time) error {
	id := act.NewToken()
	k, err := takeAlong.Run(ctx, tx, a.Person, id, act.Micros(now.Add(-oldNotice)))
	if err != nil || k == 0 { // another process was first
		return err
	}
	if _, err := setDigest.Run(ctx, tx, a.Person, now.Format(time.DateOnly)); err != nil {
		return err
	}
	_, err = insertMail.Run(ctx, tx, id, a.Person, "notices", a.Address, act.Micros(now))
	return err
}

// An end is what came of handing a mail over.
type end struct {
	mail  mailRow
	state string
	due   time.Time // of the next try, when it waits
	why   string    // a code and words of our own: addresses stand in no log
}

// Send hands over the mails that are due, one after another, until none is left
// or time runs short. When the server can't be reached it says so, and nothing
// was tried.
func (n *Notices) Send(ctx context.Context) error {
	if n.server == nil {
		return nil
	}
	if err := n.doubt(ctx); err != nil {
		return err
	}
	if _, err := nextMail.One(ctx, n.db, act.Micros(n.now())); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	c, err := n.server.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { c.close() }()
	var last *end
	for {
		m, ok, err := n.next(ctx, last)
		if err != nil || !ok {
			return err
		}
		last = n.hand(ctx, c, m)
		if !c.broken {
			continue
		}
		c.close()
		if c, err = n.server.connect(ctx); err != nil {
			c = &connection{}
			return n.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error { return n.note(ctx, tx, last) })
		}
	}
}

// doubt looks for mails that were handed over when a program ended.
func (n *Notices) doubt(ctx context.Context) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := doubtMail.Run(ctx, tx, act.Micros(n.now().Add(-answerTime)))
		return err
	})
}

// next writes down what came of the last mail and marks the next as handed, in
// one transaction. What nobody wants any more is passed over.
func (n *Notices) next(ctx context.Context, last *end) (m mailRow, ok bool, err error) {
	stop := ctx.Err() != nil || soon(ctx)
	ctx = context.WithoutCancel(ctx)
	err = n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.note(ctx, tx, last); err != nil || stop {
			return err
		}
		for {
			m, err = nextMail.One(ctx, tx, act.Micros(n.now()))
			if fault.Is(err, fault.NotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			wanted, err := n.wanted(ctx, tx, m)
			if err != nil {
				return err
			}
			if !wanted {
				if err := n.drop(ctx, tx, m); err != nil {
					return err
				}
				continue
			}
			k, err := handMail.Run(ctx, tx, m.ID, act.Micros(n.now()))
			if err != nil {
				return err
			}
			if m.Tries++; k == 1 {
				ok = true
				return nil
			}
		}
	})
	return m, ok, err
}

// drop passes a mail over. What it was to tell waits for another; when it is too
// old it counts as failed, and stands in the outbox of the keepers.
func (n *Notices) drop(ctx context.Context, tx *db.Tx, m mailRow) error {
	if n.tooOld(m) {
		_, err := passOver.Run(ctx, tx, m.ID, act.Micros(n.now()), failed)
		return err
	}
	k, err := passOver.Run(ctx, tx, m.ID, act.Micros(n.now()), dropped)
	if err != nil || k == 0 { // another process has just handed it over
		return err
	}
	_, err = giveBack.Run(ctx, tx, m.ID)
	return err
}

func (n *Notices) tooOld(m mailRow) bool {
	return act.Micros(n.now())-m.Made > mailAge.Microseconds()
}

// soon tells whether too little time is left for one mail more.
func soon(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < time.Minute
}

func (n *Notices) note(ctx context.Context, tx *db.Tx, e *end) error {
	if e == nil {
		return nil
	}
	_, err := endMail.Run(ctx, tx, e.mail.ID, e.state, act.Micros(e.due), act.Micros(n.now()), e.why)
	return err
}

// wanted tells whether a mail should still go where it was meant to go.
func (n *Notices) wanted(ctx context.Context, on db.Queryer, m mailRow) (bool, error) {
	a, err := addressOf.One(ctx, on, m.Person)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil || a.Address != m.Address || n.tooOld(m) {
		return false, err
	}
	if m.Kind == "confirm" {
		return a.Confirmed == 0 && a.Asked > 0, nil
	}
	if a.Confirmed == 0 || a.Pace == Never || a.ByHand {
		return false, nil
	}
	list, err := carried.All(ctx, on, m.ID)
	return len(list) > 0, err
}

// hand writes a mail and gives it to the server.
func (n *Notices) hand(ctx context.Context, c *connection, m mailRow) *end {
	e := &end{mail: m, state: sent}
	msg, err := n.write(ctx, m)
	if err != nil {
		e.state, e.why = failed, "it could not be written: "+fmt.Sprintf("%.200v", fault.KindOf(err))
		return e
	}
	switch out := c.send(msg); {
	case out.sent:
	case out.doubtful:
		e.state, e.why = doubtful, out.why
	case out.permanent || m.Tries >= maxTries:
		e.state, e.why = failed, out.why
	default:
		e.state, e.why, e.due = waiting, out.why, n.now().Add(backoff(m.Tries))
	}
	return e
}

// backoff is how long a mail waits after so many failed tries.
func backoff(tries int64) time.Duration {
	wait := firstWait << min(tries-1, 8)
	return wait*3/4 + mathrand.N(wait/2+1)
}
