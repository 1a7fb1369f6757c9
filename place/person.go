package place

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// Lengths of what people choose, in characters, and how long things last.
const (
	MaxPseudonym    = 40
	MinPassword     = 10
	MaxPassword     = 200
	SessionLasts    = 30 * 24 * time.Hour
	InvitationLasts = 7 * 24 * time.Hour
)

type personRow struct {
	ID         string
	Login      string
	Name       string
	Password   string
	SiteKeeper bool
}

var (
	insertPerson     = db.Exec(`insert into person (id, login, name, password, site_keeper, created) values ($1, $2, $3, $4, $5, $6)`)
	personByLogin    = db.Rows[personRow](`select id, login, name, password, site_keeper from person where login = $1`)
	siteKeepers      = db.Rows[int64](`select count(*) from person where site_keeper`)
	insertMembership = db.Exec(`insert into membership (stream, person, role, since) values ($1, $2, $3, $4) on conflict (stream, person) do nothing`)
	updateRole       = db.Exec(`update membership set role = $3 where stream = $1 and person = $2`)
	// lockRole makes who gives, takes or blocks a role and who uses it wait for each
	// other: else a link of a keeper who is no more could be made meanwhile.
	lockRole         = db.Exec(`update membership set role = role where stream = $1 and person = $2`)
	deleteMembership = db.Exec(`delete from membership where stream = $1 and person = $2`)
	membersOf        = db.Rows[Membership](`select m.person, p.name, m.role, m.since, m.way, exists (select 1 from hidden h where h.stream = m.stream and h.kind = 'person' and h.thing = m.person)
		from belongs m join person p on p.id = m.person where m.stream = $1 order by p.name, p.id`)
	// lockKeepers makes whoever else wants to change them wait: without it two of
	// the last could leave at once on PostgreSQL, each counting the other.
	lockKeepers = db.Exec(`update membership set role = role where stream = $1 and role = 'keeper'`)
	keepersOf   = db.Rows[int64](`select count(*) from belongs where stream = $1 and role = 'keeper'`)

	insertSession  = db.Exec(`insert into session (id, token, person, device, created, seen, expires) values ($1, $2, $3, $4, $5, $5, $6)`)
	sessionByToken = db.Rows[sessionRow](`select s.id, s.person, p.name, p.site_keeper, s.seen, s.expires from session s join person p on p.id = s.person where s.token = $1`)
	sessionsOf     = db.Rows[Session](`select id, device, created, seen, expires from session where person = $1 and expires > $2 order by seen desc, id`)
	touchSession   = db.Exec(`update session set seen = $2, expires = $3 where id = $1`)
	deleteSession  = db.Exec(`delete from session where id = $1 and person = $2`)
	expireSessions = db.Exec(`delete from session where expires <= $1`)

	insertInvitation = db.Exec(`insert into invitation (id, token, stream, role, made_by, created, expires, used) values ($1, $2, $3, $4, $5, $6, $7, 0)`)
	invitationByHash = db.Rows[invitationRow](`select id, stream, role, expires, used from invitation where token = $1`)
	useInvitation    = db.Exec(`update invitation set used = $2 where id = $1 and used = 0 and expires > $2`)
	dropSetup        = db.Exec(`delete from invitation where stream = ''`)
	openInvitations  = db.Rows[Invitation](`select id, role, created, expires from invitation where stream = $1 and used = 0 and expires > $2 order by created, id`)
	endInvitation    = db.Exec(`delete from invitation where id = $1 and stream = $2 and used = 0`)
)

// Membership is one person in a place, seen by its members alone.
type Membership struct {
	Person string
	Name   string
	Role   Role
	Since  int64  // microseconds
	Way    string // "open": through an open door; "": by invitation
	NoName bool   // the pseudonym is hidden; keepers and its bearer see it
}

// Session is one signed-in device of a person.
type Session struct {
	ID                     string
	Device                 string
	Created, Seen, Expires int64 // microseconds
}

type sessionRow struct {
	ID         string
	Person     string
	Name       string
	SiteKeeper bool
	Seen       int64
	Expires    int64
}

// Invitation is a link that was made and not used yet; its secret is not kept.
type Invitation struct {
	ID               string
	Role             Role
	Created, Expires int64 // microseconds
}

type invitationRow struct {
	ID      string
	Stream  act.Fingerprint
	Role    Role
	Expires int64
	Used    int64
}

// CalendarLasts is how long a secret address of a calendar opens it.
const CalendarLasts = 366 * 24 * time.Hour

