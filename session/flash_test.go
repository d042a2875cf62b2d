package session_test

import (
	"slices"
	"testing"

	"gyrfalcon/session"
)

func TestFlashMessagesAreShownOnceTypeByType(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		f := s.Flash()
		must(t, "Success", f.Success("one"))
		must(t, "Error", f.Error("two"))
		must(t, "Success", f.Success("three"))
		must(t, "Notice", f.Notice("four"))
		must(t, "Warning", f.Warning("five"))
		must(t, "Add", f.Add("mine", "six"))
	})
	v.with(func(s *session.Session) {
		var kept []string
		must(t, "Decode", s.Bag("_flashMessages").Decode("success", &kept))
		if want := []string{"one", "three"}; !slices.Equal(kept, want) {
			t.Errorf("stored as Phalcon does, a list for each type: got %q, want %q", kept, want)
		}
		wantMessages(t, s.Flash().Messages, nil, "success:one", "success:three", "error:two", "notice:four", "warning:five", "mine:six")
		wantMessages(t, s.Flash().Take, []string{"error", "notice"}, "error:two", "notice:four")
		wantMessages(t, s.Flash().Messages, nil, "success:one", "success:three", "warning:five", "mine:six")
	})
	v.with(func(s *session.Session) {
		wantMessages(t, s.Flash().Take, nil, "success:one", "success:three", "warning:five", "mine:six")
		wantMessages(t, s.Flash().Take, nil)
		must(t, "Add", s.Flash().Notice("seven"))
		must(t, "Clear", s.Flash().Clear())
	})
	v.with(func(s *session.Session) {
		wantMessages(t, s.Flash().Messages, nil)
		if names, _ := s.Names(); len(names) != 0 {
			t.Errorf("variables after all was shown: got %q, want none", names)
		}
	})
}

func wantMessages(t *testing.T, read func(types ...string) ([]session.FlashMessage, error), types []string, want ...string) {
	t.Helper()
	messages, err := read(types...)
	var got []string
	for _, m := range messages {
		got = append(got, m.Type+":"+m.Text)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("messages: got %q, %v; want %q", got, err, want)
	}
}
