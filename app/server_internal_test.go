package app

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestARequestThatDoesNotEndIsCutOff(t *testing.T) {
	t.Parallel()
	begun, cut := make(chan struct{}), make(chan struct{})
	s := newServer("address", "127.0.0.1:0", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		close(cut)
	}), zap.NewNop())
	if err := s.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	answered := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, s.url(), nil)
		if err != nil {
			answered <- err
			return
		}
		resp, err := client.Do(r)
		if err == nil {
			err = resp.Body.Close()
		}
		answered <- err
	}()
	<-begun
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.stop(ended); err == nil || !strings.HasPrefix(err.Error(), "http.address: requests under way did not end in time") {
		t.Errorf("stop: got %v, want an error that tells of the request", err)
	}
	<-cut
	if err := <-answered; err == nil {
		t.Error("the client got an answer, want its connection cut")
	}
}

func TestAServerThatListensEverywhereIsToldByAnAddressThatWorks(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"127.0.0.1:0": "http://127.0.0.1:", "0.0.0.0:0": "http://localhost:", ":0": "http://localhost:"} {
		s := newServer("address", address, http.NotFoundHandler(), zap.NewNop())
		if err := s.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.url(); !strings.HasPrefix(got, want) || strings.HasSuffix(got, ":0") {
			t.Errorf("listening on %s: got %s, want %s and the port", address, got, want)
		}
		if err := s.stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
