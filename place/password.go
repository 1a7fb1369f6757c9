package place

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// argon hashes passwords with argon2id, no more at once than there are cores,
// so that a storm of sign-ins costs time and not all the memory.
type argon struct{ turns *turns }

func newArgon() argon { return argon{newTurns(runtime.NumCPU())} }

// RFC 9106 and OWASP's second choice: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonKey    = 32
)

// hash makes what is kept of a new password. It is of an account, by which turns
// are given; errors are those of [turns.take].
func (g argon) hash(ctx context.Context, account, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	key, err := g.key(ctx, sourceOf(ctx, account), password, salt, argonTime, argonMemory, argonLanes, argonKey)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

func (g argon) key(ctx context.Context, s source, password string, salt []byte, time, memory uint32, lanes uint8, n uint32) ([]byte, error) {
	end, err := g.turns.take(ctx, s)
	if err != nil {
		return nil, err
	}
	defer end()
	return argon2.IDKey([]byte(password), salt, time, memory, lanes, n), nil
}

// fits compares in constant time; a hash that can't be read fits nothing. Errors
// are those of [turns.take].
func (g argon) fits(ctx context.Context, account, password, hash string) (bool, error) {
	var version int
	var memory, time uint32
	var lanes uint8
	f := strings.Split(hash, "$")
	if len(f) != 6 || f[1] != "argon2id" {
		return false, nil
	}
	if _, err := fmt.Sscanf(f[2]+" "+f[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &lanes); err != nil || version != argon2.Version {
		return false, nil
	}
	salt, err := base64.RawStdEncoding.DecodeString(f[4])
	if err != nil {
		return false, nil
	}
	want, err := base64.RawStdEncoding.DecodeString(f[5])
	if err != nil || len(want) == 0 {
		return false, nil
	}
	from := sourceOf(ctx, account)
	got, err := g.key(ctx, from, password, salt, time, memory, lanes, uint32(len(want)))
	if err != nil {
		return false, err
	}
	if subtle.ConstantTimeCompare(want, got) != 1 {
		g.turns.failed(from)
		return false, nil
	}
	return true, nil
}
