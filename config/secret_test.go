package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gyrfalcon/config"
)

// secret stands in the tests' files and variables where no error may show it.
const secret = "hunter2"

func TestSecretsAreMaskedInTheOffendingLine(t *testing.T) {
	t.Parallel()
	for _, c := range []refusal{
		{"password beside the mistake", `database: {password: hunter2, hots: x}`, `gyrfalcon.yaml:2:33: session.database.hots: unknown key; did you mean "host"? | database: {password: ***`},
		{"mistake before the password", `database: {hots: x, password: hunter2}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: x, password: ***`},
		{"key that sounds like a secret", `database: {hots: x, tls_key: hunter2}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: x, tls_key: ***`},
		{"quoted key", `database: {hots: x, "authToken" : hunter2}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: x, "authToken" : ***`},
		{"pasword", "database:\n    pasword: hunter2", `gyrfalcon.yaml:3:5: session.database.pasword: unknown key; did you mean "password"? | pasword: ***`},
		{"misspelt in another way", "database:\n    pasowrd: hunter2", `gyrfalcon.yaml:3:5: session.database.pasowrd: unknown key; did you mean "password"? | pasowrd: ***`},
		{"misspelt part of a key", "database:\n    admin_sercet: hunter2", `gyrfalcon.yaml:3:5: session.database.admin_sercet: unknown key; valid here: auth, authToken, host, password, tls_key, uri | admin_sercet: ***`},
		{"uri", `database: {hots: x, uri: "mongodb://hunter2"}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: x, uri: ***`},
		{"URL with a password", `database: {hots: "tcp://u:hunter2@h:1"}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: ***`},
		{"path with a password among its parameters", `database: {hots: "tcp://h:1?auth=hunter2"}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: ***`},
		{"path with a password under a misspelled name", `database: {hots: "tcp://h:1?auht=hunter2"}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: ***`},
		{"options without a URL", `database: {hots: "seed[]=h&auht=hunter2"}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: ***`},
		{"data source name", `database: {hots: "root:hunter2@tcp(h)/test"}`, `gyrfalcon.yaml:2:14: session.database.hots: unknown key; did you mean "host"? | database: {hots: ***`},
		{"under a key that sounds like a secret", "database:\n    auth:\n      - hunter2\n      - {a: b}", `gyrfalcon.yaml:5:9: session.database.auth.***: wants a single value, not a mapping | - {***`},
		{"key of a wrong key", "database: {auth: {hunter2: 1}}", `gyrfalcon.yaml:2:20: session.database.auth: wants a list, not a mapping | database: {auth: ***`},
		{"secret over several lines", "database: {password: \"very\n    hunter2\", hots: x}", `gyrfalcon.yaml:3:15: session.database.hots: unknown key; did you mean "host"? | *** hots: x}`},
		{"line with no more than the end of a secret", "database: {auth: [\"x\n    hunter2\", []]}", `gyrfalcon.yaml:3:15: session.database.auth.***: wants a single value, not a list | ***`},
		{"comment", "database: # password is hunter2\n    hots: x # the password: hunter2", `gyrfalcon.yaml:3:5: session.database.hots: unknown key; did you mean "host"? | hots: x # the password: ***`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, err := parse(t, "session:\n  "+c.yaml+"\n", nil).Session.Select([]string{"database"})
			if err != nil {
				t.Fatalf("Select: got error %v, want none", err)
			}
			var into struct {
				Host     string   `yaml:"host"`
				Password string   `yaml:"password"`
				Key      string   `yaml:"tls_key"`
				Token    string   `yaml:"authToken"`
				URI      string   `yaml:"uri"`
				Auth     []string `yaml:"auth"`
			}
			if err := b.Decode(&into); err == nil || err.Error() != c.want {
				t.Errorf("Decode: got error\n%v\nwant\n%s", err, c.want)
			}
		})
	}
}

