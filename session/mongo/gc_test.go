package mongo_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gyrfalcon/session/mongo"
)

// used is a session as GC finds it.
func used(id string, at time.Time) bson.D { return bson.D{field("_id", id), field("modified", at)} }

// never says whether GC looks for sessions that have no time yet.
func never(find bson.Raw) bool { return find.Lookup("filter", "modified", "$eq").Type == bson.TypeNull }

func TestGCGoesOnWhereItHasEndedAndBeginsAgainInTheEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	now := time.UnixMilli(1_800_000_000_000)
	a := s.open(mongo.Options{Now: func() time.Time { return now }})
	old := now.Add(-2 * life)
	at := func(d time.Duration) time.Time { return old.Add(d) }
	for i, step := range []struct {
		found    []any
		from, to time.Time // where it looks; zero for an end that is open
		more     bool
	}{
		{found: []any{used("a", at(0)), used("b", at(time.Minute))}, more: true},
		{found: []any{used("b", at(time.Minute)), used("c", at(2*time.Minute))}, from: at(time.Minute), to: at(3*time.Minute + time.Second), more: true},
		{found: []any{used("c", at(3*time.Minute))}, from: at(2 * time.Minute), to: at(4*time.Minute + time.Second), more: true},
		{from: at(4*time.Minute + time.Second), to: at(4*time.Minute + time.Second + 8*(2*time.Minute+time.Second)), more: true},
		{from: at(4*time.Minute + time.Second + 8*(2*time.Minute+time.Second)), more: true}, // up to all that has expired
		// from the beginning, and now the server reads its index backwards
		{found: []any{used("e", at(time.Minute)), used("d", at(0))}, more: true},
		{found: []any{used("x", at(0))}, from: at(-2*time.Minute - time.Second), to: at(0), more: true},
		{from: at(-2*time.Minute - time.Second - 8*(2*time.Minute+time.Second)), to: at(-2*time.Minute - time.Second), more: true},
	} {
		s.forget()
		s.on("find", func(command bson.Raw) bson.D {
			if never(command) {
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
	// further and further back, to the beginning of time, and once more over all
	s.on("find", says(batch()))
	for calls := 1; ; calls++ {
		_, more, err := a.GC(t.Context(), life, 2)
		if err != nil || calls > 20 {
			t.Fatalf("GC has not come to an end in %d calls, %v", calls, err)
		}
		if !more {
			break
		}
	}
	last := s.commands("find")
	if v := last[len(last)-2].Lookup("filter", "modified"); v.Type != bson.TypeEmbeddedDocument || v.Document().Lookup("$gte").Type != 0 || !v.Document().Lookup("$lte").Time().Equal(now.Add(-life)) {
		t.Errorf("the last call looks at %v, want at all that has expired", v)
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
		case never(command):
			return batch()
		}
		return batch(used("a", time.UnixMilli(0)))
	})
	if n, more, err := a.GC(t.Context(), life, 2); n != 1 || more || err != nil {
		t.Errorf("GC = %d, %v, %v; want 1, false, nil", n, more, err)
	}
}

// What a call looks at, and what one command deletes, has a bound however much has expired.
func TestGCHasTheServerFindNoMoreThanItsLimitAndDeletesThatInChunks(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.open(mongo.Options{})
	const expired = 10_000
	s.on("find", func(command bson.Raw) bson.D {
		n, _ := command.Lookup("limit").AsInt64OK()
		if n == 0 { // which is none
			n = expired
		}
		found := make([]any, n)
		for i := range found {
			found[i] = used(fmt.Sprint(i), time.UnixMilli(int64(i)))
		}
		return batch(found...)
	})
	s.on("delete", func(command bson.Raw) bson.D {
		ids, _ := command.Lookup("deletes", "0", "q", "_id", "$in").Array().Values()
		return ok(field("n", len(ids)))
	})
	s.forget()
	n, more, err := a.GC(t.Context(), life, 50)
	if n != 50 || !more || err != nil {
		t.Errorf("GC with a limit of 50 = %d, %v, %v; want 50, true, nil", n, more, err)
	}
	finds := s.commands("find")
	if len(finds) != 1 {
		t.Fatalf("GC has searched %d times, want once where that finds a full batch", len(finds))
	}
	if limit, _ := finds[0].Lookup("limit").AsInt64OK(); limit != 50 {
		t.Errorf("GC searches for %d sessions, want its limit, 50", limit)
	}
	if _, err := finds[0].LookupErr("sort"); err == nil {
		t.Error("GC has the server sort, for which it would read all that has expired")
	}
	var chunks []int
	for _, d := range s.commands("delete") {
		ids, _ := d.Lookup("deletes", "0", "q", "_id", "$in").Array().Values()
		chunks = append(chunks, len(ids))
	}
	if !slices.Equal(chunks, []int{20, 20, 10}) {
		t.Errorf("the deletes have %v sessions each, want 20, 20 and 10", chunks)
	}
}
