package fed

import (
	"context"
	"encoding/json"

	"translocal/act"
	"translocal/db"
	"translocal/place"
)

// A Notice tells the keepers of a place, or of the site, what they should know.
type Notice struct {
	ID     string
	Stream act.Fingerprint // "" for the site
	Kind   string          // message key
	Args   map[string]string
	At     int64 // microseconds
}

type noticeRow struct {
	ID     string
	Stream act.Fingerprint
	Kind   string
	Args   string
	At     int64
}

var (
	// The same notice again is one notice, seen or not, with a new time.
	insertNotice = db.Exec(`insert into keeper_notice (id, stream, kind, args, at, seen) values ($1, $2, $3, $4, $5, false)
		on conflict (stream, kind, args) do update set at = excluded.at, seen = (keeper_notice.seen and keeper_notice.at > $6)`)
	openNotices = db.Rows[noticeRow](`select id, stream, kind, args, at from keeper_notice where stream = $1 and not seen order by at desc, id limit 200`)
	seeNotice   = db.Exec(`update keeper_notice set seen = true where stream = $1 and id = $2`)
)

// quiet is for how long a notice that was seen is not shown again, in microseconds.
const quiet = int64(24 * 60 * 60 * 1e6)

func (n *Node) notify(ctx context.Context, stream act.Fingerprint, kind string, args map[string]string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error { return n.notifyIn(ctx, tx, stream, kind, args) })
}

func (n *Node) notifyIn(ctx context.Context, tx *db.Tx, stream act.Fingerprint, kind string, args map[string]string) error {
	text, err := json.Marshal(args) // keys sorted: the same notice is the same text
	if err != nil {
		return err
	}
	now := act.Micros(n.now())
	_, err = insertNotice.Run(ctx, tx, act.NewToken(), stream, kind, string(text), now, now-quiet)
	return err
}

// notifyFollowers tells each place that follows a stream.
func (n *Node) notifyFollowers(ctx context.Context, r remote, kind string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		streams, err := whoFollows.All(ctx, tx, r.Stream)
		if err != nil {
			return err
		}
		for _, s := range streams {
			if err := n.notifyIn(ctx, tx, s, kind, map[string]string{"actor": r.Actor}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Notices lists what the keepers of a place, or of the site (""), have not seen.
func (n *Node) Notices(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Notice, error) {
	if err := n.may(ctx, n.db, v, stream, place.ReadNotices); err != nil {
		return nil, err
	}
	rows, err := openNotices.All(ctx, n.db, stream)
	if err != nil {
		return nil, err
	}
	list := make([]Notice, len(rows))
	for i, r := range rows {
		list[i] = Notice{ID: r.ID, Stream: r.Stream, Kind: r.Kind, At: r.At}
		if err := json.Unmarshal([]byte(r.Args), &list[i].Args); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// SeeNotice puts a notice away.
func (n *Node) SeeNotice(ctx context.Context, v place.Viewer, stream act.Fingerprint, id string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.ReadNotices); err != nil {
			return err
		}
		_, err := seeNotice.Run(ctx, tx, stream, id)
		return err
	})
}

var unseen = db.Rows[noticeRow](`select id, stream, kind, args, at from keeper_notice where not seen order by at, id limit 5000`)

// Unseen lists, for the node itself, all notices that no keeper has put away,
// without what they say.
func (n *Node) Unseen(ctx context.Context) ([]Notice, error) {
	rows, err := unseen.All(ctx, n.db)
	list := make([]Notice, len(rows))
	for i, r := range rows {
		list[i] = Notice{ID: r.ID, Stream: r.Stream, Kind: r.Kind, At: r.At}
	}
	return list, err
}
