package di_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"gyrfalcon/di"
)

// giving is a factory of a ready value.
func giving[T any](v T) di.Factory[T] {
	return func(context.Context, *di.Container) (T, error) { return v, nil }
}

// nextLine is the file:line below the one that it is called from, as errors show it.
func nextLine(t *testing.T) string {
	t.Helper()
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("di/%s:%d", file[strings.LastIndex(file, "/")+1:], line+1)
}

// wantError checks the sentinel and the words of an error.
func wantError(t *testing.T, err, sentinel error, words ...string) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Errorf("got error %v, want one that is %v", err, sentinel)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("got error %q, want it to say %q", err, w)
		}
	}
}

func TestAnUnsharedServiceIsNewForEveryGet(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.Set(c, "clock", func(context.Context, *di.Container) (*clock, error) { return &clock{"UTC"}, nil }))
	a, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	b, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	if a == b {
		t.Error("two Gets of an unshared service gave one object, want two")
	}
	if c.HasShared("clock") {
		t.Error("HasShared of an unshared service is true, want false")
	}
}

func TestASharedServiceIsTheSameForEveryGetAndIsNotBuiltBeforeTheFirst(t *testing.T) {
	t.Parallel()
	c := di.New()
	builds := 0
	must(t, di.SetShared(c, "clock", func(context.Context, *di.Container) (*clock, error) {
		builds++
		return &clock{"UTC"}, nil
	}))
	if builds != 0 || !c.Has("clock") || c.HasShared("clock") {
		t.Errorf("after SetShared: got %d builds, Has %v, HasShared %v; want 0, true, false", builds, c.Has("clock"), c.HasShared("clock"))
	}
	a, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	b, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	if a != b || builds != 1 || !c.HasShared("clock") {
		t.Errorf("after two Gets: got same %v, %d builds, HasShared %v; want true, 1, true", a == b, builds, c.HasShared("clock"))
	}
}

func TestANameRegisteredTwiceIsAnErrorThatTellsWhereTheFirstOneIs(t *testing.T) {
	t.Parallel()
	c := di.New()
	first := nextLine(t)
	must(t, di.SetValue(c, "clock", &clock{"UTC"}))
	must(t, di.SetValue(c, "other", 1))
	err := di.SetShared(c, "clock", giving(&clock{"CET"}))
	wantError(t, err, di.ErrExists, `"clock"`, first, "di.Replace()")
	wantError(t, c.SetAlias("other", "clock"), di.ErrExists, first)

	got, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	if got.zone != "UTC" {
		t.Errorf("after a refused registration: got %q, want the first one's %q", got.zone, "UTC")
	}
}

func TestReplaceTakesATakenName(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	if _, err := di.Get[*clock](t.Context(), c, "clock"); err != nil {
		t.Fatal(err)
	}
	must(t, di.SetShared(c, "clock", giving(&clock{"CET"}), di.Replace()))
	got, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	if got.zone != "CET" {
		t.Errorf("after Replace: got %q, want %q", got.zone, "CET")
	}
}

func TestAttemptRegistersOnlyAFreeName(t *testing.T) {
	t.Parallel()
	c := di.New()
	for i, want := range []bool{true, false} {
		did, err := di.Attempt(c, "clock", giving(&clock{fmt.Sprint(i)}))
		if err != nil || did != want {
			t.Errorf("Attempt %d: got %v, %v; want %v, nil", i, did, err, want)
		}
	}
	did, err := di.AttemptShared(c, "shared", giving(&clock{"UTC"}))
	if err != nil || !did {
		t.Errorf("AttemptShared: got %v, %v; want true, nil", did, err)
	}
	got, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	if got.zone != "0" {
		t.Errorf("got the clock of attempt %s, want that of attempt 0", got.zone)
	}
	_, err = di.Attempt(c, "clock", giving(1), di.Replace())
	wantError(t, err, di.ErrInvalid, "contradicts")
}

func TestCallsThatCannotBeRightAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	c := di.New()
	var noFactory di.Factory[int]
	var noReader io.Reader
	var noContainer *di.Container
	var noCtx context.Context
	one := giving(1)
	must(t, di.SetValue(c, "one", 1))
	_, getNil := di.Get[int](t.Context(), noContainer, "one")
	_, getNoCtx := di.Get[int](noCtx, c, "absent")
	for _, tc := range []struct {
		what string
		err  error
		says string
	}{
		{"empty name", di.Set(c, "", one), "the name is empty"},
		{"control character", di.SetShared(c, "a\nb", one), "control character"},
		{"bad UTF-8", di.SetValue(c, "a\xff", 1), "UTF-8"},
		{"nil factory", di.Set(c, "x", noFactory), "the factory is nil"},
		{"nil value", di.SetValue(c, "x", noReader), "the value is nil"},
		{"eager unshared", di.Set(c, "x", one, di.Eager()), "Eager is for shared services"},
		{"eager value", di.SetValue(c, "x", 1, di.Eager()), "Eager is for shared services"},
		{"empty alias", c.SetAlias("x", ""), "the name is empty"},
		{"alias of nothing", c.SetAlias("", "x"), "the name is empty"},
		{"nil provider", c.Register(nil), "provider 1 is nil"},
		{"nil container", di.Set(noContainer, "x", one), "di.New"},
		{"zero container", di.Set(new(di.Container), "x", one), "di.New"},
		{"get from nil container", getNil, "di.New"},
		{"start of nil container", noContainer.Start(t.Context()), "di.New"},
		{"nil ctx", getNoCtx, "ctx is nil"},
		{"start with nil ctx", c.Start(noCtx), "ctx is nil"},
		{"stop with nil ctx", c.Stop(noCtx), "ctx is nil"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			t.Parallel()
			wantError(t, tc.err, di.ErrInvalid, tc.says)
		})
	}
	if noContainer.Has("one") || len(noContainer.Services()) != 0 {
		t.Error("a nil container has services, want none")
	}
}

func TestAnUnknownNameIsToldWithTheNearestOne(t *testing.T) {
	t.Parallel()
	c := di.New()
	_, err := di.Get[int](t.Context(), c, "session")
	wantError(t, err, di.ErrNotFound, "nothing is registered")

	near := nextLine(t)
	must(t, di.SetValue(c, "session", 1))
	must(t, di.SetValue(c, "database", 1))
	for asked, want := range map[string]string{
		"sesion": "session", "Session": "session", "sessoin": "session", "databse": "database", "mailer": "",
	} {
		_, err := di.Get[int](t.Context(), c, asked)
		wantError(t, err, di.ErrNotFound, fmt.Sprintf("%q", asked))
		if e, _ := errors.AsType[*di.Error](err); e == nil || e.Nearest != want {
			t.Errorf("Get(%q): got %+v, want Nearest %q", asked, e, want)
		}
		if want == "session" {
			wantError(t, err, di.ErrNotFound, `did you mean "session"`, near)
		}
	}
}

func TestAWrongTypeIsToldWithBothTypesAndThePlaceAndBuildsNothing(t *testing.T) {
	t.Parallel()
	c := di.New()
	builds := 0
	where := nextLine(t)
	must(t, di.SetShared(c, "clock", func(context.Context, *di.Container) (*clock, error) {
		builds++
		return &clock{"UTC"}, nil
	}))
	wrong := func() {
		_, err := di.Get[io.Reader](t.Context(), c, "clock")
		wantError(t, err, di.ErrType, "wanted io.Reader", "*di_test.clock", where)
		_, err = di.Get[string](t.Context(), c, "clock")
		wantError(t, err, di.ErrType, "wanted string", "*di_test.clock", where)
		if e, _ := errors.AsType[*di.Error](err); e == nil || e.Wanted != "string" || e.Found != "*di_test.clock" || e.Registered != where {
			t.Errorf("got details %+v, want Wanted string, Found *di_test.clock, Registered %s", e, where)
		}
	}
	wrong()
	if builds != 0 {
		t.Errorf("got %d builds, want 0: a type that cannot fit is refused before anything is built", builds)
	}
	if _, err := di.Get[*clock](t.Context(), c, "clock"); err != nil {
		t.Fatal(err)
	}
	wrong()
}

