package blueprint

import (
	"context"
	"slices"
	"strings"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
)

// The types of act that blueprints add.
const (
	PublishType  = "blueprint.Publish.v1"
	WarnType     = "blueprint.Warn.v1"
	WithdrawType = "blueprint.Withdraw.v1"
)

// Published is the object of blueprint.Publish.v1: one version. Its parts are
// title, summary, message, variables ([]Variable), c/ID for each clause, and the
// suggestion that it uses, where its sender allowed that.
type Published struct {
	Blueprint   string            `json:"blueprint"`
	Version     string            `json:"version"`
	Language    string            `json:"language"`
	Family      string            `json:"family,omitempty"`
	Institution Institution       `json:"institution"`
	Rests       []Rest            `json:"rests,omitempty"`
	Parents     []Parent          `json:"parents,omitempty"`
	Clauses     []PublishedClause `json:"clauses"`
	Credits     []Credit          `json:"credits,omitempty"`
}

// PublishedClause is the structure of a clause; what it says is a part.
type PublishedClause struct {
	ID     string `json:"id"`
	Kind   string `json:"kind,omitempty"` // "" for a passage
	Status Status `json:"status,omitempty"`
}

// ParentKind says how a version comes from another.
type ParentKind string

// The kinds of parent.
const (
	Previous   ParentKind = "previous"   // the version before it, of the same blueprint and language
	Adapted    ParentKind = "adapted"    // a version of another blueprint that this one began as
	Merged     ParentKind = "merged"     // a version of another blueprint that was brought in
	Translates ParentKind = "translates" // a version in another language
)

// Parent is what a version came from: a version of a blueprint, or a text of the library.
type Parent struct {
	Kind      ParentKind  `json:"kind"`
	Blueprint string      `json:"blueprint,omitempty"`
	Version   *act.Ref    `json:"version,omitempty"`
	Library   *LibraryRef `json:"library,omitempty"`
}

// LibraryRef names a text of the library by its content.
type LibraryRef struct {
	Model    string `json:"model"`
	Language string `json:"language"`
	Hash     string `json:"hash"` // Text.Hash
}

// CreditKind says what is owed to a place.
type CreditKind string

// The kinds of credit.
const (
	CreditAdapted    CreditKind = "adapted"    // the text, or what was brought in of it
	CreditSuggested  CreditKind = "suggested"  // wordings that it suggested
	CreditTranslated CreditKind = "translated" // a translation
)

// Credit names a place to which a version owes clauses. Once there, it stays in every later version.
type Credit struct {
	Kind       CreditKind `json:"kind"`
	Place      act.Ref    `json:"place"`
	Submission string     `json:"submission,omitempty"` // id of the suggestion
	Clauses    []string   `json:"clauses,omitempty"`    // none: the whole text
}

// Warned is the object of blueprint.Warn.v1: a warning on a clause, wherever it
// is held. Its parts are text, where (optional) and source (optional).
type Warned struct {
	Warning  string      `json:"warning"`
	Clause   string      `json:"clause"`
	Kind     WarningKind `json:"kind"`
	Happened string      `json:"happened,omitempty"` // 2020, 2020-02 or 2020-02-27
	Source   string      `json:"source,omitempty"`   // URL
	Version  *act.Ref    `json:"version,omitempty"`  // in which the clause was read
}

// WarningKind says what went wrong.
type WarningKind string

// WarningKinds lists them.
var WarningKinds = []WarningKind{"struck-down", "unfunded", "ignored", "other"}

// Withdrawn is the object of blueprint.Withdraw.v1: a warning stands no more.
// Its part is reason.
type Withdrawn struct {
	Warning string `json:"warning"`
}

