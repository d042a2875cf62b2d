package hs

import (
	"bytes"
	"testing"
)

// Whatever comes, the parser neither fails nor reads what is not there; and what it
// takes for an answer is one: written again, it is the same line.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"0\t1", "0\t3", "0\t3\ta\t2024-01-01 00:00:00\thello", "0\t1\t7", "0\t2\t\x00\t\t\x01@\t\x01O",
		"1\t1\topen_table", "2\t1\tstmtnum", "HTTP/1.1 400 Bad Request", "J\x00\x00\x00", "0\t1\t\x01Z", "0\t1\t\x01P", "0\t1\t\x01", "", "\t", "0\t0",
	} {
		f.Add([]byte(line))
	}
	var r Rows // as on a connection, one for all
	f.Fuzz(func(t *testing.T, line []byte) {
		given := bytes.Clone(line)
		status, err := r.parse(line)
		if !bytes.Equal(line, given) {
			t.Fatal("the parser changed the line")
		}
		_ = r.words()
		if n, err := r.count(); err == nil && n < 0 {
			t.Fatalf("a count of %d", n)
		}
		if err != nil {
			return
		}
		again := appendInt(appendInt(nil, status), r.columns)[1:]
		for i := range r.Len() {
			for j := range r.columns {
				v := Bytes(r.Field(i, j))
				if r.Field(i, j) == nil {
					v = Null()
				}
				again = v.appendTo(append(again, '\t'))
			}
		}
		if bytes.HasPrefix(line, []byte("0\t")) && line[2] != '0' && !bytes.Equal(again, line) {
			t.Fatalf("%q was read, and is written as %q", line, again)
		}
	})
}

// Whatever a value holds, its escaped form holds no byte that ends a field or a line,
// and is read back as the value; an insert of it is one line of as many fields.
func FuzzEscape(f *testing.F) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, seed := range [][]byte{nil, {0}, {1}, {1, '@'}, []byte("\nQ"), []byte("plain"), all} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		wire := Bytes(value).appendTo(nil)
		if text := String(string(value)).appendTo(nil); !bytes.Equal(wire, text) {
			t.Fatalf("as bytes %q, as text %q", wire, text)
		}
		for _, b := range wire {
			if b < plain && b != mark {
				t.Fatalf("%q stands on the wire as %q", value, wire)
			}
		}
		var r Rows
		r.reset()
		if err := r.add(wire); err != nil || r.fields[0].null {
			t.Fatalf("%q stands on the wire as %q, which is read as %+v, %v", value, wire, r.fields, err)
		}
		if got := r.buf; !bytes.Equal(got, value) {
			t.Fatalf("%q is read back as %q", value, got)
		}
	})
}
