package mysql_test

import (
	"os/exec"
	"strings"
	"testing"
)

func TestAnApplicationLinksTheDriverOfItsDatabaseAlone(t *testing.T) {
	t.Parallel()
	const mysql, sqlite = "github.com/go-sql-driver/mysql", "modernc.org/sqlite"
	for pkg, none := range map[string][]string{
		"gyrfalcon/session/database":        {mysql, sqlite},
		"gyrfalcon/session/database/mysql":  {sqlite},
		"gyrfalcon/session/database/sqlite": {mysql},
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		for _, driver := range none {
			if strings.Contains("\n"+string(out), "\n"+driver+"\n") {
				t.Errorf("%s links %s, want it not to", pkg, driver)
			}
		}
	}
}
