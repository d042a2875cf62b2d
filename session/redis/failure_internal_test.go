package redis

import (
	"strings"
	"testing"
)

// answered is an error as a server answers it.
type answered string

func (a answered) Error() string { return string(a) }
func (answered) RedisError()     {}

// Before Redis 7 what fails within a script is told within the script's failure: with a
// hyphen before it where Redis itself has refused the command, and without where the command
// has failed.
func TestWhatFailsWithinAScriptIsKnownOnOldServersToo(t *testing.T) {
	t.Parallel()
	for answer, mend := range map[string]string{
		"WRONGTYPE Operation against a key holding the wrong kind of value":                                                                                                   "choose another",
		"WRONGTYPE Operation against a key holding the wrong kind of value script: f_12, on @user_script:2.":                                                                  "choose another",
		"ERR Error running script (call to f_12): @user_script:2: WRONGTYPE Operation against a key holding the wrong kind of value":                                          "choose another",
		"ERR Error running script (call to f_12): @user_script:2: @user_script: 2: -OOM command not allowed when used memory > 'maxmemory'.":                                  "raise it",
		"ERR Error running script (call to f_12): @user_script:2: @user_script: 2: -READONLY You can't write against a read only replica.":                                    "name its master",
		"ERR Error running script (call to f_12): @user_script:2: @user_script: 2: -NOPERM this user has no permissions to run the 'del' command or its subcommand (or other": "lacks a right",
	} {
		err := (&node{}).failed(t.Context(), answered(answer))
		if !strings.Contains(err.Error(), mend) {
			t.Errorf("%q is told as\n%v\nwant it to say %q", answer, err, mend)
		}
	}
}
