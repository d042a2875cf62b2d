package hs_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"gyrfalcon/session/handlersocket/hs"
)

// serveWithoutAllocating is a server for measurements: it answers each request whose
// bytes hold a word with that word's answer.
func serveWithoutAllocating(t testing.TB, answers map[string]string) (address string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = nc.Close() }()
		in, out, have := make([]byte, 1<<20), make([]byte, 0, 1<<20), 0
		for {
			n, err := nc.Read(in[have:])
			if err != nil {
				return
			}
			have += n
			out = out[:0]
			for {
				i := bytes.IndexByte(in[:have], '\n')
				if i < 0 {
					break
				}
				for word, answer := range answers {
					if bytes.Contains(in[:i], []byte(word)) {
						out = append(append(out, answer...), '\n')
						break
					}
				}
				have = copy(in, in[i+1:have])
			}
			if _, err := nc.Write(out); err != nil {
				return
			}
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return l.Addr().String()
}

// Once the memory is there, an exchange allocates nothing, however many fields come.
func TestAnExchangeAllocatesNothing(t *testing.T) {
	c := hs.New(hs.Options{Address: serveWithoutAllocating(t, map[string]string{
		"things":  "0\t1",
		"many":    "0\t2" + strings.Repeat("\tsome\x01\x49thing\t\x00", 500),
		"\tone\t": "0\t2\tone\trow",
		"gone":    "0\t1\t1",
		"new":     "0\t1",
		"U\tset":  "0\t1\t1",
		"U?\tset": "0\t2\told\trow",
		"D?":      "0\t2\told\trow",
	})})
	t.Cleanup(c.Close)
	x := define(t, c)
	var rows hs.Rows
	b := c.NewBatch()
	added := []hs.Value{hs.String("new"), hs.Bytes([]byte("row"))}
	set := []hs.Value{hs.String("set"), hs.Null()}
	swap := hs.Query{Key: []hs.Value{hs.String("k")}, Filters: []hs.Filter{{Op: hs.Equal, Value: hs.String("2027-03-04 05:06:07")}}}
	ctx := context.Background() // a context that can end costs its watching
	for name, do := range map[string]func() error{
		"a find of one row":                     func() error { return x.Find(ctx, &rows, key("one")) },
		"a find of 500 rows":                    func() error { return x.Find(ctx, &rows, key("many")) },
		"a delete":                              func() error { _, err := x.Delete(ctx, key("gone")); return err },
		"a delete that returns what it deletes": func() error { return x.DeleteReturning(ctx, &rows, swap) },
		"an insert":                             func() error { _, err := x.Insert(ctx, added...); return err },
		"an update":                             func() error { _, err := x.Update(ctx, swap, set...); return err },
		"an update that returns what it replaces": func() error { return x.UpdateReturning(ctx, &rows, swap, set...) },
		"a batch of 16 finds": func() error {
			b.Reset()
			for range 16 {
				b.Find(x, key("one"))
			}
			return b.Do(ctx)
		},
	} {
		var failed error
		got := testing.AllocsPerRun(500, func() {
			if err := do(); err != nil {
				failed = err
			}
		})
		if failed != nil || got > 0 {
			t.Errorf("%s: %v allocations, error %v; want none", name, got, failed)
		}
	}
}