// Vocabulary is what blueprints add to the acts.
func Vocabulary() act.Vocabulary {
	return act.Vocabulary{
		Types: []act.Type{
			act.Define(PublishType, checkPublished, applyPublished),
			act.Define(WarnType, checkWarned, applyWarned),
			act.Define(WithdrawType, checkWithdrawn, applyWithdrawn),
		},
		Tables: []act.Table{
			{Name: "blueprint", Key: []string{"stream", "id"}},
			{Name: "blueprint_version", Key: []string{"stream", "id"}},
			{Name: "blueprint_head", Key: []string{"stream", "blueprint", "language"}},
			{Name: "blueprint_parent", Key: []string{"stream", "version", "n"}},
			{Name: "blueprint_clause", Key: []string{"stream", "version", "n"}},
			{Name: "blueprint_rest", Key: []string{"stream", "version", "n"}},
			{Name: "blueprint_credit", Key: []string{"stream", "version", "n"}},
			{Name: "blueprint_warning", Key: []string{"stream", "id"}},
		},
		Submissions: submissions(),
	}
}

func checkPublished(a *act.Act, p *Published) error {
	var f fault.Fields
	if !a.Owns(p.Blueprint, "blueprint") {
		f.Add("object.blueprint", "fault.id")
	}
	if !a.Owns(p.Version, "version") {
		f.Add("object.version", "fault.id")
	}
	f.Merge(CheckLanguage("object.language", p.Language))
	f.Merge(checkLibraryID("object.family", p.Family, true))
	f.Merge(checkInstitution("object.institution", p.Institution))
	if len(p.Rests) > MaxRests {
		f.Add("object.rests", "fault.too_many", "max", MaxRests)
	} else {
		for i, r := range p.Rests {
			at := "object.rests." + itoa(i)
			f.Merge(checkLibraryID(at+".instrument", r.Instrument, false))
			f.Merge(fault.Clean(at+".article", r.Article, 60, false))
		}
	}
	f.Merge(checkParents(a, p.Parents))
	f.Merge(checkClauses(a, p.Clauses))
	f.Merge(checkCredits(a, p))
	return f.Err()
}

func checkParents(a *act.Act, parents []Parent) error {
	if len(parents) > MaxParents {
		return fault.At("object.parents", "fault.too_many", "max", MaxParents)
	}
	var f fault.Fields
	previous, seen := 0, map[string]bool{}
	for i, p := range parents {
		at := "object.parents." + itoa(i)
		f.Merge(p.check(a, at))
		if p.Kind == Previous {
			previous++
		}
		if seen[p.key()] {
			f.Add(at, "blueprint.fault.twice")
		}
		seen[p.key()] = true
	}
	if previous > 1 {
		f.Add("object.parents", "blueprint.fault.twice")
	}
	return f.Err()
}

func (p Parent) key() string {
	if p.Library != nil {
		return "library " + p.Library.Model + " " + p.Library.Hash
	}
	if p.Version != nil {
		return string(p.Version.Stream) + " " + p.Version.URL
	}
	return ""
}

func (p Parent) check(a *act.Act, at string) error {
	var f fault.Fields
	switch p.Kind {
	case Previous, Adapted, Merged, Translates:
	default:
		f.Add(at+".kind", "fault.choice")
	}
	if p.Library != nil {
		if p.Version != nil || p.Blueprint != "" || p.Kind == Previous {
			f.Add(at, "blueprint.fault.parent")
		}
		if !libraryShape.MatchString(p.Library.Model) {
			f.Add(at+".library.model", "fault.id")
		}
		f.Merge(CheckLanguage(at+".library.language", p.Library.Language))
		if !act.Fingerprint(p.Library.Hash).Valid() {
			f.Add(at+".library.hash", "fault.hash")
		}
		return f.Err()
	}
	if p.Version == nil {
		f.Add(at+".version", "fault.required")
		return f.Err()
	}
	f.Merge(act.CheckURL(at+".blueprint", p.Blueprint))
	f.Merge(p.Version.Check(at + ".version"))
	if p.Version.Act == "" {
		f.Add(at+".version.act", "fault.required")
	}
	if p.Kind == Previous && p.Version.Stream != a.Stream {
		f.Add(at+".version.stream", "blueprint.fault.parent")
	}
	return f.Err()
}

