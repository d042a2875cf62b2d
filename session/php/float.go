package php

import (
	"math"
	"strconv"
)

// appendFloat appends f as PHP writes it under serialize_precision=-1, its default
// since 7.1: the shortest digits that read back as f, with an exponent where the
// decimal point would stand more than 3 places before the first digit or more than 17
// behind it (zend_gcvt in main/snprintf.c).
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NAN"...)
	case math.IsInf(f, 1):
		return append(b, "INF"...)
	case math.IsInf(f, -1):
		return append(b, "-INF"...)
	case f == 0:
		if math.Signbit(f) {
			b = append(b, '-')
		}
		return append(b, '0')
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	e := len(text) - 1
	for text[e] != 'e' {
		e--
	}
	exp, _ := strconv.Atoi(string(text[e+1:])) // AppendFloat writes a number there
	if exp >= -4 && exp < 17 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	mantissa := text[:e]
	b = append(b, mantissa...)
	if digits := len(mantissa); digits == 1 || digits == 2 && mantissa[0] == '-' {
		b = append(b, ".0"...)
	}
	b = append(b, 'E')
	if exp > 0 {
		b = append(b, '+')
	}
	return strconv.AppendInt(b, int64(exp), 10)
}

// parseFloat reads what PHP reads behind "d:", in whichever of the ways that PHP
// takes. What is too large is infinite, what is too small 0.
func parseFloat(text []byte) (float64, bool) {
	switch string(text) {
	case "NAN":
		return math.NaN(), true
	case "INF":
		return math.Inf(1), true
	case "-INF":
		return math.Inf(-1), true
	}
	if !floatSyntax(text) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(string(text), 64) // the range is the only error left, and f is then what PHP has
	return f, true
}

// floatSyntax says whether text is a number for PHP: ParseFloat takes more (hex,
// underscores, words).
func floatSyntax(text []byte) bool {
	text = unsigned(text)
	whole := countDigits(text)
	text = text[whole:]
	if len(text) > 0 && text[0] == '.' {
		part := countDigits(text[1:])
		if whole+part == 0 {
			return false
		}
		text = text[1+part:]
	} else if whole == 0 {
		return false
	}
	if len(text) == 0 {
		return true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	text = unsigned(text[1:])
	return len(text) > 0 && countDigits(text) == len(text)
}

func unsigned(text []byte) []byte {
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		return text[1:]
	}
	return text
}

func countDigits(text []byte) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// parseInt reads what PHP reads behind "i:". What does not fit is the nearest that
// does, as in PHP (which warns).
func parseInt(text []byte) (int64, bool) {
	digits := unsigned(text)
	if len(digits) == 0 || countDigits(digits) != len(digits) {
		return 0, false
	}
	n, _ := strconv.ParseInt(string(text), 10, 64) // the range is the only error left
	return n, true
}
