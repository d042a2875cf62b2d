package handlersocket

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gyrfalcon/session/handlersocket/hs"
)

// Open makes sure that both ports answer, that writes are allowed and that the table has
// the columns and indexes; with Options.SQL also that it is no view, and what it holds.
// Its errors name the mend. Opening an open adapter does nothing.
func (a *Adapter) Open(ctx context.Context) error {
	select {
	case a.opening <- struct{}{}:
		defer func() { <-a.opening }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, err := a.begin(ctx); !errors.Is(err, errNotOpen) {
		return err
	}
	if err := a.opts.Validate(); err != nil {
		return fmt.Errorf("session/handlersocket: %w", err)
	}
	s, err := openStore(ctx, a.opts)
	if err != nil {
		return fmt.Errorf("session/handlersocket: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		s.close()
		return errClosed
	}
	a.store = s
	return nil
}

func openStore(ctx context.Context, o Options) (*store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	location, err := time.LoadLocation(o.Timezone)
	if err != nil {
		return nil, err
	}
	s := &store{opts: o, zone: zone{location}}
	s.limits = limits{o.IDChars, o.DataBytes, strings.ToLower(o.Charset)}
	s.digits.Store(unknown)
	if o.SQL != nil {
		found, digits, err := lookUp(ctx, o.SQL, o.Server)
		if err != nil {
			return nil, err
		}
		s.limits = found
		s.digits.Store(int32(digits))
	}
	s.connect()
	if err := s.define(); err != nil {
		s.close()
		return nil, err
	}
	if err := s.tryOut(ctx); err != nil {
		s.close()
		return nil, o.mendOf(err)
	}
	return s, nil
}

// connect makes the pools, which dial when they are used.
func (s *store) connect() {
	o := hs.Options{Address: s.opts.address(s.opts.PortWr), Secret: s.opts.SecretWr, Conns: s.opts.Pool, Timeout: s.opts.Timeout}
	if s.opts.SQL != nil {
		o.Check = hs.TablesOnly(s.opts.SQL)
	}
	s.writes = hs.New(o)
	s.reads = s.writes
	if s.opts.PortWr != s.opts.Server.Port {
		o.Address, o.Secret = s.opts.address(s.opts.Server.Port), s.opts.Secret
		s.reads = hs.New(o)
	}
}

func (s *store) define() error {
	d := hs.Definition{Database: s.opts.Server.DBName, Table: s.opts.Server.DBTable, Filters: []string{"modified"}}
	d.Columns = []string{"id", "modified", "data"}
	var errs [4]error
	s.read, errs[0] = s.reads.Index(d)
	s.row, errs[1] = s.writes.Index(d)
	d.Columns = d.Columns[:2]
	s.use, errs[2] = s.writes.Index(d)
	d.Index, d.Columns = "modified", d.Columns[1:]
	s.age, errs[3] = s.writes.Index(d)
	return errors.Join(errs[:]...)
}

// tryOut uses each index once, for nothing: the delete is of a row that no filter lets
// pass. It learns from any row how the column modified keeps time.
func (s *store) tryOut(ctx context.Context) error {
	var rows hs.Rows
	if err := s.read.Find(ctx, &rows, byID("-")); err != nil {
		return err
	}
	b := s.writes.NewBatch()
	b.Find(s.age, hs.Query{Op: hs.GreaterEqual, Key: []hs.Value{hs.String("0000-00-00 00:00:00")}})
	b.Find(s.use, byID("-"))
	b.Delete(s.row, hs.Query{Key: []hs.Value{hs.String("-")}, Filters: []hs.Filter{{Op: hs.Less, Value: hs.String("0000-00-00 00:00:00")}}})
	if err := b.Do(ctx); err != nil {
		return err
	}
	if some := b.Rows(0); some.Len() == 1 {
		s.parse(some.Field(0, 0))
	}
	return nil
}

// mendOf adds to what the server says what can be done about it.
func (o Options) mendOf(err error) error {
	mend := ""
	switch {
	case errors.Is(err, hs.ErrOpenTable):
		mend = fmt.Sprintf("see that server.dbname and server.dbtable are right, or create the table in `%s`: "+Schema, o.Server.DBName, o.Server.DBTable)
	case errors.Is(err, hs.ErrNoSuchIndex):
		mend = fmt.Sprintf("the table needs PRIMARY KEY (`id`) and KEY `modified` (`modified`): ALTER TABLE `%s` ADD KEY `modified` (`modified`)", o.Server.DBTable)
	case errors.Is(err, hs.ErrNoSuchColumn):
		mend = fmt.Sprintf("the table needs the columns `id`, `modified` and `data`; one that has them: "+Schema, o.Server.DBTable)
	case errors.Is(err, hs.ErrReadOnlyPort):
		mend = fmt.Sprintf("set port_wr to the server's handlersocket_port_wr (9999 by default); %d is its port for reads", o.PortWr)
	case errors.Is(err, hs.ErrUnauthorized):
		mend = "set secret (and secret_wr, where it differs) to what SHOW VARIABLES LIKE 'handlersocket_plain%' says; a server that was given none makes one up at each start, unless handlersocket_plain_secret= is set empty"
	case errors.Is(err, hs.ErrLockTables):
		mend = "see that the server is not read_only"
	default:
		if lost, ok := errors.AsType[*hs.LostError](err); ok && !lost.Sent {
			mend = fmt.Sprintf("see that the server runs with the plugin (plugin-load-add=handlersocket) and listens at %s and %s", o.address(o.Server.Port), o.address(o.PortWr))
		}
	}
	if mend == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, mend)
}
