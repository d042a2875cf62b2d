package php_test

import (
	"testing"

	"go.uber.org/goleak"

	"gyrfalcon/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func parsed(t testing.TB, codec session.Codec, payload string) session.Document {
	t.Helper()
	d, err := codec.Parse([]byte(payload))
	if err != nil {
		t.Fatalf("Parse(%q): %v", payload, err)
	}
	return d
}

func wantBytes(t testing.TB, d session.Document, want string) {
	t.Helper()
	got, err := d.Bytes()
	if err != nil || string(got) != want {
		t.Errorf("Bytes: got  %q, error %v\n      want %q", got, err, want)
	}
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// decodeAs decodes one variable.
func decodeAs[T any](t testing.TB, d session.Document, name string) T {
	t.Helper()
	var v T
	if err := d.Decode(name, &v); err != nil {
		t.Errorf("Decode(%q) into %T: %v", name, v, err)
	}
	return v
}
