package sessiontest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

var secrecyPromises = []promise{
	{name: "No error holds an ID or a session's content", test: testSecrecy},
}

func testSecrecy(t *testing.T, f *fixture) {
	const content = "hunter2-and-more"
	id, unknown := newID(), newID()
	look := func(what string, err error) {
		t.Helper()
		if err == nil {
			return
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
			text = strings.ToLower(text)
			for _, secret := range []string{id, unknown, content} {
				if strings.Contains(text, secret) {
					t.Errorf("the error of %s holds an ID or a session's content", what) // and is not repeated here
				}
			}
		}
	}
	try := func(what string, ctx context.Context, data string) {
		t.Helper()
		r, err := f.Create(ctx, id, []byte(data), f.life)
		look("Create, "+what, err)
		_, err = f.Create(ctx, id, []byte(data), f.life)
		look("Create of a living ID, "+what, err)
		next, err := f.Swap(ctx, id, r, []byte(data+"!"), f.life)
		look("Swap, "+what, err)
		_, err = f.Swap(ctx, id, r, []byte(data), f.life)
		look("Swap of an outdated record, "+what, err)
		_, err = f.Swap(ctx, unknown, next, []byte(data), f.life)
		look("Swap of an unknown ID, "+what, err)
		_, err = f.Read(ctx, unknown, f.life)
		look("Read of an unknown ID, "+what, err)
		look("Touch of an unknown ID, "+what, f.Touch(ctx, unknown, f.life))
		look("Destroy, "+what, f.Destroy(ctx, id))
		_, _, err = f.GC(ctx, f.life, 10)
		look("GC, "+what, err)
	}
	try("in the usual way", t.Context(), content)
	over, _ := ended(t.Context())
	try("with a context that has ended", over, content)
	if f.TextOnly {
		try("with bytes that are no text", t.Context(), content+"\xff")
	}
	if f.MaxData > 0 {
		try("with too much data", t.Context(), content+strings.Repeat("x", 2*f.MaxData))
	}
	if f.Stall != nil {
		resume := f.Stall(t, f.store)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		try("in a store that lets nobody write", ctx, content)
		cancel()
		resume()
	}
	wantErr(t, "Close", f.Close(t.Context()), nil)
	try("after Close", t.Context(), content)
}
