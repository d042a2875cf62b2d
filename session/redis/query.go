package redis

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The options that a path's forms have. Those of stream[…] are PHP's SSL context options.
var (
	accessOptions   = []string{"timeout", "read_timeout", "persistent", "persistent_id", "prefix", "auth", "database", "retry_interval", "stream"}
	serverOptions   = append([]string{"weight"}, accessOptions...)
	clusterOptions  = append([]string{"seed", "failover"}, accessOptions...)
	sentinelOptions = append([]string{"seed", "master", "sentinel_auth"}, accessOptions...)
)

// option is one name=value of a query. The name of auth[user] is auth, its index user.
type option struct {
	name, index string
	list        bool // it was written with brackets
	value       string
}

// query is what PHP's parse_str makes of a query, in order.
type query []option

// parseQuery reads a query, in which "#" is nothing special to phpredis. Errors show no
// part of it: where an & or a = in a password was not written as %26 or %3D, any part may
// be the password's.
func parseQuery(text string) (query, error) {
	if text == "" {
		return nil, nil
	}
	var q query
	for i, part := range strings.Split(text, "&") {
		nth := fmt.Sprintf("option %d", i+1)
		name, value, found := strings.Cut(part, "=")
		switch {
		case part == "":
			return nil, fmt.Errorf("%s is empty; remove one & before or after it", nth)
		case !found:
			return nil, fmt.Errorf("%s has no value; write name=value (and %%26 for an & in a password)", nth)
		}
		o := option{}
		var err error
		if name, err = url.QueryUnescape(name); err == nil {
			o.value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s has a %% that begins no %%XX; write %%25 for a percent sign", nth)
		}
		o.name = name
		if base, index, brackets := strings.Cut(name, "["); brackets {
			if !strings.HasSuffix(index, "]") || base == "" {
				return nil, fmt.Errorf("%s has a bracket that is not closed, or no name before it; write name[index]=value", nth)
			}
			o.name, o.index, o.list = base, strings.TrimSuffix(index, "]"), true
		}
		q = append(q, o)
	}
	return q, nil
}

// all returns the options of a name.
func (q query) all(name string) query {
	var found query
	for _, o := range q {
		if o.name == name {
			found = append(found, o)
		}
	}
	return found
}

// one returns the value of an option that is written once and without brackets, or "".
func (q query) one(name string) (string, error) {
	found := q.all(name)
	switch {
	case len(found) == 0:
		return "", nil
	case len(found) > 1:
		return "", fmt.Errorf("%s is given %d times; phpredis takes the last: remove the others", name, len(found))
	case found[0].list:
		return "", fmt.Errorf("%s has no brackets; write %s=…", name, name)
	case found[0].value == "" && name != "prefix":
		return "", fmt.Errorf("%s has no value; give it one, or leave it out", name)
	}
	return found[0].value, nil
}

func (q query) list(name string) []string {
	var values []string
	for _, o := range q.all(name) {
		values = append(values, o.value)
	}
	return values
}

// rest refuses options that are none.
func (q query) rest(known []string) error {
	for i, o := range q {
		if slices.Contains(known, o.name) {
			continue
		}
		hint := ""
		for _, k := range known {
			if oneOff(o.name, k) {
				hint = fmt.Sprintf("; did you mean %s?", k)
			}
		}
		return fmt.Errorf("option %d is none that is known here%s (there are %s; an & in a password is written as %%26)",
			i+1, hint, strings.Join(known, ", "))
	}
	return nil
}

// oneOff says whether a differs from b by one letter added, left out, replaced or
// swapped with its neighbour, or only in its case.
func oneOff(a, b string) bool {
	a = strings.ToLower(a)
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch {
	case a == b:
		return true
	case len(a) == len(b):
		return a[1:] == b[1:] || len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
	case len(a) == len(b)+1:
		return a[1:] == b
	}
	return len(b) == len(a)+1 && a == b[1:]
}

func (q query) weight(into *uint32) error {
	text, err := q.one("weight")
	if err != nil || text == "" {
		return err
	}
	n, err := number(text, 1, maxWeight)
	if err != nil {
		return errors.New("weight is not a whole number of at least 1; phpredis opens no path with a weight of 0: leave the server out")
	}
	*into = uint32(n)
	return nil
}

// failover is what phpredis does about reads from replicas. Sessions are read from
// masters: from a replica a request would not see what the one before it has stored.
func (q query) failover() error {
	text, err := q.one("failover")
	if err == nil && text != "" && text != "none" {
		err = errors.New("failover is none here: a replica may not have what the last request stored; leave it out")
	}
	return err
}