func checkClauses(a *act.Act, list []PublishedClause) error {
	if len(list) == 0 {
		return fault.At("object.clauses", "fault.required")
	}
	if len(list) > MaxClauses {
		return fault.At("object.clauses", "fault.too_many", "max", MaxClauses)
	}
	var f fault.Fields
	named := make(map[string]bool, len(a.Parts))
	for _, p := range a.Parts {
		named[p.Name] = true
	}
	texts := 0
	for i, c := range list {
		at := "object.clauses." + itoa(i)
		if !act.IsToken(c.ID) {
			f.Add(at+".id", "fault.id")
		}
		if c.Kind != "" && c.Kind != clause.Step {
			f.Add(at+".kind", "fault.choice")
		}
		f.Merge(checkStatus(at+".status", c.Status))
		if !named["c/"+c.ID] { // missing, or the same clause twice
			f.Add(at, "blueprint.fault.clause_part")
		}
		delete(named, "c/"+c.ID)
		texts++
	}
	for name := range named {
		if !slices.Contains(versionParts, name) {
			f.Add("parts."+name, "fault.part_name")
		}
	}
	if !named["title"] {
		f.Add("parts.title", "fault.required")
	}
	return f.Err()
}

var versionParts = []string{"title", "summary", "message", "variables", suggestionPart}

func checkCredits(a *act.Act, p *Published) error {
	if len(p.Credits) > MaxCredits {
		return fault.At("object.credits", "fault.too_many", "max", MaxCredits)
	}
	var f fault.Fields
	credited, seen := map[act.Fingerprint]bool{}, map[string]bool{}
	for i, c := range p.Credits {
		at := "object.credits." + itoa(i)
		f.Merge(c.check(at))
		if seen[c.key()] {
			f.Add(at, "blueprint.fault.twice")
		}
		seen[c.key()] = true
		credited[c.Place.Stream] = true
	}
	for i, parent := range p.Parents {
		if parent.Version != nil && parent.Version.Stream != a.Stream && !credited[parent.Version.Stream] {
			f.Add("object.parents."+itoa(i), "blueprint.fault.credit_missing")
		}
	}
	return f.Err()
}

// key is what makes two credits the same one.
func (c Credit) key() string {
	return strings.Join([]string{string(c.Kind), c.Place.URL, string(c.Place.Stream), c.Submission, strings.Join(c.Clauses, " ")}, "|")
}

func (c Credit) check(at string) error {
	var f fault.Fields
	switch c.Kind {
	case CreditAdapted, CreditSuggested, CreditTranslated:
	default:
		f.Add(at+".kind", "fault.choice")
	}
	f.Merge(c.Place.Check(at + ".place"))
	if c.Submission != "" {
		f.Merge(act.CheckURL(at+".submission", c.Submission))
	}
	if len(c.Clauses) > MaxClauses {
		f.Add(at+".clauses", "fault.too_many", "max", MaxClauses)
	} else if slices.ContainsFunc(c.Clauses, func(id string) bool { return !act.IsToken(id) }) {
		f.Add(at+".clauses", "fault.id")
	}
	return f.Err()
}

