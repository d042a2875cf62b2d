package config

import (
	"fmt"
	"slices"
	"strings"
)

// Suggest is the end of a message about a name that is not one of valid: it gives
// the nearest one where there is one, else all of them, and nothing if there is none.
func Suggest(name string, valid []string) string {
	if len(valid) == 0 {
		return ""
	}
	if best, ok := nearest(name, valid); ok {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	sorted := slices.Sorted(slices.Values(valid))
	return "; valid here: " + strings.Join(sorted, ", ")
}

// nearest returns the valid name that is fewest slips of the keyboard away from
// name, if it is near enough to be what was meant.
func nearest(name string, valid []string) (string, bool) {
	const longest = 64 // no key is longer, and the time goes with the length
	if len(name) > longest {
		return "", false
	}
	best, least := "", 1+min(3, max(1, len(name)/3))
	for _, v := range valid {
		if d := slips(fold(name), fold(v)); d < least {
			best, least = v, d
		}
	}
	return best, best != ""
}

// fold takes away the differences in which people write one name: maxAge,
// max-age, MAX_AGE.
func fold(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// slips counts the characters to insert, remove, replace or swap with their
// neighbour that lead from a to b (the optimal string alignment distance).
func slips(a, b string) int {
	older, old := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := old[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, old[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old = old, row
	}
	return old[len(b)]
}
