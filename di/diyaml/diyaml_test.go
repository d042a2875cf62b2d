package diyaml_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gyrfalcon/config"
	"gyrfalcon/di"
	"gyrfalcon/di/diyaml"
)

type clock struct{ zone string }

type clockArguments struct {
	Zone string `yaml:"zone"`
}

func (a clockArguments) Validate() error {
	if a.Zone == "nowhere" {
		return errors.New("there is no such zone")
	}
	return nil
}

type mailer struct {
	host   string
	clocks []*clock
	copyTo []string
}

type mailerArguments struct {
	Host     string               `yaml:"host"`
	Password string               `yaml:"password"`
	CopyTo   []string             `yaml:"copy_to"`
	Clock    diyaml.Ref[*clock]   `yaml:"clock"`
	Others   []diyaml.Ref[*clock] `yaml:"others"`
	Spare    *diyaml.Ref[*clock]  `yaml:"spare"`
}

func types(t *testing.T) *diyaml.Types {
	t.Helper()
	var types diyaml.Types
	err := errors.Join(
		diyaml.Add(&types, "clock", func(_ context.Context, a clockArguments) (*clock, error) { return &clock{a.Zone}, nil }),
		diyaml.Add(&types, "mailer", func(_ context.Context, a mailerArguments) (*mailer, error) {
			m := &mailer{host: a.Host, copyTo: a.CopyTo, clocks: []*clock{a.Clock.Get()}}
			for _, o := range a.Others {
				m.clocks = append(m.clocks, o.Get())
			}
			if a.Spare != nil {
				m.clocks = append(m.clocks, a.Spare.Get())
			}
			return m, nil
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return &types
}

func env(name string) (string, bool) { return "from " + name, name == "ZONE" }

func TestAFileDescribesServicesTheirArgumentsAndReferences(t *testing.T) {
	t.Parallel()
	c := di.New()
	if err := di.SetValue(c, "before", &clock{"CET"}); err != nil {
		t.Fatal(err)
	}
	err := diyaml.Parse(c, "services.yaml", []byte(`
mailer:
  type: mailer
  arguments:
    host: localhost
    copy_to: [a, b]
    clock: {service: time}
    others: [{service: utc}, {service: before}]
time: {alias: utc}
utc: {type: clock, shared: true, eager: true, arguments: {zone: "${ZONE}"}}
`), types(t), config.WithEnv(env))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil || !c.HasShared("utc") {
		t.Errorf("Start: got %v, utc built %v; want nil, true", err, c.HasShared("utc"))
	}
	one, err := di.Get[*mailer](t.Context(), c, "mailer")
	if err != nil {
		t.Fatal(err)
	}
	if len(one.clocks) != 3 || one.clocks[0] != one.clocks[1] || one.clocks[0].zone != "from ZONE" || one.clocks[2].zone != "CET" || one.host != "localhost" {
		t.Errorf("got %+v, want the arguments of the file", one)
	}
	one.copyTo[0] = "changed"
	two, err := di.Get[*mailer](t.Context(), c, "mailer")
	if err != nil || two == one || two.copyTo[0] != "a" {
		t.Errorf("the second: got %+v, %v; want another one, with arguments of its own", two, err)
	}
	s, err := c.GetService("utc")
	if err != nil || s.Registered != "services.yaml:10:1" {
		t.Errorf("got %+v, %v; want it registered at services.yaml:10:1", s, err)
	}
}

func TestWhatIsWrongWithAFileIsToldWithItsPlaceAndNothingIsRegistered(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		yaml string
		want []string
	}{
		{"[a]", []string{"services.yaml:1:1", "wants a mapping"}},
		{"a: {type: clok}", []string{`services.yaml:1:11: a.type: "clok" is no type`, `did you mean "clock"?`}},
		{"a: {type: tower}", []string{`"tower" is no type`, "valid here: clock, mailer"}},
		{"a: {alias: tkaen}", []string{`services.yaml:1:12: a.alias: "tkaen" is no service`, `did you mean "taken"?`}},
		{"\"\": {type: clock}", []string{"services.yaml:1:1: ", "the name is empty"}},
		{"a: {type: clock}\n\"b\\n\": {type: clock}", []string{"services.yaml:2:1: ", "control character"}},
		{"a: {}", []string{"services.yaml:1:1: a.type: is missing"}},
		{"a:\n  type: clock\n  sharde: true", []string{`services.yaml:3:3: a.sharde: unknown key; did you mean "shared"?`}},
		{"a: {type: clock, argumnets: {}}", []string{`did you mean "arguments"?`}},
		{"a: {type: clock, shared: 7}", []string{"services.yaml:1:26", "neither true nor false"}},
		{"a: {type: clock, eager: true}", []string{"services.yaml:1:25", "write shared: true"}},
		{"a: {alias: taken, shared: true}", []string{"services.yaml:1:27", "leave this out"}},
		{"a: {alias: nothing}", []string{`services.yaml:1:12: a.alias: "nothing" is no service`}},
		{"a: {type: clock, arguments: {zoen: x}}", []string{`services.yaml:1:30: a.arguments.zoen: unknown key; did you mean "zone"?`}},
		{"a: {type: clock, arguments: [x]}", []string{"services.yaml:1:29", "wants a mapping, not a list"}},
		{"a: {type: clock, arguments: {zone: nowhere}}", []string{"services.yaml:1:18: a.arguments: there is no such zone"}},
		{"a: {type: mailer, arguments: {clock: clock}}", []string{"services.yaml:1:38: a.arguments.clock: wants a mapping"}},
		{"a: {type: mailer, arguments: {host: x}}", []string{"a.arguments.clock: refers to no service", "{service: NAME}"}},
		{"a: {type: mailer, arguments: {clock: {service: tkaen}}}", []string{`services.yaml:1:48: a.arguments.clock.service: "tkaen" is no service`, `did you mean "taken"?`}},
		{"a: {type: mailer, arguments: {clock: {service: taken}, others: [{service: b}]}}", []string{`services.yaml:1:75: a.arguments.others.0.service: "b"`}},
		{"a: {type: clock}\na: {type: clock}", []string{"services.yaml:2:1", "duplicate key"}},
		{"a: {type: x}\nb: {type: y}", []string{"services.yaml:1:", "services.yaml:2:"}},
		{"a: {type: clock}\ntaken: {type: clock}", []string{"services.yaml:2:1: taken: name is taken; ", "registered at diyaml/diyaml_test.go:"}},
		{"a: {alias: b}\nb: {alias: a}", []string{"services.yaml:1:12: a.alias: ", "in a circle: a -> b -> a", "services.yaml:2:12: b.alias: ", "b -> a -> b"}},
		{"x: {alias: a}\na: {alias: a}", []string{"services.yaml:2:12: a.alias: ", "in a circle: a -> a"}},
		{"a: {type: mailer, arguments: {password: hunter2, clock: {service: none}}}", []string{"none"}},
	} {
		c := di.New()
		if err := di.SetValue(c, "taken", &clock{}); err != nil {
			t.Fatal(err)
		}
		err := diyaml.Parse(c, "services.yaml", []byte(tc.yaml), types(t))
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s\n\tgot %v\n\twant it to say %q", tc.yaml, err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows a secret: %v", tc.yaml, err)
		}
		if n := len(c.Services()); n != 1 {
			t.Errorf("%s: got %d services in the container, want the 1 of before", tc.yaml, n)
		}
	}
}

