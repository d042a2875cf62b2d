package php_test

import (
	"context"
	"fmt"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/php"
)

// A session that PHP has stored is read, and changed in one place. The object, of a
// class that Go does not know, goes back as it came.
func Example() {
	stored := []byte(`user_id|i:1001;cart|a:2:{i:0;a:2:{s:3:"sku";s:5:"T-100";s:3:"qty";i:2;}` +
		`i:1;a:2:{s:3:"sku";s:3:"M-7";s:3:"qty";i:1;}}acl|O:7:"App\Acl":1:{s:8:"` + "\x00*\x00roles" + `";a:1:{i:0;s:5:"admin";}}`)

	type item struct {
		SKU      string `php:"sku"`
		Quantity int    `php:"qty"`
	}
	doc, err := php.Native().Parse(stored)
	if err != nil {
		fmt.Println(err)
		return
	}
	var cart []item
	if err := doc.Decode("cart", &cart); err != nil {
		fmt.Println(err)
		return
	}
	cart[1].Quantity++
	if err := doc.Set("cart", cart); err != nil {
		fmt.Println(err)
		return
	}
	data, err := doc.Bytes()
	fmt.Printf("%q %v\n", data, err)
	// Output:
	// "user_id|i:1001;cart|a:2:{i:0;a:2:{s:3:\"sku\";s:5:\"T-100\";s:3:\"qty\";i:2;}i:1;a:2:{s:3:\"sku\";s:3:\"M-7\";s:3:\"qty\";i:2;}}acl|O:7:\"App\\Acl\":1:{s:8:\"\x00*\x00roles\";a:1:{i:0;s:5:\"admin\";}}" <nil>
}

// An object of a class that Go does not know, with what is private to it.
func ExampleObject() {
	doc, err := php.Native().Parse([]byte("user|O:8:\"App\\User\":2:{s:4:\"name\";s:3:\"Ann\";s:14:\"\x00App\\User\x00hash\";s:4:\"x1y2\";}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	var user *php.Object
	if err := doc.Decode("user", &user); err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range user.Props {
		name, visibility, class := php.Property(fmt.Sprint(p.Key))
		fmt.Printf("%s %v %q\n", name, visibility == php.Private, class)
	}
	user.Set("hash", "z3")
	hash, _ := user.Get("hash")
	fmt.Println(user.Class, hash)
	// Output:
	// name false ""
	// hash true "App\\User"
	// App\User z3
}

// A page that has moved to Go, for a visitor whom PHP has signed in.
func Example_besidePHP() {
	ctx := context.Background()
	const id = "0123456789abcdef0123456789abcdef" // what the cookie PHPSESSID brings
	store := memory.New(memory.Options{})         // in its place stands what PHP keeps its sessions in
	if _, err := store.Create(ctx, id, []byte(`user|s:3:"Ann";basket|a:1:{s:4:"hood";i:2;}`), time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	m := session.New(store, session.Options{Interop: session.PHP, Codec: php.Native()})
	if err := m.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = m.Stop(ctx) }()

	s, err := m.Load(ctx, id) // in a handler: m.From(r.Context())
	if err != nil {
		fmt.Println(err)
		return
	}
	user, ok, err := session.Lookup[string](s, "user")
	fmt.Println(user, ok, err)

	basket := s.Bag("basket") // new Bag('basket')
	hoods, err := session.Update(basket, "hood", func(n int) int { return n + 1 })
	fmt.Println(hoods, err)
	// Output:
	// Ann true <nil>
	// 3 <nil>
}
