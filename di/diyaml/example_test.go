package diyaml_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gyrfalcon/config"
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

// Response, Responder and what they are made of: a service of another one and a literal.
type (
	Response  struct{ status int }
	Responder struct {
		response    *Response
		contentType string
	}

	responseArguments struct {
		Status int `yaml:"status"`
	}

	// Phalcon's constructor, setter and properties injection are one here: a struct with a field for each.
	responderArguments struct {
		Response    diyaml.Ref[*Response] `yaml:"response"`
		ContentType string                `yaml:"content_type"`
	}
)

// Where Phalcon's manual has className, shared and arguments of type service and parameter in a file for loadFromYaml.
func ExampleParse() {
	var types diyaml.Types
	_ = diyaml.Add(&types, "response", func(_ context.Context, a responseArguments) (*Response, error) {
		return &Response{a.Status}, nil
	})
	_ = diyaml.Add(&types, "responder", func(_ context.Context, a responderArguments) (*Responder, error) {
		return &Responder{a.Response.Get(), a.ContentType}, nil
	})

	c := di.New()
	err := diyaml.Parse(c, "services.yaml", []byte(`
response:
  type: response
  shared: true
  arguments: {status: 200}

my-responder:
  type: responder
  arguments:
    response: {service: response}
    content_type: application/json

responder: {alias: my-responder}
`), &types)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	a, err := di.Get[*Responder](ctx, c, "my-responder")
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := di.Get[*Responder](ctx, c, "responder")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.contentType, a.response.status)
	fmt.Println("the same responder:", a == b, "the same response:", a.response == b.response)
	// Output:
	// application/json 200
	// the same responder: false the same response: true
}

// Where Phalcon has loadFromYaml("path/services.yaml", ["!approot" => function ($value) { ... }]): a file, and a word in it that the
// program gives its meaning.
func ExampleLoad() {
	dir, err := os.MkdirTemp("", "services")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "services.yaml")
	if err = os.WriteFile(path, []byte("log: {type: file, shared: true, arguments: {path: \"${APPROOT}/log\"}}"), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	type arguments struct {
		Path string `yaml:"path"`
	}
	var types diyaml.Types
	_ = diyaml.Add(&types, "file", func(_ context.Context, a arguments) (string, error) { return a.Path, nil })

	c := di.New()
	approot := config.WithEnv(func(name string) (string, bool) { return "/srv/app", name == "APPROOT" })
	if err = diyaml.Load(c, path, &types, approot); err != nil {
		fmt.Println(err)
		return
	}
	v, err := di.Get[string](context.Background(), c, "log")
	fmt.Println(v, err)
	// Output: /srv/app/log <nil>
}
