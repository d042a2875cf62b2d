package secondprocess_test

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"gyrfalcon/internal/secondprocess"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const variable = "SECONDPROCESS_TEST"

func TestASecondProcessServesAndEndsWithTheTest(t *testing.T) {
	t.Parallel()
	t.Run("in a subtest, with spaces", func(t *testing.T) {
		t.Parallel()
		if text, second := os.LookupEnv(variable); second {
			secondprocess.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, text+" "+strconv.Itoa(os.Getpid()))
			}))
			return
		}
		url := secondprocess.Start(t, t.Name(), variable, "hello from")
		client := &http.Client{Transport: &http.Transport{}}
		t.Cleanup(client.CloseIdleConnections)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		const want = "hello from "
		if got := string(text); len(got) <= len(want) || got[:len(want)] != want || got[len(want):] == strconv.Itoa(os.Getpid()) {
			t.Errorf("the second process (this one is %d) answered %q, want %q and another process's number", os.Getpid(), got, want)
		}
	})
}
