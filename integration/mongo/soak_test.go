//go:build soak

package mongo_test

import (
	"testing"
	"time"

	"gyrfalcon/session/mongo"
)

// The server looks once a minute.
func TestSoakTheServerRemovesWhatHasExpiredByTheTTLIndex(t *testing.T) {
	t.Parallel()
	coll := newCollection(t)
	a := open(t, coll, mongo.Options{TTLIndex: true, Lifetime: life})
	if w := a.Warnings(); len(w) != 0 {
		t.Fatalf("Open has the warnings %q, want none", w)
	}
	now := time.Now()
	insert(t, coll, doc("expired", now.Add(-3*life), "x"), doc("within the slack", now.Add(-life-time.Minute), "x"),
		doc("living", now, "x"), doc("without a time", nil, "x"))
	deadline := time.After(4 * time.Minute)
	for document(t, coll, "expired") != nil {
		select {
		case <-deadline:
			t.Fatal("the server has not removed the expired session within 4 minutes")
		case <-time.After(time.Second):
		}
	}
	for _, id := range []string{"within the slack", "living", "without a time"} {
		if document(t, coll, id) == nil {
			t.Errorf("the session %q is gone, want it left", id)
		}
	}
}