func (q query) access(into *access) error {
	for name, d := range map[string]*time.Duration{"timeout": &into.dialTimeout, "read_timeout": &into.readTimeout} {
		if err := q.seconds(name, d); err != nil {
			return err
		}
	}
	if text, err := q.one("database"); err != nil {
		return err
	} else if text != "" {
		n, err := number(text, 0, 1<<31-1)
		if err != nil {
			return errors.New("database is not a whole number of at least 0")
		}
		into.database, into.chosen = n, true
	}
	if len(q.all("prefix")) > 0 {
		prefix, err := q.one("prefix")
		if err != nil {
			return err
		}
		into.prefix = &prefix
	}
	if err := q.ignored(); err != nil {
		return err
	}
	if err := q.login("auth", &into.login); err != nil {
		return err
	}
	return q.stream(into)
}

// ignored checks what means nothing here, but is told to phpredis.
func (q query) ignored() error {
	persistent, err := q.one("persistent")
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"", "0", "1", "yes", "no", "true", "false"}, strings.ToLower(persistent)) {
		return errors.New("persistent is neither 1 nor 0")
	}
	if _, err := q.one("persistent_id"); err != nil {
		return err
	}
	text, err := q.one("retry_interval")
	if err != nil || text == "" {
		return err
	}
	if _, err := number(text, 0, 1<<31-1); err != nil {
		return errors.New("retry_interval is not a whole number of milliseconds")
	}
	return nil
}

// login reads a user and a password in each of the forms that phpredis takes.
func (q query) login(name string, into *login) error {
	found := q.all(name)
	switch len(found) {
	case 0:
		return nil
	case 1:
		if i := found[0].index; found[0].list && i != "" && i != "0" && i != "pass" {
			return fmt.Errorf("%s names a user and no password; write %s[user]=…&%s[pass]=…", name, name, name)
		}
		into.password = found[0].value
	case 2:
		if !found[0].list || !found[1].list {
			return fmt.Errorf("%s is given twice; write %s[user]=…&%s[pass]=…", name, name, name)
		}
		if err := into.pair(name, found); err != nil {
			return err
		}
		if into.username == "" {
			return fmt.Errorf("%s has an empty user; write %s=… for the default user", name, name)
		}
	default:
		return fmt.Errorf("%s has %d entries, which phpredis ignores, all of them; write %s[user]=…&%s[pass]=…", name, len(found), name, name)
	}
	var array []string
	switch {
	case into.password == "":
		return fmt.Errorf("%s has an empty password; leave it out where the server wants none", name)
	case json.Unmarshal([]byte(into.password), &array) == nil:
		return fmt.Errorf("%s is a JSON array, which phpredis does not read in a path; write %s[user]=…&%s[pass]=…", name, name, name)
	}
	return nil
}

func (l *login) pair(name string, found query) error {
	for i, o := range found {
		switch {
		case o.index == "user" || o.index == "0" || o.index == "" && i == 0:
			l.username = o.value
		case o.index == "pass" || o.index == "1" || o.index == "":
			l.password = o.value
		default:
			return fmt.Errorf("%s has an index that is neither user nor pass, neither 0 nor 1", name)
		}
	}
	if found[0].index == found[1].index && found[0].index != "" {
		return fmt.Errorf("%s has the same index twice; write %s[user]=…&%s[pass]=…", name, name, name)
	}
	return nil
}

// stream reads those of PHP's SSL context options that mean something here.
func (q query) stream(into *access) error {
	for _, o := range q.all("stream") {
		if into.tls == nil {
			into.tls = &TLS{}
		}
		flag := func() (bool, error) {
			switch strings.ToLower(o.value) {
			case "1", "true", "yes", "on":
				return true, nil
			case "0", "false", "no", "off", "":
				return false, nil
			}
			return false, fmt.Errorf("stream[%s] is neither 1 nor 0", o.index)
		}
		switch o.index {
		case "verify_peer", "verify_peer_name":
			on, err := flag()
			if err != nil {
				return err
			}
			into.tls.SkipVerify = into.tls.SkipVerify || !on
		case "cafile":
			into.tls.CA = o.value
		case "local_cert":
			into.tls.Cert = o.value
		case "local_pk":
			into.tls.Key = o.value
		case "peer_name":
			into.tls.ServerName = o.value
		default:
			return errors.New("stream has an index that is not known here; there are verify_peer, verify_peer_name, peer_name, cafile, local_cert and local_pk")
		}
	}
	return nil
}

// seconds reads a number of seconds with a fraction.
func (q query) seconds(name string, into *time.Duration) error {
	text, err := q.one(name)
	if err != nil || text == "" {
		return err
	}
	s, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(s) || s < 0 || strings.ContainsAny(text, "xXpP_"):
		return fmt.Errorf("%s is not a number of seconds, such as 2.5", name)
	case s == 0 && name == "timeout":
		return errors.New("timeout is 0, with which phpredis opens no path; leave it out for the default")
	}
	*into = min(time.Duration(min(s, 86400*365)*float64(time.Second)), 86400*365*time.Second)
	return nil
}

// number reads a plain whole number.
func number(text string, least, most int64) (int, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most || text[0] == '+' || text[0] == '-' {
		return 0, errors.New("out of range")
	}
	return int(n), nil
}
