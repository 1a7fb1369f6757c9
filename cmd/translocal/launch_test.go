//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Somebody starts the program without a word, as by a double click: their browser
// opens on the page that sets a node up, in a folder of theirs. Starting it again
// while it runs shows the node that there is.
func TestStartedByADoubleClick(t *testing.T) {
	home := t.TempDir()
	opened := filepath.Join(home, "opened")
	if err := syscall.Mkfifo(opened, 0o600); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho \"$1\" > %s\n", opened)
	if err := os.WriteFile(filepath.Join(home, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := free.Addr().String()
	free.Close()
	run := func() (stop func() error) {
		ctx, cancel := context.WithCancel(t.Context())
		c := command(ctx)
		c.Env = append(c.Env, "PATH="+home+":"+os.Getenv("PATH"), "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, "config"), "TRANSLOCAL_ADDR="+l)
		c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
		c.WaitDelay = 20 * time.Second
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return func() error { cancel(); return c.Wait() }
	}
	page := func() string {
		f, err := os.Open(opened) // waits for the script
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		line, err := bufio.NewReader(f).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(line)
	}
	stop := run()
	defer stop()
	first := page()
	if !strings.HasPrefix(first, "http://"+l+"/setup/") {
		t.Fatalf("the browser was led to %s", first)
	}
	r, err := http.Get(first)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("%s answers %d", first, r.StatusCode)
	}
	if _, err := os.Stat(filepath.Join(home, "config", "translocal", "translocal.db")); err != nil {
		t.Error(err)
	}
	again := run()
	if second := page(); second != "http://"+l+"/" {
		t.Errorf("started again, the browser was led to %s", second)
	}
	if err := again(); err != nil && !strings.Contains(err.Error(), "canceled") {
		t.Errorf("started again: %v", err)
	}
}

func TestOpenerOfEachSystem(t *testing.T) {
	const url = "http://127.0.0.1:7080/setup/a&b"
	for _, system := range []string{"windows", "darwin", "linux", "freebsd"} {
		name, args := opener(system, url)
		if name == "" || !slices.Contains(args, url) {
			t.Errorf("%s: %s %q", system, name, args)
		}
	}
}
