package blueprint

import (
	"context"
	"encoding/json"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// NoticeKind says what came.
type NoticeKind string

// The kinds of notice.
const (
	SourceMoved  NoticeKind = "source"     // what ours came from has a new version
	AdaptedByOne NoticeKind = "adaptation" // somebody published a version that came from ours
	WarnedOf     NoticeKind = "warning"    // a warning on a clause that ours holds
)

// A Notice tells the members of a place what came from elsewhere and concerns a blueprint of theirs.
type Notice struct {
	Blueprint string // ours
	URL       string // the version or warning that came
	Kind      NoticeKind
	From      act.Fingerprint
	At        int64  // microseconds
	Name      string // of the place that it came from
	Title     string // of ours
}

type noticeRow struct {
	Blueprint string
	URL       string
	Kind      NoticeKind
	From      act.Fingerprint
	At        int64
	Name      string
	Title     []byte
}

var (
	insertNotice = db.Exec(`insert into blueprint_notice (stream, blueprint, url, kind, in_stream, at) values ($1, $2, $3, $4, $5, $6)
		on conflict (stream, blueprint, url) do nothing`)
	noticesOf = db.Rows[noticeRow](`select n.blueprint, n.url, n.kind, n.in_stream, n.at, coalesce(pl.name, ''), t.body
		from blueprint_notice n left join place pl on pl.stream = n.in_stream
		left join blueprint b on b.stream = n.stream and b.id = n.blueprint
		left join part t on t.stream = b.stream and t.idx = b.idx and t.name = 'title'
		where n.stream = $1 order by n.at desc, n.url limit 200`)
	deleteNotice = db.Exec(`delete from blueprint_notice where stream = $1 and url = $2`)

	ownChildren = db.Rows[Key](`select distinct v.stream, v.blueprint from blueprint_parent p join blueprint_version v on v.stream = p.stream and v.id = p.version
		join stream s on s.fp = v.stream where p.blueprint = $1 and p.in_stream = $2 and s.own and v.stream <> $2`)
	ownHolders = db.Rows[Key](`select distinct h.stream, h.blueprint from blueprint_clause c join blueprint_head h on h.stream = c.stream and h.version = c.version
		join stream s on s.fp = h.stream where c.clause = $1 and s.own and h.stream <> $2`)
	isOwn = db.Rows[bool](`select own from stream where fp = $1`)
)

// Notices is the follower that notes what moved elsewhere and concerns blueprints of ours.
func (b *Blueprints) Notices() act.Follower {
	return act.Follower{Name: "blueprint-notices", Handle: func(ctx context.Context, tx *db.Tx, e act.Entry) error {
		switch e.Act.Type {
		case PublishType:
			return noticeVersion(ctx, tx, e.Act)
		case WarnType:
			return noticeWarning(ctx, tx, e.Act)
		}
		return nil
	}}
}

func noticeVersion(ctx context.Context, tx *db.Tx, a *act.Act) error {
	var p Published
	if err := json.Unmarshal(a.Object, &p); err != nil || checkPublished(a, &p) != nil {
		return nil // void: nothing came
	}
	// Only what was applied: a void act has no row.
	if _, err := ownVersion.One(ctx, tx, a.Stream, p.Version); err != nil {
		return ignoreMissing(err)
	}
	children, err := ownChildren.All(ctx, tx, p.Blueprint, a.Stream)
	if err != nil {
		return err
	}
	for _, k := range children {
		has, err := comesFrom(ctx, tx, k, VersionKey{a.Stream, p.Version})
		if err != nil {
			return err
		}
		if has {
			continue
		}
		if err := note(ctx, tx, k, p.Version, SourceMoved, a); err != nil {
			return err
		}
	}
	for _, parent := range p.Parents {
		if parent.Version == nil || parent.Version.Stream == a.Stream {
			continue
		}
		own, err := isOwn.One(ctx, tx, parent.Version.Stream)
		if err != nil && ignoreMissing(err) != nil {
			return err
		}
		if !own {
			continue
		}
		if err := note(ctx, tx, Key{parent.Version.Stream, parent.Blueprint}, p.Version, AdaptedByOne, a); err != nil {
			return err
		}
	}
	return nil
}

func noticeWarning(ctx context.Context, tx *db.Tx, a *act.Act) error {
	var w Warned
	if err := json.Unmarshal(a.Object, &w); err != nil || checkWarned(a, &w) != nil {
		return nil
	}
	holders, err := ownHolders.All(ctx, tx, w.Clause, a.Stream)
	if err != nil {
		return err
	}
	for _, k := range holders {
		if err := note(ctx, tx, k, w.Warning, WarnedOf, a); err != nil {
			return err
		}
	}
	return nil
}

// comesFrom tells whether a newest version of a blueprint comes from a version already.
func comesFrom(ctx context.Context, on db.Queryer, k Key, version VersionKey) (has bool, err error) {
	heads, err := newestOf.All(ctx, on, k.Stream, k.ID)
	if err != nil {
		return false, err
	}
	for _, h := range heads {
		list, err := parents(ctx, on, h.VersionKey) // translations too, which ancestors leaves out
		if err != nil {
			return false, err
		}
		for _, p := range append(list, parentOf(h, Adapted)) {
			if err := ancestors(ctx, on, p, func(p Parent) bool {
				has = has || p.Version != nil && p.Version.URL == version.ID && p.Version.Stream == version.Stream
				return has
			}); err != nil || has {
				return has, err
			}
		}
	}
	return false, nil
}

func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func note(ctx context.Context, tx *db.Tx, k Key, url string, kind NoticeKind, a *act.Act) error {
	_, err := insertNotice.Run(ctx, tx, k.Stream, k.ID, url, string(kind), a.Stream, act.Micros(a.Published))
	return err
}

// NoticesOf lists what came and nobody has put aside yet, newest first.
func (b *Blueprints) NoticesOf(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Notice, error) {
	on := b.log.DB()
	if err := place.May(ctx, on, v, stream, place.DraftBlueprint, place.Any); err != nil {
		return nil, err
	}
	rows, err := noticesOf.All(ctx, on, stream)
	out := make([]Notice, len(rows))
	for i, r := range rows {
		out[i] = Notice{r.Blueprint, r.URL, r.Kind, r.From, r.At, r.Name, shown(r.Title, MaxTitle, false)}
	}
	return out, err
}

// PutAside takes a notice off the list.
func (b *Blueprints) PutAside(ctx context.Context, v place.Viewer, stream act.Fingerprint, url string) error {
	return b.log.DB().Write(ctx, func(tx *db.Tx) error {
		if err := place.May(ctx, tx, v, stream, place.DraftBlueprint, place.Any); err != nil {
			return err
		}
		_, err := deleteNotice.Run(ctx, tx, stream, url)
		return err
	})
}
