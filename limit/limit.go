// Package limit says how often something may be done: so many at once, and then
// one every so often (the generic cell rate algorithm: all that is kept of a key
// is the time at which its bucket is full again).
//
// Buckets lie in the memory of one process, or in the database, where all
// replicas of a node share them. A shared bucket is named by a keyed hash, so the
// table tells nobody's address, and rows go once they are full again.
package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"sync"
	"time"

	"translocal/db"
	"translocal/fault"
)

// Rate is Burst at once, and one more Each time.
type Rate struct {
	Each  time.Duration
	Burst int
}

// Buckets count by keys. Use [InMemory] or [Shared] to make them.
type Buckets struct {
	db     *db.DB // nil: in memory alone
	secret []byte
	now    func() time.Time

	// full is when each bucket is full again, in microseconds since 1970. Of a
	// shared one it is what was seen last: it can only be later by now, so that whoever
	// is refused by it costs the database nothing.
	mu   sync.Mutex
	full map[string]int64
}

// most is of how many keys a process keeps count. A flood from more of them
// costs no further memory: all begin anew, but for what is shared.
const most = 10_000

// patience is how long somebody waits for a database that does not answer.
const patience = 5 * time.Second

// InMemory makes buckets of this process alone.
func InMemory(now func() time.Time) *Buckets {
	return &Buckets{now: now, full: map[string]int64{}}
}

// Shared makes buckets that all processes on a database share; the secret, by
// which keys are hashed, is the same in all of them, and their clocks agree to
// within what a limit may err. On SQLite, which one process holds alone,
// they are buckets in memory: counting in the file would cost a wait for the
// disk each time and bring nothing.
func Shared(d *db.DB, secret []byte, now func() time.Time) *Buckets {
	b := InMemory(now)
	if d.Engine() == db.PostgreSQL {
		b.db, b.secret = d, secret
	}
	return b
}

// A bucket is taken from by one statement: no row comes back when it is empty.
// $2 is when a full one will be full again, $3 what one costs, and $4 until when
// one may be filling, in microseconds.
var (
	take = db.Rows[int64](`insert into rate_bucket as b (key, full_at) values ($1, $2)
		on conflict (key) do update set full_at = case when b.full_at + $3 > $2 then b.full_at + $3 else $2 end
			where case when b.full_at + $3 > $2 then b.full_at + $3 else $2 end <= $4
		returning full_at`)
	fullAt = db.Rows[int64](`select full_at from rate_bucket where key = $1`)
	prune  = db.Exec(`delete from rate_bucket where full_at <= $1`)
)

// Take takes one from the bucket of a key. It returns 0, or, taking nothing, how
// long to wait until there is one. When the database can't tell, nobody may: a
// fault of kind Unavailable.
func (b *Buckets) Take(ctx context.Context, key string, r Rate) (wait time.Duration, err error) {
	if b.db != nil {
		mac := hmac.New(sha256.New, b.secret)
		mac.Write([]byte(key))
		key = base64.RawStdEncoding.EncodeToString(mac.Sum(nil))
	}
	now := b.now().UnixMicro()
	if wait := b.takeOwn(key, now, r, b.db == nil); wait > 0 || b.db == nil {
		return wait, nil
	}
	full, wait, err := b.takeShared(ctx, key, now, r)
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "limit.down")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keep(key, full)
	return wait, nil
}

// takeOwn looks at what this process knows, and writes it when it is all there is.
func (b *Buckets) takeOwn(key string, now int64, r Rate, write bool) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	full := max(b.full[key], now) + r.Each.Microseconds()
	if wait := r.wait(full, now); wait > 0 {
		return wait
	}
	if write {
		b.keep(key, full)
	}
	return 0
}

func (b *Buckets) keep(key string, full int64) {
	if _, known := b.full[key]; !known && len(b.full) >= most {
		clear(b.full)
	}
	b.full[key] = max(b.full[key], full)
}

func (b *Buckets) takeShared(ctx context.Context, key string, now int64, r Rate) (full int64, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	each := r.Each.Microseconds()
	err = b.db.Write(ctx, func(tx *db.Tx) error {
		wait = 0
		full, err = take.One(ctx, tx, key, now+each, each, now+each*int64(r.Burst))
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		if full, err = fullAt.One(ctx, tx, key); fault.Is(err, fault.NotFound) { // full and pruned just now
			full, err = now, nil
		}
		wait = max(r.wait(full+each, now), 1)
		return err
	})
	return full, wait, err
}

// wait is how long it takes until a bucket that will be full at a time has one to give.
func (r Rate) wait(full, now int64) time.Duration {
	return max(0, time.Duration(full-now)*time.Microsecond-r.Each*time.Duration(r.Burst))
}

// Prune removes the shared buckets that are full again: of them nothing is to be
// remembered.
func (b *Buckets) Prune(ctx context.Context) error {
	if b.db == nil {
		return nil
	}
	return b.db.Write(ctx, func(tx *db.Tx) error {
		_, err := prune.Run(ctx, tx, b.now().UnixMicro())
		return err
	})
}

// Refused is the fault of somebody who must wait, in whole seconds.
func Refused(wait time.Duration) error {
	return fault.New(fault.TooMany, "limit.wait", "seconds", int64((wait+time.Second-1)/time.Second))
}

// Source is what an address is counted by: itself, and in IPv6, where one
// line has more addresses than anybody can count, its network of 64 bits.
func Source(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	network, _ := ip.Prefix(64) // of an address it can't fail
	return network.String()
}
