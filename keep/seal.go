package keep

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// MaxRecipients is how many keys a backup is encrypted to at most.
const MaxRecipients = 20

// ParseRecipients reads public age keys, one a line or separated by blanks;
// lines that begin with # are passed over.
func ParseRecipients(text string) ([]age.Recipient, error) {
	var list []age.Recipient
	for n, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(strings.ToUpper(word), "AGE-SECRET-KEY-") {
				return nil, fmt.Errorf("line %d holds a secret key. Put its public key there, which begins with age1, and keep the secret one off this machine", n+1)
			}
			r, err := age.ParseX25519Recipient(word)
			if err != nil {
				return nil, fmt.Errorf("line %d: %.80q is no age key; one begins with age1 and has 62 characters", n+1, word)
			}
			list = append(list, r)
		}
	}
	if len(list) > MaxRecipients {
		return nil, fmt.Errorf("%d keys; a backup takes %d at most", len(list), MaxRecipients)
	}
	return list, nil
}

// Encrypt encrypts what is written to the returned writer to each of the
// recipients; it must be closed.
func Encrypt(w io.Writer, to []age.Recipient) (io.WriteCloser, error) { return age.Encrypt(w, to...) }

// magic is how an age file begins, and an armored one does not.
const magic = "age-encryption.org/v1"

// Decrypt reads what [Encrypt] wrote, or an archive that is not encrypted.
// identities holds secret age keys as age-keygen writes them; nil for none.
func Decrypt(r io.Reader, identities io.Reader) (io.Reader, error) {
	head := make([]byte, len(magic))
	n, err := io.ReadFull(r, head)
	if err != nil && n == 0 {
		return nil, damaged("it is empty")
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	if string(head[:n]) != magic {
		return whole, nil
	}
	if identities == nil {
		return nil, fmt.Errorf("the backup is encrypted: give the file with your secret age key by --identity")
	}
	keys, err := age.ParseIdentities(identities)
	if err != nil {
		return nil, fmt.Errorf("the file with the secret age key can't be read: %w", err)
	}
	out, err := age.Decrypt(whole, keys...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, fmt.Errorf("the backup is encrypted to other keys than this one")
	}
	if err != nil {
		return nil, broken(err)
	}
	return out, nil
}

// A node's secret is 32 random bytes. On paper it is written in groups of four
// letters and digits, of which the last is a sum that tells a slip of the pen.

const secretSize = 32

var paper = base32.StdEncoding.WithPadding(base32.NoPadding)

// PrintSecret writes a secret for paper.
func PrintSecret(secret []byte) string {
	text := paper.EncodeToString(secret) + secretSum(secret)
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

func secretSum(secret []byte) string {
	sum := sha256.Sum256(append([]byte("translocal secret "), secret...))
	return paper.EncodeToString(sum[:])[:4]
}

// ParseSecret reads a secret as it lies in its file, or as PrintSecret wrote it;
// blanks, hyphens, and small or capital letters make no difference.
func ParseSecret(b []byte) ([]byte, error) {
	if len(b) == secretSize {
		return b, nil
	}
	text := strings.ToUpper(strings.NewReplacer("0", "O", "1", "I", "8", "B", "-", " ").Replace(string(b)))
	text = strings.Join(strings.Fields(text), "")
	if len(text) != 56 {
		return nil, fmt.Errorf("the secret has 14 groups of four letters and digits; these are %d characters", len(text))
	}
	secret, err := paper.DecodeString(text[:52])
	if err != nil || secretSum(secret) != text[52:] || paper.EncodeToString(secret) != text[:52] {
		return nil, fmt.Errorf("the secret was copied with a mistake: its last group doesn't fit the others")
	}
	return secret, nil
}
