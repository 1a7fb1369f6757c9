package advance

import (
	"context"
	"fmt"

	"translocal/act"
	"translocal/blob"
	"translocal/db"
	"translocal/fault"
)

// The types of the acts.
const (
	AuthorityType = "advance.Authority.v1"
	BringType     = "advance.Bring.v1"
	DeedType      = "advance.Deed.v1"
	StatusType    = "advance.Status.v1"
	DocumentType  = "advance.Document.v1"
)

type authorityObject struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type bringObject struct {
	ID        string  `json:"id"`
	Outcome   string  `json:"outcome"`
	Authority string  `json:"authority"`
	Version   act.Ref `json:"version"`
}

type deedObject struct {
	ID       string `json:"id"`
	Bringing string `json:"bringing"`
	Kind     string `json:"kind"`
	Number   string `json:"number"`
	Day      string `json:"day"`
	Votes    *Votes `json:"votes,omitempty"`
	Link     string `json:"link"`
	Legal    string `json:"legal"`
	Amended  string `json:"amended,omitempty"`
}

type statusObject struct {
	Bringing  string `json:"bringing"`
	Lifecycle string `json:"lifecycle"`
	Status    string `json:"status"`
	Day       string `json:"day"`
	Source    string `json:"source"`
}

type documentObject struct {
	ID     string `json:"id"`
	Deed   string `json:"deed"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
	Media  string `json:"mediaType"`
}

// Vocabulary is what advancing adds to the acts.
func Vocabulary() act.Vocabulary {
	return act.Vocabulary{
		Types: []act.Type{
			act.Define(AuthorityType, checkAuthority, applyAuthority),
			act.Define(BringType, checkBring, applyBring),
			act.Define(DeedType, checkDeed, applyDeed),
			act.Define(StatusType, checkStatus, applyStatus),
			act.Define(DocumentType, checkDocument, applyDocument),
		},
		Tables: []act.Table{
			{Name: "authority", Key: []string{"stream", "id"}}, {Name: "bringing", Key: []string{"stream", "id"}},
			{Name: "deed", Key: []string{"stream", "id"}}, {Name: "status_change", Key: []string{"stream", "idx"}},
			{Name: "deed_document", Key: []string{"stream", "id"}},
		},
	}
}

func checkAuthority(a *act.Act, o *authorityObject) error {
	if !a.Owns(o.ID, "authority") {
		return fault.At("object.id", "fault.id")
	}
	if !contains(AuthorityKinds, o.Kind) {
		return fault.At("object.kind", "fault.choice")
	}
	return same(fault.RequiredLine("object.name", o.Name, MaxAuthority))(o.Name)
}

// same holds received text to the cleaned form that our own forms give.
func same(clean string, err error) func(string) error {
	return func(as string) error {
		if err == nil && clean != as {
			err = fault.At("object", "fault.hidden_character", "code", "U+0020")
		}
		return err
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func applyAuthority(ctx context.Context, tx *db.Tx, a *act.Act, o *authorityObject) error {
	_, err := insertAuthority.Run(ctx, tx, a.Stream, o.ID, o.Name, o.Kind, a.Index)
	return void(err)
}

// void makes of a doubled id, which only its own stream can cause, a broken rule.
func void(err error) error {
	if fault.Is(err, fault.Conflict) {
		return fault.At("object.id", "fault.exists")
	}
	return err
}

func checkBring(a *act.Act, o *bringObject) error {
	if !a.Owns(o.ID, "bringing") || !a.Owns(o.Authority, "authority") || !a.Owns(o.Outcome, "outcome") {
		return fault.At("object.id", "fault.id")
	}
	return o.Version.Check("object.version")
}

// applyBring takes a text only if the place decided to bring that version, and
// to an authority that it has named.
func applyBring(ctx context.Context, tx *db.Tx, a *act.Act, o *bringObject) error {
	d, err := decided.One(ctx, tx, a.Stream, o.Outcome)
	if err != nil {
		return orAt(err, "object.outcome", "advance.no_decision")
	}
	if d.URL != o.Version.URL || d.Stream != o.Version.Stream || d.Act != o.Version.Act {
		return fault.At("object.version", "advance.other_version")
	}
	if _, err := authorityByID.One(ctx, tx, a.Stream, o.Authority); err != nil {
		return orAt(err, "object.authority", "fault.choice")
	}
	_, err = insertBringing.Run(ctx, tx, a.Stream, o.ID, o.Authority, o.Outcome, o.Version.URL, o.Version.Stream, o.Version.Act,
		act.Micros(a.Published), a.Index)
	return void(err)
}

func checkDeed(a *act.Act, o *deedObject) error {
	if !a.Owns(o.ID, "deed") || !a.Owns(o.Bringing, "bringing") {
		return fault.At("object.id", "fault.id")
	}
	d := Deed{Kind: o.Kind, Number: o.Number, Day: o.Day, Votes: o.Votes, Link: o.Link, Legal: o.Legal, Amended: o.Amended, Reason: "-"}
	if err := d.clean(); err != nil {
		return err
	}
	return checkParts(a)
}

func checkParts(a *act.Act) error {
	for i, p := range a.Parts {
		if err := part(i, p); err != nil {
			return err
		}
	}
	return nil
}

func applyDeed(ctx context.Context, tx *db.Tx, a *act.Act, o *deedObject) error {
	b, err := lifecycles.One(ctx, tx, a.Stream, o.Bringing)
	if err != nil {
		return orAt(err, "object.bringing", "fault.not_found")
	}
	if err := mayFollow(Legal, b.Legal, b.Delivery, o.Legal); err != nil {
		return err
	}
	var yes, no, abstain *int
	if o.Votes != nil {
		yes, no, abstain = &o.Votes.For, &o.Votes.Against, &o.Votes.Abstain
	}
	if _, err := insertDeed.Run(ctx, tx, a.Stream, o.ID, o.Bringing, o.Kind, o.Number, o.Day, yes, no, abstain, o.Link, o.Legal, o.Amended, a.Index); err != nil {
		return void(err)
	}
	return step(ctx, tx, a, o.Bringing, Legal, o.Legal, o.Day, o.Link)
}

func checkStatus(a *act.Act, o *statusObject) error {
	if !a.Owns(o.Bringing, "bringing") {
		return fault.At("object.bringing", "fault.id")
	}
	c := Change{Lifecycle: o.Lifecycle, Status: o.Status, Day: o.Day, Source: o.Source, Reason: "-"}
	if err := c.clean(); err != nil {
		return err
	}
	return checkParts(a)
}

func applyStatus(ctx context.Context, tx *db.Tx, a *act.Act, o *statusObject) error {
	b, err := lifecycles.One(ctx, tx, a.Stream, o.Bringing)
	if err != nil {
		return orAt(err, "object.bringing", "fault.not_found")
	}
	if err := mayFollow(o.Lifecycle, b.Legal, b.Delivery, o.Status); err != nil {
		return err
	}
	return step(ctx, tx, a, o.Bringing, o.Lifecycle, o.Status, o.Day, o.Source)
}

func step(ctx context.Context, tx *db.Tx, a *act.Act, bringing, lifecycle, status, day, source string) error {
	move := moveLegal
	if lifecycle == Delivery {
		move = moveDelivery
	}
	if _, err := move.Run(ctx, tx, a.Stream, bringing, status); err != nil {
		return err
	}
	_, err := insertChange.Run(ctx, tx, a.Stream, a.Index, bringing, lifecycle, status, day, source)
	return err
}

func checkDocument(a *act.Act, o *documentObject) error {
	if !a.Owns(o.ID, "document") || !a.Owns(o.Deed, "deed") {
		return fault.At("object.id", "fault.id")
	}
	if _, err := blob.ParseHash(o.SHA256); err != nil {
		return fault.At("object.sha256", "fault.id")
	}
	if o.Size < 1 || o.Size > MaxFile {
		return fault.At("object.size", "fault.number")
	}
	if fileEnds[o.Media] == "" {
		return fault.At("object.mediaType", "fault.choice")
	}
	named := false
	for i, p := range a.Parts {
		most, ok := map[string]int64{"name": 4 * MaxFileName, "description": 4 * MaxDescription}[p.Name]
		if !ok || p.Media != "text/plain" || p.Size > most {
			return fault.At(fmt.Sprintf("parts.%d", i), "fault.part_name")
		}
		named = named || p.Name == "name"
	}
	if !named {
		return fault.At("parts", "fault.required")
	}
	return nil
}

func applyDocument(ctx context.Context, tx *db.Tx, a *act.Act, o *documentObject) error {
	if n, err := deedStands.One(ctx, tx, a.Stream, o.Deed); err != nil {
		return err
	} else if n == 0 {
		return fault.At("object.deed", "fault.not_found")
	}
	if n, err := documentsOf.One(ctx, tx, a.Stream, o.Deed); err != nil {
		return err
	} else if n >= MaxDocuments {
		return fault.At("file", "fault.too_many", "max", MaxDocuments)
	}
	_, err := insertDocument.Run(ctx, tx, a.Stream, o.ID, o.Deed, o.SHA256, o.Size, o.Media, a.Index)
	return void(err)
}
