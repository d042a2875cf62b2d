package app_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

func TestSigningInGivesANewIDAndKeepsTheBasket(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "perch")
	before := s.id()
	s.signIn("Ada")
	if after := s.id(); after == "" || after == before {
		t.Errorf("the session has the same ID after signing in as before, or none; it must have a new one")
	}
	wantText(t, s.get("/"), "Welcome, Ada.", "Sign out")
	if got := s.quantities()["perch"]; got != 1 {
		t.Errorf("in the basket after signing in: got %d perches, want 1", got)
	}
}

func TestSigningInIsRefusedAtTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ name, password, says string }{
		"wrong password":   {"Ada", "falcon", "That is not the password."},
		"no password":      {"Ada", "", "That is not the password."},
		"no name":          {"", "lure", "Please give a name"},
		"blank name":       {"  \t ", "lure", "Please give a name"},
		"long name":        {strings.Repeat("ä", 41), "lure", "at most 40 characters"},
		"control in name":  {"A\x00da", "lure", "letters, digits and spaces"},
		"newline in name":  {"A\nda", "lure", "letters, digits and spaces"},
		"name not in UTF8": {"A\xff", "lure", "letters, digits and spaces"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			a := s.send("/sign-in", "name", c.name, "password", c.password)
			wantStatus(t, a, http.StatusUnprocessableEntity)
			wantText(t, a.body, c.says, `aria-invalid="true"`, "autofocus")
			wantNoText(t, s.get("/"), "Sign out")
		})
	}
}

func TestTheNameThatWasEnteredIsStillThereAfterARefusal(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	a := s.send("/sign-in", "name", "Grace", "password", "wrong")
	wantText(t, a.body, `value="Grace"`)
	wantNoText(t, a.body, `value="wrong"`)
}

func TestTheLongestNameIsTaken(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	name := strings.Repeat("ä", 40)
	s.signIn(name)
	wantText(t, s.get("/"), name)
}

func TestANameIsTextAndNeverMarkup(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.signIn(`<script>alert("x")</script>`)
	for _, path := range []string{"/", "/basket", "/session", "/sign-in"} {
		page := s.get(path)
		wantNoText(t, page, "<script")
		wantText(t, page, "&lt;script&gt;")
	}
}

func TestSigningOutForgetsEverything(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.signIn("Ada")
	s.must("/basket/add", "product", "hood")
	old := s.id()
	s.must("/sign-out")
	if now := s.id(); now == old {
		t.Error("the browser still holds the ID of the session that has ended")
	}
	page := s.get("/")
	wantText(t, page, "Your session has ended", "Sign in", "your <strong>1st</strong> visit")
	wantNoText(t, page, "Sign out", "Ada")
	if got := s.quantities(); len(got) != 0 {
		t.Errorf("the basket after signing out: got %v, want it empty", got)
	}
	if _, err := s.manager.Load(t.Context(), old); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the store's answer for the session that has ended: got %v, want ErrNotFound", err)
	}
}

func TestAFlashMessageIsShownOnce(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "hood")
	const message = "Hood: one more is in your basket."
	wantText(t, s.get("/"), message, `role="status"`)
	wantNoText(t, s.get("/"), message)
}

func TestAHeadRequestUsesUpNoMessageAndCountsNoVisit(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "hood")
	for _, path := range []string{"/", "/basket", "/session", "/sign-in"} {
		a := s.do(http.MethodHead, path, nil)
		wantStatus(t, a, http.StatusOK)
		if a.body != "" || a.ContentLength <= 0 {
			t.Errorf("HEAD %s: got a body of %d bytes and Content-Length %d, want none and the page's length", path, len(a.body), a.ContentLength)
		}
	}
	wantText(t, s.get("/"), "Hood: one more is in your basket.", "your <strong>1st</strong> visit")
}

func TestTheSessionPageTellsAllButTheID(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	page := s.get("/session")
	wantText(t, page, "Nothing is stored for you yet", "Idle limit", "1 hour", "database")
	if s.id() != "" {
		t.Error("looking at the page made a session, and must not")
	}
	s.signIn("Ada")
	page = s.get("/session")
	v, err := s.manager.Load(t.Context(), s.id())
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, page, v.Handle(), "visitor", "the name you signed in with", "SameSite=Lax", "Ends, unless used before")
	wantNoText(t, page, s.id(), "_gyrfalcon")
}

func TestLimitsAreToldInTheirTwoLargestUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		life time.Duration
		want string
	}{
		{time.Second, "1 second"},
		{59 * time.Second, "59 seconds"},
		{61 * time.Second, "1 minute 1 second"},
		{90 * time.Minute, "1 hour 30 minutes"},
		{time.Hour + 5*time.Second, "1 hour"},
		{14*24*time.Hour + time.Hour, "14 days 1 hour"},
		{25*time.Hour + 10*time.Minute, "1 day 1 hour"},
	} {
		s := openShopWith(t, session.Options{Lifetime: c.life, MaxAge: c.life})
		page := s.get("/session")
		wantText(t, page, "<dd>"+c.want+" <span", "<dd>"+c.want+"</dd>")
	}
}

func TestANewIDIsGivenOnDemandAndTheRestStays(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.signIn("Ada")
	before := s.id()
	s.must("/session/new-id")
	if s.id() == before {
		t.Error("the session has the same ID as before")
	}
	wantText(t, s.get("/session"), "Your session has a new ID", "Ada")
}

func TestAnIDThatWasReplacedStillReadsForAWhileAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "hood")
	old := s.id()
	s.signIn("Ada")
	late := &shop{t: t, url: s.url, browser: &http.Client{Transport: s.browser.Transport, CheckRedirect: s.browser.CheckRedirect}}
	a := late.do(http.MethodGet, "/basket", nil, "Cookie", "session="+old)
	wantStatus(t, a, http.StatusOK)
	wantText(t, a.body, "quantity-hood")
	wantNoText(t, a.body, "Ada")
	a = late.do(http.MethodGet, "/", nil, "Cookie", "session="+old)
	wantStatus(t, a, http.StatusOK)
	a = late.do(http.MethodPost, "/basket/add", strings.NewReader("product=lure"), "Cookie", "session="+old,
		"Content-Type", "application/x-www-form-urlencoded")
	wantStatus(t, a, http.StatusConflict)
	if got := s.quantities(); got["lure"] != 0 || got["hood"] != 1 {
		t.Errorf("the basket: got %v, want one hood and no lure", got)
	}
}
