package config_test

import (
	"testing"

	"gyrfalcon/config"
)

func TestSelectReturnsTheBlockOfTheChosenAdapter(t *testing.T) {
	t.Parallel()
	s := parse(t, "session:\n  adapter: redis\n  redis: {host: a}\n  database: {host: b}\n", nil).Session
	b, err := s.Select([]string{"database", "redis"})
	if err != nil {
		t.Fatalf("Select: got error %v, want none", err)
	}
	var got options
	if err := b.Decode(&got); err != nil || got.Host != "a" {
		t.Errorf("Decode: got host %q, %v; want a", got.Host, err)
	}
}

func TestSelectRefusesAdaptersThatThereAreNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		refusal
		known []string
	}{
		{refusal{
			"adapter misspelled", "session:\n  adapter: databse\n",
			`gyrfalcon.yaml:2:12: session.adapter: "databse" is not linked into this program, which has database, memory; did you mean "database"? | adapter: databse`,
		}, []string{"memory", "database"}},
		{refusal{
			"adapter not linked", "session:\n  adapter: mongo\n  mongo: {}\n",
			"gyrfalcon.yaml:2:12: session.adapter: \"mongo\" is not linked into this program, which has memory | adapter: mongo\n" +
				"gyrfalcon.yaml:3:3: session.mongo: unknown key; valid here: adapter, codec, cookie, gc_interval, interop, lifetime, max_age, max_data, memory, timeout, unique_id | mongo: {}",
		}, []string{"memory"}},
		{refusal{
			"the default not linked", "session:\n  lifetime: 1h\n",
			`gyrfalcon.yaml:1:1: session.adapter: the default, "database", is not linked into this program, which has memory | session:`,
		}, []string{"memory"}},
		{refusal{
			"nothing linked", "",
			`gyrfalcon.yaml: session.adapter: "database" is not linked into this program, nor is any other`,
		}, nil},
		{refusal{
			"block misspelled", "session:\n  databse: {driver: mysql}\n",
			`gyrfalcon.yaml:2:3: session.databse: unknown key; did you mean "database"? | databse: {driver: mysql}`,
		}, []string{"memory", "database"}},
		{refusal{
			"block of the session's misspelled", "session:\n  cokie: {name: x}\n",
			`gyrfalcon.yaml:2:3: session.cokie: unknown key; did you mean "cookie"? | cokie: {name: x}`,
		}, []string{"memory", "database"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(t, c.yaml, nil).Session.Select(c.known)
			if err == nil || err.Error() != c.want {
				t.Errorf("Select(%q): got error\n%v\nwant\n%s", c.known, err, c.want)
			}
		})
	}
}

func TestSelectRefusesAnAdapterNamedAsAKeyOfTheSession(t *testing.T) {
	t.Parallel()
	const want = `config: no adapter can be named "cookie": that is a key of every session`
	if _, err := (config.Session{Adapter: "cookie"}).Select([]string{"cookie"}); err == nil || err.Error() != want {
		t.Errorf("Select: got error %v, want %s", err, want)
	}
}

func TestSelectWorksOnASessionMadeInGo(t *testing.T) {
	t.Parallel()
	b, err := config.Session{Adapter: "memory"}.Select([]string{"memory"})
	if err != nil {
		t.Fatalf("Select: got error %v, want none", err)
	}
	var got options
	if err := b.Decode(&got); err != nil {
		t.Errorf("Decode: got error %v, want none", err)
	}
}
