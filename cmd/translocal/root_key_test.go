package main

import (
	"bytes"
	"crypto/ed25519"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"translocal/act"
)

func TestARootSecretIsReadFromPaper(t *testing.T) {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(i * 37)
	}
	secret := rootSecret(seed)
	if groups := strings.Split(secret, "-"); len(groups) != 14 {
		t.Fatal(secret)
	}
	for _, as := range []string{secret, strings.ToLower(secret), strings.ReplaceAll(secret, "-", " ") + "\r\n", strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace(secret)} {
		if got, err := parseRootSecret(as); err != nil || !bytes.Equal(got, seed) {
			t.Errorf("%q: %x %v", as, got, err)
		}
	}
	for i := range secret { // any one letter wrong is seen
		if secret[i] == '-' {
			continue
		}
		other := byte('A')
		if secret[i] == 'A' {
			other = 'C'
		}
		if _, err := parseRootSecret(secret[:i] + string(other) + secret[i+1:]); err == nil {
			t.Errorf("letter %d wrong, and it was taken", i)
		}
	}
	for _, bad := range []string{"", "-", secret[:len(secret)-1], secret + "A", strings.Repeat("é", 56)} {
		if _, err := parseRootSecret(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// The commands of a person with a root key, over files and standard input.
func TestARootKeySignsAStatement(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	made := printed(t, (&RootKeyNewCmd{To: file}).run)
	if err := (&RootKeyNewCmd{To: file}).Run(); err == nil {
		t.Error("it wrote over a secret")
	}
	secret, err := os.ReadFile(file)
	must(t, err)
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 || strings.Contains(made, strings.TrimSpace(string(secret))) {
		t.Error(info.Mode(), made)
	}
	words := strings.Fields(made)
	public := words[len(words)-1]
	s := act.Statement{Type: act.SetRootsType, Place: "http://a.test/p/aaaaaaaaaaaaaaaa", Stream: act.Fingerprint(strings.Repeat("ab", 32)),
		After: act.Point{Hash: strings.Repeat("cd", 32), Index: 7}, Roots: []string{public}, Threshold: 1}
	raw, err := s.Document()
	must(t, err)
	statement := filepath.Join(dir, "statement.json")
	must(t, os.WriteFile(statement, append(raw, '\n'), 0o600))
	proof := printed(t, (&RootKeySignCmd{SecretFile: file, Statement: statement}).run)
	list, err := act.ParseRootProofs(proof)
	if err != nil || len(list) != 1 || list[0].Key != public {
		t.Fatal(proof, err)
	}
	again, err := s.Sign(ed25519.NewKeyFromSeed(seedOf(t, string(secret))))
	if err != nil || again != list[0] {
		t.Error("it signed something else", err)
	}
	must(t, os.WriteFile(statement, raw[:len(raw)-2], 0o600))
	if err := (&RootKeySignCmd{SecretFile: file, Statement: statement}).Run(); err == nil {
		t.Error("a statement that was cut was signed")
	}
}

func printed(t *testing.T, run func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	must(t, run(&b))
	return b.String()
}

func seedOf(t *testing.T, secret string) []byte {
	t.Helper()
	seed, err := parseRootSecret(secret)
	must(t, err)
	return seed
}
