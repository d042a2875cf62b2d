package di_test

import (
	"fmt"
	"strings"
	"testing"

	"gyrfalcon/di"
)

// spyT is a test that Override is called from: it keeps what it was told, and ends when finish is called.
type spyT struct {
	failed  string
	cleanup []func()
}

func (s *spyT) Helper()                      {}
func (s *spyT) Cleanup(f func())             { s.cleanup = append(s.cleanup, f) }
func (s *spyT) Fatalf(f string, args ...any) { s.failed = fmt.Sprintf(f, args...) }
func (s *spyT) finish() {
	for _, f := range s.cleanup {
		f()
	}
}

func zoneOf(t *testing.T, c *di.Container) string {
	t.Helper()
	v, err := di.Get[*clock](t.Context(), c, "clock")
	if err != nil {
		return err.Error()
	}
	return v.zone
}

func wantZone(t *testing.T, c *di.Container, want string) {
	t.Helper()
	if got := zoneOf(t, c); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOverridePutsTheOldDefinitionBackWithItsInstance(t *testing.T) { //nolint:tparallel // what comes after the inner test needs its end
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "engine"}, nil)
	must(t, y.Start(t.Context()))
	y.get(t, "engine")
	fake := &engine{log: &y.log, name: "fake"}
	t.Run("inner", func(t *testing.T) {
		di.Override(t, y.Container, "engine", fake)
		if got, err := di.Get[*engine](t.Context(), y.Container, "engine"); err != nil || got != fake {
			t.Errorf("during the override: got %v, %v; want the fake", got, err)
		}
	})
	if got, err := di.Get[*engine](t.Context(), y.Container, "engine"); err != nil || got.name != "engine" {
		t.Errorf("after the test: got %v, %v; want the engine", got, err)
	}
	must(t, y.Stop(t.Context()))
	y.log.want(t, "build engine, start engine, stop engine")
}

func TestOverridesOfOneNameMayEndInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{2, 1, 0}, {0, 1, 2}, {1, 0, 2}, {1, 2, 0}} {
		c := di.New()
		must(t, di.SetValue(c, "clock", &clock{"real"}))
		var tests [3]spyT
		for i := range tests {
			di.Override(&tests[i], c, "clock", &clock{fmt.Sprint(i)})
		}
		open := map[int]bool{0: true, 1: true, 2: true}
		for _, i := range order {
			tests[i].finish()
			delete(open, i)
			want := "real"
			for j := range 3 {
				if open[j] {
					want = fmt.Sprint(j)
				}
			}
			if got := zoneOf(t, c); got != want {
				t.Errorf("order %v, after test %d ended: got %q, want %q", order, i, got, want)
			}
		}
	}
}

func TestOverridePutsTheOldDefinitionBackWhateverBecameOfTheName(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"real"})))
	must(t, di.SetValue(c, "other", 1))
	for _, meddle := range []func() error{
		func() error { return c.Remove("clock") },
		func() error { return di.SetValue(c, "clock", &clock{"third"}, di.Replace()) },
		func() error { return c.SetAlias("other", "clock", di.Replace()) },
		func() error { return nil },
	} {
		var test spyT
		di.Override(&test, c, "clock", &clock{"fake"})
		wantZone(t, c, "fake")
		must(t, meddle())
		test.finish()
		wantZone(t, c, "real")
	}
}

func TestOverrideOfWhatIsNotThereFailsTheTestAndNamesTheNearest(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetValue(c, "clock", &clock{"real"}))
	var test spyT
	di.Override(&test, c, "clok", &clock{"fake"})
	if !strings.Contains(test.failed, `did you mean "clock"`) {
		t.Errorf("got %q, want a failure that names the nearest", test.failed)
	}
	var nobody fmt.Stringer
	test = spyT{}
	di.Override(&test, c, "clock", nobody)
	if !strings.Contains(test.failed, "the value is nil") {
		t.Errorf("got %q, want a failure about the nil", test.failed)
	}
	wantZone(t, c, "real")
	must(t, c.Stop(t.Context()))
	test = spyT{}
	di.Override(&test, c, "clock", &clock{"fake"})
	if !strings.Contains(test.failed, "stopped") {
		t.Errorf("got %q, want a failure about the stopped container", test.failed)
	}
}

func TestAnOverriddenServiceIsStoppedWithTheContainerAndNotHandedOutAfterwards(t *testing.T) {
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "engine"}, nil)
	y.get(t, "engine")
	must(t, di.SetValue(y.Container, "value", 1))
	var test spyT
	di.Override(&test, y.Container, "engine", &engine{log: &y.log, name: "fake"})
	di.Override(&test, y.Container, "value", 2)
	must(t, y.Stop(t.Context()))
	test.finish()
	for _, name := range []string{"engine", "value"} {
		_, err := di.Get[any](t.Context(), y.Container, name)
		wantError(t, err, di.ErrStopped, name)
	}
	y.log.want(t, "build engine, stop engine")
}
