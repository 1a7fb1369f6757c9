package web

import (
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"translocal/db"
	"translocal/fault"
)

// counters are what this process has done since it began; they name nobody.
type counters struct {
	began    time.Time
	answers  [6]atomic.Int64 // by the first digit of the status
	micros   atomic.Int64    // spent on answers
	underway atomic.Int64
}

// measured counts every request that comes.
func (s *Server) measured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, seen := time.Now(), &seenStatus{ResponseWriter: w, status: http.StatusOK}
		s.counters.underway.Add(1)
		defer func() {
			s.counters.underway.Add(-1)
			s.counters.answers[min(max(seen.status/100, 0), 5)].Add(1)
			if !strings.HasPrefix(r.URL.Path, "/events/") { // those last as long as somebody looks
				s.counters.micros.Add(time.Since(began).Microseconds())
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

type seenStatus struct {
	http.ResponseWriter
	status int
}

func (w *seenStatus) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach what is below.
func (w *seenStatus) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type waiting struct{ Jobs, Dead, Oldest int64 }

var waitingJobs = db.Rows[waiting](`select cast(coalesce(sum(case when dead then 0 else 1 end), 0) as bigint), cast(coalesce(sum(case when dead then 1 else 0 end), 0) as bigint),
	coalesce(min(case when dead then null else run_at end), 0) from job`)

// metrics writes what a monitor wants to know, in the text form of Prometheus.
// It is for who asks on this machine or shows the token; to all others there is
// no such page.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) error {
	if !s.mayMeasure(r) {
		return fault.New(fault.NotFound, "fault.not_found")
	}
	stamp, err := s.Log.Stamp(r.Context())
	if err != nil {
		return err
	}
	jobs, err := waitingJobs.One(r.Context(), s.Log.DB())
	if err != nil {
		return err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	gauge := func(name, help string, value any) {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %[1]s gauge\n%[1]s %[3]v\n", name, help, value)
	}
	fmt.Fprint(w, "# HELP translocal_answers_total Answers by the first digit of their status.\n# TYPE translocal_answers_total counter\n")
	for i := 1; i <= 5; i++ {
		fmt.Fprintf(w, "translocal_answers_total{status=\"%dxx\"} %d\n", i, s.counters.answers[i].Load())
	}
	fmt.Fprintf(w, "# HELP translocal_answer_seconds_total Time spent on answers.\n# TYPE translocal_answer_seconds_total counter\ntranslocal_answer_seconds_total %g\n",
		float64(s.counters.micros.Load())/1e6)
	gauge("translocal_requests_under_way", "Requests being answered now.", s.counters.underway.Load())
	gauge("translocal_event_streams", "Open pages that hear of changes.", s.live.Count())
	gauge("translocal_streams", "Streams of places held here.", stamp.Streams)
	gauge("translocal_acts", "Acts in them.", stamp.Acts)
	gauge("translocal_jobs_waiting", "Jobs to be done.", jobs.Jobs)
	gauge("translocal_jobs_given_up", "Jobs that a keeper should look at.", jobs.Dead)
	late := 0.0
	if jobs.Oldest > 0 {
		late = max(0, time.Since(time.UnixMicro(jobs.Oldest)).Seconds())
	}
	gauge("translocal_job_late_seconds", "How late the most overdue job is.", late)
	gauge("process_start_time_seconds", "When the process began, since 1970.", s.counters.began.Unix())
	gauge("go_memstats_heap_inuse_bytes", "Heap in use.", m.HeapInuse)
	gauge("go_goroutines", "Goroutines.", runtime.NumGoroutine())
	return nil
}

// mayMeasure: the token, if there is one, or a connection from this very machine
// that no proxy passed on.
func (s *Server) mayMeasure(r *http.Request) bool {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && s.MetricsToken != "" {
		return subtle.ConstantTimeCompare([]byte(token), []byte(s.MetricsToken)) == 1
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" && r.Header.Get("Via") == ""
}
