package place

import (
	"context"
	"fmt"
	"strconv"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// MaxShown is how many published texts are read at once.
const MaxShown = 40

// PublishedText is a part of an act of a place that can still be erased.
type PublishedText struct {
	Index int64
	Name  string // of the part
	Media string
	Body  []byte
	Type  string // of the act
	At    int64  // when it was published, microseconds
}

var (
	publishedTexts = db.Rows[PublishedText](`select p.idx, p.name, p.media, p.body, a.type, a.published
		from part p join act a on a.stream = p.stream and a.idx = p.idx
		where p.stream = $1 and (p.idx < $2 or p.idx = $2 and p.name > $3) order by p.idx desc, p.name limit $4`)
	partStands = db.Rows[int64](`select count(*) from part where stream = $1 and idx = $2 and name = $3`)
	keysOf     = db.Rows[SigningKey](`select k.public, k.idx, a.published from stream_key k
		join act a on a.stream = k.stream and a.idx = case when k.idx > 0 then k.idx - 1 else 0 end where k.stream = $1 order by k.idx desc`)
)

// Published reads up to MaxShown texts of a place that can be erased, the newest
// act first, from after a text on; the zero value begins with the newest.
func (p *Places) Published(ctx context.Context, v Viewer, stream act.Fingerprint, after act.ErasedPart) ([]PublishedText, error) {
	if err := May(ctx, p.db, v, stream, ErasePart, Any); err != nil {
		return nil, err
	}
	if after == (act.ErasedPart{}) {
		after.Index = 1 << 62
	}
	return publishedTexts.All(ctx, p.db, stream, after.Index, after.Name, MaxShown)
}

// Erase erases texts of a place here and asks all who hold its stream to do so
// too. That can't be taken back, and nobody elsewhere can be forced to it. Each
// text must still be there; a site that must keep everything refuses.
func (p *Places) Erase(ctx context.Context, v Viewer, stream act.Fingerprint, parts []act.ErasedPart) error {
	_, err := p.log.Commit(ctx, stream, func(ctx context.Context, tx *db.Tx) ([]act.Draft, error) {
		if err := May(ctx, tx, v, stream, ErasePart, Any); err != nil {
			return nil, err
		}
		if err := Has(ctx, tx, ErasePublished); err != nil {
			return nil, err
		}
		if err := standing(ctx, tx, stream, parts); err != nil {
			return nil, err
		}
		if err := Note(ctx, tx, v, stream, act.Micros(p.now()), EraseDeed, "", strconv.Itoa(len(parts)), ""); err != nil {
			return nil, err
		}
		return []act.Draft{{Type: act.EraseType, Object: act.Erase{Parts: parts}}}, nil
	})
	return err
}

// standing refuses parts that are not there, or named twice.
func standing(ctx context.Context, tx *db.Tx, stream act.Fingerprint, parts []act.ErasedPart) error {
	switch {
	case len(parts) == 0:
		return fault.At("parts", "published.none_chosen")
	case len(parts) > act.MaxParts:
		return fault.At("parts", "fault.too_many", "max", act.MaxParts)
	}
	var f fault.Fields
	seen := map[act.ErasedPart]bool{}
	for i, x := range parts {
		n, err := partStands.One(ctx, tx, stream, x.Index, x.Name)
		if err != nil {
			return err
		}
		if n == 0 || seen[x] {
			f.Add(fmt.Sprintf("parts.%d", i), "published.gone")
		}
		seen[x] = true
	}
	return f.Err()
}

// SigningKey is a key with which a place signs, or signed until the next.
type SigningKey struct {
	Public string // Multikey
	From   int64  // first index that it signs
	Since  int64  // microseconds
}

// Keys lists the signing keys of a place, the one in use first.
func (p *Places) Keys(ctx context.Context, v Viewer, stream act.Fingerprint) ([]SigningKey, error) {
	if err := May(ctx, p.db, v, stream, RotateKey, Any); err != nil {
		return nil, err
	}
	return keysOf.All(ctx, p.db, stream)
}

// RotateKey gives a place a new signing key. What the old one signed stays
// valid; nothing more can be signed with it.
func (p *Places) RotateKey(ctx context.Context, v Viewer, stream act.Fingerprint) error {
	_, err := p.log.Rotate(ctx, stream, func(ctx context.Context, tx *db.Tx) error {
		if err := May(ctx, tx, v, stream, RotateKey, Any); err != nil {
			return err
		}
		return Note(ctx, tx, v, stream, act.Micros(p.now()), KeyDeed, "", "", "")
	})
	return err
}
