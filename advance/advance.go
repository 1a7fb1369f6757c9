// Package advance follows a text from the decision to bring it, through what an
// authority does with it, to what happened since. An authority is any body able
// to decide: a council, an assembly, a people's body, a guardian, a board; the
// same text can be brought to several. What becomes of the words in law and what
// becomes of them in life are two lifecycles: adopted is not implemented.
//
// The records are public acts; meetings, tasks and who does them are private.
package advance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// Advances is the capability.
type Advances struct {
	log *act.Log
	db  *db.DB
	now func() time.Time

	Files Files // without a store nothing can be attached or read
}

// New makes the capability.
func New(log *act.Log) *Advances { return &Advances{log: log, db: log.DB(), now: time.Now} }

// AuthorityKinds are the kinds of body that the form offers.
var AuthorityKinds = []string{"council", "assembly", "peoples_body", "guardian", "board", "parliament", "court", "school", "union", "company", "other"}

// DeedKinds are what an authority can do with a text.
var DeedKinds = []string{"endorsement", "resolution", "motion", "plan", "ordinance", "charter_amendment", "agreement", "personhood", "referral", "refusal", "other"}

// The lifecycles of a text once it is brought.
const (
	Legal    = "legal"
	Delivery = "delivery"
)

// legalNext says which legal status may follow which (practice.md section 9).
var legalNext = map[string][]string{
	"tabled":      {"referred", "adopted", "rejected", "withdrawn"},
	"referred":    {"tabled", "adopted", "rejected", "withdrawn"},
	"adopted":     {"in_force", "amended", "suspended", "struck_down", "repealed", "expired"},
	"in_force":    {"amended", "suspended", "struck_down", "repealed", "expired"},
	"amended":     {"in_force", "amended", "suspended", "struck_down", "repealed", "expired"},
	"suspended":   {"in_force", "struck_down", "repealed", "expired"},
	"struck_down": {"in_force", "repealed"}, // a higher court, or an end
	"rejected":    {"tabled"},
	"withdrawn":   {"tabled"},
	"repealed":    {"tabled"},
	"expired":     {"tabled", "in_force"},
}

// legalAll lists them in the order in which they are usually met.
var legalAll = []string{"tabled", "referred", "adopted", "in_force", "amended", "suspended", "struck_down", "repealed", "expired", "rejected", "withdrawn"}

// deliveryAll lists what can happen since; done_confirmed is said by those
// concerned, and only after somebody claimed that it is done.
var deliveryAll = []string{"promised", "resourced", "under_way", "done_claimed", "done_confirmed", "stalled", "abandoned"}

// LegalAfter lists what may follow a legal status.
func LegalAfter(status string) []string { return legalNext[status] }

// DeliveryAfter lists what may follow a delivery status, "" for none yet.
func DeliveryAfter(status string) []string {
	var out []string
	for _, s := range deliveryAll {
		if s != status && (s != "done_confirmed" || status == "done_claimed") {
			out = append(out, s)
		}
	}
	return out
}

// taken tells whether an authority has taken the text on, whatever came after:
// before that nothing can have been delivered.
func taken(legal string) bool {
	return !slices.Contains([]string{"tabled", "referred", "rejected", "withdrawn"}, legal)
}

// Longest texts, in characters.
const (
	MaxAuthority = 160
	MaxNumber    = 80
	MaxReason    = 3000
	MaxTask      = 200
	MaxVotes     = 1_000_000_000
)

// Authority is a body able to decide, as a place names it.
type Authority struct {
	ID     string          `json:"id"` // URL
	Stream act.Fingerprint `json:"stream"`
	Name   string          `json:"name"`
	Kind   string          `json:"kind"`
}

