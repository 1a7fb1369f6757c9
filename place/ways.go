package place

import (
	"context"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// An Asking says who answers those who ask to come in.
type Asking string

// The ways of asking. Invitations are possible in every place.
const (
	NoAsking   Asking = ""
	AskKeepers Asking = "keepers"  // one keeper answers
	AskVouches Asking = "vouching" // so many members vouch
)

// Askings lists them, for the form.
var Askings = []Asking{NoAsking, AskKeepers, AskVouches}

// Limits of the ways in.
const (
	MaxVouches     = 10
	MaxWords       = 1000 // of who asks, in characters
	MaxRequests    = 200  // that wait in one place
	MaxOpenADay    = 50   // who come in by an open door in a day
	RequestLasts   = 30 * 24 * time.Hour
	NewcomerBefore = 7 * 24 * time.Hour // who came through an open door is new so long
)

// Ways is how people come into a place beside by invitation.
type Ways struct {
	Open    bool // anybody makes an account and is a member
	Asking  Asking
	Vouches int // how many members vouch, when Asking is AskVouches
}

// Request is somebody who asks to come in.
type Request struct {
	ID               string
	Name             string
	Words            string
	Created, Expires int64 // microseconds
	Vouched          int   // by members who still are
	Mine             bool  // the viewer is among them
}

type requestRow struct {
	ID      string
	Stream  act.Fingerprint
	State   string
	Expires int64
}

var (
	waysOf   = db.Rows[Ways](`select open, asking, vouches from place_ways where stream = $1`)
	waysHere = db.Rows[Ways](`select distinct w.open, w.asking, w.vouches from place_ways w join stream s on s.fp = w.stream where s.own and (w.open or w.asking <> '')`)
	// lockWays makes whoever else reads the ways of a place in order to write wait;
	// takeWays does so when nobody has chosen them yet, too.
	lockWays      = db.Exec(`update place_ways set open = open where stream = $1`)
	takeWays      = db.Exec(`insert into place_ways (stream, open, asking, vouches) values ($1, false, '', 0) on conflict (stream) do update set open = place_ways.open`)
	putWays       = db.Exec(`insert into place_ways (stream, open, asking, vouches) values ($1, $2, $3, $4) on conflict (stream) do update set open = excluded.open, asking = excluded.asking, vouches = excluded.vouches`)
	insertRequest = db.Exec(`insert into entry_request (id, token, stream, name, words, created, expires, state, person) values ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8)`)
	requestByHash = db.Rows[requestRow](`select id, stream, state, expires from entry_request where token = $1`)
	answerRequest = db.Exec(`update entry_request set state = $4, name = '', words = '', person = '' where id = $1 and stream = $2 and state = 'waiting' and expires > $3`)
	dropRequests  = db.Exec(`delete from entry_request where expires <= $1`)
	endRequests   = db.Exec(`delete from entry_request where stream = $1 and state = 'waiting'`)
	dropVouches   = db.Exec(`delete from vouch where request not in (select id from entry_request where state = 'waiting')`)
	waitingIn     = db.Rows[int64](`select count(*) from entry_request where stream = $1 and state = 'waiting' and expires > $2`)
	// lockRequest makes who else vouches, answers or changes the ways wait: on
	// PostgreSQL two who vouch at once would each count themselves alone.
	lockRequest = db.Exec(`update entry_request set state = state where id = $1 and stream = $2 and state = 'waiting' and expires > $3`)
	insertVouch = db.Exec(`insert into vouch (request, person, made) values ($1, $2, $3) on conflict (request, person) do nothing`)
	vouchesFor  = db.Rows[int64](`select count(*) from vouch v join belongs m on m.person = v.person and m.stream = $2 where v.request = $1`)
	waitingList = db.Rows[Request](`select r.id, r.name, r.words, r.created, r.expires,
		(select count(*) from vouch v join belongs m on m.person = v.person and m.stream = r.stream where v.request = r.id),
		exists (select 1 from vouch v where v.request = r.id and v.person = $3)
		from entry_request r where r.stream = $1 and r.state = 'waiting' and r.expires > $2 order by r.created, r.id`)
	admit          = db.Exec(`insert into invitation (id, token, stream, role, made_by, created, expires, used) select $1, token, stream, 'member', '', $3, $4, 0 from entry_request where id = $2`)
	setWay         = db.Exec(`update membership set way = $3 where stream = $1 and person = $2`)
	insertOpenJoin = db.Exec(`insert into open_join (id, stream, at) values ($1, $2, $3)`)
	dropOpenJoins  = db.Exec(`delete from open_join where at <= $1`)
	openSince      = db.Rows[int64](`select count(*) from open_join where stream = $1 and at > $2`)
	newcomer       = db.Rows[int64](`select count(*) from belongs where stream = $1 and person = $2 and way = 'open' and since > $3`)
	endInvitations = db.Exec(`delete from invitation where stream = $1 and made_by = $2 and used = 0`)
)

// Ways is how people come into a place. Everybody may know.
func (p *Places) Ways(ctx context.Context, stream act.Fingerprint) (Ways, error) {
	return ways(ctx, p.db, stream)
}

// AnyWays tells which ways at least one place of this node has. Everybody may know.
func (p *Places) AnyWays(ctx context.Context) (open, asking bool, err error) {
	all, err := waysHere.All(ctx, p.db)
	for _, w := range all {
		open = open || w.Open
		asking = asking || w.Asking != NoAsking
	}
	return open, asking, err
}

func ways(ctx context.Context, on db.Queryer, stream act.Fingerprint) (Ways, error) {
	w, err := waysOf.One(ctx, on, stream)
	if fault.Is(err, fault.NotFound) {
		return Ways{}, nil
	}
	return w, err
}

// lockedWays are the ways of a place, which stay as they are until tx ends.
func lockedWays(ctx context.Context, tx *db.Tx, stream act.Fingerprint) (Ways, error) {
	if _, err := lockWays.Run(ctx, tx, stream); err != nil {
		return Ways{}, err
	}
	return ways(ctx, tx, stream)
}

// SetWays chooses how people come into a place. When another way of asking is
// chosen, whoever waits has to ask again: by the new way they were never asked for.
func (p *Places) SetWays(ctx context.Context, v Viewer, stream act.Fingerprint, w Ways) error {
	var f fault.Fields
	switch w.Asking {
	case NoAsking, AskKeepers:
		w.Vouches = 0
	case AskVouches:
		if w.Vouches < 1 || w.Vouches > MaxVouches {
			f.Add("vouches", "ways.vouches.range", "max", MaxVouches)
		}
	default:
		f.Add("asking", "fault.choice")
	}
	if err := f.Err(); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, SetWays, Any); err != nil {
			return err
		}
		if _, err := takeWays.Run(ctx, tx, stream); err != nil {
			return err
		}
		was, err := ways(ctx, tx, stream)
		if err != nil {
			return err
		}
		if was.Asking != w.Asking || was.Vouches != w.Vouches {
			if _, err := endRequests.Run(ctx, tx, stream); err != nil {
				return err
			}
		}
		if _, err := dropVouches.Run(ctx, tx); err != nil {
			return err
		}
		_, err = putWays.Run(ctx, tx, stream, w.Open, w.Asking, w.Vouches)
		return err
	})
}

