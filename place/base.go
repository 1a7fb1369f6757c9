package place

import (
	"context"
	"net/url"

	"translocal/db"
	"translocal/fault"
)

const baseSetting = "site.base"

var firstActor = db.Rows[string](`select actor from stream where own order by actor limit 1`)

// NamingBase is the URL by which this node names what is made on it. Names are for
// ever, so it is the one under which the first place was made, whatever address
// the node has today; now, while there is no place yet.
func NamingBase(ctx context.Context, d *db.DB, now string) (base string, err error) {
	err = d.Write(ctx, func(tx *db.Tx) error {
		actor, err := firstActor.One(ctx, tx)
		switch {
		case fault.Is(err, fault.NotFound):
			base = now
		case err != nil:
			return err
		default:
			if base, err = siteSetting.One(ctx, tx, baseSetting); err == nil || !fault.Is(err, fault.NotFound) {
				return err
			}
			base = now // of a node that is older than this setting: as its places are named
			if u, err := url.Parse(actor); err == nil && u.Host != "" {
				base = u.Scheme + "://" + u.Host
			}
		}
		_, err = putSiteSetting.Run(ctx, tx, baseSetting, base)
		return err
	})
	return base, err
}
