package place

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// storm is many at once who try passwords without a pause, until it is ended.
func storm(p *Places, many int) (end func()) {
	var over atomic.Bool
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			for !over.Load() {
				p.SignIn(context.Background(), "Nobody", "a guess at a password")
			}
		})
	}
	return func() { over.Store(true); wg.Wait() }
}

// A storm of sign-ins takes no more memory than there are cores to hash on, and
// somebody who knows their password still comes in.
func TestAStormOfSignInsIsBounded(t *testing.T) {
	p := openTest(t)
	_, keeper := setUp(t, p)
	p.SignIn(t.Context(), keeper.Name, "a guess at a password") // the decoy is made
	end := storm(p, 8)
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
	p := openTest(b)
	_, keeper := setUp(b, p)
	end := storm(p, 100)
	var most uint64
	for b.Loop() {
		if _, err := p.SignIn(b.Context(), keeper.Name, "a long password"); err != nil {
			b.Fatal(err)
		}
		most = max(most, heapInUse())
	}
	b.StopTimer()
	end()
	b.ReportMetric(float64(most>>20), "MiB-heap")
}
