package php_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What follows reads PHP's format a second time, in the plainest way, to judge what the
// package makes of references: a place is where a value stands, and R: names the same
// place once more; r: names the same object in another place.
type (
	place struct{ in *thing }
	thing struct {
		text   string   // all of a scalar; the head of an array; the class of an object
		object bool     // it has an identity
		keys   []string // or what stands between the values of a C:
		places []*place
	}
	graph struct {
		names []string
		vars  map[string]*place
		sound bool // every reference leads to something, and nothing stands twice under one key
	}
)

// reading is a payload as it is being read.
type reading struct {
	p     string
	i     int
	slots []*place
	depth int
	graph
}

// graphOf reads a payload in PHP's own format.
func graphOf(payload string) graph {
	r := &reading{p: payload, graph: graph{vars: map[string]*place{}, sound: true}}
	for r.i < len(r.p) && r.sound {
		name, _, ok := strings.Cut(r.p[r.i:], "|")
		_, twice := r.vars[name]
		if !ok || twice {
			r.sound = false
			break
		}
		r.i += len(name) + 1
		r.names = append(r.names, name)
		r.vars[name] = r.place()
	}
	return r.graph
}

func (r *reading) fail() *place {
	r.sound = false
	return &place{&thing{}}
}

func (r *reading) put(t *thing) *place {
	p := &place{t}
	r.slots = append(r.slots, p)
	return p
}

var (
	word      = regexp.MustCompile(`^[ibdRr]:[-+.0-9A-Za-z]*;|^N;`)
	counted   = regexp.MustCompile(`^[sEOC]:([0-9]{1,9}):"`)
	array     = regexp.MustCompile(`^a:([0-9]{1,9}):\{`)
	elements  = regexp.MustCompile(`^:([0-9]{1,9}):\{`)
	separator = regexp.MustCompile(`^(x:|;m:|;)`)
)

// place reads the next value.
func (r *reading) place() *place {
	const deepest = 500
	if r.depth++; r.depth > deepest {
		return r.fail()
	}
	defer func() { r.depth-- }()
	rest := r.p[r.i:]
	if text := word.FindString(rest); text != "" {
		r.i += len(text)
		switch text[0] {
		case 'R', 'r':
			return r.reference(text)
		}
		return r.put(&thing{text: text})
	}
	if m := array.FindStringSubmatch(rest); m != nil {
		r.i += len(m[0])
		t := &thing{text: m[0]}
		return r.fill(r.put(t), m[1])
	}
	text, ok := r.quoted()
	if !ok {
		return r.fail()
	}
	rest = r.p[r.i:]
	switch {
	case text[0] == 's' && strings.HasPrefix(rest, ";"), text[0] == 'E' && strings.HasPrefix(rest, ";"):
		r.i++
		return r.put(&thing{text: text, object: text[0] == 'E'})
	case text[0] == 'O' || text[0] == 'C':
		m := elements.FindStringSubmatch(rest)
		if m == nil {
			return r.fail()
		}
		r.i += len(m[0])
		p := r.put(&thing{text: text, object: true})
		if text[0] == 'O' {
			return r.fill(p, m[1])
		}
		return r.custom(p, m[1])
	}
	return r.fail()
}

// quoted reads what has a length and quotes.
func (r *reading) quoted() (string, bool) {
	m := counted.FindStringSubmatch(r.p[r.i:])
	if m == nil {
		return "", false
	}
	n, _ := strconv.Atoi(m[1]) // nine digits at most
	end := r.i + len(m[0]) + n
	if end >= len(r.p) || r.p[end] != '"' {
		return "", false
	}
	text := m[0][:1] + r.p[r.i+len(m[0]):end]
	r.i = end + 1
	return text, true
}

