package mongo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// The names of the indexes that Open makes: MongoDB's own for such a key, and one
// that says that it is a TTL index.
const (
	plainIndex = "modified_1"
	ttlIndex   = "modified_ttl"
)

// index is one of the collection's, as listIndexes tells it.
type index struct {
	Name    string         `bson:"name"`
	Key     bson.Raw       `bson:"key"`
	Expire  *bson.RawValue `bson:"expireAfterSeconds"`
	Partial bson.Raw       `bson:"partialFilterExpression"`
	Sparse  bool           `bson:"sparse"`
	Unique  bool           `bson:"unique"`
	Hidden  bool           `bson:"hidden"`

	made int64 // Expire of one that we have just made
}

// fields are those of the key. ordered says that the index keeps them all in order, 1
// or -1; others are hashed, text, 2dsphere, or of all fields that there are ($**).
func (i index) fields() (names []string, ordered bool) {
	elements, _ := i.Key.Elements() // none in what is no key
	ordered = len(elements) > 0
	for _, e := range elements {
		names = append(names, e.Key())
		if !e.Value().IsNumber() || strings.Contains(e.Key(), "$") {
			ordered = false
		}
	}
	return names, ordered
}

// searches says whether the index, were it not hidden, could find all sessions by their
// time: a partial or a sparse one leaves some out.
func (i index) searches() bool {
	names, ordered := i.fields()
	return ordered && names[0] == fieldModified && len(i.Partial) == 0 && !i.Sparse
}

// same says whether the key is that of the indexes that we make. MongoDB makes no
// second index of one key, but where one of the two is partial or sparse.
func (i index) same() bool {
	names, ordered := i.fields()
	if !ordered || len(names) != 1 || names[0] != fieldModified {
		return false
	}
	direction, _ := i.Key.Lookup(fieldModified).AsInt64OK()
	return direction > 0
}

// timed says whether the server removes documents by the index.
func (i index) timed() bool {
	names, _ := i.fields()
	return i.Expire != nil && len(names) == 1 && names[0] == fieldModified
}

// refuses says why the index would have the server refuse sessions, or "".
func (i index) refuses() string {
	elements, _ := i.Key.Elements()
	ours, id := false, false
	for _, e := range elements {
		name := e.Key()
		kind, _ := e.Value().StringValueOK()
		id = id || name == fieldID
		if name != fieldModified && name != fieldData {
			continue
		}
		if ours = true; strings.HasPrefix(kind, "2d") {
			return "is one of places, and a session's " + name + " is none"
		}
	}
	if i.Unique && len(i.Partial) == 0 && !id && (ours || !i.Sparse) {
		return "is unique, and sessions may have the same in it"
	}
	return ""
}

// after is after how many seconds a TTL index removes a document.
func (i index) after() int64 {
	if i.Expire == nil {
		return i.made
	}
	n, _ := i.Expire.AsInt64OK() // a server refuses what is no number
	return n
}

func (i index) tooShort(coll string, life time.Duration) error {
	return fmt.Errorf("the index %q has the server remove sessions %d s after their last use, and they shall live for %v; "+
		"in mongosh: db.runCommand({collMod: %q, index: {name: %q, expireAfterSeconds: %d}}), or give them a shorter lifetime",
		i.Name, i.after(), life, coll, i.Name, Options{Lifetime: life}.ttl())
}

// plan is what is to be done about the indexes.
type plan struct {
	ttl    *index // the one that removes sessions first, or nil
	clears bool   // that is ours
	serves string // the name of one that finds expired sessions
	warn   string

	make            string // plainIndex or ttlIndex, of which there is to be one, or ""
	plainAs, ttlAs  string // what they are called then
	blocks, unhides string // one that stands in the way of a TTL index; one that is hidden
}

// survey looks at what there is.
func survey(coll string, have []index) (plan, error) {
	p := plan{plainAs: plainIndex, ttlAs: ttlIndex}
	for _, i := range have {
		if why := i.refuses(); why != "" {
			return p, fmt.Errorf("the index %q %s: the server would refuse them; in mongosh: db.%s.dropIndex(%q), or give the sessions a collection of their own",
				i.Name, why, coll, i.Name)
		}
		switch {
		case i.searches() && !i.Hidden:
			p.serves = i.Name
		case i.searches() && i.same():
			p.unhides = i.Name
		}
		if i.searches() && i.same() && i.Expire == nil {
			p.blocks = i.Name
		}
		if i.timed() && (p.ttl == nil || i.after() < p.ttl.after()) {
			p.ttl = &i
		}
		switch i.Name { // which another kind of index may have
		case plainIndex:
			p.plainAs += "_gyrfalcon"
		case ttlIndex:
			p.ttlAs += "_gyrfalcon"
		}
	}
	return p, nil
}

