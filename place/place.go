// Package place holds places and circles, the people behind them and who may
// do what. A place is whatever its people say it is: a neighbourhood, a
// watershed, a people's territory; a country is never asked for. What a place
// says of itself is public, an act of its stream. Accounts, memberships,
// sessions and invitations are private and never leave the node.
package place

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/text/language"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// Places is the capability: places and circles of this node and those followed.
type Places struct {
	log  *act.Log
	db   *db.DB
	base string // URL of this node, without a slash at its end
	now  func() time.Time
	argon

	// HasText tells whether a place has a text with that id, of which somebody can
	// be steward. Who wires the program gives it; without it no place has one.
	HasText func(ctx context.Context, on db.Queryer, stream act.Fingerprint, text string) (bool, error)
}

// New makes the capability for a node at a base URL.
func New(log *act.Log, base string) *Places {
	log.Guarded(guardKind)
	return &Places{log: log, db: log.DB(), base: base, now: time.Now, argon: newArgon(),
		HasText: func(context.Context, db.Queryer, act.Fingerprint, string) (bool, error) { return false, nil }}
}

// Base is the URL of this node.
func (p *Places) Base() string { return p.base }

// Profile is what a place says of itself. Only Name is required.
type Profile struct {
	Name      string
	Names     []Name   // in other languages
	What      string   // one of Whats, or ""
	Languages []string // BCP 47
	At        *Point   // coarse
	Living    string   // the ecosystem it belongs to and beings it cares for
	Story     string
}

// Name is a name in a language.
type Name struct {
	Lang string `json:"lang"`
	Name string `json:"name"`
}

// Point is a place on the map in tenths of a degree: some ten kilometres, and
// never finer.
type Point struct {
	Lat int `json:"lat"` // -900 … 900
	Lon int `json:"lon"` // -1800 … 1800
}

// Whats are the kinds of place that the form offers; "" says nothing.
var Whats = []string{"neighbourhood", "village", "town", "city", "region", "watershed", "territory", "diaspora", "network", "group"}

// Longest texts of a profile, in characters.
const (
	MaxName      = 120
	MaxStory     = 10_000
	MaxNames     = 20
	MaxLanguages = 20
)

// Clean brings a profile that a person typed into order; faults by field.
func (p *Profile) Clean() error {
	var f fault.Fields
	var err error
	p.Name, err = fault.RequiredLine("name", p.Name, MaxName)
	f.Merge(err)
	if len(p.Names) > MaxNames {
		f.Add("names", "fault.too_many", "max", MaxNames)
		p.Names = nil
	}
	for i := range p.Names {
		n := &p.Names[i]
		n.Name, err = fault.RequiredLine(fmt.Sprintf("names.%d.name", i), n.Name, MaxName)
		f.Merge(err)
		n.Lang, err = cleanLang(fmt.Sprintf("names.%d.lang", i), n.Lang)
		f.Merge(err)
	}
	if p.What != "" && !slices.Contains(Whats, p.What) {
		f.Add("what", "fault.choice")
	}
	if len(p.Languages) > MaxLanguages {
		f.Add("languages", "fault.too_many", "max", MaxLanguages)
		p.Languages = nil
	}
	for i := range p.Languages {
		p.Languages[i], err = cleanLang("languages", p.Languages[i])
		f.Merge(err)
	}
	if p.At != nil && (p.At.Lat < -900 || p.At.Lat > 900 || p.At.Lon < -1800 || p.At.Lon > 1800) {
		f.Add("at", "fault.coordinates")
	}
	p.Living, err = fault.Passage("living", p.Living, MaxStory)
	f.Merge(err)
	p.Story, err = fault.Passage("story", p.Story, MaxStory)
	f.Merge(err)
	return f.Err()
}

func cleanLang(field, tag string) (string, error) {
	t, err := language.Parse(tag)
	if err != nil || len(tag) > 35 || t == language.Und {
		return "", fault.At(field, "fault.language")
	}
	return t.String(), nil
}

// Place is a place as everybody sees it.
type Place struct {
	Stream act.Fingerprint
	ID     string // URL
	Kind   string // "place" or "circle"
	Own    bool   // of this node
	Profile
}

type placeRow struct {
	Stream    act.Fingerprint
	ID        string
	Kind      string
	Own       bool
	Name      string
	Names     string
	What      string
	Languages string
	Lat, Lon  *int
	Index     int64
}

const placeColumns = `p.stream, p.id, p.kind, s.own, p.name, p.names, p.what, p.languages, p.lat, p.lon, p.idx
	from place p join stream s on s.fp = p.stream`

