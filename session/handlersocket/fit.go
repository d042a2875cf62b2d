package handlersocket

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"gyrfalcon/session"
)

// Schema creates a table that suits the adapter best, with %s for its name: swaps find
// no two alike within a microsecond, IDs are compared as they are, and any bytes can be
// stored. PHP reads and writes it as it does Phalcon's own.
const Schema = "CREATE TABLE `%s` (" +
	"`id` VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, " +
	"`modified` DATETIME(6) NOT NULL, " +
	"`data` MEDIUMBLOB, " +
	"PRIMARY KEY (`id`), KEY `modified` (`modified`)) ENGINE=InnoDB"

// limits is what the table's columns can hold.
type limits struct {
	idChars   int
	dataBytes int
	charset   string
}

// charsets says of each character set which text it holds.
var charsets = map[string]func(data []byte) bool{
	"utf8mb4": utf8.Valid,
	"utf8mb3": threeBytes,
	"utf8":    threeBytes,
	"ascii":   ascii,
	"latin1":  anything, // MariaDB's has a character for every byte
	"binary":  anything,
}

func anything([]byte) bool { return true }

// threeBytes is for UTF-8 without what lies beyond U+FFFF.
func threeBytes(data []byte) bool {
	for _, b := range data {
		if b >= 0xf0 {
			return false
		}
	}
	return utf8.Valid(data)
}

func ascii(data []byte) bool {
	for _, b := range data {
		if b >= 0x80 {
			return false
		}
	}
	return true
}

// holdsID says whether the column can hold an ID: a session under any other cannot be,
// for the plugin would cut it and store it under what is left.
func (l limits) holdsID(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return id != "" && len(id) <= l.idChars
}

// refuseID is why holdsID is false.
func (l limits) refuseID(id string) error {
	if len(id) > l.idChars {
		return fmt.Errorf("session/handlersocket: the ID has %d characters and the column id holds %d; widen the column and set id_chars, or have IDs shortened (PHP's session.sid_length)", len(id), l.idChars)
	}
	return errors.New("session/handlersocket: an ID must be of printable ASCII characters; the plugin would store another one")
}

// refuseData says why data cannot be stored as it is, or returns nil.
func (l limits) refuseData(data []byte) error {
	if len(data) > l.dataBytes {
		return fmt.Errorf("session/handlersocket: the session has %d bytes and the column data holds %d. Keep less in it, lower max_data, or make the column MEDIUMBLOB and set data_bytes: %w", len(data), l.dataBytes, session.ErrTooLarge)
	}
	if !charsets[l.charset](data) {
		return fmt.Errorf("session/handlersocket: the session holds what the column data, which is %s, cannot store, such as an emoji in utf8mb3 or bytes that are no text; nothing was stored. Make the column MEDIUMBLOB and set charset: binary", l.charset)
	}
	return nil
}

// lookUp asks the server over SQL what the table is and holds.
func lookUp(ctx context.Context, db *sql.DB, s Server) (l limits, digits int, err error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name, data_type, COALESCE(character_maximum_length, 0), COALESCE(character_octet_length, 0), COALESCE(character_set_name, ''), COALESCE(datetime_precision, 0) "+
		"FROM information_schema.columns WHERE table_schema = ? AND table_name = ?", s.DBName, s.DBTable)
	if err != nil {
		return l, 0, fmt.Errorf("look up the table over SQL: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	seen := 0
	for rows.Next() {
		var name, kind, charset string
		var chars, octets int64
		var precision int
		if err := rows.Scan(&name, &kind, &chars, &octets, &charset, &precision); err != nil {
			return l, 0, fmt.Errorf("look up the table over SQL: %w", err)
		}
		if charset == "" {
			charset = "binary"
		}
		switch strings.ToLower(name) {
		case "id":
			l.idChars = int(chars)
		case "modified":
			if digits = precision; !strings.EqualFold(kind, "datetime") {
				return l, 0, fmt.Errorf("the column modified of %s is %s; make it DATETIME(6)", s.DBTable, strings.ToUpper(kind))
			}
		case "data":
			l.dataBytes, l.charset = int(min(octets, 1<<30)), strings.ToLower(charset)
			if _, ok := charsets[l.charset]; !ok {
				return l, 0, fmt.Errorf("the column data of %s has the character set %s, which is not checked here; make it MEDIUMBLOB", s.DBTable, l.charset)
			}
		default:
			continue
		}
		seen++
	}
	if err := rows.Err(); err != nil {
		return l, 0, fmt.Errorf("look up the table over SQL: %w", err)
	}
	if seen != 3 {
		return l, 0, fmt.Errorf("`%s`.`%s` is no table with the columns id, modified and data; create it: "+Schema, s.DBName, s.DBTable, s.DBTable)
	}
	return l, digits, nil
}
