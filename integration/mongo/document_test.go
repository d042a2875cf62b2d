package mongo_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
	"gyrfalcon/session/sessiontest"
)

func doc(id, modified, data any) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "modified", Value: modified}, {Key: "data", Value: data}}
}

// without is a document that lacks a field.
func without(field string, d bson.D) bson.D {
	return slices.DeleteFunc(slices.Clone(d), func(e bson.E) bool { return e.Key == field })
}

func newClock() *sessiontest.Clock {
	return sessiontest.NewClock(time.Date(2027, time.March, 4, 5, 6, 7, 890_000_000, time.UTC))
}

func TestDocumentsAreThoseThatPHPsAdaptersWrite(t *testing.T) {
	t.Parallel()
	c, clock := newCollection(t), newClock()
	a := open(t, c, mongo.Options{Now: clock.Now})
	want := func(data any) {
		t.Helper()
		got := document(t, c, "id")
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, []string{"_id", "data", "modified"}) {
			t.Errorf("the document has the fields %q, want _id, data and modified", keys)
		}
		if got["modified"] != bson.NewDateTimeFromTime(clock.Now()) || !reflect.DeepEqual(got["data"], data) {
			t.Errorf("modified is %v and data %v, want %v and %v", got["modified"], got["data"], clock.Now(), data)
		}
	}
	r, err := a.Create(t.Context(), "id", []byte("a|i:1;"), life)
	if err != nil {
		t.Fatal(err)
	}
	want("a|i:1;")
	clock.Advance(time.Minute)
	if r, err = a.Swap(t.Context(), "id", r, []byte("ü|i:2;\x00"), life); err != nil {
		t.Fatal(err)
	}
	want("ü|i:2;\x00")
	clock.Advance(time.Minute)
	if _, err = a.Swap(t.Context(), "id", r, []byte("\xff\x00"), life); err != nil {
		t.Fatal(err)
	}
	want(bson.Binary{Data: []byte("\xff\x00")})
}

func TestBothShapesOfPHPsDocumentsAreSessions(t *testing.T) {
	t.Parallel()
	clock := newClock()
	now := clock.Now()
	for _, c := range []struct {
		name string
		doc  bson.D
	}{
		{"modified at once, as Phalcon 3 writes it", doc("id", now.Add(-life/2), "a|i:1;")},
		{"modified null, as incubator-session 5 creates it", doc("id", nil, "a|i:1;")},
		{"without modified", without("modified", doc("id", nil, "a|i:1;"))},
		{"with more fields", append(doc("id", nil, "a|i:1;"), bson.E{Key: "user", Value: 7})},
		{"text as binary", doc("id", nil, bson.Binary{Data: []byte("a|i:1;")})},
		{"binary of the old kind, which has a length of its own", doc("id", nil, bson.Binary{Subtype: bson.TypeBinaryBinaryOld, Data: []byte("a|i:1;\xff")})},
		{"empty binary of the old kind", doc("id", nil, bson.Binary{Subtype: bson.TypeBinaryBinaryOld, Data: []byte{}})},
		{"binary of a user's own kind", doc("id", nil, bson.Binary{Subtype: bson.TypeBinaryUserDefined, Data: []byte("a|i:1;\xff")})},
		{"a string that is not valid UTF-8", doc("id", nil, "\xff\xfe")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			coll := newCollection(t)
			insert(t, coll, c.doc)
			a := open(t, coll, mongo.Options{Now: func() time.Time { return now }})
			r, err := a.Read(t.Context(), "id", life)
			if err != nil {
				t.Fatalf("Read = %v, want the session", err)
			}
			if !r.Slid || !r.Expires.Equal(now.Add(life)) {
				t.Errorf("Read: Slid %v, Expires %v; want its life to begin now", r.Slid, r.Expires)
			}
			if got := document(t, coll, "id")["modified"]; got != bson.NewDateTimeFromTime(now) {
				t.Errorf("modified is %v after Read, want %v", got, now)
			}
			other := r
			other.Data = append([]byte("x"), r.Data...)
			if _, err := a.Swap(t.Context(), "id", other, []byte("b|i:2;"), life); !errors.Is(err, session.ErrConflict) {
				t.Errorf("Swap of other data = %v, want ErrConflict", err)
			}
			if _, err := a.Swap(t.Context(), "id", r, []byte("b|i:2;"), life); err != nil {
				t.Errorf("Swap = %v, want nil", err)
			}
			if got := document(t, coll, "id"); got["data"] != "b|i:2;" || got["user"] != map[bool]any{true: int32(7)}[len(c.doc) == 4] {
				t.Errorf("the document is %v after Swap, want its data changed and all else as it was", got)
			}
		})
	}
}

