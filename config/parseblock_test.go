package config_test

import (
	"errors"
	"strings"
	"testing"

	"gyrfalcon/config"
)

func parseBlock(t *testing.T, yaml string) config.Block {
	t.Helper()
	b, err := config.ParseBlock("services.yaml", []byte(yaml), env(map[string]string{"ZONE": "CET"}))
	if err != nil {
		t.Fatalf("ParseBlock: got error %v, want none", err)
	}
	return b
}

func TestAFileOfAnyShapeIsReadAsABlock(t *testing.T) {
	t.Parallel()
	var got struct {
		Host string `yaml:"host"`
		Zone string `yaml:"zone"`
	}
	b := parseBlock(t, "host: localhost\nzone: ${ZONE}")
	if err := b.Decode(&got); err != nil || got.Host != "localhost" || got.Zone != "CET" {
		t.Errorf("got %+v, %v; want localhost and the variable's CET", got, err)
	}
	if got, want := b.Place(), "services.yaml"; got != want {
		t.Errorf("Place: got %q, want %q", got, want)
	}
	err := parseBlock(t, "host: ${NOWHERE}").Decode(&got)
	if want := "services.yaml:1:7: host: "; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "NOWHERE") {
		t.Errorf("a variable that is not set: got %v, want %s…NOWHERE", err, want)
	}

	empty := parseBlock(t, "")
	if err := empty.Decode(&got); err != nil {
		t.Errorf("an empty file: got %v, want nil", err)
	}
	if list, err := empty.Blocks(); list != nil || err != nil {
		t.Errorf("the blocks of an empty file: got %v, %v; want none", list, err)
	}
}

func TestAFileThatIsNoYAMLIsNoBlock(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{
		"a: [":       "services.yaml:2:1: not valid YAML",
		"a: 1\na: 2": "services.yaml:2:1: a: duplicate key",
		"a: &x 1":    "services.yaml:1:",
	} {
		_, err := config.ParseBlock("services.yaml", []byte(yaml), env(nil))
		if e, ok := errors.AsType[*config.Error](err); !ok || !strings.Contains(err.Error(), want) || e.File != "services.yaml" {
			t.Errorf("%q: got %v, want a config.Error that says %q", yaml, err, want)
		}
	}
}

func TestABlocksEntriesComeInTheOrderOfTheFileWithTheirPlaces(t *testing.T) {
	t.Parallel()
	list, err := parseBlock(t, "zebra: {host: z}\napple:\n  host: a\nnone:").Blocks()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		var o struct {
			Host string `yaml:"host"`
		}
		if err := e.Block.Decode(&o); err != nil {
			t.Error(err)
		}
		got = append(got, e.Key+" "+e.Block.Place()+" "+o.Host)
	}
	if got, want := strings.Join(got, ", "), "zebra services.yaml:1:1 z, apple services.yaml:2:1 a, none services.yaml:4:1 "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	err = list[1].Block.Errorf("host", "is nowhere")
	if want := "services.yaml:3:9: apple.host: is nowhere | host: a"; err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got, want := list[1].Block.Errorf("port", "is missing").Error(), "services.yaml:2:1: apple.port: is missing | apple:"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsNoMappingHasNoEntries(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]string{"[a, b]": "wants a mapping, not a list", "text": "wants a mapping, not a single value"} {
		if list, err := parseBlock(t, yaml).Blocks(); list != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v; want an error that says %q", yaml, list, err, want)
		}
	}
}

func TestTakeLeavesAPartToAnotherOwner(t *testing.T) {
	t.Parallel()
	b := parseBlock(t, "type: clock\narguments: {zone: UTC}\nshared: true")
	taken, rest := b.Take("arguments")
	var arguments struct {
		Zone string `yaml:"zone"`
	}
	if err := taken.Decode(&arguments); err != nil || arguments.Zone != "UTC" || taken.Place() != "services.yaml:2:1" {
		t.Errorf("taken: got %+v at %s, %v; want UTC at services.yaml:2:1", arguments, taken.Place(), err)
	}
	var own struct {
		Type   string `yaml:"type"`
		Shared bool   `yaml:"shared"`
	}
	if err := rest.Decode(&own); err != nil || own.Type != "clock" || !own.Shared || rest.IsSet("arguments") {
		t.Errorf("rest: got %+v, %v, arguments set %v; want the two others alone", own, err, rest.IsSet("arguments"))
	}
	if err := b.Decode(&own); err == nil || !strings.Contains(err.Error(), "services.yaml:2:1: arguments: unknown key") {
		t.Errorf("the block itself: got %v, want it to have all its keys still", err)
	}

	for name, from := range map[string]config.Block{"a key that is not set": b, "a block that is not there": {}} {
		taken, rest := from.Take("nothing")
		if err := taken.Decode(&arguments); err != nil || taken.IsSet("zone") || rest.IsSet("type") != from.IsSet("type") {
			t.Errorf("%s: got %v, zone set %v; want an empty block, and the rest as it was", name, err, taken.IsSet("zone"))
		}
	}
}

func TestASessionTellsItsPlaceInTheFile(t *testing.T) {
	t.Parallel()
	c := parse(t, "services:\n  admin: {lifetime: 5m}\nsession:\n  adapter: memory\n", nil)
	for want, got := range map[string]string{
		"gyrfalcon.yaml:3:1":           c.Session.Place(),
		"gyrfalcon.yaml:2:3":           c.Services["admin"].Place(),
		"gyrfalcon.yaml":               parse(t, "", nil).Session.Place(),
		"(built-in configuration):1:1": config.Default().Session.Place(),
		"":                             config.Session{}.Place(),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
