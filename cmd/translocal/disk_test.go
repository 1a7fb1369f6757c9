//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAFullFileSystem runs a node on a file system of its own that fills up
// under it: what it acknowledged is kept, what it can't keep is refused with
// the words for that, reading goes on, and so does writing when there is room,
// for the same process and for one that was killed while it was full.
func TestAFullFileSystem(t *testing.T) {
	if os.Getenv("TRANSLOCAL_TEST_LONG") == "" || os.Getenv("TRANSLOCAL_TEST_ENGINE") == "postgres" {
		t.Skip("mounts a file system; runs with TRANSLOCAL_TEST_LONG on SQLite")
	}
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=48m,mode=0700")
	if err != nil && os.Getenv(ownMounts) == "" {
		againWithOwnMounts(t)
		return
	}
	if err != nil {
		t.Fatal("no file system can be mounted: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	at := newTarget(t, data)
	c := start(t, at)
	t.Cleanup(c.kill)
	site := c.setUp(t)
	told := map[string]string{}
	writeUntilFull := func() {
		fill(t, dir, 600<<10)
		api := newSpeaker(c.base, site.Token, "192.0.2.9")
		for i := range 5000 {
			name, made := fmt.Sprintf("body %d %d %s", len(told), i, strings.Repeat("x", 80)), struct{ ID string }{}
			err := api.call("POST", "/places/"+site.Stream+"/authorities", map[string]string{"name": name, "kind": "council"}, &made)
			var r *refusal
			switch {
			case err == nil:
				told[name] = made.ID
				continue
			case !errors.As(err, &r) || r.Status != 503 || r.Detail == "":
				t.Fatalf("a full disk is told as %v\n%s", err, c.log)
			}
			t.Logf("after %d: %v", i, r)
			var seen any
			if err := api.call("GET", "/places/"+site.Stream, nil, &seen); err != nil {
				t.Errorf("reading ended with the room: %v", err)
			}
			return
		}
		t.Fatal("the disk never filled")
	}
	holds := func(c *child) {
		t.Helper()
		api := newSpeaker(c.base, site.Token, "192.0.2.9")
		made := struct{ ID string }{}
		name := fmt.Sprint("with room again ", len(told))
		if err := api.call("POST", "/places/"+site.Stream+"/authorities", map[string]string{"name": name, "kind": "council"}, &made); err != nil {
			t.Fatalf("with room again: %v\n%s", err, c.log)
		}
		told[name] = made.ID
		(&acknowledged{acts: told}).check(t, at, site.Stream)
	}

	writeUntilFull()
	empty(t, dir)
	holds(c)

	writeUntilFull()
	c.kill()
	empty(t, dir)
	c = start(t, at)
	holds(c)
	c.kill()
	if out, err := command(t.Context(), append([]string{"rebuild", "--check"}, at.args...)...).CombinedOutput(); err != nil {
		t.Fatalf("rebuild --check: %v\n%s", err, out)
	}
}

// ownMounts says that the test runs where it may mount.
const ownMounts = "TRANSLOCAL_TEST_OWN_MOUNTS"

// againWithOwnMounts runs the test as a process that sees mounts of its own, for
// which one need not be root. Where a system allows neither, it says so.
func againWithOwnMounts(t *testing.T) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), ownMounts+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	out, err := c.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Skip("this system lets nobody mount but root: ", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func ballast(dir string) string { return filepath.Join(dir, "ballast") }

// fill leaves so many bytes of a file system.
func fill(t *testing.T, dir string, left int64) {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ballast(dir), make([]byte, int64(s.Bavail)*s.Bsize-left), 0o600); err != nil {
		t.Fatal(err)
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(ballast(dir)); err != nil {
		t.Fatal(err)
	}
}
