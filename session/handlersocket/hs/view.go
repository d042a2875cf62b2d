package hs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// TablesOnly returns a check for Options.Check that asks the server, over SQL, whether
// a table is one: opening a view crashes MariaDB, up to 11.8 at the least. db stays the
// caller's. It costs a query each time that a connection first opens an index.
func TablesOnly(db *sql.DB) func(ctx context.Context, database, table string) error {
	return func(ctx context.Context, database, table string) error {
		var kind string
		err := db.QueryRowContext(ctx, "SELECT table_type FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", database, table).Scan(&kind)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("%w: %s.%s", ErrOpenTable, database, table)
		case err != nil:
			return fmt.Errorf("ask over SQL whether %s.%s is a table: %w", database, table, err)
		case kind != "BASE TABLE":
			return fmt.Errorf("%s.%s is a %s, and opening it by HandlerSocket would crash the server; name the table itself", database, table, kind)
		}
		return nil
	}
}
