package mysql_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/sessiontest"
)

// on opens an adapter on a new table, over a handed-in pool, and a pool to look at it.
func on(t *testing.T, srv *servers.SQL, o database.Options, statements ...string) (*database.Adapter, *sql.DB) {
	t.Helper()
	name := makeDatabase(t, srv, "", statements...)
	db, err := handedIn(srv, name)
	if err != nil {
		t.Fatal(err)
	}
	look := srv.Open(t, name)
	look.SetMaxOpenConns(1)
	return openAdapter(t, db, o), look
}

func TestTimesAreWrittenAsPhalcon3WritesThem(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		clock := sessiontest.NewClock(time.Unix(1_800_000_000, 999_000_000))
		a, db := on(t, srv, database.Options{Now: clock.Now}, seedTable)
		check := func(after string, created int64, modified any) {
			t.Helper()
			var c int64
			var m any
			if err := db.QueryRowContext(t.Context(), "SELECT created_at, CAST(modified_at AS SIGNED) FROM session_data WHERE 1 = ?", 1).Scan(&c, &m); err != nil {
				t.Fatal(err)
			}
			if c != created || m != modified {
				t.Errorf("after %s created_at, modified_at are %v, %v; want %v, %v", after, c, m, created, modified)
			}
		}
		r, err := a.Create(t.Context(), "id", []byte("a"), life)
		if err != nil {
			t.Fatal(err)
		}
		check("Create", 1_800_000_000, nil)
		clock.Advance(10 * time.Second)
		if err := a.Touch(t.Context(), "id", life); err != nil {
			t.Fatal(err)
		}
		check("Touch", 1_800_000_000, int64(1_800_000_010))
		clock.Advance(-time.Minute)
		if _, err = a.Swap(t.Context(), "id", r, []byte("c"), life); err != nil {
			t.Fatal(err)
		}
		check("Swap by a clock that was set back", 1_800_000_000, int64(1_800_000_010))
		clock.Advance(time.Minute + life + time.Second)
		if _, err = a.Create(t.Context(), "id", []byte("d"), life); err != nil {
			t.Fatal(err)
		}
		check("Create over an expired one", clock.Now().Unix(), nil)
	})
}

// PHP writes into modified_at what its clock on the wall shows, and leaves created_at to
// the server.
func TestTimesAreWrittenAsPhalcon5WritesThem(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		now := time.Now().Truncate(time.Second)
		clock := sessiontest.NewClock(now)
		kyiv, err := time.LoadLocation("Europe/Kyiv")
		if err != nil {
			t.Fatal(err)
		}
		a, db := on(t, srv, database.Options{Now: clock.Now, Timezone: "Europe/Kyiv"}, phalcon5)
		// As PHP does: on a connection in the server's zone, a text in its own.
		for id, used := range map[string]time.Duration{"living": -1400 * time.Second, "expired": -1460 * time.Second} {
			run(t, db, "INSERT INTO session_data (session_id, data, created_at, modified_at) VALUES ('"+id+"', 'x', '2020-01-01', '"+
				now.Add(used).In(kyiv).Format(time.DateTime)+"')")
		}
		run(t, db, "INSERT INTO session_data (session_id, data) VALUES ('new', 'x')")
		for id, want := range map[string]error{"living": nil, "new": nil, "expired": session.ErrNotFound} {
			r, err := a.Read(t.Context(), id, 1440*time.Second)
			if !errors.Is(err, want) {
				t.Errorf("Read of a session of PHP's, %s: %v, want %v", id, err, want)
			}
			if id == "living" {
				if want := now.Add(41 * time.Second); !r.Expires.Equal(want) {
					t.Errorf("a session that PHP has used 1400 s ago expires at %v, want %v", r.Expires, want)
				}
			}
		}
		// And back: what PHP compares with its own clock.
		if _, err := a.Create(t.Context(), "ours", []byte("x"), life); err != nil {
			t.Fatal(err)
		}
		want := now.In(kyiv).Format(time.DateTime)
		if got := value[string](t, db, "SELECT CAST(COALESCE(modified_at, created_at) AS CHAR) FROM session_data WHERE session_id = 'ours'"); got != want {
			t.Errorf("after Create PHP finds the time %s, want %s", got, want)
		}
		if got := value[int64](t, db, "SELECT UNIX_TIMESTAMP(created_at) FROM session_data WHERE session_id = 'ours'"); got != now.Unix() {
			t.Errorf("created_at is %d, want %d", got, now.Unix())
		}
		clock.Advance(time.Minute)
		if err := a.Touch(t.Context(), "new", life); err != nil {
			t.Fatal(err)
		}
		want = now.Add(time.Minute).In(kyiv).Format(time.DateTime)
		if got := value[string](t, db, "SELECT CAST(modified_at AS CHAR) FROM session_data WHERE session_id = 'new'"); got != want {
			t.Errorf("after Touch PHP finds the time %s, want %s", got, want)
		}
	})
}

