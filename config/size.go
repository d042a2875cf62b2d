package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. In YAML it is a whole number, by itself or with one
// of the units B, KiB, MiB and GiB (powers of 1024), as in 64KiB.
type Size int64

// sizeUnits are the units of a Size, the largest first.
var sizeUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// errSize never quotes the text: it may come from the environment.
var errSize = errors.New("is not a size, such as 65536, 64KiB or 1MiB")

// UnmarshalText reads a size. Its error does not quote the text.
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := string(text), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = strings.TrimSuffix(rest, " "), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil || n > math.MaxInt64/uint64(factor) {
		return errSize
	}
	*s = Size(n) * Size(factor)
	return nil
}

// String returns the size with the largest unit that divides it: "64KiB".
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0B"
}