func TestTheLifeOfASessionWithoutATimeBeginsWhenItIsTouchedSwappedOrPassed(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(a *mongo.Adapter) error{
		"Touch": func(a *mongo.Adapter) error { return a.Touch(t.Context(), "id", life) },
		"Swap": func(a *mongo.Adapter) error {
			_, err := a.Swap(t.Context(), "id", session.Record{Data: []byte("x")}, []byte("y"), life)
			return err
		},
		"GC": func(a *mongo.Adapter) error {
			n, more, err := a.GC(t.Context(), life, 10)
			if n != 0 || more {
				return fmt.Errorf("GC = %d, %v, want 0, false", n, more)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			coll, clock := newCollection(t), newClock()
			insert(t, coll, doc("id", nil, "x"))
			a := open(t, coll, mongo.Options{Now: clock.Now})
			clock.Advance(100 * life) // it waits for us
			if err := use(a); err != nil {
				t.Fatal(err)
			}
			if got := document(t, coll, "id")["modified"]; got != bson.NewDateTimeFromTime(clock.Now()) {
				t.Errorf("modified is %v, want now, %v", got, clock.Now())
			}
			clock.Advance(life)
			if _, err := a.Read(t.Context(), "id", life); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Read a lifetime later = %v, want ErrNotFound", err)
			}
			if n, _, err := a.GC(t.Context(), life, 10); n != 1 || err != nil {
				t.Errorf("GC a lifetime later = %d, %v; want 1, nil", n, err)
			}
		})
	}
}

func TestReadMovesModifiedOnlyWhenThatIsDue(t *testing.T) {
	t.Parallel()
	coll, clock := newCollection(t), newClock()
	start := clock.Now()
	a := open(t, coll, mongo.Options{Now: clock.Now})
	if _, err := a.Create(t.Context(), "id", []byte("x"), life); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ after, modified time.Duration }{
		{time.Second, 0},
		{time.Minute - time.Millisecond, 0},
		{time.Minute, time.Minute},
		{time.Minute + 10*time.Second, time.Minute},
		{50 * time.Minute, 50 * time.Minute},
	} {
		clock.Advance(step.after - clock.Now().Sub(start))
		r, err := a.Read(t.Context(), "id", life)
		if err != nil {
			t.Fatalf("Read after %v = %v", step.after, err)
		}
		if want := start.Add(step.modified); document(t, coll, "id")["modified"] != bson.NewDateTimeFromTime(want) ||
			!r.Expires.Equal(want.Add(life)) || r.Slid != (step.after == step.modified) {
			t.Errorf("Read after %v: modified %v, Expires %v, Slid %v; want modified %v, a life more, and Slid where it was moved",
				step.after, document(t, coll, "id")["modified"], r.Expires, r.Slid, want)
		}
	}
}

func TestADocumentThatIsNoSessionIsToldAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	coll := newCollection(t)
	now := newClock().Now()
	a := open(t, coll, mongo.Options{Now: func() time.Time { return now }})
	for id, c := range map[string]struct {
		doc  bson.D
		part string
	}{
		"no-data":     {without("data", doc("no-data", now, nil)), "no data"},
		"data-null":   {doc("data-null", now, nil), "a data of type null"},
		"data-int":    {doc("data-int", now, 7), "a data of type 32-bit integer"},
		"data-object": {doc("data-object", now, bson.D{{Key: "a", Value: 1}}), "a data of type embedded document"},
		"mod-string":  {doc("mod-string", "yesterday", "x"), "a modified of type string"},
		"mod-number":  {doc("mod-number", int64(1_700_000_000), "x"), "a modified of type 64-bit integer"},
		"mod-array":   {doc("mod-array", bson.A{now.Add(-100 * life)}, "x"), "a modified of type array"},
		"mod-nulls":   {doc("mod-nulls", bson.A{nil}, "x"), "a modified of type array"},
		"mod-bool":    {doc("mod-bool", true, "x"), "a modified of type boolean"},
		"mod-double":  {doc("mod-double", 1.7e9, "x"), "a modified of type double"},
		"mod-object":  {doc("mod-object", bson.D{{Key: "sec", Value: 1}}, "x"), "a modified of type embedded document"},
		"mod-binary":  {doc("mod-binary", bson.Binary{Data: []byte("x")}, "x"), "a modified of type binary"},
		"mod-id":      {doc("mod-id", bson.NewObjectID(), "x"), "a modified of type objectID"},
		"mod-stamp":   {doc("mod-stamp", bson.Timestamp{T: 1_700_000_000}, "x"), "a modified of type timestamp"},
		"mod-future":  {doc("mod-future", bson.A{now.Add(100 * life)}, "x"), "a modified of type array"},
		"old-no-data": {without("data", doc("old-no-data", now.Add(-life/2), nil)), "no data"},
		"old-int":     {doc("old-int", now.Add(-life/2), 7), "a data of type 32-bit integer"},
		"old-array":   {doc("old-array", now.Add(-life/2), bson.A{"x"}), "a data of type array"},
	} {
		insert(t, coll, c.doc)
		before := document(t, coll, id)
		_, err := a.Read(t.Context(), id, life)
		if err == nil || errors.Is(err, session.ErrNotFound) || !strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), id) {
			t.Errorf("Read of %v = %v, want an error that says %q and not which", c.doc, err, c.part)
		}
		if _, err := a.Create(t.Context(), id, []byte("x"), life); !errors.Is(err, session.ErrExists) {
			t.Errorf("Create over %v = %v, want ErrExists", c.doc, err)
		}
		for _, prev := range []string{"other", "x"} {
			if _, err := a.Swap(t.Context(), id, session.Record{Data: []byte(prev)}, []byte("y"), life); !errors.Is(err, session.ErrConflict) {
				t.Errorf("Swap of %v = %v, want ErrConflict", c.doc, err)
			}
		}
		if err := a.Touch(t.Context(), id, life); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Touch of %v = %v, want ErrNotFound", c.doc, err)
		}
		if n, _, err := a.GC(t.Context(), life, 100); n != 0 || err != nil {
			t.Errorf("GC = %d, %v; want 0, nil", n, err)
		}
		if after := document(t, coll, id); !reflect.DeepEqual(before, after) {
			t.Errorf("the document was %v and is %v, want it left as it is", before, after)
		}
		if err := a.Destroy(t.Context(), id); err != nil || document(t, coll, id) != nil {
			t.Errorf("Destroy of %v = %v, and it is %v; want it gone, for to PHP's adapters it may be a session", c.doc, err, document(t, coll, id))
		}
	}
}

