package config_test

import (
	"fmt"

	"gyrfalcon/config"
)

func ExampleParse() {
	c, err := config.Parse("gyrfalcon.yaml", []byte(`
session:
  adapter: redis
  lifetime: 30m
  cookie: {same_site: strict}
  redis: {path: "tcp://127.0.0.1:6379?weight=1"}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Session.Adapter, c.Session.Lifetime, c.Session.Cookie.Name, c.Session.Cookie.SameSite)
	// Output: redis 30m0s __Host-session strict
}

// All that is wrong is told at once, with the place, and without the password.
func ExampleParse_refused() {
	_, err := config.Parse("gyrfalcon.yaml", []byte(`
session:
  lifetme: 1h
  database: {password: secret, password: secret}
`))
	fmt.Println(err)
	// Output:
	// gyrfalcon.yaml:3:3: session.lifetme: unknown key; did you mean "lifetime"? | lifetme: 1h
	// gyrfalcon.yaml:4:32: session.database.password: duplicate key; it is already set in line 4 | database: {password: ***
}

// The owner of an adapter decodes its block over the defaults.
func ExampleSession_Select() {
	c, err := config.Parse("gyrfalcon.yaml", []byte(`
session:
  adapter: database
  database:
    host: db.example.com
    table: ""
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	block, err := c.Session.Select([]string{"database", "memory"})
	if err != nil {
		fmt.Println(err)
		return
	}
	options := struct {
		Host  string `yaml:"host"`
		Port  uint16 `yaml:"port"`
		Table string `yaml:"table"`
	}{Host: "localhost", Port: 3306, Table: "session_data"}
	if err := block.Decode(&options); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(options.Host, options.Port)
	if options.Table == "" {
		fmt.Println(block.Errorf("table", "names no table; leave it out for session_data"))
	}
	// Output:
	// db.example.com 3306
	// gyrfalcon.yaml:6:12: session.database.table: names no table; leave it out for session_data | table: ""
}

func ExampleWithEnv() {
	c, err := config.Parse("gyrfalcon.yaml", []byte("session:\n  lifetime: ${LIFETIME:-20m}\n  unique_id: ${SHOP}\n"),
		config.WithEnv(func(name string) (string, bool) {
			v, ok := map[string]string{"SHOP": "north"}[name]
			return v, ok
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Session.Lifetime, c.Session.UniqueID)
	// Output: 20m0s north
}

func ExampleDefault() {
	c := config.Default()
	fmt.Println(c.Session.Adapter, c.Session.Cookie.Name, c.Session.Cookie.Secure, c.HTTP.Address)
	// Output: database session false 127.0.0.1:8080
}
