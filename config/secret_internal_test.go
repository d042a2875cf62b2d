package config

import "testing"

func TestAMisspeltSecretIsOneAllTheSame(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"pasword", "pasowrd", "passwrod", "paswrd", "pasphrase", "secrt", "sercet", "tokn", "tokne", "dns", "ur1", "auht", "db_pasword", "Pasword", "credentail"} {
		if !secretWord(word) {
			t.Errorf("secretWord(%q) = false, want true", word)
		}
	}
	// Whose values one wants to see.
	for _, word := range []string{"adapter", "lifetime", "max_age", "unique_id", "codec", "interop", "max_data", "gc_interval", "timeout", "cookie", "name", "path",
		"domain", "secure", "http_only", "same_site", "persistent", "driver", "synchronous", "busy_timeout", "table", "column_session_id", "column_data", "create",
		"shards", "database", "collection", "ttl_index", "flavor", "host", "port", "username", "dbname", "tls", "charset", "timezone", "server", "dbtable", "pool",
		"max_lead", "data_bytes", "id_chars", "lock", "wait", "expire", "every", "replicas", "seeds", "master", "sentinel", "cluster", "prefix", "level", "format"} {
		if secretWord(word) {
			t.Errorf("secretWord(%q) = true, want false", word)
		}
	}
}
