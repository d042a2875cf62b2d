package di_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/di"
)

func TestServicesAreDescribedInTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	c := di.New()
	at := nextLine(t)
	must(t, di.SetValue(c, "value", 1))
	must(t, di.SetShared(c, "shared", giving(&clock{"UTC"})))
	must(t, di.Set(c, "each", giving("x")))
	must(t, c.SetAlias("shared", "alias"))
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
		got[i].Registered, got[i].Took = "", 0
	}
	want := []di.Service{
		{Name: "alias", AliasOf: "shared", Kind: "alias", State: "-"},
		{Name: "each", Type: "string", Kind: "new each time", State: "-"},
		{Name: "shared", Type: "*di_test.clock", Kind: "shared", State: "built", Shared: true, Resolved: true},
		{Name: "value", Type: "int", Kind: "value", State: "ready", Shared: true, Resolved: true},
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
	must(t, y.SetAlias("db", "store"))
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

func TestServicesTellWhoAskedForWhom(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "site", asking("shop", nil)))
	must(t, di.SetShared(c, "shop", asking("store", nil)))
	must(t, di.Set(c, "db", giving(1)))
	must(t, c.SetAlias("db", "store"))
	must(t, di.Set(c, "job", func(ctx context.Context, c *di.Container) (int, error) {
		_, err := di.Get[int](ctx, c, "store") // asks twice, under both names
		if err != nil {
			return 0, err
		}
		return di.Get[int](ctx, c, "db")
	}))
	wantGet(t, c, "site", 1)
	if _, err := di.GetShared[int](t.Context(), c, "job"); err != nil {
		t.Error(err)
	}
	asks, asked := map[string]string{}, map[string]string{}
	for _, s := range c.Services() {
		asks[s.Name], asked[s.Name] = strings.Join(s.AsksFor, " "), strings.Join(s.AskedForBy, " ")
		if s.Took <= 0 && s.AliasOf == "" {
			t.Errorf("%s: took %v, want more than nothing", s.Name, s.Took)
		}
	}
	if want := map[string]string{"site": "shop", "shop": "store", "store": "", "db": "", "job": "store db"}; !reflect.DeepEqual(asks, want) {
		t.Errorf("asks for: got %q, want %q", asks, want)
	}
	if want := map[string]string{"site": "", "shop": "site", "store": "job shop", "db": "job shop", "job": ""}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked for by: got %q, want %q", asked, want)
	}
}

func TestABuildsTimeIsToldInThreeDigits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		for took, want := range map[time.Duration]time.Duration{
			999: 999, 1234567: 1230 * time.Microsecond, 1235678: 1240 * time.Microsecond, 12345678901: 12300 * time.Millisecond,
		} {
			name := took.String()
			must(t, di.SetShared(c, name, func(context.Context, *di.Container) (int, error) { <-time.After(took); return 1, nil }))
			wantGet(t, c, name, 1)
			if s, err := c.GetService(name); err != nil || s.Took != want {
				t.Errorf("%v: got %v, %v; want %v", took, s.Took, err, want)
			}
		}
	})
}

func TestAServiceIsStoppedWhileOthersAreYetToBe(t *testing.T) {
	t.Parallel()
	y := newYard()
	states := map[string]string{}
	y.engine(t, &engine{name: "first", onStop: func(context.Context) error {
		for _, s := range y.Services() {
			states[s.Name] = s.State
		}
		return nil
	}}, nil, di.Eager())
	y.engine(t, &engine{name: "last"}, nil, di.Eager())
	must(t, y.Start(t.Context()))
	must(t, y.Stop(t.Context()))
	if want := map[string]string{"first": "stopped", "last": "stopped"}; !reflect.DeepEqual(states, want) {
		t.Errorf("got %v, want %v", states, want)
	}
}

func TestJSONHoldsTheSameServicesAndNoValues(t *testing.T) {
	t.Parallel()
	c := di.New()
	if got, err := c.JSON(); err != nil || string(got) != `{"services":[]}` {
		t.Errorf("of an empty container: got %s, %v", got, err)
	}
	must(t, di.SetValue(c, "password", "hunter2"))
	must(t, di.SetShared(c, "db", asking("password", nil)))
	_, _ = di.Get[int](t.Context(), c, "db")
	text, err := c.JSON()
	must(t, err)
	if strings.Contains(string(text), "hunter2") {
		t.Errorf("the document shows a value: %s", text)
	}
	var got struct{ Services []di.Service }
	must(t, json.Unmarshal(text, &got))
	if want := c.Services(); !reflect.DeepEqual(got.Services, want) {
		t.Errorf("got  %+v\nwant %+v", got.Services, want)
	}
}

func TestAScopesServicesTellWhatIsInherited(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetValue(c, "a", 1))
	must(t, di.SetValue(c, "b", 1))
	s := scopeOf(t, c)
	must(t, di.SetValue(s, "b", 2))
	for i, d := range s.Services() {
		if want := i == 0; d.Inherited != want {
			t.Errorf("%s: got inherited %v, want %v", d.Name, d.Inherited, want)
		}
	}
}