func TestAServiceIsHadAsWhatItIsAndAsAnyInterfaceItHas(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "in", func(context.Context, *di.Container) (io.Reader, error) { return strings.NewReader("x"), nil }))
	if _, err := di.Get[io.Reader](t.Context(), c, "in"); err != nil {
		t.Errorf("as registered: %v", err)
	}
	if _, err := di.Get[*strings.Reader](t.Context(), c, "in"); err != nil {
		t.Errorf("as what it is: %v", err)
	}
	if _, err := di.Get[io.Seeker](t.Context(), c, "in"); err != nil {
		t.Errorf("as another interface: %v", err)
	}
	_, err := di.Get[io.Writer](t.Context(), c, "in")
	wantError(t, err, di.ErrType, "wanted io.Writer", "*strings.Reader")
}

func TestAnAliasIsTheServiceItLeadsTo(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	must(t, c.SetAlias("clock", "hours"))
	must(t, c.SetAlias("hours", "time"))
	if !c.Has("time") || c.HasShared("time") {
		t.Errorf("got Has %v, HasShared %v; want true, false", c.Has("time"), c.HasShared("time"))
	}
	a, err := di.Get[*clock](t.Context(), c, "time")
	must(t, err)
	b, err := di.Get[*clock](t.Context(), c, "clock")
	must(t, err)
	if a != b || !c.HasShared("time") {
		t.Errorf("got same object %v, HasShared %v; want true, true", a == b, c.HasShared("time"))
	}
	must(t, di.SetShared(c, "clock", giving(&clock{"CET"}), di.Replace()))
	if got, err := di.Get[*clock](t.Context(), c, "time"); err != nil || got.zone != "CET" {
		t.Errorf("after the clock was replaced: got %+v, %v; want the new one", got, err)
	}
}

func TestAnAliasThatLeadsNowhereIsRefusedAndTheNearestNameTold(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	wantError(t, c.SetAlias("clokc", "time"), di.ErrNotFound, `di: alias "clokc"`, `did you mean "clock"`, "time -> clokc")
	if c.Has("time") {
		t.Error("Has of the alias that was refused is true, want false")
	}

	// One that led to a parent's service may lead nowhere later.
	s := scopeOf(t, c)
	must(t, s.SetAlias("clock", "time"))
	must(t, c.Remove("clock"))
	if s.Has("time") {
		t.Error("Has of an alias that leads nowhere is true, want false")
	}
	_, err := di.Get[*clock](t.Context(), s, "time")
	wantError(t, err, di.ErrNotFound, `"clock"`, "time -> clock")
	must(t, s.RemoveAlias("time"))
}

func TestAliasesThatLeadToThemselvesAreRefusedAndNamed(t *testing.T) {
	t.Parallel()
	c := di.New()
	wantError(t, c.SetAlias("a", "a"), di.ErrCycle, "a -> a")
	must(t, di.SetValue(c, "c", 1))
	must(t, c.SetAlias("c", "b"))
	must(t, c.SetAlias("b", "a"))
	wantError(t, c.SetAlias("a", "c", di.Replace()), di.ErrCycle, "c -> a -> b -> c")
	if got, err := di.Get[int](t.Context(), c, "a"); err != nil || got != 1 {
		t.Errorf("after the refused alias: got %v, %v; want 1, nil", got, err)
	}
}

func TestRemoveTakesAServiceAwayWithTheAliasesThatLeadToIt(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"clock", "hours", "time"} {
		c := di.New()
		must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
		must(t, c.SetAlias("clock", "hours"))
		must(t, c.SetAlias("hours", "time"))
		must(t, di.SetValue(c, "other", 1))
		must(t, c.SetAlias("other", "another"))
		must(t, di.SetValue(c, "third", 1))
		must(t, c.Remove(name))
		var left []string
		for _, s := range c.Services() {
			left = append(left, s.Name)
		}
		if got := strings.Join(left, " "); got != "another other third" {
			t.Errorf("after Remove(%q): got %s; want another other third", name, got)
		}
	}
}

