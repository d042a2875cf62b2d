package mongo_test

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gyrfalcon/session/mongo"
)

// used is a session as GC finds it.
func used(id string, at time.Time) bson.D { return bson.D{field("_id", id), field("modified", at)} }

func TestGCGoesOnWhereItHasEndedAndBeginsAgainInTheEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	now := time.UnixMilli(1_800_000_000_000)
	a := s.open(mongo.Options{Now: func() time.Time { return now }})
	old := now.Add(-2 * life)
	for i, step := range []struct {
		found []any
		from  time.Time // where it looks from; zero for the beginning
		to    time.Time // and to; zero for all that has expired
		more  bool
	}{
		{[]any{used("a", old), used("b", old.Add(time.Second))}, time.Time{}, time.Time{}, true},
		{[]any{used("b", old.Add(time.Second)), used("c", old.Add(time.Minute))}, old.Add(time.Second), time.Time{}, true},
		{[]any{used("c", old.Add(time.Minute))}, old.Add(time.Minute), time.Time{}, true}, // what is before it was not looked at again
		// and now a server that reads its index backwards
		{[]any{used("e", old.Add(time.Minute)), used("d", old)}, time.Time{}, time.Time{}, true},
		{nil, time.Time{}, old, true},
		{nil, time.Time{}, time.Time{}, false},
	} {
		s.forget()
		s.on("find", func(command bson.Raw) bson.D {
			if command.Lookup("filter", "modified").Type == bson.TypeNull {
				return batch()
			}
			return batch(step.found...)
		})
		s.on("delete", says(ok(field("n", len(step.found)))))
		n, more, err := a.GC(t.Context(), life, 2)
		if n != len(step.found) || more != step.more || err != nil {
			t.Errorf("GC no. %d = %d, %v, %v; want %d, %v, nil", i+1, n, more, err, len(step.found), step.more)
		}
		search := s.commands("find")[0]
		var from time.Time
		if v, err := search.LookupErr("filter", "modified", "$gte"); err == nil {
			from = v.Time()
		}
		if step.to.IsZero() {
			step.to = now.Add(-life)
		}
		if to := search.Lookup("filter", "modified", "$lte").Time(); !from.Equal(step.from) || !to.Equal(step.to) {
			t.Errorf("GC no. %d looks from %v to %v, want from %v to %v", i+1, from, to, step.from, step.to)
		}
		if hint := search.Lookup("hint"); hint.Type != bson.TypeString || hint.StringValue() != "modified_1" {
			t.Errorf("GC no. %d names the index %v, want the one that Open has made", i+1, hint)
		}
		for _, d := range s.commands("delete") {
			if d.Lookup("deletes", "0", "q", "modified", "$lte").Type != bson.TypeDateTime {
				t.Errorf("GC deletes %v, want only what has still expired", d)
			}
		}
	}
}

func TestGCDoesWithoutAnIndexThatWasDropped(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.open(mongo.Options{})
	s.on("find", func(command bson.Raw) bson.D {
		switch {
		case command.Lookup("hint").Type != 0:
			return refusal(2, "BadValue", "error processing query: hint provided does not correspond to an existing index")
		case command.Lookup("filter", "modified").Type == bson.TypeNull:
			return batch()
		}
		return batch(used("a", time.UnixMilli(0)))
	})
	if n, more, err := a.GC(t.Context(), life, 2); n != 1 || more || err != nil {
		t.Errorf("GC = %d, %v, %v; want 1, false, nil", n, more, err)
	}
}
