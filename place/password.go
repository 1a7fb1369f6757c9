package place

import (
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
type argon struct{ slots chan struct{} }

func newArgon() argon { return argon{make(chan struct{}, runtime.NumCPU())} }

// RFC 9106 and OWASP's second choice: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonKey    = 32
)

func (g argon) hash(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		enc.EncodeToString(salt), enc.EncodeToString(g.key(password, salt, argonTime, argonMemory, argonLanes, argonKey)))
}

func (g argon) key(password string, salt []byte, time, memory uint32, lanes uint8, n uint32) []byte {
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	return argon2.IDKey([]byte(password), salt, time, memory, lanes, n)
}

// fits compares in constant time; a hash that can't be read fits nothing.
func (g argon) fits(password, hash string) bool {
	var version int
	var memory, time uint32
	var lanes uint8
	f := strings.Split(hash, "$")
	if len(f) != 6 || f[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(f[2]+" "+f[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &lanes); err != nil || version != argon2.Version {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(f[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(f[5])
	if err != nil || len(want) == 0 {
		return false
	}
	return subtle.ConstantTimeCompare(want, g.key(password, salt, time, memory, lanes, uint32(len(want)))) == 1
}