// A column that folds case finds A's session for a, which PHP takes for the same.
func TestAnIDNeverFindsAnothersSession(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		a, db := on(t, srv, database.Options{}, seedTable)
		run(t, db, "INSERT INTO session_data VALUES ('SessionOfPHP', 'secret', UNIX_TIMESTAMP(), NULL)")
		for _, id := range []string{"sessionofphp", "SessionOfPHP ", "Séssionofphp"} {
			if r, err := a.Read(t.Context(), id, life); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Read of %q = %q, %v; want ErrNotFound", id, r.Data, err)
			}
			if err := a.Touch(t.Context(), id, life); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Touch of %q = %v, want ErrNotFound", id, err)
			}
			if err := a.Destroy(t.Context(), id); err != nil {
				t.Errorf("Destroy of %q = %v, want nil", id, err)
			}
		}
		if _, err := a.Create(t.Context(), "sessionofphp", nil, life); !errors.Is(err, session.ErrExists) {
			t.Errorf("Create of an ID that the column takes for another = %v, want ErrExists", err)
		}
		if r, err := a.Read(t.Context(), "SessionOfPHP", life); err != nil || string(r.Data) != "secret" {
			t.Errorf("Read of the very ID = %q, %v; want the session", r.Data, err)
		}
		// An expired one gives way to the other, under the new ID.
		run(t, db, "UPDATE session_data SET created_at = 1")
		if _, err := a.Create(t.Context(), "sessionofphp", []byte("new"), life); err != nil {
			t.Errorf("Create over an expired session = %v, want nil", err)
		}
		if r, err := a.Read(t.Context(), "sessionofphp", life); err != nil || string(r.Data) != "new" {
			t.Errorf("Read of what took its place = %q, %v; want the new session", r.Data, err)
		}
	})
}

// A server that is not in strict mode would cut what is too long, and store ? for what it
// has no character for.
func TestWhatTheColumnCannotHoldIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		name := makeDatabase(t, srv, "CHARACTER SET utf8mb3", seedTable)
		db, err := handedIn(srv, name, func(c *mysql.Config) { c.Params = map[string]string{"sql_mode": "''"} })
		if err != nil {
			t.Fatal(err)
		}
		a := openAdapter(t, db, database.Options{})
		r, err := a.Create(t.Context(), "id", []byte("before"), life)
		if err != nil {
			t.Fatal(err)
		}
		for data, part := range map[string]string{
			strings.Repeat("x", 65536): "65536 bytes are too many for column \"data\", which holds 65535",
			"no text: \xff":            "byte 9 is no text in utf8mb4",
			"cheese: \U0001f9c0":       "the character at byte 8 is none that column \"data\" can hold in utf8mb3",
		} {
			_, err := a.Swap(t.Context(), "id", r, []byte(data), life)
			if err == nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), "ALTER TABLE `session_data` MODIFY `data` MEDIUMBLOB") {
				t.Errorf("Swap = %v, want it to say %q, and the mend", err, part)
			}
			if got, want := errors.Is(err, session.ErrTooLarge), len(data) > 65535; got != want {
				t.Errorf("Swap = %v: is ErrTooLarge: %v, want %v", err, got, want)
			}
		}
		if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "before" {
			t.Errorf("Read = %q, %v; want what was stored before", r.Data, err)
		}
		long := strings.Repeat("x", 36)
		if _, err := a.Create(t.Context(), long, nil, life); err == nil || !strings.Contains(err.Error(), "36 characters are too many for column \"session_id\", which holds 35") {
			t.Errorf("Create under a long ID = %v, want it refused with the mend", err)
		}
		if _, err := a.Create(t.Context(), long[:35], nil, life); err != nil {
			t.Errorf("Create under the longest ID = %v, want nil", err)
		}
		if _, err := a.Read(t.Context(), long, life); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Read under a longer ID = %v, want ErrNotFound", err)
		}
	})
}

