package blueprint

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"translocal/act"
	"translocal/blueprint/clause"
	"translocal/db"
	"translocal/fault"
	"translocal/moderate"
	"translocal/place"
)

// VersionKey names a version: its stream and its id, a URL.
type VersionKey struct {
	Stream act.Fingerprint `json:"stream"`
	ID     string          `json:"id"`
}

// Key names a blueprint in the same way.
type Key struct {
	Stream act.Fingerprint `json:"stream"`
	ID     string          `json:"id"`
}

// PlaceName is a place as it is shown beside something of its.
type PlaceName struct {
	Stream act.Fingerprint
	URL    string
	Name   string // "" while it has not described itself, or is not known here
}

// Head is what a version is, without what it says.
type Head struct {
	VersionKey
	Index       int64
	Leaf        string // hash of its act, hex
	Blueprint   string
	N           int64 // 1, 2, 3 in its blueprint
	Language    string
	At          int64 // published, microseconds
	Family      string
	Institution Institution
	HasMessage  bool
	PlaceURL    string
	PlaceName   string // "" while it has not described itself here
}

// Place is whose version it is.
func (h Head) Place() PlaceName { return PlaceName{h.Stream, h.PlaceURL, h.PlaceName} }

// Ref is how other acts refer to the version.
func (h Head) Ref() act.Ref { return act.Ref{URL: h.ID, Stream: h.Stream, Act: h.Leaf} }

// Published is when it was published.
func (h Head) Published() time.Time { return act.FromMicros(h.At) }

// Key is the blueprint of the version.
func (h Head) Key() Key { return Key{h.Stream, h.Blueprint} }

// A Version is one published text with all that a reader should know with it.
type Version struct {
	Head
	Text
	Message  string
	Parents  []Parent
	Credits  []CreditLine
	Warnings map[string][]Warning // in force, by clause
	Newest   []Head               // the newest version in each language of the blueprint
	Hidden   string               // why this node does not show it, "" while it does
}

// Current tells whether no newer version stands in the same language.
func (v *Version) Current() bool {
	for _, h := range v.Newest {
		if h.Language == v.Head.Language {
			return h.ID == v.Head.ID
		}
	}
	return true
}

// CreditLine is a credit with the name of the place.
type CreditLine struct {
	Credit
	Name string
}

const headColumns = `v.stream, v.id, v.idx, v.leaf, v.blueprint, v.n, v.language, v.published, v.family, v.institution, v.message,
	coalesce(pl.id, s.actor, ''), coalesce(pl.name, '')`
const headFrom = ` from blueprint_version v left join place pl on pl.stream = v.stream left join stream s on s.fp = v.stream `

var (
	headByKey   = db.Rows[Head](`select ` + headColumns + headFrom + `where v.stream = $1 and v.id = $2`)
	headsByURL  = db.Rows[Head](`select ` + headColumns + headFrom + `where v.id = $1 order by coalesce(s.own, false) desc, v.stream`)
	headsOf     = db.Rows[Head](`select ` + headColumns + headFrom + `where v.stream = $1 and v.blueprint = $2 order by v.n desc`)
	newestOf    = db.Rows[Head](`select ` + headColumns + headFrom + `join blueprint_head h on h.stream = v.stream and h.version = v.id where h.stream = $1 and h.blueprint = $2 order by v.n`)
	newestIn    = db.Rows[Head](`select ` + headColumns + headFrom + `join blueprint_head h on h.stream = v.stream and h.version = v.id where h.stream = $1 order by v.published desc, v.id`)
	newestAll   = db.Rows[Head](`select ` + headColumns + headFrom + `join blueprint_head h on h.stream = v.stream and h.version = v.id where v.published < $1 order by v.published desc, v.id limit $2`)
	newestOfFam = db.Rows[Head](`select ` + headColumns + headFrom + `join blueprint_head h on h.stream = v.stream and h.version = v.id
		where v.family = $1 order by v.published desc, v.id limit $2`)

	partsOf = db.Rows[struct {
		Name string
		Body []byte
	}](`select name, body from part where stream = $1 and idx = $2`)
	clausesOf  = db.Rows[clauseRow](`select clause, kind, status from blueprint_clause where stream = $1 and version = $2 order by n`)
	parentsOf  = db.Rows[parentRow](`select kind, blueprint, url, in_stream, act, model, language, hash from blueprint_parent where stream = $1 and version = $2 order by n`)
	restsOf    = db.Rows[Rest](`select instrument, article from blueprint_rest where stream = $1 and version = $2 order by n`)
	creditRows = db.Rows[creditRow](`select c.kind, c.url, c.in_stream, c.submission, c.clauses, coalesce(pl.name, '')
		from blueprint_credit c left join place pl on pl.stream = c.in_stream where c.stream = $1 and c.version = $2 order by c.n`)
)

