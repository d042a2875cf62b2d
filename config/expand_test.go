package config_test

import "testing"

func TestVariablesAreExpandedInValues(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"HOST": "db", "PORT": "3306", "EMPTY": "", "SNEAKY": "x, port: 1", "LINES": "a\nport: 2", "NULL": "null", "AGAIN": "${HOST}"}
	for text, want := range map[string]string{
		`${HOST}`:                  "db",
		`"${HOST}"`:                "db",
		`'${HOST}'`:                "db",
		`${HOST}.${HOST}:${PORT}`:  "db.db:3306",
		`${EMPTY}`:                 "",
		`${EMPTY:-default}`:        "default",
		`${MISSING:-default}`:      "default",
		`${MISSING:-}`:             "",
		`${MISSING:-a b $ $$c :-}`: "a b $ $c :-",
		`${HOST:-default}`:         "db",
		`$$`:                       "$",
		`$${HOST}`:                 "${HOST}",
		`a$b$`:                     "a$b$",
		`$HOST`:                    "$HOST",
		`${SNEAKY}`:                "x, port: 1",
		`${LINES}`:                 "a\nport: 2",
		`${NULL}`:                  "null",
		`${AGAIN}`:                 "${HOST}",
		`${PORT}`:                  "3306",
	} {
		var got options
		if err := block(t, "session:\n  database:\n    text: "+text+"\n", vars).Decode(&got); err != nil || got.Text != want || got.Port != 0 {
			t.Errorf("text: %s: got %q, port %d, %v; want %q", text, got.Text, got.Port, err, want)
		}
	}
}

func TestTypeIsThatOfTheExpandedValueUnlessItIsQuoted(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"PORT": "3306", "FLAG": "true", "WAIT": "90"}
	var got options
	err := block(t, "session:\n  database:\n    port: ${PORT}\n    flag: ${FLAG}\n    wait: ${WAIT}\n    count: -${PORT}\n", vars).Decode(&got)
	if err != nil || got.Port != 3306 || !got.Flag || got.Wait.Seconds() != 90 || got.Count != -3306 {
		t.Errorf("Decode: got %+v, %v; want port 3306, flag true, wait 90s, count -3306", got, err)
	}
	const want = `gyrfalcon.yaml:3:11: session.database.port: what "${PORT}" expands to is not a whole number from 0 to 65535: it is quoted, and so a text | port: "${PORT}"`
	err = block(t, "session:\n  database:\n    port: \"${PORT}\"\n", vars).Decode(&got)
	if err == nil || err.Error() != want {
		t.Errorf("Decode of a quoted number: got error\n%v\nwant\n%s", err, want)
	}
}

func TestKeysAreNotExpanded(t *testing.T) {
	t.Parallel()
	refuse(t, map[string]string{"SECTION": "session"}, []refusal{{
		"a key", "${SECTION}: {}\n",
		`gyrfalcon.yaml:1:1: "${SECTION}": unknown key; valid here: http, log, services, session | ${SECTION}: {}`,
	}})
}

func TestVariablesThatCannotBeExpandedAreRefused(t *testing.T) {
	t.Parallel()
	const form = `"${" begins no variable here: write ${NAME} or ${NAME:-default}, and $$ for a $ sign`
	refuse(t, map[string]string{"A": "a"}, []refusal{
		{
			"missing", "session:\n  unique_id: ${A}-${MISSING}-${MISSING2}\n",
			`gyrfalcon.yaml:2:14: session.unique_id: the environment variable MISSING is not set; set it, or write a default: ${MISSING:-…} | unique_id: ${A}-${MISSING}-${MISSING2}`,
		},
		{"not closed", "session:\n  unique_id: ${A\n", `gyrfalcon.yaml:2:14: session.unique_id: ` + form + ` | unique_id: ${A`},
		{"no name", "session:\n  unique_id: ${}\n", `gyrfalcon.yaml:2:14: session.unique_id: ` + form + ` | unique_id: ${}`},
		{"no name of a variable", "session:\n  unique_id: ${1A}\n", `gyrfalcon.yaml:2:14: session.unique_id: ` + form + ` | unique_id: ${1A}`},
		{"a form of the shell's", "session:\n  unique_id: ${A:?x}\n", `gyrfalcon.yaml:2:14: session.unique_id: ` + form + ` | unique_id: ${A:?x}`},
		{"a variable in a default", "session:\n  unique_id: ${A:-${B}}\n", `gyrfalcon.yaml:2:14: session.unique_id: ` + form + ` | unique_id: ${A:-${B}}`},
		{"in a block that nobody decodes", "session:\n  mongo:\n    database: ${\n", `gyrfalcon.yaml:3:15: session.mongo.database: ` + form + ` | database: ${`},
	})
}

func TestVariableThatIsMissingMattersOnlyInTheChosenBlock(t *testing.T) {
	t.Parallel()
	s := parse(t, "session:\n  adapter: ${ADAPTER}\n  database: {text: \"${MISSING}\"}\n  redis: {text: \"${SET}\"}\n",
		map[string]string{"ADAPTER": "redis", "SET": "x"}).Session
	chosen, err := s.Select([]string{"database", "redis"})
	if err != nil {
		t.Fatalf("Select: got error %v, want none", err)
	}
	var got options
	if err := chosen.Decode(&got); err != nil || got.Text != "x" {
		t.Errorf("Decode of the chosen block: got %q, %v; want x", got.Text, err)
	}
	const want = `gyrfalcon.yaml:3:20: session.database.text: the environment variable MISSING is not set; set it, or write a default: ${MISSING:-…} | database: {text: "${MISSING}"}`
	if err := s.Block("database").Decode(&got); err == nil || err.Error() != want {
		t.Errorf("Decode of the other block: got error\n%v\nwant\n%s", err, want)
	}
}
