// Package notice tells people what concerns them: on a page, by mail to those
// who gave an address and confirmed it, and, for the rest, by a keeper who passes
// it on by hand. It counts reminders back from dates, and asks those without an
// account by a signed link.
//
// What a notice says is its kind, a place, a day and a link: no names of people,
// no titles, no words that anybody wrote, so that a mail gives away little. What
// opens something is never stored: links are signed, and a mail is written only
// when it is sent.
package notice

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/i18n"
	"translocal/place"
)

// Notices is the capability.
type Notices struct {
	// Sources say what people are to be told; see [Notices.Remind].
	Sources []Source

	db     *db.DB
	base   string // URL that names this node, without a slash at its end
	shown  string // URL at which it is reached now
	words  *i18n.Bundle
	secret []byte // under which links are signed
	server *Server
	now    func() time.Time
}

// Config is what the capability is made of.
type Config struct {
	Log   *act.Log
	Base  string
	Shown string // URL at which the node is reached, when that is another than Base
	Words *i18n.Bundle
	// Server takes mail. Without it nothing is mailed, and keepers pass things on.
	Server *Server
	Now    func() time.Time // time.Now if nil
}

// New makes the capability.
func New(c Config) *Notices {
	n := &Notices{db: c.Log.DB(), base: c.Base, shown: cmp.Or(c.Shown, c.Base), words: c.Words, secret: c.Log.Keys().Derive("notice links"), server: c.Server, now: c.Now}
	if n.now == nil {
		n.now = time.Now
	}
	return n
}

// Mails tells whether there is a server to which mail is given.
func (n *Notices) Mails() bool { return n.server != nil }

// The uses of a signed link. A link of one use opens nothing of another.
const (
	forConfirming    = "confirm"
	forUnsubscribing = "unsubscribe"
	forAnswering     = "answer"
)

// sign makes what stands in a link: an id, and the proof that this node gave it
// out for one use. The proof has 144 bits.
func (n *Notices) sign(use, id string) string {
	mac := hmac.New(sha256.New, n.secret)
	mac.Write([]byte(use + "\x00" + id))
	return id + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

// signed gives the id of a link back, or says that it opens nothing.
func (n *Notices) signed(use, token string) (id string, err error) {
	id, _, _ = strings.Cut(token, ".")
	if !act.IsToken(id) || !hmac.Equal([]byte(n.sign(use, id)), []byte(token)) {
		return "", errGone
	}
	return id, nil
}

// errGone is what a link says that opens nothing: forged, used, taken back or expired.
var errGone = fault.New(fault.NotFound, "mail.link.gone")

// A Notice is one thing that somebody should know.
type Notice struct {
	ID     string          `json:"id"`
	Stream act.Fingerprint `json:"stream,omitempty"` // "" for the site
	Place  string          `json:"place,omitempty"`  // its name
	Kind   string          `json:"kind"`             // see Kinds
	Day    string          `json:"day,omitempty"`    // YYYY-MM-DD that it is about
	Link   string          `json:"link"`             // URL
	Made   int64           `json:"made"`             // microseconds
}

// A notice is for who belongs to its place now, or keeps the site if it is of none.
const (
	noticeColumns = `select n.id, n.stream, coalesce(p.name, ''), n.kind, n.day, n.link, n.made from notice n left join place p on p.stream = n.stream `
	stillTheirs   = `(exists (select 1 from belongs m where m.stream = n.stream and m.person = n.person)
		or n.stream = '' and exists (select 1 from person k where k.id = n.person and k.site_keeper)) `
)

var (
	openNotices = db.Rows[Notice](noticeColumns + `where n.person = $1 and n.seen = 0 and n.kind <> 'keeper' and ` + stillTheirs + `order by n.made desc, n.id limit 200`)
	countOpen   = db.Rows[int64](`select count(*) from notice n where n.person = $1 and n.seen = 0 and n.kind <> 'keeper' and ` + stillTheirs)
	seeNotice   = db.Exec(`update notice set seen = $3 where person = $1 and id = $2 and seen = 0`)
)

// Mine lists what the viewer was told and has not put away, the newest first.
// What keepers of a place see on their own list is not told twice.
func (n *Notices) Mine(ctx context.Context, v place.Viewer) ([]Notice, error) {
	if v.Person == "" {
		return nil, fault.New(fault.SignIn, "fault.sign_in")
	}
	list, err := openNotices.All(ctx, n.db, v.Person)
	kept := list[:0]
	for _, x := range list {
		if v.Only == "" || v.Only == x.Stream {
			kept = append(kept, x)
		}
	}
	return kept, err
}

// Count is how many notices wait for somebody.
func (n *Notices) Count(ctx context.Context, v place.Viewer) (int, error) {
	k, err := countOpen.One(ctx, n.db, v.Person)
	return int(k), err
}

// See puts one of the viewer's notices away.
func (n *Notices) See(ctx context.Context, v place.Viewer, id string) error {
	if err := place.InPerson(v); err != nil {
		return err
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := seeNotice.Run(ctx, tx, v.Person, id, act.Micros(n.now()))
		return err
	})
}

// Words is what a notice says, in a reader's language.
func (x Notice) Words(p *i18n.Printer) string {
	name := oneLine(x.Place)
	if x.Stream == "" {
		name = p.T("mail.the_site")
	}
	return p.T("mail.kind."+x.Kind, "place", name, "day", dayIn(p, x.Day))
}

func dayIn(p *i18n.Printer, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return p.Date(t)
}

// oneLine makes of a name, which may come from another node, what can stand in
// a line of a mail: no line ends, no hidden characters.
func oneLine(s string) string {
	const most = 200 // bytes and more than a name has characters
	var b strings.Builder
	for _, r := range s {
		if fault.Clean("name", string(r), 1, false) != nil {
			r = ' '
		}
		if b.WriteRune(r); b.Len() > most {
			break
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
