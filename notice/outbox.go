package notice

import (
	"context"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// A Parcel is something to tell somebody by paper or by phone. It holds a link
// to a page that its reader still has to open with their own account: what signs
// in, recovers or works once never stands in it.
type Parcel struct {
	Notice
	Person string `json:"person"`
	Name   string `json:"name"` // the pseudonym
	Why    string `json:"why"`  // "by_hand", "no_server", or the state of a mail: "failed", "doubtful"
}

type parcelRow struct {
	Notice
	Person string
	Name   string
	ByHand bool
	State  string
}

var (
	// What waits for somebody who asked to be told and whom no mail reaches.
	parcelsOf = db.Rows[parcelRow](`select n.id, n.stream, p.name, n.kind, n.day, n.link, n.made, n.person, q.name, a.by_hand, coalesce(m.state, '')
		from notice n join place p on p.stream = n.stream join person q on q.id = n.person
		join mail_address a on a.person = n.person join belongs x on x.stream = n.stream and x.person = n.person
		left join mail m on m.id = n.mail
		where n.stream = $1 and n.seen = 0 and n.handed = 0
			and (a.by_hand or a.pace <> 'never' and a.address <> '' and ($2 or m.state in ('failed', 'doubtful')))
		order by q.name, n.person, n.made, n.id limit 1000`)
	handNotice  = db.Exec(`update notice set handed = $3 where id = $1 and stream = $2 and handed = 0`)
	noticeHeld  = db.Rows[int64](`select count(*) from notice where id = $1 and stream = $2`)
	mailsFailed = db.Rows[int64](`select count(*) from mail where kind = 'notices' and state in ('failed', 'doubtful')`)
	mailsWait   = db.Rows[int64](`select count(*) from mail where state = 'waiting'`)
)

// Outbox lists, for the keepers of a place, what concerns it and reaches its
// readers by no mail: where there is no server, for those who want to hear it
// from somebody, and where a mail failed. Sorted by person. No address stands in it.
func (n *Notices) Outbox(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Parcel, error) {
	if err := n.may(ctx, n.db, v, stream, place.PassOn); err != nil {
		return nil, err
	}
	rows, err := parcelsOf.All(ctx, n.db, stream, n.server == nil)
	if err != nil {
		return nil, err
	}
	list := make([]Parcel, len(rows))
	for i, r := range rows {
		list[i] = Parcel{Notice: r.Notice, Person: r.Person, Name: r.Name, Why: "no_server"}
		if r.ByHand {
			list[i].Why = "by_hand"
		} else if r.State == failed || r.State == doubtful {
			list[i].Why = r.State
		}
	}
	return list, nil
}

// PassedOn notes that a keeper told somebody.
func (n *Notices) PassedOn(ctx context.Context, v place.Viewer, stream act.Fingerprint, notice string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.PassOn); err != nil {
			return err
		}
		k, err := handNotice.Run(ctx, tx, notice, stream, act.Micros(n.now()))
		if err != nil || k > 0 {
			return err
		}
		if k, err = noticeHeld.One(ctx, tx, notice, stream); err == nil && k == 0 {
			err = fault.New(fault.NotFound, "fault.not_found")
		}
		return err
	})
}

// State is how the mail of a site does.
type State struct {
	Mails   bool // there is a server
	Waiting int  // mails that have not gone yet
	Failed  int  // mails that went wrong in the last weeks
}

// State reads it, for who keeps the site.
func (n *Notices) State(ctx context.Context) (State, error) {
	w, err := mailsWait.One(ctx, n.db)
	if err != nil {
		return State{}, err
	}
	f, err := mailsFailed.One(ctx, n.db)
	return State{n.server != nil, int(w), int(f)}, err
}
