package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// DemoCmd starts three nodes and plays a story through them.
type DemoCmd struct {
	Data  string `type:"path" help:"Folder for the three nodes. Without it: a temporary one, which goes at the end."`
	Check bool   `help:"Play the story through the API, check each step on the other nodes, and end."`
	Chaos bool   `help:"The same, with nodes killed and started again in the middle."`
	JSON  bool   `name:"json" help:"Print the steps as JSON, one a line."`
	Seed  uint64 `help:"Which nodes are killed, and when. Without it: at random, and printed."`
}

// Run plays the story. With --check or --chaos it ends with it; else the nodes
// stay for clicking until Ctrl-C.
func (c *DemoCmd) Run(ctx context.Context) error {
	dir, err := c.folder()
	if err != nil {
		return err
	}
	if c.Data == "" {
		defer os.RemoveAll(dir)
	}
	world, err := newWorld(ctx, dir)
	if err != nil {
		return err
	}
	defer world.stop()
	if c.Chaos {
		if c.Seed == 0 {
			c.Seed = rand.Uint64()
		}
		world.chaos = rand.New(rand.NewPCG(c.Seed, 1))
	}
	teller := &teller{out: os.Stdout, json: c.JSON, began: time.Now()}
	if c.Chaos {
		teller.say("", "nodes are killed by seed %d", c.Seed)
	}
	if err := play(ctx, world, teller); err != nil {
		teller.failed(err)
		return errors.New("the story broke off; the step above says where")
	}
	if c.Check || c.Chaos {
		return world.rebuildAll(ctx, teller)
	}
	world.invite(teller)
	<-ctx.Done()
	return nil
}

func (c *DemoCmd) folder() (string, error) {
	if c.Data != "" {
		return c.Data, os.MkdirAll(c.Data, 0o700)
	}
	return os.MkdirTemp("", "translocal-demo-")
}

// teller prints each step with the time that it took.
type teller struct {
	out   io.Writer
	json  bool
	began time.Time
	last  time.Time
	step  string
}

func (t *teller) begin(step string) { t.step, t.last = step, time.Now() }

func (t *teller) say(node, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if t.json {
		json.NewEncoder(t.out).Encode(map[string]any{"node": node, "text": text, "ok": true})
		return
	}
	fmt.Fprintln(t.out, strings.TrimSpace(node+" "+text))
}

func (t *teller) done() {
	took := time.Since(t.last).Round(time.Millisecond)
	if t.json {
		json.NewEncoder(t.out).Encode(map[string]any{"step": t.step, "ok": true, "ms": took.Milliseconds()})
		return
	}
	fmt.Fprintf(t.out, "ok   %8s  %s\n", took, t.step)
}

func (t *teller) failed(err error) {
	if t.json {
		json.NewEncoder(t.out).Encode(map[string]any{"step": t.step, "ok": false, "error": err.Error()})
		return
	}
	fmt.Fprintf(t.out, "FAIL %8s  %s\n     %v\n", time.Since(t.last).Round(time.Millisecond), t.step, err)
}

// world is the three nodes, each a process of its own.
type world struct {
	nodes []*demoNode
	chaos *rand.Rand // nil: nothing is killed
}

// demoNode is one node: a process, and what calls it.
type demoNode struct {
	name  string
	dir   string
	addr  string
	peers string // addresses of the others, which lie on this machine
	setup string // path of the link that sets it up

	mu  sync.Mutex
	cmd *exec.Cmd
}

func newWorld(ctx context.Context, dir string) (*world, error) {
	w := &world{}
	var addrs []string
	for _, name := range []string{"A", "B", "C"} {
		addr, err := freeAddress()
		if err != nil {
			return nil, err
		}
		addrs = append(addrs, addr)
		w.nodes = append(w.nodes, &demoNode{name: name, dir: filepath.Join(dir, strings.ToLower(name)), addr: addr})
	}
	for _, n := range w.nodes {
		n.peers = strings.Join(addrs, ",")
		if err := n.start(ctx); err != nil {
			w.stop()
			return nil, err
		}
	}
	return w, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// start starts the node's process and waits until it says where it is.
func (n *demoNode) start(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "serve", "--demo", "--data", n.dir, "--addr", n.addr, "--allow-peer", n.peers)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	log, err := os.OpenFile(n.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	n.mu.Lock()
	n.cmd = cmd
	n.mu.Unlock()
	return n.listen(out)
}

// listen reads what the node prints until its last line of greeting.
func (n *demoNode) listen(out io.ReadCloser) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if _, path, ok := strings.Cut(line, "/setup/"); ok {
			n.setup = path
		}
		if strings.HasPrefix(line, "Stop it") {
			go io.Copy(io.Discard, out)
			return nil
		}
	}
	tail, _ := os.ReadFile(n.dir + ".log")
	return fmt.Errorf("node %s did not start: %s", n.name, tail)
}

// kill ends the node at once, as a power cut would.
func (n *demoNode) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait()
		n.cmd = nil
	}
}

// end lets the node finish.
func (n *demoNode) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		n.cmd.Process.Signal(os.Interrupt)
		n.cmd.Wait()
		n.cmd = nil
	}
}

func (w *world) stop() {
	for _, n := range w.nodes {
		n.end()
	}
}

// trouble kills one node, or none, and starts it again.
func (w *world) trouble(ctx context.Context, t *teller) error {
	if w.chaos == nil || w.chaos.IntN(3) == 0 {
		return nil
	}
	n := w.nodes[w.chaos.IntN(len(w.nodes))]
	n.kill()
	if err := n.start(ctx); err != nil {
		return err
	}
	t.say(n.name, "was killed and is back")
	return nil
}

// rebuildAll ends the nodes and replays the streams of each.
func (w *world) rebuildAll(ctx context.Context, t *teller) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, n := range w.nodes {
		n.end()
		t.begin("the tables of " + n.name + " are what its streams say")
		out, err := exec.CommandContext(ctx, self, "rebuild", "--check", "--data", n.dir).CombinedOutput()
		if err != nil {
			t.failed(fmt.Errorf("%w: %s", err, out))
			return errors.New("a replay differs")
		}
		t.done()
	}
	return nil
}

// invite says where to click.
func (w *world) invite(t *teller) {
	t.say("", "\nAll is there to click. Its places and people are made up.")
	for _, n := range w.nodes {
		t.say(n.name, "http://%s   sign in as %s with the password %q", n.addr, demoKeeper(n.name), demoPassword)
	}
	t.say("", "Stop the three with Ctrl-C.")
}

// caller calls the API of a node as one person.
type caller struct {
	node  *demoNode
	token string
}

var client = &http.Client{Timeout: 30 * time.Second}

// do calls the API and decodes the answer into out, unless that is nil. A node
// that is just starting again is asked once more: a call that reached it is
// answered by what it wrote.
func (c *caller) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = strings.NewReader(string(b))
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.node.addr+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s on %s: %s: %s", method, path, c.node.name, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// until asks again and again until ok, for at most a minute.
func until(ctx context.Context, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var last error
	for {
		good, err := ok()
		if good {
			return nil
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s did not come about: %w", what, errors.Join(ctx.Err(), last))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
