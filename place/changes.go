package place

import (
	"context"
	"encoding/json"

	"translocal/act"
	"translocal/db"
)

// MaxChanges is how many acts the log of changes reads at once.
const MaxChanges = 50

// A PublicChange is one act of a place as its log of changes tells of it: no text, only what
// it is and of what.
type PublicChange struct {
	Index  int64  `json:"index" doc:"Its number in the record of the place, from 0"`
	Type   string `json:"type"`
	At     int64  `json:"at" doc:"Microseconds"`
	Object string `json:"object,omitempty" doc:"URL of what it is about, where it has one"`
	Erased int    `json:"erased,omitempty" doc:"How many of its texts were erased"`
}

type changeRow struct {
	Index    int64
	Type     string
	At       int64
	Envelope []byte
	Parts    int64
}

var changeRows = db.Rows[changeRow](`select a.idx, a.type, a.published, a.envelope,
	(select count(*) from part p where p.stream = a.stream and p.idx = a.idx)
	from act a where a.stream = $1 and a.idx < $2 order by a.idx desc limit $3`)

// Changes reads up to MaxChanges acts of a place, the newest first, from before an
// index on; 0 begins with the newest.
func (p *Places) Changes(ctx context.Context, v Viewer, stream act.Fingerprint, before int64) ([]PublicChange, error) {
	if err := May(ctx, p.db, v, stream, ReadPlace, Any); err != nil {
		return nil, err
	}
	if before <= 0 {
		before = 1 << 62
	}
	rows, err := changeRows.All(ctx, p.db, stream, before, MaxChanges)
	if err != nil {
		return nil, err
	}
	out := make([]PublicChange, len(rows))
	for i, r := range rows {
		out[i] = PublicChange{Index: r.Index, Type: r.Type, At: r.At}
		var e struct {
			Parts  []json.RawMessage `json:"parts"`
			Object json.RawMessage   `json:"object"`
		}
		if err := json.Unmarshal(r.Envelope, &e); err != nil {
			return nil, err
		}
		out[i].Erased = len(e.Parts) - int(r.Parts)
		out[i].Object = objectOf(e.Object)
	}
	return out, nil
}

// objectOf is the URL of what an act is about, by the names that all types give
// it; "" for none. Acts of types that this node doesn't know are not checked yet.
func objectOf(object json.RawMessage) string {
	var o struct {
		Bringing any `json:"bringing"`
		ID       any `json:"id"`
		Version  any `json:"version"`
	}
	if json.Unmarshal(object, &o) != nil {
		return ""
	}
	for _, x := range []any{o.Bringing, o.ID, o.Version} {
		switch x := x.(type) {
		case string:
			if act.CheckURL("", x) == nil {
				return x
			}
		case map[string]any:
			if url, ok := x["url"].(string); ok && act.CheckURL("", url) == nil {
				return url
			}
		}
	}
	return ""
}