// closed is the fault of a way that a place does not have.
func closed() error { return fault.New(fault.Conflict, "ways.closed") }

// JoinOpen makes a member of whoever asks, where the door is open: with a new
// account, or, when v is signed in, as v.
func (p *Places) JoinOpen(ctx context.Context, v Viewer, stream act.Fingerprint, n Newcomer) (Viewer, error) {
	if v.Token != "" {
		return v, InPerson(v)
	}
	if w, err := p.Ways(ctx, stream); err != nil {
		return v, err
	} else if !w.Open {
		return v, closed()
	}
	hash := ""
	if v.Person == "" {
		if err := n.clean(); err != nil {
			return v, err
		}
		var err error
		if hash, err = p.hash(ctx, login(n.Name), n.Password); err != nil {
			return v, err
		}
		v = Viewer{Person: act.NewToken(), Name: n.Name}
	}
	now := p.now()
	return v, p.db.Write(ctx, func(tx *db.Tx) error {
		if w, err := lockedWays(ctx, tx, stream); err != nil {
			return err
		} else if !w.Open {
			return closed()
		}
		if err := unblocked(ctx, tx, v, stream); err != nil {
			return err
		}
		var err error
		if hash != "" {
			err = p.insert(ctx, tx, v, hash)
		} else { // as in ComeIn
			err = one(lockPerson.Run(ctx, tx, v.Person))
		}
		if err != nil {
			return err
		}
		added, err := insertMembership.Run(ctx, tx, stream, v.Person, Member, act.Micros(now))
		if err != nil || added == 0 {
			return err
		}
		if _, err := setWay.Run(ctx, tx, stream, v.Person, "open"); err != nil {
			return err
		}
		return countJoin(ctx, tx, stream, now)
	})
}

