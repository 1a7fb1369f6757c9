package blueprint

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Limits of drafts.
const (
	MaxDraft    = 2 << 20             // bytes of one draft
	MaxLoose    = 2000                // drafts on this node that belong to no place
	LooseLasts  = 30 * 24 * time.Hour // how long such a draft is kept after the last change
	maxDropped  = MaxClauses          // dropped clauses that a draft keeps to put back
	draftSecret = 24                  // random bytes in the link of a loose draft
)

// A Draft is a text under work. It belongs to a place, whose members work on
// it, or to nobody: then to whoever has its link, for a month.
type Draft struct {
	ID      string
	Stream  act.Fingerprint // "" when it belongs to nobody
	Person  string          // who began it, "" for nobody signed in
	Rev     int64           // grows with each change
	Created int64           // microseconds
	Updated int64
	Expires int64 // 0: never
	DraftBody
}

// DraftBody is what a draft says, as it is stored.
type DraftBody struct {
	Text
	Blueprint  string           `json:"blueprint,omitempty"` // ours, that it continues
	Base       string           `json:"base,omitempty"`      // the version of it that it continues
	From       []Parent         `json:"from,omitempty"`
	Credits    []Credit         `json:"credits,omitempty"`
	Answers    *Answering       `json:"answers,omitempty"` // the suggestion that publishing it answers
	Dropped    []Clause         `json:"dropped,omitempty"`
	Collisions []Collision      `json:"collisions,omitempty"`
	Stale      []string         `json:"stale,omitempty"` // clauses of a translation whose original moved
	Hands      map[string]Hand  `json:"hands,omitempty"` // of a translation, by clause
	Revs       map[string]int64 `json:"revs"`            // when each unit last changed: head, variables, or a clause's id
}

// Hand says who translated a clause here and who checked it. It goes with the draft: a version says that
// a clause was checked, and by whom only where the message names somebody who wanted to be named.
type Hand struct {
	By      string `json:"by,omitempty"`
	Checked string `json:"checked,omitempty"`
	Name    string `json:"name,omitempty"` // by which who checked wants to be named, "" for not at all
}

// Collision is a clause that both sides of a merge changed, to be settled by a person.
type Collision struct {
	ID     string         `json:"id"`
	Base   *Wording       `json:"base,omitempty"` // nil: the side doesn't have it
	Ours   *Wording       `json:"ours,omitempty"`
	Theirs *Wording       `json:"theirs,omitempty"`
	Fields []clause.Field `json:"fields,omitempty"` // that collide; none where one side dropped the clause

	OurStatus   Status `json:"ourStatus,omitempty"` // of the translation, on each side
	TheirStatus Status `json:"theirStatus,omitempty"`
}

// Stale is the cause of the Conflict that a change of an outdated form gets: what
// stands there now. What was sent is still with the sender; nothing was overwritten.
type Stale struct {
	Unit   string
	Now    Clause // where Unit is a clause; zero if it was dropped
	Sent   Clause
	Draft  *Draft
	Fields []clause.FieldChange // from what stands there to what was sent
}

func (s *Stale) Error() string { return s.Unit + " was changed in between" }

// Units of a draft that change together, beside each clause by its id.
const (
	unitHead      = "head"
	unitVariables = "variables"
)

type draftRow struct {
	ID      string
	Secret  []byte
	Stream  act.Fingerprint
	Person  string
	Rev     int64
	Created int64
	Updated int64
	Expires int64
	Body    string
}

const draftColumns = `id, secret, stream, person, rev, created, updated, expires, body`

