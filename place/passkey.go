package place

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/net/idna"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// Limits of passkeys: how many a person has, the length of a name, how long a
// browser has to answer, and how much it may answer, in bytes.
const (
	MaxPasskeys     = 20
	MaxPasskeyName  = 60
	PasskeyTakes    = 5 * time.Minute
	maxCredential   = 32 << 10
	maxCredentialID = 1023 // WebAuthn, section 4
)

// Passkey is a key of a person's device, beside the password. The node keeps its
// public half, which opens nothing.
type Passkey struct {
	ID      string
	Name    string
	Host    string // the name of the site for which the device keeps it
	Created int64  // microseconds
	Used    int64  // microseconds; 0 until then
	Stopped int64  // microseconds: since when it opens nothing, because there may be a copy; 0
}

type passkeyRow struct {
	ID        string
	Person    string
	PublicKey []byte
	Flags     int64
	Counter   int64
	Stopped   int64
}

type challengeRow struct {
	Person  string
	Name    string
	Asked   string
	Expires int64
}

var (
	insertPasskey  = db.Exec(`insert into passkey (id, credential, person, host, name, public_key, flags, counter, created, used, stopped) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)`)
	passkeysOf     = db.Rows[Passkey](`select id, name, host, created, used, stopped from passkey where person = $1 order by created, id`)
	passkeyBy      = db.Rows[passkeyRow](`select id, person, public_key, flags, counter, stopped from passkey where credential = $1 and host = $2`)
	credentialsOf  = db.Rows[[]byte](`select credential from passkey where person = $1 and host = $2 order by id`)
	countPasskeys  = db.Rows[int64](`select count(*) from passkey where person = $1`)
	endPasskey     = db.Exec(`delete from passkey where id = $1 and person = $2`)
	endPasskeys    = db.Exec(`delete from passkey where person = $1`)
	dropChallenges = db.Exec(`delete from passkey_challenge where person = $1`)
	// usePasskey takes no counter that is not above the last one, whoever else signs
	// in with the same key at the same moment.
	usePasskey  = db.Exec(`update passkey set counter = $2, used = $3 where id = $1 and stopped = 0 and (counter < $2 or (counter = 0 and $2 = 0))`)
	stopPasskey = db.Exec(`update passkey set stopped = $2 where id = $1 and stopped = 0`)

	putChallenge = db.Exec(`insert into passkey_challenge (bound, person, name, asked, expires) values ($1, $2, $3, $4, $5)
		on conflict (bound) do update set person = excluded.person, name = excluded.name, asked = excluded.asked, expires = excluded.expires`)
	challengeOf      = db.Rows[challengeRow](`select person, name, asked, expires from passkey_challenge where bound = $1`)
	takeChallenge    = db.Exec(`delete from passkey_challenge where bound = $1`)
	expireChallenges = db.Exec(`delete from passkey_challenge where expires <= $1`)

	passkeyStands = db.Rows[string](`select id from passkey where id = $1 and person = $2 and stopped = 0`)
	sessionStands = db.Rows[string](`select id from session where id = $1 and person = $2`)
)

// Passkeys are those of a node that is reached at one address. The nil pointer
// stands for a node on which browsers make none; its methods say so.
type Passkeys struct {
	Origin string // address at which browsers use them
	Host   string // name for which devices keep them

	places *Places
	rp     *webauthn.WebAuthn
}

// PasskeysAt are the passkeys of a node that is reached at a URL. Browsers make
// them for a name, over HTTPS or at localhost; elsewhere there are none: nil.
func (p *Places) PasskeysAt(shown string) *Passkeys {
	u, err := url.Parse(shown)
	if err != nil {
		return nil
	}
	host, err := idna.Lookup.ToASCII(strings.ToLower(u.Hostname()))
	if err != nil || protocol.ValidateRPID(host) != nil || u.Scheme != "https" && (u.Scheme != "http" || host != "localhost") {
		return nil
	}
	origin := u.Scheme + "://" + host
	if u.Port() != "" {
		origin += ":" + u.Port()
	}
	rp, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: host, RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(), UserVerification: protocol.VerificationPreferred},
		Timeouts: webauthn.TimeoutsConfig{Login: webauthn.TimeoutConfig{Timeout: PasskeyTakes}, Registration: webauthn.TimeoutConfig{Timeout: PasskeyTakes}}})
	if err != nil {
		return nil
	}
	return &Passkeys{Origin: origin, Host: host, places: p, rp: rp}
}

// bearer is a person as the library sees one.
type bearer struct {
	id, name string
	keys     []webauthn.Credential
}

func (b bearer) WebAuthnID() []byte                         { return []byte(b.id) }
func (b bearer) WebAuthnName() string                       { return b.name }
func (b bearer) WebAuthnDisplayName() string                { return b.name }
func (b bearer) WebAuthnCredentials() []webauthn.Credential { return b.keys }

