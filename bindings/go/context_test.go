package axonpush_test

import (
	"context"
	"testing"
	"time"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestTheEndOfAContextEndsTheCall(t *testing.T) {
	s := newServer(t)
	s.fault(`{"times":0,"silent":true}`)
	client := s.client(hurry)
	calls := map[string]func(context.Context) error{
		"publish": func(ctx context.Context) error { _, err := client.Events.Publish(ctx, event(1)); return err },
		"list":    func(ctx context.Context) error { _, err := client.Events.List(ctx, "ch", nil); return err },
		"search":  func(ctx context.Context) error { _, err := client.Events.Search(ctx, nil); return err },
		"request": func(ctx context.Context) error {
			_, err := client.Request(ctx, axonpush.Request{Method: "GET", Path: "/apps"})
			return err
		},
	}
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
		start := time.Now()
		err := call(ctx)
		cancel()
		if took := time.Since(start); err != context.DeadlineExceeded || took < 50*time.Millisecond || took > 500*time.Millisecond {
			t.Errorf("%s, deadline: %v after %v", name, err, took)
		}
		ctx, cancel = context.WithCancel(background)
		time.AfterFunc(50*time.Millisecond, cancel)
		start = time.Now()
		if err := call(ctx); err != context.Canceled || time.Since(start) > 500*time.Millisecond {
			t.Errorf("%s, cancelled: %v after %v", name, err, time.Since(start))
		}
	}
	// What these left running ends with the client.
	before := len(s.requests())
	ctx, cancel := context.WithCancel(background)
	cancel()
	for name, call := range calls {
		if err := call(ctx); err != context.Canceled {
			t.Errorf("%s, with a dead context: %v", name, err)
		}
	}
	if err := client.Events.PublishAsync(ctx, event(1), nil); err != context.Canceled {
		t.Error(err)
	}
	if err := client.Flush(ctx); err != context.Canceled {
		t.Error(err)
	}
	if n := len(s.requests()); n != before {
		t.Errorf("%d requests with a dead context", n-before)
	}
}

func TestAContextThatDoesNotEndChangesNothing(t *testing.T) {
	s := newServer(t)
	client := s.client()
	ctx, cancel := context.WithTimeout(background, time.Minute)
	defer cancel()
	response, err := client.Events.Publish(ctx, event(1))
	must(t, err)
	if response.EventID() == "" {
		t.Errorf("%s", response.JSON())
	}
}
