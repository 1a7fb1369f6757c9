package fed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
	"translocal/place"
	"translocal/record"
)

// An export of a place is its stream in a file: a line that describes it, then
// the same pages that travel between nodes, one a line, each with the signed head
// and its proof; after them the files that its acts name, one a line. So it holds
// what everybody may read, and nothing else: no key, no account, no draft. Whoever
// has it can verify it without us.

// ExportFormat is the version of the file that this program writes, and reads.
const ExportFormat = "translocal-place/1"

type exportHead struct {
	Format string          `json:"format"`
	Stream act.Fingerprint `json:"stream"`
	Actor  string          `json:"actor"`
	Size   int64           `json:"size"` // acts
	Files  int64           `json:"files,omitempty"`
}

// maxLine is the longest line of an export: a page, in which one act may go
// beyond what a page should weigh.
const maxLine = 64 << 20

// Export writes a stream that we hold, as far as it is signed.
func (n *Node) Export(ctx context.Context, f act.Fingerprint, w io.Writer) error {
	write, err := n.export(ctx, f)
	if err != nil {
		return err
	}
	return write(w)
}

// export readies an export up to its first page, so that what is wrong is known
// before anything is written, and gives what writes it.
func (n *Node) export(ctx context.Context, f act.Fingerprint) (write func(io.Writer) error, err error) {
	s, err := n.log.StreamOf(ctx, f)
	if err != nil {
		return nil, err
	}
	head, err := n.exportHead(ctx, s)
	if err != nil {
		return nil, err
	}
	sealed := func(from int64) (page, error) {
		p, err := n.pageOf(ctx, s, from, maxActs, head.Size)
		if err != nil {
			return p, err
		}
		return p, n.seal(ctx, &p, head)
	}
	p, err := sealed(0)
	if err != nil {
		return nil, err
	}
	files, err := n.exported(ctx, s.Fingerprint)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false) // envelopes go as they were signed
		if err := out.Encode(exportHead{ExportFormat, s.Fingerprint, s.Actor, head.Size, int64(len(files))}); err != nil {
			return err
		}
		for {
			if err := out.Encode(p); err != nil {
				return err
			}
			if p.end() >= head.Size {
				return n.exportFiles(ctx, s.Fingerprint, files, out)
			}
			var err error
			if p, err = sealed(p.end()); err != nil {
				return err
			}
		}
	}, nil
}

// exportHead is the signed head that an export leads to: of our own streams a
// fresh one, of others the last that we hold.
func (n *Node) exportHead(ctx context.Context, s act.Stream) (record.Checkpoint, error) {
	if s.Own && !s.Held {
		return n.record.Head(ctx, s.Fingerprint, s.Size)
	}
	return n.record.Last(ctx, s.Fingerprint)
}

// ExportFor is Export for keepers of a place of ours: what write gets is written
// later. Who may not, and what is wrong before the first byte, is an error here.
func (n *Node) ExportFor(ctx context.Context, v place.Viewer, f act.Fingerprint) (write func(io.Writer) error, err error) {
	if err := n.may(ctx, n.db, v, f, place.ExportPlace); err != nil {
		return nil, err
	}
	return n.export(ctx, f)
}

// ErrExport is a file that is no whole export.
var ErrExport = errors.New("the file is damaged, cut short, or no export of a place")

// Imported is what an import brought.
type Imported struct {
	Stream act.Fingerprint
	Actor  string
	Size   int64 // acts that the file has
	New    int64 // of them, those that we had not
	Files  int64
}

var keepLeft = db.Exec(`insert into remote (stream, actor, host, state, trouble, next_pull, last_heard, subscribed) values ($1, $2, $3, 'left', '', 0, 0, 0)
	on conflict (stream) do nothing`)

