package keep

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
	"unicode/utf8"

	"translocal/db"
)

// chunk is about how many bytes of rows lie in one entry of the archive: what is
// held in memory, besides one row.
const chunk = 1 << 20

// Write writes an archive of a node as it stands at one moment; the node may run
// and be written meanwhile. It is not encrypted: w does that (see [Encrypt]).
func Write(ctx context.Context, w io.Writer, n Node, progress Progress) (Counts, error) {
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return Counts{}, err
	}
	a := &archive{tar: tar.NewWriter(zip), made: time.Now().UTC().Truncate(time.Second), progress: progress}
	a.counts.Rows = map[string]int64{}
	err = n.DB.Snapshot(ctx, func(s *db.Snapshot) error { return a.all(ctx, s, n) })
	if err == nil {
		err = a.document("end.json", a.counts)
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return a.counts, err
	}
	return a.counts, errors.Join(a.tar.Close(), zip.Close())
}

type archive struct {
	tar      *tar.Writer
	made     time.Time
	counts   Counts
	progress Progress
}

func (a *archive) all(ctx context.Context, s *db.Snapshot, n Node) error {
	tables, err := s.Tables(ctx)
	if err != nil {
		return err
	}
	m := Manifest{Format: Format, Schema: db.NewestSchema(), Engine: n.DB.Engine(), Made: a.made, Tables: tables}
	if err := a.document("backup.json", m); err != nil {
		return err
	}
	for _, t := range tables {
		if err := a.table(ctx, s, t); err != nil {
			return fmt.Errorf("table %s: %w", t, err)
		}
	}
	if n.Files == nil {
		return nil
	}
	for info, err := range n.Files.Each() {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := n.Files.Open(info.Hash)
		if errors.Is(err, fs.ErrNotExist) {
			continue // erased meanwhile
		}
		if err != nil {
			return err
		}
		err = a.file(info.Hash.String(), info.Size, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("file %s: %w", info.Hash, err)
		}
	}
	return nil
}

func (a *archive) head(name string, size int64) error {
	return a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: a.made, Typeflag: tar.TypeReg, Format: tar.FormatPAX})
}

func (a *archive) bytes(name string, b []byte) error {
	if err := a.head(name, int64(len(b))); err != nil {
		return err
	}
	_, err := a.tar.Write(b)
	return err
}

func (a *archive) document(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return a.bytes(name, append(b, '\n'))
}

func (a *archive) done(n int64) {
	a.counts.Bytes += n
	if a.progress != nil {
		a.progress(a.counts.Bytes)
	}
}

// table writes the rows of a table in entries of about a chunk; the first line of
// each names the columns.
func (a *archive) table(ctx context.Context, s *db.Snapshot, table string) error {
	columns, rows, err := s.Rows(ctx, table)
	if err != nil {
		return err
	}
	head, err := json.Marshal(columns)
	if err != nil {
		return err
	}
	head = append(head, '\n')
	a.counts.Rows[table] = 0
	var b bytes.Buffer
	part := 0
	flush := func() error {
		if b.Len() == 0 {
			return nil
		}
		part++
		defer b.Reset()
		a.done(int64(b.Len()))
		return a.bytes(fmt.Sprintf("table/%s/%06d.jsonl", table, part), append(head[:len(head):len(head)], b.Bytes()...))
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if err := writeRow(&b, row); err != nil {
			return err
		}
		a.counts.Rows[table]++
		if b.Len() >= chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// inBase64 is a value that JSON can't say otherwise: bytes, or a text that is not
// valid UTF-8.
type inBase64 struct {
	Bytes *string `json:"b,omitempty"`
	Text  *string `json:"t,omitempty"`
}

// writeRow writes a row as a line of JSON: a list of its values.
func writeRow(b *bytes.Buffer, row []any) error {
	list := make([]any, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case nil, bool, int64:
			list[i] = v
		case []byte:
			text := base64.StdEncoding.EncodeToString(v)
			list[i] = inBase64{Bytes: &text}
		case string:
			if list[i] = v; !utf8.ValidString(v) {
				text := base64.StdEncoding.EncodeToString([]byte(v))
				list[i] = inBase64{Text: &text}
			}
		default:
			return fmt.Errorf("a value of type %T can't be kept", v)
		}
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return e.Encode(list)
}

func (a *archive) file(name string, size int64, r io.Reader) error {
	if err := a.head("file/"+name, size); err != nil {
		return err
	}
	if _, err := io.CopyN(a.tar, r, size); err != nil {
		return err
	}
	a.counts.Files++
	a.done(size)
	return nil
}
