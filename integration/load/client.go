package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd are the clients of a site.
type crowd struct {
	url      string        // of the site
	deadline time.Duration // of a request
	http     *http.Client
	clients  []*client
	counters []*counter // all of them

	mu      sync.Mutex
	longest time.Duration
	late    int
	strange []string
	errors  map[string]int
}

// counter is a session, and what its clients were told of the counter in it.
type counter struct {
	name   string
	cookie *http.Cookie

	acknowledged, refused, unknown atomic.Int64
	value                          int64 // in the end
}

// client is one visitor, with a session of his own and others that all share.
type client struct {
	crowd    *crowd
	url      string // of the site that he visits
	counters []*counter
	served   atomic.Int64 // when the last request began that was answered 2xx, in Unix nanoseconds
}

// open lets so many clients come.
func (c *crowd) open(clients int) {
	c.errors = map[string]int{}
	c.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
}

// begin makes the sessions, each with one change in it.
func (c *crowd) begin(t testing.TB, clients, shared int) {
	t.Helper()
	c.open(clients)
	var common []*counter
	for i := range shared {
		common = append(common, c.newCounter(t, fmt.Sprintf("the shared session %d", i+1)))
	}
	for i := range clients {
		own := c.newCounter(t, fmt.Sprintf("the session of client %d", i+1))
		one := &client{crowd: c, url: c.url, counters: []*counter{own, own, own, own}}
		if shared > 0 {
			one.counters[3] = common[i%shared]
		}
		c.clients = append(c.clients, one)
	}
}

// leave closes the clients' connections: a server waits for those that were never used.
func (c *crowd) leave() {
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
}

func (c *crowd) newCounter(t testing.TB, name string) *counter {
	t.Helper()
	n := &counter{name: name}
	resp, err := c.get(t.Context(), c.url+countPath, nil)
	if err != nil {
		t.Fatalf("make %s: %v", name, err)
	}
	if resp.status != http.StatusNoContent || len(resp.cookies) != 1 {
		t.Fatalf("make %s: got status %d, %d cookies and %q, want 204 and one cookie", name, resp.status, len(resp.cookies), resp.body)
	}
	n.cookie = resp.cookies[0]
	n.acknowledged.Store(1)
	c.counters = append(c.counters, n)
	return n
}

// response is an answer, read to its end.
type response struct {
	status  int
	outcome string
	cookies []*http.Cookie
	body    string
}

func (c *crowd) get(ctx context.Context, url string, cookie *http.Cookie) (response, error) {
	// One that hangs is waited for longer than it may last, so as to know that it does.
	ctx, cancel := context.WithTimeout(ctx, c.deadline+patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return response{}, err
	}
	if cookie != nil {
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value}) //nolint:gosec // attributes are for answers
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header.Get(outcome), resp.Cookies(), string(body)}, err
}

// work counts until ctx ends. The last request is waited for.
func (one *client) work(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		if one.count(context.WithoutCancel(ctx), one.counters[i%len(one.counters)]) {
			continue
		}
		select { // as a visitor does, who is told to try again
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// count makes one change, and says whether it was acknowledged.
func (one *client) count(ctx context.Context, n *counter) bool {
	start := time.Now()
	resp, err := one.crowd.get(ctx, one.url+countPath, n.cookie)
	took := time.Since(start)
	var text string
	switch {
	case err != nil:
		n.unknown.Add(1)
		text = "no answer: " + err.Error()
	case resp.status == http.StatusNoContent:
		n.acknowledged.Add(1)
		one.served.Store(start.UnixNano())
		if len(resp.cookies) > 0 {
			text = "the session was not found any more, and another one made"
		}
	case resp.outcome == unknown:
		n.unknown.Add(1)
		text = "unknown: " + resp.body
	case resp.outcome == refused:
		n.refused.Add(1)
		text = "refused: " + resp.body
	}
	one.crowd.note(took, text, err == nil && text == "" && resp.status != http.StatusNoContent, resp)
	return err == nil && resp.status == http.StatusNoContent
}

// clientPort is what makes two errors of connections differ that are one.
var clientPort = regexp.MustCompile(`[0-9.]+:\d+->`)

// note keeps what a request has shown.
func (c *crowd) note(took time.Duration, text string, strange bool, resp response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.longest = max(c.longest, took)
	if took > c.deadline {
		c.late++
	}
	if strange {
		c.strange = append(c.strange, fmt.Sprintf("status %d, %q", resp.status, resp.body))
	}
	if text == "" {
		return
	}
	text = clientPort.ReplaceAllString(text, "->")
	if _, known := c.errors[text]; !known && len(c.errors) >= 24 {
		text = "others"
	}
	c.errors[text]++
}

// servedSince waits until each client has been served on a request that began after
// since, and returns how many have not within the time.
func (c *crowd) servedSince(since time.Time, within time.Duration) int {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(within)
	for {
		waiting := 0
		for _, one := range c.clients {
			if one.served.Load() < since.UnixNano() {
				waiting++
			}
		}
		if waiting == 0 {
			return 0
		}
		select {
		case <-tick.C:
		case <-end:
			return waiting
		}
	}
}

// judge reads the counters, and compares them with what the clients were told.
func (c *crowd) judge(t testing.TB, mayLose bool) {
	t.Helper()
	for _, n := range c.counters {
		resp, err := c.get(context.WithoutCancel(t.Context()), c.url+valuePath, n.cookie)
		if err != nil || resp.status != http.StatusOK {
			t.Errorf("%s cannot be read afterwards: %v, status %d, %q", n.name, err, resp.status, resp.body)
			n.value = n.acknowledged.Load()
			continue
		}
		if n.value, err = strconv.ParseInt(resp.body, 10, 64); err != nil {
			t.Errorf("%s: %v", n.name, err)
			continue
		}
		acknowledged, most := n.acknowledged.Load(), n.acknowledged.Load()+n.unknown.Load()
		if n.value < acknowledged && !mayLose {
			t.Errorf("%s counts %d, and %d changes were acknowledged: %d are lost", n.name, n.value, acknowledged, acknowledged-n.value)
		}
		if n.value > most {
			t.Errorf("%s counts %d, and %d changes were acknowledged and %d are of unknown outcome: %d were counted twice, or though they were refused",
				n.name, n.value, acknowledged, n.unknown.Load(), n.value-most)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late > 0 {
		t.Errorf("%d requests lasted longer than %v, the longest %v", c.late, c.deadline, c.longest)
	}
	if len(c.strange) > 0 {
		t.Errorf("%d answers are none that the site gives, the first: %s", len(c.strange), c.strange[0])
	}
}

// report sums up.
func (c *crowd) report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Report{Longest: c.longest, Errors: c.errors}
	for _, n := range c.counters {
		acknowledged := n.acknowledged.Load()
		r.Acknowledged += int(acknowledged)
		r.Refused += int(n.refused.Load())
		r.Unknown += int(n.unknown.Load())
		r.Stood += int(max(0, n.value-acknowledged))
		r.Lost += int(max(0, acknowledged-n.value))
	}
	return r
}
