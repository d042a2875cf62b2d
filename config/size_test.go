package config_test

import (
	"testing"

	"gyrfalcon/config"
)

func TestSizeIsReadAndWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		size config.Size
		text string
	}{
		"0": {0, "0B"}, "1": {1, "1B"}, "1023B": {1023, "1023B"}, "65536": {64 << 10, "64KiB"}, "64KiB": {64 << 10, "64KiB"},
		"64 KiB": {64 << 10, "64KiB"}, "1MiB": {1 << 20, "1MiB"}, "1536KiB": {1536 << 10, "1536KiB"}, "2GiB": {2 << 30, "2GiB"},
		"9223372036854775807": {1<<63 - 1, "9223372036854775807B"},
	} {
		var got config.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want.size || got.String() != want.text {
			t.Errorf("%q: got %d (%v), %v; want %d (%s)", text, got, got, err, want.size, want.text)
		}
	}
}

func TestTextsThatAreNoSizeAreRefusedUnquoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "B", "KiB", "-1", "+1", "1.5MiB", "1KB", "1kib", "1  KiB", " 1", "0x10", "9223372036854775808", "8589934592GiB"} {
		got := config.Size(7)
		err := got.UnmarshalText([]byte(text))
		if err == nil || err.Error() != "is not a size, such as 65536, 64KiB or 1MiB" || got != 7 {
			t.Errorf("%q: got %d, error %v; want 7 unchanged and the error", text, got, err)
		}
	}
}
