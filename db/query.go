package db

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"translocal/fault"
)

// A Query is one SQL text that gives rows of type T: a struct whose exported
// fields match the columns in order (embedded structs are flattened), or a
// single scannable value. Declare queries as package variables, so that the
// test that prepares every query on both engines knows them.
type Query[T any] struct {
	text   string
	fields [][]int // index paths of the fields; nil: T itself is scanned
}

// Rows declares a query. It panics at program start when T can't hold a row.
func Rows[T any](text string) Query[T] {
	q := Query[T]{text: text}
	t := reflect.TypeFor[T]()
	if t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[sql.Scanner]()) {
		q.fields = fieldsOf(t, nil)
		if len(q.fields) == 0 {
			panic(fmt.Sprintf("db.Rows: %v has no exported field", t))
		}
	}
	register(text, max(1, len(q.fields)))
	return q
}

func fieldsOf(t reflect.Type, at []int) (paths [][]int) {
	for i := range t.NumField() {
		f, path := t.Field(i), append(append([]int{}, at...), i)
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			paths = append(paths, fieldsOf(f.Type, path)...)
		case f.IsExported():
			paths = append(paths, path)
		}
	}
	return paths
}

// Each yields the rows one by one; an error ends the sequence.
func (q Query[T]) Each(ctx context.Context, on Queryer, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		if err := areText(args); err != nil {
			yield(zero, err)
			return
		}
		rows, err := on.query(ctx, q.text, args)
		if err != nil {
			yield(zero, q.wrap(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var row T
			if err := rows.Scan(q.targets(&row)...); err != nil {
				yield(zero, q.wrap(err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, q.wrap(err))
		}
	}
}

func (q Query[T]) targets(row *T) []any {
	if q.fields == nil {
		return []any{row}
	}
	v := reflect.ValueOf(row).Elem()
	targets := make([]any, len(q.fields))
	for i, path := range q.fields {
		targets[i] = v.FieldByIndex(path).Addr().Interface()
	}
	return targets
}

// All returns every row, nil when there are none.
func (q Query[T]) All(ctx context.Context, on Queryer, args ...any) ([]T, error) {
	var all []T
	for row, err := range q.Each(ctx, on, args...) {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// One returns the first row, or ErrNoRow.
func (q Query[T]) One(ctx context.Context, on Queryer, args ...any) (T, error) {
	for row, err := range q.Each(ctx, on, args...) {
		return row, err
	}
	var zero T
	return zero, ErrNoRow
}

func (q Query[T]) wrap(err error) error {
	if c := classify(err); c != err {
		return c
	}
	return fmt.Errorf("%w (in %.80q)", err, q.text)
}

// areText refuses strings that are not UTF-8 or hold a zero: SQLite would take
// them and PostgreSQL not, so neither gets them. Bytes are another thing.
func areText(args []any) error {
	for _, a := range args {
		s, ok := a.(string)
		if v := reflect.ValueOf(a); !ok && v.IsValid() && v.Kind() == reflect.String {
			s = v.String()
		}
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return fault.New(fault.Invalid, "fault.encoding")
		}
	}
	return nil
}

// A Statement is one SQL text that changes rows.
type Statement struct{ text string }

// Exec declares a statement.
func Exec(text string) Statement {
	register(text, 0)
	return Statement{text}
}

// Run runs the statement and returns how many rows it touched.
func (s Statement) Run(ctx context.Context, tx *Tx, args ...any) (int64, error) {
	if err := areText(args); err != nil {
		return 0, err
	}
	res, err := tx.exec(ctx, s.text, args)
	if err != nil {
		if c := classify(err); c != err {
			return 0, c
		}
		return 0, fmt.Errorf("%w (in %.80q)", err, s.text)
	}
	return res.RowsAffected()
}

// Registered is a query as declared somewhere in the program.
type Registered struct {
	Text    string
	Columns int    // 0 for a Statement
	Where   string // file:line
}

var registry struct {
	sync.Mutex
	all []Registered
}

func register(text string, columns int) {
	_, file, line, _ := runtime.Caller(2)
	registry.Lock()
	defer registry.Unlock()
	registry.all = append(registry.all, Registered{text, columns, fmt.Sprintf("%s:%d", file, line)})
}

// All lists every query declared in the packages of this program.
func All() []Registered {
	registry.Lock()
	defer registry.Unlock()
	return append([]Registered{}, registry.all...)
}

// Prepare asks the engine to prepare a text and tells how many columns it
// gives; for the test over All.
func (d *DB) Prepare(ctx context.Context, r Registered) (columns int, err error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if d.engine == PostgreSQL {
		return preparePostgres(ctx, conn, r.Text)
	}
	return prepareSQLite(ctx, conn, r)
}
