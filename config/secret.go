package config

import (
	"regexp"
	"slices"
	"strings"
)

// mask stands where a secret stood.
const mask = "***"

// secretWord reports whether a key of this name, or a word in a line, announces
// a secret. It would rather mask too much: a masked value costs the reader a
// look into his own file.
func secretWord(word string) bool {
	word = strings.ToLower(word)
	for _, s := range []string{"passw", "passphrase", "pwd", "secret", "token", "credential", "auth", "dsn"} {
		if strings.Contains(word, s) {
			return true
		}
	}
	for _, s := range []string{"key", "keys", "pass", "uri"} {
		if strings.HasSuffix(word, s) {
			return true
		}
	}
	return slices.ContainsFunc(strings.FieldsFunc(word, isJoint), misspeltSecret)
}

// isJoint tells what stands between the parts of a name.
func isJoint(r rune) bool { return strings.ContainsRune("_-.", r) }

// misspeltSecret reports whether a part of a key is nearly a word that announces a
// secret: whoever has mistyped the key of his password must not read that in the error.
func misspeltSecret(part string) bool {
	const longest = 16 // what is longer is no slip of the keyboard, and the time goes with the length
	if len(part) > longest {
		return false
	}
	for _, s := range []string{"password", "passphrase", "credential", "passwd", "secret", "token", "auth", "pass", "dsn", "pwd", "uri", "key"} {
		if more := len(part) - len(s); more < -2 || more > 2 {
			continue
		}
		n := slips(part, s)
		switch {
		case len(s) >= len("password") && n <= 2, len(s) >= len("token") && n <= 1, n <= 1 && len(part) == len(s):
			return true
		}
	}
	return false
}

var (
	words = regexp.MustCompile(`[\p{L}\p{N}_.-]+`)

	// joint is what stands between a key and its value.
	joint = regexp.MustCompile(`^["']?\s*[:=]?\s*`)

	// account is the user:password@ of a data source name that is no URL.
	account = regexp.MustCompile(`[^\s"'{}\[\],]*:[^\s]*@`)

	// query is what follows a URL's address, and pairs are a URL's options without it:
	// the one that is a password may be misspelled.
	query = regexp.MustCompile(`(://[^\s"'?]*\?)[^\s"']+`)
	pairs = regexp.MustCompile(`[^\s"'?&=:]+=[^\s"'&]*&[^\s"']*`)
)

// maskText masks what may be a secret in a piece of a configuration whose
// structure is not known: all that follows a word like "password", the
// user:password@ of a URL or a data source name, and a URL's options.
func maskText(text string) string {
	text = maskAccount(text)
	text = query.ReplaceAllString(text, "${1}"+mask)
	text = pairs.ReplaceAllString(text, mask)
	if value, found := afterSecretWord(text); found && value < len(text) {
		return text[:value] + mask
	}
	return text
}

// afterSecretWord finds where the value begins that the first secret word in text
// announces. It may be the end of text.
func afterSecretWord(text string) (value int, found bool) {
	for _, at := range words.FindAllStringIndex(text, -1) {
		if secretWord(text[at[0]:at[1]]) {
			return at[1] + len(joint.FindString(text[at[1]:])), true
		}
	}
	return 0, false
}

func maskAccount(text string) string {
	if scheme := strings.Index(text, "://"); scheme >= 0 {
		if end := strings.LastIndexByte(text, '@'); end > scheme {
			text = text[:scheme+len("://")] + mask + text[end:]
		}
	}
	return account.ReplaceAllString(text, mask+"@")
}

// shorten keeps a message readable; the cut is marked.
func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