var (
	insertDraft = db.Exec(`insert into blueprint_draft (id, secret, stream, person, title, rev, created, updated, expires, body) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
	draftByID   = db.Rows[draftRow](`select ` + draftColumns + ` from blueprint_draft where id = $1`)
	lockDraft   = db.Rows[draftRow](`update blueprint_draft set rev = rev where id = $1 returning ` + draftColumns)
	updateDraft = db.Exec(`update blueprint_draft set stream = $2, secret = $3, title = $4, rev = $5, updated = $6, expires = $7, body = $8 where id = $1`)
	deleteDraft = db.Exec(`delete from blueprint_draft where id = $1`)
	dropExpired = db.Exec(`delete from blueprint_draft where expires > 0 and expires <= $1`)
	looseDrafts = db.Rows[int64](`select count(*) from blueprint_draft where stream = ''`)
	draftsOf    = db.Rows[DraftTitle](`select id, title, person, updated from blueprint_draft where stream = $1 order by updated desc, id`)
)

// DraftTitle is a draft in a list.
type DraftTitle struct {
	ID      string
	Title   string
	Person  string
	Updated int64 // microseconds
}

func (r draftRow) draft() (*Draft, error) {
	d := &Draft{ID: r.ID, Stream: r.Stream, Person: r.Person, Rev: r.Rev, Created: r.Created, Updated: r.Updated, Expires: r.Expires}
	if err := json.Unmarshal([]byte(r.Body), &d.DraftBody); err != nil {
		return nil, err
	}
	if d.Revs == nil {
		d.Revs = map[string]int64{}
	}
	return d, nil
}

// Link is how a draft is reached: its id, and for a loose draft a dot and its secret.
type Link string

// Loose tells whether a link is that of a draft that belongs to no place: whoever has it works on the draft.
func (l Link) Loose() bool {
	_, secret := l.split()
	return secret != ""
}

func (l Link) split() (id, secret string) {
	id, secret, _ = strings.Cut(string(l), ".")
	return id, secret
}

func hashSecret(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// keep stores a new draft; for one that belongs to nobody it makes the secret of its link.
func (b *Blueprints) keep(ctx context.Context, tx *db.Tx, d *Draft) (Link, error) {
	now := b.now()
	if _, err := dropExpired.Run(ctx, tx, act.Micros(now)); err != nil {
		return "", err
	}
	d.ID, d.Rev, d.Created, d.Updated = act.NewToken(), 1, act.Micros(now), act.Micros(now)
	d.Revs = map[string]int64{}
	link, secret := Link(d.ID), []byte{}
	if d.Stream == "" {
		n, err := looseDrafts.One(ctx, tx)
		if err != nil {
			return "", err
		}
		if n >= MaxLoose {
			return "", fault.New(fault.TooMany, "blueprint.fault.too_many_drafts")
		}
		var raw [draftSecret]byte
		rand.Read(raw[:])
		s := base64.RawURLEncoding.EncodeToString(raw[:])
		link, secret, d.Expires = Link(d.ID+"."+s), hashSecret(s), act.Micros(now.Add(LooseLasts))
	}
	body, err := d.encode()
	if err != nil {
		return "", err
	}
	_, err = insertDraft.Run(ctx, tx, d.ID, secret, d.Stream, d.Person, d.Title, d.Rev, d.Created, d.Updated, d.Expires, body)
	return link, err
}

// Key of the text that a draft continues; without an id where it begins one.
func (d *Draft) Key() Key { return Key{d.Stream, d.Blueprint} }

func (d *Draft) encode() (string, error) {
	body, err := json.Marshal(d.DraftBody)
	if err == nil && len(body) > MaxDraft {
		err = fault.At("clauses", "blueprint.fault.text_too_large")
	}
	return string(body), err
}

// begin checks that the viewer may draft in the place, if one is given, and stores the draft.
func (b *Blueprints) begin(ctx context.Context, v place.Viewer, stream act.Fingerprint, fill func(ctx context.Context, tx *db.Tx, d *Draft) error) (link Link, err error) {
	err = b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if stream != "" {
			if err := place.May(ctx, tx, v, stream, place.DraftBlueprint, place.Any); err != nil {
				return err
			}
		}
		d := &Draft{Stream: stream, Person: v.Person}
		if err := fill(ctx, tx, d); err != nil {
			return err
		}
		var err error
		link, err = b.keep(ctx, tx, d)
		return err
	})
	return link, err
}

// Begin begins an empty draft, for a place or (stream "") for whoever has the link.
func (b *Blueprints) Begin(ctx context.Context, v place.Viewer, stream act.Fingerprint, language string) (Link, error) {
	if err := CheckLanguage("language", language); err != nil {
		return "", err
	}
	return b.begin(ctx, v, stream, func(_ context.Context, _ *db.Tx, d *Draft) error {
		d.Language, d.Institution = language, Institutions[0]
		return nil
	})
}

// A Source is what can be adapted: a version of any blueprint known here, or a text of the library.
type Source struct {
	Version VersionKey
	Model   string // of the library; then Version is empty
	Lang    string
}

func (b *Blueprints) source(ctx context.Context, on db.Queryer, v place.Viewer, s Source) (Text, Parent, error) {
	if s.Model != "" {
		t, err := b.Library(s.Model, s.Lang)
		if err != nil {
			return t, Parent{}, err
		}
		return t, Parent{Kind: Adapted, Library: &LibraryRef{s.Model, t.Language, t.Hash()}}, nil
	}
	if err := place.May(ctx, on, v, s.Version.Stream, place.ReadBlueprint, place.Any); err != nil {
		return Text{}, Parent{}, err
	}
	h, err := headByKey.One(ctx, on, s.Version.Stream, s.Version.ID)
	if err != nil {
		return Text{}, Parent{}, err
	}
	t, _, err := textOf(ctx, on, h)
	ref := h.Ref()
	return t, Parent{Kind: Adapted, Blueprint: h.Blueprint, Version: &ref}, err
}

// Hash names a text by its content, without what a place filled in: SHA-256, hex.
func (t Text) Hash() string {
	t.Variables = slices.Clone(t.Variables)
	for i := range t.Variables {
		t.Variables[i].Value = ""
	}
	body, err := json.Marshal(t)
	if err != nil { // a struct of strings always marshals
		panic(err)
	}
	h := sha256.Sum256(body)
	return act.MarshalHash(h)
}

// Adapt begins a draft of a place's own from a source; blanks are to be filled anew.
// Clauses whose text was erased are left out. stream "": for whoever has the link.
func (b *Blueprints) Adapt(ctx context.Context, v place.Viewer, s Source, stream act.Fingerprint) (Link, error) {
	return b.begin(ctx, v, stream, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		t, parent, err := b.source(ctx, tx, v, s)
		if err != nil {
			return err
		}
		d.Text, d.From = t.blank(), []Parent{parent}
		return nil
	})
}

// blank is the text without what a place filled in and without clauses that can't be read.
func (t Text) blank() Text {
	t.Variables = slices.Clone(t.Variables)
	for i := range t.Variables {
		t.Variables[i].Value = ""
	}
	t.Clauses = slices.DeleteFunc(slices.Clone(t.Clauses), func(c Clause) bool { return c.Missing })
	return t
}

// Continue begins a draft of the next version of a place's own blueprint.
func (b *Blueprints) Continue(ctx context.Context, v place.Viewer, k VersionKey) (Link, error) {
	return b.begin(ctx, v, k.Stream, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		h, err := b.newest(ctx, tx, k)
		if err != nil {
			return err
		}
		d.Text, _, err = textOf(ctx, tx, h)
		d.Clauses = slices.DeleteFunc(d.Clauses, func(c Clause) bool { return c.Missing })
		d.Blueprint, d.Base = h.Blueprint, h.ID
		return err
	})
}

// newest finds the newest version in the same blueprint and language as a version.
func (b *Blueprints) newest(ctx context.Context, on db.Queryer, k VersionKey) (Head, error) {
	h, err := headByKey.One(ctx, on, k.Stream, k.ID)
	if err != nil {
		return h, err
	}
	id, err := headOf.One(ctx, on, h.Stream, h.Blueprint, h.Language)
	if err != nil || id == h.ID {
		return h, err
	}
	return headByKey.One(ctx, on, k.Stream, id)
}

// allow tells whether a viewer with this link may work on a draft. Who may not learns
// nothing: there is no such draft.
func (b *Blueprints) allow(ctx context.Context, on db.Queryer, v place.Viewer, r draftRow, secret string) error {
	if r.Expires > 0 && r.Expires <= act.Micros(b.now()) {
		return db.ErrNoRow
	}
	if r.Stream != "" {
		err := place.May(ctx, on, v, r.Stream, place.DraftBlueprint, place.Any)
		if fault.Is(err, fault.Forbidden) {
			return db.ErrNoRow
		}
		return err
	}
	if len(r.Secret) > 0 && subtle.ConstantTimeCompare(hashSecret(secret), r.Secret) == 1 || r.Person != "" && r.Person == v.Person && v.Only == "" {
		return nil
	}
	return db.ErrNoRow
}

// ReadDraft reads a draft.
func (b *Blueprints) ReadDraft(ctx context.Context, v place.Viewer, l Link) (*Draft, error) {
	id, secret := l.split()
	r, err := draftByID.One(ctx, b.log.DB(), id)
	if err != nil {
		return nil, err
	}
	if err := b.allow(ctx, b.log.DB(), v, r, secret); err != nil {
		return nil, err
	}
	return r.draft()
}

// Drafts lists the drafts of a place, last changed first.
func (b *Blueprints) Drafts(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]DraftTitle, error) {
	if err := place.May(ctx, b.log.DB(), v, stream, place.DraftBlueprint, place.Any); err != nil {
		return nil, err
	}
	return draftsOf.All(ctx, b.log.DB(), stream)
}

// change runs one change on a draft under its row's lock and stores the result.
func (b *Blueprints) change(ctx context.Context, v place.Viewer, l Link, edit func(ctx context.Context, tx *db.Tx, d *Draft) error) (*Draft, error) {
	id, secret := l.split()
	var d *Draft
	err := b.log.DB().Write(ctx, func(tx *db.Tx) error {
		r, err := lockDraft.One(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := b.allow(ctx, tx, v, r, secret); err != nil {
			return err
		}
		if d, err = r.draft(); err != nil {
			return err
		}
		d.Rev++
		if err := edit(ctx, tx, d); err != nil {
			return err
		}
		now := b.now()
		d.Updated = act.Micros(now)
		if d.Stream == "" {
			d.Expires = act.Micros(now.Add(LooseLasts))
		} else {
			r.Secret, d.Expires = []byte{}, 0
		}
		body, err := d.encode()
		if err != nil {
			return err
		}
		_, err = updateDraft.Run(ctx, tx, d.ID, d.Stream, r.Secret, d.Title, d.Rev, d.Updated, d.Expires, body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// stale tells whether a unit changed after the revision that a form showed.
func (d *Draft) stale(unit string, rev int64) bool { return d.Revs[unit] > rev }

func (d *Draft) touch(unit string) { d.Revs[unit] = d.Rev }

func staleFault(s *Stale) error { return fault.Wrap(fault.Conflict, s, "blueprint.fault.stale") }

// DraftHead is what a draft says of itself as a whole.
type DraftHead struct {
	Title       string
	Summary     string
	Family      string
	Institution Institution
	Rests       []Rest
}

func (h *DraftHead) clean() error {
	var f fault.Fields
	h.Title = line(&f, "title", h.Title, MaxTitle, true)
	h.Summary = passage(&f, "summary", h.Summary, MaxSummary, false)
	f.Merge(checkLibraryID("family", h.Family, true))
	f.Merge(checkInstitution("institution", h.Institution))
	if len(h.Rests) > MaxRests {
		f.Add("rests", "fault.too_many", "max", MaxRests)
		return f.Err()
	}
	for i := range h.Rests {
		f.Merge(h.Rests[i].clean("rests." + itoa(i)))
	}
	return f.Err()
}

// SetHead changes what a draft says of itself; rev is the revision that the form showed.
func (b *Blueprints) SetHead(ctx context.Context, v place.Viewer, l Link, rev int64, h DraftHead) (*Draft, error) {
	if err := h.clean(); err != nil {
		return nil, err
	}
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		if d.stale(unitHead, rev) {
			return staleFault(&Stale{Unit: unitHead, Draft: d})
		}
		d.Title, d.Summary, d.Family, d.Institution, d.Rests = h.Title, h.Summary, h.Family, h.Institution, h.Rests
		d.touch(unitHead)
		return nil
	})
}

// SetVariables gives the blanks their labels and values.
func (b *Blueprints) SetVariables(ctx context.Context, v place.Viewer, l Link, rev int64, list []Variable) (*Draft, error) {
	t := Text{Variables: slices.Clone(list)}
	var f fault.Fields
	t.cleanVariables(&f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		if d.stale(unitVariables, rev) {
			return staleFault(&Stale{Unit: unitVariables, Draft: d})
		}
		d.Variables = t.Variables
		d.touch(unitVariables)
		return d.cleanBlanks()
	})
}

// cleanBlanks gives each blank of the text that has none a label.
func (d *Draft) cleanBlanks() error {
	var f fault.Fields
	d.cleanVariables(&f)
	return f.Err()
}

// SetClause changes one clause; rev is the revision that the form showed. A Conflict has a
// *Stale as its cause.
func (b *Blueprints) SetClause(ctx context.Context, v place.Viewer, l Link, rev int64, w Wording) (*Draft, error) {
	c := Clause{Wording: w}
	if err := c.Clean("clause"); err != nil {
		return nil, err
	}
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		i := d.index(c.ID)
		if i < 0 || d.stale(c.ID, rev) {
			return d.staleClause(c)
		}
		d.put(i, c.Wording, v.Person)
		return d.cleanBlanks()
	})
}

func (d *Draft) staleClause(sent Clause) error {
	s := &Stale{Unit: sent.ID, Sent: sent, Draft: d}
	if now, ok := d.Clause(sent.ID); ok {
		s.Now = now
		for _, c := range clause.Diff([]clause.Clause{*now.Plain()}, []clause.Clause{*sent.Plain()}) {
			s.Fields = append(s.Fields, c.Fields...)
		}
	}
	return staleFault(s)
}

// put gives a clause a wording by somebody's hand: a translation is theirs from now on,
// a collision settled, a stale clause up to date.
func (d *Draft) put(i int, w Wording, person string) {
	c := &d.Clauses[i]
	if c.Wording != w && (c.Status != "" || d.translates()) {
		c.Status = Human
		if d.Hands == nil {
			d.Hands = map[string]Hand{}
		}
		d.Hands[c.ID] = Hand{By: person}
	}
	c.Wording = w
	d.settled(c.ID)
	d.fresh(c.ID)
	d.touch(c.ID)
}

func (d *Draft) settled(id string) {
	d.Collisions = slices.DeleteFunc(d.Collisions, func(c Collision) bool { return c.ID == id })
}

func (d *Draft) fresh(id string) {
	d.Stale = slices.DeleteFunc(d.Stale, func(s string) bool { return s == id })
}

func (d *Draft) translates() bool {
	return slices.ContainsFunc(d.From, func(p Parent) bool { return p.Kind == Translates })
}

// AddClause adds a clause of one's own after another ("": first) and returns its new id.
func (b *Blueprints) AddClause(ctx context.Context, v place.Viewer, l Link, after string, w Wording) (d *Draft, id string, err error) {
	w.ID = act.NewToken()
	c := Clause{Wording: w}
	if err := c.Clean("clause"); err != nil {
		return nil, "", err
	}
	d, err = b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		if len(d.Clauses) >= MaxClauses {
			return fault.At("clauses", "fault.too_many", "max", MaxClauses)
		}
		at, err := d.after(after)
		if err != nil {
			return err
		}
		d.Clauses = slices.Insert(d.Clauses, at, c)
		d.touch(c.ID)
		return d.cleanBlanks()
	})
	return d, c.ID, err
}

// after is the index behind a clause, 0 for "".
func (d *Draft) after(id string) (int, error) {
	if id == "" {
		return 0, nil
	}
	i := d.index(id)
	if i < 0 {
		return 0, fault.At("after", "fault.not_found")
	}
	return i + 1, nil
}

// MoveClause puts a clause behind another ("": first).
func (b *Blueprints) MoveClause(ctx context.Context, v place.Viewer, l Link, id, after string) (*Draft, error) {
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		i := d.index(id)
		if i < 0 || id == after {
			return fault.At("clause", "fault.not_found")
		}
		c := d.Clauses[i]
		d.Clauses = slices.Delete(d.Clauses, i, i+1)
		at, err := d.after(after)
		if err != nil {
			return err
		}
		d.Clauses = slices.Insert(d.Clauses, at, c)
		return nil
	})
}

// ShiftClause moves a clause up (negative) or down by so many places, as far as there are.
func (b *Blueprints) ShiftClause(ctx context.Context, v place.Viewer, l Link, id string, by int) (*Draft, error) {
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		i := d.index(id)
		if i < 0 {
			return fault.At("clause", "fault.not_found")
		}
		c := d.Clauses[i]
		to := min(max(i+by, 0), len(d.Clauses)-1)
		d.Clauses = slices.Insert(slices.Delete(d.Clauses, i, i+1), to, c)
		return nil
	})
}

// DropClause takes a clause out; the draft keeps it, so that it can be put back.
func (b *Blueprints) DropClause(ctx context.Context, v place.Viewer, l Link, rev int64, id string) (*Draft, error) {
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		i := d.index(id)
		if i < 0 {
			return nil // somebody dropped it in between: as was wanted
		}
		if d.stale(id, rev) {
			return d.staleClause(d.Clauses[i])
		}
		d.drop(i)
		return nil
	})
}

func (d *Draft) drop(i int) {
	c := d.Clauses[i]
	d.Clauses = slices.Delete(d.Clauses, i, i+1)
	if len(d.Dropped) < maxDropped {
		d.Dropped = append(d.Dropped, c)
	}
	d.settled(c.ID)
	d.fresh(c.ID)
	d.touch(c.ID)
}

// RestoreClause puts a dropped clause back, behind another ("": first).
func (b *Blueprints) RestoreClause(ctx context.Context, v place.Viewer, l Link, id, after string) (*Draft, error) {
	return b.change(ctx, v, l, func(_ context.Context, _ *db.Tx, d *Draft) error {
		i := slices.IndexFunc(d.Dropped, func(c Clause) bool { return c.ID == id })
		if i < 0 {
			return fault.At("clause", "fault.not_found")
		}
		if len(d.Clauses) >= MaxClauses {
			return fault.At("clauses", "fault.too_many", "max", MaxClauses)
		}
		at, err := d.after(after)
		if err != nil {
			return err
		}
		d.Clauses = slices.Insert(d.Clauses, at, d.Dropped[i])
		d.Dropped = slices.Delete(d.Dropped, i, i+1)
		d.touch(id)
		return d.cleanBlanks()
	})
}

// GiveDraft gives a loose draft to a place of the viewer's: from then on its members
// work on it and the link opens nothing.
func (b *Blueprints) GiveDraft(ctx context.Context, v place.Viewer, l Link, stream act.Fingerprint) (*Draft, error) {
	return b.change(ctx, v, l, func(ctx context.Context, tx *db.Tx, d *Draft) error {
		if d.Stream != "" {
			return fault.New(fault.Conflict, "blueprint.fault.draft_has_place")
		}
		if err := place.May(ctx, tx, v, stream, place.DraftBlueprint, place.Any); err != nil {
			return err
		}
		d.Stream, d.Person = stream, v.Person
		return nil
	})
}

// Discard throws a draft away.
func (b *Blueprints) Discard(ctx context.Context, v place.Viewer, l Link) error {
	id, secret := l.split()
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		r, err := lockDraft.One(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := b.allow(ctx, tx, v, r, secret); err != nil {
			return err
		}
		_, err = deleteDraft.Run(ctx, tx, id)
		return err
	})
}

// DraftWarnings are the warnings in force on the clauses that a draft keeps, by clause: to be read
// before it is published or printed.
func (b *Blueprints) DraftWarnings(ctx context.Context, d *Draft) (map[string][]Warning, error) {
	return draftWarnings(ctx, b.log.DB(), d)
}

func draftWarnings(ctx context.Context, on db.Queryer, d *Draft) (map[string][]Warning, error) {
	out := map[string][]Warning{}
	for _, c := range d.Clauses {
		list, err := warningList(ctx, on, warningsOfClause, c.ID)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(w Warning) bool { return w.Withdrawn })
		if len(list) > 0 {
			out[c.ID] = list
		}
	}
	return out, nil
}

// Publishing says how a draft is to be published.
type Publishing struct {
	Rev     int64 // the revision that was read through
	Message string
	Seen    []string // ids of the warnings that were shown; all in force must be
}

// PublishDraft publishes a draft of a place and throws the draft away. It refuses (Conflict) what
// changed since it was read through, collisions that nobody settled, clauses whose original moved,
// and warnings that the one who publishes was not shown.
func (b *Blueprints) PublishDraft(ctx context.Context, v place.Viewer, l Link, p Publishing) (VersionKey, error) {
	d, err := b.ReadDraft(ctx, v, l)
	if err != nil {
		return VersionKey{}, err
	}
	if d.Stream == "" {
		return VersionKey{}, fault.New(fault.Conflict, "blueprint.fault.draft_without_place")
	}
	var k VersionKey
	_, err = b.log.Commit(ctx, d.Stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := mayOn(ctx, tx, v, d.Key(), place.PublishBlueprint); err != nil {
			return nil, err
		}
		r, err := lockDraft.One(ctx, tx, d.ID)
		if err != nil {
			return nil, err
		}
		d, err := r.draft()
		if err != nil {
			return nil, err
		}
		if err := mayOn(ctx, tx, v, d.Key(), place.PublishBlueprint); err != nil { // as it stands now
			return nil, err
		}
		if err := d.ready(ctx, tx, p); err != nil {
			return nil, err
		}
		draft, err := b.publication(ctx, tx, d, p.Message, &k)
		if err != nil {
			return nil, err
		}
		if _, err := deleteDraft.Run(ctx, tx, d.ID); err != nil {
			return nil, err
		}
		return []act.Draft{draft}, nil
	})
	return k, tooLarge(err)
}

func (d *Draft) ready(ctx context.Context, tx *db.Tx, p Publishing) error {
	switch {
	case d.Rev != p.Rev:
		return fault.Wrap(fault.Conflict, &Stale{Draft: d}, "blueprint.fault.draft_changed")
	case len(d.Collisions) > 0:
		return fault.New(fault.Conflict, "blueprint.fault.collisions", "count", len(d.Collisions))
	case len(d.Stale) > 0:
		return fault.New(fault.Conflict, "blueprint.fault.translation_stale", "count", len(d.Stale))
	}
	warnings, err := draftWarnings(ctx, tx, d)
	if err != nil {
		return err
	}
	for _, list := range warnings {
		for _, w := range list {
			if !slices.Contains(p.Seen, w.ID) {
				return fault.New(fault.Conflict, "blueprint.fault.warnings_unseen")
			}
		}
	}
	return nil
}
