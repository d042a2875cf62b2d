package session

import (
	"errors"
	"slices"
)

// flashName is where Phalcon\Flash\Session keeps its messages.
const flashName = "_flashMessages"

// The types of flash messages that Phalcon knows. Any other word is a type too.
const (
	FlashError   = "error"
	FlashSuccess = "success"
	FlashNotice  = "notice"
	FlashWarning = "warning"
)

// Flash is the visitor's flash messages: put down by one request, shown and removed
// by another, mostly the one after a redirect. They are kept as
// Phalcon\Flash\Session keeps them, one list of texts for each type. A message that
// is added while another request shows others stays.
type Flash struct{ s *Session }

// FlashMessage is one flash message.
type FlashMessage struct {
	Type string // FlashError, FlashSuccess, FlashNotice, FlashWarning, or your own
	Text string // plain text: escape it for where you show it
}

// Flash returns the visitor's flash messages.
func (s *Session) Flash() *Flash { return &Flash{s} }

// Error adds a message of type FlashError; see Add.
func (f *Flash) Error(text string) error { return f.Add(FlashError, text) }

// Success adds a message of type FlashSuccess; see Add.
func (f *Flash) Success(text string) error { return f.Add(FlashSuccess, text) }

// Notice adds a message of type FlashNotice; see Add.
func (f *Flash) Notice(text string) error { return f.Add(FlashNotice, text) }

// Warning adds a message of type FlashWarning; see Add.
func (f *Flash) Warning(text string) error { return f.Add(FlashWarning, text) }

// Add adds a message. Errors are Session.Set's.
func (f *Flash) Add(typ, text string) error {
	bag := f.bag()
	return f.s.change(bag.edit(func(lists Document) error {
		list, err := f.list(lists, typ)
		if err != nil {
			return err
		}
		return lists.Set(typ, append(list, text))
	}))
}

// Messages returns the messages of the given types, or all, and leaves them there:
// type by type, each in the order in which they were added.
func (f *Flash) Messages(types ...string) ([]FlashMessage, error) {
	var all []FlashMessage
	err := f.bag().view(func(lists Document) error {
		for typ := range lists.Names() {
			if len(types) > 0 && !slices.Contains(types, typ) {
				continue
			}
			list, err := f.list(lists, typ)
			if err != nil {
				return err
			}
			for _, text := range list {
				all = append(all, FlashMessage{typ, text})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Take returns the messages of the given types, or all, for showing, and removes
// those and no others. Where none are there nothing is changed. Errors are
// Session.Set's; then nothing is removed, and the messages are returned all the same.
func (f *Flash) Take(types ...string) ([]FlashMessage, error) {
	shown, err := f.Messages(types...)
	if err != nil || len(shown) == 0 {
		return nil, err
	}
	return shown, f.s.change(f.bag().edit(func(lists Document) error {
		for _, m := range shown {
			if err := f.removeFirst(lists, m); err != nil {
				return err
			}
		}
		return nil
	}))
}

// removeFirst removes one message like m, unless somebody else has shown it.
func (f *Flash) removeFirst(lists Document, m FlashMessage) error {
	list, err := f.list(lists, m.Type)
	if err != nil {
		return err
	}
	i := slices.Index(list, m.Text)
	if i < 0 {
		return nil
	}
	if len(list) == 1 {
		lists.Remove(m.Type)
		return nil
	}
	return lists.Set(m.Type, slices.Delete(list, i, i+1))
}

// Clear removes all messages, shown or not. Errors are Session.Set's.
func (f *Flash) Clear() error { return f.bag().Clear() }

func (f *Flash) bag() *Bag { return f.s.Bag(flashName) }

func (f *Flash) list(lists Document, typ string) ([]string, error) {
	var list []string
	if err := lists.Decode(typ, &list); err != nil && !errors.Is(err, ErrNoVariable) {
		return nil, err
	}
	return list, nil
}
