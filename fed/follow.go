package fed

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

var (
	insertFollow = db.Exec(`insert into follow (stream, followed, since) values ($1, $2, $3) on conflict (stream, followed) do nothing`)
	deleteFollow = db.Exec(`delete from follow where stream = $1 and followed = $2`)
	saveRemote   = db.Exec(`insert into remote (stream, actor, host, state, trouble, next_pull, last_heard, subscribed) values ($1, $2, $3, 'followed', '', $4, $4, 0)
		on conflict (stream) do update set next_pull = excluded.next_pull, state = 'followed', trouble = ''`)
	leaveRemote  = db.Exec(`update remote set state = 'left' where state <> 'left' and not exists (select 1 from follow f where f.followed = remote.stream)`)
	resumeRemote = db.Exec(`update remote set state = 'followed', trouble = '', next_pull = $2 where stream = $1 and state = 'stopped'`)
	followsOf    = db.Rows[Followed](`select f.followed, r.actor, f.since, r.state, r.trouble, r.last_heard, coalesce(s.size, 0)
		from follow f join remote r on r.stream = f.followed left join stream s on s.fp = f.followed where f.stream = $1 order by r.actor`)
	isFollowed  = db.Rows[bool](`select exists (select 1 from follow where stream = $1 and followed = $2)`)
	whoFollows  = db.Rows[act.Fingerprint](`select stream from follow where followed = $1 order by stream`)
	insertBlock = db.Exec(`insert into block (stream, target, since) values ($1, $2, $3) on conflict (stream, target) do nothing`)
	deleteBlock = db.Exec(`delete from block where stream = $1 and target = $2`)
	blocksOf    = db.Rows[Blocked](`select target, since from block where stream = $1 order by target`)
	isBlocked   = db.Rows[bool](`select exists (select 1 from block where stream in ('', $1) and target in ($2, $3))`)
	dropFollows = db.Exec(`delete from follow where ($1 = '' or stream = $1) and followed in (select stream from remote where host = $2 or stream = $2)`)
)

// Followed is a stream that a place follows, for its keepers alone.
type Followed struct {
	Stream    act.Fingerprint
	Actor     string
	Since     int64  // microseconds
	State     string // "followed", "stopped"
	Trouble   string // message key, or ""
	LastHeard int64  // microseconds
	Size      int64  // acts that we hold
}

// Follow begins to follow, for one of our places or with "" for the site, the
// place at an address: its page or that of one of its objects, with or without
// https://. It fetches the first page of the stream, verifies that the address's
// host speaks for the place, and goes on in the background.
func (n *Node) Follow(ctx context.Context, v place.Viewer, stream act.Fingerprint, address string) (act.Stream, error) {
	if err := n.may(ctx, n.db, v, stream, place.FollowPlace); err != nil {
		return act.Stream{}, err
	}
	r, err := n.lookUp(ctx, address)
	if err != nil {
		return act.Stream{}, err
	}
	if err := n.notBlocked(ctx, n.db, stream, r.Host, r.Stream); err != nil {
		return act.Stream{}, err
	}
	if known, err := hintedRemote.One(ctx, n.db, r.Stream); err != nil || known.State != remoteFollowed || known.Host != r.Host {
		if _, err := n.pull(ctx, r, 1); err != nil {
			return act.Stream{}, n.sayWhy(ctx, r, err)
		}
	}
	err = n.db.Write(ctx, func(tx *db.Tx) error {
		now := act.Micros(n.now())
		if s, err := act.StreamIn(ctx, tx, r.Stream); err == nil { // it may have moved in what came
			if r.Host, err = act.AddressOf(ctx, tx, s); err != nil {
				return err
			}
		}
		if _, err := insertFollow.Run(ctx, tx, stream, r.Stream, now); err != nil {
			return err
		}
		_, err := saveRemote.Run(ctx, tx, r.Stream, r.Actor, r.Host, now)
		tx.AfterCommit(n.Wake)
		return err
	})
	if err != nil {
		return act.Stream{}, err
	}
	return n.log.StreamOf(ctx, r.Stream)
}

