// Package noticetest has a mail server for tests, on this machine and in the
// test's own process.
package noticetest

import (
	"bufio"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An Office takes mail, and remembers what came to it. Its hooks answer in its
// place; "" is the usual answer, HangUp ends the connection there.
type Office struct {
	t    testing.TB
	addr string

	mu       sync.Mutex
	letters  []Letter
	commands []string
	onRcpt   func(to string) string
	onDot    func(n int) string // after the whole mail came; n counts those
	dots     int
}

// A Letter is a mail that came.
type Letter struct {
	To   string
	Head mail.Header
	Raw  string // as it came
	Body string // decoded
}

// HangUp is the answer of a hook that ends the connection instead.
const HangUp = "hang up"

// Open starts an office that goes with the test.
func Open(t testing.TB) *Office {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &Office{t: t, addr: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

// URL is where mail is given to it.
func (p *Office) URL() string { return "smtp://" + p.addr }

func (p *Office) serve(c net.Conn) {
	defer c.Close()
	in, to := bufio.NewReader(c), ""
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	say("220 here")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\r\n")
		p.mu.Lock()
		p.commands = append(p.commands, line)
		p.mu.Unlock()
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-here\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
			if p.say(say, p.answerRcpt(to)) {
				return
			}
		case "DATA":
			say("354 go on")
			raw, err := readDot(in)
			if err != nil {
				return
			}
			if p.say(say, p.take(to, raw)) {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (p *Office) say(say func(string), answer string) (end bool) {
	if answer == HangUp {
		return true
	}
	if answer == "" {
		answer = "250 2.0.0 ok"
	}
	say(answer)
	return false
}

func (p *Office) answerRcpt(to string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.onRcpt == nil {
		return ""
	}
	return p.onRcpt(to)
}

// take keeps a mail, unless the answer refuses it. One that hangs up keeps it:
// the mail arrived and its sender can't know.
func (p *Office) take(to, raw string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dots++
	answer := ""
	if p.onDot != nil {
		answer = p.onDot(p.dots)
	}
	if answer != "" && answer != HangUp {
		return answer
	}
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		p.t.Errorf("a mail that can't be read: %v\n%s", err, raw)
		return answer
	}
	body := io.Reader(m.Body)
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		p.t.Errorf("a body that can't be read: %v", err)
	}
	p.letters = append(p.letters, Letter{to, m.Header, raw, strings.ReplaceAll(string(text), "\r\n", "\n")})
	return answer
}

func readDot(in *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == ".\r\n" {
			return b.String(), nil
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

// Got takes out what came since the last time.
func (p *Office) Got() []Letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.letters
	p.letters = nil
	return all
}

// Commands are all lines that it was told, but for the mails.
func (p *Office) Commands() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.commands)
}

// Hooks sets what answers: rcpt to an address, dot to the n-th whole mail since.
func (p *Office) Hooks(rcpt func(string) string, dot func(int) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onRcpt, p.onDot, p.dots = rcpt, dot, 0
}
