package di_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"gyrfalcon/di"
)

// Mailer stands for any service: it has needs, a start and an end.
type Mailer struct{ host string }

// Start would dial the host.
func (m *Mailer) Start(context.Context) error { fmt.Println("dial", m.host); return nil }

// Stop would send what is left.
func (m *Mailer) Stop(context.Context) error { fmt.Println("hang up"); return nil }

// Where Phalcon has $di->setShared("mailer", function () { ... }) and $di->get("mailer").
func Example() {
	ctx := context.Background()
	c := di.New()

	err := errors.Join(
		di.SetValue(c, "smtp.host", "localhost"),
		di.SetShared(c, "mailer", func(ctx context.Context, c *di.Container) (*Mailer, error) {
			host, err := di.Get[string](ctx, c, "smtp.host")
			if err != nil {
				return nil, err
			}
			return &Mailer{host: host}, nil
		}, di.Eager()),
		c.Start(ctx),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	a, _ := di.Get[*Mailer](ctx, c, "mailer")
	b, _ := di.Get[*Mailer](ctx, c, "mailer")
	fmt.Println("the same:", a == b)

	if err := c.Stop(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// dial localhost
	// the same: true
	// hang up
}

func ExampleSet() {
	ctx := context.Background()
	c := di.New()
	n := 0
	_ = di.Set(c, "ticket", func(context.Context, *di.Container) (int, error) { n++; return n, nil })
	a, _ := di.Get[int](ctx, c, "ticket")
	b, _ := di.Get[int](ctx, c, "ticket")
	fmt.Println(a, b)
	// Output: 1 2
}

// Where Phalcon has $di->get("greeting", ["Ada"]) for function ($name) { ... }.
func ExampleGetWith() {
	c := di.New()
	_ = di.Set(c, "greeting", func(_ context.Context, c *di.Container) (string, error) {
		name, err := di.Param[string](c, 0)
		if err != nil {
			return "", err
		}
		word, err := di.ParamOr(c, 1, "Hello")
		return word + ", " + name, err
	})
	for _, params := range [][]any{{"Ada"}, {"Ada", "Welcome"}} {
		v, err := di.GetWith[string](context.Background(), c, "greeting", params...)
		fmt.Println(v, err)
	}
	// Output:
	// Hello, Ada <nil>
	// Welcome, Ada <nil>
}

// Where Phalcon has $di->getShared("ticket") for what was registered with $di->set.
func ExampleGetShared() {
	ctx := context.Background()
	c := di.New()
	n := 0
	_ = di.Set(c, "ticket", func(context.Context, *di.Container) (int, error) { n++; return n, nil })
	a, _ := di.GetShared[int](ctx, c, "ticket")
	b, _ := di.GetShared[int](ctx, c, "ticket")
	other, _ := di.Get[int](ctx, c, "ticket")
	fmt.Println(a, b, other)
	// Output: 1 1 2
}

func ExampleAttempt() {
	c := di.New()
	factory := func(context.Context, *di.Container) (*Mailer, error) { return &Mailer{host: "localhost"}, nil }
	for range 2 {
		registered, err := di.Attempt(c, "mailer", factory)
		fmt.Println(registered, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleContainer_SetAlias() {
	c := di.New()
	_ = di.SetValue(c, "database", "the database")
	_ = c.SetAlias("database", "db")
	v, _ := di.Get[string](context.Background(), c, "db")
	fmt.Println(v)
	fmt.Println(c.SetAlias("db", "database", di.Replace()))
	// Output:
	// the database
	// di: alias "database": services ask for each other in a circle: database -> db -> database
}

// MailProvider registers what belongs to mail.
type MailProvider struct{ Host string }

// Register implements di.Provider.
func (p MailProvider) Register(c *di.Container) error {
	return di.SetShared(c, "mailer", func(context.Context, *di.Container) (*Mailer, error) {
		return &Mailer{host: p.Host}, nil
	})
}

func ExampleContainer_Register() {
	c := di.New()
	if err := c.Register(MailProvider{Host: "localhost"}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(c.Has("mailer"))
	// Output: true
}

func ExampleName() {
	// At package level, beside the type that it is the name of.
	var mailer = di.Name[*Mailer]("mailer")

	c := di.New()
	_ = mailer.SetValue(c, &Mailer{host: "localhost"})
	m, err := mailer.Get(context.Background(), c)
	fmt.Println(m.host, err)
	// Output: localhost <nil>
}

func ExampleGet_errors() {
	ctx := context.Background()
	c := di.New()
	_ = di.SetShared(c, "site", func(ctx context.Context, c *di.Container) (string, error) { return di.Get[string](ctx, c, "shop") })
	_ = di.SetShared(c, "shop", func(ctx context.Context, c *di.Container) (string, error) { return di.Get[string](ctx, c, "site") })

	_, err := di.Get[string](ctx, c, "site")
	e, _ := errors.AsType[*di.Error](err)
	fmt.Println(errors.Is(err, di.ErrCycle), strings.Join(e.Chain, " -> "))
	// Output: true site -> shop -> site
}

func ExampleOverride() {
	c := di.New()
	_ = di.SetShared(c, "mailer", func(context.Context, *di.Container) (fmt.Stringer, error) {
		return nil, errors.New("no mail server in tests")
	})

	inTest := func(t di.TB) { // in a test file: a *testing.T
		di.Override(t, c, "mailer", fmt.Stringer(bytes.NewBufferString("a mailer for tests")))
		m, err := di.Get[fmt.Stringer](context.Background(), c, "mailer")
		fmt.Println(m, err)
	}
	t := &exampleTB{}
	inTest(t)
	t.end() // what t.Cleanup was told happens now
	_, err := di.Get[fmt.Stringer](context.Background(), c, "mailer")
	fmt.Println(errors.Unwrap(err))
	// Output:
	// a mailer for tests <nil>
	// its factory failed: no mail server in tests
}

// exampleTB stands in for the *testing.T that an example does not have.
type exampleTB struct{ cleanups []func() }

func (t *exampleTB) Helper()                        {}
func (t *exampleTB) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }
func (t *exampleTB) Cleanup(f func())               { t.cleanups = append(t.cleanups, f) }
func (t *exampleTB) end() {
	for _, f := range t.cleanups {
		f()
	}
}

// Clerk asks for a service late, and has something to do before anybody gets it.
type Clerk struct {
	services *di.Container
	desk     string
}

// SetDI implements di.InjectionAware.
func (k *Clerk) SetDI(c *di.Container) { k.services = c }

// Initialize implements di.InitializationAware.
func (k *Clerk) Initialize(ctx context.Context) (err error) {
	k.desk, err = di.Get[string](ctx, k.services, "desk")
	return err
}

// Where Phalcon calls setDI and initialize on what it has built.
func ExampleInitializationAware() {
	c := di.New()
	_ = di.SetValue(c, "desk", "the one by the window")
	_ = di.SetShared(c, "clerk", func(context.Context, *di.Container) (*Clerk, error) { return new(Clerk), nil })
	k, err := di.Get[*Clerk](context.Background(), c, "clerk")
	fmt.Println(k.desk, err)
	// Output: the one by the window <nil>
}

// Where Phalcon attaches a listener to di:afterServiceResolve.
func ExampleContainer_Observe() {
	c := di.New()
	_, _ = c.Observe(di.Resolved(func(_ context.Context, r di.Resolution, m *Mailer) {
		fmt.Println("built", r.Name, "for", m.host)
	}))
	_ = di.SetShared(c, "mailer", func(context.Context, *di.Container) (*Mailer, error) { return &Mailer{host: "localhost"}, nil })
	_, _ = di.Get[*Mailer](context.Background(), c, "mailer")
	_, _ = di.Get[*Mailer](context.Background(), c, "mailer")
	// Output: built mailer for localhost
}

// A request's services: its own user, and a page that the application registered and that sees it.
func ExampleContainer_Scope() {
	ctx := context.Background()
	c := di.New()
	_ = di.Set(c, "page", func(ctx context.Context, c *di.Container) (string, error) {
		user, err := di.Get[string](ctx, c, "user")
		return "Hello, " + user, err
	})
	for _, user := range []string{"Ada", "Grace"} { // in a handler: for its request
		s, err := c.Scope()
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = di.SetValue(s, "user", user)
		page, err := di.Get[string](ctx, s, "page")
		fmt.Println(page, err)
		_ = s.Stop(ctx) // what the scope built has a life as long as the request's
	}
	fmt.Println(c.Has("user"))
	// Output:
	// Hello, Ada <nil>
	// Hello, Grace <nil>
	// false
}

// Patient is a service that can say how it is.
type Patient struct{ ache error }

// Health implements di.HealthChecker.
func (p *Patient) Health(context.Context) error { return p.ache }

func ExampleContainer_Health() {
	c := di.New()
	_ = di.SetValue(c, "cache", &Patient{})
	_ = di.SetValue(c, "store", &Patient{errors.New("the disk is full")})
	_, err := c.Health(context.Background())
	fmt.Println(err)
	// Output: di: health "store": its Health failed: the disk is full
}

func ExampleContainer_Freeze() {
	c := di.New()
	_ = di.SetValue(c, "desk", "by the window")
	c.Freeze()
	fmt.Println(di.SetValue(c, "chair", "oak"))
	// Output: di: set "chair": container is frozen; do it before Freeze is called, or in a scope; a test may Override
}
