package di_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gyrfalcon/di"
)

// What Phalcon's manual shows of its Di, one by one, as one writes it here. The titles are the manual's.

// Database stands for a connection.
type Database struct{ host, name string }

// Invoices is a component that needs one.
type Invoices struct{ db *Database }

// Total would ask the database.
func (i *Invoices) Total() string { return "the total of " + i.db.name + " at " + i.db.host }

// "String": $container->set('request', Request::class). Go finds no type by its name; new is as short.
func ExampleSet_string() {
	c := di.New()
	_ = di.Set(c, "builder", func(context.Context, *di.Container) (*strings.Builder, error) { return new(strings.Builder), nil })

	ctx := context.Background()
	a, _ := di.Get[*strings.Builder](ctx, c, "builder")
	b, err := di.Get[*strings.Builder](ctx, c, "builder")
	fmt.Println("the same:", a == b, err)
	// Output: the same: false <nil>
}

// "Class instances": $container->set('request', new Request()).
func ExampleSetValue() {
	c := di.New()
	_ = di.SetValue(c, "db", &Database{"localhost", "tutorial"})

	ctx := context.Background()
	a, _ := di.Get[*Database](ctx, c, "db")
	b, err := di.Get[*Database](ctx, c, "db")
	fmt.Println("the same:", a == b, err)
	// Output: the same: true <nil>
}

// "Closures" with variables of their environment: function () use ($config) { ... }.
func ExampleSet_closure() {
	c := di.New()
	config := map[string]string{"host": "localhost", "dbname": "tutorial"}
	_ = di.Set(c, "db", func(context.Context, *di.Container) (*Database, error) {
		return &Database{config["host"], config["dbname"]}, nil
	})

	config["dbname"] = "changed" // a closure of Go sees it; in PHP, use takes a copy
	db, err := di.Get[*Database](context.Background(), c, "db")
	fmt.Println(db.name, err)
	// Output: changed <nil>
}

// "Closures" that ask for other services: $this->get('config'), where $this is the container. Here it is a parameter.
func ExampleSet_otherServices() {
	c := di.New()
	_ = di.SetShared(c, "invoices", func(ctx context.Context, c *di.Container) (*Invoices, error) {
		db, err := di.Get[*Database](ctx, c, "db") // registered further down: nothing is built before it is asked for
		return &Invoices{db}, err
	})
	_ = di.SetShared(c, "db", func(ctx context.Context, c *di.Container) (*Database, error) {
		config, err := di.Get[map[string]string](ctx, c, "config")
		return &Database{config["host"], config["dbname"]}, err
	})
	_ = di.SetValue(c, "config", map[string]string{"host": "localhost", "dbname": "tutorial"})

	invoices, err := di.Get[*Invoices](context.Background(), c, "invoices")
	fmt.Println(invoices.Total(), err)
	// Output: the total of tutorial at localhost <nil>
}

// "Shared services": $container->setShared('session', function () { ... }), or set(..., true), which is the same.
// Phalcon's closure starts the session, too; here the service has a Start, which the container calls.
func ExampleSetShared() {
	ctx := context.Background()
	c := di.New()
	built := 0
	_ = di.SetShared(c, "mailer", func(context.Context, *di.Container) (*Mailer, error) {
		built++
		return &Mailer{"localhost"}, nil
	})
	fmt.Println("built before it is asked for:", built)
	_ = c.Start(ctx)
	a, _ := di.Get[*Mailer](ctx, c, "mailer")
	b, err := di.Get[*Mailer](ctx, c, "mailer")
	fmt.Println("the same:", a == b, "built:", built, err)
	_ = c.Stop(ctx)
	// Output:
	// built before it is asked for: 0
	// dial localhost
	// the same: true built: 1 <nil>
	// hang up
}

// attempt returns false for a name that is taken. A library registers its defaults so, and the application what it wants before.
func ExampleAttemptShared() {
	c := di.New()
	ours := func(context.Context, *di.Container) (*Database, error) { return &Database{"localhost", "ours"}, nil }
	standard := func(context.Context, *di.Container) (*Database, error) {
		return &Database{"localhost", "standard"}, nil
	}

	_ = di.SetShared(c, "db", ours)
	registered, err := di.AttemptShared(c, "db", standard)
	fmt.Println(registered, err)

	db, err := di.Get[*Database](context.Background(), c, "db")
	fmt.Println(db.name, err)
	// Output:
	// false <nil>
	// ours <nil>
}