func (r *reading) reference(text string) *place {
	n, err := strconv.Atoi(text[2 : len(text)-1])
	if err != nil || n < 1 || n > len(r.slots) || text[2] == '+' {
		return r.fail()
	}
	to := r.slots[n-1]
	if text[0] == 'R' {
		return to
	}
	if !to.in.object {
		return r.fail()
	}
	return r.put(to.in)
}

// fill reads elements up to the brace.
func (r *reading) fill(p *place, count string) *place {
	met := map[string]bool{}
	for r.sound && !strings.HasPrefix(r.p[r.i:], "}") {
		key := word.FindString(r.p[r.i:])
		if key != "" {
			r.i += len(key)
		} else if text, ok := r.quoted(); ok && text[0] == 's' && strings.HasPrefix(r.p[r.i:], ";") {
			r.i++
			key = text
		}
		bare := strings.Trim(key, "is:;")
		if key == "" || key[0] != 'i' && key[0] != 's' || met[bare] {
			return r.fail()
		}
		met[bare] = true
		p.in.keys = append(p.in.keys, key)
		p.in.places = append(p.in.places, r.place())
	}
	r.i++
	if n, _ := strconv.Atoi(count); n != len(met) { // nine digits at most
		return r.fail()
	}
	return p
}

// custom reads the text of a C:, as values if it consists of such, and as it is if not.
func (r *reading) custom(p *place, size string) *place {
	n, _ := strconv.Atoi(size) // nine digits at most
	end := r.i + n
	if end >= len(r.p) || r.p[end] != '}' {
		return r.fail()
	}
	text := r.p[r.i:end]
	sub := &reading{p: text, slots: slices.Clip(r.slots), depth: r.depth, graph: graph{sound: true}}
	in := *p.in
	for sub.i < len(text) && sub.sound {
		mark := separator.FindString(text[sub.i:])
		sub.i += len(mark)
		in.keys = append(in.keys, mark)
		if sub.i < len(text) {
			in.places = append(in.places, sub.place())
		}
	}
	if !sub.sound {
		if strings.ContainsAny(text, ":") { // values of which some lead nowhere, perhaps
			return r.fail()
		}
		in = thing{text: in.text + "{" + text, object: true}
	}
	*p.in = in
	r.slots = append(r.slots, sub.slots[len(r.slots):]...)
	r.i = end + 1
	return p
}

// tell describes the variables of these names, with what is the same numbered; shape
// says no more of numbers, texts and keys than that they are there.
func (g graph) tell(names []string, shape bool) string {
	stands := map[*place]int{}
	seen := map[*thing]bool{}
	var count func(p *place)
	count = func(p *place) {
		if stands[p]++; stands[p] > 1 || seen[p.in] {
			return
		}
		seen[p.in] = p.in.object
		for _, q := range p.in.places {
			count(q)
		}
	}
	for _, name := range names {
		count(g.vars[name])
	}
	var b strings.Builder
	places, objects := map[*place]int{}, map[*thing]int{}
	var tell func(p *place)
	tell = func(p *place) {
		if n, met := places[p]; met {
			fmt.Fprintf(&b, "&%d", n)
			return
		}
		if stands[p] > 1 {
			places[p] = len(places)
			fmt.Fprintf(&b, "&%d=", places[p])
		}
		if p.in.object {
			n, met := objects[p.in]
			if met {
				fmt.Fprintf(&b, "#%d", n)
				return
			}
			objects[p.in] = len(objects)
			fmt.Fprintf(&b, "#%d=", objects[p.in])
		}
		if shape && !p.in.object {
			fmt.Fprintf(&b, "%q(", p.in.text[:1])
		} else {
			fmt.Fprintf(&b, "%q(", p.in.text)
		}
		for i, key := range p.in.keys {
			if !shape {
				fmt.Fprintf(&b, "%q:", key)
			}
			if i < len(p.in.places) {
				tell(p.in.places[i])
			}
		}
		b.WriteString(")")
	}
	for _, name := range names {
		fmt.Fprintf(&b, "%q=", name)
		tell(g.vars[name])
	}
	return b.String()
}
