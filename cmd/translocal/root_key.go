package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"translocal/act"
)

// RootKeyCmd is what people with a root key need. It opens no node and no network.
type RootKeyCmd struct {
	New  RootKeyNewCmd  `cmd:"" help:"Make a key: its secret to write on paper, and its public key to hand to a keeper."`
	Sign RootKeySignCmd `cmd:"" help:"Say what a statement would do, and sign it."`
}

// RootKeyNewCmd makes a root key.
type RootKeyNewCmd struct {
	To string `type:"path" help:"File for the secret, which must not be there yet. Without it nothing is written."`
}

// Run prints the key; the disk gets the secret only if somebody asked for that.
func (c *RootKeyNewCmd) Run() error { return c.run(os.Stdout) }

func (c *RootKeyNewCmd) run(out io.Writer) error {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	secret := rootSecret(seed)
	if c.To != "" {
		if err := writeNew(c.To, secret+"\n"); err != nil {
			return fmt.Errorf("%w. Nothing was made", err)
		}
		fmt.Fprintf(out, "The secret lies in %s. Who reads it has the key.\n", c.To)
	} else {
		fmt.Fprintf(out, "Write this secret on paper, and check it. It is shown once and kept nowhere:\n\n  %s\n\n", secret)
	}
	fmt.Fprintf(out, "The public key, for a keeper of the place:\n\n  %s\n", publicOf(ed25519.NewKeyFromSeed(seed)))
	return nil
}

func writeNew(path, text string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func publicOf(key ed25519.PrivateKey) string { return act.EncodeKey(key.Public().(ed25519.PublicKey)) }

// RootKeySignCmd signs a statement by a root key.
type RootKeySignCmd struct {
	SecretFile string `required:"" help:"File with the secret, or - to type it in. It is never given on the command line."`
	Statement  string `arg:"" type:"existingfile" help:"File with the statement, as a keeper handed it on."`
}

// Run says what the statement would do, then prints the proof alone on standard
// output, so that it can be piped to where it is pasted.
func (c *RootKeySignCmd) Run() error { return c.run(os.Stdout) }

func (c *RootKeySignCmd) run(out io.Writer) error {
	raw, err := os.ReadFile(c.Statement)
	if err != nil {
		return err
	}
	s, err := act.ParseStatement(raw)
	if err != nil {
		return fmt.Errorf("%s is no whole statement. Nothing was signed", c.Statement)
	}
	fmt.Fprint(os.Stderr, explained(s))
	secret, err := c.read()
	if err != nil {
		return err
	}
	seed, err := parseRootSecret(secret)
	if err != nil {
		return fmt.Errorf("%w. Nothing was signed", err)
	}
	proof, err := s.Sign(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return err
	}
	fmt.Fprint(os.Stderr, "If that is what you want, hand this to the keeper, all of it:\n\n")
	_, err = fmt.Fprintln(out, proof)
	return err
}

// maxSecret is the most that is read of a secret, in bytes.
const maxSecret = 4 << 10

func (c *RootKeySignCmd) read() (string, error) {
	in := io.Reader(os.Stdin)
	if c.SecretFile == "-" {
		fmt.Fprint(os.Stderr, "The secret, as it stands on the paper, then Enter:\n")
		return firstLine(in)
	}
	f, err := os.Open(c.SecretFile)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret))
	return string(b), err
}

// firstLine reads a line and not what comes after it.
func firstLine(r io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < maxSecret; {
		n, err := r.Read(one)
		if n > 0 && one[0] == '\n' {
			break
		}
		line = append(line, one[:n]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return string(line), nil
}

// explained says in plain words what a statement would do.
func explained(s act.Statement) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The place %s\n(stream %s), after its act %d (%s):\n", s.Place, s.Stream, s.After.Index, act.Fingerprint(s.After.Hash).Short())
	if s.Type == act.SetRootsType {
		fmt.Fprintf(&b, "Its root keys are to be these, of which %d must agree:\n", s.Threshold)
		for _, k := range s.Roots {
			fmt.Fprintf(&b, "  %s\n", k)
		}
		return b.String()
	}
	fmt.Fprintf(&b, "It is to get a new signing key, and the one before signs nothing more:\n  %s\n", s.Key)
	if s.Address != "" {
		fmt.Fprintf(&b, "It is to be kept, from then on, by another machine:\n  %s\n", s.Address)
	}
	return b.String()
}

// The secret on paper: 32 bytes and three to check them by, in letters and digits
// that are hard to take for one another (base32), in groups of four.
var rootAlphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

const rootCheck = 3

func rootSecret(seed []byte) string {
	text := rootAlphabet.EncodeToString(append(bytes.Clone(seed), checkOf(seed)...))
	var groups []string
	for ; len(text) > 4; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(append(groups, text), "-")
}

func checkOf(seed []byte) []byte {
	sum := sha256.Sum256(append([]byte("translocal root key\n"), seed...))
	return sum[:rootCheck]
}

// parseRootSecret reads what rootSecret wrote, however it is spaced and in small
// or capital letters; a digit that looks like a letter is taken for it.
func parseRootSecret(text string) ([]byte, error) {
	clean := strings.NewReplacer("-", "", " ", "", "\t", "", "\r", "", "\n", "", "0", "O", "1", "I", "8", "B").Replace(strings.ToUpper(text))
	b, err := rootAlphabet.DecodeString(clean)
	if err != nil || len(clean) != 56 || len(b) != ed25519.SeedSize+rootCheck {
		return nil, fmt.Errorf("this is no whole secret: it has 14 groups of four letters and digits")
	}
	seed := b[:ed25519.SeedSize]
	if !bytes.Equal(checkOf(seed), b[ed25519.SeedSize:]) {
		return nil, errors.New("a letter or digit of the secret is wrong")
	}
	return seed, nil
}
