package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pressly/goose/v3"
)

// ErrOtherSchema is what [OpenReader] returns, wrapped, for a database that
// another version of this program made.
var ErrOtherSchema = errors.New("the database was made by another version of this program")

// ErrNotEmpty is what [DB.Load] returns, wrapped, for a database in which rows stand.
var ErrNotEmpty = errors.New("the database is not empty; nothing was changed")

// OpenReader opens a database that another process may be writing, for reading
// what stands there: nothing is made and no schema is changed. It refuses a
// schema that isn't this program's.
func OpenReader(ctx context.Context, target string) (*DB, error) {
	postgres := isPostgres(target)
	if !postgres {
		if _, err := os.Stat(target); err != nil {
			return nil, fmt.Errorf("open %s: %w", target, err)
		}
	}
	d, err := connect(ctx, target, Options{})
	if err != nil {
		return nil, err
	}
	have, err := d.SchemaVersion(ctx)
	if err == nil && have != NewestSchema() {
		err = fmt.Errorf("open %s: schema %d, this program knows %d: %w", redact(target), have, NewestSchema(), ErrOtherSchema)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func isPostgres(target string) bool {
	return strings.HasPrefix(target, "postgres://") || strings.HasPrefix(target, "postgresql://")
}

// SchemaVersion is the number of the newest migration that the database has.
func (d *DB) SchemaVersion(ctx context.Context) (n int64, err error) {
	err = d.pool.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from "+goose.DefaultTablename+" where is_applied").Scan(&n)
	return n, classify(err)
}

// NewestSchema is the number of the newest migration of this program.
func NewestSchema() (newest int64) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0
	}
	for _, name := range names {
		head, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		if n, err := strconv.ParseInt(head, 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest
}

// A Snapshot is the whole database at one moment, while others go on writing.
type Snapshot struct {
	tx     *sql.Tx
	engine Engine
}

// Snapshot runs read over the database as it stands at one moment.
func (d *DB) Snapshot(ctx context.Context, read func(*Snapshot) error) error {
	tx, err := d.pool.BeginTx(ctx, &sql.TxOptions{Isolation: isolation(d.engine), ReadOnly: d.engine == PostgreSQL})
	if err != nil {
		return classify(err)
	}
	defer tx.Rollback()
	return read(&Snapshot{tx, d.engine})
}

// isolation: a transaction of SQLite always sees one moment, and its driver
// knows no other.
func isolation(e Engine) sql.IsolationLevel {
	if e == PostgreSQL {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

// Tables lists the tables that are copied from one database to another, sorted:
// all but what the migrations keep for themselves.
func (s *Snapshot) Tables(ctx context.Context) ([]string, error) {
	rows, err := s.tx.QueryContext(ctx, tablesText(s.engine))
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		if n != goose.DefaultTablename {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names, rows.Err()
}

// Rows reads a table; table is a name from Tables. Each row is yielded with its
// values in the order of columns: nil, bool, int64, string or []byte, good until
// the next one.
func (s *Snapshot) Rows(ctx context.Context, table string) (columns []string, rows iter.Seq2[[]any, error], err error) {
	r, err := s.tx.QueryContext(ctx, "select * from "+quote(table))
	if err != nil {
		return nil, nil, classify(err)
	}
	columns, err = r.Columns()
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return columns, func(yield func([]any, error) bool) {
		defer r.Close()
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		for r.Next() {
			if err := r.Scan(targets...); err != nil {
				yield(nil, err)
				return
			}
			if !yield(values, nil) {
				return
			}
		}
		if err := r.Err(); err != nil {
			yield(nil, classify(err))
		}
	}, nil
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// A Loader fills an empty database, inside one transaction.
type Loader struct {
	tx     *Tx
	tables map[string]map[string]string // columns of each table, and their types
	insert map[string]string            // statement by table and columns
}

// Load runs fill in one transaction over a database in which nothing stands
// yet, and refuses another: what is there is never mixed with what comes.
func (d *DB) Load(ctx context.Context, fill func(*Loader) error) error {
	l := &Loader{tables: map[string]map[string]string{}, insert: map[string]string{}}
	names, err := d.Tables(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == goose.DefaultTablename {
			continue
		}
		if l.tables[name], err = d.columnTypes(ctx, name); err != nil {
			return err
		}
	}
	return d.writeOnce(ctx, func(tx *Tx) error {
		l.tx = tx
		if err := l.clear(ctx); err != nil {
			return err
		}
		return fill(l)
	})
}

// seeded are tables into which a migration puts rows.
var seeded = []string{"job_claim"}

// clear empties the seeded tables and refuses when anything else stands.
func (l *Loader) clear(ctx context.Context) error {
	for table := range l.tables {
		if slices.Contains(seeded, table) {
			if _, err := l.tx.exec(ctx, "delete from "+quote(table), nil); err != nil {
				return classify(err)
			}
			continue
		}
		rows, err := l.tx.query(ctx, "select 1 from "+quote(table)+" limit 1", nil)
		if err != nil {
			return classify(err)
		}
		some := rows.Next()
		if err := rows.Close(); err != nil {
			return classify(err)
		}
		if some {
			return fmt.Errorf("table %s: %w", table, ErrNotEmpty)
		}
	}
	return nil
}

// Row puts one row, with its values as [Snapshot.Rows] gives them. Tables and
// columns that this database lacks, and values of another type, are refused.
func (l *Loader) Row(ctx context.Context, table string, columns []string, values []any) error {
	types, ok := l.tables[table]
	if !ok {
		return fmt.Errorf("there is no table %s", table)
	}
	if len(columns) != len(values) {
		return fmt.Errorf("table %s: %d values for %d columns", table, len(values), len(columns))
	}
	values = slices.Clone(values)
	for i, c := range columns {
		if values[i], ok = fitted(types[c], values[i]); !ok {
			return fmt.Errorf("table %s: column %s can't hold what came for it", table, c)
		}
	}
	key := table + "\x00" + strings.Join(columns, "\x00")
	text := l.insert[key]
	if text == "" {
		text = insertText(table, columns)
		l.insert[key] = text
	}
	_, err := l.tx.exec(ctx, text, values)
	return classify(err)
}

func insertText(table string, columns []string) string {
	names, places := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], places[i] = quote(c), "$"+strconv.Itoa(i+1)
	}
	return "insert into " + quote(table) + " (" + strings.Join(names, ", ") + ") values (" + strings.Join(places, ", ") + ")"
}

// fitted is a value as it can stand in a column of a declared type; "" is a
// column that isn't there. SQLite lets text stand where bytes are declared, and
// the other way round; PostgreSQL does not.
func fitted(declared string, v any) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, declared != ""
	case bool:
		return v, declared == "boolean"
	case int64:
		if declared == "boolean" { // as SQLite keeps it
			return v == 1, v == 0 || v == 1
		}
		return v, declared == "bigint" || declared == "integer"
	case string:
		if declared == "bytea" {
			return []byte(v), true
		}
		return v, declared == "text"
	case []byte:
		if declared == "text" {
			return string(v), utf8.Valid(v)
		}
		return v, declared == "bytea"
	}
	return nil, false
}

// columnTypes are the declared types of a table's columns, in small letters.
func (d *DB) columnTypes(ctx context.Context, table string) (map[string]string, error) {
	text := `select name, type from pragma_table_info($1)`
	if d.engine == PostgreSQL {
		text = `select column_name, data_type from information_schema.columns where table_schema = current_schema() and table_name = $1`
	}
	rows, err := d.pool.QueryContext(ctx, text, table)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	types := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		types[name] = strings.ToLower(kind)
	}
	return types, rows.Err()
}

// Then runs a statement after the rows, in the same transaction.
func (l *Loader) Then(ctx context.Context, s Statement, args ...any) error {
	_, err := s.Run(ctx, l.tx, args...)
	return err
}

// Tx is the transaction of the loader, for looking at what was put.
func (l *Loader) Tx() *Tx { return l.tx }

// Integrity has the engine read the database through, where it can: "" when it is
// sound, else what is wrong with it.
func (d *DB) Integrity(ctx context.Context) (string, error) {
	if d.engine == PostgreSQL {
		return "", nil // the server's own checks are its keeper's
	}
	var says string
	err := d.pool.QueryRowContext(ctx, "pragma quick_check(1)").Scan(&says)
	if says == "ok" {
		says = ""
	}
	return says, classify(err)
}