// Bringing is a text brought to one authority, and what became of it.
type Bringing struct {
	ID        string          `json:"id"` // URL
	Stream    act.Fingerprint `json:"stream"`
	PlaceID   string          `json:"place"`
	Place     string          `json:"placeName"` // its name
	Authority Authority       `json:"authority"`
	Outcome   string          `json:"outcome"` // URL of the decision
	Version   act.Ref         `json:"version"`
	Legal     string          `json:"legal"`
	Delivery  string          `json:"delivery,omitempty"` // "" while nothing is promised
	Brought   int64           `json:"brought"`
	Deeds     []Deed          `json:"deeds,omitempty"`   // the oldest first
	Changes   []Change        `json:"changes,omitempty"` // the oldest first
}

// Deed is one formal act of an authority.
type Deed struct {
	ID      string `json:"id,omitempty"` // URL
	Kind    string `json:"kind"`
	Number  string `json:"number,omitempty"`
	Day     string `json:"day"`             // YYYY-MM-DD
	Votes   *Votes `json:"votes,omitempty"` // nil when there was no count
	Link    string `json:"link,omitempty"`
	Legal   string `json:"legal"`             // the legal status that it gave
	Amended string `json:"amended,omitempty"` // URL of the version as amended, "" when as brought
	Reason  string `json:"reason"`

	Documents []Document `json:"documents,omitempty"` // the oldest first

	Recorded int64 `json:"-"` // when the place wrote it down, microseconds
}

// Votes is a count of an authority's vote.
type Votes struct {
	For     int `json:"for"`
	Against int `json:"against"`
	Abstain int `json:"abstain"`
}

// Change is one step of a lifecycle, with its reason and source.
type Change struct {
	Lifecycle string `json:"lifecycle"`
	Status    string `json:"status"`
	Day       string `json:"day"`
	Source    string `json:"source,omitempty"`
	Reason    string `json:"reason"`

	Recorded int64 `json:"-"` // when the place wrote it down, microseconds
}

// NameAuthority adds a body that texts can be brought to.
func (ad *Advances) NameAuthority(ctx context.Context, v place.Viewer, stream act.Fingerprint, name, kind string) (*Authority, error) {
	a, err := newAuthority(stream, name, kind)
	if err != nil {
		return nil, err
	}
	return a, ad.commit(ctx, v, stream, place.NameAuthority, func(_ *db.Tx, actor string) (act.Draft, error) {
		return a.draft(actor), nil
	})
}

func newAuthority(stream act.Fingerprint, name, kind string) (*Authority, error) {
	a := &Authority{Stream: stream, Kind: kind}
	var f fault.Fields
	var err error
	a.Name, err = fault.RequiredLine("name", name, MaxAuthority)
	f.Merge(err)
	if !slices.Contains(AuthorityKinds, kind) {
		f.Add("kind", "fault.choice")
	}
	return a, f.Err()
}

// draft gives the authority its id.
func (a *Authority) draft(actor string) act.Draft {
	a.ID = act.NewID(actor, "authority")
	return act.Draft{Type: AuthorityType, Object: authorityObject{a.ID, a.Name, a.Kind}}
}

// commit authorises under the stream's lock and appends one act.
func (ad *Advances) commit(ctx context.Context, v place.Viewer, stream act.Fingerprint, action place.Action, make func(tx *db.Tx, actor string) (act.Draft, error)) error {
	s, err := ad.log.StreamOf(ctx, stream)
	if err != nil {
		return err
	}
	_, err = ad.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := place.May(ctx, tx, v, stream, action, place.Any); err != nil {
			return nil, err
		}
		d, err := make(tx, s.Actor)
		return []act.Draft{d}, err
	})
	return err
}

// Bring records that a place brings the text of one of its decisions to an
// authority. The same decision can go to several.
func (ad *Advances) Bring(ctx context.Context, v place.Viewer, stream act.Fingerprint, outcome, authority string) (*Bringing, error) {
	b := &Bringing{Stream: stream, Outcome: outcome}
	err := ad.commit(ctx, v, stream, place.BringText, func(tx *db.Tx, actor string) (act.Draft, error) {
		o, err := decided.One(ctx, tx, stream, outcome)
		if err != nil {
			return act.Draft{}, orAt(err, "outcome", "advance.no_decision")
		}
		if _, err := authorityByID.One(ctx, tx, stream, authority); err != nil {
			return act.Draft{}, orAt(err, "authority", "fault.choice")
		}
		b.ID, b.Version = act.NewID(actor, "bringing"), act.Ref{URL: o.URL, Stream: o.Stream, Act: o.Act}
		return act.Draft{Type: BringType, Object: bringObject{ID: b.ID, Outcome: outcome, Authority: authority, Version: b.Version}}, nil
	})
	return b, err
}