var (
	placeByStream = db.Rows[placeRow](`select ` + placeColumns + ` where p.stream = $1`)
	placeByID     = db.Rows[placeRow](`select ` + placeColumns + ` where p.id = $1 order by s.own desc, p.stream limit 1`)
	placesOwn     = db.Rows[placeRow](`select ` + placeColumns + ` where s.own order by p.name, p.stream`)
	placesOther   = db.Rows[placeRow](`select ` + placeColumns + ` where not s.own order by p.name, p.stream`)
	placesOf      = db.Rows[Mine](`select m.role, p.stream, p.id, p.name from belongs m join place p on p.stream = m.stream where m.person = $1 order by p.name, p.stream`)
)

// Mine is a place in which somebody has a role.
type Mine struct {
	Role   Role
	Stream act.Fingerprint
	ID     string
	Name   string
}

// Found makes a place or circle on this node; whoever founds it keeps it.
func (p *Places) Found(ctx context.Context, v Viewer, kind string, profile Profile) (*Place, error) {
	if kind != "place" && kind != "circle" {
		return nil, fault.At("kind", "fault.choice")
	}
	if err := profile.Clean(); err != nil {
		return nil, err
	}
	return p.found(ctx, kind, profile, func(ctx context.Context, tx *db.Tx, stream act.Fingerprint) error {
		if err := May(ctx, tx, v, "", FoundPlace, Any); err != nil {
			return err
		}
		if err := one(lockPerson.Run(ctx, tx, v.Person)); err != nil { // as in ComeIn
			return err
		}
		_, err := insertMembership.Run(ctx, tx, stream, v.Person, Keeper, act.Micros(p.now()))
		return err
	})
}

func (p *Places) found(ctx context.Context, kind string, profile Profile, also func(context.Context, *db.Tx, act.Fingerprint) error) (*Place, error) {
	made := &Place{Kind: kind, Own: true, Profile: profile}
	_, err := p.log.Found(ctx, act.Founding{Base: p.base, Kind: kind}, func(ctx context.Context, tx *db.Tx, actor string, stream act.Fingerprint) ([]act.Draft, error) {
		made.ID, made.Stream = actor, stream
		if err := also(ctx, tx, stream); err != nil {
			return nil, err
		}
		return []act.Draft{describe(kind, profile)}, nil
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// Describe says anew what a place is.
func (p *Places) Describe(ctx context.Context, v Viewer, stream act.Fingerprint, profile Profile) error {
	if err := profile.Clean(); err != nil {
		return err
	}
	_, err := p.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := May(ctx, tx, v, stream, DescribePlace, Any); err != nil {
			return nil, err
		}
		row, err := placeByStream.One(ctx, tx, stream)
		if err != nil {
			return nil, err
		}
		return []act.Draft{describe(row.Kind, profile)}, nil
	})
	return err
}

// ByStream reads a place, with its texts.
func (p *Places) ByStream(ctx context.Context, stream act.Fingerprint) (*Place, error) {
	row, err := placeByStream.One(ctx, p.db, stream)
	if err != nil {
		return nil, err
	}
	return p.whole(ctx, row)
}

// ByID reads a place by its URL.
func (p *Places) ByID(ctx context.Context, id string) (*Place, error) {
	row, err := placeByID.One(ctx, p.db, id)
	if err != nil {
		return nil, err
	}
	return p.whole(ctx, row)
}

// Own lists the places and circles of this node, without their texts.
func (p *Places) Own(ctx context.Context) ([]*Place, error) { return p.list(ctx, placesOwn) }

// Others lists the places of other nodes that some place here follows.
func (p *Places) Others(ctx context.Context) ([]*Place, error) { return p.list(ctx, placesOther) }

// Mine lists the places in which the viewer has a role.
func (p *Places) Mine(ctx context.Context, v Viewer) ([]Mine, error) {
	mine, err := placesOf.All(ctx, p.db, v.Person)
	return slices.DeleteFunc(mine, func(m Mine) bool { return v.Only != "" && m.Stream != v.Only }), err
}

func (p *Places) list(ctx context.Context, q db.Query[placeRow]) ([]*Place, error) {
	rows, err := q.All(ctx, p.db)
	if err != nil {
		return nil, err
	}
	all := make([]*Place, len(rows))
	for i, r := range rows {
		if all[i], err = r.place(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (p *Places) whole(ctx context.Context, row placeRow) (*Place, error) {
	pl, err := row.place()
	if err != nil {
		return nil, err
	}
	for name, to := range map[string]*string{"story": &pl.Story, "living": &pl.Living} {
		part, err := act.PartOf(ctx, p.db, row.Stream, row.Index, name)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		*to = string(part.Body)
	}
	return pl, nil
}

func (r placeRow) place() (*Place, error) {
	pl := &Place{Stream: r.Stream, ID: r.ID, Kind: r.Kind, Own: r.Own, Profile: Profile{Name: r.Name, What: r.What}}
	if r.Lat != nil && r.Lon != nil {
		pl.At = &Point{*r.Lat, *r.Lon}
	}
	if err := json.Unmarshal([]byte(r.Names), &pl.Names); err != nil {
		return nil, err
	}
	return pl, json.Unmarshal([]byte(r.Languages), &pl.Languages)
}
