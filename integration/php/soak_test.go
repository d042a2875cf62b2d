//go:build soak

package php_test

import "testing"

func TestSoakTenThousandSessionsThatPHPHasStoredAreReadByGo(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) { fromPHP(t, b, 10_000) })
}

func TestSoakTenThousandSessionsThatGoHasStoredAreReadByPHP(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) { fromGo(t, b, 10_000) })
}