// sayWhy turns the error of a first pull into one for whoever wanted to follow.
func (n *Node) sayWhy(ctx context.Context, r remote, err error) error {
	if faultKey(err) == "fault.own_stream" || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.TooMany) {
		return err
	}
	logError("following "+r.Actor, err)
	return fault.Wrap(fault.Conflict, err, "fault.not_followable")
}

// lookUp finds the place at an address.
func (n *Node) lookUp(ctx context.Context, address string) (remote, error) {
	actor, err := n.actorAt(address)
	if err != nil {
		return remote{}, err
	}
	host := act.Host(actor)
	if host == n.base {
		return remote{}, fault.New(fault.Conflict, "fault.own_stream")
	}
	d, err := n.document(ctx, actor+"/actor.json")
	if errors.Is(err, errNoDocument) || fault.Is(err, fault.NotFound) {
		return remote{}, fault.At("address", "fault.no_place_there")
	}
	if err != nil {
		return remote{}, err
	}
	if d.ID != actor { // it moved to this host, or so it says
		if path(d.ID) != path(actor) || act.CheckURL("", d.ID) != nil {
			return remote{}, fault.At("address", "fault.other_host")
		}
		if actor = d.ID; act.Host(actor) == n.base {
			return remote{}, fault.New(fault.Conflict, "fault.own_stream")
		}
		if err := n.vouched(ctx, actor, d.Stream); err != nil {
			return remote{}, err
		}
	}
	known, err := n.log.StreamOf(ctx, d.Stream)
	switch {
	case err == nil && known.Own:
		return remote{}, fault.New(fault.Conflict, "fault.own_stream")
	case err == nil && known.Actor != actor: // somebody else's stream, or ours
		return remote{}, fault.At("address", "fault.other_host")
	case err != nil && !fault.Is(err, fault.NotFound):
		return remote{}, err
	}
	return remote{Stream: d.Stream, Actor: actor, Host: host, State: remoteFollowed}, nil
}

// document reads the document of a place; errNoDocument when it is none.
func (n *Node) document(ctx context.Context, url string) (d actorDocument, err error) {
	raw, err := n.call(ctx, http.MethodGet, url, nil)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(raw, &d); err != nil || !d.Stream.Valid() {
		return d, errNoDocument
	}
	return d, nil
}

// actorAt reads an address as people paste it: a place's page, that of one of its
// objects, or our own page of a place on another node, /at/{host}/p/{place}.
func (n *Node) actorAt(address string) (string, error) {
	address = strings.TrimSpace(address)
	if len(address) > act.MaxURL {
		return "", fault.At("address", "fault.too_long", "max", act.MaxURL)
	}
	if rest, ok := strings.CutPrefix(address, n.base+"/at/"); ok {
		address = rest
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		scheme, rest = "https", address
		host, _, _ := strings.Cut(rest, "/")
		if u, err := url.Parse("http://" + host); err == nil && n.client.plain(u) {
			scheme = "http"
		}
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil {
		return "", fault.At("address", "fault.url")
	}
	if err := n.client.mayFetch(u); err != nil {
		return "", err
	}
	host := hostOf(u)
	if !baseShape.MatchString(host) {
		return "", fault.At("address", "fault.url")
	}
	actor, err := act.ActorOf(host + u.Path)
	if err != nil || act.Host(actor) != host || !strings.HasPrefix(u.Path, "/p/") {
		return "", fault.At("address", "fault.no_place_address")
	}
	return actor, nil
}

// Unfollow ends it, and tells nobody. What came stays readable.
func (n *Node) Unfollow(ctx context.Context, v place.Viewer, stream, followed act.Fingerprint) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.FollowPlace); err != nil {
			return err
		}
		gone, err := deleteFollow.Run(ctx, tx, stream, followed)
		if err == nil && gone == 0 {
			err = db.ErrNoRow
		}
		if err != nil {
			return err
		}
		_, err = leaveRemote.Run(ctx, tx)
		return err
	})
}

