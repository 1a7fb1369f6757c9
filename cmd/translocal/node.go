package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"translocal/act"
	"translocal/advance"
	"translocal/blob"
	"translocal/blueprint"
	"translocal/db"
	"translocal/decide"
	"translocal/fed"
	"translocal/i18n"
	"translocal/job"
	"translocal/keep"
	"translocal/library"
	"translocal/limit"
	"translocal/meeting"
	"translocal/notice"
	"translocal/place"
	"translocal/record"
	"translocal/web"
	"translocal/webhook"
)

// vocabularies are the acts that this program knows.
func vocabularies() []act.Vocabulary {
	return []act.Vocabulary{place.Vocabulary(), blueprint.Vocabulary(), decide.Vocabulary(), advance.Vocabulary()}
}

// node is the parts of a running node and how they hang together.
type node struct {
	base     string
	lock     *os.File
	db       *db.DB
	log      *act.Log
	places   *place.Places
	record   *record.Record
	fed      *fed.Node
	notice   *notice.Notices
	blobs    blob.Files
	server   *web.Server
	webhooks *webhook.Webhooks
	limits   *limit.Buckets

	backups autoBackup
}

// nodeOptions say where a node lives.
type nodeOptions struct {
	Data  string // folder
	DB    string // postgres:// URL, or "" for a file in the folder
	Blobs string // folder or bucket for files, or "" for a folder in the data folder
	// PlaceFiles is how many bytes the documents of one place may take; 0 is
	// [defaultPlaceFiles].
	PlaceFiles int64
	Base       string // URL at which it is reached, without a slash at its end
	// Remember keeps naming objects by the URL under which the first place was made,
	// when Base is another by now.
	Remember bool
	Demo     bool
	// Proxies are those whose word about a visitor's address is taken.
	Proxies []netip.Prefix
	// MetricsToken opens /metrics to another machine; "" opens it to this one alone.
	MetricsToken string
	// AllowPeers are addresses that may be reached though they are private.
	AllowPeers []string
	// SMTP is the URL of the server that takes mail, or "", and MailFrom the
	// address that mails come from.
	SMTP, MailFrom string
}

// maxBlob is the largest file that a node keeps, and defaultPlaceFiles what all
// documents of a place may take, in bytes.
const (
	maxBlob           = 64 << 20
	defaultPlaceFiles = 500 << 20
)

// blobsOf is where the files of a node lie: a folder, named whole, or a bucket.
func blobsOf(data, blobs string) string {
	if blobs == "" {
		return filepath.Join(data, "blobs")
	}
	if whole, err := filepath.Abs(blobs); err == nil && !blob.IsBucket(blobs) {
		return whole
	}
	return blobs
}

// openNode opens a node's folder and database and wires its parts; nothing runs
// or listens yet.
func openNode(ctx context.Context, o nodeOptions) (_ *node, err error) {
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	n := &node{base: o.Base}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if n.lock, err = lockFolder(o.Data); err != nil {
		return nil, err
	}
	if err := notMoved(o); err != nil {
		return nil, err
	}
	if n.db, err = db.Open(ctx, databaseOf(o.Data, o.DB), db.Options{}); err != nil {
		return nil, err
	}
	if err := secretStands(ctx, n.db, o.Data); err != nil {
		return nil, err
	}
	shown := o.Base
	if o.Remember {
		if o.Base, err = place.NamingBase(ctx, n.db, shown); err != nil {
			return nil, err
		}
		n.base = o.Base
	}
	keys, err := act.OpenKeyring(filepath.Join(o.Data, "secret"))
	if err != nil {
		return nil, err
	}
	n.log = act.NewLog(n.db, keys, vocabularies()...)
	n.log.Guarded(keep.Guard)
	if err := n.log.Upgrade(ctx); err != nil {
		return nil, err
	}
	bundle, err := i18n.Load()
	if err != nil {
		return nil, err
	}
	lib, err := loadLibrary(o.Data)
	if err != nil {
		return nil, err
	}
	if n.blobs, err = blob.OpenFiles(blobsOf(o.Data, o.Blobs), maxBlob); err != nil {
		return nil, err
	}
	n.limits = limit.Shared(n.db, keys.Derive("limits"), time.Now)
	heads := filepath.Join(o.Data, "heads")
	if o.DB != "" {
		heads = "" // replicas share a server but no folder, so no folder can remember for it
	}
	if n.record, err = record.New(n.log, heads); err != nil {
		return nil, err
	}
	if n.fed, err = fed.New(ctx, fed.Config{Base: o.Base, Log: n.log, Record: n.record, Allow: o.AllowPeers, Limits: n.limits}); err != nil {
		return nil, err
	}
	n.places = place.New(n.log, o.Base)
	blueprints := blueprint.New(n.log)
	blueprints.Library = web.LibraryText(lib)
	decisions := decide.New(n.log)
	decisions.Decidable = blueprints.Decidable
	n.places.HasText = blueprint.HasText
	n.webhooks = webhook.New(n.log, keys.Derive("webhooks"))
	n.webhooks.Check, n.webhooks.Send = n.fed.MayReach, n.fed.Post
	advances := advance.New(n.log)
	advances.Files = advance.Files{Store: n.blobs, Quota: cmp.Or(o.PlaceFiles, defaultPlaceFiles), Fetch: n.fed.FetchFile}
	n.fed.Documents = advances
	if n.notice, err = openNotices(n.log, bundle, o, shown); err != nil {
		return nil, err
	}
	meetings := meeting.New(n.log)
	n.notice.Sources = web.Reminders(o.Base, advances, decisions, blueprints, meetings, n.places, n.fed, time.Now)
	n.server = web.New(web.Config{Base: o.Base, Shown: shown, MetricsToken: o.MetricsToken, Demo: o.Demo, Proxies: o.Proxies, I18n: bundle, Log: n.log, Node: n.fed, Places: n.places,
		Blueprints: blueprints, Decisions: decisions, Advances: advances, Meetings: meetings, Webhooks: n.webhooks, Notices: n.notice, Library: lib, Limits: n.limits})
	return n, nil
}

