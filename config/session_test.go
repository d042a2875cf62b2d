package config_test

import (
	"strings"
	"testing"
	"time"

	"gyrfalcon/config"
)

func TestSessionDefaultsAreThoseOfAPublicSite(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"empty file": "", "comments only": "# nothing\n", "null": "~\n", "empty mapping": "{}\n",
		"empty session": "session:\n", "empty cookie": "session:\n  cookie:\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := parse(t, yaml, nil)
			s := c.Session
			if s.Name != "session" || s.Adapter != "database" || s.Lifetime != time.Hour || s.MaxAge != 0 || s.UniqueID != "" ||
				s.Codec != "json" || s.Interop != "none" || s.MaxData != 64<<10 || s.GCInterval != 0 || s.Timeout != 0 {
				t.Errorf("Session: got %+v, want the documented defaults", s)
			}
			want := config.Cookie{Name: "__Host-session", Path: "/", Secure: true, HTTPOnly: true, SameSite: "lax"}
			if s.Cookie != want {
				t.Errorf("Session.Cookie: got %+v, want %+v", s.Cookie, want)
			}
			if want := (config.HTTP{Address: "127.0.0.1:8080", AdminAddress: "127.0.0.1:8081"}); c.HTTP != want {
				t.Errorf("HTTP: got %+v, want %+v", c.HTTP, want)
			}
			if want := (config.Log{Level: "info", Format: "console"}); c.Log != want {
				t.Errorf("Log: got %+v, want %+v", c.Log, want)
			}
			if len(c.Services) != 0 {
				t.Errorf("Services: got %v, want none", c.Services)
			}
		})
	}
}

func TestSessionKeysAreAllRead(t *testing.T) {
	t.Parallel()
	s := parse(t, `
session:
  adapter: redis
  lifetime: 30m
  max_age: 12h
  unique_id: shop
  codec: php_serialize
  interop: php
  max_data: 1MiB
  gc_interval: 5m
  timeout: 2s
  cookie: {name: sid, path: /shop, domain: example.com, secure: false, http_only: false, same_site: strict, persistent: true}
`, nil).Session
	if s.Adapter != "redis" || s.Lifetime != 30*time.Minute || s.MaxAge != 12*time.Hour || s.UniqueID != "shop" || s.Codec != "php_serialize" ||
		s.Interop != "php" || s.MaxData != 1<<20 || s.GCInterval != 5*time.Minute || s.Timeout != 2*time.Second {
		t.Errorf("Session: got %+v, want what the file says", s)
	}
	want := config.Cookie{Name: "sid", Path: "/shop", Domain: "example.com", SameSite: "strict", Persistent: true}
	if s.Cookie != want {
		t.Errorf("Session.Cookie: got %+v, want %+v", s.Cookie, want)
	}
}

func TestLifetimeIsADurationOrWholeSeconds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"3600": time.Hour, "1h": time.Hour, `"90s"`: 90 * time.Second, "1h30m": 90 * time.Minute, "1500ms": 1500 * time.Millisecond,
	} {
		if got := parse(t, "session:\n  lifetime: "+text+"\n", nil).Session.Lifetime; got != want {
			t.Errorf("lifetime: %s: got %v, want %v", text, got, want)
		}
	}
}

func TestInteropWithPHPTurnsTheDefaultsIntoPHPs(t *testing.T) {
	t.Parallel()
	s := parse(t, "session:\n  interop: php\n", nil).Session
	if s.Codec != "php" || s.Cookie.Name != "PHPSESSID" || s.Lifetime != 24*time.Minute {
		t.Errorf("got codec %s, cookie %s, lifetime %v; want php, PHPSESSID, 24m", s.Codec, s.Cookie.Name, s.Lifetime)
	}
	s = parse(t, "session:\n  interop: php\n  codec: php_binary\n  lifetime: 1h\n  cookie:\n    name: sid\n", nil).Session
	if s.Codec != "php_binary" || s.Cookie.Name != "sid" || s.Lifetime != time.Hour {
		t.Errorf("got codec %s, cookie %s, lifetime %v; want what the file says: php_binary, sid, 1h", s.Codec, s.Cookie.Name, s.Lifetime)
	}
}

func TestSessionValuesOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{
		{
			"lifetime that is no duration", "session:\n  lifetime: 1 hour\n",
			`gyrfalcon.yaml:2:13: session.lifetime: "1 hour" is not a duration, such as 90s, 15m or 1h (a plain number counts seconds) | lifetime: 1 hour`,
		},
		{
			"lifetime of quoted seconds", "session:\n  lifetime: \"3600\"\n",
			`gyrfalcon.yaml:2:13: session.lifetime: "3600" is not a duration, such as 90s, 15m or 1h (a plain number counts seconds) | lifetime: "3600"`,
		},
		{
			"lifetime of more seconds than fit", "session:\n  lifetime: 9999999999999\n",
			`gyrfalcon.yaml:2:13: session.lifetime: "9999999999999" is too many seconds | lifetime: 9999999999999`,
		},
		{
			"lifetime below a second", "session:\n  lifetime: 999ms\n",
			`gyrfalcon.yaml:2:13: session.lifetime: "999ms" is too short; the least is 1s | lifetime: 999ms`,
		},
		{
			"lifetime without a value", "session:\n  lifetime:\n",
			`gyrfalcon.yaml:2:12: session.lifetime: has no value; give it one (an empty text is ""), or leave the key out | lifetime:`,
		},
		{
			"max_age below a second", "session:\n  max_age: -1\n",
			`gyrfalcon.yaml:2:12: session.max_age: "-1" is too short; the least is 1s, and 0 is no limit | max_age: -1`,
		},
		{
			"max_data that is no size", "session:\n  max_data: 64kb\n",
			`gyrfalcon.yaml:2:13: session.max_data: "64kb" is not a size, such as 65536, 64KiB or 1MiB | max_data: 64kb`,
		},
		{
			"max_data of nothing", "session:\n  max_data: 0\n",
			`gyrfalcon.yaml:2:13: session.max_data: no session fits into "0" | max_data: 0`,
		},
		{
			"negative intervals", "session:\n  gc_interval: -1s\n  timeout: -2\n",
			"gyrfalcon.yaml:2:16: session.gc_interval: \"-1s\" is negative | gc_interval: -1s\n" +
				"gyrfalcon.yaml:3:12: session.timeout: \"-2\" is negative | timeout: -2",
		},
		{
			"codec that there is not", "session:\n  codec: jsn\n",
			`gyrfalcon.yaml:2:10: session.codec: "jsn" is not known here; did you mean "json"? | codec: jsn`,
		},
		{
			"interop that there is not", "session:\n  interop: java\n",
			`gyrfalcon.yaml:2:12: session.interop: "java" is not known here; valid here: none, php | interop: java`,
		},
		{
			"interop with PHP by a codec that PHP does not read", "session:\n  interop: php\n  codec: json\n",
			`gyrfalcon.yaml:3:10: session.codec: interop: php cannot be had with codec: json, which PHP does not read; leave the codec out, or name the one that is PHP's session.serialize_handler | codec: json`,
		},
		{
			"no adapter", "session:\n  adapter: \"\"\n",
			`gyrfalcon.yaml:2:12: session.adapter: names no adapter | adapter: ""`,
		},
		{
			"list for a value", "session:\n  codec: [json]\n",
			`gyrfalcon.yaml:2:10: session.codec: wants a single value, not a list | codec: [json]`,
		},
		{
			"value for a mapping", "session:\n  cookie: sid\n",
			`gyrfalcon.yaml:2:11: session.cookie: wants a mapping, not a single value | cookie: sid`,
		},
		{
			"list for a session", "session: [1]\n",
			`gyrfalcon.yaml:1:10: session: wants a mapping, not a list | session: [1]`,
		},
	})
}

func TestCookiesThatNoBrowserWouldTakeAreRefused(t *testing.T) {
	t.Parallel()
	refuse(t, nil, []refusal{
		{
			"same_site that there is not", "session:\n  cookie: {same_site: Lax}\n",
			`gyrfalcon.yaml:2:23: session.cookie.same_site: "Lax" is not known here; did you mean "lax"? | cookie: {same_site: Lax}`,
		},
		{
			"name with a space", "session:\n  cookie: {name: my session}\n",
			`gyrfalcon.yaml:2:18: session.cookie.name: "my session" is not a cookie's name: letters, digits, - and _ | cookie: {name: my session}`,
		},
		{
			"path that is relative", "session:\n  cookie: {name: x, path: shop}\n",
			`gyrfalcon.yaml:2:27: session.cookie.path: "shop" is not a path: it begins with / and holds no ; | cookie: {name: x, path: shop}`,
		},
		{
			"domain that is none", "session:\n  cookie: {name: x, domain: .example.com}\n",
			`gyrfalcon.yaml:2:29: session.cookie.domain: ".example.com" is not a domain, such as example.com | cookie: {name: x, domain: .example.com}`,
		},
		{
			"domain that is too long for one", "session:\n  cookie: {name: x, domain: " + strings.Repeat("a.", 126) + "com}\n",
			`gyrfalcon.yaml:2:29: session.cookie.domain: "` + strings.Repeat("a.", 30) + `…" is not a domain, such as example.com | cookie: {name: x, domain: ` + strings.Repeat("a.", 67) + `…`,
		},
		{
			"truth values of YAML 1.1 and quoted ones", "session:\n  cookie: {persistent: yes, secure: \"true\"}\n",
			"gyrfalcon.yaml:2:24: session.cookie.persistent: \"yes\" is neither true nor false | cookie: {persistent: yes, secure: \"true\"}\n" +
				"gyrfalcon.yaml:2:37: session.cookie.secure: \"true\" is neither true nor false: it is quoted, and so a text | cookie: {persistent: yes, secure: \"true\"}",
		},
	})
}

func TestMaxAgeBelowLifetimeIsAllowed(t *testing.T) {
	t.Parallel()
	if got := parse(t, "session:\n  max_age: 30m\n", nil).Session.MaxAge; got != 30*time.Minute {
		t.Errorf("MaxAge: got %v, want 30m", got)
	}
}