// BringToNew names an authority and brings the text of a decision to it, both or
// neither.
func (ad *Advances) BringToNew(ctx context.Context, v place.Viewer, stream act.Fingerprint, outcome, name, kind string) (*Bringing, error) {
	a, err := newAuthority(stream, name, kind)
	if err != nil {
		return nil, err
	}
	s, err := ad.log.StreamOf(ctx, stream)
	if err != nil {
		return nil, err
	}
	b := &Bringing{Stream: stream, Outcome: outcome}
	_, err = ad.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		for _, action := range []place.Action{place.NameAuthority, place.BringText} {
			if err := place.May(ctx, tx, v, stream, action, place.Any); err != nil {
				return nil, err
			}
		}
		o, err := decided.One(ctx, tx, stream, outcome)
		if err != nil {
			return nil, orAt(err, "outcome", "advance.no_decision")
		}
		named := a.draft(s.Actor)
		b.ID, b.Version = act.NewID(s.Actor, "bringing"), act.Ref{URL: o.URL, Stream: o.Stream, Act: o.Act}
		return []act.Draft{named, {Type: BringType, Object: bringObject{ID: b.ID, Outcome: outcome, Authority: a.ID, Version: b.Version}}}, nil
	})
	return b, err
}

func orAt(err error, field, key string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.At(field, key)
	}
	return err
}

// RecordDeed records what an authority did, and the legal status that it gave.
func (ad *Advances) RecordDeed(ctx context.Context, v place.Viewer, stream act.Fingerprint, bringing string, d Deed) error {
	if err := ad.happened(d.clean(), d.Day); err != nil {
		return err
	}
	return ad.commit(ctx, v, stream, place.RecordDeed, func(tx *db.Tx, actor string) (act.Draft, error) {
		o := deedObject{ID: act.NewID(actor, "deed"), Bringing: bringing, Kind: d.Kind, Number: d.Number, Day: d.Day, Votes: d.Votes,
			Link: d.Link, Legal: d.Legal, Amended: d.Amended}
		return act.Draft{Type: DeedType, Object: o, Parts: []act.Part{act.Text("reason", d.Reason)}}, nil
	})
}

// happened adds to what is wrong with something that its day has not come: it may be tomorrow's, as it is tomorrow
// already where the day begins first. An act doesn't hang on it: clocks differ, and what was written stays.
func (ad *Advances) happened(wrong error, day string) error {
	var f fault.Fields
	f.Merge(wrong)
	if checkDay("day", day) == nil && day > ad.now().UTC().AddDate(0, 0, 1).Format(time.DateOnly) {
		f.Add("day", "advance.fault.later")
	}
	return f.Err()
}

func (d *Deed) clean() error {
	var f fault.Fields
	var err error
	if !slices.Contains(DeedKinds, d.Kind) {
		f.Add("kind", "fault.choice")
	}
	d.Number, err = fault.Line("number", d.Number, MaxNumber)
	f.Merge(err)
	f.Merge(checkDay("day", d.Day))
	if v := d.Votes; v != nil {
		for field, n := range map[string]int{"for": v.For, "against": v.Against, "abstain": v.Abstain} {
			if n < 0 || n > MaxVotes {
				f.Add(field, "fault.number")
			}
		}
	}
	if d.Link != "" {
		f.Merge(act.CheckURL("link", d.Link))
	}
	if !slices.Contains(legalAll, d.Legal) {
		f.Add("legal", "fault.choice")
	}
	if d.Amended != "" {
		f.Merge(act.CheckURL("amended", d.Amended))
	}
	d.Reason, err = fault.RequiredPassage("reason", d.Reason, MaxReason)
	f.Merge(err)
	return f.Err()
}