func TestSecretsAreMaskedInAFileThatIsNoYAML(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{
		{"mapping for a password", "a:\n  password: x: hunter2\n", `gyrfalcon.yaml:2:14: not valid YAML: mapping values are not allowed in this context | password: ***`},
		{"misspelt", "a:\n  paswrd: %hunter2\n", `gyrfalcon.yaml:2:11: not valid YAML: found character that cannot start any token | paswrd: ***`},
		{"password that begins with @", "a:\n  password: @hunter2\n", `gyrfalcon.yaml:2:13: not valid YAML: found character that cannot start any token | password: ***`},
		{"password that begins with *", "a:\n  password: *hunter2\n", `gyrfalcon.yaml:2:13: aliases (*name) are not supported; quote a value that begins with * | password: ***`},
		{"password that begins with !", "a:\n  password: !hunter2!x y\n", `gyrfalcon.yaml:2:13: tags (!name) are not supported; quote a value that begins with ! | password: ***`},
		{"password without a colon", "a:\n  password hunter2\n  b: c\n", `gyrfalcon.yaml:3:4: not valid YAML: mapping values are not allowed in this context | b: c`},
		{"password without a space", "a:\n  password:hunter2\n  b:\n - c\n", `gyrfalcon.yaml:3:4: not valid YAML: mapping values are not allowed in this context | b:`},
		{"quote that is not closed", "a:\n  password: \"hunter2\n  b: c\n", `gyrfalcon.yaml:2:13: not valid YAML: found unexpected end of stream (while scanning a quoted scalar that begins in line 2) | password: ***`},
		{"second line of a quoted password", "a:\n  password: \"x\n    hunter2\" y\n", `gyrfalcon.yaml:3:14: not valid YAML: did not find expected key (while parsing a block mapping that begins in line 2) | ***`},
		{"second line of a quoted password, not indented", "password: \"x\nhunter2\" y\n", `gyrfalcon.yaml:2:10: not valid YAML: did not find expected key (while parsing a block mapping that begins in line 1) | ***`},
		{"text of a block under the password", "a:\n  password: |\n    x\n   hunter2: y\n", `gyrfalcon.yaml:4:4: not valid YAML: did not find expected key (while parsing a block mapping that begins in line 2) | ***`},
		{"within braces", "a:\n  b: {password: x\n  hunter2: y, z}\n", `gyrfalcon.yaml:3:10: not valid YAML: did not find expected ',' or '}' (while parsing a flow mapping that begins in line 2) | ***`},
		{"URL", "a: {b: tcp://u:hunter2@h, c: ]\n", `gyrfalcon.yaml:1:30: not valid YAML: did not find expected node content | a: {b: ***@h, c: ]`},
		{"after the secret is over", "a:\n  password: x\n  b: ]\n", `gyrfalcon.yaml:3:6: not valid YAML: did not find expected node content | b: ]`},
		{"Latin-1", "password: hunter2\xe9\n", `gyrfalcon.yaml:1:18: not UTF-8; save the file as UTF-8 | password: ***`},
	})
}

func TestWhatAVariableExpandedToIsNeverShown(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"V": secret}
	for _, yaml := range []string{
		"session:\n  lifetime: ${V}\n", "session:\n  max_data: ${V}\n", "session:\n  codec: ${V}\n", "session:\n  interop: ${V}\n",
		"session:\n  cookie:\n    secure: ${V}\n", "session:\n  cookie:\n    same_site: ${V}\n", "session:\n  cookie:\n    name: a b ${V}\n",
		"session:\n  cookie:\n    path: ${V}\n",
		"session:\n  cookie:\n    domain: .${V}\n", "services:\n  a:\n    cookie:\n      name: ${V}\n  b:\n    cookie:\n      name: ${V}\n",
		"http:\n  address: ${V}\n", "http:\n  admin_address: ${V}\n", "log:\n  level: ${V}\n", "log:\n  format: ${V}\n", "session: ${V}\n", "${V}\n",
	} {
		if _, err := config.Parse(file, []byte(yaml), env(vars)); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Parse: got error %v, want one without %q, for:\n%s", err, secret, yaml)
		}
	}
	for _, field := range []string{"port", "flag", "tiny", "count", "ratio", "wait", "most", "addr", "names", "params", "nested"} {
		err := block(t, "session:\n  database:\n    "+field+": ${V}\n", vars).Decode(new(options))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("Decode: got error %v, want one without %q, for %s: ${V}", err, secret, field)
		}
	}
	_, err := parse(t, "session:\n  adapter: ${V}\n", vars).Session.Select([]string{"hunter", "database"})
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("Select: got error %v, want one without %q", err, secret)
	}
}

func TestErrorsOfOwnersAreRidOfSecrets(t *testing.T) {
	t.Parallel()
	b := block(t, "session:\n  database:\n    password: \"a\\\"b hunter2\"\n    text: ${V}\n    names: [\"${V}\"]\n    host: plain\n    token: t\n", map[string]string{"V": "canary"})
	for _, c := range []struct{ key, message, want string }{
		{"password", `cannot use a"b hunter2 here`, `gyrfalcon.yaml:3:15: session.database.password: cannot use *** here | password: ***`},
		{"password", fmt.Sprintf("cannot use %q here", `a"b hunter2`), `gyrfalcon.yaml:3:15: session.database.password: cannot use "***" here | password: ***`},
		{"text", `no table "canary"`, `gyrfalcon.yaml:4:11: session.database.text: no table "${V}" | text: ${V}`},
		{"names", `no table "canary"`, `gyrfalcon.yaml:5:12: session.database.names: no table "${V}" | names: ["${V}"]`},
		{"host", `no host "plain" for canary`, `gyrfalcon.yaml:6:11: session.database.host: no host "plain" for ${V} | host: plain`},
		{"token", `not t`, `gyrfalcon.yaml:7:12: session.database.token: no*** *** | token: ***`},
		{"host", `not plain`, `gyrfalcon.yaml:6:11: session.database.host: not plain | host: plain`},
	} {
		if got := b.Errorf(c.key, "%w", errors.New(c.message)).Error(); got != c.want {
			t.Errorf("Errorf(%q, %q): got\n%s\nwant\n%s", c.key, c.message, got, c.want)
		}
	}
}
