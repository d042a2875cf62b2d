package mysql_test

import (
	"fmt"

	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/mysql"
)

// Sessions in the table session_data of the database test: what Phalcon's
// documentation shows, without its root.
func Example() {
	db, err := mysql.Open(mysql.Options{
		Host:     "localhost",
		Username: "shop",
		Password: "secret",
		DBName:   "test",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := session.New(database.New(db, database.Options{OwnDB: true}), session.Options{})
	_ = m // m.Start connects, and looks at the table
	fmt.Println(db.Close())
	// Output: <nil>
}
