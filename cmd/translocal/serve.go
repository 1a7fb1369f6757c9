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

	"translocal/blob"
)

// defaultAddr is where a node listens that was not told otherwise: nobody
// outside of the machine reaches it.
const defaultAddr = "127.0.0.1:7080"

// ServeCmd runs a node.
type ServeCmd struct {
	Data       string `default:"data" type:"path" help:"Folder for everything that the node keeps; it is made when missing."`
	Addr       string `default:"127.0.0.1:7080" help:"Address to listen on."`
	URL        string `name:"url" help:"URL under which others reach this node, such as https://example.org. Without it: the address."`
	Room       bool   `help:"Listen in the local network, for people in one room, and show the address as a code. The link is not encrypted."`
	DB         string `name:"db" help:"postgres:// URL. Without it: a file in the data folder."`
	Blobs      string `help:"Folder, or s3://bucket/folder?endpoint=https://…, for the documents that places attach. Without it: a folder in the data folder."`
	PlaceFiles int64  `default:"500" help:"How much the documents of one place may take, in megabytes."`
	Open       bool   `hidden:"" help:"Show the first page in the browser of who started it."`
	Demo       bool   `hidden:"" help:"Mark every page as a demo."`

	BackupTo   string `help:"Folder, or s3://bucket/folder?endpoint=https://…, for a backup each day, encrypted to the keys that a keeper entered. Better one on another machine."`
	BackupKeep int    `default:"14" help:"How many daily backups are kept."`

	SMTP     string `name:"smtp" help:"Server that takes mail: smtps://user:password@host, or smtp://host:587 with STARTTLS. Better in TRANSLOCAL_SMTP than on the command line. Without it: no mail; keepers pass notices on."`
	MailFrom string `help:"Address that mails come from; needed with --smtp."`

	TrustedProxy []netip.Prefix `help:"Networks of proxies, beside this machine, whose X-Forwarded-For is believed: 10.0.0.2/32."`

	ACME          bool   `name:"acme" help:"Get and renew the certificate for the name in --url. Listens on ports 443 and 80 unless --addr and --acme-http say otherwise."`
	ACMEMail      string `name:"acme-mail" help:"Where the authority may warn of a certificate that ends."`
	ACMEDirectory string `name:"acme-directory" default:"https://acme-v02.api.letsencrypt.org/directory" help:"Which authority."`
	ACMEHTTP      string `name:"acme-http" default:":80" help:"Address for plain HTTP: it leads to HTTPS."`

	MetricsToken string `help:"Who shows it as a bearer token may read /metrics from another machine."`

	AllowPeer []string `help:"Other nodes at private addresses that may be reached: host:port or CIDR. For tests and closed networks."`
}

// Run serves until it is interrupted.
func (c *ServeCmd) Run(ctx context.Context) error {
	if c.Room {
		if err := c.enterRoom(); err != nil {
			return err
		}
	}
	certificates, err := c.certificates()
	if err != nil {
		return err
	}
	if certificates != nil && c.Addr == defaultAddr {
		c.Addr = ":443"
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		if c.Open && answers(ctx, c.Addr) { // started a second time
			openPage(ctx, "http://"+c.Addr+"/")
			return nil
		}
		return fmt.Errorf("listen on %s: %w. Choose another with --addr", c.Addr, err)
	}
	defer l.Close()
	if certificates != nil {
		if l, err = encrypt(ctx, l, certificates, c.ACMEHTTP); err != nil {
			return err
		}
	}
	base := strings.TrimRight(c.URL, "/")
	var others []string
	if base == "" {
		base, others = reachable(l.Addr().String())
	}
	// A start makes much that is soon garbage: collected early, it never takes the room
	// that a small machine doesn't have, and leaves fewer holes behind.
	usual := debug.SetGCPercent(25)
	n, err := openNode(ctx, nodeOptions{Data: c.Data, DB: c.DB, Blobs: c.Blobs, PlaceFiles: max(c.PlaceFiles, 1) << 20, Base: base, Remember: true, Demo: c.Demo, AllowPeers: c.AllowPeer, Proxies: c.TrustedProxy,
		MetricsToken: c.MetricsToken, SMTP: c.SMTP, MailFrom: c.MailFrom})
	if err != nil {
		return err
	}
	defer n.close()
	if c.BackupTo != "" && (!blob.IsBucket(c.BackupTo) && !isFolder(c.BackupTo) || c.BackupKeep < 1) {
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
	debug.SetGCPercent(usual)
	debug.FreeOSMemory()
	if c.Room {
		greetRoom(base)
	}
	greet(base, secret)
	greetMoved(base, n.base, others)
	if c.Open {
		go openPage(ctx, first(base, secret))
	}
	return n.serve(ctx, l)
}

// first is the page with which to begin: on a new node, that which sets it up.
func first(base, secret string) string {
	if secret != "" {
		return base + "/setup/" + secret
	}
	return base + "/"
}

// greet prints where the node is and, on a new one, the link that sets it up.
func greet(base, secret string) {
	fmt.Fprintf(os.Stdout, "Translocal is running at %s\n", base)
	if secret != "" {
		fmt.Fprintf(os.Stdout, "Set it up, once, with this link: %s\n", first(base, secret))
	}
	fmt.Fprintln(os.Stdout, "Stop it with Ctrl-C.")
}
