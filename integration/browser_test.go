package integration_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// findBrowser returns the path of Chromium or of Chrome.
func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{
		// make deps looks for the same.
		"headless_shell", "headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no browser on the PATH: install the package chromium")
	return ""
}

// openBrowser starts a browser with a profile of its own, and returns a function that
// does things in it.
func openBrowser(t *testing.T) (do func(what string, steps ...chromedp.Action[chromedp.Void])) {
	t.Helper()
	dir, err := programDir()
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findBrowser(t)), // as root, chromedp adds no-sandbox itself
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Env("TMPDIR="+dir), // a browser that is killed leaves its socket there
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
	)
	// It is closed in Cleanup, when t.Context has ended.
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancelAllocator)
	browser, cancelBrowser := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(browser); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
		cancelBrowser()
	})
	// The first steps start the browser, which lives as long as their context.
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	return func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		ctx, cancel := context.WithTimeout(browser, patience)
		defer cancel()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatalf("%s: %v; the page:\n%s", what, err, pageText(browser))
		}
	}
}

// pageText is what a person sees, for a test that failed.
func pageText(browser context.Context) string {
	ctx, cancel := context.WithTimeout(browser, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		return err.Error()
	}
	return text
}

// see fails unless the first element that matches shows the text.
func see(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		got, err := chromedp.Text(chromedp.CSS(selector))(ctx, target)
		if err == nil && !strings.Contains(got, text) {
			err = fmt.Errorf("%s shows %q, want %q in it", selector, got, text)
		}
		return err
	})
}

// loads does the step and waits for the page that it leads to.
func loads(step chromedp.Action[chromedp.Void]) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.WaitEvent(page.LoadEventFired, nil, step)(ctx, target)
		return err
	})
}

// click clicks on what leads to another page.
func click(selector string) chromedp.Action[chromedp.Void] {
	return loads(chromedp.Click(chromedp.CSS(selector)))
}

func enter(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(selector), text)
}

// The promise of the whole thing: the visitor notices nothing but a page that did not
// load for a moment.
func TestTheBasketOutlivesAServerThatIsKilled(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(t *testing.T) string{"on SQLite": onSQLite, "on MariaDB": onMariaDB} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantBasketKept(t, newSiteOn(t, store(t)))
		})
	}
}

// wantBasketKept goes shopping on a site that is killed meanwhile.
func wantBasketKept(t *testing.T, s *site) {
	t.Helper()
	server := s.start(t)
	do := openBrowser(t)

	do("signing in",
		chromedp.Navigate(server.url+"/sign-in"),
		enter("#name", "Ada"), enter("#password", "lure"), click("main form button"),
		see(".flash", "Welcome, Ada."))
	do("filling the basket",
		click("#hood button"), see(".flash", "Hood: one more is in your basket."),
		click("#perch button"), see(".flash", "Bow perch: one more is in your basket."),
		click("nav a[href='/basket']"), see("h1", "Your basket"))
	do("asking for three hoods",
		chromedp.SetValue(chromedp.CSS("#quantity-hood"), "3"), click(".change button"),
		see(".flash", "Hood: there are 3"), see(".total", "£199.00"))

	server.kill(t)
	again := s.start(t)
	if again.url != server.url {
		t.Fatalf("it serves %s now, and served %s before", again.url, server.url)
	}

	do("coming back",
		chromedp.Navigate(server.url+"/basket"),
		see(".total", "£199.00"), see(".visitor .name", "Ada"), see(".count", "4"))
	do("signing out",
		click(".visitor button"), see(".flash", "Your session has ended"),
		click("nav a[href='/basket']"), see("main", "There is nothing in it yet"))
}

func TestTheBrowserFindsNothingAgainstThePolicy(t *testing.T) {
	t.Parallel()
	server := newSite(t).start(t)
	do := openBrowser(t)
	for _, path := range []string{"/", "/basket", "/sign-in", "/session", "/nowhere"} {
		do("loading "+path,
			chromedp.Navigate(server.url+path),
			chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				styled, err := chromedp.Evaluate[bool](`[...document.styleSheets].some(s => s.cssRules.length > 20) && getComputedStyle(document.querySelector(".skip")).position === "absolute"`)(ctx, target)
				if err == nil && !styled {
					t.Errorf("%s: the page has no style", path)
				}
				return err
			}))
	}
}

func TestTheSiteIsUsedByKeyboardAlone(t *testing.T) {
	t.Parallel()
	server := newSite(t).start(t)
	do := openBrowser(t)
	focused := func(selector string) chromedp.Action[chromedp.Void] {
		return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			got, err := chromedp.Evaluate[string](`document.activeElement.outerHTML.slice(0, 80)`)(ctx, target)
			if err != nil {
				return err
			}
			yes, err := chromedp.Evaluate[bool](`document.activeElement.matches("`+selector+`")`)(ctx, target)
			if err == nil && !yes {
				err = fmt.Errorf("the focus is on %s, want it on %s", got, selector)
			}
			return err
		})
	}
	do("skipping to the content",
		chromedp.Navigate(server.url+"/sign-in"),
		chromedp.KeyEvent(kb.Tab), focused(".skip"), chromedp.KeyEvent(kb.Enter), focused("main"))
	do("signing in",
		chromedp.KeyEvent(kb.Tab), focused("#name"), chromedp.KeyEvent("Ada"),
		chromedp.KeyEvent(kb.Tab), focused("#password"), chromedp.KeyEvent("lure"),
		loads(chromedp.KeyEvent(kb.Enter)), see(".flash", "Welcome, Ada."))
	do("buying the first thing in the shop",
		chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter), // past the head of the page again
		chromedp.KeyEvent(kb.Tab), focused("#hood button"),
		loads(chromedp.KeyEvent(kb.Enter)), see(".flash", "Hood: one more is in your basket."))
}

// A page must fit the narrowest phone, and what is to be hit by a thumb be 44 px high
// (WCAG 2.2, 2.5.5).
func TestPagesFitAPhone(t *testing.T) {
	t.Parallel()
	server := newSite(t).start(t)
	do := openBrowser(t)
	do("filling the basket",
		chromedp.EmulateViewport(320, 640),
		chromedp.Navigate(server.url+"/sign-in"),
		enter("#name", strings.Repeat("Wolfeschlegel", 3)), enter("#password", "lure"), click("main form button"), see(".flash", "Welcome"),
		click("#jesses button"), see(".flash", "Anklets and jesses"))
	for _, width := range []int64{320, 390} {
		for _, path := range []string{"/", "/basket", "/sign-in", "/session", "/nowhere"} {
			do("loading "+path,
				chromedp.EmulateViewport(width, 844),
				chromedp.Navigate(server.url+path),
				chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
					wide, err := chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)(ctx, target)
					if err != nil {
						return err
					}
					if wide > width {
						t.Errorf("%s on a phone of %d px: the page is %d px wide", path, width, wide)
					}
					low, err := chromedp.Evaluate[[]string](`[...document.querySelectorAll("button, .button, input:not([type=hidden]), nav a")]
						.filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)`)(ctx, target)
					if len(low) > 0 {
						t.Errorf("%s on a phone of %d px: lower than 44 px: %s", path, width, low)
					}
					return err
				}))
		}
	}
}
