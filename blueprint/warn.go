package blueprint

import (
	"context"
	"encoding/json"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// A Warning stands on a clause, wherever it is held.
type Warning struct {
	Stream    act.Fingerprint // whose warning it is
	ID        string
	Index     int64
	Clause    string
	Kind      WarningKind
	Happened  string
	Source    string // URL
	At        int64  // published, microseconds
	Withdrawn bool
	Ended     int64 // when it was withdrawn, microseconds; 0 while it stands
	Place     PlaceName
	Text      string
	Where     string
	Cited     string // a source that has no URL
	Reason    string // of the withdrawal
}

type warningRow struct {
	Stream               act.Fingerprint
	ID                   string
	Index                int64
	Clause               string
	Kind                 WarningKind
	Happened, Source     string
	At, Withdrawn        int64
	Actor, Name          string
	Text, Where, Source2 []byte
	Reason               []byte
	Ended                int64
}

const warningColumns = `w.stream, w.id, w.idx, w.clause, w.kind, w.happened, w.source, w.published, w.withdrawn,
	coalesce(pl.id, s.actor, ''), coalesce(pl.name, ''), pt.body, pw.body, ps.body, pr.body, coalesce(we.published, 0)
	from blueprint_warning w left join place pl on pl.stream = w.stream left join stream s on s.fp = w.stream
	left join part pt on pt.stream = w.stream and pt.idx = w.idx and pt.name = 'text'
	left join part pw on pw.stream = w.stream and pw.idx = w.idx and pw.name = 'where'
	left join part ps on ps.stream = w.stream and ps.idx = w.idx and ps.name = 'source'
	left join part pr on pr.stream = w.stream and pr.idx = w.withdrawn and pr.name = 'reason'
	left join act we on we.stream = w.stream and we.idx = w.withdrawn `

var (
	warningsOfVersion = db.Rows[warningRow](`select ` + warningColumns + `join blueprint_clause c on c.clause = w.clause
		where c.stream = $1 and c.version = $2 and w.withdrawn < 0 order by w.published, w.id, w.stream`)
	warningsOfClause = db.Rows[warningRow](`select ` + warningColumns + `where w.clause = $1 order by w.published, w.id, w.stream`)
	warningsOfPlace  = db.Rows[warningRow](`select ` + warningColumns + `where w.stream = $1 order by w.published desc, w.id`)
	warningStands    = db.Rows[int64](`select withdrawn from blueprint_warning where stream = $1 and id = $2`)
)

func (r warningRow) warning() Warning {
	return Warning{Stream: r.Stream, ID: r.ID, Index: r.Index, Clause: r.Clause, Kind: r.Kind, Happened: r.Happened, Source: r.Source,
		At: r.At, Withdrawn: r.Withdrawn >= 0, Ended: r.Ended, Place: PlaceName{r.Stream, r.Actor, r.Name},
		Text: shown(r.Text, MaxReason, true), Where: shown(r.Where, MaxTitle, false), Cited: shown(r.Source2, MaxDetail, true),
		Reason: shown(r.Reason, MaxReason, true)}
}

// warningsFor reads the warnings in force on the clauses of a version, by clause.
func warningsFor(ctx context.Context, on db.Queryer, k VersionKey) (map[string][]Warning, error) {
	out := map[string][]Warning{}
	for r, err := range warningsOfVersion.Each(ctx, on, k.Stream, k.ID) {
		if err != nil {
			return nil, err
		}
		out[r.Clause] = append(out[r.Clause], r.warning())
	}
	return out, nil
}

// A NewWarning is a warning to be given.
type NewWarning struct {
	Place    act.Fingerprint // who warns
	Version  VersionKey      // where the clause was read
	Clause   string
	Kind     WarningKind
	Text     string
	Where    string // jurisdiction or place
	Happened string // 2020, 2020-02 or 2020-02-27; "" when not known
	Source   string // URL
	Cited    string // a source that has no URL
	Told     string // id of what was told to the place, which this deals with, or ""
}

func (w *NewWarning) clean() error {
	var f fault.Fields
	w.Text = passage(&f, "text", w.Text, MaxReason, true)
	w.Where = line(&f, "where", w.Where, MaxTitle, false)
	w.Cited = passage(&f, "cited", w.Cited, MaxDetail, false)
	f.Merge(checkDate("happened", w.Happened))
	if w.Source != "" {
		f.Merge(act.CheckURL("source", w.Source))
	}
	if w.Source == "" && w.Cited == "" {
		f.Add("source", "fault.required") // a warning that nobody can look into helps nobody
	}
	f.Merge(oneOf("kind", w.Kind, WarningKinds))
	return f.Err()
}

func oneOf[T comparable](field string, x T, list []T) error {
	for _, y := range list {
		if x == y {
			return nil
		}
	}
	return fault.At(field, "fault.choice")
}

// Warn attaches a warning to a clause of any version known here. It reaches
// every adaptation that holds the clause, on every node that follows the place.
func (b *Blueprints) Warn(ctx context.Context, v place.Viewer, w NewWarning) (id string, err error) {
	if err := w.clean(); err != nil {
		return "", err
	}
	_, err = b.log.Commit(ctx, w.Place, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		h, err := headByKey.One(ctx, tx, w.Version.Stream, w.Version.ID)
		if err == nil || fault.Is(err, fault.NotFound) {
			if err := mayWarn(ctx, tx, v, w, h); err != nil {
				return nil, err
			}
		}
		if err != nil {
			return nil, err
		}
		if err := holds(ctx, tx, h.VersionKey, w.Clause); err != nil {
			return nil, err
		}
		if w.Told != "" {
			if _, err := b.heardOut(ctx, tx, w.Place, w.Told); err != nil {
				return nil, err
			}
		}
		actor, err := actorOf.One(ctx, tx, w.Place)
		if err != nil {
			return nil, err
		}
		id = act.NewID(actor, "warning")
		ref := h.Ref()
		d := act.Draft{Type: WarnType, Object: Warned{Warning: id, Clause: w.Clause, Kind: w.Kind, Happened: w.Happened, Source: w.Source, Version: &ref},
			Parts: []act.Part{act.Text("text", w.Text)}}
		if w.Where != "" {
			d.Parts = append(d.Parts, act.Text("where", w.Where))
		}
		if w.Cited != "" {
			d.Parts = append(d.Parts, act.Text("source", w.Cited))
		}
		return []act.Draft{d}, nil
	})
	return id, err
}

