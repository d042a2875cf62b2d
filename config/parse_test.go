package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gyrfalcon/config"
)

func TestFileThatIsNotYAMLIsRefused(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{
		{
			"tab in the indentation", "session:\n\tlifetime: 1h\n",
			`gyrfalcon.yaml:2:1: the line begins with a tab; YAML is indented with spaces only | lifetime: 1h`,
		},
		{
			"wrong indentation", "session:\n  lifetime: 1h\n   codec: json\n",
			`gyrfalcon.yaml:3:9: not valid YAML: mapping values are not allowed in this context | codec: json`,
		},
		{
			"quote that is not closed", "session:\n  unique_id: \"shop\n  codec: json\n",
			`gyrfalcon.yaml:2:14: not valid YAML: found unexpected end of stream (while scanning a quoted scalar that begins in line 2) | unique_id: "shop`,
		},
		{
			"brace that is not closed", "session: {lifetime: 1h\n",
			`gyrfalcon.yaml:1:10: not valid YAML: did not find expected ',' or '}' (while parsing a flow mapping that begins in line 1) | session: {lifetime: 1h`,
		},
		{
			"variable that is not quoted inside braces", "session: {lifetime: ${LIFE}}\n",
			`gyrfalcon.yaml:1:22: not valid YAML: did not find expected ',' or '}'; inside { } and [ ] a variable must be quoted: "${NAME}" | session: {lifetime: ${LIFE}}`,
		},
		{
			"no mapping", "hello\n",
			`gyrfalcon.yaml:1:1: wants a mapping, not a single value | hello`,
		},
		{
			"Latin-1", "session:\n  unique_id: caf\xe9\n",
			"gyrfalcon.yaml:2:17: not UTF-8; save the file as UTF-8 | unique_id: caf\ufffd",
		},
		{
			"UTF-16", "\xff\xfes\x00e\x00s\x00",
			`gyrfalcon.yaml: not UTF-8, but UTF-16 or no text at all; save the file as UTF-8`,
		},
		{
			"zero byte", "session: \"\x00\"\n",
			`gyrfalcon.yaml: not UTF-8, but UTF-16 or no text at all; save the file as UTF-8`,
		},
		{
			"control character", "session:\n  codec: \x1bjson\n",
			"gyrfalcon.yaml:2:10: the control character U+001B is not allowed | codec: \ufffdjson",
		},
		{
			"line break that no editor shows", "session: # a\u2028  codec: json\n",
			"gyrfalcon.yaml:1:13: the line break U+2028 is not allowed; end the line with a newline | session: # a\ufffd  codec: json",
		},
		{
			"larger than any configuration", strings.Repeat("#\n", 1<<19+1),
			`gyrfalcon.yaml: larger than 1MiB; this cannot be a configuration`,
		},
	})
}

func TestPartsOfYAMLThatAConfigurationDoesNotNeedAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{
		{
			"two documents, the second broken", "session: {}\n---\nlog: ]\n",
			`gyrfalcon.yaml:3:6: not valid YAML: did not find expected node content | log: ]`,
		},
		{
			"two documents", "session: {}\n---\nlog: {}\n",
			`gyrfalcon.yaml:2:1: a second document begins here; a configuration is one document | ---`,
		},
		{
			"anchor and alias", "session: &s\n  lifetime: 1h\nservices:\n  admin: *s\n",
			"gyrfalcon.yaml:1:10: session: anchors (&name) are not supported; quote a value that begins with & | session: &s\n" +
				"gyrfalcon.yaml:4:10: services.admin: aliases (*name) are not supported; quote a value that begins with * | admin: *s",
		},
		{
			"alias of nothing", "session:\n  unique_id: *shop\n",
			`gyrfalcon.yaml:2:14: aliases (*name) are not supported; quote a value that begins with * | unique_id: *shop`,
		},
		{
			"alias of itself", "session: &s\n  database: *s\n",
			"gyrfalcon.yaml:1:10: session: anchors (&name) are not supported; quote a value that begins with & | session: &s\n" +
				"gyrfalcon.yaml:2:13: session.database: aliases (*name) are not supported; quote a value that begins with * | database: *s",
		},
		{
			"merge key", "session:\n  <<: {lifetime: 1h}\n",
			`gyrfalcon.yaml:2:3: session."<<": merge keys (<<) are not supported; write the keys out | <<: {lifetime: 1h}`,
		},
		{
			"tag", "session:\n  unique_id: !!str 1\n",
			`gyrfalcon.yaml:2:14: session.unique_id: tags (!name) are not supported; quote a value that begins with ! | unique_id: !!str 1`,
		},
		{
			"tag of no name", "session:\n  unique_id: ! 1\n",
			`gyrfalcon.yaml:2:14: session.unique_id: tags (!name) are not supported; quote a value that begins with ! | unique_id: ! 1`,
		},
		{
			"key with an anchor", "&s session: {}\n",
			`gyrfalcon.yaml:1:1: session: a key must be a plain name, without an anchor or a tag | &s session: {}`,
		},
		{
			"tag of a handle that is not declared", "session:\n  unique_id: !a!b c\n",
			`gyrfalcon.yaml:2:14: tags (!name) are not supported; quote a value that begins with ! | unique_id: !a!b c`,
		},
		{
			"key that is a mapping", "session:\n  ? {a: b}\n  : c\n",
			`gyrfalcon.yaml:2:5: session.***: a key must be a plain name | ? ***`,
		},
		{
			"key that is an essay", "session:\n  " + strings.Repeat("k", 129) + ": 1\n",
			`gyrfalcon.yaml:2:3: session.***: a key must be a plain name | ***`,
		},
		{
			"nested in braces", "session: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n",
			`gyrfalcon.yaml:1:42: nested deeper than 32 levels | session: ` + strings.Repeat("[", 40) + strings.Repeat("]", 40),
		},
	})
}

