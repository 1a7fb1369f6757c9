package db

import (
	"context"
	"encoding/hex"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Dump reads a whole table into a map from key to row, both written the same
// way on both engines: column=value pairs sorted by column. For comparing two
// databases; table and key are names from our own code.
func (d *DB) Dump(ctx context.Context, table string, key []string) (map[string]string, error) {
	rows, err := d.pool.QueryContext(ctx, "select * from "+table)
	if err != nil {
		return nil, classify(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		row := map[string]string{}
		for i, n := range names {
			row[n] = plain(values[i])
		}
		k := make([]string, len(key))
		for i, n := range key {
			v, ok := row[n]
			if !ok {
				return nil, fmt.Errorf("table %s has no column %s", table, n)
			}
			k[i] = v
		}
		id := strings.Join(k, " ")
		if _, twice := all[id]; twice {
			return nil, fmt.Errorf("table %s: %v is no key: %s stands twice", table, key, id)
		}
		all[id] = line(row)
	}
	return all, rows.Err()
}

func line(row map[string]string) string {
	pairs := make([]string, 0, len(row))
	for n, v := range row {
		pairs = append(pairs, n+"="+v)
	}
	sort.Strings(pairs)
	return strings.Join(pairs, " ")
}

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		if v {
			return "1"
		}
		return "0"
	case int64:
		return strconv.FormatInt(v, 10)
	case []byte:
		return "x" + hex.EncodeToString(v)
	case string:
		return strconv.Quote(v)
	default:
		return fmt.Sprintf("%T:%v", v, v)
	}
}

// Tables lists the tables of the schema; views are none.
func (d *DB) Tables(ctx context.Context) ([]string, error) {
	rows, err := d.pool.QueryContext(ctx, tablesText(d.engine))
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
		names = append(names, n)
	}
	return names, rows.Err()
}

func tablesText(e Engine) string {
	if e == PostgreSQL {
		return `select table_name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'`
	}
	return `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`
}