// countJoin counts who comes through an open door, also those who leave again,
// and refuses who is beyond a day's number.
func countJoin(ctx context.Context, tx *db.Tx, stream act.Fingerprint, now time.Time) error {
	day := act.Micros(now.AddDate(0, 0, -1))
	if _, err := dropOpenJoins.Run(ctx, tx, day); err != nil {
		return err
	}
	if n, err := openSince.One(ctx, tx, stream, day); err != nil {
		return err
	} else if n >= MaxOpenADay {
		return fault.New(fault.TooMany, "ways.full")
	}
	_, err := insertOpenJoin.Run(ctx, tx, act.NewToken(), stream, act.Micros(now))
	return err
}

// Ask asks to come in. The secret, shown once, tells the answer, and opens the
// place when that is yes.
func (p *Places) Ask(ctx context.Context, v Viewer, stream act.Fingerprint, name, words string) (secret string, err error) {
	var f fault.Fields
	if v.Token != "" {
		return "", InPerson(v)
	}
	if v.Person != "" {
		name = v.Name
	}
	name, err = fault.RequiredLine("name", name, MaxPseudonym)
	f.Merge(err)
	words, err = fault.RequiredPassage("words", words, MaxWords)
	f.Merge(err)
	if err := f.Err(); err != nil {
		return "", err
	}
	secret, hash := NewSecret()
	now := p.now()
	return secret, p.db.Write(ctx, func(tx *db.Tx) error {
		w, err := lockedWays(ctx, tx, stream)
		if err != nil {
			return err
		}
		if w.Asking == NoAsking {
			return closed()
		}
		if v.Person != "" { // as in ComeIn
			if err := one(lockPerson.Run(ctx, tx, v.Person)); err != nil {
				return err
			}
		}
		if err := unblocked(ctx, tx, v, stream); err != nil {
			return err
		}
		if _, err := dropRequests.Run(ctx, tx, act.Micros(now)); err != nil {
			return err
		}
		k, err := waitingIn.One(ctx, tx, stream, act.Micros(now))
		if err != nil {
			return err
		}
		if k >= MaxRequests {
			return fault.New(fault.TooMany, "ways.full")
		}
		_, err = insertRequest.Run(ctx, tx, act.NewToken(), hash, stream, name, words, act.Micros(now), act.Micros(now.Add(RequestLasts)), v.Person)
		return err
	})
}

// Sweep forgets requests that are over by time, and who vouched in them. Ask and
// Answer do so too; a place at which nobody asks any more is swept by a chore.
func (p *Places) Sweep(ctx context.Context) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		now := p.now()
		if _, err := dropRequests.Run(ctx, tx, act.Micros(now)); err != nil {
			return err
		}
		if _, err := dropOpenJoins.Run(ctx, tx, act.Micros(now.AddDate(0, 0, -1))); err != nil {
			return err
		}
		_, err := dropVouches.Run(ctx, tx)
		return err
	})
}