// Import reads an export into this node, as a stream of another that is held and
// not followed. Each page is verified whole, by its signatures and against the
// signed head, before anything of it is applied. Nobody vouches by a file that
// the stream is that of the place at its URL: only the place's node can.
func (n *Node) Import(ctx context.Context, r io.Reader) (in Imported, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<20), maxLine)
	h, err := readExportHead(lines)
	if err != nil {
		return in, err
	}
	in = Imported{Stream: h.Stream, Actor: h.Actor, Size: h.Size}
	if err := n.mayImport(ctx, h); err != nil {
		return in, err
	}
	from := int64(0)
	for lines.Scan() {
		if from == h.Size {
			if err := n.importFile(ctx, h.Stream, lines.Bytes()); err != nil {
				return in, err
			}
			in.Files++
			continue
		}
		end, fresh, err := n.importPage(ctx, h, from, lines.Bytes())
		if err != nil {
			return in, err
		}
		from, in.New = end, in.New+fresh
	}
	if err := lines.Err(); err != nil {
		return in, fmt.Errorf("%w (%w)", ErrExport, err)
	}
	if from != h.Size || in.Files != h.Files {
		return in, fmt.Errorf("%w: %d acts of %d, %d files of %d", ErrExport, from, h.Size, in.Files, h.Files)
	}
	return in, n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := keepLeft.Run(ctx, tx, h.Stream, h.Actor, act.Host(h.Actor))
		return err
	})
}

func readExportHead(lines *bufio.Scanner) (h exportHead, err error) {
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &h) != nil || h.Format != ExportFormat {
		return h, ErrExport
	}
	u, err := url.Parse(h.Actor)
	if err != nil || len(h.Actor) > act.MaxURL || !baseShape.MatchString(hostOf(u)) || act.Host(h.Actor) != hostOf(u) || !h.Stream.Valid() || h.Size < 1 || h.Files < 0 {
		return h, fmt.Errorf("%w: its first line", ErrExport)
	}
	return h, nil
}

// mayImport refuses our own streams, and a second one under a known URL.
func (n *Node) mayImport(ctx context.Context, h exportHead) error {
	s, err := n.log.StreamOf(ctx, h.Stream)
	switch {
	case err == nil && s.Own, act.Host(h.Actor) == n.base:
		return fault.New(fault.Conflict, "fault.own_stream")
	case err == nil && s.Actor != h.Actor:
		return fault.New(fault.Conflict, "fault.other_actor")
	case err != nil && !fault.Is(err, fault.NotFound):
		return err
	}
	other, err := n.log.StreamByActor(ctx, h.Actor)
	if err == nil && other.Fingerprint != h.Stream {
		return fault.New(fault.Conflict, "fault.other_actor")
	}
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// importPage takes a page of an export that begins at from, or what of it we
// lack; it returns where the page ends and how many acts were new.
func (n *Node) importPage(ctx context.Context, h exportHead, from int64, raw []byte) (end, fresh int64, err error) {
	var p page
	if err := act.Strict(raw, &p); err != nil {
		return 0, 0, fmt.Errorf("%w (%w)", ErrExport, err)
	}
	if p.Stream != h.Stream || p.From != from || len(p.Acts) == 0 {
		return 0, 0, fmt.Errorf("%w: a page is missing, or of another place", ErrExport)
	}
	end = p.end()
	held := int64(0)
	if s, err := n.log.StreamOf(ctx, h.Stream); err == nil {
		held = s.Size
	} else if !fault.Is(err, fault.NotFound) {
		return 0, 0, err
	}
	if held >= end {
		return end, 0, nil
	}
	if held > from { // we have its beginning
		p.Acts, p.From = p.Acts[held-from:], held
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(p); err != nil {
			return 0, 0, err
		}
		raw = b.Bytes()
	}
	if _, err := n.take(ctx, remote{Stream: h.Stream, Actor: h.Actor}, p.From, raw); err != nil {
		return 0, 0, fmt.Errorf("acts from %d on: %w", p.From, err)
	}
	return end, end - p.From, nil
}
