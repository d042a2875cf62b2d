package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"time"
)

// integer is YAML's decimal, without the leading zero that is octal to some
// readers and decimal to others.
var integer = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)

// scalar decodes a single value. What is quoted in the file is text, and never a
// number or a truth value; what is not quoted is whatever the field wants.
func (d *decoder) scalar(n *node, into reflect.Value) {
	switch {
	case n.kind != scalar:
		d.problems.add(n, "wants a single value, not %v", n.kind)
		return
	case n.null():
		d.problems.add(n, `has no value; give it one (an empty text is ""), or leave the key out`)
		return
	case n.missing != "":
		d.problems.add(n, "%s", n.missing)
		return
	}
	if complaint := setScalar(n, into); complaint != "" {
		d.problems.add(n, "%s %s", n.describe(), complaint)
	}
}

// setScalar returns what is wrong with the value, without the value.
func setScalar(n *node, into reflect.Value) string {
	if into.Type() == durationType {
		return setDuration(n, into)
	}
	if text, ok := reflect.TypeAssert[encoding.TextUnmarshaler](into.Addr()); ok {
		return setText(n, into.Type(), text)
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(n.text)
		return ""
	case reflect.Bool:
		return setBool(n, into)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := into.Type().Bits()
		v, err := strconv.ParseInt(n.text, 10, bits)
		if !n.plain || !integer.MatchString(n.text) || err != nil {
			within := ""
			if bits < 64 || errors.Is(err, strconv.ErrRange) {
				within = fmt.Sprintf(" from %d to %d", int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits))
			}
			return "is not a whole number" + within + unquote(n)
		}
		into.SetInt(v)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		bits := into.Type().Bits()
		v, err := strconv.ParseUint(n.text, 10, bits)
		if !n.plain || !integer.MatchString(n.text) || err != nil {
			return fmt.Sprintf("is not a whole number from 0 to %d%s", uint64(math.MaxUint64)>>(64-bits), unquote(n))
		}
		into.SetUint(v)
	case reflect.Float32, reflect.Float64:
		v, err := strconv.ParseFloat(n.text, into.Type().Bits())
		if !n.plain || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return "is not a number" + unquote(n)
		}
		into.SetFloat(v)
	default:
		return fmt.Sprintf("cannot be decoded into %v", into.Type())
	}
	return ""
}

func unquote(n *node) string {
	if n.plain {
		return ""
	}
	return ": it is quoted, and so a text"
}

func setBool(n *node, into reflect.Value) string {
	switch {
	case n.plain && n.text == "true":
		into.SetBool(true)
	case n.plain && n.text == "false":
		into.SetBool(false)
	default:
		return "is neither true nor false" + unquote(n)
	}
	return ""
}

// setDuration takes what time.ParseDuration takes, and whole seconds, which is
// how PHP's options are written.
func setDuration(n *node, into reflect.Value) string {
	if n.plain && integer.MatchString(n.text) {
		seconds, err := strconv.ParseInt(n.text, 10, 64)
		if most := int64(math.MaxInt64 / time.Second); err != nil || seconds > most || seconds < -most {
			return "is too many seconds"
		}
		into.SetInt(seconds * int64(time.Second))
		return ""
	}
	v, err := time.ParseDuration(n.text)
	if err != nil {
		return "is not a duration, such as 90s, 15m or 1h (a plain number counts seconds)"
	}
	into.SetInt(int64(v))
	return ""
}

// setText lets a type read its own text. Its error may quote the text, also in
// part: it is shown only where the text may be.
func setText(n *node, t reflect.Type, into encoding.TextUnmarshaler) string {
	err := into.UnmarshalText([]byte(n.text))
	switch {
	case err == nil:
		return ""
	case t == sizeType:
		return err.Error()
	case n.secret() || n.expanded():
		return fmt.Sprintf("is not a valid %v", t)
	}
	return "is refused: " + err.Error()
}