// NewSecret makes what opens something to whoever has it: 192 bits of chance, as
// text for a URL, and the hash of it, which alone is kept.
func NewSecret() (text string, hash []byte) {
	var b [24]byte
	rand.Read(b[:])
	text = base64.RawURLEncoding.EncodeToString(b[:])
	return text, HashSecret(text)
}

// HashSecret is the hash under which a secret is kept: SHA-256.
func HashSecret(text string) []byte {
	h := sha256.Sum256([]byte(text))
	return h[:]
}

// fold is the form in which pseudonyms are compared: nobody can take one that
// differs from another in capitals or compatibility characters alone.
func fold(name string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name))) }

// Newcomer is what somebody types to get an account.
type Newcomer struct {
	Name     string
	Password string
}

func (n *Newcomer) clean() error {
	var f fault.Fields
	var err error
	n.Name, err = fault.RequiredLine("pseudonym", n.Name, MaxPseudonym)
	f.Merge(err)
	switch k := utf8.RuneCountInString(n.Password); {
	case k < MinPassword:
		f.Add("password", "fault.too_short", "min", MinPassword)
	case k > MaxPassword || len(n.Password) > 4*MaxPassword:
		f.Add("password", "fault.too_long", "max", MaxPassword)
	case !utf8.ValidString(n.Password):
		f.Add("password", "fault.encoding")
	case strings.EqualFold(n.Password, n.Name):
		f.Add("password", "fault.password_is_name")
	}
	return f.Err()
}

// SetupLink makes a fresh one-time secret for setting up the site, and ends
// earlier ones; "" when the site has its keeper already.
func (p *Places) SetupLink(ctx context.Context) (secret string, err error) {
	n, err := siteKeepers.One(ctx, p.db)
	if err != nil || n > 0 {
		return "", err
	}
	secret, hash := NewSecret()
	now := p.now()
	return secret, p.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := dropSetup.Run(ctx, tx); err != nil {
			return err
		}
		_, err := insertInvitation.Run(ctx, tx, act.NewToken(), hash, "", SiteKeeper, "", act.Micros(now), act.Micros(now.Add(InvitationLasts)))
		return err
	})
}

// Setup is SetupSite for a site of a movement.
func (p *Places) Setup(ctx context.Context, secret string, n Newcomer, placeName string) (*Place, Viewer, error) {
	return p.SetupSite(ctx, secret, n, placeName, Movement)
}

// SetupSite uses the set-up link: makes the first account, keeper of the site,
// and its first place, which needs a name and nothing else, and says of what kind
// the site is.
func (p *Places) SetupSite(ctx context.Context, secret string, n Newcomer, placeName string, kind SiteKind) (*Place, Viewer, error) {
	profile := Profile{Name: placeName}
	var f fault.Fields
	if err := f.Merge(n.clean()); err != nil {
		return nil, Viewer{}, err
	}
	if err := profile.Clean(); err != nil {
		f.Add("place", "fault.required")
	}
	if kind == "" {
		kind = Movement
	}
	if !slices.Contains(SiteKinds, kind) {
		f.Add("kind", "fault.choice")
	}
	if err := f.Err(); err != nil {
		return nil, Viewer{}, err
	}
	if err := p.CheckInvitation(ctx, secret); err != nil { // before the costly hash
		return nil, Viewer{}, err
	}
	v := Viewer{Person: act.NewToken(), Name: n.Name, Site: true}
	hash, err := p.hash(ctx, login(n.Name), n.Password)
	if err != nil {
		return nil, Viewer{}, err
	}
	made, err := p.found(ctx, "place", profile, func(ctx context.Context, tx *db.Tx, stream act.Fingerprint) error {
		inv, err := p.spend(ctx, tx, secret)
		if err != nil {
			return err
		}
		if inv.Stream != "" {
			return fault.New(fault.NotFound, "place.invitation_gone")
		}
		if err := p.insert(ctx, tx, v, hash); err != nil {
			return err
		}
		if err := setKind(ctx, tx, kind); err != nil {
			return err
		}
		_, err = insertMembership.Run(ctx, tx, stream, v.Person, Keeper, act.Micros(p.now()))
		return err
	})
	return made, v, err
}

func (p *Places) insert(ctx context.Context, tx *db.Tx, v Viewer, hash string) error {
	_, err := insertPerson.Run(ctx, tx, v.Person, fold(v.Name), v.Name, hash, v.Site, act.Micros(p.now()))
	if fault.Is(err, fault.Conflict) {
		return fault.At("pseudonym", "place.pseudonym_taken")
	}
	return err
}

