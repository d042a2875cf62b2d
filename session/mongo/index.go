package mongo

import (
	"context"
	"fmt"
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
	Hidden  bool           `bson:"hidden"`

	made int64 // Expire of one that we have just made
}

// on says whether the index begins with modified, and whether it has nothing else.
func (i index) on() (begins, only bool) {
	elements, err := i.Key.Elements()
	if err != nil || len(elements) == 0 || elements[0].Key() != fieldModified {
		return false, false
	}
	return true, len(elements) == 1
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
	make   string // the name of the index that is to be made, or ""
	serves string // that of one that finds expired sessions
	warn   string
}

// planIndexes says what to do in a collection that has these indexes.
func planIndexes(coll string, have []index, o Options) (plan, error) {
	var p plan
	blocks := "" // one that stands in the way of a TTL index
	for _, i := range have {
		begins, only := i.on()
		if !begins {
			continue
		}
		if len(i.Partial) == 0 && !i.Hidden {
			p.serves = i.Name
		}
		if only && i.Expire == nil {
			blocks = i.Name
		}
		if only && i.Expire != nil && (p.ttl == nil || i.after() < p.ttl.after()) {
			p.ttl = &i
		}
	}
	switch {
	case p.ttl != nil && o.Lifetime > 0 && p.ttl.after() < seconds(o.Lifetime):
		return p, p.ttl.tooShort(coll, o.Lifetime)
	case !o.TTLIndex && p.serves == "":
		p.make = plainIndex
	case !o.TTLIndex:
	case p.ttl != nil && p.ttl.after() == o.ttl() && len(p.ttl.Partial) == 0:
		p.clears = true
	case p.ttl != nil:
		return p, fmt.Errorf("ttl_index asks for an index on modified that has the server remove sessions %d s after their last use, and there is %q with %d s%s; "+
			"in mongosh: db.%s.dropIndex(%q), then start again, or leave ttl_index out and the sessions are cleared by GC",
			o.ttl(), p.ttl.Name, p.ttl.after(), p.ttl.partly(), coll, p.ttl.Name)
	case blocks != "":
		p.warn = fmt.Sprintf("the index %q on modified stands in the way of the TTL index that ttl_index asks for; "+
			"the sessions are cleared by GC instead. In mongosh: db.%s.dropIndex(%q), then start again", blocks, coll, blocks)
	default:
		p.make = ttlIndex
	}
	return p, nil
}

func (i index) partly() string {
	if len(i.Partial) == 0 {
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
		return a.makeTTLIndex(ctx, fit)
	case plainIndex:
		unmade, err := a.makeIndex(ctx, options.Index().SetName(plainIndex))
		if unmade != nil {
			fit.warn("the index on modified could not be made, and clearing looks at every document without it: %v; "+
				"in mongosh, as one who may: db.%s.createIndex({modified: 1})", unmade, a.coll.Name())
		} else if err == nil {
			fit.index = plainIndex
		}
		return err
	}
	return nil
}

func (a *Adapter) makeTTLIndex(ctx context.Context, fit *fitness) error {
	ttl := a.opts.ttl()
	unmade, err := a.makeIndex(ctx, options.Index().SetName(ttlIndex).SetExpireAfterSeconds(int32(ttl))) // Validate has seen to its size
	switch {
	case err != nil:
		return err
	case unmade == nil:
		fit.clears, fit.ttl, fit.index = true, &index{Name: ttlIndex, made: ttl}, ttlIndex
		return nil
	}
	fit.warn("the TTL index that ttl_index asks for could not be made, and the sessions are cleared by GC instead: %v; "+
		"in mongosh, as one who may: db.%s.createIndex({modified: 1}, {name: %q, expireAfterSeconds: %d})", unmade, a.coll.Name(), ttlIndex, ttl)
	unmade, err = a.makeIndex(ctx, options.Index().SetName(plainIndex)) // the warning says enough already
	if unmade == nil && err == nil {
		fit.index = plainIndex
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