// Begin asks for a new passkey of the viewer's, by the password: what a session
// that was left open could make would outlast it. It returns what the browser has
// to be given, as JSON; Add takes its answer.
func (k *Passkeys) Begin(ctx context.Context, v Viewer, name, password string) (options json.RawMessage, err error) {
	if err := k.adding(v); err != nil {
		return nil, err
	}
	name, err = fault.RequiredLine("passkey", name, MaxPasskeyName)
	if err != nil {
		return nil, err
	}
	if _, err := k.places.checkPassword(ctx, v, "passkey_password", password); err != nil {
		return nil, err
	}
	if err := roomForPasskey(ctx, k.places.db, v.Person); err != nil {
		return nil, err
	}
	known, err := credentialsOf.All(ctx, k.places.db, v.Person, k.Host)
	if err != nil {
		return nil, err
	}
	var exclude []protocol.CredentialDescriptor
	for _, id := range known {
		exclude = append(exclude, protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id})
	}
	creation, asked, err := k.rp.BeginRegistration(bearer{id: v.Person, name: v.Name}, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, err
	}
	return k.asking(ctx, boundTo(v), v.Person, name, asked, creation.Response)
}

// adding refuses whoever is not there in person.
func (k *Passkeys) adding(v Viewer) error {
	if err := InPerson(v); err != nil {
		return err
	}
	if k == nil {
		return fault.New(fault.Forbidden, "passkey.not_here")
	}
	return nil
}

func roomForPasskey(ctx context.Context, on db.Queryer, person string) error {
	n, err := countPasskeys.One(ctx, on, person)
	if err == nil && n >= MaxPasskeys {
		err = fault.At("passkey", "fault.too_many", "max", MaxPasskeys)
	}
	return err
}

// boundTo is what ties a key that is being added to the session in which it was
// asked for.
func boundTo(v Viewer) []byte { return HashSecret("session " + v.Session) }

// asking keeps what was asked of a browser, and writes it down for the browser.
// What nobody answered in time goes.
func (k *Passkeys) asking(ctx context.Context, bound []byte, person, name string, asked *webauthn.SessionData, options any) (json.RawMessage, error) {
	text, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	out, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	now := k.places.now()
	return out, k.places.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := expireChallenges.Run(ctx, tx, act.Micros(now)); err != nil {
			return err
		}
		_, err := putChallenge.Run(ctx, tx, bound, person, name, string(text), act.Micros(now.Add(PasskeyTakes)))
		return err
	})
}

// answered takes what was asked: an answer is tried once, whatever it is worth.
func (k *Passkeys) answered(ctx context.Context, bound []byte, person string) (row challengeRow, asked webauthn.SessionData, err error) {
	late := fault.New(fault.Invalid, "passkey.late")
	err = k.places.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		if row, err = challengeOf.One(ctx, tx, bound); err != nil {
			return err
		}
		return one(takeChallenge.Run(ctx, tx, bound))
	})
	if fault.Is(err, fault.NotFound) || err == nil && (row.Person != person || row.Expires <= act.Micros(k.places.now())) {
		return row, asked, late
	}
	if err == nil {
		err = json.Unmarshal([]byte(row.Asked), &asked)
	}
	return row, asked, err
}

// Add keeps the passkey that a browser made after Begin in the same session.
// credential is the browser's answer as JSON, with bytes in base64url.
func (k *Passkeys) Add(ctx context.Context, v Viewer, credential []byte) (*Passkey, error) {
	if err := k.adding(v); err != nil {
		return nil, err
	}
	row, asked, err := k.answered(ctx, boundTo(v), v.Person)
	if err != nil {
		return nil, err
	}
	made, err := k.made(v, asked, credential)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "passkey.refused")
	}
	key := &Passkey{ID: act.NewToken(), Name: row.Name, Host: k.Host, Created: act.Micros(k.places.now())}
	err = k.places.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := lockPerson.Run(ctx, tx, v.Person); err != nil { // an erasure, a new password and another key wait for one another
			return err
		}
		if _, err := sessionStands.One(ctx, tx, v.Session, v.Person); fault.Is(err, fault.NotFound) { // ended meanwhile, by a new password or with the account
			return fault.New(fault.SignIn, "fault.sign_in")
		} else if err != nil {
			return err
		}
		if err := roomForPasskey(ctx, tx, v.Person); err != nil {
			return err
		}
		_, err := insertPasskey.Run(ctx, tx, key.ID, made.ID, v.Person, k.Host, key.Name, made.PublicKey, int64(made.Flags.ProtocolValue()), int64(made.Authenticator.SignCount), key.Created)
		return err
	})
	if fault.Is(err, fault.Conflict) {
		return nil, fault.New(fault.Conflict, "passkey.known")
	}
	if err != nil {
		return nil, err
	}
	return key, nil
}

func (k *Passkeys) made(v Viewer, asked webauthn.SessionData, credential []byte) (*webauthn.Credential, error) {
	if len(credential) > maxCredential {
		return nil, fault.New(fault.TooLarge, "fault.too_large")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return nil, err
	}
	made, err := k.rp.CreateCredential(bearer{id: v.Person, name: v.Name}, asked, parsed)
	if err == nil && len(made.ID) > maxCredentialID {
		err = fault.New(fault.TooLarge, "fault.too_large")
	}
	return made, err
}

