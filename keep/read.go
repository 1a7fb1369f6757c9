package keep

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"

	"translocal/blob"
	"translocal/db"
)

const (
	maxDocument = 1 << 20
	maxEntry    = 256 << 20 // of rows: a chunk and one row more
)

// Read reads an archive into an empty database and a store of files. Rows come
// in one transaction, after which finish runs: unless the archive is whole and
// finish agrees, the database stays empty. Files are put as they come; those of
// an archive that turns out to be damaged belong to nobody.
func Read(ctx context.Context, r io.Reader, into Node, progress Progress, finish func(context.Context, *db.Loader) error) (Manifest, Counts, error) {
	zip, err := gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return Manifest{}, Counts{}, broken(err)
	}
	in := &reading{tar: tar.NewReader(zip), into: into, progress: progress}
	in.counts.Rows = map[string]int64{}
	err = into.DB.Load(ctx, func(l *db.Loader) error {
		if err := in.all(ctx, l); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, zip); err != nil { // to the end, where the sum and age's last seal are
			return broken(err)
		}
		if finish == nil {
			return nil
		}
		return finish(ctx, l)
	})
	return in.manifest, in.counts, err
}

// broken is what an error of reading means: the archive is not whole.
func broken(err error) error { return fmt.Errorf("%w (%w)", ErrDamaged, err) }

type reading struct {
	tar      *tar.Reader
	into     Node
	manifest Manifest
	counts   Counts
	progress Progress
}

var tableEntry = regexp.MustCompile(`^table/([a-z][a-z0-9_]{0,62})/[0-9]{6}\.jsonl$`)

func (in *reading) all(ctx context.Context, l *db.Loader) error {
	if err := in.begin(); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := in.tar.Next()
		if err != nil {
			return broken(err) // also the end, when end.json has not come
		}
		switch m := tableEntry.FindStringSubmatch(h.Name); {
		case h.Typeflag != tar.TypeReg:
			return damaged("%q is no file", h.Name)
		case m != nil && h.Size <= maxEntry:
			err = in.rows(ctx, l, m[1])
		case len(h.Name) > len("file/") && h.Name[:len("file/")] == "file/":
			err = in.file(h.Name[len("file/"):])
		case h.Name == "end.json":
			return in.end()
		default:
			err = damaged("%q does not belong there", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func (in *reading) document(v any) error {
	if err := json.NewDecoder(io.LimitReader(in.tar, maxDocument)).Decode(v); err != nil {
		return broken(err)
	}
	return nil
}

func (in *reading) begin() error {
	h, err := in.tar.Next()
	if err != nil {
		return broken(err)
	}
	if h.Name != "backup.json" {
		return damaged("it does not begin with backup.json")
	}
	if err := in.document(&in.manifest); err != nil {
		return err
	}
	switch m := in.manifest; {
	case m.Format != Format:
		return fmt.Errorf("the backup has format %d, and this program reads format %d. Use the version of Translocal that wrote it", m.Format, Format)
	case m.Schema != db.NewestSchema():
		return fmt.Errorf("the backup was made by another version of Translocal (schema %d, here %d). Restore it with that version, then upgrade", m.Schema, db.NewestSchema())
	}
	for _, t := range in.manifest.Tables {
		in.counts.Rows[t] = 0
	}
	return nil
}

// end compares what was read with what was written.
func (in *reading) end() error {
	var c Counts
	if err := in.document(&c); err != nil {
		return err
	}
	if !maps.Equal(c.Rows, in.counts.Rows) || c.Files != in.counts.Files {
		return damaged("something is missing")
	}
	if h, err := in.tar.Next(); !errors.Is(err, io.EOF) {
		if err != nil {
			return broken(err)
		}
		return damaged("%q comes after the end", h.Name)
	}
	return nil
}

func (in *reading) rows(ctx context.Context, l *db.Loader, table string) error {
	if !slices.Contains(in.manifest.Tables, table) {
		return damaged("table %s is not announced", table)
	}
	d := json.NewDecoder(in.tar)
	d.UseNumber()
	var columns []string
	if err := d.Decode(&columns); err != nil {
		return broken(err)
	}
	for {
		var line []json.RawMessage
		before := d.InputOffset()
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		row, err := parseRow(line)
		if err != nil {
			return broken(err)
		}
		if err := l.Row(ctx, table, columns, row); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		in.counts.Rows[table]++
		in.done(d.InputOffset() - before)
	}
}

func (in *reading) done(n int64) {
	in.counts.Bytes += n
	if in.progress != nil {
		in.progress(in.counts.Bytes)
	}
}

// parseLine reads a line that writeRow wrote.
func parseLine(raw []byte) ([]any, error) {
	var line []json.RawMessage
	if err := json.Unmarshal(raw, &line); err != nil {
		return nil, err
	}
	return parseRow(line)
}

// parseRow reads the values of a line.
func parseRow(line []json.RawMessage) ([]any, error) {
	row := make([]any, len(line))
	for i, raw := range line {
		var err error
		if row[i], err = parseValue(raw); err != nil {
			return nil, err
		}
	}
	return row, nil
}

func parseValue(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case 'n':
		return nil, nil
	case 't', 'f':
		return raw[0] == 't', nil
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '{':
		var v inBase64
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		switch {
		case v.Bytes != nil && v.Text == nil:
			b, err := base64.StdEncoding.DecodeString(*v.Bytes)
			return append([]byte{}, b...), err
		case v.Text != nil && v.Bytes == nil:
			b, err := base64.StdEncoding.DecodeString(*v.Text)
			return string(b), err
		}
		return nil, errors.New("an object that is no value")
	case '[':
		return nil, errors.New("a list in a row")
	}
	var n int64
	err := json.Unmarshal(raw, &n)
	return n, err
}

func (in *reading) file(name string) error {
	want, err := blob.ParseHash(name)
	if err != nil {
		return broken(err)
	}
	if in.into.Files == nil {
		return errors.New("there is no folder for the files of the backup")
	}
	r := &readErrors{r: in.tar}
	info, err := in.into.Files.Put(r)
	switch {
	case r.err != nil:
		return broken(r.err)
	case err != nil:
		return err
	case info.Hash != want:
		return damaged("file %s has another content", name)
	}
	in.counts.Files++
	in.done(info.Size)
	return nil
}

// readErrors remembers that reading failed, and not writing.
type readErrors struct {
	r   io.Reader
	err error
}

func (r *readErrors) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
