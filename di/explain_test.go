package di_test

import (
	"context"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gyrfalcon/di"
)

func TestServicesAreDescribedInTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	c := di.New()
	at := nextLine(t)
	must(t, di.SetValue(c, "value", 1))
	must(t, di.SetShared(c, "shared", giving(&clock{"UTC"})))
	must(t, di.Set(c, "each", giving("x")))
	must(t, c.SetAlias("alias", "shared"))
	if _, err := di.Get[*clock](t.Context(), c, "shared"); err != nil {
		t.Fatal(err)
	}
	got := c.Services()
	if got[3].Registered != at {
		t.Errorf("value: registered at %s, want %s", got[3].Registered, at)
	}
	for i := range got {
		if !strings.HasPrefix(got[i].Registered, "di/explain_test.go:") {
			t.Errorf("%s: registered at %s, want a line of this file", got[i].Name, got[i].Registered)
		}
		got[i].Registered = ""
	}
	want := []di.Service{
		{Name: "alias", AliasOf: "shared"},
		{Name: "each", Type: "string"},
		{Name: "shared", Type: "*di_test.clock", Shared: true, Resolved: true},
		{Name: "value", Type: "int", Shared: true, Resolved: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestExplainTellsKindStateAndNeedsAndNoValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	y := newYard()
	must(t, di.SetValue(y.Container, "password", secret))
	y.engine(t, &engine{name: "db"}, []string{"password"})
	y.engine(t, &engine{name: "site"}, []string{"db", "each", "db"}, di.Eager())
	must(t, di.Set(y.Container, "each", giving(secret)))
	must(t, di.SetShared(y.Container, "idle", giving(1)))
	must(t, di.SetShared(y.Container, "broken", func(context.Context, *di.Container) (int, error) { return 0, errors.New(secret) }))
	must(t, di.SetShared(y.Container, "plain", giving(secret)))
	must(t, y.SetAlias("store", "db"))
	wantRow(t, y.Explain(), `^site +shared +not built, eager +- `)

	must(t, y.Start(t.Context()))
	if _, err := di.Get[int](t.Context(), y.Container, "broken"); err == nil {
		t.Fatal("the broken service was built")
	}
	y.get(t, "plain")
	text := y.Explain()
	for _, row := range []string{
		`^NAME +KIND +STATE +BUILD +REGISTERED +ASKED FOR$`,
		`^broken +shared +failed +\S+s +di/explain_test.go:\d+ +-$`,
		`^db +shared +started +\S+s +di/life_test.go:\d+ +password$`,
		`^each +new each time +- `,
		`^idle +shared +not built +- `,
		`^password +value +ready +- `,
		`^plain +shared +built +\S+s `,
		`^site +shared +started .* db, each$`,
		`^store +alias of db +- +- +di/explain_test.go:\d+ +-$`,
	} {
		wantRow(t, text, row)
	}
	must(t, y.Stop(t.Context()))
	wantRow(t, y.Explain(), `^db +shared +stopped `)
	if strings.Contains(text+y.Explain(), secret) {
		t.Errorf("the table shows a value:\n%s", text)
	}
}

func TestExplainShowsABuildUnderWay(t *testing.T) {
	t.Parallel()
	y := newYard()
	inside := ""
	must(t, di.SetShared(y.Container, "a", func(_ context.Context, c *di.Container) (*engine, error) {
		inside = c.Explain()
		return &engine{log: &y.log, name: "a", onStart: func(context.Context) error { inside += c.Explain(); return nil }}, nil
	}))
	must(t, y.Start(t.Context()))
	y.get(t, "a")
	wantRow(t, inside, `^a +shared +building `)
	wantRow(t, inside, `^a +shared +starting `)
	must(t, y.Stop(t.Context()))
}

func wantRow(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile("(?m)" + pattern).MatchString(text) {
		t.Errorf("no row like %s in\n%s", pattern, text)
	}
}