// Invite makes a single-use link for a place; the secret is shown once.
func (p *Places) Invite(ctx context.Context, v Viewer, stream act.Fingerprint, role Role) (secret string, err error) {
	if role != Member && role != Keeper {
		return "", fault.At("role", "fault.choice")
	}
	secret, hash := NewSecret()
	now := p.now()
	return secret, p.db.Write(ctx, func(tx *db.Tx) error {
		if err := mayInvite(ctx, tx, v, stream); err != nil {
			return err
		}
		_, err := insertInvitation.Run(ctx, tx, act.NewToken(), hash, stream, role, v.Person, act.Micros(now), act.Micros(now.Add(InvitationLasts)))
		return err
	})
}

// mayInvite asks with the inviter's role held: taking it away waits until the
// link is there to be ended.
func mayInvite(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint) error {
	if _, err := lockRole.Run(ctx, tx, stream, v.Person); err != nil {
		return err
	}
	return May(ctx, tx, v, stream, Invite, Any)
}

// Invitations lists the links of a place that nobody has used yet.
func (p *Places) Invitations(ctx context.Context, v Viewer, stream act.Fingerprint) ([]Invitation, error) {
	if err := May(ctx, p.db, v, stream, Invite, Any); err != nil {
		return nil, err
	}
	return openInvitations.All(ctx, p.db, stream, act.Micros(p.now()))
}

// EndInvitation takes a link back before anybody used it.
func (p *Places) EndInvitation(ctx context.Context, v Viewer, stream act.Fingerprint, id string) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, Invite, Any); err != nil {
			return err
		}
		return one(endInvitation.Run(ctx, tx, id, stream))
	})
}

func one(n int64, err error) error {
	if err == nil && n == 0 {
		return db.ErrNoRow
	}
	return err
}

// CheckInvitation tells whether a secret still opens anything, without using it.
func (p *Places) CheckInvitation(ctx context.Context, secret string) error {
	_, err := p.invited(ctx, p.db, secret)
	return err
}

// InvitedTo is the place to which a secret invites.
func (p *Places) InvitedTo(ctx context.Context, secret string) (*Place, error) {
	inv, err := p.invited(ctx, p.db, secret)
	if err != nil {
		return nil, err
	}
	return p.ByStream(ctx, inv.Stream)
}

func (p *Places) invited(ctx context.Context, on db.Queryer, secret string) (invitationRow, error) {
	inv, err := invitationByHash.One(ctx, on, HashSecret(secret))
	if fault.Is(err, fault.NotFound) || err == nil && (inv.Used > 0 || inv.Expires <= act.Micros(p.now())) {
		return inv, fault.New(fault.NotFound, "place.invitation_gone")
	}
	return inv, err
}

// spend uses a secret up inside the transaction of what it is used for.
func (p *Places) spend(ctx context.Context, tx *db.Tx, secret string) (invitationRow, error) {
	inv, err := p.invited(ctx, tx, secret)
	if err != nil {
		return inv, err
	}
	n, err := useInvitation.Run(ctx, tx, inv.ID, act.Micros(p.now()))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "place.invitation_gone")
	}
	return inv, err
}

// ComeIn uses an invitation: with a new account, or, when v is signed in, as v.
func (p *Places) ComeIn(ctx context.Context, v Viewer, secret string, n Newcomer) (act.Fingerprint, Viewer, error) {
	hash := ""
	if v.Token != "" {
		return "", v, InPerson(v)
	}
	if v.Person == "" {
		if err := n.clean(); err != nil {
			return "", v, err
		}
		if err := p.CheckInvitation(ctx, secret); err != nil {
			return "", v, err
		}
		v = Viewer{Person: act.NewToken(), Name: n.Name}
		var err error
		if hash, err = p.hash(ctx, login(n.Name), n.Password); err != nil {
			return "", Viewer{}, err
		}
	}
	var stream act.Fingerprint
	err := p.db.Write(ctx, func(tx *db.Tx) error {
		inv, err := p.spend(ctx, tx, secret)
		if err != nil {
			return err
		}
		if inv.Stream == "" {
			return fault.New(fault.NotFound, "place.invitation_gone")
		}
		if err := unblocked(ctx, tx, v, inv.Stream); err != nil {
			return err
		}
		if hash != "" {
			err = p.insert(ctx, tx, v, hash)
		} else { // an account that is being erased is left no membership
			err = one(lockPerson.Run(ctx, tx, v.Person))
		}
		if err != nil {
			return err
		}
		stream = inv.Stream
		_, err = insertMembership.Run(ctx, tx, stream, v.Person, inv.Role, act.Micros(p.now()))
		return err
	})
	return stream, v, err
}