type clauseRow struct {
	ID, Kind string
	Status   Status
}

type parentRow struct {
	Kind           ParentKind
	Blueprint, URL string
	Stream         act.Fingerprint
	Act            string
	Model          string
	Language, Hash string
}

func (r parentRow) parent() Parent {
	if r.Model != "" {
		return Parent{Kind: r.Kind, Library: &LibraryRef{r.Model, r.Language, r.Hash}}
	}
	return Parent{Kind: r.Kind, Blueprint: r.Blueprint, Version: &act.Ref{URL: r.URL, Stream: r.Stream, Act: r.Act}}
}

type creditRow struct {
	Kind       CreditKind
	URL        string
	Stream     act.Fingerprint
	Submission string
	Clauses    string
	Name       string
}

func (r creditRow) line() CreditLine {
	return CreditLine{Credit{r.Kind, act.Ref{URL: r.URL, Stream: r.Stream}, r.Submission, strings.Fields(r.Clauses)}, r.Name}
}

func creditsOf(ctx context.Context, on db.Queryer, k VersionKey) ([]Credit, error) {
	lines, err := creditLines(ctx, on, k)
	out := make([]Credit, len(lines))
	for i, l := range lines {
		out[i] = l.Credit
	}
	return out, err
}

func creditLines(ctx context.Context, on db.Queryer, k VersionKey) ([]CreditLine, error) {
	rows, err := creditRows.All(ctx, on, k.Stream, k.ID)
	out := make([]CreditLine, len(rows))
	for i, r := range rows {
		out[i] = r.line()
	}
	return out, err
}

func parents(ctx context.Context, on db.Queryer, k VersionKey) ([]Parent, error) {
	rows, err := parentsOf.All(ctx, on, k.Stream, k.ID)
	out := make([]Parent, len(rows))
	for i, r := range rows {
		out[i] = r.parent()
	}
	return out, err
}

// read reads a version whole.
func (b *Blueprints) read(ctx context.Context, on db.Queryer, k VersionKey) (*Version, error) {
	h, err := headByKey.One(ctx, on, k.Stream, k.ID)
	if err != nil {
		return nil, err
	}
	v := &Version{Head: h}
	if v.Text, v.Message, err = textOf(ctx, on, h); err != nil {
		return nil, err
	}
	if v.Parents, err = parents(ctx, on, k); err != nil {
		return nil, err
	}
	if v.Credits, err = creditLines(ctx, on, k); err != nil {
		return nil, err
	}
	if v.Warnings, err = warningsFor(ctx, on, k); err != nil {
		return nil, err
	}
	if v.Newest, err = newestOf.All(ctx, on, h.Stream, h.Blueprint); err != nil {
		return nil, err
	}
	why, err := whyHidden.All(ctx, on, h.ID)
	if len(why) > 0 {
		v.Hidden = why[0]
	}
	return v, err
}

// textOf puts a version's text together from its rows and its parts. What was
// erased or can't be shown is marked, never guessed.
func textOf(ctx context.Context, on db.Queryer, h Head) (t Text, message string, err error) {
	t = Text{Language: h.Language, Family: h.Family, Institution: h.Institution}
	list, err := partsOf.All(ctx, on, h.Stream, h.Index)
	if err != nil {
		return t, "", err
	}
	if hides, err := moderate.HiddenTexts(ctx, on); err != nil {
		return t, "", err
	} else if hides[h.ID] {
		list = nil
	}
	body := make(map[string][]byte, len(list))
	for _, p := range list {
		body[p.Name] = p.Body
	}
	t.Title = shown(body["title"], MaxTitle, false)
	t.Summary = shown(body["summary"], MaxSummary, true)
	message = shown(body["message"], MaxMessage, true)
	t.Variables = variablesIn(body["variables"])
	if t.Rests, err = restsOf.All(ctx, on, h.Stream, h.ID); err != nil {
		return t, "", err
	}
	rows, err := clausesOf.All(ctx, on, h.Stream, h.ID)
	if err != nil {
		return t, "", err
	}
	t.Clauses = make([]Clause, len(rows))
	for i, r := range rows {
		t.Clauses[i] = clauseIn(body["c/"+r.ID], r)
	}
	return t, message, nil
}

// shown is a text of a part as it may be shown: "" where it breaks our rules,
// which hold for strangers' texts as for our own.
func shown(body []byte, max int, lines bool) string {
	if fault.Clean("", string(body), max, lines) != nil {
		return ""
	}
	return string(body)
}