func TestRemoveAliasLeavesWhatItLeadsTo(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	must(t, c.SetAlias("clock", "hours"))
	must(t, c.SetAlias("hours", "time"))
	s := scopeOf(t, c)
	wantError(t, s.RemoveAlias("time"), di.ErrInvalid, "remove it there", "registered at di/register_test.go:")
	must(t, c.RemoveAlias("time"))
	if c.Has("time") || !c.Has("hours") || !c.Has("clock") {
		t.Errorf("got Has(time) %v, Has(hours) %v, Has(clock) %v; want false, true, true", c.Has("time"), c.Has("hours"), c.Has("clock"))
	}
	wantError(t, c.RemoveAlias("time"), di.ErrNotFound)
	wantError(t, c.RemoveAlias("clock"), di.ErrInvalid, "it is no alias; use Remove")
	c.Freeze()
	wantError(t, c.RemoveAlias("hours"), di.ErrFrozen)
}

func TestRemoveFreesTheName(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	if _, err := di.Get[*clock](t.Context(), c, "clock"); err != nil {
		t.Fatal(err)
	}
	must(t, c.Remove("clock"))
	_, err := di.Get[*clock](t.Context(), c, "clock")
	wantError(t, err, di.ErrNotFound)
	wantError(t, c.Remove("clock"), di.ErrNotFound)
	must(t, di.SetValue(c, "clock", &clock{"CET"}))
}

func TestThousandsOfNamesComeAndGo(t *testing.T) {
	t.Parallel()
	c := di.New()
	const n = 5000
	for i := range n {
		must(t, di.SetValue(c, fmt.Sprint("n", i), i))
		if i%3 == 0 {
			must(t, c.Remove(fmt.Sprint("n", i)))
		}
	}
	for i := range n {
		name := fmt.Sprint("n", i)
		if got, want := c.Has(name), i%3 != 0; got != want {
			t.Fatalf("Has(%q): got %v, want %v", name, got, want)
		}
		if i%3 == 0 {
			continue
		}
		if got, err := di.Get[int](t.Context(), c, name); err != nil || got != i {
			t.Fatalf("Get(%q): got %d, %v; want %d", name, got, err, i)
		}
	}
	if got, want := len(c.Services()), n-(n+2)/3; got != want {
		t.Errorf("got %d services, want %d", got, want)
	}
}

type clocks struct{ fails error }

func (p clocks) Register(c *di.Container) error {
	if err := di.SetValue(c, "clock", &clock{"UTC"}); err != nil {
		return err
	}
	return p.fails
}

func TestAProviderRegistersItsServicesAndItsErrorNamesIt(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, c.Register(clocks{}))
	if !c.Has("clock") {
		t.Error("the provider's service is missing")
	}
	wantError(t, c.Register(clocks{}), di.ErrExists, "provider di_test.clocks")
	wantError(t, di.New().Register(clocks{fails: io.ErrUnexpectedEOF}), io.ErrUnexpectedEOF, "provider di_test.clocks")
}

var theClock = di.Name[*clock]("clock")

func TestATypedNameSaysNameAndTypeOnce(t *testing.T) {
	t.Parallel()
	c := di.New()
	where := nextLine(t)
	must(t, theClock.SetShared(c, giving(&clock{"UTC"})))
	if got, err := theClock.Get(t.Context(), c); err != nil || got.zone != "UTC" {
		t.Errorf("got %v, %v; want the UTC clock", got, err)
	}
	if got := c.Services()[0].Registered; got != where {
		t.Errorf("registered at %s, want %s", got, where)
	}
	must(t, theClock.Set(c, giving(&clock{"CET"}), di.Replace()))
	must(t, theClock.SetValue(c, &clock{"EET"}, di.Replace()))
	if got, err := theClock.Get(t.Context(), c); err != nil || got.zone != "EET" {
		t.Errorf("got %v, %v; want the EET clock", got, err)
	}
}