// notMoved refuses to begin a second history in the folder of a node that moved
// to a server.
func notMoved(o nodeOptions) error {
	if _, err := os.Stat(filepath.Join(o.Data, movedName)); err != nil || o.DB != "" {
		return nil
	}
	return fmt.Errorf("this node was moved to a PostgreSQL server. Nothing was changed. Start it with --db and the URL that it was moved to")
}

var anyKey = db.Rows[int64](`select (select count(*) from actor_key) + (select count(*) from site_key)`)

var errNoSecret = errors.New("the file \"secret\" is missing")

// secretStands refuses to make a new secret where keys are wrapped by another,
// which is missing: with a new one none of them could be opened.
func secretStands(ctx context.Context, d *db.DB, data string) error {
	if _, err := os.Stat(filepath.Join(data, "secret")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	n, err := anyKey.One(ctx, d)
	if err == nil && n > 0 {
		err = fmt.Errorf("%w in %s, and without it this node can't sign. Nothing was changed. Put it back from where it was kept; replicas need a copy of the first one's", errNoSecret, data)
	}
	return err
}

// loadLibrary reads the library of the program and what a folder "library" in
// the data folder adds to it. What is at fault there is left out and told.
func loadLibrary(data string) (*library.Library, error) {
	var more []fs.FS
	if dir := filepath.Join(data, "library"); isFolder(dir) {
		more = append(more, os.DirFS(dir))
	}
	lib, err := library.Load(more...)
	if lib == nil {
		return nil, err
	}
	if err != nil {
		slog.Warn("part of the library was left out", "err", err)
	}
	return lib, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// followers are what reads the streams in the background.
func (n *node) followers() []act.Follower {
	return []act.Follower{n.webhooks.Follower(), n.server.Blueprints.Notices()}
}

// jobs are the queue of the node's chores and the part of it that waits for the
// programs of strangers, however slow they are: one at a time for each host.
func (n *node) jobs() (all, hooks *job.Queue) {
	all = job.New(n.db, slices.Concat(chores(n.log, n.record, n.fed, n.server.Blueprints, n.places, n.limits, n.server.Advances),
		n.keepingChores(n.backups), []job.Kind{n.disposing()}, noticeChores(n.notice), []job.Kind{n.webhooks.Job()})...)
	hooks = all.Part(webhook.JobName)
	hooks.PerHost = 1
	return all, hooks
}

// serve listens until ctx ends, then lets requests under way finish.
func (n *node) serve(ctx context.Context, l net.Listener) error {
	var background sync.WaitGroup
	inner, stop := context.WithCancel(ctx)
	defer background.Wait()
	defer stop()
	for _, f := range n.followers() {
		background.Go(func() { n.log.Run(inner, f) })
	}
	background.Go(func() { n.fed.Run(inner) })
	jobs, hooks := n.jobs()
	background.Go(func() { jobs.Run(inner, 2) }) // two, so that a long backup keeps no mail waiting
	background.Go(func() { hooks.Run(inner, 4) })
	srv := &http.Server{Handler: n.server.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
	srv.RegisterOnShutdown(n.server.EndEvents) // else it would wait for all who look at a page
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return srv.Shutdown(grace)
}

func (n *node) close() {
	if n.log != nil {
		n.log.Close()
	}
	var err error
	if n.db != nil {
		err = n.db.Close()
	}
	if n.lock != nil {
		err = errors.Join(err, n.lock.Close())
	}
	if err != nil {
		slog.Error("close", "err", err)
	}
}