func clauseIn(body []byte, r clauseRow) Clause {
	c := Clause{Status: r.Status}
	if body == nil || json.Unmarshal(body, &c.Wording) != nil {
		c = Clause{Status: r.Status, Missing: true}
	}
	c.ID, c.Kind = r.ID, r.Kind
	if got := c; got.Clean("") != nil {
		return Clause{Wording: Wording{ID: r.ID, Kind: r.Kind}, Status: r.Status, Missing: true}
	}
	return c
}

func variablesIn(body []byte) []Variable {
	t := Text{}
	if body == nil || json.Unmarshal(body, &t.Variables) != nil {
		return nil
	}
	var f fault.Fields
	t.cleanVariables(&f)
	if f.Err() != nil {
		return nil
	}
	return t.Variables
}

func (t Text) parts(message string) []act.Part {
	list := []act.Part{act.Text("title", t.Title)}
	if t.Summary != "" {
		list = append(list, act.Text("summary", t.Summary))
	}
	if message != "" {
		list = append(list, act.Text("message", message))
	}
	if len(t.Variables) > 0 {
		list = append(list, act.JSON("variables", t.Variables))
	}
	for _, c := range t.Clauses {
		w := c.Wording
		w.ID, w.Kind = "", ""
		list = append(list, act.JSON("c/"+c.ID, w))
	}
	return list
}

func (t Text) published() []PublishedClause {
	list := make([]PublishedClause, len(t.Clauses))
	for i, c := range t.Clauses {
		list[i] = PublishedClause{ID: c.ID, Status: c.Status}
		if c.Kind == clause.Step {
			list[i].Kind = c.Kind
		}
	}
	return list
}

// Read reads a version.
func (b *Blueprints) Read(ctx context.Context, v place.Viewer, k VersionKey) (*Version, error) {
	if err := place.May(ctx, b.log.DB(), v, k.Stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	return b.read(ctx, b.log.DB(), k)
}

// Find reads the version with a URL; where several streams claim it, our own first.
func (b *Blueprints) Find(ctx context.Context, v place.Viewer, url string) (*Version, error) {
	list, err := headsByURL.All(ctx, b.log.DB(), url)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, db.ErrNoRow
	}
	return b.Read(ctx, v, list[0].VersionKey)
}

// A Title is a version in a list.
type Title struct {
	Head
	Title   string
	Summary string
	Message string
}

func titles(ctx context.Context, on db.Queryer, list []Head) ([]Title, error) {
	out := make([]Title, len(list))
	hides, err := moderate.HiddenTexts(ctx, on)
	if err != nil {
		return nil, err
	}
	for i, h := range list {
		out[i].Head = h
		if hides[h.ID] {
			continue
		}
		for _, p := range []struct {
			name  string
			to    *string
			max   int
			lines bool
		}{{"title", &out[i].Title, MaxTitle, false}, {"summary", &out[i].Summary, MaxSummary, true}, {"message", &out[i].Message, MaxMessage, true}} {
			part, err := act.PartOf(ctx, on, h.Stream, h.Index, p.name)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			*p.to = shown(part.Body, p.max, p.lines)
		}
	}
	return out, nil
}

// Versions lists the versions of a blueprint, newest first.
func (b *Blueprints) Versions(ctx context.Context, v place.Viewer, k Key) ([]Title, error) {
	if err := place.May(ctx, b.log.DB(), v, k.Stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	list, err := headsOf.All(ctx, b.log.DB(), k.Stream, k.ID)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, db.ErrNoRow
	}
	return titles(ctx, b.log.DB(), list)
}

// Of lists the blueprints of a place, each by its newest version in each language.
func (b *Blueprints) Of(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Title, error) {
	if err := place.May(ctx, b.log.DB(), v, stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	list, err := newestIn.All(ctx, b.log.DB(), stream)
	if err != nil {
		return nil, err
	}
	return titles(ctx, b.log.DB(), list)
}

// pageOf is how many entries a list shows at once.
const pageOf = 50

// Known lists the newest versions of all blueprints known here that were published
// before a time in microseconds (0: now), newest first, fifty at a time.
func (b *Blueprints) Known(ctx context.Context, v place.Viewer, before int64) ([]Title, error) {
	if before <= 0 {
		before = 1 << 62
	}
	list, err := newestAll.All(ctx, b.log.DB(), before, pageOf)
	if err != nil {
		return nil, err
	}
	return titles(ctx, b.log.DB(), list)
}

// InFamily lists the blueprints known of one model.
func (b *Blueprints) InFamily(ctx context.Context, v place.Viewer, family string) ([]Title, error) {
	list, err := newestOfFam.All(ctx, b.log.DB(), family, 500)
	if err != nil {
		return nil, err
	}
	return titles(ctx, b.log.DB(), list)
}
