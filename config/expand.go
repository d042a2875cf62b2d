package config

import (
	"fmt"
	"regexp"
	"strings"
)

// variable is what may stand after "${": a name, or a name and a default.
var variable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?}`)

// badVariable does not quote the value: a password may hold "${" by chance.
const badVariable = `"${" begins no variable here: write ${NAME} or ${NAME:-default}, and $$ for a $ sign`

// expand replaces the variables in text. The complaint, if any, holds neither a
// value nor a default. Two kinds are told apart, because a missing variable
// matters only where the value is wanted, a bad form everywhere.
func expand(text string, lookup func(string) (string, bool)) (expanded string, missing, bad string) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		switch {
		case !found:
			return b.String(), missing, ""
		case strings.HasPrefix(rest, "$"):
			b.WriteByte('$')
			text = rest[1:]
		case strings.HasPrefix(rest, "{"):
			m := variable.FindStringSubmatch(rest[1:])
			if m == nil || strings.Contains(m[3], "${") {
				return "", "", badVariable
			}
			value, ok := lookup(m[1])
			switch {
			case m[2] != "" && value == "":
				value = strings.ReplaceAll(m[3], "$$", "$")
			case !ok && missing == "":
				missing = fmt.Sprintf("the environment variable %s is not set; set it, or write a default: ${%s:-…}", m[1], m[1])
			}
			b.WriteString(value)
			text = rest[1+len(m[0]):]
		default:
			b.WriteByte('$')
			text = rest
		}
	}
}
