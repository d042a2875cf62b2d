package app_test

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"testing"
)

func TestWhatIsAddedIsInTheBasket(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "hood")
	s.must("/basket/add", "product", "hood")
	s.must("/basket/add", "product", "bath")
	want := map[string]int{"hood": 2, "bath": 1}
	if got := s.quantities(); !maps.Equal(got, want) {
		t.Errorf("the basket: got %v, want %v", got, want)
	}
	wantText(t, s.get("/basket"), "£110.00")
	wantText(t, s.get("/"), `<span class="count">3<`)
}

func TestRequestsThatAddAtOnceAllWin(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.get("/") // all of them come with one session
	const each = 8
	var wg sync.WaitGroup
	for _, product := range []string{"hood", "lure"} {
		for range each {
			wg.Go(func() { s.send("/basket/add", "product", product) })
		}
	}
	wg.Wait()
	want := map[string]int{"hood": each, "lure": each}
	if got := s.quantities(); !maps.Equal(got, want) {
		t.Errorf("the basket after %d requests at once: got %v, want %v", 2*each, got, want)
	}
}

func TestQuantityIsChangedWithinItsLimits(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "lure")
	for _, c := range []struct {
		entered string
		want    int // in the basket
		says    string
	}{
		{"7", 7, "there are 7 in your basket now"},
		{"99", 99, "there are 99 in your basket now"},
		{"100", 99, "give a number from 0 to 99"},
		{"-1", 99, "give a number from 0 to 99"},
		{"two", 99, "give a number from 0 to 99"},
		{"", 99, "give a number from 0 to 99"},
		{"99999999999999999999", 99, "give a number from 0 to 99"},
		{"0", 0, "taken out of your basket"},
	} {
		s.must("/basket/change", "product", "lure", "quantity", c.entered)
		wantText(t, s.get("/basket"), c.says)
		if got := s.quantities()["lure"]; got != c.want {
			t.Errorf("after the quantity %q: got %d in the basket, want %d", c.entered, got, c.want)
		}
	}
}

func TestAFullBasketTakesNoMoreAndSaysSo(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/change", "product", "bells", "quantity", "99")
	s.get("/")
	s.must("/basket/add", "product", "bells")
	wantText(t, s.get("/"), "99 are in your basket already", `data-type="warning"`)
	if got := s.quantities()["bells"]; got != 99 {
		t.Errorf("got %d in the basket, want 99", got)
	}
}

func TestRemovingTakesOneProductOutAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "lure")
	s.must("/basket/add", "product", "hood")
	s.must("/basket/remove", "product", "lure")
	want := map[string]int{"hood": 1}
	if got := s.quantities(); !maps.Equal(got, want) {
		t.Errorf("the basket: got %v, want %v", got, want)
	}
}

func TestAProductThatIsNotSoldIsRefused(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	for _, path := range []string{"/basket/add", "/basket/change", "/basket/remove"} {
		wantStatus(t, s.send(path, "product", "dragon", "quantity", "1"), http.StatusBadRequest)
	}
	if id := s.id(); id != "" {
		t.Error("a refused form made a session, and must not")
	}
}

func TestVisitsAreCountedForEachVisitor(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	for _, want := range []string{"1st", "2nd", "3rd", "4th"} {
		wantText(t, s.get("/"), "your <strong>"+want+"</strong> visit")
	}
	s.browser = newBrowser(t)
	wantText(t, s.get("/"), "your <strong>1st</strong> visit")
}

func TestVisitsInTensAreCountedInWords(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.get("/")
	for _, c := range []struct {
		visits int
		want   string
	}{{11, "11th"}, {12, "12th"}, {13, "13th"}, {21, "21st"}, {22, "22nd"}, {23, "23rd"}, {111, "111th"}} {
		v, err := s.manager.Load(t.Context(), s.id())
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Set("visits", c.visits-1); err != nil {
			t.Fatal(err)
		}
		if err := v.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantText(t, s.get("/"), "your <strong>"+c.want+"</strong> visit")
	}
}

func TestVisitsAtOnceAreAllCounted(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.get("/")
	const tabs = 12
	var wg sync.WaitGroup
	for range tabs {
		wg.Go(func() { s.get("/") })
	}
	wg.Wait()
	wantText(t, s.get("/"), "your <strong>"+strconv.Itoa(tabs+2)+"th</strong> visit")
}
