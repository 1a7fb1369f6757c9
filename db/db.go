// Package db opens the one database of a node, an SQLite file or a PostgreSQL
// server, and gives typed queries and transactions that read the same on both:
// one SQL text with $1, $2, … for each query, prepared on both engines by a test.
//
// Times are stored as bigint microseconds since 1970 UTC, hashes as bytea,
// ids are made by the program. Only the store of jobs and of the full-text
// index ask which engine it is.
package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"translocal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Engine tells which database stands behind a DB.
type Engine string

// The two engines.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// DB is an open database: one writer and several readers beside it. It serves
// as a Queryer for reads outside a transaction.
type DB struct {
	engine  Engine
	pool    *sql.DB // PostgreSQL: everything; SQLite: readers
	writer  *writer // SQLite only
	reads   stmts
	commits atomic.Int64

	closing  sync.Once
	closeErr error
}

// writer is SQLite's one writing connection with its prepared statements. Who
// holds mu owns the rest.
type writer struct {
	mu   chan struct{} // a lock that gives up with its context
	pool *sql.DB
	conn *sql.Conn
	stmt map[string]*sql.Stmt

	closed bool
}

// stmts are statements prepared once on the readers' pool.
type stmts struct {
	mu sync.RWMutex
	m  map[string]*sql.Stmt
}

// Options of Open; the zero value is right for a node.
type Options struct {
	// Relaxed leaves out the wait for the disk at each commit. For tests and
	// throw-away copies: a power cut may take back what was committed.
	Relaxed bool
}

// Open opens target: a file path (SQLite; the file is made when missing) or a
// postgres:// URL, and brings its schema up to date.
func Open(ctx context.Context, target string, opt Options) (*DB, error) {
	d, err := connect(ctx, target, opt)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("open %s: %w", redact(target), classify(err))
	}
	return d, nil
}

func connect(ctx context.Context, target string, opt Options) (*DB, error) {
	if isPostgres(target) {
		pool, err := sql.Open("pgx", target)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", redact(target), err)
		}
		pool.SetMaxOpenConns(16)
		pool.SetMaxIdleConns(8)
		return &DB{engine: PostgreSQL, pool: pool}, nil
	}
	w, err := openWriter(ctx, target, opt)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", target, classify(err))
	}
	r, err := sql.Open("sqlite", sqliteDSN(target, opt, true))
	if err != nil {
		w.close()
		return nil, fmt.Errorf("open %s: %w", target, err)
	}
	r.SetMaxOpenConns(4)
	r.SetMaxIdleConns(2)
	return &DB{engine: SQLite, pool: r, writer: w}, nil
}

func openWriter(ctx context.Context, path string, opt Options) (*writer, error) {
	pool, err := sql.Open("sqlite", sqliteDSN(path, opt, false))
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &writer{mu: make(chan struct{}, 1), pool: pool, conn: conn, stmt: map[string]*sql.Stmt{}}, nil
}

func (w *writer) close() error {
	for _, s := range w.stmt {
		s.Close()
	}
	return errors.Join(w.conn.Close(), w.pool.Close())
}

func (w *writer) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s := w.stmt[text]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, text)
	if err == nil {
		w.stmt[text] = s
	}
	return s, err
}

func sqliteDSN(path string, opt Options, readOnly bool) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(15000)", "journal_mode(WAL)", "foreign_keys(1)", "temp_store(memory)", "cache_size(-4000)"} {
		q.Add("_pragma", p)
	}
	switch {
	case opt.Relaxed:
		q.Add("_pragma", "synchronous(OFF)")
	default:
		q.Add("_pragma", "synchronous(FULL)")
	}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func redact(target string) string {
	if u, err := url.Parse(target); err == nil && u.User != nil {
		return u.Redacted()
	}
	return target
}

// Close waits for the write under way and closes the connections. A second
// call does nothing and returns what the first did.
func (d *DB) Close() error {
	d.closing.Do(func() { d.closeErr = d.close() })
	return d.closeErr
}

func (d *DB) close() error {
	d.reads.close()
	err := d.pool.Close()
	if w := d.writer; w != nil {
		w.mu <- struct{}{}
		w.closed = true
		err = errors.Join(err, w.close())
		<-w.mu // who waits for it finds it closed
	}
	return err
}

// Engine tells which engine this is.
func (d *DB) Engine() Engine { return d.engine }

// Commits counts the write transactions committed since Open: at full
// durability, one wait for the disk each.
func (d *DB) Commits() int64 { return d.commits.Load() }

