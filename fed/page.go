package fed

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"translocal/act"
	"translocal/fault"
	"translocal/record"
)

// Limits of a page of a stream.
const (
	maxActs  = 200
	maxBytes = 4 << 20 // of envelopes and parts; one act may go beyond
	maxProof = 128     // hashes of a consistency proof
	maxKeys  = 64
)

// page is a piece of a stream as it travels. Envelopes are the bytes that were
// signed. The proof shows that the stream up to the end of the page is the
// beginning of the checkpoint's; keys are the changes of key beyond the page that
// lead to the one that signed the checkpoint.
type page struct {
	Stream     act.Fingerprint   `json:"stream"`
	Actor      string            `json:"actor"`
	Origin     string            `json:"origin"`
	From       int64             `json:"from"`
	Size       int64             `json:"size"` // that the sender of the page can give
	Acts       []pageAct         `json:"acts"`
	Checkpoint string            `json:"checkpoint"`
	Proof      []string          `json:"proof"`
	Keys       []json.RawMessage `json:"keys,omitempty"`
}

type pageAct struct {
	Envelope json.RawMessage `json:"envelope"`
	Parts    []pagePart      `json:"parts,omitempty"`
}

type pagePart struct {
	Name  string `json:"name"`
	Media string `json:"mediaType"`
	Salt  []byte `json:"salt"`
	Body  []byte `json:"body"`
}

// readBatch is how many acts are read at once: with parts of 4 MiB each they
// still fit into memory.
const readBatch = 10

// pageOf reads a page of a stream, up to size acts of it in all.
func (n *Node) pageOf(ctx context.Context, s act.Stream, from int64, limit int, size int64) (page, error) {
	p := page{Stream: s.Fingerprint, Actor: s.Actor, Origin: s.Origin, From: from, Size: size, Acts: []pageAct{}, Proof: []string{}}
	left := min(int64(limit), size-from)
	for bytes := 0; left > 0 && bytes < maxBytes; {
		list, err := n.log.Entries(ctx, s.Fingerprint, p.end(), int(min(left, readBatch)))
		if err != nil {
			return p, err
		}
		if len(list) == 0 {
			return p, fmt.Errorf("fed: act %d of stream %s is missing", p.end(), s.Fingerprint.Short())
		}
		for _, e := range list {
			weight := len(e.Act.Envelope)
			for _, part := range e.Parts {
				weight += len(part.Body)
			}
			if len(p.Acts) > 0 && bytes+weight > maxBytes {
				return p, nil
			}
			bytes += weight
			left--
			p.Acts = append(p.Acts, packed(e))
		}
	}
	return p, nil
}

func (p page) end() int64 { return p.From + int64(len(p.Acts)) }

func packed(e act.Entry) pageAct {
	a := pageAct{Envelope: e.Act.Envelope}
	for _, p := range e.Parts {
		a.Parts = append(a.Parts, pagePart{p.Name, p.Media, p.Salt, p.Body})
	}
	return a
}

// seal adds the signed head and what proves that the page leads to it.
func (n *Node) seal(ctx context.Context, p *page, head record.Checkpoint) error {
	p.Checkpoint = string(head.Note)
	end := p.end()
	if end < 1 || end > head.Size {
		return nil
	}
	proof, err := n.record.Prove(ctx, p.Stream, head.Size, end)
	if err != nil {
		return err
	}
	for _, h := range proof {
		p.Proof = append(p.Proof, base64.StdEncoding.EncodeToString(h[:]))
	}
	p.Keys, err = act.KeyChanges(ctx, n.db, p.Stream, max(end, 1))
	return err
}

// parsePage reads a page of the stream that we asked for, from the index that we
// asked for; nothing in it is verified yet.
func parsePage(raw []byte, f act.Fingerprint, from int64) (page, []act.Entry, error) {
	var p page
	if err := act.Strict(raw, &p); err != nil {
		return p, nil, err
	}
	switch {
	case p.Stream != f || p.From != from:
		return p, nil, fault.At("stream", "fault.other_stream")
	case len(p.Acts) > maxActs || len(p.Proof) > maxProof || len(p.Keys) > maxKeys || len(p.Checkpoint) > record.MaxNote:
		return p, nil, fault.At("acts", "fault.document_too_large")
	}
	entries := make([]act.Entry, len(p.Acts))
	for i, a := range p.Acts {
		parsed, err := act.Parse(a.Envelope)
		if err != nil {
			return p, nil, err
		}
		entries[i].Act = parsed
		for _, part := range a.Parts {
			entries[i].Parts = append(entries[i].Parts, act.Part{Name: part.Name, Media: part.Media, Salt: part.Salt, Body: part.Body})
		}
	}
	return p, entries, nil
}

// hashes reads the proof.
func (p page) hashes() ([]act.Hash, error) {
	list := make([]act.Hash, len(p.Proof))
	for i, text := range p.Proof {
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(b) != len(list[i]) {
			return nil, fault.At(fmt.Sprintf("proof.%d", i), "fault.hash")
		}
		copy(list[i][:], b)
	}
	return list, nil
}