// The server gives ? for a character that the charset asked for has not, and what is
// read is what a request writes back.
func TestASessionWithCharactersThatTheCharsetLacksIsAnErrorAndStays(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		wide, db := on(t, srv, database.Options{}, vary(seedTable, "text NOT NULL", "text CHARACTER SET utf8mb4 NOT NULL"))
		name := value[string](t, db, "SELECT DATABASE()")
		for _, charset := range []string{"latin1", "utf8mb3"} {
			pool, err := handedIn(srv, name)
			if err != nil {
				t.Fatal(err)
			}
			narrow := openAdapter(t, pool, database.Options{Charset: charset})
			for id, data := range map[string]string{charset + "has": "caf\u00e9?", charset + "lacks": "cheese: \U0001f9c0"} {
				if _, err := wide.Create(t.Context(), id, []byte(data), life); err != nil {
					t.Fatal(err)
				}
			}
			r, err := narrow.Read(t.Context(), charset+"has", life)
			if want := map[string]string{"latin1": "caf\xe9?", "utf8mb3": "caf\u00e9?"}[charset]; err != nil || string(r.Data) != want {
				t.Errorf("%s: Read of what it has = %q, %v; want %q", charset, r.Data, err, want)
			}
			if _, err := narrow.Swap(t.Context(), charset+"has", r, []byte("changed"), life); err != nil {
				t.Errorf("%s: Swap of what it has = %v, want nil", charset, err)
			}
			r, err = narrow.Read(t.Context(), charset+"lacks", life)
			if err == nil || !strings.Contains(err.Error(), "none of "+charset+"; set charset") || r.Data != nil {
				t.Errorf("%s: Read of what it lacks = %q, %v; want an error that names the mend", charset, r.Data, err)
			}
			if r, err := wide.Read(t.Context(), charset+"lacks", life); err != nil || string(r.Data) != "cheese: \U0001f9c0" {
				t.Errorf("what %s could not read is now %q, %v; want it as it was", charset, r.Data, err)
			}
		}
	})
}

func TestAnotherColumnsNamesAreQuotedAndFound(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		a, _ := on(t, srv, database.Options{
			Table: "select `from` \"session\" 'data'; --", ColumnSessionID: "Group", ColumnData: "größe in `bytes`", ColumnCreatedAt: "order \"by\"", ColumnModifiedAt: "{id}",
		}, "CREATE TABLE `select ``from`` \"session\" 'data'; --` (n INT AUTO_INCREMENT, `größe in ``bytes``` LONGTEXT, `{id}` BIGINT, `order \"by\"` INT NOT NULL,"+
			" `group` CHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, note VARCHAR(9) NOT NULL DEFAULT '', UNIQUE KEY (`group`), PRIMARY KEY (n))")
		for range 2 { // each is a row, whose number must not be taken for an answer
			r, err := a.Create(t.Context(), "id", []byte("a"), life)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Create(t.Context(), "id", []byte("a"), life); !errors.Is(err, session.ErrExists) {
				t.Errorf("Create again = %v, want ErrExists", err)
			}
			if _, err := a.Swap(t.Context(), "id", r, []byte("{data}"), life); err != nil {
				t.Error(err)
			}
			if r, err = a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "{data}" {
				t.Errorf("Read = %q, %v; want {data}, nil", r.Data, err)
			}
			if err := a.Destroy(t.Context(), "id"); err != nil {
				t.Error(err)
			}
		}
	})
}

// Where nobody names PHP's zone, PHP's is the server's, and the times are true instants,
// whatever zone a connection is set to.
func TestWithoutATimezoneTimesAreInstants(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		name := makeDatabase(t, srv, "", phalcon5)
		now := time.Now().Truncate(time.Second)
		look := srv.Open(t, name)
		for i, zone := range []string{"+00:00", "+05:30", "-08:00"} {
			db, err := handedIn(srv, name, func(c *mysql.Config) { c.Params = map[string]string{"time_zone": "'" + zone + "'"} })
			if err != nil {
				t.Fatal(err)
			}
			a := openAdapter(t, db, database.Options{Now: func() time.Time { return now }})
			id := strings.Repeat("x", i+1)
			if _, err := a.Create(t.Context(), id, nil, life); err != nil {
				t.Fatal(err)
			}
			got := value[int64](t, look, "SELECT UNIX_TIMESTAMP(modified_at) FROM session_data WHERE session_id = ?", id)
			if got != now.Unix() {
				t.Errorf("on a connection in %s modified_at is %d, want %d", zone, got, now.Unix())
			}
			if r, err := a.Read(t.Context(), "x", life); err != nil || !r.Expires.Equal(now.Add(life+time.Second)) {
				t.Errorf("on a connection in %s the first session expires at %v, %v; want %v", zone, r.Expires, err, now.Add(life+time.Second))
			}
		}
	})
}