func (d *DB) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect, pool := goose.DialectSQLite3, d.pool
	if d.engine == SQLite {
		// Goose wants a connection of its own from the pool. It isn't kept: with
		// it go the pages of the new tables that it holds in memory.
		pool = d.writer.pool
		defer pool.SetMaxIdleConns(-1)
	} else {
		dialect = goose.DialectPostgres
		// Replicas that start together wait for one another here.
		conn, err := d.pool.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, "select pg_advisory_lock(7471102)"); err != nil {
			return err
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "select pg_advisory_unlock(7471102)")
	}
	p, err := goose.NewProvider(dialect, pool, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Queryer runs queries: a *DB (reads, outside a transaction) or a *Tx.
type Queryer interface {
	query(ctx context.Context, text string, args []any) (*sql.Rows, error)
}

func (d *DB) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if d.engine == PostgreSQL { // pgx keeps prepared statements itself
		return d.pool.QueryContext(ctx, text, args...)
	}
	s, err := d.reads.get(ctx, d.pool, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// Tx is a write transaction. It is used by one goroutine at a time.
type Tx struct {
	tx    *sql.Tx // PostgreSQL
	db    *DB
	depth int
	after []func()
}

// AfterCommit has f called once the transaction is committed, and not if it
// isn't. f is for waking whoever waits for what was written: it may also be
// called for a savepoint that was taken back.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

func (t *Tx) committed() {
	for _, f := range t.after {
		f()
	}
}

func (t *Tx) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if t.tx != nil {
		return t.tx.QueryContext(ctx, text, args...)
	}
	s, err := t.db.writer.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (t *Tx) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	if t.tx != nil {
		return t.tx.ExecContext(ctx, text, args...)
	}
	s, err := t.db.writer.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// Engine tells which engine this is.
func (t *Tx) Engine() Engine { return t.db.engine }

// Savepoint runs fn inside a savepoint: when it fails, what it wrote is taken
// back and the transaction goes on.
func (t *Tx) Savepoint(ctx context.Context, fn func() error) error {
	t.depth++
	name := fmt.Sprintf("sp%d", t.depth)
	defer func() { t.depth-- }()
	if _, err := t.exec(ctx, "savepoint "+name, nil); err != nil {
		return classify(err)
	}
	if err := fn(); err != nil {
		if _, rerr := t.exec(context.WithoutCancel(ctx), "rollback to savepoint "+name, nil); rerr != nil {
			return errors.Join(err, classify(rerr))
		}
		t.exec(context.WithoutCancel(ctx), "release savepoint "+name, nil)
		return err
	}
	_, err := t.exec(ctx, "release savepoint "+name, nil)
	return classify(err)
}

// Write runs fn in one write transaction and commits it. On PostgreSQL it
// tries again when the server ended the transaction for the sake of another,
// so fn must have no effect outside the transaction.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	for try := 0; ; try++ {
		err := d.writeOnce(ctx, fn)
		if err == nil || try == 7 || !retryable(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(1<<try) * 2 * time.Millisecond):
		}
	}
}

func (d *DB) writeOnce(ctx context.Context, fn func(tx *Tx) error) error {
	var err error
	if d.engine == PostgreSQL {
		err = d.writePostgres(ctx, fn)
	} else {
		err = d.writeSQLite(ctx, fn)
	}
	if err == nil {
		d.commits.Add(1)
	}
	return err
}

func (d *DB) writePostgres(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := d.pool.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer tx.Rollback() // does nothing after Commit
	t := &Tx{tx: tx, db: d}
	if err := fn(t); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return classify(err)
	}
	t.committed()
	return nil
}

// writeSQLite begins and commits by hand, so that prepared statements live as
// long as the one writing connection and not only as long as a transaction.
func (d *DB) writeSQLite(ctx context.Context, fn func(tx *Tx) error) (err error) {
	w := d.writer
	select {
	case w.mu <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-w.mu }()
	if w.closed {
		return fault.New(fault.Unavailable, "fault.stopping")
	}
	tx := &Tx{db: d}
	if _, err := tx.exec(ctx, "begin immediate", nil); err != nil {
		return classify(err)
	}
	committed := false
	defer func() { // also when fn panics
		if !committed {
			tx.exec(context.WithoutCancel(ctx), "rollback", nil)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	// Past this point the context no longer counts: a commit cut short would
	// leave the caller unsure.
	if _, err := tx.exec(context.WithoutCancel(ctx), "commit", nil); err != nil {
		return classify(err)
	}
	committed = true
	tx.committed()
	return nil
}

// ErrNoRow is what One returns when there is none: a fault of kind NotFound.
var ErrNoRow = fault.New(fault.NotFound, "fault.not_found")

func (c *stmts) get(ctx context.Context, pool *sql.DB, text string) (*sql.Stmt, error) {
	c.mu.RLock()
	s := c.m[text]
	c.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	s, err := pool.PrepareContext(ctx, text)
	if err != nil {
		return nil, classify(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.m[text]; old != nil {
		s.Close()
		return old, nil
	}
	if c.m == nil {
		c.m = map[string]*sql.Stmt{}
	}
	c.m[text] = s
	return s, nil
}

func (c *stmts) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.m {
		s.Close()
	}
	c.m = nil
}

// classify turns what an engine says into a fault where people can act on it.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Error
	if errors.As(err, &f) {
		return err
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
			return fault.Wrap(fault.Unavailable, err, "fault.disk")
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fault.Wrap(fault.Unavailable, err, "fault.busy")
		}
		switch se.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fault.Wrap(fault.Conflict, err, "fault.exists")
		}
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		switch pe.Code {
		case "53100", "53200", "58030":
			return fault.Wrap(fault.Unavailable, err, "fault.disk")
		case "23505":
			return fault.Wrap(fault.Conflict, err, "fault.exists")
		case "57P01", "57P03":
			return fault.Wrap(fault.Unavailable, err, "fault.busy")
		}
	}
	return err
}

func retryable(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "40001" || pe.Code == "40P01")
}
