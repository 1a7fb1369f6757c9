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
	"net/http/httptrace"
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
	Chaos bool   `help:"The same, with nodes killed and started again while calls are under way, while they pull and deliver, and while they start."`
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
	teller := &teller{out: os.Stdout, json: c.JSON, began: time.Now()}
	var trouble *trouble
	if c.Chaos {
		if c.Seed == 0 {
			c.Seed = rand.Uint64()
		}
		trouble = newTrouble(c.Seed)
		teller.say("", "nodes are killed by seed %d", c.Seed)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, chaosEnds)
		defer cancel()
	}
	world, err := newWorld(ctx, dir, trouble)
	if err != nil {
		return err
	}
	defer world.stop()
	if err := play(ctx, world, teller); err != nil {
		teller.failed(err)
		return errors.New("the story broke off; the step above says where")
	}
	if c.Check || c.Chaos {
		if x := trouble; x != nil {
			teller.say("", "%d kills cut off %d calls: %d had taken, %d were made again", x.kills.Load(), x.cut.Load(), x.took.Load(), x.repeated.Load())
		}
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

// chaosEnds is the most time that a story with kills takes; it takes one or two
// minutes.
const chaosEnds = 10 * time.Minute

// world is the three nodes, each a process of its own.
type world struct {
	nodes   []*demoNode
	trouble *trouble // nil: nothing is killed
}

// demoNode is one node: a process, and what calls it.
type demoNode struct {
	name  string
	dir   string
	addr  string
	peers string // addresses of the others, which lie on this machine
	world *world

	mu    sync.Mutex
	cmd   *exec.Cmd
	setup string // path of the link that sets it up: another at each start, until it is used

	life    sync.Mutex     // held from a kill until the node is back; guards broken
	broken  error          // why it did not come back
	strikes sync.WaitGroup // kills that were drawn
}

func newWorld(ctx context.Context, dir string, x *trouble) (*world, error) {
	w := &world{trouble: x}
	var addrs []string
	for _, name := range []string{"A", "B", "C"} {
		addr, err := freeAddress()
		if err != nil {
			return nil, err
		}
		addrs = append(addrs, addr)
		w.nodes = append(w.nodes, &demoNode{name: name, dir: filepath.Join(dir, strings.ToLower(name)), addr: addr, world: w})
	}
	for _, n := range w.nodes {
		n.peers = strings.Join(addrs, ",")
		var err error
		if x.happens(2) { // the very first start makes the folder, the secret and the tables
			x.left--
			x.kills.Add(1)
			err = n.startAndKill(ctx, x.within(withinStart))
		}
		if err == nil {
			err = n.start(ctx)
		}
		if err != nil {
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
	out, err := n.launch(ctx)
	if err != nil {
		return err
	}
	return n.listen(out)
}

// launch starts the node's process, and returns what it prints.
func (n *demoNode) launch(ctx context.Context) (io.ReadCloser, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "serve", "--demo", "--data", n.dir, "--addr", n.addr, "--allow-peer", n.peers)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	log, err := os.OpenFile(n.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.cmd = cmd
	n.mu.Unlock()
	return out, nil
}

// listen reads what the node prints until its last line of greeting.
func (n *demoNode) listen(out io.ReadCloser) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if _, path, ok := strings.Cut(line, "/setup/"); ok {
			n.mu.Lock()
			n.setup = path
			n.mu.Unlock()
		}
		if strings.HasPrefix(line, "Stop it") {
			go io.Copy(io.Discard, out)
			return nil
		}
	}
	tail, _ := os.ReadFile(n.dir + ".log")
	return fmt.Errorf("node %s did not start: %s", n.name, tail)
}

func (n *demoNode) setupPath() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return "/setup/" + n.setup
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
		n.strikes.Wait()
		n.end()
	}
}

// rebuildAll ends the nodes and replays the streams of each.
func (w *world) rebuildAll(ctx context.Context, t *teller) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := w.calm(); err != nil {
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

// call calls the API and decodes the answer into out, unless that is nil. sent is
// called when the request is written, before there is an answer. A failure without an
// answer is no answerError.
func (c *caller) call(ctx context.Context, method, path string, in, out any, sent func()) error {
	if sent != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent() }})
	}
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
		return &answerError{resp.StatusCode, fmt.Sprintf("%s %s on %s: %s: %s", method, path, c.node.name, resp.Status, answer)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// until asks again and again until ok, for at most a minute; for three where nodes
// are killed, which leave one another alone for a while after each failure. Some of
// them may be killed meanwhile: they pull and deliver.
func (w *world) until(ctx context.Context, what string, ok func() (bool, error)) error {
	patience := time.Minute
	if w.trouble != nil {
		patience = 3 * time.Minute
	}
	w.somewhere(ctx, withinPull)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) { // a node answers so many questions a minute
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
		case <-time.After(pause):
		}
	}
}
