package act

import (
	"context"
	"strings"

	"translocal/db"
	"translocal/fault"
)

// Stream is the head of a stream as it is read.
type Stream struct {
	Fingerprint Fingerprint
	Actor       string
	Origin      string
	Audience    string
	Own         bool
	Held        bool
	Size        int64
	Published   int64 // microseconds, of the last act
}

const streamColumns = `fp, actor, origin, audience, own, held, size, published`

var (
	streamByFingerprint = db.Rows[Stream](`select ` + streamColumns + ` from stream where fp = $1`)
	streamByActor       = db.Rows[Stream](`select ` + streamColumns + ` from stream where actor = $1 order by own desc, fp limit 1`)
	streamsAll          = db.Rows[Stream](`select ` + streamColumns + ` from stream order by fp`)
	streamsOwn          = db.Rows[Stream](`select ` + streamColumns + ` from stream where own order by fp`)
	actRows             = db.Rows[stored](`select idx, state, envelope from act where stream = $1 and idx >= $2 order by idx limit $3`)
	partRows            = db.Rows[storedPart](`select idx, name, media, salt, body from part where stream = $1 and idx >= $2 and idx < $3 order by idx, name`)
	partThere           = db.Rows[int64](`select count(*) from part where stream = $1 and idx = $2 and name = $3`)
	onePart             = db.Rows[Part](`select name, media, salt, body from part where stream = $1 and idx = $2 and name = $3`)
	leafRows            = db.Rows[[]byte](`select leaf from act where stream = $1 and idx >= $2 order by idx limit $3`)
	keyAt               = db.Rows[string](`select public from stream_key where stream = $1 and idx <= $2 order by idx desc limit 1`)
	holdStream          = db.Exec(`update stream set held = $2 where fp = $1 and own`)
	publishedAt         = db.Rows[int64](`select published from act where stream = $1 and idx = $2`)
	actByLeaf           = db.Rows[int64](`select idx from act where stream = $1 and leaf = $2`)
)

type stored struct {
	Index    int64
	State    int64
	Envelope []byte
}

type storedPart struct {
	Index int64
	Part
}

// StreamOf reads the head of a stream.
func (l *Log) StreamOf(ctx context.Context, f Fingerprint) (Stream, error) {
	return streamByFingerprint.One(ctx, l.db, f)
}

// StreamIn is StreamOf inside a transaction.
func StreamIn(ctx context.Context, on db.Queryer, f Fingerprint) (Stream, error) {
	return streamByFingerprint.One(ctx, on, f)
}

// StreamByActor finds the stream of an actor's URL; our own before others'.
func (l *Log) StreamByActor(ctx context.Context, actor string) (Stream, error) {
	return streamByActor.One(ctx, l.db, actor)
}

// Streams lists every stream, own and followed.
func (l *Log) Streams(ctx context.Context) ([]Stream, error) { return streamsAll.All(ctx, l.db) }

// OwnStreams lists the streams that we write.
func (l *Log) OwnStreams(ctx context.Context) ([]Stream, error) { return streamsOwn.All(ctx, l.db) }

// KeyAt is the Multikey that signs at an index of a stream.
func KeyAt(ctx context.Context, on db.Queryer, f Fingerprint, index int64) (string, error) {
	return keyAt.One(ctx, on, f, index)
}

// Entry is an act with those of its parts that are still there.
type Entry struct {
	Act   *Act
	Parts []Part
}

// Entries reads up to limit acts of a stream from an index on, with their parts.
func (l *Log) Entries(ctx context.Context, f Fingerprint, from int64, limit int) ([]Entry, error) {
	return entries(ctx, l.db, f, from, limit)
}

func entries(ctx context.Context, on db.Queryer, f Fingerprint, from int64, limit int) ([]Entry, error) {
	rows, err := actRows.All(ctx, on, f, from, limit)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	parts, err := partRows.All(ctx, on, f, from, rows[len(rows)-1].Index+1)
	if err != nil {
		return nil, err
	}
	list := make([]Entry, len(rows))
	for i, r := range rows {
		a, err := parse(r.Envelope) // its form was checked when it came
		if err != nil {
			return nil, err
		}
		list[i].Act = a
		for len(parts) > 0 && parts[0].Index == r.Index {
			list[i].Parts = append(list[i].Parts, parts[0].Part)
			parts = parts[1:]
		}
	}
	return list, nil
}

// Entry reads one act with its parts.
func (l *Log) Entry(ctx context.Context, f Fingerprint, index int64) (Entry, error) {
	list, err := entries(ctx, l.db, f, index, 1)
	if err == nil && (len(list) == 0 || list[0].Act.Index != index) {
		err = db.ErrNoRow
	}
	if err != nil {
		return Entry{}, err
	}
	return list[0], nil
}

// IndexOf finds the index of the act with a leaf hash in a stream.
func (l *Log) IndexOf(ctx context.Context, f Fingerprint, h Hash) (int64, error) {
	return actByLeaf.One(ctx, l.db, f, h[:])
}

// Leaves reads up to limit leaf hashes of a stream from an index on.
func Leaves(ctx context.Context, on db.Queryer, f Fingerprint, from int64, limit int) ([]Hash, error) {
	rows, err := leafRows.All(ctx, on, f, from, limit)
	if err != nil {
		return nil, err
	}
	hashes := make([]Hash, len(rows))
	for i, r := range rows {
		copy(hashes[i][:], r)
	}
	return hashes, nil
}

// PartOf reads one part; NotFound when it was erased or never came.
func PartOf(ctx context.Context, on db.Queryer, f Fingerprint, index int64, name string) (Part, error) {
	return onePart.One(ctx, on, f, index, name)
}

// HasPart tells whether a part is there, without reading it.
func HasPart(ctx context.Context, on db.Queryer, f Fingerprint, index int64, name string) (bool, error) {
	n, err := partThere.One(ctx, on, f, index, name)
	return n > 0, err
}

// Part finds a part of an entry by its name; ok is false when it was erased.
func (e Entry) Part(name string) (body []byte, ok bool) {
	for _, p := range e.Parts {
		if p.Name == name {
			return p.Body, true
		}
	}
	return nil, false
}

// Hold stops or allows writing to one of our streams: after a backup was
// restored, until those who follow have been asked what it lacks.
func (l *Log) Hold(ctx context.Context, f Fingerprint, held bool) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := holdStream.Run(ctx, tx, f, held)
		return err
	})
}

// ActorOf is the actor's URL in the URL of one of its objects.
func ActorOf(id string) (string, error) {
	i := strings.Index(id, "/p/")
	if i < 0 || len(id) < i+3+tokenLen || !IsToken(id[i+3:i+3+tokenLen]) {
		return "", fault.At("id", "fault.id")
	}
	return id[:i+3+tokenLen], nil
}

// A Stamp changes whenever something public on this node has changed.
type Stamp struct{ Streams, Acts, Held int64 }

var stamp = db.Rows[Stamp](`select count(*), cast(coalesce(sum(size), 0) as bigint), (select count(*) from erasure_held) from stream`)

// Stamp tells, by comparison with an earlier one, whether what was made of the streams may be out of date.
func (l *Log) Stamp(ctx context.Context) (Stamp, error) { return stamp.One(ctx, l.db) }
