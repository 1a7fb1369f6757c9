package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"translocal/keep"
)

// ServeCmd runs a node.
type ServeCmd struct {
	Data  string `default:"data" type:"path" help:"Folder for everything that the node keeps; it is made when missing."`
	Addr  string `default:"127.0.0.1:7080" help:"Address to listen on."`
	URL   string `name:"url" help:"URL under which others reach this node, such as https://example.org. Without it: the address."`
	Room  bool   `help:"Listen in the local network, for people in one room, and show the address as a code. The link is not encrypted."`
	DB    string `name:"db" help:"postgres:// URL. Without it: a file in the data folder."`
	Blobs string `type:"path" help:"Folder for files too large for a record; nothing uses it yet. Without it: a folder in the data folder."`
	Demo  bool   `hidden:"" help:"Mark every page as a demo."`

	BackupTo   string `help:"Folder, or s3://bucket/folder?endpoint=https://…, for a backup each day, encrypted to the keys that a keeper entered. Better one on another machine."`
	BackupKeep int    `default:"14" help:"How many daily backups are kept."`

	TrustedProxy []netip.Prefix `help:"Networks of proxies, beside this machine, whose X-Forwarded-For is believed: 10.0.0.2/32."`

	AllowPeer []string `help:"Other nodes at private addresses that may be reached: host:port or CIDR. For tests and closed networks."`
}

// Run serves until it is interrupted.
func (c *ServeCmd) Run(ctx context.Context) error {
	if c.Room {
		if err := c.enterRoom(); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w. Choose another with --addr", c.Addr, err)
	}
	defer l.Close()
	base := strings.TrimRight(c.URL, "/")
	if base == "" {
		base = "http://" + l.Addr().String()
	}
	n, err := openNode(ctx, nodeOptions{Data: c.Data, DB: c.DB, Blobs: c.Blobs, Base: base, Demo: c.Demo, AllowPeers: c.AllowPeer, Proxies: c.TrustedProxy})
	if err != nil {
		return err
	}
	defer n.close()
	if c.BackupTo != "" && (!keep.IsBucket(c.BackupTo) && !isFolder(c.BackupTo) || c.BackupKeep < 1) {
		return fmt.Errorf("--backup-to needs a folder that is there, or a bucket, and --backup-keep at least 1: %s, %d", c.BackupTo, c.BackupKeep)
	}
	n.backups = autoBackup{To: c.BackupTo, Keep: c.BackupKeep}
	if err := n.warnOfBackup(ctx, time.Now()); err != nil {
		return err
	}
	secret, err := n.places.SetupLink(ctx)
	if err != nil {
		return err
	}
	// Reading the library and, on a new node, making the schema leaves much behind
	// that is never needed again; small machines want it back.
	debug.FreeOSMemory()
	if c.Room {
		greetRoom(base)
	}
	greet(base, secret)
	return n.serve(ctx, l)
}

// greet prints where the node is and, on a new one, the link that sets it up.
func greet(base, secret string) {
	fmt.Fprintf(os.Stdout, "Translocal is running at %s\n", base)
	if secret != "" {
		fmt.Fprintf(os.Stdout, "Set it up, once, with this link: %s/setup/%s\n", base, secret)
	}
	fmt.Fprintln(os.Stdout, "Stop it with Ctrl-C.")
}