// "Manipulating services": getService('request') to look at a definition, and setDefinition and setShared to change it. Here a
// record is for looking at; a definition is replaced as a whole.
func ExampleReplace() {
	ctx := context.Background()
	c := di.New()
	factory := func(context.Context, *di.Container) (*Database, error) {
		return &Database{"localhost", "tutorial"}, nil
	}
	_ = di.Set(c, "db", factory)
	s, _ := c.GetService("db")
	fmt.Println(s.Kind)

	fmt.Println(errors.Is(di.SetShared(c, "db", factory), di.ErrExists)) // twice is mostly two people who do not know of each other
	_ = di.SetShared(c, "db", factory, di.Replace())
	s, _ = c.GetService("db")
	fmt.Println(s.Kind, s.Resolved)

	_, _ = di.Get[*Database](ctx, c, "db")
	s, _ = c.GetService("db")
	fmt.Println(s.Kind, s.Resolved)
	// Output:
	// new each time
	// true
	// shared false
	// shared true
}

// setAlias('db', ['database', 'connection']) gives a service two more names, remove() takes it away with all of them.
func ExampleContainer_Remove() {
	c := di.New()
	_ = di.SetValue(c, "db", &Database{"localhost", "tutorial"})
	for _, alias := range []string{"database", "connection"} {
		_ = c.SetAlias("db", alias)
	}
	name, _ := c.GetAlias("connection")
	fmt.Println(name, c.Has("connection"))

	_ = c.Remove("database") // an alias stands for its service
	fmt.Println(c.Has("db"), c.Has("database"), c.Has("connection"))
	// Output:
	// db true
	// false false false
}

// ConfigProvider, DatabaseProvider and InvoicesProvider stand each in a file of its own.
type (
	ConfigProvider   struct{ host string }
	DatabaseProvider struct{}
	InvoicesProvider struct{}
)

// Register implements di.Provider.
func (p ConfigProvider) Register(c *di.Container) error {
	return di.SetValue(c, "config", map[string]string{"host": p.host})
}

// Register implements di.Provider.
func (DatabaseProvider) Register(c *di.Container) error {
	return di.SetShared(c, "db", func(ctx context.Context, c *di.Container) (*Database, error) {
		config, err := di.Get[map[string]string](ctx, c, "config")
		return &Database{config["host"], "tutorial"}, err
	})
}

// Register implements di.Provider.
func (InvoicesProvider) Register(c *di.Container) error {
	return di.SetShared(c, "invoices", func(ctx context.Context, c *di.Container) (*Invoices, error) {
		db, err := di.Get[*Database](ctx, c, "db")
		return &Invoices{db}, err
	})
}

// "Service providers": a list of them, and a loop that registers each. The order does not matter, since no provider builds anything.
func ExampleProvider() {
	providers := []di.Provider{InvoicesProvider{}, DatabaseProvider{}, ConfigProvider{host: "localhost"}}
	c := di.New()
	if err := c.Register(providers...); err != nil {
		fmt.Println(err)
		return
	}
	invoices, err := di.Get[*Invoices](context.Background(), c, "invoices")
	fmt.Println(invoices.Total(), err)
	// Output: the total of tutorial at localhost <nil>
}

// Report finds its services when it needs them.
type Report struct{ services *di.Container }

// SetDI implements di.InjectionAware.
func (r *Report) SetDI(c *di.Container) { r.services = c }

// "Automatic injecting": what implements InjectionAwareInterface is given the container.
func ExampleInjectionAware() {
	c := di.New()
	_ = di.SetValue(c, "db", &Database{"localhost", "tutorial"})
	_ = di.Set(c, "report", func(context.Context, *di.Container) (*Report, error) { return new(Report), nil })

	ctx := context.Background()
	report, err := di.Get[*Report](ctx, c, "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	db, err := di.Get[*Database](ctx, report.services, "db")
	fmt.Println(db.name, err)
	// Output: tutorial <nil>
}

// "Exceptions": what is not registered is an exception that is caught by its class, and here an error that is branched on.
func ExampleError() {
	c := di.New()
	_ = di.SetValue(c, "database", &Database{}, di.RegisteredAt("main.go:12"))
	_, err := di.Get[*Database](context.Background(), c, "databse")
	if errors.Is(err, di.ErrNotFound) {
		fmt.Println(err)
	}
	_, err = di.Get[*Invoices](context.Background(), c, "database")
	if e, ok := errors.AsType[*di.Error](err); ok {
		fmt.Println(e.Wanted, e.Found, e.Registered)
	}
	// Output:
	// di: get "databse": no such service; did you mean "database", registered at main.go:12?
	// *di_test.Invoices *di_test.Database main.go:12
}