// BeginSignIn asks for any passkey of this node. secret is for the browser that
// began: it shows it again with the answer. options is as of Begin.
func (k *Passkeys) BeginSignIn(ctx context.Context) (secret string, options json.RawMessage, err error) {
	if k == nil {
		return "", nil, fault.New(fault.Forbidden, "passkey.not_here")
	}
	assertion, asked, err := k.rp.BeginDiscoverableLogin()
	if err != nil {
		return "", nil, err
	}
	secret, hash := NewSecret()
	options, err = k.asking(ctx, hash, "", "", asked, assertion.Response)
	return secret, options, err
}

// SignIn finds whose passkey answered, as SignIn of Places does by a password.
func (k *Passkeys) SignIn(ctx context.Context, secret string, credential []byte) (Viewer, error) {
	if k == nil {
		return Viewer{}, fault.New(fault.Forbidden, "passkey.not_here")
	}
	_, asked, err := k.answered(ctx, HashSecret(secret), "")
	if err != nil {
		return Viewer{}, err
	}
	row, signed, err := k.signed(ctx, asked, credential)
	if err != nil {
		return Viewer{}, err
	}
	if err := k.use(ctx, row, signed); err != nil {
		return Viewer{}, err
	}
	person, err := personByID.One(ctx, k.places.db, row.Person)
	if err != nil {
		return Viewer{}, err
	}
	return Viewer{Person: person.ID, Name: person.Name, Site: person.SiteKeeper, passkey: row.ID}, nil
}

// use enters that a key has signed so many times. A count that did not grow shows
// that a second device may hold the key: from then on it opens nothing.
func (k *Passkeys) use(ctx context.Context, row passkeyRow, signed uint32) error {
	now := act.Micros(k.places.now())
	var refused error
	err := k.places.db.Write(ctx, func(tx *db.Tx) error {
		refused = nil
		n, err := usePasskey.Run(ctx, tx, row.ID, int64(signed), now)
		if err != nil || n > 0 {
			return err
		}
		refused = fault.New(fault.Invalid, "passkey.copied")
		n, err = stopPasskey.Run(ctx, tx, row.ID, now)
		if n == 0 && row.Stopped == 0 { // removed at this moment
			refused = fault.New(fault.Invalid, "passkey.unknown")
		}
		return err
	})
	if err != nil {
		return err
	}
	return refused
}

// signed checks an answer to BeginSignIn and returns the key that gave it and how
// often its device says to have signed.
func (k *Passkeys) signed(ctx context.Context, asked webauthn.SessionData, credential []byte) (row passkeyRow, counter uint32, err error) {
	if len(credential) > maxCredential {
		return row, 0, fault.New(fault.Invalid, "passkey.refused")
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return row, 0, fault.Wrap(fault.Invalid, err, "passkey.refused")
	}
	row, err = passkeyBy.One(ctx, k.places.db, parsed.RawID, k.Host)
	if fault.Is(err, fault.NotFound) {
		return row, 0, fault.New(fault.Invalid, "passkey.unknown")
	}
	if err != nil {
		return row, 0, err
	}
	whose := func(rawID, _ []byte) (webauthn.User, error) {
		return bearer{id: row.Person, keys: []webauthn.Credential{{ID: rawID, PublicKey: row.PublicKey,
			Flags:         webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(row.Flags)),
			Authenticator: webauthn.Authenticator{SignCount: uint32(row.Counter)}}}}, nil
	}
	if _, _, err = k.rp.ValidatePasskeyLogin(whose, asked, parsed); err != nil {
		return row, 0, fault.Wrap(fault.Invalid, err, "passkey.refused")
	}
	// The library asks this only where it is required of all. A device that knew its
	// person when the key was made has to know them now.
	signed := parsed.Response.AuthenticatorData
	if protocol.AuthenticatorFlags(row.Flags).HasUserVerified() && !signed.Flags.HasUserVerified() {
		return row, 0, fault.New(fault.Invalid, "passkey.refused")
	}
	return row, signed.Counter, nil
}

// Passkeys lists the viewer's own.
func (p *Places) Passkeys(ctx context.Context, v Viewer) ([]Passkey, error) {
	if err := InPerson(v); err != nil {
		return nil, err
	}
	return passkeysOf.All(ctx, p.db, v.Person)
}

// EndPasskey removes one of the viewer's own passkeys: it opens nothing any more.
func (p *Places) EndPasskey(ctx context.Context, v Viewer, id string) error {
	if err := InPerson(v); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error { return one(endPasskey.Run(ctx, tx, id, v.Person)) })
}

// OwnPasskey is what a person takes along of a passkey: never the key.
type OwnPasskey struct {
	Name    string `json:"name"`
	Created int64  `json:"created"`        // microseconds
	Used    int64  `json:"used,omitempty"` // microseconds
}

// OwnPasskeys is OwnData of the viewer's passkeys.
func (p *Places) OwnPasskeys(ctx context.Context, v Viewer) ([]OwnPasskey, error) {
	list, err := p.Passkeys(ctx, v)
	out := []OwnPasskey{}
	for _, x := range list {
		out = append(out, OwnPasskey{x.Name, x.Created, x.Used})
	}
	return out, err
}