var (
	insertBlueprint = db.Exec(`insert into blueprint (stream, id, idx, first, family) values ($1, $2, $3, $4, $5)`)
	insertVersion   = db.Exec(`insert into blueprint_version (stream, id, idx, leaf, blueprint, n, language, published, family, institution, message)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	setHead = db.Exec(`insert into blueprint_head (stream, blueprint, language, version) values ($1, $2, $3, $4)
		on conflict (stream, blueprint, language) do update set version = excluded.version`)
	insertParent = db.Exec(`insert into blueprint_parent (stream, version, n, kind, blueprint, url, in_stream, act, model, language, hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	insertClause = db.Exec(`insert into blueprint_clause (stream, version, n, clause, kind, status) values ($1, $2, $3, $4, $5, $6)`)
	insertRest   = db.Exec(`insert into blueprint_rest (stream, version, n, instrument, article) values ($1, $2, $3, $4, $5)`)
	insertCredit = db.Exec(`insert into blueprint_credit (stream, version, n, kind, url, in_stream, submission, clauses) values ($1, $2, $3, $4, $5, $6, $7, $8)`)

	headOf       = db.Rows[string](`select version from blueprint_head where stream = $1 and blueprint = $2 and language = $3`)
	versionCount = db.Rows[int64](`select count(*) from blueprint_version where stream = $1 and blueprint = $2`)
	ownVersion   = db.Rows[struct{ Blueprint, Leaf string }](`select blueprint, leaf from blueprint_version where stream = $1 and id = $2`)
)

// applyPublished writes one version. A version continues the newest one of its
// blueprint in its language, or begins the blueprint, or begins a language as
// a translation of another version of the same blueprint. It keeps every
// credit of the versions of this stream that it comes from.
func applyPublished(ctx context.Context, tx *db.Tx, a *act.Act, p *Published) error {
	n, err := versionCount.One(ctx, tx, a.Stream, p.Blueprint)
	if err != nil {
		return err
	}
	if err := checkPlaceInLine(ctx, tx, a, p, n); err != nil {
		return err
	}
	if err := checkCreditsKept(ctx, tx, a, p); err != nil {
		return err
	}
	if n == 0 {
		if _, err := insertBlueprint.Run(ctx, tx, a.Stream, p.Blueprint, a.Index, p.Version, p.Family); err != nil {
			return voidIfTaken(err, "object.blueprint")
		}
	}
	if _, err := insertVersion.Run(ctx, tx, a.Stream, p.Version, a.Index, act.MarshalHash(a.Leaf), p.Blueprint, n+1, p.Language,
		act.Micros(a.Published), p.Family, string(p.Institution), a.HasPart("message")); err != nil {
		return voidIfTaken(err, "object.version")
	}
	if _, err := setHead.Run(ctx, tx, a.Stream, p.Blueprint, p.Language, p.Version); err != nil {
		return err
	}
	return applyLists(ctx, tx, a, p)
}

// voidIfTaken makes the act void when it uses an id a second time.
func voidIfTaken(err error, field string) error {
	if fault.Is(err, fault.Conflict) {
		return fault.At(field, "fault.exists")
	}
	return err
}

func checkPlaceInLine(ctx context.Context, tx *db.Tx, a *act.Act, p *Published, n int64) error {
	head, err := headOf.One(ctx, tx, a.Stream, p.Blueprint, p.Language)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	follows, begins := "", false
	for i, parent := range p.Parents {
		if parent.Version == nil || parent.Version.Stream != a.Stream {
			continue
		}
		at := "object.parents." + itoa(i)
		of, err := ownVersion.One(ctx, tx, a.Stream, parent.Version.URL)
		if fault.Is(err, fault.NotFound) || err == nil && (of.Leaf != parent.Version.Act || of.Blueprint != parent.Blueprint) {
			return fault.At(at, "blueprint.fault.parent")
		}
		if err != nil {
			return err
		}
		switch {
		case parent.Kind == Previous && of.Blueprint != p.Blueprint:
			return fault.At(at, "blueprint.fault.parent")
		case parent.Kind == Previous:
			follows = parent.Version.URL
		case parent.Kind == Translates && of.Blueprint == p.Blueprint:
			begins = true
		}
	}
	if follows != head || n > 0 && head == "" && !begins {
		return fault.At("object.parents", "blueprint.fault.not_newest")
	}
	return nil
}

func checkCreditsKept(ctx context.Context, tx *db.Tx, a *act.Act, p *Published) error {
	has := map[string]bool{}
	for _, c := range p.Credits {
		has[c.key()] = true
	}
	for _, parent := range p.Parents {
		if parent.Version == nil || parent.Version.Stream != a.Stream {
			continue
		}
		owed, err := creditsOf(ctx, tx, VersionKey{a.Stream, parent.Version.URL})
		if err != nil {
			return err
		}
		for _, c := range owed {
			if !has[c.key()] {
				return fault.At("object.credits", "blueprint.fault.credit_missing")
			}
		}
	}
	return nil
}

func applyLists(ctx context.Context, tx *db.Tx, a *act.Act, p *Published) error {
	for i, x := range p.Parents {
		var v act.Ref
		var l LibraryRef
		if x.Version != nil {
			v = *x.Version
		}
		if x.Library != nil {
			l = *x.Library
		}
		if _, err := insertParent.Run(ctx, tx, a.Stream, p.Version, i, string(x.Kind), x.Blueprint, v.URL, v.Stream, v.Act, l.Model, l.Language, l.Hash); err != nil {
			return err
		}
	}
	for i, c := range p.Clauses {
		kind := c.Kind
		if kind == "" {
			kind = clause.Passage
		}
		if _, err := insertClause.Run(ctx, tx, a.Stream, p.Version, i, c.ID, kind, string(c.Status)); err != nil {
			return err
		}
	}
	for i, r := range p.Rests {
		if _, err := insertRest.Run(ctx, tx, a.Stream, p.Version, i, r.Instrument, r.Article); err != nil {
			return err
		}
	}
	for i, c := range p.Credits {
		if _, err := insertCredit.Run(ctx, tx, a.Stream, p.Version, i, string(c.Kind), c.Place.URL, c.Place.Stream, c.Submission, strings.Join(c.Clauses, " ")); err != nil {
			return err
		}
	}
	return nil
}

func checkWarned(a *act.Act, w *Warned) error {
	var f fault.Fields
	if !a.Owns(w.Warning, "warning") {
		f.Add("object.warning", "fault.id")
	}
	if !act.IsToken(w.Clause) {
		f.Add("object.clause", "fault.id")
	}
	if !slices.Contains(WarningKinds, w.Kind) {
		f.Add("object.kind", "fault.choice")
	}
	f.Merge(checkDate("object.happened", w.Happened))
	if w.Source != "" {
		f.Merge(act.CheckURL("object.source", w.Source))
	}
	if w.Version != nil {
		f.Merge(w.Version.Check("object.version"))
	}
	f.Merge(onlyParts(a, "text", "where", "source"))
	return f.Err()
}

// onlyParts checks that an act has the first of the parts named and none but them.
func onlyParts(a *act.Act, names ...string) error {
	var f fault.Fields
	if !a.HasPart(names[0]) {
		f.Add("parts."+names[0], "fault.required")
	}
	for _, p := range a.Parts {
		if !slices.Contains(names, p.Name) {
			f.Add("parts."+p.Name, "fault.part_name")
		}
	}
	return f.Err()
}

var (
	insertWarning   = db.Exec(`insert into blueprint_warning (stream, id, idx, clause, kind, happened, source, published, withdrawn) values ($1, $2, $3, $4, $5, $6, $7, $8, -1)`)
	withdrawWarning = db.Exec(`update blueprint_warning set withdrawn = $3 where stream = $1 and id = $2 and withdrawn < 0`)
)

func applyWarned(ctx context.Context, tx *db.Tx, a *act.Act, w *Warned) error {
	_, err := insertWarning.Run(ctx, tx, a.Stream, w.Warning, a.Index, w.Clause, string(w.Kind), w.Happened, w.Source, act.Micros(a.Published))
	return voidIfTaken(err, "object.warning")
}

func checkWithdrawn(a *act.Act, w *Withdrawn) error {
	if !a.Owns(w.Warning, "warning") {
		return fault.At("object.warning", "fault.id")
	}
	return onlyParts(a, "reason")
}

func applyWithdrawn(ctx context.Context, tx *db.Tx, a *act.Act, w *Withdrawn) error {
	n, err := withdrawWarning.Run(ctx, tx, a.Stream, w.Warning, a.Index)
	if err == nil && n == 0 {
		return fault.At("object.warning", "fault.not_found")
	}
	return err
}
