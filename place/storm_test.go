package place

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"translocal/fault"
)

// storm is many at once who try passwords without a pause, until it is ended.
// Whoever is told that they are too many comes back after a round trip. It has
// begun when the first guess was answered.
func storm(p *Places, many int, as func(i int) (name, address string)) (end func()) {
	var over atomic.Bool
	begun := make(chan struct{})
	first := sync.OnceFunc(func() { close(begun) })
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			name, address := as(i)
			ctx := From(context.Background(), address)
			for !over.Load() {
				_, err := p.SignIn(ctx, name, "a guess at a password")
				first()
				if fault.Is(err, fault.TooMany) {
					time.Sleep(20 * time.Millisecond) // the round trip
				}
			}
		})
	}
	<-begun
	return func() { over.Store(true); wg.Wait() }
}

// Storms by who guesses what from where; keeper is the name of the one who knows.
var storms = []struct {
	name string
	as   func(keeper string) func(i int) (name, address string)
}{
	{"one-source", func(string) func(int) (string, string) {
		return func(int) (string, string) { return "Nobody", "192.0.2.1" }
	}},
	{"one-address", func(string) func(int) (string, string) {
		return func(i int) (string, string) { return "Nobody " + strconv.Itoa(i), "192.0.2.1" }
	}},
	{"many-addresses", func(string) func(int) (string, string) {
		return func(i int) (string, string) { return "Nobody " + strconv.Itoa(i), "192.0.2." + strconv.Itoa(i) }
	}},
	{"at-the-same-account", func(keeper string) func(int) (string, string) {
		return func(i int) (string, string) { return keeper, "192.0.2." + strconv.Itoa(i) }
	}},
}

// A storm of sign-ins takes no more memory than there are cores to hash on, and
// somebody who knows their password still comes in.
func TestAStormOfSignInsIsBounded(t *testing.T) {
	p := openTest(t)
	_, keeper := setUp(t, p)
	p.SignIn(t.Context(), keeper.Name, "a guess at a password") // the decoy is made
	end := storm(p, 8, storms[3].as(keeper.Name))
	done := make(chan error, 1)
	go func() {
		v, err := p.SignIn(t.Context(), keeper.Name, "a long password")
		if err == nil && v.Person != keeper.Person {
			err = errors.New("somebody else came in")
		}
		done <- err
	}()
	var most uint64
	var answer error
	for waiting := true; waiting; {
		select {
		case answer = <-done:
			waiting = false
		case <-time.After(5 * time.Millisecond):
		}
		most = max(most, heapInUse())
	}
	end()
	if answer != nil {
		t.Error("somebody who knows their password is kept out:", answer)
	}
	// Each hash holds 19 MiB; the collector may let twice as much stand.
	if limit := uint64(runtime.NumCPU()) * argonMemory << 10 * 4; most > limit+64<<20 {
		t.Errorf("eight at once took %d MiB", most>>20)
	}
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// BenchmarkSignInStorm is the time of one right sign-in while 100 others guess,
// and the most memory in that time.
func BenchmarkSignInStorm(b *testing.B) {
	for _, kind := range storms {
		b.Run(kind.name, func(b *testing.B) {
			p := openTest(b)
			_, keeper := setUp(b, p)
			end := storm(p, 100, kind.as(keeper.Name))
			var most uint64
			ctx := From(b.Context(), "198.51.100.1")
			for b.Loop() {
				if _, err := p.SignIn(ctx, keeper.Name, "a long password"); err != nil {
					b.Fatal(err)
				}
				most = max(most, heapInUse())
			}
			b.StopTimer()
			end()
			b.ReportMetric(float64(most>>20), "MiB-heap")
		})
	}
}
