package fed

import (
	"context"
	"time"

	"translocal/act"
	"translocal/db"
)

// Silence is how long nothing must have been heard from a place before its
// pages are marked: everybody may know that much, and no more.
const Silence = 14 * 24 * time.Hour

type heardRow struct {
	State     string
	LastHeard int64
}

var heardOf = db.Rows[heardRow](`select state, last_heard from remote where stream = $1`)

// The marks that pages of another node's place can carry.
const (
	MarkDark    = "dark"    // nothing heard for long
	MarkStopped = "stopped" // its record broke: a fork or a bad signature
	MarkLeft    = "left"    // nobody here follows it any more
)

// Mark is how the pages of a place on another node are marked, "" for not.
func (n *Node) Mark(ctx context.Context, stream act.Fingerprint) (string, error) {
	rows, err := heardOf.All(ctx, n.db, stream)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	switch r := rows[0]; {
	case r.State == "stopped":
		return MarkStopped, nil
	case r.State == "left":
		return MarkLeft, nil
	case r.LastHeard < act.Micros(n.now().Add(-Silence)):
		return MarkDark, nil
	}
	return "", nil
}

// NoteDamage tells the keepers of the site that what is stored of a stream no
// longer is what was signed.
func (n *Node) NoteDamage(ctx context.Context, s act.Stream) error {
	return n.notify(ctx, "", "fed.notice.damaged", map[string]string{"actor": s.Actor})
}

// NoteSite tells who keeps the site: kind is a message key, args its arguments.
func (n *Node) NoteSite(ctx context.Context, kind string, args map[string]string) error {
	if args == nil {
		args = map[string]string{}
	}
	return n.notify(ctx, "", kind, args)
}
