package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"translocal/db/dbtest"
)

// childEnv makes the test binary the program itself, so that what is killed,
// measured and filled here is the real thing without building it once more.
const childEnv = "TRANSLOCAL_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// command is the program with arguments, as a process of its own.
func command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), childEnv+"=1")
	return c
}

// childBase is the URL under which the node of these tests is known, whatever
// port it listens on.
const childBase = "http://rio.test"

// child is a node as a process of its own.
type child struct {
	cmd    *exec.Cmd
	base   string // where it listens
	secret string // of the set-up link, when it gave one
	log    *tail
}

// tail keeps what a process said, for when it fails.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len() > 1<<16 {
		t.b.Reset()
	}
	return t.b.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// target is where a node of a test keeps its rows: the arguments for the
// program, and driver and name for looking in from outside.
type target struct {
	args         []string
	driver, name string
}

func newTarget(t testing.TB, dir string) target {
	if os.Getenv("TRANSLOCAL_TEST_ENGINE") == "postgres" {
		url := dbtest.PostgresURL(t)
		return target{[]string{"--data", dir, "--db", url}, "pgx", url}
	}
	return target{[]string{"--data", dir}, "sqlite", "file:" + dir + "/translocal.db?mode=ro&_pragma=busy_timeout(15000)"}
}

var setupLink = regexp.MustCompile(`/setup/(\S+)`)

// start runs `translocal serve` and waits until it answers.
func start(t testing.TB, at target) *child {
	t.Helper()
	var why string
	for range 5 { // somebody else may take the port between our look and the child's
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		c := &child{base: "http://" + addr, log: &tail{}}
		c.cmd = command(context.Background(), append([]string{"serve", "--addr", addr, "--url", childBase}, at.args...)...)
		c.cmd.Stderr = c.log
		out, err := c.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.kill() })
		if c.ready(out) {
			return c
		}
		c.kill()
		if why = c.log.String(); !strings.Contains(why, "listen on") {
			break
		}
	}
	t.Fatalf("the node did not start: %s", why)
	return nil
}

// ready reads the greeting to its last line.
func (c *child) ready(out io.Reader) bool {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := setupLink.FindStringSubmatch(lines.Text()); m != nil {
			c.secret = m[1]
		}
		if strings.HasPrefix(lines.Text(), "Stop it") {
			go io.Copy(io.Discard, out)
			return true
		}
	}
	return false
}

// kill ends the process as a power cut would end it: without a word.
func (c *child) kill() {
	if c.cmd.Process != nil && c.cmd.ProcessState == nil {
		c.cmd.Process.Kill()
		c.cmd.Wait()
	}
}

// speaker calls the JSON API of a node.
type speaker struct {
	base  string
	token string
	from  string // address that limits of rate are kept for
	http  http.Client
}

func newSpeaker(base, token, from string) *speaker {
	return &speaker{base: base, token: token, from: from, http: http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}}
}

// refusal is an answer of the API that is no success.
type refusal struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%d %s: %s %v", r.Status, r.Type, r.Detail, r.Errors)
}

// call sends in as JSON (raw bytes as they are) and reads the answer into out.
// The error is a *refusal where the node answered.
func (c *speaker) call(method, path string, in, out any) error {
	body, ok := in.([]byte)
	if !ok && in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequest(method, c.base+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", c.from)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		r := &refusal{}
		json.Unmarshal(raw, r) // what is no problem document says enough by its status
		r.Status = res.StatusCode
		return r
	}
	if out == nil || len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// opened is what setting up or signing in gives.
type opened struct {
	Token  string `json:"token"`
	Place  string `json:"place"`
	Stream string `json:"stream"`
}

func (c *child) setUp(t testing.TB) opened {
	t.Helper()
	var o opened
	err := newSpeaker(c.base, "", "192.0.2.1").call("POST", "/setup/"+c.secret,
		map[string]string{"pseudonym": "Alder", "password": "a long password", "place": "Rio Claro"}, &o)
	if err != nil {
		t.Fatal(err, c.log)
	}
	return o
}