// Asked is what became of a request: its place and "waiting", "let_in" or
// "declined". A secret of nothing, or of what is over, is a fault.
func (p *Places) Asked(ctx context.Context, secret string) (act.Fingerprint, string, error) {
	row, err := requestByHash.One(ctx, p.db, HashSecret(secret))
	if fault.Is(err, fault.NotFound) || err == nil && row.Expires <= act.Micros(p.now()) {
		return "", "", fault.New(fault.NotFound, "ways.ask.gone")
	}
	return row.Stream, row.State, err
}

// answering is the action by which requests of a place are answered.
func (w Ways) answering() Action {
	if w.Asking == AskVouches {
		return Vouch
	}
	return AnswerRequest
}

// Requests lists who waits, for those who answer.
func (p *Places) Requests(ctx context.Context, v Viewer, stream act.Fingerprint) ([]Request, error) {
	w, err := p.Ways(ctx, stream)
	if err != nil {
		return nil, err
	}
	if err := May(ctx, p.db, v, stream, w.answering(), Any); err != nil {
		return nil, err
	}
	return waitingList.All(ctx, p.db, stream, act.Micros(p.now()), v.Person)
}

// Answer lets in who asks, or declines, where keepers answer. Where members
// vouch a keeper can decline alone, and let nobody in alone.
func (p *Places) Answer(ctx context.Context, v Viewer, stream act.Fingerprint, request string, letIn bool) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, AnswerRequest, Any); err != nil {
			return err
		}
		w, err := ways(ctx, tx, stream)
		if err != nil {
			return err
		}
		if letIn && w.Asking != AskKeepers {
			return closed()
		}
		return p.answered(ctx, tx, stream, request, letIn)
	})
}

// answered ends a request that waits, and forgets what its person wrote.
func (p *Places) answered(ctx context.Context, tx *db.Tx, stream act.Fingerprint, request string, letIn bool) error {
	now, state := p.now(), "declined"
	if letIn {
		state = "let_in"
	}
	if err := one(answerRequest.Run(ctx, tx, request, stream, act.Micros(now), state)); err != nil {
		return err
	}
	if letIn {
		if err := one(admit.Run(ctx, tx, act.NewToken(), request, act.Micros(now), act.Micros(now.Add(InvitationLasts)))); err != nil {
			return err
		}
	}
	_, err := dropVouches.Run(ctx, tx)
	return err
}

// VouchFor adds the viewer's word for somebody who asks. The last of as many as
// the place asks for lets the person in. Who came through an open door a moment
// ago vouches for nobody yet, so that nobody can vouch for themselves by accounts.
func (p *Places) VouchFor(ctx context.Context, v Viewer, stream act.Fingerprint, request string) error {
	now := p.now()
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, Vouch, Any); err != nil {
			return err
		}
		if err := one(lockRequest.Run(ctx, tx, request, stream, act.Micros(now))); err != nil {
			return err
		}
		w, err := ways(ctx, tx, stream)
		if err != nil {
			return err
		}
		if w.Asking != AskVouches {
			return closed()
		}
		if k, err := newcomer.One(ctx, tx, stream, v.Person, act.Micros(now.Add(-NewcomerBefore))); err != nil {
			return err
		} else if k > 0 {
			return fault.New(fault.Conflict, "ways.vouch.new")
		}
		if _, err := insertVouch.Run(ctx, tx, request, v.Person, act.Micros(now)); err != nil {
			return err
		}
		k, err := vouchesFor.One(ctx, tx, request, stream)
		if err != nil || int(k) < w.Vouches {
			return err
		}
		return p.answered(ctx, tx, stream, request, true)
	})
}