func checkDay(field, day string) error {
	if t, err := time.Parse(time.DateOnly, day); err != nil || t.Year() < 1800 || t.Year() > 2200 {
		return fault.At(field, "fault.date")
	}
	return nil
}

// SetStatus records one step of a lifecycle, with its reason and source.
func (ad *Advances) SetStatus(ctx context.Context, v place.Viewer, stream act.Fingerprint, bringing string, c Change) error {
	if err := ad.happened(c.clean(), c.Day); err != nil {
		return err
	}
	return ad.commit(ctx, v, stream, place.RecordStatus, func(tx *db.Tx, actor string) (act.Draft, error) {
		o := statusObject{Bringing: bringing, Lifecycle: c.Lifecycle, Status: c.Status, Day: c.Day, Source: c.Source}
		return act.Draft{Type: StatusType, Object: o, Parts: []act.Part{act.Text("reason", c.Reason)}}, nil
	})
}

func (c *Change) clean() error {
	var f fault.Fields
	var err error
	switch c.Lifecycle {
	case Legal, Delivery:
		if !slices.Contains(map[string][]string{Legal: legalAll, Delivery: deliveryAll}[c.Lifecycle], c.Status) {
			f.Add("status", "fault.choice")
		}
	default:
		f.Add("lifecycle", "fault.choice")
	}
	f.Merge(checkDay("day", c.Day))
	c.Source, err = fault.RequiredLine("source", c.Source, act.MaxURL)
	f.Merge(err)
	c.Reason, err = fault.RequiredPassage("reason", c.Reason, MaxReason)
	f.Merge(err)
	return f.Err()
}

// Authorities lists those that a place has named.
func (ad *Advances) Authorities(ctx context.Context, stream act.Fingerprint) ([]Authority, error) {
	return authoritiesOf.All(ctx, ad.db, stream)
}

// Of lists what a place has brought, the newest first.
func (ad *Advances) Of(ctx context.Context, stream act.Fingerprint) ([]*Bringing, error) {
	return ad.whole(ctx, bringingsOf, stream)
}

// About lists what became of a version in every place known here.
func (ad *Advances) About(ctx context.Context, version string) ([]*Bringing, error) {
	return ad.whole(ctx, bringingsAbout, version)
}

// ByID reads one bringing by its URL.
func (ad *Advances) ByID(ctx context.Context, id string) (*Bringing, error) {
	list, err := ad.whole(ctx, bringingByID, id)
	if err == nil && len(list) == 0 {
		err = db.ErrNoRow
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (ad *Advances) whole(ctx context.Context, q db.Query[bringingRow], arg any) ([]*Bringing, error) {
	rows, err := q.All(ctx, ad.db, arg)
	if err != nil {
		return nil, err
	}
	list := make([]*Bringing, len(rows))
	for i, r := range rows {
		b := r.bringing()
		deeds, err := deedsOf.All(ctx, ad.db, b.Stream, b.ID)
		if err != nil {
			return nil, err
		}
		for _, d := range deeds {
			b.Deeds = append(b.Deeds, d.deed())
		}
		if err := ad.documents(ctx, b); err != nil {
			return nil, err
		}
		if b.Changes, err = changesOf.All(ctx, ad.db, b.Stream, b.ID); err != nil {
			return nil, err
		}
		list[i] = b
	}
	return list, nil
}

// sanity of a step, for Apply: the stream's own order decides.
func mayFollow(lifecycle, legal, delivery, status string) error {
	ok := false
	switch lifecycle {
	case Legal:
		ok = slices.Contains(legalNext[legal], status)
	case Delivery:
		ok = taken(legal) && slices.Contains(DeliveryAfter(delivery), status)
	}
	if !ok {
		return fault.At("status", "advance.cannot_follow")
	}
	return nil
}

func part(i int, p act.PartRef) error {
	if p.Name != "reason" || p.Media != "text/plain" || p.Size > 4*MaxReason {
		return fault.At(fmt.Sprintf("parts.%d", i), "fault.part_name")
	}
	return nil
}
