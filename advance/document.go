package advance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"translocal/act"
	"translocal/blob"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
)

// A document is a file that a keeper attaches to what an authority did. Its act
// says what it is, by its hash; name and description are parts; the bytes lie in
// the store of files, here and, once somebody reads it there, on nodes that follow.

// Limits on documents.
const (
	MaxDocuments   = 20  // of one deed
	MaxDescription = 500 // characters
	maxDrafts      = 5   // of one person, not published
	draftLasts     = 24 * time.Hour
)

// Files is where the bytes of documents lie, and how they come from elsewhere.
type Files struct {
	Store blob.Files
	// Quota is how many bytes the documents of one place may take, here and of
	// each followed place.
	Quota int64
	// Fetch gets a file of a stream of another node, which may be anything; nil
	// where no other is asked.
	Fetch func(ctx context.Context, stream act.Fingerprint, hash string, size int64) ([]byte, error)
}

// Document is a published file.
type Document struct {
	ID          string `json:"id"` // URL
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Media       string `json:"mediaType"`
	Size        int64  `json:"size"` // bytes
	SHA256      string `json:"sha256"`
	Erased      bool   `json:"erased,omitempty"`

	Stream act.Fingerprint `json:"-"`
	Deed   string          `json:"-"`
}

// Draft is a file that was put in and is not published.
type Draft struct {
	ID          string
	Stream      act.Fingerprint
	Bringing    string // URL
	Deed        string // URL
	Name        string
	Description string
	SHA256      string
	Size        int64
	Media       string
}

// Attachment is what a keeper puts in.
type Attachment struct {
	Name        string // as it was called, however hostile
	Description string
	Data        []byte
}

type documentRow struct {
	ID, Deed    string
	Stream      act.Fingerprint
	SHA256      string
	Size        int64
	Media       string
	Name        *string // nil: erased
	Description string
}

const (
	documentColumns = `select d.id, d.deed, d.stream, d.sha256, d.size, d.media, n.body, coalesce(t.body, '') from deed_document d
		left join part n on n.stream = d.stream and n.idx = d.idx and n.name = 'name'
		left join part t on t.stream = d.stream and t.idx = d.idx and t.name = 'description' `
	draftColumns = `select id, stream, bringing, deed, name, description, sha256, size, media from document_draft `
	// Bytes are needed while a document that has its name, or a draft, refers to them.
	needed = `(select count(*) from deed_document d join part n on n.stream = d.stream and n.idx = d.idx and n.name = 'name' where d.sha256 = $1)
		+ (select count(*) from document_draft where sha256 = $1)`
)

