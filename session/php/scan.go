package php

// token is one token of PHP's serialize format: a whole scalar, the head of an
// array or object with its '{', or a '}'.
type token struct {
	kind     byte // N b i d s S a O C E R r }
	at, end  int  // where it stands
	from, to int  // N, a, }: nothing; O, C: the class; else what stands inside
	count    int  // a, O: the claimed number of elements, -1 for none that PHP takes
	body     int  // C: where the payload begins; it ends before the last byte
}

// scan reads the token at p[i]. It looks at the structure only: what stands inside
// a number is checked when it is decoded, so that it costs its variable alone. It
// looks at each byte at most once and believes no length before it has seen the end.
func (t *token) scan(p []byte, i int) bool {
	if i >= len(p) {
		return false
	}
	work.add(1)
	t.kind, t.at = p[i], i
	switch t.kind {
	case '}':
		t.end = i + 1
		return true
	case 'N':
		t.end = i + 2
		return t.end <= len(p) && p[i+1] == ';'
	case 'i', 'b', 'd', 'R', 'r':
		return t.scanWord(p, i+1, ';')
	case 's':
		return t.scanQuoted(p, i+1) && t.closes(p, ';')
	case 'S':
		return t.scanEscaped(p, i+1) && t.closes(p, ';')
	case 'E':
		return t.scanQuoted(p, i+1) && t.closes(p, ';')
	case 'a':
		return t.scanCount(p, i+1)
	case 'O':
		if !t.scanQuoted(p, i+1) {
			return false
		}
		from, to := t.from, t.to
		ok := t.scanCount(p, t.end)
		t.from, t.to = from, to
		return ok
	case 'C':
		return t.scanQuoted(p, i+1) && t.scanPayload(p)
	}
	return false
}

// container says whether the token opens an array or an object.
func (t *token) container() bool { return t.kind == 'a' || t.kind == 'O' }

// closes takes c as the token's last byte.
func (t *token) closes(p []byte, c byte) bool {
	if t.end >= len(p) || p[t.end] != c {
		return false
	}
	t.end++
	return true
}

// scanWord reads ':', a number or a word, and last.
func (t *token) scanWord(p []byte, i int, last byte) bool {
	if i >= len(p) || p[i] != ':' {
		return false
	}
	t.from = i + 1
	for i = t.from; i < len(p); i++ {
		c := p[i]
		if c >= '0' && c <= '9' {
			continue
		}
		if c == last {
			t.to, t.end = i, i+1
			work.add(t.to - t.from)
			return true
		}
		if c != '+' && c != '-' && c != '.' && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
	}
	work.add(i - t.from)
	return false
}

// scanCount reads `:2:{`.
func (t *token) scanCount(p []byte, i int) bool {
	if !t.scanWord(p, i, ':') || !t.closes(p, '{') {
		return false
	}
	t.count = natural(p[t.from:t.to])
	return true
}

// scanQuoted reads `:3:"abc"`.
func (t *token) scanQuoted(p []byte, i int) bool {
	n, ok := t.scanLength(p, i)
	if !ok || n > len(p)-t.from-1 || p[t.from+n] != '"' {
		return false
	}
	t.to = t.from + n
	t.end = t.to + 1
	return true
}

// scanEscaped reads `:3:"a\00c"`: the length counts bytes as they are meant.
func (t *token) scanEscaped(p []byte, i int) bool {
	n, ok := t.scanLength(p, i)
	if !ok || n > len(p) {
		return false
	}
	i = t.from
	work.add(n)
	for range n {
		if i >= len(p) {
			return false
		}
		if p[i] != '\\' {
			i++
			continue
		}
		if i+2 >= len(p) || unhex(p[i+1]) < 0 || unhex(p[i+2]) < 0 {
			return false
		}
		i += 3
	}
	if i >= len(p) || p[i] != '"' {
		return false
	}
	t.to, t.end = i, i+1
	return true
}

// scanLength reads `:3:"`, after which t.from stands.
func (t *token) scanLength(p []byte, i int) (n int, ok bool) {
	if !t.scanWord(p, i, ':') || t.end >= len(p) || p[t.end] != '"' {
		return 0, false
	}
	n = natural(p[t.from:t.to])
	t.from = t.end + 1
	return n, n >= 0
}

// scanPayload reads `:4:{abcd}`, of which the payload may be anything.
func (t *token) scanPayload(p []byte) bool {
	var size token
	if !size.scanCount(p, t.end) || size.count < 0 || size.count >= len(p)-size.end || p[size.end+size.count] != '}' {
		return false
	}
	t.body, t.end = size.end, size.end+size.count+1
	return true
}

// natural is PHP's uiv, digits only. It is -1 for anything else, and for what no
// payload is long enough for.
func natural(text []byte) int {
	const most = 1 << 53 // room for the numbers of references that leave a frozen value
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > most {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	if len(text) == 0 {
		return -1
	}
	return n
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// cursor walks through one value token by token, without recursion: braces tell the
// depth, and a container's elements are a key and a value by turns, so no count
// need be believed or kept.
type cursor struct {
	token

	p     []byte
	i     int
	depth int
	slot  int  // the slot of the token, if it has one
	key   bool // the token is a key
	next  bool // the next one is a key, or closes

	begun, broken bool
}

// step reads the next token. It returns false behind the value's end and where the
// structure breaks, which c.broken then says.
func (c *cursor) step() bool {
	if c.begun && c.depth == 0 {
		return false
	}
	c.begun = true
	if !c.scan(c.p, c.i) {
		c.broken = true
		return false
	}
	c.i = c.end
	c.key = c.next
	switch c.kind {
	case '}':
		c.key, c.next = false, true
		c.depth--
		if c.depth < 0 {
			c.broken = true
			return false
		}
		return true
	case 'a', 'O':
		if c.key {
			c.broken = true
			return false
		}
		c.depth++
		c.next = true
		c.slot++
		return true
	}
	c.next = !c.key && c.depth > 0
	if !c.key && c.kind != 'R' {
		c.slot++
	}
	return true
}

// value says whether the token begins a value.
func (c *cursor) value() bool { return !c.key && c.kind != '}' }

// skipValue returns the end of the value at p[i], or -1 where its structure breaks,
// and whether it holds references.
func skipValue(p []byte, i int) (end int, refs bool) {
	var t token
	if !t.scan(p, i) || t.kind == '}' {
		return -1, false
	}
	if !t.container() {
		return t.end, t.links()
	}
	c := cursor{p: p, i: i}
	for c.step() {
		refs = refs || c.value() && c.links()
	}
	if c.broken {
		return -1, false
	}
	return c.i, refs
}

// links says whether the token refers to another, or may: what an old Serializable
// wrote into a C: may refer to what stands outside.
func (t *token) links() bool { return t.kind == 'R' || t.kind == 'r' || t.kind == 'C' }
