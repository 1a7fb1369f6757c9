package fed

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"translocal/act"
	"translocal/db"
)

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPull verifies and applies a stream that another node serves, in pages
// of 200 acts with a text of 300 bytes each; TRANSLOCAL_BENCH_ACTS acts, 10,000
// without it. Only the receiving side is measured: CPU for each act.
func BenchmarkPull(b *testing.B) {
	count := 10_000
	if n, err := strconv.Atoi(os.Getenv("TRANSLOCAL_BENCH_ACTS")); err == nil {
		count = n
	}
	c := &clock{at: time.Now()}
	source := newPeer(b, c)
	fill(b, source, count)
	r := remote{Stream: source.stream.Fingerprint, Actor: source.stream.Actor, Host: source.base}
	var used time.Duration
	for b.Loop() {
		p := newPeer(b, c)
		for from := int64(0); from < source.stream.Size; {
			raw, err := source.client.do(b.Context(), request{method: http.MethodGet, url: fmt.Sprintf("%s/stream?from=%d", r.Actor, from)})
			if err != nil {
				c.forward(time.Minute) // past the limit for those who don't sign
				continue
			}
			before := cpu(b)
			done, err := p.take(b.Context(), r, from, raw)
			used += cpu(b) - before
			if err != nil {
				b.Fatal(err)
			}
			from = done.held
		}
		p.close()
	}
	b.ReportMetric(float64(used.Microseconds())/float64(b.N)/float64(count), "CPU-µs/act")
}

func fill(b *testing.B, p *peer, count int) {
	b.Helper()
	text := fmt.Sprintf("%0300d", 1)
	for left := count; left > 0; left -= 200 {
		_, err := p.log.Commit(b.Context(), p.stream.Fingerprint, func(context.Context, *db.Tx) (drafts []act.Draft, err error) {
			for range min(left, 200) {
				drafts = append(drafts, act.Draft{Type: "test.Say.v1", Object: say{act.NewID(p.stream.Actor, "note")}, Parts: []act.Part{act.Text("text", text)}})
			}
			return drafts, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	p.refresh(b, p.stream.Fingerprint)
}
