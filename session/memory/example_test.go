package memory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// Two requests have read one session. The second to write learns that it was
// late, reads again, and loses nothing.
func ExampleAdapter() {
	ctx := context.Background()
	a := memory.New(memory.Options{})
	defer func() { _ = a.Close(ctx) }()

	read, _ := a.Create(ctx, "id", []byte("basket: tea"), time.Hour)
	_, err := a.Swap(ctx, "id", read, []byte("basket: tea, milk"), time.Hour)
	fmt.Println("first:", err)
	_, err = a.Swap(ctx, "id", read, []byte("basket: tea, sugar"), time.Hour)
	fmt.Println("second in conflict:", errors.Is(err, session.ErrConflict))

	read, _ = a.Read(ctx, "id", time.Hour)
	_, err = a.Swap(ctx, "id", read, append(read.Data, ", sugar"...), time.Hour)
	fmt.Println("again:", err)
	read, _ = a.Read(ctx, "id", time.Hour)
	fmt.Println(string(read.Data))

	// Output:
	// first: <nil>
	// second in conflict: true
	// again: <nil>
	// basket: tea, milk, sugar
}
