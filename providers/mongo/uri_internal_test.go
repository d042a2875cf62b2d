package mongo

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// Whatever the scheme, and before anybody is asked where the hosts of mongodb+srv are.
func TestAConnectionStringsConcernIsTheSessions(t *testing.T) {
	t.Parallel()
	yes := true
	for query, want := range map[string]*writeconcern.WriteConcern{
		"":                                    nil,
		"?retryWrites=true":                   nil,
		"?w=3":                                {W: 3},
		"?W=majority":                         {W: "majority"},
		"?w=two%20sites":                      {W: "two sites"},
		"?journal=true":                       {Journal: &yes},
		"?tls=true&w=0":                       {W: 0},
		"?srvServiceName=m&w=2&srvMaxHosts=1": {W: 2},
	} {
		for _, scheme := range []string{"mongodb", "mongodb+srv"} {
			uri := scheme + "://hugo:hunter2@c.example.com/admin" + query
			if scheme == "mongodb" && strings.Contains(query, "srv") {
				continue // there is no such option
			}
			c, err := parse(uri)
			if err != nil {
				t.Errorf("%s: %v, want nil", uri, err)
				continue
			}
			got := c.concern
			if (got == nil) != (want == nil) || got != nil && (got.W != want.W || (got.Journal == nil) != (want.Journal == nil) || got.Journal != nil && *got.Journal != *want.Journal) {
				t.Errorf("%s: the concern is %+v, want %+v", uri, got, want)
			}
		}
	}
}
