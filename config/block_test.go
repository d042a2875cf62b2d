package config_test

import (
	"errors"
	"io"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"gyrfalcon/config"
)

// block returns the block of the adapter "database" in the file.
func block(t *testing.T, yaml string, vars map[string]string) config.Block {
	t.Helper()
	b, err := parse(t, yaml, vars).Session.Select([]string{"database", "redis"})
	if err != nil {
		t.Fatalf("Select: got error %v, want none", err)
	}
	return b
}

type server struct {
	Host string `yaml:"host"`
	Port uint16 `yaml:"port"`
}

// options has a field of every type that a block may be decoded into.
type options struct {
	server   `yaml:",inline"`
	Text     string            `yaml:"text"`
	Flag     bool              `yaml:"flag"`
	Tiny     int8              `yaml:"tiny"`
	Count    int64             `yaml:"count"`
	Ratio    float64           `yaml:"ratio"`
	Wait     time.Duration     `yaml:"wait"`
	Most     config.Size       `yaml:"most"`
	Addr     netip.Addr        `yaml:"addr"`
	Names    []string          `yaml:"names"`
	Servers  []server          `yaml:"servers"`
	Params   map[string]string `yaml:"params"`
	Nested   server            `yaml:"nested"`
	Optional *bool             `yaml:"optional,omitempty"`
	Deep     *server           `yaml:"deep"`
	Ignored  io.Writer
	Hidden   chan int `yaml:"-"`
}

func TestBlockDecodesEveryTypeOfField(t *testing.T) {
	t.Parallel()
	b := block(t, `
session:
  database:
    host: localhost
    port: 3306
    text: 0123
    flag: true
    tiny: -128
    count: 9223372036854775807
    ratio: 1.5e3
    wait: 90
    most: 2MiB
    addr: ::1
    names: [a, "b", 3]
    servers:
      - {host: one, port: 1}
      - {host: two}
    params: {charset: utf8mb4}
    nested: {port: 65535}
    optional: false
    deep: {host: far}
`, nil)
	no := false
	got := options{Deep: &server{Port: 7}, Params: map[string]string{"tls": "true"}, Names: []string{"default"}, Nested: server{Host: "kept"}}
	want := options{
		server: server{"localhost", 3306}, Text: "0123", Flag: true, Tiny: -128, Count: 9223372036854775807, Ratio: 1500,
		Wait: 90 * time.Second, Most: 2 << 20, Addr: netip.IPv6Loopback(), Names: []string{"a", "b", "3"},
		Servers: []server{{"one", 1}, {"two", 0}}, Params: map[string]string{"tls": "true", "charset": "utf8mb4"},
		Nested: server{"kept", 65535}, Optional: &no, Deep: &server{"far", 7},
	}
	if err := b.Decode(&got); err != nil {
		t.Fatalf("Decode: got error\n%v\nwant none", err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Decode: got\n%+v\nwant\n%+v", got, want)
	}
}

func TestBlockThatTheFileDoesNotHaveLeavesTheDefaults(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"no file": "", "no block": "session:\n  adapter: database\n", "block left out": "session:\n  database:\n",
		"empty block": "session:\n  database: {}\n", "nested left out": "session:\n  database: {nested: , names: , params: , optional: }\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := options{Text: "default", Names: []string{"x"}}
			if err := block(t, yaml, nil).Decode(&got); err != nil || got.Text != "default" || len(got.Names) != 1 || got.Optional != nil {
				t.Errorf("Decode: got %+v, %v; want the defaults", got, err)
			}
		})
	}
	var got options
	if err := (config.Block{}).Decode(&got); err != nil {
		t.Errorf("Decode of the zero Block: got error %v, want none", err)
	}
}

func TestBlockDoesNotChangeTheMapOfDefaults(t *testing.T) {
	t.Parallel()
	defaults := map[string]string{"tls": "true"}
	got := options{Params: defaults}
	if err := block(t, "session:\n  database: {params: {tls: skip}}\n", nil).Decode(&got); err != nil || got.Params["tls"] != "skip" {
		t.Fatalf("Decode: got %v, %v; want tls: skip", got.Params, err)
	}
	if defaults["tls"] != "true" {
		t.Errorf("the map of defaults: got tls: %s, want it unchanged: true", defaults["tls"])
	}
}

func TestBlockRefusesWhatItsOwnerDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []refusal{
		{"unknown key", "hots: x", `gyrfalcon.yaml:3:5: session.database.hots: unknown key; did you mean "host"? | hots: x`},
		{"unknown key further down", "nested: {prt: 1}", `gyrfalcon.yaml:3:14: session.database.nested.prt: unknown key; did you mean "port"? | nested: {prt: 1}`},
		{"unknown key in a list", "servers: [{port: 1}, {hst: x}]", `gyrfalcon.yaml:3:27: session.database.servers.1.hst: unknown key; did you mean "host"? | servers: [{port: 1}, {hst: x}]`},
		{"field without a key", "ignored: 1", `gyrfalcon.yaml:3:5: session.database.ignored: unknown key; valid here: addr, count, deep, flag, host, most, names, nested, optional, params, port, ratio, servers, text, tiny, wait | ignored: 1`},
		{"too large a number", "port: 65536", `gyrfalcon.yaml:3:11: session.database.port: "65536" is not a whole number from 0 to 65535 | port: 65536`},
		{"too small a number", "tiny: -129", `gyrfalcon.yaml:3:11: session.database.tiny: "-129" is not a whole number from -128 to 127 | tiny: -129`},
		{"leading zero", "port: 010", `gyrfalcon.yaml:3:11: session.database.port: "010" is not a whole number from 0 to 65535 | port: 010`},
		{"quoted number", "port: \"80\"", `gyrfalcon.yaml:3:11: session.database.port: "80" is not a whole number from 0 to 65535: it is quoted, and so a text | port: "80"`},
		{"fraction", "count: 1.5", `gyrfalcon.yaml:3:12: session.database.count: "1.5" is not a whole number | count: 1.5`},
		{"infinity", "ratio: .inf", `gyrfalcon.yaml:3:12: session.database.ratio: ".inf" is not a number | ratio: .inf`},
		{"Go's infinity", "ratio: Inf", `gyrfalcon.yaml:3:12: session.database.ratio: "Inf" is not a number | ratio: Inf`},
		{"no value", "text: ~", `gyrfalcon.yaml:3:11: session.database.text: has no value; give it one (an empty text is ""), or leave the key out | text: ~`},
		{"text that its type refuses", "addr: here", `gyrfalcon.yaml:3:11: session.database.addr: "here" is refused: ParseAddr("here"): unable to parse IP | addr: here`},
		{"value for a list", "names: a", `gyrfalcon.yaml:3:12: session.database.names: wants a list, not a single value | names: a`},
		{"list for a map", "params: [a]", `gyrfalcon.yaml:3:13: session.database.params: wants a mapping, not a list | params: [a]`},
		{"mapping for a value", "text: {a: b}", `gyrfalcon.yaml:3:11: session.database.text: wants a single value, not a mapping | text: {a: b}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := block(t, "session:\n  database:\n    "+c.yaml+"\n", nil).Decode(new(options))
			if err == nil || err.Error() != c.want {
				t.Errorf("Decode: got error\n%v\nwant\n%s", err, c.want)
			}
		})
	}
}

func TestBlockRefusesATargetThatCannotBeDecodedInto(t *testing.T) {
	t.Parallel()
	b := block(t, "session:\n  database: {a: 1}\n", nil)
	type twice struct {
		A int `yaml:"a"`
		B int `yaml:"a"`
	}
	for _, c := range []struct {
		into any
		want string
	}{
		{nil, `config: session.database can be decoded into a pointer to a struct, not into <nil>`},
		{options{}, `config: session.database can be decoded into a pointer to a struct, not into config_test.options`},
		{new(int), `config: session.database can be decoded into a pointer to a struct, not into *int`},
		{(*options)(nil), `config: session.database can be decoded into a pointer to a struct, not into *config_test.options`},
		{&struct {
			A chan int `yaml:"a"`
		}{}, `gyrfalcon.yaml:2:17: session.database.a: "1" cannot be decoded into chan int | database: {a: 1}`},
		{&struct {
			A any `yaml:"a"`
		}{}, `gyrfalcon.yaml:2:17: session.database.a: "1" cannot be decoded into interface {} | database: {a: 1}`},
		{&struct {
			a int `yaml:"a"`
		}{}, `gyrfalcon.yaml:2:13: session.database: struct { a int "yaml:\"a\"" }.a has a key but is not exported | database: {a: 1}`},
		{&struct {
			A int `yaml:""`
		}{}, `gyrfalcon.yaml:2:13: session.database: struct { A int "yaml:\"\"" }.A has a yaml tag without a key | database: {a: 1}`},
		{&struct {
			S struct {
				a int `yaml:"a"`
			} `yaml:",inline"`
		}{}, `gyrfalcon.yaml:2:13: session.database: struct { a int "yaml:\"a\"" }.a has a key but is not exported | database: {a: 1}`},
		{new(twice), `gyrfalcon.yaml:2:13: session.database: config_test.twice has two fields with the key "a" | database: {a: 1}`},
	} {
		if err := b.Decode(c.into); err == nil || err.Error() != c.want {
			t.Errorf("Decode into %T: got error\n%v\nwant\n%s", c.into, err, c.want)
		}
	}
}

func TestBlockRefusesAMapWhoseKeysAreNoTexts(t *testing.T) {
	t.Parallel()
	var into struct {
		A map[int]string `yaml:"a"`
	}
	const want = `gyrfalcon.yaml:2:17: session.database.a: cannot be decoded into map[int]string | database: {a: {1: x}}`
	err := block(t, "session:\n  database: {a: {1: x}}\n", nil).Decode(&into)
	if err == nil || err.Error() != want {
		t.Errorf("Decode: got error\n%v\nwant\n%s", err, want)
	}
}

func TestOwnerSeesWhetherAKeyIsSet(t *testing.T) {
	t.Parallel()
	s := parse(t, "session:\n  lifetime: 1h\n  cookie: {path: /}\n  database: {nested: {host: \"\"}, names: [a]}\n", nil).Session
	b := s.Block("database")
	for key, got := range map[string]bool{
		"lifetime": s.IsSet("lifetime"), "cookie.path": s.IsSet("cookie.path"),
		"nested.host": b.IsSet("nested.host"), "names.0": b.IsSet("names.0"),
	} {
		if !got {
			t.Errorf("IsSet(%q): got false, want true", key)
		}
	}
	for key, got := range map[string]bool{
		"max_age": s.IsSet("max_age"), "cookie.domain": s.IsSet("cookie.domain"), "": s.IsSet(""), "lifetime.x": s.IsSet("lifetime.x"),
		"nested.port": b.IsSet("nested.port"), "names.1": b.IsSet("names.1"), "names.-1": b.IsSet("names.-1"),
		"of no block": s.Block("redis").IsSet("host"), "of no file": config.Session{}.IsSet("lifetime"),
	} {
		if got {
			t.Errorf("IsSet(%q): got true, want false", key)
		}
	}
}

func TestErrorsOfOwnersNameThePlace(t *testing.T) {
	t.Parallel()
	s := parse(t, "session:\n  adapter: database\n  lifetime: 1h\n  database:\n    nested: {host: x}\n", nil).Session
	for want, got := range map[string]error{
		`gyrfalcon.yaml:5:20: session.database.nested.host: no such host: "x" | nested: {host: x}`: s.Block("database").Errorf("nested.host", "no such host: %q", "x"),
		`gyrfalcon.yaml:4:3: session.database.table: names no table | database:`:                   s.Block("database").Errorf("table", "names no table"),
		`gyrfalcon.yaml:4:3: session.database: is not complete | database:`:                        s.Block("database").Errorf("", "is not complete"),
		`gyrfalcon.yaml:2:12: session.redis.path: names no server | adapter: database`:             s.Block("redis").Errorf("path", "names no server"),
		`gyrfalcon.yaml:3:13: session.lifetime: is set here and in the block | lifetime: 1h`:       s.Errorf("lifetime", "is set here and in the block"),
		`gyrfalcon.yaml:1:1: session.cookie.path: does not fit | session:`:                         s.Errorf("cookie.path", "does not fit"),
		`gyrfalcon.yaml: session.lifetime: is too short`:                                           parse(t, "", nil).Session.Errorf("lifetime", "is too short"),
		`lifetime: is too short`:         config.Session{}.Errorf("lifetime", "is too short"),
		`database.table: names no table`: config.Session{}.Block("database").Errorf("table", "names no table"),
	} {
		if got.Error() != want {
			t.Errorf("Errorf: got\n%v\nwant\n%s", got, want)
		}
	}
	if err := s.Errorf("lifetime", "reading: %w", io.EOF); !errors.Is(err, io.EOF) {
		t.Errorf("Errorf with %%w: got %v, want an error that is io.EOF", err)
	}
}