func TestGCGoesByTheTimeWhateverTheDataAre(t *testing.T) {
	t.Parallel()
	coll, clock := newCollection(t), newClock()
	insert(t, coll, doc("id", nil, nil))
	a := open(t, coll, mongo.Options{Now: clock.Now})
	_, err := a.Read(t.Context(), "id", life)
	if err == nil || !strings.Contains(err.Error(), "a data of type null") {
		t.Errorf("Read = %v, want an error that says what is wrong with the data", err)
	}
	if got := document(t, coll, "id")["modified"]; got != nil {
		t.Errorf("modified is %v after Read, want null", got)
	}
	for _, want := range []int{0, 1} {
		if n, _, err := a.GC(t.Context(), life, 10); n != want || err != nil {
			t.Errorf("GC = %d, %v; want %d, nil", n, err, want)
		}
		clock.Advance(life)
	}
}

func TestASessionThatIsLargerThanADocumentCanBeIsRefusedAndNothingLost(t *testing.T) {
	t.Parallel()
	coll := newCollection(t)
	a := open(t, coll, mongo.Options{})
	large := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	want := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "16 MiB") || !strings.Contains(err.Error(), "max_data") || errors.Is(err, session.ErrOutcomeUnknown) {
			t.Errorf("%s = %.300v, want an error that names the limit and the mend", what, err)
		}
	}
	_, err := a.Create(t.Context(), "id", large(16<<20), life)
	want("Create of 16 MiB", err)
	_, err = a.Create(t.Context(), "id", append(large(16<<20), 0xff), life)
	want("Create of 16 MiB that are no text", err)
	if d := document(t, coll, "id"); d != nil {
		t.Error("there is a document, want none")
	}
	r, err := a.Create(t.Context(), "id", large(15<<20), life)
	if err != nil {
		t.Fatalf("Create of 15 MiB = %.300v, want nil", err)
	}
	_, err = a.Swap(t.Context(), "id", r, large(17<<20), life)
	want("Swap to 17 MiB", err)
	_, err = a.Swap(t.Context(), "id", r, large(2<<20), life)
	want("Swap of 15 MiB for 2", err)
	if r, err = a.Read(t.Context(), "id", life); err != nil || len(r.Data) != 15<<20 {
		t.Errorf("Read = %d bytes, %.300v; want the 15 MiB", len(r.Data), err)
	}
	if r, err = a.Swap(t.Context(), "id", r, []byte("small"), life); err != nil {
		t.Fatalf("Swap of 15 MiB for little = %.300v, want nil", err)
	}
	if r, err = a.Swap(t.Context(), "id", r, large(7<<20), life); err != nil {
		t.Fatalf("Swap to 7 MiB = %.300v, want nil", err)
	}
	if _, err = a.Swap(t.Context(), "id", r, append(large(7<<20), 0xff), life); err != nil {
		t.Fatalf("Swap of 7 MiB for 7 MiB that are no text = %.300v, want nil", err)
	}
}

func TestGCLeavesWhatIsNoSessionByItsID(t *testing.T) {
	t.Parallel()
	coll, clock := newCollection(t), newClock()
	a := open(t, coll, mongo.Options{Now: clock.Now})
	old := clock.Now().Add(-2 * life)
	strangers := []any{int32(1), bson.NewObjectID(), true}
	for _, id := range strangers {
		insert(t, coll, doc(id, old, "x"))
	}
	insert(t, coll, doc("id", old, "x"))
	for range 3 {
		if _, more, err := a.GC(t.Context(), life, 1); err != nil {
			t.Fatal(err)
		} else if !more {
			break
		}
	}
	if document(t, coll, "id") != nil {
		t.Error("the expired session is there, want it removed, whatever stands before it")
	}
	for _, id := range strangers {
		if document(t, coll, id) == nil {
			t.Errorf("the document with the _id %v is gone, want it left", id)
		}
	}
}
