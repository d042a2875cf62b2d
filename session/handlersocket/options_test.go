package handlersocket_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
)

func TestTheZeroOptionsAreComplete(t *testing.T) {
	t.Parallel()
	if err := (handlersocket.Options{}).Validate(); err != nil {
		t.Errorf("Validate of the zero Options = %v, want nil", err)
	}
}

func TestEachOptionThatCannotStandIsNamed(t *testing.T) {
	t.Parallel()
	for option, set := range map[string]func(o *handlersocket.Options){
		"server.port":    func(o *handlersocket.Options) { o.Server.Port = 99999; o.PortWr = 9999 },
		"port_wr":        func(o *handlersocket.Options) { o.PortWr = -1 },
		"server.dbname":  func(o *handlersocket.Options) { o.Server.DBName = "a/b" },
		"server.dbtable": func(o *handlersocket.Options) { o.Server.DBTable = "db.table" },
		"timezone":       func(o *handlersocket.Options) { o.Timezone = "Europe/Kiew" },
		"charset":        func(o *handlersocket.Options) { o.Charset = "ucs2" },
		"pool":           func(o *handlersocket.Options) { o.Pool = -1 },
		"timeout":        func(o *handlersocket.Options) { o.Timeout = -1 },
		"max_lead":       func(o *handlersocket.Options) { o.MaxLead = time.Millisecond },
		"data_bytes":     func(o *handlersocket.Options) { o.DataBytes = -1 },
		"id_chars":       func(o *handlersocket.Options) { o.IDChars = -1 },
	} {
		var o handlersocket.Options
		set(&o)
		err := o.Validate()
		oe, ok := errors.AsType[*session.OptionError](err)
		if !ok || oe.Option != option {
			t.Errorf("%s: %v, want an *OptionError for it", option, err)
		}
		if opening := handlersocket.New(o).Open(t.Context()); opening == nil || !strings.Contains(opening.Error(), oe.Why) {
			t.Errorf("%s: Open = %v, want what Validate says", option, opening)
		}
	}
}
