package hs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Definition says what to open: an index of a table, and which columns to read and
// write through it.
type Definition struct {
	Database string
	Table    string // never a view: opening one crashes the server
	Index    string // the index's name; "" is PRIMARY

	// Columns are the columns that finds return and writes set, in this order.
	Columns []string

	// Filters are the columns that Filter may compare. They cannot be TEXT or
	// BLOB.
	Filters []string
}

// Index is an index as a Client opens it on each of its connections, the first time
// that it is used there. It is safe for concurrent use.
type Index struct {
	client  *Client
	id      int
	open    []byte // the request that opens it, with its line feed
	def     Definition
	columns int
}

// Index prepares an index. It does no I/O: whether the table has the index and the
// columns is known when it is first used. Of equal definitions there is one Index.
func (c *Client) Index(d Definition) (*Index, error) {
	if d.Index == "" {
		d.Index = "PRIMARY"
	}
	if d.Database == "" || d.Table == "" {
		return nil, fmt.Errorf("%w: a Definition needs a Database and a Table", ErrBadRequest)
	}
	if most := max(len(d.Columns), len(d.Filters)); most > maxColumns {
		return nil, fmt.Errorf("%w: %d columns, and a table has at most %d", ErrBadRequest, most, maxColumns)
	}
	for _, name := range slices.Concat([]string{d.Database, d.Table, d.Index}, d.Columns, d.Filters) {
		if odd := strings.ContainsFunc(name, func(r rune) bool { return r < plain || r == ',' }); odd || name == "" {
			return nil, fmt.Errorf("%w: %q cannot be a name in HandlerSocket, which has commas between names and no escapes in them", ErrBadRequest, name)
		}
	}
	tail := "\t" + d.Database + "\t" + d.Table + "\t" + d.Index + "\t" + strings.Join(d.Columns, ",")
	if len(d.Filters) > 0 {
		tail += "\t" + strings.Join(d.Filters, ",")
	}
	return c.register(d, tail+"\n"), nil
}

// What a table and an index have at most in MariaDB. The plugin makes room on its stack
// for as many values as a request says that it has: more would crash the server.
const (
	maxColumns = 4096
	maxKey     = 32
)

// register gives the index the number under which all connections know it.
func (c *Client) register(d Definition, tail string) *Index {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.indexes[tail]; x != nil {
		return x
	}
	x := &Index{client: c, id: len(c.indexes), def: d, columns: len(d.Columns)}
	x.open = append(strconv.AppendInt([]byte("P\t"), int64(x.id), 10), tail...)
	c.indexes[tail] = x
	return x
}

// Find reads the rows of q into the Rows.
func (x *Index) Find(ctx context.Context, into *Rows, q Query) error {
	b := x.client.borrow()
	b.Find(x, q)
	err := b.Do(ctx)
	b.yield(into)
	return err
}

// Insert adds a row: one value for each column of the definition. Columns that are
// not in the definition get their default, but not one that is an expression. It
// returns the number that an AUTO_INCREMENT column gave the row, else 0.
func (x *Index) Insert(ctx context.Context, values ...Value) (int64, error) {
	b := x.client.borrow()
	b.Insert(x, values...)
	return b.doCount(ctx)
}

// Update sets all columns of the definition in the rows of q, and returns how many
// rows there were, also where nothing in them changed.
func (x *Index) Update(ctx context.Context, q Query, values ...Value) (int64, error) {
	b := x.client.borrow()
	b.Update(x, q, values...)
	return b.doCount(ctx)
}

// UpdateReturning is Update, and reads the rows as they were before into the Rows.
func (x *Index) UpdateReturning(ctx context.Context, into *Rows, q Query, values ...Value) error {
	b := x.client.borrow()
	b.UpdateReturning(x, q, values...)
	err := b.Do(ctx)
	b.yield(into)
	return err
}

// Delete deletes the rows of q, and returns how many there were.
func (x *Index) Delete(ctx context.Context, q Query) (int64, error) {
	b := x.client.borrow()
	b.Delete(x, q)
	return b.doCount(ctx)
}

// DeleteReturning is Delete, and reads the rows as they were into the Rows.
func (x *Index) DeleteReturning(ctx context.Context, into *Rows, q Query) error {
	b := x.client.borrow()
	b.DeleteReturning(x, q)
	err := b.Do(ctx)
	b.yield(into)
	return err
}
