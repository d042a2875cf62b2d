package hs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"gyrfalcon/session/handlersocket/hs"
)

// pretend is a plugin with two rows, so that the examples run where there is none. It
// returns its address, and how to stop it.
func pretend() (address string, stop func()) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	rows := map[string]string{"falcon": "0\t2\tfalcon\t2", "merlin": "0\t2\tmerlin\t7"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		for in := bufio.NewScanner(nc); in.Scan(); {
			answer := "0\t1"
			switch parts := strings.Split(in.Text(), "\t"); {
			case parts[1] == "+" && rows[parts[3]] != "":
				answer = "1\t1\t121"
			case parts[1] == "=" && rows[parts[3]] != "":
				answer = rows[parts[3]]
			case parts[1] == "=":
				answer = "0\t2"
			}
			_, _ = nc.Write([]byte(answer + "\n"))
		}
		_ = nc.Close()
	}()
	return l.Addr().String(), func() { _ = l.Close(); <-done }
}

// A row by its key, and one that is not there.
func Example() {
	address, stop := pretend() // your server's "localhost:9998"
	defer stop()
	ctx := context.Background()

	reads := hs.New(hs.Options{Address: address})
	defer reads.Close()
	stock, err := reads.Index(hs.Definition{Database: "shop", Table: "stock", Columns: []string{"sku", "pieces"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var rows hs.Rows
	for _, sku := range []string{"falcon", "dodo"} {
		if err := stock.Find(ctx, &rows, hs.Query{Key: []hs.Value{hs.String(sku)}}); err != nil {
			fmt.Println(err)
			return
		}
		if rows.Len() == 0 || string(rows.Field(0, 0)) != sku { // a collation may have found "Falcon"
			fmt.Println("no", sku)
			continue
		}
		fmt.Printf("%s: %s\n", rows.Field(0, 0), rows.Field(0, 1))
	}
	// Output:
	// falcon: 2
	// no dodo
}

// Several operations in one trip.
func ExampleBatch() {
	address, stop := pretend() // your server's "localhost:9999"
	defer stop()
	ctx := context.Background()

	writes := hs.New(hs.Options{Address: address, Secret: "wr-secret"})
	defer writes.Close()
	stock, err := writes.Index(hs.Definition{Database: "shop", Table: "stock", Columns: []string{"sku", "pieces"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	b := writes.NewBatch()
	b.Insert(stock, hs.String("merlin"), hs.Int(1))
	b.Find(stock, hs.Query{Key: []hs.Value{hs.String("merlin")}})
	if err := b.Do(ctx); errors.Is(err, hs.ErrDuplicateKey) {
		fmt.Println("there already:", string(b.Rows(1).Field(0, 1)))
	}
	// Output:
	// there already: 7
}

// What to say when a write ends with an error.
func ExampleOutcomeUnknown() {
	writes := hs.New(hs.Options{Address: "127.0.0.1:1"}) // where nobody listens
	defer writes.Close()
	stock, err := writes.Index(hs.Definition{Database: "shop", Table: "stock", Columns: []string{"sku", "pieces"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = stock.Insert(context.Background(), hs.String("merlin"), hs.Int(1))
	switch {
	case err == nil:
		fmt.Println("stored")
	case hs.OutcomeUnknown(err):
		fmt.Println("perhaps stored; look before doing it again")
	default:
		fmt.Println("not stored; do it again")
	}
	// Output:
	// not stored; do it again
}