// Resume follows on a stream that was stopped because it contradicted itself: a
// keeper has found out why. If it still does, it is stopped again.
func (n *Node) Resume(ctx context.Context, v place.Viewer, stream, followed act.Fingerprint) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.FollowPlace); err != nil {
			return err
		}
		if ours, err := isFollowed.One(ctx, tx, stream, followed); err != nil || !ours {
			return errorOr(err, db.ErrNoRow)
		}
		_, err := resumeRemote.Run(ctx, tx, followed, act.Micros(n.now()))
		tx.AfterCommit(n.Wake)
		return err
	})
}

func errorOr(err error, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Following lists what a place follows; for its keepers.
func (n *Node) Following(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Followed, error) {
	if err := n.may(ctx, n.db, v, stream, place.FollowPlace); err != nil {
		return nil, err
	}
	return followsOf.All(ctx, n.db, stream)
}

// Peers lists the nodes that we know, with their troubles; for keepers of the site.
func (n *Node) Peers(ctx context.Context, v place.Viewer) ([]Peer, error) {
	if err := n.may(ctx, n.db, v, "", place.KeepSite); err != nil {
		return nil, err
	}
	return peerAll.All(ctx, n.db)
}

// may asks place.May; what concerns the site is for its keepers alone.
func (n *Node) may(ctx context.Context, on db.Queryer, v place.Viewer, stream act.Fingerprint, action place.Action) error {
	if stream == "" {
		action = place.KeepSite
	}
	return place.May(ctx, on, v, stream, action, place.Any)
}

// Blocked is a host or a stream from which a place takes nothing.
type Blocked struct {
	Target string
	Since  int64
}

// Block takes nothing more from a host (its base URL) or from one stream: for a
// place its submissions, for the site ("") also requests of any kind. What is
// followed there is left.
func (n *Node) Block(ctx context.Context, v place.Viewer, stream act.Fingerprint, target string) error {
	target = strings.TrimRight(strings.TrimSpace(target), "/")
	if !act.Fingerprint(target).Valid() && (!baseShape.MatchString(target) || len(target) > act.MaxURL) {
		return fault.At("target", "fault.url")
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.BlockHost); err != nil {
			return err
		}
		added, err := insertBlock.Run(ctx, tx, stream, target, act.Micros(n.now()))
		if err != nil || added == 0 {
			return err
		}
		if _, err := dropFollows.Run(ctx, tx, stream, target); err != nil {
			return err
		}
		if stream == "" {
			if _, err := unlistHost.Run(ctx, tx, target); err != nil {
				return err
			}
		}
		if _, err := leaveRemote.Run(ctx, tx); err != nil {
			return err
		}
		return place.Note(ctx, tx, v, stream, act.Micros(n.now()), place.BlockHostDeed, "", target, "")
	})
}

// Unblock takes a block back; it follows nothing anew.
func (n *Node) Unblock(ctx context.Context, v place.Viewer, stream act.Fingerprint, target string) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if err := n.may(ctx, tx, v, stream, place.BlockHost); err != nil {
			return err
		}
		if gone, err := deleteBlock.Run(ctx, tx, stream, target); err != nil || gone == 0 {
			return err
		}
		return place.Note(ctx, tx, v, stream, act.Micros(n.now()), place.UnblockHostDeed, "", target, "")
	})
}

// Blocks lists what a place, or the site, takes nothing from.
func (n *Node) Blocks(ctx context.Context, v place.Viewer, stream act.Fingerprint) ([]Blocked, error) {
	if err := n.may(ctx, n.db, v, stream, place.BlockHost); err != nil {
		return nil, err
	}
	return blocksOf.All(ctx, n.db, stream)
}

// notBlocked is Forbidden when the site, or the place if one is given, takes
// nothing from a host or stream.
func (n *Node) notBlocked(ctx context.Context, on db.Queryer, stream act.Fingerprint, host string, from act.Fingerprint) error {
	blocked, err := isBlocked.One(ctx, on, stream, host, from)
	if err == nil && blocked {
		err = fault.New(fault.Forbidden, "fault.blocked")
	}
	return err
}