// planIndexes says what to do in a collection that has these indexes.
func planIndexes(coll string, have []index, o Options) (plan, error) {
	p, err := survey(coll, have)
	switch {
	case err != nil:
		return p, err
	case p.ttl != nil && o.Lifetime > 0 && p.ttl.after() < seconds(o.Lifetime):
		return p, p.ttl.tooShort(coll, o.Lifetime)
	case p.serves == "" && p.unhides != "":
		p.warn = fmt.Sprintf("the index %q on modified is hidden, and clearing looks at every document; in mongosh: db.%s.unhideIndex(%q)", p.unhides, coll, p.unhides)
	case !o.TTLIndex && p.serves == "":
		p.make = plainIndex
	}
	if !o.TTLIndex {
		return p, nil
	}
	switch {
	case p.ttl != nil && p.ttl.after() == o.ttl() && len(p.ttl.Partial) == 0 && !p.ttl.Sparse:
		p.clears = true
	case p.ttl != nil:
		return p, fmt.Errorf("ttl_index asks for an index on modified that has the server remove sessions %d s after their last use, and there is %q with %d s%s; "+
			"in mongosh: db.%s.dropIndex(%q), then start again, or leave ttl_index out and the sessions are cleared by GC",
			o.ttl(), p.ttl.Name, p.ttl.after(), p.ttl.partly(), coll, p.ttl.Name)
	case p.blocks != "":
		p.warn = fmt.Sprintf("the index %q on modified stands in the way of the TTL index that ttl_index asks for; "+
			"the sessions are cleared by GC instead. In mongosh: db.%s.dropIndex(%q), then start again", p.blocks, coll, p.blocks)
	default:
		p.make = ttlIndex
	}
	return p, nil
}

func (i index) partly() string {
	if len(i.Partial) == 0 && !i.Sparse {
		return ""
	}
	return ", for some of them only"
}

func (a *Adapter) examineIndexes(ctx context.Context, fit *fitness) error {
	cursor, err := a.coll.Indexes().List(ctx)
	var have []index
	if err == nil {
		err = cursor.All(ctx, &have)
	}
	switch code, _ := answer(err); {
	case err == nil, code == codeNamespaceNotFound:
	case notSent(err), code != codeUnauthorized:
		return a.unreachable("asking for the collection's indexes", err)
	default:
		fit.warn("the user may not list the indexes of the collection %q; without one on modified, clearing looks at every document, and a TTL index could remove living sessions", a.coll.Name())
		return nil
	}
	p, err := planIndexes(a.coll.Name(), have, a.opts)
	if err != nil {
		return err
	}
	fit.ttl, fit.clears, fit.index = p.ttl, p.clears, p.serves
	if p.warn != "" {
		fit.warn("%s", p.warn)
	}
	switch p.make {
	case ttlIndex:
		return a.makeTTLIndex(ctx, fit, p)
	case plainIndex:
		unmade, err := a.makeIndex(ctx, options.Index().SetName(p.plainAs))
		if unmade != nil {
			fit.warn("the index on modified could not be made, and clearing looks at every document without it: %v; "+
				"in mongosh, as one who may: db.%s.createIndex({modified: 1})", unmade, a.coll.Name())
		} else if err == nil {
			fit.index = p.plainAs
		}
		return err
	}
	return nil
}

func (a *Adapter) makeTTLIndex(ctx context.Context, fit *fitness, p plan) error {
	ttl := a.opts.ttl()
	unmade, err := a.makeIndex(ctx, options.Index().SetName(p.ttlAs).SetExpireAfterSeconds(int32(ttl))) // Validate has seen to its size
	switch {
	case err != nil:
		return err
	case unmade == nil:
		fit.clears, fit.ttl, fit.index = true, &index{Name: p.ttlAs, made: ttl}, p.ttlAs
		return nil
	}
	fit.warn("the TTL index that ttl_index asks for could not be made, and the sessions are cleared by GC instead: %v; "+
		"in mongosh, as one who may: db.%s.createIndex({modified: 1}, {name: %q, expireAfterSeconds: %d})", unmade, a.coll.Name(), p.ttlAs, ttl)
	if fit.index != "" {
		return nil
	}
	unmade, err = a.makeIndex(ctx, options.Index().SetName(p.plainAs)) // the warning says enough already
	if unmade == nil && err == nil {
		fit.index = p.plainAs
	}
	return err
}

// makeIndex makes an index on modified. unmade is why the server cannot or may not
// make it, which the sessions can live with; err is any other trouble.
func (a *Adapter) makeIndex(ctx context.Context, o *options.IndexOptionsBuilder) (unmade, err error) {
	_, err = a.coll.Indexes().CreateOne(ctx, driver.IndexModel{Keys: bson.D{{Key: fieldModified, Value: 1}}, Options: o})
	code, _ := answer(err)
	switch {
	case err == nil:
		return nil, nil
	case code == 0 || notSent(err) || interruptions[code]:
		return nil, fmt.Errorf("making an index on modified: %w; if that only takes long, let it end and start again", err)
	}
	return err, nil
}
