package config

import (
	"regexp"
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
