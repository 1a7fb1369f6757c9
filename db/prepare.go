package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
)

func preparePostgres(ctx context.Context, conn *sql.Conn, text string) (columns int, err error) {
	err = conn.Raw(func(c any) error {
		d, err := c.(*stdlib.Conn).Conn().Prepare(ctx, "", text)
		if err == nil {
			columns = len(d.Fields)
		}
		return err
	})
	return columns, err
}

// prepareSQLite prepares the text; the columns of a query show only when it
// runs, so it runs with zeros, which match no row. What changes rows is prepared
// and not run: PostgreSQL tells its columns.
func prepareSQLite(ctx context.Context, conn *sql.Conn, r Registered) (int, error) {
	s, err := conn.PrepareContext(ctx, r.Text)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if r.Columns == 0 || changesRows(r.Text) {
		return r.Columns, nil
	}
	args := make([]any, parameters(r.Text))
	for i := range args {
		args[i] = 0
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("run: %w", err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	return len(cols), err
}

func changesRows(text string) bool {
	verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch strings.ToLower(verb) {
	case "insert", "update", "delete", "with":
		return true
	}
	return false
}

// parameters is the highest N of the $N in a text.
func parameters(text string) (n int) {
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			continue
		}
		k := 0
		for i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
			i++
			k = k*10 + int(text[i]-'0')
		}
		n = max(n, k)
	}
	return n
}
