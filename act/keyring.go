package act

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/chacha20poly1305"

	"translocal/db"
)

// A Keyring wraps the private keys of our actors with a secret that lies in a
// file of its own, outside the database and outside every backup.
type Keyring struct {
	secret []byte
	mu     sync.Mutex
	open   map[Fingerprint]opened
}

// opened is the key of a stream that was unwrapped last, and its public half.
type opened struct {
	public string
	key    ed25519.PrivateKey
}

// OpenKeyring reads the secret at path, and makes one when there is none.
func OpenKeyring(path string) (*Keyring, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, chacha20poly1305.KeySize)
		rand.Read(secret)
		err = writeWhole(path, secret)
	}
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	if len(secret) != chacha20poly1305.KeySize {
		return nil, fmt.Errorf("keyring: %s holds %d bytes, not %d", path, len(secret), chacha20poly1305.KeySize)
	}
	return &Keyring{secret: secret, open: map[Fingerprint]opened{}}, nil
}

// writeWhole writes a file whole or not at all: a process killed in the middle
// must not leave a secret that is none.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once renamed it is no longer there
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Derive makes a secret for another use (sessions, links) from the same file;
// purpose keeps the uses apart.
func (k *Keyring) Derive(purpose string) []byte {
	return hmacSHA256(k.secret, []byte("translocal "+purpose))
}

func (k *Keyring) wrap(key ed25519.PrivateKey, stream Fingerprint) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(k.secret)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+ed25519.SeedSize+aead.Overhead())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, key.Seed(), []byte(stream)), nil
}

func (k *Keyring) unwrap(wrapped []byte, stream Fingerprint) (ed25519.PrivateKey, error) {
	aead, err := chacha20poly1305.NewX(k.secret)
	if err != nil {
		return nil, err
	}
	if len(wrapped) < aead.NonceSize() {
		return nil, errors.New("keyring: wrapped key too short")
	}
	seed, err := aead.Open(nil, wrapped[:aead.NonceSize()], wrapped[aead.NonceSize():], []byte(stream))
	if err != nil {
		return nil, errors.New("keyring: this key was wrapped by another secret; put the site's secret file back")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

var (
	insertActorKey = db.Exec(`insert into actor_key (stream, public, wrapped) values ($1, $2, $3)`)
	actorKey       = db.Rows[[]byte](`select wrapped from actor_key where stream = $1 and public = $2`)
	newestKey      = db.Rows[string](`select public from stream_key where stream = $1 order by idx desc limit 1`)
)

// current is the key that signs the next act of one of our streams. Which one
// that is stands in the database alone: another replica, or an earlier command of
// the same transaction, may have changed it, and that transaction may be taken back.
func (k *Keyring) current(ctx context.Context, on db.Queryer, stream Fingerprint) (ed25519.PrivateKey, error) {
	public, err := newestKey.One(ctx, on, stream)
	if err != nil {
		return nil, err
	}
	return k.named(ctx, on, stream, public)
}

// named is the key of one of our streams whose public half is given.
func (k *Keyring) named(ctx context.Context, on db.Queryer, stream Fingerprint, public string) (ed25519.PrivateKey, error) {
	if key := k.known(stream, public); key != nil {
		return key, nil
	}
	wrapped, err := actorKey.One(ctx, on, stream, public)
	if err != nil {
		return nil, err
	}
	key, err := k.unwrap(wrapped, stream)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open[stream] = opened{public, key}
	return key, nil
}

// known is the key of a stream if it was unwrapped last, else nil.
func (k *Keyring) known(stream Fingerprint, public string) ed25519.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o := k.open[stream]; o.public == public {
		return o.key
	}
	return nil
}

var wrappedKeys = db.Rows[wrappedKey](`select k.stream, k.wrapped from actor_key k order by k.stream, k.public`)

type wrappedKey struct {
	Stream  Fingerprint
	Wrapped []byte
}

// OpensAll fails when one of the keys of our actors was wrapped by another secret.
func (k *Keyring) OpensAll(ctx context.Context, on db.Queryer) error {
	keys, err := wrappedKeys.All(ctx, on)
	if err != nil {
		return err
	}
	for _, w := range keys {
		if _, err := k.unwrap(w.Wrapped, w.Stream); err != nil {
			return err
		}
	}
	return nil
}

// Wrap encrypts a private key that is no actor's, such as the node's own; name
// keeps it apart from others, and Unwrap asks for it.
func (k *Keyring) Wrap(key ed25519.PrivateKey, name string) ([]byte, error) {
	return k.wrap(key, Fingerprint("key of "+name))
}

// Unwrap is the inverse of Wrap.
func (k *Keyring) Unwrap(wrapped []byte, name string) (ed25519.PrivateKey, error) {
	return k.unwrap(wrapped, Fingerprint("key of "+name))
}

// SignNote signs the text of a note, such as a checkpoint, by the key of one of our
// streams whose Multikey is public. The caller names it, because the note may: were
// it looked up here, another replica could have changed it in between. (What proofs
// sign is 64 bytes of hashes, never a text.)
func (l *Log) SignNote(ctx context.Context, f Fingerprint, public string, text []byte) ([]byte, error) {
	key, err := l.keys.named(ctx, l.db, f, public)
	if err != nil {
		return nil, err
	}
	if len(text) <= 2*sha256.Size || !utf8.Valid(text) {
		return nil, errors.New("act: this is no note")
	}
	return ed25519.Sign(key, text), nil
}
