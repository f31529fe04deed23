package axonpush_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestADeadServiceIsAnErrorInStrictMode(t *testing.T) {
	client := newClient(t, deadURL(t))
	for name, call := range map[string]func() (*axonpush.Response, error){
		"publish": func() (*axonpush.Response, error) { return client.Events.Publish(background, event(1)) },
		"list":    func() (*axonpush.Response, error) { return client.Events.List(background, "ch", nil) },
		"search":  func() (*axonpush.Response, error) { return client.Events.Search(background, nil) },
		"request": func() (*axonpush.Response, error) {
			return client.Request(background, axonpush.Request{Method: "GET", Path: "/apps"})
		},
	} {
		response, err := call()
		if response != nil || !errors.Is(err, axonpush.ErrConnection) || errors.Is(err, axonpush.ErrServer) {
			t.Errorf("%s: %v, %v", name, response, err)
		}
		var failure *axonpush.Error
		if !errors.As(err, &failure) || !failure.Retryable || failure.HTTPStatus != 0 || failure.RetryAfter >= 0 {
			t.Errorf("%s: %+v", name, failure)
		}
	}
}

func TestADeadServiceIsNothingInFailOpen(t *testing.T) {
	catchLog(t)
	client := newClient(t, deadURL(t), failOpen)
	response, err := client.Events.Publish(background, event(1))
	if response != nil || err != nil {
		t.Errorf("publish: %v, %v", response, err)
	}
	response, err = client.Request(background, axonpush.Request{Method: "GET", Path: "/apps"})
	if response != nil || err != nil {
		t.Errorf("request: %v, %v", response, err)
	}
	for name, call := range map[string]func() (*axonpush.Response, error){
		"list":   func() (*axonpush.Response, error) { return client.Events.List(background, "ch", nil) },
		"search": func() (*axonpush.Response, error) { return client.Events.Search(background, nil) },
	} {
		response, err := call()
		if err != nil || response == nil || len(response.Events()) != 0 || response.HTTPStatus() != 0 {
			t.Errorf("%s: %v, %v", name, response, err)
		}
	}
}

func TestErrorsSayAllThatTheServiceSaid(t *testing.T) {
	s := newServer(t)
	client := s.client()
	s.fault(`{"path":"/event","status":429,"headers":{"Retry-After":"1.5"},
		"body":{"code":"slow_down","message":["too many","events"],"hint":"wait a little","requestId":"r1"}}`)
	_, err := client.Events.Publish(background, event(1))
	var failure *axonpush.Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	if !errors.Is(err, axonpush.ErrRateLimit) || failure.Status != axonpush.ErrRateLimit || failure.HTTPStatus != 429 ||
		failure.Code != "slow_down" || failure.Hint != "wait a little" || failure.RequestID != "r1" ||
		failure.RetryAfter != 1500*time.Millisecond || !failure.Retryable || !strings.Contains(failure.Message, "too many; events") ||
		err.Error() != "axonpush: "+failure.Message {
		t.Errorf("%+v", failure)
	}
}

func TestEachHTTPStatusHasItsError(t *testing.T) {
	s := newServer(t)
	client := s.client()
	for status, want := range map[string]axonpush.Status{
		"400": axonpush.ErrValidation, "401": axonpush.ErrAuthentication, "403": axonpush.ErrForbidden, "404": axonpush.ErrNotFound,
		"408": axonpush.ErrConnection, "409": axonpush.ErrAPI, "302": axonpush.ErrAPI, "422": axonpush.ErrValidation,
		"429": axonpush.ErrRateLimit, "500": axonpush.ErrServer, "503": axonpush.ErrServer,
	} {
		s.fault(`{"path":"/event","status":` + status + `}`)
		if _, err := client.Events.Publish(background, event(1)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", status, err, want)
		}
	}
	s.fault(`{"path":"/event","status":200,"body":"no JSON"}`)
	if _, err := client.Events.Publish(background, event(1)); !errors.Is(err, axonpush.ErrDecode) {
		t.Error(err)
	}
}

func TestStatusesHaveNames(t *testing.T) {
	if got := axonpush.ErrConnection.Error(); got != "AXONPUSH_ERR_CONNECTION" {
		t.Error(got)
	}
	if got := axonpush.OK.String(); got != "AXONPUSH_OK" {
		t.Error(got)
	}
	if got := axonpush.Status(999).String(); got != "AXONPUSH_ERR_UNKNOWN" {
		t.Error(got)
	}
}

func TestTheVersionIsThatOfTheLibrary(t *testing.T) {
	if axonpush.Version != axonpush.LibraryVersion() {
		t.Errorf("this package is %s, the library %s", axonpush.Version, axonpush.LibraryVersion())
	}
}

// Messages name things as Go does.
func TestMessagesHaveNoWordsOfC(t *testing.T) {
	s := newServer(t)
	client := s.client()
	closed := s.client()
	must(t, closed.Close())
	for want, call := range map[string]func() error{
		"Event.Identifier": func() error {
			_, err := client.Events.Publish(background, axonpush.Event{Payload: map[string]int{}})
			return err
		},
		"Event.DedupKey": func() error {
			return client.Events.PublishAsync(background, axonpush.Event{Identifier: "x", Payload: map[string]int{}, DedupKey: "ü"}, nil)
		},
		"Event.Metadata": func() error {
			return client.Events.PublishAsync(background, axonpush.Event{Identifier: "x", Payload: map[string]int{}, Metadata: json.RawMessage("{}\x00")}, nil)
		},
		"query.AttrKey and query.AttrValue": func() error {
			_, err := client.Events.Search(background, &axonpush.EventQuery{AttrKey: "k"})
			return err
		},
		"channelID: it is required": func() error {
			_, err := client.Channels.Get(background, "a", "")
			return err
		},
		"Webhook.URL": func() error {
			_, err := client.Webhooks.Create(background, axonpush.Webhook{ChannelID: "ch"})
			return err
		},
		"Request.Method": func() error {
			_, err := client.Request(background, axonpush.Request{Method: "GE\x00T", Path: "/apps"})
			return err
		},
		"made by New": func() error {
			_, err := closed.Events.Publish(background, event(1))
			return err
		},
		"Options.MaxContentLength": func() error {
			_, err := axonpush.New(axonpush.Options{MaxContentLength: -1})
			return err
		},
		"Options.HTTPVersion": func() error {
			_, err := axonpush.New(axonpush.Options{APIKey: "k", HTTPVersion: 3})
			return err
		},
		"Options.BaseURL": func() error {
			_, err := axonpush.New(axonpush.Options{APIKey: "k", BaseURL: "ftp://x"})
			return err
		},
		"Options.QueueMaxBytes": func() error {
			small := s.client(func(o *axonpush.Options) { o.QueueMaxBytes = 1 })
			return small.Events.PublishAsync(background, event(1), nil)
		},
	} {
		err := call()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
		if word := wordOfC.FindString(fmt.Sprint(err)); word != "" {
			t.Errorf("%v says %q", err, word)
		}
	}
	// What the service says is its own.
	s.fault(`{"path":"/event","status":422,"body":{"message":"channel_id: max_retries is NULL"}}`)
	if _, err := client.Events.Publish(background, event(1)); err == nil || !strings.Contains(err.Error(), "channel_id: max_retries is NULL") {
		t.Error(err)
	}
}

var wordOfC = regexp.MustCompile(`NULL|\baxonpush_\w+|\b[a-z]+_[a-z_]+\b`)