// SignIn checks a pseudonym and password. Neither its answer nor, roughly, its
// time tells whether the pseudonym exists.
func (p *Places) SignIn(ctx context.Context, name, password string) (Viewer, error) {
	wrong := fault.New(fault.Invalid, "place.wrong_sign_in")
	if len(name) > 8*MaxPseudonym || len(password) > 4*MaxPassword {
		return Viewer{}, wrong
	}
	row, err := personByLogin.One(ctx, p.db, login(name))
	stranger := fault.Is(err, fault.NotFound)
	if err != nil && !stranger {
		return Viewer{}, err
	}
	hash := row.Password
	if stranger {
		hash = decoy()
	}
	if fits, err := p.fits(ctx, login(name), password, hash); err != nil {
		return Viewer{}, err
	} else if !fits || stranger {
		return Viewer{}, wrong
	}
	return Viewer{Person: row.ID, Name: row.Name, Site: row.SiteKeeper, password: string(HashSecret(row.Password))}, nil
}

// decoy is the hash of nothing that anybody knows, with the usual costs.
var decoy = sync.OnceValue(func() string {
	hash, err := newArgon().hash(context.Background(), "", rand.Text())
	if err != nil { // of a queue in which nobody waits
		slog.Error("no decoy was made", "err", err)
	}
	return hash
})

// login is a pseudonym as accounts are found by it.
func login(name string) string { return fold(strings.Join(strings.Fields(name), " ")) }

// stillOpens locks the account and refuses when that by which v is signing in was
// changed or removed since it was checked: who changed it has ended all sessions.
func stillOpens(ctx context.Context, tx *db.Tx, v Viewer) error {
	if err := one(lockPerson.Run(ctx, tx, v.Person)); err != nil {
		return err
	}
	if v.password != "" {
		row, err := personByID.One(ctx, tx, v.Person)
		if err == nil && string(HashSecret(row.Password)) != v.password {
			err = fault.New(fault.Invalid, "place.wrong_sign_in")
		}
		return err
	}
	if v.passkey != "" {
		_, err := passkeyStands.One(ctx, tx, v.passkey, v.Person)
		if fault.Is(err, fault.NotFound) {
			err = fault.New(fault.Invalid, "passkey.unknown")
		}
		return err
	}
	return nil
}

// OpenSession starts a session and returns the secret for the browser.
func (p *Places) OpenSession(ctx context.Context, v Viewer, device string) (secret string, err error) {
	if err := InPerson(v); err != nil {
		return "", err
	}
	secret, hash := NewSecret()
	now := p.now()
	device, err = fault.Line("device", device, 120)
	if err != nil {
		device = ""
	}
	return secret, p.db.Write(ctx, func(tx *db.Tx) error {
		if err := stillOpens(ctx, tx, v); err != nil {
			return err
		}
		if _, err := expireSessions.Run(ctx, tx, act.Micros(now)); err != nil {
			return err
		}
		_, err := insertSession.Run(ctx, tx, act.NewToken(), hash, v.Person, device, act.Micros(now), act.Micros(now.Add(SessionLasts)))
		return err
	})
}

// Session finds who a secret belongs to; the zero Viewer when nobody's. A
// session in use is renewed, at most once an hour.
func (p *Places) Session(ctx context.Context, secret string) (Viewer, error) {
	row, v, err := p.session(ctx, secret)
	if err != nil || v.Person == "" {
		return v, err
	}
	now := act.Micros(p.now())
	if now-row.Seen > int64(time.Hour/time.Microsecond) {
		err = p.db.Write(ctx, func(tx *db.Tx) error {
			_, err := touchSession.Run(ctx, tx, row.ID, now, act.Micros(p.now().Add(SessionLasts)))
			return err
		})
	}
	return v, err
}

// Waiting is Session for a page that lies open: it renews nothing, so that a
// session of somebody who went away ends in its time.
func (p *Places) Waiting(ctx context.Context, secret string) (Viewer, error) {
	_, v, err := p.session(ctx, secret)
	return v, err
}

func (p *Places) session(ctx context.Context, secret string) (sessionRow, Viewer, error) {
	row, err := sessionByToken.One(ctx, p.db, HashSecret(secret))
	if fault.Is(err, fault.NotFound) || err == nil && row.Expires <= act.Micros(p.now()) {
		return row, Viewer{}, nil
	}
	if err != nil {
		return row, Viewer{}, err
	}
	return row, Viewer{Person: row.Person, Name: row.Name, Session: row.ID, Site: row.SiteKeeper}, nil
}

