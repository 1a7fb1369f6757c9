package record

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"translocal/act"
	"translocal/db"
	"translocal/fault"
)

// A Checkpoint is the head of a stream at a size, signed by its place.
// Source: C2SP tlog-checkpoint and signed-note.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   act.Hash
	Note   []byte // as signed
}

// MaxNote is the most bytes of a signed checkpoint that are read: room for our
// line and the cosignatures of some thirty witnesses.
const MaxNote = 8 << 10

func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// sign signs by the key that the stream has at this size, which stays that of this
// size for ever: whoever changes the key meanwhile does so in a later act.
func (c *Checkpoint) sign(ctx context.Context, log *act.Log, s act.Stream) error {
	signer := &placeSigner{log: log, ctx: ctx, stream: s.Fingerprint}
	var err error
	if signer.public, err = act.KeyAt(ctx, log.DB(), s.Fingerprint, s.Size); err != nil {
		return err
	}
	if signer.Verifier, err = verifier(c.Origin, signer.public); err != nil {
		return err
	}
	c.Note, err = note.Sign(&note.Note{Text: c.text()}, signer)
	return err
}

// placeSigner signs notes by one key of a place, which stays in the keyring: the
// one that the note's verifier names.
type placeSigner struct {
	note.Verifier
	log    *act.Log
	ctx    context.Context // of the one call of note.Sign
	stream act.Fingerprint
	public string // Multikey
}

func (p *placeSigner) Sign(msg []byte) ([]byte, error) {
	return p.log.SignNote(p.ctx, p.stream, p.public, msg)
}

func verifier(origin, multikey string) (note.Verifier, error) {
	key, err := act.DecodeKey(multikey)
	if err != nil {
		return nil, err
	}
	vkey, err := VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(vkey)
}

// VerifierKey is the key of a log as outside tools want it.
func VerifierKey(origin string, key ed25519.PublicKey) (string, error) {
	return note.NewEd25519VerifierKey(origin, key)
}

// OpenCheckpoint reads a signed checkpoint and verifies it by the Multikey that
// the stream has at that size, which keyAt gives. Extension lines are refused.
func OpenCheckpoint(signed []byte, origin string, keyAt func(size int64) (string, error)) (Checkpoint, error) {
	c, err := readCheckpoint(signed)
	if err != nil {
		return c, fault.Wrap(fault.Invalid, err, "fault.checkpoint")
	}
	if c.Origin != origin {
		return c, fault.New(fault.Invalid, "fault.checkpoint")
	}
	key, err := keyAt(c.Size)
	if err != nil {
		return c, err
	}
	v, err := verifier(origin, key)
	if err != nil {
		return c, fault.Wrap(fault.Invalid, err, "fault.key")
	}
	opened, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return c, fault.Wrap(fault.Invalid, fmt.Errorf("%w: %v", ErrSignature, err), "fault.checkpoint")
	}
	if opened.Text != c.text() {
		return c, fault.New(fault.Invalid, "fault.checkpoint")
	}
	return c, nil
}

// readCheckpoint reads the three lines of a note, not its signatures.
func readCheckpoint(signed []byte) (c Checkpoint, err error) {
	if len(signed) > MaxNote {
		return c, fmt.Errorf("a checkpoint of %d bytes", len(signed))
	}
	text, _, ok := strings.Cut(string(signed), "\n\n")
	lines := strings.Split(text, "\n")
	if !ok || len(lines) != 3 {
		return c, fmt.Errorf("a checkpoint has three lines, then its signatures")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 || size > 1<<40 || strconv.FormatInt(size, 10) != lines[1] {
		return c, fmt.Errorf("size %.20q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("root %.50q", lines[2])
	}
	c = Checkpoint{Origin: lines[0], Size: size, Note: signed}
	copy(c.Root[:], root)
	return c, nil
}

// Evidence is two signed heads of one stream that contradict each other.
type Evidence struct {
	Kind   string // "rewind", "fork" or "unproven"
	Size   int64  // of theirs
	Ours   []byte // the signed note that we held; empty before the first
	Theirs []byte
	At     int64
}

// EvidenceOf lists what contradicts a stream's history.
func (r *Record) EvidenceOf(ctx context.Context, f act.Fingerprint) ([]Evidence, error) {
	return evidenceOf.All(ctx, r.log.DB(), f)
}

func (r *Record) testify(ctx context.Context, f act.Fingerprint, kind string, theirs Checkpoint) error {
	ours := []byte{}
	if last, err := r.Last(ctx, f); err == nil {
		ours = last.Note
	} else if !fault.Is(err, fault.NotFound) {
		return err
	}
	return r.log.DB().Write(ctx, func(tx *db.Tx) error {
		_, err := insertEvidence.Run(ctx, tx, f, kind, theirs.Size, theirs.Root[:], ours, theirs.Note, act.Micros(r.now()))
		return err
	})
}
