package diyaml_test

import (
	"context"
	"fmt"

	"gyrfalcon/di"
	"gyrfalcon/di/diyaml"
)

// Where Phalcon has $di->loadFromYaml("services.yaml"), with className and arguments in the file.
func Example() {
	type arguments struct {
		Host string             `yaml:"host"`
		Word diyaml.Ref[string] `yaml:"word"`
	}
	var types diyaml.Types
	err := diyaml.Add(&types, "greeter", func(_ context.Context, a arguments) (string, error) {
		return a.Word.Get() + " from " + a.Host, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	c := di.New()
	_ = di.SetValue(c, "word", "Greetings")
	err = diyaml.Parse(c, "services.yaml", []byte(`
greeter:
  type: greeter
  shared: true
  arguments:
    host: localhost
    word: {service: word}
`), &types)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := di.Get[string](context.Background(), c, "greeter")
	fmt.Println(v, err)

	fmt.Println(diyaml.Parse(c, "more.yaml", []byte("more: {type: greeter, argumnets: {}}"), &types))
	// Output:
	// Greetings from localhost <nil>
	// more.yaml:1:23: more.argumnets: unknown key; did you mean "arguments"? | more: {type: greeter, argumnets: {}}
}