// Sessions lists the viewer's sessions.
func (p *Places) Sessions(ctx context.Context, v Viewer) ([]Session, error) {
	return sessionsOf.All(ctx, p.db, v.Person, act.Micros(p.now()))
}

// EndSession ends one of the viewer's own sessions.
func (p *Places) EndSession(ctx context.Context, v Viewer, id string) error {
	if err := InPerson(v); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error { return one(deleteSession.Run(ctx, tx, id, v.Person)) })
}

// Members lists who belongs to a place, for its members.
func (p *Places) Members(ctx context.Context, v Viewer, stream act.Fingerprint) ([]Membership, error) {
	if err := May(ctx, p.db, v, stream, ReadMembers, Any); err != nil {
		return nil, err
	}
	list, err := membersOf.All(ctx, p.db, stream)
	if err != nil {
		return nil, err
	}
	names, err := NamesIn(ctx, p.db, v, stream)
	for i := range list {
		names.Hide(list[i].Person, &list[i].Name)
	}
	return list, err
}

// Keepers counts the keepers of a place: while there is one only, pages say so.
func (p *Places) Keepers(ctx context.Context, stream act.Fingerprint) (int, error) {
	n, err := keepersOf.One(ctx, p.db, stream)
	return int(n), err
}

// SetRole makes a member a keeper or a keeper a member; the last keeper stays.
// Links that a keeper made and nobody used end with the role, for ever.
func (p *Places) SetRole(ctx context.Context, v Viewer, stream act.Fingerprint, person string, role Role) error {
	if role != Member && role != Keeper {
		return fault.At("role", "fault.choice")
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, SetRole, Any); err != nil {
			return err
		}
		return p.setRole(ctx, tx, v, stream, person, role)
	})
}

func (p *Places) setRole(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint, person string, role Role) error {
	if err := one(updateRole.Run(ctx, tx, stream, person, role)); err != nil {
		return err
	}
	if role != Keeper {
		if _, err := endInvitations.Run(ctx, tx, stream, person); err != nil {
			return err
		}
	}
	if err := Note(ctx, tx, v, stream, act.Micros(p.now()), RoleDeed, person, string(role), ""); err != nil {
		return err
	}
	return kept(ctx, tx, stream)
}

// Remove ends somebody's membership; the last keeper stays.
func (p *Places) Remove(ctx context.Context, v Viewer, stream act.Fingerprint, person string) error {
	return p.end(ctx, v, stream, person, RemoveMember)
}

// Leave ends the viewer's own membership; the last keeper stays. Whom the place
// blocked can leave it too, and stays blocked.
func (p *Places) Leave(ctx context.Context, v Viewer, stream act.Fingerprint) error {
	return p.end(ctx, v, stream, v.Person, Leave)
}

func (p *Places) end(ctx context.Context, v Viewer, stream act.Fingerprint, person string, action Action) error {
	return p.db.Write(ctx, func(tx *db.Tx) error {
		if err := mayEnd(ctx, tx, v, stream, action); err != nil {
			return err
		}
		return p.endIn(ctx, tx, v, stream, person, action)
	})
}

func (p *Places) endIn(ctx context.Context, tx *db.Tx, v Viewer, stream act.Fingerprint, person string, action Action) error {
	if err := one(deleteMembership.Run(ctx, tx, stream, person)); err != nil {
		return err
	}
	if _, err := endInvitations.Run(ctx, tx, stream, person); err != nil {
		return err
	}
	if _, err := endMandates.Run(ctx, tx, stream, person, act.Micros(p.now())); err != nil {
		return err
	}
	if action == RemoveMember {
		if err := Note(ctx, tx, v, stream, act.Micros(p.now()), RemoveDeed, person, "", ""); err != nil {
			return err
		}
	}
	return kept(ctx, tx, stream)
}

func mayEnd(ctx context.Context, on db.Queryer, v Viewer, stream act.Fingerprint, action Action) error {
	err := May(ctx, on, v, stream, action, Any)
	if action != Leave || !fault.Is(err, fault.Forbidden) || v.Token != "" {
		return err
	}
	if n, e := isBlocked.One(ctx, on, stream, v.Person); e != nil || n > 0 {
		return e
	}
	return err
}

func kept(ctx context.Context, tx *db.Tx, stream act.Fingerprint) error {
	if _, err := lockKeepers.Run(ctx, tx, stream); err != nil {
		return err
	}
	n, err := keepersOf.One(ctx, tx, stream)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "place.last_keeper")
	}
	return err
}