func TestAFileThatIsRefusedTakesNothingAwayThatWasThereBefore(t *testing.T) {
	t.Parallel()
	c := di.New()
	if err := errors.Join(di.SetValue(c, "one", 1), di.SetValue(c, "two", 2)); err != nil {
		t.Fatal(err)
	}
	err := diyaml.Parse(c, "services.yaml", []byte("b: {alias: a}\na: {alias: one}\nk: {type: clock}\ntwo: {alias: b}"), types(t))
	if !errors.Is(err, di.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	var left []string
	for _, s := range c.Services() {
		left = append(left, s.Name)
	}
	if got := strings.Join(left, " "); got != "one two" {
		t.Errorf("got %s in the container, want one two", got)
	}
}

// common stands among the arguments of several types.
type common struct {
	Clock diyaml.Ref[*clock] `yaml:"clock"`
}

func TestReferencesAreFoundAmongInlineArguments(t *testing.T) {
	t.Parallel()
	var types diyaml.Types
	type arguments struct {
		common `yaml:",inline"`

		Name string `yaml:"name"`
	}
	err := diyaml.Add(&types, "watch", func(_ context.Context, a arguments) (string, error) { return a.Name + " in " + a.Clock.Get().zone, nil })
	if err != nil {
		t.Fatal(err)
	}
	c := di.New()
	err = errors.Join(di.SetValue(c, "utc", &clock{"UTC"}),
		diyaml.Parse(c, "services.yaml", []byte("a: {type: watch, arguments: {name: mine, clock: {service: utc}}}"), &types))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := di.Get[string](t.Context(), c, "a"); got != "mine in UTC" || err != nil {
		t.Errorf("got %q, %v; want mine in UTC", got, err)
	}
	err = diyaml.Parse(c, "services.yaml", []byte("b: {type: watch, arguments: {clock: {service: utx}}}"), &types)
	if want := `services.yaml:1:47: b.arguments.clock.service: "utx" is no service`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAReferenceOfAnotherTypeIsToldWhenItIsBuilt(t *testing.T) {
	t.Parallel()
	c := di.New()
	err := errors.Join(di.SetValue(c, "n", 1),
		diyaml.Parse(c, "services.yaml", []byte("a: {type: mailer, arguments: {clock: {service: n}}}"), types(t)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = di.Get[*mailer](t.Context(), c, "a")
	if !errors.Is(err, di.ErrType) || !strings.Contains(err.Error(), "registered at services.yaml:1:1") {
		t.Errorf("got %v, want ErrType, and the place in the file", err)
	}
}

func TestAFileIsLoadedFromItsPath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "services.yaml")
	if err := os.WriteFile(path, []byte("a: {type: clock}"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := di.New()
	if err := diyaml.Load(c, path, types(t)); err != nil || !c.Has("a") {
		t.Errorf("got %v, has a: %v; want nil, true", err, c.Has("a"))
	}
	long := strings.Repeat("# not a service\n", 1<<20/16) + "late: {type: clock}"
	if err := os.WriteFile(path, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := diyaml.Load(c, path, types(t)); err == nil || !strings.Contains(err.Error(), "larger than 1MiB") {
		t.Errorf("a file of more than 1 MiB: got %v, want it refused, not cut", err)
	}
	if err := diyaml.Load(c, path+".no", types(t)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: got %v, want fs.ErrNotExist", err)
	}
}

func TestTypesThatCannotBeRightAreRefused(t *testing.T) {
	t.Parallel()
	types := types(t)
	one := func(context.Context, struct{}) (int, error) { return 1, nil }
	for what, tc := range map[string]struct{ err, want error }{
		"no name": {diyaml.Add(types, "", one), di.ErrInvalid},
		"taken":   {diyaml.Add(types, "clock", one), di.ErrExists},
		"nil":     {diyaml.Add[struct{}, int](types, "x", nil), di.ErrInvalid},
		"to none": {diyaml.Add(nil, "x", one), di.ErrInvalid},
		"of none": {diyaml.Parse(di.New(), "services.yaml", []byte("a: {type: x}"), nil), di.ErrInvalid},
		"nowhere": {diyaml.Parse(nil, "services.yaml", nil, types), di.ErrInvalid},
		"in a map": {diyaml.Add(types, "x", func(context.Context, struct {
			Deep []*struct {
				Clocks map[string][]diyaml.Ref[*clock] `yaml:"clocks"`
			} `yaml:"deep"`
		}) (int, error) {
			return 1, nil
		}), di.ErrInvalid},
		"no struct": {diyaml.Add(types, "x", func(context.Context, int) (int, error) { return 1, nil }), di.ErrInvalid},
	} {
		if !errors.Is(tc.err, tc.want) {
			t.Errorf("%s: got %v, want %v", what, tc.err, tc.want)
		}
	}
}