func TestUnknownAndDuplicateKeysAreRefusedWithTheNearestName(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{
		{
			"at the top", "sesion:\n  lifetime: 1h\n",
			`gyrfalcon.yaml:1:1: sesion: unknown key; did you mean "session"? | sesion:`,
		},
		{
			"in session", "session:\n  lifetme: 1h\n",
			`gyrfalcon.yaml:2:3: session.lifetme: unknown key; did you mean "lifetime"? | lifetme: 1h`,
		},
		{
			"written in another style", "session:\n  maxAge: 1h\n",
			`gyrfalcon.yaml:2:3: session.maxAge: unknown key; did you mean "max_age"? | maxAge: 1h`,
		},
		{
			"written in yet another", "session:\n  UNIQUEID: x\n",
			`gyrfalcon.yaml:2:3: session.UNIQUEID: unknown key; did you mean "unique_id"? | UNIQUEID: x`,
		},
		{
			"longer than any", "log:\n  " + strings.Repeat("level", 14) + ": x\n",
			`gyrfalcon.yaml:2:3: log."` + strings.Repeat("level", 12) + `…": unknown key; valid here: format, level | ` + strings.Repeat("level", 14) + `: x`,
		},
		{
			"near nothing", "session:\n  colour: blue\n",
			`gyrfalcon.yaml:2:3: session.colour: unknown key; valid here: adapter, codec, cookie, gc_interval, interop, lifetime, max_age, max_data, timeout, unique_id, and an adapter's block, which is a mapping | colour: blue`,
		},
		{
			"the adapter's block without its mapping", "session:\n  redis: 7\n  adapter: redis\n",
			`gyrfalcon.yaml:2:10: session.redis: wants a mapping, not a single value, for it is the adapter's block | redis: 7`,
		},
		{
			"the default adapter's block without its mapping", "session:\n  database: test.db\n",
			`gyrfalcon.yaml:2:13: session.database: wants a mapping, not a single value, for it is the adapter's block | database: test.db`,
		},
		{
			"in cookie", "session:\n  cookie:\n    samesite: lax\n",
			`gyrfalcon.yaml:3:5: session.cookie.samesite: unknown key; did you mean "same_site"? | samesite: lax`,
		},
		{
			"in a service", "services:\n  admin:\n    codecs: json\n",
			`gyrfalcon.yaml:3:5: services.admin.codecs: unknown key; did you mean "codec"? | codecs: json`,
		},
		{
			"in http and log", "http: {addresss: \":80\"}\nlog: {levl: info}\n",
			"gyrfalcon.yaml:1:8: http.addresss: unknown key; did you mean \"address\"? | http: {addresss: \":80\"}\n" +
				"gyrfalcon.yaml:2:7: log.levl: unknown key; did you mean \"level\"? | log: {levl: info}",
		},
		{
			"set twice", "session:\n  lifetime: 1h\n  lifetime: 2h\n",
			`gyrfalcon.yaml:3:3: session.lifetime: duplicate key; it is already set in line 2 | lifetime: 2h`,
		},
		{
			"set twice in a block that nobody decodes", "session:\n  mongo: {uri: a, uri: b}\n",
			`gyrfalcon.yaml:2:19: session.mongo.uri: duplicate key; it is already set in line 2 | mongo: {uri: ***`,
		},
	})
}

