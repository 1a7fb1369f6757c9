package fed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"translocal/act"
	"translocal/advance"
	"translocal/blob"
	"translocal/db"
	"translocal/fault"
)

// Files of a place go by their hash: who holds the act that names one may have
// its bytes, and checks them.

// file gives the bytes of a document, GET /p/{place}/file/{sha256}.
func (n *Node) file(w http.ResponseWriter, r *http.Request) error {
	s, err := n.served(r)
	if err != nil {
		return err
	}
	host, err := n.caller(w, r)
	if err != nil {
		return err
	}
	if err := n.mayPull(r.Context(), s, host); err != nil {
		return err
	}
	if _, err := blob.ParseHash(r.PathValue("sha256")); err != nil || n.Documents == nil {
		return db.ErrNoRow
	}
	data, err := n.Documents.OwnFile(r.Context(), s.Fingerprint, r.PathValue("sha256"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, err = w.Write(data)
	return err
}

// FetchFile gets a file of a stream of another node, of a size that its act says;
// whether it is the right one is for the caller to see. A host that could not be
// reached of late is left alone, and few are asked at once.
func (n *Node) FetchFile(ctx context.Context, stream act.Fingerprint, hash string, size int64) ([]byte, error) {
	s, err := n.log.StreamOf(ctx, stream)
	if err != nil {
		return nil, err
	}
	host, err := act.AddressOf(ctx, n.db, s) // where the place is by now
	if err != nil {
		return nil, err
	}
	peer, err := peerByHost.One(ctx, n.db, host)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if peer.NextTry > act.Micros(n.now()) {
		return nil, fault.New(fault.Unavailable, "fault.unreachable")
	}
	if err := n.notBlocked(ctx, n.db, "", host, stream); err != nil {
		return nil, err
	}
	select {
	case n.fetches <- struct{}{}:
		defer func() { <-n.fetches }()
	default:
		return nil, fault.New(fault.Unavailable, "fault.unreachable")
	}
	return n.client.do(ctx, request{method: http.MethodGet, url: host + path(s.Actor) + "/file/" + hash, max: size})
}

// exportedFile is a line of an export after its pages: a document's bytes.
type exportedFile struct {
	SHA256 string `json:"sha256"`
	Data   []byte `json:"data"` // in base64
}

// exportFiles writes documents, one a line.
func (n *Node) exportFiles(ctx context.Context, f act.Fingerprint, list []advance.Document, out *json.Encoder) error {
	for _, d := range list {
		data, err := n.Documents.OwnFile(ctx, f, d.SHA256)
		if err == nil {
			err = out.Encode(exportedFile{d.SHA256, data})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exported lists the documents of a stream whose bytes lie here, each content once.
func (n *Node) exported(ctx context.Context, f act.Fingerprint) (list []advance.Document, err error) {
	if n.Documents == nil {
		return nil, nil
	}
	all, err := n.Documents.Documents(ctx, f)
	seen := map[string]bool{}
	for _, d := range all {
		if !seen[d.SHA256] && n.Documents.Held(d) {
			seen[d.SHA256] = true
			list = append(list, d)
		}
	}
	return list, err
}

// importFile keeps a document's bytes from a line of an export, if an act of the
// stream names them and they are what it says.
func (n *Node) importFile(ctx context.Context, f act.Fingerprint, raw []byte) error {
	var x exportedFile
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&x); err != nil || x.SHA256 == "" {
		return fmt.Errorf("%w: a line that is no file", ErrExport)
	}
	if n.Documents == nil {
		return fmt.Errorf("%w: a file where none can be kept", ErrExport)
	}
	err := n.Documents.KeepFetched(ctx, f, x.SHA256, x.Data)
	if err != nil {
		return fmt.Errorf("%w: file %.64q is not one of the place, or damaged (%w)", ErrExport, x.SHA256, err)
	}
	return nil
}