var (
	insertDocument = db.Exec(`insert into deed_document (stream, id, deed, sha256, size, media, idx) values ($1, $2, $3, $4, $5, $6, $7)`)
	deedStands     = db.Rows[int64](`select count(*) from deed where stream = $1 and id = $2`)
	documentsOf    = db.Rows[int64](`select count(*) from deed_document where stream = $1 and deed = $2`)
	documentsAll   = db.Rows[documentRow](documentColumns + `where d.stream = $1 and d.deed in (select id from deed where stream = $1 and bringing = $2) order by d.idx`)
	documentByID   = db.Rows[documentRow](documentColumns + `where d.id = $1 order by d.stream limit 1`)
	documentByHash = db.Rows[documentRow](documentColumns + `where d.stream = $1 and d.sha256 = $2 and n.body is not null order by d.idx limit 1`)
	documentsHeld  = db.Rows[documentRow](documentColumns + `where n.body is not null and ($1 = '' or d.stream = $1) order by d.stream, d.idx`)
	documentRoom   = db.Rows[int64](`select cast(coalesce(sum(d.size), 0) as bigint) from deed_document d
		join part n on n.stream = d.stream and n.idx = d.idx and n.name = 'name' where d.stream = $1`)
	draftRoom    = db.Rows[int64](`select cast(coalesce(sum(size), 0) as bigint) from document_draft where stream = $1`)
	insertDraft  = db.Exec(`insert into document_draft (id, stream, bringing, deed, person, name, description, sha256, size, media, created) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	draftByID    = db.Rows[Draft](draftColumns + `where id = $1 and person = $2`)
	draftsOf     = db.Rows[int64](`select count(*) from document_draft where person = $1`)
	dropDraft    = db.Exec(`delete from document_draft where id = $1`)
	staleDrafts  = db.Rows[string](`select id from document_draft where created < $1`)
	neededTimes  = db.Rows[int64](`select ` + needed)
	erasedHashes = db.Rows[string](`select distinct d.sha256 from deed_document d
		where not exists (select 1 from part n where n.stream = d.stream and n.idx = d.idx and n.name = 'name')`)
)

func (r documentRow) document() Document {
	d := Document{ID: r.ID, Stream: r.Stream, Deed: r.Deed, SHA256: r.SHA256, Size: r.Size, Media: r.Media, Description: r.Description, Erased: r.Name == nil}
	if r.Name != nil {
		d.Name = FileName(*r.Name, r.Media) // also of other nodes
	}
	return d
}

// PutIn takes a file for a deed, checked and cleaned; nobody but who put it in
// sees it until it is published. Faults are at the fields file and description.
func (ad *Advances) PutIn(ctx context.Context, v place.Viewer, stream act.Fingerprint, deed string, a Attachment) (*Draft, error) {
	if err := place.May(ctx, ad.db, v, stream, place.AttachDocument, place.Any); err != nil {
		return nil, err
	}
	if ad.Files.Store == nil {
		return nil, fault.New(fault.Unavailable, "file.missing")
	}
	media, data, err := cleanFile(a.Data)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(data)
	d := &Draft{ID: act.NewToken(), Stream: stream, Deed: deed, Name: FileName(a.Name, media), SHA256: hex.EncodeToString(hash[:]), Size: int64(len(data)), Media: media}
	if d.Description, err = fault.Passage("description", a.Description, MaxDescription); err != nil {
		return nil, err
	}
	if err := ad.db.Write(ctx, func(tx *db.Tx) error { return ad.keepDraft(ctx, tx, v, d) }); err != nil {
		return nil, err
	}
	// The row comes first, so that no sweep takes the bytes for unneeded.
	if _, err := ad.Files.Store.Put(bytes.NewReader(data)); err != nil {
		return nil, errors.Join(fault.Wrap(fault.Unavailable, err, "fault.disk"), ad.forget(context.WithoutCancel(ctx), d))
	}
	return d, nil
}

func (ad *Advances) keepDraft(ctx context.Context, tx *db.Tx, v place.Viewer, d *Draft) error {
	if err := place.May(ctx, tx, v, d.Stream, place.AttachDocument, place.Any); err != nil {
		return err
	}
	bringing, err := bringingOfDeed.One(ctx, tx, d.Stream, d.Deed)
	if err != nil {
		return err
	}
	d.Bringing = bringing
	if n, err := draftsOf.One(ctx, tx, v.Person); err != nil || n >= maxDrafts {
		return errors.Join(err, tooMany("file.too_many_drafts", n >= maxDrafts, maxDrafts))
	}
	if err := ad.room(ctx, tx, d.Stream, d.Size); err != nil {
		return err
	}
	_, err = insertDraft.Run(ctx, tx, d.ID, d.Stream, d.Bringing, d.Deed, v.Person, d.Name, d.Description, d.SHA256, d.Size, d.Media, act.Micros(ad.now()))
	return err
}

var bringingOfDeed = db.Rows[string](`select bringing from deed where stream = $1 and id = $2`)

func tooMany(key string, is bool, max int) error {
	if !is {
		return nil
	}
	return fault.At("file", key, "max", max)
}

// room refuses what would go beyond the quota of a place.
func (ad *Advances) room(ctx context.Context, on db.Queryer, stream act.Fingerprint, more int64) error {
	published, err := documentRoom.One(ctx, on, stream)
	if err != nil {
		return err
	}
	drafts, err := draftRoom.One(ctx, on, stream)
	if err == nil && published+drafts+more > ad.Files.Quota {
		err = fault.At("file", "file.no_room", "max", ad.Files.Quota>>20)
	}
	return err
}

// FilesRoom is how many bytes the documents of a place take.
func (ad *Advances) FilesRoom(ctx context.Context, stream act.Fingerprint) (int64, error) {
	return documentRoom.One(ctx, ad.db, stream)
}

// PutInto reads a draft of the viewer's.
func (ad *Advances) PutInto(ctx context.Context, v place.Viewer, id string) (*Draft, error) {
	d, err := draftByID.One(ctx, ad.db, id, v.Person)
	if err != nil {
		return nil, err
	}
	return &d, place.May(ctx, ad.db, v, d.Stream, place.AttachDocument, place.Any)
}

// DraftBytes are the bytes of a draft as they would be published.
func (ad *Advances) DraftBytes(d *Draft) ([]byte, error) { return ad.held(d.SHA256) }

// Attach publishes a draft: that can't be taken back.
func (ad *Advances) Attach(ctx context.Context, v place.Viewer, id string) (*Document, error) {
	d, err := ad.PutInto(ctx, v, id)
	if err != nil {
		return nil, err
	}
	if _, err := ad.held(d.SHA256); err != nil {
		return nil, err
	}
	out := &Document{Stream: d.Stream, Deed: d.Deed, Name: d.Name, Description: d.Description, Media: d.Media, Size: d.Size, SHA256: d.SHA256}
	return out, ad.commit(ctx, v, d.Stream, place.AttachDocument, func(tx *db.Tx, actor string) (act.Draft, error) {
		if err := one(dropDraft.Run(ctx, tx, id)); err != nil {
			return act.Draft{}, err
		}
		if err := ad.room(ctx, tx, d.Stream, d.Size); err != nil {
			return act.Draft{}, err
		}
		out.ID = act.NewID(actor, "document")
		parts := []act.Part{act.Text("name", d.Name)}
		if d.Description != "" {
			parts = append(parts, act.Text("description", d.Description))
		}
		return act.Draft{Type: DocumentType, Object: documentObject{out.ID, d.Deed, d.SHA256, d.Size, d.Media}, Parts: parts}, nil
	})
}

// one is NotFound where nothing was changed: somebody else was faster.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		err = db.ErrNoRow
	}
	return err
}

// DropDraft throws away a draft of the viewer's, and its bytes.
func (ad *Advances) DropDraft(ctx context.Context, v place.Viewer, id string) error {
	d, err := draftByID.One(ctx, ad.db, id, v.Person)
	if err != nil {
		return err
	}
	return ad.forget(ctx, &d)
}

func (ad *Advances) forget(ctx context.Context, d *Draft) error {
	err := ad.db.Write(ctx, func(tx *db.Tx) error { _, err := dropDraft.Run(ctx, tx, d.ID); return err })
	if err != nil {
		return err
	}
	return ad.dropBytes(ctx, d.SHA256)
}

// dropBytes removes bytes that nothing refers to any more.
func (ad *Advances) dropBytes(ctx context.Context, hash string) error {
	h, err := blob.ParseHash(hash)
	if err != nil {
		return err
	}
	if ad.Files.Store == nil {
		return nil
	}
	if n, err := neededTimes.One(ctx, ad.db, hash); err != nil || n > 0 {
		return err
	}
	return ad.Files.Store.Delete(h)
}

// SweepFiles removes the bytes of documents whose name was erased, and drafts that
// lay for a day.
func (ad *Advances) SweepFiles(ctx context.Context) error {
	stale, err := staleDrafts.All(ctx, ad.db, act.Micros(ad.now().Add(-draftLasts)))
	if err != nil {
		return err
	}
	hashes, err := erasedHashes.All(ctx, ad.db)
	if err != nil {
		return err
	}
	for _, id := range stale {
		d, err := anyDraft.One(ctx, ad.db, id)
		if err == nil {
			err = ad.forget(ctx, &d)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	for _, h := range hashes {
		if err := ad.dropBytes(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

var anyDraft = db.Rows[Draft](draftColumns + `where id = $1`)

// documents adds to deeds what was attached to them.
func (ad *Advances) documents(ctx context.Context, b *Bringing) error {
	rows, err := documentsAll.All(ctx, ad.db, b.Stream, b.ID)
	for _, r := range rows {
		if i := slices.IndexFunc(b.Deeds, func(d Deed) bool { return d.ID == r.Deed }); i >= 0 {
			b.Deeds[i].Documents = append(b.Deeds[i].Documents, r.document())
		}
	}
	return err
}

// ReadDocument gives a published document with its bytes; of another node's they
// are fetched the first time, and kept. NotFound when it was erased; Unavailable
// when the bytes can't be had now.
func (ad *Advances) ReadDocument(ctx context.Context, id string) (*Document, []byte, error) {
	row, err := documentByID.One(ctx, ad.db, id)
	if err != nil {
		return nil, nil, err
	}
	d := row.document()
	if d.Erased {
		return &d, nil, fault.New(fault.NotFound, "file.erased")
	}
	data, err := ad.held(d.SHA256)
	if err == nil {
		return &d, data, nil
	}
	if s, serr := ad.log.StreamOf(ctx, d.Stream); serr != nil || s.Own || ad.Files.Fetch == nil {
		return &d, nil, errors.Join(serr, err)
	}
	data, err = ad.fetch(ctx, d)
	return &d, data, err
}

// held reads bytes that lie here; Unavailable when they don't, or are damaged.
func (ad *Advances) held(hash string) ([]byte, error) {
	h, err := blob.ParseHash(hash)
	if err != nil {
		return nil, err
	}
	if ad.Files.Store == nil {
		return nil, fault.New(fault.Unavailable, "file.missing")
	}
	data, err := blob.Read(ad.Files.Store, h, MaxFile)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, blob.ErrDamaged) {
		return nil, fault.Wrap(fault.Unavailable, err, "file.missing")
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "fault.disk")
	}
	return data, nil
}

func (ad *Advances) fetch(ctx context.Context, d Document) ([]byte, error) {
	if room, err := documentRoom.One(ctx, ad.db, d.Stream); err != nil || room > ad.Files.Quota {
		return nil, errors.Join(err, fault.New(fault.Unavailable, "file.elsewhere"))
	}
	data, err := ad.Files.Fetch(ctx, d.Stream, d.SHA256, d.Size)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "file.elsewhere")
	}
	return data, ad.KeepFetched(ctx, d.Stream, d.SHA256, data)
}

// KeepFetched keeps bytes that came from elsewhere, if they are those of a
// document of the stream.
func (ad *Advances) KeepFetched(ctx context.Context, stream act.Fingerprint, hash string, data []byte) error {
	row, err := documentByHash.One(ctx, ad.db, stream, hash)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); int64(len(data)) != row.Size || hex.EncodeToString(sum[:]) != hash {
		slog.Warn("a document came as another than it was published", "stream", stream, "document", row.ID)
		return fault.New(fault.Unavailable, "file.elsewhere")
	}
	if ad.Files.Store == nil {
		return nil
	}
	if _, err := ad.Files.Store.Put(bytes.NewReader(data)); err != nil {
		return fault.Wrap(fault.Unavailable, err, "fault.disk")
	}
	return nil
}

// OwnFile gives the bytes of a document of a stream by their hash, for other nodes.
func (ad *Advances) OwnFile(ctx context.Context, stream act.Fingerprint, hash string) ([]byte, error) {
	row, err := documentByHash.One(ctx, ad.db, stream, hash)
	if err != nil {
		return nil, err
	}
	return ad.held(row.SHA256)
}

// Documents lists the documents of a stream that were not erased; of all streams
// for "".
func (ad *Advances) Documents(ctx context.Context, stream act.Fingerprint) ([]Document, error) {
	rows, err := documentsHeld.All(ctx, ad.db, stream)
	all := make([]Document, len(rows))
	for i, r := range rows {
		all[i] = r.document()
	}
	return all, err
}

// Held tells whether the bytes of a document lie here, in their size.
func (ad *Advances) Held(d Document) bool {
	h, err := blob.ParseHash(d.SHA256)
	if err != nil || ad.Files.Store == nil {
		return false
	}
	info, err := ad.Files.Store.Stat(h)
	return err == nil && info.Size == d.Size
}