func TestAllThatIsWrongIsToldAtOnceInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{{
		"several", "log:\n  level: loud\nsession:\n  lifetime: soon\n  max_data: much\n  codec: json\n  codec: php\n",
		"gyrfalcon.yaml:2:10: log.level: \"loud\" is not known here; valid here: debug, error, info, warn | level: loud\n" +
			"gyrfalcon.yaml:4:13: session.lifetime: \"soon\" is not a duration, such as 90s, 15m or 1h (a plain number counts seconds) | lifetime: soon\n" +
			"gyrfalcon.yaml:5:13: session.max_data: \"much\" is not a size, such as 65536, 64KiB or 1MiB | max_data: much\n" +
			"gyrfalcon.yaml:7:3: session.codec: duplicate key; it is already set in line 6 | codec: php",
	}})
}

func TestErrorsBeyondTheTenthAreCounted(t *testing.T) {
	t.Parallel()
	for number, want := range map[int]string{11: "1 more error", 25: "15 more errors", 1000: "many more errors"} {
		var yaml strings.Builder
		for i := range number {
			fmt.Fprintf(&yaml, "unknown%d: 1\n", i)
		}
		_, err := config.Parse(file, []byte(yaml.String()))
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != 11 || lines[10] != file+": "+want {
			t.Errorf("Parse of %d errors: got %d lines, the last %q; want 11, the last %q", number, len(lines), lines[len(lines)-1], want)
		}
	}
}

func TestErrorHasItsPlaceInFields(t *testing.T) {
	t.Parallel()
	_, err := config.Parse(file, []byte("session:\n  lifetme: 1h\n"))
	got, ok := errors.AsType[*config.Error](err)
	if !ok {
		t.Fatalf("Parse: got %T, want *config.Error", err)
	}
	if got.File != file || got.Line != 2 || got.Column != 3 || got.Path != "session.lifetme" || got.Source != "lifetme: 1h" {
		t.Errorf("Parse: got %+v, want line 2, column 3, path session.lifetme", *got)
	}
}

func TestWaysToSaveAFileThatAreAllRead(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"byte order mark":        "\ufeffsession:\n  lifetime: 2h\n",
		"CRLF":                   "session:\r\n  lifetime: 2h\r\n",
		"old Macintosh":          "session:\r  lifetime: 2h\r",
		"no newline at the end":  "session:\n  lifetime: 2h",
		"braces":                 "{session: {lifetime: 2h}}",
		"JSON":                   `{"session": {"lifetime": "2h"}}`,
		"document marks":         "---\nsession:\n  lifetime: 2h\n...\n",
		"comments":               "# one\nsession: # two\n  # three\n  lifetime: 2h # four\n",
		"non-ASCII in a comment": "session: # ünï\n  lifetime: 2h\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, yaml, nil).Session.Lifetime; got.Hours() != 2 {
				t.Errorf("Session.Lifetime: got %v, want 2h", got)
			}
		})
	}
}

func TestColumnsCountCharacters(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{{
		"after a byte order mark", "\ufeffsesion: {}\n",
		`gyrfalcon.yaml:1:1: sesion: unknown key; did you mean "session"? | sesion: {}`,
	}, {
		"after two-byte letters", "session: {unique_id: \"üüü\", lifetme: 1}\n",
		`gyrfalcon.yaml:1:29: session.lifetme: unknown key; did you mean "lifetime"? | session: {unique_id: "üüü", lifetme: 1}`,
	}})
}

// Such files come from nobody's editor. They must end in an error, and soon: the
// test's own time limit is the measure.
func TestFilesMadeToExhaustTheParserAreRefused(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x, x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	var nested strings.Builder
	for i := range 500 {
		nested.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	many := 1 << 15
	for name, yaml := range map[string]string{
		"aliases of aliases":      bomb,
		"nested blocks":           nested.String(),
		"nested braces":           strings.Repeat("{a: ", many),
		"nested lists":            strings.Repeat("- ", many),
		"keys of keys":            strings.Repeat("? ", many),
		"many keys":               "{" + strings.Repeat("a, ", many) + "}",
		"one key a hundred times": strings.Repeat("session: {}\n", many/2),
		"a long line of errors":   "session: {" + strings.Repeat("password@a:b: 1, ", many/4) + "}",
		"colons":                  strings.Repeat("a:", many),
		"quotes":                  strings.Repeat(`"a" `, many),
		"anchors":                 strings.Repeat("&a ", many),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := config.Parse(file, []byte(yaml)); err == nil {
				t.Error("Parse: got no error, want one")
			}
		})
	}
}
