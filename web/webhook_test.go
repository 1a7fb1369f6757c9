package web_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"translocal/advance"
	"translocal/fed"
	"translocal/job"
	"translocal/record"
	"translocal/webhook"
)

// webhook is an address of the place that is switched on.
func (w *world) webhook() string {
	w.t.Helper()
	ctx, v := w.t.Context(), w.keeper.Viewer
	list, err := w.webhooks.List(ctx, v, w.here.Stream)
	must(w.t, err)
	if len(list) == 0 {
		id, _, err := w.webhooks.Add(ctx, v, w.here.Stream, "https://program.example/in", []string{"deed"})
		must(w.t, err)
		return id
	}
	must(w.t, w.webhooks.Switch(ctx, v, w.here.Stream, list[0].ID, true))
	return list[0].ID
}

type received struct {
	header http.Header
	body   []byte
}

// TestWebhookTellsWhatIsPublished adds an address by form, publishes, warns, and
// checks what a program there gets.
func TestWebhookTellsWhatIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := make(chan received, 10)
	program := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- received{r.Header, b}
	}))
	t.Cleanup(program.Close)
	a := w.do(w.keeper, post(w.p("/webhooks"), "address", program.URL+"/in?token=tlsecret", "events", "text.published", "events", "warning", "events", "outcome", "events", "deed"))
	m := regexp.MustCompile(`whsec_([A-Za-z0-9+/=]+)`).FindStringSubmatch(strings.ReplaceAll(a.body, "&#43;", "+"))
	if a.status != 200 || m == nil {
		t.Fatalf("%d %.500s", a.status, a.body)
	}
	key, err := base64.StdEncoding.DecodeString(m[1])
	must(t, err)
	v := w.publish(w.keeper, w.here, motion("A new one"))
	warning, outcome := w.warning(), w.decided()
	must(t, w.advances.SetStatus(t.Context(), w.keeper.Viewer, w.here.Stream, w.bringing, advance.Change{Lifecycle: advance.Legal, Status: "referred", Day: "2026-03-02",
		Source: "Minutes", Reason: "Sent on"}))
	must(t, w.log.CatchUp(t.Context(), w.webhooks.Follower()))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan struct{})
	go func() { job.New(w.log.DB(), w.webhooks.Job()).Run(ctx, 1); close(ended) }()
	want := map[string]string{"text.published": v.ID, "warning": warning, "outcome": outcome, "deed": w.bringing}
	for range 4 {
		select {
		case r := <-got:
			checkMessage(t, key, r, want)
		case <-time.After(30 * time.Second):
			t.Fatal("nothing came; waiting for", want)
		}
	}
	stop()
	<-ended
	list, err := w.webhooks.List(t.Context(), w.keeper.Viewer, w.here.Stream)
	must(t, err)
	log := w.do(w.keeper, get(w.p("/webhooks/"+list[0].ID)))
	if log.status != 200 || strings.Contains(log.body, "tlsecret") || strings.Contains(log.body, v.ID) {
		t.Errorf("the log: %d %.600s", log.status, log.body)
	}
	for what, row := range w.dump() {
		if strings.Contains(row, m[1]) {
			t.Errorf("the secret stands in %s", what)
		}
	}
}

// checkMessage verifies a message as Standard Webhooks tell receivers to.
func checkMessage(t *testing.T, key []byte, r received, want map[string]string) {
	t.Helper()
	h := hmac.New(sha256.New, key)
	h.Write([]byte(r.header.Get("webhook-id") + "." + r.header.Get("webhook-timestamp") + "." + string(r.body)))
	if sig := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)); r.header.Get("webhook-signature") != sig || r.header.Get("webhook-id") == "" {
		t.Errorf("signature %q, want %q", r.header.Get("webhook-signature"), sig)
	}
	var m struct {
		Type, Timestamp string
		Data            struct{ ID, Place string }
	}
	must(t, json.Unmarshal(r.body, &m))
	if want[m.Type] == "" || want[m.Type] != m.Data.ID {
		t.Errorf("%s, want one of %v", r.body, want)
	}
	delete(want, m.Type)
	if strings.Contains(string(r.body), "A new one") {
		t.Errorf("the message holds a text: %s", r.body)
	}
}

// TestWebhookReachesNoPrivateAddress sends to addresses inside, from a node that
// allows none, and through a redirection from one that does.
func TestWebhookReachesNoPrivateAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	touched := make(chan string, 10)
	inside := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { touched <- r.URL.Path }))
	t.Cleanup(inside.Close)
	hop := httptest.NewServer(http.RedirectHandler(inside.URL+"/hopped", http.StatusTemporaryRedirect))
	t.Cleanup(hop.Close)
	status, err := w.fed.Post(t.Context(), hop.URL, nil, []byte("{}"))
	if err != nil || status != http.StatusTemporaryRedirect {
		t.Errorf("a redirection: %d %v", status, err)
	}
	rec, err := record.New(w.log, "")
	must(t, err)
	strict, err := fed.New(t.Context(), fed.Config{Base: w.base, Log: w.log, Record: rec})
	must(t, err)
	for _, address := range []string{inside.URL + "/direct", "https://localhost:1/x", "https://169.254.169.254/latest", "https://[::1]/", "https://10.0.0.1/", hop.URL, "ftp://program.example/", "https://me:secret@program.example/"} {
		if status, err := strict.Post(t.Context(), address, nil, []byte("{}")); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s was reached: %d %v", address, status, err)
		}
	}
	for _, address := range []string{"http://program.example/", "javascript:alert(1)", "https://me:secret@program.example/", "", "https:///x"} {
		if a := w.do(w.keeper, post(w.p("/webhooks"), "address", address, "events", "deed")); a.status != 422 || !strings.Contains(a.body, "f-address-fault") {
			t.Errorf("%q: %d", address, a.status)
		}
	}
	select {
	case path := <-touched:
		t.Error("somebody inside was asked for", path)
	default:
	}
}

// TestWebhookTellsNothingOfBefore adds an address after something was published,
// and one of another place.
func TestWebhookTellsNothingOfBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	id, _, err := w.webhooks.Add(ctx, w.keeper.Viewer, w.here.Stream, "https://program.example/in", webhook.Events)
	must(t, err)
	w.publish(w.outsider, w.there, motion("Elsewhere"))
	must(t, w.log.CatchUp(ctx, w.webhooks.Follower()))
	list, err := w.webhooks.Log(ctx, w.keeper.Viewer, w.here.Stream, id)
	must(t, err)
	if len(list) != 0 {
		t.Errorf("told of %+v", list)
	}
	if _, err := w.webhooks.Log(ctx, w.outsider.Viewer, w.there.Stream, id); err == nil {
		t.Error("another place's keeper reads the log")
	}
}