// mayWarn asks whether the viewer may warn in the name of a place: of any clause as
// keeper, at the text that they look after as its steward. What was told to the
// place is for who may hear it.
func mayWarn(ctx context.Context, on db.Queryer, v place.Viewer, w NewWarning, h Head) error {
	k := Key{Stream: w.Place}
	if h.Stream == w.Place {
		k.ID = h.Blueprint
	}
	err := mayOn(ctx, on, v, k, place.WarnBlueprint)
	if err == nil && w.Told != "" {
		err = place.May(ctx, on, v, w.Place, place.HearTold, place.Any)
	}
	return err
}

func holds(ctx context.Context, on db.Queryer, k VersionKey, id string) error {
	rows, err := clausesOf.All(ctx, on, k.Stream, k.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.ID == id {
			return nil
		}
	}
	return fault.At("clause", "fault.not_found")
}

// Withdraw takes a warning back, with a reason. It stays readable as withdrawn.
func (b *Blueprints) Withdraw(ctx context.Context, v place.Viewer, stream act.Fingerprint, id, reason string) error {
	reason, err := fault.RequiredPassage("reason", reason, MaxReason)
	if err != nil {
		return err
	}
	_, err = b.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		k, err := warnedText(ctx, tx, stream, id)
		if err != nil {
			return nil, err
		}
		if err := mayOn(ctx, tx, v, k, place.WarnBlueprint); err != nil {
			return nil, err
		}
		at, err := warningStands.One(ctx, tx, stream, id)
		if err != nil {
			return nil, err
		}
		if at >= 0 {
			return nil, fault.New(fault.Conflict, "blueprint.fault.withdrawn_already")
		}
		return []act.Draft{{Type: WithdrawType, Object: Withdrawn{id}, Parts: []act.Part{act.Text("reason", reason)}}}, nil
	})
	return err
}

var warningEnvelope = db.Rows[[]byte](`select a.envelope from blueprint_warning w join act a on a.stream = w.stream and a.idx = w.idx where w.stream = $1 and w.id = $2`)

// warnedText is the text of a place at which it gave a warning: the key without an
// id where the warning is none, or was read in a text of another place.
func warnedText(ctx context.Context, on db.Queryer, stream act.Fingerprint, id string) (Key, error) {
	k := Key{Stream: stream}
	raw, err := warningEnvelope.One(ctx, on, stream, id)
	if err != nil {
		return k, ignoreMissing(err)
	}
	var a struct{ Object Warned }
	if err := json.Unmarshal(raw, &a); err != nil || a.Object.Version == nil || a.Object.Version.Stream != stream {
		return k, nil
	}
	h, err := headByKey.One(ctx, on, stream, a.Object.Version.URL)
	k.ID = h.Blueprint
	return k, ignoreMissing(err)
}

// MayWithdraw tells whether a viewer may withdraw a warning.
func (b *Blueprints) MayWithdraw(ctx context.Context, v place.Viewer, w Warning) bool {
	k, err := warnedText(ctx, b.log.DB(), w.Stream, w.ID)
	return err == nil && mayOn(ctx, b.log.DB(), v, k, place.WarnBlueprint) == nil
}

// WarningsOn lists every warning known on a clause, withdrawn ones too, oldest first.
func (b *Blueprints) WarningsOn(ctx context.Context, v place.Viewer, clause string) ([]Warning, error) {
	return warningList(ctx, b.log.DB(), warningsOfClause, clause)
}

// WarningsBy lists the warnings that a place gave, newest first.
func (b *Blueprints) WarningsBy(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Warning, error) {
	if err := place.May(ctx, b.log.DB(), v, stream, place.ReadBlueprint, place.Any); err != nil {
		return nil, err
	}
	return warningList(ctx, b.log.DB(), warningsOfPlace, stream)
}

func warningList(ctx context.Context, on db.Queryer, q db.Query[warningRow], arg any) ([]Warning, error) {
	rows, err := q.All(ctx, on, arg)
	out := make([]Warning, len(rows))
	for i, r := range rows {
		out[i] = r.warning()
	}
	return out, err
}
